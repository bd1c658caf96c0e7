//! Whose records are in a body, and what became of them.

use std::sync::Arc;

use siem_parsers::document::{Item, ItemKind};

use super::bulk::Refusal;
use crate::{
    error::ErrorClass,
    pipeline::{Counts, ObjectRun},
};

/// The part of a body that belongs to one object.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) run: Arc<ObjectRun>,
    pub(super) items: Vec<Item>,
    /// Where its bytes begin in the body, before packing.
    pub(super) at: usize,
}

/// What became of one item.
#[derive(Debug, Clone, Default)]
pub(super) enum Fate {
    /// Nothing is known yet.
    #[default]
    Open,
    /// Written.
    Written,
    /// It, or a later state, was there.
    Present,
    /// It will never be taken.
    Rejected(Box<Refusal>),
    /// Not taken until somebody changes something.
    Stopped(Box<Refusal>),
}

/// Why items are still open at the end.
#[derive(Debug, Clone)]
pub(super) struct GivenUp {
    pub(super) class: ErrorClass,
    /// Told of each object, if there is more to say than that the run was stopped.
    pub(super) why: Option<String>,
}

/// Tells each object what became of its records; each ends in exactly one count. The state of a finding is written
/// beside the document of its change, and the record is done when both are.
pub(super) fn share_out(parts: &[Part], fates: &[Fate], given_up: &GivenUp) {
    let mut fates = fates.iter();
    let open = Fate::Open;
    for part in parts {
        let mut counts = Counts::default();
        let mut unsent = 0;
        let mut items = part.items.iter().peekable();
        while let Some(item) = items.next() {
            let record = fates.next().unwrap_or(&open);
            let state =
                items.next_if(|next| next.kind == ItemKind::State).map(|_| fates.next().unwrap_or(&open));
            match state {
                Some(Fate::Written) => counts.current_written += 1,
                Some(Fate::Present) => counts.current_older += 1,
                _ => {}
            }
            // What can still be delivered by loading again comes before what is lost: then the record is met again,
            // and rejected again.
            match (record, state) {
                (Fate::Open, _) | (_, Some(Fate::Open)) => unsent += 1,
                (Fate::Stopped(refusal), _) | (_, Some(Fate::Stopped(refusal))) => {
                    stopped(&part.run, item.ordinal, refusal);
                }
                (Fate::Rejected(refusal), _) | (_, Some(Fate::Rejected(refusal))) => {
                    part.run.refused(item.ordinal, refusal);
                }
                (Fate::Written, _) => counts.indexed += 1,
                (Fate::Present, _) => counts.already_present += 1,
            }
        }
        let mut report = part.run.report();
        report.counts.add(&counts);
        if unsent > 0 {
            report.not_delivered(given_up.class, unsent);
            if let Some(why) = &given_up.why {
                report.problem(|| why.clone());
            }
        }
    }
}

fn stopped(run: &ObjectRun, ordinal: u64, refusal: &Refusal) {
    let mut report = run.report();
    report.not_delivered(refusal.class, 1);
    let Refusal { status, error_type, reason, .. } = refusal;
    report.problem(|| format!("record {ordinal} not taken: {status} {error_type}: {reason}"));
}
