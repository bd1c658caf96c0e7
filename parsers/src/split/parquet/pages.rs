//! The pages of one column of a row group: read, inflated and looked at before their values are decoded.
//!
//! The crate's own reader reserves what a page header claims and inflates gzip without an end, so pages are read
//! here. <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>

use std::{
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use flate2::read::MultiGzDecoder;
use parquet::{
    basic::{Compression, Encoding, Type},
    column::page::{Page, PageMetadata, PageReader},
    errors::ParquetError,
    file::reader::ChunkReader,
};
use ruzstd::decoding::StreamingDecoder;

use super::{
    PAGES_MAX, ParquetProblem, corrupt, encodings,
    header::{Header, Kind},
    thrift::Reader,
};

/// Bytes read for a page header; it is read again with the second if it has more (statistics of long texts).
const HEADERS: [u64; 2] = [1 << 10, 1 << 20];

/// What a value takes while it is decoded, besides its bytes: the largest kind, and its levels.
const VALUE: usize = 40;

/// Memory that pages take, in bytes.
#[derive(Debug, Default)]
pub(super) struct Charge {
    /// Of all columns.
    total: Arc<AtomicUsize>,
    /// Of the column's page being read.
    current: AtomicUsize,
    /// Of the column's pages before, to which values of the batch still point.
    older: AtomicUsize,
}

impl Charge {
    /// The charge of one more column.
    pub(super) fn of_column(total: &Arc<AtomicUsize>) -> Arc<Self> {
        Arc::new(Self { total: Arc::clone(total), ..Self::default() })
    }

    /// To be called when the values of a batch are dropped.
    pub(super) fn new_batch(&self) {
        self.total.fetch_sub(self.older.swap(0, Ordering::Relaxed), Ordering::Relaxed);
    }

    fn more(&self, size: usize) -> Result<(), ParquetProblem> {
        let sum = self.total.fetch_add(size, Ordering::Relaxed).saturating_add(size);
        if sum > PAGES_MAX {
            let (size, limit) = (sum as u64, PAGES_MAX as u64);
            return Err(ParquetProblem::TooLarge { what: "size of pages", size, limit });
        }
        Ok(())
    }

    fn new_page(&self, size: usize) -> Result<(), ParquetProblem> {
        self.older.fetch_add(self.current.swap(size, Ordering::Relaxed), Ordering::Relaxed);
        self.more(size)
    }

    /// To be called when the column's page takes more than was known from its header.
    fn more_of_page(&self, size: usize) -> Result<(), ParquetProblem> {
        self.current.fetch_add(size, Ordering::Relaxed);
        self.more(size)
    }
}

/// A length that no text can have.
const END: [u8; 4] = u32::MAX.to_le_bytes();

/// RLE in Thrift.
const RLE: i32 = 3;

/// What is known of a column before its pages are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) physical: Type,
    /// Bytes of a value; 0 where that is not said: of texts, and of what has no other encoding than PLAIN.
    pub(super) width: usize,
    pub(super) compression: Compression,
    pub(super) max_def: i16,
    pub(super) max_rep: i16,
    /// Byte of the file at which its pages begin.
    pub(super) at: u64,
    /// Bytes of its pages, with headers.
    pub(super) len: u64,
}

/// The pages of a column.
pub(super) struct Pages<R> {
    file: Arc<R>,
    column: Column,
    charge: Arc<Charge>,
    dictionary: bool,
}

impl<R: ChunkReader> Pages<R> {
    pub(super) fn new(file: &Arc<R>, column: Column, charge: Arc<Charge>) -> Self {
        Self { file: Arc::clone(file), column, charge, dictionary: false }
    }

    /// Reads the header of the next page and moves behind it.
    fn header(&mut self) -> Result<Header, ParquetProblem> {
        let mut last = ParquetProblem::Corrupt("a page without header".to_owned());
        for most in HEADERS {
            let len = self.column.len.min(most);
            let bytes = self.file.get_bytes(self.column.at, usize::try_from(len).unwrap_or(0))?;
            let mut reader = Reader::new(&bytes);
            match Header::read(&mut reader) {
                Ok(header) => {
                    let used = reader.position() as u64;
                    self.column.at += used;
                    self.column.len -= used;
                    return Ok(header);
                }
                Err(problem) => last = problem,
            }
            if len == self.column.len {
                break;
            }
        }
        Err(last)
    }

    fn next_page(&mut self) -> Result<Option<Page>, ParquetProblem> {
        while self.column.len > 0 {
            let header = self.header()?;
            let (stored, size) = (header.stored as usize, header.size as usize);
            if let Some(kind) = &header.kind {
                self.check(kind, stored, size)?;
            }
            let at = self.column.at;
            self.column.at = at.saturating_add(stored as u64);
            self.column.len = (self.column.len.checked_sub(stored as u64))
                .ok_or_else(|| corrupt("a page that is longer than its column"))?;
            let Some(kind) = header.kind else { continue };
            let stored = self.file.get_bytes(at, stored)?;
            return self.page(kind, &stored, size).map(Some);
        }
        Ok(None)
    }

    /// Refuses what could take too much memory, and what the crate would panic on.
    fn check(&self, kind: &Kind, stored: usize, size: usize) -> Result<(), ParquetProblem> {
        let values = kind.values() as usize;
        match kind {
            Kind::Dictionary { .. } => {
                // A value takes a byte at least, a boolean has no dictionary.
                if values > size || self.column.physical == Type::BOOLEAN || self.dictionary {
                    return Err(corrupt("a dictionary that cannot be"));
                }
                self.charge.more(stored.saturating_add(size).saturating_add(values.saturating_mul(VALUE)))
            }
            Kind::V1 { encoding, .. } | Kind::V2 { encoding, .. } => {
                let right = match encoding {
                    Encoding::PLAIN => true,
                    Encoding::RLE => self.column.physical == Type::BOOLEAN,
                    Encoding::RLE_DICTIONARY => self.dictionary,
                    Encoding::DELTA_BINARY_PACKED => {
                        matches!(self.column.physical, Type::INT32 | Type::INT64)
                    }
                    Encoding::DELTA_LENGTH_BYTE_ARRAY => self.column.physical == Type::BYTE_ARRAY,
                    Encoding::DELTA_BYTE_ARRAY => {
                        matches!(self.column.physical, Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY)
                    }
                    Encoding::BYTE_STREAM_SPLIT => self.column.width > 0,
                    _ => false,
                };
                if !right {
                    return Err(corrupt("a page whose encoding does not go with its column"));
                }
                if let Kind::V1 { def, rep, .. } = kind {
                    // Writers name any encoding for levels that a column has not.
                    let wrong = |most: i16, encoding: &Option<i32>| most > 0 && *encoding != Some(RLE);
                    if wrong(self.column.max_def, def) || wrong(self.column.max_rep, rep) {
                        return Err(ParquetProblem::Unsupported("levels in an encoding but RLE".to_owned()));
                    }
                }
                // Of other columns only a batch is decoded at once.
                let decoded = if self.column.max_rep > 0 { values.saturating_mul(VALUE) } else { 0 };
                let again = match encoding {
                    Encoding::BYTE_STREAM_SPLIT => size,
                    // What the texts take is known when their lengths are read.
                    Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BYTE_ARRAY => {
                        values.saturating_mul(encodings::LENGTHS)
                    }
                    _ => 0,
                };
                self.charge.new_page([size, decoded, again].into_iter().fold(stored, usize::saturating_add))
            }
        }
    }

    fn page(&mut self, kind: Kind, stored: &[u8], size: usize) -> Result<Page, ParquetProblem> {
        let compression = self.column.compression;
        Ok(match kind {
            Kind::Dictionary { values } => {
                self.dictionary = true;
                let mut buf = inflate(compression, stored, Vec::new(), size)?;
                self.end_texts(&mut buf, 0);
                Page::DictionaryPage {
                    buf: buf.into(),
                    num_values: values,
                    encoding: Encoding::PLAIN,
                    is_sorted: false,
                }
            }
            Kind::V1 { values, encoding, .. } => {
                let buf = inflate(compression, stored, Vec::new(), size)?;
                let mut levels = 0;
                for most in [self.column.max_rep, self.column.max_def] {
                    if most > 0 {
                        levels =
                            behind(&buf, levels).ok_or_else(|| corrupt("a page shorter than its levels"))?;
                    }
                }
                let (buf, encoding) = self.values(buf, levels, encoding, values)?;
                Page::DataPage {
                    buf: buf.into(),
                    num_values: values,
                    encoding,
                    def_level_encoding: Encoding::RLE,
                    rep_level_encoding: Encoding::RLE,
                    statistics: None,
                }
            }
            Kind::V2 { values, encoding, nulls, rows, def_len, rep_len, compressed } => {
                let levels = def_len as usize + rep_len as usize;
                let (levels, rest) = stored
                    .split_at_checked(levels)
                    .ok_or_else(|| corrupt("a page shorter than its levels"))?;
                let compression = if compressed { compression } else { Compression::UNCOMPRESSED };
                let buf = inflate(compression, rest, levels.to_vec(), size)?;
                let (buf, encoding) = self.values(buf, levels.len(), encoding, values)?;
                Page::DataPageV2 {
                    buf: buf.into(),
                    num_values: values,
                    encoding,
                    num_nulls: nulls,
                    num_rows: rows,
                    def_levels_byte_len: def_len,
                    rep_levels_byte_len: rep_len,
                    is_compressed: compressed,
                    statistics: None,
                }
            }
        })
    }

    /// Makes of the values behind the levels what the crate decodes without a panic. `count` is that of the header.
    fn values(
        &self,
        mut page: Vec<u8>,
        levels: usize,
        encoding: Encoding,
        count: u32,
    ) -> Result<(Vec<u8>, Encoding), ParquetProblem> {
        let Column { physical, width, .. } = self.column;
        match encoding {
            Encoding::PLAIN => {}
            Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BYTE_ARRAY => {
                let (before, values) = page.split_at_checked(levels).unwrap_or_default();
                let fronts = encoding == Encoding::DELTA_BYTE_ARRAY;
                let lengths = encodings::Lengths::read(values, fronts, count as usize)?;
                let size = lengths.size().saturating_add(levels);
                self.charge.more_of_page(size)?;
                let mut plain = Vec::with_capacity(size + END.len());
                plain.extend_from_slice(before);
                lengths.write(values, (physical != Type::BYTE_ARRAY).then_some(width), &mut plain)?;
                page = plain;
            }
            Encoding::BYTE_STREAM_SPLIT => {
                let (before, values) = page.split_at_checked(levels).unwrap_or_default();
                let mut plain = Vec::with_capacity(page.len());
                plain.extend_from_slice(before);
                encodings::join(values, width, &mut plain)?;
                page = plain;
            }
            other => return Ok((page, other)),
        }
        self.end_texts(&mut page, levels);
        Ok((page, Encoding::PLAIN))
    }

    /// Cuts plain texts behind the last that is whole, and puts a length there that no text can have: the crate
    /// panics where a length is missing, but not where the text is.
    fn end_texts(&self, page: &mut Vec<u8>, mut end: usize) {
        if self.column.physical == Type::BYTE_ARRAY {
            while let Some(next) = behind(page, end) {
                end = next;
            }
            page.truncate(end);
            page.extend_from_slice(&END);
        }
    }
}

/// Where something ends whose length is at `at` in four bytes.
fn behind(page: &[u8], at: usize) -> Option<usize> {
    let len = u32::from_le_bytes(*page.get(at..)?.first_chunk::<4>()?);
    let end = at.checked_add(4)?.checked_add(usize::try_from(len).ok()?)?;
    (end <= page.len()).then_some(end)
}

impl<R: ChunkReader> Iterator for Pages<R> {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl<R: ChunkReader> PageReader for Pages<R> {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        self.next_page().map_err(|problem| ParquetError::External(Box::new(problem)))
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        Err(ParquetError::NYI("only asked for to skip rows".to_owned()))
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        Err(ParquetError::NYI("only asked for to skip rows".to_owned()))
    }

    fn at_record_boundary(&mut self) -> Result<bool, ParquetError> {
        Ok(self.column.len == 0)
    }
}

/// Appends what `stored` holds to `out`, which has then to be exactly `size` long.
fn inflate(
    codec: Compression,
    stored: &[u8],
    mut out: Vec<u8>,
    size: usize,
) -> Result<Vec<u8>, ParquetProblem> {
    let wanted = size.checked_sub(out.len()).ok_or_else(|| corrupt("a page shorter than its levels"))?;
    // One more than wanted tells a page that inflates to more than its header says.
    let most = wanted as u64 + 1;
    match codec {
        _ if wanted == 0 => {} // nothing but nulls: writers store nothing, or an empty stream
        Compression::UNCOMPRESSED => out.extend_from_slice(stored),
        Compression::SNAPPY => {
            let len = snap::raw::decompress_len(stored).map_err(|e| corrupt(&e.to_string()))?;
            if len != wanted {
                return Err(corrupt("a page whose length is not as its header says"));
            }
            let levels = out.len();
            out.resize(size, 0);
            let room = out.get_mut(levels..).unwrap_or_default();
            let count =
                snap::raw::Decoder::new().decompress(stored, room).map_err(|e| corrupt(&e.to_string()))?;
            out.truncate(levels + count);
        }
        Compression::GZIP(_) => {
            out.reserve(wanted);
            let read = MultiGzDecoder::new(stored).take(most).read_to_end(&mut out);
            read.map_err(|e| corrupt(&e.to_string()))?;
        }
        Compression::ZSTD(_) => {
            let frame = StreamingDecoder::new(stored).map_err(|e| corrupt(&e.to_string()))?;
            out.reserve(wanted);
            frame.take(most).read_to_end(&mut out).map_err(|e| corrupt(&e.to_string()))?;
        }
        other => return Err(ParquetProblem::Unsupported(format!("pages compressed with {other}"))),
    }
    if out.len() == size { Ok(out) } else { Err(corrupt("a page whose length is not as its header says")) }
}
