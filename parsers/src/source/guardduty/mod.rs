//! GuardDuty findings: lines of an export, and events of EventBridge.
//!
//! A finding comes again with every change; each is a document. Field names and ids are those of es-loader; ECS
//! fields beside the finding's own.

mod action;
mod detection;
mod ecs;
mod facts;
pub mod fields;
mod resource;
mod side;

use std::borrow::Cow;

use self::{
    facts::Facts,
    fields::{FindingFixes, SCHEMA, SLOTS, Slot, plain_number},
    side::Text,
};
use super::{
    Layout, LogType, Place, Template,
    draft::{Draft, derived_id, fitting_id},
    envelope::EventBridge,
    finding::{Severity, Stage, State, changed},
    findings::{FindingsWriter, Product},
};
use crate::{
    document::{Out, Poison, put},
    json::{lookup::Lookup, tape::Kind, write::Record},
    key::KeyMarks,
    nested,
    recognise::{Head, content},
    schema::Schema,
    shape::{Member, Shaper, resolve},
    time::Instant,
    user_agent_cache::UserAgentCache,
    when::When,
};

/// Name in `@log_type`, and that of the product.
const NAME: &str = "guardduty";

/// Name of the indices in front of the month.
const INDEX: &str = "log-aws-guardduty-";

/// The log.
pub static LOG_TYPE: LogType = LogType {
    name: NAME,
    marks: KeyMarks {
        services: &["GuardDuty"],
        folders: &["GuardDuty", "aws.guardduty", "GuardDuty_Finding"],
        ..KeyMarks::NONE
    },
    looks_like,
    layout: Layout::Values { lists: &[] },
    writer: || Box::new(FindingsWriter::of(Product::GuardDuty)),
    template: Template {
        name: "siem-loader-guardduty",
        component: fields::TEMPLATE,
        index: include_str!("../../../../index-templates/index-templates/siem-loader-guardduty.json"),
    },
};

/// GuardDuty findings as exported, or as EventBridge sends them.
#[must_use]
pub fn looks_like(head: &Head<'_>) -> bool {
    content::one_or_list_or_log_event(head, is_or_holds_finding)
}

fn is_or_holds_finding(head: &Head<'_>) -> bool {
    // `source` alone is not enough: calls of the API come from `aws.guardduty` too, as CloudTrail events.
    let event = head.text("detail-type").as_deref() == Some("GuardDuty Finding");
    event || looks_like_finding(head) || content::any(head, &[&["detail"]], looks_like_finding)
}

fn looks_like_finding(finding: &Head<'_>) -> bool {
    let arn = finding.text("arn").is_some_and(|arn| arn.contains(":guardduty:"));
    finding.has("schemaVersion")
        && (arn || finding.count(&["detectorId", "accountId", "type", "resource", "service", "severity"]) > 2)
}

/// Whether an object with these members is a finding.
pub(super) fn is_finding(record: &Record<'_>, members: &Lookup) -> bool {
    let member = |name| members.raw(record, name);
    let arn = || member("arn").and_then(|arn| record.scalar(arn));
    let others = ["detectorId", "accountId", "type", "resource", "service", "severity"];
    member("schemaVersion").is_some()
        && (others.iter().filter(|name| member(name).is_some()).nth(2).is_some()
            || arn().is_some_and(|arn| memchr::memmem::find(&arn, b":guardduty:").is_some()))
}

/// Writes GuardDuty documents. One a thread.
#[derive(Debug, Default)]
pub(super) struct GuardDutyWriter {
    flat: Vec<u8>,
    members: Vec<Member<'static>>,
    user_agents: UserAgentCache,
    siem: Vec<u8>,
}

/// The finding's own values, as they stand inside a JSON string.
struct Finding<'a> {
    record: Record<'a>,
    id: Option<Text<'a>>,
    account: Option<Text<'a>>,
    region: Option<Text<'a>>,
    partition: Option<Text<'a>>,
    /// `type`
    kind: Option<Text<'a>>,
    title: Option<Text<'a>>,
    description: Option<Text<'a>>,
    /// `severity` as written; a number where `severity` below is known.
    score: Option<Text<'a>>,
    severity: Option<Severity>,
}

impl GuardDutyWriter {
    /// Writes a finding, or that of an event. `part` counts those that stand in one record.
    pub(super) fn record(
        &mut self,
        record: Record<'_>,
        envelope: Option<&EventBridge<'_>>,
        place: Place<'_>,
        part: &mut u32,
        out: &mut Out<'_>,
    ) {
        match envelope.map_or(Some(0), |envelope| envelope.detail) {
            Some(node) => self.finding(record, node, envelope, place, out),
            None => out.problem(place.ordinal, place.offset, Poison::NoRecord("detail")),
        }
        *part = part.saturating_add(1);
        out.record_done();
    }

    fn finding(
        &mut self,
        record: Record<'_>,
        node: usize,
        envelope: Option<&EventBridge<'_>>,
        place: Place<'_>,
        out: &mut Out<'_>,
    ) {
        let schema: &'static Schema = &SCHEMA;
        let mut slots = [None; SLOTS];
        resolve(&record, node, &schema.record, &mut slots, &mut self.members);
        let slot = |slot: Slot| slots.get(slot as usize).copied().flatten();
        let finding = Finding::of(record, envelope, slot);
        let facts = Facts::of(record, slot(Slot::Resource), slot(Slot::Service));

        let updated = slot(Slot::UpdatedAt).and_then(|node| record.scalar(node));
        let sent = envelope.and_then(|e| e.time.clone());
        // Not every event of GuardDuty is a finding; the others have no time of their own.
        let when = When::of_text(updated.as_deref().or(sent.as_deref()), place.object.key_info.time);
        let notes = notes(&finding, &when);

        let of_event = || envelope.and_then(|e| e.id.clone()).filter(|id| !is_blank(id));
        let own = finding.id.clone().or_else(of_event);
        let id: Text<'_> = own.unwrap_or_else(|| derived_id(&record, node, &place).into());
        let document_id = match suffix(&record, facts.count) {
            Some(count) => fitting_id([&id, &b"_"[..], &count].concat().into()),
            None => fitting_id(id.clone()),
        };

        let mut draft = Draft::begin(out.rendered, INDEX, &place, &when, &document_id);
        self.flat.clear();
        let shaper = Shaper::new(record, FindingFixes);
        shaper.record(&self.members, &schema.record, &schema.reserved, draft.bytes(), &mut self.flat);
        draft.message(&place, record.tape.bytes(record.json, node));
        draft.common_as(NAME, &place, &id, &when);
        ecs::write(&finding, &facts, &place, &mut self.user_agents, draft.bytes());

        let sent = sent.as_deref().and_then(Instant::parse);
        let changed = changed(sent, updated.and(when.event), place.object.key_info.time);
        let state = finding.id.as_ref().map(|id| State {
            product: Cow::Borrowed(NAME.as_bytes()),
            id: id.clone(),
            severity: finding.severity,
            stage: if facts.archived { Stage::Archived } else { Stage::Open },
            changed,
        });
        self.siem.clear();
        if let Some(state) = &state {
            state.write(&mut self.siem);
        }
        if !facts.ips.more.is_empty() || !facts.users.more.is_empty() {
            put!(self.siem, b",\"related\":{");
            nested::list(&mut self.siem, "ip", &facts.ips.more);
            nested::list(&mut self.siem, "user", &facts.users.more);
            self.siem.push(b'}');
        }
        draft.siem(&place, &notes, &self.siem, &self.flat);
        let finished = draft.finish(&place, &when);
        if let Some(state) = state
            && let Some(version) = state.version()
        {
            finished.state(out.rendered, &place, &state.id(), version);
        }
    }
}

impl<'a> Finding<'a> {
    fn of(
        record: Record<'a>,
        envelope: Option<&EventBridge<'a>>,
        slot: impl Fn(Slot) -> Option<usize>,
    ) -> Self {
        let text = |name| slot(name).and_then(|node| record.scalar(node));
        let score = text(Slot::Severity);
        let is_score = slot(Slot::Severity).is_some_and(|node| match record.kind(node) {
            Some(Kind::Number) => true,
            Some(Kind::String) => score.as_deref().and_then(plain_number).is_some(),
            _ => false,
        });
        let number = score.as_deref().filter(|_| is_score).and_then(|s| std::str::from_utf8(s).ok());
        let number: Option<f64> = number.and_then(|number| number.parse().ok());
        Self {
            record,
            id: text(Slot::Id).filter(|id| !is_blank(id)),
            account: text(Slot::AccountId).or_else(|| envelope?.account.clone()),
            region: text(Slot::Region).or_else(|| envelope?.region.clone()),
            partition: text(Slot::Partition),
            kind: text(Slot::Type),
            title: text(Slot::Title),
            description: text(Slot::Description),
            severity: number.filter(|n| n.is_finite()).map(Severity::of_score),
            score,
        }
    }
}

/// What is odd about a finding.
fn notes(finding: &Finding<'_>, when: &When) -> Vec<&'static str> {
    let id = finding.id.is_none().then_some("finding_id_missing");
    let severity = match (&finding.score, finding.severity) {
        (_, Some(_)) => None,
        (Some(_), None) => Some("severity_invalid"),
        (None, None) => Some("severity_missing"),
    };
    when.note.into_iter().chain(id).chain(severity).collect()
}

/// What `_id` has behind the finding's id: how often it was seen. es-loader leaves out nought.
fn suffix<'a>(record: &Record<'a>, count: Option<usize>) -> Option<Text<'a>> {
    let count = count?;
    let text = record.scalar(count)?;
    match record.kind(count)? {
        Kind::Number if text.iter().all(|b| matches!(b, b'0' | b'.' | b'-')) => None,
        Kind::True => Some(Cow::Borrowed(b"True")),
        Kind::False => None,
        _ => Some(text),
    }
}

fn is_blank(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_whitespace)
}
