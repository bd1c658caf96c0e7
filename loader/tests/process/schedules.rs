//! Runs schedules side by side.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::checks;
use crate::program::scratch;
use crate::proxy::{Act, Behind, Plan, Proxy};
use crate::rules::Fault;
use crate::run::{End, Processes, Setting};
use crate::s3_support::server;
use crate::schedule::Schedule;
use crate::support::opensearch_url;
use crate::world::World;

/// Schedules where nobody asks for another number.
const SEEDS: u64 = 60;

/// Schedules under way at the same time. Most of their time is pauses.
const AT_ONCE: usize = 6;

/// Runs one schedule, and checks everything; returns the faults that were met.
fn check(schedule: &Schedule, month: usize) -> BTreeMap<Fault, u32> {
    let world = Arc::new(World::make(schedule, month, opensearch_url()));
    let processes = Arc::new(Processes::default());
    let act = {
        let (world, processes) = (Arc::clone(&world), Arc::clone(&processes));
        move |act| match act {
            Act::Kill => processes.kill_one(),
            Act::Replace(path) => world.replace(&path),
            Act::Delete(path) => world.delete(&path),
            Act::Restart { .. } => panic!("this node is shared"),
        }
    };
    let Schedule { seed, largest, .. } = *schedule;
    let plan = Plan { rules: &schedule.opensearch, seed, largest };
    let opensearch = Proxy::start(Behind::OpenSearch, &world.node(), plan, act.clone());
    let plan = Plan { rules: &schedule.s3, seed, largest: None };
    let s3 = Proxy::start(Behind::S3, &server().endpoint, plan, act);
    let setting = Setting {
        schedule,
        inputs: world.inputs(schedule),
        opensearch: opensearch.url(),
        s3: server().at(s3.address),
        bucket: world.bucket.clone(),
        folder: scratch(),
    };
    let process = || {
        let mut ends: Vec<End> = Vec::new();
        let most = (schedule.kills() + schedule.failures + 1) as usize;
        while ends.last().is_none_or(|end| !matches!(end.status, Some(0 | 1))) {
            assert!(ends.len() < most, "not done after {most} runs: {ends:#?}");
            let end = setting.run(&processes, ends.len());
            opensearch.wait_until_quiet();
            checks::figures(&world, &end);
            ends.push(end);
        }
        ends
    };
    let ends: Vec<Vec<End>> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..schedule.processes).map(|_| scope.spawn(process)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    checks::ids(&world);
    for ends in &ends {
        checks::last(schedule, &world, &setting.inputs, ends.last().unwrap());
    }
    checks::sums(schedule, &world, &ends.iter().flatten().collect::<Vec<_>>());
    let mut met = opensearch.seen().faults;
    for (fault, count) in s3.seen().faults {
        *met.entry(fault).or_default() += count;
    }
    met
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[test]
fn every_record_has_its_fate_once_whatever_happens_to_the_process_and_around_it() {
    let (first, last) = match number("SIEM_LOADER_TEST_SEED") {
        Some(seed) => (seed, seed),
        None => (0, number("SIEM_LOADER_TEST_SEEDS").unwrap_or(SEEDS) - 1),
    };
    let next = AtomicU64::new(first);
    let met = Mutex::new(BTreeMap::<Fault, u32>::new());
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for month in 1..=AT_ONCE {
            let (next, met, failed) = (&next, &met, &failed);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > last {
                        return;
                    }
                    let schedule = Schedule::of(seed);
                    let began = Instant::now();
                    match catch_unwind(AssertUnwindSafe(|| check(&schedule, month))) {
                        Ok(faults) => {
                            println!("seed {seed} {:?} {:?} {faults:?}", schedule.kind, began.elapsed());
                            let mut met = met.lock().unwrap();
                            faults.into_iter().for_each(|(fault, count)| *met.entry(fault).or_default() += count);
                        }
                        Err(_) => {
                            println!("replay with SIEM_LOADER_TEST_SEED={seed}: {schedule:#?}");
                            failed.lock().unwrap().push((seed, schedule.kind));
                        }
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "seeds that failed, each told above: {failed:?}");
    println!("met: {:?}", met.into_inner().unwrap());
}
