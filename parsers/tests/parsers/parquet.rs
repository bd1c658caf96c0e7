//! Rows of Parquet files as lines.

use std::{fs::File, io::Write, ops::ControlFlow};

use ::parquet::{basic::Compression, data_type::Int96};
use siem_parsers::split::{
    Cut, Limits, SplitProblem,
    parquet::{BATCH, is_parquet, read},
};

use crate::parquet_files::{
    Column, Levels, VPC, all_properties, cuts, flow_line, flows, int64, joined, lines, pieces, properties,
    snappy, text, write,
};

#[test]
fn flow_log_records_become_lines_with_every_codec_and_page_version() {
    let expected: Vec<_> = (0..3 * BATCH + 17).map(flow_line).collect();
    for (name, properties) in all_properties() {
        let groups = [flows(0, 2 * BATCH + 5), flows(2 * BATCH + 5, 0), flows(2 * BATCH + 5, BATCH + 12)];
        let file = write(VPC, properties, &groups);
        assert!(is_parquet(&file));
        assert_eq!(lines(&file), expected, "{name}");
    }
}

#[test]
fn a_file_is_read_as_well_as_bytes() {
    let path = std::env::temp_dir().join(format!("siem-parsers-{}.log.parquet", std::process::id()));
    File::create_new(&path).unwrap().write_all(&write(VPC, snappy(), &[flows(0, 100)])).unwrap();
    let file = File::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let mut cuts = Vec::new();
    let result = read(file, Limits::default(), &mut |cut| {
        cuts.push(cut);
        ControlFlow::Continue(())
    });
    result.unwrap();
    assert_eq!(joined(&pieces(cuts)), (0..100).map(flow_line).collect::<Vec<_>>());
}

#[test]
fn the_size_of_pieces_changes_no_line() {
    let rows = 2500;
    let expected: Vec<_> = (0..rows).map(flow_line).collect();
    let file = write(VPC, snappy(), &[flows(0, 1300), flows(1300, rows - 1300)]);
    for (piece, records) in [(1, 1), (1, 9999), (1000, 9999), (1 << 20, 7), (1 << 20, 1 << 40), (5000, 11)] {
        let limits = Limits { piece, records, ..Limits::default() };
        let (cuts, result) = cuts(&file, limits);
        result.unwrap();
        let pieces = pieces(cuts);
        assert_eq!(joined(&pieces), expected, "pieces of {piece} bytes or {records} records");
        for piece in &pieces {
            let count = piece.bytes.iter().filter(|b| **b == b'\n').count() as u64;
            assert!(count <= records && (piece.bytes.len() < limits.piece + 500));
        }
    }
}

#[test]
fn reading_ends_when_it_is_told_to() {
    let file = write(VPC, snappy(), &[flows(0, 2000), flows(2000, 2000)]);
    let mut count = 0;
    let result = read(bytes::Bytes::from(file), Limits { records: 10, ..Limits::default() }, &mut |_| {
        count += 1;
        if count == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(result.is_ok());
    assert_eq!(count, 3);
}

#[test]
fn no_rows_are_no_piece() {
    for groups in [vec![], vec![flows(0, 0)], vec![flows(0, 0), flows(0, 0)]] {
        let (cuts, result) = cuts(&write(VPC, snappy(), &groups), Limits::default());
        assert!(result.is_ok() && cuts.is_empty());
    }
}

#[test]
fn a_row_without_any_value_is_an_empty_object() {
    let file = write("message m { optional int64 a; }", snappy(), &[vec![int64([None, Some(1), None])]]);
    assert_eq!(lines(&file), ["{}", r#"{"a":1}"#, "{}"]);
}

#[test]
fn rows_over_the_limit_are_left_out_and_told_of() {
    let long = "x".repeat(300);
    let rows = [Some("a"), Some(&long), Some("b"), None, Some(&long)];
    let schema = "message m { optional binary t (UTF8); optional int32 n; }";
    let n = Column::I32(vec![1, 2, 3, 4, 5], Levels(Some(vec![1; 5]), None));
    let (cuts, result) =
        cuts(&write(schema, snappy(), &[vec![text(rows), n]]), Limits { record: 200, ..Limits::default() });
    result.unwrap();
    let told: Vec<_> = cuts
        .iter()
        .map(|cut| match cut {
            Cut::Piece(p) => {
                format!("{} {} {}", p.first_ordinal, p.offset, String::from_utf8_lossy(&p.bytes).trim_end())
            }
            Cut::Problem(SplitProblem::TooLarge { ordinal, offset, limit }) => {
                format!("{ordinal} {offset} over {limit}")
            }
            Cut::Problem(problem) => panic!("{problem}"),
        })
        .collect();
    let (first, rest) = (r#"{"t":"a","n":1}"#, "{\"t\":\"b\",\"n\":3}\n{\"n\":4}");
    let end = first.len() + 1 + rest.len() + 1;
    assert_eq!(
        told,
        [
            format!("0 0 {first}"),
            format!("1 {} over 200", first.len() + 1),
            format!("2 {} {rest}", first.len() + 1),
            format!("4 {end} over 200"),
        ]
    );
}

#[test]
fn numbers_keep_all_digits() {
    let values = [0, -1, i64::MAX, i64::MIN, (1 << 53) + 1, -(1 << 53) - 1];
    let schema = "message m { optional int64 n; }";
    for (name, properties) in all_properties() {
        let file = write(schema, properties, &[vec![int64(values.map(Some))]]);
        let expected: Vec<_> = values.iter().map(|n| format!(r#"{{"n":{n}}}"#)).collect();
        assert_eq!(lines(&file), expected, "{name}");
    }
}

#[test]
fn texts_are_escaped_and_bytes_made_text() {
    let rows: [&[u8]; 6] =
        [b"", b"say \"hi\"\\", b"a\nb\t\x01", "\u{e9}\u{1f600}\u{2028}".as_bytes(), b"\xff\xfe-\xc3", b"{}"];
    let schema = "message m { required binary t (UTF8); required binary raw; }";
    let column = || Column::Bytes(rows.map(<[u8]>::to_vec).to_vec(), Levels::default());
    for line in lines(&write(schema, snappy(), &[vec![column(), column()]])).iter().zip(rows) {
        let (line, bytes) = line;
        let read: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = String::from_utf8_lossy(bytes);
        assert_eq!((read["t"].as_str(), read["raw"].as_str()), (Some(&*text), Some(&*text)), "{line}");
    }
}

#[test]
fn types_are_written_as_what_they_stand_for() {
    let schema = "message m {
        required boolean b; required float f; required double d; required int96 old;
        required int32 u (INTEGER(32,false)); required int64 ul (UINT_64);
        required int32 day (DATE); required int32 clock (TIME(MILLIS,true));
        required int64 millis (TIMESTAMP_MILLIS); required int64 micros (TIMESTAMP(MICROS,true));
        required int64 nanos (TIMESTAMP(NANOS,false));
        required int32 money (DECIMAL(9,2)); required fixed_len_byte_array(3) cents (DECIMAL(6,2));
        required fixed_len_byte_array(16) id (UUID); required binary j (JSON); required binary e (ENUM);
    }";
    let mut old = Int96::new();
    old.set_data(1_000_000_000, 0, 2_440_589);
    let none = Levels::default;
    let row = vec![
        Column::Bool(vec![true, false], none()),
        Column::Float(vec![0.1, f32::NAN], none()),
        Column::Double(vec![-1.5e300, f64::INFINITY], none()),
        Column::I96(vec![old, Int96::new()], none()),
        Column::I32(vec![-1, 7], none()),
        Column::I64(vec![-1, 7], none()),
        Column::I32(vec![19_675, i32::MIN], none()),
        Column::I32(vec![3_723_004, -1], none()),
        Column::I64(vec![1_700_000_000_123, i64::MAX], none()),
        Column::I64(vec![-1, i64::MIN], none()),
        Column::I64(vec![1, i64::MIN], none()),
        Column::I32(vec![-5, 12_345], none()),
        Column::Fixed(vec![vec![0xff, 0xff, 0xff], vec![1, 0, 0]], none()),
        Column::Fixed(vec![(0..16).collect(), vec![0; 16]], none()),
        Column::Bytes(vec![b"{\"a\":1}".to_vec(), b"".to_vec()], none()),
        Column::Bytes(vec![b"E".to_vec(), b"".to_vec()], none()),
    ];
    let lines = lines(&write(schema, snappy(), &[row]));
    assert_eq!(
        lines[0],
        r#"{"b":true,"f":0.1,"d":-1.5e+300,"old":"1970-01-02T00:00:01Z","u":4294967295,"ul":18446744073709551615,"day":"2023-11-14","clock":"01:02:03.004","millis":"2023-11-14T22:13:20.123Z","micros":"1969-12-31T23:59:59.999999Z","nanos":"1970-01-01T00:00:00.000000001Z","money":-0.05,"cents":-0.01,"id":"00010203-0405-0607-0809-0a0b0c0d0e0f","j":"{\"a\":1}","e":"E"}"#
    );
    // Out of the years of four digits, and a time that is none: the number.
    assert_eq!(
        lines[1],
        r#"{"b":false,"f":null,"d":null,"old":-210866803200,"u":7,"ul":7,"day":-185542587187200,"clock":-1,"millis":9223372036854775,"micros":-9223372036855,"nanos":"1677-09-21T00:12:43.145224192Z","money":123.45,"cents":655.36,"id":"00000000-0000-0000-0000-000000000000","j":"","e":""}"#
    );
}

#[test]
fn groups_and_lists_are_nested_json() {
    let schema = "message m {
        optional group g { optional int32 a; required group h { optional int32 b; } }
        optional group l (LIST) { repeated group list { optional int32 element; } }
        repeated int32 r;
        optional group p (LIST) { repeated group array { required int32 x; required int32 y; } }
        required group kv (MAP) { repeated group key_value { required binary key (UTF8); optional int32 value; } }
        required group ll (LIST) { repeated group list {
            required group element (LIST) { repeated group list { required int32 element; } } } }
    }";
    let levels = |defs: &[i16], reps: &[i16]| Levels(Some(defs.to_vec()), Some(reps.to_vec()));
    let rows = || {
        vec![
            // Row 0 is full, row 1 has nothing, row 2 has something of all.
            Column::I32(vec![1], Levels(Some(vec![2, 0, 1]), None)),
            Column::I32(vec![2, 3], Levels(Some(vec![2, 0, 2]), None)),
            Column::I32(vec![4, 5], levels(&[3, 2, 3, 0, 1], &[0, 1, 1, 0, 0])),
            Column::I32(vec![6, 7, 8], levels(&[1, 1, 0, 1], &[0, 1, 0, 0])),
            Column::I32(vec![9, 10], levels(&[2, 2, 0, 1], &[0, 1, 0, 0])),
            Column::I32(vec![11, 12], levels(&[2, 2, 0, 1], &[0, 1, 0, 0])),
            Column::Bytes(vec![b"k".to_vec(), b"n".to_vec()], levels(&[1, 1, 0, 0], &[0, 1, 0, 0])),
            Column::I32(vec![13], levels(&[2, 1, 0, 0], &[0, 1, 0, 0])),
            Column::I32(vec![14, 15, 16], levels(&[2, 2, 2, 0, 1], &[0, 2, 1, 0, 0])),
        ]
    };
    let expected = [
        r#"{"g":{"a":1,"h":{"b":2}},"l":[4,null,5],"r":[6,7],"p":[{"x":9,"y":11},{"x":10,"y":12}],"kv":[{"key":"k","value":13},{"key":"n"}],"ll":[[14,15],[16]]}"#,
        r#"{"r":[],"kv":[],"ll":[]}"#,
        r#"{"g":{"h":{"b":3}},"l":[],"r":[8],"p":[],"kv":[],"ll":[[]]}"#,
    ];
    for (name, properties) in all_properties() {
        let file = write(schema, properties, &[rows(), rows()]);
        assert_eq!(lines(&file), [expected, expected].concat(), "{name}");
    }
}

#[test]
fn long_lists_go_over_batches_and_pages() {
    let schema = "message m { repeated int64 r; }";
    let (mut values, mut defs, mut reps, mut expected) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in 0..1500i64 {
        let row_values: Vec<_> = (0..row % 40).map(|n| row * 100 + n).collect();
        expected.push(format!(r#"{{"r":{}}}"#, serde_json::to_string(&row_values).unwrap()));
        if row_values.is_empty() {
            defs.push(0);
            reps.push(0);
        }
        for (place, value) in row_values.into_iter().enumerate() {
            defs.push(1);
            reps.push(i16::from(place > 0));
            values.push(value);
        }
    }
    for (name, properties) in all_properties() {
        let levels = Levels(Some(defs.clone()), Some(reps.clone()));
        let file = write(schema, properties, &[vec![Column::I64(values.clone(), levels)]]);
        assert_eq!(lines(&file), expected, "{name}");
    }
}

#[test]
fn what_is_not_supported_is_named() {
    let properties = properties(Compression::UNCOMPRESSED).set_dictionary_enabled(false);
    let file = write(
        "message m { required int32 n; }",
        properties.build(),
        &[vec![Column::I32(vec![7], Levels(None, None))]],
    );
    // Type, two sizes; the header of a data page with its number of values; the encoding, which is PLAIN.
    assert_eq!(file[4..16], [0x15, 0, 0x15, 8, 0x15, 8, 0x2c, 0x15, 2, 0x15, 0, 0x15]);
    // BIT_PACKED, and one that there is not.
    for encoding in [4, 20] {
        let mut other = file.clone();
        other[14] = 2 * encoding;
        let told = cuts(&other, Limits::default()).1.unwrap_err().to_string();
        assert!(told.ends_with(&format!("in the encoding {encoding}, which is not supported")), "{told}");
    }
}
