//! What a query of the Route 53 Resolver becomes.

use serde_json::{Value, json};
use siem_parsers::{
    document::Poison,
    source::{self, route53_resolver::LOG_TYPE},
    split::Limits,
};

use crate::{
    fits,
    mutation::mutate,
    support::{Loaded, Random, context_for, load_type},
};

const KEY: &str = "AWSLogs/111122223333/vpcdnsquerylogs/vpc-7example/2021/02/04/vpc-7example_vpcdnsquerylogs_111122223333_20210204T1750Z_0123abcd.log.gz";

/// The example of the documentation, in one line:
/// <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-example-json.html>
const BLOCKED: &str = r#"{"srcaddr":"4.5.64.102","vpc_id":"vpc-7example","answers":[{"Rdata":"203.0.113.9","Type":"PTR","Class":"IN"}],"firewall_rule_group_id":"rslvr-frg-01234567890abcdef","firewall_rule_action":"BLOCK","query_name":"15.3.4.32.in-addr.arpa.","firewall_domain_list_id":"rslvr-fdl-01234567890abcdef","query_class":"IN","srcids":{"instance":"i-0d15cd0d3example"},"rcode":"NOERROR","query_type":"PTR","transport":"UDP","version":"1.100000","account_id":"111122223333","srcport":"56067","query_timestamp":"2021-02-04T17:51:55Z","region":"us-east-1"}"#;

fn load(bytes: impl AsRef<[u8]>) -> Loaded {
    load_type(&LOG_TYPE, &context_for(&LOG_TYPE, KEY), bytes.as_ref(), Limits::default(), &[])
}

/// A query with members in addition; one that comes twice replaces the first.
fn with(members: &str) -> String {
    format!(r#"{},{members}}}"#, BLOCKED.strip_suffix('}').unwrap())
}

fn document(record: impl AsRef<[u8]>) -> Value {
    load(record).one().json()
}

fn batch(messages: &[&str]) -> String {
    let events: Vec<String> = messages
        .iter()
        .enumerate()
        .map(|(at, message)| {
            json!({"id": format!("id{at}"), "timestamp": 1_612_461_115_250_i64, "message": message})
                .to_string()
        })
        .collect();
    format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"444455556666","logGroup":"/dns","logStream":"vpc-1_rslvr","subscriptionFilters":["f"],"logEvents":[{}]}}"#,
        events.join(",")
    )
}

/// The fields that es-loader's `aws.ini` maps, with what its rules give for the example of the documentation, but for
/// `cloud.instance.id`: its path finds nothing in today's records.
#[test]
fn es_loaders_fields_have_its_values() {
    let doc = document(BLOCKED);
    for (pointer, value) in [
        ("/@log_type", json!("route53resolver")),
        ("/@timestamp", json!("2021-02-04T17:51:55Z")),
        ("/@log_s3bucket", json!("aws-logs")),
        ("/@log_s3key", json!(KEY)),
        ("/event/module", json!("route53resolver")),
        ("/event/kind", json!("event")),
        ("/event/category", json!(["network"])),
        ("/cloud/provider", json!("aws")),
        ("/cloud/account/id", json!("111122223333")),
        ("/cloud/region", json!("us-east-1")),
        ("/source/address", json!("4.5.64.102")),
        ("/source/ip", json!("4.5.64.102")),
        ("/source/port", json!("56067")),
        ("/dns/question/name", json!("15.3.4.32.in-addr.arpa")),
        ("/dns/question/type", json!("PTR")),
        ("/dns/question/class", json!("IN")),
        ("/dns/response_code", json!("NOERROR")),
        ("/dns/answers/0/data", json!("203.0.113.9")),
        ("/dns/answers/0/type", json!("PTR")),
        ("/dns/answers/0/class", json!("IN")),
        ("/ecs/version", json!("1.10.0")),
    ] {
        assert_eq!(doc.pointer(pointer), Some(&value), "{pointer}");
    }
    let ips: Vec<_> = doc["related"]["ip"].as_array().unwrap().iter().collect();
    assert!(ips.contains(&&json!("4.5.64.102")));
    // The record under its own names.
    let record: Value = serde_json::from_str(BLOCKED).unwrap();
    for (name, value) in record.as_object().unwrap() {
        assert_eq!(&doc[name], value, "{name}");
    }
    assert_eq!(doc["@message"], BLOCKED);
}

/// `hashlib.md5(json.dumps(record, ensure_ascii=False).encode()).hexdigest()`
#[test]
fn the_id_is_that_of_es_loader() {
    for (record, id) in [
        (BLOCKED, "9e1a37d9d87f54cb0b8e8c81cbae10f5"),
        (
            r#"{"query_name":"b\u00fc.example.","query_timestamp":"2021-02-04T17:51:55Z","rcode":"NOERROR"}"#,
            "37882817ef49b456624d11f1a84bacbc",
        ),
        (
            r#"{ "query_name" : "bü.example." , "query_timestamp":"2021-02-04T17:51:55Z","rcode":"NOERROR" }"#,
            "37882817ef49b456624d11f1a84bacbc",
        ),
        (r#"{"query_name":"","answers":[],"n":1.0,"x":null}"#, "4bb8ab289b6761d8f676011cb1dc0e52"),
    ] {
        let loaded = load(record);
        assert_eq!((loaded.one().id(), &loaded.one().json()["@id"]), (id.to_owned(), &json!(id)), "{record}");
    }
    // Of an event of CloudWatch Logs: the message as delivered, and the event's id.
    let loaded = load(batch(&[BLOCKED]));
    assert_eq!(loaded.one().id(), "fc650b43aad9d6abe5f136a820a47042");
}

#[test]
fn the_index_is_the_month_of_the_query() {
    assert_eq!(load(BLOCKED).one().index(), "log-aws-r53resolver-2021-02");
    let late = load(with(r#""query_timestamp":"2021-01-31T23:59:59Z""#));
    assert_eq!(late.one().index(), "log-aws-r53resolver-2021-01");
}

#[test]
fn a_query_without_a_time_has_that_of_its_object_or_event() {
    for (time, note) in [
        ("null", "event_time_missing"),
        ("\"2017-03-16T19:20:177Z\"", "event_time_invalid"),
        ("5", "event_time_invalid"),
    ] {
        let doc = document(with(&format!(r#""query_timestamp":{time}"#)));
        assert_eq!(
            (&doc["@timestamp"], &doc["siem"]["notes"]),
            (&json!("2021-02-04T17:50:00Z"), &json!([note])),
            "{time}"
        );
    }
    let loaded = load(batch(&[&with(r#""query_timestamp":null"#)]));
    let doc = loaded.one().json();
    assert_eq!((&doc["@timestamp"], &doc["siem"].get("notes")), (&json!("2021-02-04T17:51:55.25Z"), &None));
}

#[test]
fn what_es_loader_does_not_write() {
    let doc = document(with(
        r#""answers":[{"Rdata":"cdn.example.net.","Type":"CNAME","Class":"IN"},{"Rdata":"192.0.2.7","Type":"A","Class":"IN"},{"Rdata":"2001:db8::7","Type":"AAAA","Class":"IN"},{"Rdata":"10 mail.example.net.","Type":"MX","Class":"IN"}]"#,
    ));
    assert_eq!(doc["cloud"]["instance"]["id"], "i-0d15cd0d3example");
    assert_eq!(
        doc["network"],
        json!({"protocol": "dns", "transport": "udp", "iana_number": "17", "type": "ipv4"})
    );
    assert_eq!(
        doc["related"],
        json!({
            "ip": ["192.0.2.7", "2001:db8::7", "4.5.64.102"],
            "hosts": ["15.3.4.32.in-addr.arpa", "cdn.example.net"]
        })
    );
    let data: Vec<_> =
        doc["dns"]["answers"].as_array().unwrap().iter().map(|a| a["data"].as_str().unwrap()).collect();
    assert_eq!(data, ["cdn.example.net", "192.0.2.7", "2001:db8::7", "10 mail.example.net"]);
}

#[test]
fn the_outcome_is_that_of_the_answer_and_of_the_firewall() {
    for (members, outcome, types) in [
        (r#""firewall_rule_action":null"#, "success", json!(["protocol"])),
        (r#""firewall_rule_action":null,"rcode":"NXDOMAIN""#, "failure", json!(["protocol"])),
        (r#""firewall_rule_action":null,"rcode":null"#, "unknown", json!(["protocol"])),
        (r#""firewall_rule_action":"ALERT""#, "success", json!(["protocol", "allowed"])),
        (r#""firewall_rule_action":"BLOCK""#, "failure", json!(["protocol", "denied"])),
        (r#""firewall_rule_action":["BLOCK"]"#, "success", json!(["protocol"])),
    ] {
        let doc = document(with(members));
        assert_eq!((&doc["event"]["outcome"], &doc["event"]["type"]), (&json!(outcome), &types), "{members}");
    }
}

#[test]
fn what_is_no_address_or_port_stays_out_of_ecs() {
    for (members, absent) in [
        (r#""srcaddr":"not-an-address""#, "/source/ip"),
        (r#""srcaddr":"10.0.0.256""#, "/source/ip"),
        (r#""srcport":"65536""#, "/source/port"),
        (r#""srcport":"-1""#, "/source/port"),
        (r#""srcport":"""#, "/source/port"),
        (r#""srcport":{"a":1}"#, "/source/port"),
        (r#""srcaddr":null"#, "/source"),
        (r#""srcaddr":null"#, "/network/type"),
        (r#""transport":"DoH""#, "/network/transport"),
        (r#""answers":"none""#, "/dns/answers"),
        (r#""answers":[]"#, "/dns/answers"),
        (r#""answers":[{"Rdata":""},{},1,null,[{"Rdata":"x"}]]"#, "/dns/answers"),
        (r#""query_name":".""#, "/dns/question/name"),
        (r#""query_name":{"x":1}"#, "/dns/question/name"),
        (r#""srcids":"i-1""#, "/cloud/instance"),
        (r#""srcids":[{"instance":"i-1"}]"#, "/cloud/instance"),
    ] {
        let doc = document(with(members));
        let found = if absent == "/source" { doc.pointer("/source/address") } else { doc.pointer(absent) };
        assert_eq!(found, None, "{members}");
    }
    assert_eq!(document(with(r#""srcaddr":"not-an-address""#))["source"]["address"], "not-an-address");
    assert_eq!(document(with(r#""srcport":53"#))["source"]["port"], "53");
}

#[test]
fn values_of_another_shape_are_kept_and_never_under_a_typed_field() {
    let doc = document(with(
        r#""version":{"a":1},"answers":["x",{"Rdata":{"b":2}}],"srcids":"i-1","query_timestamp":7,"firewall_future_field":{"c":3},"dns":"mine","@id":"mine""#,
    ));
    let flat = &doc["siem"]["flat"];
    assert_eq!(flat["version"], json!({"a": 1}));
    assert_eq!(flat["firewall_future_field"], json!({"c": 3}));
    assert_eq!((&flat["dns"], &flat["@id"]), (&json!("mine"), &json!("mine")));
    assert_eq!((&doc["srcids"], &flat["srcids"]), (&json!({"value": "i-1"}), &json!("i-1")));
    assert_eq!(doc.get("query_timestamp"), None);
    assert_eq!(doc.get("version"), None);
    assert_eq!(doc["answers"], json!({"value": ["x", {"Rdata": {"b": 2}}]}));
    assert_ne!(doc["@id"], "mine");
    assert_eq!(doc["dns"]["question"]["type"], "PTR");
}

#[test]
fn account_and_region_come_from_the_record_then_from_the_delivery_then_from_the_key() {
    let place = |doc: &Value| (doc["cloud"]["account"]["id"].clone(), doc["cloud"]["region"].clone());
    let other = with(r#""account_id":"777788889999","region":"eu-west-1""#);
    assert_eq!(place(&document(&other)), (json!("777788889999"), json!("eu-west-1")));
    let none = with(r#""account_id":null,"region":null"#);
    // The key of a query log has no region.
    assert_eq!(place(&document(&none)), (json!("111122223333"), json!("unknown")));
    assert_eq!(place(&load(batch(&[&none])).one().json()), (json!("444455556666"), json!("unknown")));
    let loaded = load_type(&LOG_TYPE, &context_for(&LOG_TYPE, "x"), none.as_bytes(), Limits::default(), &[]);
    assert_eq!(place(&loaded.one().json()), (json!("unknown"), json!("unknown")));
}

#[test]
fn every_layout_gives_the_same_documents() {
    let two = with(r#""query_name":"example.com.""#);
    let ids = |loaded: &Loaded| {
        assert_eq!((&loaded.problems[..], &loaded.split[..]), (&[][..], &[][..]));
        loaded.docs.iter().map(|doc| doc.id()).collect::<Vec<_>>()
    };
    let lines = ids(&load(format!("{BLOCKED}\n{two}\n")));
    assert_eq!(lines.len(), 2);
    for layout in [
        format!("{BLOCKED}\n{two}"),
        format!("{BLOCKED}{two}"),
        format!("\u{feff}\r\n{BLOCKED}\r\n\r\n{two}\r\n"),
        format!("[{BLOCKED},{two}]"),
    ] {
        assert_eq!(ids(&load(&layout)), lines, "{layout}");
    }
}

#[test]
fn events_of_cloudwatch_logs_become_a_document_each() {
    let control = r#"{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE"}]}"#;
    let loaded = load(format!("{control}{}{}", batch(&[BLOCKED, "hello", "[1]", BLOCKED]), batch(&[])));
    let parts: Vec<_> =
        loaded.docs.iter().map(|doc| (doc.ordinal, doc.json()["siem"]["part"].clone())).collect();
    assert_eq!(parts, [(1, json!(0)), (1, json!(3))]);
    assert!(matches!(
        loaded.problems.iter().map(|p| (p.ordinal, p.problem)).collect::<Vec<_>>()[..],
        [(1, Poison::Json(_)), (1, Poison::NotAnObject)]
    ));
    let doc = loaded.docs[0].json();
    assert_eq!((&doc["@log_group"], &doc["@log_stream"]), (&json!("/dns"), &json!("vpc-1_rslvr")));
    assert_eq!(doc["@message"], BLOCKED);
    assert_eq!(doc["dns"]["question"]["name"], "15.3.4.32.in-addr.arpa");
    let broken = load(
        r#"{"messageType":"DATA_MESSAGE","logGroup":"g","logEvents":"none"}{"messageType":"DATA_MESSAGE","logGroup":"g","logEvents":[{"id":"1"},7]}"#,
    );
    assert_eq!(broken.problems.len(), 3, "{:?}", broken.problems);
    assert!(broken.problems[0].to_string().ends_with("`logEvents` of the event holds no record"));
}

#[test]
fn a_query_in_a_member_called_message_is_found() {
    let wrapped = json!({ "message": BLOCKED }).to_string();
    let loaded = load(&wrapped);
    assert_eq!(loaded.one().json()["dns"]["question"]["type"], "PTR");
    assert_eq!(load(r#"{"message":"hello"}"#).problems.len(), 1);
}

#[test]
fn bad_records_are_told_and_their_neighbours_kept() {
    let loaded = load(format!("{BLOCKED}\n17\n{{\"query_name\":\n{BLOCKED}\nhello\n"));
    assert_eq!(loaded.docs.len(), 2);
    assert!(loaded.problems.len() >= 2, "{:?}", loaded.problems);
    for problem in &loaded.problems {
        assert!(problem.to_string().starts_with("record "), "{problem}");
    }
}

#[test]
fn key_and_content_say_what_it_is() {
    let key = source::read_key(KEY);
    assert_eq!((key.log_type, key.account.as_deref()), (Some("route53resolver"), Some("111122223333")));
    for content in [BLOCKED.to_owned(), batch(&[BLOCKED]), format!("[{BLOCKED}]")] {
        let found = source::recognise(&source::read_key("dns/x"), content.as_bytes());
        assert_eq!(found.log_type, Some("route53resolver"), "{content}");
    }
}

#[test]
fn thousands_of_answers_are_no_matter() {
    let answer = |at: usize| format!(r#"{{"Rdata":"host{at}.example.","Type":"CNAME","Class":"IN"}}"#);
    let answers: Vec<String> = (0..20_000).map(answer).collect();
    let doc = document(with(&format!(r#""answers":[{}]"#, answers.join(","))));
    assert_eq!(doc["related"]["hosts"].as_array().unwrap().len(), 20_001);
}

/// Documents without their ordinals, and where problems are. Scalars between broken values shift the ordinals of
/// what follows by where a piece ends.
fn essence(loaded: &Loaded) -> (Vec<Value>, Vec<u64>) {
    let without_ordinal = |mut doc: Value| {
        doc["siem"].as_object_mut().unwrap().remove("ordinal");
        doc
    };
    let docs = loaded.docs.iter().map(|doc| without_ordinal(doc.json())).collect();
    (docs, loaded.problems.iter().map(|problem| problem.offset).collect())
}

#[test]
fn mutated_objects_give_the_same_documents_whatever_the_pieces() {
    let object = context_for(&LOG_TYPE, KEY);
    let seeds = [
        format!(
            "{BLOCKED}\n{}\n",
            with(r#""answers":[{"Rdata":"a\u00e9.","Type":"CNAME"},{"Rdata":"::1"}]"#)
        ),
        format!("{}{BLOCKED}", batch(&[BLOCKED, &with(r#""srcport":1,"x":[[]]"#)])),
        json!({ "message": BLOCKED }).to_string(),
    ];
    let mut random = Random(0xd05);
    let mut docs = 0;
    for _ in 0..1500 {
        let mut bytes = random.pick(&seeds).clone().into_bytes();
        mutate(&mut random, &mut bytes);
        let limits =
            Limits { piece: 1 + random.below(1500), record: 3000, records: 1 + random.below(50) as u64 };
        let loaded =
            load_type(&LOG_TYPE, &object, &bytes, limits, &[1 + random.below(300), 1 + random.below(70)]);
        let whole = load_type(
            &LOG_TYPE,
            &object,
            &bytes,
            Limits { piece: usize::MAX, records: u64::MAX, ..limits },
            &[],
        );
        assert_eq!(essence(&loaded), essence(&whole), "{}", String::from_utf8_lossy(&bytes));
        docs += loaded.docs.len();
        for doc in &loaded.docs {
            fits::check(&LOG_TYPE, &doc.json(), &["source.port"]);
        }
    }
    assert!(docs > 1000, "{docs} documents");
}
