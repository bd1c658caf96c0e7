//! Choosing and grouping dead letters, and what to do about them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::letter::{Kind, Letter};

/// Groups that are kept apart; an attacker who finds more gets one group for the rest.
const GROUPS: usize = 1000;

/// Which letters are meant. What is not given does not matter.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Error type.
    pub reason: Option<String>,
    /// Field that is blamed.
    pub field: Option<String>,
    /// Log.
    pub log_type: Option<String>,
    /// What they are about.
    pub kind: Option<Kind>,
    /// What the key of their object begins with.
    pub prefix: Option<String>,
}

impl Selection {
    /// Whether a letter is meant.
    #[must_use]
    pub fn takes(&self, letter: &Letter<'_>) -> bool {
        let same = |wanted: &Option<String>, there: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| there == Some(wanted))
        };
        same(&self.reason, Some(&letter.reason.kind))
            && same(&self.field, letter.reason.field.as_deref())
            && same(&self.log_type, letter.log_type.as_deref())
            && self.kind.is_none_or(|kind| kind == letter.kind)
            && self.prefix.as_deref().is_none_or(|prefix| letter.object.key.starts_with(prefix))
    }
}

/// Letters with the same reason.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    /// Log, or `unknown`.
    pub log_type: String,
    /// What they are about.
    pub kind: Kind,
    /// Error type.
    pub reason: String,
    /// Field that is blamed; empty where none is.
    pub field: String,
    /// Records.
    pub records: u64,
    /// Letters.
    pub letters: u64,
    /// When the first and the last were written.
    pub first: String,
    /// See `first`.
    pub last: String,
    /// What the first one says.
    pub text: String,
    /// Object and record of the first one.
    pub example: String,
    /// What to do about them.
    pub advice: &'static str,
}

/// All letters by reason.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    groups: BTreeMap<(String, Kind, String, String), Group>,
}

impl Groups {
    /// Adds a letter.
    pub fn add(&mut self, letter: &Letter<'_>) {
        let log_type = letter.log_type.as_deref().unwrap_or("unknown");
        let field = letter.reason.field.as_deref().unwrap_or_default();
        let mut name = (log_type.to_owned(), letter.kind, letter.reason.kind.to_string(), field.to_owned());
        if self.groups.len() >= GROUPS && !self.groups.contains_key(&name) {
            name = ("(others)".to_owned(), letter.kind, "(others)".to_owned(), String::new());
        }
        let group = self.groups.entry(name.clone()).or_insert_with(|| Group {
            log_type: name.0,
            kind: name.1,
            advice: advice(letter.kind, &name.2),
            reason: name.2,
            field: name.3,
            records: 0,
            letters: 0,
            first: letter.at.to_string(),
            last: letter.at.to_string(),
            text: letter.reason.text.to_string(),
            example: example(letter),
        });
        group.records += letter.records;
        group.letters += 1;
        // RFC 3339 in UTC sorts as text.
        if *letter.at < *group.first {
            group.first = letter.at.to_string();
        }
        if *letter.at > *group.last {
            group.last = letter.at.to_string();
        }
    }

    /// The groups, those with most records first.
    #[must_use]
    pub fn most_first(self) -> Vec<Group> {
        let mut groups: Vec<Group> = self.groups.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse((group.records, group.letters)));
        groups
    }
}

fn example(letter: &Letter<'_>) -> String {
    let object = letter.object.object().to_string();
    match letter.ordinal {
        Some(ordinal) => format!("record {ordinal} of {object}"),
        None => object,
    }
}

/// What a person does about letters of a reason.
#[must_use]
pub fn advice(kind: Kind, reason: &str) -> &'static str {
    match (kind, reason) {
        (_, "record_too_large") => {
            "the record is larger than 8 MiB and only its place is known; fetch the object to see it"
        }
        (
            Kind::Document,
            "mapper_parsing_exception" | "document_parsing_exception" | "illegal_argument_exception",
        ) => {
            "the index was made with another mapping: compare its template (siem-loader setup --dry-run), reindex it or wait \
             for the next month's, then redrive"
        }
        (Kind::Document, "strict_dynamic_mapping_exception") => {
            "the index refuses fields it does not know: set its mapping to dynamic: false, then redrive"
        }
        (Kind::Document, "too_large") => {
            "the document is larger than a request may be: raise http.max_content_length or take a larger instance type, \
             then redrive"
        }
        (Kind::Document, _) => "remove what the cluster blames, then redrive",
        (Kind::Record, _) => {
            "the record is broken as it was delivered: look at it (raw), tell who writes it; redrive after an upgrade \
             that reads it, or delete the file"
        }
        (Kind::Object, "object_gone") => {
            "the object was deleted before it was read (lifecycle, clean-up): restore the version, then redrive, or delete \
             the file"
        }
        (Kind::Object, _) => {
            "the object is damaged as it is stored: what could be read is loaded. Have it delivered again, then redrive, or \
             delete the file"
        }
    }
}
