//! The ledger: one document an object in `siem-ledger-YYYY-MM`, which says what became of its records.
//!
//! It is written after the last outcome and after the dead letters, and whoever waits for the object (a queue message,
//! the figures of a run) is told after it. Of a big object what is through is written on the way, so that the next
//! attempt goes on there. Documents are replaced by later ones only: `index` with an external version, which is the
//! time in microseconds, or one more than what is there.

mod entry;
mod redriven;

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use chrono::Utc;
use serde::Deserialize;
use serde_json::json;
use tokio::{runtime::Handle, time::Instant};

pub use entry::{Entry, INDEX, Remembered, index_of, object_id};

use crate::{
    dead_letter::{Store, file_name},
    error::{ErrorClass, SinkError},
    fetch::ObjectRef,
    pipeline::{Attempts, Confirmed, ObjectRun, Progress, Settings},
    sink::{Action, Cluster, Encoding, Method, Random, Retry, classify_response, row_of},
};

/// Version of the way objects are cut: progress of another is not used.
const CUT: u32 = 3;

/// Stored bytes below which an object is not asked for progress: it is through before anything is stored of it, since
/// deflate makes at most 1,032 bytes of one.
const RESUMABLE: u64 = 64 << 10;

/// Longest try of a checkpoint. It can be done without.
const CHECKPOINT: Duration = Duration::from_secs(10);

/// The ledger in a cluster.
#[derive(Debug)]
pub struct Ledger {
    cluster: Cluster,
    runtime: Handle,
    retry: Retry,
    random: Mutex<Random>,
    /// How objects are cut here.
    cut: String,
    /// Where dead letters go, which are stored before progress is.
    store: Option<Store>,
    /// Whether there are entries; else only dead letters of large objects are stored on the way.
    entries: bool,
}

/// What the ledger has of an object.
#[derive(Debug, Clone, Default)]
pub struct Found {
    version: i64,
    /// Attempts so far.
    pub attempts: u64,
    /// What is through, where the object is not at its end.
    pub progress: Option<Remembered>,
}

/// Which attempt this one is: one more than the ledger knows, and not fewer than the queue says it has delivered. A process
/// that was killed wrote nothing, and its message was delivered all the same.
pub(crate) fn attempt_of(object: &ObjectRef, earlier: Option<&Found>) -> u64 {
    let known = earlier.map_or(0, |found| found.attempts) + 1;
    known.max(object.deliveries.map_or(0, u64::from))
}

#[derive(Deserialize)]
struct Wire {
    docs: Vec<WireDoc>,
}

#[derive(Deserialize)]
struct WireDoc {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_version", default)]
    version: i64,
    #[serde(default)]
    found: bool,
    #[serde(rename = "_source", default)]
    source: WireSource,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireSource {
    attempts: u64,
    progress: Option<Remembered>,
}

impl Ledger {
    /// A ledger in a cluster. `settings` say how objects are cut, `store` where dead letters go. Without `entries`
    /// nothing is written to the cluster.
    #[must_use]
    pub fn new(
        cluster: Cluster,
        runtime: Handle,
        retry: Retry,
        settings: &Settings,
        store: Option<Store>,
        entries: bool,
    ) -> Self {
        let limits = settings.limits;
        let cut = format!("{CUT}/{}/{}/{}", limits.piece, limits.records, limits.record);
        Self { cluster, runtime, retry, random: Mutex::new(Random::new()), cut, store, entries }
    }

    /// What it has of some objects, by id; asked again until `until` when that fails. What it has not is not in the
    /// answer.
    ///
    /// # Errors
    /// It cannot be asked.
    pub async fn find(
        &self,
        places: &[(String, String)],
        until: Instant,
    ) -> Result<HashMap<String, Found>, SinkError> {
        let mut failures = 0;
        loop {
            match self.ask(places).await {
                Ok(found) => return Ok(found),
                Err(error) => self.pause(error, &mut failures, until).await?,
            }
        }
    }

    async fn ask(&self, places: &[(String, String)]) -> Result<HashMap<String, Found>, SinkError> {
        if places.is_empty() {
            return Ok(HashMap::new());
        }
        let docs: Vec<_> = places.iter().map(|(index, id)| json!({"_index": index, "_id": id})).collect();
        let body = json!({ "docs": docs }).to_string();
        let query = [("_source", "attempts,progress")];
        let (status, answer) = self.cluster.call(Method::Post, "/_mget", &query, Some(&body)).await?;
        let wire: Option<Wire> = (status == 200).then(|| serde_json::from_slice(&answer).ok()).flatten();
        let Some(wire) = wire.filter(|wire| wire.docs.len() == places.len()) else {
            return Err(classify_response(self.cluster.url(), status, &answer));
        };
        let found = wire.docs.into_iter().filter(|doc| doc.found).map(|doc| {
            let WireSource { attempts, progress } = doc.source;
            (doc.id, Found { version: doc.version, attempts, progress })
        });
        Ok(found.collect())
    }

    /// Writes documents, again what fails, until `until`. Documents newer than these stay as they are.
    ///
    /// # Errors
    /// Why some could not be written; all of them may be written again.
    pub async fn write(
        &self,
        entries: &[Entry],
        found: &HashMap<String, Found>,
        until: Instant,
    ) -> Result<(), SinkError> {
        let now = Utc::now().timestamp_micros();
        let line = |entry: &Entry| {
            let version = found.get(&entry.id).map_or(now, |found| now.max(found.version + 1));
            let (index, id) = (&entry.index, &entry.id);
            let action = json!({"index": {
                "_index": index, "_id": id, "version": version, "version_type": "external"
            }});
            let document = serde_json::to_string(entry).unwrap_or_default();
            format!("{action}\n{document}\n")
        };
        let mut left: Vec<Vec<String>> = vec![entries.iter().map(line).collect()];
        let mut failures = 0;
        while let Some(mut lines) = left.pop() {
            if lines.is_empty() {
                continue;
            }
            let body = Bytes::from(lines.concat());
            let why = match self.cluster.bulk(body, Encoding::Identity, lines.len()).await {
                Ok(answer) => {
                    let Some(first) = answer.refused.first() else { continue };
                    let why = SinkError::LedgerRefused {
                        cluster: self.cluster.url().to_owned(),
                        status: first.status,
                        error_type: first.error_type.clone(),
                        reason: first.reason.clone(),
                        class: first.class,
                    };
                    let refused: Vec<usize> = answer.refused.iter().map(|refusal| refusal.position).collect();
                    let mut place = 0;
                    lines.retain(|_| {
                        place += 1;
                        refused.contains(&(place - 1))
                    });
                    why
                }
                Err(error) if row_of(&error).action == Action::Split && lines.len() > 1 => {
                    left.push(lines.split_off(lines.len() / 2));
                    left.push(lines);
                    continue;
                }
                Err(error) => error,
            };
            left.push(lines);
            self.pause(why, &mut failures, until).await?;
        }
        Ok(())
    }

    /// Waits before a request is made again; the failure where it is of no use, or time is up.
    async fn pause(&self, why: SinkError, failures: &mut u32, until: Instant) -> Result<(), SinkError> {
        let passing = match &why {
            SinkError::LedgerRefused { class, .. } => *class == ErrorClass::Transient,
            _ => match row_of(&why).action {
                Action::Again | Action::AgainSlowly => true,
                Action::AgainAFewTimes => *failures < self.retry.few,
                _ => false,
            },
        };
        let left = until.saturating_duration_since(Instant::now());
        if !passing || left.is_zero() {
            return Err(why);
        }
        let pause = {
            let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
            self.retry.pause(*failures, &mut random)
        };
        *failures = failures.saturating_add(1);
        tokio::time::sleep(pause.saturating_add(why.retry_after().unwrap_or_default()).min(left)).await;
        Ok(())
    }

    /// What is to be remembered of an object that is not at its end.
    #[must_use]
    pub fn remember(&self, object: &ObjectRef, progress: Progress) -> Option<Remembered> {
        let cut = self.cut.clone();
        // Records that were kept nowhere are not through: with a place for dead letters they come again.
        let through = progress.pieces > 0 && progress.counts.rejected == 0;
        through.then(|| Remembered { cut, etag: object.etag.clone(), progress })
    }

    /// Stores dead letters and then the progress.
    async fn save(&self, run: &ObjectRun, confirmed: &Confirmed) -> Result<(), String> {
        let words = |error: SinkError| error.to_string();
        let key = run.report().key.clone();
        let (index, id) = (index_of(&run.object, &key), object_id(&run.object));
        if let Some(store) = &self.store
            && !confirmed.letters.is_empty()
        {
            let name = file_name(Some(run.log_type.name), &key, &id, Some(confirmed.since));
            store.write(&name, confirmed.letters.clone()).await.map_err(|error| error.to_string())?;
        }
        if !self.entries {
            return Ok(());
        }
        let until = Instant::now() + CHECKPOINT;
        let found = self.find(&[(index, id.clone())], until).await.map_err(words)?;
        let mut entry = {
            let mut report = run.report();
            let attempts = *report.attempts.get_or_insert(attempt_of(&run.object, found.get(&id)));
            Entry::of_progress(&mut report, &confirmed.progress, attempts, Utc::now()).ok_or("no object")?
        };
        entry.progress = self.remember(&run.object, confirmed.progress.clone());
        self.write(&[entry], &found, until).await.map_err(words)
    }
}

impl Attempts for Ledger {
    fn earlier(&self, object: &ObjectRef) -> Option<Progress> {
        if !self.entries || object.size.is_some_and(|size| size < RESUMABLE) {
            return None;
        }
        let key = siem_parsers::source::read_key(&object.key);
        let (index, id) = (index_of(object, &key), object_id(object));
        let found = match self
            .runtime
            .block_on(self.find(&[(index, id.clone())], Instant::now() + CHECKPOINT))
        {
            Ok(mut found) => found.remove(&id)?,
            Err(error) => {
                tracing::warn!(%object, "the ledger cannot be asked where to go on, beginning anew: {error}");
                return None;
            }
        };
        let remembered = found.progress?;
        let same = remembered.cut == self.cut && remembered.etag == object.etag;
        let same = same && remembered.progress.counts.rejected == 0;
        same.then_some(remembered.progress)
    }

    fn checkpoint(&self, run: &ObjectRun, confirmed: &Confirmed) -> bool {
        let saved = self.runtime.block_on(self.save(run, confirmed));
        if let Err(error) = &saved {
            tracing::warn!(object = %run.object, "progress is not stored: {error}");
        }
        saved.is_ok()
    }
}
