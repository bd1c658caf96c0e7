//! Findings in the Open Cybersecurity Schema Framework, as Security Hub sends them in events named
//! `Findings Imported V2`.
//!
//! <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-v2-cwe-event-formats.html>,
//! <https://schema.ocsf.io/1.6.0/categories/findings>
//!
//! es-loader does not know them. The finding stands under `ocsf` with its own names; the fields of ECS are those of
//! the other format.

use super::{
    finding::{Finding, Read, add_ip, behind_last, lower, product_id, set_ip},
    guardduty,
};
use crate::{
    ecs::{Ecs, Name, Text},
    json::text,
    source::{
        finding::{Severity, Stage, State, changed, rule_name},
        finding_type::FindingType,
    },
    time::Instant,
    when::When,
};

/// Evidences, resources and types that are looked at for fields of ECS; all are kept in the document.
const MOST: usize = 200;

/// Classes of findings: <https://schema.ocsf.io/1.6.0/categories/findings>.
const VULNERABILITY: &[u8] = b"2002";
const COMPLIANCE: &[u8] = b"2003";

impl<'a> Finding<'_, 'a> {
    /// Whether this is a finding in OCSF.
    pub(super) fn is_ocsf(&self) -> bool {
        let there = |name| self.at(&[name]).is_some();
        there("class_uid") || (there("finding_info") && there("metadata"))
    }

    /// Reads a finding.
    pub(super) fn ocsf(&self) -> Read<'a> {
        let object_time = self.place.object.key_info.time;
        let sent = self.sent().as_deref().and_then(Instant::parse);
        let modified = self.instant(&["finding_info"], "modified_time_dt", "modified_time");
        let time = self.instant(&[], "time_dt", "time");
        let latest = modified.max(time);
        let stage = self.ocsf_stage();

        // As in the other format: the index by the event around it, what is new at its own time.
        let told = sent.or(latest);
        let mut when = When::of(told, told.is_some() || self.sent().is_some(), object_time);
        if stage == Stage::New
            && let Some(time) = modified.or(time)
        {
            when = when.shown_at(time);
        }
        let changed = changed(sent, latest, object_time);
        let own = self.text(&["metadata", "uid"]).or_else(|| self.text(&["finding_info", "uid"]));
        let mut state_text = Vec::new();
        if let Some(time) = told {
            time.write(&mut state_text);
        }
        state_text.extend_from_slice(stage.as_str().as_bytes());
        let (id, document) = self.ids(own, &String::from_utf8_lossy(&state_text));

        let product = self.text(&["metadata", "product", "name"]).map(|p| lower(&p));
        let product = product.map_or(Text::Borrowed(&b"security hub"[..]), Text::Owned);
        let severity = self.ocsf_severity();
        let mut ecs = Ecs::default();
        self.ocsf_common(&mut ecs, &product, severity);
        self.evidences(&mut ecs);
        self.ocsf_resources(&mut ecs);
        let finding = self.text(&["finding_info", "uid"]).unwrap_or_else(|| id.clone());
        let state = State { id: product_id(&product, finding), product, severity, stage, changed };
        Read { id, document, when, ecs, state }
    }

    /// An instant: as text under one name, in milliseconds since 1970 under the other.
    fn instant(&self, path: &[&str], text: &str, millis: &str) -> Option<Instant> {
        let object = self.at(path)?;
        let member = |name| self.below(object, &[name]);
        let written = member(text).or_else(|| member(millis)).as_deref().and_then(Instant::parse);
        written.or_else(|| Instant::parse_millis(&member(millis)?))
    }

    fn ocsf_severity(&self) -> Option<Severity> {
        let of = |path: &[&str]| match self.text(path).as_deref() {
            Some(b"1") => Some(Severity::Informational),
            Some(b"2") => Some(Severity::Low),
            Some(b"3") => Some(Severity::Medium),
            Some(b"4") => Some(Severity::High),
            Some(b"5" | b"6") => Some(Severity::Critical),
            _ => None,
        };
        of(&["severity_id"]).or_else(|| of(&["vendor_attributes", "severity_id"]))
    }

    /// Where the finding stands. A finding that is closed by its product is what is archived in the other format.
    fn ocsf_stage(&self) -> Stage {
        let status = match self.text(&["status_id"]).as_deref() {
            Some(b"1") => Stage::New,
            Some(b"2") => Stage::Notified,
            Some(b"3") => Stage::Suppressed,
            Some(b"4") => Stage::Resolved,
            Some(b"5") => Stage::Archived,
            Some(b"6") => Stage::Deleted,
            _ => match self.text(&["status"]).map(|s| lower(&s)).as_deref() {
                Some(b"new") => Stage::New,
                Some(b"in progress") => Stage::Notified,
                Some(b"suppressed") => Stage::Suppressed,
                Some(b"resolved") => Stage::Resolved,
                Some(b"archived") => Stage::Archived,
                Some(b"deleted") => Stage::Deleted,
                _ => Stage::Open,
            },
        };
        let closed = self.text(&["activity_id"]).as_deref() == Some(b"3");
        if closed && status.is_open() { Stage::Archived } else { status }
    }

    fn ocsf_common(&self, ecs: &mut Ecs<'a>, product: &Text<'a>, severity: Option<Severity>) {
        let region = self.text(&["cloud", "region"]).or_else(|| self.text(&["resources", "0", "region"]));
        self.common(ecs, self.text(&["cloud", "account", "uid"]), region);
        ecs.text(Name::CloudAccountName, self.text(&["cloud", "account", "name"]));
        ecs.text(Name::EventModule, Some(product.clone()));
        self.number(ecs, Name::EventSeverity, self.text(&["severity_id"]));
        // The lowest score of each label: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Severity.html>
        let score = severity.map(|s| match s {
            Severity::Informational => &b"0"[..],
            Severity::Low => b"1",
            Severity::Medium => b"40",
            Severity::High => b"70",
            Severity::Critical => b"90",
        });
        if let Some(score) = score {
            ecs.json(Name::EventRiskScoreNorm, score);
        }
        let title = self.text(&["finding_info", "title"]);
        ecs.text(Name::RuleName, title.map(|title| rule_name(&title).into_owned()));
        ecs.text(Name::RuleDescription, self.text(&["finding_info", "desc"]));
        self.url(ecs, self.text(&["finding_info", "src_url"]));

        let class = self.text(&["class_uid"]);
        let category: &[u8] = match class.as_deref() {
            Some(VULNERABILITY) => b"package",
            Some(COMPLIANCE) => b"configuration",
            _ => b"intrusion_detection",
        };
        ecs.text(Name::EventCategory, Some(category));
        let rule = match class.as_deref() {
            Some(COMPLIANCE) => self.text(&["compliance", "control"]),
            Some(VULNERABILITY) => self.text(&["vulnerabilities", "0", "cve", "uid"]),
            _ => None,
        };
        let types = self.at(&["finding_info", "types"]);
        match (rule, types.and_then(|node| self.texts(node))) {
            (Some(rule), _) => ecs.text(Name::RuleId, Some(rule)),
            (None, Some(types)) => ecs.json(Name::RuleId, types),
            (None, None) => {}
        }
        if matches!(&**product, b"guardduty" | b"macie") {
            self.ocsf_threat(ecs, types);
        }
    }

    /// Takes that type apart which the product itself gave.
    fn ocsf_threat(&self, ecs: &mut Ecs<'a>, types: Option<usize>) {
        let elements = types.into_iter().flat_map(|types| self.record.tape.elements(types));
        for element in elements.take(MOST) {
            let Some(text) = self.record.scalar(element).map(|t| text::unescape(&t)) else { continue };
            if let Some(parts) =
                text.contains(':').then(|| FindingType::of_security_hub(text.as_bytes())).flatten()
            {
                guardduty::set_parts(ecs, &parts);
                if parts.is_malware() && ecs.get_text(Name::EventModule) == Some(b"guardduty") {
                    ecs.text(Name::EventCategory, Some(&b"malware"[..]));
                }
                return;
            }
        }
    }

    /// Addresses, identities and names of the evidences: the first of each, all addresses related.
    fn evidences(&self, ecs: &mut Ecs<'a>) {
        for evidence in self.list(&["evidences"]).take(MOST) {
            let of = |path: &[&str]| self.below(evidence, path);
            for (address, ip, port, side) in [
                (Name::SourceAddress, Name::SourceIp, Name::SourcePort, "src_endpoint"),
                (Name::DestinationAddress, Name::DestinationIp, Name::DestinationPort, "dst_endpoint"),
            ] {
                let found = of(&[side, "ip"]);
                add_ip(ecs, Name::RelatedIp, found.clone());
                if ecs.get(address).is_none()
                    && let Some(named) = found.clone().or_else(|| of(&[side, "hostname"]))
                {
                    ecs.text(address, Some(named));
                    set_ip(ecs, ip, found);
                    self.number(ecs, port, of(&[side, "port"]));
                }
            }
            let direction = of(&["connection_info", "direction"]).map(|d| lower(&d));
            ecs.text_if_free(Name::NetworkDirection, direction);
            ecs.text_if_free(Name::DnsQuestionName, of(&["query", "hostname"]));
            let key = of(&["actor", "user", "credential_uid"]).or_else(|| of(&["actor", "user", "uid"]));
            let name = of(&["actor", "user", "name"]);
            if ecs.get(Name::UserId).is_none() && ecs.get(Name::UserName).is_none() {
                ecs.add(Name::RelatedUser, key.clone());
                ecs.add(Name::RelatedUser, name.clone());
                ecs.text(Name::UserId, key);
                ecs.text(Name::UserName, name);
            }
        }
    }

    /// Instances, keys and roles. Their types are named as in CloudFormation.
    fn ocsf_resources(&self, ecs: &mut Ecs<'a>) {
        let named = ecs.get(Name::UserId).is_some() || ecs.get(Name::UserName).is_some();
        for resource in self.list(&["resources"]).take(MOST) {
            let id = self.below(resource, &["uid"]);
            match self.below(resource, &["type"]).as_deref() {
                Some(b"AWS::EC2::Instance" | b"AwsEc2Instance") => {
                    let id = id.map(|id| behind_last(id, b'/'));
                    ecs.add(Name::RelatedHosts, id.clone());
                    ecs.text_if_free(Name::CloudInstanceId, id);
                }
                Some(b"AWS::IAM::AccessKey" | b"AwsIamAccessKey") if !named => {
                    let id = id.map(|id| behind_last(id, b':')).filter(|id| **id != *b"null");
                    ecs.add(Name::RelatedUser, id.clone());
                    ecs.text_if_free(Name::UserId, id);
                }
                Some(b"AWS::IAM::Role" | b"AwsIamRole" | b"AWS::IAM::User" | b"AwsIamUser") if !named => {
                    let id = id.map(|id| behind_last(id, b'/'));
                    ecs.add(Name::RelatedUser, id.clone());
                    ecs.text_if_free(Name::UserName, id);
                }
                _ => {}
            }
        }
    }
}
