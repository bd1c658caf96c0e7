//! The fields of flow logs, in the order of AWS's tables.

/// A field of VPC Flow Logs and the version of the record format that brought it.
///
/// <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>; the default format is version 2.
pub const FIELDS: &[(&str, u8)] = &[
    ("version", 2),
    ("account-id", 2),
    ("interface-id", 2),
    ("srcaddr", 2),
    ("dstaddr", 2),
    ("srcport", 2),
    ("dstport", 2),
    ("protocol", 2),
    ("packets", 2),
    ("bytes", 2),
    ("start", 2),
    ("end", 2),
    ("action", 2),
    ("log-status", 2),
    ("vpc-id", 3),
    ("subnet-id", 3),
    ("instance-id", 3),
    ("tcp-flags", 3),
    ("type", 3),
    ("pkt-srcaddr", 3),
    ("pkt-dstaddr", 3),
    ("region", 4),
    ("az-id", 4),
    ("sublocation-type", 4),
    ("sublocation-id", 4),
    ("pkt-src-aws-service", 5),
    ("pkt-dst-aws-service", 5),
    ("flow-direction", 5),
    ("traffic-path", 5),
    ("ecs-cluster-arn", 7),
    ("ecs-cluster-name", 7),
    ("ecs-container-instance-arn", 7),
    ("ecs-container-instance-id", 7),
    ("ecs-container-id", 7),
    ("ecs-second-container-id", 7),
    ("ecs-service-name", 7),
    ("ecs-task-definition-arn", 7),
    ("ecs-task-arn", 7),
    ("ecs-task-id", 7),
    ("reject-reason", 8),
    ("resource-id", 9),
    ("encryption-status", 10),
];

/// The fields of transit gateway flow logs, version 6; the default format has all of them.
///
/// <https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html>
pub const TRANSIT_FIELDS: &[&str] = &[
    "version",
    "resource-type",
    "account-id",
    "tgw-id",
    "tgw-attachment-id",
    "tgw-src-vpc-account-id",
    "tgw-dst-vpc-account-id",
    "tgw-src-vpc-id",
    "tgw-dst-vpc-id",
    "tgw-src-subnet-id",
    "tgw-dst-subnet-id",
    "tgw-src-eni",
    "tgw-dst-eni",
    "tgw-src-az-id",
    "tgw-dst-az-id",
    "tgw-pair-attachment-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "log-status",
    "type",
    "packets-lost-no-route",
    "packets-lost-blackhole",
    "packets-lost-mtu-exceeded",
    "packets-lost-ttl-expired",
    "tcp-flags",
    "region",
    "flow-direction",
    "pkt-src-aws-service",
    "pkt-dst-aws-service",
];

/// The fields a flow log of that version can have, in the order of the table.
#[must_use]
pub fn fields(version: u8) -> Vec<&'static str> {
    FIELDS.iter().filter(|(_, since)| *since <= version).map(|(name, _)| *name).collect()
}

/// Reads a version of VPC Flow Logs.
///
/// # Errors
/// For what is none: 6 is of transit gateways only.
pub fn version(text: &str) -> Result<u8, String> {
    match text.parse() {
        Ok(version) if FIELDS.iter().any(|(_, since)| *since == version) => Ok(version),
        _ => Err("versions are 2, 3, 4, 5, 7, 8, 9, 10".to_owned()),
    }
}
