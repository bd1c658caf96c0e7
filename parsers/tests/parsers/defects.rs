//! What es-loader loses or gets wrong, by the numbers of docs/migrate-from-es-loader.md. Those of one log stand with the
//! tests of that log, those of delivery with the loader's.

use siem_parsers::{
    source::{read_key, recognise, vpc_flow_log},
    split::Limits,
};

use crate::{
    decode::{gzip, zip},
    support::{KEY, context_for, decode, document_with, envelope, event, load, load_under},
};

const FLOWS: &str = "AWSLogs/111122223333/vpcflowlogs/eu-central-1/2024/01/02/\
                     111122223333_vpcflowlogs_eu-central-1_fl-1_20240102T0305Z_a.log.gz";

#[test]
fn d05_one_bad_record_costs_itself_only() {
    let good = event(r#""n":1"#);
    let odd = [
        r#"{"eventID":"no-time"}"#,
        r#"{"eventTime":"2024-01-02T03:04:05Z","n":"no id"}"#,
        r#"{"eventID":"float","eventTime":"2024-01-02T03:04:05Z","requestParameters":{"filter":1.5}}"#,
        r#"{"eventID":"time-is-a-number","eventTime":1704164645}"#,
        r#"{"eventID":"\ud800","eventTime":"not a time"}"#,
    ];
    let records: Vec<&str> = [&good[..]].into_iter().chain(odd).chain([&good[..]]).collect();
    let loaded = load(envelope(&records));
    assert_eq!((loaded.docs.len(), loaded.problems.len()), (7, 0));
    let broken = load(envelope(&[&good, r#"{"eventID":"x",}"#, "4711", &good]));
    assert_eq!((broken.docs.len(), broken.problems.len()), (2, 2));
}

#[test]
fn d08_a_key_is_taken_as_it_is_and_decoded_by_nobody_on_the_way() {
    let key = KEY.replace("AWSLogs", "a+b%2B %3D/AWSLogs");
    let doc = load_under(&key, event("")).json();
    assert_eq!(doc["@log_s3key"], key);
}

#[test]
fn d09_every_entry_of_a_zip_is_loaded_and_no_byte_vanishes() {
    let (one, two) = (envelope(&[event(r#""n":1"#)]), envelope(&[event(r#""n":2"#)]));
    let (bytes, error) = decode(&zip(&[&one, &two])[..], 1 << 16);
    assert!(error.is_none());
    assert_eq!(load(bytes).docs.len(), 2);
    let mut odd = event(r#""n":"xy""#).into_bytes();
    let at = odd.windows(2).position(|w| w == b"xy").unwrap();
    odd[at] = 0xff;
    let loaded = load(envelope(&[odd]));
    assert_eq!((loaded.docs[0].json()["n"].as_str(), loaded.invalid_utf8), (Some("\u{fffd}y"), 1));
}

#[test]
fn d11_nobody_hides_by_what_a_caller_chooses() {
    for members in [
        r#""userAgent":"aws-cli siem-es-loader siem-ioc-db-creator AesSiemEsLoader""#,
        r#""userIdentity":{"arn":"arn:aws:sts::1:assumed-role/x/aes-siem-es-loader"}"#,
        r#""userIdentity":{"principalId":"AROAEXAMPLE:aes-siem-es-loader"}"#,
        r#""userIdentity":{"arn":"arn:aws:iam::1:role/aes-siem-LambdaEsLoaderServiceRole-x"}"#,
        r#""requestParameters":{"functionName":"arn:aws:lambda:x:1:function:aes-siem-es-loader"}"#,
    ] {
        assert_eq!(document_with(members)["@log_type"], "cloudtrail");
    }
}

#[test]
fn d13_text_in_lists_is_bounded_where_it_is_indexed() {
    let long = "x".repeat(40_000);
    let doc = document_with(&format!(r#""requestParameters":{{"list":["{long}"]}}"#));
    assert_eq!(doc["requestParameters"]["list"][0].as_str().unwrap().len(), 40_000, "whole in its place");
    assert!(doc["siem"]["flat"]["requestParameters"]["list"][0].as_str().unwrap().len() < 32_766);
}

#[test]
fn d15_what_is_not_loaded_says_why_and_new_folders_of_cloudtrail_are_loaded() {
    let with = |folder: &str| KEY.replace("CloudTrail", folder);
    assert_eq!(read_key(&with("CloudTrail-NetworkActivity")).log_type, Some("cloudtrail"));
    assert_eq!(read_key(&with("CloudTrail-Aggregated")).log_type, Some("cloudtrail"));
    assert!(read_key(&with("CloudTrail-Digest")).not_loaded.is_some());
    let unknown = recognise(&read_key("some/thing.txt"), b"text");
    assert_eq!((unknown.log_type, unknown.not_loaded), (None, None));
}

#[test]
fn d17_the_index_is_that_of_the_month_and_no_week_is_miscounted() {
    for (time, index) in [
        ("2023-12-31T23:59:59Z", "log-aws-cloudtrail-2023-12"),
        ("2024-01-01T00:00:00Z", "log-aws-cloudtrail-2024-01"),
        ("2024-01-01T00:30:00+01:00", "log-aws-cloudtrail-2023-12"),
    ] {
        let record = format!(r#"{{"eventID":"e","eventTime":"{time}"}}"#);
        assert_eq!(load(envelope(&[record])).one().index(), index);
    }
}

#[test]
fn d21_equal_records_of_different_logs_or_without_an_id_do_not_collapse() {
    let record = r#"{"eventTime":"2024-01-02T03:04:05Z","n":1}"#;
    let loaded = load(envelope(&[record, record]));
    assert_ne!(loaded.docs[0].id(), loaded.docs[1].id());
}

#[test]
fn d22_the_place_in_the_key_decides_and_no_prefix_does() {
    for prefix in
        ["global-logs/", "us-east-1-central/", "vpcflowlogs/", "CloudTrail/", "GuardDuty/eu-west-1/"]
    {
        let info = read_key(&format!("{prefix}{KEY}"));
        assert_eq!(
            (info.log_type, info.region.as_deref()),
            (Some("cloudtrail"), Some("eu-central-1")),
            "{prefix}"
        );
    }
    for region in ["eusc-de-east-1", "us-isob-east-1", "us-gov-west-1", "cn-north-1"] {
        let info = read_key(&KEY.replace("eu-central-1", region));
        assert_eq!(info.region.as_deref(), Some(region));
    }
}

#[test]
fn d25_pieces_are_all_that_is_held_of_an_object() {
    // The cutter's buffer is checked after every read, see `load_type`.
    let rows: String = (0..20_000)
        .map(|n| format!("2 111122223333 eni-{n} 10.0.0.1 10.0.0.2 1 2 6 1 40 1 2 A OK\n"))
        .collect();
    let object = context_for(&vpc_flow_log::LOG_TYPE, FLOWS);
    let limits = Limits { piece: 1 << 14, records: 100, record: 1 << 12 };
    let (plain, _) = decode(&gzip(rows.as_bytes())[..], 1 << 14);
    let loaded = crate::support::load_type(&vpc_flow_log::LOG_TYPE, &object, &plain, limits, &[1 << 12]);
    assert_eq!(loaded.docs.len(), 20_000);
}
