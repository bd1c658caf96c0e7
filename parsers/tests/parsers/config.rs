//! What a configuration item of AWS Config becomes.

use serde_json::{Value, json};
use siem_parsers::{
    source::{self, config::LOG_TYPE},
    split::{Limits, SplitProblem},
};

use crate::{
    fits,
    mutation::mutate,
    support::{Loaded, Random, context_for, load_type},
};

const HISTORY: &str = "AWSLogs/123456789012/Config/us-east-2/2016/9/27/ConfigHistory/123456789012_Config_us-east-2_ConfigHistory_AWS::EC2::Volume_20160927T195818Z_20160927T195818Z_1.json.gz";
const SNAPSHOT: &str = "AWSLogs/123456789012/Config/us-east-2/2016/9/27/ConfigSnapshot/123456789012_Config_us-east-2_ConfigSnapshot_20160927T201503Z_94ccff53-83be-42d9-996f-b4624b3c1a55.json.gz";

/// An item in the form of the documentation's example:
/// <https://docs.aws.amazon.com/config/latest/developerguide/example-s3-config-history.html>
const VOLUME: &str = r#"{"relatedEvents":["06c12a39-eb35-11de-ae07-adb69edbb1e4"],"relationships":[{"resourceId":"i-344c463d","resourceType":"AWS::EC2::Instance","name":"Is attached to Instance"}],"configuration":{"volumeId":"vol-ce676ccc","size":1,"snapshotId":"","attachments":[{"instanceId":"i-344c463d","device":"/dev/sdf"}]},"supplementaryConfiguration":{},"tags":{"Team":"blue"},"configurationItemVersion":"1.3","configurationItemCaptureTime":"2016-09-27T19:47:08.918Z","configurationStateId":1475005628918,"awsAccountId":"123456789012","configurationItemStatus":"OK","resourceType":"AWS::EC2::Volume","resourceId":"vol-ce676ccc","ARN":"arn:aws:ec2:us-east-2:123456789012:volume/vol-ce676ccc","awsRegion":"us-east-2","availabilityZone":"us-east-2b","configurationStateMd5Hash":"","resourceCreationTime":"2014-02-27T21:43:53.885Z"}"#;

fn envelope(items: &[&str]) -> String {
    format!(r#"{{"fileVersion":"1.0","configSnapshotId":"s-1","configurationItems":[{}]}}"#, items.join(","))
}

fn load_under(key: &str, bytes: impl AsRef<[u8]>) -> Loaded {
    load_type(&LOG_TYPE, &context_for(&LOG_TYPE, key), bytes.as_ref(), Limits::default(), &[])
}

fn document_under(key: &str, item: &str) -> Value {
    load_under(key, envelope(&[item])).one().json()
}

/// The document of a resource of some type.
fn document(kind: &str, id: &str, members: &str) -> Value {
    document_under(HISTORY, &item(kind, id, members))
}

fn item(kind: &str, id: &str, members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(
        r#"{{"configurationItemCaptureTime":"2016-09-27T19:47:08.918Z","awsAccountId":"123456789012","awsRegion":"us-east-2","resourceType":"{kind}","resourceId":"{id}"{comma}{members}}}"#
    )
}

/// What `configuration` becomes in `_source`.
fn configuration(kind: &str, written: &str) -> Value {
    document(kind, "r", &format!(r#""configuration":{written}"#))["configuration"].clone()
}

/// The fields that es-loader's `aws.ini` and scripts write, with their values.
#[test]
fn es_loaders_fields_have_its_values() {
    for (key, log_type, time) in [
        (HISTORY, "config-history", "2016-09-27T19:47:08.918Z"),
        (SNAPSHOT, "config-snapshot", "2016-09-27T20:15:03Z"),
    ] {
        let doc = document_under(key, VOLUME);
        for (pointer, value) in [
            ("/@log_type", json!(log_type)),
            ("/@timestamp", json!(time)),
            ("/@log_s3bucket", json!("aws-logs")),
            ("/@log_s3key", json!(key)),
            ("/@id", json!("c96238dbc9e29cd785356a7ce91ff693")),
            ("/event/module", json!(log_type)),
            ("/event/kind", json!("state")),
            ("/event/category", json!(["configuration"])),
            ("/event/type", json!(["info"])),
            ("/cloud/provider", json!("aws")),
            ("/cloud/account/id", json!("123456789012")),
            ("/cloud/region", json!("us-east-2")),
            ("/ecs/version", json!("1.10.0")),
        ] {
            assert_eq!(doc.pointer(pointer), Some(&value), "{pointer} of {log_type}");
        }
        assert_eq!(doc.pointer("/related"), None);
        // The item under its own names, without what is empty.
        let mut record: Value = serde_json::from_str(VOLUME).unwrap();
        for empty in ["supplementaryConfiguration", "configurationStateMd5Hash"] {
            record.as_object_mut().unwrap().remove(empty);
        }
        record["configuration"].as_object_mut().unwrap().remove("snapshotId");
        for (name, value) in record.as_object().unwrap() {
            assert_eq!(&doc[name], value, "{name} of {log_type}");
        }
        assert_eq!(doc["@message"], VOLUME);
        // Exactly one of each name.
        assert_eq!(load_under(key, envelope(&[VOLUME])).one().source.matches("\"@log_type\"").count(), 1);
    }
}

/// `md5(account + region + type + id)_YYYYmmdd_HHMMSS_md5(module + rule)[:4]`
#[test]
fn the_id_is_that_of_es_loader() {
    for (key, item, id) in [
        (HISTORY, VOLUME.to_owned(), "c96238dbc9e29cd785356a7ce91ff693_20160927_194708_4981"),
        (SNAPSHOT, VOLUME.to_owned(), "c96238dbc9e29cd785356a7ce91ff693_20160927_201503_5495"),
        (
            HISTORY,
            item("AWS::EC2::Volume", "vol-ce676ccc", r#""configRuleARN":"arn:rule""#),
            "c96238dbc9e29cd785356a7ce91ff693_20160927_194708_d1f9",
        ),
    ] {
        let loaded = load_under(key, envelope(&[&item]));
        assert_eq!(
            (loaded.one().id(), &loaded.one().json()["@id"]),
            (id.to_owned(), &json!("c96238dbc9e29cd785356a7ce91ff693"))
        );
    }
}

/// Where es-loader's script fails, its id is that of the record as Python writes it.
#[test]
fn an_item_without_an_identity_has_the_id_of_its_text() {
    for (item, id) in [
        (r#"{"resourceType":"x"}"#, "887782714b4351d250aa176338ded7a8"),
        (
            r#"{"awsAccountId":null,"awsRegion":"r","resourceType":"x","resourceId":"y"}"#,
            "27de89d84022a579505d23dd66c1e00e",
        ),
    ] {
        let loaded = load_under(HISTORY, envelope(&[item]));
        assert_eq!((loaded.one().id(), &loaded.one().json()["@id"]), (id.to_owned(), &json!(id)), "{item}");
    }
    let number = VOLUME.replace(r#""resourceId":"vol-ce676ccc""#, r#""resourceId":7"#);
    assert_eq!(load_under(HISTORY, envelope(&[&number])).one().id().len(), 32);
    // No time anywhere.
    let undated = load_under("x", envelope(&[&VOLUME.replace("2016-09-27T19:47:08.918Z", "yesterday")]));
    assert_eq!((undated.one().id().len(), undated.one().index()), (32, "log-aws-config-undated".to_owned()));
}

#[test]
fn a_history_goes_by_its_items_and_a_snapshot_by_its_file() {
    let item = VOLUME.replace("2016-09-27T19:47:08.918Z", "2016-08-31T23:59:59Z");
    assert_eq!(load_under(HISTORY, envelope(&[&item])).one().index(), "log-aws-config-2016-08");
    assert_eq!(load_under(SNAPSHOT, envelope(&[&item])).one().index(), "log-aws-config-2016-09");
    // es-loader fails on these objects.
    let untimed = VOLUME.replace("2016-09-27T19:47:08.918Z", "");
    let doc = document_under(HISTORY, &untimed);
    assert_eq!(
        (&doc["@timestamp"], &doc["siem"]["notes"]),
        (&json!("2016-09-27T19:58:18Z"), &json!(["event_time_missing"]))
    );
    let doc = document_under("a/ConfigSnapshot/x.json", VOLUME);
    assert_eq!(
        (&doc["@log_type"], &doc["@timestamp"]),
        (&json!("config-snapshot"), &json!("2016-09-27T19:47:08.918Z"))
    );
}

#[test]
fn the_key_says_whether_it_is_a_history_or_a_snapshot() {
    for (key, log_type) in [
        (HISTORY, "config-history"),
        (SNAPSHOT, "config-snapshot"),
        (
            "ConfigSnapshot/123456789012_Config_us-east-2_ConfigHistory_AWS::S3::Bucket_x.json",
            "config-history",
        ),
        ("my-ConfigSnapshot_copies/ConfigHistory/x.json", "config-history"),
        ("123456789012_Config_us-east-2_ConfigSnapshot_20160927T201503Z_u.json.gz", "config-snapshot"),
        ("x", "config-history"),
    ] {
        assert_eq!(document_under(key, VOLUME)["@log_type"], log_type, "{key}");
    }
}

#[test]
fn instances_are_found() {
    for (kind, id, instance) in [
        ("AWS::EC2::Instance", "i-1", "i-1"),
        ("AWS::SSM::ManagedInstanceInventory", "mi-1", "mi-1"),
        ("AWS::SSM::PatchCompliance", "AWS::SSM::ManagedInstanceInventory/i-1", "i-1"),
        ("AWS::SSM::AssociationCompliance", "AWS::SSM::ManagedInstanceInventory/i-1", "i-1"),
        // es-loader takes this one for a user.
        ("AWS::Config::ResourceCompliance", "AWS::EC2::Instance/i-1", "i-1"),
    ] {
        let doc = document(kind, id, "");
        assert_eq!(doc["cloud"]["instance"]["id"], instance, "{kind}");
        assert_eq!((&doc["related"], doc.get("user")), (&json!({"hosts": [instance]}), None), "{kind}");
    }
    assert_eq!(
        document("AWS::Config::ResourceCompliance", "AWS::EC2::InstanceType/i-1", "")["cloud"]
            .get("instance"),
        None
    );
}

#[test]
fn users_and_roles_are_found() {
    for kind in ["AWS::IAM::User", "AWS::IAM::Role"] {
        let doc = document(kind, "AIDA1", r#""resourceName":"mara""#);
        assert_eq!(doc["user"], json!({"id": "AIDA1", "name": "mara"}));
        assert_eq!(doc["related"], json!({"user": ["mara", "AIDA1"]}));
        assert_eq!(document(kind, "AIDA1", "")["related"], json!({"user": ["AIDA1"]}));
        let doc = document("AWS::Config::ResourceCompliance", &format!("{kind}/AIDA1"), "");
        assert_eq!((&doc["user"], &doc["related"]), (&json!({"id": "AIDA1"}), &json!({"user": ["AIDA1"]})));
    }
}

#[test]
fn addresses_are_found() {
    let nic = r#""privateIpAddresses":[{"privateIpAddress":"10.0.0.2","association":{"publicIp":"192.0.2.9"}},{"privateIpAddress":"10.0.0.1"},{"privateIpAddress":"10.0.0.1"}]"#;
    for (kind, members, ips) in [
        ("AWS::EC2::Instance", format!(r#""configuration":{{"networkInterfaces":[{{{nic}}},{{}},7]}}"#), json!(["10.0.0.1", "10.0.0.2", "192.0.2.9"])),
        ("AWS::EC2::NetworkInterface", format!(r#""configuration":{{{nic}}}"#), json!(["10.0.0.1", "10.0.0.2", "192.0.2.9"])),
        ("AWS::EC2::EIP", r#""resourceName":"192.0.2.1","configuration":{"privateIpAddress":"10.0.0.3"}"#.to_owned(), json!(["10.0.0.3", "192.0.2.1"])),
        ("AWS::EC2::NatGateway", r#""configuration":{"natGatewayAddresses":[{"publicIp":"192.0.2.2","privateIp":"10.0.0.4"}]}"#.to_owned(), json!(["10.0.0.4", "192.0.2.2"])),
        ("AWS::SSM::ManagedInstanceInventory", r#""configuration":{"AWS:Network":{"Content":{"eth0":{"IPV4":"10.0.0.5","IPV6":"fe80::1"},"lo":{"IPV4":"","IPV6":"none"}}}}"#.to_owned(), json!(["10.0.0.5", "fe80::1"])),
    ] {
        assert_eq!(document(kind, "r", &members)["related"]["ip"], ips, "{kind}");
    }
    for (kind, members) in [
        ("AWS::EC2::EIP", r#""resourceName":"eip","configuration":"{\"privateIpAddress\":\"10.0.0.3\"}""#),
        ("AWS::EC2::Instance", r#""configuration":{"networkInterfaces":{"x":1}}"#),
        ("AWS::EC2::NatGateway", r#""configuration":[]"#),
        ("AWS::S3::Bucket", r#""configuration":{"privateIpAddress":"10.0.0.3"}"#),
    ] {
        assert_eq!(document(kind, "r", members).pointer("/related/ip"), None, "{kind}");
    }
}

#[test]
fn members_of_configuration_have_the_shapes_of_es_loader() {
    for (written, shaped) in [
        (
            r#"{"owner":{"id":"o","displayName":"d"}}"#,
            json!({"owner": {"displayName": "d"}, "owner_id": "o"}),
        ),
        (r#"{"owner":{"id":"o"}}"#, json!({"owner_id": "o"})),
        (r#"{"owner":"o"}"#, json!({"owner": "o"})),
        (r#"{"state":{"code":16,"name":"running"}}"#, json!({"state_code": 16, "state_name": "running"})),
        (r#"{"state":{"code":16,"x":1},"state_code":7}"#, json!({"state": {"x": 1}, "state_code": 16})),
        (r#"{"state":"in-use"}"#, json!({"state": "in-use"})),
        (
            r#"{"stateReason":"r","stateReasonCode":"c"}"#,
            json!({"stateReason": {"message": "r", "code": "c"}}),
        ),
        (r#"{"stateReason":"r"}"#, json!({"stateReason": {"message": "r"}})),
        (
            r#"{"stateReason":{"code":"c"},"stateReasonCode":"d"}"#,
            json!({"stateReason": {"code": "c"}, "stateReasonCode": "d"}),
        ),
        (
            r#"{"securityGroups":["sg-1","sg-2"]}"#,
            json!({"securityGroups": [{"groupId": "sg-1"}, {"groupId": "sg-2"}]}),
        ),
        (r#"{"securityGroups":[{"groupId":"sg-1"}]}"#, json!({"securityGroups": [{"groupId": "sg-1"}]})),
        (
            r#"{"availabilityZones":["a"],"subnets":["s"]}"#,
            json!({"availabilityZones": [{"zoneName": "a"}], "subnets": [{"subnetIdentifier": "s"}]}),
        ),
        (
            r#"{"endpoint":"e","iamInstanceProfile":"p"}"#,
            json!({"endpoint": {"address": "e"}, "iamInstanceProfile": {"arn": "p"}}),
        ),
        (r#"{"endpoint":{"address":"e","port":1}}"#, json!({"endpoint": {"address": "e", "port": 1}})),
        (
            r#"{"rules":[{"name":"n","statement":{"a":[1,"é"]}},{"statement":{}},7]}"#,
            json!({"rules": [{"name": "n", "statement": "{\"a\": [1, \"é\"]}"}, {}, 7]}),
        ),
        (r#"{"rules":[{"name":"n"}]}"#, json!({"rules": [{"name": "n"}]})),
        (r#"{"status":{"code":"active","message":"m"}}"#, json!({"status": "active", "status_message": "m"})),
        (r#"{"status":{"message":"m","x":1}}"#, json!({"status": {"x": 1}, "status_message": "m"})),
        (r#"{"status":{"code":"active"}}"#, json!({"status": {"code": "active"}})),
        (
            r#"{"status":"Enabled","a.b":1,"a":{"b":2}}"#,
            json!({"status": "Enabled", "a.b": 1, "a": {"b": 2}}),
        ),
        (r#"{"owner":{"id":"o"},"owner\u005fid":"x","":1}"#, json!({"owner_id": "o", "_": 1})),
    ] {
        assert_eq!(configuration("AWS::Any::Thing", written), shaped, "{written}");
        // What AWS wrote is searchable.
        let doc = document("AWS::Any::Thing", "r", &format!(r#""configuration":{written}"#));
        assert!(doc["siem"]["flat"].get("configuration").is_some(), "{written}");
    }
}

#[test]
fn objects_with_keys_of_no_interest_become_lists_for_the_types_of_es_loader() {
    let inventory = r#"{"AWS:Application":{"SchemaVersion":"1","Content":{"a":{"Name":"a"},"b":{"Name":"b"}}},"Other":{"Content":{"a":1}}}"#;
    assert_eq!(
        configuration("AWS::SSM::ManagedInstanceInventory", inventory),
        json!({"AWS:Application": {"SchemaVersion": "1", "Content": [{"Name": "a"}, {"Name": "b"}]}, "Other": {"Content": {"a": 1}}})
    );
    assert_eq!(
        configuration("AWS::Any::Thing", inventory),
        serde_json::from_str::<Value>(inventory).unwrap()
    );
    let compliance =
        r#"{"AWS:ComplianceItem":{"Content":{"Patch":{"kb1":{"Id":"kb1"}},"Association":{"x":{"Id":"x"}}}}}"#;
    for kind in ["AWS::SSM::PatchCompliance", "AWS::SSM::AssociationCompliance"] {
        assert_eq!(
            configuration(kind, compliance),
            json!({"AWS:ComplianceItem": {"Content": {"Patch": [{"Id": "kb1"}], "Association": [{"Id": "x"}]}}})
        );
    }
    let bucket = r#""supplementaryConfiguration":{"BucketNotificationConfiguration":{"configurations":{"c1":{"events":["e"]}}},"BucketReplicationConfiguration":{"rules":{"r1":{"status":"s"}}},"BucketPolicy":"{}"}"#;
    assert_eq!(
        document("AWS::S3::Bucket", "b", bucket)["supplementaryConfiguration"],
        json!({"BucketNotificationConfiguration": {"configurations": [{"events": ["e"]}]}, "BucketReplicationConfiguration": {"rules": [{"status": "s"}]}, "BucketPolicy": "{}"})
    );
}

#[test]
fn a_tag_that_is_called_like_a_path_gets_another_name() {
    let doc = document("AWS::FSx::FileSystem", "f", r#""tags":{"AmazonFSx.FileSystemId":"fs-1","Team":"b"}"#);
    assert_eq!(doc["tags"], json!({"AmazonFSx_FileSystemId": "fs-1", "Team": "b"}));
}

#[test]
fn the_source_of_an_event_pattern_is_text_in_snapshots() {
    let rule =
        item("AWS::Events::Rule", "r", r#""configuration":{"EventPattern":{"source":["aws.ec2"],"x":1}}"#);
    assert_eq!(
        document_under(SNAPSHOT, &rule)["configuration"]["EventPattern"],
        json!({"source": "[\"aws.ec2\"]", "x": 1})
    );
    assert_eq!(document_under(HISTORY, &rule)["configuration"]["EventPattern"]["source"], json!(["aws.ec2"]));
}

#[test]
fn configuration_relationships_and_tags_may_be_of_any_shape() {
    for value in [
        "\"{\\\"a\\\":1}\"",
        "7",
        "true",
        "[1,\"a\",[{}],null]",
        "[{\"key\":\"k\",\"value\":\"v\"}]",
        "{\"a\":{\"b\":[]}}",
        "null",
        "\"\"",
    ] {
        for name in ["configuration", "supplementaryConfiguration", "relationships", "tags", "relatedEvents"]
        {
            let doc = document("AWS::EC2::Instance", "i-1", &format!(r#""{name}":{value}"#));
            assert_eq!(doc["cloud"]["instance"]["id"], "i-1", "{name} {value}");
            if ["configuration", "tags"].contains(&name) {
                assert_eq!(doc.get(name), doc["siem"]["flat"].get(name), "{name} {value}");
            }
        }
    }
    let doc = document("AWS::EC2::Instance", "i-1", r#""relationships":"text""#);
    assert_eq!(doc["relationships"], json!({"value": "text"}));
}

#[test]
fn values_of_another_shape_are_kept_and_never_under_a_typed_field() {
    let doc = document(
        "x",
        "y",
        r#""configurationItemStatus":{"a":1},"resourceCreationTime":5,"event":"mine","configurationStateId":7"#,
    );
    let flat = &doc["siem"]["flat"];
    assert_eq!(
        (doc.get("configurationItemStatus"), &flat["configurationItemStatus"]),
        (None, &json!({"a": 1}))
    );
    assert_eq!((doc.get("resourceCreationTime"), &flat["resourceCreationTime"]), (None, &json!(5)));
    assert_eq!((&doc["event"]["kind"], &flat["event"]), (&json!("state"), &json!("mine")));
    assert_eq!((&doc["configurationStateId"], flat.get("configurationStateId")), (&json!(7), None));
}

#[test]
fn account_and_region_come_from_the_item_else_from_the_key() {
    let item = VOLUME
        .replace("\"awsAccountId\":\"123456789012\"", "\"awsAccountId\":\"\"")
        .replace("\"awsRegion\":\"us-east-2\"", "\"awsRegion\":null");
    for (key, account, region) in [(HISTORY, "123456789012", "us-east-2"), ("x", "unknown", "unknown")] {
        let doc = document_under(key, &item);
        assert_eq!(
            (&doc["cloud"]["account"]["id"], &doc["cloud"]["region"]),
            (&json!(account), &json!(region))
        );
    }
}

#[test]
fn key_and_content_say_what_it_is() {
    for key in [HISTORY, SNAPSHOT] {
        let info = source::read_key(key);
        assert_eq!(
            (info.log_type, info.account.as_deref(), info.region.as_deref()),
            (Some("config"), Some("123456789012"), Some("us-east-2"))
        );
    }
    let found = source::recognise(&source::read_key("inventory/x"), envelope(&[VOLUME]).as_bytes());
    assert_eq!(found.log_type, Some("config"));
    let check = "AWSLogs/123456789012/Config/ConfigWritabilityCheckFile";
    assert!(source::read_key(check).not_loaded.is_some(), "{check}");
}

#[test]
fn bad_items_are_told_and_their_neighbours_kept() {
    let loaded = load_under(HISTORY, envelope(&[VOLUME, "17", r#"{"a":}"#, VOLUME, "[1]"]));
    assert_eq!((loaded.docs.len(), loaded.problems.len()), (2, 3), "{:?}", loaded.problems);
    let text = loaded.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(text.contains("not an object") && text.contains("invalid JSON"), "{text}");
    assert_eq!(
        load_under(HISTORY, r#"{"fileVersion":"1.0"}"#).split,
        [SplitProblem::NoRecords { path: "configurationItems" }]
    );
    assert_eq!(load_under(HISTORY, envelope(&[])), Loaded::default());
}

#[test]
fn mutated_objects_give_the_same_lines_whatever_the_pieces() {
    let reshaped = item(
        "AWS::SSM::ManagedInstanceInventory",
        "mi-1",
        r#""configuration":{"owner":{"id":"o","x":1},"state":{"code":1,"name":"n"},"stateReason":"r","stateReasonCode":"c","status":{"code":1,"message":"m"},"rules":[{"statement":{"a":"\u00e9"}}],"subnets":["s"],"endpoint":"e","AWS:Network":{"Content":{"e":{"IPV4":"10.0.0.1"}}}},"tags":{"AmazonFSx.FileSystemId":"f"}"#,
    );
    let seeds = [
        envelope(&[VOLUME, &reshaped]),
        envelope(&[&reshaped, &reshaped.replace("ManagedInstanceInventory", "PatchCompliance")]),
    ];
    let mut random = Random(0xc0f);
    let mut docs = 0;
    for round in 0..1500 {
        let object = context_for(&LOG_TYPE, if round % 2 == 0 { HISTORY } else { SNAPSHOT });
        let mut bytes = random.pick(&seeds).clone().into_bytes();
        mutate(&mut random, &mut bytes);
        let limits =
            Limits { piece: 1 + random.below(1500), record: 3000, records: 1 + random.below(50) as u64 };
        let loaded =
            load_type(&LOG_TYPE, &object, &bytes, limits, &[1 + random.below(300), 1 + random.below(70)]);
        let whole = load_type(
            &LOG_TYPE,
            &object,
            &bytes,
            Limits { piece: usize::MAX, records: u64::MAX, ..limits },
            &[],
        );
        assert_eq!(loaded.essence(), whole.essence(), "{}", String::from_utf8_lossy(&bytes));
        docs += loaded.docs.len();
        for doc in &loaded.docs {
            fits::check(&LOG_TYPE, &doc.json(), &[]);
        }
    }
    assert!(docs > 1000, "{docs} documents");
}

#[test]
fn items_whose_time_cannot_be_read_have_the_ids_of_their_texts() {
    let items: Vec<String> = ["1", "2"]
        .iter()
        .flat_map(|size| {
            ["soon", "2026-99-01T00:00:00Z"].map(|time| {
                item("AWS::EC2::Volume", "v-1", &format!(r#""configuration":{{"size":{size}}}"#))
                    .replace("2016-09-27T19:47:08.918Z", time)
            })
        })
        .collect();
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    let loaded = load_under(HISTORY, envelope(&items));
    let mut ids: Vec<String> = loaded.docs.iter().map(crate::support::Doc::id).collect();
    assert!(ids.iter().all(|id| id.len() == 32), "{ids:?}");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

/// Without a bound on time: where every member costs a walk over all, this does not end.
#[test]
fn a_configuration_of_many_members_is_reshaped() {
    let many: String = (0..60_000).map(|at| format!(r#""m{at}":{at},"#)).collect();
    let status = r#""status":{"code":"ok","message":"fine"}"#;
    let doc = document("x", "y", &format!(r#""configuration":{{{many}{status}}}"#));
    let written = &doc["configuration"];
    assert_eq!((&written["status"], &written["status_message"]), (&json!("ok"), &json!("fine")));
    assert_eq!(written["m59999"], json!(59_999));
}
