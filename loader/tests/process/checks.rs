//! What must hold after, and between, the runs of a schedule.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::json;
use siem_loader::sink::Method;

use crate::kept;
use crate::run::{End, core_is_there};
use crate::schedule::Schedule;
use crate::world::World;

/// Documents that a search gives at most; a schedule has fewer.
const MOST: u64 = 10_000;

/// The ids in the index, and how often each was written.
pub(crate) fn stored(world: &World) -> BTreeMap<String, u64> {
    world.ask(Method::Post, &format!("/{}/_refresh", world.index), None);
    let query = json!({"size": MOST, "_source": false, "version": true, "query": {"match_all": {}}});
    let found = world.ask(Method::Post, &format!("/{}/_search", world.index), Some(query));
    let hits = found["hits"]["hits"].as_array().unwrap();
    assert!((hits.len() as u64) < MOST);
    hits.iter()
        .map(|hit| (hit["_id"].as_str().unwrap().to_owned(), hit["_version"].as_u64().unwrap()))
        .collect()
}

/// Every record that can be loaded is there, once; and nothing else.
pub(crate) fn ids(world: &World) {
    let stored = stored(world);
    let objects = world.objects().clone();
    let (mut must, mut may) = (Vec::new(), Vec::new());
    for object in objects.values() {
        may.extend(object.former.iter().flat_map(|content| &content.good));
        if object.deleted { &mut may } else { &mut must }.extend(&object.content.good);
    }
    let missing: Vec<_> = must.iter().filter(|id| !stored.contains_key(**id)).take(10).collect();
    assert!(missing.is_empty(), "missing: {missing:?} and perhaps more, {} are there", stored.len());
    let all: BTreeSet<_> = must.iter().chain(&may).copied().collect();
    let others: Vec<_> = stored.keys().filter(|id| !all.contains(id)).collect();
    assert!(others.is_empty(), "nobody sent {others:?}");
    let again: Vec<_> = stored.iter().filter(|(_, version)| **version != 1).take(10).collect();
    assert!(again.is_empty(), "written more than once: {again:?}");
    // Nor are they in any other index.
    let query = json!({"query": {"term": {"@log_s3bucket": world.bucket}}});
    let elsewhere = world.ask(Method::Post, &format!("/log-*,-{}/_count", world.index), Some(query));
    assert_eq!(elsewhere["count"], 0, "documents in another index");
}

/// After any run: its figures add up and claim no more than there is, and so does the ledger.
pub(crate) fn after(schedule: &Schedule, world: &World, folder: &Path, end: &End) {
    let stored = stored(world);
    if core_is_there() {
        kept::claims(schedule, world, folder, &stored);
    }
    if end.summary.is_none() {
        return;
    }
    let outcomes =
        ["indexed", "already_present", "excluded", "rejected", "dead_lettered", "discarded", "unsent"];
    let sum: u64 = outcomes.iter().map(|name| end.figure(name)).sum();
    assert_eq!(end.figure("records"), sum, "{end:?}");
    assert_eq!(end.figure("status"), u64::try_from(end.status.unwrap()).unwrap());
    let there = stored.len() as u64;
    assert!(end.figure("indexed") <= there, "{there} are there: {end:?}");
}

/// The last run of a process has done everything.
pub(crate) fn last(schedule: &Schedule, world: &World, inputs: &[String], end: &End) {
    let objects = world.objects().clone();
    if objects.values().any(|object| object.deleted) {
        return;
    }
    let (mut good, mut bad, mut count) = (0, 0, 0);
    for (key, object) in &objects {
        let times = match schedule.one_by_one {
            true => inputs.iter().filter(|input| input.ends_with(key)).count(),
            false => 1,
        };
        good += (object.content.good.len() * times) as u64;
        bad += (object.content.bad.len() * times) as u64;
        count += times as u64;
    }
    let figure = |name| end.figure(name);
    assert_eq!(
        [figure("objects"), figure("records"), figure("indexed") + figure("already_present")],
        [count, good + bad, good],
        "{end:?}"
    );
    assert_eq!([figure("rejected") + figure("dead_lettered"), figure("unsent")], [bad, 0], "{end:?}");
    assert_eq!(end.status, Some(i32::from(bad > 0)), "{end:?}");
}

/// All runs together wrote each document once.
pub(crate) fn sums(schedule: &Schedule, world: &World, ends: &[&End]) {
    let indexed: u64 = ends.iter().filter(|end| end.summary.is_some()).map(|end| end.figure("indexed")).sum();
    let there = stored(world).len() as u64;
    assert!(indexed <= there, "{indexed} indexed in all runs, {there} are there");
    let killed = ends.iter().any(|end| end.status.is_none());
    if !killed && !schedule.hides_success() {
        assert_eq!(indexed, there, "indexed in all runs, and there");
    }
}
