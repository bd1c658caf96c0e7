//! Strings as they stand in JSON: finding their end, escaping, unescaping, cutting.
//!
//! Most bytes of a log are inside strings, so these loops look at 32 bytes at a time. They use the safe vectors
//! of `wide`; the short tail is done byte by byte.

use std::borrow::Cow;

use super::{escape, keys};
use wide::u8x32;

/// Bytes escaped at a time.
const ESCAPE_PART: usize = 1 << 16;

/// Bytes escaped one by one where a control character is met: enough that what the step before reserved in vain
/// does not count, also where every byte is one.
const ESCAPE_SLOW: usize = 1 << 13;

/// Bytes looked at in one step: most strings end within them, so the branch is easily foreseen.
const LANES: usize = 32;

/// Bit i is set where byte i is a quote, a backslash or a control character: what must not stand unescaped in
/// a JSON string (RFC 8259 section 7).
#[inline]
fn special_mask(v: u8x32) -> u32 {
    let quote = v.simd_eq(u8x32::splat(b'"'));
    let backslash = v.simd_eq(u8x32::splat(b'\\'));
    // Unsigned `v < 0x20` without an unsigned compare: the larger of both is 0x1f only where v <= 0x1f.
    let control = v.max(u8x32::splat(0x1f)).simd_eq(u8x32::splat(0x1f));
    (quote | backslash | control).to_bitmask()
}

/// Whether a byte may not stand unescaped in a JSON string.
#[inline]
fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Whether nothing in a text has to be escaped, nor is an escape: it is the same inside a JSON string.
pub fn is_plain(text: &[u8]) -> bool {
    find_special(text, 0).is_none()
}

/// Position of the next quote, backslash or control character at or after `from`.
#[inline]
pub fn find_special(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(window) = bytes.get(at..).and_then(|rest| rest.first_chunk::<LANES>()) {
        let mask = special_mask(u8x32::from(*window));
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
    let window = bytes.get(from..)?.first_chunk::<LANES>()?;
    let lanes = u8x32::from(*window);
    let special = special_mask(lanes);
    let dots = equal_mask(lanes, b'.');
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
fn equal_mask(v: u8x32, byte: u8) -> u32 {
    v.simd_eq(u8x32::splat(byte)).to_bitmask()
}

/// Which bytes of a text are digits.
#[derive(Debug, Default)]
pub(crate) struct Digits(Vec<u32>);

impl Digits {
    /// Whether all bytes of a range are digits, which has 32 bytes at most.
    #[inline]
    pub(crate) fn are_all(&self, range: &std::ops::Range<usize>) -> bool {
        let (word, bit, len) = (range.start / LANES, range.start % LANES, range.end - range.start);
        let known = |word: usize| u64::from(self.0.get(word).copied().unwrap_or(0));
        let here = (known(word) | known(word + 1) << LANES) >> bit;
        let wanted = (1 << (len % 64)) - 1;
        len <= LANES && here & wanted == wanted
    }
}

/// Cuts a text at its spaces: `words` are the places of what is between them, never empty, and `digits` those of digits.
/// False where something in the text may not stand unescaped in a JSON string; nothing is promised about both then.
pub(crate) fn words(text: &[u8], words: &mut Vec<std::ops::Range<usize>>, digits: &mut Digits) -> bool {
    digits.0.clear();
    let (mut at, mut begin) = (0, 0);
    while at < text.len() {
        // Most lines that are cut so have less than two steps: then how many spaces there are is the same from line to
        // line, and a processor can foresee it.
        let (mut spaces, mut step) = (0u128, at);
        while step < text.len() && step < at + 2 * STEP {
            let Some(found) = characters(text, step) else { return false };
            spaces |= u128::from(found.0) << (step - at);
            digits.0.extend([found.1 as u32, (found.1 >> LANES) as u32]);
            step += STEP;
        }
        let (count, doubled) = (spaces.count_ones(), spaces & (spaces << 1 | u128::from(begin == at)));
        let found = (0..count).map(|_| {
            let end = at + spaces.trailing_zeros() as usize;
            spaces &= spaces.wrapping_sub(1);
            let word = begin..end;
            begin = end + 1;
            word
        });
        if doubled == 0 {
            // Room is made once, not asked for at each.
            words.extend(found);
        } else {
            words.extend(found.filter(|word| !word.is_empty()));
        }
        at = step;
    }
    if begin < text.len() {
        words.push(begin..text.len());
    }
    true
}

/// Bytes looked at in one step by [`words`].
const STEP: usize = 2 * LANES;

/// The bits of the spaces and of the digits among the next 64 bytes of a text; none where one of them may not stand
/// unescaped in a JSON string.
#[inline(always)]
fn characters(text: &[u8], at: usize) -> Option<(u64, u64)> {
    let rest = text.get(at..).unwrap_or_default();
    let mut filled_up;
    let (step, known) = match (rest.first_chunk::<STEP>(), text.last_chunk::<STEP>()) {
        (Some(step), _) => (step, 0),
        // Some of it a second time: copying the rest would cost more.
        (None, Some(step)) => (step, STEP - rest.len()),
        (None, None) => {
            filled_up = [b'a'; STEP];
            filled_up.get_mut(..rest.len())?.copy_from_slice(rest);
            (&filled_up, 0)
        }
    };
    let (mut special, mut spaces, mut digits) = (0, 0, 0);
    for (place, chunk) in step.as_chunks::<LANES>().0.iter().enumerate() {
        let lanes = u8x32::from(*chunk);
        special |= special_mask(lanes);
        spaces |= u64::from(equal_mask(lanes, b' ')) << (LANES * place);
        // The larger of a byte and '0', which is the smaller of that and '9', is the byte itself.
        let digit = lanes.max(u8x32::splat(b'0')).min(u8x32::splat(b'9')).simd_eq(lanes);
        digits |= u64::from(digit.to_bitmask()) << (LANES * place);
    }
    (special == 0).then_some((spaces >> known, digits >> known))
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

/// The text of the inside of a JSON string, as it stands there where it has no escapes.
#[must_use]
pub fn unescaped(inside: &[u8]) -> Cow<'_, [u8]> {
    match memchr::memchr(b'\\', inside) {
        Some(_) => Cow::Owned(unescape(inside).into_bytes()),
        None => Cow::Borrowed(inside),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random and are the same each time.
    fn numbers(seed: u64) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(seed), |n| Some(n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1)))
            .map(|n| (n >> 33) as usize)
    }

    fn text(len: usize, letters: &[u8], seed: u64) -> Vec<u8> {
        numbers(seed).skip(1).take(len).map(|n| letters[n % letters.len()]).collect()
    }

    /// Texts of every length around the steps, with few and many spaces, also side by side.
    #[test]
    fn words_are_what_is_between_spaces() {
        let (mut words, mut digits) = (Vec::new(), Digits::default());
        for len in 0..300 {
            for letters in [&b"ab1 "[..], b"a  ", b"01234567890123456789 ", b"a9"] {
                let text = text(len, letters, len as u64);
                words.clear();
                assert!(super::words(&text, &mut words, &mut digits));
                let found: Vec<&[u8]> = words.iter().map(|word| &text[word.clone()]).collect();
                let known: Vec<&[u8]> = text.split(|&b| b == b' ').filter(|word| !word.is_empty()).collect();
                assert_eq!(found, known, "{}", text.escape_ascii());
                for word in words.iter().filter(|word| word.len() <= LANES) {
                    let all = text[word.clone()].iter().all(u8::is_ascii_digit);
                    assert_eq!(digits.are_all(word), all, "{}", text.escape_ascii());
                }
            }
        }
    }

    /// One in every place of every length.
    #[test]
    fn words_stop_at_what_has_to_be_escaped() {
        for len in 1..200 {
            for at in 0..len {
                let mut text = vec![b'1'; len];
                text[at] = [b'"', b'\\', 0x1f, 0][at % 4];
                assert!(!words(&text, &mut Vec::new(), &mut Digits::default()), "{at} of {len}");
            }
        }
    }

    /// Every mixture of quotes and other bytes within eight, and texts of every length around the steps.
    #[test]
    fn escaped_is_each_special_byte_and_nothing_else() {
        let escaped = |text: &[u8]| {
            let mut out = b"before".to_vec();
            escape_into(&mut out, text);
            let mut known = b"before".to_vec();
            for &byte in text {
                if is_special(byte) { escape_byte(&mut known, byte) } else { known.push(byte) }
            }
            assert_eq!(out, known, "{}", text.escape_ascii());
        };
        for specials in 0..=255u8 {
            let eight: Vec<u8> =
                (0..8).map(|bit| if specials >> bit & 1 == 1 { b'"' } else { b'a' + bit }).collect();
            for before in 0..10 {
                escaped(&[vec![b'z'; before], eight.clone(), eight.repeat(before), b"end".to_vec()].concat());
            }
        }
        for len in 0..300 {
            for letters in [&b"abc\"d"[..], b"\"\\", b"a", b"abcd\"\\\n\t\x01\xc3\xa4"] {
                escaped(&text(len, letters, len as u64));
            }
        }
    }
}
