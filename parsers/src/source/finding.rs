//! What findings of GuardDuty and Security Hub have in common: labels, titles, the current state.

use std::borrow::Cow;

use crate::{
    document::{decimal, put},
    json::text,
    time::Instant,
};

/// How bad a finding is, on the scale of Security Hub. GuardDuty calls what is 9.0 and more critical.
///
/// <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Nothing to be done.
    Informational,
    /// Up to 3.9.
    Low,
    /// 4.0 to 6.9.
    Medium,
    /// 7.0 to 8.9.
    High,
    /// 9.0 to 10.0.
    Critical,
}

impl Severity {
    /// Of a GuardDuty score. AWS names the ranges in steps of a tenth; between two of them es-loader takes the higher.
    #[must_use]
    pub fn of_score(score: f64) -> Self {
        match score {
            s if s <= 3.9 => Self::Low,
            s if s <= 6.9 => Self::Medium,
            s if s <= 8.9 => Self::High,
            _ => Self::Critical,
        }
    }

    /// In lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Where a finding stands in its life. Of two states with one instant the later in this order is the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stage {
    /// Nobody has said anything about it; GuardDuty's own findings.
    Open = 0,
    /// `NEW`.
    New = 1,
    /// `NOTIFIED`, in progress.
    Notified = 2,
    /// `SUPPRESSED`.
    Suppressed = 3,
    /// `RESOLVED`.
    Resolved = 4,
    /// `ARCHIVED`.
    Archived = 5,
    /// Deleted.
    Deleted = 6,
}

impl Stage {
    /// Whether somebody still has to look at it.
    #[must_use]
    pub fn is_open(self) -> bool {
        self <= Self::Notified
    }

    /// In lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::New => "new",
            Self::Notified => "notified",
            Self::Suppressed => "suppressed",
            Self::Resolved => "resolved",
            Self::Archived => "archived",
            Self::Deleted => "deleted",
        }
    }
}

/// What is written of a finding under the same names whatever product it is of: `siem.finding`, in the document of a
/// change and in that of the current state.
#[derive(Debug)]
pub struct State<'a> {
    /// The product in lower case: `guardduty`, `security hub`, `inspector` … As it stands inside a JSON string.
    pub product: Cow<'a, [u8]>,
    /// The finding's id. A GuardDuty finding has its own also where it came by way of Security Hub.
    pub id: Cow<'a, [u8]>,
    /// How bad.
    pub severity: Option<Severity>,
    /// Where it stands.
    pub stage: Stage,
    /// When it came to stand there.
    pub changed: Option<Instant>,
}

/// Bits of a version that hold the stage.
const STAGES: u64 = 8;

impl State<'_> {
    /// Version of the current state: the instant in milliseconds, and the stage. None without an instant.
    #[must_use]
    pub fn version(&self) -> Option<u64> {
        let at = self.changed?;
        // OpenSearch takes versions from 0 to 2^63 - 1.
        u64::try_from(at.millis()?).ok()?.checked_mul(STAGES)?.checked_add(self.stage as u64)
    }

    /// `_id` of the current state: product and finding.
    #[must_use]
    pub fn id(&self) -> Vec<u8> {
        let id = [&*self.product, b"/", &*self.id].concat();
        super::draft::fitting_id(id.into()).into_owned()
    }

    /// Appends `,"finding":{…}`, a member of `siem`.
    pub fn write(&self, out: &mut Vec<u8>) {
        put!(out, b",\"finding\":{\"product\":\"", &self.product, b"\",\"id\":\"", &self.id, b"\"");
        if let Some(severity) = self.severity {
            put!(out, b",\"severity\":\"", severity.as_str().as_bytes(), b"\"");
        }
        put!(out, b",\"stage\":\"", self.stage.as_str().as_bytes(), b"\",\"open\":");
        out.extend_from_slice(if self.stage.is_open() { b"true" } else { b"false" });
        if let Some(changed) = self.changed {
            out.extend_from_slice(b",\"changed\":\"");
            changed.write(out);
            out.push(b'"');
        }
        if let Some(version) = self.version() {
            out.extend_from_slice(b",\"version\":");
            decimal(out, i64::try_from(version).unwrap_or(i64::MAX), 1);
        }
        out.push(b'}');
    }
}

/// When a finding came to be as it is: when it was told, else its own time. Either only where it is sane for an object
/// of that time; a version of the year 9999 would stay current whatever comes.
#[must_use]
pub fn changed(told: Option<Instant>, own: Option<Instant>, object: Option<Instant>) -> Option<Instant> {
    [told, own].into_iter().flatten().find(|time| time.is_sane(object))
}

/// `rule.name`: the title without space around it and full stops at its end, both as they stand inside a JSON string.
#[must_use]
pub fn rule_name(title: &[u8]) -> Cow<'_, [u8]> {
    if !title.contains(&b'\\') && title.is_ascii() {
        let title = title.trim_ascii();
        let end = title.iter().rposition(|b| *b != b'.').map_or(0, |at| at + 1);
        return title.get(..end).unwrap_or_default().into();
    }
    let plain = text::unescape(title);
    let mut inside = Vec::new();
    text::escape_into(&mut inside, plain.trim().trim_end_matches('.').as_bytes());
    inside.into()
}
