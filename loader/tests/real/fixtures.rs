//! The committed objects and the documents that they must become.
//!
//! `SIEM_LOADER_UPDATE_EXPECTED=1` writes the expected documents anew; read the difference before committing it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::{run, scratch};

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// One line of the manifest.
pub(crate) struct Case {
    pub(crate) key: String,
    pub(crate) records: u64,
    pub(crate) good: u64,
}

/// The cases of `objects` or `bad`.
pub(crate) fn cases(of: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(folder().join("manifest.ndjson")).unwrap();
    let lines = text.lines().map(|l| serde_json::from_str::<Value>(l).unwrap());
    let case = |line: Value| Case {
        key: line["key"].as_str().unwrap().to_owned(),
        records: line["records"].as_u64().unwrap(),
        good: line["good"].as_u64().unwrap(),
    };
    lines.filter(|l| l["folder"] == of).map(case).collect()
}

/// Renders a folder of fixtures and gives the documents by key, without what changes from run to run.
pub(crate) fn rendered(of: &str) -> BTreeMap<String, Vec<String>> {
    let (objects, out) = (folder().join(of), scratch());
    let (objects, dir) = (objects.to_str().unwrap(), out.to_str().unwrap());
    let status = if of == "bad" { 1 } else { 0 };
    run(&["render", objects, "--root", objects, "--out-dir", dir, "--bucket", "example-logs"])
        .expect_status(status);
    let mut documents = BTreeMap::new();
    for case in cases(of) {
        let path = out.join(format!("{}.ndjson", case.key));
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let mut of: Vec<String> = Vec::new();
        let mut last = "";
        for line in text.lines() {
            if line.starts_with(STATE) {
                of.push(state(line, last));
            } else {
                of.push(without(&without(line, "ingested"), "loader_version"));
                last = line;
            }
        }
        documents.insert(case.key, of);
    }
    documents
}

/// What a line begins with that is the current state of a finding.
const STATE: &str = r#"{"_index":"siem-findings-current""#;

/// The id and version of a state. Its document is that of its record, which stands before it, without `@message`.
fn state(line: &str, record: &str) -> String {
    let (names, source) = line.split_once(",\"_source\":").unwrap();
    let (_, of_record) = record.split_once(",\"_source\":").unwrap();
    // What is too deep for this reader is looked at by the parsers' own tests.
    let read = |text: &str| serde_json::from_str::<Value>(text.strip_suffix('}').unwrap()).ok();
    if let (Some(source), Some(mut of_record)) = (read(source), read(of_record)) {
        of_record.as_object_mut().unwrap().remove("@message");
        assert_eq!(source, of_record, "{names}");
    }
    format!("{names}}}")
}

/// Takes the last member of a name out of a document. The fixtures have no such text in their records.
fn without(line: &str, name: &str) -> String {
    let member = format!("\"{name}\":\"");
    let (before, rest) = line.rsplit_once(&member).unwrap_or_else(|| panic!("no {name} in {line}"));
    let (_, after) = rest.split_once('"').unwrap();
    // One of the commas goes with it: ours writes them first or last in their objects.
    match before.strip_suffix(',') {
        Some(before) => format!("{before}{after}"),
        None => format!("{before}{}", after.strip_prefix(',').unwrap_or(after)),
    }
}

/// The expected files of a folder.
fn expected(of: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(of).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { expected(&path, found) } else { found.push(path) }
    }
}

fn compare(of: &str) {
    let rendered = rendered(of);
    let (root, mut found) = (folder().join("expected").join(of), Vec::new());
    expected(&root, &mut found);
    for path in found {
        let key = path.strip_prefix(&root).unwrap().to_str().unwrap().strip_suffix(".ndjson").unwrap();
        if rendered.contains_key(key) {
            continue;
        }
        assert!(std::env::var_os("SIEM_LOADER_UPDATE_EXPECTED").is_some(), "{key} gives no documents");
        std::fs::remove_file(path).unwrap();
    }
    for (key, documents) in rendered {
        let path = folder().join(format!("expected/{of}/{key}.ndjson"));
        if std::env::var_os("SIEM_LOADER_UPDATE_EXPECTED").is_some() {
            let text: String = documents.iter().map(|d| format!("{d}\n")).collect();
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let expected: Vec<&str> = text.lines().collect();
        assert_eq!(documents.len(), expected.len(), "{key}: number of documents");
        for (at, (ours, theirs)) in documents.iter().zip(&expected).enumerate() {
            assert_eq!(ours, theirs, "{key}: document {at}");
        }
    }
}

#[test]
fn good_objects_become_their_expected_documents() {
    compare("objects");
}

#[test]
fn bad_objects_become_their_expected_documents() {
    compare("bad");
}

#[test]
fn every_good_record_of_the_manifest_becomes_a_document() {
    for of in ["objects", "bad"] {
        let rendered = rendered(of);
        for case in cases(of) {
            let is_record = |line: &&String| !line.starts_with(STATE);
            let documents = rendered.get(&case.key).map_or(0, |d| d.iter().filter(is_record).count() as u64);
            assert_eq!(documents, case.good, "{}: {} records", case.key, case.records);
        }
    }
}
