//! What other services put around records: EventBridge events, and CloudWatch Logs subscriptions.

use std::borrow::Cow;

use crate::json::{tape::Kind, write::Record};

/// An event of Amazon EventBridge around a record (or several).
///
/// <https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html>
#[derive(Debug)]
pub struct EventBridge<'a> {
    /// `id` of the event.
    pub id: Option<Cow<'a, [u8]>>,
    /// `source`: `aws.guardduty`, `aws.securityhub` …
    pub source: Option<Cow<'a, [u8]>>,
    /// `detail-type`.
    pub detail_type: Option<Cow<'a, [u8]>>,
    /// `account`.
    pub account: Option<Cow<'a, [u8]>>,
    /// `region`.
    pub region: Option<Cow<'a, [u8]>>,
    /// `time`, which is that of the event and not of what it tells of.
    pub time: Option<Cow<'a, [u8]>>,
    /// Node of `detail`, if it is an object.
    pub detail: Option<usize>,
}

impl<'a> EventBridge<'a> {
    /// The envelope, where a record is one: it has `detail-type` and `detail`. CloudWatch's variant `detailType` counts
    /// too.
    #[must_use]
    pub fn of(record: &Record<'a>) -> Option<Self> {
        let there = |name| record.tape.member(record.json, 0, name);
        let detail = there("detail")?;
        let kind = there("detail-type").or_else(|| there("detailType"))?;
        let text = |name| record.member(0, name).and_then(|node| record.scalar(node));
        Some(Self {
            id: text("id"),
            source: text("source"),
            detail_type: record.scalar(kind),
            account: text("account"),
            region: text("region"),
            time: text("time"),
            detail: (record.kind(detail) == Some(Kind::Object)).then_some(detail),
        })
    }
}

/// What a CloudWatch Logs subscription delivers: log events of one stream.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>
#[derive(Debug)]
pub struct LogEvents<'a> {
    /// Account of the log group.
    pub owner: Option<Cow<'a, [u8]>>,
    /// Name of the log group.
    pub group: Option<Cow<'a, [u8]>>,
    /// Name of the log stream.
    pub stream: Option<Cow<'a, [u8]>>,
    /// Node of the list of events; none in a `CONTROL_MESSAGE`, which only tests whether the way is open.
    pub events: Option<usize>,
}

/// One event of [`LogEvents`].
#[derive(Debug)]
pub struct LogEvent<'a> {
    /// `id`.
    pub id: Option<Cow<'a, [u8]>>,
    /// `timestamp`: milliseconds since 1970.
    pub timestamp: Option<Cow<'a, [u8]>>,
    /// Node of `message`, if it is text.
    pub message: Option<usize>,
    /// Node of `extractedFields`, which a subscription with a pattern adds.
    pub fields: Option<usize>,
}

impl<'a> LogEvents<'a> {
    /// The envelope, where a record is one.
    #[must_use]
    pub fn of(record: &Record<'a>) -> Option<Self> {
        let there = |name| record.tape.member(record.json, 0, name);
        let kind = record.scalar(there("messageType")?)?;
        let events = there("logEvents")?;
        let text = |name| record.member(0, name).and_then(|node| record.scalar(node));
        let list = *kind == *b"DATA_MESSAGE" && record.kind(events) == Some(Kind::Array);
        Some(Self {
            owner: text("owner"),
            group: text("logGroup"),
            stream: text("logStream"),
            events: list.then_some(events),
        })
    }

    /// One of its events.
    #[must_use]
    pub fn event(record: &Record<'a>, node: usize) -> LogEvent<'a> {
        let text = |name| record.member(node, name).and_then(|node| record.scalar(node));
        let of_kind = |name, kind| record.member(node, name).filter(|&n| record.kind(n) == Some(kind));
        LogEvent {
            id: text("id"),
            timestamp: text("timestamp"),
            message: of_kind("message", Kind::String),
            fields: of_kind("extractedFields", Kind::Object),
        }
    }
}
