use ddl::nets::Backbone as _;
use ddl::ops::nets::Backbone;
use ddl::random::Draw;
use rand_chacha::rand_core::Rng as _;
use serde_json::json;
use tch::{Device, Kind, Tensor};

use super::super::run::step;
use super::super::{Module, Norms, Pass};
use super::*;
use crate::nn::noise::Noise;
use crate::nn::state::State;

const WIDE: (Kind, Device) = (Kind::Double, Device::Cpu);

/// Every declared backbone, small, with each share of something that is dropped or hidden at 30%: whatever it can draw, it draws.
fn networks() -> Vec<ddl::nets::Network> {
    let of = |decl: &ddl::lang::decl::Decl| {
        let mut args = match decl.name {
            "iresnet" => json!({"depth": 18}),
            "ir" => json!({"depth": 18}),
            "lightcnn" => json!({"form": "9"}),
            "vit" => json!({"size": "t"}),
            _ => json!({}), // all others have defaults for everything
        };
        let shares = decl.params.iter().filter(|param| {
            let within = |low: f64, high: f64| param.limits.is_some_and(|limits| limits.hold(low) && !limits.hold(high));
            within(0.0, 1.0)
        });
        shares.for_each(|param| args[param.name] = json!(0.3));
        args["op"] = decl.name.into();
        let args = ddl::ops::complete(decl.name, &args);
        let backbone: Backbone = serde_json::from_value(args).unwrap_or_else(|error| panic!("{}: {error}", decl.name));
        backbone.network().unwrap()
    };
    Backbone::decls().into_iter().map(of).collect()
}

/// The modules that draw, however deep they lie.
fn drawing(network: &ddl::nets::Network) -> Vec<Module> {
    fn see(module: &Module, found: &mut Vec<Module>) {
        found.extend(module.draws().map(|_| module.clone()));
        module.inside().into_iter().flatten().for_each(|module| see(module, found));
    }
    let mut found = Vec::new();
    network.layers.iter().flat_map(|layer| &layer.modules).for_each(|module| see(module, &mut found));
    found
}

fn pass(network: &str) -> Pass {
    Pass::training(Norms::Batch, Noise::of_stage(0).at(3, 0, 0).network(network))
}

/// The first numbers that a module draws, as it is run in a network of this name.
fn numbers(module: &Module, network: &str) -> Vec<u64> {
    let mut stream = pass(network).drawn(module).unwrap();
    (0..4).map(|_| stream.next_u64()).collect()
}

#[test]
fn no_two_layers_of_a_network_draw_the_same_numbers() {
    let mut counted = 0;
    for network in networks() {
        let modules: Vec<Module> = drawing(&network).into_iter().filter(|module| !matches!(module, Module::Fill(_))).collect();
        let mut drawn: Vec<Vec<u64>> = modules.iter().map(|module| numbers(module, "")).collect();
        drawn.sort();
        drawn.dedup();
        assert_eq!(drawn.len(), modules.len(), "two layers of {} draw the same", network.name);
        counted += modules.len();
        for module in &modules {
            assert_ne!(numbers(module, "a"), numbers(module, "b"), "{}: two networks of a stage draw the same", network.name);
            let (x, state) = (Tensor::ones([2000, 2], WIDE), State::new());
            if !matches!(module, Module::Hide(_)) {
                let run = |pass: &Pass| step(module, &state, x.shallow_clone(), pass).unwrap();
                assert_eq!(run(&pass("")), run(&pass("")), "{}", network.name);
                assert_ne!(run(&pass("")), run(&pass("a")), "{}: {module:?} leaves nothing to chance", network.name);
                assert_eq!(run(&Pass::judging()), x, "{}", network.name);
            }
        }
    }
    // vgg16 has two, the transformer two for each block but the first, and its mask
    assert!(counted >= 7 + 2 * 11, "{counted}");
}

/// The two layers of VGG's classifier: what both keep is a quarter, and the mean stays.
#[test]
fn two_dropouts_in_a_row_keep_the_product_of_their_shares() {
    let count = 400_000;
    let run = |names: &[&str], p: f64| {
        names.iter().fold(Tensor::ones([count], (Kind::Float, Device::Cpu)), |x, name| {
            step(&Module::Dropout { name: (*name).to_owned(), p }, &State::new(), x, &pass("")).unwrap()
        })
    };
    for (names, p) in [(&["fc6"][..], 0.4), (&["fc6", "fc7"], 0.5), (&["a", "b", "c"], 0.1)] {
        let out = run(names, p);
        let share = (1.0 - p).powi(names.len() as i32);
        // five standard deviations of so many draws
        let near = |found: f64, wanted: f64, sd: f64| (found - wanted).abs() < 5.0 * sd / (count as f64).sqrt();
        let (kept, mean) = (out.ne(0.0).mean(Kind::Double).double_value(&[]), out.mean(Kind::Double).double_value(&[]));
        assert!(near(kept, share, (share * (1.0 - share)).sqrt()), "{names:?}: {kept} of {share}");
        assert!(near(mean, 1.0, ((1.0 - share) / share).sqrt()), "{names:?}: {mean}");
    }
}

#[test]
fn a_dropped_path_is_whole_or_gone_and_the_same_again() {
    let x = Tensor::ones([400, 2, 3], WIDE);
    let run = |name: &str, at| {
        let pass = Pass::training(Norms::Batch, Draw::new(0, "noise").number(at));
        step(&Module::DropPath { name: name.to_owned(), p: 0.25 }, &State::new(), x.shallow_clone(), &pass).unwrap()
    };
    let (out, again, other, later) = (run("a", 1), run("a", 1), run("b", 1), run("a", 2));
    assert_eq!(out, again);
    assert!(out != other && out != later);
    let kept = out.select(1, 0).select(1, 0);
    let whole = kept.eq(f64::from((1.0f64 / 0.75) as f32)).sum(Kind::Int64).int64_value(&[]);
    assert!((270..330).contains(&whole), "{whole}");
    assert_eq!(whole + kept.eq(0.0).sum(Kind::Int64).int64_value(&[]), 400);
    assert_eq!(drop_path(0.25, x.shallow_clone(), None).unwrap(), x);
}
