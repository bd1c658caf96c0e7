//! The tape: every value of one record in document order, with its place in the bytes.
//!
//! Reading is strict about structure (what is accepted here is valid JSON once written back) and lenient where a
//! log would otherwise be lost: raw control characters in strings, `NaN` and `Infinity`, a key that comes twice
//! (the last one counts, as in Python). Containers deeper than [`MAX_DEPTH`] become one opaque value.

use std::collections::HashMap;

use super::{keys, reader};

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
/// A key that has a dot as written.
pub const DOTTED: u8 = 32;

/// One value on the tape.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// First byte of the value in the record.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Index of the node behind this one and everything below it.
    pub next: u32,
    /// Of a key: hash of its name as written, which [`Tape::member`] looks at first; 0 otherwise.
    pub tag: u16,
    /// What it is.
    pub kind: Kind,
    /// [`DIRTY`], [`EMPTY`], [`ESCAPED`], [`CONTROL`], [`SHADOWED`], [`DOTTED`].
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

/// The values of one record. Reused from record to record: it allocates only while it grows.
#[derive(Debug, Default)]
pub struct Tape {
    pub(super) nodes: Vec<Node>,
    pub(super) stack: Vec<reader::Frame>,
    /// Names of odd keys by their node.
    pub(super) names: HashMap<u32, String>,
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
        let name = name.as_bytes();
        let tag = keys::tag(name);
        let end = self.get(object).filter(|n| n.kind == Kind::Object)?.next as usize;
        let nodes = self.nodes.get(..end)?;
        let mut at = object + 1;
        // Writers ask for dozens of members: the tag alone takes most steps.
        while let Some([key, value]) = nodes.get(at..).and_then(|rest| rest.first_chunk::<2>()) {
            if key.tag == tag
                && !key.is(SHADOWED)
                && json.get(key.start as usize..key.end as usize).is_some_and(|known| keys::same(known, name))
            {
                return Some(at + 1);
            }
            at = value.next as usize;
        }
        None
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

    /// The name for an odd key (one that is [`DIRTY`]) that OpenSearch takes as a field name, different from all
    /// others in its object.
    #[must_use]
    pub fn name(&self, key: usize) -> &str {
        u32::try_from(key).ok().and_then(|key| self.names.get(&key)).map_or("_", String::as_str)
    }

    /// Reads one value that begins at `from` (white space before it is skipped); it is node 0 then. Gives the
    /// position behind it.
    ///
    /// # Errors
    /// Where the bytes are not JSON. Nothing is promised about the tape then.
    pub fn read(&mut self, json: &[u8], from: usize) -> Result<usize, JsonError> {
        reader::read(self, json, from)
    }
}
