//! What `tap(…)` can name in each backbone, and the size of what comes out there: known without the engine, so that a recipe is checked by it.
//! The engine builds the same networks and tests that they say the same.

use super::{Backbone, LightForm};

/// A part whose output is a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapShape {
    /// The part.
    pub name: String,
    /// Height and width of the map.
    pub sides: (u32, u32),
}

/// Parts named one after the other, each halved from the one before as often as it says; the last one is the trunk's output too.
fn halved(input: (u32, u32), parts: &[(&[&str], u32)]) -> Vec<TapShape> {
    let mut sides = input;
    let mut taps = Vec::new();
    for (names, times) in parts {
        for _ in 0..*times {
            sides = (sides.0.div_ceil(2), sides.1.div_ceil(2));
        }
        taps.extend(names.iter().map(|name| TapShape { name: (*name).to_owned(), sides }));
    }
    taps.push(TapShape { name: "trunk".to_owned(), sides });
    taps
}

impl Backbone {
    /// What can be tapped, first to last. A group of an iresnet's blocks has insightface's name beside its part's.
    pub fn taps(&self) -> Vec<TapShape> {
        const STEM: &[&str] = &["stem"];
        let stages: [&[&str]; 5] = [&["stage1"], &["stage2"], &["stage3"], &["stage4"], &["stage5"]];
        let [first, second, third, fourth, fifth] = stages;
        match self {
            Backbone::MobileFaceNet(_) => halved((112, 112), &[(STEM, 1), (first, 1), (second, 1), (third, 1)]),
            Backbone::IResNet(_) => {
                let groups: [&[&str]; 4] = [&["stage1", "layer1"], &["stage2", "layer2"], &["stage3", "layer3"], &["stage4", "layer4"]];
                halved((112, 112), &[(STEM, 0), (groups[0], 1), (groups[1], 1), (groups[2], 1), (groups[3], 1)])
            }
            Backbone::Ir(_) => halved((112, 112), &[(STEM, 0), (first, 1), (second, 1), (third, 1), (fourth, 1)]),
            Backbone::LightCnn(it) => {
                let side = match it.form {
                    LightForm::Nine | LightForm::TwentyNine | LightForm::TwentyNineV2 => 128,
                    LightForm::FacexZoo => 112,
                };
                halved((side, side), &[(STEM, 1), (first, 1), (second, 1), (third, 0), (fourth, 1)])
            }
            Backbone::Vgg16(_) => halved((224, 224), &[(STEM, 0), (first, 1), (second, 1), (third, 1), (fourth, 1), (fifth, 1)]),
            Backbone::SphereNet(_) => halved((112, 96), &[(STEM, 1), (first, 0), (second, 1), (third, 1), (fourth, 1)]),
            Backbone::ResNet50(_) => halved((224, 224), &[(STEM, 2), (first, 0), (second, 1), (third, 1), (fourth, 1)]),
            Backbone::Tiny(it) => halved((it.side.0, it.side.0), &[(&["stem", "stage1"], 1), (second, 1), (third, 1), (fourth, 1)]),
        }
    }
}
