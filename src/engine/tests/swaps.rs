//! No result lies under a key that is not its own: files are exchanged, restored and edited between runs, between a plan and its run, and
//! all the time.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers of a test")]

mod common;

use common::{Ended, Run, shell};
use ddl::compile::{Options, compile};
use ddl::inputs::probe::DiskProber;
use ddl::source::Disk;
use ddl::store::{Found, Judged, Store};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// A picture of 32 times 32 pixels; all are equally long.
fn picture(person: u32, image: u32) -> Vec<u8> {
    let draw = ddl::random::Draw::new(i64::from(person), "person");
    let noise = ddl::random::Draw::new(i64::from(100 * person + image), "image");
    let value =
        |at: u64| (200.0 * draw.clone().number(at / 96 / 8 * 4 + at % 96 / 24).unit() + 50.0 * noise.clone().number(at).unit()) as u8;
    [b"P6 32 32 255\n".to_vec(), (0..32 * 32 * 3).map(value).collect()].concat()
}

/// Eight people with four images each, and what protocols and views read of them.
fn write_data(folder: &Path) {
    let (mut list, mut pose, mut pairs, mut positive) =
        ("path,identity\n".to_owned(), "path,yaw\n".to_owned(), "fold,same,a,b\n".to_owned(), "a,b\n".to_owned());
    for person in 0..8 {
        fs::create_dir_all(folder.join(format!("images/p{person}"))).unwrap();
        for image in 0..4 {
            fs::write(folder.join(format!("images/p{person}/{image}.ppm")), picture(person, image)).unwrap();
            list += &format!("p{person}/{image}.ppm,p{person}\n");
            pose += &format!("p{person}/{image}.ppm,{}\n", 10 * image);
        }
        for image in 0..2 {
            pairs += &format!("{image},1,p{person}/{image}.ppm,p{person}/{}.ppm\n", image + 2);
            pairs += &format!("{image},0,p{person}/{image}.ppm,p{}/{image}.ppm\n", (person + 1) % 8);
        }
        positive += &format!("p{person}/0.ppm,p{person}/1.ppm\n");
    }
    for (name, text) in [("images/list.csv", list), ("pose.csv", pose), ("pairs.csv", pairs), ("positive.csv", positive)] {
        fs::write(folder.join(name), text).unwrap();
    }
    write_templates(folder);
}

/// Two templates of two faces of each person: their list, what a detector says, pairs of them, and who is searched and looked for.
fn write_templates(folder: &Path) {
    let (mut faces, mut scores, mut pairs) = (String::new(), String::new(), String::new());
    let [mut gallery, mut more, mut probe] = [(); 3].map(|()| "TEMPLATE_ID,SUBJECT_ID\n".to_owned());
    for person in 0..8 {
        for image in 0..4 {
            faces += &format!("p{person}/{image}.ppm {} {image}\n", 2 * person + image / 2);
            scores += &format!("p{person}/{image}.ppm 1 2 3 4 5 6 7 8 9 10 0.{}\n", 3 + image);
        }
        pairs += &format!("{} {} 1\n{} {} 0\n", 2 * person, 2 * person + 1, 2 * person, (2 * person + 2) % 16);
        *if person < 4 { &mut gallery } else { &mut more } += &format!("{},p{person}\n", 2 * person);
        probe += &format!("{},p{person}\n", 2 * person + 1);
    }
    for (name, text) in
        [("faces.txt", faces), ("scores.txt", scores), ("tpairs.txt", pairs), ("g1.csv", gallery), ("g2.csv", more), ("probe.csv", probe)]
    {
        fs::write(folder.join(name), text).unwrap();
    }
}

const HEAD: &str = "ddl 1\nbackbone net = tiny(embedding = 8, side = 32px, width = 4)\ndataset faces = image_folder(\"images\")\n";
const JUDGED: &str = "report t = compare({\"net\" = net}, columns = [v.gap])\n";

/// A run of a recipe in a folder, planned with what lies there now.
fn planned(folder: &Path, recipe: &str) -> Run {
    fs::write(folder.join("r.ddl"), recipe).unwrap();
    let prober = DiskProber::forgetful();
    let options = Options { prober: Some(&prober), ..Options::default() };
    let compiled = compile(&Disk, &folder.join("r.ddl"), &options).unwrap();
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    let mut run = Run::of(compiled.plan(), compiled.paths);
    run.job.contents = compiled.contents;
    run
}

/// What a store holds of a plan, by node: judgements, features and models.
fn results(run: &Run) -> BTreeMap<String, String> {
    let store = Store::open(&run.job.store).unwrap();
    let mut found = BTreeMap::new();
    for (_, node) in run.job.plan.iter() {
        let Found::Whole(artifact) = store.get(node.key).unwrap() else { continue };
        for file in ["features.f32", "model.safetensors"] {
            if artifact.path(file).is_some() {
                found.insert(format!("{} {file}", node.name), format!("{:?}", artifact.read(file).unwrap()));
            }
        }
        if node.op == "judge" {
            found.insert(node.name.clone(), format!("{:?}", Judged::read(&artifact).unwrap()));
        }
    }
    found
}

/// Nothing of a run's results differs from those of a run in which nothing changed.
#[track_caller]
fn all_own(run: &Run, whole: &BTreeMap<String, String>, how: &str) {
    for (name, result) in results(run) {
        assert!(whole[&name] == result, "{how}: `{name}` is not its key's own");
    }
}

/// Every kind of file that a plan is made from: a recipe that reads it, the file, and other content of it.
fn kinds() -> Vec<(String, &'static str, Vec<u8>)> {
    let templates = "eval v = template_verification(faces, templates = \"faces.txt\", pairs = \"tpairs.txt\", scores = \"scores.txt\")\n";
    let searched = "eval v = template_identification(faces, templates = \"faces.txt\", gallery = \"g1.csv\", with = \"g2.csv\", probe = \"probe.csv\", scores = \"scores.txt\")\n";
    let ranked = "report t = compare({\"net\" = net}, columns = [v.rank(1)])\n";
    let told = "report t = compare({\"net\" = net}, columns = [v.tar(1e-1)])\n";
    let random = "eval v = verification(faces, pairs = random_pairs(folds = 2, per_fold = 4))\n";
    let trained = "head arc = arcface(scale = 16, margin = 0.2rad)\nstage s = train(net, classify(draw(faces, size = 8), arc), for = 3 steps, optimizer = sgd(lr = 0.1))
        export x = safetensors(s, to = \"s.safetensors\")\n";
    let listed =
        "dataset listed = image_list(\"images/list.csv\")\neval v = verification(listed, pairs = random_pairs(folds = 2, per_fold = 4))\n";
    let posed = "dataset posed = faces |> annotate(\"pose.csv\", schema = {yaw: deg}) |> where(.yaw > 5deg)\neval v = verification(posed, pairs = all_pairs())\n";
    let drawn = "head arc = arcface(scale = 16, margin = 0.2rad)\nstage s = train(net, classify(draw(faces, by = pair_list(\"positive.csv\"), size = 4), arc), for = 3 steps, optimizer = sgd(lr = 0.1))
        export x = safetensors(s, to = \"s.safetensors\")\n";
    let weights = "backbone given = tiny(embedding = 8, side = 32px, width = 4, weights = \"w.safetensors\")\nexport x = safetensors(given, to = \"x.safetensors\")\n";
    let text = |name: &str| format!("{name}\n").into_bytes();
    vec![
        (format!("{HEAD}{random}{JUDGED}"), "images/p3/1.ppm", picture(5, 9)),
        (format!("{HEAD}{trained}"), "images/p3/1.ppm", picture(5, 9)),
        (format!("{HEAD}{listed}{JUDGED}"), "images/p3/1.ppm", picture(5, 9)),
        (format!("{HEAD}{listed}{JUDGED}"), "images/list.csv", text("path,identity\np0/0.ppm,a\np0/1.ppm,a\np1/0.ppm,b\np1/1.ppm,b")),
        (format!("{HEAD}{posed}{JUDGED}"), "pose.csv", text("path,yaw\np0/0.ppm,9\np0/1.ppm,9\np1/0.ppm,9\np1/1.ppm,9")),
        (
            format!("{HEAD}eval v = verification(faces, pairs = \"pairs.csv\")\n{JUDGED}"),
            "pairs.csv",
            text("fold,same,a,b\n0,1,p0/0.ppm,p0/1.ppm\n0,0,p0/0.ppm,p1/1.ppm\n1,1,p2/0.ppm,p2/1.ppm\n1,0,p2/0.ppm,p1/1.ppm"),
        ),
        (format!("{HEAD}{drawn}"), "positive.csv", text("a,b\np0/2.ppm,p0/3.ppm\np1/0.ppm,p1/1.ppm\np2/0.ppm,p2/1.ppm\np3/0.ppm,p3/1.ppm")),
        (format!("{HEAD}{weights}"), "w.safetensors", b"\x08\0\0\0\0\0\0\0{}      ".to_vec()),
        (format!("{HEAD}{weights}"), "w.safetensors", weights_of(1)),
        (format!("{HEAD}{weights}"), "w.safetensors", b"<html>".to_vec()),
        (format!("{HEAD}{templates}{told}"), "faces.txt", listed_faces(1)),
        (format!("{HEAD}{templates}{told}"), "tpairs.txt", text("0 1 1\n0 2 0\n2 3 1\n2 4 0")),
        (format!("{HEAD}{templates}{told}"), "tpairs.txt", text("no pairs")),
        (format!("{HEAD}{templates}{told}"), "scores.txt", scores_of("0.9")),
        (format!("{HEAD}{searched}{ranked}"), "faces.txt", listed_faces(1)),
        (format!("{HEAD}{searched}{ranked}"), "scores.txt", scores_of("0.9")),
        (format!("{HEAD}{searched}{ranked}"), "g1.csv", text("TEMPLATE_ID,SUBJECT_ID\n0,p0\n2,p1")),
        (format!("{HEAD}{searched}{ranked}"), "g2.csv", text("TEMPLATE_ID,SUBJECT_ID\n8,p4\n10,p5")),
        (format!("{HEAD}{searched}{ranked}"), "probe.csv", text("TEMPLATE_ID,SUBJECT_ID\n1,p0\n3,p1")),
    ]
}

/// Every face in other media than before.
fn listed_faces(more: u32) -> Vec<u8> {
    let line = |at: u32| format!("p{}/{}.ppm {} {}\n", at / 4, at % 4, at / 2, at % 4 + more);
    (0..32).map(line).collect::<String>().into_bytes()
}

/// Every face with one score.
fn scores_of(score: &str) -> Vec<u8> {
    let line = |at: u32| format!("p{}/{}.ppm 1 2 3 4 5 6 7 8 9 10 {score}\n", at / 4, at % 4);
    (0..32).map(line).collect::<String>().into_bytes()
}

fn weights_of(seed: u32) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "ddl 1\nbackbone net = tiny(embedding = 8, side = 32px, width = 4, seed = {seed})\nexport w = safetensors(net, to = \"w.safetensors\")\n"
    );
    let run = planned(folder.path(), &text);
    run.run().done();
    let started = run.job.plan.iter().find(|(_, node)| node.op == "started").unwrap().0;
    run.artifact(started).read("model.safetensors").unwrap()
}

#[test]
fn a_file_of_any_kind_that_changes_after_the_plan_stops_the_run_by_name() {
    for (recipe, file, other) in kinds() {
        let folder = tempfile::tempdir().unwrap();
        write_data(folder.path());
        fs::write(folder.path().join("w.safetensors"), weights_of(0)).unwrap();
        let reference = planned(folder.path(), &recipe);
        reference.run().done();
        let whole = results(&reference);
        let run = planned(folder.path(), &recipe);
        let path = folder.path().join(file);
        let before = fs::read(&path).unwrap();
        fs::write(&path, other).unwrap();
        let said = run.run().failed("ddl::data::changed");
        assert!(said.contains(file.rsplit('/').next().unwrap()) || said.contains("images"), "{file}: {said}");
        all_own(&run, &whole, file);
        // put back as it was, the same plan goes on
        fs::write(&path, before).unwrap();
        run.run().done();
        assert!(results(&run) == whole, "{file}");
    }
}

#[test]
fn an_image_that_changes_all_the_time_never_gets_into_a_result() {
    let folder = tempfile::tempdir().unwrap();
    write_data(folder.path());
    let (recipe, file, other) = kinds().swap_remove(0);
    let (path, aside) = (folder.path().join(file), folder.path().join("aside"));
    let original = fs::read(&path).unwrap();
    let reference = planned(folder.path(), &recipe);
    reference.run().done();
    let whole = results(&reference);
    let mut runs: Vec<Run> = (0..6).map(|_| planned(folder.path(), &recipe)).collect();
    runs.push(planned(folder.path(), &kinds().swap_remove(1).0));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for content in [&other, &original] {
                    fs::write(&aside, content).unwrap();
                    fs::rename(&aside, &path).unwrap();
                }
            }
        });
        for run in &runs {
            let ended: Ended = run.run();
            if ended.code != Some(0) {
                ended.failed("ddl::data::changed");
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    fs::write(&path, original).unwrap();
    for run in &runs[..6] {
        all_own(run, &whole, "flipping");
        run.run().done();
        assert!(results(run) == whole);
    }
}

/// What `mv`, `cp -p`, `ln -sf` and an undone edit leave behind, as whoever types `ddl run` sees it.
#[cfg(unix)]
#[test]
fn after_every_edit_the_same_command_gives_what_a_fresh_store_gives() {
    let shell = shell::Shell::new();
    write_data(shell.path());
    fs::write(
        shell.path().join("r.ddl"),
        format!("{HEAD}eval v = verification(faces, pairs = random_pairs(folds = 2, per_fold = 4))\n{JUDGED}"),
    )
    .unwrap();
    let old = |path: &Path| fs::File::options().write(true).open(path).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    shell.files("images").iter().for_each(|path| old(path));
    let metrics = |store: &str| {
        let ran = shell.ddl(&format!("run r.ddl --threads 1 --store {store} --out out"));
        assert_eq!(ran.code(), 0, "{}", ran.transcript());
        shell.read("out/metrics.json")
    };
    let at = |name: &str| shell.path().join(name);
    let swap = || {
        for (from, to) in [("images/p0/0.ppm", "t"), ("images/p1/0.ppm", "images/p0/0.ppm"), ("t", "images/p1/0.ppm")] {
            fs::rename(at(from), at(to)).unwrap();
        }
    };
    let copy = |from: &str| {
        fs::write(at("images/p0/0.ppm"), fs::read(at(from)).unwrap()).unwrap();
        old(&at("images/p0/0.ppm"));
    };
    let original = fs::read(at("images/p0/0.ppm")).unwrap();
    let first = metrics("store");
    std::thread::sleep(std::time::Duration::from_millis(2500)); // so that the next run remembers what it finds
    assert_eq!(metrics("store"), first);
    let edits: [(&str, &dyn Fn()); 4] = [
        ("mv", &swap),
        ("mv back", &swap),
        ("cp -p", &|| copy("images/p5/3.ppm")),
        ("ln -sf", &|| {
            fs::remove_file(at("images/p0/0.ppm")).unwrap();
            std::os::unix::fs::symlink(at("images/p6/1.ppm"), at("images/p0/0.ppm")).unwrap();
        }),
    ];
    for (at, (how, edit)) in edits.iter().enumerate() {
        edit();
        assert_eq!(metrics("store"), metrics(&format!("fresh{at}")), "{how}");
    }
    fs::remove_file(at("images/p0/0.ppm")).unwrap();
    fs::write(at("images/p0/0.ppm"), original).unwrap();
    assert_eq!(metrics("store"), first);
}
