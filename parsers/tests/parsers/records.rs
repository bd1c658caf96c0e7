//! Random records as text, with everything that JSON allows and AWS may do.

use proptest::prelude::*;

/// The inside of a JSON string.
fn inside() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        6 => "[a-z]{0,6}",
        2 => prop::sample::select(vec![
            "\\\"", "\\\\", "\\/", "\\n", "\\u0000", "\\u00e9", "\\ud83d\\ude00", "\\u005f", "\\u002e", "{", "}", "[",
            "]", ",", ":", "é", "😀", "-", "null", ".", "..", " ", "%20", "\u{7f}", "\u{2028}", "\\u001f", "/", "0",
        ]).prop_map(str::to_owned),
        1 => (1usize..70).prop_map(|n| "\\\\".repeat(n)),
        1 => prop::sample::select(vec!['x', 'é', '😀']).prop_flat_map(|c| (1usize..70).prop_map(move |n| c.to_string().repeat(n))),
    ];
    prop::collection::vec(part, 0..5).prop_map(|parts| parts.concat())
}

/// Names that mean something, and odd ones.
const NAMES: &[&str] = &[
    "userIdentity",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "serviceEventDetails",
    "eventTime",
    "eventID",
    "eventName",
    "eventSource",
    "userAgent",
    "sourceIPAddress",
    "errorCode",
    "readOnly",
    "resources",
    "tlsDetails",
    "insightDetails",
    "insightContext",
    "statistics",
    "baseline",
    "average",
    "sessionContext",
    "attributes",
    "mfaAuthenticated",
    "creationDate",
    "arn",
    "type",
    "userName",
    "accessKeyId",
    "key",
    "bucketName",
    "instanceId",
    "tags",
    "status",
    "credentials",
    "policy",
    "durationSeconds",
    "value",
    "disableApiStop",
    "filter",
    "items",
    "tableMetadata",
    "tableMetadataList",
    "parameters",
    "source",
    "event",
    "siem",
    "_id",
    "@timestamp",
    "@message",
    "cloud",
    "user",
    "related.ip",
    "event.kind",
    "userIdentity.arn",
    "key.a",
    "ARN",
    "a",
    "b",
    "",
    ".",
    "..",
    "a..b",
    "a.",
    ".a",
    " ",
    "a. .b",
    "_",
    "__",
    "\\u005f",
    "\\u005f_",
    "\\u0061",
    "k\\u0065y",
    "bucket\\u004eame",
    "userIdentit\\u0079",
    "projection.part_date.interval.unit",
    "projection.part_date.interval_unit",
    "projection.date.interval.unit",
];

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => prop::sample::select(NAMES).prop_map(str::to_owned),
        3 => inside(),
        1 => (250usize..300).prop_map(|n| "k".repeat(n)),
        1 => (200usize..260, "[ab]").prop_map(|(n, tail)| "é".repeat(n) + &tail),
        1 => (1usize..5).prop_map(|n| ".".repeat(100 * n)),
    ]
}

fn scalar(long: bool) -> impl Strategy<Value = String> {
    let times = if long { 1 } else { 0 };
    prop_oneof![
        6 => inside().prop_map(|s| format!("\"{s}\"")),
        4 => prop::sample::select(vec![
            "null", "true", "false", "0", "-0", "1", "-1", "1.5", "1e5", "-2.5E-3", "9223372036854775807",
            "9223372036854775808", "-9223372036854775808", "18446744073709551615", "123456789012345678901234567890",
            "1e400", "-1e400", "1e308", "0.1e-400", "NaN", "Infinity", "-Infinity", "\"\"", "\"-\"", "\"null\"", "\"[]\"", "[]",
            "{}", "[\"\"]", "[null]", "[null,\"\"]", "{\"a\":null}", "[{}]", "[[]]",
            "\"2024-01-02T03:04:05Z\"", "\"i-0123456789abcdef0\"", "\"arn:aws:sts::111122223333:assumed-role/R/s\"",
            "\"10.0.0.1\"", "\"::1\"", "\"true\"", "\"ssm.amazonaws.com\"", "\"athena.amazonaws.com\"",
            "\"s3.amazonaws.com\"", "\"dynamodb.amazonaws.com\"", "\"glue.amazonaws.com\"",
        ]).prop_map(str::to_owned),
        times => (24_500usize..24_600).prop_map(|n| format!("\"{}\"", "y".repeat(n))),
        times => (32_740usize..32_780).prop_map(|n| format!("\"{}\"", "z".repeat(n))),
        times => (8_000usize..17_000).prop_map(|n| format!("\"{}\"", "é\\n".repeat(n))),
        1 => (1usize..40).prop_map(|n| format!("{}1{}", "[".repeat(n), "]".repeat(n))),
        1 => (1usize..40).prop_map(|n| format!("{}1{}", "{\"d\":".repeat(n), "}".repeat(n))),
    ]
}

fn joined(parts: &[String], open: &str, close: &str, blank: &str) -> String {
    format!("{open}{blank}{}{blank}{close}", parts.join(&format!("{blank},{blank}")))
}

fn blank() -> impl Strategy<Value = &'static str> {
    prop_oneof![8 => Just(""), 1 => Just(" "), 1 => Just("\n"), 1 => Just("\r\n\t ")]
}

fn members(value: impl Strategy<Value = String>, most: usize) -> impl Strategy<Value = String> {
    (prop::collection::vec((key(), value, blank(), blank()), 0..most), blank()).prop_map(
        |(members, blank)| {
            let members: Vec<String> =
                members.iter().map(|(k, v, a, b)| format!("\"{k}\"{a}:{b}{v}")).collect();
            joined(&members, "{", "}", blank)
        },
    )
}

fn value(long: bool) -> impl Strategy<Value = String> {
    scalar(long).prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..5), blank())
                .prop_map(|(values, blank)| joined(&values, "[", "]", blank)),
            members(inner, 6),
        ]
    })
}

/// One JSON object.
pub(crate) fn record() -> impl Strategy<Value = String> {
    members(value(false), 10)
}

/// One JSON object in which texts may be longer than a term.
pub(crate) fn long_record() -> impl Strategy<Value = String> {
    members(value(true), 10)
}
