//! Every panel of every dashboard, asked of a real OpenSearch that the program loaded with the fixtures.
//!
//! The answers are those of `known.ndjson`, which `known.py` counts from the raw records without this program. What no
//! fixture has (GeoIP, threat lists, the ledger of many days) is in `hand_made.ndjson`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod preview;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../real/program.rs"]
mod program;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../real/support.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use siem_dashboards::pattern::{PATTERNS, Pattern, dashboards_type};
use siem_dashboards::report::{self, Planned};
use siem_dashboards::translate::{Context, Search};
use siem_dashboards::{Objects, answer};
use siem_loader::sink::Method;
use tokio::sync::OnceCell;

use support::{node, ok, opensearch_url};

/// 2026-02-28T12:00:00Z and 2026-03-02T00:00:00Z, as in `known.py`.
const FROM: u64 = 1_772_280_000_000;
const TO: u64 = 1_772_409_600_000;
/// Sums beyond 2^53 are those of doubles.
const TOLERANCE: f64 = 1e-12;
const HAND_MADE: &str = "panels/hand-made";
const LEDGER: &str = "siem-ledger-panels";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/panels").join(name)
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// One known answer.
struct Known {
    panel: String,
    of: String,
    row: Vec<String>,
    number: String,
    value: Value,
}

fn known() -> Vec<Known> {
    let text = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
    let one = |line: Value| Known {
        panel: text(&line, "panel"),
        of: text(&line, "of"),
        row: line["row"].as_array().unwrap().iter().map(|group| group.as_str().unwrap().to_owned()).collect(),
        number: text(&line, "number"),
        value: line["value"].clone(),
    };
    lines(&here("known.ndjson")).into_iter().map(one).collect()
}

/// Loads the fixtures with the program, and the hand-made documents beside them; once, whichever test comes first.
async fn load() {
    static LOADED: OnceCell<()> = OnceCell::const_new();
    LOADED.get_or_init(load_once).await;
}

async fn load_once() {
    let objects = fixtures().join("objects");
    let objects = objects.to_str().unwrap();
    program::run(&["load", objects, "--root", objects, "--opensearch-url", opensearch_url()])
        .expect_status(0);
    let node = node();
    let template = std::fs::read_to_string(
        fixtures().join("../index-templates/index-templates/siem-loader-ledger.json"),
    );
    let template: Value = serde_json::from_str(&template.unwrap()).unwrap();
    node.call(Method::Delete, &format!("/{LEDGER}"), &[], None).await.unwrap();
    let mappings = json!({"mappings": template["template"]["mappings"]});
    ok(&node, Method::Put, &format!("/{LEDGER}"), Some(mappings)).await;
    for line in lines(&here("hand_made.ndjson")) {
        let path = format!("/{}/_doc/{}", line["index"].as_str().unwrap(), line["id"].as_str().unwrap());
        ok(&node, Method::Put, &path, Some(line["source"].clone())).await;
    }
    ok(&node, Method::Post, "/log-aws-*,siem-findings-current,siem-ledger-*/_refresh", None).await;
}

/// What keeps documents of other tests out, by the indices of a search.
fn only(index: &str, of: &str) -> Value {
    let delivered: Vec<Value> = lines(&fixtures().join("manifest.ndjson"));
    let mut keys: Vec<&str> = delivered
        .iter()
        .filter(|line| line["folder"] == "objects")
        .map(|line| line["key"].as_str().unwrap())
        .collect();
    match (index, of) {
        ("siem-ledger-*", _) => return json!({"term": {"object.bucket": "panel-tests"}}),
        (_, "hand-made") => keys = vec![HAND_MADE],
        (_, "all") => keys.push(HAND_MADE),
        ("log-aws-vpcflowlogs-*", _) => {
            keys.retain(|key| key.contains("vpcflowlogs") && key.ends_with(".log.gz"));
        }
        _ => {}
    }
    json!({"terms": {"@log_s3key": keys}})
}

async fn ask(search: &Search, of: &str) -> Value {
    let mut body = search.body.clone();
    body["query"]["bool"]["filter"].as_array_mut().unwrap().push(only(&search.index, of));
    body["track_total_hits"] = true.into();
    let answer = ok(&node(), Method::Post, &format!("/{}/_search", search.index), Some(body)).await;
    assert_eq!(answer["_shards"]["failed"], 0, "{search:?}");
    answer
}

/// Adds up what a panel says about a row: over time, and over inner groups that the known row leaves open.
fn found(planned: &Planned<'_>, answer: &Value, known: &Known) -> Option<Value> {
    if planned.panel.kind == "search" {
        return Some(answer["hits"]["total"]["value"].clone());
    }
    let rows = answer::rows(planned.panel, answer);
    let state = planned.panel.inner("visState");
    let over_time = state["aggs"].as_array().unwrap().iter().any(|agg| agg["type"] == "date_histogram");
    let skip = usize::from(over_time);
    let column = match known.number.as_str() {
        "" => rows.groups,
        name => rows.columns.iter().position(|column| column == name)?,
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let is_row =
        |row: &&Vec<Value>| known.row.iter().enumerate().all(|(at, group)| text(&row[at + skip]) == *group);
    let values: Vec<&Value> = rows.rows.iter().filter(is_row).map(|row| &row[column]).collect();
    let numbers: Vec<f64> = values.iter().filter_map(|value| value.as_f64()).collect();
    match (values.first()?, numbers.is_empty()) {
        (first, true) => Some((*first).clone()),
        // Of percentiles over time the largest, of everything else the sum.
        (_, false) if known.number.contains('%') => numbers.iter().copied().reduce(f64::max).map(Value::from),
        (_, false) => Some(numbers.iter().sum::<f64>().into()),
    }
}

fn same(found: &Value, known: &Value) -> bool {
    match (found.as_f64(), known.as_f64()) {
        (Some(found), Some(known)) => (found - known).abs() <= TOLERANCE * known.abs(),
        _ => found == known,
    }
}

fn plan(objects: &Objects) -> Vec<Planned<'_>> {
    let context = Context { from: FROM, to: TO, filters: Vec::new() };
    report::plan(objects, &context, &context).unwrap()
}

#[tokio::test]
async fn every_panel_gives_its_known_answers() {
    load().await;
    let objects = siem_dashboards::objects().unwrap();
    let known = known();
    let (mut wrong, mut without) = (Vec::new(), Vec::new());
    for planned in plan(&objects) {
        let id = &planned.panel.id;
        if planned.panel.inner("visState")["type"] == "input_control_vis" {
            for search in &planned.searches {
                let answer = ask(search, "objects").await;
                assert!(answer["aggregations"]["termsAgg"]["buckets"][0].is_object(), "{id}: {search:?}");
            }
            continue;
        }
        let Some(search) = planned.searches.first() else { continue };
        let of_panel: Vec<&Known> = known.iter().filter(|known| known.panel == *id).collect();
        if !of_panel.iter().any(|known| known.value != json!(0)) {
            without.push(id.clone());
        }
        for of in ["objects", "hand-made"] {
            let answer = ask(search, of).await;
            for known in of_panel.iter().filter(|known| known.of == of) {
                let found = found(&planned, &answer, known);
                if !found.as_ref().is_some_and(|found| same(found, &known.value)) {
                    let Known { row, number, value, .. } = known;
                    wrong.push(format!("{id} {row:?} {number}: known {value}, found {found:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(without.is_empty(), "panels without a known answer that is not 0: {without:?}");
    let panels: BTreeSet<&str> = objects.iter().map(|object| object.id.as_str()).collect();
    let gone: Vec<&str> =
        known.iter().map(|known| known.panel.as_str()).filter(|id| !panels.contains(id)).collect();
    assert!(gone.is_empty(), "known answers of panels that are not there: {gone:?}");
}

#[test]
fn the_known_answers_are_those_counted_from_the_raw_records() {
    let counted = Command::new("python3").arg(here("known.py")).output().unwrap();
    assert!(counted.status.success(), "{}", String::from_utf8_lossy(&counted.stderr));
    let there = std::fs::read(here("known.ndjson")).unwrap();
    assert!(counted.stdout == there, "run: loader/tests/panels/known.py > loader/tests/panels/known.ndjson");
}

/// Names and types of the fields of an index, by the rules of the Dashboards server.
async fn of_node(index: &str) -> BTreeMap<String, (String, bool)> {
    let answer = ok(&node(), Method::Get, &format!("/{index}/_field_caps?fields=*"), None).await;
    let mut fields = BTreeMap::new();
    for (name, types) in answer["fields"].as_object().unwrap() {
        let types = types.as_object().unwrap();
        let kinds: BTreeSet<&str> = types.keys().map(|kind| dashboards_type(kind)).collect();
        let is_object = types.keys().all(|kind| kind == "object" || kind == "nested");
        // Parts of a flat_object are not fields of their own.
        if name.starts_with('_') || is_object || name.starts_with("siem.flat.") {
            continue;
        }
        let kind = if kinds.len() == 1 { kinds.first().unwrap().to_string() } else { "conflict".to_owned() };
        fields.insert(name.clone(), (kind, types.values().any(|one| one["aggregatable"] == true)));
    }
    fields
}

#[tokio::test]
async fn the_fields_of_an_index_pattern_are_those_that_opensearch_has() {
    load().await;
    let objects = siem_dashboards::objects().unwrap();
    for Pattern { id, title, .. } in PATTERNS {
        let list = objects.get("index-pattern", id).unwrap().inner("fields");
        let listed: BTreeMap<String, (String, bool)> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|field| {
                let text = |name: &str| field[name].as_str().unwrap().to_owned();
                (text("name"), (text("type"), field["aggregatable"] == true))
            })
            .filter(|(name, _)| !name.starts_with('_'))
            .collect();
        // Indices of other tests have mappings of their own.
        let there = of_node(if title == "siem-ledger-*" { LEDGER } else { month(title) }).await;
        for (name, field) in &listed {
            assert_eq!(there.get(name), Some(field), "{title}: {name}");
        }
        let more: Vec<&String> = there.keys().filter(|name| !listed.contains_key(*name)).collect();
        assert!(more.is_empty(), "{title}: {more:?}");
    }
}

/// The indices that the fixtures are in.
fn month(title: &str) -> &'static str {
    match title {
        "log-aws-*" => "log-aws-*-2026-03",
        "log-aws-cloudtrail-*" => "log-aws-cloudtrail-2026-03",
        "log-aws-vpcflowlogs-*" => "log-aws-vpcflowlogs-2026-03",
        "log-aws-guardduty-*" => "log-aws-guardduty-2026-03",
        "log-aws-securityhub-*" => "log-aws-securityhub-2026-03",
        _ => "siem-findings-current",
    }
}

/// The mapping of saved objects in a Dashboards server: strict, so that an attribute too many is refused.
#[tokio::test]
async fn an_index_with_the_mapping_of_saved_objects_takes_the_file() {
    let keyword = || json!({"type": "keyword"});
    let text = || json!({"type": "text"});
    let stored = || json!({"type": "keyword", "index": false, "doc_values": false});
    let meta = json!({"properties": {"searchSourceJSON": text()}});
    let refresh = json!({"properties": {
        "display": stored(), "pause": {"type": "boolean"}, "section": {"type": "integer"}, "value": {"type": "integer"},
    }});
    let properties = json!({
        "type": keyword(),
        "migrationVersion": {"dynamic": "true", "type": "object"},
        "references": {"type": "nested", "properties": {"id": keyword(), "name": keyword(), "type": keyword()}},
        "index-pattern": {"dynamic": "false", "properties": {"title": text(), "type": keyword()}},
        "visualization": {"properties": {
            "description": text(), "kibanaSavedObjectMeta": meta, "savedSearchRefName": stored(), "title": text(),
            "uiStateJSON": text(), "version": {"type": "integer"}, "visState": text(),
        }},
        "search": {"properties": {
            "columns": stored(), "description": text(), "hits": {"type": "integer"}, "kibanaSavedObjectMeta": meta,
            "sort": stored(), "title": text(), "version": {"type": "integer"},
        }},
        "dashboard": {"properties": {
            "description": text(), "hits": {"type": "integer"}, "kibanaSavedObjectMeta": meta, "optionsJSON": text(),
            "panelsJSON": text(), "refreshInterval": refresh, "timeFrom": stored(), "timeRestore": {"type": "boolean"},
            "timeTo": stored(), "title": text(), "version": {"type": "integer"},
        }},
    });
    let node = node();
    let index = format!("saved-objects-{}", support::unique());
    let settings = json!({"index.number_of_replicas": 0});
    let body = json!({"settings": settings, "mappings": {"dynamic": "strict", "properties": properties}});
    ok(&node, Method::Put, &format!("/{index}"), Some(body)).await;
    let objects = siem_dashboards::objects().unwrap();
    for (at, object) in objects.iter().enumerate() {
        let document = json!({
            "type": object.kind, object.kind.as_str(): object.json["attributes"],
            "references": object.json["references"], "migrationVersion": object.json["migrationVersion"],
        });
        ok(&node, Method::Put, &format!("/{index}/_doc/{at}"), Some(document)).await;
    }
    let one_more = json!({"type": "search", "search": {"title": "x", "owner": "me"}});
    let path = format!("/{index}/_doc/more");
    let (status, _) = node.call(Method::Put, &path, &[], Some(&one_more.to_string())).await.unwrap();
    assert_eq!(status, 400);
    ok(&node, Method::Delete, &format!("/{index}"), None).await;
}
