//! The grammar's "no" in words: what stands there, what could, and what was probably meant.

#![allow(clippy::cast_possible_truncation, reason = "places in recipes, which are shorter than 2^32 bytes")]

mod slips;

use super::build::Refused;
use super::grammar::Rule;
use super::scan::{Kind, RESERVED_WORDS, Token};
use super::tree::{FixedWord, Unit};
use ddl_base::diag::{Code, Diagnostic, Spot, meant};
use ddl_base::source::{Source, Span};

/// The diagnostic for a declaration (its tokens) that the grammar refused.
pub(super) fn complain(source: &Source, tokens: &[Token], refused: &Refused) -> Diagnostic {
    let mut at = tokens.iter().position(|token| token.end > refused.at).unwrap_or(tokens.len());
    let mut expected = wanted(&refused.expected);
    let text = |at: usize| tokens.get(at).map_or("", |token| &source.text[token.range()]);
    if text(at) == "="
        && at >= 2
        && tokens[at - 2].kind == Kind::Number
        && tokens[at - 1].kind == Kind::Word
        && Unit::from_word(text(at - 1)).is_none()
    {
        // `f(a = 64 b = 2)`: the grammar took `b` for a unit
        at -= 1;
        expected = vec![Wanted::Operator];
    }
    let place = Place { source, tokens, at, expected };
    place.slip().unwrap_or_else(|| place.complain())
}

/// The diagnostic for a text where a declaration should begin and nothing like one does.
pub(super) fn not_a_declaration(source: &Source, token: &Token, span: Span) -> Diagnostic {
    let shown = &source.text[token.range()];
    let error =
        Diagnostic::error(Code::Unexpected, format!("a declaration is expected here, not {}", quoted(shown))).at(span, "unexpected");
    error.help(meant(Spot::Start, shown).map(str::to_owned).or_else(|| odd_sign(shown)).unwrap_or_else(|| {
        "a declaration is written `word name = value`: `dataset faces = image_folder(\"images\")`, `let n = 3`".to_owned()
    }))
}

/// What is said of `lambda x: …` and `x -> …`.
const NO_LAMBDA: &str =
    "there are no functions without a name: a test is written as it is, `where(abs(.yaw) < 20deg)`, and what is used again is a `def`";

/// What could stand at a place, in classes that a person thinks in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    Value,
    Name,
    Type,
    Word(&'static str),
    Argument,
    Entry,
    Operator,
    End,
}

impl Wanted {
    fn text(self) -> String {
        match self {
            Wanted::Value => "a value".to_owned(),
            Wanted::Name => "a name".to_owned(),
            Wanted::Type => "a type".to_owned(),
            Wanted::Argument => "an argument".to_owned(),
            Wanted::Entry => "an entry `name = value`".to_owned(),
            Wanted::Operator => "an operator".to_owned(),
            Wanted::End => "the end of the declaration".to_owned(),
            Wanted::Word(word) => format!("`{word}`"),
        }
    }
}

fn wanted(rules: &[Rule]) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = rules.iter().filter_map(|rule| class(*rule)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.contains(&Wanted::Argument) {
        wanted.retain(|one| *one != Wanted::Value);
    }
    if wanted.contains(&Wanted::Value) {
        // a name is a value
        wanted.retain(|one| *one != Wanted::Name);
    }
    wanted
}

/// The class of a rule; none for what needs no mention where it is refused.
fn class(rule: Rule) -> Option<Wanted> {
    Some(match rule {
        Rule::expr
        | Rule::quantity
        | Rule::number
        | Rule::string
        | Rule::named
        | Rule::touched
        | Rule::attribute
        | Rule::list
        | Rule::group
        | Rule::record
        | Rule::choice
        | Rule::neg => Wanted::Value,
        Rule::arg | Rule::label => Wanted::Argument,
        Rule::entry => Wanted::Entry,
        Rule::name | Rule::word | Rule::formal | Rule::pattern | Rule::module | Rule::path => Wanted::Name,
        Rule::ty | Rule::single_ty | Rule::ty_name | Rule::one_of | Rule::list_ty | Rule::record_ty => Wanted::Type,
        Rule::pipe | Rule::or | Rule::and | Rule::compare | Rule::coalesce | Rule::range | Rule::sum | Rule::product => Wanted::Operator,
        Rule::assign | Rule::default | Rule::entry_sign => Wanted::Word("="),
        Rule::colon => Wanted::Word(":"),
        Rule::arrow => Wanted::Word("->"),
        Rule::args | Rule::formals | Rule::open => Wanted::Word("("),
        Rule::body | Rule::brace | Rule::chosen => Wanted::Word("{"),
        Rule::kw_in | Rule::limits => Wanted::Word("in"),
        Rule::kw_then => Wanted::Word("then"),
        Rule::kw_else => Wanted::Word("else"),
        Rule::kw_return => Wanted::Word("return"),
        Rule::kw_let | Rule::inner_let => Wanted::Word("let"),
        Rule::kw_as => Wanted::Word("as"),
        Rule::kw_with | Rule::with => Wanted::Word("with"),
        Rule::kw_for | Rule::each => Wanted::Word("for"),
        Rule::EOI => Wanted::End,
        _ => return None,
    })
}

/// Where the grammar stopped.
struct Place<'a> {
    source: &'a Source,
    /// The declaration's.
    tokens: &'a [Token],
    /// The token at which it stopped; their number at the end.
    at: usize,
    expected: Vec<Wanted>,
}

impl Place<'_> {
    fn complain(&self) -> Diagnostic {
        let found = self.tokens.get(self.at);
        let what = match found {
            Some(token) if matches!(token.kind, Kind::Doc | Kind::InnerDoc) => return self.misplaced_doc(token),
            Some(_) => quoted(self.text(self.at)),
            None => "the end of the declaration".to_owned(),
        };
        let expected = self.expectation();
        let message = if expected.is_empty() { format!("{what} can't stand here") } else { format!("expected {expected}, found {what}") };
        let mut error = Diagnostic::error(Code::Unexpected, message).at(self.span(), self.label(&expected));
        if let Some(open) = self.innermost() {
            let bracket = self.text(open);
            error = error.also(self.span_of(open), format!("in this `{bracket}`"));
        }
        error.maybe_help(self.advice())
    }

    fn misplaced_doc(&self, token: &Token) -> Diagnostic {
        Diagnostic::error(Code::MisplacedDoc, "documentation stands before what it documents, not in the middle of it")
            .at(Span::new(self.source.id, token.start as u32, token.end as u32), "no declaration begins after this")
            .help("write `//` for a comment")
    }

    fn label(&self, expected: &str) -> String {
        if self.at < self.tokens.len() || expected.is_empty() { "unexpected".to_owned() } else { format!("{expected} is missing") }
    }

    fn span(&self) -> Span {
        match self.tokens.get(self.at) {
            Some(_) => self.span_of(self.at),
            None => self.span_of(self.tokens.len() - 1).after(),
        }
    }

    fn span_of(&self, at: usize) -> Span {
        let token = &self.tokens[at];
        Span::new(self.source.id, token.start as u32, token.end as u32)
    }

    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &self.source.text[token.range()])
    }

    /// The token of the innermost bracket that is open at this place.
    fn innermost(&self) -> Option<usize> {
        let mut open = Vec::new();
        for (at, token) in self.tokens[..self.at.min(self.tokens.len())].iter().enumerate() {
            match token.kind {
                Kind::Open(_) => open.push(at),
                Kind::Close(_) => drop(open.pop()),
                Kind::Word | Kind::Number | Kind::Text { .. } | Kind::Doc | Kind::InnerDoc | Kind::Sign(_) => {}
            }
        }
        open.pop()
    }

    fn wants(&self, what: Wanted) -> bool {
        self.expected.contains(&what)
    }

    /// Whether a value has just ended, so that an operator could follow.
    fn after_value(&self) -> bool {
        self.wants(Wanted::Operator)
    }

    /// What could stand here, as a person would list it.
    fn expectation(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        if self.after_value() {
            let innermost = self.innermost().map(|open| self.text(open));
            match innermost {
                Some("(") => words.extend(["`,`".to_owned(), "`)`".to_owned()]),
                Some("[") => words.extend(["`,`".to_owned(), "`]`".to_owned()]),
                Some("{") if !self.wants(Wanted::Word("let")) && !self.wants(Wanted::Word("return")) => {
                    words.extend(["`,`".to_owned(), "`}`".to_owned()]);
                }
                Some(_) | None => {}
            }
        }
        for one in &self.expected {
            let unlikely = match one {
                Wanted::Operator => true,
                // what follows a value only in places where something else is far likelier
                Wanted::Word("for" | "(" | "=") if self.after_value() => true,
                Wanted::Value | Wanted::Name | Wanted::Type | Wanted::Word(_) | Wanted::Argument | Wanted::Entry => false,
                Wanted::End => self.expected.len() > 1,
            };
            if !unlikely && words.len() < 4 {
                words.push(one.text());
            }
        }
        match words.as_slice() {
            [] if self.after_value() => "an operator or the end of the declaration".to_owned(),
            [] => String::new(),
            [only] => only.clone(),
            [before @ .., last] => format!("{} or {last}", before.join(", ")),
        }
    }

    /// What was probably meant.
    fn advice(&self) -> Option<String> {
        let found = self.text(self.at);
        let before = if self.at > 0 { self.text(self.at - 1) } else { "" };
        let after = self.text(self.at + 1);
        if let Some(help) = self.word_advice(found, before) {
            return Some(help);
        }
        let help = match found {
            "=" if self.wants(Wanted::Word(":")) && self.text(0) == "param" => {
                return Some(format!("say its type: `param {before} : {} = …`", self.type_of_default()));
            }
            "=" if self.wants(Wanted::Word("in")) && matches!(self.text(0), "sweep" | "replicate") => {
                return Some(format!("the values of an axis stand after `in`: `{} {before} in [1, 2]`", self.text(0)));
            }
            "=" if before == ":" && self.touches(self.at) => "a value is given by `=`: `let a = 3`",
            "," if (self.after_value() || self.wants(Wanted::End)) && self.innermost().is_none() => {
                let number = |at: usize| self.tokens.get(at).is_some_and(|token| token.kind == Kind::Number);
                let point = self.at > 0 && number(self.at - 1) && number(self.at + 1);
                return Some(if point {
                    format!("a number has a point: `{before}.{after}`; several values are a list: `[{before}, {after}]`")
                } else {
                    "several values are a list: `[a, b]`".to_owned()
                });
            }
            "|" if self.wants(Wanted::Value) || self.wants(Wanted::Argument) => "without its sign a number is `abs(.yaw)`",
            "=" if self.after_value() && after == "=" => "two values are compared with `==`",
            "=" if before == "=" || after == "=" => "a value is given by one `=`; `==` compares",
            "=" if self.after_value() => "two values are compared with `==`; only a name may stand before `=`",
            ":" if self.after_value() && self.innermost().is_some_and(|open| self.text(open) == "(") => {
                "an argument is given as `name = value`"
            }
            "," if self.wants(Wanted::Value) || self.wants(Wanted::Argument) || self.wants(Wanted::Entry) => "there is one `,` too many",
            "," if self.in_group() => return Some(self.no_tuple()),
            "&" => "write `and`",
            "|" if after == "|" => "write `or`",
            "|" if self.text(self.at + 2) == "(" => {
                return Some(format!("what an operator works on is given to it by `|>`: `{before} |> {after}(…)`"));
            }
            "|" if self.after_value() => "write `or` between two conditions, and `|>` before an operator",
            "!" if after != "=" => "write `not`",
            "^" => "there is no power operator; write the product out",
            "*" if before == "*" => "there is no power operator; write the product out",
            "*" if self.wants(Wanted::Argument) => "arguments are written one by one: there is no `*` that unpacks them",
            "" if self.wants(Wanted::Word("else")) => "a choice has a value for both cases: `if c then x else y`",
            ")" | "," if self.wants(Wanted::Word(":")) && self.text(0) == "def" => "what a def is given says its type: `f(x: float)`",
            ":" if self.wants(Wanted::Word("->")) => "a def says what it gives before its body: `-> head { return arcface() }`",
            "%" if self.after_value() => "a `%` touches its number: `20%`",
            ";" => "a declaration ends with its line and has no `;`",
            "." if self.after_value() && after.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                return Some(self.no_field(before, after));
            }
            "." if before == "." => "a range is written with two points: `a..b`",
            "[" if self.after_value() && self.touches(self.at) && self.text(self.at + 2) == "]" && is_word(after.trim_matches('"')) => {
                return Some(format!("a part is reached by its name: `{before}.{}`", after.trim_matches('"')));
            }
            "[" if self.after_value() => "lists have no index; name the parts, or write a comprehension `[f(x) for x in list]`",
            "?" => "write `if c then x else y`, or `x ?? y` for a value that may be none",
            ">" if before == "=" || before == "-" => NO_LAMBDA,
            _ => return odd_sign(found),
        };
        Some(help.to_owned())
    }

    /// What was probably meant by a word.
    fn word_advice(&self, found: &str, before: &str) -> Option<String> {
        let token = self.tokens.get(self.at)?;
        if token.kind != Kind::Word {
            let prefixed = matches!(before, "f" | "r" | "b" | "u" | "fr" | "rf") && matches!(token.kind, Kind::Text { .. });
            if prefixed && token.start == self.tokens[self.at - 1].end {
                return Some(format!("a text takes in a name by a hole, \"{{name}}\", and has no `{before}` before it"));
            }
            return (self.after_value() && self.in_list() && matches!(token.kind, Kind::Number | Kind::Text { .. }))
                .then(|| "put a `,` between them".to_owned());
        }
        if token.first
            && self.innermost().is_none()
            && let Some(help) = meant(Spot::Start, found)
        {
            return Some(help.to_owned());
        }
        if before == "lambda" || found == "lambda" {
            return Some(NO_LAMBDA.to_owned());
        }
        if found == "not" && self.after_value() && self.text(self.at + 1) == "in" {
            return Some("write `not (x in list)`".to_owned());
        }
        if found == "is" && self.after_value() {
            let op = if self.text(self.at + 1) == "not" { "!=" } else { "==" };
            return Some(format!("two values are compared with `{op}`: `x {op} none`"));
        }
        if found == "if" && self.after_value() {
            return Some("a choice begins with its condition: `if c then x else y`".to_owned());
        }
        if self.wants(Wanted::Word("return")) {
            return Some("what a def gives stands after `return`: `def f(x: float) -> head { return arcface(scale = x) }`".to_owned());
        }
        let starts_with_capital = RESERVED_WORDS.iter().find(|word| found.eq_ignore_ascii_case(word) && **word != found);
        if let Some(word) = starts_with_capital {
            return Some(format!("write `{word}`, in small letters"));
        }
        if self.wants(Wanted::Name) && RESERVED_WORDS.contains(&found) {
            return Some(format!("`{found}` is a word of the language and can't be a name"));
        }
        if found == "if" && self.wants(Wanted::Value) {
            return Some("an `if` among operators needs brackets: `a + (if c then x else y)`".to_owned());
        }
        if matches!(before, "elif" | "else") && found == "if" || found == "elif" {
            return Some("write `else if c then …`".to_owned());
        }
        let number_before = self.at > 0 && self.tokens[self.at - 1].kind == Kind::Number;
        if number_before && Unit::from_word(found).is_some() && !token.first {
            return Some(format!("a unit stands at most one blank after its number: `{before} {found}`"));
        }
        let called = |at: usize| self.text(at + 1) == "(";
        if self.after_value() && Unit::from_word(found).is_some() && !token.first {
            return Some(format!("a unit stands after digits; of a name it is a product: `{before} * 1 {found}`"));
        }
        if self.after_value() && self.in_list() && !RESERVED_WORDS.contains(&found) {
            return Some("put a `,` between them".to_owned());
        }
        let known = FixedWord::from_text(found).is_some() || super::scan::OTHER_ITEM_WORDS.contains(&found);
        if self.after_value() && known && !called(self.at) {
            return Some(format!("if `{found}` begins a new declaration, put it on a line of its own"));
        }
        None
    }

    /// The type of what stands behind this `=`, as far as its first words tell.
    fn type_of_default(&self) -> &'static str {
        let token = self.tokens.get(self.at + 1);
        match token.map(|token| token.kind) {
            Some(Kind::Text { .. }) => "text",
            Some(Kind::Number) => match Unit::from_word(self.text(self.at + 2)).or_else(|| unit_of(self.text(self.at + 1))) {
                Some(unit) => unit.type_word(),
                None if self.text(self.at + 2) == "." => "float",
                None if self.text(self.at + 1).contains(['e', 'E']) => "float",
                None => "int",
            },
            _ if matches!(self.text(self.at + 1), "true" | "false") => "bool",
            _ => "…",
        }
    }

    /// Whether the innermost bracket is that of a group, as in `(a + b)`.
    fn in_group(&self) -> bool {
        let Some(open) = self.innermost().filter(|open| self.text(*open) == "(") else { return false };
        let Some(before) = open.checked_sub(1) else { return true };
        match self.tokens[before].kind {
            Kind::Word => RESERVED_WORDS.contains(&self.text(before)),
            Kind::Close(_) => false,
            Kind::Open(_) | Kind::Number | Kind::Text { .. } | Kind::Doc | Kind::InnerDoc | Kind::Sign(_) => true,
        }
    }

    /// What to write for `(a, b)`.
    fn no_tuple(&self) -> String {
        let known = self.innermost().and_then(|open| self.known_tuple(open));
        known.unwrap_or_else(|| "brackets hold one value; several are a list, `[a, b]`".to_owned())
    }

    /// The same of arguments that other tools take as tuples, and ddl not as a list.
    fn known_tuple(&self, open: usize) -> Option<String> {
        let label = if open >= 2 && self.text(open - 1) == "=" { self.text(open - 2) } else { "" };
        match label {
            "size" | "side" | "image_size" | "img_size" | "input_size" | "resolution" => {
                Some(format!("images are square, and their side is one number: `{label} = 32px`"))
            }
            "betas" => Some("write `beta1 = 0.9, beta2 = 0.999`".to_owned()),
            _ => None,
        }
    }

    /// What to write for a point behind something that has no fields.
    fn no_field(&self, before: &str, after: &str) -> String {
        if !self.touches(self.at) {
            return "a field touches what it belongs to: `x.field`".to_owned();
        }
        let of_sample =
            self.at >= 2 && self.text(self.at - 2) == "." && !(self.touches(self.at - 2) && self.at >= 3 && self.is_value(self.at - 3));
        let it = if of_sample { format!(".{before}") } else { "x".to_owned() };
        if self.text(self.at + 2) == "(" {
            format!("there are no methods here: write `{after}({it})`, or give it on by `|>`")
        } else if of_sample {
            format!("an attribute of a sample has no fields: `{it}` is all of it")
        } else {
            "only a name has fields: give the value one by `let`".to_owned()
        }
    }

    /// Whether a value may end with this token.
    fn is_value(&self, at: usize) -> bool {
        matches!(self.tokens[at].kind, Kind::Word | Kind::Number | Kind::Text { .. } | Kind::Close(_))
    }

    /// Whether a list of arguments, elements or entries is open.
    fn in_list(&self) -> bool {
        self.innermost().is_some() && !self.wants(Wanted::Word("return"))
    }
}

/// The unit that touches a number: `8px`.
fn unit_of(number: &str) -> Option<Unit> {
    Unit::from_word(number.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_'))
}

/// Whether a text could be a name.
fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The text in backquotes, shortened.
fn quoted(text: &str) -> String {
    ddl_base::text::quoted_within(text, 24)
}

/// What to write for a sign that ddl doesn't have.
fn odd_sign(found: &str) -> Option<String> {
    let first = found.chars().next()?;
    let help = match first {
        '\'' | '`' | '“' | '”' | '„' | '‘' | '’' | '«' | '»' => "a string stands between two `\"`",
        '#' => "a comment begins with `//`",
        ';' => "a declaration ends with its line and has no `;`",
        '−' | '–' | '—' => "write the minus sign of the keyboard, `-`",
        '×' | '·' | '∙' => "write `*`",
        '÷' => "write `/`",
        '≤' => "write `<=`",
        '≥' => "write `>=`",
        '≠' => "write `!=`",
        '°' => "write `deg`: `10deg`",
        '±' => "write a range: `-10deg..10deg`",
        '…' => "a range is written with two points: `a..b`",
        'µ' | 'μ' | 'π' | 'λ' => "names are made of the letters a to z, digits and `_`",
        '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{200b}' | '\u{feff}' => "this is a special blank; write an ordinary one",
        '@' | '$' | '~' | '\\' | '&' | '^' => "ddl has no such sign",
        c if c.is_alphabetic() && !c.is_ascii() => "names are made of the letters a to z, digits and `_`",
        _ => return None,
    };
    Some(help.to_owned())
}
