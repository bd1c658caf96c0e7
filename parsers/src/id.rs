//! Document ids: the same record has the same id whether it arrives live, by retry, by replay or by backfill.

use std::sync::LazyLock;

use md5::{Digest, Md5};

/// Longer ids refuse a whole bulk request (OpenSearch: `action_request_validation_exception`). Bytes of UTF-8.
pub const MAX_ID: usize = 512;

/// Appends the id of a record that brings none of its own: MD5 of the object's key, the record's place in the
/// object (and in its envelope) and the record's bytes, as hex. Bucket and version are left out on purpose: they differ between the
/// Log Archive and the Audit account.
pub fn derived(out: &mut Vec<u8>, key: &str, place: u64, part: Option<u32>, record: &[u8]) {
    let mut hash = Md5::new();
    hash.update(key.as_bytes());
    hash.update(place.to_be_bytes());
    if let Some(part) = part {
        hash.update(part.to_be_bytes());
    }
    hash.update(record);
    hex(out, &hash.finalize().into());
}

/// Appends the id for an own id that is longer than [`MAX_ID`]: its MD5 as hex.
pub fn shortened(out: &mut Vec<u8>, id: &str) {
    hex(out, &Md5::digest(id.as_bytes()).into());
}

/// The id that is the MD5 of a text, as hex: es-loader hashes records and parts of them for logs without ids.
#[must_use]
pub fn of_text(text: &str) -> Vec<u8> {
    let mut id = Vec::new();
    shortened(&mut id, text);
    id
}

fn hex(out: &mut Vec<u8>, digest: &[u8; 16]) {
    out.extend_from_slice(&hex_of(*digest));
}

/// A digest as hexadecimal digits.
pub(crate) fn hex_of(digest: [u8; 16]) -> [u8; 32] {
    let (mut hex, digits) = ([0; 32], &*HEX);
    let (pairs, _) = hex.as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(digest) {
        *pair = digits.get(usize::from(byte)).copied().unwrap_or_default();
    }
    hex
}

/// Every byte as two hexadecimal digits.
static HEX: LazyLock<[[u8; 2]; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| {
        let digit = |half: usize| b"0123456789abcdef".get(half & 15).copied().unwrap_or_default();
        [digit(byte >> 4), digit(byte)]
    })
});
