//! JPEG: the pixels are those of PIL to the bit (`tests/oracles/jpeg/oracle.py`), and what is no whole JPEG is an error.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ddl::data::decode::{Scale, decode, decode_scaled, dimensions};
use ddl::data::image::Image;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn oracles() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/jpeg")
}

/// Drawn JPEGs by what they are, each with what PIL says of it.
fn golden() -> BTreeMap<String, (Vec<u8>, BTreeMap<String, String>)> {
    let read: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_slice(&fs::read(oracles().join("golden.json")).unwrap()).unwrap();
    let parted = |mut told: BTreeMap<String, String>| (STANDARD.decode(told.remove("jpeg").unwrap()).unwrap(), told);
    read.into_iter().map(|(name, told)| (name, parted(told))).collect()
}

fn one(name: &str) -> Vec<u8> {
    golden().remove(name).unwrap().0
}

fn told(image: &Image) -> String {
    format!("{}x{} {}", image.width(), image.height(), blake3::hash(image.pixels()))
}

#[test]
fn every_kind_has_the_pixels_that_pil_sees() {
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for (name, (bytes, wanted)) in golden() {
        for (part, scale) in [("1", Scale::Whole), ("2", Scale::Half), ("4", Scale::Quarter), ("8", Scale::Eighth)] {
            let Some(wanted) = wanted.get(part) else { continue };
            let found = decode_scaled(&bytes, &name, scale).map_or_else(|error| error.to_string(), |image| told(&image));
            if found != *wanted {
                wrong.push(format!("{name}, 1/{part}: {found}, PIL has {wanted}"));
            }
            compared += 1;
        }
        let (width, height) = dimensions(&bytes).unwrap();
        assert!(wanted["1"].starts_with(&format!("{width}x{height} ")), "{name}");
    }
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 600, "{compared}");
}

#[test]
fn the_crops_of_cfp_have_the_pixels_that_pil_sees() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/cfp/images");
    if !root.is_dir() {
        println!("skipped: ../shared/data is not there");
        return;
    }
    let mut paths: Vec<PathBuf> = walkdir::WalkDir::new(&root)
        .into_iter()
        .map(|it| it.unwrap().into_path())
        .filter(|it| it.extension().is_some_and(|it| it == "jpg"))
        .collect();
    paths.sort();
    let mut all = blake3::Hasher::new();
    for path in &paths {
        all.update(decode(&fs::read(path).unwrap(), "crop").unwrap().pixels());
    }
    assert_eq!(format!("{} {}\n", paths.len(), all.finalize()), fs::read_to_string(oracles().join("cfp.txt")).unwrap());
}

/// Where the first frame header stands.
fn frame(bytes: &[u8]) -> usize {
    bytes.windows(2).position(|pair| pair[0] == 0xFF && matches!(pair[1], 0xC0..=0xC2)).unwrap()
}

#[test]
fn kinds_that_are_not_read_are_named() {
    let spoiled = |at: usize, with: u8| {
        let mut bytes = one("444 45x61");
        let frame = frame(&bytes);
        bytes[frame + at] = with;
        decode(&bytes, "a.jpg").unwrap_err().to_string()
    };
    let not_read = |why: &str| format!("a.jpg: this kind of JPEG file is not read ({why})");
    assert_eq!(spoiled(4, 12), not_read("its channels have not 8 bits"));
    for kind in [0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF] {
        assert_eq!(spoiled(1, kind), not_read("it is lossless or hierarchical"), "{kind:x}");
    }
    for side in [5, 7] {
        let mut bytes = one("444 1x1");
        let frame = frame(&bytes);
        bytes[frame + side..frame + side + 2].fill(0);
        assert_eq!(decode(&bytes, "a.jpg").unwrap_err().to_string(), "a.jpg: the image is empty");
    }
}

#[test]
fn a_header_that_claims_gigabytes_is_refused_before_anything_is_kept() {
    for (name, takes) in [("444 1x1", 12096), ("progressive 1x1", 36290), ("cmyk 1x1", 28224), ("orientation 6", 24192)] {
        let mut bytes = one(name);
        let frame = frame(&bytes);
        bytes[frame + 5..frame + 9].fill(0xFD);
        let said = decode(&bytes, "a.jpg").unwrap_err().to_string();
        assert!(said.starts_with("a.jpg: it says that it is 65021x65021, and reading that takes "), "{name}: {said}");
        assert!(said.contains(&format!(" {takes} MiB; a picture may take 512 MiB")), "{name}: {said}");
    }
}

#[test]
fn a_picture_of_endless_scans_is_refused() {
    let bytes = one("progressive 64x48");
    let at = bytes.windows(2).rposition(|pair| pair == [0xFF, 0xDA]).unwrap();
    let scan = &bytes[at..bytes.len() - 2];
    let more = [&bytes[..at], &scan.repeat(501), &bytes[bytes.len() - 2..]].concat();
    let said = decode(&more, "a.jpg").unwrap_err().to_string();
    assert_eq!(said, "a.jpg: the data of the JPEG file is damaged (it has more than 500 scans)");
}

/// In every kind: cut anywhere, or with any byte changed, a file is an error in our words or a picture of its size; and it is no picture
/// that was made up where data are missing. (One in several scans that ends after one of them is a picture of its size, as coarse as it
/// says.)
#[test]
fn what_is_damaged_is_an_error_or_a_whole_picture() {
    let ours = [
        "is cut off",
        "ends too early",
        "is damaged",
        "is not read",
        "takes too much memory",
        "may take 512 MiB",
        "is empty",
        "not an image",
    ];
    for (name, (bytes, wanted)) in golden() {
        if !name.ends_with(" 17x33") && !name.starts_with("restart") {
            continue;
        }
        let data = bytes.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap() + 14;
        for keep in 0..bytes.len() {
            assert!(decode(&bytes[..keep], "x").is_err(), "{name}, {keep} bytes of {}", bytes.len());
        }
        for keep in data..bytes.len() - 2 {
            let closed = [&bytes[..keep], &[0xFF, 0xD9]].concat();
            match decode(&closed, "x") {
                Ok(_) if name.contains("progressive") => {}
                Ok(image) => assert!(keep + 4 > bytes.len() || told(&image) == wanted["1"], "{name}, {keep} of {}", bytes.len()),
                Err(error) => assert!(ours.iter().any(|words| error.to_string().contains(words)), "{name}: {error}"),
            }
        }
        for at in (0..bytes.len()).step_by(3) {
            for with in [0, 1, 0x7F, 0xC4, 0xD9, 0xFF] {
                let mut spoiled = bytes.clone();
                spoiled[at] = with;
                if let Err(error) = decode(&spoiled, "x") {
                    assert!(ours.iter().any(|words| error.to_string().contains(words)), "{name}: {error}");
                }
            }
        }
    }
}
