//! The marks of every log type in keys, and the tests of their content.

use siem_parsers::{
    key::{self, KeyInfo, KeyMarks, Marks},
    recognise::Look,
    source::{cloudtrail, config, guardduty, route53_resolver, security_hub, vpc_flow_log},
};

pub(crate) static CLOUDTRAIL: KeyMarks = KeyMarks {
    services: &["CloudTrail", "CloudTrail-Insight", "CloudTrail-NetworkActivity", "CloudTrail-Aggregated"],
    folders: &["CloudTrail", "CloudTrail-Insight", "CloudTrail-NetworkActivity", "CloudTrail-Aggregated"],
    not_loaded: &[("CloudTrail-Digest", "CloudTrail digest: hashes of log files, no events")],
    ..KeyMarks::NONE
};

static VPCFLOWLOGS: KeyMarks =
    KeyMarks { services: &["vpcflowlogs"], folders: &["vpcflowlogs"], ..KeyMarks::NONE };

static GUARDDUTY: KeyMarks = KeyMarks {
    services: &["GuardDuty"],
    folders: &["GuardDuty", "aws.guardduty", "GuardDuty_Finding"],
    ..KeyMarks::NONE
};

static SECURITYHUB: KeyMarks = KeyMarks {
    services: &["SecurityHub", "securityhub"],
    folders: &[
        "SecurityHub",
        "securityhub",
        "aws.securityhub",
        "Security_Hub_Findings_-_Imported",
        "Security_Hub_Findings_-_Custom_Action",
        "Findings_Imported_V2",
    ],
    not_loaded: &[("Security_Hub_Insight_Results", "Security Hub insight results: no findings")],
    ..KeyMarks::NONE
};

static ROUTE53RESOLVER: KeyMarks =
    KeyMarks { services: &["vpcdnsquerylogs"], folders: &["vpcdnsquerylogs"], ..KeyMarks::NONE };

static CONFIG: KeyMarks = KeyMarks {
    // Not a folder by itself: too usual a name.
    services: &["Config"],
    folders: &["ConfigHistory", "ConfigSnapshot"],
    files: &["ConfigHistory", "ConfigSnapshot"],
    not_loaded: &[
        ("ConfigWritabilityCheckFile", "AWS Config's trial of the bucket: no configuration items"),
        (
            "OversizedChangeNotification",
            "AWS Config change notification: its item comes in the configuration history too",
        ),
    ],
};

pub(crate) static TYPES: &[Marks] = &[
    ("cloudtrail", &CLOUDTRAIL),
    ("vpcflowlogs", &VPCFLOWLOGS),
    ("guardduty", &GUARDDUTY),
    ("securityhub", &SECURITYHUB),
    ("route53resolver", &ROUTE53RESOLVER),
    ("config", &CONFIG),
];

pub(crate) static LOOKS: &[Look] = &[
    ("cloudtrail", cloudtrail::looks_like),
    ("vpcflowlogs", vpc_flow_log::looks_like),
    ("guardduty", guardduty::looks_like),
    ("securityhub", security_hub::looks_like),
    ("route53resolver", route53_resolver::looks_like),
    ("config", config::looks_like),
];

pub(crate) fn read(key: &str) -> KeyInfo {
    key::read(key, TYPES)
}
