//! Records of S3 event notifications. Read is what is needed to load an object:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>.

use std::time::{Duration, SystemTime};

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{Message, etag, replication, size, text};
use crate::fetch::ObjectRef;

/// What S3 sends once when a notification is configured.
pub(super) fn is_test(value: &Value) -> bool {
    text(value, "/Event") == Some("s3:TestEvent")
}

pub(super) fn take(record: &Value, message: &mut Message) {
    let object = match object(record) {
        Ok(object) => object,
        Err(reason) => {
            message.fail(reason);
            return;
        }
    };
    // With and without `s3:` in front: the documentation has both.
    let name = text(record, "/eventName").map(|name| name.strip_prefix("s3:").unwrap_or(name));
    match name {
        Some(name) if name.starts_with("Replication:") => {
            message.replication(replication::read(name, record, object));
        }
        Some(name) if !name.starts_with("ObjectCreated:") => message.ignore(name),
        // An empty object that marks a folder, as the console makes them.
        _ if object.size == Some(0) && object.key.ends_with('/') => message.ignore("folder"),
        // A record without a name comes from people and from scripts, which mean an object.
        _ => message.object(object),
    }
}

fn object(record: &Value) -> Result<ObjectRef, String> {
    let (Some(bucket), Some(key)) = (text(record, "/s3/bucket/name"), text(record, "/s3/object/key")) else {
        return Err("a record of S3 has no bucket or no key".into());
    };
    Ok(ObjectRef {
        version_id: text(record, "/s3/object/versionId").map(str::to_owned),
        etag: etag(record, "/s3/object/eTag"),
        size: size(record, "/s3/object/size"),
        modified: text(record, "/eventTime").and_then(instant),
        ..ObjectRef::s3(bucket, decoded(key)?)
    })
}

/// A key as S3 writes it in its notifications: encoded like a form, so that `+` is a blank and `%2B` is `+`. Once: a key
/// that holds `%2B` itself comes as `%252B`.
fn decoded(key: &str) -> Result<String, String> {
    let blanks = key.replace('+', " ");
    match percent_decode_str(&blanks).decode_utf8() {
        Ok(key) => Ok(key.into_owned()),
        Err(_) => Err("the key in a record of S3 is not UTF-8 after decoding".into()),
    }
}

/// A time such as `2026-03-01T08:00:42.123Z`.
pub(super) fn instant(text: &str) -> Option<SystemTime> {
    let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    let since = u64::try_from(time.timestamp_millis()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(since))
}
