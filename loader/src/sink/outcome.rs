//! The table of outcomes: what an answer of the cluster means.
//!
//! Both functions are pure; what follows from a class (send again, set aside, stop) is the caller's.

use serde_json::Value;

use super::redact::{clip, redact};
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

/// Parts of reasons under `illegal_argument_exception` that blame the index and not the document.
const INDEX_AT_FAULT: [&str; 6] = [
    "Limit of total fields [",
    "Limit of nested fields [",
    "pipeline with id [",
    "no write index is defined for alias",
    "only write ops with an op_type of create are allowed in data streams",
    "is the write index for data stream",
];

/// Classifies one item of a bulk answer by its HTTP-like `status`, its `error.type` and its `error.reason`
/// (both empty where the answer has none).
///
/// A 400 is the document's fault unless its type or reason is known to blame the index; an unknown status
/// is taken as transient, because sending a document again never loses one.
pub fn classify_item(status: u16, error_type: &str, reason: &str) -> ItemOutcome {
    let class = match status {
        200..=299 => return ItemOutcome::Done,
        409 if error_type == "version_conflict_engine_exception" => return ItemOutcome::AlreadyPresent,
        400 => match error_type {
            "validation_exception" | "index_closed_exception" | "invalid_index_name_exception" => {
                ErrorClass::Configuration
            }
            "illegal_argument_exception" if INDEX_AT_FAULT.iter().any(|part| reason.contains(part)) => {
                ErrorClass::Configuration
            }
            _ => ErrorClass::Permanent,
        },
        413 => ErrorClass::Permanent,
        408 | 409 | 429 => ErrorClass::Transient,
        401..=499 => ErrorClass::Configuration,
        _ => ErrorClass::Transient,
    };
    ItemOutcome::Refused(class)
}

/// Classifies an answer that is not a bulk result.
///
/// `cluster` is the URL without credentials, for the message. `body` may be JSON, where `error` is an object
/// or a string, AWS's `{"message": …}`, plain text, a web page or empty; only its first 64 KiB count.
pub fn classify_response(cluster: &str, status: u16, body: &[u8]) -> SinkError {
    let cluster = cluster.to_owned();
    let answer = Answer::read(body);
    let reason = answer.reason.clone();
    match status {
        401 => SinkError::Unauthorized {
            cluster,
            problem: "401".to_owned(),
            advice: "check user and password, or sign the requests if this is an Amazon OpenSearch domain",
        },
        413 => SinkError::TooLarge { cluster, status, limit: None },
        429 if answer.error_type == "cluster_block_exception" => SinkError::DiskFull { cluster, reason },
        429 => match answer.pressure {
            Some((operation, limit)) if operation > limit => {
                SinkError::TooLarge { cluster, status, limit: Some(limit) }
            }
            _ => SinkError::Busy { cluster, status, reason },
        },
        503 if answer.text.starts_with("OpenSearch Security not initialized") => {
            SinkError::NotReady { cluster, reason: "OpenSearch Security not initialized".to_owned() }
        }
        408 | 500..=599 => SinkError::Busy { cluster, status, reason },
        _ if !answer.known => SinkError::NotOpenSearch { cluster, problem: answer.describe(status) },
        403 if answer.error_type == "cluster_block_exception" => SinkError::Blocked { cluster, reason },
        403 => SinkError::Forbidden { cluster, reason },
        404 => SinkError::NotFound { cluster, reason },
        200..=399 => SinkError::NotOpenSearch { cluster, problem: answer.describe(status) },
        _ => {
            // A validation_exception or an unknown path concerns every body, the rest of 400 one item.
            let unknown_path = answer.error_type.is_empty();
            let class = match status {
                400 if !unknown_path && answer.error_type != "validation_exception" => ErrorClass::Poison,
                _ => ErrorClass::Configuration,
            };
            SinkError::Refused { cluster, status, error_type: answer.error_type, reason, class }
        }
    }
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
