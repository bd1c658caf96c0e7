//! `siem-loader bench`

use std::{io::Write, path::PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::{
    FAILED, InputArgs, OutputFormat, ProfileArgs,
    connect::{ClusterArgs, PackArgs},
    progress::say,
};
use crate::benchmark::{
    self, Log, Plan, Section,
    child::{JOB_FLAG, Runner},
    cost::Prices,
    job::{self, Job, Kind},
};
use crate::sink::Encoding;

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// Measure with these: files, folders, s3://bucket/prefix; without, objects are made
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    /// S3 keys are the paths below this folder
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Roles and regions of buckets, as JSON: docs/access.md
    #[arg(long, value_name = "JSON", env = crate::fetch::BUCKETS_VARIABLE, hide_env_values = true)]
    buckets: Option<crate::fetch::BucketRules>,
    /// Logs of which objects are made; the first is the one whose concurrency and body sizes are measured
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "cloudtrail,vpcflowlogs,guardduty,securityhub"
    )]
    logs: Vec<Log>,
    /// What is measured
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "stages,whole,scaling,sizes,objects,cluster"
    )]
    only: Vec<Section>,
    /// How long to measure, about. More time: more runs, larger objects
    #[arg(long, value_name = "S", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Decoded MB made of each log [default: by the time, at most 32]
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    size: Option<u64>,
    /// The same seed makes the same objects
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Threads at most [default: the processors there are]
    #[arg(long, value_name = "N", env = "SIEM_LOADER_THREADS", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    #[command(flatten)]
    profile: ProfileArgs,
    /// Folder for objects that are made, deleted at the end [default: that for temporary files]
    #[arg(long, value_name = "DIR")]
    work_dir: Option<PathBuf>,
    /// Index into the cluster too: log-aws-*-bench-*, made for this and deleted; nothing else is written but templates that are
    /// missing. It loads the cluster as much as it takes: not for one that people work with
    #[arg(long)]
    cluster: bool,
    /// Names the indices log-aws-*-bench-NAME-*, so that two may measure one cluster
    #[arg(long, value_name = "NAME", requires = "cluster", value_parser = name)]
    name: Option<String>,
    /// Merge indices to one segment before their size is asked for
    #[arg(long, requires = "cluster")]
    force_merge: bool,
    #[command(flatten)]
    to: ClusterArgs,
    #[command(flatten)]
    pack: PackArgs,
    /// Write the report as one page of HTML, with plots
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// How the result is told
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    output: OutputFormat,
    #[command(flatten)]
    prices: Prices,
    /// One run, as this program starts it
    #[arg(long, hide = true)]
    job: Option<String>,
}

/// Most letters of a name.
const NAME: usize = 30;

fn name(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.is_empty() || text.len() > NAME || !text.bytes().all(fits) {
        return Err(format!("1 to {NAME} lower-case letters, digits and dashes"));
    }
    Ok(text.to_owned())
}

pub(super) fn run(args: BenchArgs) -> anyhow::Result<u8> {
    let runtime = super::runtime().context("cannot start the network threads")?;
    if let Some(text) = &args.job {
        return one(&args, text, &runtime);
    }
    let cluster = if args.cluster { Some(args.pack.connect(&args.to, runtime.handle())?) } else { None };
    let runner = Runner::of_this_program()?;
    let mut made = tempfile::Builder::new();
    made.prefix("siem-loader-bench-");
    let folder = match &args.work_dir {
        Some(folder) => made.tempdir_in(folder),
        None => made.tempdir(),
    };
    let folder = folder.context("cannot make a folder for objects; --work-dir names another place")?;
    let mut sections = args.only.clone();
    // With a cluster its section comes last, since it has most of the time.
    sections.retain(|section| *section != Section::Cluster);
    if args.cluster {
        sections.push(Section::Cluster);
    }
    if sections.is_empty() {
        bail!("nothing to measure: the section `cluster` needs --cluster");
    }
    let plan = Plan {
        paths: args.paths.clone(),
        root: args.root.clone(),
        logs: args.logs.clone(),
        size: args.size.map(|mb| mb * 1_000_000),
        seed: args.seed,
        seconds: args.seconds,
        sections,
        threads: args.input().threads(),
        profile: args.profile.profile,
        mark: args.name.as_ref().map_or_else(|| "bench".to_owned(), |name| format!("bench-{name}")),
        force_merge: args.force_merge,
        prices: args.prices,
        encoding: cluster
            .as_ref()
            .map_or(Encoding::Identity, |cluster| runtime.block_on(args.pack.encoding(cluster))),
        folder: folder.path().to_owned(),
    };
    let told = |what: &str| say(&format!("siem-loader: {what}"));
    let report = match benchmark::run(&plan, &runner, cluster.as_ref(), runtime.handle(), &told) {
        Ok(report) => report,
        Err(error) => {
            // Scripts get an object in any case.
            if args.output == OutputFormat::Json {
                let json = serde_json::json!({"status": FAILED, "error": error.to_string()});
                writeln!(std::io::stdout(), "{json}")?;
            }
            return Err(error.into());
        }
    };
    if let Some(path) = &args.report {
        let page = benchmark::page(&report);
        std::fs::write(path, page).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let text = match args.output {
        OutputFormat::Text => benchmark::text(&report),
        OutputFormat::Json => serde_json::to_string(&report)?,
    };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(report.status)
}

/// One run in this process; its outcome is a line on standard output.
fn one(args: &BenchArgs, text: &str, runtime: &tokio::runtime::Runtime) -> anyhow::Result<u8> {
    let job: Job =
        serde_json::from_str(text).with_context(|| format!("{JOB_FLAG} is for siem-loader itself"))?;
    let mut input = args.input();
    input.root.clone_from(&job.root);
    let source = input.source(runtime.handle());
    let cluster = match &job.kind {
        Kind::Send(_) => Some(args.to.connect(job.encoding != Encoding::Identity, runtime.handle())?),
        Kind::Discard | Kind::Stages => None,
    };
    let outcome = job::execute(&job, &source, cluster, args.profile.profile, runtime.handle())?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&outcome)?)?;
    Ok(super::OK)
}

impl BenchArgs {
    fn input(&self) -> InputArgs {
        InputArgs {
            paths: self.paths.clone(),
            root: self.root.clone(),
            key: None,
            bucket: None,
            buckets: self.buckets.clone(),
            threads: self.threads,
            profile: self.profile,
        }
    }
}
