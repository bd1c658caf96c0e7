//! First bytes of objects: each log in each of its forms, cut off anywhere, and against the key.

use proptest::prelude::*;
use siem_parsers::{
    key::KeyInfo,
    recognise::{
        BY_CONTENT, HEAD, Head, Recognised, Shape,
        content::{CONTROL_MESSAGE, DIGEST, FIREHOSE_ERROR},
        decide,
    },
};

use crate::{
    marks::{LOOKS, TYPES, read},
    support::cases,
};

const ROW: &str = "2 111122223333 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK";
const HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
const GATEWAY: &str = "6 TransitGateway 111122223333 tgw-1 tgw-attach-1 111122223333 111122223333 vpc-1 vpc-2 subnet-1 subnet-2 eni-1 eni-2 use1-az1 use1-az2 tgw-attach-2 10.0.0.1 10.0.0.2 1 2 6 1 2 3 4 OK IPv4 0 0 0 0 0 us-east-1 ingress - -";
const EVENT: &str = r#"{"eventVersion":"1.08","userIdentity":{"type":"Root","a":{"b":[1,"]}\"",null]}},"eventTime":"2026-03-01T00:00:00Z","eventSource":"sts.amazonaws.com","eventName":"GetCallerIdentity"}"#;
const AGGREGATED: &str = r#"{"eventVersion":"1.0","accountId":"111122223333","eventId":"e","eventCategory":"Aggregated","eventType":"AwsAggregatedEvent","awsRegion":"us-west-2","eventSource":"s3.amazonaws.com"}"#;
const FINDING: &str = r#"{"schemaVersion":"2.0","accountId":"111122223333","region":"us-east-1","partition":"aws","id":"i","arn":"arn:aws:guardduty:us-east-1:111122223333:detector/d/finding/i","type":"Execution:EC2/MaliciousFile","resource":{"resourceType":"Instance"},"service":{"detectorId":"d"},"severity":8}"#;
const ASFF: &str = r#"{"SchemaVersion":"2018-10-08","Id":"i","ProductArn":"arn:aws:securityhub:us-east-1::product/aws/guardduty","GeneratorId":"g","AwsAccountId":"111122223333","Types":[],"Title":"t"}"#;
const OCSF: &str =
    r#"{"class_uid":2004,"metadata":{"version":"1.6.0"},"finding_info":{"uid":"u"},"severity_id":4}"#;
const QUERY: &str = r#"{"version":"1.100000","account_id":"111122223333","region":"us-east-1","vpc_id":"vpc-1","query_timestamp":"2026-03-01T00:00:00Z","query_name":"example.com.","query_type":"A","rcode":"NOERROR","srcaddr":"10.0.0.1","srcport":"5"}"#;
const CONFIG: &str = r#"{"fileVersion":"1.0","configSnapshotId":"s","configurationItems":[{"relatedEvents":[],"configurationItemVersion":"1.3","configurationItemCaptureTime":"2026-03-01T00:00:00Z","resourceType":"AWS::EC2::Instance"}]}"#;
const DIGEST_FILE: &str = r#"{"awsAccountId":"111122223333","digestStartTime":"2026-03-01T00:00:00Z","digestEndTime":"2026-03-01T01:00:00Z","digestS3Bucket":"b","logFiles":[]}"#;
const FAILED: &str = r#"{"attemptsMade":4,"arrivalTimestamp":1772323200000,"errorCode":"Lambda.FunctionError","errorMessage":"m","attemptEndingTimestamp":1772323200001,"rawData":"eyJzY2hlbWFWZXJzaW9uIjoiMi4wIn0=","lambdaArn":"a"}"#;
const CONTROL: &str = r#"{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}"#;

fn batch(message: &str) -> String {
    let message = serde_json::to_string(message).unwrap();
    format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"g","logStream":"s","subscriptionFilters":["f"],"logEvents":[{{"id":"1","timestamp":1772323200000,"message":{message}}}]}}"#
    )
}

fn event_bridge(source: &str, kind: &str, detail: &str) -> String {
    format!(
        r#"{{"version":"0","id":"c32b","detail-type":"{kind}","source":"{source}","account":"111122223333","time":"2026-03-01T00:01:29Z","region":"us-east-1","resources":[],"detail":{detail}}}"#
    )
}

/// Every log in every form that its content can be told by.
fn samples() -> Vec<(&'static str, String)> {
    let named = |name, forms: Vec<String>| forms.into_iter().map(move |form| (name, form));
    let cloudtrail = vec![
        format!(r#"{{"Records":[{EVENT},{EVENT}]}}"#),
        format!(r#"{{"Records":[{AGGREGATED}]}}"#),
        format!("[{EVENT}]"),
        format!("[[{AGGREGATED}]]"),
        format!("\u{feff}\n {{ \"other\" : 1 , \"Records\" : [ {EVENT} ] }}"),
    ];
    let fields: Vec<&str> = HEADER.split(' ').collect();
    let reversed: Vec<&str> = fields.iter().rev().copied().collect();
    let vpcflowlogs = vec![
        format!("{HEADER}\n{ROW}\n"),
        format!("{}\r\n1,2\r\n", fields.join(",")),
        format!("{}\n", reversed.join("\t")),
        format!(
            "{}\n",
            fields.iter().map(|f| format!("\"{}\"", f.replace('-', "_"))).collect::<Vec<_>>().join(",")
        ),
        "srcaddr dstaddr\n".to_owned(),
        format!("{HEADER} a-field-of-tomorrow\n"),
        "resource-type account-id tgw-id tgw-attachment-id packets-lost-blackhole\n".to_owned(),
        format!("{ROW}\n{ROW}"),
        format!("2026-03-01T00:00:00.000Z {ROW}\n"),
        "2 111122223333 eni-1 - - - - - - - 1431280876 1431280934 - NODATA\n".to_owned(),
        "2 unknown eni-1 - - - - - - - 1431280876 1431280934 - SKIPDATA\n".to_owned(),
        format!("{GATEWAY}\n"),
        r#"{"version":2,"account_id":"1","interface_id":"eni-1","srcaddr":"10.0.0.1","dstaddr":"10.0.0.2"}"#
            .to_owned(),
        r#"[{"pkt-srcaddr":"10.0.0.1","pkt-dstaddr":"10.0.0.2"}]"#.to_owned(),
        format!(r#"{{"message":"{ROW}"}}{{"message":"{ROW}"}}"#),
        batch(ROW),
        batch(GATEWAY),
        format!("{CONTROL}\n{CONTROL}{}", batch(ROW)),
    ];
    let guardduty = vec![
        format!("{FINDING}\n{FINDING}\n"),
        format!("{FINDING}{FINDING}"),
        format!("[{FINDING}]"),
        event_bridge("aws.guardduty", "GuardDuty Finding", FINDING),
        event_bridge("my.relay", "relayed", FINDING),
    ];
    let listed = format!(r#"{{"findings":[{ASFF}]}}"#);
    let securityhub = vec![
        ASFF.to_owned(),
        format!("[{ASFF}]"),
        format!(r#"{{"Findings":[{ASFF}]}}"#),
        event_bridge("aws.securityhub", "Security Hub Findings - Imported", &listed),
        event_bridge("aws.securityhub", "Security Hub Findings - Custom Action", &listed),
        event_bridge("my.relay", "relayed", &listed),
        event_bridge("aws.securityhub", "Findings Imported V2", &format!(r#"{{"findings":[{OCSF}]}}"#)),
        OCSF.to_owned(),
    ];
    let resolver = vec![format!("{QUERY}\n{QUERY}\n"), batch(QUERY), format!("{CONTROL}{}", batch(QUERY))];
    let config = vec![CONFIG.to_owned(), CONFIG.replace(':', " : ")];
    named("cloudtrail", cloudtrail)
        .chain(named("vpcflowlogs", vpcflowlogs))
        .chain(named("guardduty", guardduty))
        .chain(named("securityhub", securityhub))
        .chain(named("route53resolver", resolver))
        .chain(named("config", config))
        .collect()
}

/// A key that names a log type, or none.
fn key_of(name: Option<&str>) -> KeyInfo {
    let marks = name.and_then(|name| TYPES.iter().find(|(known, _)| *known == name));
    match marks {
        Some((_, marks)) => {
            read(&format!("AWSLogs/111122223333/{}/us-east-1/2026/03/01/x", marks.services[0]))
        }
        None => read("somewhere/2026/03/01/00/x"),
    }
}

fn decided(name: Option<&str>, bytes: &[u8]) -> Recognised {
    decide(&key_of(name), &Head::of(bytes), &LOOKS)
}

#[test]
fn every_form_of_every_log_is_told_by_its_content_and_by_no_other() {
    for (name, sample) in samples() {
        if !sample.starts_with(CONTROL) {
            let head = Head::of(sample.as_bytes());
            let yes: Vec<&str> =
                LOOKS.iter().filter(|(_, look)| look(&head)).map(|(name, _)| *name).collect();
            assert_eq!(yes, [name], "{sample}");
        }
        let by_content =
            Recognised { log_type: Some(name), by: BY_CONTENT, not_loaded: None, mismatch: None };
        assert_eq!(decided(None, sample.as_bytes()), by_content, "{sample}");
        for (other, _) in TYPES.iter() {
            let found = decided(Some(other), sample.as_bytes());
            assert_eq!((found.log_type, found.not_loaded), (Some(name), None), "{sample}");
            assert_eq!(found.by == BY_CONTENT, *other != name, "{sample}");
            let mismatch = (*other != name).then(|| format!("the key says {other}, the content is {name}"));
            assert_eq!(found.mismatch, mismatch, "{sample}");
        }
    }
}

#[test]
fn a_head_cut_off_anywhere_is_never_taken_for_another_log() {
    for (name, sample) in samples() {
        let mut right = 0;
        for end in 0..=sample.len() {
            let found = decided(None, &sample.as_bytes()[..end]);
            let control = found.not_loaded == Some(CONTROL_MESSAGE);
            assert!(
                found.not_loaded.is_none() || control && sample.starts_with(CONTROL),
                "{end} of {sample}"
            );
            match found.log_type {
                Some(seen) => {
                    assert_eq!(seen, name, "{end} of {sample}");
                    right += 1;
                }
                None => assert!(end < sample.len(), "{sample}"),
            }
        }
        assert!(right > 0);
    }
}

#[test]
fn what_holds_no_records_is_not_loaded_under_any_key() {
    for (bytes, why) in [(DIGEST_FILE, DIGEST), (FAILED, FIREHOSE_ERROR), (CONTROL, CONTROL_MESSAGE)] {
        for name in [None].into_iter().chain(TYPES.iter().map(|(name, _)| Some(*name))) {
            let found = decided(name, bytes.as_bytes());
            let expected =
                Recognised { log_type: name, by: BY_CONTENT, not_loaded: Some(why), mismatch: None };
            assert_eq!(found, expected, "{bytes}");
        }
    }
}

#[test]
fn a_key_that_says_not_loaded_is_believed_whatever_the_content() {
    let key = read("AWSLogs/111122223333/SecurityHub/us-east-1/error/2026/03/01/x");
    for (_, sample) in samples() {
        let found = decide(&key, &Head::of(sample.as_bytes()), &LOOKS);
        assert_eq!((found.log_type, found.not_loaded), (Some("securityhub"), key.not_loaded));
    }
}

#[test]
fn an_empty_object_is_no_log_and_no_mismatch() {
    for bytes in [&b""[..], b" \n\t\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf \n"] {
        for name in [None, Some("cloudtrail"), Some("vpcflowlogs")] {
            let found = decided(name, bytes);
            assert_eq!((found.log_type, found.not_loaded, found.mismatch), (None, None, None));
            assert_eq!(Head::of(bytes).shape(), Shape::Empty);
        }
    }
}

#[test]
fn empty_containers_are_no_mismatch() {
    for bytes in ["{}", " [ ] \n", r#"{"Records":[]}"#, r#"{"Records" : [ ], "x":{}}"#] {
        assert!(Head::of(bytes.as_bytes()).holds_nothing(), "{bytes}");
        let found = decided(Some("cloudtrail"), bytes.as_bytes());
        assert_eq!((found.log_type, found.mismatch), (Some("cloudtrail"), None), "{bytes}");
        assert_eq!(decided(None, bytes.as_bytes()), Recognised::default(), "{bytes}");
    }
    for bytes in ["{", "[", r#"{"Records":[1]}"#, r#"{"Records":["#, "{}x", "[[]", "[] 1", r#"{"a":null}"#] {
        assert!(!Head::of(bytes.as_bytes()).holds_nothing(), "{bytes}");
    }
}

#[test]
fn what_looks_like_no_known_log_keeps_the_type_of_its_key_and_is_told() {
    for bytes in [
        "{\"hello\":1}",
        "hello",
        "\u{1}\u{2}",
        "[1]",
        "10.0.0.1 10.0.0.2 6\n",
        "start end\n",
        r#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventTime":"t","eventName":"ObjectCreated:Put","s3":{}}]}"#,
        r#"{"Records":[{"messageId":"m","eventSource":"aws:sqs","awsRegion":"us-east-1"}]}"#,
        &event_bridge("aws.guardduty", "AWS API Call via CloudTrail", EVENT),
        &event_bridge("aws.securityhub", "Security Hub Insight Results", r#"{"insightResults":[]}"#),
        &event_bridge("aws.inspector2", "Inspector2 Finding", r#"{"findingArn":"a"}"#),
        &batch("hello"),
    ] {
        assert_eq!(decided(None, bytes.as_bytes()), Recognised::default(), "{bytes}");
        for (name, _) in TYPES.iter() {
            let found = decided(Some(name), bytes.as_bytes());
            assert_eq!((found.log_type, found.not_loaded), (Some(*name), None), "{bytes}");
            let told = format!("the key says {name}, the content looks like no known log");
            assert_eq!(found.mismatch, Some(told), "{bytes}");
        }
    }
}

#[test]
fn parquet_is_what_its_key_says() {
    let bytes = b"PAR1\x15\x04\x15\x10";
    assert_eq!(Head::of(bytes).shape(), Shape::Parquet);
    let found = decided(Some("vpcflowlogs"), bytes);
    assert_eq!((found.log_type, found.mismatch), (Some("vpcflowlogs"), None));
    assert_eq!(decided(None, bytes), Recognised::default());
}

#[test]
fn shapes_are_told_by_the_first_line() {
    for (bytes, shape) in [
        (&b"{"[..], Shape::Json),
        (b"\xef\xbb\xbf\r\n [", Shape::JsonList),
        (b"a\tb\n\x00", Shape::Text),
        (b"caf\xc3", Shape::Text),
        (b"caf\xc3\xc3\n", Shape::Binary),
        (b"\x1f\x8b\x08", Shape::Binary),
        (b"\xff\xfe{\x00", Shape::Binary),
        (b"PAR", Shape::Text),
    ] {
        assert_eq!(Head::of(bytes).shape(), shape, "{bytes:?}");
    }
}

#[test]
fn members_are_found_as_far_as_the_bytes_go() {
    let text = r#"{"a\u0062":"x\n\"y","n":-1.5e3,"t":true,"o":{"d":[[{"e":"deep"}]]},"l":[],"s":"{\"in\":1}","n":2,"cut":"abc"#;
    let head = Head::of(text.as_bytes());
    let texts: Vec<_> = ["ab", "n", "t", "o", "l", "cut", "x"].iter().map(|k| head.text(k)).collect();
    let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
    assert_eq!(texts, [Some("x\n\"y"), Some("2"), Some("true"), None, None, None, None]);
    assert!(head.has("cut") && !head.has("x"));
    assert_eq!(head.below(&["o", "d", "e"]).unwrap().first_line(), "deep");
    assert_eq!(head.below(&["s"]).unwrap().text("in").as_deref(), Some("1"));
    assert_eq!(head.below(&["cut"]).unwrap().first_line(), "abc");
    for path in [&["l"][..], &["x"], &["o", "x"], &["n", "x"], &["o", "d", "e", "f"]] {
        assert!(head.below(path).is_none(), "{path:?}");
    }
    assert!(head.behind().is_none());
    let two = Head::of(b"{\"a\":1}\n {\"b\":2}\n");
    assert!(two.behind().unwrap().has("b") && two.behind().unwrap().behind().is_none());
}

#[test]
fn only_the_head_is_looked_at_and_depth_costs_nothing() {
    let deep = "[".repeat(1 << 20);
    assert_eq!(Head::of(deep.as_bytes()).bytes().len(), HEAD);
    assert_eq!(decided(None, deep.as_bytes()), Recognised::default());
    let deep = "{\"detail\":".repeat(1 << 17);
    assert_eq!(decided(None, deep.as_bytes()), Recognised::default());
    let late = format!(r#"{{"pad":"{}","attemptsMade":1,"rawData":""}}"#, "x".repeat(HEAD));
    assert_eq!(decided(None, late.as_bytes()), Recognised::default());
    let controls = CONTROL.repeat(HEAD / CONTROL.len());
    assert_eq!(decided(None, controls.as_bytes()).log_type, None);
}

/// Everything that can be asked of a head.
fn ask(bytes: &[u8]) {
    let head = Head::of(bytes);
    let _ = (head.first_line(), head.holds_nothing(), head.behind());
    for path in
        [&[][..], &["Records"], &["detail", "findings"], &["logEvents", "message"], &["a", "a", "a"], &[""]]
    {
        if let Some(below) = head.below(path) {
            let _ = (below.text("a"), below.first_line(), below.behind(), below.holds_nothing());
        }
    }
    for name in [None, Some("cloudtrail")] {
        let _ = decided(name, bytes);
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn any_bytes_are_looked_at_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        ask(&bytes);
    }

    #[test]
    fn pieces_of_json_in_any_order_are_looked_at_without_panic(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", ":", ",", "\"", "\\", "\"a\":", "\"Records\":[", "\"detail\":{", "\"findings\":", "1",
                "null", "\\u", "\\ud800", "é", " ", "\n", "\u{feff}", "PAR1", "\"logEvents\":[{\"message\":\"",
                "\"messageType\":\"CONTROL_MESSAGE\",\"logGroup\":1,\"owner\":1", "{}", "[]", "{\"a\":{\"a\":[{\"a\":\"",
            ]),
            0..40,
        ),
    ) {
        ask(parts.concat().as_bytes());
    }

    #[test]
    fn a_sample_with_any_byte_changed_is_looked_at_without_panic(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let samples = samples();
        let mut bytes = which.get(&samples).1.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        ask(&bytes);
    }

    #[test]
    fn white_space_and_a_mark_in_front_change_nothing(space in "[ \t\r\n]{0,20}", which in any::<prop::sample::Index>()) {
        let samples = samples();
        let (name, sample) = which.get(&samples);
        let bytes = format!("\u{feff}{space}{}", sample.trim_start_matches('\u{feff}'));
        prop_assert_eq!(decided(None, bytes.as_bytes()).log_type, Some(*name));
    }
}
