//! Reading one value into the tape.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use super::{
    keys::{self, Look, Names, Seen},
    number,
    tape::{
        CONTROL, DIRTY, DOTTED, EMPTY, ESCAPED, FLAT_DEPTH, JsonError, Kind, LONG_TEXT, MAX_DEPTH, MAX_NODES,
        Node, PATH_ROOM, SHADOWED, Tape,
    },
    text,
};

/// An object or array whose end has not been seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    node: usize,
    object: bool,
    flags: u8,
    /// Members or elements that will be written.
    kept: u32,
    /// All elements; for `['']`, which counts as empty.
    all: u32,
    /// The names seen.
    seen: Seen,
    /// It has keys that need another name.
    odd: bool,
}

/// See [`Tape::read`].
pub(super) fn read(tape: &mut Tape, json: &[u8], from: usize) -> Result<usize, JsonError> {
    tape.nodes.clear();
    tape.stack.clear();
    tape.names.clear();
    Reader { tape, json, at: from, seen_space: false, names: Vec::new() }.value()
}

/// Reading in progress.
struct Reader<'t, 'j> {
    tape: &'t mut Tape,
    json: &'j [u8],
    at: usize,
    /// White space since the last container began or ended: then its bytes are not copied as they stand.
    seen_space: bool,
    /// The names of those objects around this place that have many.
    names: Vec<Names<'j>>,
}

impl<'j> Reader<'_, 'j> {
    #[inline]
    fn fail<T>(&self, what: &'static str) -> Result<T, JsonError> {
        Err(JsonError { what, at: self.at })
    }

    /// The next byte that is not white space, without taking it.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        match self.json.get(self.at) {
            // All white space is below; so is nothing else that JSON has outside strings.
            Some(&byte) if byte > b' ' => Some(byte),
            _ => self.peek_behind_space(),
        }
    }

    #[inline(never)]
    fn peek_behind_space(&mut self) -> Option<u8> {
        loop {
            match self.json.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => {
                    self.seen_space = true;
                    self.at += 1;
                }
                other => return other.copied(),
            }
        }
    }

    #[inline]
    fn push(&mut self, start: usize, end: usize, kind: Kind, flags: u8) {
        let next = self.tape.nodes.len() as u32 + 1;
        self.tape.nodes.push(Node { start: start as u32, end: end as u32, next, tag: 0, kind, flags });
    }

    fn value(&mut self) -> Result<usize, JsonError> {
        // Offsets are 32 bits; callers bound records far below that.
        if u32::try_from(self.json.len()).is_err() {
            return self.fail("more than 4 GiB");
        }
        loop {
            // One value: a container is opened, anything else is read whole.
            let first = self.peek();
            match first {
                Some(b'"') => {
                    let (start, end, flags) = self.string()?;
                    let flags = string_flags(self.json.get(start..end).unwrap_or_default(), flags);
                    self.push(start, end, Kind::String, flags);
                    self.account(flags);
                }
                Some(open @ (b'{' | b'[')) => {
                    if self.tape.stack.len() > MAX_DEPTH {
                        self.opaque()?;
                        self.account(DIRTY);
                    } else {
                        self.open(open == b'{');
                        let close = if open == b'{' { b'}' } else { b']' };
                        if self.peek() == Some(close) {
                            self.close();
                        } else {
                            if open == b'{' {
                                self.key()?;
                            }
                            continue;
                        }
                    }
                }
                Some(b'-' | b'0'..=b'9' | b'N' | b'I') => self.number()?,
                Some(b't') => self.literal(b"true", Kind::True)?,
                Some(b'f') => self.literal(b"false", Kind::False)?,
                Some(b'n') => self.literal(b"null", Kind::Null)?,
                Some(_) => return self.fail("unexpected character"),
                None => return self.fail("unexpected end"),
            }
            // What follows a value: more of the same container, or its end.
            loop {
                let Some(frame) = self.tape.stack.last() else { return Ok(self.at) };
                let object = frame.object;
                if self.tape.nodes.len() > MAX_NODES {
                    return self.fail("more than 1,048,576 values");
                }
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        if object {
                            self.key()?;
                        }
                        break;
                    }
                    Some(b'}') if object => self.close(),
                    Some(b']') if !object => self.close(),
                    Some(_) => return self.fail("expected a comma or the end of the container"),
                    None => return self.fail("unexpected end"),
                }
            }
        }
    }

    /// Takes a string; `at` is on its opening quote. Gives the range inside the quotes and its flags.
    #[inline]
    fn string(&mut self) -> Result<(usize, usize, u8), JsonError> {
        let start = self.at + 1;
        let mut flags = 0;
        let mut at = start;
        loop {
            let Some(end) = text::find_special(self.json, at) else {
                self.at = self.json.len();
                return self.fail("string without end");
            };
            match self.json.get(end) {
                Some(b'"') => {
                    self.at = end + 1;
                    if flags & ESCAPED != 0
                        && !text::escapes_are_valid(self.json.get(start..end).unwrap_or_default())
                    {
                        return self.fail("invalid escape in the string that ends");
                    }
                    return Ok((start, end, flags));
                }
                Some(b'\\') => {
                    flags |= ESCAPED;
                    at = end + 2;
                }
                _ => {
                    flags |= CONTROL | DIRTY;
                    at = end + 1;
                }
            }
        }
    }

    /// Takes a key and its colon.
    #[inline]
    fn key(&mut self) -> Result<(), JsonError> {
        if self.peek() != Some(b'"') {
            return self.fail("expected a key");
        }
        let (start, end, tag, flags) = match text::find_plain_key(self.json, self.at + 1) {
            Some((end, tag)) => {
                let start = self.at + 1;
                self.at = end + 1;
                (start, end, tag, 0)
            }
            None => self.odd_key()?,
        };
        if self.peek() != Some(b':') {
            return self.fail("expected a colon");
        }
        self.at += 1;
        let node = self.tape.nodes.len();
        let next = node as u32 + 1;
        let (start, end) = (start as u32, end as u32);
        self.tape.nodes.push(Node { start, end, next, tag, kind: Kind::Key, flags });
        let Some(frame) = self.tape.stack.last_mut() else { return Ok(()) };
        frame.flags |= flags & DIRTY;
        frame.odd |= flags & DIRTY != 0;
        match frame.seen.add(tag, flags & ESCAPED != 0) {
            Look::None => {}
            Look::Members => self.shadow_by_members(node),
            Look::Table => self.shadow_by_table(node),
        }
        Ok(())
    }

    /// Takes a key that is long, or the last in the bytes, or not plain.
    #[inline(never)]
    fn odd_key(&mut self) -> Result<(usize, usize, u16, u8), JsonError> {
        let (start, end, flags) = self.string()?;
        let name = self.json.get(start..end).unwrap_or_default();
        let dotted = memchr::memchr(b'.', name).is_some();
        let odd = flags & ESCAPED != 0 || !keys::is_plain(name, dotted);
        let flags = flags | if dotted { DOTTED } else { 0 } | if odd { DIRTY } else { 0 };
        Ok((start, end, keys::tag(name), flags))
    }

    /// Marks the earlier member of the same object that has the key of `node`, by going through all of them.
    #[inline(never)]
    fn shadow_by_members(&mut self, node: usize) {
        let Some(begin) = self.tape.stack.last().map(|frame| frame.node + 1) else { return };
        let Some(new) = self.tape.nodes.get(node).copied() else { return };
        let inside = |key: &Node| inside(self.json, key);
        let same = |key: &Node| {
            (key.tag == new.tag && keys::same(inside(key), inside(&new)))
                || ((key.flags | new.flags) & ESCAPED != 0
                    && text::unescape(inside(key)) == text::unescape(inside(&new)))
        };
        let mut at = begin;
        while at < node {
            let (Some(key), Some(value)) = (self.tape.nodes.get(at), self.tape.nodes.get(at + 1)) else {
                break;
            };
            // There is one at most: a twin before it was marked when that one came.
            if !key.is(SHADOWED) && same(key) {
                return self.shadow(at);
            }
            at = value.next as usize;
        }
    }

    /// As [`Self::shadow_by_members`] for an object with many members: by a table of their names.
    #[cold]
    fn shadow_by_table(&mut self, node: usize) {
        let depth = self.tape.stack.len();
        if self.names.last().is_none_or(|names| names.depth != depth) {
            let mut names = Names::new(depth);
            let mut at = self.tape.stack.last().map_or(node, |frame| frame.node + 1);
            while at < node {
                let (Some(key), Some(value)) = (self.tape.nodes.get(at), self.tape.nodes.get(at + 1)) else {
                    break;
                };
                names.replace(inside(self.json, key), key.is(ESCAPED), at);
                at = value.next as usize;
            }
            self.names.push(names);
        }
        let (Some(names), Some(key)) = (self.names.last_mut(), self.tape.nodes.get(node)) else { return };
        if let Some(twin) = names.replace(inside(self.json, key), key.is(ESCAPED), node) {
            self.shadow(twin);
        }
    }

    /// Marks a key as one that comes again.
    fn shadow(&mut self, key: usize) {
        let kept = self.tape.nodes.get(key + 1).is_some_and(|value| !value.is(EMPTY));
        if let Some(key) = self.tape.nodes.get_mut(key) {
            key.flags |= SHADOWED;
        }
        if let Some(frame) = self.tape.stack.last_mut() {
            frame.flags |= DIRTY;
            frame.kept = frame.kept.saturating_sub(u32::from(kept));
        }
    }

    /// Finds names for the odd keys of an object that just ended: the one of [`keys::plain_name`], with a number
    /// where it is taken.
    #[cold]
    fn name_odd_keys(&mut self, frame: &Frame) {
        let mut taken = HashSet::new();
        let mut odd = Vec::new();
        let mut at = frame.node + 1;
        while let (Some(key), Some(value)) = (self.tape.nodes.get(at), self.tape.nodes.get(at + 1)) {
            let name = inside(self.json, key);
            if key.is(DIRTY) && !key.is(SHADOWED) {
                odd.push((at as u32, keys::plain_name(&text::unescape(name))));
            } else if !key.is(SHADOWED) {
                taken.insert(Cow::Borrowed(name));
            }
            at = value.next as usize;
        }
        let mut numbers: HashMap<String, u32> = HashMap::new();
        for (key, plain) in odd {
            let mut name = plain.clone();
            while !taken.insert(Cow::Owned(name.clone().into_bytes())) {
                let number = numbers.entry(plain.clone()).or_insert(1);
                *number += 1;
                name = format!("{plain}_{number}");
            }
            self.tape.names.insert(key, name);
        }
    }

    #[inline]
    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        let rest = self.json.get(start..).unwrap_or_default();
        if let [b'N' | b'I', ..] | [b'-', b'I', ..] = rest {
            return self.no_number(rest);
        }
        let len = rest
            .iter()
            .position(|b| !matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
            .unwrap_or(rest.len());
        let digits = rest.get(..len).unwrap_or_default();
        if !number::is_json_number(digits) {
            return self.fail("invalid number");
        }
        self.at += len;
        // OpenSearch refuses integers beyond 64 bits and doubles beyond 1.8e308 (that item
        // is answered 400). Eighteen digits always fit.
        let flags = if number::fits(digits) { 0 } else { DIRTY };
        self.push(start, self.at, if flags == 0 { Kind::Number } else { Kind::Opaque }, flags);
        self.account(flags);
        Ok(())
    }

    /// Takes what Python's writer makes of a double that is no number.
    #[cold]
    fn no_number(&mut self, rest: &[u8]) -> Result<(), JsonError> {
        let start = self.at;
        for word in [&b"NaN"[..], b"Infinity", b"-Infinity"] {
            if rest.starts_with(word) {
                self.at += word.len();
                self.push(start, self.at, Kind::Opaque, DIRTY);
                self.account(DIRTY);
                return Ok(());
            }
        }
        self.fail("invalid number")
    }

    #[inline]
    fn literal(&mut self, word: &'static [u8], kind: Kind) -> Result<(), JsonError> {
        if !self.json.get(self.at..).unwrap_or_default().starts_with(word) {
            return self.fail("unexpected character");
        }
        let start = self.at;
        self.at += word.len();
        let flags = if kind == Kind::Null { EMPTY } else { 0 };
        self.push(start, self.at, kind, flags);
        self.account(flags);
        Ok(())
    }

    /// Takes a container that is too deep as one value: only its brackets are counted.
    #[cold]
    fn opaque(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        let mut depth = 0usize;
        while let Some(&byte) = self.json.get(self.at) {
            match byte {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                self.push(start, self.at, Kind::Opaque, DIRTY);
                return Ok(());
            }
        }
        self.fail("unexpected end")
    }

    #[inline]
    fn open(&mut self, object: bool) {
        let flags = if std::mem::take(&mut self.seen_space) { DIRTY } else { 0 };
        let deep = if self.tape.stack.len() >= FLAT_DEPTH { DIRTY } else { 0 };
        // White space before a container makes the one around it unfit for copying, not this one.
        if let Some(parent) = self.tape.stack.last_mut() {
            parent.flags |= flags;
        }
        let node = self.tape.nodes.len();
        self.push(self.at, self.at, if object { Kind::Object } else { Kind::Array }, 0);
        let seen = Seen::default();
        self.tape.stack.push(Frame { node, object, flags: deep, kept: 0, all: 0, seen, odd: false });
        self.at += 1;
    }

    #[inline]
    fn close(&mut self) {
        self.at += 1;
        let depth = self.tape.stack.len();
        if self.names.last().is_some_and(|names| names.depth == depth) {
            self.names.pop();
        }
        let Some(frame) = self.tape.stack.pop() else { return };
        if frame.odd {
            self.name_odd_keys(&frame);
        }
        let mut flags = frame.flags;
        if std::mem::take(&mut self.seen_space) {
            flags |= DIRTY;
        }
        if frame.kept == 0 {
            flags |= EMPTY;
        }
        let next = self.tape.nodes.len() as u32;
        // `['']` counts as empty, `[null]` and `['', '']` do not (es-loader's rule).
        if !frame.object && frame.all == 1 {
            let only = self.tape.nodes.get(frame.node + 1);
            if only.is_some_and(|n| n.kind == Kind::String && n.start == n.end) {
                flags |= EMPTY;
            }
        }
        if let Some(node) = self.tape.nodes.get_mut(frame.node) {
            node.end = self.at as u32;
            node.next = next;
            node.flags = flags;
        }
        self.account(flags);
    }

    /// Tells the container around a value that was just read about it.
    #[inline]
    fn account(&mut self, flags: u8) {
        let Some(frame) = self.tape.stack.last_mut() else { return };
        frame.all += 1;
        frame.flags |= flags & DIRTY;
        if frame.object {
            if flags & EMPTY == 0 {
                frame.kept += 1;
            } else {
                frame.flags |= DIRTY;
            }
        } else {
            // Elements stay, whatever they are.
            frame.kept += 1;
        }
    }
}

/// The name of a key as written.
#[inline]
fn inside<'j>(json: &'j [u8], key: &Node) -> &'j [u8] {
    json.get(key.start as usize..key.end as usize).unwrap_or_default()
}

/// The flags of a string from its inside: values that es-loader drops, and those that must be cut.
#[inline]
fn string_flags(inside: &[u8], flags: u8) -> u8 {
    match inside.len() {
        0 => flags | EMPTY,
        1 if inside == b"-" => flags | EMPTY,
        2 if inside == b"[]" => flags | EMPTY,
        4 if inside == b"null" => flags | EMPTY,
        // Room for the path in front of the value, which counts too in a `flat_object`.
        len if len > LONG_TEXT - PATH_ROOM => flags | DIRTY,
        _ => flags,
    }
}
