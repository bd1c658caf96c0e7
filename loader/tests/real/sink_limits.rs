//! A node with a tiny write queue and low limits: what it refuses is sent again or in parts, and everything arrives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::process::{Command, Stdio};

use bytes::Bytes;
use serde_json::{Value, json};
use siem_loader::sink::{Action, BulkAnswer, Cluster, Encoding, Method, SinkError, item_row, row_of};

use crate::program::{events, key, own_month, packed, put, run, scratch};
use crate::support::{cluster_at, count, create_index, creates, index_name, ok, send};

/// One write thread with a queue of one; 2 MB of bodies in work, 4 MB a request.
const SETTINGS: &str = "thread_pool.write.size: 1\nthread_pool.write.queue_size: 1\n\
    indexing_pressure.memory.limit: 2mb\nhttp.max_content_length: 4mb\n\
    action.auto_create_index: \"-never-*,+*\"\n";

/// The node; it ends with this process.
fn tight_node() -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../dev/opensearch");
    let started = Command::new(script)
        .args(["up", concat!(env!("CARGO_TARGET_TMPDIR"), "/opensearch-tight")])
        .env("OPENSEARCH_OWNER", std::process::id().to_string())
        .env("OPENSEARCH_HEAP", "512m")
        .env("OPENSEARCH_EXTRA", SETTINGS)
        .stderr(Stdio::inherit())
        .output()
        .expect("dev/opensearch runs");
    assert!(started.status.success(), "dev/opensearch up failed: {}", started.status);
    String::from_utf8(started.stdout).unwrap().trim().to_owned()
}

/// Name of the row that the only item of a body comes to.
fn row(answer: &BulkAnswer) -> &'static str {
    let [refusal] = answer.refused.as_slice() else { panic!("{answer:?}") };
    let row = item_row(refusal.status, &refusal.error_type, &refusal.reason);
    assert_eq!(row.action, refusal.action);
    row.name
}

async fn item(node: &Cluster, index: &str) -> &'static str {
    row(&send(node, index, &[("a", json!({"n": 1}))]).await.unwrap())
}

async fn whole(node: &Cluster, body: String, items: usize) -> SinkError {
    node.bulk(Bytes::from(body), Encoding::Identity, items).await.unwrap_err()
}

fn large(index: &str, documents: usize) -> (String, usize) {
    let text = "x".repeat(1000);
    let documents: Vec<(String, Value)> =
        (0..documents).map(|at| (format!("{}-{at}", crate::support::unique()), json!({"t": text}))).collect();
    let documents: Vec<_> = documents.iter().map(|(id, document)| (id.as_str(), document.clone())).collect();
    (creates(index, &documents), documents.len())
}

#[tokio::test]
async fn what_a_node_with_low_limits_refuses_has_its_row_and_everything_arrives() {
    let url = tight_node();
    let node = cluster_at(&url);

    assert_eq!(item(&node, "never-made").await, "item_no_index");
    assert_eq!(item(&node, "UPPER").await, "item_index_at_fault");
    let many = json!({"index_patterns": ["many-*"], "template": {"settings": {"number_of_shards": 1024}}});
    ok(&node, Method::Put, "/_index_template/many", Some(many)).await;
    assert_eq!(item(&node, "many-shards").await, "item_index_at_fault");
    let index = create_index(&node, json!({})).await;
    let no_pipeline = json!({"create": {"_index": index, "_id": "p", "pipeline": "none"}});
    let answer = node.bulk(format!("{no_pipeline}\n{{}}\n").into(), Encoding::Identity, 1).await.unwrap();
    assert_eq!(row(&answer), "item_index_limit");

    let (body, items) = large(&index, 4_500);
    let error = whole(&node, body, items).await;
    assert_eq!(row_of(&error).name, "answer_body_too_large", "{error:?}");
    let (body, items) = large(&index, 3_000);
    let error = whole(&node, body, items).await;
    assert_eq!(row_of(&error).name, "answer_over_pressure_limit", "{error:?}");
    let line = json!({"create": {"_index": index, "_id": "v", "version": -1}});
    let error = whole(&node, format!("{line}\n{{}}\n"), 1).await;
    assert_eq!(row_of(&error).name, "answer_poisoned", "{error:?}");
    let elsewhere = cluster_at(&format!("{url}/elsewhere/x"));
    let error = whole(&elsewhere, creates(&index, &[("a", json!({}))]), 1).await;
    assert_eq!(row_of(&error).action, Action::Stop, "{error:?}");

    // The whole cluster is blocked: nothing else runs on this node meanwhile.
    let block = |on: Value| json!({"persistent": {"cluster.blocks.read_only": on}});
    ok(&node, Method::Put, "/_cluster/settings", Some(block(json!(true)))).await;
    let error = whole(&node, creates(&index, &[("a", json!({}))]), 1).await;
    ok(&node, Method::Put, "/_cluster/settings", Some(block(Value::Null))).await;
    assert_eq!(row_of(&error).name, "answer_blocked", "{error:?}");

    a_full_queue_refuses_items(&node).await;
    everything_arrives(&url).await;
}

/// Many small bodies at once: some items are refused, the others of the same answer are written.
async fn a_full_queue_refuses_items(node: &Cluster) {
    let index = index_name();
    let mut busy = 0;
    for _ in 0..20 {
        let bodies = (0..16).map(|_| {
            let (node, (body, items)) = (node.clone(), large(&index, 60));
            tokio::spawn(async move { node.bulk(body.into(), Encoding::Identity, items).await })
        });
        for body in bodies.collect::<Vec<_>>() {
            match body.await.unwrap() {
                Ok(answer) => {
                    for refusal in &answer.refused {
                        assert_eq!((refusal.status, refusal.action), (429, Action::Again), "{refusal:?}");
                        busy += 1;
                    }
                }
                Err(error) => assert_eq!(row_of(&error).name, "answer_busy", "{error:?}"),
            }
        }
    }
    assert!(busy > 0, "the queue was never full");
}

async fn everything_arrives(url: &str) {
    let ways =
        [("--gzip=false", "--zstd=false", "3"), ("--gzip", "--zstd=false", "16"), ("--gzip", "--zstd", "16")];
    for (gzip, zstd, requests) in ways {
        let (year, month) = own_month();
        let root = scratch();
        for part in 0..3 {
            let events = events(&year, &month, 5_000);
            put(&root, &key(&year, &month, &format!("part{part}")), &packed(&events));
        }
        let root = root.to_str().unwrap().to_owned();
        let arguments = [
            "load",
            &root,
            "--opensearch-url",
            url,
            gzip,
            zstd,
            "--max-requests",
            requests,
            "--output",
            "json",
        ];
        let arguments = arguments.map(str::to_owned);
        let run = tokio::task::spawn_blocking(move || run(&arguments)).await.unwrap().expect_status(0);
        let names = ["records", "indexed", "already_present", "rejected", "unsent"];
        assert_eq!(run.figures(names), [15_000, 15_000, 0, 0, 0]);
        let [retries, peak] = run.figures(["bulk_retries", "peak_rss_bytes"]);
        assert!(retries > 0);
        assert!(peak < 100 << 20, "{gzip} {zstd}: peak of {peak} bytes");
        let index = format!("log-aws-cloudtrail-{year}-{month}");
        assert_eq!(count(&cluster_at(url), &index).await, 15_000);
    }
}
