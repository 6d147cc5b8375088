//! Which tensors of a checkpoint are a network's: names are mapped, and every tensor is accounted for. Nothing here has numbers: shapes
//! decide.

use super::backbone::HEADS;
use super::{Backbone, NameMap, NetError, Network, NotAPattern, Spec};
use crate::tensors::{Described, Dictionary};
use indexmap::IndexMap;
use std::collections::BTreeMap;
use std::fmt;

/// What a tensor is beside its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// Its sides.
    pub sides: Vec<i64>,
    /// Whether its numbers have fractions.
    pub floating: bool,
}

impl From<&Described> for Sort {
    fn from(tensor: &Described) -> Self {
        Sort { sides: tensor.sides.clone(), floating: tensor.dtype.is_floating() }
    }
}

/// Tensors by name.
pub type Sorts = BTreeMap<String, Sort>;
/// How a file's names map onto a network's: a prefix (or whole name) and what stands for it; what stands for none is left out.
pub type Names = IndexMap<String, Option<String>>;

/// A tensor whose shape is not the one that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misshapen {
    /// Its name in the network.
    pub name: String,
    /// The shape that the network has.
    pub expected: Vec<i64>,
    /// The shape that came.
    pub found: Vec<i64>,
}

/// What became of each tensor of a checkpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// The dictionary of the file that was looked at, where it is not the file's own.
    pub at: String,
    /// How many tensors were taken.
    pub taken: usize,
    /// Names that the network has and the checkpoint has not.
    pub missing: Vec<String>,
    /// For some of the missing names that of the checkpoint which is most like it and has its shape.
    pub near: BTreeMap<String, String>,
    /// Names (as the checkpoint says them) that the network does not have.
    pub extra: Vec<String>,
    /// Tensors of another shape.
    pub misshapen: Vec<Misshapen>,
    /// Tensors of whole numbers where others are wanted.
    pub mistyped: Vec<String>,
    /// Names (as the checkpoint says them) that the map drops on purpose.
    pub ignored: Vec<String>,
}

/// Names that are listed of each kind.
const LISTED: usize = 12;

impl Account {
    /// Whether nothing is missing, superfluous, misshapen or of another type.
    pub fn is_full(&self) -> bool {
        self.defects() == 0
    }

    fn defects(&self) -> usize {
        self.missing.len() + self.extra.len() + self.misshapen.len() + self.mistyped.len()
    }

    /// How to mend it.
    pub fn help(&self) -> String {
        let only_extra = self.missing.is_empty() && self.misshapen.is_empty() && self.mistyped.is_empty();
        let mut prefixes: Vec<&str> = self.extra.iter().map(|name| name.split_inclusive('.').next().unwrap_or(name)).collect();
        prefixes.dedup();
        if only_extra && prefixes.len() <= 3 {
            let dropped: Vec<String> = prefixes.iter().map(|prefix| format!("\"{}\" = none", prefix.escape_debug())).collect();
            return format!("leave out what is no part of it: checkpoint(path, names = {{{}}})", dropped.join(", "));
        }
        let else_where = "another dictionary of the file is named by checkpoint(path, at = \"params\")";
        if self.taken == 0 && self.near.is_empty() {
            return format!("the file is another network's, or {else_where}");
        }
        "look at the arguments of the network that give its shape, or map names: checkpoint(path, names = {\"old.\" = \"new.\", \"unwanted.\" = none})"
            .to_owned()
    }

    /// Says for missing names which extra ones may be meant.
    fn with_the_nearest(mut self, specs: &[Spec], tensors: &Sorts) -> Self {
        for name in self.missing.iter().take(LISTED) {
            let Some(spec) = specs.iter().find(|spec| spec.name == *name) else { continue };
            let like = |extra: &&String| tensors.get(*extra).is_some_and(|tensor| tensor.sides == spec.shape);
            let near = self.extra.iter().filter(like).take(1000).map(|extra| (strsim::normalized_levenshtein(name, extra), extra));
            if let Some((_, near)) = near.filter(|(near, _)| *near >= 0.5).max_by(|a, b| a.0.total_cmp(&b.0)) {
                self.near.insert(name.clone(), near.clone());
            }
        }
        self
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.at.is_empty() {
            write!(f, "`{}`: ", self.at.escape_debug())?;
        }
        write!(f, "{} tensors fit", self.taken)?;
        let missing = self.missing.iter().map(|name| match self.near.get(name) {
            Some(near) => format!("{name} (`{}` has its shape)", near.escape_debug()),
            None => name.clone(),
        });
        list(f, "missing", self.missing.len(), missing)?;
        list(f, "not known to the network", self.extra.len(), self.extra.iter().map(|name| name.escape_debug().to_string()))?;
        let misshapen = self.misshapen.iter().map(|m| format!("{}: expected {:?}, found {:?}", m.name, m.expected, m.found));
        list(f, "of another shape", self.misshapen.len(), misshapen)?;
        list(f, "of whole numbers", self.mistyped.len(), self.mistyped.iter().cloned())
    }
}

fn list(f: &mut fmt::Formatter<'_>, what: &str, count: usize, names: impl Iterator<Item = String>) -> fmt::Result {
    if count == 0 {
        return Ok(());
    }
    write!(f, "\n{count} {what}:")?;
    names.take(LISTED).try_for_each(|name| write!(f, "\n  {name}"))?;
    if count > LISTED { write!(f, "\n  and {} more", count - LISTED) } else { Ok(()) }
}

/// The tensors of a checkpoint that are a network's.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The network: of several forms that a backbone may have, the one that the checkpoint is for.
    pub network: Network,
    /// Each tensor of the network, and its name in the checkpoint.
    pub taken: Vec<(Spec, String)>,
    /// What became of all tensors.
    pub account: Account,
}

/// Why a checkpoint is not a network's.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unfit {
    /// Tensors are missing, extra or of another shape: the nearest fit.
    #[error("{0}")]
    Account(Box<Account>),
    /// The declaration is no network.
    #[error(transparent)]
    Net(NetError),
    /// The map is none.
    #[error("{}: {}", .0.pattern, .0.why)]
    Names(NotAPattern),
    /// The map makes two names one.
    #[error("the map of names makes two tensors `{}`", .0.escape_debug())]
    Twice(String),
    /// The file has no such dictionary.
    #[error("the file has no tensors at `{}`; there are some at {}", .at.escape_debug(), .has.join(", "))]
    NoPlace {
        /// What was asked for.
        at: String,
        /// What there is.
        has: Vec<String>,
    },
    /// Several dictionaries of the file fit as well.
    #[error("several dictionaries of the file fit: {}", .0.join(", "))]
    Several(Vec<String>),
}

/// What training code wraps a network in.
const WRAPPERS: [&str; 7] = ["module.", "backbone.", "model.", "net.", "encoder.", "network.", "_orig_mod."];

/// Whether these are wrappers alone, one after the other.
pub(super) fn is_wrapper(mut before: &str) -> bool {
    while let Some(rest) = WRAPPERS.iter().find_map(|wrapper| before.strip_prefix(wrapper)) {
        before = rest;
    }
    before.is_empty()
}

/// The tensors of a checkpoint that are a backbone's. Without a map, its own names and those of known public checkpoints are tried; names
/// under `head.` are left to the caller, whatever else the map says.
///
/// # Errors
/// [`Unfit::Account`] for the nearest fit when no layout takes every tensor.
pub fn fit<B: Backbone>(backbone: &B, tensors: &Sorts, names: &Names) -> Result<Fit, Unfit> {
    let maps = layouts(backbone, tensors, names)?;
    let mut nearest: Option<(Account, Vec<Spec>)> = None;
    for network in backbone.variants().map_err(Unfit::Net)? {
        let specs = network.specs();
        for map in &maps {
            match adopt(&specs, tensors, map) {
                Ok((taken, account)) if account.is_full() => return Ok(Fit { network, taken, account }),
                Ok((_, account)) => {
                    if nearest.as_ref().is_none_or(|(nearest, _)| account.defects() < nearest.defects()) {
                        nearest = Some((account, specs.clone()));
                    }
                }
                Err(Unfit::Twice(_)) if names.is_empty() => {} // a guessed layout that does not fit
                Err(other) => return Err(other),
            }
        }
    }
    let (account, specs) = nearest.unwrap_or_default();
    Err(Unfit::Account(Box::new(account.with_the_nearest(&specs, tensors))))
}

/// The tensors that `specs` want, by the names that a map gives them.
///
/// # Errors
/// [`Unfit::Twice`] when the map makes two names one.
pub fn adopt(specs: &[Spec], tensors: &Sorts, map: &NameMap) -> Result<(Vec<(Spec, String)>, Account), Unfit> {
    let mut account = Account::default();
    let mut renamed: BTreeMap<String, &str> = BTreeMap::new();
    for name in tensors.keys() {
        match map.apply(name) {
            None => account.ignored.push(name.clone()),
            Some(new) => {
                if renamed.insert(new.clone(), name).is_some() {
                    return Err(Unfit::Twice(new));
                }
            }
        }
    }
    let mut taken = Vec::with_capacity(specs.len());
    for spec in specs {
        let Some(name) = renamed.remove(&spec.name) else {
            account.missing.push(spec.name.clone());
            continue;
        };
        match &tensors[name] {
            tensor if tensor.sides != spec.shape => {
                account.misshapen.push(Misshapen { name: spec.name.clone(), expected: spec.shape.clone(), found: tensor.sides.clone() });
            }
            tensor if !tensor.floating => account.mistyped.push(spec.name.clone()),
            _ => {
                account.taken += 1;
                taken.push((spec.clone(), name.to_owned()));
            }
        }
    }
    account.extra = renamed.into_values().map(str::to_owned).collect();
    account.extra.sort();
    Ok((taken, account))
}

/// The maps that are tried: what the recipe says, or the backbone's own names and known ones; each also under whatever wrappers all names
/// share that it does not drop, and without what parallel and compiled parts put between.
fn layouts<B: Backbone>(backbone: &B, tensors: &Sorts, names: &Names) -> Result<Vec<NameMap>, Unfit> {
    let maps = if names.is_empty() {
        let mut maps = vec![NameMap::new(&[HEADS]).map_err(Unfit::Names)?];
        maps.extend(backbone.known_names());
        maps
    } else {
        vec![NameMap::prefixes(names.iter().map(|(from, to)| (from, to.as_ref()))).map_err(Unfit::Names)?]
    };
    let mut all = maps.clone();
    for between in [false, true] {
        for map in &maps {
            let map = if between { map.clone().without_between() } else { map.clone() };
            let wrapped = wrapping(tensors, &map);
            let changes = !wrapped.is_empty() || (between && tensors.keys().any(|name| NameMap::has_between(name)));
            if changes {
                all.push(map.under(wrapped));
            }
        }
    }
    Ok(all)
}

/// The wrappers that all names share which the map does not drop.
fn wrapping(tensors: &Sorts, map: &NameMap) -> Vec<&'static str> {
    let mut wrapped = Vec::new();
    let mut names: Vec<String> = tensors.keys().map(|name| map.plain(name)).collect();
    loop {
        names.retain(|name| map.apply(name).is_some());
        let shared = |wrapper: &&&str| names.iter().all(|name| name.starts_with(**wrapper));
        let Some(next) = WRAPPERS.iter().find(shared).filter(|_| !names.is_empty()) else { return wrapped };
        names.iter_mut().for_each(|name| drop(name.drain(..next.len())));
        wrapped.push(*next);
    }
}

/// Where training code puts a network's state dict in a checkpoint, in the order in which they are looked for.
const PLACES: [&str; 9] =
    ["state_dict", "state_dict_backbone", "model_state_dict", "model_state", "model", "backbone", "network", "net", "weights"];
/// Dictionaries of a file that are tried where none is at a usual place, the largest first.
const TRIED: usize = 8;

/// The dictionary of a file that is taken where nothing else is said: one at a usual place, else the file's own, else the largest.
pub fn usual(dictionaries: &[Dictionary]) -> usize {
    let own = || dictionaries.iter().position(|it| it.at.is_empty());
    let largest = || (0..dictionaries.len()).max_by_key(|at| (dictionaries[*at].tensors.len(), std::cmp::Reverse(*at)));
    at_usual_place(dictionaries).or_else(own).or_else(largest).unwrap_or_default()
}

fn at_usual_place(dictionaries: &[Dictionary]) -> Option<usize> {
    let rank = |name: &String| PLACES.iter().position(|place| place == name);
    let ranks = |at: &[String]| at.iter().map(rank).collect::<Option<Vec<usize>>>().filter(|ranks| !ranks.is_empty());
    let known = dictionaries.iter().enumerate().filter_map(|(place, it)| Some((ranks(&it.at)?, place)));
    known.min_by_key(|(ranks, place)| (ranks.len(), ranks.clone(), *place)).map(|(_, place)| place)
}

/// The dictionary of a file whose tensors are a backbone's, by its place, and how they fit: the one that the recipe names, one at a usual
/// place, or the only one that fits.
///
/// # Errors
/// As [`fit`]; a place that the file does not have, and several dictionaries that fit.
pub fn of_file<B: Backbone>(backbone: &B, dictionaries: &[Dictionary], at: Option<&str>, names: &Names) -> Result<(usize, Fit), Unfit> {
    let fitted = |place: usize| {
        let tensors = dictionaries[place].tensors.iter().map(|(name, tensor)| (name.clone(), Sort::from(tensor))).collect();
        fit(backbone, &tensors, names).map(|fit| (place, fit)).map_err(|unfit| match unfit {
            Unfit::Account(account) => Unfit::Account(Box::new(Account { at: dictionaries[place].place(), ..*account })),
            other => other,
        })
    };
    let mut places: Vec<usize> = match at {
        Some(at) => {
            let exact: Vec<usize> = (0..dictionaries.len()).filter(|place| dictionaries[*place].place() == at).collect();
            let inside = |place: &usize| dictionaries[*place].place().strip_prefix(at).is_some_and(|rest| rest.starts_with('.'));
            let places = if exact.is_empty() { (0..dictionaries.len()).filter(inside).collect() } else { exact };
            if places.is_empty() {
                let shown =
                    |it: &Dictionary| if it.at.is_empty() { "its top".to_owned() } else { format!("`{}`", it.place().escape_debug()) };
                let has = dictionaries.iter().take(LISTED).map(shown).collect();
                return Err(Unfit::NoPlace { at: at.to_owned(), has });
            }
            places
        }
        None => match at_usual_place(dictionaries) {
            Some(place) => vec![place],
            None => (0..dictionaries.len()).collect(),
        },
    };
    if let [only] = places[..] {
        return fitted(only);
    }
    places.sort_by_key(|place| (std::cmp::Reverse(dictionaries[*place].tensors.len()), *place));
    places.truncate(TRIED);
    let (mut fits, mut unfit) = (Vec::new(), None);
    for place in places {
        match fitted(place) {
            Ok(fit) if dictionaries[place].at.is_empty() => return Ok(fit),
            Ok(fit) => fits.push(fit),
            Err(other) => unfit = unfit.or(Some(other)), // that of the largest is told
        }
    }
    match (fits.len(), unfit) {
        (0, Some(unfit)) => Err(unfit),
        (0, None) => Err(Unfit::Account(Box::default())),
        (1, _) => Ok(fits.swap_remove(0)),
        _ => Err(Unfit::Several(fits.iter().map(|(place, _)| format!("`{}`", dictionaries[*place].place().escape_debug())).collect())),
    }
}

#[cfg(test)]
mod tests;
