//! Brackets and strings, 64 bytes at a time.
//!
//! The scan knows of JSON only this: a quote begins or ends a string, a backslash in front of it takes that
//! away, and brackets outside strings nest. That is enough to find the end of a record in any JSON and cheap
//! enough to keep up with inflating; whether a record is right is seen by whoever reads it.

use wide::u8x32;

/// Bytes in one step.
pub const BLOCK: usize = 64;

/// State between blocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scanner {
    /// All ones while inside a string.
    in_string: u64,
    /// The block before ended with a backslash that takes away the meaning of the next byte.
    escaped: u64,
}

/// The brackets of one block that stand outside strings; bit i is byte i.
#[derive(Debug, Clone, Copy, Default)]
pub struct Brackets {
    /// `{` and `[`.
    pub open: u64,
    /// `}` and `]`.
    pub close: u64,
}

/// One bit a byte for equality.
#[inline]
fn eq_mask(v: [u8x32; 2], byte: u8) -> u64 {
    let [low, high] = v.map(|lane| u64::from(lane.simd_eq(u8x32::splat(byte)).to_bitmask()));
    low | high << 32
}

impl Scanner {
    /// Scans one block.
    #[inline]
    pub fn block(&mut self, block: &[u8; BLOCK]) -> Brackets {
        let (chunks, _) = block.as_chunks::<32>();
        let mut lanes = [u8x32::splat(0); 2];
        for (lane, chunk) in lanes.iter_mut().zip(chunks) {
            *lane = u8x32::from(*chunk);
        }
        let mut quotes = eq_mask(lanes, b'"');
        let backslashes = eq_mask(lanes, b'\\');
        if backslashes | self.escaped != 0 {
            quotes &= !self.escaped_bytes(backslashes);
        }
        // Every bit becomes the parity of the quotes up to it: ones inside strings (with the opening quote).
        let mut parity = quotes;
        for shift in [1, 2, 4, 8, 16, 32] {
            parity ^= parity << shift;
        }
        let inside = parity ^ self.in_string;
        // Sign-extends the last bit: all ones where the block ends inside a string.
        self.in_string = ((inside as i64) >> 63) as u64;
        // `{` and `[`, `}` and `]` differ only in the bit 0x20.
        let folded = lanes.map(|lane| lane | u8x32::splat(0x20));
        Brackets { open: eq_mask(folded, b'{') & !inside, close: eq_mask(folded, b'}') & !inside }
    }

    /// The bytes whose meaning a backslash takes away. Backslashes are rare, so they are walked one by one.
    #[inline]
    fn escaped_bytes(&mut self, backslashes: u64) -> u64 {
        let mut escaped = self.escaped;
        let mut left = backslashes & !escaped;
        self.escaped = 0;
        while left != 0 {
            let at = left.trailing_zeros();
            left &= left - 1;
            if at == 63 {
                self.escaped = 1;
            } else {
                let next = 1u64 << (at + 1);
                escaped |= next;
                left &= !next;
            }
        }
        escaped
    }

    /// Whether the bytes so far end inside a string.
    #[must_use]
    pub fn in_string(&self) -> bool {
        self.in_string != 0
    }
}
