//! Columns: which ones AWS has, and what is to be done with those of a header, found out once for all its rows.

use std::{ops::Range, sync::LazyLock};

use super::row::{LONG_INTEGER, begins_as_integer, is_integer};
use crate::{
    address::is_ip_at,
    document::{put, utf8},
    json::{
        tape::{DIRTY, SHADOWED, Tape},
        text::{self, Digits},
    },
    schema::{Fields, Schema, Type},
};

/// The component template that is installed in OpenSearch.
pub(super) const TEMPLATE: &str =
    include_str!("../../../../index-templates/component-templates/siem-loader-vpcflowlogs.json");

/// What it types: the names of all columns that AWS documents.
pub(super) static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::new(TEMPLATE));

/// Columns of the default format of VPC flow logs, version 2.
///
/// <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>
const DEFAULT: [&str; 14] = [
    "version",
    "account_id",
    "interface_id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log_status",
];

/// Columns of the default format of transit gateway flow logs, version 6.
///
/// <https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html>
const TRANSIT: [&str; 36] = [
    "version",
    "resource_type",
    "account_id",
    "tgw_id",
    "tgw_attachment_id",
    "tgw_src_vpc_account_id",
    "tgw_dst_vpc_account_id",
    "tgw_src_vpc_id",
    "tgw_dst_vpc_id",
    "tgw_src_subnet_id",
    "tgw_dst_subnet_id",
    "tgw_src_eni",
    "tgw_dst_eni",
    "tgw_src_az_id",
    "tgw_dst_az_id",
    "tgw_pair_attachment_id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "log_status",
    "type",
    "packets_lost_no_route",
    "packets_lost_blackhole",
    "packets_lost_mtu_exceeded",
    "packets_lost_ttl_expired",
    "tcp_flags",
    "region",
    "flow_direction",
    "pkt_src_aws_service",
    "pkt_dst_aws_service",
];

/// A format of rows that is known without a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// [`DEFAULT`].
    Vpc,
    /// [`TRANSIT`].
    Transit,
}

/// The format of a row without a header, and how many fields stand before it: an export of CloudWatch Logs to S3 puts
/// the time of the event there. None where the names of the fields cannot be known.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3ExportTasks.html>
pub(super) fn default_format(base: &[u8], fields: &[Range<usize>]) -> Option<(Format, usize)> {
    let field = |place: usize| fields.get(place).and_then(|f| base.get(f.clone())).unwrap_or_default();
    let before = usize::from(field(0).len() >= 20 && crate::time::Instant::parse(field(0)).is_some());
    let is_status = |place: usize| matches!(field(before + place), b"OK" | b"NODATA" | b"SKIPDATA");
    match fields.len() - before {
        14 if field(before) == b"2" && is_status(13) => Some((Format::Vpc, before)),
        36 if field(before) == b"6" && is_status(25) => Some((Format::Transit, before)),
        _ => None,
    }
}

/// Columns whose values are used for ECS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Slot {
    AccountId,
    InstanceId,
    Region,
    Srcaddr,
    Srcport,
    Dstaddr,
    Dstport,
    PktSrcaddr,
    PktDstaddr,
    Protocol,
    Packets,
    Bytes,
    End,
    Action,
    TcpFlags,
    Type,
    FlowDirection,
    ResourceType,
}

/// What a value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    /// Anything.
    None,
    /// An address.
    Address,
    /// A number of 64 bits.
    Integer,
}

impl Slot {
    /// What the ECS field of this column takes. Text is not asked.
    fn check(self) -> Check {
        match self {
            Self::Srcaddr | Self::Dstaddr | Self::PktSrcaddr | Self::PktDstaddr => Check::Address,
            Self::Srcport | Self::Dstport | Self::Packets | Self::Bytes => Check::Integer,
            _ => Check::None,
        }
    }
}

/// How many slots there are.
pub(super) const SLOTS: usize = 18;

const SLOT_NAMES: [(&str, Slot); SLOTS] = [
    ("account_id", Slot::AccountId),
    ("instance_id", Slot::InstanceId),
    ("region", Slot::Region),
    ("srcaddr", Slot::Srcaddr),
    ("srcport", Slot::Srcport),
    ("dstaddr", Slot::Dstaddr),
    ("dstport", Slot::Dstport),
    ("pkt_srcaddr", Slot::PktSrcaddr),
    ("pkt_dstaddr", Slot::PktDstaddr),
    ("protocol", Slot::Protocol),
    ("packets", Slot::Packets),
    ("bytes", Slot::Bytes),
    ("end", Slot::End),
    ("action", Slot::Action),
    ("tcp_flags", Slot::TcpFlags),
    ("type", Slot::Type),
    ("flow_direction", Slot::FlowDirection),
    ("resource_type", Slot::ResourceType),
];

/// What is done with the values of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Typed: written as text under its name.
    Text,
    /// Typed: written as a number, what is none goes to `siem.flat`.
    Number,
    /// Not in the template: under its name, and in `siem.flat`.
    Untyped,
    /// The name belongs to the document, or OpenSearch would not take it: in `siem.flat` only.
    Aside,
    /// A later column has the same name.
    Shadowed,
}

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    /// What is written in front of a value: `,"name":`, and the quote of a text.
    pub(super) before: Box<[u8]>,
    /// What is done with it.
    pub(super) use_: Use,
    /// Where its value is found again.
    pub(super) slot: Option<Slot>,
    check: Check,
}

/// What is between the fields of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// Any white space; empty fields are not possible.
    Space,
    /// One tab.
    Tab,
    /// A comma; fields may be quoted.
    Comma,
}

/// The columns of a header.
#[derive(Debug)]
pub(super) struct Plan {
    /// Its columns in order.
    pub(super) columns: Vec<Column>,
    /// Place of `account_id`.
    pub(super) account: Option<usize>,
    /// Places of the columns whose text decides what else is written.
    pub(super) literals: [Option<usize>; 4],
    /// Places of the columns of which each address is written once.
    pub(super) addresses: [Option<usize>; 4],
    /// Place of `end`.
    pub(super) end: Option<usize>,
    /// Place of `resource_type`.
    pub(super) resource: Option<usize>,
    /// What is between the fields.
    pub(super) delimiter: Delimiter,
}

impl Plan {
    /// Of a header line.
    pub(super) fn of_header(header: &[u8]) -> Self {
        let header = utf8(header);
        let delimiter = delimiter(&header);
        let mut names = Vec::new();
        split(&header, delimiter, &mut |name| {
            let mut inside = Vec::new();
            text::escape_into(&mut inside, name);
            names.push(inside);
        });
        Self::of_names(names.iter().map(Vec::as_slice), delimiter)
    }

    /// Of a format without a header.
    pub(super) fn of_format(format: Format) -> Self {
        let names: &[&str] = match format {
            Format::Vpc => &DEFAULT,
            Format::Transit => &TRANSIT,
        };
        Self::of_names(names.iter().map(|n| n.as_bytes()), Delimiter::Space)
    }

    /// Of names as they stand inside JSON strings.
    pub(super) fn of_names<'n>(names: impl Iterator<Item = &'n [u8]>, delimiter: Delimiter) -> Self {
        // The reader of records knows what OpenSearch takes for a name, and which names come twice.
        let mut json = b"{".to_vec();
        let mut count = 0;
        for name in names {
            put!(json, if count == 0 { b"\"" } else { b",\"" });
            json.extend(name.iter().map(|&b| if b == b'-' { b'_' } else { b }));
            json.extend_from_slice(b"\":1");
            count += 1;
        }
        json.push(b'}');
        let mut tape = Tape::default();
        if tape.read(&json, 0).is_err() {
            count = 0;
        }
        let columns: Vec<Column> = (0..count).map(|place| Column::new(&tape, &json, 1 + 2 * place)).collect();
        let place = |slot| columns.iter().position(|column| column.slot == Some(slot));
        Self {
            account: place(Slot::AccountId),
            literals: [Slot::Action, Slot::Protocol, Slot::TcpFlags, Slot::Type].map(place),
            addresses: [Slot::Srcaddr, Slot::Dstaddr, Slot::PktSrcaddr, Slot::PktDstaddr].map(place),
            end: place(Slot::End),
            resource: place(Slot::ResourceType),
            columns,
            delimiter,
        }
    }
}

impl Column {
    /// Whether the value in a part of `base` is what the column or its ECS field takes. `digits` are those of `base`, where
    /// they are known.
    #[inline]
    pub(super) fn fits(&self, base: &[u8], field: &Range<usize>, digits: Option<&Digits>) -> bool {
        let value = base.get(field.clone()).unwrap_or_default();
        match (self.check, digits) {
            (Check::None, _) => false,
            (Check::Address, _) => is_ip_at(base, field.clone()),
            (Check::Integer, Some(digits)) if value.len() < LONG_INTEGER => {
                digits.are_all(field) && begins_as_integer(value)
            }
            (Check::Integer, _) => is_integer(value),
        }
    }

    fn new(tape: &Tape, json: &[u8], key: usize) -> Self {
        let odd = tape.get(key).is_none_or(|k| k.is(DIRTY));
        let shadowed = tape.get(key).is_none_or(|k| k.is(SHADOWED));
        let name = tape.bytes(json, key);
        let field = SCHEMA.record.get(name).filter(|_| !odd);
        let use_ = match field.map(|f| f.kind) {
            _ if shadowed => Use::Shadowed,
            _ if odd => Use::Aside,
            Some(Type::Number) => Use::Number,
            Some(Type::Text | Type::Date | Type::Ip | Type::Boolean) => Use::Text,
            Some(Type::Object | Type::Untyped) => Use::Aside,
            None if is_taken(&SCHEMA.record, name) || is_taken(&SCHEMA.reserved, name) => Use::Aside,
            None if matches!(name.first(), Some(b'_' | b'@')) => Use::Aside,
            None => Use::Untyped,
        };
        let slot = field.and_then(|_| SLOT_NAMES.iter().find(|(known, _)| known.as_bytes() == name));
        let mut before = b",\"".to_vec();
        if odd {
            text::escape_into(&mut before, tape.name(key).as_bytes());
        } else {
            before.extend_from_slice(name);
        }
        before.extend_from_slice(if use_ == Use::Number { b"\":" } else { b"\":\"" });
        let slot = slot.filter(|_| !shadowed).map(|&(_, slot)| slot);
        let other = if use_ == Use::Number { Check::Integer } else { Check::None };
        Self { before: before.into(), use_, slot, check: slot.map_or(other, Slot::check) }
    }
}

/// Whether the first part of a dotted name is one of these fields.
fn is_taken(fields: &Fields, name: &[u8]) -> bool {
    name.split(|&b| b == b'.').next().is_some_and(|first| fields.get(first).is_some())
}

/// What is between the names of a header.
fn delimiter(header: &[u8]) -> Delimiter {
    let has = |byte| memchr::memchr(byte, header).is_some();
    if has(b',') {
        Delimiter::Comma
    } else if has(b'\t') && !has(b' ') {
        Delimiter::Tab
    } else {
        Delimiter::Space
    }
}

/// Whether a line names columns: one of the names is AWS's, and nothing in it is a value.
pub(super) fn is_header(line: &[u8]) -> bool {
    let (mut known, mut value) = (false, false);
    split(line, delimiter(line), &mut |name| {
        known |= is_known(name);
        value |= name.iter().all(u8::is_ascii_digit) && !name.is_empty();
    });
    known && !value
}

/// Whether a name is one that AWS documents for a column.
pub(super) fn is_known(name: &[u8]) -> bool {
    let name: Vec<u8> = name.iter().map(|&b| if b == b'-' { b'_' } else { b }).collect();
    SCHEMA.record.get(&name).is_some_and(|field| field.kind != Type::Object)
}

/// Cuts a line into its fields.
pub(super) fn split(line: &[u8], delimiter: Delimiter, field: &mut dyn FnMut(&[u8])) {
    match delimiter {
        Delimiter::Space => {
            line.split(|&b| is_space(b)).filter(|part| !part.is_empty()).for_each(field);
        }
        Delimiter::Tab => line.split(|&b| b == b'\t').for_each(|part| field(part.trim_ascii())),
        Delimiter::Comma => split_csv(line, field),
    }
}

/// White space as Python's `split` has it in ASCII.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r' | 0x1c..=0x1f)
}

/// RFC 4180, without line breaks in fields; white space around a field is left out.
fn split_csv(line: &[u8], field: &mut dyn FnMut(&[u8])) {
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start();
        let (value, behind) = if let Some(quoted) = rest.strip_prefix(b"\"") {
            let mut value = Vec::new();
            let mut inside = quoted;
            loop {
                let end = memchr::memchr(b'"', inside).unwrap_or(inside.len());
                let (part, behind) = inside.split_at(end);
                value.extend_from_slice(part);
                match behind.strip_prefix(b"\"\"") {
                    Some(more) => {
                        value.push(b'"');
                        inside = more;
                    }
                    None => {
                        inside = behind.strip_prefix(b"\"").unwrap_or_default();
                        break;
                    }
                }
            }
            let comma = memchr::memchr(b',', inside);
            value.extend_from_slice(inside.get(..comma.unwrap_or(inside.len())).unwrap_or_default());
            field(value.trim_ascii());
            (None, comma.and_then(|at| inside.get(at + 1..)))
        } else {
            let comma = memchr::memchr(b',', rest);
            let value = rest.get(..comma.unwrap_or(rest.len())).unwrap_or_default();
            (Some(value), comma.and_then(|at| rest.get(at + 1..)))
        };
        if let Some(value) = value {
            field(value.trim_ascii());
        }
        match behind {
            Some(behind) => rest = behind,
            None => return,
        }
    }
}
