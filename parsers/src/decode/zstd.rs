//! All frames of a zstd file, one after the other.

use std::{
    error::Error,
    io::{self, BufRead, Read},
};

use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};

use super::members::{Corrupt, Trailing};

/// All frames of a zstd file (RFC 8878). The library takes windows of up to 128 MiB.
pub(super) struct Zstd<R> {
    stored: R,
    frame: FrameDecoder,
    state: State,
    /// Frames that were begun.
    frames: u64,
}

enum State {
    Between,
    Frame,
    /// Told when all that was decoded before is handed on.
    Failed(io::Error),
    End,
}

/// The block that ends a frame, raw and empty, and a checksum.
const LAST_BLOCK: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

impl<R: BufRead> Zstd<R> {
    pub(super) fn new(stored: R) -> Self {
        Self { stored, frame: FrameDecoder::new(), state: State::Between, frames: 0 }
    }

    /// Begins a frame, or skips one that is to be skipped.
    fn begin(&mut self) -> io::Result<State> {
        if self.stored.fill_buf()?.is_empty() {
            return Ok(State::End);
        }
        self.frames += 1;
        match self.frame.init(&mut self.stored) {
            Ok(()) => Ok(State::Frame),
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => {
                let length = u64::from(length);
                match io::copy(&mut self.stored.by_ref().take(length), &mut io::sink())? {
                    skipped if skipped < length => Err(io::ErrorKind::UnexpectedEof.into()),
                    _ => Ok(State::Between),
                }
            }
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::BadMagicNumber(number)))
                if self.frames > 1 =>
            {
                let unread = size_of_val(&number) + self.stored.fill_buf()?.len();
                Err(io::Error::new(io::ErrorKind::InvalidData, Trailing { unread: unread as u64 }))
            }
            Err(error) => Err(in_words(&error)),
        }
    }

    /// Behind a frame. The library only computes the checksum.
    fn checked(&self) -> io::Result<State> {
        match self.frame.get_checksum_from_data() {
            Some(said) if self.frame.get_calculated_checksum() != Some(said) => {
                let what = "the checksum is wrong".to_owned();
                Err(io::Error::new(io::ErrorKind::InvalidData, Corrupt { what, unread: 0 }))
            }
            _ => Ok(State::Between),
        }
    }

    /// Decodes a block.
    fn block(&mut self) -> State {
        let one = || BlockDecodingStrategy::UptoBlocks(1);
        match self.frame.decode_blocks(&mut self.stored, one()) {
            Ok(_) => State::Frame,
            Err(error) => {
                // The library gives the last window of a frame only at its end. What is in it is right: so the frame
                // is ended.
                let _ = self.frame.decode_blocks(LAST_BLOCK.as_slice(), one());
                State::Failed(in_words(&error))
            }
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if room.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, State::End) {
                State::Between => self.state = self.begin()?,
                state @ (State::Frame | State::Failed(_)) => {
                    let count = self.frame.read(room)?;
                    if count > 0 {
                        self.state = state;
                        return Ok(count);
                    }
                    self.state = match state {
                        State::Failed(error) => return Err(error),
                        _ if self.frame.is_finished() => self.checked()?,
                        _ => self.block(),
                    };
                }
                State::End => return Ok(0),
            }
        }
    }
}

/// An error of the library; the end of the stored bytes is told as such.
fn in_words(error: &FrameDecoderError) -> io::Error {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if inner.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::UnexpectedEof) {
            return io::ErrorKind::UnexpectedEof.into();
        }
        cause = inner.source();
    }
    io::Error::new(io::ErrorKind::InvalidData, Corrupt { what: error.to_string(), unread: 0 })
}
