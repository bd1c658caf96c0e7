//! Documents to a cluster: chunks are joined into bodies, a few senders bring them there.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use siem_parsers::document::{Item, ItemKind};
use tokio::{
    runtime::Handle,
    sync::{Mutex as AsyncMutex, mpsc},
    task::JoinHandle,
};

use super::{BulkAnswer, Cluster, Refusal};
use crate::{
    error::{ErrorClass, SinkError},
    pipeline::{Buffer, Chunk, Counts, ObjectRun, Output},
};

/// A body is sent when it holds this many bytes before packing; it stays below twice that, one chunk of giant
/// documents aside. Larger ones index no faster (1 to 20 MB within a few percent on OpenSearch 3.8.0) and hurt more
/// when they are refused.
const BODY: usize = 4 << 20;

/// Requests under way at the same time. Two saturate a node of two cores; each costs the memory of a body.
pub const SENDERS: usize = 3;

/// The part of a body that belongs to one object.
#[derive(Debug)]
struct Part {
    run: Arc<ObjectRun>,
    items: Vec<Item>,
}

/// A bulk body, and whose documents are in it.
#[derive(Debug, Default)]
struct Body {
    bytes: Buffer,
    plain: usize,
    parts: Vec<Part>,
}

impl Part {
    fn records(&self) -> u64 {
        self.items.iter().filter(|item| item.kind == ItemKind::Record).count() as u64
    }
}

impl Body {
    fn items(&self) -> usize {
        self.parts.iter().map(|p| p.items.len()).sum()
    }

    fn add(&mut self, chunk: Chunk) {
        self.parts.push(Part { run: chunk.run, items: chunk.items });
        self.plain += chunk.plain;
        if self.bytes.is_empty() {
            self.bytes = chunk.bytes;
        } else {
            // Members of gzip may stand one behind the other as well.
            self.bytes.extend_from_slice(&chunk.bytes);
        }
    }
}

/// What the senders share.
#[derive(Debug)]
struct Shared {
    cluster: Cluster,
    bytes_out: AtomicU64,
    requests: AtomicU64,
    busy: AtomicU64,
    /// The first failure of a request as a whole: nothing more is sent then.
    stopped: OnceLock<SinkError>,
}

/// Sends documents to a cluster with `create`.
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
    /// Bytes of bodies, as sent.
    pub bytes: u64,
    /// Requests answered.
    pub requests: u64,
    /// Time the senders waited for answers, summed.
    pub waited: Duration,
}

impl BulkOutput {
    /// Starts the senders on a runtime.
    #[must_use]
    pub fn start(cluster: Cluster, runtime: &Handle) -> Arc<Self> {
        let shared = Arc::new(Shared {
            cluster,
            bytes_out: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            stopped: OnceLock::new(),
        });
        // One body waits while the senders are busy: none of them waits for the pool.
        let (queue, bodies) = mpsc::channel(1);
        let bodies = Arc::new(AsyncMutex::new(bodies));
        let senders = (0..SENDERS).map(|_| {
            let (shared, bodies) = (Arc::clone(&shared), Arc::clone(&bodies));
            runtime.spawn(async move {
                loop {
                    let next = bodies.lock().await.recv().await;
                    let Some(body) = next else { return };
                    shared.deliver(body).await;
                }
            })
        });
        let senders = Mutex::new(senders.collect());
        Arc::new(Self { shared, open: Mutex::default(), queue, senders })
    }

    /// Sends what is left and waits for the last answer.
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
        let sent = Sent {
            bytes: shared.bytes_out.load(Ordering::Relaxed),
            requests: shared.requests.load(Ordering::Relaxed),
            waited: Duration::from_micros(shared.busy.load(Ordering::Relaxed)),
        };
        (sent, Arc::into_inner(shared).and_then(|s| s.stopped.into_inner()))
    }
}

impl Output for BulkOutput {
    fn take(&self, chunk: Chunk) {
        let full = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            if chunk.plain >= BODY && !open.parts.is_empty() && open.plain + chunk.plain >= 2 * BODY {
                // Too much for one body: the finished chunk goes out alone.
                let mut body = Body::default();
                body.add(chunk);
                Some(body)
            } else {
                open.add(chunk);
                (open.plain >= BODY).then(|| std::mem::take(&mut *open))
            }
        };
        if let Some(body) = full
            && let Err(returned) = self.queue.blocking_send(body)
        {
            unsent(&returned.0);
        }
    }

    fn stopped(&self) -> bool {
        self.shared.stopped.get().is_some()
    }
}

impl Shared {
    /// Brings one body to the cluster and its answers to the objects.
    async fn deliver(&self, mut body: Body) {
        if self.stopped.get().is_some() {
            return unsent(&body);
        }
        let bytes = Bytes::from_owner(std::mem::take(&mut body.bytes));
        let size = bytes.len() as u64;
        let began = Instant::now();
        let answer = self.cluster.bulk(bytes, self.cluster.encoding(), body.items()).await;
        let waited = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.busy.fetch_add(waited, Ordering::Relaxed);
        match answer {
            Ok(answer) => {
                self.bytes_out.fetch_add(size, Ordering::Relaxed);
                self.requests.fetch_add(1, Ordering::Relaxed);
                share_out(&body, &answer);
                if let Some(error) = stops(&body, &answer, self.cluster.url()) {
                    let _ = self.stopped.set(error);
                }
            }
            Err(error) => {
                unsent(&body);
                let _ = self.stopped.set(error);
            }
        }
    }
}

/// Counts a body's records as not known to be in the index.
fn unsent(body: &Body) {
    for part in &body.parts {
        part.run.report().not_delivered(ErrorClass::Transient, part.records());
    }
}

/// Tells each object what became of its records. The state of a finding is written beside the document of its change;
/// that record is done when both are.
fn share_out(body: &Body, answer: &BulkAnswer) {
    let mut present = answer.already_present_at.iter().map(|&at| at as usize).peekable();
    let mut refused = answer.refused.iter().peekable();
    let mut outcome = |at: usize| match refused.next_if(|r| r.position == at) {
        Some(refusal) => Fate::Refused(refusal),
        None if present.next_if(|&p| p == at).is_some() => Fate::Present,
        None => Fate::Written,
    };
    let mut at = 0;
    for part in &body.parts {
        let mut counts = Counts::default();
        let mut items = part.items.iter().peekable();
        while let Some(item) = items.next() {
            let record = outcome(at);
            at += 1;
            let mut lost = None;
            if items.next_if(|next| next.kind == ItemKind::State).is_some() {
                match outcome(at) {
                    Fate::Written => counts.current_written += 1,
                    Fate::Present => counts.current_older += 1,
                    Fate::Refused(refusal) => lost = Some(refusal),
                }
                at += 1;
            }
            match (record, lost) {
                (Fate::Refused(refusal), _) | (_, Some(refusal)) => settle(&part.run, item.ordinal, refusal),
                (Fate::Written, None) => counts.indexed += 1,
                (Fate::Present, None) => counts.already_present += 1,
            }
        }
        part.run.report().counts.add(&counts);
    }
}

/// What became of one item.
#[derive(Clone, Copy)]
enum Fate<'a> {
    Written,
    Present,
    Refused(&'a Refusal),
}

/// Counts a refused item: lost if the document is at fault, to be sent again otherwise.
fn settle(run: &ObjectRun, ordinal: u64, refusal: &Refusal) {
    match refusal.class {
        ErrorClass::Permanent | ErrorClass::Poison => run.refused(ordinal, refusal),
        ErrorClass::Transient | ErrorClass::Configuration => {
            let mut report = run.report();
            report.not_delivered(refusal.class, 1);
            let Refusal { status, error_type, reason, .. } = refusal;
            report.problem(|| format!("record {ordinal} not taken: {status} {error_type}: {reason}"));
        }
    }
}

/// What refuses every item of a body, and is not the documents' fault, will refuse the next body too.
fn stops(body: &Body, answer: &BulkAnswer, cluster: &str) -> Option<SinkError> {
    let first = answer.refused.first()?;
    let all = answer.refused.len() == body.items();
    let theirs = |r: &Refusal| matches!(r.class, ErrorClass::Permanent | ErrorClass::Poison);
    (all && !answer.refused.iter().any(theirs)).then(|| SinkError::Refused {
        cluster: cluster.to_owned(),
        status: first.status,
        error_type: first.error_type.clone(),
        reason: first.reason.clone(),
        class: first.class,
    })
}
