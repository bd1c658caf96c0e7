//! One bulk request, and what became of every item in it.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use opensearch::http::Method;
use opensearch::http::headers::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Deserialize;
use serde::de::{self, SeqAccess, Visitor};

use super::cluster::{Answered, Cluster};
use super::encoding::Encoding;
use super::outcome::{classify_response, item_row};
use super::redact::{clip, field_of, redact};
use super::table::Action;
use crate::error::{ErrorClass, SinkError};

/// The status of every item is asked for, because with errors alone positions shift and a body that arrived
/// cut off looks whole; some 25 bytes an item. Of an error only what is read; not the id, not deeper causes.
const FILTER: &[(&str, &str)] = &[(
    "filter_path",
    "took,errors,items.*.status,items.*.error.type,items.*.error.reason,\
     items.*.error.caused_by.type,items.*.error.caused_by.reason",
)];

/// What one bulk request came to. `indexed + already_present + refused.len()` is the number of items sent.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct BulkAnswer {
    /// Time the cluster took, in milliseconds.
    pub took_ms: u64,
    /// Items written (200, 201).
    pub indexed: u64,
    /// Items whose id, or a newer version of it, was there before (409).
    pub already_present: u64,
    /// Places of these items in the body, ascending: a body holds records of several objects, and each object's
    /// figures must add up.
    pub already_present_at: Vec<u32>,
    /// Items not in the index, in the order of the body.
    pub refused: Vec<Refusal>,
}

/// One item that is not in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Place of the item in the body, from 0.
    pub position: usize,
    /// The item's HTTP-like status.
    pub status: u16,
    /// The cluster's error type, for example `mapper_parsing_exception`; empty when it gave none.
    pub error_type: String,
    /// The cluster's reason and its first cause, without values; equal faults have equal text.
    pub reason: String,
    /// The field it blames.
    pub field: Option<String>,
    /// Its class.
    pub class: ErrorClass,
    /// What to do about it.
    pub action: Action,
}

impl Cluster {
    /// Sends one bulk body, once.
    ///
    /// `body` is NDJSON, action lines included, with a newline at its end, packed as `encoding` says; it goes
    /// out as it is. `items` is the number of actions in it. Ids must be at most 512 bytes: one longer id
    /// makes the cluster refuse the whole body.
    ///
    /// # Errors
    /// [`SinkError::TruncatedAnswer`] when another number of items is answered: OpenSearch takes a body of
    /// gzip that was cut off at a line for a whole one. Everything else by [`classify_response`].
    pub async fn bulk(&self, body: Bytes, encoding: Encoding, items: usize) -> Result<BulkAnswer, SinkError> {
        let sent_bytes = body.len();
        let headers = bulk_headers(encoding);
        let Answered { status, body, retry_after } =
            self.send(Method::Post, "/_bulk", FILTER, headers, Some(body), None).await?;
        if status != 200 {
            let mut error = classify_response(self.url(), status, &body);
            if let SinkError::Busy { retry_after: asked, .. } = &mut error {
                *asked = retry_after;
            }
            return Err(error);
        }
        let answer = BulkAnswer::read(self.url(), body.into(), items)?;
        tracing::debug!(
            items,
            bytes = sent_bytes,
            took_ms = answer.took_ms,
            indexed = answer.indexed,
            already_present = answer.already_present,
            refused = answer.refused.len(),
            "bulk answered"
        );
        Ok(answer)
    }

    /// Whether bodies in a packing are read, by the cluster and by all that stands before it: an empty one is answered
    /// as an empty one. Nothing is written, and no right is needed: it is refused before rights are looked at.
    ///
    /// Whoever does not answer, or otherwise, is taken not to; why not will show in what is asked next.
    pub async fn takes(&self, encoding: Encoding) -> bool {
        // Read here: [`classify_response`] does not give these words back.
        #[derive(Deserialize)]
        struct Root {
            error: Cause,
        }
        #[derive(Deserialize)]
        struct Cause {
            reason: String,
        }
        let Ok(empty) = encoding.pack(b"\n") else { return false };
        let timeout = Some(self.first_timeout());
        let headers = bulk_headers(encoding);
        let answer = self.send(Method::Post, "/_bulk", &[], headers, Some(empty.into()), timeout).await;
        let Ok(Answered { status: 400, body, .. }) = answer else { return false };
        serde_json::from_slice::<Root>(&body).is_ok_and(|root| root.error.reason.contains(NOTHING_IN_IT))
    }
}

/// What OpenSearch says of a bulk body without items (2.19.1, 3.4.0, 3.8.0); unread bytes are a `json_parse_exception`.
const NOTHING_IN_IT: &str = "no requests added";

fn bulk_headers(encoding: Encoding) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    if let Some(packed) = encoding.header() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(packed));
    }
    headers
}

impl BulkAnswer {
    /// Reads the JSON of a bulk answer to `items` items. `cluster` is the URL for messages.
    ///
    /// The answer's bytes are parsed in place; only refused items are copied, shortened.
    ///
    /// # Errors
    /// [`SinkError::TruncatedAnswer`], or [`SinkError::NotOpenSearch`] for anything that is not such JSON.
    pub fn read(cluster: &str, mut answer: Vec<u8>, items: usize) -> Result<Self, SinkError> {
        let Ok(Wire { took: Some(took_ms), errors: Some(_), items: tally }) =
            simd_json::serde::from_slice::<Wire>(&mut answer)
        else {
            return Err(classify_response(cluster, 200, &answer));
        };
        if tally.answered != items {
            let cluster = cluster.to_owned();
            return Err(SinkError::TruncatedAnswer { cluster, sent: items, answered: tally.answered });
        }
        let Tally { indexed, already_present_at, refused, .. } = tally;
        let already_present = already_present_at.len() as u64;
        Ok(Self { took_ms, indexed, already_present, already_present_at, refused })
    }
}

#[derive(Deserialize)]
struct Wire {
    took: Option<u64>,
    errors: Option<bool>,
    #[serde(default)]
    items: Tally,
}

/// The items, counted while they are read.
#[derive(Default)]
struct Tally {
    answered: usize,
    indexed: u64,
    already_present_at: Vec<u32>,
    refused: Vec<Refusal>,
}

#[derive(Deserialize)]
struct WireItem<'a> {
    #[serde(borrow, alias = "index", alias = "update", alias = "delete")]
    create: WireOutcome<'a>,
}

#[derive(Deserialize)]
struct WireOutcome<'a> {
    status: u16,
    #[serde(borrow)]
    error: Option<WireError<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireError<'a> {
    #[serde(borrow, rename = "type")]
    error_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    caused_by: Option<WireCause<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireCause<'a> {
    #[serde(borrow, rename = "type")]
    error_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
}

impl Tally {
    fn add(&mut self, outcome: WireOutcome<'_>) {
        let position = self.answered;
        self.answered += 1;
        let error = outcome.error.unwrap_or_default();
        let error_type = error.error_type.as_deref().unwrap_or("");
        let reason = error.reason.as_deref().unwrap_or("");
        let action = item_row(outcome.status, error_type, reason).action;
        match action.class() {
            None if action == Action::AlreadyPresent => self.already_present_at.push(position as u32),
            None => self.indexed += 1,
            Some(class) => {
                let mut shown = redact(reason);
                let mut field = field_of(reason);
                if let Some(cause) = &error.caused_by {
                    let cause_reason = cause.reason.as_deref().unwrap_or("");
                    field = field.or_else(|| field_of(cause_reason));
                    let cause_type = clip(cause.error_type.as_deref().unwrap_or(""), 80);
                    shown = clip(&format!("{shown} ({cause_type}: {})", redact(cause_reason)), 300);
                }
                self.refused.push(Refusal {
                    position,
                    status: outcome.status,
                    error_type: clip(error_type, 80),
                    reason: shown,
                    field,
                    class,
                    action,
                });
            }
        }
    }
}

impl<'de> Deserialize<'de> for Tally {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items;
        impl<'de> Visitor<'de> for Items {
            type Value = Tally;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the items of a bulk answer")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tally, A::Error> {
                let mut tally = Tally::default();
                while let Some(item) = items.next_element::<WireItem<'de>>()? {
                    tally.add(item.create);
                }
                Ok(tally)
            }
        }
        deserializer.deserialize_seq(Items)
    }
}
