//! The Thrift compact protocol, as far as the footer and the page headers of Parquet need it.
//!
//! Stricter than the protocol: what no writer of Parquet makes is refused, so that whatever is let through reads
//! the same with any other reader. <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>

use super::{ParquetProblem, corrupt};

/// Structs and lists inside each other. The deepest value of a footer is 6 deep.
const DEEPEST: u32 = 24;

pub(super) const I32: u8 = 5;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;

/// A reader of one struct in a slice.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Result<u8, ParquetProblem> {
        let byte = self.bytes.get(self.at).ok_or_else(|| corrupt("Thrift data ends too early"))?;
        self.at += 1;
        Ok(*byte)
    }

    pub(super) fn unsigned(&mut self) -> Result<u64, ParquetProblem> {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        match self.byte()? {
            last @ (0 | 1) => Ok(value | u64::from(last) << 63),
            _ => Err(corrupt("Thrift integer with too many bytes")),
        }
    }

    pub(super) fn signed(&mut self) -> Result<i64, ParquetProblem> {
        let value = self.unsigned()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    pub(super) fn i32(&mut self) -> Result<i32, ParquetProblem> {
        i32::try_from(self.signed()?).map_err(|_| corrupt("Thrift integer out of range"))
    }

    /// A length or a count, which is never negative.
    pub(super) fn count(&mut self) -> Result<u32, ParquetProblem> {
        u32::try_from(self.i32()?).map_err(|_| corrupt("negative length"))
    }

    /// Element type and length of a list.
    pub(super) fn list(&mut self) -> Result<(u8, usize), ParquetProblem> {
        let header = self.byte()?;
        let len = match header >> 4 {
            15 => usize::try_from(self.unsigned()?).unwrap_or(usize::MAX),
            short => usize::from(short),
        };
        if len > self.bytes.len().saturating_sub(self.at) {
            return Err(corrupt("Thrift list longer than the data"));
        }
        Ok((header & 15, len))
    }

    /// Calls `field` with id and type of each field of a struct; false from it leaves the field to be skipped.
    /// Ids come in ascending order, as every writer has them: so no field can be there twice.
    pub(super) fn fields(
        &mut self,
        depth: u32,
        field: &mut dyn FnMut(&mut Self, i16, u8) -> Result<bool, ParquetProblem>,
    ) -> Result<(), ParquetProblem> {
        let mut last = 0;
        loop {
            let header = self.byte()?;
            if header == 0 {
                return Ok(());
            }
            let id = match header >> 4 {
                0 => i16::try_from(self.signed()?).map_err(|_| corrupt("Thrift field id out of range"))?,
                delta => last + i16::from(delta),
            };
            if id <= last || id > 1000 {
                return Err(corrupt("Thrift field ids out of order"));
            }
            last = id;
            let kind = header & 15;
            if !field(self, id, kind)? {
                self.skip(kind, depth)?;
            }
        }
    }

    /// Goes over one value of a field.
    fn skip(&mut self, kind: u8, depth: u32) -> Result<(), ParquetProblem> {
        if depth >= DEEPEST {
            return Err(corrupt("Thrift data nested too deeply"));
        }
        match kind {
            1 | 2 => Ok(()), // a boolean is in its header
            3 => self.byte().map(drop),
            4..=6 => self.unsigned().map(drop),
            7 => self.forward(8),
            8 => {
                let len = self.unsigned()?;
                self.forward(usize::try_from(len).unwrap_or(usize::MAX))
            }
            LIST => {
                let (kind, len) = self.list()?;
                if len > 0 && matches!(kind, 1 | 2) {
                    return Err(corrupt("Thrift list of booleans"));
                }
                (0..len).try_for_each(|_| self.skip(kind, depth + 1))
            }
            STRUCT => self.fields(depth + 1, &mut |_, _, _| Ok(false)),
            _ => Err(corrupt("unknown Thrift type")),
        }
    }

    fn forward(&mut self, count: usize) -> Result<(), ParquetProblem> {
        self.take(count).map(drop)
    }

    /// The next bytes, so many.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], ParquetProblem> {
        let end = self.at.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| corrupt("Thrift data ends too early"))?;
        self.at += count;
        Ok(taken)
    }
}
