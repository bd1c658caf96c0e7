//! Zip archives and zstd frames: all of them, one after the other.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

/// All entries of a zip archive, as one stream. Entries are found by their own headers, so an archive whose sizes
/// stand only behind the data (written to a pipe) is refused with a message.
///
/// An entry is inflated as a whole before it is handed on: the reader of the library cannot be kept between two
/// calls. AWS writes no zip; it is here for logs that somebody packed by hand, and bounded.
pub(super) struct Zipped<R> {
    stored: R,
    entry: io::Cursor<Vec<u8>>,
}

/// Largest entry of a zip archive that is taken. Bytes.
const MAX_ENTRY: u64 = 256 << 20;

impl<R: BufRead> Zipped<R> {
    pub(super) fn new(stored: R) -> Self {
        Self { stored, entry: io::Cursor::new(Vec::new()) }
    }
}

impl<R: BufRead> Read for Zipped<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.entry.read(room)?;
            if count > 0 || room.is_empty() {
                return Ok(count);
            }
            // Behind the last entry stands the directory, which repeats what the entries say.
            let mut signature = Vec::with_capacity(4);
            self.stored.by_ref().take(4).read_to_end(&mut signature)?;
            if signature == b"PK\x01\x02" || signature == b"PK\x05\x06" {
                return Ok(0);
            }
            if signature.len() < 4 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let mut entry = io::Cursor::new(signature).chain(&mut self.stored);
            let Some(mut file) = zip::read::read_zipfile_from_stream(&mut entry).map_err(io::Error::from)?
            else {
                return Ok(0);
            };
            let mut inflated = Vec::new();
            file.by_ref().take(MAX_ENTRY + 1).read_to_end(&mut inflated)?;
            if inflated.len() as u64 > MAX_ENTRY {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "an entry of more than 256 MiB"));
            }
            drop(file);
            self.entry = io::Cursor::new(inflated);
        }
    }
}

/// All frames of a zstd file.
pub(super) struct Zstd<R: BufRead> {
    state: Option<ZstdState<R>>,
}

enum ZstdState<R: BufRead> {
    Between(R),
    Frame(Box<StreamingDecoder<R, FrameDecoder>>),
}

impl<R: BufRead> Zstd<R> {
    pub(super) fn new(stored: R) -> Self {
        Self { state: Some(ZstdState::Between(stored)) }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if room.is_empty() {
            return Ok(0);
        }
        loop {
            match self.state.take() {
                None => return Ok(0),
                Some(ZstdState::Between(mut stored)) => {
                    if stored.fill_buf()?.is_empty() {
                        return Ok(0);
                    }
                    let frame = StreamingDecoder::new(stored).map_err(io::Error::other)?;
                    self.state = Some(ZstdState::Frame(Box::new(frame)));
                }
                Some(ZstdState::Frame(mut frame)) => {
                    let count = frame.read(room)?;
                    if count > 0 {
                        self.state = Some(ZstdState::Frame(frame));
                        return Ok(count);
                    }
                    self.state = Some(ZstdState::Between(frame.into_inner()));
                }
            }
        }
    }
}
