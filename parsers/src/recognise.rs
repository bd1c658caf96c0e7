//! Which log an object holds: by its key, confirmed by its first bytes.
//!
//! The key says where somebody put an object, the content what it is. Where both speak and differ, the
//! content counts: a digest of CloudTrail under a prefix of CloudTrail must not load as a log without
//! records, and what Firehose could not deliver must not load as a finding.

pub mod content;
pub mod head;

pub use head::{HEAD, Head, Shape};

use crate::key::KeyInfo;

/// A log type and whether content looks like it.
pub type Look = (&'static str, fn(&Head<'_>) -> bool);

/// Which log an object holds, and who says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recognised {
    /// Name of the log type; also set where the object is of its family and is not loaded.
    pub log_type: Option<&'static str>,
    /// The rule that spoke, in words: that of the key ([`KeyInfo::rule`]) or what the content showed. Empty
    /// where none did.
    pub by: &'static str,
    /// Why there is nothing to load, in words.
    pub not_loaded: Option<&'static str>,
    /// What key and content disagree in, in words for people.
    pub mismatch: Option<String>,
}

/// The content looks like one log type; the key names none or another.
pub const BY_CONTENT: &str = "content";

/// The object has no bytes.
pub const BY_EMPTINESS: &str = "empty object";

/// Decides by key and content.
///
/// | key | content | log type |
/// |---|---|---|
/// | says "not loaded" | any | the key's, not loaded |
/// | any | nothing | none |
/// | any | digest, error record of Firehose, control message | the key's, not loaded |
/// | names a type | looks like it | the key's |
/// | names a type | looks like another | the content's, mismatch |
/// | names a type | no known log | the key's, mismatch; the parser will report what it cannot read |
/// | names a type | Parquet, or only empty containers | the key's |
/// | names none | looks like a log | the content's |
/// | names none | no known log | none |
#[must_use]
pub fn decide(key: &KeyInfo, head: &Head<'_>, looks: &[Look]) -> Recognised {
    let by_key = Recognised { log_type: key.log_type, by: key.rule, ..Recognised::default() };
    if key.not_loaded.is_some() {
        return Recognised { not_loaded: key.not_loaded, ..by_key };
    }
    if head.shape() == Shape::Empty {
        return Recognised { by: BY_EMPTINESS, ..Recognised::default() };
    }
    if let Some(why) = content::why_not(head) {
        return Recognised { not_loaded: Some(why), by: BY_CONTENT, ..by_key };
    }
    let Some(log) = behind_control_messages(head) else {
        return Recognised { not_loaded: Some(content::CONTROL_MESSAGE), by: BY_CONTENT, ..by_key };
    };
    let named = looks.iter().find(|(name, _)| Some(*name) == key.log_type);
    if named.is_some_and(|(_, looks_like)| looks_like(&log)) {
        return by_key;
    }
    let seen = looks.iter().find(|(_, looks_like)| looks_like(&log)).map(|&(name, _)| name);
    match (key.log_type, seen) {
        (None, None) => Recognised::default(),
        (None, Some(_)) => Recognised { log_type: seen, by: BY_CONTENT, ..Recognised::default() },
        (Some(named), Some(content)) => Recognised {
            log_type: seen,
            by: BY_CONTENT,
            not_loaded: None,
            mismatch: Some(format!("the key says {named}, the content is {content}")),
        },
        // Only the key can tell which log a Parquet file holds.
        (Some(_), None) if log.shape() == Shape::Parquet || log.holds_nothing() => by_key,
        (Some(named), None) => Recognised {
            mismatch: Some(format!("the key says {named}, the content looks like no known log")),
            ..by_key
        },
    }
}

/// Messages in front of the log that are stepped over.
const CONTROL_MESSAGES: usize = 16;

/// The first value that is no control message of CloudWatch Logs; none where there is nothing else.
fn behind_control_messages<'a>(head: &Head<'a>) -> Option<Head<'a>> {
    let mut head = head.clone();
    for _ in 0..CONTROL_MESSAGES {
        if !content::is_control_message(&head) {
            return Some(head);
        }
        head = head.into_behind()?;
    }
    Some(head)
}
