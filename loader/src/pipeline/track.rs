//! How far an object is through: which of its pieces have brought every record to its end.
//!
//! Pieces are settled out of order, since several requests are under way. What an object can be resumed at is its
//! *confirmed* prefix: all pieces before the first one that is not settled. Figures and dead letters of a piece count
//! for the prefix only when the piece joins it, so that a checkpoint never claims what is not so.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::object::Counts;

/// Pieces of one object that may be unsettled, or wait for an earlier one that is: bounds what is kept of them, dead
/// letters above all. More than all requests under way can hold.
const WINDOW: usize = 64;

/// Packed dead letters of confirmed pieces that are kept in memory; beyond it they are to be stored.
pub(super) const LETTERS: usize = 4 << 20;

/// The confirmed prefix of an object. Written to the ledger, and what a later attempt begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Pieces that are through.
    pub pieces: u64,
    /// Where the last of them begins, in the decoded object: a later attempt must cut there too.
    pub offset: u64,
    /// Its first ordinal, likewise.
    pub ordinal: u64,
    /// One past its last byte, likewise: a piece that is cut early begins where the whole one does.
    pub end: u64,
    /// A piece of it could not be rendered, which is a defect of ours: the object is told so each time.
    pub defect: bool,
    /// What became of their records.
    pub counts: Counts,
}

/// What of an object is through and not stored yet.
#[derive(Debug, Clone, Default)]
pub struct Confirmed {
    /// The prefix.
    pub progress: Progress,
    /// First piece whose dead letters are in `letters`: names their file.
    pub since: u64,
    /// Dead letters, one JSON line each, packed: members of gzip one behind the other.
    pub letters: Vec<u8>,
    /// How many records they stand for.
    pub records: u64,
}

/// What became of a piece, or of a part of it.
#[derive(Debug, Default)]
pub struct Settled {
    /// Figures to add.
    pub counts: Counts,
    /// Dead letters, packed.
    pub letters: Vec<u8>,
    /// Some records have no outcome: the piece can never be confirmed.
    pub lost: bool,
    /// It could not be rendered.
    pub defect: bool,
}

/// Follows the pieces of one object.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    tracked: Mutex<Tracked>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct Tracked {
    confirmed: Confirmed,
    /// Those behind the confirmed prefix, in order.
    open: VecDeque<Open>,
    /// The object was read to its end: what stands behind the last piece is all there is.
    ended: bool,
}

#[derive(Debug, Default)]
struct Open {
    /// There is such a piece; else only what was left out in front of it.
    handed_on: bool,
    offset: u64,
    ordinal: u64,
    end: u64,
    /// In how many chunks it was handed on; none while it is being rendered.
    chunks: Option<usize>,
    /// How many of them are settled.
    settled: usize,
    counts: Counts,
    letters: Vec<u8>,
    lost: bool,
    defect: bool,
}

impl Tracker {
    /// Begins behind what an earlier attempt confirmed.
    pub(super) fn resume(&self, progress: Progress) {
        let mut tracked = self.lock();
        tracked.confirmed.since = progress.pieces;
        tracked.confirmed.progress = progress;
    }

    /// A piece is about to be rendered.
    pub(super) fn piece(&self, number: u64, offset: u64, ordinal: u64, end: u64) {
        if let Some(open) = self.lock().open(number) {
            open.handed_on = true;
            (open.offset, open.ordinal, open.end) = (offset, ordinal, end);
        }
    }

    /// Nothing more stands in the object: what was left out behind the last piece is all there is.
    pub(super) fn ended(&self) {
        self.lock().ended = true;
    }

    /// A piece was rendered, into so many chunks; `settled` are records that became no document.
    pub(super) fn rendered(&self, number: u64, chunks: usize, settled: Settled) {
        let mut tracked = self.lock();
        if let Some(open) = tracked.open(number) {
            open.chunks = Some(chunks);
            open.add(settled);
        }
        tracked.confirm();
        drop(tracked);
        self.moved.notify_all();
    }

    /// A chunk of a piece has brought its records to their end.
    pub(super) fn chunk(&self, number: u64, settled: Settled) {
        let mut tracked = self.lock();
        if let Some(open) = tracked.open(number) {
            open.settled += 1;
            open.add(settled);
        }
        tracked.confirm();
        drop(tracked);
        self.moved.notify_all();
    }

    /// Records beside pieces: those that were left out while cutting, before the piece of this number.
    pub(super) fn beside(&self, number: u64, settled: Settled) {
        if let Some(open) = self.lock().open(number) {
            open.add(settled);
        }
    }

    /// Waits until another piece may be handed on, for `patience` at most; whether it may be.
    pub(super) fn wait(&self, patience: Duration) -> bool {
        let full = |tracked: &mut Tracked| {
            // Behind a piece that is lost nothing is confirmed any more, and nothing is kept.
            tracked.open.len() >= WINDOW && !tracked.open.front().is_some_and(|open| open.lost)
        };
        let waited = self.moved.wait_timeout_while(self.lock(), patience, full);
        !full(&mut waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Bytes of dead letters that are confirmed and not stored.
    pub(super) fn letters(&self) -> usize {
        self.lock().confirmed.letters.len()
    }

    /// Takes what is confirmed, to be stored.
    pub(super) fn take(&self) -> Confirmed {
        let mut tracked = self.lock();
        let confirmed = &mut tracked.confirmed;
        let letters = std::mem::take(&mut confirmed.letters);
        let since = std::mem::replace(&mut confirmed.since, confirmed.progress.pieces);
        let records = std::mem::take(&mut confirmed.records);
        Confirmed { progress: confirmed.progress.clone(), since, letters, records }
    }

    /// Takes back what could not be stored.
    pub(super) fn give_back(&self, mut failed: Confirmed) {
        let mut tracked = self.lock();
        let confirmed = &mut tracked.confirmed;
        failed.letters.append(&mut confirmed.letters);
        confirmed.letters = failed.letters;
        confirmed.since = failed.since;
        confirmed.records += failed.records;
    }

    /// The end of the object: nothing more is handed on. Gives what is confirmed, and the figures of what is not.
    pub(super) fn finish(&self) -> (Confirmed, Counts) {
        let mut tracked = self.lock();
        // What stands beside pieces behind the last one has no piece to be rendered.
        let ended = tracked.ended;
        if let Some(last) = tracked.open.back_mut().filter(|open| ended && !open.handed_on) {
            last.chunks = Some(0);
        }
        tracked.confirm();
        let mut open = Counts::default();
        for piece in tracked.open.drain(..) {
            open.add(&piece.counts);
        }
        let confirmed = std::mem::take(&mut tracked.confirmed);
        (confirmed, open)
    }

    fn lock(&self) -> MutexGuard<'_, Tracked> {
        self.tracked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tracked {
    fn open(&mut self, number: u64) -> Option<&mut Open> {
        let place = usize::try_from(number.checked_sub(self.confirmed.progress.pieces)?).ok()?;
        // Pieces are numbered one by one: at most one is added.
        while self.open.len() <= place {
            self.open.push_back(Open::default());
        }
        self.open.get_mut(place)
    }

    /// Moves the prefix over everything that is settled.
    fn confirm(&mut self) {
        while self.open.front().is_some_and(|open| open.chunks == Some(open.settled) && !open.lost) {
            let Some(mut open) = self.open.pop_front() else { return };
            let progress = &mut self.confirmed.progress;
            progress.pieces += 1;
            (progress.offset, progress.ordinal, progress.end) = (open.offset, open.ordinal, open.end);
            progress.defect |= open.defect;
            progress.counts.add(&open.counts);
            self.confirmed.letters.append(&mut open.letters);
            self.confirmed.records += open.counts.dead_lettered;
        }
        // Behind a piece that is lost nothing is confirmed any more, so no letters are kept there.
        if self.open.front().is_some_and(|open| open.lost) {
            self.open.iter_mut().for_each(|open| open.letters = Vec::new());
        }
    }
}

impl Open {
    fn add(&mut self, mut settled: Settled) {
        self.counts.add(&settled.counts);
        self.letters.append(&mut settled.letters);
        self.lost |= settled.lost;
        self.defect |= settled.defect;
        if self.lost {
            self.letters = Vec::new();
        }
    }
}
