//! What a misspelt word may have meant.

use std::borrow::Cow;

/// Nothing is suggested for a word longer than this (bytes): to compare two costs as much as both lengths multiplied.
const LONGEST_WORD: usize = 128;

/// As many words stand in a message.
const MOST_WORDS: usize = 60;

/// The letters that tell whose beginning a word is.
const ENOUGH: usize = 3;

/// The candidate that `word` most probably means: the first of which it is the beginning (`acc` of `accuracy`), or the nearest by edits,
/// where a third of the letters may differ. The first of several equally near.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    if word.len() > LONGEST_WORD {
        return None;
    }
    let wanted = plain(word);
    let allowed = (wanted.chars().count() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    let mut begun: Option<&str> = None;
    for candidate in candidates {
        if wanted.len() >= ENOUGH && begun.is_none() && candidate.len() > word.len() && plain(candidate).starts_with(&wanted) {
            begun = Some(candidate);
        }
        // letters that are missing are edits, too
        if candidate.len() > LONGEST_WORD || candidate.len().abs_diff(word.len()) > 4 * allowed {
            continue;
        }
        let plain_candidate = plain(candidate);
        let distance = match strsim::damerau_levenshtein(&wanted, &plain_candidate) {
            // one letter of one or two is no resemblance
            1 if wanted.chars().count().max(plain_candidate.chars().count()) < 3 => continue,
            distance => distance,
        };
        if distance <= allowed && candidate != word && best.is_none_or(|(nearest, _)| distance < nearest) {
            best = Some((distance, candidate));
        }
    }
    let same = best.filter(|(distance, _)| *distance == 0); // but for its case
    same.or(begun.map(|candidate| (0, candidate))).or(best).map(|(_, candidate)| candidate)
}

/// `a`, `b` or `c`: words for a message, each in backquotes.
pub fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut words = words.into_iter();
    let mut quoted: Vec<String> = words.by_ref().take(MOST_WORDS).map(|word| format!("`{}`", cut(word))).collect();
    let more = words.count();
    if more > 0 {
        quoted.push(format!("{more} more"));
    }
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [before @ .., last] => format!("{} or {last}", before.join(", ")),
    }
}

/// A word that is no longer than a word should be.
fn cut(word: &str) -> Cow<'_, str> {
    match word.char_indices().nth(LONGEST_WORD) {
        Some((end, _)) => Cow::Owned(format!("{}…", &word[..end])),
        None => Cow::Borrowed(word),
    }
}
