//! Verification and identification of templates beside an independent computation (`tests/oracles/templates/oracle.py`), from the files on.

#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers of a test")]

use ddl::data::probe::{Digest, ProbeCache};
use ddl::data::protocol::{PairCounts, Strangers, TemplateOf, TemplatePair, TemplateSearch, Templates};
use ddl::data::{ImageSet, ImageSource, Name, NewRow, Schema, Stream, Table, TableBuilder};
use ddl::eval::{
    Comparator, FaceNorm, Far, FarRule, Learned, Linear, Multicolumn, Scored, cmc, identify_by, pool_templates, streamed_pairs, tpir_at,
};
use proptest::prelude::*;
use serde_json::Value;
use std::error::Error;
use std::fmt::Write as _; // a String takes all that is written to it
use std::sync::Arc;

const FACES: usize = 90;
const DIM: usize = 24;
const PEOPLE: usize = 9;
const TEMPLATES: usize = 27;

#[derive(Debug)]
struct Nothing;

impl ImageSet for Nothing {
    fn id(&self) -> &[u8] {
        b"nothing"
    }
    fn name(&self, image: u32) -> Name<'_> {
        Name::Number(image)
    }
    fn place(&self, image: u32) -> String {
        image.to_string()
    }
    fn digest(&self, _: u32) -> Option<Digest> {
        None
    }
    fn open(&self, image: u32, _: Option<Digest>) -> Result<ddl::data::image::Image, ddl::data::DataError> {
        Err(ddl::data::DataError::Corrupt { image: self.place(image), why: "it is not drawn".to_owned() })
    }
}

/// Images `0.jpg`, `1.jpg`, … in a table in the reverse order of their numbers.
fn table(faces: usize) -> Table {
    let mut builder = TableBuilder::new(Schema::default());
    let set = Arc::new(Nothing);
    for face in (0..faces).rev() {
        let path: Arc<str> = Arc::from(format!("{face}.jpg"));
        let source = ImageSource::new(set.clone(), face as u32);
        builder.push(NewRow { path: path.clone(), identity: path, size: None, source, cells: Vec::new() });
    }
    builder.build("templates", Stream::default()).unwrap()
}

fn features(table: &Table) -> Vec<f32> {
    let value = |face: usize, k: usize| {
        let person = face % PEOPLE;
        let own = (face * face * 37 + k * 101 + face * k * 13) % 257;
        let shared = (person * 71 + k * 29 + person * k * 7) % 257;
        (((4 * own + 2 * shared) as f64 / 384.0 - 2.0) * (1 + face % 7) as f64) as f32
    };
    let face = |row: ddl::data::table::Row| row.path().trim_end_matches(".jpg").parse::<usize>().unwrap();
    table.rows().flat_map(|row| (0..DIM).map(move |k| value(face(row), k))).collect()
}

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let (mut list, mut scores, mut pairs) = (String::new(), String::new(), String::new());
        for face in 0..FACES {
            writeln!(list, "{face}.jpg {} {}", 5 + 3 * (face % TEMPLATES), (face * 11) % 4).unwrap();
            writeln!(scores, "{face}.jpg 1 2 3 4 5 6 7 8 9 10 {}", 0.25 + (face % 5) as f64 / 8.0).unwrap();
        }
        for a in 0..TEMPLATES {
            for b in a + 1..TEMPLATES {
                writeln!(pairs, "{} {} {}", 5 + 3 * a, 5 + 3 * b, u8::from(a % PEOPLE == b % PEOPLE)).unwrap();
            }
        }
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("list", list), ("scores", scores), ("pairs", pairs)] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Files { folder }
    }

    fn read(&self, weighted: bool, table: &Table) -> Templates {
        let at = |name: &str| self.folder.path().join(name);
        Templates::read(&at("list"), weighted.then(|| at("scores")).as_deref(), &at("pairs"), table, &ProbeCache::none()).unwrap()
    }
}

fn golden() -> Value {
    serde_json::from_str(include_str!("oracles/templates/golden.json")).unwrap()
}

/// Asserts that the rates of pooled templates are the oracle's.
#[track_caller]
fn assert_rates(pooled: &impl Scored, templates: &Templates, golden: &Value, wanted: &Value) {
    let counts = PairCounts { same: golden["genuine"].as_u64().unwrap(), different: golden["impostor"].as_u64().unwrap() };
    assert_eq!((templates.of.ids.len(), templates.count().unwrap().0), (TEMPLATES, counts));
    let blocks = || Ok::<_, Box<dyn Error>>(templates.pairs()?.map(|block| block.map_err(Box::from)));
    let sets = streamed_pairs(pooled, blocks).unwrap();
    assert_eq!(sets.counts(), (counts.same, counts.different));
    let numbers = |value: &Value| value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect::<Vec<_>>();
    let near = |found: f64, expected: f64, what: &str| assert!((found - expected).abs() < 1e-12, "{what} of {wanted}: {found}");
    for (rule, name) in [(FarRule::Nearest, "nearest"), (FarRule::Conservative, "conservative")] {
        for (far, wanted) in numbers(&golden["fars"]).into_iter().zip(numbers(&wanted[name])) {
            near(sets.tar_at(Far::new(far).unwrap(), rule).unwrap().estimate.value, wanted, name);
        }
    }
    near(sets.auc().value, wanted["auc"].as_f64().unwrap(), "auc");
    near(sets.gap().value, wanted["gap"].as_f64().unwrap(), "gap");
}

fn norm(wanted: &Value) -> FaceNorm {
    if wanted["unit"].as_bool().unwrap() { FaceNorm::Unit } else { FaceNorm::Kept }
}

#[test]
fn templates_are_the_oracles() {
    let (golden, table, files) = (golden(), table(FACES), Files::new());
    for wanted in golden["rates"].as_array().unwrap() {
        let templates = files.read(wanted["weighted"].as_bool().unwrap(), &table);
        let pooled = pool_templates(&features(&table), DIM, &templates.of.faces, TEMPLATES, norm(wanted), None).unwrap();
        assert_rates(&pooled, &templates, &golden, wanted);
    }
}

#[test]
fn templates_of_learned_qualities_are_the_oracles() {
    let (golden, table, files) = (golden(), table(FACES), Files::new());
    let linear = |n: usize, of: fn(f64) -> f64, bias: f64| Linear { weight: (0..n).map(|k| of(k as f64)).collect(), bias };
    for wanted in golden["learned"].as_array().unwrap() {
        let by = Learned::Multicolumn(Multicolumn {
            alpha: linear(DIM, |k| 0.05 * (0.9 * k + 0.2).sin(), 0.3),
            beta: wanted["content"].as_bool().unwrap().then(|| linear(2 * DIM, |k| 0.04 * (0.6 * k).cos(), -0.2)),
        });
        // a detector's scores don't count beside learned qualities
        let templates = files.read(true, &table);
        let pooled = pool_templates(&features(&table), DIM, &templates.of.faces, TEMPLATES, norm(wanted), Some(&by)).unwrap();
        assert_rates(&pooled, &templates, &golden, wanted);
    }
}

#[test]
fn comparisons_of_templates_are_the_oracles() {
    let (golden, table, files) = (golden(), table(FACES), Files::new());
    let (landmarks, inputs, hidden) = (3, 2 * DIM / 3 + 3, [0.0f64, 1.0, 2.0, 3.0, 4.0]);
    let row = |h: f64| (0..inputs).map(|i| f64::from(i as u32)).map(|i| 0.6 * (0.9 * h * i + 0.7 * i + 0.4 * h).sin()).collect();
    let by = Comparator {
        landmarks,
        weight: hidden.map(row).to_vec(),
        bias: hidden.map(|h| 0.2 * (1.1 * h).cos()).to_vec(),
        score: hidden.map(|h| 1.5 * (0.8 * h + 0.1).cos()).to_vec(),
        offset: -0.3,
    };
    let learned = Learned::Comparator(by.clone());
    for wanted in golden["compared"].as_array().unwrap() {
        let templates = files.read(true, &table);
        let pooled = pool_templates(&features(&table), DIM, &templates.of.faces, TEMPLATES, norm(wanted), Some(&learned)).unwrap();
        assert_rates(&by.compared(&pooled).unwrap(), &templates, &golden, wanted);
    }
}

/// Two galleries that share their probes, as IJB's do.
#[test]
fn searches_of_templates_are_the_oracles() {
    let golden: Value = serde_json::from_str(include_str!("oracles/templates/golden.json")).unwrap();
    let numbers = |value: &Value| value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect::<Vec<_>>();
    let (table, files) = (table(FACES), Files::new());
    let csv = |name: &str, places: &[usize]| {
        let lines = places.iter().map(|at| format!("{},{},x.jpg\n", 5 + 3 * at, at % PEOPLE));
        let file = files.folder.path().join(name);
        std::fs::write(&file, format!("TEMPLATE_ID,SUBJECT_ID,FILENAME\n{}", lines.collect::<String>())).unwrap();
        file
    };
    let probe = csv("probe", &(10..TEMPLATES).collect::<Vec<_>>());
    for (gallery, wanted) in [[0, 1, 2, 3, 9].as_slice(), &[4, 5, 6]].into_iter().zip(golden["searches"].as_array().unwrap()) {
        let gallery = csv("gallery", gallery);
        for wanted in wanted.as_array().unwrap() {
            let (unit, weighted) = (wanted["unit"].as_bool().unwrap(), wanted["weighted"].as_bool().unwrap());
            let of = files.read(weighted, &table).of;
            let search = TemplateSearch::read(of, &[&gallery], &probe, Strangers::Keep, &ProbeCache::none()).unwrap();
            assert_eq!((Some(search.mated), Some(search.unmated)), (wanted["mated"].as_u64(), wanted["strangers"].as_u64()));
            let norm = if unit { FaceNorm::Unit } else { FaceNorm::Kept };
            let pooled = pool_templates(&features(&table), DIM, &search.of.faces, TEMPLATES, norm, None).unwrap();
            let people = |of: &[TemplateOf]| of.iter().map(|it| it.person).collect::<Vec<_>>();
            let place = |of: &[TemplateOf], at: usize| of[at].template as usize;
            let score = |probe, j| pooled.score_of(place(&search.probe, probe), place(&search.gallery, j));
            let searched = identify_by(&people(&search.probe), &people(&search.gallery), score);
            let ranks: Vec<f64> = cmc(&searched.outcomes, &[1, 2, 3]).unwrap().into_iter().map(|it| it.value).collect();
            let fpirs = numbers(&golden["fpirs"]).into_iter();
            let tpir: Vec<f64> = fpirs.map(|fpir| tpir_at(&searched.outcomes, Far::new(fpir).unwrap()).unwrap().estimate.value).collect();
            for (found, wanted) in ranks.into_iter().chain(tpir).zip(numbers(&wanted["ranks"]).into_iter().chain(numbers(&wanted["tpir"])))
            {
                assert!((found - wanted).abs() < 1e-12, "unit {unit}, weighted {weighted}: {found} {wanted}");
            }
        }
    }
}

proptest! {
    #[test]
    fn where_lines_stand_changes_nothing(turn in 0usize..90, seed in 0i64..100) {
        use ddl::data::protocol::TemplateFace;
        let values: Vec<f32> = (0..30 * 4).map(|i| (ddl::random::Draw::new(seed, "faces").number(i).unit() - 0.5) as f32).collect();
        // whole numbers of sixteenths, whose sums are exact: the order within a medium may then not show
        let values: Vec<f32> = values.iter().map(|x| (x * 16.0).round() / 16.0 + 2.0).collect();
        let mut faces: Vec<TemplateFace> =
            (0..30).map(|i| TemplateFace { template: i % 5, number: i % 5, medium: i / 8, row: i, weight: 1.0 }).collect();
        let plain = pool_templates(&values, 4, &faces, 5, FaceNorm::Kept, None).unwrap();
        faces.rotate_left(turn % 30);
        faces.reverse();
        let turned = pool_templates(&values, 4, &faces, 5, FaceNorm::Kept, None).unwrap();
        let all: Vec<TemplatePair> =
            (0..5).flat_map(|a| (0..5).map(move |b| TemplatePair { a, b, same: (a + b) % 2 == 0 })).collect();
        let sets = |of| streamed_pairs(&of, || Ok::<_, ddl::eval::EvalError>(std::iter::once(Ok(all.clone())))).unwrap();
        prop_assert_eq!(sets(plain), sets(turned));
    }
}
