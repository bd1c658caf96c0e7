//! Parsed user agents by their text.
//!
//! An estate has a few thousand user agents, but callers choose them: so the cache is bounded. It has two
//! generations: what is used moves to the young one; when that is full it becomes the old one, and what was not
//! used meanwhile is forgotten. Frequent user agents stay, a flood of new ones costs time and no memory.

use std::collections::HashMap;

use crate::{
    document::{member, raw_member},
    json::text,
    user_agent::UserAgentParser,
};

/// Entries of one generation.
const ENTRIES: usize = 2048;
/// Longer user agents are parsed each time. Bytes; so one generation holds at most 2 MiB of them.
const CACHED_LEN: usize = 1024;

/// The cache of one thread: the inside of a JSON string to the finished `"user_agent":{…}`.
#[derive(Debug, Default)]
pub(crate) struct UserAgentCache {
    young: HashMap<Box<[u8]>, Box<[u8]>>,
    old: HashMap<Box<[u8]>, Box<[u8]>>,
}

impl UserAgentCache {
    /// Appends `"user_agent":{…}` for a user agent as it stands inside a JSON string.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>, inside: &[u8]) {
        if let Some(done) = self.young.get(inside) {
            out.extend_from_slice(done);
            return;
        }
        let done = match self.old.remove(inside) {
            Some(done) => done,
            None => render(inside).into_boxed_slice(),
        };
        out.extend_from_slice(&done);
        if inside.len() <= CACHED_LEN {
            if self.young.len() >= ENTRIES {
                self.old = std::mem::take(&mut self.young);
            }
            self.young.insert(inside.into(), done);
        }
    }
}

/// The fields that es-loader writes, with its literal dots.
fn render(inside: &[u8]) -> Vec<u8> {
    let parsed = UserAgentParser::shared().parse(&text::unescape(inside));
    let mut out = b"\"user_agent\":{".to_vec();
    // What was not percent-encoded is written back as it came, also lone surrogates.
    if memchr::memmem::find(inside, b"%20").is_some() {
        member(&mut out, "original", parsed.original.as_bytes());
    } else {
        raw_member(&mut out, "original", inside);
    }
    let fields = [
        ("name", Some(&parsed.name)),
        ("version", parsed.version.as_ref()),
        ("os.name", Some(&parsed.os_name)),
        ("os.full", Some(&parsed.os_full)),
        ("os.version", parsed.os_version.as_ref()),
        ("device.name", Some(&parsed.device_name)),
    ];
    for (name, value) in fields {
        if let Some(value) = value.filter(|v| !matches!(v.as_str(), "" | "-" | "null" | "[]")) {
            out.push(b',');
            member(&mut out, name, value.as_bytes());
        }
    }
    out.push(b'}');
    out
}
