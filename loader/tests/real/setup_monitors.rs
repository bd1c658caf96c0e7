//! Each monitor against what the parsers of alerting take, and its search and condition on the real node with data that
//! must and data that must not trigger it.

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};
use siem_loader::setup::{MONITORS, monitor_body};
use siem_loader::sink::Method;
use siem_loader::templates::install_missing;
use siem_parsers::document::Profile;

use crate::program::{finish, gzip, packed, siem_loader};
use crate::support::{count, node, ok, send, unique};

fn monitor(name: &str) -> Value {
    let (_, text) = MONITORS.iter().find(|(file, _)| *file == name).unwrap();
    monitor_body(text, Some("channel"))
}

fn members<'a>(value: &'a Value, known: &[&str]) -> &'a serde_json::Map<String, Value> {
    let members = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    for name in members.keys() {
        assert!(known.contains(&name.as_str()), "{name} in {value}");
    }
    members
}

/// Refuses what `Monitor.parse` and the parsers below it would refuse, and what they would pass over in silence
/// (opensearch-project/common-utils, `alerting/model/{Monitor,Schedule,SearchInput,QueryLevelTrigger}.kt`,
/// `alerting/model/action/{Action,Throttle}.kt`).
#[test]
fn every_monitor_is_one_that_the_plugin_takes() {
    let mut ids = std::collections::BTreeSet::new();
    for (file, text) in MONITORS {
        let body = monitor_body(text, Some("channel"));
        let monitor =
            members(&body, &["type", "name", "monitor_type", "enabled", "schedule", "inputs", "triggers"]);
        assert_eq!(
            (&monitor["type"], &monitor["monitor_type"]),
            (&json!("monitor"), &json!("query_level_monitor"))
        );
        assert!(monitor["name"].as_str().unwrap().starts_with("siem-loader: "), "{file}");
        assert_eq!(monitor["enabled"], true);
        let period = members(&members(&monitor["schedule"], &["period"])["period"], &["interval", "unit"]);
        assert!(period["interval"].as_u64().unwrap() > 0 && period["unit"] == "MINUTES");
        let inputs = monitor["inputs"].as_array().unwrap();
        assert_eq!(inputs.len(), 1, "MONITOR_MAX_INPUTS");
        let search = members(&members(&inputs[0], &["search"])["search"], &["indices", "query"]);
        assert_eq!(search["indices"].as_array().unwrap().len(), 1);
        members(&search["query"], &["size", "query", "aggregations"]);
        let triggers = monitor["triggers"].as_array().unwrap();
        assert!((1..=10).contains(&triggers.len()), "MONITOR_MAX_TRIGGERS");
        for trigger in triggers {
            let trigger = &members(trigger, &["query_level_trigger"])["query_level_trigger"];
            let trigger = members(trigger, &["id", "name", "severity", "condition", "actions"]);
            assert!(ids.insert(trigger["id"].to_string()), "Trigger ids must be unique");
            assert!(["1", "2", "3", "4", "5"].contains(&trigger["severity"].as_str().unwrap()));
            let script = members(&members(&trigger["condition"], &["script"])["script"], &["lang", "source"]);
            assert_eq!(script["lang"], "painless");
            for action in trigger["actions"].as_array().unwrap() {
                let action = members(
                    action,
                    &[
                        "id",
                        "name",
                        "destination_id",
                        "subject_template",
                        "message_template",
                        "throttle_enabled",
                        "throttle",
                    ],
                );
                assert_eq!(action["destination_id"], "channel");
                for template in ["subject_template", "message_template"] {
                    assert_eq!(members(&action[template], &["lang", "source"])["lang"], "mustache");
                }
                let throttle = members(&action["throttle"], &["value", "unit"]);
                assert!(action["throttle_enabled"] == true && throttle["unit"] == "MINUTES");
            }
        }
        let silent = monitor_body(text, None);
        let actions = silent.pointer("/triggers/0/query_level_trigger/actions").unwrap();
        assert_eq!(actions, &json!([]), "without a channel an action has no destination, which is refused");
    }
}

#[test]
fn every_file_of_a_monitor_is_installed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../index-templates/monitors");
    let files =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let files: std::collections::BTreeSet<String> = files.collect();
    let known = MONITORS.iter().map(|(name, _)| format!("{name}.json")).collect();
    assert_eq!(files, known);
}

/// Runs a monitor as the plugin does, on one index: its search with the end of the period, then each condition on the
/// answer. What the triggers that fire say, and nothing for the others.
async fn fires(index: &str, monitor: &Value) -> Vec<Option<String>> {
    let now = Utc::now().timestamp_millis().to_string();
    let query = monitor["inputs"][0]["search"]["query"].to_string().replace("{{period_end}}", &now);
    let query: Value = serde_json::from_str(&query).unwrap();
    let result = ok(&node(), Method::Post, &format!("/{index}/_search"), Some(query)).await;
    assert_eq!(result["_shards"]["failed"], 0);
    let mut fired = Vec::new();
    for trigger in monitor["triggers"].as_array().unwrap() {
        let condition = trigger["query_level_trigger"]["condition"]["script"]["source"].as_str().unwrap();
        let source = format!("def ctx = params.ctx; return {condition};");
        let body = json!({"script": {"lang": "painless", "source": source, "params": {"ctx": {"results": [result]}}}});
        let answer = ok(&node(), Method::Post, "/_scripts/painless/_execute", Some(body)).await;
        let message = &trigger["query_level_trigger"]["actions"][0]["message_template"]["source"];
        fired.push(match answer["result"] == "true" {
            true => Some(rendered(message, &result).await),
            false => None,
        });
    }
    fired
}

/// A message as it is sent: alerting renders it by the same engine as search templates.
async fn rendered(message: &Value, result: &Value) -> String {
    let body = json!({"source": {"text": message}, "params": {"ctx": {"results": [result]}}});
    let answer = ok(&node(), Method::Post, "/_render/template", Some(body)).await;
    answer["template_output"]["text"].as_str().unwrap().to_owned()
}

/// Documents of records, as the loader writes them.
fn documents(key: &str, object: &[u8]) -> Vec<Value> {
    let run = finish(siem_loader(&["render", "-", "--key", key]), object).expect_status(0);
    let lines = run.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .filter(|line| line["_index"].as_str().unwrap().starts_with("log-"))
        .map(|line| line["_source"].clone())
        .collect()
}

async fn put(index: &str, documents: &[Value]) {
    let ids: Vec<String> = documents.iter().map(|_| unique()).collect();
    let with_ids: Vec<(&str, Value)> =
        ids.iter().map(String::as_str).zip(documents.iter().cloned()).collect();
    let answer = send(&node(), index, &with_ids).await.unwrap();
    assert_eq!(answer.indexed as usize, documents.len(), "{:?}", answer.refused);
    count(&node(), index).await;
}

/// With what must not trigger it no trigger fires; with one record more those expected do, and say `said`.
async fn tell_apart(name: &str, index: &str, quiet: &[Value], loud: &[(Value, &[bool])], said: &str) {
    let monitor = monitor(name);
    let none = vec![None; monitor["triggers"].as_array().unwrap().len()];
    // No index at all: the answer has no aggregations.
    assert_eq!(fires("log-aws-none-*", &monitor).await, none, "{name} without an index");
    put(index, quiet).await;
    assert_eq!(fires(index, &monitor).await, none, "{name} on what must not trigger it");
    for (number, (document, expected)) in loud.iter().enumerate() {
        let with = format!("{index}-{number}");
        put(&with, quiet).await;
        put(&with, std::slice::from_ref(document)).await;
        let fired = fires(&with, &monitor).await;
        let which: Vec<bool> = fired.iter().map(Option::is_some).collect();
        assert_eq!(which, *expected, "{name}: {document}");
        for message in fired.into_iter().flatten() {
            assert!(message.contains(said) && !message.contains("{{"), "{name} says: {message}");
        }
        ok(&node(), Method::Delete, &format!("/{with}"), None).await;
    }
    ok(&node(), Method::Delete, &format!("/{index}"), None).await;
}

fn ago(minutes: i64) -> String {
    time(Utc::now() - Duration::minutes(minutes))
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Documents of CloudTrail: each of `changes` laid over an ordinary call of a user, five minutes old.
fn calls(changes: &[Value]) -> Vec<Value> {
    let records: Vec<Value> = changes
        .iter()
        .map(|change| {
            let mut record = json!({
                "eventVersion": "1.11", "eventTime": ago(5), "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
                "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "userName": "alice"},
                "awsRegion": "eu-central-1", "sourceIPAddress": "192.0.2.7", "userAgent": "aws-cli", "eventID": unique(),
                "eventType": "AwsApiCall", "recipientAccountId": "111122223333",
            });
            for (name, value) in change.as_object().unwrap() {
                record[name] = value.clone();
            }
            record
        })
        .collect();
    let day = Utc::now().format("%Y/%m/%d");
    let key = format!("AWSLogs/111122223333/CloudTrail/eu-central-1/{day}/a.json.gz");
    let documents = documents(&key, &packed(&records));
    assert_eq!(documents.len(), changes.len());
    documents
}

async fn cloudtrail(name: &str, quiet: &[Value], loud: &[Value]) {
    install_missing(&node(), Profile::Full).await.unwrap();
    let loud: Vec<(Value, &[bool])> =
        calls(loud).into_iter().map(|document| (document, &[true][..])).collect();
    tell_apart(
        name,
        &format!("log-aws-cloudtrail-m{}", unique()),
        &calls(quiet),
        &loud,
        "account 111122223333: 1",
    )
    .await;
}

#[tokio::test]
async fn root_use_is_told_and_what_aws_does_itself_is_not() {
    let root = json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"});
    let by_aws = json!({"type": "Root", "accountId": "111122223333", "invokedBy": "AWS Internal"});
    let quiet = [
        json!({}),
        json!({"userIdentity": by_aws}),
        json!({"userIdentity": root, "eventType": "AwsServiceEvent"}),
        json!({"userIdentity": root, "eventTime": ago(3 * 24 * 60)}),
        json!({"userIdentity": {"type": "IAMUser", "userName": "Root"}}),
    ];
    cloudtrail(
        "root-use",
        &quiet,
        &[json!({"userIdentity": root}), json!({"userIdentity": root, "errorCode": "AccessDenied"})],
    )
    .await;
}

#[tokio::test]
async fn a_console_login_without_mfa_is_told() {
    let login = |kind: &str, result: &str, mfa: &str| {
        json!({"eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin", "eventType": "AwsConsoleSignIn",
               "userIdentity": {"type": kind, "accountId": "111122223333", "userName": "bob"},
               "responseElements": {"ConsoleLogin": result}, "additionalEventData": {"MFAUsed": mfa}})
    };
    let quiet = [
        json!({}),
        login("IAMUser", "Success", "Yes"),
        login("IAMUser", "Failure", "No"),
        // Whoever comes from an identity provider shows MFA there, and CloudTrail always says No.
        login("AssumedRole", "Success", "No"),
    ];
    let mut without = login("IAMUser", "Success", "No");
    without["additionalEventData"] = json!({"LoginTo": "https://console.aws.amazon.com/"});
    cloudtrail(
        "console-login-without-mfa",
        &quiet,
        &[login("IAMUser", "Success", "No"), login("Root", "Success", "No"), without],
    )
    .await;
}

#[tokio::test]
async fn a_trail_that_is_stopped_or_altered_is_told() {
    let call = |name: &str| json!({"eventSource": "cloudtrail.amazonaws.com", "eventName": name});
    let quiet = [
        call("DescribeTrails"),
        call("GetTrailStatus"),
        call("LookupEvents"),
        json!({"eventName": "StopLogging"}),
    ];
    let denied = json!({"eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging", "errorCode": "AccessDenied"});
    let loud =
        [call("StopLogging"), call("DeleteTrail"), call("UpdateTrail"), call("PutEventSelectors"), denied];
    cloudtrail("cloudtrail-tampering", &quiet, &loud).await;
}

/// A document of a GuardDuty finding.
fn finding(severity: f64, archived: bool, minutes: i64) -> Value {
    let finding = json!({
        "schemaVersion": "2.0", "accountId": "111122223333", "region": "eu-central-1", "partition": "aws", "id": unique(),
        "arn": "arn:aws:guardduty:eu-central-1:111122223333:detector/d/finding/f", "type": "Backdoor:EC2/C&CActivity.B",
        "resource": {"resourceType": "Instance"}, "severity": severity, "title": "t", "description": "d",
        "service": {"serviceName": "guardduty", "detectorId": "d", "archived": archived, "count": 1,
                    "eventFirstSeen": ago(minutes), "eventLastSeen": ago(minutes)},
        "createdAt": ago(minutes), "updatedAt": ago(minutes),
    });
    let day = Utc::now().format("%Y/%m/%d");
    let key = format!("AWSLogs/111122223333/GuardDuty/eu-central-1/{day}/a.jsonl.gz");
    documents(&key, &gzip(format!("{finding}\n").as_bytes())).remove(0)
}

#[tokio::test]
async fn high_and_critical_findings_are_told_apart() {
    install_missing(&node(), Profile::Full).await.unwrap();
    let quiet = [
        finding(2.0, false, 5),
        finding(6.9, false, 5),
        finding(8.0, true, 5),
        finding(9.5, false, 3 * 24 * 60),
    ];
    let (critical, high) = ([true, false], [false, true]);
    let loud: [(Value, &[bool]); 3] = [
        (finding(9.0, false, 5), &critical),
        (finding(8.9, false, 5), &high),
        (finding(7.0, false, 5), &high),
    ];
    tell_apart(
        "guardduty-high",
        &format!("log-aws-guardduty-m{}", unique()),
        &quiet,
        &loud,
        "account 111122223333: 1",
    )
    .await;
}

/// A line of the ledger, `minutes` old, with `change` laid over an object that was loaded.
fn line(minutes: i64, change: Value) -> Value {
    let mut line = json!({
        "@timestamp": ago(minutes), "object": {"status": "loaded"}, "log": {"type": "cloudtrail"},
        "cloud": {"account": {"id": "111122223333"}}, "records": {"in": 10, "indexed": 10, "dead_lettered": 0, "rejected": 0},
        "event": {"end": ago(minutes + 5)}, "lag": {"event_to_indexed_s": 300.0},
    });
    for (name, value) in change.as_object().unwrap() {
        line[name] = value.clone();
    }
    line
}

/// An index of the ledger with the types that its template gives these fields.
async fn ledger(name: &str, quiet: &[Value], loud: &[Value], said: &str) {
    let keyword = json!({"type": "keyword"});
    let mappings = json!({"properties": {
        "@timestamp": {"type": "date"}, "event": {"properties": {"end": {"type": "date"}}},
        "object": {"properties": {"status": keyword}}, "log": {"properties": {"type": keyword}},
        "cloud": {"properties": {"account": {"properties": {"id": keyword}}}},
        "error": {"properties": {"type": keyword}},
    }});
    let index = format!("siem-ledger-m{}", unique());
    for number in 0..=loud.len() {
        let name = if number == 0 { index.clone() } else { format!("{index}-{}", number - 1) };
        ok(&node(), Method::Put, &format!("/{name}"), Some(json!({ "mappings": mappings }))).await;
    }
    let loud: Vec<(Value, &[bool])> = loud.iter().map(|line| (line.clone(), &[true][..])).collect();
    tell_apart(name, &index, quiet, &loud, said).await;
}

#[tokio::test]
async fn a_source_that_went_quiet_is_told_and_one_that_never_spoke_is_not() {
    let of = |minutes: i64, log: &str, account: &str| {
        line(minutes, json!({"log": {"type": log}, "cloud": {"account": {"id": account}}}))
    };
    let backfill =
        json!({"cloud": {"account": {"id": "999900001111"}}, "lag": {"event_to_indexed_s": 9_000_000.0}});
    let quiet = [
        of(10, "cloudtrail", "111122223333"),
        of(600, "cloudtrail", "111122223333"),
        of(10, "vpcflowlogs", "111122223333"),
        // Findings come when they come, what was quiet for a week is gone, and a backfill is no source.
        of(3000, "guardduty", "111122223333"),
        of(8 * 24 * 60, "cloudtrail", "555500001111"),
        line(600, backfill),
    ];
    let loud = [of(600, "cloudtrail", "444455556666"), of(400, "route53resolver", "111122223333")];
    ledger("source-quiet", &quiet, &loud, "(log|account)").await;
}

#[tokio::test]
async fn lag_over_the_objective_is_told_but_not_that_of_a_backfill() {
    let late = json!({"lag": {"event_to_indexed_s": 2000.0}});
    let backfill =
        json!({"lag": {"event_to_indexed_s": 9_000_000.0}, "event": {"end": "2026-01-01T00:00:00Z"}});
    let quiet = [line(1, json!({})), line(2, json!({})), line(30, late.clone()), line(1, backfill)];
    ledger("lag", &quiet, &[line(1, late)], "cloudtrail: 1").await;
}

#[tokio::test]
async fn dead_letters_that_rise_are_told_and_the_usual_ones_are_not() {
    let letters = |minutes: i64, count: u64| line(minutes, json!({"records": {"dead_lettered": count}}));
    // 240 a day is 10 an hour: 15 in the last hour is less than twice as many.
    let quiet = [letters(10, 15), letters(120, 120), letters(1200, 120), line(5, json!({}))];
    ledger("dead-letters", &quiet, &[letters(20, 30)], "45.0 records went to the dead letters").await;
}

#[tokio::test]
async fn a_single_rejected_record_is_told() {
    let rejected = |minutes: i64| line(minutes, json!({"records": {"rejected": 1}}));
    ledger("rejected", &[line(1, json!({})), rejected(60)], &[rejected(3)], "1.0 records were refused").await;
}
