//! The fields that a GuardDuty document has beside the finding's own.

use super::{
    Finding,
    facts::{Facts, hash_name},
    side::{Text, is_whole, members},
};
use crate::{
    document::put,
    json::{text, write::Record},
    nested,
    shape::separate,
    source::{Place, finding::rule_name, finding_type::FindingType},
    time::{self, Instant},
    user_agent_cache::UserAgentCache,
};

/// Parts of the finding's type, and what follows from them.
struct Kind<'a> {
    parts: FindingType<'a>,
    /// The parts have to be escaped.
    escaped: bool,
    is_file: bool,
    is_malware: bool,
}

/// Threat purposes that are tactics of MITRE ATT&CK, and the tactic.
///
/// <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-format.html>
const TACTICS: &[(&[u8], &str, &str)] = &[
    (b"CredentialAccess", "TA0006", "Credential Access"),
    (b"DefenseEvasion", "TA0005", "Defense Evasion"),
    (b"Discovery", "TA0007", "Discovery"),
    (b"Execution", "TA0002", "Execution"),
    (b"Exfiltration", "TA0010", "Exfiltration"),
    (b"Impact", "TA0040", "Impact"),
    (b"InitialAccess", "TA0001", "Initial Access"),
    (b"Persistence", "TA0003", "Persistence"),
    (b"PrivilegeEscalation", "TA0004", "Privilege Escalation"),
];

impl<'a> Kind<'a> {
    /// Of a finding's type, text without JSON's escapes.
    fn of(text: &'a [u8]) -> Self {
        let parts = FindingType::of_guardduty(text);
        let (is_file, is_malware) = (parts.is_file(), parts.is_malware());
        Self { parts, escaped: !text::is_plain(text), is_file, is_malware }
    }

    /// Appends the parts.
    fn write(&self, out: &mut Vec<u8>) {
        for (name, part) in self.parts.fields() {
            if self.escaped {
                let mut inside = Vec::new();
                text::escape_into(&mut inside, part);
                nested::text(out, name, Some(&inside));
            } else {
                nested::text(out, name, Some(part));
            }
        }
    }
}

/// `network.direction`: that of a connection; outbound for a question; inbound where somebody remote calls, probes or
/// logs in. A finding without a network has none.
fn direction(facts: &Facts<'_>, kind: &Kind<'_>) -> Option<Vec<u8>> {
    match facts.action_type.as_deref() {
        Some(b"NETWORK_CONNECTION") => facts.direction.as_deref().map(<[u8]>::to_ascii_lowercase),
        Some(b"DNS_REQUEST") => Some(b"outbound".to_vec()),
        Some(_) if !kind.is_file && facts.remote.address.is_some() => Some(b"inbound".to_vec()),
        _ => None,
    }
}

/// Appends everything, each member with a comma in front.
pub(super) fn write(
    finding: &Finding<'_>,
    facts: &Facts<'_>,
    place: &Place<'_>,
    user_agents: &mut UserAgentCache,
    out: &mut Vec<u8>,
) {
    let kind = finding.kind.as_deref().map(text::unescaped).unwrap_or_default();
    let kind = Kind::of(&kind);
    nested::text(out, "severitylabel", finding.severity.map(|s| s.as_str().as_bytes()));
    kind.write(out);
    event(finding, facts, &kind, place, out);
    cloud(finding, facts, place, out);
    nested::object(out, "rule", |out| {
        nested::text(out, "id", finding.kind.as_deref());
        nested::text(out, "name", finding.title.as_deref().map(rule_name).as_deref());
        nested::text(out, "description", finding.description.as_deref());
    });
    threat(facts, &kind, out);
    network(facts, &kind, out);
    nested::object(out, "related", |out| {
        nested::list(out, "ip", &facts.ips.known);
        nested::list(out, "user", &facts.users.known);
        nested::list(out, "hosts", &facts.hosts);
        nested::list(out, "hash", &facts.hashes);
    });
    nested::object(out, "user", |out| {
        nested::text(out, "id", facts.user_id.as_deref());
        nested::text(out, "name", facts.user_name.as_deref());
    });
    nested::object(out, "host", |out| {
        nested::text(out, "id", facts.instance.as_deref());
        nested::text(out, "name", facts.host_name.as_deref());
        nested::list(out, "ip", &facts.host_ips);
    });
    nested::object(out, "file", |out| {
        nested::text(out, "path", facts.file.path.as_deref());
        nested::text(out, "name", facts.file.name.as_deref());
        hash(out, facts.file.hash.as_deref());
    });
    process(finding.record, facts, out);
    container(finding.record, facts, out);
    if let Some(agent) = facts.user_agent.as_deref() {
        out.push(b',');
        user_agents.write(out, agent);
    }
}

fn event(finding: &Finding<'_>, facts: &Facts<'_>, kind: &Kind<'_>, place: &Place<'_>, out: &mut Vec<u8>) {
    nested::object(out, "event", |out| {
        put!(out, b"\"module\":\"guardduty\",\"kind\":\"alert\"");
        // One text or a list, as es-loader has it.
        let category: &[u8] = if kind.is_malware { b"\"malware\"" } else { b"[\"intrusion_detection\"]" };
        nested::json(out, "category", Some(category));
        let types: &[&str] = if facts.blocked { &["info", "denied"] } else { &["info"] };
        nested::list(out, "type", types);
        nested::text(out, "action", facts.called.as_deref().or(facts.action_type.as_deref()));
        nested::text(out, "outcome", facts.error_code.as_deref().map(|_| &b"failure"[..]));
        match &finding.score {
            Some(score) if finding.severity.is_some() => nested::json(out, "severity", Some(score)),
            score => nested::text(out, "severity", score.as_deref()),
        }
        time(out, "start", facts.first_seen.as_deref());
        time(out, "end", facts.last_seen.as_deref());
        url(finding, out);
        put!(out, b",", &place.object.ingested);
    });
    nested::object(out, "error", |out| nested::text(out, "code", facts.error_code.as_deref()));
}

/// Appends a date, if the text is one.
fn time(out: &mut Vec<u8>, name: &str, text: Option<&[u8]>) {
    let Some((text, time)) = text.and_then(|text| Some((text, Instant::parse(text)?))) else { return };
    match time::plain(text) {
        Some(plain) => nested::text(out, name, Some(&plain)),
        None => {
            let mut value = Vec::new();
            time.write(&mut value);
            nested::text(out, name, Some(&value));
        }
    }
}

/// `event.url`: the finding in the console, where its names are those of a finding and a region.
fn url(finding: &Finding<'_>, out: &mut Vec<u8>) {
    let plain = |text: &&[u8]| text.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
    let id = finding.id.as_deref().filter(plain);
    let region = finding.region.as_deref().filter(plain);
    let (Some(id), Some(region)) = (id, region) else { return };
    let console: &[u8] = match finding.partition.as_deref() {
        Some(b"aws") | None => b"console.aws.amazon.com",
        Some(b"aws-cn") => b"console.amazonaws.cn",
        Some(b"aws-us-gov") => b"console.amazonaws-us-gov.com",
        Some(_) => return,
    };
    separate(out);
    put!(out, b"\"url\":\"https://", console, b"/guardduty/home?region=", region);
    put!(out, b"#/findings?macros=current&fId=", id, b"\"");
}

/// Account and region are the finding's own, else those of the envelope, else those of the key.
fn cloud(finding: &Finding<'_>, facts: &Facts<'_>, place: &Place<'_>, out: &mut Vec<u8>) {
    let info = &place.object.key_info;
    let of_key = |key: &Option<String>| -> Text<'static> {
        let mut inside = Vec::new();
        text::escape_into(&mut inside, key.as_deref().unwrap_or("unknown").as_bytes());
        inside.into()
    };
    nested::object(out, "cloud", |out| {
        nested::text(out, "provider", Some(b"aws"));
        nested::object(out, "account", |out| {
            let id = finding.account.clone().unwrap_or_else(|| of_key(&info.account));
            nested::text(out, "id", Some(&id));
        });
        let region = finding.region.clone().unwrap_or_else(|| of_key(&info.region));
        nested::text(out, "region", Some(&region));
        nested::object(out, "instance", |out| nested::text(out, "id", facts.instance.as_deref()));
    });
    if let Some(organization) = &info.organization {
        nested::object(out, "organization", |out| {
            crate::document::member(out, "id", organization.as_bytes());
        });
    }
}

/// `threat`: the tactic, where the finding's purpose is one or an attack sequence names some.
fn threat(facts: &Facts<'_>, kind: &Kind<'_>, out: &mut Vec<u8>) {
    let purpose = kind.parts.purpose.as_deref();
    let tactic = TACTICS.iter().find(|(name, ..)| Some(*name) == purpose);
    if tactic.is_none() && facts.tactics.is_empty() {
        return;
    }
    nested::object(out, "threat", |out| {
        nested::text(out, "framework", Some("MITRE ATT&CK".as_bytes()));
        nested::object(out, "tactic", |out| {
            if let Some((_, id, name)) = tactic {
                nested::list(out, "id", &[id]);
                nested::list(out, "name", &[name]);
            } else {
                nested::list(out, "name", &facts.tactics);
            }
        });
    });
}

fn network(facts: &Facts<'_>, kind: &Kind<'_>, out: &mut Vec<u8>) {
    let transport = facts.transport.as_deref().map(<[u8]>::to_ascii_lowercase);
    nested::object(out, "network", |out| {
        nested::text(out, "direction", direction(facts, kind).as_deref());
        nested::text(
            out,
            "transport",
            transport.as_deref().filter(|t| matches!(*t, b"tcp" | b"udp" | b"icmp")),
        );
        nested::text(out, "protocol", facts.dns_question.as_deref().map(|_| &b"dns"[..]));
    });
    nested::object(out, "dns", |out| {
        nested::object(out, "question", |out| nested::text(out, "name", facts.dns_question.as_deref()));
    });
    // The source is who began it.
    let outbound = match facts.action_type.as_deref() {
        Some(b"NETWORK_CONNECTION") => facts.direction.as_deref() == Some(b"OUTBOUND"),
        action => action == Some(b"DNS_REQUEST"),
    };
    let (source, destination) =
        if outbound { (&facts.local, &facts.remote) } else { (&facts.remote, &facts.local) };
    source.write(out, "source");
    destination.write(out, "destination");
}

fn hash(out: &mut Vec<u8>, hash: Option<&[u8]>) {
    if let Some((name, hash)) = hash.and_then(|h| Some((hash_name(h)?, h))) {
        nested::object(out, "hash", |out| nested::text(out, name, Some(hash)));
    }
}

fn process(record: Record<'_>, facts: &Facts<'_>, out: &mut Vec<u8>) {
    nested::object(out, "process", |out| {
        nested::text(out, "command_line", facts.command_line.as_deref());
        let Some(process) = facts.process else { return };
        for (name, value) in members(record, process) {
            let Some(value) = record.scalar(value) else { continue };
            match name {
                b"name" => nested::text(out, "name", Some(&value)),
                b"executablePath" => nested::text(out, "executable", Some(&value)),
                b"executableSha256" => hash(out, Some(&value)),
                b"pwd" => nested::text(out, "working_directory", Some(&value)),
                b"pid" if is_whole(&value) => nested::json(out, "pid", Some(&value)),
                b"uuid" => nested::text(out, "entity_id", Some(&value)),
                b"startTime" => time(out, "start", Some(&value)),
                b"parentUuid" => {
                    nested::object(out, "parent", |out| nested::text(out, "entity_id", Some(&value)));
                }
                _ => {}
            }
        }
    });
}

fn container(record: Record<'_>, facts: &Facts<'_>, out: &mut Vec<u8>) {
    let Some(container) = facts.container else { return };
    let member = |name| record.member(container, name).and_then(|node| record.scalar(node));
    nested::object(out, "container", |out| {
        nested::text(out, "id", member("id").as_deref());
        nested::text(out, "name", member("name").as_deref());
        nested::text(out, "runtime", member("containerRuntime").as_deref());
        nested::object(out, "image", |out| nested::text(out, "name", member("image").as_deref()));
    });
}
