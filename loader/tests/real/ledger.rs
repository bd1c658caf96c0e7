//! The ledger: every object once, with numbers that add up, and resumption where an attempt stopped.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use siem_loader::dead_letter::Store;
use siem_loader::engine::{Deadline, Engine, EngineParts};
use siem_loader::fetch::{FetchOptions, ObjectRef, Source};
use siem_loader::metrics::{METRICS, Metrics};
use siem_loader::pipeline::{ObjectReport, ObjectStatus, Settings};
use siem_loader::sink::{Method, SendSettings};
use tokio::runtime::Handle;

use crate::fixtures::{cases, folder};
use crate::program::{events, finish, key, own_month, packed, put, scratch, siem_loader};
use crate::s3_support::{new_bucket, runtime, server};
use crate::support::{count, node, ok, opensearch_url, unique};

/// All documents of the ledger for objects whose key or path has these keys.
async fn entries(root: &str) -> Vec<Value> {
    ok(&node(), Method::Post, "/siem-ledger-*/_refresh", None).await;
    let query = json!({"query": {"prefix": {"object.bucket": root}}, "size": 1000});
    let found = ok(&node(), Method::Post, "/siem-ledger-*/_search", Some(query)).await;
    let hits = found["hits"]["hits"].as_array().unwrap();
    hits.iter().map(|hit| hit["_source"].clone()).collect()
}

#[tokio::test]
async fn every_object_is_in_the_ledger_once_and_its_numbers_add_up() {
    let bucket = format!("ledger-{}", unique());
    // A copy: other tests load the fixtures too, and a file is known by its key, size and time.
    let bad = scratch().join("bad");
    let copied = std::process::Command::new("cp").arg("-R").arg(folder().join("bad")).arg(&bad).status();
    assert!(copied.unwrap().success());
    let letters = scratch().join("letters");
    let arguments = [
        "load",
        bad.to_str().unwrap(),
        "--opensearch-url",
        opensearch_url(),
        "--output",
        "json",
        "--bucket",
        &bucket,
        "--dead-letters",
        letters.to_str().unwrap(),
    ];
    // Twice: an object is one document, whatever happens to it.
    finish(siem_loader(&arguments), &[]).expect_status(1);
    let run = finish(siem_loader(&arguments), &[]).expect_status(1);
    let entries = entries(&bucket).await;
    assert_eq!(entries.len(), cases("bad").len());
    let mut statuses = BTreeMap::<String, u64>::new();
    let mut sums = BTreeMap::<&str, u64>::new();
    let mut dated = 0;
    for entry in &entries {
        let records = |name: &str| entry["records"][name].as_u64().unwrap();
        let known = ["indexed", "already_present", "excluded", "dead_lettered"].map(records);
        assert_eq!(records("in"), known.iter().sum::<u64>(), "{entry}");
        assert_eq!((records("rejected"), records("unaccounted")), (0, 0), "{entry}");
        assert_eq!(entry["attempts"], 2, "{entry}");
        *statuses.entry(entry["object"]["status"].as_str().unwrap().to_owned()).or_default() += 1;
        for name in ["in", "already_present", "dead_lettered"] {
            *sums.entry(name).or_default() += records(name);
        }
        dated += u64::from(entry["event"]["end"].is_string());
        assert_eq!(entry["event"]["end"].is_string(), entry["lag"]["event_to_indexed_s"].is_i64(), "{entry}");
    }
    assert!(dated > 50, "{dated} objects with events that have a time");
    let figures = run.figures(["records", "already_present", "dead_lettered"]);
    assert_eq!(figures, ["in", "already_present", "dead_lettered"].map(|name| sums[name]));
    for status in ["loaded", "partial", "truncated", "empty", "skipped", "unrecognised"] {
        assert!(statuses.contains_key(status), "no object is {status}: {statuses:?}");
    }
}

#[test]
fn an_object_that_is_gone_has_its_line_and_a_dead_letter() {
    let bucket = new_bucket();
    let (year, month) = own_month();
    let key = key(&year, &month, &unique());
    let source = server().source();
    let letters = scratch().join("letters");
    let store = Store::at(letters.to_str().unwrap(), &source).unwrap();
    let engine = engine(runtime().handle(), source, Some(store));
    let reports = load(&engine, vec![ObjectRef::s3(&bucket, &key)], None);
    assert_eq!(reports[0].status, Some(ObjectStatus::Gone));
    assert!(reports[0].done(), "it will not come back by itself");
    let entries = runtime().block_on(entries(&bucket));
    assert_eq!(
        (&entries[0]["object"]["status"], &entries[0]["error"]["type"]),
        (&json!("gone"), &json!("object_gone"))
    );
    let list = finish(siem_loader(&["dead-letters", letters.to_str().unwrap(), "--output", "json"]), &[]);
    assert_eq!(list.summary()["groups"][0]["reason"], "object_gone");
}

fn engine(runtime: &Handle, source: Source, store: Option<Store>) -> Engine {
    Engine::new(EngineParts {
        source,
        cluster: node(),
        settings: Settings::for_threads(1),
        send: SendSettings::new(3),
        runtime: runtime.clone(),
        ledger: true,
        dead_letters: store,
        refuse_loss: true,
    })
}

fn load(engine: &Engine, objects: Vec<ObjectRef>, deadline: Option<Deadline>) -> Vec<ObjectReport> {
    let (sender, listed) = crossbeam_channel::unbounded();
    objects.into_iter().for_each(|object| sender.send(Ok(object)).unwrap());
    drop(sender);
    let mut reports = Vec::new();
    engine.run(&listed, deadline, &mut |report| reports.push(report)).unwrap();
    reports
}

#[test]
fn an_object_that_needs_several_attempts_goes_on_where_each_stopped_and_the_figures_add_up() {
    let (year, month) = own_month();
    let root = scratch();
    const RECORDS: u64 = 24_000;
    let mut records = events(&year, &month, RECORDS as usize);
    // Some become dead letters, far from one another.
    for broken in records.iter_mut().step_by(4_000) {
        *broken = json!([42]);
    }
    let key = key(&year, &month, &unique());
    let path = put(&root, &key, json!({ "Records": records }).to_string().as_bytes());
    let source =
        Source::new(FetchOptions { root: Some(root), ..FetchOptions::default() }, runtime().handle().clone());
    let letters = scratch().join("letters");
    let store = Store::at(letters.to_str().unwrap(), &source).unwrap();
    let engine = engine(runtime().handle(), source.clone(), Some(store));
    // Each attempt has a little more time than the one before, so that this ends on any machine.
    let (mut attempts, mut resumed) = (0_u64, false);
    let last = loop {
        attempts += 1;
        let stop_at = Instant::now() + Duration::from_millis(150 * attempts);
        let deadline = Deadline { stop_at, give_up_at: stop_at + Duration::from_secs(60) };
        let object = source.list(vec![path.to_str().unwrap().to_owned()]).recv().unwrap().unwrap();
        let report = load(&engine, vec![object], Some(deadline)).remove(0);
        assert!(report.counts.add_up(), "{report:?}");
        resumed |= attempts > 1 && report.counts.already_present > 0 && report.counts.indexed > 0;
        if report.done() {
            break report;
        }
        assert_eq!(report.status, Some(ObjectStatus::InProgress), "{report:?}");
        assert!(attempts < 200, "it never ends: {report:?}");
    };
    assert!(attempts > 1 && resumed, "{attempts} attempts");
    assert_eq!(last.counts.records, RECORDS);
    assert_eq!((last.counts.dead_lettered, last.counts.unsent), (6, 0));
    assert_eq!(last.counts.indexed + last.counts.already_present, RECORDS - 6);
    let index = format!("log-aws-cloudtrail-{year}-{month}");
    assert_eq!(runtime().block_on(count(&node(), &index)), RECORDS - 6);
    let list = finish(siem_loader(&["dead-letters", letters.to_str().unwrap(), "--output", "json"]), &[]);
    assert_eq!(list.summary()["groups"][0]["letters"], 6, "each record once: {}", list.summary());
}

#[test]
fn without_a_place_for_dead_letters_the_object_fails_and_is_not_acknowledged() {
    let (year, month) = own_month();
    let root = scratch();
    let key = key(&year, &month, &unique());
    let path = put(&root, &key, json!({"Records": [[42]]}).to_string().as_bytes());
    let source =
        Source::new(FetchOptions { root: Some(root), ..FetchOptions::default() }, runtime().handle().clone());
    let engine = engine(runtime().handle(), source.clone(), None);
    let object = source.list(vec![path.to_str().unwrap().to_owned()]).recv().unwrap().unwrap();
    let report = load(&engine, vec![object], None).remove(0);
    assert!(!report.done(), "{report:?}");
    assert!(report.problems.iter().any(|text| text.contains("SIEM_LOADER_DEAD_LETTERS")), "{report:?}");
}

#[test]
fn without_a_ledger_nothing_is_written_to_it() {
    let (year, month) = own_month();
    let root = scratch();
    put(&root, &key(&year, &month, &unique()), &packed(&events(&year, &month, 2)));
    let url = opensearch_url();
    let arguments = [
        "load",
        root.to_str().unwrap(),
        "--opensearch-url",
        url,
        "--no-ledger",
        "--bucket",
        "no-ledger-here",
    ];
    finish(siem_loader(&arguments), &[]).expect_status(0);
    assert!(runtime().block_on(entries("no-ledger-here")).is_empty());
}

#[test]
fn metrics_are_written_for_prometheus() {
    let (year, month) = own_month();
    let root = scratch();
    put(&root, &key(&year, &month, &unique()), &packed(&events(&year, &month, 7)));
    let file = scratch().join("metrics.prom");
    let arguments = [
        "load",
        root.to_str().unwrap(),
        "--opensearch-url",
        opensearch_url(),
        "--metrics-file",
        file.to_str().unwrap(),
    ];
    finish(siem_loader(&arguments), &[]).expect_status(0);
    let text = std::fs::read_to_string(file).unwrap();
    for line in [
        "siem_loader_objects_total{status=\"loaded\"} 1",
        "siem_loader_indexed_total{log_type=\"cloudtrail\"} 7",
        "siem_loader_unaccounted_total{log_type=\"cloudtrail\"} 0",
        "# TYPE siem_loader_bulk_requests_total counter",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
}

#[test]
fn the_documentation_has_every_metric_in_order() {
    let documentation = include_str!("../../../docs/metrics.md");
    let rows: Vec<&str> = documentation.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<String> = METRICS.iter().map(|metric| metric.markdown()).collect();
    assert_eq!(rows, expected, "all rows:\n{}", expected.join("\n"));
}

#[test]
fn embedded_metrics_declare_what_they_hold() {
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    let mut metrics = Metrics::default();
    metrics.note("records", "cloudtrail", 3.0);
    metrics.note("indexed", "cloudtrail", 2.0);
    metrics.note("bulk_requests", "", 1.0);
    let properties = json!({"request_id": "r-1"}).as_object().unwrap().clone();
    let lines = metrics.emf(1_790_000_000_000, &properties);
    assert_eq!(lines.len(), 2, "one line for each value of a dimension");
    for line in lines {
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&line["request_id"], &line["_aws"]["Timestamp"]),
            (&json!("r-1"), &json!(1_790_000_000_000_i64))
        );
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "siem-loader");
        for dimension in directive["Dimensions"][0].as_array().unwrap() {
            assert!(line[dimension.as_str().unwrap()].is_string(), "{line}");
        }
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{line}");
            assert!(["Count", "Bytes", "Seconds"].contains(&metric["Unit"].as_str().unwrap()));
        }
    }
}
