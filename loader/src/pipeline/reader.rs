//! Reading one object: recognise, open, inflate, cut.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use chrono::{SecondsFormat, Utc};
use crossbeam_channel::Sender;
use siem_parsers::{
    decode::{DecodeError, Decoder},
    document::{ObjectContext, Provenance},
    recognise,
    source::{self, Layout, LogType},
    split::{Cut, Cutter, Piece, SplitProblem, parquet},
};

use super::{
    Output, Settings,
    bench::{Job, Shop},
    object::{Counts, ObjectReport, ObjectRun, ObjectStatus, Slot},
    spool,
    track::{LETTERS, Progress, Settled},
};
use crate::{
    dead_letter::{Kind, Letter, Packer, Reason},
    error::ErrorClass,
    fetch::{FetchError, ObjectRef, Opened, Outcome, Source},
};

/// Decoded bytes asked for at a time: fewer than a piece has, so that no two end in what came at once.
pub(crate) const READ: usize = 128 << 10;

/// White space that is looked through for the beginning of a log.
const WHITE: usize = 4 << 20;

/// Decoded bytes after which what is through of an object is stored: what is done again at most when an attempt ends
/// without warning, pieces under way aside.
const CHECKPOINT: u64 = 64 << 20;

/// Decoded bytes between two tries to store dead letters.
const BETWEEN_TRIES: u64 = 8 << 20;

/// Dead letters that wait for a store that fails, in times of what is stored at once; then the object is given up.
const MOST_LETTERS: usize = 4;

/// How long a reader waits for its pieces before it looks whether it should go on.
const PATIENCE: Duration = Duration::from_millis(100);

/// Reads one object of a listing to its end.
pub(super) fn read(
    listed: Result<ObjectRef, FetchError>,
    slot: Slot,
    objects: &Source,
    settings: &Settings,
    shop: &Shop,
    output: &Arc<dyn Output>,
    reports: &Sender<ObjectReport>,
) {
    // A report that never becomes an object's goes out as it is.
    let tell = |report| drop(reports.send(report));
    let object = match listed {
        Ok(object) => object,
        Err(error) => {
            let mut report = ObjectReport { name: "listing".to_owned(), ..ObjectReport::default() };
            report.slot = Some(slot);
            report.fail_as(error.class(), error.kind(), error.to_string());
            return tell(report);
        }
    };
    let info = source::read_key(&object.key);
    let log_type = info.log_type;
    let mut report = ObjectReport { name: object.to_string(), log_type, ..ObjectReport::default() };
    report.asked = Some(object.clone());
    report.object = Some(object.clone());
    report.key = info.clone();
    report.slot = Some(slot);
    if settings.out_of_time() {
        report.out_of_time = true;
        report.status = Some(ObjectStatus::InProgress);
        report.fail_as(ErrorClass::Transient, OUT_OF_TIME, "not begun, time ran out".to_owned());
        return tell(report);
    }
    let not_loaded = |why: &str| Some(format!("not loaded: {why}"));
    if let Some(why) = info.not_loaded {
        report.remark = not_loaded(why);
        report.status = Some(ObjectStatus::Skipped);
        return tell(report);
    }
    // Of an object whose key says nothing the first bytes are fetched: a log is not missed because of its name.
    let (object, body) = match objects.open_described(&object) {
        Ok(Opened { object, body }) => (object, body),
        Err(error) => {
            report.status = Some(match error.outcome() {
                Outcome::Gone => ObjectStatus::Gone,
                Outcome::Denied => ObjectStatus::Denied,
                Outcome::Failed => ObjectStatus::Failed,
            });
            report.fail_as(error.class(), error.kind(), error.to_string());
            return tell(report);
        }
    };
    report.object = Some(object.clone());
    let (decoder, first, failure) = begin(body);
    let seen = source::recognise(&info, &first);
    report.log_type = seen.log_type;
    report.by = seen.by;
    report.remark = seen.mismatch.clone();
    if seen.not_loaded.is_none() && seen.log_type.is_some() && seen.by == recognise::BY_CONTENT {
        report.remark.get_or_insert_with(|| "recognised by its content".to_owned());
    }
    let Some(log_type) = seen.log_type.and_then(LogType::named).filter(|_| seen.not_loaded.is_none()) else {
        report.counts.bytes_in = first.len() as u64;
        match failure {
            Some(failure) => {
                let damaged = failure.class == ErrorClass::Poison;
                report.status = Some(if damaged { ObjectStatus::Truncated } else { ObjectStatus::Failed });
                failure.tell(&mut report);
            }
            None if first.trim_ascii_start().is_empty() => {
                report.log_type = info.log_type;
                report.status = Some(ObjectStatus::Empty);
            }
            None if seen.not_loaded.is_some() => report.status = Some(ObjectStatus::Skipped),
            None => report.status = Some(ObjectStatus::Unrecognised),
        }
        if let Some(why) = seen.not_loaded {
            report.remark = not_loaded(why);
        }
        return tell(report);
    };
    let provenance = Provenance {
        bucket: object.bucket.clone(),
        key: object.key.clone(),
        version_id: object.version_id.clone(),
        etag: object.etag.clone(),
        ingested: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
        profile: settings.profile,
    };
    let context = ObjectContext::new(&provenance, info, log_type.name);
    let context = Arc::new(context.with_index_mark(settings.index_mark.clone()));
    report.name = object.to_string();
    let earlier = settings.attempts.as_ref().and_then(|attempts| attempts.earlier(&object));
    let run = Arc::new(ObjectRun::new(object, log_type, report, reports.clone(), settings.keeps));
    let skip = earlier.unwrap_or_default();
    if skip.pieces > 0 {
        tracing::info!(object = %run.object, pieces = skip.pieces, "goes on where an earlier attempt stopped");
        run.resume(skip.clone());
    }
    if let Err(problem) = output.begin(&run) {
        run.report().fail(ErrorClass::Configuration, problem);
        return;
    }
    let mut reading = Reading {
        run,
        context,
        settings,
        shop,
        output,
        pieces: 0,
        skip,
        stored: 0,
        changed: false,
        comes_again: false,
    };
    if let Some(failure) = failure {
        reading.fails(failure);
    }
    let run = Arc::clone(&reading.run);
    // A decoder that panics costs this object only, and the object is not taken for one that was read to its end.
    if catch_unwind(AssertUnwindSafe(|| reading.whole(decoder, first))).is_err() {
        let mut report = run.report();
        report.damaged = true;
        report.fail_as(ErrorClass::Poison, "defect", DEFECT.to_owned());
    }
}

/// What is told of an object on which a decoder panicked.
pub(super) const DEFECT: &str =
    "could not be read to its end; this is a defect of siem-loader, please report it";

/// How reading failed.
struct Failure {
    class: ErrorClass,
    kind: &'static str,
    text: String,
}

impl Failure {
    fn tell(self, report: &mut ObjectReport) {
        report.damaged = self.class == ErrorClass::Poison;
        report.fail_as(self.class, self.kind, self.text);
    }
}

/// The first decoded bytes of an object, and the decoder for the rest, if there may be any.
fn begin(body: Body) -> (Option<Decoder<Body>>, Vec<u8>, Option<Failure>) {
    let mut first = Vec::new();
    let mut decoder = match Decoder::new(body) {
        Ok(decoder) => decoder,
        Err(error) => return (None, first, Some(failure(&error))),
    };
    loop {
        match decoder.read(&mut first, READ) {
            Ok(0) => return (None, first, None),
            // White space alone says nothing.
            Ok(_) if first.trim_ascii_start().is_empty() && first.len() < WHITE => {}
            Ok(_) => return (Some(decoder), first, None),
            Err(error) => return (None, first, Some(failure(&error))),
        }
    }
}

/// What is told of an object whose bytes end early.
fn failure(error: &DecodeError) -> Failure {
    let fetch = match error {
        DecodeError::Fetch { source, .. } => FetchError::of(source),
        _ => return Failure { class: ErrorClass::Poison, kind: "object_damaged", text: error.to_string() },
    };
    match fetch {
        Some(fetch) => Failure { class: fetch.class(), kind: fetch.kind(), text: fetch.to_string() },
        None => Failure { class: ErrorClass::Transient, kind: "read_failed", text: error.to_string() },
    }
}

/// The stored bytes of an object.
pub(super) type Body = Box<dyn std::io::Read + Send>;

/// An object being read.
pub(super) struct Reading<'a> {
    pub(super) run: Arc<ObjectRun>,
    context: Arc<ObjectContext>,
    pub(super) settings: &'a Settings,
    shop: &'a Shop,
    pub(super) output: &'a Arc<dyn Output>,
    /// Pieces that were cut so far.
    pieces: u64,
    /// What an earlier attempt brought to its end: these pieces are cut and dropped.
    skip: Progress,
    /// Decoded bytes at the last checkpoint.
    stored: u64,
    /// The object is not cut as it was by an earlier attempt.
    changed: bool,
    /// Its bytes end early for now: the object comes again.
    comes_again: bool,
}

/// Name of this failure in the ledger.
const OUT_OF_TIME: &str = "out_of_time";

impl Reading<'_> {
    fn whole(&mut self, decoder: Option<Decoder<Body>>, first: Vec<u8>) {
        let log_type = self.run.log_type;
        if !parquet::is_parquet(&first) {
            self.all(decoder, first);
        } else if matches!(log_type.layout, Layout::Lines { .. }) {
            spool::read(self, decoder, first);
        } else {
            let text =
                format!("a Parquet file, and {} has none: is it a log of another type?", log_type.name);
            self.run.report().fail_as(ErrorClass::Poison, "wrong_form", text);
        }
    }

    /// Reads an object to its end; `first` are its first decoded bytes.
    fn all(&mut self, mut decoder: Option<Decoder<Body>>, mut first: Vec<u8>) {
        let layout = self.run.log_type.layout;
        let mut cutter = Cutter::new(layout, self.settings.limits_of(layout));
        self.run.report().counts.bytes_in += first.len() as u64;
        // Small objects stay in the memory they have.
        if first.len() >= READ {
            let small = std::mem::replace(&mut first, self.shop.buffers.pieces.bytes());
            first.extend_from_slice(&small);
        }
        *cutter.buffer() = first;
        let mut cuts = Vec::new();
        // The cutter has memory for what is behind the next piece.
        let mut spare = false;
        loop {
            cutter.advance(&mut |cut| cuts.push(cut));
            for cut in cuts.drain(..) {
                spare &= !matches!(cut, Cut::Piece(_));
                self.hand_on(cut);
            }
            if self.ends() {
                return;
            }
            let Some(decoder) = &mut decoder else { break };
            if !spare && cutter.buffer().len() >= READ {
                cutter.recycle(self.shop.buffers.pieces.bytes());
                spare = true;
            }
            match decoder.read(cutter.buffer(), READ) {
                Ok(0) => break,
                Ok(count) => self.run.report().counts.bytes_in += count as u64,
                Err(error) => {
                    self.unreadable(&error);
                    break;
                }
            }
        }
        // What is behind the last whole piece is its end only where nothing more will come. Else it is a part of a piece,
        // and of a record: as a piece that is through, it would hide the rest of it from the next attempt.
        if !self.comes_again {
            cutter.finish(&mut |cut| cuts.push(cut));
            for cut in cuts.drain(..) {
                self.hand_on(cut);
            }
            self.run.tracker.ended();
        }
        // Told by the last piece only.
        if self.changed && self.ends() {
            return;
        }
        let mut report = self.run.report();
        if report.counts.bytes_in == 0 && report.failure.is_none() {
            report.status = Some(ObjectStatus::Empty);
        }
    }

    /// Whether reading is to end here: nobody wants more, the run was stopped, time ran out, or the object is not what
    /// it was. Notes why.
    pub(super) fn ends(&mut self) -> bool {
        if self.output.unread() {
            return true;
        }
        let (kind, text) = if self.output.stopped() {
            ("stopped", "not read to its end, because the run was stopped")
        } else if self.settings.out_of_time() {
            self.run.report().out_of_time = true;
            (OUT_OF_TIME, "not read to its end, time ran out; it goes on there when it comes again")
        } else if self.changed {
            (
                "cut_differently",
                "cannot go on where an earlier attempt stopped; begins anew when it comes again",
            )
        } else if self.checkpoint() {
            return false;
        } else {
            ("dead_letters_not_stored", "not read to its end, because its dead letters cannot be stored")
        };
        self.run.report().fail_as(ErrorClass::Transient, kind, text.to_owned());
        true
    }

    /// Notes that the bytes end early.
    pub(super) fn unreadable(&mut self, error: &DecodeError) {
        self.fails(failure(error));
    }

    fn fails(&mut self, failure: Failure) {
        self.comes_again = matches!(failure.class, ErrorClass::Transient | ErrorClass::Configuration);
        failure.tell(&mut self.run.report());
    }

    /// Stores what is through, now and then. False where that fails and too much waits for it.
    fn checkpoint(&mut self) -> bool {
        let Some(attempts) = &self.settings.attempts else { return true };
        let decoded = self.run.report().counts.bytes_in;
        let letters = self.run.tracker.letters();
        let since = decoded.saturating_sub(self.stored);
        if since < CHECKPOINT && (letters < LETTERS || since < BETWEEN_TRIES) {
            return true;
        }
        self.stored = decoded;
        let confirmed = self.run.tracker.take();
        let further = confirmed.progress.pieces > self.skip.pieces;
        if further && attempts.checkpoint(&self.run, &confirmed) {
            return true;
        }
        self.run.tracker.give_back(confirmed);
        letters < LETTERS * MOST_LETTERS
    }

    pub(super) fn hand_on(&mut self, cut: Cut) {
        match cut {
            Cut::Piece(piece) => {
                let number = self.pieces;
                self.pieces += 1;
                if number < self.skip.pieces {
                    self.compare(number, &piece);
                    self.shop.buffers.pieces.take_back(piece.bytes);
                    return;
                }
                if self.changed {
                    return;
                }
                let end = piece.offset + piece.bytes.len() as u64;
                self.run.tracker.piece(number, piece.offset, piece.first_ordinal, end);
                while !self.run.tracker.wait(PATIENCE) {
                    // What it waits for may lie in a body that is not full.
                    self.output.flush();
                    if self.output.stopped() {
                        break;
                    }
                }
                self.shop.render(Job {
                    run: Arc::clone(&self.run),
                    context: Arc::clone(&self.context),
                    number,
                    piece,
                    output: Arc::clone(self.output),
                });
            }
            Cut::Problem(problem @ SplitProblem::TooLarge { ordinal, offset, .. }) => {
                // Before the place where an earlier attempt stopped: counted then.
                if self.pieces >= self.skip.pieces {
                    self.left_out(&problem, ordinal, offset);
                }
            }
            Cut::Problem(problem) => {
                let mut report = self.run.report();
                // Bytes that end too early were told by the decoder already.
                let unfinished = matches!(problem, SplitProblem::Unfinished { .. });
                if !(report.failure.is_some() && unfinished) {
                    report.damaged |= unfinished;
                    let kind = if unfinished { "unfinished" } else { "malformed" };
                    report.fail_as(ErrorClass::Poison, kind, problem.to_string());
                }
            }
        }
    }

    /// The last piece of an earlier attempt has to be what it was then, from its first byte to its last.
    fn compare(&mut self, number: u64, piece: &Piece) {
        let Progress { pieces, offset, ordinal, end, .. } = self.skip;
        let here = (piece.offset, piece.first_ordinal, piece.offset + piece.bytes.len() as u64);
        if number + 1 == pieces && here != (offset, ordinal, end) {
            self.changed = true;
            self.run.resume(Progress::default());
            self.run.report().begins_anew = true;
        }
    }

    /// A record that is larger than records may be: only its place is known.
    fn left_out(&self, problem: &SplitProblem, ordinal: u64, offset: u64) {
        let mut counts = self.run.set_aside(1);
        counts.records = 1;
        let mut packer = Packer::default();
        if self.run.keeps() {
            let reason = Reason {
                kind: TOO_LARGE.into(),
                text: problem.to_string().into(),
                status: None,
                field: None,
            };
            let mut letter = Letter::new(Kind::Record, ErrorClass::Poison, reason, &self.run.object);
            letter.log_type = Some(self.run.log_type.name.into());
            (letter.ordinal, letter.offset) = (Some(ordinal), Some(offset));
            packer.add(&letter);
        }
        self.tell_left_out(&counts, problem);
        self.run
            .tracker
            .beside(self.pieces, Settled { counts, letters: packer.finish(), ..Settled::default() });
    }

    fn tell_left_out(&self, counts: &Counts, problem: &SplitProblem) {
        let mut report = self.run.report();
        report.counts.add(counts);
        report.error_type.get_or_insert_with(|| TOO_LARGE.to_owned());
        report.problem(|| problem.to_string());
    }
}

/// Name of a record that was left out for its size.
const TOO_LARGE: &str = "record_too_large";
