//! The logs, one file or folder a type, and the table that names them.

pub mod cloudtrail;
pub mod config;
pub mod draft;
pub mod envelope;
pub mod finding;
pub mod finding_type;
mod findings;
pub mod guardduty;
pub mod route53_resolver;
pub mod security_hub;
pub mod vpc_flow_log;

use std::{borrow::Cow, sync::LazyLock};

use crate::{
    document::{ObjectContext, Out, Poison},
    json::write::Record,
    key::{self, KeyInfo, KeyMarks, Marks},
    recognise::{self, Head, Look, Recognised},
};

/// How the records of a log stand in its objects.
#[derive(Debug, Clone, Copy)]
pub enum Layout {
    /// The elements of a list under a top-level key, or of a list that is the whole object.
    ListUnder(&'static str),
    /// JSON values one behind the other, by line or without anything between them, also in lists.
    Values {
        /// Where an object begins with one of these keys and a list under it, its elements are the records.
        lists: &'static [&'static str],
    },
    /// Lines of text; JSON values where the object begins with a bracket.
    Lines {
        /// Whether a line names the columns. It is asked for the first that is not blank.
        is_header: fn(&[u8]) -> bool,
    },
}

/// What is installed in OpenSearch for a log.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// Name of both templates in the cluster: `siem-loader-…`.
    pub name: &'static str,
    /// Body of the component template, which types the fields of the log.
    pub component: &'static str,
    /// Body of the index template, which names the indices.
    pub index: &'static str,
}

/// A log that can be loaded. Adding one is a line in [`LOG_TYPES`], a file beside this one, a template and
/// fixtures: `docs/add-a-log-type.md`.
#[derive(Debug)]
pub struct LogType {
    /// Name in `@log_type`.
    pub name: &'static str,
    /// Its names in keys.
    pub marks: KeyMarks,
    /// Whether the first record of an object looks like it.
    pub looks_like: fn(&Head<'_>) -> bool,
    /// How records stand in an object.
    pub layout: Layout,
    /// Makes the writer of one thread.
    pub writer: fn() -> Box<dyn Writer>,
    /// Its templates.
    pub template: Template,
}

/// Index template of the current state of findings, which several logs write: composed of the components of those
/// logs.
pub const STATE_TEMPLATE: (&str, &str) = (
    "siem-loader-findings",
    include_str!("../../../index-templates/index-templates/siem-loader-findings.json"),
);

/// Every log that can be loaded.
pub static LOG_TYPES: &[&LogType] = &[
    &cloudtrail::LOG_TYPE,
    &vpc_flow_log::LOG_TYPE,
    &guardduty::LOG_TYPE,
    &security_hub::LOG_TYPE,
    &route53_resolver::LOG_TYPE,
    &config::LOG_TYPE,
];

impl LogType {
    /// The log of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        LOG_TYPES.iter().find(|log| log.name == name).copied()
    }
}

/// The marks of all logs, by name.
static MARKS: LazyLock<Vec<Marks>> =
    LazyLock::new(|| LOG_TYPES.iter().map(|log| (log.name, &log.marks)).collect());

/// The looks of all logs, by name.
static LOOKS: LazyLock<Vec<Look>> =
    LazyLock::new(|| LOG_TYPES.iter().map(|log| (log.name, log.looks_like)).collect());

/// Reads a key (decoded, as S3 knows it) by the marks of all logs.
#[must_use]
pub fn read_key(key: &str) -> KeyInfo {
    key::read(key, &MARKS)
}

/// Decides which log an object holds, by its key and its first decoded bytes.
#[must_use]
pub fn recognise(key: &KeyInfo, first: &[u8]) -> Recognised {
    recognise::decide(key, &Head::of(first.trim_ascii_start()), &LOOKS)
}

/// Writes the documents of one log type. One a thread: it keeps buffers and caches from record to record.
pub trait Writer: Send {
    /// Writes the document of a record, or those of an envelope that holds several, and calls
    /// [`Out::record_done`] behind each. Never refuses what can be kept: what is odd about a record is noted.
    fn json(&mut self, record: Record<'_>, place: Place<'_>, out: &mut Out<'_>);

    /// Writes the document of a line of text; `header` is that of the object, if it has one. `line` is valid UTF-8,
    /// trimmed and not empty. Logs that have no lines need not care.
    fn line(&mut self, line: &[u8], header: Option<&[u8]>, place: Place<'_>, out: &mut Out<'_>) {
        let _ = (line, header);
        out.problem(place.ordinal, place.offset, Poison::NotAnObject);
    }

    /// Writes the documents of some lines, each as [`Self::line`] does; what can be done for several at once may be.
    fn lines(
        &mut self,
        lines: &[Line<'_>],
        header: Option<&[u8]>,
        object: &ObjectContext,
        out: &mut Out<'_>,
    ) {
        for line in lines {
            let place = line.begin(object, out);
            self.line(&line.text, header, place, out);
        }
    }
}

/// A line of text that is a record.
#[derive(Debug)]
pub struct Line<'a> {
    /// The line, trimmed and not empty; invalid UTF-8 is replaced.
    pub text: Cow<'a, [u8]>,
    /// Its place in the object.
    pub ordinal: u64,
    /// Byte of the decoded object at which it begins.
    pub offset: u64,
    /// One past its last byte.
    pub end: u64,
}

impl Line<'_> {
    /// Tells `out` that this line is being written, and gives its place.
    pub(crate) fn begin<'o>(&self, object: &'o ObjectContext, out: &mut Out<'_>) -> Place<'o> {
        out.end = self.end;
        out.rendered.invalid_utf8 += u64::from(matches!(self.text, Cow::Owned(_)));
        Place { object, ordinal: self.ordinal, offset: self.offset, part: None, seed: self.ordinal }
    }
}

/// Where a record stands.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its object.
    pub object: &'a ObjectContext,
    /// Its place in the object, see `siem.ordinal`.
    pub ordinal: u64,
    /// Byte of the decoded object at which it begins.
    pub offset: u64,
    /// Its place in its envelope, where that can hold several: `siem.part`.
    pub part: Option<u32>,
    /// Tells apart equal records without an id: the ordinal in a list; among values without a list the offset, since
    /// behind a broken value it depends on the cut how many there were.
    pub seed: u64,
}
