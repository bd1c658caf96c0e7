//! Bytes of an object as they were stored to bytes of the log: gzip, zip, bzip2, zstd or plain, by the first bytes
//! and never by the name. What was packed twice is unpacked twice.

mod ahead;
mod layers;
mod members;
mod watched;
mod zipped;
mod zstd;

use std::io::{self, Read};

use self::{
    layers::{Layer, Source, Stream, look},
    watched::Watched,
};

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
    /// RFC 8878, any number of frames; also of those that are to be skipped.
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
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
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
    /// The same of a stream inside another one.
    #[error(
        "the {encoding} stream inside the {outer} stream (layer {layer} of the object) {what} at byte {byte} of that layer"
    )]
    Inner {
        /// 2 for what the stored stream decodes to.
        layer: usize,
        /// Name of the encoding.
        encoding: &'static str,
        /// Name of the encoding of the layer around it.
        outer: &'static str,
        /// Byte of what the layer around it decodes to.
        byte: u64,
        /// What is wrong.
        what: String,
    },
    /// Packed again and again.
    #[error(
        "the object is packed too often: {layers}; {MAX_LAYERS} layers are unpacked, and one zip among them"
    )]
    Layers {
        /// Names of the encodings, the innermost first.
        layers: String,
    },
}

/// Room that is made first for what is asked for; it doubles. Most objects are a few KB: clearing all the room cost more
/// than decoding them.
const FIRST_STEP: usize = 16 << 10;

/// Layers that are unpacked. AWS makes two; each takes memory of its own.
const MAX_LAYERS: usize = 3;

/// An object being decoded.
pub struct Decoder<R: Read> {
    /// Of the innermost layer.
    stream: Stream<R>,
    /// The outermost first; never empty.
    layers: Vec<Layer>,
    /// What was read of the stream to look for one more layer.
    ahead: io::Cursor<Vec<u8>>,
    /// Told with the next call.
    failed: Option<DecodeError>,
    /// The stream ended or failed: it is not asked again.
    ended: bool,
}

impl<R: Read> Decoder<R> {
    /// Looks at the first bytes of an object, and at those of what they decode to.
    ///
    /// # Errors
    /// Where the object cannot be read. What is wrong with its layers is told by [`Self::read`].
    pub fn new(stored: R) -> Result<Self, DecodeError> {
        let (mut watched, watch) = Watched::new(Source::Object(stored));
        let first = match look(&mut watched) {
            (first, None) => first,
            (_, Some(error)) => {
                let source = watch.take_error().unwrap_or(error);
                return Err(DecodeError::Fetch { stored: watch.count(), source });
            }
        };
        let encoding = Encoding::of(&first);
        let stream = Stream::of(encoding, first, watched);
        let layers = vec![Layer { encoding, watch }];
        Ok(Self { stream, layers, ahead: io::Cursor::default(), failed: None, ended: false }.unpacked())
    }

    /// Adds the layers inside the first.
    fn unpacked(mut self) -> Self {
        while self.innermost() != Encoding::Plain {
            let (first, error) = look(&mut self.stream);
            let found = Encoding::of(&first);
            let failed = match error {
                Some(error) => Some(self.explain(error)),
                None => self.too_deep(found),
            };
            if failed.is_some() {
                (self.failed, self.ended) = (failed, true);
            }
            if found == Encoding::Plain {
                self.ahead = io::Cursor::new(first);
                break;
            }
            if self.ended {
                break;
            }
            let (layer, stream) = self.stream.inside(found, first);
            self.layers.push(layer);
            self.stream = stream;
        }
        self
    }

    fn innermost(&self) -> Encoding {
        self.layers.last().map_or(Encoding::Plain, |layer| layer.encoding)
    }

    /// An entry of a zip archive is held as a whole: one at a time.
    fn too_deep(&self, found: Encoding) -> Option<DecodeError> {
        let zips = found == Encoding::Zip && self.encodings().any(|encoding| encoding == found);
        let deep = found != Encoding::Plain && (self.layers.len() >= MAX_LAYERS || zips);
        deep.then(|| {
            let mut names: Vec<_> = self.encodings().chain([found]).map(Encoding::name).collect();
            names.reverse();
            DecodeError::Layers { layers: names.join(" inside ") }
        })
    }

    /// How the object is stored.
    pub fn encoding(&self) -> Encoding {
        self.layers.first().map_or(Encoding::Plain, |layer| layer.encoding)
    }

    /// The layers, the stored one first: one, and more if the object was packed more than once.
    pub fn encodings(&self) -> impl Iterator<Item = Encoding> {
        self.layers.iter().map(|layer| layer.encoding)
    }

    /// Bytes of the stored object that were read so far.
    pub fn stored(&self) -> u64 {
        self.layers.first().map_or(0, |layer| layer.watch.count())
    }

    /// Appends up to `most` decoded bytes to `out`; 0 at the end of the object.
    ///
    /// # Errors
    /// Where the bytes end early. What was appended before stays right; nothing more will come.
    pub fn read(&mut self, out: &mut Vec<u8>, most: usize) -> Result<usize, DecodeError> {
        let before = out.len();
        let mut step = FIRST_STEP.min(most);
        out.resize(before + step, 0);
        let ahead = out.get_mut(before..).map_or(Ok(0), |room| self.ahead.read(room));
        let mut filled = before + ahead.unwrap_or(0);
        while !self.ended {
            if filled == out.len() && filled < before + most {
                step = (2 * step).min(before + most - filled);
                out.resize(filled + step, 0);
            }
            let Some(room) = out.get_mut(filled..).filter(|room| !room.is_empty()) else { break };
            match self.stream.read(room) {
                Ok(0) => self.ended = true,
                Ok(count) => filled += count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    // What came before the error is handed on first.
                    self.ended = true;
                    self.failed = Some(self.explain(e));
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

    /// An error of a layer goes through those inside it, who cannot tell it from an end; the watch between them kept
    /// it. So the outermost error is the cause.
    fn explain(&self, error: io::Error) -> DecodeError {
        let mut own = self.layers.iter().enumerate().filter_map(|(at, layer)| {
            let error = layer.watch.take_error()?;
            Some((at, error))
        });
        match own.next() {
            Some((0, source)) => DecodeError::Fetch { stored: self.stored(), source },
            Some((at, error)) => self.fault(at - 1, error),
            None => self.fault(self.layers.len().saturating_sub(1), error),
        }
    }

    /// What is wrong with the layer at that place.
    fn fault(&self, at: usize, error: io::Error) -> DecodeError {
        let name = |at| self.layers.get(at).map_or("", |layer: &Layer| layer.encoding.name());
        let encoding = name(at);
        let read = self.layers.get(at).map_or(0, |layer| layer.watch.count());
        let cause = error.get_ref();
        let trailing = cause.and_then(|e| e.downcast_ref::<members::Trailing>());
        let unread = trailing.map(|e| e.unread).or_else(|| {
            let corrupt = cause?.downcast_ref::<members::Corrupt>()?;
            Some(corrupt.unread)
        });
        let byte = read.saturating_sub(unread.unwrap_or(0));
        let cut_off = error.kind() == io::ErrorKind::UnexpectedEof;
        if at > 0 {
            let what = match error {
                _ if trailing.is_some() => format!("is followed by bytes that are no {encoding},"),
                _ if cut_off => "is cut off".to_owned(),
                error => format!("is corrupt: {error},"),
            };
            return DecodeError::Inner { layer: at + 1, encoding, outer: name(at - 1), byte, what };
        }
        match error {
            _ if trailing.is_some() => DecodeError::TrailingBytes { encoding, stored: byte },
            _ if cut_off => DecodeError::CutOff { encoding, stored: byte },
            error => DecodeError::Corrupt { encoding, stored: byte, what: error.to_string() },
        }
    }
}

impl<R: Read> std::fmt::Debug for Decoder<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let encodings: Vec<_> = self.encodings().collect();
        f.debug_struct("Decoder").field("encodings", &encodings).finish_non_exhaustive()
    }
}
