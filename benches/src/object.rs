//! Streams records into S3 objects: `{"Records":[…]}`, packed or plain, under the keys CloudTrail uses.

use std::{
    io::{self, Write},
    path::Path,
};

use crate::{
    actions::Catalogue,
    clock,
    corpus::{self, Origin, Source},
    event::Place,
    insight::Insights,
    rng::Rng,
    world::{ACCOUNTS, World},
};

/// Which records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// CloudTrail events of every category.
    Events,
    /// CloudTrail Insights.
    Insights,
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub enum Size {
    /// After that many records.
    Records(u64),
    /// At the first record that ends at or behind that many decoded bytes.
    Bytes(u64),
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Records.
    pub records: u64,
    /// Bytes before packing.
    pub decoded: u64,
}

/// Milliseconds between two events: 50,000 of them fill ten minutes.
const MILLIS_PER_EVENT: u64 = 12;

/// In how many of a thousand events the call before is made once more.
const RUN: u64 = 370;

/// Records of one seed, one after the other.
#[derive(Debug)]
pub struct Generator {
    rng: Rng,
    world: World,
    catalogue: Catalogue,
    insights: Insights,
    stream: Stream,
    account: Option<&'static str>,
    region: &'static str,
    count: u64,
    last: usize,
    begin: u64,
}

impl Generator {
    /// Records of all accounts in one stream.
    #[must_use]
    pub fn new(seed: u64, stream: Stream) -> Self {
        Self::at(seed, stream, None, "eu-central-1", clock::START)
    }

    /// Records of one account and region from an instant on.
    #[must_use]
    pub fn at(
        seed: u64,
        stream: Stream,
        account: Option<&'static str>,
        region: &'static str,
        begin: u64,
    ) -> Self {
        let mut rng = Rng::new(seed);
        let own = account.map(|account| vec![account]);
        let world = World::new(&mut rng, own.as_deref().unwrap_or(ACCOUNTS), region, begin);
        let (catalogue, insights) = (Catalogue::new(), Insights::new());
        Self { rng, world, catalogue, insights, stream, account, region, count: 0, last: 0, begin }
    }

    /// Writes the next record.
    pub fn record(&mut self, out: &mut Vec<u8>) {
        let now = self.begin + self.count * MILLIS_PER_EVENT / 1000;
        self.count += 1;
        self.world.pass(&mut self.rng, self.region, now);
        let place = Place { account: self.account, region: self.region, now };
        if self.stream == Stream::Insights {
            return self.insights.write(out, &mut self.rng, &self.world, place);
        }
        // The trail of one region has global services' events in us-east-1 only.
        let wanted = |global: bool| !global || self.account.is_none() || self.region == "us-east-1";
        // Calls of a kind come in runs.
        let mut drawn = self.last;
        if !self.rng.chance(RUN) {
            drawn = self.catalogue.draw(&mut self.rng);
        }
        while let Some(action) = self.catalogue.all().get(drawn) {
            if wanted(action.action().global) {
                self.last = drawn;
                return action.write(out, &mut self.rng, &self.world, place);
            }
            drawn = self.catalogue.draw(&mut self.rng);
        }
    }

    /// Writes one whole object: a single line, no newline at its end.
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

impl Source for Generator {
    fn open(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"Records":["#);
    }

    fn record(&mut self, out: &mut Vec<u8>) {
        Self::record(self, out);
    }

    fn between(&self) -> &'static [u8] {
        b","
    }

    fn close(&self) -> &'static [u8] {
        b"]}"
    }
}

/// Writes `objects` objects of `events` records under real keys below `folder`, several accounts and regions.
///
/// # Errors
/// Those of the file system.
pub fn tree(
    folder: &Path,
    seed: u64,
    stream: Stream,
    objects: u64,
    events: u64,
    plain: bool,
) -> io::Result<(Vec<String>, Written)> {
    corpus::tree(folder, seed, (objects, events), plain, &|rng, Origin { account, region, begin }| {
        let key = key(rng, stream, account, region, begin + 300);
        (key, Box::new(Generator::at(rng.bits(), stream, Some(account), region, begin)))
    })
}

/// The key under which CloudTrail delivers for an organisation's trail.
#[must_use]
pub fn key(rng: &mut Rng, stream: Stream, account: &str, region: &str, time: u64) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let name = match stream {
        Stream::Events => "CloudTrail",
        Stream::Insights => "CloudTrail-Insight",
    };
    let clock::Civil { year, month, day, hour, minute, .. } = clock::civil(time);
    let unique: String = (0..16).map(|_| char::from(rng.pick(LETTERS))).collect();
    format!(
        "AWSLogs/o-exampleorg1/{account}/{name}/{region}/{year:04}/{month:02}/{day:02}/\
         {account}_{name}_{region}_{year:04}{month:02}{day:02}T{hour:02}{minute:02}Z_{unique}.json.gz"
    )
}
