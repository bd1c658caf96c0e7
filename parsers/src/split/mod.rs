//! Cutting decoded bytes into pieces at record boundaries.
//!
//! One thread inflates and cuts, all others render: so the cut is only a scan for quotes and brackets, and it
//! never looks into a record. A piece holds whole records; where it ends never changes a document.

mod cutter;
pub mod lines;
pub mod parquet;
pub mod records;
pub mod scan;

use std::sync::Arc;

pub use cutter::Cutter;

/// U+FEFF in UTF-8, which some programs put in front of a text.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bounds of the cut. All in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A piece is handed on at the first record boundary at or behind this size.
    pub piece: usize,
    /// A piece is handed on at this many records, however small they are: a document has some hundred bytes that its
    /// record has not, and all documents of a piece are held at once.
    pub records: u64,
    /// A record that is larger is left out, counted and reported; the records around it are kept.
    pub record: usize,
}

impl Default for Limits {
    /// 1 MiB pieces; records up to 8 MiB. A document is up to 3.5 times its record, and the smaller instance
    /// types of Amazon OpenSearch Service take requests up to 10 MiB; CloudTrail itself stops at 256 KiB.
    fn default() -> Self {
        Self { piece: 1 << 20, records: 4096, record: 8 << 20 }
    }
}

/// How records stand in a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// JSON, the elements of a list.
    List,
    /// JSON values one behind the other; brackets of lists around them only separate.
    Values,
    /// Lines of text, and the object's header.
    Lines(Option<Arc<[u8]>>),
}

/// Whole records of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The records as delivered, with what stands between them (commas, white space).
    pub bytes: Vec<u8>,
    /// Place of the first record among the objects and arrays of the list, or of the first line among those behind
    /// the header, empty ones included; 0 is the first.
    pub first_ordinal: u64,
    /// Byte of the decoded object at which the piece begins.
    pub offset: u64,
    /// The object ended within the last record: its end is missing.
    pub cut_off: bool,
    /// What stands in it.
    pub form: Form,
}

/// What is wrong with an object as a whole, found while cutting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SplitProblem {
    /// The object is JSON without the list of records.
    #[error("no `{path}` list in the JSON; is it a log of this type?")]
    NoRecords {
        /// Key of the list.
        path: &'static str,
    },
    /// The key is there, but no list is under it.
    #[error("`{path}` is no list (byte {offset} of the decoded object)")]
    NotAList {
        /// Key of the list.
        path: &'static str,
        /// Byte of the decoded object.
        offset: u64,
    },
    /// The first byte is not that of a JSON object.
    #[error("not JSON: the decoded object does not begin with `{{`")]
    NotJson,
    /// The bytes end before the list does.
    #[error("the JSON ends too early, at byte {offset} of the decoded object; records before it are loaded")]
    Unfinished {
        /// Byte of the decoded object.
        offset: u64,
    },
    /// Something around the list that JSON does not have there.
    #[error(
        "the JSON around the records is wrong at byte {offset} of the decoded object; records may be missing"
    )]
    Malformed {
        /// Byte of the decoded object.
        offset: u64,
    },
    /// A record over the limit was left out.
    #[error(
        "record {ordinal} at byte {offset} of the decoded object is larger than {limit} bytes and was left out"
    )]
    TooLarge {
        /// Place of the record.
        ordinal: u64,
        /// Byte of the decoded object at which it begins.
        offset: u64,
        /// The limit in bytes.
        limit: usize,
    },
}

/// What cutting gives, in the order of the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cut {
    /// Records to render.
    Piece(Piece),
    /// Something to report.
    Problem(SplitProblem),
}
