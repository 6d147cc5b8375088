//! Rows of texts in straight columns.

#![allow(clippy::cast_precision_loss, reason = "counts that are shown, and numbers of nodes")]

/// A small table for a terminal: columns that are empty in every row are left out.
#[derive(Debug, Clone)]
pub struct Grid {
    header: Vec<&'static str>,
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// A table with these columns; those whose name begins with `>` hold numbers and stand to the right.
    pub fn new(columns: &[&'static str]) -> Self {
        let right = columns.iter().map(|name| name.starts_with('>')).collect();
        Grid { header: columns.iter().map(|name| name.trim_start_matches('>')).collect(), right, rows: Vec::new() }
    }

    /// Adds a row, which has as many cells as there are columns.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table, each line indented by two blanks.
    pub fn text(&self) -> String {
        let header: Vec<String> = self.header.iter().map(|&name| name.to_owned()).collect();
        let widths: Vec<usize> = (0..header.len()).map(|at| self.width(at)).collect();
        let mut out = String::new();
        for row in std::iter::once(&header).chain(&self.rows) {
            self.line(row, &widths, &mut out);
        }
        out
    }

    /// The characters of a column's widest cell; 0 where no row says anything.
    fn width(&self, at: usize) -> usize {
        let widest = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| wide(cell)).max().unwrap_or(0);
        if widest == 0 { 0 } else { widest.max(wide(self.header[at])) }
    }

    fn line(&self, row: &[String], widths: &[usize], out: &mut String) {
        for ((cell, &width), &right) in row.iter().zip(widths).zip(&self.right).filter(|((_, width), _)| **width > 0) {
            out.push_str("  ");
            let blanks = std::iter::repeat_n(' ', width.saturating_sub(wide(cell)));
            if right {
                out.extend(blanks);
                out.push_str(cell);
            } else {
                out.push_str(cell);
                out.extend(blanks);
            }
        }
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
}

/// How many characters a text has.
fn wide(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

/// `1,234,567`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1.2 M`: a count in thousands, millions, …
pub fn rounded(n: u64) -> String {
    scaled(n as f64, 1000.0, &["", "k", "M", "G", "T", "P"])
}

/// `3.4 GiB`.
pub fn bytes(n: u64) -> String {
    scaled(n as f64, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB"])
}

fn scaled(mut x: f64, step: f64, units: &[&str]) -> String {
    let mut at = 0;
    // 999.6 would be written as 1000
    while x >= step - 0.5 && at + 1 < units.len() {
        x /= step;
        at += 1;
    }
    let number = if at == 0 || x >= 99.95 { format!("{x:.0}") } else { format!("{x:.1}") };
    format!("{number} {}", units[at]).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!([grouped(0), grouped(999), grouped(1_000), grouped(12_345_678)], ["0", "999", "1,000", "12,345,678"]);
        assert_eq!([rounded(12), rounded(999_999), rounded(1_234_567)], ["12", "1.0 M", "1.2 M"]);
        assert_eq!([bytes(12), bytes(1 << 30), bytes(3 << 29)], ["12 B", "1.0 GiB", "1.5 GiB"]);
    }

    #[test]
    fn empty_columns_are_left_out() {
        let mut grid = Grid::new(&["name", ">images", ">people"]);
        grid.row(vec!["easy".into(), "1,200".into(), String::new()]);
        grid.row(vec!["h".into(), "7".into(), String::new()]);
        assert_eq!(grid.text(), "  name  images\n  easy   1,200\n  h          7\n");
    }
}
