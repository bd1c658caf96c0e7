//! Pieces to documents: what the threads of the pool do.

use std::borrow::Cow;

use crate::{
    document::{ObjectContext, Poison, RecordProblem, Rendered, utf8},
    json::{
        tape::{JsonError, Kind, Tape},
        write::Record,
    },
    source::{LogType, Place, Writer},
    split::Piece,
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
}

impl Renderer {
    /// A renderer for a log type.
    #[must_use]
    pub fn new(log_type: &LogType) -> Self {
        Self { tape: Tape::default(), writer: (log_type.writer)() }
    }

    /// Renders a piece. Documents are appended to `out`; whenever it holds `chunk` bytes or more, and at the
    /// end, `full` is called and must take what is in it. One document is never split.
    pub fn render(
        &mut self,
        piece: &Piece,
        object: &ObjectContext,
        chunk: usize,
        out: &mut Rendered,
        full: &mut dyn FnMut(&mut Rendered),
    ) {
        let valid = std::str::from_utf8(&piece.bytes).is_ok();
        let mut cursor = Cursor { bytes: &piece.bytes, at: 0 };
        let mut ordinal = piece.first_ordinal;
        while let Some(first) = cursor.next_value() {
            let at = cursor.at;
            let offset = piece.offset + at as u64;
            let problem = |problem| RecordProblem { ordinal, offset, problem };
            if !matches!(first, b'{' | b'[') {
                cursor.skip_scalar();
                out.problems.push(problem(Poison::NotAnObject));
                continue;
            }
            match self.tape.read(&piece.bytes, at) {
                Ok(end) if self.tape.get(0).is_some_and(|n| n.kind == Kind::Object) => {
                    cursor.at = end;
                    let place = Place { object, ordinal };
                    let text = if valid { None } else { piece.bytes.get(at..end).map(utf8) };
                    if let Some(Cow::Owned(text)) = text {
                        out.invalid_utf8 += 1;
                        match self.tape.read(&text, 0) {
                            Ok(_) => self.writer.write(Record { json: &text, tape: &self.tape }, place, out),
                            Err(error) => out.problems.push(problem(Poison::Json(error))),
                        }
                    } else {
                        self.writer.write(Record { json: &piece.bytes, tape: &self.tape }, place, out);
                    }
                }
                Ok(end) => {
                    cursor.at = end;
                    out.problems.push(problem(Poison::NotAnObject));
                }
                Err(error) => {
                    let whole = cursor.skip_container();
                    let at = error.at.saturating_sub(at);
                    let error = Poison::Json(JsonError { at, ..error });
                    let cut_off = !whole && piece.cut_off;
                    out.problems.push(problem(if cut_off { Poison::CutOff } else { error }));
                }
            }
            ordinal += 1;
            if out.bytes.len() >= chunk {
                full(out);
            }
        }
        if !out.is_empty() || out.invalid_utf8 > 0 {
            full(out);
        }
    }
}

impl Cursor<'_> {
    /// Goes to the next value: its first byte.
    fn next_value(&mut self) -> Option<u8> {
        let rest = self.bytes.get(self.at..)?;
        let skip = rest.iter().position(|b| !matches!(b, b' ' | b'\n' | b'\r' | b'\t' | b','))?;
        self.at += skip;
        self.bytes.get(self.at).copied()
    }

    /// Goes behind a container that is no JSON, by its brackets alone, as the cutter does. False where its end
    /// is missing.
    fn skip_container(&mut self) -> bool {
        let mut depth = 0usize;
        self.walk(|byte, _| {
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && matches!(byte, b'}' | b']')
        })
    }

    /// Goes behind a value that is no container: to the next comma or opening bracket outside strings.
    fn skip_scalar(&mut self) {
        let start = self.at;
        if self.walk(|byte, at| matches!(byte, b',') || (at > start && matches!(byte, b'{' | b'['))) {
            // Stops on that byte, not behind it.
            self.at -= 1;
        }
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
