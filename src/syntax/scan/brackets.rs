//! Matches brackets and cuts the tokens into chunks.

use super::{Chunk, Head, Kind, View};
use crate::DEEPEST;
use ddl_base::diag::{Code, Diagnostic};

/// Errors with the number of the chunk that they make unreadable.
type Errors = Vec<(usize, Diagnostic)>;

/// Cuts the tokens into chunks and reports brackets that don't match or are nested too deeply.
pub(super) fn chunks(view: &View) -> (Vec<Chunk>, Errors) {
    let mut trusting = Cutter::new(view, false);
    trusting.run();
    if trusting.errors.is_empty() {
        return (trusting.chunks, trusting.errors);
    }
    let mut wary = Cutter::new(view, true);
    wary.run();
    (wary.chunks, wary.errors)
}

/// A bracket that is open, and how many `if`s are open directly in it.
struct Frame {
    token: usize,
    bracket: u8,
    ifs: usize,
}

struct Cutter<'a> {
    view: &'a View<'a>,
    /// Whether a declaration's word at the beginning of a line closes all brackets.
    wary: bool,
    /// Whether this chunk had its error; then only the beginning of the next one is looked for.
    lost: bool,
    open: Vec<Frame>,
    ifs: usize,
    /// The first line of documentation since the last token that is none.
    docs: Option<usize>,
    chunks: Vec<Chunk>,
    errors: Errors,
}

impl<'a> Cutter<'a> {
    fn new(view: &'a View<'a>, wary: bool) -> Self {
        Cutter { view, wary, lost: false, open: Vec::new(), ifs: 0, docs: None, chunks: Vec::new(), errors: Vec::new() }
    }

    fn run(&mut self) {
        let mut at = 0;
        while at < self.view.tokens.len() && (self.wary || self.errors.is_empty()) {
            at = self.token(at);
        }
        if let Some(docs) = self.docs.take() {
            self.begin(docs, Head::Nothing);
        }
        self.close_all(None);
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.last = self.view.tokens.len();
        }
    }

    /// Takes the token in and says which comes next.
    fn token(&mut self, at: usize) -> usize {
        let token = &self.view.tokens[at];
        if !self.inside() && token.first && matches!(token.kind, Kind::Doc | Kind::InnerDoc) {
            if token.kind == Kind::InnerDoc {
                if let Some(docs) = self.docs.take() {
                    self.begin(docs, Head::Nothing);
                }
                self.begin(at, Head::InnerDoc);
            } else {
                self.docs.get_or_insert(at);
            }
            return at + 1;
        }
        if let Some(head) = self.head(at) {
            self.close_all(Some(at));
            let first = self.docs.take().unwrap_or(at);
            self.begin(first, head);
            // the edition is its two tokens; whatever else stands on its line is not of it
            return if head == Head::Edition { at + 2 } else { at + 1 };
        }
        let docs = self.docs.take();
        let after_line = matches!(self.chunks.last().map(|chunk| chunk.head), None | Some(Head::Edition | Head::InnerDoc));
        if after_line {
            self.begin(docs.unwrap_or(at), Head::Stray);
        }
        if !self.lost {
            self.nest(at);
        }
        at + 1
    }

    fn inside(&self) -> bool {
        self.lost || !self.open.is_empty()
    }

    fn head(&self, at: usize) -> Option<Head> {
        let inside = self.inside();
        if inside {
            let starts_line = {
                let start = self.view.tokens[at].start;
                start == 0 || self.view.source.text.as_bytes()[start - 1] == b'\n'
            };
            // an unindented `let` in the body of a `def` is of the body
            let inner_let = !self.lost && self.open.len() == 1 && self.open[0].bracket == b'{' && self.view.word(at) == Some("let");
            if !self.wary || !starts_line || inner_let {
                return None;
            }
        }
        self.view.head(at, inside)
    }

    /// Begins a chunk.
    fn begin(&mut self, first: usize, head: Head) {
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.last = first;
        }
        self.chunks.push(Chunk { first, last: first + 1, head, broken: false });
        self.ifs = 0;
        self.lost = false;
    }

    fn report(&mut self, error: Diagnostic) {
        self.open.clear();
        self.lost = true;
        self.errors.push((self.chunks.len().saturating_sub(1), error));
    }

    fn nest(&mut self, at: usize) {
        let token = &self.view.tokens[at];
        match token.kind {
            Kind::Open(bracket) => {
                self.open.push(Frame { token: at, bracket, ifs: 0 });
                self.check_depth(at);
            }
            Kind::Close(bracket) => self.close(at, bracket),
            Kind::Sign(b',') => *self.ifs_here() = 0,
            Kind::Word if self.view.word(at) == Some("if") => {
                *self.ifs_here() += 1;
                self.check_depth(at);
            }
            Kind::Word | Kind::Number | Kind::Text { .. } | Kind::Doc | Kind::InnerDoc | Kind::Sign(_) => {}
        }
    }

    fn ifs_here(&mut self) -> &mut usize {
        self.open.last_mut().map_or(&mut self.ifs, |frame| &mut frame.ifs)
    }

    fn check_depth(&mut self, at: usize) {
        let depth = self.open.len() + self.ifs + self.open.iter().map(|frame| frame.ifs).sum::<usize>();
        if depth > DEEPEST {
            let error = Diagnostic::error(Code::TooDeep, format!("brackets and `if`s are nested more than {DEEPEST} deep"))
                .at(self.span(at), "one too many")
                .help("give the inner part a name with `let`");
            self.report(error);
        }
    }

    fn span(&self, at: usize) -> ddl_base::source::Span {
        let token = &self.view.tokens[at];
        self.view.span(token.start, token.end)
    }

    /// Takes a closing bracket: it closes the innermost bracket of its kind, and those inside of that are unclosed.
    fn close(&mut self, at: usize, bracket: u8) {
        let opener = opener(bracket);
        let here = char::from(bracket);
        if let Some(found) = self.open.iter().rposition(|frame| frame.bracket == opener) {
            let inner = self.open.split_off(found).into_iter().nth(1);
            if let Some(frame) = inner {
                let error = unclosed(frame.bracket)
                    .at(self.span(frame.token), "opened here")
                    .also(self.span(at), format!("this `{here}` comes first"));
                self.report(error);
            }
            return;
        }
        let error = if let Some(frame) = self.open.last() {
            let (open, close) = (char::from(frame.bracket), char::from(closer(frame.bracket)));
            Diagnostic::error(Code::MismatchedBracket, format!("`{here}` closes nothing: a `{open}` is open"))
                .at(self.span(at), format!("expected `{close}`"))
                .also(self.span(frame.token), "opened here")
        } else {
            Diagnostic::error(Code::StrayBracket, format!("`{here}` closes nothing")).at(self.span(at), "no bracket is open here")
        };
        self.report(error);
    }

    /// Reports the outermost bracket that is still open; `before` is the declaration that shows it.
    fn close_all(&mut self, before: Option<usize>) {
        let Some(frame) = std::mem::take(&mut self.open).into_iter().next() else { return };
        let error = unclosed(frame.bracket).at(self.span(frame.token), "opened here");
        let error = if let Some(at) = before {
            error.also(self.span(at), "the next declaration begins here")
        } else {
            let end = self.view.tokens.last().map_or(0, |token| token.end);
            error.also(self.view.span(end, end), "the file ends here")
        };
        self.report(error);
    }
}

fn unclosed(bracket: u8) -> Diagnostic {
    let (open, close) = (char::from(bracket), char::from(closer(bracket)));
    Diagnostic::error(Code::UnclosedBracket, format!("this `{open}` is not closed")).help(format!("add the `{close}` that closes it"))
}

const fn closer(bracket: u8) -> u8 {
    match bracket {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

const fn opener(bracket: u8) -> u8 {
    match bracket {
        b')' => b'(',
        b']' => b'[',
        _ => b'{',
    }
}
