//! `ddl term`: a head or term evaluated on given arrays, for whoever ports code.
//!
//! The expression becomes the objective of a recipe whose batches stand for the arrays, and is compiled like any other; the engine
//! then evaluates the objective on the arrays in place of drawn images.

use super::args::TermArgs;
use super::outcome::{Outcome, Stop};
use super::run::engine;
use super::screen::Screen;
use crate::compile::{Options, compile};
use crate::diag::{Diagnostic, Severity};
use crate::job::term::{ArrayBatch, Embeddings, TermAnswer, TermJob, TermReport};
use crate::lang::value::NodeId;
use crate::ops::heads::Head;
use crate::plan::Plan;
use crate::source::Memory;
use std::collections::BTreeMap;
use std::fmt::Write as _; // a String takes all that is written to it
use std::path::{Path, PathBuf};

/// The batch of `--embeddings`.
const DATA: &str = "data";
/// What an expression calls a data set of the batches' people.
const PEOPLE: &str = "people";

/// Evaluates an expression.
pub fn run(args: &TermArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let batches = batches(args)?;
    let plan = compiled(args, &batches, screen)?;
    let stage = plan.iter().find(|(_, node)| node.op == "train").map(|(id, node)| (id, node.args.clone()));
    let Some((stage, args_of_stage)) = stage else { return Err(Stop::wrong("the expression is no objective")) };
    let used = plan.draws(stage).map_err(|error| Stop::wrong(error.to_string()))?;
    let mut init: BTreeMap<String, PathBuf> = args.init.iter().map(|(name, file)| (name.clone(), PathBuf::from(file))).collect();
    if let Some(file) = &args.prototypes
        && init.insert("prototypes".to_owned(), file.clone()).is_some()
    {
        return Err(Stop::wrong("--prototypes and --init prototypes=… give the same tensor"));
    }
    let job = TermJob {
        stage: args_of_stage,
        batches: used.into_iter().filter_map(|node| of_node(&plan, node, &batches)).collect(),
        teacher: args.teacher.clone(),
        attributes: args.attributes.clone(),
        init,
        double: args.dtype == super::args::Dtype::Float64,
        classes: args.classes,
        step: args.step,
        device: args.device,
        grad_out: args.grad_out.clone(),
    };
    match engine::term(&job)? {
        TermAnswer::Failed(failure) => Err(Stop::refuse(failure.diagnostic(Severity::Error))),
        TermAnswer::Done(report) => {
            let text = if args.json {
                serde_json::to_string_pretty(&report).unwrap_or_default() + "\n" // numbers and texts: JSON can write them
            } else {
                shown(&report, job.double)
            };
            screen.result(&text)?;
            Ok(Outcome::Done)
        }
    }
}

/// The arrays that the command line names, by the name that the expression calls them.
fn batches(args: &TermArgs) -> Result<Vec<ArrayBatch>, Stop> {
    let mut batches: Vec<ArrayBatch> = Vec::new();
    let mut add = |name: &str, embeddings: Embeddings| {
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(Stop::wrong(format!("`{name}` is no name for a batch: letters, digits and _, a letter first")));
        }
        if batches.iter().any(|batch| batch.name == name) {
            return Err(Stop::wrong(format!("the batch `{name}` is given twice")));
        }
        batches.push(ArrayBatch { node: NodeId(0), name: name.to_owned(), embeddings, labels: None });
        Ok(())
    };
    if let Some(file) = &args.embeddings {
        add(DATA, Embeddings::Images(file.clone()))?;
    }
    for (name, file) in &args.batch {
        add(name, Embeddings::Images(PathBuf::from(file)))?;
    }
    for (name, files) in &args.pairs {
        let Some((left, right)) = files.split_once(',') else {
            return Err(Stop::wrong_with(format!("--pairs {name}={files} names one file"), "write --pairs NAME=LEFT.npy,RIGHT.npy"));
        };
        add(name, Embeddings::Pairs(PathBuf::from(left), PathBuf::from(right)))?;
    }
    let own = args.labels.iter().map(|file| (DATA, file.clone()));
    for (name, file) in own.chain(args.batch_labels.iter().map(|(name, file)| (name.as_str(), PathBuf::from(file)))) {
        match batches.iter_mut().find(|batch| batch.name == name) {
            Some(batch) if batch.labels.is_none() => batch.labels = Some(file),
            Some(_) => return Err(Stop::wrong(format!("the labels of `{name}` are given twice"))),
            None => {
                let help = if name == DATA { "give --embeddings FILE too".to_owned() } else { format!("give --batch {name}=FILE too") };
                return Err(Stop::wrong_with(format!("there are labels of `{name}` and no embeddings"), help));
            }
        }
    }
    Ok(batches)
}

/// The plan of a recipe with the expression as its objective and a draw for each batch.
fn compiled(args: &TermArgs, batches: &[ArrayBatch], screen: &Screen) -> Result<Plan, Stop> {
    let expression = args.expression.trim();
    let name: String = expression.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let is_head = Head::decls().iter().any(|decl| decl.name == name);
    if is_head && !batches.iter().any(|batch| batch.name == DATA) {
        return Err(Stop::wrong_with(
            format!("`{name}` is a head: it takes embeddings and labels"),
            "give --embeddings FILE --labels FILE",
        ));
    }
    let objective = if is_head { format!("classify({DATA}, {expression})") } else { expression.to_owned() };
    let steps = args.steps.max(args.step + 1);
    let mut recipe = format!("ddl 1\nobjective term = {objective}\n");
    let _ = writeln!(
        recipe,
        "dataset _people = synthetic_faces(identities = 4, images = 4)\nbackbone _net = tiny()\nbackbone teacher = tiny(seed = 1)"
    );
    if !batches.iter().any(|batch| batch.name == PEOPLE) {
        let _ = writeln!(recipe, "let {PEOPLE} = _people"); // for terms that look at a data set
    }
    for (seed, batch) in batches.iter().enumerate() {
        let by = match batch.embeddings {
            Embeddings::Images(_) => "pk(identities = 2, images = 2)",
            Embeddings::Pairs(..) => "pairs(), size = 2",
        };
        // draws of different seeds are different nodes
        let _ = writeln!(recipe, "batches {} = draw(_people, by = {by}, seed = {seed})", batch.name);
    }
    let _ = writeln!(
        recipe,
        "stage _stage = train(_net, term, batch = 2, for = {steps} steps, seed = {}, optimizer = sgd(lr = 0.1))",
        args.seed
    );
    let file = Path::new("term");
    let compiled = compile(&Memory::new().with(file, recipe), file, &Options::default());
    let compiled = compiled.map_err(|diagnostic| Stop::Say(Outcome::Wrong, diagnostic))?;
    let errors: Vec<&Diagnostic> = compiled.diagnostics.iter().filter(|it| it.severity == Severity::Error).collect();
    if errors.is_empty() {
        return Ok(compiled.plan());
    }
    screen.messages(errors, &compiled.sources);
    if !batches.iter().any(|batch| batch.name == DATA) && expression.contains(DATA) {
        screen.note("the batch `data` is what --embeddings gives; others are named by --batch and --pairs");
    }
    Err(Stop::Shown(Outcome::Wrong))
}

fn of_node(plan: &Plan, node: NodeId, batches: &[ArrayBatch]) -> Option<ArrayBatch> {
    let name = &plan.node(node).name;
    batches.iter().find(|batch| batch.name == *name).map(|batch| ArrayBatch { node, ..batch.clone() })
}

/// A report for people.
fn shown(report: &TermReport, double: bool) -> String {
    let number = |value: f64| if double { value.to_string() } else { (value as f32).to_string() };
    let shape = |sides: &[i64]| format!("[{}]", sides.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    let mut out = format!("value {}\n", number(report.value));
    for term in &report.terms {
        let _ = writeln!(out, "\n{}: {}, weight {}", term.name, number(term.value), number(term.weight));
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
