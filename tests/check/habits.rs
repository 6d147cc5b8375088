//! Habits of other languages: each gets one message, with its help, where it stands.

use ddl::compile::{Options, compile};
use ddl::diag::{HABITS, Severity, Spot};
use ddl::source::Memory;
use std::path::Path;

const BEFORE: &str = "ddl 1\ndataset faces = synthetic_faces(identities = 8, images = 4)\nbackbone net = tiny()\nhead arc = arcface()\n";

#[test]
fn every_habit_gets_one_message_with_its_help_where_it_stands() {
    let mut wrong = Vec::new();
    let mut words = 0;
    for habit in HABITS {
        for word in habit.words {
            words += 1;
            let word = if habit.spot == Spot::Choice { format!("{word:?}") } else { (*word).to_owned() };
            let text = format!("{BEFORE}{}\n", habit.example.replace('@', &word));
            let at = BEFORE.len() + habit.example.find('@').unwrap();
            let compiled = compile(&Memory::new().with("r.ddl", text.clone()), Path::new("r.ddl"), &Options::default()).unwrap();
            let said = &compiled.diagnostics;
            let fits = said.len() == 1
                && said[0].severity == Severity::Error
                && said[0].help.as_deref() == Some(habit.help)
                && said[0].span().is_some_and(|span| span.start as usize == at && span.end as usize == at + word.len());
            if !fits {
                let said: Vec<_> = said.iter().map(|it| (&it.message, it.span(), &it.help)).collect();
                wrong.push(format!("{}: {said:?}, and not {:?} at {at}", habit.example.replace('@', &word), habit.help));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {words}:\n{}", wrong.len(), wrong.join("\n"));
}
