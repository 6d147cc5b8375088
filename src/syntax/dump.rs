//! A tree as one line of nested brackets for each declaration, without spans: for tests, and to compare two trees.

use super::tree::{
    Arg, AxisWord, Call, Doc, Expr, ExprKind, File, Formal, InnerLet, Item, ItemKind, Part, Target, Text, TypeExpr, TypeKind, Use,
    UseSource, Word,
};

/// Writes the tree down without its spans and comments: two texts say the same when their dumps are equal.
pub fn dump(file: &File) -> String {
    let mut lines = vec![file.edition.map_or_else(|| "(edition none)".to_owned(), |edition| format!("(edition {})", edition.number))];
    lines.extend(file.inner_docs.iter().map(|doc| format!("(inner-doc {:?})", doc.text)));
    lines.extend(file.items.iter().map(item));
    lines.join("\n") + "\n"
}

fn node(head: &str, parts: impl IntoIterator<Item = String>) -> String {
    let mut out = format!("({head}");
    for part in parts {
        out.push(' ');
        out.push_str(&part);
    }
    out.push(')');
    out
}

fn labelled(label: &str, part: Option<String>) -> Option<String> {
    part.map(|part| format!(":{label} {part}"))
}

fn item(item: &Item) -> String {
    let docs = docs(&item.docs);
    match &item.kind {
        ItemKind::Use(import) => node("use", docs.into_iter().chain(import_parts(import))),
        ItemKind::Param(param) => {
            let parts = typed(&param.name, &param.ty, param.range.as_ref(), param.default.as_ref());
            node("param", docs.into_iter().chain(parts))
        }
        ItemKind::Axis(axis) => {
            let word = match axis.word {
                AxisWord::Sweep => "sweep",
                AxisWord::Replicate => "replicate",
            };
            node(word, docs.into_iter().chain([target(&axis.target), expr(&axis.values)]))
        }
        ItemKind::Fixed(fixed) => {
            let annotation = labelled("type", fixed.annotation.as_ref().map(ty));
            node(fixed.word.text(), docs.into_iter().chain([target(&fixed.target)]).chain(annotation).chain([expr(&fixed.value)]))
        }
        ItemKind::Export(sink) => node("export", docs.into_iter().chain([sink.name.text.clone(), expr(&sink.value)])),
        ItemKind::Expect(sink) => node("expect", docs.into_iter().chain([sink.name.text.clone(), expr(&sink.value)])),
        ItemKind::Def(def) => {
            let formals = node("formals", def.formals.iter().map(formal));
            let parts = [def.name.text.clone(), formals, ty(&def.result)];
            node("def", docs.into_iter().chain(parts).chain(def.lets.iter().map(inner_let)).chain([expr(&def.returned)]))
        }
        ItemKind::Term(reserved) => node("reserved", [reserved.word.text.clone()].into_iter().chain(words(reserved.name.as_slice()))),
        ItemKind::Junk(junk) => node("junk", words(&junk.names)),
    }
}

fn docs(docs: &[Doc]) -> Vec<String> {
    docs.iter().map(|doc| format!("(doc {:?})", doc.text)).collect()
}

fn words(words: &[Word]) -> impl Iterator<Item = String> {
    words.iter().map(|word| word.text.clone())
}

fn import_parts(import: &Use) -> Vec<String> {
    let mut parts = vec![match &import.source {
        UseSource::Module { path, names, .. } => {
            let path = words(path).collect::<Vec<_>>().join(".");
            if names.is_empty() { path } else { node(&path, words(names)) }
        }
        UseSource::File(path) => text(path),
    }];
    if !import.with.is_empty() {
        parts.push(node("with", import.with.iter().map(arg)));
    }
    parts.extend(labelled("as", import.alias.as_ref().map(|alias| alias.text.clone())));
    parts
}

fn target(target: &Target) -> String {
    match target {
        Target::Name(name) => name.text.clone(),
        Target::Pattern(names, _) => node("pattern", words(names)),
    }
}

fn typed(name: &Word, kind: &TypeExpr, range: Option<&Expr>, default: Option<&Expr>) -> Vec<String> {
    let parts = [Some(name.text.clone()), Some(ty(kind)), labelled("in", range.map(expr)), labelled("default", default.map(expr))];
    parts.into_iter().flatten().collect()
}

fn formal(formal: &Formal) -> String {
    let parts = typed(&formal.name, &formal.ty, formal.range.as_ref(), formal.default.as_ref());
    node("formal", docs(&formal.docs).into_iter().chain(parts))
}

fn inner_let(inner: &InnerLet) -> String {
    let annotation = labelled("type", inner.annotation.as_ref().map(ty));
    node("let", docs(&inner.docs).into_iter().chain([target(&inner.target)]).chain(annotation).chain([expr(&inner.value)]))
}

fn ty(of: &TypeExpr) -> String {
    match &of.kind {
        TypeKind::Name(name) => name.clone(),
        TypeKind::List(element) => node("list-of", [ty(element)]),
        TypeKind::Record(fields) => node("record-of", fields.iter().map(|(word, of)| format!(":{} {}", word.text, ty(of)))),
        TypeKind::Optional(inner) => node("optional", [ty(inner)]),
        TypeKind::OneOf(values) => node("one-of", values.iter().map(expr)),
        TypeKind::Union(alternatives) => node("union", alternatives.iter().map(ty)),
    }
}

fn expr(of: &Expr) -> String {
    match &of.kind {
        ExprKind::Number(number) => {
            let unit = number.unit.as_ref().map_or("", |unit| unit.unit.text());
            format!("{}{unit}", number.value)
        }
        ExprKind::String(string) => text(string),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::None => "none".to_owned(),
        ExprKind::Name(name) => name.clone(),
        ExprKind::Attribute(word) => format!(".{}", word.text),
        ExprKind::List(elements) => node("list", elements.iter().map(expr)),
        ExprKind::Comprehension { element, variable, source } => node("each", [expr(element), variable.text.clone(), expr(source)]),
        ExprKind::Record(entries) => node(
            "record",
            entries.iter().map(|entry| {
                let sign = if entry.colon { ":" } else { "=" };
                format!("({sign} {:?} {})", entry.key.text, expr(&entry.value))
            }),
        ),
        ExprKind::Call(called) => call(called),
        ExprKind::Field { base, name } => node("field", [expr(base), name.text.clone()]),
        ExprKind::Method { base, name, args } => node("method", [expr(base), name.text.clone()].into_iter().chain(args.iter().map(arg))),
        ExprKind::Unary { op, operand } => node(op.text(), [expr(operand)]),
        ExprKind::Chain { first, rest } => {
            let links = rest.iter().flat_map(|link| [link.op.text().to_owned(), expr(&link.operand)]);
            node("chain", [expr(first)].into_iter().chain(links))
        }
        ExprKind::Range { from, to } => node("..", [expr(from), expr(to)]),
        ExprKind::Compare { op, left, right, .. } => node(op.text(), [expr(left), expr(right)]),
        ExprKind::Pipe { value, calls } => node("|>", [expr(value)].into_iter().chain(calls.iter().map(call))),
        ExprKind::If { condition, yes, no } => node("if", [expr(condition), expr(yes), expr(no)]),
        ExprKind::Error => "(error)".to_owned(),
    }
}

fn call(call: &Call) -> String {
    let path = words(&call.path).collect::<Vec<_>>().join(".");
    node("call", [path].into_iter().chain(call.args.iter().map(arg)))
}

fn arg(arg: &Arg) -> String {
    match &arg.label {
        Some(label) => format!(":{} {}", label.text, expr(&arg.value)),
        None => expr(&arg.value),
    }
}

fn text(text: &Text) -> String {
    let parts: Vec<String> = text
        .parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => format!("{text:?}"),
            Part::Hole(word) => format!("(hole {})", word.text),
        })
        .collect();
    match parts.as_slice() {
        [] => "\"\"".to_owned(),
        [only] if text.plain().is_some() => only.clone(),
        _ => node("text", parts),
    }
}
