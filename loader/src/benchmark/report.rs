//! What was measured: the shape of `--output json`, and what the table and the page are made of. docs/benchmark.md
//! explains each figure; fields may be added, none changes its meaning without another [`SCHEMA`].

use serde::Serialize;

use super::{
    cost::{LambdaRow, Prices},
    job::Latency,
    machine::Machine,
};

/// Version of the shape.
pub(crate) const SCHEMA: u32 = 1;

/// Figures of repeated runs. Medians, since single runs are off upwards only: somebody else was at work.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// How many.
    pub(crate) runs: usize,
}

impl Spread {
    /// Of any figures; none of none.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = figures.into_iter().filter(|figure| figure.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let at = |place: usize| sorted.get(place).copied();
        let runs = sorted.len();
        let median = (at(runs.checked_sub(1)? / 2)? + at(runs / 2)?) / 2.0;
        Some(Self { median, min: at(0)?, max: at(runs - 1)?, runs })
    }
}

/// Everything.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) schema: u32,
    pub(crate) version: &'static str,
    /// When it began, RFC 3339.
    pub(crate) began: String,
    pub(crate) seconds: f64,
    /// Exit status.
    pub(crate) status: u8,
    pub(crate) machine: Machine,
    pub(crate) corpora: Vec<Corpus>,
    /// Inflating the corpus and nothing else, CPU-seconds per GB, between the other runs: compare machines by it.
    pub(crate) inflate_yardstick: Option<Spread>,
    pub(crate) stages: Vec<StageRow>,
    pub(crate) whole: Vec<WholeRow>,
    pub(crate) scaling: Vec<ScalingRow>,
    pub(crate) sizes: Vec<SizeRow>,
    pub(crate) objects: Vec<ObjectsRow>,
    pub(crate) memory: Vec<Curve>,
    pub(crate) cluster: Option<ClusterPart>,
    pub(crate) lambda: Vec<LambdaRow>,
    pub(crate) prices: Prices,
    pub(crate) warnings: Vec<String>,
}

/// What was loaded.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Corpus {
    /// Log type, or `given`.
    pub(crate) log: String,
    /// Made here, or given.
    pub(crate) made: bool,
    pub(crate) objects: u64,
    pub(crate) records: u64,
    pub(crate) decoded_bytes: u64,
    /// As stored; 0 where it is not known before it is read.
    pub(crate) stored_bytes: u64,
}

/// What each stage costs on one thread, CPU-seconds per GB.
#[derive(Debug, Serialize)]
pub(crate) struct StageRow {
    pub(crate) log: String,
    pub(crate) inflate: Spread,
    pub(crate) cut: Spread,
    pub(crate) render: Spread,
    pub(crate) gzip: Spread,
    pub(crate) zstd: Spread,
}

/// Everything but sending.
#[derive(Debug, Serialize)]
pub(crate) struct WholeRow {
    pub(crate) log: String,
    /// `none`, `gzip` or `zstd`.
    pub(crate) packing: &'static str,
    pub(crate) threads: usize,
    pub(crate) mb_per_second: Spread,
    pub(crate) documents_per_second: Spread,
    pub(crate) cpu_seconds_per_gb: Spread,
    /// Highest of all runs.
    pub(crate) peak_memory_bytes: u64,
    /// Bytes of bulk bodies for a decoded byte, as they would be sent.
    pub(crate) out_per_in: f64,
    /// Of one run.
    pub(crate) objects: u64,
    pub(crate) records: u64,
    pub(crate) documents: u64,
}

/// One large object on some threads, gzip on.
#[derive(Debug, Serialize)]
pub(crate) struct ScalingRow {
    pub(crate) threads: usize,
    pub(crate) decoded_bytes: u64,
    pub(crate) mb_per_second: Spread,
    /// Of the medians, against one thread.
    pub(crate) speedup: f64,
}

/// One object of a size.
#[derive(Debug, Serialize)]
pub(crate) struct SizeRow {
    pub(crate) decoded_bytes: u64,
    pub(crate) seconds: Spread,
    pub(crate) mb_per_second: Spread,
    pub(crate) cpu_seconds_per_gb: Spread,
    pub(crate) peak_memory_bytes: u64,
}

/// Many objects of 2 KB.
#[derive(Debug, Serialize)]
pub(crate) struct ObjectsRow {
    pub(crate) objects: u64,
    pub(crate) seconds: Spread,
    pub(crate) objects_per_second: Spread,
    /// CPU microseconds an object, without what one object alone costs.
    pub(crate) cpu_us_per_object: Option<Spread>,
    pub(crate) peak_memory_bytes: u64,
}

/// Resident memory of one run over time.
#[derive(Debug, Serialize)]
pub(crate) struct Curve {
    pub(crate) name: String,
    /// Seconds since the start, and bytes.
    pub(crate) points: Vec<(f64, u64)>,
}

/// With a cluster.
#[derive(Debug, Serialize)]
pub(crate) struct ClusterPart {
    /// Its URL, without credentials.
    pub(crate) url: String,
    pub(crate) version: Option<String>,
    pub(crate) distribution: String,
    pub(crate) data_nodes: Option<u64>,
    /// Shards and replicas of an index that was written.
    pub(crate) shards: Option<u64>,
    pub(crate) replicas: Option<u64>,
    /// Templates that were missing and are there now.
    pub(crate) templates_installed: Vec<String>,
    /// As `load` sends: the number of requests found by itself.
    pub(crate) logs: Vec<FeedRow>,
    pub(crate) concurrency: Vec<FeedRow>,
    pub(crate) body_sizes: Vec<FeedRow>,
}

/// Indexing by one way to send.
#[derive(Debug, Serialize)]
pub(crate) struct FeedRow {
    pub(crate) log: String,
    pub(crate) packing: &'static str,
    /// Bulk requests at a time; none: as many as the cluster takes, found while sending.
    pub(crate) requests: Option<usize>,
    /// Bytes at which a body is sent, before packing; none: as `load` does.
    pub(crate) body_bytes: Option<usize>,
    /// Of the bodies that were sent, before packing.
    pub(crate) mean_body_bytes: f64,
    pub(crate) documents_per_second: Spread,
    pub(crate) mb_per_second: Spread,
    /// Percentiles: medians of the runs'; `max`: of all.
    pub(crate) latency: Latency,
    /// Of all runs together, as are the next four.
    pub(crate) documents: u64,
    pub(crate) indexed: u64,
    pub(crate) bulk_requests: u64,
    pub(crate) bulk_retries: u64,
    /// Items that were not taken, for now or for good.
    pub(crate) refused_items: u64,
    pub(crate) loader_cpu_seconds_per_gb: Spread,
    /// `indexing.index_time` of primaries: time of the cluster's write threads.
    pub(crate) index_us_per_document: Option<Spread>,
    /// Of primaries, after a refresh, and a merge to one segment where that was asked for.
    pub(crate) disk_bytes_per_document: Option<Spread>,
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn a_spread_is_median_least_and_most() {
        let spread = Spread::of([3.0, 1.0, 2.0]).unwrap();
        assert_eq!((spread.median, spread.min, spread.max, spread.runs), (2.0, 1.0, 3.0, 3));
        assert_eq!(Spread::of([1.0, 2.0]).unwrap().median, 1.5);
        assert!(Spread::of([f64::NAN]).is_none());
    }
}
