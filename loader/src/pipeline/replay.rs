//! Documents that do not come from reading an object: dead letters that are sent again.

use std::sync::Arc;

use crossbeam_channel::Sender;
use siem_parsers::{
    document::{self, Item},
    source::LogType,
};

use super::{
    Output,
    buffer::Buffer,
    object::{Chunk, Counts, ObjectReport, ObjectRun},
    track::Settled,
};
use crate::{fetch::ObjectRef, sink::Encoding};

/// Documents of one object on their way again. What is refused again is kept: packed, in the report, which comes when
/// this is dropped and the last of its documents has an outcome.
#[derive(Debug)]
pub struct Replay {
    run: Arc<ObjectRun>,
    encoding: Encoding,
    chunks: u64,
}

impl Replay {
    /// Begins with none.
    #[must_use]
    pub fn of(
        object: ObjectRef,
        log_type: &'static LogType,
        encoding: Encoding,
        reports: Sender<ObjectReport>,
    ) -> Self {
        let report = ObjectReport {
            name: object.to_string(),
            log_type: Some(log_type.name),
            object: Some(object.clone()),
            ..ObjectReport::default()
        };
        let run = Arc::new(ObjectRun::new(object, log_type, report, reports, true));
        Self { run, encoding, chunks: 0 }
    }

    /// Hands on documents: bulk lines, and where each stands.
    pub fn hand_on(&mut self, plain: &[u8], items: Vec<Item>, output: &dyn Output) {
        let number = self.chunks;
        self.chunks += 1;
        let counts = Counts { records: document::records(&items), ..Counts::default() };
        self.run.report().counts.add(&counts);
        // Without memory for it the documents have no outcome, and at the end their records are counted as unsent.
        let Ok(bytes) = self.encoding.pack(plain).map(Buffer::from) else { return };
        let chunk = Chunk { run: Arc::clone(&self.run), piece: number, bytes, plain: plain.len(), items };
        self.run.tracker.piece(number, 0, number, 0);
        self.run.tracker.rendered(number, 1, Settled { counts, ..Settled::default() });
        output.take(chunk);
    }
}
