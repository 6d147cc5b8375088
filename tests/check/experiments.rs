//! The recipes of the design: what exists of them is checked, and what does not is named, each once.

use ddl::compile::{Options, compile};
use ddl::diag::{Code, RenderOptions, render};
use ddl::source::Memory;
use std::collections::BTreeSet;
use std::path::Path;

const RECIPES: [(&str, &str); 4] = [
    ("experiment_opening", include_str!("../syntax/recipes/opening.ddl")),
    ("experiment_pose", include_str!("../syntax/recipes/pose.ddl")),
    ("experiment_scface", include_str!("../syntax/recipes/scface.ddl")),
    ("experiment_large", include_str!("../syntax/recipes/large.ddl")),
];

#[test]
fn the_experiments_of_the_design_are_checked_as_far_as_operators_exist() {
    for (name, text) in RECIPES {
        let compiled = compile(&Memory::new().with("recipe.ddl", text), Path::new("recipe.ddl"), &Options::default()).unwrap();
        let missing: Vec<&str> = compiled.diagnostics.iter().filter(|it| it.code == Code::NotYet).map(|it| it.message.as_str()).collect();
        assert_eq!(missing.iter().collect::<BTreeSet<_>>().len(), missing.len(), "{name} names one thing twice: {missing:?}");
        let said: String = compiled.diagnostics.iter().map(|it| render(it, &compiled.sources, RenderOptions::default())).collect();
        insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, said);
        });
    }
}
