//! The parts of a finding's type, of GuardDuty as of what passes findings of GuardDuty and Macie on.

use std::borrow::Cow;

/// The parts of a finding's type, under the names that es-loader gives them. Each may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FindingType<'a> {
    /// `ThreatPurpose`; of a type of Security Hub that has none, its category without spaces.
    pub purpose: Option<Cow<'a, [u8]>>,
    /// `ResourceTypeAffected`
    pub resource: Option<&'a [u8]>,
    /// `ThreatFamilyName`
    pub family: Option<&'a [u8]>,
    /// `DetectionMechanism`
    pub mechanism: Option<&'a [u8]>,
    /// `Artifact`
    pub artifact: Option<&'a [u8]>,
}

impl<'a> FindingType<'a> {
    /// Takes a type of GuardDuty apart, `Purpose:Resource/Family.Mechanism!Artifact`, which is text without JSON's
    /// escapes. Where it has the usual form, each part ends where its word does, as es-loader has it; else it is taken
    /// apart as far as it goes. Nothing where it has no purpose.
    ///
    /// <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-format.html>
    #[must_use]
    pub fn of_guardduty(text: &'a [u8]) -> Self {
        Self::usual(text).unwrap_or_else(|| Self::odd(text))
    }

    /// Takes a type of Security Hub apart as es-loader does, `namespace/category/Purpose:Resource-Family…`, or one that
    /// is written as GuardDuty does; none where es-loader cannot.
    ///
    /// <https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html#Types>
    #[must_use]
    pub fn of_security_hub(text: &'a [u8]) -> Option<Self> {
        let behind = split(text, b'/').1;
        if let Some((category, Some(tail))) = behind.map(|behind| split(behind, b'/'))
            && let Some(mut parts) = Self::tail(tail)
        {
            let category = || without_spaces(category);
            parts.purpose = parts.purpose.or_else(|| Some(category()).filter(|c| !c.is_empty()));
            return Some(parts);
        }
        match behind.and_then(Self::tail) {
            Some(parts) => parts.purpose.is_some().then_some(parts),
            None => Self::usual(text).filter(|parts| parts.purpose.is_some()),
        }
    }

    /// Whether es-loader calls it malware.
    #[must_use]
    pub fn is_malware(&self) -> bool {
        matches!(self.purpose.as_deref(), Some(b"Backdoor" | b"CryptoCurrency" | b"Trojan")) || self.is_file()
    }

    /// Whether it tells of a file, so that there is no direction.
    #[must_use]
    pub fn is_file(&self) -> bool {
        matches!(self.family, Some(b"MaliciousFile" | b"SuspiciousFile"))
    }

    /// The fields of the document that hold the parts.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let fields = [
            ("ThreatPurpose", self.purpose.as_deref()),
            ("ResourceTypeAffected", self.resource),
            ("ThreatFamilyName", self.family),
            ("DetectionMechanism", self.mechanism),
            ("Artifact", self.artifact),
        ];
        fields.into_iter().filter_map(|(name, part)| Some((name, part?)))
    }

    fn usual(text: &'a [u8]) -> Option<Self> {
        let (purpose, rest) = word(text, None);
        let (resource, rest) = word(rest.strip_prefix(b":")?, None);
        Some(Self::family(some(purpose), resource, rest.strip_prefix(b"/")?))
    }

    /// `[Purpose:]Resource-Family…`; between the last two may also stand `/` or `.`.
    fn tail(text: &'a [u8]) -> Option<Self> {
        let (first, rest) = word(text, None);
        let (purpose, (resource, rest)) = match rest.strip_prefix(b":") {
            Some(behind) => (some(first), word(behind, None)),
            None => (None, (first, rest)),
        };
        match rest {
            [b'/' | b'-' | b'.', rest @ ..] => Some(Self::family(purpose, resource, rest)),
            _ => None,
        }
    }

    /// `Family[.Mechanism][!Artifact]`
    fn family(purpose: Option<&'a [u8]>, resource: &'a [u8], text: &'a [u8]) -> Self {
        let (family, rest) = word(text, Some(b'&'));
        let (mechanism, rest) = rest.strip_prefix(b".").map_or((&b""[..], rest), |rest| word(rest, None));
        let artifact = rest.strip_prefix(b"!").map(|rest| word(rest, None).0);
        Self {
            purpose: purpose.map(Cow::Borrowed),
            resource: some(resource),
            family: some(family),
            mechanism: some(mechanism),
            artifact: artifact.and_then(some),
        }
    }

    fn odd(text: &'a [u8]) -> Self {
        let (purpose, Some(rest)) = split(text, b':') else { return Self::default() };
        let (resource, rest) = split(rest, b'/');
        let (rest, artifact) = split(rest.unwrap_or_default(), b'!');
        let (family, mechanism) = split(rest, b'.');
        Self {
            purpose: some(purpose).map(Cow::Borrowed),
            resource: some(resource),
            family: some(family),
            mechanism: mechanism.and_then(some),
            artifact: artifact.and_then(some),
        }
    }
}

/// What is in front of a character, and what behind it, if it is there.
fn split(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(at, text) {
        Some(place) => (text.get(..place).unwrap_or_default(), text.get(place + 1..)),
        None => (text, None),
    }
}

fn without_spaces(text: &[u8]) -> Cow<'_, [u8]> {
    match memchr::memchr(b' ', text) {
        Some(_) => text.iter().copied().filter(|&b| b != b' ').collect(),
        None => text.into(),
    }
}

fn some(text: &[u8]) -> Option<&[u8]> {
    (!text.is_empty()).then_some(text)
}

/// The word that a text begins with (letters and digits of any script, `_`, and one more character) and what
/// stands behind it.
fn word(text: &[u8], more: Option<u8>) -> (&[u8], &[u8]) {
    let ascii = text.iter().position(|&b| !b.is_ascii_alphanumeric() && b != b'_' && Some(b) != more);
    let end = match ascii.and_then(|at| text.get(at..)) {
        None => text.len(),
        Some(rest) if rest.first().is_some_and(u8::is_ascii) => text.len() - rest.len(),
        Some(_) => {
            let valid = String::from_utf8_lossy(text);
            let is_word =
                |c: char| c.is_alphanumeric() || c == '_' || u8::try_from(c).is_ok_and(|b| Some(b) == more);
            valid.find(|c| !is_word(c)).unwrap_or(valid.len()).min(text.len())
        }
    };
    text.split_at(end)
}
