//! The engine behind the function.

use std::{
    io::Write,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use crossbeam_channel::bounded;

use super::{Deadline, Load, LoadError, Outcome, replicated};
use crate::{
    cli::{connect::PackArgs, load::prepare},
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
    pack: PackArgs,
    /// Made when the cluster was met and its templates are there. Held by the run that is under way: one that was given
    /// up comes to its end before the next begins.
    engine: Mutex<Option<Engine>>,
}

impl EngineLoader {
    pub(super) fn new(parts: EngineParts, pack: PackArgs) -> Self {
        Self { parts, pack, engine: Mutex::default() }
    }

    /// The engine; it is made, and the templates are looked for, once. The next invocation tries again where that failed.
    fn prepared<'a>(&self, engine: &'a mut Option<Engine>) -> Result<&'a Engine, LoadError> {
        match engine {
            Some(engine) => Ok(engine),
            none => {
                let EngineParts { cluster, settings, runtime, .. } = &self.parts;
                let encoding = runtime.block_on(prepare(cluster, settings.profile, self.pack));
                let mut parts = self.parts.clone();
                parts.settings.encoding = encoding.map_err(|error| of_sink(&error))?;
                Ok(none.insert(Engine::new(parts)))
            }
        }
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
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if deadline.is_some_and(|deadline| deadline.stop_at <= Instant::now()) {
            let reason = "the time of this invocation went by while the one before came to its end";
            return Err(LoadError { class: ErrorClass::Transient, reason: reason.to_owned() });
        }
        let engine = self.prepared(&mut engine)?;
        let (sender, listed) = bounded(objects.len());
        for object in objects {
            // There is room for all of them.
            let _ = sender.try_send(Ok(object));
        }
        drop(sender);
        let mut metrics = Metrics::default();
        let deadline =
            deadline.map(|Deadline { stop_at, give_up_at, .. }| engine::Deadline { stop_at, give_up_at });
        let ended = engine.run(&listed, deadline, &mut |report| {
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
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        self.prepared(&mut engine)?;
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
