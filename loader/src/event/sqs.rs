//! Batches of an SQS queue.

use aws_lambda_events::sqs::SqsMessage;
use serde::Deserialize;
use serde_json::Value;

use super::{Message, wrapping};

const SOURCE: &str = "aws:sqs";

/// The records of a batch: under `Records` from an event source mapping, a bare list from EventBridge Pipes.
pub(super) fn records(payload: &Value) -> Option<&[Value]> {
    let records = payload.get("Records").unwrap_or(payload).as_array()?;
    let is_queue = |record: &Value| record.get("eventSource").and_then(Value::as_str) == Some(SOURCE);
    records.iter().any(is_queue).then_some(records.as_slice())
}

/// One message. Each record is decoded by itself: one that AWS writes differently fails alone.
pub(super) fn message(record: &Value) -> Message {
    let sqs = match SqsMessage::deserialize(record) {
        Ok(sqs) => sqs,
        // The struct is strict in places that do not matter here, such as the values of attributes.
        Err(_) => SqsMessage::deserialize(&essentials(record)).unwrap_or_default(),
    };
    let mut message = Message {
        id: sqs.message_id.filter(|id| !id.is_empty()),
        receive_count: sqs.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok()),
        ..Message::default()
    };
    match sqs.body {
        Some(body) => wrapping::unpack_text(&body, &mut message, 0),
        None => message.fail("it has no body"),
    }
    for object in &mut message.objects {
        object.deliveries = message.receive_count;
    }
    message
}

/// The members without which there is no message, where they have their type.
fn essentials(record: &Value) -> Value {
    let names = ["messageId", "body"];
    let texts = names.iter().filter_map(|name| Some((*name, record.get(name)?.as_str()?)));
    texts.map(|(name, text)| (name.to_owned(), Value::from(text))).collect()
}
