//! One usual record of each log, and where hostile values are put into it.

use serde_json::{Value, json};

/// A log whose records are JSON.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) index: &'static str,
    /// Name in the table of logs; the typed fields of its component template are all tried.
    pub(super) log_type: &'static str,
    /// Key of the object with `YEAR` and `MONTH` in it.
    pub(super) key: &'static str,
    /// What stands around the records in the object.
    pub(super) around: (&'static str, &'static str, &'static str),
    pub(super) record: fn() -> Value,
    /// Gives the record an id of its own.
    pub(super) name_it: fn(&mut Value, &str),
    /// Subtrees of any shape.
    pub(super) free: &'static [&'static str],
    /// What stands in front of the record's own names in the document.
    pub(super) below: &'static str,
    /// Members that lead to the document's id or to the record itself: another value there is another record.
    pub(super) left_alone: &'static [&'static str],
}

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "cloudtrail",
        index: "log-aws-cloudtrail",
        log_type: "cloudtrail",
        key: "AWSLogs/o-exampleorg1/111122223333/CloudTrail/eu-central-1/YEAR/MONTH/01/\
              111122223333_CloudTrail_eu-central-1_YEARMONTH01T0005Z_hostile.json.gz",
        around: (r#"{"Records":["#, ",", "]}"),
        record: || {
            json!({
                "eventVersion": "1.11", "eventTime": "YEAR-MONTH-01T00:00:01Z", "eventName": "PutObject",
                "eventSource": "s3.amazonaws.com", "awsRegion": "eu-central-1", "sourceIPAddress": "192.0.2.7",
                "userAgent": "aws-cli/2.15.0", "userIdentity": {"type": "IAMUser", "userName": "alice"},
                "requestParameters": {"bucketName": "example"}, "responseElements": null,
                "recipientAccountId": "111122223333", "eventType": "AwsApiCall",
            })
        },
        name_it: |record, id| record["eventID"] = json!(id),
        free: &["requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"],
        below: "",
        left_alone: &[],
    },
    Kind {
        name: "guardduty",
        index: "log-aws-guardduty",
        log_type: "guardduty",
        key: "AWSLogs/o-exampleorg1/111122223333/GuardDuty/eu-central-1/YEAR/MONTH/01/hostile.jsonl.gz",
        around: ("", "\n", "\n"),
        record: || {
            json!({
                "schemaVersion": "2.0", "accountId": "111122223333", "region": "eu-central-1", "partition": "aws",
                "type": "UnauthorizedAccess:EC2/SSHBruteForce", "severity": 5.5,
                "createdAt": "YEAR-MONTH-01T00:00:01.000Z", "updatedAt": "YEAR-MONTH-01T00:00:02.000Z",
                "title": "SSH brute force", "description": "Somebody tries passwords.",
                "resource": {"resourceType": "Instance", "instanceDetails": {"instanceId": "i-0123456789abcdef0"}},
                "service": {
                    "serviceName": "guardduty", "detectorId": "d1", "count": 3, "archived": false,
                    "action": {"actionType": "NETWORK_CONNECTION", "networkConnectionAction": {
                        "connectionDirection": "INBOUND", "protocol": "TCP",
                        "remoteIpDetails": {"ipAddressV4": "192.0.2.9"},
                        "localPortDetails": {"port": 22, "portName": "SSH"}
                    }}
                },
            })
        },
        name_it: |record, id| record["id"] = json!(id),
        free: &["resource", "service.additionalInfo", "service.action", "service.detection"],
        below: "",
        left_alone: &[],
    },
    Kind {
        name: "securityhub",
        index: "log-aws-securityhub",
        log_type: "securityhub",
        key: "AWSLogs/111122223333/SecurityHub/eu-central-1/YEAR/MONTH/01/hostile.gz",
        around: ("", "\n", "\n"),
        record: || {
            json!({
                "version": "0", "id": "e1", "detail-type": "Security Hub Findings - Imported",
                "source": "aws.securityhub", "account": "111122223333", "time": "YEAR-MONTH-01T00:00:05Z",
                "region": "eu-central-1", "resources": ["arn:aws:securityhub:eu-central-1::product/aws/inspector"],
                "detail": {"findings": [{
                    "SchemaVersion": "2018-10-08", "AwsAccountId": "111122223333", "Region": "eu-central-1",
                    "ProductArn": "arn:aws:securityhub:eu-central-1::product/aws/inspector",
                    "ProductName": "Inspector", "GeneratorId": "AWSInspector", "Title": "CVE-2026-0001 - glibc",
                    "Types": ["Software and Configuration Checks/Vulnerabilities/CVE"],
                    "Description": "A flaw.", "CreatedAt": "YEAR-MONTH-01T00:00:01.000Z",
                    "UpdatedAt": "YEAR-MONTH-01T00:00:02.000Z", "RecordState": "ACTIVE",
                    "Severity": {"Label": "HIGH", "Normalized": 70}, "Workflow": {"Status": "NEW"},
                    "ProductFields": {"aws/securityhub/ProductName": "Inspector"},
                    "Resources": [{"Type": "AwsEc2Instance", "Id": "arn:aws:ec2:eu-central-1:111122223333:instance/i-1"}]
                }]}
            })
        },
        name_it: |record, id| record["detail"]["findings"][0]["Id"] = json!(id),
        free: &["ProductFields", "Resources", "FindingProviderFields", "Vulnerabilities"],
        below: "detail.findings.0",
        left_alone: &["ocsf"],
    },
    Kind {
        name: "ocsf",
        index: "log-aws-securityhub",
        log_type: "securityhub",
        key: "AWSLogs/111122223333/SecurityHub/eu-central-1/YEAR/MONTH/01/hostile-ocsf.gz",
        around: ("", "\n", "\n"),
        record: || {
            json!({
                "class_uid": 2004, "class_name": "Detection Finding", "category_uid": 2, "activity_id": 1,
                "time": 1_136_073_605_000_u64, "time_dt": "YEAR-MONTH-01T00:00:05Z", "severity_id": 4,
                "severity": "High", "status": "New", "status_id": 1, "type_uid": 200_401,
                "cloud": {"account": {"uid": "111122223333"}, "region": "eu-central-1", "provider": "AWS"},
                "finding_info": {"uid": "f", "title": "t", "created_time_dt": "YEAR-MONTH-01T00:00:01Z",
                                 "modified_time_dt": "YEAR-MONTH-01T00:00:05Z"},
                "metadata": {"uid": "m", "product": {"name": "GuardDuty", "uid": "arn:aws:securityhub:p"}},
                "resources": [{"type": "AWS::EC2::Instance", "uid": "arn:aws:ec2:eu-central-1:1:instance/i-1"}]
            })
        },
        name_it: |record, id| {
            record["metadata"]["uid"] = json!(id);
            record["finding_info"]["uid"] = json!(id);
        },
        free: &["resources", "evidences", "unmapped", "vulnerabilities"],
        below: "",
        // What says that it is OCSF, and which finding.
        left_alone: &["class_uid", "metadata", "metadata.uid", "finding_info", "finding_info.uid"],
    },
    Kind {
        name: "config",
        index: "log-aws-config",
        log_type: "config",
        key: "AWSLogs/111122223333/Config/eu-central-1/YEAR/MONTH/1/ConfigHistory/\
              111122223333_Config_eu-central-1_ConfigHistory_AWS::EC2::Instance_YEARMONTH01T000000Z_\
              YEARMONTH01T010000Z_hostile.json.gz",
        around: (r#"{"fileVersion":"1.0","configurationItems":["#, ",", "]}"),
        record: || {
            json!({
                "configurationItemVersion": "1.3", "configurationItemCaptureTime": "YEAR-MONTH-01T00:00:01.000Z",
                "configurationStateId": 1, "awsAccountId": "111122223333", "awsRegion": "eu-central-1",
                "configurationItemStatus": "ResourceDiscovered", "resourceType": "AWS::EC2::Instance",
                "resourceId": "i-1", "ARN": "arn:aws:ec2:eu-central-1:111122223333:instance/i-1",
                "tags": {"team": "a"}, "relationships": [], "configuration": {"instanceId": "i-1"},
                "supplementaryConfiguration": {}
            })
        },
        // The id is that of a resource at a time, whatever else the item says.
        name_it: |record, id| record["resourceId"] = json!(id),
        free: &["configuration", "supplementaryConfiguration", "tags"],
        below: "",
        left_alone: &["resourceId"],
    },
    Kind {
        name: "route53resolver",
        index: "log-aws-r53resolver",
        log_type: "route53resolver",
        key: "AWSLogs/111122223333/vpcdnsquerylogs/vpc-0123456789abcdef0/YEAR/MONTH/01/\
              vpc-0123456789abcdef0_vpcdnsquerylogs_111122223333_YEARMONTH01T0005Z_hostile.log.gz",
        around: ("", "\n", "\n"),
        record: || {
            json!({
                "version": "1.100000", "account_id": "111122223333", "region": "eu-central-1",
                "vpc_id": "vpc-0123456789abcdef0", "query_timestamp": "YEAR-MONTH-01T00:00:01Z",
                "query_name": "example.com.", "query_type": "A", "query_class": "IN", "rcode": "NOERROR",
                "answers": [{"Rdata": "192.0.2.1", "Type": "A", "Class": "IN"}],
                "srcaddr": "10.0.0.1", "srcport": "4711", "transport": "UDP",
                "srcids": {"instance": "i-0123456789abcdef0"}
            })
        },
        name_it: |record, id| record["query_name"] = json!(format!("{id}.example.com.")),
        free: &["answers", "srcids"],
        below: "",
        left_alone: &["query_name"],
    },
];
