//! Retention: the settings, the policies made of them against what the parsers of index-management take, and what the
//! policies drive, as plain calls on the real node.

use serde_json::{Value, json};
use siem_loader::setup::{parse_retention, policy_body};
use siem_loader::sink::Method;

use crate::support::{index_name, node, ok, send};

/// Policies of a retention file, by section.
fn policies(text: &str) -> Vec<(&'static str, Value)> {
    let rules = parse_retention(text).unwrap();
    rules.iter().map(|rule| (rule.section, policy_body(rule))).collect()
}

fn policy(text: &str, section: &str) -> Value {
    policies(text).into_iter().find(|(name, _)| *name == section).unwrap().1
}

/// The members of an object, none but `known`.
fn members<'a>(value: &'a Value, known: &[&str]) -> &'a serde_json::Map<String, Value> {
    let members = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    for name in members.keys() {
        assert!(known.contains(&name.as_str()), "Invalid field: [{name}] found in {value}");
    }
    members
}

/// A time as `TimeValue` reads it.
fn is_time(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    let number = ["m", "h", "d"].iter().find_map(|unit| text.strip_suffix(unit));
    number.is_some_and(|number| number.parse::<u32>().is_ok_and(|number| number > 0))
}

/// Refuses what `Policy.parse` and the parsers below it would refuse (opensearch-project/index-management,
/// `indexstatemanagement/model/{Policy,State,Transition,ISMTemplate}.kt`, `ISMActionsParser.kt`,
/// `action/*ActionParser.kt`, `spi/…/model/Action{Retry,Timeout}.kt`).
fn check(policy: &Value) {
    let policy = members(
        policy,
        &[
            "policy_id",
            "description",
            "schema_version",
            "last_updated_time",
            "error_notification",
            "default_state",
            "states",
            "ism_template",
            "user",
        ],
    );
    assert!(policy["description"].is_string());
    let states = policy["states"].as_array().unwrap();
    let names: Vec<&str> = states.iter().map(|state| state["name"].as_str().unwrap()).collect();
    assert!(
        names.contains(&policy["default_state"].as_str().unwrap()),
        "Policy must have a valid default state"
    );
    for state in states {
        let state = members(state, &["name", "actions", "transitions"]);
        let name = state["name"].as_str().unwrap();
        assert!(!name.trim().is_empty() && names.iter().filter(|n| **n == name).count() == 1);
        let mut deletes = false;
        for action in state["actions"].as_array().unwrap() {
            assert!(!deletes, "State={name} must not contain an action after a delete action");
            deletes = check_action(action) == "delete";
        }
        let transitions = state["transitions"].as_array().unwrap();
        assert!(
            !deletes || transitions.is_empty(),
            "State={name} cannot contain transitions if using delete action"
        );
        for transition in transitions {
            let transition = members(transition, &["state_name", "conditions"]);
            assert!(names.contains(&transition["state_name"].as_str().unwrap()));
            let known = ["min_index_age", "min_doc_count", "min_size", "cron", "min_rollover_age"];
            let conditions = members(&transition["conditions"], &known);
            assert_eq!(conditions.len(), 1, "Cannot provide more than one Transition condition");
            assert!(is_time(&conditions["min_index_age"]));
        }
    }
    for template in policy["ism_template"].as_array().unwrap() {
        let template = members(template, &["index_patterns", "priority", "last_updated_time"]);
        assert!(!template["index_patterns"].as_array().unwrap().is_empty());
        assert!(
            template["priority"]
                .as_i64()
                .is_some_and(|priority| (0..=i64::from(i32::MAX)).contains(&priority))
        );
    }
}

/// Checks an action and returns its name.
fn check_action(action: &Value) -> &str {
    let settings = [
        ("force_merge", &["max_num_segments"][..]),
        ("read_only", &[]),
        ("read_write", &[]),
        ("allocation", &["require", "include", "exclude", "wait_for"]),
        ("snapshot", &["repository", "snapshot"]),
        ("delete", &[]),
        // Of Amazon OpenSearch Service; its parser is not public.
        ("warm_migration", &[]),
    ];
    let names: Vec<&str> = settings.iter().map(|(name, _)| *name).chain(["timeout", "retry"]).collect();
    let action = members(action, &names);
    assert!(is_time(&action["timeout"]));
    let retry = members(&action["retry"], &["count", "backoff", "delay"]);
    assert!(
        retry["count"].as_u64().is_some_and(|count| count > 0),
        "Count for ActionRetry must be a non-negative number"
    );
    assert!(
        ["exponential", "constant", "linear"].contains(&retry["backoff"].as_str().unwrap())
            && is_time(&retry["delay"])
    );
    let mut found: Vec<_> = settings.iter().filter(|(name, _)| action.contains_key(*name)).collect();
    let (name, known) = found.pop().expect("Action inside state is null");
    assert!(found.is_empty(), "one action an entry");
    let given = members(&action[*name], known);
    match *name {
        "force_merge" => assert!(given["max_num_segments"].as_u64().unwrap() > 0),
        "allocation" => assert!(!given["require"].as_object().unwrap().is_empty() && given.len() == 4),
        "snapshot" => assert!(given["repository"].is_string() && given["snapshot"].is_string()),
        _ => {}
    }
    name
}

#[test]
fn every_policy_is_one_that_the_plugin_takes() {
    for text in [
        "",
        "[defaults]\nmerge_segments = 0\n",
        "[defaults]\nmerge_segments = 0\nread_only = true\n",
        "[defaults]\nread_only = true\nhot_days = 1\ndelete_days = 2\n",
        "[defaults]\nwarm_days = 60\ndelete_days = 400\nsnapshot_repository = \"r\"\n",
        "[defaults]\nwarm_days = 90\nwarm = \"attribute\"\nwarm_attribute = \"box=cold\"\ndelete_days = 400\nsnapshot_repository = \"r\"\n",
        "[vpcflowlogs]\nhot_days = 14\ndelete_days = 30\n[ledger]\ndelete_days = 800\n",
    ] {
        for (section, policy) in policies(text) {
            check(&policy);
            assert!(policy["description"].as_str().unwrap().contains("siem-loader setup"), "{section}");
        }
    }
}

#[test]
fn every_log_has_a_policy_for_the_indices_of_its_template() {
    let patterns: Vec<Value> = policies("")
        .into_iter()
        .map(|(_, policy)| policy["ism_template"][0]["index_patterns"][0].clone())
        .collect();
    let expected = ["cloudtrail", "vpcflowlogs", "guardduty", "securityhub", "r53resolver", "config"];
    let expected =
        expected.map(|log| format!("log-aws-{log}-*")).into_iter().chain(["siem-ledger-*".to_owned()]);
    assert_eq!(patterns, expected.map(Value::String).collect::<Vec<_>>());
}

#[test]
fn nothing_is_deleted_and_no_late_record_is_refused_unless_it_is_asked_for() {
    for (section, policy) in policies("") {
        let text = policy.to_string();
        assert!(!text.contains("\"delete\"") && !text.contains("\"read_only\""), "{section}");
        // A merge blocks writing and leaves it so.
        let actions = policy["states"][1]["actions"].as_array().unwrap();
        assert!(actions[0]["force_merge"].is_object() && actions[1]["read_write"].is_object());
    }
}

#[test]
fn a_section_overrides_the_defaults_and_no_other_section() {
    let text = "[defaults]\ndelete_days = 400\n[vpcflowlogs]\ndelete_days = 90\n";
    let age =
        |section| policy(text, section)["states"][1]["transitions"][0]["conditions"]["min_index_age"].clone();
    assert_eq!([age("vpcflowlogs"), age("cloudtrail"), age("ledger")], ["90d", "400d", "400d"]);
}

#[test]
fn nothing_is_deleted_without_its_snapshot() {
    let names = |text: &str, state: usize| -> Vec<String> {
        let actions = policy(text, "cloudtrail")["states"][state]["actions"].as_array().unwrap().clone();
        actions.iter().map(|action| check_action(action).to_owned()).collect()
    };
    let cold = "[defaults]\ndelete_days = 400\nsnapshot_repository = \"r\"\n";
    assert_eq!(names(cold, 2), ["snapshot", "delete"]);
    // An index in UltraWarm goes into no other repository: before.
    let warm = "[defaults]\nwarm_days = 90\ndelete_days = 400\nsnapshot_repository = \"r\"\n";
    assert_eq!(names(warm, 2), ["snapshot", "warm_migration"]);
    assert_eq!(names(warm, 3), ["delete"]);
}

#[test]
fn settings_that_cannot_be_meant_are_refused_with_their_name() {
    for (text, said) in [
        ("[cloudtrails]\n", "[cloudtrails]"),
        ("[defaults]\nhot_day = 3\n", "hot_day"),
        ("[cloudtrail]\nhot_days = \"three\"\n", "cloudtrail"),
        ("[defaults]\nhot_days = 0\n", "1 to 36500"),
        ("[defaults]\nhot_days = -1\n", "retention of cloudtrail"),
        (
            "[guardduty]\nhot_days = 90\ndelete_days = 60\n",
            "retention of guardduty: hot_days, warm_days and delete_days must not fall",
        ),
        ("[defaults]\nhot_days = 60\ndelete_days = 60\n", "delete_days must be more"),
        ("[defaults]\nwarm = \"lukewarm\"\n", "lukewarm"),
        ("[defaults]\nwarm = \"attribute\"\nwarm_attribute = \"temp\"\n", "NAME=VALUE"),
        ("[defaults]\nmerge_segments = 100000\n", "merge_segments"),
        ("[defaults]\nsnapshot_repository = \"\"\n", "snapshot_repository"),
        ("hot_days = 3\n", "hot_days"),
        ("[defaults\n", "not right"),
    ] {
        let error = parse_retention(text).unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}

/// Does to an index what ISM does for an action: `step/forcemerge/*`, `step/readonly/SetReadOnlyStep.kt`,
/// `step/readwrite/SetReadWriteStep.kt`, `step/allocation/AttemptAllocationStep.kt`, `step/delete/AttemptDeleteStep.kt`.
async fn carry_out(index: &str, action: &Value) {
    let node = node();
    let settings = async |settings: Value| {
        ok(&node, Method::Put, &format!("/{index}/_settings"), Some(settings)).await;
    };
    match check_action(action) {
        "force_merge" => {
            settings(json!({"index.blocks.write": true})).await;
            let segments = &action["force_merge"]["max_num_segments"];
            let path = format!("/{index}/_forcemerge?max_num_segments={segments}");
            ok(&node, Method::Post, &path, None).await;
        }
        "read_only" => settings(json!({"index.blocks.write": true})).await,
        "read_write" => settings(json!({"index.blocks.write": false})).await,
        "allocation" => {
            for (name, value) in action["allocation"]["require"].as_object().unwrap() {
                settings(json!({format!("index.routing.allocation.require.{name}"): value})).await;
            }
        }
        "delete" => drop(ok(&node, Method::Delete, &format!("/{index}"), None).await),
        other => panic!("{other} is not carried out here"),
    }
}

async fn carry_out_state(index: &str, policy: &Value, name: &str) {
    let states = policy["states"].as_array().unwrap();
    let state = states.iter().find(|state| state["name"] == name).unwrap();
    for action in state["actions"].as_array().unwrap() {
        carry_out(index, action).await;
    }
}

/// An index with documents in several segments.
async fn index_with_segments() -> String {
    let index = index_name();
    let body = json!({"settings": {"number_of_replicas": 0, "index.merge.policy.segments_per_tier": 20}});
    ok(&node(), Method::Put, &format!("/{index}"), Some(body)).await;
    for number in 0..4 {
        send(&node(), &index, &[(&format!("d{number}"), json!({"eventName": "GetObject"}))]).await.unwrap();
        ok(&node(), Method::Post, &format!("/{index}/_refresh"), None).await;
    }
    assert!(segments(&index).await > 1);
    index
}

async fn segments(index: &str) -> usize {
    // Merged segments stay for the searches that began before.
    ok(&node(), Method::Post, &format!("/{index}/_refresh"), None).await;
    let answer = ok(&node(), Method::Get, &format!("/{index}/_segments"), None).await;
    answer["indices"][index]["shards"]["0"][0]["segments"].as_object().unwrap().len()
}

#[tokio::test]
async fn a_settled_index_is_merged_and_still_takes_late_records() {
    let index = index_with_segments().await;
    let policy = policy("[defaults]\ndelete_days = 400\n", "cloudtrail");
    carry_out_state(&index, &policy, "settled").await;
    assert_eq!(segments(&index).await, 1);
    let late = send(&node(), &index, &[("late", json!({"eventName": "StopLogging"}))]).await.unwrap();
    assert_eq!((late.indexed, late.refused.len()), (1, 0));
    carry_out_state(&index, &policy, "delete").await;
    let (status, _) = node().call(Method::Head, &format!("/{index}"), &[], None).await.unwrap();
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_read_only_index_refuses_late_records_and_the_loader_says_so() {
    let index = index_with_segments().await;
    let policy = policy("[defaults]\nread_only = true\nwarm_days = 90\nwarm = \"attribute\"\n", "cloudtrail");
    carry_out_state(&index, &policy, "settled").await;
    let late = send(&node(), &index, &[("late", json!({"eventName": "StopLogging"}))]).await.unwrap();
    assert_eq!((late.indexed, late.refused[0].status), (0, 403));
    assert_eq!(late.refused[0].class, siem_loader::sink::ErrorClass::Configuration);
    carry_out_state(&index, &policy, "warm").await;
    let settings = ok(&node(), Method::Get, &format!("/{index}/_settings"), None).await;
    assert_eq!(settings[&index]["settings"]["index"]["routing"]["allocation"]["require"]["temp"], "warm");
    ok(&node(), Method::Delete, &format!("/{index}"), None).await;
}
