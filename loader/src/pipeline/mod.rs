//! From objects to finished bulk bytes: one thread inflates and cuts an object, a pool renders its pieces.
//!
//! Everything is bounded. Pieces in flight are limited by a fixed number of [workbenches](bench::Bench), which go
//! round; what the pool has finished waits for its turn only as long as an earlier piece of the same object is
//! being rendered; an [`Output`] that cannot take more blocks whoever brings it, and through the workbenches the
//! reading of objects. So a slow cluster slows the download and never fills memory.

mod bench;
mod buffer;
mod gather;
pub mod object;
mod order;
mod reader;
mod replay;
mod spool;
mod track;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};

use crossbeam_channel::Receiver;
use siem_parsers::{document::Profile, source::Layout, split::Limits};

pub use self::buffer::Buffer;
pub(crate) use self::buffer::ROOM;
pub(crate) use self::gather::{Discard, GatherError, gather};
pub use self::object::{Bulk, Chunk, Counts, ObjectReport, ObjectRun, ObjectStatus};
pub(crate) use self::reader::READ;
pub use self::replay::Replay;
pub use self::track::{Confirmed, Progress, Settled};
use crate::{
    error::ErrorClass,
    fetch::{FetchError, ObjectRef, Source},
    sink::Encoding,
};

/// Pieces are cut at the first record boundary behind this many bytes: rendered, a piece of CloudTrail is then a
/// bulk body of some 3 MB as it is and need not be joined with others.
const PIECE: usize = 1_000 << 10;

/// Or at this many records, however small they are: rendered, so many rows of a flow log are such a body too.
const RECORDS: u64 = 2_048;

/// Documents are handed on when they reach this many bytes, or their piece ends. More than a piece of most logs renders
/// to, so that it stays in one.
pub(crate) const CHUNK: usize = 4 << 20;

/// The same where they are dropped: within the second cache of a processor, where the next chunk is written over them.
const PASSING: usize = 1 << 20;

/// Objects read at the same time at most: each has buffers of some MiB, and inflating is a small part of the work.
const READERS: usize = 8;

/// Objects whose end nobody has taken notice of at most: what is remembered of each is small, and a bucket is large.
const UNTOLD: usize = 1000;

/// What is remembered of objects from one attempt to the next.
pub trait Attempts: fmt::Debug + Send + Sync {
    /// What an earlier attempt that did not come to the end of this object brought to its end.
    fn earlier(&self, object: &ObjectRef) -> Option<Progress>;

    /// Stores what is through. Blocks until it is safe; false where it is not, and has to be tried again.
    fn checkpoint(&self, run: &ObjectRun, confirmed: &Confirmed) -> bool;
}

/// How a run is to be done.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Threads that render. One: the thread that reads an object renders it too.
    pub threads: usize,
    /// Objects that are read at the same time.
    pub readers: usize,
    /// Bounds of records and pieces; pieces of some logs are smaller, see `limits_of`.
    pub limits: Limits,
    /// How chunks are packed.
    pub encoding: Encoding,
    /// Chunks that are not packed come without their bytes, which are dropped where they were rendered: for who wants the figures
    /// only.
    pub discard: bool,
    /// Whether documents have a second text of their record.
    pub profile: Profile,
    /// An object begins only when the one before is rendered.
    pub one_by_one: bool,
    /// Records that end in no index are kept: packed, in the reports.
    pub keeps: bool,
    /// Where progress is remembered.
    pub attempts: Option<Arc<dyn Attempts>>,
    /// Sets documents apart in indices of their own, see [`siem_parsers::document::ObjectContext::with_index_mark`].
    pub index_mark: Option<Arc<str>>,
    /// Nothing new is begun behind this instant; objects that are not read to their end by then stay unfinished.
    pub stop_at: Option<Instant>,
}

impl Settings {
    /// For a number of threads.
    #[must_use]
    pub fn for_threads(threads: usize) -> Self {
        let threads = threads.max(1);
        let limits = Limits { piece: PIECE, records: RECORDS, ..Limits::default() };
        Self {
            threads,
            readers: threads.min(READERS),
            limits,
            encoding: Encoding::Identity,
            discard: false,
            profile: Profile::default(),
            one_by_one: false,
            keeps: false,
            attempts: None,
            index_mark: None,
            stop_at: None,
        }
    }

    /// Bytes at which documents are handed on.
    pub(crate) fn chunk(&self) -> usize {
        if self.discard { PASSING } else { CHUNK }
    }

    /// Bounds for a log, so that each of its pieces renders to one body: CloudTrail and AWS Config, lists, grow threefold,
    /// what stands as values four- to sixfold (findings are written twice).
    pub(crate) fn limits_of(&self, layout: Layout) -> Limits {
        let piece = match layout {
            Layout::Values { .. } => self.limits.piece / 8 * 5,
            Layout::ListUnder(_) | Layout::Lines { .. } => self.limits.piece,
        };
        Limits { piece, ..self.limits }
    }

    fn out_of_time(&self) -> bool {
        self.stop_at.is_some_and(|at| Instant::now() >= at)
    }
}

/// Where documents go: a cluster, files, nowhere.
pub trait Output: Send + Sync {
    /// An object is about to be read.
    ///
    /// # Errors
    /// Why it cannot be taken; the object fails.
    fn begin(&self, object: &ObjectRun) -> Result<(), String> {
        let _ = object;
        Ok(())
    }

    /// Takes documents of an object, in the order of its records. May block; that is what slows reading down.
    fn take(&self, chunk: Chunk);

    /// What waits to be joined with more is to go on its way: somebody waits for it.
    fn flush(&self) {}

    /// Whether there is no use in going on: the cluster refuses everything. Objects that are not read to their end
    /// have failed.
    fn stopped(&self) -> bool {
        false
    }

    /// Whether nobody wants more (`| head`): reading ends, and that is no failure.
    fn unread(&self) -> bool {
        false
    }
}

/// Reads all objects of a listing and gives their documents to `output`. A report comes through `reports` when the
/// last outcome of an object's records is known; the channel must be unbounded or be emptied meanwhile. Returns when
/// everything has been given to `output`, which may still be working on it.
pub fn run(
    objects: &Receiver<Result<ObjectRef, FetchError>>,
    source: &Source,
    settings: &Settings,
    output: &Arc<dyn Output>,
    reports: &crossbeam_channel::Sender<ObjectReport>,
) -> Result<(), rayon::ThreadPoolBuildError> {
    let shop = bench::Shop::new(settings)?;
    let readers = if settings.one_by_one { 1 } else { settings.readers };
    let (home, slots) = crossbeam_channel::bounded(UNTOLD);
    for _ in 0..UNTOLD {
        let _ = home.send(());
    }
    std::thread::scope(|scope| {
        for _ in 0..readers {
            scope.spawn(|| {
                for listed in objects {
                    if output.stopped() || output.unread() {
                        return;
                    }
                    let _ = slots.recv();
                    one(listed, object::Slot(home.clone()), source, settings, &shop, output, reports);
                    if settings.one_by_one {
                        shop.wait();
                    }
                }
            });
        }
    });
    shop.wait();
    Ok(())
}

/// Reads one object. What panics before an object is recognised costs this object only.
fn one(
    listed: Result<ObjectRef, FetchError>,
    slot: object::Slot,
    source: &Source,
    settings: &Settings,
    shop: &bench::Shop,
    output: &Arc<dyn Output>,
    reports: &crossbeam_channel::Sender<ObjectReport>,
) {
    let name = listed.as_ref().map_or_else(|_| String::new(), ToString::to_string);
    let asked = listed.as_ref().ok().cloned();
    let read = || reader::read(listed, slot, source, settings, shop, output, reports);
    if catch_unwind(AssertUnwindSafe(read)).is_err() {
        let mut report = ObjectReport { name, object: asked.clone(), asked, ..ObjectReport::default() };
        report.status = Some(ObjectStatus::Truncated);
        report.fail_as(ErrorClass::Poison, "defect", reader::DEFECT.to_owned());
        let _ = reports.send(report);
    }
}

#[cfg(test)]
mod tests {
    use siem_parsers::source::LogType;

    use super::Settings;

    #[test]
    fn pieces_of_logs_that_grow_more_are_smaller() {
        let settings = Settings::for_threads(2);
        let piece = |log: &str| {
            LogType::named(log).map(|log| settings.limits_of(log.layout).piece).unwrap_or_default()
        };
        assert_eq!(["cloudtrail", "config", "vpcflowlogs"].map(piece), [1_024_000; 3]);
        assert_eq!(["guardduty", "securityhub", "route53resolver"].map(piece), [640_000; 3]);
    }
}
