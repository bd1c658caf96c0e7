//! Invocations through the runtime interface: the program as it is, the real OpenSearch, the real S3 server.

use std::sync::Arc;

use serde_json::{Value, json};
use siem_loader::event::ReplicationEvent;
use siem_loader::fetch::ObjectRef;
use siem_loader::lambda::{Deadline, Load, LoadError, Outcome, RUNTIME_API, serve};
use siem_loader::sink::Method;

use super::runtime_api::{Function, bootstrap};
use super::{batch, eventbridge, notification, s3_event};
use crate::program::{events, key, own_month, packed};
use crate::s3_support::{self, new_bucket, put};
use crate::support::{count, node, ok};

const MINUTE: i64 = 60_000;

fn index(year: &str, month: &str) -> String {
    format!("log-aws-cloudtrail-{year}-{month}")
}

fn documents(year: &str, month: &str) -> u64 {
    s3_support::runtime().block_on(count(&node(), &index(year, month)))
}

#[test]
fn a_batch_is_loaded_and_exactly_what_is_not_done_is_given_back() {
    let (year, month) = own_month();
    let bucket = new_bucket();
    let records = events(&year, &month, 40);
    let keys: Vec<String> = (0..4).map(|at| key(&year, &month, &format!("a b+{at}%2B=日"))).collect();
    for (key, part) in keys.iter().zip(records.chunks(10)) {
        put(&bucket, key, packed(part));
    }
    let mut function = Function::start(bootstrap());
    let bodies = [
        s3_event(&bucket, &[&keys[0]]),
        s3_event(&bucket, &[&keys[1], "AWSLogs/gone.json.gz"]),
        json!("not json"),
        notification(&s3_event(&bucket, &[&keys[2]])),
        eventbridge(&bucket, &keys[3]),
        json!({"Event": "s3:TestEvent", "Bucket": bucket}),
        s3_event(&bucket, &[&keys[0]]),
        s3_event("a-bucket-that-is-not-there", &["AWSLogs/x.json.gz"]),
    ];
    let reply = function.invoke(&batch(&bodies), MINUTE);
    assert_eq!(reply.given_back(), ["m1", "m2", "m7"], "{:#?}", function.output());
    assert_eq!(documents(&year, &month), 40);

    let lines = function.logged("invocation");
    assert_eq!(lines.len(), 1);
    for (name, value) in [("messages", 8), ("messages_not_done", 3), ("objects", 6), ("indexed", 40)] {
        assert_eq!(lines[0][name], value, "{name}: {}", lines[0]);
    }
    assert_eq!(lines[0]["request_id"], "request-1");
    assert_eq!(
        lines[0]["trace_id"].as_str().unwrap().split(';').next(),
        Some("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700")
    );
    assert_eq!(function.logged("object").len(), 6);

    // The process goes on: what comes again is there already.
    let reply = function.invoke(&batch(&bodies[..1]), MINUTE);
    assert_eq!(reply.given_back(), [""; 0]);
    assert_eq!(documents(&year, &month), 40);
    assert_eq!(function.logged("start").len(), 1);
}

#[test]
fn every_line_is_json_and_holds_no_record() {
    let (year, month) = own_month();
    let bucket = new_bucket();
    let name = key(&year, &month, "one");
    put(&bucket, &name, packed(&events(&year, &month, 3)));
    let mut command = bootstrap();
    command.env("SIEM_LOADER_OPENSEARCH_USER", "alice-of-the-cluster");
    command.env("SIEM_LOADER_OPENSEARCH_PASSWORD", "a-secret-word");
    let mut function = Function::start(command);
    function.invoke(&batch(&[s3_event(&bucket, &[&name])]), MINUTE);
    for line in function.output() {
        assert!(serde_json::from_str::<Value>(&line).is_ok_and(|line| line.is_object()), "{line}");
        for secret in ["a-secret-word", "GetObject", "192.0.2.7", &s3_support::server().secret_key] {
            assert!(!line.contains(secret), "{line}");
        }
    }
    assert!(function.output().len() >= 3, "{:#?}", function.output());
}

#[test]
fn a_deadline_that_is_over_or_far_away_is_no_reason_to_refuse_work() {
    let (year, month) = own_month();
    let bucket = new_bucket();
    let records = events(&year, &month, 4);
    let mut function = Function::start(bootstrap());
    for (at, left) in [-5_000, -1_700_000_000_000, 0, i64::MAX / 4].into_iter().enumerate() {
        let name = key(&year, &month, &format!("deadline{at}"));
        put(&bucket, &name, packed(&records[at..=at]));
        let reply = function.invoke(&batch(&[s3_event(&bucket, &[&name])]), left);
        assert_eq!(reply.given_back(), [""; 0], "{left}: {:#?}", function.output());
    }
    assert_eq!(documents(&year, &month), 4);
}

#[test]
fn an_event_that_is_no_event_is_answered_and_the_next_one_is_loaded() {
    let (year, month) = own_month();
    let bucket = new_bucket();
    let name = key(&year, &month, "after");
    put(&bucket, &name, packed(&events(&year, &month, 5)));
    let mut function = Function::start(bootstrap());
    for payload in ["", "{", "null", "7", "[]", "{}", "\"text\"", "{\"Records\":7}", &"[".repeat(1000)] {
        let reply = function.invoke_bytes(payload.as_bytes().to_vec(), MINUTE);
        assert!(reply.failed, "{payload}: {reply:?}");
    }
    let reply = function.invoke(&s3_event(&bucket, &[&name]), MINUTE);
    assert_eq!((reply.failed, &reply.body), (false, &json!({"objects": 1, "ignored": 0})));
    assert_eq!(documents(&year, &month), 5);
}

#[test]
fn a_direct_invocation_fails_with_what_failed() {
    let bucket = new_bucket();
    let mut function = Function::start(bootstrap());
    let reply = function.invoke(&s3_event(&bucket, &["AWSLogs/gone.json.gz"]), MINUTE);
    assert!(reply.failed);
    assert_eq!(reply.body["errorType"], "ObjectsNotLoaded");
    let message = reply.body["errorMessage"].as_str().unwrap();
    let start = format!("1 of 1 objects are not loaded: s3://{bucket}/AWSLogs/gone.json.gz: ");
    assert!(message.starts_with(&start), "{message}");
}

#[test]
fn settings_that_cannot_be_used_fail_each_invocation_with_the_reason() {
    for (name, value, says) in [
        ("SIEM_LOADER_MAX_REQUESTS", "many", "max-requests"),
        ("OPENSEARCH_URL", "https://:9200", "the URL of OpenSearch cannot be read"),
        ("SIEM_LOADER_DEAD_LETTERS", "./letters", "s3://bucket/prefix"),
    ] {
        let mut command = bootstrap();
        command.env(name, value);
        let mut function = Function::start(command);
        for _ in 0..2 {
            let reply = function.invoke(&s3_event("b", &["k"]), MINUTE);
            assert_eq!(reply.body["errorType"], "ConfigurationError", "{reply:?}");
            let message = reply.body["errorMessage"].as_str().unwrap();
            assert!(message.contains(says), "{name}: {message}");
        }
    }
}

#[test]
fn a_variable_that_is_not_known_is_told_by_name_and_without_its_value() {
    let mut command = bootstrap();
    command.env("SIEM_LOADER_DEADLETTERS", "s3://not-to-be-told");
    let mut function = Function::start(command);
    function.invoke(&json!({"Event": "s3:TestEvent"}), MINUTE);
    let output = function.output();
    let line = output.iter().find(|line| line.contains("SIEM_LOADER_DEADLETTERS")).expect("it is told");
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        (&line["level"], &line["nearest"]),
        (&json!("WARN"), &json!("SIEM_LOADER_DEAD_LETTERS")),
        "{line}"
    );
    assert!(output.iter().all(|line| !line.contains("not-to-be-told")), "{output:#?}");
}

#[test]
fn without_a_place_for_dead_letters_an_object_with_a_refused_record_comes_again() {
    let (year, month) = own_month();
    let bucket = new_bucket();
    let body = json!({"mappings": {"properties": {"eventName": {"type": "integer"}}},
                      "settings": {"index.mapping.ignore_malformed": false, "number_of_replicas": 0}});
    let path = format!("/{}", index(&year, &month));
    s3_support::runtime().block_on(ok(&node(), Method::Put, &path, Some(body)));
    let name = key(&year, &month, "refused");
    put(&bucket, &name, packed(&events(&year, &month, 3)));
    let message = batch(&[s3_event(&bucket, &[&name])]);

    let mut function = Function::start(bootstrap());
    assert_eq!(function.invoke(&message, MINUTE).given_back(), ["m0"]);
    let line = function.logged("message not done").remove(0);
    assert!(line["problem"].as_str().unwrap().contains("SIEM_LOADER_DEAD_LETTERS"), "{line}");

    let mut command = bootstrap();
    command.env("SIEM_LOADER_DEAD_LETTERS", format!("s3://{bucket}/letters"));
    let mut function = Function::start(command);
    assert_eq!(function.invoke(&message, MINUTE).given_back(), [""; 0], "{:#?}", function.output());
    let list = s3_support::client().list_objects_v2().bucket(&bucket).prefix("letters/").send();
    assert_eq!(s3_support::runtime().block_on(list).unwrap().contents().len(), 1);
}

#[test]
fn ten_objects_at_once_take_less_than_a_hundred_megabytes() {
    let (year, month) = own_month();
    let bucket = new_bucket();
    let keys: Vec<String> = (0..10).map(|at| key(&year, &month, &format!("memory{at}"))).collect();
    for key in &keys {
        put(&bucket, key, packed(&events(&year, &month, 3_000)));
    }
    // As docs/lambda.md says: allocators of many threads keep what each once needed.
    let mut command = bootstrap();
    command.env("MALLOC_ARENA_MAX", "2");
    let mut function = Function::start(command);
    let bodies: Vec<Value> = keys.iter().map(|key| s3_event(&bucket, &[key])).collect();
    assert_eq!(function.invoke(&batch(&bodies), MINUTE).given_back(), [""; 0], "{:#?}", function.output());
    assert_eq!(documents(&year, &month), 30_000);
    let peak = function.peak_memory();
    assert!(peak < 100_000_000, "{peak} bytes");
}

#[test]
fn a_failed_replication_is_in_the_ledger_with_what_to_do() {
    let object = crate::support::unique();
    let mut event = s3_event("log-archive", &[&format!("AWSLogs/{object}.json.gz")]);
    event["Records"][0]["eventName"] = json!("Replication:OperationFailedReplication");
    event["Records"][0]["replicationEventData"] = json!({
        "replicationRuleId": "to-audit", "destinationBucket": "arn:aws:s3:::audit", "s3Operation": "OBJECT_PUT",
        "requestTime": "2026-03-01T08:05:00.000Z", "failureReason": "DstPutObjectNotPermitted",
    });
    let mut function = Function::start(bootstrap());
    let reply = function.invoke(&batch(&[notification(&event)]), MINUTE);
    assert_eq!(reply.given_back(), [""; 0], "{:#?}", function.output());
    let line = function.logged("replication").remove(0);
    assert_eq!(
        (line["level"].as_str(), line["reason"].as_str()),
        (Some("WARN"), Some("DstPutObjectNotPermitted"))
    );
    assert!(line["fix"].as_str().unwrap().contains("open three policies"), "{line}");

    let found = s3_support::runtime().block_on(async {
        ok(&node(), Method::Post, "/siem-ledger-*/_refresh", None).await;
        let query = json!({"query": {"wildcard": {"object.key": format!("*{object}*")}}});
        ok(&node(), Method::Post, "/siem-ledger-*/_search", Some(query)).await
    });
    let hits = found["hits"]["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 1, "{found}");
    let replication = &hits[0]["_source"]["replication"];
    assert_eq!(
        (&replication["status"], &replication["reason"]),
        (&json!("failed"), &json!("DstPutObjectNotPermitted"))
    );
}

/// Loads nothing: panics, or is done, by the key.
struct Panics;

impl Load for Panics {
    fn load(
        &self,
        objects: Vec<ObjectRef>,
        _: Option<Deadline>,
        told: &mut (dyn FnMut(Outcome) + Send),
    ) -> Result<(), LoadError> {
        for object in objects {
            assert!(!object.key.contains("panic"), "a defect that quotes {}", object.key);
            let (status, log_type, counts) = ("loaded", None, siem_loader::pipeline::Counts::default());
            told(Outcome { object, done: true, status, log_type, counts, class: None, problems: vec![] });
        }
        Ok(())
    }

    fn note(&self, _: &[ReplicationEvent], _: Option<Deadline>) -> Result<(), LoadError> {
        panic!("asked to panic");
    }
}

/// The function of the next test, in a process that is this program again; by itself it does nothing.
#[test]
fn a_function_that_panics() {
    if std::env::var_os(RUNTIME_API).is_some() {
        serve(Arc::new(Panics), s3_support::runtime()).unwrap();
    }
}

#[test]
fn panics_in_a_row_cost_only_their_messages() {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "function::invocations::a_function_that_panics"]);
    let mut function = Function::start(command);
    let payload = batch(&[s3_event("b", &["first"]), s3_event("b", &["panic"]), s3_event("b", &["behind"])]);
    for _ in 0..5 {
        assert_eq!(function.invoke(&payload, MINUTE).given_back(), ["m1", "m2"]);
    }
    assert_eq!(function.invoke(&batch(&[s3_event("b", &["good"])]), MINUTE).given_back(), [""; 0]);
    let direct = function.invoke(&s3_event("b", &["panic"]), MINUTE);
    assert_eq!((direct.failed, &direct.body["errorType"]), (true, &json!("ObjectsNotLoaded")));
}
