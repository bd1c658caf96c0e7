//! Runs schedules side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::node::Node;
use crate::program::scratch;
use crate::proxy::{Act, Behind, Met, Plan, Proxy};
use crate::rules::{FAULTS, Fault};
use crate::run::{End, Processes, Setting, core_is_there};
use crate::s3_support::server;
use crate::schedule::{DeadLetters, Kind, Schedule};
use crate::support::opensearch_url;
use crate::world::World;
use crate::{checks, kept};

/// Schedules where nobody asks for another number.
const SEEDS: u64 = 60;

/// Of these, how many come with a restart of the node.
const RESTARTS: u64 = 3;

/// Schedules under way at the same time. Most of their time is pauses.
const AT_ONCE: usize = 6;

/// The month of the schedules that have a node of their own.
const RESTART_MONTH: usize = 12;

/// Runs one schedule, and checks everything; returns the faults that were met.
fn check(schedule: &Schedule, month: usize, node: Option<&Node>) -> Met {
    let url = match node {
        Some(node) => Arc::clone(&node.url),
        None => Arc::new(Mutex::new(opensearch_url().to_owned())),
    };
    let world = Arc::new(World::make(schedule, month, Arc::clone(&url)));
    let processes = Arc::new(Processes::default());
    let act = {
        let (world, processes, node) = (Arc::clone(&world), Arc::clone(&processes), node.cloned());
        move |act| match (act, &node) {
            (Act::Kill, _) => processes.kill_one(),
            (Act::Replace(path), _) => world.replace(&path),
            (Act::Delete(path), _) => world.delete(&path),
            (Act::Restart { kill }, Some(node)) => node.restart(kill),
            (Act::Restart { .. }, None) => panic!("this node is shared"),
        }
    };
    let Schedule { seed, largest, .. } = *schedule;
    let plan = Plan { rules: &schedule.opensearch, seed, largest };
    let opensearch = Proxy::start(Behind::OpenSearch, url, plan, act.clone());
    let plan = Plan { rules: &schedule.s3, seed, largest: None };
    let s3 = Proxy::start(Behind::S3, Arc::new(Mutex::new(server().endpoint.clone())), plan, act);
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
            if let Some(node) = node {
                node.wait_until_up();
            }
            opensearch.wait_until_quiet();
            s3.wait_until_quiet();
            checks::after(schedule, &world, &setting.folder, &end);
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
    if core_is_there() {
        kept::complete(schedule, &world, &setting.folder);
        let stored_at_first = matches!(schedule.dead_letters, DeadLetters::Folder | DeadLetters::Bucket);
        if !stored_at_first && world.objects().values().any(|object| !object.content.bad.is_empty()) {
            assert_eq!(ends[0][0].status, Some(2), "dead letters could not be stored: {ends:#?}");
        }
    }
    let mut met = opensearch.met();
    for (fault, count) in s3.met() {
        *met.entry(fault).or_default() += count;
    }
    std::fs::remove_dir_all(&setting.folder).unwrap();
    world.remove_indices();
    met
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// The seeds to run: one that is asked for, as many as are asked for, or `usual`.
fn seeds(usual: u64, share: u64) -> std::ops::RangeInclusive<u64> {
    if let Some(seed) = number("SIEM_LOADER_TEST_SEED") {
        return seed..=seed;
    }
    let count = number("SIEM_LOADER_TEST_SEEDS").map_or(usual, |count| count / share);
    0..=count.max(1) - 1
}

/// Runs schedules, so many at once; fails with all that failed.
fn run(
    seeds: std::ops::RangeInclusive<u64>,
    months: &[usize],
    schedule: impl Fn(u64) -> Schedule + Sync,
    node: Option<&Node>,
) -> Met {
    let next = AtomicU64::new(*seeds.start());
    let (met, failed) = (Mutex::new(BTreeMap::new()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for &month in months {
            let (next, met, failed, seeds, schedule) = (&next, &met, &failed, &seeds, &schedule);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        return;
                    }
                    let (schedule, began) = (schedule(seed), Instant::now());
                    match catch_unwind(AssertUnwindSafe(|| check(&schedule, month, node))) {
                        Ok(faults) => {
                            println!("seed {seed} {:?} {:?} {faults:?}", schedule.kind, began.elapsed());
                            let mut met = met.lock().unwrap();
                            for (fault, count) in faults {
                                *met.entry(fault).or_default() += count;
                            }
                        }
                        Err(_) => {
                            println!("replay it with SIEM_LOADER_TEST_SEED={seed}: {schedule:#?}");
                            failed.lock().unwrap().push((seed, schedule.kind));
                        }
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "seeds that failed, each told above: {failed:?}");
    met.into_inner().unwrap()
}

#[test]
fn every_record_has_its_fate_once_whatever_happens_to_the_process_and_around_it() {
    let months: Vec<usize> = (1..=AT_ONCE).collect();
    let seeds = seeds(SEEDS, 1);
    let all = *seeds.start() == 0 && *seeds.end() >= SEEDS - 1;
    let met = run(seeds, &months, Schedule::of, None);
    println!("faults met: {met:?}");
    let names: BTreeSet<String> = met.keys().map(Fault::name).collect();
    let missing: Vec<_> = FAULTS.iter().filter(|name| !names.contains(**name)).collect();
    assert!(!all || !core_is_there() || missing.is_empty(), "never met: {missing:?}");
}

#[test]
fn every_record_has_its_fate_once_when_the_node_is_restarted_meanwhile() {
    let node = Node::start();
    let schedule = |seed| Schedule::of_kind(seed, Kind::Restarted);
    let met = run(seeds(RESTARTS, SEEDS / RESTARTS), &[RESTART_MONTH], schedule, Some(&node));
    node.stop();
    println!("faults met: {met:?}");
}
