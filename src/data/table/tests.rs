//! What tables of any core promise, whatever their samples are kept as.

use super::*;
use crate::augment::{Augment, Flip};
use crate::faces::FaceSet;
use crate::predicate::{Comparison, Expr, MissingPolicy, Predicate};
use crate::readers::synthetic_faces;
use crate::views::{Amount, MergeLabels, Order, Split, SplitPart, merge};
use ddl_base::quantity::{Angle, Fraction, Interval, Pixels};
use proptest::prelude::*;

/// A drawn set as it is made, and the same samples written down one by one.
fn twins(people: u32, images: u32, seed: i64) -> [Table; 2] {
    let yaw = Interval { from: Angle::degrees(-60.0), to: Angle::degrees(60.0) };
    let made = synthetic_faces(FaceSet::new(people, images, yaw, Pixels(32), seed).unwrap()).unwrap();
    let mut listed = TableBuilder::new(made.schema());
    for row in made.rows() {
        let cells = ["yaw", "pitch"].map(|name| row.cell(name).unwrap()).to_vec();
        let (path, identity) = (Arc::from(row.path()), row.shared_identity().clone());
        listed.push(NewRow { path, identity, size: row.size(), source: row.source(), cells });
    }
    let origin = String::from_utf8(made.row(0).unwrap().source().set().id().to_vec()).unwrap();
    let listed = listed.build(&origin, made.stream().clone()).unwrap();
    [made, listed]
}

fn views(table: &Table, other: &Table) -> Vec<Table> {
    let part = |name: &str, part| SplitPart { name: name.to_owned(), amount: Amount::Part(Fraction(part)) };
    let split = |order| Split { parts: vec![part("a", 0.5), part("b", 0.5)], order, stratify: None };
    let turned = Expr::attribute("yaw").abs().compared(Comparison::Greater, Expr::constant(Cell::angle(Angle::degrees(20.0))));
    let turned = table.filter(&Predicate { keep_if: turned, missing: MissingPolicy::Error }).unwrap();
    let by_sample = |order| table.split_by_sample(&split(order)).unwrap().into_values();
    let by_person = |order| table.split_by_identity(&split(order)).unwrap().into_values();
    let flip = || Augment::Flip(Flip { p: Fraction(0.5) });
    let mixed = merge(&[turned.clone(), other.clone(), table.apply(flip(), Some(2), 1).unwrap()], MergeLabels::Disjoint).unwrap();
    let orders = [Order::Sorted, Order::Random { seed: 3 }];
    let mut views: Vec<Table> = orders.into_iter().flat_map(|order| by_sample(order).chain(by_person(order))).collect();
    views.extend([
        turned.relabel().unwrap(),
        turned.min_images(2).unwrap_or_else(|_| turned.clone()),
        table.sample(Amount::Part(Fraction(0.3)), 5).unwrap(),
    ]);
    views.extend([
        mixed.apply(flip(), None, 2).unwrap(),
        mixed.sample(Amount::Part(Fraction(0.5)), 1).unwrap(),
        table.without(&turned.sample(Amount::Count(1), 0).unwrap()).unwrap(),
    ]);
    views.extend([merge(&[mixed.clone(), other.clone()], MergeLabels::ByName), Ok(turned), Ok(mixed)].into_iter().flatten());
    views
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn what_samples_are_kept_as_is_nobodys_business(people in 3u32..14, images in 2u32..5) {
        let [made, listed] = twins(people, images, 1);
        let [other, other_listed] = twins(3, 12, 2);
        prop_assert_eq!(made.digest(), listed.digest());
        for (a, b) in views(&made, &other).iter().zip(&views(&listed, &other_listed)) {
            prop_assert_eq!(a.digest(), b.digest());
            prop_assert_eq!((a.len(), a.people(), a.labels()), (b.len(), b.people(), b.labels()));
            prop_assert_eq!(a.images_per_class(), b.images_per_class());
            prop_assert_eq!(a.stretches().map(|it| it.len).sum::<usize>(), a.len());
            for (at, (row, twin)) in a.rows().zip(b.rows()).enumerate() {
                prop_assert_eq!((a.row_of(&row.path()), a.row_at(row.index() as u32)), (Some(at), Some(at)));
                prop_assert!(row.is_image_of(&twin) && row.size() == twin.size());
                prop_assert_eq!(a.compare_paths(at as u32, 0), row.path().cmp(&a.row(0).unwrap().path()));
            }
            let groups = a.rows_by_class();
            let by_class = |class: usize| a.rows().enumerate().filter(|(_, row)| row.class() as usize == class).map(|(at, _)| at as u32).collect::<Vec<_>>();
            prop_assert!((0..groups.len()).all(|class| groups.get(class) == by_class(class)));
        }
    }
}

#[test]
fn merges_in_one_another_have_an_end() {
    let one = |number: i64| {
        let mut builder = TableBuilder::new(Schema::default());
        let name: Arc<str> = Arc::from(number.to_string());
        let source = ImageSource::new(crate::testing::files_of(std::path::Path::new("/"), &[&name]), 0);
        builder.push(NewRow { path: name.clone(), identity: name, size: None, source, cells: Vec::new() });
        builder.build("test", Stream::default()).unwrap()
    };
    let deep = (1..).try_fold(one(0), |table, number| merge(&[table, one(number)], MergeLabels::Disjoint)).unwrap_err();
    assert_eq!(deep.to_string(), "merge: more than 64 merges in one another; merge all at once: merge([a, b, c])");
}
