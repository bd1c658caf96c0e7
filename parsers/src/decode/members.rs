//! Gzip members and bzip2 streams: all of them, one after the other, with their checksums.
//!
//! AWS and its tools write several members one after the other (log deliveries that were joined, parallel
//! compressors). A decoder that stops after the first loses the rest in silence; one that takes any bytes behind
//! the last member for a broken member loses what it has. Zeros behind the last member are padding.

use std::io::{self, BufRead, Read};

/// Bytes behind the last member that are neither a member nor zeros.
#[derive(Debug, thiserror::Error)]
#[error("bytes behind the last member")]
pub(super) struct Trailing {
    /// Bytes in the buffer that were not looked at.
    pub(super) unread: u64,
}

/// A code or a checksum that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(super) struct Corrupt {
    /// In words of the library.
    pub(super) what: String,
    /// Bytes in the buffer that were not looked at.
    pub(super) unread: u64,
}

/// A library that decodes one member.
pub(super) trait Member {
    /// The first bytes of every member.
    const MAGIC: [u8; 2];

    /// At the start of a member.
    fn new() -> Self;

    /// Makes ready for the next member.
    fn restart(&mut self);

    /// Decodes from `input` into `room`.
    fn decode(&mut self, input: &[u8], room: &mut [u8]) -> Step;
}

/// What one call of a library did; also before it failed.
pub(super) struct Step {
    /// Bytes of the input.
    consumed: u64,
    /// Bytes of the room.
    count: u64,
    /// Whether the member ended, or what is wrong in words of the library.
    ended: Result<bool, String>,
}

/// RFC 1952.
pub(super) struct Gzip(flate2::Decompress);

impl Member for Gzip {
    const MAGIC: [u8; 2] = [0x1f, 0x8b];

    fn new() -> Self {
        /// Largest window of RFC 1951 as a power of two.
        const WINDOW_BITS: u8 = 15;
        Self(flate2::Decompress::new_gzip(WINDOW_BITS))
    }

    fn restart(&mut self) {
        self.0.reset(true);
    }

    fn decode(&mut self, input: &[u8], room: &mut [u8]) -> Step {
        let (total_in, total_out) = (self.0.total_in(), self.0.total_out());
        let result = self.0.decompress(input, room, flate2::FlushDecompress::None);
        Step {
            consumed: self.0.total_in() - total_in,
            count: self.0.total_out() - total_out,
            ended: result.map(|status| status == flate2::Status::StreamEnd).map_err(|e| e.to_string()),
        }
    }
}

/// One stream of bzip2.
pub(super) struct Bzip2(bzip2::Decompress);

impl Member for Bzip2 {
    const MAGIC: [u8; 2] = *b"BZ";

    fn new() -> Self {
        Self(bzip2::Decompress::new(false))
    }

    fn restart(&mut self) {
        *self = Self::new();
    }

    fn decode(&mut self, input: &[u8], room: &mut [u8]) -> Step {
        let (total_in, total_out) = (self.0.total_in(), self.0.total_out());
        let result = self.0.decompress(input, room);
        Step {
            consumed: self.0.total_in() - total_in,
            count: self.0.total_out() - total_out,
            ended: match result {
                Ok(bzip2::Status::MemNeeded) => Err("no memory for the block".to_owned()),
                Ok(status) => Ok(status == bzip2::Status::StreamEnd),
                Err(error) => Err(error.to_string()),
            },
        }
    }
}

/// Where the stream is.
enum State {
    Member,
    Between,
    /// Told with the next call: the bytes before it are handed on first.
    Failed(io::Error),
    End,
}

/// A reader of all members. The libraries are driven by hand since their own readers forget what they decoded in
/// the call that meets a wrong code: up to a whole read of good bytes.
pub(super) struct Members<R, M> {
    stored: R,
    library: M,
    state: State,
    /// The last call filled its room: more may come without another stored byte.
    full: bool,
}

impl<R: BufRead, M: Member> Members<R, M> {
    pub(super) fn new(stored: R) -> Self {
        Self { stored, library: M::new(), state: State::Member, full: false }
    }

    /// Decodes into `room` and moves on the state. Gives how many bytes came.
    fn member(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.full {
            self.full = false;
            // What is decoded already must not be lost where no more can be read.
            let step = self.library.decode(&[], room);
            if step.count > 0 || step.ended != Ok(false) {
                return Ok(self.after(step, 0, room.len()));
            }
        }
        let input = self.stored.fill_buf()?;
        if input.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (len, step) = (input.len(), self.library.decode(input, room));
        Ok(self.after(step, len, room.len()))
    }

    fn after(&mut self, step: Step, input: usize, room: usize) -> usize {
        // Neither is more than the length of a slice.
        let (consumed, count) = (step.consumed as usize, step.count as usize);
        self.stored.consume(consumed);
        let unread = input.saturating_sub(consumed) as u64;
        let corrupt = |what| io::Error::new(io::ErrorKind::InvalidData, Corrupt { what, unread });
        self.full = count == room;
        self.state = match step.ended {
            Ok(true) => {
                self.library.restart();
                self.full = false;
                State::Between
            }
            Ok(false) if consumed > 0 || count > 0 => State::Member,
            Ok(false) => State::Failed(corrupt("no progress".to_owned())),
            Err(what) => State::Failed(corrupt(what)),
        };
        count
    }
}

impl<R: BufRead, M: Member> Read for Members<R, M> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if room.is_empty() {
            return Ok(0);
        }
        let [first, second] = M::MAGIC;
        loop {
            match std::mem::replace(&mut self.state, State::End) {
                State::Member => {
                    let count = self.member(room)?;
                    if count > 0 {
                        return Ok(count);
                    }
                }
                State::Between => {
                    let rest = self.stored.fill_buf()?;
                    let (len, zeros) = (rest.len(), rest.iter().take_while(|&&b| b == 0).count());
                    if len == 0 {
                        return Ok(0);
                    }
                    if zeros > 0 {
                        self.stored.consume(zeros);
                        self.state = State::Between;
                        continue;
                    }
                    // The second byte may not be in the buffer yet; the library checks it.
                    if rest.first() != Some(&first) || (len > 1 && rest.get(1) != Some(&second)) {
                        let trailing = Trailing { unread: len as u64 };
                        return Err(io::Error::new(io::ErrorKind::InvalidData, trailing));
                    }
                    self.state = State::Member;
                }
                State::Failed(error) => return Err(error),
                State::End => return Ok(0),
            }
        }
    }
}
