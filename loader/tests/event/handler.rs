//! Which messages are given back. Objects are loaded by a double that does what a test says.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde_json::{Value, json};
use siem_loader::error::ErrorClass;
use siem_loader::event::ReplicationEvent;
use siem_loader::fetch::ObjectRef;
use siem_loader::lambda::{Answer, Deadline, Failed, Load, LoadError, Outcome, handle};
use siem_loader::pipeline::Counts;

use crate::payload;

#[derive(Clone, Copy, PartialEq)]
enum Does {
    Load,
    /// It may not be read.
    Deny,
    /// Nothing is told of it.
    Forget,
    /// The loader panics.
    Panic,
    /// The loader ends with an error.
    Stop,
    /// The loader hangs until the test is over.
    Hang,
}

struct Double {
    does: Box<dyn Fn(&str) -> Does + Send + Sync>,
    asked: Mutex<Vec<ObjectRef>>,
    deadlines: Mutex<Vec<Option<Deadline>>>,
    noted: Mutex<Vec<ReplicationEvent>>,
    writes: bool,
}

impl Double {
    fn new(does: impl Fn(&str) -> Does + Send + Sync + 'static) -> Arc<Self> {
        Self::with_ledger(does, true)
    }

    fn with_ledger(does: impl Fn(&str) -> Does + Send + Sync + 'static, writes: bool) -> Arc<Self> {
        let (asked, deadlines, noted) = (Mutex::default(), Mutex::default(), Mutex::default());
        Arc::new(Self { does: Box::new(does), asked, deadlines, noted, writes })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|object| object.key.clone()).collect()
    }
}

impl Load for Double {
    fn load(
        &self,
        objects: Vec<ObjectRef>,
        deadline: Option<Deadline>,
        told: &mut (dyn FnMut(Outcome) + Send),
    ) -> Result<(), LoadError> {
        self.deadlines.lock().unwrap().push(deadline);
        self.asked.lock().unwrap().extend(objects.clone());
        for object in objects {
            let does = (self.does)(&object.key);
            let (done, status, problems) = match does {
                Does::Load => (true, "loaded", vec![]),
                Does::Deny => (false, "denied", vec!["access denied for s3:GetObject".to_owned()]),
                Does::Forget => continue,
                Does::Panic => panic!("asked to panic"),
                Does::Stop => {
                    let reason = "OpenSearch did not accept the credentials".to_owned();
                    return Err(LoadError { class: ErrorClass::Configuration, reason });
                }
                Does::Hang => {
                    std::thread::sleep(Duration::from_secs(3));
                    return Ok(());
                }
            };
            let class = (!done).then_some(ErrorClass::Configuration);
            let (log_type, counts) = (Some("cloudtrail"), Counts::default());
            told(Outcome { object, done, status, log_type, counts, class, problems });
        }
        Ok(())
    }

    fn note(&self, events: &[ReplicationEvent], _: Option<Deadline>) -> Result<(), LoadError> {
        if !self.writes {
            return Err(LoadError { class: ErrorClass::Transient, reason: "the cluster is away".to_owned() });
        }
        self.noted.lock().unwrap().extend_from_slice(events);
        Ok(())
    }
}

async fn invoke(double: &Arc<Double>, payload: Value, left: i64) -> Result<Answer, Failed> {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let mut context = Context::default();
    context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
    context.deadline = u64::try_from(now + left).unwrap();
    handle(Arc::clone(double), LambdaEvent::new(payload, context)).await
}

/// The ends of the ids that are given back to the queue.
async fn given_back(double: &Arc<Double>, payload: Value) -> Vec<u32> {
    let answer = serde_json::to_value(invoke(double, payload, 60_000).await.unwrap()).unwrap();
    let failures = answer["batchItemFailures"].as_array().unwrap();
    let id = |failure: &Value| {
        failure["itemIdentifier"].as_str().unwrap().rsplit('-').next().unwrap().parse().unwrap()
    };
    failures.iter().map(id).collect()
}

#[tokio::test]
async fn a_batch_that_is_done_gives_nothing_back() {
    let double = Double::new(|_| Does::Load);
    assert_eq!(given_back(&double, payload("sqs-s3")).await, [0; 0]);
    assert_eq!(double.asked().len(), 5);
}

#[tokio::test]
async fn every_wrapping_in_one_batch_is_loaded_and_only_the_broken_message_comes_back() {
    let double = Double::new(|_| Does::Load);
    assert_eq!(given_back(&double, payload("mixed")).await, [9]);
    assert_eq!(double.asked().len(), 7);
    assert_eq!(double.noted.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_object_that_two_messages_name_is_loaded_once_and_fails_both() {
    let double = Double::new(|key| if key.ends_with("_a.json.gz") { Does::Deny } else { Does::Load });
    assert_eq!(given_back(&double, payload("mixed")).await, [1, 9, 11]);
    assert_eq!(double.asked().iter().filter(|key| key.ends_with("_a.json.gz")).count(), 1);
}

#[tokio::test]
async fn an_object_knows_how_often_the_queue_has_delivered_it() {
    let double = Double::new(|_| Does::Load);
    let mut payload = payload("sqs-s3");
    let mut again = payload["Records"][0].clone();
    again["messageId"] = "another".into();
    again["attributes"]["ApproximateReceiveCount"] = "7".into();
    payload["Records"][0]["attributes"]["ApproximateReceiveCount"] = "2".into();
    payload["Records"][1]["attributes"] = Value::Null;
    payload["Records"].as_array_mut().unwrap().push(again);
    given_back(&double, payload).await;
    let asked = double.asked.lock().unwrap();
    // Two messages name the first: the one that was delivered more often counts.
    assert_eq!(asked.first().unwrap().deliveries, Some(7));
    assert!(asked.iter().any(|object| object.deliveries.is_none()), "{asked:?}");
}

#[tokio::test]
async fn a_message_of_several_objects_is_done_when_all_are() {
    let double = Double::new(|key| if key.ends_with("_d.json.gz") { Does::Deny } else { Does::Load });
    assert_eq!(given_back(&double, payload("sqs-s3")).await, [2]);
}

#[tokio::test]
async fn an_object_of_which_nothing_is_told_is_not_done() {
    let double = Double::new(|key| if key.ends_with("_e.json.gz") { Does::Forget } else { Does::Load });
    assert_eq!(given_back(&double, payload("sqs-s3")).await, [3]);
}

#[tokio::test]
async fn a_panic_of_the_loader_keeps_what_was_done_before() {
    let double = Double::new(|key| if key.ends_with("_b.json.gz") { Does::Panic } else { Does::Load });
    assert_eq!(given_back(&double, payload("sqs-s3")).await, [2, 3]);
}

#[tokio::test]
async fn a_loader_that_has_to_stop_keeps_what_was_done_before() {
    let double = Double::new(|key| if key.ends_with("_e.json.gz") { Does::Stop } else { Does::Load });
    assert_eq!(given_back(&double, payload("sqs-s3")).await, [3]);
}

#[tokio::test]
async fn the_answer_is_given_in_time_while_the_loader_hangs() {
    let double = Double::new(|key| if key.ends_with("_e.json.gz") { Does::Hang } else { Does::Load });
    let began = Instant::now();
    let answer = serde_json::to_value(invoke(&double, payload("sqs-s3"), 700).await.unwrap()).unwrap();
    assert!(began.elapsed() < Duration::from_millis(2_900), "it did not wait for the loader");
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_deadline_that_is_over_at_the_start_is_unknown() {
    let double = Double::new(|_| Does::Load);
    for (left, known) in [(60_000, true), (0, false), (-5_000, false), (-1_700_000_000_000, false)] {
        invoke(&double, payload("s3"), left).await.unwrap();
        assert_eq!(double.deadlines.lock().unwrap().pop().unwrap().is_some(), known, "{left}");
    }
}

#[test]
fn the_instants_of_a_deadline_follow_one_another() {
    let now = UNIX_EPOCH + Duration::from_secs(1_772_352_000);
    for left in [1, 50, 300, 3_000, 60_000, 900_000, u64::MAX / 2] {
        let began = Instant::now();
        let deadline = Deadline::of(1_772_352_000_000 + left, now).unwrap();
        assert!(began <= deadline.stop_at && deadline.stop_at <= deadline.give_up_at, "{left}");
        assert!(deadline.give_up_at <= deadline.answer_at, "{left}");
        let work = deadline.stop_at - began;
        assert!(left > 1_000_000 || work >= Duration::from_millis(left / 2), "{left}: {work:?}");
    }
}

#[tokio::test]
async fn a_direct_invocation_is_told_what_failed_and_why() {
    let double = Double::new(|key| if key.ends_with("_b.json.gz") { Does::Deny } else { Does::Load });
    let failed = invoke(&double, payload("s3"), 60_000).await.unwrap_err();
    let Diagnostic { error_type, error_message } = failed.into();
    assert_eq!(error_type, "ObjectsNotLoaded");
    assert!(error_message.starts_with("1 of 2 objects are not loaded: s3://audit-logs-111122223333/"));
    assert!(error_message.ends_with("_b.json.gz: access denied for s3:GetObject"), "{error_message}");
}

#[tokio::test]
async fn a_direct_invocation_that_is_done_is_told_so() {
    let double = Double::new(|_| Does::Load);
    for (name, objects, ignored) in [("s3", 2, 0), ("sns-s3", 2, 0), ("s3-test-event", 0, 1)] {
        let answer = invoke(&double, payload(name), 60_000).await.unwrap();
        let answer = serde_json::to_value(answer).unwrap();
        assert_eq!(answer, json!({"objects": objects, "ignored": ignored}), "{name}");
    }
}

#[tokio::test]
async fn a_direct_invocation_that_is_not_understood_fails_with_the_reason() {
    let double = Double::new(|_| Does::Load);
    let failed = invoke(&double, json!({"hello": "there"}), 60_000).await.unwrap_err();
    assert_eq!(failed.kind, "EventNotUnderstood");
    assert!(failed.text.contains("its members: hello"), "{}", failed.text);
}

#[tokio::test]
async fn a_setting_that_is_wrong_has_a_name_of_its_own() {
    let double = Double::new(|_| Does::Stop);
    let failed = invoke(&double, payload("s3"), 60_000).await.unwrap_err();
    assert_eq!(failed.kind, "ConfigurationError");
    assert!(failed.text.contains("OpenSearch did not accept the credentials"), "{}", failed.text);
}

#[tokio::test]
async fn a_failing_message_without_an_id_fails_the_batch() {
    let double = Double::new(|key| if key.ends_with("_no-id.json.gz") { Does::Deny } else { Does::Load });
    assert!(invoke(&double, payload("not-understood"), 60_000).await.is_err());
}

#[tokio::test]
async fn the_words_of_a_direct_invocation_are_bounded() {
    let double = Double::new(|_| Does::Forget);
    let objects: Vec<_> = (0..5_000).map(|n| json!({"bucket": "b", "key": format!("日本/{n}")})).collect();
    let failed = invoke(&double, json!({"siem_loader": {"load": objects}}), 60_000).await.unwrap_err();
    assert!(failed.text.starts_with("5000 of 5000 objects are not loaded"));
    assert!(failed.text.len() < 4_100, "{}", failed.text.len());
}

#[tokio::test]
async fn a_replication_event_that_is_not_written_down_comes_again() {
    let away = Double::with_ledger(|_| Does::Load, false);
    assert_eq!(given_back(&away, payload("mixed")).await, [5, 9]);
    let there = Double::new(|_| Does::Load);
    assert_eq!(given_back(&there, payload("sqs-sns-replication")).await, [0; 0]);
    let noted = there.noted.lock().unwrap();
    assert_eq!(noted[0].reason.as_deref(), Some("AssumeRoleNotPermitted"));
}
