//! Declarations and types.

use super::layout::Piece;
use super::{Element, Formatter, doc_line};
use crate::tree::{
    AxisWord, Def, Doc, Expr, Fixed, Formal, InnerLet, Item, ItemKind, Param, Sink, Target, TypeExpr, TypeKind, Use, UseSource, Word,
};
use ddl_base::source::Span;

impl Formatter<'_> {
    pub(super) fn item(&self, item: &Item) -> Vec<Piece> {
        match &item.kind {
            ItemKind::Use(import) => self.import(import, item.span.end),
            ItemKind::Param(param) => self.param(param),
            ItemKind::Axis(axis) => {
                let word = match axis.word {
                    AxisWord::Sweep => "sweep",
                    AxisWord::Replicate => "replicate",
                };
                let mut pieces = vec![Piece::text(format!("{word} {} in ", target(&axis.target)))];
                pieces.extend(self.expr(&axis.values));
                pieces
            }
            ItemKind::Fixed(fixed) => self.fixed(fixed),
            ItemKind::Export(sink) => self.sink("export", sink),
            ItemKind::Expect(sink) => self.sink("expect", sink),
            ItemKind::Def(def) => self.def(def, item.span.end),
            ItemKind::Term(_) | ItemKind::Junk(_) => vec![self.verbatim(item.span)],
        }
    }

    fn import(&self, import: &Use, end: u32) -> Vec<Piece> {
        let mut pieces = vec![Piece::text("use ")];
        match &import.source {
            UseSource::Module { path, names, span } => {
                pieces.push(Piece::text(words(path, ".")));
                if !names.is_empty() {
                    let names = names.iter().map(|name| -> (Span, Element) {
                        let text = name.text.clone();
                        (name.span, Box::new(move || vec![Piece::text(text)]))
                    });
                    pieces.push(self.bracketed(".{", names.collect(), span.end, "}"));
                }
            }
            UseSource::File(text) => pieces.push(Piece::text(super::exprs::string(text))),
        }
        if !import.with.is_empty() {
            pieces.push(Piece::text(" with "));
            let end = import.alias.as_ref().map_or(end, |alias| alias.span.start);
            pieces.push(self.args(&import.with, end));
        }
        if let Some(alias) = &import.alias {
            pieces.push(Piece::text(format!(" as {}", alias.text)));
        }
        pieces
    }

    fn param(&self, param: &Param) -> Vec<Piece> {
        let mut pieces = vec![Piece::text(format!("param {} : ", param.name.text))];
        self.typed(&mut pieces, &param.ty, param.range.as_ref(), param.default.as_ref());
        pieces
    }

    /// `type in range = default`
    fn typed(&self, pieces: &mut Vec<Piece>, of: &TypeExpr, range: Option<&Expr>, default: Option<&Expr>) {
        pieces.extend(self.ty(of));
        for (word, value) in [(" in ", range), (" = ", default)] {
            if let Some(value) = value {
                pieces.push(Piece::text(word));
                pieces.extend(self.expr(value));
            }
        }
    }

    fn fixed(&self, fixed: &Fixed) -> Vec<Piece> {
        self.binding(fixed.word.text(), &fixed.target, fixed.annotation.as_ref(), &fixed.value)
    }

    fn binding(&self, word: &str, to: &Target, annotation: Option<&TypeExpr>, value: &Expr) -> Vec<Piece> {
        let mut pieces = vec![Piece::text(format!("{word} {}", target(to)))];
        if let Some(annotation) = annotation {
            pieces.push(Piece::text(" : "));
            pieces.extend(self.ty(annotation));
        }
        pieces.push(Piece::text(" = "));
        pieces.extend(self.expr(value));
        pieces
    }

    fn sink(&self, word: &str, sink: &Sink) -> Vec<Piece> {
        let mut pieces = vec![Piece::text(format!("{word} {} = ", sink.name.text))];
        pieces.extend(self.expr(&sink.value));
        pieces
    }

    fn def(&self, def: &Def, end: u32) -> Vec<Piece> {
        let formals = def.formals.iter().map(|formal| -> (Span, Element) {
            let start = formal.docs.first().map_or(formal.span, |doc| doc.span);
            (start, Box::new(|| self.formal(formal)))
        });
        let mut pieces = vec![Piece::text(format!("def {}", def.name.text))];
        pieces.push(self.bracketed("(", formals.collect(), def.result.span.start, ")"));
        pieces.push(Piece::text(" -> "));
        pieces.extend(self.ty(&def.result));
        pieces.push(Piece::text(" {"));
        pieces.push(self.body(def, end));
        pieces.push(Piece::text("}"));
        pieces
    }

    fn body(&self, def: &Def, end: u32) -> Piece {
        let mut inner = Vec::new();
        let mut before: Option<u32> = None;
        for statement in &def.lets {
            let start = statement.docs.first().map_or(statement.span.start, |doc| doc.span.start);
            self.statement(&mut inner, &mut before, start, statement.span, || self.inner_let(statement));
        }
        let returned = def.returned.span;
        self.statement(&mut inner, &mut before, returned.start, returned, || {
            let mut pieces = vec![Piece::text("return ")];
            pieces.extend(self.expr(&def.returned));
            pieces
        });
        let (ending, mut above) = self.comments(end);
        inner.extend(ending);
        if above.pop().is_some() {
            inner.push(Piece::Hard);
            inner.extend(above);
        }
        let last = if def.lets.is_empty() { Piece::Line } else { Piece::Hard };
        Piece::group(vec![Piece::Nest(inner), last])
    }

    /// A statement of a body on its own line, after a blank line where the source has some.
    fn statement(&self, inner: &mut Vec<Piece>, before: &mut Option<u32>, start: u32, span: Span, write: impl FnOnce() -> Vec<Piece>) {
        let first_comment = self.comments[self.next.get()..].first().filter(|comment| comment.own_line && comment.span.start < start);
        let from = first_comment.map_or(start, |comment| comment.span.start);
        let (ending, above) = self.comments(start);
        inner.extend(ending);
        inner.push(match before {
            Some(end) if self.blank_between(*end, from) => Piece::Blank,
            Some(_) => Piece::Hard,
            None => Piece::Line,
        });
        inner.extend(above);
        inner.extend(write());
        *before = Some(span.end);
    }

    fn blank_between(&self, end: u32, start: u32) -> bool {
        let between = self.source.text.get(end as usize..start as usize).unwrap_or("");
        let lines: Vec<&str> = between.split('\n').collect();
        lines.len() > 2 && lines[1..lines.len() - 1].iter().any(|line| line.trim().is_empty())
    }

    fn inner_let(&self, statement: &InnerLet) -> Vec<Piece> {
        let mut pieces = docs(&statement.docs);
        pieces.extend(self.binding("let", &statement.target, statement.annotation.as_ref(), &statement.value));
        pieces
    }

    fn formal(&self, formal: &Formal) -> Vec<Piece> {
        let mut pieces = docs(&formal.docs);
        pieces.push(Piece::text(format!("{}: ", formal.name.text)));
        self.typed(&mut pieces, &formal.ty, formal.range.as_ref(), formal.default.as_ref());
        pieces
    }

    fn ty(&self, of: &TypeExpr) -> Vec<Piece> {
        match &of.kind {
            TypeKind::Name(name) => vec![Piece::text(name)],
            TypeKind::List(element) => {
                let mut pieces = vec![Piece::text("[")];
                pieces.extend(self.ty(element));
                pieces.push(Piece::text("]"));
                pieces
            }
            TypeKind::Record(fields) => {
                let fields = fields.iter().map(|(word, of)| -> (Span, Element) {
                    let write = move || {
                        let mut pieces = vec![Piece::text(format!("{}: ", word.text))];
                        pieces.extend(self.ty(of));
                        pieces
                    };
                    (word.span, Box::new(write))
                });
                vec![self.bracketed("{", fields.collect(), of.span.end, "}")]
            }
            TypeKind::Optional(inner) => {
                let mut pieces = self.ty(inner);
                pieces.push(Piece::text("?"));
                pieces
            }
            TypeKind::OneOf(values) => {
                vec![Piece::text("one of "), self.bracketed("[", self.elements(values), of.span.end, "]")]
            }
            TypeKind::Union(alternatives) => {
                let mut pieces = Vec::new();
                for (number, alternative) in alternatives.iter().enumerate() {
                    if number > 0 {
                        pieces.push(Piece::text(" | "));
                    }
                    pieces.extend(self.ty(alternative));
                }
                pieces
            }
        }
    }
}

fn docs(docs: &[Doc]) -> Vec<Piece> {
    docs.iter().flat_map(|doc| [Piece::text(doc_line("///", &doc.text)), Piece::Hard]).collect()
}

fn target(target: &Target) -> String {
    match target {
        Target::Name(name) => name.text.clone(),
        Target::Pattern(names, _) => format!("{{{}}}", words(names, ", ")),
    }
}

fn words(words: &[Word], between: &str) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(between)
}
