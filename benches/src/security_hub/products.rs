//! What sends findings to Security Hub: one row a product and shape, its texts templates.
//!
//! Shapes are those of the AWS Security Finding Format
//! (<https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html>). Weights are parts of
//! 1,000: most of what an estate gets are controls and packages to update.

/// One row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// What findings of one product and shape have in common; fixtures have one object a family.
    pub family: &'static str,
    /// Share of all findings, in parts of 1,000.
    pub weight: u64,
    /// `ProductArn` behind `:product/`: company and product.
    pub product: &'static str,
    /// `ProductName`.
    pub name: &'static str,
    /// `Id`.
    pub id: &'static str,
    /// `GeneratorId`.
    pub generator: &'static str,
    /// Elements of `Types`.
    pub types: &'static str,
    /// `Severity.Label`.
    pub label: &'static str,
    /// `Title`.
    pub title: &'static str,
    /// Elements of `Resources`.
    pub resources: &'static str,
    /// `Compliance`, if any.
    pub compliance: &'static str,
    /// Members of `ProductFields` beside those of Security Hub; `-` where there are none at all.
    pub fields: &'static str,
    /// A further member, if any: its name and its JSON.
    pub more: (&'static str, &'static str),
}

const INSTANCE: &str = r#"{"Type":"AwsEc2Instance","Id":"arn:aws:ec2:<region>:<account>:instance/<instance>","Partition":"aws","Region":"<region>","Tags":{"Name":"<family>","env.stage":"<pick:prod|stage>"},"Details":{"AwsEc2Instance":{"Type":"m6i.large","ImageId":"<image>","IpV4Addresses":["<private>","198.51.100.<int:1-254>"],"IpV6Addresses":[<pick:||"2001:db8:41::<hex:4>">],"VpcId":"<vpc>","SubnetId":"<subnet>","LaunchedAt":"2026-01-15T03:22:10.000Z","IamInstanceProfileArn":"arn:aws:iam::<account>:instance-profile/<role>","NetworkInterfaces":[{"NetworkInterfaceId":"<eni>"}]}}}"#;
const BUCKET: &str = r#"{"Type":"AwsS3Bucket","Id":"arn:aws:s3:::<bucket>","Partition":"aws","Region":"<region>","Tags":{"data":"restricted"},"Details":{"AwsS3Bucket":{"OwnerId":"<hex:64>","Name":"<bucket>","CreatedAt":"2024-11-06T10:15:03.000Z","ServerSideEncryptionConfiguration":{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}}}}"#;
const ACCESS_KEY: &str = r#"{"Type":"AwsIamAccessKey","Id":"AWS::IAM::AccessKey:AKIA<x=up:16>","Partition":"aws","Region":"<region>","Details":{"AwsIamAccessKey":{"AccessKeyId":"AKIA<x>","PrincipalId":"AIDA<up:17>","PrincipalType":"IAMUser","PrincipalName":"<user>"}}}"#;
const ACCOUNT: &str =
    r#"{"Type":"AwsAccount","Id":"AWS::::Account:<account>","Partition":"aws","Region":"<region>"}"#;
const ROLE: &str = r#"{"Type":"AwsIamRole","Id":"arn:aws:iam::<account>:role/<role>","Partition":"aws","Region":"<region>","Details":{"AwsIamRole":{"RoleName":"<role>","AssumeRolePolicyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[]}","CreateDate":"2025-03-01T10:00:00.000Z","MaxSessionDuration":3600}}}"#;
const VOLUME: &str = r#"{"Type":"AwsEc2Volume","Id":"arn:aws:ec2:<region>:<account>:volume/<volume>","Partition":"aws","Region":"<region>","Details":{"AwsEc2Volume":{"Encrypted":false,"Size":<int:8-400>,"SnapshotId":"<snapshot>","Status":"in-use","Attachments":[{"InstanceId":"<instance>","AttachTime":"2026-01-15T03:22:11.000Z","Status":"attached","DeleteOnTermination":true}]}}}"#;

const GUARD_DUTY_ID: &str = "arn:aws:guardduty:<region>:<account>:detector/<z=hex:32>/finding/<hex:32>";
const CONTROL: &str = r#"{"Status":"<pick:FAILED|FAILED|FAILED|WARNING|NOT_AVAILABLE>","SecurityControlId":"<x>","AssociatedStandards":[{"StandardsId":"standards/aws-foundational-security-best-practices/v/1.0.0"},{"StandardsId":"standards/nist-800-53/v/5.0.0"}],"RelatedRequirements":["NIST.800-53.r5 AC-4","PCI DSS v4.0.1/1.4.4"],"SecurityControlParameters":[{"Name":"restrictedPorts","Value":["20","21","22"]}],"StatusReasons":[{"ReasonCode":"CONFIG_EVALUATIONS_EMPTY","Description":"No evaluation yet."}]}"#;
const CONTROL_FIELDS: &str = r#""RelatedAWSResources:0/name":"securityhub-rule-<hex:8>","RelatedAWSResources:0/type":"AWS::Config::ConfigRule","Resources:0/Id":"arn:aws:s3:::<bucket>","aws/securityhub/annotation":"AWS Config rule evaluated this resource.""#;

const ANY: Product = Product {
    family: "control",
    weight: 10,
    product: "aws/securityhub",
    name: "Security Hub",
    id: "arn:aws:securityhub:<region>:<account>:security-control/<x>/finding/<uuid>",
    generator: "security-control/<x>",
    types: r#""Software and Configuration Checks/Industry and Regulatory Standards""#,
    label: "<pick:LOW|MEDIUM|HIGH|CRITICAL>",
    title: "",
    resources: BUCKET,
    compliance: CONTROL,
    fields: CONTROL_FIELDS,
    more: ("", ""),
};
const GUARD_DUTY: Product = Product {
    family: "guardDuty",
    product: "aws/guardduty",
    name: "GuardDuty",
    id: GUARD_DUTY_ID,
    generator: "arn:aws:guardduty:<region>:<account>:detector/<z>",
    resources: INSTANCE,
    compliance: "",
    ..ANY
};
const INSPECTOR: Product = Product {
    family: "inspector",
    product: "aws/inspector",
    name: "Inspector",
    id: "arn:aws:inspector2:<region>:<account>:finding/<hex:32>",
    generator: "AWSInspector",
    types: r#""Software and Configuration Checks/Vulnerabilities/CVE""#,
    label: "<pick:LOW|MEDIUM|MEDIUM|HIGH|CRITICAL>",
    title: "CVE-202<int:3-6>-<int:10000-59999> - <pick:kernel, python3|openssl-libs|curl|log4j-core|glibc>",
    resources: INSTANCE,
    compliance: "",
    fields: r#""aws/inspector/ProductVersion":"2","aws/inspector/FindingStatus":"ACTIVE","aws/inspector/inspectorScore":"<int:3-9>.<int:0-9>","aws/inspector/resources/1/resourceDetails/awsEc2InstanceDetails/platform":"AMAZON_LINUX_2023","aws/inspector/instanceId":"<instance>""#,
    more: (
        "Vulnerabilities",
        r#"[{"Id":"CVE-2026-<int:10000-59999>","VulnerablePackages":[{"Name":"openssl-libs","Version":"3.0.8","Epoch":"1","Release":"1.amzn2023.0.<int:1-20>","Architecture":"X86_64","PackageManager":"OS","FixedInVersion":"1:3.0.8-1.amzn2023.0.21","Remediation":"dnf update openssl-libs"}],"Cvss":[{"Version":"3.1","BaseScore":<int:3-9>.<int:0-9>,"BaseVector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","Source":"NVD"},{"Version":"3.1","BaseScore":7,"Source":"AMAZON_INSPECTOR"}],"Vendor":{"Name":"AMAZON_CVE","Url":"https://alas.aws.amazon.com/cve/html/CVE-2026-10000.html","VendorSeverity":"Important","VendorCreatedAt":"2026-01-20T00:00:00Z","VendorUpdatedAt":"2026-02-11T00:00:00Z"},"ReferenceUrls":["https://example.com/advisory"],"FixAvailable":"<pick:YES|NO|PARTIAL>","EpssScore":0.<int:10000-99999>,"ExploitAvailable":"<pick:YES|NO>","RelatedVulnerabilities":["CVE-2025-0001"]}]"#,
    ),
    ..ANY
};

/// All rows, family by family.
#[rustfmt::skip]
pub const PRODUCTS: &[Product] = &[
    Product { weight: 160, title: "<x=pick:S3.8> S3 general purpose buckets should block public access", ..ANY },
    Product { weight: 120, title: "<x=pick:EC2.3> Attached EBS volumes should be encrypted at-rest", resources: VOLUME, ..ANY },
    Product { weight: 60, title: "<x=pick:IAM.6> Hardware MFA should be enabled for the root user", resources: ACCOUNT, label: "CRITICAL", ..ANY },
    Product { weight: 60, title: "<x=pick:Config.1> AWS Config should be enabled", resources: ACCOUNT, label: "INFORMATIONAL", compliance: r#"{"Status":"PASSED","SecurityControlId":"<x>","AssociatedStandards":[{"StandardsId":"standards/aws-foundational-security-best-practices/v/1.0.0"}]}"#, ..ANY },
    Product { family: "controlPerStandard", weight: 80, id: "arn:aws:securityhub:<region>:<account>:subscription/aws-foundational-security-best-practices/v/1.0.0/<x>/finding/<uuid>", generator: "aws-foundational-security-best-practices/v/1.0.0/<x>", types: r#""Software and Configuration Checks/Industry and Regulatory Standards/AWS-Foundational-Security-Best-Practices""#, title: "<x=pick:S3.5|EC2.19> should pass in the standard", compliance: r#"{"Status":"FAILED","RelatedRequirements":["PCI DSS 1.3.1"],"SecurityControlId":"<x>","AssociatedStandards":[{"StandardsId":"standards/aws-foundational-security-best-practices/v/1.0.0"}]}"#, fields: r#""StandardsArn":"arn:aws:securityhub:::standards/aws-foundational-security-best-practices/v/1.0.0","StandardsSubscriptionArn":"arn:aws:securityhub:<region>:<account>:subscription/aws-foundational-security-best-practices/v/1.0.0","ControlId":"<x>","RecommendationUrl":"https://docs.aws.amazon.com/console/securityhub/<x>/remediation","StandardsControlArn":"arn:aws:securityhub:<region>:<account>:control/aws-foundational-security-best-practices/v/1.0.0/<x>""#, ..ANY },
    Product { family: "controlPerStandard", weight: 20, id: "arn:aws:securityhub:<region>:<account>:subscription/cis-aws-foundations-benchmark/v/1.2.0/<x>/finding/<uuid>", generator: "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/<x>", types: r#""Software and Configuration Checks/Industry and Regulatory Standards/CIS AWS Foundations Benchmark""#, title: "<x=pick:1.14|3.6> Ensure that a rule of CIS holds.", resources: ACCOUNT, compliance: r#"{"Status":"WARNING"}"#, fields: r#""StandardsGuideArn":"arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0","RuleId":"<x>","RecommendationUrl":"https://docs.aws.amazon.com/console/securityhub/standards-cis-<x>/remediation""#, ..ANY },
    Product { weight: 40, title: "An unprotected port on EC2 instance <instance> is being probed.", label: "LOW", types: r#""TTPs/Discovery/Recon:EC2-PortProbeUnprotectedPort""#, fields: r#""aws/guardduty/service/serviceName":"guardduty","aws/guardduty/service/detectorId":"<z>","aws/guardduty/service/action/actionType":"PORT_PROBE","aws/guardduty/service/action/portProbeAction/blocked":"false","aws/guardduty/service/action/portProbeAction/portProbeDetails.0_/localPortDetails/port":"22","aws/guardduty/service/action/portProbeAction/portProbeDetails.0_/localPortDetails/portName":"SSH","aws/guardduty/service/action/portProbeAction/portProbeDetails.0_/localIpDetails/ipAddressV4":"<private>","aws/guardduty/service/action/portProbeAction/portProbeDetails.0_/remoteIpDetails/ipAddressV4":"<ip>","aws/guardduty/service/action/portProbeAction/portProbeDetails.0_/remoteIpDetails/organization/asn":"64500","aws/guardduty/service/action/portProbeAction/portProbeDetails.0_/remoteIpDetails/country/countryName":"Netherlands","aws/guardduty/service/action/portProbeAction/portProbeDetails.0_/remoteIpDetails/city/cityName":"Amsterdam","aws/guardduty/service/action/portProbeAction/portProbeDetails.0_/remoteIpDetails/geoLocation/lat":"52.374","aws/guardduty/service/action/portProbeAction/portProbeDetails.0_/remoteIpDetails/geoLocation/lon":"4.8897","aws/guardduty/service/resourceRole":"TARGET","aws/guardduty/service/additionalInfo/type":"default","aws/guardduty/service/archived":"false","aws/guardduty/service/count":"<int:1-90>""#, more: ("Action", r#"{"ActionType":"PORT_PROBE","PortProbeAction":{"PortProbeDetails":[{"LocalPortDetails":{"Port":22,"PortName":"SSH"},"LocalIpDetails":{"IpAddressV4":"<private>"},"RemoteIpDetails":{"IpAddressV4":"<ip>","Organization":{"Asn":64500,"AsnOrg":"Example Hosting"},"Country":{"CountryName":"Netherlands"},"City":{"CityName":"Amsterdam"},"GeoLocation":{"Lat":52.374,"Lon":4.8897}}}],"Blocked":false}}"#), ..GUARD_DUTY },
    Product { weight: 40, title: "EC2 instance <instance> is communicating outbound with a server of command and control.", label: "HIGH", types: r#""TTPs/Command and Control/Backdoor:EC2-C&CActivity.B""#, fields: r#""aws/guardduty/service/action/actionType":"NETWORK_CONNECTION","aws/guardduty/service/action/networkConnectionAction/connectionDirection":"OUTBOUND","aws/guardduty/service/action/networkConnectionAction/protocol":"TCP","aws/guardduty/service/action/networkConnectionAction/blocked":"false","aws/guardduty/service/action/networkConnectionAction/localIpDetails/ipAddressV4":"<private>","aws/guardduty/service/action/networkConnectionAction/localPortDetails/port":"<int:32768-60999>","aws/guardduty/service/action/networkConnectionAction/remotePortDetails/port":"443","aws/guardduty/service/action/networkConnectionAction/remoteIpDetails/ipAddressV4":"<ip>","aws/guardduty/service/action/networkConnectionAction/remoteIpDetails/country/countryName":"Brazil","aws/guardduty/service/resourceRole":"ACTOR","aws/guardduty/service/evidence/threatIntelligenceDetails.0_/threatListName":"Amazon","aws/guardduty/service/count":"<int:1-90>""#, ..GUARD_DUTY },
    Product { weight: 30, title: "API ListBuckets was invoked from a known malicious IP address.", label: "MEDIUM", types: r#""TTPs/Discovery/Recon:IAMUser-MaliciousIPCaller.Custom""#, resources: ACCESS_KEY, fields: r#""aws/guardduty/service/action/actionType":"AWS_API_CALL","aws/guardduty/service/action/awsApiCallAction/api":"ListBuckets","aws/guardduty/service/action/awsApiCallAction/serviceName":"s3.amazonaws.com","aws/guardduty/service/action/awsApiCallAction/callerType":"Remote IP","aws/guardduty/service/action/awsApiCallAction/remoteIpDetails/ipAddressV4":"<ip>","aws/guardduty/service/resourceRole":"TARGET""#, ..GUARD_DUTY },
    Product { weight: 30, title: "EC2 instance <instance> is querying a domain of command and control.", label: "HIGH", types: r#""TTPs/Command and Control/Backdoor:EC2-C&CActivity.B!DNS""#, fields: r#""aws/guardduty/service/action/actionType":"DNS_REQUEST","aws/guardduty/service/action/dnsRequestAction/domain":"guarddutyc2activityb.com","aws/guardduty/service/action/dnsRequestAction/protocol":"UDP","aws/guardduty/service/action/dnsRequestAction/blocked":"false","aws/guardduty/service/resourceRole":"ACTOR""#, ..GUARD_DUTY },
    Product { weight: 1, title: "Potential credential compromise of IAMUser/<user> indicated by a sequence of actions.", label: "CRITICAL", types: r#""TTPs/AttackSequence:IAM-CompromisedCredentials""#, resources: ACCESS_KEY, fields: r#""aws/guardduty/service/detectorId":"<z>""#, more: ("Detection", r#"{"Sequence":{"Uid":"<hex:32>","Actors":[{"Id":"USER:AIDA1","User":{"Name":"<user>","Uid":"AIDA1","Type":"IAMUser","Account":{"Uid":"<account>","Name":"prod"}},"Session":{"Uid":"<uuid>","MfaStatus":"DISABLED","CreatedTime":<millis>,"Issuer":"arn:aws:iam::<account>:role/<role>"}}],"Endpoints":[{"Id":"<ip>","Ip":"<ip>","Port":443,"Location":{"City":"Amsterdam","Country":"Netherlands","Lat":52.374,"Lon":4.8897},"AutonomousSystem":{"Name":"Example Hosting","Number":64500},"Connection":{"Direction":"INBOUND"}}],"Signals":[{"Type":"CLOUD_TRAIL","Id":"<uuid>","Name":"CreateAccessKey","CreatedAt":<millis>,"UpdatedAt":<millis>,"FirstSeenAt":<millis>,"LastSeenAt":<millis>,"Count":1,"ActorIds":["USER:AIDA1"],"EndpointIds":["<ip>"],"SignalIndicators":[{"Key":"HIGH_RISK_API","Values":["iam:CreateAccessKey"]}]}],"SequenceIndicators":[{"Key":"ATTACK_TACTIC","Values":["Persistence"]}]}}"#), ..GUARD_DUTY },
    Product { weight: 200, ..INSPECTOR },
    Product { weight: 40, resources: r#"{"Type":"AwsEcrContainerImage","Id":"arn:aws:ecr:<region>:<account>:repository/<family>/sha256:<hex:64>","Partition":"aws","Region":"<region>","Details":{"AwsEcrContainerImage":{"RegistryId":"<account>","RepositoryName":"<family>","Architecture":"amd64","ImageDigest":"sha256:<hex:64>","ImageTags":["1.<int:1-40>"],"ImagePublishedAt":"2026-02-20T10:00:00Z"}}}"#, ..INSPECTOR },
    Product { weight: 10, title: "Port 22 is reachable from an Internet Gateway", types: r#""Software and Configuration Checks/AWS Security Best Practices/Network Reachability - Network Port Reachable""#, label: "MEDIUM", more: ("NetworkPath", r#"[{"ComponentId":"<eni>","ComponentType":"AWS::EC2::NetworkInterface","Ingress":{"Destination":{"Address":["198.51.100.7/32"],"PortRanges":[{"Begin":22,"End":22}]}}}]"#), ..INSPECTOR },
    Product { family: "macie", weight: 20, product: "aws/macie", name: "Macie", id: "<hex:32>", generator: "aws/macie", types: r#""Sensitive Data Identifications/PII/SensitiveData:S3Object-Personal""#, label: "<pick:LOW|MEDIUM|HIGH>", title: "The S3 object contains personal information.", resources: r#"{"Type":"AwsS3Object","Id":"arn:aws:s3:::<bucket>/<object>","Partition":"aws","Region":"<region>","DataClassification":{"DetailedResultsLocation":"s3://<bucket>/AWSLogs/<account>/Macie/<region>/<uuid>.jsonl.gz","Result":{"MimeType":"text/csv","SizeClassified":<int:900-9000000>,"AdditionalOccurrences":false,"Status":{"Code":"COMPLETE"},"SensitiveData":[{"Category":"PERSONAL_INFORMATION","Detections":[{"Count":<int:1-900>,"Type":"NAME","Occurrences":{"Cells":[{"Row":4,"Column":1,"ColumnName":"name","CellReference":null}]}}],"TotalCount":12}],"CustomDataIdentifiers":{"Detections":[],"TotalCount":0}}},"Details":{"AwsS3Object":{"ETag":"<hex:32>","ServerSideEncryption":"aws:kms","LastModified":"2026-02-20T10:00:00.000Z"}}}"#, compliance: "", fields: r#""JobArn":"arn:aws:macie2:<region>:<account>:classification-job/<hex:32>","S3Object.Path":"<bucket>/<object>","S3Object.PublicAccess":"false","S3Bucket.effectivePermission":"NOT_PUBLIC""#, ..ANY },
    Product { family: "macie", weight: 6, product: "aws/macie", name: "Macie", id: "<hex:32>", generator: "aws/macie", types: r#""Software and Configuration Checks/AWS Security Best Practices/Policy:IAMUser-S3BucketPublic""#, label: "HIGH", title: "Bucket is publicly accessible", compliance: "", fields: r#""aws/macie/archived":"false""#, ..ANY },
    Product { family: "accessAnalyzer", weight: 24, product: "aws/access-analyzer", name: "IAM Access Analyzer", id: "arn:aws:access-analyzer:<region>:<account>:analyzer/org-analyzer/arn:aws:iam::<account>:role/<role>", generator: "aws/access-analyzer", types: r#""Effects/Data Exposure/External Access Granted""#, label: "<pick:LOW|MEDIUM|CRITICAL>", title: "AwsIamRole/arn:aws:iam::<account>:role/<role>/ allows cross-account access", resources: ROLE, compliance: "", fields: r#""Action Type":"sts:AssumeRole","External Principal":"{\"AWS\":\"999988887777\"}","External Principal Type":"AWS","Condition":"none","Access Level":"Permissions management""#, ..ANY },
    Product { family: "firewallManager", weight: 8, product: "aws/firewall-manager", name: "Firewall Manager", id: "<hex:64>", generator: "arn:aws:fms:<region>:<account>:policy/<uuid>", types: r#""Software and Configuration Checks/AWS Security Best Practices""#, label: "HIGH", title: "Application Load Balancer is missing Firewall Manager managed WebACL", resources: r#"{"Type":"AwsElbv2LoadBalancer","Id":"arn:aws:elasticloadbalancing:<region>:<account>:loadbalancer/app/<family>/<hex:16>","Partition":"aws","Region":"<region>"}"#, compliance: r#"{"Status":"FAILED"}"#, fields: r#""aws/fms/PolicyName":"waf-baseline""#, ..ANY },
    Product { family: "health", weight: 6, product: "aws/health", name: "Health", id: "arn:aws:health:<region>::event/ABUSE/AWS_ABUSE_SPAM_REPORT/AWS_ABUSE_SPAM_REPORT_<hex:8>", generator: "AWS_ABUSE_SPAM_REPORT", types: r#""TTPs/Impact""#, label: "INFORMATIONAL", title: "AWS_ABUSE_SPAM_REPORT", resources: r#"{"Type":"Other","Id":"<instance>","Partition":"aws","Region":"<region>"}"#, compliance: "", fields: r#""EventArn":"arn:aws:health:<region>::event/ABUSE/1","EventTypeCategory":"issue","StatusCode":"open","AffectedEntityCount":"1""#, ..ANY },
    Product { family: "config", weight: 30, product: "aws/config", name: "Config", id: "arn:aws:config:<region>:<account>:config-rule/config-rule-<y=hex:6>/finding/<hex:40>", generator: "config-rule-<y>", types: r#""Software and Configuration Checks""#, label: "MEDIUM", title: "required-tags", resources: r#"{"Type":"AwsEc2SecurityGroup","Id":"arn:aws:ec2:<region>:<account>:security-group/<sg>","Partition":"aws","Region":"<region>","Details":{"AwsEc2SecurityGroup":{"GroupName":"default","GroupId":"<sg>","OwnerId":"<account>","VpcId":"<vpc>","IpPermissions":[{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"IpRanges":[{"CidrIp":"0.0.0.0/0"}],"Ipv6Ranges":[{"CidrIpv6":"::/0"}]}]}}}"#, compliance: r#"{"Status":"FAILED"}"#, fields: r#""aws/config/ConfigRuleArn":"arn:aws:config:<region>:<account>:config-rule/config-rule-<y>","aws/config/ConfigRuleName":"required-tags","aws/config/ConfigComplianceType":"NON_COMPLIANT""#, ..ANY },
    Product { family: "patchManager", weight: 20, product: "aws/ssm-patch-manager", name: "Systems Manager Patch Manager", id: "arn:aws:patchmanager:<region>:<account>:instance/<instance>/document/AWS-RunPatchBaseline/run-command/<uuid>", generator: "Systems Manager Patch Manager - Patch Baseline", types: r#""Software & Configuration Checks/Patch Management/Compliance""#, label: "<pick:INFORMATIONAL|CRITICAL>", title: "Systems Manager Patch Summary - Managed Instance Non-Compliant", resources: INSTANCE, compliance: r#"{"Status":"FAILED"}"#, fields: r#""aws/ssm/PatchBaseline":"pb-0<hex:16>""#, more: ("PatchSummary", r#"{"Id":"pb-0<hex:16>","InstalledCount":<int:100-400>,"MissingCount":<int:0-40>,"FailedCount":0,"InstalledOtherCount":12,"InstalledRejectedCount":0,"InstalledPendingReboot":1,"OperationStartTime":"2026-03-01T07:00:00Z","OperationEndTime":"2026-03-01T07:04:00Z","RebootOption":"RebootIfNeeded","Operation":"Install"}"#) },
    Product { family: "thirdParty", weight: 14, product: "crowdstrike/crowdstrike-falcon", name: "CrowdStrike Falcon", id: "ldt:<hex:32>:<int:1000000000-9999999999>", generator: "Falcon Host", types: r#""Namespace: TTPs","Category: Machine Learning","Classifier: Sensor-based ML""#, label: "<pick:MEDIUM|HIGH>", title: "Falcon Alert. Instance: <instance>", resources: INSTANCE, compliance: "", fields: "-", more: ("Process", r#"{"Name":"xmrig","Path":"/tmp/xmrig","Pid":<int:900-99000>,"LaunchedAt":"2026-03-01T07:00:00Z"}"#) },
    Product { family: "thirdParty", weight: 10, product: "<account>/default", name: "Default", id: "<account>/<region>/own-scanner/<hex:12>", generator: "own-scanner/rule-<int:1-40>", types: r#""Unusual Behaviors/Application/日本語""#, label: "LOW", title: "自社スキャナーの検出 <hex:4>", resources: r#"{"Type":"Other","Id":"host-<hex:4>","Partition":"aws","Region":"<region>","Details":{"Other":{"owner.team":"決済","note":"{\"a\":1}"}}}"#, compliance: "", fields: "-", more: ("Malware", r#"[{"Name":"EICAR","Path":"/tmp/eicar.com","State":"REMOVAL_FAILED","Type":"VIRUS"}]"#) },
];
