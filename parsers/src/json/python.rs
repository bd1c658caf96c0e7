//! JSON as Python's `json.dumps(value, ensure_ascii=False)` writes it: es-loader makes the ids of records that bring none of
//! their own from that text, and not from the bytes that were delivered.

use super::{tape::Kind, text, write::Record};

/// Appends a value.
///
/// Not followed: the place of a key that comes twice (Python keeps that of the first).
pub fn dumps(out: &mut Vec<u8>, record: &Record<'_>, node: usize) {
    match record.kind(node) {
        Some(Kind::Object) => {
            out.push(b'{');
            for (place, (key, value)) in record.tape.members(node).enumerate() {
                between(out, place);
                string(out, record.bytes(key));
                out.extend_from_slice(b": ");
                dumps(out, record, value);
            }
            out.push(b'}');
        }
        Some(Kind::Array) => {
            out.push(b'[');
            for (place, element) in record.tape.elements(node).enumerate() {
                between(out, place);
                dumps(out, record, element);
            }
            out.push(b']');
        }
        Some(Kind::String | Kind::Key) => string(out, record.bytes(node)),
        Some(Kind::Number) => number(out, record.bytes(node)),
        Some(Kind::True | Kind::False | Kind::Null | Kind::Opaque) => {
            out.extend_from_slice(record.bytes(node));
        }
        None => {}
    }
}

fn between(out: &mut Vec<u8>, place: usize) {
    if place > 0 {
        out.extend_from_slice(b", ");
    }
}

/// Appends a string from the inside of a JSON string.
fn string(out: &mut Vec<u8>, inside: &[u8]) {
    out.push(b'"');
    if text::find_special(inside, 0).is_none() {
        out.extend_from_slice(inside);
    } else {
        for byte in text::unescape(inside).bytes() {
            match byte {
                b'"' => out.extend_from_slice(b"\\\""),
                b'\\' => out.extend_from_slice(b"\\\\"),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                0x08 => out.extend_from_slice(b"\\b"),
                0x0c => out.extend_from_slice(b"\\f"),
                0..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
                _ => out.push(byte),
            }
        }
    }
    out.push(b'"');
}

/// Appends a number: integers with all their digits, others as Python's `repr` of a float.
fn number(out: &mut Vec<u8>, written: &[u8]) {
    if written.iter().all(|b| b.is_ascii_digit() || *b == b'-') {
        out.extend_from_slice(if written == b"-0" { b"0" } else { written });
        return;
    }
    match std::str::from_utf8(written).ok().and_then(|text| text.parse::<f64>().ok()) {
        Some(float) => out.extend_from_slice(repr(float).as_bytes()),
        None => out.extend_from_slice(written),
    }
}

/// Exponents for which Python's `repr` writes no exponent.
const PLAIN_EXPONENTS: std::ops::Range<i32> = -4..16;

/// A float as Python's `repr`: the fewest digits that give the same float, which Rust finds too, laid out otherwise.
fn repr(float: f64) -> String {
    if float.is_infinite() {
        return if float > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let scientific = format!("{float:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if PLAIN_EXPONENTS.contains(&exponent) {
        // `{:?}` would leave out nothing: `1.0`, but has another idea of when to use an exponent.
        let plain = format!("{float}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::tape::Tape;

    /// As Python 3 writes them.
    #[test]
    #[allow(clippy::unwrap_used, reason = "a test may fail")]
    fn values_are_written_as_python_writes_them() {
        for (json, python) in [
            (r#"{"a":1,"b":[1,2],"c":{},"d":[]}"#, r#"{"a": 1, "b": [1, 2], "c": {}, "d": []}"#),
            (r#"{ "a" : null,"b":true , "c":false}"#, r#"{"a": null, "b": true, "c": false}"#),
            (
                r#"["é","\u00e9","\/","\"\\","\n\r\t\b\f","\u0000\u001f\u007f"]"#,
                "[\"é\", \"é\", \"/\", \"\\\"\\\\\", \"\\n\\r\\t\\b\\f\", \"\\u0000\\u001f\u{7f}\"]",
            ),
            (
                "[-0,0,12345678901234567890,-0.0,1.0,1.10,1e5,1E15,1e16,123456789012345680.0,1e-4,1.5e-5,0.1]",
                "[0, 0, 12345678901234567890, -0.0, 1.0, 1.1, 100000.0, 1000000000000000.0, 1e+16, 1.2345678901234568e+17, 0.0001, 1.5e-05, 0.1]",
            ),
            (r#"{"\u0061":"😀","":""}"#, r#"{"a": "😀", "": ""}"#),
        ] {
            let mut tape = Tape::default();
            tape.read(json.as_bytes(), 0).unwrap();
            let mut out = Vec::new();
            dumps(&mut out, &Record { json: json.as_bytes(), tape: &tape }, 0);
            assert_eq!(String::from_utf8(out).unwrap(), python);
        }
    }
}
