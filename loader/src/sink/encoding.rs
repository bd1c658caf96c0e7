//! How bulk bodies are packed.

use std::{
    fmt,
    io::{self, Read, Write},
};

use flate2::{Compress, Compression, FlushCompress, Status, read::MultiGzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};

/// How the bytes of a bulk body are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Encoding {
    /// NDJSON as it is.
    #[default]
    Identity,
    /// NDJSON in gzip; several members one after the other are fine.
    Gzip,
    /// NDJSON in zstd; several frames one after the other are fine. OpenSearch takes it from 2.19 on at the latest;
    /// [`super::Cluster::takes`] asks.
    Zstd,
}

/// Level of zstd: half the bytes of gzip at its fastest, for less of a processor (`benches/RESULTS.md`).
const ZSTD_LEVEL: i32 = 1;

/// Gzip's window: as large as there is.
const WINDOW_BITS: u8 = 15;

/// Memory that is added for a member of gzip at least.
const SMALL_MEMBER: usize = 256;

impl Encoding {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.header().unwrap_or("none")
    }

    /// The value of the header `content-encoding`.
    pub(super) fn header(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }

    /// What packs chunks, at the level that costs least; none where they go as they are.
    ///
    /// # Errors
    /// There is no memory for it.
    pub(crate) fn packer(self) -> io::Result<Option<ChunkPacker>> {
        Ok(match self {
            Self::Identity => None,
            Self::Gzip => Some(ChunkPacker::Gzip(Compress::new_gzip(Compression::fast(), WINDOW_BITS))),
            Self::Zstd => Some(ChunkPacker::Zstd(zstd::bulk::Compressor::new(ZSTD_LEVEL)?)),
        })
    }

    /// Bytes as one member or frame, or as they are. For few of them: each time with an encoder of its own.
    ///
    /// # Errors
    /// As [`Self::packer`].
    pub(crate) fn pack(self, plain: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        match self.packer()? {
            Some(mut packer) => packer.pack(plain, &mut out)?,
            None => out.extend_from_slice(plain),
        }
        Ok(out)
    }

    /// Reads packed bytes, all members or frames of them.
    pub(super) fn unpack(self, packed: &[u8]) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Identity => Box::new(packed),
            Self::Gzip => Box::new(MultiGzDecoder::new(packed)),
            Self::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(packed)?),
        })
    }

    /// Takes plain bytes piece by piece; [`Packing::finish`] gives them packed.
    pub(super) fn packing(self) -> io::Result<Packing> {
        Ok(match self {
            Self::Identity => Packing::Identity(Vec::new()),
            Self::Gzip => Packing::Gzip(GzEncoder::new(Vec::new(), Compression::fast())),
            Self::Zstd => Packing::Zstd(zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?),
        })
    }
}

/// Packs one chunk after the other with the same memory: an encoder has some 300 KB, which were cleared each time, and
/// of which allocators keep several times as much as is in use.
pub(crate) enum ChunkPacker {
    Gzip(Compress),
    Zstd(zstd::bulk::Compressor<'static>),
}

impl fmt::Debug for ChunkPacker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkPacker").finish_non_exhaustive()
    }
}

impl ChunkPacker {
    /// Puts bytes into `out`, which is empty, as one member or frame.
    ///
    /// # Errors
    /// There is no memory for it.
    pub(crate) fn pack(&mut self, plain: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Gzip(encoder) => {
                encoder.reset();
                loop {
                    out.reserve(plain.len() / 8 + SMALL_MEMBER);
                    let done = usize::try_from(encoder.total_in()).unwrap_or(usize::MAX);
                    let rest = plain.get(done..).unwrap_or_default();
                    if encoder.compress_vec(rest, out, FlushCompress::Finish)? == Status::StreamEnd {
                        return Ok(());
                    }
                }
            }
            Self::Zstd(encoder) => {
                out.reserve(zstd::zstd_safe::compress_bound(plain.len()));
                encoder.compress_to_buffer(plain, out).map(drop)
            }
        }
    }
}

/// Bytes being packed, see [`Encoding::packing`].
pub(super) enum Packing {
    Identity(Vec<u8>),
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Packing {
    /// Where plain bytes are written to.
    pub(super) fn input(&mut self) -> &mut dyn Write {
        match self {
            Self::Identity(out) => out,
            Self::Gzip(out) => out,
            Self::Zstd(out) => out,
        }
    }

    /// The packed bytes.
    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Identity(out) => Ok(out),
            Self::Gzip(out) => out.finish(),
            Self::Zstd(out) => out.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::Encoding;

    #[test]
    fn chunks_that_one_packer_packed_unpack_together_whatever_room_there_was() {
        // Bytes that do not get smaller, and such that do.
        let mut state = 1_u32;
        let hard = (0..300_000).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        let chunks: [Vec<u8>; 4] = [hard.collect(), b"{}\n".to_vec(), vec![b' '; 500_000], Vec::new()];
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            let mut packer = encoding.packer().unwrap().unwrap();
            let mut body = Vec::new();
            for room in [0, 1_000_000] {
                for chunk in &chunks {
                    let mut packed = Vec::with_capacity(room);
                    packer.pack(chunk, &mut packed).unwrap();
                    body.extend_from_slice(&packed);
                }
            }
            let mut plain = Vec::new();
            encoding.unpack(&body).unwrap().read_to_end(&mut plain).unwrap();
            assert!(plain == [chunks.concat(), chunks.concat()].concat(), "{encoding:?}");
        }
    }
}
