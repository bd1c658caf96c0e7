//! Index patterns: which indices a panel searches, and the fields that these have by our templates.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

const BASE: &str = include_str!("../../index-templates/component-templates/siem-loader-base.json");
const CLOUDTRAIL: &str =
    include_str!("../../index-templates/component-templates/siem-loader-cloudtrail.json");
const CLOUDTRAIL_INDEX: &str =
    include_str!("../../index-templates/index-templates/siem-loader-cloudtrail.json");
const CONFIG: &str = include_str!("../../index-templates/component-templates/siem-loader-config.json");
const GUARDDUTY: &str = include_str!("../../index-templates/component-templates/siem-loader-guardduty.json");
const LEDGER: &str = include_str!("../../index-templates/index-templates/siem-loader-ledger.json");
const RESOLVER: &str =
    include_str!("../../index-templates/component-templates/siem-loader-route53resolver.json");
const SECURITYHUB: &str =
    include_str!("../../index-templates/component-templates/siem-loader-securityhub.json");
const VPCFLOWLOGS: &str =
    include_str!("../../index-templates/component-templates/siem-loader-vpcflowlogs.json");

const VPCFLOWLOGS_INDEX: &str =
    include_str!("../../index-templates/index-templates/siem-loader-vpcflowlogs.json");

/// A set of indices under one name.
#[derive(Debug, Clone, Copy)]
pub struct Pattern {
    /// Id of the saved object; never changes.
    pub id: &'static str,
    /// The indices. Always with a `*`: a name without one answers 404 while there is no such index.
    pub title: &'static str,
    /// The field that the time range of a dashboard applies to.
    pub time: Option<&'static str>,
    templates: &'static [&'static str],
}

/// All logs.
pub const LOGS: Pattern = Pattern {
    id: "siem-loader-logs",
    title: "log-aws-*",
    time: Some("@timestamp"),
    templates: &[
        BASE,
        CLOUDTRAIL,
        CLOUDTRAIL_INDEX,
        CONFIG,
        GUARDDUTY,
        RESOLVER,
        SECURITYHUB,
        VPCFLOWLOGS,
        VPCFLOWLOGS_INDEX,
    ],
};
/// CloudTrail.
pub const TRAIL: Pattern = Pattern {
    id: "siem-loader-cloudtrail",
    title: "log-aws-cloudtrail-*",
    time: Some("@timestamp"),
    templates: &[BASE, CLOUDTRAIL, CLOUDTRAIL_INDEX],
};
/// VPC and transit gateway flow logs.
pub const FLOWS: Pattern = Pattern {
    id: "siem-loader-vpcflowlogs",
    title: "log-aws-vpcflowlogs-*",
    time: Some("@timestamp"),
    templates: &[BASE, VPCFLOWLOGS, VPCFLOWLOGS_INDEX],
};
/// GuardDuty, one document a change of a finding.
pub const DETECTIONS: Pattern = Pattern {
    id: "siem-loader-guardduty",
    title: "log-aws-guardduty-*",
    time: Some("@timestamp"),
    templates: &[BASE, GUARDDUTY],
};
/// Security Hub, one document a change of a finding.
pub const HUB: Pattern = Pattern {
    id: "siem-loader-securityhub",
    title: "log-aws-securityhub-*",
    time: Some("@timestamp"),
    templates: &[BASE, SECURITYHUB],
};
/// The current state of findings, one document a finding. Without a time field: what is open is open,
/// however long ago it changed, so no time range may hide it.
pub const STATES: Pattern = Pattern {
    id: "siem-loader-findings",
    title: "siem-findings-current*",
    time: None,
    templates: &[BASE, GUARDDUTY, SECURITYHUB],
};
/// One document an object that was loaded, or was not.
pub const OBJECTS: Pattern = Pattern {
    id: "siem-loader-ledger",
    title: "siem-ledger-*",
    time: Some("@timestamp"),
    templates: &[LEDGER],
};

/// All of them.
pub const PATTERNS: [Pattern; 7] = [LOGS, TRAIL, FLOWS, DETECTIONS, HUB, STATES, OBJECTS];

impl Pattern {
    /// Name and OpenSearch type of every field. A field that two templates type differently gets the type
    /// `conflict`, which no panel may use.
    #[must_use]
    pub fn fields(&self) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::new();
        for template in self.templates {
            let template: Value = serde_json::from_str(template).unwrap_or_default();
            if let Some(properties) = template.pointer("/template/mappings/properties") {
                add(&mut fields, "", properties);
            }
        }
        fields
    }

    /// The fields without doc values in some of the indices: searched, and never grouped or sorted by.
    #[must_use]
    pub fn only_searched(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for template in self.templates {
            let template: Value = serde_json::from_str(template).unwrap_or_default();
            if let Some(properties) = template.pointer("/template/mappings/properties") {
                add_only_searched(&mut names, "", properties);
            }
        }
        names
    }
}

fn add_only_searched(names: &mut BTreeSet<String>, prefix: &str, properties: &Value) {
    for (name, mapping) in properties.as_object().into_iter().flatten() {
        let name = format!("{prefix}{name}");
        if let Some(inner) = mapping.get("properties") {
            add_only_searched(names, &format!("{name}."), inner);
        } else if mapping.get("doc_values") == Some(&Value::Bool(false)) {
            names.insert(name);
        }
    }
}

/// Adds what is below `properties`. Objects have no entry of their own: the Dashboards server leaves them out.
fn add(fields: &mut BTreeMap<String, String>, prefix: &str, properties: &Value) {
    for (name, mapping) in properties.as_object().into_iter().flatten() {
        let name = format!("{prefix}{name}");
        if let Some(inner) = mapping.get("properties") {
            add(fields, &format!("{name}."), inner);
            continue;
        }
        let kind = mapping.get("type").and_then(Value::as_str).unwrap_or("object");
        if kind == "object" {
            continue;
        }
        let place = fields.entry(name).or_insert_with(|| kind.to_owned());
        if place != kind {
            *place = "conflict".to_owned();
        }
    }
}

/// The type that the Dashboards server makes of one of OpenSearch's.
#[must_use]
pub fn dashboards_type(kind: &str) -> &'static str {
    match kind {
        "keyword" | "text" | "match_only_text" | "wildcard" | "flat_object" => "string",
        "long" | "integer" | "short" | "byte" | "double" | "float" | "half_float" | "scaled_float" => {
            "number"
        }
        "date" | "date_nanos" => "date",
        "boolean" => "boolean",
        "ip" => "ip",
        "geo_point" => "geo_point",
        _ => "conflict",
    }
}

/// Whether OpenSearch can group and sort by a field of this type.
#[must_use]
pub fn aggregatable(kind: &str) -> bool {
    !matches!(kind, "text" | "match_only_text" | "flat_object" | "conflict")
}
