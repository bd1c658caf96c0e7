//! What rows of flow logs look like, of VPC and of transit gateway.

use super::columns::is_known;
use crate::recognise::{Head, Shape, content};

/// Fields of the default format of VPC; that of transit gateway has more.
const DEFAULT_FIELDS: usize = 14;

/// Fields of a line, between spaces, tabs or commas; quotes around one are taken off.
fn fields(line: &str) -> impl Iterator<Item = &str> {
    line.split([' ', '\t', ',']).filter(|field| !field.is_empty()).map(|field| field.trim_matches('"'))
}

fn is_field(name: &str) -> bool {
    is_known(name.as_bytes())
}

/// The same name, `-` and `_` alike.
fn same(field: &str, name: &str) -> bool {
    field.bytes().zip(name.bytes()).all(|(a, b)| a == b || (a == b'-' && b == b'_'))
}

/// Whether a name is one that hardly another table has (`start`, `type` or `region` are anybody's).
fn is_own(name: &str) -> bool {
    let own = [
        "srcaddr",
        "dstaddr",
        "interface-id",
        "log-status",
        "flow-direction",
        "tcp-flags",
        "srcport",
        "dstport",
    ];
    own.iter().any(|field| field.len() == name.len() && same(field, name))
        || (name.starts_with("tgw") || name.starts_with("pkt") || name.starts_with("ecs")) && is_field(name)
}

/// Whether a line names fields of a flow log, in any order. A field that AWS adds one day does no harm: most
/// have to be known, and all have to look like names.
fn is_header(line: &str) -> bool {
    let name = |field: &str| {
        field.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
            && field.starts_with(|c: char| c.is_ascii_lowercase())
    };
    let (mut all, mut known, mut own) = (0, 0, 0);
    for field in fields(line) {
        if !name(field) {
            return false;
        }
        all += 1;
        known += usize::from(is_field(field));
        own += usize::from(is_own(field));
    }
    own > 0 && known > 1 && known * 2 > all
}

/// Whether a line is a row of the default format, behind a time where CloudWatch Logs exported it.
fn is_row(line: &str) -> bool {
    let all: Vec<&str> = fields(line).take(64).collect();
    let row = match all.as_slice() {
        [time, row @ ..] if time.contains('T') && time.ends_with('Z') => row,
        row => row,
    };
    let [version, second, third, ..] = row else { return false };
    let number = version.parse::<u8>().is_ok_and(|version| (2..=20).contains(&version));
    let account = |text: &str| {
        matches!(text, "unknown" | "-") || (text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()))
    };
    let vpc = account(second) && (third.starts_with("eni-") || *third == "-");
    let gateway = second.starts_with("TransitGateway") && account(third);
    row.len() >= DEFAULT_FIELDS && number && (vpc || gateway)
}

/// Whether a JSON object is a row: names that only flow logs have, and none of the Resolver's.
fn is_object(head: &Head<'_>) -> bool {
    if head.shape() != Shape::Json || head.has("query_name") {
        return false;
    }
    let ends = head.count(&["srcaddr", "pkt-srcaddr", "pkt_srcaddr"]) > 0
        && head.count(&["dstaddr", "pkt-dstaddr", "pkt_dstaddr"]) > 0;
    let own = [
        "interface-id",
        "interface_id",
        "log-status",
        "log_status",
        "tgw-attachment-id",
        "tgw_attachment_id",
        "flow-direction",
        "flow_direction",
        "tcp-flags",
        "tcp_flags",
    ];
    ends || head.count(&own) > 1
}

/// Flow logs of VPC and transit gateway: rows under a header or of the default format, rows as JSON, or in
/// messages of CloudWatch Logs or Firehose. Parquet and custom formats without a header only the key can
/// tell.
#[must_use]
pub fn looks_like(head: &Head<'_>) -> bool {
    let row = |text: &Head<'_>| text.shape() == Shape::Text && is_row(&text.first_line());
    match head.shape() {
        Shape::Text => {
            let line = head.first_line();
            is_header(&line) || is_row(&line)
        }
        Shape::JsonList => content::any(head, &[&[]], is_object),
        Shape::Json if content::is_envelope(head) => {
            head.below(&["logEvents", "message"]).is_some_and(|m| row(&m))
        }
        Shape::Json if head.has("message") => {
            head.below(&["message"]).is_some_and(|m| row(&m) || is_object(&m))
        }
        Shape::Json => is_object(head),
        _ => false,
    }
}
