//! Findings of GuardDuty and of Security Hub under one key, and through a log group.

use serde_json::{Value, json};
use siem_parsers::{
    document::Poison,
    source::{LogType, finding_type::FindingType, guardduty, recognise, security_hub},
    split::Limits,
};

use crate::{
    guardduty_findings::{self, api_call},
    security_hub::{control, event},
    security_hub_ocsf,
    support::{Loaded, context_for, load_type},
};

const BOTH: [&LogType; 2] = [&guardduty::LOG_TYPE, &security_hub::LOG_TYPE];

/// Under a key of the log.
fn load(log: &'static LogType, records: &[Value]) -> Loaded {
    // Both of 2026-03-01.
    let of_guardduty = guardduty_findings::KEY.replace("2024/01/02", "2026/03/01");
    let key = if log.name == "guardduty" { &of_guardduty } else { crate::security_hub::KEY };
    let bytes: String = records.iter().map(Value::to_string).collect();
    load_type(log, &context_for(log, key), bytes.as_bytes(), Limits::default(), &[])
}

fn sent(detail: &Value) -> Value {
    guardduty_findings::event("e", "2024-01-02T03:05:00Z", detail)
}

fn message(record: &Value) -> Value {
    json!({"id": "1", "timestamp": 1_772_323_200_000_u64, "message": record.to_string()})
}

fn batch(events: &Value) -> Value {
    json!({"messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "g", "logStream": "s",
        "subscriptionFilters": ["f"], "logEvents": events})
}

fn types(loaded: &Loaded) -> Vec<Value> {
    loaded.docs.iter().map(|doc| doc.json()["@log_type"].clone()).collect()
}

#[test]
fn each_finding_is_written_as_what_it_is_whatever_the_key_says() {
    let ocsf = security_hub_ocsf::detection();
    let records = [
        sent(&api_call()),
        event(&json!([control(), control()])),
        api_call(),
        control(),
        ocsf.clone(),
        security_hub_ocsf::event(&ocsf),
        json!({"Findings": [control()]}),
    ];
    for log in BOTH {
        let loaded = load(log, &records);
        assert_eq!((loaded.problems.len(), loaded.states.len()), (0, 8), "{}", log.name);
        let (gd, sh) = ("guardduty", "securityhub");
        assert_eq!(types(&loaded), [gd, sh, sh, gd, sh, sh, sh, sh], "{}", log.name);
        for doc in &loaded.docs {
            let name = doc.json()["@log_type"].as_str().unwrap().to_owned();
            assert!(doc.index().starts_with(&format!("log-aws-{name}-")), "{}", doc.index());
        }
        // The same document as under its own key, but for the key.
        let own = load(&guardduty::LOG_TYPE, &records[..1]);
        assert_eq!(loaded.docs[0].id(), own.docs[0].id());
        assert_eq!(loaded.states[0].id(), own.states[0].id());
    }
}

#[test]
fn events_of_other_services_are_told() {
    let of = |source: &str, kind: &str, detail: Value| {
        json!({"version": "0", "id": "e", "detail-type": kind, "source": source, "time": "2026-03-01T00:00:00Z",
            "detail": detail})
    };
    let others = [
        of("aws.inspector2", "Inspector2 Finding", json!({"severity": "HIGH", "title": "t", "type": "x"})),
        of("aws.guardduty", "AWS API Call via CloudTrail", json!({"eventName": "GetFindings"})),
        of("aws.ec2", "EC2 Instance State-change Notification", json!({"state": "running"})),
    ];
    for log in BOTH {
        let loaded = load(log, &others);
        assert!(loaded.docs.is_empty() && loaded.states.is_empty(), "{}", log.name);
        let problems: Vec<Poison> = loaded.problems.iter().map(|p| p.problem).collect();
        assert_eq!(problems, [Poison::NoRecord("detail"); 3], "{}", log.name);
        // Sent by somebody's own program: the kind of event tells, or what is in it.
        let own =
            [of("my.test", "GuardDuty Finding", api_call()), of("x", "y", json!({"findings": [control()]}))];
        assert_eq!(types(&load(log, &own)), ["guardduty", "securityhub"], "{}", log.name);
    }
}

#[test]
fn findings_come_through_a_log_group() {
    let events = json!([
        message(&sent(&api_call())), message(&event(&json!([control(), control()]))), {"message": "x"},
        {"message": 1}, message(&api_call())
    ]);
    for log in BOTH {
        let loaded = load(log, &[batch(&events)]);
        assert_eq!(types(&loaded), ["guardduty", "securityhub", "securityhub", "guardduty"]);
        let parts: Vec<Value> = loaded.docs.iter().map(|doc| doc.json()["siem"]["part"].clone()).collect();
        assert_eq!(parts, [0, 1, 2, 3]);
        let problems: Vec<Poison> = loaded.problems.iter().map(|p| p.problem).collect();
        assert_eq!(problems, [Poison::NoRecord("message"); 2]);
    }
}

#[test]
fn messages_without_events_are_told_and_trials_of_the_way_are_not() {
    for log in
        siem_parsers::source::LOG_TYPES.iter().filter(|log| !["cloudtrail", "config"].contains(&log.name))
    {
        for events in [json!("none"), json!({}), json!(null)] {
            let bytes = batch(&events).to_string();
            let loaded = load_type(log, &context_for(log, "k"), bytes.as_bytes(), Limits::default(), &[]);
            let problems: Vec<Poison> = loaded.problems.iter().map(|p| p.problem).collect();
            assert_eq!(
                (loaded.docs.len(), problems),
                (0, vec![Poison::NoRecord("logEvents")]),
                "{}",
                log.name
            );
        }
        let mut none = batch(&json!([]));
        none.as_object_mut().unwrap().remove("logEvents");
        let loaded =
            load_type(log, &context_for(log, "k"), none.to_string().as_bytes(), Limits::default(), &[]);
        assert_eq!(loaded.problems.len(), 1, "{}", log.name);
        let mut control = batch(&json!([]));
        control["messageType"] = json!("CONTROL_MESSAGE");
        let loaded =
            load_type(log, &context_for(log, "k"), control.to_string().as_bytes(), Limits::default(), &[]);
        assert_eq!(loaded, Loaded::default(), "{}", log.name);
    }
}

#[test]
fn findings_in_messages_are_recognised() {
    let key = siem_parsers::source::read_key("logs/x.gz");
    for (record, log) in [
        (sent(&api_call()), "guardduty"),
        (api_call(), "guardduty"),
        (event(&json!([control()])), "securityhub"),
        (control(), "securityhub"),
        (security_hub_ocsf::event(&security_hub_ocsf::detection()), "securityhub"),
    ] {
        let bytes = batch(&json!([message(&record)])).to_string();
        assert_eq!(recognise(&key, bytes.as_bytes()).log_type, Some(log), "{record}");
    }
}

/// Both write to the index of the current states, which has the types of both.
#[test]
fn names_that_the_other_component_types_are_moved_aside() {
    let mut asff = control();
    (asff["service"], asff["severity"], asff["Severity"]["x"]) = (json!("x"), json!("high"), json!(1));
    let mut finding = api_call();
    (finding["ocsf"], finding["Severity"], finding["Title"]) = (json!("x"), json!("HIGH"), json!("t"));
    for (log, record, names) in [
        (&security_hub::LOG_TYPE, asff, ["service", "severity"]),
        (&guardduty::LOG_TYPE, finding, ["ocsf", "Severity"]),
    ] {
        let loaded = load(log, std::slice::from_ref(&record));
        for doc in [loaded.docs[0].json(), loaded.states[0].json()] {
            for name in names {
                assert_eq!((doc.get(name), &doc["siem"]["flat"][name]), (None, &record[name]), "{name}");
            }
        }
    }
}

#[test]
fn a_type_has_the_same_parts_by_either_way() {
    for (own, passed_on) in [
        ("Backdoor:EC2/C&CActivity.B!DNS", "TTPs/Command and Control/Backdoor:EC2-C&CActivity.B!DNS"),
        ("Trojan:Lambda/DropPoint", "TTPs/Trojan:Lambda-DropPoint"),
        ("Execution:Runtime/MaliciousFile!é x", "Effects/x/Execution:Runtime-MaliciousFile!é x"),
        ("Policy:IAMUser/RootCredentialUsage", "Policy:IAMUser/RootCredentialUsage"),
    ] {
        let parts = FindingType::of_guardduty(own.as_bytes());
        assert_eq!(FindingType::of_security_hub(passed_on.as_bytes()), Some(parts.clone()), "{own}");
        assert_eq!(
            (parts.is_malware(), parts.is_file()),
            (!own.starts_with('P'), own.starts_with('E')),
            "{own}"
        );
    }
    let category = FindingType::of_security_hub(b"TTPs/Initial Access/IAMUser-X").unwrap();
    assert_eq!(category.purpose.as_deref(), Some(&b"InitialAccess"[..]));
    assert_eq!(FindingType::of_security_hub(b"Software Checks"), None);
    assert_eq!(FindingType::of_guardduty(b"Software Checks"), FindingType::default());
}
