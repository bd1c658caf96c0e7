//! Parquet files that are damaged, or made to take too much.

use std::ops::ControlFlow;

use bytes::Bytes;
use siem_parsers::split::{
    Cut, Limits,
    parquet::{ParquetProblem, ROWS_FREE, ROWS_PER_BYTE, is_parquet, read},
};

use crate::{
    parquet_encodings::all_encodings,
    parquet_files::{
        Column, Levels, VPC, all_properties, cuts, flow_line, flows, int64, joined, pieces, snappy, write,
    },
    support::Random,
};

/// Replaces the footer.
fn with_footer(file: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let end = file.len() - 8;
    let size = u32::from_le_bytes(file[end..end + 4].try_into().unwrap()) as usize;
    let mut footer = file[end - size..end].to_vec();
    change(&mut footer);
    let mut out = file[..end - size].to_vec();
    out.extend_from_slice(&footer);
    out.extend_from_slice(&(footer.len() as u32).to_le_bytes());
    out.extend_from_slice(b"PAR1");
    out
}

fn problem(file: &[u8]) -> ParquetProblem {
    cuts(file, Limits::default()).1.unwrap_err()
}

/// A footer with a schema of these elements: what follows the name of each (`0x15 …` is its count of children).
fn footer_of(elements: usize, element: &[u8]) -> Vec<u8> {
    let mut out = vec![0x15, 2, 0x19, 0xfc]; // version 1; a list of structs with a long length
    let mut len = elements;
    while len > 127 {
        out.push(len as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
    for _ in 0..elements {
        out.extend_from_slice(element);
    }
    out
}

fn file_of(footer: &[u8]) -> Vec<u8> {
    with_footer(b"PAR1\0\0\0\0PAR1", |bytes| *bytes = footer.to_vec())
}

#[test]
fn what_is_no_parquet_is_told() {
    assert!(!is_parquet(b"PAR") && !is_parquet(b"\x1f\x8b\x08\0") && is_parquet(b"PAR1\x15"));
    for bytes in [&b""[..], b"PAR1", b"PAR1PAR1", b"version account-id\n2 1111\n", b"PARE0123456789PARE"] {
        assert!(matches!(problem(bytes), ParquetProblem::NotParquet), "{bytes:?}");
    }
}

#[test]
fn a_file_that_is_cut_off_has_no_rows() {
    let file = write(VPC, snappy(), &[flows(0, 50)]);
    for len in 12..file.len() {
        let (cuts, result) = cuts(&file[..len], Limits::default());
        assert!(cuts.is_empty() && matches!(result, Err(ParquetProblem::Unfinished)), "{len}");
    }
}

#[test]
fn rows_before_the_damage_are_kept() {
    let file = write(VPC, snappy(), &[flows(0, 300), flows(300, 300), flows(600, 300)]);
    let all = cuts(&file, Limits::default()).0;
    assert_eq!(joined(&pieces(all)).len(), 900);
    // The first bytes of both files are those of two row groups.
    let shorter = write(VPC, snappy(), &[flows(0, 300), flows(300, 300)]);
    let third = file.iter().zip(&shorter).position(|(a, b)| a != b).unwrap();
    let mut broken = file.clone();
    broken[third + 200..third + 1200].fill(0xff);
    let (cuts, result) = cuts(&broken, Limits::default());
    let lines = joined(&pieces(cuts));
    assert!(lines.len() >= 600);
    assert_eq!(lines[..600], (0..600).map(flow_line).collect::<Vec<_>>());
    let told = result.unwrap_err().to_string();
    assert!(told.contains("row group 2") && told.contains("column `"), "{told}");
}

#[test]
fn footers_that_would_end_the_process_are_refused() {
    let name = [0x48, 1, b'a']; // field 4, a text
    let one_child = [&name[..], &[0x15, 2, 0]].concat();
    // A recursion of as many steps as there are elements.
    let deep = file_of(&footer_of(2000, &one_child));
    assert!(matches!(problem(&deep), ParquetProblem::Unsupported(_) | ParquetProblem::Corrupt(_)));
    let longer = file_of(&footer_of(1_000_000, &one_child));
    assert!(matches!(problem(&longer), ParquetProblem::TooLarge { what: "schema", .. }));
    // Memory for two thousand million children.
    let wide = [&name[..], &[0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0]].concat();
    assert!(matches!(problem(&file_of(&footer_of(3, &wide))), ParquetProblem::Corrupt(_)));
    // A list that claims to be longer than the file, negative counts, a length that runs over, no end.
    for footer in [
        &[0x15, 2, 0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07][..],
        &[0x15, 2, 0x19, 0x1c, 0x48, 1, b'a', 0x15, 1, 0, 0],
        &[0x15, 2, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        &[0x15, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[],
        &[0],
    ] {
        assert!(matches!(problem(&file_of(footer)), ParquetProblem::Corrupt(_)), "{footer:?}");
    }
    let mut lying = write(VPC, snappy(), &[flows(0, 5)]);
    let at = lying.len() - 8;
    lying[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(problem(&lying), ParquetProblem::Corrupt(_)));
}

/// The bytes of a Thrift integer.
fn zigzag(value: i64) -> Vec<u8> {
    let mut left = (value << 1 ^ value >> 63) as u64;
    let mut out = Vec::new();
    while left > 127 {
        out.push(left as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
    out
}

/// The file with another number of rows in its footer, where there were so many; below 64 is too short to be found.
fn counting(file: &[u8], rows: i64, count: i64) -> Vec<u8> {
    let (from, to) = (zigzag(rows), zigzag(count));
    with_footer(file, |footer| {
        // The rows of the file, of the row group, and the values of the column: all but the last.
        let mut at = 0;
        while let Some(place) =
            footer[at..].windows(1 + from.len()).position(|w| w[0] == 0x16 && w[1..] == from[..])
        {
            drop(footer.splice(at + place + 1..at + place + 1 + from.len(), to.clone()));
            at += place + 1 + to.len();
        }
    })
}

#[test]
fn a_footer_that_counts_too_many_rows_is_told() {
    let rows = 1234;
    let file = write("message m { optional int64 n; }", snappy(), &[vec![int64((0..rows).map(Some))]]);
    for count in [1235, 1 << 20, -1] {
        let broken = counting(&file, rows, count);
        let (cuts, result) = cuts(&broken, Limits::default());
        let read = joined(&pieces(cuts)).len() as i64;
        assert_eq!(read, if count < 0 { 0 } else { rows }, "{count}");
        assert!(matches!(result, Err(ParquetProblem::Corrupt(_))), "{count}");
    }
}

#[test]
fn more_rows_than_the_bytes_are_good_for_are_refused_before_any_is_read() {
    // Some bytes for a million rows that are all the same: the most that a small file may have.
    let schema = "message m { optional int64 n; }";
    let rows = ROWS_FREE as i64;
    let file = write(schema, snappy(), &[vec![int64((0..rows).map(|_| Some(7)))]]);
    assert!(file.len() < 10_000, "{}", file.len());
    let mut lines = 0;
    let mut emit = |cut| {
        if let Cut::Piece(piece) = cut {
            lines += piece.bytes.iter().filter(|b| **b == b'\n').count();
        }
        ControlFlow::Continue(())
    };
    read(Bytes::from(file.clone()), Limits::default(), &mut emit).unwrap();
    assert_eq!(lines, rows as usize);
    let most = |file: &[u8]| ROWS_FREE + ROWS_PER_BYTE * file.len() as u64;
    for count in [rows * 2, 1 << 31, i64::MAX] {
        let broken = counting(&file, rows, count);
        let (cuts, result) = cuts(&broken, Limits::default());
        assert!(cuts.is_empty());
        let Err(ParquetProblem::TooLarge { what: "number of rows", size, limit }) = result else {
            panic!("{count}: {result:?}")
        };
        assert_eq!((size, limit), (count as u64, most(&broken)));
    }
    // Of all row groups together.
    let part = |count: i64| vec![int64((0..count).map(|_| Some(7)))];
    let file = write(schema, snappy(), &[part(rows), part(rows)]);
    assert!(matches!(problem(&file), ParquetProblem::TooLarge { what: "number of rows", .. }));
}

#[test]
fn pages_that_claim_too_much_are_refused_before_they_are_read() {
    let schema = "message m { optional int64 n; }";
    for (name, properties) in all_properties() {
        let file = write(schema, properties, &[vec![int64((0..1000).map(|n| Some(n % 10)))]]);
        // Type, inflated and stored size: the second gets as long as it may.
        let mut broken = file.clone();
        assert_eq!((broken[4], broken[6]), (0x15, 0x15), "{name}");
        let old = 1 + broken[7..].iter().position(|b| b & 0x80 == 0).unwrap();
        drop(broken.splice(7..7 + old, zigzag(i64::from(i32::MAX))));
        let result = cuts(&broken, Limits::default()).1;
        let told = result.unwrap_err();
        assert!(matches!(told, ParquetProblem::TooLarge { what: "size of pages", .. }), "{name}: {told}");
    }
}

#[test]
fn no_page_inflates_to_more_than_it_says() {
    let schema = "message m { optional int64 n; }";
    for (name, properties) in all_properties() {
        if !matches!(name, "gzip, plain values" | "plain") {
            continue;
        }
        let mut file = write(schema, properties, &[vec![int64((0..100_000).map(|_| Some(0)))]]);
        let old = 1 + file[7..].iter().position(|b| b & 0x80 == 0).unwrap();
        let less = zigzag(9000);
        assert_eq!(less.len(), old, "{name}");
        file[7..7 + old].copy_from_slice(&less);
        let told = problem(&file).to_string();
        assert!(told.contains("length is not as its header says"), "{name}: {told}");
    }
}

#[test]
fn damaged_files_give_problems_and_no_panic() {
    let mut random = Random(0x1234_5678_9abc_def1);
    let nested = "message m { optional group l (LIST) { repeated group list { optional int64 element; } } }";
    let mut seeds = Vec::new();
    for (_, properties) in all_properties() {
        seeds.push(write(VPC, properties.clone(), &[flows(0, 40), flows(40, 40)]));
        let levels = Levels(Some(vec![3, 2, 3, 0, 1, 3]), Some(vec![0, 1, 1, 0, 0, 0]));
        seeds.push(write(nested, properties, &[vec![Column::I64(vec![1, 2, 3], levels)]]));
    }
    seeds.extend(all_encodings());
    const ROUNDS: usize = 300;
    let (mut right, mut wrong) = (0, 0);
    for seed in &seeds {
        for _ in 0..ROUNDS {
            let mut bytes = seed.clone();
            for _ in 0..=random.below(4) {
                let at = random.below(bytes.len());
                match random.below(5) {
                    0..=2 => bytes[at] ^= 1 << random.below(8),
                    3 => bytes[at] = *random.pick(&[0, 0xff, 0x7f, 0x80, 0x15, 0x19]),
                    _ => {
                        // Within the file, so that it still ends with its footer.
                        let to = (at + random.below(20)).min(bytes.len());
                        let part = bytes[at..to].to_vec();
                        let place = random.below(bytes.len() - part.len());
                        bytes[place..place + part.len()].copy_from_slice(&part);
                    }
                }
            }
            let mut size = 0;
            let result = read(Bytes::from(bytes), Limits { piece: 4096, ..Limits::default() }, &mut |cut| {
                if let Cut::Piece(piece) = cut {
                    size += piece.bytes.len();
                    for line in piece.bytes.split_inclusive(|b| *b == b'\n') {
                        assert!(serde_json::from_slice::<serde_json::Value>(line).is_ok());
                    }
                }
                // Levels may say that there are more rows than anyone would wait for.
                if size < 1 << 20 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            *if result.is_ok() { &mut right } else { &mut wrong } += 1;
        }
    }
    assert!(right > 0 && wrong > 0);
}

#[test]
fn two_files_one_behind_the_other_are_told_and_not_half_read() {
    let one = write(VPC, snappy(), &[flows(0, 50), flows(50, 50)]);
    let other = write(VPC, snappy(), &[flows(100, 70)]);
    for file in [[&one[..], &one].concat(), [&one[..], &other].concat(), [&other[..], &one].concat()] {
        let (cuts, end) = cuts(&file, Limits::default());
        assert!(cuts.is_empty());
        assert!(matches!(end, Err(ParquetProblem::Unsupported(what)) if what.contains("another file")));
    }
    for (_, properties) in all_properties() {
        let file = write(VPC, properties, &[flows(0, 500), flows(500, 500)]);
        assert!(cuts(&file, Limits::default()).1.is_ok());
    }
}
