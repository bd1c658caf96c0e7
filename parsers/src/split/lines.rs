//! Lines of text behind a header.

use std::sync::Arc;

use memchr::{memchr, memchr_iter};

use super::{Cut, Form, Limits, Piece, SplitProblem};

/// Cuts lines into pieces. A header is not part of any piece; it comes with each of them. Memory: a piece, plus
/// one line.
#[derive(Debug)]
pub struct LinesCutter {
    limits: Limits,
    is_header: fn(&[u8]) -> bool,
    /// Not known until the first line that is not blank was seen whole.
    header: Option<Option<Arc<[u8]>>>,
    buffer: Vec<u8>,
    spare: Option<Vec<u8>>,
    /// Byte of the decoded object at which `buffer` begins.
    offset: u64,
    /// One past the last whole line in `buffer`.
    boundary: usize,
    /// Whole lines in `buffer`.
    lines: u64,
    /// Line at the beginning of `buffer`, counted from the one behind the header.
    ordinal: u64,
    /// Where a line began that is longer than the limit; it is being dropped.
    dropping: Option<u64>,
}

impl LinesCutter {
    /// A cutter; `is_header` says of the first line that is not blank whether it names the columns.
    #[must_use]
    pub fn new(is_header: fn(&[u8]) -> bool, limits: Limits) -> Self {
        Self {
            limits,
            is_header,
            header: None,
            buffer: Vec::new(),
            spare: None,
            offset: 0,
            boundary: 0,
            lines: 0,
            ordinal: 0,
            dropping: None,
        }
    }

    /// Where decoded bytes are appended. Nothing else may be done to it.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Gives a buffer that is no longer needed, for reuse.
    pub fn recycle(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        self.spare = Some(buffer);
    }

    /// Looks at what was appended and hands on what is complete.
    pub fn advance(&mut self, emit: &mut dyn FnMut(Cut)) {
        self.run(emit, false);
    }

    /// Hands on the rest; no bytes follow.
    pub fn finish(mut self, emit: &mut dyn FnMut(Cut)) {
        self.run(emit, true);
        match self.dropping {
            Some(begin) => emit(self.too_large(begin)),
            None => self.emit_piece(self.buffer.len(), emit),
        }
    }

    fn too_large(&self, offset: u64) -> Cut {
        Cut::Problem(SplitProblem::TooLarge { ordinal: self.ordinal, offset, limit: self.limits.record })
    }

    fn run(&mut self, emit: &mut dyn FnMut(Cut), last: bool) {
        if self.header.is_none() && !self.take_header(last) {
            return;
        }
        loop {
            if let Some(begin) = self.dropping {
                let Some(end) = memchr(b'\n', &self.buffer) else {
                    self.forget(self.buffer.len());
                    return;
                };
                emit(self.too_large(begin));
                self.dropping = None;
                self.forget(end + 1);
                self.ordinal += 1;
            }
            let from = self.boundary;
            let mut full = false;
            for end in memchr_iter(b'\n', self.buffer.get(from..).unwrap_or_default()) {
                self.lines += 1;
                self.boundary = from + end + 1;
                full = self.lines >= self.limits.records || self.boundary >= self.limits.piece;
                if full {
                    break;
                }
            }
            let too_long = !full && self.buffer.len() - self.boundary > self.limits.record;
            if !full && !too_long {
                return;
            }
            self.emit_piece(self.boundary, emit);
            if too_long {
                self.dropping = Some(self.offset);
            }
        }
    }

    /// Takes the first line that is not blank, if it is a header. False where more bytes are needed.
    fn take_header(&mut self, last: bool) -> bool {
        let mut begin = 0;
        loop {
            let rest = self.buffer.get(begin..).unwrap_or_default();
            let (line, next) = match memchr(b'\n', rest) {
                Some(end) => (rest.get(..end).unwrap_or_default(), begin + end + 1),
                None if last || rest.len() > self.limits.record => (rest, self.buffer.len()),
                None => return false,
            };
            let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
            if line.is_empty() && next < self.buffer.len() {
                begin = next;
                continue;
            }
            self.header = Some((self.is_header)(line).then(|| line.into()));
            if self.header != Some(None) {
                self.forget(next);
            }
            return true;
        }
    }

    /// Drops the first bytes of the buffer, which holds no whole line then.
    fn forget(&mut self, count: usize) {
        self.buffer.drain(..count.min(self.buffer.len()));
        self.offset += count as u64;
        (self.boundary, self.lines) = (0, 0);
    }

    /// Hands on what is before `boundary`.
    fn emit_piece(&mut self, boundary: usize, emit: &mut dyn FnMut(Cut)) {
        let mut next = self.spare.take().unwrap_or_default();
        next.extend_from_slice(self.buffer.get(boundary..).unwrap_or_default());
        let mut bytes = std::mem::replace(&mut self.buffer, next);
        bytes.truncate(boundary);
        let (offset, first_ordinal) = (self.offset, self.ordinal);
        self.offset += boundary as u64;
        self.ordinal += self.lines;
        (self.boundary, self.lines) = (0, 0);
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return self.recycle(bytes);
        }
        let form = Form::Lines(self.header.clone().flatten());
        emit(Cut::Piece(Piece { bytes, first_ordinal, offset, cut_off: false, form }));
    }
}
