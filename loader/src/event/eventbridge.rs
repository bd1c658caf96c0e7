//! Events of EventBridge. Keys in them are plain, also where they hold `+` or `%`:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>.

use serde_json::Value;

use super::{Message, etag, s3::instant, shown, size, text};
use crate::fetch::ObjectRef;

const CREATED: &str = "Object Created";

/// Whether it is an event, complete or (as some rules send it) its detail with a bucket and an object only.
pub(super) fn is_event(value: &Value) -> bool {
    value.get("detail").is_some_and(Value::is_object)
}

pub(super) fn take(value: &Value, message: &mut Message) {
    let source = text(value, "/source");
    match text(value, "/detail-type") {
        Some(CREATED) | None => created(value, message),
        Some(other) if source.is_none_or(|source| source == "aws.s3") => message.ignore(other),
        Some(other) => message.fail(format!(
            "it is an event of EventBridge ({}) that names no object: the rule that sends it should match source aws.s3 \
             and detail-type {CREATED}",
            shown(other)
        )),
    }
}

fn created(value: &Value, message: &mut Message) {
    let (Some(bucket), Some(key)) = (text(value, "/detail/bucket/name"), text(value, "/detail/object/key"))
    else {
        message.fail("it is an event of EventBridge without a bucket or a key");
        return;
    };
    let object = ObjectRef {
        version_id: text(value, "/detail/object/version-id").map(str::to_owned),
        etag: etag(value, "/detail/object/etag"),
        size: size(value, "/detail/object/size"),
        modified: text(value, "/time").and_then(instant),
        ..ObjectRef::s3(bucket, key)
    };
    message.object(object);
}
