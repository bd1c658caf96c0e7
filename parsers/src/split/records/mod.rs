//! The elements of one list in a JSON object: `{"Records":[{…},{…}]}`, or JSON values one behind the other.
//!
//! Around the list a byte-wise reader follows the envelope (other members before and after it, several such
//! objects one after the other); inside the list [`Scanner`] finds where each element ends. Values without a list
//! around them are taken as one list without end: whatever stands between them (newlines, commas, the brackets of
//! lists) only separates.

mod envelope;

use self::envelope::Envelope;
use super::{
    BYTE_ORDER_MARK, Cut, Form, Limits, Piece, SplitProblem,
    scan::{BLOCK, Brackets, Scanner},
};

/// A line that begins with an object.
pub(crate) const NEW_VALUE: &[u8] = b"\n{";

/// Where the cut stands in the JSON.
#[derive(Debug, Clone)]
enum State {
    /// Outside the list.
    Envelope(Envelope),
    /// Inside the list.
    List,
    /// The bytes are no JSON: nothing more is looked at.
    Hopeless,
}

/// Cuts the elements of one list into pieces. Feed it by appending to [`buffer`](Self::buffer) and calling
/// [`advance`](Self::advance); [`finish`](Self::finish) at the end. Memory: a piece, plus one record.
#[derive(Debug)]
pub struct RecordsCutter {
    path: &'static str,
    /// There is no list around the values.
    bare: bool,
    /// Values without a list may follow the object with the list.
    then_bare: bool,
    /// How far an unfinished value was searched for the beginning of another.
    searched: usize,
    limits: Limits,
    state: State,
    scanner: Scanner,
    /// Bytes not yet handed on.
    buffer: Vec<u8>,
    /// Taken as the next buffer, so that big buffers go round instead of being made anew.
    spare: Option<Vec<u8>>,
    /// Byte of the decoded object at which `buffer` begins.
    offset: u64,
    /// How far `buffer` has been looked at.
    seen: usize,
    /// Brackets open inside the list.
    depth: i64,
    /// Where the next piece begins in `buffer`; what stands before it belongs to a dropped record.
    start: usize,
    /// Where the element being read begins in `buffer`.
    element: usize,
    /// One past the last whole element in `buffer`.
    boundary: usize,
    /// Elements that ended so far.
    ordinal: u64,
    /// The ordinal at the beginning of `buffer`.
    first_ordinal: u64,
    /// Decoded byte at which a too large record began; it is being dropped.
    dropping: Option<u64>,
    found: bool,
    /// The list of the object being read was found.
    here: bool,
    anything: bool,
    /// That the envelope is no JSON was told; once is enough.
    malformed: bool,
}

impl RecordsCutter {
    /// A cutter for the list under the top-level key `path`.
    #[must_use]
    pub fn new(path: &'static str, limits: Limits) -> Self {
        Self::begin(path, limits, State::Envelope(Envelope::default()))
    }

    /// As [`Self::new`]; what follows the first object is cut as by [`Self::bare`].
    #[must_use]
    pub fn first_under(path: &'static str, limits: Limits) -> Self {
        Self { then_bare: true, ..Self::new(path, limits) }
    }

    /// A cutter for JSON values one behind the other: by line, without separators, in lists.
    #[must_use]
    pub fn bare(limits: Limits) -> Self {
        Self { bare: true, ..Self::begin("", limits, State::List) }
    }

    fn begin(path: &'static str, limits: Limits, state: State) -> Self {
        Self {
            path,
            bare: false,
            then_bare: false,
            searched: 0,
            limits,
            state,
            scanner: Scanner::default(),
            buffer: Vec::new(),
            spare: None,
            offset: 0,
            seen: 0,
            depth: 0,
            start: 0,
            element: 0,
            boundary: 0,
            ordinal: 0,
            first_ordinal: 0,
            dropping: None,
            found: false,
            here: false,
            anything: false,
            malformed: false,
        }
    }

    /// Takes the first bytes of the object.
    pub(super) fn first(&mut self, bytes: Vec<u8>) {
        self.buffer = bytes;
        if self.bare && self.buffer.starts_with(BYTE_ORDER_MARK) {
            self.forget(BYTE_ORDER_MARK.len());
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
        let end = self.offset + self.buffer.len() as u64;
        match &self.state {
            State::List => {
                if let Some(begin) = self.dropping {
                    emit(Cut::Problem(self.too_large(begin)));
                    self.buffer.clear();
                }
                let cut_off = self.depth > 0 || self.scanner.in_string();
                let mut bytes = std::mem::take(&mut self.buffer);
                bytes.drain(..self.start.min(bytes.len()));
                if bytes.iter().any(|&b| !self.separates(b)) {
                    emit(Cut::Piece(Piece {
                        bytes,
                        first_ordinal: self.first_ordinal,
                        offset: self.offset + self.start as u64,
                        cut_off,
                        form: self.form(),
                    }));
                }
                // Of values without a list the renderer tells which one has no end.
                if !self.bare {
                    emit(Cut::Problem(SplitProblem::Unfinished { offset: end }));
                }
            }
            State::Envelope(envelope) if envelope.depth > 0 => {
                emit(Cut::Problem(SplitProblem::Unfinished { offset: end }));
            }
            State::Envelope(_) if self.anything && !self.found => {
                emit(Cut::Problem(SplitProblem::NoRecords { path: self.path }));
            }
            State::Envelope(_) | State::Hopeless => {}
        }
    }

    fn form(&self) -> Form {
        if self.bare { Form::Values } else { Form::List }
    }

    /// Whether a byte stands only between records.
    fn separates(&self, byte: u8) -> bool {
        byte.is_ascii_whitespace() || byte == b',' || (self.bare && matches!(byte, b'[' | b']'))
    }

    fn too_large(&self, offset: u64) -> SplitProblem {
        SplitProblem::TooLarge { ordinal: self.ordinal, offset, limit: self.limits.record }
    }

    fn run(&mut self, emit: &mut dyn FnMut(Cut), last: bool) {
        loop {
            match self.state {
                State::Envelope(_) => {
                    if !self.envelope(emit, last) {
                        return;
                    }
                }
                State::List => {
                    if !self.list(emit, last) {
                        return;
                    }
                }
                State::Hopeless => {
                    self.forget(self.buffer.len());
                    return;
                }
            }
        }
    }

    /// Drops the first bytes of the buffer.
    fn forget(&mut self, count: usize) {
        self.buffer.drain(..count.min(self.buffer.len()));
        self.offset += count as u64;
        for place in
            [&mut self.seen, &mut self.start, &mut self.element, &mut self.boundary, &mut self.searched]
        {
            *place = place.saturating_sub(count);
        }
    }

    /// What follows is no longer looked at for the list.
    fn begin_bare(&mut self) {
        self.begin_list();
        self.bare = true;
    }

    fn begin_list(&mut self) {
        self.forget(self.seen);
        self.state = State::List;
        self.scanner = Scanner::default();
        self.depth = 0;
        self.first_ordinal = self.ordinal;
    }

    /// Looks for the ends of elements. True when the list ended.
    fn list(&mut self, emit: &mut dyn FnMut(Cut), last: bool) -> bool {
        loop {
            self.inside();
            let rest = self.buffer.get(self.seen..).unwrap_or_default();
            let (block, len) = match rest.first_chunk::<BLOCK>() {
                Some(block) => (*block, BLOCK),
                None if last && !rest.is_empty() => {
                    let mut block = [b' '; BLOCK];
                    for (to, from) in block.iter_mut().zip(rest) {
                        *to = *from;
                    }
                    (block, rest.len())
                }
                None => break,
            };
            let brackets = self.scanner.block(&block);
            let closes = i64::from(brackets.close.count_ones());
            if self.depth > closes {
                self.depth += i64::from(brackets.open.count_ones()) - closes;
            } else if let Some(end) = self.ends(brackets, emit) {
                self.end_list(end, emit);
                return true;
            }
            self.seen += len;
            self.bound(emit);
            if self.ordinal - self.first_ordinal >= self.limits.records {
                self.emit_piece(emit);
            }
        }
        self.hand_on(emit);
        false
    }

    /// Goes over whole blocks in which no element can end, as long as the record is within its limit: most of
    /// all blocks, so nothing else is looked at meanwhile.
    #[inline]
    fn inside(&mut self) {
        if self.dropping.is_some() {
            return;
        }
        let limit = self.element.saturating_add(self.limits.record);
        let look = self.element.max(self.searched).saturating_add(self.limits.piece);
        let limit = if self.bare { limit.min(look) } else { limit }.min(self.buffer.len());
        let (blocks, _) = self.buffer.get(self.seen..limit).unwrap_or_default().as_chunks::<BLOCK>();
        let (mut scanner, mut depth, mut seen) = (self.scanner, self.depth, self.seen);
        for block in blocks {
            let mut ahead = scanner;
            let brackets = ahead.block(block);
            let closes = i64::from(brackets.close.count_ones());
            if depth <= closes {
                break;
            }
            scanner = ahead;
            depth += i64::from(brackets.open.count_ones()) - closes;
            seen += BLOCK;
        }
        (self.scanner, self.depth, self.seen) = (scanner, depth, seen);
    }

    /// Follows the brackets of a block in which elements may end. Gives the position of the list's own end.
    fn ends(&mut self, brackets: Brackets, emit: &mut dyn FnMut(Cut)) -> Option<usize> {
        let mut left = brackets.open | brackets.close;
        while left != 0 {
            let bit = left.trailing_zeros();
            left &= left - 1;
            let at = self.seen + bit as usize;
            let bracket = self.buffer.get(at).copied();
            if self.bare && self.depth == 0 && bracket != Some(b'{') {
                // A list around values, or a bracket too many: both only separate.
                continue;
            }
            if brackets.open >> bit & 1 == 1 {
                if self.depth == 0 {
                    self.element = at;
                    if let Some(begin) = self.dropping.take() {
                        // What was too large was no container; it took no ordinal.
                        emit(Cut::Problem(self.too_large(begin)));
                        self.start = at;
                        self.boundary = at;
                        self.first_ordinal = self.ordinal;
                    }
                }
                self.depth += 1;
            } else {
                self.depth -= 1;
                if self.depth < 0 && bracket == Some(b'}') {
                    // One too many of the element before: no list ends with it.
                    self.depth = 0;
                    continue;
                }
                if self.depth < 0 {
                    return Some(at);
                }
                if self.depth == 0 {
                    if let Some(begin) = self.dropping.take() {
                        emit(Cut::Problem(self.too_large(begin)));
                        self.start = at + 1;
                        self.first_ordinal = self.ordinal + 1;
                    }
                    self.ordinal += 1;
                    self.boundary = at + 1;
                }
            }
        }
        None
    }

    /// Hands on what is left of the list; `end` is its closing bracket.
    fn end_list(&mut self, end: usize, emit: &mut dyn FnMut(Cut)) {
        if let Some(begin) = self.dropping.take() {
            emit(Cut::Problem(self.too_large(begin)));
            self.forget(end);
        } else {
            self.boundary = end;
            self.emit_piece(emit);
        }
        // Either way the closing bracket is now the first byte of the buffer.
        self.seen = 1;
        self.state = State::Envelope(Envelope::inside());
    }

    /// Keeps the buffer within the limit of one record.
    fn bound(&mut self, emit: &mut dyn FnMut(Cut)) {
        if self.dropping.is_some() {
            self.forget(self.seen);
            return;
        }
        let begin = if self.depth > 0 { self.element } else { self.boundary };
        if self.bare && self.seen.saturating_sub(begin.max(self.searched)) >= self.limits.piece {
            self.begin_again(begin, emit);
        }
        let begin = if self.depth > 0 { self.element } else { self.boundary };
        if self.seen.saturating_sub(begin) > self.limits.record {
            self.boundary = begin;
            self.emit_piece(emit);
            self.dropping = Some(self.offset);
            self.forget(self.seen);
        }
    }

    /// A value that goes on for a piece and more may be one whose end is missing, so that those behind it seem to be in
    /// it. Where a line begins with an object, a new value is taken to begin: nothing of the usual is written so
    /// inside a value.
    fn begin_again(&mut self, begin: usize, emit: &mut dyn FnMut(Cut)) {
        self.searched = self.seen;
        let value = self.buffer.get(begin..self.seen).unwrap_or_default();
        // Each line that seemed to be in it counts as the renderer will count it.
        let lines = memchr::memmem::find_iter(value, NEW_VALUE);
        let Some((count, last)) = (1..).zip(lines).last() else { return };
        self.boundary = begin + last + 1;
        self.seen = self.boundary;
        self.scanner = Scanner::default();
        self.depth = 0;
        self.ordinal += count;
        self.emit_piece(emit);
    }

    /// Hands on the whole elements in the buffer once they are enough.
    fn hand_on(&mut self, emit: &mut dyn FnMut(Cut)) {
        if self.boundary >= self.limits.piece {
            self.emit_piece(emit);
        }
    }

    /// Hands on everything from `start` to `boundary`; the buffer begins at `boundary` then.
    fn emit_piece(&mut self, emit: &mut dyn FnMut(Cut)) {
        let (start, boundary) = (self.start, self.boundary);
        let mut next = self.spare.take().unwrap_or_default();
        next.extend_from_slice(self.buffer.get(boundary..).unwrap_or_default());
        let mut bytes = std::mem::replace(&mut self.buffer, next);
        bytes.truncate(boundary);
        bytes.drain(..start.min(boundary));
        let offset = self.offset + start as u64;
        self.offset += boundary as u64;
        for place in
            [&mut self.seen, &mut self.start, &mut self.element, &mut self.boundary, &mut self.searched]
        {
            *place = place.saturating_sub(boundary);
        }
        let first_ordinal = std::mem::replace(&mut self.first_ordinal, self.ordinal);
        if bytes.iter().any(|&b| !self.separates(b)) {
            emit(Cut::Piece(Piece { bytes, first_ordinal, offset, cut_off: false, form: self.form() }));
        } else {
            self.recycle(bytes);
        }
    }
}
