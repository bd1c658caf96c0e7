//! Reading one object: recognise, open, inflate, cut.

use std::sync::Arc;

use chrono::{SecondsFormat, Utc};
use crossbeam_channel::{Sender, bounded};
use siem_parsers::{
    decode::{DecodeError, Decoder},
    document::{ObjectContext, Provenance},
    key::{self, LogKind},
    source::LogType,
    split::{Cut, Cutter, SplitProblem},
};

use super::{
    Output, Settings,
    bench::{Job, Shop},
    object::{ObjectReport, ObjectRun, ObjectStatus},
};
use crate::{
    error::ErrorClass,
    fetch::{FetchError, ObjectRef, Opened, Source},
};

/// Decoded bytes asked for at a time.
const READ: usize = 256 << 10;

/// Reads one object of a listing to its end.
pub(super) fn read(
    listed: Result<ObjectRef, FetchError>,
    source: &Source,
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
    let info = key::read(&object.key);
    let kind = info.service.as_deref().and_then(LogKind::of_service);
    let Some(log_type) = kind.and_then(LogType::of) else {
        let status = if kind.is_some() { ObjectStatus::Skipped } else { ObjectStatus::Unrecognised };
        let name = object.to_string();
        return tell(ObjectReport { name, status: Some(status), ..ObjectReport::default() });
    };
    let (object, body) = match source.open_described(&object) {
        Ok(Opened { object, body }) => (object, body),
        Err(error) => {
            let failed = Some(ObjectStatus::Failed);
            let mut report =
                ObjectReport { name: object.to_string(), status: failed, ..ObjectReport::default() };
            report.fail(error.class(), error.to_string());
            return tell(report);
        }
    };
    let provenance = Provenance {
        bucket: object.bucket.clone(),
        key: object.key.clone(),
        version_id: object.version_id.clone(),
        etag: object.etag.clone(),
        ingested: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
    };
    let context = Arc::new(ObjectContext::new(&provenance, info, log_type.name));
    let run = Arc::new(ObjectRun::new(object, log_type, reports.clone()));
    if let Err(problem) = output.begin(&run) {
        run.report().fail(ErrorClass::Configuration, problem);
        return;
    }
    Reading { run, context, settings, shop, output, pieces: 0 }.all(body);
}

/// An object being read.
struct Reading<'a> {
    run: Arc<ObjectRun>,
    context: Arc<ObjectContext>,
    settings: &'a Settings,
    shop: &'a Shop,
    output: &'a Arc<dyn Output>,
    pieces: u64,
}

impl Reading<'_> {
    fn all(mut self, body: Box<dyn std::io::Read + Send>) {
        let mut decoder = match Decoder::new(body) {
            Ok(decoder) => decoder,
            Err(error) => return self.failed(error),
        };
        let mut cutter = Cutter::new(self.run.log_type.layout, self.settings.limits);
        // Buffers of rendered pieces come back here; a few more than can be under way are dropped.
        let (buffers, returned) = bounded(2);
        let mut cuts = Vec::new();
        loop {
            if let Ok(buffer) = returned.try_recv() {
                cutter.recycle(buffer);
            }
            match decoder.read(cutter.buffer(), READ) {
                Ok(0) => break,
                Ok(count) => self.run.report().counts.bytes_in += count as u64,
                Err(error) => {
                    self.failed(error);
                    break;
                }
            }
            cutter.advance(&mut |cut| cuts.push(cut));
            for cut in cuts.drain(..) {
                self.hand_on(cut, &buffers);
            }
            if self.output.unread() {
                return;
            }
            if self.output.stopped() {
                let text = "not read to its end, because the run was stopped".to_owned();
                self.run.report().fail(ErrorClass::Transient, text);
                return;
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

    fn hand_on(&mut self, cut: Cut, buffers: &Sender<Vec<u8>>) {
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

    fn failed(&self, error: DecodeError) {
        let (class, text) = match &error {
            DecodeError::Fetch { source, .. } => match FetchError::of(source) {
                Some(fetch) => (fetch.class(), fetch.to_string()),
                None => (ErrorClass::Transient, error.to_string()),
            },
            _ => (ErrorClass::Poison, error.to_string()),
        };
        self.run.report().fail(class, text);
    }
}
