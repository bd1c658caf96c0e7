//! The same for flow logs, whose records are lines.

use serde_json::{Value, json};

use super::{YEAR, documents, found, typed, values_of};
use crate::program::{gzip, put, run, scratch};
use crate::support::{node, ok, opensearch_url, unique};
use siem_loader::sink::Method;

/// Columns that the usual row has beside the one that is tried.
const USUAL: &[(&str, &str)] = &[
    ("version", "2"),
    ("srcaddr", "10.0.0.1"),
    ("dstaddr", "192.0.2.1"),
    ("action", "ACCEPT"),
    ("bytes", "10"),
];

/// Values for one field; `TOKEN` stands for a text found nowhere else.
fn texts() -> Vec<String> {
    let mut all: Vec<String> = [
        "TOKEN",
        "999999999999999999999999",
        "-5",
        "1.5",
        "1e5",
        "00",
        "0x1F",
        "true",
        "NaN",
        "Infinity",
        "{",
        "[\"",
        "\"TOKEN\"",
        "back\\slashTOKEN",
        "300.1.2.3",
        "::1",
        "fe80::1%eth0",
        "TOKENé",
        "\u{1}\u{7f}TOKEN",
        "null",
        "2026-01-01",
        "9223372036854775807",
        "9223372036854775808",
        "a,b;c=d",
        "<<TRUNCATED>>",
        "65536",
        "-0",
    ]
    .map(str::to_owned)
    .into();
    all.push(format!("TOKEN{}", "x".repeat(40_000)));
    all
}

#[tokio::test]
async fn every_value_of_a_flow_log_is_taken() {
    let month = "07";
    let mut columns: Vec<String> = typed("vpcflowlogs").into_iter().map(|(path, _)| path).collect();
    columns.retain(|path| !path.contains('.') && !path.starts_with('@') && path != "siem");
    columns.extend(["unheard-of", "event", "_id", "source.ip", "a..b", "", "@timestamp"].map(str::to_owned));
    let run_id = unique().replace('-', "");
    let (mut rows, mut objects) = (0u64, Vec::new());
    let root = scratch();
    for column in &columns {
        // The header names the usual columns and this one, with dashes as AWS writes them.
        let usual: Vec<_> = USUAL.iter().filter(|(name, _)| name != column).collect();
        let names: Vec<&str> = usual.iter().map(|(name, _)| *name).collect();
        let tried = column.replace('_', "-");
        let tried = if tried.is_empty() { "\"\"" } else { &tried };
        // A column that comes twice has one value.
        let (end, time) = if column == "end" { ("", "") } else { (" end", " 1751328001") };
        let start = if column == "start" { "first" } else { "start" };
        let mut object = format!("{start} {} {tried}{end}\n", names.join(" "));
        let mut wanted = Vec::new();
        for text in texts() {
            let token = format!("tok{run_id}n{rows}");
            let text = text.replace("TOKEN", &token);
            let values: Vec<&str> = usual.iter().map(|(_, value)| *value).collect();
            // The row itself is its id: the first field makes each its own, and is one more that is no number.
            object.push_str(&format!("{run_id}-{rows} {} {text}{time}\n", values.join(" ")));
            wanted.push((text.clone(), token));
            rows += 1;
        }
        let unique = format!("{:08x}", objects.len());
        let key = format!(
            "AWSLogs/111122223333/vpcflowlogs/eu-central-1/{YEAR}/{month}/01/\
             111122223333_vpcflowlogs_eu-central-1_fl-0123456789abcdef0_{YEAR}{month}01T0005Z_{unique}.log.gz"
        );
        put(&root, &key, &gzip(object.as_bytes()));
        objects.push((column.clone(), key, wanted));
    }
    let root = root.to_str().unwrap();
    let run = run(&["load", root, "--root", root, "--opensearch-url", opensearch_url(), "--output", "json"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert_eq!(run.figures(["records", "indexed", "rejected"]), [rows, rows, 0]);

    let index = "log-aws-vpcflowlogs-*";
    ok(&node(), Method::Post, &format!("/{index}/_refresh"), None).await;
    let mut queries = Vec::new();
    for (column, key, wanted) in &objects {
        let documents = documents(index, key).await;
        assert_eq!(documents.len(), wanted.len(), "{column}");
        for (at, (text, token)) in wanted.iter().enumerate() {
            let mut there = String::new();
            let mut document = documents[&(at as u64)].clone();
            document.as_object_mut().unwrap().remove("@message");
            values_of(&document, &mut there);
            let part: String = text.chars().take(20_000).collect();
            let number = text.parse::<i64>().ok().map(|n| n.to_string());
            let kept = there.contains(&part) || number.is_some_and(|n| there.contains(&n)) || text == "null";
            assert!(kept, "{column} {at}: {part} is lost");
            if text == token {
                let of = typed("vpcflowlogs").into_iter().find(|(path, _)| path == column).map(|(_, of)| of);
                if matches!(of.as_deref(), Some("ip" | "date")) {
                    continue;
                }
                let mut should = vec![
                    json!({"query_string": {"query": format!("\"{token}\""), "fields": ["*"], "lenient": true}}),
                ];
                should.push(json!({"term": {"siem.flat": token}}));
                queries.push(json!({"bool": {"should": should, "filter": [{"term": {"@log_s3key": key}}], "minimum_should_match": 1}}));
            }
        }
    }
    let counts: Vec<u64> = found(index, &queries).await;
    for (count, query) in counts.into_iter().zip(&queries) {
        let query: &Value = query;
        assert_eq!(count, 1, "{query}");
    }
}
