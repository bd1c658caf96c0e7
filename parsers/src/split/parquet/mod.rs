//! Apache Parquet: rows as lines of JSON.
//!
//! AWS delivers VPC flow logs as `.log.parquet` where the flow log asks for it
//! (<https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html>). Row groups are read one after the
//! other, some rows of all columns at a time; each row becomes one line `{"version":2,"account_id":"…",…}`, with the
//! columns in the order of the file:
//!
//! - a column that is null is left out; null in a list is `null`, a list that is there and empty `[]`;
//! - integers, decimals and floats are JSON numbers with all their digits (NaN and infinity are null);
//! - timestamps, also the old 96-bit ones, are RFC 3339 texts in UTC, as are dates and times of day; the `start` and
//!   `end` of VPC flow logs are plain integers and stay so;
//! - texts and other bytes are strings, with U+FFFD for what is no UTF-8; UUIDs are written as such;
//! - groups are objects, lists are arrays, and a map is an array of objects with `key` and `value`.
//!
//! # Memory
//!
//! Not the row group: a batch of [`BATCH`] rows, one dictionary and one page of each column, the piece being written,
//! and the footer. Dictionaries and pages of all columns together are within [`PAGES_MAX`]; a file that needs more is
//! refused, by the sizes in its page headers, before anything is inflated. No page inflates to more than its header
//! says, and no texts that share their beginnings are written out (`DELTA_BYTE_ARRAY`) before it is known how long
//! they get.
//!
//! The pages are read and inflated here, the `parquet` crate decodes the values in them.
//!
//! One page of some bytes may stand for many million equal rows. So there may be as many rows as the bytes of the file
//! are good for ([`ROWS_FREE`], [`ROWS_PER_BYTE`]); a footer that counts more is refused before any row is read.

mod columns;
mod encodings;
mod footer;
mod header;
mod pages;
mod rows;
mod thrift;
mod value;

use std::{io, ops::ControlFlow, sync::Arc};

use parquet::{errors::ParquetError, file::reader::ChunkReader};

use super::{Cut, Form, Limits, Piece, SplitProblem};
use rows::{Line, Table};

/// First and last four bytes of a file.
const MAGIC: &[u8] = b"PAR1";

/// Rows decoded at once.
pub const BATCH: usize = 1024;

/// Bytes that the dictionaries and pages held at once may take, of all columns together. Writers aim at 1 MiB for
/// either, so that 40 columns take 80 MiB where all of them are full.
pub const PAGES_MAX: usize = 256 << 20;

/// Rows that a file of any size may have.
pub const ROWS_FREE: u64 = 1 << 20;

/// Rows that it may have more for each of its bytes. No row of a flow log is without a time and counters of its own:
/// AWS needs some bytes for each. Gzip makes at most 1032 bytes of one, which is as many lines of 64 bytes.
pub const ROWS_PER_BYTE: u64 = 16;

/// What is wrong with a Parquet file. The rows before it were handed on.
#[derive(Debug, thiserror::Error)]
pub enum ParquetProblem {
    /// The file does not begin with `PAR1`.
    #[error("not a Parquet file: it does not begin with `PAR1`")]
    NotParquet,
    /// The file does not end with `PAR1`, where the footer is: no row can be read.
    #[error("the Parquet file is cut off: it does not end with `PAR1`")]
    Unfinished,
    /// Something that would take too much memory.
    #[error("the Parquet file has a {what} of {size}, more than {limit}")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// Bytes, elements of a schema, or rows.
        size: u64,
        /// The limit in the same unit.
        limit: u64,
    },
    /// A codec, an encoding or a schema that is not read here.
    #[error("the Parquet file has {0}, which is not supported")]
    Unsupported(String),
    /// The bytes are no right Parquet.
    #[error("the Parquet file is damaged: {0}")]
    Corrupt(String),
    /// The file cannot be read.
    #[error("cannot read the Parquet file")]
    Io(#[from] io::Error),
}

impl From<ParquetError> for ParquetProblem {
    /// Takes out what the page reader put in, and texts of the crate up to a length that fits a log.
    fn from(error: ParquetError) -> Self {
        const LONGEST: usize = 300;
        match error {
            ParquetError::External(inner) => match inner.downcast::<Self>() {
                Ok(problem) => *problem,
                Err(inner) => match inner.downcast::<io::Error>() {
                    Ok(error) => Self::Io(*error),
                    Err(inner) => Self::Corrupt(inner.to_string().chars().take(LONGEST).collect()),
                },
            },
            other => Self::Corrupt(other.to_string().chars().take(LONGEST).collect()),
        }
    }
}

fn corrupt(what: &str) -> ParquetProblem {
    ParquetProblem::Corrupt(what.to_owned())
}

/// Whether these are the first bytes of a Parquet file; four are enough.
#[must_use]
pub fn is_parquet(first: &[u8]) -> bool {
    first.starts_with(MAGIC)
}

/// Reads all rows and hands them on as pieces of JSON lines, until `emit` says to stop. A piece's `offset` counts the
/// bytes of the lines before it, its `first_ordinal` the rows, left out ones included; `cut_off` is never set.
///
/// # Errors
///
/// What is wrong with the file as a whole; the rows before it have been handed on.
pub fn read<R: ChunkReader + 'static>(
    file: R,
    limits: Limits,
    emit: &mut dyn FnMut(Cut) -> ControlFlow<()>,
) -> Result<(), ParquetProblem> {
    let file = Arc::new(file);
    let metadata = footer::read(&file)?;
    let mut pieces = Pieces { limits, emit, bytes: Vec::new(), first: 0, offset: 0, next: 0 };
    for (place, group) in metadata.row_groups().iter().enumerate() {
        let result = Table::open(&file, group).and_then(|table| pieces.table(table, group.num_rows()));
        match result {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => return Ok(()),
            Err(problem) => {
                let _ = pieces.hand_on();
                return Err(match problem {
                    ParquetProblem::Corrupt(what) => ParquetProblem::Corrupt(format!(
                        "row group {place}, about row {}: {what}",
                        pieces.next
                    )),
                    other => other,
                });
            }
        }
    }
    let _ = pieces.hand_on();
    Ok(())
}

/// The piece being written.
struct Pieces<'a> {
    limits: Limits,
    emit: &'a mut dyn FnMut(Cut) -> ControlFlow<()>,
    bytes: Vec<u8>,
    /// Row that `bytes` begins with.
    first: u64,
    /// Bytes of the lines before `bytes`.
    offset: u64,
    /// Row that comes next.
    next: u64,
}

impl Pieces<'_> {
    /// Writes the rows of a row group.
    fn table(&mut self, mut table: Table, rows: i64) -> Result<ControlFlow<()>, ParquetProblem> {
        let mut left = usize::try_from(rows)
            .map_err(|_| ParquetProblem::Corrupt("a negative number of rows".to_owned()))?;
        while left > 0 {
            let wanted = left.min(BATCH);
            let count = table.fill(wanted)?;
            for _ in 0..count {
                if self.row(&mut table)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            table.all_there(wanted)?;
            left -= wanted;
        }
        Ok(ControlFlow::Continue(()))
    }

    fn row(&mut self, table: &mut Table) -> Result<ControlFlow<()>, ParquetProblem> {
        let start = self.bytes.len();
        let mut line = Line::new(&mut self.bytes, self.limits.record);
        let written = table.write(&mut line);
        let fits = line.end();
        if let Err(problem) = written {
            self.bytes.truncate(start);
            return Err(problem);
        }
        let ordinal = self.next;
        self.next += 1;
        if !fits {
            self.bytes.truncate(start);
            let offset = self.offset + start as u64;
            self.next = ordinal;
            if self.hand_on().is_break() {
                return Ok(ControlFlow::Break(()));
            }
            self.next = ordinal + 1;
            self.first = self.next;
            let problem = SplitProblem::TooLarge { ordinal, offset, limit: self.limits.record };
            return Ok((self.emit)(Cut::Problem(problem)));
        }
        if self.bytes.len() >= self.limits.piece || self.next - self.first >= self.limits.records {
            return Ok(self.hand_on());
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Hands on what is written.
    fn hand_on(&mut self) -> ControlFlow<()> {
        let first_ordinal = std::mem::replace(&mut self.first, self.next);
        if self.bytes.is_empty() {
            return ControlFlow::Continue(());
        }
        let bytes = std::mem::take(&mut self.bytes);
        let offset = self.offset;
        self.offset += bytes.len() as u64;
        (self.emit)(Cut::Piece(Piece { bytes, first_ordinal, offset, cut_off: false, form: Form::Values }))
    }
}
