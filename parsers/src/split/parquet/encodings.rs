//! Values in encodings whose decoders in the crate trust the lengths that they find, written again as PLAIN.
//!
//! Writers of version 2 write texts so where a dictionary does not pay: the crate would reserve what a page of some
//! bytes claims to hold, and panic on lengths that go over its end.
//! <https://github.com/apache/parquet-format/blob/master/Encodings.md>

use super::{ParquetProblem, corrupt, thrift::Reader};

/// What the lists of lengths take for a text.
pub(super) const LENGTHS: usize = 2 * size_of::<u32>();

/// The lengths before the texts of a page in `DELTA_LENGTH_BYTE_ARRAY` or `DELTA_BYTE_ARRAY`.
#[derive(Debug)]
pub(super) struct Lengths {
    /// Bytes at the beginning that a text has from the one before; `None` in `DELTA_LENGTH_BYTE_ARRAY`.
    fronts: Option<Vec<u32>>,
    /// The others.
    rests: Vec<u32>,
    /// Where the bytes of the texts begin.
    at: usize,
}

impl Lengths {
    /// Reads the lengths of at most so many texts; of a page without bytes there are none.
    pub(super) fn read(page: &[u8], fronts: bool, most: usize) -> Result<Self, ParquetProblem> {
        if page.is_empty() {
            return Ok(Self { fronts: None, rests: Vec::new(), at: 0 });
        }
        let wrong = || corrupt("lengths of texts that cannot be");
        let mut reader = Reader::new(page);
        let fronts = match fronts {
            true => Some(packed(&mut reader, most).ok_or_else(wrong)?),
            false => None,
        };
        let rests = packed(&mut reader, most).ok_or_else(wrong)?;
        if fronts.as_ref().is_some_and(|fronts| fronts.len() != rests.len()) {
            return Err(wrong());
        }
        Ok(Self { fronts, rests, at: reader.position() })
    }

    /// The bytes of the texts as PLAIN, each behind its length.
    pub(super) fn size(&self) -> usize {
        let all = self.rests.iter().chain(self.fronts.iter().flatten());
        all.fold(4 * self.rests.len(), |sum, len| sum.saturating_add(*len as usize))
    }

    /// Appends the texts as PLAIN. `fixed` is the length of all of them in a column that has one; they have none before
    /// them then.
    pub(super) fn write(
        &self,
        page: &[u8],
        fixed: Option<usize>,
        out: &mut Vec<u8>,
    ) -> Result<(), ParquetProblem> {
        let wrong = || corrupt("texts shorter than their lengths");
        let mut rest = page.get(self.at..).ok_or_else(wrong)?;
        let mut before = out.len()..out.len();
        for (place, &len) in self.rests.iter().enumerate() {
            let front =
                self.fronts.as_ref().and_then(|fronts| fronts.get(place)).map_or(0, |&len| len as usize);
            let (own, others) = rest.split_at_checked(len as usize).ok_or_else(wrong)?;
            let whole = front.saturating_add(own.len());
            if front > before.len() || fixed.is_some_and(|fixed| fixed != whole) {
                return Err(wrong());
            }
            if fixed.is_none() {
                out.extend_from_slice(&u32::try_from(whole).map_err(|_| wrong())?.to_le_bytes());
            }
            let start = out.len();
            out.extend_from_within(before.start..before.start + front);
            out.extend_from_slice(own);
            (before, rest) = (start..out.len(), others);
        }
        Ok(())
    }
}

/// Reads at most so many numbers in `DELTA_BINARY_PACKED`, none of them negative, and moves behind them.
fn packed(reader: &mut Reader<'_>, most: usize) -> Option<Vec<u32>> {
    let mut number = || usize::try_from(reader.unsigned().ok()?).ok();
    let (block, parts, count) = (number()?, number()?, number()?);
    let mut value = reader.signed().ok()?;
    // Numbers in a part of a block, all of which take as many bits.
    let in_part = block.checked_div(parts)?;
    if in_part == 0 || !in_part.is_multiple_of(32) || !block.is_multiple_of(parts) || count > most {
        return None;
    }
    let mut numbers = Vec::with_capacity(count);
    if count > 0 {
        numbers.push(u32::try_from(value).ok()?);
    }
    while numbers.len() < count {
        let least = reader.signed().ok()?;
        for &bits in reader.take(parts).ok()? {
            let left = count - numbers.len();
            // Of parts that are not needed there is no more than their number of bits, which may be any.
            if left == 0 {
                break;
            }
            if bits > 32 {
                return None;
            }
            let part = reader.take(in_part.checked_mul(usize::from(bits))? / 8).ok()?;
            for place in 0..left.min(in_part) {
                value =
                    value.wrapping_add(least).wrapping_add(number_at(part, place * usize::from(bits), bits));
                numbers.push(u32::try_from(value).ok()?);
            }
        }
    }
    Some(numbers)
}

/// The number of so many bits, 32 at most, that begins at a bit.
fn number_at(part: &[u8], bit: usize, bits: u8) -> i64 {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(part.get(bit / 8..).unwrap_or_default()) {
        *to = *from;
    }
    (u64::from_le_bytes(bytes) >> (bit % 8) & ((1 << bits) - 1)).cast_signed()
}

/// Appends values in `BYTE_STREAM_SPLIT`, `width` bytes each, as PLAIN: first come the first bytes of all, and so on.
pub(super) fn join(page: &[u8], width: usize, out: &mut Vec<u8>) -> Result<(), ParquetProblem> {
    let count = (page.len().checked_div(width).filter(|count| count * width == page.len()))
        .ok_or_else(|| corrupt("a page with a part of a value"))?;
    for place in 0..count {
        out.extend(page.iter().skip(place).step_by(count));
    }
    Ok(())
}
