//! The shapes that es-loader gives to values which AWS writes in several.
//!
//! Only `_source` is changed; `siem.flat` has the value as AWS wrote it. Text made of containers is JSON, where
//! es-loader writes Python's `repr`.

use crate::{
    json::{
        tape::{EMPTY, Kind},
        text,
        write::{Record, Target},
    },
    shape::{Fixer, separate},
    source::cloudtrail::fields::{Fix, fix},
};

/// The fixes for one event.
pub(super) struct EventFixes<'a> {
    /// `eventSource`.
    pub(super) event_source: &'a [u8],
}

/// ARNs that es-loader takes for a role in `responseElements.credentials`.
const IAM_ARNS: [&[u8]; 3] = [b"arn:aws:iam", b"arn:aws-cn:iam", b"arn:aws-us-gov:iam"];

impl EventFixes<'_> {
    fn is_from(&self, service: &str) -> bool {
        self.event_source == service.as_bytes()
    }

    /// Whether the wrap of a list or scalar changes a value: objects and lists of objects stay.
    fn wraps(record: &Record<'_>, value: usize) -> bool {
        match record.kind(value) {
            Some(Kind::Object) | None => false,
            Some(Kind::Array) => record
                .tape
                .elements(value)
                .next()
                .is_none_or(|first| record.kind(first) != Some(Kind::Object)),
            Some(_) => true,
        }
    }
}

impl Fixer for EventFixes<'_> {
    fn applies(&self, number: u8, record: &Record<'_>, value: usize) -> bool {
        let kind = record.kind(value);
        let container = matches!(kind, Some(Kind::Object | Kind::Array));
        let string = kind == Some(Kind::String);
        match fix(number) {
            Some(Fix::Text) => container,
            Some(Fix::TextFor(service)) => container && self.is_from(service),
            Some(Fix::ObjectListFor(service)) => {
                kind == Some(Kind::Array)
                    && self.is_from(service)
                    && record
                        .tape
                        .elements(value)
                        .next()
                        .is_some_and(|e| record.kind(e) == Some(Kind::Object))
            }
            Some(Fix::Wrap) => Self::wraps(record, value),
            Some(Fix::WrapFor(service)) => self.is_from(service) && Self::wraps(record, value),
            Some(Fix::Under(_, services)) => {
                string && (services.is_empty() || services.iter().any(|s| self.is_from(s)))
            }
            Some(Fix::Credentials) => string,
            Some(Fix::Unwrap) => record.member(value, "value").is_some(),
            Some(Fix::Rename(old, new)) => {
                let mut names = record.tape.members(value).map(|(key, _)| record.bytes(key));
                self.is_from("athena.amazonaws.com")
                    && record.member(value, old).is_some()
                    // A name is not given twice.
                    && !names.any(|name| text::unescape(name) == new)
            }
            None => false,
        }
    }

    fn write(&self, out: &mut Vec<u8>, number: u8, record: &Record<'_>, value: usize) {
        match fix(number) {
            Some(Fix::Text | Fix::TextFor(_) | Fix::ObjectListFor(_)) => {
                record.as_text(out, value, Target::Source)
            }
            Some(Fix::Wrap | Fix::WrapFor(_)) => {
                let list_of_text = record.kind(value) == Some(Kind::Array)
                    && record
                        .tape
                        .elements(value)
                        .next()
                        .is_some_and(|e| record.kind(e) == Some(Kind::String));
                out.extend_from_slice(b"{\"value\":");
                if list_of_text || record.kind(value) == Some(Kind::String) {
                    record.value(out, value, Target::Source);
                } else {
                    record.as_text(out, value, Target::Source);
                }
                out.push(b'}');
            }
            Some(Fix::Under(name, _)) => under(out, name, record, value),
            Some(Fix::Credentials) => {
                let text = record.bytes(value);
                let arn = IAM_ARNS.iter().any(|arn| memchr::memmem::find(text, arn).is_some());
                under(out, if arn { "iam" } else { "value" }, record, value);
            }
            Some(Fix::Unwrap) => {
                if let Some(inner) = record.member(value, "value") {
                    record.value(out, inner, Target::Source);
                }
            }
            Some(Fix::Rename(old, new)) => {
                out.push(b'{');
                for (key, member) in record.tape.members(value) {
                    if record.tape.get(member).is_some_and(|m| m.is(EMPTY)) {
                        continue;
                    }
                    separate(out);
                    if record.bytes(key) == old.as_bytes() {
                        out.push(b'"');
                        text::escape_into(out, new.as_bytes());
                        out.push(b'"');
                    } else {
                        record.key(out, key);
                    }
                    out.push(b':');
                    record.value(out, member, Target::Source);
                }
                out.push(b'}');
            }
            None => record.value(out, value, Target::Source),
        }
    }
}

/// Appends `{"name":value}`.
fn under(out: &mut Vec<u8>, name: &str, record: &Record<'_>, value: usize) {
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    record.value(out, value, Target::Source);
    out.push(b'}');
}
