//! `siem-loader setup`

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::{OK, connect::ClusterArgs};
use crate::templates::{self, Action};
use std::io::Write;

/// Arguments of `setup`.
#[derive(Debug, Args)]
pub(super) struct SetupArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// What to install
    #[arg(long, value_enum, value_delimiter = ',', default_value = "templates")]
    only: Vec<Part>,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Parts of a set-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Component and index templates.
    Templates,
}

pub(super) fn run(args: SetupArgs) -> anyhow::Result<u8> {
    if !args.only.contains(&Part::Templates) {
        bail!("nothing to do: --only names nothing");
    }
    let runtime = super::runtime().context("cannot start the network threads")?;
    let cluster = args.cluster.connect(false, runtime.handle())?;
    runtime.block_on(async {
        cluster.info().await?;
        let changes = templates::plan(&cluster).await?;
        let mut out = std::io::stdout();
        for change in &changes {
            let what = match change.action {
                Action::Create => "create",
                Action::Update => "update",
                Action::Unchanged => "unchanged",
                Action::NewerInstalled => "newer installed, left alone",
            };
            writeln!(out, "{what:<10} {} {} (version {})", change.kind, change.name, change.version)?;
            for path in &change.differences {
                writeln!(out, "             differs at {path}")?;
            }
        }
        if args.dry_run {
            writeln!(out, "nothing was changed (--dry-run)")?;
        } else {
            let done = templates::apply(&cluster, &changes).await?;
            writeln!(out, "{} templates written to {}", done.len(), cluster.url())?;
        }
        Ok(OK)
    })
}
