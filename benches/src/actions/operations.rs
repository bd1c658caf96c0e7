//! Logs, Systems Manager, CloudFormation, security services, what services do by themselves.

use super::{Action, Kind, READ, WRITE, Who};

const SSM: Action = Action { source: "ssm", ..READ };
const NODE: &str = "aws-sdk-go/1.55.5 (go1.23.8; linux; amd64) amazon-ssm-agent/3.3.2299.0";
const SERVICE: Action = Action {
    kind: Kind::Service,
    identity: r#"{"accountId":"<account>","invokedBy":"<x=pick:kms|autoscaling|acm|organizations>.amazonaws.com"}"#,
    address: "<x>.amazonaws.com",
    agent: "<x>.amazonaws.com",
    errors: &[],
    ..WRITE
};

pub(super) const ACTIONS: &[Action] = &[
    Action {
        weight: 279,
        source: "logs",
        name: "CreateLogStream",
        api_version: "20140328",
        requests: &[r#"{"logGroupName":"<loggroup>","logStreamName":"<day>/[$LATEST]<hex:32>"}"#],
        ..WRITE
    },
    Action {
        weight: 57,
        source: "logs",
        name: "DescribeLogGroups",
        requests: &[r#"{"logGroupNamePrefix":"/aws/<pick:lambda|ecs>"}"#, r#"{"limit":50}"#],
        ..READ
    },
    Action {
        weight: 21,
        source: "logs",
        name: "PutRetentionPolicy",
        requests: &[r#"{"logGroupName":"<loggroup>","retentionInDays":<pick:7|30|365>}"#],
        ..WRITE
    },
    Action {
        weight: 20,
        source: "logs",
        name: "StartQuery",
        who: Who::Person,
        requests: &[
            r#"{"logGroupName":"<loggroup>","startTime":1772319600,"endTime":1772323200,"queryString":"fields @timestamp, @message\n| filter @message like /ERROR|\"denied\"/\n| sort @timestamp desc","limit":10000}"#,
        ],
        responses: &[r#"{"queryId":"<uuid>"}"#],
        ..READ
    },
    Action {
        weight: 214,
        name: "UpdateInstanceInformation",
        read_only: false,
        agent: NODE,
        requests: &[
            r#"{"instanceId":"<instance>","agentVersion":"3.3.2299.0","agentStatus":"Active","platformType":"Linux","platformName":"Amazon Linux","platformVersion":"2023","iPAddress":"<private>","computerName":"<host>.<region>.compute.internal","agentName":"amazon-ssm-agent","availabilityZone":"<region>b","availabilityZoneId":"euc1-az3","sSMConnectionChannel":"ssmmessages"}"#,
        ],
        ..SSM
    },
    Action {
        weight: 123,
        name: "GetParameter",
        requests: &[r#"{"name":"<param>","withDecryption":<pick:true|false>}"#],
        ..SSM
    },
    Action {
        weight: 66,
        name: "PutComplianceItems",
        read_only: false,
        agent: NODE,
        requests: &[
            r#"{"resourceId":"<instance>","resourceType":"ManagedInstance","complianceType":"Association","executionSummary":{"executionTime":"<time>","executionId":"","executionType":"Command"},"items":[{"id":"<uuid>","title":"","severity":"UNSPECIFIED","status":"COMPLIANT","details":{"DocumentName":"AWS-GatherSoftwareInventory","DocumentVersion":"1"}}],"itemContentHash":""}"#,
        ],
        ..SSM
    },
    Action {
        weight: 32,
        name: "StartSession",
        who: Who::Person,
        read_only: false,
        requests: &[
            r#"{"target":"<instance>","reason":"","documentName":"<pick:SSM-SessionManagerRunShell|AWS-StartPortForwardingSession>"}"#,
        ],
        responses: &[
            r#"{"sessionId":"<user>-<hex:17>","tokenValue":"Value hidden due to security reasons.","streamUrl":"wss://ssmmessages.<region>.amazonaws.com/v1/data-channel/<hex:17>?role=publish_subscribe"}"#,
        ],
        ..SSM
    },
    Action {
        weight: 25,
        name: "SendCommand",
        read_only: false,
        requests: &[
            r#"{"documentName":"AWS-RunShellScript","instanceIds":["<instance>"],"parameters":"HIDDEN_DUE_TO_SECURITY_REASONS","timeoutSeconds":600,"interactive":false}"#,
        ],
        responses: &[
            r#"{"command":{"commandId":"<uuid>","documentName":"AWS-RunShellScript","documentVersion":"$DEFAULT","comment":"","status":"Pending","targets":[],"instanceIds":["<instance>"],"parameters":"HIDDEN_DUE_TO_SECURITY_REASONS","expiresAfter":"<expiry>","deliveryTimedOutCount":0}}"#,
        ],
        ..SSM
    },
    Action {
        weight: 40,
        source: "cloudformation",
        name: "DescribeStackEvents",
        requests: &[r#"{"stackName":"arn:aws:cloudformation:<region>:<account>:stack/<stack>/<uuid>"}"#],
        ..READ
    },
    Action {
        weight: 38,
        source: "cloudformation",
        name: "DescribeStacks",
        requests: &[r#"{"stackName":"<stack>"}"#],
        ..READ
    },
    Action {
        weight: 34,
        source: "cloudformation",
        name: "CreateStack",
        requests: &[
            r#"{"stackName":"<stack>","templateURL":"https://s3.<region>.amazonaws.com/<bucket>/<stack>.yaml","capabilities":["CAPABILITY_NAMED_IAM"],"parameters":[<list:1-9|{"parameterKey":"<pick:Stage|Cidr|ImageTag|AlarmTopic|MinSize>","parameterValue":"<pick:prod|10.0.0.0/16|v42|2>"}>],"tags":[{"key":"team","value":"<team>"}],"enableTerminationProtection":true,"notificationARNs":[]}"#,
        ],
        responses: &[r#"{"stackId":"arn:aws:cloudformation:<region>:<account>:stack/<stack>/<uuid>"}"#],
        ..WRITE
    },
    Action {
        weight: 36,
        source: "organizations",
        name: "DescribeOrganization",
        global: true,
        errors: &[(
            1000,
            "AWSOrganizationsNotInUseException",
            "Your account is not a member of an organization.",
        )],
        ..READ
    },
    Action {
        weight: 6,
        source: "organizations",
        name: "ListAccounts",
        global: true,
        requests: &[r#"{"maxResults":20}"#],
        ..READ
    },
    Action {
        weight: 2,
        source: "organizations",
        name: "MoveAccount",
        global: true,
        who: Who::Person,
        requests: &[
            r#"{"accountId":"<account>","sourceParentId":"r-k3st","destinationParentId":"ou-k3st-<hex:8>"}"#,
        ],
        ..WRITE
    },
    Action {
        weight: 33,
        source: "guardduty",
        name: "GetFindings",
        requests: &[r#"{"detectorId":"<detector>","findingIds":["<hex:32>"]}"#],
        ..READ
    },
    Action {
        weight: 2,
        source: "guardduty",
        name: "UpdateDetector",
        who: Who::Person,
        requests: &[r#"{"detectorId":"<detector>","enable":false,"findingPublishingFrequency":"SIX_HOURS"}"#],
        ..WRITE
    },
    Action {
        weight: 24,
        source: "securityhub",
        name: "GetFindings",
        requests: &[
            r#"{"Filters":{"RecordState":[{"Value":"ACTIVE","Comparison":"EQUALS"}],"SeverityNormalized":[{"Gte":<int:1-70>.0,"Lte":100.0}]},"MaxResults":100}"#,
        ],
        ..READ
    },
    Action {
        weight: 29,
        source: "config",
        name: "PutEvaluations",
        requests: &[
            r#"{"evaluations":[<list:1-3|{"complianceResourceType":"AWS::EC2::Instance","complianceResourceId":"i-0<hex:16>","complianceType":"<pick:COMPLIANT|NON_COMPLIANT>","orderingTimestamp":"<expiry>"}>],"resultToken":"<b64:80>","testMode":false}"#,
        ],
        ..WRITE
    },
    Action {
        weight: 16,
        source: "inspector2",
        name: "ListFindings",
        requests: &[
            r#"{"filterCriteria":{"severity":[{"comparison":"EQUALS","value":"CRITICAL"}]},"maxResults":25}"#,
        ],
        ..READ
    },
    Action {
        weight: 16,
        source: "access-analyzer",
        name: "ListFindings",
        requests: &[
            r#"{"analyzerArn":"arn:aws:access-analyzer:<region>:<account>:analyzer/org","filter":{"status":{"eq":["ACTIVE"]}}}"#,
        ],
        ..READ
    },
    Action {
        weight: 46,
        source: "cognito-idp",
        name: "InitiateAuth",
        identity: r#"{"type":"Unknown","principalId":"Anonymous"}"#,
        address: "<client>",
        agent: "<browser>",
        requests: &[
            r#"{"authFlow":"USER_SRP_AUTH","authParameters":"HIDDEN_DUE_TO_SECURITY_REASONS","clientMetadata":{},"clientId":"<x=hex:26>"}"#,
        ],
        responses: &[
            r#"{"challengeName":"PASSWORD_VERIFIER","challengeParameters":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
        ],
        extra: r#"{"sub":"<uuid>"}"#,
        errors: &[(90, "NotAuthorizedException", "Incorrect username or password.")],
        ..WRITE
    },
    Action {
        weight: 1,
        source: "cloudtrail",
        name: "StopLogging",
        who: Who::Person,
        requests: &[r#"{"name":"arn:aws:cloudtrail:<region>:<account>:trail/<trail>"}"#],
        ..WRITE
    },
    Action {
        weight: 9,
        source: "cloudtrail",
        name: "LookupEvents",
        who: Who::Person,
        requests: &[
            r#"{"lookupAttributes":[{"attributeKey":"AccessKeyId","attributeValue":"AKIA<up:16>"}],"maxResults":50}"#,
        ],
        ..READ
    },
    Action {
        weight: 16,
        source: "sqs",
        name: "CreateQueue",
        requests: &[
            r#"{"queueName":"<family>-jobs.fifo","attribute":{"VisibilityTimeout":"300","FifoQueue":"true","Policy":"<policy:1-1>"}}"#,
        ],
        responses: &[r#"{"queueUrl":"https://sqs.<region>.amazonaws.com/<account>/<family>-jobs.fifo"}"#],
        ..WRITE
    },
    Action {
        weight: 12,
        source: "ecr",
        name: "BatchGetImage",
        requests: &[
            r#"{"repositoryName":"<family>","registryId":"<account>","imageIds":[{"imageTag":"<hex:12>"}],"acceptedMediaTypes":["application/vnd.oci.image.manifest.v1+json"]}"#,
        ],
        resources: r#"[{"accountId":"<account>","ARN":"arn:aws:ecr:<region>:<account>:repository/<family>"}]"#,
        ..READ
    },
    Action {
        weight: 14,
        source: "elasticloadbalancing",
        name: "DescribeTargetHealth",
        api_version: "2015-12-01",
        requests: &[
            r#"{"targetGroupArn":"arn:aws:elasticloadbalancing:<region>:<account>:targetgroup/<family>/<hex:16>"}"#,
        ],
        ..READ
    },
    Action {
        weight: 14,
        source: "monitoring",
        name: "PutMetricAlarm",
        requests: &[
            r#"{"alarmName":"<family>-errors","alarmDescription":"","actionsEnabled":true,"oKActions":[],"alarmActions":["arn:aws:sns:<region>:<account>:alarm"],"metricName":"Errors","namespace":"AWS/Lambda","dimensions":[{"name":"FunctionName","value":"<function>"}],"period":60,"evaluationPeriods":5,"threshold":<pick:1.0|0.5|99.9>,"comparisonOperator":"GreaterThanThreshold"}"#,
        ],
        ..WRITE
    },
    Action {
        weight: 12,
        source: "eks",
        name: "ListNodegroups",
        requests: &[r#"{"name":"<cluster>"}"#],
        ..READ
    },
    Action {
        weight: 10,
        source: "route53",
        name: "ChangeResourceRecordSets",
        global: true,
        requests: &[
            r#"{"hostedZoneId":"Z0<up:18>","changeBatch":{"comment":"","changes":[{"action":"UPSERT","resourceRecordSet":{"name":"<family>.kestrel.example.","type":"A","aliasTarget":{"hostedZoneId":"Z215JYRZR1TBD5","dNSName":"dualstack.<family>.elb.<region>.amazonaws.com.","evaluateTargetHealth":false}}}]}}"#,
        ],
        responses: &[
            r#"{"changeInfo":{"id":"/change/C0<up:18>","status":"PENDING","submittedAt":"<expiry>"}}"#,
        ],
        ..WRITE
    },
    Action {
        weight: 30,
        source: "kms",
        name: "RotateKey",
        resources: r#"[{"accountId":"<account>","type":"AWS::KMS::Key","ARN":"arn:aws:kms:<region>:<account>:key/<kms>"}]"#,
        details: r#"{"keyId":"<kms>","backingKeyId":"<hex:64>"}"#,
        ..SERVICE
    },
    Action {
        weight: 24,
        source: "autoscaling",
        name: "TerminateInstanceInAutoScalingGroup",
        details: r#"{"groupName":"<family>-asg","instanceId":"<instance>","cause":null,"lifecycle":{"state":"Terminating:Wait","hooks":[]}}"#,
        ..SERVICE
    },
    Action {
        weight: 8,
        source: "acm",
        name: "RenewCertificate",
        details: r#"{"CertificateExpiry":"<time>","DomainName":"*.kestrel.example","InUse":true,"CertificateArn":"arn:aws:acm:<region>:<account>:certificate/<uuid>"}"#,
        ..SERVICE
    },
    Action {
        weight: 10,
        source: "organizations",
        name: "CreateAccountResult",
        global: true,
        details: r#"{"createAccountStatus":{"id":"car-<hex:32>","state":"SUCCEEDED","accountName":"****","accountId":"<account>","requestedTimestamp":"<expiry>","completedTimestamp":"<expiry>"}}"#,
        ..SERVICE
    },
];
