//! Putting the pieces of an object back into the order of its records.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crossbeam_channel::Sender;

use super::{Output, bench::Bench, object::Chunk};

/// Finished pieces that wait for an earlier one, each with its workbench: so there are at most as many as there are
/// workbenches, however long one piece takes.
#[derive(Debug, Default)]
pub(super) struct Order(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// The piece whose turn it is.
    next: u64,
    finished: BTreeMap<u64, (Vec<Chunk>, Bench)>,
}

impl Order {
    /// The first piece has this number.
    pub(super) fn begin(&self, piece: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next = piece;
    }

    /// Hands on a finished piece, and those behind it that were waiting. Whoever brings the piece whose turn it is
    /// hands on for all; the lock is held meanwhile, which keeps the order.
    ///
    /// Nothing can wait forever: an object takes workbenches in the order of its pieces, so the piece whose turn it is
    /// always has one.
    pub(super) fn finished(
        &self,
        piece: u64,
        done: (Vec<Chunk>, Bench),
        output: &dyn Output,
        back: &Sender<Bench>,
    ) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.finished.insert(piece, done);
        loop {
            let turn = waiting.next;
            let Some((chunks, bench)) = waiting.finished.remove(&turn) else { return };
            for chunk in chunks {
                output.take(chunk);
            }
            waiting.next += 1;
            let _ = back.send(bench);
        }
    }
}
