//! Bytes of an object as they were stored to bytes of the log: gzip, zip, bzip2, zstd or plain, by the first bytes
//! and never by the name.

mod gzip;
mod watched;
mod zipped;

use std::io::{self, BufReader, Read};

use self::{gzip::Gzip, watched::Watched, zipped::Zipped};

/// How an object is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not compressed.
    Plain,
    /// RFC 1952, any number of members.
    Gzip,
    /// PKZIP, any number of entries.
    Zip,
    /// bzip2, any number of streams.
    Bzip2,
    /// RFC 8878, any number of frames.
    Zstd,
}

impl Encoding {
    /// By the first bytes of an object.
    #[must_use]
    pub fn of(first: &[u8]) -> Self {
        match first {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [b'P', b'K', 3, 4, ..] => Self::Zip,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }

    /// Name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zip => "zip",
            Self::Bzip2 => "bzip2",
            Self::Zstd => "zstd",
        }
    }
}

/// Why the bytes of an object end early.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes could not be fetched; decoding is not at fault.
    #[error("reading failed at byte {stored} of the stored object: {source}")]
    Fetch {
        /// Byte of the stored object.
        stored: u64,
        /// What the reader said.
        source: io::Error,
    },
    /// The stored bytes end before the stream does.
    #[error("the {encoding} stream is cut off at byte {stored} of the stored object")]
    CutOff {
        /// Name of the encoding.
        encoding: &'static str,
        /// Byte of the stored object.
        stored: u64,
    },
    /// A checksum or a code is wrong.
    #[error("the {encoding} stream is corrupt near byte {stored} of the stored object: {what}")]
    Corrupt {
        /// Name of the encoding.
        encoding: &'static str,
        /// Byte of the stored object.
        stored: u64,
        /// In words of the decoder.
        what: String,
    },
    /// Bytes behind the stream that are no further stream.
    #[error(
        "bytes follow the {encoding} stream at byte {stored} of the stored object, and they are no {encoding}"
    )]
    TrailingBytes {
        /// Name of the encoding.
        encoding: &'static str,
        /// Byte of the stored object.
        stored: u64,
    },
}

/// Bytes asked for at a time.
const READ: usize = 1 << 20;

/// How many bytes [`Encoding::of`] looks at.
const MAGIC: usize = 4;

/// The stored bytes, as the decoders below read them.
type Stored<R> = BufReader<io::Chain<io::Cursor<Vec<u8>>, Watched<R>>>;

/// The stream of one encoding.
enum Stream<R: Read> {
    Plain(Stored<R>),
    Gzip(Box<Gzip<Stored<R>>>),
    Zip(Box<Zipped<Stored<R>>>),
    Bzip2(Box<bzip2::bufread::MultiBzDecoder<Stored<R>>>),
    Zstd(Box<zipped::Zstd<Stored<R>>>),
}

/// An object being decoded.
pub struct Decoder<R: Read> {
    stream: Stream<R>,
    encoding: Encoding,
    watch: watched::Watch,
    /// Told with the next call.
    failed: Option<DecodeError>,
    /// The stream ended or failed: it is not asked again.
    ended: bool,
}

impl<R: Read> Decoder<R> {
    /// Looks at the first bytes of an object.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn new(stored: R) -> Result<Self, DecodeError> {
        let (mut watched, watch) = Watched::new(stored);
        // A network gives as many bytes as it likes at a time, also one.
        let mut first = Vec::with_capacity(MAGIC);
        if let Err(source) = watched.by_ref().take(MAGIC as u64).read_to_end(&mut first) {
            let source = watch.take_error().unwrap_or(source);
            return Err(DecodeError::Fetch { stored: watch.count(), source });
        }
        let encoding = Encoding::of(&first);
        let stored = BufReader::with_capacity(READ, io::Cursor::new(first).chain(watched));
        let stream = match encoding {
            Encoding::Plain => Stream::Plain(stored),
            Encoding::Gzip => Stream::Gzip(Box::new(Gzip::new(stored))),
            Encoding::Zip => Stream::Zip(Box::new(Zipped::new(stored))),
            Encoding::Bzip2 => Stream::Bzip2(Box::new(bzip2::bufread::MultiBzDecoder::new(stored))),
            Encoding::Zstd => Stream::Zstd(Box::new(zipped::Zstd::new(stored))),
        };
        Ok(Self { stream, encoding, watch, failed: None, ended: false })
    }

    /// How the object is stored.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Bytes of the stored object that were read so far.
    pub fn stored(&self) -> u64 {
        self.watch.count()
    }

    /// Appends up to `most` decoded bytes to `out`; 0 at the end of the object.
    ///
    /// # Errors
    /// Where the bytes end early. What was appended before stays right; nothing more will come.
    pub fn read(&mut self, out: &mut Vec<u8>, most: usize) -> Result<usize, DecodeError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if self.ended {
            return Ok(0);
        }
        let before = out.len();
        out.resize(before + most, 0);
        let mut filled = before;
        while let Some(room) = out.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.stream.read(room) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(count) => filled += count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    // What came before the error is handed on first.
                    self.ended = true;
                    self.failed = Some(self.explain(e));
                    break;
                }
            }
        }
        out.truncate(filled);
        match self.failed.take() {
            Some(error) if filled == before => Err(error),
            failed => {
                self.failed = failed;
                Ok(filled - before)
            }
        }
    }

    fn explain(&self, error: io::Error) -> DecodeError {
        let (encoding, stored) = (self.encoding.name(), self.stored());
        if let Some(source) = self.watch.take_error() {
            return DecodeError::Fetch { stored, source };
        }
        if let Some(trailing) = error.get_ref().and_then(|e| e.downcast_ref::<gzip::Trailing>()) {
            return DecodeError::TrailingBytes { encoding, stored: stored.saturating_sub(trailing.unread) };
        }
        if let Some(corrupt) = error.get_ref().and_then(|e| e.downcast_ref::<gzip::Corrupt>()) {
            let stored = stored.saturating_sub(corrupt.unread);
            return DecodeError::Corrupt { encoding, stored, what: corrupt.to_string() };
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => DecodeError::CutOff { encoding, stored },
            _ => DecodeError::Corrupt { encoding, stored, what: error.to_string() },
        }
    }
}

impl<R: Read> Stream<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(room),
            Self::Gzip(stream) => stream.read(room),
            Self::Zip(stream) => stream.read(room),
            Self::Bzip2(stream) => stream.read(room),
            Self::Zstd(stream) => stream.read(room),
        }
    }
}

impl<R: Read> std::fmt::Debug for Decoder<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("encoding", &self.encoding).finish_non_exhaustive()
    }
}
