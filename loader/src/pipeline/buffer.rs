//! Buffers for rendered documents, which go round.
//!
//! A buffer of some MB that is made and dropped for every piece costs page faults, and allocators keep several times
//! as much as is in use. These come back when their last user drops them.

use std::ops::{Deref, DerefMut};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::CHUNK;

/// Memory for a chunk: it is full at the first document that ends behind [`CHUNK`] bytes, and most documents are far
/// smaller than what is added here. A larger one makes the buffer grow.
const ROOM: usize = CHUNK + (512 << 10);

/// Buffers kept for reuse at most. More may be under way: they are not waited for, so nothing can block.
const KEPT: usize = 8;

/// Where buffers come from.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    free: Receiver<Vec<u8>>,
    home: Sender<Vec<u8>>,
}

impl Pool {
    pub(super) fn new() -> Self {
        let (home, free) = bounded(KEPT);
        Self { free, home }
    }

    /// Empty bytes with memory for a chunk, to be given back by [`Self::give`].
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.free.try_recv().unwrap_or_else(|_| Vec::with_capacity(ROOM))
    }

    /// Makes bytes a buffer that comes back here.
    pub(super) fn give(&self, bytes: Vec<u8>) -> Buffer {
        Buffer { bytes, home: Some(self.home.clone()) }
    }
}

/// Bytes that go back to their pool.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    home: Option<Sender<Vec<u8>>>,
}

impl From<Vec<u8>> for Buffer {
    /// Bytes that go back nowhere.
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, home: None }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // A buffer that had to grow for a giant document is not kept: one such document must not cost memory forever.
        if let Some(home) = &self.home
            && (1..=2 * ROOM).contains(&self.bytes.capacity())
        {
            self.bytes.clear();
            // A full pool has enough of them.
            let _ = home.try_send(std::mem::take(&mut self.bytes));
        }
    }
}

impl Deref for Buffer {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
