//! How long indices are kept and what becomes of them meanwhile: the settings, from a TOML file.
//!
//! Ages count from the creation of an index, as ISM knows no other age. Indices are monthly by the time of the events:
//! one is written to for a month and by late records after it, and what a backfill creates today is kept from today.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use siem_parsers::source::LOG_TYPES;

use super::error::SetupError;

/// Longest age that can be set, in days: a hundred years.
const MOST_DAYS: u32 = 36_500;
/// Most segments that a merge may leave.
const MOST_SEGMENTS: u32 = 1_000;
/// Largest retention file that is read.
const MOST_BYTES: u64 = 1024 * 1024;
/// Name of the section that all others start from.
const DEFAULTS: &str = "defaults";
/// Common beginning of the names of our templates; what follows names a section.
const PREFIX: &str = "siem-loader-";
/// The section of the ledger, whose indices are no log.
const LEDGER: (&str, &str) = ("ledger", "siem-ledger-*");

/// What becomes of the indices of one log. Every member may stand in `[defaults]` and in the section of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Days in which the index is left as it is. Default 60: a month of writing and a month of late records.
    pub hot_days: u32,
    /// Segments to which a shard is merged after that; 0: no merge. Default 1.
    pub merge_segments: u32,
    /// Whether writing stays blocked after the merge. Default false: a late record or a backfill of that month would
    /// stop the loader.
    pub read_only: bool,
    /// Days after which the index moves to cheaper nodes. Default: never.
    pub warm_days: Option<u32>,
    /// How it moves there. Default `ultrawarm`.
    pub warm: Warm,
    /// Node attribute and value of the warm nodes where `warm` is `attribute`. Default `temp=warm`.
    pub warm_attribute: String,
    /// Snapshot repository into which the index goes before it moves to UltraWarm or is deleted. Default: none.
    pub snapshot_repository: Option<String>,
    /// Days after which the index is deleted. Default: never: nobody's records are deleted unasked.
    pub delete_days: Option<u32>,
    /// Priority of the policy where others cover the same indices. Default 100.
    pub priority: u32,
}

/// How an index moves to warm nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Warm {
    /// `warm_migration`, which only Amazon OpenSearch Service has; needs UltraWarm nodes. Read-only from then on.
    UltraWarm,
    /// Shard allocation by a node attribute.
    Attribute,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            hot_days: 60,
            merge_segments: 1,
            read_only: false,
            warm_days: None,
            warm: Warm::UltraWarm,
            warm_attribute: "temp=warm".to_owned(),
            snapshot_repository: None,
            delete_days: None,
            priority: 100,
        }
    }
}

/// The indices of one section and what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Section, and the end of the policy's name.
    pub section: &'static str,
    /// Index patterns.
    pub patterns: Vec<String>,
    /// What becomes of them.
    pub retention: Retention,
}

/// The sections there are with the index patterns of each: every log by its template, and the ledger.
/// `siem-findings-current` has none, since it holds only what is true now.
fn sections() -> impl Iterator<Item = (&'static str, Vec<String>)> {
    #[derive(Deserialize)]
    struct Index {
        index_patterns: Vec<String>,
    }
    let logs = LOG_TYPES.iter().filter_map(|log| {
        let section = log.template.name.strip_prefix(PREFIX)?;
        let index: Index = serde_json::from_str(log.template.index).ok()?;
        Some((section, index.index_patterns))
    });
    // Two log types may share a template.
    let mut seen = Vec::new();
    let logs: Vec<_> = logs
        .filter(|(section, _)| {
            let new = !seen.contains(section);
            seen.push(*section);
            new
        })
        .collect();
    logs.into_iter().chain([(LEDGER.0, vec![LEDGER.1.to_owned()])])
}

/// The rules of a retention file; those of the defaults where there is none.
///
/// # Errors
/// The file cannot be read, has an unknown section or key, or asks for what cannot be.
pub fn read(path: Option<&Path>) -> Result<Vec<Rule>, SetupError> {
    let Some(path) = path else { return parse("") };
    let failed = |source| SetupError::File { doing: "read", path: path.to_owned(), source };
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > MOST_BYTES {
        return Err(SetupError::Settings(format!("{} is larger than 1 MiB", path.display())));
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    parse(&text).map_err(|error| SetupError::Settings(format!("{}: {error}", path.display())))
}

/// The rules of the text of a retention file.
///
/// # Errors
/// As [`read`].
pub fn parse(text: &str) -> Result<Vec<Rule>, SetupError> {
    let mut tables: BTreeMap<String, toml::Table> = toml::from_str(text)
        .map_err(|error| SetupError::Settings(format!("the retention file is not right: {error}")))?;
    let defaults = tables.remove(DEFAULTS).unwrap_or_default();
    let mut rules = Vec::new();
    for (section, patterns) in sections() {
        let mut settings = defaults.clone();
        settings.extend(tables.remove(section).unwrap_or_default());
        let retention: Retention = settings.try_into().map_err(|error| {
            SetupError::Settings(format!("the retention of {section} is not right: {error}"))
        })?;
        check(section, &retention)?;
        rules.push(Rule { section, patterns, retention });
    }
    if let Some(unknown) = tables.keys().next() {
        let known: Vec<&str> = [DEFAULTS].into_iter().chain(rules.iter().map(|rule| rule.section)).collect();
        return Err(SetupError::Settings(format!(
            "the retention file has an unknown section [{}]; there are {}",
            unknown.escape_debug(),
            known.join(", ")
        )));
    }
    Ok(rules)
}

/// Refuses what ISM would only find out days later, or never.
fn check(section: &str, retention: &Retention) -> Result<(), SetupError> {
    let wrong = |problem: &str| Err(SetupError::Settings(format!("retention of {section}: {problem}")));
    let ages = [Some(retention.hot_days), retention.warm_days, retention.delete_days];
    let mut before = 0;
    for age in ages.into_iter().flatten() {
        if !(1..=MOST_DAYS).contains(&age) {
            return wrong("days are 1 to 36500");
        }
        if age < before {
            return wrong("hot_days, warm_days and delete_days must not fall");
        }
        before = age;
    }
    if retention.delete_days.is_some_and(|days| days == retention.warm_days.unwrap_or(retention.hot_days)) {
        return wrong("delete_days must be more than the days before it");
    }
    if retention.merge_segments > MOST_SEGMENTS {
        return wrong("merge_segments is at most 1000");
    }
    let attribute = retention.warm_attribute.split_once('=');
    if retention.warm == Warm::Attribute
        && attribute.is_none_or(|(name, value)| name.is_empty() || value.is_empty())
    {
        return wrong("warm_attribute is NAME=VALUE");
    }
    if retention.snapshot_repository.as_deref() == Some("") {
        return wrong("snapshot_repository has no name");
    }
    Ok(())
}
