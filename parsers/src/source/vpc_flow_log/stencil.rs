//! Stencils: what the documents of like rows have in common, cut out once.
//!
//! A row of 114 bytes becomes a document of 1.4 KB, of which 1.1 KB are the same for every row of an object with the
//! same fields, action and protocol. Such a document is written once by [`super::row`] with marks in place of what
//! differs from row to row, and from then on only the marks are filled in: some thirty copies of a few fixed-size blocks
//! instead of some hundred decisions. So there is one writer of flow log documents, and a stencil cannot differ from it.

use std::ops::Range;

use super::row_shape::{LOOKED_AT, Shape};
use crate::{
    document::{ObjectContext, decimal},
    time::{Instant, PLAIN, two_digits},
};

/// First byte of a mark; no UTF-8 has it. The number of its value follows.
const MARK: u8 = 0xf8;

/// Fills up a mark where a value has a fixed length.
const FILL: u8 = 0xf9;

/// Numbers of columns are below this.
const COLUMNS: usize = LOOKED_AT;

/// Number of the id.
pub(super) const ID: usize = COLUMNS;
/// Number of the time.
pub(super) const TIME: usize = COLUMNS + 1;
/// Number of the ordinal.
pub(super) const ORDINAL: usize = COLUMNS + 2;
/// Number of the row as delivered.
pub(super) const ROW: usize = COLUMNS + 3;
/// Number of a value without bytes.
const NOTHING: usize = COLUMNS + 4;

/// Numbers of values: with fewer than this a place is found without asking whether it is there.
const NUMBERS: usize = 2 * COLUMNS;

/// Bytes of a row for which there is a stencil at most.
pub(super) const LONGEST_ROW: usize = 1024;

/// Room for a row, an id, a time and an ordinal; a power of two.
const MADE: usize = 2 * LONGEST_ROW;

/// An ordinal that stands for [`ORDINAL`], which is written as a number: no object has as many records.
pub(super) const ORDINAL_MARK: u64 = i64::MAX as u64;

/// Bytes of `,"ordinal":` in front of it.
const ORDINAL_NAME: usize = 11;

/// Bytes copied at a time; whatever is copied has as many bytes behind it.
const BLOCK: usize = 32;

/// Bytes of a document at most that is filled in here; a power of two.
const PAPER: usize = 8 << 10;

/// Stencils of an object at most: headers, actions and protocols can be made up.
const STENCILS: usize = 64;

/// Rows of an object that are written without: an object may hold no more than these.
const FIRST: u32 = 32;

/// A document with holes.
#[derive(Debug)]
struct Stencil {
    shape: Shape,
    parts: Vec<Part>,
    /// Where the source line begins.
    source: usize,
}

/// A block of a stencil, and the hole behind it.
#[derive(Debug)]
struct Part {
    block: [u8; BLOCK],
    /// Bytes of the block.
    len: u8,
    /// Number of the value; [`NOTHING`] where more of the same stretch follows, and behind the last one.
    value: u8,
}

/// The stencils of an object, and the paper they are filled in on.
#[derive(Debug)]
pub(super) struct Stencils {
    /// The object and its header.
    of: Option<(ObjectContext, Vec<u8>)>,
    rows: u32,
    stencils: Vec<Stencil>,
    paper: Box<[u8; PAPER + BLOCK]>,
}

impl Default for Stencils {
    fn default() -> Self {
        Self { of: None, rows: 0, stencils: Vec::new(), paper: Box::new([0; PAPER + BLOCK]) }
    }
}

/// Where a value stands in [`Made::bytes`].
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    start: u32,
    len: u32,
}

/// The values of one row: the row itself, in whose bytes the columns stand, and behind it those that are no columns.
#[derive(Debug)]
pub(super) struct Made {
    bytes: Box<[u8; MADE + BLOCK]>,
    used: usize,
    /// By number.
    places: [Place; NUMBERS],
    /// The last day, and a time of it.
    day: (i64, [u8; PLAIN]),
    digits: Vec<u8>,
}

impl Default for Made {
    fn default() -> Self {
        let day = (i64::MIN, [0; PLAIN]);
        let places = [Place::default(); NUMBERS];
        Self { bytes: Box::new([0; MADE + BLOCK]), used: 0, places, day, digits: Vec::new() }
    }
}

impl Made {
    /// Begins with a row and where its columns stand in it.
    pub(super) fn begin(&mut self, row: &[u8], columns: &[Range<usize>]) -> Option<()> {
        self.used = 0;
        let (of_columns, _) = self.places.split_first_chunk_mut::<COLUMNS>()?;
        for (place, column) in of_columns.iter_mut().zip(columns) {
            let (start, end) = (u32::try_from(column.start).ok()?, u32::try_from(column.end).ok()?);
            *place = Place { start, len: end.wrapping_sub(start) };
        }
        self.add(ROW, row)
    }

    /// Adds a value; none where there is no room for it.
    #[inline]
    pub(super) fn add(&mut self, value: usize, text: &[u8]) -> Option<()> {
        let end = self.used + text.len();
        self.bytes.get_mut(self.used..end).filter(|_| end <= MADE)?.copy_from_slice(text);
        *self.places.get_mut(value)? = Place { start: self.used as u32, len: text.len() as u32 };
        self.used = end;
        Some(())
    }

    /// Adds a time in whole seconds. Rows of an object are of one day, and only what changes is written.
    pub(super) fn add_time(&mut self, time: Instant) -> Option<()> {
        let (day, second) = (time.seconds.div_euclid(86_400), time.seconds.rem_euclid(86_400));
        if self.day.0 != day {
            self.digits.clear();
            time.write(&mut self.digits);
            self.day = (day, self.digits.as_slice().try_into().ok()?);
        }
        let mut text = self.day.1;
        for (place, number) in [(11, second / 3600), (14, second / 60 % 60), (17, second % 60)] {
            two_digits(&mut text, place, number);
        }
        self.add(TIME, &text)
    }

    /// Adds the place of a row in its object.
    pub(super) fn add_ordinal(&mut self, ordinal: u64) -> Option<()> {
        let mut digits = std::mem::take(&mut self.digits);
        digits.clear();
        decimal(&mut digits, i64::try_from(ordinal).unwrap_or(i64::MAX), 1);
        let added = self.add(ORDINAL, &digits);
        self.digits = digits;
        added
    }
}

/// The mark that stands for a value.
pub(super) fn mark(value: usize) -> [u8; 2] {
    [MARK, u8::try_from(value).unwrap_or(u8::MAX)]
}

/// A mark of a fixed length.
pub(super) fn long_mark<const LEN: usize>(value: usize) -> [u8; LEN] {
    let mut long = [FILL; LEN];
    for (to, from) in long.iter_mut().zip(mark(value)) {
        *to = from;
    }
    long
}

impl Stencils {
    /// Stencils hold what is the same in an object, and columns: those of another object, or of another header, are
    /// dropped. To be called before rows are written; gives whether stencils are worth making.
    pub(super) fn begin(&mut self, object: &ObjectContext, header: &[u8], rows: usize) -> bool {
        if self.of.as_ref().is_none_or(|(known, columns)| known != object || columns != header) {
            self.of = Some((object.clone(), header.to_vec()));
            self.rows = 0;
            self.stencils.clear();
        }
        self.rows = self.rows.saturating_add(u32::try_from(rows).unwrap_or(u32::MAX));
        self.rows > FIRST
    }

    /// The place of the stencil of a shape.
    pub(super) fn find(&mut self, shape: &Shape) -> Option<usize> {
        let place = self.stencils.iter().position(|stencil| stencil.shape == *shape)?;
        // Those that are used most come to the front.
        if place > 0 {
            self.stencils.swap(place, place - 1);
        }
        Some(place.saturating_sub(1))
    }

    /// Whether there is room for one more.
    pub(super) fn has_room(&self) -> bool {
        self.stencils.len() < STENCILS
    }

    /// Cuts a stencil from a document in which marks stand for values; `source` is where its source line begins.
    pub(super) fn cut(&mut self, shape: Shape, document: &[u8], source: usize) -> Option<usize> {
        let mut parts = Vec::new();
        let mut part = |mut stretch: &[u8], value: usize| loop {
            let (bytes, rest) = stretch.split_at(stretch.len().min(BLOCK));
            let mut block = [0; BLOCK];
            block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            let last = rest.is_empty();
            parts.push(Part {
                block,
                len: bytes.len() as u8,
                value: if last { value } else { NOTHING } as u8,
            });
            if last {
                break;
            }
            stretch = rest;
        };
        let mut begin = 0;
        // Between quotes that are not escaped: no value can look like it.
        let ordinal = format!(",\"ordinal\":{ORDINAL_MARK}");
        let number = memchr::memmem::rfind(document, ordinal.as_bytes())? + ORDINAL_NAME;
        while let Some(rest) = document.get(begin..) {
            let marked = memchr::memchr(MARK, rest).map(|at| begin + at);
            let (at, len, value) = match marked {
                _ if begin <= number && marked.is_none_or(|at| number < at) => {
                    (number, ordinal.len() - ORDINAL_NAME, ORDINAL)
                }
                Some(at) => {
                    let fill = document.get(at + 2..)?.iter().take_while(|&&b| b == FILL).count();
                    (at, 2 + fill, usize::from(*document.get(at + 1)?))
                }
                None => break,
            };
            part(document.get(begin..at)?, value);
            begin = at + len;
        }
        part(document.get(begin..)?, NOTHING);
        self.stencils.push(Stencil { shape, parts, source });
        Some(self.stencils.len() - 1)
    }

    /// Fills a stencil in. Gives the document and where its source line begins; none where it is too long.
    pub(super) fn fill(&mut self, place: usize, made: &Made) -> Option<(&[u8], usize)> {
        let stencil = self.stencils.get(place)?;
        let (paper, bytes) = (&mut *self.paper, &*made.bytes);
        let mut at = 0;
        for Part { block, len, value } in &stencil.parts {
            put(paper, at, block);
            at += usize::from(*len);
            let place = made.places.get(usize::from(*value) % NUMBERS)?;
            let (start, len) = (place.start as usize, place.len as usize);
            // Most values are shorter than a block.
            put(paper, at, take(bytes, start)?);
            let mut done = BLOCK;
            while done < len {
                put(paper, at + done, take(bytes, start + done)?);
                done += BLOCK;
            }
            at += len;
        }
        // Beyond the end of the paper it was begun anew.
        Some((self.paper.get(..at).filter(|_| at < PAPER)?, stencil.source))
    }
}

/// Writes a block, of which the end may be written over by the next. That a place is below [`PAPER`] lets the compiler
/// leave out its checks.
#[inline(always)]
fn put(paper: &mut [u8; PAPER + BLOCK], at: usize, block: &[u8; BLOCK]) {
    if let Some(room) = paper.get_mut(at % PAPER..).and_then(|rest| rest.first_chunk_mut()) {
        *room = *block;
    }
}

/// The block at a place, which is below [`MADE`].
#[inline(always)]
fn take(bytes: &[u8; MADE + BLOCK], at: usize) -> Option<&[u8; BLOCK]> {
    bytes.get(at % MADE..)?.first_chunk()
}

const _: () = assert!(
    NOTHING < NUMBERS && NUMBERS <= MARK as usize && PAPER.is_power_of_two() && MADE.is_power_of_two()
);
