//! A run of the pipeline with its reports gathered beside it, and the output of those who want only them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crossbeam_channel::Receiver;

use super::{Chunk, ObjectReport, Output, Settings};
use crate::fetch::{FetchError, ObjectRef, Source};

/// Why a run has no figures.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GatherError {
    /// The operating system gives no more threads.
    #[error("cannot start the threads that render")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// Whoever gathers them panicked.
    #[error("the figures of this run are lost; this is a defect of siem-loader, please report it")]
    Lost,
}

/// Runs the pipeline over a listing; `told` gets the report of each object, on another thread. `last` lets the output
/// finish: the reports of the last objects come only when their records are accounted for.
pub(crate) fn gather(
    objects: &Receiver<Result<ObjectRef, FetchError>>,
    source: &Source,
    settings: &Settings,
    output: Arc<dyn Output>,
    told: impl FnMut(ObjectReport) + Send,
    last: impl FnOnce(),
) -> Result<(), GatherError> {
    let (reports, received) = crossbeam_channel::unbounded();
    std::thread::scope(|scope| {
        let gathering = scope.spawn(|| received.into_iter().for_each(told));
        let run = super::run(objects, source, settings, &output, &reports);
        drop(output);
        last();
        // That was the last sender of reports, so gathering ends.
        drop(reports);
        gathering.join().map_err(|_| GatherError::Lost)?;
        Ok(run?)
    })
}

/// Drops documents, and counts their bytes.
#[derive(Debug, Default)]
pub(crate) struct Discard {
    plain: AtomicU64,
    out: AtomicU64,
}

impl Discard {
    /// Bytes before packing.
    pub(crate) fn plain(&self) -> u64 {
        self.plain.load(Ordering::Relaxed)
    }

    /// Bytes as they would have been sent.
    pub(crate) fn out(&self) -> u64 {
        self.out.load(Ordering::Relaxed)
    }
}

impl Output for Discard {
    fn take(&self, chunk: Chunk) {
        self.plain.fetch_add(chunk.plain as u64, Ordering::Relaxed);
        self.out.fetch_add(chunk.packed() as u64, Ordering::Relaxed);
        chunk.discard();
    }
}
