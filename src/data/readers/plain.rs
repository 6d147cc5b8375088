//! Lists of images without a header, as training sets come with them.
//!
//! | list | its lines |
//! |---|---|
//! | `path label` | two fields, parted by blanks; by a tab where the path holds blanks |
//! | insightface's `.lst` | `aligned path label`, then the box of the face, then its five landmarks, all x before all y; tabs between them: 3, 7 or 17 fields |
//! | MXNet's `.lst` | `index label… path`, tabs between them, as many on each line |
//!
//! A label that is a whole number names a person as the records do that are made of such a list ([`numbered`]); any other is a name.
//! Sources: insightface's `face2rec2.py` and `face_common.py`, MXNet's `im2rec.py`.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows, sides and lengths that were held against their limits")]

use super::form::TextFile;
use crate::held::numbered;
use csv::StringRecord;
use ddl_base::text::quoted;

/// How the lines of a list without a header are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainList {
    /// `path label`.
    Labelled,
    /// insightface's `.lst`.
    Insightface,
    /// MXNet's `.lst`.
    Im2rec,
}

/// Lines that are looked at to tell what the columns of a `.lst` are.
const FIRST: usize = 100;

/// What stands between the columns of lists whose fields may hold blanks.
const SIGNS: [char; 4] = [',', ';', '|', '\t'];

/// The columns of insightface's `.lst`.
const INSIGHTFACE: [&str; 17] = [
    "aligned",
    "path",
    "identity",
    "left",
    "top",
    "right",
    "bottom",
    "landmark1_x",
    "landmark2_x",
    "landmark3_x",
    "landmark4_x",
    "landmark5_x",
    "landmark1_y",
    "landmark2_y",
    "landmark3_y",
    "landmark4_y",
    "landmark5_y",
];

impl PlainList {
    /// By the first lines of a list; `None` where the first of them is the header of a csv.
    ///
    /// # Errors
    /// A `.lst` that may be the one or the other.
    pub(super) fn of(text: &str) -> Result<Option<Self>, String> {
        let mut lines = lines(text).map(|(_, line)| line).take(FIRST).peekable();
        let Some(first) = lines.peek() else { return Ok(None) };
        if is_header(first) {
            return Ok(None);
        }
        match fields(first).count() {
            _ if !first.contains('\t') && first.contains(',') => return Ok(None),
            0 | 1 => return Ok(None),
            2 => return Ok(Some(PlainList::Labelled)),
            _ if !first.contains('\t') => return Ok(Some(PlainList::Labelled)),
            _ => {} // a `.lst`
        }
        let is_path = |field: Option<&str>| field.is_some_and(|field| number(field).is_none());
        let (mut second, mut last) = (0, 0);
        for line in lines.filter(|line| fields(line).nth(2).is_some()) {
            second += usize::from(is_path(fields(line).nth(1)));
            last += usize::from(is_path(fields(line).last()));
        }
        match second.cmp(&last) {
            std::cmp::Ordering::Greater => Ok(Some(PlainList::Insightface)),
            std::cmp::Ordering::Less => Ok(Some(PlainList::Im2rec)),
            std::cmp::Ordering::Equal => Err(format!(
                "it can't be told whether a line is `{}` or `{}`: by the first lines, that is by what is no number, paths may be in the second or in the last column; say columns = \"insightface\" or columns = \"im2rec\"",
                TextFile::InsightfaceImages.form(),
                TextFile::Im2recImages.form()
            )),
        }
    }

    pub(super) fn kind(self) -> TextFile {
        match self {
            PlainList::Labelled => TextFile::LabelledImages,
            PlainList::Insightface => TextFile::InsightfaceImages,
            PlainList::Im2rec => TextFile::Im2recImages,
        }
    }

    /// The names of the columns of a list.
    pub(super) fn names(self, text: &str) -> Vec<String> {
        match self {
            PlainList::Labelled => vec!["path".to_owned(), "identity".to_owned()],
            PlainList::Insightface => INSIGHTFACE.map(str::to_owned).to_vec(),
            PlainList::Im2rec => {
                let labels = lines(text).next().map_or(1, |(_, first)| fields(first).count().saturating_sub(2).max(1));
                let more = (2..=labels).map(|at| format!("label{at}"));
                ["index", "identity"].map(str::to_owned).into_iter().chain(more).chain(["path".to_owned()]).collect()
            }
        }
    }

    /// The fields of a line, in so many columns.
    ///
    /// # Errors
    /// Too few or too many; a label that is a number and no person's, or another number that is none.
    pub(super) fn row(self, line: &str, columns: usize, row: &mut StringRecord) -> Result<(), String> {
        row.clear();
        let count = fields(line).count();
        let fits = match self {
            PlainList::Labelled => count == columns,
            PlainList::Insightface => [3, 7, 17].contains(&count),
            PlainList::Im2rec => count == columns,
        };
        if !fits {
            return Err(self.kind().parted_otherwise(line).unwrap_or_else(|| match self {
                PlainList::Labelled if count > columns => {
                    format!("{count} fields, where a line is `{}`; a tab stands behind a path that holds blanks", self.kind().form())
                }
                PlainList::Labelled => format!("{count} fields, where a line is `{}`", self.kind().form()),
                PlainList::Insightface => {
                    format!("{count} fields; a line is `{}`, and has 3 fields, 7 with a box, or 17 with landmarks", self.kind().form())
                }
                PlainList::Im2rec => format!("{count} fields, where the first line has {columns}; a line is `{}`", self.kind().form()),
            }));
        }
        let label = if self == PlainList::Insightface { 2 } else { 1 };
        for (at, field) in fields(line).enumerate() {
            match (self, at) {
                (PlainList::Insightface, 0) if !matches!(field, "0" | "1") => {
                    return Err(format!("`aligned` is 1 or 0, not {}", quoted(field)));
                }
                (PlainList::Im2rec, 0) if number(field).is_none() => {
                    return Err(format!("the index {} is not a number", quoted(field)));
                }
                _ if at == label => row.push_field(&person(field)?),
                _ => row.push_field(field),
            }
        }
        (row.len()..columns).for_each(|_| row.push_field(""));
        Ok(())
    }
}

/// The lines that are not blank, with their numbers from 1.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(text.split('\n')).map(|(at, line)| (at, line.trim_ascii())).filter(|(_, line)| !line.is_empty())
}

/// What stands between tabs, or between blanks where there is no tab.
fn fields(line: &str) -> impl Iterator<Item = &str> {
    let by_tabs = line.contains('\t');
    line.split(move |sign: char| if by_tabs { sign == '\t' } else { sign.is_ascii_whitespace() })
        .map(str::trim_ascii)
        .filter(move |field| by_tabs || !field.is_empty())
}

/// Whether a line names columns, whatever stands between them.
fn is_header(line: &str) -> bool {
    let signs: &[char] = if line.contains(SIGNS) { &SIGNS } else { &[' '] };
    line.split(signs).any(|name| matches!(name.trim_ascii().trim_matches('"'), "path" | "image" | "identity"))
}

/// A finite number; `nan` and `infinity` may be names.
fn number(field: &str) -> Option<f64> {
    let begins = field.starts_with(|sign: char| sign.is_ascii_digit() || matches!(sign, '+' | '-' | '.'));
    field.parse().ok().filter(|number: &f64| begins && number.is_finite())
}

/// Whom a label names.
fn person(label: &str) -> Result<String, String> {
    if let Ok(whole) = label.parse() {
        return Ok(numbered(whole));
    }
    match number(label) {
        None => Ok(label.to_owned()),
        Some(whole) if whole >= 0.0 && whole.fract() == 0.0 && whole <= f64::from(u32::MAX) => Ok(numbered(whole as u64)),
        Some(_) => Err(format!("the label {} is no person's number, which is whole and not below 0", quoted(label))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_list_is_shows_in_its_first_lines() {
        use PlainList::{Im2rec, Insightface, Labelled};
        for (text, kind) in [
            ("path,identity\na,b\n", Some(None)),
            ("path\tidentity\na\tb\n", Some(None)), // which is then said to be parted by tabs
            ("path , identity,yaw\t\n", Some(None)),
            ("a.jpg,ann\n", Some(None)),
            ("a.jpg\n", Some(None)),
            ("", Some(None)),
            ("a.jpg 0\n", Some(Some(Labelled))),
            ("a, b/c d.jpg\tann lee\n", Some(Some(Labelled))),
            ("my image 1.jpg\t0\n", Some(Some(Labelled))),
            ("path identity\n", Some(None)),
            ("a b.jpg 0\n", Some(Some(Labelled))), // whose lines are then said to be wrong
            ("1\ta.jpg\t0\n", Some(Some(Insightface))),
            ("0\ta b.jpg\t0\t1\t2\t3\t4\n1\ta.jpg\t0\n", Some(Some(Insightface))),
            ("0\t1.000000\ta.jpg\n", Some(Some(Im2rec))),
            ("0\t1\t0.5\t0.25\ta.jpg\n", Some(Some(Im2rec))),
            // a few paths may be numbers, and a few labels names
            ("1\t17\t0\n1\ta.jpg\t0\n", Some(Some(Insightface))),
            ("0\tann\ta.jpg\n1\t3\tb.jpg\n", Some(Some(Im2rec))),
            ("1\t17\t0\n", None),
            ("1\ta.jpg\tann\n", None),
        ] {
            let found = PlainList::of(text);
            assert_eq!(found.clone().ok(), kind, "{text:?}: {found:?}");
            assert!(found.err().is_none_or(|why| why.ends_with("columns = \"insightface\" or columns = \"im2rec\"")), "{text:?}");
        }
    }

    #[test]
    fn a_label_names_whom_a_record_names_so() {
        for (label, name) in [
            ("3", Some("00000003")),
            ("007", Some("00000007")),
            ("3.000000", Some("00000003")),
            ("123456789012", Some("123456789012")),
            ("ann", Some("ann")),
            ("3ann", Some("3ann")),
            ("Nan", Some("Nan")),
            ("-1", None),
            ("0.5", None),
            ("1e300", None),
        ] {
            assert_eq!(person(label).ok().as_deref(), name, "{label}");
        }
    }

    #[test]
    fn fields_have_the_names_of_their_columns() {
        let read = |list: PlainList, line: &str| {
            let names = list.names(line);
            let mut row = StringRecord::new();
            list.row(line, names.len(), &mut row).map(|()| {
                let fields = names.iter().zip(&row).filter(|(_, field)| !field.is_empty());
                fields.map(|(name, field)| format!("{name}={field}")).collect::<Vec<_>>().join(" ")
            })
        };
        let box_alone = "1\ta.jpg\t3\t10\t20\t30\t40";
        assert_eq!(
            read(PlainList::Insightface, box_alone).unwrap(),
            "aligned=1 path=a.jpg identity=00000003 left=10 top=20 right=30 bottom=40"
        );
        let whole = read(PlainList::Insightface, &format!("{box_alone}\t1\t2\t3\t4\t5\t6\t7\t8\t9\t10")).unwrap();
        assert!(
            whole.contains(" landmark1_x=1 ") && whole.contains(" landmark5_x=5 landmark1_y=6 ") && whole.ends_with("landmark5_y=10"),
            "{whole}"
        );
        for fields in [1, 2, 4, 5, 6, 8, 16, 18] {
            let line = vec!["1"; fields].join("\t");
            assert!(
                read(PlainList::Insightface, &line).unwrap_err().contains("has 3 fields, 7 with a box, or 17 with landmarks"),
                "{fields}"
            );
        }
        assert_eq!(read(PlainList::Im2rec, "8\t3\t0.5\t7\ta b.jpg").unwrap(), "index=8 identity=00000003 label2=0.5 label3=7 path=a b.jpg");
        assert_eq!(read(PlainList::Im2rec, "8\t3\ta.jpg").unwrap(), "index=8 identity=00000003 path=a.jpg");
        assert_eq!(read(PlainList::Labelled, "a b.jpg\tann lee").unwrap(), "path=a b.jpg identity=ann lee");
    }
}
