//! Writing values of a tape back: as they were delivered where that is right, cleaned where it is not.
//!
//! Cleaning is what es-loader does (empty members are dropped) and what OpenSearch needs (no raw control
//! characters, no empty keys, no number beyond 64 bits, no term beyond 32,766 bytes).

use std::borrow::Cow;

use super::{
    tape::{DIRTY, EMPTY, FLAT_DEPTH, Kind, LONG_TEXT, PATH_ROOM, Tape},
    text,
};

/// What es-loader writes behind a text that it cut.
const CUT_MARK: &[u8] = b"<<TRUNCATED>>";

/// Room for what stands in front of a path in `siem.flat`: `siem.flat.`, the field and its typed parents.
const PATH_BEFORE: usize = 512;

/// For whom a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// `_source` under the field's own name: long members are cut as es-loader cuts them, texts in lists stay
    /// whole.
    Source,
    /// The `flat_object` field `siem.flat`: every text is cut so that it fits a term together with its path.
    Flat,
}

/// Where a walk over a value is.
#[derive(Clone, Copy)]
struct Walk {
    target: Target,
    /// Below a list, where es-loader cuts nothing.
    in_list: bool,
    /// Bytes of the keys above.
    path: usize,
    /// Containers above.
    depth: usize,
}

/// A record and its tape.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// The bytes of the record; valid UTF-8.
    pub json: &'a [u8],
    /// Their tape.
    pub tape: &'a Tape,
}

impl<'a> Record<'a> {
    /// The bytes of a node, see [`Tape::bytes`].
    #[must_use]
    pub fn bytes(&self, node: usize) -> &'a [u8] {
        self.tape.bytes(self.json, node)
    }

    /// The kind of a node.
    #[must_use]
    pub fn kind(&self, node: usize) -> Option<Kind> {
        self.tape.get(node).map(|n| n.kind)
    }

    /// The value of a member that is there and not empty.
    #[must_use]
    pub fn member(&self, object: usize, name: &str) -> Option<usize> {
        let value = self.tape.member(self.json, object, name)?;
        (!self.tape.get(value)?.is(EMPTY)).then_some(value)
    }

    /// Follows a path of keys; a part of digits is the place in a list.
    #[must_use]
    pub fn path(&self, from: usize, path: &[&str]) -> Option<usize> {
        path.iter().try_fold(from, |node, part| match self.kind(node)? {
            Kind::Object => self.member(node, part),
            Kind::Array => part.parse().ok().and_then(|place| self.tape.elements(node).nth(place)),
            _ => None,
        })
    }

    /// The text of a string, a number or a truth value, as it stands inside a JSON string; cleaned and cut as
    /// in `_source`. `None` for containers, null and the empty string.
    #[must_use]
    pub fn scalar(&self, node: usize) -> Option<Cow<'a, [u8]>> {
        let entry = self.tape.get(node)?;
        let text = self.bytes(node);
        match entry.kind {
            Kind::String if entry.is(DIRTY) => {
                let (text, mark) = cut_for_source(text);
                let mut clean = Vec::with_capacity(text.len() + 64);
                text::copy_escaping_control(&mut clean, text);
                clean.extend_from_slice(mark);
                Some(Cow::Owned(clean))
            }
            Kind::String | Kind::Number | Kind::True | Kind::False => {
                (!text.is_empty()).then_some(Cow::Borrowed(text))
            }
            Kind::Opaque if !matches!(text.first(), Some(b'{' | b'[')) => Some(Cow::Borrowed(text)),
            Kind::Opaque | Kind::Object | Kind::Array | Kind::Key | Kind::Null => None,
        }
    }

    /// Appends a value.
    pub fn value(&self, out: &mut Vec<u8>, node: usize, target: Target) {
        self.nested(out, node, Walk { target, in_list: false, path: 0, depth: 0 });
    }

    fn nested(&self, out: &mut Vec<u8>, node: usize, walk: Walk) {
        let target = walk.target;
        let Some(entry) = self.tape.get(node) else { return };
        if !entry.is(DIRTY) {
            out.extend_from_slice(self.tape.raw(self.json, node));
            return;
        }
        let below = Walk { depth: walk.depth + 1, ..walk };
        match entry.kind {
            Kind::Object if target == Target::Flat && below.depth > FLAT_DEPTH => {
                self.as_text(out, node, target);
            }
            // OpenSearch counts nested lists against the same limit even where nothing is mapped.
            Kind::Array if below.depth > FLAT_DEPTH => self.as_text(out, node, target),
            Kind::Object => {
                out.push(b'{');
                self.members(out, node, below);
                out.push(b'}');
            }
            Kind::Array => {
                out.push(b'[');
                for (place, element) in self.tape.elements(node).enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    self.nested(out, element, Walk { in_list: true, ..below });
                }
                out.push(b']');
            }
            Kind::String => {
                out.push(b'"');
                let inside = self.bytes(node);
                let (inside, mark) = match target {
                    Target::Source if !walk.in_list => cut_for_source(inside),
                    Target::Source => (inside, &b""[..]),
                    Target::Flat => {
                        let room = LONG_TEXT - PATH_ROOM.min(walk.path + PATH_BEFORE);
                        cut(inside, room + 1, room, b"")
                    }
                };
                text::copy_escaping_control(out, inside);
                out.extend_from_slice(mark);
                out.push(b'"');
            }
            Kind::Opaque => self.as_text(out, node, target),
            Kind::Key | Kind::Number | Kind::True | Kind::False | Kind::Null => {
                out.extend_from_slice(self.bytes(node));
            }
        }
    }

    /// Appends the members of an object that are kept, without its braces.
    fn members(&self, out: &mut Vec<u8>, object: usize, walk: Walk) {
        let mut first = true;
        for (key, value) in self.tape.members(object) {
            if self.tape.get(value).is_none_or(|v| v.is(EMPTY)) {
                continue;
            }
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            let before = out.len();
            self.key(out, key);
            let path = walk.path + out.len() - before;
            out.push(b':');
            self.nested(out, value, Walk { path, ..walk });
        }
    }

    /// Appends a key with its quotes, renamed where OpenSearch would refuse it.
    pub fn key(&self, out: &mut Vec<u8>, key: usize) {
        let Some(entry) = self.tape.get(key) else { return };
        out.push(b'"');
        if entry.is(DIRTY) {
            text::escape_into(out, self.tape.name(key).as_bytes());
        } else {
            out.extend_from_slice(self.bytes(key));
        }
        out.push(b'"');
    }

    /// Appends any value as a JSON string: the text of a string, the JSON of everything else.
    pub fn as_text(&self, out: &mut Vec<u8>, node: usize, target: Target) {
        let Some(entry) = self.tape.get(node) else { return };
        out.push(b'"');
        if entry.kind == Kind::String {
            text::copy_escaping_control(out, self.bytes(node));
        } else {
            let json = self.bytes(node);
            let json = match target {
                Target::Source => json,
                // Escaping doubles at most what is kept, and UTF-8 is not cut within a character.
                Target::Flat => utf8_prefix(json, LONG_TEXT - PATH_ROOM),
            };
            text::escape_into(out, json);
        }
        out.push(b'"');
    }
}

/// Cuts a text as es-loader does: 32,766 bytes and more become 32,753 and a mark.
fn cut_for_source(inside: &[u8]) -> (&[u8], &'static [u8]) {
    cut(inside, LONG_TEXT, LONG_TEXT - CUT_MARK.len(), CUT_MARK)
}

/// Cuts a text of `limit` bytes and more to `keep` bytes and gives the mark for it.
fn cut<'a>(inside: &'a [u8], limit: usize, keep: usize, mark: &'static [u8]) -> (&'a [u8], &'static [u8]) {
    if inside.len() < limit || text::prefix(inside, limit - 1).len() == inside.len() {
        (inside, b"")
    } else {
        (text::prefix(inside, keep), mark)
    }
}

/// The longest prefix of at most `limit` bytes that ends between two characters.
fn utf8_prefix(text: &[u8], limit: usize) -> &[u8] {
    let mut end = limit.min(text.len());
    while end < text.len() && end > 0 && text.get(end).is_some_and(|b| b & 0xc0 == 0x80) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
