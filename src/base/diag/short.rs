//! Texts of messages, none of them endless: what a recipe or a file says may be megabytes long.

/// Letters of a word that are said.
const LONGEST_WORD: usize = 400;

/// Letters of a text that are said.
const LONGEST: usize = 4_000;

/// The text with its endless words cut in their middle, and itself at its end.
pub(super) fn shortened(text: String) -> String {
    if text.len() <= LONGEST_WORD {
        return text;
    }
    let mut out = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        if out.len() > LONGEST {
            out.push('…');
            break;
        }
        if word.len() <= LONGEST_WORD {
            out.push_str(word);
            continue;
        }
        let first = word.char_indices().nth(LONGEST_WORD / 5).map_or(word.len(), |(at, _)| at);
        let last = word.char_indices().rev().nth(LONGEST_WORD / 20).map_or(0, |(at, _)| at);
        out.push_str(&word[..first]);
        out.push('…');
        out.push_str(&word[last.max(first)..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_endless_is_cut() {
        let plain = "nothing is called `facse`\nin this file".to_owned();
        assert_eq!(shortened(plain.clone()), plain);
        let long = shortened(format!("nothing is called `{}`, no", "ö".repeat(10_000)));
        assert!(long.starts_with("nothing is called `ööö") && long.ends_with("ö`, no") && long.chars().count() < 200, "{long}");
        assert!(shortened("word ".repeat(10_000)).len() < 2 * LONGEST);
    }
}
