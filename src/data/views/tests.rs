//! Tests of all views.

use super::{Amount, MergeLabels, Order, Split, SplitPart, merge};
use crate::augment::{Augment, Flip};
use crate::predicate::{Comparison, Expr, Members, MissingPolicy, Predicate};
use crate::table::NewAttribute;
use crate::testing::{names, paths, people};
use crate::{AttributeType, Cell, DataError, Table};
use ddl_base::quantity::{Angle, Fraction};
use proptest::prelude::*;

fn yaw_below(degrees: f64) -> Expr {
    Expr::attribute("yaw").abs().compared(Comparison::Less, Expr::constant(Cell::angle(Angle::degrees(degrees))))
}

fn is(name: &str, text: &str) -> Expr {
    Expr::attribute(name).compared(Comparison::Equal, Expr::constant(Cell::text(text)))
}

fn keep(keep_if: Expr, missing: MissingPolicy) -> Predicate {
    Predicate { keep_if, missing }
}

fn percent(parts: &[(&str, f64)], order: Order) -> Split {
    let part = |(name, part): &(&str, f64)| SplitPart { name: (*name).to_owned(), amount: Amount::Part(Fraction(part / 100.0)) };
    Split { parts: parts.iter().map(part).collect(), order, stratify: None }
}

#[test]
fn a_filter_keeps_rows_in_order_and_the_label_space() {
    let table = people([("ann", 3), ("bob", 2)]);
    let easy = table.filter(&keep(yaw_below(1.0), MissingPolicy::Error)).unwrap();
    assert_eq!(paths(&easy), ["ann/0", "bob/0"]);
    assert_eq!(easy.labels(), table.labels());
    assert_eq!(easy.row(1).unwrap().index(), 3);
    assert_eq!(easy.images_per_class(), [1, 1]);
}

#[test]
fn values_of_an_attribute_become_people() {
    let table = people([("ann", 3), ("bob", 2)]);
    let said = |cells: [Option<&str>; 5]| {
        let cells = cells.map(|cell| cell.map_or(Cell::Missing, Cell::text)).to_vec();
        NewAttribute { name: "group".to_owned(), kind: AttributeType::Category([].into()), cells: Some(cells) }
    };
    let grouped = table.with_attributes(&[said([Some("c1"), Some("c0"), None, Some("c1"), Some("c0")])]).unwrap();
    let groups = grouped.relabel_by(&Expr::attribute("group")).unwrap();
    assert_eq!(names(&groups), ["c0", "c1"]);
    assert_eq!(paths(&groups), ["ann/1", "bob/1", "ann/0", "bob/0"]);
    assert_eq!(groups.rows().map(|row| row.identity().to_owned()).collect::<Vec<_>>(), ["c0", "c0", "c1", "c1"]);
    assert_eq!(groups.images_per_class(), [2, 2]);
    // what else is known of them stays, and so does how they are seen
    let race = |table: &Table, path: &str| table.row(table.row_of(path).unwrap()).unwrap().cell("race").unwrap();
    assert_eq!(race(&groups, "bob/0"), race(&table, "bob/0"));
    let seen = grouped.apply(Augment::Flip(Flip { p: Fraction(1.0) }), None, 3).unwrap().relabel_by(&Expr::attribute("group")).unwrap();
    assert!(seen.rows().all(|row| row.treatment().is_some()));
    assert_ne!(groups.labels().id(), table.labels().id());
    assert!(matches!(table.relabel_by(&Expr::attribute("yaw")), Err(DataError::WrongKind { .. })));
    let nothing = table.with_attributes(&[said([None; 5])]).unwrap().relabel_by(&Expr::attribute("group")).unwrap_err();
    assert_eq!(nothing.to_string(), "relabel(by = .group) leaves no sample of 5");
    let few = NewAttribute { cells: Some(vec![Cell::Missing]), ..said([None; 5]) };
    assert!(table.with_attributes(&[few]).is_err());
}

#[test]
fn an_empty_filter_says_what_each_part_leaves() {
    let table = people([("ann", 3), ("bob", 2)]);
    let both = Expr::And { of: vec![yaw_below(1.0), is("race", "green")] };
    let error = table.filter(&keep(both, MissingPolicy::Error)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no sample of 5 is left by `abs(.yaw) < 1deg and .race == \"green\"` \
         (`abs(.yaw) < 1deg` alone leaves 2, `.race == \"green\"` alone leaves 0)"
    );
}

#[test]
fn a_missing_value_is_an_error_unless_the_policy_says_more() {
    let table = people([("ann", 3), ("bob", 2)]);
    let old = Expr::attribute("age").compared(Comparison::AtLeast, Expr::constant(Cell::Number(22.0)));
    let error = table.filter(&keep(old.clone(), MissingPolicy::Error)).unwrap_err();
    assert_eq!(error.to_string(), "`ann/0` has no value of `.age` (2 of 5 samples have none)");
    assert_eq!(paths(&table.filter(&keep(old.clone(), MissingPolicy::Drop)).unwrap()), ["ann/2"]);
    assert_eq!(paths(&table.filter(&keep(old, MissingPolicy::Keep)).unwrap()), ["ann/0", "ann/2", "bob/0"]);
}

#[test]
fn logic_with_missing_values_does_not_depend_on_the_order() {
    let table = people([("ann", 1)]);
    let missing = Expr::attribute("age").compared(Comparison::Less, Expr::constant(Cell::Number(1.0)));
    let (no, yes) = (Expr::constant(Cell::Bool(false)), Expr::constant(Cell::Bool(true)));
    let and = |a: &Expr, b: &Expr| Expr::And { of: vec![a.clone(), b.clone()] }.eval(&table, 0).unwrap();
    let or = |a: &Expr, b: &Expr| Expr::Or { of: vec![a.clone(), b.clone()] }.eval(&table, 0).unwrap();
    assert_eq!((and(&missing, &no), and(&no, &missing)), (Cell::Bool(false), Cell::Bool(false)));
    assert_eq!((and(&missing, &yes), and(&yes, &missing)), (Cell::Missing, Cell::Missing));
    assert_eq!((or(&missing, &yes), or(&yes, &missing)), (Cell::Bool(true), Cell::Bool(true)));
}

#[test]
fn expressions_read_back_from_json_and_refuse_wrong_kinds() {
    let table = people([("ann", 2)]);
    let member = Expr::In { of: Box::new(Expr::attribute("index")), members: Members::Range(1.0, 3.0) };
    let text = serde_json::to_string(&member).unwrap();
    assert_eq!(serde_json::from_str::<Expr>(&text).unwrap(), member);
    assert_eq!(member.eval(&table, 1).unwrap(), Cell::Bool(true));
    let wrong = is("yaw", "left").eval(&table, 0).unwrap_err();
    assert_eq!(wrong.to_string(), "`==` wants two numbers, found a text (\"left\")");
    let unknown = is("jaw", "left").eval(&table, 0).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "there is no attribute `.jaw` (there are .identity, .path, .index, .width, .height, .yaw, .race, .age)"
    );
}

#[test]
fn a_sorted_split_cuts_the_sorted_names() {
    let table = people([("dan", 1), ("ann", 2), ("cid", 1), ("bob", 2)]);
    let parts = table.split_by_identity(&percent(&[("train", 75.0), ("test", 25.0)], Order::Sorted)).unwrap();
    assert_eq!(names(&parts["train"]), ["ann", "bob", "cid"]);
    assert_eq!(paths(&parts["test"]), ["dan/0"]);
    assert_ne!(parts["train"].labels(), table.labels());
}

#[test]
fn a_stratified_split_gives_each_part_its_share_with_exact_counts() {
    let table = people([("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1), ("f", 1), ("g", 1), ("h", 1)]);
    let part = |name: &str, count| SplitPart { name: name.to_owned(), amount: Amount::Count(count) };
    let split =
        Split { parts: vec![part("train", 6), part("test", 2)], order: Order::Random { seed: 1 }, stratify: Some("race".to_owned()) };
    let parts = table.split_by_identity(&split).unwrap();
    let even = |table: &Table| table.rows().filter(|row| row.cell("race").unwrap() == Cell::text("even")).count();
    assert_eq!((parts["train"].len(), even(&parts["train"])), (6, 3));
    assert_eq!((parts["test"].len(), even(&parts["test"])), (2, 1));
}

#[test]
fn parts_that_do_not_fit_or_are_empty_are_errors() {
    let table = people([("ann", 2), ("bob", 2)]);
    let too_much = table.split_by_identity(&percent(&[("a", 75.0), ("b", 50.0)], Order::Sorted)).unwrap_err();
    assert_eq!(too_much.to_string(), "split: {a = 75%, b = 50%} does not fit into 2");
    let nothing = table.split_by_identity(&percent(&[("a", 99.0), ("b", 1.0)], Order::Sorted)).unwrap_err();
    assert_eq!(nothing.to_string(), "split: the part `b` (1%) is empty");
}

#[test]
fn views_by_identity_narrow_the_label_space() {
    let table = people([("ann", 3), ("bob", 1), ("cid", 2)]);
    assert_eq!(names(&table.min_images(2).unwrap()), ["ann", "cid"]);
    assert_eq!(names(&table.identities(&["cid", "bob"]).unwrap()), ["bob", "cid"]);
    assert_eq!(names(&table.identity_range(0, 1).unwrap()), ["ann", "bob"]);
    assert_eq!(names(&table.without(&table.identities(&["ann"]).unwrap()).unwrap()), ["bob", "cid"]);
    assert_eq!(table.identities(&["bop"]).unwrap_err().to_string(), "there is no identity `bop`, did you mean `bob`?");
    assert!(matches!(table.without(&table), Err(DataError::Empty { .. })));
    let few = table.filter(&keep(is("identity", "bob"), MissingPolicy::Error)).unwrap();
    assert_eq!((names(&few).len(), names(&few.relabel().unwrap())), (3, vec!["bob".to_owned()]));
}

#[test]
fn merging_joins_people_by_name_or_keeps_them_apart() {
    let (left, right) = (people([("ann", 1), ("bob", 1)]), people([("ann", 2), ("cid", 1)]));
    let right = right.apply(Augment::Flip(Flip { p: Fraction(1.0) }), None, 0).unwrap();
    let joined = merge(&[left.clone(), right.clone()], MergeLabels::ByName).unwrap();
    assert_eq!(names(&joined), ["ann", "bob", "cid"]);
    assert_eq!(paths(&joined), ["ann/0", "bob/0", "1:ann/0", "ann/1", "cid/0"]);
    assert_eq!(joined.rows().map(|row| row.treatment().is_some()).collect::<Vec<_>>(), [false, false, true, true, true]);
    let apart = merge(&[left.clone(), right], MergeLabels::Disjoint).unwrap();
    assert_eq!(names(&apart), ["ann", "bob", "1:ann", "cid"]);
    assert_eq!(apart.images_per_class(), [1, 1, 2, 1]);
    assert!(matches!(merge(&[left.clone(), left], MergeLabels::ByName), Err(DataError::MergedTwice { .. })));
}

#[test]
fn views_of_one_table_merge_back_into_its_label_space() {
    let table = people([("ann", 3), ("bob", 2)]);
    let easy = table.filter(&keep(yaw_below(1.0), MissingPolicy::Error)).unwrap();
    let hard = table.filter(&keep(Expr::Not { of: Box::new(yaw_below(1.0)) }, MissingPolicy::Error)).unwrap();
    let both = merge(&[easy, hard], MergeLabels::ByName).unwrap();
    assert_eq!((both.len(), both.labels()), (5, table.labels()));
    assert_eq!(both.row(0).unwrap().cell("yaw").unwrap(), Cell::Number(0.0));
}

#[test]
fn treatments_stack_and_filters_keep_them() {
    let table = people([("ann", 2)]);
    let flip = || Augment::Flip(Flip { p: Fraction(0.5) });
    let twice = table.apply(flip(), None, 1).unwrap().apply(flip(), Some(6), 2).unwrap();
    let seeds = |table: &Table, row| table.row(row).unwrap().treatment().unwrap().0.iter().map(|step| step.seed).collect::<Vec<_>>();
    assert_eq!(seeds(&twice, 1), [1, 2]);
    assert_ne!(twice.digest(), table.digest());
    assert!(table.apply(flip(), Some(0), 0).is_err());
}

proptest! {
    #[test]
    fn splits_are_disjoint_and_exhaustive(people_count in 3usize..60, cut in 20f64..80.0, seed in 0i64..50) {
        let named: Vec<(String, usize)> = (0..people_count).map(|n| (format!("p{n}"), 1 + n % 3)).collect();
        let mut padded: [(&str, usize); 60] = [("", 0); 60];
        for (slot, (name, images)) in padded.iter_mut().zip(&named) {
            *slot = (name, *images);
        }
        let table = people(padded);
        let split = percent(&[("train", cut), ("test", 100.0 - cut)], Order::Random { seed });
        for parts in [table.split_by_identity(&split).unwrap(), table.split_by_sample(&split).unwrap()] {
            let mut all: Vec<String> = parts.values().flat_map(paths).collect();
            all.sort();
            let mut wanted = paths(&table);
            wanted.sort();
            prop_assert_eq!(all, wanted);
        }
    }

    #[test]
    fn filters_move_nobody_between_the_parts_of_a_split(seed in 0i64..100) {
        let table = people([("a", 3), ("b", 1), ("c", 3), ("d", 1), ("e", 3), ("f", 2), ("g", 3), ("h", 2)]);
        let split = percent(&[("train", 50.0), ("test", 50.0)], Order::Random { seed });
        let filter = keep(yaw_below(1.5), MissingPolicy::Error);
        let before = table.split_by_identity(&split).unwrap()["train"].filter(&filter).unwrap();
        let after = &table.filter(&filter).unwrap().split_by_identity(&split).unwrap()["train"];
        prop_assert_eq!(paths(&before), paths(after));
    }

    #[test]
    fn smaller_samples_are_subsets(seed in 0i64..100, few in 1u64..5, more in 5u64..9) {
        let table = people([("a", 3), ("b", 3), ("c", 3)]);
        let (few, more) = (table.sample(Amount::Count(few), seed).unwrap(), table.sample(Amount::Count(more), seed).unwrap());
        prop_assert!(paths(&few).iter().all(|path| paths(&more).contains(path)));
    }
}
