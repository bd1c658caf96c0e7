//! Buffers for pieces and for rendered documents, which go round.
//!
//! A buffer of some MB that is made and dropped for every piece costs page faults, and allocators keep several times
//! as much as is in use. These come back when their last user drops them.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::CHUNK;

/// Memory for a chunk: it is full at the first document that ends behind [`CHUNK`] bytes, and most documents are far
/// smaller than what is added here. A larger one makes the buffer grow.
pub(crate) const ROOM: usize = CHUNK + (512 << 10);

/// Where buffers come from: the one that came back last goes first, so that no more of them are ever touched than are in
/// use at a time. That number is bounded by what is under way; nobody waits here.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    free: Arc<Mutex<Vec<Vec<u8>>>>,
    room: usize,
}

impl Pool {
    /// Buffers with memory for so many bytes.
    pub(super) fn of(room: usize) -> Self {
        Self { free: Arc::default(), room }
    }

    /// Empty bytes, to be given back by [`Self::give`] or [`Self::take_back`].
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.free().pop().unwrap_or_else(|| Vec::with_capacity(self.room))
    }

    /// Makes bytes a buffer that comes back here.
    pub(super) fn give(&self, bytes: Vec<u8>) -> Buffer {
        Buffer { bytes, home: Some(self.clone()) }
    }

    /// Keeps bytes that came from here. Not those that had to grow: one giant record must not cost memory forever.
    pub(super) fn take_back(&self, mut bytes: Vec<u8>) {
        if bytes.capacity() == self.room {
            bytes.clear();
            self.free().push(bytes);
        }
    }

    fn free(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that go back to their pool.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    home: Option<Pool>,
}

impl From<Vec<u8>> for Buffer {
    /// Bytes that go back nowhere.
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, home: None }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(home) = &self.home {
            home.take_back(std::mem::take(&mut self.bytes));
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

#[cfg(test)]
mod tests {
    use super::Pool;

    #[test]
    fn the_buffer_that_came_back_last_goes_first_and_none_that_grew_is_kept() {
        let pool = Pool::of(100);
        let (cold, mut warm, mut grown) = (pool.bytes(), pool.bytes(), pool.bytes());
        warm.push(1);
        grown.resize(101, 1);
        let place = warm.as_ptr();
        pool.take_back(cold);
        drop(pool.give(warm));
        pool.take_back(grown);
        pool.take_back(Vec::with_capacity(99));
        let first = pool.bytes();
        assert_eq!((first.as_ptr(), first.len()), (place, 0));
        assert_eq!(pool.free().len(), 1);
    }
}
