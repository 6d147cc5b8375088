//! Text to tree ([`parse`]), tree to text. Knows the surface of the language and no operator, no type, no file.
//!
//! ```text
//!  text ──scan──▶ one chunk for each declaration ──grammar (pest)──▶ pairs ──build──▶ tree
//!                                                        └──complain──▶ a diagnostic, and junk in the tree
//! ```

#![allow(clippy::cast_possible_truncation, reason = "places in recipes, which are shorter than 2^32 bytes")]

mod build;
mod complain;
mod dump;
mod format;
mod grammar;
mod scan;
pub mod tree;

pub use dump::dump;
pub use format::format;

use ddl_base::diag::{Code, Diagnostic, Diagnostics, Spot, did_you_mean, meant};
use ddl_base::source::{LONGEST_SOURCE, Source, Span};
use scan::{Chunk, Head, Kind, Scan};
use tree::{Doc, Edition, File, FixedWord, Item, ItemKind, Junk, Reserved, Word};

/// The edition that this version knows.
pub const EDITION: u32 = 1;

/// How deep brackets and `if`s may be nested.
pub const DEEPEST: usize = 64;

/// How many operators an expression may have, those inside its brackets not counted.
pub const MOST_OPERATORS: usize = 1_000;

/// How deep a tree may be, from a declaration to its innermost expression, so that a walk of it may recurse.
pub const DEEPEST_TREE: usize = 256;

/// Whether a word begins a declaration.
pub fn begins_a_declaration(word: &str) -> bool {
    scan::is_item_word(word)
}

/// What a text says.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// Its tree; declarations that could not be read are [`ItemKind::Junk`].
    pub file: File,
    /// What is wrong with it, in the order of the text. All are errors.
    pub errors: Vec<Diagnostic>,
}

/// Reads a recipe. Any text gives a tree; each broken declaration gives an error and hides no other.
pub fn parse(source: &Source) -> Parsed {
    let span = Span::new(source.id, 0, source.text.len().min(u32::MAX as usize) as u32);
    let mut file = File { edition: None, inner_docs: Vec::new(), items: Vec::new(), comments: Vec::new(), span };
    if source.text.len() > LONGEST_SOURCE {
        let error = Diagnostic::error(Code::TooLong, format!("a recipe has at most {LONGEST_SOURCE} bytes")).at(span.first(), "");
        return Parsed { file, errors: vec![error] };
    }
    let Scan { comments, tokens, chunks, errors } = scan::scan(source);
    file.comments = comments;
    let mut reader = Reader { source, tokens: &tokens, file, errors: errors.into() };
    for chunk in &chunks {
        reader.chunk(chunk);
    }
    reader.finish()
}

/// Reads the chunks of one source.
struct Reader<'a> {
    source: &'a Source,
    tokens: &'a [scan::Token],
    file: File,
    errors: Diagnostics,
}

impl Reader<'_> {
    fn chunk(&mut self, chunk: &Chunk) {
        match chunk.head {
            Head::Edition => self.edition(chunk),
            Head::Item(at) => self.items(chunk, at),
            Head::Reserved(at) => self.reserved(chunk, at),
            Head::Unknown(at) => self.unknown(chunk, at),
            Head::InnerDoc => self.inner_doc(chunk),
            Head::Nothing => {
                let error = Diagnostic::error(Code::MisplacedDoc, "this documentation documents nothing")
                    .at(self.span_of(chunk), "no declaration follows")
                    .help("write `//` for a comment");
                self.errors.push(error);
            }
            Head::Stray => self.stray(chunk),
        }
    }

    /// `100 // 16`: a division elsewhere, and here a number and a comment.
    fn divisions(&mut self) {
        for comment in self.file.comments.iter().filter(|comment| !comment.own_line) {
            let said = comment.text.trim_start_matches('/').trim();
            let number = said.trim_end_matches([',', ')', ']', '}']).trim_end();
            let is_number =
                number.starts_with(|it: char| it.is_ascii_digit()) && number.chars().all(|it| it.is_ascii_digit() || ".e_".contains(it));
            let before = self.source.text[..comment.span.start as usize].trim_end();
            let after_number = before.ends_with(|it: char| it.is_ascii_alphanumeric() || it == ')');
            if is_number && after_number && comment.text.starts_with("//") && !comment.text.starts_with("///") {
                let warning = Diagnostic::warning(Code::CommentDivides, "`//` begins a comment: nothing is divided here");
                let warning = warning.at(comment.span, "a comment");
                self.errors.push(warning.help(format!("write `/ {number}`, or say in words what the comment means")));
            }
        }
    }

    fn finish(mut self) -> Parsed {
        self.divisions();
        if self.file.edition.is_none() && !self.errors.iter().any(|error| error.code == Code::UnknownEdition) {
            let first = self.tokens.first().map_or(self.file.span.first(), |token| self.span(token.start, token.end).first());
            let error = Diagnostic::error(Code::MissingEdition, "a recipe begins with its edition")
                .at(first, format!("`ddl {EDITION}` is missing"))
                .help(format!("write `ddl {EDITION}` on the first line"));
            self.errors.push(error);
        }
        Parsed { file: self.file, errors: self.errors.into_sorted() }
    }

    fn edition(&mut self, chunk: &Chunk) {
        let digits = &self.tokens[chunk.first + 1];
        let number = &self.source.text[digits.range()];
        let span = self.span(self.tokens[chunk.first].start, digits.end);
        if let Some(before) = self.file.edition {
            let error = Diagnostic::error(Code::MisplacedEdition, "the edition is said twice")
                .at(span, "said again")
                .also(before.span, "first said here");
            self.errors.push(error);
        } else if number == EDITION.to_string() {
            self.file.edition = Some(Edition { number: EDITION, span });
            if let Some(item) = self.file.items.first() {
                let error = Diagnostic::error(Code::MisplacedEdition, "the edition comes first")
                    .at(span, "after a declaration")
                    .also(item.span.first(), "it belongs before this")
                    .help(format!("move `ddl {EDITION}` to the first line"));
                self.errors.push(error);
            }
        } else {
            let error = Diagnostic::error(Code::UnknownEdition, format!("there is no edition `{number}` that this ddl knows"))
                .at(self.span(digits.start, digits.end), format!("this ddl reads edition {EDITION}"))
                .help("a newer ddl may know it: `ddl --version` shows this one's");
            self.errors.push(error);
        }
    }

    fn items(&mut self, chunk: &Chunk, head: usize) {
        if chunk.broken {
            return self.junk(chunk, head);
        }
        let (start, end) = (self.tokens[chunk.first].start, self.tokens[chunk.last - 1].end);
        let before = |offset: usize| self.file.comments.partition_point(|comment| (comment.span.start as usize) < offset);
        let comments = &self.file.comments[before(start)..before(end)];
        match build::declarations(self.source, start..end, comments) {
            Ok((items, errors)) => {
                self.file.items.extend(items);
                self.errors.extend(errors);
            }
            Err(error) => {
                self.errors.push(complain::complain(self.source, &self.tokens[chunk.first..chunk.last], &error));
                self.junk(chunk, head);
            }
        }
    }

    fn junk(&mut self, chunk: &Chunk, head: usize) {
        let names = self.declared(chunk, head);
        self.push(chunk, head, ItemKind::Junk(Junk { names }));
    }

    fn push(&mut self, chunk: &Chunk, head: usize, kind: ItemKind) {
        let docs = self.tokens[chunk.first..head].iter().map(|token| self.doc(token)).collect();
        let span = self.span(self.tokens[head].start, self.tokens[chunk.last - 1].end);
        self.file.items.push(Item { docs, kind, span });
    }

    fn doc(&self, token: &scan::Token) -> Doc {
        build::doc(&self.source.text[token.range()], self.span(token.start, token.end))
    }

    /// The names that a broken declaration seems to declare.
    fn declared(&self, chunk: &Chunk, head: usize) -> Vec<Word> {
        let tokens = &self.tokens[head..chunk.last];
        let is_word = |token: &&scan::Token| token.kind == Kind::Word && !scan::RESERVED_WORDS.contains(&self.text(token));
        let word = |token: &scan::Token| Word { text: self.text(token).to_owned(), span: self.span(token.start, token.end) };
        let braced =
            |tokens: &[scan::Token]| tokens.iter().take_while(|token| token.kind != Kind::Close(b'}')).filter(is_word).map(word).collect();
        if self.text(&tokens[0]) == "use" {
            if let Some(alias) = tokens.iter().position(|token| self.text(token) == "as") {
                return tokens[alias + 1..].iter().take(1).filter(is_word).map(word).collect();
            }
            return match tokens.iter().position(|token| token.kind == Kind::Open(b'{')) {
                Some(brace) => braced(&tokens[brace..]),
                None => tokens[1..].iter().rfind(is_word).map(word).into_iter().collect(),
            };
        }
        match tokens.get(1).map(|token| token.kind) {
            Some(Kind::Open(b'{')) => braced(&tokens[1..]),
            Some(_) => tokens[1..2].iter().filter(is_word).map(word).collect(),
            None => Vec::new(),
        }
    }

    fn reserved(&mut self, chunk: &Chunk, head: usize) {
        let token = |at: usize| &self.tokens[at];
        let word = |token: &scan::Token| Word { text: self.text(token).to_owned(), span: self.span(token.start, token.end) };
        let kind = Reserved { word: word(token(head)), name: Some(word(token(head + 1))) };
        let what = if kind.word.text == "term" { "losses" } else { "margins" };
        let error = Diagnostic::error(Code::Reserved, format!("`{}` is not there yet", kind.word.text))
            .at(kind.word.span, "reserved for a later release")
            .help(format!("{what} that are written in a recipe will be declared so; until then use one that ddl has"));
        self.errors.push(error);
        self.push(chunk, head, ItemKind::Term(kind));
    }

    fn unknown(&mut self, chunk: &Chunk, head: usize) {
        let (word, next) = (&self.tokens[head], &self.tokens[head + 1]);
        let text = self.text(word);
        let (error, name) = if next.kind == Kind::Word {
            let known = FixedWord::ALL.iter().map(|word| word.text()).chain(scan::OTHER_ITEM_WORDS);
            let near = || did_you_mean(text, known).map(|near| format!("did you mean `{near}`?"));
            let help = meant(Spot::Start, text).map(str::to_owned).or_else(near).unwrap_or_else(|| {
                "a declaration begins with a word that says what it is: `dataset`, `stage`, `eval`, `let`, …".to_owned()
            });
            let error = Diagnostic::error(Code::UnknownDeclaration, format!("no declaration begins with `{text}`"))
                .at(self.span(word.start, word.end), "unknown")
                .help(help);
            (error, next)
        } else {
            let error = Diagnostic::error(Code::UnknownDeclaration, format!("`{text}` is declared without a word that says what it is"))
                .at(self.span(word.start, word.end), "a word such as `let` is missing before this")
                .help(format!("write `let {text} = …`, or `dataset`, `stage`, … for `let` to have its type checked"));
            (error, word)
        };
        let names = vec![Word { text: self.text(name).to_owned(), span: self.span(name.start, name.end) }];
        if !chunk.broken {
            self.errors.push(error);
        }
        self.push(chunk, head, ItemKind::Junk(Junk { names }));
    }

    fn inner_doc(&mut self, chunk: &Chunk) {
        let token = &self.tokens[chunk.first];
        if self.file.items.is_empty() {
            self.file.inner_docs.push(self.doc(token));
        } else {
            let error = Diagnostic::error(Code::MisplacedDoc, "`//!` stands at the top of a recipe, before its first declaration")
                .at(self.span(token.start, token.end), "after a declaration")
                .help("write `///` to document the declaration that follows, or `//` for a comment");
            self.errors.push(error);
        }
    }

    fn stray(&mut self, chunk: &Chunk) {
        let at = (chunk.first..chunk.last).find(|&at| self.tokens[at].kind != Kind::Doc).unwrap_or(chunk.first);
        let token = &self.tokens[at];
        let span = self.span(token.start, token.end);
        if self.text(token) == "ddl" && self.file.edition.is_none() {
            let error = Diagnostic::error(Code::UnknownEdition, "the edition is a number")
                .at(span, format!("expected `ddl {EDITION}`"))
                .help(format!("write `ddl {EDITION}`"));
            self.errors.push(error);
        } else if !chunk.broken {
            self.errors.push(complain::not_a_declaration(self.source, token, span));
        }
        self.push(chunk, at, ItemKind::Junk(Junk { names: Vec::new() }));
    }

    fn span_of(&self, chunk: &Chunk) -> Span {
        self.span(self.tokens[chunk.first].start, self.tokens[chunk.last - 1].end)
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source.id, start as u32, end as u32)
    }

    fn text(&self, token: &scan::Token) -> &str {
        &self.source.text[token.range()]
    }
}
