//! Reading ahead of a decoder, in pieces that grow.

use std::io::{self, BufRead, Read};

/// Bytes asked for at first. Most objects of a bucket have a few KB, and a buffer costs what it takes to clear it.
const FIRST: usize = 16 << 10;

/// Bytes asked for at a time at most.
const READ: usize = 1 << 20;

/// A reader with a buffer that grows with each time it is filled to its end.
pub(super) struct Ahead<R> {
    inner: R,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
}

impl<R: Read> Ahead<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, buffer: Vec::new(), at: 0, filled: 0 }
    }
}

impl<R: Read> Read for Ahead<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(room)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Ahead<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.filled {
            if self.filled == self.buffer.len() && self.buffer.len() < READ {
                let larger = (self.buffer.len() * 4).clamp(FIRST, READ);
                // Nothing of it is needed any more, so nothing is copied.
                self.buffer.clear();
                self.buffer.resize(larger, 0);
            }
            (self.at, self.filled) = (0, 0);
            self.filled = self.inner.read(&mut self.buffer)?;
        }
        Ok(self.buffer.get(self.at..self.filled).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.at = (self.at + count).min(self.filled);
    }
}
