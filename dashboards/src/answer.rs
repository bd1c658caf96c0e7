//! The answer to a panel's search as rows, as the Dashboards server shows them.

use serde_json::Value;

use crate::objects::Object;

/// Rows of a panel: first its groups from the outermost to the innermost, then its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// Names of the groups, then of the numbers.
    pub columns: Vec<String>,
    /// How many of the columns are groups.
    pub groups: usize,
    /// The rows, in the order of the answer.
    pub rows: Vec<Vec<Value>>,
}

/// Reads the answer to the search of a visualization or saved search.
#[must_use]
pub fn rows(panel: &Object, answer: &Value) -> Rows {
    if panel.kind == "search" {
        return documents(panel, answer);
    }
    let state = panel.inner("visState");
    let aggs: Vec<&Value> = state.get("aggs").and_then(Value::as_array).into_iter().flatten().collect();
    let (metrics, buckets): (Vec<&Value>, Vec<&Value>) =
        aggs.into_iter().partition(|agg| text(agg, "schema") == "metric");
    let mut columns: Vec<String> = buckets.iter().map(|agg| label(agg)).collect();
    for metric in &metrics {
        match metric.pointer("/params/percents").and_then(Value::as_array) {
            Some(percents) => columns.extend(percents.iter().map(|p| format!("{p}% {}", label(metric)))),
            None => columns.push(label(metric)),
        }
    }
    let mut rows = Vec::new();
    let top = answer.get("aggregations").unwrap_or(&Value::Null);
    let total = answer.pointer("/hits/total/value").unwrap_or(&Value::Null);
    walk(&buckets, &metrics, top, total, &mut Vec::new(), &mut rows);
    Rows { columns, groups: buckets.len(), rows }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What a column is called.
fn label(agg: &Value) -> String {
    let params = agg.get("params").unwrap_or(&Value::Null);
    let names = [text(params, "customLabel"), text(params, "field"), text(agg, "type")];
    names.into_iter().find(|name| !name.is_empty()).unwrap_or_default().to_owned()
}

fn walk(
    buckets: &[&Value],
    metrics: &[&Value],
    within: &Value,
    count: &Value,
    above: &mut Vec<Value>,
    rows: &mut Vec<Vec<Value>>,
) {
    let Some((bucket, rest)) = buckets.split_first() else {
        let numbers = metrics.iter().flat_map(|metric| numbers(metric, within, count));
        rows.push(above.iter().cloned().chain(numbers).collect());
        return;
    };
    let found = within.get(text(bucket, "id")).and_then(|agg| agg.get("buckets"));
    let mut each = |key: Value, one: &Value| {
        above.push(key);
        walk(rest, metrics, one, one.get("doc_count").unwrap_or(&Value::Null), above, rows);
        above.pop();
    };
    match found {
        Some(Value::Array(list)) => {
            for one in list {
                let key = one.get("key_as_string").or_else(|| one.get("key"));
                each(key.cloned().unwrap_or_default(), one);
            }
        }
        Some(Value::Object(named)) => named.iter().for_each(|(key, one)| each(key.as_str().into(), one)),
        _ => {}
    }
}

fn numbers(metric: &Value, within: &Value, count: &Value) -> Vec<Value> {
    let found = within.get(text(metric, "id")).unwrap_or(&Value::Null);
    match text(metric, "type") {
        "count" => vec![count.clone()],
        "percentiles" => {
            let values = found.get("values").and_then(Value::as_array).into_iter().flatten();
            values.map(|one| one.get("value").cloned().unwrap_or_default()).collect()
        }
        "top_hits" => {
            let field = metric.pointer("/params/field").and_then(Value::as_str).unwrap_or_default();
            let hit = found.pointer("/hits/hits/0").unwrap_or(&Value::Null);
            let value = hit.get("fields").and_then(|fields| fields.get(field));
            let value = value.and_then(Value::as_array).map(|all| match all.as_slice() {
                [only] => only.clone(),
                several => Value::from(several.to_vec()),
            });
            vec![value.or_else(|| hit.get("_source").and_then(|s| at_path(s, field))).unwrap_or_default()]
        }
        _ => vec![found.get("value_as_string").or_else(|| found.get("value")).cloned().unwrap_or_default()],
    }
}

fn documents(panel: &Object, answer: &Value) -> Rows {
    let names = panel.json.pointer("/attributes/columns").and_then(Value::as_array);
    let mut columns: Vec<String> =
        names.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    if let Some(time) = panel.json.pointer("/attributes/sort/0/0").and_then(Value::as_str) {
        columns.insert(0, time.to_owned());
    }
    let hits = answer.pointer("/hits/hits").and_then(Value::as_array).into_iter().flatten();
    let row = |hit: &Value| {
        let source = hit.get("_source").unwrap_or(&Value::Null);
        columns.iter().map(|name| at_path(source, name).unwrap_or_default()).collect()
    };
    let rows = hits.map(row).collect();
    Rows { groups: columns.len(), columns, rows }
}

/// The value of a dotted path, through lists of objects and through members that have dots in their names.
fn at_path(source: &Value, path: &str) -> Option<Value> {
    if let Some(list) = source.as_array() {
        let found: Vec<Value> = list.iter().filter_map(|one| at_path(one, path)).collect();
        return (!found.is_empty()).then(|| Value::from(found));
    }
    if let Some(found) = source.get(path) {
        return Some(found.clone());
    }
    path.match_indices('.').find_map(|(dot, _)| {
        let (head, rest) = path.split_at_checked(dot)?;
        at_path(source.get(head)?, rest.strip_prefix('.')?)
    })
}
