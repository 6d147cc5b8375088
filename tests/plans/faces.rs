//! A folder of made-up faces in the layout of the recipes: 8 folds of 50 people, each with two frontal and two profile images.

use std::fmt::Write as _; // a String takes all that is written to it
use std::path::Path;

/// The folder; it goes away with this.
pub struct Faces {
    folder: tempfile::TempDir,
}

const FOLDS: usize = 8;
const PEOPLE: usize = 50;

impl Faces {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("faces");
        let image = png();
        let mut pose = "path,yaw\n".to_owned();
        for person in 0..FOLDS * PEOPLE {
            for (view, yaws) in [("frontal", [2, -7]), ("profile", [80, -65])] {
                let folder = format!("{person:03}/{view}");
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
        std::fs::write(root.join("pairs/ff.csv"), pairs("frontal/01")).unwrap();
        std::fs::write(root.join("pairs/fp.csv"), pairs("profile/00")).unwrap();
        std::fs::write(folder.path().join("net.safetensors"), "made-up weights").unwrap();
        Faces { folder }
    }

    /// The value of a parameter that a recipe leaves open, by the name that the recipes here give it.
    pub fn given(&self, name: &str) -> Option<String> {
        let place = match name {
            "faces_dir" => "faces",
            "images" => "faces/images",
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

/// In each fold for each person a pair with the other view, and one with that of the next person.
fn pairs(other: &str) -> String {
    let mut text = "fold,same,a,b\n".to_owned();
    for person in 0..FOLDS * PEOPLE {
        let fold = person / PEOPLE;
        let next = fold * PEOPLE + (person + 1) % PEOPLE;
        writeln!(text, "{},1,{person:03}/frontal/00.png,{person:03}/{other}.png", fold + 1).unwrap();
        writeln!(text, "{},0,{person:03}/frontal/00.png,{next:03}/{other}.png", fold + 1).unwrap();
    }
    text
}

/// A grey crop of 112 pixels.
fn png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(112, 112, image::Rgb([128, 128, 128])).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}
