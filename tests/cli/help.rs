//! What the program says of itself.

use crate::shell::Shell;

#[test]
fn without_a_command_it_shows_what_there_is() {
    let ran = Shell::new().ddl("");
    assert_eq!(ran.code(), 2);
    assert!(ran.stderr().contains("Usage: ddl"), "{}", ran.stderr());
}

#[test]
fn a_misspelt_command_is_recognised() {
    insta::assert_snapshot!(Shell::new().ddl("explian").transcript());
}

#[test]
fn a_wrong_command_line_is_json_for_programs() {
    let ran = Shell::new().ddl("dok --message-format json");
    let json: serde_json::Value = serde_json::from_str(&ran.stderr()).unwrap();
    assert_eq!((ran.code(), &json["code"], &json["severity"]), (2, &"ddl::cli::usage".into(), &"error".into()));
}

#[test]
fn explain_says_what_a_code_means() {
    insta::assert_snapshot!(Shell::new().ddl("explain types::unit_mismatch").transcript());
}

#[test]
fn explain_guesses_a_misspelt_code() {
    insta::assert_snapshot!(Shell::new().ddl("explain unit_mismatch").transcript());
}

#[test]
fn explain_lists_every_code() {
    let list = Shell::new().ddl("explain").stdout();
    assert_eq!(list.lines().count(), ddl::diag::Code::all().count());
}

#[test]
fn doc_shows_an_operator() {
    insta::assert_snapshot!(Shell::new().ddl("doc arcface").transcript());
}

#[test]
fn doc_guesses_a_misspelt_operator() {
    insta::assert_snapshot!(Shell::new().ddl("doc arcfase").transcript());
}

#[test]
fn doc_names_what_is_not_there_yet() {
    insta::assert_snapshot!(Shell::new().ddl("doc quantise").transcript());
}

#[test]
fn the_planners_own_operators_are_not_shown() {
    assert_eq!(Shell::new().ddl("doc judge").code(), 2);
}

#[test]
fn the_reference_in_docs_is_what_the_program_says() {
    let shell = Shell::new();
    assert_eq!(shell.ddl("doc --reference made").code(), 0);
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference");
    let names = |folder: &std::path::Path| {
        let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let mend = "mend it with: cargo run -- doc --reference docs/reference";
    let pages = names(&shell.path().join("made"));
    assert_eq!(names(&docs), pages, "{mend}");
    for page in pages {
        assert!(std::fs::read_to_string(docs.join(&page)).unwrap() == shell.read(&format!("made/{page}")), "{page} is stale; {mend}");
    }
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = Shell::new().ddl(&format!("completions {shell}"));
        assert!(ran.code() == 0 && ran.stdout().contains("explain"), "{shell}");
    }
}

#[test]
fn fmt_rewrites_a_recipe_in_its_place() {
    let shell = Shell::new().file("a.ddl", "ddl 1\nlet   x=1\n");
    assert!(shell.path().join("a.ddl").exists());
    shell.ddl("fmt a.ddl");
    assert_eq!(shell.read("a.ddl"), "ddl 1\nlet x = 1\n");
}
