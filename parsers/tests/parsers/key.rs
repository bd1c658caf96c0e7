//! Keys of S3 objects: every layout × partition × prefix × service, and what only looks like one.

use proptest::prelude::*;
use siem_parsers::{
    key::{self, KeyInfo},
    source::cloudtrail,
};

use crate::{
    marks::{TYPES, read},
    support::cases,
};

const ACCOUNT: &str = "111122223333";
const ORGANIZATION: &str = "o-abcdefghij";
const FILE_TIME: &str = "20240102T0305Z";

const REGIONS: &[&str] = &[
    "us-east-1",
    "ap-northeast-3",
    "eu-central-1",
    "mx-central-1",
    "cn-north-1",
    "cn-northwest-1",
    "us-gov-west-1",
    "us-gov-east-1",
    "us-iso-east-1",
    "us-isob-east-1",
    "us-isof-south-1",
    "eu-isoe-west-1",
    "eusc-de-east-1",
];

/// A service folder, its log type, and whether it holds records.
const SERVICES: &[(&str, &str, bool)] = &[
    ("CloudTrail", "cloudtrail", true),
    ("CloudTrail-Insight", "cloudtrail", true),
    ("CloudTrail-NetworkActivity", "cloudtrail", true),
    ("CloudTrail-Aggregated", "cloudtrail", true),
    ("CloudTrail-Digest", "cloudtrail", false),
    ("vpcflowlogs", "vpcflowlogs", true),
    ("GuardDuty", "guardduty", true),
    ("SecurityHub", "securityhub", true),
    ("securityhub", "securityhub", true),
    ("aws.securityhub", "securityhub", true),
    ("vpcdnsquerylogs", "route53resolver", true),
    ("Config", "config", true),
];

/// A prefix and the organisation that it tells.
const PREFIXES: &[(&str, Option<&str>)] = &[
    ("", None),
    ("logs/", None),
    ("a/b/", None),
    ("vpcflowlogs/", None),
    ("CloudTrail-Digest/", None),
    ("CloudTrail/us-west-2/2023/12/31/", None),
    ("us-west-2/", None),
    ("AWSLogs/", None),
    ("AWSLogs/999988887777/", None),
    ("AWSLogs/999988887777/vpcflowlogs/us-west-2/", None),
    ("AWSLogs/999988887777/CloudTrail/AWSLogs/o-short/", None),
    ("AWSLogs-old/999988887777/GuardDuty/", None),
    ("awslogs/", None),
    ("999988887777/", None),
    ("GuardDuty/999988887777/us-west-2/2020/01/01/", None),
    ("SecurityHub/ConfigHistory/vpcdnsquerylogs/", None),
    ("errors/", None),
    ("ErrorLogs/processing-failed/2020/01/01/", None),
    ("a b+c%20d=&/", None),
    ("aws-service=vpcflowlogs/aws-account-id=999988887777/", None),
    ("999988887777_CloudTrail_us-west-2_20200101T0000Z/", None),
    ("ünïcödé/日本/", None),
    ("a//b/", None),
    ("o-zyxwvutsrq/", Some("o-zyxwvutsrq")),
    ("o-zyxwvutsrq/logs/", Some("o-zyxwvutsrq")),
];

fn file(service: &str, region: &str) -> String {
    format!("{ACCOUNT}_{service}_{region}_{FILE_TIME}_AbCdEfGh.json.gz")
}

fn check(key: &str, service: &str, region: &str, organization: Option<&str>) -> KeyInfo {
    let info = read(key);
    assert_eq!(info.service.as_deref(), Some(service), "{key}");
    assert_eq!(info.account.as_deref(), Some(ACCOUNT), "{key}");
    assert_eq!(info.region.as_deref(), Some(region), "{key}");
    assert_eq!(info.organization.as_deref(), organization, "{key}");
    let time = info.time.unwrap_or_else(|| panic!("a time in {key}"));
    assert_eq!(time.seconds, 1_704_164_700, "{key}");
    assert!(!info.rule.is_empty());
    info
}

#[test]
fn every_layout_in_every_partition_under_every_prefix_is_read() {
    let mut keys = 0;
    for &(prefix, outer) in PREFIXES {
        for &(service, log_type, loaded) in SERVICES {
            for region in REGIONS {
                let file = file(service, region);
                let rest = format!("{ACCOUNT}/{service}/{region}/2024/01/02/{file}");
                let check = |key: &str, organization| {
                    let info = check(key, service, region, organization);
                    assert_eq!((info.log_type, info.not_loaded.is_none()), (Some(log_type), loaded), "{key}");
                };
                check(&format!("{prefix}AWSLogs/{rest}"), outer);
                check(&format!("{prefix}AWSLogs/{ORGANIZATION}/{rest}"), Some(ORGANIZATION));
                check(&format!("{prefix}{ORGANIZATION}/AWSLogs/{rest}"), Some(ORGANIZATION));
                check(&format!("{prefix}{ORGANIZATION}/AWSLogs/{ORGANIZATION}/{rest}"), Some(ORGANIZATION));
                let hive = format!(
                    "aws-account-id={ACCOUNT}/aws-service={service}/aws-region={region}/\
                     year=2024/month=01/day=02/{file}"
                );
                check(&format!("{prefix}AWSLogs/{hive}"), outer);
                check(&format!("{prefix}AWSLogs/{ORGANIZATION}/{hive}"), Some(ORGANIZATION));
                keys += 6;
            }
        }
    }
    assert_eq!(keys, PREFIXES.len() * SERVICES.len() * REGIONS.len() * 6);
}

#[test]
fn the_day_of_the_path_is_the_time_where_the_file_name_has_none() {
    for key in [
        format!("AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2024/01/02/copy.json.gz"),
        format!("AWSLogs/{ORGANIZATION}/{ACCOUNT}/CloudTrail/us-east-1/2024/01/02/copy.json.gz"),
        format!(
            "AWSLogs/aws-account-id={ACCOUNT}/aws-service=CloudTrail/aws-region=us-east-1/\
             year=2024/month=1/day=2/copy.json.gz"
        ),
        "CloudTrail/us-east-1/2024/01/02/copy.json.gz".to_owned(),
    ] {
        assert_eq!(read(&key).time.map(|t| t.seconds), Some(1_704_153_600), "{key}");
    }
    for key in [
        format!("AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2024/13/02/copy.json.gz"),
        format!("AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2023/02/29/copy.json.gz"),
        format!("AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/copy.json.gz"),
        format!("AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2024/01/copy.json.gz"),
    ] {
        let info = read(&key);
        assert_eq!((info.time, info.service.as_deref()), (None, Some("CloudTrail")), "{key}");
    }
}

#[test]
fn seconds_in_the_file_name_are_read() {
    let key = format!(
        "AWSLogs/{ACCOUNT}/CloudTrail-Digest/us-east-1/2024/01/02/{ACCOUNT}_CloudTrail-Digest_us-east-1_trail_us-east-1_20240102T030507Z.json.gz"
    );
    assert_eq!(read(&key).time.map(|t| t.seconds), Some(1_704_164_707));
}

#[test]
fn a_copied_file_is_recognised_by_its_name() {
    let info = check(&file("CloudTrail", "us-gov-west-1"), "CloudTrail", "us-gov-west-1", None);
    assert_eq!(info.rule, "file name ACCOUNT_SERVICE_REGION_TIME");
    let moved = format!("backup/{ORGANIZATION}/{}", file("CloudTrail-Insight", "cn-north-1"));
    check(&moved, "CloudTrail-Insight", "cn-north-1", Some(ORGANIZATION));
}

#[test]
fn other_services_are_named_and_are_no_log_of_ours() {
    for service in
        ["elasticloadbalancing", "WAFLogs", "cloudtrail", "CLOUDTRAIL", "vpcflowlogs-prod", "guardduty"]
    {
        for below in ["us-east-1/2024/01/02", "us-east-1/CloudTrail", "us-east-1/error/2024/01/02"] {
            let key = format!("CloudTrail/AWSLogs/{ACCOUNT}/{service}/{below}/file_CloudTrail_x.gz");
            let info = read(&key);
            assert_eq!(info.service.as_deref(), Some(service), "{key}");
            assert_eq!((info.log_type, info.not_loaded), (None, None), "{key}");
        }
    }
    for service in ["vpcflowlogs", "GuardDuty", "Config"] {
        let key = format!("CloudTrail/AWSLogs/{ACCOUNT}/{service}/us-east-1/2024/01/02/file_CloudTrail_x.gz");
        let info = key::read(&key, &[("cloudtrail", &cloudtrail::LOG_TYPE.marks)]);
        assert_eq!((info.service.as_deref(), info.log_type), (Some(service), None), "{key}");
    }
}

#[test]
fn look_alikes_are_not_recognised() {
    let cloudtrail = [("cloudtrail", &cloudtrail::LOG_TYPE.marks)];
    for key in [
        "",
        "/",
        "//",
        "AWSLogs",
        "AWSLogs/",
        "AWSLogs/111122223333",
        "AWSLogs/111122223333/file",
        "AWSLogs/11112222333/vpcflowlogs/us-east-1/x",
        "awslogs/111122223333/cloudtrail/us-east-1/2024/01/02/x",
        "AWSLogs/o-ABCDEFGHIJ/x",
        "MyCloudTrail/x.json.gz",
        "CloudTrail.json.gz",
        "CloudTrail-Insights/x",
        "CloudTrail",
        "cloudtrail/x",
        "11112222333_CloudTrail_us-east-1_20240102T0305Z_x.json.gz",
        "111122223333_CloudTrails_us-east-1_20240102T0305Z_x.json.gz",
        "111122223333_CloudTrail_nowhere_20240102T0305Z_x.json.gz",
        "111122223333-CloudTrail-us-east-1-20240102T0305Z-x.json.gz",
        "AWSLogs/aws-account-id=1/aws-service=vpcflowlogs/x",
        "AWSLogs/aws-account-id=111122223333/x",
    ] {
        assert_eq!(key::read(key, &cloudtrail).service, None, "{key}");
    }
}

#[test]
fn a_region_is_taken_only_from_its_place() {
    let info = read(&format!("us-west-2/AWSLogs/{ACCOUNT}/CloudTrail/elsewhere/us-west-2/x.json.gz"));
    assert_eq!((info.service.as_deref(), info.region), (Some("CloudTrail"), None));
    for odd in
        ["US-EAST-1", "us-east", "us-east-123", "us--1", "u-east-1", "us-east-1a", "us_east_1", "-east-1"]
    {
        let key = format!("AWSLogs/{ACCOUNT}/CloudTrail/{odd}/2024/01/02/x.json.gz");
        assert_eq!(read(&key).region, None, "{key}");
    }
    let info = read(&format!("AWSLogs/{ACCOUNT}/CloudTrail/2024/{}", file("CloudTrail", "us-east-1")));
    assert_eq!(info.region.as_deref(), Some("us-east-1"), "from the file name");
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn any_text_is_read_without_panic(key in any::<String>()) {
        let _ = read(&key);
    }

    #[test]
    fn parts_of_keys_in_any_order_are_read_without_panic(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "AWSLogs", "111122223333", "o-abcdefghij", "CloudTrail", "GuardDuty", "aws.securityhub", "error",
                "Security_Hub_Findings_-_Imported", "ConfigHistory", "vpcdnsquerylogs", "1", "year=2024", "month=1",
                "day=2", "s-1-2024-01-02-03-05-00-x", "processing-failed", "aws-service=vpcflowlogs", "us-east-1", "2024", "01", "99", "",
                "aws-account-id=111122223333", "aws-service=CloudTrail", "aws-region=us-east-1", "year=", "é",
                "111122223333_CloudTrail_us-east-1_20240102T0305Z_x", "_T_Z", "2024é102T03é5Z", "month=é",
                "12345678T1234Z", "99999999T999999Z", "T", "Z", "=", "-", "o-",
            ]),
            0..12,
        ),
        joint in prop::sample::select(vec!["/", "_", ""]),
    ) {
        let info = read(&parts.join(joint));
        if let Some(account) = info.account {
            prop_assert!(account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()));
        }
        prop_assert!(info.log_type.is_none_or(|name| TYPES.iter().any(|(known, _)| *known == name)));
        prop_assert_eq!(info.log_type.is_some() && info.rule.is_empty(), false);
    }

    #[test]
    fn a_prefix_changes_nothing_but_the_organisation(prefix in "[a-zA-Z0-9=_.-]{1,12}(/[a-zA-Z0-9=_.-]{1,12}){0,4}") {
        let rest = format!("AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2024/01/02/{}", file("CloudTrail", "eu-west-1"));
        let (with, without) = (read(&format!("{prefix}/{rest}")), read(&rest));
        prop_assert_eq!(
            (with.service, with.account, with.region, with.time, with.log_type, with.not_loaded),
            (without.service, without.account, without.region, without.time, without.log_type, without.not_loaded)
        );
    }
}
