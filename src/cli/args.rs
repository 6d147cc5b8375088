//! What can be typed.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A language for face-recognition experiments: written once, checked, run, reproduced.
#[derive(Debug, Parser)]
#[command(name = "ddl", version, propagate_version = true, disable_help_subcommand = true)]
#[command(
    after_help = "A first recipe: docs/tutorial.md. What an error means: `ddl explain CODE`. What an operator does: `ddl doc NAME`.\n\
                        Exit codes: 0 done; 1 a run failed or an `expect` does not hold; 2 the recipe or the command line is wrong; 130 interrupted."
)]
pub(crate) struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum MessageFormat {
    /// Drawn for people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// How messages are written: for people, or one JSON object a line
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub message_format: MessageFormat,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorChoice,
    /// Say only what is wrong: errors, and no warning
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Begin a recipe: a commented one that runs as it is, to be changed
    New(NewArgs),
    /// Check recipes: names, types, units, shapes; with values for their parameters also what lies at their paths
    Check(CheckArgs),
    /// Format recipes: one style, no options
    Fmt(FmtArgs),
    /// Show what a recipe comes to: data, stages, steps, images, memory
    Plan(PlanArgs),
    /// Run a recipe: compute what the store does not have, and write tables, metrics and a report
    Run(RunArgs),
    /// Say which images a step of a stage saw, and what came of it
    Log(LogArgs),
    /// Write down what a recipe's numbers are made of (`r.ddl.lock`)
    Lock(LockArgs),
    /// Compare two recipes, plans or locks
    Diff(DiffArgs),
    /// Look after a store: what lies in it, who needs it, what can go
    Store(StoreArgs),
    /// Look at data before anything is trained: what is in it, what is wrong with it, what augments make of it
    Data(DataArgs),
    /// Evaluate a head or term on given arrays: its value, parts and gradients
    Term(Box<TermArgs>),
    /// Say what a code of a message means, or list all codes
    Explain(ExplainArgs),
    /// Show what an operator does, or list all operators
    Doc(DocArgs),
    /// Print the completions of a shell
    Completions(CompletionsArgs),
    /// Serve an editor (not there yet)
    #[command(hide = true)]
    Lsp,
}

/// A recipe and the values of its parameters.
#[derive(Debug, Args)]
pub(crate) struct RecipeArgs {
    /// The recipe
    #[arg(value_name = "RECIPE")]
    pub recipe: PathBuf,
    /// Give a parameter a value, as the recipe would write it: `--set length='8 epochs'`; a path may be bare
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
    /// Take values of parameters from a YAML file of `name: value`; paths are relative to that file, `--set` wins
    #[arg(long, value_name = "FILE")]
    pub params: Vec<PathBuf>,
    /// The folder in which results and what is known of data are kept
    #[arg(long, value_name = "DIR", env = "DDL_STORE", hide_env_values = true, default_value = ".ddl/store")]
    pub store: PathBuf,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        _ => Err("write NAME=VALUE, such as length='8 epochs'".to_owned()),
    }
}

/// Reads a whole number between two ends.
fn whole<N: TryFrom<u64> + Send + Sync>(low: u64, high: u64, example: &'static str) -> impl Fn(&str) -> Result<N, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| (low..=high).contains(number)).and_then(|number| N::try_from(number).ok());
        let end = if high < i64::MAX.unsigned_abs() { format!("from {low} to {high}") } else { format!("of at least {low}") };
        number.ok_or_else(|| format!("write a whole number {end}, such as {example}"))
    }
}

/// Reads a length of time.
fn seconds(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
    number.ok_or_else(|| "write a number of seconds, without a unit, such as 60".to_owned())
}

/// What `ddl check` takes.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The recipes; `-` reads one from standard input, whose paths are relative to the working directory
    #[arg(required = true, value_name = "RECIPE")]
    pub recipes: Vec<PathBuf>,
    /// Give a parameter a value, as the recipe would write it: `--set length='8 epochs'`; a path may be bare
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
    /// Take values of parameters from a YAML file of `name: value`; paths are relative to that file, `--set` wins
    #[arg(long, value_name = "FILE")]
    pub params: Vec<PathBuf>,
    /// The folder in which results and what is known of data are kept
    #[arg(long, value_name = "DIR", env = "DDL_STORE", hide_env_values = true, default_value = ".ddl/store")]
    pub store: PathBuf,
}

/// What `ddl new` takes.
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The recipe to write; `.ddl` is added where it has no such ending
    pub name: PathBuf,
    /// What it does
    #[arg(long, value_enum, default_value_t)]
    pub template: Template,
}

/// What a new recipe does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Template {
    /// A network learns to tell people apart
    #[default]
    Train,
    /// Weights that somebody else trained are judged by pairs
    Evaluate,
    /// Sharp faces teach small ones (Distribution Distillation Loss)
    Lowres,
    /// Frontal faces teach turned ones (Distribution Distillation Loss)
    Pose,
    /// A large network teaches a small one
    Distill,
    /// Every part of the people is judged once, by models that never saw it
    #[value(name = "cross_validate")]
    CrossValidate,
}

/// What `ddl fmt` takes.
#[derive(Debug, Args)]
pub(crate) struct FmtArgs {
    /// The recipes, formatted in place; `-` reads standard input and prints
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Change nothing; name the files that are not formatted and end with exit code 2 if there are any
    #[arg(long)]
    pub check: bool,
}

/// What `ddl plan` takes.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The recipe
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// How the plan is written
    #[arg(long, value_enum, default_value_t)]
    pub format: PlanFormat,
    /// Say why each node must run: it is not in the store, and what changed since the lock
    #[arg(long)]
    pub why: bool,
    /// End with exit code 2 when anything must run
    #[arg(long)]
    pub check: bool,
    /// Show what the planner made too (features, judgements, draws without a name), and each network stage by stage
    #[arg(long, short)]
    pub verbose: bool,
}

/// What `ddl run` takes.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The recipe
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// Where to compute: cpu, cuda, or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    pub device: crate::job::Device,
    /// Threads that compute; as many as there are cores without it
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = whole::<u16>(1, 1024, "4"))]
    pub threads: Option<u16>,
    /// Images that are loaded and judged at once; no digit of a result depends on it
    #[arg(long, allow_negative_numbers = true, value_name = "IMAGES", value_parser = whole::<u32>(1, 1_000_000, "256"))]
    pub eval_batch: Option<u32>,
    /// Only this node of the plan and what it needs (may be given several times)
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Compute this node again although the store has it
    #[arg(long, value_name = "NAME")]
    pub again: Vec<String>,
    /// The folder of the run's tables, metrics and report; `runs/<recipe>` without it
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write what happens to this file too, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// Seconds between checkpoints of a stage
    #[arg(long, allow_negative_numbers = true, value_name = "SECONDS", default_value_t = 60.0, value_parser = seconds)]
    pub checkpoint: f64,
    /// Say what would be computed, and compute nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Refuse to run when anything differs from the recipe's lock
    #[arg(long)]
    pub locked: bool,
}

/// How a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum PlanFormat {
    /// A table for people.
    #[default]
    Table,
    /// The whole plan as YAML.
    Yaml,
    /// The whole plan as JSON.
    Json,
    /// A drawing for Graphviz.
    Dot,
    /// A drawing for Mermaid.
    Mermaid,
}

/// What `ddl log` takes.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// The recipe
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// The stage, as `ddl plan` calls it
    #[arg(value_name = "STAGE")]
    pub stage: String,
    /// The step, counted from 1
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = whole::<u64>(1, u64::MAX, "120"))]
    pub step: u64,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    pub format: LogFormat,
}

/// How a step is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// One image a line: its draw, its batch where steps accumulate, its path.
    #[default]
    Text,
    /// All that is known of the step, as JSON.
    Json,
}

/// What `ddl lock` takes.
#[derive(Debug, Args)]
pub(crate) struct LockArgs {
    /// The recipe
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// Write the lock to this file instead of beside the recipe; `-` prints it
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write nothing; end with exit code 2 when the lock is not up to date
    #[arg(long)]
    pub check: bool,
}

/// What `ddl store` takes.
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    /// What to do with it
    #[command(subcommand)]
    pub command: StoreCommand,
}

/// What can be done with a store.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// List what lies in it: size, age, and whose lock or last plan needs it
    Ls(StoreFolder),
    /// Clear away what neither a lock nor a recipe's last plan needs; without `--delete` only say what would go
    Gc(GcArgs),
    /// Check every digest; end with exit code 1 when anything is damaged
    Verify(StoreFolder),
}

/// Which store.
#[derive(Debug, Args)]
pub(crate) struct StoreFolder {
    /// The store's folder
    #[arg(long, value_name = "DIR", env = "DDL_STORE", hide_env_values = true, default_value = ".ddl/store")]
    pub store: PathBuf,
    /// A lock whose results are needed, beside those of recipes that used the store and those below this folder (may be given several
    /// times)
    #[arg(long, value_name = "FILE")]
    pub lock: Vec<PathBuf>,
}

/// What `ddl store gc` takes.
#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// Which store
    #[command(flatten)]
    pub store: StoreFolder,
    /// Remove it; without this nothing is changed
    #[arg(long, conflicts_with = "dry_run")]
    pub delete: bool,
    /// Only say what would go, as without `--delete`
    #[arg(long)]
    pub dry_run: bool,
}

/// What `ddl data` takes.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// What to do with it
    #[command(subcommand)]
    pub command: DataCommand,
}

/// What can be done with data.
#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Say what is in data: images, people, sizes, images a person, attributes, alignment; no image is decoded
    Info(DataInfoArgs),
    /// Decode every image; end with exit code 1 when one is damaged, empty, or stands under two people
    Check(DataCheckArgs),
    /// Write data in another form; the bytes of images are copied
    Convert(DataConvertArgs),
    /// Draw samples of a recipe's data set or batch after its augments, beside what lies there, before anything is trained
    Preview(DataPreviewArgs),
}

/// What data is meant.
#[derive(Debug, Args)]
#[command(after_help = DATA_HELP)]
pub(crate) struct DataSource {
    /// Where data lies (a folder, a list, a .rec, .tar, .tfrecord, .parquet, .bin, an LMDB database), or what a recipe would write for it
    #[arg(required = true, value_name = "DATA", value_parser = no_option)]
    pub data: Vec<String>,
    /// The folder in which what is known of data is kept, as of recipes
    #[arg(long, value_name = "DIR", env = "DDL_STORE", hide_env_values = true, default_value = ".ddl/store")]
    pub store: PathBuf,
}

const DATA_HELP: &str = "What is more to be said of data is said as in a recipe:\n\n\
                         ddl data info 'parquet(\"faces.parquet\", identity = \"who\")'\n\
                         ddl data info 'image_tar(\"train-{000..143}.tar\")'";

/// What `ddl data info` takes.
#[derive(Debug, Args)]
pub(crate) struct DataInfoArgs {
    /// What data
    #[command(flatten)]
    pub source: DataSource,
    /// Write a page with images of some people, for a look at them
    #[arg(long, value_name = "FILE.html")]
    pub sheet: Option<PathBuf>,
    /// Print JSON: one object a line for each
    #[arg(long)]
    pub json: bool,
}

/// What `ddl data convert` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "What is there is never overwritten, and what is not whole is not there. The ending of TO says what it is to be; numbers in braces are a row of files:\n\n\
                        ddl data convert train.rec faces\n\
                        ddl data convert faces 'train-{000..143}.tar'\n\
                        ddl data convert 'parquet(\"x.parquet\", schema = {yaw: deg})' faces.tfrecord\n\
                        ddl data convert lfw-112x112 lfw.bin --pairs pairs.txt"
)]
pub(crate) struct DataConvertArgs {
    /// Where data lies, or what a recipe would write for it
    #[arg(value_name = "FROM", value_parser = no_option)]
    pub from: String,
    /// What is to be made
    #[arg(value_name = "TO")]
    pub to: PathBuf,
    /// What it is to be, where its ending does not say it
    #[arg(long = "as", value_enum, value_name = "FORM")]
    pub form: Option<Form>,
    /// The pairs of a pack (.bin): a list as `verification(pairs = …)` takes it; those of a pack that is copied are its own
    #[arg(long, value_name = "FILE")]
    pub pairs: Option<PathBuf>,
    /// The folder in which what is known of data is kept, as of recipes
    #[arg(long, value_name = "DIR", env = "DDL_STORE", hide_env_values = true, default_value = ".ddl/store")]
    pub store: PathBuf,
}

/// What `ddl data preview` takes.
#[derive(Debug, Args)]
pub(crate) struct DataPreviewArgs {
    /// The recipe
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// The data set or batch, as the recipe calls it
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What is written: a page (.html) or a picture (.png)
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// How many samples
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = 16, value_parser = whole::<usize>(1, 1000, "16"))]
    pub count: usize,
    /// How often each is drawn
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = 3, value_parser = whole::<usize>(1, 100, "3"))]
    pub draws: usize,
    /// The step whose first batch is drawn, counted from 1
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = 1, value_parser = whole::<u64>(1, 1_000_000_000, "10"))]
    pub step: u64,
}

/// What data is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A folder with a folder for each person.
    Folder,
    /// A csv that names files.
    List,
    /// MXNet's .rec with .idx, .lst and property.
    Recordio,
    /// A tar archive with a folder for each person.
    Tar,
    /// A tar archive of numbered images, each with the number of its person (.cls).
    Webdataset,
    /// A TFRecord file.
    Tfrecord,
    /// TFace's index, and the TFRecord files that it names.
    Tface,
    /// A Parquet file, as Hugging Face's data sets are.
    Parquet,
    /// An LMDB database: a folder, or a file (.mdb).
    Lmdb,
    /// A pack of pairs, as insightface hands out LFW.
    Bin,
}

/// What `ddl data check` takes.
#[derive(Debug, Args)]
pub(crate) struct DataCheckArgs {
    /// What data
    #[command(flatten)]
    pub source: DataSource,
    /// Print JSON: one object a line for each
    #[arg(long)]
    pub json: bool,
}

/// What `ddl diff` takes.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// What was: a recipe, a plan (YAML or JSON) or a lock
    pub before: PathBuf,
    /// What is: a recipe, a plan (YAML or JSON) or a lock
    pub after: PathBuf,
    /// Give a parameter of the recipes a value
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
    /// Take values of parameters of the recipes from a YAML file
    #[arg(long, value_name = "FILE")]
    pub params: Vec<PathBuf>,
    /// The folder in which results and what is known of data are kept
    #[arg(long, value_name = "DIR", env = "DDL_STORE", hide_env_values = true, default_value = ".ddl/store")]
    pub store: PathBuf,
    /// Name every node, also those that change only because of what they read
    #[arg(long, short)]
    pub verbose: bool,
    /// End with exit code 2 when anything differs
    #[arg(long)]
    pub check: bool,
}

/// What `ddl term` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Arrays are .npy files: embeddings [images, width], labels [images] counted from 0, pairs two files of [pairs, width].\n\n\
                        ddl term 'arcface(scale = 64, margin = 0.5rad)' --embeddings x.npy --labels y.npy --prototypes w.npy --dtype float64\n\
                        ddl term 'triplet(data, margin = 0.2)' --embeddings x.npy --labels y.npy --grad-out gradients\n\
                        ddl term 'rkd(data, teacher)' --embeddings x.npy --teacher t.npy\n\
                        ddl term 'ddl(teacher = branch(pairs = pe, negatives = e), students = [branch(pairs = ph, negatives = h)])' \\\n  \
                          --batch e=easy.npy --batch h=hard.npy --pairs pe=e1.npy,e2.npy --pairs ph=h1.npy,h2.npy"
)]
pub(crate) struct TermArgs {
    /// A head, or terms over `data` and the batches named here, as a recipe says them
    #[arg(value_name = "EXPRESSION", allow_hyphen_values = true, value_parser = no_option)]
    pub expression: String,
    /// The embeddings of the batch `data`; for terms of several networks what each makes of it: `--embeddings a=FILE,b=FILE`
    #[arg(long, value_name = "FILE")]
    pub embeddings: Option<String>,
    /// The labels of the batch `data`
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// The class vectors of a head [people, width]; the same as `--init prototypes=FILE`
    #[arg(long, value_name = "FILE")]
    pub prototypes: Option<PathBuf>,
    /// The embeddings of another batch of images; of several networks `NAME=a=FILE,b=FILE`
    #[arg(long, value_name = "NAME=FILE", value_parser = assignment)]
    pub batch: Vec<(String, String)>,
    /// The labels of another batch; of pairs those of all first images, then of all second ones
    #[arg(long, value_name = "NAME=FILE", value_parser = assignment)]
    pub batch_labels: Vec<(String, String)>,
    /// The embeddings of a batch of pairs: row i of both files shows one person; of several networks `NAME=a=LEFT,RIGHT,b=LEFT,RIGHT`
    #[arg(long, value_name = "NAME=LEFT,RIGHT", value_parser = assignment)]
    pub pairs: Vec<(String, String)>,
    /// What the teacher makes of the images of `data`, for terms that name `teacher`; its class vectors are `--init
    /// teacher.prototypes=FILE`
    #[arg(long, value_name = "FILE")]
    pub teacher: Option<PathBuf>,
    /// Attributes that a term reads of the images of `data`, `[images, numbers]`, angles in radians
    #[arg(long, value_name = "FILE")]
    pub attributes: Option<PathBuf>,
    /// A tensor of the terms' state (`centres`, `t`, `norm_mean`; `SLOT.NAME` of another slot, `NET.NAME` of one of several networks);
    /// drawn as for a new stage without it
    #[arg(long, value_name = "NAME=FILE", value_parser = assignment)]
    pub init: Vec<(String, String)>,
    /// How many people there are, where no tensor says it; else the largest label decides
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = whole::<u64>(1, 100_000_000, "1000"))]
    pub classes: Option<u64>,
    /// The precision
    #[arg(long, value_enum, default_value_t)]
    pub dtype: Dtype,
    /// The step of the stage, counted from 1: for curves, and for what is drawn by chance
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = 1, value_parser = whole::<u64>(1, 1_000_000_000, "10"))]
    pub step: u64,
    /// Steps of the stage, for curves
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = 1, value_parser = whole::<u64>(1, 1_000_000_000, "1000"))]
    pub steps: u64,
    /// The stage's seed
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = 0, value_parser = whole::<i64>(0, i64::MAX.unsigned_abs(), "1"))]
    pub seed: i64,
    /// Where to compute: cpu, cuda, or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    pub device: crate::job::Device,
    /// Write every gradient (`data.npy`, `prototypes.npy`) and changed state (`t.after.npy`) into this folder
    #[arg(long, value_name = "DIR")]
    pub grad_out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// The precision of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Dtype {
    /// 32 bits, as stages compute.
    #[default]
    Float32,
    /// 64 bits.
    Float64,
}

/// What `ddl explain` takes.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The code, such as `ddl::types::unit_mismatch` (the leading `ddl::` may be left out); all are listed without one
    pub code: Option<String>,
}

/// What `ddl doc` takes.
#[derive(Debug, Args)]
pub(crate) struct DocArgs {
    /// The operator; all are listed without one
    pub operator: Option<String>,
    /// Text for a terminal, or Markdown
    #[arg(long, value_enum, default_value_t)]
    pub format: DocFormat,
    /// Write the whole reference, as Markdown files, into this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["operator", "format"])]
    pub reference: Option<PathBuf>,
}

/// How documentation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum DocFormat {
    /// For a terminal.
    #[default]
    Text,
    /// For a book.
    Markdown,
}

/// What `ddl completions` takes.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// An expression: it may begin with a minus, and not with two, as an option that there is not.
fn no_option(text: &str) -> Result<String, String> {
    if text.starts_with("--") { Err("there is no such option".to_owned()) } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    /// What Rust's own readers of numbers say.
    const NOT_OURS: [&str; 6] = ["invalid digit", "invalid float", "cannot parse", "number too", "is not in", "out of range"];

    /// All commands with the words that lead to them.
    fn commands(command: &clap::Command, before: &[String]) -> Vec<(Vec<String>, clap::Command)> {
        let mut all = vec![(before.to_vec(), command.clone())];
        for inner in command.get_subcommands() {
            all.extend(commands(inner, &[before, &[inner.get_name().to_owned()]].concat()));
        }
        all
    }

    #[test]
    fn a_value_that_can_not_be_read_is_answered_with_what_can() {
        let mut refused = 0;
        for (words, command) in commands(&Cli::command(), &["ddl".to_owned()]) {
            for arg in command.get_arguments().filter_map(clap::Arg::get_long) {
                for value in ["1m", "x", "0.5", "-3", "99999999999999999999999", ""] {
                    let line = words.iter().cloned().chain([format!("--{arg}={value}")]);
                    let Err(error) = Cli::try_parse_from(line) else { continue };
                    let said = error.to_string();
                    assert!(!NOT_OURS.iter().any(|words| said.contains(words)), "--{arg}={value}: {said}");
                    if error.kind() == ErrorKind::ValueValidation {
                        refused += 1;
                        assert!(said.contains("such as") || said.contains("cuda:"), "--{arg}={value}: {said}");
                    }
                }
            }
        }
        assert!(refused > 30, "{refused}");
    }
}
