//! Putting the pieces of an object back into the order of its records.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use super::{Output, object::Chunk};

/// Finished pieces that wait for an earlier one. Holds at most as many as there are workbenches.
#[derive(Debug, Default)]
pub(super) struct Order(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// The piece whose turn it is.
    next: u64,
    finished: BTreeMap<u64, Vec<Chunk>>,
}

impl Order {
    /// Hands on a finished piece, and those behind it that were waiting. Whoever brings the piece whose turn it is
    /// hands on for all; the lock is held meanwhile, which keeps the order.
    pub(super) fn finished(&self, piece: u64, chunks: Vec<Chunk>, output: &dyn Output) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.finished.insert(piece, chunks);
        loop {
            let turn = waiting.next;
            let Some(chunks) = waiting.finished.remove(&turn) else { return };
            for chunk in chunks {
                output.take(chunk);
            }
            waiting.next += 1;
        }
    }
}
