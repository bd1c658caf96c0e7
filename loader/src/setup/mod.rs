//! What `siem-loader setup` installs in a cluster, and whether it is there: `docs/install.md`.
//!
//! [`plan`] asks and changes nothing; [`apply`] does what the plan says. An object that somebody else made, or changed
//! since it was installed, is never written over unless that is asked for: `owned.rs` and `templates.rs` say how that
//! is known.

mod channel;
mod error;
mod ism;
mod monitors;
mod owned;
mod plugin;
mod policy;
mod retention;
mod saved_objects;
mod verify;

use std::collections::BTreeMap;

pub use channel::{Alerts, CHANNEL};
pub use error::SetupError;
pub use monitors::{MONITORS, body as monitor_body};
pub use owned::STATE_INDEX;
pub use policy::body as policy_body;
pub use retention::{Retention, Rule, Warm, parse as parse_retention, read as read_retention};
pub use saved_objects::{Dashboards, SAVED_OBJECTS};
pub use verify::{Checked, verify};

use siem_parsers::document::Profile;

use crate::sink::Cluster;
use crate::templates::{self, Action, Change};
use owned::{Planned, Record, Records};

/// A part of a set-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Component and index templates.
    Templates,
    /// ISM policies.
    Policies,
    /// Index patterns, searches, visualizations, dashboards.
    Dashboards,
    /// Alerting monitors and their channel.
    Monitors,
}

/// What is to be set up, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which parts, in their order.
    pub only: Vec<Part>,
    /// Which templates.
    pub profile: Profile,
    /// Retention of each log.
    pub retention: Vec<Rule>,
    /// Whether policies are attached to indices that have none.
    pub attach_existing: bool,
    /// Whom monitors notify.
    pub alerts: Alerts,
    /// Where dashboards go; none: nowhere.
    pub dashboards: Option<Dashboards>,
    /// The saved objects, as an NDJSON file.
    pub saved_objects: String,
    /// Whether changes of others are written over.
    pub force: bool,
}

/// One object and what is, or was, to be done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its kind, as `index_template`, `policy`, `monitor`, `dashboard`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What is to be done.
    pub action: Action,
    /// Where it differs, and why it is left alone.
    pub details: Vec<String>,
}

/// What a set-up would do.
#[derive(Debug, Default)]
pub struct Plan {
    templates: Vec<Change>,
    policies: Vec<Planned>,
    monitors: Vec<Planned>,
    saved_objects: Vec<Planned>,
    channel: Option<Action>,
    /// What is left out and why, a line each.
    pub left_out: Vec<String>,
}

impl Plan {
    /// Every object.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let templates = self.templates.iter().map(|change| {
            let mut details: Vec<String> =
                change.differences.iter().map(|path| format!("differs at {path}")).collect();
            if change.action == Action::Kept {
                details.insert(
                    0,
                    "was changed since it was installed, or was not installed by siem-loader".to_owned(),
                );
            }
            let name = format!("{} (version {})", change.name, change.version);
            Line { kind: change.kind.to_string(), name, action: change.action, details }
        });
        let channel = self.channel.map(|action| {
            let (kind, name) = ("notification_channel".to_owned(), CHANNEL.to_owned());
            Line { kind, name, action, details: Vec::new() }
        });
        let planned = |planned: &Planned| Line {
            kind: planned.kind.clone(),
            name: planned.name.clone(),
            action: planned.action,
            details: planned.details.clone(),
        };
        let policies = self.policies.iter().map(planned);
        let rest = self.saved_objects.iter().chain(&self.monitors).map(planned);
        templates.chain(policies).chain(channel).chain(rest).collect()
    }
}

/// Compares what is there with what should be.
///
/// # Errors
/// The cluster or Dashboards does not answer, or forbids to look.
pub async fn plan(cluster: &Cluster, options: &Options) -> Result<Plan, SetupError> {
    let mut plan = Plan::default();
    for part in &options.only {
        match part {
            Part::Templates => {
                plan.templates = templates::plan(cluster, options.profile).await?;
                if options.force {
                    templates::override_changed(&mut plan.templates);
                }
            }
            Part::Policies if cluster.is_serverless() => plan.left_out.push(
                "policies: OpenSearch Serverless has no ISM; make a data lifecycle policy of the collection instead"
                    .to_owned(),
            ),
            Part::Policies => match ism::plan(cluster, &options.retention, options.force).await? {
                Some(policies) => plan.policies = policies,
                None => plan.left_out.push(
                    "policies: this cluster has no ISM plugin (opensearch-index-management); old indices stay until \
                     somebody deletes them"
                        .to_owned(),
                ),
            },
            Part::Monitors if cluster.is_serverless() => plan.left_out.push(
                "monitors: OpenSearch Serverless has no alerting; use alarms on the metrics of the loader instead"
                    .to_owned(),
            ),
            Part::Monitors => plan_monitors(cluster, options, &mut plan).await?,
            Part::Dashboards => plan_dashboards(cluster, options, &mut plan).await?,
        }
    }
    Ok(plan)
}

async fn plan_monitors(cluster: &Cluster, options: &Options, plan: &mut Plan) -> Result<(), SetupError> {
    let Some(monitors) = monitors::plan(cluster, options.alerts.channel(), options.force).await? else {
        let note = "monitors: this cluster has no alerting plugin (opensearch-alerting); nobody is told of what they watch";
        plan.left_out.push(note.to_owned());
        return Ok(());
    };
    plan.channel = channel::plan(cluster, &options.alerts, options.force).await?;
    if options.alerts.config().is_some() && plan.channel.is_none() {
        plan.left_out.push("channel: this cluster has no notifications plugin".to_owned());
    }
    plan.monitors = monitors;
    Ok(())
}

async fn plan_dashboards(cluster: &Cluster, options: &Options, plan: &mut Plan) -> Result<(), SetupError> {
    match &options.dashboards {
        Some(_) if cluster.is_serverless() => plan.left_out.push(
            "dashboards: the Dashboards of OpenSearch Serverless takes no signed import; write the file by \
             --dashboards-file and import it by hand"
                .to_owned(),
        ),
        Some(dashboards) => {
            plan.saved_objects =
                saved_objects::plan(cluster, dashboards, &options.saved_objects, options.force).await?;
        }
        None => plan.left_out.push(
            "dashboards: give --dashboards-url URL to import them, or --dashboards-file FILE to write the file to \
             import by hand"
                .to_owned(),
        ),
    }
    Ok(())
}

/// What a set-up did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Objects written, by kind.
    pub written: BTreeMap<String, usize>,
    /// Indices that got a policy.
    pub attached: Vec<String>,
}

impl Done {
    fn count(&mut self, kind: &str) {
        *self.written.entry(kind.to_owned()).or_default() += 1;
    }
}

/// Does what a plan of the same options says.
///
/// # Errors
/// The first object that could not be written; what was written before it stays and is remembered.
pub async fn apply(cluster: &Cluster, options: &Options, plan: &Plan) -> Result<Done, SetupError> {
    let mut done = Done::default();
    for name in templates::apply(cluster, options.profile, &plan.templates).await? {
        tracing::debug!(name, "template written");
        done.count("template");
    }
    let records = Records::new(cluster);
    for policy in &plan.policies {
        if policy.writes() {
            records.remember(&[ism::write(cluster, policy).await?]).await?;
            done.count(ism::KIND);
        }
    }
    records.remember(&adopted(&plan.policies)).await?;
    // Without the plugin there is nothing to attach.
    if options.attach_existing && !plan.policies.is_empty() {
        for rule in &options.retention {
            done.attached.extend(ism::attach(cluster, rule).await?);
        }
    }
    if let Some(dashboards) = &options.dashboards {
        let records = Records::of_tenant(cluster, dashboards.tenant.as_deref());
        let written = saved_objects::write(dashboards, &options.saved_objects, &plan.saved_objects).await?;
        written.iter().for_each(|record| done.count(&record.kind));
        records.remember(&written).await?;
        records.remember(&adopted(&plan.saved_objects)).await?;
    }
    if let Some(action) = plan.channel.filter(|action| matches!(action, Action::Create | Action::Update)) {
        channel::write(cluster, &options.alerts, action).await?;
        done.count("notification_channel");
    }
    for monitor in &plan.monitors {
        if monitor.writes() {
            records.remember(&[monitors::write(cluster, monitor).await?]).await?;
            done.count(monitors::KIND);
        }
    }
    records.remember(&adopted(&plan.monitors)).await?;
    Ok(done)
}

/// Records of what is there as it should be and was not remembered.
fn adopted(planned: &[Planned]) -> Vec<Record> {
    let adopted = planned.iter().filter(|planned| planned.adopt);
    let record = |planned: &Planned| {
        let found = planned.found.as_ref()?;
        Some(Record::written(planned, &found.id, &found.body))
    };
    adopted.filter_map(record).collect()
}
