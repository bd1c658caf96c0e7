//! `load`, `render` and `setup` against a real OpenSearch and a real S3 server.

use std::collections::HashSet;
use std::path::Path;

use serde_json::{Value, json};
use siem_loader::sink::Method;

use crate::program::{events, finish, gzip, key, own_month, packed, put, run, scratch, siem_loader};
use crate::support::{node, ok, opensearch_url};
use crate::{s3_support, support};

fn load(path: &Path, more: &[&str]) -> crate::program::Run {
    let path = path.to_str().unwrap();
    let url = opensearch_url();
    run(&[&["load", path, "--opensearch-url", url, "--output", "json"], more].concat())
}

#[tokio::test]
async fn records_are_indexed_once_and_found_by_their_fields() {
    let (year, month) = own_month();
    let root = scratch();
    let records = events(&year, &month, 300);
    put(&root, &key(&year, &month, "one"), &packed(&records[..200]));
    put(&root, &key(&year, &month, "two"), &packed(&records[200..]));

    let first = load(&root, &[]).expect_status(0);
    let names =
        ["objects", "objects_failed", "records", "indexed", "already_present", "rejected", "dead_lettered"];
    assert_eq!(first.figures(names), [2, 0, 300, 300, 0, 0, 0]);
    let index = format!("log-aws-cloudtrail-{year}-{month}");
    assert_eq!(support::count(&node(), &index).await, 300);

    let query = json!({"query": {"bool": {"filter": [
        {"term": {"requestParameters.bucketName": "example-bucket"}},
        {"term": {"user.name": "alice"}},
        {"term": {"source.ip": "192.0.2.0/24"}},
        {"range": {"@timestamp": {"gte": format!("{year}-{month}-01"), "lt": format!("{year}-{month}-02")}}},
    ]}}, "track_total_hits": true, "size": 1});
    let found = ok(&node(), Method::Post, &format!("/{index}/_search"), Some(query)).await;
    assert_eq!(found["hits"]["total"]["value"], 300);

    let second = load(&root, &[]).expect_status(0);
    assert_eq!(second.figures(names), [2, 0, 300, 0, 300, 0, 0]);
    assert_eq!(support::count(&node(), &index).await, 300);
}

#[tokio::test]
async fn packed_bodies_arrive_as_well() {
    let (year, month) = own_month();
    let root = scratch();
    put(&root, &key(&year, &month, "one"), &packed(&events(&year, &month, 5000)));
    let run = load(&root, &["--gzip"]).expect_status(0);
    let [indexed, bytes_in, bytes_out] = run.figures(["indexed", "bytes_in", "bytes_out"]);
    assert_eq!(indexed, 5000);
    assert!(bytes_out < bytes_in, "{bytes_out} bytes sent of {bytes_in}");
    // This OpenSearch reads zstd, which is asked for; the same documents, once more.
    let gzip = load(&root, &["--gzip", "--zstd=false"]).expect_status(0);
    let [present, gzip_out] = gzip.figures(["already_present", "bytes_out"]);
    assert!(present == 5000 && bytes_out < gzip_out, "zstd {bytes_out} bytes, gzip {gzip_out}");
    assert_eq!(support::count(&node(), &format!("log-aws-cloudtrail-{year}-{month}")).await, 5000);
}

#[tokio::test]
async fn a_run_installs_the_templates_that_are_missing_and_leaves_those_that_are_there() {
    let (year, month) = own_month();
    let root = scratch();
    put(&root, &key(&year, &month, "one"), &packed(&events(&year, &month, 1)));
    load(&root, &[]).expect_status(0);
    let template = ok(&node(), Method::Get, "/_index_template/siem-loader-cloudtrail", None).await;
    assert_eq!(template["index_templates"][0]["index_template"]["_meta"]["managed_by"], "siem-loader");
    let mapping =
        ok(&node(), Method::Get, &format!("/log-aws-cloudtrail-{year}-{month}/_mapping"), None).await;
    let mapping = mapping.as_object().unwrap().values().next().unwrap().clone();
    assert_eq!(mapping["mappings"]["properties"]["siem"]["properties"]["flat"]["type"], "flat_object");

    let dry = run(&["setup", "--only", "templates", "--dry-run", "--opensearch-url", opensearch_url()]);
    assert!(dry.expect_status(0).stdout.contains("unchanged"));
}

#[tokio::test]
async fn d04_refused_records_are_told_by_type_field_and_reason_without_their_values() {
    let (year, month) = own_month();
    let index = format!("log-aws-cloudtrail-{year}-{month}");
    // Somebody made the index by hand, with a field that cannot hold what comes.
    let body = json!({"mappings": {"properties": {"eventName": {"type": "integer"}}},
                      "settings": {"index.mapping.ignore_malformed": false, "number_of_replicas": 0}});
    ok(&node(), Method::Put, &format!("/{index}"), Some(body)).await;
    let root = scratch();
    let mut records = events(&year, &month, 3);
    records[1]["eventName"] = json!("77");
    put(&root, &key(&year, &month, "one"), &packed(&records));

    let run = load(&root, &[]).expect_status(1);
    assert_eq!(run.figures(["records", "indexed", "dead_lettered", "unsent"]), [3, 1, 2, 0]);
    assert!(run.stderr.contains("mapper_parsing_exception  eventName"), "{}", run.stderr);
    assert!(!run.stderr.contains("GetObject"), "a value is quoted: {}", run.stderr);
    assert!(run.stderr.contains("OpenSearch refused 2 records, the first is record 0"), "{}", run.stderr);
}

#[tokio::test]
async fn a_blocked_index_stops_the_run_and_nothing_is_claimed() {
    let (year, month) = own_month();
    let index = format!("log-aws-cloudtrail-{year}-{month}");
    let body = json!({"settings": {"index.blocks.write": true, "number_of_replicas": 0}});
    ok(&node(), Method::Put, &format!("/{index}"), Some(body)).await;
    let root = scratch();
    put(&root, &key(&year, &month, "one"), &packed(&events(&year, &month, 4)));
    let run = load(&root, &[]).expect_status(2);
    assert_eq!(run.figures(["records", "indexed", "rejected", "unsent"]), [4, 0, 0, 4]);
    assert!(run.stderr.contains("cluster_block_exception"), "{}", run.stderr);
}

#[test]
fn an_unreachable_cluster_is_status_2_and_says_what_to_do() {
    let root = scratch();
    put(&root, &key("2026", "03", "one"), &packed(&events("2026", "03", 1)));
    let run =
        run(&["load", root.to_str().unwrap(), "--opensearch-url", "http://127.0.0.1:9"]).expect_status(2);
    assert!(run.stderr.contains("cannot connect to OpenSearch at http://127.0.0.1:9"), "{}", run.stderr);

    let nowhere = crate::program::run(&["load", root.to_str().unwrap(), "--output", "json"]).expect_status(2);
    assert!(nowhere.stderr.contains("OPENSEARCH_URL"), "{}", nowhere.stderr);
    assert_eq!(nowhere.summary()["status"], 2);
}

#[test]
fn objects_come_from_s3_with_their_bucket_and_version() {
    let (year, month) = own_month();
    let s3 = s3_support::server();
    let bucket = s3_support::new_bucket();
    let records = events(&year, &month, 40);
    for (at, part) in records.chunks(20).enumerate() {
        s3_support::put(&bucket, &key(&year, &month, &format!("part{at}")), packed(part));
    }
    let prefix = format!("s3://{bucket}/AWSLogs/");
    let mut command =
        siem_loader(&["load", &prefix, "--opensearch-url", opensearch_url(), "--output", "json"]);
    s3.environment(&mut command);
    let run = finish(command, &[]).expect_status(0);
    assert_eq!(run.figures(["objects", "records", "indexed"]), [2, 40, 40]);

    s3_support::runtime().block_on(async {
        let index = format!("log-aws-cloudtrail-{year}-{month}");
        support::count(&node(), &index).await;
        let query = json!({"query": {"term": {"@log_s3bucket": bucket}}, "size": 1});
        let found = ok(&node(), Method::Post, &format!("/{index}/_search"), Some(query)).await;
        assert_eq!(found["hits"]["total"]["value"], 40);
        assert!(found["hits"]["hits"][0]["_source"]["siem"]["s3"]["etag"].is_string());
    });
}

#[test]
fn standard_input_is_an_object_under_the_key_given() {
    let (year, month) = own_month();
    let key = key(&year, &month, "stdin");
    let command = siem_loader(&["render", "-", "--key", &key]);
    let run = finish(command, &packed(&events(&year, &month, 7))).expect_status(0);
    let lines: Vec<Value> = run.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 7);
    assert!(lines.iter().all(|l| l["_source"]["@log_s3key"] == Value::String(key.clone())));
}

#[test]
fn many_threads_write_the_same_documents_in_the_same_order_as_one() {
    let root = scratch();
    let mut ids = HashSet::new();
    for part in 0..3 {
        // Several pieces an object: 9 MB decoded each.
        let mut records = events("2026", "03", 20_000);
        for record in &mut records {
            record["errorMessage"] = json!("x".repeat(100));
            ids.insert(record["eventID"].to_string());
        }
        put(&root, &key("2026", "03", &format!("part{part}")), &packed(&records));
    }
    let documents = |threads: &str| {
        let run = run(&["render", root.to_str().unwrap(), "--threads", threads]).expect_status(0);
        let bare = |line: &str| {
            let (before, rest) = line.split_once("\"ingested\":\"").unwrap();
            let (_, after) = rest.split_once('"').unwrap();
            format!("{before}{after}")
        };
        run.stdout.lines().map(bare).collect::<Vec<_>>()
    };
    let one = documents("1");
    assert_eq!(one.len(), ids.len());
    assert!(one == documents("4"), "documents differ with more threads");
}

#[test]
fn discarding_does_everything_but_send() {
    let root = scratch();
    put(&root, &key("2026", "03", "one"), &packed(&events("2026", "03", 1000)));
    let plain = run(&["load", "--discard", "--output", "json", root.to_str().unwrap()]).expect_status(0);
    assert_eq!(plain.figures(["records", "discarded", "indexed"]), [1000, 1000, 0]);
    let packed = run(&["load", "--discard", "--gzip", "--output", "json", root.to_str().unwrap()]);
    let [small] = packed.expect_status(0).figures(["bytes_out"]);
    let [large] = plain.figures(["bytes_out"]);
    assert!(small * 3 < large, "{small} of {large}");
}

#[test]
fn a_digest_and_an_unknown_key_are_counted_and_are_no_failure() {
    let root = scratch();
    put(&root, "some/other/thing.txt", b"hello");
    let digest = "AWSLogs/111122223333/CloudTrail-Digest/eu-central-1/2026/03/01/\
                  111122223333_CloudTrail-Digest_eu-central-1_trail_eu-central-1_20260301T000000Z.json.gz";
    put(&root, digest, &gzip(b"{}"));
    let run = run(&["load", "--discard", "--output", "json", root.to_str().unwrap()]).expect_status(0);
    assert_eq!(
        run.figures(["objects", "objects_skipped", "objects_unrecognised", "objects_failed"]),
        [2, 1, 1, 0]
    );
}

#[test]
fn the_version_names_release_and_commit() {
    let run = run(&["--version"]).expect_status(0);
    assert!(
        run.stdout.starts_with(concat!("siem-loader ", env!("CARGO_PKG_VERSION"), " (")),
        "{}",
        run.stdout
    );
}

#[test]
fn two_objects_of_one_key_do_not_share_a_file() {
    let (root, out) = (scratch(), scratch());
    for folder in ["a", "b"] {
        put(&root.join(folder), &key("2026", "03", "one"), &packed(&events("2026", "03", 5)));
    }
    let (root, out) = (root.to_str().unwrap(), out.to_str().unwrap());
    let run = run(&["render", root, "--out-dir", out, "--output", "json"]).expect_status(2);
    assert_eq!(run.figures(["objects", "objects_failed", "discarded"]), [2, 1, 5]);
    assert!(run.stderr.contains("the file of another object"), "{}", run.stderr);
}

#[test]
fn documents_are_not_written_among_the_objects() {
    let root = scratch();
    put(&root, &key("2026", "03", "one"), &packed(&events("2026", "03", 1)));
    let out = root.join("out");
    let run = run(&["render", root.to_str().unwrap(), "--out-dir", out.to_str().unwrap()]).expect_status(2);
    assert!(run.stderr.contains("choose another folder"), "{}", run.stderr);
}
