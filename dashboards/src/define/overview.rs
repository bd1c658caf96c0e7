//! The landing page: is something wrong, and where do I go on?

use super::conditions::{DENIED, EGRESS, NO_MFA, OPEN, ROOT, SEVERITIES, TAMPERED};
use crate::panel::{Dashboard, bars, controls, histogram, markdown, metric, pie, search, table};
use crate::pattern::{FLOWS, LOGS, OBJECTS, STATES, TRAIL};

const LINKS: &str = "[One entity](#/view/siem-loader-entity) · [CloudTrail](#/view/siem-loader-cloudtrail) · \
[VPC flow logs](#/view/siem-loader-vpcflowlogs) · [GuardDuty](#/view/siem-loader-guardduty) · \
[Security Hub](#/view/siem-loader-securityhub) · [Pipeline health](#/view/siem-loader-pipeline)\n\n\
Click a value to filter by it. A filter that you pin comes along to the other dashboards. These must be 0, or known: \
logging tampered with, root activity, console logins without MFA, records unaccounted for, records AWS skipped.";

pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        slug: "overview",
        name: "Overview",
        description: "Is something wrong, in which account, and where do I go on? The way into the other dashboards.",
        since: "now-24h",
        pattern: LOGS,
        hidden: Some(super::samples()),
        rows: vec![
            vec![markdown("links", "Where to go", "Where do I go on?", LINKS)],
            vec![controls(
                "Narrow to an account or a region",
                &[("cloud.account.id", "Account"), ("cloud.region", "Region")],
            )],
            vec![
                metric("open", "Open findings now", "Is anything critical open?")
                    .on(STATES)
                    .count("findings")
                    .by_filters(SEVERITIES)
                    .only(OPEN)
                    .wide(24),
                metric("tampered", "Logging tampered with", "Did anyone blind us?")
                    .on(TRAIL)
                    .count("calls")
                    .only(TAMPERED),
                metric("root", "Root activity", "Did anyone use root?").on(TRAIL).count("by root").only(ROOT),
                metric("no-mfa", "Console logins without MFA", "Who got in with a password only?")
                    .on(TRAIL)
                    .count("logins")
                    .only(NO_MFA),
            ],
            vec![
                metric("unaccounted", "Records unaccounted for", "Did everything arrive somewhere?")
                    .on(OBJECTS)
                    .sum("records.unaccounted", "unaccounted")
                    .sum("records.dead_lettered", "dead letters")
                    .sum("records.rejected", "rejected"),
                metric("denied", "Denied calls", "How many refusals, of how many identities?")
                    .on(TRAIL)
                    .count("denied")
                    .distinct("user.name", "identities")
                    .only(DENIED),
                metric("skipped", "Records AWS skipped", "Is the picture itself incomplete?")
                    .on(FLOWS)
                    .count("skipped")
                    .only(r#"log_status:"SKIPDATA""#),
                metric("egress", "Bytes to outside", "How much leaves?")
                    .on(FLOWS)
                    .sum("network.bytes", "bytes")
                    .only(EGRESS),
            ],
            vec![
                histogram(
                    "logs-over-time",
                    "Records over time by log",
                    "Which log jumped, which fell silent?",
                )
                .count("records")
                .over_time()
                .by("@log_type", 10),
                histogram("findings-over-time", "Findings over time by severity", "When did it begin?")
                    .distinct("siem.finding.id", "findings")
                    .over_time()
                    .by("siem.finding.severity", 5)
                    .only(r#"event.kind:"alert""#),
            ],
            vec![
                bars("accounts", "Open findings by account", "Which account first?")
                    .on(STATES)
                    .count("findings")
                    .by("cloud.account.id", 15)
                    .by("siem.finding.severity", 5)
                    .only(OPEN),
                table("quiet", "Sources, longest quiet first", "Who stopped sending?")
                    .max("@timestamp", "last record")
                    .count("records")
                    .by_least("@log_type", 10, 0)
                    .by_least("cloud.account.id", 100, 0),
            ],
            vec![
                table("worst", "Critical findings, open now", "Which is first?")
                    .on(STATES)
                    .max("siem.finding.changed", "changed")
                    .last("siem.finding.product", "product")
                    .last("rule.name", "title")
                    .last("cloud.account.id", "account")
                    .last("event.url", "console")
                    .by("siem.finding.id", 25)
                    .only(r#"siem.finding.open:true and siem.finding.severity:"critical""#),
                table("ties", "Addresses in most logs", "Which address ties the logs together?")
                    .distinct("@log_type", "logs")
                    .count("records")
                    .max("@timestamp", "last")
                    .by("related.ip", 25)
                    .only("related.ip:*"),
            ],
            vec![
                bars("by-account", "Records by account", "Which account is loud?")
                    .count("records")
                    .by("cloud.account.id", 15)
                    .by("@log_type", 10),
                bars("by-region", "Records by region", "Which region is loud?")
                    .count("records")
                    .by("cloud.region", 15)
                    .by("@log_type", 10),
            ],
            vec![
                table("sources", "Source addresses", "Who calls?")
                    .count("records")
                    .distinct("@log_type", "logs")
                    .last("source.geo.country_name", "country")
                    .by("source.ip", 25),
                table("destinations", "Destination addresses", "Who is called?")
                    .count("records")
                    .distinct("@log_type", "logs")
                    .last("destination.geo.country_name", "country")
                    .by("destination.ip", 25),
            ],
            vec![
                table("sent", "Sent by address", "Who sends most?")
                    .sum("source.bytes", "bytes")
                    .by("source.ip", 25)
                    .wide(16),
                table("received", "Received by address", "Who gets most?")
                    .sum("network.bytes", "bytes")
                    .by("destination.ip", 25)
                    .wide(16),
                pie("flow-actions", "Flows by action", "How much is refused?")
                    .on(FLOWS)
                    .count("flows")
                    .by("event.action", 3),
            ],
            vec![
                table("buckets", "Buckets", "Which buckets are used, by how many?")
                    .on(TRAIL)
                    .count("calls")
                    .distinct("user.name", "identities")
                    .by("requestParameters.bucketName", 25)
                    .wide(16),
                table("downloads", "Downloads from S3", "Who takes how much?")
                    .on(TRAIL)
                    .sum("additionalEventData.bytesTransferredOut", "bytes")
                    .count("calls")
                    .by("source.ip", 25)
                    .only(r#"eventSource:"s3.amazonaws.com""#)
                    .wide(16),
                table("uploads", "Uploads to S3", "Who brings how much?")
                    .on(TRAIL)
                    .sum("additionalEventData.bytesTransferredIn", "bytes")
                    .count("calls")
                    .by("source.ip", 25)
                    .only(r#"eventSource:"s3.amazonaws.com""#),
            ],
            vec![
                pie("source-countries", "Source countries", "From where?")
                    .count("records")
                    .by("source.geo.country_name", 20)
                    .wide(12),
                pie("source-networks", "Source networks", "From whose networks?")
                    .count("records")
                    .by("source.as.organization.name", 10)
                    .wide(12),
                pie("destination-countries", "Destination countries", "Whereto?")
                    .count("records")
                    .by("destination.geo.country_name", 20)
                    .wide(12),
                pie("destination-networks", "Destination networks", "To whose networks?")
                    .count("records")
                    .by("destination.as.organization.name", 10),
            ],
            vec![search(
                "records",
                "Records",
                "Show me the records, and the object that each is from",
                &[
                    "@log_type",
                    "cloud.account.id",
                    "cloud.region",
                    "user.name",
                    "source.ip",
                    "destination.ip",
                    "rule.name",
                    "event.outcome",
                ],
            )],
        ],
    }
}
