//! Route 53 Resolver query logs: what the instances of a VPC asked for, and what they were answered.
//!
//! <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-format.html>
//!
//! A query is one JSON object: a line of a file in S3, or the message of a CloudWatch Logs event. Field names and ids are
//! those of es-loader.

use std::{borrow::Cow, sync::LazyLock};

use super::{Layout, LogType, Place, Template, Writer, draft::Draft, envelope::each_log_event};
use crate::{
    address::is_ip,
    document::{Out, Poison, raw_member},
    ecs::{Ecs, Name, Text, Value},
    id,
    json::{
        python,
        tape::{Kind, Tape},
        text,
        write::Record,
    },
    key::KeyMarks,
    recognise::{Head, content},
    schema::Schema,
    shape::{Member, NoFixes, Shaper, resolve, separate},
    time::Instant,
    when::When,
};

/// Name in `@log_type` and `event.module`.
const NAME: &str = "route53resolver";

/// Name of the indices in front of the month.
const INDEX: &str = "log-aws-r53resolver-";

/// The log.
pub static LOG_TYPE: LogType = LogType {
    name: NAME,
    marks: KeyMarks { services: &["vpcdnsquerylogs"], folders: &["vpcdnsquerylogs"], ..KeyMarks::NONE },
    looks_like,
    layout: Layout::Values { lists: &[] },
    writer: || Box::new(QueryLogWriter::default()),
    template: Template {
        name: "siem-loader-route53resolver",
        component: TEMPLATE,
        index: include_str!("../../../index-templates/index-templates/siem-loader-route53resolver.json"),
    },
};

/// The component template that is installed in OpenSearch.
const TEMPLATE: &str =
    include_str!("../../../index-templates/component-templates/siem-loader-route53resolver.json");

/// What that template types.
static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::new(TEMPLATE));

/// Whether content is a query, also in messages of CloudWatch Logs.
#[must_use]
pub fn looks_like(head: &Head<'_>) -> bool {
    if content::is_envelope(head) {
        return content::any(head, &[&["logEvents", "message"]], is_query);
    }
    content::one_or_list(head, is_query) || content::any(head, &[&["message"]], is_query)
}

fn is_query(record: &Head<'_>) -> bool {
    record.has("query_name") && record.count(&["query_timestamp", "query_type", "rcode"]) > 0
}

/// Writes documents of queries. One a thread.
#[derive(Debug, Default)]
struct QueryLogWriter {
    flat: Vec<u8>,
    members: Vec<Member<'static>>,
    /// Reads messages, while that of the renderer holds what is around them.
    tape: Tape,
}

/// How a query came here, where CloudWatch Logs brought it.
#[derive(Debug, Default)]
struct Delivery<'a> {
    owner: Option<Text<'a>>,
    group: Option<Text<'a>>,
    stream: Option<Text<'a>>,
    /// Text of the event's id.
    id: Option<String>,
    time: Option<Instant>,
}

impl Writer for QueryLogWriter {
    fn json(&mut self, record: Record<'_>, place: Place<'_>, out: &mut Out<'_>) {
        let is_batch = each_log_event(&record, place, out, |log, event, place, out| {
            let delivery = Delivery {
                owner: log.owner.clone(),
                group: log.group.clone(),
                stream: log.stream.clone(),
                id: event.id.map(|id| text::unescape(&id)),
                time: event.timestamp.as_deref().and_then(Instant::parse_millis),
            };
            self.message(&text::unescape(record.bytes(event.message)), &delivery, &place, out);
        });
        if is_batch {
            return;
        }
        let message = record.member(0, "message").filter(|&node| record.kind(node) == Some(Kind::String));
        match message {
            // Somebody put an object around the message of an event.
            Some(message) if record.tape.member(record.json, 0, "query_name").is_none() => {
                self.message(&text::unescape(record.bytes(message)), &Delivery::default(), &place, out);
            }
            _ => {
                let mut whole = Vec::new();
                python::dumps(&mut whole, &record, 0);
                let id = id::of_text(&String::from_utf8_lossy(&whole));
                self.query(record, &id, &Delivery::default(), &place, out);
            }
        }
    }
}

impl QueryLogWriter {
    /// Writes the document of a query that stands in a text.
    fn message(&mut self, message: &str, delivery: &Delivery<'_>, place: &Place<'_>, out: &mut Out<'_>) {
        let mut tape = std::mem::take(&mut self.tape);
        match tape.read(message.as_bytes(), 0) {
            Ok(_) if tape.get(0).is_some_and(|node| node.kind == Kind::Object) => {
                let id = id::of_text(&[message, delivery.id.as_deref().unwrap_or_default()].concat());
                let record = Record { json: message.as_bytes(), tape: &tape };
                self.query(record, &id, delivery, place, out);
            }
            Ok(_) => out.problem(place.ordinal, place.offset, Poison::NotAnObject),
            Err(error) => out.problem(place.ordinal, place.offset, Poison::Json(error)),
        }
        out.record_done();
        self.tape = tape;
    }

    fn query(
        &mut self,
        record: Record<'_>,
        id: &[u8],
        delivery: &Delivery<'_>,
        place: &Place<'_>,
        out: &mut Out<'_>,
    ) {
        let schema: &'static Schema = &SCHEMA;
        resolve(&record, 0, &schema.record, &mut [], &mut self.members);
        let query = Query { record };
        let object = place.object.key_info.time;
        let when = match (query.text("query_timestamp"), delivery.time) {
            (None, Some(time)) => When::of(Some(time), true, object),
            (time, _) => When::of_text(time.as_deref(), object),
        };
        let mut draft = Draft::begin(out.rendered, INDEX, place, &when, id);
        self.flat.clear();
        let shaper = Shaper::new(record, NoFixes);
        shaper.record(&self.members, &schema.record, &schema.reserved, draft.bytes(), &mut self.flat);
        draft.message(place, record.tape.bytes(record.json, 0));
        draft.common(place, id, &when);
        for (name, text) in [("@log_group", &delivery.group), ("@log_stream", &delivery.stream)] {
            if let Some(text) = text {
                separate(draft.bytes());
                raw_member(draft.bytes(), name, text);
            }
        }
        query.ecs(place, delivery).write(draft.bytes());
        draft.siem(place, when.note.as_slice(), b"", &self.flat);
        draft.finish(place, &when);
        out.record_done();
    }
}

/// The values of one query.
struct Query<'a> {
    record: Record<'a>,
}

impl<'a> Query<'a> {
    /// Text of a member as it stands inside a JSON string.
    fn text(&self, name: &str) -> Option<Text<'a>> {
        self.record.scalar(self.record.member(0, name)?)
    }

    /// The ECS fields.
    fn ecs<'e>(&self, place: &Place<'e>, delivery: &Delivery<'e>) -> Ecs<'e>
    where
        'a: 'e,
    {
        let mut ecs = Ecs::default();
        ecs.text(Name::EventModule, Some(NAME.as_bytes()));
        ecs.text(Name::EventKind, Some(&b"event"[..]));
        ecs.add(Name::EventCategory, Some(&b"network"[..]));
        ecs.add(Name::EventType, Some(&b"protocol"[..]));
        ecs.json(Name::EventIngested, place.object.ingested_value());
        self.outcome(&mut ecs);

        let info = &place.object.key_info;
        let known = |name: &'e Option<String>| name.as_deref().unwrap_or("unknown").as_bytes();
        ecs.text(Name::CloudProvider, Some(&b"aws"[..]));
        ecs.text(Name::CloudAccountId, self.text("account_id").or_else(|| delivery.owner.clone()));
        ecs.text_if_free(Name::CloudAccountId, Some(known(&info.account)));
        ecs.text(Name::CloudRegion, self.text("region"));
        ecs.text_if_free(Name::CloudRegion, Some(known(&info.region)));
        ecs.text(Name::CloudInstanceId, self.source_id("instance"));
        // Where es-loader looks for it; today's records have it in `srcids` only.
        ecs.text_if_free(Name::CloudInstanceId, self.text("instance"));
        ecs.text(Name::OrganizationId, info.organization.as_deref().map(str::as_bytes));

        let address = self.text("srcaddr");
        let ip = address.clone().filter(|address| is_ip(address));
        self.network(&mut ecs, ip.as_deref());
        ecs.text(Name::SourceAddress, address);
        ecs.text(Name::SourceIp, ip.clone());
        ecs.text(Name::SourcePort, self.text("srcport").filter(|port| is_port(port)));

        let name = self.text("query_name").map(without_root);
        ecs.text(Name::DnsQuestionName, name.clone());
        ecs.text(Name::DnsQuestionType, self.text("query_type"));
        ecs.text(Name::DnsQuestionClass, self.text("query_class"));
        ecs.text(Name::DnsResponseCode, self.text("rcode"));
        let mut ips: Vec<Text<'e>> = ip.into_iter().collect();
        let mut hosts: Vec<Text<'e>> = name.into_iter().filter(|name| !name.is_empty()).collect();
        let answers = self.answers(&mut ips, &mut hosts);
        if !answers.is_empty() {
            ecs.json(Name::DnsAnswers, [&b"["[..], &answers, b"]"].concat());
        }
        list(&mut ecs, Name::RelatedIp, ips);
        list(&mut ecs, Name::RelatedHosts, hosts);
        ecs
    }

    fn source_id(&self, name: &str) -> Option<Text<'a>> {
        let ids =
            self.record.member(0, "srcids").filter(|&ids| self.record.kind(ids) == Some(Kind::Object))?;
        self.record.scalar(self.record.member(ids, name)?)
    }

    /// Whether the query was answered, and what DNS Firewall did with it.
    fn outcome(&self, ecs: &mut Ecs<'_>) {
        let action = self.text("firewall_rule_action");
        let blocked = action.as_deref() == Some(b"BLOCK");
        // A blocked query can have the code NOERROR: the owner of the rule chooses what to answer.
        let outcome = match self.text("rcode").as_deref() {
            _ if blocked => "failure",
            Some(b"NOERROR") => "success",
            Some(_) => "failure",
            None => "unknown",
        };
        ecs.text(Name::EventOutcome, Some(outcome.as_bytes()));
        match action.as_deref() {
            Some(b"BLOCK") => ecs.add(Name::EventType, Some(&b"denied"[..])),
            Some(b"ALERT" | b"ALLOW") => ecs.add(Name::EventType, Some(&b"allowed"[..])),
            _ => {}
        }
    }

    fn network(&self, ecs: &mut Ecs<'_>, ip: Option<&[u8]>) {
        ecs.text(Name::NetworkProtocol, Some(&b"dns"[..]));
        let transport = match self.text("transport").as_deref() {
            Some(name) if name.eq_ignore_ascii_case(b"UDP") => Some(("udp", "17")),
            Some(name) if name.eq_ignore_ascii_case(b"TCP") => Some(("tcp", "6")),
            _ => None,
        };
        ecs.text(Name::NetworkTransport, transport.map(|(name, _)| name.as_bytes()));
        ecs.text(Name::NetworkIanaNumber, transport.map(|(_, number)| number.as_bytes()));
        let kind = ip.map(|ip| if ip.contains(&b':') { "ipv6" } else { "ipv4" });
        ecs.text(Name::NetworkType, kind.map(str::as_bytes));
    }

    /// The elements of `dns.answers`, and what is related by them.
    fn answers(&self, ips: &mut Vec<Text<'a>>, hosts: &mut Vec<Text<'a>>) -> Vec<u8> {
        let mut all = Vec::new();
        let Some(list) = self.record.member(0, "answers") else { return all };
        for answer in self.record.tape.elements(list) {
            if self.record.kind(answer) != Some(Kind::Object) {
                continue;
            }
            let text = |name| self.record.scalar(self.record.member(answer, name)?);
            let data = text("Rdata").map(without_root).filter(|data| !data.is_empty());
            let (kind, class) = (text("Type"), text("Class"));
            let begin = all.len();
            separate(&mut all);
            all.push(b'{');
            let open = all.len();
            for (name, text) in [("class", &class), ("data", &data), ("type", &kind)] {
                if let Some(text) = text {
                    separate(&mut all);
                    raw_member(&mut all, name, text);
                }
            }
            if all.len() == open {
                all.truncate(begin);
                continue;
            }
            all.push(b'}');
            match data {
                Some(data) if is_ip(&data) => ips.push(data),
                Some(data) if kind.as_deref().is_some_and(names_a_host) => hosts.push(data),
                _ => {}
            }
        }
        all
    }
}

/// Whether an answer of that type is the name of a host.
fn names_a_host(kind: &[u8]) -> bool {
    matches!(kind, b"CNAME" | b"DNAME" | b"NS" | b"PTR")
}

/// A name without the dots of the root, as es-loader writes it.
fn without_root(name: Text<'_>) -> Text<'_> {
    let len = name.iter().rposition(|byte| *byte != b'.').map_or(0, |last| last + 1);
    match name {
        Cow::Borrowed(name) => Cow::Borrowed(name.get(..len).unwrap_or_default()),
        Cow::Owned(mut name) => {
            name.truncate(len);
            Cow::Owned(name)
        }
    }
}

fn is_port(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit) && std::str::from_utf8(text).is_ok_and(|t| t.parse::<u16>().is_ok())
}

/// Sets a list, if there is anything in it, each text once. Sorted first: an answer can have thousands.
fn list<'a>(ecs: &mut Ecs<'a>, name: Name, mut texts: Vec<Text<'a>>) {
    texts.sort_unstable();
    texts.dedup();
    if !texts.is_empty() {
        ecs.set(name, Value::List(texts));
    }
}
