//! Stopped and resumed stages end with the same bits.

use super::*;

const DDL: &str = "batches e = draw(easy, by = balanced(), size = 12)
    batches h = draw(hard, by = balanced(), size = 12, augment = [flip()])
    stage s = train(net, classify(e, arc) + classify(h, arc) + ddl(teacher = easy, students = [hard]), batch = 8, for = 14 steps, clip = 5.0,
                    optimizer = adamw(lr = 0.01), keep = best(ver.gap, every = 4 steps))";

#[test]
fn a_stage_stopped_at_any_step_ends_with_the_same_bits() {
    let whole = Bench::new(DDL).train().unwrap();
    for (every, stop) in [(1, 1), (3, 3), (5, 10), (1, 13)] {
        let bench = Bench::new(DDL).every(every).stop_after(Some(stop));
        let stopped = bench.train().unwrap_err();
        assert!(matches!(stopped, TrainError::Interrupted { step } if step == stop), "{stopped}");
        let resumed = bench.stop_after(None);
        let trained = resumed.train().unwrap();
        assert!(resumed.events().iter().any(|event| matches!(event, Event::Resumed { step, .. } if *step == stop)));
        assert_eq!(bits(&trained.model), bits(&whole.model), "stopped after {stop}");
        assert_eq!((trained.kept, trained.log.steps()), (whole.kept, whole.log.steps()));
        assert_eq!(trained.log.column("loss"), whole.log.column("loss"));
    }
}

#[test]
fn a_checkpoint_of_another_stage_is_refused() {
    let bench = Bench::new(DDL).every(2).stop_after(Some(4));
    let _ = bench.train().unwrap_err();
    let mut other = bench.stop_after(None);
    let node = other.node("s").0 as usize;
    other.plan.nodes[node].args["optimizer"]["lr"] = 0.5.into();
    let error = other.train().unwrap_err();
    assert!(error.to_string().contains("was written with another optimiser, lr: 0.01 where 0.5 is right"), "{error}");
}

#[test]
fn a_damaged_checkpoint_gives_way_to_the_one_before() {
    let whole = Bench::new(DDL).train().unwrap();
    let bench = Bench::new(DDL).every(2).stop_after(Some(6));
    let _ = bench.train().unwrap_err();
    let folder = bench.store().checkpoints(bench.plan.node(bench.node("s")).key).folder().join("000000000006/memory.safetensors");
    std::fs::write(folder, b"spoiled").unwrap();
    let bench = bench.stop_after(None);
    let trained = bench.train().unwrap();
    let events = bench.events();
    assert!(events.iter().any(|event| matches!(event, Event::Warning(failure) if failure.code == "ddl::run::damaged_checkpoint")));
    assert!(events.iter().any(|event| matches!(event, Event::Resumed { step: 4, .. })));
    assert_eq!(bits(&trained.model), bits(&whole.model));
}
