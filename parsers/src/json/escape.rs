//! Escaping quotes and backslashes without a branch on the text.
//!
//! In JSON every fifth byte or so is a quote, so copying the runs between them costs a call or a missed branch
//! each. Here every quote of a block is handled by the same few instructions: 32 bytes are copied from it on,
//! one place further than those before it, and the next quote overwrites what was too much.

use wide::u8x16;

/// Bytes in one step.
const BLOCK: usize = 64;

/// Bytes read for a step: a copy begins at any byte of the block, or right behind it.
const INPUT: usize = 2 * BLOCK;

/// Bytes that a step may write to, most of them in vain: the block with every byte escaped, a copy behind
/// that, and the specials that are not there ([`AT_ONCE`]).
const OUTPUT: usize = 5 * BLOCK;

/// Bytes copied from a special on. Few runs are longer: for them it is done twice.
const USUAL: usize = BLOCK / 2;

/// Specials handled before it is asked whether more are left. Most blocks have eight and more.
const AT_ONCE: usize = 4;

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

/// The bits of the quotes and backslashes of a block, and whether it has control characters.
#[inline]
fn specials(block: &[u8; INPUT]) -> (u64, bool) {
    let (mut mask, mut controls) = (0, u8x16::splat(0));
    let (chunks, _) = block.as_chunks::<16>();
    for (place, chunk) in chunks.iter().take(BLOCK / 16).enumerate() {
        let v = u8x16::from(*chunk);
        let special = v.simd_eq(u8x16::splat(b'"')) | v.simd_eq(u8x16::splat(b'\\'));
        mask |= u64::from(special.to_bitmask()) << (16 * place);
        // The larger of a byte and 0x1f is 0x1f only where the byte is a control character.
        controls |= v.max(u8x16::splat(0x1f)).simd_eq(u8x16::splat(0x1f));
    }
    (mask, controls.to_bitmask() != 0)
}

/// Writes the first 64 bytes of `input`; gives the bytes written. `mask` has their specials.
#[inline]
fn escape(output: &mut [u8; OUTPUT], input: &[u8; INPUT], mut mask: u64) -> usize {
    let written = BLOCK + mask.count_ones() as usize;
    copy::<BLOCK>(output, 0, input, 0);
    let mut before = 0;
    while mask != 0 {
        for _ in 0..AT_ONCE {
            // Both are 64 where none is left: that writes behind the block only.
            let at = mask.trailing_zeros() as usize;
            mask &= mask.wrapping_sub(1);
            let next = mask.trailing_zeros() as usize;
            // At most 67 go before; that it is less than 128 lets the compiler leave out its checks.
            let to = at + before % (2 * BLOCK);
            if let Some(byte) = output.get_mut(to) {
                *byte = b'\\';
            }
            copy::<USUAL>(output, to + 1, input, at);
            if next > at + USUAL {
                copy::<USUAL>(output, to + 1 + USUAL, input, at + USUAL);
            }
            before += 1;
        }
    }
    written
}

/// Copies some bytes.
#[inline]
fn copy<const LEN: usize>(output: &mut [u8; OUTPUT], to: usize, input: &[u8; INPUT], from: usize) {
    let to = output.get_mut(to..).and_then(|o| o.first_chunk_mut::<LEN>());
    if let (Some(to), Some(from)) = (to, input.get(from..).and_then(|i| i.first_chunk::<LEN>())) {
        *to = *from;
    }
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
