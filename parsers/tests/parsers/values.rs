//! Objects without one list around their records: values one behind the other, lists and what follows them, lines.

use siem_parsers::{
    source::{LogType, cloudtrail, guardduty, security_hub, vpc_flow_log},
    split::{Limits, SplitProblem},
};

use crate::support::{Loaded, context_for, event, load_in, load_type};

const FINDINGS: &str = "AWSLogs/111122223333/SecurityHub/eu-central-1/2026/03/01/x.gz";
const GUARDDUTY: &str = "AWSLogs/111122223333/GuardDuty/eu-central-1/2026/03/01/x.jsonl.gz";
const FLOWS: &str = "AWSLogs/111122223333/vpcflowlogs/eu-central-1/2026/03/01/\
                     111122223333_vpcflowlogs_eu-central-1_fl-1_20260301T0005Z_a.log.gz";

fn asff(id: &str) -> String {
    format!(
        r#"{{"SchemaVersion":"2018-10-08","Id":"{id}","ProductArn":"arn:aws:securityhub:eu-central-1::product/aws/x","UpdatedAt":"2026-03-01T00:00:00Z"}}"#
    )
}

fn finding(id: &str) -> String {
    format!(
        r#"{{"schemaVersion":"2.0","id":"{id}","type":"Recon:EC2/Portscan","updatedAt":"2026-03-01T00:00:00Z","service":{{"count":1}}}}"#
    )
}

/// Loads in pieces of many sizes, which must give the same documents at the same places.
fn load(log: &'static LogType, key: &str, bytes: &[u8]) -> Loaded {
    let object = context_for(log, key);
    let whole = load_type(log, &object, bytes, Limits::default(), &[]);
    for (piece, chunk) in [(1, 1), (100, 7), (300, 64), (1000, 1000)] {
        let limits = Limits { piece, records: 3, record: 1 << 20 };
        let parts = load_type(log, &object, bytes, limits, &[chunk]);
        assert_eq!(parts.docs, whole.docs, "pieces of {piece}, chunks of {chunk}");
        assert_eq!(parts.problems.len(), whole.problems.len(), "pieces of {piece}, chunks of {chunk}");
    }
    whole
}

fn ids(loaded: &Loaded, name: &str) -> Vec<String> {
    loaded.docs.iter().map(|doc| doc.json()[name].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn what_follows_a_list_of_findings_is_loaded_too() {
    let (a, b, c) = (asff("a"), asff("b"), asff("c"));
    let event =
        format!(r#"{{"detail-type":"Security Hub Findings - Imported","detail":{{"findings":[{b}]}}}}"#);
    for object in [
        format!(r#"{{"findings":[{a}]}}{event}{c}"#),
        format!("{{ \"Findings\" : [{a}],\n\"next\":null}}\n{event}\n{c}\n"),
        format!(r#"{{"Findings":[{a}]}}{{"findings":[{b}]}}{{"Findings":[{c}]}}"#),
        format!(r#"{a}{event}[{c}]"#),
    ] {
        let loaded = load(&security_hub::LOG_TYPE, FINDINGS, object.as_bytes());
        assert_eq!(ids(&loaded, "Id"), ["a", "b", "c"], "{object}");
        assert!(loaded.problems.is_empty() && loaded.split.is_empty(), "{object}");
    }
}

#[test]
fn an_object_without_the_list_behind_one_with_it_is_told() {
    let one = format!(r#"{{"Records":[{}]}}"#, event(r#""n":1"#));
    let object = crate::support::context_of(crate::support::KEY);
    for behind in [r#"{"other":[]}"#, "{}", r#"{"records":[1]}"#] {
        let loaded = load_in(&object, format!("{one}\n{behind}").as_bytes(), Limits::default(), &[]);
        assert_eq!(loaded.docs.len(), 1);
        assert_eq!(loaded.split, [SplitProblem::NoRecords { path: "Records" }], "{behind}");
    }
    let twice = load_in(&object, format!("{one}{one}").as_bytes(), Limits::default(), &[]);
    assert_eq!((twice.docs.len(), twice.split.len()), (2, 0));
    assert_eq!(cloudtrail::LOG_TYPE.name, "cloudtrail");
}

#[test]
fn a_line_whose_end_is_missing_costs_itself_only() {
    let good: Vec<String> = (0..20).map(|n| finding(&n.to_string())).collect();
    for broken in [r#"{"id":"x","a":{"b":1}"#, r#"{"id":"x","a":"no end}"#, r#"{"id":[[["#, "{", r#"{"a":"\"#]
    {
        let mut lines = good.clone();
        lines.insert(7, broken.to_owned());
        let object = context_for(&guardduty::LOG_TYPE, GUARDDUTY);
        let bytes = lines.join("\n");
        let whole = load_type(&guardduty::LOG_TYPE, &object, bytes.as_bytes(), Limits::default(), &[]);
        assert_eq!((whole.docs.len(), whole.problems.len()), (20, 1), "{broken}");
        // Ids and ordinals do not depend on where pieces end.
        for piece in [50, 300, 700, 2000] {
            let limits = Limits { piece, records: 1000, record: 1 << 20 };
            let parts = load_type(&guardduty::LOG_TYPE, &object, bytes.as_bytes(), limits, &[64]);
            assert_eq!(ids(&parts, "id"), ids(&whole, "id"), "{broken}, pieces of {piece}");
            assert_eq!(parts.ordinals(), whole.ordinals(), "{broken}, pieces of {piece}");
        }
    }
}

#[test]
fn broken_values_without_number_end_in_time() {
    let object = context_for(&guardduty::LOG_TYPE, GUARDDUTY);
    let limits = Limits { piece: 1 << 20, records: 1 << 20, record: 8 << 20 };
    for unit in [r#"{"a":{"#.to_owned(), "{x}".to_owned(), "{\"a\":".to_owned(), "{[".to_owned()] {
        let bytes = unit.repeat((1 << 20) / unit.len());
        let loaded = load_type(&guardduty::LOG_TYPE, &object, bytes.as_bytes(), limits, &[1 << 16]);
        assert!(loaded.docs.is_empty() && !loaded.problems.is_empty(), "{unit}");
    }
    let names: String = (0..100_000).map(|n| format!("{{\"k{n}\":{{")).collect();
    let loaded = load_type(&guardduty::LOG_TYPE, &object, names.as_bytes(), limits, &[1 << 16]);
    assert!(loaded.docs.is_empty() && !loaded.problems.is_empty());
}

#[test]
fn a_million_numbers_are_problems_and_no_quadratic_work() {
    let object = context_for(&guardduty::LOG_TYPE, GUARDDUTY);
    let bytes = format!("[{}1]{}", "1,".repeat(1_000_000), finding("f"));
    let loaded = load_type(&guardduty::LOG_TYPE, &object, bytes.as_bytes(), Limits::default(), &[]);
    assert_eq!((loaded.docs.len(), loaded.problems.len()), (1, 1_000_001));
}

#[test]
fn rows_below_another_header_have_its_columns() {
    let rows = "version srcaddr dstaddr end\n2 10.0.0.1 10.0.0.2 1772323543\n2 10.0.0.3 10.0.0.4 1772323543\n\
                version srcaddr dstaddr end\n2 10.0.0.5 10.0.0.6 1772323543\n\
                version dstaddr srcaddr end vpc-id\n2 10.0.0.8 10.0.0.7 1772323543 vpc-1\n";
    let loaded = load(&vpc_flow_log::LOG_TYPE, FLOWS, rows.as_bytes());
    assert!(loaded.problems.is_empty());
    assert_eq!(ids(&loaded, "srcaddr"), ["10.0.0.1", "10.0.0.3", "10.0.0.5", "10.0.0.7"]);
    assert_eq!(ids(&loaded, "vpc_id"), ["", "", "", "vpc-1"]);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_row() {
    let row = "2 111122223333 eni-1 10.0.0.1 10.0.0.2 443 4711 6 1 40 1772323500 1772323543 ACCEPT OK\n";
    let loaded = load(&vpc_flow_log::LOG_TYPE, FLOWS, format!("\u{feff}{row}").as_bytes());
    assert_eq!(ids(&loaded, "version"), ["2"]);
}

#[test]
fn a_line_over_the_limit_is_left_out_however_it_is_read() {
    let row = "2 111122223333 eni-1 10.0.0.1 10.0.0.2 443 4711 6 1 40 1772323500 1772323543 ACCEPT OK\n";
    let long = "x".repeat(5000);
    let bytes = format!("{row}{long}\n{row}");
    let object = context_for(&vpc_flow_log::LOG_TYPE, FLOWS);
    let limits = Limits { piece: 1000, records: 100, record: 2000 };
    for chunk in [1, 100, 10_000] {
        let loaded = load_type(&vpc_flow_log::LOG_TYPE, &object, bytes.as_bytes(), limits, &[chunk]);
        assert_eq!((loaded.docs.len(), loaded.split.len()), (2, 1), "chunks of {chunk}");
        assert_eq!(loaded.ordinals(), [0, 2]);
    }
}
