//! Whole runs of the engine's program on drawn faces.

mod common;

use common::Run;
use ddl::events::Event;
use ddl::ops::evals::{Accuracy, Eer, Metric};
use ddl::ops::refs::EvalRef;

const DISTILLED: &str = "stage warm = train(net, classify(people.train, arc), batch = 24, for = 10 epochs, optimizer = slow)
    stage s = train(warm, classify(easy, arc) + classify(hard, arc) + ddl(teacher = easy, students = [hard]), batch = 8, for = 6 steps, optimizer = slow)
    report t = compare({\"net\" = net, \"warm\" = warm, \"s\" = s}, columns = [ver.accuracy, ver.eer])";

#[test]
fn a_recipe_goes_from_a_plan_to_judgements_and_a_second_run_does_nothing() {
    let run = Run::new(DISTILLED);
    let first = run.run().done();
    assert!(matches!(&first.events[0], Event::RunStarted { due, stored: 0, .. } if due.len() == 2 + 3 * 3), "{:?}", first.events[0]);
    let judged = run.judged();
    assert_eq!(judged.len(), 3);
    for (_, judged) in &judged {
        let eval = EvalRef { node: run.node("ver") };
        let accuracy = judged.measure(&Metric::Accuracy(Accuracy { eval })).unwrap();
        assert!((0.0..=1.0).contains(&accuracy.value) && accuracy.folds == Some(2));
        assert_eq!((accuracy.n_genuine, accuracy.n_impostor), (40, 40));
        judged.measure(&Metric::Eer(Eer { eval })).unwrap();
    }
    let log = ddl::store::TrainingLog::from_bytes(&run.artifact(run.node("s")).read("log.safetensors").unwrap()).unwrap();
    assert_eq!(log.steps(), 6);
    let second = run.run().done();
    assert!(matches!(second.events.last(), Some(Event::Done { computed: 0, stored, .. }) if *stored > 0));
}
