//! Every network runs, and checkpoints of public code load. What networks count, [`ddl::nets`] tests.

use std::path::Path;

use ddl::ops::nets::{
    Colour, DeepFace, DeepId, DeepIdForm, Hopenet, Ir, IrForm, LightCnn, LightForm, MobileFaceNet, MobileVariant, ResNet50, SphereNet,
    Tiny, Vgg16, Vit, VitSize,
};
use ddl::quantity::Pixels;
use indexmap::IndexMap;
use tch::{Device, Kind, Tensor};

use super::build::Model;
use super::*;
use crate::nn::net::fold::fold;
use crate::nn::net::{Images as _, Pass, Run as _};
use crate::nn::state::{Account, State, StateError};
use ddl::nets::fit::fit;

fn mobile(embedding: u32, variant: Option<MobileVariant>) -> MobileFaceNet {
    MobileFaceNet { embedding, weights: None, variant, seed: 0 }
}

fn tiny(side: u32) -> Tiny {
    Tiny { embedding: 64, side: Pixels(side), width: 24, weights: None, seed: 0 }
}

fn ir(depth: u32, form: IrForm, se: bool) -> Ir {
    Ir { depth, form, se, embedding: 512, colour: Colour::Rgb, weights: None, dropout: None, seed: 0 }
}

fn light(form: LightForm) -> LightCnn {
    LightCnn { form, weights: None, dropout: 0.5, seed: 0 }
}

fn sphere(depth: u32) -> SphereNet {
    SphereNet { depth, embedding: 512, weights: None, seed: 0 }
}

fn resnet(se: bool) -> ResNet50 {
    ResNet50 { se, weights: None, seed: 0 }
}

const VGG: Vgg16 = Vgg16 { weights: None, dropout: 0.5, seed: 0 };

/// A small transformer in insightface's form.
const VIT: Vit = Vit {
    size: VitSize::Tiny,
    embedding: 24,
    width: Some(32),
    depth: Some(3),
    heads: Some(4),
    patch: 18,
    mlp: 2.0,
    mask_ratio: 0.0,
    drop_path: 0.3,
    weights: None,
    seed: 0,
};

/// One of every new kind of network, with its operator's name and the width of its embedding.
fn others() -> Vec<(&'static str, ddl::ops::nets::Backbone, i64)> {
    use ddl::ops::nets::Backbone as Any;
    vec![
        ("ir", Any::Ir(ir(18, IrForm::Tface, true)), 512),
        ("ir", Any::Ir(ir(50, IrForm::Evolve, true)), 512),
        ("lightcnn", Any::LightCnn(light(LightForm::Nine)), 256),
        ("lightcnn", Any::LightCnn(light(LightForm::TwentyNineV2)), 256),
        ("lightcnn", Any::LightCnn(light(LightForm::FacexZoo)), 512),
        ("spherenet", Any::SphereNet(sphere(20)), 512),
        ("resnet50", Any::ResNet50(resnet(true)), 2048),
        ("mobilefacenet", Any::MobileFaceNet(mobile(512, Some(MobileVariant::MbfLarge))), 512),
        ("vit", Any::Vit(VIT), 24),
        ("deepid", Any::DeepId(DeepId { form: DeepIdForm::DeepId, embedding: 160, weights: None, seed: 0 }), 160),
        ("deepid", Any::DeepId(DeepId { form: DeepIdForm::DeepId2, embedding: 160, weights: None, seed: 0 }), 160),
        ("deepface", Any::DeepFace(DeepFace { embedding: 32, width: 2, dropout: 0.0, weights: None, seed: 0 }), 32),
        ("hopenet", Any::Hopenet(Hopenet { side: Pixels(224), weights: None, seed: 0 }), 3),
    ]
}

#[test]
fn every_network_runs_folds_and_learns() {
    for (name, backbone, width) in others() {
        let model = build(&backbone, None, Device::Cpu, Kind::Float).unwrap();
        let x = crate::nn::net::tests::images(&model.network, 2);
        // one image is enough where every number is compared, and double precision is slow
        let (state, wide) = (model.state.to(Device::Cpu, Kind::Double).unwrap(), x.narrow(0, 0, 1).to_kind(Kind::Double));
        let folded = fold(&model.network, &state).unwrap();
        let both = [(&model.network, &state), (&folded.network, &folded.state)];
        let [plain, fast] = tch::no_grad(|| both.map(|(network, state)| network.forward(state, &wide, &Pass::judging()).unwrap()));
        let apart = (&plain - fast).abs().max().double_value(&[]) / plain.abs().max().double_value(&[]);
        assert!(apart < 1e-10, "{name}: {apart}");
        drop((state, folded));
        model.state.require_gradients(|_| true).unwrap();
        let pass = Pass::training(crate::nn::net::Norms::Batch, ddl::random::Draw::new(0, "noise"));
        let out = model.network.forward(&model.state, &x, &pass).unwrap();
        assert_eq!((plain.size(), out.size(), model.network.embedding().unwrap()), (vec![1, width], vec![2, width], width), "{name}");
        out.square().sum(Kind::Float).backward();
        for (tensor, entry) in model.state.iter().filter(|(_, entry)| entry.role == crate::nn::state::Role::Parameter) {
            assert!(entry.tensor.grad().defined(), "{name}: {tensor} has no gradient");
        }
    }
}

#[test]
fn a_few_steps_bring_every_new_network_nearer() {
    for (name, backbone, _) in others().into_iter().filter(|(name, ..)| ["vit", "deepid", "deepface", "hopenet"].contains(name)) {
        let model = build(&backbone, None, Device::Cpu, Kind::Float).unwrap();
        let x = crate::nn::net::tests::images(&model.network, 4);
        model.state.require_gradients(|_| true).unwrap();
        let mut losses = Vec::new();
        for _ in 0..10 {
            let pass = Pass::training(crate::nn::net::Norms::Batch, ddl::random::Draw::new(0, "noise"));
            let loss = (model.network.forward(&model.state, &x, &pass).unwrap() - 1.0).square().mean(Kind::Float);
            loss.backward();
            let gradients: Vec<(&Tensor, Tensor)> =
                model.state.iter().map(|(_, entry)| (&entry.tensor, entry.tensor.grad())).filter(|(_, grad)| grad.defined()).collect();
            let square: f64 = gradients.iter().map(|(_, grad)| grad.square().sum(Kind::Double).double_value(&[])).sum();
            let loss = loss.double_value(&[]);
            losses.push(loss);
            // to first order a tenth of the loss
            tch::no_grad(|| {
                for (tensor, mut grad) in gradients {
                    let _ = tensor.shallow_clone().f_sub_(&(&grad * (0.1 * loss / square))).unwrap();
                    let _ = grad.zero_();
                }
            });
        }
        let best = losses[7..].iter().copied().fold(f64::INFINITY, f64::min);
        assert!(best < 0.8 * losses[0], "{name}: {losses:?}");
    }
}

/// The forward pass of insightface's `vit.py`, written out with its names.
#[test]
fn a_transformer_is_insightfaces() {
    let model = build(&VIT, None, Device::Cpu, Kind::Double).unwrap();
    let x = crate::nn::net::tests::images(&model.network, 3).to_kind(Kind::Double);
    let get = |name: &str| model.state.get(name).unwrap();
    let linear = |x: &Tensor, name: &str, bias: bool| {
        let out = x.matmul(&get(&format!("{name}.weight")).transpose(0, 1));
        if bias { out + get(&format!("{name}.bias")) } else { out }
    };
    let norm = |x: &Tensor, name: &str| {
        let centred = x - x.mean_dim(-1, true, Kind::Double);
        let sd = (centred.square().mean_dim(-1, true, Kind::Double) + 1e-5).sqrt();
        centred / sd * get(&format!("{name}.weight")) + get(&format!("{name}.bias"))
    };
    let batch = |x: &Tensor, name: &str| {
        let of = |end: &str| get(&format!("{name}.{end}"));
        (x - of("running_mean")) / (of("running_var") + 2e-5).sqrt() * of("weight") + of("bias")
    };
    let patches = x.conv2d(get("patch_embed.proj.weight"), Some(get("patch_embed.proj.bias")), [18, 18], [0, 0], [1, 1], 1);
    let mut tokens = patches.flatten(2, -1).transpose(1, 2) + get("pos_embed"); // [3, 36, 32]
    for block in 0..3 {
        let of = |end: &str| format!("blocks.{block}.{end}");
        let qkv = linear(&norm(&tokens, &of("norm1")), &of("attn.qkv"), false).view([3, 36, 3, 4, 8]).permute([2, 0, 3, 1, 4]);
        let seen = (qkv.get(0).matmul(&qkv.get(1).transpose(2, 3)) * 8f64.powf(-0.5)).softmax(-1, Kind::Double);
        let heads = seen.matmul(&qkv.get(2)).transpose(1, 2).reshape([3, 36, 32]);
        tokens = &tokens + linear(&heads, &of("attn.proj"), true);
        let inside = linear(&norm(&tokens, &of("norm2")), &of("mlp.fc1"), true).clamp(0.0, 6.0);
        tokens = &tokens + linear(&inside, &of("mlp.fc2"), true);
    }
    let row = norm(&tokens, "norm").reshape([3, 36 * 32]);
    let wanted = batch(&linear(&batch(&linear(&row, "feature.0", false), "feature.1"), "feature.2", false), "feature.3");
    let found = model.network.forward(&model.state, &x, &Pass::judging()).unwrap();
    assert!((&found - &wanted).abs().max().double_value(&[]) < 1e-10 * wanted.abs().max().double_value(&[]));

    // masks of training bring a token along that nothing here reads
    let mut theirs = model.state.clone();
    theirs.insert("mask_token", Tensor::zeros([1, 1, 32], (Kind::Double, Device::Cpu)), crate::nn::state::Role::Parameter).unwrap();
    let (_, account) = loaded(&VIT, &theirs);
    assert_eq!(account.ignored, ["mask_token"]);
}

#[test]
fn inputs_are_those_of_the_published_networks() {
    let bytes: Vec<u8> = [10u8, 20, 30].repeat(224 * 224);
    let at = |backbone: &dyn Backbone, count: usize| -> Vec<f64> {
        let input = backbone.network().unwrap().input;
        let tensor = input.tensor(&bytes[..(input.height * input.width * 3) as usize], Device::Cpu, Kind::Double).unwrap();
        assert_eq!(tensor.size(), [1, count as i64, input.height, input.width]);
        (0..count).map(|c| tensor.double_value(&[0, c as i64, 0, 0])).collect()
    };
    assert_eq!(at(&VGG, 3), [30.0 - 93.5940, 20.0 - 104.7624, 10.0 - 129.1863]); // blue first
    assert_eq!(at(&light(LightForm::Nine), 1), [18.0 / 255.0]); // 2.99 + 11.74 + 3.42 = 18.15
    assert_eq!(at(&sphere(20), 3), [-97.5 / 128.0, -107.5 / 128.0, -117.5 / 128.0]);
    assert_eq!(at(&ir(18, IrForm::Tface, false), 3), [-117.5 / 127.5, -107.5 / 127.5, -97.5 / 127.5]);
}

/// A backbone's network with a checkpoint's tensors, and what became of them.
fn loaded(backbone: &impl Backbone, checkpoint: &State) -> (Model, Account) {
    let names = IndexMap::new();
    let model = build(backbone, Some((checkpoint, &names)), Device::Cpu, Kind::Float).unwrap();
    (model, fit(backbone, &checkpoint.sorts(), &names).unwrap().account)
}

#[test]
fn checkpoints_of_public_code_load_by_their_names() {
    let net = build(&ir(18, IrForm::Tface, false), None, Device::Cpu, Kind::Float).unwrap();
    let mut lightning = State::new(); // as AdaFace saves it: the network under `model.`, its prototypes under `head.`
    lightning.absorb("model.", &net.state).unwrap();
    lightning.insert("head.kernel", Tensor::zeros([512, 3], (Kind::Float, Device::Cpu)), crate::nn::state::Role::Parameter).unwrap();
    let (_, account) = loaded(&ir(18, IrForm::Tface, false), &lightning);
    assert_eq!((account.taken, account.ignored), (net.state.len(), vec!["head.kernel".to_string()]));

    let net = build(&light(LightForm::Nine), None, Device::Cpu, Kind::Float).unwrap();
    let mut parallel = State::new();
    parallel.absorb("module.", &net.state).unwrap();
    parallel.insert("module.fc2.weight", Tensor::zeros([3, 256], (Kind::Float, Device::Cpu)), crate::nn::state::Role::Parameter).unwrap();
    let (_, account) = loaded(&light(LightForm::Nine), &parallel);
    assert_eq!(account.ignored, ["module.fc2.weight"]);
}

#[test]
fn tfaces_mobilefacenet_loads_by_its_names() {
    let backbone = mobile(128, Some(MobileVariant::Tface));
    let net = build(&backbone, None, Device::Cpu, Kind::Float).unwrap();
    let stages = [("layers.2.", "conv_23."), ("layers.4.", "conv_34."), ("layers.6.", "conv_45.")];
    let units = [("layers.3.layers.", "conv_3.model."), ("layers.5.layers.", "conv_4.model."), ("layers.7.layers.", "conv_5.model.")];
    let blocks = [
        ("layers.0.", "conv1."),
        ("layers.1.", "conv2_dw."),
        ("conv_sep.", "conv_6_sep."),
        ("features.layers.0.", "output_layer.conv_6_dw."),
    ];
    let mut theirs = State::new();
    for (name, entry) in net.state.iter() {
        let kind = |rest: &str| rest.replace("layers.0.", "conv.").replace("layers.1.", "bn.").replace("layers.2.", "prelu.");
        let piece = |rest: &str| -> String {
            let (at, rest) = rest.strip_prefix("layers.").unwrap().split_once('.').unwrap();
            format!("{}.{}", ["conv", "conv_dw", "project"][at.parse::<usize>().unwrap()], kind(rest))
        };
        let of =
            |table: &[(&str, &str)]| table.iter().find_map(|(from, to)| Some(((*to).to_string(), name.strip_prefix(from)?.to_string())));
        let new = if let Some((to, rest)) = of(&units) {
            let (at, rest) = rest.split_once('.').unwrap();
            format!("{to}{at}.{}", piece(rest))
        } else if let Some((to, rest)) = of(&stages) {
            format!("{to}{}", piece(&rest))
        } else if let Some((to, rest)) = of(&blocks) {
            format!("{to}{}", kind(&rest))
        } else {
            name.replace("features.layers.2.", "output_layer.linear.").replace("features.layers.3.", "output_layer.bn.")
        };
        theirs.insert(&new, entry.tensor.shallow_clone(), entry.role).unwrap();
    }
    assert!(theirs.entry("conv_4.model.5.conv_dw.bn.running_var").is_some() && theirs.entry("output_layer.linear.weight").is_some());
    let (loaded, account) = loaded(&mobile(128, None), &theirs);
    assert_eq!(account.taken, net.state.len());
    assert_eq!(
        loaded.state.get("layers.5.layers.5.layers.1.layers.0.weight").unwrap(),
        net.state.get("layers.5.layers.5.layers.1.layers.0.weight").unwrap()
    );
}

#[test]
fn embeddings_have_the_declared_width_at_any_side() {
    for side in [16, 31, 32, 48, 64, 112] {
        let model = build(&tiny(side), None, Device::Cpu, Kind::Float).unwrap();
        let bytes = vec![7u8; 2 * 3 * (side * side) as usize];
        let x = model.network.input.tensor(&bytes, Device::Cpu, Kind::Float).unwrap();
        let out = model.network.forward(&model.state, &x, &Pass::judging()).unwrap();
        assert_eq!(out.size(), [2, 64]);
        assert_eq!(model.network.embedding().unwrap(), 64);
        assert!(model.network.input.tensor(&bytes[1..], Device::Cpu, Kind::Float).is_err());
    }
}

/// The shared weights, or nothing (said so) where they are absent.
pub(crate) fn shared_weights() -> Option<State> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/weights/mobilefacenet_ms1m_arcface.safetensors");
    if !path.exists() {
        println!("skipped: ../shared/data is not there");
        return None;
    }
    Some(State::from_bytes(&std::fs::read(path).unwrap()).unwrap())
}

#[test]
fn the_shared_weights_load_with_every_tensor_accounted_for() {
    let Some(checkpoint) = shared_weights() else { return };
    let (model, account) = loaded(&mobile(128, None), &checkpoint);
    assert_eq!((account.taken, account.ignored.len()), (284, 0));
    assert_eq!(model.state.len(), 284);
    let x = Tensor::zeros([1, 3, 112, 112], (Kind::Float, Device::Cpu));
    assert_eq!(model.network.forward(&model.state, &x, &Pass::judging()).unwrap().size(), [1, 128]);
}

#[test]
fn weights_that_do_not_fit_are_named_one_by_one() {
    let Some(mut checkpoint) = shared_weights() else { return };
    checkpoint.remove("f.3.m.1.c.weight");
    checkpoint.insert("f.19.c.weight", Tensor::from(1.0), crate::nn::state::Role::Parameter).unwrap();
    let Err(error) = build(&mobile(256, Some(MobileVariant::Mxnet)), Some((&checkpoint, &IndexMap::new())), Device::Cpu, Kind::Float)
    else {
        panic!("they must not fit")
    };
    let crate::nn::NnError::State(StateError::Account(account)) = error else { panic!("{error}") };
    assert_eq!(account.missing, ["layers.3.layers.0.layers.1.layers.0.weight"]);
    assert_eq!(account.extra, ["f.19.c.weight"]);
    assert_eq!(account.misshapen.len(), 6); // fc and bn of another width
}
