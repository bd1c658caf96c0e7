//! A preview of the dashboards for those who have OpenSearch and no Dashboards server: the same panels, from the
//! same searches, on one page that needs no network.
//!
//! [`msearch`] is what to ask, [`html`] draws the answers. Who sends the one and keeps the other is up to the caller.

use serde_json::{Value, json};

use crate::answer;
use crate::objects::{Object, Objects};
use crate::pattern;
use crate::translate::{self, Context, Search, TranslateError};

/// Dashboards in the order in which a responder reads them.
const ORDER: [&str; 7] = [
    "siem-loader-overview",
    "siem-loader-entity",
    "siem-loader-cloudtrail",
    "siem-loader-vpcflowlogs",
    "siem-loader-guardduty",
    "siem-loader-securityhub",
    "siem-loader-pipeline",
];
/// Documents of a saved search that the page shows.
const SHOWN: usize = 25;

const PAGE: &str = include_str!("report.html");
const SCRIPT: &str = include_str!("report.js");

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A panel has no search.
    #[error(transparent)]
    Translate(#[from] TranslateError),
    /// The answers are not those to the searches.
    #[error("{answers} answers to {searches} searches")]
    Answers {
        /// Searches that were to be sent.
        searches: usize,
        /// Answers that came.
        answers: usize,
    },
    /// OpenSearch did not answer a search.
    #[error("search of {panel} failed: {error}")]
    Search {
        /// The panel's id.
        panel: String,
        /// OpenSearch's words.
        error: Value,
    },
}

/// A panel with the searches behind it: none, one, or one a list of a control.
#[derive(Debug)]
pub struct Planned<'a> {
    /// The dashboard.
    pub dashboard: &'a Object,
    /// Its place in the grid.
    pub grid: Value,
    /// The panel.
    pub panel: &'a Object,
    /// Its index pattern.
    pub pattern: Option<&'a Object>,
    /// What it asks.
    pub searches: Vec<Search>,
}

/// All panels of all dashboards, in order, with their searches. The ledger has a time range of its own: it goes by
/// when objects were loaded, logs by when things happened.
///
/// # Errors
/// [`TranslateError`] for a panel that cannot be translated.
pub fn plan<'a>(
    objects: &'a Objects,
    logs: &Context,
    ledger: &Context,
) -> Result<Vec<Planned<'a>>, TranslateError> {
    let mut all = Vec::new();
    for dashboard in ORDER.iter().filter_map(|id| objects.get("dashboard", id)) {
        for (grid, panel) in objects.panels(dashboard) {
            let pattern = objects.pattern_of(panel);
            let is_ledger = pattern.is_some_and(|pattern| pattern.id == pattern::OBJECTS.id);
            let context = if is_ledger { ledger } else { logs };
            let searches = match translate::search(objects, dashboard, panel, context) {
                Ok(search) => vec![search],
                Err(TranslateError::NoSearch(_)) => lists(objects, panel, context),
                Err(error) => return Err(error),
            };
            all.push(Planned { dashboard, grid, panel, pattern, searches });
        }
    }
    Ok(all)
}

/// The searches of the lists of a control.
fn lists(objects: &Objects, panel: &Object, context: &Context) -> Vec<Search> {
    let state = panel.inner("visState");
    let all = state.pointer("/params/controls").and_then(Value::as_array).into_iter().flatten();
    let list = |control: &Value| {
        let text = |name: &str| control.get(name).and_then(Value::as_str);
        let pattern = objects.referred(panel, text("indexPatternRefName")?)?;
        let body = translate::control(text("fieldName")?, &context.filters);
        Some(Search { index: pattern.text("title").to_owned(), body })
    };
    all.filter_map(list).collect()
}

/// The body of one `_msearch` for all of them.
#[must_use]
pub fn msearch(plan: &[Planned<'_>]) -> String {
    let searches = plan.iter().flat_map(|planned| &planned.searches);
    let lines = searches.map(|search| format!("{}\n{}\n", json!({"index": search.index}), search.body));
    lines.collect()
}

/// The page. `answers` is the answer to [`msearch`], `library` the source of Apache ECharts.
///
/// # Errors
/// [`ReportError`] when the answers are fewer or more, or one is an error.
pub fn html(plan: &[Planned<'_>], answers: &Value, library: &str) -> Result<String, ReportError> {
    let list = answers.get("responses").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let searches = plan.iter().map(|planned| planned.searches.len()).sum();
    if list.len() != searches {
        return Err(ReportError::Answers { searches, answers: list.len() });
    }
    let mut answers = list.iter();
    let mut dashboards: Vec<Value> = Vec::new();
    for planned in plan {
        let mut own = Vec::new();
        for answer in answers.by_ref().take(planned.searches.len()) {
            if let Some(error) = answer.get("error") {
                return Err(ReportError::Search { panel: planned.panel.id.clone(), error: error.clone() });
            }
            own.push(answer);
        }
        let panel = drawn(planned, &own);
        let id = planned.dashboard.id.as_str();
        let is_new = dashboards.last().is_none_or(|last| last.get("id").and_then(Value::as_str) != Some(id));
        if is_new {
            dashboards.push(json!({
                "id": id, "title": planned.dashboard.text("title"),
                "description": planned.dashboard.text("description"), "panels": [],
            }));
        }
        if let Some(Value::Array(panels)) = dashboards.last_mut().and_then(|last| last.get_mut("panels")) {
            panels.push(panel);
        }
    }
    // `<` could end the script that holds the data; what attackers wrote into the logs is in there.
    let data = Value::from(dashboards).to_string().replace('<', "\\u003c");
    let page = PAGE.replacen("/*LIBRARY*/", library, 1);
    Ok(page.replacen("/*SCRIPT*/", SCRIPT, 1).replacen("/*DATA*/", &data, 1))
}

/// Labels of the numbers that are bytes.
fn bytes(planned: &Planned<'_>, state: &Value) -> Vec<Value> {
    let formats = planned.pattern.map(|pattern| pattern.inner("fieldFormatMap")).unwrap_or_default();
    let all = state.get("aggs").and_then(Value::as_array).into_iter().flatten();
    let label = |agg: &Value| {
        let field = agg.pointer("/params/field").and_then(Value::as_str)?;
        let format = formats.get(field)?.get("id")?;
        (format == "bytes").then(|| agg.pointer("/params/customLabel").cloned()).flatten()
    };
    all.filter_map(label).collect()
}

/// A panel as the script of the page draws it.
fn drawn(planned: &Planned<'_>, answers: &[&Value]) -> Value {
    let panel = planned.panel;
    let state = panel.inner("visState");
    let kind = state.get("type").and_then(Value::as_str).unwrap_or("search");
    let mut made = json!({
        "id": panel.id, "title": panel.text("title"), "question": panel.text("description"), "type": kind,
        "grid": planned.grid,
    });
    let more = match kind {
        "markdown" => json!({"markdown": state.pointer("/params/markdown")}),
        "input_control_vis" => {
            let lists = state.pointer("/params/controls").and_then(Value::as_array);
            let list = |(control, answer): (&Value, &&Value)| {
                let buckets = answer.pointer("/aggregations/termsAgg/buckets").and_then(Value::as_array);
                let keys: Vec<&Value> = buckets.into_iter().flatten().filter_map(|b| b.get("key")).collect();
                json!({"label": control.get("label"), "values": keys})
            };
            json!({"lists": lists.into_iter().flatten().zip(answers).map(list).collect::<Vec<_>>()})
        }
        _ => {
            let empty = Value::Null;
            let mut rows = answer::rows(panel, answers.first().copied().unwrap_or(&empty));
            if kind == "search" {
                rows.rows.truncate(SHOWN);
            }
            let time = state.pointer("/aggs").and_then(Value::as_array).into_iter().flatten();
            let mut time = time.filter(|agg| agg.get("schema").and_then(Value::as_str) != Some("metric"));
            let over_time = time.any(|agg| agg.get("type").and_then(Value::as_str) == Some("date_histogram"));
            json!({
                "columns": rows.columns, "groups": rows.groups, "rows": rows.rows, "time": over_time,
                "colours": panel.inner("uiStateJSON").pointer("/vis/colors"), "bytes": bytes(planned, &state),
            })
        }
    };
    if let (Some(made), Some(more)) = (made.as_object_mut(), more.as_object()) {
        made.extend(more.clone());
    }
    made
}
