//! From definitions to saved objects, in the form that OpenSearch Dashboards 2.x and 3.x import.
//!
//! The values of `migrationVersion` are those that 2.19 and 3.x write themselves: with a higher one the whole
//! import is refused, without one old migrations rewrite the JSON.

use serde_json::{Map, Value, json};

use crate::objects::Object;
use crate::panel::{Bucket, Dashboard, Kind, Metric, Panel};
use crate::pattern::{Pattern, aggregatable, dashboards_type};

/// Columns of the grid.
const GRID: u64 = 48;
/// The version of OpenSearch Dashboards that the panels are said to be written by.
const PANEL_VERSION: &str = "2.19.0";
const INDEX: &str = "kibanaSavedObjectMeta.searchSourceJSON.index";

fn object(kind: &str, id: String, version: &str, attributes: Value, references: Vec<Value>) -> Object {
    let json = json!({
        "type": kind, "id": id, "attributes": attributes, "references": references,
        "migrationVersion": {kind: version},
    });
    Object { kind: kind.to_owned(), id, json }
}

fn reference(name: impl Into<String>, kind: &str, id: impl Into<String>) -> Value {
    json!({"name": name.into(), "type": kind, "id": id.into()})
}

/// An index pattern with the list of its fields, so that dashboards open before the first record is there.
pub(crate) fn index_pattern(pattern: &Pattern) -> Object {
    let only_searched = pattern.only_searched();
    let field = |name: &str, kind: &str| {
        let grouped = aggregatable(kind) && !only_searched.contains(name);
        json!({
            "name": name, "type": dashboards_type(kind), "esTypes": [kind], "count": 0, "scripted": false,
            "searchable": true, "aggregatable": grouped, "readFromDocValues": grouped,
        })
    };
    let meta = |name: &str, kind: &str, usable: bool| {
        json!({
            "name": name, "type": kind, "esTypes": [name], "count": 0, "scripted": false,
            "searchable": usable, "aggregatable": usable, "readFromDocValues": false,
        })
    };
    let mut fields = vec![
        meta("_id", "string", true),
        meta("_index", "string", true),
        json!({"name": "_score", "type": "number", "count": 0, "scripted": false, "searchable": false,
               "aggregatable": false, "readFromDocValues": false}),
        meta("_source", "_source", false),
    ];
    let own = pattern.fields();
    fields.extend(own.iter().map(|(name, kind)| field(name, kind)));
    let mut attributes = json!({"title": pattern.title, "fields": Value::from(fields).to_string()});
    if let (Some(time), Some(attributes)) = (pattern.time, attributes.as_object_mut()) {
        attributes.insert("timeFieldName".to_owned(), time.into());
    }
    if let Some(attributes) = attributes.as_object_mut() {
        let formats: Map<String, Value> =
            own.keys().filter_map(|name| Some((name.clone(), format(name)?))).collect();
        attributes.insert("fieldFormatMap".to_owned(), Value::Object(formats).to_string().into());
    }
    object("index-pattern", pattern.id.to_owned(), "7.6.0", attributes, Vec::new())
}

/// How the values of a field are shown, where not as they are.
fn format(field: &str) -> Option<Value> {
    let name = field.rsplit('.').next().unwrap_or(field);
    match name {
        "url" => Some(json!({"id": "url", "params": {"labelTemplate": "open"}})),
        // Without a thousands separator.
        "port" | "number" | "ordinal" => Some(json!({"id": "number", "params": {"pattern": "0"}})),
        "bytes" | "size" | "bytes_inflated" | "bytesTransferredIn" | "bytesTransferredOut" => {
            Some(json!({"id": "bytes"}))
        }
        _ => None,
    }
}

/// Colours of names that mean the same on every dashboard.
const SEVERITY: [(&str, &str); 5] = [
    ("critical", "#8b0000"),
    ("high", "#d9480f"),
    ("medium", "#f2a900"),
    ("low", "#5b8ff9"),
    ("informational", "#a3aab8"),
];
const OUTCOME: [(&str, &str); 5] = [
    ("success", "#54b399"),
    ("failure", "#cc5642"),
    ("unknown", "#a3aab8"),
    ("ACCEPT", "#54b399"),
    ("REJECT", "#cc5642"),
];

/// The state of the drawing: only its colours, where its series have names of ours.
fn state_of(panel: &Panel) -> Value {
    let colours: Map<String, Value> = match (&panel.kind, panel.buckets.last()) {
        (Kind::Table | Kind::Metric | Kind::Heatmap, _) => Map::new(),
        (_, Some(Bucket::Terms { field: "siem.finding.severity", .. })) => {
            SEVERITY.iter().map(|(name, colour)| ((*name).to_owned(), (*colour).into())).collect()
        }
        (_, Some(Bucket::Terms { field: "event.outcome" | "event.action", .. })) => {
            OUTCOME.iter().map(|(name, colour)| ((*name).to_owned(), (*colour).into())).collect()
        }
        (_, Some(Bucket::Filters(filters))) => {
            let of = |label: &&str| SEVERITY.iter().find(|(name, _)| label.eq_ignore_ascii_case(name));
            let labels = filters.iter().map(|(label, _)| label);
            labels.filter_map(|label| Some(((*label).to_owned(), of(label)?.1.into()))).collect()
        }
        _ => Map::new(),
    };
    if colours.is_empty() { json!({}) } else { json!({"vis": {"colors": colours}}) }
}

/// A dashboard and its panels.
pub(crate) fn dashboard(of: &Dashboard) -> Vec<Object> {
    let mut objects = Vec::new();
    let (mut panels, mut references, mut y, mut number) = (Vec::new(), Vec::new(), 0, 0);
    for row in &of.rows {
        let height = row.iter().map(Panel::height).max().unwrap_or_default();
        let (mut x, last) = (0, row.len().saturating_sub(1));
        for (at, panel) in row.iter().enumerate() {
            let width = if at == last { GRID.saturating_sub(x) } else { panel.width() };
            let made = self::panel(of, panel);
            let index = (number + 1).to_string();
            panels.push(json!({
                "version": PANEL_VERSION, "panelIndex": index, "embeddableConfig": {},
                "panelRefName": format!("panel_{number}"),
                "gridData": {"x": x, "y": y, "w": width, "h": height, "i": index},
            }));
            references.push(reference(format!("panel_{number}"), &made.kind, made.id.as_str()));
            objects.push(made);
            (x, number) = (x + width, number + 1);
        }
        y += height;
    }
    let mut filters = Vec::new();
    if let Some((name, condition)) = &of.hidden {
        let place = "kibanaSavedObjectMeta.searchSourceJSON.filter[0].meta.index";
        filters.push(json!({
            "$state": {"store": "appState"}, "query": condition,
            "meta": {"alias": name, "disabled": false, "negate": true, "type": "custom", "key": "bool",
                     "value": condition.to_string(), "indexRefName": place},
        }));
        references.push(reference(place, "index-pattern", of.pattern.id));
    }
    let source = json!({"query": {"query": "", "language": "kuery"}, "filter": filters});
    let attributes = json!({
        "title": format!("siem-loader: {}", of.name), "description": of.description, "hits": 0, "version": 1,
        "timeRestore": true, "timeFrom": of.since, "timeTo": "now",
        "refreshInterval": {"pause": true, "value": 0},
        "optionsJSON": json!({"hidePanelTitles": false, "useMargins": true}).to_string(),
        "panelsJSON": Value::from(panels).to_string(),
        "kibanaSavedObjectMeta": {"searchSourceJSON": source.to_string()},
    });
    objects.push(object("dashboard", format!("siem-loader-{}", of.slug), "7.9.3", attributes, references));
    objects
}

/// A visualization or saved search.
fn panel(of: &Dashboard, panel: &Panel) -> Object {
    let id = format!("siem-loader-{}-{}", of.slug, panel.slug);
    let title = format!("{}: {}", of.name, panel.title);
    let pattern = panel.pattern.unwrap_or(of.pattern);
    let source = json!({
        "query": {"query": panel.query, "language": "kuery"}, "filter": [], "indexRefName": INDEX,
    });
    let index = reference(INDEX, "index-pattern", pattern.id);
    if let Kind::Search(columns, time) = &panel.kind {
        let mut source = source;
        if let Some(source) = source.as_object_mut() {
            source.insert("highlightAll".to_owned(), true.into());
            source.insert("version".to_owned(), true.into());
        }
        let attributes = json!({
            "title": title, "description": panel.question, "columns": columns, "sort": [[time, "desc"]],
            "hits": 0, "version": 1, "kibanaSavedObjectMeta": {"searchSourceJSON": source.to_string()},
        });
        return object("search", id, "7.9.3", attributes, vec![index]);
    }
    let (source, references, params) = match &panel.kind {
        Kind::Markdown(text) => {
            let params = json!({"fontSize": 12, "openLinksInNewTab": false, "markdown": text});
            (json!({"query": {"query": "", "language": "kuery"}, "filter": []}), Vec::new(), params)
        }
        Kind::Controls(lists) => {
            let (params, references) = controls(lists, pattern);
            (json!({"query": {"query": "", "language": "kuery"}, "filter": []}), references, params)
        }
        _ => (source, vec![index], params(panel)),
    };
    let state =
        json!({"title": title, "type": type_name(&panel.kind), "aggs": aggs(panel), "params": params});
    let attributes = json!({
        "title": title, "description": panel.question, "visState": state.to_string(),
        "uiStateJSON": state_of(panel).to_string(),
        "version": 1, "kibanaSavedObjectMeta": {"searchSourceJSON": source.to_string()},
    });
    object("visualization", id, "7.10.0", attributes, references)
}

fn type_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Metric => "metric",
        Kind::Histogram => "histogram",
        Kind::HorizontalBar => "horizontal_bar",
        Kind::Area => "area",
        Kind::Line => "line",
        Kind::Pie => "pie",
        Kind::Table => "table",
        Kind::Heatmap => "heatmap",
        Kind::Markdown(_) => "markdown",
        Kind::Controls(_) => "input_control_vis",
        Kind::Search(..) => "search",
    }
}

fn controls(lists: &[(&str, &str)], pattern: Pattern) -> (Value, Vec<Value>) {
    let (mut all, mut references) = (Vec::new(), Vec::new());
    for (at, (field, label)) in lists.iter().enumerate() {
        let name = format!("control_{at}_index_pattern");
        all.push(json!({
            "id": format!("control_{at}"), "fieldName": field, "parent": "", "label": label, "type": "list",
            "options": {"type": "terms", "multiselect": true, "dynamicOptions": true, "size": 5, "order": "desc"},
            "indexPatternRefName": name,
        }));
        references.push(reference(name, "index-pattern", pattern.id));
    }
    let params =
        json!({"controls": all, "updateFiltersOnChange": true, "useTimeFilter": false, "pinFilters": false});
    (params, references)
}

/// The aggregations: numbers from 1 on, then groups from the outermost to the innermost.
fn aggs(panel: &Panel) -> Value {
    let mut all = Vec::new();
    for metric in &panel.metrics {
        all.push(agg(all.len(), metric.kind, "metric", metric_params(metric)));
    }
    for (at, bucket) in panel.buckets.iter().enumerate() {
        let (kind, params) = bucket_params(bucket, &panel.metrics);
        all.push(agg(all.len(), kind, schema(&panel.kind, at), params));
    }
    Value::from(all)
}

fn agg(before: usize, kind: &str, schema: &str, params: Value) -> Value {
    json!({"id": (before + 1).to_string(), "enabled": true, "type": kind, "schema": schema, "params": params})
}

/// What the group at a place is for in a visualization.
fn schema(kind: &Kind, at: usize) -> &'static str {
    match (kind, at) {
        (Kind::Table, _) => "bucket",
        (Kind::Metric, _) => "group",
        (Kind::Pie, _) | (_, 0) => "segment",
        _ => "group",
    }
}

fn metric_params(metric: &Metric) -> Value {
    let mut params = Map::new();
    if !metric.field.is_empty() {
        params.insert("field".to_owned(), metric.field.into());
    }
    params.insert("customLabel".to_owned(), metric.label.into());
    let more = match metric.kind {
        "percentiles" => json!({"percents": [50, 99]}),
        "top_hits" => {
            json!({"aggregate": "concat", "size": 1, "sortField": "@timestamp", "sortOrder": "desc"})
        }
        _ => json!({}),
    };
    params.extend(more.as_object().cloned().unwrap_or_default());
    Value::Object(params)
}

fn bucket_params(bucket: &Bucket, metrics: &[Metric]) -> (&'static str, Value) {
    match bucket {
        Bucket::Time => (
            "date_histogram",
            json!({"field": "@timestamp", "interval": "auto", "min_doc_count": 1, "extended_bounds": {}}),
        ),
        Bucket::Filters(filters) => {
            let one = |(label, dql): &(&str, String)| json!({"label": label, "input": {"query": dql, "language": "kuery"}});
            ("filters", json!({"filters": filters.iter().map(one).collect::<Vec<_>>()}))
        }
        Bucket::Terms { field, size, by, ascending, other } => {
            let orders = |metric: &Metric| !matches!(metric.kind, "top_hits" | "percentiles");
            let by =
                if metrics.get(*by).is_some_and(orders) { (by + 1).to_string() } else { "_key".to_owned() };
            let order = if *ascending { "asc" } else { "desc" };
            (
                "terms",
                json!({
                    "field": field, "size": size, "order": order, "orderBy": by, "missingBucket": false,
                    "otherBucket": other, "otherBucketLabel": "other",
                }),
            )
        }
    }
}

/// Parameters of the drawing. What is not named has the default of its type.
fn params(panel: &Panel) -> Value {
    let kind = type_name(&panel.kind);
    match panel.kind {
        Kind::Table => json!({
            "perPage": 10, "showPartialRows": false, "showMetricsAtAllLevels": false, "showTotal": false,
            "totalFunc": "sum", "percentageCol": "",
        }),
        Kind::Metric => json!({"metric": {
            "percentageMode": false, "useRanges": false, "colorSchema": "Green to Red", "metricColorMode": "None",
            "colorsRange": [{"from": 0, "to": 10000}], "labels": {"show": true}, "invertColors": false,
            "style": {"bgFill": "#000", "bgColor": false, "labelColor": false, "subText": "", "fontSize": 36},
        }}),
        Kind::Heatmap => json!({"type": kind, "colorSchema": "Reds", "colorsNumber": 5, "addTooltip": true}),
        Kind::Pie => json!({"type": kind, "isDonut": true, "addLegend": true, "addTooltip": true}),
        _ => {
            let drawn = if kind == "horizontal_bar" { "histogram" } else { kind };
            let mode = if kind == "line" { "normal" } else { "stacked" };
            let series = |(at, metric): (usize, &Metric)| {
                json!({
                    "show": true, "type": drawn, "mode": mode, "valueAxis": "ValueAxis-1", "showCircles": true,
                    "drawLinesBetweenPoints": true, "lineWidth": 2, "interpolate": "linear",
                    "data": {"label": metric.label, "id": (at + 1).to_string()},
                })
            };
            let series: Vec<Value> = panel.metrics.iter().enumerate().map(series).collect();
            json!({"type": drawn, "addLegend": true, "addTooltip": true, "legendPosition": "right",
                   "seriesParams": series})
        }
    }
}
