//! The text files of the IJB benchmarks: which face is of which template and medium, what a detector says of it, and pairs of templates.
//! Fields are parted by blanks; there is no header; empty lines are passed over.

use super::form::TextFile;
use super::lines::truth;
use super::list::tidy;
use super::text_lines::{TextLines, number};
use crate::DataError;
use crate::probe::ProbeCache;
use crate::protocol::TemplatePair;
use ddl_base::text::quoted;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Pairs in a block of [`TemplatePairs`].
const BLOCK: usize = 1 << 16;

/// One line of a list of faces: `name template medium`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaceLine {
    /// Its line, from 1.
    pub line: u64,
    /// The name of the image.
    pub name: Arc<str>,
    /// The template's number.
    pub template: u32,
    /// The medium's number.
    pub medium: u32,
}

/// Reads a list of faces (`ijbc_face_tid_mid.txt`).
///
/// # Errors
/// As [`ProbeCache::open`]; no line at all, a line that is not `name template medium`.
pub fn face_list(file: &Path, cache: &ProbeCache) -> Result<Vec<FaceLine>, DataError> {
    let mut lines = TextLines::open(file, TextFile::Faces, cache)?;
    let mut faces = Vec::new();
    while let Some(face) = lines.next(|line, text| {
        let [name, template, medium] = TextLines::fields(text, TextFile::Faces)?;
        Ok(FaceLine { line, name: Arc::from(tidy(name)), template: number(template, "template")?, medium: number(medium, "medium")? })
    }) {
        faces.push(face?);
    }
    if faces.is_empty() {
        return Err(lines.empty());
    }
    Ok(faces)
}

/// Reads a detector's scores by image (`ijbc_name_5pts_score.txt`: `name x1 y1 … x5 y5 score`).
///
/// # Errors
/// As [`ProbeCache::open`]; a line of another form, a number that is none, a negative score, an image named twice.
pub fn detector_scores(file: &Path, cache: &ProbeCache) -> Result<HashMap<Arc<str>, f64>, DataError> {
    let mut lines = TextLines::open(file, TextFile::DetectorScores, cache)?;
    let mut scores = HashMap::new();
    while let Some(read) = lines.next(|_, text| {
        let fields: [&str; 12] = TextLines::fields(text, TextFile::DetectorScores)?;
        for field in &fields[1..] {
            field.parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(|| format!("{} is not a number", quoted(field)))?;
        }
        let score: f64 = fields[11].parse().map_err(|_| "no score".to_owned())?;
        if score < 0.0 {
            return Err(format!("the score {score} is negative"));
        }
        match scores.insert(Arc::from(tidy(fields[0])), score) {
            None => Ok(()),
            Some(_) => Err(format!("{} stands twice", quoted(fields[0]))),
        }
    }) {
        read?;
    }
    if scores.is_empty() { Err(lines.empty()) } else { Ok(scores) }
}

/// One line of a list of whom templates show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectLine {
    /// Its line, from 1.
    pub line: u64,
    /// The template's number.
    pub template: u32,
    /// The person.
    pub subject: Arc<str>,
}

/// Reads whom templates show: a csv with a header whose first columns are a template and a person; a template may have several lines
/// (`ijbc_1N_gallery_G1.csv`, `ijbc_1N_probe_mixed.csv`).
///
/// # Errors
/// As [`ProbeCache::open`]; no header, no line after it, a line that does not begin so.
pub fn subject_list(file: &Path, cache: &ProbeCache) -> Result<Vec<SubjectLine>, DataError> {
    let mut lines = TextLines::open(file, TextFile::Subjects, cache)?;
    let (mut subjects, mut headed) = (Vec::new(), false);
    while let Some(read) = lines.next(|line, text| {
        let mut fields = text.trim_ascii().split(',').map(|field| unquoted(field.trim_ascii()));
        let (Some(template), Some(subject)) = (fields.next().transpose()?, fields.next().transpose()?) else {
            return Err("1 fields, where a line begins with `template,subject`".to_owned());
        };
        if std::mem::replace(&mut headed, true) {
            if subject.is_empty() {
                return Err("it has no subject".to_owned());
            }
            return Ok(Some(SubjectLine { line, template: number(template, "template")?, subject: Arc::from(subject) }));
        }
        match number(template, "template") {
            Ok(_) => Err(format!("the first line is a header, `{}`, and this is a template", TextFile::Subjects.form())),
            Err(_) => Ok(None),
        }
    }) {
        subjects.extend(read?);
    }
    if subjects.is_empty() {
        return Err(lines.empty());
    }
    Ok(subjects)
}

/// A field without the quotes around it.
fn unquoted(field: &str) -> Result<&str, String> {
    match field.strip_prefix('"') {
        None => Ok(field),
        Some(rest) => rest.strip_suffix('"').ok_or_else(|| "a quote begins here that never ends".to_owned()),
    }
}

/// Pairs of templates (`ijbc_template_pair_label.txt`: `template template label`, 1 for one person), in blocks and never all at once.
pub struct TemplatePairs {
    lines: TextLines,
    places: Arc<HashMap<u32, u32>>,
    ended: bool,
}

impl TemplatePairs {
    /// Opens a file of pairs of templates whose places are these, by number.
    ///
    /// # Errors
    /// As [`ProbeCache::open`].
    pub fn open(file: &Path, places: Arc<HashMap<u32, u32>>, cache: &ProbeCache) -> Result<Self, DataError> {
        Ok(TemplatePairs { lines: TextLines::open(file, TextFile::TemplatePairs, cache)?, places, ended: false })
    }

    /// The next pair.
    pub(crate) fn pair(&mut self) -> Option<Result<TemplatePair, DataError>> {
        let places = &self.places;
        self.lines.next(|_, text| {
            let [a, b, label] = TextLines::fields(text, TextFile::TemplatePairs)?;
            let place = |field| {
                let template = number(field, "template")?;
                places.get(&template).copied().ok_or_else(|| format!("template {template} has no face in the list of faces"))
            };
            let same = truth(label).ok_or_else(|| format!("the label is 1 or 0, not {}", quoted(label)))?;
            Ok(TemplatePair { a: place(a)?, b: place(b)?, same })
        })
    }

    /// The error of a file without a pair.
    pub(crate) fn empty(&self) -> DataError {
        self.lines.empty()
    }

    /// The line of the pair that was read last, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.lines.line()
    }
}

impl Iterator for TemplatePairs {
    type Item = Result<Vec<TemplatePair>, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut block = Vec::new();
        while !self.ended && block.len() < BLOCK {
            match self.pair() {
                Some(Ok(pair)) => {
                    if block.capacity() == 0 {
                        block.reserve_exact(BLOCK);
                    }
                    block.push(pair);
                }
                Some(Err(error)) => {
                    self.ended = true;
                    return Some(Err(error));
                }
                None => self.ended = true,
            }
        }
        if block.is_empty() { None } else { Some(Ok(block)) }
    }
}
