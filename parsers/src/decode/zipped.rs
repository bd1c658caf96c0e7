//! Zip archives: all entries, one after the other.

use std::io::{self, BufRead, Read};

/// All entries of a zip archive, as one stream. Entries are found by their own headers, so an archive whose sizes
/// stand only behind the data (written to a pipe) is refused with a message.
///
/// An entry is inflated as a whole before it is handed on: the reader of the library cannot be kept between two
/// calls. AWS writes no zip; it is here for logs that somebody packed by hand, and bounded.
pub(super) struct Zipped<R> {
    stored: R,
    entry: io::Cursor<Vec<u8>>,
    /// Told when the bytes before it are handed on.
    failed: Option<io::Error>,
    /// The directory or something wrong was met: no entry follows.
    ended: bool,
}

/// Largest entry of a zip archive that is taken. Bytes.
const MAX_ENTRY: u64 = 256 << 20;

impl<R: BufRead> Zipped<R> {
    pub(super) fn new(stored: R) -> Self {
        Self { stored, entry: io::Cursor::new(Vec::new()), failed: None, ended: false }
    }
}

impl<R: BufRead> Read for Zipped<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.entry.read(room)?;
            if count > 0 || room.is_empty() {
                return Ok(count);
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.ended {
                return Ok(0);
            }
            // Unless an entry comes.
            self.ended = true;
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
            // An entry that is cut off or harmed gives what came before.
            self.failed = file.by_ref().take(MAX_ENTRY + 1).read_to_end(&mut inflated).err();
            if inflated.len() as u64 > MAX_ENTRY {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "an entry of more than 256 MiB"));
            }
            drop(file);
            self.ended = self.failed.is_some();
            self.entry = io::Cursor::new(inflated);
        }
    }
}
