//! The type of a finding of GuardDuty or Macie as Security Hub writes it:
//! `namespace/category/Purpose:Resource-Family.Mechanism!Artifact`.
//!
//! <https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html#Types>

use std::borrow::Cow;

/// The parts of a type, under the names that es-loader gives them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TypeParts<'a> {
    /// `ThreatPurpose`; the category without spaces where the type has no purpose of its own.
    pub(super) purpose: Cow<'a, str>,
    /// `ResourceTypeAffected`
    pub(super) resource: &'a str,
    /// `ThreatFamilyName`
    pub(super) family: &'a str,
    /// `DetectionMechanism`
    pub(super) mechanism: &'a str,
    /// `Artifact`
    pub(super) artifact: &'a str,
}

impl<'a> TypeParts<'a> {
    /// Takes a type apart as es-loader does; none where it cannot.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let behind = text.split_once('/').map(|(_, behind)| behind);
        let with_category = behind.and_then(|b| b.split_once('/'));
        if let Some((category, tail)) = with_category
            && let Some((purpose, parts)) = tail_of(tail)
        {
            let purpose = purpose.filter(|p| !p.is_empty());
            let purpose = purpose.map_or_else(|| without_spaces(category), Cow::Borrowed);
            return Some(Self { purpose, ..parts });
        }
        if let Some((purpose, parts)) = behind.and_then(tail_of) {
            let purpose = purpose.filter(|p| !p.is_empty())?;
            return Some(Self { purpose: purpose.into(), ..parts });
        }
        // As GuardDuty itself writes it.
        let (purpose, rest) = word(text);
        let (resource, rest) = word(rest.strip_prefix(':')?);
        let parts = family_of(resource, rest.strip_prefix('/')?);
        (!purpose.is_empty()).then_some(Self { purpose: purpose.into(), ..parts })
    }

    /// Whether es-loader calls it malware.
    pub(super) fn is_malware(&self) -> bool {
        matches!(&*self.purpose, "Backdoor" | "CryptoCurrency" | "Trojan") || self.is_file()
    }

    /// Whether it tells of a file, so that there is no direction.
    pub(super) fn is_file(&self) -> bool {
        matches!(self.family, "SuspiciousFile" | "MaliciousFile")
    }
}

fn without_spaces(text: &str) -> Cow<'_, str> {
    if text.contains(' ') { text.replace(' ', "").into() } else { text.into() }
}

/// Letters, digits and `_` at the beginning, and the rest.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// `[Purpose:]Resource-Family…`; between the last two may also stand `/` or `.`.
fn tail_of(text: &str) -> Option<(Option<&str>, TypeParts<'_>)> {
    let (first, rest) = word(text);
    let (purpose, resource, rest) = match rest.strip_prefix(':') {
        Some(behind) => {
            let (resource, rest) = word(behind);
            (Some(first), resource, rest)
        }
        None => (None, first, rest),
    };
    let rest = rest.strip_prefix(['/', '-', '.'])?;
    Some((purpose, family_of(resource, rest)))
}

/// `Family[.Mechanism][!Artifact]`
fn family_of<'a>(resource: &'a str, text: &'a str) -> TypeParts<'a> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '&').unwrap_or(text.len());
    let (family, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let (mechanism, rest) = rest.strip_prefix('.').map_or(("", rest), word);
    let (artifact, _) = rest.strip_prefix('!').map_or(("", rest), word);
    TypeParts { purpose: Cow::default(), resource, family, mechanism, artifact }
}
