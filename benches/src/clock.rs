//! Instants as CloudTrail writes them, from seconds since 1970.

use std::io::Write as _;

/// 2026-03-01T00:00:00Z: where a generated corpus begins.
pub const START: u64 = 1_772_323_200;

/// A UTC date and time of day, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year of the common era.
    pub year: u64,
    /// 1 to 12.
    pub month: u64,
    /// 1 to 31.
    pub day: u64,
    /// 0 to 23.
    pub hour: u64,
    /// 0 to 59.
    pub minute: u64,
    /// 0 to 59.
    pub second: u64,
}

/// Takes seconds since 1970 apart (days to date after Howard Hinnant's `civil_from_days`).
#[must_use]
pub fn civil(seconds: u64) -> Civil {
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    Civil {
        year: era * 400 + year_of_era + u64::from(month <= 2),
        month,
        day: day_of_year - (153 * shifted + 2) / 5 + 1,
        hour: rest / 3600,
        minute: rest / 60 % 60,
        second: rest % 60,
    }
}

/// Writes `2026-03-01T00:05:00Z`.
pub fn write_iso(out: &mut Vec<u8>, seconds: u64) {
    let Civil { year, month, day, hour, minute, second } = civil(seconds);
    // Writing to a vector cannot fail.
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
}

/// Writes `Mar 01, 2026, 1:05:00 AM`, as STS gives the end of a session in CloudTrail.
pub fn write_expiry(out: &mut Vec<u8>, seconds: u64) {
    const NAMES: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let Civil { year, month, day, hour, minute, second } = civil(seconds);
    let start = (month as usize - 1) * 3;
    let name = NAMES.get(start..start + 3).unwrap_or("Jan");
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour = (hour + 11) % 12 + 1;
    let _ = write!(out, "{name} {day}, {year}, {hour}:{minute:02}:{second:02} {half}");
}
