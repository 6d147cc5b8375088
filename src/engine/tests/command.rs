//! `ddl run` with this engine: both programs together, as a user types it.

mod common;

use common::shell::Shell;
use common::{signal, until};
use std::process::{Command, Stdio};

const RECIPE: &str = "ddl 1
param length : span in 1 steps..1000 steps = 20 steps
dataset faces = synthetic_faces(identities = 16, images = 6, size = 32px, yaw = -60deg..60deg)
let people = faces |> split({train = 75%, test = 25%}, by = .identity)
backbone net = tiny(embedding = 16, side = 32px, width = 8)
head arc = arcface(scale = 16, margin = 0.2rad)
eval ver = verification(people.test, pairs = random_pairs(folds = 2, per_fold = 20))
stage s = train(net, classify(people.train, arc), batch = 24, for = length, optimizer = sgd(lr = 0.05))
report t = compare({\"net\" = net, \"s\" = s}, columns = [ver.accuracy, ver.eer])
export m = safetensors(s, to = \"s.safetensors\")
";

fn shell() -> Shell {
    Shell::new().file("r.ddl", RECIPE)
}

/// A recipe of which one thing is wrong.
fn with(from: &str, to: &str) -> Shell {
    assert!(RECIPE.contains(from), "{from}");
    Shell::new().file("r.ddl", RECIPE.replace(from, to))
}

#[test]
fn a_second_run_with_nothing_changed_says_so_and_starts_no_engine() {
    let shell = shell();
    let first = shell.ddl("run r.ddl");
    assert_eq!(first.code(), 0, "{}", first.stderr());
    let model = shell.bytes("runs/r/s.safetensors");
    let second = shell.without_engine("run r.ddl");
    assert_eq!(second.code(), 0, "{}", second.stderr());
    assert!(second.stderr().starts_with("nothing to do: the store has all "), "{}", second.stderr());
    assert_eq!((second.stdout(), shell.bytes("runs/r/s.safetensors")), (first.stdout(), model));
    // and the check can fail: where something is to be done, the engine is missed
    insta::assert_snapshot!(shell.without_engine("run r.ddl --again s").transcript());
}

#[test]
fn tables_that_can_not_be_written_fail_the_run_and_lose_nothing() {
    let shell = shell();
    let full = shell.after("exec > /dev/full", "run r.ddl --set 'length=2 steps'");
    assert!(full.code() == 1 && full.stderr().contains("cannot write the result"), "{}", full.transcript());
    let again = shell.without_engine("run r.ddl --set 'length=2 steps'");
    assert!(again.code() == 0 && again.stdout().contains("accuracy"), "{}", again.transcript());
}

#[test]
fn the_options_of_a_run_do_what_they_say() {
    let shell = shell().file("p.yaml", "length: 4 steps\n");
    let dry = shell.ddl("run r.ddl --dry-run");
    assert!(dry.stdout().contains("  train      s\n"), "{}", dry.stdout());
    assert!(!shell.path().join("runs").exists(), "a dry run writes nothing");
    let only = shell.ddl("run r.ddl --only s --set 'length=6 steps' --threads 1 --device cpu --out here --events e.jsonl");
    assert_eq!(only.code(), 0, "{}", only.stderr());
    assert!(only.stderr().starts_with("1 to compute, 0 in the store; cpu, 1 threads"), "{}", only.stderr());
    assert!(shell.path().join("here/report.html").is_file() && shell.path().join("here/plan.yaml").is_file());
    let finished = |events: &str| events.lines().filter(|line| line.contains("\"kind\":\"node_finished\"")).count();
    let events = shell.read("e.jsonl");
    assert!(events.starts_with("{\"kind\":\"run_started\"") && events.contains("\"step\":6,\"of\":6"), "{events}");
    assert_eq!(finished(&events), 1);
    let again = shell.ddl("run r.ddl --only s --set 'length=6 steps' --threads 1 --again s --events e.jsonl");
    assert_eq!((again.code(), finished(&shell.read("e.jsonl"))), (0, 1), "{}", again.stderr());
    let other = shell.ddl("run r.ddl --only s --params p.yaml --events e.jsonl");
    assert!(shell.read("e.jsonl").contains("\"step\":4,\"of\":4"), "{}", other.stderr());
}

#[test]
fn the_batch_of_an_evaluation_changes_no_digit() {
    let shell = shell();
    let judged = |batch: u32| {
        let ran =
            shell.ddl(&format!("-q run r.ddl --set 'length=6 steps' --threads 1 --eval-batch {batch} --store {batch} --out out/{batch}"));
        assert_eq!(ran.code(), 0, "{}", ran.stderr());
        let scores = shell
            .files(&format!("{batch}/artifacts"))
            .into_iter()
            .filter(|path| path.ends_with("scores.json") || path.ends_with("features.f32"));
        let scores: Vec<Vec<u8>> = scores.map(|path| std::fs::read(path).unwrap()).collect();
        (scores, shell.read(&format!("out/{batch}/metrics.json")))
    };
    let whole = judged(1000);
    assert_eq!(whole.0.len(), 6, "features of images and of mirror images, and scores, of two models");
    for batch in [1, 7] {
        assert_eq!(judged(batch), whole, "{batch} images at once");
    }
}

/// What `ddl` with these words writes to a terminal; `None` where there is no `script` to make one.
fn on_a_terminal(shell: &Shell, line: &str) -> Option<String> {
    let programs = common::programs();
    let typed = format!("stty cols 120 rows 40; exec \"$DDL\" {line}");
    let mut script = Command::new("script");
    script
        .args(["-qec", &typed, "/dev/null"])
        .current_dir(shell.path())
        .env("DDL", programs.ddl)
        .env("TERM", "xterm")
        .env_remove("DDL_STORE");
    let ran = script.envs(programs.engine.map(|engine| ("DDL_ENGINE", engine))).stdin(Stdio::null()).output();
    let Ok(ran) = ran else {
        println!("skipped: this system has no `script` that makes a terminal");
        return None;
    };
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
    Some(String::from_utf8_lossy(&ran.stdout).into_owned())
}

#[test]
fn a_terminal_has_moving_bars_and_a_file_has_plain_lines() {
    let shell = shell();
    let Some(seen) = on_a_terminal(&shell, "run r.ddl --set 'length=200 steps' --threads 1") else { return };
    let bars: Vec<&str> = seen.split(['\r', '\n']).filter(|line| line.contains('█') && line.contains("/200 steps, ")).collect();
    assert!(bars.iter().any(|bar| bar.contains("s █") || bar.contains(" █")), "{seen}");
    assert!(bars.iter().all(|bar| bar.contains(" images/s, ") && bar.contains(" left, loss ")), "{bars:?}");
    assert!(seen.contains('\u{1b}') && seen.contains("s (train) in ") && seen.contains("done in "), "{seen}");
    let plain = shell.ddl("run r.ddl --set 'length=40 steps' --threads 1").stderr();
    assert!(!plain.contains(['\u{1b}', '█']), "{plain}");
    assert!(plain.lines().any(|line| line.starts_with("  s  40/40  steps, ") && line.contains(" images/s, 0.0 s left, loss ")), "{plain}");
}

#[test]
fn events_and_the_report_tell_how_long_training_waits_for_images() {
    let shell = shell();
    assert_eq!(shell.ddl("-q run r.ddl --threads 1 --events e.jsonl").code(), 0);
    let events: Vec<serde_json::Value> = shell.read("e.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let waited: Vec<f64> = events.iter().filter(|event| event["kind"] == "step").map(|event| event["waited"].as_f64().unwrap()).collect();
    assert!(!waited.is_empty() && waited.iter().all(|part| (0.0..=1.0).contains(part)), "{waited:?}");
    let page = shell.read("runs/r/report.html");
    assert!(page.contains("waiting for images, s"), "the report does not say it");
}

#[test]
fn a_locked_run_is_refused_when_anything_differs() {
    let shell = shell();
    assert_eq!(shell.ddl("lock r.ddl").code(), 0);
    assert_eq!(shell.ddl("run r.ddl --locked").code(), 0);
    let refused = shell.ddl("run r.ddl --locked --set 'length=8 steps'");
    assert_eq!(refused.code(), 2, "{}", refused.stderr());
    assert!(refused.stderr().contains("length"), "{}", refused.stderr());
}

#[test]
fn a_plan_says_what_is_due_and_why() {
    let shell = shell();
    assert_eq!(shell.ddl("plan r.ddl --check").code(), 2);
    assert_eq!(shell.ddl("-q run r.ddl").code(), 0);
    assert_eq!(shell.ddl("plan r.ddl --check").code(), 0);
    // without a lock the last run is what is compared with
    insta::assert_snapshot!(shell.ddl("plan r.ddl --why --check --set 'length=8 steps'").transcript());
    let model = shell.files(".ddl/store/artifacts").into_iter().find(|path| path.ends_with("model.safetensors")).unwrap();
    std::fs::write(&model, b"spoilt").unwrap();
    let damaged = shell.ddl("plan r.ddl --why --check");
    assert!(damaged.code() == 2 && damaged.stdout().contains("must run: "), "{}", damaged.transcript());
    assert!(model.is_file(), "a plan changes nothing");
}

#[test]
fn a_lock_holds_the_numbers_with_their_intervals() {
    let shell = shell();
    shell.ddl("-q lock r.ddl");
    assert!(!shell.read("r.ddl.lock").contains("metrics:"), "nothing is measured yet");
    assert_eq!(shell.ddl("-q run r.ddl").code(), 0);
    assert_eq!(shell.ddl("-q lock r.ddl").code(), 0);
    let lock = ddl::plan::lock::Lock::from_yaml(&shell.read("r.ddl.lock")).unwrap();
    let rows: serde_json::Value = serde_json::from_str(&shell.read("runs/r/metrics.json")).unwrap();
    let rows: Vec<_> = rows.as_array().unwrap().iter().filter(|row| row.get("value").is_some()).collect();
    assert_eq!((lock.metrics.len(), lock.libtorch.as_deref()), (rows.len(), Some(ddl_engine::LIBTORCH)));
    for row in rows {
        let name = format!("{}: {}.{}", row["model"].as_str().unwrap(), row["eval"].as_str().unwrap(), row["metric"].as_str().unwrap());
        let locked = &lock.metrics[&name];
        assert_eq!((Some(locked.value), locked.low), (row["value"].as_f64(), row["ci"]["low"].as_f64()), "{name}");
    }
    assert_eq!(shell.ddl("-q lock r.ddl --check").code(), 0);
    assert_eq!(shell.ddl("-q lock r.ddl --check --set 'length=8 steps'").code(), 2);
}

#[test]
fn what_is_exported_is_read_again_as_weights() {
    let shell = shell();
    assert_eq!(shell.ddl("run r.ddl").code(), 0);
    let recipe = RECIPE.replace("param length", "param file : path\nparam length").replace("width = 8)", "width = 8, weights = file)");
    let again = shell
        .file("again.ddl", recipe.replace("\"s\" = s", "\"x\" = net").replace("export m = safetensors(s, to = \"s.safetensors\")\n", ""));
    let ran = again.ddl("run again.ddl --set file=runs/r/s.safetensors --only t");
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    let value = |file: &str, model: &str| -> Vec<f64> {
        let rows: serde_json::Value = serde_json::from_str(&again.read(file)).unwrap();
        rows.as_array().unwrap().iter().filter(|row| row["model"] == model).filter_map(|row| row["value"].as_f64()).collect()
    };
    assert_eq!(value("runs/again/metrics.json", "net"), value("runs/r/metrics.json", "s"));
    assert_eq!(value("runs/r/metrics.json", "s").len(), 2);
}

#[test]
fn what_can_not_be_done_is_said_in_one_message() {
    let plain = shell();
    let mut transcripts = String::new();
    if !tch::Cuda::is_available() {
        insta::assert_snapshot!("no_cuda", plain.ddl("-q run r.ddl --device cuda").transcript());
    }
    let small = "classify(people.train |> identities(0..0), arc), batch = 2";
    for shell in [with("batch = 24", "batch = 5000"), with("classify(people.train, arc), batch = 24", small)] {
        transcripts += &shell.ddl("-q run r.ddl").transcript();
    }
    transcripts += &plain.ddl("-q run r.ddl --only nothing").transcript();
    transcripts += &Shell::new().file("r.ddl", b"\xff\xfe\x00random").ddl("-q run r.ddl").transcript();
    insta::assert_snapshot!(transcripts);
}

#[test]
fn an_engine_that_is_killed_is_said_and_nothing_is_lost() {
    let (whole, killed) = (shell(), shell());
    let line = "run r.ddl --set 'length=100 steps' --threads 1 --checkpoint 0";
    assert_eq!(whole.ddl(line).code(), 0);
    let started = killed.start(&format!("-q {line} --events e.jsonl"));
    let events = || std::fs::read_to_string(killed.path().join("e.jsonl")).unwrap_or_default();
    until("a checkpoint", || events().contains("\"kind\":\"checkpoint\""));
    let first: serde_json::Value = serde_json::from_str(events().lines().next().unwrap()).unwrap();
    signal("-KILL", &first["pid"].to_string());
    let ended = started.end();
    insta::assert_snapshot!(ended.transcript());
    let again = killed.ddl(line);
    assert!(again.stderr().contains("s goes on from step "), "{}", again.stderr());
    assert_eq!(killed.bytes("runs/r/s.safetensors"), whole.bytes("runs/r/s.safetensors"));
}

/// The engine is told its job without a file that a kill could leave behind: there is no folder for one here.
#[test]
fn a_run_needs_no_temporary_file() {
    let shell = shell();
    let nowhere = shell.path().join("nowhere");
    let ran = shell.command("-q run r.ddl --set 'length=2 steps' --threads 1", &[]).env("TMPDIR", &nowhere).output().unwrap();
    assert!(ran.status.success() && !nowhere.exists(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn ctrl_c_leaves_a_checkpoint_and_exit_code_130() {
    let shell = shell();
    let line = "run r.ddl --set 'length=120 steps' --threads 1 --checkpoint 0";
    let started = shell.start(&format!("{line} --events e.jsonl"));
    let events = || std::fs::read_to_string(shell.path().join("e.jsonl")).unwrap_or_default();
    until("a checkpoint", || events().contains("\"kind\":\"checkpoint\""));
    // while it runs, a second run on its output folder is refused
    let second = shell.ddl("-q run r.ddl --set 'length=3 steps'");
    assert_eq!(second.code(), 1);
    assert!(second.stderr().contains("ddl::run::output_busy"), "{}", second.stderr());
    signal("-INT", &started.pid());
    let ended = started.end();
    assert_eq!(ended.code(), 130, "{}", ended.stderr());
    assert!(ended.stderr().contains("stopped; `s` goes on from step "), "{}", ended.stderr());
    assert!(shell.ddl(line).stderr().contains("s goes on from step "));
}
