//! Findings of GuardDuty and Security Hub: fixtures that hold what they say, and streams that look real.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test may fail"
)]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fs,
    io::{Read as _, Write as _},
    path::Path,
};

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use serde_json::Value;
use siem_benches::{
    findings::{Generator, Source, tree},
    fixtures::{self, Case, answers},
    guardduty::KINDS,
    object::Size,
    security_hub::{CLASSES, PRODUCTS},
};

fn cases(folder: &str) -> Vec<Case> {
    fixtures::findings().unwrap().into_iter().filter(|case| case.folder == folder).collect()
}

fn unpacked(case: &Case) -> Vec<u8> {
    if !case.body.starts_with(&[0x1f, 0x8b]) {
        return case.body.clone();
    }
    let mut bytes = Vec::new();
    MultiGzDecoder::new(case.body.as_slice()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn values(text: &str) -> Vec<Value> {
    let text = text.trim_start_matches('\u{feff}');
    serde_json::Deserializer::from_str(text).into_iter().map(Result::unwrap).collect()
}

/// All findings of the good objects.
fn good() -> Vec<Value> {
    let mut found = Vec::new();
    for case in cases("objects") {
        for value in values(&String::from_utf8(unpacked(&case)).unwrap()) {
            let detail = &value["detail"];
            let list =
                [&detail["findings"], &value["Findings"], &value].into_iter().find_map(Value::as_array);
            let inside = match list {
                Some(list) => list.clone(),
                None if detail["schemaVersion"].is_string() => vec![detail.clone()],
                None => vec![value.clone()],
            };
            found.extend(inside.into_iter().filter(|value| value["detail-type"].is_null()));
        }
    }
    found
}

#[test]
fn good_objects_hold_what_the_manifest_says() {
    let mut sum = 0;
    for case in cases("objects") {
        let seen = answers::seen(std::slice::from_ref(&case)).unwrap();
        assert_eq!((seen.len(), case.good), (case.records, case.records), "{}", case.key);
        sum += seen.len();
    }
    assert_eq!(sum, good().len());
}

#[test]
fn keys_are_unique_and_reasons_are_given() {
    let mut keys = HashSet::new();
    for case in fixtures::all().unwrap() {
        assert!(!case.why.is_empty() && case.good <= case.records, "{}", case.key);
        assert!(keys.insert((case.folder, case.key.clone())), "{}", case.key);
    }
}

#[test]
fn objects_are_small() {
    let all = fixtures::findings().unwrap();
    for case in &all {
        assert!(case.body.len() < 40_000 && unpacked(case).len() < 256_000, "{}", case.key);
    }
    assert!(all.iter().map(|case| case.body.len()).sum::<usize>() < 400_000);
}

/// Two changes with one `_id` would be one document, and the counts of the README wrong.
#[test]
fn no_two_good_findings_are_one_document() {
    let mut ids = HashSet::new();
    for finding in good() {
        let id = if finding["class_uid"].is_number() {
            format!("{} {}", finding["finding_info"]["uid"], finding["time"])
        } else if finding["ProductArn"].is_string() {
            format!("{} {} {}", finding["Id"], finding["UpdatedAt"], finding["Workflow"]["Status"])
        } else {
            format!("{}_{}", finding["id"], finding["service"]["count"])
        };
        assert!(ids.insert(id.clone()), "{id}");
    }
}

#[test]
fn every_kind_of_finding_has_a_fixture() {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (mut kinds, mut actions, mut resources, mut products, mut classes) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for finding in good() {
        kinds.insert(text(&finding["type"]));
        actions.insert(text(&finding["service"]["action"]["actionType"]));
        resources.insert(text(&finding["resource"]["resourceType"]));
        products.insert(text(&finding["ProductName"]));
        classes.extend(finding["class_uid"].as_u64());
    }
    for kind in KINDS {
        assert!(kinds.contains(kind.kind) && resources.contains(kind.resource_type), "{}", kind.kind);
    }
    for action in [
        "AWS_API_CALL",
        "NETWORK_CONNECTION",
        "PORT_PROBE",
        "DNS_REQUEST",
        "KUBERNETES_API_CALL",
        "KUBERNETES_PERMISSION_CHECKED",
        "RDS_LOGIN_ATTEMPT",
    ] {
        assert!(actions.contains(action), "{action}");
    }
    for product in PRODUCTS {
        assert!(products.contains(product.name), "{}", product.name);
    }
    assert_eq!(classes, CLASSES.iter().map(|class| class.uid).collect());
}

#[test]
fn addresses_are_private_or_of_the_ranges_for_documentation() {
    for case in cases("objects") {
        let text = String::from_utf8(unpacked(&case)).unwrap();
        for word in text.split(|letter: char| !letter.is_ascii_digit() && letter != '.') {
            let parts = word.split('.').filter(|part| part.parse::<u8>().is_ok()).count();
            if parts == 4 && word.split('.').count() == 4 {
                let known = ["10.", "192.0.2.", "198.51.100.", "203.0.113.", "0.0.0.0"];
                assert!(known.iter().any(|net| word.starts_with(net)), "{word} in {}", case.key);
            }
        }
    }
}

#[test]
fn the_current_state_has_each_finding_once() {
    let all = answers::seen(&cases("objects")).unwrap();
    let states = answers::current(&all);
    let of = |key: &str| {
        let case = cases("objects").into_iter().find(|case| case.key.contains(key)).unwrap();
        let id = answers::seen(&[case]).unwrap().remove(0).id;
        let found: Vec<bool> = states.iter().filter(|seen| seen.id == id).map(|seen| seen.open).collect();
        assert_eq!(found.len(), 1, "{key}");
        (all.iter().filter(|seen| seen.id == id).count(), found[0])
    };
    let expected = [
        ("/lifeInOrder-", 3, false),
        ("/lifeReversed-", 3, false),
        ("/lifeObjectA-", 3, false),
        ("/lifeSameTime-", 2, true),
        ("/lifeResolvedAtOnce-", 2, false),
        ("/lifeSuppressed-", 2, false),
        ("/lifeArchived-", 2, false),
        ("/archivedButNew-", 1, false),
        ("/lifeReopened-", 3, true),
        ("/twiceOpen-", 2, true),
        ("/twiceResolved-", 3, false),
        ("Imported/eu-central-1/2026/03/01/threeTimes-", 3, true),
        ("/ocsfLife-", 4, false),
    ];
    for (key, documents, open) in expected {
        assert_eq!(of(key), (documents, open), "{key}");
    }
}

#[test]
fn the_readme_has_the_answers() {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/README.md")).unwrap();
    let all = answers::seen(&cases("objects")).unwrap();
    let states = answers::current(&all);
    let open: Vec<_> = states.iter().filter(|seen| seen.open).collect();
    let line = format!("Findings in all: {}, of these open: {}.", states.len(), open.len());
    assert!(readme.contains(&line), "{line}");
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for seen in open {
        *counts.entry(&seen.severity).or_default() += 1;
    }
    for (severity, count) in counts {
        assert!(readme.contains(&format!("| {severity} | {count} |\n")), "{severity}: {count}");
    }
    // The demo reads the tables between these two.
    let known = readme.find("## Known answers").unwrap();
    assert!(known < readme.find("## Findings in the good objects").unwrap());
}

fn bad(name: &str) -> Vec<Case> {
    let found: Vec<Case> = cases("bad").into_iter().filter(|case| case.key.contains(name)).collect();
    assert!(!found.is_empty(), "{name}");
    found
}

#[test]
fn what_is_bad_is_bad_as_it_says() {
    for case in bad("rror").into_iter().filter(|case| !case.key.contains("GuardDuty/eu")) {
        assert!(case.key.contains("/error/") || case.key.starts_with("ErrorLogs/"), "{}", case.key);
        assert_eq!(case.records, 0);
        let text = String::from_utf8(unpacked(&case)).unwrap();
        assert!(values(&text).iter().all(|value| value["rawData"].is_string()));
    }
    for name in ["/cutOffEvent-", "/garbageLine-"] {
        let text = String::from_utf8(unpacked(&bad(name)[0])).unwrap();
        assert!(serde_json::Deserializer::from_str(&text).into_iter::<Value>().any(|value| value.is_err()));
    }
    assert!(String::from_utf8(unpacked(&bad("/invalidUtf8-")[0])).is_err());
    for name in ["/times-", "/ids-"] {
        let case = bad(name).remove(0);
        assert_eq!(values(&String::from_utf8(unpacked(&case)).unwrap()).len(), case.good);
    }
    let many = String::from_utf8(unpacked(&bad("/manyKeys-")[0])).unwrap();
    assert_eq!(
        values(&many)[0]["detail"]["findings"][0]["UserDefinedFields"].as_object().unwrap().len(),
        5000
    );
    let deep = String::from_utf8(unpacked(&bad("/deepThousand-")[0])).unwrap();
    assert_eq!(deep.matches(r#"{"a":"#).count(), 1000);
}

fn decoded(seed: u64, source: Source, records: u64) -> String {
    let mut out = Vec::new();
    Generator::new(seed, source).object(&mut out, Size::Records(records)).unwrap();
    String::from_utf8(out).unwrap()
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn a_seed_gives_the_same_bytes_for_ever() {
    // Changing a catalogue or the world changes these: then corpora of old results cannot be made again.
    assert_eq!(fnv(decoded(1, Source::GuardDuty, 500).as_bytes()), GUARD_DUTY_OF_SEED_1);
    assert_eq!(fnv(decoded(1, Source::SecurityHub, 500).as_bytes()), SECURITY_HUB_OF_SEED_1);
    assert_ne!(decoded(1, Source::GuardDuty, 50), decoded(2, Source::GuardDuty, 50));
}

const GUARD_DUTY_OF_SEED_1: u64 = 0x8a5b_79ea_9f82_ee74;
const SECURITY_HUB_OF_SEED_1: u64 = 0x322b_b435_ee31_749c;

fn ratio(text: &str) -> f64 {
    let mut packer = GzEncoder::new(Vec::new(), Compression::new(6));
    packer.write_all(text.as_bytes()).unwrap();
    text.len() as f64 / packer.finish().unwrap().len() as f64
}

/// Names what was not filled: `<` begins nothing else in these texts.
fn assert_filled(text: &str) {
    if let Some((_, rest)) = text.split_once('<') {
        panic!("{}", &rest[..60]);
    }
}

#[test]
fn a_guardduty_corpus_looks_real() {
    let text = decoded(1, Source::GuardDuty, 20_000);
    assert_filled(&text);
    let (mut kinds, mut counts, mut ids) = (HashMap::new(), 0, HashSet::new());
    for line in text.lines() {
        let finding: Value = serde_json::from_str(line).unwrap();
        *kinds.entry(finding["type"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        counts += usize::from(finding["service"]["count"] != 1);
        ids.insert(finding["id"].as_str().unwrap().to_owned());
        let severity = finding["severity"].as_f64().unwrap();
        assert!((1.0..=10.0).contains(&severity));
    }
    assert_eq!(kinds.len(), KINDS.len());
    assert!(kinds["Recon:EC2/PortProbeUnprotectedPort"] > 1_000);
    assert!((5_000..7_000).contains(&counts), "{counts} updates");
    assert_eq!(ids.len(), 20_000 - counts);
    let (mean, ratio) = (text.len() / 20_000, ratio(&text));
    assert!((2_200..2_700).contains(&mean) && (7.0..9.5).contains(&ratio), "{mean} bytes, gzip {ratio}");
}

#[test]
fn a_security_hub_corpus_looks_real() {
    let text = decoded(1, Source::SecurityHub, 5_000);
    assert!(!text.contains('\n'));
    assert_filled(&text);
    let (mut products, mut states) = (HashMap::new(), HashMap::new());
    for event in values(&text) {
        assert_eq!(event["detail-type"], "Security Hub Findings - Imported");
        let finding = &event["detail"]["findings"][0];
        let product = finding["ProductArn"].as_str().unwrap().split_once('/').unwrap().1.to_owned();
        *products.entry(product).or_insert(0) += 1;
        *states.entry(finding["Workflow"]["Status"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        assert!(event["time"].as_str() >= finding["UpdatedAt"].as_str().map(|at| &at[..19]));
    }
    assert!(products.len() >= 12 && products["aws/securityhub"] > 2_000, "{products:?}");
    assert!(states["NEW"] > 3_000 && states["RESOLVED"] > 400, "{states:?}");
    let (mean, ratio) = (text.len() / 5_000, ratio(&text));
    assert!((2_700..3_400).contains(&mean) && (8.5..13.0).contains(&ratio), "{mean} bytes, gzip {ratio}");
}

#[test]
fn a_stream_ends_at_the_wanted_size() {
    for source in [Source::GuardDuty, Source::SecurityHub] {
        let mut out = Vec::new();
        let written = Generator::new(5, source).object(&mut out, Size::Bytes(500_000)).unwrap();
        assert_eq!(written.decoded, out.len() as u64);
        assert!((500_000..510_000).contains(&out.len()), "{}", out.len());
        assert_eq!(values(&String::from_utf8(out).unwrap()).len() as u64, written.records);
    }
}

#[test]
fn objects_under_real_keys_hold_one_account_and_region_each() {
    for (source, service) in [(Source::GuardDuty, "GuardDuty"), (Source::SecurityHub, "aws.securityhub")] {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(service);
        let _ = fs::remove_dir_all(&folder);
        let (keys, written) = tree(&folder, 1, source, 6, 20, true).unwrap();
        assert_eq!((keys.len(), written.records), (6, 120));
        for key in &keys {
            let account = key.split('/').nth(1).unwrap();
            assert!(key.contains(&format!("/{service}/")) && key.contains("/2026/03/01/"), "{key}");
            for value in values(&fs::read_to_string(folder.join(key)).unwrap()) {
                let finding =
                    if source == Source::GuardDuty { &value } else { &value["detail"]["findings"][0] };
                let name = if source == Source::GuardDuty { "accountId" } else { "AwsAccountId" };
                assert_eq!(finding[name], account);
            }
        }
    }
}
