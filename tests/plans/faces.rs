//! A folder of made-up faces in the layout of the recipes: 8 folds of 50 people, each with two frontal and two profile images.

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

impl Faces {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_faces(&folder.path().join("faces"), "", PEOPLE);
        write_faces(&folder.path().join("benchmark"), "other_", OTHERS);
        std::fs::write(folder.path().join("net.safetensors"), "made-up weights").unwrap();
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
            _ => return None, // the plan is then without what depends on it
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

/// A grey crop of 112 pixels.
fn png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(112, 112, image::Rgb([128, 128, 128])).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}
