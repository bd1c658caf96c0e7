//! A document being written: the parts that every log has.

use std::ops::Range;

use super::Place;
use crate::{
    document::{ACTION_CLOSE, ACTION_OPEN, Item, ItemKind, Profile, Rendered, STATE_OPEN, decimal, put},
    id,
    json::{text, write::Record},
    time::two_digits,
    when::When,
};

/// Index of the current state of findings.
pub const STATE_INDEX: &str = "siem-findings-current";

/// A document of which the action line is written.
#[derive(Debug)]
pub struct Draft<'o> {
    rendered: &'o mut Rendered,
    start: usize,
    source: usize,
    /// `,"@message":"…"`
    message: Range<usize>,
}

/// Where a finished document stands.
#[derive(Debug, Clone)]
pub struct Finished {
    source: Range<usize>,
    message: Range<usize>,
    ordinal: u64,
}

impl<'o> Draft<'o> {
    /// Begins a document of the index `index` + month; `id` as it stands inside a JSON string.
    pub fn begin(rendered: &'o mut Rendered, index: &str, place: &Place<'_>, when: &When, id: &[u8]) -> Self {
        let out = &mut rendered.bytes;
        let start = out.len();
        put!(out, ACTION_OPEN, b"\"_index\":\"", index.as_bytes());
        if let Some(mark) = &place.object.index_mark {
            put!(out, mark.as_bytes(), b"-");
        }
        match when.month {
            Some((year, month)) => {
                let mut text = *b"0000-00";
                for (place, number) in [(0, year / 100), (2, year % 100), (5, month)] {
                    two_digits(&mut text, place, number);
                }
                out.extend_from_slice(&text);
            }
            None => out.extend_from_slice(b"undated"),
        }
        put!(out, b"\",\"_id\":\"", id, b"\"", ACTION_CLOSE);
        let source = out.len();
        out.push(b'{');
        Self { rendered, start, source, message: source..source }
    }

    /// Where its members are written; they are separated by commas, see [`crate::shape::separate`].
    #[inline]
    pub fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.rendered.bytes
    }

    /// Writes `@message`: the record as delivered, where the profile has it.
    pub fn message(&mut self, place: &Place<'_>, text: &[u8]) {
        if !place.object.profile.keeps(text) {
            return;
        }
        let out = &mut self.rendered.bytes;
        let begin = out.len();
        crate::shape::separate(out);
        out.extend_from_slice(b"\"@message\":\"");
        text::escape_into(out, text);
        out.push(b'"');
        self.message = begin..out.len();
    }

    /// Writes what is the same in all documents of the object, `@id` and `@timestamp`; behind [`Self::message`]. `id` is
    /// that of the document, so a lean one has it in `_id` only.
    #[inline]
    pub fn common(&mut self, place: &Place<'_>, id: &[u8], when: &When) {
        let out = &mut self.rendered.bytes;
        crate::shape::separate(out);
        put!(out, &place.object.head);
        if place.object.profile == Profile::Full {
            put!(out, b",\"@id\":\"", id, b"\"");
        }
        when.write_timestamp(out);
    }

    /// As [`Self::common`], under another name than that of the log type.
    pub fn common_as(&mut self, log_type: &str, place: &Place<'_>, id: &[u8], when: &When) {
        let out = &mut self.rendered.bytes;
        crate::shape::separate(out);
        put!(out, b"\"@log_type\":\"", log_type.as_bytes(), b"\"");
        put!(out, place.object.head_without_log_type(), b",\"@id\":\"", id, b"\"");
        when.write_timestamp(out);
    }

    /// Writes `siem`: provenance, what is odd, members of its own (each with a comma in front), and the fields
    /// without a type.
    pub fn siem(&mut self, place: &Place<'_>, notes: &[&str], more: &[u8], flat: &[u8]) {
        let out = &mut self.rendered.bytes;
        put!(out, b",\"siem\":{", &place.object.siem, b",\"ordinal\":");
        decimal(out, i64::try_from(place.ordinal).unwrap_or(i64::MAX), 1);
        if let Some(part) = place.part {
            out.extend_from_slice(b",\"part\":");
            decimal(out, i64::from(part), 1);
        }
        if !notes.is_empty() {
            out.extend_from_slice(b",\"notes\":[\"");
            for (at, note) in notes.iter().enumerate() {
                put!(out, if at == 0 { b"" } else { b"\",\"" }, note.as_bytes());
            }
            out.extend_from_slice(b"\"]");
        }
        out.extend_from_slice(more);
        if !flat.is_empty() {
            put!(out, b",\"flat\":{", flat, b"}");
        }
        out.push(b'}');
    }

    /// Ends the document.
    pub fn finish(self, place: &Place<'_>, when: &When) -> Finished {
        let Self { rendered, start, source, message } = self;
        rendered.bytes.extend_from_slice(b"}\n");
        let end = rendered.bytes.len();
        let ordinal = place.ordinal;
        rendered.close(ordinal, start, source, when.event);
        Finished { source: source..end, message, ordinal }
    }
}

impl Finished {
    /// Writes the same document, without `@message`, as the current state of a finding: OpenSearch keeps the one with
    /// the highest version. `id` as it stands inside a JSON string.
    pub fn state(&self, rendered: &mut Rendered, place: &Place<'_>, id: &[u8], version: u64) {
        let out = &mut rendered.bytes;
        let start = out.len();
        put!(out, STATE_OPEN, b"\"_index\":\"", STATE_INDEX.as_bytes());
        if let Some(mark) = &place.object.index_mark {
            put!(out, b"-", mark.as_bytes());
        }
        put!(out, b"\",\"_id\":\"", id);
        out.extend_from_slice(b"\",\"version\":");
        decimal(out, i64::try_from(version).unwrap_or(i64::MAX), 1);
        put!(out, b",\"version_type\":\"external\"", ACTION_CLOSE);
        let source = out.len();
        // Where `@message` came first, the comma behind it goes with it.
        let first = self.message.start == self.source.start + 1;
        out.extend_from_within(self.source.start..self.message.start);
        out.extend_from_within(self.message.end + usize::from(first)..self.source.end);
        let end = out.len();
        rendered.items.push(Item { ordinal: self.ordinal, start, source, end, kind: ItemKind::State });
    }
}

/// A `_id` that OpenSearch takes, from the inside of a JSON string: too long ones are hashed.
#[must_use]
pub fn fitting_id(inside: std::borrow::Cow<'_, [u8]>) -> std::borrow::Cow<'_, [u8]> {
    if inside.len() <= id::MAX_ID {
        return inside;
    }
    let text = text::unescape(&inside);
    if text.len() <= id::MAX_ID {
        return inside;
    }
    let mut hash = Vec::new();
    id::shortened(&mut hash, &text);
    hash.into()
}

/// The `_id` of a record that brings none of its own.
#[must_use]
pub fn derived_id(record: &Record<'_>, node: usize, place: &Place<'_>) -> Vec<u8> {
    let mut hash = Vec::new();
    let bytes = record.tape.bytes(record.json, node);
    id::derived(&mut hash, &place.object.key, place.seed, place.part, bytes);
    hash
}
