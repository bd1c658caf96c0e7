//! One object on its way: what became of its records, and the report when the last of them is accounted for.

use std::{
    collections::BTreeMap,
    fs::File,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use crossbeam_channel::Sender;
use siem_parsers::{
    document::{Item, ItemKind},
    source::LogType,
    time::Instant,
};

use super::{buffer::Buffer, order::Order};
use crate::{error::ErrorClass, fetch::ObjectRef, sink::Refusal};

/// What became of the records of an object, or of many.
///
/// `records = indexed + already_present + excluded + rejected + dead_lettered + discarded + unsent`, always.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records that were read.
    pub records: u64,
    /// Written.
    pub indexed: u64,
    /// In the index already, by id.
    pub already_present: u64,
    /// Left out by a named rule.
    pub excluded: u64,
    /// Refused, by us (no JSON, too large) or by the cluster, and kept nowhere.
    pub rejected: u64,
    /// Set aside with a reason.
    pub dead_lettered: u64,
    /// Rendered and not sent, as was asked.
    pub discarded: u64,
    /// Rendered, and not known to be in the index: the request failed as a whole, or was not made.
    pub unsent: u64,
    /// Current states of findings that were written. These two are counted apart: they are no records.
    pub current_written: u64,
    /// Current states of findings that were not, because the same or a later one was there.
    pub current_older: u64,
    /// Decoded bytes.
    pub bytes_in: u64,
}

impl Counts {
    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        for (mine, more) in [
            (&mut self.records, other.records),
            (&mut self.indexed, other.indexed),
            (&mut self.already_present, other.already_present),
            (&mut self.excluded, other.excluded),
            (&mut self.rejected, other.rejected),
            (&mut self.dead_lettered, other.dead_lettered),
            (&mut self.discarded, other.discarded),
            (&mut self.unsent, other.unsent),
            (&mut self.current_written, other.current_written),
            (&mut self.current_older, other.current_older),
            (&mut self.bytes_in, other.bytes_in),
        ] {
            *mine += more;
        }
    }

    /// Whether every record has an outcome.
    #[must_use]
    pub fn add_up(&self) -> bool {
        let known = self.indexed + self.already_present + self.excluded + self.rejected;
        self.records == known + self.dead_lettered + self.discarded + self.unsent
    }
}

/// What an object came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectStatus {
    /// Read to its end, and every record is in the index, or where else it was to go.
    Loaded,
    /// Some records are not.
    Partial,
    /// No byte in it.
    Empty,
    /// Recognised, but it holds no records (CloudTrail digest, what Firehose could not process).
    Skipped,
    /// Neither its key nor its content is that of a log we know.
    Unrecognised,
    /// It could not be read, or its records could not be delivered.
    Failed,
}

impl ObjectStatus {
    /// Name in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Partial => "partial",
            Self::Empty => "empty",
            Self::Skipped => "skipped",
            Self::Unrecognised => "unrecognised",
            Self::Failed => "failed",
        }
    }
}

/// How many problems of an object are told in words; the rest is counted.
const PROBLEMS_TOLD: usize = 5;

/// Kinds of refusal that are kept apart; an attacker who finds more gets one line for the rest.
const REFUSAL_KINDS: usize = 1000;

/// Refused records by error type, field and reason.
pub type Refusals = BTreeMap<(String, String, String), u64>;

/// Counts refusals of a kind. Field names can come from attackers, so the kinds are bounded.
pub fn count_refusals(refusals: &mut Refusals, kind: (String, String, String), count: u64) {
    let full = refusals.len() >= REFUSAL_KINDS && !refusals.contains_key(&kind);
    let kind = if full { ("other".to_owned(), String::new(), String::new()) } else { kind };
    *refusals.entry(kind).or_default() += count;
}

/// What is told of an object when it is done.
#[derive(Debug, Default)]
pub struct ObjectReport {
    /// Its name: URL or path.
    pub name: String,
    /// The log whose records are in it.
    pub log_type: Option<&'static str>,
    /// What recognised it, in words: the rule of the key, or its content.
    pub by: &'static str,
    /// What is worth knowing of how it was recognised, where it is not loaded by its key.
    pub remark: Option<String>,
    /// What it came to; none where it never was an object (a listing that failed).
    pub status: Option<ObjectStatus>,
    /// Its records.
    pub counts: Counts,
    /// What is wrong with it, in words; at most a few.
    pub problems: Vec<String>,
    /// How many problems there were.
    pub problem_count: u64,
    /// Class of the worst failure of the object as a whole.
    pub failure: Option<ErrorClass>,
    /// Records with invalid UTF-8 that was replaced.
    pub invalid_utf8: u64,
    /// Refused by the cluster.
    pub refusals: Refusals,
    /// Place of the first record that the cluster refused.
    pub first_refused: Option<u64>,
    /// Earliest and latest event.
    pub span: Option<(Instant, Instant)>,
}

impl ObjectReport {
    /// Adds a problem; its words are made only where they are told.
    pub fn problem(&mut self, text: impl FnOnce() -> String) {
        self.problem_count += 1;
        if self.problems.len() < PROBLEMS_TOLD {
            self.problems.push(text());
        }
    }

    /// Notes that records are not known to be in the index; how many is told in one line when the object is done.
    pub fn not_delivered(&mut self, class: ErrorClass, records: u64) {
        self.counts.unsent += records;
        self.worsen(class);
    }

    /// Keeps the class that is told of two.
    fn worsen(&mut self, class: ErrorClass) {
        if self.failure.is_none_or(|before| rank(before) < rank(class)) {
            self.failure = Some(class);
        }
    }

    /// Notes that the object as a whole failed.
    pub fn fail(&mut self, class: ErrorClass, text: String) {
        self.worsen(class);
        self.problem(|| text);
    }

    fn finish(&mut self) {
        let unsent = self.counts.unsent;
        if unsent > 0 {
            self.problem(|| format!("{unsent} records were not delivered"));
        }
        if let Some(first) = self.first_refused {
            let refused: u64 = self.refusals.values().sum();
            self.problem(|| format!("OpenSearch refused {refused} records, the first is record {first}"));
        }
        if self.status.is_none() {
            let lost = self.counts.rejected + self.counts.dead_lettered + self.counts.unsent > 0;
            self.status = Some(match self.failure {
                Some(_) if self.counts.records == 0 || self.counts.unsent > 0 => ObjectStatus::Failed,
                Some(_) => ObjectStatus::Partial,
                None if lost => ObjectStatus::Partial,
                None => ObjectStatus::Loaded,
            });
        }
    }
}

/// Which of two failures of an object is told: what a person can mend comes before what is lost.
fn rank(class: ErrorClass) -> u8 {
    match class {
        ErrorClass::Permanent => 0,
        ErrorClass::Poison => 1,
        ErrorClass::Transient => 2,
        ErrorClass::Configuration => 3,
    }
}

/// Documents of one object.
#[derive(Debug)]
pub struct Chunk {
    /// Their object.
    pub run: Arc<ObjectRun>,
    /// Bulk lines, packed as the settings say.
    pub bytes: Buffer,
    /// Bytes before packing; the places in `items` count in these.
    pub plain: usize,
    /// The documents.
    pub items: Vec<Item>,
}

impl Chunk {
    /// How many records its documents are of.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.items.iter().filter(|item| item.kind == ItemKind::Record).count() as u64
    }
}

/// An object being loaded. When the last part of it is dropped, everything about it is known and its report goes
/// out.
#[derive(Debug)]
pub struct ObjectRun {
    /// What is being read.
    pub object: ObjectRef,
    /// Which log.
    pub log_type: &'static LogType,
    /// The file for its documents, where documents go to files.
    pub file: OnceLock<Mutex<File>>,
    pub(super) order: Order,
    report: Mutex<ObjectReport>,
    reports: Sender<ObjectReport>,
}

impl ObjectRun {
    /// `report` holds what is known of the object so far.
    pub(super) fn new(
        object: ObjectRef,
        log_type: &'static LogType,
        report: ObjectReport,
        reports: Sender<ObjectReport>,
    ) -> Self {
        let report = Mutex::new(report);
        Self { object, log_type, file: OnceLock::new(), order: Order::default(), report, reports }
    }

    /// What is known so far.
    pub fn report(&self) -> MutexGuard<'_, ObjectReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the cluster refused the record at `ordinal`.
    pub fn refused(&self, ordinal: u64, refusal: &Refusal) {
        let mut report = self.report();
        report.counts.rejected += 1;
        let kind =
            (refusal.error_type.clone(), refusal.field.clone().unwrap_or_default(), refusal.reason.clone());
        count_refusals(&mut report.refusals, kind, 1);
        report.first_refused = Some(report.first_refused.map_or(ordinal, |first| first.min(ordinal)));
    }
}

impl Drop for ObjectRun {
    fn drop(&mut self) {
        let mut report = std::mem::take(&mut *self.report());
        report.finish();
        // Nobody listens any more only when the program is ending.
        let _ = self.reports.send(report);
    }
}
