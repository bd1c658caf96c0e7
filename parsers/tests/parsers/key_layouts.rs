//! Keys of each log type as its service, Firehose or an exporter writes them, and what must not be loaded.

use proptest::prelude::*;
use siem_parsers::key::{ERROR_OUTPUT, KeyInfo};

use crate::{marks::read, support::cases};

const ACCOUNT: &str = "111122223333";
const REGIONS: &[&str] =
    &["us-east-1", "cn-northwest-1", "us-gov-west-1", "us-isob-east-1", "eu-isoe-west-1", "eusc-de-east-1"];
/// 2026-03-01T00:00:00Z, and five minutes later.
const DAY: i64 = 1_772_323_200;
const MINUTES: i64 = DAY + 300;
const STREAM: &str = "logs-eventbridge-1-2026-03-01-00-05-00-ad3706e8-d7a9-4a6c-9465-9ab9e82bd737.gz";

const PREFIXES: &[&str] = &[
    "",
    "logs/",
    "a b+c%/日本/",
    "us-west-2/",
    "999988887777/",
    "AWSLogs-old/999988887777/GuardDuty/",
    "AWSLogs/999988887777/CloudTrail/us-west-2/2020/01/01/",
    "vpcflowlogs/2020/01/01/",
    "errors/2020/01/01/",
    "processing-failed/",
];

/// What a key says: log type, account, region, time.
type Says<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>, Option<i64>);

fn says(info: &KeyInfo) -> Says<'_> {
    let time = info.time.map(|time| time.seconds);
    (info.log_type, info.account.as_deref(), info.region.as_deref(), time)
}

fn check(key: &str, expected: Says<'_>) {
    let info = read(key);
    assert_eq!(says(&info), expected, "{key}");
    assert_eq!(info.not_loaded, None, "{key}");
}

#[test]
fn every_service_below_its_anchor_is_read_in_its_own_layout() {
    for prefix in PREFIXES {
        for organization in ["", "o-abcdefghij/"] {
            for region in REGIONS {
                let root = format!("{prefix}AWSLogs/{organization}{ACCOUNT}");
                let says = |name, time| (Some(name), Some(ACCOUNT), Some(*region), Some(time));
                let uuid = "4af67436-3c69-4494-9a40-aa099aebf042.jsonl.gz";
                let fl =
                    format!("{ACCOUNT}_vpcflowlogs_{region}_fl-0123456789abcdef0_20260301T0005Z_2zmeemgm");
                let hive = format!(
                    "{prefix}AWSLogs/{organization}aws-account-id={ACCOUNT}/aws-service=vpcflowlogs/\
                     aws-region={region}/year=2026/month=03/day=01"
                );
                for (key, expected) in [
                    (
                        format!("{root}/vpcflowlogs/{region}/2026/03/01/{fl}.log.gz"),
                        says("vpcflowlogs", MINUTES),
                    ),
                    (
                        format!("{root}/vpcflowlogs/{region}/2026/03/01/00/{fl}.log.parquet"),
                        says("vpcflowlogs", MINUTES),
                    ),
                    (format!("{hive}/{fl}.log.gz"), says("vpcflowlogs", MINUTES)),
                    (format!("{hive}/hour=00/x.log.parquet"), says("vpcflowlogs", DAY)),
                    (format!("{root}/GuardDuty/{region}/2026/03/01/{uuid}"), says("guardduty", DAY)),
                    (
                        format!("{root}/aws.guardduty/GuardDuty_Finding/{region}/2026/03/01/00/{STREAM}"),
                        says("guardduty", MINUTES),
                    ),
                    (
                        format!("{root}/my.events/GuardDuty_Finding/{region}/2026/03/01/{STREAM}"),
                        says("guardduty", MINUTES),
                    ),
                    (
                        format!(
                            "{root}/aws.securityhub/Security_Hub_Findings_-_Imported/{region}/2026/03/01/{STREAM}"
                        ),
                        says("securityhub", MINUTES),
                    ),
                    (
                        format!(
                            "{root}/aws.securityhub/Security_Hub_Findings_-_Custom_Action/{region}/2026/03/01/{STREAM}"
                        ),
                        says("securityhub", MINUTES),
                    ),
                    (
                        format!("{root}/aws.securityhub/Findings_Imported_V2/{region}/2026/03/01/x.gz"),
                        says("securityhub", DAY),
                    ),
                    (format!("{root}/aws.securityhub/{region}/2026/03/01/x.gz"), says("securityhub", DAY)),
                    (
                        format!("{root}/SecurityHub/{region}/2026/03/01/00/{STREAM}"),
                        says("securityhub", MINUTES),
                    ),
                    (
                        format!(
                            "{root}/Config/{region}/2026/3/1/ConfigHistory/{ACCOUNT}_Config_{region}_ConfigHistory_AWS::EC2::Instance_20260301T000500Z_20260301T010000Z_1.json.gz"
                        ),
                        says("config", MINUTES),
                    ),
                    (
                        format!(
                            "{root}/Config/{region}/2026/3/1/ConfigSnapshot/{ACCOUNT}_Config_{region}_ConfigSnapshot_20260301T000500Z_a-b.json.gz"
                        ),
                        says("config", MINUTES),
                    ),
                    (
                        format!("{root}/Config/{region}/2026/3/1/ConfigHistory/copy.json.gz"),
                        says("config", DAY),
                    ),
                ] {
                    check(&key, expected);
                }
            }
            let vpc = "vpc-0d0eb0edc77e67efc";
            let key = format!(
                "{prefix}AWSLogs/{organization}{ACCOUNT}/vpcdnsquerylogs/{vpc}/2026/03/01/{vpc}_vpcdnsquerylogs_{ACCOUNT}_20260301T0005Z_71584702.log.gz"
            );
            check(&key, (Some("route53resolver"), Some(ACCOUNT), None, Some(MINUTES)));
        }
    }
}

#[test]
fn logs_without_anchor_are_known_by_the_mark_nearest_the_file_name() {
    for prefix in
        ["", "myprefix/", "CloudTrail/", "vpcflowlogs/", "us-west-2/", "AWSLogs/x/", "AWSLogs/o-abcdefghij/"]
    {
        for (below, expected) in [
            ("GuardDuty/x.jsonl.gz".to_owned(), (Some("guardduty"), None, None, None)),
            (format!("GuardDuty/2026/03/01/00/{STREAM}"), (Some("guardduty"), None, None, Some(MINUTES))),
            (
                format!("GuardDuty/{ACCOUNT}/us-east-1/2026/03/01/x.gz"),
                (Some("guardduty"), Some(ACCOUNT), Some("us-east-1"), Some(DAY)),
            ),
            (
                format!("{ACCOUNT}/GuardDuty/us-east-1/2026/03/01/x.gz"),
                (Some("guardduty"), Some(ACCOUNT), Some("us-east-1"), Some(DAY)),
            ),
            (
                "aws.guardduty/GuardDuty_Finding/cn-north-1/2026/03/01/x.gz".to_owned(),
                (Some("guardduty"), None, Some("cn-north-1"), Some(DAY)),
            ),
            (
                format!("{ACCOUNT}/aws.guardduty/GuardDuty_Finding/cn-north-1/2026/03/01/x"),
                (Some("guardduty"), Some(ACCOUNT), Some("cn-north-1"), Some(DAY)),
            ),
            (
                "securityhub/year=2026/month=03/day=01/hour=00/x".to_owned(),
                (Some("securityhub"), None, None, Some(DAY)),
            ),
            ("CloudTrail/thing.json.gz".to_owned(), (Some("cloudtrail"), None, None, None)),
            ("GuardDuty/CloudTrail/thing.json.gz".to_owned(), (Some("cloudtrail"), None, None, None)),
            ("CloudTrail/GuardDuty/thing.json.gz".to_owned(), (Some("guardduty"), None, None, None)),
            (
                format!(
                    "aws-account-id={ACCOUNT}/aws-service=vpcflowlogs/aws-region=us-east-1/year=2026/month=03/day=01/x"
                ),
                (Some("vpcflowlogs"), Some(ACCOUNT), Some("us-east-1"), Some(DAY)),
            ),
            (
                format!("{ACCOUNT}_vpcflowlogs_us-east-1_fl-1_20260301T0005Z_h.log.gz"),
                (Some("vpcflowlogs"), Some(ACCOUNT), Some("us-east-1"), Some(MINUTES)),
            ),
            (
                format!("vpc-1_vpcdnsquerylogs_{ACCOUNT}_20260301T0005Z_h.log.gz"),
                (Some("route53resolver"), Some(ACCOUNT), None, Some(MINUTES)),
            ),
            (
                format!("{ACCOUNT}_Config_us-east-1_ConfigSnapshot_20260301T000500Z_x.json.gz"),
                (Some("config"), Some(ACCOUNT), Some("us-east-1"), Some(MINUTES)),
            ),
            ("my_ConfigHistory_copy_1.json.gz".to_owned(), (Some("config"), None, None, None)),
            ("ConfigHistory/x.json".to_owned(), (Some("config"), None, None, None)),
        ] {
            check(&format!("{prefix}{below}"), expected);
        }
    }
}

#[test]
fn names_that_only_contain_a_mark_say_nothing_by_key() {
    for key in [
        "vpcflowlogs-prod/2026/03/01/x.log.gz",
        "my-GuardDuty/x.json",
        "guardduty/x.json",
        "SECURITYHUB/x.json",
        "x-vpcdnsquerylogs/x.json",
        "Config/app.json",
        "ConfigHistory.json",
        "a/GuardDuty",
        "aws-service=vpcflowlogs/x",
        "aws-account-id=1/aws-service=vpcflowlogs/x",
        "x/Security Hub Findings - Imported/x",
    ] {
        let info = read(key);
        assert_eq!((info.log_type, info.not_loaded, info.rule), (None, None, ""), "{key}");
    }
}

#[test]
fn firehose_without_marks_still_tells_the_time() {
    for prefix in ["", "flow/", "CloudTrails/2020/01/01/", "my-2020-01-01-stream/"] {
        let key = format!("{prefix}2026/03/01/00/{STREAM}");
        assert_eq!(says(&read(&key)), (None, None, None, Some(MINUTES)), "{key}");
        let key = format!("{prefix}2026/03/01/00/x");
        assert_eq!(says(&read(&key)), (None, None, None, Some(DAY)), "{key}");
        let key = format!("{prefix}a-2020-02-02-00-00-00-1-2026-03-01-00-05-00-x");
        assert_eq!(
            says(&read(&key)).3,
            Some(MINUTES),
            "{key}: the time stands behind the name of the stream"
        );
    }
}

#[test]
fn what_firehose_could_not_deliver_is_not_loaded() {
    let folders = [
        "error",
        "errors",
        "Error",
        "ErrorLogs",
        "error-output",
        "processing-failed",
        "format-conversion-failed",
        "elasticsearch-failed",
        "AmazonOpenSearchService_failed",
        "splunk-failed",
        "http-endpoint-failed",
        "error-output-type=processing-failed",
    ];
    for folder in folders {
        for prefix in PREFIXES {
            for key in [
                format!("{prefix}AWSLogs/{ACCOUNT}/SecurityHub/us-east-1/{folder}/2026/03/01/00/{STREAM}"),
                format!("{prefix}AWSLogs/{ACCOUNT}/SecurityHub/us-east-1/2026/03/01/00/{folder}/{STREAM}"),
                format!("{prefix}AWSLogs/{ACCOUNT}/GuardDuty/{folder}/x/2026/03/01/{STREAM}"),
                format!(
                    "{prefix}AWSLogs/{ACCOUNT}/aws.securityhub/Security_Hub_Findings_-_Imported/{folder}/{STREAM}"
                ),
                format!("{prefix}securityhub/{folder}/2026/03/01/00/{STREAM}"),
            ] {
                let info = read(&key);
                assert!(info.log_type.is_some(), "{key}");
                assert_eq!(info.not_loaded, Some(ERROR_OUTPUT), "{key}");
            }
        }
        let key = format!("flow/{folder}/2026/03/01/00/{STREAM}");
        let info = read(&key);
        assert_eq!((info.log_type, info.not_loaded), (None, Some(ERROR_OUTPUT)), "{key}");
        for key in [
            format!("{folder}/AWSLogs/{ACCOUNT}/SecurityHub/us-east-1/2026/03/01/{STREAM}"),
            format!("{folder}/2020/01/01/AWSLogs/{ACCOUNT}/SecurityHub/us-east-1/2026/03/01/{STREAM}"),
            format!("{folder}/GuardDuty/2026/03/01/{STREAM}"),
            format!("{folder}/flow/2026/03/01/{STREAM}"),
            format!("flow/{folder}-not/2026/03/01/{STREAM}"),
            format!("flow/{folder}/{STREAM}"),
            format!("flow/2026/03/01/{folder}"),
        ] {
            assert_eq!(read(&key).not_loaded, None, "{key}");
        }
    }
}

#[test]
fn files_of_a_family_that_hold_no_records_are_told_from_those_that_do() {
    let oversized = format!(
        "{ACCOUNT}_Config_global_ChangeNotification_AWS::IAM::Policy_CloudTrail_20260301T000500Z_1.json.gz"
    );
    for (key, log_type) in [
        (format!("AWSLogs/{ACCOUNT}/Config/ConfigWritabilityCheckFile"), "config"),
        (format!("p/AWSLogs/o-abcdefghij/{ACCOUNT}/Config/ConfigWritabilityCheckFile"), "config"),
        (
            format!(
                "AWSLogs/{ACCOUNT}/Config/global/2026/3/1/OversizedChangeNotification/AWS::IAM::Policy/{oversized}"
            ),
            "config",
        ),
        (format!("AWSLogs/{ACCOUNT}/CloudTrail-Digest/us-east-1/2026/03/01/x.json.gz"), "cloudtrail"),
        ("CloudTrail-Digest/x.json.gz".to_owned(), "cloudtrail"),
        (
            format!("copy/{ACCOUNT}_CloudTrail-Digest_us-east-1_trail_us-east-1_20260301T000500Z.json.gz"),
            "cloudtrail",
        ),
        (
            format!("AWSLogs/{ACCOUNT}/aws.securityhub/Security_Hub_Insight_Results/us-east-1/2026/03/01/x"),
            "securityhub",
        ),
    ] {
        let info = read(&key);
        assert_eq!(info.log_type, Some(log_type), "{key}");
        assert!(info.not_loaded.is_some(), "{key}");
    }
}

#[test]
fn the_last_anchor_with_an_account_counts() {
    let key = format!(
        "AWSLogs/999988887777/GuardDuty/us-west-2/AWSLogs/{ACCOUNT}/vpcflowlogs/us-east-1/2026/03/01/x"
    );
    check(&key, (Some("vpcflowlogs"), Some(ACCOUNT), Some("us-east-1"), Some(DAY)));
    let key = format!("AWSLogs/{ACCOUNT}/vpcflowlogs/us-east-1/2026/03/01/AWSLogs/x/y");
    check(&key, (Some("vpcflowlogs"), Some(ACCOUNT), Some("us-east-1"), Some(DAY)));
}

#[test]
fn a_resource_named_after_a_log_does_not_become_one() {
    let key = format!(
        "AWSLogs/{ACCOUNT}/WAFLogs/us-east-1/GuardDuty/2026/03/01/00/{ACCOUNT}_waflogs_us-east-1_GuardDuty_20260301T0005Z_x.log.gz"
    );
    check(&key, (None, Some(ACCOUNT), Some("us-east-1"), Some(MINUTES)));
    let key = format!(
        "AWSLogs/{ACCOUNT}/elasticloadbalancing/us-east-1/2026/03/01/{ACCOUNT}_elasticloadbalancing_us-east-1_app.CloudTrail.x_20260301T0005Z_1.2.3.4_x.log.gz"
    );
    check(&key, (None, Some(ACCOUNT), Some("us-east-1"), Some(MINUTES)));
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_prefix_never_hides_the_anchor(
        prefix in prop::collection::vec(
            prop::sample::select(vec![
                "AWSLogs", "AWSLogs-old", "999988887777", "o-zyxwvutsrq", "GuardDuty", "CloudTrail", "errors",
                "us-west-2", "2020", "01", "aws-account-id=999988887777", "aws-service=GuardDuty", "", "日本",
                "processing-failed", "Config", "aws.securityhub", "%2F", "a+b",
            ]),
            0..10,
        ),
    ) {
        let rest = format!("AWSLogs/{ACCOUNT}/vpcflowlogs/us-east-1/2026/03/01/{ACCOUNT}_vpcflowlogs_us-east-1_fl-1_20260301T0005Z_h.log.gz");
        let key = [prefix.join("/").as_str(), rest.as_str()].join("/");
        let info = read(&key);
        prop_assert_eq!(says(&info), (Some("vpcflowlogs"), Some(ACCOUNT), Some("us-east-1"), Some(MINUTES)));
        prop_assert_eq!(info.not_loaded, None);
    }
}
