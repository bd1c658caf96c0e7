//! One invocation: from its payload to its answer.

use std::{
    fmt,
    sync::Arc,
    time::{Instant, SystemTime},
};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse};
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    Deadline, Load, LoadError, Outcome,
    batch::{Batch, Unfinished},
    log,
};
use crate::event;

/// What the function answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a queue: the messages that are not done
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting>).
    Batch(SqsBatchResponse),
    /// To everybody else, when everything is done.
    Done {
        /// Objects that were loaded.
        objects: usize,
        /// Events that ask for nothing.
        ignored: usize,
    },
}

/// What a direct invocation is told when something is not done, so that the retries of Lambda and its on-failure
/// destination have something to work with. Of a queue only when its messages cannot be told apart.
#[derive(Clone)]
pub struct Failed {
    /// A name to group by.
    pub kind: &'static str,
    /// What failed and why.
    pub text: String,
}

impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.text)
    }
}

impl From<Failed> for Diagnostic {
    fn from(failed: Failed) -> Self {
        Self { error_type: failed.kind.to_owned(), error_message: failed.text }
    }
}

/// Bytes of words in an answer at most.
const TEXT: usize = 4_000;

/// Answers one invocation.
///
/// # Errors
/// What is not done, where there is no queue to be told message by message.
pub async fn handle<L: Load>(loader: Arc<L>, event: LambdaEvent<Value>) -> Result<Answer, Failed> {
    let (payload, context) = event.into_parts();
    let began = Instant::now();
    let deadline = Deadline::of(context.deadline, SystemTime::now());
    let mut batch = Batch::new(event::read(&payload));
    drop(payload);
    let stopped = work(&loader, &mut batch, deadline, &context).await;
    let unfinished = batch.unfinished(stopped.as_ref().map(|error| error.reason.as_str()));
    log::messages(&context, &unfinished);
    log::invocation(&context, &batch, &unfinished, stopped.as_ref(), began.elapsed(), deadline.is_some());
    answer(&batch, &unfinished, stopped)
}

/// Loads the objects and writes down what is said about replication; gives why it ended early, where it did.
async fn work<L: Load>(
    loader: &Arc<L>,
    batch: &mut Batch,
    deadline: Option<Deadline>,
    context: &Context,
) -> Option<LoadError> {
    note_replication(loader, batch, deadline, context).await;
    if batch.objects().is_empty() {
        return None;
    }
    let (objects, loader) = (batch.objects().to_vec(), Arc::clone(loader));
    // Holds an outcome an object at most.
    let (sender, mut outcomes) = mpsc::unbounded_channel::<Outcome>();
    let running = tokio::task::spawn_blocking(move || {
        loader.load(objects, deadline, &mut |outcome| {
            // Nobody listens only when the answer is given already.
            let _ = sender.send(outcome);
        })
    });
    let time_is_up = sleep_until(deadline);
    tokio::pin!(time_is_up);
    loop {
        tokio::select! {
            outcome = outcomes.recv() => match outcome {
                Some(outcome) => {
                    log::object(context, &outcome);
                    batch.note(outcome);
                }
                None => break,
            },
            () = &mut time_is_up => {
                let reason = "not finished in time; it goes on where it stopped when the message comes again";
                return Some(LoadError { class: crate::error::ErrorClass::Transient, reason: reason.to_owned() });
            }
        }
    }
    match running.await {
        Ok(ended) => ended.err(),
        Err(_) => Some(LoadError {
            class: crate::error::ErrorClass::Poison,
            reason: "the loader panicked; this is a defect of siem-loader, please report it".to_owned(),
        }),
    }
}

async fn sleep_until(deadline: Option<Deadline>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.answer_at.into()).await,
        None => std::future::pending().await,
    }
}

async fn note_replication<L: Load>(
    loader: &Arc<L>,
    batch: &mut Batch,
    deadline: Option<Deadline>,
    context: &Context,
) {
    for place in 0..batch.messages().len() {
        let Some(message) = batch.messages().get(place).filter(|message| !message.replication.is_empty())
        else {
            continue;
        };
        let (events, loader) = (message.replication.clone(), Arc::clone(loader));
        events.iter().for_each(|event| log::replication(context, event));
        let writing = tokio::task::spawn_blocking(move || loader.note(&events, deadline));
        let written = tokio::select! {
            written = writing => Some(written),
            () = sleep_until(deadline) => None,
        };
        let why = match written {
            Some(Ok(Ok(()))) => continue,
            Some(Ok(Err(error))) => error.reason,
            None => "time ran out".to_owned(),
            Some(Err(_)) => {
                "the loader panicked; this is a defect of siem-loader, please report it".to_owned()
            }
        };
        batch.not_written(place, format!("its replication events are not in the ledger: {why}"));
    }
}

fn answer(
    batch: &Batch,
    unfinished: &[Unfinished<'_>],
    stopped: Option<LoadError>,
) -> Result<Answer, Failed> {
    let ids: Option<Vec<String>> = unfinished.iter().map(|one| one.message.id.clone()).collect();
    match ids {
        Some(ids) if batch.queue() => {
            let failures = ids.into_iter().map(|id| {
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = id;
                failure
            });
            let mut response = SqsBatchResponse::default();
            response.batch_item_failures = failures.collect();
            Ok(Answer::Batch(response))
        }
        _ if unfinished.is_empty() => Ok(Answer::Done {
            objects: batch.objects().len(),
            ignored: batch.messages().iter().map(|message| message.ignored.len()).sum(),
        }),
        _ => Err(failed(batch, unfinished, stopped)),
    }
}

fn failed(batch: &Batch, unfinished: &[Unfinished<'_>], stopped: Option<LoadError>) -> Failed {
    let objects: usize = unfinished.iter().map(|one| one.objects).sum();
    let kind = match &stopped {
        Some(error) if error.class == crate::error::ErrorClass::Configuration => "ConfigurationError",
        _ if objects > 0 => "ObjectsNotLoaded",
        _ => "EventNotUnderstood",
    };
    let reasons: Vec<&str> = unfinished.iter().flat_map(|one| &one.reasons).map(String::as_str).collect();
    let mut text = reasons.join("; ");
    if objects > 0 {
        text = format!("{objects} of {} objects are not loaded: {text}", batch.objects().len());
    }
    if text.len() > TEXT {
        let end = (0..=TEXT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    Failed { kind, text }
}
