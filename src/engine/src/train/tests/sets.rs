//! Sets of images: what pools them is learned, kept and handed on with the model.

use super::*;
use crate::model::HeadId;
use tch::Tensor;

const SETS: &str = "classify(b, cosface(scale = 8, margin = 0.1), pool = multicolumn())";

fn bench(objective: &str, steps: u64, more: &str) -> Bench {
    Bench::new(&format!(
        "batches b = draw(faces, by = pk(identities = 6, images = 4), augment = [sometimes(occlude(area = 60%..80%), p = 40%)])
         stage s = train(net, {objective}, for = {steps} steps, optimizer = slow{more})"
    ))
}

fn tensor(model: &Model, slot: &str, name: &str) -> Tensor {
    model.heads[&HeadId::of_nobody(slot)].state.get(name).unwrap().copy()
}

#[test]
fn a_pooling_learns_beside_a_network_that_stays() {
    let first = bench(SETS, 1, "").train().unwrap().models.remove(0);
    let bench = bench(SETS, 20, ", freeze = [net.trunk, net.neck, net.activations], batch_norm = \"frozen\"");
    let trained = bench.train().unwrap();
    let (model, fresh) = (&trained.models[0], bench.fresh());
    assert!(distance(model, &fresh).abs() < 1e-12, "the network stays");
    for name in ["alpha.weight", "alpha.bias", "beta.weight", "beta.bias"] {
        assert_ne!(tensor(model, "set", name), tensor(&first, "set", name), "{name} learns");
    }
    let columns: Vec<&str> = trained.log.columns().map(|(name, _)| name).collect();
    assert!(["classify.alpha", "classify.beta", "classify.accuracy"].iter().all(|name| columns.contains(name)), "{columns:?}");
    assert!(trained.log.column("classify.alpha").unwrap().iter().all(|mean| (0.0..=1.0).contains(mean)));
}

#[test]
fn the_network_learns_from_sets_too() {
    let fresh = bench(SETS, 3, "").fresh();
    assert!(distance(&bench(SETS, 3, "").train().unwrap().models[0], &fresh) > 1e-4);
}

#[test]
fn a_pooling_is_kept_from_stage_to_stage_by_its_slot() {
    let first = bench(SETS, 3, "").train().unwrap().models.remove(0);
    // a stage of single images leaves it, one of sets goes on with it, another slot is another pooling
    let plain = bench("classify(b, cosface(scale = 8, margin = 0.1))", 3, "").train_from("s", &first).unwrap().models.remove(0);
    assert_eq!(tensor(&plain, "set", "alpha.weight"), tensor(&first, "set", "alpha.weight"));
    let still = bench(SETS, 1, "").train_from("s", &plain).unwrap().models.remove(0);
    let moved = (tensor(&still, "set", "alpha.weight") - tensor(&first, "set", "alpha.weight")).abs().max().double_value(&[]);
    assert!(moved > 0.0 && moved < 0.1, "{moved}");
    let other = SETS.replace("multicolumn()", "multicolumn(slot = \"other\", content = false)");
    let both = bench(&other, 3, "").train_from("s", &first).unwrap().models.remove(0);
    assert_eq!(tensor(&both, "set", "beta.weight"), tensor(&first, "set", "beta.weight"));
    assert_eq!(both.heads[&HeadId::of_nobody("other")].state.names().collect::<Vec<_>>(), ["alpha.bias", "alpha.weight"]);
    // content quality is added to a pooling that has none
    let whole =
        bench(&SETS.replace("multicolumn()", "multicolumn(slot = \"other\")"), 1, "").train_from("s", &both).unwrap().models.remove(0);
    assert_eq!(whole.heads[&HeadId::of_nobody("other")].state.len(), 4);
}

/// Two terms of one slot share a pooling; what others keep under the same slot stays beside it.
#[test]
fn terms_that_share_a_slot_share_what_is_kept_there() {
    let bench = Bench::new(
        "backbone big = tiny(embedding = 24, side = 32px, width = 12, seed = 3)
         batches b = draw(faces, by = pk(identities = 6, images = 4))
         batches c = draw(easy, by = pk(identities = 4, images = 2))
         stage s = train(net, classify(b, arc, pool = multicolumn()) + classify(c, arc, pool = multicolumn())
                              + feature(b, teacher = big, slot = \"set\"), for = 2 steps, optimizer = slow)",
    );
    let model = bench.train().unwrap().models.remove(0);
    let kept: Vec<String> = model.heads[&HeadId::of_nobody("set")].state.names().map(str::to_owned).collect();
    assert_eq!(kept, ["adapter", "alpha.bias", "alpha.weight", "beta.bias", "beta.weight"]);
}
