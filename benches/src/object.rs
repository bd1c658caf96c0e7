//! Streams records into S3 objects: `{"Records":[…]}`, packed or plain, under the keys CloudTrail uses.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};

use crate::{
    actions::Catalogue,
    clock,
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

/// Regions of the objects written under real keys.
const REGIONS: &[&str] = &["eu-central-1", "us-east-1", "ap-northeast-1"];

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
        const OPEN: &[u8] = br#"{"Records":["#;
        const CLOSE: &[u8] = b"]}";
        let mut buffer = Vec::with_capacity(1 << 17);
        buffer.extend_from_slice(OPEN);
        let (mut records, mut flushed) = (0, 0);
        loop {
            let done = match size {
                Size::Records(wanted) => records >= wanted,
                Size::Bytes(wanted) => flushed + buffer.len() as u64 + CLOSE.len() as u64 >= wanted,
            };
            if done {
                break;
            }
            if records > 0 {
                buffer.push(b',');
            }
            self.record(&mut buffer);
            records += 1;
            if buffer.len() > 1 << 16 {
                flushed += buffer.len() as u64;
                to.write_all(&buffer)?;
                buffer.clear();
            }
        }
        buffer.extend_from_slice(CLOSE);
        to.write_all(&buffer)?;
        Ok(Written { records, decoded: flushed + buffer.len() as u64 })
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
        let mut packer = GzEncoder::new(to, Compression::new(6));
        let written = self.object(&mut packer, size)?;
        packer.finish()?.flush()?;
        Ok(written)
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
    let (mut keys, mut sum) = (Vec::new(), Written::default());
    for number in 0..objects {
        let mut rng = Rng::new(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        let account = ACCOUNTS.get(number as usize % ACCOUNTS.len()).copied().unwrap_or_default();
        let round = number / ACCOUNTS.len() as u64;
        let region = REGIONS.get(round as usize % REGIONS.len()).copied().unwrap_or_default();
        let begin = clock::START + round / REGIONS.len() as u64 * 300;
        let key = key(&mut rng, stream, account, region, begin + 300);
        let path: PathBuf = folder.join(&key);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let file = std::fs::File::create(&path)?;
        let mut generator = Generator::at(rng.bits(), stream, Some(account), region, begin);
        let written = generator.file(file, Size::Records(events), plain)?;
        sum.records += written.records;
        sum.decoded += written.decoded;
        keys.push(key);
    }
    Ok((keys, sum))
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
