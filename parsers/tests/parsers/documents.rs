//! Documents of random records against `serde_json`: nothing is lost, nothing is refused.

use proptest::prelude::*;
use serde_json::{Map, Value};
use siem_parsers::split::Limits;

use crate::{
    records::{long_record, record},
    support::{KEY, Loaded, cases, context_of, envelope, load, load_in},
};

/// A step from a value to one below it.
#[derive(Debug, Clone)]
enum Step {
    Key(String),
    Element,
}

/// What es-loader leaves of a value: no empty members of objects.
fn cleaned(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(s) => (!matches!(s.as_str(), "" | "-" | "null" | "[]")).then(|| value.clone()),
        Value::Array(list) if list.is_empty() || list[..] == [Value::from("")] => None,
        Value::Array(list) => Some(list.iter().map(in_list).collect()),
        Value::Object(members) => {
            let kept: Map<String, Value> =
                members.iter().filter_map(|(k, v)| Some((k.clone(), cleaned(v)?))).collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        other => Some(other.clone()),
    }
}

/// Elements of lists stay, cleaned.
fn in_list(value: &Value) -> Value {
    match value {
        Value::Object(_) => cleaned(value).unwrap_or_else(|| Value::Object(Map::new())),
        Value::Array(list) => list.iter().map(in_list).collect(),
        other => other.clone(),
    }
}

/// Every leaf with its path.
fn leaves(value: &Value, path: &mut Vec<Step>, found: &mut Vec<(Vec<Step>, Value)>) {
    match value {
        Value::Object(members) => {
            for (key, below) in members {
                path.push(Step::Key(key.clone()));
                leaves(below, path, found);
                path.pop();
            }
        }
        Value::Array(list) => {
            path.push(Step::Element);
            for below in list {
                leaves(below, path, found);
            }
            path.pop();
        }
        leaf => found.push((path.clone(), leaf.clone())),
    }
}

/// Whether a written leaf is that of the record: cut where it is long, text where the number is too big.
fn same(written: &Value, leaf: &Value) -> bool {
    match (written, leaf) {
        (Value::String(text), Value::String(whole)) => {
            let kept = text.strip_suffix("<<TRUNCATED>>").unwrap_or(text);
            text == whole || (kept.len() > 24_000 && whole.starts_with(kept))
        }
        (Value::String(text), Value::Number(_)) => {
            serde_json::from_str(text).is_ok_and(|n: Value| n == *leaf)
        }
        _ => written == leaf,
    }
}

/// Whether a leaf stands at its path below a value. Odd keys have other names, which hold a `_`; what is too deep
/// is the text of its container.
fn stands(value: &Value, path: &[Step], leaf: &Value) -> bool {
    let Some((step, rest)) = path.split_first() else { return same(value, leaf) };
    match (value, step) {
        (Value::String(text), _) => text.starts_with(['{', '[']),
        (Value::Object(members), Step::Key(key)) => {
            members.get(key).is_some_and(|below| stands(below, rest, leaf))
                || members
                    .iter()
                    .any(|(k, below)| (k.contains('_') || key.len() > 256) && stands(below, rest, leaf))
        }
        (Value::Array(list), Step::Element) => list.iter().any(|below| stands(below, rest, leaf)),
        _ => false,
    }
}

/// Containers from here down: objects, and all.
fn depth(value: &Value) -> (usize, usize) {
    let deepest = |values: &mut dyn Iterator<Item = &Value>| {
        values.map(depth).fold((0, 0), |a, b| (a.0.max(b.0), a.1.max(b.1)))
    };
    match value {
        Value::Object(members) => {
            let (objects, all) = deepest(&mut members.values());
            (objects + 1, all + 1)
        }
        Value::Array(list) => {
            let (objects, all) = deepest(&mut list.iter());
            (objects, all + 1)
        }
        _ => (0, 0),
    }
}

/// The longest `path=value` of a `flat_object`, as bytes of a Lucene term.
fn longest_term(value: &Value, path: usize) -> usize {
    match value {
        Value::Object(members) => {
            members.iter().map(|(k, v)| longest_term(v, path + 1 + k.len())).max().unwrap_or(0)
        }
        Value::Array(list) => list.iter().map(|v| longest_term(v, path)).max().unwrap_or(0),
        Value::String(text) => path + 1 + text.len(),
        other => path + 1 + other.to_string().len(),
    }
}

fn check_names(loaded: &Loaded) {
    for doc in &loaded.docs {
        let (id, index) = (doc.id(), doc.index());
        assert!(!id.is_empty() && id.len() <= 512, "{id}");
        let month = index.strip_prefix("log-aws-cloudtrail-").unwrap();
        let digits = |from: usize, to: usize| month.as_bytes()[from..to].iter().all(u8::is_ascii_digit);
        let dated = month.len() == 7 && digits(0, 4) && &month[4..5] == "-" && digits(5, 7);
        assert!(dated || month == "undated", "{index}");
    }
}

fn check(record: &str) {
    // `load` checks that lines are lines of JSON in which no key comes twice and all numbers fit.
    let loaded = load(envelope(&[record]));
    check_names(&loaded);
    let doc = loaded.one().json();
    assert_eq!(doc["@message"], record, "the message is the record as delivered");
    let flat = &doc["siem"]["flat"];
    let (objects, all) = depth(flat);
    // Two objects are above it; lists of typed objects may come between.
    assert!(objects + 2 <= 20 && all + 2 <= 24, "{objects} objects, {all} containers: {record}");
    let term = longest_term(flat, "siem.flat".len());
    assert!(term <= 32_766, "a term of {term} bytes: {record}");
    // Without NaN and 1e400, the record can be read by others.
    let Ok(whole) = serde_json::from_str::<Value>(record) else { return };
    let mut all = Vec::new();
    leaves(&cleaned(&whole).unwrap_or_default(), &mut Vec::new(), &mut all);
    for (path, leaf) in all.iter().filter(|(path, _)| !path.is_empty()) {
        assert!(stands(&doc, path, leaf) || stands(flat, path, leaf), "{path:?} {leaf} of {record} in {doc}");
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn every_leaf_of_a_record_is_in_its_document(record in record()) {
        check(&record);
    }
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn long_texts_are_cut_to_terms(record in long_record()) {
        check(&record);
    }

    #[test]
    fn a_deep_long_path_leaves_room_for_a_value(
        keys in prop::collection::vec("[a-z]{1,3}|[a-z]{200,256}|é{100,140}", 1..30),
        len in 20_000usize..34_000,
    ) {
        let open: String = keys.iter().map(|k| format!("{{\"{k}\":")).collect();
        let value = format!("{open}\"{}\"{}", "v".repeat(len), "}".repeat(keys.len()));
        check(&format!("{{\"requestParameters\":{value}}}"));
        check(&format!("{{\"insightDetails\":{{\"insightContext\":{{\"statistics\":{{\"baseline\":{value}}}}}}}}}"));
        check(&format!("{{\"resources\":[{value}]}}"));
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn the_same_record_has_the_same_id_and_index_in_every_object(
        record in record(),
        time in prop::sample::select(vec!["2024-01-31T23:30:00-01:00", "1999-01-01T00:00:00Z", "x", ""]),
    ) {
        let record = record.replacen('{', &format!("{{\"eventID\":\"e\",\"eventTime\":\"{time}\","), 1);
        let record = record.replace(",}", "}");
        let one = load(envelope(&[record.as_str()]));
        let behind = load(envelope(&["{}", "1", record.as_str()]));
        check_names(&one);
        if let (Some(a), Some(b)) = (one.docs.first(), behind.docs.last()) {
            prop_assert_eq!(a.index(), b.index());
            if a.id() == "e" {
                prop_assert_eq!(b.id(), "e");
            }
        }
    }

    #[test]
    fn any_bytes_in_a_list_give_valid_lines(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check_names(&load(envelope(&[&bytes])));
    }

    #[test]
    fn any_json_like_bytes_give_valid_lines(bytes in "([{}\\[\\]\",:\\\\0-9aeu. \n\u{1}é-]|\"a\":|\\\\u00|\\{\"|\"\\},){0,60}") {
        let loaded = load_in(&context_of(KEY), &envelope(&[bytes.as_bytes()]), Limits::default(), &[64]);
        check_names(&loaded);
    }
}
