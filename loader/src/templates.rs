//! The component and index templates of this version, and their way into a cluster.
//!
//! The JSON is what OpenSearch takes as a body. [`install_missing`] only adds; [`plan`] and [`apply`] are
//! for `siem-loader setup`, which shows what would change and then changes it.
//!
//! With each template goes a digest of its content, as `_meta.digest`. Where the content in the cluster is not that of
//! its digest, somebody has changed it since, and it is left alone unless [`override_changed`] is asked for.

mod lean;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use md5::{Digest as _, Md5};
use opensearch::http::Method;
use serde::Serialize;
use serde_json::{Value, json};
use siem_parsers::{
    document::Profile,
    schema,
    source::{LOG_TYPES, STATE_TEMPLATE},
};

use crate::error::SinkError;
use crate::sink::{Cluster, classify_response};

/// All templates of ours begin so, which lets one request a kind list them.
const OURS: &str = "siem-loader-*";

const MAY_NOT_WRITE: &str = "run `siem-loader setup --only templates` as a user who may manage templates";
const MAY_NOT_READ: &str = "give this user the right to read them, and run `siem-loader setup --only templates` \
                            as a user who may manage templates";

/// The index template of the ledger.
const LEDGER: &str = include_str!("../../index-templates/index-templates/siem-loader-ledger.json");

/// Which of OpenSearch's two kinds of templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateKind {
    /// `_component_template`.
    Component,
    /// `_index_template`.
    Index,
}

impl TemplateKind {
    /// `component_template` or `index_template`: the word in paths and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Component => "component_template",
            Self::Index => "index_template",
        }
    }
}

impl fmt::Display for TemplateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A template as this program carries it.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// Component or index template.
    pub kind: TemplateKind,
    /// Its name in the cluster; begins with `siem-loader-`.
    pub name: &'static str,
    /// The JSON body of its PUT request, with `_meta.managed_by` and `_meta.version`.
    pub body: &'static str,
}

/// Every template, in the order in which they must be installed: what is composed before what composes it.
pub static TEMPLATES: LazyLock<Vec<Template>> = LazyLock::new(|| {
    let component = |name, body| Template { kind: TemplateKind::Component, name, body };
    let index = |name, body| Template { kind: TemplateKind::Index, name, body };
    let logs = || LOG_TYPES.iter().map(|log| log.template);
    let mut all = vec![component("siem-loader-base", schema::BASE_TEMPLATE)];
    all.extend(logs().map(|log| component(log.name, log.component)));
    all.extend(logs().map(|log| index(log.name, log.index)));
    all.push(index(STATE_TEMPLATE.0, STATE_TEMPLATE.1));
    all.push(index("siem-loader-ledger", LEDGER));
    all
});

/// The templates of a profile. Those of [`Profile::Lean`] are made of those of [`Profile::Full`], see `lean.rs`.
#[must_use]
pub fn templates(profile: Profile) -> &'static [Template] {
    match profile {
        Profile::Full => &TEMPLATES,
        Profile::Lean => &lean::TEMPLATES,
    }
}

/// Where a component template names its profile; without it, it is of [`Profile::Full`].
const PROFILE: &str = "/_meta/profile";

/// What is to be done with one template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is not there.
    Create,
    /// It is there, but older or different.
    Update,
    /// It is there as it should be.
    Unchanged,
    /// Somebody changed it since this program wrote it, or it never was this program's; it is left alone.
    Kept,
    /// A newer version of this program installed it; it is left alone.
    NewerInstalled,
    /// This program made it and somebody deleted it since; it is not made again. Never said of a template, without
    /// which records are mapped wrongly.
    Deleted,
}

/// One line of the plan of `setup`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Name of the template.
    pub name: String,
    /// Component or index template.
    pub kind: TemplateKind,
    /// What [`apply`] would do.
    pub action: Action,
    /// `_meta.version` of ours.
    pub version: u64,
    /// `_meta.version` of the installed one, where it is there and says so.
    pub installed: Option<u64>,
    /// JSON paths (settings as dotted names) in which the two differ; empty unless `action` is `Update` or `Kept`.
    pub differences: Vec<String>,
}

/// Creates those of our templates that the cluster does not have, and returns their names.
///
/// Never changes one that is there, whatever its content, also when another process creates it at the same
/// time. Two small requests when nothing is missing.
///
/// # Errors
/// [`SinkError::TemplatesForbidden`] when the user may not list or create templates.
pub async fn install_missing(cluster: &Cluster, profile: Profile) -> Result<Vec<String>, SinkError> {
    let (created, components) = create_missing(cluster, templates(profile)).await?;
    if created.is_empty() {
        warn_of_other(&components, profile);
    }
    Ok(created)
}

/// Tells where the installed templates are of another profile than the documents. Both take the documents of both; which
/// of the promises of a profile then hold: `docs/install.md`.
fn warn_of_other(components: &BTreeMap<String, Value>, profile: Profile) {
    let of = |body: &Value| body.pointer(PROFILE).and_then(Value::as_str).unwrap_or_default() == "lean";
    let other = components.iter().filter(|(_, body)| of(body) != (profile == Profile::Lean)).count();
    if other > 0 {
        tracing::warn!(
            documents = profile.as_str(),
            templates_of_the_other = other,
            "documents are of another profile than the templates: set SIEM_LOADER_PROFILE for both, and run `siem-loader \
             setup --only templates`"
        );
    }
}

/// [`install_missing`] for another table.
///
/// # Errors
/// As [`install_missing`].
pub async fn install_missing_of(cluster: &Cluster, templates: &[Template]) -> Result<Vec<String>, SinkError> {
    create_missing(cluster, templates).await.map(|(created, _)| created)
}

/// [`install_missing_of`]; gives what it created, and of each component template that was there its name and profile.
async fn create_missing(
    cluster: &Cluster,
    templates: &[Template],
) -> Result<(Vec<String>, BTreeMap<String, Value>), SinkError> {
    let filter = "component_templates.name,component_templates.component_template._meta.profile";
    let components = installed(cluster, TemplateKind::Component, &[("filter_path", filter)]).await?;
    let filter = "index_templates.name";
    let indices = installed(cluster, TemplateKind::Index, &[("filter_path", filter)]).await?;
    let mut created = Vec::new();
    for template in templates {
        let present = match template.kind {
            TemplateKind::Component => &components,
            TemplateKind::Index => &indices,
        };
        let missing = !present.contains_key(template.name);
        if missing && put(cluster, template, true).await? {
            tracing::info!(kind = %template.kind, name = template.name, "template created");
            created.push(template.name.to_owned());
        }
    }
    Ok((created, components))
}

/// Compares every template with what is installed; changes nothing.
///
/// # Errors
/// As [`install_missing`].
pub async fn plan(cluster: &Cluster, profile: Profile) -> Result<Vec<Change>, SinkError> {
    plan_of(cluster, templates(profile)).await
}

/// [`plan`] for another table.
///
/// # Errors
/// As [`install_missing`].
pub async fn plan_of(cluster: &Cluster, templates: &[Template]) -> Result<Vec<Change>, SinkError> {
    let components = installed(cluster, TemplateKind::Component, &[]).await?;
    let indices = installed(cluster, TemplateKind::Index, &[]).await?;
    Ok(templates
        .iter()
        .map(|template| {
            let there = match template.kind {
                TemplateKind::Component => components.get(template.name),
                TemplateKind::Index => indices.get(template.name),
            };
            compare(template, there)
        })
        .collect())
}

/// Makes updates of what would be kept.
pub fn override_changed(changes: &mut [Change]) {
    for change in changes.iter_mut().filter(|change| change.action == Action::Kept) {
        change.action = Action::Update;
    }
}

/// Carries out the `Create` and `Update` lines of a plan, in install order, and returns the names written.
///
/// # Errors
/// As [`install_missing`]; what was written before the error stays.
pub async fn apply(
    cluster: &Cluster,
    profile: Profile,
    changes: &[Change],
) -> Result<Vec<String>, SinkError> {
    apply_of(cluster, templates(profile), changes).await
}

/// [`apply`] for another table.
///
/// # Errors
/// As [`install_missing`].
pub async fn apply_of(
    cluster: &Cluster,
    templates: &[Template],
    changes: &[Change],
) -> Result<Vec<String>, SinkError> {
    let mut written = Vec::new();
    for template in templates {
        let wanted = changes.iter().any(|change| {
            change.kind == template.kind
                && change.name == template.name
                && matches!(change.action, Action::Create | Action::Update)
        });
        if wanted && put(cluster, template, false).await? {
            tracing::info!(kind = %template.kind, name = template.name, "template written");
            written.push(template.name.to_owned());
        }
    }
    Ok(written)
}

/// One template against its installed form: the JSON below `component_template` or `index_template` in the
/// cluster's answer, or none.
pub fn compare(template: &Template, there: Option<&Value>) -> Change {
    let ours: Value = serde_json::from_str(template.body).unwrap_or_default();
    let version_of = |body: &Value| body.pointer("/_meta/version").and_then(Value::as_u64);
    let version = version_of(&ours).unwrap_or(0);
    let installed = there.and_then(version_of);
    let mut differences = there.map_or_else(Vec::new, |there| differences(&ours, there));
    let action = match there {
        None => Action::Create,
        Some(_) if installed.is_some_and(|installed| installed > version) => Action::NewerInstalled,
        Some(_) if differences.is_empty() => Action::Unchanged,
        Some(there) if as_written(there) => Action::Update,
        Some(_) => Action::Kept,
    };
    if !matches!(action, Action::Update | Action::Kept) {
        differences.clear();
    }
    Change { name: template.name.to_owned(), kind: template.kind, action, version, installed, differences }
}

/// The templates of ours that are installed, by name.
async fn installed(
    cluster: &Cluster,
    kind: TemplateKind,
    query: &[(&str, &str)],
) -> Result<BTreeMap<String, Value>, SinkError> {
    let (status, body) = cluster.call(Method::Get, &format!("/_{kind}/{OURS}"), query, None).await?;
    let json: Value = match (status, serde_json::from_slice::<Value>(&body)) {
        (200, Ok(json)) => json,
        // No name matches: an empty list, which a filter makes an empty object, or an error of this type.
        (404, Ok(json))
            if json.as_object().is_some_and(serde_json::Map::is_empty)
                || json.get(format!("{kind}s")).is_some()
                || json.pointer("/error/type").is_some_and(|kind| kind == "resource_not_found_exception") =>
        {
            json
        }
        _ => return Err(forbidden(classify_response(cluster.url(), status, &body), MAY_NOT_READ)),
    };
    let list = json.get(format!("{kind}s")).and_then(Value::as_array);
    Ok(list
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let name = entry.get("name")?.as_str()?.to_owned();
            Some((name, entry.get(kind.as_str()).cloned().unwrap_or_default()))
        })
        .collect())
}

/// Writes one template; false when `create` and another process was faster.
async fn put(cluster: &Cluster, template: &Template, create: bool) -> Result<bool, SinkError> {
    let path = format!("/_{}/{}", template.kind, template.name);
    let query: &[(&str, &str)] = if create { &[("create", "true")] } else { &[] };
    let with_digest = with_digest(template.body);
    let (status, body) = cluster.call(Method::Put, &path, query, Some(&with_digest)).await?;
    if status == 200 {
        return Ok(true);
    }
    let exists = format!("[{}] already exists", template.name);
    if create && status == 400 && String::from_utf8_lossy(&body).contains(&exists) {
        return Ok(false);
    }
    Err(forbidden(classify_response(cluster.url(), status, &body), MAY_NOT_WRITE))
}

fn forbidden(error: SinkError, advice: &'static str) -> SinkError {
    match error {
        SinkError::Forbidden { cluster, reason } => SinkError::TemplatesForbidden { cluster, reason, advice },
        other => other,
    }
}

/// Paths in which two template bodies differ, after both are brought into OpenSearch's stored form: settings
/// flat below `index.`, scalars as text, empty parts left out.
fn differences(ours: &Value, theirs: &Value) -> Vec<String> {
    let (ours, theirs) = (leaves(ours), leaves(theirs));
    let paths: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    paths.into_iter().filter(|path| ours.get(*path) != theirs.get(*path)).cloned().collect()
}

/// Where the digest stands.
const DIGEST: &str = "_meta.digest";

/// Digest of a body in OpenSearch's stored form, without the digest in it. It tells changes apart, no more.
fn digest(body: &Value) -> String {
    let mut hash = Md5::new();
    for (path, value) in leaves(body) {
        // Paths and values hold no line feed that could make two bodies look alike: JSON text escapes it.
        hash.update(json!([path, value]).to_string());
        hash.update("\n");
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The body of the request: the template with its digest.
fn with_digest(body: &str) -> String {
    let Ok(mut json) = serde_json::from_str::<Value>(body) else { return body.to_owned() };
    let digest = digest(&json);
    if let Some(meta) = json.get_mut("_meta").and_then(Value::as_object_mut) {
        meta.insert("digest".to_owned(), digest.into());
    }
    json.to_string()
}

/// Whether an installed template is as this program, in whatever version, wrote it.
fn as_written(there: &Value) -> bool {
    let written = there.pointer("/_meta/digest").and_then(Value::as_str);
    written.is_some_and(|written| written == digest(there))
}

/// The leaves of a body but for the digest, with their paths.
fn leaves(body: &Value) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    collect(body, String::new(), &mut out);
    out.remove(DIGEST);
    out.into_iter()
        .map(|(path, value)| match path.strip_prefix("template.settings.") {
            Some(name) if !name.starts_with("index.") => (format!("template.settings.index.{name}"), value),
            _ => (path, value),
        })
        .collect()
}

fn collect(value: &Value, path: String, out: &mut BTreeMap<String, String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Null => {}
        Value::Object(map) => {
            // An alias without options is an empty object that means something.
            if map.is_empty() && path.starts_with("template.aliases.") {
                out.insert(path.clone(), "{}".to_owned());
            }
            for (key, value) in map {
                collect(value, below(key), out);
            }
        }
        Value::Array(list) => {
            for (place, value) in list.iter().enumerate() {
                collect(value, below(&place.to_string()), out);
            }
        }
        Value::String(text) => {
            out.insert(path, text.clone());
        }
        scalar => {
            out.insert(path, scalar.to_string());
        }
    }
}
