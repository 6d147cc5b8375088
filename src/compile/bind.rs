//! Which argument of a call is which parameter, of operators and of `def`s alike. What is wrong with that is said once for each mistake: a
//! foreign name stands for the parameter that is missing without it, and arguments beside it stay in their places.

use super::meter::near;
use super::{Compiler, Env, Val};
use crate::diag::{Code, Diagnostic, meant_argument, one_of};
use crate::lang::types::Type;
use crate::source::Span;
use crate::syntax::tree::{Arg, Expr, ExprKind, Word};

/// Longer calls are not written out in a message.
const LONGEST_SHOWN: usize = 64;

/// A parameter, as far as binding asks.
pub(super) struct Slot<'d> {
    pub(super) name: &'d str,
    pub(super) ty: &'d Type,
    pub(super) required: bool,
    /// What it means, where that is written down.
    pub(super) doc: &'d str,
}

/// What is called.
pub(super) struct Callee<'d> {
    pub(super) name: &'d str,
    pub(super) slots: Vec<Slot<'d>>,
    /// Where it is said that something is missing.
    pub(super) incomplete: Span,
    /// Where a recipe declares it.
    pub(super) declared: Option<Span>,
}

impl Callee<'_> {
    fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.slots.iter().map(|slot| slot.name)
    }

    fn slot(&self, name: &str) -> Option<usize> {
        self.slots.iter().position(|slot| slot.name == name)
    }
}

/// What was found of a call's arguments.
pub(super) struct Placed {
    /// For each parameter the place of its argument; of a parameter that a pipe fills there is none.
    pub(super) taken: Vec<Option<usize>>,
    /// Whether all is as it should be.
    pub(super) fine: bool,
}

/// An argument by a name that no parameter has.
struct Stranger<'a> {
    at: usize,
    label: &'a Word,
    /// The parameter that it stands for, and whether it stands where that is given without a name.
    stands_for: Option<(usize, bool)>,
}

/// What a foreign name may mean.
enum Foreign {
    /// It is known: what to write, and the parameter, if one is meant.
    Known(String, Option<usize>),
    /// Nothing is like it.
    Unknown,
}

impl Compiler<'_> {
    /// Finds each argument's parameter, and says what has none, what is given twice and what is missing.
    pub(super) fn place(&mut self, callee: &Callee, args: &[Arg], piped: Option<&Val>, env: &mut Env) -> Placed {
        let mut taken: Vec<Option<usize>> = vec![None; callee.slots.len()];
        let mut found = Found { position: usize::from(piped.is_some()), fine: true, ..Found::default() };
        if let Some(val) = piped.filter(|_| callee.slots.is_empty()) {
            let none = Diagnostic::error(Code::TooManyArguments, format!("`{}` takes no arguments", callee.name));
            self.complain(none.at(val.span, "piped into it"), callee);
            found.fine = false;
        }
        for (at, arg) in args.iter().enumerate() {
            let slot = match &arg.label {
                Some(label) => match callee.slot(&label.text) {
                    Some(slot) => slot,
                    None => {
                        found.fine = false;
                        if let Some(slot) = self.stranger(callee, args, at, label, &mut found, env) {
                            taken[slot] = Some(at);
                        }
                        continue;
                    }
                },
                None => {
                    found.position += 1;
                    found.position - 1
                }
            };
            if slot >= callee.slots.len() {
                // said of the first one
                if !std::mem::replace(&mut found.too_many, true) {
                    let said = format!("`{}` takes at most {} arguments", callee.name, callee.slots.len());
                    self.complain(Diagnostic::error(Code::TooManyArguments, said).at(arg.span, "one too many"), callee);
                }
                found.fine = false;
            } else if taken[slot].is_some() || (slot == 0 && piped.is_some()) {
                found.fine = false;
                let name = callee.slots[slot].name;
                // of two arguments by one name the parser has said so
                if !super::define::by_name_twice(args, name) {
                    let twice = format!("the parameter `{name}` of `{}` is given twice", callee.name);
                    // models after each other, where one list of them is wanted
                    let first = callee.slots.first().is_some_and(|first| matches!(first.ty, Type::List(_) | Type::Union(_)));
                    let in_a_row = args.iter().take_while(|arg| arg.label.is_none()).count() > 1 && args[at].label.is_some();
                    let help = (first && in_a_row).then(|| {
                        let words: Vec<String> =
                            args.iter().take_while(|arg| arg.label.is_none()).map(|arg| self.said_at(arg.span)).collect();
                        format!("several of them are one list: [{}]", words.join(", "))
                    });
                    let said = Diagnostic::error(Code::RepeatedArgument, twice).at(arg.span, "again");
                    self.diagnostics.push(said.maybe_help(help));
                }
            } else {
                taken[slot] = Some(at);
            }
        }
        let missing = |taken: &[Option<usize>], meant: &[usize]| -> Vec<usize> {
            let open = |slot: &usize| callee.slots[*slot].required && taken[*slot].is_none() && !(*slot == 0 && piped.is_some());
            (0..callee.slots.len()).filter(open).filter(|slot| !meant.contains(slot)).collect()
        };
        for stranger in found.strangers.iter_mut().filter(|stranger| stranger.stands_for.is_none()) {
            let open = missing(&taken, &found.meant);
            let fits = open.into_iter().find(|slot| self.could_be(&args[stranger.at].value, callee.slots[*slot].ty, env));
            if let Some(slot) = fits {
                stranger.stands_for = Some((slot, false));
                taken[slot] = Some(stranger.at);
            }
        }
        let missing = missing(&taken, &found.meant);
        let unsaid = !missing.is_empty() && !found.unsure && !args.iter().any(|arg| super::call::is_not_yet(&arg.value));
        let said = self.strangers(callee, args, &found.strangers, if unsaid { &missing } else { &[] });
        // what the data may say is looked for when they are known
        let by_data = |slot: &usize| callee.declared.is_none() && super::call::is_said_by_data(callee.name, callee.slots[*slot].name);
        if unsaid && !said && !missing.iter().all(by_data) {
            let names = one_of(missing.iter().map(|slot| callee.slots[*slot].name)).replace(" or ", " and ");
            let incomplete = Diagnostic::error(Code::MissingArgument, format!("`{}` needs {names}", callee.name));
            let docs = (callee.declared.is_none()).then(|| docs(callee, &missing));
            self.complain(incomplete.at(callee.incomplete, "incomplete").maybe_help(docs), callee);
            found.fine = false;
        }
        Placed { taken, fine: found.fine }
    }

    fn complain(&mut self, diagnostic: Diagnostic, callee: &Callee) {
        self.diagnostics.push(match callee.declared {
            Some(span) => diagnostic.also(span, "declared here"),
            None => diagnostic,
        });
    }

    /// An argument of a name that no parameter has: what it means is said at once where the name tells, and later where that depends on
    /// what is missing. The parameter in whose place it stands is returned.
    fn stranger<'a>(
        &mut self,
        callee: &Callee,
        args: &'a [Arg],
        at: usize,
        label: &'a Word,
        found: &mut Found<'a>,
        env: &mut Env,
    ) -> Option<usize> {
        if callee.declared.is_none() && self.says_not_yet(callee.name, label) {
            found.unsure = true;
            return None;
        }
        let foreign = self.foreign(callee, &args[at], label);
        let here = found.position;
        let followed = here < callee.slots.len() && args[at + 1..].iter().any(|arg| arg.label.is_none());
        let stands_here = followed
            && match &foreign {
                Foreign::Known(_, meant) => *meant == Some(here),
                Foreign::Unknown => self.could_be(&args[at].value, callee.slots[here].ty, env),
            };
        match foreign {
            _ if stands_here => {
                found.position += 1;
                found.strangers.push(Stranger { at, label, stands_for: Some((here, true)) });
                Some(here)
            }
            Foreign::Known(help, meant) => {
                found.meant.extend(meant);
                let unknown = Diagnostic::error(Code::UnknownArgument, format!("`{}` has no parameter `{}`", callee.name, label.text));
                self.complain(unknown.at(label.span, "unknown").help(help), callee);
                None
            }
            Foreign::Unknown => {
                found.strangers.push(Stranger { at, label, stands_for: None });
                None
            }
        }
    }

    fn foreign(&mut self, callee: &Callee, arg: &Arg, label: &Word) -> Foreign {
        let near = near(&mut self.meter, &label.text, callee.names()).map(|near| (format!("did you mean `{near}`?"), callee.slot(near)));
        if callee.declared.is_none()
            && let Some((help, param)) = meant_argument(&label.text, callee.names())
        {
            let help = match self.curve_of(arg) {
                Some(curve) if param == Some("optimizer") => {
                    format!("a schedule is a curve of the learning rate: `sgd(lr = 0.1 |> {curve})`")
                }
                _ => help.to_owned(),
            };
            return Foreign::Known(help, param.and_then(|param| callee.slot(param)));
        }
        near.map_or(Foreign::Unknown, |(help, slot)| Foreign::Known(help, slot))
    }

    /// A call of a curve without the number that it bends, as the recipe says it.
    fn curve_of(&self, arg: &Arg) -> Option<String> {
        let ExprKind::Call(call) = &arg.value.kind else { return None };
        let [callee] = call.path.as_slice() else { return None };
        let decl = crate::ops::declared(callee.text.as_str())?;
        (decl.yields() == Type::Curve).then(|| self.said_at(arg.value.span))
    }

    /// Says of which parameters the foreign names are; whether that says what is missing, too.
    fn strangers(&mut self, callee: &Callee, args: &[Arg], strangers: &[Stranger], missing: &[usize]) -> bool {
        let parameters = |strangers: &[&Stranger]| {
            let names = one_of(strangers.iter().map(|it| it.label.text.as_str())).replace(" or ", " and ");
            let word = if strangers.len() == 1 { "parameter" } else { "parameters" };
            format!("`{}` has no {word} {names}", callee.name)
        };
        let said_as = |it: &Stranger| match it.stands_for {
            Some((slot, false)) => format!("called `{}` here", callee.slots[slot].name),
            Some((slot, true)) => format!("this is `{}`", callee.slots[slot].name),
            None => "unknown".to_owned(),
        };
        let labelled = |diagnostic: Diagnostic, strangers: &[&Stranger]| {
            let [first, rest @ ..] = strangers else { return diagnostic };
            let diagnostic = diagnostic.at(first.label.span, said_as(first));
            rest.iter().fold(diagnostic, |said, it| said.also(it.label.span, said_as(it)))
        };
        let (known, unknown): (Vec<&Stranger>, Vec<&Stranger>) = strangers.iter().partition(|it| it.stands_for.is_some());
        if !known.is_empty() {
            let in_place = known.iter().any(|it| matches!(it.stands_for, Some((_, true))));
            let help = if in_place {
                let names = known.iter().map(|it| it.at).collect::<Vec<_>>();
                format!("write `{}`", self.call_shown(callee.name, args, &names, |at, _| (names.contains(&at), None)))
            } else {
                let named = known.iter().filter_map(|it| Some((it.stands_for?.0, it.at)));
                let written = named.map(|(slot, at)| format!("{} = {}", callee.slots[slot].name, self.said_at(args[at].value.span)));
                format!("write `{}`", written.collect::<Vec<_>>().join(", "))
            };
            let said = Diagnostic::error(Code::UnknownArgument, parameters(&known)).help(help);
            self.complain(labelled(said, &known), callee);
        }
        if unknown.is_empty() {
            return false;
        }
        if missing.is_empty() {
            let help = format!("its parameters are {}", one_of(callee.names()));
            for it in unknown {
                let said = Diagnostic::error(Code::UnknownArgument, parameters(&[it])).help(help.clone());
                self.complain(labelled(said, &[it]), callee);
            }
            return false;
        }
        let said = Diagnostic::error(Code::UnknownArgument, parameters(&unknown)).help(format!("it needs {}", docs(callee, missing)));
        self.complain(labelled(said, &unknown), callee);
        true
    }

    /// Whether an expression may be meant for a parameter of this type.
    fn could_be(&mut self, expr: &Expr, ty: &Type, env: &mut Env) -> bool {
        if let ExprKind::Record(_) = expr.kind {
            return takes_records(ty);
        }
        let rows = super::operate::wants_row(ty);
        if rows || super::operate::holds_attribute(expr) {
            return rows && super::operate::holds_attribute(expr);
        }
        let before = env.row.take();
        let val = self.expr(expr, env);
        env.row = before;
        val.is_poison() || self.fits(&val, ty, env.module)
    }

    /// What a recipe says at a place, if that is short.
    pub(super) fn said_at(&self, span: Span) -> String {
        let said = self.sources.get(span.file).map_or("", |source| source.slice(span));
        if said.len() <= LONGEST_SHOWN && !said.is_empty() && !said.contains('\n') { said.to_owned() } else { "…".to_owned() }
    }

    /// A call with changed arguments, whole or with those alone that matter. For each argument `change` tells whether its name is left out,
    /// and what stands for its value.
    pub(super) fn call_shown(
        &self,
        name: &str,
        args: &[Arg],
        matter: &[usize],
        change: impl Fn(usize, &Arg) -> (bool, Option<Span>),
    ) -> String {
        let written: Vec<String> = args
            .iter()
            .enumerate()
            .map(|(at, arg)| {
                let (bare, value) = change(at, arg);
                let value = self.said_at(value.unwrap_or(arg.value.span));
                arg.label.as_ref().filter(|_| !bare).map_or_else(|| value.clone(), |label| format!("{} = {value}", label.text))
            })
            .collect();
        let whole = format!("{name}({})", written.join(", "));
        if whole.chars().count() <= LONGEST_SHOWN {
            return whole;
        }
        let mut parts: Vec<&str> = Vec::new();
        for (at, written) in written.iter().enumerate() {
            if matter.contains(&at) {
                parts.push(written);
            } else if parts.last() != Some(&"…") {
                parts.push("…");
            }
        }
        format!("{name}({})", parts.join(", "))
    }
}

#[derive(Default)]
struct Found<'a> {
    /// The parameter of the next argument without a name.
    position: usize,
    fine: bool,
    too_many: bool,
    /// Whether something that does not exist yet was said, which may stand for what is missing.
    unsure: bool,
    /// Parameters that a misspelt or foreign name means: they are not missing.
    meant: Vec<usize>,
    strangers: Vec<Stranger<'a>>,
}

/// What parameters mean, a line each.
fn docs(callee: &Callee, slots: &[usize]) -> String {
    let line = |slot: &Slot| match slot.doc.trim().lines().next() {
        Some(doc) => format!("{}: {} ({})", slot.name, slot.ty, doc.trim()),
        None => format!("{}: {}", slot.name, slot.ty),
    };
    slots.iter().map(|slot| line(&callee.slots[*slot])).collect::<Vec<_>>().join("\n")
}

fn takes_records(ty: &Type) -> bool {
    match ty {
        Type::Record(_) | Type::Named(_) | Type::Schema | Type::Unknown => true,
        Type::Optional(of) => takes_records(of),
        Type::Union(options) => options.iter().any(takes_records),
        _ => false, // nothing with fields
    }
}
