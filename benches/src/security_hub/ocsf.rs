//! Findings of the new Security Hub, in OCSF: the rest of a record behind what all classes share.
//!
//! EventBridge: `Findings Imported V2`, one finding an event
//! (<https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-v2-cwe-event-formats.html>). Names of
//! fields are those that the API can filter by (`OcsfStringFilter` …) and of OCSF 1.6.

/// One class of findings; its texts are templates.
#[derive(Clone, Copy, Debug)]
pub struct Class {
    /// What the case is called.
    pub family: &'static str,
    /// `class_uid`.
    pub uid: u64,
    /// `class_name`.
    pub name: &'static str,
    /// `metadata.product.uid` behind `:productv2/`.
    pub product: &'static str,
    /// `metadata.product.name`.
    pub product_name: &'static str,
    /// `finding_info.uid`.
    pub id: &'static str,
    /// `severity_id`: 1 informational to 5 critical, 6 fatal, 99 other.
    pub severity: u64,
    /// Members of `finding_info` beside its uid and times.
    pub info: &'static str,
    /// Elements of `resources`.
    pub resources: &'static str,
    /// Members behind those that all classes have.
    pub rest: &'static str,
}

const INSTANCE: &str = r#"{"uid":"<instance>","uid_alt":"arn:aws:ec2:<region>:<account>:instance/<instance>","type":"AWS::EC2::Instance","provider":"AWS","cloud_partition":"aws","region":"<region>","owner":{"account":{"uid":"<account>"}},"vpc_uid":"<vpc>","subnet_info":{"uid":"<subnet>"},"tags":[{"name":"env","value":"prod"}],"device":{"image":{"uid":"<image>"},"network_interfaces":[{"uid":"<eni>","ip":"10.0.3.17"}]}}"#;

/// All classes, and exposures, which are detections of Security Hub itself.
#[rustfmt::skip]
pub const CLASSES: &[Class] = &[
    Class { family: "vulnerability", uid: 2002, name: "Vulnerability Finding", product: "aws/inspector", product_name: "Inspector", id: "arn:aws:inspector2:<region>:<account>:finding/<hex:32>", severity: 5, info: r#""title":"CVE-2026-10007 - openssl-libs","desc":"A flaw in openssl-libs lets a remote peer read memory.","types":["Software and Configuration Checks/Vulnerabilities/CVE","Vulnerabilities"]"#, resources: INSTANCE, rest: r#""vulnerabilities":[{"cve":{"uid":"CVE-2026-10007","desc":"A flaw.","cvss":[{"base_score":9.8,"severity":"CRITICAL","vector_string":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","vendor_name":"NVD","version":"3.1"}],"epss":{"score":"0.00018"}},"affected_packages":[{"name":"openssl-libs","version":"3.0.8","fixed_in_version":"3.0.9","package_manager":"OS","epoch":1}],"is_exploit_available":true,"is_fix_available":true,"fix_coverage":"YES","related_vulnerabilities":["CVE-2025-0001"]}],"# },
    Class { family: "compliance", uid: 2003, name: "Compliance Finding", product: "aws/securityhub", product_name: "Security Hub", id: "arn:aws:securityhub:<region>:<account>:security-control/S3.8/finding/<uuid>", severity: 4, info: r#""title":"S3 general purpose buckets should block public access","desc":"This control checks a bucket.","types":["Effects/Data Exposure","Posture Management"],"analytic":{"category":"AWS::Config::ConfigRule","name":"securityhub-s3-bucket-level-public-access-prohibited-<hex:8>","type":"Rule","type_id":1}"#, resources: r#"{"uid":"<bucket>","uid_alt":"arn:aws:s3:::<bucket>","type":"AWS::S3::Bucket","provider":"AWS","cloud_partition":"aws","region":"<region>","owner":{"account":{"uid":"<account>"}}}"#, rest: r#""compliance":{"control":"S3.8","standards":["standards/aws-foundational-security-best-practices/v/1.0.0"],"requirements":["PCI DSS v4.0.1/1.4.4"],"status":"Fail","status_id":3,"control_parameters":[{"name":"restrictedPorts","values":["22"]}],"assessments":[{"name":"AWS Config","category":"Config","meets_criteria":false}]},"# },
    Class { family: "detection", uid: 2004, name: "Detection Finding", product: "aws/guardduty", product_name: "GuardDuty", id: "arn:aws:guardduty:<region>:<account>:detector/<z=hex:32>/finding/<hex:32>", severity: 4, info: r#""title":"EC2 instance is communicating with a server of command and control.","desc":"An instance talks to a server of command and control.","types":["Threats","Backdoor:EC2/C&CActivity.B"],"analytic":{"type":"Rule","type_id":1,"uid":"<z>"},"attacks":[{"tactic":{"name":"Command and Control","uid":"TA0011"},"technique":{"name":"Application Layer Protocol","uid":"T1071"},"version":"16"}]"#, resources: INSTANCE, rest: r#""count":3,"is_alert":true,"evidences":[{"actor":{"process":{"name":"sh","pid":812,"file":{"name":"sh","path":"/usr/bin/sh","type":"Regular File","type_id":1}}},"connection_info":{"direction":"Outbound","direction_id":2,"protocol_name":"TCP","protocol_num":6},"src_endpoint":{"ip":"10.0.3.17","port":41222},"dst_endpoint":{"ip":"<ip>","port":443,"autonomous_system":{"name":"Example Hosting","number":64500},"location":{"city":"Amsterdam","country":"Netherlands","lat":52.374,"long":4.8897}}},{"src_endpoint":{"ip":"2001:db8::66"}}],"observables":[{"name":"evidences[].dst_endpoint.ip","type":"IP Address","type_id":2,"value":"<ip>"},{"name":"resources[].uid","type":"Resource UID","type_id":10,"value":"<instance>"}],"# },
    Class { family: "exposure", uid: 2004, name: "Detection Finding", product: "aws/securityhub-risk", product_name: "Security Hub Exposure Detection", id: "arn:aws:securityhub:<region>:<account>:risk:<hex:64>", severity: 5, info: r#""title":"Internet reachable EC2 instance with administrative rights has vulnerabilities that are likely to be exploited","desc":"An exposure.","types":["Exposure/Potential Impact/Resource Hijacking"],"related_events_count":2,"related_events":[{"uid":"arn:aws:inspector2:<region>:<account>:finding/<hex:32>","title":"CVE-2026-10007 - openssl-libs","type":"Finding","product":{"uid":"arn:aws:securityhub:<region>::productv2/aws/inspector"},"traits":[{"category":"Vulnerability","name":"Exploit Available"}],"observables":[{"type":"Resource UID","type_id":10,"value":"<instance>"}]}]"#, resources: INSTANCE, rest: "" },
    Class { family: "dataSecurity", uid: 2006, name: "Data Security Finding", product: "aws/macie", product_name: "Macie", id: "<hex:32>", severity: 3, info: r#""title":"The S3 object contains personal information","desc":"個人情報が含まれています。","types":["SensitiveData:S3Object/Personal","Sensitive Data"]"#, resources: r#"{"uid":"arn:aws:s3:::<bucket>/<object>","type":"AWS::S3::Object","provider":"AWS","cloud_partition":"aws","region":"<region>","owner":{"account":{"uid":"<account>"}}}"#, rest: r#""databucket":{"name":"<bucket>","uid":"arn:aws:s3:::<bucket>","type":"S3","type_id":1,"is_public":false,"is_encrypted":true,"encryption_details":{"algorithm":"aws:kms","key_uid":"arn:aws:kms:<region>:<account>:key/<kms>"},"file":{"name":"<object>","type":"Regular File","type_id":1,"size":<int:900-9000000>,"data_classifications":[{"category":"Personal","category_id":1,"classifier_details":{"type":"NAME"},"discovery_details":[{"count":3,"type":"NAME"}],"status":"Complete","status_id":1}]}},"# },
    Class { family: "codePosture", uid: 2007, name: "Application Security Posture Finding", product: "aws/inspector", product_name: "Inspector", id: "arn:aws:inspector2:<region>:<account>:finding/<hex:32>", severity: 2, info: r#""title":"CWE-798 - Hardcoded credentials","desc":"A secret in the code.","types":["Software and Configuration Checks/Vulnerabilities/Code"]"#, resources: r#"{"uid":"arn:aws:lambda:<region>:<account>:function:<function>","type":"AWS::Lambda::Function","provider":"AWS","cloud_partition":"aws","region":"<region>","cloud_function":{"name":"<function>","runtime":"PYTHON_3_12","layers":[{"uid_alt":"arn:aws:lambda:<region>:<account>:layer:base:3"}],"user":{"uid":"arn:aws:iam::<account>:role/<role>"}},"owner":{"account":{"uid":"<account>"}}}"#, rest: r#""vulnerabilities":[{"title":"Hardcoded credentials","cwe":{"uid":"CWE-798"},"affected_code":[{"file":{"name":"app.py","path":"src/app.py","type_id":1},"start_line":12,"end_line":14}]}],"# },
];
