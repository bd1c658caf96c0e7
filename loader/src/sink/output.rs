//! Documents to a cluster: chunks are joined into bodies, a few senders bring them there.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    runtime::Handle,
    sync::{Mutex as AsyncMutex, mpsc},
    task::JoinHandle,
    time::Instant,
};

use super::{
    Cluster, Encoding,
    account::Part,
    backoff::{Random, Retry},
    deliver::Shared,
    gate::Gate,
    limiter::Pace,
    payload::{Line, Payload},
};
use crate::{
    error::SinkError,
    pipeline::{Buffer, Chunk, Output},
};

/// A body is sent when it holds this many bytes before packing; it stays below twice that, one chunk of giant
/// documents aside. Larger ones index no faster (1 to 20 MB within a few percent on OpenSearch 3.8.0) and hurt more
/// when they are refused.
const BODY: usize = 3_000_000;

/// Requests under way at the same time at most, by the memory of a body: some 4 MB as it is, and with what failed of it
/// picked out at most that again, or a tenth of that packed.
#[must_use]
pub fn most_requests(encoding: Encoding) -> usize {
    match encoding {
        Encoding::Identity => 3,
        Encoding::Gzip | Encoding::Zstd => 16,
    }
}

/// How documents are sent.
#[derive(Debug, Clone)]
pub struct SendSettings {
    /// How the chunks that come are packed; [`crate::engine::Engine`] sets it.
    pub encoding: Encoding,
    /// When what failed is sent again.
    pub retry: Retry,
    /// Bytes of a body before packing, at which it is sent.
    pub body: usize,
    /// Bodies held at the same time, whether they are under way or wait to be sent again: what bounds memory.
    pub senders: usize,
    /// How many requests may be under way; outputs of one process share one.
    pub gate: Gate,
    /// Where the jitter comes from.
    pub random: Random,
    /// Whatever has no outcome by then is given up, answers under way included.
    pub give_up_at: Option<Instant>,
    /// Where it is noted how long each request took, if somebody wants to know.
    pub latencies: Option<Arc<Latencies>>,
}

/// How long requests took that were answered, in microseconds. At most a million: the first ones.
#[derive(Debug, Default)]
pub struct Latencies(Mutex<Vec<u64>>);

/// Requests whose time is noted: 8 MB, and 4 TB of bodies.
const LATENCIES: usize = 1_000_000;

impl Latencies {
    pub(super) fn note(&self, micros: u64) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < LATENCIES {
            noted.push(micros);
        }
    }

    /// All of them, ascending.
    #[must_use]
    pub fn sorted(&self) -> Vec<u64> {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        noted.sort_unstable();
        noted
    }
}

impl SendSettings {
    /// For at most `requests` at a time.
    #[must_use]
    pub fn new(requests: usize) -> Self {
        let senders = requests.max(1);
        Self {
            encoding: Encoding::default(),
            retry: Retry::default(),
            body: BODY,
            senders,
            gate: Gate::new(senders, Pace::default(), Random::new()),
            random: Random::new(),
            give_up_at: None,
            latencies: None,
        }
    }
}

/// A bulk body, and whose documents are in it.
#[derive(Debug, Default)]
pub(super) struct Body {
    bytes: Buffer,
    plain: usize,
    pub(super) parts: Vec<Part>,
}

impl Body {
    fn add(&mut self, chunk: Chunk) {
        self.parts.push(Part { run: chunk.run, piece: chunk.piece, items: chunk.items, at: self.plain });
        self.plain += chunk.plain;
        if self.bytes.is_empty() {
            self.bytes = chunk.bytes;
        } else {
            // Members of gzip and frames of zstd may stand one behind the other as well.
            self.bytes.extend_from_slice(&chunk.bytes);
        }
    }

    /// What is sent of it at first: everything.
    pub(super) fn payload(&mut self, encoding: Encoding) -> Payload {
        let bytes = Bytes::from_owner(std::mem::take(&mut self.bytes));
        let items = self.parts.iter().flat_map(|part| part.items.iter().map(|item| (part.at, item)));
        let lines = items.enumerate().map(|(number, (at, item))| Line {
            item: number,
            start: at + item.start,
            end: at + item.end,
        });
        Payload { bytes, encoding, lines: lines.collect(), repeated: false }
    }
}

/// Sends documents to a cluster with `create`, and again what failed.
#[derive(Debug)]
pub struct BulkOutput {
    shared: Arc<Shared>,
    open: Mutex<Body>,
    queue: mpsc::Sender<Body>,
    senders: Mutex<Vec<JoinHandle<()>>>,
}

/// What was sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sent {
    /// Bytes of bodies that were answered, as sent.
    pub bytes: u64,
    /// Requests that were answered item by item.
    pub requests: u64,
    /// Requests, answered or not, whose items had been sent before.
    pub retries: u64,
    /// Time the senders waited for answers, summed.
    pub waited: Duration,
}

impl BulkOutput {
    /// Starts the senders on a runtime.
    #[must_use]
    pub fn start(cluster: Cluster, settings: SendSettings, runtime: &Handle) -> Arc<Self> {
        let senders = settings.senders.max(1);
        let shared = Arc::new(Shared::new(cluster, settings));
        // One body waits while the senders are busy: none of them waits for the pool.
        let (queue, bodies) = mpsc::channel(1);
        let bodies = Arc::new(AsyncMutex::new(bodies));
        let senders = (0..senders).map(|_| {
            let (shared, bodies) = (Arc::clone(&shared), Arc::clone(&bodies));
            runtime.spawn(async move {
                loop {
                    let next = bodies.lock().await.recv().await;
                    let Some(body) = next else { return };
                    let delivery = Arc::clone(&shared);
                    // One that panics leaves records without an outcome: nothing more is begun, and their objects fail.
                    if tokio::spawn(async move { delivery.deliver(body).await }).await.is_err() {
                        shared.stop(SinkError::Defect);
                    }
                }
            })
        });
        let senders = Mutex::new(senders.collect());
        Arc::new(Self { shared, open: Mutex::default(), queue, senders })
    }

    /// Sends what is left and waits for the last answer, or until the deadline for what fails.
    ///
    /// # Errors
    /// The failure that stopped the run.
    pub async fn finish(self: Arc<Self>) -> (Sent, Option<SinkError>) {
        let last = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        if !last.parts.is_empty() {
            self.shared.deliver(last).await;
        }
        let shared = Arc::clone(&self.shared);
        let senders = std::mem::take(&mut *self.senders.lock().unwrap_or_else(PoisonError::into_inner));
        // The queue closes with its last sender, which is this output: the senders end when it is empty.
        drop(self);
        for sender in senders {
            let _ = sender.await;
        }
        let sent = shared.sent();
        (sent, Arc::into_inner(shared).and_then(Shared::into_error))
    }
}

impl BulkOutput {
    fn enqueue(&self, body: Body) {
        if let Err(returned) = self.queue.blocking_send(body) {
            Shared::unsent(&returned.0.parts);
        }
    }
}

impl Output for BulkOutput {
    fn take(&self, chunk: Chunk) {
        let target = self.shared.body();
        let full = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            if chunk.plain >= target && !open.parts.is_empty() && open.plain + chunk.plain >= 2 * target {
                // Too much for one body: the finished chunk goes out alone.
                let mut body = Body::default();
                body.add(chunk);
                Some(body)
            } else {
                open.add(chunk);
                (open.plain >= target).then(|| std::mem::take(&mut *open))
            }
        };
        if let Some(body) = full {
            self.enqueue(body);
        }
    }

    fn flush(&self) {
        let body = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        if !body.parts.is_empty() {
            self.enqueue(body);
        }
    }

    fn stopped(&self) -> bool {
        self.shared.stopped().is_some()
    }
}
