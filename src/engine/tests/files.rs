//! Runs on files: corrupt images, weights that don't fit.

mod common;

use common::{COMMON, Run};
use ddl::compile::{Given, Options, compile};
use ddl::events::Event;
use ddl::source::Memory;
use indexmap::IndexMap;
use std::path::Path;

/// Writes drawn faces as PNG files: `people` folders of `images` each.
fn faces(root: &Path, people: u32, images: u32) {
    let text = format!(
        "ddl 1\ndataset faces = synthetic_faces(identities = {people}, images = {images}, size = 32px)\n\
        backbone net = tiny(embedding = 8, side = 32px, width = 4)\neval v = verification(faces, pairs = all_pairs())\n\
        report t = compare({{\"x\" = net}}, columns = [v.auc])\n"
    );
    let compiled = compile(&Memory::new().with("r.ddl", text), Path::new("r.ddl"), &Options::default()).unwrap();
    let (plan, paths) = (compiled.plan(), ddl::plan::Paths::new());
    let tables = ddl::inputs::tables::Tables::new(&plan, &paths, ddl::data::probe::ProbeCache::none());
    let id = plan.iter().find(|(_, node)| node.op == "synthetic_faces").unwrap().0;
    for (at, row) in tables.table(id).unwrap().rows().enumerate() {
        let image = row.source().open(None).unwrap();
        let folder = root.join(row.identity());
        std::fs::create_dir_all(&folder).unwrap();
        let picture = ddl::events::Picture::new(&image, "", "");
        std::fs::write(folder.join(format!("{at}.png")), ddl::events::from_base64(&picture.png).unwrap()).unwrap();
    }
}

fn run(recipe: &str, paths: &[(&str, &Path)]) -> Run {
    let params: String = paths.iter().map(|(name, _)| ["param ", name, " : path\n"].concat()).collect::<Vec<_>>().concat();
    let text = format!("{COMMON}{params}{recipe}\n");
    let given: IndexMap<String, Given> = paths
        .iter()
        .map(|(name, path)| {
            ((*name).to_owned(), Given { text: path.display().to_string(), origin: "test".to_owned(), base: std::path::PathBuf::new() })
        })
        .collect();
    let options = Options { params: given, ..Options::default() };
    let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &options).unwrap();
    let errors: Vec<String> = compiled.diagnostics.iter().map(ToString::to_string).filter(|it| it.starts_with("error")).collect();
    assert!(errors.is_empty(), "{errors:?}");
    Run::of(compiled.plan(), compiled.paths)
}

const TRAIN: &str = "stage s = train(net, classify(files, arc), batch = 8, for = 2 steps, optimizer = slow)";

#[test]
fn a_corrupt_image_stops_the_run_before_it_starts_unless_it_is_skipped() {
    let folder = tempfile::tempdir().unwrap();
    faces(folder.path(), 3, 4);
    let victim = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path().join("bad.jpg");
    std::fs::write(&victim, b"\xff\xd8\xff\xe0 half").unwrap();
    let stopped = run(&format!("dataset files = image_folder(root)\n{TRAIN}"), &[("root", folder.path())]);
    let text = stopped.run().failed("ddl::data::corrupt");
    assert!(text.contains("1 of 13 images") && text.contains("bad.jpg") && text.contains("on_corrupt"), "{text}");
    let skipped = run(&format!("dataset files = image_folder(root, on_corrupt = \"skip\")\n{TRAIN}"), &[("root", folder.path())]);
    let ended = skipped.run().done();
    assert!(
        ended.events.iter().any(|event| matches!(event, Event::Dataset { images: 12, people: 3, skipped_count: 1, .. })),
        "{:?}",
        ended.events
    );
}

#[test]
fn an_image_of_another_size_is_resized_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    faces(folder.path(), 3, 4);
    let recipe = |option: &str| {
        format!(
            "dataset files = image_folder(root{option})\nbackbone big = tiny(embedding = 16, side = 48px, width = 8)\n\
                 stage s = train(big, classify(files, arc), batch = 8, for = 1 steps, optimizer = slow)"
        )
    };
    run(&recipe(""), &[("root", folder.path())]).run().done();
    let text = run(&recipe(", on_size = \"refuse\""), &[("root", folder.path())]).run().failed("ddl::data::wrong_size");
    assert!(text.contains("is 32x32, wanted 48x48"), "{text}");
}

#[test]
fn data_that_is_not_there_or_empty_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = format!("dataset files = image_folder(root)\n{TRAIN}");
    run(&recipe, &[("root", &folder.path().join("nowhere"))]).run().failed("ddl::data::unreadable");
    run(&recipe, &[("root", folder.path())]).run().failed("ddl::data::no_images");
    faces(folder.path(), 3, 4);
    let pairs = folder.path().join("pairs.csv");
    std::fs::write(&pairs, "fold,same,a,b\n0,1,nobody/1.png,nobody/2.png\n").unwrap();
    let judged = "dataset files = image_folder(root)\neval v = verification(files, pairs = list)\n\
                  report t = compare({\"x\" = net}, columns = [v.eer])";
    let text = run(judged, &[("root", folder.path()), ("list", &pairs)]).run().failed("ddl::data::absent_images");
    assert!(text.contains("pairs.csv") && text.contains("nobody/1.png"), "{text}");
}

#[test]
fn weights_that_do_not_fit_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("w.safetensors");
    let recipe = "backbone loaded = tiny(embedding = 16, side = 32px, width = 8, weights = file)\n\
                  stage s = train(loaded, classify(faces, arc), batch = 8, for = 1 steps, optimizer = slow)";
    let at = |path: &Path| run(recipe, &[("file", path)]).run();
    let text = at(&file).failed("ddl::data::unreadable");
    assert!(text.contains("w.safetensors"), "{text}");
    std::fs::write(&file, b"no tensors at all").unwrap();
    at(&file).failed("ddl::run::bad_weights");
    let trained = Run::new("stage s = train(net, classify(faces, arc), batch = 8, for = 1 steps, optimizer = slow)");
    trained.run().done();
    let bytes = trained.model("s");
    std::fs::write(&file, &bytes).unwrap();
    at(&file).done();
    std::fs::write(&file, &bytes[..bytes.len() - 9]).unwrap();
    at(&file).failed("ddl::run::bad_weights");
    std::fs::write(&file, &bytes).unwrap();
    let wider = recipe.replace("embedding = 16", "embedding = 24");
    let text = run(&wider, &[("file", &file)]).run().failed("ddl::run::weights_mismatch");
    assert!(text.contains("expected [24"), "{text}");
}

/// Finite in 64 bits, and not in the 32 that are computed with.
#[test]
fn weights_that_32_bits_do_not_hold_are_refused() {
    use ddl_engine::nn::state::State;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wide.safetensors");
    let trained = Run::new("stage s = train(net, classify(faces, arc), batch = 8, for = 1 steps, optimizer = slow)");
    trained.run().done();
    let wide = State::from_bytes(&trained.model("s")).unwrap().map(|tensor| tensor.to_kind(tch::Kind::Double) * 1e200);
    std::fs::write(&file, wide.to_bytes(&[]).unwrap()).unwrap();
    let recipe = "backbone loaded = tiny(embedding = 16, side = 32px, width = 8, weights = file)\n\
                  stage s = train(loaded, classify(faces, arc), batch = 8, for = 1 steps, optimizer = slow)";
    let text = run(recipe, &[("file", &file)]).run().failed("ddl::run::weights_not_finite");
    assert!(text.contains("`loaded` can't be used: its tensor `"), "{text}");
}

/// The rows of a model's first head.
fn prototypes(model: &[u8]) -> Vec<f32> {
    let tensors = safetensors::SafeTensors::deserialize(model).unwrap();
    let rows = tensors.tensor("head.0.prototypes").unwrap();
    rows.data().chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
}

#[test]
fn prototypes_of_a_file_are_those_of_the_people_it_is_said_to_know() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("w.safetensors");
    let trained = Run::new("stage s = train(net, classify(faces, arc), batch = 8, for = 3 steps, optimizer = slow)");
    trained.run().done();
    std::fs::write(&file, trained.model("s")).unwrap();
    let recipe = |options: &str| {
        let text = format!(
            "backbone loaded = tiny(embedding = 16, side = 32px, width = 8, weights = checkpoint(file{options}))\n\
             stage s = train(loaded, classify(faces, arc), batch = 8, for = 1 steps, optimizer = sgd(lr = 1e-6))"
        );
        run(&text, &[("file", &file)])
    };
    let first = prototypes(&trained.model("s"));
    let apart = |options: &str| {
        let run = recipe(options);
        run.run().done();
        let after = prototypes(&run.model("s"));
        assert_eq!(after.len(), first.len());
        first.iter().zip(after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    let (with, without) = (apart(", prototypes = faces"), apart(""));
    assert!(with < 1e-4 && without > 1e-3, "{with} {without}");
    let text = recipe(", prototypes = people.train").run().failed("ddl::run::prototypes_mismatch");
    assert!(text.contains("of 16 classes") && text.contains("has 12 people"), "{text}");
    std::fs::write(folder.path().join("head.safetensors"), b"nothing").unwrap();
    let alone =
        "backbone loaded = tiny(embedding = 16, side = 32px, width = 8, weights = checkpoint(file, head = alone, prototypes = faces))
                 stage s = train(loaded, classify(faces, arc), batch = 8, for = 1 steps, optimizer = slow)";
    run(alone, &[("file", &file), ("alone", &folder.path().join("head.safetensors"))]).run().failed("ddl::run::bad_weights");
    run(alone, &[("file", &file), ("alone", &file)]).run().done(); // a whole model is a file of prototypes too
}

/// The authors' own way: positive pairs are listed offline, people of the other branch are drawn.
#[test]
fn the_distribution_loss_trains_on_listed_pairs() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("images");
    faces(&root, 4, 4);
    let mut lists = [String::from("a,b\n"), String::from("a,b\n")];
    for person in std::fs::read_dir(&root).unwrap() {
        let person = person.unwrap();
        let mut images: Vec<String> = std::fs::read_dir(person.path())
            .unwrap()
            .map(|file| format!("{}/{}", person.file_name().display(), file.unwrap().file_name().display()))
            .collect();
        images.sort();
        for (list, pair) in lists.iter_mut().zip(images.chunks(2)) {
            *list += &format!("{},{}\n", pair[0], pair[1]);
        }
    }
    let list = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (easy, hard) = (list("easy.csv", &lists[0]), list("hard.csv", &lists[1]));
    let recipe = "dataset files = image_folder(root)
        batches pe = draw(files, by = pair_list(easy_pairs), size = 4)
        batches ph = draw(files, by = pair_list(hard_pairs), size = 4)
        batches e = draw(files, by = balanced(), size = 4)
        batches h = draw(files, by = balanced(), size = 4, seed = 1)
        stage s = train(net, ddl(teacher = branch(pairs = pe, negatives = e), students = [branch(pairs = ph, negatives = h)],
                                 negatives = \"full_row\", divergence = \"js\"), for = 3 steps, optimizer = slow)";
    let at = |hard: &Path| run(recipe, &[("root", &root), ("easy_pairs", &easy), ("hard_pairs", hard)]);
    let done = at(&hard);
    done.run().done();
    let log = ddl::store::TrainingLog::from_bytes(&done.artifact(done.node("s")).read("log.safetensors").unwrap()).unwrap();
    for name in
        ["ddl.teacher.gap", "ddl.teacher.overlap", "ddl.student1.mean_positive", "ddl.student1.mean_negative", "ddl.student1.behind"]
    {
        assert_eq!(log.column(name).map(<[f32]>::len), Some(3), "{name}");
    }
    let kept: Vec<(u64, &str, usize)> = log.kept().map(|kept| (kept.step, kept.name.as_str(), kept.values.len())).collect();
    assert_eq!(kept.len(), 3 * 4, "{kept:?}");
    assert_eq!(kept[0], (1, "ddl.student1.negative", 4));
    let two_people = list("wrong.csv", &format!("a,b\n{}\n", pair_of_two(&lists[1])));
    let text = at(&two_people).run().failed("ddl::data::bad_table");
    assert!(text.contains("two people"), "{text}");
}

/// The first image of the first pair beside the first image of the last one.
fn pair_of_two(list: &str) -> String {
    let first: Vec<&str> = list.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    format!("{},{}", first[0], first[first.len() - 1])
}
