//! Findings in the AWS Security Finding Format, as Security Hub CSPM writes them.
//!
//! <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html>
//!
//! Field names, ids and values are those of es-loader. Where its script stops half way (a member is missing that it
//! takes for granted), the values that it has written by then stay, and what can be read of the rest is added.

use super::{
    finding::{Finding, MORE_ADDRESSES, Read, add_ip, behind_last, escaped, lower, product_id},
    guardduty,
};
use crate::{
    ecs::{Ecs, Name, Text},
    json::{tape::Kind, text},
    source::finding::{Severity, Stage, State, changed, rule_name},
    time::Instant,
    when::When,
};

/// Addresses of resources that are put into `related.ip`; all are kept in the document.
const MOST_ADDRESSES: usize = 1000;

const PRODUCT_NAME: [&str; 2] = ["ProductFields", "aws/securityhub/ProductName"];

impl<'a> Finding<'_, 'a> {
    /// Reads a finding.
    pub(super) fn asff(&self) -> Read<'a> {
        let workflow = self.workflow();
        let updated = self.text(&["UpdatedAt"]);
        let is_new = workflow.as_deref() == Some(b"NEW");
        let instant = |t: &Option<Text<'_>>| t.as_deref().and_then(Instant::parse);
        let (sent, updated_at) = (self.sent(), instant(&updated));
        let sent_at = instant(&sent);
        let (latest, latest_at) = self.latest(updated.clone(), updated_at);

        // es-loader takes the index from the time of the event around the finding, and `@timestamp` of what is new
        // from the finding.
        let told = sent.filter(|_| sent_at.is_some()).or(latest);
        let mut when = When::of_text(told.as_deref(), self.place.object.key_info.time);
        if let Some(time) = updated_at.filter(|_| is_new) {
            when = when.shown_at(time);
        }
        let at = if is_new && updated.is_some() {
            updated.as_deref().map(text::unescape).unwrap_or_default().replace('Z', "+00:00")
        } else {
            told.as_deref().map(|t| isoformat(&text::unescape(t))).unwrap_or_default()
        };
        let state_text = at + &workflow.as_deref().map(text::unescape).unwrap_or_default();
        let own = self.text(&["Id"]);
        let (id, document) = self.ids(own, &state_text);

        let product = self.string(&PRODUCT_NAME).map(|p| lower(&p));
        let mut ecs = Ecs::default();
        self.asff_common(&mut ecs, product.as_deref());
        self.asff_rule(&mut ecs, product.as_deref(), workflow.is_some() && (!is_new || updated.is_some()));
        let changed = changed(sent_at, latest_at, self.place.object.key_info.time);
        let product = product.map_or_else(|| self.product(), Text::Owned);
        let state = State {
            id: product_id(&product, id.clone()),
            product,
            severity: self.asff_severity(),
            stage: self.asff_stage(workflow.as_deref()),
            changed,
        };
        Read { id, document, when, ecs, state }
    }

    /// `Workflow.Status`; Python's word where it is null, since es-loader makes the `_id` of it.
    fn workflow(&self) -> Option<Text<'a>> {
        let raw = |object, name| self.record.tape.member(self.record.json, object, name);
        let status = raw(raw(self.node, "Workflow")?, "Status")?;
        match self.record.kind(status)? {
            Kind::Null => Some(Text::Borrowed(b"None")),
            Kind::String => Some(self.record.scalar(status).unwrap_or_default()),
            _ => self.record.scalar(status),
        }
    }

    /// The latest of the times at which the finding was updated by its product and taken in by Security Hub: as written,
    /// and read.
    fn latest(
        &self,
        updated: Option<Text<'a>>,
        updated_at: Option<Instant>,
    ) -> (Option<Text<'a>>, Option<Instant>) {
        let processed = self.text(&["ProcessedAt"]);
        match processed.as_deref().and_then(Instant::parse) {
            Some(at) if updated_at.is_none_or(|updated_at| updated_at <= at) => (processed, Some(at)),
            _ => (updated, updated_at),
        }
    }

    /// The product where `ProductFields` does not name it: by its name, else by its ARN.
    fn product(&self) -> Text<'a> {
        let of_arn = || self.string(&["ProductArn"]).map(|arn| behind_last(arn, b'/'));
        let named = self.string(&["ProductName"]).or_else(of_arn).filter(|p| !p.is_empty());
        named.map_or(Text::Borrowed(b"security hub"), |p| lower(&p).into())
    }

    fn asff_severity(&self) -> Option<Severity> {
        match self.text(&["Severity", "Label"]).as_deref() {
            Some(b"INFORMATIONAL") => return Some(Severity::Informational),
            Some(b"LOW") => return Some(Severity::Low),
            Some(b"MEDIUM") => return Some(Severity::Medium),
            Some(b"HIGH") => return Some(Severity::High),
            Some(b"CRITICAL") => return Some(Severity::Critical),
            _ => {}
        }
        // <https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html#Severity>
        let normalized = self.decimal(&["Severity", "Normalized"])?;
        let score: f64 = std::str::from_utf8(&normalized).ok()?.parse().ok()?;
        Some(match score {
            s if s >= 90.0 => Severity::Critical,
            s if s >= 70.0 => Severity::High,
            s if s >= 40.0 => Severity::Medium,
            s if s >= 1.0 => Severity::Low,
            _ => Severity::Informational,
        })
    }

    /// Where the finding stands. `WorkflowState` is what `Workflow` was before 2020.
    fn asff_stage(&self, workflow: Option<&[u8]>) -> Stage {
        if self.text(&["RecordState"]).as_deref() == Some(b"ARCHIVED") {
            return Stage::Archived;
        }
        match workflow {
            Some(b"NEW") => return Stage::New,
            Some(b"NOTIFIED") => return Stage::Notified,
            Some(b"SUPPRESSED") => return Stage::Suppressed,
            Some(b"RESOLVED") => return Stage::Resolved,
            _ => {}
        }
        match self.text(&["WorkflowState"]).as_deref() {
            Some(b"NEW" | b"ASSIGNED") => Stage::New,
            Some(b"IN_PROGRESS") => Stage::Notified,
            Some(b"DEFERRED") => Stage::Suppressed,
            Some(b"RESOLVED") => Stage::Resolved,
            _ => Stage::Open,
        }
    }

    fn asff_common(&self, ecs: &mut Ecs<'a>, product: Option<&[u8]>) {
        let region = self.text(&["Resources", "0", "Region"]).or_else(|| self.text(&["Region"]));
        self.common(ecs, self.text(&["AwsAccountId"]), region);
        ecs.text(Name::CloudAccountName, self.text(&["AwsAccountName"]));
        ecs.text(Name::EventModule, Some(product.map_or_else(|| b"securityhub".to_vec(), <[u8]>::to_vec)));
        ecs.json(Name::EventCategory, &b"[\"intrusion_detection\"]"[..]);
        for (name, path) in [
            (Name::EventSeverity, ["Severity", "Product"]),
            (Name::EventRiskScoreNorm, ["Severity", "Normalized"]),
        ] {
            if let Some(number) = self.decimal(&path) {
                ecs.json(name, number);
            }
        }
        if let Some(types) = self.at(&["Types"]).and_then(|node| self.texts(node)) {
            ecs.json(Name::RuleId, types);
        }
        ecs.text(Name::RuleName, self.text(&["Title"]));
        ecs.text(Name::RuleDescription, self.text(&["Description"]));
        self.url(ecs, self.text(&["SourceUrl"]));
        guardduty::endpoints(self, ecs);
    }

    /// What es-loader's script does. `state` says that the finding has the members of which it makes the `_id`.
    fn asff_rule(&self, ecs: &mut Ecs<'a>, product: Option<&[u8]>, state: bool) {
        let module = product.filter(|_| state);
        let named =
            module.and_then(|m| self.asff_module(ecs, m)).and_then(|()| self.trim_name(ecs)).is_some();
        self.resources(ecs, named && self.resources_are_whole());
        guardduty::related(ecs);
    }

    /// By product; none where es-loader stops.
    fn asff_module(&self, ecs: &mut Ecs<'a>, module: &[u8]) -> Option<()> {
        let has = |part: &[u8]| memchr::memmem::find(module, part).is_some();
        let threat = match module {
            b"guardduty" | b"macie" => Some(guardduty::threat(self, ecs)?),
            _ => None,
        };
        if has(b"security hub") {
            self.control(ecs)
        } else if has(b"guardduty") {
            guardduty::direction(self, ecs, threat?)
        } else if has(b"inspector") {
            self.inspector(ecs)
        } else {
            if has(b"macie") {
                ecs.text(Name::EventCategory, Some(&b"intrusion_detection"[..]));
            }
            Some(())
        }
    }

    /// A control of Security Hub itself.
    fn control(&self, ecs: &mut Ecs<'a>) -> Option<()> {
        let generator = self.text(&["GeneratorId"])?;
        let truth = |yes: bool| if yes { &b"true"[..] } else { &b"false"[..] };
        let view = self.at(&["Compliance", "SecurityControlId"]).is_some();
        ecs.json(Name::ConsolidatedControlsView, truth(view));
        let findings = generator.starts_with(b"security-control");
        ecs.json(Name::ConsolidatedControlFindings, truth(findings));
        ecs.text(Name::RuleId, Some(generator));
        Some(())
    }

    /// A finding of Inspector: of the classic one, which brings the id of its rule, or of the one of today.
    fn inspector(&self, ecs: &mut Ecs<'a>) -> Option<()> {
        if let Some(rule) = self.text(&["ProductFields", "aws/inspector/id"]) {
            ecs.text(Name::RuleName, Some(rule));
            return self.at(&["Types"]).map(|_| ());
        }
        let first = self.text(&["Types", "0"]).or_else(|| self.string(&["Types"]))?;
        let first = text::unescape(&first);
        let kind = first.split("/CVE").next().unwrap_or_default();
        if !kind.contains("Vulnerabilities") {
            ecs.text(Name::RuleId, Some(escaped(kind)));
            return Some(());
        }
        let title = text::unescape(&self.string(&["Title"])?);
        let cve = title.split_whitespace().next()?;
        ecs.text(Name::RuleId, Some(escaped(&format!("{kind}/{cve}"))));
        ecs.text(Name::EventCategory, Some(&b"package"[..]));
        Some(())
    }

    /// Takes the full stop from the end of `rule.name`.
    fn trim_name(&self, ecs: &mut Ecs<'a>) -> Option<()> {
        let short = rule_name(ecs.get_text(Name::RuleName)?).into_owned();
        ecs.take(Name::RuleName);
        ecs.text(Name::RuleName, Some(short));
        Some(())
    }

    /// Whether es-loader finds in each resource what it looks for: the members themselves, whatever is in them.
    fn resources_are_whole(&self) -> bool {
        let raw = |object, name| self.record.tape.member(self.record.json, object, name);
        self.at(&["Resources"]).is_some()
            && self.list(&["Resources"]).all(|resource| {
                let Some(kind) = raw(resource, "Type") else { return false };
                let detail = |name| raw(resource, "Details").and_then(|details| raw(details, name));
                let kind = self.record.bytes(kind);
                if matches!(kind, b"AwsEc2Instance" | b"AwsIamAccessKey" | b"AwsIamRole")
                    && raw(resource, "Id").and_then(|id| self.record.kind(id)) != Some(Kind::String)
                {
                    return false;
                }
                match kind {
                    b"AwsIamAccessKey" => {
                        detail("AwsIamAccessKey").is_some_and(|key| raw(key, "PrincipalName").is_some())
                    }
                    b"AwsEc2Instance" => ["IpV4Addresses", "IpV6Addresses"].iter().all(|name| {
                        let list = detail("AwsEc2Instance").and_then(|instance| raw(instance, name));
                        list.is_none_or(|list| self.record.kind(list) == Some(Kind::Array))
                    }),
                    _ => true,
                }
            })
    }

    /// Instances, keys, roles and addresses of the resources. Of several the last counts, as in es-loader.
    fn resources(&self, ecs: &mut Ecs<'a>, whole: bool) {
        let mut instance = None;
        let (mut user_id, mut user_name) = (None, None);
        // What es-loader wrote of the addresses before it stopped is all that it wrote.
        let all = whole || ecs.get(Name::RelatedIp).is_none();
        let addresses = if all { Name::RelatedIp } else { MORE_ADDRESSES };
        let mut left = MOST_ADDRESSES;
        for resource in self.list(&["Resources"]) {
            let id = self.below(resource, &["Id"]);
            let detail = |path: &[&str]| self.below(resource, path);
            match self.below(resource, &["Type"]).as_deref() {
                Some(b"AwsEc2Instance") => {
                    instance = id.map(|id| behind_last(id, b'/'));
                    for name in ["IpV4Addresses", "IpV6Addresses"] {
                        let list = self.record.path(resource, &["Details", "AwsEc2Instance", name]);
                        let list = list.into_iter().flat_map(|l| self.record.tape.elements(l));
                        for address in list.take(left) {
                            add_ip(ecs, addresses, self.record.scalar(address));
                            left -= 1;
                        }
                    }
                }
                Some(b"AwsEc2Volume") => {
                    let attached = ["Details", "AwsEc2Volume", "Attachments", "0", "InstanceId"];
                    instance = detail(&attached).or(instance);
                }
                Some(b"AwsIamAccessKey") => {
                    let key = id.map(|id| behind_last(id, b':')).filter(|key| **key != *b"null");
                    let principal = || {
                        let id = detail(&["Details", "AwsIamAccessKey", "PrincipalId"])?;
                        let end = memchr::memchr(b':', &id).unwrap_or(id.len());
                        Some(Text::Owned(id.get(..end).unwrap_or_default().to_vec()))
                    };
                    user_id = key.or_else(principal);
                    user_name = detail(&["Details", "AwsIamAccessKey", "PrincipalName"])
                        .or_else(|| detail(&["Details", "AwsIamAccessKey", "UserName"]));
                }
                Some(b"AwsIamRole") => {
                    user_id = None;
                    user_name = id.map(|id| behind_last(id, b'/'));
                }
                _ => {}
            }
        }
        ecs.add(Name::RelatedHosts, instance.clone());
        ecs.text(Name::CloudInstanceId, instance);
        ecs.add(Name::RelatedUser, user_id.clone());
        ecs.add(Name::RelatedUser, user_name.clone());
        ecs.text(Name::UserId, user_id);
        ecs.text(Name::UserName, user_name);
    }
}

/// What Python's `datetime.isoformat` makes of a time in ISO 8601: of it es-loader makes the `_id`.
fn isoformat(time: &str) -> String {
    let Some((date, rest)) = time.split_at_checked(10) else { return time.to_owned() };
    let rest = rest.get(1..).unwrap_or_default();
    let end = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (clock, offset) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (clock, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, ""));
    let seconds = if clock.len() == 5 { ":00" } else { "" };
    let micros: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let fraction = if micros.bytes().all(|b| b == b'0') { String::new() } else { format!(".{micros}") };
    let offset = match offset.as_bytes() {
        [] | [b'Z' | b'z'] => "+00:00".to_owned(),
        [_, _, _] => format!("{offset}:00"),
        [_, _, _, digit, ..] if *digit != b':' => {
            let (hours, minutes) = offset.split_at_checked(3).unwrap_or((offset, "00"));
            format!("{hours}:{minutes}")
        }
        _ => offset.to_owned(),
    };
    format!("{date}T{clock}{seconds}{fraction}{offset}")
}
