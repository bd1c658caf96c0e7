//! What a CloudTrail event becomes.

use serde_json::{Value, json};

use crate::support::{Doc, KEY, document, document_with, envelope, event, load, load_under};

fn doc(record: &str) -> Doc {
    load(envelope(&[record])).one().clone()
}

fn at_time(time: &str) -> Doc {
    doc(&format!(r#"{{"eventID":"e","eventTime":"{time}"}}"#))
}

#[test]
fn the_id_is_the_event_id() {
    let doc = doc(r#"{"eventID":"0ba4b6ff-6d5e-4c38-9f52-0000000000aa"}"#);
    assert_eq!(doc.id(), "0ba4b6ff-6d5e-4c38-9f52-0000000000aa");
    assert_eq!(doc.json()["@id"], doc.id());
    assert_eq!(doc.action_json().as_object().unwrap().keys().collect::<Vec<_>>(), ["create"]);
}

#[test]
fn an_event_without_an_id_gets_one_of_key_place_and_bytes() {
    for record in [
        "{}",
        r#"{"eventID":""}"#,
        r#"{"eventID":null}"#,
        r#"{"eventID":"-"}"#,
        r#"{"eventID":"  "}"#,
        r#"{"eventID":{"a":1}}"#,
    ] {
        let id = doc(record).id();
        assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{record}: {id}");
        assert_eq!(doc(record).id(), id, "the same again");
    }
    let two = load(envelope(&["{}", "{}", r#"{"a":1}"#]));
    assert!(two.docs[0].id() != two.docs[1].id() && two.docs[1].id() != two.docs[2].id());
    assert_ne!(load_under("other/CloudTrail/x.json", "{}").id(), doc("{}").id());
    // MD5 of the key, the place as eight bytes and the record.
    assert_eq!(load_under("k", "{}").id(), "1774de5f7d6d60327bd119b5c2279968");
}

#[test]
fn an_id_of_more_than_512_bytes_is_hashed() {
    for unit in ["x", "é", "\\u00e9"] {
        let bytes = if unit == "x" { 1 } else { 2 };
        let fits = unit.repeat(512 / bytes);
        assert_eq!(doc(&format!(r#"{{"eventID":"{fits}"}}"#)).id().len(), 512);
        let id = doc(&format!(r#"{{"eventID":"{fits}{unit}"}}"#)).id();
        assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    }
}

#[test]
fn the_index_is_the_month_of_the_event_in_utc() {
    for (time, month, timestamp) in [
        ("2024-01-02T03:04:05Z", "2024-01", "2024-01-02T03:04:05Z"),
        ("2023-12-31T23:59:59Z", "2023-12", "2023-12-31T23:59:59Z"),
        ("2024-01-01T00:30:00+01:00", "2023-12", "2023-12-31T23:30:00Z"),
        ("2023-12-31T23:30:00-01:00", "2024-01", "2024-01-01T00:30:00Z"),
        ("2024-01-02T03:04:05.678Z", "2024-01", "2024-01-02T03:04:05.678Z"),
        ("2006-01-01T00:00:00Z", "2006-01", "2006-01-01T00:00:00Z"),
        ("2024-01-04T03:05:00Z", "2024-01", "2024-01-04T03:05:00Z"),
    ] {
        let doc = at_time(time);
        assert_eq!(doc.index(), format!("log-aws-cloudtrail-{month}"), "{time}");
        let json = doc.json();
        assert_eq!((&json["@timestamp"], &json["eventTime"]), (&json!(timestamp), &json!(time)));
        assert_eq!(json["siem"].get("notes"), None, "{time}");
    }
}

#[test]
fn an_insane_time_is_kept_and_makes_no_index_of_its_own() {
    for time in [
        "1970-01-01T00:00:00Z",
        "2005-12-31T23:59:59Z",
        "2024-01-04T03:05:01Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
    ] {
        let doc = at_time(time);
        assert_eq!(doc.index(), "log-aws-cloudtrail-2024-01", "the month of the key: {time}");
        let json = doc.json();
        assert_eq!((&json["@timestamp"], &json["eventTime"]), (&json!(time), &json!(time)));
        assert_eq!(json["siem"]["notes"], json!(["event_time_out_of_range"]));
    }
    let undated = load_under("CloudTrail/x.json", r#"{"eventTime":"1999-01-01T00:00:00Z"}"#);
    assert_eq!(undated.index(), "log-aws-cloudtrail-undated");
}

#[test]
fn an_offset_cannot_make_an_index_of_five_digits() {
    let doc = load_under("CloudTrail/x.json", r#"{"eventTime":"9999-12-31T23:59:59-23:00"}"#);
    assert_eq!(doc.index(), "log-aws-cloudtrail-undated");
    assert_eq!(doc.json()["siem"]["notes"], json!(["event_time_invalid"]));
}

#[test]
fn an_event_without_a_time_has_that_of_its_object() {
    for (record, note) in [
        ("{}", "event_time_missing"),
        (r#"{"eventTime":null}"#, "event_time_missing"),
        (r#"{"eventTime":"yesterday"}"#, "event_time_invalid"),
        (r#"{"eventTime":1704164645}"#, "event_time_invalid"),
        (r#"{"eventTime":"2024-02-30T00:00:00Z"}"#, "event_time_invalid"),
    ] {
        let doc = doc(record);
        assert_eq!(doc.index(), "log-aws-cloudtrail-2024-01");
        assert_eq!(
            (&doc.json()["@timestamp"], &doc.json()["siem"]["notes"]),
            (&json!("2024-01-02T03:05:00Z"), &json!([note]))
        );
        let undated = load_under("CloudTrail/x.json", record);
        assert_eq!(undated.index(), "log-aws-cloudtrail-undated");
        assert_eq!(undated.json().get("@timestamp"), None);
    }
}

#[test]
fn the_user_name_is_the_last_part_of_what_names_the_user() {
    for (identity, name) in [
        (r#"{"userName":"alice","arn":"arn:aws:iam::1:user/bob","principalId":"AIDA"}"#, Some("alice")),
        (r#"{"arn":"arn:aws:iam::111122223333:user/path/bob","principalId":"AIDA"}"#, Some("bob")),
        (r#"{"arn":"arn:aws:sts::111122223333:assumed-role/Role/session"}"#, Some("session")),
        (r#"{"arn":"arn:aws:sts::111122223333:assumed-role\/Role\/session"}"#, Some("session")),
        (r#"{"arn":"arn:aws:iam::111122223333:root"}"#, Some("root")),
        (r#"{"principalId":"AROAEXAMPLE:i-0123456789abcdef0"}"#, Some("i-0123456789abcdef0")),
        (r#"{"principalId":"AIDAEXAMPLE"}"#, Some("AIDAEXAMPLE")),
        (r#"{"userName":"","principalId":"p"}"#, Some("p")),
        (r#"{"userName":{"x":1},"arn":"a:b"}"#, Some("b")),
        (r#"{"userName":{"x":1},"arn":["a"]}"#, None),
        (r#"{"arn":"arn:aws:iam::1:user/"}"#, None),
        (r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#, None),
        (r#""text""#, None),
    ] {
        let doc = document_with(&format!("\"userIdentity\":{identity}"));
        assert_eq!(doc["user"].get("name").and_then(Value::as_str), name, "{identity}");
        assert_eq!(doc["related"]["user"].get(0).and_then(Value::as_str), name, "{identity}");
    }
    let doc = document_with(r#""userIdentity":{"accessKeyId":"ASIA"}"#);
    assert_eq!(doc["user"], json!({"id": "ASIA"}));
}

#[test]
fn the_instance_is_found_where_es_loader_finds_it() {
    let instance = "i-0123456789abcdef0";
    for members in [
        format!(r#""requestParameters":{{"instanceId":"{instance}"}}"#),
        format!(
            r#""responseElements":{{"instancesSet":{{"items":[{{"instanceId":"{instance}"}},{{"instanceId":"i-2"}}]}}}}"#
        ),
        format!(r#""requestParameters":{{"instancesSet":{{"items":[{{"instanceId":"{instance}"}}]}}}}"#),
        format!(
            r#""requestParameters":{{"DescribeInstanceCreditSpecificationsRequest":{{"InstanceId":{{"content":"{instance}"}}}}}}"#
        ),
        format!(
            r#""requestParameters":{{"AssociateIamInstanceProfileRequest":{{"InstanceId":"{instance}"}}}}"#
        ),
        format!(
            r#""eventSource":"ssm.amazonaws.com","eventName":"StartSession","requestParameters":{{"target":"{instance}"}}"#
        ),
        format!(
            r#""eventSource":"ssm.amazonaws.com","eventName":"GetConnectionStatus","requestParameters":{{"target":"{instance}"}}"#
        ),
        format!(
            r#""eventSource":"ssm.amazonaws.com","eventName":"PutComplianceItems","requestParameters":{{"resourceId":"{instance}"}}"#
        ),
        format!(
            r#""eventSource":"sts.amazonaws.com","userAgent":"ec2.amazonaws.com","requestParameters":{{"roleSessionName":"{instance}"}}"#
        ),
        format!(
            r#""requestParameters":{{"instanceId":"{instance}"}},"responseElements":{{"instancesSet":{{"items":[{{"instanceId":"i-2"}}]}}}}"#
        ),
    ] {
        assert_eq!(document_with(&members)["cloud"]["instance"]["id"], instance, "{members}");
    }
    for members in [
        r#""requestParameters":null"#,
        r#""requestParameters":{"target":"i-0123456789abcdef0"}"#,
        r#""requestParameters":{"instancesSet":{"items":[]}}"#,
        r#""requestParameters":{"instancesSet":{"items":{"0":"x"}}}"#,
        r#""eventSource":"ssm.amazonaws.com","eventName":"PutComplianceItems","requestParameters":{"resourceId":"mi-0123"}"#,
        r#""eventSource":"ssm.amazonaws.com","eventName":"PutComplianceItems","requestParameters":{"resourceId":null}"#,
        r#""eventSource":"sts.amazonaws.com","userAgent":"ec2.amazonaws.com","requestParameters":null"#,
        r#""eventSource":"sts.amazonaws.com","userAgent":"curl","requestParameters":{"roleSessionName":"i-0123456789abcdef0"}"#,
    ] {
        assert_eq!(document_with(members)["cloud"].get("instance"), None, "{members}");
    }
}

#[test]
fn clusters_and_modules_of_cloudhsm_are_hosts() {
    let source = r#""eventSource":"cloudhsm.amazonaws.com""#;
    let doc = document_with(&format!(
        r#"{source},"requestParameters":{{"clusterId":"cluster-1"}},"responseElements":{{"hsm":{{"hsmId":"hsm-1"}}}}"#
    ));
    assert_eq!(
        (&doc["related"]["hosts"], &doc["cloud"]["instance"]["id"]),
        (&json!(["cluster-1", "hsm-1"]), &json!("hsm-1"))
    );
    let doc = document_with(&format!(r#"{source},"responseElements":{{"hsmId":"hsm-2"}}"#));
    assert_eq!(
        (&doc["related"]["hosts"], &doc["cloud"]["instance"]["id"]),
        (&json!(["hsm-2"]), &json!("hsm-2"))
    );
    let doc = document_with(&format!(r#"{source},"requestParameters":{{"clusterId":"c"}}"#));
    assert_eq!((&doc["related"]["hosts"], doc["cloud"].get("instance")), (&json!(["c"]), None));
}

#[test]
fn the_outcome_is_a_failure_with_an_error_and_unknown_for_insights() {
    for (members, outcome) in [
        ("", "success"),
        (r#""errorCode":"AccessDenied""#, "failure"),
        (r#""errorMessage":"no""#, "failure"),
        (r#""errorCode":"","errorMessage":null"#, "success"),
        (r#""responseElements":{"ConsoleLogin":"Failure"}"#, "failure"),
        (r#""responseElements":{"ConsoleLogin":"Success"}"#, "success"),
        (r#""eventType":"AwsCloudTrailInsight""#, "unknown"),
        (r#""eventType":"AwsCloudTrailInsight","errorCode":"x""#, "unknown"),
    ] {
        assert_eq!(document_with(members)["event"]["outcome"], outcome, "{members}");
    }
    let doc = document_with(r#""errorCode":"AccessDenied","errorMessage":"not \"you\"""#);
    assert_eq!(doc["error"], json!({"code": "AccessDenied", "message": "not \"you\""}));
    let insight = document_with(r#""eventType":"AwsCloudTrailInsight","eventName":"CreateUser""#);
    assert_eq!(insight["event"]["type"], json!(["info"]));
}

#[test]
fn category_and_type_follow_the_action() {
    for (source, name, category, kind) in [
        ("signin", "ConsoleLogin", "authentication", "start"),
        ("sts", "AssumeRole", "authentication", "start"),
        ("sts", "GetCallerIdentity", "iam", "access"),
        ("iam", "CreateUser", "iam", "creation"),
        ("iam", "DeleteUser", "iam", "deletion"),
        ("iam", "AttachRolePolicy", "iam", "change"),
        ("kms", "Decrypt", "iam", "change"),
        ("s3", "GetObject", "file", "access"),
        ("s3", "PutObject", "file", "change"),
        ("s3", "DeleteObjects", "file", "deletion"),
        ("s3", "UploadPart", "file", "creation"),
        ("s3", "CompleteMultipartUpload", "file", "change"),
        ("s3", "PutBucketPolicy", "configuration", "change"),
        ("dynamodb", "Query", "database", "access"),
        ("rds", "CreateDBInstance", "database", "creation"),
        ("ec2", "AuthorizeSecurityGroupIngress", "network", "change"),
        ("ec2", "CreateVpc", "network", "creation"),
        ("ec2", "RunInstances", "host", "creation"),
        ("ec2", "TerminateInstances", "host", "deletion"),
        ("ec2", "DescribeInstances", "host", "access"),
        ("lambda", "Invoke", "configuration", "change"),
        ("config", "ListRules", "configuration", "access"),
    ] {
        let doc = document_with(&format!(r#""eventSource":"{source}.amazonaws.com","eventName":"{name}""#));
        let event = &doc["event"];
        assert_eq!(
            (&event["category"], &event["type"]),
            (&json!([category]), &json!([kind])),
            "{source} {name}"
        );
        assert_eq!(
            (&event["action"], &doc["rule"]["name"], &event["kind"]),
            (&json!(name), &json!(name), &json!("event"))
        );
        assert_eq!(event["module"], format!("{source}.amazonaws.com"));
    }
    for read_only in ["true", "\"true\""] {
        let doc = document_with(&format!(
            r#""eventSource":"kms.amazonaws.com","eventName":"Decrypt","readOnly":{read_only}"#
        ));
        assert_eq!(doc["event"]["type"], json!(["access"]));
    }
    assert_eq!(document("{}")["event"]["module"], "cloudtrail");
}

#[test]
fn an_address_is_an_address_and_a_name_is_none() {
    for address in ["203.0.113.7", "::1", "2001:db8::1", "fe80::1%eth0"] {
        let doc = document_with(&format!(r#""sourceIPAddress":"{address}""#));
        assert_eq!(doc["source"], json!({"address": address, "ip": address}));
        assert_eq!(doc["related"]["ip"], json!([address]));
    }
    for name in [
        "ec2.amazonaws.com",
        "AWS Internal",
        "010.1.2.3",
        "1.2.3",
        "203.0.113.7/32",
        "1.2.3.4%x",
        "::1%",
        "::g",
    ] {
        let doc = document_with(&format!(r#""sourceIPAddress":"{name}""#));
        assert_eq!((&doc["source"], doc.get("related")), (&json!({"address": name}), None), "{name}");
    }
}

#[test]
fn nothing_that_a_caller_chooses_excludes_a_record() {
    for members in [
        r#""userAgent":"siem-es-loader""#,
        r#""userAgent":"siem-loader""#,
        r#""userAgent":"-""#,
        r#""userIdentity":{"arn":"arn:aws:sts::1:assumed-role/x/siem-es-loader"}"#,
        r#""requestParameters":{"functionName":"arn:aws:lambda:eu-central-1:1:function:aes-siem-es-loader"}"#,
        r#""eventName":"_","eventSource":"_""#,
    ] {
        assert_eq!(load(envelope(&[event(members)])).docs.len(), 1, "{members}");
    }
}

#[test]
fn a_user_agent_is_decoded_where_es_loader_decodes_it() {
    let doc = document_with(r#""userAgent":"[aws-cli/2.15.0%20Python/3.11%20%22q%22]""#);
    assert_eq!(doc["user_agent"]["original"], "[aws-cli/2.15.0 Python/3.11 \"q\"]");
    assert_eq!(
        doc["userAgent"], "[aws-cli/2.15.0%20Python/3.11%20%22q%22]",
        "as delivered under its own name"
    );
    let doc = document_with(r#""userAgent":"a%2Fb \"q\" \u00e9""#);
    assert_eq!(doc["user_agent"]["original"], "a%2Fb \"q\" é");
    let doc = document_with(
        r#""userAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36""#,
    );
    assert_eq!(
        (&doc["user_agent"]["name"], &doc["user_agent"]["os.name"]),
        (&json!("Chrome"), &json!("Windows"))
    );
    assert_eq!(document_with("")["user_agent"], Value::Null);
}

#[test]
fn many_user_agents_are_parsed_as_if_alone() {
    let records: Vec<String> =
        (0..9000).map(|n| event(&format!(r#""userAgent":"curl/8.{}""#, n % 5000))).collect();
    for (n, doc) in load(envelope(&records)).docs.iter().enumerate().step_by(97) {
        assert_eq!(doc.json()["user_agent"]["version"], format!("8.{}", n % 5000));
    }
}

#[test]
fn provenance_is_in_every_document() {
    let doc = document(r#"{"eventID":"e"}"#);
    assert_eq!(
        (&doc["@log_type"], &doc["@log_s3bucket"], &doc["@log_s3key"]),
        (&json!("cloudtrail"), &json!("aws-logs"), &json!(KEY))
    );
    assert_eq!(
        (&doc["siem"]["s3"], &doc["siem"]["ordinal"]),
        (&json!({"version_id": "v1", "etag": "0123456789abcdef"}), &json!(0))
    );
    assert_eq!(
        (&doc["event"]["ingested"], &doc["ecs"]["version"]),
        (&json!("2024-01-02T03:06:00Z"), &json!("1.10.0"))
    );
    assert!(doc["siem"]["loader_version"].is_string());
    let odd = load_under("a\"b\\c\n\u{1}/CloudTrail/x", "{}").json();
    assert_eq!(odd["@log_s3key"], "a\"b\\c\n\u{1}/CloudTrail/x");
}

#[test]
fn account_and_region_come_from_the_event_or_the_key_or_are_unknown() {
    let cloud = |doc: &Value| (doc["cloud"]["account"]["id"].clone(), doc["cloud"]["region"].clone());
    let doc = document_with(r#""recipientAccountId":"999988887777","awsRegion":"us-gov-west-1""#);
    assert_eq!(cloud(&doc), (json!("999988887777"), json!("us-gov-west-1")));
    let doc = document_with(r#""recipientAccountId":"","awsRegion":null"#);
    assert_eq!(cloud(&doc), (json!("111122223333"), json!("eu-central-1")));
    assert_eq!(doc["organization"]["id"], "o-abcdefghij");
    let doc = load_under("x.json", "{}").json();
    assert_eq!(cloud(&doc), (json!("unknown"), json!("unknown")));
    assert_eq!((doc.get("organization"), &doc["cloud"]["provider"]), (None, &json!("aws")));
}

#[test]
fn the_message_is_the_record_as_delivered() {
    let record = "{ \"eventID\" : \"e\",\n\t\"x\": \"\\u00e9 \\/ é\", \"n\": 1.50 , \"empty\": null }";
    assert_eq!(doc(record).json()["@message"], record);
}

#[test]
fn odd_types_of_usual_fields_make_a_document() {
    for value in ["5", "true", "[1]", "{\"a\":1}", "1e999", "[[[]]]", "\"\"", "null"] {
        for name in [
            "eventID",
            "eventTime",
            "eventSource",
            "eventName",
            "awsRegion",
            "sourceIPAddress",
            "userAgent",
            "errorCode",
            "errorMessage",
            "requestParameters",
            "responseElements",
            "userIdentity",
            "eventType",
            "readOnly",
            "recipientAccountId",
            "resources",
            "tlsDetails",
            "insightDetails",
        ] {
            let doc = doc(&format!(r#"{{"{name}":{value}}}"#));
            assert!(doc.json()["event"]["outcome"].is_string());
        }
    }
}
