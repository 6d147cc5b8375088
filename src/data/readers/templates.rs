//! The text files of the IJB benchmarks: which face is of which template and medium, what a detector says of it, and pairs of templates.
//! Fields are parted by blanks; there is no header; empty lines are passed over.

use crate::data::DataError;
use crate::data::protocol::TemplatePair;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::str::SplitAsciiWhitespace;
use std::sync::Arc;

/// Pairs in a block of [`TemplatePairs`].
const BLOCK: usize = 1 << 16;

/// A text file that is read line by line, in one buffer.
struct TextLines {
    file: PathBuf,
    reader: BufReader<File>,
    line: u64,
    buffer: Vec<u8>,
}

impl TextLines {
    fn open(file: &Path) -> Result<Self, DataError> {
        let unreadable = |error: std::io::Error| DataError::Unreadable { path: file.to_owned(), why: error.to_string() };
        let reader = BufReader::with_capacity(1 << 20, crate::regular::open(file).map_err(unreadable)?);
        Ok(TextLines { file: file.to_owned(), reader, line: 0, buffer: Vec::new() })
    }

    /// The next line that is not empty, handed to `read`; an error of it is one of the line.
    fn next<T>(&mut self, read: impl FnOnce(u64, &str) -> Result<T, String>) -> Option<Result<T, DataError>> {
        loop {
            self.buffer.clear();
            match self.reader.read_until(b'\n', &mut self.buffer) {
                Ok(0) => return None,
                Ok(_) => self.line += 1,
                Err(error) => return Some(Err(DataError::Unreadable { path: self.file.clone(), why: error.to_string() })),
            }
            let text = std::str::from_utf8(&self.buffer).map_err(|_| "not valid UTF-8".to_owned());
            if text.as_ref().is_ok_and(|text| text.trim_ascii().is_empty()) {
                continue;
            }
            let read = text.and_then(|text| read(self.line, text));
            return Some(read.map_err(|why| DataError::Line { file: self.file.clone(), line: self.line, why }));
        }
    }
}

/// The fields of a line, exactly `N`.
fn fields<'a, const N: usize>(text: &'a str, what: &str) -> Result<[&'a str; N], String> {
    let mut words: SplitAsciiWhitespace = text.split_ascii_whitespace();
    let mut fields = [""; N];
    for (at, field) in fields.iter_mut().enumerate() {
        *field = words.next().ok_or_else(|| format!("{at} fields, where a line is `{what}`"))?;
    }
    match words.count() {
        0 => Ok(fields),
        more => Err(format!("{} fields, where a line is `{what}`", N + more)),
    }
}

fn number(field: &str, what: &str) -> Result<u32, String> {
    field.parse().map_err(|_| format!("the {what} `{field}` is not a whole number from 0"))
}

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
/// Unreadable, no line at all, a line that is not `name template medium`.
pub fn face_list(file: &Path) -> Result<Vec<FaceLine>, DataError> {
    let mut lines = TextLines::open(file)?;
    let mut faces = Vec::new();
    while let Some(face) = lines.next(|line, text| {
        let [name, template, medium] = fields(text, "name template medium")?;
        Ok(FaceLine { line, name: Arc::from(name), template: number(template, "template")?, medium: number(medium, "medium")? })
    }) {
        faces.push(face?);
    }
    if faces.is_empty() {
        return Err(DataError::File { file: file.to_owned(), why: "it lists no face".to_owned() });
    }
    Ok(faces)
}

/// Reads a detector's scores by image (`ijbc_name_5pts_score.txt`: `name x1 y1 … x5 y5 score`).
///
/// # Errors
/// Unreadable, a line of another form, a number that is none, a negative score, an image named twice.
pub fn detector_scores(file: &Path) -> Result<HashMap<Arc<str>, f64>, DataError> {
    let mut lines = TextLines::open(file)?;
    let mut scores = HashMap::new();
    while let Some(read) = lines.next(|_, text| {
        let fields: [&str; 12] = fields(text, "name x1 y1 … x5 y5 score")?;
        for field in &fields[1..] {
            field.parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(|| format!("`{field}` is not a number"))?;
        }
        let score: f64 = fields[11].parse().map_err(|_| "no score".to_owned())?;
        if score < 0.0 {
            return Err(format!("the score {score} is negative"));
        }
        match scores.insert(Arc::from(fields[0]), score) {
            None => Ok(()),
            Some(_) => Err(format!("`{}` stands twice", fields[0])),
        }
    }) {
        read?;
    }
    Ok(scores)
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
/// Unreadable, no header, no line after it, a line that does not begin so.
pub fn subject_list(file: &Path) -> Result<Vec<SubjectLine>, DataError> {
    let mut lines = TextLines::open(file)?;
    let mut subjects = Vec::new();
    while let Some(read) = lines.next(|line, text| {
        let mut fields = text.trim_ascii().split(',').map(|field| field.trim_ascii().trim_matches('"'));
        let (Some(template), Some(subject)) = (fields.next(), fields.next()) else {
            return Err("1 fields, where a line begins with `template,subject`".to_owned());
        };
        if line > 1 {
            return Ok(Some(SubjectLine { line, template: number(template, "template")?, subject: Arc::from(subject) }));
        }
        match number(template, "template") {
            Ok(_) => Err("the first line is a header, `TEMPLATE_ID,SUBJECT_ID`, and this is a template".to_owned()),
            Err(_) => Ok(None),
        }
    }) {
        subjects.extend(read?);
    }
    if subjects.is_empty() {
        return Err(DataError::File { file: file.to_owned(), why: "it lists no template".to_owned() });
    }
    Ok(subjects)
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
    /// When it can't be opened.
    pub fn open(file: &Path, places: Arc<HashMap<u32, u32>>) -> Result<Self, DataError> {
        Ok(TemplatePairs { lines: TextLines::open(file)?, places, ended: false })
    }

    fn pair(&mut self) -> Option<Result<TemplatePair, DataError>> {
        let places = &self.places;
        self.lines.next(|_, text| {
            let [a, b, label] = fields(text, "template template label")?;
            let place = |field| {
                let template = number(field, "template")?;
                places.get(&template).copied().ok_or_else(|| format!("template {template} has no face in the list of faces"))
            };
            let same = match label {
                "1" => true,
                "0" => false,
                other => return Err(format!("the label is 1 or 0, not `{other}`")),
            };
            Ok(TemplatePair { a: place(a)?, b: place(b)?, same })
        })
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
