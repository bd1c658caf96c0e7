//! What S3 said about the replication of objects, in the ledger: one document an object and kind of event, beside the one
//! of the object itself.

use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use siem_parsers::{document::LOADER_VERSION, source::read_key};

use crate::{
    engine::EngineParts,
    error::{ErrorClass, SinkError},
    event::ReplicationEvent,
    ledger::{index_of, object_id},
    sink::{Cluster, Encoding},
};

/// Tries of one request, with a pause between them.
const TRIES: u32 = 5;

/// Pause before the second try; it doubles with each one.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(200);

/// Documents of one request: each has some hundred bytes and a key of 1,024 at most.
const BATCH: usize = 500;

/// Writes the events down; again what fails, until `until`.
pub(super) async fn write(
    parts: &EngineParts,
    events: &[ReplicationEvent],
    until: Option<Instant>,
) -> Result<(), SinkError> {
    for some in events.chunks(BATCH) {
        let now = Utc::now();
        let body: String = some.iter().map(|event| lines(event, now)).collect();
        send(&parts.cluster, &Bytes::from(body), some.len(), until).await?;
    }
    Ok(())
}

async fn send(
    cluster: &Cluster,
    body: &Bytes,
    documents: usize,
    until: Option<Instant>,
) -> Result<(), SinkError> {
    let mut pause = PAUSE;
    for attempt in 1.. {
        let why = match cluster.bulk(body.clone(), Encoding::Identity, documents).await {
            Ok(answer) => match answer.refused.first() {
                None => return Ok(()),
                Some(first) => SinkError::LedgerRefused {
                    cluster: cluster.url().to_owned(),
                    status: first.status,
                    error_type: first.error_type.clone(),
                    reason: first.reason.clone(),
                    class: first.class,
                },
            },
            Err(error) => error,
        };
        let late = until.is_some_and(|until| Instant::now() + pause >= until);
        if late || attempt == TRIES || why.class() != ErrorClass::Transient {
            return Err(why);
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    Ok(())
}

/// Action and document. The same event has the same id: it may come again.
fn lines(event: &ReplicationEvent, now: DateTime<Utc>) -> String {
    let object = &event.object;
    let kind = event.kind.as_str();
    let key = read_key(&object.key);
    let id = format!("{}-{kind}", object_id(object));
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let at = object.modified.map_or(now, DateTime::<Utc>::from);
    let document = json!({
        "@timestamp": time(at),
        "object": {
            "bucket": object.bucket, "key": object.key, "version_id": object.version_id, "etag": object.etag,
            "size": object.size, "status": "replication",
        },
        "cloud": {"account": key.account.as_ref().map(|id| json!({"id": id})), "region": key.region},
        "replication": {
            "status": kind, "event": event.name, "reason": event.reason, "destination": event.destination, "rule": event.rule,
            "operation": event.operation,
        },
        "error": event.needs_somebody().then(|| json!({
            "type": event.reason.as_deref().unwrap_or(kind), "message": event.fix(),
        })),
        "loader": {"version": LOADER_VERSION},
    });
    let action: Value = json!({"index": {"_index": index_of(object, &key), "_id": id}});
    format!("{action}\n{document}\n")
}
