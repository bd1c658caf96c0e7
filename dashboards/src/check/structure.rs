//! Types, attributes, versions and references: what an import refuses, or accepts and then cannot resolve.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::objects::{Object, Objects};

/// Types, the version of their form, their attributes (others are refused: the index of saved objects is
/// `dynamic: strict`), and those of them that are JSON as text.
type Form = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);
const META: &str = "kibanaSavedObjectMeta";
const FORMS: [Form; 4] = [
    (
        "dashboard",
        "7.9.3",
        &[
            "title",
            "description",
            "hits",
            "version",
            "panelsJSON",
            "optionsJSON",
            "timeRestore",
            "timeFrom",
            "timeTo",
            "refreshInterval",
            META,
        ],
        &["panelsJSON", "optionsJSON"],
    ),
    ("index-pattern", "7.6.0", &["title", "timeFieldName", "fields", "fieldFormatMap"], &["fields"]),
    ("search", "7.9.3", &["title", "description", "columns", "sort", "hits", "version", META], &[]),
    (
        "visualization",
        "7.10.0",
        &["title", "description", "visState", "uiStateJSON", "version", META],
        &["visState", "uiStateJSON"],
    ),
];

pub(super) fn check(objects: &Objects, found: &mut Vec<String>) {
    let mut titles: BTreeMap<&str, &str> = BTreeMap::new();
    for object in objects.iter() {
        let mut tell = |what: String| found.push(format!("{}: {what}", object.id));
        let Some((_, version, attributes, texts)) = FORMS.iter().find(|form| form.0 == object.kind) else {
            tell(format!("type {} is not one of ours", object.kind));
            continue;
        };
        if !object.id.starts_with("siem-loader-") {
            tell("the id does not say whose it is".to_owned());
        }
        let members: BTreeSet<&str> =
            object.json.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        if members != BTreeSet::from(["attributes", "id", "migrationVersion", "references", "type"]) {
            tell(format!("has the members {members:?}"));
        }
        if object.json.get("migrationVersion") != Some(&serde_json::json!({object.kind.as_str(): version})) {
            tell(format!("migrationVersion is not {version}"));
        }
        for (name, _) in object.json.get("attributes").and_then(Value::as_object).into_iter().flatten() {
            if !attributes.contains(&name.as_str()) {
                tell(format!("attribute {name} would be refused"));
            }
        }
        for text in *texts {
            if object.inner(text).is_null() {
                tell(format!("{text} is no text that holds JSON"));
            }
        }
        if object.kind != "index-pattern" {
            if object.source().is_null() {
                tell("searchSourceJSON is no text that holds JSON".to_owned());
            }
            if object.text("title").is_empty() || object.text("description").is_empty() {
                tell("title or description is missing".to_owned());
            }
        }
        if let Some(other) = titles.insert(object.text("title"), &object.id) {
            tell(format!("has the title of {other}"));
        }
        references(objects, object, &mut tell);
    }
}

/// Names in the JSON and references are the same, and each leads to an object of the file.
fn references(objects: &Objects, object: &Object, tell: &mut dyn FnMut(String)) {
    let mut named = BTreeSet::new();
    for text in ["visState", "panelsJSON"] {
        names(&object.inner(text), &mut named);
    }
    names(&object.source(), &mut named);
    let list = object.json.get("references").and_then(Value::as_array);
    let given: BTreeSet<String> = list
        .into_iter()
        .flatten()
        .filter_map(|one| one.get("name").and_then(Value::as_str))
        .map(str::to_owned)
        .collect();
    for name in named.symmetric_difference(&given) {
        tell(format!("{name} is in the JSON or in the references, but not in both"));
    }
    for name in &given {
        if objects.referred(object, name).is_none() {
            tell(format!("{name} leads to nothing in the file"));
        }
    }
    if object.kind == "index-pattern" && !given.is_empty() {
        tell("the first reference of an index pattern is taken as its data source".to_owned());
    }
}

/// All texts below a value whose name ends in `RefName`.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                match inner.as_str() {
                    Some(text) if name.ends_with("RefName") => {
                        found.insert(text.to_owned());
                    }
                    _ => names(inner, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| names(inner, found)),
        _ => {}
    }
}
