//! The forms of the names that keys are made of.

use std::ops::RangeInclusive;

use crate::time::Instant;

/// Twelve digits.
pub(super) fn is_account(part: &str) -> bool {
    part.len() == 12 && part.bytes().all(|b| b.is_ascii_digit())
}

/// `o-` and 10 to 32 lower-case letters and digits (AWS Organizations, `Organization.Id`).
pub(super) fn is_organization(part: &str) -> bool {
    part.strip_prefix("o-").is_some_and(|rest| {
        (10..=32).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

/// The region that a folder or a part of a file name is, `aws-region=` in front taken off.
pub(super) fn region(part: &str) -> Option<&str> {
    let name = part.strip_prefix("aws-region=").unwrap_or(part);
    is_region(name).then_some(name)
}

/// The form of a region name in any partition: `us-east-1`, `us-gov-west-1`, `us-isob-east-1`,
/// `eusc-de-east-1`, and `global`, which some services write.
fn is_region(part: &str) -> bool {
    if part == "global" {
        return true;
    }
    let mut words = part.split('-');
    let area = words.next().is_some_and(|w| (2..=4).contains(&w.len()) && lower(w));
    let Some(number) = words.next_back() else { return false };
    let mut between = 0;
    let named = words.all(|w| {
        between += 1;
        lower(w) && !w.is_empty()
    });
    area && named
        && (1..=2).contains(&between)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
}

fn lower(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_lowercase())
}

/// Folders that are usual in the error prefix of a Firehose stream.
const ERROR_FOLDERS: &[&str] = &[
    "error",
    "errors",
    "errorlog",
    "errorlogs",
    "error-log",
    "error-logs",
    "error_log",
    "error_logs",
    "erroroutput",
    "error-output",
    "error_output",
    // `!{firehose:error-output-type}`, which Firehose adds where the prefix does not name it:
    // https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
    "processing-failed",
    "format-conversion-failed",
    "elasticsearch-failed",
    "amazonopensearchservice_failed",
    "splunk-failed",
    "http-endpoint-failed",
    "iceberg-failed",
    "snowflake-failed",
];

/// Whether a folder is one that Firehose writes failed records to; also
/// `error-output-type=processing-failed`.
pub(super) fn is_error_output(folder: &str) -> bool {
    let name = folder.rsplit('=').next().unwrap_or(folder);
    ERROR_FOLDERS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The parts of a file name between underscores, without what stands behind the first dot.
pub(super) fn file_parts(file: &str) -> impl Iterator<Item = &str> {
    file.split('.').next().unwrap_or_default().split('_')
}

/// `YYYY`, `MM`, `DD` as folders, also `year=YYYY` and so on; AWS Config writes month and day without zeros.
fn day(parts: &[&str]) -> Option<Instant> {
    let [year, month, day] = parts else { return None };
    let (year, month, day) =
        (number(year, "year=", 4..=4)?, number(month, "month=", 1..=2)?, number(day, "day=", 1..=2)?);
    Instant::parse(format!("{year}-{month:0>2}-{day:0>2}T00:00").as_bytes())
}

fn number<'a>(part: &'a str, name: &str, digits: RangeInclusive<usize>) -> Option<&'a str> {
    let text = part.strip_prefix(name).unwrap_or(part);
    (digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

/// The date nearest the service.
pub(super) fn first_date(folders: &[&str]) -> Option<Instant> {
    folders.windows(3).find_map(day)
}

/// The date nearest the file name, and the place of its year.
pub(super) fn last_date(folders: &[&str]) -> Option<(usize, Instant)> {
    folders.windows(3).enumerate().rev().find_map(|(at, parts)| Some((at, day(parts)?)))
}

/// `YYYYMMDDThhmmZ` or `YYYYMMDDThhmmssZ` between underscores of a file name, else `-YYYY-MM-DD-hh-mm-ss-` as
/// Firehose writes it behind the name and version of its stream.
pub(super) fn file_time(file: &str) -> Option<Instant> {
    file.split(['_', '.']).find_map(compact_time).or_else(|| firehose_time(file))
}

fn compact_time(part: &str) -> Option<Instant> {
    let digits = part.strip_suffix('Z')?;
    let (date, time) = digits.split_once('T')?;
    if date.len() != 8 || !matches!(time.len(), 4 | 6) || !digits.is_ascii() {
        return None;
    }
    let (year, month_day) = date.split_at_checked(4)?;
    let (month, day) = month_day.split_at_checked(2)?;
    let (hour, rest) = time.split_at_checked(2)?;
    let (minute, second) = rest.split_at_checked(2)?;
    let second = if second.is_empty() { "00" } else { second };
    Instant::parse(format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").as_bytes())
}

fn firehose_time(file: &str) -> Option<Instant> {
    let words: Vec<&str> = file.split('-').collect();
    // The last one: a stream may be named after a day.
    words.windows(6).rev().find_map(|words| {
        let [year, month, day, hour, minute, second] = words else { return None };
        let two = [month, day, hour, minute, second];
        if year.len() != 4 || two.iter().any(|word| word.len() != 2) {
            return None;
        }
        Instant::parse(format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").as_bytes())
    })
}
