//! Pairs that are drawn rather than listed.

use super::{Pair, PairCounts, Verification};
use crate::table::{Groups, Row};
use crate::{DataError, Table};
use ddl_base::random::Draw;
use smallvec::{SmallVec, smallvec};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// In each of `folds` folds, `per_fold` pairs of one person and as many of two, all different, uniform among those possible. People are
/// parted into folds (by the rank of their names' draws), so that no person is in two. With `with`, second images come from there.
///
/// Errors: fewer than two folds, too few people, or a fold with too few possible pairs (with their numbers).
pub fn random_pairs(table: &Table, with: Option<&Table>, folds: usize, per_fold: usize, seed: i64) -> Result<Verification, DataError> {
    let second = with.unwrap_or(table);
    let (ours, theirs) = (table.rows_by_class(), with.map(Table::rows_by_class));
    let rows = [&ours, theirs.as_ref().unwrap_or(&ours)];
    let people = shared_people(table, second, rows, seed);
    let wrong = |why: String| Err(DataError::Argument { what: "random_pairs", why });
    if folds < 2 || per_fold == 0 {
        return wrong("it takes at least two folds of one pair".to_owned());
    }
    if people.len() < 2 * folds {
        return wrong(format!("{folds} folds take at least {} people, there are {}", 2 * folds, people.len()));
    }
    let mut pairs = Vec::new(); // no room is taken for pairs that there may not be
    for fold in 0..folds {
        let members = &people[people.len() * fold / folds..people.len() * (fold + 1) / folds];
        let pool = Pool::new([table, second], rows, with.is_none(), members);
        for (same, what) in [(true, "random_pairs same"), (false, "random_pairs different")] {
            let candidates = pool.candidates(same);
            if candidates.total < per_fold {
                let kind = if same { "one person" } else { "two people" };
                return wrong(format!("fold {fold} has {} possible pairs of {kind}, {per_fold} are wanted", candidates.total));
            }
            let chosen = choose(candidates.total, per_fold, &Draw::new(seed, what).number(fold as u64));
            let pair = |at: usize| {
                let (a, b) = candidates.pair(at);
                Pair { fold: fold as u32, same, a: pool.firsts[a], b: pool.seconds[b] }
            };
            pairs.extend(chosen.into_iter().map(pair));
        }
    }
    let counts = PairCounts { same: (folds * per_fold) as u64, different: (folds * per_fold) as u64 };
    let second = with.cloned();
    Ok(Verification { first: table.clone(), second, pairs, in_file: counts, kept: counts, doubts: Vec::new() })
}

/// A person of both tables: the class in the first, and in the second.
type Shared = [u32; 2];

/// Everybody who has rows in both tables, in random order.
fn shared_people(first: &Table, second: &Table, [ours, theirs]: [&Groups; 2], seed: i64) -> Vec<Shared> {
    let draw = Draw::new(seed, "random_pairs people");
    let names = first.labels().names();
    let person = |(class, name): (usize, &Arc<str>)| {
        let partner = second.labels().class(name)?;
        let both = !ours.get(class).is_empty() && !theirs.get(partner as usize).is_empty();
        both.then(|| (draw.clone().text(name).rank(), [class as u32, partner]))
    };
    let mut people: Vec<(u64, Shared)> = names.iter().enumerate().filter_map(person).collect();
    people.sort_unstable_by(|(a, [one, _]), (b, [other, _])| (a, &names[*one as usize]).cmp(&(b, &names[*other as usize])));
    people.into_iter().map(|(_, shared)| shared).collect()
}

/// The images of a fold, person by person.
struct Pool {
    firsts: Vec<u32>,
    seconds: Vec<u32>,
    /// For each first image, the places in `seconds` of the same person.
    same: Vec<Range<usize>>,
    /// For each first image, the places in `seconds` where it is itself, however it is seen there, in order; nothing of one table.
    itself: Vec<SmallVec<[usize; 1]>>,
    /// Both sides are one table: each pair counts once.
    one_table: bool,
}

impl Pool {
    fn new([first, second]: [&Table; 2], [ours, theirs]: [&Groups; 2], one_table: bool, people: &[Shared]) -> Self {
        let mut pool = Pool { firsts: Vec::new(), seconds: Vec::new(), same: Vec::new(), itself: Vec::new(), one_table };
        for [class, partner] in people {
            let (ours, theirs) = (ours.get(*class as usize), theirs.get(*partner as usize));
            let range = pool.seconds.len()..pool.seconds.len() + theirs.len();
            let twins = if one_table { HashMap::new() } else { places(second, theirs) };
            for row in ours {
                pool.firsts.push(*row);
                pool.same.push(range.clone());
                let own = first.row(*row as usize).filter(|_| !one_table); // of one table each pair counts once, and none is looked up
                let of_image = |at: &usize, own: &Row| second.row(theirs[*at] as usize).is_some_and(|other| other.source() == own.source());
                let twins = |own: Row| {
                    let alike = twins.get(&own.source().hashed()).into_iter().flatten();
                    alike.filter(|at| of_image(at, &own)).map(|at| range.start + at).collect()
                };
                pool.itself.extend((!one_table).then(|| own.map(twins).unwrap_or_default()));
            }
            pool.seconds.extend(theirs);
        }
        pool
    }

    /// All pairs of one person, or of two.
    fn candidates(&self, same: bool) -> Candidates {
        let end = self.seconds.len();
        let partners = |(at, range): (usize, &Range<usize>)| -> Places {
            match (same, self.one_table) {
                (true, true) => smallvec![at + 1..range.end],
                (true, false) => {
                    let itself = &self.itself[at];
                    let starts = std::iter::once(range.start).chain(itself.iter().map(|at| at + 1));
                    starts.zip(itself.iter().copied().chain([range.end])).map(|(from, to)| from..to).collect()
                }
                (false, true) => smallvec![range.end..end],
                (false, false) => smallvec![0..range.start, range.end..end],
            }
        };
        let partners: Vec<_> = self.same.iter().enumerate().map(partners).collect();
        let mut total = 0;
        let starts = partners
            .iter()
            .map(|places| {
                let before = total;
                total += places.iter().map(Range::len).sum::<usize>();
                before
            })
            .collect();
        Candidates { partners, starts, total }
    }
}

/// The places among some rows of those whose sources may be equal.
fn places(table: &Table, rows: &[u32]) -> HashMap<u64, Vec<usize>> {
    let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        places.entry(table.row(*row as usize).map_or(0, |row| row.source().hashed())).or_default().push(at);
    }
    places
}

/// Places in stretches.
type Places = SmallVec<[Range<usize>; 2]>;

/// All possible pairs, numbered.
struct Candidates {
    /// For each first image, the places of its partners.
    partners: Vec<Places>,
    /// For each first image, the number of its first pair.
    starts: Vec<usize>,
    total: usize,
}

impl Candidates {
    /// Pair number `at`: places of the first and of the second image.
    fn pair(&self, at: usize) -> (usize, usize) {
        let first = self.starts.partition_point(|start| *start <= at) - 1; // starts[0] is 0
        let mut offset = at - self.starts[first];
        for places in &self.partners[first] {
            if offset < places.len() {
                return (first, places.start + offset);
            }
            offset -= places.len();
        }
        (first, 0) // not reached: `at` is below the total
    }
}

/// `count` different numbers below `total`, uniform, in order (Floyd's algorithm). `count` is at most `total`. Many of few are marked in a map of
/// bits, few of many are kept by name: what is chosen is the same.
pub(super) fn choose(total: usize, count: usize, draw: &Draw) -> Vec<usize> {
    let number = |last: usize| ((draw.clone().number(last as u64).unit() * (last + 1) as f64) as usize).min(last);
    if total / 64 <= count {
        let mut bits = vec![0_u64; total / 64 + 1];
        let mut take = |at: usize| {
            let (word, bit) = (&mut bits[at / 64], 1 << (at % 64));
            std::mem::replace(word, *word | bit) & bit == 0
        };
        for last in total - count..total {
            let _ = take(number(last)) || take(last);
        }
        let of_word = |(at, word): (usize, &u64)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| 64 * at + bit).collect::<SmallVec<[usize; 64]>>()
        };
        return bits.iter().enumerate().flat_map(of_word).collect();
    }
    let mut chosen = HashSet::with_capacity(count);
    for last in total - count..total {
        if !chosen.insert(number(last)) {
            chosen.insert(last);
        }
    }
    let mut chosen: Vec<usize> = chosen.into_iter().collect();
    chosen.sort_unstable();
    chosen
}
