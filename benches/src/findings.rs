//! Streams findings into S3 objects: GuardDuty exports and Security Hub events through Firehose.

use std::{
    collections::VecDeque,
    io::{self, Write},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};

use crate::{
    clock,
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

/// Regions of the objects written under real keys.
const REGIONS: &[&str] = &["eu-central-1", "us-east-1", "ap-northeast-1"];

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
        let mut written = Written::default();
        loop {
            let done = match size {
                Size::Records(wanted) => written.records >= wanted,
                Size::Bytes(wanted) => written.decoded >= wanted,
            };
            if done {
                return Ok(written);
            }
            let mut text = self.record();
            if self.source == Source::GuardDuty {
                text.push('\n');
            }
            to.write_all(text.as_bytes())?;
            written.records += 1;
            written.decoded += text.len() as u64;
        }
    }

    /// Writes one object as a file's content, packed or plain.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn file(&mut self, mut to: impl Write, size: Size, plain: bool) -> io::Result<Written> {
        if plain {
            let written = self.object(&mut to, size)?;
            to.flush()?;
            return Ok(written);
        }
        let mut packer = GzEncoder::new(io::BufWriter::new(to), Compression::new(6));
        let written = self.object(&mut packer, size)?;
        packer.finish()?.flush()?;
        Ok(written)
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
    let (mut keys, mut sum) = (Vec::new(), Written::default());
    for number in 0..objects {
        let mut rng = Rng::new(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        let account = ACCOUNTS.get(number as usize % ACCOUNTS.len()).copied().unwrap_or_default();
        let round = number / ACCOUNTS.len() as u64;
        let region = REGIONS.get(round as usize % REGIONS.len()).copied().unwrap_or_default();
        let begin = clock::START + round / REGIONS.len() as u64 * 300;
        let key = key(&mut rng, source, account, region, begin + 300);
        let path = folder.join(&key);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let file = std::fs::File::create(&path)?;
        let mut generator = Generator::at(rng.bits(), source, Some(account), region, begin);
        let written = generator.file(file, Size::Records(events), plain)?;
        sum.records += written.records;
        sum.decoded += written.decoded;
        keys.push(key);
    }
    Ok((keys, sum))
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
