//! What a number needs of the data: known before there are any scores, and asked again where they are.

use super::{EvalError, Far, parts};

/// How many pairs there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kinds {
    /// Pairs of one person.
    pub genuine: u64,
    /// Pairs of two people.
    pub impostor: u64,
}

impl Kinds {
    /// Both kinds are there.
    fn both(self, place: impl FnOnce() -> String) -> Result<(), EvalError> {
        let Kinds { genuine: n_genuine, impostor: n_impostor } = self;
        if n_genuine > 0 && n_impostor > 0 { Ok(()) } else { Err(EvalError::OneSided { place: place(), n_genuine, n_impostor }) }
    }
}

/// What a protocol judges, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// Pairs in folds, by the folds' numbers.
    Folds(Vec<(u32, Kinds)>),
    /// Pairs without folds.
    Pairs(Kinds),
    /// Probes that look for their people.
    Search {
        /// Probes with a mate in the gallery.
        mated: u64,
        /// Probes without one.
        strangers: u64,
        /// People in the gallery.
        people: u64,
    },
}

impl Counted {
    /// All pairs by kind; of a search each probe with its own person, and each stranger.
    fn kinds(&self) -> Kinds {
        match self {
            Counted::Folds(folds) => folds
                .iter()
                .fold(Kinds::default(), |sum, (_, it)| Kinds { genuine: sum.genuine + it.genuine, impostor: sum.impostor + it.impostor }),
            Counted::Pairs(kinds) => *kinds,
            Counted::Search { mated, strangers, .. } => Kinds { genuine: *mated, impostor: *strangers },
        }
    }

    /// Both kinds of pairs.
    ///
    /// # Errors
    /// One of them is missing.
    pub fn both_kinds(&self) -> Result<(), EvalError> {
        self.kinds().both(|| "all pairs".to_owned())
    }

    /// A threshold over all pairs at a false accept rate.
    ///
    /// # Errors
    /// One kind is missing, or there are fewer impostors than the rate needs.
    pub fn rate(&self, far: Far) -> Result<(), EvalError> {
        self.both_kinds()?;
        far.supported_by(self.kinds().impostor, "pairs")
    }

    /// A threshold for each fold that is learnt on the others: of one kind alone it would accept all pairs, or none.
    ///
    /// # Errors
    /// No folds or one; a fold whose others have pairs of one kind.
    pub fn accuracy(&self) -> Result<(), EvalError> {
        self.each_fold(|fold, _, others| others.both(|| format!("the folds beside fold {fold}")))
    }

    /// A threshold at a false accept rate for each fold that is learnt on the others.
    ///
    /// # Errors
    /// No folds or one; a fold, or all others, without one kind; fewer impostors in the others than the rate needs.
    pub fn rate_by_fold(&self, far: Far) -> Result<(), EvalError> {
        self.each_fold(|fold, own, others| {
            own.both(|| format!("fold {fold}"))?;
            others.both(|| format!("the folds beside fold {fold}"))?;
            far.supported_by(others.impostor, "pairs")
        })
    }

    fn each_fold(&self, asks: impl Fn(u32, Kinds, Kinds) -> Result<(), EvalError>) -> Result<(), EvalError> {
        let Counted::Folds(folds) = self else { return Err(EvalError::NoFolds) };
        self.both_kinds()?;
        if folds.len() < 2 {
            return Err(EvalError::TooFewFolds { found: folds.len() });
        }
        let all = self.kinds();
        folds.iter().try_for_each(|(fold, own)| {
            asks(*fold, *own, Kinds { genuine: all.genuine - own.genuine, impostor: all.impostor - own.impostor })
        })
    }

    /// What is left of pairs in folds without each of them; many folds are left out in groups.
    pub fn without_each(&self) -> Vec<Counted> {
        let Counted::Folds(folds) = self else { return Vec::new() };
        let groups = parts::groups(folds.len());
        let rest = |left_out| folds.iter().zip(&groups).filter(move |(_, group)| **group != left_out).map(|(fold, _)| *fold).collect();
        groups.last().map_or_else(Vec::new, |last| (0..=*last).map(|left_out| Counted::Folds(rest(left_out))).collect())
    }

    /// Probes whose people are in the gallery.
    ///
    /// # Errors
    /// There are none, or nothing is searched.
    pub fn mates(&self) -> Result<(), EvalError> {
        match self {
            Counted::Search { mated: 1.., .. } => Ok(()),
            Counted::Search { mated: 0, strangers, .. } => Err(EvalError::NoMates { probes: *strangers as usize }),
            Counted::Folds(..) | Counted::Pairs(_) => Err(EvalError::NoMates { probes: 0 }),
        }
    }

    /// A threshold that so many strangers exceed.
    ///
    /// # Errors
    /// No mates, or fewer strangers than the rate needs.
    pub fn strangers(&self, fpir: Far) -> Result<(), EvalError> {
        self.mates()?;
        fpir.supported_by(self.kinds().impostor, "probes")
    }

    /// A threshold over all scores of probes with other people of the gallery, which so many a probe exceed.
    ///
    /// # Errors
    /// No mates, fewer than the rate needs, or nobody else in the gallery.
    pub fn others(&self, far: Far) -> Result<(), EvalError> {
        self.mates()?;
        far.supported_by_probes(self.kinds().genuine)?;
        match self {
            Counted::Search { people: 2.., .. } => Ok(()),
            _ => Err(EvalError::OnePerson), // pairs have no mates
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folds(kinds: &[(u64, u64)]) -> Counted {
        let of = |(at, (genuine, impostor)): (usize, &(u64, u64))| (at as u32, Kinds { genuine: *genuine, impostor: *impostor });
        Counted::Folds(kinds.iter().enumerate().map(of).collect())
    }

    #[test]
    fn what_each_number_needs() {
        let far = |rate| Far::new(rate).unwrap();
        let good = folds(&[(10, 10), (10, 10)]);
        assert!(good.accuracy().is_ok() && good.rate(far(0.05)).is_ok() && good.rate_by_fold(far(0.1)).is_ok());
        assert!(matches!(good.rate(far(0.01)), Err(EvalError::FarNotSupported { n_impostor: 20, needed: 100, .. })));
        assert!(matches!(good.rate_by_fold(far(0.05)), Err(EvalError::FarNotSupported { n_impostor: 10, needed: 20, .. })));
        assert_eq!(folds(&[(10, 10)]).accuracy(), Err(EvalError::TooFewFolds { found: 1 }));
        assert_eq!(Counted::Pairs(Kinds { genuine: 4, impostor: 4 }).accuracy(), Err(EvalError::NoFolds));
        let uneven = [(10, 0), (0, 10)];
        for one_sided in [&uneven[..], &[(4, 0), (4, 0), (4, 0), (4, 0), (0, 40)], &[(0, 3), (9, 3)]] {
            assert!(matches!(folds(one_sided).accuracy(), Err(EvalError::OneSided { .. })), "{one_sided:?}");
        }
        assert!(matches!(folds(&uneven).rate_by_fold(far(0.1)), Err(EvalError::OneSided { .. })));
        assert!(matches!(folds(&[(3, 0), (3, 0)]).both_kinds(), Err(EvalError::OneSided { n_genuine: 6, n_impostor: 0, .. })));
        let rest = folds(&[(3, 1), (0, 2), (0, 5)]).without_each();
        assert_eq!(rest.iter().map(|it| it.both_kinds().is_ok()).collect::<Vec<_>>(), [false, true, true]);
        assert!(Counted::Pairs(Kinds { genuine: 1, impostor: 1 }).without_each().is_empty());
        let open = Counted::Search { mated: 3, strangers: 10, people: 2 };
        assert!(open.others(far(0.5)).is_ok() && open.others(far(0.1)).is_err());
        let alone = Counted::Search { mated: 3, strangers: 0, people: 1 };
        assert_eq!(alone.others(far(1.0)), Err(EvalError::OnePerson));
        assert!(open.mates().is_ok() && open.strangers(far(0.1)).is_ok() && open.strangers(far(0.05)).is_err());
        assert_eq!(Counted::Search { mated: 0, strangers: 4, people: 2 }.mates(), Err(EvalError::NoMates { probes: 4 }));
    }
}
