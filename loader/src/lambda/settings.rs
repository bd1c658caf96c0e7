//! Settings of the function: environment variables, those of the command line. Read once.

use anyhow::{Context, bail};
use clap::Parser;
use tokio::runtime::Handle;

use crate::{
    cli::{
        ProfileArgs,
        connect::{ClusterArgs, PackArgs, SendArgs},
    },
    dead_letter::Store,
    engine::EngineParts,
    fetch::{BUCKETS_VARIABLE, BucketRules, FetchOptions, S3Settings, Source},
    pipeline::Settings,
    sink::{Encoding, SendSettings},
};

/// The variables, by the names, defaults and bounds of the command line; there are no arguments.
#[derive(Debug, Parser)]
#[command(name = "siem-loader")]
struct Variables {
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    send: SendArgs,
    #[command(flatten)]
    pack: PackArgs,
    #[arg(long, default_value = NO_STORE, env = "SIEM_LOADER_DEAD_LETTERS")]
    dead_letters: String,
    #[arg(long, env = BUCKETS_VARIABLE, hide_env_values = true)]
    buckets: Option<BucketRules>,
    #[arg(long, env = "SIEM_LOADER_THREADS", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    #[command(flatten)]
    profile: ProfileArgs,
}

/// Requests at a time where bodies are not packed: each takes some 4 MB, and two keep the processors of a function busy.
const UNPACKED_REQUESTS: usize = 2;

/// There is no place for dead letters: what would be one fails its message.
const NO_STORE: &str = "none";

/// Reads the variables and makes the clients; nothing is sent. How bodies are packed is for the cluster to say, later.
///
/// # Errors
/// Which variable cannot be used, and why.
pub(super) fn read(runtime: &Handle) -> anyhow::Result<(EngineParts, PackArgs)> {
    let variables = Variables::try_parse_from(["siem-loader"])
        .map_err(|error| anyhow::anyhow!("{}", one_line(&error.to_string())))
        .context("a variable cannot be used, by the name of its flag")?;
    let s3 = S3Settings { buckets: variables.buckets.unwrap_or_default(), ..S3Settings::default() };
    let source = Source::with_s3(FetchOptions::default(), runtime.clone(), s3);
    let pack = variables.pack;
    let cluster = pack.connect(&variables.cluster, runtime)?;
    let there = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = variables.threads.map_or_else(there, usize::from);
    let mut settings = Settings::for_threads(threads);
    settings.encoding = pack.unasked(cluster.packs());
    settings.profile = variables.profile.profile;
    let mut send = variables.send.settings(settings.encoding);
    if settings.encoding == Encoding::Identity && !variables.send.are_bounded() {
        send = SendSettings { retry: send.retry, ..SendSettings::new(UNPACKED_REQUESTS) };
    }
    let dead_letters = match variables.dead_letters.as_str() {
        NO_STORE | "" => None,
        place if place.starts_with("s3://") => Some(Store::at(place, &source)?),
        // The folders of a function go with it.
        _ => bail!("SIEM_LOADER_DEAD_LETTERS must be s3://bucket/prefix in a function"),
    };
    tracing::info!(
        version = crate::cli::VERSION,
        cluster = cluster.url(),
        dead_letters = dead_letters.as_ref().map_or_else(|| NO_STORE.to_owned(), ToString::to_string),
        threads,
        max_requests = send.senders,
        "start"
    );
    let parts = EngineParts {
        source,
        cluster,
        settings,
        send,
        runtime: runtime.clone(),
        ledger: true,
        dead_letters,
        refuse_loss: true,
    };
    Ok((parts, pack))
}

/// What clap says, without its hints about `--help`.
fn one_line(text: &str) -> String {
    let first = text.split("\n\n").next().unwrap_or_default();
    first.trim_start_matches("error: ").split_whitespace().collect::<Vec<_>>().join(" ")
}
