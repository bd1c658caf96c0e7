//! `setup --verify`: is everything there, attached and working?

use std::collections::BTreeSet;

use opensearch::http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::plugin::{self, Answer};
use super::{Options, Part, error::SetupError, ism, monitors, saved_objects};
use siem_parsers::document::Profile;

use crate::sink::Cluster;
use crate::templates::{self, Action};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Kind and name.
    pub object: String,
    /// What is wrong and what to do about it; none: it is as it should be.
    pub problem: Option<String>,
    /// What is worth knowing although nothing is wrong.
    pub note: Option<String>,
}

impl Checked {
    fn good(object: String) -> Self {
        Self { object, problem: None, note: None }
    }

    fn bad(object: String, problem: impl Into<String>) -> Self {
        Self { object, problem: Some(problem.into()), note: None }
    }

    fn noted(object: String, note: impl Into<String>) -> Self {
        Self { object, problem: None, note: Some(note.into()) }
    }
}

/// Looks at every object of the parts asked for; changes nothing.
///
/// # Errors
/// The cluster or Dashboards does not answer, or forbids to look.
pub async fn verify(cluster: &Cluster, options: &Options) -> Result<Vec<Checked>, SetupError> {
    let mut checked = Vec::new();
    for part in &options.only {
        match part {
            Part::Templates => template_state(cluster, options.profile, &mut checked).await?,
            Part::Policies if cluster.is_serverless() => {}
            Part::Policies => policy_state(cluster, options, &mut checked).await?,
            Part::Monitors if cluster.is_serverless() => {}
            Part::Monitors => monitor_state(cluster, &mut checked).await?,
            Part::Dashboards => dashboard_state(cluster, options, &mut checked).await?,
        }
    }
    Ok(checked)
}

async fn template_state(
    cluster: &Cluster,
    profile: Profile,
    checked: &mut Vec<Checked>,
) -> Result<(), SetupError> {
    for change in templates::plan(cluster, profile).await? {
        let object = format!("{} {}", change.kind, change.name);
        checked.push(match change.action {
            Action::Unchanged => Checked::good(object),
            Action::Create | Action::Deleted => Checked::bad(object, "is missing: run setup"),
            Action::Update => {
                Checked::bad(object, "is of an older version, or of another profile: run setup")
            }
            Action::Kept => Checked::noted(object, "was changed by somebody"),
            Action::NewerInstalled => Checked::noted(object, "is of a newer version"),
        });
    }
    Ok(())
}

async fn policy_state(
    cluster: &Cluster,
    options: &Options,
    checked: &mut Vec<Checked>,
) -> Result<(), SetupError> {
    let repositories: BTreeSet<&str> =
        options.retention.iter().filter_map(|rule| rule.retention.snapshot_repository.as_deref()).collect();
    for repository in repositories {
        let object = format!("snapshot repository {}", repository.escape_debug());
        let path = format!("/_snapshot/{}", utf8_percent_encode(repository, NON_ALPHANUMERIC));
        checked.push(match plugin::ask(cluster, Method::Get, &path, &[], None, &object).await? {
            Answer::Done(_) => Checked::good(object),
            Answer::NotFound | Answer::NoPlugin => Checked::bad(object, "does not exist: register it"),
        });
    }
    for rule in &options.retention {
        let name = super::policy::name(rule.section);
        let object = format!("policy {name}");
        match ism::is_there(cluster, rule.section).await? {
            None => {
                checked.push(Checked::bad("policies".to_owned(), "the cluster has no ISM plugin"));
                return Ok(());
            }
            Some(false) => checked.push(Checked::bad(object, "is missing: run setup")),
            Some(true) => checked.push(Checked::good(object)),
        }
        for managed in ism::explain(cluster, &rule.patterns).await? {
            let object = format!("index {}", managed.index);
            checked.push(match (managed.policy, managed.problem) {
                (None, _) => Checked::bad(object, "has no policy: run setup --attach-existing"),
                (Some(_), Some(problem)) => Checked::bad(
                    object,
                    format!("{problem}; after the repair: POST _plugins/_ism/retry/{}", managed.index),
                ),
                (Some(policy), None) if policy != name => {
                    Checked::noted(object, format!("is managed by the policy {}", policy.escape_debug()))
                }
                (Some(_), None) => Checked::good(object),
            });
        }
    }
    Ok(())
}

async fn monitor_state(cluster: &Cluster, checked: &mut Vec<Checked>) -> Result<(), SetupError> {
    let Some(planned) = monitors::plan(cluster, None, false).await? else {
        checked.push(Checked::bad("monitors".to_owned(), "the cluster has no alerting plugin"));
        return Ok(());
    };
    for monitor in planned {
        let object = format!("monitor {}", monitor.name);
        let health = match &monitor.found {
            Some(found) => monitors::health(cluster, &found.id).await?,
            None => None,
        };
        checked.push(match health {
            None if monitor.action == Action::Deleted => Checked::noted(object, "was deleted by somebody"),
            None => Checked::bad(object, "is missing: run setup"),
            Some(health) if !health.enabled => Checked::noted(object, "is switched off"),
            Some(monitors::Health { error: Some(error), .. }) => {
                Checked::bad(object, format!("does not run: {error}"))
            }
            Some(health) if health.on_time == Some(false) => {
                Checked::bad(object, "its last run is overdue: look at the logs of the node that runs it")
            }
            Some(health) if !health.notifies => {
                Checked::noted(object, "works and notifies nobody: --alert-channel ID")
            }
            Some(_) => Checked::good(object),
        });
    }
    Ok(())
}

async fn dashboard_state(
    cluster: &Cluster,
    options: &Options,
    checked: &mut Vec<Checked>,
) -> Result<(), SetupError> {
    let Some(dashboards) = &options.dashboards else {
        let note = "not looked at: give --dashboards-url";
        checked.push(Checked::noted("dashboards".to_owned(), note));
        return Ok(());
    };
    for object in saved_objects::plan(cluster, dashboards, &options.saved_objects, false).await? {
        let name = format!("{} {}", object.kind, object.name);
        checked.push(match object.action {
            Action::Unchanged => Checked::good(name),
            Action::Create => Checked::bad(name, "is missing: run setup"),
            Action::Update => Checked::bad(name, "is of an older version: run setup"),
            Action::Kept => Checked::noted(name, "was changed by somebody"),
            Action::Deleted => Checked::noted(name, "was deleted by somebody"),
            Action::NewerInstalled => Checked::noted(name, "is of a newer version"),
        });
    }
    Ok(())
}
