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

/// User agents that are found without a map; a power of two.
const RECENT: usize = 256;

/// A cheap hash. User agents differ anywhere in the text: so it takes all of it.
fn hash(inside: &[u8]) -> u16 {
    let (words, rest) = inside.as_chunks::<8>();
    let mix = |sum: u64, word: u64| (sum.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let sum = words.iter().fold(inside.len() as u64, |sum, word| mix(sum, u64::from_le_bytes(*word)));
    let sum = rest.iter().fold(sum, |sum, byte| sum << 8 ^ sum >> 56 ^ u64::from(*byte));
    (mix(sum, 0) >> 48) as u16
}

/// The cache of one thread: the inside of a JSON string to the finished `"user_agent":{…}`.
#[derive(Debug, Default)]
pub(crate) struct UserAgentCache {
    /// The last of each hash, in front of the maps: their keyed hash of a hundred bytes costs more than the rest
    /// of a look.
    recent: Vec<Recent>,
    young: HashMap<Box<[u8]>, Box<[u8]>>,
    old: HashMap<Box<[u8]>, Box<[u8]>>,
}

/// A user agent and the finished field.
#[derive(Debug, Default)]
struct Recent {
    inside: Vec<u8>,
    done: Vec<u8>,
}

impl UserAgentCache {
    /// Appends `"user_agent":{…}` for a user agent as it stands inside a JSON string.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>, inside: &[u8]) {
        if self.recent.is_empty() {
            self.recent.resize_with(RECENT, Recent::default);
        }
        let place = usize::from(hash(inside)) % RECENT;
        if let Some(recent) = self.recent.get(place)
            && recent.inside == inside
            && !recent.done.is_empty()
        {
            out.extend_from_slice(&recent.done);
            return;
        }
        let start = out.len();
        self.write_known(out, inside);
        if inside.len() <= CACHED_LEN
            && let (Some(recent), Some(done)) = (self.recent.get_mut(place), out.get(start..))
        {
            recent.inside.clear();
            recent.inside.extend_from_slice(inside);
            recent.done.clear();
            recent.done.extend_from_slice(done);
        }
    }

    fn write_known(&mut self, out: &mut Vec<u8>, inside: &[u8]) {
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
