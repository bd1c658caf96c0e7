//! Security Hub findings in OCSF, which come in events named `Findings Imported V2`.

use serde_json::{Value, json};

use crate::security_hub::load;

/// A finding of GuardDuty.
pub(crate) fn detection() -> Value {
    json!({
        "activity_id": 2, "activity_name": "Update", "category_name": "Findings", "category_uid": 2,
        "class_name": "Detection Finding", "class_uid": 2004, "type_uid": 200_402,
        "severity_id": 5, "severity": "Critical", "status_id": 1, "status": "New",
        "time": 1_772_323_260_000_u64, "time_dt": "2026-03-01T00:01:00Z",
        "metadata": {
            "product": {"name": "GuardDuty", "vendor_name": "AWS", "uid": "arn:aws:securityhub:eu-west-1::productv2/aws/guardduty"},
            "uid": "0123456789abcdef", "version": "1.6.0", "profiles": ["cloud", "datetime"]
        },
        "cloud": {"account": {"name": "prod", "uid": "444455556666"}, "provider": "AWS", "region": "eu-west-1"},
        "evidences": [
            {"src_endpoint": {"ip": "198.51.100.7", "port": 40000, "location": {"country": "DE"}},
             "dst_endpoint": {"ip": "10.0.0.5", "port": 22},
             "connection_info": {"direction": "Inbound"},
             "actor": {"user": {"name": "alice", "uid": "AIDA1", "credential_uid": "AKIA1"}}},
            {"src_endpoint": {"ip": "198.51.100.8"}, "query": {"hostname": "evil.example"}}
        ],
        "finding_info": {
            "title": "A sequence of actions.", "desc": "d",
            "types": ["Threats", "AttackSequence:EC2/CompromisedInstanceGroup"],
            "created_time_dt": "2026-02-28T00:00:00Z", "modified_time_dt": "2026-03-01T00:00:59Z",
            "uid": "arn:aws:guardduty:eu-west-1:444455556666:detector/d-1/finding/f-9",
            "src_url": "https://eu-west-1.console.aws.amazon.com/guardduty/"
        },
        "resources": [{"type": "AWS::EC2::Instance", "uid": "arn:aws:ec2:eu-west-1:444455556666:instance/i-1", "region": "eu-west-1",
            "owner": {"account": {"uid": "444455556666"}}, "data": "{\"a\":1}"}],
        "vendor_attributes": {"severity": "Critical", "severity_id": 5},
        "vulnerabilities": [{"cve": {"uid": "CVE-2025-1", "cvss": [{"base_score": 9.8, "version": "3.1"}]}}]
    })
}

pub(crate) fn event(finding: &Value) -> Value {
    let mut event = crate::security_hub::event(&json!([finding]));
    event["detail-type"] = json!("Findings Imported V2");
    event
}

fn document(finding: &Value) -> Value {
    load(event(finding).to_string()).one().json()
}

#[test]
fn d07_findings_imported_v2_are_loaded() {
    let loaded = load(event(&detection()).to_string());
    assert_eq!(loaded.one().index(), "log-aws-securityhub-2026-03");
    let doc = loaded.one().json();
    assert_eq!(doc["ocsf"], {
        let mut finding = detection();
        finding.as_object_mut().unwrap();
        finding
    });
    assert_eq!(doc["@id"], json!("0123456789abcdef"));
    assert_eq!(doc["@timestamp"], json!("2026-03-01T00:00:59Z"));
    assert_eq!(doc["cloud"]["account"], json!({"id": "444455556666", "name": "prod"}));
    assert_eq!(doc["cloud"]["instance"]["id"], json!("i-1"));
    assert_eq!((&doc["event"]["module"], &doc["event"]["severity"]), (&json!("guardduty"), &json!(5)));
    assert_eq!(doc["event"]["url"], json!("https://eu-west-1.console.aws.amazon.com/guardduty/"));
    assert_eq!(doc["rule"]["name"], json!("A sequence of actions"));
    assert_eq!(doc["rule"]["id"], json!(["Threats", "AttackSequence:EC2/CompromisedInstanceGroup"]));
    assert_eq!(
        (&doc["ThreatPurpose"], &doc["ThreatFamilyName"]),
        (&json!("AttackSequence"), &json!("CompromisedInstanceGroup"))
    );
    assert_eq!(doc["source"], json!({"address": "198.51.100.7", "ip": "198.51.100.7", "port": 40000}));
    assert_eq!(doc["destination"], json!({"address": "10.0.0.5", "ip": "10.0.0.5", "port": 22}));
    assert_eq!(doc["related"]["ip"], json!(["198.51.100.7", "10.0.0.5", "198.51.100.8"]));
    assert_eq!((&doc["user"]["id"], &doc["user"]["name"]), (&json!("AKIA1"), &json!("alice")));
    assert_eq!(
        (&doc["network"]["direction"], &doc["dns"]["question"]["name"]),
        (&json!("inbound"), &json!("evil.example"))
    );
    assert_eq!(doc["siem"]["finding"]["severity"], json!("critical"));
    // What has no type of its own is searchable under its path.
    assert_eq!(doc["siem"]["flat"]["ocsf"]["resources"][0]["data"], json!("{\"a\":1}"));
    assert!(doc["siem"]["flat"]["ocsf"]["class_uid"].is_null());
}

#[test]
fn d07_bare_findings_are_loaded_too() {
    let mut other = detection();
    other["metadata"]["uid"] = json!("other");
    for text in [
        format!("{}{other}", detection()),
        json!([detection(), other]).to_string(),
        json!({"Findings": [detection(), other]}).to_string(),
    ] {
        let loaded = load(&text);
        assert_eq!((loaded.docs.len(), loaded.states.len(), loaded.problems.len()), (2, 2, 0), "{text}");
        assert_eq!(loaded.docs[1].json()["@id"], json!("other"));
    }
}

#[test]
fn each_change_has_a_document_of_its_own() {
    let id = |time: &str, status: u32| {
        let mut finding = detection();
        finding["status_id"] = json!(status);
        let mut event = event(&finding);
        event["time"] = json!(time);
        load(event.to_string()).one().id()
    };
    let first = id("2026-03-01T00:02:00Z", 1);
    assert_eq!(first, id("2026-03-01T00:02:00Z", 1), "delivered twice");
    assert_ne!(first, id("2026-03-01T00:02:00Z", 4));
    assert_ne!(first, id("2026-03-01T00:03:00Z", 1));
    assert!(first.starts_with("0123456789abcdef_"));
}

#[test]
fn the_class_says_what_kind_of_rule_it_is() {
    let of = |class: u32, more: Value| {
        let mut finding = detection();
        finding["class_uid"] = json!(class);
        finding["metadata"]["product"]["name"] = json!("Security Hub");
        for (name, value) in more.as_object().unwrap() {
            finding[name] = value.clone();
        }
        let doc = document(&finding);
        (doc["rule"]["id"].clone(), doc["event"]["category"].clone())
    };
    assert_eq!(
        of(2003, json!({"compliance": {"control": "S3.1", "status_id": 3}})),
        (json!("S3.1"), json!("configuration"))
    );
    assert_eq!(of(2002, json!({})), (json!("CVE-2025-1"), json!("package")));
    assert_eq!(
        of(2006, json!({"finding_info": {"types": ["SensitiveData:S3Object/Multiple"], "uid": "u"}})).0,
        json!(["SensitiveData:S3Object/Multiple"])
    );
}

#[test]
fn stages_are_read_from_numbers_and_words() {
    let stage = |more: Value| {
        let mut finding = detection();
        for (name, value) in more.as_object().unwrap() {
            finding[name] = value.clone();
        }
        document(&finding)["siem"]["finding"]["stage"].as_str().unwrap().to_owned()
    };
    let numbers = ["new", "notified", "suppressed", "resolved", "archived", "deleted"];
    for (number, name) in (1..).zip(numbers) {
        assert_eq!(stage(json!({"status_id": number})), name);
        assert_eq!(stage(json!({"status_id": number.to_string()})), name);
    }
    assert_eq!(stage(json!({"status_id": 99, "status": "In Progress"})), "notified");
    assert_eq!(stage(json!({"status_id": null, "status": null})), "open");
    assert_eq!(stage(json!({"activity_id": 3})), "archived");
    assert_eq!(stage(json!({"activity_id": 3, "status_id": 4})), "resolved");
}

#[test]
fn odd_values_are_kept_and_fit_the_template() {
    for odd in [
        json!(null),
        json!("x"),
        json!(7),
        json!([]),
        json!(["a", {"b": 1}]),
        json!({"a": {"b": [1]}}),
        json!(true),
        json!([[1]]),
    ] {
        for name in detection().as_object().unwrap().keys() {
            let mut finding = detection();
            finding[name] = odd.clone();
            let loaded = load(event(&finding).to_string());
            assert_eq!((loaded.docs.len(), loaded.problems.len()), (1, 0), "{name}: {odd}");
        }
    }
    // Times of other kinds.
    let mut finding = detection();
    finding["finding_info"]["modified_time_dt"] = json!(null);
    finding["finding_info"]["modified_time"] = json!(1_772_323_259_500_u64);
    assert_eq!(document(&finding)["@timestamp"], json!("2026-03-01T00:00:59.5Z"));
}
