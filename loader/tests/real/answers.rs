//! The fixtures in a real index give the answers that their README knows, which were counted without this program.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use siem_loader::sink::Method;

use crate::fixtures::{cases, folder};
use crate::program::run;
use crate::support::{node, ok, opensearch_url};

/// The tables of a section of the README: name and numbers of each row.
fn tables(heading: &str) -> Vec<BTreeMap<String, u64>> {
    let text = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let (_, section) = text.split_once(&format!("# {heading}\n")).unwrap();
    let section = section.split("\n#").next().unwrap();
    let mut tables = Vec::new();
    for block in section.split("\n\n").filter(|block| block.trim_start().starts_with('|')) {
        let rows = block.trim().lines().skip(2).map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            (cells[0].trim_matches('`').to_owned(), cells[1].parse().unwrap())
        });
        tables.push(rows.filter(|(name, _)| name != "all").collect());
    }
    tables
}

/// What an aggregation counts in the fixtures' documents: documents, or the sum of `of`.
async fn counted(index: &str, filter: Value, field: &str, of: Option<&str>) -> BTreeMap<String, u64> {
    let keys: Vec<String> = cases("objects").into_iter().map(|case| case.key).collect();
    let mut by = json!({"terms": {"field": field, "size": 1000, "missing": "no label"}});
    if let Some(of) = of {
        by["aggs"] = json!({"sum": {"sum": {"field": of}}});
    }
    let only = json!({"terms": {"@log_s3key": keys}});
    let body = json!({"size": 0, "query": {"bool": {"filter": [only, filter]}}, "aggs": {"by": by}});
    let answer = ok(&node(), Method::Post, &format!("/{index}/_search"), Some(body)).await;
    assert_eq!(answer["_shards"]["failed"], 0);
    let buckets = answer["aggregations"]["by"]["buckets"].as_array().unwrap();
    let number = |b: &Value| match of {
        Some(_) => b["sum"]["value"].as_f64().unwrap() as u64,
        None => b["doc_count"].as_u64().unwrap(),
    };
    buckets.iter().map(|b| (b["key"].as_str().unwrap().to_owned(), number(b))).collect()
}

/// The rows of a table that are the largest of what was counted.
fn assert_top(known: &BTreeMap<String, u64>, found: &BTreeMap<String, u64>) {
    let mut largest: Vec<_> = found.iter().filter(|(name, _)| *name != "no label").collect();
    largest.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), (*name).clone()));
    let top = largest.into_iter().take(known.len()).map(|(name, count)| (name.clone(), *count));
    assert_eq!(&top.collect::<BTreeMap<_, _>>(), known);
}

#[tokio::test]
async fn the_fixtures_give_their_known_answers() {
    let objects = folder().join("objects");
    let objects = objects.to_str().unwrap();
    let url = opensearch_url();
    let loaded = run(&["load", objects, "--root", objects, "--opensearch-url", url, "--output", "json"]);
    let [records, indexed, present] =
        loaded.expect_status(0).figures(["records", "indexed", "already_present"]);
    assert_eq!(records, indexed + present);
    ok(&node(), Method::Post, "/log-aws-*,siem-findings-current/_refresh", None).await;

    let all = json!({"match_all": {}});
    let flows = "log-aws-vpcflowlogs-*";
    let known = tables("Known answers in the good flow logs");
    let rejected = json!({"term": {"event.action": "REJECT"}});
    let egress = json!({"term": {"network.direction": "egress"}});
    assert_top(&known[0], &counted(flows, all.clone(), "event.action", None).await);
    assert_top(&known[1], &counted(flows, all.clone(), "log_status", None).await);
    assert_top(&known[2], &counted(flows, all.clone(), "network.direction", Some("network.bytes")).await);
    assert_top(&known[3], &counted(flows, rejected.clone(), "srcaddr", None).await);
    assert_top(&known[4], &counted(flows, rejected, "dstport", None).await);
    assert_top(&known[5], &counted(flows, egress, "dstaddr", Some("bytes")).await);

    let guardduty = tables("GuardDuty's own objects");
    let labels = counted("log-aws-guardduty-*", all.clone(), "severitylabel", None).await;
    let labels: BTreeMap<_, _> =
        labels.into_iter().map(|(l, n)| (if l == "no label" { l } else { l.to_uppercase() }, n)).collect();
    assert_eq!(labels, guardduty[0]);
    let mut tactics = counted("log-aws-guardduty-*", all.clone(), "ThreatPurpose", None).await;
    let none = tactics.remove("no label").unwrap();
    tactics.insert("no tactic".to_owned(), none);
    assert_eq!(tactics, guardduty[1]);

    let asff = tables("Security Hub in ASFF");
    let is_asff = json!({"exists": {"field": "ProductArn"}});
    assert_eq!(counted("log-aws-securityhub-*", is_asff, "Severity.Label", None).await, asff[0]);

    // A number without its label has a severity for us, and none for the counting of the README.
    let fold = |mut counts: BTreeMap<String, u64>| {
        let none = counts.remove("no label").unwrap_or_default();
        *counts.entry("MEDIUM".to_owned()).or_default() += none;
        counts
    };
    let is_open = json!({"term": {"siem.finding.open": true}});
    let states = counted("siem-findings-current", is_open, "siem.finding.severity", None).await;
    let states: BTreeMap<_, _> =
        states.into_iter().map(|(l, n)| (if l == "no label" { l } else { l.to_uppercase() }, n)).collect();
    assert_eq!(fold(states), fold(tables("Open in the current state")[0].clone()));
}
