//! Edits that an author may make freely: each gives the recipe in other words of the same meaning.

use crate::support::{Recipe, formatted, tree};
use crate::walk::{bindings, calls, exprs, mentions};
use ddl::lang::types::Type;
use ddl::lang::value::Args;
use ddl::ops::declared;
use ddl::source::Span;
use ddl::syntax::tree::{Call, ChainOp, Expr, ExprKind};
use proptest::prelude::*;
use proptest::sample::Index;

/// An edit; an index picks one of the places where it can be made.
#[derive(Debug, Clone)]
pub enum Edit {
    /// `ddl fmt`.
    Format,
    /// A comment after a comma.
    Comment(Index),
    /// Blank lines and a comment before a declaration.
    Space(Index),
    /// Another name for a binding.
    Rename(Index),
    /// A declaration somewhere else.
    Move(Index, Index),
    /// A default spelled out.
    Default(Index),
    /// `b + a` for `a + b`.
    Swap(Index),
}

pub fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let index = any::<Index>;
    let edit = prop_oneof![
        1 => Just(Edit::Format),
        2 => index().prop_map(Edit::Comment),
        2 => index().prop_map(Edit::Space),
        4 => index().prop_map(Edit::Rename),
        4 => (index(), index()).prop_map(|(from, to)| Edit::Move(from, to)),
        6 => index().prop_map(Edit::Default),
        3 => index().prop_map(Edit::Swap),
    ];
    prop::collection::vec(edit, 1..8)
}

impl Edit {
    /// The recipe after the edit; as it was where it can't be made.
    pub fn of(&self, recipe: &Recipe) -> Recipe {
        let text = &recipe.text;
        match self {
            Edit::Format => recipe.saying(formatted(text)),
            Edit::Comment(at) => insert_at(recipe, &commas(text), *at, " // why\n    "),
            Edit::Space(at) => insert_at(recipe, &heads(text), *at, "\n\n// what follows\n"),
            Edit::Rename(at) => {
                let names = bindings(&recipe.tree());
                if names.is_empty() { recipe.clone() } else { renamed(recipe, &names[at.index(names.len())]) }
            }
            Edit::Move(from, to) => moved(recipe, *from, *to),
            Edit::Default(at) => {
                let places = unsaid(text);
                let Some((place, said)) = pick(&places, *at) else { return recipe.clone() };
                recipe.saying(format!("{}{said}{}", &text[..*place], &text[*place..]))
            }
            Edit::Swap(at) => {
                let places = sums(text);
                let Some((span, swapped)) = pick(&places, *at) else { return recipe.clone() };
                recipe.saying(replaced(text, &[*span], swapped))
            }
        }
    }
}

fn pick<T>(places: &[T], at: Index) -> Option<&T> {
    (!places.is_empty()).then(|| &places[at.index(places.len())])
}

fn insert_at(recipe: &Recipe, places: &[usize], at: Index, what: &str) -> Recipe {
    match pick(places, at) {
        Some(&place) => recipe.saying(format!("{}{what}{}", &recipe.text[..place], &recipe.text[place..])),
        None => recipe.clone(),
    }
}

/// Right behind every comma that is neither in a text nor in a comment.
fn commas(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        match c {
            '"' => {
                while let Some((_, c)) = rest.next() {
                    match c {
                        '\\' => drop(rest.next()),
                        '"' => break,
                        _ => {} // inside the text
                    }
                }
            }
            '/' if text[at..].starts_with("//") => while rest.next_if(|(_, c)| *c != '\n').is_some() {},
            ',' => found.push(at + 1),
            _ => {} // between commas
        }
    }
    found
}

/// Where the declarations begin, with their documentation.
fn heads(text: &str) -> Vec<usize> {
    tree(text).items.iter().map(|item| item.docs.first().map_or(item.span, |doc| doc.span).start as usize).collect()
}

fn replaced(text: &str, spans: &[Span], by: &str) -> String {
    let mut out = String::new();
    let mut from = 0;
    for span in spans {
        out += &text[from..span.range().start];
        out += by;
        from = span.range().end;
    }
    out + &text[from..]
}

/// The recipe with another name for a binding; a parameter's value is then given by that name.
pub fn renamed(recipe: &Recipe, name: &str) -> Recipe {
    let new = format!("{name}_too");
    let mut out = recipe.saying(replaced(&recipe.text, &mentions(&recipe.tree(), name), &new));
    out.params.iter_mut().filter(|(param, _)| param == name).for_each(|(param, _)| param.clone_from(&new));
    out
}

fn moved(recipe: &Recipe, from: Index, to: Index) -> Recipe {
    let text = &recipe.text;
    let heads = heads(text);
    if heads.is_empty() {
        return recipe.clone();
    }
    // a declaration takes along what stands between it and the next one
    let mut items: Vec<&str> =
        heads.iter().enumerate().map(|(at, &head)| &text[head..heads.get(at + 1).copied().unwrap_or(text.len())]).collect();
    let item = items.remove(from.index(items.len()));
    items.insert(to.index(items.len() + 1), item);
    let mut out = text[..heads[0]].to_owned();
    for item in items {
        out += item.trim_end();
        out.push('\n');
    }
    recipe.saying(out)
}

/// Where an argument can be put in that says a default: the place and the text.
pub fn unsaid(text: &str) -> Vec<(usize, String)> {
    let file = tree(text);
    let defs = bindings(&file);
    let mut found = Vec::new();
    for (call, before) in calls(&file) {
        let Some(name) = call.path.last() else { continue };
        let Some(decl) = declared(name.text.as_str()).filter(|decl| !decl.hidden && (before > 0 || !defs.contains(&name.text))) else {
            continue;
        };
        let is_metric = (decl.result)(&ddl::lang::decl::Call { types: &indexmap::IndexMap::new(), args: &Args::new() }) == Type::Metric;
        if call.path.len() > 1 && !is_metric {
            continue;
        }
        let by_place = before + call.args.iter().filter(|arg| arg.label.is_none()).count();
        let said = |param: &str| call.args.iter().any(|arg| arg.label.as_ref().is_some_and(|label| label.text == param));
        for param in
            decl.params.iter().skip(by_place).filter(|param| !said(param.name) && !["part", "bucket", "said"].contains(&param.name))
        {
            if let Some(default) = &param.default {
                found.push(argument(text, call, &format!("{} = {default}", param.name)));
            }
        }
    }
    found
}

/// The place for one more argument of a call, and what to put there.
fn argument(text: &str, call: &Call, said: &str) -> (usize, String) {
    let end = call.span.range().end - 1; // before the bracket
    let before = text[..end].trim_end();
    let comma = if before.ends_with(['(', ',']) { "" } else { ", " };
    (before.len(), format!("{comma}{said}"))
}

/// Sums and conditions whose operands stand without brackets: the place, and the same from the other end.
pub fn sums(text: &str) -> Vec<(Span, String)> {
    let file = tree(text);
    let mut found = Vec::new();
    exprs(&file, &mut |expr, _| {
        let ExprKind::Chain { first, rest } = &expr.kind else { return };
        let op = rest[0].op;
        if !matches!(op, ChainOp::Add | ChainOp::And | ChainOp::Or) || rest.iter().any(|link| link.op != op) {
            return;
        }
        let operands: Vec<&Expr> = std::iter::once(&**first).chain(rest.iter().map(|link| &link.operand)).collect();
        let bare = operands.windows(2).all(|pair| text[pair[0].span.range().end..pair[1].span.range().start].trim() == op.text());
        // more than two numbers may be rounded otherwise; terms are no numbers
        if bare && (operands.len() == 2 || operands.iter().all(|it| matches!(it.kind, ExprKind::Call(_)))) {
            let swapped: Vec<String> = operands.iter().rev().map(|operand| format!("({})", &text[operand.span.range()])).collect();
            found.push((first.span.to(operands[operands.len() - 1].span), swapped.join(&format!(" {} ", op.text()))));
        }
    });
    found
}
