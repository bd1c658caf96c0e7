//! What is kept beside the documents: dead letters, the ledger, metrics.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use crate::{dead_letter::Store, fetch::Source, metrics::Metrics};

/// Flags about what is kept.
#[derive(Debug, Args)]
pub(super) struct KeepArgs {
    /// Where records go that no index takes: a folder, s3://bucket/prefix, or `none`. See `dead-letters` and `redrive`
    #[arg(long, value_name = "PLACE", default_value = "dead-letters", env = "SIEM_LOADER_DEAD_LETTERS")]
    dead_letters: String,
    /// Keep no ledger of objects in siem-ledger-*; then nothing is resumed either
    #[arg(long)]
    pub(super) no_ledger: bool,
    /// Write the metrics of this run to a file, as Prometheus text
    #[arg(long, value_name = "FILE")]
    metrics_file: Option<PathBuf>,
}

impl KeepArgs {
    /// The place for dead letters, if there is to be one.
    pub(super) fn store(&self, source: &Source) -> anyhow::Result<Option<Store>> {
        if self.dead_letters == "none" {
            return Ok(None);
        }
        Ok(Some(Store::at(&self.dead_letters, source)?))
    }

    /// Refuses a folder for dead letters that is read: they would be taken for objects.
    pub(super) fn keep_apart(&self, inputs: &[String]) -> anyhow::Result<()> {
        if self.dead_letters == "none" {
            return Ok(());
        }
        let folder = Path::new(&self.dead_letters);
        // It may not be there yet; then the folder it will be in decides.
        let parent =
            folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let real = folder.canonicalize().or_else(|_| parent.canonicalize().map(|parent| parent.join("new")));
        for input in inputs {
            if let (Ok(real), Ok(input)) = (&real, Path::new(input).canonicalize())
                && real.starts_with(&input)
            {
                let place = &self.dead_letters;
                bail!(
                    "dead letters would be written to {place}, which is read; choose another place with --dead-letters"
                );
            }
        }
        Ok(())
    }

    pub(super) fn write_metrics(&self, metrics: &Metrics) -> anyhow::Result<()> {
        let Some(file) = &self.metrics_file else { return Ok(()) };
        // Through a file beside it: whoever collects it never reads half of it.
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let write = || -> std::io::Result<()> {
            let mut beside = tempfile::NamedTempFile::new_in(folder)?;
            std::io::Write::write_all(&mut beside, metrics.prometheus().as_bytes())?;
            beside.persist(file)?;
            Ok(())
        };
        write().with_context(|| format!("cannot write metrics to {}", file.display()))
    }
}
