//! Strings as they stand in JSON: finding their end, escaping, unescaping, cutting.
//!
//! Most bytes of a log are inside strings, so these loops look at 16 bytes at a time. They use the safe vectors
//! of `wide`; the short tail is done byte by byte.

use super::{escape, keys};
use wide::u8x16;

/// Bytes escaped at a time.
const ESCAPE_PART: usize = 1 << 16;

/// Bytes escaped one by one where a control character is met: enough that what the step before reserved in vain
/// does not count, also where every byte is one.
const ESCAPE_SLOW: usize = 1 << 13;

/// Bytes looked at in one step.
const LANES: usize = 16;

/// Loads 16 bytes from `at`, or `None` where fewer are left.
#[inline]
fn lanes(bytes: &[u8], at: usize) -> Option<[u8; LANES]> {
    bytes.get(at..).and_then(|rest| rest.first_chunk::<LANES>()).copied()
}

/// Bit i is set where byte i is a quote, a backslash or a control character: what must not stand unescaped in
/// a JSON string (RFC 8259 section 7).
#[inline]
fn special_mask(chunk: [u8; LANES]) -> u32 {
    let v = u8x16::from(chunk);
    let quote = v.simd_eq(u8x16::splat(b'"'));
    let backslash = v.simd_eq(u8x16::splat(b'\\'));
    // Unsigned `v < 0x20` without an unsigned compare: the larger of both is 0x1f only where v <= 0x1f.
    let control = v.max(u8x16::splat(0x1f)).simd_eq(u8x16::splat(0x1f));
    (quote | backslash | control).to_bitmask()
}

/// [`special_mask`] of two vectors.
#[inline]
fn window_mask(window: &[u8; 2 * LANES]) -> u32 {
    let (halves, _) = window.as_chunks::<LANES>();
    let mut mask = 0;
    for (place, half) in halves.iter().enumerate() {
        mask |= special_mask(*half) << (LANES * place);
    }
    mask
}

/// Whether a byte may not stand unescaped in a JSON string.
#[inline]
fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Position of the next quote, backslash or control character at or after `from`.
#[inline]
pub fn find_special(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    // Two at a time: most strings end within 32 bytes, so the branch is easily foreseen.
    while let Some(window) = bytes.get(at..).and_then(|rest| rest.first_chunk::<{ 2 * LANES }>()) {
        let mask = window_mask(window);
        if mask != 0 {
            return Some(at + mask.trailing_zeros() as usize);
        }
        at += 2 * LANES;
    }
    while let Some(chunk) = lanes(bytes, at) {
        let mask = special_mask(chunk);
        if mask != 0 {
            return Some(at + mask.trailing_zeros() as usize);
        }
        at += LANES;
    }
    let rest = bytes.get(at..)?;
    rest.iter().position(|&b| is_special(b)).map(|i| at + i)
}

/// A key that begins at `from` where it is a usual one: up to 31 bytes, not empty, without escapes, control
/// characters and dots. Gives its end and [`keys::tag`]; `None` says nothing about the key.
#[inline]
pub(super) fn find_plain_key(bytes: &[u8], from: usize) -> Option<(usize, u16)> {
    let window = bytes.get(from..)?.first_chunk::<{ 2 * LANES }>()?;
    let (low, high) = (lanes(window, 0)?, lanes(window, LANES)?);
    let special = special_mask(low) | special_mask(high) << LANES;
    let dots = equal_mask(low, b'.') | equal_mask(high, b'.') << LANES;
    let len = special.trailing_zeros();
    let before = 1u32.checked_shl(len)?.wrapping_sub(1);
    let end = len as usize;
    if len == 0 || dots & before != 0 || window.get(end) != Some(&b'"') {
        return None;
    }
    // Without a branch on the length: what is behind a short name is cut off.
    let cut = u64::MAX >> (64 - 8 * len.min(8));
    let word = |at: usize| Some(u64::from_le_bytes(*window.get(at..)?.first_chunk::<8>()?) & cut);
    Some((from + end, keys::mix(word(0)?, word(end.saturating_sub(8))?, end)))
}

/// Bit i is set where byte i is `byte`.
#[inline]
fn equal_mask(chunk: [u8; LANES], byte: u8) -> u32 {
    u8x16::from(chunk).simd_eq(u8x16::splat(byte)).to_bitmask()
}

/// Cuts a text at its spaces: `words` are the places of what is between them, never empty. False where something in the
/// text may not stand unescaped in a JSON string; nothing is promised about `words` then.
pub(crate) fn words(text: &[u8], words: &mut Vec<std::ops::Range<usize>>) -> bool {
    const STEP: usize = 4 * LANES;
    let (mut at, mut begin) = (0, 0);
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let mut last;
        let step = match rest.first_chunk::<STEP>() {
            Some(step) => step,
            None => {
                last = [b'a'; STEP];
                if let Some(begin) = last.get_mut(..rest.len()) {
                    begin.copy_from_slice(rest);
                }
                &last
            }
        };
        let (mut special, mut spaces) = (0, 0);
        for (place, chunk) in step.as_chunks::<LANES>().0.iter().enumerate() {
            special |= special_mask(*chunk);
            spaces |= u64::from(equal_mask(*chunk, b' ')) << (LANES * place);
        }
        if special != 0 {
            return false;
        }
        // As many as there are: where they are nobody can foresee.
        for _ in 0..spaces.count_ones() {
            let end = at + spaces.trailing_zeros() as usize;
            if end > begin {
                words.push(begin..end);
            }
            begin = end + 1;
            spaces &= spaces - 1;
        }
        at += STEP;
    }
    if begin < text.len() {
        words.push(begin..text.len());
    }
    true
}

/// Appends `text` to `out` so that it can stand between the quotes of a JSON string. `text` is UTF-8.
pub fn escape_into(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while !rest.is_empty() {
        // In parts, so that a long text does not ask for much more than it needs.
        let part = rest.get(..ESCAPE_PART).unwrap_or(rest);
        let start = out.len();
        out.resize(start + escape::room(part.len()), 0);
        let done = escape::quotes(out.get_mut(start..).unwrap_or_default(), part);
        out.truncate(start + done.written);
        // A record has raw control characters only where AWS made a mistake.
        let slow = if done.control { ESCAPE_SLOW } else { 0 };
        let (_, after) = rest.split_at(done.read.min(rest.len()));
        let (slow, after) = after.split_at(slow.min(after.len()));
        for &byte in slow {
            if is_special(byte) { escape_byte(out, byte) } else { out.push(byte) }
        }
        rest = after;
    }
}

/// Appends the escape of one special byte.
#[inline]
fn escape_byte(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(b"\\u00");
            out.push(HEX.get(usize::from(byte >> 4)).copied().unwrap_or(b'0'));
            out.push(HEX.get(usize::from(byte & 15)).copied().unwrap_or(b'0'));
        }
    }
}

/// Appends the inside of a JSON string that may hold raw control characters: existing escapes stay as they
/// are, control characters get theirs. What AWS wrote with an unescaped newline is loaded and not refused.
pub fn copy_escaping_control(out: &mut Vec<u8>, inside: &[u8]) {
    for &byte in inside {
        if byte < 0x20 { escape_byte(out, byte) } else { out.push(byte) }
    }
}

/// Whether every backslash in the inside of a JSON string begins an escape that RFC 8259 knows. Lone
/// surrogates (`\ud800`) are let through: OpenSearch accepts them.
pub fn escapes_are_valid(inside: &[u8]) -> bool {
    let mut rest = inside;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let tail = rest.get(at + 1..).unwrap_or_default();
        let used = match tail.first() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 1,
            Some(b'u') if tail.get(1..5).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) => 5,
            _ => return false,
        };
        rest = tail.get(used..).unwrap_or_default();
    }
    true
}

/// The text that the inside of a JSON string stands for. Lone surrogates become U+FFFD.
pub fn unescape(inside: &[u8]) -> String {
    let mut out = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (head, tail) = rest.split_at(at);
        out.extend_from_slice(head);
        let (used, character) = unescape_one(tail.get(1..).unwrap_or_default());
        let mut utf8 = [0; 4];
        out.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
        rest = tail.get(1 + used..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

/// Reads one escape behind its backslash: how many bytes it takes and what it stands for.
fn unescape_one(tail: &[u8]) -> (usize, char) {
    let unit = |from: usize| {
        let hex = std::str::from_utf8(tail.get(from..from + 4)?).ok()?;
        u32::from_str_radix(hex, 16).ok()
    };
    match tail.first() {
        Some(b'b') => (1, '\u{8}'),
        Some(b'f') => (1, '\u{c}'),
        Some(b'n') => (1, '\n'),
        Some(b'r') => (1, '\r'),
        Some(b't') => (1, '\t'),
        Some(b'u') => match unit(1) {
            Some(high @ 0xd800..=0xdbff) => match (tail.get(5..7), unit(7)) {
                (Some(b"\\u"), Some(low @ 0xdc00..=0xdfff)) => {
                    let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                    (11, char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
                }
                _ => (5, char::REPLACEMENT_CHARACTER),
            },
            Some(code) => (5, char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
            None => (1, char::REPLACEMENT_CHARACTER),
        },
        Some(&other) => (1, char::from(other)),
        None => (0, char::REPLACEMENT_CHARACTER),
    }
}

/// The longest prefix of the inside of a JSON string that stands for at most `limit` bytes of UTF-8 and ends
/// between two characters, not within an escape.
pub fn prefix(inside: &[u8], limit: usize) -> &[u8] {
    let (mut at, mut size) = (0, 0);
    while let Some(&byte) = inside.get(at) {
        let (used, width) = if byte == b'\\' {
            let (used, character) = unescape_one(inside.get(at + 1..).unwrap_or_default());
            (1 + used, character.len_utf8())
        } else {
            let width = match byte {
                0x00..=0x7f => 1,
                0x80..=0xdf => 2,
                0xe0..=0xef => 3,
                _ => 4,
            };
            (width, width)
        };
        if size + width > limit {
            break;
        }
        at += used;
        size += width;
    }
    inside.get(..at).unwrap_or(inside)
}
