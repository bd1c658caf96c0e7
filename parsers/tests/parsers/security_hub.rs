//! Security Hub findings in the AWS Security Finding Format: layouts, ids, times, fields.

use md5::{Digest, Md5};
use serde_json::{Value, json};
use siem_parsers::{source::security_hub::LOG_TYPE, split::Limits};

use crate::support::{Doc, Loaded, context_for, load_type};

/// Where Firehose delivers by the guide of es-loader; its time is 2026-03-01.
pub(crate) const KEY: &str = "AWSLogs/111122223333/SecurityHub/ap-northeast-1/2026/03/01/00/findings-1-2026-03-01-00-05-00-4a943681.gz";

pub(crate) fn load(bytes: impl AsRef<[u8]>) -> Loaded {
    load_type(&LOG_TYPE, &context_for(&LOG_TYPE, KEY), bytes.as_ref(), Limits::default(), &[])
}

/// A finding that a control made.
pub(crate) fn control() -> Value {
    json!({
        "SchemaVersion": "2018-10-08",
        "Id": "arn:aws:securityhub:eu-west-1:444455556666:security-control/S3.5/finding/f-1",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/security-hub",
        "ProductName": "Security Hub",
        "GeneratorId": "security-control/S3.5",
        "AwsAccountId": "444455556666",
        "AwsAccountName": "prod",
        "Region": "eu-west-1",
        "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
        "CreatedAt": "2026-02-26T00:01:07.000Z",
        "UpdatedAt": "2026-03-01T00:01:07.000Z",
        "ProcessedAt": "2026-03-01T00:01:09.000Z",
        "Severity": {"Normalized": 70, "Label": "HIGH", "Product": 70, "Original": "HIGH"},
        "Title": "S3 buckets should require TLS.",
        "Description": "This control checks whether …",
        "Compliance": {"Status": "FAILED", "SecurityControlId": "S3.5"},
        "ProductFields": {"aws/securityhub/ProductName": "Security Hub", "Resources:0/Id": "arn:aws:s3:::b"},
        "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::b", "Partition": "aws", "Region": "eu-west-1"}],
        "Workflow": {"Status": "NEW"}, "WorkflowState": "NEW", "RecordState": "ACTIVE"
    })
}

/// A finding of GuardDuty by way of Security Hub, with members of `ProductFields` in addition.
pub(crate) fn guardduty(fields: &Value) -> Value {
    let mut finding = control();
    finding["Id"] = json!("arn:aws:guardduty:eu-west-1:444455556666:detector/d-1/finding/f-9");
    finding["Types"] = json!(["TTPs/Command and Control/Backdoor:EC2-C&CActivity.B!DNS"]);
    finding["ProductFields"] = json!({"aws/securityhub/ProductName": "GuardDuty"});
    finding["Compliance"] = json!({});
    for (name, value) in fields.as_object().unwrap() {
        finding["ProductFields"][format!("aws/guardduty/service/action/{name}")] = value.clone();
    }
    finding
}

/// The event that brings findings.
pub(crate) fn event(findings: &Value) -> Value {
    event_at("2026-03-01T00:02:00Z", findings)
}

pub(crate) fn event_at(time: &str, findings: &Value) -> Value {
    json!({
        "version": "0", "id": "e-1", "detail-type": "Security Hub Findings - Imported", "source": "aws.securityhub",
        "account": "111122223333", "time": time, "region": "ap-northeast-1",
        "resources": ["arn:aws:securityhub:…"], "detail": {"findings": findings}
    })
}

/// The document of a finding in an event.
pub(crate) fn document(finding: &Value) -> Value {
    one(&event(&json!([finding]))).json()
}

fn one(record: &Value) -> Doc {
    load(record.to_string()).one().clone()
}

fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut finding = control();
    change(&mut finding);
    finding
}

/// What es-loader puts behind the id.
fn suffix(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn the_message_is_the_finding_as_delivered() {
    let text = r#"{"Id" : "a\/b", "Title":"é \u00e9" }"#;
    let loaded = load(event(&json!(["F"])).to_string().replace("\"F\"", text));
    assert_eq!(loaded.one().json()["@message"], json!(text));
    assert_eq!(loaded.one().json()["@id"], json!("a/b"));
}

#[test]
fn what_somebody_chose_to_do_is_kept() {
    let mut record = event(&json!([control()]));
    record["detail-type"] = json!("Security Hub Findings - Custom Action");
    record["detail"]["actionName"] = json!("to \"SOC\"");
    let siem = one(&record).json()["siem"].clone();
    let envelope =
        json!({"id": "e-1", "detail_type": "Security Hub Findings - Custom Action", "action": "to \"SOC\""});
    assert_eq!(siem["envelope"], envelope);
}

#[test]
fn ids_are_those_of_es_loader() {
    let id = "arn:aws:securityhub:eu-west-1:444455556666:security-control/S3.5/finding/f-1";
    let of = |finding: &Value, time: &str| {
        let doc = one(&event_at(time, &json!([finding])));
        assert_eq!(doc.json()["@id"], json!(id));
        (doc.id(), doc.json()["@timestamp"].clone())
    };
    // New: by the time of the finding, as written.
    let (new, at) = of(&control(), "2026-03-01T00:02:00Z");
    assert_eq!(new, format!("{id}_{}", suffix("2026-03-01T00:01:07.000+00:00NEW")));
    assert_eq!(at, json!("2026-03-01T00:01:07Z"));
    // Else by that of the event, as Python writes it.
    let notified = changed(|f| f["Workflow"]["Status"] = json!("NOTIFIED"));
    for (time, python) in [
        ("2026-03-01T00:02:00Z", "2026-03-01T00:02:00+00:00"),
        ("2026-03-01T00:02:00.5Z", "2026-03-01T00:02:00.500000+00:00"),
        ("2026-03-01T00:02:00.123456789Z", "2026-03-01T00:02:00.123456+00:00"),
        ("2026-03-01T09:02:00+0900", "2026-03-01T09:02:00+09:00"),
        ("2026-03-01T09:02:00+09:00", "2026-03-01T09:02:00+09:00"),
        ("2026-03-01 00:02", "2026-03-01T00:02:00+00:00"),
        ("2026-03-01T00:02:00-05", "2026-03-01T00:02:00-05:00"),
    ] {
        assert_eq!(of(&notified, time).0, format!("{id}_{}", suffix(&format!("{python}NOTIFIED"))), "{time}");
    }
    assert_eq!(of(&notified, "2026-03-01T00:02:00Z").1, json!("2026-03-01T00:02:00Z"));
}

#[test]
fn d06_a_finding_without_what_es_loader_needs_has_an_id_for_each_state_too() {
    let changes: [fn(&mut Value); 4] = [
        |f| drop(f.as_object_mut().unwrap().remove("ProductFields")),
        |f| f["ProductFields"] = json!({"x": "y"}),
        |f| f["ProductFields"]["aws/securityhub/ProductName"] = json!(null),
        |f| f["ProductFields"]["aws/securityhub/ProductName"] = json!(["Security Hub"]),
    ];
    for change in changes {
        let mut ids = Vec::new();
        for (status, updated) in [("NEW", 1), ("NEW", 2), ("RESOLVED", 2), ("NEW", 3)] {
            let mut finding = changed(change);
            finding["Workflow"]["Status"] = json!(status);
            finding["UpdatedAt"] = json!(format!("2026-03-01T00:0{updated}:00Z"));
            ids.push(one(&event(&json!([finding]))).id());
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 4, "{:?}", changed(change));
        assert_eq!(document(&changed(change))["event"]["module"], json!("securityhub"));
    }
    // Neither does one without a state lose its history.
    let without = changed(|f| drop(f.as_object_mut().unwrap().remove("Workflow")));
    let at = |time| one(&event_at(time, &json!([without]))).id();
    assert_ne!(at("2026-03-01T00:02:00Z"), at("2026-03-01T00:03:00Z"));
}

#[test]
fn d20_the_index_is_that_of_the_event_and_the_time_that_of_the_finding() {
    let doc = one(&event_at(
        "2026-03-01T00:00:30Z",
        &json!([changed(|f| f["UpdatedAt"] = json!("2026-02-28T23:59:00Z"))]),
    ));
    assert_eq!(doc.index(), "log-aws-securityhub-2026-03");
    assert_eq!(doc.json()["@timestamp"], json!("2026-02-28T23:59:00Z"));
    assert_eq!(doc.json()["cwe_timestamp"], json!("2026-03-01T00:00:30Z"));
    // Without an event there is one time only.
    let doc = load(
        changed(|f| {
            f["UpdatedAt"] = json!("2026-02-28T23:59:00Z");
            f["ProcessedAt"] = json!("2026-02-28T23:59:02Z");
        })
        .to_string(),
    )
    .one()
    .clone();
    assert_eq!(doc.index(), "log-aws-securityhub-2026-02");
    assert!(doc.json()["cwe_timestamp"].is_null());
    // A time that cannot be read, or cannot be, does not make an index.
    for time in ["x", "2031-01-01T00:00:00Z", "0001-01-01T00:00:00Z"] {
        let doc = load(
            changed(|f| {
                f["UpdatedAt"] = json!(time);
                f["ProcessedAt"] = json!(null);
            })
            .to_string(),
        )
        .one()
        .clone();
        assert_eq!(doc.index(), "log-aws-securityhub-2026-03", "{time}");
        assert_eq!(doc.json()["UpdatedAt"], json!(time));
    }
}

#[test]
fn d16_nothing_of_an_event_leaks_into_the_next_record() {
    let mut bare = control();
    for name in ["AwsAccountId", "Region", "Resources"] {
        bare.as_object_mut().unwrap().remove(name);
    }
    let mut other = event(&json!([bare]));
    (other["account"], other["region"]) = (json!("999900001111"), json!("us-east-1"));
    let loaded = load(format!("{other}\n{bare}\n{}", event(&json!([control()]))));
    let cloud = |at: usize| {
        let doc = loaded.docs[at].json();
        (doc["cloud"]["account"]["id"].clone(), doc["cloud"]["region"].clone(), doc["cwe_timestamp"].clone())
    };
    assert_eq!(cloud(0), (json!("999900001111"), json!("us-east-1"), json!("2026-03-01T00:02:00Z")));
    // From the key.
    assert_eq!(cloud(1), (json!("111122223333"), json!("ap-northeast-1"), Value::Null));
    assert!(loaded.docs[1].json()["siem"]["envelope"].is_null());
    assert_eq!(cloud(2), (json!("444455556666"), json!("eu-west-1"), json!("2026-03-01T00:02:00Z")));
}

#[test]
fn d24_what_is_delivered_twice_has_the_same_ids() {
    let delivered = event(&json!([control()])).to_string();
    let loaded = load(format!("{delivered}\n{delivered}"));
    assert_eq!(loaded.docs[0].action, loaded.docs[1].action);
    assert_eq!(loaded.states[0].action, loaded.states[1].action);
}

#[test]
fn a_control_is_written_as_es_loader_does() {
    let doc = document(&control());
    let event = json!({"module": "security hub", "kind": "alert", "category": ["intrusion_detection"], "severity": 70,
        "risk_score_norm": 70, "ingested": "2024-01-02T03:06:00Z"});
    assert_eq!(doc["event"], event);
    assert_eq!(doc["rule"]["id"], json!("security-control/S3.5"));
    assert_eq!(doc["rule"]["name"], json!("S3 buckets should require TLS"));
    assert_eq!(
        (&doc["consolidated_controls_view"], &doc["consolidated_control_findings"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(doc["cloud"]["account"], json!({"id": "444455556666", "name": "prod"}));
    let old = changed(|f| {
        f["GeneratorId"] = json!("arn:aws:securityhub:::ruleset/cis/rule/1.1");
        f["Compliance"] = json!({"Status": "FAILED"});
    });
    let doc = document(&old);
    assert_eq!(
        (&doc["consolidated_controls_view"], &doc["consolidated_control_findings"]),
        (&json!(false), &json!(false))
    );
}

#[test]
fn d16_port_probes_have_their_sides() {
    let probe = "portProbeAction/portProbeDetails.0_";
    let doc = document(&guardduty(&json!({
        "actionType": "PORT_PROBE",
        (format!("{probe}/remoteIpDetails/ipAddressV4")): "198.51.100.7",
        (format!("{probe}/localPortDetails/port")): "22",
        (format!("{probe}/localIpDetails/ipAddressV4")): "10.0.0.5",
    })));
    assert_eq!(doc["source"], json!({"address": "198.51.100.7", "ip": "198.51.100.7"}));
    assert_eq!(doc["destination"], json!({"address": "10.0.0.5", "ip": "10.0.0.5", "port": 22}));
    assert_eq!(doc["network"]["direction"], json!("inbound"));
    assert_eq!(doc["related"]["ip"], json!(["198.51.100.7", "10.0.0.5"]));
    // es-loader has the addresses of the instance only: what it does not have stands apart.
    let mut finding = guardduty(&json!({"actionType": "PORT_PROBE",
        (format!("{probe}/remoteIpDetails/ipAddressV4")): "198.51.100.7"}));
    finding["Resources"] = json!([{"Type": "AwsEc2Instance", "Id": "i-1",
        "Details": {"AwsEc2Instance": {"IpV4Addresses": ["10.0.0.9"]}}}]);
    let doc = document(&finding);
    assert_eq!(doc["related"]["ip"], json!(["10.0.0.9"]));
    assert_eq!(doc["siem"]["related"], json!({"ip": ["198.51.100.7"]}));
}

#[test]
fn a_connection_outwards_begins_at_the_instance() {
    let connection = "networkConnectionAction";
    let fields = json!({
        "actionType": "NETWORK_CONNECTION",
        (format!("{connection}/connectionDirection")): "OUTBOUND",
        (format!("{connection}/localIpDetails/ipAddressV4")): "10.0.0.5",
        (format!("{connection}/localPortDetails/port")): "40000",
        (format!("{connection}/remoteIpDetails/ipAddressV4")): "198.51.100.7",
        (format!("{connection}/remotePortDetails/port")): "443",
    });
    let doc = document(&guardduty(&fields));
    assert_eq!(doc["source"], json!({"address": "10.0.0.5", "ip": "10.0.0.5", "port": 40000}));
    assert_eq!(doc["destination"], json!({"address": "198.51.100.7", "ip": "198.51.100.7", "port": 443}));
    assert_eq!(
        (&doc["network"]["direction"], &doc["event"]["category"]),
        (&json!("outbound"), &json!("malware"))
    );
    assert_eq!((&doc["ThreatPurpose"], &doc["ResourceTypeAffected"]), (&json!("Backdoor"), &json!("EC2")));
    assert_eq!(
        (&doc["ThreatFamilyName"], &doc["DetectionMechanism"], &doc["Artifact"]),
        (&json!("C&CActivity"), &json!("B"), &json!("DNS"))
    );
    // What is no address or no port is in the finding only.
    let doc = document(&guardduty(&json!({"actionType": "NETWORK_CONNECTION",
        (format!("{connection}/remoteIpDetails/ipAddressV4")): "1.2.3.4.5",
        (format!("{connection}/remotePortDetails/port")): "65536e3"})));
    assert_eq!(doc["source"], json!({"address": "1.2.3.4.5"}));
    assert_eq!(
        doc["ProductFields"]["aws/guardduty/service/action/networkConnectionAction/remotePortDetails/port"],
        json!("65536e3")
    );
    assert!(doc["network"].is_null());
}

#[test]
fn d06_what_is_missing_does_not_take_the_rest_with_it() {
    let key = json!({"Type": "AwsIamAccessKey", "Id": "AWS::IAM::AccessKey:AKIA1", "Region": "eu-west-1"});
    let instance = json!({"Type": "AwsEc2Instance", "Id": "arn:aws:ec2:eu-west-1:444455556666:instance/i-1",
        "Details": {"AwsEc2Instance": {"IpV4Addresses": null, "IpV6Addresses": ["2001:db8::1", "x"]}}});
    for name in ["Types", "Title", "GeneratorId", "ProductFields", "Workflow", "Severity", "Compliance"] {
        let mut finding = guardduty(&json!({}));
        finding.as_object_mut().unwrap().remove(name);
        finding["Resources"] = json!([instance, key, 1, {"Id": "x"}]);
        let doc = document(&finding);
        assert_eq!(doc["cloud"]["instance"]["id"], json!("i-1"), "{name}");
        assert_eq!(doc["user"]["id"], json!("AKIA1"), "{name}");
        assert_eq!(
            doc["related"],
            json!({"hosts": ["i-1"], "ip": ["2001:db8::1"], "user": ["AKIA1"]}),
            "{name}"
        );
    }
    let volume = json!({"Type": "AwsEc2Volume", "Id": "v", "Details": {"AwsEc2Volume": {"Attachments": [{"InstanceId": "i-2"}]}}});
    let role = json!({"Type": "AwsIamRole", "Id": "arn:aws:iam::444455556666:role/path/admin"});
    let doc = document(&changed(|f| f["Resources"] = json!([instance, volume, key, role])));
    assert_eq!((&doc["cloud"]["instance"]["id"], &doc["user"]), (&json!("i-2"), &json!({"name": "admin"})));
}

#[test]
fn inspector_rules_are_named_by_their_vulnerability() {
    let inspector = |types: Value, title: &str, fields: Value| {
        let mut finding =
            changed(|f| (f["Types"], f["Title"], f["ProductFields"]) = (types, json!(title), fields));
        finding["ProductFields"]["aws/securityhub/ProductName"] = json!("Inspector");
        let doc = document(&finding);
        (doc["rule"]["id"].clone(), doc["event"]["category"].clone(), doc["rule"]["name"].clone())
    };
    let cve = "Software and Configuration Checks/Vulnerabilities/CVE";
    let static_category = json!(["intrusion_detection"]);
    assert_eq!(
        inspector(json!([cve]), "CVE-2025-1 - glibc", json!({})),
        (
            json!("Software and Configuration Checks/Vulnerabilities/CVE-2025-1"),
            json!("package"),
            json!("CVE-2025-1 - glibc")
        )
    );
    let network = "Software and Configuration Checks/Network Reachability";
    assert_eq!(
        inspector(json!([network]), "Port 22.", json!({})),
        (json!(network), static_category.clone(), json!("Port 22"))
    );
    let classic = json!({"aws/inspector/id": "CIS 1.1"});
    assert_eq!(inspector(json!([cve]), "x", classic), (json!([cve]), static_category, json!("CIS 1.1")));
}
