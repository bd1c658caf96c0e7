//! The scanner of 64 bytes at a time against one that goes byte by byte.

use proptest::prelude::*;
use siem_parsers::split::scan::{BLOCK, Scanner};

use crate::support::cases;

/// Opening and closing brackets outside strings, and whether the bytes end inside a string.
fn naive(bytes: &[u8]) -> (Vec<usize>, Vec<usize>, bool) {
    let (mut open, mut close) = (Vec::new(), Vec::new());
    let (mut in_string, mut escaped) = (false, false);
    for (at, &byte) in bytes.iter().enumerate() {
        if byte == b'"' && !escaped {
            in_string = !in_string;
        }
        escaped = byte == b'\\' && !escaped;
        match byte {
            b'{' | b'[' if !in_string => open.push(at),
            b'}' | b']' if !in_string => close.push(at),
            _ => {}
        }
    }
    (open, close, in_string)
}

fn by_blocks(bytes: &[u8]) -> (Vec<usize>, Vec<usize>, bool) {
    let mut scanner = Scanner::default();
    let (mut open, mut close) = (Vec::new(), Vec::new());
    for (number, chunk) in bytes.chunks(BLOCK).enumerate() {
        let mut block = [b' '; BLOCK];
        block[..chunk.len()].copy_from_slice(chunk);
        let found = scanner.block(&block);
        for bit in 0..BLOCK {
            let at = number * BLOCK + bit;
            if found.open >> bit & 1 == 1 {
                open.push(at);
            }
            if found.close >> bit & 1 == 1 {
                close.push(at);
            }
        }
    }
    (open, close, scanner.in_string())
}

/// Bytes of which most mean something to the scanner.
fn meaningful() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop::sample::select(b"\"\\\\\\{}[]a,: \x5b\x5d\x7b\x7d\x1b\x3b\x3d\xdb\xfb\x00".to_vec());
    prop::collection::vec(byte, 0..400)
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn blocks_and_bytes_find_the_same_brackets(bytes in meaningful()) {
        prop_assert_eq!(by_blocks(&bytes), naive(&bytes));
    }

    #[test]
    fn blocks_and_bytes_agree_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(by_blocks(&bytes), naive(&bytes));
    }

    #[test]
    fn backslash_runs_at_the_edges_of_blocks_are_counted(before in 0usize..130, run in 0usize..130) {
        let bytes = [
            &b"\""[..], &b"x".repeat(before), &b"\\".repeat(run), b"\"{}\"[\\\\\\\"]\"",
        ].concat();
        prop_assert_eq!(by_blocks(&bytes), naive(&bytes));
    }
}
