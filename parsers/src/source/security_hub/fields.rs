//! The fields of a Security Hub finding: what the template types, and names that only the document may have.

use std::sync::LazyLock;

use crate::{
    schema::{Fields, Schema},
    source::guardduty,
};

/// The component template that is installed in OpenSearch.
pub const TEMPLATE: &str =
    include_str!("../../../../index-templates/component-templates/siem-loader-securityhub.json");

/// The member that holds a finding in the Open Cybersecurity Schema Framework.
pub(super) const OCSF: &str = "ocsf";

/// Fields of the document beside those of the base template: a member of a finding that has one of these names is
/// moved aside.
const OWN: [&str; 10] = [
    "cwe_timestamp",
    "ThreatPurpose",
    "ResourceTypeAffected",
    "ThreatFamilyName",
    "DetectionMechanism",
    "Artifact",
    "consolidated_controls_view",
    "consolidated_control_findings",
    OCSF,
    "severitylabel",
];

/// What the writer needs to know of the fields.
#[derive(Debug)]
pub(super) struct Known {
    /// Of a finding in the AWS Security Finding Format.
    pub(super) asff: Schema,
    /// Of a finding in OCSF, all of which stand below `ocsf`.
    pub(super) ocsf: Schema,
}

/// Read once from the templates.
pub(super) static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut asff = Schema::new(TEMPLATE).beside(guardduty::fields::TEMPLATE);
    let ocsf = asff.record.get(OCSF.as_bytes()).map(|field| field.fields.clone()).unwrap_or_default();
    for name in OWN {
        asff.reserved.change_at(name, &mut |_| {});
    }
    Known { asff, ocsf: Schema { record: ocsf, reserved: Fields::default() } }
});

/// Whether a name is one that only the document may have.
pub(super) fn is_own(name: &[u8]) -> bool {
    OWN.iter().any(|own| own.as_bytes() == name)
}
