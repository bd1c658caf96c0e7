//! All members of a gzip file, with their checksums.
//!
//! AWS and its tools write several members one after the other (log deliveries that were joined, parallel
//! compressors). A decoder that stops after the first loses the rest in silence; one that takes any bytes behind
//! the last member for a broken member loses what it has. Zeros behind the last member are padding.

use std::io::{self, BufRead, Read};

use flate2::{Decompress, FlushDecompress, Status};

/// Bytes behind the last member that are neither a member nor zeros.
#[derive(Debug, thiserror::Error)]
#[error("bytes behind the last gzip member")]
pub(super) struct Trailing {
    /// Bytes in the buffer that were not looked at.
    pub(super) unread: u64,
}

/// A code or a checksum that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(super) struct Corrupt {
    /// In words of the library.
    what: String,
    /// Bytes in the buffer that were not looked at.
    pub(super) unread: u64,
}

/// Where the stream is.
enum State {
    Member,
    Between,
    /// Told with the next call: the bytes before it are handed on first.
    Failed(io::Error),
    End,
}

/// A reader of all members. The decoder below is driven by hand since `GzDecoder` forgets what it inflated in
/// the call that meets a wrong code: up to a whole read of good bytes.
pub(super) struct Gzip<R> {
    stored: R,
    inflate: Decompress,
    state: State,
}

/// Largest window of RFC 1951 as a power of two.
const WINDOW_BITS: u8 = 15;

impl<R: BufRead> Gzip<R> {
    pub(super) fn new(stored: R) -> Self {
        Self { stored, inflate: Decompress::new_gzip(WINDOW_BITS), state: State::Member }
    }

    /// Inflates into `room` and moves on the state. Gives how many bytes came.
    fn member(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let input = self.stored.fill_buf()?;
        if input.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (total_in, total_out) = (self.inflate.total_in(), self.inflate.total_out());
        let result = self.inflate.decompress(input, room, FlushDecompress::None);
        // Neither is more than the length of a slice.
        let consumed = (self.inflate.total_in() - total_in) as usize;
        let count = (self.inflate.total_out() - total_out) as usize;
        let unread = input.len().saturating_sub(consumed) as u64;
        self.stored.consume(consumed);
        let corrupt = |what| io::Error::new(io::ErrorKind::InvalidData, Corrupt { what, unread });
        self.state = match result {
            Ok(Status::StreamEnd) => {
                self.inflate.reset(true);
                State::Between
            }
            Ok(_) if consumed > 0 || count > 0 => State::Member,
            Ok(_) => State::Failed(corrupt("no progress".to_owned())),
            Err(error) => State::Failed(corrupt(error.to_string())),
        };
        Ok(count)
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if room.is_empty() {
            return Ok(0);
        }
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
                    // The second byte may not be in the buffer yet; the decoder checks it.
                    if rest.first() != Some(&0x1f) || (len > 1 && rest.get(1) != Some(&0x8b)) {
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
