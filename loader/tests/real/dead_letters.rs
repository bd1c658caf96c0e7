//! Records that no index takes: kept, listed, sent again after the fix; and what the ledger says of it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use siem_loader::sink::Method;

use crate::program::{Run, events, finish, key, own_month, packed, put, scratch, siem_loader};
use crate::s3_support::{new_bucket, runtime, server};
use crate::support::{count, node, ok, opensearch_url, unique};

/// A place of a test's own, and what was loaded with it.
struct Kept {
    place: PathBuf,
}

impl Kept {
    fn new() -> Self {
        Self { place: scratch().join("letters") }
    }

    fn load(&self, path: &Path, more: &[&str]) -> Run {
        let arguments =
            ["load", path.to_str().unwrap(), "--opensearch-url", opensearch_url(), "--output", "json"];
        let place = ["--dead-letters", self.place.to_str().unwrap()];
        finish(siem_loader(&[&arguments, &place[..], more].concat()), &[])
    }

    fn letters(&self) -> Vec<Value> {
        let place = self.place.to_str().unwrap();
        let run = finish(siem_loader(&["dead-letters", place, "--lines"]), &[]).expect_status(0);
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn redrive(&self, more: &[&str]) -> Run {
        let arguments = ["redrive", self.place.to_str().unwrap(), "--opensearch-url", opensearch_url()];
        finish(siem_loader(&[&arguments, more, &["--output", "json"]].concat()), &[])
    }

    fn files(&self) -> usize {
        fn walk(folder: &Path) -> usize {
            let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
            entries.map(|e| e.unwrap().path()).map(|p| if p.is_dir() { walk(&p) } else { 1 }).sum()
        }
        walk(&self.place)
    }
}

/// The ledger's document of an object, by its key.
async fn ledger(key: &str) -> Value {
    ok(&node(), Method::Post, "/siem-ledger-*/_refresh", None).await;
    let query = json!({"query": {"term": {"object.key": key}}, "size": 2});
    let found = ok(&node(), Method::Post, "/siem-ledger-*/_search", Some(query)).await;
    assert_eq!(found["hits"]["total"]["value"], 1, "{key}: {found}");
    found["hits"]["hits"][0]["_source"].clone()
}

/// An index whose mapping does not take an `eventName` that is no number, as somebody made it by hand.
async fn misfit(year: &str, month: &str) -> String {
    let index = format!("log-aws-cloudtrail-{year}-{month}");
    let body = json!({"mappings": {"properties": {"eventName": {"type": "integer"}}},
                      "settings": {"index.mapping.ignore_malformed": false, "number_of_replicas": 0}});
    let _ = node().call(Method::Delete, &format!("/{index}"), &[], None).await;
    ok(&node(), Method::Put, &format!("/{index}"), Some(body)).await;
    index
}

#[tokio::test]
async fn a_refused_record_is_kept_and_goes_through_after_the_fix() {
    let (year, month) = own_month();
    let index = misfit(&year, &month).await;
    let (root, kept) = (scratch(), Kept::new());
    let mut records = events(&year, &month, 4);
    records[1]["eventName"] = json!("77");
    let key = key(&year, &month, &unique());
    put(&root, &key, &packed(&records));

    let run = kept.load(&root, &[]).expect_status(1);
    assert_eq!(run.figures(["records", "indexed", "dead_lettered", "rejected", "unsent"]), [4, 1, 3, 0, 0]);
    let entry = ledger(&key).await;
    assert_eq!(entry["object"]["status"], "partial");
    assert_eq!(entry["error"]["type"], "mapper_parsing_exception: eventName");
    assert_eq!(entry["records"]["dead_lettered"], 3);
    assert_eq!(entry["attempts"], 1);

    let letters = kept.letters();
    let ordinals: Vec<u64> = letters.iter().map(|letter| letter["ordinal"].as_u64().unwrap()).collect();
    assert_eq!(ordinals, [0, 2, 3]);
    let first = &letters[0];
    assert_eq!(first["kind"], "document");
    assert_eq!(
        (&first["reason"]["type"], &first["reason"]["field"]),
        (&json!("mapper_parsing_exception"), &json!("eventName"))
    );
    assert_eq!(first["object"]["key"], key.as_str());
    let raw: Value =
        serde_json::from_str(first["documents"][0]["source"]["@message"].as_str().unwrap()).unwrap();
    assert_eq!(raw, records[0], "the record as it was delivered");

    let list = finish(siem_loader(&["dead-letters", kept.place.to_str().unwrap()]), &[]).expect_status(0);
    for said in [
        "3 records of cloudtrail: mapper_parsing_exception, field eventName",
        "to do",
        "redrive  siem-loader redrive",
        &key,
    ] {
        assert!(list.stdout.contains(said), "{said} is not in\n{}", list.stdout);
    }

    // Nothing was mended: everything stays, with the new reason.
    let run = kept.redrive(&[]).expect_status(1);
    assert_eq!(run.figures(["records", "indexed", "kept", "files_removed"]), [3, 0, 3, 0]);
    assert_eq!(kept.letters().len(), 3);

    ok(&node(), Method::Delete, &format!("/{index}"), None).await;
    let run = kept.redrive(&["--reason", "something_else"]).expect_status(0);
    assert_eq!(run.figures(["records", "left"]), [0, 3]);
    let run =
        kept.redrive(&["--reason", "mapper_parsing_exception", "--field", "eventName"]).expect_status(0);
    assert_eq!(run.figures(["records", "indexed", "kept", "left", "files_removed"]), [3, 3, 0, 0, 1]);
    assert_eq!((count(&node(), &index).await, kept.files()), (3, 0));
    let entry = ledger(&key).await;
    assert_eq!(entry["object"]["status"], "loaded");
    assert_eq!((&entry["records"]["dead_lettered"], &entry["records"]["indexed"]), (&json!(0), &json!(4)));
    assert_eq!(kept.redrive(&[]).expect_status(0).figures(["files", "records"]), [0, 0]);
}

#[tokio::test]
async fn a_record_that_is_no_json_is_kept_as_it_was_delivered() {
    let (year, month) = own_month();
    let (root, kept) = (scratch(), Kept::new());
    let good = events(&year, &month, 2);
    let broken = "{\"eventID\": \"b\", \"eventName\": nonsense}";
    let key = key(&year, &month, &unique());
    let object = format!("{{\"Records\":[{},{broken},[42],{}]}}", good[0], good[1]);
    put(&root, &key, object.as_bytes());
    let run = kept.load(&root, &[]).expect_status(1);
    assert_eq!(run.figures(["records", "indexed", "dead_lettered", "unsent"]), [4, 2, 2, 0]);
    let letters = kept.letters();
    assert_eq!(letters.iter().map(|l| l["raw"].as_str().unwrap()).collect::<Vec<_>>(), [broken, "[42]"]);
    assert_eq!(letters[0]["reason"]["type"], "invalid_json");
    assert_eq!(letters[1]["reason"]["type"], "not_an_object");
    assert_eq!(letters[0]["kind"], "record");
    // It is broken still; what is kept says so, and can be sent again and again.
    for _ in 0..2 {
        let run = kept.redrive(&[]).expect_status(1);
        assert_eq!(run.figures(["records", "kept", "files_removed"]), [2, 2, 0]);
    }
    assert_eq!(kept.letters().len(), 2);
    assert_eq!(ledger(&key).await["records"]["dead_lettered"], 2);
}

#[tokio::test]
async fn a_record_that_a_later_release_can_read_is_rendered_from_what_was_kept() {
    let (year, month) = own_month();
    let (root, kept) = (scratch(), Kept::new());
    let good = events(&year, &month, 1);
    let key = key(&year, &month, &unique());
    put(&root, &key, format!("{{\"Records\":[{},[42]]}}", good[0]).as_bytes());
    kept.load(&root, &[]).expect_status(1);
    // As if this release had not been able to read it: the letter holds a good record.
    let mut letter = kept.letters().remove(0);
    let fresh = events(&year, &month, 1).remove(0);
    letter["raw"] = fresh.to_string().into();
    let name = std::fs::read_dir(&kept.place).unwrap().next().unwrap().unwrap().path();
    let file = walk_one(&name);
    std::fs::write(&file, crate::program::gzip(format!("{letter}\n").as_bytes())).unwrap();
    let run = kept.redrive(&[]).expect_status(0);
    assert_eq!(run.figures(["records", "indexed", "kept", "files_removed"]), [1, 1, 0, 1]);
    let index = format!("log-aws-cloudtrail-{year}-{month}");
    let id = fresh["eventID"].as_str().unwrap();
    let found = ok(&node(), Method::Get, &format!("/{index}/_doc/{id}"), None).await;
    assert_eq!(
        (&found["_source"]["siem"]["ordinal"], &found["_source"]["@log_s3key"]),
        (&json!(1), &json!(key))
    );
}

fn walk_one(path: &Path) -> PathBuf {
    if path.is_file() {
        return path.to_owned();
    }
    walk_one(&std::fs::read_dir(path).unwrap().next().unwrap().unwrap().path())
}

#[tokio::test]
async fn an_object_cut_off_is_named_in_a_dead_letter_and_loaded_again_when_it_is_whole() {
    let (year, month) = own_month();
    let (root, kept) = (scratch(), Kept::new());
    let whole = packed(&events(&year, &month, 3000));
    let key = key(&year, &month, &unique());
    put(&root, &key, &whole[..whole.len() / 2]);
    let run = kept.load(&root, &[]).expect_status(1);
    let [records, indexed, unsent] = run.figures(["records", "indexed", "unsent"]);
    assert!(indexed > 100 && indexed < 3000 && unsent == 0, "{records} records, {indexed} indexed");
    let entry = ledger(&key).await;
    assert_eq!(entry["object"]["status"], "truncated");
    let letters = kept.letters();
    let object = letters.iter().find(|letter| letter["kind"] == "object").expect("a letter about the object");
    assert_eq!((&object["object"]["key"], &object["records"]), (&json!(key), &json!(0)));
    assert!(kept.redrive(&["--kind", "object"]).expect_status(1).figures(["objects_kept"]) == [1]);

    put(&root, &key, &whole);
    let run = kept.redrive(&["--kind", "object"]).expect_status(0);
    assert_eq!(run.figures(["objects", "objects_kept"]), [1, 0]);
    let index = format!("log-aws-cloudtrail-{year}-{month}");
    assert_eq!(count(&node(), &index).await, 3000);
    assert!(kept.letters().iter().all(|letter| letter["kind"] != "object"));
}

#[tokio::test]
async fn an_estate_that_does_not_fit_is_not_set_aside() {
    let (year, month) = own_month();
    let index = misfit(&year, &month).await;
    let (root, kept) = (scratch(), Kept::new());
    put(&root, &key(&year, &month, &unique()), &packed(&events(&year, &month, 200)));
    let run = kept.load(&root, &[]).expect_status(2);
    assert_eq!(run.figures(["records", "indexed", "dead_lettered", "unsent"]), [200, 0, 0, 200]);
    assert!(
        run.stderr.contains("refused 200 of 200 documents of one request for one reason"),
        "{}",
        run.stderr
    );
    assert_eq!((count(&node(), &index).await, kept.files()), (0, 0));
}

#[test]
fn dead_letters_in_a_bucket_are_listed_and_sent_again() {
    let (year, month) = own_month();
    let index = runtime().block_on(misfit(&year, &month));
    let bucket = new_bucket();
    let root = scratch();
    put(&root, &key(&year, &month, &unique()), &packed(&events(&year, &month, 3)));
    let place = format!("s3://{bucket}/siem/dead");
    let run = |arguments: &[&str]| {
        let mut command = siem_loader(arguments);
        server().environment(&mut command);
        finish(command, &[])
    };
    let url = ["--opensearch-url", opensearch_url(), "--output", "json"];
    let load = ["load", root.to_str().unwrap(), "--dead-letters", &place];
    let loaded = run(&[&load[..], &url].concat()).expect_status(1);
    assert_eq!(loaded.figures(["records", "dead_lettered", "unsent"]), [3, 3, 0]);
    let list = run(&["dead-letters", &place, "--output", "json"]).expect_status(0).summary();
    assert_eq!((&list["files"], &list["groups"][0]["records"]), (&json!(1), &json!(3)));
    runtime().block_on(ok(&node(), Method::Delete, &format!("/{index}"), None));
    let again = run(&[&["redrive", &place][..], &url].concat()).expect_status(0);
    assert_eq!(again.figures(["records", "indexed", "files_removed"]), [3, 3, 1]);
    let list = run(&["dead-letters", &place, "--output", "json"]).expect_status(0).summary();
    assert_eq!(list["files"], 0);
}

#[tokio::test]
async fn a_place_that_cannot_be_written_fails_the_object_and_claims_nothing() {
    let (year, month) = own_month();
    misfit(&year, &month).await;
    let root = scratch();
    let key = key(&year, &month, &unique());
    put(&root, &key, &packed(&events(&year, &month, 3)));
    let file = scratch().join("a-file");
    std::fs::write(&file, b"x").unwrap();
    let kept = Kept { place: file.join("below") };
    let run = kept.load(&root, &[]).expect_status(2);
    assert_eq!(run.figures(["records", "dead_lettered", "unsent"]), [3, 0, 3]);
    assert!(run.stderr.contains("dead letters in") && run.stderr.contains("cannot write"), "{}", run.stderr);
    let entry = ledger(&key).await;
    assert_eq!((&entry["object"]["status"], &entry["records"]["unaccounted"]), (&json!("failed"), &json!(3)));
    // Mended, the object is loaded as a whole.
    let kept = Kept::new();
    let run = kept.load(&root, &[]).expect_status(1);
    assert_eq!(run.figures(["records", "dead_lettered", "unsent"]), [3, 3, 0]);
    assert_eq!(ledger(&key).await["attempts"], 2);
}

#[tokio::test]
async fn redrive_may_be_killed_at_any_instant_and_loses_and_doubles_nothing() {
    let (year, month) = own_month();
    let index = misfit(&year, &month).await;
    let (root, kept) = (scratch(), Kept::new());
    const OBJECTS: usize = 15;
    let records = events(&year, &month, OBJECTS * 3);
    let keys: Vec<String> = (0..OBJECTS).map(|_| key(&year, &month, &unique())).collect();
    for (key, records) in keys.iter().zip(records.chunks(3)) {
        put(&root, key, &packed(records));
    }
    // Bodies of few documents: else half a body refused for one reason would stop the run.
    for key in &keys {
        let path = root.join(key);
        let run = kept.load(&path, &["--root", root.to_str().unwrap()]).expect_status(1);
        assert_eq!(run.figures(["dead_lettered"]), [3]);
    }
    ok(&node(), Method::Delete, &format!("/{index}"), None).await;

    let mut random = siem_loader::sink::Random::seeded(7);
    let mut killed = 0;
    let last = loop {
        let arguments = ["redrive", kept.place.to_str().unwrap(), "--opensearch-url", opensearch_url()];
        let mut child = siem_loader(&arguments).spawn().unwrap();
        if killed < 12 {
            std::thread::sleep(std::time::Duration::from_millis(30 + random.below(400)));
            // One that is done already cannot be killed, which is as good an instant as any.
            let _ = child.kill();
            killed += 1;
        }
        let status = child.wait().unwrap();
        if killed == 12 && status.code().is_some() {
            break status;
        }
    };
    assert_eq!((last.code(), kept.files()), (Some(0), 0));
    assert_eq!(count(&node(), &index).await, (OBJECTS * 3) as u64);
    for key in &keys {
        let entry = ledger(key).await;
        assert_eq!(
            (&entry["records"]["dead_lettered"], &entry["records"]["indexed"]),
            (&json!(0), &json!(3))
        );
        assert_eq!(entry["object"]["status"], "loaded");
    }
}

#[tokio::test]
async fn letters_of_a_log_that_this_release_does_not_know_stay() {
    let (year, month) = own_month();
    let index = misfit(&year, &month).await;
    let (root, kept) = (scratch(), Kept::new());
    put(&root, &key(&year, &month, &unique()), &packed(&events(&year, &month, 1)));
    kept.load(&root, &[]).expect_status(1);
    ok(&node(), Method::Delete, &format!("/{index}"), None).await;
    let mut letter = kept.letters().remove(0);
    letter["log_type"] = "a-later-log".into();
    std::fs::write(walk_one(&kept.place), crate::program::gzip(format!("{letter}\n").as_bytes())).unwrap();
    let run = kept.redrive(&[]).expect_status(1);
    assert_eq!(run.figures(["records", "kept", "files_removed"]), [1, 1, 0]);
    assert_eq!(kept.letters()[0]["log_type"], "a-later-log");
}

#[test]
fn an_envelope_of_broken_parts_is_one_letter_however_many_they_are() {
    let (root, kept) = (scratch(), Kept::new());
    let text = format!(
        "{{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"111122223333\",\"logGroup\":\"flows\",\"logStream\":\"eni-1-all\",\
         \"subscriptionFilters\":[\"f\"],\"logEvents\":[{}1]}}",
        "1,".repeat(69_999)
    );
    let key = "AWSLogs/111122223333/vpcflowlogs/eu-central-1/2027/02/01/111122223333_vpcflowlogs_eu-central-1_fl-1_20270201T0005Z_a.log.gz";
    put(&root, key, &crate::program::gzip(text.as_bytes()));
    let run = kept.load(&root, &[]).expect_status(1);
    assert_eq!(run.figures(["records", "dead_lettered"]), [70_000, 70_000]);
    let letters = kept.letters();
    assert_eq!((letters.len(), &letters[0]["records"]), (1, &json!(70_000)));
    assert_eq!(letters[0]["raw"].as_str().unwrap().len(), text.len());
}

#[test]
fn a_place_that_is_read_is_refused() {
    let root = scratch();
    let kept = Kept { place: root.join("letters") };
    let run = kept.load(&root, &[]).expect_status(2);
    assert!(run.stderr.contains("which is read; choose another place with --dead-letters"), "{}", run.stderr);
}
