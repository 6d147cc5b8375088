//! Walks over the tree of a recipe: every expression with the names that are bound around it.

use ddl::source::Span;
use ddl::syntax::tree::{Arg, Call, Expr, ExprKind, File, Item, ItemKind, Part, Target};

/// Calls `see` with every expression of a recipe, outer ones first, and the formals, `let`s and variables that hide names there.
pub fn exprs<'a>(file: &'a File, see: &mut dyn FnMut(&'a Expr, &[String])) {
    file.items.iter().for_each(|item| of_item(item, see));
}

fn of_item<'a>(item: &'a Item, see: &mut dyn FnMut(&'a Expr, &[String])) {
    let mut locals = Vec::new();
    match &item.kind {
        ItemKind::Use(used) => of_args(&used.with, &mut locals, see),
        ItemKind::Param(param) => param.range.iter().chain(&param.default).for_each(|expr| of(expr, &mut locals, see)),
        ItemKind::Axis(axis) => of(&axis.values, &mut locals, see),
        ItemKind::Fixed(fixed) => of(&fixed.value, &mut locals, see),
        ItemKind::Export(sink) | ItemKind::Expect(sink) => of(&sink.value, &mut locals, see),
        ItemKind::Def(def) => {
            def.formals.iter().for_each(|formal| formal.range.iter().chain(&formal.default).for_each(|expr| of(expr, &mut locals, see)));
            locals.extend(def.formals.iter().map(|formal| formal.name.text.clone()));
            for inner in &def.lets {
                of(&inner.value, &mut locals, see);
                locals.extend(inner.target.names().iter().map(|name| name.text.clone()));
            }
            of(&def.returned, &mut locals, see);
        }
        ItemKind::Term(_) | ItemKind::Junk(_) => {}
    }
}

fn of_args<'a>(args: &'a [Arg], locals: &mut Vec<String>, see: &mut dyn FnMut(&'a Expr, &[String])) {
    args.iter().for_each(|arg| of(&arg.value, locals, see));
}

fn of<'a>(expr: &'a Expr, locals: &mut Vec<String>, see: &mut dyn FnMut(&'a Expr, &[String])) {
    see(expr, locals);
    match &expr.kind {
        ExprKind::List(items) => items.iter().for_each(|item| of(item, locals, see)),
        ExprKind::Comprehension { element, variable, source } => {
            of(source, locals, see);
            locals.push(variable.text.clone());
            of(element, locals, see);
            locals.pop();
        }
        ExprKind::Record(entries) => entries.iter().for_each(|entry| of(&entry.value, locals, see)),
        ExprKind::Call(call) => of_args(&call.args, locals, see),
        ExprKind::Field { base, .. } => of(base, locals, see),
        ExprKind::Method { base, args, .. } => {
            of(base, locals, see);
            of_args(args, locals, see);
        }
        ExprKind::Unary { operand, .. } => of(operand, locals, see),
        ExprKind::Chain { first, rest } => {
            of(first, locals, see);
            rest.iter().for_each(|link| of(&link.operand, locals, see));
        }
        ExprKind::Range { from: a, to: b } | ExprKind::Compare { left: a, right: b, .. } => {
            of(a, locals, see);
            of(b, locals, see);
        }
        ExprKind::Pipe { value, calls } => {
            of(value, locals, see);
            calls.iter().for_each(|call| of_args(&call.args, locals, see));
        }
        ExprKind::If { condition, yes, no } => [condition, yes, no].into_iter().for_each(|part| of(part, locals, see)),
        ExprKind::Number(_)
        | ExprKind::String(_)
        | ExprKind::Bool(_)
        | ExprKind::None
        | ExprKind::Name(_)
        | ExprKind::Attribute(_)
        | ExprKind::Error => {}
    }
}

/// The calls of a recipe, with how many values come before the arguments (by a pipe, or the evaluation that a metric is of).
pub fn calls(file: &File) -> Vec<(&Call, usize)> {
    let mut found = Vec::new();
    exprs(file, &mut |expr, _| match &expr.kind {
        ExprKind::Call(call) => found.push((call, call.path.len() - 1)),
        ExprKind::Pipe { calls, .. } => found.extend(calls.iter().map(|call| (call, 1))),
        _ => {} // no call
    });
    found
}

/// The names that a recipe may call otherwise: those that no pattern takes from a record's fields.
pub fn bindings(file: &File) -> Vec<String> {
    let name = |target: &Target| if let Target::Name(name) = target { Some(name.text.clone()) } else { None };
    let of_item = |item: &Item| match &item.kind {
        ItemKind::Param(param) => Some(param.name.text.clone()),
        ItemKind::Axis(axis) => name(&axis.target),
        ItemKind::Fixed(fixed) => name(&fixed.target),
        ItemKind::Export(sink) | ItemKind::Expect(sink) => Some(sink.name.text.clone()),
        ItemKind::Def(def) => Some(def.name.text.clone()),
        ItemKind::Use(_) | ItemKind::Term(_) | ItemKind::Junk(_) => None,
    };
    file.items.iter().filter_map(of_item).collect()
}

/// Where a binding is named: at its declaration and wherever it is used.
pub fn mentions(file: &File, name: &str) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    let mut is_def = false;
    for item in &file.items {
        let word = match &item.kind {
            ItemKind::Param(param) => Some(&param.name),
            ItemKind::Axis(axis) => axis.target.names().first(),
            ItemKind::Fixed(fixed) => fixed.target.names().first(),
            ItemKind::Export(sink) | ItemKind::Expect(sink) => Some(&sink.name),
            ItemKind::Def(def) => {
                is_def |= def.name.text == name;
                Some(&def.name)
            }
            ItemKind::Use(_) | ItemKind::Term(_) | ItemKind::Junk(_) => None,
        };
        found.extend(word.filter(|word| word.text == name).map(|word| word.span));
    }
    exprs(file, &mut |expr, locals| {
        if locals.iter().any(|local| local == name) {
            return;
        }
        // operators and values are two namespaces: only a def is called, or something of what a name stands for
        let mut call = |call: &Call| {
            let first = &call.path[0];
            if first.text == name && (is_def || call.path.len() > 1) {
                found.push(first.span);
            }
        };
        match &expr.kind {
            ExprKind::Name(said) if said == name => found.push(expr.span),
            ExprKind::String(text) => {
                found.extend(text.parts.iter().filter_map(|part| match part {
                    Part::Hole(word) if word.text == name => Some(word.span),
                    Part::Hole(_) | Part::Text(_) => None,
                }));
            }
            ExprKind::Call(it) => call(it),
            ExprKind::Pipe { calls, .. } => calls.iter().for_each(call),
            _ => {} // names nothing itself
        }
    });
    found.sort_unstable_by_key(|span| span.start);
    found.dedup();
    found
}
