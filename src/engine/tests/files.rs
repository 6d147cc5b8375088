//! Runs on files: corrupt images, weights that don't fit.

mod common;

use common::{COMMON, Run};
use ddl::compile::{Given, Options, compile};
use ddl::data::decode;
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
    let tables = ddl::plan::tables::Tables::new(&plan, &paths, ddl::data::probe::ProbeCache::none());
    let id = plan.iter().find(|(_, node)| node.op == "synthetic_faces").unwrap().0;
    for (at, row) in tables.table(id).unwrap().rows().enumerate() {
        let image = decode::open(row.source()).unwrap();
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
    let text = at(&file).failed("ddl::run::bad_weights");
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
