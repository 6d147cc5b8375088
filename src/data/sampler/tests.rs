//! Tests of all samplers.

use super::*;
use crate::predicate::{Comparison, Expr, MissingPolicy, Predicate};
use crate::testing::people;
use crate::{Cell, Table};
use proptest::prelude::*;
use std::collections::HashSet;

fn batches(table: &Table, sampling: &Sampling, size: usize) -> Batches {
    Batches::new(table, sampling, size, 7).unwrap()
}

fn epoch(batches: &Batches, epoch: u64) -> Vec<Pick> {
    (0..batches.per_epoch()).flat_map(|index| batches.batch(epoch, index)).collect()
}

fn rows(picks: &[Pick]) -> Vec<u32> {
    picks.iter().map(|pick| pick.row).collect()
}

fn sorted<T: Ord + Clone>(items: &[T]) -> Vec<T> {
    let mut items = items.to_vec();
    items.sort();
    items
}

fn refused(table: &Table, sampling: &Sampling, size: usize) -> String {
    Batches::new(table, sampling, size, 7).unwrap_err().to_string()
}

#[test]
fn shuffled_sees_everything_once_per_pass_and_anew_each_time() {
    let table = people([("ann", 5), ("bob", 4)]);
    let batches = batches(&table, &Sampling::Shuffled, 3);
    let (first, second) = (epoch(&batches, 0), epoch(&batches, 1));
    assert_eq!(sorted(&rows(&first)), (0..9).collect::<Vec<_>>());
    assert_eq!(sorted(&rows(&second)), (0..9).collect::<Vec<_>>());
    assert_ne!(rows(&first), rows(&second));
    assert_eq!(batches.at_step(4), batches.batch(1, 1));
    assert!(second.iter().all(|pick| pick.visit == 1));
}

#[test]
fn an_incomplete_batch_is_left_out_and_one_too_big_is_refused() {
    let table = people([("ann", 5), ("bob", 4)]);
    assert_eq!(batches(&table, &Sampling::Shuffled, 4).facts().batches, 2);
    assert_eq!(refused(&table, &Sampling::Shuffled, 10), "a batch of 10 images does not fit into a pass of 9 (shuffled)");
    assert!(refused(&table, &Sampling::Shuffled, 0).contains("a batch of 0 images"));
}

#[test]
fn a_filter_leaves_the_others_in_their_order() {
    let table = people([("ann", 6), ("bob", 6)]);
    let even = Expr::attribute("yaw").compared(Comparison::Less, Expr::constant(Cell::Number(3f64.to_radians() - 1e-9)));
    let few = table.filter(&Predicate { keep_if: even, missing: MissingPolicy::Error }).unwrap();
    let order = |table: &Table| {
        let picks = epoch(&batches(table, &Sampling::Shuffled, 1), 3);
        picks.iter().map(|pick| table.row(pick.row as usize).unwrap().path().into_owned()).collect::<Vec<_>>()
    };
    let kept: HashSet<String> = order(&few).into_iter().collect();
    assert_eq!(order(&few), order(&table).into_iter().filter(|path| kept.contains(path)).collect::<Vec<_>>());
}

#[test]
fn balanced_gives_one_image_of_each_person_per_round() {
    let table = people([("ann", 5), ("bob", 2), ("cid", 1)]);
    let batches = batches(&table, &Sampling::Balanced, 3);
    assert_eq!(batches.facts().batches, 5);
    let mut images = Vec::new();
    for index in 0..5 {
        let batch = batches.batch(2, index);
        assert_eq!(sorted(&batches.classes(&batch)), [0, 1, 2]);
        images.extend(batch);
    }
    let batches = &batches;
    let of = |class: u32| images.iter().filter(move |pick| batches.classes(&[**pick]) == [class]).copied();
    assert_eq!(sorted(&rows(&of(0).collect::<Vec<_>>())), [0, 1, 2, 3, 4]);
    assert_eq!(of(2).map(|pick| pick.visit).collect::<Vec<_>>(), [10, 11, 12, 13, 14]);
    let visits: HashSet<(u32, u64)> = of(1).map(|pick| (pick.row, pick.visit)).collect();
    assert_eq!(visits.len(), 5, "an image is never visited twice under one number");
}

#[test]
fn pk_has_so_many_different_people_with_so_many_images() {
    let table = people([("a", 7), ("b", 4), ("c", 1), ("d", 2), ("e", 9)]);
    let batches = batches(&table, &Sampling::Pk { identities: 3, images: 2 }, 6);
    for index in 0..batches.per_epoch() {
        let classes = batches.classes(&batches.batch(0, index));
        let different: HashSet<u32> = classes.iter().copied().collect();
        assert_eq!((classes.len(), different.len()), (6, 3));
        assert!(different.iter().all(|class| classes.iter().filter(|other| *other == class).count() == 2));
    }
    // 3 + 2 + 1 + 1 + 4 meetings: four batches would need 12, and no one is in a batch twice
    assert_eq!(batches.per_epoch(), 3);
    assert_eq!(
        refused(&people([("ann", 9)]), &Sampling::Pk { identities: 2, images: 2 }, 4),
        "2 people are wanted in a batch, there are 1 (pk)"
    );
    assert_eq!(
        refused(&table, &Sampling::Pk { identities: 2, images: 2 }, 8),
        "2 people with 2 images each make a batch of 4, not of 8 (pk)"
    );
}

#[test]
fn pairs_are_two_images_of_one_person() {
    let table = people([("ann", 4), ("bob", 2), ("cid", 1)]);
    let batches = batches(&table, &Sampling::Pairs { with: None }, 3);
    let facts = batches.facts();
    assert_eq!((facts.units, facts.batches, facts.images_per_batch, facts.people_left_out), (6, 2, 6, 1));
    let mut firsts = Vec::new();
    for index in 0..2 {
        let batch = batches.batch(0, index);
        let (a, b) = batch.split_at(3);
        assert_eq!(batches.classes(a), batches.classes(b));
        assert!(a.iter().zip(b).all(|(a, b)| a.row != b.row));
        firsts.extend(rows(a));
    }
    assert_eq!(sorted(&firsts), (0..6).collect::<Vec<_>>());
    assert_eq!(refused(&people([("ann", 1), ("bob", 1)]), &Sampling::Pairs { with: None }, 1), "none of 2 people has two images (pairs)");
}

#[test]
fn versions_are_one_image_twice() {
    let batches = batches(&people([("ann", 4), ("bob", 1)]), &Sampling::Versions, 2);
    let facts = batches.facts();
    assert_eq!((facts.unit, facts.units, facts.batches, facts.images_per_batch, facts.people_left_out), ("pairs", 5, 2, 4, 0));
    for step in 0..6 {
        let batch = batches.at_step(step);
        let (first, second) = batch.split_at(2);
        assert!(first.iter().zip(second).all(|(a, b)| *a == Pick { table: 0, ..*b } && b.table == 1), "{batch:?}");
        assert_eq!(batches.classes(first), batches.classes(second));
    }
}

#[test]
fn pairs_with_another_table_cross_it_by_name() {
    let easy = people([("ann", 4), ("bob", 2), ("cid", 3)]);
    let hard = people([("cid", 1), ("ann", 2)]);
    let batches = batches(&easy, &Sampling::Pairs { with: Some(hard) }, 1);
    // bob is not in the other table; four of ann and three of cid remain
    assert_eq!((batches.facts().units, batches.facts().people_left_out), (7, 1));
    let names = |pick: &Pick| batches.tables()[usize::from(pick.table)].row(pick.row as usize).unwrap().identity().to_owned();
    for index in 0..batches.per_epoch() {
        let pair = batches.batch(5, index);
        assert_eq!((pair[0].table, pair[1].table, names(&pair[0])), (0, 1, names(&pair[1])));
    }
}

#[test]
fn an_image_is_not_paired_with_itself_across_overlapping_tables() {
    let table = people([("ann", 3), ("bob", 1)]);
    let batches = batches(&table, &Sampling::Pairs { with: Some(table.clone()) }, 3);
    assert_eq!(batches.facts().people_left_out, 1);
    for step in 0..10 {
        let batch = batches.at_step(step);
        assert!((0..3).all(|at| batch[at].row != batch[at + 3].row));
    }
}

#[test]
fn listed_pairs_come_once_per_pass() {
    let table = people([("ann", 3), ("bob", 2)]);
    let listed = vec![(0, 1), (1, 2), (3, 4)];
    let batches = batches(&table, &Sampling::PairList { pairs: listed.clone() }, 3);
    let batch = batches.batch(1, 0);
    let pairs: Vec<_> = (0..3).map(|at| (batch[at].row, batch[at + 3].row)).collect();
    assert_eq!(sorted(&pairs), listed);
    let visits: Vec<u64> = batch.iter().filter(|pick| pick.row == 1).map(|pick| pick.visit).collect();
    assert_eq!(sorted(&visits), [2, 3]);
    assert!(refused(&table, &Sampling::PairList { pairs: vec![(0, 9)] }, 1).contains("(0, 9)"));
}

proptest! {
    #[test]
    fn visits_of_one_image_are_all_different(a in 1usize..7, b in 2usize..7, c in 1usize..7) {
        let (table, other) = (people([("a", a), ("b", b), ("c", c)]), people([("b", 1 + c), ("a", 2)]));
        let samplings =
            [Sampling::Shuffled, Sampling::Balanced, Sampling::Pk { identities: 2, images: 2 }, Sampling::Pairs { with: None }, Sampling::Pairs { with: Some(other) }, Sampling::Versions];
        for sampling in samplings {
            let Ok(batches) = Batches::new(&table, &sampling, if matches!(sampling, Sampling::Pk { .. }) { 4 } else { 1 }, 0) else { continue };
            let mut seen = HashSet::new();
            for step in 0..4 * batches.per_epoch() {
                for pick in batches.at_step(step) {
                    prop_assert!(seen.insert(pick), "{sampling:?} {pick:?}");
                }
            }
        }
    }

    #[test]
    fn a_batch_does_not_depend_on_what_was_asked_before(steps in proptest::collection::vec(0u64..40, 1..10)) {
        let table = people([("ann", 5), ("bob", 3), ("cid", 2)]);
        let asked = batches(&table, &Sampling::Balanced, 4);
        for step in steps {
            prop_assert_eq!(asked.at_step(step), batches(&table, &Sampling::Balanced, 4).at_step(step));
        }
    }
}
