//! The logs, one file or folder a type, and the table that names them.

pub mod cloudtrail;

use crate::{
    document::{ObjectContext, Rendered},
    json::write::Record,
    key::LogKind,
};

/// How the records of a log stand in its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// The elements of a list under a top-level key.
    ListUnder(&'static str),
}

/// A log that can be loaded. Adding one is a line in [`LOG_TYPES`], a file beside this one, a template and
/// fixtures.
#[derive(Debug)]
pub struct LogType {
    /// Name in `@log_type`.
    pub name: &'static str,
    /// What the key says.
    pub kind: LogKind,
    /// How records stand in an object.
    pub layout: Layout,
    /// Makes the writer of one thread.
    pub writer: fn() -> Box<dyn Writer>,
}

/// Every log that can be loaded.
pub static LOG_TYPES: &[LogType] = &[LogType {
    name: "cloudtrail",
    kind: LogKind::CloudTrail,
    layout: Layout::ListUnder("Records"),
    writer: || Box::new(cloudtrail::CloudTrailWriter::default()),
}];

impl LogType {
    /// The log of a kind; none for objects that hold no records.
    #[must_use]
    pub fn of(kind: LogKind) -> Option<&'static Self> {
        LOG_TYPES.iter().find(|t| t.kind == kind)
    }
}

/// Writes the documents of one log type. One a thread: it keeps buffers and caches from record to record.
pub trait Writer: Send {
    /// Appends the document of a record to `out`. Never refuses: what is odd about a record is kept and noted.
    fn write(&mut self, record: Record<'_>, place: Place<'_>, out: &mut Rendered);
}

/// Where a record stands.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its object.
    pub object: &'a ObjectContext,
    /// Its place in the object, see `siem.ordinal`.
    pub ordinal: u64,
}
