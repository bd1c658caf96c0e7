//! From the payload of an invocation to the objects it names, whatever it is wrapped in.
//!
//! Wrappings nest: an S3 event in an SNS notification in an SQS message, a whole payload in a dead-letter queue. So
//! [`read`] finds the messages, and [`wrapping`] unpacks the body of each until it reaches what names objects. A
//! wrapping also decides how its keys are written: S3 encodes them, everybody else does not.
//!
//! Nothing is stricter than it has to be. In July 2026 S3 events got a field and a version, and consumers that decode
//! whole events stopped. Here a field that is not read may be missing, new or of another type; a message that is not
//! understood fails alone, with a reason that holds nothing of its text.

mod backfill;
mod eventbridge;
mod predecessor;
pub mod replication;
mod s3;
mod sns;
mod sqs;
mod wrapping;

use serde_json::Value;

pub use self::replication::ReplicationEvent;
use crate::fetch::ObjectRef;

/// What an invocation asks for.
#[derive(Debug, Default)]
pub struct Invocation {
    /// Whether it is a batch of an SQS queue, which is answered message by message.
    pub queue: bool,
    /// The messages of the queue in their order; otherwise one, which is the whole payload.
    pub messages: Vec<Message>,
}

/// What one message asks for.
#[derive(Debug, Default)]
pub struct Message {
    /// The id by which the queue is told that the message is not done.
    pub id: Option<String>,
    /// How often the queue has delivered it, this time included.
    pub receive_count: Option<u32>,
    /// Objects to load.
    pub objects: Vec<ObjectRef>,
    /// What became of the replication of objects elsewhere.
    pub replication: Vec<ReplicationEvent>,
    /// Names of events that ask for nothing (`s3:TestEvent`, `ObjectRemoved:Delete`).
    pub ignored: Vec<String>,
    /// Why it, or a part of it, was not understood. What was understood stands beside it.
    pub problem: Option<String>,
}

/// Events taken from one message at most, of each kind. SQS takes 1 MiB, in which some thousand of S3 have room.
const MAX_EVENTS: usize = 10_000;

/// Characters of a name out of an event that are repeated in our own logs.
const MAX_NAME: usize = 64;

impl Message {
    fn object(&mut self, object: ObjectRef) {
        if self.objects.len() < MAX_EVENTS {
            self.objects.push(object);
        } else {
            self.too_many();
        }
    }

    fn replication(&mut self, event: ReplicationEvent) {
        if self.replication.len() < MAX_EVENTS {
            self.replication.push(event);
        } else {
            self.too_many();
        }
    }

    fn ignore(&mut self, name: &str) {
        if self.ignored.len() < MAX_EVENTS {
            self.ignored.push(shown(name));
        } else {
            self.too_many();
        }
    }

    fn too_many(&mut self) {
        self.fail(format!("it holds more than {MAX_EVENTS} events; name fewer in one message"));
    }

    /// Notes why something was not understood; the first reason is kept.
    fn fail(&mut self, reason: impl Into<String>) {
        self.problem.get_or_insert_with(|| reason.into());
    }
}

/// What the payload of an invocation asks for. Payloads have at most 6 MB, by the quota of Lambda, and 128 levels, by
/// the reader of JSON.
#[must_use]
pub fn read(payload: &Value) -> Invocation {
    if let Some(records) = sqs::records(payload) {
        return Invocation { queue: true, messages: records.iter().map(sqs::message).collect() };
    }
    let mut message = Message::default();
    wrapping::unpack(payload, &mut message, 0);
    Invocation { queue: false, messages: vec![message] }
}

/// A text of an event that is not empty.
fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Bytes, also where they are written as text.
fn size(value: &Value, pointer: &str) -> Option<u64> {
    let value = value.pointer(pointer)?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// An ETag without its quotes.
fn etag(value: &Value, pointer: &str) -> Option<String> {
    text(value, pointer).map(|etag| etag.trim_matches('"').to_owned())
}

/// A name out of an event, safe and short enough for a log: senders choose it.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !crate::shown::is_trick(*c)).take(MAX_NAME).collect()
}
