//! The generators of flow logs, resolver query logs and AWS Config.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

use std::collections::HashMap;

use serde_json::Value;
use siem_benches::{
    config_item::{Delivery, Items},
    corpus::{self, Source},
    flow_log::{self, Rows},
    object::Size,
    resolver::Queries,
};

fn text(mut source: impl Source, size: Size) -> String {
    let mut out = Vec::new();
    let written = corpus::object(&mut source, &mut out, size).unwrap();
    assert_eq!(written.decoded, out.len() as u64);
    String::from_utf8(out).unwrap()
}

fn rows(seed: u64, version: u8, count: u64) -> String {
    text(Rows::new(seed, version, corpus::single()), Size::Records(count))
}

#[test]
fn a_seed_gives_the_same_rows() {
    assert_eq!(rows(1, 5, 2_000), rows(1, 5, 2_000));
    assert_ne!(rows(1, 5, 2_000), rows(2, 5, 2_000));
}

#[test]
fn rows_have_the_fields_of_their_version() {
    for (version, fields) in [(2, 14), (3, 21), (4, 25), (5, 29), (7, 39), (8, 40), (9, 41), (10, 42)] {
        let text = rows(3, version, 3_000);
        assert!(text.starts_with(&flow_log::fields(version).join(" ")));
        assert_eq!(text.lines().count(), 3_001);
        assert!(text.lines().all(|line| line.split(' ').count() == fields), "{version}");
        let version = version.to_string();
        assert!(text.lines().skip(1).all(|line| line.split(' ').next() == Some(version.as_str())));
    }
    for wrong in ["1", "6", "11", "five"] {
        assert!(flow_log::version(wrong).is_err());
    }
}

/// A name, what to count, its least and its largest share.
type Bound<'a> = (&'a str, &'a dyn Fn(&[&str]) -> bool, f64, f64);

#[test]
fn traffic_is_that_of_an_estate_on_the_internet() {
    let text = rows(1, 5, 40_000);
    let count = |wanted: &dyn Fn(&[&str]) -> bool| {
        text.lines().skip(1).filter(|line| wanted(&line.split(' ').collect::<Vec<_>>())).count() as f64
            / 40_000.0
    };
    let bounds: &[Bound<'_>] = &[
        ("accept", &|row| row[12] == "ACCEPT", 0.80, 0.95),
        ("reject", &|row| row[12] == "REJECT", 0.05, 0.18),
        ("nodata", &|row| row[13] == "NODATA", 0.005, 0.05),
        ("skipdata", &|row| row[13] == "SKIPDATA", 0.0002, 0.01),
        ("egress", &|row| row[27] == "egress", 0.30, 0.65),
        ("ipv6", &|row| row[18] == "IPv6", 0.01, 0.06),
        ("udp", &|row| row[7] == "17", 0.08, 0.25),
        ("unknown", &|row| row[1] == "unknown", 0.001, 0.2),
        ("aws", &|row| row[26] != "-", 0.03, 0.15),
    ];
    for (name, wanted, low, high) in bounds {
        let found = count(wanted);
        assert!((*low..*high).contains(&found), "{name}: {found}");
    }
    let mut rejected: HashMap<&str, usize> = HashMap::new();
    for line in text.lines().filter(|line| line.contains(" REJECT ")) {
        *rejected.entry(line.split(' ').nth(3).unwrap()).or_default() += 1;
    }
    assert!(rejected.len() > 150 && *rejected.values().max().unwrap() > 60);
}

#[test]
fn an_object_ends_at_the_wanted_size() {
    let whole = text(Rows::new(5, 2, corpus::single()), Size::Bytes(300_000));
    assert!((300_000..300_300).contains(&whole.len()), "{}", whole.len());
    assert!(whole.ends_with(" OK\n") || whole.ends_with("DATA\n"));
}

#[test]
fn queries_and_items_are_json_with_every_slot_filled() {
    let queries = text(Queries::new(1, corpus::single()), Size::Records(3_000));
    assert!(!queries.contains('<'));
    let of = |code: &str| queries.lines().filter(|line| line.contains(code)).count();
    assert!(of(r#""rcode":"NXDOMAIN""#) > 200 && of(r#""firewall_rule_action":"BLOCK""#) > 20);
    for line in queries.lines() {
        assert!(serde_json::from_str::<Value>(line).unwrap()["answers"].is_array());
    }
    for delivery in [Delivery::History, Delivery::Snapshot] {
        let items = text(Items::new(1, delivery, corpus::single()), Size::Records(200));
        assert!(!items.contains('<'));
        let whole: Value = serde_json::from_str(&items).unwrap();
        let items = whole["configurationItems"].as_array().unwrap();
        assert_eq!(items.len(), 200);
        let kinds: std::collections::HashSet<&str> =
            items.iter().map(|item| item["resourceType"].as_str().unwrap()).collect();
        assert_eq!(kinds.len(), if delivery == Delivery::History { 1 } else { 4 });
        assert_eq!(whole.get("configSnapshotId").is_some(), delivery == Delivery::Snapshot);
    }
}
