//! Tests of all readers, on small folders of their own.

#![allow(clippy::cast_possible_truncation, reason = "rows, sides and lengths that were held against their limits")]

use super::*;
use crate::predicate::MissingPolicy;
use crate::probe::ProbeCache;
use crate::testing::{names, paths};
use crate::{Cell, DataError};
use ::image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use ddl_base::quantity::Angle;
use indexmap::IndexMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder with small PNGs and text files.
struct Folder(TempDir);

impl Folder {
    fn new(images: &[&str]) -> Self {
        let folder = Folder(tempfile::tempdir().unwrap());
        for (index, image) in images.iter().enumerate() {
            let mut bytes = Vec::new();
            PngEncoder::new(&mut bytes).write_image(&[index as u8; 18], 3, 2, ExtendedColorType::Rgb8).unwrap();
            folder.file(image, bytes);
        }
        folder
    }
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }
    fn root(&self) -> &Path {
        self.0.path()
    }
    fn read(&self) -> Result<Read, DataError> {
        image_folder(self.root(), &IdentityRule::FirstFolder, &ProbeCache::none())
    }
    /// An error's text, without the folder's own name.
    fn text(&self, error: &DataError) -> String {
        error.to_string().replace(&format!("{}/", self.root().display()), "")
    }
}

fn schema(columns: &[(&str, &str)]) -> IndexMap<String, ColumnType> {
    columns.iter().map(|(name, word)| ((*name).to_owned(), word.parse().unwrap())).collect()
}

#[test]
fn a_folder_is_read_in_byte_order_and_other_files_are_counted() {
    let folder = Folder::new(&["bob/2.png", "ann/x/1.PNG", "ann/x.png", "Zoe/1.png"]);
    folder.file("ann/notes.txt", "hello");
    folder.file("ann/.hidden.png", "no");
    let read = folder.read().unwrap();
    assert_eq!(paths(&read.table), ["Zoe/1.png", "ann/x.png", "ann/x/1.PNG", "bob/2.png"]);
    assert_eq!(names(&read.table), ["Zoe", "ann", "bob"]);
    assert_eq!((read.probe.left_out.to_string(), read.table.stream().size), ("1 other file (.txt 1)".to_owned(), Some((3, 2))));
}

#[test]
fn a_pattern_names_the_person() {
    let folder = Folder::new(&["001_01.png", "001_02.png", "002_01.png"]);
    let rule = IdentityRule::pattern("^(?P<identity>[0-9]+)_").unwrap();
    let read = image_folder(folder.root(), &rule, &ProbeCache::none()).unwrap();
    assert_eq!(names(&read.table), ["001", "002"]);
    assert_eq!(folder.read().unwrap_err().to_string(), "001_01.png: it lies in no folder that would name the person");
    let rule = IdentityRule::pattern("^(?P<identity>001)_").unwrap();
    let error = image_folder(folder.root(), &rule, &ProbeCache::none()).unwrap_err();
    assert_eq!(error.to_string(), "002_01.png: `^(?P<identity>001)_` does not match it");
    assert!(IdentityRule::pattern("^([0-9]+)").unwrap_err().to_string().contains("no group named identity"));
    assert!(IdentityRule::pattern("(").is_err());
}

#[test]
fn a_folder_without_images_or_that_is_not_there_is_an_error() {
    let folder = Folder::new(&[]);
    folder.file("a.txt", "");
    assert!(folder.read().unwrap_err().to_string().contains("(1 other file (.txt 1))"));
    let error = image_folder(&folder.root().join("nowhere"), &IdentityRule::FirstFolder, &ProbeCache::none()).unwrap_err();
    assert!(folder.text(&error).starts_with("cannot read nowhere: "), "{error}");
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_is_an_error_that_names_it() {
    let folder = Folder::new(&["ann/1.png"]);
    std::os::unix::fs::symlink(folder.root(), folder.root().join("ann/again")).unwrap();
    assert!(matches!(folder.read(), Err(DataError::LinkLoop { path, .. }) if path.ends_with("ann/again")));
    fs::remove_file(folder.root().join("ann/again")).unwrap();
    std::os::unix::fs::symlink("nothing.png", folder.root().join("ann/broken.png")).unwrap();
    assert!(matches!(folder.read(), Err(DataError::Unreadable { .. })));
}

#[test]
fn a_probe_tells_what_changed_and_not_where_it_lies() {
    let images = ["ann/1.png", "bob/1.png"];
    let (one, two) = (Folder::new(&images), Folder::new(&images));
    let digest = |folder: &Folder| folder.read().unwrap().probe.digest().to_owned();
    assert_eq!(digest(&one), digest(&two));
    two.file("bob/1.png", "not an image any more");
    assert_ne!(digest(&one), digest(&two));
    assert_eq!(two.read().unwrap().table.row(1).unwrap().size(), None);
}

#[test]
fn a_list_keeps_its_order_and_types_its_columns() {
    let folder = Folder::new(&["b.png", "a.png"]);
    let list = folder.file("list.csv", "\u{feff}path,identity,yaw,camera,score,taken\nb.png,bob,90,cam1,20,3\n\na.png,ann,,cam2,nan,\n");
    let types = schema(&[("yaw", "deg"), ("camera", "category"), ("score", "%"), ("taken", "int")]);
    let read = image_list(&list, folder.root(), None, &types, &ProbeCache::none()).unwrap();
    let cells = |row: usize| ["yaw", "camera", "score", "taken"].map(|name| read.table.row(row).unwrap().cell(name).unwrap());
    assert_eq!(paths(&read.table), ["b.png", "a.png"]);
    assert_eq!(cells(0), [Cell::angle(Angle::degrees(90.0)), Cell::text("cam1"), Cell::Number(0.2), Cell::Number(3.0)]);
    assert_eq!(cells(1), [Cell::Missing, Cell::text("cam2"), Cell::Missing, Cell::Missing]);
}

#[test]
fn wrong_lists_say_which_line() {
    let folder = Folder::new(&["a.png"]);
    let read = |text: &str, types: &[(&str, &str)]| {
        let list = folder.file("list.csv", text);
        folder.text(&image_list(&list, folder.root(), None, &schema(types), &ProbeCache::none()).unwrap_err())
    };
    assert_eq!(
        read("path,yaw\na.png,1\n", &[]),
        "list.csv has no column `identity` (it has `path`, `yaw`); its header is `path,identity,…`"
    );
    assert_eq!(read("path,identity,yaw\na.png,ann,left\n", &[("yaw", "deg")]), "list.csv:2: `left` is not a number (column `yaw`)");
    assert_eq!(read("path,identity\na.png\n", &[]), "list.csv:2: 1 fields where the header has 2");
    assert_eq!(read("path,identity\n../a.png,ann\n", &[]), "list.csv:2: `../a.png` is not inside the root folder");
    assert_eq!(
        read("path,identity\na.png,ann\nc.png,ann\n", &[]),
        "list.csv: 1 rows name images that are not there, first `c.png` (line 3)"
    );
    assert_eq!(read("path,identity\n", &[]), "list.csv: it has no rows below its header");
    assert_eq!(read("path,identity\na.png,ann\na.png,ann\n", &[]), "two samples are named `a.png`");
}

#[test]
fn annotations_join_by_path_and_the_policy_says_what_of_the_rest() {
    let folder = Folder::new(&["ann/1.png", "ann/2.png", "bob/1.png"]);
    let table = folder.read().unwrap().table;
    let file = folder.file("pose.csv", "image,yaw,pitch\nbob/1.png,10,0\nann/1.png,-5,1\nzoe/1.png,0,0\n");
    let yaw = schema(&[("yaw", "deg")]);
    let error = annotate(&table, &file, &yaw, MissingPolicy::Error, &ProbeCache::none()).unwrap_err();
    assert_eq!(folder.text(&error), "pose.csv has no row for 1 of 3 images, first `ann/2.png`");
    let kept = annotate(&table, &file, &yaw, MissingPolicy::Keep, &ProbeCache::none()).unwrap();
    assert_eq!((kept.table.len(), kept.without_row, kept.unused_rows), (3, 1, 1));
    assert_eq!(kept.table.row(1).unwrap().cell("yaw").unwrap(), Cell::Missing);
    let dropped = annotate(&table, &file, &yaw, MissingPolicy::Drop, &ProbeCache::none()).unwrap().table;
    assert_eq!(paths(&dropped), ["ann/1.png", "bob/1.png"]);
    assert_eq!(dropped.row(1).unwrap().cell("yaw").unwrap(), Cell::angle(Angle::degrees(10.0)));
    assert!(matches!(annotate(&dropped, &file, &yaw, MissingPolicy::Keep, &ProbeCache::none()), Err(DataError::AttributeTwice { .. })));
    let twice = folder.file("twice.csv", "image,yaw\nann/1.png,1\nann/1.png,2\n");
    let error = annotate(&table, &twice, &yaw, MissingPolicy::Keep, &ProbeCache::none()).unwrap_err();
    assert_eq!(folder.text(&error), "twice.csv:3: `ann/1.png` was annotated in line 2 already");
}

#[test]
fn pair_files_must_name_images_that_are_there() {
    let folder = Folder::new(&["ann/1.png", "ann/2.png", "bob/1.png"]);
    let table = folder.read().unwrap().table;
    let read = |text: &str| pair_file(&folder.file("pairs.csv", text), &table, &ProbeCache::none());
    let pairs = read("fold,same,a,b\n1,1,ann/1.png,ann/2.png\n2,0,ann/1.png,bob/1.png\n").unwrap();
    assert_eq!((pairs.len(), pairs[1].fold, pairs[1].same, pairs[1].line), (2, 2, false, 3));
    let text = |text: &str| folder.text(&read(text).unwrap_err());
    assert_eq!(text("fold,same,a,b\n1,2,x,y\n"), "pairs.csv:2: `same` is 1 or 0, not `2`");
    assert_eq!(text("fold,same,a,b\none,1,x,y\n"), "pairs.csv:2: `fold` is a whole number, not `one`");
    assert_eq!(
        text("fold,same,a,b\n1,1,ann/1.png,ann/2.png\n1,1,ann/1.png,ann/9.png\n"),
        "pairs.csv: 1 rows name images that are not there, first `ann/9.png` (line 3)"
    );
    let list = |text: &str| pair_list(&folder.file("list.csv", text), &table, &ProbeCache::none());
    assert_eq!(list("a,b\nann/1.png,ann/2.png\n").unwrap(), [ListedPair { line: 2, rows: (0, 1) }]);
    assert_eq!(folder.text(&list("a,b\nann/1.png,bob/1.png\n").unwrap_err()), "list.csv:2: the images are of two people");
}

#[test]
fn shared_faces_are_read_where_they_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/cfp");
    if !root.is_dir() {
        println!("skipped: ../shared/data is not there");
        return;
    }
    let read = image_folder(&root.join("images"), &IdentityRule::FirstFolder, &ProbeCache::none()).unwrap();
    assert_eq!((read.table.len(), read.table.labels().len(), read.table.stream().size), (5600, 400, Some((112, 112))));
    let table =
        annotate(&read.table, &root.join("pose.csv"), &schema(&[("yaw", "deg")]), MissingPolicy::Error, &ProbeCache::none()).unwrap().table;
    let yaw = |row: crate::table::Row| row.cell("yaw").unwrap().as_number().unwrap().abs();
    assert_eq!(table.rows().filter(|row| yaw(*row) < 10f64.to_radians()).count(), 3835);
    assert_eq!(table.rows().filter(|row| yaw(*row) > 45f64.to_radians()).count(), 1325);
    assert_eq!(pair_file(&root.join("pairs/fp.csv"), &table, &ProbeCache::none()).unwrap().len(), 5600);
}

#[test]
fn groups_of_a_pattern_are_attributes() {
    let folder = Folder::new(&["001_cam1_2.png", "001_cam6_3.png", "002_cam1_1.png", "002_frontal.png"]);
    let rule = IdentityRule::pattern(r"^(?P<identity>\d+)_(cam(?P<camera>\d)_(?P<distance>\d)|frontal)").unwrap();
    let read = |columns: &[(&str, &str)]| image_folder_with(folder.root(), &rule, &schema(columns), &ProbeCache::none());
    let table = read(&[("camera", "int"), ("distance", "category")]).unwrap().table;
    let cells = |name: &str| table.rows().map(|row| row.cell(name).unwrap()).collect::<Vec<_>>();
    assert_eq!(cells("camera"), [Cell::Number(1.0), Cell::Number(6.0), Cell::Number(1.0), Cell::Missing]);
    assert_eq!(cells("distance"), [Cell::text("2"), Cell::text("3"), Cell::text("1"), Cell::Missing]);
    assert_eq!(names(&table), ["001", "002"]);
    assert_eq!(folder.text(&read(&[("lens", "int")]).unwrap_err()), "image_folder: the pattern has no group `lens`");
    let letters = IdentityRule::pattern(r"^(?P<identity>\d+)_(?P<view>[a-z]+)").unwrap();
    let wrong = image_folder_with(folder.root(), &letters, &schema(&[("view", "int")]), &ProbeCache::none()).unwrap_err();
    assert_eq!(folder.text(&wrong), "001_cam1_2.png: `cam` is not a number (group `view`)");
}

/// Keys of results hold these: they may never change by themselves.
#[test]
fn digests_of_tables_and_probes_are_what_they_were() {
    let folder = Folder::new(&["ann/1.png", "ann/2.png", "bob/1.png"]);
    let list = folder.file("list.csv", "path,identity,yaw\nbob/1.png,b,3\nann/2.png,a,4\n");
    let read = folder.read().unwrap();
    let listed = image_list(&list, folder.root(), None, &schema(&[("yaw", "deg")]), &ProbeCache::none()).unwrap();
    let yaw = ddl_base::quantity::Interval { from: Angle::degrees(-60.0), to: Angle::degrees(60.0) };
    let drawn = synthetic_faces(crate::faces::FaceSet::new(3, 2, yaw, ddl_base::quantity::Pixels(32), 7).unwrap()).unwrap();
    let digests = [
        read.probe.digest(),
        &read.table.digest().to_hex(),
        listed.probe.digest(),
        &listed.table.digest().to_hex(),
        &drawn.digest().to_hex(),
    ]
    .map(str::to_owned);
    insta::assert_debug_snapshot!(digests);
}
