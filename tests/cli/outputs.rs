//! Files that `ddl` writes, where something else lies already: nothing but a file is replaced, and what can't be written is an error.

use super::shell::{Ran, Shell};
use std::fs;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, symlink};
use std::path::Path;
use std::process::Command;

const RECIPE: &str =
    "ddl 1\nbackbone net = tiny(embedding = 8, side = 32px, width = 4)\nexport e = safetensors(net, to = \"net.safetensors\")\n";
/// Nothing is to be computed for it.
const IDLE: &str = "ddl 1\nbackbone net = tiny(embedding = 8, side = 32px, width = 4)\nlet _x = net\n";

const FACES: &str = "ddl 1\ndataset faces = synthetic_faces(identities = 2, images = 2)\n";

/// Every output that needs no engine: the file, and the command that writes it.
const OUTPUTS: [(&str, &str); 9] = [
    ("out/it", "lock r.ddl -o out/it"),
    ("r.ddl.lock", "lock r.ddl"),
    ("out/operators.md", "doc --reference out"),
    ("out/it", "run idle.ddl --events out/it"),
    ("out/plan.yaml", "run idle.ddl --out out"),
    ("out/metrics.json", "run idle.ddl --out out"),
    ("out/report.html", "run idle.ddl --out out"),
    ("out/it.html", "data info 'synthetic_faces(identities = 2, images = 2)' --sheet out/it.html"),
    ("out/it.html", "data preview faces.ddl faces -o out/it.html"),
];

fn shell() -> Shell {
    let shell = Shell::new().file("r.ddl", RECIPE).file("idle.ddl", IDLE).file("faces.ddl", FACES);
    fs::create_dir(shell.path().join("out")).unwrap();
    fs::write(shell.path().join("out/.ddl-run"), "").unwrap(); // a run's folder
    shell
}

/// Runs each command where `prepare` put something at the place of its output.
fn each(prepare: impl Fn(&Path), then: impl Fn(&Path, &Ran)) {
    for (file, command) in OUTPUTS {
        let shell = shell();
        let place = shell.path().join(file);
        prepare(&place);
        then(&place, &shell.ddl(command));
    }
}

fn pipe(place: &Path) {
    assert!(Command::new("mkfifo").arg(place).status().unwrap().success());
}

#[test]
fn what_takes_no_bytes_is_an_error_at_once_and_stays() {
    let refused = |ran: &Ran, why: &str| {
        assert!(ran.code() != 0 && ran.stderr().contains("cannot write") && ran.stderr().contains(why), "{}", ran.transcript());
    };
    each(pipe, |place, ran| {
        refused(ran, "nobody reads from this pipe");
        assert!(fs::symlink_metadata(place).unwrap().file_type().is_fifo());
    });
    each(
        |place| fs::create_dir(place).unwrap(),
        |place, ran| {
            refused(ran, "a folder");
            assert!(place.is_dir());
        },
    );
    each(
        |place| drop(std::os::unix::net::UnixListener::bind(place).unwrap()),
        |place, ran| {
            refused(ran, "a socket");
            assert!(fs::symlink_metadata(place).unwrap().file_type().is_socket());
        },
    );
    each(|place| symlink("it.2", place).and_then(|()| symlink(place, place.with_file_name("it.2"))).unwrap(), |_, ran| refused(ran, ""));
}

#[test]
fn a_place_on_the_command_line_where_nothing_can_be_written_is_a_wrong_command_line() {
    for command in [
        "run idle.ddl --events .",
        "run idle.ddl --events r.ddl/it",
        "run idle.ddl --events absent/it",
        "run idle.ddl --out r.ddl",
        "run idle.ddl --out r.ddl/it",
        "run idle.ddl --store r.ddl",
        "run idle.ddl --store r.ddl/it",
        "lock r.ddl -o .",
        "lock r.ddl -o r.ddl/it",
        "lock r.ddl -o absent/it",
        "doc --reference r.ddl",
        "doc --reference r.ddl/it",
        "data info 'synthetic_faces(identities = 2, images = 2)' --sheet .",
        "data preview faces.ddl faces -o absent/it.png",
        "data convert 'synthetic_faces(identities = 2, images = 2)' r.ddl/it.tar",
        "data convert 'synthetic_faces(identities = 2, images = 2)' r.ddl",
    ] {
        let ran = shell().ddl(command);
        assert_eq!(ran.code(), 2, "{}", ran.transcript());
        assert!(!ran.stderr().contains("os error 17"), "{}", ran.transcript());
    }
}

#[test]
fn a_pipe_that_somebody_reads_gets_all_of_it() {
    for (file, command) in OUTPUTS {
        let shell = shell();
        let place = shell.path().join(file);
        pipe(&place);
        let nonblock = nix::fcntl::OFlag::O_NONBLOCK.bits();
        let mut reader = fs::File::options().read(true).custom_flags(nonblock).open(&place).unwrap();
        let mut going = shell.start(command);
        let mut read = Vec::new();
        loop {
            let ended = going.has_ended();
            let _ = reader.read_to_end(&mut read); // until there is no more for now
            if ended {
                break;
            }
        }
        let ran = going.end();
        assert_eq!(ran.code(), 0, "{}", ran.transcript());
        assert!(!read.is_empty(), "{}", ran.transcript());
        assert!(fs::symlink_metadata(&place).unwrap().file_type().is_fifo());
    }
}

/// A file that begins as events do, and has the line by which a lock is known.
const OLD: &str = "{\"kind\":\"old\"}\nlock: 0\n<meta name=\"generator\" content=\"ddl\">\n";

#[test]
fn nothing_is_written_over_but_what_is_the_command_s_own() {
    for command in ["run idle.ddl --events", "lock r.ddl -o"] {
        let (name, text) = if command.starts_with("run") { ("a.lock", "lock: 1\n") } else { ("a.jsonl", "{\"kind\":\"done\"}\n") };
        let shell = shell().file("pose.csv", "image,yaw\na.png,3\n").file(name, text);
        for place in ["r.ddl", "pose.csv", name, ".ddl/store/mine", "runs/idle/metrics.json"] {
            if command.starts_with("lock") && place.starts_with("runs") {
                continue; // no run is going on
            }
            let before = fs::read(shell.path().join(place)).ok();
            let ran = shell.ddl(&format!("{command} {place}"));
            assert_eq!(ran.code(), 2, "{}", ran.transcript());
            assert!(ran.stderr().contains("ddl::files::unwritable"), "{}", ran.transcript());
            assert_eq!(fs::read(shell.path().join(place)).ok(), before, "{command} {place}");
        }
    }
}

/// What stands in the way of a run's files is said before anything is computed.
#[test]
fn results_lie_in_a_folder_of_their_own() {
    let said = |prepare: &dyn Fn(&Path)| {
        let shell = Shell::new().file("r.ddl", RECIPE);
        let out = shell.path().join("out");
        fs::create_dir(&out).unwrap();
        prepare(&out);
        let ran = shell.ddl("run r.ddl --out out");
        assert_eq!(ran.code(), 2, "{}", ran.transcript());
        assert!(ran.stderr().contains("ddl::files::unwritable"), "{}", ran.transcript());
        assert!(!shell.path().join("out/.ddl-run").exists(), "{}", ran.transcript());
    };
    for name in ["plan.yaml", "metrics.json", "report.html", "net.safetensors"] {
        said(&|out| fs::write(out.join(name), "mine").unwrap());
        said(&|out| fs::create_dir(out.join(name)).unwrap());
    }
}

#[test]
fn a_folder_of_other_things_is_no_store_and_stays_as_it_is() {
    let shell = shell().file("mine/a.txt", "a");
    for command in ["check", "plan", "run", "lock"] {
        let ran = shell.ddl(&format!("{command} r.ddl --store mine"));
        assert_ne!(ran.code(), 0, "{}", ran.transcript());
        let there: Vec<_> = fs::read_dir(shell.path().join("mine")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(there, ["a.txt"], "{}", ran.transcript());
    }
}

#[test]
fn links_are_followed_also_to_what_is_not_there_yet() {
    for there in [true, false] {
        each(
            |place| {
                if there {
                    // what either command may replace
                    fs::write(place.with_file_name("target"), OLD).unwrap();
                }
                symlink("target", place).unwrap();
            },
            |place, ran| {
                assert_eq!(ran.code(), 0, "{}", ran.transcript());
                assert!(fs::symlink_metadata(place).unwrap().is_symlink(), "{}", ran.transcript());
                let written = fs::read_to_string(place.with_file_name("target")).unwrap();
                assert!(!written.is_empty() && written != OLD, "{written}");
            },
        );
    }
}
