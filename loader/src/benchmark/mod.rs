//! `siem-loader bench`: what this program costs on the machine it runs on, and what a cluster takes.
//!
//! Each measured run is a process of its own ([`child`] starts this program with a [`job`]), so memory and processor
//! time are those of that run. Runs that are to be compared take turns, and medians are told. [`local`] has the sections
//! without a cluster, [`feed`] those with one, [`cost`] the estimate; [`report`] is the shape of all figures, [`text`] and
//! [`page`] show it.

pub(crate) mod child;
mod cluster;
mod corpus;
pub(crate) mod cost;
mod feed;
pub(crate) mod job;
mod local;
mod machine;
mod page;
mod plot;
mod report;
mod stages;
mod text;

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use chrono::{SecondsFormat, Utc};
use clap::ValueEnum;
use siem_parsers::document::Profile;
use tokio::runtime::Handle;

use self::{
    child::{Ran, Runner},
    cost::{Measured, Prices},
    job::{Job, Kind},
    machine::Machine,
    report::{Corpus, SCHEMA, Spread},
};
pub(crate) use self::{page::page, report::Report, text::text};
use crate::{
    error::SinkError,
    sink::{Cluster, Encoding},
    usage::thread_seconds,
};

/// Logs of which objects can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Log {
    /// CloudTrail events
    Cloudtrail,
    /// VPC Flow Logs, version 2
    #[value(alias = "vpcflow")]
    Vpcflowlogs,
    /// GuardDuty findings
    Guardduty,
    /// Security Hub findings
    Securityhub,
}

impl Log {
    /// Name of the log type.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cloudtrail => "cloudtrail",
            Self::Vpcflowlogs => "vpcflowlogs",
            Self::Guardduty => "guardduty",
            Self::Securityhub => "securityhub",
        }
    }
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Section {
    /// Inflate, cut, render, gzip, zstd, each by itself on one thread
    Stages,
    /// Everything but sending, per log: plain and packed, on one thread and on all
    Whole,
    /// One large object on 1, 2, … threads
    Scaling,
    /// One object of 1 KB, 2 KB, … up to 2 GB
    Sizes,
    /// 1, 10, … 100,000 objects of 2 KB
    Objects,
    /// Indexing into a cluster: per log, by concurrency, by body size (needs --cluster)
    Cluster,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file or a process.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was to be done.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// A run failed.
    #[error("{0}")]
    Run(String),
    /// Ctrl-C, or a signal to end.
    #[error("interrupted; nothing is left behind")]
    Interrupted,
    /// There is something that is not ours to delete.
    #[error(
        "there are indices of such names already: {names}; they may be of a benchmark that runs now or was killed. \
         Delete them, or give --name another NAME"
    )]
    Exists {
        /// The indices.
        names: String,
    },
    /// The cluster.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

impl Error {
    fn io(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }
}

/// What is to be measured, and how long.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Objects that are given; none: they are made.
    pub(crate) paths: Vec<String>,
    pub(crate) root: Option<PathBuf>,
    pub(crate) logs: Vec<Log>,
    /// Decoded bytes made of each log; none: by the time there is.
    pub(crate) size: Option<u64>,
    pub(crate) seed: u64,
    pub(crate) seconds: u64,
    pub(crate) sections: Vec<Section>,
    /// Threads at most.
    pub(crate) threads: usize,
    pub(crate) profile: Profile,
    /// Part of the names of indices.
    pub(crate) mark: String,
    pub(crate) force_merge: bool,
    pub(crate) prices: Prices,
    /// How bodies for the cluster are packed.
    pub(crate) encoding: Encoding,
    /// Where objects are made.
    pub(crate) folder: PathBuf,
}

/// Objects of one log, or those that were given.
#[derive(Debug, Clone)]
struct Set {
    log: String,
    paths: Vec<String>,
    root: Option<PathBuf>,
    /// Whether its records have a current state beside them.
    states: bool,
}

impl Set {
    fn job(&self, threads: usize, encoding: Encoding, kind: Kind) -> Job {
        Job { paths: self.paths.clone(), root: self.root.clone(), take: None, threads, encoding, kind }
    }
}

/// Decoded bytes of the object by which machines are compared.
const YARDSTICK: u64 = 4_000_000;

/// A benchmark under way.
struct Bench<'a> {
    plan: &'a Plan,
    runner: &'a Runner,
    sets: Vec<Set>,
    report: Report,
    end: Instant,
    /// Shares of the time that sections still to come have.
    shares: f64,
    /// A packed object, and inflating it so far.
    yardstick: Vec<u8>,
    inflated: Vec<f64>,
    /// What there was no time for.
    left_out: Vec<String>,
    told: &'a dyn Fn(&str),
}

/// Measures. `told` hears what is under way; `cluster` is used only where that section is wanted.
///
/// # Errors
/// Nothing can be measured: no room for objects, a run that fails as a whole, indices that are there already.
pub(crate) fn run(
    plan: &Plan,
    runner: &Runner,
    cluster: Option<&Cluster>,
    runtime: &Handle,
    told: &dyn Fn(&str),
) -> Result<Report, Error> {
    let began = Instant::now();
    let machine = Machine::look();
    let report = Report {
        schema: SCHEMA,
        version: crate::cli::VERSION,
        began: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
        seconds: 0.0,
        status: 0,
        warnings: busy(&machine).into_iter().collect(),
        machine,
        corpora: Vec::new(),
        inflate_yardstick: None,
        stages: Vec::new(),
        whole: Vec::new(),
        scaling: Vec::new(),
        sizes: Vec::new(),
        objects: Vec::new(),
        memory: Vec::new(),
        cluster: None,
        lambda: Vec::new(),
        prices: plan.prices,
    };
    let end = began + Duration::from_secs(plan.seconds);
    let shares = plan.sections.iter().map(|section| share(*section)).sum();
    let (sets, inflated) = (Vec::new(), Vec::new());
    // Refused before anything is made: whoever sees that waits for nothing.
    let estate = match cluster.filter(|_| plan.sections.contains(&Section::Cluster)) {
        Some(cluster) => Some(cluster::Estate::found(cluster, runtime, &plan.mark, plan.profile)?),
        None => None,
    };
    let mut bench = Bench {
        plan,
        runner,
        sets,
        report,
        end,
        shares,
        yardstick: Vec::new(),
        inflated,
        left_out: Vec::new(),
        told,
    };
    bench.prepare()?;
    for section in &plan.sections {
        bench.inflate()?;
        let until = bench.allowance(*section);
        match section {
            Section::Stages => bench.stages(until)?,
            Section::Whole => bench.whole(until)?,
            Section::Scaling => bench.scaling(until)?,
            Section::Sizes => bench.sizes(until)?,
            Section::Objects => bench.objects(until)?,
            Section::Cluster => {}
        }
    }
    if let Some((mut estate, part)) = estate {
        let fed = bench.feed(&mut estate, part);
        // Whatever happened, nothing of ours stays.
        let deleted = estate.delete();
        fed?;
        deleted?;
    }
    bench.inflate()?;
    bench.estimate();
    if !bench.left_out.is_empty() {
        let what = bench.left_out.join("; ");
        bench.warn(format!(
            "there was no time for: {what}. Give more --seconds, or less to measure by --only"
        ));
    }
    let mut report = bench.report;
    report.inflate_yardstick = Spread::of(bench.inflated);
    report.seconds = began.elapsed().as_secs_f64();
    Ok(report)
}

/// How much of the time a section has, against the others.
fn share(section: Section) -> f64 {
    match section {
        Section::Stages | Section::Scaling | Section::Objects => 1.0,
        Section::Sizes => 2.0,
        Section::Whole => 3.0,
        Section::Cluster => 8.0,
    }
}

fn busy(machine: &Machine) -> Option<String> {
    let load = machine.load_1m.filter(|_| machine.busy)?;
    Some(format!(
        "the machine is busy (load average {load:.2} before the start): times are too long and spread; CPU-seconds too, \
         somewhat. Measure when it is quiet"
    ))
}

impl Bench<'_> {
    /// Makes the objects, or takes those that are given.
    fn prepare(&mut self) -> Result<(), Error> {
        let plan = self.plan;
        let path = corpus::write_object(&plan.folder.join("yardstick"), 1, YARDSTICK);
        let path = path.map_err(Error::io("make objects"))?;
        self.yardstick = std::fs::read(path).map_err(Error::io("read an object"))?;
        if !plan.paths.is_empty() {
            let (paths, root) = (plan.paths.clone(), plan.root.clone());
            self.sets.push(Set { log: "given".to_owned(), paths, root, states: true });
            return Ok(());
        }
        let wanted: &[Section] = &[Section::Stages, Section::Whole, Section::Cluster];
        if !plan.sections.iter().any(|section| wanted.contains(section)) {
            return Ok(());
        }
        // A third of a megabyte a second: what a round over all logs takes is then a small part of its time.
        let size = plan.size.unwrap_or_else(|| (plan.seconds * 300_000).clamp(1_000_000, 32_000_000));
        (self.told)(&format!("making {:.0} MB of each log", size as f64 / 1e6));
        let made: Vec<io::Result<Corpus>> = std::thread::scope(|scope| {
            let folder = |log: Log| plan.folder.join(log.name());
            let write = |log: Log| move || corpus::write(log, &folder(log), plan.seed, size);
            let threads: Vec<_> = plan.logs.iter().map(|log| scope.spawn(write(*log))).collect();
            let gone = || io::Error::other("a thread ended early");
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(gone()))).collect()
        });
        for (log, made) in plan.logs.iter().zip(made) {
            let root = plan.folder.join(log.name());
            let states = matches!(log, Log::Guardduty | Log::Securityhub);
            let paths = vec![text_of(&root)];
            self.sets.push(Set { log: log.name().to_owned(), paths, root: Some(root), states });
            self.report.corpora.push(made.map_err(Error::io("make objects"))?);
        }
        Ok(())
    }

    /// Until when a section may go on: its share of what is left, so that what another did not need is used.
    fn allowance(&mut self, section: Section) -> Instant {
        let now = Instant::now();
        let left = self.end.saturating_duration_since(now);
        let share = share(section);
        let part = if self.shares > 0.0 { (share / self.shares).min(1.0) } else { 1.0 };
        self.shares -= share;
        now + left.mul_f64(part)
    }

    /// Inflates the yardstick a few times.
    fn inflate(&mut self) -> Result<(), Error> {
        for _ in 0..3 {
            let began = thread_seconds();
            let mut decoder = flate2::read::MultiGzDecoder::new(self.yardstick.as_slice());
            let decoded = io::copy(&mut decoder, &mut io::sink()).map_err(Error::io("inflate an object"))?;
            self.inflated.push((thread_seconds() - began) / (decoded as f64 / 1e9));
        }
        Ok(())
    }

    /// Runs jobs in turn until the time is over, each at least once while there is time, the first in any case.
    fn rounds(&mut self, jobs: &[Job], until: Instant) -> Result<Vec<Vec<Ran>>, Error> {
        let mut all: Vec<Vec<Ran>> = jobs.iter().map(|_| Vec::new()).collect();
        for round in 0..MOST_ROUNDS {
            for (place, (job, ran)) in jobs.iter().zip(&mut all).enumerate() {
                let first = round == 0 && place == 0;
                if Instant::now() >= until && !first {
                    return Ok(all);
                }
                ran.push(self.runner.run(job)?);
            }
        }
        Ok(all)
    }

    /// Notes what went wrong in runs, once.
    fn check(&mut self, what: &str, ran: &[Ran]) {
        for Ran { outcome, .. } in ran {
            if !outcome.counts.add_up() {
                self.report.status = 2;
                self.warn(format!("{what}: the numbers do not add up; this is a defect of siem-loader"));
            }
            if outcome.objects_failed > 0 || outcome.counts.unsent > 0 {
                self.report.status = 2;
                let why = outcome.problems.first().map_or("records were not delivered", String::as_str);
                self.warn(format!("{what}: {why}"));
            } else if outcome.counts.rejected > 0 {
                self.report.status = self.report.status.max(1);
                self.warn(format!("{what}: {} records were refused", outcome.counts.rejected));
            }
        }
    }

    fn warn(&mut self, text: String) {
        if !self.report.warnings.contains(&text) {
            self.report.warnings.push(text);
        }
    }

    /// What was measured as costs of a function.
    fn estimate(&mut self) {
        let threads = self.report.whole.iter().map(|row| row.threads).min();
        // From the largest number of small objects on: there one object alone says nothing any more.
        let object = self.report.objects.iter().rev().find_map(|row| row.cpu_us_per_object);
        let rows =
            self.report.whole.iter().filter(|row| row.packing == "gzip" && Some(row.threads) == threads);
        let measured = rows.map(|row| {
            let fed =
                self.report.cluster.as_ref().and_then(|part| part.logs.iter().find(|fed| fed.log == row.log));
            Measured {
                log: row.log.clone(),
                cpu_seconds_per_gb: row.cpu_seconds_per_gb.median,
                cpu_us_per_object: object.map_or(0.0, |spread| spread.median),
                peak_memory_bytes: row.peak_memory_bytes,
                answer_ms: fed.map(|fed| fed.latency.p50_ms),
            }
        });
        self.report.lambda = measured.flat_map(|measured| measured.rows(&self.plan.prices)).collect();
    }
}

/// Rounds at most: more make no median better.
const MOST_ROUNDS: usize = 11;

fn text_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Of the runs of one job.
fn spread(ran: &[Ran], figure: impl Fn(&Ran) -> f64) -> Option<Spread> {
    Spread::of(ran.iter().map(figure))
}
