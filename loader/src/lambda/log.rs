//! The lines that the function writes: JSON, one an invocation and one an object, and one for each message that is not
//! done and each event about replication. docs/lambda.md says what they mean. None holds anything of a record.

use std::{collections::BTreeMap, time::Duration};

use lambda_runtime::Context;
use tracing_subscriber::EnvFilter;

use super::{
    LoadError, Outcome,
    batch::{Batch, Unfinished},
};
use crate::{event::ReplicationEvent, pipeline::Counts};

/// What is logged unless `SIEM_LOADER_LOG` says otherwise: our lines, and warnings of everybody else. The AWS SDK warns at
/// length of every place where it found no region or credentials; our own error says what is missing.
const DEFAULT: &str = "warn,siem_loader=info,aws_config=error,lambda_runtime=error";

/// Lines of JSON on standard error from here on, panics too.
pub(super) fn start() {
    let asked = std::env::var("SIEM_LOADER_LOG").ok();
    let filter = asked.as_deref().and_then(|asked| EnvFilter::try_new(asked).ok());
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(filter.unwrap_or_else(|| EnvFilter::new(DEFAULT)))
        .with_writer(std::io::stderr)
        .init();
    // The words of a panic may quote what was being read, so only its place is told.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a defect of siem-loader, please report it");
    }));
}

/// Logs at a level that is known only now.
macro_rules! line {
    ($well:expr, $($fields:tt)+) => {
        if $well { tracing::info!($($fields)+) } else { tracing::warn!($($fields)+) }
    };
}

pub(super) fn object(context: &Context, outcome: &Outcome) {
    let c = &outcome.counts;
    line!(
        outcome.done && outcome.problems.is_empty(),
        request_id = context.request_id,
        object = %outcome.object,
        version_id = outcome.object.version_id,
        status = outcome.status,
        done = outcome.done,
        log_type = outcome.log_type,
        records = c.records,
        indexed = c.indexed,
        already_present = c.already_present,
        excluded = c.excluded,
        dead_lettered = c.dead_lettered,
        rejected = c.rejected,
        unaccounted = c.unsent,
        bytes_inflated = c.bytes_in,
        class = outcome.class.map(tracing::field::display),
        problem = outcome.problem(),
        "object"
    );
}

pub(super) fn messages(context: &Context, unfinished: &[Unfinished<'_>]) {
    for one in unfinished {
        tracing::warn!(
            request_id = context.request_id,
            message_id = one.message.id,
            receive_count = one.message.receive_count,
            objects_not_done = one.objects,
            problem = one.reasons.first(),
            reasons = one.reasons.len(),
            "message not done"
        );
    }
}

pub(super) fn replication(context: &Context, event: &ReplicationEvent) {
    line!(
        !event.needs_somebody(),
        request_id = context.request_id,
        object = %event.object,
        version_id = event.object.version_id,
        destination = event.destination,
        rule = event.rule,
        status = event.kind.as_str(),
        reason = event.reason,
        fix = event.fix(),
        "replication"
    );
}

pub(super) fn invocation(
    context: &Context,
    batch: &Batch,
    unfinished: &[Unfinished<'_>],
    stopped: Option<&LoadError>,
    took: Duration,
    has_deadline: bool,
) {
    let mut counts = Counts::default();
    batch.outcomes().for_each(|outcome| counts.add(&outcome.counts));
    let messages = batch.messages();
    line!(
        unfinished.is_empty(),
        request_id = context.request_id,
        trace_id = context.xray_trace_id,
        queue = batch.queue(),
        messages = messages.len(),
        messages_not_done = unfinished.len(),
        redelivered =
            messages.iter().filter(|message| message.receive_count.is_some_and(|count| count > 1)).count(),
        objects = batch.objects().len(),
        objects_done = batch.outcomes().filter(|outcome| outcome.done).count(),
        replication_events = messages.iter().map(|message| message.replication.len()).sum::<usize>(),
        ignored = ignored(batch),
        records = counts.records,
        indexed = counts.indexed,
        already_present = counts.already_present,
        dead_lettered = counts.dead_lettered,
        rejected = counts.rejected,
        unaccounted = counts.unsent,
        stopped = stopped.map(|error| error.reason.as_str()),
        took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        deadline_known = has_deadline,
        "invocation"
    );
}

/// Kinds of ignored events that are named in a line; senders choose the names.
const IGNORED_KINDS: usize = 10;

/// `s3:TestEvent 1, ObjectRemoved:Delete 3`; none where nothing was ignored.
fn ignored(batch: &Batch) -> Option<String> {
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for name in batch.messages().iter().flat_map(|message| &message.ignored) {
        let full = kinds.len() >= IGNORED_KINDS && !kinds.contains_key(name.as_str());
        *kinds.entry(if full { "other" } else { name }).or_default() += 1;
    }
    let named: Vec<_> = kinds.iter().map(|(name, count)| format!("{name} {count}")).collect();
    (!named.is_empty()).then(|| named.join(", "))
}
