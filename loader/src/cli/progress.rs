//! What is told while a run goes on. All of it goes to standard error.

use std::{io::Write, sync::Mutex, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::pipeline::{Counts, ObjectReport, ObjectStatus};

/// Writes one line to standard error. A closed standard error is no reason to stop.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A bar on a terminal; elsewhere only problems are told.
pub(super) struct Progress {
    bar: ProgressBar,
    totals: Mutex<(u64, Counts)>,
    told: Mutex<Told>,
}

/// Lines that were told.
#[derive(Default)]
struct Told {
    problems: u64,
    unrecognised: u64,
    skipped: u64,
    remarks: u64,
}

/// Lines about problems of objects that are told; the summary counts the rest.
const LINES: u64 = 200;

/// Objects of each kind that are named where they are no problem: of no known log, without records, recognised by
/// their content. A bucket may be full of them, and they must not bury problems.
const NAMED: u64 = 5;

impl Progress {
    pub(super) fn start() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, totals: Mutex::default(), told: Mutex::default() }
    }

    /// Tells what is wrong with an object, and counts it.
    pub(super) fn object(&self, report: &ObjectReport) {
        // One line an object is always told: without it nobody knows what to load again.
        let mut problems = report.problems.iter();
        if let Some(first) = problems.next() {
            self.bar.suspend(|| say(&format!("{}: {first}", report.name)));
        }
        for problem in problems {
            self.line(&format!("{}: {problem}", report.name));
        }
        let more = report.problem_count.saturating_sub(report.problems.len() as u64);
        if more > 0 {
            self.line(&format!("{}: and {more} problems more", report.name));
        }
        if report.invalid_utf8 > 0 {
            let (name, count) = (&report.name, report.invalid_utf8);
            self.line(&format!(
                "{name}: invalid UTF-8 in {count} records, replaced by U+FFFD; they are loaded"
            ));
        }
        match (report.status, &report.remark) {
            (Some(ObjectStatus::Unrecognised), _) => {
                let text = "neither its key nor its content is that of a log known here; not loaded";
                self.named(&report.name, text, |told| &mut told.unrecognised);
            }
            (Some(ObjectStatus::Skipped), Some(why)) => {
                self.named(&report.name, why, |told| &mut told.skipped);
            }
            (_, Some(remark)) => self.named(&report.name, remark, |told| &mut told.remarks),
            (_, None) => {}
        }
        if let Ok(mut totals) = self.totals.lock() {
            totals.0 += 1;
            totals.1.add(&report.counts);
            let (objects, counts) = *totals;
            self.bar.set_message(format!(
                "{objects} objects, {} records, {:.1} MB decoded",
                counts.records,
                counts.bytes_in as f64 / 1e6
            ));
        }
    }

    fn named(&self, name: &str, text: &str, counter: fn(&mut Told) -> &mut u64) {
        let Ok(mut told) = self.told.lock() else { return };
        let count = counter(&mut told);
        *count += 1;
        if *count <= NAMED {
            self.bar.suspend(|| say(&format!("{name}: {text}")));
        } else if *count == NAMED + 1 {
            self.bar.suspend(|| say("more objects of this kind are not named"));
        }
    }

    fn line(&self, text: &str) {
        let Ok(mut told) = self.told.lock() else { return };
        told.problems += 1;
        if told.problems <= LINES {
            self.bar.suspend(|| say(text));
        } else if told.problems == LINES + 1 {
            self.bar.suspend(|| say("more problems are only counted from here on"));
        }
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
