//! One run that is measured, in a process of its own: so its memory and processor time are its own, and no run finds the
//! allocator as another left it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam_channel::Receiver;
use serde::{Deserialize, Serialize};
use siem_parsers::document::Profile;
use tokio::runtime::Handle;

use super::{Error, stages};
use crate::{
    fetch::{FetchError, ObjectRef, Source},
    pipeline::{self, Chunk, Counts, Discard, GatherError, ObjectReport, Output, Settings},
    sink::{BulkOutput, Cluster, Encoding, Gate, Latencies, Pace, Random, SendSettings, Sent, most_requests},
    usage::usage,
};

/// What is to be run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    /// What `load` would be given.
    pub(crate) paths: Vec<String>,
    /// Folder below which paths are keys.
    pub(crate) root: Option<std::path::PathBuf>,
    /// Only so many objects, the first ones.
    pub(crate) take: Option<u64>,
    pub(crate) threads: usize,
    /// How bodies are packed.
    pub(crate) encoding: Encoding,
    pub(crate) kind: Kind,
}

/// Which way it goes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Everything but sending.
    Discard,
    /// Stage by stage, on one thread.
    Stages,
    /// Into a cluster.
    Send(Sending),
}

/// How documents are sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sending {
    /// Sets the indices apart.
    pub(crate) mark: String,
    /// Always so many requests; none: as many as the cluster takes.
    pub(crate) requests: Option<usize>,
    /// Body to send at, bytes; none: as `load`.
    pub(crate) body: Option<usize>,
    /// Bytes of a piece; none: as `load`. A body is made of whole pieces.
    pub(crate) piece: Option<usize>,
}

/// Percentiles of the time that bulk requests took, milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) p50_ms: f64,
    pub(crate) p90_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
}

impl Latency {
    /// Of microseconds, ascending.
    fn of(sorted: &[u64]) -> Self {
        let at = |part: f64| {
            let place = (sorted.len() as f64 * part).ceil() as usize;
            sorted.get(place.saturating_sub(1)).map_or(0.0, |&micros| micros as f64 / 1e3)
        };
        Self { p50_ms: at(0.5), p90_ms: at(0.9), p99_ms: at(0.99), max_ms: at(1.0) }
    }
}

/// CPU-seconds of one thread.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct StageSeconds {
    pub(crate) inflate: f64,
    pub(crate) cut: f64,
    pub(crate) render: f64,
    pub(crate) gzip: f64,
    pub(crate) zstd: f64,
}

/// What came of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_bytes: u64,
    pub(crate) objects: u64,
    pub(crate) objects_failed: u64,
    pub(crate) counts: Counts,
    /// Bytes of documents before packing, and as they were or would have been sent.
    pub(crate) plain_bytes: u64,
    pub(crate) out_bytes: u64,
    pub(crate) bulk_requests: u64,
    pub(crate) bulk_retries: u64,
    pub(crate) refused_items: u64,
    pub(crate) latency: Latency,
    pub(crate) stages: StageSeconds,
    /// What is wrong with objects, the first ones.
    pub(crate) problems: Vec<String>,
}

/// Problems that are told of a run.
const TOLD: usize = 3;

impl Outcome {
    /// Decoded GB.
    pub(crate) fn gb(&self) -> f64 {
        self.counts.bytes_in as f64 / 1e9
    }

    /// Records that became documents, whatever became of these.
    pub(crate) fn documents(&self) -> u64 {
        let Counts { indexed, already_present, discarded, .. } = self.counts;
        indexed + already_present + discarded
    }

    fn add(&mut self, report: &ObjectReport) {
        self.objects += 1;
        self.counts.add(&report.counts);
        self.refused_items += report.bulk.rejected;
        if report.failure.is_some() || report.log_type.is_none() {
            self.objects_failed += 1;
            if self.problems.len() < TOLD {
                let why = report.problems.first().or(report.remark.as_ref());
                let why = why.map_or("no log that is known here", String::as_str);
                self.problems.push(format!("{}: {why}", report.name));
            }
        }
    }
}

/// Counts bytes before packing on their way to a cluster.
struct Counted {
    to: Arc<BulkOutput>,
    plain: AtomicU64,
}

impl Output for Counted {
    fn take(&self, chunk: Chunk) {
        self.plain.fetch_add(chunk.plain as u64, Ordering::Relaxed);
        self.to.take(chunk);
    }

    fn flush(&self) {
        self.to.flush();
    }

    fn stopped(&self) -> bool {
        self.to.stopped()
    }
}

/// How long a run goes on without any success: what refuses everything ends the benchmark.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs a job in this process.
pub(crate) fn execute(
    job: &Job,
    source: &Source,
    cluster: Option<Cluster>,
    profile: Profile,
    runtime: &Handle,
) -> Result<Outcome, Error> {
    let listed = first(source.list(job.paths.clone()), job.take)?;
    let (began, cpu) = (Instant::now(), usage().0);
    let mut settings = Settings::for_threads(job.threads);
    settings.profile = profile;
    settings.encoding = job.encoding;
    settings.discard = matches!(job.kind, Kind::Discard);
    let mut outcome = match (&job.kind, cluster) {
        (Kind::Stages, _) => stages::execute(&listed, source, profile)?,
        (Kind::Discard, _) => {
            let discard = Arc::new(Discard::default());
            let output = Arc::clone(&discard) as Arc<dyn Output>;
            let mut outcome = run(&listed, source, &settings, output, || ())?;
            outcome.plain_bytes = discard.plain();
            outcome.out_bytes = discard.out();
            outcome
        }
        (Kind::Send(sending), Some(cluster)) => send(&listed, source, settings, sending, cluster, runtime)?,
        (Kind::Send(_), None) => return Err(Error::Run("no cluster to send to".to_owned())),
    };
    let (cpu_now, peak) = usage();
    outcome.seconds = began.elapsed().as_secs_f64();
    outcome.cpu_seconds = cpu_now - cpu;
    outcome.peak_bytes = peak;
    Ok(outcome)
}

type Listed = Receiver<Result<ObjectRef, FetchError>>;

fn first(listed: Listed, take: Option<u64>) -> Result<Listed, Error> {
    let Some(take) = take else { return Ok(listed) };
    let (sender, some) = crossbeam_channel::bounded(100);
    let take = usize::try_from(take).unwrap_or(usize::MAX);
    let pass = move || listed.into_iter().take(take).all(|object| sender.send(object).is_ok());
    let thread = std::thread::Builder::new().name("take".to_owned()).spawn(pass);
    thread.map_err(|error| Error::Run(format!("cannot start a thread: {error}")))?;
    Ok(some)
}

fn run(
    listed: &Listed,
    source: &Source,
    settings: &Settings,
    output: Arc<dyn Output>,
    last: impl FnOnce(),
) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    let told = |report: ObjectReport| outcome.add(&report);
    pipeline::gather(listed, source, settings, output, told, last).map_err(|error| match error {
        GatherError::Threads(ref cause) => Error::Run(format!("{error}: {cause}")),
        GatherError::Lost => Error::Run(error.to_string()),
    })?;
    Ok(outcome)
}

fn send(
    listed: &Listed,
    source: &Source,
    mut settings: Settings,
    sending: &Sending,
    cluster: Cluster,
    runtime: &Handle,
) -> Result<Outcome, Error> {
    settings.index_mark = Some(sending.mark.as_str().into());
    if let Some(piece) = sending.piece {
        settings.limits.piece = piece;
    }
    let requests = sending.requests.unwrap_or_else(|| most_requests(settings.encoding));
    let mut send = SendSettings::new(requests);
    send.encoding = settings.encoding;
    // A run is short: it does not wait for its turn among many processes.
    let pace = Pace { start: Duration::ZERO, ..Pace::default() };
    send.gate = match sending.requests {
        Some(requests) => Gate::fixed(requests, Random::new()),
        None => Gate::new(requests, pace, Random::new()),
    };
    send.body = sending.body.unwrap_or(send.body);
    send.retry.deadline = PATIENCE;
    let latencies = Arc::new(Latencies::default());
    send.latencies = Some(Arc::clone(&latencies));
    let bulk = BulkOutput::start(cluster, send, runtime);
    let counted = Arc::new(Counted { to: Arc::clone(&bulk), plain: AtomicU64::default() });
    let plain = Arc::clone(&counted);
    let output = counted as Arc<dyn Output>;
    let mut end = (Sent::default(), None);
    let mut total = 0;
    let mut outcome = run(listed, source, &settings, output, || {
        total = plain.plain.load(Ordering::Relaxed);
        drop(plain);
        end = runtime.block_on(bulk.finish());
    })?;
    let (sent, stopped) = end;
    if let Some(error) = stopped {
        outcome.problems.insert(0, error.to_string());
        outcome.objects_failed = outcome.objects_failed.max(1);
    }
    outcome.plain_bytes = total;
    outcome.out_bytes = sent.bytes;
    outcome.bulk_requests = sent.requests;
    outcome.bulk_retries = sent.retries;
    outcome.latency = Latency::of(&latencies.sorted());
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::Latency;

    #[test]
    fn percentiles_are_those_of_requests_that_were_made() {
        let sorted: Vec<u64> = (1..=200).map(|ms| ms * 1000).collect();
        let latency = Latency::of(&sorted);
        assert_eq!(
            (latency.p50_ms, latency.p90_ms, latency.p99_ms, latency.max_ms),
            (100.0, 180.0, 198.0, 200.0)
        );
        assert_eq!(Latency::of(&[5000]).p50_ms, 5.0);
        assert_eq!(Latency::of(&[]).max_ms, 0.0);
    }
}
