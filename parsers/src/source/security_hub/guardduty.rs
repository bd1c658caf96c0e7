//! GuardDuty findings as Security Hub writes them: what GuardDuty nests stands in `ProductFields` under one long
//! name each, with slashes.

use super::finding::{Finding, MORE_ADDRESSES, add_ip, lower, set_ip};
use crate::{
    ecs::{Ecs, Name, Text, Value},
    json::{lookup::Lookup, tape::Kind, text, write::Record},
    source::finding_type::FindingType,
};

/// The name of a value of an action.
macro_rules! action {
    ($action:expr, $name:expr) => {
        concat!("aws/guardduty/service/action/", $action, "/", $name)
    };
}

/// The name of a value of the first port probe. It is not found by es-loader, which takes the dot for the end of a
/// name.
macro_rules! probe {
    ($name:expr) => {
        action!("portProbeAction/portProbeDetails.0_", $name)
    };
}

/// The name of a value of the instance's first interface. Not found by es-loader either.
macro_rules! interface {
    ($name:expr) => {
        concat!("aws/guardduty/resource/instanceDetails/networkInterfaces.0_/", $name)
    };
}

/// Where an action has its remote side, in the order of es-loader: address of version 4, of version 6.
const REMOTES: [[&str; 2]; 3] = [
    [
        action!("awsApiCallAction", "remoteIpDetails/ipAddressV4"),
        action!("awsApiCallAction", "remoteIpDetails/ipAddressV6"),
    ],
    [
        action!("networkConnectionAction", "remoteIpDetails/ipAddressV4"),
        action!("networkConnectionAction", "remoteIpDetails/ipAddressV6"),
    ],
    [
        action!("kubernetesApiCallAction", "remoteIpDetails/ipAddressV4"),
        action!("kubernetesApiCallAction", "remoteIpDetails/ipAddressV6"),
    ],
];

/// The same of a port probe.
const PROBE: [&str; 2] = [probe!("remoteIpDetails/ipAddressV4"), probe!("remoteIpDetails/ipAddressV6")];

/// What stands in front of all these names.
const GUARDDUTY: &[u8] = b"aws/guardduty/";

/// The fields of a product that has those of GuardDuty.
struct ProductFields<'a> {
    record: Record<'a>,
    /// Those of `ProductFields`.
    members: Lookup,
}

impl<'a> ProductFields<'a> {
    /// None where none of its names is one of GuardDuty's: then some twenty of them need not be looked for.
    fn of(finding: &Finding<'_, 'a>) -> Option<Self> {
        let (record, node) = (finding.record, finding.at(&["ProductFields"])?);
        let mut names = record.tape.members(node).map(|(key, _)| record.bytes(key));
        names
            .any(|name| name.starts_with(GUARDDUTY))
            .then(|| Self { record, members: Lookup::of(&record, node) })
    }

    fn text(&self, name: &str) -> Option<Text<'a>> {
        self.record.scalar(self.members.member(&self.record, name)?)
    }
}

/// The two sides of the traffic.
pub(super) fn endpoints<'a>(finding: &Finding<'_, 'a>, ecs: &mut Ecs<'a>) {
    if let Some(fields) = ProductFields::of(finding) {
        known_endpoints(finding, &fields, ecs);
        hidden_endpoints(finding, &fields, ecs);
    }
}

/// As far as es-loader reads them.
fn known_endpoints<'a>(finding: &Finding<'_, 'a>, fields: &ProductFields<'a>, ecs: &mut Ecs<'a>) {
    let local = fields.text(action!("networkConnectionAction", "localIpDetails/ipAddressV4"));
    add_ip(ecs, Name::RelatedIp, local.clone());
    ecs.text(Name::DestinationAddress, local.clone());
    set_ip(ecs, Name::DestinationIp, local);
    let port = fields.text(action!("networkConnectionAction", "localPortDetails/port"));
    finding.number(ecs, Name::DestinationPort, port);
    let port = fields.text(action!("networkConnectionAction", "remotePortDetails/port"));
    finding.number(ecs, Name::SourcePort, port);
    for (place, [v4, v6]) in REMOTES.into_iter().enumerate() {
        let remote = fields.text(v4);
        add_ip(ecs, Name::RelatedIp, remote.clone());
        // Kubernetes is among the related addresses only.
        if place < 2 && ecs.get(Name::SourceAddress).is_none() {
            ecs.text(Name::SourceAddress, remote.clone());
            set_ip(ecs, Name::SourceIp, remote);
        }
        add_ip(ecs, Name::RelatedIp, fields.text(v6));
    }
    ecs.text(Name::DnsQuestionName, fields.text(action!("dnsRequestAction", "domain")));
}

/// What es-loader does not read because of a dot in the name, or does not look for: port probes, the instance's
/// interface, Kubernetes, IPv6. Only fields that are still free are set.
fn hidden_endpoints<'a>(finding: &Finding<'_, 'a>, fields: &ProductFields<'a>, ecs: &mut Ecs<'a>) {
    if ecs.get(Name::SourceAddress).is_none() {
        let mut names = [0, 1].into_iter().flat_map(|version| {
            let of = move |names: [&'static str; 2]| names.into_iter().nth(version);
            REMOTES.into_iter().chain([PROBE]).filter_map(of)
        });
        let remote = names.find_map(|name| fields.text(name));
        ecs.text(Name::SourceAddress, remote.clone());
        set_ip(ecs, Name::SourceIp, remote);
    }
    if ecs.get(Name::DestinationAddress).is_none() {
        let local = fields
            .text(probe!("localIpDetails/ipAddressV4"))
            .or_else(|| fields.text(interface!("privateIpAddress")));
        ecs.text(Name::DestinationAddress, local.clone());
        set_ip(ecs, Name::DestinationIp, local);
        let port = fields.text(probe!("localPortDetails/port"));
        finding.number(ecs, Name::DestinationPort, port);
    }
    set_ip(ecs, Name::DestinationNatIp, fields.text(interface!("publicIp")));
}

/// Adds both sides to what is related: to `related.ip` where es-loader has nothing there, else to
/// [`MORE_ADDRESSES`], so that both write the same list.
pub(super) fn related(ecs: &mut Ecs<'_>) {
    let alone = ecs.get(Name::RelatedIp).is_none();
    for name in [Name::SourceIp, Name::DestinationIp, Name::SourceNatIp, Name::DestinationNatIp] {
        let address = ecs.get_text(name).map(<[u8]>::to_vec);
        let known = matches!(ecs.get(Name::RelatedIp), Some(Value::List(list))
            if address.as_ref().is_some_and(|address| list.iter().any(|known| **known == **address)));
        if alone {
            ecs.add(Name::RelatedIp, address);
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
    let first = text::unescape(&finding.below(types, &["0"])?);
    let parts = FindingType::of_security_hub(first.as_bytes())?;
    set_parts(ecs, &parts);
    Some(Threat { malware: parts.is_malware(), file: parts.is_file() })
}

/// Sets the fields of a type.
pub(super) fn set_parts(ecs: &mut Ecs<'_>, parts: &FindingType<'_>) {
    for (name, part) in [
        (Name::ThreatPurpose, parts.purpose.as_deref()),
        (Name::ResourceTypeAffected, parts.resource),
        (Name::ThreatFamilyName, parts.family),
        (Name::DetectionMechanism, parts.mechanism),
        (Name::Artifact, parts.artifact),
    ] {
        let inside = part.map(|part| {
            let mut inside = Vec::new();
            text::escape_into(&mut inside, part);
            inside
        });
        ecs.text(name, inside);
    }
}

/// Direction, category, and the sides exchanged where the instance began; none where es-loader stops.
pub(super) fn direction<'a>(finding: &Finding<'_, 'a>, ecs: &mut Ecs<'a>, threat: Threat) -> Option<()> {
    ecs.text(Name::EventCategory, Some(&b"intrusion_detection"[..]));
    let action = finding.text(&["ProductFields", "aws/guardduty/service/action/actionType"]);
    let direction = match action.as_deref() {
        Some(b"NETWORK_CONNECTION") => {
            let direction = finding
                .text(&["ProductFields", action!("networkConnectionAction", "connectionDirection")])?;
            Some(Text::Owned(lower(&direction)))
        }
        Some(b"DNS_REQUEST") => Some(Text::Borrowed(&b"outbound"[..])),
        // es-loader calls everything else inbound, whether there is a remote side or not.
        _ if threat.file => None,
        _ => ecs.get(Name::SourceIp).map(|_| Text::Borrowed(&b"inbound"[..])),
    };
    if direction.as_deref() == Some(b"outbound") {
        ecs.exchange(&[
            (Name::SourceAddress, Name::DestinationAddress),
            (Name::SourceIp, Name::DestinationIp),
            (Name::SourcePort, Name::DestinationPort),
            (Name::SourceNatIp, Name::DestinationNatIp),
        ]);
    }
    ecs.text(Name::NetworkDirection, direction);
    if threat.malware {
        ecs.text(Name::EventCategory, Some(&b"malware"[..]));
    }
    Some(())
}
