//! One object on its way: what became of its records, and the report when the last of them is accounted for.

use std::{
    collections::BTreeMap,
    fs::File,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use crossbeam_channel::Sender;
use serde::{Deserialize, Serialize};
use siem_parsers::{
    document::{self, Item},
    key::KeyInfo,
    source::LogType,
    time::Instant,
};

use super::{
    buffer::Buffer,
    order::Order,
    track::{Confirmed, Progress, Settled, Tracker},
};
use crate::{error::ErrorClass, fetch::ObjectRef, sink::Refusal};

/// What became of the records of an object, or of many.
///
/// `records = indexed + already_present + excluded + rejected + dead_lettered + discarded + unsent`, always.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
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

    /// Records that have an outcome.
    fn known(&self) -> u64 {
        let known = self.indexed + self.already_present + self.excluded + self.rejected;
        known + self.dead_lettered + self.discarded + self.unsent
    }

    /// Whether every record has an outcome.
    #[must_use]
    pub fn add_up(&self) -> bool {
        self.records == self.known()
    }
}

/// What an object came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectStatus {
    /// Read to its end, and every record is in the index, or where else it was to go.
    Loaded,
    /// Some records are not.
    Partial,
    /// Its bytes end too early or are damaged: what comes before is loaded, what is behind cannot be.
    Truncated,
    /// No byte in it.
    Empty,
    /// Recognised, but it holds no records (CloudTrail digest, what Firehose could not process).
    Skipped,
    /// Neither its key nor its content is that of a log we know.
    Unrecognised,
    /// There is no such object, or no such version of it, any more.
    Gone,
    /// It may not be read: a right, a key or a setting is missing.
    Denied,
    /// Time ran out: it goes on where it stopped when it comes again.
    InProgress,
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
            Self::Truncated => "truncated",
            Self::Gone => "gone",
            Self::Denied => "denied",
            Self::InProgress => "in_progress",
            Self::Empty => "empty",
            Self::Skipped => "skipped",
            Self::Unrecognised => "unrecognised",
            Self::Failed => "failed",
        }
    }
}

/// How many problems of an object are told in words; the rest is counted.
pub(super) const PROBLEMS_TOLD: usize = 5;

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
    /// The object as it was asked for; none where a listing failed.
    pub asked: Option<ObjectRef>,
    /// The object as it was found: size, time, version.
    pub object: Option<ObjectRef>,
    /// What its key says.
    pub key: KeyInfo,
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
    /// A short name of what is wrong, for grouping: of the first failure, else of the most frequent refusal.
    pub error_type: Option<String>,
    /// Its stored or decoded bytes end too early, or are damaged.
    pub damaged: bool,
    /// Time ran out before its end.
    pub out_of_time: bool,
    /// What an earlier attempt remembered does not fit: nothing of it is to be used again.
    pub begins_anew: bool,
    /// Requests with records of it, those that sent again, and its items that the cluster refused, for now or for good.
    pub bulk: Bulk,
    /// What is through and to be stored: dead letters, and where to resume.
    pub confirmed: Confirmed,
    /// Attempts so far, this one included; none where nobody counts.
    pub attempts: Option<u64>,
    /// Gives room to another object when this report is dropped.
    pub(super) slot: Option<Slot>,
}

/// What was sent of an object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bulk {
    /// Requests that held records of it.
    pub requests: u64,
    /// Of these, requests for what had been sent before.
    pub retries: u64,
    /// Items of these requests that were not taken.
    pub rejected: u64,
}

impl Bulk {
    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.retries += other.retries;
        self.rejected += other.rejected;
    }
}

/// One of a fixed number of places for objects whose end is not known.
#[derive(Debug)]
pub(super) struct Slot(pub(super) Sender<()>);

impl Drop for Slot {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
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

    /// Notes that the object as a whole failed, with a short name for grouping.
    pub fn fail_as(&mut self, class: ErrorClass, kind: &str, text: String) {
        self.error_type.get_or_insert_with(|| kind.to_owned());
        self.fail(class, text);
    }

    /// Whether nothing more is to be done about the object: everything is in an index, in a dead letter, or known not to
    /// be a record. A message that named it may be acknowledged.
    #[must_use]
    pub fn done(&self) -> bool {
        let again = matches!(self.failure, Some(ErrorClass::Transient | ErrorClass::Configuration));
        self.status.is_some_and(|status| {
            !matches!(status, ObjectStatus::Failed | ObjectStatus::Denied | ObjectStatus::InProgress)
        }) && !again
            && self.counts.unsent == 0
    }

    /// Begins with what an earlier attempt brought to its end: it is there already.
    fn resume(&mut self, progress: &Progress) {
        if progress.defect {
            self.fail_as(ErrorClass::Poison, "defect", DEFECT_BEFORE.to_owned());
        }
        let earlier = &progress.counts;
        self.counts = Counts {
            indexed: 0,
            already_present: earlier.indexed + earlier.already_present,
            current_written: 0,
            current_older: earlier.current_written + earlier.current_older,
            bytes_in: 0,
            ..*earlier
        };
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

    fn finish(&mut self, confirmed: Confirmed, open: &Counts) {
        // Whatever went wrong, a record without an outcome is not taken for one that has it.
        let unknown = self.counts.records.saturating_sub(self.counts.known());
        if unknown > 0 {
            self.not_delivered(ErrorClass::Transient, unknown);
        }
        // Dead letters behind records that were not delivered are not kept: these pieces come again as a whole.
        if open.dead_lettered > 0 {
            self.counts.dead_lettered = self.counts.dead_lettered.saturating_sub(open.dead_lettered);
            self.not_delivered(ErrorClass::Transient, open.dead_lettered);
        }
        self.confirmed = confirmed;
        if self.error_type.is_none()
            && let Some(((kind, field, _), _)) = self.refusals.iter().max_by_key(|(_, count)| **count)
        {
            let name = if field.is_empty() { kind.clone() } else { format!("{kind}: {field}") };
            self.error_type = Some(name);
        }
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
            let poison = matches!(self.failure, Some(ErrorClass::Poison | ErrorClass::Permanent));
            self.status = Some(match self.failure {
                Some(_) if self.out_of_time => ObjectStatus::InProgress,
                _ if self.counts.unsent > 0 => ObjectStatus::Failed,
                Some(ErrorClass::Permanent) => ObjectStatus::Gone,
                Some(_) if poison && self.damaged => ObjectStatus::Truncated,
                Some(_) if poison => ObjectStatus::Partial,
                Some(_) => ObjectStatus::Failed,
                None if lost => ObjectStatus::Partial,
                None => ObjectStatus::Loaded,
            });
        }
    }
}

/// What is told of an object of which an earlier attempt could not render a piece.
const DEFECT_BEFORE: &str = "some of its records could not be rendered by an earlier attempt; this is a defect of siem-loader, please report it";

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
    /// The piece they are of.
    pub piece: u64,
    /// Bulk lines, packed as the settings say; none where they were dropped as they were.
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
        document::records(&self.items)
    }

    /// Bytes as they would be sent.
    #[must_use]
    pub fn packed(&self) -> usize {
        if self.bytes.is_empty() { self.plain } else { self.bytes.len() }
    }

    /// Counts its records as rendered and not sent, as was asked.
    pub fn discard(&self) {
        let counts = Counts { discarded: self.records(), ..Counts::default() };
        self.run.settle(self.piece, Settled { counts, ..Settled::default() });
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
    pub(super) tracker: Tracker,
    /// Records that end in no index are kept: they count as dead-lettered, else as rejected.
    pub(super) keeps: bool,
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
        keeps: bool,
    ) -> Self {
        let report = Mutex::new(report);
        let (order, tracker) = (Order::default(), Tracker::default());
        Self { object, log_type, file: OnceLock::new(), order, tracker, keeps, report, reports }
    }

    /// Goes on behind what an earlier attempt brought to its end.
    pub(super) fn resume(&self, progress: Progress) {
        self.order.begin(progress.pieces);
        self.report().resume(&progress);
        let mut progress = progress;
        progress.counts = self.report().counts;
        self.tracker.resume(progress);
    }

    /// Whether records that end in no index are kept as dead letters.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.keeps
    }

    /// Counts records that will never be in an index: set aside where they are kept, else lost.
    #[must_use]
    pub fn set_aside(&self, records: u64) -> Counts {
        if self.keeps {
            Counts { dead_lettered: records, ..Counts::default() }
        } else {
            Counts { rejected: records, ..Counts::default() }
        }
    }

    /// What became of a chunk of a piece: every record of it is accounted for.
    pub fn settle(&self, piece: u64, settled: Settled) {
        self.report().counts.add(&settled.counts);
        self.tracker.chunk(piece, settled);
    }

    /// What is known so far.
    pub fn report(&self) -> MutexGuard<'_, ObjectReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the cluster refused the record at `ordinal`; it is counted where its chunk is settled.
    pub fn refused(&self, ordinal: u64, refusal: &Refusal) {
        let mut report = self.report();
        let kind =
            (refusal.error_type.clone(), refusal.field.clone().unwrap_or_default(), refusal.reason.clone());
        count_refusals(&mut report.refusals, kind, 1);
        report.first_refused = Some(report.first_refused.map_or(ordinal, |first| first.min(ordinal)));
    }
}

impl Drop for ObjectRun {
    fn drop(&mut self) {
        let mut report = std::mem::take(&mut *self.report());
        let (confirmed, open) = self.tracker.finish();
        report.finish(confirmed, &open);
        // Nobody listens any more only when the program is ending.
        let _ = self.reports.send(report);
    }
}
