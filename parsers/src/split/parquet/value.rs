//! One value as JSON.

use std::{borrow::Cow, io::Write};

use parquet::{
    basic::{ConvertedType, LogicalType, TimeUnit, Type},
    data_type::{AsBytes, ByteArray, FixedLenByteArray},
    schema::types::ColumnDescriptor,
};

use super::columns::Leaf;
use crate::{document::decimal, json::text::escape_into, time::Instant};

/// Digits of a decimal: more do not fit 16 bytes.
const DIGITS: i32 = 38;

/// 1970-01-01 as a Julian day, which 96-bit timestamps count.
const EPOCH: i64 = 2_440_588;

const DAY: i64 = 86_400;
const NANOS: i64 = 1_000_000_000;

/// How the values of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As the physical type is.
    Plain,
    /// Integers without a sign.
    Unsigned,
    /// Integers with so many digits behind the point.
    Decimal(u32),
    /// Days since 1970.
    Date,
    /// Time of day, in so many parts of a second.
    Time(i64),
    /// Time since 1970, in so many parts of a second.
    Timestamp(i64),
    Uuid,
}

impl Form {
    /// <https://github.com/apache/parquet-format/blob/master/LogicalTypes.md>
    pub(super) fn of(column: &ColumnDescriptor) -> Self {
        let parts = |unit: &TimeUnit| match unit {
            TimeUnit::MILLIS => 1000,
            TimeUnit::MICROS => 1_000_000,
            TimeUnit::NANOS => NANOS,
        };
        let digits = |scale: i32| match scale {
            0..=DIGITS => Self::Decimal(scale.unsigned_abs()),
            _ => Self::Plain,
        };
        let form = match column.logical_type_ref() {
            Some(LogicalType::Integer(int)) if !int.is_signed => Self::Unsigned,
            Some(LogicalType::Decimal(decimal)) => digits(decimal.scale),
            Some(LogicalType::Date) => Self::Date,
            Some(LogicalType::Time(time)) => Self::Time(parts(&time.unit)),
            Some(LogicalType::Timestamp(time)) => Self::Timestamp(parts(&time.unit)),
            Some(LogicalType::Uuid) => Self::Uuid,
            Some(_) => Self::Plain,
            None => match column.converted_type() {
                ConvertedType::UINT_8 | ConvertedType::UINT_16 => Self::Unsigned,
                ConvertedType::UINT_32 | ConvertedType::UINT_64 => Self::Unsigned,
                ConvertedType::DECIMAL => digits(column.type_scale()),
                ConvertedType::DATE => Self::Date,
                ConvertedType::TIME_MILLIS => Self::Time(1000),
                ConvertedType::TIME_MICROS => Self::Time(1_000_000),
                ConvertedType::TIMESTAMP_MILLIS => Self::Timestamp(1000),
                ConvertedType::TIMESTAMP_MICROS => Self::Timestamp(1_000_000),
                _ => Self::Plain,
            },
        };
        // A form that does not go with the type of the column is none.
        let integer = matches!(column.physical_type(), Type::INT32 | Type::INT64);
        match form {
            Self::Uuid if column.type_length() != 16 => Self::Plain,
            Self::Unsigned | Self::Date | Self::Time(_) | Self::Timestamp(_) if !integer => Self::Plain,
            form => form,
        }
    }
}

/// Writes the next value of a column: `put` takes a length that it has at least, and what writes it. `None` where
/// there is no value.
pub(super) fn write(leaf: &Leaf, put: impl FnOnce(usize, &dyn Fn(&mut Vec<u8>))) -> Option<()> {
    let (values, at, form) = (&leaf.values, leaf.value, leaf.form);
    if let Some(value) = values.i32s.get(at) {
        let value = if form == Form::Unsigned { i64::from(value.cast_unsigned()) } else { i64::from(*value) };
        put(1, &|out| integer(out, value, form));
    } else if let Some(value) = values.i64s.get(at) {
        put(1, &|out| integer(out, *value, form));
    } else if let Some(value) = values.bytes.get(at) {
        // One that the decoder did not set has no bytes, and `data` would panic.
        let bytes = if *value == ByteArray::default() { b"" } else { value.data() };
        put(bytes.len(), &|out| text(out, bytes, form));
    } else if let Some(value) = values.fixed.get(at) {
        let bytes = if *value == FixedLenByteArray::default() { b"" } else { value.as_bytes() };
        put(bytes.len(), &|out| text(out, bytes, form));
    } else if let Some(value) = values.bools.get(at) {
        put(4, &|out| out.extend_from_slice(if *value { b"true" } else { b"false" }));
    } else if let Some(value) = values.doubles.get(at) {
        // The shortest text that gives the same number again; null for what JSON has not. It cannot fail.
        put(1, &|out| drop(serde_json::to_writer(out, value)));
    } else if let Some(value) = values.floats.get(at) {
        put(1, &|out| drop(serde_json::to_writer(out, value)));
    } else {
        let value = values.i96s.get(at)?;
        let [low, high, day] = *value.data() else { return None };
        let nanos = (u64::from(high) << 32 | u64::from(low)).cast_signed();
        let seconds = (i64::from(day.cast_signed()) - EPOCH) * DAY + nanos.div_euclid(NANOS);
        put(1, &|out| instant(out, seconds, nanos.rem_euclid(NANOS)));
    }
    Some(())
}

fn integer(out: &mut Vec<u8>, value: i64, form: Form) {
    match form {
        Form::Plain | Form::Uuid => decimal(out, value, 1),
        Form::Unsigned => drop(write!(out, "{}", value.cast_unsigned())), // a vector takes everything
        Form::Decimal(scale) => fraction(out, i128::from(value), scale),
        Form::Date => {
            let begin = out.len();
            instant(out, value.saturating_mul(DAY), 0);
            // The date alone, where it is a text.
            if out.get(begin) == Some(&b'"') {
                out.truncate(begin + "\"YYYY-MM-DD".len());
                out.push(b'"');
            }
        }
        Form::Time(parts) => {
            let (second, part) = (value.div_euclid(parts), value.rem_euclid(parts));
            if !(0..DAY).contains(&second) {
                return decimal(out, value, 1);
            }
            let mut text = Vec::new();
            Instant { seconds: second, nanos: nanos(part, parts) }.write(&mut text);
            out.push(b'"');
            // Behind the date, and without the zone that times of day have not.
            let from = "YYYY-MM-DDT".len();
            out.extend_from_slice(text.get(from..text.len() - 1).unwrap_or_default());
            out.push(b'"');
        }
        Form::Timestamp(parts) => {
            instant(out, value.div_euclid(parts), i64::from(nanos(value.rem_euclid(parts), parts)));
        }
    }
}

/// Parts of a second as nanoseconds.
fn nanos(part: i64, parts: i64) -> u32 {
    u32::try_from(part * (NANOS / parts)).unwrap_or(0)
}

/// Writes an instant as text; seconds as a number where the year has not four digits.
fn instant(out: &mut Vec<u8>, seconds: i64, nanos: i64) {
    /// 0001-01-01 and 9999-12-31T23:59:59
    const YEARS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
    if !YEARS.contains(&seconds) {
        return decimal(out, seconds, 1);
    }
    out.push(b'"');
    Instant { seconds, nanos: u32::try_from(nanos).unwrap_or(0) }.write(out);
    out.push(b'"');
}

/// Writes a decimal with all its digits.
fn fraction(out: &mut Vec<u8>, value: i128, scale: u32) {
    let sign = if value < 0 { "-" } else { "" };
    let (value, scale) = (value.unsigned_abs(), scale as usize);
    let digits = format!("{value:0width$}", width = scale + 1);
    let (whole, part) = digits.split_at(digits.len() - scale);
    let point = if scale > 0 { "." } else { "" };
    drop(write!(out, "{sign}{whole}{point}{part}")); // a vector takes everything
}

fn text(out: &mut Vec<u8>, bytes: &[u8], form: Form) {
    match (form, bytes) {
        (Form::Decimal(scale), [first, ..]) if bytes.len() <= 16 => {
            // Big-endian, in two's complement.
            let sign = if first & 0x80 == 0 { 0 } else { -1i128 };
            let value = bytes.iter().fold(sign, |sum, byte| sum << 8 | i128::from(*byte));
            return fraction(out, value, scale);
        }
        (Form::Uuid, _) if bytes.len() == 16 => {
            out.push(b'"');
            for (place, byte) in bytes.iter().enumerate() {
                if matches!(place, 4 | 6 | 8 | 10) {
                    out.push(b'-');
                }
                drop(write!(out, "{byte:02x}"));
            }
            out.push(b'"');
            return;
        }
        _ => {}
    }
    let text: Cow<'_, str> = String::from_utf8_lossy(bytes);
    out.push(b'"');
    escape_into(out, text.as_bytes());
    out.push(b'"');
}
