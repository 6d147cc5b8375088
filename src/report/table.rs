//! A table as people read it: means with their spread, paired differences, and marks for what is beyond the noise.

use super::model::{Baseline, Better, Cell, Column, Row, Table, Unit};
use crate::eval::{Ci, Difference, Spread, difference_over_folds, paired};
use std::fmt;
use unicode_width::UnicodeWidthStr;

/// A table with all numbers written out.
#[derive(Debug, Clone, PartialEq)]
pub struct TableView {
    /// The report's name and documentation.
    pub name: String,
    /// Its documentation.
    pub doc: String,
    /// Column headings: the metric, its unit, and an arrow to where better is.
    pub headings: Vec<String>,
    /// The rows.
    pub rows: Vec<RowView>,
    /// What the signs in the table mean.
    pub notes: Vec<String>,
}

/// A row with all numbers written out.
#[derive(Debug, Clone, PartialEq)]
pub struct RowView {
    /// Its label.
    pub label: String,
    /// Numbers of a publication.
    pub published: bool,
    /// One for each heading.
    pub cells: Vec<Option<CellView>>,
}

/// A cell with its numbers written out.
#[derive(Debug, Clone, PartialEq)]
pub struct CellView {
    /// The value, or the mean over replicates.
    pub value: String,
    /// Standard deviation over replicates.
    pub sd: Option<String>,
    /// The 95 % interval of a single value: `87.12 to 89.40`.
    pub ci: Option<String>,
    /// The paired difference against the baseline.
    pub difference: Option<DifferenceView>,
}

/// A paired difference written out.
#[derive(Debug, Clone, PartialEq)]
pub struct DifferenceView {
    /// With its sign.
    pub value: String,
    /// Standard deviation of the paired differences over replicates.
    pub sd: Option<String>,
    /// What to make of it.
    pub verdict: Verdict,
}

/// What to make of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Better beyond the noise.
    Better,
    /// Worse beyond the noise.
    Worse,
    /// Within the noise.
    Noise,
    /// Nothing tells the noise: one seed and no folds.
    Unknown,
}

/// What a difference was judged by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Judge {
    Seeds(usize),
    Folds,
}

impl TableView {
    /// Writes out a table. Cells beyond the columns are ignored, missing ones are empty.
    pub fn of(table: &Table) -> Self {
        let styles: Vec<Style> = table.columns.iter().enumerate().map(|(at, column)| Style::of(column, at, &table.rows)).collect();
        let mut judges = Vec::new();
        let mut base: Option<&Row> = None;
        let mut rows = Vec::new();
        for row in &table.rows {
            let against = base.filter(|_| !row.published && table.baseline != Baseline::None);
            let mut cell = |(at, style): (usize, &Style)| {
                let cell = cell_of(row, at)?;
                let difference = against.and_then(|base| cell_of(base, at)).and_then(|base| style.difference(base, cell, &mut judges));
                style.cell(cell, difference)
            };
            rows.push(RowView {
                label: row.label.clone(),
                published: row.published,
                cells: styles.iter().enumerate().map(&mut cell).collect(),
            });
            let keeps = row.published || (table.baseline == Baseline::First && base.is_some());
            base = if keeps { base } else { Some(row) };
        }
        let headings = table.columns.iter().map(heading).collect();
        TableView { name: table.name.clone(), doc: table.doc.clone(), headings, notes: notes(table, &rows, &judges), rows }
    }
}

fn cell_of(row: &Row, at: usize) -> Option<&Cell> {
    row.cells.get(at).and_then(Option::as_ref)
}

fn heading(column: &Column) -> String {
    let unit = match column.unit {
        Unit::Percent => " %",
        Unit::Number => "",
    };
    let arrow = match column.better {
        Better::Higher => '↑',
        Better::Lower => '↓',
    };
    format!("{}{unit} {arrow}", column.label)
}

fn notes(table: &Table, rows: &[RowView], judges: &[Judge]) -> Vec<String> {
    let mut notes = vec!["↑ higher is better, ↓ lower is better.".to_owned()];
    let replicates = table.rows.iter().flat_map(|r| r.cells.iter().flatten()).map(|c| c.values.len()).max().unwrap_or(0);
    if replicates > 1 {
        notes.push(format!("mean ± standard deviation over {replicates} replicates."));
    }
    if rows.iter().flat_map(|r| r.cells.iter().flatten()).any(|c| c.ci.is_some()) {
        notes.push("[low, high] below a single value: its 95 % interval.".to_owned());
    }
    let compared = rows.iter().flat_map(|r| r.cells.iter().flatten()).any(|c| c.difference.is_some());
    if compared {
        let against = match (table.baseline, table.rows.iter().find(|row| !row.published)) {
            (Baseline::First, Some(first)) => format!("`{}`", first.label),
            (Baseline::First | Baseline::Above | Baseline::None, _) => "the row above".to_owned(),
        };
        notes.push(format!("Below a value: its paired difference from {against}."));
        notes.push(format!("* beyond the noise: the 95 % interval of the paired difference{} excludes zero.", judged_by(judges)));
    }
    if rows.iter().any(|row| row.published) {
        notes.push("† published, not measured here.".to_owned());
    }
    notes
}

fn judged_by(judges: &[Judge]) -> String {
    let seeds = judges.iter().filter_map(|j| match j {
        Judge::Seeds(n) => Some(*n),
        Judge::Folds => None,
    });
    let seeds = seeds.min().map(|n| format!("t, {n} replicates"));
    let folds = judges.contains(&Judge::Folds).then(|| "bootstrap over folds, or people, of one replicate".to_owned());
    let by: Vec<String> = seeds.into_iter().chain(folds).collect();
    if by.is_empty() { String::new() } else { format!(" ({})", by.join("; ")) }
}

/// How one column writes its numbers.
struct Style {
    factor: f64,
    decimals: usize,
    better: Better,
}

impl Style {
    fn of(column: &Column, at: usize, rows: &[Row]) -> Self {
        let largest = rows.iter().filter_map(|row| cell_of(row, at)).flat_map(|cell| &cell.values).fold(0.0, |m: f64, v| m.max(v.abs()));
        let (factor, decimals) = match column.unit {
            Unit::Percent => (100.0, 2),
            Unit::Number if largest >= 100.0 => (1.0, 1),
            Unit::Number if largest >= 10.0 => (1.0, 2),
            Unit::Number if largest >= 0.1 || largest <= 0.0 => (1.0, 3),
            Unit::Number => (1.0, 5),
        };
        Style { factor, decimals, better: column.better }
    }

    fn number(&self, value: f64) -> String {
        let text = format!("{:.*}", self.decimals, value * self.factor);
        // A rounded zero has no sign.
        if text.trim_start_matches('-').bytes().all(|b| b == b'0' || b == b'.') { text.trim_start_matches('-').to_owned() } else { text }
    }

    /// A spread; one that rounds to nothing is said to be small, not to be none.
    fn spread(&self, sd: f64) -> String {
        let smallest = 0.5 * 10f64.powi(-(self.decimals as i32));
        if sd > 0.0 && sd * self.factor < smallest { format!("<{:.*}", self.decimals, 2.0 * smallest) } else { self.number(sd) }
    }

    fn signed(&self, value: f64) -> String {
        let text = self.number(value);
        if text.starts_with('-') { text.replacen('-', "−", 1) } else { format!("+{text}") }
    }

    fn cell(&self, cell: &Cell, difference: Option<DifferenceView>) -> Option<CellView> {
        let spread = Spread::of(&cell.values).ok()?;
        let interval = |ci: Ci| format!("{} to {}", self.number(ci.low), self.number(ci.high));
        let single = cell.values.len() == 1;
        Some(CellView {
            value: self.number(spread.mean),
            sd: spread.sd.map(|sd| self.spread(sd)),
            ci: cell.ci.filter(|_| single).map(interval),
            difference,
        })
    }

    fn difference(&self, base: &Cell, cell: &Cell, judges: &mut Vec<Judge>) -> Option<DifferenceView> {
        let n = base.values.len().max(cell.values.len());
        // A model that does not depend on the seed is the same in every arm.
        let spread_out = |values: &[f64]| if let [one] = values { vec![*one; n] } else { values.to_vec() };
        let (a, b) = (spread_out(&base.values), spread_out(&cell.values));
        if n > 1 {
            let found = paired(&a, &b).ok()?;
            judges.push(Judge::Seeds(n));
            return Some(self.judged(&found, Some(found.sd)));
        }
        if let Ok(found) = difference_over_folds(&base.folds, &cell.folds) {
            judges.push(Judge::Folds);
            // Folds may differ in size; the difference of the values themselves is what the table shows.
            let shown = Difference { mean: b.first()? - a.first()?, ..found };
            return Some(self.judged(&shown, None));
        }
        Some(DifferenceView { value: self.signed(b.first()? - a.first()?), sd: None, verdict: Verdict::Unknown })
    }

    fn judged(&self, difference: &Difference, sd: Option<f64>) -> DifferenceView {
        let improves = match self.better {
            Better::Higher => difference.mean > 0.0,
            Better::Lower => difference.mean < 0.0,
        };
        let verdict = match (difference.beyond_noise, improves) {
            (true, true) => Verdict::Better,
            (true, false) => Verdict::Worse,
            (false, true | false) => Verdict::Noise,
        };
        DifferenceView { value: self.signed(difference.mean), sd: sd.map(|sd| self.spread(sd)), verdict }
    }
}

impl TableView {
    /// The table for a terminal of this width: columns that don't fit stand in further tables below, each with all rows.
    pub fn text(&self, width: usize) -> String {
        let mut parts: Vec<TableView> = Vec::new();
        let mut from = 0;
        while from < self.headings.len() {
            let mut to = from + 1;
            while to < self.headings.len() && self.part(from..to + 1).width() <= width {
                to += 1;
            }
            parts.push(self.part(from..to));
            from = to;
        }
        if parts.len() < 2 {
            return self.to_string();
        }
        let (count, last) = (parts.len(), parts.len() - 1);
        for (at, part) in parts.iter_mut().enumerate() {
            part.name = format!("{} ({} of {count})", self.name, at + 1);
            if at == last {
                part.notes.clone_from(&self.notes);
            }
        }
        parts.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    /// Some of its columns, without notes.
    fn part(&self, columns: std::ops::Range<usize>) -> TableView {
        let rows =
            self.rows.iter().map(|row| RowView { cells: row.cells.get(columns.clone()).unwrap_or_default().to_vec(), ..row.clone() });
        TableView { headings: self.headings[columns.clone()].to_vec(), rows: rows.collect(), notes: Vec::new(), ..self.clone() }
    }

    /// Columns of a terminal that its longest line takes.
    fn width(&self) -> usize {
        self.to_string().lines().map(UnicodeWidthStr::width).max().unwrap_or(0)
    }
}

/// A number and what follows it; numbers of one column end at the same place.
type Halves = (String, String);

fn value_halves(cell: Option<&CellView>) -> Halves {
    let sd = |sd: &Option<String>| sd.as_ref().map_or(String::new(), |sd| format!(" ± {sd}"));
    cell.map_or(("–".to_owned(), String::new()), |cell| (cell.value.clone(), sd(&cell.sd)))
}

/// The interval of a single value: it ends where the value does.
fn interval_halves(cell: Option<&CellView>) -> Halves {
    let ci = cell.and_then(|cell| cell.ci.as_ref());
    ci.map_or_else(Halves::default, |ci| (format!("[{}]", ci.replace(" to ", ", ")), String::new()))
}

fn difference_halves(cell: Option<&CellView>) -> Halves {
    let Some(difference) = cell.and_then(|cell| cell.difference.as_ref()) else { return Halves::default() };
    let mark = match difference.verdict {
        Verdict::Better | Verdict::Worse => " *",
        Verdict::Noise | Verdict::Unknown => "",
    };
    (difference.value.clone(), format!("{}{mark}", difference.sd.as_ref().map_or(String::new(), |sd| format!(" ± {sd}"))))
}

impl fmt::Display for TableView {
    /// The table for a terminal, without colour.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = |row: &RowView| format!("{}{}", row.label, if row.published { " †" } else { "" });
        let label_width = self.rows.iter().map(|row| label(row).width()).max().unwrap_or(0);
        let columns: Vec<TextColumn> = (0..self.headings.len()).map(|at| TextColumn::of(self, at)).collect();
        writeln!(f, "{}", self.name)?;
        write!(f, "{}", " ".repeat(label_width))?;
        for (heading, column) in self.headings.iter().zip(&columns) {
            write!(f, "   {}{heading}", " ".repeat(column.width() - heading.width()))?;
        }
        writeln!(f)?;
        let total = label_width + columns.iter().map(|c| c.width() + 3).sum::<usize>();
        writeln!(f, "{}", "─".repeat(total))?;
        for (at, row) in self.rows.iter().enumerate() {
            let line = |label: &str, halves: &dyn Fn(&TextColumn) -> Halves| {
                let cells: String = columns.iter().flat_map(|column| ["   ".to_owned(), column.padded(&halves(column))]).collect();
                format!("{label}{}{cells}", " ".repeat(label_width - label.width())).trim_end().to_owned()
            };
            writeln!(f, "{}", line(&label(row), &|column| column.values[at].clone()))?;
            if row.cells.iter().flatten().any(|cell| cell.ci.is_some()) {
                writeln!(f, "{}", line("", &|column| column.intervals[at].clone()))?;
            }
            if row.cells.iter().flatten().any(|cell| cell.difference.is_some()) {
                writeln!(f, "{}", line("", &|column| column.differences[at].clone()))?;
            }
        }
        writeln!(f, "{}", "─".repeat(total))?;
        self.notes.iter().try_for_each(|note| writeln!(f, "{note}"))
    }
}

/// One column as text.
struct TextColumn {
    heading: usize,
    values: Vec<Halves>,
    intervals: Vec<Halves>,
    differences: Vec<Halves>,
    left: usize,
    right: usize,
}

impl TextColumn {
    fn of(view: &TableView, at: usize) -> Self {
        let cell = |row: &RowView| row.cells.get(at).cloned().flatten();
        let values: Vec<Halves> = view.rows.iter().map(|row| value_halves(cell(row).as_ref())).collect();
        let differences: Vec<Halves> = view.rows.iter().map(|row| difference_halves(cell(row).as_ref())).collect();
        let intervals: Vec<Halves> = view.rows.iter().map(|row| interval_halves(cell(row).as_ref())).collect();
        let all = || values.iter().chain(&intervals).chain(&differences);
        let widest = |half: &dyn Fn(&Halves) -> usize| all().map(half).max().unwrap_or(0);
        let (left, right) = (widest(&|h| h.0.width()), widest(&|h| h.1.width()));
        TextColumn { heading: view.headings[at].width(), left, right, values, intervals, differences }
    }

    fn width(&self) -> usize {
        self.heading.max(self.left + self.right)
    }

    fn padded(&self, (left, right): &Halves) -> String {
        let before = self.width() - self.right - left.width();
        format!("{}{left}{right}{}", " ".repeat(before), " ".repeat(self.right - right.width()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(label: &str, unit: Unit, better: Better) -> Column {
        Column { label: label.to_owned(), unit, better }
    }

    fn row(label: &str, cells: Vec<Option<Cell>>) -> Row {
        Row { label: label.to_owned(), published: false, cells }
    }

    fn over_seeds(baseline: Baseline) -> Table {
        let columns = vec![
            column("pose.accuracy", Unit::Percent, Better::Higher),
            column("pose.eer", Unit::Percent, Better::Lower),
            column("pose.gap", Unit::Number, Better::Higher),
        ];
        let rows = vec![
            row("pretrained", vec![Some(Cell::of([0.881])), Some(Cell::of([0.129])), Some(Cell::of([0.325]))]),
            row(
                "ArcFace-FT",
                vec![Some(Cell::of([0.911, 0.909, 0.912])), Some(Cell::of([0.101, 0.103, 0.1])), Some(Cell::of([0.366, 0.364, 0.367]))],
            ),
            row(
                "DDL",
                vec![Some(Cell::of([0.913, 0.908, 0.911])), Some(Cell::of([0.096, 0.0975, 0.0945])), Some(Cell::of([0.38, 0.378, 0.382]))],
            ),
            Row { published: true, ..row("顔 2020", vec![Some(Cell::of([0.9853])), None]) },
        ];
        Table { name: "table".to_owned(), doc: String::new(), baseline, columns, rows }
    }

    #[test]
    fn a_table_over_seeds_against_the_first_row() {
        insta::assert_snapshot!(TableView::of(&over_seeds(Baseline::First)).to_string());
    }

    #[test]
    fn a_table_over_seeds_against_the_row_above() {
        insta::assert_snapshot!(TableView::of(&over_seeds(Baseline::Above)).to_string());
    }

    #[test]
    fn a_table_of_one_seed_is_judged_by_folds() {
        let folds = |shift: f64| Cell {
            values: vec![0.9 + shift],
            folds: (0..10).map(|i| 0.9 + shift * f64::from(i % 3) + 0.01 * f64::from(i % 4)).collect(),
            ci: Some(Ci { low: 0.88 + shift, high: 0.92 + shift }),
        };
        let columns = vec![column("lfw.accuracy", Unit::Percent, Better::Higher), column("lfw.auc", Unit::Number, Better::Higher)];
        let rows =
            vec![row("a", vec![Some(folds(0.0)), Some(Cell::of([0.99]))]), row("b", vec![Some(folds(0.02)), Some(Cell::of([0.985]))])];
        let table = Table { name: "one".to_owned(), doc: String::new(), baseline: Baseline::First, columns, rows };
        insta::assert_snapshot!(TableView::of(&table).to_string());
    }

    #[test]
    fn a_table_without_numbers_is_still_a_table() {
        let empty = Table { columns: vec![], rows: vec![], ..over_seeds(Baseline::First) };
        assert!(TableView::of(&empty).to_string().starts_with("table\n"));
        let ragged = Table { rows: vec![row("x", vec![]), row("y", vec![None, Some(Cell::default())])], ..over_seeds(Baseline::First) };
        let view = TableView::of(&ragged);
        assert!(view.rows.iter().all(|r| r.cells.iter().all(Option::is_none)));
    }

    #[test]
    fn a_table_wider_than_the_terminal_stands_in_parts_that_fit() {
        let wide = |n: usize| {
            let columns = (0..n).map(|at| column(&format!("protocol{at}.accuracy"), Unit::Percent, Better::Higher)).collect();
            let cells = |shift: f64| (0..n).map(|at| Some(Cell::of([0.5 + shift + at as f64 / 100.0]))).collect();
            Table {
                columns,
                rows: vec![row("a", cells(0.0)), row("b", cells(0.1))],
                ..Table { name: "t".to_owned(), ..over_seeds_table() }
            }
        };
        for (n, width) in [(1, 20), (8, 60), (8, 80), (8, 1000), (40, 100)] {
            let view = TableView::of(&wide(n));
            let text = view.text(width);
            let fits = |line: &str| line.width() <= width.max(40) || view.notes.iter().any(|note| note == line);
            assert!(text.lines().all(fits), "{width}:\n{text}");
            assert!((0..n).all(|at| text.contains(&format!("protocol{at}.accuracy % "))), "{text}");
            assert_eq!(text.matches(&*view.notes[0]).count(), 1);
        }
        assert_eq!(TableView::of(&wide(2)).text(1000), TableView::of(&wide(2)).to_string());
    }

    fn over_seeds_table() -> Table {
        over_seeds(Baseline::First)
    }

    #[test]
    fn a_rounded_zero_has_no_sign() {
        let style = Style { factor: 100.0, decimals: 2, better: Better::Higher };
        assert_eq!([style.spread(0.0), style.spread(1e-6), style.spread(6e-5)], ["0.00", "<0.01", "0.01"]);
        assert_eq!(
            (style.number(-1e-9), style.signed(-1e-9), style.signed(-0.01)),
            ("0.00".to_owned(), "+0.00".to_owned(), "−1.00".to_owned())
        );
    }
}
