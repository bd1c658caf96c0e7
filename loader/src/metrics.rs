//! Metrics of a run: one table says their names, units, meanings and dimensions, and everything else follows from it.
//!
//! On Lambda they are lines in CloudWatch's embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>),
//! which become metrics without a request of ours; on the command line text for Prometheus
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>). docs/metrics.md shows the table; a test compares
//! them.

use std::{collections::BTreeMap, fmt::Write};

use serde_json::{Map, Value, json};

use crate::{
    pipeline::{ObjectReport, ObjectStatus},
    sink::Sent,
};

/// Namespace of the metrics in CloudWatch.
pub const NAMESPACE: &str = "siem-loader";

/// What tells the values of a metric apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// Nothing: one value a run.
    None,
    /// The log: `log_type`; `unknown` where an object is of none.
    LogType,
    /// What objects came to: `status`.
    Status,
}

impl Dimension {
    /// Name of the dimension.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::LogType => "log_type",
            Self::Status => "status",
        }
    }
}

/// How values of one metric come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Together {
    /// They are added.
    Sum,
    /// The largest counts.
    Largest,
}

/// One metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Name, without the `siem_loader_` that Prometheus sees in front of it.
    pub name: &'static str,
    /// Unit as CloudWatch calls it.
    pub unit: &'static str,
    /// What tells its values apart.
    pub dimension: Dimension,
    /// How values come together.
    pub together: Together,
    /// What it means.
    pub meaning: &'static str,
}

const fn metric(
    name: &'static str,
    unit: &'static str,
    dimension: Dimension,
    meaning: &'static str,
) -> Metric {
    Metric { name, unit, dimension, together: Together::Sum, meaning }
}

const fn largest(
    name: &'static str,
    unit: &'static str,
    dimension: Dimension,
    meaning: &'static str,
) -> Metric {
    Metric { name, unit, dimension, together: Together::Largest, meaning }
}

/// All metrics.
#[rustfmt::skip]
pub static METRICS: &[Metric] = {
    use Dimension::{LogType, None, Status};
    &[
        metric("objects", "Count", Status, "objects by what they came to, as `object.status` of the ledger"),
        metric("records", "Count", LogType, "records that were read"),
        metric("indexed", "Count", LogType, "records that were written"),
        metric("already_present", "Count", LogType, "records that were in the index already"),
        metric("excluded", "Count", LogType, "records left out by a rule"),
        metric("dead_lettered", "Count", LogType, "records set aside with a reason; alarm when above 0"),
        metric("rejected", "Count", LogType, "records that no index takes and that are kept nowhere; must be 0"),
        metric("unaccounted", "Count", LogType, "records that are not known to be in the index; they come again with their object"),
        metric("current_written", "Count", LogType, "current states of findings that were written"),
        metric("current_older", "Count", LogType, "current states of findings that were not newer than what is there"),
        metric("bytes_inflated", "Bytes", LogType, "decoded bytes"),
        largest("event_to_indexed", "Seconds", LogType, "age of the newest event of an object when it was searchable: the largest of all objects"),
        largest("object_to_indexed", "Seconds", LogType, "from when an object was written to when its records were searchable: the largest of all objects"),
        metric("bulk_requests", "Count", None, "bulk requests that were answered item by item"),
        metric("bulk_retries", "Count", None, "bulk requests for what had been sent before"),
        metric("bulk_bytes", "Bytes", None, "bytes of bulk bodies, as sent"),
        metric("replication_failed", "Count", None, "objects of which S3 said that they were not replicated"),
    ]
};

/// Values, by metric and dimension.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    values: BTreeMap<(&'static str, String), f64>,
}

impl Metrics {
    /// Adds an object that is done.
    pub fn add(&mut self, report: &ObjectReport) {
        let Some(status) = report.status else { return };
        let log = report.log_type.unwrap_or("unknown");
        self.note("objects", status.as_str(), 1.0);
        let counts = &report.counts;
        for (name, value) in [
            ("records", counts.records),
            ("indexed", counts.indexed),
            ("already_present", counts.already_present),
            ("excluded", counts.excluded),
            ("dead_lettered", counts.dead_lettered),
            ("rejected", counts.rejected),
            ("unaccounted", counts.unsent),
            ("current_written", counts.current_written),
            ("current_older", counts.current_older),
            ("bytes_inflated", counts.bytes_in),
        ] {
            self.note(name, log, value as f64);
        }
        let loaded = matches!(status, ObjectStatus::Loaded | ObjectStatus::Partial | ObjectStatus::Truncated);
        if !loaded || counts.indexed == 0 {
            return;
        }
        let now = chrono::Utc::now();
        if let Some((_, last)) = report.span {
            self.note("event_to_indexed", log, (now.timestamp() - last.seconds) as f64);
        }
        if let Some(written) = report.object.as_ref().and_then(|object| object.modified) {
            let age = now - chrono::DateTime::<chrono::Utc>::from(written);
            self.note("object_to_indexed", log, age.num_seconds() as f64);
        }
    }

    /// Adds what was sent.
    pub fn sent(&mut self, sent: &Sent) {
        self.note("bulk_requests", "", sent.requests as f64);
        self.note("bulk_retries", "", sent.retries as f64);
        self.note("bulk_bytes", "", sent.bytes as f64);
    }

    /// Adds to a metric of the table; other names are left out.
    pub fn note(&mut self, name: &str, dimension: &str, value: f64) {
        let Some(metric) = METRICS.iter().find(|metric| metric.name == name) else { return };
        let before = self.values.entry((metric.name, dimension.to_owned())).or_insert(0.0);
        *before = match metric.together {
            Together::Sum => *before + value,
            Together::Largest => before.max(value),
        };
    }

    /// Text for Prometheus.
    #[must_use]
    pub fn prometheus(&self) -> String {
        let mut text = String::new();
        for metric in METRICS {
            let (name, unit) = prometheus_name(metric);
            let kind = match metric.together {
                Together::Sum => "counter",
                Together::Largest => "gauge",
            };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "# HELP {name}{unit} {}", metric.meaning);
            let _ = writeln!(text, "# TYPE {name}{unit} {kind}");
            for (dimension, value) in self.of(metric) {
                let _ = match metric.dimension {
                    Dimension::None => writeln!(text, "{name}{unit} {value}"),
                    other => writeln!(text, "{name}{unit}{{{}=\"{dimension}\"}} {value}", other.as_str()),
                };
            }
        }
        text
    }

    /// Lines in CloudWatch's embedded metric format, one for each value of a dimension. `timestamp` in milliseconds
    /// since 1970; `properties` stand beside the metrics, to find a line by.
    #[must_use]
    pub fn emf(&self, timestamp: i64, properties: &Map<String, Value>) -> Vec<String> {
        let mut groups: BTreeMap<(&str, &str), Vec<(&Metric, f64)>> = BTreeMap::new();
        for metric in METRICS {
            for (dimension, value) in self.of(metric) {
                groups.entry((metric.dimension.as_str(), dimension)).or_default().push((metric, value));
            }
        }
        let line = |((name, dimension), metrics): ((&str, &str), Vec<(&Metric, f64)>)| {
            let mut line = properties.clone();
            let declared: Vec<_> =
                metrics.iter().map(|(metric, _)| json!({"Name": metric.name, "Unit": metric.unit})).collect();
            let dimensions = if name.is_empty() { json!([[]]) } else { json!([[name]]) };
            let directive = json!({"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": declared});
            let aws = json!({"Timestamp": timestamp, "CloudWatchMetrics": [directive]});
            line.insert("_aws".to_owned(), aws);
            if !name.is_empty() {
                line.insert(name.to_owned(), dimension.into());
            }
            for (metric, value) in metrics {
                line.insert(metric.name.to_owned(), value.into());
            }
            Value::Object(line).to_string()
        };
        groups.into_iter().map(line).collect()
    }

    fn of<'a>(&'a self, metric: &'static Metric) -> impl Iterator<Item = (&'a str, f64)> {
        let of_this = move |((name, _), _): &(&(&'static str, String), &f64)| *name == metric.name;
        self.values.iter().filter(of_this).map(|((_, dimension), value)| (dimension.as_str(), *value))
    }
}

/// Name and ending as Prometheus has them: counters end in `_total`, units stand in the name.
fn prometheus_name(metric: &Metric) -> (String, &'static str) {
    let ending = match (metric.together, metric.unit) {
        (Together::Sum, "Bytes") if !metric.name.starts_with("bytes") => "_bytes_total",
        (Together::Sum, _) => "_total",
        (Together::Largest, _) => "_seconds",
    };
    (format!("siem_loader_{}", metric.name.trim_end_matches("_bytes")), ending)
}

impl Metric {
    /// The metric as a line of a table in Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let (name, ending) = prometheus_name(self);
        let dimension = match self.dimension {
            Dimension::None => "none".to_owned(),
            other => format!("`{}`", other.as_str()),
        };
        format!("| `{}` | `{name}{ending}` | {} | {dimension} | {} |", self.name, self.unit, self.meaning)
    }
}
