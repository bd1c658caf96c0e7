//! What both formats of findings need: values by their path, times, texts.

use std::borrow::Cow;

use crate::{
    document::put,
    ecs::{Ecs, Name, Text},
    id,
    json::{
        lookup::Lookup,
        tape::Kind,
        text,
        write::{Record, Target},
    },
    source::{Place, draft, envelope::EventBridge, finding::State},
    when::When,
};

/// Addresses that are related but that es-loader does not have in `related.ip`.
pub(super) const MORE_ADDRESSES: Name = Name::SiemRelatedIp;

/// What stands behind a finding's own id in that of a document: an MD5, and what parts both.
const STATE: usize = 33;

/// A finding, and what stands around it.
pub(super) struct Finding<'r, 'a> {
    pub(super) record: Record<'a>,
    /// Node of the finding.
    pub(super) node: usize,
    /// Its members: it is asked for some fifty.
    pub(super) members: Lookup,
    pub(super) envelope: Option<&'r EventBridge<'a>>,
    pub(super) place: Place<'r>,
}

/// What is read of a finding before a byte is written.
pub(super) struct Read<'a> {
    /// The finding's own id.
    pub(super) id: Text<'a>,
    /// `_id` of the document of this state of it.
    pub(super) document: Text<'a>,
    pub(super) when: When,
    pub(super) ecs: Ecs<'a>,
    pub(super) state: State<'a>,
}

impl<'r, 'a> Finding<'r, 'a> {
    /// A finding at a node of a record.
    pub(super) fn of(
        record: Record<'a>,
        node: usize,
        envelope: Option<&'r EventBridge<'a>>,
        place: Place<'r>,
    ) -> Self {
        Self { record, node, members: Lookup::of(&record, node), envelope, place }
    }
}

impl<'a> Finding<'_, 'a> {
    /// The node at a path, if there is one and it is not empty.
    pub(super) fn at(&self, path: &[&str]) -> Option<usize> {
        let Some((first, rest)) = path.split_first() else { return Some(self.node) };
        self.record.path(self.members.member(&self.record, first)?, rest)
    }

    /// The text of a scalar at a path, as it stands inside a JSON string.
    pub(super) fn text(&self, path: &[&str]) -> Option<Text<'a>> {
        self.record.scalar(self.at(path)?)
    }

    /// The text of a string at a path.
    pub(super) fn string(&self, path: &[&str]) -> Option<Text<'a>> {
        let node = self.at(path)?;
        (self.record.kind(node) == Some(Kind::String)).then(|| self.record.scalar(node)).flatten()
    }

    /// A member of an object that is an element of a list.
    pub(super) fn below(&self, object: usize, path: &[&str]) -> Option<Text<'a>> {
        self.record.scalar(self.record.path(object, path)?)
    }

    /// The elements of a list; an object that stands where a list should is its only one.
    pub(super) fn list(&self, path: &[&str]) -> impl Iterator<Item = usize> + 'a {
        let node = self.at(path);
        let alone = node.filter(|&n| self.record.kind(n) == Some(Kind::Object));
        let tape = self.record.tape;
        node.into_iter().flat_map(move |n| tape.elements(n)).chain(alone)
    }

    /// Sets a field where a path leads to a whole number, written in digits.
    pub(super) fn number(&self, ecs: &mut Ecs<'a>, name: Name, text: Option<Text<'a>>) {
        if let Some(text) = text.filter(|t| is_number(t)) {
            ecs.json(name, text);
        }
    }

    /// When the event around the finding says that it happened.
    pub(super) fn sent(&self) -> Option<Text<'a>> {
        self.envelope.and_then(|e| e.time.clone())
    }

    /// The text or the texts of a value, as JSON; none where nothing of it is a scalar.
    pub(super) fn texts(&self, node: usize) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(64);
        if self.record.kind(node) != Some(Kind::Array) {
            let text = self.record.scalar(node)?;
            put!(out, b"\"", &text, b"\"");
            return Some(out);
        }
        for element in self.record.tape.elements(node) {
            if let Some(text) = self.record.scalar(element) {
                put!(out, if out.is_empty() { b"[\"" } else { b",\"" }, &text, b"\"");
            }
        }
        (!out.is_empty()).then(|| {
            out.push(b']');
            out
        })
    }

    /// The finding's own id and the `_id` of the document: the former, and what tells this state from others.
    pub(super) fn ids(&self, own: Option<Text<'a>>, state: &str) -> (Text<'a>, Text<'a>) {
        let Some(own) = own else {
            let derived = draft::derived_id(&self.record, self.node, &self.place);
            return (derived.clone().into(), derived.into());
        };
        let mut id = Vec::with_capacity(own.len() + STATE);
        put!(id, &own, b"_");
        id::shortened(&mut id, state);
        (draft::fitting_id(own), draft::fitting_id(id.into()))
    }

    /// Sets what every document has, and where the finding belongs.
    pub(super) fn common(&self, ecs: &mut Ecs<'a>, account: Option<Text<'a>>, region: Option<Text<'a>>) {
        let info = &self.place.object.key_info;
        let of_key = |value: &Option<String>| value.as_ref().map(|v| Text::Owned(escaped(v)));
        let unknown = || Text::Borrowed(&b"unknown"[..]);
        let account = account
            .or_else(|| self.envelope.and_then(|e| e.account.clone()))
            .or_else(|| of_key(&info.account))
            .unwrap_or_else(unknown);
        let region = region
            .or_else(|| self.envelope.and_then(|e| e.region.clone()))
            .or_else(|| of_key(&info.region))
            .unwrap_or_else(unknown);
        ecs.text(Name::CloudProvider, Some(&b"aws"[..]));
        ecs.text(Name::CloudAccountId, Some(account));
        ecs.text(Name::CloudRegion, Some(region));
        ecs.text(Name::OrganizationId, of_key(&info.organization));
        ecs.text(Name::EventKind, Some(&b"alert"[..]));
        ecs.text(Name::CweTimestamp, self.sent());
        ecs.json(Name::EventIngested, self.place.object.ingested_value().to_vec());
    }

    /// Sets the console's address of the finding.
    pub(super) fn url(&self, ecs: &mut Ecs<'a>, url: Option<Text<'a>>) {
        ecs.text(Name::EventUrl, url.filter(|u| u.starts_with(b"https://")));
    }

    /// The JSON of a value that is a number which OpenSearch can hold, or text of one.
    pub(super) fn decimal(&self, path: &[&str]) -> Option<Vec<u8>> {
        let node = self.at(path)?;
        let mut out = Vec::new();
        match self.record.kind(node)? {
            Kind::Number => self.record.value(&mut out, node, Target::Source),
            Kind::String if is_decimal(self.record.bytes(node)) => {
                out.extend_from_slice(self.record.bytes(node));
            }
            _ => return None,
        }
        Some(out)
    }
}

/// Text as it stands inside a JSON string.
pub(super) fn escaped(plain: &str) -> Vec<u8> {
    if text::is_plain(plain.as_bytes()) {
        return plain.as_bytes().to_vec();
    }
    let mut out = Vec::new();
    text::escape_into(&mut out, plain.as_bytes());
    out
}

/// The same text in lower case.
pub(super) fn lower(inside: &[u8]) -> Vec<u8> {
    if inside.is_ascii() && text::is_plain(inside) {
        return inside.to_ascii_lowercase();
    }
    escaped(&text::unescape(inside).to_lowercase())
}

/// What is behind the last of a character; the whole where it is not in it.
pub(super) fn behind_last<'a>(inside: Text<'a>, at: u8) -> Text<'a> {
    match memchr::memrchr(at, &inside) {
        Some(place) => match inside {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(place + 1..).unwrap_or_default()),
            Cow::Owned(text) => Cow::Owned(text.get(place + 1..).unwrap_or_default().to_vec()),
        },
        None => inside,
    }
}

/// Adds an address, if it is one.
pub(super) fn add_ip<'a>(ecs: &mut Ecs<'a>, name: Name, text: Option<Text<'a>>) {
    ecs.add(name, text.filter(|t| crate::address::is_ip(t)));
}

/// Sets an address, if it is one.
pub(super) fn set_ip<'a>(ecs: &mut Ecs<'a>, name: Name, text: Option<Text<'a>>) {
    ecs.text(name, text.filter(|t| crate::address::is_ip(t)));
}

/// Up to eighteen digits without a zero in front: a number in JSON and in 64 bits.
fn is_number(text: &[u8]) -> bool {
    matches!(text, [b'0'] | [b'1'..=b'9', ..]) && text.len() <= 18 && text.iter().all(u8::is_ascii_digit)
}

/// A number of usual size with digits behind a point, as JSON has it.
fn is_decimal(text: &[u8]) -> bool {
    match memchr::memchr(b'.', text).and_then(|at| text.split_at_checked(at)) {
        Some((whole, [_, fraction @ ..])) => {
            is_number(whole) && (1..=15).contains(&fraction.len()) && fraction.iter().all(u8::is_ascii_digit)
        }
        _ => is_number(text),
    }
}

/// The part of a finding's id that the product itself uses: GuardDuty and Macie write it without the ARN that
/// Security Hub puts in front, and so one finding stays one whichever way it comes.
pub(super) fn product_id<'a>(product: &[u8], id: Text<'a>) -> Text<'a> {
    const MARK: &[u8] = b"finding/";
    if !matches!(product, b"guardduty" | b"macie") || !id.starts_with(b"arn:") {
        return id;
    }
    // Without escapes, as which a slash may be written.
    let plain = escaped(&text::unescape(&id));
    match memchr::memmem::rfind(&plain, MARK).and_then(|at| plain.get(at + MARK.len()..)) {
        Some(own) if !own.is_empty() => own.to_vec().into(),
        _ => id,
    }
}
