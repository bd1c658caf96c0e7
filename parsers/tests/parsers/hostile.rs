//! What an attacker may have written, and what broken programs write. Neighbours are always unharmed.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Loaded, document_with, envelope, event, load, render};

/// What takes longer does not end: work that grows with the square of the input takes many minutes here.
const HANGS: Duration = Duration::from_secs(60);

/// Loads a record between two others, which must come through.
fn between(record: impl AsRef<[u8]>) -> Loaded {
    let (first, last) = (event(r#""n":"first""#), event(r#""n":"last""#));
    let start = Instant::now();
    let loaded = load(envelope(&[first.as_bytes(), record.as_ref(), last.as_bytes()]));
    assert!(start.elapsed() < HANGS, "{:?}", start.elapsed());
    assert_eq!(loaded.docs.first().unwrap().json()["n"], "first");
    assert_eq!(loaded.docs.last().unwrap().json()["n"], "last");
    assert_eq!((loaded.docs[0].ordinal, loaded.docs.last().unwrap().ordinal), (0, 2));
    loaded
}

/// The document of a hostile record that must become one.
fn loaded_between(record: impl AsRef<[u8]>) -> Value {
    let loaded = between(record);
    assert_eq!((loaded.docs.len(), loaded.problems.len(), loaded.split.len()), (3, 0, 0));
    loaded.docs[1].json()
}

fn refused_between(record: impl AsRef<[u8]>, name: &str) {
    let record = record.as_ref();
    let loaded = between(record);
    let shown = String::from_utf8_lossy(&record[..record.len().min(100)]);
    assert_eq!((loaded.docs.len(), loaded.problems.len()), (2, 1), "{shown}");
    let problem = &loaded.problems[0];
    assert_eq!(problem.problem.name(), name, "{shown}");
    let offset = 12 + event(r#""n":"first""#).len() as u64 + 1;
    assert_eq!((problem.ordinal, problem.offset), (1, offset), "{shown}");
    let message = problem.to_string();
    assert!(message.starts_with(&format!("record 1 at byte {offset} of the decoded object")), "{message}");
}

#[test]
fn broken_records_are_refused_with_a_place_and_neighbours_stay() {
    for bad in [
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{,"a":1}"#,
        r#"{a:1}"#,
        r#"{'a':1}"#,
        r#"{"a":01}"#,
        r#"{"a":1.}"#,
        r#"{"a":.5}"#,
        r#"{"a":+1}"#,
        r#"{"a":1e}"#,
        r#"{"a":-}"#,
        r#"{"a":tru}"#,
        r#"{"a":nullx}"#,
        r#"{"a":"\x"}"#,
        r#"{"a":"\u12"}"#,
        r#"{"a":"\u12g4"}"#,
        r#"{"a":1 2}"#,
        r#"{"a" "b"}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":[1 2]}"#,
        r#"{1:2}"#,
        r#"{"a":undefined}"#,
        r#"{"a":-Infinit}"#,
        r#"{"a":0x10}"#,
        r#"{"a":1_000}"#,
        r#"{"a":"x"y}"#,
        r#"{"a":--1}"#,
        r#"{"a":1-1}"#,
        "{\u{feff}\"a\":1}",
        r#"{"a":\"}"#,
        r#"{\"a\":1}"#,
        r#"{"a":{"b":[}]}"#,
    ] {
        refused_between(bad, "invalid_json");
    }
}

#[test]
fn the_message_of_a_broken_record_names_the_byte() {
    let loaded = between(r#"{"abc":1,"d":tru}"#);
    let message = loaded.problems[0].to_string();
    assert!(message.ends_with("invalid JSON: unexpected character at byte 13 of the record"), "{message}");
}

#[test]
fn an_element_that_is_no_object_is_refused_and_neighbours_stay() {
    for odd in ["1", "null", "true", "\"text\"", "-1.5", "\"a\\\"},{\"", "nonsense", "\"[{\""] {
        let (first, last) = (event(r#""n":0"#), event(r#""n":1"#));
        let loaded = load(envelope(&[&first, odd, &last]));
        assert_eq!(loaded.ordinals(), [0, 1], "{odd}: scalars take no ordinal");
        assert_eq!(loaded.problems.len(), 1, "{odd}");
        assert_eq!(loaded.problems[0].problem.name(), "not_an_object", "{odd}");
        assert_eq!(loaded.problems[0].offset, 13 + first.len() as u64);
    }
    refused_between("[]", "not_an_object");
    refused_between(r#"[{"eventName":"x"}]"#, "not_an_object");
}

#[test]
fn an_empty_record_is_a_document() {
    let doc = loaded_between("{}");
    assert_eq!((doc["@message"].as_str(), doc["siem"]["ordinal"].as_u64()), (Some("{}"), Some(1)));
    assert_eq!(doc["siem"]["notes"][0], "event_time_missing");
}

#[test]
fn a_blank_line_does_not_lose_the_object() {
    let bytes = format!(
        "\n\n {{ \"Records\" :\n\n[\n\n{}\n\n,\r\n\r\n{}\n]\n}}\n\n",
        event("\"n\":0"),
        event("\"n\":1")
    );
    let loaded = load(bytes);
    assert_eq!((loaded.ordinals(), loaded.problems.len(), loaded.split.len()), (vec![0, 1], 0, 0));
}

#[test]
fn a_pretty_printed_record_is_one_line() {
    for newline in ["\n", "\r\n", "\t", " "] {
        let record = r#"{ "eventName" : "x" , "readOnly" : true , "requestParameters" : { "bucketName" : "b" , "x" : { "y" : [ 1 , "z" ] } , "u" : "v" } , "resources" : [ { "ARN" : "a" , "q" : 1 } ] }"#
            .replace(' ', newline);
        let doc = loaded_between(&record);
        assert_eq!((&doc["eventName"], &doc["readOnly"]), (&"x".into(), &true.into()));
        assert_eq!(doc["requestParameters"]["x"]["y"][1], "z");
        assert_eq!(doc["siem"]["flat"]["requestParameters"]["u"], "v");
        assert_eq!(doc["siem"]["flat"]["resources"][0]["q"], 1);
        assert_eq!(doc["@message"], record);
    }
}

#[test]
fn numbers_that_no_index_can_hold_become_text() {
    for number in [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "-1e400",
        "123456789012345678901234567890",
        "9223372036854775808",
    ] {
        let doc = loaded_between(format!(
            r#"{{"eventName":{number},"requestParameters":{{"durationSeconds":{number},"x":[{number}]}}}}"#
        ));
        assert_eq!(doc["eventName"], number);
        assert_eq!(doc["requestParameters"].get("durationSeconds"), None, "not a number: moved aside");
        assert_eq!(doc["siem"]["flat"]["requestParameters"]["durationSeconds"], number);
        assert_eq!(doc["siem"]["flat"]["requestParameters"]["x"][0], number);
        assert_eq!(doc["requestParameters"]["x"][0], number);
    }
    let long = format!("0.{}", "1".repeat(5000));
    assert_eq!(
        document_with(&format!(r#""requestParameters":{{"x":{long}}}"#))["requestParameters"]["x"],
        long
    );
    let doc = document_with(
        r#""requestParameters":{"durationSeconds":9223372036854775807,"x":-9223372036854775808}"#,
    );
    assert_eq!(doc["requestParameters"]["durationSeconds"], i64::MAX);
    assert_eq!(doc["requestParameters"]["x"], i64::MIN);
}

#[test]
fn keys_that_an_index_refuses_are_renamed_and_none_is_lost() {
    let doc = document_with(
        r#""requestParameters":{"":1,"_":2,".":3,"..":4,"a..b":5,".a":6,"a.":7,"a. .b":8,"\u005f":9,"__":10,"\u005f_":11,"\t.x":12}"#,
    );
    for place in [&doc["requestParameters"], &doc["siem"]["flat"]["requestParameters"]] {
        let mut values: Vec<u64> = place.as_object().unwrap().values().map(|v| v.as_u64().unwrap()).collect();
        values.sort_unstable();
        // "_" comes twice in the record: the last counts.
        assert_eq!(values, [1, 3, 4, 5, 6, 7, 8, 9, 11, 12], "{place}");
        for key in place.as_object().unwrap().keys() {
            assert!(!key.is_empty() && key.split('.').all(|part| !part.trim().is_empty()), "{key:?}");
        }
    }
}

#[test]
fn a_key_that_comes_twice_counts_last() {
    let doc =
        document_with(r#""a":1,"a":2,"\u0062":1,"b":2,"c":1,"\u0063":2,"d":{"x":1},"d":null,"e":null,"e":5"#);
    assert_eq!(
        (&doc["a"], &doc["b"], &doc["siem"]["flat"]["c"], &doc["e"]),
        (&2.into(), &2.into(), &2.into(), &5.into())
    );
    assert_eq!((doc.get("d"), doc["siem"]["flat"].get("d")), (None, None));
}

#[test]
fn a_key_that_comes_twice_among_many_counts_last() {
    let filler: String = (0..200).map(|n| format!("\"k{n}\":{n},")).collect();
    let doc = document_with(&format!(r#""a":1,{filler}"a":2,"\u006b5":"escaped","k7":null"#));
    assert_eq!((&doc["a"], doc.get("k7"), &doc["k8"]), (&2.into(), None, &8.into()));
    assert_eq!(doc["siem"]["flat"]["k5"], "escaped");
}

#[test]
fn keys_of_300_bytes_are_cut_and_stay_apart() {
    for letter in ["k", "é", "😀"] {
        let long = letter.repeat(300 / letter.len());
        let doc = document_with(&format!(r#""requestParameters":{{"{long}":1,"{long}x":2,"{long}y":3}}"#));
        for place in [&doc["requestParameters"], &doc["siem"]["flat"]["requestParameters"]] {
            let keys: Vec<&String> = place.as_object().unwrap().keys().collect();
            assert!(keys.len() == 3 && keys.iter().all(|k| k.len() <= 260), "{keys:?}");
        }
    }
}

/// A record with many keys in one object, and how long it took.
fn many_keys(count: usize, key: impl Fn(usize) -> String) -> Value {
    let members: Vec<String> = (0..count).map(|n| format!("\"{}\":{n}", key(n))).collect();
    let record = format!("{{\"requestParameters\":{{{}}}}}", members.join(","));
    let (loaded, took) = render(record.as_bytes());
    assert!(took < HANGS, "{took:?} with {:?}", key(1).chars().take(9).collect::<String>());
    loaded.one().json()
}

#[test]
fn a_hundred_thousand_keys_in_one_object_are_quick() {
    let doc = many_keys(100_000, |n| format!("key{n}"));
    assert_eq!(doc["requestParameters"].as_object().unwrap().len(), 100_000);
    assert_eq!(doc["requestParameters"]["key99999"], 99_999);
}

#[test]
fn a_hundred_thousand_odd_keys_in_one_object_are_quick() {
    let long = "k".repeat(260);
    for (count, key) in [
        (100_000, &(|n| format!("..{n}")) as &dyn Fn(usize) -> String),
        (100_000, &|n| format!("\\u006bey{n}")),
        (20_000, &|n| format!("{long}{n}")),
    ] {
        let doc = many_keys(count, key);
        let members = doc["requestParameters"].as_object().unwrap();
        assert_eq!(members.len(), count);
        assert!(members.keys().all(|k| k.len() < 270));
    }
}

#[test]
fn a_hundred_thousand_times_the_same_key_is_quick() {
    assert_eq!(many_keys(100_000, |_| "same".to_owned())["requestParameters"]["same"], 99_999);
    assert_eq!(many_keys(100_000, |_| String::new())["requestParameters"]["_"], 99_999);
}

#[test]
fn a_list_of_a_million_elements_is_loaded() {
    let doc = loaded_between(format!("{{\"requestParameters\":{{\"l\":[{}1]}}}}", "1,".repeat(1_000_000)));
    assert_eq!(doc["siem"]["flat"]["requestParameters"]["l"].as_array().unwrap().len(), 1_000_001);
}

#[test]
fn more_values_than_a_tape_holds_are_refused_and_neighbours_stay() {
    refused_between(format!("{{\"a\":[{}1]}}", "1,".repeat(1_100_000)), "invalid_json");
}

#[test]
fn a_text_of_a_mebibyte_is_cut_for_the_index_and_whole_in_the_message() {
    for unit in ["x", "é", "\\n", "\\ud83d\\ude00"] {
        let text = unit.repeat((1 << 20) / unit.len());
        let doc = loaded_between(format!(
            "{{\"errorMessage\":\"{text}\",\"requestParameters\":{{\"x\":\"{text}\"}}}}"
        ));
        assert!(doc["@message"].as_str().unwrap().len() > 2 << 20);
        for cut in [&doc["errorMessage"], &doc["error"]["message"], &doc["requestParameters"]["x"]] {
            let cut = cut.as_str().unwrap();
            assert!(
                cut.len() <= 32_766 && cut.len() > 32_700 && cut.ends_with("<<TRUNCATED>>"),
                "{}",
                cut.len()
            );
        }
        assert!(doc["siem"]["flat"]["requestParameters"]["x"].as_str().unwrap().len() < 32_766 - 30);
    }
}

#[test]
fn deep_nesting_is_text_in_the_index_and_harms_nothing() {
    for (open, close) in [("[", "]"), ("{\"d\":", "}")] {
        for depth in [2, 12, 13, 14, 19, 20, 21, 100, 399, 400, 401, 1_000, 100_000] {
            let value = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let loaded = between(format!("{{\"requestParameters\":{{\"x\":{value}}}}}"));
            assert_eq!((loaded.docs.len(), loaded.problems.len()), (3, 0), "{depth}");
            let source = &loaded.docs[1].source;
            let flat = &source[source.find("\"flat\":").unwrap()..];
            let (mut deepest, mut level, mut in_string, mut escaped) = (2, 2, false, false);
            for byte in flat.bytes() {
                match byte {
                    b'"' if !escaped => in_string = !in_string,
                    b'{' | b'[' if !in_string => level += 1,
                    b'}' | b']' if !in_string => level -= 1,
                    _ => {}
                }
                escaped = byte == b'\\' && !escaped;
                deepest = deepest.max(level);
            }
            assert!(deepest <= 20, "{deepest} levels for {depth}");
        }
    }
}

#[test]
fn brackets_without_end_are_cut_off() {
    for open in ["[", "{\"a\":", "{\"a\":["] {
        let bytes = format!("{{\"Records\":[{},{}", event("\"n\":0"), open.repeat(100_000));
        let loaded = load(bytes);
        assert_eq!((loaded.docs.len(), loaded.problems.len(), loaded.split.len()), (1, 1, 1));
        assert_eq!(loaded.problems[0].problem.name(), "cut_off");
    }
}

#[test]
fn a_quote_that_is_not_closed_is_reported() {
    let bytes = envelope(&[event("\"n\":0"), r#"{"a":"x}"#.to_owned(), event("\"n\":1")]);
    let loaded = load(bytes);
    assert_eq!(loaded.docs[0].json()["n"], 0);
    assert!(!loaded.problems.is_empty(), "{:?}", loaded.split);
}

#[test]
fn lone_surrogates_and_nul_are_kept_as_they_came() {
    let loaded = between(
        r#"{"eventName":"a\ud800b","requestParameters":{"x":"\udc00\u0000","\ud800":"\ud83d"},"userAgent":"\udfff%20x","eventID":"\ud800"}"#,
    );
    assert_eq!((loaded.docs.len(), loaded.problems.len()), (3, 0));
    let source = &loaded.docs[1].source;
    assert!(
        source.contains(r#""eventName":"a\ud800b""#) && source.contains(r#""x":"\udc00\u0000""#),
        "{source}"
    );
}

#[test]
fn raw_control_characters_are_escaped() {
    let doc = loaded_between(
        "{\"eventName\":\"a\nb\",\"eventID\":\"i\td\",\"requestParameters\":{\"x\":\"\u{0}\u{1f}\",\"k\u{1}\":1},\"userAgent\":\"u\u{b}\"}",
    );
    assert_eq!((doc["eventName"].as_str(), doc["@id"].as_str()), (Some("a\nb"), Some("i\td")));
    assert_eq!(doc["requestParameters"]["x"], "\u{0}\u{1f}");
    assert_eq!(doc["siem"]["flat"]["requestParameters"]["k\u{1}"], 1);
    assert_eq!(
        (doc["event"]["action"].as_str(), doc["user_agent"]["original"].as_str()),
        (Some("a\nb"), Some("u\u{b}"))
    );
}

#[test]
fn invalid_utf8_is_replaced_and_counted_and_neighbours_are_untouched() {
    for bad in [
        &b"\xff"[..],
        b"\xc3",
        b"\xe2\x82",
        b"\xf0\x9f\x98",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\x80",
    ] {
        let record = [
            &b"{\"eventName\":\"a"[..],
            bad,
            b"z\",\"k",
            bad,
            b"\":1,\"requestParameters\":{\"",
            bad,
            b"\":\"",
            bad,
            b"\"}}",
        ]
        .concat();
        let loaded = between(&record);
        assert_eq!((loaded.docs.len(), loaded.invalid_utf8), (3, 1));
        let doc = loaded.docs[1].json();
        let name = doc["eventName"].as_str().unwrap();
        assert!(name.starts_with("a\u{fffd}") && name.ends_with('z'), "{name}");
        assert_eq!(doc["@message"], String::from_utf8_lossy(&record).as_ref());
    }
}

#[test]
fn a_byte_order_mark_inside_a_text_is_text() {
    assert_eq!(document_with("\"errorCode\":\"\u{feff}x\"")["errorCode"], "\u{feff}x");
}
