//! Whatever shape a record has, the cluster takes it, and every value of it is found again.

mod kinds;
mod lines;
mod values;

use std::collections::HashMap;

use serde_json::{Value, json};
use siem_loader::sink::Method;
use siem_parsers::source::LogType;

use self::{
    kinds::{KINDS, Kind},
    values::{Shape, put_at},
};
use crate::program::{gzip, put, run, scratch};
use crate::support::{node, ok, opensearch_url, unique};

/// A year that no other test writes to.
const YEAR: &str = "2025";

/// One record with a hostile value in it.
struct Variant {
    record: Value,
    /// Where, and the text under which it must be found by a search; none where there is none.
    wanted: Option<(String, String)>,
}

/// Typed fields of a log's component template: dotted name and type.
fn typed(log_type: &str) -> Vec<(String, String)> {
    fn walk(properties: &Value, before: &str, out: &mut Vec<(String, String)>) {
        for (name, mapping) in properties.as_object().into_iter().flatten() {
            let path = if before.is_empty() { name.clone() } else { format!("{before}.{name}") };
            out.push((path.clone(), mapping["type"].as_str().unwrap_or("object").to_owned()));
            walk(&mapping["properties"], &path, out);
        }
    }
    let template = LogType::named(log_type).unwrap().template.component;
    let template: Value = serde_json::from_str(template).unwrap();
    let mut out = Vec::new();
    walk(&template["template"]["mappings"]["properties"], "", &mut out);
    out
}

/// All variants of a kind: each typed field and each free subtree with each shape.
fn variants(kind: &Kind, month: &str) -> Vec<Variant> {
    let text = (kind.record)().to_string().replace("YEAR", YEAR).replace("MONTH", month);
    let base: Value = serde_json::from_str(&text).unwrap();
    let run = unique();
    let mut places: Vec<(String, String)> = typed(kind.log_type);
    if kind.name == "ocsf" {
        let inside = |(path, of): (String, String)| path.strip_prefix("ocsf.").map(|p| (p.to_owned(), of));
        places = places.into_iter().filter_map(inside).collect();
    }
    for free in kind.free {
        places.push(((*free).to_owned(), "object".to_owned()));
        for below in ["unheardOf", "a.b", "x", "_id", "@timestamp"] {
            places.push((format!("{free}.{below}"), String::new()));
        }
    }
    places.extend(
        ["unheardOf", "event", "source.ip", "siem", "_id", "@message", "flat"]
            .map(|p| (p.into(), String::new())),
    );
    places
        .retain(|(path, _)| !kind.left_alone.iter().any(|l| path == l || path.starts_with(&format!("{l}."))));
    let mut all = Vec::new();
    for (path, of) in &places {
        let heavy = kind.free.contains(&path.as_str());
        for shape in values::shapes(heavy) {
            let token = format!("tok{run}n{}", all.len()).replace('-', "");
            let Shape { value, searchable } = shape(&token);
            let mut record = base.clone();
            (kind.name_it)(&mut record, &format!("{run}-{}", all.len()));
            let at = if kind.below.is_empty() { path.clone() } else { format!("{}.{path}", kind.below) };
            put_at(&mut record, &at, value);
            // What is no date, address, number or truth value at such a field is kept; what is one is not text.
            let kept_only = matches!(of.as_str(), "date" | "ip");
            let wanted = (searchable && !kept_only).then(|| (path.clone(), token));
            all.push(Variant { record, wanted });
        }
    }
    all
}

/// Everything in a document that is no name, as text, one value a line.
fn values_of(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, v)| {
                // Names are values too where a record has many of its own.
                out.push_str(name);
                out.push('\n');
                values_of(v, out);
            })
        }
        Value::Array(list) => list.iter().for_each(|v| values_of(v, out)),
        Value::String(text) => {
            out.push_str(text);
            out.push('\n');
        }
        Value::Null => {}
        other => {
            out.push_str(&other.to_string());
            out.push('\n');
        }
    }
}

/// The values that a record has and a document must have, as text.
fn leaves(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|v| leaves(v, out)),
        Value::Array(list) => list.iter().for_each(|v| leaves(v, out)),
        // What is longer than a term may be cut as es-loader cuts it.
        Value::String(text) if text.len() > 20_000 => out.push(text.chars().take(10_000).collect()),
        // What es-loader drops as empty.
        Value::String(text) if matches!(text.as_str(), "" | "-" | "null" | "[]") => {}
        Value::String(text) => out.push(text.clone()),
        Value::Null => {}
        other => out.push(other.to_string()),
    }
}

/// All documents of an object by the place of their record.
async fn documents(index: &str, key: &str) -> HashMap<u64, Value> {
    let query = json!({"size": 10_000, "query": {"term": {"@log_s3key": key}}});
    let path = format!("/{index}/_search");
    let (status, answer) = node().call(Method::Post, &path, &[], Some(&query.to_string())).await.unwrap();
    assert_eq!(status, 200);
    // Deeper than the other reader goes.
    let found: Value = simd_json::serde::from_slice(&mut answer.to_vec()).unwrap();
    let hits = found["hits"]["hits"].as_array().unwrap();
    hits.iter()
        .map(|hit| (hit["_source"]["siem"]["ordinal"].as_u64().unwrap(), hit["_source"].clone()))
        .collect()
}

/// How many documents each of many searches finds.
async fn found(index: &str, queries: &[Value]) -> Vec<u64> {
    let mut counts = Vec::new();
    for part in queries.chunks(500) {
        let filters: serde_json::Map<String, Value> =
            part.iter().enumerate().map(|(at, query)| (at.to_string(), query.clone())).collect();
        let body = json!({"size": 0, "aggs": {"each": {"filters": {"filters": filters}}}});
        let answer = ok(&node(), Method::Post, &format!("/{index}/_search"), Some(body)).await;
        let buckets = &answer["aggregations"]["each"]["buckets"];
        counts.extend((0..part.len()).map(|at| buckets[at.to_string()]["doc_count"].as_u64().unwrap()));
    }
    counts
}

async fn every_shape_is_taken(kind: &Kind, month: &str) {
    let all = variants(kind, month);
    let (before, between, behind) = kind.around;
    let records: Vec<String> = all.iter().map(|v| v.record.to_string()).collect();
    let object = format!("{before}{}{behind}", records.join(between));
    let root = scratch();
    let key = kind.key.replace("YEAR", YEAR).replace("MONTH", month).replace("hostile", &unique());
    let path = put(&root, &key, &gzip(object.as_bytes()));
    let (path, root) = (path.to_str().unwrap(), root.to_str().unwrap());
    let url = opensearch_url();
    let run = run(&["load", path, "--root", root, "--opensearch-url", url, "--output", "json"]);
    assert_eq!(run.status, 0, "{}: {}", kind.name, run.stderr);
    let [records, indexed, present] = run.figures(["records", "indexed", "already_present"]);
    assert_eq!((records, indexed + present), (all.len() as u64, all.len() as u64), "{}", kind.name);
    // A value at the place of the id can be the id of another run.
    assert!(present <= values::shapes(false).len() as u64, "{}: {present} were there", kind.name);

    let index = format!("{}-*", kind.index);
    ok(&node(), Method::Post, &format!("/{index}/_refresh"), None).await;
    let documents = documents(&index, &key).await;
    assert_eq!(documents.len() as u64, indexed, "{}", kind.name);
    for (at, variant) in all.iter().enumerate() {
        let Some(document) = documents.get(&(at as u64)) else { continue };
        let (mut there, mut wanted) = (String::new(), Vec::new());
        let mut document = document.clone();
        // That one holds everything as it was delivered, also what cannot be searched.
        document.as_object_mut().unwrap().remove("@message");
        values_of(&document, &mut there);
        // What is around a record is another's.
        let path = format!("/{}", kind.below.replace('.', "/"));
        let record =
            if kind.below.is_empty() { Some(&variant.record) } else { variant.record.pointer(&path) };
        leaves(record.unwrap(), &mut wanted);
        for value in wanted {
            let shown: String = value.chars().take(100).collect();
            let record: String = variant.record.to_string().chars().take(2000).collect();
            assert!(there.contains(&value), "{} {at}: {shown:?} is lost: {record}", kind.name);
        }
    }
    let (mut queries, mut of) = (Vec::new(), Vec::new());
    for (at, variant) in all.iter().enumerate() {
        let Some((path, token)) = &variant.wanted else { continue };
        if !documents.contains_key(&(at as u64)) {
            continue;
        }
        let path = if kind.name == "ocsf" { format!("ocsf.{path}") } else { path.clone() };
        let types: HashMap<String, String> = typed(kind.log_type).into_iter().collect();
        let text = |path: &str| types.get(path).is_some_and(|t| matches!(t.as_str(), "keyword" | "wildcard"));
        let mut should = vec![json!({"term": {format!("siem.flat.{path}"): token}})];
        should.push(json!({"term": {format!("siem.flat.{path}.value"): token}}));
        if text(&path) {
            should.push(json!({"term": {path.clone(): token}}));
        }
        queries.push(json!({"bool": {"filter": [{"term": {"@log_s3key": key}}], "should": should, "minimum_should_match": 1}}));
        of.push(at);
    }
    for (count, at) in found(&index, &queries).await.into_iter().zip(of) {
        let Variant { record, wanted } = &all[at];
        assert_eq!(count, 1, "{}: {wanted:?} is not found: {record}", kind.name);
    }
    the_way_of_es_loader_fails(kind, &all).await;
}

/// The same records, as es-loader would have them indexed: fields made as they come, text as `keyword`.
async fn the_way_of_es_loader_fails(kind: &Kind, all: &[Variant]) {
    let index = format!("{}-way", unique());
    let body = json!({
        "settings": {"number_of_replicas": 0, "index.mapping.ignore_malformed": true,
                     "index.mapping.total_fields.limit": 8000},
        "mappings": {"dynamic_templates": [
            {"strings": {"match_mapping_type": "string", "mapping": {"type": "keyword"}}}]}
    });
    ok(&node(), Method::Put, &format!("/{index}"), Some(body)).await;
    let mut refused = 0;
    for part in all.chunks(500) {
        let lines: String = part.iter().map(|v| format!("{{\"index\":{{}}}}\n{}\n", v.record)).collect();
        let path = format!("/{index}/_bulk?filter_path=items.*.status");
        let (_, answer) = node().call(Method::Post, &path, &[], Some(&lines)).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let items = answer["items"].as_array().unwrap();
        refused += items.iter().filter(|item| item["index"]["status"] == 400).count();
    }
    assert!(refused > 0, "{}", kind.name);
    ok(&node(), Method::Delete, &format!("/{index}"), None).await;
}

fn kind(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == name).unwrap()
}

macro_rules! each {
    ($($test:ident $name:literal $month:literal;)+) => {$(
        #[tokio::test]
        async fn $test() {
            every_shape_is_taken(kind($name), $month).await;
        }
    )+};
}

each! {
    every_shape_of_cloudtrail_is_taken "cloudtrail" "01";
    every_shape_of_guardduty_is_taken "guardduty" "02";
    every_shape_of_security_hub_is_taken "securityhub" "03";
    every_shape_of_ocsf_is_taken "ocsf" "04";
    every_shape_of_config_is_taken "config" "05";
    every_shape_of_route53_resolver_is_taken "route53resolver" "06";
}
