//! Our own message, which names objects to load:
//!
//! ```json
//! {"siem_loader": {"load": [{"bucket": "my-logs", "key": "AWSLogs/…/x.json.gz", "version_id": "…"}]}}
//! ```
//!
//! `bucket` and `key` are needed, `version_id`, `size` and `etag` are taken where they are given. Keys are plain.

use serde_json::Value;

use super::{Message, etag, size, text};
use crate::fetch::ObjectRef;

/// The list of objects, when it is such a message.
pub(super) fn objects(value: &Value) -> Option<&Value> {
    value.get("siem_loader")
}

pub(super) fn take(asked: &Value, message: &mut Message) {
    let Some(objects) = asked.get("load").and_then(Value::as_array) else {
        message.fail("it is a message of siem-loader without a list of objects under `load`");
        return;
    };
    for object in objects {
        let (Some(bucket), Some(key)) = (text(object, "/bucket"), text(object, "/key")) else {
            message.fail("it is a message of siem-loader, and one of its objects has no bucket or no key");
            continue;
        };
        message.object(ObjectRef {
            version_id: text(object, "/version_id").map(str::to_owned),
            etag: etag(object, "/etag"),
            size: size(object, "/size"),
            ..ObjectRef::s3(bucket, key)
        });
    }
}
