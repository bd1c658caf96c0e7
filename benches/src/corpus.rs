//! Streams the records of any source into objects of a wanted size, packed or plain, under real keys. The source
//! says what stands around and between its records.

use std::{
    io::{self, Write},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};

use crate::{
    clock,
    object::{Size, Written},
    rng::Rng,
    world::ACCOUNTS,
};

/// Regions of the objects written under real keys.
const REGIONS: &[&str] = &["eu-central-1", "us-east-1", "ap-northeast-1"];

/// Records of one log type, one after the other, and what stands around them in an object.
pub trait Source {
    /// Writes what an object begins with: a header, the opening of an array, or nothing.
    fn open(&mut self, out: &mut Vec<u8>);
    /// Writes the next record, without what separates it from its neighbours.
    fn record(&mut self, out: &mut Vec<u8>);
    /// What stands between two records.
    fn between(&self) -> &'static [u8] {
        b"\n"
    }
    /// What an object ends with.
    fn close(&self) -> &'static [u8] {
        b"\n"
    }
}

/// Writes one whole object. An object without records has what it begins and ends with.
///
/// # Errors
/// Those of the writer.
pub fn object(source: &mut dyn Source, to: &mut impl Write, size: Size) -> io::Result<Written> {
    let mut buffer = Vec::with_capacity(1 << 17);
    source.open(&mut buffer);
    let (mut records, mut flushed) = (0, 0);
    loop {
        let end = flushed + (buffer.len() + source.close().len()) as u64;
        let done = match size {
            Size::Records(wanted) => records >= wanted,
            Size::Bytes(wanted) => end >= wanted,
        };
        if done {
            break;
        }
        if records > 0 {
            buffer.extend_from_slice(source.between());
        }
        source.record(&mut buffer);
        records += 1;
        if buffer.len() > 1 << 16 {
            flushed += buffer.len() as u64;
            to.write_all(&buffer)?;
            buffer.clear();
        }
    }
    buffer.extend_from_slice(source.close());
    to.write_all(&buffer)?;
    Ok(Written { records, decoded: flushed + buffer.len() as u64 })
}

/// Writes one object as a file's content, packed or plain.
///
/// # Errors
/// Those of the writer.
pub fn file(source: &mut dyn Source, mut to: impl Write, size: Size, plain: bool) -> io::Result<Written> {
    if plain {
        let written = object(source, &mut to, size)?;
        to.flush()?;
        return Ok(written);
    }
    let mut packer = GzEncoder::new(to, Compression::new(6));
    let written = object(source, &mut packer, size)?;
    packer.finish()?.flush()?;
    Ok(written)
}

/// Whose records an object holds, and from when.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The account.
    pub account: &'static str,
    /// The region.
    pub region: &'static str,
    /// Instant of the first record, seconds since 1970.
    pub begin: u64,
}

/// An object's key and its source.
pub type Made = (String, Box<dyn Source>);

/// A whole corpus in one object: the first account, the first region, from the start of time.
#[must_use]
pub fn single() -> Origin {
    Origin {
        account: ACCOUNTS.first().copied().unwrap_or_default(),
        region: REGIONS.first().copied().unwrap_or_default(),
        begin: clock::START,
    }
}

/// Writes `objects` objects of `events` records below `folder`, several accounts and regions. `make` gives
/// the key of an object and its source.
///
/// # Errors
/// Those of the file system.
pub fn tree(
    folder: &Path,
    seed: u64,
    (objects, events): (u64, u64),
    plain: bool,
    make: &dyn Fn(&mut Rng, Origin) -> Made,
) -> io::Result<(Vec<String>, Written)> {
    let (mut keys, mut sum) = (Vec::new(), Written::default());
    for number in 0..objects {
        let mut rng = Rng::new(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        let round = number / ACCOUNTS.len() as u64;
        let origin = Origin {
            account: ACCOUNTS.get(number as usize % ACCOUNTS.len()).copied().unwrap_or_default(),
            region: REGIONS.get(round as usize % REGIONS.len()).copied().unwrap_or_default(),
            begin: clock::START + round / REGIONS.len() as u64 * 300,
        };
        let (key, mut source) = make(&mut rng, origin);
        let path = folder.join(&key);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let written = file(source.as_mut(), std::fs::File::create(&path)?, Size::Records(events), plain)?;
        sum.records += written.records;
        sum.decoded += written.decoded;
        keys.push(key);
    }
    Ok((keys, sum))
}

/// Lower-case hexadecimal digits, as AWS ends the names of its files with.
#[must_use]
pub fn hex(rng: &mut Rng, count: usize) -> String {
    (0..count).map(|_| char::from(rng.pick(b"0123456789abcdef"))).collect()
}
