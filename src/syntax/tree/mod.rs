//! The syntax tree: what a recipe says, word for word, with a span on every node. It knows no operator and no type.
//!
//! Depth is bounded (see [`crate::DEEPEST`]), so a walk may recurse. Brackets that only group leave no node.

use ddl_base::source::Span;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// As it is written.
            pub const fn text(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            /// The one that is written so.
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some($name::$variant),)* _ => None }
            }
        }
    };
}

mod expr;

pub use expr::*;

/// A parsed recipe. Broken declarations are [`ItemKind::Junk`].
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// `ddl 1`; none where the line is missing (which is an error that was reported).
    pub edition: Option<Edition>,
    /// The lines of `//!` at the top.
    pub inner_docs: Vec<Doc>,
    /// The declarations in the order of the text.
    pub items: Vec<Item>,
    /// All `//` comments in the order of the text.
    pub comments: Vec<Comment>,
    /// The whole text.
    pub span: Span,
}

/// The edition line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edition {
    /// The edition.
    pub number: u32,
    /// `ddl 1`.
    pub span: Span,
}

/// One line of documentation: `/// text` or `//! text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doc {
    /// The text after the slashes and one blank, without blanks at its end.
    pub text: String,
    /// The line from its slashes on.
    pub span: Span,
}

/// A `// comment`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The whole comment with its slashes, without blanks at its end.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    /// Whether nothing but blanks stands before it on its line.
    pub own_line: bool,
}

/// A word: the name of a binding, an argument, a field, a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The lines of `///` above it.
    pub docs: Vec<Doc>,
    /// What it declares.
    pub kind: ItemKind,
    /// The declaration without its documentation.
    pub span: Span,
}

/// What a declaration declares.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemKind {
    /// `use std.degrade.low_resolution`, `use "scface.ddl" with (root = data) as scface`
    Use(Use),
    /// `param length : span in 1 epoch..100 epochs = 4 epochs`
    Param(Param),
    /// `sweep order in [0.1, 0.5]`, `replicate seed in 1..3`
    Axis(Axis),
    /// `dataset`, `augment`, `batches`, `backbone`, `head`, `objective`, `stage`, `eval`, `report` and `let`
    Fixed(Fixed),
    /// `export model = onnx(s, to = "s.onnx")`
    Export(Sink),
    /// `expect gain = score(a, pose.accuracy) > 0.9`
    Expect(Sink),
    /// `def ft(objective: objective, seed: int = 0) -> model { … }`
    Def(Def),
    /// `term` and `margin`, which are reserved (this was reported)
    Term(Reserved),
    /// A broken declaration (this was reported)
    Junk(Junk),
}

/// An import.
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    /// What is imported.
    pub source: UseSource,
    /// The arguments of `with ( … )`.
    pub with: Vec<Arg>,
    /// The name after `as`.
    pub alias: Option<Word>,
}

/// What a `use` imports.
#[derive(Debug, Clone, PartialEq)]
pub enum UseSource {
    /// `std.degrade.low_resolution`, or `std.degrade.{low_resolution, blur}`
    Module {
        /// The words before the braces, or all of them.
        path: Vec<Word>,
        /// The words in the braces; empty where there are none.
        names: Vec<Word>,
        /// All of it.
        span: Span,
    },
    /// `"scface.ddl"`
    File(Text),
}

/// What a user may override.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: Word,
    /// Its type.
    pub ty: TypeExpr,
    /// The values that are allowed: the expression after `in`.
    pub range: Option<Expr>,
    /// The value where the user gives none.
    pub default: Option<Expr>,
}

/// A named axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// `sweep` or `replicate`.
    pub word: AxisWord,
    /// `order`, or `{lr, wd}`.
    pub target: Target,
    /// The list of values.
    pub values: Expr,
}

/// The word that begins an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AxisWord {
    /// Arms that are compared.
    Sweep,
    /// Repetitions whose mean is reported.
    Replicate,
}

/// A declaration whose word states the type of its right-hand side.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixed {
    /// The word.
    pub word: FixedWord,
    /// What is bound.
    pub target: Target,
    /// The type after `:`.
    pub annotation: Option<TypeExpr>,
    /// The right-hand side.
    pub value: Expr,
}

words!(
    /// The word of a [`Fixed`] declaration.
    FixedWord {
        /// `let`: a value of any type.
        Let = "let",
        /// `dataset`
        Dataset = "dataset",
        /// `augment`
        Augment = "augment",
        /// `batches`
        Batches = "batches",
        /// `backbone`
        Backbone = "backbone",
        /// `head`
        Head = "head",
        /// `objective`
        Objective = "objective",
        /// `stage`: anything that yields a model.
        Stage = "stage",
        /// `eval`
        Eval = "eval",
        /// `report`
        Report = "report",
    }
);

/// What a declaration binds.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// One name.
    Name(Word),
    /// `{a, b}`: the fields of a record under their own names.
    Pattern(Vec<Word>, Span),
}

impl Target {
    /// The names that it binds.
    pub fn names(&self) -> &[Word] {
        match self {
            Target::Name(name) => std::slice::from_ref(name),
            Target::Pattern(names, _) => names,
        }
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Target::Name(name) => name.span,
            Target::Pattern(_, span) => *span,
        }
    }
}

/// `export` or `expect`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sink {
    /// Its name.
    pub name: Word,
    /// What is exported or claimed.
    pub value: Expr,
}

/// A named composition.
#[derive(Debug, Clone, PartialEq)]
pub struct Def {
    /// Its name.
    pub name: Word,
    /// Its formals.
    pub formals: Vec<Formal>,
    /// The type of what it returns.
    pub result: TypeExpr,
    /// The `let`s of its body.
    pub lets: Vec<InnerLet>,
    /// What follows `return`.
    pub returned: Expr,
}

/// A formal of a `def`.
#[derive(Debug, Clone, PartialEq)]
pub struct Formal {
    /// The lines of `///` above it.
    pub docs: Vec<Doc>,
    /// Its name.
    pub name: Word,
    /// Its type.
    pub ty: TypeExpr,
    /// The values that are allowed: the expression after `in`.
    pub range: Option<Expr>,
    /// The value where a caller gives none.
    pub default: Option<Expr>,
    /// Without its documentation.
    pub span: Span,
}

/// A `let` in the body of a `def`.
#[derive(Debug, Clone, PartialEq)]
pub struct InnerLet {
    /// The lines of `///` above it.
    pub docs: Vec<Doc>,
    /// What is bound.
    pub target: Target,
    /// The type after `:`.
    pub annotation: Option<TypeExpr>,
    /// The right-hand side.
    pub value: Expr,
    /// Without its documentation.
    pub span: Span,
}

/// A declaration that a later edition will know.
#[derive(Debug, Clone, PartialEq)]
pub struct Reserved {
    /// `term` or `margin`.
    pub word: Word,
    /// Its name.
    pub name: Option<Word>,
}

/// A declaration that could not be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Junk {
    /// The names that it seems to declare, so that what uses them is not called unknown.
    pub names: Vec<Word>,
}

/// A type as it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeExpr {
    /// What it is.
    pub kind: TypeKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of a type.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeKind {
    /// `span`, `path`, `dataset`
    Name(String),
    /// `[T]`
    List(Box<TypeExpr>),
    /// `{a: T, b: U}`
    Record(Vec<(Word, TypeExpr)>),
    /// `T?`
    Optional(Box<TypeExpr>),
    /// `one of ["kl", "js"]`
    OneOf(Vec<Expr>),
    /// `T | U`, at least two
    Union(Vec<TypeExpr>),
}
