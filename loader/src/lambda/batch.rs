//! Which object belongs to which message, and which message is done.

use std::collections::{HashMap, hash_map::Entry};

use super::Outcome;
use crate::{
    event::{Invocation, Message},
    fetch::ObjectRef,
};

/// The messages of an invocation and what became of their objects.
#[derive(Debug)]
pub struct Batch {
    queue: bool,
    messages: Vec<Message>,
    /// Each object once, in the order in which they were named.
    objects: Vec<ObjectRef>,
    places: HashMap<Name, usize>,
    /// Of each object; none while nothing is known.
    outcomes: Vec<Option<Outcome>>,
    /// Of each message, why what it says about replication is not written down.
    unwritten: Vec<Option<String>>,
}

/// Bucket, key and version: what makes two objects of a batch one.
type Name = (Option<String>, String, Option<String>);

fn name(object: &ObjectRef) -> Name {
    (object.bucket.clone(), object.key.clone(), object.version_id.clone())
}

/// A message that is not done.
#[derive(Debug)]
pub struct Unfinished<'a> {
    /// The message.
    pub message: &'a Message,
    /// Why, one reason an object, at most [`REASONS`].
    pub reasons: Vec<String>,
    /// How many of its objects are not done.
    pub objects: usize,
}

/// Reasons that are told of one message; the rest is counted.
pub const REASONS: usize = 10;

/// Why an object of which nothing was heard is not done.
const NOT_REACHED: &str = "not reached before the time of this invocation ran out";

impl Batch {
    /// The messages of an invocation.
    #[must_use]
    pub fn new(invocation: Invocation) -> Self {
        let mut batch = Self {
            queue: invocation.queue,
            unwritten: vec![None; invocation.messages.len()],
            messages: invocation.messages,
            objects: Vec::new(),
            places: HashMap::new(),
            outcomes: Vec::new(),
        };
        for object in batch.messages.iter().flat_map(|message| &message.objects) {
            match batch.places.entry(name(object)) {
                Entry::Vacant(free) => {
                    free.insert(batch.objects.len());
                    batch.objects.push(object.clone());
                    batch.outcomes.push(None);
                }
                // The message that was delivered most often is the one that knows how often it was tried.
                Entry::Occupied(taken) => {
                    if let Some(first) = batch.objects.get_mut(*taken.get()) {
                        first.deliveries = first.deliveries.max(object.deliveries);
                    }
                }
            }
        }
        batch
    }

    /// Whether it is answered message by message.
    #[must_use]
    pub fn queue(&self) -> bool {
        self.queue
    }

    /// The messages, in their order.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Every object once, whatever number of messages name it.
    #[must_use]
    pub fn objects(&self) -> &[ObjectRef] {
        &self.objects
    }

    /// Notes what became of an object.
    pub fn note(&mut self, outcome: Outcome) {
        let place = self.places.get(&name(&outcome.object));
        if let Some(known) = place.and_then(|place| self.outcomes.get_mut(*place)) {
            *known = Some(outcome);
        }
    }

    /// Notes that what the message at `place` says about replication is not written down.
    pub fn not_written(&mut self, place: usize, reason: String) {
        if let Some(unwritten) = self.unwritten.get_mut(place) {
            *unwritten = Some(reason);
        }
    }

    /// What became of the objects so far.
    pub fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().flatten()
    }

    /// The messages that are not done: not understood, or with an object that is not done. `stopped` is why the work
    /// ended early, where it did.
    #[must_use]
    pub fn unfinished(&self, stopped: Option<&str>) -> Vec<Unfinished<'_>> {
        let messages = self.messages.iter().zip(&self.unwritten);
        messages.filter_map(|(message, unwritten)| self.unfinished_one(message, unwritten, stopped)).collect()
    }

    fn unfinished_one<'a>(
        &self,
        message: &'a Message,
        unwritten: &Option<String>,
        stopped: Option<&str>,
    ) -> Option<Unfinished<'a>> {
        let mut unfinished = Unfinished { message, reasons: Vec::new(), objects: 0 };
        unfinished.reasons.extend(message.problem.clone());
        unfinished.reasons.extend(unwritten.clone());
        for object in &message.objects {
            let outcome =
                self.places.get(&name(object)).and_then(|place| self.outcomes.get(*place)?.as_ref());
            let why = match outcome {
                Some(outcome) if outcome.done => continue,
                Some(outcome) => outcome.problem().unwrap_or_else(|| outcome.status.to_owned()),
                None => stopped.unwrap_or(NOT_REACHED).to_owned(),
            };
            unfinished.objects += 1;
            if unfinished.reasons.len() < REASONS {
                unfinished.reasons.push(format!("{object}: {why}"));
            }
        }
        (!unfinished.reasons.is_empty()).then_some(unfinished)
    }
}
