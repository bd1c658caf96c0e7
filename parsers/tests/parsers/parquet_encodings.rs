//! The encodings of version 2 of the writers, on many pages.

use ::parquet::{
    basic::{Compression, Encoding},
    file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion},
};
use siem_parsers::split::{Limits, parquet::ParquetProblem};

use crate::parquet_files::{Column, Levels, cuts, lines, properties, write};

const EACH: &str = "message m {
    optional boolean bool; optional int32 i32; optional int64 i64; optional int96 i96;
    optional float float; optional double double;
    optional binary text (UTF8); optional fixed_len_byte_array(3) fixed;
}";

/// Columns of [`EACH`] that can be in one of the encodings.
const OF_ENCODING: [(Encoding, &[&str]); 4] = [
    (Encoding::DELTA_BINARY_PACKED, &["i32", "i64"]),
    (Encoding::DELTA_LENGTH_BYTE_ARRAY, &["text"]),
    (Encoding::DELTA_BYTE_ARRAY, &["text", "fixed"]),
    (Encoding::BYTE_STREAM_SPLIT, &["i32", "i64", "float", "double", "fixed"]),
];

/// A writer without dictionaries whose pages have some rows each.
fn paged(version: WriterVersion, compression: Compression) -> WriterPropertiesBuilder {
    properties(compression)
        .set_writer_version(version)
        .set_dictionary_enabled(false)
        .set_data_page_row_count_limit(90)
        .set_write_batch_size(45)
}

/// Texts that grow and shrink and share their beginnings, some empty, one long, with `é` cut between two of them.
fn text_of(n: usize) -> String {
    match n % 11 {
        0 => String::new(),
        5 => "x".repeat(n * 7 % 3000),
        6 => "xé".to_owned(),
        7 => "xè".to_owned(),
        _ => format!("eni-{:017x}", n / 3),
    }
}

/// The columns of [`EACH`]; every value of the rows for which `there` says no is null.
fn each(rows: usize, there: fn(usize) -> bool) -> Vec<Column> {
    let all = || (0..rows).filter(move |n| there(*n));
    let levels = || Levels(Some((0..rows).map(|n| i16::from(there(n))).collect()), None);
    let wide = |n: usize| [i64::MIN, i64::MAX, 0, -1, n as i64, (n as i64) << 40][n % 6];
    vec![
        Column::Bool(all().map(|n| n % 3 == 0).collect(), levels()),
        Column::I32(all().map(|n| wide(n) as i32 ^ n as i32).collect(), levels()),
        Column::I64(all().map(wide).collect(), levels()),
        Column::I96(all().map(|n| vec![n as u32, 0, 2_440_588].into()).collect(), levels()),
        Column::Float(all().map(|n| n as f32 / 8.0).collect(), levels()),
        Column::Double(all().map(|n| n as f64 / -16.0).collect(), levels()),
        Column::Bytes(all().map(|n| text_of(n).into_bytes()).collect(), levels()),
        Column::Fixed(all().map(|n| format!("{:03}", n / 2 % 1000).into_bytes()).collect(), levels()),
    ]
}

/// What each writer of version 2 and each encoding makes of the rows is what a plain one makes.
fn same_lines_in_all_encodings(rows: usize, there: fn(usize) -> bool) {
    let with = |properties: WriterProperties| lines(&write(EACH, properties, &[each(rows, there)]));
    let expected = with(paged(WriterVersion::PARQUET_1_0, Compression::UNCOMPRESSED).build());
    assert_eq!(expected.len(), rows);
    let gzip = Compression::GZIP(Default::default());
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, gzip] {
        let two = WriterVersion::PARQUET_2_0;
        assert_eq!(with(paged(two, compression).build()), expected, "version 2, {compression}");
        // Dictionaries that get too large: the pages behind are in another encoding.
        let small = paged(two, compression).set_dictionary_enabled(true).set_dictionary_page_size_limit(300);
        assert_eq!(with(small.build()), expected, "dictionaries, {compression}");
        for version in [WriterVersion::PARQUET_1_0, two] {
            for (encoding, columns) in OF_ENCODING {
                let properties = columns.iter().fold(paged(version, compression), |properties, column| {
                    properties.set_column_encoding((*column).into(), encoding)
                });
                assert_eq!(with(properties.build()), expected, "{version:?}, {encoding}, {compression}");
            }
        }
    }
}

/// A small file in each encoding, as stored, so that one wrong bit of it is one wrong bit of a value or a length.
pub(crate) fn all_encodings() -> Vec<Vec<u8>> {
    OF_ENCODING
        .into_iter()
        .map(|(encoding, columns)| {
            let plain = paged(WriterVersion::PARQUET_1_0, Compression::UNCOMPRESSED);
            let properties = columns
                .iter()
                .fold(plain, |properties, column| properties.set_column_encoding((*column).into(), encoding));
            write(EACH, properties.build(), &[each(100, |n| n % 7 != 3)])
        })
        .collect()
}

#[test]
fn values_of_all_types_are_the_same_in_all_encodings() {
    same_lines_in_all_encodings(1500, |_| true);
}

#[test]
fn nulls_change_nothing() {
    same_lines_in_all_encodings(400, |n| n % 7 != 3 && !(100..300).contains(&n));
    same_lines_in_all_encodings(1, |_| true);
    same_lines_in_all_encodings(100, |_| false);
}

/// A file of one column `t` of texts in one page as stored, and where in the file its values begin.
fn one_page(encoding: Encoding, texts: &[Vec<u8>]) -> (Vec<u8>, usize) {
    let properties = properties(Compression::UNCOMPRESSED)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(::parquet::file::properties::EnabledStatistics::None)
        .set_column_encoding("t".into(), encoding);
    let column = Column::Bytes(texts.to_vec(), Levels::default());
    let file = write("message m { required binary t (UTF8); }", properties.build(), &[vec![column]]);
    // The header of a block of 128 numbers in 4 parts.
    let at = file.windows(3).position(|bytes| bytes == [0x80, 0x01, 0x04]).unwrap();
    (file, at)
}

fn problem(file: &[u8]) -> ParquetProblem {
    let (cuts, result) = cuts(file, Limits::default());
    assert!(cuts.is_empty());
    result.unwrap_err()
}

#[test]
fn lengths_that_cannot_be_are_refused() {
    for encoding in [Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY] {
        let (file, at) = one_page(encoding, &[b"abcd".to_vec(), b"abce".to_vec(), b"abcf".to_vec()]);
        assert_eq!(lines(&file).len(), 3);
        // Numbers of bits of the parts that are not needed say nothing.
        let mut other = file.clone();
        other[at + 7..at + 10].fill(0xff);
        assert_eq!(lines(&other), lines(&file));
        // Block, parts, count, first value, least difference, bits of the numbers of each part.
        for (place, value) in
            [(0, 0x81), (2, 0), (2, 3), (2, 0x7f), (3, 0x7f), (4, 1), (4, 0x7e), (6, 33), (6, 32)]
        {
            let mut broken = file.clone();
            broken[at + place] = value;
            let told = problem(&broken);
            assert!(matches!(told, ParquetProblem::Corrupt(_)), "{encoding} {place} {value}: {told}");
        }
    }
}

#[test]
fn texts_that_get_too_long_are_refused_before_they_are_written_out() {
    // Each the one before: some bytes stand for a gigabyte.
    let (file, _) = one_page(Encoding::DELTA_BYTE_ARRAY, &vec![vec![b'x'; 1 << 20]; 1000]);
    assert!(file.len() < 2 << 20);
    assert!(matches!(problem(&file), ParquetProblem::TooLarge { what: "size of pages", .. }));
}

#[test]
fn pages_of_long_texts_are_let_go_of() {
    // 30 pages, 20 MiB each when written out: together more than may be held at once.
    let texts: Vec<_> = (0..600).map(|n| vec![b'a' + (n / 20 % 26) as u8; 1 << 20]).collect();
    let properties = properties(Compression::UNCOMPRESSED)
        .set_dictionary_enabled(false)
        .set_data_page_row_count_limit(20)
        .set_write_batch_size(20)
        .set_column_encoding("t".into(), Encoding::DELTA_BYTE_ARRAY);
    let groups: Vec<_> =
        texts.chunks(60).map(|part| vec![Column::Bytes(part.to_vec(), Levels::default())]).collect();
    let file = write("message m { required binary t (UTF8); }", properties.build(), &groups);
    let (cuts, result) = cuts(&file, Limits { piece: 1, ..Limits::default() });
    result.unwrap();
    assert_eq!(cuts.len(), 600);
}
