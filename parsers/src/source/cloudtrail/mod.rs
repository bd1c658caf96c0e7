//! CloudTrail: management, data, Insights and network activity events.
//!
//! Field names and ids are those of es-loader; ECS fields beside the record's own.

mod action;
pub mod fields;
mod fixes;

use std::borrow::Cow;

use self::{
    action::ActionCache,
    fields::{SCHEMA, SLOTS, Slot},
    fixes::EventFixes,
};
use super::{
    Layout, LogType, Place, Template, Writer,
    draft::{Draft, derived_id, fitting_id},
};
use crate::{
    document::{Out, member, put, raw_member},
    json::{tape::Kind, write::Record},
    key::KeyMarks,
    recognise::{Head, Shape, content},
    schema::Schema,
    shape::{Member, Shaper, resolve},
    user_agent_cache::UserAgentCache,
    when::When,
};

/// Name of the indices in front of the month.
const INDEX: &str = "log-aws-cloudtrail-";

/// Writes CloudTrail documents. One a thread.
#[derive(Debug, Default)]
pub struct CloudTrailWriter {
    flat: Vec<u8>,
    members: Vec<Member<'static>>,
    user_agents: UserAgentCache,
    actions: ActionCache,
}

/// The values of one event that are used more than once.
struct Event<'a> {
    record: Record<'a>,
    slots: [Option<usize>; SLOTS],
}

impl<'a> Event<'a> {
    fn slot(&self, slot: Slot) -> Option<usize> {
        self.slots.get(slot as usize).copied().flatten()
    }

    /// Text of a slot as it stands inside a JSON string.
    fn text(&self, slot: Slot) -> Option<Cow<'a, [u8]>> {
        self.record.scalar(self.slot(slot)?)
    }

    fn member(&self, slot: Slot, name: &str) -> Option<Cow<'a, [u8]>> {
        self.record.scalar(self.record.member(self.slot(slot)?, name)?)
    }

    fn path(&self, slot: Slot, path: &[&str]) -> Option<Cow<'a, [u8]>> {
        self.record.scalar(self.record.path(self.slot(slot)?, path)?)
    }
}

/// Management and data events, Insights, network activity, and sums of data events.
const FOLDERS: &[&str] =
    &["CloudTrail", "CloudTrail-Insight", "CloudTrail-NetworkActivity", "CloudTrail-Aggregated"];

/// The log.
pub static LOG_TYPE: LogType = LogType {
    name: "cloudtrail",
    marks: KeyMarks {
        services: FOLDERS,
        folders: FOLDERS,
        not_loaded: &[("CloudTrail-Digest", "CloudTrail digest: hashes of log files, no events")],
        ..KeyMarks::NONE
    },
    looks_like,
    layout: Layout::ListUnder("Records"),
    writer: || Box::new(CloudTrailWriter::default()),
    template: Template {
        name: "siem-loader-cloudtrail",
        component: fields::TEMPLATE,
        index: include_str!("../../../../index-templates/index-templates/siem-loader-cloudtrail.json"),
    },
};

/// CloudTrail: `{"Records":[…]}`, and a bare list, which aggregated events have been seen in.
#[must_use]
pub fn looks_like(head: &Head<'_>) -> bool {
    if head.shape() == Shape::JsonList {
        return content::any(head, &[&[]], is_cloudtrail_event);
    }
    content::any(head, &[&["Records"]], is_cloudtrail_event)
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

impl Writer for CloudTrailWriter {
    fn json(&mut self, record: Record<'_>, place: Place<'_>, out: &mut Out<'_>) {
        let schema: &'static Schema = &SCHEMA;
        let mut event = Event { record, slots: [None; SLOTS] };
        resolve(&record, 0, &schema.record, &mut event.slots, &mut self.members);
        let when = When::of_text(event.text(Slot::EventTime).as_deref(), place.object.key_info.time);
        let id = document_id(&event, &place);
        let mut draft = Draft::begin(out.rendered, INDEX, &place, &when, &id);

        self.flat.clear();
        let event_source = event.text(Slot::EventSource).unwrap_or_default();
        let shaper = Shaper::new(record, EventFixes { event_source: &event_source });
        let bytes = draft.bytes();
        shaper.record(&self.members, &schema.record, &schema.reserved, bytes, &mut self.flat);

        draft.message(&place, record.tape.bytes(record.json, 0));
        draft.common(&place, &id, &when);
        self.ecs(&event, &place, draft.bytes());
        draft.siem(&place, when.note.as_slice(), b"", &self.flat);
        draft.finish(&place, &when);
        out.record_done();
    }
}

/// `_id`: the event's own id; MD5 where there is none, or it is too long for OpenSearch.
fn document_id<'a>(event: &Event<'a>, place: &Place<'_>) -> Cow<'a, [u8]> {
    // Numbers and truth values are no ids: several events could have the same.
    let text = event.slot(Slot::EventId).filter(|&id| event.record.kind(id) == Some(Kind::String));
    let own = text.and_then(|_| event.text(Slot::EventId));
    match own.filter(|id| id.iter().any(|b| !b.is_ascii_whitespace())) {
        Some(id) => fitting_id(id),
        None => derived_id(&event.record, 0, place).into(),
    }
}

/// Appends `"name":"…"` with a comma in front where the object has members already.
fn optional(out: &mut Vec<u8>, name: &str, inside: Option<&[u8]>) {
    if let Some(inside) = inside {
        crate::shape::separate(out);
        raw_member(out, name, inside);
    }
}

impl CloudTrailWriter {
    /// Appends the ECS fields, each object with a comma in front.
    fn ecs(&mut self, event: &Event<'_>, place: &Place<'_>, out: &mut Vec<u8>) {
        let source = event.text(Slot::EventSource);
        let name = event.text(Slot::EventName);
        let error_code = event.text(Slot::ErrorCode);
        let error_message = event.text(Slot::ErrorMessage);
        event_object(event, place, source.as_deref(), name.as_deref(), &mut self.actions, out);

        let info = &place.object.key_info;
        let known = |key: &'_ Option<String>| key.as_deref().unwrap_or("unknown").as_bytes().to_vec();
        let account = event.text(Slot::RecipientAccountId).unwrap_or_else(|| known(&info.account).into());
        let region = event.text(Slot::AwsRegion).unwrap_or_else(|| known(&info.region).into());
        put!(out, b",\"cloud\":{\"provider\":\"aws\",\"account\":{\"id\":\"", &account);
        put!(out, b"\"},\"region\":\"", &region, b"\"");
        let (instance, hosts) = instance_and_hosts(event, source.as_deref(), name.as_deref());
        if let Some(instance) = instance {
            put!(out, b",\"instance\":{\"id\":\"", &instance, b"\"}");
        }
        out.push(b'}');
        if let Some(organization) = &info.organization {
            out.extend_from_slice(b",\"organization\":{");
            member(out, "id", organization.as_bytes());
            out.push(b'}');
        }

        let address = event.text(Slot::SourceIpAddress);
        let ip = address.as_deref().filter(|a| crate::address::is_ip(a));
        let user = user_name(event);
        related(out, ip, user.as_deref(), &hosts);
        if let Some(name) = name.as_deref() {
            put!(out, b",\"rule\":{\"name\":\"", name, b"\"}");
        }
        if let Some(address) = address.as_deref() {
            put!(out, b",\"source\":{\"address\":\"", address, b"\"");
            if let Some(ip) = ip {
                put!(out, b",\"ip\":\"", ip, b"\"");
            }
            out.push(b'}');
        }
        let access_key = event.member(Slot::UserIdentity, "accessKeyId");
        if access_key.is_some() || user.is_some() {
            out.extend_from_slice(b",\"user\":{");
            optional(out, "id", access_key.as_deref());
            optional(out, "name", user.as_deref());
            out.push(b'}');
        }
        if let Some(agent) = event.text(Slot::UserAgent) {
            out.push(b',');
            self.user_agents.write(out, &agent);
        }
        if error_code.is_some() || error_message.is_some() {
            out.extend_from_slice(b",\"error\":{");
            optional(out, "code", error_code.as_deref());
            optional(out, "message", error_message.as_deref());
            out.push(b'}');
        }
    }
}

/// Appends `"event":{…}`.
fn event_object(
    event: &Event<'_>,
    place: &Place<'_>,
    source: Option<&[u8]>,
    name: Option<&[u8]>,
    actions: &mut ActionCache,
    out: &mut Vec<u8>,
) {
    put!(out, b",\"event\":{\"module\":\"", source.unwrap_or(b"cloudtrail"), b"\"");
    if let Some(name) = name {
        put!(out, b",\"action\":\"", name, b"\"");
    }
    let read_only = event.text(Slot::ReadOnly).is_some_and(|r| *r == *b"true");
    let (category, kind) = actions.of(source.unwrap_or_default(), name.unwrap_or_default(), read_only);
    // An Insights record tells of a pattern, not of a call that succeeded or failed.
    let insight = event.text(Slot::EventType).is_some_and(|t| *t == *b"AwsCloudTrailInsight");
    let failed = event.slot(Slot::ErrorCode).is_some()
        || event.slot(Slot::ErrorMessage).is_some()
        || event.member(Slot::ResponseElements, "ConsoleLogin").is_some_and(|c| *c == *b"Failure");
    let outcome = if insight {
        "unknown"
    } else if failed {
        "failure"
    } else {
        "success"
    };
    let kind = if insight { "info" } else { kind };
    put!(out, b",\"kind\":\"event\",\"category\":[\"", category.as_bytes(), b"\"],\"type\":[\"");
    put!(
        out,
        kind.as_bytes(),
        b"\"],\"outcome\":\"",
        outcome.as_bytes(),
        b"\",",
        &place.object.ingested,
        b"}"
    );
}

/// Appends `"related":{…}`, if anything is.
fn related(out: &mut Vec<u8>, ip: Option<&[u8]>, user: Option<&[u8]>, hosts: &[Cow<'_, [u8]>]) {
    if ip.is_none() && user.is_none() && hosts.is_empty() {
        return;
    }
    out.extend_from_slice(b",\"related\":{");
    if let Some(ip) = ip {
        put!(out, b"\"ip\":[\"", ip, b"\"]");
    }
    if let Some(user) = user {
        crate::shape::separate(out);
        put!(out, b"\"user\":[\"", user, b"\"]");
    }
    if !hosts.is_empty() {
        crate::shape::separate(out);
        out.extend_from_slice(b"\"hosts\":[");
        for host in hosts {
            crate::shape::separate(out);
            put!(out, b"\"", host, b"\"");
        }
        out.push(b']');
    }
    out.push(b'}');
}

/// `user.name`: the user's name, else what stands last in the ARN (for a role the session's name), else in the
/// principal.
fn user_name<'a>(event: &Event<'a>) -> Option<Cow<'a, [u8]>> {
    let name = ["userName", "arn", "principalId"].iter().find_map(|n| event.member(Slot::UserIdentity, n))?;
    if memchr::memchr(b':', &name).is_none() {
        return Some(name);
    }
    let from = name.iter().rposition(|b| *b == b':').map_or(0, |at| at + 1);
    let from = memchr::memrchr(b'/', name.get(from..)?).map_or(from, |at| from + at + 1);
    let last = match name {
        Cow::Borrowed(name) => Cow::Borrowed(name.get(from..)?),
        Cow::Owned(name) => Cow::Owned(name.get(from..)?.to_vec()),
    };
    (!last.is_empty()).then_some(last)
}

/// Text as it stands inside a JSON string.
type Text<'a> = Cow<'a, [u8]>;

/// Where an EC2 instance is named in a call, in the order of es-loader.
const INSTANCE_PATHS: &[(Slot, &[&str])] = &[
    (Slot::RequestParameters, &["instanceId"]),
    (Slot::ResponseElements, &["instancesSet", "items", "0", "instanceId"]),
    (Slot::RequestParameters, &["instancesSet", "items", "0", "instanceId"]),
    (Slot::RequestParameters, &["DescribeInstanceCreditSpecificationsRequest", "InstanceId", "content"]),
    (Slot::RequestParameters, &["AssociateIamInstanceProfileRequest", "InstanceId"]),
];

/// `cloud.instance.id` and `related.hosts`.
fn instance_and_hosts<'a>(
    event: &Event<'a>,
    source: Option<&[u8]>,
    name: Option<&[u8]>,
) -> (Option<Text<'a>>, Vec<Text<'a>>) {
    let request = |n: &str| event.member(Slot::RequestParameters, n);
    let by_service = match (source, name) {
        (Some(b"ssm.amazonaws.com"), Some(b"StartSession" | b"GetConnectionStatus")) => request("target"),
        (Some(b"ssm.amazonaws.com"), Some(b"PutComplianceItems")) => {
            request("resourceId").filter(|id| is_instance_id(id))
        }
        (Some(b"sts.amazonaws.com"), _)
            if event.text(Slot::UserAgent).is_some_and(|a| *a == *b"ec2.amazonaws.com") =>
        {
            request("roleSessionName")
        }
        (Some(b"cloudhsm.amazonaws.com"), _) => {
            let hsm = event
                .member(Slot::ResponseElements, "hsmId")
                .or_else(|| event.path(Slot::ResponseElements, &["hsm", "hsmId"]));
            let hosts = request("clusterId").into_iter().chain(hsm.clone()).collect();
            return (hsm.or_else(|| first_instance(event)), hosts);
        }
        _ => None,
    };
    (by_service.or_else(|| first_instance(event)), Vec::new())
}

fn first_instance<'a>(event: &Event<'a>) -> Option<Text<'a>> {
    INSTANCE_PATHS.iter().find_map(|(slot, path)| event.path(*slot, path))
}

/// `i-` and 8 or 17 lower-case letters and digits.
fn is_instance_id(text: &[u8]) -> bool {
    text.strip_prefix(b"i-").is_some_and(|rest| {
        matches!(rest.len(), 8 | 17) && rest.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}
