//! Pieces to documents: what the threads of the pool do.

use std::borrow::Cow;

use crate::{
    document::{ObjectContext, Out, Poison, Rendered, utf8},
    json::{
        tape::{JsonError, Kind, Tape},
        write::Record,
    },
    source::{Line, LogType, Place, Writer},
    split::{Form, Piece, records::NEW_VALUE},
};

/// Renders pieces of one log type. One a thread: it keeps its buffers from piece to piece.
pub struct Renderer {
    tape: Tape,
    writer: Box<dyn Writer>,
}

impl std::fmt::Debug for Renderer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Renderer").finish_non_exhaustive()
    }
}

/// Where the next record of a piece is.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Values without a list: lists between them only separate, and one whose end is missing ends where a line begins
    /// with another.
    values: bool,
    /// Where the next line ends, as far as it was looked for: the end of the bytes where there is no more.
    line: Option<usize>,
    /// Where the next line begins with an object, as far as it was looked for: the end of the bytes where none does.
    next: Option<usize>,
    /// Bytes gone over behind broken values.
    work: usize,
}

/// Lines handed to the writer at a time.
const LINES: usize = 16;

/// How often the bytes of a piece are gone over at most to find the ends of broken values. What is behind them is one
/// problem then. Values as they are written need once; what an attacker makes up could need its length.
const PATIENCE: usize = 64;

impl Renderer {
    /// A renderer for a log type.
    #[must_use]
    pub fn new(log_type: &LogType) -> Self {
        Self { tape: Tape::default(), writer: (log_type.writer)() }
    }

    /// Renders a piece. Documents are appended to `out`; whenever it holds `chunk` bytes or more, and at the
    /// end, `full` is called and must take what is in it. The items of one record are never handed on apart.
    pub fn render(
        &mut self,
        piece: &Piece,
        object: &ObjectContext,
        chunk: usize,
        out: &mut Rendered,
        full: &mut dyn FnMut(&mut Rendered),
    ) {
        let mut out = Out::new(out, chunk, full);
        match &piece.form {
            Form::List | Form::Values => self.json(piece, object, &mut out),
            Form::Lines(header) => self.lines(piece, header.as_deref(), object, &mut out),
        }
        out.finish();
    }

    fn lines(&mut self, piece: &Piece, header: Option<&[u8]>, object: &ObjectContext, out: &mut Out<'_>) {
        let valid = simdutf8::basic::from_utf8(&piece.bytes).is_ok();
        let (mut begin, mut ordinal) = (0, piece.first_ordinal);
        let mut lines = Vec::with_capacity(LINES);
        while let Some(rest) = piece.bytes.get(begin..).filter(|rest| !rest.is_empty()) {
            let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest.get(..len).unwrap_or_default().trim_ascii();
            let offset = piece.offset + begin as u64;
            let text = if valid { Cow::Borrowed(line) } else { utf8(line) };
            // A header that comes again is that of another object put behind the first.
            if !text.is_empty() && header != Some(&*text) {
                lines.push(Line { text, ordinal, offset, end: offset + len as u64 });
            }
            begin += len + 1;
            ordinal += 1;
            if lines.len() == LINES {
                self.writer.lines(&lines, header, object, out);
                lines.clear();
            }
        }
        self.writer.lines(&lines, header, object, out);
    }

    fn json(&mut self, piece: &Piece, object: &ObjectContext, out: &mut Out<'_>) {
        let valid = simdutf8::basic::from_utf8(&piece.bytes).is_ok();
        let values = piece.form == Form::Values;
        let mut cursor = Cursor { bytes: &piece.bytes, at: 0, values, line: None, next: None, work: 0 };
        let mut ordinal = piece.first_ordinal;
        while let Some(first) = cursor.next_value() {
            let at = cursor.at;
            let offset = piece.offset + at as u64;
            if !matches!(first, b'{' | b'[') {
                cursor.skip_scalar();
                out.end = piece.offset + cursor.at as u64;
                out.problem(ordinal, offset, Poison::NotAnObject);
                out.record_done();
                continue;
            }
            match self.tape.read(&piece.bytes, at) {
                Ok(end) if self.tape.get(0).is_some_and(|n| n.kind == Kind::Object) => {
                    cursor.at = end;
                    out.end = piece.offset + end as u64;
                    let seed = if values { offset } else { ordinal };
                    let place = Place { object, ordinal, offset, part: None, seed };
                    let text = if valid { None } else { piece.bytes.get(at..end).map(utf8) };
                    if let Some(Cow::Owned(text)) = text {
                        out.rendered.invalid_utf8 += 1;
                        match self.tape.read(&text, 0) {
                            Ok(_) => self.writer.json(Record { json: &text, tape: &self.tape }, place, out),
                            Err(error) => out.problem(ordinal, offset, Poison::Json(error)),
                        }
                    } else {
                        self.writer.json(Record { json: &piece.bytes, tape: &self.tape }, place, out);
                    }
                }
                Ok(end) => {
                    cursor.at = end;
                    out.end = piece.offset + end as u64;
                    out.problem(ordinal, offset, Poison::NotAnObject);
                    out.record_done();
                }
                Err(error) => {
                    let whole = cursor.skip_container();
                    out.end = piece.offset + cursor.at as u64;
                    let at = error.at.saturating_sub(at);
                    let error = Poison::Json(JsonError { at, ..error });
                    let cut_off = !whole && piece.cut_off;
                    out.problem(ordinal, offset, if cut_off { Poison::CutOff } else { error });
                    out.record_done();
                }
            }
            ordinal += 1;
        }
    }
}

impl Cursor<'_> {
    /// Goes to the next value: its first byte.
    fn next_value(&mut self) -> Option<u8> {
        let rest = self.bytes.get(self.at..)?;
        let between = |b: u8| {
            matches!(b, b' ' | b'\n' | b'\r' | b'\t' | b',') || (self.values && matches!(b, b'[' | b']'))
        };
        let skip = rest.iter().position(|&b| !between(b))?;
        self.at += skip;
        self.bytes.get(self.at).copied()
    }

    /// Goes behind a container that is no JSON: by its brackets alone, as the cutter does; among values without a list
    /// not beyond a line that begins with the next. False where its end is missing and nothing follows.
    fn skip_container(&mut self) -> bool {
        let (all, begin) = (self.bytes, self.at);
        // Looked for once a line, however many values stand in it.
        let line = self.values.then(|| {
            self.next.filter(|&next| next > begin).unwrap_or_else(|| {
                let behind = all.get(begin..).unwrap_or_default();
                memchr::memmem::find(behind, NEW_VALUE).map_or(all.len(), |line| begin + line + 1)
            })
        });
        self.next = line;
        self.bytes = line.and_then(|end| all.get(..end)).unwrap_or(all);
        let mut depth = 0usize;
        let whole = self.work <= all.len().saturating_mul(PATIENCE)
            && self.walk(|byte, _| {
                match byte {
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                depth == 0 && matches!(byte, b'}' | b']')
            });
        if !whole {
            self.at = self.bytes.len();
        }
        self.bytes = all;
        self.work += self.at - begin;
        whole || line.is_some_and(|line| line < all.len())
    }

    /// Goes behind a value that is no container: to the next comma or opening bracket outside strings; among values
    /// without a list also to the end of the line.
    fn skip_scalar(&mut self) {
        let (all, start) = (self.bytes, self.at);
        if self.values {
            // Looked for once a line, however many scalars stand in it.
            let line = self.line.filter(|&end| end >= start).unwrap_or_else(|| {
                let behind = all.get(start..).unwrap_or_default();
                start + memchr::memchr(b'\n', behind).unwrap_or(behind.len())
            });
            self.line = Some(line);
            self.bytes = all.get(..line).unwrap_or(all);
        }
        if self.walk(|byte, at| byte == b',' || (at > start && matches!(byte, b'{' | b'['))) {
            // Stops on that byte, not behind it.
            self.at -= 1;
        }
        self.bytes = all;
    }

    /// Walks over bytes outside strings until `stop` says so, and goes behind that byte; false at the end.
    fn walk(&mut self, mut stop: impl FnMut(u8, usize) -> bool) -> bool {
        let (mut in_string, mut escaped) = (false, false);
        while let Some(&byte) = self.bytes.get(self.at) {
            let at = self.at;
            self.at += 1;
            // As the scanner of the cut has it: a backslash counts outside strings, too.
            let quote = byte == b'"' && !escaped;
            escaped = !escaped && byte == b'\\';
            if quote {
                in_string = !in_string;
            } else if !in_string && stop(byte, at) {
                return true;
            }
        }
        false
    }
}
