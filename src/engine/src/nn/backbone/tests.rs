//! Counts of spec 5.1 and 5.3, names, and the shared weights.

mod taps;

use std::path::Path;

use ddl::ops::nets::{Colour, IResNet, Ir, IrForm, LightCnn, LightForm, MobileFaceNet, MobileVariant, ResNet50, SphereNet, Tiny, Vgg16};
use ddl::quantity::Pixels;
use indexmap::IndexMap;
use tch::{Device, Kind, Tensor};

use super::*;
use crate::nn::net::{Pass, Shape, Size};
use crate::nn::state::{State, StateError};

fn mobile(embedding: u32, variant: Option<MobileVariant>) -> MobileFaceNet {
    MobileFaceNet { embedding, weights: None, variant, seed: 0 }
}

fn iresnet(depth: u32) -> IResNet {
    IResNet { depth, embedding: 512, weights: None, dropout: 0.0, seed: 0 }
}

fn tiny(side: u32) -> Tiny {
    Tiny { embedding: 64, side: Pixels(side), width: 24, weights: None, seed: 0 }
}

fn size(backbone: &impl Backbone) -> Size {
    backbone.network().unwrap().size().unwrap()
}

/// Multiply-adds in thousands of millions, as the spec prints them.
fn giga(size: Size) -> String {
    format!("{:.4}", size.multiply_adds as f64 / 1e9)
}

#[test]
fn iresnets_count_as_the_spec_says() {
    for (depth, parameters, trainable, tensors, multiply_adds) in [
        (18, 24_025_600, 24_025_088, 187, "2.6100"),
        (34, 34_139_328, 34_138_816, 331, "4.4596"),
        (50, 43_590_848, 43_590_336, 475, "6.3093"),
        (100, 65_156_160, 65_155_648, 925, "12.0896"),
        (200, 118_833_920, 118_833_408, 1807, "23.4189"),
    ] {
        let size = size(&iresnet(depth));
        assert_eq!((size.parameters, size.trainable, size.tensors), (parameters, trainable, tensors), "iresnet({depth})");
        assert_eq!(giga(size), multiply_adds, "iresnet({depth})");
    }
    assert!(iresnet(51).network().is_err());
}

#[test]
fn parts_of_iresnets_count_as_the_spec_says() {
    let count = |depth, part: &str| -> u64 {
        let network = iresnet(depth).network().unwrap();
        let crate::nn::net::Part::Layers(layers) = network.part(part).unwrap() else { panic!("{part} is made of layers") };
        let specs = network.specs_of(layers);
        specs.iter().filter(|spec| spec.role != crate::nn::state::Role::Buffer).map(crate::nn::state::Spec::numel).sum()
    };
    let stages = ["stage1", "stage2", "stage3", "stage4"];
    assert_eq!(stages.map(|part| count(50, part)), [226_752, 1_117_824, 16_278_272, 13_118_464]);
    assert_eq!(stages.map(|part| count(18, part)), [152_576, 526_208, 2_100_992, 8_396_288]);
    assert_eq!((count(100, "stage2"), count(100, "stage3"), count(34, "stage3")), (3_780_096, 35_181_312, 6_826_752));
    assert_eq!((count(50, "stem"), count(50, "neck")), (1_728 + 128 + 64, 1_024 + 12_845_568 + 1_024));
}

#[test]
fn mobilefacenets_count_as_the_spec_says() {
    let count = |embedding, variant| {
        let size = size(&mobile(embedding, Some(variant)));
        (size.parameters, giga(size))
    };
    assert_eq!(count(512, MobileVariant::Classic), (1_200_512, "0.2212".into()));
    assert_eq!(count(512, MobileVariant::Tface), (1_199_488, "0.2212".into()));
    assert_eq!(count(128, MobileVariant::Tface), (1_002_880, "0.2210".into()));
}

/// What the language says of a network, counted without libtorch, is what was built.
#[test]
fn networks_cost_what_their_declarations_say() {
    let variants = [None, Some(MobileVariant::Classic), Some(MobileVariant::Tface), Some(MobileVariant::Mxnet)];
    let mut all: Vec<nets::Backbone> = variants.into_iter().map(|variant| nets::Backbone::MobileFaceNet(mobile(96, variant))).collect();
    all.extend(nets::IRESNET_DEPTHS.into_iter().map(|depth| nets::Backbone::IResNet(iresnet(depth as u32))));
    all.push(nets::Backbone::IResNet(IResNet { dropout: 0.4, ..iresnet(18) }));
    all.extend([16, 47, 64].map(|side| nets::Backbone::Tiny(tiny(side))));
    for backbone in all {
        let (cost, network) = (backbone.cost().unwrap(), backbone.network().unwrap());
        let size = network.size().unwrap();
        assert_eq!((cost.parameters(), cost.multiply_adds()), (size.parameters, size.multiply_adds), "{backbone:?}");
        assert_eq!(cost.parts.iter().map(|part| part.fixed).sum::<u64>(), size.parameters - size.trainable, "{backbone:?}");
        assert_eq!((i64::from(cost.side), cost.embedding as i64), (network.input.height, network.embedding().unwrap()), "{backbone:?}");
        for part in &cost.parts {
            let Ok(crate::nn::net::Part::Layers(layers)) = network.part(&part.name) else { continue }; // `middle` has no name in recipes
            let specs = network.specs_of(layers);
            let parameters = specs.iter().filter(|spec| spec.role != crate::nn::state::Role::Buffer).map(crate::nn::state::Spec::numel);
            assert_eq!(part.parameters, parameters.sum::<u64>(), "{} of {backbone:?}", part.name);
        }
    }
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

#[test]
fn insightfaces_mobilefacenets_count_as_the_spec_says() {
    for (variant, parameters, multiply_adds) in [(MobileVariant::Mbf, 2_059_520, "0.4375"), (MobileVariant::MbfLarge, 6_314_880, "1.8165")]
    {
        let size = size(&mobile(512, Some(variant)));
        assert_eq!((size.parameters, giga(size).as_str()), (parameters, multiply_adds), "{variant:?}");
    }
}

#[test]
fn irs_count_as_the_spec_says() {
    for (depth, form, se, parameters, multiply_adds) in [
        (18, IrForm::Tface, false, 24_020_352, "2.5971"),
        (34, IrForm::Tface, false, 34_134_080, "4.4468"),
        (50, IrForm::Tface, false, 43_585_600, "6.2965"),
        (101, IrForm::Tface, false, 65_150_912, "12.0768"),
        (152, IrForm::Tface, false, 109_636_736, "12.8924"),
        (50, IrForm::Tface, true, 43_808_320, "6.2967"),
        (101, IrForm::Tface, true, 65_523_136, "12.0771"),
        (50, IrForm::Evolve, false, 43_574_976, "6.2965"),
        (101, IrForm::Evolve, false, 65_129_792, "12.0768"),
        (152, IrForm::Evolve, false, 70_737_600, "12.3080"),
        (50, IrForm::Evolve, true, 43_797_696, "6.2967"),
        (101, IrForm::Evolve, true, 65_502_016, "12.0771"),
    ] {
        let size = size(&ir(depth, form, se));
        assert_eq!((size.parameters, giga(size).as_str()), (parameters, multiply_adds), "ir({depth}, {form:?}, se = {se})");
    }
    assert!(ir(18, IrForm::Evolve, false).network().is_err());
}

#[test]
fn light_cnns_count_as_the_spec_says() {
    for (form, parameters, multiply_adds) in [
        (LightForm::Nine, 5_480_864, "0.997"),
        (LightForm::TwentyNine, 12_573_280, "3.639"),
        (LightForm::TwentyNineV2, 10_475_872, "3.638"),
        (LightForm::FacexZoo, 11_596_320, "2.831"),
    ] {
        let size = size(&light(form));
        assert_eq!(size.parameters, parameters, "{form:?}");
        // the spec counts the classifier too where there is one: 256 numbers for each of its classes
        let classes = match form {
            LightForm::Nine | LightForm::TwentyNine => 79_077,
            LightForm::TwentyNineV2 => 80_013,
            LightForm::FacexZoo => 0,
        };
        assert_eq!(format!("{:.3}", (size.multiply_adds + 256 * classes) as f64 / 1e9), multiply_adds, "{form:?}");
    }
}

#[test]
fn vggs_and_spherenets_count_as_the_spec_says() {
    let vgg = size(&VGG);
    assert_eq!(vgg.parameters, 14_714_688 + 102_764_544 + 16_781_312);
    assert_eq!(format!("{:.3}", (vgg.multiply_adds + 4096 * 2622) as f64 / 1e9), "15.477"); // the spec counts fc8 too
    let sphere20 = size(&sphere(20));
    assert_eq!((sphere20.parameters, giga(sphere20)), (22_670_656, "1.7497".into()));
}

#[test]
fn vggface2s_resnets_count_as_their_layers_do() {
    // a ResNet-50 without its classifier, and 16 gates of two biased layers each
    let gates: u64 = [(3u64, 256u64), (4, 512), (6, 1024), (3, 2048)].iter().map(|(n, c)| n * (2 * c * (c / 16) + c / 16 + c)).sum();
    assert_eq!((size(&resnet(false)).parameters, size(&resnet(true)).parameters), (23_508_032, 23_508_032 + gates));
    assert_eq!(gates, 2_530_992);
}

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
    ]
}

#[test]
fn every_network_runs_folds_and_learns() {
    for (name, backbone, width) in others() {
        let model = build(&backbone, None, Device::Cpu, Kind::Float).unwrap();
        let x = crate::nn::net::tests::images(&model.network, 2);
        // one image is enough where every number is compared, and double precision is slow
        let (state, wide) = (model.state.to(Device::Cpu, Kind::Double).unwrap(), x.narrow(0, 0, 1).to_kind(Kind::Double));
        let folded = model.network.fold(&state).unwrap();
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

#[test]
fn checkpoints_of_public_code_load_by_their_names() {
    let net = build(&ir(18, IrForm::Tface, false), None, Device::Cpu, Kind::Float).unwrap();
    let mut lightning = State::new(); // as AdaFace saves it: the network under `model.`, its prototypes under `head.`
    lightning.absorb("model.", &net.state).unwrap();
    lightning.insert("head.kernel", Tensor::zeros([512, 3], (Kind::Float, Device::Cpu)), crate::nn::state::Role::Parameter).unwrap();
    let loaded = build(&ir(18, IrForm::Tface, false), Some((&lightning, &IndexMap::new())), Device::Cpu, Kind::Float).unwrap();
    let account = loaded.account.unwrap();
    assert_eq!((account.taken, account.ignored), (net.state.len(), vec!["head.kernel".to_string()]));

    let net = build(&light(LightForm::Nine), None, Device::Cpu, Kind::Float).unwrap();
    let mut parallel = State::new();
    parallel.absorb("module.", &net.state).unwrap();
    parallel.insert("module.fc2.weight", Tensor::zeros([3, 256], (Kind::Float, Device::Cpu)), crate::nn::state::Role::Parameter).unwrap();
    let loaded = build(&light(LightForm::Nine), Some((&parallel, &IndexMap::new())), Device::Cpu, Kind::Float).unwrap();
    assert_eq!(loaded.account.unwrap().ignored, ["module.fc2.weight"]);
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
    let loaded = build(&mobile(128, None), Some((&theirs, &IndexMap::new())), Device::Cpu, Kind::Float).unwrap();
    assert_eq!(loaded.account.unwrap().taken, net.state.len());
    assert_eq!(
        loaded.state.get("layers.5.layers.5.layers.1.layers.0.weight").unwrap(),
        net.state.get("layers.5.layers.5.layers.1.layers.0.weight").unwrap()
    );
}

#[test]
fn names_are_insightfaces() {
    let names =
        |backbone: &dyn Backbone| -> Vec<String> { backbone.network().unwrap().specs().into_iter().map(|spec| spec.name).collect() };
    let resnet = names(&iresnet(18));
    for name in
        ["conv1.weight", "prelu.weight", "layer1.0.bn1.running_mean", "layer2.0.downsample.1.bias", "layer4.1.conv2.weight", "fc.bias"]
    {
        assert!(resnet.iter().any(|n| n == name), "{name}");
    }
    let mobile = names(&mobile(512, None));
    for name in
        ["layers.0.layers.0.weight", "layers.5.layers.5.layers.1.layers.2.weight", "conv_sep.layers.0.weight", "features.layers.3.weight"]
    {
        assert!(mobile.iter().any(|n| n == name), "{name}");
    }
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
    let parameters = size(&tiny(64)).parameters;
    assert!((100_000..300_000).contains(&parameters), "{parameters}");
}

#[test]
fn stages_halve_the_map() {
    let network = mobile(128, None).network().unwrap();
    let shapes = network.shapes().unwrap();
    let at = |name: &str| shapes[network.tap(name).unwrap()];
    assert_eq!(at("stage1"), Shape::Map { channels: 64, height: 28, width: 28 });
    assert_eq!(at("stage2.3"), Shape::Map { channels: 128, height: 14, width: 14 });
    assert_eq!(at("gdc"), Shape::Map { channels: 512, height: 1, width: 1 });
    assert_eq!(at("embedding"), Shape::Vector(128));
    let resnet = iresnet(50).network().unwrap();
    assert_eq!(resnet.shapes().unwrap()[resnet.tap("layer3").unwrap()], Shape::Map { channels: 256, height: 14, width: 14 });
    assert_eq!(resnet.tap("layer3").unwrap(), resnet.tap("stage3").unwrap());
    assert!(network.tap("layer9").is_err());
}

#[test]
fn declared_parts_are_the_network_s() {
    let own = [("iresnet", iresnet(18).network()), ("tiny", tiny(32).network()), ("vgg16", VGG.network())];
    let others = others().into_iter().map(|(name, backbone, _)| (name, backbone.network()));
    for (name, network) in own.into_iter().chain(others) {
        let network = network.unwrap();
        let mut declared = ddl::ops::nets::parts(name).to_vec();
        let mut has: Vec<&str> = network.parts.iter().map(|(part, _)| part.as_str()).collect();
        declared.sort_unstable();
        has.sort_unstable();
        assert_eq!(declared, has, "{name}");
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
    let model = build(&mobile(128, None), Some((&checkpoint, &IndexMap::new())), Device::Cpu, Kind::Float).unwrap();
    let account = model.account.unwrap();
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
