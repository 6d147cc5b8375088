//! The files of the trainer use each other in one direction.

use std::collections::BTreeSet;
use std::path::Path;

/// A row of the table in the module's documentation.
struct Row {
    file: String,
    uses: BTreeSet<String>,
}

fn table() -> Vec<Row> {
    let rows = include_str!("../mod.rs").lines().filter_map(|line| line.strip_prefix("//! | `"));
    let row = |line: &str| {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let uses = columns[2].split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Row { file: columns[0].trim_end_matches('`').to_owned(), uses }
    };
    rows.map(row).collect()
}

/// The files of this folder that a file of it names outside its tests.
fn used(file: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let after: Vec<&str> = code.split("super::").skip(1).collect();
    assert!(after.iter().all(|name| !name.starts_with('{')), "{}: a `use` for each file", file.display());
    let name = |after: &str| after.chars().take_while(|it| it.is_ascii_lowercase() || *it == '_').collect::<String>();
    after.into_iter().map(name).filter(|name| !name.is_empty()).collect()
}

#[test]
fn every_file_uses_only_those_above_it_in_the_table() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/train");
    let table = table();
    let names: Vec<&str> = table.iter().map(|row| row.file.as_str()).collect();
    for (at, row) in table.iter().enumerate() {
        let mut used = used(&folder.join(format!("{}.rs", row.file)));
        used.remove("error");
        assert_eq!(used, row.uses, "`{}`: what it uses, and what the table says", row.file);
        let above: BTreeSet<&str> = names[..at].iter().copied().collect();
        assert!(used.iter().all(|name| above.contains(name.as_str())), "`{}` uses a file below it: {used:?}", row.file);
    }
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|file| file.extension().is_some()).map(|file| file.file_stem().unwrap().to_string_lossy().into_owned());
    let missing: Vec<String> =
        files.filter(|file| !["mod", "tests", "error"].contains(&file.as_str()) && !names.contains(&file.as_str())).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
    assert!(used(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/train/error.rs")).is_empty(), "all use `error`");
}
