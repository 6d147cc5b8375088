//! What the checker says of wrong recipes. `tests/check/cases/*.ddl` hold them, one file for each topic; a case is
//!
//! ```text
//! === a name that says what is wrong
//! head arc = arcfase()   // error: ddl::names::unknown_operator
//! ```
//!
//! The recipe's `ddl 1` and what stands under `=== before` come first in every case of a file. `// error: CODE` stands on the line where
//! the error must begin, `//^ error: CODE` on the one below; `--- other.ddl` begins another file, `--set name=value` gives a parameter,
//! `--error CODE` expects an error without a place, `--data` looks at the data too, and `--edition none` leaves `ddl 1` out. All that is
//! said is also under one snapshot for each topic.

#[path = "check/case.rs"]
mod case;
#[path = "check/experiments.rs"]
mod experiments;
#[path = "check/habits.rs"]
mod habits;
#[path = "check/made.rs"]
mod made;
#[path = "check/mended.rs"]
mod mended;

use case::{Case, topic};
use ddl::diag::Code;
use std::collections::BTreeSet;

macro_rules! topics {
    ($($name:ident)*) => {
        const TOPICS: &[(&str, &str)] = &[$((stringify!($name), include_str!(concat!("check/cases/", stringify!($name), ".ddl")))),*];

        $(
            #[test]
            fn $name() {
                let cases = topic(include_str!(concat!("check/cases/", stringify!($name), ".ddl")));
                let wrong: Vec<String> = cases.iter().filter_map(|case| case.verdict().err()).collect();
                assert!(wrong.is_empty(), "{}", wrong.join("\n"));
                let shown: Vec<String> = cases.iter().map(Case::shown).collect();
                insta::with_settings!({ snapshot_path => "check/snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
                    insta::assert_snapshot!(stringify!($name), shown.join("\n"));
                });
            }
        )*
    };
}

topics! { habits syntax names arguments types units data axes graph eval identification thresholds buckets distil modules params several pose sets }

/// Codes that only a command or a machine can give, not the text of a recipe.
const OF_A_RUN: [Code; 1] = [
    Code::Unwritable, // where `ddl fmt` or an export writes
];

#[test]
fn every_code_of_the_compiler_has_a_case() {
    let families = ["files", "syntax", "names", "types", "graph", "eval"];
    let mut seen: BTreeSet<&str> = made::CODES.iter().map(|code| code.text()).collect();
    let cases: Vec<Case> = TOPICS.iter().flat_map(|(_, text)| topic(text)).collect();
    seen.extend(cases.iter().flat_map(Case::codes));
    let missing: Vec<Code> = Code::all()
        .filter(|code| families.iter().any(|family| code.text().starts_with(&format!("ddl::{family}::"))))
        .filter(|code| !OF_A_RUN.contains(code) && !seen.contains(code.text()))
        .collect();
    assert!(missing.is_empty(), "without a case under tests/check: {missing:?}");
    assert!(cases.len() >= 80, "{} cases", cases.len());
}

#[test]
fn no_two_cases_are_one() {
    let cases: Vec<Case> = TOPICS.iter().flat_map(|(_, text)| topic(text)).collect();
    let texts: BTreeSet<String> = cases.iter().map(Case::recipe).collect();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!((texts.len(), names.len()), (cases.len(), cases.len()));
}

#[test]
fn nothing_hangs_on_the_order_of_declarations() {
    let cases: Vec<Case> = TOPICS.iter().flat_map(|(_, text)| topic(text)).collect();
    let wrong: Vec<String> = cases.iter().filter_map(|case| case.in_any_order().err()).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
