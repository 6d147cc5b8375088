//! `ddl run`: compiles and plans, starts the engine on what the store does not have, then writes tables, metrics and the report.

pub(super) mod engine;
mod exports;
mod kills;
mod log;
mod page;
pub(super) mod progress;

use super::args::RunArgs;
use super::data::preview::without_corrupt;
use super::files::{self, Own};
use super::locked::{beside, differs, differs_before_a_run, numbers as numbers_agree, read, with_results};
use super::outcome::{Outcome, Stop, bad_plan, stored};
use super::recipe::Recipe;
use super::results::Results;
use super::results::reading::Reading;
use super::screen::Screen;
use crate::compile::Compiled;
use crate::data::probe::Content;
use crate::diag::{Code, Diagnostic, Severity, one_of};
use crate::events::{Failure, record};
use crate::inputs::tables::Tables;
use crate::job::{CheckpointEvery, Job};
use crate::lang::value::Arm;
use crate::ops::evals::Metric;
use crate::ops::node::Node;
use crate::ops::outputs::ExportEmbeddings;
use crate::plan::lock::Lock;
use crate::plan::{Plan, in_arm};
use crate::report::model::{Claimed, Report};
use crate::report::{DifferenceRow, MetricsLine};
use crate::store::due::{self, Due};
use crate::store::uses::Use;
use crate::store::{OutputFile, OutputLock, Store};
use log::Log;
use page::Told;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Damaged results are computed again this often in one run; then the disk is to blame.
const ROUNDS: u32 = 2;

/// Runs a recipe.
pub(crate) fn run(args: &RunArgs, screen: &Screen) -> Result<Outcome, Stop> {
    if let Some(events) = &args.events {
        files::hold_apart(events, Own::Events, &args.recipe.store)?;
        let out = out_folder(args);
        if let Some(own) = OutputFile::ALL.into_iter().map(|file| file.within(&out)).find(|own| own == events) {
            let said = Diagnostic::error(Code::Unwritable, format!("{} is written by the run itself", own.display()));
            return Err(Stop::refuse(said.help("name another file for the events")));
        }
    }
    let log = Log::new(args.events.as_deref())?;
    let ended = run_and_log(args, screen, &log);
    match log.end(&ended, screen.errors()) {
        Ok(()) => ended,
        // what the run itself has to say comes first
        Err(lost) => {
            let outcome = ended.unwrap_or_else(|stop| screen.ended(stop));
            let lost = screen.ended(lost);
            Ok(if outcome == Outcome::Done { lost } else { outcome })
        }
    }
}

fn run_and_log(args: &RunArgs, screen: &Screen, log: &Log) -> Result<Outcome, Stop> {
    let recipe = Recipe::from(&args.recipe);
    let compiled = recipe.compile_closed(screen)?;
    let locked = if args.locked { Some(check_lock(&compiled, &args.recipe.recipe)?) } else { None };
    let (plan, said) = recipe.plan_and_findings(&compiled, screen)?;
    log.warnings(compiled.diagnostics.iter().chain(&said));
    let store = Store::open(&args.recipe.store).map_err(|error| stored(&error))?;
    let (only, wanted_again) = (in_plan(&compiled, &plan, &args.only), in_plan(&compiled, &plan, &args.again));
    let wanted_again = computed_again(&plan, &wanted_again)?;
    let due_now = |again: &[String]| {
        due::due(&plan, &store, &only, again).map_err(|failure| Stop::Say(Outcome::Wrong, Box::new(failure.diagnostic(Severity::Error))))
    };
    if args.dry_run {
        return dry(&plan, &due_now(&wanted_again)?, screen);
    }
    let _use = store.note_use(&need(&plan, &args.recipe.recipe, &beside(&args.recipe.recipe))).map_err(|error| stored(&error))?;
    let mut due = due_now(&wanted_again)?;
    let out = out_folder(args);
    let mut places: Vec<PathBuf> = [OutputFile::Plan, OutputFile::Metrics, OutputFile::Report].map(|file| file.within(&out)).into();
    places.extend(exports::places(&plan, |sink| only.is_empty() || only.contains(&plan.node(sink).name), &out));
    files::writable(&out, &places, OutputFile::Lock.within(&out).exists())?;
    let _lock = OutputLock::take(&out).map_err(|error| stored(&error))?;
    let (begun, at) = (Instant::now(), record::now());
    if due.compute.is_empty() {
        screen.note(format!("nothing to do: the store has all {} results", due.stored.len()));
        log.nothing_to_do(&job(args, &only, &[], &compiled, &plan, &out), &due, &plan);
    }
    let mut again = wanted_again.as_slice();
    let mut rounds = 0;
    let mut computed = BTreeSet::new();
    let made = loop {
        computed.extend(&due.compute);
        if !due.compute.is_empty() {
            say_stale(&plan, &due, screen);
            engine::execute(&job(args, &only, again, &compiled, &plan, &out), log, screen)?;
            // what came out otherwise than before leaves results that were made of what is gone
            again = &[];
            due = due_now(again)?;
            if !due.compute.is_empty() {
                continue;
            }
        }
        let reading = Reading::new(&plan, &store, &only, &due);
        let seconds = begun.elapsed().as_secs_f64();
        let told = Told { compiled: &compiled, said: &said, plan: &plan, computed: &computed, at: &at, seconds };
        let tables = Tables::new(&plan, &compiled.paths, recipe.folders().expecting(&compiled.contents));
        if plan.all::<ExportEmbeddings>().next().is_some() {
            for (id, _) in plan.all::<ExportEmbeddings>() {
                without_corrupt(&plan, &tables, id)?;
            }
            tables.hear_what_is_stored(&store);
        }
        let made = Made::read(&told, &tables, &reading, &out)?;
        let damaged = reading.damaged();
        if damaged.is_empty() {
            break made;
        }
        // they are in the store no more; what is whole is not computed a second time
        rounds += 1;
        if rounds > ROUNDS {
            return Err(Stop::fail(damaged[0].diagnostic(Severity::Error).help("the disk of the store does not keep what is written")));
        }
        damaged.iter().for_each(|failure| screen.message(&failure.diagnostic(Severity::Warning), &compiled.sources));
        again = &[];
        due = due_now(again)?;
    };
    let outcome = finish(screen, log, &compiled, &plan, &made, &out)?;
    if let Some(locked) = locked {
        let now = with_results(Lock::default(), &plan, &made.results);
        numbers_agree(&beside(&args.recipe.recipe), &locked, &now, only.is_empty(), screen).map_err(Stop::fail)?;
    }
    if !only.is_empty() {
        let (metrics, page) = (OutputFile::Metrics.within(&out), OutputFile::Report.within(&out));
        let names = one_of(only.iter().map(String::as_str)).replace(" or ", " and ");
        screen.note(format!("{} and {} tell of {names} alone; a run without --only tells of all", metrics.display(), page.display()));
        let asked = plan.behind(due::roots(&plan, &only));
        let left = plan.sinks.iter().filter(|id| {
            !asked.contains(id)
                && matches!(plan.work(**id), Ok(Node::ExportSafetensors(_) | Node::ExportOnnx(_) | Node::ExportEmbeddings(_)))
        });
        let left: Vec<&str> = left.map(|id| plan.node(*id).name.as_str()).collect();
        if !left.is_empty() {
            screen.note(format!("what {} exported before is not written anew", one_of(left).replace(" or ", " and ")));
        }
    }
    screen.note(format!("done in {}", progress::duration(begun.elapsed().as_secs_f64())));
    Ok(outcome)
}

/// The results that are computed again, of names on the command line.
///
/// # Errors
/// A name of which there is no result, as of a table.
fn computed_again(plan: &Plan, names: &[String]) -> Result<Vec<String>, Stop> {
    let mut found = Vec::new();
    for name in names {
        let again = if due::has(plan, name) { due::again(plan, std::slice::from_ref(name)) } else { vec![name.clone()] }; // which is said below
        if again.is_empty() {
            let message = format!("`{name}` is made anew by every run: there is no result of it to compute again");
            let failure = Failure::new(Code::NoSuchNode, message).help("name what it shows: a stage, a network, a protocol, or its data");
            return Err(Stop::Say(Outcome::Wrong, Box::new(failure.diagnostic(Severity::Error))));
        }
        found.extend(again);
    }
    Ok(found)
}

/// Says which results are computed again because they tell of others than are there.
fn say_stale(plan: &Plan, due: &Due, screen: &Screen) {
    if due.stale.is_empty() {
        return;
    }
    let names = one_of(due.otherwise.iter().map(|id| plan.node(*id).name.as_str())).replace(" or ", " and ");
    let (results, are) = if due.stale.len() == 1 { ("result", "is") } else { ("results", "are") };
    let of = if due.otherwise.len() == 1 { "it" } else { "them" };
    screen
        .note(format!("{names} came out otherwise than before: {} {results} that were made of {of} {are} computed again", due.stale.len()));
}

/// Names of a command line as the plan has them: of several names that mean the same it has the first.
fn in_plan(compiled: &Compiled, plan: &Plan, names: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for name in names {
        let called = |(said, arm): &(String, Arm)| said == name || in_arm(said, arm) == *name;
        let first = |(_, node): (_, &crate::graph::Node)| {
            node.names.first().filter(|_| node.names.iter().skip(1).any(called)).map(|(said, arm)| in_arm(said, arm))
        };
        let meant: Vec<String> = if due::has(plan, name) { Vec::new() } else { compiled.graph.nodes().filter_map(first).collect() };
        if meant.is_empty() { found.push(name.clone()) } else { found.extend(meant) }
    }
    found
}

/// Where a run of `r.ddl` writes what is for people: `runs/r`.
pub(super) fn default_out(recipe: &Path) -> PathBuf {
    Path::new("runs").join(recipe.file_stem().unwrap_or(recipe.as_os_str()))
}

/// Where this run writes it.
fn out_folder(args: &RunArgs) -> PathBuf {
    args.out.clone().unwrap_or_else(|| default_out(&args.recipe.recipe))
}

/// What a recipe needs of a store.
pub(super) fn need(plan: &Plan, recipe: &Path, lock: &Path) -> Use {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let keys = plan.nodes.iter().filter(|node| node.keeps().is_stored()).map(|node| node.key).collect();
    Use { recipe: absolute(recipe), locks: vec![absolute(lock)], plan: plan.digest(), at: record::now(), turn: 0, keys }
}

/// The lock of a recipe, which must be of what would be run now.
fn check_lock(compiled: &Compiled, recipe: &Path) -> Result<Lock, Stop> {
    let file = beside(recipe);
    let (locked, now) = (read(&file)?, Lock { libtorch: engine::libtorch(), ..Lock::of(&compiled.plan()).with_data(&compiled.graph) });
    let found = crate::plan::diff::differences(&locked, &now);
    if found.iter().any(differs_before_a_run) { Err(Stop::refuse(differs(&file, &found))) } else { Ok(locked) }
}

fn dry(plan: &Plan, due: &Due, screen: &Screen) -> Result<Outcome, Stop> {
    let mut text = format!("{} to compute, {} in the store\n", due.compute.len(), due.stored.len());
    for id in &due.compute {
        let node = plan.node(*id);
        let again = if due.stale.contains(id) { "  (again: it was made of others than are there)" } else { "" };
        text.push_str(&format!("  {:<10} {}{again}\n", node.op, node.name));
    }
    screen.result(&text)?;
    Ok(Outcome::Done)
}

/// What the engine is asked for.
fn job(args: &RunArgs, only: &[String], again: &[String], compiled: &Compiled, plan: &Plan, out: &Path) -> Job {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    Job {
        plan: plan.clone(),
        paths: compiled.paths.iter().map(|(shown, real)| (shown.clone(), absolute(real))).collect(),
        contents: compiled.contents.iter().map(Content::absolute).collect(),
        device: args.device,
        threads: args.threads.map(usize::from),
        loaders: None,
        eval_batch: args.eval_batch.map(|images| images as usize),
        store: absolute(&args.recipe.store),
        out: absolute(out),
        only: only.to_vec(),
        again: again.to_vec(),
        checkpoint: CheckpointEvery { seconds: args.checkpoint, steps: None },
    }
}

/// What came of a run: everything that is read of the store before anything is written.
struct Made {
    results: Results,
    report: Report,
    exports: Vec<(PathBuf, Vec<u8>)>,
}

impl Made {
    fn read(told: &Told, tables: &Tables, reading: &Reading, out: &Path) -> Result<Self, Stop> {
        let mut results = Results::read(told.plan, reading)?;
        for table in &mut results.tables {
            table.doc = told.compiled.reports.get(&table.name).cloned().unwrap_or_default();
        }
        let exports = exports::exports(tables, reading, out)?;
        let claims = claims(told.plan, reading, &results)?;
        let report = page::report(told, reading, &results, claims)?;
        Ok(Made { results, report, exports })
    }
}

/// What is written when all is computed.
fn finish(screen: &Screen, log: &Log, compiled: &Compiled, plan: &Plan, made: &Made, out: &Path) -> Result<Outcome, Stop> {
    let Made { results, report, exports } = made;
    files::write(&OutputFile::Plan.within(out), plan.yaml().as_bytes())?;
    let mut lines: Vec<MetricsLine> = results.metrics.iter().cloned().map(MetricsLine::Measured).collect();
    lines.extend(results.unmeasured.iter().cloned().map(MetricsLine::Unmeasured));
    lines.extend(results.tables.iter().flat_map(DifferenceRow::of).map(MetricsLine::Difference));
    lines.extend(report.claims.iter().cloned().map(MetricsLine::Claim));
    let metrics = crate::report::metrics_json(&lines)
        .map_err(|error| Stop::fail(Diagnostic::error(Code::Unwritable, format!("the metrics can't be written: {error}"))))?;
    files::write(&OutputFile::Metrics.within(out), metrics.as_bytes())?;
    for warning in &results.warnings {
        let warning = Diagnostic::warning(Code::Unmeasurable, warning.clone());
        log.warnings([&warning]);
        screen.message(&warning, &compiled.sources);
    }
    for (file, bytes) in exports {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|error| files::unwritable(folder, &error))?;
        }
        files::write(file, bytes)?;
    }
    let page = OutputFile::Report.within(out);
    files::write(&page, crate::report::page(report).as_bytes())?;
    for table in &report.tables {
        screen.result(&format!("{}\n", crate::report::TableView::of(table).text(screen.result_columns())))?;
    }
    for line in decisions(report) {
        screen.result(&line)?;
    }
    for (file, _) in exports {
        screen.result(&format!("wrote {}\n", file.display()))?;
    }
    let broken = say(&report.claims, screen)?;
    screen.result(&format!("report: {}\n", page.display()))?;
    Ok(if broken { Outcome::Failed } else { Outcome::Done })
}

/// Choices that are said on the terminal.
const SAID: usize = 20;

/// What nodes chose by themselves, a line each.
fn decisions(report: &Report) -> Vec<String> {
    let mut lines: Vec<String> = report.decisions.iter().take(SAID).map(|it| format!("{} {}\n", it.name, it.value)).collect();
    let more = report.decisions.len().saturating_sub(SAID);
    if more > 0 {
        lines.push(format!("{more} more choices are in the report\n"));
    }
    lines
}

/// What became of the recipe's claims.
fn claims(plan: &Plan, reading: &Reading, results: &Results) -> Result<Vec<Claimed>, Stop> {
    let mut claims = Vec::new();
    for &sink in &plan.sinks {
        let node = plan.node(sink);
        let Node::Expect(it) = plan.work(sink).map_err(bad_plan)? else { continue };
        if !reading.is_asked_for(sink) {
            continue;
        }
        let came_of =
            it.claim.holds(&mut |judged, metric| results.mean(judged, metric)).and_then(|holds| Ok((holds, numbers(&it.claim, results)?)));
        let (holds, measured) = match came_of {
            Ok((holds, numbers)) => (Some(holds), numbers),
            Err(why) => (None, why),
        };
        claims.push(Claimed { expect: node.name.clone(), claim: it.text.clone(), holds, measured });
    }
    Ok(claims)
}

/// Says which claims hold; whether one does not.
fn say(claims: &[Claimed], screen: &Screen) -> Result<bool, Stop> {
    let mut broken = false;
    for Claimed { expect, claim, holds, measured } in claims {
        let diagnostic = match holds {
            Some(true) => {
                screen.result(&format!("expect {expect}: holds ({claim})\n"))?;
                continue;
            }
            Some(false) => Diagnostic::error(Code::ExpectFailed, format!("the claim `{expect}` does not hold: {claim}"))
                .help(format!("measured: {measured}")),
            None => Diagnostic::error(Code::Unmeasurable, format!("the claim `{expect}` can't be verified: {measured}")),
        };
        broken = true;
        screen.message(&diagnostic, &crate::source::SourceMap::new());
    }
    Ok(broken)
}

/// Both sides of the comparisons of a claim.
fn numbers(claim: &crate::ops::outputs::Claim, results: &Results) -> Result<String, String> {
    use crate::ops::outputs::Claim;
    Ok(match claim {
        Claim::Compare { left, right, .. } => {
            let mut score = |judged: &[crate::ops::outputs::JudgedRef], metric: &Metric| results.mean(judged, metric);
            format!("{:.6} on the left, {:.6} on the right", left.value(&mut score)?, right.value(&mut score)?)
        }
        Claim::And(a, b) | Claim::Or(a, b) => format!("{}; {}", numbers(a, results)?, numbers(b, results)?),
        Claim::Not(a) => numbers(a, results)?,
        Claim::Constant(truth) => truth.to_string(),
    })
}
