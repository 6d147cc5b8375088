//! Exported networks, run by a runtime that shares nothing with libtorch: each gives the engine's embeddings to 1e-4 of their length.

#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss, reason = "small numbers of a test")]

mod common;

use common::shell::Shell;
use ddl::nets::onnx::{Around, file};
use ddl::ops::evals::{Embed, FlipConcat, FlipSum, Plain};
use ddl::ops::nets::{Backbone, Extension};
use ddl_engine::model::Model;
use ddl_engine::nn::net::{Colour, Images, Pass, Run};
use ddl_engine::nn::state::State;
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor as Numbers};
use serde_json::{Value as Json, json};
use tch::{Device, Kind, Tensor};

const IMAGES: i64 = 2;

/// A network whose every tensor is other than at its start.
fn model(op: &str, args: &Json) -> Model {
    let backbone: Backbone = serde_json::from_value(with_defaults(op, args.clone())).unwrap();
    let mut model = Model::new(&backbone.into(), None, Device::Cpu).unwrap();
    let mut moved = State::new();
    for spec in model.network.specs() {
        let old = model.state.get(&spec.name).unwrap();
        let wave = Tensor::arange(old.numel() as i64, (Kind::Float, Device::Cpu)).f_sin().unwrap().view_as(old);
        let new = old * (1.0 + 0.1 * &wave) + 0.02 * &wave;
        moved.insert(&spec.name, new, spec.role).unwrap();
    }
    model.state = moved;
    model
}

/// The arguments of an operator with its defaults.
fn with_defaults(op: &str, args: Json) -> Json {
    let mut all = ddl::ops::complete(op, &args);
    all["op"] = op.into();
    all
}

/// Pixels of made-up images, `[n, 3, height, width]`.
fn pixels(model: &Model) -> Tensor {
    let input = model.network.input;
    let count = IMAGES * 3 * input.height * input.width;
    let wave = (Tensor::arange(count, (Kind::Float, Device::Cpu)) * 0.37).sin();
    ((wave + 1.0) * 127.0).round().view([IMAGES, 3, input.height, input.width])
}

/// The same as the network takes them.
fn images(model: &Model, pixels: &Tensor) -> Tensor {
    let bytes = pixels.permute([0, 2, 3, 1]).contiguous().to_kind(Kind::Uint8);
    let mut rows = vec![0_u8; bytes.numel()];
    bytes.copy_data(&mut rows, bytes.numel());
    model.network.input.tensor(&rows, Device::Cpu, Kind::Float).unwrap()
}

fn rows(tensor: &Tensor) -> Vec<f32> {
    Vec::<f32>::try_from(tensor.contiguous().view([-1])).unwrap()
}

/// What the runtime makes of these images and attributes, `[n, width]`, row by row.
fn run_reading(bytes: Vec<u8>, images: &Tensor, attributes: &Tensor) -> Vec<f32> {
    let network = rten::Model::load(bytes).unwrap();
    let sides = |x: &Tensor| x.size().iter().map(|side| *side as usize).collect::<Vec<_>>();
    let [images, attributes] = [images, attributes].map(|x| Numbers::from_data(&sides(x), rows(x)));
    let [images, attributes] =
        [("images", &images), ("attributes", &attributes)].map(|(name, x)| (network.node_id(name).unwrap(), x.view().into()));
    let [output] = network.run_n(vec![images, attributes], [network.output_ids()[0]], None).unwrap();
    let output: NdTensor<f32, 2> = output.try_into().unwrap();
    output.to_vec()
}

/// What the runtime makes of these images, `[n, width]`, row by row.
fn run(bytes: Vec<u8>, images: &Tensor) -> Vec<f32> {
    let network = rten::Model::load(bytes).unwrap();
    let sides: Vec<usize> = images.size().iter().map(|side| *side as usize).collect();
    let input = Numbers::from_data(&sides, rows(images));
    let output: NdTensor<f32, 2> = network.run_one(input.view().into(), None).unwrap().try_into().unwrap();
    assert_eq!(output.shape()[0] as i64, IMAGES);
    output.to_vec()
}

/// The largest difference of two sets of embeddings as a share of the longest one.
fn off(ours: &[f32], theirs: &[f32]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    let largest = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(f32::abs).fold(0.0, f32::max);
    largest(&mut ours.iter().zip(theirs).map(|(a, b)| a - b)) / largest(&mut ours.iter().copied()).max(1e-6)
}

fn embed(model: &Model, images: &Tensor) -> Tensor {
    tch::no_grad(|| model.network.forward(&model.state, images, &Pass::judging()).unwrap())
}

#[test]
fn every_backbone_runs_elsewhere() {
    let _guard = tch::no_grad_guard();
    for (op, args) in [
        ("tiny", json!({"side": "64px"})),
        ("tiny", json!({"side": "50px"})),
        ("mobilefacenet", json!({})),
        ("mobilefacenet", json!({"variant": "tface"})),
        ("mobilefacenet", json!({"variant": "mbf"})),
        ("iresnet", json!({"depth": 18})),
        ("ir", json!({"depth": 18})),
        ("ir", json!({"depth": 50, "se": true})),
        ("lightcnn", json!({"form": "9"})),
        ("lightcnn", json!({"form": "29v2"})),
        ("spherenet", json!({})),
        ("resnet50", json!({})),
        ("vgg16", json!({})),
        ("deepid", json!({})),
        ("deepface", json!({"width": 4, "embedding": 64})),
        ("hopenet", json!({})),
        ("vit", json!({"size": "t", "depth": 3})),
        ("vit", json!({"size": "t", "depth": 2, "width": 64, "mask_ratio": 0.3})),
    ] {
        let model = model(op, &args);
        let (tensors, _) = model.to_files().unwrap();
        let images = images(&model, &pixels(&model));
        let around = Around { pixels: false, embed: &Embed::Plain(Plain {}), unit: false };
        let theirs = run(file(&model.made, &tensors, around).unwrap(), &images);
        let off = off(&rows(&embed(&model, &images)), &theirs);
        assert!(off < 1e-4, "{op} {args}: {off}");
    }
}

#[test]
fn normalisation_flips_and_length_are_in_the_file_when_they_are_asked_for() {
    let _guard = tch::no_grad_guard();
    // red first, blue first, grey
    for (op, args, colour) in [
        ("tiny", json!({}), Colour::Rgb),
        ("ir", json!({"depth": 18, "colour": "bgr"}), Colour::Bgr),
        ("lightcnn", json!({"form": "9"}), Colour::Grey),
    ] {
        let model = model(op, &args);
        assert_eq!(model.network.input.colour, colour, "{op}");
        let (tensors, _) = model.to_files().unwrap();
        let pixels = pixels(&model);
        let images = images(&model, &pixels);
        let (plain, flipped) = (embed(&model, &images), embed(&model, &images.flip([3])));
        let unit = |x: &Tensor| x / x.norm_scalaropt_dim(2, [1], true);
        for (how, expected) in [
            (Embed::Plain(Plain {}), plain.shallow_clone()),
            (Embed::FlipSum(FlipSum {}), &plain + &flipped),
            (Embed::FlipConcat(FlipConcat {}), Tensor::cat(&[&plain, &flipped], 1)),
        ] {
            let around = Around { pixels: true, embed: &how, unit: true };
            let off = off(&rows(&unit(&expected)), &run(file(&model.made, &tensors, around).unwrap(), &pixels));
            assert!(off < 1e-4, "{colour:?} {how:?}: {off}");
        }
    }
}

/// A network that reads the yaw is given it beside the images, for the flips too.
#[test]
fn what_a_network_reads_is_a_second_input() {
    let _guard = tch::no_grad_guard();
    let yaw = json!({"model": {"node": 0}, "yaw": {"row": ddl::data::predicate::Expr::attribute("yaw")}, "op": "dream"});
    let dream: Extension = serde_json::from_value(with_defaults("dream", yaw)).unwrap();
    let mapping: Extension =
        serde_json::from_value(with_defaults("mapping", json!({"model": {"node": 0}, "hidden": 24, "op": "mapping"}))).unwrap();
    let model = model("tiny", &json!({"embedding": 16})).extended(&mapping).unwrap().extended(&dream).unwrap();
    let (tensors, _) = model.to_files().unwrap();
    let (images, yaw) = (images(&model, &pixels(&model)), Tensor::from_slice(&[0.2f32, -1.2]).view([IMAGES, 1]));
    let pass = || Pass::judging().reading(Some(yaw.shallow_clone()));
    let plain = model.network.forward(&model.state, &images, &pass()).unwrap();
    let flipped = model.network.forward(&model.state, &images.flip([3]), &pass()).unwrap();
    for (embed, expected) in [(Embed::Plain(Plain {}), plain.shallow_clone()), (Embed::FlipSum(FlipSum {}), plain + flipped)] {
        let bytes = file(&model.made, &tensors, Around { pixels: false, embed: &embed, unit: false }).unwrap();
        let off = off(&rows(&expected), &run_reading(bytes, &images, &yaw));
        assert!(off < 1e-4, "{embed:?}: {off}");
    }
}

#[test]
fn what_is_missing_or_no_float_is_an_error() {
    let model = model("tiny", &json!({}));
    let around = Around { pixels: false, embed: &Embed::Plain(Plain {}), unit: false };
    let (tensors, _) = model.to_files().unwrap();
    assert!(file(&model.made, &tensors[..tensors.len() - 4], around).is_err());
    let other = self::model("tiny", &json!({"embedding": 32}));
    let unfitting = file(&model.made, &other.to_files().unwrap().0, around).unwrap_err();
    assert_eq!(unfitting.to_string(), "the model's tensors are not those of its network");
}

/// A network as it starts, and a stage: one file each, the same in a second run.
#[test]
fn a_recipe_exports_what_it_trains_and_what_it_starts_from() {
    let shell = Shell::new().file(
        "r.ddl",
        "ddl 1\n\
         dataset faces = synthetic_faces(identities = 8, images = 4, yaw = -30deg..30deg, size = 32px)\n\
         backbone net = tiny(embedding = 8, side = 32px, width = 4)\n\
         stage s = train(net, classify(faces, arcface(scale = 16, margin = 0.2rad)), batch = 8, for = 2 steps, optimizer = sgd(lr = 0.1))\n\
         export before = onnx(net, to = \"before.onnx\")\n\
         export after = onnx(s, to = \"after.onnx\", pixels = true, embed = flip_sum(), unit = true)\n\
         export weights = safetensors(net, to = \"before.safetensors\")\n",
    );
    let ran = shell.ddl("run r.ddl");
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    let read = || ["before.onnx", "after.onnx", "before.safetensors"].map(|file| shell.bytes(&format!("runs/r/{file}")));
    let files = read();
    let images = Tensor::zeros([IMAGES, 3, 32, 32], (Kind::Float, Device::Cpu));
    let [before, after] = [0, 1].map(|at| run(files[at].clone(), &images));
    assert_eq!((before.len(), after.len()), (16, 16));
    assert!(after.chunks(8).all(|row| (row.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5));
    let again = shell.ddl("run r.ddl");
    assert!(again.stderr().contains("nothing to do"), "{}", again.stderr());
    assert!(read() == files);
}

#[test]
fn landmarks_are_found_by_other_runtimes() {
    let _guard = tch::no_grad_guard();
    let at = json!({"model": {"node": 0}, "at": {"op": "tap", "layer": "stage2"}, "count": 5, "width": 8, "op": "landmarks"});
    let landmarks: Extension = serde_json::from_value(with_defaults("landmarks", at)).unwrap();
    let model = model("tiny", &json!({"embedding": 16})).extended(&landmarks).unwrap();
    let (tensors, _) = model.to_files().unwrap();
    let images = images(&model, &pixels(&model));
    let expected = model.network.forward(&model.state, &images, &Pass::judging()).unwrap();
    assert_eq!(expected.size(), [IMAGES, 40]);
    let bytes = file(&model.made, &tensors, Around { pixels: false, embed: &Embed::Plain(Plain {}), unit: false }).unwrap();
    let off = off(&rows(&expected), &run(bytes, &images));
    assert!(off < 1e-4, "{off}");
}
