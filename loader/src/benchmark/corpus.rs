//! Objects to measure with, from the project's generator.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use siem_benches::{
    clock,
    corpus::{self, Origin, Source},
    findings, flow_log,
    object::{self, Generator, Size, Stream},
    rng::Rng,
    world::ACCOUNTS,
};

use super::{Log, report::Corpus};

/// Decoded bytes of an object of a corpus: so few that a run with a cluster can be made of as many as fit its time.
const OBJECT: u64 = 500_000;

/// Decoded bytes of the block that a large object repeats.
const BLOCK: usize = 8_000_000;

/// Level of gzip: what AWS delivers is packed about so well.
const LEVEL: u32 = 6;

/// Where and of what a log's objects are.
fn made(log: Log, seed: u64, number: u64) -> (String, Box<dyn Source>) {
    let mut rng = Rng::new(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
    let account = ACCOUNTS.first().copied().unwrap_or_default();
    let (region, begin) = ("eu-central-1", clock::START + number * 300);
    let origin = Origin { account, region, begin };
    match log {
        Log::Cloudtrail => {
            let key = object::key(&mut rng, Stream::Events, account, region, begin + 300);
            (key, Box::new(Generator::at(rng.bits(), Stream::Events, Some(account), region, begin)))
        }
        Log::Vpcflowlogs => {
            let rows = flow_log::Rows::new(rng.bits(), 2, origin);
            (flow_log::key(&mut rng, origin), Box::new(rows))
        }
        Log::Guardduty | Log::Securityhub => {
            let source = match log {
                Log::Guardduty => findings::Source::GuardDuty,
                _ => findings::Source::SecurityHub,
            };
            let key = findings::key(&mut rng, source, account, region, begin + 300);
            (key, Box::new(findings::Generator::at(rng.bits(), source, Some(account), region, begin)))
        }
    }
}

fn create(path: &Path) -> io::Result<BufWriter<File>> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(BufWriter::new(File::create(path)?))
}

/// Writes objects of a log below `folder` under keys as AWS gives them, `decoded` bytes in all or a little more.
pub(super) fn write(log: Log, folder: &Path, seed: u64, decoded: u64) -> io::Result<Corpus> {
    let objects = decoded.div_ceil(OBJECT).max(1);
    let each = decoded.div_ceil(objects);
    let mut corpus = Corpus {
        log: log.name().to_owned(),
        made: true,
        objects,
        records: 0,
        decoded_bytes: 0,
        stored_bytes: 0,
    };
    // One source for all: the same callers, with the same user agents, come again from object to object.
    let (_, mut source) = made(log, seed, 0);
    for number in 0..objects {
        let (key, _) = made(log, seed, number);
        let path = folder.join(key);
        let written = corpus::file(source.as_mut(), create(&path)?, Size::Bytes(each), false)?;
        corpus.records += written.records;
        corpus.decoded_bytes += written.decoded;
        corpus.stored_bytes += fs::metadata(&path)?.len();
    }
    Ok(corpus)
}

/// Writes one CloudTrail object of at least `decoded` bytes, not much more. A large one repeats a block of records: its
/// ids come again, so it is not for a cluster.
pub(super) fn write_object(folder: &Path, seed: u64, decoded: u64) -> io::Result<PathBuf> {
    let (key, mut source) = made(Log::Cloudtrail, seed, decoded);
    let path = folder.join(format!("{decoded}")).join(key);
    let mut file = create(&path)?;
    if decoded <= 2 * BLOCK as u64 {
        corpus::file(source.as_mut(), file, Size::Bytes(decoded), false)?;
        return Ok(path);
    }
    let blocks = decoded.div_ceil(BLOCK as u64);
    let each = usize::try_from(decoded / blocks).unwrap_or(BLOCK);
    let mut block = Vec::with_capacity(BLOCK + (64 << 10));
    while block.len() < each {
        source.record(&mut block);
        block.extend_from_slice(source.between());
    }
    let (mut open, mut last) = (Vec::new(), Vec::new());
    source.open(&mut open);
    source.record(&mut last);
    last.extend_from_slice(source.close());
    // Members of gzip one behind the other are one stream.
    let packed = pack(&block)?;
    file.write_all(&pack(&open)?)?;
    for _ in 0..blocks {
        file.write_all(&packed)?;
    }
    file.write_all(&pack(&last)?)?;
    file.flush()?;
    Ok(path)
}

fn pack(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::new(LEVEL));
    packer.write_all(plain)?;
    packer.finish()
}

/// Different small objects; the others are the same files under other names.
const DIFFERENT: u64 = 50;

/// Decoded bytes at which a small object ends with its record: 2 KB on average.
const SMALL: u64 = 1_500;

/// Writes `count` CloudTrail objects of 2 KB, one an account, region and five minutes as a quiet account has them.
pub(super) fn write_small(folder: &Path, seed: u64, count: u64) -> io::Result<()> {
    let mut there = Vec::new();
    for number in 0..count {
        let mut rng = Rng::new(seed ^ (number << 20));
        let account = ACCOUNTS.get(number as usize % ACCOUNTS.len()).copied().unwrap_or_default();
        let time = clock::START + number / 1000 * 300;
        let path = folder.join(object::key(&mut rng, Stream::Events, account, "eu-central-1", time));
        let earlier = there.get((number % DIFFERENT) as usize).filter(|_| number >= DIFFERENT);
        let Some(earlier): Option<&PathBuf> = earlier else {
            let (_, mut source) = made(Log::Cloudtrail, seed, number);
            corpus::file(source.as_mut(), create(&path)?, Size::Bytes(SMALL), false)?;
            there.push(path);
            continue;
        };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        // File systems allow so many links of a file, or none.
        if fs::hard_link(earlier, &path).is_err() {
            fs::copy(earlier, &path)?;
        }
    }
    Ok(())
}
