//! From a saved visualization to the `_search` that the Dashboards server sends for it.
//!
//! The order of merging is that of `opensearchaggs.ts` and `search_source.ts` of OpenSearch Dashboards: queries and
//! filters of the dashboard and of the panel, then the time range, where the index pattern has a time field. What
//! does not change the answer (`stored_fields`, `docvalue_fields`, `preference`) is left out.

use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value, json};

use crate::dql::{self, DqlError};
use crate::interval;
use crate::objects::{Object, Objects};

/// Documents that a saved search shows (`discover:sampleSize`).
const SAMPLE: u64 = 500;

/// What the user has chosen around a panel.
#[derive(Debug, Clone)]
pub struct Context {
    /// Begin of the time range, in milliseconds since 1970.
    pub from: u64,
    /// End of the time range.
    pub to: u64,
    /// Filters pinned by the user or set by a control, as query DSL.
    pub filters: Vec<Value>,
}

/// A search.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// The indices.
    pub index: String,
    /// The body.
    pub body: Value,
}

/// Why there is no search for a panel.
#[derive(Debug, thiserror::Error)]
pub enum TranslateError {
    /// It has none by its nature: text or controls.
    #[error("a panel of type {0} searches nothing")]
    NoSearch(String),
    /// A query is none.
    #[error("query of {panel}: {error}")]
    Query {
        /// The panel's id.
        panel: String,
        /// Why.
        error: DqlError,
    },
    /// An aggregation is not understood here.
    #[error("{panel}: cannot translate the aggregation {agg}")]
    Aggregation {
        /// The panel's id.
        panel: String,
        /// The aggregation, as it is saved.
        agg: Value,
    },
    /// The panel's index pattern is not in the file.
    #[error("{0} has no index pattern in the file")]
    Pattern(String),
}

/// The search of a panel of a dashboard.
///
/// # Errors
/// [`TranslateError`]; for objects of this crate's own file only [`TranslateError::NoSearch`].
pub fn search(
    objects: &Objects,
    dashboard: &Object,
    panel: &Object,
    context: &Context,
) -> Result<Search, TranslateError> {
    let state = panel.inner("visState");
    let kind = text(&state, "type");
    if matches!(kind, "markdown" | "input_control_vis") {
        return Err(TranslateError::NoSearch(kind.to_owned()));
    }
    let pattern = objects.pattern_of(panel).ok_or_else(|| TranslateError::Pattern(panel.id.clone()))?;
    let query = query(dashboard, panel, pattern, context)?;
    let index = pattern.text("title").to_owned();
    if panel.kind == "search" {
        let one =
            |pair: &Value| json!({text_at(pair, 0): {"order": text_at(pair, 1), "unmapped_type": "boolean"}});
        let pairs = panel.json.pointer("/attributes/sort").and_then(Value::as_array);
        let sort: Vec<Value> = pairs.into_iter().flatten().map(one).collect();
        return Ok(Search { index, body: json!({"size": SAMPLE, "query": query, "sort": sort}) });
    }
    let aggs = aggregations(panel, &state, context)?;
    Ok(Search { index, body: json!({"size": 0, "query": query, "aggs": aggs}) })
}

/// The list of a control: the values that its field has.
#[must_use]
pub fn control(field: &str, filters: &[Value]) -> Value {
    let query = json!({"bool": {"must": [], "filter": filters, "should": [], "must_not": []}});
    json!({"size": 0, "query": query, "aggs": {"termsAgg": {"terms": {"field": field, "order": {"_count": "desc"}}}}})
}

fn iso(millis: u64) -> String {
    let time = i64::try_from(millis).ok().and_then(DateTime::from_timestamp_millis).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn text_at(value: &Value, at: usize) -> &str {
    value.get(at).and_then(Value::as_str).unwrap_or_default()
}

fn condition(panel: &Object, query: &Value) -> Result<Value, TranslateError> {
    let failed = |error| TranslateError::Query { panel: panel.id.clone(), error };
    Ok(dql::parse(text(query, "query")).map_err(failed)?.query())
}

fn query(
    dashboard: &Object,
    panel: &Object,
    pattern: &Object,
    context: &Context,
) -> Result<Value, TranslateError> {
    let (mut filter, mut must_not) = (Vec::new(), Vec::new());
    for object in [dashboard, panel] {
        let source = object.source();
        if let Some(query) = source.get("query") {
            let condition = condition(object, query)?;
            if !filter.contains(&condition) {
                filter.push(condition);
            }
        }
        for saved in source.get("filter").and_then(Value::as_array).into_iter().flatten() {
            let is = |name: &str| saved.pointer(&format!("/meta/{name}")) == Some(&Value::Bool(true));
            let Some(query) = saved.get("query").filter(|_| !is("disabled")) else { continue };
            if is("negate") { must_not.push(query.clone()) } else { filter.push(query.clone()) }
        }
    }
    filter.extend(context.filters.iter().cloned());
    let time = pattern.text("timeFieldName");
    if !time.is_empty() {
        filter.push(json!({"range": {time: {
            "gte": iso(context.from), "lte": iso(context.to), "format": "strict_date_optional_time",
        }}}));
    }
    Ok(json!({"bool": {"must": [], "filter": filter, "should": [], "must_not": must_not}}))
}

/// Groups inside one another in the order in which they are saved, all numbers in the innermost; of a pie also in
/// the outer ones, since it draws every level.
fn aggregations(panel: &Object, state: &Value, context: &Context) -> Result<Value, TranslateError> {
    let all: Vec<&Value> = state.get("aggs").and_then(Value::as_array).into_iter().flatten().collect();
    let (metrics, buckets): (Vec<&Value>, Vec<&Value>) =
        all.into_iter().partition(|agg| text(agg, "schema") == "metric");
    let failed = |agg: &Value| TranslateError::Aggregation { panel: panel.id.clone(), agg: agg.clone() };
    let mut numbers = Map::new();
    for metric in &metrics {
        if text(metric, "type") != "count" {
            let made = number(metric).ok_or_else(|| failed(metric))?;
            numbers.insert(text(metric, "id").to_owned(), made);
        }
    }
    let hierarchical = text(state, "type") == "pie";
    let mut inner = Value::Object(numbers.clone());
    for bucket in buckets.iter().rev() {
        let ordered_by = metrics.iter().find(|metric| {
            bucket.pointer("/params/orderBy").and_then(Value::as_str) == Some(text(metric, "id"))
        });
        let mut made = group(panel, bucket, ordered_by.copied(), context)?.ok_or_else(|| failed(bucket))?;
        if let Some(inner) = inner.as_object_mut() {
            let by = ordered_by.map(|metric| text(metric, "id")).unwrap_or_default();
            if let Some(number) = numbers.get(by) {
                inner.insert(by.to_owned(), number.clone());
            }
            if hierarchical {
                inner.extend(numbers.clone());
            }
            if !inner.is_empty() {
                made.insert("aggs".to_owned(), Value::Object(std::mem::take(inner)));
            }
        }
        inner = json!({text(bucket, "id"): made});
    }
    Ok(inner)
}

fn number(metric: &Value) -> Option<Value> {
    let (kind, params) = (text(metric, "type"), metric.get("params")?);
    let field = text(params, "field");
    Some(match kind {
        "cardinality" | "sum" | "avg" | "min" | "max" => json!({kind: {"field": field}}),
        "percentiles" => {
            json!({kind: {"field": field, "percents": params.get("percents")?, "keyed": false}})
        }
        "top_hits" => json!({kind: {
            "_source": field, "docvalue_fields": [field], "size": params.get("size")?,
            "sort": [{text(params, "sortField"): {"order": text(params, "sortOrder")}}],
        }}),
        _ => return None,
    })
}

/// A grouping, without what is inside; nothing where its kind is not understood.
fn group(
    panel: &Object,
    bucket: &Value,
    ordered_by: Option<&Value>,
    context: &Context,
) -> Result<Option<Map<String, Value>>, TranslateError> {
    let Some(params) = bucket.get("params") else { return Ok(None) };
    let field = text(params, "field");
    let made = match text(bucket, "type") {
        "terms" => {
            let by = match ordered_by {
                Some(metric) if text(metric, "type") != "count" => text(metric, "id"),
                Some(_) => "_count",
                None => "_key",
            };
            let order = json!({by: text(params, "order")});
            json!({"terms": {"field": field, "size": params.get("size"), "order": order}})
        }
        "date_histogram" if text(params, "interval") == "auto" => {
            let (name, step) = interval::auto(context.to.saturating_sub(context.from));
            json!({"date_histogram": {
                "field": field, name: step, "time_zone": "UTC", "min_doc_count": params.get("min_doc_count"),
            }})
        }
        "filters" => {
            let mut filters = Map::new();
            for filter in params.get("filters").and_then(Value::as_array).into_iter().flatten() {
                let input = filter.get("input").unwrap_or(&Value::Null);
                let query = condition(panel, input)?;
                let query = json!({"bool": {"must": [], "filter": [query], "should": [], "must_not": []}});
                filters.insert(text(filter, "label").to_owned(), query);
            }
            json!({"filters": {"filters": filters}})
        }
        _ => return Ok(None),
    };
    Ok(made.as_object().cloned())
}
