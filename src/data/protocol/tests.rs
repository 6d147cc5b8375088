//! Tests of protocols.

use super::*;
use crate::augment::{Augment, Flip};
use crate::probe::ProbeCache;
use crate::readers::{IdentityRule, image_folder};
use crate::testing::people;
use crate::views::{Amount, MergeLabels, Order, Split, SplitPart, merge};
use ddl_base::quantity::Fraction;
use ddl_base::random::Draw;
use proptest::prelude::*;
use std::io::Write;

fn judged(table: &Table, within: Option<&Table>, lines: &str) -> Result<Verification, DataError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "fold,same,a,b\n{lines}").unwrap();
    Verification::from_file(file.path(), table, within, &IndexMap::new(), &ProbeCache::none())
}

#[test]
fn within_drops_what_crosses_the_border_and_keeps_folds() {
    let table = people([("ann", 2), ("bob", 2), ("cid", 2), ("dan", 2)]);
    let lines = "1,1,ann/0,ann/1\n1,0,ann/0,bob/0\n2,1,cid/0,cid/1\n2,0,cid/0,dan/1\n";
    let all = judged(&table, None, lines).unwrap();
    assert_eq!((all.pairs.len(), all.folds(), all.doubts.len()), (4, vec![1, 2], 0));
    let within = table.identities(&["cid", "dan"]).unwrap();
    let some = judged(&table, Some(&within), lines).unwrap();
    assert_eq!((some.in_file, some.kept), (PairCounts { same: 2, different: 2 }, PairCounts { same: 1, different: 1 }));
    assert_eq!((some.folds(), some.first_rows()), (vec![2], vec![4, 5, 7]));
}

#[test]
fn a_border_that_shifts_the_balance_is_an_error() {
    let table = people([("ann", 2), ("bob", 2), ("cid", 2)]);
    let lines = "1,1,ann/0,ann/1\n1,0,ann/0,bob/0\n1,1,bob/0,bob/1\n1,0,bob/0,cid/1\n";
    let error = |names: &[&str]| judged(&table, Some(&table.identities(names).unwrap()), lines).unwrap_err().to_string();
    assert!(error(&["ann"]).contains("1 same and 0 different pairs are left of 2 and 2"));
    assert!(error(&["cid"]).contains("none of its 4 pairs is within these people"));
}

#[test]
fn contradictions_are_counted_and_filtered_samples_named() {
    let table = people([("ann", 2), ("bob", 2)]);
    let doubts = judged(&table, None, "1,1,ann/0,bob/0\n1,0,ann/0,bob/1").unwrap().doubts;
    assert_eq!(doubts.iter().map(|doubt| (doubt.oddity, doubt.count)).collect::<Vec<_>>(), [(Oddity::Contradiction, 1)]);
    let bob = table.identities(&["bob"]).unwrap();
    let error = judged(&bob, None, "1,0,ann/0,bob/1").unwrap_err().to_string();
    assert!(error.contains(":2: `ann/0` is in the data set, but not among these samples"), "{error}");
}

#[test]
fn made_pairs_across_two_tables_never_pair_an_image_with_itself() {
    let table = people([("a", 3), ("b", 3), ("c", 3), ("d", 3)]);
    let made = random_pairs(&table, Some(&table), 2, 6, 0).unwrap();
    assert!(made.pairs.iter().all(|pair| pair.a != pair.b));
    assert_eq!((made.second_rows().is_empty(), made.pairs.len()), (false, 24));
    // nor with itself as the other table sees it, once or twice
    let seen = table.apply(Augment::Flip(Flip { p: Fraction(1.0) }), None, 0).unwrap();
    let made = random_pairs(&table, Some(&seen), 2, 6, 0).unwrap();
    assert!(made.pairs.iter().all(|pair| pair.a != pair.b));
    assert_eq!(made.pairs.len(), 24);
    let twice = merge(&[seen.clone(), table.apply(Augment::Flip(Flip { p: Fraction(0.5) }), None, 1).unwrap()], MergeLabels::ByName);
    let twice = twice.unwrap_or_else(|error| panic!("{error}"));
    for seed in 0..20 {
        let made = random_pairs(&table, Some(&twice), 2, 12, seed).unwrap();
        let same = |pair: &Pair| table.row(pair.a as usize).unwrap().source() == twice.row(pair.b as usize).unwrap().source();
        assert!(!made.pairs.iter().any(same));
    }
    let error = random_pairs(&table, None, 2, 50, 0).unwrap_err().to_string();
    assert_eq!(error, "random_pairs: fold 0 has 6 possible pairs of one person, 50 are wanted");
    assert!(random_pairs(&table, None, 3, 1, 0).unwrap_err().to_string().contains("3 folds take at least 6 people, there are 4"));
}

#[test]
fn whole_folds_of_the_shared_faces_stay_together_when_sorted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/cfp");
    if !root.is_dir() {
        println!("skipped: ../shared/data is not there");
        return;
    }
    let faces = image_folder(&root.join("images"), &IdentityRule::FirstFolder, &ProbeCache::none()).unwrap().table;
    let part = |name: &str, part| SplitPart { name: name.to_owned(), amount: Amount::Part(Fraction(part)) };
    let test = |order| {
        let split = Split { parts: vec![part("train", 0.75), part("test", 0.25)], order, stratify: None };
        faces.split_by_identity(&split).unwrap().swap_remove("test").unwrap()
    };
    let judged =
        |order| Verification::from_file(&root.join("pairs/fp.csv"), &faces, Some(&test(order)), &IndexMap::new(), &ProbeCache::none());
    let sorted = judged(Order::Sorted).unwrap();
    assert_eq!((sorted.kept, sorted.doubts), (PairCounts { same: 700, different: 700 }, vec![]));
    assert!(matches!(judged(Order::Random { seed: 0 }), Err(DataError::Protocol { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]
    #[test]
    fn made_pairs_are_right_and_different_and_folds_share_no_person(seed in 0i64..1000, per_fold in 1usize..8) {
        let table = people([("a", 4), ("b", 5), ("c", 2), ("d", 3), ("e", 4), ("f", 3), ("g", 1), ("h", 5)]);
        let Ok(made) = random_pairs(&table, None, 2, per_fold, seed) else { return Ok(()) };
        let person = |row: u32| table.row(row as usize).unwrap().identity();
        let mut seen = HashSet::new();
        for pair in &made.pairs {
            prop_assert_eq!(pair.same, person(pair.a) == person(pair.b));
            prop_assert!(pair.a != pair.b && seen.insert((pair.a.min(pair.b), pair.a.max(pair.b))));
        }
        let fold = |number: u32| made.pairs.iter().filter(move |pair| pair.fold == number).flat_map(|pair| [person(pair.a), person(pair.b)]);
        let first: HashSet<&str> = fold(0).collect();
        prop_assert!(fold(1).all(|name| !first.contains(name)));
    }
}

#[test]
fn many_of_few_pairs_and_few_of_many_are_chosen_alike() {
    let numbers = |draw: &Draw, total: usize, count: usize| {
        let mut chosen = std::collections::BTreeSet::new();
        for last in total - count..total {
            let number = (draw.clone().number(last as u64).unit() * (last + 1) as f64) as usize;
            if !chosen.insert(number.min(last)) {
                chosen.insert(last);
            }
        }
        chosen.into_iter().collect::<Vec<_>>()
    };
    for (total, count) in [(1, 1), (64, 1), (65, 1), (128, 2), (129, 2), (1000, 15), (1000, 16), (1000, 999), (1000, 1000), (100_000, 7)] {
        let draw = Draw::new(3, "choice").number(total as u64);
        assert_eq!(made::choose(total, count, &draw), numbers(&draw, total, count), "{count} of {total}");
    }
}
