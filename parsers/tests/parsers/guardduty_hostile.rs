//! Findings with any value at any place, and mutated objects.

use proptest::prelude::*;
use serde_json::{Value, json};
use siem_parsers::{source::guardduty, split::Limits};

use crate::{
    fits,
    guardduty_findings::{KEY, all, connection, document, event, kubernetes_call, load},
    support::{Random, cases, context_for, load_type},
};

/// Fields where text that is no number stays, unindexed.
const LOOSE: &[&str] = &["severity", "service.count", "event.severity"];

/// The pointers to every value below a value.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Object(members) => members.iter().for_each(|(k, v)| places(v, &format!("{path}/{k}"), found)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, v)| places(v, &format!("{path}/{at}"), found));
        }
        _ => {}
    }
}

fn odd_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-5),
        json!(1e300),
        json!("x"),
        json!(""),
        json!("true"),
        json!("12"),
        json!("203.0.113.77"),
        json!("a \"b\" \\ {c}\u{0}\u{1f}é"),
        json!([]),
        json!({}),
        json!(["a", null, 5]),
        json!([{"ip": "192.0.2.1"}, "b"]),
        json!([[["x"]]]),
        json!({"value": {"a": [1]}}),
        json!({"a.b": 1, "": 2, ".": 3}),
    ]
}

#[test]
fn any_value_at_any_place_makes_a_document_that_fits() {
    for finding in all() {
        let mut found = Vec::new();
        places(&finding, "", &mut found);
        for place in found.iter().filter(|place| !place.is_empty()) {
            let mut records = Vec::new();
            for value in odd_values() {
                let mut changed = finding.clone();
                *changed.pointer_mut(place).unwrap() = value;
                records.push(changed.to_string());
            }
            let loaded = load(records.join("\n"));
            assert_eq!((loaded.docs.len(), loaded.problems.len()), (records.len(), 0), "{place}");
            for (doc, record) in loaded.docs.iter().zip(&records) {
                let doc = doc.json();
                assert_eq!(doc["@message"], record.as_str());
                fits::check(&guardduty::LOG_TYPE, &doc, LOOSE);
            }
        }
    }
}

#[test]
fn a_long_text_at_any_place_makes_a_document_that_fits() {
    let finding = connection("OUTBOUND");
    let mut found = Vec::new();
    places(&finding, "", &mut found);
    for place in found.iter().filter(|place| !place.is_empty()) {
        let mut changed = finding.clone();
        *changed.pointer_mut(place).unwrap() = json!("y".repeat(40_000));
        fits::check(&guardduty::LOG_TYPE, &document(&changed), LOOSE);
    }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn several_odd_values_at_once_lose_no_record(
        changes in prop::collection::vec((0usize..11, any::<u16>(), 0usize..18), 1..12),
        enveloped in any::<bool>(),
        piece in 1usize..5000,
        chunk in 1usize..700,
    ) {
        let (mut findings, values) = (all(), odd_values());
        for (finding, place, value) in changes {
            let finding = &mut findings[finding];
            let mut found = Vec::new();
            places(finding, "", &mut found);
            let place = &found[1 + usize::from(place) % (found.len() - 1)];
            *finding.pointer_mut(place).unwrap() = values[value].clone();
        }
        let records: Vec<String> = findings
            .iter()
            .map(|f| if enveloped { event("e", "2024-01-02T03:05:00Z", f).to_string() } else { f.to_string() })
            .collect();
        let object = context_for(&guardduty::LOG_TYPE, KEY);
        let limits = Limits { piece, ..Limits::default() };
        let loaded = load_type(&guardduty::LOG_TYPE, &object, records.concat().as_bytes(), limits, &[chunk]);
        prop_assert_eq!((loaded.docs.len(), loaded.problems.len()), (records.len(), 0));
        prop_assert_eq!(&loaded, &load(records.concat()));
        for doc in &loaded.docs {
            fits::check(&guardduty::LOG_TYPE, &doc.json(), LOOSE);
        }
    }
}

#[test]
fn mutated_findings_give_valid_lines_and_no_panic() {
    let object = context_for(&guardduty::LOG_TYPE, KEY);
    let findings: Vec<String> = all().iter().map(Value::to_string).collect();
    let events: Vec<String> =
        all().iter().map(|f| event("e", "2024-01-02T03:05:00Z", f).to_string()).collect();
    let seeds = [findings.join("\n"), events.concat(), format!("[{}]", findings.join(","))];
    let mut random = Random(0xd01e);
    let mut docs = 0;
    for _ in 0..400 {
        let mut bytes = random.pick(&seeds).clone().into_bytes();
        for _ in 0..=random.below(6) {
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => bytes[at] = *random.pick(b"\"\\{}[],:\n\0\xff0e-"),
                2 => drop(bytes.drain(at..(at + random.below(60)).min(bytes.len()))),
                _ => bytes.insert(at, *random.pick(b"\"\\{}[],:\t\xc3")),
            }
        }
        let limits = Limits { piece: 1 + random.below(6000), ..Limits::default() };
        let loaded = load_type(&guardduty::LOG_TYPE, &object, &bytes, limits, &[1 + random.below(3000)]);
        docs += loaded.docs.len();
        for doc in &loaded.docs {
            fits::check(&guardduty::LOG_TYPE, &doc.json(), LOOSE);
        }
    }
    assert!(docs > 2500, "{docs}");
}

#[test]
fn many_addresses_cost_no_more_than_their_length() {
    let mut finding = kubernetes_call();
    let addresses: Vec<String> =
        (0..200_000u32).map(|n| format!("10.{}.{}.{}", n >> 16, n >> 8 & 255, n & 255)).collect();
    finding["service"]["action"]["kubernetesApiCallAction"]["sourceIPs"] = json!(addresses);
    let record = finding.to_string();
    // Comparing each with each would take minutes.
    let loaded = load(record);
    assert_eq!(loaded.one().json()["related"]["ip"].as_array().unwrap().len(), 200_001);
}
