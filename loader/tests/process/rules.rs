//! Which request meets which fault.

use std::io::Read;

use crate::http::Message;

/// The index in which the program keeps its account of objects.
pub(crate) const LEDGER: &str = "siem-ledger-";

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// First contact and templates.
    Start,
    /// Documents.
    Bulk,
    /// Reading the ledger.
    LedgerRead,
    /// Writing the ledger.
    LedgerWrite,
    /// Listing a bucket.
    List,
    /// Reading an object.
    Get,
    /// Writing an object.
    Put,
    /// Anything else.
    Other,
}

impl Class {
    /// Of a request to OpenSearch.
    pub(crate) fn of_opensearch(request: &Message) -> Self {
        let path = request.target().split('?').next().unwrap_or_default();
        if path == "/_bulk" {
            let first = beginning(request);
            return match first.as_str() {
                // Whether zstd is read is asked by an empty body.
                "" => Self::Start,
                first if names_the_ledger(first) => Self::LedgerWrite,
                _ => Self::Bulk,
            };
        }
        if path.contains(LEDGER) || (path.starts_with("/_m") && names_the_ledger(&beginning(request))) {
            let reads = request.method() == "GET"
                || ["_search", "_mget", "_msearch", "_count"].iter().any(|end| path.ends_with(end));
            return if reads { Self::LedgerRead } else { Self::LedgerWrite };
        }
        if path == "/" || path.contains("_template") { Self::Start } else { Self::Other }
    }

    /// Of a request to S3.
    pub(crate) fn of_s3(request: &Message) -> Self {
        let (path, query) = request.target().split_once('?').unwrap_or((request.target(), ""));
        match request.method() {
            "GET" if query.contains("list-type=2") => Self::List,
            "GET" if path.trim_matches('/').contains('/') => Self::Get,
            "PUT" => Self::Put,
            _ => Self::Other,
        }
    }
}

fn names_the_ledger(text: &str) -> bool {
    text.contains(LEDGER)
}

/// The first line of a body, or what there is of it.
fn beginning(request: &Message) -> String {
    let mut bytes = Vec::new();
    let read = request.plain().take(1 << 10).read_to_end(&mut bytes);
    assert!(read.is_ok(), "a packed body cannot be unpacked");
    String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().to_owned()
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The answer waits so long. Milliseconds.
    Late(u64),
    /// Not passed on, and answered with this status.
    Refused(u16),
    /// S3's own words for "too fast".
    SlowDown,
    /// S3 denies it.
    Denied,
    /// The connection is reset and nothing is passed on.
    ResetBefore,
    /// Half of the request is passed on, then both connections end.
    RequestCut,
    /// Passed on, and the connection is reset in place of the answer.
    AnswerLost,
    /// The connection is reset in the middle of the answer.
    AnswerCut,
    /// The answer ends in the middle of its JSON, though as HTTP it is whole.
    AnswerTruncated,
    /// A page of something that is not OpenSearch.
    AnswerMalformed,
    /// About half of the items are not passed on, and answered with this status.
    SomeRefused(u16),
    /// The connection is reset after these percent of the body of an object.
    BodyCut(u8),
    /// The program is killed before the request is passed on.
    KilledBefore,
    /// The program is killed when half of the request is passed on.
    KilledAmid,
    /// The program is killed when the request is done and not answered.
    KilledAfter,
    /// The program is killed after these percent of the body of an object.
    KilledInBody(u8),
    /// The node is stopped and started again; the request is not passed on.
    NodeStopped,
    /// The node is killed and started again; the request is not passed on.
    NodeKilled,
    /// The object is replaced after these percent of its body, and the connection is reset.
    Replaced(u8),
    /// The object is deleted after these percent of its body, and the connection is reset.
    Deleted(u8),
}

/// Those that a run of all seeds meets on a shared node.
pub(crate) const FAULTS: [&str; 18] = [
    "Late",
    "Refused",
    "SlowDown",
    "Denied",
    "ResetBefore",
    "RequestCut",
    "AnswerLost",
    "AnswerCut",
    "AnswerTruncated",
    "AnswerMalformed",
    "SomeRefused",
    "BodyCut",
    "KilledBefore",
    "KilledAmid",
    "KilledAfter",
    "KilledInBody",
    "Replaced",
    "Deleted",
];

impl Fault {
    /// Its name without its measure.
    pub(crate) fn name(&self) -> String {
        format!("{self:?}").split('(').next().unwrap_or_default().to_owned()
    }

    /// Whether a request that meets it may have been done without the program knowing.
    pub(crate) fn hides_success(self) -> bool {
        matches!(
            self,
            Self::Late(_)
                | Self::AnswerLost
                | Self::AnswerCut
                | Self::AnswerTruncated
                | Self::KilledAfter
                | Self::NodeStopped
                | Self::NodeKilled
        )
    }

    pub(crate) fn kills(self) -> bool {
        matches!(self, Self::KilledBefore | Self::KilledAmid | Self::KilledAfter | Self::KilledInBody(_))
    }
}

/// Requests of a class meet a fault, from the `nth` on (counted from 0) and `times` in a row. The count goes on over
/// restarts of the program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) class: Class,
    pub(crate) nth: u32,
    pub(crate) times: u32,
    pub(crate) fault: Fault,
}

impl Rule {
    pub(crate) fn covers(&self, number: u32) -> bool {
        (self.nth..self.nth.saturating_add(self.times)).contains(&number)
    }
}
