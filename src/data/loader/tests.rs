//! Tests of the loader.

#![allow(clippy::cast_possible_truncation, reason = "rows, sides and lengths that were held against their limits")]

use super::block::Numbers;
use super::*;
use crate::augment::{Flip, GaussianBlur};
use crate::decode::{Scale, decode_scaled};
use crate::image::Image;
use crate::resize::Kernel;
use crate::sampler::{Batches, Sampling};
use crate::stream::{Colour, Sizing};
use crate::testing::{files_of, people};
use crate::views::{MergeLabels, merge};
use crate::{ImageSource, NewRow, Schema, Stream, TableBuilder};
use ::image::codecs::jpeg::JpegEncoder;
use ::image::{ExtendedColorType, ImageEncoder};
use ddl_base::quantity::{Bytes, Fraction, Interval};
use proptest::prelude::*;

fn wanted(layout: Layout, colour: Colour, element: Element) -> Wanted {
    Wanted { width: 8, height: 6, format: PixelFormat { layout, colour, element } }
}

fn plain() -> Wanted {
    wanted(Layout::Nhwc, Colour::Rgb, Element::U8)
}

fn loader(table: &Table, wanted: Wanted, augment: Option<Augment>, budget: u64, threads: usize) -> Loader {
    let cache = Arc::new(ImageCache::new(Bytes(budget)));
    Loader::new(std::slice::from_ref(table), wanted, augment.map(|augment| (augment, 3)), cache, Threads::new(threads).unwrap()).unwrap()
}

fn pick(row: u32, visit: u64) -> Pick {
    Pick { table: 0, row, visit }
}

fn bytes(block: &Block) -> &[u8] {
    match &block.numbers {
        Numbers::U8(bytes) => bytes,
        Numbers::F32(_) => panic!("a block of bytes was asked for"),
    }
}

#[test]
fn pixels_are_laid_out_as_asked() {
    let table = people([("ann", 3)]);
    let picks = [pick(2, 0), pick(0, 0)];
    let block = loader(&table, plain(), None, 0, 1).load(&picks).unwrap();
    // the test images hold [index, 30 x, 40 y]
    assert_eq!(block.shape(), [2, 6, 8, 3]);
    assert_eq!(bytes(&block)[..6], [2, 0, 0, 2, 30, 0]);
    let planes = loader(&table, wanted(Layout::Nchw, Colour::Bgr, Element::U8), None, 0, 1).load(&picks).unwrap();
    assert_eq!((planes.shape(), bytes(&planes)[8], bytes(&planes)[49], bytes(&planes)[96]), ([2, 3, 6, 8], 40, 30, 2));
    let normal = Element::F32(Normalisation { mean: 127.5, divisor: 128.0 });
    let floats = loader(&table, wanted(Layout::Nhwc, Colour::Rgb, normal), None, 0, 1).load(&picks).unwrap();
    let Numbers::F32(floats) = floats.numbers else { panic!("floats were asked for") };
    assert_eq!(floats[0].to_bits(), ((2.0 - 127.5) / 128.0f32).to_bits());
}

#[test]
fn images_of_another_size_are_resized_or_refused() {
    let table = people([("ann", 1)]);
    let other = Wanted { width: 4, height: 3, ..plain() };
    assert_eq!(loader(&table, other.clone(), None, 0, 1).load(&[pick(0, 0)]).unwrap().shape(), [1, 3, 4, 3]);
    let exact = table.with_stream(crate::Stream { refuse_resize: true, ..table.stream().clone() });
    let error = loader(&exact, other, None, 0, 1).load(&[pick(0, 0)]).unwrap_err();
    assert_eq!(error.to_string(), "drawn image 0 is 8x6, wanted 4x3");
}

#[test]
fn each_set_of_a_merge_is_sized_as_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let picture = Image::from_fn(67, 51, |x, y| [(x * 3) as u8, (y * 5) as u8, (x * y) as u8]);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 90).write_image(picture.pixels(), 67, 51, ExtendedColorType::Rgb8).unwrap();
    std::fs::write(folder.path().join("a.jpg"), &jpeg).unwrap();
    let mut builder = TableBuilder::new(Schema::default());
    let source = ImageSource::new(files_of(folder.path(), &["a.jpg"]), 0);
    builder.push(NewRow { path: Arc::from("a.jpg"), identity: Arc::from("bob"), size: Some((67, 51)), source, cells: Vec::new() });
    let file = builder.build("test", Stream::default()).unwrap();
    let sized = |table: &Table, kernel, draft| table.with_stream(Stream { sizing: Sizing { kernel, draft }, ..table.stream().clone() });

    let (drawn, small) = (people([("ann", 1)]), Wanted { width: 16, height: 12, ..plain() });
    let seen = |table: &Table, row| loader(table, small.clone(), None, 1 << 20, 1).image(&pick(row, 0)).unwrap();
    for (kernel, draft, scale) in [
        (Kernel::Cubic, false, Scale::Whole),
        (Kernel::PilBox, false, Scale::Whole),
        (Kernel::OpencvArea, true, Scale::Quarter), // 17x13: an eighth would be too small
    ] {
        let wanted = resize(&decode_scaled(&jpeg, "a.jpg", scale).unwrap(), 16, 12, kernel);
        let file = sized(&file, kernel, draft);
        assert_eq!(seen(&file, 0), wanted, "{kernel:?}");
        let both = merge(&[sized(&drawn, Kernel::PilLanczos, true), file], MergeLabels::Disjoint).unwrap();
        let narrowed = merge(&[both], MergeLabels::Disjoint).unwrap();
        assert_eq!(seen(&narrowed, 1), wanted, "{kernel:?}");
        assert_eq!(seen(&narrowed, 0), seen(&sized(&drawn, Kernel::PilLanczos, false), 0));
    }
    // one cache may be asked for one image in several ways
    let cache = Arc::new(ImageCache::new(Bytes(1 << 20)));
    let ways = [(Kernel::Cubic, false), (Kernel::Cubic, true), (Kernel::PilBox, true)];
    let images = ways.map(|(kernel, draft)| {
        let tables = [sized(&file, kernel, draft)];
        Loader::new(&tables, small.clone(), None, cache.clone(), Threads::new(1).unwrap()).unwrap().image(&pick(0, 0)).unwrap()
    });
    assert!(images[0] != images[1] && images[1] != images[2] && images[0] != images[2]);
}

#[test]
fn the_cache_holds_to_its_budget_and_changes_nothing() {
    let table = people([("ann", 9)]);
    let picks: Vec<Pick> = (0..9).map(|row| pick(row, 0)).collect();
    let bare = loader(&table, plain(), None, 0, 1).load(&picks).unwrap();
    for budget in [0, 500, 1 << 20] {
        let cached = loader(&table, plain(), None, budget, 2);
        assert_eq!(cached.load(&picks).unwrap(), bare);
        assert_eq!(cached.load(&picks).unwrap(), bare);
        assert_eq!(cached.cache.used().0, (budget / 144).min(9) * 144);
    }
}

#[test]
fn treatments_come_before_the_augments_of_the_draw() {
    let always = || Augment::Flip(Flip { p: Fraction(1.0) });
    let table = people([("ann", 1)]);
    let plain_image = loader(&table, plain(), None, 0, 1).image(&pick(0, 0)).unwrap();
    let treated = table.apply(always(), None, 0).unwrap();
    let once = loader(&treated, plain(), None, 0, 1).image(&pick(0, 0)).unwrap();
    let twice = loader(&treated, plain(), Some(always()), 0, 1).image(&pick(0, 0)).unwrap();
    assert_ne!(once, plain_image);
    assert_eq!(twice, plain_image);
}

#[test]
fn two_versions_of_an_image_have_what_is_drawn_for_it_in_common() {
    use crate::augment::{Brightness, Chain, Seen};
    use crate::sampler::Sampling;
    let bright = |from, to| Augment::Brightness(Brightness { by: Interval { from, to } });
    let flip = Augment::Flip(Flip { p: Fraction(0.5) });
    let all = Augment::Chain(Chain { augments: vec![flip, bright(0.5, 1.0)] });
    let table = people([("ann", 6), ("bob", 6)]);
    let batches = Batches::new(&table, &Sampling::Versions, 12, 0).unwrap();
    let loader = Loader::new(batches.tables(), plain(), None, Arc::new(ImageCache::new(Bytes(0))), Threads::new(2).unwrap()).unwrap();
    // nothing is done to the second: both are the same picture, flipped or not and as dark
    let same = loader.through(Seen { augment: Some(all.clone()), second: Some(bright(1.0, 1.0)), seed: 4 }).unwrap();
    let (mut flipped, picks) = (0, batches.at_step(0));
    for (first, second) in picks[..12].iter().zip(&picks[12..]) {
        let image = same.image(first).unwrap();
        assert_eq!(image, same.image(second).unwrap());
        flipped += usize::from(image != loader.image(first).unwrap());
    }
    assert!(flipped > 6, "what is drawn is drawn anew for each image");
    // the second one's own draws are no draws of the first, though of one kind
    let dark = loader.through(Seen { augment: Some(all), second: Some(bright(0.1, 0.9)), seed: 4 }).unwrap();
    let sum = |image: &Image| image.pixels().iter().map(|value| f64::from(*value)).sum::<f64>();
    let shares: Vec<f64> = picks[..12]
        .iter()
        .zip(&picks[12..])
        .map(|(first, second)| {
            assert_eq!(dark.image(first).unwrap(), same.image(first).unwrap());
            sum(&dark.image(second).unwrap()) / sum(&dark.image(first).unwrap())
        })
        .collect();
    let (least, most) = (shares.iter().copied().fold(1.0, f64::min), shares.iter().copied().fold(0.0, f64::max));
    assert!(least < 0.4 && most > 0.6 && most < 0.95, "{shares:?}");
}

#[test]
fn blocks_come_in_order_ahead_of_the_consumer_and_errors_end_them() {
    let table = people([("ann", 4), ("bob", 4)]);
    let batches = Batches::new(&table, &Sampling::Shuffled, 2, 0).unwrap();
    let loader = loader(&table, plain(), None, 0, 2);
    let picks: Vec<Vec<Pick>> = (0..10).map(|step| batches.at_step(step)).collect();
    let blocks: Vec<_> = loader.prefetch(picks.clone(), 3).map(Result::unwrap).collect();
    assert_eq!(blocks.len(), 10);
    assert!(blocks.iter().zip(&picks).all(|((drawn, block), picks)| drawn == picks && *block == loader.load(picks).unwrap()));
    let endless = loader.prefetch((0u64..).map(move |step| batches.at_step(step)), 2);
    assert_eq!(endless.take(5).count(), 5); // and dropping it stops the worker
    let wrong = loader.prefetch(vec![picks[0].clone(), vec![pick(99, 0)], picks[1].clone()], 1);
    assert_eq!(wrong.map(|block| block.is_ok()).collect::<Vec<_>>(), [true, false]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    #[test]
    fn the_bits_do_not_depend_on_threads(rows in proptest::collection::vec(0u32..6, 1..30), visit in 0u64..9) {
        let table = people([("ann", 6)]);
        let picks: Vec<Pick> = rows.into_iter().map(|row| pick(row, visit)).collect();
        let blur = || Some(Augment::GaussianBlur(GaussianBlur { sigma: Interval { from: 0.0, to: 2.0 }, window: None }));
        let one = loader(&table, plain(), blur(), 0, 1).load(&picks).unwrap();
        prop_assert_eq!(one, loader(&table, plain(), blur(), 1000, 5).load(&picks).unwrap());
    }
}
