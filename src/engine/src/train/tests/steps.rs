//! What a stage does with draws, terms, parts and heads.

use super::*;
use ddl::events::{Decision, Failure};

fn code(error: TrainError) -> String {
    Failure::from(error).code
}

fn classify(more: &str, options: &str) -> Bench {
    Bench::new(&format!("stage s = train(net, classify(faces, arc{more}), batch = 24, for = 12 steps, optimizer = slow{options})"))
}

#[test]
fn a_stage_learns_and_says_so() {
    let bench = Bench::new("stage s = train(net, classify(faces, arc), batch = 24, for = 20 epochs, optimizer = slow)");
    let trained = bench.train().unwrap();
    let loss = trained.log.column("loss").unwrap();
    assert_eq!((trained.steps, trained.per_epoch, loss.len()), (60, 3, 60));
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
    assert!(mean(&loss[50..]) < 0.7 * mean(&loss[..5]), "{loss:?}");
    assert_eq!(trained.first_batch.len(), 1);
    assert_eq!(trained.first_batch[0].pictures.len(), 24);
    let events = bench.events();
    assert!(matches!(&events[0], Event::FirstBatch { node, .. } if node == "s"));
    assert!(matches!(events.last(), Some(Event::Step { step: 60, of: 60, .. })), "{:?}", events.last());
    assert_eq!(trained.models[0].heads.len(), 1);
}

#[test]
fn a_batches_node_is_drawn_once_for_all_terms_that_name_it() {
    let bench = Bench::new(
        "batches e = draw(easy, by = balanced(), size = 12)
         batches h = draw(hard, by = balanced(), size = 12)
         batches pe = draw(easy, by = pairs(), size = 8)
         batches ph = draw(hard, by = pairs(), size = 8)
         stage s = train(net, classify(e, arc) + classify(h, arc)
                              + ddl(teacher = branch(pairs = pe, negatives = e), students = [branch(pairs = ph, negatives = h)]),
                         for = 6 steps, optimizer = slow)",
    );
    let trained = bench.train().unwrap();
    let labels: Vec<&str> = trained.first_batch.iter().map(|group| group.label.as_str()).collect();
    assert_eq!(labels.len(), 4, "{labels:?}");
    let columns: Vec<&str> = trained.log.columns().map(|(name, _)| name).collect();
    assert!(columns.contains(&"classify(e)") && columns.contains(&"classify(h)") && columns.contains(&"ddl.order"), "{columns:?}");
    assert_eq!(trained.models[0].heads.len(), 1, "easy and hard are views of one label space");
}

#[test]
fn equal_stages_end_with_equal_bits_and_another_seed_with_others() {
    let one = classify("", "").train().unwrap();
    let two = classify("", "").every(3).train().unwrap();
    let other = classify("", ", seed = 1").train().unwrap();
    assert_eq!(bits(&one.models[0]), bits(&two.models[0]));
    assert_ne!(bits(&one.models[0]), bits(&other.models[0]));
}

#[test]
fn a_stage_in_mixed_precision_learns_and_goes_on_with_the_same_bits() {
    let mixed = |options: &str| {
        let recipe = "stage s = train(net, classify(faces, arc), batch = 24, for = 30 steps, optimizer = slow, precision = PRECISION)";
        Bench::new(&recipe.replace("PRECISION", options))
    };
    let (half, full) = (mixed("\"mixed\"").train().unwrap(), mixed("\"full\"").train().unwrap());
    let mean = |trained: &Trained, steps: std::ops::Range<usize>| {
        let loss = &trained.log.column("loss").unwrap()[steps];
        loss.iter().sum::<f32>() / loss.len() as f32
    };
    assert!(mean(&half, 25..30) < 0.8 * mean(&half, 0..5), "{:?}", half.log.column("loss"));
    assert!((mean(&half, 0..5) / mean(&full, 0..5) - 1.0).abs() < 0.1, "it starts as the full one does");
    assert_ne!(bits(&half.models[0]), bits(&full.models[0]));
    assert!(half.models[0].state.iter().all(|(_, entry)| entry.tensor.kind() != tch::Kind::BFloat16), "what is stored is whole");
    let stopped = mixed("\"mixed\"").every(7).stop_after(Some(14));
    assert!(matches!(stopped.train().unwrap_err(), TrainError::Interrupted { step: 14 }));
    assert_eq!(bits(&stopped.stop_after(None).train().unwrap().models[0]), bits(&half.models[0]));
}

#[test]
fn a_stage_in_float16_learns_with_a_loss_scale_and_goes_on_with_the_same_bits() {
    let bench = |lr: &str, steps: u64, precision: &str| {
        Bench::new(&format!(
            "stage s = train(net, classify(faces, arc), batch = 24, for = {steps} steps, optimizer = sgd(lr = {lr}, momentum = 0.9), precision = \"{precision}\")"
        ))
    };
    let (half, full) = (bench("0.02", 30, "fp16").train().unwrap(), bench("0.02", 30, "full").train().unwrap());
    let column = |trained: &Trained, name: &str| trained.log.column(name).unwrap().to_vec();
    let (loss, whole) = (column(&half, "loss"), column(&full, "loss"));
    let mean = |loss: &[f32]| loss.iter().sum::<f32>() / loss.len() as f32;
    assert!(mean(&loss[25..]) < 0.8 * mean(&loss[..5]), "{loss:?}");
    assert!((loss[0] / whole[0] - 1.0).abs() < 0.01, "the scale is no part of what is told");
    assert!(half.models[0].state.iter().all(|(_, entry)| entry.tensor.kind() != tch::Kind::Half), "what is stored is whole");
    // a step that overflows is left out, and the next one has half the scale
    let (scales, overflows) = (column(&half, "loss_scale"), column(&half, "overflow"));
    for at in 0..29 {
        let next = if overflows[at] > 0.0 { scales[at] / 2.0 } else { scales[at] };
        assert!((scales[at + 1] - next).abs() < 0.5, "{scales:?} {overflows:?}");
    }
    assert!(overflows.iter().sum::<f32>() < 20.0, "{overflows:?}");
    let stopped = bench("0.02", 30, "fp16").every(7).stop_after(Some(14));
    assert!(matches!(stopped.train().unwrap_err(), TrainError::Interrupted { step: 14 }));
    let resumed = stopped.stop_after(None).train().unwrap();
    assert_eq!(bits(&resumed.models[0]), bits(&half.models[0]));
    assert_eq!(column(&resumed, "loss_scale"), scales);
}

/// An objective so large that its gradients overflow at the first scale.
#[test]
fn a_step_whose_gradients_overflow_changes_nothing() {
    let bench = |weight: &str| {
        Bench::new(&format!(
            "stage s = train(net, {weight} * classify(faces, arc), batch = 24, for = 3 steps, optimizer = sgd(lr = 1e-9), batch_norm = \"frozen\", precision = \"fp16\")"
        ))
    };
    let trained = bench("1e5").train().unwrap();
    assert_eq!(trained.log.column("overflow").unwrap(), [1.0; 3]);
    assert_eq!(trained.log.column("loss_scale").unwrap(), [65_536.0, 32_768.0, 16_384.0]);
    assert!(distance(&trained.models[0], &bench("1e5").fresh()).abs() < 1e-12);
}

#[test]
fn the_source_stays_and_frozen_parts_stay_too() {
    let bench = classify("", ", freeze = [net.trunk, net.activations]");
    let source = bench.fresh();
    let before = bits(&source);
    let trained = bench.train_from("s", &source).unwrap();
    assert_eq!(bits(&source), before);
    let changed: Vec<&str> =
        source.state.iter().filter(|(name, entry)| entry.tensor != *trained.models[0].state.get(name).unwrap()).map(|it| it.0).collect();
    let network = &source.network;
    let frozen = network.freeze(&["trunk", "activations"]).unwrap();
    let prefix: Vec<String> = network.specs_of(0..frozen.prefix()).into_iter().map(|spec| spec.name).collect();
    assert!(!changed.is_empty() && changed.iter().all(|name| !prefix.contains(&(*name).to_owned())), "{changed:?}");
}

#[test]
fn frozen_batch_norm_keeps_its_statistics() {
    let bench = classify("", ", batch_norm = \"frozen\"");
    let (source, trained) = (bench.fresh(), bench.train().unwrap());
    for (name, entry) in source.state.iter().filter(|(name, _)| name.contains("running_")) {
        assert_eq!(&entry.tensor, trained.models[0].state.get(name).unwrap(), "{name}");
    }
}

#[test]
fn a_cached_prefix_gives_what_the_uncached_way_gives() {
    for data in
        ["draw(easy, by = balanced(), size = 12)", "draw(small, by = shuffled(), size = 12)", "draw(easy, size = 12, augment = [flip()])"]
    {
        let recipe = |sampler: &str| {
            Bench::new(&format!(
                "batches e = {sampler}
                 stage s = train(net, classify(e, arc, prototypes = \"class_means\"), for = 12 steps, freeze = [net.trunk, net.activations],
                                 batch_norm = \"frozen\", optimizer = sgd(lr = 0.01))"
            ))
        };
        let cached = recipe(data);
        let with = cached.train().unwrap();
        assert!(cached.events().iter().any(|event| matches!(event, Event::Progress { .. })), "{data}: no bank was made");
        super::super::bank::FORBIDDEN.set(true);
        let plain = recipe(data);
        let without = plain.train();
        super::super::bank::FORBIDDEN.set(false);
        let without = without.unwrap();
        assert!(!plain.events().iter().any(|event| matches!(event, Event::Progress { .. })));
        let distance = distance(&with.models[0], &without.models[0]);
        let moved = super::distance(&with.models[0], &cached.fresh());
        assert!(distance < 1e-4 * moved.max(1e-3), "{data}: {distance} of {moved}");
        let again = cached.train().unwrap();
        assert_eq!(bits(&again.models[0]), bits(&with.models[0]));
        let made = cached.events().iter().filter(|event| matches!(event, Event::Progress { .. })).count();
        assert_eq!(made, 1, "{data}: the bank was made twice");
    }
}

#[test]
fn prototypes_go_on_or_start_as_the_recipe_says() {
    let first = classify("", "").train().unwrap();
    let goes_on = classify("", ", seed = 5").train_from("s", &first.models[0]).unwrap();
    assert_eq!(goes_on.models[0].heads.len(), 1);
    let relabelled = |more: &str| {
        Bench::new(&format!(
            "dataset anew = faces |> relabel()
             stage s = train(net, classify(anew, arc{more}), batch = 24, for = 1 steps, optimizer = sgd(lr = 0.0))"
        ))
    };
    assert_eq!(code(relabelled("").train_from("s", &first.models[0]).unwrap_err()), "ddl::run::prototypes_unsaid");
    let rows = |model: &Model, old: bool| {
        let old_id = first.models[0].heads.keys().next().unwrap();
        let head = model.heads.iter().find(|(id, _)| (*id == old_id) == old).unwrap().1;
        head.state.get("prototypes").unwrap().copy()
    };
    let by_name = relabelled(", prototypes = \"by_name\"").train_from("s", &first.models[0]).unwrap();
    assert_eq!(rows(&by_name.models[0], false), rows(&first.models[0], true));
    let means = relabelled(", prototypes = \"class_means\"").train_from("s", &first.models[0]).unwrap();
    let means = rows(&means.models[0], false);
    let lengths = Vec::<f64>::try_from(means.norm_scalaropt_dim(2.0, [1i64], false).to_kind(tch::Kind::Double)).unwrap();
    assert!(lengths.iter().all(|length| (length - 1.0).abs() < 1e-5), "{lengths:?}");
    let fresh = relabelled(", prototypes = \"fresh\"").train_from("s", &first.models[0]).unwrap();
    assert_ne!(rows(&fresh.models[0], false), means);
}

#[test]
fn watching_changes_nothing_and_keeping_takes_the_best() {
    let plain = classify("", "").train().unwrap();
    let watched = classify("", ", watch = every(25%, [ver])");
    assert_eq!(bits(&watched.train().unwrap().models[0]), bits(&plain.models[0]));
    let seen = watched.events().iter().filter(|event| matches!(event, Event::Watched { metric, .. } if metric == "gap")).count();
    assert_eq!(seen, 4);
    let twice =
        classify("", ", watch = every(3 steps, [ver]), keep = best(ver.gap, every = 3 steps), stop = plateau(ver.gap, every = 6 steps)");
    twice.train().unwrap();
    let seen = twice.events().iter().filter(|event| matches!(event, Event::Watched { metric, .. } if metric == "gap")).count();
    assert_eq!(seen, 4, "each look is told once, however many ask for it");
    let mut best = classify("", ", keep = best(ver.gap, every = 3 steps)");
    best.judgement = |call| [0.1, 0.5, 0.2, 0.3][call as usize - 1];
    let best = best.train().unwrap();
    assert_eq!((best.kept, best.steps), (6, 12));
    assert_ne!(bits(&best.models[0]), bits(&plain.models[0]));
    let mut stopped = classify("", ", stop = plateau(ver.gap, patience = 2 checks, every = 2 steps)");
    stopped.judgement = |call| [0.1, 0.5, 0.5, 0.4, 0.3, 0.2][call as usize - 1];
    let trained = stopped.train().unwrap();
    assert_eq!((trained.kept, trained.steps), (8, 8));
    assert!(
        stopped.events().iter().any(|event| matches!(event, Event::Decided { decision: Decision::Stopped { step: 8, of: 12, .. }, .. }))
    );
}

#[test]
fn a_loss_that_is_no_number_stops_the_stage() {
    let bench = Bench::new("stage s = train(net, classify(faces, arc), batch = 24, for = 50 steps, optimizer = sgd(lr = 1e30))");
    let error = bench.every(1).train().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("`classify` is ") && text.contains("the last good checkpoint is of step"), "{text}");
    assert!(text.contains(" more"), "{text}");
    assert_eq!(code(error), "ddl::run::not_finite");
}

#[test]
fn what_can_not_be_trained_is_said_before_it_starts() {
    let one =
        "dataset one = faces |> identities(0..0)\nstage s = train(net, classify(one, arc), batch = 2, for = 1 epoch, optimizer = slow)";
    let alone = Bench::new(one).train().map(|_| ()).map_err(code);
    assert_eq!(alone, Err("ddl::run::one_class".to_owned()));
    let large = Bench::new("stage s = train(net, classify(faces, arc), batch = 1000, for = 1 epoch, optimizer = slow)");
    assert_eq!(code(large.train().unwrap_err()), "ddl::run::batch_too_large");
    assert_eq!(code(classify("", ", norm_over = 7 images").train().unwrap_err()), "ddl::run::norm_over");
    assert!(classify("", ", norm_over = 12 images").train().is_ok());
    let single =
        |more: &str| Bench::new(&format!("stage s = train(net, classify(faces, arc), batch = 1, for = 2 steps, optimizer = slow{more})"));
    assert_eq!(code(single("").train().unwrap_err()), "ddl::run::one_image");
    assert!(single(", batch_norm = \"frozen\"").train().is_ok());
}

/// A network whose last layers give nothing but zeros: the log counts such embeddings, and one warning tells of them.
#[test]
fn embeddings_of_zeros_are_counted_and_told_once() {
    let bench = classify("", "");
    let mut dead = bench.fresh();
    for (name, entry) in dead.state.clone().iter().filter(|(_, entry)| entry.role == crate::nn::state::Role::Parameter) {
        dead.state.replace(name, entry.tensor.zeros_like(), entry.role);
    }
    let trained = bench.train_from("s", &dead).unwrap();
    assert_eq!(trained.log.column("zero_embeddings").unwrap()[0].to_bits(), 24f32.to_bits());
    let told = |bench: &Bench| {
        let zeros = |event: &Event| matches!(event, Event::Warning { failure, .. } if failure.code == "ddl::run::zero_embeddings");
        bench.events().iter().filter(|event| zeros(event)).count()
    };
    assert_eq!(told(&bench), 1);
    let sound = classify("", "");
    assert!(sound.train().unwrap().log.column("zero_embeddings").is_none() && told(&sound) == 0);
}

/// Until batches and prototypes are shared out, several processes would each train a stage of their own.
#[test]
fn a_stage_is_trained_by_one_process() {
    for group in [Group { rank: 0, world_size: 2 }, Group { rank: 1, world_size: 2 }] {
        let error = Bench { group, ..classify("", "") }.train().unwrap_err();
        assert!(error.to_string().ends_with(&format!("this is {group}")), "{error}");
        assert_eq!(code(error), "ddl::run::engine_failed");
    }
}
