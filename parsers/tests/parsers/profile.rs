//! Lean documents: those of the full profile without the second text of their record.

use serde_json::{Value, json};
use siem_parsers::{
    document::{NoProfile, ObjectContext, Profile, Provenance},
    source::{LogType, cloudtrail, guardduty, read_key, route53_resolver, vpc_flow_log},
    split::Limits,
};

use crate::support::{Doc, KEY, envelope, event, load_type};

const FLOWS: &str = "AWSLogs/111122223333/vpcflowlogs/eu-central-1/2024/01/02/\
                     111122223333_vpcflowlogs_eu-central-1_fl-1_20240102T0305Z_a.log.gz";

/// The documents of an object in a profile, then the current states.
fn documents(log_type: &LogType, key: &str, bytes: &[u8], profile: Profile) -> Vec<Doc> {
    let ingested = "2024-01-02T03:06:00Z".to_owned();
    let provenance = Provenance { key: key.to_owned(), ingested, profile, ..Provenance::default() };
    let object = ObjectContext::new(&provenance, read_key(key), log_type.name);
    let loaded = load_type(log_type, &object, bytes, Limits::default(), &[]);
    loaded.docs.into_iter().chain(loaded.states).collect()
}

/// Compares both profiles, and gives the lean documents.
fn lean(log_type: &LogType, key: &str, bytes: &[u8]) -> Vec<Value> {
    let full = documents(log_type, key, bytes, Profile::Full);
    let lean = documents(log_type, key, bytes, Profile::Lean);
    assert!(!full.is_empty() && full.len() == lean.len());
    for (full, lean) in full.iter().zip(&lean) {
        assert_eq!(full.action, lean.action);
        let (mut full, lean, id) = (full.json(), lean.json(), full.id());
        for name in ["@message", "@id"] {
            let gone = lean.get(name).is_none();
            let own = name == "@message" || full[name] == id;
            assert!(own || !gone, "{name} of its own stays");
            if gone && let Some(members) = full.as_object_mut() {
                members.remove(name);
            }
        }
        assert_eq!(full, lean, "everything else is the same");
    }
    lean.iter().map(Doc::json).collect()
}

#[test]
fn a_lean_document_has_its_record_once() {
    let records = [event(r#""requestParameters":{"x":"y"}"#), "{}".to_owned()];
    let docs = lean(&cloudtrail::LOG_TYPE, KEY, &envelope(&records));
    assert!(docs.iter().all(|doc| doc.get("@message").is_none() && doc.get("@id").is_none()));
    assert_eq!(docs[0].pointer("/requestParameters/x"), Some(&json!("y")));
    assert_eq!(docs[0].pointer("/siem/flat/requestParameters/x"), Some(&json!("y")));
    let query =
        br#"{"version":"1.100000","query_timestamp":"2024-01-02T03:04:05Z","query_name":"example.com."}"#;
    let key =
        "AWSLogs/111122223333/vpcdnsquerylogs/vpc-1/2024/01/02/vpc-1_vpcdnsquerylogs_111122223333_a.log.gz";
    assert!(lean(&route53_resolver::LOG_TYPE, key, query)[0].get("@message").is_none());
}

#[test]
fn a_lean_row_keeps_its_text_where_fields_have_no_column() {
    let row = "2 111122223333 eni-1 10.0.0.1 192.0.2.1 4711 443 6 3 369 1704164640 1704164645 ACCEPT OK";
    let header = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end \
                  action log-status";
    let docs = lean(&vpc_flow_log::LOG_TYPE, FLOWS, format!("{header}\n{row}\n{row} more\n").as_bytes());
    assert!(docs[0].get("@message").is_none() && docs[0].get("@id").is_none());
    assert_eq!(docs[1]["@message"], format!("{row} more"));
}

#[test]
fn a_record_that_is_cut_in_its_members_keeps_its_text() {
    let long = "x".repeat(40_000);
    let docs = lean(&cloudtrail::LOG_TYPE, KEY, &envelope(&[event(&format!(r#""errorMessage":"{long}""#))]));
    assert!(docs[0]["@message"].as_str().is_some_and(|text| text.contains(&long)));
}

#[test]
fn a_finding_keeps_its_own_id_and_its_state() {
    let finding = br#"{"schemaVersion":"2.0","id":"f1","accountId":"111122223333","region":"eu-central-1",
        "type":"Recon:EC2/Portscan","severity":5,"updatedAt":"2024-01-02T03:04:05Z","service":{"count":2}}"#;
    let key = "AWSLogs/111122223333/GuardDuty/eu-central-1/2024/01/02/a.jsonl.gz";
    let docs = lean(&guardduty::LOG_TYPE, key, finding);
    assert_eq!((docs.len(), &docs[0]["@id"]), (2, &json!("f1")));
}

#[test]
fn profiles_have_names() {
    assert_eq!(("full".parse(), "lean".parse()), (Ok(Profile::Full), Ok(Profile::Lean)));
    assert_eq!("Lean".parse::<Profile>(), Err(NoProfile));
}
