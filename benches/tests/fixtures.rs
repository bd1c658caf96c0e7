//! The committed fixtures: those the generator makes, valid where they should be, with the known answers.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use flate2::read::{GzDecoder, MultiGzDecoder};
use serde_json::Value;
use siem_benches::fixtures::{self, Case};

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

fn files(root: &Path, below: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(root, &path, found);
        } else {
            found.insert(path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap());
        }
    }
}

/// The CloudTrail objects of one folder with their records, and what lies among them.
fn cases(folder: &str) -> Vec<Case> {
    fixtures::all().unwrap().into_iter().filter(|case| case.folder == folder && cloudtrail(case)).collect()
}

/// Other log types have tests of their own.
fn cloudtrail(case: &Case) -> bool {
    case.key.contains("_CloudTrail")
}

fn unpacked(case: &Case) -> Vec<u8> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(case.body.as_slice()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn records(case: &Case) -> Vec<Value> {
    // 1e400 is JSON, but no number that serde_json can hold.
    let text = String::from_utf8(unpacked(case)).unwrap().replace("1e400", "1e300");
    let mut whole: Value = serde_json::from_str(&text).unwrap();
    match whole["Records"].take() {
        Value::Array(records) => records,
        _ => Vec::new(),
    }
}

#[test]
fn the_committed_fixtures_are_what_the_generator_makes() {
    let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixtures");
    let _ = fs::remove_dir_all(&fresh);
    fixtures::write(&fresh.join("objects"), &fresh).unwrap();
    let mut made = BTreeMap::new();
    files(&fresh, &fresh, &mut made);
    let mut there = BTreeMap::new();
    for place in ["objects", "bad"] {
        files(&committed(), &committed().join(place), &mut there);
    }
    for name in ["manifest.ndjson", "README.md"] {
        there.insert(name.into(), fs::read(committed().join(name)).unwrap());
    }
    // Documents that are expected of an object lie beside it and are not the generator's.
    there.retain(|path, _| made.contains_key(path) || !path.to_string_lossy().contains(".expected"));
    assert_eq!(made.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>());
    for (path, bytes) in &made {
        assert!(bytes == &there[path], "{} differs: run generate again", path.display());
    }
}

#[test]
fn good_objects_hold_what_the_manifest_says() {
    let mut ids = HashSet::new();
    for case in cases("objects") {
        let records = records(&case);
        assert_eq!((records.len(), case.good), (case.records, case.records), "{}", case.key);
        for record in records {
            assert!(ids.insert(record["eventID"].as_str().unwrap().to_owned()), "an id twice: {}", case.key);
        }
    }
}

#[test]
fn keys_are_those_of_cloudtrail_and_told_apart_by_their_last_part() {
    let mut names = BTreeSet::new();
    for case in fixtures::all().unwrap() {
        assert!(names.insert((case.folder, case.key.clone())), "{}", case.key);
        if !cloudtrail(&case) || case.key.contains("Digest") || !case.key.contains("/2026/") {
            continue;
        }
        let unique = case.key.rsplit('_').next().unwrap().strip_suffix(".json.gz").unwrap().to_owned();
        assert_eq!(unique.len(), 16, "{}", case.key);
        assert!(unique.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{unique}");
    }
}

#[test]
fn objects_are_small() {
    let all: Vec<Case> = fixtures::all().unwrap().into_iter().filter(cloudtrail).collect();
    for case in &all {
        assert!(case.body.len() < 40_000, "{}", case.key);
    }
    for case in all.iter().filter(|case| case.folder == "objects") {
        assert!(unpacked(case).len() < 42_000, "{}: {}", case.key, unpacked(case).len());
    }
    assert!(all.iter().map(|case| case.body.len()).sum::<usize>() < 600_000);
}

#[test]
fn the_manifest_is_one_json_line_a_case() {
    let all = fixtures::all().unwrap();
    let text = fixtures::manifest(&all);
    assert_eq!(text.lines().count(), all.len());
    for (line, case) in text.lines().zip(&all) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["key"], case.key);
        assert_eq!((&line["records"], &line["good"]), (&case.records.into(), &case.good.into()));
        assert!(case.good <= case.records && !case.why.is_empty());
    }
}

#[test]
fn an_incident_responder_finds_the_known_answers() {
    let (mut logins, mut calls, mut denied) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for record in cases("objects").iter().flat_map(records) {
        let caller = &record["userIdentity"];
        let who = caller["arn"].as_str().unwrap_or_default().to_owned();
        let own = caller["type"] == "IAMUser" || caller["type"] == "Root";
        let without_mfa = record["additionalEventData"]["MFAUsed"] == "No";
        if record["responseElements"]["ConsoleLogin"] == "Success" && without_mfa && own {
            *logins.entry(who.clone()).or_insert(0) += 1;
        }
        if caller["accessKeyId"] == "AKIAIOSFODNN7EXAMPLE" {
            let address = record["sourceIPAddress"].as_str().unwrap().to_owned();
            *calls.entry(address).or_insert(0) += 1;
        }
        if record["errorCode"] == "AccessDenied" {
            *denied.entry(who).or_insert(0) += 1;
        }
    }
    let readme = fs::read_to_string(committed().join("README.md")).unwrap();
    for (question, total) in [(&logins, 5), (&calls, 17), (&denied, 15)] {
        assert_eq!(question.values().sum::<i32>(), total, "{question:?}");
        for (who, count) in question {
            assert!(readme.contains(&format!("| {who} | {count} |")), "{who}: {count}");
        }
    }
    assert_eq!((logins.len(), calls.len(), denied.len()), (4, 3, 5));
}

/// What a bad object gives before it fails, and whether it fails.
fn read_until_error(case: &Case) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    let failed = MultiGzDecoder::new(case.body.as_slice()).read_to_end(&mut bytes).is_err();
    (bytes, failed)
}

fn bad(name: &str) -> Case {
    let unique = format!("_{name:0<16}.json.gz");
    cases("bad").into_iter().find(|case| case.key.ends_with(&unique)).unwrap()
}

#[test]
fn broken_containers_are_broken_as_they_say() {
    for name in
        ["notGzip", "plainJson", "cutOffGzip", "wrongCrc", "wrongLength", "gzipHeaderOnly", "zipOneEntry"]
    {
        assert!(read_until_error(&bad(name)).1, "{name}");
    }
    for name in ["twoMembers", "emptyGzip", "truncatedJson", "invalidUtf8"] {
        assert!(!read_until_error(&bad(name)).1, "{name}");
    }
    let mut first = Vec::new();
    GzDecoder::new(bad("twoMembers").body.as_slice()).read_to_end(&mut first).unwrap();
    assert!(serde_json::from_slice::<Value>(&first).is_err());
    assert_eq!(records(&bad("twoMembers")).len(), 4);
    assert!(bad("zipTwoEntries").body.starts_with(b"PK\x03\x04"));
}

#[test]
fn the_cut_is_far_from_the_edge_of_a_record() {
    let case = bad("cutOffGzip");
    let (bytes, _) = read_until_error(&case);
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text.matches(r#"{"eventVersion""#).count(), case.records);
    let begun = text.len() - text.rfind(r#"{"eventVersion""#).unwrap();
    assert!((150..700).contains(&begun), "{begun} bytes of the last record");
    assert!(case.good >= 5 && case.good + 1 == case.records);
}

#[test]
fn records_named_unreadable_are_no_json_and_their_neighbours_are() {
    for name in ["rawNewline", "rawControl", "badEscape", "garbageBetween", "doubleComma", "missingComma"] {
        let bytes = unpacked(&bad(name));
        assert!(serde_json::from_slice::<Value>(&bytes).is_err(), "{name}");
    }
    for name in ["byteOrderMark", "trailingText", "twoObjects"] {
        assert!(serde_json::from_slice::<Value>(&unpacked(&bad(name))).is_err(), "{name}");
    }
    for name in ["prettyPrinted", "otherTopKeys", "leadingSpace", "trailingBlank", "noEventId", "noEventTime"]
    {
        let case = bad(name);
        assert_eq!(records(&case).len(), case.records, "{name}");
    }
    let mixed = bad("notObjects");
    assert_eq!(records(&mixed).iter().filter(|record| record.is_object()).count(), mixed.good);
}
