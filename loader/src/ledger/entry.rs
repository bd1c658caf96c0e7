//! The ledger's document of one object.

use chrono::{DateTime, SecondsFormat, Utc};
use md5::{Digest, Md5};
use serde::Serialize;
use siem_parsers::{document::LOADER_VERSION, key::KeyInfo, time};

use crate::{
    fetch::{Location, ObjectRef},
    pipeline::{Counts, ObjectReport, ObjectStatus, Progress},
};

/// What all indices of the ledger begin with.
pub const INDEX: &str = "siem-ledger-";

/// Bytes of the words of a failure that are kept.
const MESSAGE: usize = 2000;

/// Parts of a key that make the prefix by which unknown sources are told apart.
const PREFIX_PARTS: usize = 3;

/// Name of an object in the ledger: MD5 of bucket, key and version; of a file of key, size and modification time.
#[must_use]
pub fn object_id(object: &ObjectRef) -> String {
    let mut hash = Md5::new();
    let mut part = |bytes: &[u8]| {
        hash.update(bytes);
        // No part of a name has this byte.
        hash.update([0]);
    };
    match object.location {
        Location::S3 => {
            part(object.bucket.as_deref().unwrap_or_default().as_bytes());
            part(object.key.as_bytes());
            part(object.version_id.as_deref().unwrap_or_default().as_bytes());
        }
        Location::File(_) | Location::Stdin => {
            part(object.key.as_bytes());
            part(object.size.unwrap_or_default().to_string().as_bytes());
            let modified = object.modified.map(|at| DateTime::<Utc>::from(at).timestamp_nanos_opt());
            part(modified.flatten().unwrap_or_default().to_string().as_bytes());
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The index of an object: by the month of its key, else by when it was written, so that each attempt finds it.
#[must_use]
pub fn index_of(object: &ObjectRef, key: &KeyInfo) -> String {
    let seconds = key.time.map(|time| time.seconds);
    let written = || object.modified.map(|at| DateTime::<Utc>::from(at).timestamp());
    // Whoever writes into the bucket chooses the key: it must not make indices of its own.
    let latest = Utc::now().timestamp() + time::TOLERANCE;
    let sane = |seconds: &i64| (time::EARLIEST..=latest).contains(seconds);
    let at = seconds.filter(sane).or_else(written).filter(sane);
    match at.and_then(|seconds| DateTime::from_timestamp(seconds, 0)) {
        Some(at) => format!("{INDEX}{}", at.format("%Y-%m")),
        None => format!("{INDEX}undated"),
    }
}

/// One object in the ledger. Field names are those of the template `siem-loader-ledger`.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Its index and id, not part of the document.
    #[serde(skip)]
    pub index: String,
    #[serde(skip)]
    pub(super) id: String,
    #[serde(rename = "@timestamp")]
    pub(super) timestamp: String,
    object: Object,
    log: Log,
    cloud: Cloud,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<Named>,
    records: Records,
    current: Current,
    event: Event,
    lag: Lag,
    bulk: Bulk,
    pub(super) attempts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
    loader: Loader,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) progress: Option<Remembered>,
}

/// Where to go on, and with what it was cut.
#[derive(Debug, Clone, Serialize, serde::Deserialize)]
pub struct Remembered {
    /// Bounds and version of the cut: pieces are the same only where these are.
    pub cut: String,
    /// The object's entity tag: another object under its name has another.
    pub etag: Option<String>,
    /// The place.
    #[serde(flatten)]
    pub progress: Progress,
}

#[derive(Debug, Clone, Serialize)]
struct Object {
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<String>,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    bytes_inflated: u64,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct Log {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
}

#[derive(Debug, Clone, Serialize)]
struct Cloud {
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Named>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct Named {
    id: String,
}

#[derive(Debug, Clone, Serialize)]
struct Records {
    #[serde(rename = "in")]
    read: u64,
    indexed: u64,
    already_present: u64,
    excluded: u64,
    dead_lettered: u64,
    rejected: u64,
    unaccounted: u64,
}

#[derive(Debug, Clone, Serialize)]
struct Current {
    written: u64,
    older: u64,
}

#[derive(Debug, Clone, Default, Serialize)]
struct Event {
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize)]
struct Lag {
    #[serde(skip_serializing_if = "Option::is_none")]
    event_to_indexed_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_event_to_indexed_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_to_object_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_to_indexed_s: Option<i64>,
}

#[derive(Debug, Clone, Serialize)]
struct Bulk {
    requests: u64,
    retries: u64,
    rejected: u64,
}

#[derive(Debug, Clone, Serialize)]
struct Error {
    #[serde(rename = "type")]
    kind: String,
    message: String,
}

#[derive(Debug, Clone, Serialize)]
struct Loader {
    version: &'static str,
}

impl Entry {
    /// What is to be written of a report; none where it is of no object. `attempts` counts this one too.
    #[must_use]
    pub fn of(report: &ObjectReport, attempts: u64, now: DateTime<Utc>) -> Option<Self> {
        let object = report.object.as_ref()?;
        let status = report.status?.as_str();
        let counts = &report.counts;
        let times = Times::of(report, object, now);
        let message = report.problems.first().map(|first| {
            let end = first.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|&end| end <= MESSAGE);
            first.get(..end.last().unwrap_or(0)).unwrap_or_default().to_owned()
        });
        let kind = report.error_type.clone().or_else(|| message.is_some().then(|| "other".to_owned()));
        Some(Self {
            index: index_of(object, &report.key),
            id: object_id(object),
            timestamp: now.to_rfc3339_opts(SecondsFormat::Millis, true),
            object: Object {
                bucket: object.bucket.clone(),
                key: object.key.clone(),
                version_id: object.version_id.clone(),
                etag: object.etag.clone(),
                prefix: prefix(&object.key),
                size: object.size,
                modified: object.modified.map(|at| text(DateTime::<Utc>::from(at))),
                bytes_inflated: counts.bytes_in,
                status,
                remark: report.remark.clone(),
            },
            log: Log { kind: report.log_type },
            cloud: Cloud {
                account: report.key.account.clone().map(|id| Named { id }),
                region: report.key.region.clone(),
            },
            organization: report.key.organization.clone().map(|id| Named { id }),
            records: Records {
                read: counts.records,
                indexed: counts.indexed,
                already_present: counts.already_present,
                excluded: counts.excluded,
                dead_lettered: counts.dead_lettered,
                rejected: counts.rejected,
                unaccounted: counts.unsent + counts.discarded,
            },
            current: Current { written: counts.current_written, older: counts.current_older },
            event: times.event,
            lag: times.lag,
            bulk: Bulk {
                requests: report.bulk.requests,
                retries: report.bulk.retries,
                rejected: report.bulk.rejected,
            },
            attempts,
            error: kind.map(|kind| Error { kind, message: message.unwrap_or_default() }),
            loader: Loader { version: LOADER_VERSION },
            progress: None,
        })
    }

    /// What is to be written of an object under way: what is through, and nothing of what is not.
    pub(super) fn of_progress(
        report: &mut ObjectReport,
        progress: &Progress,
        attempts: u64,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let counts = Counts { bytes_in: report.counts.bytes_in, ..progress.counts };
        let counts = std::mem::replace(&mut report.counts, counts);
        let status = report.status.replace(ObjectStatus::InProgress);
        let entry = Self::of(report, attempts, now);
        (report.counts, report.status) = (counts, status);
        entry
    }

    /// The id of its document.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

struct Times {
    event: Event,
    lag: Lag,
}

impl Times {
    fn of(report: &ObjectReport, object: &ObjectRef, now: DateTime<Utc>) -> Self {
        let Some((first, last)) = report.span else {
            let written = object.modified.map(|at| (now - DateTime::<Utc>::from(at)).num_seconds());
            return Self {
                event: Event::default(),
                lag: Lag { object_to_indexed_s: written, ..Lag::default() },
            };
        };
        let written = object.modified.map(|at| DateTime::<Utc>::from(at).timestamp());
        let now = now.timestamp();
        let shown = |time: time::Instant| {
            let mut text = Vec::new();
            time.write(&mut text);
            String::from_utf8(text).ok()
        };
        Self {
            event: Event { start: shown(first), end: shown(last) },
            lag: Lag {
                event_to_indexed_s: Some(now - last.seconds),
                oldest_event_to_indexed_s: Some(now - first.seconds),
                event_to_object_s: written.map(|written| written - last.seconds),
                object_to_indexed_s: written.map(|written| now - written),
            },
        }
    }
}

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The first folders of a key.
fn prefix(key: &str) -> String {
    let folders = key.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split('/').take(PREFIX_PARTS).collect::<Vec<_>>().join("/")
}
