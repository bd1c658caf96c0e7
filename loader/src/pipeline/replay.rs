//! Documents that do not come from reading an object: dead letters that are sent again.

use std::sync::Arc;

use crossbeam_channel::Sender;
use siem_parsers::{document::Item, source::LogType};

use super::{
    Output,
    buffer::Buffer,
    object::{Chunk, Counts, ObjectReport, ObjectRun},
    track::Settled,
};
use crate::{
    fetch::ObjectRef,
    sink::{BodyEncoder, Encoding},
};

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
        let packed = BodyEncoder::default().pack(self.encoding, plain);
        let bytes = Buffer::from(packed.unwrap_or_else(|| plain.to_vec()));
        let (run, packed) = (Arc::clone(&self.run), bytes.len());
        let chunk = Chunk { run, piece: number, bytes, packed, plain: plain.len(), items };
        let counts = Counts { records: chunk.records(), ..Counts::default() };
        self.run.report().counts.add(&counts);
        self.run.tracker.piece(number, 0, number, 0);
        self.run.tracker.rendered(number, 1, Settled { counts, ..Settled::default() });
        output.take(chunk);
    }
}
