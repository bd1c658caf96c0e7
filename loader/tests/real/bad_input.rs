//! Bad input gets a message that names object and place, and loses nothing else.

use crate::fixtures::{cases, folder};
use crate::program::run;
use crate::support::opensearch_url;

/// What is said of each bad object: a part of its file name, and of the message.
const SAID: &[(&str, &str)] = &[
    ("badEscape", "record 1 at byte 760 of the decoded object: invalid JSON"),
    ("cutOffGzip", "the gzip stream is cut off at byte 1128 of the stored object"),
    ("digestAsTrail", "not loaded: CloudTrail digest"),
    ("garbageBetween", "record 1 at byte 760 of the decoded object: not an object"),
    ("gzipHeaderOnly", "the gzip stream is cut off at byte 10 of the stored object"),
    (
        "innerCutOff",
        "the gzip stream inside the gzip stream (layer 2 of the object) is cut off at byte 10 of that layer",
    ),
    ("invalidUtf8", "invalid UTF-8 in 1 records, replaced"),
    ("noRecords", "no `Records` list in the JSON"),
    ("notGzip", "not JSON"),
    ("notObjects", "record 1 at byte 760 of the decoded object: not an object"),
    ("recordsNull", "`Records` is no list"),
    ("trailingBytes", "bytes follow the gzip stream at byte 628 of the stored object"),
    ("truncatedJson", "record 2 at byte 1508 of the decoded object: cut off by the end of the object"),
    ("wrongCrc", "the gzip stream is corrupt near byte"),
    ("wrongLength", "the gzip stream is corrupt near byte"),
];

#[test]
fn each_kind_of_bad_input_is_told_with_its_object_and_place() {
    let bad = folder().join("bad");
    let run = run(&["load", "--discard", "--output", "json", bad.to_str().unwrap()]).expect_status(1);
    for (name, message) in SAID {
        let said = |line: &&str| line.contains(name) && line.contains(message);
        assert!(run.stderr.lines().any(|l| said(&l)), "nothing about {name}: {message}\n{}", run.stderr);
    }
    assert!(
        run.stderr.contains("some/other/thing.txt: neither its key nor its content is that of a log known")
    );
}

#[test]
fn every_good_record_between_bad_ones_is_indexed() {
    let bad = folder().join("bad");
    let good: u64 = cases("bad").iter().map(|c| c.good).sum();
    let path = bad.to_str().unwrap();
    let run = run(&["load", path, "--opensearch-url", opensearch_url(), "--output", "json"]).expect_status(1);
    let [records, indexed, present, set_aside, unsent] =
        run.figures(["records", "indexed", "already_present", "dead_lettered", "unsent"]);
    assert_eq!(indexed + present, good);
    assert_eq!((records, unsent), (good + set_aside, 0));
    // What was set aside was set aside by us: no shape of a record is refused by the index.
    assert!(!run.stderr.contains("OpenSearch refused"), "{}", run.stderr);
}

#[test]
fn a_path_that_does_not_exist_is_named() {
    let run = run(&["load", "--discard", "/nowhere/at/all"]).expect_status(2);
    assert!(run.stderr.contains("/nowhere/at/all"), "{}", run.stderr);
}
