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
        Augment::GaussianBlur(GaussianBlur { sigma: interval(0.0, 3.0), window: None }),
        Augment::Jpeg(Jpeg { quality: interval(5, 95) }),
        Augment::Occlude(Occlude { area: interval(Fraction(0.0), Fraction(1.0)), fill: 9 }),
        Augment::Brightness(Brightness { by: interval(0.2, 2.0) }),
        Augment::Contrast(Contrast { by: interval(0.2, 2.0) }),
        Augment::Grey(Grey { p: always(0.5) }),
        Augment::Crop(Crop { area: interval(Fraction(0.2), Fraction(1.0)), ratio: interval(0.75, 1.25), resize: None, fill: 3 }),
        Augment::Crop(Crop {
            area: interval(Fraction(0.2), Fraction(1.0)),
            ratio: interval(0.75, 1.25),
            resize: Some(Kernel::Area),
            fill: 0,
        }),
        Augment::Affine(Affine {
            rotate: interval(Angle::degrees(-30.0), Angle::degrees(30.0)),
            scale: interval(0.8, 1.2),
            shift: Fraction(0.2),
            shear: interval(Angle::degrees(0.0), Angle::degrees(10.0)),
            reading: Reading::Bilinear,
            fill: 7,
        }),
        Augment::MotionBlur(MotionBlur {
            length: interval(Pixels(1), Pixels(7)),
            angle: interval(Angle::degrees(0.0), Angle::degrees(180.0)),
        }),
        Augment::GaussianNoise(GaussianNoise { sigma: interval(0.0, 20.0) }),
        Augment::CutOut(CutOut { side: interval(Pixels(1), Pixels(9)), fill: 1 }),
        Augment::Saturation(Saturation { by: interval(0.2, 2.0) }),
        Augment::Hue(Hue { by: interval(Angle::degrees(-180.0), Angle::degrees(180.0)) }),
        Augment::Yiq(Yiq { hue: interval(Angle::degrees(0.0), Angle::degrees(20.0)), saturation: interval(1.0, 1.2) }),
        Augment::RandAugment(RandAugment { number: 3, magnitude: 12 }),
    ];
    let mut all = simple.clone();
    all.push(Augment::Sometimes(Sometimes { augment: Box::new(low(2, 9)), p: always(0.5) }));
    all.push(Augment::OneOf(OneOf { augments: simple.clone() }));
    all.push(Augment::InAnyOrder(InAnyOrder { augments: simple.clone() }));
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
    let blur = Augment::GaussianBlur(GaussianBlur { sigma: Interval { from: 1.0, to: 1.0 }, window: None });
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
    assert_eq!(pixel(Augment::Saturation(Saturation { by: by(0.5) })), [91, 66, 141]);
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

/// The pictures that `tests/oracles/augment/oracle.py` draws.
fn drawn(kind: &str, width: u32, height: u32) -> Image {
    let speckled = |x: u32, y: u32, c: u32| ((x * 37 + y * 91 + c * 53 + x * y * 7 + x * x * y / 3) % 256) as u8;
    let smooth = |x: u32, y: u32, c: u32| (30 + x * 150 / width + (y * 40 / height) * (c + 1) / 2 + c * 9) as u8;
    Image::from_fn(width, height, |x, y| [0, 1, 2].map(|c| if kind == "smooth" { smooth(x, y, c) } else { speckled(x, y, c) }))
}

/// What a line of the golden file says that an image becomes.
fn changed(image: Image, change: &[&str]) -> Image {
    let number = |at: usize| change[at].parse::<f64>().unwrap();
    let degrees = |at: usize| Angle::degrees(number(at));
    match change[0] {
        "brightness" => tone::brightness(image, number(1)),
        "contrast" => tone::contrast(image, number(1)),
        "saturation" => tone::saturation(image, number(1)),
        "hue" => tone::hue(image, number(1)),
        "yiq" => tone::yiq(image, degrees(1), number(2)),
        "affine" => {
            let centre = (f64::from(image.width()) * 0.5, f64::from(image.height()) * 0.5);
            let shear = (degrees(5), Angle::radians(0.0));
            let moved = affine::Move { angle: degrees(1), shift: (number(2), number(3)), scale: number(4), shear, centre };
            moved.apply(&image, if change[6] == "nearest" { Reading::Nearest } else { Reading::Bilinear }, number(7) as u8)
        }
        "rand" => {
            let of = rand_augment::CHANGES.into_iter().find(|known| format!("{known:?}") == change[1]).unwrap();
            of.apply(image, number(2) as u32, change[3] == "-")
        }
        "motion" => motion::blurred(&image, number(1) as i64, degrees(2)),
        "crop" => {
            let whole = |at| number(at) as u32;
            let part = crop::Part { left: whole(1), top: whole(2), width: whole(3), height: whole(4) };
            if change[5] == "none" {
                part.alone(image, 0)
            } else {
                crate::resize::resize(&part.cut(&image), image.width(), image.height(), Kernel::PilBilinear)
            }
        }
        other => unreachable!("{other}"),
    }
}

#[test]
fn pixels_are_those_of_torchvision_and_of_the_formulas() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracles/augment/golden.json");
    let golden: std::collections::BTreeMap<String, String> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for (what, digest) in &golden {
        let words: Vec<&str> = what.split(' ').collect();
        let (change, picture) = words.split_at(words.len() - 2);
        let (width, height) = picture[1].split_once('x').map(|(width, height)| (width.parse().unwrap(), height.parse().unwrap())).unwrap();
        let made = changed(drawn(picture[0], width, height), change);
        if blake3::hash(made.pixels()).to_hex().as_str() != digest {
            wrong.push(what);
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ: {wrong:#?}", wrong.len(), golden.len());
    assert!(golden.len() > 1000, "{}", golden.len());
}

#[test]
fn a_crop_has_its_area_and_its_shape() {
    for visit in 0..40 {
        let (area, ratio) = (interval(Fraction(0.2), Fraction(0.6)), interval(0.75, 4.0 / 3.0));
        let white = Image::from_fn(60, 60, |_, _| [255; 3]);
        let part = Augment::Crop(Crop { area, ratio, resize: None, fill: 0 }).apply(white, &mut Dice::new(0, "a", visit));
        let bright = |image: &Image, x, y| image.pixel(x, y) == Some([255; 3]);
        let columns = (0..60).filter(|x| (0..60).any(|y| bright(&part, *x, y))).count();
        let rows = (0..60).filter(|y| (0..60).any(|x| bright(&part, x, *y))).count();
        let pixels = part.pixels().chunks(3).filter(|pixel| *pixel == [255; 3]).count();
        assert_eq!(pixels, columns * rows, "one rectangle");
        assert!(
            (0.18..0.62).contains(&(pixels as f64 / 3600.0)) && (0.7..1.42).contains(&(columns as f64 / rows as f64)),
            "{columns}x{rows}"
        );
    }
    // nothing of this shape has this area: the largest one in the middle
    let (area, ratio) = (interval(Fraction(1.0), Fraction(1.0)), interval(2.0, 2.0));
    let white = Image::from_fn(8, 8, |_, _| [255; 3]);
    let part = Augment::Crop(Crop { area, ratio, resize: None, fill: 0 }).apply(white, &mut Dice::new(0, "a", 0));
    let rows: Vec<bool> = (0..8).map(|y| part.pixel(0, y) == Some([255; 3])).collect();
    assert_eq!(rows, [false, false, true, true, true, true, false, false]);
}

#[test]
fn noise_has_its_mean_and_its_deviation() {
    let noise = Augment::GaussianNoise(GaussianNoise { sigma: interval(12.0, 12.0) });
    let flat = noise.apply(Image::from_fn(112, 112, |_, _| [128; 3]), &mut Dice::new(0, "a", 0));
    let numbers: Vec<f64> = flat.pixels().iter().map(|value| f64::from(*value) - 128.0).collect();
    let count = numbers.len() as f64;
    let (mean, square) = (numbers.iter().sum::<f64>() / count, numbers.iter().map(|x| x * x).sum::<f64>() / count);
    let fourth = numbers.iter().map(|x| x.powi(4)).sum::<f64>() / count / (square * square);
    // three standard errors; rounding adds 1/12 to the variance
    assert!(
        mean.abs() < 0.19 && ((square - 1.0 / 12.0).sqrt() - 12.0).abs() < 0.14 && (fourth - 3.0).abs() < 0.08,
        "{mean} {square} {fourth}"
    );
}

#[test]
fn a_hole_is_a_square_that_may_lie_partly_outside() {
    let holes: Vec<usize> = (0..60)
        .map(|visit| {
            let hole = Augment::CutOut(CutOut { side: interval(Pixels(6), Pixels(6)), fill: 200 });
            let image = hole.apply(Image::from_fn(20, 20, |_, _| [0; 3]), &mut Dice::new(0, "a", visit));
            image.pixels().chunks(3).filter(|pixel| *pixel == [200; 3]).count()
        })
        .collect();
    assert!(holes.iter().all(|pixels| (9..=36).contains(pixels)), "{holes:?}");
    assert!(holes.contains(&36) && holes.iter().any(|pixels| *pixels < 36), "{holes:?}");
}

#[test]
fn an_order_is_drawn_and_all_are_applied() {
    let (dark, cut) = (
        Augment::Brightness(Brightness { by: interval(0.5, 0.5) }),
        Augment::CutOut(CutOut { side: interval(Pixels(40), Pixels(40)), fill: 100 }),
    );
    let both = Augment::InAnyOrder(InAnyOrder { augments: vec![dark, cut] });
    let seen: Vec<u8> =
        (0..40).map(|visit| both.apply(Image::from_fn(4, 4, |_, _| [10; 3]), &mut Dice::new(0, "a", visit)).pixels()[0]).collect();
    assert!(seen.iter().all(|value| [50, 100].contains(value)), "{seen:?}");
    let first = |value: &u8| usize::from(*value == 50);
    assert!((10..=30).contains(&seen.iter().map(first).sum::<usize>()), "{seen:?}");
}

#[test]
fn a_window_cuts_the_kernel() {
    let blur = |window| Augment::GaussianBlur(GaussianBlur { sigma: interval(0.8, 0.8), window });
    let point = Image::from_fn(9, 9, |x, _| [if x == 4 { 255 } else { 0 }; 3]);
    let row = |window| [3, 4, 5, 6].map(|x| blur(window).apply(point.clone(), &mut Dice::new(0, "a", 0)).pixel(x, 4).unwrap()[0]);
    // cv2.getGaussianKernel(3, 0.8) is 0.2389, 0.5222, 0.2389
    assert_eq!(row(Some(3)), [61, 133, 61, 0]);
    assert!(row(None)[3] > 0);
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
