//! Names of members: which of them OpenSearch takes, a cheap hash of them, and which come twice in an object.

use std::{borrow::Cow, collections::HashMap};

use super::{tape::MAX_KEY, text};

/// Whether OpenSearch takes a key as a field name as it stands: not empty and no empty part between dots (both
/// are answered 400), nor one of white space, and short enough to leave room for a value in a term. `dotted`
/// says whether it has a dot.
#[inline]
pub(super) fn is_plain(name: &[u8], dotted: bool) -> bool {
    !(name.is_empty()
        || name.first() == Some(&b'.')
        || name.last() == Some(&b'.')
        || name.len() > MAX_KEY
        || (dotted && name.split(|&b| b == b'.').any(is_blank)))
}

/// Whether a part between dots is empty, or white space only: OpenSearch refuses both
/// (`DocumentParser.splitAndValidatePath`).
fn is_blank(part: &[u8]) -> bool {
    let blank = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
    std::str::from_utf8(part).is_ok_and(|part| part.chars().all(blank))
}

/// A key with `_` for each part that is empty or white space, and cut.
pub(super) fn plain_name(original: &str) -> String {
    if is_plain(original.as_bytes(), original.contains('.')) {
        return original.to_owned();
    }
    let parts = original.split('.').map(|part| if is_blank(part.as_bytes()) { "_" } else { part });
    let mut name = parts.collect::<Vec<_>>().join(".");
    let ends = name.char_indices().map(|(at, _)| at).take_while(|&at| at <= MAX_KEY - 16);
    if name.len() > MAX_KEY
        && let Some(end) = ends.last()
    {
        name.truncate(end);
    }
    if name.ends_with('.') {
        name.push('_');
    }
    name
}

/// Two numbers that have all of a name of up to 16 bytes, for names of one length: its first and last eight bytes.
#[inline]
pub(crate) fn ends(name: &[u8]) -> (u64, u64) {
    match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => {
            let word = match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
                (Some(first), Some(last)) => {
                    u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
                }
                _ => name.iter().fold(0, |sum, &b| (sum << 8) | u64::from(b)),
            };
            (word, word)
        }
    }
}

/// A hash of a name by its ends and its length. Whoever writes the log can choose names that collide: what is
/// found by it has to be compared, and no loop may rely on it alone ([`Seen`] does not).
#[inline]
#[must_use]
pub(crate) fn tag(name: &[u8]) -> u16 {
    match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(first), Some(last)) => mix(u64::from_le_bytes(*first), u64::from_le_bytes(*last), name.len()),
        _ => {
            let word = name.iter().rev().fold(0, |sum, &b| (sum << 8) | u64::from(b));
            mix(word, word, name.len())
        }
    }
}

/// [`tag`] of a name by its first and its last eight bytes; a shorter name twice, filled up with zeros.
#[inline]
pub(super) fn mix(first: u64, last: u64, len: usize) -> u16 {
    let mixed = (first ^ last.rotate_left(29) ^ len as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 48) as u16
}

/// Whether two names are the same bytes. Most are short: they are compared without a call.
#[inline]
#[must_use]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && if a.len() <= 16 { ends(a) == ends(b) } else { a == b }
}

/// Words of each of the two bit sets in [`Seen`]: a bit for each value of a half of a tag.
const WORDS: usize = 4;

/// Looks at the members before a key that an object gets before its names go into a table. A look costs as much
/// as the object has members so far, so an object of n members costs at most `MAX_LOOKS` times n steps.
const MAX_LOOKS: u8 = 24;

/// The names seen in an object, a bit in each set: only where both are set it takes the exact look. With one set every
/// other object of thirty names would ask in vain.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    low: [u64; WORDS],
    high: [u64; WORDS],
    /// A name with escapes was seen: its tag is not that of the text it stands for.
    escaped: bool,
    looks: u8,
}

/// How to find out whether a name was seen in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// It was not.
    None,
    /// By the members before it.
    Members,
    /// By the table of names.
    Table,
}

impl Seen {
    /// Notes a name.
    #[inline(always)]
    pub(super) fn add(&mut self, tag: u16, escaped: bool) -> Look {
        self.escaped |= escaped;
        let [low, high] = tag.to_le_bytes();
        let seen = set(&mut self.low, low) & set(&mut self.high, high);
        if !seen && !self.escaped {
            // The table has to know every name once it is in use.
            return if self.looks > MAX_LOOKS { Look::Table } else { Look::None };
        }
        self.looks = (self.looks + 1).min(MAX_LOOKS + 1);
        if self.looks > MAX_LOOKS { Look::Table } else { Look::Members }
    }
}

/// Sets a bit; gives whether it was set.
#[inline(always)]
fn set(bits: &mut [u64; WORDS], place: u8) -> bool {
    let bit = 1u64 << (place & 63);
    // A byte has no more than four words of bits.
    let Some(word) = bits.get_mut(usize::from(place >> 6)) else { return true };
    let was = *word & bit != 0;
    *word |= bit;
    was
}

/// The names of one object with many members, and the node of the last key of each name. Its hash is keyed, so
/// nobody can choose names that collide.
#[derive(Debug)]
pub(super) struct Names<'j> {
    /// How deep in the record the object is.
    pub(super) depth: usize,
    last: HashMap<Cow<'j, [u8]>, usize>,
}

impl<'j> Names<'j> {
    pub(super) fn new(depth: usize) -> Self {
        Self { depth, last: HashMap::new() }
    }

    /// Notes the key of a node and gives the node of the same key before it.
    pub(super) fn replace(&mut self, inside: &'j [u8], escaped: bool, node: usize) -> Option<usize> {
        let name =
            if escaped { Cow::Owned(text::unescape(inside).into_bytes()) } else { Cow::Borrowed(inside) };
        self.last.insert(name, node)
    }
}
