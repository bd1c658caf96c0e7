//! The fields of a GuardDuty finding: what the template types, and the values that es-loader reshapes.

use std::sync::LazyLock;

use crate::{
    json::{
        tape::Kind,
        text,
        write::{Record, Target},
    },
    schema::Schema,
    shape::Fixer,
    source::security_hub,
};

/// The component template that is installed in OpenSearch.
pub const TEMPLATE: &str =
    include_str!("../../../../index-templates/component-templates/siem-loader-guardduty.json");

/// Fields at the top of the document that are ours and not the finding's.
const OWN: &[&str] = &[
    "severitylabel",
    "ThreatPurpose",
    "ResourceTypeAffected",
    "ThreatFamilyName",
    "DetectionMechanism",
    "Artifact",
];

/// Values that are used again after the finding was walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Slot {
    /// `id`
    Id,
    /// `accountId`
    AccountId,
    /// `region`
    Region,
    /// `partition`
    Partition,
    /// `type`
    Type,
    /// `severity`
    Severity,
    /// `title`
    Title,
    /// `description`
    Description,
    /// `updatedAt`
    UpdatedAt,
    /// `resource`
    Resource,
    /// `service`
    Service,
}

/// How many slots there are.
pub(super) const SLOTS: usize = 11;

const SLOT_NAMES: [(&str, Slot); SLOTS] = [
    ("id", Slot::Id),
    ("accountId", Slot::AccountId),
    ("region", Slot::Region),
    ("partition", Slot::Partition),
    ("type", Slot::Type),
    ("severity", Slot::Severity),
    ("title", Slot::Title),
    ("description", Slot::Description),
    ("updatedAt", Slot::UpdatedAt),
    ("resource", Slot::Resource),
    ("service", Slot::Service),
];

/// `unusual` of some anomalies is text, a number, a list or an object: es-loader's `json_to_text`.
const UNUSUAL: u8 = 1;
/// A number that may be written as text.
const NUMBER: u8 = 2;

const FIXES: &[(&str, u8)] =
    &[("service.additionalInfo.unusual", UNUSUAL), ("severity", NUMBER), ("service.count", NUMBER)];

/// Read once from the templates; some 200 fields.
pub(super) static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let mut schema = Schema::new(TEMPLATE).with_own(OWN).beside(security_hub::fields::TEMPLATE);
    for (name, slot) in SLOT_NAMES {
        schema.record.change_at(name, &mut |field| field.slot = Some(slot as u8));
    }
    for &(path, fix) in FIXES {
        schema.record.change_at(path, &mut |field| field.fix = fix);
    }
    schema
});

/// The shapes that es-loader gives to values which AWS writes in several. Only `_source` is changed; `siem.flat`
/// has the value as AWS wrote it.
pub(super) struct FindingFixes;

impl Fixer for FindingFixes {
    fn applies(&self, fix: u8, record: &Record<'_>, value: usize) -> bool {
        match (fix, record.kind(value)) {
            (UNUSUAL, Some(Kind::Object | Kind::Array)) | (NUMBER, Some(Kind::String)) => true,
            (UNUSUAL, Some(Kind::String)) => record.bytes(value).contains(&b'{'),
            _ => false,
        }
    }

    fn write(&self, out: &mut Vec<u8>, fix: u8, record: &Record<'_>, value: usize) {
        match (fix, record.kind(value)) {
            (UNUSUAL, Some(Kind::String)) => quoted(out, &text::unescape(record.bytes(value))),
            (UNUSUAL, _) => record.as_text(out, value, Target::Source),
            // Other text stays, unindexed as a date that is none (`ignore_malformed`).
            _ => match plain_number(record.bytes(value)) {
                Some(number) => out.extend_from_slice(number),
                None => record.value(out, value, Target::Source),
            },
        }
    }
}

/// Appends a text that holds a brace as es-loader has it: in the quotes of Python.
fn quoted(out: &mut Vec<u8>, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut python = String::with_capacity(text.len() + 2);
    python.push(quote);
    for character in text.chars() {
        match character {
            '\\' => python.push_str("\\\\"),
            '\n' => python.push_str("\\n"),
            '\r' => python.push_str("\\r"),
            '\t' => python.push_str("\\t"),
            c if c == quote => python.extend(['\\', c]),
            c => python.push(c),
        }
    }
    python.push(quote);
    out.push(b'"');
    text::escape_into(out, python.as_bytes());
    out.push(b'"');
}

/// Digits of a number that all OpenSearch types for numbers take.
const DIGITS: usize = 18;

/// A text that is a plain decimal number: JSON can hold it without its quotes.
pub(super) fn plain_number(text: &[u8]) -> Option<&[u8]> {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, fraction) = match memchr::memchr(b'.', unsigned) {
        Some(dot) => (unsigned.get(..dot)?, unsigned.get(dot + 1..)?),
        None => (unsigned, &b"0"[..]),
    };
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let leading_zero = whole.len() > 1 && whole.first() == Some(&b'0');
    (digits(whole) && digits(fraction) && !leading_zero && unsigned.len() <= DIGITS).then_some(text)
}

/// A text that is a whole number, not negative.
pub(super) fn whole_number(text: &[u8]) -> Option<&[u8]> {
    plain_number(text).filter(|number| number.iter().all(u8::is_ascii_digit))
}
