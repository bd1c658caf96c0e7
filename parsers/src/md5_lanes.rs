//! MD5 of several short texts side by side.
//!
//! Each step of MD5 waits for the one before, so one text leaves most of a processor idle. Here sixteen texts go
//! through the steps together, each in a lane of the safe vectors of `wide`: eight at once, and as many beside them.
//! Flow logs have an id like this for each row of 114 bytes (RFC 1321; `benches/RESULTS.md` has the figures).

use md5::{Digest, Md5};
use wide::{u32x8, u32x16};

/// Texts at a time.
pub(crate) const LANES: usize = 16;

/// Bytes of a block.
const BLOCK: usize = 64;

/// Blocks of a text at most; longer texts are done one by one.
const BLOCKS: usize = 4;

/// Bytes that padding adds at least: the bit that ends the text, and its length.
const PADDING: usize = 9;

/// Before the first block.
const BEGIN: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// The MD5 of each text, in their order; of more than [`LANES`] texts only the first ones.
pub(crate) fn digests(texts: &[&[u8]]) -> [[u8; 16]; LANES] {
    let mut digests = [[0; 16]; LANES];
    let mut padded = [[0u8; BLOCK * BLOCKS]; LANES];
    let mut blocks = [0; LANES];
    for (((text, room), blocks), digest) in texts.iter().zip(&mut padded).zip(&mut blocks).zip(&mut digests) {
        match pad(text, room) {
            Some(used) => *blocks = used,
            None => *digest = Md5::digest(text).into(),
        }
    }
    let mut state = BEGIN.map(u32x16::splat);
    for block in 0..blocks.iter().copied().max().unwrap_or(0) {
        compress(&mut state, &words(&padded, block));
        let done = state.map(u32x16::to_array);
        for (lane, (digest, _)) in
            digests.iter_mut().zip(&blocks).enumerate().filter(|(_, (_, blocks))| **blocks == block + 1)
        {
            let (bytes, _) = digest.as_chunks_mut::<4>();
            for (bytes, word) in bytes.iter_mut().zip(&done) {
                *bytes = word.get(lane).copied().unwrap_or_default().to_le_bytes();
            }
        }
    }
    digests
}

/// Puts a text into its blocks with what MD5 adds behind it; gives their number, none where they are too few.
fn pad(text: &[u8], room: &mut [u8; BLOCK * BLOCKS]) -> Option<usize> {
    let blocks = (text.len() + PADDING).div_ceil(BLOCK);
    if blocks > BLOCKS {
        return None;
    }
    room.get_mut(..text.len())?.copy_from_slice(text);
    *room.get_mut(text.len())? = 0x80;
    let bits = (text.len() as u64).wrapping_mul(8).to_le_bytes();
    let end = blocks * BLOCK;
    room.get_mut(end - bits.len()..end)?.copy_from_slice(&bits);
    Some(blocks)
}

/// The sixteen words of a block of each text.
fn words(padded: &[[u8; BLOCK * BLOCKS]; LANES], block: usize) -> [u32x16; 16] {
    let mut words = [[0; LANES]; 16];
    // A half of the block of half of the texts is turned at a time: words of a text to texts of a word.
    for (texts, lanes) in padded.as_chunks::<8>().0.iter().zip([0, 8]) {
        for (half, first) in [0, 8].into_iter().enumerate() {
            let rows = texts.each_ref().map(|text| {
                let bytes = text.as_chunks::<{ BLOCK / 2 }>().0.get(2 * block + half);
                bytes.map_or(u32x8::splat(0), little_endian)
            });
            let turned = u32x8::transpose(rows).map(u32x8::to_array);
            for (word, turned) in words.iter_mut().skip(first).zip(turned) {
                word.iter_mut().skip(lanes).zip(turned).for_each(|(to, from)| *to = from);
            }
        }
    }
    words.map(u32x16::new)
}

fn little_endian(bytes: &[u8; BLOCK / 2]) -> u32x8 {
    let mut words = [0; 8];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    u32x8::new(words)
}

/// One step; `$f` is the function of its round.
macro_rules! step {
    ($f:expr, $a:ident, $b:ident, $c:ident, $d:ident, $word:expr, $turn:literal, $sine:literal) => {
        let sum = $a + $f($b, $c, $d) + $word + u32x16::splat($sine);
        $a = (sum << $turn) + (sum >> (32 - $turn)) + $b;
    };
}

/// Four steps, which bring the letters back to their places.
macro_rules! steps {
    ($f:expr, ($a:ident $b:ident $c:ident $d:ident), ($t1:literal $t2:literal $t3:literal $t4:literal),
     $([$w1:expr, $s1:literal] [$w2:expr, $s2:literal] [$w3:expr, $s3:literal] [$w4:expr, $s4:literal])+) => {
        $(
            step!($f, $a, $b, $c, $d, $w1, $t1, $s1);
            step!($f, $d, $a, $b, $c, $w2, $t2, $s2);
            step!($f, $c, $d, $a, $b, $w3, $t3, $s3);
            step!($f, $b, $c, $d, $a, $w4, $t4, $s4);
        )+
    };
}

/// Takes a block of each text into its state.
fn compress(state: &mut [u32x16; 4], words: &[u32x16; 16]) {
    let [w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15] = *words;
    let [mut a, mut b, mut c, mut d] = *state;
    // The functions of the four rounds.
    let choose = |b: u32x16, c: u32x16, d: u32x16| d ^ (b & (c ^ d));
    let choose_by_last = |b: u32x16, c: u32x16, d: u32x16| c ^ (d & (b ^ c));
    let parity = |b: u32x16, c: u32x16, d: u32x16| b ^ c ^ d;
    let mixed = |b: u32x16, c: u32x16, d: u32x16| c ^ (b | !d);
    steps!(choose, (a b c d), (7 12 17 22),
        [w0, 0xd76a_a478] [w1, 0xe8c7_b756] [w2, 0x2420_70db] [w3, 0xc1bd_ceee]
        [w4, 0xf57c_0faf] [w5, 0x4787_c62a] [w6, 0xa830_4613] [w7, 0xfd46_9501]
        [w8, 0x6980_98d8] [w9, 0x8b44_f7af] [w10, 0xffff_5bb1] [w11, 0x895c_d7be]
        [w12, 0x6b90_1122] [w13, 0xfd98_7193] [w14, 0xa679_438e] [w15, 0x49b4_0821]
    );
    steps!(choose_by_last, (a b c d), (5 9 14 20),
        [w1, 0xf61e_2562] [w6, 0xc040_b340] [w11, 0x265e_5a51] [w0, 0xe9b6_c7aa]
        [w5, 0xd62f_105d] [w10, 0x0244_1453] [w15, 0xd8a1_e681] [w4, 0xe7d3_fbc8]
        [w9, 0x21e1_cde6] [w14, 0xc337_07d6] [w3, 0xf4d5_0d87] [w8, 0x455a_14ed]
        [w13, 0xa9e3_e905] [w2, 0xfcef_a3f8] [w7, 0x676f_02d9] [w12, 0x8d2a_4c8a]
    );
    steps!(parity, (a b c d), (4 11 16 23),
        [w5, 0xfffa_3942] [w8, 0x8771_f681] [w11, 0x6d9d_6122] [w14, 0xfde5_380c]
        [w1, 0xa4be_ea44] [w4, 0x4bde_cfa9] [w7, 0xf6bb_4b60] [w10, 0xbebf_bc70]
        [w13, 0x289b_7ec6] [w0, 0xeaa1_27fa] [w3, 0xd4ef_3085] [w6, 0x0488_1d05]
        [w9, 0xd9d4_d039] [w12, 0xe6db_99e5] [w15, 0x1fa2_7cf8] [w2, 0xc4ac_5665]
    );
    steps!(mixed, (a b c d), (6 10 15 21),
        [w0, 0xf429_2244] [w7, 0x432a_ff97] [w14, 0xab94_23a7] [w5, 0xfc93_a039]
        [w12, 0x655b_59c3] [w3, 0x8f0c_cc92] [w10, 0xffef_f47d] [w1, 0x8584_5dd1]
        [w8, 0x6fa8_7e4f] [w15, 0xfe2c_e6e0] [w6, 0xa301_4314] [w13, 0x4e08_11a1]
        [w4, 0xf753_7e82] [w11, 0xbd3a_f235] [w2, 0x2ad7_d2bb] [w9, 0xeb86_d391]
    );
    for (before, now) in state.iter_mut().zip([a, b, c, d]) {
        *before += now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of all lengths around the ends of blocks, in all mixtures, against the library.
    #[test]
    fn agrees_with_the_library() {
        let text: Vec<u8> = (0..600u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for len in 0..300 {
            for count in 0..=LANES {
                let texts: Vec<&[u8]> =
                    (0..count).map(|lane| &text[lane..lane + (len * (lane + 1)) % 310]).collect();
                let several = digests(&texts);
                for (digest, text) in several.iter().zip(&texts) {
                    assert_eq!(*digest, <[u8; 16]>::from(Md5::digest(text)), "{} bytes", text.len());
                }
            }
        }
    }
}
