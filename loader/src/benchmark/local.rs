//! What is measured without a cluster.

use std::time::{Duration, Instant};

use super::{
    Bench, Error, Set,
    child::Ran,
    corpus,
    job::{Job, Kind},
    machine::Machine,
    report::{Corpus, Curve, ObjectsRow, ScalingRow, SizeRow, Spread, StageRow, WholeRow},
    spread, text_of,
};
use crate::sink::Encoding;

/// Each way to pack.
const PACKINGS: [Encoding; 3] = [Encoding::Identity, Encoding::Gzip, Encoding::Zstd];

/// Decoded bytes of objects: from 1 KB, doubled, to 2 GB.
const SIZES: std::ops::RangeInclusive<u32> = 0..=21;

/// Numbers of small objects.
const COUNTS: &[u64] = &[1, 10, 100, 1_000, 10_000, 100_000];

/// Seconds that a small object took where objects were slow: what is expected of the next number before it is tried.
const SLOW_OBJECT: f64 = 0.000_3;

/// Highest memory of runs.
fn peak(ran: &[Ran]) -> u64 {
    ran.iter().map(|ran| ran.outcome.peak_bytes).max().unwrap_or(0)
}

fn per_second(figure: f64, ran: &Ran) -> f64 {
    figure / ran.outcome.seconds
}

pub(super) fn mb_per_second(ran: &[Ran]) -> Option<Spread> {
    spread(ran, |ran| per_second(ran.outcome.gb() * 1e3, ran))
}

pub(super) fn cpu_per_gb(ran: &[Ran]) -> Option<Spread> {
    spread(ran, |ran| ran.outcome.cpu_seconds / ran.outcome.gb())
}

/// The memory of one run as a curve.
pub(super) fn curve(name: String, ran: &[Ran]) -> Option<Curve> {
    let points = ran.last()?.memory.clone();
    (points.len() > 1).then_some(Curve { name, points })
}

impl Bench<'_> {
    pub(super) fn stages(&mut self, until: Instant) -> Result<(), Error> {
        (self.told)("stages");
        let jobs: Vec<Job> =
            self.sets.iter().map(|set| set.job(1, Encoding::Identity, Kind::Stages)).collect();
        let all = self.rounds(&jobs, until)?;
        for (set, ran) in self.sets.clone().iter().zip(all) {
            self.check(&format!("stages, {}", set.log), &ran);
            let of = |seconds: fn(&Ran) -> f64| spread(&ran, |ran| seconds(ran) / ran.outcome.gb());
            let row = || {
                Some(StageRow {
                    log: set.log.clone(),
                    inflate: of(|ran| ran.outcome.stages.inflate)?,
                    cut: of(|ran| ran.outcome.stages.cut)?,
                    render: of(|ran| ran.outcome.stages.render)?,
                    gzip: of(|ran| ran.outcome.stages.gzip)?,
                    zstd: of(|ran| ran.outcome.stages.zstd)?,
                })
            };
            match row() {
                Some(row) => self.report.stages.push(row),
                None => self.left_out(&format!("stages, {}", set.log)),
            }
        }
        Ok(())
    }

    pub(super) fn whole(&mut self, until: Instant) -> Result<(), Error> {
        (self.told)("whole, without a cluster");
        let mut threads = vec![1, self.plan.threads];
        threads.dedup();
        let ways = threads.iter().flat_map(|&threads| PACKINGS.map(|encoding| (threads, encoding)));
        let runs: Vec<(Set, usize, Encoding)> = ways
            .flat_map(|(threads, encoding)| self.sets.iter().map(move |set| (set.clone(), threads, encoding)))
            .collect();
        let jobs: Vec<Job> =
            runs.iter().map(|(set, threads, encoding)| set.job(*threads, *encoding, Kind::Discard)).collect();
        let all = self.rounds(&jobs, until)?;
        for ((set, threads, encoding), ran) in runs.into_iter().zip(all) {
            let what = format!("whole, {}, {} threads, packing {}", set.log, threads, encoding.name());
            self.check(&what, &ran);
            match whole_row(&set, threads, encoding, &ran) {
                Some(row) => self.report.whole.push(row),
                None => self.left_out(&what),
            }
            if let Some(Ran { outcome, .. }) = ran.first()
                && self.report.corpora.iter().all(|corpus| corpus.log != set.log)
            {
                self.report.corpora.push(Corpus {
                    log: set.log,
                    made: false,
                    objects: outcome.objects,
                    records: outcome.counts.records,
                    decoded_bytes: outcome.counts.bytes_in,
                    stored_bytes: 0,
                });
            }
        }
        Ok(())
    }

    /// One object of CloudTrail; with gzip, which is where most of the work is.
    pub(super) fn scaling(&mut self, until: Instant) -> Result<(), Error> {
        (self.told)("scaling over cores");
        let size = (self.plan.seconds * 1_100_000).clamp(4_000_000, 256_000_000);
        let path = corpus::write_object(&self.plan.folder.join("large"), self.plan.seed, size);
        let path = path.map_err(Error::io("make objects"))?;
        let steps = Machine::steps(self.plan.threads);
        let job = |threads: &usize| self.object_job(text_of(&path), *threads, Encoding::Gzip);
        let jobs: Vec<Job> = steps.iter().map(job).collect();
        let all = self.rounds(&jobs, until)?;
        let mut one = None;
        for (threads, ran) in steps.into_iter().zip(all) {
            let what = format!("scaling, {threads} threads");
            self.check(&what, &ran);
            let Some(mb_per_second) = mb_per_second(&ran) else {
                self.left_out(&what);
                continue;
            };
            let one = *one.get_or_insert(mb_per_second.median);
            let decoded_bytes = ran.first().map_or(0, |ran| ran.outcome.counts.bytes_in);
            let speedup = mb_per_second.median / one;
            self.report.scaling.push(ScalingRow { threads, decoded_bytes, mb_per_second, speedup });
        }
        Ok(())
    }

    pub(super) fn sizes(&mut self, until: Instant) -> Result<(), Error> {
        (self.told)("sizes of objects");
        let (mut jobs, mut named) = (Vec::new(), Vec::new());
        // What is known of speed when a size is thought of: the slowest seen.
        let mut seconds_per_byte = 1.0 / 100e6;
        for doubled in SIZES {
            let size = 1000_u64 << doubled;
            // Making and loading it, each about twice: an object is loaded again as time allows.
            let expected = Duration::from_secs_f64(2.0 * size as f64 * seconds_per_byte);
            if Instant::now() + expected > until && doubled > 0 {
                self.left_out(&format!("objects of {} MB and more", size as f64 / 1e6));
                break;
            }
            let path = corpus::write_object(&self.plan.folder.join("sizes"), self.plan.seed, size);
            let path = path.map_err(Error::io("make objects"))?;
            let job = self.object_job(text_of(&path), self.plan.threads, Encoding::Identity);
            let began = Instant::now();
            let ran = self.runner.run(&job)?;
            if size > 16_000_000 {
                seconds_per_byte = began.elapsed().as_secs_f64() / size as f64;
            }
            jobs.push(job);
            named.push((size, vec![ran]));
        }
        let more = self.rounds_while_time(&jobs, until)?;
        for ((size, mut ran), more) in named.into_iter().zip(more) {
            ran.extend(more);
            self.check(&format!("objects of {size} bytes"), &ran);
            let row = || {
                Some(SizeRow {
                    decoded_bytes: ran.first()?.outcome.counts.bytes_in,
                    seconds: spread(&ran, |ran| ran.outcome.seconds)?,
                    mb_per_second: mb_per_second(&ran)?,
                    cpu_seconds_per_gb: cpu_per_gb(&ran)?,
                    peak_memory_bytes: peak(&ran),
                })
            };
            self.report.sizes.extend(row());
            // The largest that was reached is the one to look at.
            if let Some(curve) = curve(format!("one object of {} MB decoded", size as f64 / 1e6), &ran) {
                self.report.memory.clear();
                self.report.memory.push(curve);
            }
        }
        Ok(())
    }

    pub(super) fn objects(&mut self, until: Instant) -> Result<(), Error> {
        (self.told)("many small objects");
        let (mut jobs, mut named) = (Vec::new(), Vec::new());
        for &count in COUNTS {
            let expected = Duration::from_secs_f64(2.0 * count as f64 * SLOW_OBJECT);
            if count > 1 && Instant::now() + expected > until {
                self.left_out(&format!("{count} small objects and more"));
                break;
            }
            let root = self.plan.folder.join("small").join(count.to_string());
            corpus::write_small(&root, self.plan.seed, count).map_err(Error::io("make objects"))?;
            let job = self.object_job(text_of(&root), self.plan.threads, Encoding::Identity);
            let job = Job { root: Some(root.clone()), ..job };
            named.push((count, vec![self.runner.run(&job)?]));
            jobs.push(job);
        }
        let more = self.rounds_while_time(&jobs, until)?;
        let mut one = None;
        for ((count, mut ran), more) in named.into_iter().zip(more) {
            ran.extend(more);
            self.check(&format!("{count} small objects"), &ran);
            let cpu = spread(&ran, |ran| ran.outcome.cpu_seconds);
            let alone = *one.get_or_insert(cpu.map_or(0.0, |cpu| cpu.median));
            let each = |ran: &Ran| (ran.outcome.cpu_seconds - alone) / (count - 1) as f64 * 1e6;
            let row = || {
                Some(ObjectsRow {
                    objects: ran.first()?.outcome.objects,
                    seconds: spread(&ran, |ran| ran.outcome.seconds)?,
                    objects_per_second: spread(&ran, |ran| per_second(count as f64, ran))?,
                    cpu_us_per_object: if count > 1 { spread(&ran, each) } else { None },
                    peak_memory_bytes: peak(&ran),
                })
            };
            self.report.objects.extend(row());
        }
        Ok(())
    }

    fn object_job(&self, path: String, threads: usize, encoding: Encoding) -> Job {
        Job { paths: vec![path], root: None, take: None, threads, encoding, kind: Kind::Discard }
    }

    /// [`Self::rounds`] of jobs that ran once.
    fn rounds_while_time(&mut self, jobs: &[Job], until: Instant) -> Result<Vec<Vec<Ran>>, Error> {
        if Instant::now() >= until {
            return Ok(jobs.iter().map(|_| Vec::new()).collect());
        }
        self.rounds(jobs, until)
    }

    pub(super) fn left_out(&mut self, what: &str) {
        self.left_out.push(what.to_owned());
    }
}

fn whole_row(set: &Set, threads: usize, encoding: Encoding, ran: &[Ran]) -> Option<WholeRow> {
    let outcome = &ran.first()?.outcome;
    Some(WholeRow {
        log: set.log.clone(),
        packing: encoding.name(),
        threads,
        mb_per_second: mb_per_second(ran)?,
        documents_per_second: spread(ran, |ran| per_second(ran.outcome.documents() as f64, ran))?,
        cpu_seconds_per_gb: cpu_per_gb(ran)?,
        peak_memory_bytes: peak(ran),
        out_per_in: outcome.out_bytes as f64 / outcome.counts.bytes_in as f64,
        objects: outcome.objects,
        records: outcome.counts.records,
        documents: outcome.documents(),
    })
}
