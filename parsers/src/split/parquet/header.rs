//! The header of a page.
//! <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift> (`PageHeader`)

use parquet::basic::Encoding;

use super::{
    ParquetProblem, corrupt,
    thrift::{I32, Reader, STRUCT},
};

/// Booleans in the header of their Thrift field.
const TRUE: u8 = 1;
const FALSE: u8 = 2;

/// What a page is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Dictionary {
        values: u32,
    },
    V1 {
        values: u32,
        encoding: Encoding,
        def: Option<i32>,
        rep: Option<i32>,
    },
    V2 {
        values: u32,
        encoding: Encoding,
        nulls: u32,
        rows: u32,
        /// Bytes of the levels, which come first and are never compressed.
        def_len: u32,
        rep_len: u32,
        compressed: bool,
    },
}

impl Kind {
    /// Values, nulls included.
    pub(super) fn values(&self) -> u32 {
        match self {
            Self::Dictionary { values } | Self::V1 { values, .. } | Self::V2 { values, .. } => *values,
        }
    }
}

/// The header of a page.
#[derive(Debug)]
pub(super) struct Header {
    /// `None` is a page to be left out: one of an index.
    pub(super) kind: Option<Kind>,
    /// Bytes, inflated.
    pub(super) size: u32,
    /// Bytes as stored.
    pub(super) stored: u32,
}

/// The fields of the three headers, by their ids.
#[derive(Debug, Default)]
struct Fields {
    numbers: [Option<i32>; 7],
    compressed: Option<bool>,
}

impl Fields {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParquetProblem> {
        let mut fields = Self::default();
        reader.fields(1, &mut |reader, id, kind| {
            let place = usize::try_from(id).unwrap_or(usize::MAX);
            match (kind, fields.numbers.get_mut(place)) {
                (I32, Some(number)) => *number = Some(reader.i32()?),
                (TRUE | FALSE, _) if id == 7 => fields.compressed = Some(kind == TRUE),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(fields)
    }

    fn number(&self, id: usize) -> Result<i32, ParquetProblem> {
        self.numbers.get(id).copied().flatten().ok_or_else(|| corrupt("a page header with a field missing"))
    }

    fn count(&self, id: usize) -> Result<u32, ParquetProblem> {
        u32::try_from(self.number(id)?).map_err(|_| corrupt("a page header with a negative length"))
    }

    fn encoding(&self, id: usize) -> Result<Encoding, ParquetProblem> {
        Ok(match self.number(id)? {
            0 => Encoding::PLAIN,
            // The first is the name that RLE_DICTIONARY had before.
            2 | 8 => Encoding::RLE_DICTIONARY,
            3 => Encoding::RLE,
            5 => Encoding::DELTA_BINARY_PACKED,
            6 => Encoding::DELTA_LENGTH_BYTE_ARRAY,
            7 => Encoding::DELTA_BYTE_ARRAY,
            9 => Encoding::BYTE_STREAM_SPLIT,
            other => return Err(ParquetProblem::Unsupported(format!("values in the encoding {other}"))),
        })
    }
}

impl Header {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, ParquetProblem> {
        let (mut kind, mut size, mut stored) = (None, None, None);
        let mut fields = [const { None }; 4];
        reader.fields(0, &mut |reader, id, field| {
            match (id, field) {
                (1, I32) => kind = Some(reader.i32()?),
                (2, I32) => size = Some(reader.count()?),
                (3, I32) => stored = Some(reader.count()?),
                (5..=8, STRUCT) => {
                    let read = Fields::read(reader)?;
                    if let Some(place) = fields.get_mut(usize::from(id.unsigned_abs()) - 5) {
                        *place = Some(read);
                    }
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        let [v1, _, dictionary, v2] = fields;
        let missing = || corrupt("a page header with a field missing");
        let kind = match kind.ok_or_else(missing)? {
            0 => {
                let v1 = v1.ok_or_else(missing)?;
                Some(Kind::V1 {
                    values: v1.count(1)?,
                    encoding: v1.encoding(2)?,
                    def: v1.number(3).ok(),
                    rep: v1.number(4).ok(),
                })
            }
            1 => None,
            2 => Some(Kind::Dictionary { values: dictionary.ok_or_else(missing)?.count(1)? }),
            3 => {
                let v2 = v2.ok_or_else(missing)?;
                Some(Kind::V2 {
                    values: v2.count(1)?,
                    nulls: v2.count(2)?,
                    rows: v2.count(3)?,
                    encoding: v2.encoding(4)?,
                    def_len: v2.count(5)?,
                    rep_len: v2.count(6)?,
                    compressed: v2.compressed.unwrap_or(true),
                })
            }
            other => return Err(ParquetProblem::Unsupported(format!("a page of type {other}"))),
        };
        Ok(Self { kind, size: size.ok_or_else(missing)?, stored: stored.ok_or_else(missing)? })
    }
}
