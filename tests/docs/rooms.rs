//! docs/dev/architecture.md is true: it has every room of the library, in an order in which none uses one below it.

use std::collections::BTreeSet;
use std::path::Path;

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rooms that the page lists, in its order.
fn listed() -> Vec<String> {
    let page = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/dev/architecture.md"));
    let rooms = page.split("## Rooms").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let row = |line: &str| Some(line.strip_prefix("| `")?.split('`').next()?.to_owned());
    rooms.lines().filter_map(row).collect()
}

/// The rooms that a source uses, without its tests.
fn used(source: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).fold(String::new(), |all, line| all + line + "\n");
    let word = |at: usize| code[at..].chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect::<String>();
    let named =
        ["crate::", "ddl_base::"].into_iter().flat_map(|from| code.match_indices(from).map(move |(at, from)| (at, at + from.len())));
    let rooms = named.filter(|(at, _)| !code[..*at].ends_with('$')).map(|(_, at)| word(at));
    let crates = LIBRARIES.into_iter().filter(|library| code.contains(&format!("ddl_{library}::"))).map(str::to_owned);
    rooms.chain(crates).collect()
}

/// Rooms that are crates of their own, each in its folder.
const LIBRARIES: [&str; 3] = ["data", "eval", "syntax"];

fn walk(path: &Path, see: &mut dyn FnMut(&Path, &str)) {
    if path.is_dir() {
        let mut inside: Vec<_> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        inside.sort();
        inside.iter().for_each(|path| walk(path, see));
    } else if path.extension().is_some_and(|it| it == "rs")
        && !["tests.rs", "broken.rs", "testing.rs"].iter().any(|name| path.ends_with(name))
    {
        see(path, &read(path));
    }
}

#[test]
fn no_room_uses_one_below_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rooms = listed();
    let base = src.join("base");
    let own = [read(&src.join("lib.rs")), read(&base.join("lib.rs"))].join("\n");
    let modules = own.lines().filter_map(|line| Some(line.strip_prefix("pub mod ")?.trim_end_matches(';').to_owned()));
    let declared: BTreeSet<String> = modules.chain(LIBRARIES.map(str::to_owned)).collect();
    assert_eq!(rooms.iter().cloned().collect::<BTreeSet<_>>(), declared, "the page does not list the rooms of the libraries");
    for (at, room) in rooms.iter().enumerate() {
        let places = [&src, &base].into_iter().flat_map(|at| [at.join(format!("{room}.rs")), at.join(room)]);
        for place in places.filter(|place| place.exists()) {
            walk(&place, &mut |path, source| {
                let below: Vec<String> = used(source).into_iter().filter(|other| rooms[at + 1..].contains(other)).collect();
                assert!(below.is_empty(), "{} uses {below:?}, which stand below `{room}`", path.display());
            });
        }
    }
}

/// Of operators one asks by their types: a name in quotes is a list that a new operator is missing from.
#[test]
fn no_operator_is_named_by_a_text() {
    let names: BTreeSet<&str> = ddl::ops::registry().keys().copied().collect();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    walk(&src, &mut |path, source| {
        if path.strip_prefix(&src).unwrap().components().any(|part| part.as_os_str() == "tests") {
            return;
        }
        let code = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let asked = [
            ".op == ",
            ".op != ",
            ".op() == ",
            ".op() != ",
            ".op, ",
            ".op(), ",
            "decl.name == ",
            "decl.name, ",
            "graph.add(",
            "add_said(",
            "OpValue::new(",
        ];
        for (at, line) in code.lines().enumerate() {
            let quoted = asked.iter().filter_map(|word| line.split_once(&format!("{word}\"")).and_then(|(_, rest)| rest.split('"').next()));
            let named: Vec<&str> = quoted.filter(|text| names.contains(text)).collect();
            assert!(named.is_empty(), "{}:{}: {named:?} is an operator: ask for its type, or for its NAME", path.display(), at + 1);
        }
    });
}
