//! Folders of made-up faces in the layouts of the recipes: 8 folds of 50 people, each with two frontal and two profile images; benchmarks.

use std::fmt::Write as _; // a String takes all that is written to it
use std::path::Path;

/// The folder; it goes away with this.
pub struct Faces {
    folder: tempfile::TempDir,
}

/// Faces of a folder: folds, and people of each.
const PEOPLE: (usize, usize) = (8, 50);
/// People of a benchmark, none of whom is among the faces.
const OTHERS: (usize, usize) = (10, 4);

/// What stands for weights in keys.
pub const MADE_UP: &str = "made-up weights";

impl Faces {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_faces(&folder.path().join("faces"), "", PEOPLE);
        write_faces(&folder.path().join("benchmark"), "other_", OTHERS);
        write_scface(&folder.path().join("scface"));
        write_cox(&folder.path().join("cox"));
        for (name, templates) in [("ijbb", 6), ("ijbc", 8)] {
            write_ijb(&folder.path().join(name), name, templates);
        }
        for weights in ["net.safetensors", "hopenet.safetensors"] {
            std::fs::write(folder.path().join(weights), MADE_UP).unwrap();
        }
        Faces { folder }
    }

    /// The value of a parameter that a recipe leaves open, by the name that the recipes here give it.
    pub fn given(&self, name: &str) -> Option<String> {
        let place = match name {
            "faces_dir" => "faces",
            "images" | "vggface2" => "faces/images",
            "yaw" => "faces/pose.csv",
            "lfw" | "cfp_fp" | "cplfw" => "benchmark",
            "pairs" => "faces/pairs/fp.csv",
            "weights" => "net.safetensors",
            "hopenet" => "hopenet.safetensors",
            "scface" | "cox" | "ijbb" | "ijbc" => name,
            "complete" => return Some("false".to_owned()), // a made-up benchmark is not
            _ => return None,                              // the plan is then without what depends on it
        };
        Some(self.path().join(place).to_string_lossy().into_owned())
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// `images/`, `pose.csv`, `pairs/ff.csv`, `pairs/fp.csv`, and `pairs.csv`, which is the latter once more.
fn write_faces(root: &Path, prefix: &str, (folds, people): (usize, usize)) {
    let image = png();
    let mut pose = "path,yaw\n".to_owned();
    for person in 0..folds * people {
        for (view, yaws) in [("frontal", [2, -7]), ("profile", [80, -65])] {
            let folder = format!("{prefix}{person:03}/{view}");
            std::fs::create_dir_all(root.join("images").join(&folder)).unwrap();
            for (at, yaw) in yaws.iter().enumerate() {
                let path = format!("{folder}/{at:02}.png");
                std::fs::write(root.join("images").join(&path), &image).unwrap();
                writeln!(pose, "{path},{yaw}").unwrap();
            }
        }
    }
    std::fs::write(root.join("pose.csv"), pose).unwrap();
    std::fs::create_dir_all(root.join("pairs")).unwrap();
    let pairs = |other| pairs(prefix, (folds, people), other);
    std::fs::write(root.join("pairs/ff.csv"), pairs("frontal/01")).unwrap();
    std::fs::write(root.join("pairs/fp.csv"), pairs("profile/00")).unwrap();
    std::fs::write(root.join("pairs.csv"), pairs("profile/00")).unwrap();
}

/// In each fold for each person a pair with the other view, and one with that of the next person.
fn pairs(prefix: &str, (folds, people): (usize, usize), other: &str) -> String {
    let mut text = "fold,same,a,b\n".to_owned();
    for person in 0..folds * people {
        let fold = person / people;
        let next = fold * people + (person + 1) % people;
        writeln!(text, "{},1,{prefix}{person:03}/frontal/00.png,{prefix}{person:03}/{other}.png", fold + 1).unwrap();
        writeln!(text, "{},0,{prefix}{person:03}/frontal/00.png,{prefix}{next:03}/{other}.png", fold + 1).unwrap();
    }
    text
}

/// SCface: 130 people, five cameras and one in infrared at three distances, mugshots.
fn write_scface(root: &Path) {
    let image = png();
    for folder in ["surveillance", "mugshots"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    for person in 1..=130 {
        for camera in [1, 2, 3, 4, 5, 6] {
            for distance in 1..=3 {
                std::fs::write(root.join(format!("surveillance/{person:03}_cam{camera}_{distance}.png")), &image).unwrap();
            }
        }
        std::fs::write(root.join(format!("mugshots/{person:03}_frontal.png")), &image).unwrap();
    }
}

/// COX: 140 people of two races, a still and two frames of each.
fn write_cox(root: &Path) {
    let image = png();
    let mut races = "path,race\n".to_owned();
    for person in 0..140 {
        let race = if person % 2 == 0 { "caucasian" } else { "mongolian" };
        let write = |path: String| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &image).unwrap();
        };
        write(format!("still/{person:04}/0.png"));
        for camera in 1..=2 {
            write(format!("video/{person:04}/cam{camera}/0.png"));
            writeln!(races, "{person:04}/cam{camera}/0.png,{race}").unwrap();
        }
    }
    std::fs::write(root.join("races.csv"), races).unwrap();
}

/// IJB: templates of two faces each, of two people, and all their pairs; two galleries of one template, and probes of these people and of a
/// hundred others.
fn write_ijb(root: &Path, name: &str, templates: u32) {
    let image = png();
    for folder in ["crops", "meta"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    let (mut faces, mut scores, mut pairs) = (String::new(), String::new(), String::new());
    for face in 1..=2 * templates {
        std::fs::write(root.join(format!("crops/{face}.jpg")), &image).unwrap();
        writeln!(faces, "{face}.jpg {} {}", 1 + face % templates, 100 + face % 4).unwrap();
        writeln!(scores, "{face}.jpg 30.5 50 70 50 50 70 35 90 65 90 0.99").unwrap();
    }
    for a in 1..=templates {
        for b in a + 1..=templates {
            writeln!(pairs, "{a} {b} {}", u8::from(a % 2 == b % 2)).unwrap();
        }
    }
    let header = "TEMPLATE_ID,SUBJECT_ID,FILENAME\n";
    let mut probe = header.to_owned();
    for a in 3..=templates {
        writeln!(probe, "{a},{},x.jpg", a % 2).unwrap();
    }
    for stranger in 1000..1100 {
        writeln!(faces, "2.jpg {stranger} 100").unwrap();
        writeln!(probe, "{stranger},{stranger},x.jpg").unwrap();
    }
    let galleries = if name == "ijbb" { ["S1", "S2"] } else { ["G1", "G2"] };
    for (template, gallery) in (1..).zip(galleries) {
        let text = format!("{header}{template},{},x.jpg\n", template % 2);
        std::fs::write(root.join(format!("meta/{name}_1N_gallery_{gallery}.csv")), text).unwrap();
    }
    std::fs::write(root.join(format!("meta/{name}_1N_probe_mixed.csv")), probe).unwrap();
    for (what, text) in [("face_tid_mid", faces), ("name_5pts_score", scores), ("template_pair_label", pairs)] {
        std::fs::write(root.join(format!("meta/{name}_{what}.txt")), text).unwrap();
    }
}

/// A grey crop of 112 pixels.
fn png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(112, 112, image::Rgb([128, 128, 128])).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Writes a file of zeros that is a backbone's: as long as its numbers, with no more on the disk than its header.
pub fn write_weights(path: &Path, net: &ddl::ops::nets::Backbone) {
    let (mut header, mut at) = (String::new(), 0);
    for spec in ddl::nets::Backbone::network(net).unwrap().specs() {
        let end = at + 4 * spec.numel();
        let comma = if header.is_empty() { "" } else { "," };
        write!(header, "{comma}\"{}\":{{\"dtype\":\"F32\",\"shape\":{:?},\"data_offsets\":[{at},{end}]}}", spec.name, spec.shape).unwrap();
        at = end;
    }
    let header = format!("{{{header}}}");
    std::fs::write(path, [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat()).unwrap();
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_len(8 + header.len() as u64 + at).unwrap();
}
