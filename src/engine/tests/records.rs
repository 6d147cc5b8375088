//! What a run decided and saw: kept beside results, and told by every run that reads them.

mod common;

use common::shell::Shell;
use ddl::events::{Decision, Event, Record};
use ddl::store::tend::Needs;
use ddl::store::{Store, TrainingLog};
use serde_json::Value;

const RECIPE: &str = "ddl 1
dataset faces = synthetic_faces(identities = 16, images = 6, size = 32px, yaw = -60deg..60deg)
let people = faces |> split({train = 75%, test = 25%}, by = .identity)
backbone net = tiny(embedding = 16, side = 32px, width = 8)
head arc = arcface(scale = 16, margin = 0.2rad)
eval ver = verification(people.test, pairs = random_pairs(folds = 2, per_fold = 20))
sweep seed in [1, 2, 3]
stage s = train(net, classify(people.train, arc), batch = 24, for = 8 steps, seed = seed, optimizer = sgd(lr = 0.05),
                watch = every(2 steps, [ver]), keep = best(ver.gap, every = 2 steps))
stage ended = train(net, classify(people.train, arc), batch = 24, for = 40 steps, optimizer = sgd(lr = 1e-9),
                    stop = plateau(ver.accuracy, patience = 1 checks, every = 2 steps))
stage best = select(s, by = ver.accuracy, over = [seed])
stage mean = average(s, over = [seed])
/// What is chosen of three seeds.
report t = compare({\"best\" = best, \"mean\" = mean, \"ended\" = ended}, columns = [ver.accuracy])
";

/// A section of a page, by its id.
fn section<'p>(page: &'p str, id: &str) -> &'p str {
    let from = page.find(&format!("<section id=\"{id}\"")).unwrap_or_else(|| panic!("no section {id}"));
    page[from..].split("</section>").next().unwrap()
}

#[test]
fn choices_and_curves_are_told_by_the_terminal_the_page_the_metrics_and_the_stream_and_a_second_run_tells_the_same() {
    let shell = Shell::new().file("r.ddl", RECIPE);
    let first = shell.ddl("run r.ddl --threads 1 --events e.jsonl");
    assert_eq!(first.code(), 0, "{}", first.stderr());
    let page = shell.read("runs/r/report.html");
    let metrics: Vec<Value> = serde_json::from_str(&shell.read("runs/r/metrics.json")).unwrap();
    let events: Vec<Event> = ddl::events::read(shell.read("e.jsonl").as_bytes()).map(Result::unwrap).collect();
    let decided: Vec<(&str, &Decision)> = events
        .iter()
        .filter_map(|it| if let Event::Decided { node, decision } = it { Some((node.as_str(), decision)) } else { None })
        .collect();
    // three times the best step, one early end, one choice, one mean
    assert_eq!(decided.len(), 6, "{decided:?}");
    for (node, decision) in &decided {
        let line = format!("{node} {decision}");
        assert!(first.stdout().lines().any(|it| it == line), "the terminal does not say `{line}`:\n{}", first.stdout());
        assert!(section(&page, "decisions").contains(&decision.to_string()), "the page does not say `{line}`");
    }
    let behind = |model: &str| {
        let row = metrics.iter().find(|row| row["model"] == model).unwrap();
        let nodes = row["decided"].as_array().unwrap().iter().map(|it| it["node"].as_str().unwrap().to_owned());
        nodes.collect::<Vec<_>>()
    };
    assert_eq!(behind("best"), ["s[seed = 1]", "s[seed = 2]", "s[seed = 3]", "best"]);
    assert_eq!(behind("mean").last().map(String::as_str), Some("mean"));
    assert_eq!(behind("ended"), ["ended"]);
    let store = Store::open(shell.path().join(".ddl/store")).unwrap();
    let stage = store.list(&Needs::new()).unwrap().into_iter().find(|it| it.name == "s[seed = 1]").unwrap();
    let log = TrainingLog::from_bytes(&std::fs::read(stage.folder.join("log.safetensors")).unwrap()).unwrap();
    let columns: Vec<String> = log.columns().map(|(name, _)| format!("s: {name}")).collect();
    assert!(columns.iter().any(|it| it == "s: lr") && columns.len() > 3, "{columns:?}");
    for curve in ["s: ver.accuracy", "s: ver.gap", "ended: loss"].map(str::to_owned).iter().chain(&columns) {
        assert!(page.contains(&format!("<strong>{curve}</strong>")), "no curve {curve}");
    }
    assert!(section(&page, "results").contains("What is chosen of three seeds."));
    assert!(section(&page, "facts").contains("this run") && !section(&page, "facts").contains("from the store</td>"));

    let second = shell.without_engine("run r.ddl");
    assert_eq!((second.code(), second.stdout()), (0, first.stdout()));
    let again = shell.read("runs/r/report.html");
    for same in ["results", "decisions", "training", "distributions", "batches", "recipe"] {
        assert_eq!(section(&again, same), section(&page, same), "{same}");
    }
    assert!(!section(&again, "facts").contains("this run</td>") && section(&again, "facts").contains("from the store</td>"));
    assert!(section(&page, "graph").contains("node ran") && !section(&again, "graph").contains("node ran"));
    assert_eq!(serde_json::from_str::<Vec<Value>>(&shell.read("runs/r/metrics.json")).unwrap(), metrics);
}

#[test]
fn every_result_has_a_record_of_who_computed_it_when_and_how_long() {
    let shell = Shell::new().file("r.ddl", RECIPE);
    assert_eq!(shell.ddl("-q run r.ddl --threads 1").code(), 0);
    let files = shell.files(".ddl/store/artifacts");
    let folders: std::collections::BTreeSet<_> = files.iter().filter_map(|file| file.parent()).collect();
    let records: Vec<Record> =
        folders.iter().map(|folder| serde_json::from_slice(&std::fs::read(folder.join("record.json")).unwrap()).unwrap()).collect();
    assert!(records.len() > 10, "{}", records.len());
    for record in &records {
        assert_eq!(record.spells.len(), 1);
        let spell = &record.spells[0];
        assert!(
            spell.seconds >= 0.0 && spell.at.ends_with('Z') && spell.machine.threads == 1 && !spell.machine.cpu.is_empty(),
            "{spell:?}"
        );
    }
}

/// A recipe of one short stage, whose numbers have intervals.
const SHORT: &str = "ddl 1
dataset faces = synthetic_faces(identities = 40, images = 6, size = 32px, yaw = -60deg..60deg)
backbone net = tiny(embedding = 16, side = 32px, width = 8)
eval ver = verification(faces, pairs = random_pairs(folds = 10, per_fold = 10))
report t = compare({\"net\" = net}, columns = [ver.accuracy, ver.gap])
";

/// A message in one line, however it is folded.
fn flat(said: &str) -> String {
    said.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_lock_holds_its_numbers_to_the_bit_on_one_machine_and_within_their_intervals_elsewhere() {
    let shell = Shell::new().file("r.ddl", SHORT);
    assert_eq!(shell.ddl("-q run r.ddl --threads 1").code(), 0);
    assert_eq!(shell.ddl("lock r.ddl").code(), 0);
    let text = shell.read("r.ddl.lock");
    let lock = ddl::plan::lock::Lock::from_yaml(&text).unwrap();
    let machine = lock.machines.iter().next().unwrap();
    assert!(lock.machines.len() == 1 && machine.threads == 1 && machine.device == "cpu", "{machine}");
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    for secret in [shell.path().to_str().unwrap(), host.trim()] {
        assert!(secret.is_empty() || !text.contains(secret), "the lock says {secret}:\n{text}");
    }
    let same = shell.ddl("lock r.ddl --check");
    assert_eq!(same.code(), 0, "{}", same.stderr());
    assert!(flat(&same.stderr()).contains("2 of 2 numbers are equal to the bit (cpu, 1 threads, "), "{}", same.stderr());
    assert_eq!(shell.ddl("run r.ddl --locked --threads 1").code(), 0);

    // a number less, and all numbers less: what stands there is not all that was measured
    for gone in [1, 2] {
        let kept: Vec<&str> = text.lines().collect();
        let kept = kept[..kept.len() - gone].join("\n") + "\n";
        std::fs::write(shell.path().join("r.ddl.lock"), kept).unwrap();
        let checked = shell.ddl("lock r.ddl --check");
        assert_eq!(checked.code(), 2, "{}", checked.stderr());
        assert!(flat(&checked.stderr()).contains("r.ddl.lock lacks numbers that the store has: net: ver."), "{}", checked.stderr());
    }

    let accuracy = &lock.metrics["net: ver.accuracy"];
    let (value, low, high) = (accuracy.value, accuracy.low.unwrap(), accuracy.high.unwrap());
    let put = |value: f64, threads: usize| {
        let mut other = lock.clone();
        other.metrics.get_mut("net: ver.accuracy").unwrap().value = value;
        other.machines = lock.machines.iter().map(|it| ddl::events::Machine { threads, ..it.clone() }).collect();
        std::fs::write(shell.path().join("r.ddl.lock"), other.to_yaml()).unwrap();
        ["lock r.ddl --check", "run r.ddl --locked --threads 1"].map(|line| shell.ddl(line))
    };
    let inside = f64::midpoint(low.max(value - 1e-9), value);
    for ran in put(inside - 1e-12, 1) {
        assert_ne!(ran.code(), 0, "another bit on the same machine");
        let said = flat(&ran.stderr());
        assert!(said.contains("metric net: ver.accuracy: ") && said.contains("on the same kind of machine"), "{said}");
    }
    for ran in put(inside - 1e-12, 7) {
        assert_eq!(ran.code(), 0, "{}", ran.stderr());
        assert!(flat(&ran.stderr()).contains("1 of 2 numbers are equal to the bit, 1 lie within the locked intervals"), "{}", ran.stderr());
        assert!(flat(&ran.stderr()).contains("7 threads"), "{}", ran.stderr());
    }
    let mut beyond = lock.clone();
    let it = beyond.metrics.get_mut("net: ver.accuracy").unwrap();
    (it.value, it.low, it.high) = (value + 1.0 + high, Some(value + 1.0), Some(value + 1.0 + high));
    beyond.machines = lock.machines.iter().map(|it| ddl::events::Machine { threads: 7, ..it.clone() }).collect();
    std::fs::write(shell.path().join("r.ddl.lock"), beyond.to_yaml()).unwrap();
    let (checked, ran) = (shell.ddl("lock r.ddl --check"), shell.ddl("run r.ddl --locked --threads 1"));
    assert_eq!((checked.code(), ran.code()), (2, 1));
    assert!(flat(&ran.stderr()).contains("outside of its interval"), "{}", ran.stderr());
    std::fs::remove_dir_all(shell.path().join(".ddl")).unwrap();
    std::fs::write(shell.path().join("r.ddl.lock"), &text).unwrap();
    let without = shell.ddl("lock r.ddl --check");
    assert_eq!(without.code(), 0);
    assert!(flat(&without.stderr()).contains("none of the lock's 2 numbers is among these results"), "{}", without.stderr());
}

#[test]
fn what_a_run_of_one_result_says_hangs_not_on_what_ran_before() {
    const MORE: &str = "report u = compare({\"best\" = best}, columns = [ver.gap])\nstage again = select(s, by = ver.accuracy, over = [seed])\nexpect e = score(mean, ver.gap) > -100%\n";
    let recipe = format!("{RECIPE}{MORE}");
    let full = Shell::new().file("r.ddl", &recipe);
    assert_eq!(full.ddl("-q run r.ddl --threads 1").code(), 0);
    for only in ["t", "u", "e", "best", "mean", "ended", "s"] {
        let fresh = Shell::new().file("r.ddl", &recipe);
        let told = [&full, &fresh].map(|shell| {
            let ran = shell.ddl(&format!("run r.ddl --threads 1 --only {only}"));
            assert_eq!(ran.code(), 0, "{only}: {}", ran.stderr());
            let page = shell.read("runs/r/report.html");
            let sections: Vec<String> = ["results", "decisions", "training", "distributions", "batches"]
                .into_iter()
                .filter(|id| page.contains(&format!("<section id=\"{id}\"")))
                .map(|id| section(&page, id).to_owned())
                .collect();
            (ran.stdout(), shell.read("runs/r/metrics.json"), sections)
        });
        assert_eq!(told[0], told[1], "{only}");
    }
    // of what has no result of its own the next are meant, and of what has none at all that is said
    for (name, due) in [("ver", 11), ("ended", 1), ("s[seed=2]", 1), ("s", 3)] {
        let ran = full.ddl(&format!("run r.ddl --threads 1 --again {name} --dry-run"));
        assert!(ran.stdout().starts_with(&format!("{due} to compute")), "{name}: {}{}", ran.stdout(), ran.stderr());
    }
    let table = full.ddl("run r.ddl --again t --dry-run");
    assert_eq!(table.code(), 2);
    assert!(flat(&table.stderr()).contains("`t` is made anew by every run"), "{}", table.stderr());
    // what means the same as an earlier one is asked for by its own name too
    for (name, first) in [("again", "best"), ("best", "best")] {
        let ran = full.ddl(&format!("run r.ddl --threads 1 --only {name} --again {name} --dry-run"));
        assert_eq!(ran.code(), 0, "{name}: {}", ran.stderr());
        assert!(ran.stdout().starts_with("1 to compute") && ran.stdout().trim_end().ends_with(first), "{name}: {}", ran.stdout());
    }
}

#[test]
fn numbers_are_of_the_weights_that_are_there() {
    let text = "ddl 1
param rate : float = 0.5
dataset faces = synthetic_faces(identities = 12, images = 4, size = 32px)
backbone net = tiny(embedding = 8, side = 32px, width = 8)
eval ver = verification(faces, pairs = random_pairs(folds = 2, per_fold = 10))
stage s = train(net, classify(faces, arcface(scale = 16, margin = 0.1rad)), batch = 16, for = 12 steps, optimizer = sgd(lr = rate))
report t = compare([s], columns = [ver.gap])
";
    let shell = Shell::new().file("r.ddl", text);
    assert_eq!(shell.ddl("-q run r.ddl --threads 1").code(), 0);
    let metrics = shell.read("runs/r/metrics.json");
    // the same bits: nothing that was made of them is computed again
    let same = shell.ddl("run r.ddl --threads 1 --again s");
    assert!(same.stderr().contains("1 to compute") && !same.stderr().contains("came out otherwise"), "{}", same.stderr());
    // other weights under the stage's key, as another machine might have left them: what was made of the old ones is computed again
    let other = Shell::new().file("r.ddl", text);
    assert_eq!(other.ddl("-q run r.ddl --threads 1 --set rate=0.3").code(), 0);
    let artifact = |shell: &Shell| {
        let store = Store::open(shell.path().join(".ddl/store")).unwrap();
        store.list(&Needs::new()).unwrap().into_iter().find(|it| it.name == "s").unwrap().folder
    };
    let (here, there) = (artifact(&shell), artifact(&other));
    let (from, to) = (there.join("model.safetensors"), here.join("model.safetensors"));
    assert!(from.is_file() && to.is_file(), "{here:?}");
    let bytes = std::fs::read(&from).unwrap();
    let manifest = here.join("manifest.json");
    let sealed: Value = serde_json::from_slice(&std::fs::read(&manifest).unwrap()).unwrap();
    let mut body = sealed["body"].clone();
    body["files"]["model.safetensors"] = serde_json::json!({"bytes": bytes.len(), "blake3": blake3::hash(&bytes).to_hex().to_string()});
    assert!(std::fs::write(&to, &bytes).is_ok());
    let seal = blake3::hash(body.to_string().as_bytes()).to_hex().to_string();
    std::fs::write(&manifest, serde_json::json!({"seal": seal, "body": body}).to_string()).unwrap();
    let came = "`s` came out otherwise than before: 3 results that were made of it are computed again";
    let dry = shell.ddl("run r.ddl --threads 1 --dry-run");
    assert!(dry.stdout().starts_with("3 to compute, 1 in the store") && dry.stdout().matches("(again: ").count() == 3, "{}", dry.stdout());
    let lock = shell.ddl("lock r.ddl");
    let said = flat(&lock.stderr());
    assert!(said.contains("3 results are to be computed") && said.contains(" 0 numbers"), "what is of the old ones is in no lock: {said}");
    let elsewhere = shell.ddl("run r.ddl --threads 1");
    assert!(elsewhere.code() == 0 && flat(&elsewhere.stderr()).contains(came), "{}", elsewhere.stderr());
    assert_eq!(shell.read("runs/r/metrics.json"), other.read("runs/r/metrics.json"));
    // they are damaged, which another recipe finds that shares nothing but the stage: it is computed here, and the numbers are of that
    // again
    std::fs::write(&to, vec![0; bytes.len()]).unwrap();
    let export = text.replace("report t = compare([s], columns = [ver.gap])", "export e = safetensors(s, to = \"s.safetensors\")");
    let shell = shell.file("e.ddl", &export);
    let found = shell.ddl("run e.ddl --threads 1");
    assert!(found.code() == 0 && found.stderr().contains("1 to compute"), "{}", found.stderr());
    let after = shell.ddl("run r.ddl --threads 1");
    assert!(after.code() == 0 && flat(&after.stderr()).contains(came), "{}", after.stderr());
    assert_eq!(shell.read("runs/r/metrics.json"), metrics);
}
