//! Expressions.

use super::Word;
use ddl_base::source::Span;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands, without brackets around it.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `0.5rad`
    Number(Number),
    /// `"{root}/a.csv"`
    String(Text),
    /// `true`, `false`
    Bool(bool),
    /// `none`
    None,
    /// `faces`
    Name(String),
    /// `.yaw`
    Attribute(Word),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `[element for variable in source]`
    Comprehension {
        /// The element, in which the variable is bound.
        element: Box<Expr>,
        /// The variable.
        variable: Word,
        /// The list that it runs over.
        source: Box<Expr>,
    },
    /// `{a = 1, "b c" = 2}`
    Record(Vec<Entry>),
    /// `f(x)`, `std.degrade.blur(x)`, `pose.tar(1e-3)`: a path of words was called; whether its beginning is a module or a value is for
    /// names to say
    Call(Call),
    /// `base.name`
    Field {
        /// What has the field.
        base: Box<Expr>,
        /// The field.
        name: Word,
    },
    /// `f(x).name(args)`: a call on what is not a path of words
    Method {
        /// What it is called on.
        base: Box<Expr>,
        /// The method.
        name: Word,
        /// Its arguments.
        args: Vec<Arg>,
    },
    /// `-x`, `not x`
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        operand: Box<Expr>,
    },
    /// `a + b - c`, `a * b / c`, `a ?? b`, `a and b`, `a or b`: equally tight operators, read from left to right.
    /// Where `-` or `/` occur the order matters: `((a + b) - c)`.
    Chain {
        /// The first operand.
        first: Box<Expr>,
        /// At least one more.
        rest: Vec<Link>,
    },
    /// `a..b`, both ends included
    Range {
        /// The lower end.
        from: Box<Expr>,
        /// The upper end.
        to: Box<Expr>,
    },
    /// `a < b`, `x in list`; never chained
    Compare {
        /// The comparison.
        op: CompareOp,
        /// Where its sign stands.
        op_span: Span,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
    },
    /// `value |> f(a) |> g()`: the value becomes the first argument of the first call, its result that of the next
    Pipe {
        /// What goes in.
        value: Box<Expr>,
        /// At least one call.
        calls: Vec<Call>,
    },
    /// `if condition then yes else no`
    If {
        /// What decides.
        condition: Box<Expr>,
        /// The value when it holds.
        yes: Box<Expr>,
        /// The value when it doesn't.
        no: Box<Expr>,
    },
    /// Stands where an error was reported, and means nothing
    Error,
}

/// A number with its unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// The value in its unit (20% is 20).
    pub value: f64,
    /// The digits as they were written.
    pub text: String,
    /// The unit.
    pub unit: Option<UnitWord>,
}

/// A unit after a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitWord {
    /// The unit.
    pub unit: Unit,
    /// As it was written (`epoch` and `epochs` are one unit).
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

words!(
    /// The units that a number may have.
    Unit {
        /// A part of a hundred.
        Percent = "%",
        /// Pixels.
        Px = "px",
        /// Degrees.
        Deg = "deg",
        /// Radians.
        Rad = "rad",
        /// Passes of a stage's longest batches.
        Epochs = "epochs",
        /// Optimiser steps.
        Steps = "steps",
        /// Images.
        Images = "images",
        /// Evaluations of a watched metric.
        Checks = "checks",
        /// Bytes.
        B = "B",
        /// 1024 bytes.
        KiB = "KiB",
        /// 1024 KiB.
        MiB = "MiB",
        /// 1024 MiB.
        GiB = "GiB",
        /// 1024 GiB.
        TiB = "TiB",
    }
);

impl Unit {
    /// The unit of a word in the singular or the plural.
    pub fn from_word(word: &str) -> Option<Unit> {
        Unit::from_text(match word {
            "epoch" => "epochs",
            "step" => "steps",
            "image" => "images",
            "check" => "checks",
            other => other,
        })
    }

    /// The type of what has this unit, as a `param` says it.
    pub fn type_word(self) -> &'static str {
        match self {
            Unit::Percent => "fraction",
            Unit::Px => "pixels",
            Unit::Deg | Unit::Rad => "angle",
            Unit::Epochs | Unit::Steps => "span",
            Unit::Images => "images",
            Unit::Checks => "checks",
            Unit::B | Unit::KiB | Unit::MiB | Unit::GiB | Unit::TiB => "bytes",
        }
    }
}

/// `name = value` or `name: value` in a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key, which may have been written as a string.
    pub key: Word,
    /// Whether `:` was written (the entry of a schema) and not `=`.
    pub colon: bool,
    /// The value.
    pub value: Expr,
    /// All of it.
    pub span: Span,
}

/// A call of a path of words.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What is called: at least one word.
    pub path: Vec<Word>,
    /// The arguments in the order of the text.
    pub args: Vec<Arg>,
    /// All of it.
    pub span: Span,
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    /// The word before `=`; none for an argument by position.
    pub label: Option<Word>,
    /// The value.
    pub value: Expr,
    /// All of it.
    pub span: Span,
}

/// An operator of a [`ExprKind::Chain`] and the operand after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The operator.
    pub op: ChainOp,
    /// Where the operator stands.
    pub op_span: Span,
    /// What follows it.
    pub operand: Expr,
}

words!(
    /// The operators that stand before their operand.
    UnaryOp {
        /// `-x`
        Neg = "-",
        /// `not x`
        Not = "not",
    }
);

words!(
    /// The operators of a [`ExprKind::Chain`].
    ChainOp {
        /// `a * b`
        Mul = "*",
        /// `a / b`, which joins paths too
        Div = "/",
        /// `a + b`
        Add = "+",
        /// `a - b`
        Sub = "-",
        /// `a ?? b`: b where a is none
        Coalesce = "??",
        /// `a and b`
        And = "and",
        /// `a or b`
        Or = "or",
    }
);

words!(
    /// The comparisons.
    CompareOp {
        /// `a == b`
        Eq = "==",
        /// `a != b`
        Ne = "!=",
        /// `a < b`
        Lt = "<",
        /// `a <= b`
        Le = "<=",
        /// `a > b`
        Gt = ">",
        /// `a >= b`
        Ge = ">=",
        /// `a in b`
        In = "in",
    }
);

/// A string with its holes.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// Its parts in order; two neighbours are never both text.
    pub parts: Vec<Part>,
    /// With its quotes.
    pub span: Span,
}

impl Text {
    /// The text of a string without holes.
    pub fn plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            [..] => None,
        }
    }
}

/// A part of a string.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text, its escapes resolved.
    Text(String),
    /// `{name}`
    Hole(Word),
}
