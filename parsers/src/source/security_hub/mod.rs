//! Security Hub: findings of AWS services and other products, in the AWS Security Finding Format (ASFF) and in OCSF.
//!
//! One document a finding and state of it, with the field names and ids of es-loader; and the current state of each
//! finding, see [`crate::source::finding`].

mod asff;
pub mod fields;
mod finding;
mod guardduty;
mod ocsf;
mod types;

use self::{
    fields::{KNOWN, Known, OCSF},
    finding::{Finding, MORE_ADDRESSES},
};
use super::{
    Layout, LogType, Place, Template, Writer,
    draft::Draft,
    envelope::{EventBridge, LogEvents},
};
use crate::{
    document::{Out, Poison, put},
    ecs::Value,
    json::{
        tape::{Kind, Tape},
        text,
        write::Record,
    },
    key::KeyMarks,
    recognise::content,
    shape::{Member, NoFixes, Shaper, resolve},
};

/// Name of the indices in front of the month.
const INDEX: &str = "log-aws-securityhub-";

/// Where a list of findings stands in an event, and in what the API answers.
const LISTS: [&str; 2] = ["findings", "Findings"];

/// The log.
pub static LOG_TYPE: LogType = LogType {
    name: "securityhub",
    marks: KeyMarks {
        services: &["SecurityHub", "securityhub"],
        folders: &[
            "SecurityHub",
            "securityhub",
            "aws.securityhub",
            "Security_Hub_Findings_-_Imported",
            "Security_Hub_Findings_-_Custom_Action",
            "Findings_Imported_V2",
        ],
        not_loaded: &[("Security_Hub_Insight_Results", "Security Hub insight results: no findings")],
        ..KeyMarks::NONE
    },
    looks_like: content::looks_like_securityhub,
    layout: Layout::Values { lists: &["Findings", "findings"] },
    writer: || Box::new(SecurityHubWriter::default()),
    template: Template {
        name: "siem-loader-securityhub",
        component: fields::TEMPLATE,
        index: include_str!("../../../../index-templates/index-templates/siem-loader-securityhub.json"),
    },
};

/// Writes Security Hub documents. One a thread.
#[derive(Debug, Default)]
pub struct SecurityHubWriter {
    flat: Vec<u8>,
    more: Vec<u8>,
    members: Vec<Member<'static>>,
    /// Of the message of a log event.
    inner: Tape,
}

impl Writer for SecurityHubWriter {
    fn json(&mut self, record: Record<'_>, place: Place<'_>, out: &mut Out<'_>) {
        if let Some(log) = LogEvents::of(&record) {
            self.log_events(&record, &log, place, out);
        } else {
            self.record(record, place, &mut 0, out);
        }
    }
}

impl SecurityHubWriter {
    /// Events that went through a log group: each is the text of a message.
    fn log_events(&mut self, record: &Record<'_>, log: &LogEvents<'_>, place: Place<'_>, out: &mut Out<'_>) {
        let mut tape = std::mem::take(&mut self.inner);
        let mut part = 0;
        // Each message is one or holds several: they are counted through.
        for event in log.events.into_iter().flat_map(|events| record.tape.elements(events)) {
            let message = LogEvents::event(record, event).message;
            let text = message.map(|node| text::unescape(record.bytes(node)));
            let json = text.as_deref().unwrap_or_default().as_bytes();
            match tape.read(json, 0) {
                Ok(_) if tape.get(0).is_some_and(|n| n.kind == Kind::Object) => {
                    let place = Place { part: Some(part), ..place };
                    self.record(Record { json, tape: &tape }, place, &mut part, out);
                }
                _ => {
                    out.problem(place.ordinal, place.offset, Poison::NoRecord("message"));
                    out.record_done();
                }
            }
        }
        self.inner = tape;
    }

    /// A finding, or what holds findings. `part` counts those that stand in one record.
    fn record(&mut self, record: Record<'_>, place: Place<'_>, part: &mut u32, out: &mut Out<'_>) {
        let envelope = EventBridge::of(&record);
        let holder = match &envelope {
            Some(envelope) => envelope.detail,
            None => Some(0),
        };
        let list =
            holder.and_then(|h| LISTS.iter().find_map(|name| record.tape.member(record.json, h, name)));
        match list {
            Some(list) if record.kind(list) == Some(Kind::Array) => {
                for node in record.tape.elements(list) {
                    if record.kind(node) == Some(Kind::Object) {
                        let place = Place { part: Some(*part), ..place };
                        self.write(&Finding { record, node, envelope: envelope.as_ref(), place }, out);
                    } else {
                        out.problem(place.ordinal, place.offset, Poison::NoRecord("findings"));
                    }
                    *part = part.saturating_add(1);
                    out.record_done();
                }
            }
            None if envelope.is_none() => {
                self.write(&Finding { record, node: 0, envelope: None, place }, out);
                *part = part.saturating_add(1);
                out.record_done();
            }
            // An event of another kind, as `Security Hub Insight Results`, or one without its list.
            _ => {
                out.problem(place.ordinal, place.offset, Poison::NoRecord("findings"));
                out.record_done();
            }
        }
    }

    fn write(&mut self, finding: &Finding<'_, '_>, out: &mut Out<'_>) {
        let known: &'static Known = &KNOWN;
        let (record, node, place) = (finding.record, finding.node, finding.place);
        let ocsf = finding.is_ocsf();
        let mut read = if ocsf { finding.ocsf() } else { finding.asff() };
        let schema = if ocsf { &known.ocsf } else { &known.asff };
        resolve(&record, node, &schema.record, &mut [], &mut self.members);
        if !ocsf {
            for member in &mut self.members {
                if member.field.is_some() && fields::is_own(record.bytes(member.key)) {
                    member.field = None;
                }
            }
        }

        let mut draft = Draft::begin(out.rendered, INDEX, &read.when, &read.document);
        self.flat.clear();
        let shaper = Shaper { record, fixer: &NoFixes };
        let bytes = draft.bytes();
        if ocsf {
            put!(bytes, b"\"", OCSF.as_bytes(), b"\":{");
            put!(self.flat, b"\"", OCSF.as_bytes(), b"\":{");
        }
        let empty = self.flat.len();
        shaper.record(&self.members, &schema.record, &schema.reserved, bytes, &mut self.flat);
        if ocsf {
            bytes.push(b'}');
            if self.flat.len() > empty {
                self.flat.push(b'}');
            } else {
                self.flat.clear();
            }
        }
        let related = read.ecs.take(MORE_ADDRESSES);
        draft.message(record.tape.bytes(record.json, node));
        draft.common(&place, &read.id, &read.when);
        read.ecs.write(draft.bytes());
        self.more.clear();
        read.state.write(&mut self.more);
        if let Some(envelope) = finding.envelope {
            envelope_of(&record, envelope, &mut self.more);
        }
        if let Some(Value::List(addresses)) = related {
            for (at, address) in addresses.iter().enumerate() {
                let before: &[u8] = if at == 0 { b",\"related\":{\"ip\":[\"" } else { b"\",\"" };
                put!(self.more, before, address);
            }
            self.more.extend_from_slice(b"\"]}");
        }
        draft.siem(&place, read.when.note.as_slice(), &self.more, &self.flat);
        let finished = draft.finish(&place, &read.when);
        if let Some(version) = read.state.version() {
            finished.state(out.rendered, &read.state.id(), version);
        }
    }
}

/// Appends `,"envelope":{…}`, a member of `siem`: what the event around a finding says, so that an action that
/// somebody chose for it is not lost.
fn envelope_of(record: &Record<'_>, envelope: &EventBridge<'_>, out: &mut Vec<u8>) {
    let action = envelope.detail.and_then(|detail| record.scalar(record.member(detail, "actionName")?));
    let values = [
        ("id", envelope.id.as_deref()),
        ("detail_type", envelope.detail_type.as_deref()),
        ("action", action.as_deref()),
    ];
    out.extend_from_slice(b",\"envelope\":{");
    for (name, value) in values {
        if let Some(value) = value {
            crate::shape::separate(out);
            put!(out, b"\"", name.as_bytes(), b"\":\"", value, b"\"");
        }
    }
    out.push(b'}');
}
