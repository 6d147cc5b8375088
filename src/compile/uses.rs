//! The names that a declaration mentions, for warnings about what nothing uses.
//!
//! A word that is called alone (`f(x)`) stands as `f(`: it may be a `def`'s or an operator's, but never a value's.

use crate::syntax::tree::{Call, Expr, ExprKind, Item, ItemKind, Part};

/// The names that a declaration mentions, its own not among them.
pub(super) fn of_item(item: &Item, names: &mut Vec<String>) {
    match &item.kind {
        ItemKind::Use(used) => used.with.iter().for_each(|arg| of_expr(&arg.value, names)),
        ItemKind::Param(param) => param.range.iter().chain(&param.default).for_each(|expr| of_expr(expr, names)),
        ItemKind::Axis(axis) => of_expr(&axis.values, names),
        ItemKind::Fixed(fixed) => of_expr(&fixed.value, names),
        ItemKind::Export(sink) | ItemKind::Expect(sink) => of_expr(&sink.value, names),
        ItemKind::Def(def) => {
            def.formals.iter().for_each(|formal| formal.range.iter().chain(&formal.default).for_each(|expr| of_expr(expr, names)));
            def.lets.iter().for_each(|inner| of_expr(&inner.value, names));
            of_expr(&def.returned, names);
        }
        ItemKind::Term(_) | ItemKind::Junk(_) => {}
    }
}

fn of_expr(expr: &Expr, names: &mut Vec<String>) {
    match &expr.kind {
        ExprKind::Name(name) => names.push(name.clone()),
        ExprKind::String(text) => {
            names.extend(text.parts.iter().filter_map(|part| if let Part::Hole(word) = part { Some(word.text.clone()) } else { None }));
        }
        ExprKind::List(items) => items.iter().for_each(|item| of_expr(item, names)),
        ExprKind::Comprehension { element, source, .. } => {
            of_expr(element, names);
            of_expr(source, names);
        }
        ExprKind::Record(entries) => entries.iter().for_each(|entry| of_expr(&entry.value, names)),
        ExprKind::Call(call) => {
            names.extend(callee(call));
            call.args.iter().for_each(|arg| of_expr(&arg.value, names));
        }
        ExprKind::Field { base, .. } => of_expr(base, names),
        ExprKind::Method { base, args, .. } => {
            of_expr(base, names);
            args.iter().for_each(|arg| of_expr(&arg.value, names));
        }
        ExprKind::Unary { operand, .. } => of_expr(operand, names),
        ExprKind::Chain { first, rest } => {
            of_expr(first, names);
            rest.iter().for_each(|link| of_expr(&link.operand, names));
        }
        ExprKind::Range { from, to } => {
            of_expr(from, names);
            of_expr(to, names);
        }
        ExprKind::Compare { left, right, .. } => {
            of_expr(left, names);
            of_expr(right, names);
        }
        ExprKind::Pipe { value, calls } => {
            of_expr(value, names);
            for call in calls {
                names.extend(callee(call));
                call.args.iter().for_each(|arg| of_expr(&arg.value, names));
            }
        }
        ExprKind::If { condition, yes, no } => [condition, yes, no].into_iter().for_each(|part| of_expr(part, names)),
        ExprKind::Number(_) | ExprKind::Bool(_) | ExprKind::None | ExprKind::Attribute(_) | ExprKind::Error => {}
    }
}

fn callee(call: &Call) -> Option<String> {
    let first = call.path.first()?;
    Some(if call.path.len() == 1 { format!("{}(", first.text) } else { first.text.clone() })
}
