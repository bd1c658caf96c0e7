//! What an answer of the cluster means, by the [table](super::table).
//!
//! All functions are pure; what follows from a row (send again, set aside, stop) is the caller's.

use serde_json::Value;

use super::redact::{clip, redact};
use super::table::{Action, Row, Scope, Seen, find};
use crate::error::{ErrorClass, SinkError};

/// What became of one item of a bulk request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemOutcome {
    /// 200 or 201: it is in the index.
    Done,
    /// 409 by version: the same id, or a newer version of it, was there before. Counted apart.
    AlreadyPresent,
    /// It is not in the index.
    Refused(ErrorClass),
}

/// Classifies one item of a bulk answer by its HTTP-like `status`, its `error.type` and its `error.reason`
/// (both empty where the answer has none).
///
/// A 400 is the document's fault unless its type or reason is known to blame the index; an unknown status
/// is taken as transient, because sending a document again never loses one.
pub fn classify_item(status: u16, error_type: &str, reason: &str) -> ItemOutcome {
    let action = item_row(status, error_type, reason).action;
    match action.class() {
        None if action == Action::AlreadyPresent => ItemOutcome::AlreadyPresent,
        None => ItemOutcome::Done,
        Some(class) => ItemOutcome::Refused(class),
    }
}

/// The row of the table for one item of a bulk answer; arguments as in [`classify_item`].
#[must_use]
pub fn item_row(status: u16, error_type: &str, reason: &str) -> &'static Row {
    find(Scope::Item, status, &Seen { error_type, reason, ..Seen::default() })
}

/// Classifies an answer that is not a bulk result.
///
/// `cluster` is the URL without credentials, for the message. `body` may be JSON, where `error` is an object
/// or a string, AWS's `{"message": …}`, plain text, a web page or empty; only its first 64 KiB count.
pub fn classify_response(cluster: &str, status: u16, body: &[u8]) -> SinkError {
    let cluster = cluster.to_owned();
    let answer = Answer::read(body);
    let row = answer_row(status, &answer);
    let reason = answer.reason.clone();
    match row.name {
        "answer_unauthorized" => SinkError::Unauthorized {
            cluster,
            problem: "401".to_owned(),
            advice: "check user and password, or sign the requests if this is an Amazon OpenSearch domain",
        },
        "answer_body_too_large" => SinkError::TooLarge { cluster, status, limit: None },
        "answer_over_pressure_limit" => {
            SinkError::TooLarge { cluster, status, limit: answer.pressure.map(|(_, limit)| limit) }
        }
        "answer_disk_full" => SinkError::DiskFull { cluster, reason },
        "answer_busy" | "answer_unavailable" => {
            SinkError::Busy { cluster, status, reason, retry_after: None }
        }
        "answer_not_ready" => {
            SinkError::NotReady { cluster, reason: "OpenSearch Security not initialized".to_owned() }
        }
        "answer_malformed" | "answer_foreign" | "answer_redirected" => {
            SinkError::NotOpenSearch { cluster, status: Some(status), problem: answer.describe(status) }
        }
        "answer_blocked" => SinkError::Blocked { cluster, reason },
        "answer_forbidden" => SinkError::Forbidden { cluster, reason },
        "answer_not_found" => SinkError::NotFound { cluster, reason },
        _ => {
            let class = row.action.class().unwrap_or(ErrorClass::Configuration);
            SinkError::Refused { cluster, status, error_type: answer.error_type, reason, class }
        }
    }
}

fn answer_row(status: u16, answer: &Answer<'_>) -> &'static Row {
    let seen = Seen {
        error_type: &answer.error_type,
        reason: &answer.reason,
        text: answer.text,
        foreign: !answer.known,
        over_limit: answer.pressure.is_some_and(|(operation, limit)| operation > limit),
    };
    find(Scope::Answer, status, &seen)
}

/// What can be read from the body of a failed request.
struct Answer<'a> {
    /// JSON with `error`, or with AWS's `message`.
    known: bool,
    error_type: String,
    reason: String,
    /// Bytes of the operation and the limit, from an indexing-pressure refusal.
    pressure: Option<(u64, u64)>,
    text: &'a str,
}

impl<'a> Answer<'a> {
    fn read(body: &'a [u8]) -> Self {
        let head = body.get(..body.len().min(64 * 1024)).unwrap_or(body);
        let text = head.utf8_chunks().next().map_or("", |chunk| chunk.valid()).trim();
        let mut answer =
            Self { known: false, error_type: String::new(), reason: String::new(), pressure: None, text };
        let Ok(json) = serde_json::from_slice::<Value>(body) else {
            return answer;
        };
        let aws_message = json.get("message").or_else(|| json.get("Message"));
        match (json.get("error"), aws_message) {
            (Some(Value::String(error)), _) => {
                answer.known = true;
                answer.reason = plain(error);
            }
            (Some(error), _) => {
                answer.known = true;
                let part = |key| error.get(key).and_then(Value::as_str).unwrap_or("");
                answer.error_type = clip(part("type"), 80);
                answer.pressure = pressure(part("reason"));
                answer.reason = match answer.error_type.as_str() {
                    "security_exception" => plain(part("reason")),
                    _ => redact(part("reason")),
                };
            }
            (None, Some(Value::String(message))) => {
                answer.known = true;
                answer.reason = plain(message);
            }
            _ => {}
        }
        answer
    }

    /// For an answer that is not OpenSearch's: its status and its kind, never its text.
    fn describe(&self, status: u16) -> String {
        let kind = match self.text.bytes().next() {
            None => "an empty answer",
            Some(b'<') => "a web page",
            Some(b'{' | b'[') => "other JSON",
            Some(_) => "plain text",
        };
        format!("status {status} with {kind}")
    }
}

/// A message about rights or paths, not about a document: its first line, without user and signature detail.
fn plain(message: &str) -> String {
    let line = message.lines().next().unwrap_or("");
    let end = ["The Canonical String", " and User [", "x-amz-security-token"]
        .iter()
        .filter_map(|stop| line.find(stop))
        .min()
        .unwrap_or(line.len());
    clip(line.get(..end).unwrap_or(line).trim_end(), 300)
}

/// `coordinating_operation_bytes` and `max_coordinating_and_primary_bytes` of a reason. In a limit of the
/// node, `max` is below `operation` when the body alone is too large, above it when others fill the node.
fn pressure(reason: &str) -> Option<(u64, u64)> {
    let number = |key: &str| -> Option<u64> {
        let (_, rest) = reason.split_once(key)?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end)?.parse().ok()
    };
    let operation = number("coordinating_operation_bytes=").or_else(|| number("primary_operation_bytes="))?;
    Some((operation, number("max_coordinating_and_primary_bytes=")?))
}
