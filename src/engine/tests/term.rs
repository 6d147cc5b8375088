//! `ddl term` with this engine: a head or term on given arrays, as a user types it.

#![allow(clippy::cast_precision_loss, reason = "small numbers of a test")]

mod common;

use common::shell::Shell;
use serde_json::Value as Json;
use tch::{Kind, Tensor};

/// A float64 matrix from its 1-based places.
fn table(rows: i64, columns: i64, of: impl Fn(f64, f64) -> f64) -> Tensor {
    let values: Vec<f64> = (1..=rows).flat_map(|i| (1..=columns).map(move |j| (i, j))).map(|(i, j)| of(i as f64, j as f64)).collect();
    Tensor::from_slice(&values).view([rows, columns])
}

/// The inputs of the golden numbers of spec 4: `w.npy`, `y.npy`, `x.npy`.
fn golden() -> Shell {
    let shell = Shell::new();
    let (w, y) = (table(5, 6, |k, j| (0.7 * k + 0.2 * j * k).cos()), Tensor::from_slice(&[0i64, 3, 4, 2]));
    let x = w.index_select(0, &y) + table(4, 6, |i, j| 0.5 * (1.3 * i + 0.9 * j).sin());
    save(&shell, "w.npy", &w);
    save(&shell, "y.npy", &y);
    save(&shell, "x.npy", &x);
    save(&shell, "pairs.npy", &Tensor::from_slice(&[0i64, 0, 1, 1]));
    shell
}

fn save(shell: &Shell, name: &str, tensor: &Tensor) {
    tensor.write_npy(shell.path().join(name)).unwrap();
}

fn json(shell: &Shell, line: &str) -> Json {
    let ran = shell.ddl(line);
    assert_eq!(ran.code(), 0, "{line}: {}", ran.stderr());
    serde_json::from_str(&ran.stdout()).unwrap()
}

#[track_caller]
fn near(found: &Json, expected: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - expected).abs() < 1e-8 * expected.abs().max(1.0), "{found}, expected {expected}");
}

const DATA: &str = "--embeddings x.npy --labels y.npy --prototypes w.npy --dtype float64 --json";

#[test]
fn a_value_that_can_not_be_written_is_said() {
    let full = golden().after("exec > /dev/full", &format!("term 'arcface()' {DATA}"));
    assert!(full.code() == 1 && full.stderr().contains("cannot write the result"), "{}", full.transcript());
}

#[test]
fn heads_and_terms_have_the_values_of_the_spec() {
    let shell = golden();
    let value = |term: &str| json(&shell, &format!("term '{term}' {DATA}"))["value"].clone();
    near(&value("arcface(scale = 64, margin = 0.5rad)"), 1.407_797_978_3);
    near(&value("cosface(margin = 0.4)"), 4.357_224_435_6);
    near(&value("0.5 * classify(data, softmax())"), 0.519_745_865_7 / 2.0);
    let metric =
        |term: &str| json(&shell, &format!("term '{term}' --embeddings x.npy --labels pairs.npy --dtype float64 --json"))["value"].clone();
    near(&metric("triplet(data, mining = \"all\")"), 1.181_461_536_1);
    near(&metric("histogram_loss(data, nodes = 101)"), 0.639_256_621_7);
    let center = json(&shell, "term 'center(data)' --embeddings x.npy --labels y.npy --init centres=w.npy --dtype float64 --json");
    near(&center["value"], 0.361_251_081_0);
    assert_eq!(center["changed"][0]["name"], "centres");
    assert_eq!(center["drawn"], serde_json::json!([]));
}

#[test]
fn state_changes_and_gradients_are_written() {
    let shell = golden();
    let report = json(&shell, &format!("term 'curricularface()' {DATA} --grad-out out"));
    near(&report["value"], 2.425_066_6e-4);
    assert_eq!(report["changed"][0]["name"], "t");
    near(&report["changed"][0]["value"], 0.008_730_807_2);
    for (at, name) in ["data", "prototypes"].iter().enumerate() {
        let row = &report["gradients"][at];
        assert_eq!(row["of"], **name);
        let gradient = Tensor::read_npy(shell.path().join(format!("out/{name}.npy"))).unwrap();
        assert_eq!(serde_json::json!(gradient.size()), row["shape"]);
        near(&row["norm"], gradient.norm().double_value(&[]));
    }
    near(&serde_json::json!(Tensor::read_npy(shell.path().join("out/t.after.npy")).unwrap().double_value(&[])), 0.008_730_807_2);
    // the state goes in again
    let second = json(&shell, &format!("term 'curricularface()' {DATA} --init t=out/t.after.npy"));
    assert!(second["changed"][0]["value"].as_f64().unwrap() > 0.017);
}

/// The golden numbers of spec 1.5.
#[test]
fn the_distribution_loss_takes_pairs_by_name() {
    let shell = Shell::new();
    let g = |a: f64, b: f64, c: f64| table(6, 8, move |i, j| (a * i + b * j + c * i * j).sin());
    save(&shell, "ne.npy", &g(0.37, 0.11, 0.73));
    save(&shell, "nh.npy", &g(0.21, 0.17, 0.29));
    save(&shell, "e1.npy", &g(0.9, 0.5, 0.3));
    save(&shell, "e2.npy", &(g(0.9, 0.5, 0.3) + g(1.7, 0.2, 1.1) * 0.3));
    save(&shell, "h1.npy", &g(0.4, 0.7, 0.6));
    save(&shell, "h2.npy", &(g(0.4, 0.7, 0.6) + g(0.8, 1.3, 0.45) * 0.9));
    let ddl = "ddl(teacher = branch(pairs = pe, negatives = e), students = [branch(pairs = ph, negatives = h)])";
    let files = "--batch e=ne.npy --batch h=nh.npy --pairs pe=e1.npy,e2.npy --pairs ph=h1.npy,h2.npy --dtype float64";
    let report = json(&shell, &format!("term '{ddl}' {files} --json"));
    near(&report["value"], -1.372_471_530_384_820_5);
    let norm = |of: &str| report["gradients"].as_array().unwrap().iter().find(|row| row["of"] == of).unwrap()["norm"].clone();
    near(&norm("e"), 0.234_849_23);
    near(&norm("ph.left"), 0.207_595_05);
    insta::assert_snapshot!(rounded(&shell.ddl(&format!("term '{ddl}' {files}")).transcript()));
}

/// A text whose fractions have twelve decimals: the last bits of a sum are the processor's.
fn rounded(text: &str) -> String {
    let round = |word: &str| {
        let number = word.trim_end_matches(',');
        match number.parse::<f64>() {
            Ok(value) if number.contains('.') => format!("{value:.12}{}", &word[number.len()..]),
            _ => word.to_owned(),
        }
    };
    text.split_inclusive([' ', '\n']).map(|word| round(word.trim_end()) + &word[word.trim_end().len()..]).collect()
}

/// The golden numbers of spec 4.3.
#[test]
fn a_teacher_is_a_file_of_its_own() {
    let shell = golden();
    let x = Tensor::read_npy(shell.path().join("x.npy")).unwrap();
    save(&shell, "t.npy", &Tensor::cat(&[x.tanh(), (&x * 2.0).sin()], 1));
    let value =
        |term: &str| json(&shell, &format!("term '{term}' --embeddings x.npy --teacher t.npy --dtype float64 --json"))["value"].clone();
    near(&value("rkd(data, teacher, distance = 1, angle = 0)"), 0.002_396_985_0);
    near(&value("rkd(data, teacher, distance = 0, angle = 1)"), 0.001_879_471_9);
    near(&value("sp(data, teacher)"), 0.004_128_496_8);
    // a map from 6 to 12 channels is learned
    let feature = json(&shell, "term 'feature(data, teacher)' --embeddings x.npy --teacher t.npy --dtype float64 --json");
    assert_eq!(feature["drawn"], serde_json::json!(["adapter.adapter"]));
    assert_eq!(feature["gradients"][1]["shape"], serde_json::json!([12, 6]));
    let kd = "term 'kd(data, teacher, logits = \"linear\")' --embeddings x.npy --labels y.npy --prototypes w.npy --dtype float64 --json";
    let same = json(&shell, &format!("{kd} --teacher x.npy --init teacher.prototypes=w.npy"));
    near(&same["value"], 0.0);
    let without = shell.ddl(&format!("{kd} --teacher x.npy"));
    assert_eq!(without.code(), 2);
    assert!(without.stderr().contains("--init teacher.prototypes=FILE"), "{}", without.stderr());
}

/// Files for every term: embeddings of two networks, pairs, maps, labels, a teacher's output, attributes.
fn arrays() -> Shell {
    let shell = golden();
    let wave = |rows, columns, a: f64, b: f64| table(rows, columns, move |i, j| (a * i + b * j + 0.1 * i * j).sin());
    save(&shell, "a.npy", &wave(4, 6, 1.3, 0.7));
    save(&shell, "b.npy", &wave(4, 8, 0.4, 1.1));
    save(&shell, "same.npy", &wave(4, 6, 0.9, 0.2));
    save(&shell, "l.npy", &wave(3, 6, 0.3, 1.7));
    save(&shell, "r.npy", &wave(3, 6, 1.9, 0.4));
    save(&shell, "maps.npy", &wave(4, 2 * 3 * 3, 0.7, 0.3).view([4, 2, 3, 3]));
    save(&shell, "bins.npy", &wave(4, 198, 0.2, 0.6));
    save(&shell, "pose.npy", &wave(4, 3, 0.4, 0.9));
    save(&shell, "wide.npy", &wave(4, 4 * 3, 0.5, 0.8));
    save(&shell, "landmarks.npy", &wave(4, 4 * 4, 0.5, 0.8));
    shell
}

/// A line for every declared term, with what it takes.
const TERMS: &[(&str, &str, &str)] = &[
    ("classify", "classify(data, arcface())", "--embeddings a.npy --labels y.npy"),
    ("contrastive", "contrastive(data)", "--embeddings a.npy --labels pairs.npy"),
    ("triplet", "triplet(data)", "--embeddings a.npy --labels pairs.npy"),
    ("center", "center(data)", "--embeddings a.npy --labels pairs.npy"),
    ("marginal", "marginal(data)", "--embeddings a.npy --labels pairs.npy"),
    ("range_loss", "range_loss(data, intra = 0.1, inter = 1, margin = 1)", "--embeddings a.npy --labels pairs.npy"),
    ("histogram_loss", "histogram_loss(data)", "--embeddings a.npy --labels pairs.npy"),
    ("n_pair", "n_pair(data)", "--embeddings a.npy --labels pairs.npy"),
    (
        "ddl",
        "ddl(teacher = branch(pairs = p, negatives = data), students = [branch(pairs = q, negatives = data)])",
        "--embeddings a.npy --pairs p=l.npy,r.npy --pairs q=r.npy,l.npy",
    ),
    ("kd", "kd(data, teacher)", "--embeddings a.npy --labels y.npy --teacher same.npy --init teacher.prototypes=w.npy"),
    ("rkd", "rkd(data, teacher)", "--embeddings a.npy --teacher b.npy"),
    ("sp", "sp(data, teacher)", "--embeddings a.npy --teacher b.npy"),
    ("feature", "feature(data, teacher, at = tap(\"anything\"))", "--embeddings maps.npy --teacher maps.npy"),
    ("nst", "nst(data, teacher, at = tap(\"anything\"))", "--embeddings maps.npy --teacher maps.npy"),
    ("mutual", "mutual(data, between = [a, b])", "--embeddings a=a.npy,b=b.npy --labels y.npy"),
    ("co_mining", "co_mining(data, between = [a, b])", "--embeddings a=a.npy,b=b.npy --labels y.npy"),
    (
        "adversary",
        "adversary(data, critic(hidden = [4]), teacher)",
        "--embeddings a.npy --labels y.npy --teacher same.npy --init teacher.prototypes=w.npy",
    ),
    ("fool", "fool(data, critic(hidden = [4], sees = \"embedding\"))", "--embeddings a.npy"),
    (
        "kdgan",
        "kdgan(data, critic(hidden = [4], sees = \"labels\", by = b), between = [a, b])",
        "--embeddings a=a.npy,b=b.npy --labels y.npy",
    ),
    ("stitch", "stitch(data, towards = people)", "--embeddings a.npy --labels y.npy"),
    ("coupled_mapping", "coupled_mapping(p, between = [low, high])", "--pairs p=low=l.npy,r.npy,high=r.npy,l.npy"),
    ("head_pose", "head_pose(data, yaw = .yaw)", "--embeddings bins.npy --attributes yaw.npy"),
    (
        "compare_sets",
        "compare_sets(data, comparator(landmarks = 4, hidden = 4), set_size = 1)",
        "--embeddings landmarks.npy --labels pairs.npy",
    ),
    ("diversity", "diversity(data, landmarks = 1)", "--embeddings maps.npy"),
];

#[test]
fn every_term_is_evaluated_on_arrays() {
    let shell = arrays();
    save(&shell, "yaw.npy", &table(4, 1, |i, _| 0.2 * i));
    let declared: Vec<&str> = ddl::ops::terms::Term::decls().iter().map(|decl| decl.name).collect();
    let missing: Vec<&&str> = declared.iter().filter(|name| !TERMS.iter().any(|(term, ..)| term == *name)).collect();
    assert!(missing.is_empty(), "give each a line in this table: {missing:?}");
    for (name, term, files) in TERMS {
        let report = json(&shell, &format!("term '{term}' {files} --dtype float64 --json"));
        assert_eq!((&report["terms"][0]["name"], &report["terms"][0]["expression"]), (&(*name).into(), &(*term).into()), "{name}");
        assert!(report["value"].as_f64().is_some(), "{name}: {report}");
        assert!(!report["gradients"].as_array().unwrap().is_empty(), "{name}");
    }
}

/// Rows stand as they are written, whatever order they are summed in.
#[test]
fn summands_are_told_in_the_order_in_which_they_are_written() {
    let shell = golden();
    let files = "--embeddings x.npy --labels pairs.npy --dtype float64";
    let alone = |term: &str| json(&shell, &format!("term '{term}' {files} --json"))["terms"][0]["value"].clone();
    let summands = ["triplet(data, margin = 0.9)", "0.5 * contrastive(data)", "triplet(data, margin = 0.1)", "marginal(data)"];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
        let written = order.map(|at| summands[at]).join(" + ");
        let report = json(&shell, &format!("term '{written}' {files} --json"));
        for (row, at) in report["terms"].as_array().unwrap().iter().zip(order) {
            assert_eq!(row["expression"], summands[at], "{written}");
            assert_eq!(row["value"], alone(summands[at]), "{written}");
        }
    }
    let shown = shell.ddl(&format!("term 'triplet(data) + 0.5 * contrastive(data)' {files}")).stdout();
    let rows: Vec<&str> =
        shown.lines().filter(|line| line.contains(", weight ")).filter_map(|line| Some(line.split_once(": ")?.0)).collect();
    assert_eq!(rows, ["triplet(data)", "0.5 * contrastive(data)"]);
}

/// Each network has prototypes of its own, by its name.
#[test]
fn terms_of_several_networks_take_what_each_makes_of_the_images() {
    let shell = arrays();
    save(&shell, "v.npy", &table(5, 8, |k, j| (0.3 * k + 0.5 * j * k).sin()));
    let files = "--embeddings a=x.npy,b=b.npy --labels y.npy --init a.prototypes=w.npy --init b.prototypes=v.npy --dtype float64 --json";
    let report = json(&shell, &format!("term 'mutual(data, between = [a, b], scale = 16) + classify(data, arcface(), of = a)' {files}"));
    let of: Vec<&Json> = report["gradients"].as_array().unwrap().iter().map(|row| &row["of"]).collect();
    assert_eq!(of, ["a.data", "b.data", "a.prototypes", "b.prototypes"]);
    near(&report["terms"][1]["value"], json(&shell, &format!("term 'arcface()' {DATA}"))["value"].as_f64().unwrap());
    // the mean of KL(b || a) and KL(a || b) over the images, by hand
    let read = |name: &str| Tensor::read_npy(shell.path().join(name)).unwrap();
    let unit = |x: Tensor| &x / x.square().sum_dim_intlist([1i64].as_slice(), true, Kind::Double).sqrt();
    let logs = |x: &str, w: &str| (unit(read(x)).matmul(&unit(read(w)).tr()) * 16.0).log_softmax(1, Kind::Double);
    let (a, b) = (logs("x.npy", "w.npy"), logs("b.npy", "v.npy"));
    let kl = |p: &Tensor, q: &Tensor| (p.exp() * (p - q)).sum(Kind::Double).double_value(&[]) / 4.0;
    near(&report["terms"][0]["value"], kl(&b, &a) + kl(&a, &b));
}

/// Values that 32 bits do not hold are numbers of a report like any other, but who asked for them is told.
#[test]
fn values_that_overflow_are_told() {
    let shell = golden();
    save(&shell, "huge.npy", &(table(4, 6, |i, j| (i * j).sin()) * 1e30));
    let line = "term 'center(data, form = \"whole\")' --embeddings huge.npy --labels pairs.npy";
    let ran = shell.ddl(&format!("{line} --json"));
    assert_eq!(serde_json::from_str::<Json>(&ran.stdout()).unwrap()["value"], "inf");
    for (ran, wide) in [(ran, false), (shell.ddl(line), false), (shell.ddl(&format!("{line} --dtype float64")), true)] {
        assert_eq!((ran.code(), ran.stderr().contains("ddl::run::not_finite")), if wide { (0, false) } else { (1, true) });
        assert_eq!(ran.stdout().contains("inf"), !wide, "{}", ran.transcript());
    }
    let ran = shell.ddl(line);
    assert!(ran.stdout().starts_with("value inf\n") && ran.stderr().contains("the value (inf)"), "{}", ran.transcript());
}

#[test]
fn what_does_not_fit_is_one_message() {
    let shell = golden();
    save(&shell, "wide.npy", &table(5, 7, |i, j| i + j));
    save(&shell, "three.npy", &Tensor::from_slice(&[0i64, 1, 2]));
    save(&shell, "nine.npy", &Tensor::from_slice(&[0i64, 9, 2, 1]));
    save(&shell, "minus.npy", &Tensor::from_slice(&[0i64, -1, 2, 1]));
    save(&shell, "nan.npy", &table(4, 6, |i, j| if i > 2.5 && j > 1.5 { f64::NAN } else { i }));
    save(&shell, "whole.npy", &Tensor::ones([4, 6], (Kind::Int64, tch::Device::Cpu)));
    let shell = shell.file("text.npy", "not an array");
    let (x, y) = ("--embeddings x.npy", "--labels y.npy");
    let lines = [
        format!("term 'arcface()' {x} --labels three.npy"),
        format!("term 'arcface()' {x} --labels nine.npy --prototypes w.npy"),
        format!("term 'arcface()' {x} --labels minus.npy"),
        format!("term 'arcface()' {x} --labels x.npy"),
        format!("term 'arcface()' {x} {y} --prototypes wide.npy"),
        format!("term 'arcface()' {x} {y} --init moments=w.npy"),
        format!("term 'arcface()' {x}"),
        format!("term 'arcface()' {y}"),
        format!("term 'arcface()' --embeddings nan.npy {y}"),
        format!("term 'arcface()' --embeddings whole.npy {y}"),
        format!("term 'arcface()' --embeddings text.npy {y}"),
        format!("term 'arcface()' --embeddings gone.npy {y}"),
        format!("term 'arcface(margin = 0.5)' {x} {y}"),
        format!("term 'triplett(data)' {x} {y}"),
        format!("term 'triplet(other)' {x} {y}"),
        format!("term 'ddl(teacher = branch(pairs = data, negatives = data), students = [])' {x} {y}"),
        format!("term 'triplet(data)' {x} {y} --pairs p=x.npy"),
        format!("term 'triplet(data)' {x} {y} --batch data=x.npy"),
        format!("term 'rkd(data, teacher)' {x} {y}"),
        format!("term 'rkd(data, teacher)' {x} {y} --teacher w.npy"),
        format!("term 'mutual(data, between = [a, b])' {x} {y}"),
        format!("term 'mutual(data, between = [a, b])' --embeddings a=x.npy {y}"),
        format!("term 'mutual(data, between = [a, b])' --embeddings a=x.npy,b=wide.npy {y}"),
        format!("term 'triplet(data)' --embeddings a=x.npy,b=x.npy {y}"),
        format!("term 'mutual(data, between = [a, b]) + triplet(e, of = a)' --embeddings a=x.npy,b=x.npy --batch e=x.npy {y}"),
        format!("term 'coupled_mapping(data, between = [a, b])' --embeddings a=x.npy,b=x.npy {y}"),
    ];
    let mut all = String::new();
    for line in lines {
        let ran = shell.ddl(&line);
        assert_eq!(ran.code(), 2, "{line}");
        assert_eq!(ran.stderr().matches("ddl::").count(), 1, "{line}: {}", ran.stderr());
        all += &ran.transcript();
        all.push('\n');
    }
    insta::assert_snapshot!(all);
}
