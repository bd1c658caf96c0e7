//! The real OpenSearch node that all tests of this binary share, and names and helpers around it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use siem_loader::sink::{Auth, BulkAnswer, Cluster, ClusterConfig, Encoding, Method, SinkError};

/// URL of the node: `SIEM_LOADER_TEST_OPENSEARCH_URL`, or one that is started on first use and ends with
/// this process.
pub(crate) fn opensearch_url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| {
        if let Ok(url) = std::env::var("SIEM_LOADER_TEST_OPENSEARCH_URL") {
            return url;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../dev/opensearch");
        let started = Command::new(script)
            .args(["up", concat!(env!("CARGO_TARGET_TMPDIR"), "/opensearch")])
            .env("OPENSEARCH_OWNER", std::process::id().to_string())
            .stderr(Stdio::inherit())
            .output()
            .expect("dev/opensearch runs");
        assert!(started.status.success(), "dev/opensearch up failed: {}", started.status);
        String::from_utf8(started.stdout).unwrap().trim().to_owned()
    })
}

/// A number that no other test of this run gets.
pub(crate) fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("t{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A name no other test uses, which the templates for CloudTrail apply to.
pub(crate) fn index_name() -> String {
    format!("log-aws-cloudtrail-{}", unique())
}

/// The cluster at any URL, with a short timeout.
pub(crate) fn cluster_at(url: &str) -> Cluster {
    connect(url, false)
}

/// The real node over connections that pack answers.
pub(crate) fn packing_node() -> Cluster {
    connect(opensearch_url(), true)
}

fn connect(url: &str, gzip: bool) -> Cluster {
    let timeout = Duration::from_secs(30);
    Cluster::connect(ClusterConfig { url: url.parse().unwrap(), auth: Auth::None, timeout, gzip }).unwrap()
}

/// The real node.
pub(crate) fn node() -> Cluster {
    cluster_at(opensearch_url())
}

/// One request whose answer must be JSON and 2xx.
pub(crate) async fn ok(cluster: &Cluster, method: Method, path: &str, body: Option<Value>) -> Value {
    let body = body.map(|body| body.to_string());
    let (status, answer) = cluster.call(method, path, &[], body.as_deref()).await.unwrap();
    assert!((200..300).contains(&status), "{path}: {status} {}", String::from_utf8_lossy(&answer));
    serde_json::from_slice(&answer).unwrap()
}

/// An index of a test's own: strict about values whatever template applies, and with `properties`.
pub(crate) async fn create_index(cluster: &Cluster, properties: Value) -> String {
    let name = index_name();
    let body = json!({
        "settings": {"number_of_shards": 1, "number_of_replicas": 0, "index.mapping.ignore_malformed": false},
        "mappings": {"dynamic": true, "properties": properties},
    });
    ok(cluster, Method::Put, &format!("/{name}"), Some(body)).await;
    name
}

/// Documents in an index, after a refresh.
pub(crate) async fn count(cluster: &Cluster, index: &str) -> u64 {
    ok(cluster, Method::Post, &format!("/{index}/_refresh"), None).await;
    ok(cluster, Method::Get, &format!("/{index}/_count"), None).await["count"].as_u64().unwrap()
}

/// A bulk body of `create` actions.
pub(crate) fn creates(index: &str, documents: &[(&str, Value)]) -> String {
    let line = |(id, document): &(&str, Value)| {
        format!("{}\n{document}\n", json!({"create": {"_index": index, "_id": id}}))
    };
    documents.iter().map(line).collect()
}

/// Sends a body of `create` actions as it is.
pub(crate) async fn send(
    cluster: &Cluster,
    index: &str,
    documents: &[(&str, Value)],
) -> Result<BulkAnswer, SinkError> {
    let body = Bytes::from(creates(index, documents));
    cluster.bulk(body, Encoding::Identity, documents.len()).await
}
