//! Keys are decoded by the rule of their wrapping, once.

use proptest::prelude::*;
use serde_json::json;
use siem_loader::event::read;

use crate::{invocation, keys};

#[test]
fn a_key_in_a_record_of_s3_is_decoded_once() {
    let decoded = [
        "a b/c+d.json.gz",
        "literal%2B.gz",
        "100%.gz",
        "日本/café.gz",
        "hive/aws-account-id=111122223333/year=2026/x.gz",
        "half%zz%4.gz",
        "back\\slash\"quote.gz",
    ];
    let found = invocation("s3-keys");
    assert_eq!(keys(&found), decoded);
    let problem = found.messages[0].problem.as_deref().unwrap();
    assert_eq!(problem, "the key in a record of S3 is not UTF-8 after decoding");
}

#[test]
fn a_key_of_eventbridge_es_loader_or_backfill_is_plain() {
    assert_eq!(keys(&invocation("eventbridge")), ["AWSLogs/a+b%2B 100%/日本.json.gz"]);
    assert_eq!(keys(&invocation("es-loader-parts")), ["AWSLogs/a+b/x=1 %41.json.gz"; 2]);
    assert_eq!(keys(&invocation("backfill")), ["AWSLogs/a+b%2B/日本.json.gz", "k"]);
}

/// As S3 encodes keys: like a form, `/` left alone.
fn encoded(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.*/".contains(&byte);
    key.bytes().fold(String::new(), |text, byte| match byte {
        b' ' => text + "+",
        byte if plain(byte) => text + &char::from(byte).to_string(),
        byte => format!("{text}%{byte:02X}"),
    })
}

proptest! {
    #[test]
    fn any_key_comes_through_both_ways(key in "[^\u{0}]{1,60}") {
        let s3 = json!({"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": encoded(&key)}}}]});
        let found = read(&s3);
        prop_assert_eq!(keys(&found), [key.as_str()]);
        let eventbridge = json!({"detail": {"bucket": {"name": "b"}, "object": {"key": key}}});
        let found = read(&eventbridge);
        prop_assert_eq!(keys(&found), [key.as_str()]);
    }
}
