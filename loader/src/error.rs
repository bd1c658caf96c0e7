//! What can go wrong on the way to the cluster, and what a failure means for the records concerned.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// What is to be done about a failure. Every refused item and every [`SinkError`] has exactly one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The same bytes may pass later: send only these again, with a pause.
    Transient,
    /// This document will never pass as it is: set it aside with the cluster's reason.
    Permanent,
    /// One item makes everything around it fail: find it, set it aside, go on with the rest.
    Poison,
    /// Nothing will pass until somebody changes a setting, a right or an index: stop and say so.
    Configuration,
}

impl ErrorClass {
    /// The name used in logs, metrics and dead letters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Permanent => "permanent",
            Self::Poison => "poison",
            Self::Configuration => "configuration",
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request to the cluster that failed as a whole.
///
/// `Display` is one sentence that says what failed and what to do; it holds the cluster's URL without
/// credentials and nothing of a document. `cluster` is that URL in every variant.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SinkError {
    /// A setting cannot be used: URL without host, credentials without provider, unusable roots of trust.
    #[error("the OpenSearch settings cannot be used: {0}")]
    Settings(String),
    /// No connection: refused, unknown host, no route, no answer to the connection attempt.
    #[error("cannot connect to OpenSearch at {cluster}: {problem}; {advice}")]
    Unreachable {
        /// URL without credentials.
        cluster: String,
        /// What the network said.
        problem: String,
        /// What to do.
        advice: &'static str,
    },
    /// The TLS handshake failed: plain HTTP on the other side, unknown authority, wrong name, expired.
    #[error("no TLS connection to OpenSearch at {cluster}: {problem}; {advice}")]
    Tls {
        /// URL without credentials.
        cluster: String,
        /// What the handshake said.
        problem: String,
        /// What to do.
        advice: &'static str,
    },
    /// The connection ended, or time ran out, before the answer was complete. What was sent may have been
    /// indexed or not.
    #[error("the connection to OpenSearch at {cluster} ended before its answer: {problem}; {advice}")]
    Interrupted {
        /// URL without credentials.
        cluster: String,
        /// Timeout, reset or closed.
        problem: String,
        /// What to do.
        advice: &'static str,
    },
    /// 401, or the credentials for a signature could not be had.
    #[error("OpenSearch at {cluster} did not accept the credentials ({problem}); {advice}")]
    Unauthorized {
        /// URL without credentials.
        cluster: String,
        /// What the cluster or the credentials provider said.
        problem: String,
        /// What to do.
        advice: &'static str,
    },
    /// 403 by rights.
    #[error("OpenSearch at {cluster} refused the request (403: {reason}); give the user or role this right")]
    Forbidden {
        /// URL without credentials.
        cluster: String,
        /// Redacted reason of the cluster.
        reason: String,
    },
    /// 403 by a block of the cluster or an index.
    #[error("OpenSearch at {cluster} is blocked for writing (403: {reason}); remove the block and run again")]
    Blocked {
        /// URL without credentials.
        cluster: String,
        /// Redacted reason of the cluster.
        reason: String,
    },
    /// 404 in OpenSearch's own words.
    #[error("OpenSearch at {cluster} does not have what was asked for (404: {reason}); check the URL")]
    NotFound {
        /// URL without credentials.
        cluster: String,
        /// Redacted reason of the cluster.
        reason: String,
    },
    /// Something answered that is not OpenSearch: a web page, a proxy, another service, or a redirection.
    #[error(
        "what answers at {cluster} is not OpenSearch ({problem}); check scheme, host, port and path of the URL"
    )]
    NotOpenSearch {
        /// URL without credentials.
        cluster: String,
        /// HTTP status; none for a redirection to another host.
        status: Option<u16>,
        /// What came instead.
        problem: String,
    },
    /// 503 while the security plugin has not read its settings yet.
    #[error(
        "OpenSearch at {cluster} is starting (503: {reason}); try again in a few seconds, or run securityadmin if it stays so"
    )]
    NotReady {
        /// URL without credentials.
        cluster: String,
        /// The cluster's text.
        reason: String,
    },
    /// 429, 408 or 5xx: overloaded, or a node or a proxy before it is away.
    #[error("OpenSearch at {cluster} is overloaded or not available ({status}: {reason}); try again later")]
    Busy {
        /// URL without credentials.
        cluster: String,
        /// HTTP status.
        status: u16,
        /// Redacted reason of the cluster.
        reason: String,
        /// What the answer asks to wait, by `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// 429 by the flood-stage watermark: a full disk, which no slower sender helps.
    #[error(
        "the disks of OpenSearch at {cluster} are full (429: {reason}); free or add space, then run again"
    )]
    DiskFull {
        /// URL without credentials.
        cluster: String,
        /// Redacted reason of the cluster.
        reason: String,
    },
    /// The body is larger than the cluster will ever take; halves of it may pass.
    #[error("a bulk body is too large for OpenSearch at {cluster} ({status}); send smaller bodies")]
    TooLarge {
        /// URL without credentials.
        cluster: String,
        /// HTTP status: 413, or 429 by the indexing-pressure limit.
        status: u16,
        /// The limit in bytes after decompression, where the cluster says it. What it counts is some
        /// 13 % above the bytes of the body.
        limit: Option<u64>,
    },
    /// The request was refused as a whole and nothing of it was done.
    #[error("OpenSearch at {cluster} refused the whole request ({status} {error_type}: {reason})")]
    Refused {
        /// URL without credentials.
        cluster: String,
        /// HTTP status.
        status: u16,
        /// The cluster's error type; empty when it gave none.
        error_type: String,
        /// Redacted reason.
        reason: String,
        /// [`ErrorClass::Poison`] when one item can be the cause, else [`ErrorClass::Configuration`].
        class: ErrorClass,
    },
    /// Most documents of a body were refused for one reason: not their fault, and nothing to set aside.
    #[error(
        "OpenSearch at {cluster} refused {refused} of {sent} documents of one request for one reason ({error_type}: {reason}): \
         the mapping of the index does not fit; check its template (siem-loader setup --dry-run) and the index, then run again"
    )]
    MostRefused {
        /// URL without credentials.
        cluster: String,
        /// Items that were refused.
        refused: usize,
        /// Items sent.
        sent: usize,
        /// The cluster's error type.
        error_type: String,
        /// Redacted reason.
        reason: String,
    },
    /// 200, but another number of items answered than sent: what is missing was not read by the cluster.
    #[error(
        "OpenSearch at {cluster} answered {answered} of {sent} items, so the body arrived cut off; send it again"
    )]
    TruncatedAnswer {
        /// URL without credentials.
        cluster: String,
        /// Items sent.
        sent: usize,
        /// Items answered.
        answered: usize,
    },
    /// A document of the ledger was not taken.
    #[error(
        "OpenSearch at {cluster} did not take a document of the ledger ({status} {error_type}: {reason}); the role needs \
         write access to siem-ledger-*, or run with --no-ledger"
    )]
    LedgerRefused {
        /// URL without credentials.
        cluster: String,
        /// The item's status.
        status: u16,
        /// The cluster's error type.
        error_type: String,
        /// Redacted reason.
        reason: String,
        /// Its class.
        class: ErrorClass,
    },
    /// Sending ended by a panic.
    #[error("sending to OpenSearch ended in a defect of siem-loader, please report it; run again")]
    Defect,
    /// Nothing went through for as long as the deadline allows; what was said last.
    #[error("{0}")]
    Deadline(String),
    /// A template of ours is missing or unreadable and the user may not change that.
    #[error(
        "the index templates cannot be read or installed in OpenSearch at {cluster} (403: {reason}); {advice}"
    )]
    TemplatesForbidden {
        /// URL without credentials.
        cluster: String,
        /// Redacted reason of the cluster.
        reason: String,
        /// What to do.
        advice: &'static str,
    },
}

impl SinkError {
    /// What the failure means for the records that were under way.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Unreachable { .. }
            | Self::Interrupted { .. }
            | Self::NotReady { .. }
            | Self::Busy { .. }
            | Self::DiskFull { .. }
            | Self::TooLarge { .. }
            | Self::Deadline(_)
            | Self::Defect
            | Self::TruncatedAnswer { .. } => ErrorClass::Transient,
            Self::Refused { class, .. } | Self::LedgerRefused { class, .. } => *class,
            Self::Settings(_)
            | Self::Tls { .. }
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::Blocked { .. }
            | Self::NotFound { .. }
            | Self::NotOpenSearch { .. }
            | Self::MostRefused { .. }
            | Self::TemplatesForbidden { .. } => ErrorClass::Configuration,
        }
    }

    /// Name of its row in the table of outcomes (`docs/outcomes.md`).
    #[must_use]
    pub fn row(&self) -> &'static str {
        match self {
            Self::Settings(_) => "connection_settings",
            Self::Unreachable { .. } => "connection_refused",
            Self::Interrupted { .. } | Self::Deadline(_) | Self::Defect => "connection_cut",
            Self::Tls { .. } => "connection_tls",
            Self::NotOpenSearch { status: None, .. } => "connection_elsewhere",
            Self::NotOpenSearch { status: Some(200), .. } => "answer_malformed",
            Self::NotOpenSearch { status: Some(201..=399), .. } => "answer_redirected",
            Self::NotOpenSearch { .. } => "answer_foreign",
            Self::TruncatedAnswer { .. } => "answer_short",
            Self::MostRefused { .. } => "answer_mostly_refused",
            Self::Unauthorized { .. } => "answer_unauthorized",
            Self::Forbidden { .. } | Self::TemplatesForbidden { .. } => "answer_forbidden",
            Self::Blocked { .. } => "answer_blocked",
            Self::NotFound { .. } => "answer_not_found",
            Self::NotReady { .. } => "answer_not_ready",
            Self::Busy { status: 429, .. } => "answer_busy",
            Self::Busy { .. } => "answer_unavailable",
            Self::DiskFull { .. } => "answer_disk_full",
            Self::TooLarge { status: 413, .. } => "answer_body_too_large",
            Self::TooLarge { .. } => "answer_over_pressure_limit",
            Self::LedgerRefused { .. } => "answer_complete",
            Self::Refused { class: ErrorClass::Poison, .. } => "answer_poisoned",
            Self::Refused { status: 400, error_type, .. } if error_type.is_empty() => "answer_no_handler",
            Self::Refused { status: 400, .. } => "answer_invalid_for_all",
            Self::Refused { .. } => "answer_refused",
        }
    }

    /// What the answer asks to wait before the next request.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
