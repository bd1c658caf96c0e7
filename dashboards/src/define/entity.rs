//! One identity, key, address, host or account across all logs.

use crate::panel::{Dashboard, controls, histogram, markdown, metric, search, table};
use crate::pattern::LOGS;

const HOW_TO: &str = "**Type one entity into the query bar**, or filter by it in another dashboard, pin the filter and \
come here: `user.name:\"alice\"`, `user.id:\"AKIA…\"` (an access key), `related.ip:\"192.0.2.1\"`, \
`related.user:\"alice\"`, `cloud.instance.id:\"i-…\"`, `cloud.account.id:\"111122223333\"`. Every panel is then about it \
alone. `related.ip` and `related.user` hold all addresses and names of a record, whatever their part in it.\n\n\
From a record to the object in the bucket: its columns `@log_s3bucket`, `@log_s3key` and `siem.ordinal` say which record \
of which object it is.";

pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        slug: "entity",
        name: "Entity",
        description: "What did one identity, access key, address, host or account do, in all logs, in order?",
        since: "now-24h",
        pattern: LOGS,
        hidden: None,
        rows: vec![
            vec![markdown("how-to", "How to use", "How do I look at one entity?", HOW_TO)],
            vec![controls(
                "Narrow to an account, a region, an identity, a log",
                &[
                    ("cloud.account.id", "Account"),
                    ("cloud.region", "Region"),
                    ("related.user", "Identity"),
                    ("@log_type", "Log"),
                ],
            )],
            vec![
                metric("records", "Records by log", "In which logs is it?")
                    .count("records")
                    .by("@log_type", 10)
                    .wide(32),
                metric("span", "First and last", "Since when, until when?")
                    .min("@timestamp", "first")
                    .max("@timestamp", "last"),
            ],
            vec![
                histogram("timeline", "Timeline by log", "In which order did things happen?")
                    .count("records")
                    .over_time()
                    .by("@log_type", 10),
                histogram("outcomes", "Timeline by outcome", "When was it refused, when let through?")
                    .count("records")
                    .over_time()
                    .by("event.outcome", 3),
            ],
            vec![
                table("alerts", "Findings about it", "Is it in a finding already?")
                    .distinct("siem.finding.id", "findings")
                    .last("siem.finding.severity", "severity")
                    .max("@timestamp", "last")
                    .by("rule.name", 25)
                    .by("cloud.account.id", 5)
                    .only(r#"event.kind:"alert""#),
                table("ties", "Addresses in most logs", "Which address ties the logs together?")
                    .distinct("@log_type", "logs")
                    .count("records")
                    .distinct("user.name", "identities")
                    .max("@timestamp", "last")
                    .by("related.ip", 25)
                    .only("related.ip:*"),
            ],
            vec![
                table("identities", "Identities", "Who acted, from how many addresses?")
                    .count("records")
                    .distinct("related.ip", "addresses")
                    .distinct("cloud.account.id", "accounts")
                    .max("@timestamp", "last")
                    .by("user.name", 25)
                    .only("user.name:*"),
                table("keys", "Access keys", "Which key, first and last seen when?")
                    .count("records")
                    .min("@timestamp", "first")
                    .max("@timestamp", "last")
                    .distinct("related.ip", "addresses")
                    .by("user.id", 25)
                    .only("user.id:*"),
            ],
            vec![
                table("instances", "Instances", "Which hosts?")
                    .distinct("@log_type", "logs")
                    .count("records")
                    .max("@timestamp", "last")
                    .by("cloud.instance.id", 25)
                    .only("cloud.instance.id:*"),
                table("accounts", "Accounts and regions", "How far did it spread?")
                    .count("records")
                    .min("@timestamp", "first")
                    .max("@timestamp", "last")
                    .by("cloud.account.id", 25)
                    .by("cloud.region", 10),
            ],
            vec![
                table("actions", "Actions and rules", "What was done, or found?")
                    .count("records")
                    .max("@timestamp", "last")
                    .by("rule.name", 50)
                    .by("@log_type", 4)
                    .only("rule.name:*"),
                table("roles", "Roles and buckets", "Into which roles, at which buckets?")
                    .count("calls")
                    .max("@timestamp", "last")
                    .by_filters([
                        ("role assumed", "requestParameters.roleArn:*"),
                        ("bucket", "requestParameters.bucketName:*"),
                    ])
                    .by("eventName", 10),
            ],
            vec![
                table("peers", "Peers", "Whom did it talk to, how much?")
                    .sum("network.bytes", "bytes")
                    .count("flows")
                    .by("source.ip", 25)
                    .by("destination.ip", 10)
                    .only("network.bytes:*"),
                table("names", "DNS names", "Which names did it ask for?")
                    .count("queries")
                    .max("@timestamp", "last")
                    .by("dns.question.name", 25)
                    .only("dns.question.name:*"),
            ],
            vec![
                table("indicators", "Known bad indicators", "Is it on a threat list?")
                    .count("records")
                    .by("threat.matched.indicators", 25)
                    .by("threat.matched.providers", 5),
                table("resources", "Resources changed", "What does AWS Config say was changed?")
                    .count("items")
                    .max("@timestamp", "last")
                    .by("resourceType", 25)
                    .by("resourceId", 10)
                    .only("resourceId:*"),
            ],
            vec![search(
                "records-list",
                "Records of all logs",
                "Show me everything in order, and the object that each record is from",
                &[
                    "@log_type",
                    "cloud.account.id",
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
