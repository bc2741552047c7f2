//! The command line as data; the words here are the help that users read.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Features written in Python, served fresh, replayed point-in-time-correct.
#[derive(Debug, Parser)]
#[command(name = "creta", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,

    /// Print JSON for scripts instead of text for people.
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a project in a folder.
    Init(Init),
    /// Run the whole product in one process on this machine.
    Up(Up),
    /// Check a project's definitions and deploy them.
    Apply(Apply),
    /// Check a project's definitions; no server is needed.
    Lint(Lint),
    /// Show what applying a project would change; exits with 10 when that is anything.
    Diff(Diff),
    /// Show where the project, its Python and its server are looked for, and what was found.
    Config(Config),
    /// List the features of the active deployment.
    Features(Listing),
    /// List the resolvers of the active deployment.
    Resolvers(Listing),
    /// Ask for features of one entity.
    Query(Query),
    /// Compute a training set for a file of entities and times.
    Train(Train),
    /// Cancel a training set that is being computed.
    Cancel(Cancel),
    /// Run a resolver and store its rows.
    Trigger(Trigger),
    /// Show how far incremental resolvers have come, or set them back.
    #[command(subcommand)]
    Incremental(Incremental),
    /// Show how a query would be answered.
    Explain(Explain),
    /// Remove stored values of some primary keys.
    Delete(Delete),
    /// Remove all stored values of some features; their types may change afterwards.
    Drop(Drop),
}

#[derive(Debug, Args)]
pub struct Init {
    /// The folder; it is made if it does not exist.
    #[arg(default_value = ".")]
    pub directory: PathBuf,
}

#[derive(Debug, Args)]
pub struct Up {
    /// The project's folder; relative source paths start here.
    #[arg(long, default_value = ".")]
    pub project: PathBuf,
    /// Where all data is kept [default: PROJECT/.creta].
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8700)]
    pub port: u16,
    /// The Python interpreter of resolvers [default: the active virtual environment, then PROJECT/.venv].
    #[arg(long)]
    pub python: Option<PathBuf>,
    /// Once the server answers, this file holds {url, client_id, client_secret, pid}.
    #[arg(long)]
    pub ready_file: Option<PathBuf>,
    /// Python worker processes [default: one per processor].
    #[arg(long)]
    pub workers: Option<usize>,
    /// The largest request body in bytes.
    #[arg(long, default_value_t = 64 * 1024 * 1024)]
    pub body_limit: usize,
}

/// Which server to talk to; by default the one whose credentials lie in `.creta/` of this folder or a parent.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// A credentials file, as `creta up --ready-file` writes it.
    #[arg(long, env = "CRETA_CREDENTIALS")]
    pub credentials: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Apply {
    /// The project's folder.
    #[arg(long, default_value = ".")]
    pub project: PathBuf,
    /// The Python interpreter that imports the definitions.
    #[arg(long)]
    pub python: Option<PathBuf>,
    /// Check and show the difference, but deploy nothing.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub struct Lint {
    /// The project's folder.
    #[arg(value_name = "PATH", default_value = ".")]
    pub project: PathBuf,
    /// The Python interpreter that imports the definitions.
    #[arg(long)]
    pub python: Option<PathBuf>,
    /// Text for people, or JSON for scripts (the same as --json).
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub struct Diff {
    /// The project's folder.
    #[arg(long, default_value = ".")]
    pub project: PathBuf,
    /// The Python interpreter that imports the definitions.
    #[arg(long)]
    pub python: Option<PathBuf>,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub struct Config {
    /// The project's folder.
    #[arg(long, default_value = ".")]
    pub project: PathBuf,
    /// The Python interpreter that other verbs would be given.
    #[arg(long)]
    pub python: Option<PathBuf>,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub struct Listing {
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub struct Query {
    /// A given value, as `vessel.id=7`; JSON or plain text. May be repeated.
    #[arg(long = "in", value_name = "FEATURE=VALUE", required = true)]
    pub inputs: Vec<String>,
    /// A feature to answer. May be repeated; none asks for all features of the given entity.
    #[arg(long = "out", value_name = "FEATURE")]
    pub outputs: Vec<String>,
    /// Answer as of this time (ISO 8601) and store nothing.
    #[arg(long)]
    pub now: Option<String>,
    /// Also print the plan.
    #[arg(long)]
    pub explain: bool,
    /// A named query whose outputs are used when none are given.
    #[arg(long)]
    pub query_name: Option<String>,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub struct Train {
    /// Parquet or CSV file with one row per entity and time; columns are feature names.
    #[arg(long)]
    pub spine: PathBuf,
    /// The column that holds each row's time.
    #[arg(long, default_value = "__ts__")]
    pub times: String,
    /// A feature to compute. May be repeated.
    #[arg(long = "out", value_name = "FEATURE", required = true)]
    pub outputs: Vec<String>,
    /// Run resolvers as of each row's time instead of sampling what was stored.
    #[arg(long)]
    pub recompute: bool,
    /// Where to write the result, a Parquet file.
    #[arg(long)]
    pub output: PathBuf,
    /// A name under which the dataset is kept.
    #[arg(long)]
    pub dataset: Option<String>,
    /// Compute the rows in so many shards, each a file of its own on the server.
    #[arg(long)]
    pub shards: Option<usize>,
    /// Shards that are computed at the same time, at most.
    #[arg(long)]
    pub workers: Option<usize>,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub struct Cancel {
    /// The id of its revision.
    pub revision: String,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub struct Trigger {
    /// Its name; the last part is enough where only one ends like that.
    pub resolver: String,
    /// Store only rows with a feature time from here on (ISO 8601); the cursor stays where it is.
    #[arg(long)]
    pub lower_bound: Option<String>,
    /// Store only rows with a feature time up to here (ISO 8601); the cursor stays where it is.
    #[arg(long)]
    pub upper_bound: Option<String>,
    /// Keep nothing in the online store.
    #[arg(long)]
    pub no_online: bool,
    /// Keep nothing in the offline store.
    #[arg(long)]
    pub no_offline: bool,
    /// Repeating a command under the same key runs the resolver once.
    #[arg(long)]
    pub idempotency_key: Option<String>,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Subcommand)]
pub enum Incremental {
    /// Show the cursors.
    Status(Listing),
    /// Load again from an instant on.
    Set(SetCursor),
    /// Load everything again with the next run.
    Drop(DropCursor),
}

#[derive(Debug, Args)]
pub struct SetCursor {
    /// Name of the resolver.
    pub resolver: String,
    /// The latest feature time that counts as loaded (ISO 8601).
    #[arg(long, required_unless_present = "last_execution_timestamp")]
    pub max_ingested_timestamp: Option<String>,
    /// When the last run counts as begun (ISO 8601).
    #[arg(long)]
    pub last_execution_timestamp: Option<String>,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub struct DropCursor {
    /// Name of the resolver.
    pub resolver: String,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub struct Explain {
    /// A given feature. May be repeated.
    #[arg(long = "in", value_name = "FEATURE", required = true)]
    pub inputs: Vec<String>,
    /// A feature to answer. May be repeated.
    #[arg(long = "out", value_name = "FEATURE")]
    pub outputs: Vec<String>,
    /// Explain a training set instead of an online query.
    #[arg(long)]
    pub offline: bool,
    #[command(flatten)]
    pub target: Target,
}

/// Which stores forget, and whether to ask first.
#[derive(Debug, Args)]
pub struct Forgetting {
    /// Leave the values in the online store.
    #[arg(long)]
    pub retain_online: bool,
    /// Leave the values in the offline store.
    #[arg(long)]
    pub retain_offline: bool,
    /// Do not ask for confirmation.
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub target: Target,
}

#[derive(Debug, Args)]
pub struct Delete {
    /// The primary keys, separated by commas.
    #[arg(long, value_name = "KEYS", required = true, value_delimiter = ',')]
    pub keys: Vec<String>,
    /// The features, as `vessel.name`, separated by commas; none removes everything that is stored of the keys.
    #[arg(long, value_name = "FEATURES", value_delimiter = ',')]
    pub features: Vec<String>,
    /// Also the features that carry one of these tags.
    #[arg(long, value_name = "TAGS", value_delimiter = ',')]
    pub tags: Vec<String>,
    /// The namespace of the keys [default: that of the features].
    #[arg(long)]
    pub namespace: Option<String>,
    #[command(flatten)]
    pub forgetting: Forgetting,
}

#[derive(Debug, Args)]
pub struct Drop {
    /// The features, as `vessel.name`, separated by commas.
    #[arg(long, value_name = "FEATURES", required = true, value_delimiter = ',')]
    pub features: Vec<String>,
    #[command(flatten)]
    pub forgetting: Forgetting,
}
