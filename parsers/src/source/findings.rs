//! What comes as findings of GuardDuty or of Security Hub, told apart record by record.
//!
//! One stream of Firehose may be fed by the rules of both, and of other services; whatever the key or the first record
//! say, each finding is written as what it is. Events of other services are told as such.

use super::{
    Place, Writer,
    envelope::{EventBridge, each_log_event},
    guardduty::{self, GuardDutyWriter},
    security_hub::{self, SecurityHubWriter},
};
use crate::{
    document::{Out, Poison},
    json::{
        lookup::Lookup,
        tape::{Kind, Tape},
        text,
        write::Record,
    },
};

/// Whose findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Product {
    /// Amazon GuardDuty.
    GuardDuty,
    /// AWS Security Hub.
    SecurityHub,
}

impl Product {
    /// Whose an event is: by its source, by its kind, by what is in it. None where it is of another service.
    fn of_event(self, record: &Record<'_>, event: &EventBridge<'_>) -> Option<Self> {
        let source = event.source.as_deref().unwrap_or_default();
        let kind = event.detail_type.as_deref().unwrap_or_default();
        let of = |begin: &str| kind.starts_with(begin.as_bytes());
        match source {
            // Calls of the services' own API.
            _ if kind.ends_with(b" via CloudTrail") => None,
            b"aws.guardduty" => Some(Self::GuardDuty),
            b"aws.securityhub" => Some(Self::SecurityHub),
            _ if of("GuardDuty") => Some(Self::GuardDuty),
            _ if of("Security Hub") || of("Findings Imported V2") => Some(Self::SecurityHub),
            _ => event
                .detail
                .and_then(|detail| Self::of_content(record, &Lookup::of(record, detail)))
                .or_else(|| (source.is_empty() && kind.is_empty()).then_some(self)),
        }
    }

    /// Whose an object with these members is, where that is clear.
    fn of_content(record: &Record<'_>, members: &Lookup) -> Option<Self> {
        match (guardduty::is_finding(record, members), security_hub::holds_findings(record, members)) {
            (true, false) => Some(Self::GuardDuty),
            (false, true) => Some(Self::SecurityHub),
            _ => None,
        }
    }
}

/// Writes findings of both. One a thread.
#[derive(Debug)]
pub(super) struct FindingsWriter {
    /// Whose the object is said to be: what is not clear is written as such.
    home: Product,
    guardduty: Option<GuardDutyWriter>,
    security_hub: Option<SecurityHubWriter>,
    /// Of the message of a log event.
    inner: Tape,
}

impl FindingsWriter {
    pub(super) fn of(home: Product) -> Self {
        Self { home, guardduty: None, security_hub: None, inner: Tape::default() }
    }

    /// Writes what a record holds. `part` counts the findings of one record.
    fn record(&mut self, record: Record<'_>, place: Place<'_>, part: &mut u32, out: &mut Out<'_>) {
        let members = Lookup::of(&record, 0);
        let event = EventBridge::of(&record, &members);
        let product = match &event {
            Some(event) => self.home.of_event(&record, event),
            None => Some(Product::of_content(&record, &members).unwrap_or(self.home)),
        };
        match product {
            Some(Product::GuardDuty) => {
                let writer = self.guardduty.get_or_insert_default();
                writer.record(record, event.as_ref(), place, part, out);
            }
            Some(Product::SecurityHub) => {
                let writer = self.security_hub.get_or_insert_default();
                writer.record(record, event.as_ref(), place, part, out);
            }
            None => {
                out.problem(place.ordinal, place.offset, Poison::NoRecord("detail"));
                out.record_done();
            }
        }
    }
}

impl Writer for FindingsWriter {
    fn json(&mut self, record: Record<'_>, place: Place<'_>, out: &mut Out<'_>) {
        let mut tape = std::mem::take(&mut self.inner);
        // Each message is one or holds several: they are counted through.
        let mut part = 0;
        let is_batch = each_log_event(&record, place, out, |_, event, place, out| {
            let text = text::unescape(record.bytes(event.message));
            match tape.read(text.as_bytes(), 0) {
                Ok(_) if tape.get(0).is_some_and(|node| node.kind == Kind::Object) => {
                    let place = Place { part: Some(part), ..place };
                    self.record(Record { json: text.as_bytes(), tape: &tape }, place, &mut part, out);
                }
                _ => out.problem(place.ordinal, place.offset, Poison::NoRecord("message")),
            }
        });
        self.inner = tape;
        if !is_batch {
            self.record(record, place, &mut 0, out);
        }
    }
}
