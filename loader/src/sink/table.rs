//! The table of outcomes: what each answer and fault means, and what is done about it.
//!
//! Rows of one scope are tried from the top; the first that fits counts. `docs/outcomes.md` shows the same rows.

use std::{fmt::Write, ops::RangeInclusive};

use crate::error::{ErrorClass, SinkError};

/// What is done about an item, a body or a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is in the index.
    Done,
    /// It, or a newer state of it, was in the index before.
    AlreadyPresent,
    /// Each item has its own row.
    EachItem,
    /// The same again after a pause with full jitter, until the deadline; requests under way at a time are halved.
    Again,
    /// The same again after long pauses, until the deadline.
    AgainSlowly,
    /// The same again after pauses, a few times in a row; then as [`Action::Stop`].
    AgainAFewTimes,
    /// The body in halves; its size is the bound of later ones. A single item is set aside.
    Split,
    /// The body in halves, until the item that is at fault is found; that one is set aside.
    Bisect,
    /// The document is set aside with the cluster's reason.
    Reject,
    /// Not delivered: somebody has to change something first.
    Stop,
}

impl Action {
    /// The words of the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::AlreadyPresent => "already present",
            Self::EachItem => "each item by its own row",
            Self::Again => "again",
            Self::AgainSlowly => "again, slowly",
            Self::AgainAFewTimes => "again a few times, then stop",
            Self::Split => "split the body",
            Self::Bisect => "bisect the body",
            Self::Reject => "set aside",
            Self::Stop => "stop",
        }
    }

    /// The class of a failure with this action; none where it is no failure.
    #[must_use]
    pub fn class(self) -> Option<ErrorClass> {
        match self {
            Self::Done | Self::AlreadyPresent | Self::EachItem => None,
            Self::Again | Self::AgainSlowly | Self::Split => Some(ErrorClass::Transient),
            Self::Reject => Some(ErrorClass::Permanent),
            Self::Bisect => Some(ErrorClass::Poison),
            Self::AgainAFewTimes | Self::Stop => Some(ErrorClass::Configuration),
        }
    }
}

/// What a row speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One item of a bulk answer.
    Item,
    /// An answer to a whole request.
    Answer,
    /// A request without an answer.
    Connection,
}

/// What tells a row from others of the same status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Nothing more.
    Any,
    /// One of these error types.
    Type(&'static [&'static str]),
    /// This error type, and one of these parts in the reason.
    Reason(&'static str, &'static [&'static str]),
    /// What the text of the answer begins with.
    Text(&'static str),
    /// JSON of OpenSearch without an error type.
    Untyped,
    /// Not JSON as OpenSearch or AWS answer errors.
    Foreign,
    /// The indexing-pressure limit is below the size of the request alone.
    OverPressureLimit,
    /// Told by what was noticed, not by what was answered.
    Noticed(&'static str),
}

/// What was seen of an answer, to be compared with rows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen<'a> {
    pub(super) error_type: &'a str,
    pub(super) reason: &'a str,
    pub(super) text: &'a str,
    pub(super) foreign: bool,
    pub(super) over_limit: bool,
}

impl Sign {
    fn fits(self, seen: &Seen<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Type(types) => types.contains(&seen.error_type),
            Self::Reason(error_type, parts) => {
                seen.error_type == error_type && parts.iter().any(|part| seen.reason.contains(part))
            }
            Self::Text(start) => seen.text.starts_with(start),
            Self::Untyped => seen.error_type.is_empty(),
            Self::Foreign => seen.foreign,
            Self::OverPressureLimit => seen.over_limit,
            Self::Noticed(_) => false,
        }
    }

    fn words(self) -> String {
        let quoted =
            |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        match self {
            Self::Any => "any".to_owned(),
            Self::Type(types) => quoted(types),
            Self::Reason(error_type, parts) => format!("`{error_type}` with {}", quoted(parts)),
            Self::Text(start) => format!("text `{start}`"),
            Self::Untyped => "no error type".to_owned(),
            Self::Foreign => "not the JSON of an error".to_owned(),
            Self::OverPressureLimit => "the request alone is above the indexing-pressure limit".to_owned(),
            Self::Noticed(what) => what.to_owned(),
        }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name, unique.
    pub name: &'static str,
    /// What it speaks of.
    pub scope: Scope,
    /// HTTP status, or that of the item; empty where there is none.
    pub status: &'static [RangeInclusive<u16>],
    /// What else must be so.
    pub sign: Sign,
    /// What it means.
    pub meaning: &'static str,
    /// What is done.
    pub action: Action,
}

impl Row {
    fn fits(&self, scope: Scope, status: u16, seen: &Seen<'_>) -> bool {
        self.scope == scope && self.status.iter().any(|range| range.contains(&status)) && self.sign.fits(seen)
    }

    /// The row as a line of a table in Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut status = String::new();
        for range in self.status {
            let (from, to) = (range.start(), range.end());
            let comma = if status.is_empty() { "" } else { ", " };
            let _ = match (from == to, *from, *to) {
                (_, 0, u16::MAX) => write!(status, "{comma}other"),
                (true, ..) => write!(status, "{comma}{from}"),
                (false, ..) => write!(status, "{comma}{from} to {to}"),
            };
        }
        let status = if status.is_empty() { "none".to_owned() } else { status };
        let (name, sign, meaning) = (self.name, self.sign.words(), self.meaning);
        format!("| `{name}` | {status} | {sign} | {meaning} | {} |", self.action.as_str())
    }
}

/// The row of an item or an answer.
pub(super) fn find(scope: Scope, status: u16, seen: &Seen<'_>) -> &'static Row {
    TABLE.iter().find(|row| row.fits(scope, status, seen)).unwrap_or(&UNKNOWN)
}

/// The row of a request that failed as a whole.
#[must_use]
pub fn row_of(error: &SinkError) -> &'static Row {
    let name = error.row();
    TABLE.iter().find(|row| row.name == name).unwrap_or(&UNKNOWN)
}

/// Every scope ends with a row that fits anything, so this one is never found; sending again loses nothing.
static UNKNOWN: Row = row("unknown", Scope::Item, &[], Sign::Any, "", Action::Again);

const fn row(
    name: &'static str,
    scope: Scope,
    status: &'static [RangeInclusive<u16>],
    sign: Sign,
    meaning: &'static str,
    action: Action,
) -> Row {
    Row { name, scope, status, sign, meaning, action }
}

/// Parts of reasons under `illegal_argument_exception` that blame the index and not the document.
const INDEX_AT_FAULT: &[&str] = &[
    "Limit of total fields [",
    "Limit of nested fields [",
    "pipeline with id [",
    "no write index is defined for alias",
    "only write ops with an op_type of create are allowed in data streams",
    "is the write index for data stream",
];

const BLOCK: Sign = Sign::Type(&["cluster_block_exception"]);

/// All rows.
#[rustfmt::skip]
pub static TABLE: &[Row] = {
    use Action::{Again, AgainAFewTimes, AgainSlowly, AlreadyPresent, Bisect, Done, EachItem, Reject, Split, Stop};
    use Scope::{Answer, Connection, Item};
    use Sign::{Any, Foreign, Noticed, OverPressureLimit, Reason, Text, Type, Untyped};
    &[
        row("item_written", Item, &[200..=299], Any, "written", Done),
        row("item_present", Item, &[409..=409], Type(&["version_conflict_engine_exception"]), "the id, or a newer version of it, is there", AlreadyPresent),
        row("item_conflict", Item, &[409..=409], Any, "a conflict that is not about the version", Again),
        row("item_index_at_fault", Item, &[400..=400], Type(&["validation_exception", "index_closed_exception", "invalid_index_name_exception"]), "the index cannot be made or written: limit of shards, closed, name", Stop),
        row("item_index_limit", Item, &[400..=400], Reason("illegal_argument_exception", INDEX_AT_FAULT), "a setting of the index refuses it", Stop),
        row("item_document_at_fault", Item, &[400..=400], Any, "this document does not fit the mapping", Reject),
        row("item_too_large", Item, &[413..=413], Any, "this document is too large", Reject),
        row("item_disk_full", Item, &[429..=429], BLOCK, "flood stage: the disks are full", AgainSlowly),
        row("item_busy", Item, &[408..=408, 429..=429], Any, "the write queue is full, or time ran out", Again),
        row("item_blocked", Item, &[403..=403], BLOCK, "the index or the cluster is blocked for writing", Stop),
        row("item_denied", Item, &[401..=401, 403..=403], Any, "a right is missing", Stop),
        row("item_no_index", Item, &[404..=404], Any, "the index does not exist and may not be made", Stop),
        row("item_refused", Item, &[402..=499], Any, "no form of request that the cluster takes", Stop),
        row("item_unavailable", Item, &[500..=599], Any, "a shard or a node is away", Again),
        row("item_unknown", Item, &[0..=u16::MAX], Any, "not known; sending again loses nothing", Again),

        row("answer_complete", Answer, &[200..=200], Noticed("a bulk result with as many items as were sent"), "the cluster has read the whole body", EachItem),
        row("answer_mostly_refused", Answer, &[200..=200], Noticed("50 items or more, and half of the body or more, refused for one reason by `item_document_at_fault`"), "the index does not fit, and not the documents: none is set aside", Stop),
        row("answer_short", Answer, &[200..=200], Noticed("a bulk result with another number of items"), "the body arrived cut off; nothing of the answer is believed", Again),
        row("answer_malformed", Answer, &[200..=200], Any, "no bulk result: an answer cut off, or a proxy's page", AgainAFewTimes),
        row("answer_unauthorized", Answer, &[401..=401], Any, "credentials are missing or wrong", Stop),
        row("answer_body_too_large", Answer, &[413..=413], Any, "above `http.max_content_length`, counted after decompression", Split),
        row("answer_disk_full", Answer, &[429..=429], BLOCK, "flood stage: the disks are full", AgainSlowly),
        row("answer_over_pressure_limit", Answer, &[429..=429], OverPressureLimit, "this body can never pass", Split),
        row("answer_busy", Answer, &[429..=429], Any, "overloaded", Again),
        row("answer_not_ready", Answer, &[503..=503], Text("OpenSearch Security not initialized"), "the node is starting", Again),
        row("answer_unavailable", Answer, &[408..=408, 500..=599], Any, "a node, or a proxy before it, is away or overloaded", Again),
        row("answer_redirected", Answer, &[201..=399], Any, "not OpenSearch", Stop),
        row("answer_foreign", Answer, &[0..=u16::MAX], Foreign, "not OpenSearch", Stop),
        row("answer_blocked", Answer, &[403..=403], BLOCK, "the cluster is blocked for writing", Stop),
        row("answer_forbidden", Answer, &[403..=403], Any, "a right is missing", Stop),
        row("answer_not_found", Answer, &[404..=404], Any, "wrong path", Stop),
        row("answer_invalid_for_all", Answer, &[400..=400], Type(&["validation_exception"]), "every body will be refused: limit of shards", Stop),
        row("answer_no_handler", Answer, &[400..=400], Untyped, "wrong path or method", Stop),
        row("answer_poisoned", Answer, &[400..=400], Any, "one item makes the cluster refuse the whole body", Bisect),
        row("answer_refused", Answer, &[0..=u16::MAX], Any, "no form of request that the cluster takes", Stop),

        row("connection_refused", Connection, &[], Noticed("no connection: refused, no route, unknown host, time ran out"), "the cluster restarts, or is away", Again),
        row("connection_cut", Connection, &[], Noticed("ended or timed out before the answer was complete"), "what was sent may be indexed or not; sending again is harmless", Again),
        row("connection_tls", Connection, &[], Noticed("no TLS connection"), "a load balancer that restarts, or a wrong certificate", AgainAFewTimes),
        row("connection_elsewhere", Connection, &[], Noticed("redirected to another host"), "not OpenSearch", Stop),
        row("connection_settings", Connection, &[], Noticed("the request could not be made"), "a setting cannot be used", Stop),
    ]
};
