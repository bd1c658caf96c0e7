//! What happens when the last outcome of an object's records is known, in this order: its dead letters are stored, its
//! document of the ledger is written, and who waits for it is told. So nobody is told of what is not safe, and the
//! ledger claims nothing that is not so.
//!
//! Objects are closed many at a time: whatever finished while the last batch was on its way is the next.

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::Utc;
use crossbeam_channel::Receiver;
use tokio::{runtime::Handle, time::Instant};

use crate::{
    dead_letter::{Kind, Letter, Packer, Reason, Store, StoreError, file_name},
    error::{ErrorClass, SinkError},
    ledger::{Entry, Found, Ledger, attempt_of, index_of, object_id},
    pipeline::{ObjectReport, ObjectStatus},
};

/// Objects closed at once: their documents are one request.
const BATCH: usize = 500;

/// Files of dead letters written at the same time.
const FILES: usize = 8;

/// Tries of a file of dead letters.
const TRIES: u32 = 5;

/// Pause before the second try; it doubles with each one.
const PAUSE: Duration = Duration::from_millis(200);

/// How objects are closed.
#[derive(Debug, Clone)]
pub(crate) struct Closing {
    pub(crate) runtime: Handle,
    pub(crate) store: Option<Store>,
    pub(crate) ledger: Option<Arc<Ledger>>,
    /// Where there is no store, an object of which records are refused fails, so that whoever sent it keeps it.
    pub(crate) refuse_loss: bool,
    /// How long the ledger is tried to be written.
    pub(crate) patience: Duration,
    /// Nothing is tried again behind this instant.
    pub(crate) give_up_at: Option<Instant>,
}

impl Closing {
    /// Closes what comes until nothing comes any more.
    pub(crate) fn run(&self, finished: &Receiver<ObjectReport>, told: &mut dyn FnMut(ObjectReport)) {
        while let Ok(first) = finished.recv() {
            let mut batch = vec![first];
            batch.extend(finished.try_iter().take(BATCH - 1));
            self.runtime.block_on(self.close(&mut batch));
            batch.into_iter().for_each(&mut *told);
        }
    }

    async fn close(&self, batch: &mut [ObjectReport]) {
        for some in batch.chunks_mut(FILES) {
            let mut tasks = tokio::task::JoinSet::new();
            for (place, report) in some.iter_mut().enumerate() {
                for (file, bytes) in self.files(report) {
                    let (this, give_up) = (self.clone(), self.give_up_at);
                    tasks.spawn(async move { (place, this.store(&file, bytes, give_up).await) });
                }
            }
            while let Some(done) = tasks.join_next().await {
                // A task that panics has stored nothing: which object it was for is not known, so all are told.
                match done {
                    Ok((_, Ok(()))) => {}
                    Ok((place, Err(error))) => {
                        if let Some(report) = some.get_mut(place) {
                            not_stored(report, error.class, &error.to_string());
                        }
                    }
                    Err(error) => {
                        let text = format!("dead letters: {error}");
                        some.iter_mut().for_each(|report| not_stored(report, ErrorClass::Transient, &text));
                    }
                }
            }
        }
        for report in &mut *batch {
            self.refuse_loss(report);
        }
        if let Some(ledger) = &self.ledger
            && let Err(error) = self.write(ledger, batch).await
        {
            for report in &mut *batch {
                if report.object.is_some() {
                    let text = format!("its records are safe, but not its line in the ledger: {error}");
                    report.fail_as(error.class(), "ledger", text);
                    report.status = Some(ObjectStatus::Failed);
                }
            }
        }
    }

    /// The files of dead letters of an object.
    fn files(&self, report: &mut ObjectReport) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        let Some(object) = report.object.clone().filter(|_| self.store.is_some()) else { return files };
        let id = object_id(&object);
        let letters = std::mem::take(&mut report.confirmed.letters);
        if !letters.is_empty() {
            let since = Some(report.confirmed.since);
            files.push((file_name(report.log_type, &report.key, &id, since), letters));
        }
        if let (Some(class @ (ErrorClass::Poison | ErrorClass::Permanent)), true) =
            (report.failure, report.done())
        {
            let kind = report.error_type.clone().unwrap_or_default();
            let text = report.problems.first().cloned().unwrap_or_default();
            let reason = Reason { kind: kind.into(), text: text.into(), status: None, field: None };
            let mut letter = Letter::new(Kind::Object, class, reason, &object);
            letter.log_type = report.log_type.map(Into::into);
            let mut packer = Packer::default();
            packer.add(&letter);
            files.push((file_name(report.log_type, &report.key, &id, None), packer.finish()));
        }
        files
    }

    async fn store(&self, file: &str, bytes: Vec<u8>, give_up: Option<Instant>) -> Result<(), StoreError> {
        let Some(store) = &self.store else { return Ok(()) };
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match store.write(file, bytes.clone()).await {
                Err(error) if error.class == ErrorClass::Transient => {
                    if give_up.is_some_and(|at| Instant::now() + pause >= at) {
                        return Err(error);
                    }
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                done => return done,
            }
        }
        store.write(file, bytes).await
    }

    /// Without a place for dead letters a record that is refused is lost, unless its object comes again.
    fn refuse_loss(&self, report: &mut ObjectReport) {
        if !self.refuse_loss || self.store.is_some() {
            return;
        }
        let lost = report.counts.rejected;
        let damaged =
            report.done() && matches!(report.failure, Some(ErrorClass::Poison | ErrorClass::Permanent));
        if lost == 0 && !damaged {
            return;
        }
        let what = if lost > 0 {
            format!("{lost} records cannot be indexed")
        } else {
            "the object cannot be read to its end".to_owned()
        };
        let text = format!(
            "{what}, and there is no place for dead letters: set SIEM_LOADER_DEAD_LETTERS to s3://bucket/prefix; \
             until then the object fails, so that nothing is lost"
        );
        report.fail_as(ErrorClass::Configuration, "no_dead_letter_store", text);
        report.status = Some(ObjectStatus::Failed);
    }

    async fn write(&self, ledger: &Ledger, batch: &mut [ObjectReport]) -> Result<(), SinkError> {
        let now = Utc::now();
        let objects = batch.iter().filter_map(|report| Some((report.object.as_ref()?, &report.key)));
        let places: Vec<(String, String)> =
            objects.map(|(object, key)| (index_of(object, key), object_id(object))).collect();
        // Of an object that comes twice at once the later report is the one that stays.
        // Where the cluster is away, the objects have been waiting for it long enough.
        let away = batch.iter().any(|report| report.counts.unsent > 0 && !report.out_of_time);
        let until = Instant::now() + if away { Duration::ZERO } else { self.patience };
        let until = self.give_up_at.map_or(until, |at| at.min(until));
        let found = ledger.find(&places, until).await?;
        let mut documents: HashMap<String, Entry> = HashMap::new();
        for report in &mut *batch {
            let Some(object) = &report.object else { continue };
            let id = object_id(object);
            let earlier = found.get(&id);
            let attempts = *report.attempts.get_or_insert(attempt_of(object, earlier));
            if let Some(mut entry) = Entry::of(report, attempts, now) {
                entry.progress = progress(ledger, report, earlier);
                documents.insert(id, entry);
            }
        }
        let entries: Vec<Entry> = documents.into_values().collect();
        ledger.write(&entries, &found, until).await
    }
}

/// Where the next attempt is to go on: only an object that is not at its end is resumed.
fn progress(
    ledger: &Ledger,
    report: &ObjectReport,
    earlier: Option<&Found>,
) -> Option<crate::ledger::Remembered> {
    if report.done() || report.begins_anew {
        return None;
    }
    let object = report.object.as_ref()?;
    let stored = report.confirmed.records == 0 || report.error_type.as_deref() != Some(NOT_STORED);
    let now = stored.then(|| ledger.remember(object, report.confirmed.progress.clone())).flatten();
    now.or_else(|| earlier.and_then(|found| found.progress.clone()))
}

/// Name of the failure in the ledger.
const NOT_STORED: &str = "dead_letters_not_stored";

/// What was to be set aside could not be: it is not through.
fn not_stored(report: &mut ObjectReport, class: ErrorClass, text: &str) {
    let records = report.confirmed.records.min(report.counts.dead_lettered);
    report.counts.dead_lettered -= records;
    report.error_type = Some(NOT_STORED.to_owned());
    report.not_delivered(class, records);
    report.fail(class, text.to_owned());
    report.status = Some(ObjectStatus::Failed);
}
