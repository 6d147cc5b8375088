//! `ddl term` beside an engine that answers what a test wants.

use super::shell::Shell;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

/// What the engine answers: a value, a norm, and a tensor that the step changes.
fn answer(value: &str, norm: &str, moved: &str) -> String {
    format!(
        "{{\"done\": {{\"value\": {value}, \"terms\": [{{\"name\": \"center\", \"weight\": 1, \"value\": {value}, \"skipped\": 0, \"parts\": {{}}}}], \
         \"gradients\": [{{\"of\": \"data\", \"shape\": [2, 3], \"norm\": {norm}, \"largest\": 1}}], \
         \"changed\": [{{\"name\": \"centres\", \"shape\": [2, 3], \"value\": null, \"moved\": {moved}}}], \"drawn\": []}}}}"
    )
}

#[test]
fn what_is_not_finite_is_printed_and_named_and_ends_with_exit_code_1() {
    let table = [
        (answer("1", "1", "1"), None),
        (answer("\"inf\"", "1", "1"), Some("the value (inf), the value of `center(data)` (inf)")),
        (answer("\"-inf\"", "1", "1"), Some("the value (-inf), the value of `center(data)` (-inf)")),
        (answer("1", "\"NaN\"", "1"), Some("the gradient of data (NaN)")),
        (answer("1", "1", "\"inf\""), Some("centres after the step (inf)")),
    ];
    for (answer, named) in table {
        let shell = Shell::new().file("engine", format!("#!/bin/sh\ncat > asked\necho '{answer}'\n"));
        let engine = shell.path().join("engine");
        std::fs::set_permissions(&engine, std::fs::Permissions::from_mode(0o755)).unwrap();
        for more in ["", " --json", " --message-format json", " --dtype float64"] {
            let line = format!("term 'center(data)' --embeddings x.npy --labels y.npy{more}");
            let mut command = shell.command(&line, &[]);
            let ran = command.env("DDL_ENGINE", &engine).stdin(Stdio::null()).output().unwrap();
            let [said, result] = [ran.stderr, ran.stdout].map(|text| String::from_utf8(text).unwrap());
            assert!(result.contains("value") && result.contains("data"), "the numbers are printed: {said}");
            assert_eq!(ran.status.code(), Some(i32::from(named.is_some())), "{line}: {said}");
            match named {
                None => assert_eq!(said, ""),
                Some(named) => {
                    let said = said.replace("\n  │ ", " ");
                    assert!(said.contains("ddl::run::not_finite") && said.contains(named), "{line}: {said}");
                    assert_eq!(said.contains("--dtype float64 has room"), !more.contains("float64"), "{said}");
                    assert_eq!(said.starts_with('{'), more.contains("message-format"), "{said}");
                }
            }
        }
    }
}
