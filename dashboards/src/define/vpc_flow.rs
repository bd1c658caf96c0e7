//! VPC flow logs: who talks to whom, how much, and what was refused?

use super::conditions::EGRESS;
use crate::panel::{Dashboard, Panel, area, bars, controls, histogram, line, metric, pie, search, table};
use crate::pattern::FLOWS;

const ACCEPTED: &str = r#"event.action:"ACCEPT""#;
const REJECTED: &str = r#"event.action:"REJECT""#;
/// Ports by which one administers a machine or reads a database.
const OPEN_DOORS: &str = r#"event.action:"ACCEPT" and destination.port:(22 or 23 or 445 or 1433 or 2375 or 3306 or 3389 or 5432 or 5985 or 5986 or 6379 or 9200 or 11211 or 27017) and not source.ip:("10.0.0.0/8" or "172.16.0.0/12" or "192.168.0.0/16" or "fc00::/7")"#;

fn packets(panel: Panel, dql: &str) -> Panel {
    panel.sum("source.packets", "packets").by("source.ip", 10).only(dql)
}

pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        slug: "vpcflowlogs",
        name: "VPC flow logs",
        description: "Who talks to whom, how much, what is refused? The records are at the bottom. Directions, VPCs, \
                      subnets and paths are there only where the format of the flow log has these fields.",
        since: "now-24h",
        pattern: FLOWS,
        hidden: None,
        rows: vec![
            vec![controls(
                "Narrow to an account, a region, a VPC, an interface, an outcome",
                &[
                    ("cloud.account.id", "Account"),
                    ("cloud.region", "Region"),
                    ("vpc_id", "VPC"),
                    ("interface_id", "Interface"),
                    ("event.action", "Action"),
                ],
            )],
            vec![
                metric("totals", "Flows and bytes", "How much traffic is there?")
                    .count("flows")
                    .sum("network.bytes", "bytes")
                    .distinct("source.ip", "sources")
                    .distinct("destination.ip", "destinations")
                    .wide(24),
                metric("rejected", "Rejected flows", "How much is refused?")
                    .count("rejected")
                    .distinct("source.ip", "sources")
                    .only(REJECTED),
                metric("skipped", "Records AWS skipped", "Is the picture itself incomplete?")
                    .count("skipped")
                    .only(r#"log_status:"SKIPDATA""#),
            ],
            vec![
                histogram("actions-over-time", "Flows over time by action", "Did refusals jump?")
                    .count("flows")
                    .over_time()
                    .by("event.action", 3),
                area("direction-over-time", "Bytes over time by direction", "Is data leaving?")
                    .sum("network.bytes", "bytes")
                    .over_time()
                    .by("network.direction", 3),
            ],
            vec![
                table("scanners", "Scanners", "Who tries many ports or hosts?")
                    .distinct("destination.port", "ports")
                    .distinct("destination.ip", "hosts")
                    .count("flows")
                    .last("source.as.organization.name", "network")
                    .by("source.ip", 25)
                    .only(REJECTED),
                bars("knocked", "Rejected destination ports", "On which doors do they knock?")
                    .count("flows")
                    .by("destination.port", 20)
                    .only(REJECTED),
            ],
            vec![
                table("egress", "Egress by bytes", "Which host sends most, to whom?")
                    .sum("network.bytes", "bytes")
                    .count("flows")
                    .max("@timestamp", "last")
                    .by("source.ip", 25)
                    .by("destination.ip", 5)
                    .only(EGRESS),
                line("egress-over-time", "Egress over time, top hosts", "Is it steady or a burst?")
                    .sum("network.bytes", "bytes")
                    .over_time()
                    .by("source.ip", 5)
                    .only(EGRESS),
            ],
            vec![
                table("outliers", "Egress outliers", "Which target gets far more in one flow than is usual?")
                    .max("network.bytes", "largest flow")
                    .avg("network.bytes", "mean flow")
                    .sum("network.bytes", "bytes")
                    .distinct("source.ip", "hosts")
                    .by("destination.ip", 25)
                    .only(EGRESS),
                table(
                    "new-targets",
                    "Egress targets, newest first",
                    "To whom did we never talk before in the range?",
                )
                .min("@timestamp", "first")
                .sum("network.bytes", "bytes")
                .distinct("source.ip", "hosts")
                .by("destination.ip", 50)
                .only(EGRESS),
            ],
            vec![
                table("new-networks", "Egress networks, newest first (GeoIP)", "Whose network is new?")
                    .min("@timestamp", "first")
                    .sum("network.bytes", "bytes")
                    .distinct("source.ip", "hosts")
                    .by("destination.as.organization.name", 25)
                    .only(EGRESS),
                table("doors", "Admin and data ports reached from outside", "Is a door open?")
                    .count("flows")
                    .sum("network.bytes", "bytes")
                    .by("destination.ip", 25)
                    .by("destination.port", 10)
                    .by("source.ip", 5)
                    .only(OPEN_DOORS),
            ],
            vec![
                table("interfaces", "Interfaces", "Which interface, instance, subnet?")
                    .sum("network.bytes", "bytes")
                    .count("flows")
                    .by("interface_id", 25)
                    .by("cloud.instance.id", 2)
                    .by("subnet_id", 2),
                bars("accounts", "Accounts and regions", "Where is the traffic?")
                    .count("flows")
                    .by("cloud.account.id", 15)
                    .by("cloud.region", 5),
            ],
            vec![
                line(
                    "packets-over-time",
                    "Packets over time by action",
                    "How much passes, how much is refused?",
                )
                .sum("network.packets", "packets")
                .over_time()
                .by("event.action", 3),
                line("sources-over-time", "Flows over time, top sources", "Which source is loud, and when?")
                    .count("flows")
                    .over_time()
                    .by("source.ip", 5),
            ],
            vec![
                packets(
                    table("accepted-sources", "Accepted: sources by packets", "Who sends most?"),
                    ACCEPTED,
                ),
                packets(
                    table("rejected-sources", "Rejected: sources by packets", "Who is refused most?"),
                    REJECTED,
                ),
            ],
            vec![
                packets(
                    pie("accepted-share", "Accepted: shares of sources", "Does one source prevail?"),
                    ACCEPTED,
                )
                .wide(12),
                packets(
                    pie("rejected-share", "Rejected: shares of sources", "Does one scanner prevail?"),
                    REJECTED,
                )
                .wide(12),
                pie("protocols", "Protocols", "Is there anything but TCP and UDP?")
                    .count("flows")
                    .by_and_other("network.transport", 10)
                    .wide(12),
                pie("paths", "Paths out", "By which way does egress leave (traffic-path)?")
                    .count("flows")
                    .by("traffic_path", 8),
            ],
            vec![
                table(
                    "countries",
                    "Source countries by packets (GeoIP)",
                    "From which countries, allowed or not?",
                )
                .sum("source.packets", "packets")
                .count("flows")
                .by("source.geo.country_name", 25)
                .by("event.action", 3),
                table("subnets", "Subnets by direction", "Which subnet calls, which is called?")
                    .count("flows")
                    .sum("network.bytes", "bytes")
                    .by("subnet_id", 25)
                    .by("flow_direction", 2)
                    .by("event.action", 3),
            ],
            vec![search(
                "records",
                "Flow records",
                "Show me the flows, and the object that each is from",
                &[
                    "event.action",
                    "source.ip",
                    "source.port",
                    "destination.ip",
                    "destination.port",
                    "network.transport",
                    "network.bytes",
                    "interface_id",
                    "cloud.account.id",
                ],
            )],
        ],
    }
}
