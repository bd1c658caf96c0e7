//! Values that no mapping expects.

use serde_json::{Value, json};

/// A hostile value.
pub(super) struct Shape {
    pub(super) value: Value,
    /// Its text is one short value at the place itself, which a search must find.
    pub(super) searchable: bool,
}

/// Makes a value that holds a text found nowhere else.
pub(super) type Make = fn(&str) -> Shape;

fn plain(value: Value) -> Shape {
    Shape { value, searchable: false }
}

/// Shapes for every place; the heavy ones only where asked.
pub(super) fn shapes(heavy: bool) -> Vec<Make> {
    let mut all: Vec<Make> = vec![
        |token| Shape { value: json!(token), searchable: true },
        |token| Shape { value: json!([token, "second"]), searchable: true },
        |_| plain(json!(7)),
        |_| plain(json!(-3.25)),
        |_| plain(json!(u64::MAX)),
        |_| plain(json!(i64::MIN)),
        |_| plain(json!(1.7e308)),
        |_| plain(json!(true)),
        |_| plain(json!(null)),
        |_| plain(json!("")),
        |_| plain(json!([])),
        |_| plain(json!({})),
        |_| plain(json!([null, "", [], {}])),
        |token| plain(json!({ "below": token })),
        |token| plain(json!([{ "below": token }, "text", 5, [token]])),
        |token| plain(json!([[[token]]])),
        |token| plain(json!({ "": token, ".": 1, "a..b": 2, " ": 3, "x.": 4, "\u{0}": 5, "_id": 6 })),
        |token| plain(json!({ "a": token, "a.b": 1 })),
        |token| plain(json!(format!("2026-99-99T{token}"))),
        |_| plain(json!("300.1.2.3")),
        |_| plain(json!("10.0.0.0/8")),
        |_| plain(json!("fe80::1%eth0")),
        |_| plain(json!("2026-02-30")),
        |_| plain(json!("yes")),
        |_| plain(json!("1e999")),
        |_| plain(json!("línea\nzwei\t\u{1}\u{7f}\u{2028}\u{feff}\u{1f4a9}")),
        |token| plain(json!(format!("{token}{}", "x".repeat(40_000)))),
        |token| plain(json!([format!("{token}{}", "é".repeat(20_000))])),
    ];
    if heavy {
        let more: [Make; 5] = [
            |token| plain(nested(token, 1000, false)),
            |token| plain(nested(token, 1000, true)),
            |token| plain(nested(token, 390, false)),
            |token| {
                let names = (0..5000).map(|at| (format!("{token}k{at}"), json!(at)));
                plain(Value::Object(names.collect()))
            },
            |token| plain(json!({ "k".repeat(40_000): token })),
        ];
        all.extend(more);
    }
    all
}

/// A value in so many objects or lists.
fn nested(token: &str, depth: usize, lists: bool) -> Value {
    (0..depth).fold(json!(token), |inner, _| if lists { json!([inner]) } else { json!({ "d": inner }) })
}

/// Puts a value at a dotted path; what stands in the way is replaced.
pub(super) fn put_at(record: &mut Value, path: &str, value: Value) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    if let (Value::Array(list), Ok(at)) = (&mut *record, first.parse::<usize>()) {
        return put_at(&mut list[at], rest.unwrap(), value);
    }
    if let Value::Array(list) = record
        && let Some(element) = list.first_mut().filter(|e| e.is_object())
    {
        return put_at(element, path, value);
    }
    if !record.is_object() {
        *record = json!({});
    }
    let members = record.as_object_mut().unwrap();
    match rest {
        None => drop(members.insert(first.to_owned(), value)),
        Some(rest) => put_at(members.entry(first).or_insert(json!({})), rest, value),
    }
}
