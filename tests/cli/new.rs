//! `ddl new`: every recipe to begin with is one that checks, is formatted, and says how itself is run.

use crate::shell::Shell;

/// What `--help` says that there is.
fn templates() -> Vec<String> {
    let command = ddl::cli::commands();
    let new = command.get_subcommands().find(|command| command.get_name() == "new").unwrap();
    let template = new.get_arguments().find(|argument| argument.get_id() == "template").unwrap();
    template.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect()
}

#[test]
fn every_template_checks_as_it_is() {
    assert!(templates().len() >= 6);
    for template in templates() {
        let shell = Shell::new();
        let new = shell.ddl(&format!("new to/begun --template {template}"));
        assert_eq!((new.code(), &*new.stdout()), (0, ""), "{}", new.transcript());
        assert!(new.stderr().contains("`ddl run to/begun.ddl` runs it"), "{}", new.transcript());
        for line in ["check to/begun.ddl", "fmt --check to/begun.ddl", "plan to/begun.ddl"] {
            let ran = shell.ddl(line);
            assert_eq!(ran.code(), 0, "{template}: {}", ran.transcript());
            assert!(!ran.stderr().contains("error"), "{template}: {}", ran.transcript());
        }
        let text = shell.read("to/begun.ddl");
        assert!(!text.contains("RECIPE") && text.lines().filter(|line| line.trim_start().starts_with("//")).count() >= 5, "{template}");
    }
}

#[test]
fn nothing_is_written_over() {
    let shell = Shell::new().file("mine.ddl", "ddl 1\n");
    for line in ["new mine", "new mine.ddl --template pose"] {
        let ran = shell.ddl(line);
        assert!(ran.code() == 2 && ran.stderr().contains("mine.ddl is there already"), "{}", ran.transcript());
    }
    assert_eq!(shell.read("mine.ddl"), "ddl 1\n");
    assert_eq!(shell.ddl("new .ddl").code(), 2);
    assert_eq!(shell.ddl("new other --template nothing").code(), 2);
}
