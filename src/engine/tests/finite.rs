//! What is no number is stored nowhere, and nothing goes on from it.

mod common;

use common::Run;
use ddl::store::Found;
use ddl_engine::nn::state::State;

const CODE: &str = "ddl::run::weights_not_finite";

/// Weights that the last step throws beyond what 32 bits hold: no loss is computed after it that could tell.
const SPOILED: &str =
    "stage s = train(net, 1e30 * classify(people.train, arc), batch = 24, for = 1 steps, optimizer = sgd(lr = 1e10, momentum = 0.0))";

#[test]
fn a_stage_whose_last_step_spoils_it_is_not_stored() {
    let run = Run::new(&format!("{SPOILED}\nexport out = safetensors(s, to = \"s.safetensors\")"));
    let text = run.run().failed(CODE);
    assert!(text.contains("values that are NaN or infinite after step 1: nothing of the stage is stored"), "{text}");
    assert!(matches!(run.store().get(run.job.plan.node(run.node("s")).key).unwrap(), Found::Absent));
    // neither is a checkpoint of it
    let key = run.job.plan.node(run.node("s")).key;
    assert!(run.store().checkpoints(key).latest().unwrap().0.is_none());
    // and a second run says the same
    assert_eq!(run.run().failed(CODE), text);
}

/// Gradients whose squares are beyond what 32 bits hold, and a last step that no loss comes after: weights stay finite, as an infinite
/// moment moves none.
#[test]
fn a_stage_whose_optimizer_overflows_is_not_stored_though_its_weights_are_numbers() {
    let (adam, adamw) = ("adam(lr = 0.001)", "adamw(lr = 0.001)");
    for (optimizer, more, steps) in [
        (adam, "", 1),
        (adamw, "", 1),
        // whether a checkpoint is due after it or not, and whatever is kept
        (adam, "", 3),
        (adam, ", keep = best(ver.gap, every = 1 step)", 2),
    ] {
        let stage = format!(
            "stage s = train(net, 1e25 * classify(people.train, arc), batch = 24, for = {steps} steps, optimizer = {optimizer}{more})"
        );
        let run = Run::new(&format!("{stage}\nexport out = safetensors(s, to = \"s.safetensors\")"));
        let text = run.run().failed(CODE);
        assert!(text.contains("the optimizer's `second.") && text.contains("NaN or infinite after step"), "{stage}: {text}");
        let key = run.job.plan.node(run.node("s")).key;
        assert!(matches!(run.store().get(key).unwrap(), Found::Absent), "{stage}");
        assert!(run.store().checkpoints(key).latest().unwrap().0.is_none(), "{stage}");
    }
}

/// Results of an earlier version, which looked at losses alone, lie in stores.
#[test]
fn nothing_goes_on_from_a_stored_model_that_is_no_number() {
    let stage = "stage a = train(net, classify(people.train, arc), batch = 24, for = 1 steps, seed = k, optimizer = slow)";
    let report = "report t = compare({\"s\" = s}, columns = [ver.gap])";
    for rest in [
        "stage s = train(a, classify(people.train, arc), batch = 24, for = 1 steps, optimizer = slow)",
        "stage s = average(a, over = [k])",
        "stage s = select(a, by = ver.gap, over = [k])",
        "stage s = train(net, classify(people.train, arc) + rkd(people.train, teacher = a), batch = 24, for = 1 steps, optimizer = slow)",
        "let s = a",
    ] {
        let run = Run::new(&format!("sweep k in [1, 2]\n{stage}\n{rest}\n{report}"));
        let trained = run.job.plan.iter().find(|(_, node)| node.op == "train" && node.name.starts_with('a')).unwrap().0;
        let mut only = Run::of(run.job.plan.clone(), ddl::plan::Paths::new());
        only.job.only = vec![run.job.plan.node(trained).name.clone()];
        only.run().done();
        spoil(&only, trained, &run);
        let text = run.run().failed(CODE);
        assert!(
            text.contains("`a[k = 1]` can't be used: its tensor `") && text.contains("has 1 value that is NaN or infinite"),
            "{rest}: {text}"
        );
    }
}

/// Puts a stage's result, with one value that is no number, into the store of another run.
fn spoil(from: &Run, stage: ddl::lang::value::NodeId, to: &Run) {
    let node = from.job.plan.node(stage);
    let artifact = from.artifact(stage);
    let mut state = State::from_bytes(&artifact.read("model.safetensors").unwrap()).unwrap();
    let name = state.names().find(|name| name.ends_with(".weight")).unwrap().to_owned();
    let entry = state.entry(&name).unwrap();
    let (tensor, role) = (entry.tensor.copy(), entry.role);
    let _ = tensor.view([-1]).get(0).fill_(f64::NAN);
    state.replace(&name, tensor, role);
    let store = to.store();
    let lock = store.lock(node.key, || false).unwrap().unwrap();
    let mut draft = lock.draft().unwrap();
    draft.write("model.safetensors", &state.to_bytes(&[]).unwrap()).unwrap();
    for file in ["heads.json", "log.safetensors", "first_batch.json"] {
        draft.write(file, &artifact.read(file).unwrap()).unwrap();
    }
    lock.commit(draft, &node.op, &node.name, artifact.meta().unwrap()).unwrap();
}
