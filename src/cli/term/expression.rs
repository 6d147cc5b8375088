//! What is written for `ddl term`: its summands, and the networks that it names.

use crate::ops::declared;
use crate::source::{FileId, Source};
use crate::syntax::parse;
use crate::syntax::tree::{Arg, Call, ChainOp, Expr, ExprKind, ItemKind};

/// An expression as it is written. One that can't be read is one summand: the compiler says what is wrong with it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// What is added up, in the order of the text.
    pub summands: Vec<String>,
    /// The networks that terms name, in the order of the text, with the operator that first names each.
    pub nets: Vec<(String, String)>,
}

/// Reads an expression.
pub(crate) fn read(text: &str) -> Written {
    let head = "ddl 1\nlet expression = (";
    let source = Source::new(FileId(0), "expression", format!("{head}{text}\n)\n"));
    let parsed = parse(&source);
    let mut written = Written { summands: vec![text.to_owned()], nets: Vec::new() };
    let [item] = parsed.file.items.as_slice() else { return written };
    let (ItemKind::Fixed(fixed), true) = (&item.kind, parsed.errors.is_empty()) else { return written };
    written.summands = match &fixed.value.kind {
        ExprKind::Chain { first, rest } if rest.iter().all(|link| link.op == ChainOp::Add) => {
            std::iter::once(&**first).chain(rest.iter().map(|link| &link.operand)).map(|it| source.slice(it.span).to_owned()).collect()
        }
        _ => written.summands,
    };
    nets(&fixed.value, &mut written.nets);
    written
}

/// The networks that the calls in an expression name.
fn nets(expr: &Expr, found: &mut Vec<(String, String)>) {
    match &expr.kind {
        ExprKind::Call(call) => of_call(call, 0, found),
        ExprKind::Pipe { value, calls } => {
            nets(value, found);
            calls.iter().for_each(|call| of_call(call, 1, found));
        }
        ExprKind::Chain { first, rest } => {
            nets(first, found);
            rest.iter().for_each(|link| nets(&link.operand, found));
        }
        ExprKind::List(items) => items.iter().for_each(|item| nets(item, found)),
        ExprKind::Record(entries) => entries.iter().for_each(|entry| nets(&entry.value, found)),
        ExprKind::Comprehension { element, source, .. } => [element, source].into_iter().for_each(|it| nets(it, found)),
        ExprKind::If { condition, yes, no } => [condition, yes, no].into_iter().for_each(|it| nets(it, found)),
        ExprKind::Compare { left, right, .. } | ExprKind::Range { from: left, to: right } => {
            [left, right].into_iter().for_each(|it| nets(it, found));
        }
        ExprKind::Unary { operand, .. } => nets(operand, found),
        ExprKind::Field { base, .. } => nets(base, found),
        ExprKind::Method { base, args, .. } => {
            nets(base, found);
            args.iter().for_each(|arg| nets(&arg.value, found));
        }
        ExprKind::Number(_)
        | ExprKind::String(_)
        | ExprKind::Bool(_)
        | ExprKind::None
        | ExprKind::Name(_)
        | ExprKind::Attribute(_)
        | ExprKind::Error => {}
    }
}

/// Of a call, before whose arguments so many others were piped in.
fn of_call(call: &Call, piped: usize, found: &mut Vec<(String, String)>) {
    let op = call.path.last().map_or("", |word| word.text.as_str());
    let decl = declared(op);
    let mut place = piped;
    for Arg { label, value, .. } in &call.args {
        let param = decl.and_then(|decl| match label {
            Some(label) => decl.param(&label.text),
            None => decl.params.get(place),
        });
        place += usize::from(label.is_none());
        if param.is_some_and(|param| param.ty.names_nets()) {
            let items = if let ExprKind::List(items) = &value.kind { items.as_slice() } else { std::slice::from_ref(value) };
            for item in items {
                if let ExprKind::Name(name) = &item.kind
                    && !found.iter().any(|(known, _)| known == name)
                {
                    found.push((name.clone(), op.to_owned()));
                }
            }
        } else {
            nets(value, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summands_stand_in_the_order_in_which_they_are_written() {
        let of = |text: &str| read(text).summands;
        assert_eq!(of("triplet(data) + 0.5 * contrastive(e)"), ["triplet(data)", "0.5 * contrastive(e)"]);
        assert_eq!(of("(b(x) + a(x))\n + c(x)"), ["b(x)", "a(x)", "c(x)"]);
        assert_eq!(of("a(x) - b(x)"), ["a(x) - b(x)"]);
        assert_eq!(of("a(x"), ["a(x"]);
    }

    #[test]
    fn networks_are_found_wherever_terms_name_them() {
        let of = |text: &str| read(text).nets.into_iter().map(|(net, op)| format!("{net} of {op}")).collect::<Vec<_>>();
        assert_eq!(
            of("2 * mutual(data, between = [a, b]) + classify(data, arcface(), of = c)"),
            ["a of mutual", "b of mutual", "c of classify"]
        );
        assert_eq!(of("mutual(data, [x, y])"), ["x of mutual", "y of mutual"]);
        assert_eq!(of("kdgan(data, critic(sees = \"labels\", by = t), between = [a, t])"), ["t of critic", "a of kdgan"]);
        assert_eq!(of("triplet(data)"), [] as [&str; 0]);
    }
}
