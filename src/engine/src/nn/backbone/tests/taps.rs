//! Every output that a recipe may tap is there, with the size that the checker knows.

use ddl::ops::nets::{Backbone as Any, IrForm, LightForm};

use super::*;

fn ir(form: IrForm, depth: u32) -> Any {
    let colour = Colour::Rgb;
    Any::Ir(Ir { depth, form, se: true, embedding: 512, colour, weights: None, dropout: None, seed: 0 })
}

fn light(form: LightForm) -> Any {
    Any::LightCnn(LightCnn { form, weights: None, dropout: 0.5, seed: 0 })
}

#[test]
fn taps_are_what_the_checker_says() {
    let all = [
        Any::MobileFaceNet(mobile(128, None)),
        Any::MobileFaceNet(mobile(512, Some(MobileVariant::MbfLarge))),
        Any::IResNet(iresnet(18)),
        ir(IrForm::Tface, 18),
        ir(IrForm::Tface, 152),
        ir(IrForm::Evolve, 50),
        light(LightForm::Nine),
        light(LightForm::TwentyNine),
        light(LightForm::TwentyNineV2),
        light(LightForm::FacexZoo),
        Any::Vgg16(Vgg16 { weights: None, dropout: 0.5, seed: 0 }),
        Any::SphereNet(SphereNet { depth: 20, embedding: 512, weights: None, seed: 0 }),
        Any::ResNet50(ResNet50 { se: false, weights: None, seed: 0 }),
        Any::Tiny(tiny(33)),
    ];
    for backbone in all {
        let network = backbone.network().unwrap();
        let shapes = network.shapes().unwrap();
        let taps = backbone.taps();
        assert!(taps.len() >= 5, "{}: {taps:?}", network.name);
        for tap in taps {
            let sides = shapes[network.tap(&tap.name).unwrap()].sides();
            assert_eq!(sides[1..], [i64::from(tap.sides.0), i64::from(tap.sides.1)], "{}: {}", network.name, tap.name);
        }
    }
}
