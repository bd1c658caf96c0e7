//! GuardDuty findings as Security Hub writes them: what GuardDuty nests stands in `ProductFields` under one long
//! name each, with slashes.

use super::finding::{Finding, MORE_ADDRESSES, add_ip, lower, set_ip};
use crate::{
    ecs::{Ecs, Text, Value},
    json::{tape::Kind, text},
    source::finding_type::FindingType,
};

/// What stands in front of all names of an action.
const ACTION: &str = "aws/guardduty/service/action/";

/// Where an action has its remote side, in the order of es-loader. The third is not found by es-loader, which takes
/// the dot for the end of a name.
const REMOTES: [&str; 3] = ["awsApiCallAction", "networkConnectionAction", "kubernetesApiCallAction"];
const PROBE: &str = "portProbeAction/portProbeDetails.0_";

impl<'a> Finding<'_, 'a> {
    fn product_field(&self, name: &str) -> Option<Text<'a>> {
        self.text(&["ProductFields", name])
    }

    fn action_field(&self, action: &str, name: &str) -> Option<Text<'a>> {
        self.product_field(&[ACTION, action, "/", name].concat())
    }

    fn interface_field(&self, name: &str) -> Option<Text<'a>> {
        self.product_field(&["aws/guardduty/resource/instanceDetails/networkInterfaces.0_/", name].concat())
    }
}

/// The two sides of the traffic, as far as es-loader reads them.
pub(super) fn endpoints<'a>(finding: &Finding<'_, 'a>, ecs: &mut Ecs<'a>) {
    const CONNECTION: &str = "networkConnectionAction";
    let local = finding.action_field(CONNECTION, "localIpDetails/ipAddressV4");
    add_ip(ecs, "related.ip", local.clone());
    ecs.text("destination.address", local.clone());
    set_ip(ecs, "destination.ip", local);
    let port = finding.action_field(CONNECTION, "localPortDetails/port");
    finding.number(ecs, "destination.port", port);
    let port = finding.action_field(CONNECTION, "remotePortDetails/port");
    finding.number(ecs, "source.port", port);
    for (place, action) in REMOTES.into_iter().enumerate() {
        let remote = finding.action_field(action, "remoteIpDetails/ipAddressV4");
        add_ip(ecs, "related.ip", remote.clone());
        // Kubernetes is among the related addresses only.
        if place < 2 && ecs.get("source.address").is_none() {
            ecs.text("source.address", remote.clone());
            set_ip(ecs, "source.ip", remote);
        }
        add_ip(ecs, "related.ip", finding.action_field(action, "remoteIpDetails/ipAddressV6"));
    }
    let domain = finding.action_field("dnsRequestAction", "domain");
    ecs.text("dns.question.name", domain);
}

/// What es-loader does not read because of a dot in the name, or does not look for: port probes, the instance's
/// interface, Kubernetes, IPv6. Only fields that are still free are set.
pub(super) fn hidden_endpoints<'a>(finding: &Finding<'_, 'a>, ecs: &mut Ecs<'a>) {
    let remote_of = |action: &str, version: &str| {
        finding.action_field(action, &["remoteIpDetails/ipAddress", version].concat())
    };
    let remote = ["V4", "V6"].into_iter().find_map(|version| {
        let probe = || remote_of(PROBE, version);
        REMOTES.into_iter().find_map(|action| remote_of(action, version)).or_else(probe)
    });
    if ecs.get("source.address").is_none() {
        ecs.text("source.address", remote.clone());
        set_ip(ecs, "source.ip", remote);
    }
    if ecs.get("destination.address").is_none() {
        let local = finding
            .action_field(PROBE, "localIpDetails/ipAddressV4")
            .or_else(|| finding.interface_field("privateIpAddress"));
        ecs.text("destination.address", local.clone());
        set_ip(ecs, "destination.ip", local);
        let port = finding.action_field(PROBE, "localPortDetails/port");
        finding.number(ecs, "destination.port", port);
    }
    set_ip(ecs, "destination.nat.ip", finding.interface_field("publicIp"));
}

/// Adds both sides to what is related: to `related.ip` where es-loader has nothing there, else to
/// [`MORE_ADDRESSES`], so that both write the same list.
pub(super) fn related(ecs: &mut Ecs<'_>) {
    let alone = ecs.get("related.ip").is_none();
    for name in ["source.ip", "destination.ip", "source.nat.ip", "destination.nat.ip"] {
        let address = ecs.get_text(name).map(<[u8]>::to_vec);
        let known = matches!(ecs.get("related.ip"), Some(Value::List(list))
            if address.as_ref().is_some_and(|address| list.iter().any(|known| **known == **address)));
        if alone {
            ecs.add("related.ip", address);
        } else if !known {
            ecs.add(MORE_ADDRESSES, address);
        }
    }
}

/// What the type of a finding says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Threat {
    malware: bool,
    file: bool,
}

/// Takes the first type apart into fields; none where es-loader cannot.
pub(super) fn threat<'a>(finding: &Finding<'_, 'a>, ecs: &mut Ecs<'a>) -> Option<Threat> {
    let types = finding.at(&["Types"]).filter(|&n| finding.record.kind(n) == Some(Kind::Array))?;
    let first = text::unescape(&finding.of(types, &["0"])?);
    let parts = FindingType::of_security_hub(first.as_bytes())?;
    set_parts(ecs, &parts);
    Some(Threat { malware: parts.is_malware(), file: parts.is_file() })
}

/// Sets the fields of a type.
pub(super) fn set_parts(ecs: &mut Ecs<'_>, parts: &FindingType<'_>) {
    for (name, part) in parts.fields() {
        let mut inside = Vec::with_capacity(part.len());
        text::escape_into(&mut inside, part);
        ecs.text(name, Some(inside));
    }
}

/// Direction, category, and the sides exchanged where the instance began; none where es-loader stops.
pub(super) fn direction<'a>(finding: &Finding<'_, 'a>, ecs: &mut Ecs<'a>, threat: Threat) -> Option<()> {
    ecs.text("event.category", Some(&b"intrusion_detection"[..]));
    let action = finding.product_field("aws/guardduty/service/action/actionType");
    let direction = match action.as_deref() {
        Some(b"NETWORK_CONNECTION") => {
            let direction = finding.action_field("networkConnectionAction", "connectionDirection")?;
            Some(Text::Owned(lower(&direction)))
        }
        Some(b"DNS_REQUEST") => Some(Text::Borrowed(&b"outbound"[..])),
        // es-loader calls everything else inbound, whether there is a remote side or not.
        _ if threat.file => None,
        _ => ecs.get("source.ip").map(|_| Text::Borrowed(&b"inbound"[..])),
    };
    if direction.as_deref() == Some(b"outbound") {
        ecs.exchange(&[
            ("source.address", "destination.address"),
            ("source.ip", "destination.ip"),
            ("source.port", "destination.port"),
            ("source.nat.ip", "destination.nat.ip"),
        ]);
    }
    ecs.text("network.direction", direction);
    if threat.malware {
        ecs.text("event.category", Some(&b"malware"[..]));
    }
    Some(())
}
