//! Content that holds no records, and what the looks of the logs have in common: what stands around records. A log
//! says yes only where the content is clear, so that two of them never say yes to one object.

use super::head::{Head, Shape};

/// Content that holds no records.
pub const DIGEST: &str = "CloudTrail digest: hashes of log files, no events";
/// Content that holds no records: what Firehose writes for a record that it could not deliver or transform.
pub const FIREHOSE_ERROR: &str = "Firehose error record: what could not be delivered, not the log itself";
/// Content that holds no records.
pub const CONTROL_MESSAGE: &str = "CloudWatch Logs control message, no log events";

/// Why content that is known holds nothing to load.
#[must_use]
pub fn why_not(head: &Head<'_>) -> Option<&'static str> {
    if is_digest(head) {
        Some(DIGEST)
    } else if is_firehose_error(head) {
        Some(FIREHOSE_ERROR)
    } else {
        None
    }
}

/// A digest file of CloudTrail, also the backfill of one:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>
#[must_use]
pub fn is_digest(head: &Head<'_>) -> bool {
    let others = ["digestEndTime", "digestS3Bucket", "digestS3Object", "logFiles", "previousDigestS3Bucket"];
    head.has("digestStartTime") && head.count(&others) > 0
}

/// A failed record as Firehose writes it to its error prefix:
/// <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html>
#[must_use]
pub fn is_firehose_error(head: &Head<'_>) -> bool {
    let others = ["rawData", "errorCode", "lastErrorCode", "attemptEndingTimestamp"];
    head.has("attemptsMade") && head.count(&others) > 0
}

/// The message by which CloudWatch Logs tries whether a destination can be reached.
#[must_use]
pub fn is_control_message(head: &Head<'_>) -> bool {
    is_envelope(head) && head.text("messageType").as_deref() == Some("CONTROL_MESSAGE")
}

/// A batch of CloudWatch Logs, `{"messageType":…,"logGroup":…,"logEvents":[{"message":…}]}`:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>
pub(crate) fn is_envelope(head: &Head<'_>) -> bool {
    head.has("messageType") && head.count(&["logGroup", "logStream", "logEvents", "owner"]) > 1
}

/// Whether the first of these values that is there passes the test.
pub(crate) fn any(head: &Head<'_>, paths: &[&[&str]], test: fn(&Head<'_>) -> bool) -> bool {
    paths.iter().any(|path| head.below(path).is_some_and(|below| test(&below)))
}

/// A record by itself, or the first of a JSON list.
pub(crate) fn one_or_list(head: &Head<'_>, test: fn(&Head<'_>) -> bool) -> bool {
    if head.shape() == Shape::JsonList { any(head, &[&[]], test) } else { test(head) }
}

/// A finding or an event that holds some: by itself, the first of a JSON list, or in a message of CloudWatch Logs.
pub(crate) fn one_or_list_or_log_event(head: &Head<'_>, test: fn(&Head<'_>) -> bool) -> bool {
    if is_envelope(head) { any(head, &[&["logEvents", "message"]], test) } else { one_or_list(head, test) }
}
