//! The tape: every value of one record in document order, with its place in the bytes.
//!
//! Reading is strict about structure (what is accepted here is valid JSON once written back) and lenient where a
//! log would otherwise be lost: raw control characters in strings, `NaN` and `Infinity`, a key that comes twice
//! (the last one counts, as in Python). Containers deeper than [`MAX_DEPTH`] become one opaque value.

use super::text;

/// How many containers may be nested below the record itself before the rest is taken as text.
///
/// OpenSearch keeps up to some 990 levels where a mapping is `dynamic: false`, and es-loader writes them as they
/// are; what is deeper is no log.
pub const MAX_DEPTH: usize = 400;

/// How many containers may be nested below a value of `siem.flat` before the rest is taken as text: together
/// with the fields above it (`siem.flat.<field>`, and up to four typed parents) that is 20, the limit that
/// OpenSearch sets for mapped objects. Some 500 levels in a `flat_object` end the OpenSearch process.
pub const FLAT_DEPTH: usize = 13;

/// Strings of this many bytes and more are longer than a Lucene term may be (32,766 bytes) and are cut.
pub const LONG_TEXT: usize = 32_766;

/// What is kept free for the path in front of a value: both together make one term of a `flat_object`.
/// [`FLAT_DEPTH`] keys of [`MAX_KEY`] bytes fit, and the fields above them.
pub const PATH_ROOM: usize = 8192;

/// Longer keys are cut.
pub const MAX_KEY: usize = 256;

/// Values of one record that are kept at most: bounds the tape at 16 bytes each.
pub const MAX_NODES: usize = 1 << 20;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`; the nodes up to `next` are its keys and values in turn.
    Object,
    /// `[…]`; the nodes up to `next` are its values.
    Array,
    /// The key of the value that follows; the range is inside the quotes.
    Key,
    /// A string; the range is inside the quotes.
    String,
    /// A number as written.
    Number,
    /// `true`.
    True,
    /// `false`.
    False,
    /// `null`.
    Null,
    /// A container deeper than [`MAX_DEPTH`], or a number that OpenSearch cannot hold: written as text.
    Opaque,
}

/// The value has to be looked into when it is written: copying its bytes would not be right.
pub const DIRTY: u8 = 1;
/// The value is dropped where it is the member of an object: null, '', '-', 'null', '[]', [''], [], {}.
pub const EMPTY: u8 = 2;
/// The string holds escapes.
pub const ESCAPED: u8 = 4;
/// The string holds raw control characters.
pub const CONTROL: u8 = 8;
/// A key that comes again later in the same object, or whose place was taken.
pub const SHADOWED: u8 = 16;

/// One value on the tape.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// First byte of the value in the record.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Index of the node behind this one and everything below it.
    pub next: u32,
    /// What it is.
    pub kind: Kind,
    /// [`DIRTY`], [`EMPTY`], [`ESCAPED`], [`CONTROL`], [`SHADOWED`].
    pub flags: u8,
}

impl Node {
    /// Whether a flag is set.
    #[inline]
    #[must_use]
    pub fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// Why a record is not JSON, and where in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at} of the record")]
pub struct JsonError {
    /// What was met, without the text itself.
    pub what: &'static str,
    /// Byte of the record.
    pub at: usize,
}

/// An object or array whose end has not been seen.
#[derive(Debug, Clone, Copy)]
struct Frame {
    node: usize,
    object: bool,
    flags: u8,
    /// Members or elements that will be written.
    kept: u32,
    /// All elements; for `['']`, which counts as empty.
    all: u32,
    /// Hashes of the keys seen, one bit each: a set bit asks for the exact look.
    keys: u64,
    /// A key with escapes was seen: its hash is not that of the text it stands for.
    escaped: bool,
}

/// The values of one record. Reused from record to record: it allocates only while it grows.
#[derive(Debug, Default)]
pub struct Tape {
    nodes: Vec<Node>,
    stack: Vec<Frame>,
}

impl Tape {
    /// The node at an index.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }

    /// The members of an object as (key, value) indices, without those that a later key replaces.
    #[inline]
    pub fn members(&self, object: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let end = self.get(object).filter(|n| n.kind == Kind::Object).map_or(object, |n| n.next as usize);
        let mut at = object + 1;
        std::iter::from_fn(move || {
            while at < end {
                let key = at;
                at = self.get(key + 1)?.next as usize;
                if !self.get(key)?.is(SHADOWED) {
                    return Some((key, key + 1));
                }
            }
            None
        })
    }

    /// The values of an array.
    #[inline]
    pub fn elements(&self, array: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.get(array).filter(|n| n.kind == Kind::Array).map_or(array, |n| n.next as usize);
        let mut at = array + 1;
        std::iter::from_fn(move || {
            let element = at;
            (element < end).then(|| {
                at = self.get(element).map_or(end, |n| n.next as usize);
                element
            })
        })
    }

    /// The value of a member by its key.
    #[must_use]
    pub fn member(&self, json: &[u8], object: usize, name: &str) -> Option<usize> {
        self.members(object)
            .find(|&(key, _)| self.bytes(json, key) == name.as_bytes())
            .map(|(_, value)| value)
    }

    /// The bytes of a node: a string's inside, everything else as written.
    #[inline]
    #[must_use]
    pub fn bytes<'a>(&self, json: &'a [u8], index: usize) -> &'a [u8] {
        self.get(index).and_then(|n| json.get(n.start as usize..n.end as usize)).unwrap_or_default()
    }

    /// The bytes of a node with the quotes of a string.
    #[inline]
    #[must_use]
    pub fn raw<'a>(&self, json: &'a [u8], index: usize) -> &'a [u8] {
        let Some(node) = self.get(index) else { return &[] };
        let quotes = usize::from(matches!(node.kind, Kind::String | Kind::Key));
        json.get((node.start as usize).wrapping_sub(quotes)..node.end as usize + quotes).unwrap_or_default()
    }

    /// Reads one value that begins at `from` (white space before it is skipped); it is node 0 then. Gives the
    /// position behind it.
    ///
    /// # Errors
    /// Where the bytes are not JSON. Nothing is promised about the tape then.
    pub fn read(&mut self, json: &[u8], from: usize) -> Result<usize, JsonError> {
        self.nodes.clear();
        self.stack.clear();
        Reader { tape: self, json, at: from, seen_space: false }.value()
    }
}

/// Reading in progress.
struct Reader<'t, 'j> {
    tape: &'t mut Tape,
    json: &'j [u8],
    at: usize,
    /// White space since the last container began or ended: then its bytes are not copied as they stand.
    seen_space: bool,
}

impl Reader<'_, '_> {
    #[inline]
    fn fail<T>(&self, what: &'static str) -> Result<T, JsonError> {
        Err(JsonError { what, at: self.at })
    }

    /// The next byte that is not white space, without taking it.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
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
        self.tape.nodes.push(Node { start: start as u32, end: end as u32, next, kind, flags });
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
                        return self.fail("invalid escape in the string before");
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
        let (start, end, mut flags) = self.string()?;
        if self.peek() != Some(b':') {
            return self.fail("expected a colon");
        }
        self.at += 1;
        let name = self.json.get(start..end).unwrap_or_default();
        if flags & ESCAPED != 0 || !key_is_plain(name) {
            flags |= DIRTY;
        }
        let node = self.tape.nodes.len();
        self.push(start, end, Kind::Key, flags);
        let bit = 1u64 << (key_hash(name) & 63);
        let Some(frame) = self.tape.stack.last_mut() else { return Ok(()) };
        frame.flags |= flags & DIRTY;
        let seen_before = frame.keys & bit != 0;
        frame.keys |= bit;
        // A key with escapes may be another's twin without a hash that says so, and another its.
        frame.escaped |= flags & ESCAPED != 0;
        if seen_before || frame.escaped {
            self.shadow_twins(node);
        }
        Ok(())
    }

    /// Marks earlier members of the same object that have the key of `node`.
    #[cold]
    fn shadow_twins(&mut self, node: usize) {
        let Some(frame) = self.tape.stack.last().copied() else { return };
        let same = |a: &Node, b: &Node| {
            let (x, y) = (
                self.json.get(a.start as usize..a.end as usize).unwrap_or_default(),
                self.json.get(b.start as usize..b.end as usize).unwrap_or_default(),
            );
            x == y || ((a.is(ESCAPED) || b.is(ESCAPED)) && text::unescape(x) == text::unescape(y))
        };
        let Some(new) = self.tape.nodes.get(node).copied() else { return };
        let mut at = frame.node + 1;
        while at < node {
            let (Some(key), Some(value)) = (self.tape.nodes.get(at), self.tape.nodes.get(at + 1)) else {
                break;
            };
            let (kept, next) = (!value.is(EMPTY), value.next as usize);
            let twin = !key.is(SHADOWED) && same(key, &new);
            if twin {
                if let Some(key) = self.tape.nodes.get_mut(at) {
                    key.flags |= SHADOWED;
                }
                if let Some(frame) = self.tape.stack.last_mut() {
                    frame.flags |= DIRTY;
                    frame.kept = frame.kept.saturating_sub(u32::from(kept));
                }
            }
            at = next;
        }
    }

    #[inline]
    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        let rest = self.json.get(start..).unwrap_or_default();
        for word in [&b"NaN"[..], b"Infinity", b"-Infinity"] {
            if rest.starts_with(word) {
                self.at += word.len();
                self.push(start, self.at, Kind::Opaque, DIRTY);
                self.account(DIRTY);
                return Ok(());
            }
        }
        let len = rest
            .iter()
            .position(|b| !matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
            .unwrap_or(rest.len());
        let digits = rest.get(..len).unwrap_or_default();
        if !is_json_number(digits) {
            return self.fail("invalid number");
        }
        self.at += len;
        // OpenSearch refuses integers beyond 64 bits and doubles beyond 1.8e308 (opensearch-facts: that item
        // is answered 400). Eighteen digits always fit.
        let flags = if fits(digits) { 0 } else { DIRTY };
        self.push(start, self.at, if flags == 0 { Kind::Number } else { Kind::Opaque }, flags);
        self.account(flags);
        Ok(())
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
        self.tape.stack.push(Frame { node, object, flags: deep, kept: 0, all: 0, keys: 0, escaped: false });
        self.at += 1;
    }

    #[inline]
    fn close(&mut self) {
        self.at += 1;
        let Some(frame) = self.tape.stack.pop() else { return };
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

/// Whether OpenSearch takes a key as a field name as it stands: not empty and no empty part between dots (both
/// are answered 400), and short enough to leave room for a value in a term.
#[inline]
pub(super) fn key_is_plain(name: &[u8]) -> bool {
    !(name.is_empty()
        || name.first() == Some(&b'.')
        || name.last() == Some(&b'.')
        || name.len() > MAX_KEY
        || (memchr::memchr(b'.', name).is_some() && memchr::memmem::find(name, b"..").is_some()))
}

/// A cheap hash of a key: its length and three of its bytes.
#[inline]
fn key_hash(name: &[u8]) -> u32 {
    let byte = |at: usize| u32::from(name.get(at).copied().unwrap_or(0));
    let len = name.len();
    (len as u32)
        .wrapping_mul(31)
        .wrapping_add(byte(0).wrapping_mul(7))
        .wrapping_add(byte(len / 2).wrapping_mul(13))
        .wrapping_add(byte(len.wrapping_sub(1)).wrapping_mul(3))
        .wrapping_add(byte(len.wrapping_sub(3)).wrapping_mul(17))
}

/// RFC 8259 section 6: `-? int frac? exp?`.
fn is_json_number(text: &[u8]) -> bool {
    fn digits(text: &[u8]) -> usize {
        text.iter().take_while(|b| b.is_ascii_digit()).count()
    }
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let int = digits(rest);
    if int == 0 || (int > 1 && rest.first() == Some(&b'0')) {
        return false;
    }
    let mut rest = rest.get(int..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let len = digits(fraction);
        if len == 0 {
            return false;
        }
        rest = fraction.get(len..).unwrap_or_default();
    }
    if let Some((b'e' | b'E', exponent)) = rest.split_first() {
        let exponent = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
        let len = digits(exponent);
        return len > 0 && len == exponent.len();
    }
    rest.is_empty()
}

/// Whether OpenSearch can hold a number: 64 bits as an integer, a finite double otherwise.
fn fits(number: &[u8]) -> bool {
    if number.len() <= 18 && !number.iter().any(|b| matches!(b, b'e' | b'E')) {
        return true;
    }
    let Ok(text) = std::str::from_utf8(number) else { return false };
    if text.bytes().any(|b| matches!(b, b'.' | b'e' | b'E')) {
        text.parse::<f64>().is_ok_and(f64::is_finite)
    } else {
        text.parse::<i64>().is_ok()
    }
}
