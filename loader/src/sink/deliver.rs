//! Bringing one body to the cluster: again what failed, in parts what is too large, until every item has a fate.

use std::{
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::{
    BulkAnswer, Cluster, Refusal, Sent,
    account::{Fate, GivenUp, Part, Rejected, share_out},
    backoff::Random,
    estate::estate,
    fallback::{self, Fallback},
    limiter::Load,
    output::{Body, SendSettings},
    payload::Payload,
    table::{Action, row_of},
};
use crate::{
    error::{ErrorClass, SinkError},
    pipeline::Bulk,
};

/// So many items of a body may make the cluster refuse a whole request while none of its items is taken: then it is
/// not the items.
const POISONS: u32 = 8;

/// One message about repetitions in this time.
const QUIET: Duration = Duration::from_secs(30);

/// What all bodies of a run share.
#[derive(Debug)]
pub(super) struct Shared {
    cluster: Cluster,
    settings: SendSettings,
    random: Mutex<Random>,
    /// Bytes of a body, before packing, that the cluster is known not to take.
    too_large: AtomicUsize,
    fallback: Fallback,
    bytes_out: AtomicU64,
    requests: AtomicU64,
    retries: AtomicU64,
    busy: AtomicU64,
    since: Instant,
    /// Milliseconds from `since` to the last item with a fate.
    success: AtomicU64,
    told: Mutex<Option<Instant>>,
    /// Picking out what failed costs the memory of a body: one at a time.
    picking: Mutex<()>,
    /// Why nothing more is sent.
    stopped: OnceLock<SinkError>,
    stop: Notify,
}

impl Shared {
    pub(super) fn new(cluster: Cluster, settings: SendSettings) -> Self {
        Self {
            cluster,
            random: Mutex::new(settings.random.clone()),
            settings,
            too_large: AtomicUsize::new(usize::MAX),
            fallback: Fallback::default(),
            bytes_out: AtomicU64::default(),
            requests: AtomicU64::default(),
            retries: AtomicU64::default(),
            busy: AtomicU64::default(),
            since: Instant::now(),
            success: AtomicU64::default(),
            told: Mutex::default(),
            picking: Mutex::default(),
            stopped: OnceLock::new(),
            stop: Notify::new(),
        }
    }

    pub(super) fn stopped(&self) -> Option<&SinkError> {
        self.stopped.get()
    }

    pub(super) fn sent(&self) -> Sent {
        Sent {
            bytes: self.bytes_out.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            waited: Duration::from_micros(self.busy.load(Ordering::Relaxed)),
        }
    }

    /// Size at which a body is sent.
    pub(super) fn body(&self) -> usize {
        self.settings.body.min(self.largest())
    }

    /// Largest body that may be taken.
    fn largest(&self) -> usize {
        self.too_large.load(Ordering::Relaxed).saturating_sub(1).max(1)
    }

    /// Counts records as not known to be in the index, because the run was stopped.
    pub(super) fn unsent(parts: &[Part]) {
        share_out(parts, &[], &GivenUp::stopped(), Bulk::default());
    }

    /// Brings one body to the cluster, and its outcomes to the objects.
    pub(super) async fn deliver(&self, mut body: Body) {
        if self.stopped().is_some() {
            return Self::unsent(&body.parts);
        }
        let payload = body.payload(self.settings.encoding);
        let mut delivery = Delivery {
            shared: self,
            fates: vec![Fate::Open; payload.lines.len()],
            progress: Instant::now(),
            failures: 0,
            doubts: 0,
            poisons: 0,
            bulk: Bulk::default(),
        };
        let given_up = match delivery.all(payload).await {
            Ok(()) => GivenUp { class: ErrorClass::Poison, why: None },
            Err(given_up) => given_up,
        };
        share_out(&body.parts, &delivery.fates, &given_up, delivery.bulk);
    }

    pub(super) fn stop(&self, error: SinkError) {
        // The first one is told.
        let _ = self.stopped.set(error);
        self.stop.notify_waiters();
    }

    /// Waits for a task, but not longer than the run goes on.
    async fn unless_stopped<T>(&self, task: impl Future<Output = T>) -> Result<T, GivenUp> {
        let stop = self.stop.notified();
        if self.stopped().is_some() {
            return Err(GivenUp::stopped());
        }
        tokio::select! {
            done = task => Ok(done),
            () = stop => Err(GivenUp::stopped()),
        }
    }

    fn succeeded(&self) {
        self.success.store(self.now(), Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Tells now and then why things take long.
    fn tell(&self, why: &SinkError) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|at| at.elapsed() >= QUIET) {
            *told = Some(Instant::now());
            tracing::warn!(
                "{why}; trying again, for up to {:?} without success",
                self.settings.retry.deadline
            );
        }
    }
}

/// One body on its way.
struct Delivery<'a> {
    shared: &'a Shared,
    /// Of each item of the body.
    fates: Vec<Fate>,
    /// When an item got its fate last.
    progress: Instant,
    /// Repetitions in a row without much success.
    failures: u32,
    /// Answers in a row that look like a wrong setting.
    doubts: u32,
    /// Single items for which the cluster refused a whole request.
    poisons: u32,
    bulk: Bulk,
}

impl Delivery<'_> {
    async fn all(&mut self, payload: Payload) -> Result<(), GivenUp> {
        let payload = self.shared.fallback.readable(payload).map_err(|error| GivenUp::defect(&error))?;
        let mut left = vec![payload];
        while let Some(mut payload) = left.pop() {
            let (plain, largest) = (payload.plain(), self.shared.largest());
            if plain > largest {
                // Into as few parts as may pass, of one size.
                match split(payload, plain.div_ceil(plain.div_ceil(largest)))? {
                    Ok((first, second)) => {
                        left.extend([second, first]);
                        continue;
                    }
                    Err(single) => payload = single,
                }
            }
            match self.send(&payload).await? {
                Ok(answer) => {
                    if let Some((rest, why)) = self.settle(payload, answer)? {
                        self.again(&why).await?;
                        left.push(rest);
                    }
                }
                Err(error) => left.extend(self.failed(payload, error).await?),
            }
        }
        Ok(())
    }

    /// One request.
    async fn send(&mut self, payload: &Payload) -> Result<Result<BulkAnswer, SinkError>, GivenUp> {
        let shared = self.shared;
        let pass = shared.unless_stopped(shared.settings.gate.pass());
        let pass = match shared.settings.give_up_at {
            None => pass.await?,
            Some(at) => tokio::time::timeout_at(at, pass).await.map_err(|_| GivenUp::out_of_time())??,
        };
        if shared.stopped().is_some() {
            return Err(GivenUp::stopped());
        }
        if payload.repeated {
            shared.retries.fetch_add(1, Ordering::Relaxed);
        }
        self.bulk.requests += 1;
        self.bulk.retries += u64::from(payload.repeated);
        let began = Instant::now();
        let items = payload.lines.len();
        let request = shared.cluster.bulk(payload.bytes.clone(), payload.encoding, items);
        let answer = match shared.settings.give_up_at {
            None => request.await,
            // What it did shows when its items are sent again.
            Some(at) => tokio::time::timeout_at(at, request).await.map_err(|_| GivenUp::out_of_time())?,
        };
        let waited = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        shared.busy.fetch_add(waited, Ordering::Relaxed);
        let busy = |answer: &BulkAnswer| {
            answer.refused.iter().filter(|refusal| refusal.action == Action::Again).count()
        };
        pass.end(match &answer {
            Ok(answer) if busy(answer) == items => Load::TooMuch,
            Ok(answer) if busy(answer) > 0 => Load::Partly,
            Ok(_) => Load::Fine { bytes: payload.plain() },
            Err(error) if row_of(error).action == Action::Again => Load::TooMuch,
            Err(_) => Load::Unknown,
        });
        if answer.is_ok() {
            shared.fallback.taken(payload, shared.cluster.url());
            if let Some(latencies) = &shared.settings.latencies {
                latencies.note(waited);
            }
            shared.bytes_out.fetch_add(payload.bytes.len() as u64, Ordering::Relaxed);
            shared.requests.fetch_add(1, Ordering::Relaxed);
        }
        Ok(answer)
    }

    /// Notes the fates that an answer tells; gives what is to be sent again, and why.
    fn settle(
        &mut self,
        payload: Payload,
        answer: BulkAnswer,
    ) -> Result<Option<(Payload, SinkError)>, GivenUp> {
        self.doubts = 0;
        self.bulk.rejected += answer.refused.len() as u64;
        let mut present = answer.already_present_at.iter().map(|&at| at as usize).peekable();
        let mut refused = answer.refused.into_iter().peekable();
        let (mut again, mut why) = (Vec::new(), None::<Refusal>);
        let mut rejected = Vec::new();

        for (place, line) in payload.lines.iter().enumerate() {
            let fate = match refused.next_if(|refusal| refusal.position == place) {
                None if present.next_if_eq(&place).is_some() => Fate::Present,
                None => Fate::Written,
                Some(refusal) => match refusal.action {
                    Action::Again | Action::AgainSlowly => {
                        // Pauses are long only where nothing but full disks is in the way.
                        if why.as_ref().is_none_or(|why| why.action == Action::AgainSlowly) {
                            why = Some(refusal);
                        }
                        again.push(place);
                        continue;
                    }
                    Action::Stop | Action::AgainAFewTimes => Fate::Stopped(Box::new(refusal)),
                    _ => {
                        rejected.push((place, refusal));
                        continue;
                    }
                },
            };
            if let Some(mine) = self.fates.get_mut(line.item) {
                *mine = fate;
            }
        }
        self.set_aside(&payload, rejected)?;
        let sent = payload.lines.len();
        if again.len() < sent {
            self.progressed();
            if again.len() * 2 <= sent {
                self.failures = 0;
            }
        }
        self.stop_if_nothing_passes();
        let Some(refusal) = why else { return Ok(None) };
        let cluster = self.shared.cluster.url().to_owned();
        let Refusal { status, reason, .. } = refusal;
        let why = match refusal.action {
            Action::AgainSlowly => SinkError::DiskFull { cluster, reason },
            _ => SinkError::Busy { cluster, status, reason, retry_after: None },
        };
        let _one_at_a_time = self.shared.picking.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = payload.pick(&again).map_err(|error| GivenUp::defect(&error))?;
        Ok(Some((Payload { repeated: true, ..rest }, why)))
    }

    /// Notes what is refused for good, with its lines. When most of a body is refused for one reason it is not the
    /// documents: then nothing is set aside, and the run stops.
    fn set_aside(&mut self, payload: &Payload, rejected: Vec<(usize, Refusal)>) -> Result<(), GivenUp> {
        if let Some(refusal) = estate(&rejected, payload.lines.len()) {
            let error = SinkError::MostRefused {
                cluster: self.shared.cluster.url().to_owned(),
                refused: rejected.len(),
                sent: payload.lines.len(),
                error_type: refusal.error_type.clone(),
                reason: refusal.reason.clone(),
            };
            let given_up = GivenUp { class: error.class(), why: Some(error.to_string()) };
            self.shared.stop(error);
            return Err(given_up);
        }
        let places: Vec<usize> = rejected.iter().map(|(place, _)| *place).collect();
        let mut texts = payload.texts(&places).map_err(|error| GivenUp::defect(&error))?.into_iter();
        for (place, refusal) in rejected {
            let lines = texts.next().unwrap_or_default();
            let item = payload.lines.get(place).map(|line| line.item);
            if let Some(mine) = item.and_then(|item| self.fates.get_mut(item)) {
                *mine = Fate::Rejected(Box::new(Rejected { refusal, lines }));
            }
        }
        Ok(())
    }

    /// What follows when a request failed as a whole; gives what is to be sent next.
    async fn failed(&mut self, payload: Payload, error: SinkError) -> Result<Vec<Payload>, GivenUp> {
        let row = row_of(&error);
        if fallback::may_be_unread(&payload, row) {
            let payload = self.shared.fallback.gzip(payload).map_err(|error| GivenUp::defect(&error))?;
            return Ok(vec![Payload { repeated: true, ..payload }]);
        }
        let action = row.action;
        match action {
            Action::Split | Action::Bisect => {
                if action == Action::Split {
                    self.learn(&payload, &error);
                }
                let half = payload.plain() / 2;
                match split(payload, half)? {
                    Ok((first, second)) => return Ok(vec![second, first]),
                    Err(single) => self.reject(&single, &error)?,
                }
                return Ok(Vec::new());
            }
            Action::AgainAFewTimes if self.doubts < self.shared.settings.retry.few => self.doubts += 1,
            Action::Again | Action::AgainSlowly => {}
            _ => {
                let given_up = GivenUp { class: error.class(), why: None };
                self.shared.stop(error);
                return Err(given_up);
            }
        }
        self.again(&error).await?;
        Ok(vec![Payload { repeated: true, ..payload }])
    }

    /// Remembers how large a body must not be.
    fn learn(&self, payload: &Payload, error: &SinkError) {
        let mut bytes = payload.plain();
        if let SinkError::TooLarge { limit: Some(limit), .. } = error {
            // What the cluster counts is some 13 % above the bytes of the body.
            bytes = bytes.min(usize::try_from(limit / 100 * 85).unwrap_or(bytes));
        }
        if payload.lines.len() > 1 && self.shared.too_large.fetch_min(bytes, Ordering::Relaxed) > bytes {
            tracing::info!(bytes, "bodies are kept below the size that the cluster refused");
        }
    }

    /// A single item that makes the cluster refuse a request.
    fn reject(&mut self, single: &Payload, error: &SinkError) -> Result<(), GivenUp> {
        let (status, error_type, reason, class) = match error {
            SinkError::Refused { status, error_type, reason, class, .. } => {
                self.poisons += 1;
                (*status, error_type.clone(), reason.clone(), *class)
            }
            SinkError::TooLarge { status, .. } => {
                let reason = "the document alone is larger than the cluster takes".to_owned();
                (*status, "too_large".to_owned(), reason, ErrorClass::Permanent)
            }
            _ => (0, String::new(), error.to_string(), ErrorClass::Poison),
        };
        let taken = self.fates.iter().any(|fate| matches!(fate, Fate::Written | Fate::Present));
        if self.poisons >= POISONS && !taken {
            let cluster = self.shared.cluster.url().to_owned();
            let class = ErrorClass::Configuration;
            for fate in &mut self.fates {
                *fate = Fate::Open;
            }
            self.shared.stop(SinkError::Refused { cluster, status, error_type, reason, class });
            return Err(GivenUp { class, why: None });
        }
        let action = Action::Reject;
        let refusal = Refusal { position: 0, status, error_type, reason, field: None, class, action };
        let places: Vec<usize> = (0..single.lines.len()).collect();
        let texts = single.texts(&places).map_err(|error| GivenUp::defect(&error))?;
        for (line, lines) in single.lines.iter().zip(texts) {
            if let Some(mine) = self.fates.get_mut(line.item) {
                *mine = Fate::Rejected(Box::new(Rejected { refusal: refusal.clone(), lines }));
            }
        }
        self.progressed();
        Ok(())
    }

    /// Waits before a repetition; an error when the deadline has passed.
    async fn again(&mut self, why: &SinkError) -> Result<(), GivenUp> {
        let retry = &self.shared.settings.retry;
        let left = retry.deadline.saturating_sub(self.progress.elapsed());
        let end = self.shared.settings.give_up_at.map(|at| at.saturating_duration_since(Instant::now()));
        if end.is_some_and(|end| end.is_zero()) {
            return Err(GivenUp::out_of_time());
        }
        let left = end.map_or(left, |end| end.min(left));
        if left.is_zero() {
            let told = format!("given up after {:?} without success: {why}", retry.deadline);
            self.stop_if_all_fail(&told);
            return Err(GivenUp { class: ErrorClass::Transient, why: Some(told) });
        }
        self.shared.tell(why);
        let pause = {
            let mut random = self.shared.random.lock().unwrap_or_else(PoisonError::into_inner);
            match row_of(why).action {
                Action::AgainSlowly => retry.slow_pause(&mut random),
                _ => retry.pause(self.failures, &mut random),
            }
        };
        self.failures = self.failures.saturating_add(1);
        let asked = why.retry_after().unwrap_or_default();
        self.shared.settings.gate.hold(asked.min(left));
        // The jitter comes on top of what was asked for: others were told the same.
        let pause = pause.saturating_add(asked).min(left);
        self.shared.unless_stopped(tokio::time::sleep(pause)).await
    }

    fn progressed(&mut self) {
        self.progress = Instant::now();
        self.shared.succeeded();
    }

    /// What refuses every item of a body, and is not the documents' fault, will refuse the next body too.
    fn stop_if_nothing_passes(&self) {
        let mut first = None;
        for fate in &self.fates {
            match fate {
                Fate::Stopped(refusal) => first = first.or(Some(refusal)),
                _ => return,
            }
        }
        if let Some(refusal) = first {
            self.shared.stop(SinkError::Refused {
                cluster: self.shared.cluster.url().to_owned(),
                status: refusal.status,
                error_type: refusal.error_type.clone(),
                reason: refusal.reason.clone(),
                class: refusal.class,
            });
        }
    }

    /// A body is given up. Where no other had success for as long, the run is: else each would wait as long again.
    fn stop_if_all_fail(&self, told: &str) {
        let success = self.shared.success.load(Ordering::Relaxed);
        let quiet = Duration::from_millis(self.shared.now().saturating_sub(success));
        if quiet >= self.shared.settings.retry.deadline {
            self.shared.stop(SinkError::Deadline(told.to_owned()));
        }
    }
}

/// In two; as it is where there is only one item.
fn split(payload: Payload, first: usize) -> Result<Result<(Payload, Payload), Payload>, GivenUp> {
    payload.cut(first).map_err(|error| GivenUp::defect(&error))
}
