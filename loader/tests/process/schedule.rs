//! What a seed means: which objects there are, and which faults are met on the way.

use siem_loader::sink::Random;

use crate::rules::{Class, Fault, Rule};

/// What a schedule is about. Each is the same for the same seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// kill -9 around a bulk request, once or twice.
    Killed,
    /// kill -9 while an object is read.
    KilledWhileReading,
    /// Connections to OpenSearch are reset before, during and after requests.
    Resets,
    /// 429, 502 and 503, several in a row.
    Storm,
    /// Items of a request are refused, others of it done.
    PartialStorm,
    /// Answers that come late, or later than is waited for.
    Slow,
    /// Answers that are cut, truncated or no JSON.
    BadAnswers,
    /// Bodies of objects cut in the middle, once or again and again, and S3 asks to slow down.
    BodiesCut,
    /// An object is replaced while it is read.
    Replaced,
    /// An object is deleted while it is read.
    Deleted,
    /// One object comes twice in a run, in any order.
    Twice,
    /// Two processes load the same at the same time.
    TwoProcesses,
    /// First contact and templates fail.
    Start,
    /// Dead letters cannot be written.
    DeadLettersUnavailable,
    /// The disk for dead letters is full.
    DiskFull,
    /// The ledger cannot be written, or read.
    LedgerUnavailable,
    /// Something of everything.
    Mixed,
    /// kill -9 in the middle of an object that is large enough to be resumed.
    Resumed,
    /// The body of an object that is large enough to be resumed is cut again and again, until reading it is given up.
    ReadingGivenUp,
    /// The node is stopped, or killed, and started again.
    Restarted,
}

/// In the order of seeds.
pub(crate) const KINDS: [Kind; 19] = [
    Kind::Killed,
    Kind::Resets,
    Kind::PartialStorm,
    Kind::BodiesCut,
    Kind::Twice,
    Kind::KilledWhileReading,
    Kind::BadAnswers,
    Kind::DeadLettersUnavailable,
    Kind::Storm,
    Kind::Replaced,
    Kind::TwoProcesses,
    Kind::LedgerUnavailable,
    Kind::Slow,
    Kind::Deleted,
    Kind::DiskFull,
    Kind::Start,
    Kind::Mixed,
    Kind::Resumed,
    Kind::ReadingGivenUp,
];

/// Where dead letters go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeadLetters {
    Folder,
    /// A prefix of the bucket, beside what is loaded.
    Bucket,
    /// At first a folder that cannot be made.
    NoFolder,
    /// At first a prefix where nothing may be written.
    DeniedBucket,
    /// At first a disk with no room.
    FullDisk,
}

/// One run of everything.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) seed: u64,
    pub(crate) kind: Kind,
    pub(crate) opensearch: Vec<Rule>,
    pub(crate) s3: Vec<Rule>,
    /// Bytes of a bulk body that OpenSearch takes at most, so that there are many requests.
    pub(crate) largest: Option<usize>,
    pub(crate) packed: bool,
    pub(crate) threads: u64,
    /// Seconds that a request is waited for.
    pub(crate) timeout: u64,
    pub(crate) dead_letters: DeadLetters,
    /// Small objects, and the records of each at most.
    pub(crate) small: u64,
    pub(crate) records: u64,
    /// Records of the one large object, and bytes of each.
    pub(crate) large: u64,
    pub(crate) large_record: usize,
    /// Percent of the records of small objects that cannot be loaded.
    pub(crate) bad: u64,
    /// Objects are named one by one and not by their prefix, some of them more than once.
    pub(crate) one_by_one: bool,
    pub(crate) processes: usize,
    /// Runs that may end with "try again", by what they meet.
    pub(crate) failures: u32,
}

/// Seconds that a request is waited for where nothing is to be too late.
const LONG: u64 = 60;

/// Tries to go on with a body after which the program gives up.
const GIVE_UP: u64 = 5;

impl Schedule {
    pub(crate) fn of(seed: u64) -> Self {
        let kinds = KINDS.len() as u64;
        Self::of_kind(seed, KINDS[(seed % kinds) as usize])
    }

    pub(crate) fn of_kind(seed: u64, kind: Kind) -> Self {
        let mut random = Random::seeded(seed);
        let large = if random.below(3) == 0 { 200 + random.below(700) } else { 0 };
        let mut schedule = Self {
            seed,
            kind,
            opensearch: Vec::new(),
            s3: Vec::new(),
            largest: (large == 0 && random.below(2) == 0).then(|| 20_000 + random.below(80_000) as usize),
            packed: random.below(2) == 0,
            threads: 1 + random.below(2),
            timeout: LONG,
            dead_letters: if random.below(3) == 0 { DeadLetters::Bucket } else { DeadLetters::Folder },
            small: 2 + random.below(4),
            records: 10 + random.below(80),
            large,
            large_record: 20_000,
            bad: if random.below(2) == 0 { 3 + random.below(10) } else { 0 },
            one_by_one: random.below(4) == 0,
            processes: 1,
            failures: 0,
        };
        schedule.faults(kind, &mut random);
        schedule
    }

    fn faults(&mut self, kind: Kind, random: &mut Random) {
        let one = |from: &[Fault], random: &mut Random| from[random.below(from.len() as u64) as usize];
        match kind {
            Kind::Killed => {
                let faults = [Fault::KilledBefore, Fault::KilledAmid, Fault::KilledAfter];
                let first = self.turn(&faults);
                for fault in [first, one(&faults, random)].into_iter().take(1 + random.below(2) as usize) {
                    let class = if random.below(5) == 0 { Class::LedgerWrite } else { Class::Bulk };
                    self.rule(class, self.any_bulk(random), 1, fault);
                }
            }
            Kind::KilledWhileReading => {
                let nth = random.below(self.small);
                self.s3_rule(Class::Get, nth, 1, Fault::KilledInBody(random.below(101) as u8));
            }
            Kind::Resets => {
                let faults = [Fault::ResetBefore, Fault::RequestCut, Fault::AnswerLost];
                self.rule(Class::Bulk, 0, 1, self.turn(&faults));
                for _ in 0..1 + random.below(3) {
                    let fault = one(&faults, random);
                    self.rule(Class::Bulk, self.any_bulk(random), 1, fault);
                }
            }
            Kind::Storm => {
                let fault = Fault::Refused(self.turn(&[429, 503, 502]));
                self.rule(Class::Bulk, self.any_bulk(random), 2 + random.below(3) as u32, fault);
            }
            Kind::PartialStorm => {
                let fault = Fault::SomeRefused(self.turn(&[429, 503]));
                self.rule(Class::Bulk, random.below(2), 2 + random.below(4) as u32, fault);
            }
            Kind::Slow => {
                self.timeout = 3;
                self.rule(Class::Bulk, self.any_bulk(random), 2, Fault::Late(100 + random.below(900)));
                self.rule(Class::Bulk, self.any_bulk(random), 1, Fault::Late(3_500));
            }
            Kind::BadAnswers => {
                let faults = [Fault::AnswerCut, Fault::AnswerTruncated, Fault::AnswerMalformed];
                self.rule(Class::Bulk, 0, 1, self.turn(&faults));
                for _ in 0..random.below(3) {
                    self.rule(Class::Bulk, self.any_bulk(random), 1, one(&faults, random));
                }
            }
            Kind::BodiesCut => {
                self.s3_rule(Class::Get, 0, 1, Fault::BodyCut(random.below(100) as u8));
                self.s3_rule(Class::Get, 1 + random.below(3), 1 + random.below(2), Fault::BodyCut(30));
                self.s3_rule(Class::Get, 4, 1, Fault::SlowDown);
                self.s3_rule(Class::List, 0, 1, Fault::SlowDown);
            }
            Kind::Replaced => {
                let nth = random.below(self.small);
                self.s3_rule(Class::Get, nth, 1, Fault::Replaced(random.below(100) as u8));
                self.failures = 1;
            }
            Kind::Deleted => {
                let nth = random.below(self.small);
                self.s3_rule(Class::Get, nth, 1, Fault::Deleted(random.below(100) as u8));
                self.failures = 1;
            }
            Kind::Twice => {
                self.one_by_one = true;
                self.rule(Class::Bulk, self.any_bulk(random), 1, Fault::SomeRefused(429));
            }
            Kind::TwoProcesses => {
                self.processes = 2;
                self.rule(Class::Bulk, self.any_bulk(random), 1, Fault::AnswerLost);
                if random.below(2) == 0 {
                    self.rule(Class::Bulk, self.any_bulk(random), 1, Fault::KilledAfter);
                }
            }
            Kind::Start => {
                let fault = self.turn(&[Fault::Refused(503), Fault::ResetBefore, Fault::AnswerCut]);
                self.rule(Class::Start, random.below(8), 1, fault);
                self.failures = 1;
            }
            Kind::DeadLettersUnavailable => {
                self.bad = 10;
                self.dead_letters = self.turn(&[DeadLetters::NoFolder, DeadLetters::DeniedBucket]);
                if self.dead_letters == DeadLetters::DeniedBucket {
                    self.s3_rule(Class::Put, 0, 1, Fault::Denied);
                }
                self.failures = 1;
            }
            Kind::DiskFull => {
                self.bad = 10;
                self.dead_letters = DeadLetters::FullDisk;
                self.failures = 1;
            }
            Kind::LedgerUnavailable => {
                let faults =
                    [Fault::Refused(503), Fault::Refused(403), Fault::ResetBefore, Fault::AnswerLost];
                let (fault, times) = (one(&faults, random), 1 + random.below(3) as u32);
                let class = self.turn(&[Class::LedgerRead, Class::LedgerWrite]);
                self.rule(class, 0, times, fault);
                // What is there is read once; what is to be written is tried until it passes, but for a missing right.
                let once = class == Class::LedgerRead || fault == Fault::Refused(403);
                self.failures = if once { times } else { 0 };
            }
            Kind::Mixed => {
                for _ in 0..2 + random.below(2) {
                    let kinds =
                        [Kind::Killed, Kind::Resets, Kind::Storm, Kind::PartialStorm, Kind::BadAnswers];
                    let kind = one_of(&kinds, random);
                    self.faults(kind, random);
                }
                self.s3_rule(Class::Get, 1, 1, Fault::BodyCut(random.below(100) as u8));
            }
            Kind::Resumed => {
                self.huge(random);
                // The ledger is written when a good part is through, and at the end.
                let fault = one(&[Fault::KilledBefore, Fault::KilledAfter, Fault::KilledAfter], random);
                self.rule(Class::LedgerWrite, random.below(2), 1, fault);
                if random.below(2) == 0 {
                    self.rule(Class::Bulk, 5 + random.below(40), 1, Fault::KilledAfter);
                }
            }
            Kind::ReadingGivenUp => {
                self.huge(random);
                (self.large, self.large_record) = (700 + random.below(100), 100_000);
                // The large object comes first, by name; then nothing more of it comes.
                self.s3_rule(Class::Get, 0, 1, Fault::BodyCut(20 + random.below(70) as u8));
                self.s3_rule(Class::Get, 1, GIVE_UP, Fault::BodyCut(0));
                self.threads = 1;
                self.failures = 1;
            }
            Kind::Restarted => {
                self.huge(random);
                (self.large, self.timeout) = (self.large / 4, 20);
                let fault = if self.seed.is_multiple_of(2) { Fault::NodeKilled } else { Fault::NodeStopped };
                self.rule(Class::Bulk, random.below(4), 1, fault);
                // The node may stay away longer than the ledger is waited for.
                self.failures = 1;
            }
        }
    }

    /// One after the other with the seeds of a kind, so that a few of them meet all.
    fn turn<T: Copy>(&self, from: &[T]) -> T {
        from[(self.seed / KINDS.len() as u64) as usize % from.len()]
    }

    /// With an object of some 60 pieces.
    fn huge(&mut self, random: &mut Random) {
        (self.large, self.large_record, self.largest) = (1_400 + random.below(300), 50_000, None);
        (self.small, self.one_by_one) = (2, false);
    }

    /// One of the bulk requests that there will be, by what a document of an event comes to.
    fn any_bulk(&self, random: &mut Random) -> u64 {
        let small = self.small * self.records / 2 * 2_200;
        let bytes = small + self.large * (self.large_record as u64 + 2_200);
        random.below(1 + bytes / self.largest.map_or(4 << 20, |largest| largest as u64))
    }

    fn rule(&mut self, class: Class, nth: u64, times: u32, fault: Fault) {
        self.opensearch.push(Rule { class, nth: nth as u32, times, fault });
    }

    fn s3_rule(&mut self, class: Class, nth: u64, times: u64, fault: Fault) {
        self.s3.push(Rule { class, nth: nth as u32, times: times as u32, fault });
    }

    pub(crate) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.opensearch.iter().chain(&self.s3)
    }

    /// Runs that are killed, at most.
    pub(crate) fn kills(&self) -> u32 {
        self.rules().filter(|rule| rule.fault.kills()).map(|rule| rule.times).sum()
    }

    /// Whether a request may be done without the program knowing, so that what it wrote itself is there already when it
    /// comes again.
    pub(crate) fn hides_success(&self) -> bool {
        let late = |fault| matches!(fault, Fault::Late(wait) if wait < self.timeout * 1000);
        self.rules().any(|rule| rule.fault.hides_success() && !late(rule.fault))
    }
}

fn one_of<T: Copy>(from: &[T], random: &mut Random) -> T {
    from[random.below(from.len() as u64) as usize]
}
