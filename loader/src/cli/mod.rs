//! The command line.

mod bench;
pub(crate) mod connect;
mod dead_letters;
mod explain;
mod gather;
mod keep;
pub(crate) mod load;
mod progress;
mod render;
mod setup;
mod summary;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand, ValueEnum};
use siem_parsers::document::Profile;
use tracing_subscriber::EnvFilter;

/// Release and commit.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("SIEM_LOADER_COMMIT"), ")");

/// The AWS SDK warns at length of every place where it found no region or credentials; our own error says what is
/// missing.
const DEFAULT_LOG: &str = "warn,aws_config=error";

/// Loads AWS security logs into OpenSearch and loses no record in silence.
#[derive(Debug, Parser)]
#[command(name = "siem-loader", version = VERSION, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// What is logged to standard error: error, warn, info, debug, trace; or a filter such as `siem_loader=debug`
    #[arg(long, global = true, env = "SIEM_LOADER_LOG", default_value = DEFAULT_LOG)]
    log: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Load objects into OpenSearch
    Load(load::LoadArgs),
    /// Write the documents of objects instead of sending them: one line a document
    Render(render::RenderArgs),
    /// List dead letters by reason, with what to do about them
    DeadLetters(dead_letters::DeadLettersArgs),
    /// Send dead letters again, and keep only those that are still refused
    Redrive(dead_letters::RedriveArgs),
    /// Say which log a key or a file is, why, and what becomes of its records; without any network
    Explain(explain::ExplainArgs),
    /// Install what a cluster needs: templates, retention, dashboards, monitors; or look whether it is there
    Setup(setup::SetupArgs),
    /// Measure what loading costs on this machine, and with --cluster what a cluster takes
    Bench(Box<bench::BenchArgs>),
}

/// What to load.
#[derive(Debug, Args)]
struct InputArgs {
    /// Files, folders, `-` for standard input (with --key), s3://bucket/prefix
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// S3 keys are the paths below this folder; without it a key begins at the first `AWSLogs` or `o-…` in the path
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// S3 key of what comes through standard input, or of a single file
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Bucket that files were copied from: written to @log_s3bucket
    #[arg(long, value_name = "NAME")]
    bucket: Option<String>,
    /// Roles and regions of buckets, as JSON: {"BUCKET":{"role_arn":"…","external_id":"…"}}; all that can be set: docs/access.md
    #[arg(long, value_name = "JSON", env = crate::fetch::BUCKETS_VARIABLE, hide_env_values = true)]
    buckets: Option<crate::fetch::BucketRules>,
    /// Threads that render documents [default: the processors there are]
    #[arg(long, value_name = "N", env = "SIEM_LOADER_THREADS", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    #[command(flatten)]
    profile: ProfileArgs,
}

/// Which profile, of documents and of templates.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ProfileArgs {
    /// What the cluster gets: full, or lean, without the record's text in @message: docs/install.md
    #[arg(long, value_name = "full|lean", env = "SIEM_LOADER_PROFILE", default_value = "full")]
    pub(crate) profile: Profile,
}

/// How the result is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// For people.
    Text,
    /// One JSON object as the last line on standard output.
    Json,
}

impl InputArgs {
    fn threads(&self) -> usize {
        let there = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.threads.map_or_else(there, usize::from)
    }

    fn source(&self, runtime: &tokio::runtime::Handle) -> crate::fetch::Source {
        let buckets = self.buckets.clone().unwrap_or_default();
        let settings = crate::fetch::S3Settings { buckets, ..crate::fetch::S3Settings::default() };
        crate::fetch::Source::with_s3(self.options(), runtime.clone(), settings)
    }

    fn options(&self) -> crate::fetch::FetchOptions {
        crate::fetch::FetchOptions {
            root: self.root.clone(),
            key: self.key.clone(),
            bucket: self.bucket.clone(),
        }
    }
}

/// Exit status: everything that can be loaded is.
const OK: u8 = 0;
/// Exit status: some records or objects were rejected or dead-lettered.
const REJECTED: u8 = 1;
/// Exit status: something failed and should be tried again, or configured.
const FAILED: u8 = 2;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_new(&cli.log).unwrap_or_else(|_| EnvFilter::new(DEFAULT_LOG));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    crate::variables::warn_of_unknown();
    let result = match cli.command {
        Command::Load(args) => load::run(args),
        Command::Render(args) => render::run(args),
        Command::DeadLetters(args) => dead_letters::list(args),
        Command::Redrive(args) => dead_letters::redrive(args),
        Command::Explain(args) => explain::run(args),
        Command::Setup(args) => setup::run(args),
        Command::Bench(args) => bench::run(*args),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            progress::say(&format!("siem-loader: {error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

/// The variables of all flags.
#[cfg(test)]
pub(crate) fn variables() -> Vec<String> {
    use clap::CommandFactory;
    fn of(command: &clap::Command, found: &mut Vec<String>) {
        let names = command.get_arguments().filter_map(|argument| argument.get_env());
        found.extend(names.map(|name| name.to_string_lossy().into_owned()));
        command.get_subcommands().for_each(|command| of(command, found));
    }
    let mut found = Vec::new();
    of(&Cli::command(), &mut found);
    assert!(found.len() > 10, "{found:?}");
    found
}

/// The runtime for everything that speaks to a network. Rendering has threads of its own.
pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("network").enable_all().build()
}
