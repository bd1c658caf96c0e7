//! Flow logs of VPCs and transit gateways: what a row becomes.

use serde_json::{Value, json};
use siem_parsers::{source::vpc_flow_log::LOG_TYPE, split::Limits};

use crate::support::{Doc, Loaded, context_for, load_type};

pub(crate) const FLOW_KEY: &str = "AWSLogs/111122223333/vpcflowlogs/ap-northeast-1/2026/03/01/\
111122223333_vpcflowlogs_ap-northeast-1_fl-0123456789abcdef0_20260301T0005Z_0a1b2c3d.log.gz";

pub(crate) const HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets \
bytes start end action log-status";

pub(crate) const ROW: &str =
    "2 777788889999 eni-1 119.165.159.101 10.1.25.235 13302 443 6 1 955 1772323569 1772323624 ACCEPT OK";

/// All columns of version 10.
const ALL: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start \
end action log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id \
sublocation-type sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path \
ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn ecs-container-instance-id ecs-container-id \
ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id reject-reason \
resource-id encryption-status";

pub(crate) const TRANSIT: &str = "version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id \
tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni \
tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end \
log-status type packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired \
tcp-flags region flow-direction pkt-src-aws-service pkt-dst-aws-service";

const TRANSIT_ROW: &str = "6 TransitGateway 111122223333 tgw-1 tgw-attach-1 222233334444 333344445555 vpc-1 vpc-2 \
subnet-1 subnet-2 eni-1 eni-2 euc1-az1 euc1-az2 tgw-attach-2 10.0.0.1 10.1.0.1 50000 443 6 10 5000000000 1772323569 \
1772323624 OK IPv4 1 2 3 0 2 eu-central-1 ingress - -";

pub(crate) fn flows(bytes: impl AsRef<[u8]>) -> Loaded {
    load_type(&LOG_TYPE, &context_for(&LOG_TYPE, FLOW_KEY), bytes.as_ref(), Limits::default(), &[])
}

/// The document of one row under a header.
fn row(header: &str, row: &str) -> Value {
    flows(format!("{header}\n{row}\n")).one().json()
}

/// The document of a row of the default format with one field replaced.
fn with(place: usize, value: &str) -> Doc {
    let mut fields: Vec<&str> = ROW.split(' ').collect();
    fields[place] = value;
    flows(format!("{HEADER}\n{}\n", fields.join(" "))).one().clone()
}

#[test]
fn a_row_of_the_default_format() {
    let loaded = flows(format!("{HEADER}\n{ROW}\n"));
    let doc = loaded.one();
    assert_eq!(doc.index(), "log-aws-vpcflowlogs-2026-03");
    let mut json = doc.json();
    assert_eq!(
        json["siem"].as_object_mut().unwrap().remove("loader_version").map(|v| v.is_string()),
        Some(true)
    );
    assert_eq!(
        json,
        json!({
            "@id": doc.id(), "@message": ROW, "@timestamp": "2026-03-01T00:07:04Z", "@log_type": "vpcflowlogs",
            "@log_s3bucket": "aws-logs", "@log_s3key": FLOW_KEY, "ecs": {"version": "1.10.0"},
            "version": "2", "account_id": "777788889999", "interface_id": "eni-1",
            "srcaddr": "119.165.159.101", "dstaddr": "10.1.25.235", "srcport": "13302", "dstport": "443",
            "protocol": "6", "packets": 1, "bytes": 955, "start": "1772323569", "end": "1772323624",
            "action": "ACCEPT", "log_status": "OK",
            "event": {"module": "vpcflowlogs", "kind": "event", "category": ["network"], "action": "ACCEPT",
                "type": ["connection", "allowed"], "outcome": "success", "ingested": "2024-01-02T03:06:00Z"},
            "cloud": {"provider": "aws", "account": {"id": "777788889999"}, "region": "ap-northeast-1"},
            "related": {"ip": ["119.165.159.101", "10.1.25.235"]},
            "source": {"address": "119.165.159.101", "ip": "119.165.159.101", "port": 13302, "bytes": 955,
                "packets": 1},
            "destination": {"address": "10.1.25.235", "ip": "10.1.25.235", "port": 443},
            "network": {"bytes": 955, "packets": 1, "iana_number": "6", "transport": "tcp"},
            "siem": {"ordinal": 0, "s3": {"version_id": "v1", "etag": "0123456789abcdef"}},
        })
    );
}

#[test]
fn the_id_is_the_md5_of_the_line() {
    let line = "2 111122223333 eni-1 - - - - - - - 1772323200 1772323259 - NODATA";
    let doc = flows(format!("{HEADER}\r\n  {line} \r\n")).one().clone();
    assert_eq!(doc.id(), "b0b8c6374fe0ab4e299ec8d27e6df47c", "as es-loader has it");
    assert_eq!(doc.json()["@message"], line);
}

#[test]
fn a_row_without_a_flow_keeps_its_status_only() {
    let json = row(HEADER, "2 unknown eni-1 - - - - - - - 1772323200 1772323259 - SKIPDATA");
    assert_eq!(json["log_status"], "SKIPDATA");
    assert_eq!((&json["event"]["outcome"], json["event"].get("type")), (&json!("unknown"), None));
    assert_eq!(json["cloud"]["account"]["id"], "111122223333", "that of the key");
    assert_eq!(json["account_id"], "unknown");
    for name in ["source", "destination", "network", "related", "srcaddr", "bytes", "action"] {
        assert_eq!(json.get(name), None, "{name}");
    }
}

#[test]
fn all_columns_of_version_10_are_typed() {
    let values: Vec<String> = ALL
        .split(' ')
        .map(|name| match name {
            "version" => "10".to_owned(),
            "account-id" => "777788889999".to_owned(),
            "srcaddr" | "pkt-srcaddr" => "10.0.0.1".to_owned(),
            "dstaddr" => "2001:db8::1".to_owned(),
            "pkt-dstaddr" => "192.0.2.7".to_owned(),
            "end" => "1772323624".to_owned(),
            "packets" | "bytes" | "srcport" | "dstport" => "7".to_owned(),
            "protocol" => "58".to_owned(),
            "tcp-flags" => "18".to_owned(),
            "type" => "IPv6".to_owned(),
            "region" => "eu-west-1".to_owned(),
            "action" => "REJECT".to_owned(),
            "flow-direction" => "egress".to_owned(),
            other => format!("v-{other}"),
        })
        .collect();
    let json = row(ALL, &values.join(" "));
    for (name, value) in ALL.split(' ').zip(&values) {
        let number = matches!(name, "packets" | "bytes");
        let value = if number { json!(7) } else { json!(value) };
        assert_eq!(json[name.replace('-', "_")], value, "{name}");
    }
    assert_eq!(json["siem"].get("flat"), None, "{}", json["siem"]);
    assert_eq!(json["siem"]["tcp_flags"], json!(["syn", "ack"]));
    assert_eq!(
        json["cloud"],
        json!({"provider": "aws", "account": {"id": "777788889999"}, "instance": {"id": "v-instance-id"},
            "region": "eu-west-1"})
    );
    assert_eq!(
        json["network"],
        json!({"bytes": 7, "packets": 7, "iana_number": "58", "transport": "ipv6-icmp", "direction": "egress",
            "type": "ipv6"})
    );
    assert_eq!(json["related"]["ip"], json!(["10.0.0.1", "2001:db8::1", "192.0.2.7"]));
    assert_eq!((&json["event"]["outcome"], &json["event"]["type"][1]), (&json!("failure"), &json!("denied")));
}

#[test]
fn flows_through_a_transit_gateway() {
    let with_header = flows(format!("{TRANSIT}\n{TRANSIT_ROW}\n")).one().clone();
    let json = with_header.json();
    assert_eq!(
        (&json["@log_type"], &json["event"]["module"]),
        (&json!("transit-gateway"), &json!("vpcflowlogs"))
    );
    assert_eq!(json["event"].get("outcome"), None, "a gateway accepts nothing and rejects nothing");
    assert_eq!(json["event"]["type"], json!(["connection"]));
    assert_eq!(
        (&json["bytes"], &json["packets_lost_no_route"], &json["packets_lost_mtu_exceeded"]),
        (&json!(5_000_000_000_u64), &json!(1), &json!(3))
    );
    assert_eq!(json["network"]["bytes"], json!(5_000_000_000_u64));
    assert_eq!(json["cloud"]["region"], "eu-central-1");
    assert_eq!(json["siem"].get("flat"), None);
    assert_eq!(json["@log_s3key"], FLOW_KEY);
    // The same without a header.
    let bare = flows(TRANSIT_ROW).one().clone();
    assert_eq!((bare.id(), bare.json()), (with_header.id(), json));
}

#[test]
fn rows_without_a_header_are_of_a_default_format_or_refused() {
    let expected = flows(format!("{HEADER}\n{ROW}\n")).one().clone();
    assert_eq!(flows(format!("{ROW}\n")).one(), &expected);
    assert_eq!(flows(ROW).one().source, expected.source);
    // As CloudWatch Logs exports it: the same row, so the same id.
    let line = format!("2026-03-01T00:00:00.000Z {ROW}");
    let exported = flows(format!("{line}\n{line}")).docs;
    assert_eq!(exported.len(), 2);
    assert_eq!(exported[0].id(), expected.id());
    assert_eq!(exported[0].json()["@message"], line);
    assert_eq!(exported[0].json()["srcaddr"], "119.165.159.101");
    for (bad, found) in [
        ("eni-1 10.0.0.1 10.0.0.2", 3),
        ("3 111122223333 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 40 1772323569 1772323624 ACCEPT OK", 14),
        ("2 111122223333 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 40 1772323569 OK 1772323624 ACCEPT", 14),
        ("PAR1\0\0\0", 1),
    ] {
        let loaded = flows(format!("{bad}\n{ROW}"));
        assert_eq!((loaded.docs.len(), loaded.problems.len()), (1, 1), "{bad}");
        assert_eq!(
            loaded.problems[0].to_string(),
            format!(
                "record 0 at byte 0 of the decoded object: a line of {found} fields without a header that names them"
            )
        );
    }
}

#[test]
fn columns_may_stand_in_any_order_and_between_other_separators() {
    for (header, line) in [
        ("end bytes srcaddr x-y", "1772323624 955 10.0.0.1 a"),
        ("end\tbytes\tsrcaddr\tx-y", "1772323624\t955\t10.0.0.1\ta"),
        ("end,bytes,srcaddr,x-y", "1772323624,955,10.0.0.1,a"),
        ("\"end\",\"bytes\", \"srcaddr\",\"x-y\"", "\"1772323624\",\"955\" ,\"10.0.0.1\",\"a\""),
        ("\u{feff}end bytes srcaddr x-y", "1772323624   955\t10.0.0.1 a"),
    ] {
        let json = row(header, line);
        assert_eq!(json["@timestamp"], "2026-03-01T00:07:04Z", "{header}");
        assert_eq!((&json["bytes"], &json["source"]["ip"]), (&json!(955), &json!("10.0.0.1")), "{header}");
        assert_eq!((&json["x_y"], &json["siem"]["flat"]), (&json!("a"), &json!({"x_y": "a"})), "{header}");
        assert_eq!(json["@message"], line);
    }
    let json = row("end\tsrcaddr\tnew-field\tbytes", "1772323624\t\tb c\t1");
    assert_eq!((&json["bytes"], json.get("srcaddr")), (&json!(1), None), "tabs alone separate");
    let json = row("end,srcaddr,note,bytes", "1772323624,,\"say \"\"a, b\"\"\",1");
    assert_eq!((&json["bytes"], &json["note"]), (&json!(1), &json!("say \"a, b\"")));
}

#[test]
fn names_of_columns_cannot_take_the_place_of_the_documents_fields() {
    let json = row(
        "end event siem _id @message @timestamp source network srcaddr",
        "1772323624 e s i m t so n 10.0.0.1",
    );
    assert_eq!(json["event"]["kind"], "event");
    assert_eq!(json["source"]["ip"], "10.0.0.1");
    assert_eq!(json.get("_id"), None);
    assert!(json["@message"].as_str().unwrap().starts_with("1772323624 e s"));
    assert_eq!(
        json["siem"]["flat"],
        json!({"event": "e", "siem": "s", "_id": "i", "@message": "m", "@timestamp": "t", "source": "so",
            "network": "n"})
    );
}

#[test]
fn odd_names_of_columns_are_taken() {
    let long = "n".repeat(400);
    let json = row(
        &format!("end bytes.x a.b .c d. e..f \"q \\u0041 account_id account-id {long}"),
        "1772323624 1 2 3 4 5 6 7 8 9 10",
    );
    assert_eq!(json["account_id"], "9", "the last one counts, as in es-loader");
    assert_eq!(json["cloud"]["account"]["id"], "9");
    assert_eq!(json["a.b"], "2");
    let flat = json["siem"]["flat"].as_object().unwrap();
    for (name, value) in
        [("a.b", "2"), ("bytes.x", "1"), ("_.c", "3"), ("d._", "4"), ("e._.f", "5"), ("\"q", "6")]
    {
        assert_eq!(flat[name], value);
    }
    assert!(flat.keys().all(|name| name.len() <= 256) && flat.len() == 8, "{flat:?}");
    assert_eq!(json.get("bytes.x"), None, "bytes is a number");
}

#[test]
fn odd_values_are_escaped_and_kept() {
    let json =
        row(HEADER, "2 \"7\\8\" eni\u{e9} a\"b 10.0.0.2 x 070 6\" 1.5 -3 1772323569 1772323624 ACCEPT\\ OK");
    assert_eq!((&json["account_id"], &json["interface_id"]), (&json!("\"7\\8\""), &json!("eni\u{e9}")));
    assert_eq!(json["cloud"]["account"]["id"], "\"7\\8\"");
    assert_eq!(json["source"], json!({"address": "a\"b"}), "no address, no port, no number");
    assert_eq!((&json["srcport"], &json["dstport"]), (&json!("x"), &json!("070")));
    assert_eq!(json["siem"]["flat"], json!({"packets": "1.5", "bytes": "-3"}));
    assert_eq!(json["network"], json!({"iana_number": "6\""}));
    assert_eq!(json["event"]["outcome"], "success", "ACCEPT is in it");
    let long = "x".repeat(40_000);
    let json = row("end interface-id other", &format!("1772323624 {long} {long}"));
    let cut = json["interface_id"].as_str().unwrap();
    assert!(cut.len() == 32_766 && cut.ends_with("<<TRUNCATED>>"));
    assert!(json["siem"]["flat"]["other"].as_str().unwrap().len() < 32_000);
    assert_eq!(json["@message"].as_str().unwrap().len(), 80_012);
}

#[test]
fn es_loaders_empty_values_are_left_out() {
    for empty in ["-", "null", "[]"] {
        let json = with(2, empty).json();
        assert_eq!(json.get("interface_id"), None, "{empty}");
    }
    assert_eq!(with(1, "-").json()["cloud"]["account"]["id"], "111122223333");
}

#[test]
fn a_longer_row_is_loaded_as_far_as_columns_go() {
    let loaded = flows(format!("{HEADER}\n{ROW} extra more\n{ROW}\n"));
    assert_eq!(loaded.docs.len(), 2);
    let json = loaded.docs[0].json();
    assert_eq!(
        (&json["log_status"], &json["siem"]["notes"]),
        (&json!("OK"), &json!(["row_longer_than_header"]))
    );
    assert!(json["@message"].as_str().unwrap().ends_with("extra more"));
    assert_eq!(json["siem"].get("flat"), None);
}

#[test]
fn a_shorter_row_is_loaded_if_it_has_a_time() {
    let cut = ROW.strip_suffix(" ACCEPT OK").unwrap();
    let loaded = flows(format!("{HEADER}\n{cut}\n{ROW}\n2 777788889999 eni-1\n{ROW}"));
    assert_eq!(loaded.ordinals(), [0, 1, 3]);
    let json = loaded.docs[0].json();
    assert_eq!(
        (&json["end"], &json["siem"]["notes"]),
        (&json!("1772323624"), &json!(["row_shorter_than_header"]))
    );
    assert_eq!(json.get("action"), None);
    let offset = HEADER.len() + 1 + cut.len() + 1 + ROW.len() + 1;
    assert_eq!(
        loaded.problems[0].to_string(),
        format!("record 2 at byte {offset} of the decoded object: a line of 3 fields under a header of 14")
    );
}

#[test]
fn a_header_with_other_columns_in_between_holds_from_there_on() {
    let loaded = flows(format!("{HEADER}\n{ROW}\n{HEADER}\n{ROW}\n{ALL}\n{ROW}\n"));
    assert_eq!((loaded.docs.len(), loaded.problems.len()), (3, 0), "the same header is no row");
    assert_eq!(loaded.docs[2].json()["siem"]["notes"], json!(["row_shorter_than_header"]));
}

#[test]
fn the_time_is_the_end_of_the_flow() {
    for (end, timestamp, month, note) in [
        ("1772323624", "2026-03-01T00:07:04Z", "2026-03", None),
        ("1772323624123", "2026-03-01T00:07:04.123Z", "2026-03", None),
        ("1772323624.25", "2026-03-01T00:07:04.25Z", "2026-03", None),
        ("1772323199", "2026-02-28T23:59:59Z", "2026-02", None),
        ("99999999999", "5138-11-16T09:46:39Z", "2026-03", Some("event_time_out_of_range")),
        ("0", "1970-01-01T00:00:00Z", "2026-03", Some("event_time_out_of_range")),
        ("999999999999", "2026-03-01T00:05:00Z", "2026-03", Some("event_time_invalid")),
        ("99999999999999999999999", "2026-03-01T00:05:00Z", "2026-03", Some("event_time_invalid")),
        ("-5", "2026-03-01T00:05:00Z", "2026-03", Some("event_time_invalid")),
        ("1772323624.", "2026-03-01T00:05:00Z", "2026-03", Some("event_time_invalid")),
        ("soon", "2026-03-01T00:05:00Z", "2026-03", Some("event_time_invalid")),
        ("-", "2026-03-01T00:05:00Z", "2026-03", Some("event_time_missing")),
    ] {
        let doc = with(11, end);
        let json = doc.json();
        assert_eq!(json["@timestamp"], timestamp, "{end}");
        assert_eq!(doc.index(), format!("log-aws-vpcflowlogs-{month}"), "{end}");
        assert_eq!(json["siem"].get("notes"), note.map(|n| json!([n])).as_ref(), "{end}");
    }
    let json = row("version srcaddr start", "2 10.0.0.1 1772323569");
    assert_eq!(
        (&json["@timestamp"], &json["siem"]["notes"][0]),
        (&json!("2026-03-01T00:05:00Z"), &json!("event_time_missing"))
    );
}

#[test]
fn protocols_have_their_names() {
    for (number, name) in [
        ("0", Some("hopopt")),
        ("1", Some("icmp")),
        ("2", Some("igmp")),
        ("6", Some("tcp")),
        ("8", Some("egp")),
        ("17", Some("udp")),
        ("33", Some("dccp")),
        ("41", Some("ipv6")),
        ("42", Some("sdrp")),
        ("47", Some("gre")),
        ("50", Some("esp")),
        ("51", Some("ah")),
        ("58", Some("ipv6-icmp")),
        ("89", Some("ospfigp")),
        ("103", Some("pim")),
        ("112", Some("vrrp")),
        ("115", Some("l2tp")),
        ("132", Some("sctp")),
        ("137", Some("mpls-in-ip")),
        ("143", Some("ethernet")),
        ("147", Some("bit-emu")),
        ("61", None),
        ("148", None),
        ("255", None),
        ("256", None),
        ("06", None),
        ("tcp", None),
        ("99999999999999999999", None),
    ] {
        let json = with(7, number).json();
        assert_eq!(json["network"].get("transport").and_then(Value::as_str), name, "{number}");
        assert_eq!(json["network"]["iana_number"], number);
    }
}

#[test]
fn tcp_flags_have_names() {
    for (flags, names) in [
        ("0", json!(null)),
        ("1", json!(["fin"])),
        ("2", json!(["syn"])),
        ("7", json!(["fin", "syn", "rst"])),
        ("19", json!(["fin", "syn", "ack"])),
        ("255", json!(["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"])),
        ("256", json!(null)),
        ("-", json!(null)),
    ] {
        let json = row("end tcp-flags", &format!("1772323624 {flags}"));
        assert_eq!(json["siem"]["tcp_flags"], names, "{flags}");
        assert_eq!(json.get("tcp_flags").and_then(Value::as_str), (flags != "-").then_some(flags));
    }
}

#[test]
fn d01_the_last_row_is_loaded() {
    for rows in [1, 2, 250] {
        for end in ["", "\n", "\r\n", "\n\n"] {
            let text = format!("{HEADER}\n{}{end}", vec![ROW; rows].join("\n"));
            assert_eq!(flows(text).ordinals(), (0..rows as u64).collect::<Vec<_>>());
        }
    }
    assert_eq!(flows(format!("{HEADER}\n")), Loaded::default());
}

#[test]
fn d14_counters_have_64_bits() {
    let json = with(9, "9223372036854775807").json();
    for field in [&json["bytes"], &json["network"]["bytes"], &json["source"]["bytes"]] {
        assert_eq!(field, &json!(i64::MAX));
    }
    let json = with(9, "9223372036854775808").json();
    assert_eq!((json.get("bytes"), json["network"].get("bytes")), (None, None));
    assert_eq!(json["siem"]["flat"]["bytes"], "9223372036854775808");
}
