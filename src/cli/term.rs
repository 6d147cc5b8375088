//! `ddl term`: a head or term evaluated on given arrays, for whoever ports code.
//!
//! The expression becomes the objective of a recipe whose batches stand for the arrays, and is compiled like any other; the engine
//! then evaluates the objective on the arrays in place of drawn images.

#![allow(clippy::cast_possible_truncation, reason = "counts that are shown, and numbers of nodes")]

mod arrays;
mod expression;

use super::args::TermArgs;
use super::outcome::{Outcome, Stop};
use super::run::engine;
use super::screen::Screen;
use super::written;
use crate::compile::{Compiled, Options, compile};
use crate::diag::{Code, Diagnostic, Severity};
use crate::job::term::{ArrayBatch, Embeddings, TermAnswer, TermJob, TermReport, TermRow};
use crate::lang::value::NodeId;
use crate::ops::heads::Head;
use crate::ops::stages::Train;
use crate::plan::Plan;
use crate::source::Memory;
use expression::Written;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt::Write as _; // a String takes all that is written to it
use std::path::{Path, PathBuf};

/// The batch of `--embeddings`.
const DATA: &str = "data";
/// What an expression calls a data set of the batches' people.
const PEOPLE: &str = "people";

/// Evaluates an expression.
pub(crate) fn run(args: &TermArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let batches = arrays::batches(args)?;
    let asked = Asked::new(args, &batches)?;
    let plan = asked.compiled(&asked.text, screen)?;
    let (stage, args_of_stage) = stage_of(&plan)?;
    let used = plan.draws(stage).map_err(|error| Stop::wrong(error.to_string()))?;
    let mut init: BTreeMap<String, PathBuf> = args.init.iter().map(|(name, file)| (name.clone(), PathBuf::from(file))).collect();
    if let Some(file) = &args.prototypes
        && init.insert("prototypes".to_owned(), file.clone()).is_some()
    {
        return Err(Stop::wrong("--prototypes and --init prototypes=… give the same tensor"));
    }
    let job = TermJob {
        stage: args_of_stage.clone(),
        batches: used.into_iter().filter_map(|node| of_node(&plan, node, &batches)).collect(),
        teacher: args.teacher.clone(),
        attributes: args.attributes.clone(),
        init,
        double: args.dtype == super::args::Dtype::Float64,
        classes: args.classes,
        step: args.step - 1,
        device: args.device,
        grad_out: args.grad_out.clone(),
    };
    match engine::term(&job)? {
        TermAnswer::Failed(failure) => Err(Stop::refuse(failure.diagnostic(Severity::Error))),
        TermAnswer::Done(mut report) => {
            report.terms = asked.in_order(report.terms, &terms_of(&plan, args_of_stage), screen)?;
            let text = if args.json {
                serde_json::to_string_pretty(&report).unwrap_or_default() + "\n" // numbers and texts: JSON can write them
            } else {
                shown(&report, job.double)
            };
            screen.result(&text)?;
            match not_finite(&report).as_slice() {
                [] => Ok(Outcome::Done),
                found => {
                    let diagnostic = Diagnostic::error(Code::LossNotFinite, format!("these are no finite numbers: {}", found.join(", ")));
                    let help = if job.double {
                        "look for numbers in the arrays that are too large, or for what is divided by zero"
                    } else {
                        "--dtype float64 has room for larger ones"
                    };
                    Err(Stop::fail(diagnostic.help(help)))
                }
            }
        }
    }
}

/// What is asked for.
struct Asked<'a> {
    args: &'a TermArgs,
    batches: &'a [ArrayBatch],
    /// The expression.
    text: String,
    written: Written,
}

/// A recipe around an expression.
struct Recipe {
    text: String,
    /// Where the expression begins.
    from: usize,
}

impl<'a> Asked<'a> {
    fn new(args: &'a TermArgs, batches: &'a [ArrayBatch]) -> Result<Self, Stop> {
        let text = args.expression.trim().to_owned();
        let written = expression::read(&text);
        let asked = Asked { args, batches, text, written };
        if is_head(&asked.text) && !asked.has_data() {
            let message = format!("`{}` is a head: it takes embeddings and labels", operator(&asked.text));
            return Err(Stop::wrong_with(message, "give --embeddings FILE --labels FILE"));
        }
        asked.has_its_networks()?;
        Ok(asked)
    }

    fn has_data(&self) -> bool {
        self.batches.iter().any(|batch| batch.name == DATA)
    }

    /// That there are arrays of every network that a term names.
    fn has_its_networks(&self) -> Result<(), Stop> {
        let given = arrays::nets(self.batches);
        let Some((net, op)) = self.written.nets.iter().find(|(net, _)| !given.contains(&net.as_str())) else { return Ok(()) };
        let all: Vec<String> = self.written.nets.iter().map(|(net, _)| format!("{net}=FILE")).collect();
        let message = if given.is_empty() {
            format!("`{op}` names the network `{net}`, and the arrays do not say of which network they are")
        } else {
            format!("`{op}` names the network `{net}`, and there is no array of it")
        };
        let help =
            format!("give what each network makes of the images: --embeddings {}; of pairs --pairs NAME={net}=LEFT,RIGHT,…", all.join(","));
        Err(Stop::wrong_with(message, help))
    }

    /// A recipe with an expression as its objective and a draw for each batch.
    fn recipe(&self, expression: &str) -> Recipe {
        let (before, after) = if is_head(expression) { (format!("classify({DATA}, "), ")") } else { (String::new(), "") };
        let before = format!("ddl 1\nobjective term = {before}");
        let mut text = format!("{before}{expression}{after}\n");
        let _ = writeln!(text, "dataset _people = synthetic_faces(identities = 4, images = 4)\nbackbone teacher = tiny(seed = 1)");
        if !self.batches.iter().any(|batch| batch.name == PEOPLE) {
            let _ = writeln!(text, "let {PEOPLE} = _people"); // for terms that look at a data set
        }
        for (seed, batch) in self.batches.iter().enumerate() {
            let by = match batch.embeddings.first() {
                Some((_, Embeddings::Pairs(..))) => "pairs(), size = 4",
                Some((_, Embeddings::Images(_))) | None => "pk(identities = 2, images = 2)",
            };
            // draws of different seeds are different nodes
            let _ = writeln!(text, "batches {} = draw(_people, by = {by}, seed = {seed})", batch.name);
        }
        let nets = arrays::nets(self.batches);
        let starts: Vec<String> = nets.iter().enumerate().map(|(seed, net)| format!("{net} = tiny(seed = {})", seed + 2)).collect();
        let model = match starts.as_slice() {
            [] => "tiny()".to_owned(),
            // a stage of one network does not name it: another stands beside it
            [only] => format!("{{{only}, _other = tiny()}}"),
            _ => format!("{{{}}}", starts.join(", ")),
        };
        let steps = self.args.steps.max(self.args.step);
        let seed = self.args.seed;
        let _ =
            writeln!(text, "stage _stage = train({model}, term, batch = 4, for = {steps} steps, seed = {seed}, optimizer = sgd(lr = 0.1))");
        Recipe { text, from: before.len() }
    }

    /// The plan of an expression.
    fn compiled(&self, expression: &str, screen: &Screen) -> Result<Plan, Stop> {
        let recipe = self.recipe(expression);
        let file = Path::new("term");
        let options = Options { arrays: true, ..Options::default() };
        let compiled = compile(&Memory::new().with(file, recipe.text.clone()), file, &options);
        let compiled = compiled.map_err(|diagnostic| Stop::Say(Outcome::Wrong, diagnostic))?;
        if !compiled.has_errors() {
            return Ok(compiled.plan());
        }
        self.complain(&compiled, &recipe, expression, screen);
        Err(Stop::Shown(Outcome::Wrong))
    }

    /// Says what is wrong with an expression, at its own places: nobody wrote the recipe around it.
    fn complain(&self, compiled: &Compiled, recipe: &Recipe, expression: &str, screen: &Screen) {
        let errors = compiled.diagnostics.iter().filter(|it| it.severity == Severity::Error);
        written::Written { text: expression, from: recipe.from, is_shown: true }.complain(errors, screen);
        if !self.has_data() && expression.contains(DATA) {
            screen.note("the batch `data` is what --embeddings gives; others are named by --batch and --pairs");
        }
    }

    /// The rows of the terms, which are summed in an order of their own, in the order in which they are written, each with what was written
    /// for it.
    fn in_order(&self, rows: Vec<TermRow>, summed: &[Json], screen: &Screen) -> Result<Vec<TermRow>, Stop> {
        let mut rows: Vec<Option<TermRow>> = rows.into_iter().map(Some).collect();
        let mut ordered = Vec::with_capacity(rows.len());
        for summand in &self.written.summands {
            let plan = self.compiled(summand, screen)?;
            let terms = terms_of(&plan, stage_of(&plan)?.1);
            for term in &terms {
                let place = (0..rows.len()).find(|at| rows[*at].is_some() && summed.get(*at) == Some(term));
                let Some(mut row) = place.and_then(|at| rows[at].take()) else { continue };
                row.expression = if terms.len() == 1 { summand.clone() } else { format!("{} of {summand}", row.name) };
                ordered.push(row);
            }
        }
        // every term is one of a summand's
        ordered.extend(rows.into_iter().flatten());
        Ok(ordered)
    }
}

/// Whether an expression is a head alone.
fn is_head(text: &str) -> bool {
    Head::decls().iter().any(|decl| decl.name == operator(text))
}

/// The name that an expression begins with.
fn operator(expression: &str) -> &str {
    let end = expression.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(expression.len());
    &expression[..end]
}

fn stage_of(plan: &Plan) -> Result<(NodeId, &Json), Stop> {
    let stage = plan.all::<Train>().next().map(|(id, _)| (id, plan.node(id).args()));
    stage.ok_or_else(|| Stop::wrong("the expression is no objective"))
}

/// The terms of a stage in the order in which they are summed, with the meaning of nodes in place of their numbers.
fn terms_of(plan: &Plan, stage: &Json) -> Vec<Json> {
    fn meaning(plan: &Plan, json: &Json) -> Json {
        let node = json.get("node").and_then(|node| serde_json::from_value::<NodeId>(node.clone()).ok());
        match (node, json) {
            (Some(node), _) => serde_json::json!({ "key": plan.node(node).key }),
            (None, Json::Array(items)) => items.iter().map(|item| meaning(plan, item)).collect(),
            (None, Json::Object(fields)) => Json::Object(fields.iter().map(|(name, value)| (name.clone(), meaning(plan, value))).collect()),
            (None, other) => other.clone(),
        }
    }
    let terms = stage["objective"]["terms"].as_array().map_or(&[][..], Vec::as_slice);
    terms.iter().map(|term| meaning(plan, term)).collect()
}

fn of_node(plan: &Plan, node: NodeId, batches: &[ArrayBatch]) -> Option<ArrayBatch> {
    let name = &plan.node(node).name;
    batches.iter().find(|batch| batch.name == *name).map(|batch| ArrayBatch { node, ..batch.clone() })
}

/// What of a report is NaN or infinite: values, gradients, and what the step makes of the state.
fn not_finite(report: &TermReport) -> Vec<String> {
    let value = ("the value".to_owned(), vec![report.value]);
    let terms = report.terms.iter().map(|row| (format!("the value of `{}`", row.expression), vec![row.value]));
    let gradients = report.gradients.iter().map(|row| (format!("the gradient of {}", row.of), vec![row.largest, row.norm]));
    let changed =
        report.changed.iter().map(|row| (format!("{} after the step", row.name), row.value.into_iter().chain([row.moved]).collect()));
    let all = std::iter::once(value).chain(terms).chain(gradients).chain(changed);
    all.filter_map(|(what, numbers)| numbers.iter().find(|it| !it.is_finite()).map(|it| format!("{what} ({it})"))).collect()
}

/// A report for people.
fn shown(report: &TermReport, double: bool) -> String {
    let number = |value: f64| if double { value.to_string() } else { (value as f32).to_string() };
    let shape = |sides: &[i64]| format!("[{}]", sides.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    let mut out = format!("value {}\n", number(report.value));
    for term in &report.terms {
        let _ = writeln!(out, "\n{}: {}, weight {}", term.expression, number(term.value), number(term.weight));
        if term.skipped > 0.0 {
            let _ = writeln!(out, "  skipped {}", number(term.skipped));
        }
        for (name, value) in &term.parts {
            let _ = writeln!(out, "  {name} {}", number(*value));
        }
    }
    out.push_str("\ngradients\n");
    for row in &report.gradients {
        let _ = writeln!(out, "  {} {}: norm {}, largest {}", row.of, shape(&row.shape), number(row.norm), number(row.largest));
        if row.without_direction > 0 {
            let (count, rows) = (row.without_direction, row.shape.first().copied().unwrap_or_default());
            let _ = writeln!(
                out,
                "    {count} of {rows} rows have no direction: they are zero, or too long for this arithmetic (--dtype float64 has room for more)"
            );
        }
    }
    if !report.changed.is_empty() {
        out.push_str("\nstate after the step\n");
    }
    for row in &report.changed {
        let _ = match row.value {
            Some(value) => writeln!(out, "  {} = {}", row.name, number(value)),
            None => writeln!(out, "  {} {}: moved by {}", row.name, shape(&row.shape), number(row.moved)),
        };
    }
    if !report.drawn.is_empty() {
        let _ = writeln!(out, "\nnot given, so drawn as for a new stage: {}", report.drawn.join(", "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::term::{ChangedRow, GradientRow};

    /// A report whose numbers are these: of the sum, a term, a gradient, a tensor of the state and a number of it.
    fn report(numbers: [f64; 7]) -> TermReport {
        let [value, of_term, norm, largest, moved, after, part] = numbers;
        let term = TermRow {
            name: "center".into(),
            expression: "2 * center(data)".into(),
            weight: 2.0,
            value: of_term,
            skipped: 0.0,
            parts: [("part".to_owned(), part)].into(),
        };
        TermReport {
            value,
            terms: vec![term],
            gradients: vec![GradientRow { of: "data".into(), shape: vec![2, 3], norm, largest, without_direction: 0 }],
            changed: vec![ChangedRow { name: "t".into(), shape: vec![], value: Some(after), moved }],
            drawn: Vec::new(),
        }
    }

    #[test]
    fn every_number_that_is_none_is_named() {
        assert_eq!(not_finite(&report([0.0; 7])), [] as [&str; 0]);
        let names = [
            "the value",
            "the value of `2 * center(data)`",
            "the gradient of data",
            "the gradient of data",
            "t after the step",
            "t after the step",
        ];
        for (at, name) in names.iter().enumerate() {
            for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let mut numbers = [1.0; 7];
                numbers[at] = bad;
                assert_eq!(not_finite(&report(numbers)), [format!("{name} ({bad})")]);
            }
        }
        // a part is what a term tells beside its value
        assert_eq!(not_finite(&report([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, f64::NAN])), [] as [&str; 0]);
        assert_eq!(not_finite(&report([f64::NAN; 7])).len(), 4);
    }
}
