//! What a recipe calls a thing where it uses it. Declarations that mean the same are one node of several names: a table keeps the one that
//! it says.

use super::judge::eval_of;
use super::modules::{BindingId, Kind, ModuleId};
use super::{Compiler, Env, Val};
use crate::lang::decl::Operator as _;
use crate::lang::types::Type;
use crate::lang::value::{Arm, Value};
use crate::ops::evals::OverPanel;
use crate::plan::in_arm;
use crate::syntax::tree::{Expr, ExprKind, File, ItemKind};
use std::sync::Arc;

/// Names that stand for names are followed no further than this.
const FURTHEST: usize = 100;

/// Where names are looked up.
#[derive(Clone, Copy)]
struct Scope<'a> {
    module: ModuleId,
    locals: &'a [(String, Val)],
}

impl Scope<'_> {
    fn top(module: ModuleId) -> Self {
        Scope { module, locals: &[] }
    }
}

/// The expression of a fixed declaration, kept with the file that it stands in.
pub(super) struct Declared {
    module: ModuleId,
    file: Arc<File>,
    item: usize,
}

impl Declared {
    /// The expression.
    fn expr(&self) -> Option<&Expr> {
        if let ItemKind::Fixed(fixed) = &self.file.items[self.item].kind { Some(&fixed.value) } else { None }
    }

    /// The elements of a list, or the values of a record.
    pub(super) fn elements(&self) -> Vec<&Expr> {
        match self.expr().map(|expr| &expr.kind) {
            Some(ExprKind::List(items)) => items.iter().collect(),
            Some(ExprKind::Record(entries)) => entries.iter().map(|entry| &entry.value).collect(),
            _ => Vec::new(), // neither
        }
    }

    /// Where its names are looked up.
    pub(super) fn env(&self) -> Env {
        Env::top(self.module, super::axes::Point::new())
    }
}

impl Compiler<'_> {
    /// The name that an expression gives the protocol of a metric (`pose` in `pose.tar(1e-3)`), if it is one of its node's.
    pub(super) fn protocol_said(&self, metric: &Value, expr: &Expr, env: &Env, arm: &Arm) -> Option<(String, Arm)> {
        let node = self.graph.node(eval_of(metric)?);
        let said = self.protocol_in(expr, Scope { module: env.module, locals: &env.locals }, 0)?;
        let mut named = node.names.iter().filter(|(name, _)| *name == said);
        let agrees = |own: &Arm| own.iter().all(|(axis, value)| arm.get(axis) == Some(value));
        named.clone().find(|(_, own)| agrees(own)).or_else(|| named.next()).cloned()
    }

    /// What a protocol is called in a lock and in `metrics.json`, where that is not what the plan calls its node.
    pub(super) fn called(&self, metric: &Value, said: Option<&(String, Arm)>) -> Option<String> {
        let first = self.graph.node(eval_of(metric)?).names.first();
        said.filter(|said| Some(*said) != first).map(|(name, arm)| in_arm(name, arm))
    }

    /// The list or the record that a name stands for.
    pub(super) fn listed(&self, expr: &Expr, env: &Env) -> Option<Declared> {
        let mut declared = self.declared(expr, Scope { module: env.module, locals: &env.locals })?;
        for _ in 0..FURTHEST {
            match declared.expr().and_then(|expr| self.declared(expr, Scope::top(declared.module))) {
                Some(next) => declared = next,
                None => break,
            }
        }
        declared.expr().is_some_and(|expr| matches!(expr.kind, ExprKind::List(_) | ExprKind::Record(_))).then_some(declared)
    }

    fn protocol_in(&self, expr: &Expr, scope: Scope, hops: usize) -> Option<String> {
        if hops == FURTHEST {
            return None;
        }
        if let Some(declared) = self.declared(expr, scope) {
            return self.protocol_in(declared.expr()?, Scope::top(declared.module), hops + 1);
        }
        let path = protocol_path(expr)?;
        let (id, rest) = self.resolve(&path, scope)?;
        let module = &self.modules[id.module.0];
        let name = format!("{}{}", module.prefix, module.bindings[id.place].name);
        Some([name.as_str()].iter().chain(rest).copied().collect::<Vec<_>>().join("."))
    }

    /// What a name declares, if it is fixed as a whole.
    fn declared(&self, expr: &Expr, scope: Scope) -> Option<Declared> {
        let path = words(expr)?;
        let (id, rest) = self.resolve(&path, scope)?;
        let module = &self.modules[id.module.0];
        match module.bindings[id.place].kind {
            Kind::Fixed(item, _, None) if rest.is_empty() => Some(Declared { module: id.module, file: Arc::clone(&module.tree), item }),
            _ => None, // part of a value, or no value
        }
    }

    /// The binding that a path of words begins with, and the words after it.
    fn resolve<'w, 'e>(&self, path: &'w [&'e str], scope: Scope) -> Option<(BindingId, &'w [&'e str])> {
        let (first, mut rest) = path.split_first()?;
        if scope.locals.iter().any(|(local, _)| local == first) {
            return None;
        }
        let place = |module: ModuleId, name: &str| self.modules[module.0].names.get(name).map(|&place| BindingId { module, place });
        let mut id = place(scope.module, first)?;
        for _ in 0..FURTHEST {
            match self.modules[id.module.0].bindings[id.place].kind {
                Kind::Module(inner) => {
                    let (name, after) = rest.split_first()?;
                    (id, rest) = (place(inner, name)?, after);
                }
                Kind::Imported(other) => id = other,
                _ => return Some((id, rest)), // a declaration
            }
        }
        None
    }

    /// What a row or a column is called that has no label of its own.
    pub(super) fn label_said(&self, expr: &Expr, val: &Val, protocol: Option<&str>) -> String {
        match &expr.kind {
            ExprKind::Name(name) => name.clone(),
            ExprKind::Field { name, .. } if val.ty == Type::Model => name.text.clone(),
            _ => self.label_of(&val.value, protocol),
        }
    }

    /// What a value is called: a metric after this name of its protocol, or the first one that it has.
    pub(super) fn label_of(&self, value: &Value, protocol: Option<&str>) -> String {
        match value {
            Value::Node(node) => {
                let node = self.graph.node(*node);
                let unnamed = || match node.args.get("by") {
                    Some(Value::Text(by)) if node.op == OverPanel::NAME => by.to_string(), // its panel has no name
                    _ => node.op.to_owned(),
                };
                node.names.first().map_or_else(unnamed, |(name, _)| name.clone())
            }
            Value::Op(op) => {
                let first = || eval_of(value).map(|node| self.label_of(&Value::Node(node), None));
                let of = protocol.map(str::to_owned).or_else(first);
                let rate = ["far", "fpir"].iter().find_map(|name| op.args.get(*name)).and_then(Value::magnitude);
                let at = match op.args.get("k") {
                    Some(k) => format!("@{k}"),
                    None => rate.map_or_else(String::new, |rate| format!("@{rate:e}")),
                };
                of.map_or_else(|| format!("{}{at}", op.op()), |of| format!("{of}.{}{at}", op.op()))
            }
            other => other.to_string(),
        }
    }
}

/// The words of `a.b.c`.
fn words(expr: &Expr) -> Option<Vec<&str>> {
    match &expr.kind {
        ExprKind::Name(name) => Some(vec![name.as_str()]),
        ExprKind::Field { base, name } => {
            let mut path = words(base)?;
            path.push(&name.text);
            Some(path)
        }
        _ => None, // no path of words
    }
}

/// The path of the protocol whose metric this is: of `pose.accuracy`, `pose.tar(1e-3)`, `tar(pose, 1e-3)` and `pose |> tar(1e-3)`.
fn protocol_path(expr: &Expr) -> Option<Vec<&str>> {
    match &expr.kind {
        ExprKind::Field { base, .. } => words(base),
        ExprKind::Call(call) => match call.path.split_last()? {
            (_, []) => {
                let given = call.args.iter().find(|arg| arg.label.as_ref().is_none_or(|label| label.text == "eval"))?;
                words(&given.value)
            }
            (_, path) => Some(path.iter().map(|word| word.text.as_str()).collect()),
        },
        ExprKind::Pipe { value, .. } => words(value),
        _ => None, // the protocol has no name there
    }
}

#[cfg(test)]
mod tests {
    use crate::compile::{Options, compile};
    use crate::diag::Severity;
    use crate::ops::outputs::{Table, TableColumn};
    use crate::plan::Plan;
    use crate::source::Memory;
    use std::path::Path;

    const BEFORE: &str = "ddl 1
dataset faces = synthetic_faces(identities = 40, images = 20)
dataset same = synthetic_faces(identities = 40, images = 20)
eval a = verification(faces, pairs = random_pairs())
eval b = verification(same, pairs = random_pairs())
eval c = a
stage s = train(tiny(), classify(faces, arcface()), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))
stage t = train(tiny(), classify(same, arcface()), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))
";

    fn plan(text: &str) -> Plan {
        let library = "ddl 1\ndataset _faces = synthetic_faces(identities = 40, images = 20)\neval d = verification(_faces, pairs = random_pairs())\nlet both = [d.accuracy, d.gap]\n";
        let world = Memory::new().with("recipe.ddl", format!("{BEFORE}{text}")).with("lib.ddl", library);
        let compiled = compile(&world, Path::new("recipe.ddl"), &Options::default()).unwrap();
        let errors: Vec<_> = compiled.diagnostics.iter().filter(|it| it.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{text}: {errors:?}");
        compiled.plan()
    }

    fn table(plan: &Plan) -> &Table {
        plan.all().next().unwrap().1
    }

    #[test]
    fn protocols_that_mean_the_same_keep_the_names_that_the_recipe_gave_them() {
        for (before, columns, labels, protocols) in [
            ("", "[a.accuracy, b.accuracy]", ["a.accuracy", "b.accuracy"], ["a", "b"]),
            ("", "[b.accuracy, a.accuracy]", ["b.accuracy", "a.accuracy"], ["b", "a"]),
            ("", "[a.tar(1e-2), c.tar(1e-2)]", ["a.tar@1e-2", "c.tar@1e-2"], ["a", "c"]),
            ("", "[tar(a, 1e-2), b |> tar(1e-2)]", ["a.tar@1e-2", "b.tar@1e-2"], ["a", "b"]),
            ("", "{\"A\" = a.accuracy, \"B\" = b.accuracy}", ["A", "B"], ["a", "b"]),
            ("let l = [a.accuracy, b.accuracy]", "l", ["a.accuracy", "b.accuracy"], ["a", "b"]),
            ("let k = [a.accuracy, b.accuracy]\nlet l = k", "l", ["a.accuracy", "b.accuracy"], ["a", "b"]),
            ("let l = {x = a.accuracy, y = b.accuracy}", "l", ["x", "y"], ["a", "b"]),
            ("let m = b.accuracy", "[a.accuracy, m]", ["a.accuracy", "m"], ["a", "b"]),
            ("let p = {x = a, y = b}", "[p.x.gap, p.y.gap]", ["p.x.gap", "p.y.gap"], ["p.x", "p.y"]),
            // a panel's protocols, whatever they are called elsewhere
            ("eval p = panel({x = a, y = b})", "[p.x.gap, p.y.gap]", ["p.x.gap", "p.y.gap"], ["p.x", "p.y"]),
            ("eval p = panel({x = a, y = b})", "[a.gap, p.y.gap]", ["a.gap", "p.y.gap"], ["a", "p.y"]),
            ("eval p = panel({x = a, y = b})\neval q = p", "[q.x.gap, p.y.gap]", ["q.x.gap", "p.y.gap"], ["q.x", "p.y"]),
            ("use \"lib.ddl\" as lib", "[a.gap, lib.d.gap]", ["a.gap", "lib.d.gap"], ["a", "lib.d"]),
            ("use \"lib.ddl\" as lib", "lib.both", ["lib.d.accuracy", "lib.d.gap"], ["lib.d", "lib.d"]),
            ("use \"lib.ddl\" as lib\nlet l = [a.gap, lib.d.gap]", "l", ["a.gap", "lib.d.gap"], ["a", "lib.d"]),
            // a panel that has no name
            (
                "",
                "[panel({x = a, y = b}).mean.gap, panel({x = a, y = b}).worst.gap]",
                ["mean.gap", "worst.gap"],
                ["panel(x = a, y = a).mean", "panel(x = a, y = a).worst"],
            ),
            ("def gap_of(e: eval) -> metric { return e.gap }", "[gap_of(a), gap_of(b)]", ["a.gap", "b.gap"], ["a", "b"]),
        ] {
            let text = format!("{before}\nreport r = compare([s], columns = {columns})\n");
            let plan = plan(&text);
            let table = table(&plan);
            let first = |column: &TableColumn| plan.node(column.metric.eval().node).name.clone();
            let protocol = |column: &TableColumn| column.called.clone().unwrap_or_else(|| first(column));
            assert_eq!(table.columns.iter().map(|it| it.label.as_str()).collect::<Vec<_>>(), labels, "{text}");
            assert_eq!(table.columns.iter().map(protocol).collect::<Vec<_>>(), protocols, "{text}");
            assert!(table.columns.iter().all(|column| column.called.as_ref() != Some(&first(column))), "{text}");
        }
    }

    #[test]
    fn models_that_mean_the_same_keep_their_names_too() {
        for (before, rows) in
            [("", "[s, t]"), ("let l = [s, t]", "l"), ("", "{s = s, t = t}"), ("use \"lib.ddl\" as lib\nlet l = [s, t]\nlet k = l", "k")]
        {
            let plan = plan(&format!("{before}\nreport r = compare({rows}, columns = [a.gap])\n"));
            assert_eq!(table(&plan).rows.iter().map(|row| row.label.as_str()).collect::<Vec<_>>(), ["s", "t"], "{rows}");
        }
    }

    #[test]
    fn a_node_has_the_name_that_is_declared_first_whoever_asks_first() {
        let stage = "train(tiny(seed = 3), classify(faces, arcface()), batch = 8, for = 1 epoch, optimizer = sgd(lr = 0.1))";
        for asked in ["[one, two]", "[two, one]"] {
            let plan = plan(&format!("report r = compare({asked}, columns = [b.gap, a.gap])\nstage one = {stage}\nstage two = {stage}\n"));
            let names: Vec<&str> = plan.nodes.iter().map(|node| node.name.as_str()).collect();
            assert!(names.contains(&"one") && !names.contains(&"two"), "{asked}: {names:?}");
            assert!(names.contains(&"faces") && names.contains(&"a") && !names.contains(&"b"), "{asked}: {names:?}");
        }
    }

    #[test]
    fn what_a_protocol_is_called_is_no_part_of_what_a_table_means() {
        let digest = |columns: &str| plan(&format!("report r = compare([s], columns = {columns})\n")).digest();
        assert_eq!(digest("[a.gap, b.gap]"), digest("[b.gap, c.gap]"));
        assert_eq!(digest("[a.tar(5%), a.tar(0.5)]"), digest("[a.tar(0.05), a.tar(50%)]"), "one rate, said in two ways");
    }
}
