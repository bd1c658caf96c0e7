//! Streams inside streams: what one layer decodes to is what the next one reads.
//!
//! CloudWatch Logs hands Amazon Data Firehose members of gzip, and a stream told to compress packs them again: gzip
//! inside gzip (<https://docs.aws.amazon.com/firehose/latest/dev/writing-with-cloudwatch-logs.html>).

use std::io::{self, Read};

use super::{
    Encoding,
    ahead::Ahead,
    members::{Bzip2, Gzip, Members},
    watched::{Watch, Watched},
    zipped::Zipped,
    zstd::Zstd,
};

/// Where the bytes of a layer come from.
pub(super) enum Source<R: Read> {
    /// The stored object.
    Object(R),
    /// The layer around this one.
    Layer(Box<Stream<R>>),
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Object(stored) => stored.read(room),
            Self::Layer(stream) => stream.read(room),
        }
    }
}

/// The bytes of a layer as its decoder reads them; the first of them were looked at before.
type Stored<R> = Ahead<io::Chain<io::Cursor<Vec<u8>>, Watched<Source<R>>>>;

/// The stream of one encoding.
pub(super) enum Stream<R: Read> {
    Plain(Stored<R>),
    Gzip(Box<Members<Stored<R>, Gzip>>),
    Zip(Box<Zipped<Stored<R>>>),
    Bzip2(Box<Members<Stored<R>, Bzip2>>),
    Zstd(Box<Zstd<Stored<R>>>),
}

impl<R: Read> Read for Stream<R> {
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

/// A layer that was found.
pub(super) struct Layer {
    pub(super) encoding: Encoding,
    /// Of the bytes it reads.
    pub(super) watch: Watch,
}

impl<R: Read> Stream<R> {
    /// `first` was read of `rest` to tell the encoding.
    pub(super) fn of(encoding: Encoding, first: Vec<u8>, rest: Watched<Source<R>>) -> Self {
        let stored = Ahead::new(io::Cursor::new(first).chain(rest));
        match encoding {
            Encoding::Plain => Self::Plain(stored),
            Encoding::Gzip => Self::Gzip(Box::new(Members::new(stored))),
            Encoding::Zip => Self::Zip(Box::new(Zipped::new(stored))),
            Encoding::Bzip2 => Self::Bzip2(Box::new(Members::new(stored))),
            Encoding::Zstd => Self::Zstd(Box::new(Zstd::new(stored))),
        }
    }

    /// The stream of `encoding` inside this one; `first` is what was read of this one.
    pub(super) fn inside(self, encoding: Encoding, first: Vec<u8>) -> (Layer, Self) {
        let (rest, watch) = Watched::new(Source::Layer(Box::new(self)));
        watch.add(first.len() as u64);
        (Layer { encoding, watch }, Self::of(encoding, first, rest))
    }
}

/// How many bytes [`Encoding::of`] looks at.
const MAGIC: u64 = 4;

/// The first bytes, and what ended them. A network gives as many bytes as it likes at a time, also one.
pub(super) fn look(from: &mut impl Read) -> (Vec<u8>, Option<io::Error>) {
    let mut first = Vec::new();
    let error = from.take(MAGIC).read_to_end(&mut first).err();
    (first, error)
}
