//! Tells errors of the source from errors of a decoder that reads from it. The source may be a decoder too.

use std::{
    cell::{Cell, RefCell},
    io::{self, Read},
    rc::Rc,
};

/// What a [`Watched`] reader has seen, shared with whoever asks.
#[derive(Debug, Default, Clone)]
pub(super) struct Watch(Rc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    count: Cell<u64>,
    error: RefCell<Option<io::Error>>,
}

impl Watch {
    /// Bytes read.
    pub(super) fn count(&self) -> u64 {
        self.0.count.get()
    }

    /// Counts bytes that were read before.
    pub(super) fn add(&self, count: u64) {
        self.0.count.set(self.0.count.get() + count);
    }

    /// The error of the source, once.
    pub(super) fn take_error(&self) -> Option<io::Error> {
        self.0.error.take()
    }
}

/// A reader that counts, and that keeps its own errors apart: decoders pass them on as if they were theirs.
pub(super) struct Watched<R> {
    inner: R,
    watch: Watch,
}

impl<R> Watched<R> {
    pub(super) fn new(inner: R) -> (Self, Watch) {
        let watch = Watch::default();
        (Self { inner, watch: watch.clone() }, watch)
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.inner.read(room) {
                Ok(count) => {
                    self.watch.add(count as u64);
                    return Ok(count);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    let kind = e.kind();
                    self.watch.0.error.replace(Some(e));
                    return Err(kind.into());
                }
            }
        }
    }
}
