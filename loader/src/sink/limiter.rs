//! How many bulk requests may be under way: as many as the cluster works on, not more.
//!
//! Additive increase, multiplicative decrease. Latency is compared with what it is at few requests: as long as more
//! of them take no longer, the cluster has room; when they do, they wait in its queue. A refusal halves the number.
//! Nothing here has a clock, a thread or a network: `now` is given, as time since any fixed instant.

use std::time::Duration;

use super::backoff::Random;

/// Requests under way at the start. Two saturate a small node, and 50 processes that start at once are a hundred.
const START: usize = 2;

/// Pauses of a process as a whole, all of random length, so that processes that start or fail together do not come
/// back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Longest time the first request waits.
    pub start: Duration,
    /// Longest pause after a refusal; it doubles with each one in a row.
    pub refused: Duration,
    /// Bound of the doubling. Low: it is also how late the end of an outage is noticed.
    pub longest: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            start: Duration::from_millis(250),
            refused: Duration::from_millis(200),
            longest: Duration::from_secs(10),
        }
    }
}

/// Up to so many times the latency at few requests, one more is allowed.
const ROOM: f64 = 1.5;

/// Above so many times that latency, requests wait in the cluster's queue longer than they are worked on.
const QUEUED: f64 = 2.5;

/// What is left after latency rose.
const LESS: f64 = 0.8;

/// What is left after a refusal.
const HALF: f64 = 0.5;

/// Requests of which latency is averaged, at least.
const SAMPLES: usize = 3;

/// After so many windows in which latency held the number back, latency at few requests is measured anew: clusters get
/// slower and faster.
const PROBE_EVERY: u32 = 30;

/// How much longer the latency at few requests can become by one measurement.
const GROWTH: f64 = 1.25;

/// A request that may be made. It is to be given back by [`Limiter::end`], whatever became of the request.
#[derive(Debug)]
pub struct Ticket {
    began: Duration,
    epoch: u64,
    last_free: bool,
}

/// What a request says about the load of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// Answered; `bytes` is the size of its body before packing.
    Fine {
        /// Size of the body, unpacked.
        bytes: usize,
    },
    /// Some of its items were refused as too much.
    Partly,
    /// Refused as too much, or the cluster is away.
    TooMuch,
    /// It says nothing: a setting, a document, a body that is too large.
    Unknown,
}

/// The number of requests that may be under way.
#[derive(Debug)]
pub struct Limiter {
    limit: f64,
    max: usize,
    under_way: usize,
    /// Grows with each change of the limit: what began before says nothing about the new one.
    epoch: u64,
    /// The epoch after the last refusal that counted.
    cut: u64,
    /// Seconds a byte at few requests.
    base: Option<f64>,
    /// Size of most bodies; latencies of small ones are not compared.
    usual: f64,
    window: Window,
    windows: u32,
    /// The limit to go back to after a window at half of it.
    probing: Option<f64>,
    not_before: Duration,
    pace: Pace,
    /// Refusals in a row.
    refusals: u32,
    random: Random,
    /// The limit stays what it is.
    fixed: bool,
}

#[derive(Debug, Default)]
struct Window {
    wanted: usize,
    count: usize,
    sum: f64,
    /// Whether the limit was reached: else a higher one would change nothing.
    full: bool,
}

impl Limiter {
    /// At most `max` requests; the first at any time from 0 to `pace.start`.
    #[must_use]
    pub fn new(max: usize, pace: Pace, mut random: Random) -> Self {
        let max = max.max(1);
        let not_before = pace.start.mul_f64(random.unit());
        let mut limiter = Self {
            limit: START.min(max) as f64,
            max,
            under_way: 0,
            epoch: 0,
            cut: 0,
            base: None,
            usual: 0.0,
            window: Window::default(),
            windows: 0,
            probing: None,
            not_before,
            pace,
            refusals: 0,
            random,
            fixed: false,
        };
        limiter.set(limiter.limit);
        limiter
    }

    /// Always `requests`, from now on: to measure what a number of requests gives. Pauses after refusals stay.
    #[must_use]
    pub fn fixed(requests: usize, random: Random) -> Self {
        let pace = Pace { start: Duration::ZERO, ..Pace::default() };
        let mut limiter = Self::new(requests, pace, random);
        limiter.set(requests as f64);
        limiter.fixed = true;
        limiter
    }

    /// Requests that may be under way now.
    #[must_use]
    pub fn limit(&self) -> usize {
        // Never negative or beyond `max`.
        self.limit as usize
    }

    /// Requests that are under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way
    }

    /// When the next request may be made, as far as that depends on time.
    #[must_use]
    pub fn not_before(&self) -> Duration {
        self.not_before
    }

    /// No request before `until`: the cluster asks for it.
    pub fn hold(&mut self, until: Duration) {
        self.not_before = self.not_before.max(until);
    }

    /// Takes a ticket for a request that is made now.
    pub fn begin(&mut self, now: Duration) -> Option<Ticket> {
        if now < self.not_before || self.under_way >= self.limit() {
            return None;
        }
        self.under_way += 1;
        Some(Ticket { began: now, epoch: self.epoch, last_free: self.under_way == self.limit() })
    }

    /// Ends a request.
    pub fn end(&mut self, ticket: Ticket, now: Duration, load: Load) {
        self.under_way = self.under_way.saturating_sub(1);
        match load {
            Load::Unknown => {}
            // All that was under way when the cluster had enough may be refused; that is one refusal.
            Load::TooMuch | Load::Partly if ticket.epoch < self.cut => {}
            Load::TooMuch => {
                self.cut();
                // Bodies pause each for itself; this keeps one from trying what another was just refused.
                let longest = self.pace.refused.saturating_mul(2_u32.saturating_pow(self.refusals));
                self.refusals = self.refusals.saturating_add(1);
                let pause = longest.min(self.pace.longest).mul_f64(self.random.unit());
                self.hold(now.saturating_add(pause));
            }
            Load::Partly => {
                self.refusals = 0;
                self.cut();
            }
            Load::Fine { bytes } => {
                self.refusals = 0;
                let bytes = bytes.max(1) as f64;
                let small = bytes * 2.0 < self.usual;
                self.usual = bytes.max(self.usual * 0.95);
                if small || ticket.epoch != self.epoch {
                    return;
                }
                self.window.count += 1;
                self.window.sum += now.saturating_sub(ticket.began).as_secs_f64() / bytes;
                self.window.full |= ticket.last_free;
                if self.window.count >= self.window.wanted {
                    self.judge();
                }
            }
        }
    }

    fn cut(&mut self) {
        let limit = self.probing.unwrap_or(self.limit) * HALF;
        self.set(limit);
        self.cut = self.epoch;
    }

    /// Draws the conclusion from a full window.
    fn judge(&mut self) {
        let latency = self.window.sum / self.window.count.max(1) as f64;
        if let Some(before) = self.probing.take() {
            // Little by little: where others load the cluster as well, their queue is in this latency.
            self.base = Some(self.base.map_or(latency, |base| latency.min(base * GROWTH)));
            return self.set(before);
        }
        let base = match self.base {
            None => latency,
            // One request at a time waits for none of ours: so long it takes today.
            Some(base) if self.limit() == 1 && latency > base => (base + latency) / 2.0,
            Some(base) => base.min(latency),
        };
        self.base = Some(base);
        let held_back = latency > base * ROOM;
        self.windows += u32::from(held_back);
        if latency > base * QUEUED {
            self.set(self.limit * LESS);
        } else if self.windows >= PROBE_EVERY && self.limit() > 1 {
            self.windows = 0;
            let before = self.limit;
            self.set((before / 2.0).floor());
            self.probing = Some(before);
        } else if !held_back && self.window.full && self.limit() < self.max {
            self.set(self.limit.floor() + 1.0);
        } else {
            self.set(self.limit);
        }
    }

    fn set(&mut self, limit: f64) {
        let limit = if self.fixed { self.limit } else { limit.clamp(1.0, self.max as f64) };
        if limit as usize != self.limit() {
            self.epoch += 1;
        }
        self.limit = limit;
        self.probing = None;
        // Of random length, so that processes do not grow in step.
        let wanted = self.limit().max(SAMPLES);
        let more = self.random.below(wanted as u64 + 1) as usize;
        self.window = Window { wanted: wanted + more, ..Window::default() };
    }
}
