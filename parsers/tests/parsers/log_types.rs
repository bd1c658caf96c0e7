//! The table of logs: what all of its lines must have, so that a new one cannot be half there.

use std::collections::BTreeSet;

use serde_json::Value;
use siem_parsers::{
    recognise::Head,
    schema::{BASE_TEMPLATE, Fields},
    source::{self, LOG_TYPES, Layout, LogType},
    split::Limits,
};

use crate::support::{context_for, load_type};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// Every `properties` object of a mapping, with the path to it.
fn objects<'v>(mapping: &'v Value, path: &str, found: &mut Vec<(String, &'v Value)>) {
    let Some(properties) = mapping.get("properties") else { return };
    found.push((path.to_owned(), mapping));
    for (name, below) in properties.as_object().unwrap() {
        objects(below, &format!("{path}.{name}"), found);
    }
}

#[test]
fn names_are_unique_and_found_again() {
    let names: BTreeSet<&str> = LOG_TYPES.iter().map(|log| log.name).collect();
    let templates: BTreeSet<&str> = LOG_TYPES.iter().map(|log| log.template.name).collect();
    assert_eq!((names.len(), templates.len()), (LOG_TYPES.len(), LOG_TYPES.len()));
    for log in LOG_TYPES {
        assert!(
            log.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{}",
            log.name
        );
        assert!(std::ptr::eq(LogType::named(log.name).unwrap(), *log), "{}", log.name);
    }
}

#[test]
fn every_log_has_a_template_of_ours_for_indices_of_its_own() {
    let mut patterns = BTreeSet::new();
    for log in LOG_TYPES {
        let template = log.template;
        assert_eq!(template.name, format!("siem-loader-{}", log.name));
        for (text, what) in [(template.component, "component"), (template.index, "index")] {
            let body = json(text);
            let meta = &body["_meta"];
            assert_eq!(meta["managed_by"], "siem-loader", "{}, {what}", log.name);
            assert_eq!(meta["version"], body["version"], "{}, {what}", log.name);
            assert!(meta["version"].as_u64().unwrap() > 0);
            assert!(meta["description"].as_str().unwrap().ends_with('.'), "{}, {what}", log.name);
        }
        let index = json(template.index);
        assert_eq!(texts(&index["composed_of"]), ["siem-loader-base", template.name]);
        assert_eq!(index["priority"], 100);
        for pattern in texts(&index["index_patterns"]) {
            let prefix = pattern.strip_suffix('*').unwrap();
            assert!(
                prefix.starts_with("log-aws-") && prefix.ends_with('-') && !prefix.contains('*'),
                "{pattern}"
            );
            assert!(patterns.insert(prefix.to_owned()), "{pattern} twice");
        }
    }
    for one in &patterns {
        let others = patterns.iter().filter(|other| *other != one);
        assert!(others.clone().all(|other| !other.starts_with(one)), "an index of two templates: {one}");
    }
}

/// An object with one record that has nothing in it.
fn least(log: &LogType) -> Vec<u8> {
    match log.layout {
        Layout::ListUnder(list) => format!(r#"{{"{list}":[{{}}]}}"#).into_bytes(),
        Layout::Values { .. } => b"{}".to_vec(),
        Layout::Lines { .. } => {
            b"2 111122223333 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 1 1772323200 1772323260 ACCEPT OK\n".to_vec()
        }
    }
}

#[test]
fn documents_go_to_the_indices_that_the_template_is_for() {
    for log in LOG_TYPES {
        let key = format!("AWSLogs/111122223333/{}/eu-central-1/2026/03/01/x", log.marks.services[0]);
        let loaded = load_type(log, &context_for(log, &key), &least(log), Limits::default(), &[]);
        let index = loaded.docs.first().unwrap_or_else(|| panic!("no document of {}", log.name)).index();
        let month = texts(&json(log.template.index)["index_patterns"])
            .iter()
            .find_map(|pattern| index.strip_prefix(pattern.strip_suffix('*')?).map(str::to_owned));
        assert_eq!(month.as_deref(), Some("2026-03"), "{index} of {}", log.name);
    }
}

#[test]
fn component_templates_type_fields_safely_and_none_of_the_documents_own() {
    let base = Fields::from_component_template(BASE_TEMPLATE);
    for log in LOG_TYPES {
        let body = json(log.template.component);
        let mappings = &body["template"]["mappings"];
        let mut found = Vec::new();
        objects(mappings, log.name, &mut found);
        for (path, object) in found {
            for (name, field) in object["properties"].as_object().unwrap() {
                match field.get("properties") {
                    Some(_) => assert_eq!(field["dynamic"], false, "{path}.{name}"),
                    None if field["type"] == "keyword" => {
                        assert_eq!(field["ignore_above"], 8191, "{path}.{name}");
                    }
                    None => {
                        let known =
                            ["long", "double", "boolean", "date", "ip", "geo_point", "match_only_text"];
                        assert!(known.contains(&field["type"].as_str().unwrap()), "{path}.{name}");
                    }
                }
            }
        }
        let fields = Fields::from_component_template(log.template.component);
        assert!(fields.names().count() > 0, "{}", log.name);
        for name in fields.names() {
            let name = std::str::from_utf8(name).unwrap();
            // `source.…` of the record may be the document's `source` in logs that write ECS names themselves.
            assert!(!name.contains('.') && !name.starts_with(['_', '@']), "{}: {name}", log.name);
            if let Some(field) = base.get(name.as_bytes()) {
                assert_ne!(field.fields.names().count(), 0, "{}: {name} is the document's own", log.name);
            }
        }
    }
}

#[test]
fn no_mark_is_that_of_two_logs() {
    for (at, log) in LOG_TYPES.iter().enumerate() {
        let all = |log: &LogType| -> BTreeSet<&str> {
            let marks = &log.marks;
            let named = marks.services.iter().chain(marks.folders).chain(marks.files).copied();
            named.chain(marks.not_loaded.iter().map(|(name, _)| *name)).collect()
        };
        let own = all(log);
        assert!(!own.is_empty(), "{}", log.name);
        for other in &LOG_TYPES[at + 1..] {
            let both: Vec<_> = own.intersection(&all(other)).copied().collect();
            assert_eq!(both, [""; 0], "{} and {}", log.name, other.name);
        }
    }
}

#[test]
fn a_key_with_a_service_folder_is_that_of_its_log() {
    for log in LOG_TYPES {
        for service in log.marks.services {
            let key = format!("AWSLogs/111122223333/{service}/eu-central-1/2026/03/01/x");
            assert_eq!(source::read_key(&key).log_type, Some(log.name), "{key}");
        }
    }
}

#[test]
fn nothing_looks_like_no_log() {
    for bytes in ["", "{}", "[]", "[{}]", "{\"a\":1}", "hello", "\u{0}", r#"{"message":"hello"}"#] {
        for log in LOG_TYPES {
            assert!(!(log.looks_like)(&Head::of(bytes.as_bytes())), "{}: {bytes}", log.name);
        }
    }
}
