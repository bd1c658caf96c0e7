//! Fields that are new, missing or of another type stop nothing; what is not understood fails alone.

use proptest::prelude::*;
use serde_json::{Value, json};
use siem_loader::event::{read, replication};

use crate::{invocation, keys, payload};

/// Every shape, by a fixture that names exactly these objects.
const SHAPES: &[&str] = &[
    "s3",
    "sqs-s3",
    "sqs-sns-s3",
    "sqs-sns-s3-raw",
    "sns-s3",
    "eventbridge",
    "sqs-eventbridge",
    "replication-failed",
    "es-loader-parts",
    "es-loader-dead-letters",
    "failed-invocation",
    "backfill",
    "pipes",
    "mixed",
];

/// Adds a member to every object, also inside texts that are JSON, and raises every version.
fn newer(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let is_version =
                    ["eventVersion", "EventVersion", "event-version", "version", "s3SchemaVersion"];
                if is_version.contains(&name.as_str()) && member.is_string() {
                    *member = json!("99.0");
                } else {
                    newer(member);
                }
            }
            members.insert("aMemberOfTomorrow".into(), json!({"list": [1, null, {"x": "y"}]}));
        }
        Value::Array(values) => values.iter_mut().for_each(newer),
        Value::String(text) => {
            if let Ok(mut inner @ Value::Object(_)) = serde_json::from_str(text) {
                newer(&mut inner);
                *text = inner.to_string();
            }
        }
        _ => {}
    }
}

#[test]
fn an_unknown_field_or_a_new_event_version_stops_no_shape() {
    for name in SHAPES {
        let mut payload = payload(name);
        let before = read(&payload);
        newer(&mut payload);
        let after = read(&payload);
        assert_eq!(keys(&after), keys(&before), "{name}");
        assert_eq!(after.queue, before.queue, "{name}");
        for (after, before) in after.messages.iter().zip(&before.messages) {
            assert_eq!((&after.id, &after.problem), (&before.id, &before.problem), "{name}");
            assert_eq!(after.replication, before.replication, "{name}");
        }
    }
}

#[test]
fn a_record_of_sqs_that_its_struct_refuses_is_still_read() {
    let odd = invocation("sqs-newer-version").messages.remove(1);
    assert_eq!(odd.id.as_deref(), Some("00000000-0000-4000-8000-000000000002"));
    assert_eq!((odd.objects.len(), odd.problem), (1, None));
}

#[test]
fn a_message_that_is_not_understood_takes_nothing_from_its_neighbours() {
    let mixed = invocation("mixed");
    let failed: Vec<_> = mixed.messages.iter().filter(|message| message.problem.is_some()).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].id.as_deref(), Some("00000000-0000-4000-8000-000000000009"));
    assert_eq!(keys(&mixed).len(), 8);
}

#[test]
fn what_was_understood_of_a_message_is_kept_beside_its_problem() {
    let found = invocation("not-understood");
    let half = found.messages.iter().find(|m| m.id.as_deref().is_some_and(|id| id.ends_with("10"))).unwrap();
    assert_eq!((half.objects.len(), half.problem.is_some()), (1, true));
}

#[test]
fn an_event_that_created_nothing_names_no_object() {
    let found = invocation("s3-other-events").messages.remove(0);
    assert_eq!(found.objects.len(), 1);
    assert_eq!(found.ignored.len(), 9);
    assert_eq!(found.problem, None);
}

#[test]
fn more_events_than_a_message_may_hold_fail_it() {
    let record = json!({"s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}});
    let message = read(&json!({"Records": vec![record; 10_001]})).messages.remove(0);
    assert_eq!(message.objects.len(), 10_000);
    assert!(message.problem.unwrap().contains("more than 10000"));
}

#[test]
fn wrappings_without_end_fail_the_message() {
    let mut body = json!({"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}}]});
    for _ in 0..9 {
        body = json!({"TopicArn": "t", "Type": "Notification", "Message": body.to_string()});
    }
    let message = read(&body).messages.remove(0);
    assert_eq!(message.problem.as_deref(), Some("its wrappings are nested too deep"));
}

#[test]
fn every_documented_reason_of_a_failed_replication_has_a_fix() {
    assert_eq!(replication::FAILURE_REASONS.len(), 35);
    for (code, fix) in replication::FAILURE_REASONS {
        assert!(fix.len() > 20, "{code}");
        assert_eq!(replication::fix(code), Some(*fix), "{code} stands there twice");
    }
    assert_eq!(replication::fix("NotACode"), None);
}

fn json_value() -> impl Strategy<Value = Value> {
    let names = "Records|s3|bucket|object|key|name|body|messageId|eventSource|eventName|detail|siem|siem_loader|load|Sns|Message";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "aws:sqs|aws:s3|Replication:x|\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((names, inner.clone()), 0..6)
                .prop_map(|members| members.into_iter().collect::<Value>()),
            inner.prop_map(|value| Value::from(value.to_string())),
        ]
    })
}

proptest! {
    #[test]
    fn any_payload_is_read_without_a_panic_and_asks_or_says_why(payload in json_value()) {
        for message in read(&payload).messages {
            let asks = message.objects.len() + message.replication.len() + message.ignored.len();
            prop_assert!(asks > 0 || message.problem.is_some());
        }
    }
}
