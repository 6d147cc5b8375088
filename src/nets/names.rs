//! A checkpoint's names onto a network's.

use regex::Regex;

/// A rule of a map: the names it is for, and what becomes of them.
#[derive(Debug, Clone)]
struct Rule {
    /// Matches a whole name.
    from: Regex,
    /// The new name, with `$1` for what the first bracket matched; none drops the tensor.
    to: Option<String>,
}

/// Rules, tried in order: the first that matches a whole name renames it (or drops it); a name that none matches stays.
///
/// The last rule of every map drops `*.num_batches_tracked`, which `PyTorch` counts in its batch norms and no computation here reads.
#[derive(Debug, Clone)]
pub struct NameMap {
    rules: Vec<Rule>,
    /// Taken off the front of a name before the rules, one after the other as far as they are there.
    wrappers: Vec<&'static str>,
    /// Whether what parallel and compiled parts put between is taken out before that.
    between: bool,
}

/// What PyTorch's parallel and compiled modules put into the names of what they wrap.
const BETWEEN: [&str; 2] = ["_orig_mod", "module"];

/// A rule that is not a regular expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not a pattern of names: {why}")]
pub struct NotAPattern {
    /// The pattern.
    pub pattern: String,
    /// What the regular expression's parser says.
    pub why: String,
}

impl Default for NameMap {
    fn default() -> Self {
        Self::new::<&str>(&[]).expect("a map without rules has no pattern that could fail")
    }
}

impl NameMap {
    /// A map from rules `(pattern, new name)`. The pattern is a regular expression for the whole name; the new name may use `$1`;
    /// `None` drops the tensor.
    pub fn new<S: AsRef<str>>(rules: &[(S, Option<S>)]) -> Result<Self, NotAPattern> {
        let mut compiled = Vec::with_capacity(rules.len() + 1);
        for (pattern, to) in rules {
            compiled.push(Rule { from: whole(pattern.as_ref())?, to: to.as_ref().map(|to| to.as_ref().to_string()) });
        }
        compiled.push(Rule { from: whole(r"(.*\.)?num_batches_tracked")?, to: None });
        Ok(NameMap { rules: compiled, wrappers: Vec::new(), between: false })
    }

    /// A map of prefixes: `("f.0.", "layers.0.")` renames all that begins so, and what stands for none is dropped. Heads' tensors are
    /// dropped too, unless a prefix is theirs.
    pub fn prefixes<F: AsRef<str>, T: AsRef<str>>(pairs: impl IntoIterator<Item = (F, Option<T>)>) -> Result<Self, NotAPattern> {
        let rule = |(from, to): (F, Option<T>)| {
            let to = to.map(|to| format!("{}${{1}}", to.as_ref().replace('$', "$$")));
            (format!("{}(.*)", regex::escape(from.as_ref())), to)
        };
        let heads = (super::backbone::HEADS.0.to_owned(), None);
        let rules: Vec<(String, Option<String>)> = pairs.into_iter().map(rule).chain([heads]).collect();
        Self::new(&rules)
    }

    /// The same rules for names that begin with these wrappers, which are taken off first.
    #[must_use]
    pub fn under(mut self, wrappers: Vec<&'static str>) -> Self {
        self.wrappers = wrappers;
        self
    }

    /// The same rules for names of parallel and compiled parts, without what those put between.
    #[must_use]
    pub(crate) fn without_between(mut self) -> Self {
        self.between = true;
        self
    }

    /// Whether a name has what a parallel or compiled part puts between.
    pub(crate) fn has_between(name: &str) -> bool {
        name.split('.').any(|step| BETWEEN.contains(&step))
    }

    /// A name without what parallel and compiled parts put between, where this map takes that out.
    pub(super) fn plain(&self, name: &str) -> String {
        if !self.between {
            return name.to_owned();
        }
        name.split('.').filter(|step| !BETWEEN.contains(step)).collect::<Vec<_>>().join(".")
    }

    /// What this name becomes; `None` when it is dropped.
    pub fn apply(&self, name: &str) -> Option<String> {
        let plain = self.plain(name);
        let mut name = plain.as_str();
        for wrapper in &self.wrappers {
            let Some(inside) = name.strip_prefix(wrapper) else { break };
            name = inside;
        }
        for rule in &self.rules {
            if let Some(found) = rule.from.captures(name) {
                let to = rule.to.as_ref()?;
                let mut new = String::new();
                found.expand(to, &mut new);
                return Some(new);
            }
        }
        Some(name.to_string())
    }
}

fn whole(pattern: &str) -> Result<Regex, NotAPattern> {
    crate::pattern::whole(pattern).map_err(|why| NotAPattern { pattern: pattern.to_string(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_matches_the_whole_name_wins() {
        let map = NameMap::new(&[(r"module\.(.*)", Some("$1")), (r"head\..*", None), ("module", Some("never"))]).unwrap();
        assert_eq!(map.apply("module.conv1.weight").as_deref(), Some("conv1.weight"));
        assert_eq!(map.apply("head.kernel"), None);
        assert_eq!(map.apply("ahead.kernel").as_deref(), Some("ahead.kernel"));
        assert_eq!(map.apply("bn1.num_batches_tracked"), None);
        assert!(NameMap::new(&[("(", Some("x"))]).is_err());
    }
}
