//! Fits pieces of text into lines: a group stands on one line if it can, else all of its breaks are taken.

/// The widest line that the formatter writes where it has a choice, in characters.
pub(super) const WIDTH: usize = 120;

/// Blanks for each level of nesting.
const INDENT: usize = 2;

/// A piece of text with places where a line may end.
#[derive(Debug)]
pub(super) enum Piece {
    /// Text without a line's end.
    Text(String),
    /// Lines that are written as they are.
    Verbatim(String),
    /// A blank, or a line's end in a broken group.
    Line,
    /// Nothing, or a line's end in a broken group.
    Soft,
    /// A line's end; breaks the groups around it.
    Hard,
    /// A line's end and an empty line.
    Blank,
    /// A comment that is written at the end of the line; breaks the groups around it.
    Suffix(String),
    /// Text that stands only in a broken group.
    Broken(&'static str),
    /// Deeper by one level.
    Nest(Vec<Piece>),
    /// Breaks all together, or not at all.
    Group(Vec<Piece>, bool),
}

impl Piece {
    /// Text.
    pub fn text(text: impl Into<String>) -> Piece {
        Piece::Text(text.into())
    }

    /// A group, broken from the start where something in it must end a line.
    pub fn group(pieces: Vec<Piece>) -> Piece {
        let broken = pieces.iter().any(Piece::must_break);
        Piece::Group(pieces, broken)
    }

    fn must_break(&self) -> bool {
        match self {
            Piece::Text(_) | Piece::Line | Piece::Soft | Piece::Broken(_) => false,
            Piece::Hard | Piece::Blank | Piece::Suffix(_) => true,
            Piece::Verbatim(text) => text.contains('\n'),
            Piece::Nest(pieces) => pieces.iter().any(Piece::must_break),
            Piece::Group(_, broken) => *broken,
        }
    }
}

/// A piece that is still to be written: its level, and whether its group is broken.
type Pending<'p> = (usize, bool, &'p Piece);

/// Lays the pieces out as lines, the last without an end.
pub(super) fn lay_out(pieces: &[Piece]) -> String {
    let mut page = Page { out: String::new(), column: 0, suffixes: Vec::new() };
    let mut pending: Vec<Pending> = pieces.iter().rev().map(|piece| (0, true, piece)).collect();
    while let Some((level, broken, piece)) = pending.pop() {
        match piece {
            Piece::Text(text) | Piece::Verbatim(text) => page.write(text),
            Piece::Broken(text) if broken => page.write(text),
            Piece::Line if !broken => page.write(" "),
            Piece::Broken(_) => {}
            Piece::Soft if !broken => {}
            Piece::Line | Piece::Soft | Piece::Hard => page.end_line(level),
            Piece::Blank => {
                page.end_line(0);
                page.end_line(level);
            }
            Piece::Suffix(text) => page.suffixes.push(text.clone()),
            Piece::Nest(inner) => pending.extend(inner.iter().rev().map(|piece| (level + 1, broken, piece))),
            Piece::Group(inner, must_break) => {
                let breaks = *must_break || !fits(inner, &pending, WIDTH.saturating_sub(page.column));
                pending.extend(inner.iter().rev().map(|piece| (level, breaks, piece)));
            }
        }
    }
    page.flush();
    page.out
}

struct Page {
    out: String,
    column: usize,
    suffixes: Vec<String>,
}

impl Page {
    fn write(&mut self, text: &str) {
        self.out.push_str(text);
        self.column = match text.rfind('\n') {
            Some(newline) => text[newline + 1..].chars().count(),
            None => self.column + text.chars().count(),
        };
    }

    /// Writes the comments that wait for the line's end.
    fn flush(&mut self) {
        for suffix in self.suffixes.drain(..) {
            let kept = self.out.trim_end_matches(' ').len();
            self.out.truncate(kept);
            self.out.push_str(if self.out.is_empty() || self.out.ends_with('\n') { "" } else { "  " });
            self.out.push_str(&suffix);
        }
    }

    fn end_line(&mut self, level: usize) {
        self.flush();
        let kept = self.out.trim_end_matches(' ').len();
        self.out.truncate(kept);
        self.out.push('\n');
        self.out.push_str(&" ".repeat(level * INDENT));
        self.column = level * INDENT;
    }
}

/// Whether the pieces fit on what is left of the line, with what must follow them there (up to the first place after them that may break).
fn fits(inner: &[Piece], after: &[Pending], room: usize) -> bool {
    let mut room = room;
    let mut stack: Vec<(bool, &Piece)> = inner.iter().rev().map(|piece| (false, piece)).collect();
    let mut after = after.iter().rev();
    let mut inside = true;
    loop {
        let Some((broken, piece)) = stack.pop().or_else(|| {
            inside = false;
            after.next().map(|&(_, broken, piece)| (broken, piece))
        }) else {
            return true;
        };
        let width = match piece {
            Piece::Text(text) => text.chars().count(),
            Piece::Verbatim(text) => text.lines().next().unwrap_or("").chars().count(),
            Piece::Hard | Piece::Blank => return true,
            Piece::Line | Piece::Soft if broken => return true,
            Piece::Line => 1,
            Piece::Soft | Piece::Suffix(_) => 0,
            Piece::Broken(text) => {
                if broken {
                    text.chars().count()
                } else {
                    0
                }
            }
            Piece::Nest(pieces) => {
                stack.extend(pieces.iter().rev().map(|piece| (broken, piece)));
                0
            }
            Piece::Group(pieces, must_break) => {
                let may_break = *must_break || (!inside && broken);
                stack.extend(pieces.iter().rev().map(|piece| (may_break, piece)));
                0
            }
        };
        if width > room {
            return false;
        }
        room -= width;
    }
}
