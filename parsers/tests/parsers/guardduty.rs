//! What a GuardDuty finding becomes: ids, envelopes, the current state, and findings that are odd.

use serde_json::{Value, json};
use siem_parsers::{document::Poison, source::guardduty, split::Limits};

use crate::{
    guardduty_findings::{
        KEY, all, api_call, connection, doc, document, event, finding, instance, load, login, probe,
        question, runtime, sequence,
    },
    support::{context_for, load_type},
};

fn lines(findings: &[Value], between: &str) -> String {
    findings.iter().map(Value::to_string).collect::<Vec<_>>().join(between)
}

#[test]
fn the_id_is_the_findings_with_how_often_it_was_seen() {
    let id = |count: Value| {
        let mut finding = api_call();
        finding["service"]["count"] = count;
        doc(&finding).id()
    };
    let own = "16c8f0e2ad4b5c6d7e8f901234567890";
    for (count, suffix) in [
        (json!(3), "_3"),
        (json!(5.0), "_5.0"),
        (json!("7"), "_7"),
        (json!(0), ""),
        (json!(0.0), ""),
        (json!(""), ""),
        (json!(null), ""),
        (json!(true), "_True"),
        (json!(false), ""),
        (json!([1]), ""),
    ] {
        assert_eq!(id(count.clone()), format!("{own}{suffix}"), "{count}");
    }
    let mut finding = api_call();
    finding.as_object_mut().unwrap().remove("service");
    let doc = doc(&finding);
    assert_eq!((doc.id().as_str(), &doc.json()["@id"]), (own, &json!(own)));
    assert_eq!(doc.index(), "log-aws-guardduty-2024-01");
    assert_eq!(doc.json()["@timestamp"], "2024-01-02T03:04:05Z");
}

#[test]
fn an_id_that_is_too_long_is_hashed_and_one_that_is_missing_is_derived() {
    let mut finding = api_call();
    finding["id"] = json!("x".repeat(511));
    assert_eq!(doc(&finding).id().len(), 32, "with its suffix it is too long");
    for id in [json!(null), json!(""), json!("  "), json!({"a": 1})] {
        finding["id"] = id;
        let loaded = load(finding.to_string());
        let doc = loaded.one();
        assert_eq!((doc.id().len(), doc.id().ends_with("_3")), (34, true));
        assert_eq!(doc.json()["siem"]["notes"], json!(["finding_id_missing"]));
        assert!(loaded.states.is_empty(), "nobody could find its state again");
    }
}

#[test]
fn findings_stand_by_line_one_behind_the_other_and_in_lists() {
    let findings = all();
    let wanted: Vec<String> = findings.iter().map(|f| document(f)["rule"]["id"].to_string()).collect();
    let list = format!("[{}]", lines(&findings, ","));
    let enveloped: Vec<Value> = findings.iter().map(|f| event("e", "2024-01-02T03:05:00Z", f)).collect();
    for bytes in [
        lines(&findings, "\n"),
        lines(&findings, "\r\n\r\n"),
        lines(&findings, ""),
        lines(&findings, " "),
        format!("\u{feff}\n{}\n\n", lines(&findings, "\n")),
        list.clone(),
        format!("{list}\n{}", lines(&[], "")),
        lines(&enveloped, ""),
        lines(&enveloped, "\n"),
        serde_json::to_string_pretty(&findings).unwrap(),
    ] {
        let loaded = load(&bytes);
        let kinds: Vec<String> = loaded.docs.iter().map(|d| d.json()["rule"]["id"].to_string()).collect();
        assert_eq!((kinds, loaded.problems.len(), loaded.split.len()), (wanted.clone(), 0, 0), "{bytes:.80}");
        assert_eq!(loaded.states.len(), findings.len());
    }
}

#[test]
fn d16_nothing_of_an_envelope_leaks_into_the_next_finding() {
    let mut bare = api_call();
    for name in ["accountId", "region"] {
        bare.as_object_mut().unwrap().remove(name);
    }
    let (own, of_event) = (probe(), event("e", "2024-01-02T03:05:00Z", &bare));
    let loaded = load(lines(&[event("e", "2024-01-02T03:05:00Z", &own), of_event, bare, own], "\n"));
    let cloud: Vec<Value> = loaded.docs.iter().map(|d| d.json()["cloud"].clone()).collect();
    let places: Vec<_> = cloud.iter().map(|c| (&c["account"]["id"], &c["region"])).collect();
    assert_eq!(
        places,
        [
            (&json!("444455556666"), &json!("us-west-2")),
            (&json!("999988887777"), &json!("ap-south-1")),
            (&json!("111122223333"), &json!("eu-central-1")),
            (&json!("444455556666"), &json!("us-west-2")),
        ],
        "the finding's own, the envelope's, the key's"
    );
}

#[test]
fn the_message_is_the_finding_without_its_envelope() {
    let text = "{\"id\" : \"a\",\n \"title\":\"\\u00e9\", \"x\": null}";
    let envelope =
        format!(r#"{{"id":"e","detail-type":"GuardDuty Finding","detail":{text},"resources":[]}}"#);
    assert_eq!(load(envelope).one().json()["@message"], text);
    assert_eq!(load(text).one().json()["@message"], text);
}

#[test]
fn an_event_that_is_no_finding_is_loaded_and_one_without_detail_is_a_problem() {
    let scan = json!({
        "version": "0", "id": "e-1", "detail-type": "GuardDuty Malware Protection Object Scan Result",
        "source": "aws.guardduty", "account": "999988887777", "time": "2024-01-02T03:05:00Z", "region": "ap-south-1",
        "resources": [], "detail": {"schemaVersion": "1.0", "scanStatus": "COMPLETED"}
    });
    let loaded = load(scan.to_string());
    let doc = loaded.one();
    assert_eq!((doc.id().as_str(), &doc.json()["@timestamp"]), ("e-1", &json!("2024-01-02T03:05:00Z")));
    assert_eq!((&doc.json()["scanStatus"], loaded.states.len()), (&json!("COMPLETED"), 0));
    for detail in [json!(null), json!("x"), json!([1])] {
        let loaded = load(lines(&[event("e", "2024-01-02T03:05:00Z", &detail), api_call()], ""));
        assert_eq!((loaded.docs.len(), loaded.problems.len()), (1, 1));
        assert_eq!(loaded.problems[0].problem, Poison::NoRecord("detail"));
    }
}

#[test]
fn d06_severity_above_8_9_is_critical() {
    for (severity, label) in [
        (json!(0), "low"),
        (json!(1.0), "low"),
        (json!(3.9), "low"),
        (json!(3.95), "medium"),
        (json!(4), "medium"),
        (json!(6.9), "medium"),
        (json!(7.0), "high"),
        (json!(8.9), "high"),
        (json!(8.95), "critical"),
        (json!(9.0), "critical"),
        (json!(10), "critical"),
        (json!("5.0"), "medium"),
    ] {
        let mut finding = connection("OUTBOUND");
        finding["severity"] = severity.clone();
        let loaded = load(finding.to_string());
        let doc = loaded.one().json();
        assert_eq!(doc["severitylabel"], label, "{severity}");
        assert_eq!((&doc["siem"]["finding"]["severity"], doc["siem"].get("notes")), (&json!(label), None));
        assert_eq!((doc["severity"].as_f64(), doc["event"]["severity"].as_f64()), {
            let number = severity.as_f64().or_else(|| severity.as_str()?.parse().ok());
            (number, number)
        });
        // What es-loader leaves undone behind the label.
        assert_eq!(
            (&doc["ThreatPurpose"], &doc["network"]["direction"]),
            (&json!("Backdoor"), &json!("outbound"))
        );
        assert_eq!(doc["destination"]["ip"], "203.0.113.9");
    }
    let doc = document(&sequence());
    assert_eq!(
        (&doc["severitylabel"], &doc["ThreatPurpose"]),
        (&json!("critical"), &json!("AttackSequence"))
    );
}

#[test]
fn d06_a_type_of_another_form_is_taken_apart_as_far_as_it_goes() {
    let names =
        ["ThreatPurpose", "ResourceTypeAffected", "ThreatFamilyName", "DetectionMechanism", "Artifact"];
    for (kind, parts) in [
        ("Backdoor:EC2/C&CActivity.B!DNS", ["Backdoor", "EC2", "C&CActivity", "B", "DNS"]),
        ("Recon:EC2/PortProbeUnprotectedPort", ["Recon", "EC2", "PortProbeUnprotectedPort", "", ""]),
        ("Execution:EC2/MaliciousFile!Snapshot", ["Execution", "EC2", "MaliciousFile", "", "Snapshot"]),
        ("AttackSequence:EKS/CompromisedCluster", ["AttackSequence", "EKS", "CompromisedCluster", "", ""]),
        ("Execution:Runtime/NewBinaryExecuted", ["Execution", "Runtime", "NewBinaryExecuted", "", ""]),
        ("Object:S3/MaliciousFile", ["Object", "S3", "MaliciousFile", "", ""]),
        // Where es-loader's pattern ends before the text does.
        ("A:B/C.D.E!F", ["A", "B", "C", "D", ""]),
        ("A:B/C-D.E", ["A", "B", "C", "", ""]),
        ("Ä:B/ü_1.ö", ["Ä", "B", "ü_1", "ö", ""]),
        ("A:B/é-x", ["A", "B", "é", "", ""]),
        (":/", ["", "", "", "", ""]),
        // Where it does not match.
        ("A-1:B/C.D", ["A-1", "B", "C", "D", ""]),
        ("Policy:Account", ["Policy", "Account", "", "", ""]),
        ("RuntimeMonitoring-SuspiciousCommand", ["", "", "", "", ""]),
        ("", ["", "", "", "", ""]),
    ] {
        let doc = document(&finding(kind, instance(), json!({})));
        let found = names.map(|name| doc.get(name).and_then(Value::as_str).unwrap_or(""));
        assert_eq!((found, &doc["severitylabel"]), (parts, &json!("medium")), "{kind}");
    }
    let escaped = r#"{"id":"i","type":"Back\u0064oor:EC2\/C\u0026C.\u0042!a\u0022b"}"#;
    let doc = load(escaped).one().json();
    assert_eq!((&doc["ThreatPurpose"], &doc["ThreatFamilyName"]), (&json!("Backdoor"), &json!("C&C")));
    assert_eq!((&doc["event"]["category"], &doc["Artifact"]), (&json!("malware"), &json!("a")));
}

#[test]
fn d20_an_update_with_the_same_count_replaces_the_current_state() {
    let (first, mut second) = (connection("INBOUND"), connection("INBOUND"));
    second["updatedAt"] = json!("2024-01-02T03:09:05.000Z");
    second["service"]["archived"] = json!(true);
    let loaded = load(lines(&[first, second], "\n"));
    assert_eq!(loaded.docs[0].id(), loaded.docs[1].id(), "as es-loader has it");
    let states: Vec<Value> = loaded.states.iter().map(|s| s.target()).collect();
    assert_eq!(states[0]["_id"], "guardduty/16c8f0e2ad4b5c6d7e8f901234567890");
    assert_eq!(states[0]["_id"], states[1]["_id"]);
    assert!(states[0]["version"].as_u64() < states[1]["version"].as_u64());
    let state = loaded.states[1].json();
    assert_eq!(
        state["siem"]["finding"],
        json!({
            "product": "guardduty", "id": "16c8f0e2ad4b5c6d7e8f901234567890", "severity": "medium",
            "stage": "archived", "open": false, "changed": "2024-01-02T03:09:05Z", "version": states[1]["version"]
        })
    );
    assert_eq!((state.get("@message"), &state["rule"]["id"]), (None, &json!("Backdoor:EC2/C&CActivity.B")));
    // 2024-01-02T03:04:05Z in milliseconds, eight to each.
    assert_eq!(states[0]["version"], 1_704_164_645_000u64 * 8);
}

#[test]
fn the_state_changed_when_the_event_was_sent() {
    let of = |time: Value| {
        let mut event = event("e", "x", &api_call());
        event["time"] = time;
        load(event.to_string()).one().json()["siem"]["finding"]["changed"].clone()
    };
    assert_eq!(of(json!("2024-01-02T03:05:00Z")), "2024-01-02T03:05:00Z");
    assert_eq!(of(json!(null)), "2024-01-02T03:04:05Z");
    let mut timeless = api_call();
    timeless.as_object_mut().unwrap().remove("updatedAt");
    let loaded = load(timeless.to_string());
    assert_eq!((loaded.one().json()["siem"]["finding"].get("changed"), loaded.states.len()), (None, 0));
    assert_eq!(loaded.one().json()["siem"]["notes"], json!(["event_time_missing"]));
    assert_eq!(loaded.one().index(), "log-aws-guardduty-2024-01", "by the day in the key");
}

/// What ends es-loader's script half way, or the object: inputs of which it loses a part.
#[test]
fn a_finding_that_lacks_something_is_loaded_and_normalised_as_far_as_it_goes() {
    let without = |finding: Value, name: &str| {
        let mut finding = finding;
        finding.as_object_mut().unwrap().remove(name);
        document(&finding)
    };
    let doc = without(connection("OUTBOUND"), "severity");
    assert_eq!((doc.get("severitylabel"), &doc["siem"]["notes"]), (None, &json!(["severity_missing"])));
    assert_eq!(
        (&doc["ThreatPurpose"], &doc["destination"]["ip"]),
        (&json!("Backdoor"), &json!("203.0.113.9"))
    );
    let doc = without(connection("OUTBOUND"), "title");
    assert_eq!((doc["rule"].get("name"), &doc["severitylabel"]), (None, &json!("medium")));
    let doc = without(connection("OUTBOUND"), "type");
    assert_eq!((doc.get("ThreatPurpose"), &doc["severitylabel"]), (None, &json!("medium")));
    assert_eq!(doc["network"]["direction"], "outbound");
    for name in ["service", "resource"] {
        assert_eq!(without(runtime(), name)["ThreatPurpose"], "Execution");
    }
    let mut text = connection("OUTBOUND");
    text["severity"] = json!("HIGH");
    let doc = document(&text);
    assert_eq!((doc.get("severitylabel"), &doc["siem"]["notes"]), (None, &json!(["severity_invalid"])));
    assert_eq!((&doc["severity"], &doc["event"]["severity"]), (&json!("HIGH"), &json!("HIGH")));
    assert_eq!(doc["siem"]["flat"]["severity"], "HIGH");
    let mut null = connection("OUTBOUND");
    null["service"]["action"]["networkConnectionAction"] = json!(null);
    let doc = document(&null);
    assert_eq!((doc.get("network"), &doc["severitylabel"]), (None, &json!("medium")));
    let mut objects = question();
    objects["service"]["action"]["kubernetesApiCallAction"] =
        json!({"sourceIPs": [{"ip": "192.0.2.1"}, "192.0.2.2"]});
    assert_eq!(document(&objects)["related"]["ip"], json!(["10.0.0.5", "192.0.2.2", "198.51.100.7"]));
}

#[test]
fn additional_info_unusual_becomes_text_as_es_loader_has_it() {
    for (value, text) in [
        (json!({"a": [1, null, true]}), json!(r#"{"a":[1,null,true]}"#)),
        (json!([1, "b"]), json!(r#"[1,"b"]"#)),
        (json!("x"), json!("x")),
        (json!("{x}"), json!("'{x}'")),
        (json!("{it's}\n"), json!("\"{it's}\\n\"")),
        (json!("{'\"\\}"), json!("'{\\'\"\\\\}'")),
        (json!(22), json!(22)),
        (json!(1.5), json!(1.5)),
        (json!(0), json!(0)),
    ] {
        let mut finding = login();
        finding["service"]["additionalInfo"]["unusual"] = value.clone();
        let doc = document(&finding);
        assert_eq!(doc["service"]["additionalInfo"]["unusual"], text);
        assert_eq!(doc["siem"]["flat"]["service"]["additionalInfo"]["unusual"], value);
    }
}

#[test]
fn a_member_with_the_name_of_one_of_ours_is_moved_aside() {
    let mut finding = api_call();
    for name in ["severitylabel", "ThreatPurpose", "Artifact", "network", "process", "host", "siem"] {
        finding[name] = json!("theirs");
    }
    let doc = document(&finding);
    assert_eq!((&doc["severitylabel"], &doc["ThreatPurpose"]), (&json!("medium"), &json!("Discovery")));
    assert_eq!((doc.get("Artifact"), doc.get("process"), doc.get("host")), (None, None, None));
    for name in ["severitylabel", "ThreatPurpose", "Artifact", "network", "process", "host", "siem"] {
        assert_eq!(doc["siem"]["flat"][name], "theirs");
    }
}

#[test]
fn pieces_and_chunks_change_nothing() {
    let object = context_for(&guardduty::LOG_TYPE, KEY);
    let findings: Vec<Value> = (0..5).flat_map(|_| all()).collect();
    let events: Vec<Value> = findings.iter().map(|f| event("e", "2024-01-02T03:05:00Z", f)).collect();
    for bytes in [lines(&findings, "\n"), lines(&events, ""), format!("[{}]", lines(&findings, ","))] {
        let whole = load(&bytes);
        assert_eq!((whole.docs.len(), whole.states.len()), (55, 55));
        for (piece, chunks) in [(1, vec![1]), (300, vec![7, 900]), (4000, vec![4096]), (100_000, vec![333])] {
            let limits = Limits { piece, ..Limits::default() };
            assert_eq!(load_type(&guardduty::LOG_TYPE, &object, bytes.as_bytes(), limits, &chunks), whole);
        }
    }
}

#[test]
fn a_time_that_cannot_be_does_not_freeze_a_finding() {
    let far = "9999-01-01T00:00:00Z";
    let mut finding = api_call();
    finding["updatedAt"] = json!(far);
    let loaded = load(finding.to_string());
    assert_eq!((loaded.docs.len(), loaded.states.len()), (1, 0));
    // The event's time counts, where it can be.
    let changed = |time: &str, finding: &Value| {
        load(event("e", time, finding).to_string()).states[0].json()["siem"]["finding"]["changed"].clone()
    };
    assert_eq!(changed("2024-01-02T03:05:00Z", &finding), json!("2024-01-02T03:05:00Z"));
    for time in [far, "x"] {
        assert_eq!(changed(time, &api_call()), json!("2024-01-02T03:04:05Z"), "{time}");
    }
}
