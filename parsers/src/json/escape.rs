//! Escaping quotes and backslashes without a branch on the text.
//!
//! In JSON every fifth byte or so is a quote, so copying the runs between them costs a call or a missed branch
//! each. Here eight bytes are spread at a time, whatever is in them: a table says for each set of specials where the bytes
//! go and where a backslash comes between.

use wide::{u8x16, u8x32};

/// Bytes in one step.
const BLOCK: usize = 64;

/// Bytes spread at a time: a vector has room for all of them escaped.
const GROUP: usize = 8;

/// Bytes read for a step: the last group is loaded with what is behind it.
const INPUT: usize = BLOCK + GROUP;

/// Bytes that a step may write to: the block with every byte escaped, and what a group writes behind its end.
const OUTPUT: usize = 2 * BLOCK + 2 * GROUP;

/// What was done of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Done {
    /// Bytes of the text.
    pub(super) read: usize,
    /// Bytes written.
    pub(super) written: usize,
    /// A control character is in the next 64 bytes; without it, there was no more room.
    pub(super) control: bool,
}

/// Room that is enough for most texts (a special in four bytes) and for some bytes of any text.
pub(super) fn room(len: usize) -> usize {
    len + len / 4 + OUTPUT
}

/// In [`SPREAD`], a backslash: no place of a byte, which is what makes the shuffle write zero; without its highest bit it is
/// the character.
const BACKSLASH: u8 = 0x80 | b'\\';

/// By the specials among eight bytes: for each byte written the place of that to copy, or [`BACKSLASH`].
static SPREAD: [[u8; 2 * GROUP]; 256] = spread();

#[allow(clippy::indexing_slicing, reason = "made by the compiler")]
const fn spread() -> [[u8; 2 * GROUP]; 256] {
    let mut table = [[0; 2 * GROUP]; 256];
    let mut specials = 0;
    while specials < table.len() {
        let (mut from, mut to) = (0, 0);
        while from < GROUP {
            if specials >> from & 1 == 1 {
                table[specials][to] = BACKSLASH;
                to += 1;
            }
            table[specials][to] = from as u8;
            to += 1;
            from += 1;
        }
        specials += 1;
    }
    table
}

/// The bits of the quotes and backslashes of a block, and whether it has control characters.
#[inline]
fn specials(block: &[u8; INPUT]) -> (u64, bool) {
    let (mut mask, mut controls) = (0, u8x32::splat(0));
    let (chunks, _) = block.as_chunks::<32>();
    for (place, chunk) in chunks.iter().enumerate() {
        let v = u8x32::from(*chunk);
        let special = v.simd_eq(u8x32::splat(b'"')) | v.simd_eq(u8x32::splat(b'\\'));
        mask |= u64::from(special.to_bitmask()) << (32 * place);
        // The larger of a byte and 0x1f is 0x1f only where the byte is a control character.
        controls |= v.max(u8x32::splat(0x1f)).simd_eq(u8x32::splat(0x1f));
    }
    (mask, controls.to_bitmask() != 0)
}

/// Writes the first 64 bytes of `input`; gives the bytes written. `mask` has their specials.
#[inline]
fn escape(output: &mut [u8; OUTPUT], input: &[u8; INPUT], mask: u64) -> usize {
    let mut before = 0;
    for (group, specials) in mask.to_le_bytes().into_iter().enumerate() {
        let from = group * GROUP;
        // At most 56 backslashes go before the last group; that it is less than 64 lets the compiler leave out its checks.
        let to = from + before % BLOCK;
        let places = SPREAD.get(usize::from(specials)).copied().unwrap_or_default();
        let bytes = input.get(from..).and_then(|i| i.first_chunk::<16>()).copied().unwrap_or_default();
        let places = u8x16::from(places);
        let spread = u8x16::from(bytes).shuffle_zeroing(places) | places.saturating_sub(u8x16::splat(0x80));
        if let Some(room) = output.get_mut(to..).and_then(|o| o.first_chunk_mut::<16>()) {
            *room = spread.to_array();
        }
        before += specials.count_ones() as usize;
    }
    BLOCK + before
}

/// Writes `text` to `output` with a backslash before each quote and backslash. Ends before 64 bytes with
/// a control character, and where `output` has no room for all that a step may write.
pub(super) fn quotes(output: &mut [u8], text: &[u8]) -> Done {
    let mut done = Done { read: 0, written: 0, control: false };
    while let Some(rest) = text.get(done.read..).filter(|rest| !rest.is_empty()) {
        let (mut padded, len);
        let input = match rest.first_chunk::<INPUT>() {
            Some(input) => {
                len = BLOCK;
                input
            }
            None => {
                len = rest.len().min(BLOCK);
                padded = [b' '; INPUT];
                if let Some(begin) = padded.get_mut(..rest.len()) {
                    begin.copy_from_slice(rest);
                }
                &padded
            }
        };
        let (mask, control) = specials(input);
        let room = output.get_mut(done.written..).and_then(|o| o.first_chunk_mut::<OUTPUT>());
        let Some(room) = room else { break };
        if control {
            done.control = true;
            break;
        }
        // What is behind the text is written as well, and not counted.
        done.written += escape(room, input, mask) - (BLOCK - len);
        done.read += len;
    }
    done
}
