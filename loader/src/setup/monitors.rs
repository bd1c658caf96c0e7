//! The monitors and their way into a cluster (`_plugins/_alerting`, opensearch-project/alerting).
//!
//! The JSON in `index-templates/monitors` is the body of `POST _plugins/_alerting/monitors`, written from the parsers of
//! opensearch-project/common-utils (`src/main/kotlin/org/opensearch/commons/alerting/model`: `Monitor.kt`,
//! `SearchInput.kt`, `QueryLevelTrigger.kt`, `action/Action.kt`, `action/Throttle.kt`).

use opensearch::http::Method;
use serde_json::{Value, json};

use super::error::SetupError;
use super::owned::{Found, Planned, Record, Records, decide};
use super::plugin::{self, Answer};
use crate::sink::Cluster;

/// Word in records and plans.
pub(super) const KIND: &str = "monitor";
/// Where monitors are.
pub(super) const PATH: &str = "/_plugins/_alerting/monitors";
/// Monitors that are looked through for ours: all names that begin as ours do.
const MOST_MONITORS: usize = 200;

macro_rules! monitors {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../index-templates/monitors/", $name, ".json")))),*]
    };
}

/// Every monitor: the name of its file, and the file.
pub static MONITORS: &[(&str, &str)] = monitors![
    "root-use",
    "console-login-without-mfa",
    "cloudtrail-tampering",
    "guardduty-high",
    "source-quiet",
    "lag",
    "dead-letters",
    "rejected",
];

/// The body of a monitor that notifies through a channel; without one it has no actions, and its alerts are seen in
/// Dashboards alone.
#[must_use]
pub fn body(monitor: &str, channel: Option<&str>) -> Value {
    let mut body: Value = serde_json::from_str(monitor).unwrap_or_default();
    let triggers = body.get_mut("triggers").and_then(Value::as_array_mut);
    for trigger in triggers.into_iter().flatten() {
        let Some(actions) = trigger.pointer_mut("/query_level_trigger/actions") else { continue };
        match channel {
            None => *actions = json!([]),
            Some(channel) => {
                let actions = actions.as_array_mut().into_iter().flatten();
                actions
                    .filter_map(|action| action.get_mut("destination_id"))
                    .for_each(|id| *id = channel.into());
            }
        }
    }
    body
}

fn name_of(body: &Value) -> &str {
    body.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// The content of an installed monitor without what the plugin counts on and what its form in Dashboards remembers.
fn content(mut monitor: Value) -> Value {
    let Some(members) = monitor.as_object_mut() else { return monitor };
    let added = [
        "last_update_time",
        "enabled_time",
        "schema_version",
        "user",
        "ui_metadata",
        "data_sources",
        "owner",
    ];
    added.iter().for_each(|added| drop(members.remove(*added)));
    monitor
}

/// The channel that an installed monitor notifies.
fn channel_of(found: &Value) -> Option<&str> {
    let mut triggers = found.get("triggers")?.as_array()?.iter();
    triggers.find_map(|trigger| trigger.pointer("/query_level_trigger/actions/0/destination_id")?.as_str())
}

/// One monitor by its id.
async fn get(cluster: &Cluster, id: &str) -> Result<Option<Found>, SetupError> {
    let path = format!("{PATH}/{id}");
    let answer = plugin::ask(cluster, Method::Get, &path, &[], None, &format!("{KIND} {id}")).await?;
    let Answer::Done(mut answer) = answer else { return Ok(None) };
    let body = content(answer.get_mut("monitor").map(Value::take).unwrap_or_default());
    let number = |name| answer.get(name).and_then(Value::as_u64);
    let at = number("_seq_no").zip(number("_primary_term"));
    Ok(Some(Found { id: id.to_owned(), body, at }))
}

/// Names and ids of the installed monitors that are named as ours; none where the cluster has no alerting.
pub(super) async fn named_as_ours(cluster: &Cluster) -> Result<Option<Vec<(String, String)>>, SetupError> {
    let query =
        json!({"size": MOST_MONITORS, "query": {"match_phrase_prefix": {"monitor.name": "siem-loader"}}});
    let path = format!("{PATH}/_search");
    let answer = plugin::ask(cluster, Method::Post, &path, &[], Some(&query), "the list of monitors").await?;
    let answer = match answer {
        Answer::NoPlugin => return Ok(None),
        // There is no monitor yet, and so no index of them.
        Answer::NotFound => return Ok(Some(Vec::new())),
        Answer::Done(answer) => answer,
    };
    let hits = answer.pointer("/hits/hits").and_then(Value::as_array).into_iter().flatten();
    let named = hits.filter_map(|hit| {
        let source = hit.get("_source")?;
        // As the plugin stores it, or as it shows it (`RestSearchMonitorAction.kt`).
        let name = source.get("name").or_else(|| source.pointer("/monitor/name"))?.as_str()?;
        Some((name.to_owned(), hit.get("_id")?.as_str()?.to_owned()))
    });
    Ok(Some(named.collect()))
}

/// Compares the monitors with those in the cluster; none where the cluster has no alerting. Without a channel the
/// installed ones keep theirs.
pub(super) async fn plan(
    cluster: &Cluster,
    channel: Option<&str>,
    force: bool,
) -> Result<Option<Vec<Planned>>, SetupError> {
    let Some(named) = named_as_ours(cluster).await? else { return Ok(None) };
    let keys: Vec<_> = MONITORS.iter().map(|(file, _)| (KIND.to_owned(), (*file).to_owned())).collect();
    let records = Records::new(cluster).of(&keys).await?;
    let mut planned = Vec::new();
    for ((file, monitor), key) in MONITORS.iter().zip(&keys) {
        let record = records.get(key);
        let silent = body(monitor, None);
        let by_name = named.iter().find(|(name, _)| name == name_of(&silent)).map(|(_, id)| id.as_str());
        let mut found = None;
        for id in [record.map(|record| record.id.as_str()), by_name].into_iter().flatten() {
            if found.is_none() {
                found = get(cluster, id).await?;
            }
        }
        let channel = channel.or_else(|| found.as_ref().and_then(|found| channel_of(&found.body)));
        let ours = body(monitor, channel);
        planned.push(decide(KIND, file, ours, found, record, force));
    }
    Ok(Some(planned))
}

/// Writes one monitor and reads it back.
pub(super) async fn write(cluster: &Cluster, planned: &Planned) -> Result<Record, SetupError> {
    let object = format!("{KIND} {}", planned.name);
    let answer = match &planned.found {
        None => plugin::ask(cluster, Method::Post, PATH, &[], Some(&planned.body), &object).await?,
        Some(found) => {
            let path = format!("{PATH}/{}", found.id);
            let (seq_no, term) =
                found.at.map(|(seq, term)| (seq.to_string(), term.to_string())).unwrap_or_default();
            let query = [("if_seq_no", seq_no.as_str()), ("if_primary_term", term.as_str())];
            let query: &[_] = if found.at.is_some() { &query } else { &[] };
            plugin::ask(cluster, Method::Put, &path, query, Some(&planned.body), &object).await?
        }
    };
    let id = match (&answer, &planned.found) {
        (Answer::Done(answer), _) if answer.get("_id").is_some_and(Value::is_string) => {
            answer.get("_id").and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        (_, Some(found)) => found.id.clone(),
        _ => {
            let reason = "the answer has no id".to_owned();
            return Err(SetupError::Refused { object, reason, advice: "run setup again" });
        }
    };
    let installed = get(cluster, &id).await?.map(|found| found.body).unwrap_or_default();
    Ok(Record::written(planned, &id, &installed))
}

/// The state of one monitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Health {
    pub(super) enabled: bool,
    pub(super) notifies: bool,
    /// The error of its search or of a condition when it is run once now, without consequences.
    pub(super) error: Option<String>,
    /// Whether its schedule runs, where a node says so.
    pub(super) on_time: Option<bool>,
}

/// Looks at an installed monitor, runs it dry (`POST …/_execute?dryrun=true`), and looks for its last scheduled run.
pub(super) async fn health(cluster: &Cluster, id: &str) -> Result<Option<Health>, SetupError> {
    let Some(Found { body, .. }) = get(cluster, id).await? else { return Ok(None) };
    let object = format!("{KIND} {id}");
    let path = format!("{PATH}/{id}/_execute");
    let ran = plugin::ask(cluster, Method::Post, &path, &[("dryrun", "true")], None, &object).await?;
    let error = match &ran {
        Answer::Done(result) => run_error(result),
        Answer::NotFound | Answer::NoPlugin => Some("it cannot be run".to_owned()),
    };
    let stats =
        plugin::ask(cluster, Method::Get, "/_plugins/_alerting/stats", &[], None, "the runs of monitors");
    // A user may lack this right, and Amazon OpenSearch Service this path.
    let on_time = match stats.await {
        Ok(Answer::Done(stats)) => last_run(&stats, id),
        _ => None,
    };
    let enabled = body.get("enabled").and_then(Value::as_bool) == Some(true);
    Ok(Some(Health { enabled, notifies: channel_of(&body).is_some(), error, on_time }))
}

/// The first error in the result of a run (`model/MonitorRunResult.kt`, `QueryLevelTriggerRunResult.kt`).
fn run_error(result: &Value) -> Option<String> {
    let of = |value: &Value| {
        value.get("error").and_then(Value::as_str).map(|text| text.chars().take(200).collect())
    };
    let input = result.get("input_results").and_then(of);
    let triggers = result.get("trigger_results").and_then(Value::as_object).into_iter().flatten();
    of(result).or(input).or_else(|| triggers.filter_map(|(_, trigger)| of(trigger)).next())
}

/// Whether the node that has the monitor runs it on time (`core/schedule/JobSchedulerMetrics.kt`).
fn last_run(stats: &Value, id: &str) -> Option<bool> {
    let nodes = stats.get("nodes").and_then(Value::as_object).into_iter().flatten();
    let mut jobs =
        nodes.filter_map(|(_, node)| node.get("jobs_info")?.get(id)?.get("running_on_time")?.as_bool());
    jobs.next()
}
