//! How bulk bodies are packed.

use std::{
    fmt,
    io::{self, Read, Write},
};

use flate2::{Compress, Compression, FlushCompress, Status, read::MultiGzDecoder, write::GzEncoder};

/// How the bytes of a bulk body are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// NDJSON as it is.
    #[default]
    Identity,
    /// NDJSON in gzip; several members one after the other are fine.
    Gzip,
    /// NDJSON in zstd; several frames one after the other are fine. OpenSearch takes it from 2.19 on at the latest.
    Zstd,
}

/// Level of zstd: half the bytes of gzip at its fastest, for less of a processor (`benches/RESULTS.md`).
const ZSTD_LEVEL: i32 = 1;

impl Encoding {
    /// The value of the header `content-encoding`.
    pub(super) fn header(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
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

/// Packs bodies one after the other: the encoder, some 300 KB that are cleared when it is made, is kept. One a thread.
#[derive(Default)]
pub(crate) struct BodyEncoder {
    gzip: Option<Compress>,
    zstd: Option<zstd::bulk::Compressor<'static>>,
}

/// Bits of the window of gzip.
const WINDOW: u8 = 15;

/// Of bodies some become a fifth, most less.
const USUAL_RATIO: usize = 5;

impl BodyEncoder {
    /// Bytes as one member or frame, at the level that costs least; none where they go as they are.
    pub(crate) fn pack(&mut self, encoding: Encoding, plain: &[u8]) -> Option<Vec<u8>> {
        match encoding {
            Encoding::Identity => None,
            Encoding::Gzip => Some(self.gzip(plain)),
            // It fails only where there is no memory.
            Encoding::Zstd => Some(self.zstd(plain).unwrap_or_default()),
        }
    }

    fn gzip(&mut self, plain: &[u8]) -> Vec<u8> {
        let encoder = self.gzip.get_or_insert_with(|| Compress::new_gzip(Compression::fast(), WINDOW));
        encoder.reset();
        let mut out = Vec::with_capacity(plain.len() / USUAL_RATIO + 1024);
        loop {
            let rest = usize::try_from(encoder.total_in()).ok().and_then(|done| plain.get(done..));
            match encoder.compress_vec(rest.unwrap_or_default(), &mut out, FlushCompress::Finish) {
                Ok(Status::StreamEnd) => return out,
                // There was no more room.
                Ok(Status::Ok | Status::BufError) => out.reserve(out.capacity()),
                // It is asked for nothing that it could refuse: a body without its end is refused by who reads it.
                Err(_) => return out,
            }
        }
    }

    fn zstd(&mut self, plain: &[u8]) -> io::Result<Vec<u8>> {
        let encoder = match &mut self.zstd {
            Some(encoder) => encoder,
            none => none.insert(zstd::bulk::Compressor::new(ZSTD_LEVEL)?),
        };
        encoder.compress(plain)
    }
}

impl fmt::Debug for BodyEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyEncoder").finish_non_exhaustive()
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
