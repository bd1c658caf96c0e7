//! Lines of text behind a header.

use std::sync::Arc;

use memchr::{memchr, memchr_iter};

use super::{BYTE_ORDER_MARK, Cut, Form, Limits, Piece, SplitProblem};

/// What is to be done next.
enum Found {
    /// More bytes are needed.
    Nothing,
    /// The lines are enough for a piece.
    Enough,
    /// The line behind them is longer than the limit.
    TooLong,
    /// The line behind them is another header of this length.
    Header(usize),
}

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
            match self.look() {
                Found::Nothing => return,
                Found::Enough => self.emit_piece(self.boundary, emit),
                Found::TooLong => {
                    self.emit_piece(self.boundary, emit);
                    self.dropping = Some(self.offset);
                }
                Found::Header(end) => {
                    self.emit_piece(self.boundary, emit);
                    let line = self.buffer.get(..end).unwrap_or_default().trim_ascii();
                    self.header = Some(Some(line.into()));
                    self.forget(end + 1);
                    self.ordinal += 1;
                }
            }
        }
    }

    /// Goes over the whole lines that follow, until something is to be done.
    fn look(&mut self) -> Found {
        let from = self.boundary;
        let rest = self.buffer.get(from..).unwrap_or_default();
        for end in memchr_iter(b'\n', rest) {
            let line = self.buffer.get(self.boundary..from + end).unwrap_or_default();
            if line.len() > self.limits.record {
                return Found::TooLong;
            }
            // Of another object that was put behind the first: other columns from here on.
            if line.first().is_some_and(u8::is_ascii_alphabetic) && self.is_other_header(line) {
                return Found::Header(line.len());
            }
            self.lines += 1;
            self.boundary = from + end + 1;
            if self.lines >= self.limits.records || self.boundary >= self.limits.piece {
                return Found::Enough;
            }
        }
        let line = self.buffer.len() - self.boundary;
        if line > self.limits.record { Found::TooLong } else { Found::Nothing }
    }

    fn is_other_header(&self, line: &[u8]) -> bool {
        let line = line.trim_ascii();
        let known = self.header.as_ref().and_then(Option::as_deref);
        known.is_some_and(|known| known != line) && (self.is_header)(line)
    }

    /// Takes the first line that is not blank, if it is a header. False where more bytes are needed.
    fn take_header(&mut self, last: bool) -> bool {
        if self.offset == 0 && self.buffer.starts_with(BYTE_ORDER_MARK) {
            self.forget(BYTE_ORDER_MARK.len());
        }
        let mut begin = 0;
        loop {
            let rest = self.buffer.get(begin..).unwrap_or_default();
            let (line, next) = match memchr(b'\n', rest) {
                Some(end) => (rest.get(..end).unwrap_or_default(), begin + end + 1),
                None if last || rest.len() > self.limits.record => (rest, self.buffer.len()),
                None => return false,
            };
            let line = line.trim_ascii();
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
