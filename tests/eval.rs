//! `ddl::eval` beside an independent computation (`tests/oracles/eval/oracle.py`), and laws that hold for any scores.

#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "small numbers of a test")]

use ddl::eval::{
    AccuracyRule, Far, FarRule, Features, Measured, PairScores, Pairs, Parted, ScoreSets, Trials, Unit, accuracy, accuracy_without_each,
    all_pairs, cmc, identify, mean_of, paired, parts, pooled_of, recall_at, t_quantile, tpir_at, val_at_far, wilson,
};
use proptest::prelude::*;
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("oracles/eval/golden.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// Rows of numbers, as `[[far, rate], …]`.
fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

fn far(value: f64) -> Far {
    Far::new(value).unwrap()
}

#[track_caller]
fn near(found: f64, wanted: &Value) {
    let wanted = wanted.as_f64().unwrap();
    assert!((found - wanted).abs() < 1e-12, "found {found}, the oracle says {wanted}");
}

fn golden_pairs(golden: &Value) -> Pairs {
    let fold = numbers(&golden["fold"]).into_iter().map(|f| f as u32).collect();
    let same = golden["same"].as_array().unwrap().iter().map(|v| v.as_bool().unwrap()).collect();
    Pairs::new(fold, same, PairScores::Cosine(numbers(&golden["cosine"]))).unwrap()
}

#[test]
fn accuracies_over_folds_are_the_oracles() {
    let golden = golden();
    let pairs = golden_pairs(&golden);
    for (rule, name) in [(AccuracyRule::Insightface, "insightface"), (AccuracyRule::FacexZoo, "facex_zoo")] {
        let result = accuracy(&pairs, rule).unwrap();
        near(result.estimate.value, &golden[name]["mean"]);
        near(result.estimate.std.unwrap(), &golden[name]["std"]);
        for (fold, wanted) in result.folds.iter().zip(golden[name]["thresholds"].as_array().unwrap()) {
            near(fold.threshold, wanted);
        }
        let without = accuracy_without_each(&pairs, rule).unwrap();
        assert!(parts::interval(result.estimate.value, &without, Unit::Percent).unwrap().contains(result.estimate.value));
    }
    for wanted in golden["val"].as_array().unwrap() {
        let result = val_at_far(&pairs, far(wanted["far"].as_f64().unwrap())).unwrap();
        near(result.estimate.value, &wanted["val"]);
        near(result.estimate.std.unwrap(), &wanted["std"]);
        near(result.measured_far, &wanted["measured_far"]);
    }
}

#[test]
fn rates_over_all_pairs_are_the_oracles() {
    let golden = golden();
    let sets = golden_pairs(&golden).score_sets();
    for wanted in golden["tar"].as_array().unwrap() {
        for (rule, name) in [(FarRule::Conservative, "conservative"), (FarRule::Nearest, "nearest"), (FarRule::Linear, "linear")] {
            let tar = sets.tar_at(far(wanted["far"].as_f64().unwrap()), rule).unwrap();
            near(tar.estimate.value, &wanted[name]);
            assert!(tar.estimate.ci.unwrap().contains(tar.estimate.value));
        }
    }
    near(sets.eer().value, &golden["eer"]);
    near(sets.auc().value, &golden["auc"]);
    near(sets.auc().value, &golden["auc_mann_whitney"]);
    let auc = sets.auc();
    let se = (auc.ci.unwrap().high - auc.value) / 1.959_963_984_540_054;
    near(se, &golden["auc_se"]);
    near(sets.gap().value, &golden["gap"]);
    near(sets.d_prime().unwrap().value, &golden["d_prime"]);
}

#[test]
fn rates_at_a_threshold_of_others_are_the_oracles() {
    let golden = golden();
    let pairs = golden_pairs(&golden);
    let half = |second: bool| {
        let of = |same: bool| {
            let all = pairs.fold().iter().zip(pairs.same()).zip(pairs.similarities());
            all.filter(|((fold, it), _)| (**fold >= 5) == second && **it == same).map(|(_, score)| score).collect()
        };
        ScoreSets::new(of(true), of(false)).unwrap()
    };
    let (here, there) = (half(false), half(true));
    for row in rows(&golden["at_thresholds"]) {
        let at = here.threshold_at(far(row[0])).unwrap();
        let found = [at.cosine(), there.fmr(at).value, there.fnmr(at).value];
        assert!(found.iter().zip(&row[1..]).all(|(found, wanted)| (found - wanted).abs() < 1e-12), "{row:?}: {found:?}");
        assert!(here.fmr(at).value <= row[0] && there.fmr(at).ci.unwrap().contains(found[1]));
    }
}

#[test]
fn statistics_are_the_oracles() {
    let golden = golden();
    for row in rows(&golden["wilson"]) {
        let ci = wilson(row[0], row[1] as u64);
        assert!((ci.low - row[2]).abs() < 1e-12 && (ci.high - row[3]).abs() < 1e-12, "{row:?}: {ci:?}");
    }
    for row in rows(&golden["t"]) {
        let found = t_quantile(row[0], row[1] as u64);
        assert!((found / row[2] - 1.0).abs() < 1e-9, "{row:?}: {found}");
    }
    let wanted = &golden["paired"];
    let both = numbers(&wanted["a"]).into_iter().zip(numbers(&wanted["b"]));
    let in_arms: Vec<_> =
        both.enumerate().map(|(seed, (a, b))| ([("seed".to_owned(), seed.to_string())].into_iter().collect(), a, b)).collect();
    let found = paired(&in_arms, |_| false).unwrap();
    let noise = found.noise.unwrap();
    near(found.mean, &wanted["mean"]);
    near(found.sd.unwrap(), &wanted["sd"]);
    near(noise.ci.low, &wanted["low"]);
    near(noise.ci.high, &wanted["high"]);
    assert!(noise.p < 0.05);
}

/// The oracle's features: rows `from..to` of `[240, 24]`, thirty people in turn.
fn features(from: usize, to: usize) -> Features {
    let (values, labels) = drawn(from, to);
    Features::new(&values, 24, labels).unwrap()
}

fn drawn(from: usize, to: usize) -> (Vec<f32>, Vec<u32>) {
    let (d, people) = (24, 30);
    let value = |i: usize, k: usize| {
        let person = i % people;
        let own = (i * 37 + k * 101 + i * k * 13) % 257;
        let shared = (person * 71 + k * 29 + person * k * 7) % 257;
        ((own + shared) as f64 / 128.0 - 2.0) as f32
    };
    let values = (from..to).flat_map(|i| (0..d).map(move |k| value(i, k))).collect();
    (values, (from..to).map(|i| (i % people) as u32).collect())
}

#[test]
fn every_pair_of_a_set_is_counted_as_the_oracle_does() {
    let wanted = &golden()["all_pairs"];
    let sets = all_pairs(&features(0, 240)).unwrap();
    assert_eq!(sets.counts(), (wanted["n_genuine"].as_u64().unwrap(), wanted["n_impostor"].as_u64().unwrap()));
    near(sets.auc().value, &wanted["auc"]);
    near(sets.gap().value, &wanted["gap"]);
    near(sets.d_prime().unwrap().value, &wanted["d_prime"]);
    for row in rows(&wanted["tar"]) {
        let found = sets.tar_at(far(row[0]), FarRule::Conservative).unwrap().estimate.value;
        assert!((found - row[1]).abs() < 1e-12, "{row:?}: {found}");
    }
}

#[test]
fn identification_is_the_oracles() {
    let wanted = &golden()["identification"];
    let outcomes = identify(&features(30, 240), &features(0, 20)).unwrap().outcomes;
    for row in rows(&wanted["cmc"]) {
        let found = cmc(&outcomes, &[row[0] as u32]).unwrap()[0].value;
        assert!((found - row[1]).abs() < 1e-12, "{row:?}: {found}");
    }
    for row in rows(&wanted["tpir"]) {
        let found = tpir_at(&outcomes, far(row[0])).unwrap().estimate.value;
        assert!((found - row[1]).abs() < 1e-12, "{row:?}: {found}");
    }
}

/// The threshold over all scores of insightface's `ijb_1n.py`, and the counted ranks of its `ijb_evals.py`.
#[test]
fn rates_of_the_public_scripts_for_ijb_are_the_oracles() {
    let wanted = &golden()["identification"];
    let closed = identify(&features(30, 240), &features(0, 30)).unwrap();
    for row in rows(&wanted["recall"]) {
        let found = recall_at(&closed, far(row[0])).unwrap();
        assert!((found.value - row[1]).abs() < 1e-12 && found.n_impostor == row[2] as u64, "{row:?}: {found:?}");
    }
    // probes 150 to 160 are left out, so that people have other numbers of probes in the two galleries
    let (values, labels) = drawn(30, 150);
    let (more, more_labels) = drawn(160, 240);
    let probes = Features::new(&[values, more].concat(), 24, [labels, more_labels].concat()).unwrap();
    let numbers = |k: u32| {
        [(0, 12), (12, 30)].map(|(from, to)| {
            let searched = identify(&probes, &features(from, to)).unwrap();
            let estimate = cmc(&searched.outcomes, &[k]).unwrap().remove(0);
            Measured { estimate, without: Vec::new(), left: Vec::new(), parted: Parted::default() }
        })
    };
    for (at, k) in [1, 5].into_iter().enumerate() {
        near(pooled_of(&numbers(k), Trials::Genuine, Unit::Percent).unwrap().0.value, &wanted["pooled"]["rank"][at]);
        near(mean_of(&numbers(k), Unit::Percent).unwrap().0.value, &wanted["pooled"]["mean"][at]);
    }
    assert!(wanted["pooled"]["rank"][0] != wanted["pooled"]["mean"][0], "the oracle tells them apart");
}

/// Scores on a grid, so that they tie, and not.
fn some_scores() -> impl Strategy<Value = Vec<f64>> {
    let score = prop_oneof![(-20i32..=20).prop_map(|n| f64::from(n) / 20.0), -1.0..1.0f64];
    proptest::collection::vec(score, 1..80)
}

proptest! {
    #[test]
    fn ranks_alone_decide_the_area(genuine in some_scores(), impostor in some_scores()) {
        let plain = ScoreSets::new(genuine.clone(), impostor.clone()).unwrap();
        // Rising maps: doubling loses nothing, so ties stay ties and nothing else becomes one; the other leaves the range of a cosine.
        for map in [|s: f64| s / 2.0, |s: f64| s * 64.0] {
            let mapped = ScoreSets::new(genuine.iter().copied().map(map).collect(), impostor.iter().copied().map(map).collect()).unwrap();
            prop_assert_eq!(plain.auc(), mapped.auc());
            prop_assert_eq!(plain.eer(), mapped.eer());
            prop_assert_eq!(plain.roc(20), mapped.roc(20));
        }
    }

    #[test]
    fn the_order_of_pairs_changes_nothing(genuine in some_scores(), impostor in some_scores(), turn in 0usize..80) {
        let turned = |mut v: Vec<f64>| { let n = v.len(); v.rotate_left(turn % n); v.reverse(); v };
        let a = ScoreSets::new(genuine.clone(), impostor.clone()).unwrap();
        let b = ScoreSets::new(turned(genuine), turned(impostor)).unwrap();
        prop_assert_eq!(a, b);
    }

    #[test]
    fn tar_rises_with_far_and_never_exceeds_it(genuine in some_scores(), impostor in some_scores()) {
        let n = impostor.len() as f64;
        let sets = ScoreSets::new(genuine, impostor.clone()).unwrap();
        let mut last = 0.0;
        for k in 1..=impostor.len() {
            let target = far((k as f64 / n).min(1.0));
            let tar = sets.tar_at(target, FarRule::Conservative).unwrap();
            prop_assert!(tar.estimate.value >= last);
            prop_assert!(tar.false_accepts <= k as u64);
            let linear = sets.tar_at(target, FarRule::Linear).unwrap().estimate.value;
            prop_assert!(linear >= tar.estimate.value - 1e-12);
            if let Some(threshold) = tar.threshold {
                prop_assert_eq!(impostor.iter().filter(|s| **s >= threshold.0).count() as u64, tar.false_accepts);
            }
            let ci = tar.estimate.ci.unwrap();
            prop_assert!(0.0 <= ci.low && ci.low <= tar.estimate.value && tar.estimate.value <= ci.high && ci.high <= 1.0);
            last = tar.estimate.value;
        }
        let eer = sets.eer().value;
        prop_assert!((0.0..=1.0).contains(&eer) && (0.0..=1.0).contains(&sets.auc().value));
    }

    #[test]
    fn accuracies_are_rates(scores in proptest::collection::vec((-1.0..=1.0f64, any::<bool>(), 0u32..4), 8..120)) {
        let (mut fold, mut same, mut score) = (vec![0, 1, 2, 3, 0, 1, 2, 3], vec![true, true, true, true, false, false, false, false], vec![0.0; 8]);
        for (s, kind, f) in scores {
            fold.push(f);
            same.push(kind);
            score.push(s);
        }
        let pairs = Pairs::new(fold, same, PairScores::Cosine(score)).unwrap();
        for rule in [AccuracyRule::Insightface, AccuracyRule::FacexZoo] {
            let result = accuracy(&pairs, rule).unwrap();
            prop_assert!((0.0..=1.0).contains(&result.estimate.value));
            prop_assert_eq!(result.folds.len(), 4);
        }
    }
}

/// Images of the plane with whole coordinates, so that many scores tie, and their people.
fn some_images(people: u32) -> impl Strategy<Value = Vec<(i8, i8, u32)>> {
    let image = (-3i8..=3, -3i8..=3, 0..people).prop_filter("it has a direction", |(x, y, _)| (*x, *y) != (0, 0));
    proptest::collection::vec(image, 2..30)
}

fn of_images(images: &[(i8, i8, u32)]) -> Features {
    let values: Vec<f32> = images.iter().flat_map(|(x, y, _)| [f32::from(*x), f32::from(*y)]).collect();
    Features::new(&values, 2, images.iter().map(|(_, _, person)| *person).collect()).unwrap()
}

/// What two images score, rounded as `ddl::eval` rounds it.
fn cosine_of(a: (i8, i8, u32), b: (i8, i8, u32)) -> f64 {
    ddl::eval::cosine(&[f32::from(a.0), f32::from(a.1)], &[f32::from(b.0), f32::from(b.1)]).unwrap()
}

proptest! {
    #[test]
    fn a_search_finds_what_looking_through_all_images_finds(gallery in some_images(6), probes in some_images(9), k in 1u32..7) {
        let outcomes = identify(&of_images(&probes), &of_images(&gallery)).unwrap().outcomes;
        // of each probe: the people of the gallery by their best image, worst place for ties
        let people: std::collections::BTreeSet<u32> = gallery.iter().map(|image| image.2).collect();
        let score = |probe: &(i8, i8, u32), person| gallery.iter().filter(|it| it.2 == person).map(|it| cosine_of(*probe, *it)).fold(f64::NEG_INFINITY, f64::max);
        let mut ranks = Vec::new();
        for (probe, outcome) in probes.iter().zip(&outcomes) {
            let own = people.contains(&probe.2).then(|| score(probe, probe.2));
            let others = || people.iter().filter(|person| **person != probe.2).map(|person| score(probe, *person));
            let rank = own.map(|own| 1 + others().filter(|other| *other >= own).count() as u32);
            prop_assert_eq!(outcome.mate.map(|mate| (mate.score.0, mate.rank)), own.zip(rank));
            prop_assert_eq!(outcome.best_other.map(|it| it.0), others().max_by(f64::total_cmp));
            ranks.push(rank);
        }
        let mated: Vec<u32> = ranks.iter().flatten().copied().collect();
        match cmc(&outcomes, &[k]) {
            Err(_) => prop_assert!(mated.is_empty()),
            Ok(rates) => {
                let naive = mated.iter().filter(|rank| **rank <= k).count() as f64 / mated.len() as f64;
                prop_assert!((rates[0].value - naive).abs() < 1e-15);
                prop_assert!(rates[0].ci.unwrap().contains(naive));
                prop_assert_eq!((rates[0].n_genuine, rates[0].n_impostor), (mated.len() as u64, (probes.len() - mated.len()) as u64));
            }
        }
        let strangers = probes.len() - mated.len();
        for allowed in 1..=strangers.min(3) {
            let Ok(found) = tpir_at(&outcomes, far(allowed as f64 / strangers as f64)) else { prop_assert!(mated.is_empty()); continue };
            let mut best: Vec<f64> = outcomes.iter().filter(|it| it.mate.is_none()).map(|it| it.best_other.unwrap().0).collect();
            best.sort_by(|a, b| b.total_cmp(a));
            let hits = outcomes.iter().filter(|it| it.mate.is_some_and(|mate| mate.rank == 1 && mate.score.0 > best[allowed - 1])).count();
            prop_assert!((found.estimate.value - hits as f64 / mated.len() as f64).abs() < 1e-15);
            prop_assert!(best.iter().filter(|score| **score > found.threshold.0).count() < allowed);
            let ci = found.estimate.ci.unwrap();
            prop_assert!(0.0 <= ci.low && ci.contains(found.estimate.value) && ci.high <= 1.0);
        }
    }
}

/// The interval of TAR holds the true rate about as often as it says, for independent scores of known distributions.
#[test]
fn the_interval_of_tar_covers_the_truth() {
    // Uniform scores: impostors in [0, 1], genuine in [0.5, 1.5]; at FAR 1 % the threshold is 0.99 and TAR is 0.51.
    let trials = 400;
    let held = (0..trials).filter(|&trial| {
        let name = ddl::random::Draw::new(trial, "coverage");
        let draw = |what: &str, n: u64| (0..n).map(|i| name.clone().text(what).number(i).unit()).collect::<Vec<f64>>();
        let genuine = draw("genuine", 300).into_iter().map(|u| u + 0.5).collect();
        let sets = ScoreSets::new(genuine, draw("impostor", 2000)).unwrap();
        sets.tar_at(far(0.01), FarRule::Conservative).unwrap().estimate.ci.unwrap().contains(0.51)
    });
    let coverage = held.count() as f64 / f64::from(trials as i32);
    assert!((0.92..=0.99).contains(&coverage), "{coverage}");
}
