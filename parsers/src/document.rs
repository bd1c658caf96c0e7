//! What every document has, whatever log it comes from, and what rendering a piece gives.

use std::{borrow::Cow, sync::Arc};

use crate::{
    json::{
        tape::{JsonError, LONG_TEXT, PATH_ROOM},
        text,
    },
    key::KeyInfo,
    time::Instant,
};

/// Version of this program as written into each document.
pub const LOADER_VERSION: &str = env!("CARGO_PKG_VERSION");

/// How much of a record its document repeats. Settings of the cluster that go with it are in the templates: a document
/// of either profile is taken by the templates of both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Profile {
    /// The record's members, and the record as delivered in `@message`.
    #[default]
    Full,
    /// The record's members only. `@message` stays where they are not all of it: see [`Profile::keeps`]. No `@id` where
    /// it is the document's `_id`.
    Lean,
}

impl Profile {
    /// The word for it, in settings and in `_meta.profile` of the templates.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Lean => "lean",
        }
    }

    /// Whether a record of these bytes gets a `@message`: longer ones may have texts that are cut in their members.
    #[must_use]
    pub fn keeps(self, text: &[u8]) -> bool {
        self == Self::Full || text.len() > LONG_TEXT - PATH_ROOM
    }
}

/// Text that names no [`Profile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a profile is `full` or `lean`")]
pub struct NoProfile;

impl std::str::FromStr for Profile {
    type Err = NoProfile;

    fn from_str(text: &str) -> Result<Self, NoProfile> {
        [Self::Full, Self::Lean].into_iter().find(|profile| profile.as_str() == text).ok_or(NoProfile)
    }
}

/// Where a record comes from: written into each of its documents, so that the raw record can be fetched again.
#[derive(Debug, Clone, Default)]
pub struct Provenance {
    /// Bucket of the object; a file has none.
    pub bucket: Option<String>,
    /// Key of the object, decoded.
    pub key: String,
    /// Version id, where the bucket has versions.
    pub version_id: Option<String>,
    /// Entity tag without quotes.
    pub etag: Option<String>,
    /// When the object was taken up, RFC 3339 in UTC: `event.ingested`.
    pub ingested: String,
    /// Whether documents have a second text of their record.
    pub profile: Profile,
}

/// One object being rendered: what is the same in all its documents, written once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectContext {
    /// What the key says.
    pub key_info: KeyInfo,
    /// The key.
    pub key: String,
    /// `"@log_type":…,"@log_s3bucket":…,"@log_s3key":…,"ecs":{…}`.
    pub(crate) head: Vec<u8>,
    /// Bytes of `head` that name the log type.
    log_type: usize,
    /// `"ingested":…` of `event`.
    pub(crate) ingested: Vec<u8>,
    /// `"loader_version":…,"s3":{…}` of `siem`.
    pub(crate) siem: Vec<u8>,
    /// See [`Self::with_index_mark`].
    pub(crate) index_mark: Option<Arc<str>>,
    /// Whether documents have a second text of their record.
    pub(crate) profile: Profile,
}

/// The version of ECS whose field names the predecessor writes; dashboards rely on it.
const ECS_VERSION: &str = "1.10.0";

/// Name of the member in [`ObjectContext::ingested`].
const INGESTED: &str = "ingested";

impl ObjectContext {
    /// `event.ingested` as JSON, where it is not written with its name.
    pub(crate) fn ingested_value(&self) -> &[u8] {
        // Behind the name, its quotes and the colon.
        self.ingested.get(INGESTED.len() + 3..).unwrap_or_default()
    }

    /// Prepares an object.
    #[must_use]
    pub fn new(provenance: &Provenance, key_info: KeyInfo, log_type: &str) -> Self {
        let mut head = Vec::new();
        member(&mut head, "@log_type", log_type.as_bytes());
        let log_type = head.len();
        if let Some(bucket) = &provenance.bucket {
            head.push(b',');
            member(&mut head, "@log_s3bucket", bucket.as_bytes());
        }
        head.push(b',');
        member(&mut head, "@log_s3key", provenance.key.as_bytes());
        head.extend_from_slice(b",\"ecs\":{");
        member(&mut head, "version", ECS_VERSION.as_bytes());
        head.push(b'}');
        let mut ingested = Vec::new();
        member(&mut ingested, INGESTED, provenance.ingested.as_bytes());
        let mut siem = Vec::new();
        member(&mut siem, "loader_version", LOADER_VERSION.as_bytes());
        let s3 = [("version_id", &provenance.version_id), ("etag", &provenance.etag)];
        let s3 = s3.iter().filter_map(|(name, value)| value.as_ref().map(|v| (*name, v)));
        for (place, (name, value)) in s3.clone().enumerate() {
            siem.extend_from_slice(if place == 0 { b",\"s3\":{" } else { b"," });
            member(&mut siem, name, value.as_bytes());
        }
        if s3.count() > 0 {
            siem.push(b'}');
        }
        Self {
            key_info,
            key: provenance.key.clone(),
            head,
            log_type,
            ingested,
            siem,
            index_mark: None,
            profile: provenance.profile,
        }
    }

    /// Sets documents apart: `log-aws-cloudtrail-MARK-2026-03` instead of `log-aws-cloudtrail-2026-03`, so that templates
    /// apply and no index of anybody else is written. Lower-case letters, digits and dashes.
    #[must_use]
    pub fn with_index_mark(mut self, mark: Option<Arc<str>>) -> Self {
        self.index_mark = mark;
        self
    }

    /// `head` without `@log_type`, each member with a comma in front: for logs that es-loader knows under several
    /// names.
    pub(crate) fn head_without_log_type(&self) -> &[u8] {
        self.head.get(self.log_type..).unwrap_or_default()
    }
}

/// Appends bytes one after the other.
macro_rules! put {
    ($out:expr, $($part:expr),+ $(,)?) => {{
        $($out.extend_from_slice($part);)+
    }};
}
pub(crate) use put;

/// Appends a number with at least `width` digits, filled up with zeros in front. Several of
/// them stand in each document, where `write!` would cost more than finding out what to write.
#[inline]
pub(crate) fn decimal(out: &mut Vec<u8>, number: i64, width: usize) {
    let mut digits = [b'0'; 20];
    let (mut left, mut len) = (number.unsigned_abs(), 0);
    for digit in digits.iter_mut().rev() {
        if left == 0 && len >= width {
            break;
        }
        *digit += (left % 10) as u8;
        left /= 10;
        len += 1;
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(digits.get(digits.len() - len..).unwrap_or_default());
}

/// Appends `"name":"value"`; the name is ours, the value is any text.
pub(crate) fn member(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":\"");
    text::escape_into(out, value);
    out.push(b'"');
}

/// Appends `"name":"value"`, where the value is text as it stands inside a JSON string already.
#[inline(always)]
pub(crate) fn raw_member(out: &mut Vec<u8>, name: &str, inside: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":\"");
    out.extend_from_slice(inside);
    out.push(b'"');
}

/// One document in [`Rendered::bytes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Place of its record in the object, see `siem.ordinal`.
    pub ordinal: u64,
    /// Where its action line begins.
    pub start: usize,
    /// Where its source line begins.
    pub source: usize,
    /// One past the newline behind the source line.
    pub end: usize,
    /// What it is.
    pub kind: ItemKind,
}

/// What an item writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// The document of a record, in an index of its month: made once.
    Record,
    /// The current state of a finding: replaced by every later state. It follows the item of its record.
    State,
}

impl Item {
    /// Name of the index, as the action line has it. `bytes` are those of its [`Rendered`].
    #[must_use]
    pub fn index<'a>(&self, bytes: &'a [u8]) -> Option<&'a str> {
        let action = bytes.get(self.start..self.source)?;
        let from = memchr::memmem::find(action, b"\"_index\":\"")? + 10;
        let name = action.get(from..)?;
        // Ours: letters, digits and dashes.
        std::str::from_utf8(name.get(..memchr::memchr(b'"', name)?)?).ok()
    }

    /// Appends the document as one line: `{"_index":…,"_id":…,"_source":{…}}` and a newline. `bytes` are those of
    /// its [`Rendered`]. Nothing is appended where they are not.
    pub fn write_line(&self, bytes: &[u8], out: &mut Vec<u8>) {
        let action = bytes.get(self.start..self.source).unwrap_or_default();
        let open = match self.kind {
            ItemKind::Record => ACTION_OPEN,
            ItemKind::State => STATE_OPEN,
        };
        let names = action.strip_prefix(open).and_then(|a| a.strip_suffix(ACTION_CLOSE));
        let source = bytes.get(self.source..self.end).and_then(|s| s.strip_suffix(b"\n"));
        if let (Some(names), Some(source)) = (names, source) {
            for part in [b"{", names, b",\"_source\":", source, b"}\n"] {
                out.extend_from_slice(part);
            }
        }
    }
}

/// How many records the documents are of.
#[must_use]
pub fn records(items: &[Item]) -> u64 {
    items.iter().filter(|item| item.kind == ItemKind::Record).count() as u64
}

/// What begins and ends an action line around `"_index":…,"_id":…`.
pub const ACTION_OPEN: &[u8] = b"{\"create\":{";
/// What begins an action line for the current state of a finding; behind the id stand the version and its type.
pub const STATE_OPEN: &[u8] = b"{\"index\":{";
/// See [`ACTION_OPEN`].
pub const ACTION_CLOSE: &[u8] = b"}}\n";

/// A record that became no document, and why. No content of the record is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {ordinal} at byte {offset} of the decoded object: {problem}")]
pub struct RecordProblem {
    /// Place of the record among the objects of the list.
    pub ordinal: u64,
    /// Byte of the decoded object at which it begins.
    pub offset: u64,
    /// One past its last byte in the decoded object. Of several records in one envelope begin and end are those of
    /// the envelope.
    pub end: u64,
    /// What is wrong with it.
    pub problem: Poison,
}

/// Why a record cannot become a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Poison {
    /// Not JSON.
    #[error("invalid JSON: {0}")]
    Json(JsonError),
    /// A value between the records that is no object.
    #[error("not an object")]
    NotAnObject,
    /// The object ends within it.
    #[error("cut off by the end of the object; if its end is only missing, the records behind it are in it")]
    CutOff,
    /// A line that does not have as many fields as the header has columns: which value belongs to which is not known.
    #[error("a line of {found} fields under a header of {columns}")]
    Fields {
        /// Fields of the line.
        found: usize,
        /// Columns of the header.
        columns: usize,
    },
    /// A line of a form that is not known by itself, in an object without a header.
    #[error("a line of {found} fields without a header that names them")]
    NoHeader {
        /// Fields of the line.
        found: usize,
    },
    /// JSON among lines of text.
    #[error("JSON among lines of text; an object holds one or the other")]
    JsonAmongLines,
    /// A list of records that is none, or holds something else: the name of its member.
    #[error("`{0}` of the event holds no record")]
    NoRecord(&'static str),
}

impl Poison {
    /// A short name for grouping.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Json(_) => "invalid_json",
            Self::NotAnObject => "not_an_object",
            Self::CutOff => "cut_off",
            Self::Fields { .. } => "wrong_field_count",
            Self::NoHeader { .. } => "no_header",
            Self::JsonAmongLines => "json_among_lines",
            Self::NoRecord(_) => "no_record",
        }
    }
}

/// Documents of one piece, or of a part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    /// Bulk lines: an action line and a source line for each item.
    pub bytes: Vec<u8>,
    /// Where each document stands.
    pub items: Vec<Item>,
    /// Records that became none.
    pub problems: Vec<RecordProblem>,
    /// Records in which invalid UTF-8 was replaced.
    pub invalid_utf8: u64,
    /// Earliest and latest event time.
    pub span: Option<(Instant, Instant)>,
}

impl Rendered {
    /// Records that were read: documents and problems.
    #[must_use]
    pub fn records(&self) -> u64 {
        records(&self.items) + self.problems.len() as u64
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.problems.is_empty()
    }

    /// Makes it empty and keeps its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.items.clear();
        self.problems.clear();
        self.invalid_utf8 = 0;
        self.span = None;
    }

    /// Adds a finished document, whose source line begins at `source` of it.
    pub(crate) fn add(&mut self, document: &[u8], source: usize, ordinal: u64, time: Option<Instant>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(document);
        self.close(ordinal, start, start + source, time);
    }

    /// Notes that the document that begins at `start`, with its source line at `source`, is at its end.
    pub(crate) fn close(&mut self, ordinal: u64, start: usize, source: usize, time: Option<Instant>) {
        let end = self.bytes.len();
        self.items.push(Item { ordinal, start, source, end, kind: ItemKind::Record });
        if let Some(time) = time {
            self.saw(time);
        }
    }

    pub(crate) fn saw(&mut self, time: Instant) {
        self.span = Some(match self.span {
            Some((first, last)) => (first.min(time), last.max(time)),
            None => (time, time),
        });
    }
}

/// Problems that are handed on at once, however few documents there are: a list of a million numbers is a million
/// problems.
const PROBLEMS: usize = 1 << 16;

/// Where the writers put their documents: it is handed on whenever it is full, between two records.
pub struct Out<'a> {
    /// What was rendered and not handed on.
    pub rendered: &'a mut Rendered,
    /// One past the last byte, in the decoded object, of the record being written.
    pub(crate) end: u64,
    chunk: usize,
    full: &'a mut dyn FnMut(&mut Rendered),
}

impl std::fmt::Debug for Out<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Out").field("chunk", &self.chunk).finish_non_exhaustive()
    }
}

impl<'a> Out<'a> {
    /// `full` must take what is in `rendered`; it is called when that holds `chunk` bytes or more.
    pub fn new(rendered: &'a mut Rendered, chunk: usize, full: &'a mut dyn FnMut(&mut Rendered)) -> Self {
        Self { rendered, end: 0, chunk, full }
    }

    /// A record is done, with all its items: those of one record are never handed on apart.
    #[inline]
    pub fn record_done(&mut self) {
        if self.rendered.bytes.len() >= self.chunk || self.rendered.problems.len() >= PROBLEMS {
            (self.full)(self.rendered);
        }
    }

    /// Notes a record that becomes no document.
    pub fn problem(&mut self, ordinal: u64, offset: u64, problem: Poison) {
        let end = self.end.max(offset);
        self.rendered.problems.push(RecordProblem { ordinal, offset, end, problem });
    }

    /// Hands on what is left.
    pub fn finish(self) {
        if !self.rendered.is_empty() || self.rendered.invalid_utf8 > 0 {
            (self.full)(self.rendered);
        }
    }
}

/// The text of bytes that may be no UTF-8; invalid bytes are replaced (U+FFFD), never dropped.
pub(crate) fn utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(_) => Cow::Borrowed(bytes),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}
