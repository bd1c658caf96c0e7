//! The pipeline itself: did everything arrive, how late, and what must be repaired?

use crate::panel::{Dashboard, area, controls, histogram, line, metric, search_by, table};
use crate::pattern::OBJECTS;

pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        slug: "pipeline",
        name: "Pipeline",
        description: "Did every record arrive somewhere, how late is it, who fell silent, what must be repaired and \
                      loaded again? One document an object of the bucket.",
        since: "now-7d",
        pattern: OBJECTS,
        hidden: None,
        rows: vec![
            vec![controls(
                "Narrow to a log, an account, a region, an outcome",
                &[
                    ("log.type", "Log"),
                    ("cloud.account.id", "Account"),
                    ("cloud.region", "Region"),
                    ("object.status", "Outcome"),
                ],
            )],
            vec![
                metric("totals", "Objects and records", "Did everything arrive somewhere?")
                    .count("objects")
                    .sum("records.in", "records in")
                    .sum("records.indexed", "indexed")
                    .sum("records.already_present", "already present")
                    .sum("records.excluded", "excluded")
                    .sum("records.dead_lettered", "dead letters")
                    .wide(32),
                metric("unaccounted", "Records unaccounted for", "Must be 0")
                    .sum("records.unaccounted", "unaccounted")
                    .sum("records.rejected", "rejected"),
            ],
            vec![
                histogram("outcomes", "Objects over time by outcome", "When did it begin to fail?")
                    .count("objects")
                    .over_time()
                    .by("object.status", 10),
                area("records", "Records over time by log", "Which log dropped?")
                    .sum("records.in", "records")
                    .over_time()
                    .by("log.type", 10),
            ],
            vec![
                line("lag", "Lag, event to searchable", "How old is what I see?")
                    .percentiles("lag.event_to_indexed_s", "seconds")
                    .over_time(),
                table("lag-by-source", "Lag by log and account", "Who is late?")
                    .max("lag.event_to_indexed_s", "worst, s")
                    .avg("lag.event_to_indexed_s", "mean, s")
                    .by("log.type", 10)
                    .by("cloud.account.id", 50),
            ],
            vec![
                table("quiet", "Sources, longest quiet first", "Who stopped sending?")
                    .max("event.end", "last event")
                    .count("objects")
                    .distinct("cloud.region", "regions")
                    .by_least("log.type", 10, 0)
                    .by_least("cloud.account.id", 500, 0),
                table("dead-letters", "Dead letters by reason", "What must be repaired and sent again?")
                    .sum("records.dead_lettered", "records")
                    .count("objects")
                    .max("@timestamp", "last")
                    .by("error.type", 25)
                    .by("log.type", 10)
                    .only("records.dead_lettered > 0"),
            ],
            vec![
                table("refused", "Objects not loaded whole", "Which objects, and why?")
                    .max("@timestamp", "last")
                    .last("object.status", "outcome")
                    .last("error.message", "why")
                    .by("object.key", 50)
                    .only(r#"object.status:("failed" or "partial" or "truncated" or "denied" or "gone" or "in_progress")"#),
                table("unknown", "Keys not recognised", "Is there a log that nobody maps?")
                    .count("objects")
                    .max("@timestamp", "last")
                    .by("object.prefix", 25)
                    .only(r#"object.status:"unrecognised""#),
            ],
            vec![
                table("replication", "Replication failures", "Is the copy into this account broken?")
                    .count("objects")
                    .max("@timestamp", "last")
                    .by("object.bucket", 10)
                    .by("replication.reason", 10)
                    .by("cloud.account.id", 50)
                    .only(r#"replication.status:"FAILED""#),
                table("excluded", "Excluded by rule", "What do we choose not to see?")
                    .sum("records.excluded", "records")
                    .count("objects")
                    .by("exclusion.rule", 25)
                    .by("log.type", 10)
                    .only("records.excluded > 0"),
            ],
            vec![
                line("retries", "Bulk retries", "Does the cluster push back?")
                    .sum("bulk.retries", "sent again")
                    .sum("bulk.rejected", "refused")
                    .over_time(),
                line("throughput", "Throughput by log", "How much a log?")
                    .sum("object.bytes_inflated", "bytes")
                    .over_time()
                    .by("log.type", 10),
            ],
            vec![
                table("attempts", "Objects tried most often", "Which object keeps coming back?")
                    .max("attempts", "attempts")
                    .last("object.status", "outcome")
                    .last("error.message", "why")
                    .by("object.key", 25)
                    .only("attempts > 1"),
                table("versions", "Loader versions", "Which version loads?")
                    .count("objects")
                    .max("@timestamp", "last")
                    .by("loader.version", 10),
            ],
            vec![search_by(
                "objects",
                "Ledger",
                "Show me the objects",
                "@timestamp",
                &[
                    "object.status",
                    "log.type",
                    "object.bucket",
                    "object.key",
                    "records.in",
                    "records.indexed",
                    "records.dead_lettered",
                    "lag.event_to_indexed_s",
                    "error.type",
                    "error.message",
                ],
            )],
        ],
    }
}
