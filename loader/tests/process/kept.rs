//! What the program keeps beside the documents, the ledger and the dead letters: it claims nothing that is not so.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};
use siem_loader::sink::Method;

use crate::s3_support::{client, runtime};
use crate::schedule::{DeadLetters, Schedule};
use crate::world::{Content, World};

/// Where the dead letters of a schedule go in its bucket.
pub(crate) const PREFIX: &str = "dead-letters/";

/// Where they go in its folder.
pub(crate) const FOLDER: &str = "dead-letters";

/// Dead letters by object, then place of the record. Those of whole objects have none.
type Letters = BTreeMap<String, BTreeSet<u64>>;

/// The ledger's documents of the objects of a schedule, by key.
fn ledger(world: &World) -> BTreeMap<String, Value> {
    // With a pattern, an index that is not there is no error.
    let index = format!("{}*", world.ledger_index());
    world.ask(Method::Post, &format!("/{index}/_refresh"), None);
    let search = json!({"size": 1000, "query": {"match_all": {}}});
    let found = world.ask(Method::Post, &format!("/{index}/_search"), Some(search));
    let sources = found["hits"]["hits"].as_array().unwrap().iter().map(|hit| &hit["_source"]);
    let mine = sources.filter(|source| source["object"]["bucket"] == world.bucket);
    mine.map(|source| (source["object"]["key"].as_str().unwrap().to_owned(), source.clone())).collect()
}

/// All dead letters that are stored.
fn letters(schedule: &Schedule, world: &World, folder: &Path) -> Letters {
    let mut letters = Letters::new();
    for packed in match schedule.dead_letters {
        DeadLetters::Bucket | DeadLetters::DeniedBucket => in_bucket(world),
        DeadLetters::Folder | DeadLetters::NoFolder | DeadLetters::FullDisk => {
            let mut files = Vec::new();
            in_folder(&folder.join(FOLDER), &mut files);
            files
        }
    } {
        let mut text = String::new();
        MultiGzDecoder::new(packed.as_slice())
            .read_to_string(&mut text)
            .expect("a whole file of dead letters");
        for line in text.lines() {
            let letter: Value = serde_json::from_str(line).expect("a dead letter is JSON");
            assert_eq!(letter["object"]["bucket"], world.bucket, "{letter}");
            let of_object = letters.entry(letter["object"]["key"].as_str().unwrap().to_owned()).or_default();
            if letter["kind"] != "object" {
                of_object
                    .insert(letter["ordinal"].as_u64().unwrap_or_else(|| panic!("no ordinal: {letter}")));
            }
        }
    }
    letters
}

fn in_folder(folder: &Path, files: &mut Vec<Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            in_folder(&entry.path(), files);
        } else if entry.file_name().to_string_lossy().ends_with(".ndjson.gz") {
            files.push(std::fs::read(entry.path()).unwrap());
        }
    }
}

fn in_bucket(world: &World) -> Vec<Vec<u8>> {
    runtime().block_on(async {
        let list = client().list_objects_v2().bucket(&world.bucket).prefix(PREFIX).send().await.unwrap();
        let mut files = Vec::new();
        for object in list.contents() {
            let get =
                client().get_object().bucket(&world.bucket).key(object.key().unwrap()).send().await.unwrap();
            files.push(get.body.collect().await.unwrap().to_vec());
        }
        files
    })
}

/// Where a record stands in its object, by its id.
fn place(id: &str) -> u64 {
    id.rsplit('-').next().unwrap().parse().unwrap()
}

/// At any time: what the ledger says of an object is so, though it may not say all.
pub(crate) fn claims(schedule: &Schedule, world: &World, folder: &Path, stored: &BTreeMap<String, u64>) {
    let letters = letters(schedule, world, folder);
    let none = BTreeSet::new();
    for (key, entry) in ledger(world) {
        let figure =
            |name: &str| entry["records"][name].as_u64().unwrap_or_else(|| panic!("{name}: {entry}"));
        let ends = ["indexed", "already_present", "excluded", "dead_lettered", "rejected", "unaccounted"];
        assert_eq!(figure("in"), ends.iter().map(|name| figure(name)).sum::<u64>(), "{entry}");
        let object = world.objects()[&key].clone();
        let of_object = letters.get(&key).unwrap_or(&none);
        let missing = |content: &Content, until: u64| {
            let good = content.good.iter().filter(|id| place(id) < until && !stored.contains_key(*id));
            let bad = content.bad.iter().filter(|place| **place < until && !of_object.contains(place));
            (good.map(|id| place(id)).collect::<Vec<_>>(), bad.copied().collect::<Vec<_>>())
        };
        let claimed = match entry["object"]["status"].as_str().unwrap() {
            "loaded" => u64::MAX,
            // All that were read; where the object went away meanwhile, the last of them may be half of one.
            "partial" | "truncated" | "gone" => figure("in").saturating_sub(u64::from(object.deleted)),
            // Records from the beginning of the object that are through.
            _ => entry["progress"]["counts"]["records"].as_u64().unwrap_or(0),
        };
        if claimed > 0 && entry["progress"].is_null() {
            assert_eq!((figure("unaccounted"), figure("rejected")), (0, 0), "{entry}");
        }
        let contents = object.former.iter().chain([&object.content]);
        let missing: Vec<_> = contents.map(|content| missing(content, claimed)).collect();
        assert!(
            missing.iter().any(|(good, bad)| good.is_empty() && bad.is_empty()),
            "claimed, but neither in the index nor a dead letter: {missing:?} of {claimed}: {entry}"
        );
    }
}

/// After the last run: each object has its document, and its dead letters are its bad records.
pub(crate) fn complete(schedule: &Schedule, world: &World, folder: &Path) {
    let (ledger, letters) = (ledger(world), letters(schedule, world, folder));
    let objects = world.objects().clone();
    for (key, object) in &objects {
        let kept = letters.get(key).cloned().unwrap_or_default();
        let entry = ledger.get(key).unwrap_or_else(|| panic!("{key} is not in the ledger"));
        let status = entry["object"]["status"].as_str().unwrap();
        if object.deleted {
            // How far it came depends on when it was deleted.
            let others = kept.difference(&object.content.bad).count();
            assert!(others <= 1, "{kept:?} of {:?}: {entry}", object.content.bad);
            assert!(["gone", "loaded", "partial", "truncated"].contains(&status), "{entry}");
            continue;
        }
        let mut bad = object.content.bad.clone();
        let former = object.former.as_ref().map(|content| content.bad.clone()).unwrap_or_default();
        assert!(bad.is_subset(&kept), "dead letters {kept:?} of {bad:?}: {entry}");
        bad.extend(former);
        assert!(kept.is_subset(&bad), "dead letters {kept:?} of {bad:?}: {entry}");
        let figure = |name: &str| entry["records"][name].as_u64().unwrap();
        let content = &object.content;
        assert_eq!(
            [figure("in"), figure("indexed") + figure("already_present"), figure("dead_lettered")],
            [content.records(), content.good.len() as u64, content.bad.len() as u64],
            "{entry}"
        );
        assert_eq!(status, if content.bad.is_empty() { "loaded" } else { "partial" }, "{entry}");
        assert!(entry["attempts"].as_u64().unwrap() >= 1, "{entry}");
        assert!(entry["progress"].is_null(), "{entry}");
    }
    let known: BTreeSet<_> = objects.keys().collect();
    assert!(ledger.keys().chain(letters.keys()).all(|key| known.contains(key)), "of an object that is none");
}
