//! Nested objects of a document, written straight into its bytes: no tree, and nothing where nothing is in them.
//!
//! Texts are given as they stand inside a JSON string.

use crate::{document::raw_member, shape::separate};

/// Appends `"name":{…}` with what `write` puts there; nothing where that is nothing.
pub(crate) fn object(out: &mut Vec<u8>, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
    let before = out.len();
    key(out, name);
    out.push(b'{');
    let opened = out.len();
    write(out);
    if out.len() == opened {
        out.truncate(before);
    } else {
        out.push(b'}');
    }
}

/// Appends `"name":"…"`, if there is a text. Names are constants: inlined, their copies are a few instructions and no
/// calls.
#[inline(always)]
pub(crate) fn text(out: &mut Vec<u8>, name: &str, inside: Option<&[u8]>) {
    if let Some(inside) = inside.filter(|inside| !inside.is_empty()) {
        separate(out);
        raw_member(out, name, inside);
    }
}

/// Appends `"name":…` with any JSON, if there is some.
pub(crate) fn json(out: &mut Vec<u8>, name: &str, value: Option<&[u8]>) {
    if let Some(value) = value {
        key(out, name);
        out.extend_from_slice(value);
    }
}

/// Appends `"name":["…",…]`, if there are texts.
pub(crate) fn list<T: AsRef<[u8]>>(out: &mut Vec<u8>, name: &str, texts: &[T]) {
    if texts.is_empty() {
        return;
    }
    key(out, name);
    out.push(b'[');
    for inside in texts {
        separate(out);
        out.push(b'"');
        out.extend_from_slice(inside.as_ref());
        out.push(b'"');
    }
    out.push(b']');
}

/// Appends `"name":`, behind a comma where a member stands before it.
#[inline(always)]
fn key(out: &mut Vec<u8>, name: &str) {
    separate(out);
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}
