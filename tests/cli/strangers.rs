//! Files that somebody else made: whatever lies under a path that a recipe or a user says, `ddl` ends at once and says what it is.

use super::shell::Shell;
use std::os::unix::fs::symlink;
use std::process::Command;

const HEAD: &str = "ddl 1\nbackbone net = tiny(embedding = 8, side = 32px, width = 4)\n";

/// A picture of one colour.
fn picture(value: u8) -> Vec<u8> {
    [b"P6 32 32 255\n".to_vec(), vec![value; 32 * 32 * 3]].concat()
}

/// A folder with two people, and a recipe that reads a file.
fn shell(recipe: &str) -> Shell {
    let images = ["images/a/0.ppm", "images/a/1.ppm", "images/b/0.ppm", "images/b/1.ppm"];
    let shell = Shell::new().file("r.ddl", format!("{HEAD}{recipe}\n"));
    images.iter().enumerate().fold(shell, |shell, (value, image)| shell.file(image, picture(value as u8)))
}

/// Every place where a recipe or the command line names a file: the recipe, the file, and the command.
fn places() -> Vec<(&'static str, &'static str, &'static str)> {
    let check = "check r.ddl";
    vec![
        ("use \"stranger\" as other\n", "stranger", check),
        ("dataset faces = image_folder(\"images\")", "images/b/2.ppm", check),
        ("dataset faces = image_list(\"stranger\")", "stranger", check),
        ("dataset faces = image_folder(\"images\") |> annotate(\"stranger\", schema = {yaw: deg})", "stranger", check),
        ("dataset faces = image_folder(\"images\")\neval v = verification(faces, pairs = \"stranger\")", "stranger", check),
        ("dataset faces = image_folder(\"images\")\nbatches b = draw(faces, by = pair_list(\"stranger\"), size = 2)", "stranger", check),
        ("backbone other = tiny(embedding = 8, side = 32px, width = 4, weights = \"stranger\")", "stranger", check),
        ("backbone other = tiny(embedding = 8, side = 32px, width = 4, weights = checkpoint(\"stranger\"))", "stranger", check),
        ("", "stranger", "check stranger"),
        ("", "stranger", "fmt stranger"),
        ("param x : int = 1", "stranger", "check r.ddl --params stranger"),
        ("", "r.ddl.lock", "lock r.ddl --check"),
        ("", "stranger", "data info stranger"),
        ("", "stranger", "data convert images x.bin --pairs stranger"),
    ]
}

#[test]
fn what_is_no_regular_file_is_an_error_at_once_wherever_it_is_named() {
    for (recipe, file, command) in places() {
        for stranger in ["pipe", "device", "socket"] {
            let shell = shell(recipe);
            let (place, other) = (shell.path().join(file), shell.path().join("other"));
            let _open = match stranger {
                "pipe" => {
                    assert!(Command::new("mkfifo").arg(&other).status().unwrap().success());
                    None
                }
                "socket" => Some(std::os::unix::net::UnixListener::bind(&other).unwrap()),
                _ => {
                    symlink("/dev/zero", &other).unwrap();
                    None
                }
            };
            std::fs::rename(&other, &place).unwrap();
            // a stranger is never waited for: the test would not end
            let ran = shell.ddl(command);
            assert_ne!(ran.code(), 0, "{stranger} as {file}: {}", ran.transcript());
            let said = ran.stderr();
            assert!(
                said.contains("not a regular file") || said.contains("leaves the recipe's folder"),
                "{stranger} as {file}: {}",
                ran.transcript()
            );
        }
    }
}

#[test]
fn what_the_system_does_not_give_is_said_in_our_words_wherever_it_is_named() {
    let (long, below) = ("x".repeat(300), "r.ddl/it");
    for (recipe, file, command) in places() {
        let named = |instead: &str| (recipe.replace("stranger", instead), command.replace("stranger", instead));
        let mut cases = vec![(named("stranger"), "is not there"), (named(&long), "a long name"), (named(below), "below a file")];
        if file != "images/b/2.ppm" {
            cases.push((named("stranger"), "a circle"));
        }
        for ((recipe, command), what) in cases {
            let shell = shell(&recipe);
            if what == "a circle" {
                symlink(file, shell.path().join(file)).unwrap();
            }
            let ran = shell.ddl(&command);
            assert!(!ran.transcript().contains("os error"), "{what}: {}", ran.transcript());
            assert_eq!(ran.code(), if file == "images/b/2.ppm" { 0 } else { 2 }, "{what}: {}", ran.transcript());
        }
    }
}

#[test]
fn a_link_out_of_the_recipes_folder_is_not_followed_and_a_parameter_may_lead_anywhere() {
    let secret = tempfile::tempdir().unwrap();
    std::fs::write(secret.path().join("secret"), "hunter2,x\n1,2\n").unwrap();
    for (recipe, file, command) in places().into_iter().filter(|(recipe, ..)| recipe.contains("stranger")) {
        let shell = shell(recipe);
        symlink(secret.path().join("secret"), shell.path().join(file)).unwrap();
        let ran = shell.ddl(command);
        assert_ne!(ran.code(), 0, "{}", ran.transcript());
        assert!(ran.stderr().contains("leaves the recipe's folder"), "{}", ran.transcript());
        assert!(!ran.transcript().contains("hunter2"), "{}", ran.transcript());
    }
    // a folder of images behind a link, the same by a parameter, and links among the images
    let outside = shell("");
    let inside = Shell::new().file("r.ddl", format!("{HEAD}dataset faces = image_folder(\"images\")\n"));
    symlink(outside.path().join("images"), inside.path().join("images")).unwrap();
    assert!(inside.ddl("check r.ddl").stderr().contains("leaves the recipe's folder"));
    // one file of a row
    let row = Shell::new().file("r.ddl", format!("{HEAD}dataset faces = image_tar(\"t-{{0..1}}.tar\")\n"));
    symlink(secret.path().join("secret"), row.path().join("t-1.tar")).unwrap();
    assert!(row.ddl("check r.ddl").stderr().contains("t-1.tar is, or lies behind, a link that leaves the recipe's folder"));
    let row = Shell::new()
        .file("r.ddl", "ddl 1\ndataset a = image_tar(\"t-\\{0..1\\}.tar\")\ndataset b = image_tar(\"t-{00..11}x\\{0..\\}.tar\")\n");
    assert_eq!(row.ddl("fmt r.ddl").code(), 0);
    let formatted = row.read("r.ddl");
    assert!(formatted.contains("\"t-{0..1}.tar\"") && formatted.contains("\"t-{00..11}x\\{0..\\}.tar\""), "{formatted}");
    let given = Shell::new().file("r.ddl", format!("{HEAD}param root : path\ndataset faces = image_folder(root / \"images\")\n"));
    symlink(outside.path().join("images"), given.path().join("images")).unwrap();
    let ran = given.ddl("check r.ddl --set root=.");
    assert_eq!(ran.code(), 0, "{}", ran.transcript());
    let among = shell("dataset faces = image_folder(\"images\")");
    symlink(outside.path().join("images/a/0.ppm"), among.path().join("images/a/2.ppm")).unwrap();
    let ran = among.ddl("check r.ddl");
    assert_eq!(ran.code(), 0, "{}", ran.transcript());
}

#[test]
fn pictures_that_are_left_out_are_counted_by_their_endings() {
    let shell = shell("dataset faces = image_folder(\"images\")\neval v = verification(faces, pairs = all_pairs())\nreport t = compare([net], columns = [v.auc])")
        .file("images/a/3.heic", "x")
        .file("images/b/3.HEIC", "x")
        .file("images/a/4", picture(9))
        .file("images/notes.txt", "x")
        .file("images/.hidden/a.jpg", "x");
    for command in ["check r.ddl", "plan r.ddl"] {
        let said = shell.ddl(command).stderr();
        assert!(said.contains("`faces` leaves out 4 other files, 3 of them pictures (.heic 2, no ending 1)"), "{command}: {said}");
    }
}
