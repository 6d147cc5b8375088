//! `ddl data`: what it says of data, what it writes, and how it ends.

use super::shell::Shell;
use serde_json::Value as Json;

/// A picture of two pixels.
fn ppm(a: u8, b: u8) -> Vec<u8> {
    [b"P6 2 1 255\n".to_vec(), vec![a; 3], vec![b; 3]].concat()
}

/// Two people with three images each.
fn faces() -> Shell {
    faces_in(Shell::new())
}

fn faces_in(mut shell: Shell) -> Shell {
    for (person, at) in ["ann", "bob"].into_iter().flat_map(|person| (1..=3).map(move |at| (person, at))) {
        shell = shell.file(&format!("faces/{person}/{at}.ppm"), ppm(at, if person == "ann" { 50 } else { 60 }));
    }
    shell
}

#[test]
fn info_says_what_is_there() {
    let shell = faces().file("faces/ann/notes.txt", "x").file("faces/bob/4.heic", "x").file("faces/bob/5.ppm", ppm(1, 50));
    insta::assert_snapshot!(shell.ddl("data info faces").transcript());
}

#[test]
fn info_takes_what_a_recipe_would_write_and_paths_of_any_place() {
    let shell = faces();
    let whole = shell.path().join("faces").display().to_string();
    for data in [
        whole,
        "'image_folder(\"faces\", identity = \"(?P<identity>.)\")'".to_owned(),
        "'image_folder(\"faces\") |> where(.width > 1px)'".to_owned(),
    ] {
        let ran = shell.ddl(&format!("data info {data} --json"));
        assert_eq!(ran.code(), 0, "{}", ran.transcript());
        let json: Json = serde_json::from_str(&ran.stdout()).unwrap();
        assert_eq!((&json["images"], &json["people"]), (&6.into(), &2.into()), "{data}");
    }
    insta::assert_snapshot!(shell.ddl("data info 'image_foldr(\"faces\")'").transcript());
}

#[test]
fn info_says_what_a_schema_could_give_types_to() {
    let list = "path,identity,yaw,side\nann/1.ppm,ann,-3,left\nann/2.ppm,ann,,right\nbob/1.ppm,bob,4.5,left\n";
    let shell = faces().file("faces/list.csv", list);
    assert_eq!(shell.ddl("data convert faces/list.csv faces.parquet").code(), 0);
    let typed = "'image_list(\"faces/list.csv\", schema = {yaw: deg, side: category})'";
    assert_eq!(shell.ddl(&format!("data convert {typed} typed.tfrecord")).code(), 0);
    let lines = ["data info faces/list.csv".to_owned(), format!("data info {typed}"), "data info typed.tfrecord".to_owned()];
    insta::assert_snapshot!(lines.map(|line| shell.ddl(&line).transcript()).join(""));
}

#[test]
fn data_that_can_not_be_read_hides_no_other() {
    let shell = faces();
    for command in ["info", "check"] {
        let ran = shell.ddl(&format!("data {command} nowhere faces"));
        assert_eq!(ran.code(), 2, "{}", ran.transcript());
        assert!(ran.stdout().contains("faces") && ran.stderr().contains("nowhere"), "{}", ran.transcript());
    }
}

#[test]
fn check_names_what_is_damaged_doubled_and_empty() {
    assert_eq!(faces().ddl("data check faces").code(), 0);
    let shell = faces().file("faces/ann/4.jpg", "no image").file("faces/bob/5.ppm", ppm(1, 50)).file("faces/bob/6.ppm", ppm(9, 9));
    let ran = shell.ddl("data check faces");
    insta::assert_snapshot!(ran.transcript());
    let json: Json = serde_json::from_str(&shell.ddl("data check faces --json").stdout()).unwrap();
    let count = |what: &str| json[what].as_array().unwrap().len();
    assert_eq!((count("damaged"), count("doubled"), count("empty")), (1, 1, 1));
}

#[test]
fn names_of_files_are_shown_without_what_a_terminal_would_obey() {
    let shell = faces().file("faces/a\u{1b}[31mb/1.ppm", "no image").file("faces/a\u{1b}[31mb/2.ppm", ppm(1, 50));
    for line in ["data info faces", "data check faces", "data check faces --json", "data info faces --json", "data convert faces x.tar"] {
        let ran = shell.ddl(line);
        assert!(!(ran.stdout() + &ran.stderr()).contains('\u{1b}'), "{line}: {}", ran.transcript());
    }
}

#[test]
fn a_sheet_is_one_page_that_loads_nothing() {
    let shell = faces();
    let ran = shell.ddl("data info faces --sheet sheet.html");
    assert_eq!(ran.code(), 0, "{}", ran.transcript());
    let page = shell.read("sheet.html");
    assert_eq!(page.matches("data:image/png;base64,").count(), 6);
    assert!(page.contains("default-src 'none'") && page.contains("ann") && page.contains("faces: 6 images of 2 people"));
}

#[test]
fn convert_writes_what_it_says_and_overwrites_nothing() {
    let shell = faces();
    insta::assert_snapshot!(shell.ddl("data convert faces out/train.rec").transcript());
    assert_eq!(shell.read("out/property"), "2,1,2\n");
    assert_eq!(shell.read("out/train.people.csv"), "label,identity\n0,ann\n1,bob\n");
    assert_eq!(shell.read("out/train.lst").lines().next(), Some("1\t0\tann/1.ppm"));
    insta::assert_snapshot!(shell.ddl("data convert faces out/train.rec").transcript());
    insta::assert_snapshot!(shell.ddl("data convert faces out/x.zip").transcript());
    assert_eq!(shell.ddl("data convert out/train.rec back").code(), 0);
    assert_eq!(shell.bytes("back/00000001/00000006.pnm"), ppm(3, 60));
    for line in [
        "data convert faces out/x.bin",
        "data convert faces out/x.tar --pairs p.txt",
        "data convert nowhere x.tar",
        "data convert faces x-{0..9}.rec",
    ] {
        let ran = shell.ddl(line);
        assert_eq!(ran.code(), 2, "{line}: {}", ran.transcript());
    }
}

#[test]
fn a_conversion_changes_nothing_of_what_it_reads() {
    let shell = faces();
    for to in ["faces/x.tar", "faces/ann/new", ".ddl/store/x.tar"] {
        std::fs::create_dir_all(shell.path().join(".ddl/store")).unwrap();
        let ran = shell.ddl(&format!("data convert faces {to}"));
        assert!(ran.code() == 2 && ran.stderr().contains("as its own from then on"), "{}", ran.transcript());
        assert!(!shell.path().join(to).exists(), "{to}");
    }
    assert_eq!(shell.files("faces").len(), 6);
}

#[test]
fn a_pack_of_pairs_that_contradict_their_people_is_refused_or_said() {
    let list = |same: [u8; 3]| {
        format!("fold,same,a,b\n0,{},ann/1,ann/2\n0,{},ann/1,bob/2\n1,{},bob/1,bob/3\n1,0,ann/3,bob/3\n", same[0], same[1], same[2])
            .replace("/1", "/1.ppm")
            .replace("/2", "/2.ppm")
            .replace("/3", "/3.ppm")
    };
    let turned = list([0, 1, 0]).replace("1,0,ann/3.ppm", "1,1,ann/3.ppm");
    let shell = faces().file("fine.csv", list([1, 0, 1])).file("odd.csv", list([0, 0, 1])).file("turned.csv", turned);
    let ran = |name: &str| shell.ddl(&format!("data convert faces {name}.bin --pairs {name}.csv"));
    assert_eq!(ran("fine").code(), 0);
    let odd = ran("odd");
    assert!(odd.code() == 0 && odd.stderr().contains("1 of 4 pairs say `same` otherwise"), "{}", odd.transcript());
    let turned = ran("turned");
    assert!(turned.code() == 2 && turned.stderr().contains("otherwise"), "{}", turned.transcript());
}

#[test]
fn a_preview_leaves_out_what_its_reader_leaves_out() {
    let recipe = "ddl 1\ndataset few = image_folder(\"faces\", on_corrupt = \"skip\")\n";
    let shell = faces().file("r.ddl", recipe).file("faces/bob/9.jpg", "no picture");
    let ran = shell.ddl("data preview r.ddl few -o few.html");
    assert_eq!(ran.code(), 0, "{}", ran.transcript());
    // a page of ours is written anew, a picture never
    assert_eq!(shell.ddl("data preview r.ddl few -o few.html").code(), 0);
    let before = shell.bytes("faces/ann/1.ppm");
    std::fs::write(shell.path().join("face.png"), &before).unwrap();
    assert_eq!(shell.ddl("data preview r.ddl few -o face.png").code(), 2);
    assert_eq!(shell.bytes("face.png"), before);
}

#[test]
fn pairs_of_a_list_become_a_pack() {
    let shell = faces().file("pairs.csv", "fold,same,a,b\n1,0,ann/1.ppm,bob/1.ppm\n0,1,ann/1.ppm,ann/2.ppm\n");
    let ran = shell.ddl("data convert faces pairs.bin --pairs pairs.csv");
    assert_eq!(ran.code(), 0, "{}", ran.transcript());
    let json: Json = serde_json::from_str(&shell.ddl("data info pairs.bin --json").stdout()).unwrap();
    assert_eq!((&json["images"], &json["people"]), (&4.into(), &2.into()));
    assert_eq!(shell.ddl("data convert pairs.bin again.bin").code(), 0);
    assert_eq!(shell.bytes("again.bin"), shell.bytes("pairs.bin"));
}

/// What does not begin as an image is known before a run.
#[test]
fn a_text_that_is_named_as_an_image_is_a_warning_of_check() {
    let recipe = "ddl 1\ndataset faces = images(\"DATA\")\nbackbone net = tiny(embedding = 8, side = 32px, width = 4)\n\
        eval v = verification(faces, pairs = all_pairs())\nreport t = compare([net], columns = [v.auc])\n";
    let shell = faces().file("faces/bob/4.jpg", "no image");
    assert_eq!(shell.ddl("data convert faces faces.parquet").code(), 0);
    for data in ["faces", "faces.parquet"] {
        let shell = Shell::new().file("r.ddl", recipe.replace("DATA", data)).file("faces.parquet", shell.bytes("faces.parquet"));
        let shell = faces_in(shell).file("faces/bob/4.jpg", "no image");
        let ran = shell.ddl("check r.ddl");
        assert_eq!(ran.code(), 0, "{}", ran.transcript());
        assert!(
            ran.stderr().contains("1 of the 7 images of `faces` do not begin as images, and a run stops there"),
            "{}",
            ran.transcript()
        );
    }
}

const RECIPE: &str = "ddl 1\n\
    dataset faces = image_folder(\"faces\")\n\
    dataset dark = faces |> apply(brightness(0.2..0.4))\n\
    backbone net = tiny(embedding = 8, side = 32px, width = 4)\n\
    batches drawn = draw(dark, size = 4, augment = flip())\n\
    stage s = train(net, triplet(drawn, margin = 0.2), batch = 4, for = 1 epoch, optimizer = sgd(lr = 0.1))\n";

#[test]
fn preview_draws_data_sets_and_batches_beside_what_lies_there() {
    let shell = faces().file("r.ddl", RECIPE);
    for (name, pictures) in [("faces", 6 * 4), ("dark", 6 * 4), ("drawn", 4 * 4)] {
        let ran = shell.ddl(&format!("data preview r.ddl {name} -o {name}.html"));
        assert_eq!(ran.code(), 0, "{}", ran.transcript());
        assert_eq!(shell.read(&format!("{name}.html")).matches("data:image/png;base64,").count(), pictures, "{name}");
    }
    let ran = shell.ddl("data preview r.ddl drawn -o drawn.png --draws 2");
    assert_eq!(ran.code(), 0, "{}", ran.transcript());
    assert_eq!(image_size(&shell.bytes("drawn.png")), (3 * 36 + 4, 4 * 36 + 4));
    insta::assert_snapshot!(shell.ddl("data preview r.ddl drwn -o x.png").transcript());
    assert_eq!(shell.ddl("data preview r.ddl drawn -o x.gif").code(), 2);
}

/// Width and height of a PNG.
fn image_size(png: &[u8]) -> (u32, u32) {
    let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (side(16), side(20))
}
