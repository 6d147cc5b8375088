//! Numbers with their units, strings with their holes.

use super::{Build, Promised};
use crate::grammar::Rule;
use crate::tree::{ExprKind, Number, Part, Text, Unit, UnitWord};
use ddl_base::diag::{Code, Diagnostic, did_you_mean, one_of};
use pest::iterators::Pair;

impl Build<'_> {
    pub(super) fn quantity(&self, pair: Pair<Rule>) -> ExprKind {
        let mut inner = pair.into_inner();
        let number = inner.promised();
        let (text, span) = (number.as_str().to_owned(), self.span(&number));
        let mut unit = None;
        for pair in inner {
            match self.unit(&pair, self.span(&pair).start > span.end) {
                Some(word) => unit = Some(word),
                None => return ExprKind::Error,
            }
        }
        let value: f64 = text.replace('_', "").parse().expect("the digits of the grammar are a number to Rust");
        if value.is_infinite() {
            let error = Diagnostic::error(Code::BadNumber, "this number is too large")
                .at(span, format!("the largest is about {:.1e}", f64::MAX))
                .help("count the zeros of its exponent");
            self.report(error);
            return ExprKind::Error;
        }
        ExprKind::Number(Number { value, text, unit })
    }

    fn unit(&self, pair: &Pair<Rule>, apart: bool) -> Option<UnitWord> {
        let text = pair.as_str();
        if let Some(unit) = Unit::from_word(text) {
            return Some(UnitWord { unit, text: text.to_owned(), span: self.span(pair) });
        }
        let known = || Unit::ALL.iter().map(|unit| unit.text());
        let meant = foreign_unit(text).or_else(|| did_you_mean(text, known().filter(|unit| unit.len() > 1)));
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if apart => format!("a `,` or an operator is missing before `{text}`, or it is meant to be a unit: {}", one_of(known())),
            None => format!("the units are {}", one_of(known()).replace(" or ", " and ")),
        };
        let error = Diagnostic::error(Code::UnknownUnit, format!("unknown unit `{text}`")).at(self.span(pair), "no unit of ddl").help(help);
        self.report(error);
        None
    }

    pub(super) fn text(&self, pair: Pair<Rule>) -> Text {
        let span = self.span(&pair);
        let mut parts: Vec<Part> = Vec::new();
        let mut strays = 0;
        for piece in pair.into_inner() {
            let more = match piece.as_rule() {
                Rule::text | Rule::row => piece.as_str(),
                Rule::escape => self.escape(&piece),
                Rule::stray => {
                    strays += 1;
                    if strays == 1 {
                        // the other brace of a pair says nothing new
                        self.report(self.stray_brace(&piece));
                    }
                    piece.as_str()
                }
                Rule::hole => {
                    parts.push(Part::Hole(self.word(&piece.into_inner().promised())));
                    continue;
                }
                other => unreachable!("{other:?} in a string"),
            };
            match parts.last_mut() {
                Some(Part::Text(text)) => text.push_str(more),
                Some(Part::Hole(_)) | None => parts.push(Part::Text(more.to_owned())),
            }
        }
        Text { parts, span }
    }

    fn escape(&self, pair: &Pair<Rule>) -> &'static str {
        match pair.as_str() {
            "\\\"" => "\"",
            "\\\\" => "\\",
            "\\n" => "\n",
            "\\t" => "\t",
            "\\{" => "{",
            "\\}" => "}",
            other => {
                let error = Diagnostic::error(Code::BadEscape, format!("`{other}` is no escape"))
                    .at(self.span(pair), "unknown escape")
                    .help("the escapes are `\\\"`, `\\\\`, `\\n`, `\\t`, `\\{` and `\\}`; a backslash itself is written `\\\\`, and paths have `/`");
                self.report(error);
                ""
            }
        }
    }

    fn stray_brace(&self, pair: &Pair<Rule>) -> Diagnostic {
        let brace = pair.as_str();
        Diagnostic::error(Code::BadHole, format!("a `{brace}` in a string belongs to a hole such as `{{root}}`"))
            .at(self.span(pair), if brace == "{" { "no name and `}` follow" } else { "no `{` and name before it" })
            .help(format!("a hole holds one name; a brace itself is written `\\{brace}`"))
    }
}

/// The unit that a word of other languages stands for.
fn foreign_unit(word: &str) -> Option<&'static str> {
    Some(match word {
        "degree" | "degrees" | "Deg" | "DEG" | "d" => "deg",
        "radian" | "radians" | "Rad" | "RAD" => "rad",
        "pixel" | "pixels" | "pix" | "PX" | "p" => "px",
        "percent" | "pct" => "%",
        "ep" | "eps" => "epochs",
        "iter" | "iters" | "iteration" | "iterations" | "it" | "its" | "batches" => "steps",
        "img" | "imgs" | "samples" | "sample" => "images",
        "kb" | "KB" | "kib" | "kB" | "k" | "K" => "KiB",
        "mb" | "MB" | "mib" | "M" => "MiB",
        "gb" | "GB" | "gib" | "G" => "GiB",
        "tb" | "TB" | "tib" | "T" => "TiB",
        "b" | "byte" | "bytes" => "B",
        _ => return None,
    })
}
