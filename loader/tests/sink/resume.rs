//! Going on where an earlier attempt stopped: only behind pieces that are cut as they were then.

use std::sync::{Arc, Mutex};

use serde_json::json;
use siem_loader::{
    error::ErrorClass,
    fetch::{FetchOptions, Source},
    pipeline::{
        self, Attempts, Chunk, Confirmed, ObjectReport, ObjectRun, ObjectStatus, Output, Progress, Settings,
    },
};

/// Remembers what it was told to.
#[derive(Debug)]
struct Earlier(Option<Progress>);

impl Attempts for Earlier {
    fn earlier(&self, _: &siem_loader::fetch::ObjectRef) -> Option<Progress> {
        self.0.clone()
    }

    fn checkpoint(&self, _: &ObjectRun, _: &Confirmed) -> bool {
        true
    }
}

/// Counts what it is given.
#[derive(Debug, Default)]
struct Taken(Mutex<u64>);

impl Output for Taken {
    fn take(&self, chunk: Chunk) {
        *self.0.lock().unwrap() += chunk.records();
        chunk.discard();
    }
}

const RECORDS: u64 = 3_000;

/// Loads an object of several pieces; gives its report, and how many records were handed on.
fn load(earlier: Option<Progress>) -> (ObjectReport, u64) {
    let folder = tempfile::tempdir().unwrap();
    let key = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/03/01/x_CloudTrail_y_20260301T0005Z_z.json";
    let event = |number: u64| {
        json!({"eventVersion": "1.11", "eventTime": "2026-03-01T00:00:00Z", "eventName": "GetObject",
               "eventSource": "s3.amazonaws.com", "eventID": format!("e{number}")})
    };
    let events: Vec<_> = (0..RECORDS).map(event).collect();
    let path = folder.path().join(key);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, json!({ "Records": events }).to_string()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let root = Some(folder.path().to_owned());
    let source = Source::new(FetchOptions { root, ..FetchOptions::default() }, runtime.handle().clone());
    let mut settings = Settings::for_threads(1);
    settings.limits.piece = 64 << 10;
    settings.keeps = true;
    settings.attempts = Some(Arc::new(Earlier(earlier)));
    let taken = Arc::new(Taken::default());
    let output = Arc::clone(&taken) as Arc<dyn Output>;
    let (reports, told) = crossbeam_channel::unbounded();
    let paths = vec![path.to_str().unwrap().to_owned()];
    pipeline::run(&source.list(paths), &source, &settings, &output, &reports).unwrap();
    drop((output, reports));
    let report = told.recv().unwrap();
    let taken = *taken.0.lock().unwrap();
    (report, taken)
}

#[test]
fn what_is_through_is_cut_and_dropped_and_counted() {
    let (whole, taken) = load(None);
    assert_eq!((taken, whole.counts.records, whole.status), (RECORDS, RECORDS, Some(ObjectStatus::Loaded)));
    let progress = whole.confirmed.progress;
    assert!(progress.pieces > 2, "{progress:?}");
    let (again, taken) = load(Some(progress));
    assert_eq!((taken, again.counts.records, again.status), (0, RECORDS, Some(ObjectStatus::Loaded)));
    assert!(again.done());
}

#[test]
fn a_piece_that_was_cut_early_is_never_taken_for_the_whole_one() {
    let (whole, _) = load(None);
    let progress = whole.confirmed.progress;
    for wrong in [
        Progress { end: progress.end - 1, ..progress.clone() },
        Progress { offset: progress.offset + 1, ..progress.clone() },
        Progress { ordinal: progress.ordinal + 1, ..progress.clone() },
    ] {
        let (report, _) = load(Some(wrong));
        assert!(report.begins_anew && !report.done(), "{report:?}");
        assert_eq!(report.failure, Some(ErrorClass::Transient));
        assert_eq!(report.error_type.as_deref(), Some("cut_differently"));
    }
}

#[test]
fn a_piece_that_could_not_be_rendered_is_told_by_every_attempt() {
    let (whole, _) = load(None);
    let progress = Progress { defect: true, ..whole.confirmed.progress };
    let (report, _) = load(Some(progress));
    assert_eq!((report.status, report.failure), (Some(ObjectStatus::Partial), Some(ErrorClass::Poison)));
    assert_eq!(report.error_type.as_deref(), Some("defect"));
}
