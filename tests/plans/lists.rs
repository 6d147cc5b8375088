//! What is said of lists that contradict the data set, say a thing twice, or compare something with itself: in every operator that reads
//! one.

use ddl::compile::{Options, compile};
use ddl::data::probe::ProbeCache;
use ddl::diag::{Code, Severity};
use ddl::inputs::probe::DiskProber;
use ddl::lang::decl::Call;
use ddl::lang::types::Type;
use ddl::lang::value::Args;
use ddl::ops::registry;
use ddl::source::Disk;
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// Whom images show: three people with four images each.
const FACES: &str = "dataset faces = synthetic_faces(identities = 3, images = 4, size = 32px)\nbackbone net = tiny(embedding = 8, side = 32px, width = 4)\n";

/// Image `image` of person `person`, both from 1.
fn face(person: u32, image: u32) -> String {
    format!("id_{person:04}/{image:04}.png")
}

/// Lines of a list, in which `1.2` stands for the second image of the first person.
fn list(lines: &str) -> String {
    let word = |word: &str| match word.split_once('.').map(|(a, b)| (a.parse(), b.parse())) {
        Some((Ok(person), Ok(image))) => face(person, image),
        Some(_) | None => word.to_owned(),
    };
    let line = |line: &str| {
        let comma = if line.contains(',') { "," } else { " " };
        line.trim().split(comma).map(word).collect::<Vec<_>>().join(comma) + "\n"
    };
    lines.lines().map(line).collect()
}

/// What is said of a recipe beside some lists: how much it matters, the code, the line of the recipe, and the message without the folder's
/// name.
fn said(recipe: &str, lists: &[(&str, &str)]) -> Vec<(Severity, Code, String, String)> {
    let folder = tempfile::tempdir().unwrap();
    for (name, lines) in lists {
        std::fs::write(folder.path().join(name), list(lines)).unwrap();
    }
    let path = folder.path().join("r.ddl");
    std::fs::write(&path, format!("ddl 1\n{FACES}{recipe}\n")).unwrap();
    let compiled = compile(&Disk, &path, &Options::default()).unwrap();
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    let (_, found) = compiled.known_plan(ProbeCache::none());
    let said = found.into_iter().filter(|it| it.code != Code::NoInterval).map(|it| {
        let span = it.span().expect("it stands at a place of the recipe");
        let at = compiled.sources.get(span.file).map(|source| source.slice(span).to_owned()).unwrap_or_default();
        (it.severity, it.code, at, it.message.replace(&format!("{}/", folder.path().display()), ""))
    });
    said.collect()
}

/// The operators that read lists of pairs, templates or sides of a comparison, and have a case here; and those that read none.
const READ: [&str; 5] = ["verification", "identification", "template_verification", "template_identification", "pair_list"];
const READ_NONE: [&str; 7] = ["panel", "over_panel", "decided", "shuffled", "balanced", "pk", "pairs"];

#[test]
fn every_protocol_and_sampler_is_looked_at() {
    let call = Call { types: &IndexMap::new(), args: &Args::new() };
    let of = |decl: &&ddl::lang::decl::Decl| [Type::Eval, Type::Sampler].contains(&(decl.result)(&call));
    let there: BTreeSet<&str> = registry().values().copied().filter(of).map(|decl| decl.name).collect();
    assert_eq!(there, READ.into_iter().chain(READ_NONE).collect());
}

#[test]
fn pairs_of_a_verification() {
    let judge = |lines: &str| {
        said(
            "eval v = verification(faces, pairs = \"p.csv\")\nreport t = compare({\"a\" = net}, columns = [v.tar(50%)])",
            &[("p.csv", lines)],
        )
    };
    let v = "verification(faces, pairs = \"p.csv\")";
    let warning = |code, message: &str| (Severity::Warning, code, v.to_owned(), message.to_owned());
    let good = "fold,same,a,b\n0,1,1.1,1.2\n0,0,1.1,2.1\n1,1,2.1,2.2\n1,0,2.1,3.1\n";
    assert_eq!(judge(good), []);
    assert_eq!(
        judge(&format!("{good}1,0,3.1,3.2\n0,TRUE,1.3,3.1\n")),
        [warning(
            Code::Contradiction,
            "2 of 6 pairs say `same` otherwise than the people of their images, first p.csv:6: `id_0003/0001.png` and `id_0003/0002.png` are of one person"
        )]
    );
    assert_eq!(
        judge(&format!("{good}0,1,1.2,1.1\n1,1,2.1,2.2\n")),
        [warning(
            Code::Doubled,
            "2 of 6 pairs stand in the list before, first p.csv:6: `id_0001/0002.png` and `id_0001/0001.png`, as in line 2"
        )]
    );
    assert_eq!(
        judge(&format!("{good}0,1,3.4,3.4\n")),
        [warning(Code::WithItself, "1 of 5 pairs compare something with itself, first p.csv:6: `id_0003/0004.png`")]
    );
    let turned = "fold,same,a,b\n0,0,1.1,1.2\n0,1,1.1,2.1\n1,0,2.1,2.2\n1,1,2.1,3.1\n";
    let message = "p.csv: each of its 4 pairs says `same` otherwise than the people of its images".to_owned();
    assert_eq!(judge(turned), [(Severity::Error, Code::Contradiction, v.to_owned(), message)]);
}

/// Whatever compares images, and however one side sees them: an image that meets itself is right whoever is shown.
#[test]
fn an_image_that_is_seen_in_two_ways_is_still_itself() {
    let itself = |found: &[(Severity, Code, String, String)], what: &str| {
        assert_eq!(found.iter().map(|it| (it.0, it.1)).collect::<Vec<_>>(), [(Severity::Warning, Code::WithItself)], "{what}");
        found[0].3.clone()
    };
    for seen in ["", ", probe = low_resolution(side = 8px)", ", probe = flip(p = 0%)"] {
        let recipe =
            format!("eval v = verification(faces, pairs = \"p.csv\"{seen})\nreport t = compare({{\"a\" = net}}, columns = [v.tar(50%)])");
        let found = said(&recipe, &[("p.csv", "fold,same,a,b\n0,1,1.1,1.1\n0,0,1.1,2.1\n1,1,2.1,2.1\n1,0,2.1,3.1\n")]);
        assert_eq!(itself(&found, seen), "2 of 4 pairs compare something with itself, first p.csv:2: `id_0001/0001.png`");
        for with in ["faces", "faces |> apply(flip(p = 0%))"] {
            let all = format!(
                "dataset some = faces |> where(.index < 3)\neval v = verification(some, pairs = all_pairs(with = {with}){seen})\nreport t = compare({{\"a\" = net}}, columns = [v.tar(50%)])"
            );
            assert_eq!(
                itself(&said(&all, &[]), &all),
                "3 of 12 images are on both sides, where each meets itself, first `id_0001/0001.png`"
            );
        }
    }
    let two_views = "eval v = verification(faces, pairs = all_pairs(), probe = flip(p = 0%))\nreport t = compare({\"a\" = net}, columns = [v.tar(50%)])";
    itself(&said(two_views, &[]), two_views);
    let search = "eval i = identification(gallery = faces, probe = faces |> apply(low_resolution(side = 8px)))\nreport t = compare({\"a\" = net}, columns = [i.rank(1)])";
    itself(&said(search, &[]), search);
}

#[test]
fn pairs_of_a_sampler() {
    let draw = |lines: &str| {
        said(
            "batches b = draw(faces, by = pair_list(\"p.csv\"), size = 2)\nstage s = train(net, classify(b, cosface()), for = 1 step, optimizer = sgd(lr = 0.1))",
            &[("p.csv", lines)],
        )
    };
    let good = "a,b\n1.1,1.2\n2.1,2.2\n";
    assert_eq!(draw(good), []);
    let found = draw(&format!("{good}1.2,1.1\n"));
    assert_eq!(found.iter().map(|it| (it.0, it.1)).collect::<Vec<_>>(), [(Severity::Warning, Code::Doubled)], "{found:?}");
    assert_eq!(found[0].3, "1 of 3 pairs stand in the list before, first p.csv:4: `id_0001/0002.png` and `id_0001/0001.png`, as in line 2");
    for (line, why) in [("1.1,2.1", "the images are of two people"), ("1.1,1.1", "an image paired with itself")] {
        let found = draw(&format!("{good}{line}\n"));
        assert_eq!(found.iter().map(|it| (it.0, it.1)).collect::<Vec<_>>(), [(Severity::Error, Code::BadTable)], "{found:?}");
        assert_eq!(found[0].3, format!("p.csv:4: {why}"));
    }
}

#[test]
fn a_gallery_and_its_probes() {
    let search = |gallery: &str, probe: &str| {
        said(
            &format!(
                "dataset g = {gallery}\ndataset p = {probe}\neval i = identification(gallery = g, probe = p, strangers = \"drop\")\nreport t = compare({{\"a\" = net}}, columns = [i.rank(1)])"
            ),
            &[],
        )
    };
    assert_eq!(search("faces |> where(.index < 2)", "faces |> where(.index >= 2)"), []);
    let refused = |found: Vec<(Severity, Code, String, String)>, first: &str| {
        assert_eq!(found.iter().map(|it| (it.0, it.1)).collect::<Vec<_>>(), [(Severity::Error, Code::BadProtocol)], "{found:?}");
        assert!(found[0].3.contains(first), "{}", found[0].3);
    };
    refused(
        search("faces |> where(.index < 3)", "faces |> where(.index >= 2)"),
        "1 images are in the gallery and among the probes, first `id_0001/0003.png`",
    );
    // an image that bears another name in a merge is the same
    let merged = "merge([synthetic_faces(identities = 2, images = 4, size = 32px, seed = 5), faces], labels = \"by_name\")";
    refused(search(merged, "faces |> where(.index >= 2)"), "10 images are in the gallery and among the probes, first `id_0001/0003.png`");
}

/// Two templates of each of three people.
const TEMPLATES: &str = "1.1 1 1\n1.2 1 1\n1.3 2 1\n1.4 2 1\n2.1 3 1\n2.2 3 1\n2.3 4 1\n3.1 5 1\n3.2 5 1\n3.3 6 1\n";

#[test]
fn pairs_of_templates() {
    let judge = |templates: &str, pairs: &str| {
        said(
            "eval v = template_verification(faces, templates = \"t\", pairs = \"p\")\nreport t = compare({\"a\" = net}, columns = [v.auc])",
            &[("t", templates), ("p", pairs)],
        )
    };
    let kinds = |found: &[(Severity, Code, String, String)]| found.iter().map(|it| (it.0, it.1, it.3.clone())).collect::<Vec<_>>();
    let warning = |code, message: &str| (Severity::Warning, code, message.to_owned());
    let good = "1 2 1\n1 3 0\n3 4 1\n2 5 0\n";
    assert_eq!(judge(TEMPLATES, good), []);
    assert_eq!(
        kinds(&judge(TEMPLATES, &format!("{good}5 6 0\n4 3 1\n6 6 1\n"))),
        [
            warning(
                Code::Contradiction,
                "1 of 7 pairs say `same` otherwise than the people of their images, first p:5: templates 5 and 6 are of one person"
            ),
            warning(Code::Doubled, "1 of 7 pairs stand in the list before, first p:6: templates 4 and 3, as in line 3"),
            warning(Code::WithItself, "1 of 7 pairs compare something with itself, first p:7: template 6"),
        ]
    );
    assert_eq!(
        kinds(&judge(TEMPLATES, "1 2 0\n1 3 1\n")),
        [(Severity::Error, Code::Contradiction, "p: each of its 2 pairs says `same` otherwise than the people of its images".to_owned())]
    );
    assert_eq!(
        kinds(&judge(&format!("{TEMPLATES}3.4 1 1\n"), good)),
        [warning(
            Code::Contradiction,
            "1 of 6 templates have faces of several people, first t:11: template 1: `id_0003/0004.png` is of somebody else"
        )]
    );
    // where no template is of one person, people of the data set are not those of templates
    assert_eq!(judge("1.1 1 1\n2.1 1 1\n1.2 2 1\n3.1 2 1\n2.2 3 1\n3.2 3 1\n", "1 2 1\n1 3 0\n"), []);
}

#[test]
fn lists_of_whom_templates_show() {
    let search = |templates: &str, gallery: &str, probe: &str| {
        said(
            "eval i = template_identification(faces, templates = \"t\", gallery = \"g\", probe = \"p\")\nreport t = compare({\"a\" = net}, columns = [i.rank(1)])",
            &[("t", templates), ("g", gallery), ("p", probe)],
        )
    };
    let (gallery, probe) = ("T,S\n1,10\n3,20\n5,30\n", "T,S\n2,10\n4,20\n6,30\n");
    assert_eq!(search(TEMPLATES, gallery, probe), []);
    let found = search(TEMPLATES, gallery, "T,S\n2,10\n4,30\n6,30\n");
    assert_eq!(found.iter().map(|it| (it.0, it.1)).collect::<Vec<_>>(), [(Severity::Warning, Code::Contradiction)], "{found:?}");
    assert_eq!(found[0].3, "1 of 3 templates show somebody else than their images, first p:3: template 4, which is said to show `30`");
    let found = search(&format!("{TEMPLATES}1.1 2 1\n"), gallery, probe);
    assert_eq!(found.iter().map(|it| (it.0, it.1)).collect::<Vec<_>>(), [(Severity::Warning, Code::WithItself)], "{found:?}");
    assert_eq!(found[0].3, "1 of 5 images are on both sides, where each meets itself, first one of template 2");
    let found = search(TEMPLATES, gallery, "T,S\n1,10\n4,20\n");
    assert_eq!(found.iter().map(|it| (it.0, it.1)).collect::<Vec<_>>(), [(Severity::Error, Code::BadProtocol)], "{found:?}");
}

/// Every operator that reads a list, with a list that fits and what it says where.
const READERS: [(&str, &str, &str); 9] = [
    ("image_list", "dataset l = image_list(\"l\", schema = {yaw: deg})", "path,identity,yaw\n1.1,ann,3\n1.2,ann,4\n2.1,bob,5\n"),
    ("annotate", "dataset l = faces |> annotate(\"l\", schema = {pose: deg}, missing = \"keep\")", "image,pose\n1.1,3\n1.2,4\n2.1,5\n"),
    ("pairs", "eval v = verification(faces, pairs = \"l\")", "fold,same,a,b\n1,1,1.1,1.2\n1,0,1.1,2.1\n2,1,2.1,2.2\n2,0,1.1,2.2\n"),
    ("pair_list", "batches b = draw(faces, by = pair_list(\"l\"), size = 2)", "a,b\n1.1,1.2\n2.1,2.2\n"),
    ("templates", "eval v = template_verification(faces, templates = \"l\", pairs = \"pairs\")", "1.1 1 1\n1.2 2 1\n2.1 3 1\n"),
    ("template pairs", "eval v = template_verification(faces, templates = \"templates\", pairs = \"l\")", "1 2 1\n1 3 0\n"),
    (
        "gallery",
        "eval v = template_identification(faces, templates = \"templates\", gallery = \"l\", probe = \"probe\")",
        "T,S\n1,10\n3,20\n",
    ),
    ("probe", "eval v = template_identification(faces, templates = \"templates\", gallery = \"gallery\", probe = \"l\")", "T,S\n2,10\n"),
    (
        "scores",
        "eval v = template_verification(faces, templates = \"templates\", pairs = \"pairs\", scores = \"l\")",
        "1.1 1 2 3 4 5 6 7 8 9 10 1\n2.1 1 2 3 4 5 6 7 8 9 10 2e-1\n",
    ),
];

/// Whatever is wrong with a list, it is told once, by the file and the line, with a code that says what kind of fault it is, and with what
/// to do.
#[test]
fn a_fault_of_any_list_has_its_code_its_line_and_a_help() {
    let used = |name: &str| match name {
        "image_list" | "annotate" => {
            "stage s = train(net, classify(draw(l, size = 2), cosface()), for = 1 step, optimizer = sgd(lr = 0.1))"
        }
        "pair_list" => "stage s = train(net, classify(b, cosface()), for = 1 step, optimizer = sgd(lr = 0.1))",
        "gallery" | "probe" => "report t = compare({\"a\" = net}, columns = [v.rank(1)])",
        _ => "report t = compare({\"a\" = net}, columns = [v.auc])",
    };
    let (mut tried, mut all) = (0, Vec::new());
    for (name, recipe, good) in READERS {
        let last = good.trim_end().rsplit('\n').next().unwrap();
        let comma = if good.contains(',') { "," } else { " " };
        let header = good.lines().next().filter(|head| head.chars().next().is_some_and(char::is_alphabetic));
        let at = good.lines().count() + 1;
        let short = last.rsplit_once(comma).unwrap().0;
        let subjects = name == "gallery" || name == "probe";
        let absent = !subjects && !["template pairs", "annotate", "scores"].contains(&name);
        let lacks = header.map(|head| good.replace(head, &head.replace(['a', 'e'], "_")));
        let stranger = ["1.1", "2.1", "2.2"].iter().fold(last.to_owned(), |line, image| line.replace(image, "9.9"));
        let faults = [
            ("nothing there", None, Some((Code::UnreadableData, None))),
            ("empty", Some(String::new()), Some((Code::BadTable, None))),
            ("a field too few", Some(format!("{good}{short}\n")), Some((Code::BadTable, Some(at)))),
            // whom templates show stands in front of whatever else a line holds
            ("a field too many", Some(format!("{good}{last}{comma}x{comma}x\n")), Some((Code::BadTable, Some(at))).filter(|_| !subjects)),
            ("semicolons", Some(good.replace(comma, ";")), Some((Code::BadTable, None))),
            ("a zero byte", Some(format!("{good}{last}\0\n")), Some((Code::BadTable, Some(at)))),
            ("no such column", lacks.clone(), Some((Code::BadTable, None)).filter(|_| lacks.is_some() && !subjects)),
            ("an image that is not there", Some(format!("{good}{stranger}\n")), Some((Code::AbsentImages, Some(at))).filter(|_| absent)),
        ];
        for (fault, text, expected) in faults {
            let Some((code, line)) = expected else { continue };
            let folder = tempfile::tempdir().unwrap();
            for (file, lines) in
                [("templates", TEMPLATES), ("pairs", "1 2 1\n1 3 0\n"), ("gallery", "T,S\n1,10\n3,20\n"), ("probe", "T,S\n2,10\n")]
            {
                std::fs::write(folder.path().join(file), list(lines)).unwrap();
            }
            for (person, image) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
                let image = folder.path().join(face(person, image));
                std::fs::create_dir_all(image.parent().unwrap()).unwrap();
                std::fs::write(image, "no image, and nobody looks").unwrap();
            }
            if let Some(text) = &text {
                std::fs::write(folder.path().join("l"), list(text)).unwrap();
            }
            let path = folder.path().join("r.ddl");
            std::fs::write(&path, format!("ddl 1\n{FACES}{recipe}\n{}\n", used(name))).unwrap();
            let prober = DiskProber::forgetful();
            let compiled = compile(&Disk, &path, &Options { prober: Some(&prober), ..Options::default() }).unwrap();
            let mut found = compiled.diagnostics.clone();
            if !compiled.has_errors() {
                found.extend(compiled.known_plan(ProbeCache::none()).1);
            }
            let wrong: Vec<_> = found.iter().filter(|it| it.severity == Severity::Error).collect();
            let shown: Vec<String> = wrong
                .iter()
                .map(|it| format!("{} {}", it.code, it.message.replace(&format!("{}/", folder.path().display()), "")))
                .collect();
            let fine = wrong.as_slice().first().is_some_and(|it| {
                let message = it.message.replace(&format!("{}/", folder.path().display()), "");
                let named = format!(" {message}").contains(" l") && message.matches("read").count() <= 1;
                let placed =
                    line.is_none_or(|line| message.contains(&format!("l:{line}: ")) || message.contains(&format!("(line {line})")));
                wrong.len() == 1 && it.code == code && it.help.is_some() && it.span().is_some() && named && placed
            });
            if !fine {
                all.push(format!("{name}, {fault}: {shown:?}, not {code}, line {line:?}"));
            }
            tried += 1;
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
    assert!(tried > 50, "{tried}");
}
