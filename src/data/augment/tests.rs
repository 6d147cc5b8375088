//! Tests of all augments.

use super::*;
use crate::resize::Kernel;
use ddl_base::quantity::Pixels;
use proptest::prelude::*;

fn face() -> Image {
    Image::from_fn(16, 12, |x, y| [(x * 16) as u8, (y * 20) as u8, ((x * y) % 256) as u8])
}

fn apply(augment: &Augment, seed: i64, sample: &str, visit: u64) -> Image {
    augment.apply(face(), &mut Dice::new(seed, sample, visit))
}

fn always(p: f64) -> Fraction {
    Fraction(p)
}

fn low(from: u32, to: u32) -> Augment {
    Augment::LowResolution(LowResolution { side: Interval { from: Pixels(from), to: Pixels(to) }, down: Kernel::Area, up: Kernel::Cubic })
}

fn interval<T>(from: T, to: T) -> Interval<T> {
    Interval { from, to }
}

fn every_augment() -> Vec<Augment> {
    let simple = vec![
        Augment::Flip(Flip { p: always(0.5) }),
        low(2, 9),
        Augment::GaussianBlur(GaussianBlur { sigma: interval(0.0, 3.0) }),
        Augment::Jpeg(Jpeg { quality: interval(5, 95) }),
        Augment::Occlude(Occlude { area: interval(Fraction(0.0), Fraction(1.0)), fill: 9 }),
        Augment::Brightness(Brightness { by: interval(0.2, 2.0) }),
        Augment::Contrast(Contrast { by: interval(0.2, 2.0) }),
        Augment::Grey(Grey { p: always(0.5) }),
    ];
    let mut all = simple.clone();
    all.push(Augment::Sometimes(Sometimes { augment: Box::new(low(2, 9)), p: always(0.5) }));
    all.push(Augment::OneOf(OneOf { augments: simple.clone() }));
    all.push(Augment::Chain(Chain { augments: simple }));
    all
}

#[test]
fn a_flip_mirrors_rows() {
    let flipped = apply(&Augment::Flip(Flip { p: always(1.0) }), 0, "a", 0);
    assert_eq!(flipped.pixel(0, 3), face().pixel(15, 3));
    assert_eq!(apply(&Augment::Flip(Flip { p: always(0.0) }), 0, "a", 0), face());
}

#[test]
fn low_resolution_keeps_the_size_and_loses_detail() {
    let checks = Image::from_fn(16, 12, |x, y| [if (x + y) % 2 == 0 { 0 } else { 255 }; 3]);
    let blurred = low(2, 2).apply(checks.clone(), &mut Dice::new(0, "a", 0));
    assert_eq!(blurred.size(), (16, 12));
    assert!(blurred.pixels().iter().all(|value| (120..=136).contains(value)));
    assert_eq!(low(16, 40).apply(checks.clone(), &mut Dice::new(0, "a", 0)), checks);
}

#[test]
fn a_blur_keeps_flat_images_and_spreads_a_point() {
    let blur = Augment::GaussianBlur(GaussianBlur { sigma: Interval { from: 1.0, to: 1.0 } });
    let flat = Image::from_fn(9, 9, |_, _| [77; 3]);
    assert_eq!(blur.apply(flat.clone(), &mut Dice::new(0, "a", 0)), flat);
    let point = Image::from_fn(9, 9, |x, y| [if (x, y) == (4, 4) { 255 } else { 0 }; 3]);
    let spread = blur.apply(point, &mut Dice::new(0, "a", 0));
    // 255 times the products of exp(-x^2/2) / 2.5066, rounded a row at a time: 102 = 255 * 0.3989, 41 = 102 * 0.3989, …
    assert_eq!([4, 5, 6, 7].map(|x| spread.pixel(x, 4).unwrap()[0]), [41, 25, 6, 0]);
    assert_eq!(spread.pixel(4, 5), spread.pixel(5, 4));
}

#[test]
fn tones_change_as_their_formulas_say() {
    let pixel = |augment: Augment| augment.apply(Image::from_fn(1, 1, |_, _| [100, 50, 200]), &mut Dice::new(0, "a", 0)).pixels().to_vec();
    let by = |by| Interval { from: by, to: by };
    assert_eq!(pixel(Augment::Brightness(Brightness { by: by(1.5) })), [150, 75, 255]);
    assert_eq!(pixel(Augment::Grey(Grey { p: always(1.0) })), [82; 3]); // 29.9 + 29.35 + 22.8
    assert_eq!(pixel(Augment::Contrast(Contrast { by: by(0.5) })), [91, 66, 141]);
}

#[test]
fn an_occluder_hides_its_share() {
    for (visit, share) in [(0, 0.0), (1, 0.25), (2, 0.5), (3, 1.0)] {
        let area = Interval { from: Fraction(share), to: Fraction(share) };
        let blank = Image::from_fn(40, 40, |_, _| [1; 3]);
        let hidden = Augment::Occlude(Occlude { area, fill: 200 }).apply(blank, &mut Dice::new(0, "a", visit));
        let found = hidden.pixels().iter().map(|value| f64::from(u8::from(*value == 200))).sum::<f64>() / 4800.0;
        assert!((found - share).abs() < 0.03, "{share}: {found}");
    }
}

#[test]
fn jpeg_of_low_quality_changes_more() {
    let error = |quality| {
        let jpeg = Augment::Jpeg(Jpeg { quality: Interval { from: quality, to: quality } });
        apply(&jpeg, 0, "a", 0).pixels().iter().zip(face().pixels()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>()
    };
    assert!(error(5) > 2 * error(95));
}

#[test]
fn another_kind_in_the_chain_reshuffles_nobody() {
    let (flip, grey) = (Augment::Flip(Flip { p: always(0.5) }), Augment::Grey(Grey { p: always(1.0) }));
    let chain = |augments: Vec<Augment>| Augment::Chain(Chain { augments });
    for visit in 0..20 {
        let after = apply(&chain(vec![grey.clone(), flip.clone()]), 3, "a", visit);
        assert_eq!(apply(&chain(vec![flip.clone(), grey.clone()]), 3, "a", visit), after);
    }
    let undone = (0..20).filter(|visit| apply(&chain(vec![flip.clone(), flip.clone()]), 3, "a", *visit) == face()).count();
    assert!((3..=17).contains(&undone), "two flips of a chain are two throws, not one: {undone}");
}

#[test]
fn versions_repeat_after_so_many_visits() {
    let step = |versions| Version { augment: low(2, 9), versions, seed: 0 };
    let seen = |treatment: &Treatment, visit| treatment.apply(face(), &mut Dice::new(0, "a", visit), visit);
    let six = Treatment(vec![step(Some(6))]);
    assert_eq!(seen(&six, 1), seen(&six, 7));
    assert!((1..6).any(|visit| seen(&six, visit) != seen(&six, 0)));
    assert_eq!((six.versions(), Treatment(vec![step(Some(6)), step(Some(4))]).versions()), (Some(6), Some(12)));
    assert_eq!(Treatment(vec![step(None)]).versions(), None);
}

#[test]
fn values_out_of_range_are_refused() {
    assert!(every_augment().iter().all(|augment| augment.check().is_ok()));
    assert!(low(9, 2).check().is_err());
    assert!(low(0, 2).check().is_err());
    assert!(Augment::OneOf(OneOf { augments: Vec::new() }).check().is_err());
    assert!(Augment::Jpeg(Jpeg { quality: Interval { from: 0, to: 50 } }).check().is_err());
    assert!(Augment::Flip(Flip { p: always(f64::NAN) }).check().is_err());
}

#[test]
fn augments_read_back_from_json() {
    for augment in every_augment() {
        let text = serde_json::to_string(&augment).unwrap();
        assert_eq!(serde_json::from_str::<Augment>(&text).unwrap(), augment, "{text}");
    }
    let text = serde_json::to_string(&low(8, 20)).unwrap();
    assert_eq!(text, r#"{"kind":"low_resolution","side":"8px..20px","down":"area","up":"cubic"}"#);
}

proptest! {
    #[test]
    fn an_augment_is_a_pure_function_of_seed_sample_and_visit(seed in 0i64..5, visit in 0u64..50) {
        for augment in every_augment() {
            let once = apply(&augment, seed, "ann/1", visit);
            prop_assert_eq!(once.size(), face().size());
            prop_assert_eq!(once, apply(&augment, seed, "ann/1", visit));
        }
    }
}
