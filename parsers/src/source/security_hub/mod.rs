//! Security Hub: findings of AWS services and other products, in the AWS Security Finding Format (ASFF) and in OCSF.
//!
//! One document a finding and state of it, with the field names and ids of es-loader; and the current state of each
//! finding, see [`crate::source::finding`].

mod asff;
pub mod fields;
mod finding;
mod guardduty;
mod ocsf;

use self::{
    fields::{KNOWN, Known, OCSF},
    finding::{Finding, MORE_ADDRESSES},
};
use super::{
    Layout, LogType, Place, Template,
    draft::Draft,
    envelope::EventBridge,
    findings::{FindingsWriter, Product},
};
use crate::{
    document::{Out, Poison, put},
    ecs::Value,
    json::{lookup::Lookup, tape::Kind, write::Record},
    key::KeyMarks,
    recognise::{Head, content},
    shape::{Member, NoFixes, Shaper, resolve},
};

/// Name in `@log_type`.
const NAME: &str = "securityhub";

/// Name of the indices in front of the month.
const INDEX: &str = "log-aws-securityhub-";

/// Where a list of findings stands in an event, and in what the API answers.
const LISTS: [&str; 2] = ["findings", "Findings"];

/// The log.
pub static LOG_TYPE: LogType = LogType {
    name: NAME,
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
    looks_like,
    layout: Layout::Values { lists: &["Findings", "findings"] },
    writer: || Box::new(FindingsWriter::of(Product::SecurityHub)),
    template: Template {
        name: "siem-loader-securityhub",
        component: fields::TEMPLATE,
        index: include_str!("../../../../index-templates/index-templates/siem-loader-securityhub.json"),
    },
};

/// Security Hub findings: ASFF or OCSF, by themselves, listed, under `Findings`, or as EventBridge sends
/// them.
#[must_use]
pub fn looks_like(head: &Head<'_>) -> bool {
    content::one_or_list_or_log_event(head, is_or_holds_finding)
}

fn is_or_holds_finding(head: &Head<'_>) -> bool {
    let event = head.text("source").as_deref() == Some("aws.securityhub")
        && head.text("detail-type").is_some_and(|kind| kind.contains("Finding"));
    let places: &[&[&str]] = &[&["detail", "findings"], &["Findings"], &["findings"], &["detail"]];
    event || looks_like_finding(head) || content::any(head, places, looks_like_finding)
}

fn looks_like_finding(finding: &Head<'_>) -> bool {
    let asff = finding.has("ProductArn")
        && finding.count(&["SchemaVersion", "GeneratorId", "AwsAccountId", "Types", "Severity", "Title"]) > 1;
    let ocsf = finding.has("class_uid")
        && finding.has("metadata")
        && finding.count(&["finding_info", "finding", "vulnerabilities"]) > 0;
    asff || ocsf
}

/// Whether an object with these members is a finding, or holds a list of them.
pub(super) fn holds_findings(record: &Record<'_>, members: &Lookup) -> bool {
    let there = |name: &&str| members.raw(record, name).is_some();
    let list = |name: &&str| {
        let list = members.raw(record, name);
        list.is_some_and(|list| record.kind(list) == Some(Kind::Array))
    };
    let asff = ["SchemaVersion", "GeneratorId", "AwsAccountId", "Types", "Severity", "Title"];
    let ocsf = ["finding_info", "finding", "vulnerabilities"];
    LISTS.iter().any(list)
        || (there(&"ProductArn") && asff.iter().filter(|name| there(name)).nth(1).is_some())
        || (there(&"class_uid") && there(&"metadata") && ocsf.iter().any(there))
}

/// Writes Security Hub documents. One a thread.
#[derive(Debug, Default)]
pub(super) struct SecurityHubWriter {
    flat: Vec<u8>,
    more: Vec<u8>,
    members: Vec<Member<'static>>,
}

impl SecurityHubWriter {
    /// Writes a finding, or what holds findings. `part` counts those that stand in one record.
    pub(super) fn record(
        &mut self,
        record: Record<'_>,
        envelope: Option<&EventBridge<'_>>,
        place: Place<'_>,
        part: &mut u32,
        out: &mut Out<'_>,
    ) {
        let holder = match envelope {
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
                        self.write(&Finding::of(record, node, envelope, place), out);
                    } else {
                        out.problem(place.ordinal, place.offset, Poison::NoRecord("findings"));
                    }
                    *part = part.saturating_add(1);
                    out.record_done();
                }
            }
            None if envelope.is_none() => {
                self.write(&Finding::of(record, 0, None, place), out);
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

        let mut draft = Draft::begin(out.rendered, INDEX, &place, &read.when, &read.document);
        self.flat.clear();
        let shaper = Shaper::new(record, NoFixes);
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
        draft.message(&place, record.tape.bytes(record.json, node));
        draft.common_as(NAME, &place, &read.id, &read.when);
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
            finished.state(out.rendered, &place, &read.state.id(), version);
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
