//! `ddl data preview`: samples of a data set or batch after its augments, beside what lies there, before anything is trained.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts that are shown, and numbers of nodes")]

use super::sheet::picture;
use crate::cli::args::DataPreviewArgs;
use crate::cli::files::{self, Own};
use crate::cli::outcome::{Outcome, Stop, stored};
use crate::cli::recipe::Recipe;
use crate::cli::screen::Screen;
use crate::data::augment::Seen;
use crate::data::check::{CorruptPolicy, check_all};
use crate::data::image::Image;
use crate::data::loader::{Element, ImageCache, Layout, Loader, PixelFormat, Threads, Wanted};
use crate::data::sampler::Pick;
use crate::data::stream::Colour;
use crate::data::{DataError, Table};
use crate::diag::{Code, Diagnostic, Severity, did_you_mean};
use crate::inputs::tables::Tables;
use crate::lang::value::NodeId;
use crate::ops::curves::Moment;
use crate::ops::data::Draw;
use crate::ops::readers::Reader;
use crate::ops::stages::Train;
use crate::plan::costs::Costs;
use crate::plan::schedule::{Schedule, places};
use crate::plan::{Plan, plan_of};
use crate::quantity::Bytes;
use crate::report::model::{Batch, BatchGroup, Tile};
use crate::report::{Report, page};
use crate::store::Store;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// The side of images where nothing says one, in pixels.
const SIDE: u32 = 112;

/// Pixels between two pictures of a drawing.
const GAP: u32 = 4;

/// Draws samples and writes them down.
pub(crate) fn run(args: &DataPreviewArgs, screen: &Screen) -> Result<Outcome, Stop> {
    let is_png = match args.output.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("png") => true,
        Some("html" | "htm") => false,
        _ => {
            return Err(Stop::wrong_with(
                format!("{} is no page and no picture", args.output.display()),
                "name a file that ends in .html or .png",
            ));
        }
    };
    files::hold_apart(&args.output, if is_png { Own::Picture } else { Own::Page }, &args.recipe.store)?;
    let recipe = Recipe::from(&args.recipe);
    let compiled = recipe.compile(screen)?;
    // what no stage uses is looked at too
    let (plan, node) = found(&compiled, &args.name)?;
    let tables = Tables::new(&plan, &compiled.paths, recipe.folders().expecting(&compiled.contents));
    let shown = shown(&plan, &tables, node, args)?;
    if is_png {
        files::write_named(&args.output, &drawing(&shown)?)?;
    } else {
        files::write_named(&args.output, page(&report(args, &plan, node, &shown)).as_bytes())?;
    }
    screen.note(format!("{} in {}", shown.about, args.output.display()));
    Ok(Outcome::Done)
}

/// The plan in which a name is, and its node there.
fn found(compiled: &crate::compile::Compiled, name: &str) -> Result<(Plan, NodeId), Stop> {
    let is_it = |plan: &Plan| {
        let fits = |it: &&(NodeId, &crate::plan::PlanNode)| it.1.is_data() || it.1.is::<Draw>();
        let mut all = plan.iter().filter(|it| fits(&it));
        let named = |node: &crate::plan::PlanNode| node.name == name || node.bare_name() == name;
        all.find(|(_, node)| named(node)).map(|(id, _)| id)
    };
    let plan = compiled.plan();
    if let Some(node) = is_it(&plan) {
        return Ok((plan, node));
    }
    let all: Vec<NodeId> = compiled.graph.nodes().map(|(id, _)| id).collect();
    let plan = plan_of(&compiled.graph, &all, &compiled.recipe, &compiled.doc, compiled.params.clone());
    if let Some(node) = is_it(&plan) {
        return Ok((plan, node));
    }
    // what has no name in the recipe is called by what it does
    let named =
        |(_, node): &(NodeId, &crate::plan::PlanNode)| (node.is_data() || node.is::<Draw>()) && !node.bare_name().contains(['(', ' ']);
    let known: Vec<&str> = plan.iter().filter(named).map(|(_, node)| node.bare_name()).collect();
    let message = format!("`{name}` is no data set and no batch of {}", compiled.recipe);
    let help = match did_you_mean(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there is {}", crate::text::several(known.into_iter())),
    };
    Err(Stop::refuse(Diagnostic::error(Code::Usage, message).help(help)))
}

/// Samples with what becomes of them.
struct Shown {
    about: String,
    /// What stands over the columns.
    columns: Vec<String>,
    samples: Vec<Sample>,
}

/// One sample: who it is, and its pictures, the first as it lies there.
struct Sample {
    label: String,
    pictures: Vec<Image>,
}

fn shown(plan: &Plan, tables: &Tables, node: NodeId, args: &DataPreviewArgs) -> Result<Shown, Stop> {
    let (seen_by, place) = seen(plan, node);
    without_corrupt(plan, tables, node)?;
    if args.recipe.store.join("artifacts").is_dir() {
        tables.hear_what_is_stored(&Store::open(&args.recipe.store).map_err(|error| stored(&error))?);
    }
    let failed = super::source::stopped;
    let (of, picks, changed, what) = if plan.node(node).is::<Draw>() {
        let batches = tables.batches(node, place).map_err(failed)?;
        let (step, moment) = when(plan, tables, node, args.step)?;
        let batch = batches.at_step(step);
        let changes = tables.changes(node, place).map_err(failed)?;
        let changed = changes.at(moment).map_err(|error| super::source::wrong(&error))?;
        (batches.tables().to_vec(), batch, changed, format!("images of step {} of", args.step))
    } else {
        let table = tables.table(node).map_err(failed)?;
        let rows = super::sheet::spread(table.len(), args.count);
        let picks = rows.map(|row| Pick { table: 0, row: row as u32, visit: 0 }).collect();
        (vec![table], picks, Seen::default(), "samples of".to_owned())
    };
    let size = seen_by.or_else(|| usual(&of)).unwrap_or((SIDE, SIDE));
    let wrong = |error: DataError| super::source::wrong(&error);
    let cache = Arc::new(ImageCache::new(Bytes(256 << 20)).as_probed());
    let threads = Threads::new(std::thread::available_parallelism().map_or(1, NonZeroUsize::get)).map_err(wrong)?;
    let format = PixelFormat { layout: Layout::Nhwc, colour: Colour::Rgb, element: Element::U8 };
    let wanted = Wanted { width: size.0, height: size.1, format };
    let loader = Loader::new(&of, wanted, None, cache, threads).and_then(|plain| plain.through(changed)).map_err(wrong)?;
    let mut samples = Vec::new();
    for pick in picks.into_iter().take(args.count) {
        let table: Option<&Table> = of.get(usize::from(pick.table));
        let Some(row) = table.and_then(|table| table.row(pick.row as usize)) else { continue }; // picks are rows
        let source = row.source();
        let mut pictures = vec![source.open(source.digest()).map_err(wrong)?];
        for visit in 0..args.draws as u64 {
            pictures.push(loader.image(&Pick { visit: pick.visit + visit, ..pick }).map_err(wrong)?);
        }
        samples.push(Sample { label: format!("{}: {}", row.identity(), row.path()), pictures });
    }
    let mut columns = vec!["as it lies there".to_owned()];
    columns
        .extend((0..args.draws).map(|visit| if visit == 0 { "as it is drawn".to_owned() } else { format!("drawn again ({})", visit + 1) }));
    let times = if args.draws == 1 { "once".to_owned() } else { format!("{} times", args.draws) };
    let about =
        format!("{} {what} `{}`, each as it lies there and drawn {times} at {}x{},", samples.len(), plan.node(node).name, size.0, size.1);
    Ok(Shown { about, columns, samples })
}

/// Leaves out the images that can't be decoded, where a reader is told to.
pub(crate) fn without_corrupt(plan: &Plan, tables: &Tables, node: NodeId) -> Result<(), Stop> {
    let behind = plan.behind([node]);
    let images = ImageCache::new(Bytes(0)).as_probed();
    let mut sound = tables.cache().sound();
    for (id, reader) in plan.all::<Reader>().filter(|(id, _)| behind.contains(id)) {
        let policy = reader.there().map_or(CorruptPolicy::Stop, |there| there.said.policy());
        if policy == CorruptPolicy::Skip {
            let table = tables.table(id).map_err(super::source::stopped)?;
            let checked = check_all(&table, policy, None, &images, &mut sound).map_err(|error| super::source::wrong(&error))?;
            tables.replace(id, checked.table);
        }
    }
    sound.save();
    Ok(())
}

/// The first batch of a step, counted from 1, of the stage that draws, and when in it that is: what changes over a stage is as it is then. Without a
/// stage it is the first step of one of a step.
fn when(plan: &Plan, tables: &Tables, node: NodeId, step: u64) -> Result<(u64, Moment), Stop> {
    let step = step.saturating_sub(1);
    let failed = super::source::stopped;
    for (stage, train) in plan.all::<Train>() {
        let draws = plan.draws(stage).unwrap_or_default();
        if !draws.contains(&node) {
            continue;
        }
        let facts = draws.iter().zip(places(plan, &draws)).map(|(draw, place)| Ok(tables.batches(*draw, place).map_err(failed)?.facts()));
        let schedule = Schedule::new(train, &facts.collect::<Result<Vec<_>, Stop>>()?)
            .map_err(|error| Stop::refuse(error.failure().diagnostic(Severity::Error)))?;
        if step >= schedule.steps {
            let message = format!("the stage `{}` has no step {}: it has {}", plan.node(stage).bare_name(), step + 1, schedule.steps);
            return Err(Stop::wrong_with(message, "steps are counted from 1"));
        }
        let moment = Moment { step, per_epoch: schedule.per_epoch, total: schedule.steps };
        return Ok((step * u64::from(train.accumulate.max(1)), moment));
    }
    Ok((step, Moment::NONE))
}

/// The size at which a network of the recipe sees it, and its place among the draws of the first stage that does.
fn seen(plan: &Plan, node: NodeId) -> (Option<(u32, u32)>, u64) {
    for (stage, _) in plan.all::<Train>() {
        let behind = plan.behind([stage]);
        if !behind.contains(&node) {
            continue;
        }
        let mut costs = Costs::default();
        let size = behind.iter().filter(|id| plan.node(**id).is_network()).find_map(|id| Some(costs.of(plan, *id)?.input().size()));
        let draws = plan.draws(stage).unwrap_or_default();
        let place = draws.iter().position(|draw| *draw == node).and_then(|at| places(plan, &draws).get(at).copied());
        return (size, place.unwrap_or(0));
    }
    (None, 0)
}

/// The size that most images of tables have.
fn usual(tables: &[Table]) -> Option<(u32, u32)> {
    let mut counts = std::collections::BTreeMap::new();
    tables.iter().flat_map(Table::rows).filter_map(|row| row.size()).for_each(|size| *counts.entry(size).or_insert(0) += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(size, _)| size)
}

fn report(args: &DataPreviewArgs, plan: &Plan, node: NodeId, shown: &Shown) -> Report {
    let tile = |(image, caption): (&Image, &String)| Tile { image: picture(image), caption: caption.clone() };
    let group =
        |sample: &Sample| BatchGroup { label: sample.label.clone(), tiles: sample.pictures.iter().zip(&shown.columns).map(tile).collect() };
    Report {
        title: format!("{} of {}", plan.node(node).name, plan.recipe),
        doc: format!("{} {}.", shown.about.trim_end_matches(','), "before anything is trained"),
        notes: args.recipe.set.iter().map(|(name, value)| format!("{name} = {value}")).collect(),
        sheets: vec![Batch { title: plan.call(node), groups: shown.samples.iter().map(group).collect() }],
        ..Report::default()
    }
}

/// All pictures in one: a row for each sample.
fn drawing(shown: &Shown) -> Result<Vec<u8>, Stop> {
    let all = || shown.samples.iter().flat_map(|sample| &sample.pictures[1..]);
    let (width, height) = all().next().map_or((SIDE, SIDE), Image::size);
    let (columns, rows) = (shown.columns.len() as u32, shown.samples.len() as u32);
    let sides = (columns * (width + GAP) + GAP, rows.max(1) * (height + GAP) + GAP);
    let mut pixels = vec![255; sides.0 as usize * sides.1 as usize * 3];
    for (sample, row) in shown.samples.iter().zip(0..) {
        for (image, column) in sample.pictures.iter().zip(0..) {
            let fitted = fitted(image, width, height);
            let (left, top) = (GAP + column * (width + GAP), GAP + row * (height + GAP));
            for (line, y) in fitted.pixels().chunks(fitted.width() as usize * 3).zip(top..) {
                let at = (y as usize * sides.0 as usize + left as usize) * 3;
                pixels[at..at + line.len()].copy_from_slice(line);
            }
        }
    }
    let image = Image::new(sides.0, sides.1, pixels).ok_or_else(|| Stop::wrong("there is nothing to draw"))?;
    Ok(crate::data::writers::png(&image))
}

/// An image within these sides, in its proportion.
fn fitted(image: &Image, width: u32, height: u32) -> Image {
    if image.width() <= width && image.height() <= height {
        return image.clone();
    }
    let scale = f64::min(f64::from(width) / f64::from(image.width()), f64::from(height) / f64::from(image.height()));
    let side = |side: u32, most: u32| ((f64::from(side) * scale).round() as u32).clamp(1, most);
    crate::data::resize::resize(image, side(image.width(), width), side(image.height(), height), crate::data::resize::Kernel::Area)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_fitted_in_its_proportion() {
        let image = |width, height| Image::from_fn(width, height, |_, _| [1, 2, 3]);
        assert_eq!(fitted(&image(250, 250), 112, 112).size(), (112, 112));
        assert_eq!(fitted(&image(200, 100), 112, 112).size(), (112, 56));
        assert_eq!(fitted(&image(20, 10), 112, 112).size(), (20, 10));
        assert_eq!(fitted(&image(1000, 1), 112, 112).size(), (112, 1));
    }
}
