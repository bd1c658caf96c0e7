//! The [`Limiter`] for tasks: one for all bodies of a process.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::{
    backoff::Random,
    limiter::{Limiter, Load, Pace, Ticket},
};

/// Lets as many requests through as the cluster works on. Cheap to clone; clones share.
#[derive(Debug, Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    since: Instant,
    limiter: Mutex<Limiter>,
    changed: Notify,
}

/// A request that is under way. Dropped without an end, it says nothing about the cluster.
#[derive(Debug)]
pub(super) struct Pass {
    gate: Gate,
    ticket: Option<Ticket>,
}

impl Gate {
    /// At most `max` requests at a time, the first at any time from now to `pace.start`.
    #[must_use]
    pub fn new(max: usize, pace: Pace, random: Random) -> Self {
        let limiter = Mutex::new(Limiter::new(max, pace, random));
        Self { inner: Arc::new(Inner { since: Instant::now(), limiter, changed: Notify::new() }) }
    }

    /// Always `requests` at a time, see [`Limiter::fixed`].
    #[must_use]
    pub fn fixed(requests: usize, random: Random) -> Self {
        let limiter = Mutex::new(Limiter::fixed(requests, random));
        Self { inner: Arc::new(Inner { since: Instant::now(), limiter, changed: Notify::new() }) }
    }

    /// Requests that may be under way now.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limiter().limit()
    }

    /// Waits for its turn.
    pub(super) async fn pass(&self) -> Pass {
        loop {
            // Registered before the look, so that no change in between is missed.
            let changed = self.inner.changed.notified();
            let now = self.inner.since.elapsed();
            let wait = {
                let mut limiter = self.limiter();
                if let Some(ticket) = limiter.begin(now) {
                    return Pass { gate: self.clone(), ticket: Some(ticket) };
                }
                limiter.not_before().saturating_sub(now)
            };
            if wait.is_zero() {
                changed.await;
            } else {
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// No request of anybody for so long.
    pub(super) fn hold(&self, pause: Duration) {
        self.limiter().hold(self.inner.since.elapsed() + pause);
    }

    fn limiter(&self) -> MutexGuard<'_, Limiter> {
        self.inner.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, ticket: Ticket, load: Load) {
        self.limiter().end(ticket, self.inner.since.elapsed(), load);
        self.inner.changed.notify_waiters();
    }
}

impl Pass {
    pub(super) fn end(mut self, load: Load) {
        if let Some(ticket) = self.ticket.take() {
            self.gate.end(ticket, load);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.gate.end(ticket, Load::Unknown);
        }
    }
}
