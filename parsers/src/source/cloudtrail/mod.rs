//! CloudTrail: management, data, Insights and network activity events.
//!
//! Field names and ids are those of es-loader; ECS fields beside the record's own.

mod action;
pub mod fields;
mod fixes;

use std::{borrow::Cow, net::IpAddr};

use self::{
    action::ActionCache,
    fields::{SCHEMA, SLOTS, Schema, Slot},
    fixes::EventFixes,
};
use super::{Place, Writer};
use crate::{
    document::{ACTION_CLOSE, ACTION_OPEN, Item, Rendered, decimal, member, put, raw_member},
    id,
    json::{text, write::Record},
    shape::{Member, Shaper, resolve},
    time::{self, Instant},
    user_agent_cache::UserAgentCache,
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

/// When an event happened and which index it belongs to.
struct When {
    /// The time of the event, if it has one that can be read.
    event: Option<Instant>,
    /// What `@timestamp` says: the event's time, else that of the object.
    timestamp: Option<Instant>,
    /// That time as AWS wrote it, where [`Instant::write`] would write the same.
    verbatim: Option<[u8; time::PLAIN]>,
    /// Year and month of the index.
    month: Option<(i64, i64)>,
    /// What is odd about it.
    note: Option<&'static str>,
}

impl When {
    fn of(event: &Event<'_>, object: Option<Instant>) -> Self {
        let text = event.text(Slot::EventTime);
        let time = text.as_deref().and_then(Instant::parse);
        let key_month = || object.map(|o| o.year_month());
        let verbatim = text.as_deref().filter(|_| time.is_some()).and_then(time::plain);
        match time {
            Some(t) if t.is_sane(object) => {
                let month = verbatim.as_ref().and_then(time::plain_month).unwrap_or_else(|| t.year_month());
                Self { event: time, timestamp: time, verbatim, month: Some(month), note: None }
            }
            Some(_) => {
                let note = Some("event_time_out_of_range");
                Self { event: time, timestamp: time, verbatim, month: key_month(), note }
            }
            None => {
                let note = if text.is_some() { "event_time_invalid" } else { "event_time_missing" };
                Self { event: None, timestamp: object, verbatim, month: key_month(), note: Some(note) }
            }
        }
    }
}

impl Writer for CloudTrailWriter {
    fn write(&mut self, record: Record<'_>, place: Place<'_>, out: &mut Rendered) {
        let start = out.bytes.len();
        let schema: &'static Schema = &SCHEMA;
        let mut event = Event { record, slots: [None; SLOTS] };
        resolve(&record, &schema.record, &mut event.slots, &mut self.members);
        let when = When::of(&event, place.object.key_info.time);
        let id = document_id(&event, &place);
        let bytes = &mut out.bytes;
        action_line(bytes, &when, &id);
        let source = bytes.len();

        bytes.push(b'{');
        self.flat.clear();
        let event_source = event.text(Slot::EventSource).unwrap_or_default();
        let shaper = Shaper { record, fixer: &EventFixes { event_source: &event_source } };
        shaper.record(&self.members, &schema.record, &schema.reserved, bytes, &mut self.flat);

        crate::shape::separate(bytes);
        bytes.extend_from_slice(b"\"@message\":\"");
        text::escape_into(bytes, record.tape.bytes(record.json, 0));
        bytes.extend_from_slice(b"\",");
        bytes.extend_from_slice(&place.object.head);
        put!(bytes, b",\"@id\":\"", &id, b"\"");
        if let Some(time) = when.timestamp {
            bytes.extend_from_slice(b",\"@timestamp\":\"");
            match &when.verbatim {
                Some(text) => bytes.extend_from_slice(text),
                None => time.write(bytes),
            }
            bytes.push(b'"');
        }
        self.ecs(&event, &place, bytes);
        siem(&self.flat, &when, &place, bytes);
        bytes.extend_from_slice(b"}\n");
        out.items.push(Item { ordinal: place.ordinal, start, source, end: bytes.len() });
        if let Some(time) = when.event {
            out.saw(time);
        }
    }
}

/// `_id`: the event's own id; MD5 where there is none, or it is too long for OpenSearch.
fn document_id<'a>(event: &Event<'a>, place: &Place<'_>) -> Cow<'a, [u8]> {
    let own = event.text(Slot::EventId).filter(|id| id.iter().any(|b| !b.is_ascii_whitespace()));
    match own {
        Some(id) if id.len() <= id::MAX_ID => id,
        Some(id) => {
            let text = text::unescape(&id);
            if text.len() <= id::MAX_ID {
                return id;
            }
            let mut hash = Vec::new();
            id::shortened(&mut hash, &text);
            Cow::Owned(hash)
        }
        None => {
            let mut hash = Vec::new();
            let record = event.record.tape.bytes(event.record.json, 0);
            id::derived(&mut hash, &place.object.key, place.ordinal, record);
            Cow::Owned(hash)
        }
    }
}

fn action_line(out: &mut Vec<u8>, when: &When, id: &[u8]) {
    put!(out, ACTION_OPEN, b"\"_index\":\"", INDEX.as_bytes());
    match when.month {
        Some((year, month)) => {
            decimal(out, year, 4);
            out.push(b'-');
            decimal(out, month, 2);
        }
        None => out.extend_from_slice(b"undated"),
    }
    put!(out, b"\",\"_id\":\"", id, b"\"", ACTION_CLOSE);
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
        let ip = address.as_deref().filter(|a| is_ip(a));
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

/// Appends `"siem":{…}`: provenance, what is odd, and the fields without a type.
fn siem(flat: &[u8], when: &When, place: &Place<'_>, out: &mut Vec<u8>) {
    put!(out, b",\"siem\":{", &place.object.siem, b",\"ordinal\":");
    decimal(out, i64::try_from(place.ordinal).unwrap_or(i64::MAX), 1);
    if let Some(note) = when.note {
        put!(out, b",\"notes\":[\"", note.as_bytes(), b"\"]");
    }
    if !flat.is_empty() {
        put!(out, b",\"flat\":{", flat, b"}");
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

/// Whether es-loader takes a text for an address (Python's `ipaddress`): IPv4 without leading zeros, IPv6 also
/// with a zone.
fn is_ip(text: &[u8]) -> bool {
    // Most are IPv4, and the names of services are neither.
    let dotted = text.iter().all(|b| matches!(b, b'0'..=b'9' | b'.'));
    if dotted {
        let mut parts = 0;
        return text.split(|&b| b == b'.').all(|part| {
            parts += 1;
            parts <= 4 && is_octet(part)
        }) && parts == 4;
    }
    if !text.contains(&b':') {
        return false;
    }
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let address = match text.split_once('%') {
        Some((address, zone)) if address.contains(':') && !zone.is_empty() && !zone.contains('%') => address,
        Some(_) => return false,
        None => text,
    };
    address.parse::<IpAddr>().is_ok()
}

/// A number of an IPv4 address; the caller made sure of the digits.
fn is_octet(part: &[u8]) -> bool {
    match part {
        [_] => true,
        [b'1'..=b'9', _] | [b'1', _, _] => true,
        [b'2', a, b] => (*a, *b) <= (b'5', b'5'),
        _ => false,
    }
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
