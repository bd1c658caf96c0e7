//! Everything between a list of objects and what became of them: read, render, deliver, set aside, enter in the ledger.
//! The command line and the Lambda function both run this.

use std::{sync::Arc, time::Duration};

use crossbeam_channel::Receiver;
use siem_parsers::document::Profile;
use tokio::{runtime::Handle, time::Instant};

use crate::{
    closing::Closing,
    dead_letter::Store,
    error::SinkError,
    fetch::{FetchError, ObjectRef, Source},
    ledger::Ledger,
    pipeline::{self, ObjectReport, Output, Settings},
    sink::{BulkOutput, Cluster, Encoding, SendSettings, Sent},
};

/// How long the ledger is tried to be written when everything else went well.
const LEDGER_PATIENCE: Duration = Duration::from_secs(60);

/// What an [`Engine`] is made of.
#[derive(Debug, Clone)]
pub struct EngineParts {
    /// Where objects come from.
    pub source: Source,
    /// Where documents go.
    pub cluster: Cluster,
    /// How objects are read and rendered. What is to be kept and remembered is set by the engine.
    pub settings: Settings,
    /// How documents are sent.
    pub send: SendSettings,
    /// The runtime of all network traffic.
    pub runtime: Handle,
    /// Whether there is to be a ledger.
    pub ledger: bool,
    /// Where dead letters go.
    pub dead_letters: Option<Store>,
    /// Where there is no place for dead letters, an object with records that are refused fails.
    pub refuse_loss: bool,
}

/// Loads objects. Made once; runs may follow one another.
#[derive(Debug, Clone)]
pub struct Engine {
    parts: EngineParts,
    ledger: Option<Arc<Ledger>>,
}

/// When a run has to come to its end.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    /// Nothing new is begun behind this instant.
    pub stop_at: std::time::Instant,
    /// What has no outcome by this instant is given up; a little later everything is told.
    pub give_up_at: std::time::Instant,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct RunEnd {
    /// What was sent.
    pub sent: Sent,
    /// What stopped it, if something did.
    pub stopped: Option<SinkError>,
}

/// The threads of a run could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the threads that render: {0}")]
pub struct EngineError(String);

impl Engine {
    /// An engine of these parts.
    #[must_use]
    pub fn new(mut parts: EngineParts) -> Self {
        parts.settings.keeps = parts.dead_letters.is_some();
        parts.send.encoding = parts.settings.encoding;
        let (cluster, store) = (parts.cluster.clone(), parts.dead_letters.clone());
        let (runtime, retry) = (parts.runtime.clone(), parts.send.retry);
        let ledger = Arc::new(Ledger::new(cluster, runtime, retry, &parts.settings, store, parts.ledger));
        parts.settings.attempts = Some(Arc::clone(&ledger) as Arc<dyn pipeline::Attempts>);
        let ledger = parts.ledger.then_some(ledger);
        Self { parts, ledger }
    }

    /// Loads what is listed. `told` gets the report of each object when nothing more is to be done about it, on another
    /// thread. Blocks; for plain threads. Objects that were listed and not begun when the run was stopped have no report.
    ///
    /// # Errors
    /// The run could not begin.
    pub fn run(
        &self,
        objects: &Receiver<Result<ObjectRef, FetchError>>,
        deadline: Option<Deadline>,
        told: &mut (dyn FnMut(ObjectReport) + Send),
    ) -> Result<RunEnd, EngineError> {
        let parts = &self.parts;
        let (mut settings, mut send) = (parts.settings.clone(), parts.send.clone());
        settings.stop_at = deadline.map(|deadline| deadline.stop_at);
        send.give_up_at = deadline.map(|deadline| Instant::from_std(deadline.give_up_at));
        let closing = Closing {
            runtime: parts.runtime.clone(),
            store: parts.dead_letters.clone(),
            ledger: self.ledger.clone(),
            refuse_loss: parts.refuse_loss,
            patience: LEDGER_PATIENCE.min(send.retry.deadline),
            give_up_at: send.give_up_at,
        };
        let bulk = BulkOutput::start(parts.cluster.clone(), send, &parts.runtime);
        let output = Arc::clone(&bulk) as Arc<dyn Output>;
        let (reports, finished) = crossbeam_channel::unbounded();
        std::thread::scope(|scope| {
            scope.spawn(|| closing.run(&finished, told));
            let run = pipeline::run(objects, &parts.source, &settings, &output, &reports);
            drop(output);
            // The reports of the last objects come only when their records are accounted for.
            let (sent, stopped) = parts.runtime.block_on(bulk.finish());
            // That was the last sender of reports, so closing ends.
            drop(reports);
            run.map_err(|error| EngineError(error.to_string()))?;
            Ok(RunEnd { sent, stopped })
        })
    }

    /// A way to the cluster for documents that do not come from an object.
    pub(crate) fn output(&self) -> Arc<BulkOutput> {
        BulkOutput::start(self.parts.cluster.clone(), self.parts.send.clone(), &self.parts.runtime)
    }

    /// Waits for its last answer; what stopped it, if something did.
    pub(crate) fn finish(&self, output: Arc<BulkOutput>) -> Option<SinkError> {
        self.parts.runtime.block_on(output.finish()).1
    }

    /// How chunks are packed.
    pub(crate) fn encoding(&self) -> Encoding {
        self.parts.settings.encoding
    }

    /// What documents have of their record.
    pub(crate) fn profile(&self) -> Profile {
        self.parts.settings.profile
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.parts.runtime
    }

    /// The ledger, where there is one.
    pub(crate) fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_deref()
    }
}
