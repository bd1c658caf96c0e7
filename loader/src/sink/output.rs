//! Documents to a cluster: chunks are joined into bodies, a few senders bring them there.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{runtime::Handle, sync::Semaphore, time::Instant};

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
    pipeline::{Buffer, Chunk, Output, ROOM},
};

/// A body is sent when it holds this many bytes before packing, or would grow beyond the memory of a chunk with the next
/// one. Larger ones index no faster (1 to 20 MB within a few percent on OpenSearch 3.8.0) and hurt more when they are
/// refused.
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
    /// Puts a chunk to those that wait for more; gives what is to be sent now, where bodies are to have `target` bytes.
    ///
    /// What does not fit together into the memory of a chunk is not joined: it would be copied into a larger one.
    fn join(&mut self, chunk: Chunk, target: usize) -> Option<Self> {
        let most = if target < ROOM { ROOM.min(2 * target) } else { 2 * target };
        if self.parts.is_empty() || self.plain + chunk.plain <= most {
            self.add(chunk);
            return (self.plain >= target).then(|| std::mem::take(self));
        }
        let mut alone = Self::default();
        alone.add(chunk);
        if alone.plain <= self.plain {
            std::mem::swap(self, &mut alone);
        }
        Some(alone)
    }

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
        Payload { bytes, encoding, lines: lines.collect(), repeated: false, anew: false }
    }
}

/// Sends documents to a cluster with `create`, and again what failed.
#[derive(Debug)]
pub struct BulkOutput {
    shared: Arc<Shared>,
    open: Mutex<Body>,
    /// One for each body that may be held.
    places: Arc<Semaphore>,
    senders: u32,
    runtime: Handle,
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
    /// Sends on a runtime.
    #[must_use]
    pub fn start(cluster: Cluster, settings: SendSettings, runtime: &Handle) -> Arc<Self> {
        let senders = u32::try_from(settings.senders.max(1)).unwrap_or(u32::MAX);
        Arc::new(Self {
            shared: Arc::new(Shared::new(cluster, settings)),
            open: Mutex::default(),
            places: Arc::new(Semaphore::new(senders as usize)),
            senders,
            runtime: runtime.clone(),
        })
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
        // All places are free when the last delivery is at its end. Nobody closes them, so this cannot fail.
        let _all = self.places.acquire_many(self.senders).await;
        (self.shared.sent(), self.shared.stopped().cloned())
    }
}

impl BulkOutput {
    /// Whoever brings a body waits with it until there is a place for it: so no body waits elsewhere.
    fn enqueue(&self, body: Body) {
        let place = self.runtime.block_on(Arc::clone(&self.places).acquire_owned());
        let shared = Arc::clone(&self.shared);
        self.runtime.spawn(async move {
            let delivery = Arc::clone(&shared);
            // One that panics leaves records without an outcome: nothing more is begun, and their objects fail.
            if tokio::spawn(async move { delivery.deliver(body).await }).await.is_err() {
                shared.stop(SinkError::Defect);
            }
            drop(place);
        });
    }
}

impl Output for BulkOutput {
    fn take(&self, chunk: Chunk) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let full = open.join(chunk, self.shared.body());
        drop(open);
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use siem_parsers::{
        document::{Item, ItemKind},
        source::LOG_TYPES,
    };

    use super::{BODY, Body};
    use crate::{
        fetch::ObjectRef,
        pipeline::{Chunk, Output, Replay},
        sink::Encoding,
    };

    #[derive(Default)]
    struct Kept(Mutex<Vec<Chunk>>);

    impl Output for Kept {
        fn take(&self, chunk: Chunk) {
            self.0.lock().unwrap().push(chunk);
        }
    }

    /// Joins chunks of these sizes; gives the sizes of what is sent, and of what waits.
    fn joined(sizes: &[usize], target: usize) -> (Vec<usize>, usize) {
        let (reports, _told) = crossbeam_channel::unbounded();
        let mut replay =
            Replay::of(ObjectRef::s3("bucket", "key"), LOG_TYPES[0], Encoding::Identity, reports);
        let kept = Kept::default();
        for &size in sizes {
            let item = Item { ordinal: 0, start: 0, source: 0, end: size, kind: ItemKind::Record };
            replay.hand_on(&vec![b'x'; size], vec![item], &kept);
        }
        let mut open = Body::default();
        let chunks = kept.0.into_inner().unwrap();
        let sent = chunks.into_iter().filter_map(|chunk| open.join(chunk, target)).map(|body| body.plain);
        (sent.collect(), open.plain)
    }

    #[test]
    fn chunks_are_joined_up_to_the_size_of_a_body_and_within_the_memory_of_a_chunk() {
        const MB: usize = 1_000_000;
        assert_eq!(joined(&[3 * MB, 3 * MB], BODY), (vec![3 * MB, 3 * MB], 0));
        assert_eq!(joined(&[MB; 7], BODY), (vec![3 * MB, 3 * MB], MB));
        assert_eq!(joined(&[2 * MB, 2 * MB], BODY), (vec![4 * MB], 0));
        // Neither is a body, and together they are too much: the one that waits longer goes.
        assert_eq!(joined(&[MB * 29 / 10, MB * 28 / 10], BODY), (vec![MB * 29 / 10], MB * 28 / 10));
        assert_eq!(joined(&[MB, 4 * MB, 2 * MB], BODY), (vec![4 * MB, 3 * MB], 0));
        assert_eq!(joined(&[MB, 20 * MB], BODY), (vec![20 * MB], MB));
        // Bodies that are to be larger than a chunk.
        assert_eq!(joined(&[4 * MB; 5], 16 * MB), (vec![16 * MB], 4 * MB));
        // And smaller than most chunks: the cluster refused larger ones.
        assert_eq!(joined(&[100, 30, 30, 50], 60), (vec![100, 60], 50));
    }
}
