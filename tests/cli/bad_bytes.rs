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
