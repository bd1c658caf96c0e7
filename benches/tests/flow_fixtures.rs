//! Fixtures of flow logs, resolver query logs and AWS Config: what they hold, read without the loader.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test may fail"
)]

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    io::Read as _,
    ops::ControlFlow,
    path::Path,
};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use parquet::{
    basic::Encoding,
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
};
use serde_json::{Deserializer, Value};
use siem_benches::{
    fixtures::{self, Case},
    flow_log,
};
use siem_parsers::split;

/// What a record says, by the names of its fields; `line` is what it was read from.
type Record = BTreeMap<String, String>;

fn cases(folder: &str, wanted: fn(&str) -> bool) -> Vec<Case> {
    fixtures::all().unwrap().into_iter().filter(|case| case.folder == folder && wanted(&case.key)).collect()
}

fn flow_log(key: &str) -> bool {
    key.contains("_vpcflowlogs_") || key.starts_with("flow/")
}

fn resolver(key: &str) -> bool {
    key.contains("_vpcdnsquerylogs_") || key.starts_with("dns/")
}

fn config(key: &str) -> bool {
    key.contains("_Config_") || key.contains("/Config/")
}

/// The text inside, however often it was packed.
fn unpacked(body: &[u8]) -> Vec<u8> {
    let mut bytes = body.to_vec();
    while bytes.starts_with(&[0x1f, 0x8b]) {
        let mut inner = Vec::new();
        MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut inner).unwrap();
        bytes = inner;
    }
    bytes
}

fn values(text: &str) -> Vec<Value> {
    Deserializer::from_str(text).into_iter().collect::<Result<_, _>>().unwrap()
}

/// Messages of envelopes; of what is no envelope, the value itself.
fn messages(text: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for mut value in values(text) {
        match value["messageType"].as_str() {
            Some("CONTROL_MESSAGE") => {}
            Some(_) => {
                all.extend(value["logEvents"].as_array_mut().unwrap().iter_mut().map(|e| e["message"].take()))
            }
            None if value.get("message").is_some() => all.push(value["message"].take()),
            None => all.push(value),
        }
    }
    all
}

fn named(names: &[String], line: &str) -> Record {
    let separator = if line.contains('\t') {
        '\t'
    } else if line.contains(',') {
        ','
    } else {
        ' '
    };
    let parts: Vec<&str> = line.split(separator).map(|part| part.trim_matches('"')).collect();
    assert_eq!(parts.len(), names.len(), "{line}");
    let mut record: Record = names.iter().cloned().zip(parts.into_iter().map(str::to_owned)).collect();
    record.insert("line".to_owned(), line.to_owned());
    record
}

/// The rows of a Parquet file, all values as texts.
fn parquet_rows(body: &[u8]) -> Vec<Record> {
    let reader = SerializedFileReader::new(Bytes::copy_from_slice(body)).unwrap();
    let value = |field: &Field| match field {
        Field::Null => "-".to_owned(),
        Field::Str(text) => text.clone(),
        Field::Int(number) => number.to_string(),
        Field::Long(number) => number.to_string(),
        other => panic!("{other}"),
    };
    let row = |row: parquet::errors::Result<parquet::record::Row>| {
        let row = row.unwrap();
        let mut record: Record =
            row.get_column_iter().map(|(name, field)| (name.replace('_', "-"), value(field))).collect();
        let line: Vec<_> = row.get_column_iter().map(|(_, field)| value(field)).collect();
        record.insert("line".to_owned(), line.join(" "));
        record
    };
    reader.get_row_iter(None).unwrap().map(row).collect()
}

/// The rows of a flow log in any of its ways of delivery.
fn rows(case: &Case) -> Vec<Record> {
    if case.body.starts_with(b"PAR1") {
        return parquet_rows(&case.body);
    }
    let text = String::from_utf8(unpacked(&case.body)).unwrap();
    let default: Vec<String> = flow_log::fields(2).into_iter().map(str::to_owned).collect();
    if text.starts_with('{') {
        let row = |value: Value| match value {
            Value::String(line) => named(&default, &line),
            other => {
                let member = |(name, value): (&String, &Value)| {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    (name.replace('_', "-"), if value.is_null() { "-".to_owned() } else { text })
                };
                let mut record: Record = other.as_object().unwrap().iter().map(member).collect();
                record.insert("line".to_owned(), other.to_string());
                record
            }
        };
        return messages(&text).into_iter().map(row).collect();
    }
    let mut lines = text.lines().filter(|line| !line.is_empty()).peekable();
    let first = *lines.peek().unwrap();
    if first.starts_with("2 ") {
        return lines.map(|line| named(&default, line)).collect();
    }
    if first.starts_with("2026-03-01T") {
        return lines.map(|line| named(&default, line.split_once(' ').unwrap().1)).collect();
    }
    let names: Vec<String> =
        first.split([' ', '\t', ',']).map(|name| name.trim_matches('"').replace('_', "-")).collect();
    lines.skip(1).map(|line| named(&names, line)).collect()
}

#[test]
fn flow_logs_hold_what_the_manifest_says_and_no_row_twice() {
    let mut seen = HashSet::new();
    for case in cases("objects", flow_log) {
        let rows = rows(&case);
        assert_eq!((rows.len(), case.good), (case.records, case.records), "{}", case.key);
        for row in rows {
            assert!(seen.insert(row["line"].clone()), "{}: {}", case.key, row["line"]);
        }
    }
    assert!(seen.len() > 200, "{}", seen.len());
}

#[test]
fn every_field_has_a_value_in_some_row() {
    let mut valued = HashSet::new();
    for row in cases("objects", flow_log).iter().flat_map(rows) {
        valued.extend(row.into_iter().filter(|(_, value)| value != "-").map(|(name, _)| name));
    }
    for name in flow_log::FIELDS.iter().map(|(name, _)| name).chain(flow_log::TRANSIT_FIELDS) {
        assert!(valued.contains(*name), "{name}");
    }
}

/// One table of the README must have exactly these counts at its top.
fn table(title: &str, counts: &BTreeMap<String, u64>, most: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/README.md");
    let readme = fs::read_to_string(path).unwrap();
    let (_, behind) = readme.split_once(title).unwrap_or_else(|| panic!("{title}"));
    let rows: Vec<&str> = behind.lines().skip(4).take_while(|line| line.starts_with('|')).collect();
    let mut wanted: Vec<_> = counts.iter().collect();
    wanted.sort_by_key(|(name, count)| (u64::MAX - **count, *name));
    let wanted: Vec<String> =
        wanted.into_iter().take(most).map(|(name, count)| format!("| {name} | {count} |")).collect();
    assert_eq!(rows, wanted, "{title}");
}

#[test]
fn a_network_analyst_finds_the_known_answers() {
    let rows: Vec<Record> = cases("objects", flow_log).iter().flat_map(rows).collect();
    let get = |row: &Record, field: &str| row.get(field).filter(|value| *value != "-").cloned();
    let sum = |name: &dyn Fn(&Record) -> Option<String>, value: &dyn Fn(&Record) -> u64| {
        let mut counts = BTreeMap::new();
        for row in &rows {
            if let Some(name) = name(row) {
                *counts.entry(name).or_insert(0) += value(row);
            }
        }
        counts
    };
    let bytes = |row: &Record| row.get("bytes").and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
    let rejected = |row: &Record, field: &str| {
        get(row, field).filter(|_| get(row, "action").as_deref() == Some("REJECT"))
    };
    let actions = sum(&|row| get(row, "action"), &|_| 1);
    assert_eq!(actions.len(), 2);
    table("Rows by `action`:", &actions, 9);
    let statuses = sum(&|row| get(row, "log-status"), &|_| 1);
    assert_eq!(statuses.len(), 3);
    table("Rows by `log-status`:", &statuses, 9);
    table("`bytes` by `flow-direction`:", &sum(&|row| get(row, "flow-direction"), &bytes), 9);
    let scanners = sum(&|row| rejected(row, "srcaddr"), &|_| 1);
    assert_eq!(scanners.iter().max_by_key(|(_, count)| **count).unwrap().0, "192.0.2.66");
    table("the scanners:", &scanners, 3);
    table("Rejected by `dstport`:", &sum(&|row| rejected(row, "dstport"), &|_| 1), 2);
    let egress = |row: &Record| {
        get(row, "dstaddr").filter(|_| get(row, "flow-direction").as_deref() == Some("egress"))
    };
    let sent = sum(&egress, &bytes);
    assert_eq!(sent["198.51.100.77"], 3_221_226_172);
    table("who was sent most:", &sent, 1);
}

#[test]
fn packing_is_as_the_case_says() {
    let of = |stream: &str| {
        let part = format!("/{stream}-1-");
        cases("objects", flow_log).into_iter().find(|case| case.key.contains(&part)).unwrap()
    };
    let once = |body: &[u8]| {
        let mut inner = Vec::new();
        MultiGzDecoder::new(body).read_to_end(&mut inner).unwrap();
        inner
    };
    let (single, double) = (of("vpc-flow"), of("vpc-flow-double"));
    let text = String::from_utf8(once(&single.body)).unwrap();
    assert!(text.contains(r#"]}{"messageType":"CONTROL_MESSAGE""#));
    assert_eq!(values(&text).len(), 4);
    assert!(once(&double.body).starts_with(&[0x1f, 0x8b]));
    assert_eq!(rows(&single).len(), 7);
    let filtered = String::from_utf8(unpacked(&of("vpc-flow-filtered").body)).unwrap();
    assert_eq!(filtered.lines().count(), 3);
    assert!(filtered.contains(r#"ACCEPT OK","extractedFields":{"#));
}

#[test]
fn parquet_is_as_the_case_says() {
    let of = |name: &str| {
        let end = format!("_{name}.log.parquet");
        let mut cases: Vec<_> = fixtures::all().unwrap();
        cases.retain(|case| case.key.ends_with(&end));
        assert_eq!(cases.len(), 1, "{name}");
        cases.remove(0)
    };
    let shape = |case: &Case| {
        let reader = SerializedFileReader::new(Bytes::copy_from_slice(&case.body)).unwrap();
        let groups = reader.metadata().row_groups();
        let delta = groups[0].column(1).encodings().any(|e| e == Encoding::DELTA_BYTE_ARRAY);
        (groups.iter().map(|group| group.num_rows()).collect::<Vec<_>>(), groups[0].columns().len(), delta)
    };
    let (default, five, groups) = (of("parquet"), of("parquetfive"), of("parquetgroups"));
    assert_eq!(shape(&default), (vec![9], 14, false));
    assert_eq!(shape(&five), (vec![11], 29, true));
    assert_eq!(shape(&groups), (vec![2, 2, 2, 1], 14, false));
    for case in [default, five, groups] {
        let rows = rows(&case);
        assert!(rows.iter().any(|row| row["srcaddr"] == "-" && row["bytes"] == "-"));
        // The loader's reader finds the same.
        let mut lines = Vec::new();
        let mut emit = |cut| {
            let split::Cut::Piece(piece) = cut else { panic!("{cut:?}") };
            lines.extend(values(std::str::from_utf8(&piece.bytes).unwrap()));
            ControlFlow::Continue(())
        };
        split::parquet::read(Bytes::copy_from_slice(&case.body), split::Limits::default(), &mut emit)
            .unwrap();
        assert_eq!(lines.len(), rows.len());
        for (line, mut row) in lines.iter().zip(rows) {
            row.retain(|name, value| value != "-" && name != "line");
            let member = |(name, value): (&String, &Value)| {
                (name.replace('_', "-"), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            };
            assert_eq!(line.as_object().unwrap().iter().map(member).collect::<Record>(), row);
        }
    }
    let cut = of("parquetcut");
    assert!(cut.body.starts_with(b"PAR1") && !cut.body.ends_with(b"PAR1") && cut.good == 0);
}

#[test]
fn bad_rows_have_another_number_of_fields_and_kept_ones_have_not() {
    for case in cases("bad", |key| key.contains("_vpcflowlogs_")) {
        let name = case.key.rsplit('_').next().unwrap().to_owned();
        let skip = [
            "parquetcut",
            "notgzip",
            "emptyfile",
            "garbage",
            "cloudtrail",
            "gzipcut",
            "headerother",
            "headertwice",
            "longrow",
            "noheader",
        ];
        if skip.iter().any(|skipped| name.starts_with(&format!("{skipped}.log."))) {
            continue;
        }
        let text = String::from_utf8_lossy(&unpacked(&case.body)).replace('\u{feff}', "");
        let mut lines = text.lines().filter(|line| !line.is_empty());
        let Some(header) = lines.next() else { continue };
        let rows: Vec<&str> = lines.filter(|line| *line != header).collect();
        let good = rows.iter().filter(|row| row.split(' ').count() == header.split(' ').count()).count();
        assert_eq!((rows.len(), good), (case.records, case.good), "{}", case.key);
    }
    let cut = cases("bad", |key| key.ends_with("_gzipcut.log.gz")).remove(0);
    assert!(cut.good >= 20 && cut.records == cut.good + 1, "{} of {}", cut.good, cut.records);
    let mut bytes = Vec::new();
    assert!(MultiGzDecoder::new(cut.body.as_slice()).read_to_end(&mut bytes).is_err());
    assert!(!bytes.ends_with(b"\n"));
}

#[test]
fn queries_are_json_lines_and_none_is_there_twice() {
    let mut seen = HashSet::new();
    for case in cases("objects", resolver) {
        let text = String::from_utf8(unpacked(&case.body)).unwrap();
        let queries: Vec<Value> = messages(&text)
            .into_iter()
            .map(|value| value.as_str().map(|text| serde_json::from_str(text).unwrap()).unwrap_or(value))
            .collect();
        assert_eq!(queries.len(), case.good, "{}", case.key);
        for query in queries {
            assert!(query["answers"].is_array() && query["query_name"].is_string(), "{query}");
            assert!(seen.insert(query.to_string()), "{query}");
        }
    }
    for case in cases("bad", resolver) {
        let text = String::from_utf8(unpacked(&case.body)).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        let good = lines
            .iter()
            .filter(|line| serde_json::from_str::<Value>(line).is_ok_and(|value| value.is_object()));
        assert_eq!((lines.len(), good.count()), (case.records, case.good), "{}", case.key);
    }
}

#[test]
fn configuration_items_are_those_of_the_manifest() {
    let mut kinds = HashSet::new();
    for case in cases("objects", config).into_iter().filter(|case| !case.body.is_empty()) {
        let whole: Value = serde_json::from_slice(&unpacked(&case.body)).unwrap();
        let items = whole["configurationItems"].as_array().unwrap();
        assert_eq!((items.len(), case.good), (case.records, case.records), "{}", case.key);
        assert_eq!(whole.get("configSnapshotId").is_some(), case.key.contains("_ConfigSnapshot_"));
        let moments: HashSet<String> =
            items.iter().map(|item| item["configurationItemCaptureTime"].to_string()).collect();
        assert_eq!(moments.len(), items.len(), "{}", case.key);
        for item in items {
            assert!(item["relationships"].is_array() && item["configurationStateId"].is_number());
            kinds.insert(item["resourceType"].as_str().unwrap().to_owned());
        }
    }
    assert!(kinds.len() >= 10, "{kinds:?}");
}

#[test]
fn objects_are_small() {
    let all: Vec<Case> = ["objects", "bad"]
        .into_iter()
        .flat_map(|folder| cases(folder, |key| flow_log(key) || resolver(key) || config(key)))
        .collect();
    assert!(all.iter().all(|case| case.body.len() < 40_000 && !case.why.is_empty()));
    for case in all.iter().filter(|case| case.folder == "objects") {
        assert!(unpacked(&case.body).len() < 42_000, "{}", case.key);
    }
    assert!(all.iter().map(|case| case.body.len()).sum::<usize>() < 300_000);
    assert!(all.len() > 90, "{}", all.len());
}
