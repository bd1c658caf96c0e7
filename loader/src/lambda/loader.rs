//! The engine behind the function.

use std::{
    io::Write,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use crossbeam_channel::bounded;

use super::{Deadline, Load, LoadError, Outcome, replicated};
use crate::{
    cli::load::prepare,
    engine::{self, Engine, EngineParts},
    error::{ErrorClass, SinkError},
    event::{ReplicationEvent, replication::ReplicationKind},
    fetch::ObjectRef,
    metrics::Metrics,
    pipeline::ObjectReport,
};

/// Loads by the engine. Clients are made once and live as long as the process.
pub(super) struct EngineLoader {
    parts: EngineParts,
    engine: Engine,
    /// Whether the cluster was met and its templates are there. Held by the run that is under way: one that was given up
    /// comes to its end before the next begins.
    prepared: Mutex<bool>,
}

impl EngineLoader {
    pub(super) fn new(parts: EngineParts) -> Self {
        Self { engine: Engine::new(parts.clone()), parts, prepared: Mutex::new(false) }
    }

    /// Makes sure that the templates are there, once; the next invocation tries again where that failed.
    fn prepare(&self, prepared: &mut bool) -> Result<(), LoadError> {
        if !*prepared {
            self.parts
                .runtime
                .block_on(prepare(&self.parts.cluster, self.parts.settings.profile))
                .map_err(|error| of_sink(&error))?;
            *prepared = true;
        }
        Ok(())
    }
}

fn of_sink(error: &SinkError) -> LoadError {
    LoadError { class: error.class(), reason: error.to_string() }
}

impl Load for EngineLoader {
    fn load(
        &self,
        objects: Vec<ObjectRef>,
        deadline: Option<Deadline>,
        told: &mut (dyn FnMut(Outcome) + Send),
    ) -> Result<(), LoadError> {
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if deadline.is_some_and(|deadline| deadline.stop_at <= Instant::now()) {
            let reason = "the time of this invocation went by while the one before came to its end";
            return Err(LoadError { class: ErrorClass::Transient, reason: reason.to_owned() });
        }
        self.prepare(&mut prepared)?;
        let (sender, listed) = bounded(objects.len());
        for object in objects {
            // There is room for all of them.
            let _ = sender.try_send(Ok(object));
        }
        drop(sender);
        let mut metrics = Metrics::default();
        let deadline =
            deadline.map(|Deadline { stop_at, give_up_at, .. }| engine::Deadline { stop_at, give_up_at });
        let ended = self.engine.run(&listed, deadline, &mut |report| {
            metrics.add(&report);
            if let Some(outcome) = outcome(report) {
                told(outcome);
            }
        });
        let ended =
            ended.map_err(|error| LoadError { class: ErrorClass::Transient, reason: error.to_string() })?;
        metrics.sent(&ended.sent);
        write(&metrics);
        ended.stopped.map_or(Ok(()), |error| Err(of_sink(&error)))
    }

    fn note(&self, events: &[ReplicationEvent], deadline: Option<Deadline>) -> Result<(), LoadError> {
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        self.prepare(&mut prepared)?;
        let mut metrics = Metrics::default();
        let failed = events.iter().filter(|event| event.kind == ReplicationKind::Failed).count();
        metrics.note("replication_failed", "", failed as f64);
        let until = deadline.map(|deadline| deadline.give_up_at);
        let written = replicated::write(&self.parts, events, until);
        self.parts.runtime.block_on(written).map_err(|error| of_sink(&error))?;
        write(&metrics);
        Ok(())
    }
}

/// Lines of the embedded metric format: CloudWatch makes metrics of what a function writes.
fn write(metrics: &Metrics) {
    let now = chrono::Utc::now().timestamp_millis();
    let mut out = std::io::stdout().lock();
    for line in metrics.emf(now, &serde_json::Map::new()) {
        // A closed standard output is no reason to stop.
        let _ = writeln!(out, "{line}");
    }
}

fn outcome(report: ObjectReport) -> Option<Outcome> {
    let done = report.done();
    Some(Outcome {
        done,
        status: report.status.map_or("failed", crate::pipeline::ObjectStatus::as_str),
        log_type: report.log_type,
        counts: report.counts,
        class: report.failure,
        problems: report.problems,
        object: report.asked?,
    })
}
