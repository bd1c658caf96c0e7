//! The ISM policy of a retention rule.
//!
//! Written from the parsers of opensearch-project/index-management (`src/main/kotlin/org/opensearch/indexmanagement/
//! indexstatemanagement`: `model/Policy.kt`, `State.kt`, `Transition.kt`, `ISMTemplate.kt`, `ISMActionsParser.kt`,
//! `action/*ActionParser.kt`) and, for `warm_migration`, from the guide of Amazon OpenSearch Service
//! (<https://docs.aws.amazon.com/opensearch-service/latest/developerguide/ism.html>). Everything that the plugin would
//! fill in is written out, so that what is read back is what was sent.

use serde_json::{Value, json};

use super::retention::{Retention, Rule, Warm};

/// Name of the policy of a section.
pub(super) fn name(section: &str) -> String {
    format!("siem-loader-{section}")
}

/// The content of a policy, below `policy` in requests and answers.
#[must_use]
pub fn body(rule: &Rule) -> Value {
    let retention = &rule.retention;
    let mut states = vec![state("hot", &[], None)];
    if retention.merge_segments > 0 || retention.read_only {
        enter(&mut states, "settled", retention.hot_days, &settled(retention));
    }
    if let Some(days) = retention.warm_days {
        enter(&mut states, "warm", days, &warm(retention));
    }
    if let Some(days) = retention.delete_days {
        enter(&mut states, "delete", days, &delete(retention));
    }
    json!({
        "description": format!("Retention of {}, from `siem-loader setup`.", rule.patterns.join(", ")),
        "default_state": "hot",
        "states": states,
        "ism_template": [{"index_patterns": rule.patterns, "priority": retention.priority}],
    })
}

/// The content of an installed policy without what the plugin adds.
pub(super) fn content(mut policy: Value) -> Value {
    let Some(members) = policy.as_object_mut() else { return policy };
    for added in ["policy_id", "last_updated_time", "schema_version", "user"] {
        members.remove(added);
    }
    if members.get("error_notification").is_some_and(Value::is_null) {
        members.remove("error_notification");
    }
    let templates = members.get_mut("ism_template").and_then(Value::as_array_mut);
    for template in templates.into_iter().flatten().filter_map(Value::as_object_mut) {
        template.remove("last_updated_time");
    }
    policy
}

/// Adds a state that the last one goes over into at an age.
fn enter(states: &mut Vec<Value>, name: &str, days: u32, actions: &[Value]) {
    let last = states.last_mut().and_then(|state| state.get_mut("transitions"));
    if let Some(transitions) = last {
        *transitions = json!([{"state_name": name, "conditions": {"min_index_age": format!("{days}d")}}]);
    }
    states.push(state(name, actions, None));
}

fn state(name: &str, actions: &[Value], transitions: Option<Value>) -> Value {
    json!({"name": name, "actions": actions, "transitions": transitions.unwrap_or_else(|| json!([]))})
}

/// An action with a limit for each attempt. Three more attempts, 10, 20 and 40 minutes apart: a cluster that is red or
/// full for an hour should not end the policy of an index.
fn action(name: &str, settings: Value, timeout: &str) -> Value {
    json!({
        "timeout": timeout,
        "retry": {"count": 3, "backoff": "exponential", "delay": "10m"},
        name: settings,
    })
}

/// `force_merge` blocks writing before it merges (`action/ForceMergeAction.kt`, step `AttemptSetReadOnlyStep`) and
/// leaves it so; hence `read_write` after it.
fn settled(retention: &Retention) -> Vec<Value> {
    let mut actions = Vec::new();
    if retention.merge_segments > 0 {
        let segments = json!({"max_num_segments": retention.merge_segments});
        actions.push(action("force_merge", segments, "1d"));
    }
    let (name, needed) =
        if retention.read_only { ("read_only", true) } else { ("read_write", retention.merge_segments > 0) };
    if needed {
        actions.push(action(name, json!({}), "1h"));
    }
    actions
}

fn warm(retention: &Retention) -> Vec<Value> {
    match retention.warm {
        // An index in UltraWarm is in a repository of its own and no longer goes into others.
        Warm::UltraWarm => {
            let migration = action("warm_migration", json!({}), "1d");
            snapshot(retention).into_iter().chain([migration]).collect()
        }
        Warm::Attribute => {
            let (name, value) = retention.warm_attribute.split_once('=').unwrap_or(("temp", "warm"));
            let require = json!({ name: value });
            let settings = json!({"require": require, "include": {}, "exclude": {}, "wait_for": false});
            vec![action("allocation", settings, "1h")]
        }
    }
}

/// An action runs when those before it are done: without a snapshot nothing is deleted.
fn delete(retention: &Retention) -> Vec<Value> {
    let in_snapshot = retention.warm_days.is_some() && retention.warm == Warm::UltraWarm;
    let snapshot = if in_snapshot { None } else { snapshot(retention) };
    snapshot.into_iter().chain([action("delete", json!({}), "1h")]).collect()
}

/// The name gets a time from the plugin (`step/snapshot/AttemptSnapshotStep.kt`).
fn snapshot(retention: &Retention) -> Option<Value> {
    let repository = retention.snapshot_repository.as_ref()?;
    let settings = json!({"repository": repository, "snapshot": "siem-loader-{{ctx.index}}"});
    Some(action("snapshot", settings, "1d"))
}
