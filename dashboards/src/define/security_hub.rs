//! Security Hub: what is open, where, since when?

use super::conditions::{OPEN, SEVERITIES};
use crate::panel::{Dashboard, bars, controls, heatmap, histogram, metric, pie, search, table};
use crate::pattern::{HUB, STATES};

const FAILED: &str = r#"siem.finding.open:true and Compliance.Status:"FAILED""#;
/// Types of ASFF that are attacks and not hygiene.
const ATTACKS: &str = "siem.finding.open:true and Types:(TTPs* or Effects* or Unusual*)";

pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        slug: "securityhub",
        name: "Security Hub",
        description: "What is open, where, since when? Panels on open findings count each finding once in its current \
                      state, of all products and whatever the time range; panels over time show what came within it.",
        since: "now-24h",
        pattern: HUB,
        hidden: Some(super::samples()),
        rows: vec![
            vec![controls(
                "Narrow to a product, an account by name or number, a region",
                &[
                    ("siem.finding.product", "Product"),
                    ("cloud.account.name", "Account name"),
                    ("cloud.account.id", "Account"),
                    ("cloud.region", "Region"),
                ],
            )],
            vec![
                metric("open", "Open findings now", "How many are to be looked at?")
                    .on(STATES)
                    .count("findings")
                    .by_filters(SEVERITIES)
                    .only(OPEN)
                    .wide(24),
                metric("came", "Findings within the range", "What came, new or changed?")
                    .distinct("siem.finding.id", "findings")
                    .by_filters(SEVERITIES),
            ],
            vec![
                histogram("over-time", "Findings over time by severity", "What is new tonight?")
                    .distinct("siem.finding.id", "findings")
                    .over_time()
                    .by("siem.finding.severity", 5),
                histogram(
                    "stages-over-time",
                    "Changes over time by stage",
                    "Are findings closed as they come?",
                )
                .count("changes")
                .over_time()
                .by("siem.finding.stage", 8),
            ],
            vec![
                bars("accounts", "Open findings by account", "Which account first?")
                    .on(STATES)
                    .count("findings")
                    .by("cloud.account.id", 15)
                    .by("siem.finding.severity", 5)
                    .only(OPEN),
                bars("regions", "Open findings by region", "Which region?")
                    .on(STATES)
                    .count("findings")
                    .by("cloud.region", 15)
                    .by("siem.finding.severity", 5)
                    .only(OPEN),
            ],
            vec![
                heatmap("failing-by-account", "Controls failing by account", "Is it one account or all?")
                    .on(STATES)
                    .count("findings")
                    .by("Compliance.SecurityControlId", 20)
                    .by("cloud.account.id", 20)
                    .only(FAILED),
                table("failing", "Controls failing", "Which control, how many resources, where?")
                    .on(STATES)
                    .count("findings")
                    .distinct("cloud.account.id", "accounts")
                    .last("Title", "title")
                    .by("Compliance.SecurityControlId", 50)
                    .only(FAILED),
            ],
            vec![
                table(
                    "worst",
                    "Open findings, critical and high",
                    "Which is first, who has it, open it in the console",
                )
                .on(STATES)
                .max("siem.finding.changed", "changed")
                .last("siem.finding.severity", "severity")
                .last("siem.finding.stage", "stage")
                .last("rule.name", "title")
                .last("cloud.account.id", "account")
                .last("event.url", "console")
                .by("siem.finding.id", 50)
                .only(r#"siem.finding.open:true and siem.finding.severity:("critical" or "high")"#),
                table(
                    "newest",
                    "Findings, newest first",
                    "What is the state of each that changed within the range?",
                )
                .max("@timestamp", "last")
                .last("siem.finding.severity", "severity")
                .last("siem.finding.stage", "stage")
                .last("cloud.account.id", "account")
                .last("Compliance.Status", "compliance")
                .last("rule.name", "title")
                .by("siem.finding.id", 50),
            ],
            vec![
                table("products", "Products", "Which service says so?")
                    .on(STATES)
                    .count("findings")
                    .max("siem.finding.changed", "changed")
                    .by("siem.finding.product", 15)
                    .by("siem.finding.severity", 5)
                    .only(OPEN),
                bars("resources", "Resource types", "What kind of thing is hit?")
                    .on(STATES)
                    .count("findings")
                    .by("Resources.Type", 15)
                    .only(OPEN),
            ],
            vec![
                table("attacks", "Attacks, not hygiene", "Which findings are of an attack?")
                    .on(STATES)
                    .count("findings")
                    .max("siem.finding.changed", "changed")
                    .by("Types", 30)
                    .by("Severity.Label", 5)
                    .only(ATTACKS),
                table("named", "Instances named", "Which thing do I isolate?")
                    .on(STATES)
                    .count("findings")
                    .last("rule.name", "title")
                    .by("cloud.instance.id", 25)
                    .only("siem.finding.open:true and cloud.instance.id:*"),
            ],
            vec![
                table(
                    "standards",
                    "Checks by account and region",
                    "Which checks fail where, and what is their state?",
                )
                .count("changes")
                .last("Workflow.Status", "workflow")
                .last("Compliance.Status", "compliance")
                .last("RecordState", "record")
                .max("@timestamp", "last")
                .by("GeneratorId", 50)
                .by("cloud.account.id", 20)
                .by("cloud.region", 5)
                .only("Compliance.Status:*"),
                table("users", "Keys and users named", "Whose credentials are in findings?")
                    .on(STATES)
                    .count("findings")
                    .last("rule.name", "title")
                    .by("user.name", 25)
                    .only("siem.finding.open:true and user.name:*"),
            ],
            vec![
                table("sources", "Source addresses", "Who is on the other side?")
                    .distinct("siem.finding.id", "findings")
                    .last("source.geo.country_name", "country")
                    .by("source.ip", 25)
                    .only("source.ip:*"),
                table("countries", "Source countries", "From which countries?")
                    .distinct("siem.finding.id", "findings")
                    .by("source.geo.country_name", 25),
            ],
            vec![
                pie("tactics", "Tactics", "How far along is the attack?")
                    .distinct("siem.finding.id", "findings")
                    .by("ThreatPurpose", 15)
                    .wide(12),
                pie("families", "Threat families", "What do the findings have in common?")
                    .distinct("siem.finding.id", "findings")
                    .by("ThreatFamilyName", 15)
                    .wide(12),
                pie("affected", "Affected resource types", "What is affected?")
                    .distinct("siem.finding.id", "findings")
                    .by("ResourceTypeAffected", 15)
                    .wide(12),
                pie("directions", "Network direction", "Do they come in, or do we call out?")
                    .distinct("siem.finding.id", "findings")
                    .by("network.direction", 6),
            ],
            vec![search(
                "findings",
                "Findings",
                "Show me the findings as they came, and the object that each is from",
                &[
                    "event.url",
                    "siem.finding.severity",
                    "siem.finding.product",
                    "rule.name",
                    "cloud.account.id",
                    "cloud.region",
                    "Compliance.Status",
                    "siem.finding.stage",
                    "cloud.instance.id",
                    "user.name",
                    "source.ip",
                ],
            )],
            vec![
                search(
                    "states",
                    "Open findings",
                    "Show me each open finding in its current state",
                    &[
                        "siem.finding.severity",
                        "siem.finding.product",
                        "siem.finding.stage",
                        "siem.finding.changed",
                        "rule.name",
                        "cloud.account.id",
                        "event.url",
                    ],
                )
                .on(STATES)
                .only(OPEN),
            ],
        ],
    }
}
