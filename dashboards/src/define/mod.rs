//! The dashboards, one file each.

mod cloudtrail;
mod entity;
mod guardduty;
mod overview;
mod pipeline;
mod security_hub;
mod vpc_flow;

use crate::panel::Dashboard;

/// All of them, the landing page first.
#[must_use]
pub fn all() -> Vec<Dashboard> {
    vec![
        overview::dashboard(),
        entity::dashboard(),
        cloudtrail::dashboard(),
        vpc_flow::dashboard(),
        guardduty::dashboard(),
        security_hub::dashboard(),
        pipeline::dashboard(),
    ]
}

/// Records that are no samples: GuardDuty and Security Hub make findings on request.
fn samples() -> (&'static str, serde_json::Value) {
    let is = |field: &str, value: serde_json::Value| serde_json::json!({"term": {field: value}});
    let should = [
        is("service.additionalInfo.sample", true.into()),
        is("service.additionalInfo.value", r#"{"sample":true}"#.into()),
        is("Sample", true.into()),
    ];
    ("sample findings", serde_json::json!({"bool": {"should": should, "minimum_should_match": 1}}))
}

/// Conditions that more than one dashboard shows.
mod conditions {
    /// The root user did something himself: what services do in his name does not count.
    pub(super) const ROOT: &str =
        r#"userIdentity.type:"Root" and not userIdentity.invokedBy:* and not eventType:"AwsServiceEvent""#;
    /// Signed in with nothing but a password. A federated role has its MFA at the identity provider.
    pub(super) const NO_MFA: &str = r#"eventName:"ConsoleLogin" and responseElements.ConsoleLogin:"Success" and userIdentity.type:("IAMUser" or "Root") and not additionalEventData.MFAUsed:"Yes""#;
    /// Logging or detection was switched off or changed.
    pub(super) const TAMPERED: &str = "eventName:(StopLogging or DeleteTrail or UpdateTrail or PutEventSelectors or PutInsightSelectors or DeleteEventDataStore or UpdateEventDataStore or StopEventDataStoreIngestion or DeleteFlowLogs or DeleteDetector or UpdateDetector or DisassociateFromAdministratorAccount or DisableSecurityHub or BatchDisableStandards or StopConfigurationRecorder or DeleteConfigurationRecorder or DeleteDeliveryChannel or DeleteLogGroup or DeleteLogStream or PutRetentionPolicy)";
    /// Refused for want of rights.
    pub(super) const DENIED: &str = "errorCode:(AccessDenied* or *UnauthorizedOperation)";
    /// From inside to outside, allowed.
    pub(super) const EGRESS: &str = r#"event.action:"ACCEPT" and source.ip:("10.0.0.0/8" or "172.16.0.0/12" or "192.168.0.0/16" or "fc00::/7") and not destination.ip:("10.0.0.0/8" or "172.16.0.0/12" or "192.168.0.0/16" or "fc00::/7")"#;
    /// Findings that nobody has closed.
    pub(super) const OPEN: &str = "siem.finding.open:true";

    /// Severities of the current state, worst first.
    pub(super) const SEVERITIES: [(&str, &str); 5] = [
        ("Critical", r#"siem.finding.severity:"critical""#),
        ("High", r#"siem.finding.severity:"high""#),
        ("Medium", r#"siem.finding.severity:"medium""#),
        ("Low", r#"siem.finding.severity:"low""#),
        ("Informational", r#"siem.finding.severity:"informational""#),
    ];
}
