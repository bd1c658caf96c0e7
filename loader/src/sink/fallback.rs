//! Bodies in gzip where zstd is not read: a cluster that is replaced node by node may take it here and not there.

use std::{
    io,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{encoding::Encoding, payload::Payload, table::Row};

/// Rows of answers by which a body may not have been read at all, for its packing.
const UNREAD: [&str; 4] = ["answer_poisoned", "answer_no_handler", "answer_foreign", "answer_refused"];

/// Whether the answer to a body may come from its packing.
pub(super) fn may_be_unread(payload: &Payload, answer: &Row) -> bool {
    payload.encoding == Encoding::Zstd && UNREAD.contains(&answer.name)
}

/// What a run knows of it.
#[derive(Debug, Default)]
pub(super) struct Fallback {
    /// A body that was refused in zstd was taken in gzip.
    no_zstd: AtomicBool,
    /// Packing anew costs the memory of an encoder: one at a time.
    packing: Mutex<()>,
}

impl Fallback {
    /// A body as it is to be sent at first.
    ///
    /// # Errors
    /// Its bytes do not unpack.
    pub(super) fn readable(&self, payload: Payload) -> io::Result<Payload> {
        if payload.encoding == Encoding::Zstd && self.no_zstd.load(Ordering::Relaxed) {
            return self.gzip(payload);
        }
        Ok(payload)
    }

    /// Learns from a body that was taken.
    pub(super) fn taken(&self, payload: &Payload, cluster: &str) {
        if payload.anew && !self.no_zstd.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "{cluster} does not read zstd everywhere; bodies of this run go as gzip. --zstd=false (SIEM_LOADER_ZSTD=false) \
                 spares packing them twice"
            );
        }
    }

    /// The same in gzip.
    ///
    /// # Errors
    /// As [`Self::readable`].
    pub(super) fn gzip(&self, payload: Payload) -> io::Result<Payload> {
        let _one_at_a_time = self.packing.lock().unwrap_or_else(PoisonError::into_inner);
        payload.packed_as(Encoding::Gzip)
    }
}
