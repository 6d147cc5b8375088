//! What is wrong with a recipe is said before it runs: `check`, `plan` and `run` say it, and nothing is computed. A code that only a run
//! can say stands below with its reason, and so does it in the design's list.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers of a test")]

mod common;

use common::shell::Shell;
use ddl::diag::Code;
use std::fmt::Write as _;

/// A network and faces, for recipes of a few lines.
const START: &str = "ddl 1
dataset faces = synthetic_faces(identities = 8, images = 4, size = 32px, yaw = -60deg..60deg)
let people = faces |> split({train = 50%, test = 50%}, by = .identity)
backbone net = tiny(embedding = 8, side = 32px, width = 4)
head arc = arcface(scale = 16, margin = 0.2rad)
let slow = sgd(lr = 0.05)
eval ver = verification(people.test, pairs = random_pairs(folds = 2, per_fold = 2))
";

/// What is wrong, the code of it, and the lines that say it.
const CASES: &[(&str, Code, &str)] = &[
    (
        "an HTML page",
        Code::BadWeights,
        "backbone file = tiny(embedding = 8, side = 32px, width = 4, weights = \"page.pth\")\nreport t = compare([file], columns = [ver.auc])",
    ),
    (
        "a pointer of git-lfs",
        Code::BadWeights,
        "backbone file = tiny(embedding = 8, side = 32px, width = 4, weights = \"lfs.pth\")\nreport t = compare([file], columns = [ver.auc])",
    ),
    (
        "an empty file",
        Code::BadWeights,
        "backbone file = tiny(embedding = 8, side = 32px, width = 4, weights = \"empty.pth\")\nreport t = compare([file], columns = [ver.auc])",
    ),
    (
        "weights that are cut short",
        Code::BadWeights,
        "backbone file = tiny(embedding = 8, side = 32px, width = 4, weights = \"cut.safetensors\")\nreport t = compare([file], columns = [ver.auc])",
    ),
    (
        "a shape beyond all memory",
        Code::BadWeights,
        "backbone file = tiny(embedding = 8, side = 32px, width = 4, weights = \"lie.safetensors\")\nreport t = compare([file], columns = [ver.auc])",
    ),
    (
        "a pickle that would run something",
        Code::UnsafeWeights,
        "backbone file = tiny(embedding = 8, side = 32px, width = 4, weights = \"code.pt\")\nreport t = compare([file], columns = [ver.auc])",
    ),
    (
        "weights of another width",
        Code::WeightsMismatch,
        "backbone file = tiny(embedding = 16, side = 32px, width = 4, weights = \"w.safetensors\")\nreport t = compare([file], columns = [ver.auc])",
    ),
    (
        "weights of another network",
        Code::WeightsMismatch,
        "backbone file = mobilefacenet(weights = \"w.safetensors\")\nreport t = compare([file], columns = [ver.auc])",
    ),
    (
        "weights at no such place",
        Code::WeightsMismatch,
        "backbone file = tiny(embedding = 8, side = 32px, width = 4, weights = checkpoint(\"w.safetensors\", at = \"params\"))\nreport t = compare([file], columns = [ver.auc])",
    ),
    (
        "prototypes of other people",
        Code::PrototypesMismatch,
        "backbone file = tiny(embedding = 8, side = 32px, width = 4, weights = checkpoint(\"w.safetensors\", prototypes = faces))\nreport t = compare([file], columns = [ver.auc])",
    ),
    (
        "a second stage on other people",
        Code::PrototypesUnsaid,
        "stage a = train(net, classify(people.train, arc), batch = 4, for = 2 steps, optimizer = slow)\ndataset others = people.test |> relabel()\nstage b = train(a, classify(others, arc), batch = 4, for = 2 steps, optimizer = slow)",
    ),
    (
        "a teacher of other people",
        Code::TeacherPrototypes,
        "backbone big = tiny(embedding = 8, side = 32px, width = 8)\nstage s = train(net, classify(faces, arc) + kd(faces, teacher = big), batch = 4, for = 2 steps, optimizer = slow)",
    ),
    (
        "a pooling that nobody learned",
        Code::NoPooling,
        "eval sets = template_verification(faces, templates = \"templates.txt\", pairs = \"template_pairs.txt\", pool = multicolumn())\nreport t = compare([net], columns = [sets.auc])",
    ),
    (
        "networks of different widths side by side",
        Code::Outputs,
        "backbone wide = tiny(embedding = 16, side = 32px, width = 4)\nreport t = compare([coupled(gallery = net, probe = wide)], columns = [ver.auc])",
    ),
    (
        "a mean of networks of two widths",
        Code::SeveralNetworks,
        "sweep w in [4, 8]\nstage z = train(tiny(embedding = 8, side = 32px, width = w), classify(people.train, arc), batch = 4, for = 2 steps, optimizer = slow)\nstage q = average(z, over = [w])\nreport t = compare([q], columns = [ver.auc])",
    ),
    (
        "one that is chosen from networks of two sizes of images",
        Code::SeveralNetworks,
        "sweep w in [32px, 16px]\nstage z = train(tiny(embedding = 8, side = w, width = 4), classify(people.train, arc), batch = 4, for = 2 steps, optimizer = slow)\nstage q = select(z, by = ver.auc, over = [w])\nreport t = compare([q], columns = [ver.auc])",
    ),
    ("a network of angles that is judged", Code::Outputs, "backbone pose = hopenet()\nreport t = compare([pose], columns = [ver.auc])"),
    (
        "a network of angles under a head",
        Code::Outputs,
        "backbone pose = hopenet()\nstage s = train(pose, classify(faces, arc), batch = 4, for = 2 steps, optimizer = slow)",
    ),
    (
        "a network that says no angles",
        Code::Outputs,
        "dataset seen = faces |> annotate(by = predict(net, {turn = head_angle(\"yaw\")}))\nstage s = train(net, classify(seen, arc), batch = 4, for = 2 steps, optimizer = slow)",
    ),
    (
        "images that go through something and are measured at no size",
        Code::BadData,
        "dataset seen = faces |> apply(flip()) |> annotate(by = measure({sharp = sharpness()}))\nstage s = train(net, classify(seen, arc), batch = 4, for = 2 steps, optimizer = slow)",
    ),
    (
        "a batch larger than all that may be left",
        Code::BatchTooLarge,
        "dataset seen = faces |> annotate(by = predict(net, {length = norm()})) |> where(.length > 0)\nstage s = train(net, classify(seen, arc), batch = 4000, for = 2 steps, optimizer = slow)",
    ),
    (
        "a filter whose other conditions leave nothing",
        Code::EmptyData,
        "dataset seen = faces |> annotate(by = predict(net, {length = norm()})) |> where(.length > 0 and .yaw > 80deg)\nstage s = train(net, classify(seen, arc), batch = 4, for = 2 steps, optimizer = slow)",
    ),
    (
        "a batch larger than its data",
        Code::BatchTooLarge,
        "stage s = train(net, classify(faces, arc), batch = 4000, for = 2 steps, optimizer = slow)",
    ),
    ("a stage of no step", Code::NoSteps, "stage s = train(net, classify(faces, arc), batch = 4, for = 0.01 epochs, optimizer = slow)"),
    (
        "a head of one person",
        Code::OneClass,
        "stage s = train(net, classify(faces |> identities([\"id_0001\"]), arc), batch = 2, for = 2 steps, optimizer = slow)",
    ),
    (
        "batch norm over a single image",
        Code::OneImage,
        "stage s = train(net, classify(faces, arc), batch = 1, for = 2 steps, optimizer = slow)",
    ),
    (
        "a list that is turned round",
        Code::Contradiction,
        "dataset files = image_folder(\"faces\")\neval listed = verification(files, pairs = \"turned.csv\")\nreport t = compare([net], columns = [listed.auc])",
    ),
    (
        "ghost batches that divide nothing",
        Code::NormOver,
        "stage s = train(net, classify(faces, arc), batch = 4, norm_over = 3 images, for = 2 steps, optimizer = slow)",
    ),
    (
        "two first rows of one head",
        Code::NotYetRun,
        "stage s = train(net, classify(faces, arc, prototypes = \"fresh\") + classify(faces, softmax(), prototypes = \"class_means\"), batch = 4, for = 2 steps, optimizer = slow)",
    ),
    (
        "frozen as a whole",
        Code::NothingLearns,
        "backbone big = tiny(embedding = 8, side = 32px, width = 8)\nstage s = train(net, sp(faces, big), freeze = [net.trunk, net.neck, net.stem, net.activations], batch = 4, for = 2 steps, optimizer = slow)",
    ),
    (
        "data that is not there",
        Code::UnreadableData,
        "dataset files = image_folder(\"nowhere\")\nstage s = train(net, classify(files, arc), batch = 4, for = 2 steps, optimizer = slow)",
    ),
    (
        "a folder without images",
        Code::NoImages,
        "dataset files = image_folder(\"bare\")\nstage s = train(net, classify(files, arc), batch = 4, for = 2 steps, optimizer = slow)",
    ),
    (
        "images without a person",
        Code::NoIdentity,
        "dataset files = image_folder(\"flat\")\nstage s = train(net, classify(files, arc), batch = 4, for = 2 steps, optimizer = slow)",
    ),
    (
        "an attribute of a path that is no number",
        Code::BadValue,
        "dataset files = image_folder(\"flat\", identity = \"(?P<identity>[0-9])(?P<k>.+)\", schema = {k: int})\nstage s = train(net, classify(files, arc), batch = 4, for = 2 steps, optimizer = slow)",
    ),
    (
        "a table that is none",
        Code::BadTable,
        "eval listed = verification(faces, pairs = \"bad.csv\")\nreport t = compare([net], columns = [listed.auc])",
    ),
    (
        "pairs of images that are not there",
        Code::AbsentImages,
        "eval listed = verification(faces, pairs = \"absent.csv\")\nreport t = compare([net], columns = [listed.auc])",
    ),
    (
        "a filter that leaves nothing",
        Code::EmptyData,
        "stage s = train(net, classify(faces |> where(.yaw > 80deg), arc), batch = 4, for = 2 steps, optimizer = slow)",
    ),
    (
        "two samples of one name",
        Code::DataClash,
        "let twice = merge([faces, faces], labels = \"by_name\")\nstage s = train(net, classify(twice, arc), batch = 4, for = 2 steps, optimizer = slow)",
    ),
    (
        "people who don't exist",
        Code::BadData,
        "stage s = train(net, classify(faces |> identities([\"nobody\"]), arc), batch = 4, for = 2 steps, optimizer = slow)",
    ),
    (
        "an image of another size",
        Code::WrongSize,
        "dataset files = image_folder(\"faces\", on_size = \"refuse\")\nbackbone large = tiny(embedding = 8, side = 48px, width = 4)\nstage s = train(large, classify(files, arc), batch = 4, for = 2 steps, optimizer = slow)",
    ),
    (
        "an attribute that samples don't have",
        Code::MissingValue,
        "dataset files = image_folder(\"faces\") |> annotate(\"yaw.csv\", schema = {yaw: deg}, missing = \"keep\")\nstage s = train(net, classify(files |> where(.yaw > 0deg), arc), batch = 4, for = 2 steps, optimizer = slow)",
    ),
    ("an export over the report", Code::OneExportPath, "export a = safetensors(net, to = \"Report.html\")"),
    ("an export over the plan, by a detour", Code::OneExportPath, "export a = safetensors(net, to = \"./plan.yaml\")"),
    ("an export inside of a file of the run", Code::OneExportPath, "export a = safetensors(net, to = \"metrics.json/a\")"),
    ("an export that is a folder", Code::PathLeaves, "export a = safetensors(net, to = \".\")"),
    ("two exports to one place", Code::OneExportPath, "export a = safetensors(net, to = \"a/b\")\nexport b = onnx(net, to = \"./A//B\")"),
    (
        "an export where another's folder is",
        Code::OneExportPath,
        "export a = safetensors(net, to = \"a\")\nexport b = onnx(net, to = \"a/b\")",
    ),
];

/// Codes that are said when a recipe runs, and only then: of the families `run` and `data`, all others have a case above.
const ONLY_THEN: &[(Code, &str)] = &[
    (Code::Io, "the disk"),
    (Code::DiskFull, "the disk"),
    (Code::ReadOnly, "the disk"),
    (Code::OutputBusy, "other runs"),
    (Code::Waiting, "other runs"),
    (Code::StoreFormat, "the store"),
    (Code::DamagedArtifact, "the store"),
    (Code::DamagedCheckpoint, "the store"),
    (Code::StaleCheckpoint, "the store"),
    (Code::ResumeMismatch, "the store"),
    (Code::ResumedElsewhere, "the store"),
    (Code::NoCuda, "the machine"),
    (Code::OutOfMemory, "the machine"),
    (Code::NoEngine, "the machine"),
    (Code::EngineFailed, "the machine"),
    (Code::Interrupted, "the user"),
    (Code::NoSuchNode, "the command line"),
    (Code::BadJob, "another version of a program"),
    (Code::Torch, "what nobody foresaw"),
    (Code::LossNotFinite, "numbers"),
    (Code::Unmeasurable, "numbers"),
    (Code::ExpectFailed, "numbers"),
    (Code::Corrupt, "pixels"),
    (Code::DataChanged, "a file that changes meanwhile"),
    (Code::LeftOut, "a warning of check and plan"),
    (Code::Doubled, "a warning of check and plan"),
    (Code::WithItself, "a warning of check and plan"),
    (Code::TwoPeople, "what `ddl data check` finds"),
    (Code::Blank, "what `ddl data check` finds"),
    (Code::NoStore, "the store"),
    (Code::WeightsNotFinite, "numbers"),
    (Code::ZeroEmbeddings, "numbers"),
    (Code::BadProtocol, "its own tests: a split that shifts the balance of a protocol's pairs"),
];

/// The tensors of [`START`]'s network, and prototypes of three people.
fn weights() -> Vec<u8> {
    let net = ddl::ops::nets::Tiny { embedding: 8, side: ddl::quantity::Pixels(32), width: 4, weights: None, seed: 0 };
    let specs = ddl::nets::Backbone::network(&net).unwrap().specs();
    let shapes = specs.into_iter().map(|spec| (spec.name, spec.shape)).chain([("head.0.prototypes".to_owned(), vec![3, 8])]);
    let (mut header, mut at) = (String::new(), 0);
    for (name, shape) in shapes {
        let end = at + 4 * shape.iter().product::<i64>();
        let comma = if header.is_empty() { "" } else { "," };
        write!(header, "{comma}\"{name}\":{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[{at},{end}]}}").unwrap();
        at = end;
    }
    safetensors(&format!("{{{header}}}"), at as usize)
}

fn safetensors(header: &str, bytes: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; bytes]].concat()
}

/// A folder with all files that the cases name.
fn shell() -> Shell {
    const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../base/tensors/fixtures");
    let whole = weights();
    let mut shell = Shell::new()
        .file("page.pth", "<!DOCTYPE html><html>quota exceeded</html>")
        .file("lfs.pth", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 100\n")
        .file("empty.pth", "")
        .file("code.pt", std::fs::read(format!("{FIXTURES}/code.pt")).unwrap())
        .file("cut.safetensors", &whole[..whole.len() - 9])
        .file("lie.safetensors", safetensors("{\"w\":{\"dtype\":\"F32\",\"shape\":[0,18446744073709551615],\"data_offsets\":[0,0]}}", 0))
        .file("w.safetensors", &whole)
        .file("bare/readme.txt", "nothing")
        .file("bad.csv", "what\nis this\n")
        .file("absent.csv", "fold,same,a,b\n0,1,nobody/1.png,nobody/2.png\n")
        .file("turned.csv", "fold,same,a,b\n0,0,0/0.png,0/1.png\n0,1,0/0.png,1/0.png\n1,0,2/0.png,2/1.png\n1,1,2/0.png,3/0.png\n")
        .file("templates.txt", "id_0001/0001.png 2 1\nid_0001/0002.png 3 2\nid_0002/0001.png 4 1\n")
        .file("template_pairs.txt", "2 3 1\n2 4 0\n")
        .file("yaw.csv", "path,yaw\n0/0.png,10\n");
    for person in 0..4u8 {
        for at in 0..3u8 {
            let pixels = (0..32 * 32 * 3).map(|place: u32| (place as u8).wrapping_mul(person + 3).wrapping_add(at * 40)).collect();
            let image = ddl::data::image::Image::new(32, 32, pixels).unwrap();
            let png = ddl::events::from_base64(&ddl::events::Picture::new(&image, "", "").png).unwrap();
            shell = shell.file(&format!("faces/{person}/{at}.png"), &png).file(&format!("flat/{person}{at}.png"), &png);
        }
    }
    shell
}

#[test]
fn what_is_wrong_is_said_by_check_by_plan_and_by_run_before_anything_is_computed() {
    let shell = shell();
    let mut wrong = Vec::new();
    for (what, code, lines) in CASES {
        std::fs::write(shell.path().join("r.ddl"), format!("{START}{lines}\n")).unwrap();
        for command in ["check r.ddl", "plan r.ddl", "run r.ddl --threads 1"] {
            let ran = shell.ddl(command);
            let said = ran.stderr();
            let errors = said.lines().filter(|line| line.starts_with("  ×")).count();
            if ran.code() != 2 || !said.contains(code.text()) || errors != 1 || said.contains("panicked") {
                wrong.push(format!("{what}, {command}: exit code {}, {errors} errors, wanted {code:?}\n{said}", ran.code()));
            }
        }
        if shell.path().join(".ddl/store/artifacts").exists() {
            wrong.push(format!("{what}: something was computed"));
            std::fs::remove_dir_all(shell.path().join(".ddl")).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_of_runs_and_data_is_said_before_or_has_its_reason() {
    let design = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/design.md")).unwrap();
    for code in Code::all().filter(|code| ["ddl::run::", "ddl::data::"].iter().any(|family| code.text().starts_with(family))) {
        let (before, then) = (CASES.iter().any(|case| case.1 == code), ONLY_THEN.iter().find(|it| it.0 == code));
        assert!(before != then.is_some(), "{code:?} needs a case that check and plan refuse, or a reason why only a run can say it");
        if then.is_some() {
            assert!(design.contains(&format!("`{}`", code.text())), "{code:?} is missing in the design's list of what only a run says");
        }
    }
}
