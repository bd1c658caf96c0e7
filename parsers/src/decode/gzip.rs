//! All members of a gzip file, with their checksums.
//!
//! AWS and its tools write several members one after the other (log deliveries that were joined, parallel
//! compressors). A decoder that stops after the first loses the rest in silence; one that takes any bytes behind
//! the last member for a broken member loses what it has. Zeros behind the last member are padding.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// Bytes behind the last member that are neither a member nor zeros.
#[derive(Debug, thiserror::Error)]
#[error("bytes behind the last gzip member")]
pub(super) struct Trailing {
    /// Bytes in the buffer that were not looked at.
    pub(super) unread: u64,
}

/// Where the stream is.
enum State<R> {
    Member(Box<GzDecoder<R>>),
    Between(R),
    End,
}

/// A reader of all members.
pub(super) struct Gzip<R> {
    state: State<R>,
}

impl<R: BufRead> Gzip<R> {
    pub(super) fn new(stored: R) -> Self {
        Self { state: State::Member(Box::new(GzDecoder::new(stored))) }
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if room.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, State::End) {
                State::Member(mut member) => {
                    let count = member.read(room)?;
                    if count > 0 {
                        self.state = State::Member(member);
                        return Ok(count);
                    }
                    self.state = State::Between(member.into_inner());
                }
                State::Between(mut stored) => {
                    let rest = stored.fill_buf()?;
                    let (len, zeros) = (rest.len(), rest.iter().take_while(|&&b| b == 0).count());
                    if len == 0 {
                        return Ok(0);
                    }
                    if zeros > 0 {
                        stored.consume(zeros);
                        self.state = State::Between(stored);
                        continue;
                    }
                    // The second byte may not be in the buffer yet; the decoder checks it.
                    if rest.first() != Some(&0x1f) || (len > 1 && rest.get(1) != Some(&0x8b)) {
                        let trailing = Trailing { unread: len as u64 };
                        return Err(io::Error::new(io::ErrorKind::InvalidData, trailing));
                    }
                    self.state = State::Member(Box::new(GzDecoder::new(stored)));
                }
                State::End => return Ok(0),
            }
        }
    }
}
