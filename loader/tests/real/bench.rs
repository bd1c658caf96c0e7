//! `bench`: what its figures are made of, and that it leaves a cluster as it found it.

use serde_json::{Value, json};
use siem_loader::sink::Method;

use crate::program::{Run, events, finish, key, packed, put, run, scratch, siem_loader};
use crate::support::{node, ok, opensearch_url, unique};

/// A short benchmark; its report.
fn bench(more: &[&str]) -> (Run, Value) {
    let run = run(&[&["bench", "--seconds", "2", "--size", "1", "--output", "json"], more].concat());
    let report = run.summary();
    (run, report)
}

fn rows<'a>(report: &'a Value, of: &str) -> &'a Vec<Value> {
    report.pointer(of).and_then(Value::as_array).unwrap_or_else(|| panic!("no {of} in {report}"))
}

fn is_spread(figure: &Value) -> bool {
    let [median, min, max] = ["median", "min", "max"].map(|name| figure[name].as_f64().unwrap());
    min <= median && median <= max && figure["runs"].as_u64().unwrap() > 0
}

async fn left_of(name: &str) -> Vec<Value> {
    let path =
        format!("/_cat/indices/log-aws-*-bench-{name}-*,siem-findings-current-bench-{name}-*?format=json");
    ok(&node(), Method::Get, &path, None).await.as_array().unwrap().clone()
}

#[test]
fn the_report_adds_up_and_the_page_needs_nothing_else() {
    let page = scratch().join("report.html");
    let mut command = siem_loader(&[
        "bench",
        "--seconds",
        "2",
        "--size",
        "1",
        "--output",
        "json",
        "--logs",
        "cloudtrail",
        "--only",
        "stages,whole,scaling,sizes,objects",
        "--report",
        page.to_str().unwrap(),
    ]);
    // Without --cluster nothing speaks to it: this one would refuse.
    command.env("SIEM_LOADER_OPENSEARCH_URL", "http://127.0.0.1:9");
    let run = finish(command, &[]).expect_status(0);
    let report = run.summary();
    assert_eq!((report["schema"].as_u64(), report["status"].as_u64()), (Some(1), Some(0)));
    assert!(report["cluster"].is_null() && report["machine"]["cores"].as_u64() > Some(0));
    assert!(is_spread(&report["inflate_yardstick"]));

    let corpus = &rows(&report, "/corpora")[0];
    assert_eq!((corpus["log"].as_str(), corpus["made"].as_bool()), (Some("cloudtrail"), Some(true)));
    for row in rows(&report, "/whole") {
        assert_eq!(row["documents"], row["records"], "{row}");
        assert_eq!(row["records"], corpus["records"], "{row}");
        for figure in ["mb_per_second", "documents_per_second", "cpu_seconds_per_gb"] {
            assert!(is_spread(&row[figure]), "{figure} of {row}");
        }
        assert!(row["peak_memory_bytes"].as_u64() > Some(1_000_000), "{row}");
        let out = row["out_per_in"].as_f64().unwrap();
        assert!(if row["packing"] == "none" { out > 1.0 } else { out < 1.0 }, "{row}");
    }
    for row in rows(&report, "/stages") {
        assert!(
            ["inflate", "cut", "render", "gzip", "zstd"].iter().all(|stage| is_spread(&row[stage])),
            "{row}"
        );
    }
    assert_eq!(rows(&report, "/scaling")[0]["threads"], 1);
    assert!(!rows(&report, "/sizes").is_empty() && rows(&report, "/objects")[0]["objects"] == 1);
    for row in rows(&report, "/lambda") {
        let parts = ["usd_compute", "usd_invocations", "usd_sqs", "usd_s3_gets"];
        let sum: f64 = parts.iter().map(|part| row[part].as_f64().unwrap()).sum();
        assert!((sum - row["usd"].as_f64().unwrap()).abs() < 1e-9, "{row}");
    }

    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<svg") && page.contains("prefers-color-scheme"));
    for reference in ["http:", "https:", "src=", "href=", "url(", "@import", "<script", "NaN", ">inf<"] {
        assert!(!page.contains(reference), "{reference} in the page");
    }
}

#[test]
fn objects_that_are_given_are_measured_as_they_are() {
    let root = scratch();
    put(&root, &key("2026", "03", "one"), &packed(&events("2026", "03", 200)));
    put(&root, &key("2026", "03", "two"), &packed(&events("2026", "03", 100)));
    let path = root.to_str().unwrap();
    let (run, report) = bench(&[path, "--root", path, "--only", "whole"]);
    run.expect_status(0);
    let row = &rows(&report, "/whole")[0];
    assert_eq!((&row["log"], &row["objects"], &row["documents"]), (&json!("given"), &json!(2), &json!(300)));
    assert_eq!(rows(&report, "/corpora")[0]["made"], false);

    let (run, report) = bench(&[root.join("nothing").to_str().unwrap(), "--only", "whole"]);
    assert!(run.expect_status(2).stdout.contains("no such file"), "{report}");
}

#[tokio::test]
async fn a_cluster_is_measured_and_nothing_stays_in_it() {
    let name = unique();
    let (run, report) = bench(&[
        "--only",
        "cluster",
        "--logs",
        "cloudtrail,guardduty",
        "--cluster",
        "--name",
        &name,
        "--opensearch-url",
        opensearch_url(),
    ]);
    run.expect_status(0);
    let logs = rows(&report, "/cluster/logs");
    for row in logs {
        assert!(row["documents"].as_u64() > Some(0) && row["documents"] == row["indexed"], "{row}");
        assert!(row["bulk_requests"].as_u64() > Some(0) && row["refused_items"] == 0, "{row}");
        assert!(
            is_spread(&row["documents_per_second"]) && is_spread(&row["disk_bytes_per_document"]),
            "{row}"
        );
        let [p50, p90, p99, max] =
            ["p50_ms", "p90_ms", "p99_ms", "max_ms"].map(|part| row["latency"][part].as_f64().unwrap());
        assert!(0.0 < p50 && p50 <= p90 && p90 <= p99 && p99 <= max, "{row}");
    }
    assert!(!logs.is_empty() && report["cluster"]["shards"] == 1, "{report}");
    assert_eq!(left_of(&name).await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_index_that_was_there_is_not_touched() {
    let name = unique();
    let index = format!("log-aws-cloudtrail-bench-{name}-r1-2026-03");
    ok(&node(), Method::Put, &format!("/{index}"), None).await;
    let (run, report) =
        bench(&["--only", "cluster", "--cluster", "--name", &name, "--opensearch-url", opensearch_url()]);
    let run = run.expect_status(2);
    assert!(
        run.stderr.contains(&index) && report["error"].as_str().unwrap().contains("--name"),
        "{}",
        run.stderr
    );
    assert_eq!(left_of(&name).await.len(), 1);
}

#[test]
fn a_cluster_is_only_measured_when_that_is_asked_for() {
    let nowhere =
        run(&["bench", "--only", "cluster", "--opensearch-url", "http://127.0.0.1:9"]).expect_status(2);
    assert!(nowhere.stderr.contains("needs --cluster"), "{}", nowhere.stderr);
    run(&["bench", "--cluster", "--name", "a*", "--opensearch-url", "http://127.0.0.1:9"]).expect_status(2);
}
