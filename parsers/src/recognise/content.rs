//! What the records of each log look like. Each test says yes only where the content is clear, so that two of
//! them never say yes to one object.

use super::{
    flow_log,
    head::{Head, Shape},
};

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

/// CloudTrail: `{"Records":[…]}`, and a bare list, which aggregated events have been seen in.
#[must_use]
pub fn looks_like_cloudtrail(head: &Head<'_>) -> bool {
    if head.shape() == Shape::JsonList {
        return any(head, &[&[]], is_cloudtrail_event);
    }
    any(head, &[&["Records"]], is_cloudtrail_event)
}

fn is_cloudtrail_event(record: &Head<'_>) -> bool {
    // Notifications of S3, SNS and SQS have `Records` with much the same names.
    let notification = record.text("eventSource").is_some_and(|source| source.starts_with("aws:"))
        || record.count(&["s3", "Sns", "messageId"]) > 0;
    let names = [
        "eventVersion",
        "eventSource",
        "eventName",
        "eventTime",
        "eventID",
        "eventId",
        "eventType",
        "eventCategory",
        "userIdentity",
    ];
    !notification && record.count(&names) > 1
}

/// Flow logs of VPC and transit gateway: rows under a header or of the default format, rows as JSON, or in
/// messages of CloudWatch Logs or Firehose. Parquet and custom formats without a header only the key can
/// tell.
#[must_use]
pub fn looks_like_vpcflowlogs(head: &Head<'_>) -> bool {
    let row = |text: &Head<'_>| text.shape() == Shape::Text && flow_log::is_row(&text.first_line());
    match head.shape() {
        Shape::Text => {
            let line = head.first_line();
            flow_log::is_header(&line) || flow_log::is_row(&line)
        }
        Shape::JsonList => any(head, &[&[]], flow_log::is_object),
        Shape::Json if is_envelope(head) => head.below(&["logEvents", "message"]).is_some_and(|m| row(&m)),
        Shape::Json if head.has("message") => {
            head.below(&["message"]).is_some_and(|m| row(&m) || flow_log::is_object(&m))
        }
        Shape::Json => flow_log::is_object(head),
        _ => false,
    }
}

/// GuardDuty findings as exported, or as EventBridge sends them.
#[must_use]
pub fn looks_like_guardduty(head: &Head<'_>) -> bool {
    one_or_list(head, is_guardduty)
}

fn is_guardduty(head: &Head<'_>) -> bool {
    // `source` alone is not enough: calls of the API come from `aws.guardduty` too, as CloudTrail events.
    let event = head.text("detail-type").as_deref() == Some("GuardDuty Finding");
    event || is_guardduty_finding(head) || any(head, &[&["detail"]], is_guardduty_finding)
}

fn is_guardduty_finding(finding: &Head<'_>) -> bool {
    let arn = finding.text("arn").is_some_and(|arn| arn.contains(":guardduty:"));
    finding.has("schemaVersion")
        && (arn || finding.count(&["detectorId", "accountId", "type", "resource", "service", "severity"]) > 2)
}

/// Security Hub findings: ASFF or OCSF, by themselves, listed, under `Findings`, or as EventBridge sends
/// them.
#[must_use]
pub fn looks_like_securityhub(head: &Head<'_>) -> bool {
    one_or_list(head, is_securityhub)
}

fn is_securityhub(head: &Head<'_>) -> bool {
    let event = head.text("source").as_deref() == Some("aws.securityhub")
        && head.text("detail-type").is_some_and(|kind| kind.contains("Finding"));
    let places: &[&[&str]] = &[&["detail", "findings"], &["Findings"], &["findings"], &["detail"]];
    event || is_securityhub_finding(head) || any(head, places, is_securityhub_finding)
}

fn is_securityhub_finding(finding: &Head<'_>) -> bool {
    let asff = finding.has("ProductArn")
        && finding.count(&["SchemaVersion", "GeneratorId", "AwsAccountId", "Types", "Severity", "Title"]) > 1;
    let ocsf = finding.has("class_uid")
        && finding.has("metadata")
        && finding.count(&["finding_info", "finding", "vulnerabilities"]) > 0;
    asff || ocsf
}
