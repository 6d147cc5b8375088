//! What the documentation shows is checked as a user's recipe would be, without data: blocks of recipes whole, calls in the text by their
//! names.
//!
//! A block may use names that it does not declare, as the text around it does: those of [`STOCK`] stand for what a reader thinks of.

#[path = "docs/rooms.rs"]
mod rooms;

use ddl::compile::{Compiled, Options, STANDARD, compile};
use ddl::data::probe::ProbeCache;
use ddl::diag::{Code, Diagnostic, RenderOptions, Severity, render};
use ddl::ops::registry;
use ddl::source::{FileId, Memory, Source};
use ddl::syntax::tree::ItemKind;
use ddl::syntax::{format, parse};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What names that a block uses and does not declare stand for.
const STOCK: &[(&str, &str)] = &[
    ("root", "param root : path"),
    ("dir", "param dir : path"),
    ("images", "param images : path"),
    ("ijbc", "param ijbc : path"),
    ("list", "param list : path"),
    ("pairs", "param pairs : path"),
    ("weights", "param weights : path"),
    ("faces", "dataset faces = synthetic_faces(identities = 100, images = 20)"),
    ("small", "dataset small = faces |> apply(low_resolution(side = 12px))"),
    ("sharp", "dataset sharp = faces |> where(abs(.yaw) < 30deg)"),
    ("people", "let people = faces |> split({train = 75%, test = 25%})"),
    ("crops", "dataset crops = image_folder(\"crops\", identity = \"(?P<identity>.+)\")"),
    ("easy", "dataset easy = faces |> where(abs(.yaw) < 10deg)"),
    ("hard", "dataset hard = faces |> where(abs(.yaw) > 45deg)"),
    ("frontal", "dataset frontal = faces |> where(abs(.yaw) < 20deg)"),
    ("profile", "dataset profile = faces |> where(abs(.yaw) > 60deg)"),
    ("net", "backbone net = iresnet(50)"),
    ("trunk", "backbone trunk = mobilefacenet(seed = 2)"),
    ("length", "param length : span = 4 epochs"),
    ("arc", "head arc = arcface()"),
    ("pose", "eval pose = verification(faces, pairs = random_pairs())"),
    ("lfw", "eval lfw = verification(faces, pairs = random_pairs())"),
    ("test", "eval test = verification(people.test, pairs = random_pairs())"),
    ("choose", "eval choose = verification(people.train, pairs = random_pairs())"),
    ("goal", "objective goal = classify(faces, arc)"),
    ("big", "backbone big = iresnet(100)"),
    ("data", "param data : path"),
    ("px12", "eval px12 = verification(faces, pairs = random_pairs(), probe = low_resolution(side = 12px))"),
    ("warm", "stage warm = train(net, classify(faces, arc), batch = 64, for = 1 epoch, optimizer = sgd(lr = 0.1))"),
    ("fair", "stage fair = train(net, classify(faces, arc), batch = 192, for = 1 epoch, optimizer = sgd(lr = 0.1))"),
    ("distilled", "stage distilled = train(net, classify(faces, arc), batch = 64, for = 2 epochs, optimizer = sgd(lr = 0.1))"),
    (
        "both",
        "stage both = train({a = mobilefacenet(), b = iresnet(18)}, classify(faces, arc, of = a) + classify(faces, arc, of = b), \
         batch = 64, for = 1 epoch, optimizer = sgd(lr = 0.1))",
    ),
];

/// A recipe that examples use.
const SCFACE: &str =
    "ddl 1\nparam root : path\nlet _root = 2\ndataset all = image_folder(root)\ndef twice(n: int) -> int { return n * 2 }\n";

/// Functions of formulas and of other programs.
const OTHERS: &[&str] =
    &["abs", "clamp_max", "cos", "exp", "hardtanh", "log", "max", "min", "mul", "name", "neg", "relu", "s_k", "sigmoid", "sin", "tanh"];

/// A name of a recipe: no symbol of a formula (`f`, `D`, `KL`), and no part of a pattern (`_cam`).
fn of_a_recipe(callee: &str) -> bool {
    callee.len() > 2 && callee.starts_with(|c: char| c.is_ascii_lowercase()) && !callee.ends_with('_')
}

fn pages() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("README.md")];
    for folder in ["docs", "docs/language"] {
        files.extend(std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()));
    }
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// The recipes of a page, each with the line that it begins on: fenced as `ddl`, or indented and beginning with a declaration.
fn blocks(text: &str) -> Vec<(usize, String)> {
    const WORDS: [&str; 16] = [
        "ddl 1",
        "param ",
        "dataset ",
        "augment ",
        "batches ",
        "backbone ",
        "head ",
        "objective ",
        "stage ",
        "eval ",
        "report ",
        "let ",
        "use ",
        "sweep ",
        "replicate ",
        "def ",
    ];
    let mut found: Vec<(usize, String)> = Vec::new();
    let (mut fence, mut before_is_code) = (None, false);
    for (at, line) in text.lines().enumerate() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            if fence.take().is_none() {
                fence = Some(language == "ddl");
                if language == "ddl" {
                    found.push((at + 2, String::new()));
                }
            }
            continue;
        }
        let indented = line.strip_prefix("    ").filter(|_| fence.is_none());
        if fence == Some(true) {
            let (_, block) = found.last_mut().unwrap();
            *block += &format!("{line}\n");
        } else if let Some(code) = indented {
            if before_is_code {
                let (_, block) = found.last_mut().unwrap();
                *block += &format!("{code}\n");
            } else if WORDS.iter().any(|word| code.starts_with(word)) {
                found.push((at + 1, format!("{code}\n")));
                before_is_code = true;
            }
        }
        before_is_code &= indented.is_some();
    }
    found
}

/// A block once the names that it leaves to the reader are declared.
fn compiled(block: &str) -> Compiled {
    compiled_after("ddl 1\n", block)
}

/// The same where another line than the edition comes first.
fn compiled_after(edition: &str, block: &str) -> Compiled {
    let mut before: Vec<&str> = Vec::new();
    loop {
        // after what says its edition, so that this stays the first line
        let text = if block.contains("ddl 1") {
            format!("{block}\n{}\n", before.join("\n"))
        } else {
            format!("{edition}{}\n{block}", before.join("\n"))
        };
        let world = Memory::new().with("r.ddl", text).with("scface.ddl", SCFACE);
        let compiled = compile(&world, Path::new("r.ddl"), &Options::default()).unwrap();
        let errors = compiled.diagnostics.iter().filter(|it| it.severity == Severity::Error);
        let named = |it: &&Diagnostic| {
            let name = compiled.sources.get(it.span()?.file)?.slice(it.span()?);
            STOCK
                .iter()
                .find(|(stock, text)| it.code == Code::UnknownName && *stock == name && !before.contains(text))
                .map(|(_, text)| *text)
        };
        let more: BTreeSet<&str> = errors.filter_map(|it| named(&it)).collect();
        if more.is_empty() {
            return compiled;
        }
        before.splice(0..0, more);
    }
}

/// What is wrong with a block.
fn wrong(block: &str) -> Option<String> {
    let compiled = compiled(block);
    let errors = compiled.diagnostics.iter().filter(|it| it.severity == Severity::Error);
    let said: String = errors.map(|it| render(it, &compiled.sources, RenderOptions::default())).collect();
    Some(said).filter(|said| !said.is_empty())
}

/// What an example of an error gives: `…` is what else a stage says, and what can be known of made-up data is known.
fn given(code: Code, example: &str) -> (Compiled, Vec<Diagnostic>) {
    let edition = if code == Code::MissingEdition { "" } else { "ddl 1\n" };
    let compiled = compiled_after(edition, &example.replace('…', "batch = 32, for = 2 epochs, optimizer = sgd(lr = 0.1)"));
    let mut said = compiled.diagnostics.clone();
    if !compiled.has_errors() && compiled.open_params.is_empty() {
        said.extend(compiled.known_plan(ProbeCache::none()).1);
    }
    (compiled, said)
}

/// Codes of which a text alone gives no example: they hang on files.
const OF_FILES: [Code; 5] = [Code::NoIdentity, Code::MissingValue, Code::Corrupt, Code::PrototypesMismatch, Code::NoPooling];

#[test]
fn what_explains_an_error_gives_it_and_what_mends_it_gives_none() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (code, (bad, good)) in Code::all().filter_map(|code| Some((code, code.example()?))) {
        if bad.starts_with("ddl ") && !bad.starts_with("ddl 1") {
            continue; // a command line
        }
        count += 1;
        let drawn = |compiled: &Compiled, said: &[Diagnostic]| -> String {
            said.iter().map(|it| render(it, &compiled.sources, RenderOptions::default())).collect()
        };
        let (compiled, said) = given(code, bad);
        let only_files = OF_FILES.contains(&code) && said.iter().all(|it| it.severity != Severity::Error);
        if !said.iter().any(|it| it.code == code) && !only_files {
            wrong.push(format!("{code}: is not given by\n{bad}\n{}", drawn(&compiled, &said)));
        }
        let (compiled, said) = given(code, good);
        let bad: Vec<Diagnostic> = said.into_iter().filter(|it| it.severity == Severity::Error || it.code == code).collect();
        if !bad.is_empty() {
            wrong.push(format!("{code}: is not mended by\n{good}\n{}", drawn(&compiled, &bad)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 60, "{count} examples");
}

/// What stands between "```ddl" and "```" is written as `ddl fmt` writes it, whole recipes and parts of them.
#[test]
fn every_recipe_of_the_documentation_is_formatted() {
    let mut strange = Vec::new();
    for (page, text) in pages().iter().filter(|(page, _)| page.extension().is_some_and(|it| it == "md")) {
        for block in text.split("```ddl\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            let whole = block.contains("ddl 1");
            let recipe = if whole { block.to_owned() } else { format!("ddl 1\n\n{block}") };
            let source = Source::new(FileId(0), "r.ddl", recipe.clone());
            let formatted = format(&parse(&source).file, &source);
            if formatted != recipe {
                strange.push(format!("{}:\n{formatted}", page.display()));
            }
        }
    }
    assert!(strange.is_empty(), "`ddl fmt` writes otherwise:\n{}", strange.join("\n"));
}

#[test]
fn every_recipe_of_the_documentation_is_one() {
    let mut count = 0;
    let mut said = Vec::new();
    for (path, text) in pages() {
        for (line, block) in blocks(&text) {
            count += 1;
            said.extend(wrong(&block).map(|wrong| format!("{}:{line}\n{wrong}", path.display())));
        }
    }
    assert!(said.is_empty(), "{}", said.join("\n"));
    assert!(count >= 18, "{count} recipes");
}

/// The calls in a text: what is called, and the names of its arguments.
fn calls(text: &str) -> Vec<(String, Vec<String>)> {
    let bytes = text.as_bytes();
    let is_word = |at: usize| bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_';
    let mut found = Vec::new();
    for open in (1..bytes.len()).filter(|&at| bytes[at] == b'(' && is_word(at - 1)) {
        let start = (0..open).rev().take_while(|&at| is_word(at)).last().unwrap_or(open);
        let (mut depth, mut labels, mut word) = (0, Vec::new(), None);
        let mut in_text = false;
        for at in open..bytes.len() {
            match bytes[at] {
                b'"' => in_text = !in_text,
                _ if in_text => {}
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth -= 1,
                b'=' if depth == 1 && bytes.get(at + 1) != Some(&b'=') && !matches!(bytes[at - 1], b'=' | b'!' | b'<' | b'>') => {
                    labels.extend(word.take());
                }
                _ if depth == 1 && is_word(at) && !is_word(at - 1) => {
                    let end = (at..bytes.len()).find(|&end| !is_word(end)).unwrap_or(bytes.len());
                    word = Some(text[at..end].to_owned());
                }
                b' ' => {}
                _ if !is_word(at) => word = None,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        found.push((text[start..open].to_owned(), labels));
    }
    found
}

/// What stands between backquotes, as far as it could be of a recipe.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    let is_code = |span: &&str| !span.starts_with("ddl ") && !span.contains("torch") && !span.contains("::") && !span.contains('\n');
    text.split("```").step_by(2).flat_map(|text| text.split('`').skip(1).step_by(2)).filter(is_code)
}

/// What can be called: operators, and the `def`s of the library, with the names of what they take.
fn known() -> BTreeMap<String, Vec<String>> {
    let ops = registry().values().map(|decl| (decl.name.to_owned(), decl.params.iter().map(|param| param.name.to_owned()).collect()));
    let mut known: BTreeMap<String, Vec<String>> = ops.collect();
    for (name, text) in STANDARD {
        for item in parse(&Source::new(FileId(0), *name, *text)).file.items {
            if let ItemKind::Def(def) = item.kind {
                known.insert(def.name.text, def.formals.into_iter().map(|formal| formal.name.text).collect());
            }
        }
    }
    known
}

#[test]
fn every_call_that_a_text_names_is_one() {
    let known = known();
    let mut texts: Vec<(String, String)> = pages().into_iter().map(|(path, text)| (path.display().to_string(), text)).collect();
    for decl in registry().values() {
        texts.push((decl.name.to_owned(), decl.doc.to_owned()));
        let docs = |param: &ddl::lang::decl::ParamDecl| {
            param.choices.iter().map(|(_, text)| (*text).to_owned()).chain([param.doc.to_owned()]).collect::<Vec<_>>()
        };
        texts.extend(
            decl.params.iter().flat_map(|param| docs(param).into_iter().map(|text| (format!("{}.{}", decl.name, param.name), text))),
        );
    }
    for (name, text) in STANDARD {
        let file = parse(&Source::new(FileId(0), *name, *text)).file;
        let docs = file.inner_docs.iter().chain(file.items.iter().flat_map(|item| &item.docs));
        texts.push((format!("std.{name}"), docs.map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")));
    }
    for code in Code::all() {
        texts.push((code.text().to_owned(), code.means().to_owned()));
    }
    let mut wrong = BTreeSet::new();
    let mut count = 0;
    for (place, text) in &texts {
        for (callee, labels) in spans(text).flat_map(calls).filter(|(callee, _)| of_a_recipe(callee)) {
            count += 1;
            match known.get(&callee) {
                Some(params) => {
                    let strange = labels.iter().filter(|label| !params.contains(label));
                    wrong.extend(strange.map(|label| format!("{place}: `{callee}` has no `{label}`")));
                }
                None if OTHERS.contains(&callee.as_str()) => {}
                None => {
                    wrong.insert(format!("{place}: there is no `{callee}(…)`"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
    assert!(count > 80, "{count} calls");
}
