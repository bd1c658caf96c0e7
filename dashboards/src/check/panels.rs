//! Aggregations, fields and queries of panels: what opens as an error, or answers nothing for ever.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::dql::{self, Condition};
use crate::objects::{Object, Objects};

/// Values of one group; of accounts there may be more.
const MOST_VALUES: u64 = 100;
const MOST_ACCOUNTS: u64 = 500;
const MOST_GROUPS: usize = 3;
/// Groups inside one another, all together.
const MOST_BUCKETS: u64 = 10_000;
/// Values that begin with `*` are slow; these are short lists of known words.
const LEADING_WILDCARD: [&str; 1] = ["*UnauthorizedOperation"];

/// A visualization: its type, least and most numbers, least and most groups.
const TYPES: [(&str, usize, usize, usize, usize); 8] = [
    ("area", 1, 3, 1, 2),
    ("heatmap", 1, 1, 2, 2),
    ("histogram", 1, 3, 1, 2),
    ("horizontal_bar", 1, 3, 1, 2),
    ("line", 1, 3, 1, 2),
    ("metric", 1, 8, 0, 1),
    ("pie", 1, 1, 1, 1),
    ("table", 1, 8, 1, MOST_GROUPS),
];

type Fields = BTreeMap<String, (String, bool)>;

pub(super) fn check(objects: &Objects, found: &mut Vec<String>) {
    let patterns: BTreeMap<&str, Fields> =
        objects.of("index-pattern").map(|pattern| (pattern.id.as_str(), fields(pattern))).collect();
    let none = Fields::new();
    let of = |pattern: &Object| patterns.get(pattern.id.as_str()).unwrap_or(&none);
    for panel in objects.of("visualization").chain(objects.of("search")) {
        let mut tell = |what: String| found.push(format!("{}: {what}", panel.id));
        let state = panel.inner("visState");
        let kind = text(&state, "type");
        if panel.kind == "visualization" && text(&state, "title") != panel.text("title") {
            tell("its visState has another title".to_owned());
        }
        match kind {
            "markdown" => {
                if state.pointer("/params/markdown").and_then(Value::as_str).is_none_or(str::is_empty) {
                    tell("has no text".to_owned());
                }
                continue;
            }
            "input_control_vis" => {
                for control in
                    state.pointer("/params/controls").and_then(Value::as_array).into_iter().flatten()
                {
                    match objects.referred(panel, text(control, "indexPatternRefName")) {
                        Some(pattern) => list(of(pattern), text(control, "fieldName"), &mut tell),
                        None => tell("a control has no index pattern".to_owned()),
                    }
                }
                continue;
            }
            _ => {}
        }
        let Some(pattern) = objects.pattern_of(panel) else {
            tell("has no index pattern".to_owned());
            continue;
        };
        let fields = of(pattern);
        query(fields, panel.source().get("query"), &mut tell);
        if panel.kind == "search" {
            columns(fields, panel, &mut tell);
        } else {
            aggregations(fields, &state, &mut tell);
        }
    }
    for dashboard in objects.of("dashboard") {
        let source = dashboard.source();
        let asked = source.pointer("/query/query").and_then(Value::as_str);
        if asked != Some("") {
            found.push(format!("{}: narrows all its panels by a query", dashboard.id));
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Type and use of each field of an index pattern.
fn fields(pattern: &Object) -> Fields {
    let list = pattern.inner("fields");
    let one = |field: &Value| {
        let grouped = field.get("aggregatable") == Some(&Value::Bool(true));
        (text(field, "name").to_owned(), (text(field, "type").to_owned(), grouped))
    };
    list.as_array().into_iter().flatten().map(one).collect()
}

fn grouped(fields: &Fields, name: &str, tell: &mut dyn FnMut(String)) {
    match fields.get(name) {
        None => tell(format!("no field {name}")),
        Some((kind, true)) if kind != "conflict" => {}
        Some((kind, _)) => tell(format!("{name} ({kind}) cannot be grouped, summed or sorted by")),
    }
}

/// The list of a control.
fn list(fields: &Fields, name: &str, tell: &mut dyn FnMut(String)) {
    grouped(fields, name, tell);
    if fields.get(name).is_some_and(|(kind, _)| kind != "string") {
        tell(format!("{name} is no text, so its list does not follow what is typed"));
    }
}

fn columns(fields: &Fields, search: &Object, tell: &mut dyn FnMut(String)) {
    for name in search.json.pointer("/attributes/columns").and_then(Value::as_array).into_iter().flatten() {
        if !fields.contains_key(name.as_str().unwrap_or_default()) {
            tell(format!("no field {name}"));
        }
    }
    let sort = search.json.pointer("/attributes/sort/0/0").and_then(Value::as_str);
    grouped(fields, sort.unwrap_or_default(), tell);
}

fn query(fields: &Fields, query: Option<&Value>, tell: &mut dyn FnMut(String)) {
    let Some(query) = query.filter(|query| text(query, "language") == "kuery") else {
        tell("has no query in DQL".to_owned());
        return;
    };
    let condition = match dql::parse(text(query, "query")) {
        Ok(condition) => condition,
        Err(error) => {
            tell(error.to_string());
            return;
        }
    };
    condition.each_leaf(&mut |field, leaf| {
        let Some((kind, _)) = fields.get(field) else {
            tell(format!("no field {field}"));
            return;
        };
        match (leaf, kind.as_str()) {
            (Condition::Exists(_), _) => {}
            (_, "conflict") => tell(format!("{field} has two types")),
            (Condition::Like(_, like), "string")
                if !like.starts_with('*') || LEADING_WILDCARD.contains(&like.as_str()) => {}
            (Condition::Like(_, like), "string") => tell(format!("{like} begins with a wildcard")),
            // OpenSearch answers 400, and the panel is an error.
            (Condition::Like(..), _) => tell(format!("{field} is no text, and takes no wildcard")),
            (Condition::Is { value, .. }, "number") if value.parse::<f64>().is_err() => {
                tell(format!("{field} is a number, {value} is none"));
            }
            (Condition::Is { .. }, "date") => tell(format!("{field} is a time: use a range")),
            (Condition::Range(..), "number" | "date") => {}
            (Condition::Range(..), _) => {
                tell(format!("{field} is neither number nor time, and has no range"))
            }
            _ => {}
        }
    });
}

fn aggregations(fields: &Fields, state: &Value, tell: &mut dyn FnMut(String)) {
    let all: Vec<&Value> = state.get("aggs").and_then(Value::as_array).into_iter().flatten().collect();
    let (metrics, buckets): (Vec<&Value>, Vec<&Value>) =
        all.iter().copied().partition(|agg| text(agg, "schema") == "metric");
    match TYPES.iter().find(|known| known.0 == text(state, "type")) {
        None => tell(format!("{} is no type of ours", text(state, "type"))),
        Some((_, least, most, fewest, deepest)) => {
            if !(*least..=*most).contains(&metrics.len()) || !(*fewest..=*deepest).contains(&buckets.len()) {
                tell("has too many or too few numbers or groups for its type".to_owned());
            }
        }
    }
    let ids: BTreeSet<&str> = all.iter().map(|agg| text(agg, "id")).collect();
    if ids.len() != all.len() {
        tell("two aggregations have one id".to_owned());
    }
    let series = state.pointer("/params/seriesParams").and_then(Value::as_array).map(Vec::len);
    if series.is_some_and(|series| series != metrics.len()) {
        tell("not each number has its line of seriesParams".to_owned());
    }
    for metric in &metrics {
        number(fields, metric, tell);
    }
    let mut together = 1_u64;
    for bucket in &buckets {
        together = together.saturating_mul(group(fields, bucket, &metrics, tell));
    }
    if together > MOST_BUCKETS {
        tell(format!("asks for {together} groups"));
    }
}

fn number(fields: &Fields, metric: &Value, tell: &mut dyn FnMut(String)) {
    let name = metric.pointer("/params/field").and_then(Value::as_str).unwrap_or_default();
    let kind = fields.get(name).map_or("", |(kind, _)| kind.as_str());
    let fits = match text(metric, "type") {
        "count" => return,
        "cardinality" | "top_hits" => true,
        "sum" | "avg" | "percentiles" => kind == "number",
        "min" | "max" => matches!(kind, "number" | "date"),
        _ => false,
    };
    grouped(fields, name, tell);
    if !fits {
        tell(format!("{} of {name} ({kind})", text(metric, "type")));
    }
    if metric.pointer("/params/customLabel").and_then(Value::as_str).is_none_or(str::is_empty) {
        tell(format!("the number of {name} has no label"));
    }
}

/// Checks a group and answers how many values it may have.
fn group(fields: &Fields, bucket: &Value, metrics: &[&Value], tell: &mut dyn FnMut(String)) -> u64 {
    let params = bucket.get("params").unwrap_or(&Value::Null);
    let name = text(params, "field");
    match text(bucket, "type") {
        "terms" => {
            grouped(fields, name, tell);
            let size = params.get("size").and_then(Value::as_u64).unwrap_or_default();
            let most = if name == "cloud.account.id" { MOST_ACCOUNTS } else { MOST_VALUES };
            if size == 0 || size > most {
                tell(format!("{size} values of {name}"));
            }
            let by = text(params, "orderBy");
            let ordered = metrics.iter().find(|metric| text(metric, "id") == by);
            let may_order = ordered.is_some_and(|m| !matches!(text(m, "type"), "top_hits" | "percentiles"));
            if by != "_key" && !may_order {
                tell(format!("{name} cannot be ordered by {by}"));
            }
            size
        }
        "date_histogram" => {
            if fields.get(name).is_none_or(|(kind, _)| kind != "date") {
                tell(format!("{name} is no time"));
            }
            // The bars are as long as the range asks for: about 50, 100 at most.
            100
        }
        "filters" => {
            let list = params.get("filters").and_then(Value::as_array);
            let mut labels = BTreeSet::new();
            for filter in list.into_iter().flatten() {
                query(fields, filter.get("input"), tell);
                if text(filter, "label").is_empty() || !labels.insert(text(filter, "label")) {
                    tell("two conditions have one label, or one has none".to_owned());
                }
            }
            labels.len() as u64
        }
        other => {
            tell(format!("{other} is no grouping of ours"));
            0
        }
    }
}
