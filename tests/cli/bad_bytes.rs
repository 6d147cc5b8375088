//! Files that are not what they should be, on the command line: one message, exit code 2, and nothing is written.

use crate::shell::Shell;

const RECIPE: &str = "ddl 1
param root : path = \"faces\"
param length : span in 1 steps..1000 steps = 6 steps
dataset faces = image_folder(root)
backbone net = tiny(embedding = 8, side = 32px, width = 4)
stage s = train(net, classify(faces, arcface(scale = 16, margin = 0.2rad)), batch = 4, for = length, optimizer = sgd(lr = 0.1))
export m = safetensors(s, to = \"s.safetensors\")
";

/// Bytes that are no text, no image, no YAML.
const NOISE: &[u8] = b"\x00\xff\xfe\x9f{[: &*!|>'\"%@`\n\t- \x80\x81\xf0\x28\x8c\xbc";

/// Two people with two images each; the image is a small bitmap in grey.
fn shell() -> Shell {
    let mut shell = Shell::new().file("r.ddl", RECIPE);
    for path in ["ann/1", "ann/2", "bob/1", "bob/2"] {
        let image = ddl::data::image::Image::new(8, 8, vec![path.as_bytes()[0]; 8 * 8 * 3]).unwrap();
        let png = ddl::events::from_base64(&ddl::events::Picture::new(&image, "", "").png).unwrap();
        shell = shell.file(&format!("faces/{path}.png"), png);
    }
    shell
}

#[track_caller]
fn assert_refused(shell: &Shell, line: &str, code: &str) {
    let ran = shell.ddl(line);
    let said = ran.stderr();
    assert_eq!((ran.code(), said.matches("ddl::").count()), (2, 1), "{}", ran.transcript());
    assert!(said.contains(code), "{}", ran.transcript());
    assert!(!shell.path().join("runs").exists(), "something was written");
}

/// Words of the parsers that are used, none of which a message has.
const FOREIGN: [&str; 14] = [
    "invalid type",
    "invalid value",
    "expected",
    "missing field",
    "unknown field",
    "unknown variant",
    "duplicate entry",
    "EOF",
    "recursion limit",
    "did not find",
    "did not match",
    "deserializ",
    "Sequence",
    " at line ",
];

/// Texts of all kinds that are neither plans nor locks nor values of parameters.
fn texts() -> Vec<(&'static str, String)> {
    let deep = "[".repeat(2_000) + &"]".repeat(2_000);
    let lock = "lock: 1\nddl: \"0\"\nrecipe: \"r\"\n";
    let plan = "ddl: '0'\nrecipe: r\ndoc: ''\nparams: {}\nnodes:\n";
    vec![
        ("a word", "hello".to_owned()),
        ("entries", "a: 1".to_owned()),
        ("a csv", "path,identity\n".to_owned() + &"a.png,ann\n".repeat(400)),
        ("a list", "- 1\n- 2".to_owned()),
        ("a key that is a list", "? [a]\n: 1".to_owned()),
        ("deep", format!("length: {deep}")),
        ("two documents", "length: 3 steps\n---\nlength: 4 steps".to_owned()),
        ("no YAML", "a: [1, {".to_owned()),
        ("an alias of nothing", "length: *x".to_owned()),
        ("an entry twice", "length: 3 steps\nlength: 4 steps".to_owned()),
        ("a tag", "length: !!set {a, b}".to_owned()),
        ("a lock that is cut off", lock[..20].to_owned()),
        ("a lock of another form", lock.replace('1', "99")),
        ("a lock with more", format!("{lock}more: 1\n")),
        ("a lock without its recipe", lock.replace("recipe", "# ")),
        ("a lock of something else", format!("{lock}nodes: [1]\n")),
        ("a plan of something else", format!("{plan}- 1\n")),
        ("a plan without nodes", format!("{plan}  a: b\n")),
        ("a plan with a bad node", format!("{plan}- {{name: a, op: train, version: x}}\n")),
    ]
}

#[test]
fn what_a_parser_says_is_in_no_message() {
    for (what, text) in texts() {
        let shell = shell().file("it.yaml", &text).file("r.ddl.lock", &text);
        for line in [
            "check r.ddl --params it.yaml",
            "diff it.yaml r.ddl",
            "diff r.ddl it.yaml",
            "lock r.ddl --check",
            "run r.ddl --locked",
            "plan r.ddl --why",
        ] {
            let ran = shell.ddl(line);
            let said = ran.stderr();
            let foreign = FOREIGN.iter().find(|words| said.contains(**words));
            assert!(foreign.is_none() && said.len() < 2_000, "{what}, {foreign:?}: {}", ran.transcript());
            if line.starts_with("diff") {
                assert_eq!(ran.code(), 2, "{what}: {}", ran.transcript());
            }
        }
    }
}

/// A file of many bytes that takes no room on the disk.
fn sparse(shell: &Shell, name: &str, bytes: u64) {
    std::fs::File::create(shell.path().join(name)).unwrap().set_len(bytes).unwrap();
}

#[test]
fn a_file_of_a_terabyte_is_refused_at_once_whatever_it_should_be() {
    let shell = shell()
        .file("used.ddl", "ddl 1\nuse \"huge.ddl\" as huge\nlet _x = huge.x\n")
        .file(
            "pairs.ddl",
            "ddl 1\ndataset d = synthetic_faces(identities = 8, images = 4)\neval v = verification(d, pairs = \"huge.csv\")\nlet _v = v\n",
        )
        .file("folder.ddl", "ddl 1\ndataset d = image_folder(\"huge.csv\")\nlet _d = d\n")
        .file("list.ddl", "ddl 1\ndataset d = image_list(\"huge.csv\")\nlet _d = d\n");
    for name in ["huge.ddl", "huge.yaml", "huge.csv", "r.ddl.lock"] {
        sparse(&shell, name, 1 << 40);
    }
    for (line, words) in [
        ("check huge.ddl", "a recipe has at most"),
        ("run huge.ddl", "a recipe has at most"),
        ("fmt huge.ddl", "a recipe has at most"),
        ("check used.ddl", "a recipe has at most"),
        ("check r.ddl --params huge.yaml", "a file of parameters has at most"),
        ("diff r.ddl huge.yaml", "a plan or a lock has at most"),
        ("lock r.ddl --check", "a plan or a lock has at most"),
        ("check pairs.ddl", "a list has at most"),
        ("check list.ddl", "a list has at most"),
        ("check folder.ddl", "it is a file, not a folder"),
    ] {
        let ran = shell.ddl(line);
        assert_eq!((ran.code(), ran.stderr().matches("ddl::").count()), (2, 1), "{}", ran.transcript());
        let said: String = ran.stderr().split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert!(said.contains(words), "{}", ran.transcript());
    }
}

#[test]
fn random_bytes_are_refused_with_one_message() {
    let shell = shell().file("noise", NOISE).file("noise.ddl", NOISE).file("noise.yaml", NOISE).file("text", "length: [1, {");
    assert_refused(&shell, "check noise.ddl", "ddl::files::not_utf8");
    assert_refused(&shell, "run noise.ddl", "ddl::files::not_utf8");
    assert_refused(&shell, "plan noise.ddl", "ddl::files::not_utf8");
    assert_refused(&shell, "fmt noise.ddl", "ddl::files::not_utf8");
    assert_eq!(shell.bytes("noise.ddl"), NOISE, "it was changed");
    assert_refused(&shell, "check r.ddl --params noise", "ddl::files::unreadable");
    assert_refused(&shell, "check r.ddl --params text", "ddl::cli::params_file");
    assert_refused(&shell, "check r.ddl --params nowhere.yaml", "ddl::files::unreadable");
    let shell = shell.file("r.ddl.lock", NOISE);
    assert_refused(&shell, "lock r.ddl --check", "ddl::");
    assert_refused(&shell, "run r.ddl --locked", "ddl::");
    assert_refused(&shell, "diff r.ddl noise", "ddl::");
}
