//! Reading a file of dead letters line by line.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::letter::{Letter, VERSION};

/// Longest line that is read: a record of 8 MiB, escaped in full, and its document.
const LINE: u64 = 128 << 20;

/// Why a file of dead letters cannot be used. It is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be unpacked, or ends early.
    #[error("is damaged: {0}")]
    Damaged(#[from] io::Error),
    /// A line is no dead letter.
    #[error("line {line} is no dead letter: {reason}")]
    NoLetter {
        /// Number of the line, from 1.
        line: u64,
        /// Why not; without content of the line.
        reason: String,
    },
    /// A later release wrote it.
    #[error("line {line} has the form of a later release ({version}); use that one")]
    Later {
        /// Number of the line, from 1.
        line: u64,
        /// Its version.
        version: u8,
    },
}

/// Gives every letter of a packed file to `each`, with its line.
///
/// # Errors
/// The file is damaged or holds something else; what came before was given.
pub fn lines(packed: &[u8], each: &mut dyn FnMut(&Letter<'_>, &[u8])) -> Result<(), FileError> {
    let mut reader = BufReader::with_capacity(256 << 10, MultiGzDecoder::new(packed));
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        if (&mut reader).take(LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        number += 1;
        let text = line.trim_ascii_end();
        let letter: Letter<'_> = serde_json::from_slice(text).map_err(|error| FileError::NoLetter {
            line: number,
            // The words of serde_json may quote a value; the place is enough.
            reason: format!("{:?} at byte {}", error.classify(), error.column()),
        })?;
        if letter.version > VERSION {
            return Err(FileError::Later { line: number, version: letter.version });
        }
        each(&letter, text);
    }
}
