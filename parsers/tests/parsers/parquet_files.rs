//! Writes Parquet files, and reads them as lines.

use std::{ops::ControlFlow, sync::Arc};

use ::parquet::{
    basic::Compression,
    column::writer::ColumnWriter,
    data_type::{ByteArray, FixedLenByteArray, Int96},
    file::{
        properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion},
        writer::SerializedFileWriter,
    },
    schema::parser::parse_message_type,
};
use bytes::Bytes;
use siem_parsers::split::{
    Cut, Limits, Piece,
    parquet::{ParquetProblem, read},
};

/// The fields of versions 2 to 5 that have different types, as in
/// <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>: each field with its Parquet data type.
pub(crate) const VPC: &str = "message schema {
    optional int32 version;
    optional binary account_id (UTF8);
    optional binary interface_id (UTF8);
    optional binary srcaddr (UTF8);
    optional binary dstaddr (UTF8);
    optional int32 srcport;
    optional int32 dstport;
    optional int32 protocol;
    optional int64 packets;
    optional int64 bytes;
    optional int64 start;
    optional int64 end;
    optional binary action (UTF8);
    optional binary log_status (UTF8);
    optional int32 tcp_flags;
}";

/// Values of a column, with its definition and repetition levels where it has them.
pub(crate) enum Column {
    Bool(Vec<bool>, Levels),
    I32(Vec<i32>, Levels),
    I64(Vec<i64>, Levels),
    I96(Vec<Int96>, Levels),
    Float(Vec<f32>, Levels),
    Double(Vec<f64>, Levels),
    Bytes(Vec<Vec<u8>>, Levels),
    Fixed(Vec<Vec<u8>>, Levels),
}

#[derive(Default)]
pub(crate) struct Levels(pub(crate) Option<Vec<i16>>, pub(crate) Option<Vec<i16>>);

/// Levels of an optional column.
fn optional<T>(values: Vec<Option<T>>) -> (Vec<T>, Levels) {
    let defs = values.iter().map(|v| i16::from(v.is_some())).collect();
    (values.into_iter().flatten().collect(), Levels(Some(defs), None))
}

pub(crate) fn int32(values: impl IntoIterator<Item = Option<i32>>) -> Column {
    let (values, levels) = optional(values.into_iter().collect());
    Column::I32(values, levels)
}

pub(crate) fn int64(values: impl IntoIterator<Item = Option<i64>>) -> Column {
    let (values, levels) = optional(values.into_iter().collect());
    Column::I64(values, levels)
}

pub(crate) fn text<T: Into<String>>(values: impl IntoIterator<Item = Option<T>>) -> Column {
    let texts = values.into_iter().map(|v| v.map(|v| v.into().into_bytes())).collect();
    let (values, levels) = optional(texts);
    Column::Bytes(values, levels)
}

pub(crate) fn properties(compression: Compression) -> WriterPropertiesBuilder {
    WriterProperties::builder().set_compression(compression)
}

pub(crate) fn snappy() -> WriterProperties {
    properties(Compression::SNAPPY).build()
}

/// Properties that differ in what a reader sees of them.
pub(crate) fn all_properties() -> Vec<(&'static str, WriterProperties)> {
    let gzip = Compression::GZIP(Default::default());
    let v2 = WriterVersion::PARQUET_2_0;
    vec![
        ("plain", properties(Compression::UNCOMPRESSED).set_dictionary_enabled(false).build()),
        ("snappy", snappy()),
        ("gzip", properties(gzip).build()),
        ("gzip, plain values", properties(gzip).set_dictionary_enabled(false).build()),
        ("small pages", properties(gzip).set_data_page_row_count_limit(7).set_write_batch_size(7).build()),
        ("version 2", properties(Compression::SNAPPY).set_writer_version(v2).build()),
        (
            "version 2, plain values",
            properties(gzip).set_writer_version(v2).set_dictionary_enabled(false).build(),
        ),
        (
            "version 2, small pages",
            properties(Compression::UNCOMPRESSED)
                .set_writer_version(v2)
                .set_dictionary_enabled(false)
                .set_data_page_row_count_limit(7)
                .set_write_batch_size(7)
                .build(),
        ),
        ("version 2 as stored", properties(Compression::UNCOMPRESSED).set_writer_version(v2).build()),
    ]
}

/// A file with these row groups.
pub(crate) fn write(schema: &str, properties: WriterProperties, groups: &[Vec<Column>]) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    for group in groups {
        let mut row_group = writer.next_row_group().unwrap();
        for column in group {
            let mut next = row_group.next_column().unwrap().unwrap();
            match (next.untyped(), column) {
                (ColumnWriter::BoolColumnWriter(w), Column::Bool(v, l)) => {
                    w.write_batch(v, l.0.as_deref(), l.1.as_deref()).unwrap()
                }
                (ColumnWriter::Int32ColumnWriter(w), Column::I32(v, l)) => {
                    w.write_batch(v, l.0.as_deref(), l.1.as_deref()).unwrap()
                }
                (ColumnWriter::Int64ColumnWriter(w), Column::I64(v, l)) => {
                    w.write_batch(v, l.0.as_deref(), l.1.as_deref()).unwrap()
                }
                (ColumnWriter::Int96ColumnWriter(w), Column::I96(v, l)) => {
                    w.write_batch(v, l.0.as_deref(), l.1.as_deref()).unwrap()
                }
                (ColumnWriter::FloatColumnWriter(w), Column::Float(v, l)) => {
                    w.write_batch(v, l.0.as_deref(), l.1.as_deref()).unwrap()
                }
                (ColumnWriter::DoubleColumnWriter(w), Column::Double(v, l)) => {
                    w.write_batch(v, l.0.as_deref(), l.1.as_deref()).unwrap()
                }
                (ColumnWriter::ByteArrayColumnWriter(w), Column::Bytes(v, l)) => {
                    let v: Vec<_> = v.iter().cloned().map(ByteArray::from).collect();
                    w.write_batch(&v, l.0.as_deref(), l.1.as_deref()).unwrap()
                }
                (ColumnWriter::FixedLenByteArrayColumnWriter(w), Column::Fixed(v, l)) => {
                    let v: Vec<_> =
                        v.iter().cloned().map(|v| FixedLenByteArray::from(ByteArray::from(v))).collect();
                    w.write_batch(&v, l.0.as_deref(), l.1.as_deref()).unwrap()
                }
                _ => panic!("a column of another type"),
            };
            next.close().unwrap();
        }
        row_group.close().unwrap();
    }
    writer.into_inner().unwrap()
}

/// Flow log records: `first` says what differs from file to file.
pub(crate) fn flows(first: usize, rows: usize) -> Vec<Column> {
    let each = || first..first + rows;
    let address = |a: usize, n: usize| format!("10.{a}.{}.{}", n / 256 % 256, n % 256);
    // A record of an interface without traffic has no more than who and when.
    let data = |n: usize| n % 10 != 9;
    let there = move |n: usize| data(n).then_some(n);
    vec![
        int32(each().map(|_| Some(5))),
        text(each().map(|n| Some(format!("{:012}", 111_122_223_333 + n % 3)))),
        text(each().map(|n| Some(format!("eni-{:017x}", n % 50)))),
        text(each().map(|n| there(n).map(|n| address(1, n)))),
        text(each().map(|n| there(n).map(|n| address(2, n / 7)))),
        int32(each().map(|n| there(n).map(|n| 1024 + n as i32 % 60_000))),
        int32(each().map(|n| there(n).map(|n| [443, 22, 53][n % 3]))),
        int32(each().map(|n| there(n).map(|n| [6, 17, 1][n % 3]))),
        int64(each().map(|n| there(n).map(|n| n as i64))),
        int64(each().map(|n| there(n).map(|n| (n as i64) << 20))),
        int64(each().map(|n| Some(1_700_000_000 + n as i64))),
        int64(each().map(|n| Some(1_700_000_060 + n as i64))),
        text(each().map(|n| there(n).map(|n| if n.is_multiple_of(4) { "REJECT" } else { "ACCEPT" }))),
        text(each().map(|n| Some(if data(n) { "OK" } else { "NODATA" }))),
        int32(each().map(|n| there(n).map(|n| n as i32 % 64))),
    ]
}

/// The line of record `n` of [`flows`].
pub(crate) fn flow_line(n: usize) -> String {
    let (account, interface) = (111_122_223_333 + n % 3, n % 50);
    let (start, end) = (1_700_000_000 + n, 1_700_000_060 + n);
    let who = format!(r#"{{"version":5,"account_id":"{account:012}","interface_id":"eni-{interface:017x}","#);
    if n % 10 == 9 {
        return format!(r#"{who}"start":{start},"end":{end},"log_status":"NODATA"}}"#);
    }
    let m = n / 7;
    let (port, protocol) = ([443, 22, 53][n % 3], [6, 17, 1][n % 3]);
    let action = if n.is_multiple_of(4) { "REJECT" } else { "ACCEPT" };
    format!(
        r#"{who}"srcaddr":"10.1.{}.{}","dstaddr":"10.2.{}.{}","srcport":{},"dstport":{port},"protocol":{protocol},"packets":{n},"bytes":{},"start":{start},"end":{end},"action":"{action}","log_status":"OK","tcp_flags":{}}}"#,
        n / 256 % 256,
        n % 256,
        m / 256 % 256,
        m % 256,
        1024 + n % 60_000,
        n << 20,
        n % 64,
    )
}

/// All that reading a file gives.
pub(crate) fn cuts(file: &[u8], limits: Limits) -> (Vec<Cut>, Result<(), ParquetProblem>) {
    let mut cuts = Vec::new();
    let result = read(Bytes::copy_from_slice(file), limits, &mut |cut| {
        cuts.push(cut);
        ControlFlow::Continue(())
    });
    (cuts, result)
}

/// The pieces among them, checked to go on from each other where no row is left out.
pub(crate) fn pieces(cuts: Vec<Cut>) -> Vec<Piece> {
    let (mut ordinal, mut offset) = (0, 0);
    let mut pieces = Vec::new();
    for cut in cuts {
        match cut {
            Cut::Piece(piece) => {
                assert_eq!((piece.first_ordinal, piece.offset, piece.cut_off), (ordinal, offset, false));
                assert_eq!(piece.bytes.last(), Some(&b'\n'));
                ordinal += piece.bytes.iter().filter(|b| **b == b'\n').count() as u64;
                offset += piece.bytes.len() as u64;
                pieces.push(piece);
            }
            Cut::Problem(problem) => panic!("{problem}"),
        }
    }
    pieces
}

/// All lines of a file that is right.
pub(crate) fn lines(file: &[u8]) -> Vec<String> {
    let (cuts, result) = cuts(file, Limits::default());
    result.unwrap();
    joined(&pieces(cuts))
}

/// The lines of pieces.
pub(crate) fn joined(pieces: &[Piece]) -> Vec<String> {
    let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.bytes.clone()).collect();
    String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
}
