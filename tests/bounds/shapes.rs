//! Every construct of the grammar in a recipe that grows: a new construct does not compile here before it has a name, and no test passes
//! before a shape grows it.

use ddl::syntax::tree::{Call, ChainOp, Expr, ExprKind, File, ItemKind, Part, Target, TypeExpr, TypeKind, UnaryOp, UseSource};
use std::collections::BTreeSet;

/// A recipe for each number, longer with it.
pub struct Shape {
    /// What grows.
    pub name: &'static str,
    /// The text, without the edition.
    pub text: fn(usize) -> String,
}

/// One line for each number.
fn lines(n: usize, line: impl Fn(usize) -> String) -> String {
    (0..n).map(|at| line(at) + "\n").collect()
}

/// As many of something, with commas.
fn listed(n: usize, item: impl Fn(usize) -> String) -> String {
    (0..n).map(item).collect::<Vec<_>>().join(", ")
}

/// All constructs.
pub const CONSTRUCTS: &[&str] = &[
    "number",
    "string",
    "hole",
    "bool",
    "none",
    "name",
    "attribute",
    "list",
    "comprehension",
    "record",
    "call",
    "path call",
    "field",
    "method",
    "negative",
    "not",
    "sum",
    "product",
    "coalesce",
    "and",
    "or",
    "range",
    "compare",
    "pipe",
    "if",
    "use of a file",
    "use of the library",
    "with",
    "param",
    "axis",
    "axes by pattern",
    "fixed",
    "fixed by pattern",
    "export",
    "expect",
    "def",
    "formal in a range",
    "let in a def",
    "type name",
    "type list",
    "type record",
    "type option",
    "type words",
    "type union",
    "annotation",
];

/// Shapes that grow them.
pub const SHAPES: &[Shape] = &[
    Shape { name: "numbers in a list", text: |n| format!("let _x = [{}]", listed(n, |at| at.to_string())) },
    Shape { name: "texts with holes", text: |n| format!("let a = \"a\"\nlet _x = \"{}\"", "{a}".repeat(n)) },
    Shape { name: "declarations of literals", text: |n| lines(n, |at| format!("let _x{at} = [true, false]\nlet _y{at} = none")) },
    Shape { name: "a chain of names", text: |n| format!("let a0 = 1\n{}let _z = a{n}", lines(n, |at| format!("let a{} = a{at}", at + 1))) },
    Shape {
        name: "a chain of names, backwards",
        text: |n| format!("let _z = a0\n{}let a{n} = 1", lines(n, |at| format!("let a{at} = a{}", at + 1))),
    },
    Shape { name: "comprehensions", text: |n| lines(n, |at| format!("let _x{at} = [a + 1 for a in [1, 2]]")) },
    Shape { name: "a comprehension over many", text: |n| format!("let _x = [a for a in 1..{n}]") },
    Shape {
        name: "comprehensions in each other",
        text: |n| format!("let _x = [[[a + b + c for a in 1..{n}] for b in 1..{n}] for c in 1..{n}]"),
    },
    Shape { name: "fields of a record", text: |n| format!("let r = {{{}}}\nlet _x = r.f0", listed(n, |at| format!("f{at} = {at}"))) },
    Shape {
        name: "reads of a record's fields",
        text: |n| format!("let r = {{{}}}\n{}", listed(n, |at| format!("f{at} = {at}")), lines(n, |at| format!("let _x{at} = r.f{at}"))),
    },
    Shape { name: "calls of an operator", text: |n| lines(n, |at| format!("head _h{at} = arcface(scale = {})", at + 1)) },
    Shape { name: "calls of the library", text: |n| lines(n, |at| format!("let _c{at} = std.curves.one_drop(0.{})", at + 1)) },
    Shape {
        name: "metrics",
        text: |n| {
            format!(
                "dataset d = synthetic_faces(identities = 8, images = 6)\neval e = verification(d, pairs = random_pairs())\n{}",
                lines(n, |at| format!("let _m{at} = e.tar(1e-1)"))
            )
        },
    },
    Shape {
        name: "methods of what a call gives",
        text: |n| {
            format!(
                "dataset d = synthetic_faces(identities = 8, images = 6)\n{}",
                lines(n, |at| format!("let _m{at} = verification(d, pairs = random_pairs()).tar(1e-1)"))
            )
        },
    },
    Shape { name: "negatives and nots", text: |n| lines(n, |at| format!("let _x{at} = -({at})\nlet _y{at} = not true")) },
    Shape { name: "a long sum", text: |n| format!("let _x = {}", vec!["1"; n.min(900)].join(" + ")) },
    Shape { name: "a long product", text: |n| format!("let _x = {}", vec!["1.0"; n.min(900)].join(" * ")) },
    Shape { name: "a long choice of what is there", text: |n| format!("let _x = {}", vec!["none"; n.min(900)].join(" ?? ")) },
    Shape { name: "a long and", text: |n| format!("let _x = {}", vec!["true"; n.min(900)].join(" and ")) },
    Shape { name: "a long or", text: |n| format!("let _x = {}", vec!["false"; n.min(900)].join(" or ")) },
    Shape { name: "ranges", text: |n| lines(n, |at| format!("let _r{at} = {at}..{}", at + 1)) },
    Shape { name: "comparisons with a list", text: |n| format!("let l = [{}]\nlet _x = 1 in l", listed(n, |at| at.to_string())) },
    Shape {
        name: "filters over attributes",
        text: |n| {
            format!(
                "dataset d0 = synthetic_faces(identities = 8, images = 6)\n{}let _z = d{n}",
                lines(n, |at| format!("dataset d{} = d{at} |> where(abs(.yaw) < {}deg)", at + 1, at % 80 + 1))
            )
        },
    },
    Shape { name: "pipes", text: |n| lines(n, |at| format!("let _c{at} = 0.1 |> drops(at = [50%], by = 0.{})", at + 1)) },
    Shape { name: "choices", text: |n| lines(n, |at| format!("let _x{at} = if {at} > 3 then 1 else 2")) },
    Shape { name: "uses of a file", text: |n| lines(n, |at| format!("use \"other.ddl\" as _m{at}")) + "let _x = _m0.v" },
    Shape {
        name: "uses of a file with parameters",
        text: |n| lines(n, |at| format!("use \"other.ddl\" with (p = {at}) as _m{at}\nlet _x{at} = _m{at}.v")),
    },
    Shape { name: "uses of the library", text: |n| lines(n, |at| format!("use std.curves as _c{at}")) },
    Shape { name: "parameters", text: |n| lines(n, |at| format!("param _p{at} : int in 0..10_000 = {at}")) },
    Shape { name: "values of an axis", text: |n| format!("sweep a in 1..{n}\nlet _x = a + 1") },
    Shape {
        name: "axes",
        text: |n| {
            format!(
                "{}let _x = {}",
                lines(n, |at| format!("sweep a{at} in [1, 2]")),
                (0..n.min(900)).map(|at| format!("a{at}")).collect::<Vec<_>>().join(" + ")
            )
        },
    },
    Shape {
        name: "an axis of several names",
        text: |n| format!("sweep {{a, b}} in [{}]\nlet _x = a + b", listed(n, |at| format!("{{a = {at}, b = {at}}}"))),
    },
    Shape {
        name: "parts of a split",
        text: |n| {
            format!(
                "dataset d = synthetic_faces(identities = 8, images = 6)\n{}",
                lines(n, |at| format!("let {{_a{at}, _b{at}}} = {{_a{at} = {at}, _b{at} = 2}}"))
            )
        },
    },
    Shape {
        name: "exports",
        text: |n| {
            format!(
                "backbone b = tiny(embedding = 16)\n{}",
                lines(n, |at| format!("export m{at} = safetensors(b, to = \"m{at}.safetensors\")"))
            )
        },
    },
    Shape { name: "claims", text: |n| lines(n, |at| format!("expect e{at} = {at} < {}", at + 1)) },
    Shape {
        name: "defs that call each other",
        text: |n| {
            format!(
                "def f0(x: int) -> int {{ return x }}\n{}let _z = f{}(1)",
                lines(n, |at| format!("def f{}(x: int) -> int {{ return f{at}(x) }}", at + 1)),
                n.min(50)
            )
        },
    },
    Shape {
        name: "formals of a def",
        text: |n| format!("def f({}) -> int {{ return x0 }}\nlet _z = f()", listed(n, |at| format!("x{at}: int in 0..9 = 1"))),
    },
    Shape {
        name: "lets of a def",
        text: |n| format!("def f(x: int) -> int {{\n{}return y0\n}}\nlet _z = f(1)", lines(n, |at| format!("let y{at} = x"))),
    },
    Shape {
        name: "calls of a def",
        text: |n| format!("def f(x: int) -> int {{ return x + 1 }}\n{}", lines(n, |at| format!("let _z{at} = f({at})"))),
    },
    Shape {
        name: "types",
        text: |n| {
            lines(n, |at| {
                format!(
                    "let _a{at} : [int] = [1]\nlet _b{at} : {{a: int}} = {{a = 1}}\nlet _c{at} : int? = none\nlet _d{at} : one of [\"a\", \"b\"] = \"a\"\nlet _e{at} : int | text = 1"
                )
            })
        },
    },
    Shape { name: "words of a choice", text: |n| format!("param _p : one of [{}] = \"w0\"", listed(n, |at| format!("\"w{at}\""))) },
    Shape {
        name: "a stage in every arm, and a table",
        text: |n| {
            format!(
                "dataset d = synthetic_faces(identities = 8, images = 6, size = 32px)\nbackbone b = tiny(embedding = 16, side = 32px)\nhead h = arcface()\neval e = verification(d, pairs = random_pairs())\nsweep k in 1..{}\nstage s = train(b, classify(d, h), batch = 8, for = 1 epoch, seed = k, optimizer = sgd(lr = 0.1))\nreport t = compare([s], columns = [e.accuracy])",
                n.min(1_000)
            )
        },
    },
];

/// The constructs of a recipe.
pub fn constructs(file: &File) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for item in &file.items {
        match &item.kind {
            ItemKind::Use(used) => {
                found.insert(match &used.source {
                    UseSource::File(_) => "use of a file",
                    UseSource::Module { .. } => "use of the library",
                });
                if !used.with.is_empty() {
                    found.insert("with");
                }
            }
            ItemKind::Param(param) => {
                found.insert("param");
                of_type(&param.ty, &mut found);
                param.range.iter().chain(&param.default).for_each(|part| of_expr(part, &mut found));
            }
            ItemKind::Axis(axis) => {
                found.insert(if matches!(axis.target, Target::Pattern(..)) { "axes by pattern" } else { "axis" });
                of_expr(&axis.values, &mut found);
            }
            ItemKind::Fixed(fixed) => {
                found.insert(if matches!(fixed.target, Target::Pattern(..)) { "fixed by pattern" } else { "fixed" });
                if let Some(annotation) = &fixed.annotation {
                    found.insert("annotation");
                    of_type(annotation, &mut found);
                }
                of_expr(&fixed.value, &mut found);
            }
            ItemKind::Export(sink) => {
                found.insert("export");
                of_expr(&sink.value, &mut found);
            }
            ItemKind::Expect(sink) => {
                found.insert("expect");
                of_expr(&sink.value, &mut found);
            }
            ItemKind::Def(def) => {
                found.insert("def");
                for formal in &def.formals {
                    if formal.range.is_some() {
                        found.insert("formal in a range");
                    }
                    of_type(&formal.ty, &mut found);
                }
                for inner in &def.lets {
                    found.insert("let in a def");
                    of_expr(&inner.value, &mut found);
                }
                of_expr(&def.returned, &mut found);
            }
            ItemKind::Term(_) | ItemKind::Junk(_) => panic!("a shape is no recipe"),
        }
    }
    found
}

fn of_type(written: &TypeExpr, found: &mut BTreeSet<&'static str>) {
    match &written.kind {
        TypeKind::Name(_) => {
            found.insert("type name");
        }
        TypeKind::List(of) => {
            found.insert("type list");
            of_type(of, found);
        }
        TypeKind::Optional(of) => {
            found.insert("type option");
            of_type(of, found);
        }
        TypeKind::Record(fields) => {
            found.insert("type record");
            fields.iter().for_each(|(_, of)| of_type(of, found));
        }
        TypeKind::Union(options) => {
            found.insert("type union");
            options.iter().for_each(|of| of_type(of, found));
        }
        TypeKind::OneOf(words) => {
            found.insert("type words");
            words.iter().for_each(|word| of_expr(word, found));
        }
    }
}

fn of_call(call: &Call, found: &mut BTreeSet<&'static str>) {
    found.insert(if call.path.len() > 1 { "path call" } else { "call" });
    call.args.iter().for_each(|arg| of_expr(&arg.value, found));
}

fn of_expr(expr: &Expr, found: &mut BTreeSet<&'static str>) {
    match &expr.kind {
        ExprKind::Number(_) => {
            found.insert("number");
        }
        ExprKind::String(text) => {
            found.insert(if text.parts.iter().any(|part| matches!(part, Part::Hole(_))) { "hole" } else { "string" });
        }
        ExprKind::Bool(_) => {
            found.insert("bool");
        }
        ExprKind::None => {
            found.insert("none");
        }
        ExprKind::Name(_) => {
            found.insert("name");
        }
        ExprKind::Attribute(_) => {
            found.insert("attribute");
        }
        ExprKind::List(items) => {
            found.insert("list");
            items.iter().for_each(|item| of_expr(item, found));
        }
        ExprKind::Comprehension { element, source, .. } => {
            found.insert("comprehension");
            of_expr(element, found);
            of_expr(source, found);
        }
        ExprKind::Record(entries) => {
            found.insert("record");
            entries.iter().for_each(|entry| of_expr(&entry.value, found));
        }
        ExprKind::Call(call) => of_call(call, found),
        ExprKind::Field { base, .. } => {
            found.insert("field");
            of_expr(base, found);
        }
        ExprKind::Method { base, args, .. } => {
            found.insert("method");
            of_expr(base, found);
            args.iter().for_each(|arg| of_expr(&arg.value, found));
        }
        ExprKind::Unary { op, operand } => {
            found.insert(match op {
                UnaryOp::Neg => "negative",
                UnaryOp::Not => "not",
            });
            of_expr(operand, found);
        }
        ExprKind::Chain { first, rest } => {
            of_expr(first, found);
            for link in rest {
                found.insert(match link.op {
                    ChainOp::Add | ChainOp::Sub => "sum",
                    ChainOp::Mul | ChainOp::Div => "product",
                    ChainOp::Coalesce => "coalesce",
                    ChainOp::And => "and",
                    ChainOp::Or => "or",
                });
                of_expr(&link.operand, found);
            }
        }
        ExprKind::Range { from, to } => {
            found.insert("range");
            of_expr(from, found);
            of_expr(to, found);
        }
        ExprKind::Compare { left, right, .. } => {
            found.insert("compare");
            of_expr(left, found);
            of_expr(right, found);
        }
        ExprKind::Pipe { value, calls } => {
            found.insert("pipe");
            of_expr(value, found);
            calls.iter().for_each(|call| of_call(call, found));
        }
        ExprKind::If { condition, yes, no } => {
            found.insert("if");
            [condition, yes, no].into_iter().for_each(|part| of_expr(part, found));
        }
        ExprKind::Error => panic!("a shape is no recipe"),
    }
}
