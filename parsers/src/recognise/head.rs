//! The beginning of an object: enough to tell which log it is, however early it is cut off.
//!
//! Nothing here asks for valid JSON. A cut-off object has the members that were seen; containers are stepped
//! over by counting brackets, without recursion, so that depth costs nothing. Every call is linear in the
//! bytes kept.

use std::{borrow::Cow, ops::Range};

use crate::{json::text, split::BYTE_ORDER_MARK};

/// Bytes of an object that are looked at.
pub const HEAD: usize = 64 << 10;

/// Bytes of a line that are looked at; the header of a flow log with every field there is has under 700.
const LINE: usize = 4 << 10;

/// Lists in lists that [`Head::below`] opens.
const LISTS: usize = 4;

/// What decoded bytes begin as, a byte order mark and white space left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Nothing but white space.
    Empty,
    /// `{`
    Json,
    /// `[`
    JsonList,
    /// A first line of printable UTF-8.
    Text,
    /// `PAR1`, the mark of Apache Parquet.
    Parquet,
    /// Anything else.
    Binary,
}

/// The first decoded bytes of an object, which may be cut off anywhere.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    bytes: Cow<'a, [u8]>,
    shape: Shape,
    members: Vec<Member>,
    /// Where the first JSON value ends, if its end was seen.
    end: Option<usize>,
}

/// A member of the first JSON object.
#[derive(Debug, Clone)]
struct Member {
    key: String,
    value: Range<usize>,
    /// The end of the value was seen.
    whole: bool,
}

impl<'a> Head<'a> {
    /// Looks at the first [`HEAD`] bytes.
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Self {
        Self::new(Cow::Borrowed(bytes.get(..HEAD).unwrap_or(bytes)))
    }

    fn new(mut bytes: Cow<'a, [u8]>) -> Self {
        let start = start(&bytes);
        bytes = match bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(start..).unwrap_or_default()),
            Cow::Owned(bytes) => Cow::Owned(bytes.get(start..).unwrap_or_default().to_vec()),
        };
        let shape = shape(&bytes);
        let (mut members, mut end) = (Vec::new(), None);
        match shape {
            Shape::Json => {
                let mut all = Members::of(&bytes);
                members.extend(all.by_ref().map(|(key, value, whole)| Member {
                    key: text::unescape(bytes.get(key).unwrap_or_default()),
                    value,
                    whole,
                }));
                end = all.end;
            }
            Shape::JsonList => end = skip(&bytes, 0).ok(),
            _ => {}
        }
        Self { bytes, shape, members, end }
    }

    /// The bytes, without the mark and the white space in front of them.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the bytes begin as.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Whether the first JSON object has a member of that name, as far as it was seen.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.member(key).is_some()
    }

    /// How many of these members the first JSON object has.
    #[must_use]
    pub fn count(&self, keys: &[&str]) -> usize {
        keys.iter().filter(|key| self.has(key)).count()
    }

    /// The scalar value of a member: the text of a string, a number or a word as written. None for a
    /// container and for a value that is cut off.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        let member = self.member(key).filter(|member| member.whole)?;
        let value = self.bytes.get(member.value.clone())?;
        match value {
            [b'{' | b'[', ..] => None,
            [b'"', inside @ .., b'"'] => Some(unescape(inside)),
            _ => Some(String::from_utf8_lossy(value)),
        }
    }

    /// The value under a path of member names. A list on the way, and at the end, stands for its first
    /// element, and a string at the end for the text in it. The path `[]` is the first element of a list.
    #[must_use]
    pub fn below(&self, path: &[&str]) -> Option<Head<'_>> {
        let mut value = &*self.bytes;
        for (depth, step) in path.iter().enumerate() {
            value = first_element(value)?;
            let range = if depth == 0 && self.shape == Shape::Json {
                self.member(step)?.value.clone()
            } else {
                find(value, step)?
            };
            value = value.get(range)?;
        }
        value = first_element(value)?;
        match value {
            [b'"', inside @ ..] => {
                let inside = inside.get(..string_end(inside).unwrap_or(inside.len())).unwrap_or_default();
                Some(match unescape(inside) {
                    Cow::Borrowed(text) => Head::new(Cow::Borrowed(text.as_bytes())),
                    Cow::Owned(text) => Head::new(Cow::Owned(text.into_bytes())),
                })
            }
            _ => Some(Head::new(Cow::Borrowed(value))),
        }
    }

    /// What stands behind the first JSON value, if its end was seen and something follows.
    #[must_use]
    pub fn behind(&self) -> Option<Head<'_>> {
        let rest = self.bytes.get(self.end?..)?;
        let next = Head::new(Cow::Borrowed(rest));
        (next.shape != Shape::Empty).then_some(next)
    }

    /// [`behind`](Self::behind) by value.
    #[must_use]
    pub(super) fn into_behind(self) -> Option<Self> {
        let end = self.end?;
        let rest = match self.bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(end..)?),
            Cow::Owned(bytes) => Cow::Owned(bytes.get(end..)?.to_vec()),
        };
        let next = Self::new(rest);
        (next.shape != Shape::Empty).then_some(next)
    }

    /// Whether there is nothing in it: no bytes, or only empty containers as in `{"Records":[]}`.
    #[must_use]
    pub fn holds_nothing(&self) -> bool {
        let empty = |member: &Member| {
            let value = self.bytes.get(member.value.clone()).unwrap_or_default();
            let seen = value.iter().filter(|byte| !byte.is_ascii_whitespace());
            member.whole && (seen.clone().eq(b"[]") || seen.eq(b"{}"))
        };
        match self.shape {
            Shape::Empty => true,
            Shape::Json => self.end.is_some() && self.members.iter().all(empty) && self.behind().is_none(),
            Shape::JsonList => {
                self.end.is_some() && first_element(&self.bytes).is_none() && self.behind().is_none()
            }
            _ => false,
        }
    }

    /// The first line of a text, at most its first 4 KiB.
    #[must_use]
    pub fn first_line(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(line(&self.bytes))
    }

    fn member(&self, key: &str) -> Option<&Member> {
        // Of a name that comes twice the last one counts, as where the record is read.
        self.members.iter().rfind(|member| member.key == key)
    }
}

/// The text of the inside of a JSON string, copied only where it must be.
fn unescape(inside: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(inside) {
        Ok(text) if !text.contains('\\') => Cow::Borrowed(text),
        _ => Cow::Owned(text::unescape(inside)),
    }
}

/// How many bytes of mark and white space are in front.
fn start(bytes: &[u8]) -> usize {
    let mark = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    space(bytes, mark)
}

fn space(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

fn shape(bytes: &[u8]) -> Shape {
    match bytes {
        [] => Shape::Empty,
        [b'{', ..] => Shape::Json,
        [b'[', ..] => Shape::JsonList,
        [b'P', b'A', b'R', b'1', ..] => Shape::Parquet,
        _ if is_printable(line(bytes)) => Shape::Text,
        _ => Shape::Binary,
    }
}

fn line(bytes: &[u8]) -> &[u8] {
    let end = memchr::memchr2(b'\n', b'\r', bytes).unwrap_or(bytes.len());
    bytes.get(..end.min(LINE)).unwrap_or_default()
}

fn is_printable(line: &[u8]) -> bool {
    // The last character may be cut off.
    let utf8 = std::str::from_utf8(line).map_or_else(|error| error.error_len().is_none(), |_| true);
    utf8 && line.iter().all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f))
}

/// The first element of a list, of a list in a list and so on; any other value itself. None for an empty
/// list.
fn first_element(mut value: &[u8]) -> Option<&[u8]> {
    for _ in 0..LISTS {
        let [b'[', ..] = value else { break };
        let from = space(value, 1);
        if matches!(value.get(from), None | Some(b']')) {
            return None;
        }
        let end = skip(value, from).unwrap_or(value.len());
        value = value.get(from..end)?;
    }
    Some(value)
}

/// The value of a member of an object.
fn find(object: &[u8], name: &str) -> Option<Range<usize>> {
    let [b'{', ..] = object else { return None };
    let named = |key: Range<usize>| unescape(object.get(key).unwrap_or_default()) == name;
    Members::of(object).filter(|(key, ..)| named(key.clone())).last().map(|(_, value, _)| value)
}

/// The members of an object: where the key stands within its quotes, where the value, and whether the value's
/// end was seen. Ends where the bytes end or are no object.
struct Members<'b> {
    bytes: &'b [u8],
    at: usize,
    /// Behind the closing bracket, once that was seen.
    end: Option<usize>,
}

impl<'b> Members<'b> {
    fn of(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 1, end: None }
    }
}

impl Iterator for Members<'_> {
    type Item = (Range<usize>, Range<usize>, bool);

    fn next(&mut self) -> Option<Self::Item> {
        self.at = space(self.bytes, self.at);
        if self.bytes.get(self.at) == Some(&b',') {
            self.at = space(self.bytes, self.at + 1);
        }
        match self.bytes.get(self.at)? {
            b'"' => {}
            b'}' => {
                self.end = Some(self.at + 1);
                self.at = self.bytes.len();
                return None;
            }
            _ => {
                self.at = self.bytes.len();
                return None;
            }
        }
        let from = self.at + 1;
        let key = from..from + string_end(self.bytes.get(from..)?)?;
        let colon = space(self.bytes, key.end + 1);
        if self.bytes.get(colon).is_some_and(|&byte| byte != b':') {
            self.at = self.bytes.len();
            return None;
        }
        let value = space(self.bytes, colon.saturating_add(1)).min(self.bytes.len());
        let (end, whole) = match skip(self.bytes, value) {
            Ok(end) => (end, true),
            Err(Cut) => (self.bytes.len(), false),
        };
        // Where no value stands, nothing behind can be trusted.
        self.at = if end == value { self.bytes.len() } else { end };
        Some((key, value..end, whole))
    }
}

/// The bytes end before the value does.
struct Cut;

/// Where the value that begins at `at` ends.
fn skip(bytes: &[u8], at: usize) -> Result<usize, Cut> {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.first() {
        None => Err(Cut),
        Some(b'"') => {
            let inside = rest.get(1..).unwrap_or_default();
            string_end(inside).map(|end| at + 1 + end + 1).ok_or(Cut)
        }
        Some(b'{' | b'[') => skip_container(rest).map(|len| at + len),
        Some(_) => {
            let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
            rest.iter().position(ends).map(|end| at + end).ok_or(Cut)
        }
    }
}

/// Length of a container, brackets of both kinds counted alike.
fn skip_container(bytes: &[u8]) -> Result<usize, Cut> {
    let (mut depth, mut at) = (0usize, 0);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at += string_end(bytes.get(at..).unwrap_or_default()).ok_or(Cut)? + 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Ok(at);
                }
            }
            _ => {}
        }
    }
    Err(Cut)
}

/// Length of the inside of a string: up to the first quote that no backslash stands before.
fn string_end(inside: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = inside.get(at..)?;
        let found = memchr::memchr2(b'"', b'\\', rest)?;
        if rest.get(found) == Some(&b'"') {
            return Some(at + found);
        }
        at += found + 2;
    }
}
