//! What a file that holds images says of each beside its bytes: texts and numbers by name, as one text.
//!
//! A name and its value are parted by one sign, one pair from the next by another, and neither stands in any of them.

use std::collections::HashSet;
use std::sync::Arc;

/// Stands between a name and its value.
const IS: char = '\u{1f}';

/// Stands between two pairs.
const AND: char = '\u{1e}';

/// Stands before a text that could be taken for a number.
const TEXT: char = '\u{2}';

/// A text of more bytes is no value: it describes, and nobody groups images by it.
pub const LONGEST: usize = 200;

/// Pairs of names and values as one text; nothing for no pair. What can't stand in such a text is left out.
pub fn join<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let fits = |text: &str| text.len() <= LONGEST && !text.contains([IS, AND, '\0']);
    let pairs = pairs.into_iter().filter(|(name, value)| !value.is_empty() && fits(name) && fits(value));
    pairs.map(|(name, value)| format!("{name}{IS}{value}")).collect::<Vec<_>>().join(&AND.to_string())
}

/// A text as such a value: `007` as a text is another person than the number 7.
pub fn text(value: String) -> String {
    if value.parse::<f64>().is_ok() { format!("{TEXT}{value}") } else { value }
}

/// The text that a value is, where its file says that it is one and it could be taken for a number.
pub fn as_text(value: &str) -> Option<&str> {
    value.strip_prefix(TEXT)
}

/// A value as it is shown and read.
pub fn plain(value: &str) -> &str {
    as_text(value).unwrap_or(value)
}

/// The pairs of such a text.
pub fn pairs(told: &str) -> impl Iterator<Item = (&str, &str)> {
    told.split(AND).filter_map(|pair| pair.split_once(IS))
}

/// The value of a name.
pub fn value<'t>(told: &'t str, name: &str) -> Option<&'t str> {
    pairs(told).find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Equal texts, held once.
#[derive(Debug, Default)]
pub struct Shared(HashSet<Arc<str>>);

impl Shared {
    /// The one of its kind.
    pub fn of(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(text);
        self.0.insert(Arc::clone(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_is_found_again_and_what_can_not_be_told_is_left_out() {
        let long = "x".repeat(LONGEST + 1);
        let all = [("label", "3"), ("name", "é b"), ("empty", ""), ("odd", "a\u{1e}b\u{1f}c"), ("long", &long), ("last", "-1.5")];
        let told = join(all.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(pairs(&told).collect::<Vec<_>>(), [("label", "3"), ("name", "é b"), ("last", "-1.5")]);
        assert_eq!((value(&told, "name"), value(&told, "empty")), (Some("é b"), None));
        assert_eq!((join([]), pairs("").count()), (String::new(), 0));
        for (value, is_text) in [("7", true), ("-1e3", true), ("nan", true), ("ann", false), ("7-eleven", false)] {
            let said = text(value.to_owned());
            assert_eq!((plain(&said), as_text(&said)), (value, is_text.then_some(value)));
        }
    }
}
