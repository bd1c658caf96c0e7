//! What a run came to: the numbers, the refusals by reason, the exit status.

use std::{io::Write, time::Instant};

use serde::Serialize;

use super::{FAILED, OK, OutputFormat, REJECTED, progress::say};
use crate::{
    error::ErrorClass,
    pipeline::{
        Counts, ObjectReport, ObjectStatus,
        object::{Refusals, count_refusals},
    },
};

/// The sums of a run.
pub(super) struct Summary {
    format: OutputFormat,
    began: Instant,
    objects: u64,
    failed: u64,
    partial: u64,
    empty: u64,
    skipped: u64,
    unrecognised: u64,
    counts: Counts,
    refusals: Refusals,
    /// Something should be tried again or configured.
    again: bool,
    /// An object as a whole is damaged.
    damaged: bool,
    /// Why the run did not begin, or was stopped.
    error: Option<String>,
    pub(super) bytes_out: u64,
    pub(super) requests: u64,
    pub(super) retries: u64,
    /// Standard output belongs to documents: the summary goes to standard error.
    pub(super) quiet_stdout: bool,
}

/// What `--output json` prints. Scripts rely on the names.
#[derive(Serialize)]
struct Json<'a> {
    /// The exit status.
    status: u8,
    /// Why the run did not begin, or was stopped.
    error: Option<&'a str>,
    objects: u64,
    objects_failed: u64,
    objects_partial: u64,
    objects_empty: u64,
    objects_skipped: u64,
    objects_unrecognised: u64,
    records: u64,
    indexed: u64,
    already_present: u64,
    excluded: u64,
    rejected: u64,
    dead_lettered: u64,
    discarded: u64,
    unsent: u64,
    current_written: u64,
    current_older: u64,
    bytes_in: u64,
    bytes_out: u64,
    bulk_requests: u64,
    bulk_retries: u64,
    seconds: f64,
    cpu_seconds: f64,
    peak_rss_bytes: u64,
}

impl Summary {
    pub(super) fn new(format: OutputFormat) -> Self {
        Self {
            format,
            began: Instant::now(),
            objects: 0,
            failed: 0,
            partial: 0,
            empty: 0,
            skipped: 0,
            unrecognised: 0,
            counts: Counts::default(),
            refusals: Refusals::new(),
            again: false,
            damaged: false,
            error: None,
            bytes_out: 0,
            requests: 0,
            retries: 0,
            quiet_stdout: false,
        }
    }

    /// Adds an object that is done.
    pub(super) fn add(&mut self, report: ObjectReport) {
        let counter = match report.status {
            // A listing that failed is no object, but the run did not do what it was asked.
            None => &mut self.failed,
            Some(status) => {
                self.objects += 1;
                match status {
                    ObjectStatus::Failed
                    | ObjectStatus::Gone
                    | ObjectStatus::Denied
                    | ObjectStatus::InProgress => &mut self.failed,
                    ObjectStatus::Partial | ObjectStatus::Truncated => &mut self.partial,
                    ObjectStatus::Empty => &mut self.empty,
                    ObjectStatus::Skipped => &mut self.skipped,
                    ObjectStatus::Unrecognised => &mut self.unrecognised,
                    ObjectStatus::Loaded => &mut 0,
                }
            }
        };
        *counter += 1;
        match report.failure {
            Some(ErrorClass::Transient | ErrorClass::Configuration) => self.again = true,
            Some(ErrorClass::Permanent | ErrorClass::Poison) => self.damaged = true,
            None => {}
        }
        self.counts.add(&report.counts);
        for (kind, count) in report.refusals {
            count_refusals(&mut self.refusals, kind, count);
        }
    }

    /// The run could not begin, or was stopped by a failure that no further object could escape.
    pub(super) fn stopped(&mut self, why: &str) {
        self.again = true;
        say(&format!("siem-loader: {why}"));
        self.error = Some(why.to_owned());
    }

    /// Whether no object was met.
    pub(super) fn is_empty(&self) -> bool {
        self.objects + self.failed == 0
    }

    /// Prints everything and gives the exit status.
    pub(super) fn tell(&self) -> anyhow::Result<u8> {
        if !self.counts.add_up() {
            say(
                "siem-loader: the numbers below do not add up; this is a defect of siem-loader, please report it",
            );
        }
        self.tell_refusals();
        let seconds = self.began.elapsed().as_secs_f64();
        let (cpu_seconds, peak_rss_bytes) = crate::usage::usage();
        let text = match self.format {
            OutputFormat::Text => self.text(seconds, cpu_seconds, peak_rss_bytes),
            OutputFormat::Json => self.json(seconds, cpu_seconds, peak_rss_bytes)?,
        };
        if self.quiet_stdout {
            say(&text);
        } else {
            writeln!(std::io::stdout(), "{text}")?;
        }
        Ok(self.status())
    }

    pub(super) fn status(&self) -> u8 {
        if self.again || self.counts.unsent > 0 || !self.counts.add_up() {
            FAILED
        } else if self.damaged || self.counts.rejected + self.counts.dead_lettered > 0 {
            REJECTED
        } else {
            OK
        }
    }

    fn tell_refusals(&self) {
        if self.refusals.is_empty() {
            return;
        }
        say("records that OpenSearch refused, by error type, field and reason (quoted values removed):");
        let mut kinds: Vec<_> = self.refusals.iter().collect();
        kinds.sort_by(|a, b| b.1.cmp(a.1));
        for ((error_type, field, reason), count) in kinds.iter().take(50) {
            let field = if field.is_empty() { "-" } else { field };
            say(&format!("{count:>9}  {error_type}  {field}  {reason}"));
        }
        if kinds.len() > 50 {
            say(&format!("           and {} kinds more", kinds.len() - 50));
        }
    }

    fn json(&self, seconds: f64, cpu_seconds: f64, peak_rss_bytes: u64) -> serde_json::Result<String> {
        let c = &self.counts;
        serde_json::to_string(&Json {
            status: self.status(),
            error: self.error.as_deref(),
            objects: self.objects,
            objects_failed: self.failed,
            objects_partial: self.partial,
            objects_empty: self.empty,
            objects_skipped: self.skipped,
            objects_unrecognised: self.unrecognised,
            records: c.records,
            indexed: c.indexed,
            already_present: c.already_present,
            excluded: c.excluded,
            rejected: c.rejected,
            dead_lettered: c.dead_lettered,
            discarded: c.discarded,
            unsent: c.unsent,
            current_written: c.current_written,
            current_older: c.current_older,
            bytes_in: c.bytes_in,
            bytes_out: self.bytes_out,
            bulk_requests: self.requests,
            bulk_retries: self.retries,
            seconds,
            cpu_seconds,
            peak_rss_bytes,
        })
    }

    fn text(&self, seconds: f64, cpu_seconds: f64, peak_rss_bytes: u64) -> String {
        let c = &self.counts;
        let mut lines = vec![format!("{:>14}  objects", self.objects)];
        let objects = [
            (self.failed, "objects that failed"),
            (self.partial, "objects of which a part is lost"),
            (self.empty, "empty objects"),
            (self.skipped, "objects without records, as named above"),
            (self.unrecognised, "objects that are no log known here"),
        ];
        let records = [
            (c.indexed, "indexed"),
            (c.already_present, "already present"),
            (c.excluded, "excluded"),
            (c.rejected, "rejected"),
            (c.dead_lettered, "dead-lettered"),
            (c.discarded, "discarded, as asked"),
            (c.unsent, "not delivered: load these objects again"),
        ];
        let shown = |list: &[(u64, &str)]| {
            let some = list.iter().filter(|(count, _)| *count > 0);
            some.map(|(count, name)| format!("{count:>14}    {name}")).collect::<Vec<_>>()
        };
        lines.extend(shown(&objects));
        lines.push(format!("{:>14}  records", c.records));
        lines.extend(shown(&records));
        let states = [
            (c.current_written, "current states of findings written"),
            (c.current_older, "not newer than the state that is there"),
        ];
        lines.extend(shown(&states));
        lines.extend(shown(&[(self.retries, "bulk requests for what had failed before")]));
        let mb = |bytes: u64| bytes as f64 / 1e6;
        lines.push(format!("{:>14.1}  MB decoded, {:.1} MB out", mb(c.bytes_in), mb(self.bytes_out)));
        lines.push(format!(
            "{seconds:>14.2}  seconds ({cpu_seconds:.2} of processor time), {:.0} MB of memory at most",
            mb(peak_rss_bytes)
        ));
        lines.join("\n")
    }
}
