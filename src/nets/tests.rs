//! Counts of spec 5.1 to 5.5, names, shapes and taps, all without a tensor.

use super::*;
use crate::ops::nets::{
    Backbone as Any, DeepFace, DeepId, DeepIdForm, Hopenet, IResNet, Ir, IrForm, LightCnn, LightForm, MobileFaceNet, MobileVariant,
    ResNet50, SphereNet, Tiny, Vgg16, Vit, VitSize,
};
use crate::quantity::Pixels;

fn mobile(embedding: u32, variant: Option<MobileVariant>) -> MobileFaceNet {
    MobileFaceNet { embedding, weights: None, variant, seed: 0 }
}

fn iresnet(depth: u32) -> IResNet {
    IResNet { depth, embedding: 512, weights: None, dropout: 0.0, seed: 0 }
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

fn vit(size: VitSize) -> Vit {
    let (width, depth, heads) = (None, None, None);
    Vit { size, embedding: 512, width, depth, heads, patch: 9, mlp: 4.0, drop_path: 0.1, mask_ratio: 0.0, weights: None, seed: 0 }
}

fn deepid(form: DeepIdForm) -> DeepId {
    DeepId { form, embedding: 160, weights: None, seed: 0 }
}

const DEEPFACE: DeepFace = DeepFace { embedding: 4096, width: 16, dropout: 0.5, weights: None, seed: 0 };
const HOPENET: Hopenet = Hopenet { side: Pixels(224), weights: None, seed: 0 };
const VGG: Vgg16 = Vgg16 { weights: None, dropout: 0.5, seed: 0 };

fn cost(backbone: &impl Backbone) -> Cost {
    backbone.network().unwrap().cost().unwrap()
}

/// Multiply-adds in thousands of millions, as the spec prints them.
fn giga(cost: &Cost) -> String {
    format!("{:.4}", cost.multiply_adds() as f64 / 1e9)
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
        let cost = cost(&iresnet(depth));
        assert_eq!((cost.parameters(), cost.trainable(), cost.network.tensors()), (parameters, trainable, tensors), "iresnet({depth})");
        assert_eq!(giga(&cost), multiply_adds, "iresnet({depth})");
    }
    assert!(iresnet(51).network().is_err());
}

#[test]
fn parts_of_iresnets_count_as_the_spec_says() {
    let count = |depth, part: &str| -> u64 {
        let network = iresnet(depth).network().unwrap();
        let Part::Layers(layers) = network.part(part).unwrap() else { panic!("{part} is made of layers") };
        let specs = network.specs_of(layers);
        specs.iter().filter(|spec| spec.role != Role::Buffer).map(Spec::numel).sum()
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
        let cost = cost(&mobile(embedding, Some(variant)));
        (cost.parameters(), giga(&cost))
    };
    assert_eq!(count(512, MobileVariant::Classic), (1_200_512, "0.2212".into()));
    assert_eq!(count(512, MobileVariant::Tface), (1_199_488, "0.2212".into()));
    assert_eq!(count(128, MobileVariant::Tface), (1_002_880, "0.2210".into()));
}

#[test]
fn insightfaces_mobilefacenets_count_as_the_spec_says() {
    for (variant, parameters, multiply_adds) in [(MobileVariant::Mbf, 2_059_520, "0.4375"), (MobileVariant::MbfLarge, 6_314_880, "1.8165")]
    {
        let cost = cost(&mobile(512, Some(variant)));
        assert_eq!((cost.parameters(), giga(&cost).as_str()), (parameters, multiply_adds), "{variant:?}");
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
        let cost = cost(&ir(depth, form, se));
        assert_eq!((cost.parameters(), giga(&cost).as_str()), (parameters, multiply_adds), "ir({depth}, {form:?}, se = {se})");
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
        let cost = cost(&light(form));
        assert_eq!(cost.parameters(), parameters, "{form:?}");
        // the spec counts the classifier too where there is one: 256 numbers for each of its classes
        let classes = match form {
            LightForm::Nine | LightForm::TwentyNine => 79_077,
            LightForm::TwentyNineV2 => 80_013,
            LightForm::FacexZoo => 0,
        };
        assert_eq!(format!("{:.3}", (cost.multiply_adds() + 256 * classes) as f64 / 1e9), multiply_adds, "{form:?}");
    }
}

#[test]
fn vggs_and_spherenets_count_as_the_spec_says() {
    let vgg = cost(&VGG);
    assert_eq!(vgg.parameters(), 14_714_688 + 102_764_544 + 16_781_312);
    assert_eq!(format!("{:.3}", (vgg.multiply_adds() + 4096 * 2622) as f64 / 1e9), "15.477"); // the spec counts fc8 too
    let sphere20 = cost(&sphere(20));
    assert_eq!((sphere20.parameters(), giga(&sphere20)), (22_670_656, "1.7497".into()));
}

#[test]
fn vggface2s_resnets_count_as_their_layers_do() {
    // a ResNet-50 without its classifier, and 16 gates of two biased layers each
    let gates: u64 = [(3u64, 256u64), (4, 512), (6, 1024), (3, 2048)].iter().map(|(n, c)| n * (2 * c * (c / 16) + c / 16 + c)).sum();
    assert_eq!((cost(&resnet(false)).parameters(), cost(&resnet(true)).parameters()), (23_508_032, 23_508_032 + gates));
    assert_eq!(gates, 2_530_992);
}

#[test]
fn hopenet_counts_as_the_spec_says() {
    let cost = cost(&HOPENET);
    assert_eq!((cost.parameters(), cost.trainable(), cost.embedding), (23_919_890, 23_919_890 - 6_156, 3));
}

/// No spec says how large these are: what is counted is what their layers hold.
#[test]
fn transformers_and_the_first_networks_count_as_their_layers_do() {
    for (size, width, depth) in [(VitSize::Tiny, 256, 12), (VitSize::Small, 512, 12), (VitSize::Base, 512, 24)] {
        let cost = cost(&vit(size));
        let (tokens, attention) = (144, 3 * width * width + width * width + width);
        let perceptron = 2 * 4 * width * width + 5 * width;
        let ends = 3 * 81 * width + width + tokens * width + 2 * width + tokens * width * width + 2 * width + width * 512 + 2 * 512;
        assert_eq!(cost.parameters(), depth * (attention + perceptron + 4 * width) + ends);
        let products = depth * tokens * (12 * width * width + 2 * tokens * width) + tokens * 243 * width;
        assert_eq!(cost.multiply_adds(), products + tokens * width * width + width * 512);
    }
    let local = |places: u64, output: u64, window: u64| places * (output * window + output);
    let deepface = [11_648, 41_488, local(55 * 55, 16, 16 * 81), local(25 * 25, 16, 16 * 49), local(21 * 21, 16, 16 * 25), 28_905_472];
    assert_eq!(cost(&DEEPFACE).parameters(), deepface.iter().sum::<u64>());
    for (form, [third, fourth], [pooled, last]) in [(DeepIdForm::DeepId, [6, 2], [6, 2]), (DeepIdForm::DeepId2, [20, 12], [20, 12])] {
        let convolutions = 20 * 3 * 16 + 20 + 40 * 20 * 9 + 40;
        let linear = 160 * (60 * pooled + 80 * last) + 2 * 160;
        let wanted = convolutions + local(third, 60, 40 * 9) + local(fourth, 80, 60 * 4) + linear;
        assert_eq!(cost(&deepid(form)).parameters(), wanted, "{form:?}");
    }
    let masked = cost(&Vit { mask_ratio: 0.1, ..vit(VitSize::Tiny) });
    assert_eq!((masked.parameters(), masked.multiply_adds()), {
        let whole = cost(&vit(VitSize::Tiny));
        (whole.parameters() + 256, whole.multiply_adds()) // what stands for hidden tokens
    });
    assert_eq!(Vit { mask_ratio: 0.1, ..vit(VitSize::Tiny) }.seen(), 129); // int(144 * 0.9), as insightface counts
    assert!(Vit { mask_ratio: 0.9, patch: 40, ..vit(VitSize::Tiny) }.network().is_err());
    let odd = Vit { heads: Some(7), ..vit(VitSize::Tiny) };
    assert!(odd.network().is_err());
}

/// One of every kind of network.
fn kinds() -> Vec<(&'static str, Any)> {
    vec![
        ("mobilefacenet", Any::MobileFaceNet(mobile(128, None))),
        ("mobilefacenet", Any::MobileFaceNet(mobile(512, Some(MobileVariant::MbfLarge)))),
        ("iresnet", Any::IResNet(iresnet(18))),
        ("ir", Any::Ir(ir(152, IrForm::Tface, true))),
        ("ir", Any::Ir(ir(50, IrForm::Evolve, true))),
        ("lightcnn", Any::LightCnn(light(LightForm::Nine))),
        ("lightcnn", Any::LightCnn(light(LightForm::TwentyNineV2))),
        ("lightcnn", Any::LightCnn(light(LightForm::FacexZoo))),
        ("vgg16", Any::Vgg16(VGG)),
        ("spherenet", Any::SphereNet(sphere(20))),
        ("resnet50", Any::ResNet50(resnet(false))),
        ("vit", Any::Vit(vit(VitSize::Tiny))),
        ("deepid", Any::DeepId(deepid(DeepIdForm::DeepId))),
        ("deepface", Any::DeepFace(DEEPFACE)),
        ("hopenet", Any::Hopenet(HOPENET)),
        ("tiny", Any::Tiny(tiny(33))),
    ]
}

#[test]
fn taps_are_the_maps_of_the_trunk() {
    let found: Vec<String> = kinds()
        .into_iter()
        .map(|(name, backbone)| {
            let taps: Vec<String> = backbone
                .network()
                .unwrap()
                .taps()
                .unwrap()
                .into_iter()
                .map(|tap| format!("{} {}x{}", tap.name, tap.sides.0, tap.sides.1))
                .collect();
            format!("{name}: {}", taps.join(", "))
        })
        .collect();
    let light = |side: u32| {
        let [a, b, c, d] = [side / 2, side / 4, side / 8, side / 16];
        format!("lightcnn: stem {a}x{a}, stage1 {b}x{b}, stage2 {c}x{c}, stage3 {c}x{c}, stage4 {d}x{d}, trunk {d}x{d}")
    };
    // groups of blocks have the names of the public code beside ours
    let named = |name: &str, stem: i64| {
        let stages = [(1, 56), (2, 28), (3, 14), (4, 7)].map(|(at, side)| format!("stage{at} {side}x{side}, layer{at} {side}x{side}"));
        format!("{name}: stem {stem}x{stem}, {}, trunk 7x7", stages.join(", "))
    };
    let ir = "ir: stem 112x112, stage1 56x56, stage2 28x28, stage3 14x14, stage4 7x7, trunk 7x7";
    let mobile = "mobilefacenet: stem 56x56, stage1 28x28, stage2 14x14, stage3 7x7, trunk 7x7";
    let wanted = [
        mobile.to_owned(),
        mobile.to_owned(),
        named("iresnet", 112),
        ir.to_owned(),
        ir.to_owned(),
        light(128),
        light(128),
        light(112),
        "vgg16: stem 224x224, stage1 112x112, stage2 56x56, stage3 28x28, stage4 14x14, stage5 7x7, trunk 7x7".to_owned(),
        "spherenet: stem 56x48, stage1 56x48, stage2 28x24, stage3 14x12, stage4 7x6, trunk 7x6".to_owned(),
        named("resnet50", 56),
        "vit: ".to_owned(), // tokens are no map
        "deepid: stem 18x14, stage1 8x6, stage2 3x2, trunk 3x2".to_owned(),
        "deepface: stem 71x71, stage1 63x63, stage2 55x55, stage3 25x25, stage4 21x21, trunk 21x21".to_owned(),
        named("hopenet", 56),
        "tiny: stem 17x17, stage1 17x17, stage2 9x9, stage3 5x5, stage4 3x3, trunk 3x3".to_owned(),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn declared_parts_are_the_network_s() {
    for (name, backbone) in kinds() {
        let network = backbone.network().unwrap();
        let mut declared = crate::ops::nets::parts(name).to_vec();
        let mut has: Vec<&str> = network.parts.iter().map(|(part, _)| part.as_str()).collect();
        declared.sort_unstable();
        has.sort_unstable();
        assert_eq!(declared, has, "{name}");
    }
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
fn embeddings_are_as_wide_as_declared_and_small_networks_small() {
    for side in [16, 31, 48, 112] {
        let cost = cost(&tiny(side));
        assert_eq!((cost.embedding, cost.input().size()), (64, (side, side)));
        assert!((100_000..300_000).contains(&cost.parameters()), "{}", cost.parameters());
    }
}

/// The numbers that a backward pass keeps of tiny(side = 16px, width = 4, embedding = 8): each convolution, batch norm and PReLU of
/// maps 8, 4, 2 and 1 wide, the 2 x 2 mean, the linear layer and its batch norm.
#[test]
fn activations_are_what_comes_out_of_every_module() {
    let cost = cost(&Tiny { embedding: 8, side: Pixels(16), width: 4, weights: None, seed: 0 });
    let kept: Vec<u64> = cost.layers.iter().map(|layer| layer.activations).collect();
    assert_eq!(kept, [3 * 4 * 64, 3 * 8 * 16, 3 * 12 * 4, 3 * 16, 16 * 4 + 8 + 8]);
    // a block's sum is one more map; its shortcut has two of its own; a flattened map is a view
    let block = iresnet(18).network().unwrap().cost().unwrap().layers[1];
    let (wide, small) = (64 * 112 * 112, 64 * 56 * 56);
    assert_eq!(block.activations, 4 * wide + 2 * small + 2 * small + small);
}

#[test]
fn the_trunk_is_all_before_the_neck() {
    let cost = cost(&tiny(48));
    assert_eq!(cost.frozen(&["trunk"]), (vec![true, true, true, true, false], false));
    assert_eq!(cost.frozen(&["stem", "activations"]), (vec![true, false, false, false, false], true));
    assert_eq!(Any::IResNet(iresnet(51)).cost(), None);
}
