//! `siem-loader load`

use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use siem_parsers::document::Profile;

use super::{
    FAILED, InputArgs, OutputFormat,
    connect::{ClusterArgs, PackArgs, SendArgs},
    gather::gather,
    keep::KeepArgs,
    progress::Progress,
    summary::Summary,
};
use crate::{
    engine::{Engine, EngineParts, RunEnd},
    metrics::Metrics,
    pipeline::{Discard, Output, Settings},
    sink::{Cluster, Encoding, SinkError},
    templates,
};

/// Arguments of `load`.
#[derive(Debug, Args)]
pub(super) struct LoadArgs {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    send: SendArgs,
    /// Do everything but send: reads, renders (and packs, with --gzip), then drops the documents
    #[arg(long)]
    discard: bool,
    #[command(flatten)]
    pack: PackArgs,
    #[command(flatten)]
    keep: KeepArgs,
    /// How the result is told
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    output: OutputFormat,
}

pub(super) fn run(args: LoadArgs) -> anyhow::Result<u8> {
    let mut summary = Summary::new(args.output);
    if let Err(error) = load(&args, &mut summary) {
        summary.stopped(&format!("{error:#}"));
        // Scripts get their object in any case; a person needs no table of zeros.
        if args.output == OutputFormat::Text && summary.is_empty() {
            return Ok(FAILED);
        }
    }
    summary.tell()
}

fn load(args: &LoadArgs, summary: &mut Summary) -> anyhow::Result<()> {
    let runtime = super::runtime().context("cannot start the network threads")?;
    let source = args.input.source(runtime.handle());
    let mut settings = Settings::for_threads(args.input.threads());
    settings.profile = args.input.profile.profile;
    if args.discard {
        settings.encoding = args.pack.discarded();
        settings.discard = true;
        let discard = Arc::new(Discard::default());
        let output: Arc<dyn Output> = Arc::clone(&discard) as Arc<dyn Output>;
        gather(&source.list(args.input.paths.clone()), &source, &settings, output, summary)?;
        summary.bytes_out = discard.out();
        return Ok(());
    }
    let cluster = args.pack.connect(&args.cluster, runtime.handle())?;
    let dead_letters = args.keep.store(&source)?;
    args.keep.keep_apart(&args.input.paths)?;
    settings.encoding = runtime.block_on(prepare(&cluster, settings.profile, args.pack))?;
    let engine = Engine::new(EngineParts {
        source: source.clone(),
        cluster,
        send: args.send.settings(settings.encoding),
        settings,
        runtime: runtime.handle().clone(),
        ledger: !args.keep.no_ledger,
        dead_letters,
        refuse_loss: false,
    });
    let progress = Progress::start();
    let mut metrics = Metrics::default();
    let end = engine.run(&source.list(args.input.paths.clone()), None, &mut |report| {
        progress.object(&report);
        metrics.add(&report);
        summary.add(report);
    });
    progress.end();
    let RunEnd { sent, stopped } = end?;
    metrics.sent(&sent);
    args.keep.write_metrics(&metrics)?;
    summary.bytes_out = sent.bytes;
    summary.requests = sent.requests;
    summary.retries = sent.retries;
    match stopped {
        Some(error) => Err(anyhow::Error::new(error).context("stopped")),
        None => Ok(()),
    }
}

/// First contact, the templates that are missing, and how bodies are to be packed.
pub(crate) async fn prepare(
    cluster: &Cluster,
    profile: Profile,
    pack: PackArgs,
) -> Result<Encoding, SinkError> {
    let info = cluster.info().await?;
    tracing::info!(cluster = cluster.url(), version = ?info.number, distribution = info.distribution, "connected");
    for name in templates::install_missing(cluster, profile).await? {
        tracing::info!(template = name, "installed");
    }
    Ok(pack.encoding(cluster).await)
}
