//! Streams findings into S3 objects: GuardDuty exports and Security Hub events through Firehose.

use std::{
    collections::VecDeque,
    io::{self, Write},
    path::Path,
};

use crate::{
    clock,
    corpus::{self, Origin},
    guardduty::{self, Finding, Place},
    members::Members,
    object::{Size, Written},
    rng::Rng,
    security_hub::{self, State},
    template::Template,
    world::{ACCOUNTS, World},
};

/// Whose findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Lines of a GuardDuty export.
    GuardDuty,
    /// EventBridge events of Security Hub, one behind the other without separators.
    SecurityHub,
}

/// Milliseconds between two findings: 20,000 of them fill ten minutes.
const MILLIS_PER_FINDING: u64 = 30;

/// In how many of a thousand cases a finding comes that was there before.
const AGAIN: u64 = 300;

/// How many findings can come again.
const MEMORY: usize = 200;

/// Findings of one seed, one after the other.
#[derive(Debug)]
pub struct Generator {
    source: Source,
    rng: Rng,
    world: World,
    address: Template,
    guard_duty: guardduty::Catalogue,
    security_hub: security_hub::Catalogue,
    guard_duty_before: VecDeque<Finding>,
    security_hub_before: VecDeque<Members>,
    account: Option<&'static str>,
    region: &'static str,
    begin: u64,
    count: u64,
}

impl Generator {
    /// Findings of all accounts in one stream.
    #[must_use]
    pub fn new(seed: u64, source: Source) -> Self {
        Self::at(seed, source, None, "eu-central-1", clock::START)
    }

    /// Findings of one account and region from an instant on.
    #[must_use]
    pub fn at(
        seed: u64,
        source: Source,
        account: Option<&'static str>,
        region: &'static str,
        begin: u64,
    ) -> Self {
        let mut rng = Rng::new(seed);
        let own = account.map(|account| vec![account]);
        let world = World::new(&mut rng, own.as_deref().unwrap_or(ACCOUNTS), region, begin);
        Self {
            source,
            rng,
            world,
            address: Template::new("<public>"),
            guard_duty: guardduty::Catalogue::new(),
            security_hub: security_hub::Catalogue::new(),
            guard_duty_before: VecDeque::new(),
            security_hub_before: VecDeque::new(),
            account,
            region,
            begin,
            count: 0,
        }
    }

    /// The next line or event: one finding.
    pub fn record(&mut self) -> String {
        let now = self.begin + self.count * MILLIS_PER_FINDING / 1000;
        self.count += 1;
        let again = self.rng.chance(AGAIN);
        match self.source {
            Source::GuardDuty => self.guard_duty(now, again),
            Source::SecurityHub => self.security_hub(now, again),
        }
    }

    fn guard_duty(&mut self, now: u64, again: bool) -> String {
        let index = self.rng.skewed(self.guard_duty_before.len());
        if again && let Some(finding) = self.guard_duty_before.get_mut(index) {
            let count = finding.service.as_ref().and_then(|service| service.text_of("count").parse().ok());
            finding.again(count.unwrap_or(1) + 1, now, self.rng.below(1000));
            return finding.text();
        }
        let row = self.guard_duty.draw(&mut self.rng);
        let (account, remote) = self.drawn(now);
        let place = place(account, self.region, &remote, now, &mut self.rng);
        let finding = self.guard_duty.make(row, &mut self.rng, &self.world, place);
        let text = finding.text();
        remember(&mut self.guard_duty_before, finding);
        text
    }

    fn security_hub(&mut self, now: u64, again: bool) -> String {
        const STATES: &[State] =
            &[State::Notified, State::Resolved, State::Resolved, State::Suppressed, State::Archived];
        let index = self.rng.skewed(self.security_hub_before.len());
        let id = self.world.text(&Template::new("<uuid>"), &mut self.rng, "", "", now);
        if again && let Some(finding) = self.security_hub_before.get_mut(index) {
            let state = STATES.get(self.rng.below(STATES.len() as u64) as usize).copied();
            security_hub::advance(finding, state.unwrap_or(State::New), now);
            return security_hub::imported(std::slice::from_ref(finding), &id, now);
        }
        let Some(product) = self.security_hub.draw(&mut self.rng) else { return String::new() };
        let (account, remote) = self.drawn(now);
        let place = place(account, self.region, &remote, now, &mut self.rng);
        let finding = security_hub::asff(product, &mut self.rng, &self.world, place);
        let text = security_hub::imported(std::slice::from_ref(&finding), &id, now);
        remember(&mut self.security_hub_before, finding);
        text
    }

    fn drawn(&mut self, now: u64) -> (&'static str, String) {
        let account = self.account.unwrap_or_else(|| self.world.account(&mut self.rng));
        (account, self.world.text(&self.address, &mut self.rng, "", "", now))
    }

    /// Writes one whole object.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn object(&mut self, to: &mut impl Write, size: Size) -> io::Result<Written> {
        corpus::object(self, to, size)
    }

    /// Writes one object as a file's content, packed or plain.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn file(&mut self, to: impl Write, size: Size, plain: bool) -> io::Result<Written> {
        corpus::file(self, to, size, plain)
    }
}

/// A line a finding, or events with nothing between them: what ends a line belongs to it.
impl corpus::Source for Generator {
    fn open(&mut self, _: &mut Vec<u8>) {}

    fn record(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(Self::record(self).as_bytes());
        if self.source == Source::GuardDuty {
            out.push(b'\n');
        }
    }

    fn between(&self) -> &'static [u8] {
        b""
    }

    fn close(&self) -> &'static [u8] {
        b""
    }
}

fn place<'a>(account: &'a str, region: &'a str, remote: &'a str, now: u64, rng: &mut Rng) -> Place<'a> {
    Place { account, region, remote, created: now - rng.below(21_600), updated: now }
}

fn remember<T>(before: &mut VecDeque<T>, finding: T) {
    before.push_front(finding);
    before.truncate(MEMORY);
}

/// Writes `objects` objects of `events` findings under real keys below `folder`, several accounts and regions.
///
/// # Errors
/// Those of the file system.
pub fn tree(
    folder: &Path,
    seed: u64,
    source: Source,
    objects: u64,
    events: u64,
    plain: bool,
) -> io::Result<(Vec<String>, Written)> {
    corpus::tree(folder, seed, (objects, events), plain, &|rng, Origin { account, region, begin }| {
        let key = key(rng, source, account, region, begin + 300);
        (key, Box::new(Generator::at(rng.bits(), source, Some(account), region, begin)))
    })
}

/// The key of a GuardDuty export, or of a Firehose stream partitioned by account, event and region.
#[must_use]
pub fn key(rng: &mut Rng, source: Source, account: &str, region: &str, time: u64) -> String {
    let clock::Civil { year, month, day, hour, minute, second } = clock::civil(time);
    let unique = World::empty().text(&Template::new("<uuid>"), rng, "", "", time);
    let date = format!("{year:04}/{month:02}/{day:02}");
    match source {
        Source::GuardDuty => format!("AWSLogs/{account}/GuardDuty/{region}/{date}/{unique}.jsonl.gz"),
        Source::SecurityHub => format!(
            "AWSLogs/{account}/aws.securityhub/Security_Hub_Findings_-_Imported/{region}/{date}/findings-1-\
             {year:04}-{month:02}-{day:02}-{hour:02}-{minute:02}-{second:02}-{unique}.gz"
        ),
    }
}
