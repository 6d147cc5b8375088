//! `ddl term` with this engine: a head or term on given arrays, as a user types it.

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
    insta::assert_snapshot!(shell.ddl(&format!("term '{ddl}' {files}")).transcript());
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
