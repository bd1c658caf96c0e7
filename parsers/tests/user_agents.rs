//! User agents against the answers of the reference library, made by `dev/update-user-agents`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use siem_parsers::user_agent::{UserAgent, UserAgentParser};

const TABLE: &str = include_str!("data/user-agents.ndjson");

fn parse(text: &str) -> UserAgent {
    UserAgentParser::shared().parse(text)
}

/// The user agent of a case. `append` is a text and how often it follows, for long ones.
fn input(case: &Value) -> String {
    let text = case["user_agent"].as_str().unwrap_or_default();
    let repeated = case.pointer("/append/0").and_then(Value::as_str).unwrap_or_default();
    let times = case.pointer("/append/1").and_then(Value::as_u64).unwrap_or_default();
    format!("{text}{}", repeated.repeat(usize::try_from(times).unwrap_or_default()))
}

#[test]
fn every_user_agent_of_the_table_is_parsed_as_by_the_reference() {
    let mut cases = 0;
    for line in TABLE.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let input = input(&case);
        let mut expected = case["expected"].clone();
        if expected.get("original").is_none() {
            expected["original"] = json!(input);
        }
        let parsed = parse(&input);
        let answer = json!({
            "original": parsed.original,
            "name": parsed.name,
            "version": parsed.version,
            "os_name": parsed.os_name,
            "os_version": parsed.os_version,
            "os_full": parsed.os_full,
            "device_name": parsed.device_name,
        });
        assert!(answer == expected, "{line:.300}\nis {answer:.600}");
        cases += 1;
    }
    assert!(cases > 600, "only {cases} cases");
}

#[test]
fn what_follows_the_first_2048_characters_does_not_change_the_answer() {
    let far = format!("{}curl/8.4.0", "é".repeat(2048));
    let parsed = parse(&far);
    assert_eq!((parsed.name.as_str(), parsed.original.len()), ("Other", far.len()));

    let near = format!("{}curl/8.4.0", " ".repeat(2048 - "curl/8.4.0".len()));
    assert_eq!(parse(&near).version.as_deref(), Some("8.4.0"));
}

#[test]
fn a_user_agent_of_megabytes_takes_no_longer_than_its_copy() {
    let text = "Mozilla/5.0 (Linux; Android 4.0; Build/ bot".repeat(100_000);
    parse(&text);
    let start = Instant::now();
    let parsed = parse(&text);
    // Milliseconds; the limit only excludes a search of the whole text on a busy machine.
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(parsed.original.len(), text.len());
}

#[test]
fn threads_share_one_parser() {
    let parser = UserAgentParser::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for line in TABLE.lines().take(100) {
                    let case: Value = serde_json::from_str(line).unwrap();
                    assert_eq!(parser.parse(&input(&case)).name, case["expected"]["name"].as_str().unwrap());
                }
            });
        }
    });
}
