//! What is measured with a cluster: indices of its own, new ones for each run, gone behind it.

use std::time::Instant;

use super::{
    Bench, Error, Section, Set,
    child::Ran,
    cluster::{Estate, Figures},
    job::{Job, Kind, Latency, Sending},
    local::{cpu_per_gb, curve, mb_per_second},
    report::{ClusterPart, FeedRow, Spread},
};

/// Numbers of requests at a time.
const REQUESTS: &[usize] = &[1, 2, 4, 8];

/// Sizes of bodies before packing, bytes.
const BODIES: &[usize] = &[1 << 20, 2 << 20, 4 << 20, 8 << 20, 16 << 20];

/// Requests at a time while sizes of bodies are compared.
const REQUESTS_OF_BODIES: usize = 4;

/// Pieces that make a body of a wanted size: a body ends with a piece, so it is a quarter too large at most.
const PIECES: f64 = 4.0;

/// Bytes of documents, before packing, of a run by which ways to send are compared: two bodies of the largest size, and one
/// of the usual for each of 8 requests.
const COMPARED: f64 = 32e6;

/// Rounds that the time is planned for.
const ROUNDS: f64 = 3.0;

/// What making, refreshing, asking and deleting the indices of a run takes, about. Seconds.
const AROUND: f64 = 0.6;

/// A run's share of the time at least. Seconds.
const SHORTEST: f64 = 0.7;

/// One way to send one log.
#[derive(Debug, Clone)]
struct Way {
    set: Set,
    requests: Option<usize>,
    body: Option<usize>,
    /// Of bodies of a wanted size, see [`PIECES`].
    piece: Option<usize>,
    take: u64,
}

/// A run, and what the cluster says of it.
struct Fed {
    ran: Ran,
    figures: Figures,
}

/// What is known of a log when its runs are planned.
struct Known {
    set: Set,
    /// Seconds that an object takes.
    object: f64,
    /// Bytes of its documents.
    plain: f64,
    /// Bytes of documents for a decoded byte.
    growth: f64,
}

impl Bench<'_> {
    pub(super) fn feed(&mut self, estate: &mut Estate<'_>, mut part: ClusterPart) -> Result<(), Error> {
        (self.told)("indexing into the cluster");
        let until = self.allowance(Section::Cluster);
        let mut known = Vec::new();
        for set in self.sets.clone() {
            if Instant::now() >= until && !known.is_empty() {
                self.left_out(&format!("cluster, {}", set.log));
                continue;
            }
            let way = Way { set: set.clone(), requests: None, body: None, piece: None, take: 1 };
            // The first of all warms the node up, and is not told.
            let first = self.fed(estate, &way, &mut part)?;
            self.check(&format!("cluster, {}", set.log), std::slice::from_ref(&first.ran));
            if self.report.status == 2 {
                self.report.cluster = Some(part);
                return Ok(());
            }
            let outcome = &first.ran.outcome;
            let growth = outcome.plain_bytes as f64 / outcome.counts.bytes_in.max(1) as f64;
            let plain = outcome.plain_bytes.max(1) as f64;
            known.push(Known { set, object: outcome.seconds, plain, growth });
        }
        let ways = self.ways(&known, until);
        let mut all: Vec<Vec<Fed>> = ways.iter().map(|_| Vec::new()).collect();
        'rounds: for round in 0..super::MOST_ROUNDS {
            for (place, (way, fed)) in ways.iter().zip(&mut all).enumerate() {
                let first = round == 0 && place == 0;
                if Instant::now() >= until && !first {
                    break 'rounds;
                }
                fed.push(self.fed(estate, way, &mut part)?);
            }
        }
        for (way, fed) in ways.iter().zip(all) {
            self.row(way, fed, &mut part);
        }
        self.report.cluster = Some(part);
        Ok(())
    }

    /// All ways in the order of what one wants to know first, with so many objects that the time is enough.
    fn ways(&self, known: &[Known], until: Instant) -> Vec<Way> {
        let left = until.saturating_duration_since(Instant::now()).as_secs_f64();
        let count = known.len() + REQUESTS.len() + BODIES.len();
        let each = (left / (count as f64 * ROUNDS) - AROUND).max(SHORTEST);
        let way = |known: &Known| {
            let take = (each / known.object.max(0.001)).clamp(1.0, 1e9) as u64;
            Way { set: known.set.clone(), requests: None, body: None, piece: None, take }
        };
        let mut ways: Vec<Way> = known.iter().map(way).collect();
        let Some(first) = known.first() else { return ways };
        let compared = || {
            let way = way(first);
            let take = way.take.max((COMPARED / first.plain).ceil() as u64);
            Way { take, ..way }
        };
        ways.extend(REQUESTS.iter().map(|&requests| Way { requests: Some(requests), ..compared() }));
        ways.extend(BODIES.iter().map(|&body| {
            let piece = body as f64 / PIECES / first.growth.max(0.1);
            Way {
                requests: Some(REQUESTS_OF_BODIES),
                body: Some(body),
                piece: Some(piece as usize),
                ..compared()
            }
        }));
        ways
    }

    fn fed(&self, estate: &mut Estate<'_>, way: &Way, part: &mut ClusterPart) -> Result<Fed, Error> {
        let mark = estate.next_mark();
        if way.set.states {
            estate.make_states(&mark)?;
        }
        let Way { requests, body, piece, take, .. } = *way;
        let sending = Sending { mark: mark.clone(), requests, body, piece };
        let job = Job {
            take: Some(take),
            ..way.set.job(self.plan.threads, self.plan.encoding, Kind::Send(sending))
        };
        let ran = self.runner.run(&job)?;
        let figures = estate.figures(&mark, self.plan.force_merge)?;
        if let Some((shards, replicas)) = estate.layout(&mark) {
            (part.shards, part.replicas) = (Some(shards), Some(replicas));
        }
        estate.delete()?;
        Ok(Fed { ran, figures })
    }

    fn row(&mut self, way: &Way, fed: Vec<Fed>, part: &mut ClusterPart) {
        let asked = way.requests.map_or_else(|| "as load sends".to_owned(), |n| format!("{n} requests"));
        let body = way.body.map_or_else(String::new, |body| format!(", bodies of {} MiB", body >> 20));
        let what = format!("cluster, {}, {asked}{body}", way.set.log);
        let (ran, figures): (Vec<Ran>, Vec<Figures>) =
            fed.into_iter().map(|fed| (fed.ran, fed.figures)).unzip();
        self.check(&what, &ran);
        let sum = |figure: fn(&Ran) -> u64| ran.iter().map(figure).sum::<u64>();
        let indexed = sum(|ran| ran.outcome.counts.indexed);
        let there: u64 = figures.iter().map(|figures| figures.documents).sum();
        if indexed != there {
            self.report.status = 2;
            self.warn(format!("{what}: {indexed} records were indexed, {there} are there"));
        }
        // With findings, what their current states cost is in it: they are written beside each record.
        let each = |figure: fn(&Figures) -> f64| {
            Spread::of(figures.iter().map(|figures| figure(figures) / figures.documents as f64))
        };
        let latency = |figure: fn(&Latency) -> f64| {
            Spread::of(ran.iter().map(|ran| figure(&ran.outcome.latency))).map_or(0.0, |spread| spread.median)
        };
        let slowest = ran.iter().map(|ran| ran.outcome.latency.max_ms).fold(0.0, f64::max);
        let requests = sum(|ran| ran.outcome.bulk_requests);
        let row = || {
            Some(FeedRow {
                log: way.set.log.clone(),
                packing: self.plan.encoding.name(),
                requests: way.requests,
                body_bytes: way.body,
                mean_body_bytes: sum(|ran| ran.outcome.plain_bytes) as f64 / requests.max(1) as f64,
                documents_per_second: super::spread(&ran, |ran| {
                    ran.outcome.counts.indexed as f64 / ran.outcome.seconds
                })?,
                mb_per_second: mb_per_second(&ran)?,
                latency: Latency {
                    p50_ms: latency(|latency| latency.p50_ms),
                    p90_ms: latency(|latency| latency.p90_ms),
                    p99_ms: latency(|latency| latency.p99_ms),
                    max_ms: slowest,
                },
                documents: sum(|ran| ran.outcome.documents()),
                indexed,
                bulk_requests: requests,
                bulk_retries: sum(|ran| ran.outcome.bulk_retries),
                refused_items: sum(|ran| ran.outcome.refused_items),
                loader_cpu_seconds_per_gb: cpu_per_gb(&ran)?,
                index_us_per_document: each(|figures| figures.index_millis as f64 * 1e3),
                disk_bytes_per_document: each(|figures| figures.disk_bytes as f64),
            })
        };
        let Some(row) = row() else { return self.left_out(&what) };
        if way.requests.is_none()
            && let Some(curve) = curve(format!("indexing {}, {} documents", row.log, row.documents), &ran)
        {
            self.report.memory.push(curve);
        }
        match (way.requests, way.body) {
            (None, _) => part.logs.push(row),
            (Some(_), None) => part.concurrency.push(row),
            (Some(_), Some(_)) => part.body_sizes.push(row),
        }
    }
}
