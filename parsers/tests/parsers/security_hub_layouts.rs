//! How Security Hub findings stand in their objects, and objects that are broken.

use serde_json::{Value, json};
use siem_parsers::{document::Poison, source::security_hub::LOG_TYPE, split::Limits};

use crate::{
    security_hub::{KEY, control, document, event, guardduty, load},
    security_hub_ocsf,
    support::{Doc, Loaded, Random, context_for, load_type},
};

#[test]
fn every_layout_gives_the_same_documents() {
    let (first, second) = (control(), guardduty(&json!({})));
    let bare = format!("{first}\n{second}\n");
    let layouts = [
        bare.clone(),
        format!("{first}{second}"),
        format!("\u{feff}\n\n{first}\r\n\r\n  {second}"),
        json!([first, second]).to_string(),
        format!("{{\"Findings\":{}}}", json!([first, second])),
        format!(" {{ \"findings\" : {} , \"NextToken\":\"x\"}}", json!([first, second])),
        format!("{{\"NextToken\":\"x\",\"Findings\":{}}}", json!([first, second])),
        serde_json::to_string_pretty(&json!({"Findings": [first, second]})).unwrap(),
    ];
    let expected = load(&bare);
    assert_eq!(expected.docs.len(), 2);
    let plain = |loaded: &Loaded| -> Vec<(String, String, Value)> {
        let of = |doc: &Doc| {
            let mut json = doc.json();
            for name in ["ordinal", "part"] {
                json["siem"].as_object_mut().unwrap().remove(name);
            }
            let message = serde_json::from_str(json["@message"].as_str().unwrap()).unwrap();
            json["@message"] = message;
            (doc.index(), doc.id(), json)
        };
        loaded.docs.iter().map(of).collect()
    };
    for layout in layouts {
        let loaded = load(&layout);
        assert_eq!((loaded.problems.len(), loaded.split.len()), (0, 0), "{layout}");
        assert_eq!(plain(&loaded), plain(&expected), "{layout}");
        assert_eq!(loaded.states.len(), 2);
    }
    // Events, one behind the other.
    let events =
        format!("{}{}\n\n{}", event(&json!([first])), event(&json!([second])), event(&json!([first])));
    let loaded = load(&events);
    assert_eq!((loaded.docs.len(), loaded.problems.len(), loaded.split.len()), (3, 0, 0));
    assert_eq!(loaded.ordinals(), [0, 1, 2]);
}

#[test]
fn findings_of_one_event_are_told_apart_by_their_part() {
    let loaded = load(event(&json!([control(), control()])).to_string());
    let places: Vec<Value> = loaded.docs.iter().map(|d| d.json()["siem"].clone()).collect();
    assert_eq!((&places[0]["ordinal"], &places[0]["part"]), (&json!(0), &json!(0)));
    assert_eq!((&places[1]["ordinal"], &places[1]["part"]), (&json!(0), &json!(1)));
    // The same state of the same finding: the second is already present.
    assert_eq!(loaded.docs[0].id(), loaded.docs[1].id());
    assert!(
        document(&control())["siem"]["part"] == json!(0)
            && load(control().to_string()).one().json()["siem"]["part"].is_null()
    );
}

#[test]
fn an_event_without_findings_is_told() {
    let no_record = Poison::NoRecord("findings");
    for detail in
        [json!({}), json!({"findings": null}), json!({"findings": "x"}), json!({"findings": {}}), json!(1)]
    {
        let mut record = event(&json!([]));
        record["detail"] = detail;
        let loaded = load(format!("{record}{}", event(&json!([control()]))));
        assert_eq!((loaded.docs.len(), loaded.problems.len()), (1, 1), "{record}");
        assert_eq!((loaded.problems[0].problem, loaded.problems[0].ordinal), (no_record, 0));
        assert!(loaded.problems[0].to_string().contains("`findings` of the event holds no record"));
    }
    let insight = json!({"detail-type": "Security Hub Insight Results", "source": "aws.securityhub",
        "detail": {"insightName": "n", "insightResults": [{"a": 1}]}});
    assert_eq!(load(insight.to_string()).problems[0].problem, no_record);
    // Nothing in it is nothing.
    let loaded = load(event(&json!([])).to_string());
    assert_eq!((loaded.docs.len(), loaded.problems.len()), (0, 0));
    // Each of its elements counts.
    let loaded = load(event(&json!([1, "x", null, [], control(), [control()]])).to_string());
    assert_eq!((loaded.docs.len(), loaded.problems.len()), (1, 5));
    assert_eq!(loaded.docs[0].json()["siem"]["part"], json!(4));
}

#[test]
fn events_that_went_through_a_log_group_are_loaded() {
    let message = |finding: &Value| json!({"id": "1", "timestamp": 1, "message": finding.to_string()});
    let mut log = json!({"messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "g", "logStream": "s",
        "logEvents": [message(&event(&json!([control(), control()]))), {"message": "x"}, {"message": 1}, message(&guardduty(&json!({})))]});
    let loaded = load(log.to_string());
    assert_eq!((loaded.docs.len(), loaded.states.len(), loaded.problems.len()), (3, 3, 2));
    let direct = load(event(&json!([control(), control()])).to_string());
    assert_eq!(loaded.docs[..2], direct.docs[..]);
    log["messageType"] = json!("CONTROL_MESSAGE");
    assert_eq!(load(log.to_string()), Loaded::default());
}

#[test]
fn pieces_and_chunks_change_nothing_and_nothing_panics() {
    let object = context_for(&LOG_TYPE, KEY);
    let seeds: Vec<String> = vec![
        format!("{}{}\n{}", event(&json!([control(), guardduty(&json!({}))])), control(), json!([control()])),
        json!({"Findings": [control(), guardduty(&json!({"actionType": "DNS_REQUEST", "dnsRequestAction/domain": "é.example"}))]}).to_string(),
        format!("{}\n{}", security_hub_ocsf::event(&security_hub_ocsf::detection()), security_hub_ocsf::detection()),
    ];
    let mut random = Random(0x5ec0b);
    let (mut docs, mut problems) = (0, 0);
    for _ in 0..1500 {
        let mut bytes = random.pick(&seeds).clone().into_bytes();
        for _ in 0..random.below(5) {
            let at = random.below(bytes.len());
            match random.below(5) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => bytes[at] = *random.pick(b"\"\\{}[],:\n\0\xff0-"),
                2 => drop(bytes.drain(at..(at + 30).min(bytes.len()))),
                3 => bytes.insert(at, *random.pick(b"\"\\{}[],:")),
                _ => drop(bytes.splice(
                    at..at,
                    random.pick(&[&b"null"[..], b"{}", b"\"\"", b"[[]]", b"1e999"]).to_vec(),
                )),
            }
        }
        let limits =
            Limits { piece: 1 + random.below(3000), record: 20_000, records: 1 + random.below(9) as u64 };
        let chunks = [1 + random.below(500), 1 + random.below(70)];
        let loaded = load_type(&LOG_TYPE, &object, &bytes, limits, &chunks);
        let whole = load_type(
            &LOG_TYPE,
            &object,
            &bytes,
            Limits { piece: usize::MAX, records: u64::MAX, ..limits },
            &[],
        );
        // Whether a value is broken or cut off is a guess where brackets are missing.
        let places = |loaded: &Loaded| -> Vec<(u64, u64)> {
            loaded.problems.iter().map(|p| (p.ordinal, p.offset)).collect()
        };
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!((&loaded.docs, &loaded.states), (&whole.docs, &whole.states), "{limits:?}: {text}");
        assert_eq!((places(&loaded), &loaded.split), (places(&whole), &whole.split), "{limits:?}: {text}");
        docs += loaded.docs.len();
        problems += loaded.problems.len();
    }
    assert!(docs > 2000 && problems > 300, "{docs} documents, {problems} problems");
}
