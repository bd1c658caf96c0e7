//! Whose records are in a body, and what became of them.

use std::{io, sync::Arc};

use siem_parsers::document::{Item, ItemKind};

use super::bulk::Refusal;
use crate::{
    dead_letter::{Kind, Letter, Lines, Packer, Reason, json_or_text},
    error::ErrorClass,
    pipeline::{Bulk, Counts, ObjectRun, Settled},
};

/// The part of a body that belongs to one object.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) run: Arc<ObjectRun>,
    pub(super) piece: u64,
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
    Rejected(Box<Rejected>),
    /// Not taken until somebody changes something.
    Stopped(Box<Refusal>),
}

/// An item that the cluster will never take.
#[derive(Debug, Clone)]
pub(super) struct Rejected {
    pub(super) refusal: Refusal,
    /// Its lines, for a dead letter.
    pub(super) lines: Vec<u8>,
}

/// Why items are still open at the end.
#[derive(Debug, Clone)]
pub(super) struct GivenUp {
    pub(super) class: ErrorClass,
    /// Told of each object, if there is more to say than that the run was stopped.
    pub(super) why: Option<String>,
}

impl GivenUp {
    /// The run was stopped before.
    pub(super) fn stopped() -> Self {
        Self { class: ErrorClass::Transient, why: None }
    }

    /// Time ran out.
    pub(super) fn out_of_time() -> Self {
        Self { class: ErrorClass::Transient, why: Some("given up, because time ran out".to_owned()) }
    }

    /// Bytes that were packed here do not unpack.
    pub(super) fn defect(error: &io::Error) -> Self {
        let why = format!(
            "a body cannot be taken apart ({error}); this is a defect of siem-loader, please report it"
        );
        Self { class: ErrorClass::Poison, why: Some(why) }
    }
}

/// Tells each object what became of its records; each ends in exactly one count. The state of a finding is written
/// beside the document of its change, and the record is done when both are.
pub(super) fn share_out(parts: &[Part], fates: &[Fate], given_up: &GivenUp, bulk: Bulk) {
    let mut fates = fates.iter();
    let open = Fate::Open;
    for part in parts {
        let mut counts = Counts::default();
        let mut packer = Packer::default();
        let (mut unsent, mut set_aside) = (0, 0);
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
                    unsent += 1;
                    stopped(&part.run, item.ordinal, refusal);
                }
                (Fate::Rejected(rejected), _) | (_, Some(Fate::Rejected(rejected))) => {
                    set_aside += 1;
                    part.run.refused(item.ordinal, &rejected.refusal);
                    if part.run.keeps() {
                        add_letter(&mut packer, &part.run, item.ordinal, [Some(record), state]);
                    }
                }
                (Fate::Written, _) => counts.indexed += 1,
                (Fate::Present, _) => counts.already_present += 1,
            }
        }
        counts.add(&part.run.set_aside(set_aside));
        let mut report = part.run.report();
        report.bulk.add(&bulk);
        if unsent > 0 {
            report.not_delivered(given_up.class, unsent);
            if let Some(why) = &given_up.why {
                report.problem(|| why.clone());
            }
        }
        drop(report);
        part.run.settle(
            part.piece,
            Settled { counts, letters: packer.finish(), lost: unsent > 0, defect: false },
        );
    }
}

fn stopped(run: &ObjectRun, ordinal: u64, refusal: &Refusal) {
    let mut report = run.report();
    let Refusal { status, error_type, reason, class, .. } = refusal;
    report.error_type.get_or_insert_with(|| error_type.clone());
    report.fail(*class, format!("record {ordinal} not taken: {status} {error_type}: {reason}"));
}

/// A dead letter of a record: all its items that were refused.
fn add_letter(packer: &mut Packer, run: &ObjectRun, ordinal: u64, fates: [Option<&Fate>; 2]) {
    let rejected = fates.into_iter().flatten().filter_map(|fate| match fate {
        Fate::Rejected(rejected) => Some(&**rejected),
        _ => None,
    });
    let rejected: Vec<&Rejected> = rejected.collect();
    let Some(first) = rejected.first() else { return };
    let Refusal { status, error_type, reason, field, class, .. } = &first.refusal;
    let reason = Reason {
        kind: error_type.into(),
        text: reason.into(),
        status: Some(*status),
        field: field.as_deref().map(Into::into),
    };
    let mut letter = Letter::new(Kind::Document, *class, reason, &run.object);
    letter.log_type = Some(run.log_type.name.into());
    letter.ordinal = Some(ordinal);
    let mut rooms = [String::new(), String::new()];
    for (rejected, room) in rejected.iter().zip(&mut rooms) {
        let mut lines = rejected.lines.splitn(2, |&byte| byte == b'\n');
        let (action, source) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        if let Ok(action) = serde_json::from_slice(action)
            && let Some(source) = json_or_text(source.trim_ascii_end(), room)
        {
            letter.documents.push(Lines { action, source });
        }
    }
    packer.add(&letter);
}
