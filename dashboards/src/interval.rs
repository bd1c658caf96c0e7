//! The length of a bar, as the Dashboards server chooses it for `auto`: about 50 bars a range.

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Bars that a range is to have (`histogram:barTarget`).
const BARS: u64 = 50;

/// The longest bar wanted, and the length that it then has.
const STEPS: [(u64, &str); 15] = [
    (5 * SECOND, "1s"),
    (7_500, "5s"),
    (15 * SECOND, "10s"),
    (45 * SECOND, "30s"),
    (3 * MINUTE, "1m"),
    (9 * MINUTE, "5m"),
    (20 * MINUTE, "10m"),
    (45 * MINUTE, "30m"),
    (2 * HOUR, "1h"),
    (6 * HOUR, "3h"),
    (24 * HOUR, "12h"),
    (7 * DAY, "1d"),
    (21 * DAY, "1w"),
    (365 * DAY, "1M"),
    (u64::MAX, "1y"),
];

/// Name and value of the interval of a date histogram over a range of so many milliseconds.
pub(crate) fn auto(range: u64) -> (&'static str, &'static str) {
    let wanted = range / BARS;
    let step = STEPS.iter().find(|(longest, _)| wanted <= *longest).map_or("1y", |(_, step)| step);
    let calendar = matches!(step, "1m" | "1h" | "1d" | "1w" | "1M" | "1y");
    (if calendar { "calendar_interval" } else { "fixed_interval" }, step)
}
