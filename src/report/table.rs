//! A table as people read it: means with their spread, paired differences, and marks for what is beyond the noise.

use super::model::{Better, Cell, Column, Row, Table, Unit};
use crate::eval::{Ci, Difference, FEWEST_REPLICATES, Place, Spread, Untold, holm, over_parts, paired, parts};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
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
    /// The row that it is compared with, where not all are compared with one.
    pub against: Option<String>,
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
    /// Nothing tells the noise: too few replicates, folds or errors.
    Unknown,
}

/// The chance of a false mark among all of a table.
const LEVEL: f64 = 0.05;

/// A paired difference of a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    /// The row's place.
    pub row: usize,
    /// The place of the row that it is compared with.
    pub against: usize,
    /// The column's place.
    pub column: usize,
    /// The difference.
    pub difference: Difference,
    /// Whether it is over replicates; else over the folds, or people, of one.
    pub over_replicates: bool,
    /// It is beyond the noise, all differences of the table taken together (Holm).
    pub marked: bool,
}

/// What a difference compares, whichever of both numbers it is taken from, and by whatever names; of numbers of which that is not known,
/// its own place.
type Same<'t> = ([&'t str; 2], Option<(usize, usize)>);

fn same_as<'t>(table: &'t Table, it: &Compared) -> Same<'t> {
    let measures = |row: usize| cell_of(&table.rows[row], it.column).map_or("", |cell| cell.measures.as_str());
    let mut both = [measures(it.against), measures(it.row)];
    both.sort_unstable();
    (both, both.contains(&"").then_some((it.row, it.column)))
}

/// All paired differences of a table, row by row.
pub fn compared(table: &Table) -> Vec<Compared> {
    let mut found = Vec::new();
    for (row, it) in table.rows.iter().enumerate() {
        let Some((against, base)) = it.against.filter(|_| !it.published).and_then(|at| Some((at, table.rows.get(at)?))) else { continue };
        for column in 0..table.columns.len() {
            let (Some(a), Some(b)) = (cell_of(base, column), cell_of(it, column)) else { continue };
            let pairs = joined(a, b);
            let over_replicates = pairs.len() > 1;
            let difference = match pairs.as_slice() {
                [(_, one, other)] => over_parts(*one, *other, &a.without, &b.without),
                pairs => match paired(pairs, |axis| b.silent.contains_key(axis)) {
                    Ok(difference) => difference,
                    Err(_) => continue, // in no arm are both
                },
            };
            found.push(Compared { row, against, column, difference, over_replicates, marked: false });
        }
    }
    let mut once: IndexMap<Same, Vec<usize>> = IndexMap::new();
    for at in (0..found.len()).filter(|at| found[*at].difference.noise.is_some()) {
        once.entry(same_as(table, &found[at])).or_default().push(at);
    }
    let chances: Vec<f64> = once.values().filter_map(|same| Some(found[*same.first()?].difference.noise?.p)).collect();
    for (same, marked) in once.into_values().zip(holm(&chances, LEVEL)) {
        same.into_iter().for_each(|at| found[at].marked = marked);
    }
    found
}

impl TableView {
    /// Writes out a table. Cells beyond the columns are ignored, missing ones are empty.
    pub fn of(table: &Table) -> Self {
        let styles: Vec<Style> = table.columns.iter().enumerate().map(|(at, column)| Style::of(column, at, &table.rows)).collect();
        let compared = compared(table);
        let at_place: BTreeMap<(usize, usize), &Compared> = compared.iter().map(|it| ((it.row, it.column), it)).collect();
        let mut rows = Vec::new();
        for (place, row) in table.rows.iter().enumerate() {
            let cell = |(at, style): (usize, &Style)| {
                let difference = at_place.get(&(place, at)).map(|it| style.judged(it));
                style.cell(cell_of(row, at)?, difference)
            };
            let cells = styles.iter().enumerate().map(cell).collect();
            rows.push(RowView { label: row.label.clone(), published: row.published, against: None, cells });
        }
        let bases: BTreeSet<usize> = table.rows.iter().filter_map(|row| row.against).collect();
        if bases.len() > 1 {
            // what a row is compared with stands beside its differences
            for (row, view) in table.rows.iter().zip(&mut rows) {
                view.against = row.against.and_then(|at| table.rows.get(at)).map(|base| base.label.clone());
            }
        }
        let headings = table.columns.iter().map(heading).collect();
        TableView { name: table.name.clone(), doc: table.doc.clone(), headings, notes: notes(table, &rows, &compared), rows }
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

fn notes(table: &Table, rows: &[RowView], compared: &[Compared]) -> Vec<String> {
    let mut notes = vec!["↑ higher is better, ↓ lower is better.".to_owned()];
    let replicates = table.rows.iter().flat_map(|r| r.cells.iter().flatten()).map(|c| c.values.len() as u64).filter(|n| *n > 1);
    if let Some(replicates) = from_to(replicates) {
        notes.push(format!("mean ± standard deviation over {replicates} replicates."));
    }
    if rows.iter().flat_map(|r| r.cells.iter().flatten()).any(|c| c.ci.is_some()) {
        notes.push("[low, high] below a single value: its 95 % interval.".to_owned());
    }
    if !compared.is_empty() {
        let base = table.rows.iter().find_map(|row| row.against).and_then(|at| table.rows.get(at));
        let against = match base {
            Some(base) if rows.iter().all(|row| row.against.is_none()) => format!("`{}`", base.label),
            _ => "the row that is named there".to_owned(),
        };
        notes.push(format!("Below a value: its paired difference from {against}."));
        notes.extend(marks(table, compared));
    }
    let single =
        table.rows.iter().filter(|row| !row.published).flat_map(|row| row.cells.iter().flatten()).filter(|cell| cell.values.len() == 1);
    if single.clone().any(|cell| cell.ci.is_none()) {
        notes.push(format!(
            "No interval where there is too little to tell one: below {} folds (or people), {} errors, {} expected false accepts; of pairs in no folds, or of people in several; of a number that was chosen.",
            parts::FEWEST_PARTS, parts::FEWEST_ERRORS, parts::FEWEST_FALSE_ACCEPTS
        ));
    }
    if rows.iter().any(|row| row.published) {
        let from = |row: &Row| Some(format!("`{}` from {}", row.label, crate::text::on_one_line(row.source.as_ref()?)));
        let sources: Vec<String> = table.rows.iter().filter_map(from).collect();
        let sources = if sources.is_empty() { String::new() } else { format!(": {}", sources.join("; ")) };
        notes.push(format!("† published, not measured here{sources}."));
    }
    notes
}

/// The smallest and the largest of some numbers, in words.
fn from_to(numbers: impl Iterator<Item = u64> + Clone) -> Option<String> {
    let (least, most) = (numbers.clone().min()?, numbers.max()?);
    Some(if least == most { least.to_string() } else { format!("{least} to {most}") })
}

/// What the marks mean, and where none can be.
fn marks(table: &Table, compared: &[Compared]) -> Vec<String> {
    let told: Vec<&Compared> = compared.iter().filter(|it| it.difference.noise.is_some()).collect();
    let mut notes = Vec::new();
    if !told.is_empty() {
        let over_replicates = told.iter().filter(|it| it.over_replicates);
        let tests: Vec<(u64, u64)> = over_replicates.filter_map(|it| Some((u64::from(it.difference.n), it.difference.noise?.df))).collect();
        // of several axes each counts by its own values
        let fewer = tests.iter().any(|(n, df)| df + 1 < *n);
        let freedom = if fewer { from_to(tests.iter().map(|(_, df)| *df)) } else { None };
        let freedom = freedom.map_or_else(String::new, |df| format!(" with {df} degrees of freedom, each axis by its own values"));
        let replicates = from_to(tests.iter().map(|(n, _)| *n)).map(|n| format!("over {n} replicates{freedom}"));
        let parts = told.iter().any(|it| !it.over_replicates).then(|| "over the folds, or people, of one replicate".to_owned());
        let by: Vec<String> = replicates.into_iter().chain(parts).collect();
        let count = told.iter().map(|it| same_as(table, it)).collect::<BTreeSet<_>>().len();
        let level = LEVEL * 100.0;
        let all = if count == 1 { String::new() } else { format!(", for all {count} differences at once (Holm)") };
        notes.push(format!("* beyond the noise: paired t test {} at {level} %{all}.", by.join("; ")));
    }
    if told.len() < compared.len() {
        let missing = compared.len() - told.len();
        notes.push(format!(
            "{missing} of {} differences can have no mark: a spread is told by {FEWEST_REPLICATES} replicates that differ, or by {} folds or people of a number with an interval.",
            compared.len(),
            parts::FEWEST_PARTS
        ));
    }
    let mut silent: BTreeMap<&Untold, BTreeSet<&str>> = BTreeMap::new();
    for cell in compared.iter().filter_map(|it| cell_of(&table.rows[it.row], it.column)) {
        cell.silent.iter().for_each(|(axis, why)| {
            silent.entry(why).or_default().insert(axis);
        });
    }
    notes.extend(silent.into_iter().map(|(why, axes)| {
        let axes = axes.into_iter().map(|axis| format!("`{axis}`")).collect::<Vec<_>>().join(", ");
        format!("No noise is told over {axes} where {why}.")
    }));
    notes
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

    fn judged(&self, compared: &Compared) -> DifferenceView {
        let Difference { mean, sd, noise, .. } = compared.difference;
        let verdict = match noise {
            None => Verdict::Unknown,
            Some(_) if !compared.marked => Verdict::Noise,
            Some(_) if self.better.improves(mean, 0.0) => Verdict::Better,
            Some(_) => Verdict::Worse,
        };
        DifferenceView { value: self.signed(mean), sd: sd.map(|sd| self.spread(sd)), verdict }
    }
}

/// The values of two cells in the arms in which both are: a model that does not depend on the seed is the same in every arm.
fn joined(base: &Cell, cell: &Cell) -> Vec<(Place, f64, f64)> {
    let arm = |cell: &Cell, at: usize| cell.arms.get(at).cloned().unwrap_or_default();
    let agree = |a: &Place, b: &Place| a.iter().all(|(axis, value)| b.get(axis).is_none_or(|it| it == value));
    let mut pairs = Vec::new();
    for (at, a) in base.values.iter().enumerate() {
        for (other, b) in cell.values.iter().enumerate() {
            let (mut here, there) = (arm(base, at), arm(cell, other));
            if agree(&here, &there) {
                here.extend(there);
                pairs.push((here, *a, *b));
            }
        }
    }
    pairs
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
        let against = |row: &RowView| row.against.as_ref().map_or(String::new(), |base| format!("  against {base}"));
        let label_width = self.rows.iter().map(|row| label(row).width().max(against(row).width())).max().unwrap_or(0);
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
                writeln!(f, "{}", line(&against(row), &|column| column.differences[at].clone()))?;
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
    use crate::random::Draw;

    fn column(label: &str, unit: Unit, better: Better) -> Column {
        Column { label: label.to_owned(), unit, better }
    }

    fn row(label: &str, cells: Vec<Option<Cell>>) -> Row {
        Row { label: label.to_owned(), published: false, source: None, against: None, cells }
    }

    fn over(values: [f64; 3]) -> Cell {
        let arms = (1..=3).map(|seed| [("seed".to_owned(), seed.to_string())].into_iter().collect()).collect();
        Cell { values: values.to_vec(), arms, ..Cell::default() }
    }

    fn cells(of: [[f64; 3]; 3]) -> Vec<Option<Cell>> {
        Vec::from(of.map(|values| Some(over(values))))
    }

    /// A table whose rows are compared with these.
    fn over_seeds(against: [Option<usize>; 4]) -> Table {
        let columns = vec![
            column("pose.accuracy", Unit::Percent, Better::Higher),
            column("pose.eer", Unit::Percent, Better::Lower),
            column("pose.gap", Unit::Number, Better::Higher),
        ];
        let rows = vec![
            row("pretrained", vec![Some(Cell::of([0.881])), Some(Cell::of([0.129])), Some(Cell::of([0.325]))]),
            row("ArcFace-FT", cells([[0.911, 0.909, 0.912], [0.101, 0.103, 0.1], [0.366, 0.364, 0.367]])),
            row("DDL", cells([[0.913, 0.908, 0.911], [0.096, 0.0975, 0.0945], [0.38, 0.378, 0.382]])),
            Row { published: true, source: Some("顔 et al., 2020".to_owned()), ..row("顔 2020", vec![Some(Cell::of([0.9853])), None]) },
        ];
        let rows = rows.into_iter().zip(against).map(|(row, against)| Row { against, ..row }).collect();
        Table { name: "table".to_owned(), doc: String::new(), columns, rows }
    }

    #[test]
    fn a_table_over_seeds_against_the_first_row() {
        insta::assert_snapshot!(TableView::of(&over_seeds([None, Some(0), Some(0), None])).to_string());
    }

    #[test]
    fn a_table_over_seeds_against_several_rows() {
        insta::assert_snapshot!(TableView::of(&over_seeds([None, Some(0), Some(1), None])).to_string());
    }

    #[test]
    fn a_table_of_one_seed_is_judged_by_folds() {
        let folds = |shift: f64| Cell {
            values: vec![0.9 + shift],
            arms: Vec::new(),
            without: (0..10).map(|i| 0.9 + shift + 0.002 * (1.0 + 4.0 * shift) * f64::from(i % 4)).collect(),
            ci: Some(Ci { low: 0.88 + shift, high: 0.92 + shift }),
            ..Cell::default()
        };
        let columns = vec![column("lfw.accuracy", Unit::Percent, Better::Higher), column("lfw.auc", Unit::Number, Better::Higher)];
        let rows = vec![
            row("a", vec![Some(folds(0.0)), Some(Cell::of([0.99]))]),
            Row { against: Some(0), ..row("b", vec![Some(folds(0.02)), Some(Cell::of([0.985]))]) },
        ];
        let table = Table { name: "one".to_owned(), doc: String::new(), columns, rows };
        insta::assert_snapshot!(TableView::of(&table).to_string());
    }

    #[test]
    fn of_many_differences_few_are_marked() {
        // twenty methods by six columns, of seeds that differ by nothing but noise
        let noise = |row: u64, column: u64, seed: u64| Draw::new(7, "noise").number(row).number(column).number(seed).unit();
        let cell = |row, column| Some(over([0, 1, 2].map(|seed| 0.9 + 0.01 * noise(row, column, seed))));
        let columns = (0..6).map(|at| column(&format!("c{at}"), Unit::Percent, Better::Higher)).collect();
        let rows =
            (0..20).map(|at| Row { against: (at > 0).then_some(0), ..row(&format!("m{at}"), (0..6).map(|c| cell(at, c)).collect()) });
        let table = Table { name: "many".to_owned(), doc: String::new(), columns, rows: rows.collect() };
        let compared = compared(&table);
        let alone = compared.iter().filter(|it| it.difference.noise.is_some_and(|noise| noise.p < 0.05)).count();
        assert_eq!((compared.len(), compared.iter().filter(|it| it.marked).count()), (19 * 6, 0));
        assert!(alone > 0, "some would be marked if each stood alone");
    }

    #[test]
    fn too_few_replicates_have_no_mark() {
        let two = |a: f64, b: f64| Some(Cell { values: vec![a, b], ..over([0.0; 3]) });
        let rows = vec![row("a", vec![two(0.8, 0.8)]), Row { against: Some(0), ..row("b", vec![two(0.9, 0.9)]) }];
        let table = Table { name: "two".to_owned(), doc: String::new(), columns: vec![column("c", Unit::Percent, Better::Higher)], rows };
        let view = TableView::of(&table);
        assert_eq!(view.rows[1].cells[0].as_ref().unwrap().difference.as_ref().unwrap().verdict, Verdict::Unknown);
        assert!(view.notes.iter().any(|note| note.starts_with("1 of 1 differences can have no mark")), "{:?}", view.notes);
    }

    #[test]
    fn a_table_without_numbers_is_still_a_table() {
        let empty = Table { columns: vec![], rows: vec![], ..over_seeds([None, Some(0), Some(0), None]) };
        assert!(TableView::of(&empty).to_string().starts_with("table\n"));
        let ragged = Table {
            rows: vec![row("x", vec![]), row("y", vec![None, Some(Cell::default())])],
            ..over_seeds([None, Some(0), Some(0), None])
        };
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
        over_seeds([None, Some(0), Some(0), None])
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
