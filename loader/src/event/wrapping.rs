//! One wrapping after the other, until what names objects.

use serde_json::Value;

use super::{Message, backfill, eventbridge, predecessor, s3, shown, sns, text};

/// Wrappings inside one another at most. The deepest there is, a failed batch that came back by a dead-letter queue,
/// has five: SQS, SQS, SNS, S3 and its record.
const MAX_DEPTH: usize = 8;

/// Unpacks `value` and notes in `message` what it asks for.
pub(super) fn unpack(value: &Value, message: &mut Message, depth: usize) {
    if depth > MAX_DEPTH {
        message.fail("its wrappings are nested too deep");
        return;
    }
    if let Some(records) = value.get("Records").and_then(Value::as_array) {
        if records.is_empty() {
            message.ignore("no records");
        }
        for each in records {
            record(each, message, depth);
        }
    } else if s3::is_test(value) {
        message.ignore("s3:TestEvent");
    } else if let Some(objects) = backfill::objects(value) {
        backfill::take(objects, message);
    } else if predecessor::is_part(value) {
        predecessor::take_part(value, message);
    } else if let Some(payload) = predecessor::failed_payload(value) {
        unpack(payload, message, depth + 1);
    } else if eventbridge::is_event(value) {
        eventbridge::take(value, message);
    } else if let Some(kind) = sns::kind(value) {
        match sns::published(value, kind) {
            Ok(published) => unpack_text(published, message, depth + 1),
            Err(reason) => message.fail(reason),
        }
    } else {
        message.fail(format!(
            "it is no event of S3, SNS or EventBridge and no message of siem-loader or es-loader ({}); see docs/lambda.md for \
             what is understood",
            members(value)
        ));
    }
}

/// Unpacks JSON that is carried as text.
pub(super) fn unpack_text(text: &str, message: &mut Message, depth: usize) {
    match serde_json::from_str(text) {
        Ok(value) => unpack(&value, message, depth),
        // The words of the parser name a place and no content.
        Err(error) => message.fail(format!("its text is not JSON ({error})")),
    }
}

/// One of `Records`: of S3, SNS or SQS.
fn record(record: &Value, message: &mut Message, depth: usize) {
    if record.get("s3").is_some() {
        s3::take(record, message);
    } else if let Some(published) = text(record, "/Sns/Message") {
        unpack_text(published, message, depth + 1);
    } else if let Some(body) = text(record, "/body") {
        unpack_text(body, message, depth + 1);
    } else {
        let source = text(record, "/eventSource").or_else(|| text(record, "/EventSource"));
        message.fail(match source {
            Some(source) => format!("a record of {} names no object", shown(source)),
            None => format!("a record is of no service known here ({})", members(record)),
        });
    }
}

/// The names of the first members of what was not understood, which say what it may have been.
fn members(value: &Value) -> String {
    match value {
        Value::Object(members) if members.is_empty() => "an empty object".into(),
        Value::Object(members) => {
            let names: Vec<_> = members.keys().take(6).map(|name| shown(name)).collect();
            format!("its members: {}", names.join(", "))
        }
        Value::Array(_) => "a list".into(),
        Value::String(_) => "a text".into(),
        Value::Number(_) => "a number".into(),
        Value::Bool(_) => "true or false".into(),
        Value::Null => "null".into(),
    }
}
