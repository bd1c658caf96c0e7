//! A run of the pipeline with its reports gathered beside it.

use std::sync::Arc;

use anyhow::{Context, bail};
use crossbeam_channel::Receiver;

use super::{progress::Progress, summary::Summary};
use crate::{
    fetch::{FetchError, ObjectRef, Source},
    pipeline::{self, Output, Settings},
};

/// Runs the pipeline over a listing. `last` lets the output finish: the reports of the last objects come only when
/// their records are accounted for.
pub(super) fn gather(
    objects: &Receiver<Result<ObjectRef, FetchError>>,
    source: &Source,
    settings: &Settings,
    output: Arc<dyn Output>,
    summary: &mut Summary,
    last: impl FnOnce(),
) -> anyhow::Result<()> {
    let (reports, told) = crossbeam_channel::unbounded();
    let progress = Progress::start();
    std::thread::scope(|scope| {
        let gathering = scope.spawn(|| {
            for report in told {
                progress.object(&report);
                summary.add(report);
            }
        });
        let result = pipeline::run(objects, source, settings, &output, &reports);
        drop(output);
        last();
        // That was the last sender of reports, so gathering ends.
        drop(reports);
        if gathering.join().is_err() {
            bail!("the figures of this run are lost; this is a defect of siem-loader, please report it");
        }
        result.context("cannot start the threads that render")
    })?;
    progress.end();
    Ok(())
}
