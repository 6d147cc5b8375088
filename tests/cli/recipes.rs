//! `check`, `plan`, `lock`, `diff`, `fmt` and what `run` does before anything is computed.

use crate::shell::Shell;

const RIGHT: &str = r"ddl 1
//! Two stages on drawn faces.

param length : span in 1 epoch..100 epochs = 2 epochs

dataset faces = synthetic_faces(identities = 20, images = 10, size = 16px)
let people = faces |> split({train = 60%, test = 40%})
backbone net = tiny(side = 16px)
head arc = arcface(scale = 16)
eval frontal = verification(people.test |> where(abs(.yaw) < 60deg), pairs = random_pairs(folds = 2, per_fold = 10))
stage first = train(net, classify(people.train, arc), batch = 32, for = length, optimizer = sgd(lr = 0.1))
stage second = train(first, classify(people.train, arc), batch = 32, for = 10 steps, optimizer = sgd(lr = 0.01))
report table = compare([net, first, second], columns = [frontal.accuracy, frontal.eer])
";

const WRONG: &str = "ddl 1\nhead arc = arcfase(scale = 64)\nlet n = 2 + \"a\"\nlet _m = arcface(margin = 0.5)\n";

pub fn shell() -> Shell {
    Shell::new().file("right.ddl", RIGHT).file("wrong.ddl", WRONG).file("other.ddl", RIGHT.replace("lr = 0.1", "lr = 0.2"))
}

macro_rules! transcript {
    ($shell:expr, $($line:expr),+ $(,)?) => {{
        let shell = $shell;
        insta::assert_snapshot!([$(shell.ddl($line).transcript()),+].join("\n"));
    }};
}

#[test]
fn check_says_what_is_wrong_and_what_is_not() {
    transcript!(shell(), "check right.ddl", "check wrong.ddl", "-q check right.ddl", "check nothing.ddl");
}

#[test]
fn check_takes_several_recipes_and_standard_input() {
    let shell = shell();
    let several = shell.ddl("check right.ddl wrong.ddl nothing.ddl other.ddl");
    let read = [shell.ddl_reading("check -", WRONG), shell.ddl_reading("check - right.ddl --set 'length=3 epochs'", RIGHT)];
    let all: Vec<String> = [several].iter().chain(&read).map(crate::shell::Ran::transcript).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn check_says_what_it_could_not_check() {
    let open = "ddl 1\nparam images : path\nparam pairs : path\nbackbone net = tiny()\neval e = verification(image_folder(images), pairs = pairs)\n\
                report t = compare([net], columns = [e.accuracy])\n";
    transcript!(Shell::new().file("open.ddl", open), "check open.ddl", "check open.ddl --set images=nowhere --set pairs=nothing.csv");
}

#[test]
fn check_writes_messages_for_programs() {
    transcript!(shell(), "check wrong.ddl --message-format json", "check right.ddl --message-format json");
}

#[test]
fn check_warns_of_people_who_are_trained_on_and_judged() {
    let text = RIGHT.replace("verification(people.test", "verification(faces");
    transcript!(Shell::new().file("leak.ddl", text), "check leak.ddl");
}

#[test]
fn values_that_do_not_fit_are_refused() {
    transcript!(
        shell().file("bad.yaml", "- 1\n").file("good.yaml", "length: 3 epochs\n"),
        "check right.ddl --set length=5px",
        "check right.ddl --set 'length=200 epochs'",
        "check right.ddl --set lenght=2",
        "check right.ddl --set length",
        "check right.ddl --set length=)(",
        "check right.ddl --params bad.yaml",
        "check right.ddl --params nothing.yaml",
        "check right.ddl --params good.yaml",
    );
}

#[test]
fn options_that_are_not_there_are_refused() {
    transcript!(
        shell(),
        "check",
        "check right.ddl --al",
        "plan right.ddl --format xml",
        "lock right.ddl --outptu x",
        "diff right.ddl",
        "run right.ddl --device tpu"
    );
}

#[test]
fn plan_shows_what_a_recipe_comes_to() {
    transcript!(shell(), "plan right.ddl", "plan right.ddl --set 'length=4 epochs' --verbose", "plan wrong.ddl -q");
}

#[test]
fn plan_says_what_is_due_and_makes_no_store() {
    let shell = shell();
    let said = [shell.ddl("plan right.ddl --why").transcript(), shell.ddl("plan right.ddl --check").transcript()];
    assert!(!shell.path().join(".ddl").exists());
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn plan_says_why_since_the_lock() {
    let shell = shell();
    assert_eq!(shell.ddl("lock right.ddl -q").code(), 0);
    let shell = shell.file("right.ddl", RIGHT.replace("lr = 0.1)", "lr = 0.2)"));
    insta::assert_snapshot!(shell.ddl("plan right.ddl --why").transcript());
}

#[test]
fn lock_is_written_and_compared() {
    let shell = shell();
    let first = [
        shell.ddl("lock right.ddl --check").transcript(),
        shell.ddl("lock right.ddl").transcript(),
        shell.ddl("lock right.ddl --check").transcript(),
    ];
    let lock = shell.read("right.ddl.lock").replace(env!("CARGO_PKG_VERSION"), "[version]");
    let shell = shell.file("right.ddl", RIGHT.replace("lr = 0.1)", "lr = 0.2)").replace("// ", "//  "));
    let second = [shell.ddl("lock right.ddl --check").transcript(), shell.ddl("lock wrong.ddl -q").transcript()];
    insta::assert_snapshot!(format!("{}\n{lock}\n{}", first.join("\n"), second.join("\n")));
}

#[test]
fn a_lock_of_older_operators_is_told_apart() {
    let shell = shell();
    assert_eq!(shell.ddl("lock right.ddl -q").code(), 0);
    let lock = shell.read("right.ddl.lock");
    let older = lock.replace("\"arcface\": 1", "\"arcface\": 0");
    assert_ne!(older, lock);
    let shell = shell.file("right.ddl.lock", older).file("new.ddl.lock", lock);
    insta::assert_snapshot!(
        [shell.ddl("diff right.ddl.lock new.ddl.lock").transcript(), shell.ddl("run right.ddl --locked").transcript()].join("\n")
    );
}

#[test]
fn a_lock_whose_entries_are_not_the_plans_is_refused() {
    let shell = shell();
    assert_eq!(shell.ddl("lock right.ddl -q").code(), 0);
    let lock = shell.read("right.ddl.lock");
    let lines: Vec<&str> = lock.lines().collect();
    let with = |at: usize, instead: &[&str]| [&lines[..at], instead, &lines[at + 1..]].concat().join("\n") + "\n";
    let mut forged = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("  ")) {
        forged.push((format!("without {line}"), with(at, &[])));
        forged.push((format!("twice {line}"), with(at, &[line, line])));
        let renamed = line.replacen("  \"", "  \"another_", 1);
        forged.push((format!("also {renamed}"), with(at, &[line, &renamed])));
    }
    let inside = [("\"op\":\"", "\"op\":\"x"), ("\"args\":{\"", "\"args\":{\"x"), ("\"inputs\":[\"", "\"inputs\":[\"x")];
    for (at, line) in lines.iter().enumerate() {
        let others = inside.iter().map(|(from, to)| line.replacen(from, to, 1)).filter(|other| other != line);
        forged.extend(others.map(|other| (format!("instead {other}"), with(at, &[&other]))));
    }
    assert!(forged.len() > 60, "{}", forged.len());
    for (what, text) in forged {
        std::fs::write(shell.path().join("right.ddl.lock"), text).unwrap();
        for command in ["lock right.ddl --check", "run right.ddl --locked"] {
            let ran = shell.ddl(command);
            let said = ran.stderr();
            // a section without entries is none
            let refused = if what.starts_with("twice") { "an entry stands twice" } else { "ddl::plan::lock_differs" };
            let emptied = what.starts_with("without") && said.contains("something else is wanted");
            assert!((said.contains(refused) || emptied) && ran.code() == 2, "{what}: {}", ran.transcript());
        }
    }
}

/// Files of weights that are wrong, each with what is said of it.
const WEIGHTS: [(&str, Option<&str>, &str); 5] = [
    ("gone.pt", None, "no such file"),
    ("text.pt", Some("hello, this is text"), "text.pt"),
    ("lost.safetensors", None, "no such file"),
    ("empty.pt", Some(""), "empty.pt"),
    ("cut.pt", Some("PK\u{3}\u{4}"), "cut.pt"),
];

#[test]
fn a_file_that_is_not_there_hides_the_faults_of_no_other() {
    let net = |name: &str, file: &str| {
        let made = format!("backbone {name} = tiny(embedding = 8, side = 32px, width = 4, weights = checkpoint({file}))");
        format!("{made}\nexport of_{name} = safetensors({name}, to = \"{name}.safetensors\")\n")
    };
    let quoted = WEIGHTS.map(|(file, ..)| format!("\"{file}\""));
    let each: String = quoted.iter().enumerate().map(|(at, file)| net(&format!("net{at}"), file)).collect();
    let swept = format!(
        "param files : [path] = [{}]\nsweep file in files\n{}",
        quoted.join(", "),
        net("net", "file").replace("net.safetensors", "net-{file}")
    );
    let data = "dataset faces = image_folder(\"nowhere\")\ndataset others = image_list(\"broken.csv\")\n";
    for recipe in [each.clone(), swept, format!("{data}{each}")] {
        let shell = Shell::new().file("r.ddl", format!("ddl 1\n{recipe}")).file("broken.csv", "path,identity\n");
        let shell = WEIGHTS.iter().fold(shell, |shell, (file, text, _)| if let Some(text) = text { shell.file(file, text) } else { shell });
        for command in ["check r.ddl", "plan r.ddl", "lock r.ddl", "run r.ddl --dry-run"] {
            let ran = shell.ddl(&format!("{command} --message-format json"));
            let said = ran.stdout() + &ran.stderr();
            assert_eq!(ran.code(), 2, "{command}: {said}");
            for (file, _, words) in WEIGHTS {
                let lines: Vec<&str> = said.lines().filter(|line| line.contains(file)).collect();
                assert!(lines.len() == 1 && lines[0].contains(words), "{command}, {file}: {said}");
            }
            if recipe.starts_with("dataset") {
                assert_eq!(said.matches("nowhere").count(), 1, "{command}: {said}");
                assert!(said.contains("broken.csv"), "{command}: {said}");
            }
            assert!(!said.contains("os error"), "{said}");
        }
    }
}

#[test]
fn diff_tells_causes_from_what_follows() {
    let other = RIGHT.replace("lr = 0.1)", "lr = 0.2)").replace("second", "tuned").replace("scale = 16", "scale = 16.0");
    transcript!(
        shell().file("other.ddl", other),
        "diff right.ddl other.ddl",
        "diff right.ddl other.ddl --verbose",
        "diff right.ddl other.ddl --check -q",
        "diff right.ddl right.ddl --check",
        "diff right.ddl wrong.ddl -q",
        "diff right.ddl nothing.lock",
    );
}

#[test]
fn fmt_has_one_style() {
    let shell = Shell::new().file("loose.ddl", "ddl 1\nlet   x=1 // one\n").file("broken.ddl", "ddl 1\nlet x = (1\n");
    let said = [
        shell.ddl("fmt loose.ddl --check").transcript(),
        shell.ddl("fmt loose.ddl").transcript(),
        shell.ddl("fmt loose.ddl --check").transcript(),
        shell.ddl_reading("fmt -", "ddl 1\nlet y=[1,2]\n").transcript(),
        shell.ddl("fmt broken.ddl").transcript(),
        shell.ddl("fmt nothing.ddl").transcript(),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn run_refuses_before_it_computes() {
    let large = RIGHT.replace("batch = 32, for = length", "batch = 500, for = length");
    let alone =
        RIGHT.replace("people.train, arc), batch = 32, for = length", "people.train |> identities(0..0), arc), batch = 4, for = length");
    let shell = shell().file("large.ddl", large).file("alone.ddl", alone);
    let said = ["run large.ddl", "run alone.ddl", "run right.ddl --only nothing", "run right.ddl --only secnd"]
        .map(|line| shell.ddl(line).transcript());
    assert!(!shell.path().join("runs").exists());
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_dry_run_computes_nothing() {
    transcript!(shell(), "run right.ddl --dry-run", "run right.ddl --dry-run --only first");
}

#[test]
fn log_says_which_steps_it_can_tell_of() {
    let last = "log right.ddl frist --step 1";
    transcript!(shell(), "log right.ddl first --step 1", last, "log right.ddl first --step 0", "log right.ddl first");
}

#[test]
fn doc_shows_the_standard_library() {
    transcript!(Shell::new(), "doc std.degrade", "doc std.degrade.surveillance", "doc std.degrade.survelance", "doc std.degrad");
}

#[test]
fn of_very_many_messages_people_see_the_first_and_programs_all() {
    let lines = |count: usize, line: &str| (0..count).fold(String::new(), |text, at| text + &line.replace('N', &at.to_string()) + "\n");
    let recipe = format!("ddl 1\n{}{}", lines(300, "let xN = \"a\" + 1"), lines(2, "let _yN = unknownN"));
    let unused = format!("ddl 1\n{}", lines(300, "let xN = 1"));
    let shell = Shell::new().file("wrong.ddl", recipe).file("unused.ddl", unused);
    for (file, all, said) in [("wrong", 302, "… and 252 more errors"), ("unused", 300, "… and 250 more warnings")] {
        let ran = shell.ddl(&format!("check {file}.ddl"));
        assert_eq!(ran.stderr().matches("\nddl::").count() + 1, 50, "{file}");
        assert!(ran.stderr().contains(said), "{}", ran.stderr());
        let json = shell.ddl(&format!("check {file}.ddl --message-format json"));
        assert_eq!(json.stdout().lines().count(), all);
    }
}
