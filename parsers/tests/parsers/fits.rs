//! Whether a document is what the templates take: for any log.

use serde_json::Value;
use siem_parsers::{address, schema::BASE_TEMPLATE, source::LogType, time::Instant};

/// Looks at every typed field of a document and panics where a value is of another type. `loose` names fields
/// at which other text may stand, kept and not indexed.
pub(crate) fn check(log_type: &LogType, doc: &Value, loose: &[&str]) {
    let properties = |template: &str| {
        let template: Value = serde_json::from_str(template).unwrap();
        template.pointer("/template/mappings/properties").unwrap().clone()
    };
    let (base, own) = (properties(BASE_TEMPLATE), properties(log_type.template.component));
    for (name, value) in doc.as_object().unwrap() {
        if let Some(mapping) = base.get(name) {
            field(name, mapping, value, true, loose);
        } else if let Some(mapping) = own.get(name) {
            field(name, mapping, value, false, loose);
        }
    }
}

/// `ours` says that the writer makes the value, so that it must be right and not only of the right kind.
fn field(path: &str, mapping: &Value, value: &Value, ours: bool, loose: &[&str]) {
    if let Some(list) = value.as_array() {
        return list.iter().filter(|v| !v.is_null()).for_each(|v| field(path, mapping, v, ours, loose));
    }
    let text = value.as_str().unwrap_or_default();
    let fits = match mapping["type"].as_str().unwrap() {
        "object" => {
            if let Some(members) = value.as_object() {
                for (name, below) in members {
                    // `user_agent` has dotted keys, as es-loader writes them.
                    if let Some(mapping) = mapping["properties"].get(name) {
                        field(&format!("{path}.{name}"), mapping, below, ours, loose);
                    }
                }
            }
            value.is_object()
        }
        "flat_object" => value.is_object(),
        "keyword" | "match_only_text" => !(value.is_object() || ours && value.is_number()),
        "long" => value.is_i64() || (!ours && value.is_number()),
        "double" => value.is_number(),
        "boolean" => value.is_boolean() || text == "true" || text == "false",
        "date" => value.is_string() && (!ours || Instant::parse(text.as_bytes()).is_some()),
        "ip" => value.is_string() && (!ours || address::is_ip(text.as_bytes())),
        "geo_point" => {
            let degrees = |name: &str| value[name].as_f64().map(f64::abs);
            degrees("lat").is_some_and(|d| d <= 90.0) && degrees("lon").is_some_and(|d| d <= 180.0)
        }
        other => panic!("no check for the type {other} of {path}"),
    };
    assert!(
        fits || (loose.contains(&path) && value.is_string()),
        "{path}: {value} is no {}",
        mapping["type"]
    );
}
