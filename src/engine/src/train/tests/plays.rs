//! Alternating optimisation.

use super::*;

const NETS: &str = "backbone other = tiny(embedding = 16, side = 32px, width = 10, seed = 1)
backbone big = tiny(embedding = 24, side = 32px, width = 12, seed = 3)
stage taught = train(big, classify(faces, arc), batch = 24, for = 12 steps, optimizer = slow)
batches d = draw(faces, size = 24)
let judge = critic(hidden = [32])
let three = critic(hidden = [32], sees = \"labels\", by = t)
";

pub fn recipe(models: &str, plays: &str, steps: u64, more: &str) -> Bench {
    Bench::new(&format!(
        "{NETS}stage both = train({models}, plays = [{plays}], for = {steps} steps{more})
         let s = both.a"
    ))
}

const GAN: &str = "play(adversary(d, judge, teacher = taught), updates = [critic], optimizer = adam(lr = 0.002)),
    play(classify(d, arc) + 0.1 * fool(d, judge), updates = [a], optimizer = slow)";

const THREE: &str = "play(kdgan(d, three, between = [a, t]), updates = [critic], optimizer = adam(lr = 0.002), times = 2),
    play(classify(d, arc, of = t) + 0.1 * fool(d, three, of = t) + mutual(d, between = [a, t], scale = 8), updates = [t], optimizer = slow),
    play(classify(d, arc, of = a) + 0.1 * fool(d, three, of = a, temperature = 10 |> ramp(to = 0.1, over = 50%))
         + mutual(d, between = [a, t], temperature = 3, scale = 8), updates = [a], optimizer = slow)";

fn train(bench: &Bench) -> Result<Trained, TrainError> {
    bench.train_from("both", &bench.fresh())
}

#[test]
fn both_sides_of_a_game_learn() {
    let trained = train(&recipe("{a = net}", GAN, 40, "")).unwrap();
    let columns: Vec<&str> = trained.log.columns().map(|(name, _)| name).collect();
    for wanted in
        ["play1.adversary", "play1.adversary.right", "play2.classify", "play2.fool", "play2.fool.fooled", "play2.lr", "lr", "loss"]
    {
        assert!(columns.contains(&wanted), "{wanted}: {columns:?}");
    }
    super::methods::assert_falls("classify", trained.log.column("play2.classify").unwrap());
    // before the network learns to fool it, the critic learns to tell it
    let alone = "play(adversary(d, judge, teacher = taught), updates = [critic], optimizer = adam(lr = 0.002)),
                 play(classify(d, arc), updates = [a], optimizer = sgd(lr = 0.0))";
    let critic = train(&recipe("{a = net}", alone, 40, "")).unwrap();
    super::methods::assert_falls("adversary", critic.log.column("play1.adversary").unwrap());
}

#[test]
fn a_play_updates_what_it_names_and_nothing_else() {
    let still = "play(adversary(d, judge, teacher = taught), updates = [critic], optimizer = adam(lr = 0.002)),
                 play(classify(d, arc) + fool(d, judge), updates = [a], optimizer = sgd(lr = 0.0))";
    let bench = recipe("{a = net}", still, 6, "");
    let (trained, fresh) = (train(&bench).unwrap(), bench.fresh());
    for (name, entry) in fresh.state.iter().filter(|(name, _)| !name.contains("running_")) {
        assert_eq!(&entry.tensor, trained.models[0].state.get(name).unwrap(), "{name}");
    }
    let critic = |model: &Model| model.heads.iter().find(|(id, _)| id.slot == "critic").unwrap().1.state.get("0.weight").unwrap().copy();
    let other = train(&recipe("{a = net}", &still.replace("lr = 0.002", "lr = 0.0"), 6, "")).unwrap();
    assert_ne!(critic(&trained.models[0]), critic(&other.models[0]));
    // running statistics follow the play that updates the network alone: as if there were no other
    let plain =
        Bench::new("batches d = draw(faces, size = 24)\nstage s = train(net, classify(d, arc), for = 6 steps, optimizer = sgd(lr = 0.0))");
    let plain = plain.train().unwrap();
    for (name, entry) in plain.models[0].state.iter().filter(|(name, _)| name.contains("running_")) {
        assert_eq!(&entry.tensor, trained.models[0].state.get(name).unwrap(), "{name}");
    }
}

#[test]
fn three_play_together() {
    let trained = train(&recipe("{a = net, t = other}", THREE, 40, "")).unwrap();
    for column in ["play3.a.classify", "play2.t.classify"] {
        super::methods::assert_falls(column, trained.log.column(column).unwrap());
    }
    let right = trained.log.column("play1.kdgan.right_real").unwrap();
    assert!(right.iter().all(|share| (0.0..=1.0).contains(share)));
}

#[test]
fn plays_go_on_with_the_same_bits() {
    for (models, plays, more) in [
        ("{a = net}", GAN, ""),
        ("{a = net, t = other}", THREE, ""),
        ("{a = net, t = other}", THREE, ", precision = \"mixed\", clip = 1.0"),
    ] {
        let bench = || recipe(models, plays, 7, more);
        let whole = train(&bench()).unwrap();
        let stopped = bench().every(3).stop_after(Some(3));
        assert!(matches!(train(&stopped).unwrap_err(), TrainError::Interrupted { step: 3 }));
        let resumed = train(&stopped.stop_after(None)).unwrap();
        for (a, b) in resumed.models.iter().zip(&whole.models) {
            assert_eq!(bits(a), bits(b), "{models}{more}");
        }
        assert_eq!(resumed.log.column("loss"), whole.log.column("loss"), "{models}{more}");
    }
}

#[test]
fn a_play_whose_loss_is_no_number_is_named() {
    for (at, named) in [(1, "`play2.fool` is "), (2, "`play1.adversary` is ")] {
        let plays: Vec<String> = GAN
            .split("\n    ")
            .enumerate()
            .map(|(place, play)| {
                if place + 1 == at {
                    play.replace("lr = 0.002", "lr = 1e30").replace("optimizer = slow", "optimizer = sgd(lr = 1e30)")
                } else {
                    play.to_owned()
                }
            })
            .collect();
        let error = train(&recipe("{a = net}", &plays.join("\n"), 30, "").every(1)).unwrap_err().to_string();
        assert!(
            error.contains(named) && error.contains(if at == 1 { "at step 1 " } else { "the last good checkpoint is of step 1" }),
            "{error}"
        );
    }
}
