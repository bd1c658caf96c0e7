//! `siem-loader setup`: what a cluster needs, compared, shown, installed, verified.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use tokio::runtime::Handle;
use url::Url;

use super::{FAILED, OK, ProfileArgs, connect::ClusterArgs};
use crate::setup::{self, Alerts, Checked, Dashboards, Line, Options, SAVED_OBJECTS};
use crate::shown::is_trick;
use crate::sink::Cluster;
use crate::templates::Action;

/// The webhook of Slack. Who knows it may write to the channel, so there is no flag for it.
const SLACK_URL: &str = "SIEM_LOADER_ALERT_SLACK_URL";
/// Where Dashboards is on a domain of Amazon OpenSearch Service.
const MANAGED_PATH: &str = "/_dashboards";

/// Arguments of `setup`.
#[derive(Debug, Args)]
pub(super) struct SetupArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    profile: ProfileArgs,
    /// What to install
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Part::Templates, Part::Policies, Part::Dashboards, Part::Monitors])]
    only: Vec<Part>,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Look whether everything is there, attached and working, and change nothing; exit status 2 where it is not
    #[arg(long, conflicts_with = "dry_run")]
    verify: bool,
    /// Write over what somebody changed or deleted since it was installed
    #[arg(long)]
    force: bool,
    /// How long indices are kept, a TOML file: docs/install.md
    #[arg(long, value_name = "FILE", env = "SIEM_LOADER_RETENTION")]
    retention: Option<PathBuf>,
    /// Attach policies also to indices that exist and have none
    #[arg(long)]
    attach_existing: bool,
    /// Notification channel of the monitors that is there already
    #[arg(long, value_name = "ID", env = "SIEM_LOADER_ALERT_CHANNEL", conflicts_with = "alert_sns")]
    alert_channel: Option<String>,
    /// Make a channel to this topic of SNS for the monitors. One to Slack is made of SIEM_LOADER_ALERT_SLACK_URL
    #[arg(long, value_name = "ARN", env = "SIEM_LOADER_ALERT_SNS")]
    alert_sns: Option<String>,
    /// Role that may publish to that topic; needed on Amazon OpenSearch Service
    #[arg(long, value_name = "ARN", env = "SIEM_LOADER_ALERT_SNS_ROLE", requires = "alert_sns")]
    alert_sns_role: Option<String>,
    /// OpenSearch Dashboards to import into, with the credentials of the cluster
    #[arg(long, value_name = "URL", env = "SIEM_LOADER_DASHBOARDS_URL", hide_env_values = true)]
    dashboards_url: Option<String>,
    /// Tenant of Dashboards [default: that of the user]
    #[arg(long, value_name = "NAME", env = "SIEM_LOADER_DASHBOARDS_TENANT", requires = "dashboards_url")]
    dashboards_tenant: Option<String>,
    /// Write the saved objects here, to be imported by hand
    #[arg(long, value_name = "FILE", conflicts_with = "dashboards_url")]
    dashboards_file: Option<PathBuf>,
}

/// Parts of a set-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Component and index templates
    Templates,
    /// ISM policies: how long indices are kept
    Policies,
    /// Index patterns, searches, visualizations, dashboards
    Dashboards,
    /// Alerting monitors and their channel
    Monitors,
}

impl Part {
    fn part(self) -> setup::Part {
        match self {
            Self::Templates => setup::Part::Templates,
            Self::Policies => setup::Part::Policies,
            Self::Dashboards => setup::Part::Dashboards,
            Self::Monitors => setup::Part::Monitors,
        }
    }
}

impl SetupArgs {
    fn alerts(&self) -> anyhow::Result<Alerts> {
        let slack = std::env::var(SLACK_URL).ok();
        let arn = |name: &str, arn: &str| match arn.starts_with("arn:") {
            true => Ok(arn.to_owned()),
            false => bail!("{name} is not an ARN"),
        };
        Ok(match (&self.alert_channel, &self.alert_sns, slack) {
            (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
                bail!("monitors notify one channel: either --alert-channel, --alert-sns or {SLACK_URL}")
            }
            (Some(id), _, None) => Alerts::Channel(id.clone()),
            (None, Some(topic), None) => {
                let role =
                    self.alert_sns_role.as_deref().map(|role| arn("--alert-sns-role", role)).transpose()?;
                Alerts::Sns { topic: arn("--alert-sns", topic)?, role }
            }
            (None, None, Some(url)) if url.starts_with("https://") => Alerts::Slack { url },
            (None, None, Some(_)) => bail!("{SLACK_URL} is not an https:// URL"),
            (None, None, None) => Alerts::AsBefore,
        })
    }

    fn dashboards(&self, runtime: &Handle) -> anyhow::Result<Option<Dashboards>> {
        let Some(url) = &self.dashboards_url else { return Ok(None) };
        let mut url = Url::parse(url).context("the URL of OpenSearch Dashboards cannot be read")?;
        if url.path() == "/" && ClusterArgs::is_managed(&url) {
            url.set_path(MANAGED_PATH);
        }
        let server = self.cluster.connect_to(url, false, runtime).context("OpenSearch Dashboards")?;
        Ok(Some(Dashboards { server, tenant: self.dashboards_tenant.clone() }))
    }

    fn options(&self, runtime: &Handle) -> anyhow::Result<Options> {
        let mut only: Vec<setup::Part> = self.only.iter().map(|part| part.part()).collect();
        only.sort_unstable();
        only.dedup();
        if self.dashboards_file.is_some() {
            // Written here, and nothing of it is in the cluster.
            only.retain(|part| *part != setup::Part::Dashboards);
        }
        Ok(Options {
            only,
            profile: self.profile.profile,
            retention: setup::read_retention(self.retention.as_deref())?,
            attach_existing: self.attach_existing,
            alerts: self.alerts()?,
            dashboards: self.dashboards(runtime)?,
            saved_objects: SAVED_OBJECTS.to_owned(),
            force: self.force,
        })
    }
}

pub(super) fn run(args: SetupArgs) -> anyhow::Result<u8> {
    let runtime = super::runtime().context("cannot start the network threads")?;
    let options = args.options(runtime.handle())?;
    let cluster = args.cluster.connect(false, runtime.handle())?;
    runtime.block_on(async {
        cluster.info().await?;
        if args.verify {
            return verify(&cluster, &options).await;
        }
        let mut out = std::io::stdout();
        let plan = setup::plan(&cluster, &options).await?;
        let lines = plan.lines();
        for line in &lines {
            show(&mut out, line)?;
        }
        for what in &plan.left_out {
            writeln!(out, "left out   {what}")?;
        }
        let kept = lines.iter().filter(|line| matches!(line.action, Action::Kept | Action::Deleted)).count();
        if kept > 0 {
            writeln!(out, "{kept} objects are left as somebody made them; --force writes over them")?;
        }
        if args.dry_run {
            writeln!(out, "nothing was changed (--dry-run)")?;
            return Ok(OK);
        }
        let done = setup::apply(&cluster, &options, &plan).await?;
        for index in &done.attached {
            writeln!(out, "attached   policy to index {}", plain(index))?;
        }
        let written: Vec<String> =
            done.written.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        match written.is_empty() {
            true => writeln!(out, "nothing had to be written to {}", cluster.url())?,
            false => writeln!(out, "written to {}: {}", cluster.url(), written.join(", "))?,
        }
        if let Some(path) = &args.dashboards_file {
            std::fs::write(path, SAVED_OBJECTS)
                .with_context(|| format!("cannot write {}", path.display()))?;
            writeln!(
                out,
                "written to {}: import it in Dashboards Management > Saved objects",
                path.display()
            )?;
        }
        Ok(OK)
    })
}

fn show(out: &mut impl Write, line: &Line) -> std::io::Result<()> {
    let what = match line.action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Unchanged => "unchanged",
        Action::Kept => "kept",
        Action::Deleted => "deleted",
        Action::NewerInstalled => "newer",
    };
    writeln!(out, "{what:<10} {} {}", line.kind, line.name)?;
    line.details.iter().try_for_each(|detail| writeln!(out, "             {}", plain(detail)))
}

/// Text that may quote the cluster, without what a terminal would act on.
fn plain(text: &str) -> String {
    text.chars().map(|c| if is_trick(c) { ' ' } else { c }).collect()
}

async fn verify(cluster: &Cluster, options: &Options) -> anyhow::Result<u8> {
    let checked = setup::verify(cluster, options).await?;
    let mut out = std::io::stdout();
    for Checked { object, problem, note } in &checked {
        match (problem, note) {
            (Some(problem), _) => writeln!(out, "WRONG      {}: {}", plain(object), plain(problem))?,
            (None, Some(note)) => writeln!(out, "note       {}: {}", plain(object), plain(note))?,
            (None, None) => writeln!(out, "good       {}", plain(object))?,
        }
    }
    let wrong = checked.iter().filter(|checked| checked.problem.is_some()).count();
    writeln!(out, "{} objects looked at, {wrong} wrong", checked.len())?;
    Ok(if wrong == 0 { OK } else { FAILED })
}
