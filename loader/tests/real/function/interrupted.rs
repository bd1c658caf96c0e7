//! Processes that end while they work, under MiniStack: killed because they were not done in time, or crashed. Which
//! message comes again and when is MiniStack's business.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use siem_loader::sink::Method;

use super::ministack::{Setup, Stack, signal};
use super::slow_cluster::SlowCluster;
use crate::program::{events, key, own_month, packed};
use crate::s3_support::runtime;
use crate::support::{count, node, ok};

const RECORDS: usize = 8_000;

/// The documents of the ledger about objects of a bucket.
fn ledger(bucket: &str) -> Vec<Value> {
    let found = runtime().block_on(async {
        ok(&node(), Method::Post, "/siem-ledger-*/_refresh", None).await;
        let query = json!({"query": {"term": {"object.bucket": bucket}}});
        ok(&node(), Method::Post, "/siem-ledger-*/_search", Some(query)).await
    });
    found["hits"]["hits"].as_array().unwrap().iter().map(|hit| hit["_source"].clone()).collect()
}

/// Loads an object whose first process gets a signal when a part of its records is in the index. What must be true
/// afterwards: every record is there once, the ledger says so, and that it took two attempts.
fn interrupted_by(name: &str) {
    let (year, month) = own_month();
    // Slow enough for the signal to come in the middle.
    let cluster = SlowCluster::start(Duration::from_millis(400));
    let stack = Stack::new(Setup {
        // Long enough for a slow machine to get as far as the first answer.
        timeout: 40,
        visibility: 42,
        receives: 3,
        concurrency: 2,
        environment: vec![("OPENSEARCH_URL", cluster.url()), ("SIEM_LOADER_MAX_REQUESTS", "1".to_owned())],
    });
    stack.put(vec![(key(&year, &month, name), packed(&events(&year, &month, RECORDS)))]);
    cluster.wait_for(1);
    let first = stack.process().expect("it runs");
    assert!(signal(first, name));
    // One that is stopped keeps to no deadline and answers nobody: it must be killed, and not by us.
    let end = Instant::now() + Duration::from_secs(120);
    while is_alive(first) {
        assert!(Instant::now() < end, "MiniStack did not end process {first}");
        std::thread::sleep(Duration::from_millis(50));
    }
    let index = format!("log-aws-cloudtrail-{year}-{month}");
    let before = runtime().block_on(count(&node(), &index));
    assert!((1..RECORDS as u64).contains(&before), "{before} records: not in the middle");
    assert_eq!(ledger(&stack.bucket), [] as [Value; 0], "it claims something that nobody could know");

    stack.wait_until_empty(Duration::from_secs(180));
    assert_eq!(runtime().block_on(count(&node(), &index)), RECORDS as u64);
    assert_eq!(stack.dead_messages(), 0);
    assert_ne!(stack.process(), Some(first));
    let entries = ledger(&stack.bucket);
    let [entry] = entries.as_slice() else { panic!("{entries:#?}") };
    assert_eq!((&entry["object"]["status"], &entry["attempts"]), (&json!("loaded"), &json!(2)), "{entry}");
    let records = |name: &str| entry["records"][name].as_u64().unwrap();
    let there = records("already_present");
    // A request that was on its way when the process ended may have been counted too early.
    assert!((before..RECORDS as u64).contains(&there), "{before} before: {entry}");
    assert_eq!((records("in"), records("indexed")), (RECORDS as u64, RECORDS as u64 - there), "{entry}");
}

/// It is there, and not only its unreaped remains.
fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(PathBuf::from(format!("/proc/{pid}/stat"))).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

#[test]
fn an_object_whose_process_hangs_until_it_is_killed_on_timeout_is_loaded_once() {
    interrupted_by("STOP");
}

#[test]
fn an_object_whose_process_crashes_is_loaded_once() {
    interrupted_by("ABRT");
}

#[test]
fn a_function_starts_and_answers_and_its_process_answers_again() {
    let stack =
        Stack::new(Setup { timeout: 30, visibility: 30, receives: 2, concurrency: 2, environment: vec![] });
    let event = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": stack.bucket});
    let done = json!({"objects": 0, "ignored": 1});
    assert_eq!(stack.process(), None);
    assert_eq!(stack.invoke(&event), done);
    let process = stack.process();
    assert!(process.is_some());
    assert_eq!(stack.invoke(&event), done);
    assert_eq!(stack.process(), process);
}
