//! A run of the pipeline whose reports are shown and summed up.

use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::{progress::Progress, summary::Summary};
use crate::{
    fetch::{FetchError, ObjectRef, Source},
    pipeline::{self, GatherError, ObjectReport, Output, Settings},
};

/// See [`pipeline::gather`].
pub(super) fn gather(
    objects: &Receiver<Result<ObjectRef, FetchError>>,
    source: &Source,
    settings: &Settings,
    output: Arc<dyn Output>,
    summary: &mut Summary,
) -> Result<(), GatherError> {
    let progress = Progress::start();
    let told = |report: ObjectReport| {
        progress.object(&report);
        summary.add(report);
    };
    pipeline::gather(objects, source, settings, output, told, || ())?;
    progress.end();
    Ok(())
}
