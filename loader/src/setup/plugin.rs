//! Requests to the plugins of OpenSearch, any of which a cluster may not have.

use opensearch::http::Method;
use serde_json::Value;

use super::error::SetupError;
use crate::sink::{Cluster, classify_response};

/// What a plugin answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// 2xx.
    Done(Value),
    /// 404: no such object, or the plugin has not made its index yet.
    NotFound,
    /// The node does not know the path: it does not have the plugin.
    NoPlugin,
}

/// A node without the plugin answers 400 and an error that is text, not an object.
const NO_HANDLER: &str = "no handler found for uri";
/// Amazon OpenSearch Service answers so where a domain does not have a feature.
const NOT_ALLOWED: [&str; 2] = ["Your request:", "is not allowed"];
/// ISM answers 403 and this text, without JSON, where an action is not in `plugins.index_state_management.allow_list`
/// (`RestIndexPolicyAction.kt` of opensearch-project/index-management).
const ACTION_NOT_ALLOWED: &str = "You have actions that are not allowed in your policy";
/// Both plugins refuse with 400 and a reason about the object, which is ours, so that it may be shown.
const REASON_CHARS: usize = 300;

/// Sends one request. `object` names what it is about, for messages.
pub(super) async fn ask(
    cluster: &Cluster,
    method: Method,
    path: &str,
    query: &[(&str, &str)],
    body: Option<&Value>,
    object: &str,
) -> Result<Answer, SetupError> {
    let body = body.map(Value::to_string);
    let (status, answer) = cluster.call(method, path, query, body.as_deref()).await?;
    let json = serde_json::from_slice::<Value>(&answer).ok();
    if let (200..=299, Some(json)) = (status, &json) {
        return Ok(Answer::Done(json.clone()));
    }
    let text = String::from_utf8_lossy(&answer);
    if no_plugin(status, json.as_ref(), &text) {
        return Ok(Answer::NoPlugin);
    }
    if status == 404 && json.as_ref().is_some_and(|json| json.get("error").is_some()) {
        return Ok(Answer::NotFound);
    }
    if status == 403 && text.contains(ACTION_NOT_ALLOWED) {
        let advice = "add the action to the cluster setting plugins.index_state_management.allow_list, or leave it out \
                      of the retention file";
        return Err(SetupError::Refused { object: object.to_owned(), reason: shown(&text), advice });
    }
    let reason = json.as_ref().and_then(|json| json.pointer("/error/reason")).and_then(Value::as_str);
    if let (400 | 409, Some(reason)) = (status, reason) {
        let advice = if reason.contains("different priority") {
            "another policy covers the same indices: give ours another `priority` in the retention file"
        } else if reason.contains("[warm_migration]") {
            "this cluster has no UltraWarm: leave out warm_days, or set warm = \"attribute\" in the retention file"
        } else if status == 409 {
            "somebody changed it meanwhile: run setup again"
        } else {
            "see the reason; the object is shown by `--dry-run`"
        };
        return Err(SetupError::Refused { object: object.to_owned(), reason: shown(reason), advice });
    }
    let source = classify_response(cluster.url(), status, &answer);
    Err(SetupError::Object { object: object.to_owned(), source })
}

fn no_plugin(status: u16, json: Option<&Value>, text: &str) -> bool {
    let error = json.and_then(|json| json.get("error")).and_then(Value::as_str);
    let no_handler = matches!(status, 400 | 405) && error.is_some_and(|error| error.starts_with(NO_HANDLER));
    let managed = matches!(status, 400 | 401 | 403) && NOT_ALLOWED.iter().all(|words| text.contains(words));
    no_handler || managed
}

/// A reason on one line, shortened.
fn shown(reason: &str) -> String {
    reason.chars().map(|c| if crate::shown::is_trick(c) { ' ' } else { c }).take(REASON_CHARS).collect()
}
