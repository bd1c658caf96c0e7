//! Flow logs in JSON: subscriptions of CloudWatch Logs, Firehose, rows of Parquet files; and generated input.

use proptest::prelude::*;
use serde_json::{Value, json};
use siem_parsers::{source::vpc_flow_log::LOG_TYPE, split::Limits};

use crate::{
    support::{Loaded, Random, cases, context_for, load_type},
    vpc_flow_log::{FLOW_KEY, HEADER, ROW, TRANSIT, flows},
};

fn subscription(events: &Value) -> String {
    json!({
        "messageType": "DATA_MESSAGE", "owner": "999988887777", "logGroup": "/vpc/\"flows\"",
        "logStream": "eni-1-all", "subscriptionFilters": ["f"], "logEvents": events,
    })
    .to_string()
}

#[test]
fn d07_a_subscription_of_cloudwatch_logs() {
    let control = r#"{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}"#;
    let unknown = "2 unknown eni-1 - - - - - - - 1772323200 1772323259 - NODATA";
    let data = subscription(&json!([
        {"id": "36", "timestamp": 1_772_323_630_000_u64, "message": ROW},
        {"id": "37", "timestamp": 1_772_323_630_000_u64, "message": ROW},
        {"id": "38", "timestamp": 1_772_323_630_000_u64, "message": unknown},
        {"id": "39", "timestamp": 1_772_323_630_000_u64, "message": "a b"},
        {"id": "40", "timestamp": 1_772_323_630_000_u64},
    ]));
    let loaded = flows(format!("{control}{data}"));
    assert_eq!((loaded.docs.len(), loaded.problems.len()), (3, 2));
    let json = loaded.docs[0].json();
    assert_eq!((&json["@log_group"], &json["@log_stream"]), (&json!("/vpc/\"flows\""), &json!("eni-1-all")));
    assert_eq!((&json["@message"], &json["srcaddr"]), (&json!(ROW), &json!("119.165.159.101")));
    assert_eq!((&json["siem"]["ordinal"], &json["siem"]["part"]), (&json!(1), &json!(0)));
    assert_eq!(json["cloud"]["account"]["id"], "777788889999");
    // MD5 of the line and the id of the event, as es-loader has it for what comes by CloudWatch Logs.
    assert_ne!(loaded.docs[0].id(), loaded.docs[1].id());
    assert_eq!(loaded.docs[2].json()["cloud"]["account"]["id"], "999988887777", "that of the log group");
    assert_eq!(loaded.problems[0].problem.name(), "no_header");
    assert_eq!(loaded.problems[1].problem.to_string(), "`message` of the event holds no record");
    let broken = flows(r#"{"messageType":"DATA_MESSAGE","logEvents":{}}"#);
    assert_eq!(broken.problems[0].problem.to_string(), "`logEvents` of the event holds no record");
}

#[test]
fn d07_names_that_a_filter_pattern_gave() {
    let data = subscription(&json!([{
        "id": "36", "timestamp": 1_772_323_630_500_u64, "message": "10.0.0.1 10.0.0.2 6 77 new",
        "extractedFields": {"srcaddr": "10.0.0.1", "dstaddr": "10.0.0.2", "protocol": "6", "bytes": "77", "w5": "new"},
    }]));
    let json = flows(data).one().json();
    assert_eq!((&json["source"]["ip"], &json["network"]["transport"]), (&json!("10.0.0.1"), &json!("tcp")));
    assert_eq!(
        (&json["bytes"], &json["w5"], &json["siem"]["flat"]["w5"]),
        (&json!(77), &json!("new"), &json!("new"))
    );
    assert_eq!(
        json["@timestamp"], "2026-03-01T00:07:10.5Z",
        "a row without an end has the time of the event"
    );
    assert_eq!(json["@message"], "10.0.0.1 10.0.0.2 6 77 new");
}

#[test]
fn d07_firehose_wraps_each_row() {
    let plain = flows(ROW).one().clone();
    for text in [
        format!("{{\"message\":\"{ROW}\"}}"),
        format!("{{\"message\":\"{ROW}\\n\"}}"),
        format!("[{{\"message\": \"{ROW}\"}}]"),
    ] {
        assert_eq!(
            (flows(&text).one().id(), flows(&text).one().json()),
            (plain.id(), plain.json()),
            "{text}"
        );
    }
    let loaded = flows(format!(
        "{{\"message\":\"{ROW}\"}}{{\"message\":\"x\"}}\n{{\"a\":1}}[1]{{\"message\":\"{ROW}\"}}"
    ));
    assert_eq!((loaded.docs.len(), loaded.problems.len()), (2, 3), "{:?}", loaded.problems);
}

#[test]
fn d19_a_row_of_a_parquet_file() {
    let text = r#"{"version":5,"account_id":"012345678901","srcaddr":"10.0.0.1","dstaddr":"10.0.0.2","srcport":443,"dstport":50000,"protocol":6,"packets":3,"bytes":5000000000,"start":1772323569,"end":1772323624,"action":"ACCEPT","log_status":"OK","tcp_flags":3,"vpc_id":null,"type":"IPv4","pkt-srcaddr":"10.0.0.9","extra":true,"list":[1,{"a":null}],"event":{"a":1}}"#;
    let loaded = flows(format!("{text}\n{text}"));
    assert_eq!(loaded.docs.len(), 2);
    assert_eq!(loaded.docs[0].id(), loaded.docs[1].id(), "equal rows are one, as equal lines are");
    let json = loaded.docs[0].json();
    assert_eq!(json["@message"], text);
    assert_eq!((&json["network"]["transport"], &json["network"]["type"]), (&json!("tcp"), &json!("ipv4")));
    assert_eq!((&json["bytes"], &json["source"]["port"]), (&json!(5_000_000_000_u64), &json!(443)));
    assert_eq!((&json["protocol"], &json["account_id"]), (&json!("6"), &json!("012345678901")));
    assert_eq!((&json["pkt_srcaddr"], json.get("vpc_id")), (&json!("10.0.0.9"), None));
    assert_eq!((&json["extra"], &json["list"]), (&json!("true"), &json!([1, {}])));
    assert_eq!(json["event"]["kind"], "event");
    assert_eq!(json["siem"]["flat"], json!({"extra": "true", "list": [1, {}], "event": {"a": 1}}));
    assert_eq!(json["siem"]["tcp_flags"], json!(["fin", "syn"]));
}

#[test]
fn rows_in_json_may_change_their_columns() {
    let loaded = flows(
        r#"{"end":1772323624,"bytes":1}{"bytes":2,"end":1772323624}{"end":1772323624,"bytes":{"a":1}}{"end":"\u0031772323624"}"#,
    );
    let bytes: Vec<Value> = loaded.docs.iter().map(|d| d.json()["bytes"].clone()).collect();
    assert_eq!(bytes, [json!(1), json!(2), json!(null), json!(null)]);
    assert_eq!(loaded.docs[2].json()["siem"]["flat"]["bytes"], json!({"a": 1}));
    assert!(flows(r#"{"account-id":"1","account_id":"2","end":1}"#).one().json()["account_id"] == "2");
}

/// The type of each field of both templates.
fn typed() -> Vec<(String, String)> {
    fn walk(path: &str, properties: &Value, found: &mut Vec<(String, String)>) {
        for (name, mapping) in properties.as_object().unwrap() {
            let path = format!("{path}/{name}");
            match mapping.get("properties") {
                Some(below) => walk(&path, below, found),
                None => found.push((path, mapping["type"].as_str().unwrap().to_owned())),
            }
        }
    }
    let mut found = Vec::new();
    for text in [siem_parsers::schema::BASE_TEMPLATE, LOG_TYPE.template.component] {
        let template: Value = serde_json::from_str(text).unwrap();
        walk("", &template["template"]["mappings"]["properties"], &mut found);
    }
    found
}

/// Whether OpenSearch takes a document whatever else it holds.
fn fits(json: &Value, typed: &[(String, String)]) {
    for (path, kind) in typed {
        let Some(value) = json.pointer(path) else { continue };
        let values = value.as_array().map_or_else(|| vec![value], |list| list.iter().collect());
        for value in values {
            let good = match kind.as_str() {
                "long" => value.is_i64(),
                "flat_object" => value.is_object(),
                "ip" => value.as_str().is_some_and(|ip| ip.parse::<std::net::IpAddr>().is_ok()),
                _ => value.is_string(),
            };
            assert!(good, "{path} is {kind}: {value}");
        }
    }
}

fn in_pieces(bytes: &[u8], limits: Limits, chunks: &[usize]) -> Loaded {
    load_type(&LOG_TYPE, &context_for(&LOG_TYPE, FLOW_KEY), bytes, limits, chunks)
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn addresses_of_digits_and_dots(text in "([0-9]{1,4}[.]{1,2}){0,4}[0-9]{0,4}") {
        let known = text.parse::<std::net::Ipv4Addr>().is_ok();
        prop_assert_eq!(siem_parsers::address::is_ip(text.as_bytes()), known, "{}", text);
    }

    #[test]
    fn every_row_is_a_document_or_a_problem(
        names in prop::collection::vec("(end|bytes|srcaddr|type|tcp-flags|[a-z@_.\"-]{1,6})", 1..12),
        rows in prop::collection::vec(prop::collection::vec("(-|1772323624|10\\.0\\.0\\.1|[!-~\u{e9}]{1,8})", 1..14), 0..12),
        piece in 1usize..400,
        chunk in 1usize..90,
    ) {
        let mut text = format!("srcaddr {}\n", names.join(" "));
        for row in &rows {
            text.push_str(&row.join(" "));
            text.push('\n');
        }
        let limits = Limits { piece, records: 3, record: 4000 };
        let whole = flows(&text);
        prop_assert_eq!(whole.docs.len() + whole.problems.len(), rows.len());
        let header = text.lines().next().unwrap().split(' ').count();
        for (line, problem) in whole.problems.iter().map(|p| (text.lines().nth(p.ordinal as usize + 1).unwrap(), p)) {
            let bare = line.split(' ').count();
            let right = match problem.problem.name() {
                "no_header" => true,
                "json_among_lines" => line.starts_with("{\""),
                _ => bare < header,
            };
            prop_assert!(right, "{} {:?}", line, problem);
        }
        let typed = typed();
        for doc in &whole.docs {
            let json = doc.json();
            fits(&json, &typed);
            prop_assert_eq!(&json["@message"], text.lines().nth(doc.ordinal as usize + 1).unwrap());
        }
        prop_assert_eq!(in_pieces(text.as_bytes(), limits, &[chunk]), whole);
    }
}

#[test]
fn mutated_objects_give_valid_lines_and_no_panic() {
    let seeds = [
        format!("{HEADER}\n{ROW}\n2 unknown eni-1 - - - - - - - 1772323200 1772323259 - SKIPDATA\n{ROW}"),
        format!("{}\n{}\n", HEADER.replace(' ', ","), ROW.replace(' ', "\",\"")),
        format!("{TRANSIT}\n{ROW}\n"),
        subscription(
            &json!([{"id": "1", "timestamp": 1, "message": ROW, "extractedFields": {"end": "1", "bytes": 3}}]),
        ),
        format!("{{\"message\":\"{ROW}\"}}{{\"end\":1772323624,\"bytes\":7,\"x\":[1]}}"),
    ];
    let (mut random, typed) = (Random(0xf10e), typed());
    let (mut docs, mut problems) = (0, 0);
    for _ in 0..3000 {
        let mut bytes = random.pick(&seeds).clone().into_bytes();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            if bytes.is_empty() {
                break;
            }
            match random.below(5) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => bytes[at] = *random.pick(b" ,\t\"\\\n\r\0-.\xff0{}[]"),
                2 => bytes.insert(at, *random.pick(b" ,\t\"\\\n-\xc3")),
                3 => drop(bytes.drain(at..(at + random.below(30)).min(bytes.len()))),
                _ if random.below(4) == 0 => bytes.truncate(at.max(1)),
                _ => drop(bytes.splice(
                    at..at,
                    random.pick(&[&b" end "[..], b"null", b"\xe2\x80\xa8", b"\n\n"]).to_vec(),
                )),
            }
        }
        let limits = Limits {
            piece: 1 + random.below(300),
            record: 1000 + random.below(2000),
            records: 1 + random.below(5) as u64,
        };
        let loaded = in_pieces(&bytes, limits, &[1 + random.below(300), 1 + random.below(70)]);
        let whole = in_pieces(&bytes, Limits { piece: usize::MAX, records: u64::MAX, ..limits }, &[]);
        assert_eq!(loaded, whole, "pieces of {limits:?}: {}", String::from_utf8_lossy(&bytes));
        for doc in &loaded.docs {
            fits(&doc.json(), &typed);
        }
        docs += loaded.docs.len();
        problems += loaded.problems.len() + loaded.split.len();
    }
    assert!(docs > 2500 && problems > 500, "{docs} documents, {problems} problems");
}
