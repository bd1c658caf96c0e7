//! Instants as AWS writes them, without a clock: reading ISO 8601, writing UTC.

use crate::document::decimal;

/// An instant: seconds since 1970-01-01T00:00:00Z and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant {
    /// Seconds since the epoch; negative before it.
    pub seconds: i64,
    /// Nanoseconds of the second.
    pub nanos: u32,
}

/// First instant that an event can have: S3, the first of the services, opened in March 2006.
pub const EARLIEST: i64 = 1_136_073_600; // 2006-01-01T00:00:00Z

/// How far an event may lie behind the time of the object that holds it. Seconds; clocks of sources differ by
/// hours, not by days.
pub const TOLERANCE: i64 = 48 * 3600;

/// 0001-01-01T00:00:00Z
const YEAR_1: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z
pub(crate) const YEAR_9999: i64 = 253_402_300_799;

impl Instant {
    /// Reads `YYYY-MM-DD[T ]hh:mm[:ss[.fraction]][Z|±hh[:]mm]`; without an offset it is UTC. Years 1 to 9999.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T' | b't' | b' ', h0, h1, b':', n0, n1] =
            *text.first_chunk::<16>()?
        else {
            return None;
        };
        let (year, month, day) = (pair(y0, y1)? * 100 + pair(y2, y3)?, pair(m0, m1)?, pair(d0, d1)?);
        if year == 0 {
            return None;
        }
        if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
            return None;
        }
        let (hour, minute) = (pair(h0, h1)?, pair(n0, n1)?);
        let digits =
            |from: usize| text.get(from..)?.first_chunk::<2>().and_then(|&[tens, ones]| pair(tens, ones));
        let mut at = 16;
        let (mut second, mut nanos) = (0, 0u32);
        if text.get(at) == Some(&b':') {
            second = digits(at + 1)?;
            at += 3;
            if matches!(text.get(at), Some(b'.' | b',')) {
                at += 1;
                let mut scale = 100_000_000;
                let from = at;
                while let Some(b) = text.get(at).filter(|b| b.is_ascii_digit()) {
                    nanos += scale * u32::from(b - b'0');
                    scale /= 10;
                    at += 1;
                }
                if at == from {
                    return None;
                }
            }
        }
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let offset = match text.get(at..)? {
            [] | [b'Z' | b'z'] => 0,
            [sign @ (b'+' | b'-'), rest @ ..] => {
                let start = at + 1;
                let hours = digits(start)?;
                let minutes = match rest.len() {
                    2 => 0,
                    4 => digits(start + 2)?,
                    5 if rest.get(2) == Some(&b':') => digits(start + 3)?,
                    _ => return None,
                };
                if hours > 23 || minutes > 59 {
                    return None;
                }
                (hours * 3600 + minutes * 60) * if *sign == b'-' { -1 } else { 1 }
            }
            _ => return None,
        };
        let seconds =
            days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
        // An offset, or a leap second, may lead out of the years that can be written again.
        (YEAR_1..=YEAR_9999).contains(&seconds).then_some(Self { seconds, nanos })
    }

    /// Year and month in UTC, which name the monthly index.
    #[must_use]
    pub fn year_month(&self) -> (i64, i64) {
        let (year, month, _) = civil_from_days(self.seconds.div_euclid(86_400));
        (year, month)
    }

    /// Appends `YYYY-MM-DDThh:mm:ss[.fraction]Z`.
    pub fn write(&self, out: &mut Vec<u8>) {
        let (year, month, day) = civil_from_days(self.seconds.div_euclid(86_400));
        let second = self.seconds.rem_euclid(86_400);
        // It stands in each document: written in one go.
        let mut text = *b"0000-00-00T00:00:00Z";
        for (place, number) in [
            (0, year / 100),
            (2, year % 100),
            (5, month),
            (8, day),
            (11, second / 3600),
            (14, second / 60 % 60),
            (17, second % 60),
        ] {
            two_digits(&mut text, place, number);
        }
        if self.nanos == 0 {
            return out.extend_from_slice(&text);
        }
        out.extend_from_slice(text.strip_suffix(b"Z").unwrap_or_default());
        if self.nanos > 0 {
            out.push(b'.');
            decimal(out, i64::from(self.nanos), 9);
            while out.last() == Some(&b'0') {
                out.pop();
            }
        }
        out.push(b'Z');
    }

    /// Reads digits of milliseconds since 1970, up to the year 9999.
    #[must_use]
    pub fn parse_millis(digits: &[u8]) -> Option<Self> {
        let millis: i64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
        let nanos = u32::try_from(millis.rem_euclid(1000)).ok()? * 1_000_000;
        let seconds = millis.div_euclid(1000);
        (0..=YEAR_9999).contains(&seconds).then_some(Self { seconds, nanos })
    }

    /// Milliseconds since 1970, rounded down; negative before it.
    #[must_use]
    pub fn millis(&self) -> Option<i64> {
        self.seconds.checked_mul(1000)?.checked_add(i64::from(self.nanos / 1_000_000))
    }

    /// Whether the event of an object of that time can have this instant: not before 2006 and not more than 48
    /// hours after the object (any time after 2006 where the object's time is not known).
    #[must_use]
    pub fn is_sane(&self, object: Option<Instant>) -> bool {
        self.seconds >= EARLIEST && object.is_none_or(|o| self.seconds <= o.seconds + TOLERANCE)
    }
}

/// Puts a number from 0 to 99 at a place of a text; places behind its end are left out.
#[inline]
pub(crate) fn two_digits(text: &mut [u8], place: usize, number: i64) {
    if let Some([tens, ones]) = text.get_mut(place..place + 2) {
        // Its byte is the number; the remainder of ten is a digit.
        let number = number as u8;
        *tens = b'0' + number / 10 % 10;
        *ones = b'0' + number % 10;
    }
}

/// The number of two digits.
#[inline]
fn pair(tens: u8, ones: u8) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| i64::from((tens - b'0') * 10 + (ones - b'0')))
}

/// Length of `YYYY-MM-DDThh:mm:ssZ`.
pub const PLAIN: usize = 20;

/// What [`Instant::write`] makes of a text that [`Instant::parse`] took, where that is the same text, perhaps without a
/// fraction of nought: the usual ones.
#[inline]
#[must_use]
pub fn plain(text: &[u8]) -> Option<[u8; PLAIN]> {
    let mut plain = [b'Z'; PLAIN];
    let (whole, fraction) = text.split_at_checked(PLAIN - 1)?;
    if !matches!(fraction, b"Z" | b".000Z") {
        return None;
    }
    plain.get_mut(..PLAIN - 1)?.copy_from_slice(whole);
    let text = plain;
    // The sixtieth second is the first of the next minute.
    let same = text.get(10) == Some(&b'T') && text.get(19) == Some(&b'Z') && text.get(17) != Some(&b'6');
    same.then_some(text)
}

/// Year and month of such a text.
#[inline]
#[must_use]
pub fn plain_month(text: &[u8; PLAIN]) -> Option<(i64, i64)> {
    let number = |text: &[u8]| text.iter().fold(0, |sum, b| sum * 10 + i64::from(b.wrapping_sub(b'0')));
    Some((number(text.get(..4)?), number(text.get(5..7)?)))
}

/// Whether the date of a proleptic Gregorian year has a 29th of February.
fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a civil date. The year is counted from March so that the leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The civil date of days since 1970-01-01: the inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}
