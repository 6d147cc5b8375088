//! Control characters in whatever a file holds: no command prints them, on neither end, in no format.

use crate::shell::{Ran, Shell};

/// Colours, a title for the window, a bell, a line that overwrites itself, and letters that run backwards.
const OBEYED: &str = "\u{1b}[31m\u{1b}]0;owned\u{7}\u{9b}2J\rgone\u{202e}txt\u{2066}";

/// A recipe that says so in every place where it can hold a text.
fn recipe() -> String {
    format!(
        "ddl 1
//! about {OBEYED}
param mood : text = \"calm {OBEYED}\"
/// faces {OBEYED}
dataset faces = synthetic_faces(identities = 4, images = 4, size = 32px) |> annotate(\"more.csv\", schema = {{mood: text}})
dataset some = faces |> where(.mood != \"x{OBEYED}\")   // {OBEYED}
backbone net = tiny(embedding = 8, side = 32px, width = 4)
stage s = train(net, classify(some, cosface()), batch = 4, for = 2 steps, optimizer = sgd(lr = 0.1))
eval v = verification(some, pairs = \"pairs.csv\")
report t = compare({{\"one {OBEYED}\" = net, \"two\" = s}}, columns = [v.auc])
export m = safetensors(s, to = \"s.safetensors\")
"
    )
}

fn shell() -> Shell {
    let paths = || (1..=4).flat_map(|person| (1..=4).map(move |image| format!("id_{person:04}/{image:04}.png")));
    let more: Vec<String> = paths().map(|path| format!("{path},\"glad {OBEYED}\"")).collect();
    let pairs: Vec<String> = paths()
        .collect::<Vec<_>>()
        .windows(2)
        .map(|two| format!("0,{},{},{}", u8::from(two[0][..7] == two[1][..7]), two[0], two[1]))
        .collect();
    Shell::new()
        .file("r.ddl", recipe())
        .file("more.csv", format!("image,mood\n{}\n", more.join("\n")))
        .file("pairs.csv", format!("fold,same,a,b\n{}\n", pairs.join("\n")))
}

#[track_caller]
fn assert_clean(ran: &Ran) {
    let printed = ran.raw();
    let obeyed = |c: char| {
        !matches!(c, '\n' | '\t') && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c))
    };
    let at = printed.chars().position(obeyed);
    assert!(
        at.is_none(),
        "a control character is printed: {:?}",
        printed.chars().skip(at.unwrap_or(0).saturating_sub(60)).take(120).collect::<String>()
    );
    assert!(!printed.is_empty(), "nothing is printed");
}

#[test]
fn recipes_are_shown_without_them() {
    let shell = shell();
    for line in [
        "check r.ddl",
        "check r.ddl --message-format json",
        "plan r.ddl",
        "plan r.ddl --verbose",
        "plan r.ddl --format yaml",
        "plan r.ddl --format json",
        "plan r.ddl --format dot",
        "plan r.ddl --format mermaid",
        "plan r.ddl --why",
        "run r.ddl --dry-run",
        "lock r.ddl",
    ] {
        assert_clean(&shell.ddl(line));
    }
    let plan: serde_json::Value = serde_json::from_str(&shell.ddl("plan r.ddl --format json").stdout()).unwrap();
    assert!(plan.to_string().contains("gone"), "JSON says the same text in other signs");
}

#[test]
fn mistakes_are_shown_without_them() {
    let wrong = |recipe: String| shell().file("r.ddl", recipe);
    for shell in [
        wrong(recipe().replace("size = 32px)", &format!("size = \"{OBEYED}\")"))),
        wrong(recipe().replace("sgd(lr", &format!("sdg(/* {OBEYED} */ lr"))),
        wrong(recipe().replace("cosface()", &format!("cosface() {OBEYED}"))),
        wrong(recipe().replace("pairs.csv", &format!("pairs{OBEYED}.csv"))),
        wrong(recipe().replace("ddl 1", &format!("ddl 1{OBEYED}"))),
        shell().file("pairs.csv", format!("fold,same,a,b\n0,{OBEYED},x,y\n")),
        shell().file("pairs.csv", format!("fold,same,a,b\n0,1,{OBEYED},y\n")),
        shell().file("pairs.csv", format!("fold,same,{OBEYED},b\n0,1,x,y\n")),
        shell().file("more.csv", format!("image,mood\n{OBEYED},1\n{OBEYED},2\n")),
    ] {
        for format in ["", " --message-format json"] {
            let ran = shell.ddl(&format!("check r.ddl{format}"));
            assert_eq!(ran.code(), 2, "{}", ran.transcript());
            assert_clean(&ran);
        }
    }
}

#[test]
fn other_files_are_shown_without_them() {
    let shell = shell()
        .file("p.yaml", format!("mood: [\"{}\n", OBEYED.replace('\r', "")))
        .file("q.yaml", "mood: \"\\e[31m\\x9b\\u202e\"\nother: 1\n");
    for params in ["p.yaml", "q.yaml", "r.ddl", "more.csv"] {
        assert_clean(&shell.ddl(&format!("check r.ddl --params {params}")));
    }
    let lock = "ddl: \"0.0.0\\e[31m\"\nrecipe: \"x\\x9b\"\nparams: {\"mood\\u202e\": \"\\e]0;owned\\a\"}\nnodes: {\"s\\e[1m\": {op: \"tr\\e[2m\", key: \"\\e\"}}\n";
    let shell = shell.file("r.ddl.lock", lock);
    for line in ["lock r.ddl --check", "run r.ddl --locked", "diff r.ddl r.ddl.lock", "plan r.ddl --why"] {
        assert_clean(&shell.ddl(line));
    }
}
