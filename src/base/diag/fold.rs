//! One mistake is one message, however many arms of an experiment make it.

use super::{Code, Diagnostic, Severity};
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};

/// What makes two messages the same mistake: its kind, its places, and what it is about, whatever the numbers.
type Mistake = (Severity, Code, Vec<(Span, bool)>, String);

/// A mistake as it was first said, and the arms that make it.
struct Said {
    first: Diagnostic,
    arms: BTreeSet<String>,
    /// In how many ways it was said.
    ways: usize,
    /// What is written in quotes where later ways have something else than the first, each once.
    others: BTreeSet<String>,
}

/// A message's words: what is said in the same ones is said once.
type Words = (String, Vec<String>, Option<String>);

fn words(diagnostic: &Diagnostic) -> Words {
    let labels = diagnostic.labels.iter().map(|label| label.text.clone()).collect();
    (diagnostic.message.clone(), labels, diagnostic.help.clone())
}

/// What was found, in order, each mistake once: what several arms do wrong alike is said as of the first of them, with how many more there
/// are. Two things that are wrong in one arm stay two.
pub(super) fn folded(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut said: Vec<Said> = Vec::new();
    let mut known: BTreeMap<Mistake, (Vec<usize>, BTreeMap<Words, usize>)> = BTreeMap::new();
    for mut diagnostic in found {
        let arm = arm_of(&diagnostic);
        diagnostic.arm = None;
        let (alike, in_words) = known.entry(mistake(&diagnostic)).or_default();
        let words = words(&diagnostic);
        if let Some(&at) = in_words.get(&words) {
            said[at].arms.insert(arm);
            continue;
        }
        let open = alike.iter().find(|at| !arm.is_empty() && !said[**at].arms.contains(&arm) && !said[**at].arms.contains(""));
        if let Some(&at) = open {
            in_words.insert(words, at);
            let it = &mut said[at];
            let other = quotes(&it.first).zip(quotes(&diagnostic)).find(|(one, another)| one != another);
            it.others.extend(other.map(|(_, another)| another.to_owned()));
            it.arms.insert(arm);
            it.ways += 1;
        } else {
            in_words.insert(words, said.len());
            alike.push(said.len());
            said.push(Said { first: diagnostic, arms: [arm].into(), ways: 1, others: BTreeSet::new() });
        }
    }
    // what is said in the same words of all arms has nothing to do with them
    said.into_iter().map(|it| if it.ways > 1 { with_more(it) } else { it.first }).collect()
}

/// What a message has in quotes.
fn quotes(diagnostic: &Diagnostic) -> impl Iterator<Item = &str> {
    let texts = [&diagnostic.message].into_iter().chain(diagnostic.labels.iter().map(|label| &label.text));
    texts.flat_map(|text| text.split('"').skip(1).step_by(2))
}

/// Other texts that are named.
const MOST_OTHERS: usize = 3;

/// A message with how many more arms it is true of, and of what else.
fn with_more(it: Said) -> Diagnostic {
    let (mut diagnostic, more) = (it.first, it.arms.len() - 1);
    if more == 0 {
        return diagnostic;
    }
    let mut told = if more == 1 { "and in 1 more arm".to_owned() } else { format!("and in {more} more arms") };
    if !it.others.is_empty() {
        let named = it.others.iter().take(MOST_OTHERS).map(|text| format!("{text:?}")).collect::<Vec<_>>().join(", ");
        told += &format!(" ({named}{})", if it.others.len() > MOST_OTHERS { ", …" } else { "" });
    }
    match diagnostic.labels.first_mut() {
        Some(label) if label.text.is_empty() => label.text = told,
        Some(label) => label.text += &format!(", {told}"),
        None => diagnostic.message += &format!(", {told}"),
    }
    diagnostic
}

/// The arm in which something was found: that in which it stands, and those that it names (`ho[fold = 2]`).
fn arm_of(diagnostic: &Diagnostic) -> String {
    let mut arm = diagnostic.arm.as_ref().map_or_else(String::new, |arm| arm.0.clone());
    for text in [&diagnostic.message].into_iter().chain(diagnostic.labels.iter().map(|label| &label.text)) {
        let mut seen = 0;
        for (from, to) in arms_in(text) {
            if !arm.contains(&text[from..to]) {
                arm.push_str(&text[from..to]);
            }
            seen += 1;
            if seen > MOST_NAMED {
                break;
            }
        }
    }
    arm
}

/// Arms that are looked for in one text.
const MOST_NAMED: usize = 8;

/// Where a text names arms: `[fold = 2]` right after a word.
fn arms_in(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let is_arm = |from: usize, to: usize| {
        let after_word = text[..from].ends_with(|it: char| it.is_alphanumeric() || it == '_');
        after_word && text[from..to].contains(" = ")
    };
    text.match_indices('[').filter_map(move |(from, _)| {
        let to = from + text[from..].find(']')? + 1;
        is_arm(from, to).then_some((from, to))
    })
}

fn mistake(diagnostic: &Diagnostic) -> Mistake {
    let places = diagnostic.labels.iter().map(|label| (label.span, label.primary)).collect();
    (diagnostic.severity, diagnostic.code, places, about(&diagnostic.message))
}

/// What a message is about: its words before the particulars, without numbers, arms, and what is written in code.
fn about(message: &str) -> String {
    let mut bare = message.to_owned();
    for (from, to) in arms_in(message).collect::<Vec<_>>().into_iter().rev() {
        bare.replace_range(from..to, "");
    }
    let general = bare.split(": ").next().unwrap_or_default();
    let parts = general.split('`').enumerate().map(|(at, part)| match at % 2 {
        0 => without_numbers(&without_texts(part)),
        _ if part.contains(|it: char| !it.is_alphanumeric() && !"_.@-".contains(it)) => "…".to_owned(),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("`")
}

/// The same words for every text in quotes.
fn without_texts(words: &str) -> String {
    words.split('"').enumerate().map(|(at, part)| if at % 2 == 0 { part } else { "…" }).collect::<Vec<_>>().join("\"")
}

/// The same words for every number.
fn without_numbers(words: &str) -> String {
    let mut plain = String::new();
    let mut rest = words.chars().peekable();
    let mut before = ' ';
    while let Some(letter) = rest.next() {
        // a number, not the end of a name
        if letter.is_ascii_digit() && !before.is_alphanumeric() && before != '_' {
            plain.push('#');
            while rest.peek().is_some_and(|it| it.is_ascii_alphanumeric() || ".-+%".contains(*it)) {
                rest.next();
            }
            before = '#';
        } else {
            plain.push(letter);
            before = letter;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn said(arm: &str, message: &str, label: &str) -> Diagnostic {
        let at = Span { file: FileId(0), start: 3, end: 5 };
        let mut said = Diagnostic::error(Code::OutOfRange, message).at(at, label);
        if !arm.is_empty() {
            said.found_in(arm);
        }
        said
    }

    fn labels(found: Vec<Diagnostic>) -> Vec<String> {
        folded(found).into_iter().map(|it| it.labels[0].text.clone()).collect()
    }

    #[test]
    fn what_arms_do_wrong_alike_is_one_message() {
        for (found, told) in [
            (vec![said("m = 1", "from 0 to 1", "2"), said("m = 2", "from 0 to 1", "3")], vec!["2, and in 1 more arm"]),
            (vec![said("m = 1", "a batch of 5", ""), said("m = 2", "a batch of 6000", "")], vec!["and in 1 more arm"]),
            (vec![said("m = 1", "one", "x"), said("m = 2", "one", "x"), said("m = 3", "one", "x")], vec!["x"]),
            (vec![said("m = 1", "one", "x"), said("m = 2", "one", "x"), said("m = 3", "one", "y")], vec!["x, and in 2 more arms"]),
            (
                vec![said("t", "`ho[f = 1]` can't give `tar`", "x"), said("t", "`ho[f = 2]` can't give `tar`", "x")],
                vec!["x, and in 1 more arm"],
            ),
            (
                vec![said("1", "the people of `draw(a, seed = 1)`", "x"), said("2", "the people of `draw(b, seed = 2)`", "x")],
                vec!["x, and in 1 more arm"],
            ),
            // what several arms have in quotes is named
            (vec![said("m = 1", "no \"a\"", "x"), said("m = 2", "no \"b\"", "x")], vec!["x, and in 1 more arm (\"b\")"]),
            (
                ["a", "e", "d", "c", "b"].map(|word| said(word, &format!("no \"{word}\""), "x")).to_vec(),
                vec!["x, and in 4 more arms (\"b\", \"c\", \"d\", …)"],
            ),
            // what is said twice is said once
            (vec![said("", "one", "x"), said("", "one", "x")], vec!["x"]),
        ] {
            assert_eq!(labels(found), told);
        }
    }

    #[test]
    fn two_mistakes_stay_two() {
        for found in [
            vec![said("m = 1", "from 0 to 1", "2"), said("m = 1", "from 0 to 1", "3")],
            vec![said("", "from 0 to 1", "2"), said("", "from 0 to 1", "3")],
            vec![said("m = 1", "`a` is wrong", ""), said("m = 2", "`b` is wrong", "")],
            vec![said("t", "`a` can't give `tar@1e-4`", ""), said("u", "`a` can't give `tar@1e-6`", "")],
        ] {
            assert_eq!(labels(found.clone()).len(), 2, "{found:?}");
        }
    }

    #[test]
    fn a_message_is_folded_once() {
        let once = folded(vec![said("m = 1", "one", "x"), said("m = 2", "one", "y"), said("", "two", "z"), said("", "two", "a")]);
        assert_eq!(folded(once.clone()), once);
    }
}
