//! GuardDuty: what was detected, how bad, on what?

use super::conditions::{OPEN, SEVERITIES};
use crate::panel::{Dashboard, bars, controls, histogram, metric, pie, search, table};
use crate::pattern::{DETECTIONS, STATES};

/// Severities of GuardDuty. Critical is 9.0 and more.
const LEVELS: [(&str, &str); 4] = [
    ("Critical", "event.severity >= 9"),
    ("High", "event.severity >= 7 and event.severity < 9"),
    ("Medium", "event.severity >= 4 and event.severity < 7"),
    ("Low", "event.severity < 4"),
];
/// The protection plans, by what the types name.
const PLANS: [(&str, &str); 7] = [
    ("EC2", r#"ResourceTypeAffected:"EC2""#),
    ("IAM", r#"ResourceTypeAffected:"IAMUser""#),
    ("S3", r#"ResourceTypeAffected:("S3" or "S3Object")"#),
    ("Kubernetes", r#"ResourceTypeAffected:"Kubernetes""#),
    ("Malware", r#"ThreatFamilyName:Malicious*"#),
    ("RDS", r#"ResourceTypeAffected:"RDS""#),
    ("Lambda and Runtime", r#"ResourceTypeAffected:("Lambda" or "Runtime")"#),
];
const OF_GUARDDUTY: &str = r#"siem.finding.open:true and siem.finding.product:"guardduty""#;

pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        slug: "guardduty",
        name: "GuardDuty",
        description: "What was detected, how bad, on what? Panels on open findings show the current state, whatever \
                      the time range; the others what came within the range. Samples are hidden.",
        since: "now-24h",
        pattern: DETECTIONS,
        hidden: Some(super::samples()),
        rows: vec![
            vec![controls(
                "Narrow to an account, a region, a type",
                &[("cloud.account.id", "Account"), ("cloud.region", "Region"), ("type", "Type")],
            )],
            vec![
                metric("open", "Open findings now", "Is anything critical open?")
                    .on(STATES)
                    .count("findings")
                    .by_filters(SEVERITIES)
                    .only(OF_GUARDDUTY)
                    .wide(24),
                metric("by-severity", "Findings within the range", "What came, and how bad is it?")
                    .distinct("id", "findings")
                    .by_filters(LEVELS)
                    .wide(24),
            ],
            vec![
                metric("by-plan", "Findings by kind of resource", "What kind of thing is hit?")
                    .distinct("id", "findings")
                    .by_filters(PLANS)
                    .wide(24),
                metric("changes", "Changes by severity", "How often were findings updated?")
                    .count("changes")
                    .by_filters(LEVELS),
            ],
            vec![
                histogram("over-time", "Findings over time by severity", "When, and is it getting worse?")
                    .distinct("id", "findings")
                    .over_time()
                    .by_filters(LEVELS),
                histogram("changes-over-time", "Changes over time by severity", "When did findings repeat?")
                    .count("changes")
                    .over_time()
                    .by_filters(LEVELS),
            ],
            vec![
                bars("accounts", "Accounts by severity", "Which account first?")
                    .distinct("id", "findings")
                    .by("cloud.account.id", 15)
                    .by_filters(LEVELS),
                bars("regions", "Regions by severity", "Which region?")
                    .distinct("id", "findings")
                    .by("cloud.region", 15)
                    .by_filters(LEVELS),
            ],
            vec![
                table("types", "Types, newest first", "What kind, how many, how bad, where?")
                    .max("@timestamp", "last")
                    .distinct("id", "findings")
                    .max("event.severity", "severity")
                    .distinct("cloud.account.id", "accounts")
                    .by("type", 100),
                table("worst", "Findings, worst first", "Open this finding in the console")
                    .max("event.severity", "severity")
                    .max("service.count", "times")
                    .max("@timestamp", "last")
                    .last("rule.name", "title")
                    .last("cloud.account.id", "account")
                    .last("cloud.region", "region")
                    .last("event.url", "console")
                    .by("id", 50),
            ],
            vec![
                table("open-list", "Open findings now, worst first", "Which are open, since when?")
                    .on(STATES)
                    .max("event.severity", "severity")
                    .max("siem.finding.changed", "changed")
                    .last("rule.name", "title")
                    .last("cloud.account.id", "account")
                    .last("event.url", "console")
                    .by("siem.finding.id", 50)
                    .only(OF_GUARDDUTY),
                table("keys", "Access keys in findings", "Which credential is named, by which types?")
                    .distinct("id", "findings")
                    .max("@timestamp", "last")
                    .by("user.id", 25)
                    .by("user.name", 3)
                    .by("type", 5)
                    .only("user.id:*"),
            ],
            vec![
                table("instances", "Instances in findings", "Which host, and what does it do?")
                    .distinct("id", "findings")
                    .max("event.severity", "severity")
                    .by("cloud.instance.id", 25)
                    .by("type", 5)
                    .only("cloud.instance.id:*"),
                table("buckets", "Buckets in findings", "Which bucket?")
                    .distinct("id", "findings")
                    .max("event.severity", "severity")
                    .by("resource.s3BucketDetails.name", 25)
                    .by("type", 5)
                    .only("resource.s3BucketDetails.name:*"),
            ],
            vec![
                table("clusters", "Clusters in findings", "Which Kubernetes cluster?")
                    .distinct("id", "findings")
                    .max("event.severity", "severity")
                    .by("resource.eksClusterDetails.name", 25)
                    .by("type", 5)
                    .only("resource.eksClusterDetails.name:*"),
                table("users", "Users in findings", "Which user is named?")
                    .distinct("id", "findings")
                    .max("event.severity", "severity")
                    .by("user.name", 25)
                    .only("user.name:*"),
            ],
            vec![
                table("sources", "Source addresses", "Who is on the other side when we are called?")
                    .distinct("id", "findings")
                    .last("source.geo.country_name", "country")
                    .last("source.as.organization.name", "network")
                    .by("source.ip", 100)
                    .only("source.ip:*"),
                table("destinations", "Destination addresses", "Whom do our hosts call?")
                    .distinct("id", "findings")
                    .last("destination.geo.country_name", "country")
                    .last("destination.as.organization.name", "network")
                    .by("destination.ip", 100)
                    .only("destination.ip:*"),
            ],
            vec![
                table("names", "DNS names asked", "Which name does it resolve?")
                    .distinct("id", "findings")
                    .max("@timestamp", "last")
                    .by("dns.question.name", 25)
                    .only("dns.question.name:*"),
                table("malware", "Malware found", "What was found on volumes?")
                    .distinct("id", "findings")
                    .by(
                        "service.ebsVolumeScanDetails.scanDetections.threatDetectedByName.threatNames.name",
                        50,
                    ),
            ],
            vec![
                bars("tactics", "Tactics", "How far along is the attack?")
                    .distinct("id", "findings")
                    .by("ThreatPurpose", 30),
                bars("countries", "Source countries", "From which countries?")
                    .distinct("id", "findings")
                    .by("source.geo.country_name", 25),
            ],
            vec![
                pie("families", "Threat families", "What do the findings have in common?")
                    .distinct("id", "findings")
                    .by_and_other("ThreatFamilyName", 30)
                    .wide(16),
                pie("resources", "Resource types", "What is affected?")
                    .distinct("id", "findings")
                    .by("ResourceTypeAffected", 10)
                    .wide(16),
                table("directions", "Network direction", "Do they come in, or do we call out?")
                    .distinct("id", "findings")
                    .by("network.direction", 5),
            ],
            vec![search(
                "findings",
                "Findings",
                "Show me the findings as they came, and the object that each is from",
                &[
                    "event.url",
                    "event.severity",
                    "type",
                    "cloud.account.id",
                    "cloud.region",
                    "cloud.instance.id",
                    "user.name",
                    "source.ip",
                    "service.count",
                ],
            )],
            vec![
                search(
                    "states",
                    "Current state of findings",
                    "Show me the state of each finding now",
                    &[
                        "siem.finding.severity",
                        "siem.finding.stage",
                        "siem.finding.changed",
                        "rule.name",
                        "cloud.account.id",
                        "event.url",
                    ],
                )
                .on(STATES)
                .only(format!("{OPEN} and siem.finding.product:\"guardduty\"")),
            ],
        ],
    }
}
