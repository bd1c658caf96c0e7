//! The generator: the same seed the same bytes, valid JSON, and the shape of a real corpus.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test may fail"
)]

use std::{
    collections::{HashMap, HashSet},
    io::Write as _,
};

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use siem_benches::{
    actions::Catalogue,
    object::{Generator, Size, Stream, tree},
};

fn decoded(seed: u64, stream: Stream, records: u64) -> Vec<u8> {
    let mut out = Vec::new();
    Generator::new(seed, stream).object(&mut out, Size::Records(records)).unwrap();
    out
}

fn records(bytes: &[u8]) -> Vec<Value> {
    let mut whole: Value = serde_json::from_slice(bytes).unwrap();
    let Value::Array(records) = whole["Records"].take() else { panic!("no array of records") };
    records
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn a_seed_gives_the_same_bytes_for_ever() {
    // Changing the catalogue or the world changes these: then corpora of old results cannot be made again.
    let events = decoded(1, Stream::Events, 2_000);
    assert_eq!(fnv(&events[..1_000_000]), EVENTS_OF_SEED_1);
    assert_eq!(fnv(&decoded(1, Stream::Insights, 200)), INSIGHTS_OF_SEED_1);
    assert_eq!(events, decoded(1, Stream::Events, 2_000));
    assert_ne!(events, decoded(2, Stream::Events, 2_000));
}

const EVENTS_OF_SEED_1: u64 = 0x24b1_7f19_cbe1_46f1;
const INSIGHTS_OF_SEED_1: u64 = 0x1a91_4cf2_01f8_0db2;

#[test]
fn an_object_is_one_line_as_cloudtrail_writes_it() {
    let bytes = decoded(3, Stream::Events, 3_000);
    assert!(bytes.starts_with(br#"{"Records":[{"eventVersion":"1."#));
    assert!(bytes.ends_with(b"}]}"));
    assert!(!bytes.contains(&b'\n'));
    assert_eq!(records(&bytes).len(), 3_000);
    assert_eq!(records(&decoded(3, Stream::Events, 0)).len(), 0);
}

#[test]
fn every_action_of_the_catalogue_is_written_and_every_slot_filled() {
    let bytes = decoded(4, Stream::Events, 60_000);
    let text = std::str::from_utf8(&bytes).unwrap();
    for (at, _) in text.match_indices('<') {
        assert!(text[at..].starts_with("<sensitiveDataRemoved>"), "{}", &text[at..at + 40]);
    }
    let seen: HashSet<(String, String)> = records(&bytes)
        .iter()
        .map(|record| {
            let source = record["eventSource"].as_str().unwrap().replace(".amazonaws.com", "");
            (source, record["eventName"].as_str().unwrap().to_owned())
        })
        .collect();
    let catalogue = Catalogue::new();
    for action in catalogue.all().iter().map(|prepared| prepared.action()) {
        assert!(seen.contains(&(action.source.to_owned(), action.name.to_owned())), "{action:?}");
    }
}

/// A name, what to count, its least and its largest share.
type Bound<'a> = (&'a str, &'a dyn Fn(&Value) -> bool, f64, f64);

#[test]
fn size_compressibility_and_variety_are_those_of_a_real_corpus() {
    let bytes = decoded(1, Stream::Events, 20_000);
    let records = records(&bytes);
    let mut packer = GzEncoder::new(Vec::new(), Compression::new(6));
    packer.write_all(&bytes).unwrap();
    let ratio = bytes.len() as f64 / packer.finish().unwrap().len() as f64;
    assert!((6.8..9.0).contains(&ratio), "gzip {ratio}");
    let mean = bytes.len() / records.len();
    assert!((1_420..1_560).contains(&mean), "{mean} bytes a record");

    let share = |wanted: &dyn Fn(&Value) -> bool| {
        records.iter().filter(|record| wanted(record)).count() as f64 / records.len() as f64
    };
    let bounds: &[Bound<'_>] = &[
        ("sts", &|record| record["eventSource"] == "sts.amazonaws.com", 0.20, 0.28),
        ("s3", &|record| record["eventSource"] == "s3.amazonaws.com", 0.15, 0.21),
        ("ec2", &|record| record["eventSource"] == "ec2.amazonaws.com", 0.13, 0.18),
        ("kms", &|record| record["eventSource"] == "kms.amazonaws.com", 0.10, 0.15),
        ("data", &|record| record["eventCategory"] == "Data", 0.18, 0.27),
        ("roles", &|record| record["userIdentity"]["type"] == "AssumedRole", 0.52, 0.75),
        ("no request", &|record| record["requestParameters"].is_null(), 0.03, 0.09),
        ("no response", &|record| record["responseElements"].is_null(), 0.60, 0.72),
        ("resources", &|record| record.get("resources").is_some(), 0.50, 0.65),
        ("tls", &|record| record.get("tlsDetails").is_some(), 0.25, 0.55),
        ("errors", &|record| record.get("errorMessage").is_some(), 0.02, 0.06),
        ("denied", &|record| record["errorCode"] == "AccessDenied", 0.008, 0.025),
    ];
    for (name, wanted, low, high) in bounds {
        let found = share(wanted);
        assert!((*low..*high).contains(&found), "{name}: {found}");
    }
    let distinct =
        |field: &str| records.iter().map(|record| record[field].to_string()).collect::<HashSet<_>>().len();
    assert!((200..800).contains(&distinct("userAgent")), "{} user agents", distinct("userAgent"));
    assert!(distinct("eventName") >= 95, "{} names", distinct("eventName"));
    assert_eq!(distinct("eventID"), records.len());
}

#[test]
fn insights_have_details_and_no_caller() {
    for record in records(&decoded(1, Stream::Insights, 500)) {
        assert_eq!(record["eventType"], "AwsCloudTrailInsight");
        assert_eq!(record["eventCategory"], "Insight");
        assert!(record["insightDetails"]["insightContext"]["statistics"]["baseline"]["average"].is_number());
        assert!(record.get("userIdentity").is_none());
    }
}

#[test]
fn a_stream_ends_at_the_wanted_size() {
    let mut out = Vec::new();
    let written = Generator::new(5, Stream::Events).object(&mut out, Size::Bytes(2_000_000)).unwrap();
    assert_eq!(written.decoded, out.len() as u64);
    assert!((2_000_000..2_060_000).contains(&out.len()), "{}", out.len());
    assert_eq!(records(&out).len() as u64, written.records);
}

#[test]
fn objects_under_real_keys_hold_one_account_and_region_each() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("tree");
    let _ = std::fs::remove_dir_all(&folder);
    let (keys, written) = tree(&folder, 1, Stream::Events, 12, 50, true).unwrap();
    assert_eq!((keys.len(), written.records), (12, 600));
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    for key in &keys {
        let parts: Vec<&str> = key.split('/').collect();
        let [_, _, account, "CloudTrail", region, "2026", "03", "01", file] = parts[..] else {
            panic!("{key}")
        };
        assert!(file.starts_with(&format!("{account}_CloudTrail_{region}_20260301T0005Z_")), "{file}");
        *places.entry((account.to_owned(), region.to_owned())).or_default() += 1;
        for record in records(&std::fs::read(folder.join(key)).unwrap()) {
            assert_eq!(record["recipientAccountId"], account);
            assert_eq!(record["awsRegion"], region);
        }
    }
    assert_eq!(places.len(), 12);
}
