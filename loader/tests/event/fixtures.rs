//! One fixture for each shape, and beside it what it asks for. `SIEM_LOADER_UPDATE_EXPECTED=1` writes that anew.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::{Value, json};
use siem_loader::event::{Message, ReplicationEvent};
use siem_loader::fetch::{Location, ObjectRef};

use crate::invocation;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/events")
}

fn names() -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let fixtures = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let mut names: Vec<_> =
        fixtures.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn object(object: &ObjectRef) -> Value {
    assert_eq!(object.location, Location::S3);
    let millis = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
    json!({
        "bucket": object.bucket, "key": object.key, "version_id": object.version_id, "etag": object.etag,
        "size": object.size, "modified": object.modified.map(millis),
    })
}

fn replication(event: &ReplicationEvent) -> Value {
    json!({
        "kind": event.kind.as_str(), "object": object(&event.object), "rule": event.rule,
        "destination": event.destination, "operation": event.operation, "reason": event.reason, "fix": event.fix(),
    })
}

fn message(message: &Message) -> Value {
    json!({
        "id": message.id, "receive_count": message.receive_count,
        "objects": message.objects.iter().map(object).collect::<Vec<_>>(),
        "replication": message.replication.iter().map(replication).collect::<Vec<_>>(),
        "ignored": message.ignored, "problem": message.problem,
    })
}

#[test]
fn every_wrapping_of_an_s3_event_leads_to_its_objects() {
    let names = names();
    assert!(names.len() >= 25, "{names:?}");
    let mut wrong = Vec::new();
    for name in names {
        let found = invocation(&name);
        let found = json!({
            "queue": found.queue, "messages": found.messages.iter().map(message).collect::<Vec<_>>(),
        });
        let beside = folder().join("expected").join(format!("{name}.json"));
        if std::env::var_os("SIEM_LOADER_UPDATE_EXPECTED").is_some() {
            std::fs::write(&beside, format!("{}\n", serde_json::to_string_pretty(&found).unwrap())).unwrap();
        }
        let expected: Value = serde_json::from_slice(&std::fs::read(&beside).unwrap()).unwrap();
        if found != expected {
            wrong.push(format!("{name}: {found:#}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_reason_holds_nothing_of_a_message() {
    for message in invocation("not-understood").messages {
        let problem = message.problem.unwrap_or_default();
        assert!(!problem.contains("secret") && !problem.contains('\u{7}'), "{problem}");
    }
    let confirmation = invocation("sqs-sns-subscription").messages.remove(0).problem.unwrap();
    assert!(!confirmation.contains("secret-token"), "{confirmation}");
}
