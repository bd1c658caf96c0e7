//! Reading one object: recognise, open, inflate, cut.

use std::sync::Arc;

use chrono::{SecondsFormat, Utc};
use crossbeam_channel::{Sender, bounded};
use siem_parsers::{
    decode::{DecodeError, Decoder},
    document::{ObjectContext, Provenance},
    recognise,
    source::{self, Layout, LogType},
    split::{Cut, Cutter, SplitProblem, parquet},
};

use super::{
    Output, Settings,
    bench::{Job, Shop},
    object::{ObjectReport, ObjectRun, ObjectStatus},
    spool,
};
use crate::{
    error::ErrorClass,
    fetch::{FetchError, ObjectRef, Opened, Source},
};

/// Decoded bytes asked for at a time.
pub(super) const READ: usize = 256 << 10;

/// White space that is looked through for the beginning of a log.
const WHITE: usize = 4 << 20;

/// Reads one object of a listing to its end.
pub(super) fn read(
    listed: Result<ObjectRef, FetchError>,
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
            report.fail(error.class(), error.to_string());
            return tell(report);
        }
    };
    let info = source::read_key(&object.key);
    let log_type = info.log_type;
    let mut report = ObjectReport { name: object.to_string(), log_type, ..ObjectReport::default() };
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
            report.status = Some(ObjectStatus::Failed);
            report.fail(error.class(), error.to_string());
            return tell(report);
        }
    };
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
            Some((class, text)) => {
                report.status = Some(ObjectStatus::Failed);
                report.fail(class, text);
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
    };
    let context = Arc::new(ObjectContext::new(&provenance, info, log_type.name));
    report.name = object.to_string();
    let run = Arc::new(ObjectRun::new(object, log_type, report, reports.clone()));
    if let Err(problem) = output.begin(&run) {
        run.report().fail(ErrorClass::Configuration, problem);
        return;
    }
    let mut reading = Reading { run, context, settings, shop, output, pieces: 0 };
    if let Some((class, text)) = failure {
        reading.run.report().fail(class, text);
    }
    if parquet::is_parquet(&first) {
        if !matches!(log_type.layout, Layout::Lines { .. }) {
            let text =
                format!("a Parquet file, and {} has none: is it a log of another type?", log_type.name);
            return reading.run.report().fail(ErrorClass::Poison, text);
        }
        spool::read(&mut reading, decoder, first);
    } else {
        reading.all(decoder, first);
    }
}

/// How reading failed.
pub(super) type Failure = (ErrorClass, String);

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
pub(super) fn failure(error: &DecodeError) -> Failure {
    match error {
        DecodeError::Fetch { source, .. } => match FetchError::of(source) {
            Some(fetch) => (fetch.class(), fetch.to_string()),
            None => (ErrorClass::Transient, error.to_string()),
        },
        _ => (ErrorClass::Poison, error.to_string()),
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
    pieces: u64,
}

impl Reading<'_> {
    /// Reads an object to its end; `first` are its first decoded bytes.
    fn all(&mut self, mut decoder: Option<Decoder<Body>>, first: Vec<u8>) {
        let mut cutter = Cutter::new(self.run.log_type.layout, self.settings.limits);
        self.run.report().counts.bytes_in += first.len() as u64;
        *cutter.buffer() = first;
        // Buffers of rendered pieces come back here; a few more than can be under way are dropped.
        let (buffers, returned) = bounded(2);
        let mut cuts = Vec::new();
        loop {
            cutter.advance(&mut |cut| cuts.push(cut));
            for cut in cuts.drain(..) {
                self.hand_on(cut, &buffers);
            }
            if self.output.unread() {
                return;
            }
            if self.output.stopped() {
                return self.stopped();
            }
            let Some(decoder) = &mut decoder else { break };
            if let Ok(buffer) = returned.try_recv() {
                cutter.recycle(buffer);
            }
            match decoder.read(cutter.buffer(), READ) {
                Ok(0) => break,
                Ok(count) => self.run.report().counts.bytes_in += count as u64,
                Err(error) => {
                    let (class, text) = failure(&error);
                    self.run.report().fail(class, text);
                    break;
                }
            }
        }
        cutter.finish(&mut |cut| cuts.push(cut));
        for cut in cuts.drain(..) {
            self.hand_on(cut, &buffers);
        }
        let mut report = self.run.report();
        if report.counts.bytes_in == 0 && report.failure.is_none() {
            report.status = Some(ObjectStatus::Empty);
        }
    }

    /// Notes that the object was not read to its end.
    pub(super) fn stopped(&self) {
        let text = "not read to its end, because the run was stopped".to_owned();
        self.run.report().fail(ErrorClass::Transient, text);
    }

    pub(super) fn hand_on(&mut self, cut: Cut, buffers: &Sender<Vec<u8>>) {
        match cut {
            Cut::Piece(piece) => {
                let number = self.pieces;
                self.pieces += 1;
                self.shop.render(Job {
                    run: Arc::clone(&self.run),
                    context: Arc::clone(&self.context),
                    number,
                    piece,
                    output: Arc::clone(self.output),
                    pieces: buffers.clone(),
                });
            }
            Cut::Problem(problem @ SplitProblem::TooLarge { .. }) => {
                let mut report = self.run.report();
                report.counts.records += 1;
                report.counts.rejected += 1;
                report.problem(|| problem.to_string());
            }
            Cut::Problem(problem) => {
                let mut report = self.run.report();
                // Bytes that end too early were told by the decoder already.
                let told = report.failure.is_some() && matches!(problem, SplitProblem::Unfinished { .. });
                if !told {
                    report.fail(ErrorClass::Poison, problem.to_string());
                }
            }
        }
    }
}
