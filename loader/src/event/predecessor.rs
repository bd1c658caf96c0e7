//! What may wait in the queues of es-loader on the day it is replaced, and what a failed asynchronous invocation left.

use serde_json::Value;

use super::{Message, text};
use crate::fetch::ObjectRef;

/// Whether it is a part of a large object, as es-loader sends them to its own queue:
/// `{"siem": {"start_number": …, "end_number": …}, "s3": {"bucket": {"name": …}, "object": {"key": …}}}`.
pub(super) fn is_part(value: &Value) -> bool {
    value.get("siem").is_some() && value.get("s3").is_some()
}

/// The whole object is loaded for each of its parts; what is in the index already stays. The key was decoded by
/// es-loader before it was written here.
pub(super) fn take_part(value: &Value, message: &mut Message) {
    match (text(value, "/s3/bucket/name"), text(value, "/s3/object/key")) {
        (Some(bucket), Some(key)) => message.object(ObjectRef::s3(bucket, key)),
        _ => message.fail("it is a part of an object by es-loader without a bucket or a key"),
    }
}

/// The payload inside the record of a failed asynchronous invocation, which Lambda sends to an on-failure destination
/// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>). A dead-letter queue gets the
/// payload itself.
pub(super) fn failed_payload(value: &Value) -> Option<&Value> {
    value.get("requestContext")?;
    value.get("requestPayload")
}
