//! The Lambda function: takes events in every wrapping, loads the objects they name, and gives back exactly what is not
//! done.
//!
//! `bootstrap` is this program; the runtime interface of Lambda
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>) is spoken by `lambda_runtime`. An invocation goes
//! through [`crate::event`] (what is asked for), [`batch`] (which object belongs to which message), a [`Load`] (the
//! work) and back through the batch into the answer.

pub mod batch;
pub mod deadline;
pub mod handler;
mod loader;
mod log;
mod replicated;
mod settings;

use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use lambda_runtime::service_fn;
use tokio::runtime::Runtime;

use crate::{error::ErrorClass, event::ReplicationEvent, fetch::ObjectRef, pipeline::Counts};

use self::loader::EngineLoader;
pub use self::{
    deadline::Deadline,
    handler::{Answer, Failed, handle},
};

/// Set by Lambda: where the runtime interface listens.
pub const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// What became of one object.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The object as it was asked for.
    pub object: ObjectRef,
    /// Nothing more is to be done about it: its message may be acknowledged.
    pub done: bool,
    /// What it came to, as in the ledger.
    pub status: &'static str,
    /// The log whose records are in it.
    pub log_type: Option<&'static str>,
    /// Its records.
    pub counts: Counts,
    /// Class of what is wrong with it.
    pub class: Option<ErrorClass>,
    /// What is wrong with it, in words.
    pub problems: Vec<String>,
}

impl Outcome {
    /// All that is wrong with it in one text; none where nothing is. The last is what made the object fail.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        (!self.problems.is_empty()).then(|| self.problems.join("; "))
    }
}

/// Why nothing could be done.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{reason}")]
pub struct LoadError {
    /// Whether to try again or to have somebody change something.
    pub class: ErrorClass,
    /// What is wrong and what to do.
    pub reason: String,
}

/// What loads objects.
pub trait Load: Send + Sync + 'static {
    /// Loads objects. `told` gets the outcome of each when it is safe; those that were not begun in time have none.
    /// Blocks; called from a thread that may wait.
    ///
    /// # Errors
    /// Why it could not begin, or had to stop.
    fn load(
        &self,
        objects: Vec<ObjectRef>,
        deadline: Option<Deadline>,
        told: &mut (dyn FnMut(Outcome) + Send),
    ) -> Result<(), LoadError>;

    /// Writes down what S3 said about the replication of objects. Blocks.
    ///
    /// # Errors
    /// Why it is not written.
    fn note(&self, events: &[ReplicationEvent], deadline: Option<Deadline>) -> Result<(), LoadError>;
}

/// Runs the function until Lambda ends it.
#[must_use]
pub fn main() -> ExitCode {
    log::start();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the function cannot run");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    // Lambda sets them always; whoever sets the first by hand is told what is missing.
    for name in ["AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION"] {
        std::env::var(name).with_context(|| format!("{RUNTIME_API} is set, and {name} is not"))?;
    }
    let memory = std::env::var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").unwrap_or_default();
    memory.parse::<i32>().context("AWS_LAMBDA_FUNCTION_MEMORY_SIZE is no number")?;
    crate::variables::warn_of_unknown();
    let runtime = crate::cli::runtime().context("cannot start the network threads")?;
    match settings::read(runtime.handle()) {
        Ok((parts, pack)) => serve(Arc::new(EngineLoader::new(parts, pack)), &runtime),
        Err(error) => {
            let reason = format!("{error:#}");
            tracing::error!(error = reason, "the settings cannot be used");
            // Not an end of the process: Lambda would start it again and again, and nobody be told why.
            serve(Arc::new(Unusable(LoadError { class: ErrorClass::Configuration, reason })), &runtime)
        }
    }
}

/// Answers invocations until there are no more. The variables that Lambda sets must be there.
///
/// # Errors
/// The runtime interface cannot be reached or does not keep to its rules.
pub fn serve<L: Load>(loader: Arc<L>, runtime: &Runtime) -> anyhow::Result<()> {
    let service = service_fn(move |event| handle(Arc::clone(&loader), event));
    let ended = runtime.block_on(lambda_runtime::Runtime::new(service).run());
    ended.map_err(|error| anyhow::anyhow!("the runtime interface of Lambda failed: {error}"))
}

/// Loads nothing: its settings are wrong.
struct Unusable(LoadError);

impl Load for Unusable {
    fn load(
        &self,
        _: Vec<ObjectRef>,
        _: Option<Deadline>,
        _: &mut (dyn FnMut(Outcome) + Send),
    ) -> Result<(), LoadError> {
        Err(self.0.clone())
    }

    fn note(&self, _: &[ReplicationEvent], _: Option<Deadline>) -> Result<(), LoadError> {
        Err(self.0.clone())
    }
}
