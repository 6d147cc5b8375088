//! `ddl run` where something is wrong with the disk, the files or the numbers: one message, nothing lost.

#![allow(clippy::cast_possible_truncation, reason = "small numbers of a test")]

mod common;

use common::shell::{Ran, Shell};
use common::{signal, until};
use std::path::PathBuf;

const RECIPE: &str = "ddl 1
param length : span in 1 steps..1000 steps = 6 steps
param lr : float in 0..1e30 = 0.05
dataset faces = synthetic_faces(identities = 16, images = 6, size = 32px, yaw = -60deg..60deg)
let people = faces |> split({train = 75%, test = 25%}, by = .identity)
backbone net = tiny(embedding = 64, side = 32px, width = 16)
head arc = arcface(scale = 16, margin = 0.2rad)
eval ver = verification(people.test, pairs = random_pairs(folds = 2, per_fold = 20))
stage s = train(net, classify(people.train, arc), batch = 24, for = length, optimizer = sgd(lr = lr))
report t = compare({\"net\" = net, \"s\" = s}, columns = [ver.accuracy])
export m = safetensors(s, to = \"s.safetensors\")
";
const LINE: &str = "run r.ddl --threads 1 --checkpoint 0";

fn shell() -> Shell {
    Shell::new().file("r.ddl", RECIPE)
}

/// The run failed with one error of this code, which names this path.
#[track_caller]
fn assert_fails(ran: &Ran, code: &str, named: &str) {
    assert_ends(ran, 1, code, named);
}

/// The same with the exit code: 2 where it was found before the engine started.
#[track_caller]
fn assert_ends(ran: &Ran, exit: i32, code: &str, named: &str) {
    let said = ran.stderr();
    assert_eq!((ran.code(), said.matches("ddl::").count()), (exit, 1), "{said}");
    assert!(said.contains(code) && said.replace(['\n', '│', ' '], "").contains(&named.replace(' ', "")), "{said}");
    assert!(!said.contains("panicked") && !said.contains("ddl::bug"), "{said}");
}

/// The weights of the stage, and those of a run that nothing disturbed.
fn assert_nothing_is_lost(shell: &Shell) {
    let again = shell.ddl(LINE);
    assert_eq!(again.code(), 0, "{}", again.stderr());
    let whole = self::shell();
    assert_eq!(whole.ddl(LINE).code(), 0);
    assert_eq!(shell.bytes("runs/r/s.safetensors"), whole.bytes("runs/r/s.safetensors"));
}

#[test]
fn a_file_that_becomes_too_large_is_said_and_nothing_is_lost() {
    let shell = shell();
    let ran = shell.after("ulimit -f 100", &format!("-q {LINE}"));
    assert_fails(&ran, "ddl::run::disk_full", ".ddl/store/checkpoints/");
    assert!(
        ran.stderr().contains("give the same command again") || ran.stderr().contains("run the same command again"),
        "{}",
        ran.stderr()
    );
    assert_nothing_is_lost(&shell);
}

#[test]
fn a_full_disk_is_said_and_nothing_is_lost() {
    let shell = shell().file("small/.keep", "");
    // room for the first files of a store and no model
    let mount = "mount -t tmpfs -o size=400k tmpfs small";
    let Some(ran) = shell.after_mounting(mount, &format!("-q {LINE} --store small/store")) else { return };
    assert_fails(&ran, "ddl::run::disk_full", "small/store/");
    let out = shell.after_mounting(&mount.replace("400k", "8k"), &format!("-q {LINE} --out small/out")).unwrap();
    assert_fails(&out, "ddl::run::disk_full", "small/out/");
    assert_nothing_is_lost(&shell);
}

#[test]
fn a_folder_that_can_not_be_written_is_said_and_nothing_is_lost() {
    let shell = shell().file("fixed/.keep", "").file("file", "");
    assert_ends(&shell.ddl(&format!("-q {LINE} --store file/store")), 2, "ddl::run::io", "file/store");
    assert_ends(&shell.ddl(&format!("-q {LINE} --out file/out")), 2, "ddl::run::io", "file/out");
    assert_fails(&shell.ddl(&format!("-q {LINE} --store /proc/store")), "ddl::run::", "/proc/store");
    let mount = "mount --bind fixed fixed && mount -o remount,bind,ro fixed";
    if let Some(ran) = shell.after_mounting(mount, &format!("-q {LINE} --store fixed/store")) {
        assert_fails(&ran, "ddl::run::read_only", "fixed/store");
        let out = shell.after_mounting(mount, &format!("-q {LINE} --out fixed/out")).unwrap();
        assert_fails(&out, "ddl::run::read_only", "fixed/out");
    }
    assert_nothing_is_lost(&shell);
}

#[test]
fn a_loss_that_is_no_number_names_the_term_the_step_the_samples_and_the_checkpoint() {
    let shell = shell();
    let ran = shell.ddl(&format!("-q {LINE} --set lr=1e30 --events e.jsonl"));
    assert_fails(&ran, "ddl::run::not_finite", "s");
    let said = ran.stderr().replace(['\n', '│'], " ");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let step: u64 = said.split(" at step ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(said.contains("`s`: `classify` is ") && step > 1, "{said}");
    assert!(said.contains(&format!("the last good checkpoint is of step {}", step - 1)), "{said}");
    assert!(said.contains("and 20 more") && said.contains("smaller learning rate"), "{said}");
    // the stage would go on from there: nothing is lost, and nothing was stored as its result
    let again = shell.ddl(&format!("{LINE} --set lr=1e30"));
    assert!(again.stderr().contains(&format!("s goes on from step {} of 6", step - 1)), "{}", again.stderr());
    assert!(!shell.path().join("runs/r/s.safetensors").exists());
}

/// Weights that no network has are found before anything is trained, also where another stage comes first.
#[test]
fn bad_numbers_of_a_file_of_weights_are_said_before_the_first_stage() {
    let before = shell();
    assert_eq!(before.ddl(LINE).code(), 0);
    let whole = before.bytes("runs/r/s.safetensors");
    let header = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let mut torn = whole.clone();
    let numbers = torn.len() - header;
    torn[header + numbers / 2 / 4 * 4..][..4].copy_from_slice(&f32::NAN.to_le_bytes());
    let late = "backbone filed = tiny(embedding = 64, side = 32px, width = 16, weights = \"w.safetensors\")\n\
                stage z = train(filed, classify(people.train, arc), batch = 24, for = length, optimizer = sgd(lr = lr))\n\
                export n = safetensors(z, to = \"z.safetensors\")\n";
    let shell = Shell::new().file("r.ddl", format!("{RECIPE}{late}")).file("w.safetensors", torn);
    let ran = shell.ddl(LINE);
    assert_fails(&ran, "ddl::run::bad_weights", "w.safetensors");
    assert!(shell.files(".ddl/store/artifacts").is_empty(), "{}", ran.transcript());
    assert!(shell.files(".ddl/store/checkpoints").is_empty(), "{}", ran.transcript());
}

#[test]
fn a_second_ctrl_c_leaves_at_once() {
    // the first batch takes long to draw, and so the first request waits
    let recipe = RECIPE.replace("identities = 16, images = 6, size = 32px", "identities = 2000, images = 6, size = 200px");
    let shell = Shell::new().file("r.ddl", recipe.replace("batch = 24", "batch = 6000"));
    let started = shell.start(&format!("{LINE} --only m --events e.jsonl"));
    let events = || std::fs::read_to_string(shell.path().join("e.jsonl")).unwrap_or_default();
    until("the stage", || events().contains("\"node\":\"s\",\"op\":\"train\""));
    let engine: serde_json::Value = serde_json::from_str(events().lines().next().unwrap()).unwrap();
    let pid = started.pid();
    signal("-INT", &pid);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(std::path::Path::new(&format!("/proc/{}", engine["pid"])).exists(), "the first request did not wait: {}", events());
    signal("-INT", &pid);
    let ended = started.end();
    assert_eq!(ended.code(), 130, "{}", ended.stderr());
    assert!(ended.stderr().contains("stopped at once"), "{}", ended.stderr());
    assert!(!events().contains("\"interrupted\""), "it had the time to end by itself");
    assert!(!std::path::Path::new(&format!("/proc/{}/exe", engine["pid"])).exists(), "the engine lives on");
}

/// The first file of the store that ends so.
fn stored(shell: &Shell, op: &str, name: &str) -> PathBuf {
    let of = |path: &PathBuf| std::fs::read_to_string(path.with_file_name("manifest.json")).unwrap().contains(&format!("\"op\":\"{op}\""));
    shell.files(".ddl/store/artifacts").into_iter().find(|path| path.ends_with(name) && of(path)).unwrap()
}

#[test]
fn a_damaged_result_that_only_the_front_reads_is_computed_again() {
    let shell = shell();
    assert_eq!(shell.ddl(LINE).code(), 0);
    let (model, metrics) = (shell.bytes("runs/r/s.safetensors"), shell.read("runs/r/metrics.json"));
    for (op, name) in
        [("judge", "scores.json"), ("train", "model.safetensors"), ("train", "log.safetensors"), ("train", "first_batch.json")]
    {
        let path = stored(&shell, op, name);
        let mut bytes = std::fs::read(&path).unwrap();
        let place = bytes.len() / 2;
        bytes[place] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let again = shell.ddl(LINE);
        let said = again.stderr();
        assert_eq!((again.code(), said.matches("ddl::run::damaged_artifact").count()), (0, 1), "{name}: {said}");
        assert!(said.contains("it is computed again") && said.contains("to compute"), "{name}: {said}");
        assert_eq!((shell.bytes("runs/r/s.safetensors"), shell.read("runs/r/metrics.json")), (model.clone(), metrics.clone()), "{name}");
        assert!(shell.without_engine(LINE).stderr().starts_with("nothing to do"), "{name}");
    }
}

/// Bytes that are nothing, from a fixed seed.
fn noise(length: usize) -> Vec<u8> {
    let mut draw = ddl::random::Draw::new(7, "noise").stream();
    let mut bytes = vec![0; length];
    rand_chacha::rand_core::Rng::fill_bytes(&mut draw, &mut bytes);
    bytes
}

#[test]
fn random_bytes_in_any_file_are_one_error() {
    let files = RECIPE.replace("param length", "param root : path\nparam list : path\nparam weights : path?\nparam length");
    let files = files
        .replace(
            "dataset faces = synthetic_faces(identities = 16, images = 6, size = 32px, yaw = -60deg..60deg)",
            "dataset faces = image_folder(root)",
        )
        .replace("people.test, pairs = random_pairs(folds = 2, per_fold = 20)", "faces, pairs = list")
        .replace("batch = 24", "batch = 8")
        .replace("width = 16)", "width = 16, weights = weights)")
        .replace("split({train = 75%, test = 25%}, by = .identity)", "split({train = 50%, test = 50%}, by = .identity)");
    let mut png = Vec::new();
    let mut shell = Shell::new().file("r.ddl", files).file("w", noise(4000)).file("noise.csv", noise(300)).file("noise", noise(64));
    for person in 0..8u8 {
        for at in 0..4u8 {
            png.clear();
            let image = image_of(person, at);
            png.extend_from_slice(&image);
            shell = shell.file(&format!("faces/{person}/{at}.png"), &png);
        }
    }
    let shell =
        shell.file("pairs.csv", "fold,same,a,b\n0,1,0/0.png,0/1.png\n0,0,0/0.png,1/0.png\n1,1,1/0.png,1/1.png\n1,0,1/0.png,2/0.png\n");
    let line = |list: &str, more: &str| format!("-q {LINE} --set root=faces --set list={list}{more}");
    assert_ends(&shell.ddl(&line("noise.csv", "")), 2, "ddl::data::bad_table", "noise.csv");
    assert_ends(&shell.ddl(&line("pairs.csv", " --set weights=w")), 2, "ddl::run::bad_weights", "w:");
    std::fs::write(shell.path().join("faces/3/noise.jpg"), noise(500)).unwrap();
    assert_fails(&shell.ddl(&line("pairs.csv", "")), "ddl::data::corrupt", "3/noise.jpg");
}

/// A small PNG, another one for each pair of numbers.
fn image_of(person: u8, at: u8) -> Vec<u8> {
    let pixels: Vec<u8> = (0..32 * 32 * 3).map(|place: u32| (place as u8).wrapping_mul(person + 3).wrapping_add(at * 40)).collect();
    let image = ddl::data::image::Image::new(32, 32, pixels).unwrap();
    ddl::events::from_base64(&ddl::events::Picture::new(&image, "", "").png).unwrap()
}

#[test]
fn a_job_of_random_bytes_is_one_event() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("job.json");
    for bytes in [noise(500), b"".to_vec(), b"{}".to_vec(), b"{\"plan\":".to_vec(), b"null".to_vec()] {
        std::fs::write(&file, bytes).unwrap();
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_ddl-engine")).arg("run").arg(&file).output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        assert_eq!((out.status.code(), text.lines().count()), (Some(1), 1), "{text}");
        assert!(text.contains("ddl::run::bad_job") && out.stderr.is_empty(), "{text}");
    }
}
