//! ISM policies in a cluster (`_plugins/_ism`, opensearch-project/index-management).

use opensearch::http::Method;
use serde_json::{Value, json};

use super::error::SetupError;
use super::owned::{Found, Planned, Record, Records, decide};
use super::plugin::{self, Answer};
use super::policy;
use super::retention::Rule;
use crate::sink::Cluster;

/// Word in records and plans.
pub(super) const KIND: &str = "policy";
const POLICIES: &str = "/_plugins/_ism/policies";

/// A policy in the cluster; none where it, or the plugin, is not there.
enum Policy {
    NoPlugin,
    Missing,
    There(Found),
}

async fn find(cluster: &Cluster, name: &str) -> Result<Policy, SetupError> {
    let path = format!("{POLICIES}/{name}");
    let answer = plugin::ask(cluster, Method::Get, &path, &[], None, &format!("{KIND} {name}")).await?;
    Ok(match answer {
        Answer::NoPlugin => Policy::NoPlugin,
        Answer::NotFound => Policy::Missing,
        Answer::Done(mut answer) => {
            let body = policy::content(answer.get_mut("policy").map(Value::take).unwrap_or_default());
            let number = |name| answer.get(name).and_then(Value::as_u64);
            let at = number("_seq_no").zip(number("_primary_term"));
            Policy::There(Found { id: name.to_owned(), body, at })
        }
    })
}

/// Compares the policies of the rules with those in the cluster; none where the cluster has no ISM.
pub(super) async fn plan(
    cluster: &Cluster,
    rules: &[Rule],
    force: bool,
) -> Result<Option<Vec<Planned>>, SetupError> {
    let names: Vec<_> = rules.iter().map(|rule| (KIND.to_owned(), policy::name(rule.section))).collect();
    let mut found = Vec::new();
    for (_, name) in &names {
        found.push(match find(cluster, name).await? {
            Policy::NoPlugin => return Ok(None),
            Policy::Missing => None,
            Policy::There(found) => Some(found),
        });
    }
    let records = Records::new(cluster).of(&names).await?;
    let planned = rules.iter().zip(names).zip(found).map(|((rule, key), found)| {
        decide(KIND, &key.1, policy::body(rule), found, records.get(&key), force)
    });
    Ok(Some(planned.collect()))
}

/// Writes one policy and reads it back. With the sequence number of what was planned for: the plugin takes a write
/// without one only where there is no such policy (`TransportIndexPolicyAction.kt`).
pub(super) async fn write(cluster: &Cluster, planned: &Planned) -> Result<Record, SetupError> {
    let object = format!("{KIND} {}", planned.name);
    let path = format!("{POLICIES}/{}", planned.name);
    let at = planned.found.as_ref().and_then(|found| found.at);
    let (seq_no, primary_term) =
        at.map(|(seq, term)| (seq.to_string(), term.to_string())).unwrap_or_default();
    let query = [("if_seq_no", seq_no.as_str()), ("if_primary_term", primary_term.as_str())];
    let query: &[_] = if at.is_some() { &query } else { &[] };
    let body = json!({"policy": planned.body});
    plugin::ask(cluster, Method::Put, &path, query, Some(&body), &object).await?;
    let installed = match find(cluster, &planned.name).await? {
        Policy::There(found) => found.body,
        Policy::Missing | Policy::NoPlugin => Value::Null,
    };
    Ok(Record::written(planned, &planned.name, &installed))
}

/// An index and the policy that manages it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Managed {
    pub(super) index: String,
    /// None: nothing manages it.
    pub(super) policy: Option<String>,
    /// What is wrong, in ISM's own words.
    pub(super) problem: Option<String>,
}

/// What ISM says of the indices of some patterns. None: no ISM, or no such index. ISM may leave out what it does not
/// manage, so the cluster is asked for the names.
pub(super) async fn explain(cluster: &Cluster, patterns: &[String]) -> Result<Vec<Managed>, SetupError> {
    let patterns = patterns.join(",");
    let (object, path) = ("the state of the indices", format!("/_plugins/_ism/explain/{patterns}"));
    let Answer::Done(states) = plugin::ask(cluster, Method::Get, &path, &[], None, object).await? else {
        return Ok(Vec::new());
    };
    let path = format!("/_resolve/index/{patterns}");
    let Answer::Done(names) = plugin::ask(cluster, Method::Get, &path, &[], None, "the indices").await?
    else {
        return Ok(Vec::new());
    };
    let indices = names.get("indices").and_then(Value::as_array).into_iter().flatten();
    let names = indices.filter_map(|index| index.get("name").and_then(Value::as_str));
    Ok(names.map(|name| managed(name, states.get(name).unwrap_or(&Value::Null))).collect())
}

/// One index in an answer of explain (`transport/action/explain/ExplainResponse.kt`): a policy that is null where there
/// is none, and the state of its last step.
fn managed(index: &str, state: &Value) -> Managed {
    let text = |pointer: &str| state.pointer(pointer).and_then(Value::as_str);
    let truth = |pointer: &str| state.pointer(pointer).and_then(Value::as_bool);
    let setting = state.get("index.plugins.index_state_management.policy_id").and_then(Value::as_str);
    let policy = text("/policy_id").or(setting).map(str::to_owned);
    let failed = truth("/retry_info/failed") == Some(true)
        || truth("/action/failed") == Some(true)
        || text("/step/step_status") == Some("failed");
    let stopped = policy.is_some() && truth("/enabled") == Some(false);
    let words = text("/info/message").or(text("/info/cause")).unwrap_or("it does not say why");
    let step = text("/action/name").unwrap_or("its policy");
    let problem = match (failed, stopped) {
        (true, _) => Some(format!("{step} failed: {words}")),
        (false, true) => Some("its policy is switched off".to_owned()),
        (false, false) => None,
    };
    Managed { index: index.to_owned(), policy, problem }
}

/// Attaches the policy to those indices of its patterns that none manages, and says to which. An index that has a
/// policy, whoever's, keeps it.
pub(super) async fn attach(cluster: &Cluster, rule: &Rule) -> Result<Vec<String>, SetupError> {
    let unmanaged =
        explain(cluster, &rule.patterns).await?.into_iter().filter(|index| index.policy.is_none());
    let mut attached = Vec::new();
    for Managed { index, .. } in unmanaged {
        let path = format!("/_plugins/_ism/add/{index}");
        let body = json!({"policy_id": policy::name(rule.section)});
        let answer =
            plugin::ask(cluster, Method::Post, &path, &[], Some(&body), &format!("index {index}")).await?;
        let Answer::Done(answer) = answer else { continue };
        // 200 also where it failed: `{"updated_indices":0,"failures":true,"failed_indices":[{"reason":…}]}`.
        if answer.get("failures").and_then(Value::as_bool) == Some(true) {
            let reason = answer
                .pointer("/failed_indices/0/reason")
                .and_then(Value::as_str)
                .unwrap_or("no reason given");
            return Err(SetupError::Refused {
                object: format!("index {index}"),
                reason: reason.chars().take(300).collect(),
                advice: "attach the policy by hand, or remove what is in its way",
            });
        }
        attached.push(index);
    }
    Ok(attached)
}

/// Whether the policy is there; none without the plugin.
pub(super) async fn is_there(cluster: &Cluster, section: &str) -> Result<Option<bool>, SetupError> {
    Ok(match find(cluster, &policy::name(section)).await? {
        Policy::NoPlugin => None,
        Policy::Missing => Some(false),
        Policy::There(_) => Some(true),
    })
}
