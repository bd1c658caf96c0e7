//! What is special about a bucket: the role that reads it, its region, who pays, whose it must be.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};

/// The variable with the settings of buckets.
pub const BUCKETS_VARIABLE: &str = "SIEM_LOADER_BUCKETS";
/// Buckets and patterns that may be set.
const MAX_RULES: usize = 1_000;
/// Longest name of a bucket or ARN of an access point.
const MAX_NAME: usize = 2_048;

/// Settings of one bucket, or of all whose names begin alike.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketAccess {
    /// The role to assume for it; without one it is read with the credentials of the process.
    pub role_arn: Option<String>,
    /// What the trust policy of the role asks for in `sts:ExternalId`.
    pub external_id: Option<String>,
    /// Where it is, if not in the region of the process. Without it the first answer of S3 tells.
    pub region: Option<String>,
    /// Whether we pay for the requests: required by buckets that are requester pays.
    #[serde(default)]
    pub requester_pays: bool,
    /// The account that the bucket must belong to; S3 denies everything else.
    pub expected_owner: Option<String>,
}

/// The settings of buckets, by name: `{"central-logs": {"role_arn": "…", "external_id": "…"}, "acme-*": {…}}`.
///
/// A name may be that of an access point (ARN or alias), or end in `*`. The full name wins over patterns, and of those
/// the longest. Unknown settings and names given twice are errors; an empty text is no settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BucketRules(Vec<(String, BucketAccess)>);

/// What is wrong with the settings of buckets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BucketRulesError {
    /// No JSON, another shape, or an unknown setting.
    #[error("the settings of buckets cannot be read: {0}")]
    Form(String),
    /// More than 1,000 of them.
    #[error("the settings of buckets name more than {MAX_RULES} buckets")]
    TooMany,
    /// A setting that cannot be used.
    #[error("the settings of bucket {bucket} cannot be used: {problem}")]
    Setting {
        /// The name or pattern.
        bucket: String,
        /// What is wrong.
        problem: &'static str,
    },
}

impl BucketRules {
    /// The settings of [`BUCKETS_VARIABLE`]; none where it is not set or empty.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn from_env() -> Result<Self, BucketRulesError> {
        match std::env::var(BUCKETS_VARIABLE) {
            Ok(text) => text.parse(),
            Err(std::env::VarError::NotPresent) => Ok(Self::default()),
            Err(error) => Err(BucketRulesError::Form(error.to_string())),
        }
    }

    /// The settings of a bucket.
    #[must_use]
    pub fn of(&self, bucket: &str) -> Option<&BucketAccess> {
        let exact = self.0.iter().find(|(name, _)| name == bucket);
        let longest = || {
            let fits = |name: &str| name.strip_suffix('*').is_some_and(|start| bucket.starts_with(start));
            self.0.iter().filter(|(name, _)| fits(name)).max_by_key(|(name, _)| name.len())
        };
        exact.or_else(longest).map(|(_, access)| access)
    }

    /// All settings.
    pub(super) fn all(&self) -> impl Iterator<Item = &BucketAccess> {
        self.0.iter().map(|(_, access)| access)
    }
}

impl FromStr for BucketRules {
    type Err = BucketRulesError;

    fn from_str(text: &str) -> Result<Self, BucketRulesError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let Listed(rules) =
            serde_json::from_str(text).map_err(|error| BucketRulesError::Form(error.to_string()))?;
        if rules.len() > MAX_RULES {
            return Err(BucketRulesError::TooMany);
        }
        let mut names = HashSet::new();
        for (name, access) in &rules {
            let again = if names.insert(name) { None } else { Some("it is named twice") };
            if let Some(problem) = again.or_else(|| name_problem(name)).or_else(|| access.problem()) {
                return Err(BucketRulesError::Setting { bucket: super::printable(name), problem });
            }
        }
        Ok(Self(rules))
    }
}

/// The members of the object as they come: a map would hide names given twice.
struct Listed(Vec<(String, BucketAccess)>);

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(String, BucketAccess)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of buckets and their settings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut rules = Vec::new();
                while let Some(rule) = map.next_entry()? {
                    rules.push(rule);
                    if rules.len() > MAX_RULES {
                        break;
                    }
                }
                Ok(rules)
            }
        }
        deserializer.deserialize_map(Members).map(Listed)
    }
}

fn name_problem(name: &str) -> Option<&'static str> {
    let start = name.strip_suffix('*').unwrap_or(name);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '/');
    if name.is_empty() || name.len() > MAX_NAME {
        Some("the name of a bucket has 1 to 63 characters, that of an access point is its ARN or alias")
    } else if start.contains('*') {
        Some("`*` stands at the end of a name only")
    } else if !start.chars().all(is_plain) || (name.contains([':', '/']) && !name.starts_with("arn:")) {
        Some("that is no name of a bucket, nor the ARN of an access point; give it without s3://")
    } else {
        None
    }
}

impl BucketAccess {
    /// By the rules of <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.
    fn problem(&self) -> Option<&'static str> {
        if self.role_arn.as_deref().is_some_and(|arn| !is_role_arn(arn)) {
            return Some("role_arn is not the ARN of a role (arn:aws:iam::111122223333:role/NAME)");
        }
        if let Some(id) = &self.external_id {
            let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b);
            if self.role_arn.is_none() {
                return Some("external_id needs role_arn");
            }
            if !(2..=1_224).contains(&id.len()) || !id.bytes().all(is_allowed) {
                return Some("external_id has 2 to 1,224 letters, digits and _+=,.@:/-");
            }
        }
        if self.region.as_deref().is_some_and(|region| !is_region(region)) {
            return Some("region is not the name of a Region (eu-central-1)");
        }
        if self.expected_owner.as_deref().is_some_and(|account| !is_account(account)) {
            return Some("expected_owner is not the id of an account (12 digits)");
        }
        None
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether it may be the name of a Region.
pub(super) fn is_region(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 40
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_role_arn(arn: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    let mut next = || parts.next().unwrap_or_default();
    let (start, partition, service, region, account, resource) =
        (next(), next(), next(), next(), next(), next());
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@/-".contains(&b))
    };
    arn.len() <= MAX_NAME
        && start == "arn"
        && partition.starts_with("aws")
        && (service, region) == ("iam", "")
        && is_account(account)
        && resource.strip_prefix("role/").is_some_and(is_name)
}

/// The bucket and the prefix of what stands behind `s3://`: an access point is named by its ARN, which has a `/` of its
/// own (`arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME`).
pub(super) fn split_address(address: &str) -> (&str, &str) {
    let named = ":accesspoint/";
    let name_at = match address.find(named) {
        Some(at) if address.starts_with("arn:") => at + named.len(),
        _ => 0,
    };
    let end = address.get(name_at..).and_then(|rest| rest.find('/')).map(|at| name_at + at);
    match end {
        Some(end) => (address.get(..end).unwrap_or(address), address.get(end + 1..).unwrap_or_default()),
        None => (address, ""),
    }
}

/// Why an ARN cannot be read as a bucket, if it is one that cannot.
pub(super) fn arn_problem(bucket: &str) -> Option<&'static str> {
    if !bucket.starts_with("arn:") {
        return None;
    }
    // arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME
    let parts: Vec<&str> = bucket.splitn(6, ':').collect();
    match parts.as_slice() {
        [_, _, "s3", "", _, point] if point.starts_with("accesspoint") => Some(
            "Multi-Region Access Points are not supported: name the bucket, or an access point of one Region",
        ),
        [_, _, "s3", _, _, point] if point.starts_with("accesspoint") => None,
        _ => Some("only ARNs of S3 access points can be read: arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME"),
    }
}
