//! How the time of an invocation is spent.

use std::time::{Duration, Instant, SystemTime};

/// When an invocation has to come to its end. Each instant lies before the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// Nothing new is begun behind this instant.
    pub stop_at: Instant,
    /// What has no outcome by this instant is given up.
    pub give_up_at: Instant,
    /// The answer is on its way at this instant, whatever is still under way.
    pub answer_at: Instant,
}

/// Of the time that is left, as a part of it and within bounds: what is kept for finishing and delivering, for giving up
/// and the ledger, and for the answer. The longest delivery may take half a minute on a slow cluster; a function of 3
/// seconds still works for more than 2.
const FINISH: Share = Share { part: 4, least: Duration::from_millis(500), most: Duration::from_secs(30) };
const GIVE_UP: Share = Share { part: 10, least: Duration::from_millis(300), most: Duration::from_secs(5) };
const ANSWER: Share = Share { part: 30, least: Duration::from_millis(100), most: Duration::from_secs(1) };

struct Share {
    part: u32,
    least: Duration,
    most: Duration,
}

impl Share {
    fn of(&self, left: Duration) -> Duration {
        (left / self.part).clamp(self.least, self.most).min(left / 2)
    }
}

impl Deadline {
    /// From the deadline that came with the invocation, in milliseconds since 1970.
    ///
    /// None where it is over already: then the sender does not know it (`cargo lambda watch` sends such), since Lambda
    /// gives no time that is over, and a function that believed it would refuse all work.
    #[must_use]
    pub fn of(milliseconds: u64, now: SystemTime) -> Option<Self> {
        let left = left(milliseconds, now);
        if left.is_zero() {
            return None;
        }
        let here = Instant::now();
        Some(Self {
            stop_at: here + (left - FINISH.of(left)),
            give_up_at: here + (left - GIVE_UP.of(left)),
            answer_at: here + (left - ANSWER.of(left)),
        })
    }
}

/// A deadline of Lambda is at most 15 minutes away; one that is farther is taken as an hour.
const FARTHEST: Duration = Duration::from_secs(3600);

fn left(milliseconds: u64, now: SystemTime) -> Duration {
    let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds));
    at.and_then(|at| at.duration_since(now).ok()).unwrap_or_default().min(FARTHEST)
}
