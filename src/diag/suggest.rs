//! What a misspelt word may have meant.

/// The candidate that `word` most probably means: the nearest by edits, where a third of the letters may differ. The first of several equally near.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let wanted = plain(word);
    let allowed = (wanted.chars().count() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
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
    best.map(|(_, candidate)| candidate)
}

/// `a`, `b` or `c`: words for a message, each in backquotes.
pub fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [before @ .., last] => format!("{} or {last}", before.join(", ")),
    }
}
