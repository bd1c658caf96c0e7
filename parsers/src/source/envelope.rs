//! What other services put around records: EventBridge events, and CloudWatch Logs subscriptions.

use std::borrow::Cow;

use super::Place;
use crate::{
    document::{Out, Poison},
    json::{lookup::Lookup, tape::Kind, write::Record},
};

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
    /// too. `members` are those of the record.
    #[must_use]
    pub(crate) fn of(record: &Record<'a>, members: &Lookup) -> Option<Self> {
        let there = |name| members.raw(record, name);
        let detail = there("detail")?;
        let kind = there("detail-type").or_else(|| there("detailType"))?;
        let text = |name| members.member(record, name).and_then(|node| record.scalar(node));
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
    /// Node of the list of events.
    list: usize,
}

/// What a message of a subscription is.
#[derive(Debug)]
pub enum Subscription<'a> {
    /// It only tests whether the way is open.
    Control,
    /// It should hold events and has no list of them.
    Malformed,
    /// It holds events.
    Events(LogEvents<'a>),
}

/// One event of [`LogEvents`].
#[derive(Debug)]
pub struct LogEvent<'a> {
    /// `id`.
    pub id: Option<Cow<'a, [u8]>>,
    /// `timestamp`: milliseconds since 1970.
    pub timestamp: Option<Cow<'a, [u8]>>,
    /// Node of `message`, which is a string.
    pub message: usize,
    /// Node of `extractedFields`, which a subscription with a pattern adds.
    pub fields: Option<usize>,
}

impl<'a> LogEvents<'a> {
    /// What a record is, where it is a message of a subscription: it has `messageType`, and `logEvents` or the name of a
    /// log group.
    #[must_use]
    pub fn of(record: &Record<'a>) -> Option<Subscription<'a>> {
        let there = |name| record.tape.member(record.json, 0, name);
        let kind = record.scalar(there("messageType")?)?;
        let list = there("logEvents");
        let is_known = matches!(&*kind, b"CONTROL_MESSAGE" | b"DATA_MESSAGE");
        if list.is_none() && !(is_known && there("logGroup").is_some()) {
            return None;
        }
        if *kind == *b"CONTROL_MESSAGE" {
            return Some(Subscription::Control);
        }
        let list = list.filter(|&list| is_known && record.kind(list) == Some(Kind::Array));
        let text = |name| record.member(0, name).and_then(|node| record.scalar(node));
        Some(list.map_or(Subscription::Malformed, |list| {
            Subscription::Events(Self {
                owner: text("owner"),
                group: text("logGroup"),
                stream: text("logStream"),
                list,
            })
        }))
    }
}

impl<'a> LogEvent<'a> {
    fn of(record: &Record<'a>, node: usize) -> Option<Self> {
        let text = |name| record.member(node, name).and_then(|node| record.scalar(node));
        let of_kind = |name, kind| record.member(node, name).filter(|&n| record.kind(n) == Some(kind));
        Some(Self {
            id: text("id"),
            timestamp: text("timestamp"),
            message: of_kind("message", Kind::String)?,
            fields: of_kind("extractedFields", Kind::Object),
        })
    }
}

/// Gives each event of a message of a subscription to `write`, with its place in the message as `part`; events without
/// text and messages without events are noted. False where a record is no such message.
pub fn each_log_event<'a, 'p>(
    record: &Record<'a>,
    place: Place<'p>,
    out: &mut Out<'_>,
    mut write: impl FnMut(&LogEvents<'a>, LogEvent<'a>, Place<'p>, &mut Out<'_>),
) -> bool {
    let log = match LogEvents::of(record) {
        None => return false,
        Some(Subscription::Control) => return true,
        Some(Subscription::Malformed) => {
            out.problem(place.ordinal, place.offset, Poison::NoRecord("logEvents"));
            out.record_done();
            return true;
        }
        Some(Subscription::Events(log)) => log,
    };
    for (part, node) in (0u32..).zip(record.tape.elements(log.list)) {
        match LogEvent::of(record, node) {
            Some(event) => write(&log, event, Place { part: Some(part), ..place }, out),
            None => out.problem(place.ordinal, place.offset, Poison::NoRecord("message")),
        }
        out.record_done();
    }
    true
}
