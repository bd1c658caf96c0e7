//! Instants against another library.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, SecondsFormat, Timelike, Utc};
use proptest::prelude::*;
use siem_parsers::time::{EARLIEST, Instant, TOLERANCE, plain};

use crate::support::cases;

fn written(instant: Instant) -> String {
    let mut out = Vec::new();
    instant.write(&mut out);
    String::from_utf8(out).unwrap()
}

fn parse(text: &str) -> Option<(i64, u32)> {
    Instant::parse(text.as_bytes()).map(|i| (i.seconds, i.nanos))
}

#[test]
fn every_form_that_aws_writes_is_read() {
    for (text, expected) in [
        ("1970-01-01T00:00:00Z", (0, 0)),
        ("2024-01-02T03:04:05Z", (1_704_164_645, 0)),
        ("2024-01-02T03:04Z", (1_704_164_640, 0)),
        ("2024-01-02T03:04", (1_704_164_640, 0)),
        ("2024-01-02T03:04:05", (1_704_164_645, 0)),
        ("2024-01-02 03:04:05", (1_704_164_645, 0)),
        ("2024-01-02t03:04:05z", (1_704_164_645, 0)),
        ("2024-01-02T03:04:05.5Z", (1_704_164_645, 500_000_000)),
        ("2024-01-02T03:04:05,25Z", (1_704_164_645, 250_000_000)),
        ("2024-01-02T03:04:05.123456789Z", (1_704_164_645, 123_456_789)),
        ("2024-01-02T03:04:05.1234567899999Z", (1_704_164_645, 123_456_789)),
        ("2024-01-02T03:04:05+00:00", (1_704_164_645, 0)),
        ("2024-01-02T03:04:05+0900", (1_704_132_245, 0)),
        ("2024-01-02T03:04:05-05", (1_704_182_645, 0)),
        ("2024-01-02T03:04+05:30", (1_704_144_840, 0)),
        ("2024-01-02T03:04:05.5-23:59", (1_704_164_645 + 86_340, 500_000_000)),
        ("2016-12-31T23:59:60Z", (1_483_228_800, 0)),
        ("2000-02-29T00:00:00Z", (951_782_400, 0)),
        ("2024-02-29T23:59:59Z", (1_709_251_199, 0)),
        ("0001-01-01T00:00:00Z", (-62_135_596_800, 0)),
        ("9999-12-31T23:59:59Z", (253_402_300_799, 0)),
        ("1969-12-31T23:59:59.75Z", (-1, 750_000_000)),
        ("2024-01-02T03:04:05.000Z", (1_704_164_645, 0)),
        ("2024-01-02 03:04:05.000Z", (1_704_164_645, 0)),
        ("2016-12-31T23:59:60.000Z", (1_483_228_800, 0)),
    ] {
        assert_eq!(parse(text), Some(expected), "{text}");
        // What is not parsed again has to be what would be written.
        if let Some(plain) = plain(text.as_bytes()) {
            let instant = Instant { seconds: expected.0, nanos: expected.1 };
            assert_eq!(String::from_utf8_lossy(&plain), written(instant), "{text}");
        }
    }
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "Z",
        "2024",
        "2024-01-02",
        "2024-01-02T",
        "2024-01-02T03",
        "2024-01-02T03:4",
        "2024-01-02T03:04:",
        "2024-01-02T03:04:5Z",
        "2024-01-02T03:04:05.Z",
        "2024-01-02T03:04:05ZZ",
        "2024-01-02T03:04:05Z ",
        " 2024-01-02T03:04:05Z",
        "2024-01-02T03:04:05 Z",
        "2024-01-02T03:04:05+",
        "2024-01-02T03:04:05+1",
        "2024-01-02T03:04:05+1:00",
        "2024-01-02T03:04:05+01:0",
        "2024-01-02T03:04:05+01:000",
        "2024-01-02T03:04:05+24:00",
        "2024-01-02T03:04:05+00:60",
        "2024-01-02T24:00:00Z",
        "2024-01-02T03:60:00Z",
        "2024-01-02T03:04:61Z",
        "2024-00-02T03:04:05Z",
        "2024-13-02T03:04:05Z",
        "2024-01-00T03:04:05Z",
        "2024-01-32T03:04:05Z",
        "2024-04-31T03:04:05Z",
        "2023-02-29T03:04:05Z",
        "1900-02-29T03:04:05Z",
        "2100-02-29T03:04:05Z",
        "0000-01-01T00:00:00Z",
        "-2024-01-02T03:04:05Z",
        "20240102T030405Z",
        "2024/01/02T03:04:05Z",
        "2024-01-02X03:04:05Z",
        "2024-01-02T03-04-05Z",
        "Jan 2, 2024, 3:04:05 AM",
        "1704164645",
        "２０２４-01-02T03:04:05Z",
        "2024-01-02T03:04:05\u{0}",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn every_day_of_400_years_agrees_with_the_other_library() {
    let mut day = NaiveDate::from_ymd_opt(1899, 12, 30).unwrap();
    let last = NaiveDate::from_ymd_opt(2301, 3, 2).unwrap();
    while day < last {
        let text = format!("{day}T12:00:00Z");
        let expected = day.and_hms_opt(12, 0, 0).unwrap().and_utc().timestamp();
        let instant = Instant::parse(text.as_bytes()).unwrap();
        assert_eq!(instant.seconds, expected, "{text}");
        assert_eq!(written(instant), text);
        assert_eq!(instant.year_month(), (i64::from(day.year()), i64::from(day.month())));
        day = day.succ_opt().unwrap();
    }
}

#[test]
fn an_instant_that_its_offset_moves_out_of_the_years_1_to_9999_is_refused() {
    for text in ["9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z", "0001-01-01T00:00:00+00:01"] {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn sane_is_from_2006_to_48_hours_behind_the_object() {
    let at = |seconds| Instant { seconds, nanos: 0 };
    let object = at(1_704_164_645);
    assert!(at(EARLIEST).is_sane(Some(object)) && !at(EARLIEST - 1).is_sane(Some(object)));
    assert!(at(object.seconds + TOLERANCE).is_sane(Some(object)));
    assert!(!at(object.seconds + TOLERANCE + 1).is_sane(Some(object)));
    assert!(at(4_000_000_000).is_sane(None) && !at(EARLIEST - 1).is_sane(None));
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn parse_and_write_agree_with_the_other_library(
        seconds in -62_135_596_800i64 + 86_400..253_402_300_800i64 - 86_400,
        nanos in 0u32..1_000_000_000,
        digits in prop::sample::select(vec![
            SecondsFormat::Secs, SecondsFormat::Millis, SecondsFormat::Micros, SecondsFormat::Nanos,
        ]),
        offset in -86_340i32..=86_340,
    ) {
        let utc: DateTime<Utc> = DateTime::from_timestamp(seconds, nanos).unwrap();
        let local = utc.with_timezone(&FixedOffset::east_opt(offset / 60 * 60).unwrap());
        for text in [utc.to_rfc3339_opts(digits, true), local.to_rfc3339_opts(digits, false)] {
            let expected = DateTime::parse_from_rfc3339(&text).unwrap();
            let instant = Instant::parse(text.as_bytes());
            let instant = instant.ok_or_else(|| TestCaseError::fail(text.clone()))?;
            prop_assert_eq!((instant.seconds, instant.nanos), (expected.timestamp(), expected.nanosecond()));
            let again = written(instant);
            prop_assert_eq!(Instant::parse(again.as_bytes()), Some(instant));
            prop_assert_eq!(DateTime::parse_from_rfc3339(&again).unwrap(), expected);
            let month = (i64::from(utc.year()), i64::from(utc.month()));
            prop_assert_eq!(instant.year_month(), month);
        }
    }

    #[test]
    fn any_bytes_are_parsed_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = Instant::parse(&bytes);
    }

    #[test]
    fn a_time_with_one_byte_changed_is_refused_or_can_be_written_again(at in 0usize..25, byte in any::<u8>()) {
        let mut text = b"2024-01-02T03:04:05+01:00".to_vec();
        text[at] = byte;
        if let Some(instant) = Instant::parse(&text) {
            prop_assert_eq!(Instant::parse(written(instant).as_bytes()), Some(instant));
        }
    }
}

#[test]
fn milliseconds_are_read_up_to_the_year_9999() {
    let read = |text: &str| Instant::parse_millis(text.as_bytes()).map(|t| (t.seconds, t.nanos));
    assert_eq!(read("1772323320123"), Some((1_772_323_320, 123_000_000)));
    assert_eq!((read("0"), read("253402300799999")), (Some((0, 0)), Some((253_402_300_799, 999_000_000))));
    for text in ["253402300800000", "-1", "", "1.5", "9223372036854775808"] {
        assert_eq!(read(text), None, "{text}");
    }
    assert_eq!(Instant { seconds: -1, nanos: 999_999_999 }.millis(), Some(-1));
    assert_eq!(Instant { seconds: i64::MAX, nanos: 0 }.millis(), None);
}
