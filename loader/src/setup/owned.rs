//! What was installed, by whom it was changed, and so what may be written over.
//!
//! ISM policies, monitors and saved objects have no place for a mark of ours: their schemas are strict, and the cluster
//! completes and reorders what it stores. So after each write the object is read back, and what was sent and what was
//! read is remembered in a small index of the same cluster, one document an object. The next run compares: what is
//! there now with what was read then (did somebody change it?), and what it would send with what was sent (is there
//! something new?).

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use opensearch::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{error::SetupError, plugin};
use crate::sink::{Cluster, Encoding};
use crate::templates::Action;

/// The index of the records.
pub const STATE_INDEX: &str = "siem-loader-setup";
/// Differences that are shown of one object at most.
const MOST_DIFFERENCES: usize = 12;

/// What is remembered of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// `policy`, `monitor` or the type of a saved object.
    pub(super) kind: String,
    /// Name of the object.
    pub(super) name: String,
    /// Id in the cluster, where the cluster chose it.
    pub(super) id: String,
    /// Version of the program that wrote it.
    pub(super) release: String,
    /// JSON that was sent.
    pub(super) sent: String,
    /// JSON that was there afterwards, without what the cluster counts on.
    pub(super) installed: String,
}

impl Record {
    /// Of an object that was just written, or taken over as it is.
    pub(super) fn written(planned: &Planned, id: &str, installed: &Value) -> Self {
        Self {
            kind: planned.kind.clone(),
            name: planned.name.clone(),
            id: id.to_owned(),
            release: env!("CARGO_PKG_VERSION").to_owned(),
            sent: planned.body.to_string(),
            installed: installed.to_string(),
        }
    }
}

/// An object as it is in the cluster.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// Its id.
    pub(super) id: String,
    /// Its content, without what the cluster counts on (times, users, versions).
    pub(super) body: Value,
    /// `_seq_no` and `_primary_term`, by which a write is refused that would undo another.
    pub(super) at: Option<(u64, u64)>,
}

/// One object and what is to be done with it.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) action: Action,
    pub(super) details: Vec<String>,
    pub(super) body: Value,
    pub(super) found: Option<Found>,
    /// It is there as it should be, but not remembered yet.
    pub(super) adopt: bool,
}

impl Planned {
    /// Whether something is to be written to the object.
    pub(super) fn writes(&self) -> bool {
        matches!(self.action, Action::Create | Action::Update)
    }
}

/// Decides about one object.
pub(super) fn decide(
    kind: &str,
    name: &str,
    body: Value,
    found: Option<Found>,
    record: Option<&Record>,
    force: bool,
) -> Planned {
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let mut adopt = false;
    let (mut action, details) = match (&found, record) {
        (None, None) => (Action::Create, Vec::new()),
        (None, Some(_)) => (Action::Deleted, vec!["was deleted since it was installed".to_owned()]),
        (Some(found), None) if found.body == body => {
            adopt = true;
            (Action::Unchanged, Vec::new())
        }
        (Some(found), None) if missing(&body, &found.body).is_empty() => (Action::Unchanged, Vec::new()),
        (Some(found), None) => {
            let mut details = vec!["is there and was not written by setup".to_owned()];
            details.extend(missing(&body, &found.body));
            (Action::Kept, details)
        }
        (Some(_), Some(record)) if newer(&record.release) => {
            (Action::NewerInstalled, vec![format!("installed by release {}", record.release)])
        }
        (Some(found), Some(record)) => {
            let installed = json(&record.installed);
            let ours = json(&record.sent) == body;
            if found.body == installed {
                match ours {
                    true => (Action::Unchanged, Vec::new()),
                    false => (Action::Update, changed(&json(&record.sent), &body)),
                }
            } else if missing(&body, &found.body).is_empty() {
                // Somebody added to it, and nothing of ours is lacking. With something new of ours it is kept.
                (Action::Unchanged, Vec::new())
            } else {
                let mut details = vec!["was changed since it was installed".to_owned()];
                details.extend(changed(&installed, &found.body));
                (Action::Kept, details)
            }
        }
    };
    if force {
        action = match action {
            Action::Kept | Action::NewerInstalled => Action::Update,
            Action::Deleted => Action::Create,
            other => other,
        };
    }
    Planned { kind: kind.to_owned(), name: name.to_owned(), action, details, body, found, adopt }
}

/// Whether a release is newer than this program, by its three numbers.
fn newer(release: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        text.split(['.', '-', '+']).take(3).map(|part| part.parse().unwrap_or(0)).collect()
    };
    numbers(release) > numbers(env!("CARGO_PKG_VERSION"))
}

/// Paths at which `ours` has a value that is not in `there`.
fn missing(ours: &Value, there: &Value) -> Vec<String> {
    let (ours, there) = (leaves(ours), leaves(there));
    let differing = ours.iter().filter(|(path, value)| there.get(*path) != Some(value));
    told(differing.map(|(path, _)| path.clone()))
}

/// Paths at which two bodies differ.
fn changed(one: &Value, other: &Value) -> Vec<String> {
    let (one, other) = (leaves(one), leaves(other));
    let paths: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    told(paths.into_iter().filter(|path| one.get(*path) != other.get(*path)).cloned())
}

/// Lines of a plan; only so many, since a new dashboard differs everywhere.
fn told(paths: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = paths.map(|path| format!("differs at {path}")).collect();
    if lines.len() > MOST_DIFFERENCES {
        let more = lines.len() - MOST_DIFFERENCES;
        lines.truncate(MOST_DIFFERENCES);
        lines.push(format!("and at {more} more places"));
    }
    lines
}

fn leaves(body: &Value) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    collect(body, String::new(), &mut out);
    out
}

/// Depth is bounded by the JSON parser (128); an empty object or list is a leaf.
fn collect(value: &Value, path: String, out: &mut BTreeMap<String, String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().for_each(|(key, value)| collect(value, below(key), out));
        }
        Value::Array(list) if !list.is_empty() => {
            list.iter().enumerate().for_each(|(place, value)| collect(value, below(&place.to_string()), out));
        }
        leaf => {
            out.insert(path, leaf.to_string());
        }
    }
}

/// The records of a cluster.
#[derive(Debug, Clone)]
pub(super) struct Records<'a> {
    cluster: &'a Cluster,
    /// Objects of several tenants of Dashboards are apart.
    scope: String,
}

impl<'a> Records<'a> {
    pub(super) fn new(cluster: &'a Cluster) -> Self {
        Self { cluster, scope: String::new() }
    }

    /// The records of one tenant.
    pub(super) fn of_tenant(cluster: &'a Cluster, tenant: Option<&str>) -> Self {
        Self { cluster, scope: tenant.map(|tenant| format!("{tenant}/")).unwrap_or_default() }
    }

    fn id(&self, kind: &str, name: &str) -> String {
        format!("{}{kind}/{name}", self.scope)
    }

    /// Those of the objects named that are remembered, by kind and name. None of them where there is no index yet.
    pub(super) async fn of(
        &self,
        objects: &[(String, String)],
    ) -> Result<BTreeMap<(String, String), Record>, SetupError> {
        if objects.is_empty() {
            return Ok(BTreeMap::new());
        }
        let ids: Vec<String> = objects.iter().map(|(kind, name)| self.id(kind, name)).collect();
        let path = format!("/{STATE_INDEX}/_mget");
        let body = json!({ "ids": ids });
        let answer = plugin::ask(self.cluster, Method::Post, &path, &[], Some(&body), STATE_INDEX).await?;
        let plugin::Answer::Done(answer) = answer else { return Ok(BTreeMap::new()) };
        let documents = answer.get("docs").and_then(Value::as_array);
        let records = documents.into_iter().flatten().filter_map(|document| {
            let source = document.get("_source")?;
            Record::deserialize(source).ok()
        });
        Ok(records.map(|record| ((record.kind.clone(), record.name.clone()), record)).collect())
    }

    /// Remembers objects. The index is made first where it is missing: a mapping guessed from the first document would
    /// index what nobody searches.
    pub(super) async fn remember(&self, records: &[Record]) -> Result<(), SetupError> {
        if records.is_empty() {
            return Ok(());
        }
        self.make_index().await?;
        let mut body = String::new();
        for record in records {
            let action =
                json!({"index": {"_index": STATE_INDEX, "_id": self.id(&record.kind, &record.name)}});
            let document = serde_json::to_string(record)
                .map_err(|error| SetupError::Settings(format!("a record cannot be written: {error}")))?;
            body.push_str(&format!("{action}\n{document}\n"));
        }
        let answer = self.cluster.bulk(Bytes::from(body), Encoding::Identity, records.len()).await?;
        match answer.refused.first() {
            None => Ok(()),
            Some(refusal) => Err(SetupError::Refused {
                object: format!("a record in {STATE_INDEX}"),
                reason: refusal.reason.clone(),
                advice: "give the user of setup the right to write that index",
            }),
        }
    }

    async fn make_index(&self) -> Result<(), SetupError> {
        let unsearched = json!({"type": "keyword", "index": false, "doc_values": false});
        let keyword = json!({"type": "keyword"});
        let body = json!({
            "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1"},
            "mappings": {"dynamic": false, "properties": {
                "kind": keyword, "name": keyword, "id": keyword, "release": keyword,
                "sent": unsearched, "installed": unsearched,
            }},
        });
        let path = format!("/{STATE_INDEX}");
        let (status, _) = self.cluster.call(Method::Head, &path, &[], None).await?;
        if status == 200 {
            return Ok(());
        }
        let body = body.to_string();
        let (status, answer) = self.cluster.call(Method::Put, &path, &[], Some(&body)).await?;
        // Another process may have been faster.
        let there = String::from_utf8_lossy(&answer).contains("resource_already_exists_exception");
        if status == 200 || there {
            return Ok(());
        }
        let source = crate::sink::classify_response(self.cluster.url(), status, &answer);
        Err(SetupError::Object { object: format!("index {STATE_INDEX}"), source })
    }
}
