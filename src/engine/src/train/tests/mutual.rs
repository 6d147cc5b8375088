//! Several networks in one stage.

use super::*;

const NETS: &str = "backbone other = tiny(embedding = 24, side = 48px, width = 8, seed = 1)
batches d = draw(faces, size = 24, augment = [flip()])
";

pub fn recipe(objective: &str, steps: u64, more: &str) -> Bench {
    Bench::new(&format!(
        "{NETS}stage both = train({{a = net, b = other}}, {objective}, for = {steps} steps, optimizer = sgd(lr = 0.05, momentum = 0.9){more})
         let s = both.a"
    ))
}

/// Each network classifies, and follows the other.
pub const MUTUAL: &str = "classify(d, arc, of = a) + classify(d, arc, of = b) + mutual(d, between = [a, b], scale = 8)";

fn train(bench: &Bench) -> Result<Trained, TrainError> {
    bench.train_from("both", &bench.fresh())
}

fn all_bits(trained: &Trained) -> Vec<Vec<u8>> {
    trained.models.iter().map(bits).collect()
}

#[test]
fn networks_learn_together() {
    let bench = recipe(MUTUAL, 40, "");
    let trained = train(&bench).unwrap();
    let columns: Vec<&str> = trained.log.columns().map(|(name, _)| name).collect();
    for wanted in ["a.classify", "b.classify", "mutual", "mutual.a", "mutual.b", "mutual.agreement"] {
        assert!(columns.contains(&wanted), "{wanted}: {columns:?}");
    }
    for column in ["loss", "a.classify", "b.classify"] {
        super::methods::assert_falls(column, trained.log.column(column).unwrap());
    }
    assert_eq!(trained.models.iter().map(|model| model.width().unwrap()).collect::<Vec<_>>(), [16, 24]);
    assert!(trained.models.iter().all(|model| model.heads.len() == 1));
    assert_eq!(trained.first_batch.len(), 1, "one draw, whatever networks see it");
}

/// Networks that share no term are trained as they would be alone.
#[test]
fn the_state_of_each_network_is_its_own() {
    let both = train(&recipe("classify(d, arc, of = a) + classify(d, arc, of = b)", 8, "")).unwrap();
    let with = train(&recipe("classify(d, arc, of = a) + 2 * classify(d, arc, of = b)", 8, "")).unwrap();
    assert_eq!(bits(&both.models[0]), bits(&with.models[0]), "a's training depends on b's weight");
    assert_ne!(bits(&both.models[1]), bits(&with.models[1]));
    let together = train(&recipe(MUTUAL, 8, "")).unwrap();
    assert_ne!(bits(&together.models[0]), bits(&both.models[0]), "a does not follow b");
}

/// A network under another name learns something else where chance has a part in it, and the same where it has none.
#[test]
fn networks_of_a_stage_share_no_noise() {
    let recipe = |names: [&str; 2], drop_path: &str, more: &str| {
        let net = format!("vit(\"t\", embedding = 16, width = 16, depth = 2, heads = 2, patch = 28, drop_path = {drop_path})");
        let common = COMMON.replace("tiny(embedding = 16, side = 32px, width = 8)", &net);
        assert!(common.contains(&net));
        let terms = ["a", "b"].map(|of| format!("classify(d, arc, of = {of}, prototypes = \"class_means\"{more})")).join(" + ");
        let [first, second] = names;
        Bench::of(&format!(
            "{common}backbone other = {}, seed = 1)
             batches d = draw(faces, size = 4)
             stage both = train({{{first} = net, {second} = other}}, {terms}, for = 4 steps, optimizer = slow)
             let s = both.a",
            net.trim_end_matches(')'),
        ))
    };
    let own = |trained: &Trained, name: &str, bench: &Bench| {
        let train: &Train = bench.plan.get(bench.node("both")).unwrap();
        let place = train.model.all().iter().position(|(net, _)| *net == name).unwrap();
        bits(&trained.models[place])
    };
    for (drop_path, more, chance) in [("0.0", "", false), ("0.5", "", true), ("0.0", ", sample = 50%", true)] {
        let benches = [["a", "b"], ["b", "a"]].map(|names| recipe(names, drop_path, more));
        let [as_a, as_b] = [("a", &benches[0]), ("b", &benches[1])].map(|(name, bench)| own(&train(bench).unwrap(), name, bench));
        assert_eq!(as_a != as_b, chance, "{drop_path}{more}");
        let whole = train(&benches[0]).unwrap();
        let stopped = recipe(["a", "b"], drop_path, more).every(2).stop_after(Some(2));
        assert!(matches!(train(&stopped).unwrap_err(), TrainError::Interrupted { step: 2 }));
        assert_eq!(all_bits(&train(&stopped.stop_after(None)).unwrap()), all_bits(&whole), "{drop_path}{more}");
    }
}

#[test]
fn a_stage_of_several_goes_on_with_the_same_bits() {
    let bench = || recipe(MUTUAL, 9, ", keep = best(ver.gap, every = 2 steps, of = b)");
    let whole = train(&bench()).unwrap();
    for (every, stop) in [(1, 1), (4, 4), (3, 6)] {
        let stopped = bench().every(every).stop_after(Some(stop));
        assert!(matches!(train(&stopped).unwrap_err(), TrainError::Interrupted { step } if step == stop));
        let resumed = train(&stopped.stop_after(None)).unwrap();
        assert_eq!(all_bits(&resumed), all_bits(&whole), "stopped after {stop}");
        assert_eq!((resumed.kept, resumed.log.column("loss")), (whole.kept, whole.log.column("loss")));
    }
}

#[test]
fn parts_are_frozen_in_the_network_that_they_are_named_of() {
    let bench = recipe(MUTUAL, 3, ", freeze = [other.trunk, other.activations]");
    let trained = train(&bench).unwrap();
    let other = bench.fresh_of(bench.node("other"));
    for (model, source, stays) in [(&trained.models[0], bench.fresh(), false), (&trained.models[1], other, true)] {
        for (name, entry) in source.state.iter().filter(|(name, _)| name.starts_with("stage")) {
            assert_eq!(&entry.tensor == model.state.get(name).unwrap(), stays, "{name}");
        }
    }
}

/// A network of one stage teaches in the next.
#[test]
fn one_of_several_is_a_model_like_any_other() {
    let bench = Bench::new(&format!(
        "{NETS}stage both = train({{a = net, b = other}}, {MUTUAL}, for = 4 steps, optimizer = slow)
         stage s = train(both.a, kd(d, teacher = both.b, scale = 16) + classify(d, arc), for = 4 steps, optimizer = slow)"
    ));
    let both = train(&bench).unwrap();
    let plan = &bench.plan;
    assert_eq!(plan.made(bench.node("both.a")).unwrap(), both.models[0].made);
    assert_eq!(plan.made(bench.node("both.b")).unwrap(), both.models[1].made);
    let teachers = [(bench.node("both.b"), Rc::new(both.models[1].copy().unwrap()))].into();
    assert!(bench.train_with(&both.models[0], teachers).unwrap().steps == 4);
}

/// Two networks tell each other which labels to believe, and go on with the same bits.
#[test]
fn networks_mine_together() {
    let mined = "co_mining(d, between = [a, b], scale = 8, margin = 0.1rad, drop = 0.3)";
    let trained = train(&recipe(mined, 40, "")).unwrap();
    for column in ["loss", "co_mining.a", "co_mining.b"] {
        super::methods::assert_falls(column, trained.log.column(column).unwrap());
    }
    assert!(trained.log.column("co_mining.dropped").unwrap().iter().any(|share| *share > 0.0));
    let whole = train(&recipe(mined, 9, "")).unwrap();
    let stopped = recipe(mined, 9, "").every(4).stop_after(Some(4));
    assert!(matches!(train(&stopped).unwrap_err(), TrainError::Interrupted { step: 4 }));
    assert_eq!(all_bits(&train(&stopped.stop_after(None)).unwrap()), all_bits(&whole));
}

#[test]
fn several_networks_in_mixed_precision_learn_and_go_on_with_the_same_bits() {
    let mixed = |steps| recipe(MUTUAL, steps, ", precision = \"mixed\"");
    let (half, full) = (train(&mixed(40)).unwrap(), train(&recipe(MUTUAL, 40, "")).unwrap());
    for (half, full) in half.models.iter().zip(&full.models) {
        assert_ne!(bits(half), bits(full));
        assert!(half.state.iter().all(|(_, entry)| entry.tensor.kind() != tch::Kind::BFloat16), "what is stored is whole");
    }
    for column in ["a.classify", "b.classify"] {
        super::methods::assert_falls(column, half.log.column(column).unwrap());
    }
    let whole = train(&mixed(9)).unwrap();
    let stopped = mixed(9).every(4).stop_after(Some(4));
    assert!(matches!(train(&stopped).unwrap_err(), TrainError::Interrupted { step: 4 }));
    assert_eq!(all_bits(&train(&stopped.stop_after(None)).unwrap()), all_bits(&whole));
}

#[test]
fn the_network_whose_loss_is_no_number_is_named() {
    for (bad, named) in [("a", "`a.classify` is "), ("b", "`b.classify` is ")] {
        let objective = ["a", "b"].map(|net| {
            let weight = if net == bad { "1e30" } else { "0.5" };
            format!("{weight} * classify(d, arc, of = {net})")
        });
        let error = train(&recipe(&objective.join(" + "), 30, "").every(1)).unwrap_err().to_string();
        assert!(error.contains(named) && error.contains("the last good checkpoint is of step"), "{error}");
    }
}

/// The outputs of a frozen part are kept for the one network that has it.
#[test]
fn a_cached_prefix_of_one_network_gives_what_the_uncached_way_gives() {
    let bench = || recipe(MUTUAL, 8, ", freeze = [other.trunk, other.activations], batch_norm = \"frozen\"");
    let cached = bench();
    let with = train(&cached).unwrap();
    assert!(cached.events().iter().any(|event| matches!(event, Event::Progress { .. })), "no bank was made");
    super::super::bank::FORBIDDEN.set(true);
    let plain = bench();
    let without = train(&plain);
    super::super::bank::FORBIDDEN.set(false);
    let without = without.unwrap();
    assert!(!plain.events().iter().any(|event| matches!(event, Event::Progress { .. })));
    for ((with, without), source) in with.models.iter().zip(&without.models).zip([bench().fresh(), cached.fresh_of(cached.node("other"))]) {
        let (apart, moved) = (distance(with, without), distance(with, &source));
        assert!(moved > 0.0 && apart < 1e-4 * moved.max(1e-3), "{apart} of {moved}");
    }
}
