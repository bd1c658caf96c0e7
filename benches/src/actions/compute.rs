//! EC2, Lambda and ECS.

use super::{Action, Kind, READ, WRITE, Who};

const LIMIT: (u64, &str, &str) = (32, "Client.RequestLimitExceeded", "Request limit exceeded.");
const UNAUTHORIZED: (u64, &str, &str) = (
    40,
    "Client.UnauthorizedOperation",
    "You are not authorized to perform this operation. User: <caller> is not authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:<region>:<account>:instance/* because no identity-based policy allows the ec2:RunInstances action. Encoded authorization failure message: <b64:360>",
);
const LOOK: Action = Action { source: "ec2", errors: &[LIMIT], ..READ };
const CHANGE: Action = Action { source: "ec2", errors: &[UNAUTHORIZED], ..WRITE };
const FILTER: &str = r#"{"filterSet":{"items":[{"name":"<pick:vpc-id|tag:team|resource-type>","valueSet":{"items":[{"value":"<vpc>"}]}}]}}"#;
const DONE: &str = r#"{"requestId":"<uuid>","_return":true}"#;

pub(super) const EC2: &[Action] = &[
    Action {
        weight: 244,
        name: "DescribeInstances",
        requests: &[
            r#"{"instancesSet":{},"filterSet":{}}"#,
            r#"{"instancesSet":{"items":[<list:1-4|{"instanceId":"i-0<hex:16>"}>]},"filterSet":{}}"#,
            r#"{"maxResults":<int:5-1000>,"instancesSet":{},"filterSet":{"items":[{"name":"tag:team","valueSet":{"items":[{"value":"<team>"}]}}]}}"#,
        ],
        ..LOOK
    },
    Action {
        weight: 110,
        name: "DescribeNetworkInterfaces",
        requests: &[
            r#"{"networkInterfaceIdSet":{"items":[{"networkInterfaceId":"<eni>"}]},"filterSet":{}}"#,
            r#"{"networkInterfaceIdSet":{},"filterSet":{"items":[{"name":"group-id","valueSet":{"items":[{"value":"<sg>"}]}}]}}"#,
        ],
        ..LOOK
    },
    Action {
        weight: 108,
        name: "DescribeInstanceStatus",
        requests: &[
            r#"{"instancesSet":{"items":[{"instanceId":"<instance>"}]},"filterSet":{},"includeAllInstances":<pick:true|false>}"#,
        ],
        ..LOOK
    },
    Action {
        weight: 100,
        name: "DescribeFlowLogs",
        requests: &[
            r#"{"DescribeFlowLogsRequest":{"Filter":{"tag":1,"Name":"resource-id","Value":{"tag":1,"content":"<vpc>"}}}}"#,
        ],
        ..LOOK
    },
    Action {
        weight: 105,
        name: "DescribeSecurityGroups",
        requests: &[
            r#"{"securityGroupSet":{},"securityGroupIdSet":{"items":[{"groupId":"<sg>"}]},"filterSet":{}}"#,
            FILTER,
        ],
        ..LOOK
    },
    Action {
        weight: 99,
        name: "DescribeVolumes",
        requests: &[r#"{"volumeSet":{"items":[{"volumeId":"<volume>"}]},"filterSet":{}}"#],
        ..LOOK
    },
    Action { weight: 97, name: "DescribeVpcs", requests: &[r#"{"vpcSet":{},"filterSet":{}}"#], ..LOOK },
    Action {
        weight: 97,
        name: "DescribeTags",
        requests: &[
            r#"{"filterSet":{"items":[{"name":"resource-id","valueSet":{"items":[{"value":"<instance>"}]}}]}}"#,
        ],
        ..LOOK
    },
    Action {
        weight: 97,
        name: "DescribeImages",
        requests: &[
            r#"{"executableBySet":{},"imagesSet":{"items":[{"imageId":"<image>"}]},"ownersSet":{},"filterSet":{}}"#,
        ],
        ..LOOK
    },
    Action {
        weight: 95,
        name: "DescribeRegions",
        requests: &[r#"{"allRegions":<pick:true|false>,"regionSet":{}}"#],
        ..LOOK
    },
    Action {
        weight: 95,
        name: "DescribeSubnets",
        requests: &[r#"{"subnetSet":{"items":[{"subnetId":"<subnet>"}]},"filterSet":{}}"#, FILTER],
        ..LOOK
    },
    Action {
        weight: 70,
        name: "RunInstances",
        requests: &[
            r#"{"instancesSet":{"items":[{"imageId":"<image>","minCount":1,"maxCount":<int:1-4>,"keyName":"ops"}]},"groupSet":{"items":[{"groupId":"<sg>"}]},"userData":"<sensitiveDataRemoved>","instanceType":"<x=pick:m7g.large|t3.micro|c7i.2xlarge|r7a.xlarge>","blockDeviceMapping":{"items":[{"deviceName":"/dev/xvda","ebs":{"volumeSize":<int:8-500>,"deleteOnTermination":true,"volumeType":"gp3","encrypted":true}}]},"monitoring":{"enabled":false},"disableApiTermination":false,"ebsOptimized":true,"tagSpecificationSet":{"items":[{"resourceType":"instance","tags":[{"key":"Name","value":"<family>"},{"key":"team","value":"<team>"}]}]},"subnetId":"<subnet>","clientToken":"<uuid>"}"#,
        ],
        responses: &[
            r#"{"requestId":"<uuid>","reservationId":"r-0<hex:16>","ownerId":"<account>","groupSet":{},"instancesSet":{"items":[{"instanceId":"<instance>","imageId":"<image>","currentState":{"code":0,"name":"pending"},"privateDnsName":"<host>.<region>.compute.internal","keyName":"ops","amiLaunchIndex":0,"productCodes":{},"instanceType":"<x>","launchTime":<millis>,"placement":{"availabilityZone":"<region>a","tenancy":"default"},"monitoring":{"state":"disabled"},"subnetId":"<subnet>","vpcId":"<vpc>","privateIpAddress":"<private>","stateReason":{"code":"pending","message":"pending"},"architecture":"x86_64","rootDeviceType":"ebs","rootDeviceName":"/dev/xvda","blockDeviceMapping":{},"virtualizationType":"hvm","hypervisor":"xen","tagSet":{"items":[{"key":"Name","value":"<family>"},{"key":"team","value":"<team>"}]},"groupSet":{"items":[{"groupId":"<sg>","groupName":"web"}]},"networkInterfaceSet":{"items":[{"networkInterfaceId":"<eni>","subnetId":"<subnet>","vpcId":"<vpc>","ownerId":"<account>","status":"in-use"}]},"ebsOptimized":true}]}}"#,
        ],
        errors: &[(120, "Client.UnauthorizedOperation", UNAUTHORIZED.2)],
        ..CHANGE
    },
    Action {
        weight: 32,
        name: "StartInstances",
        requests: &[r#"{"instancesSet":{"items":[{"instanceId":"<instance>"}]}}"#],
        responses: &[
            r#"{"requestId":"<uuid>","instancesSet":{"items":[{"instanceId":"<instance>","currentState":{"code":0,"name":"pending"},"previousState":{"code":80,"name":"stopped"}}]}}"#,
        ],
        ..CHANGE
    },
    Action {
        weight: 28,
        name: "TerminateInstances",
        requests: &[r#"{"instancesSet":{"items":[{"instanceId":"<instance>"}]}}"#],
        responses: &[
            r#"{"requestId":"<uuid>","instancesSet":{"items":[{"instanceId":"<instance>","currentState":{"code":32,"name":"shutting-down"},"previousState":{"code":16,"name":"running"}}]}}"#,
        ],
        ..CHANGE
    },
    Action {
        weight: 31,
        name: "CreateTags",
        requests: &[
            r#"{"resourcesSet":{"items":[{"resourceId":"<volume>"}]},"tagSet":{"items":[{"key":"Name","value":"<family>-daten"},{"key":"owner","value":"<person>"},{"key":"empty","value":""}]}}"#,
        ],
        responses: &[DONE],
        ..CHANGE
    },
    Action {
        weight: 30,
        name: "AuthorizeSecurityGroupIngress",
        who: Who::Person,
        requests: &[
            r#"{"groupId":"<sg>","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":<x=pick:22|443|3389|5432>,"toPort":<x>,"groups":{},"ipRanges":{"items":[{"cidrIp":"<pick:0.0.0.0/0|203.0.113.0/24|198.51.100.7/32>","description":"<pick:temporär|office|vpn>"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}"#,
        ],
        responses: &[
            r#"{"requestId":"<uuid>","_return":true,"securityGroupRuleSet":{"items":[{"groupOwnerId":"<account>","groupId":"<sg>","securityGroupRuleId":"sgr-0<hex:16>","isEgress":false,"ipProtocol":"tcp","fromPort":<x>,"toPort":<x>}]}}"#,
        ],
        ..CHANGE
    },
    Action {
        weight: 30,
        name: "CreateSnapshot",
        requests: &[
            r#"{"volumeId":"<volume>","description":"","tagSpecificationSet":{"items":[{"resourceType":"snapshot","tags":[{"key":"policy","value":"daily"}]}]}}"#,
        ],
        responses: &[
            r#"{"requestId":"<uuid>","snapshotId":"<snapshot>","volumeId":"<volume>","status":"pending","startTime":<millis>,"progress":"","ownerId":"<account>","volumeSize":"<int:8-900>","encrypted":true,"description":""}"#,
        ],
        ..CHANGE
    },
    Action {
        weight: 36,
        source: "ec2",
        name: "DescribeVpcEndpoints",
        kind: Kind::Network,
        requests: &[],
        errors: &[(600, "VpceAccessDenied", "The request was denied due to a VPC endpoint policy")],
        ..READ
    },
    Action {
        weight: 58,
        source: "ec2",
        name: "CreateNetworkInterface",
        requests: &[
            r#"{"subnetId":"<subnet>","description":"AWS Lambda VPC ENI-<function>-<uuid>","groupSet":{"items":[{"groupId":"<sg>"}]},"privateIpAddressesSet":{},"ipv6AddressCount":0,"clientToken":"<uuid>"}"#,
        ],
        responses: &[
            r#"{"requestId":"<uuid>","networkInterface":{"networkInterfaceId":"<eni>","subnetId":"<subnet>","vpcId":"<vpc>","availabilityZone":"<region>b","description":"AWS Lambda VPC ENI-<function>","ownerId":"<account>","requesterManaged":false,"status":"pending","macAddress":"02:<hex:2>:<hex:2>:<hex:2>:<hex:2>:<hex:2>","privateIpAddress":"<private>","sourceDestCheck":true,"groupSet":{"items":[{"groupId":"<sg>","groupName":"functions"}]},"tagSet":{}}}"#,
        ],
        ..CHANGE
    },
];

const ECS: Action = Action { source: "ecs", ..READ };

pub(super) const OTHER: &[Action] = &[
    Action {
        weight: 293,
        source: "lambda",
        name: "Invoke",
        kind: Kind::Data,
        requests: &[
            r#"{"functionName":"arn:aws:lambda:<region>:<account>:function:<function>","invocationType":"<pick:Event|RequestResponse>"}"#,
        ],
        extra: r#"{"functionVersion":"arn:aws:lambda:<region>:<account>:function:<function>:$LATEST"}"#,
        resources: r#"[{"accountId":"<account>","type":"AWS::Lambda::Function","ARN":"arn:aws:lambda:<region>:<account>:function:<function>"}]"#,
        errors: &[(20, "ThrottlingException", "Rate exceeded")],
        ..WRITE
    },
    Action {
        weight: 35,
        source: "lambda",
        name: "GetFunction20150331v2",
        requests: &[r#"{"functionName":"<function>"}"#],
        ..READ
    },
    Action {
        weight: 35,
        source: "lambda",
        name: "ListFunctions20150331",
        requests: &[r#"{"maxItems":<int:10-50>}"#, r#"{}"#],
        ..READ
    },
    Action {
        weight: 31,
        source: "lambda",
        name: "UpdateFunctionConfiguration20150331v2",
        requests: &[
            r#"{"functionName":"<function>","environment":{},"memorySize":<x=pick:128|512|1769|3008>,"timeout":<int:3-900>,"layers":[]}"#,
        ],
        responses: &[
            r#"{"functionName":"<function>","functionArn":"arn:aws:lambda:<region>:<account>:function:<function>","runtime":"<pick:python3.13|nodejs22.x|provided.al2023>","role":"arn:aws:iam::<account>:role/<role>","handler":"app.handler","codeSize":<int:900-90000000>,"description":"","timeout":30,"memorySize":<x>,"lastModified":"<time>","codeSha256":"<b64:43>=","version":"$LATEST","tracingConfig":{"mode":"PassThrough"},"revisionId":"<uuid>","state":"Active","lastUpdateStatus":"InProgress","packageType":"Zip","architectures":["arm64"],"ephemeralStorage":{"size":512},"snapStart":{"applyOn":"None","optimizationStatus":"Off"},"loggingConfig":{"logFormat":"JSON","logGroup":"<loggroup>"}}"#,
        ],
        ..WRITE
    },
    Action {
        weight: 10,
        source: "lambda",
        name: "AddPermission20150331v2",
        requests: &[
            r#"{"functionName":"<function>","statementId":"events-<hex:8>","action":"lambda:InvokeFunction","principal":"events.amazonaws.com","sourceArn":"arn:aws:events:<region>:<account>:rule/nightly"}"#,
        ],
        responses: &[
            r#"{"statement":"{\"Sid\":\"events\",\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"events.amazonaws.com\"},\"Action\":\"lambda:InvokeFunction\",\"Resource\":\"arn:aws:lambda:<region>:<account>:function:<function>\"}"}"#,
        ],
        ..WRITE
    },
    Action {
        weight: 84,
        name: "DescribeTasks",
        requests: &[
            r#"{"cluster":"<cluster>","tasks":[<list:1-3|"arn:aws:ecs:<region>:<account>:task/<cluster>/<hex:32>">]}"#,
        ],
        ..ECS
    },
    Action {
        weight: 57,
        name: "SubmitTaskStateChange",
        read_only: false,
        requests: &[
            r#"{"cluster":"<cluster>","task":"arn:aws:ecs:<region>:<account>:task/<cluster>/<hex:32>","status":"RUNNING","attachments":[],"containers":[{"containerName":"<family>","runtimeId":"<hex:32>-<int:1000000000-9999999999>","imageDigest":"sha256:<hex:64>","status":"RUNNING","networkBindings":[]}],"pullStartedAt":"<time>","executionStoppedAt":null}"#,
        ],
        responses: &[r#"{"acknowledgment":"ACCEPT"}"#],
        ..ECS
    },
    Action {
        weight: 22,
        name: "RunTask",
        read_only: false,
        requests: &[
            r#"{"cluster":"<cluster>","taskDefinition":"<family>:<int:1-90>","count":1,"launchType":"FARGATE","overrides":{"containerOverrides":[{"name":"<family>","command":["sh","-c","run --day 2026-03-01"],"environment":"HIDDEN_DUE_TO_SECURITY_REASONS"}]},"networkConfiguration":{"awsvpcConfiguration":{"subnets":["<subnet>"],"securityGroups":["<sg>"],"assignPublicIp":"DISABLED"}}}"#,
        ],
        responses: &[
            r#"{"failures":[],"tasks":[{"taskArn":"arn:aws:ecs:<region>:<account>:task/<cluster>/<hex:32>","clusterArn":"arn:aws:ecs:<region>:<account>:cluster/<cluster>","lastStatus":"PROVISIONING","desiredStatus":"RUNNING","cpu":"1024","memory":"2048","overrides":{"containerOverrides":[{"name":"<family>","environment":"HIDDEN_DUE_TO_SECURITY_REASONS"}],"inferenceAcceleratorOverrides":[]},"tags":[],"createdAt":"<time>"}]}"#,
        ],
        ..ECS
    },
    Action {
        weight: 22,
        name: "RegisterTaskDefinition",
        read_only: false,
        requests: &[
            r#"{"family":"<family>","taskRoleArn":"arn:aws:iam::<account>:role/<role>","executionRoleArn":"arn:aws:iam::<account>:role/<role>","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"<pick:256|1024>","memory":"<pick:512|2048>","volumes":[],"containerDefinitions":[<list:1-2|{"name":"<family>","image":"<account>.dkr.ecr.<region>.amazonaws.com/<family>:<hex:12>","cpu":0,"essential":true,"environment":"HIDDEN_DUE_TO_SECURITY_REASONS","secrets":[{"name":"DB_URL","valueFrom":"arn:aws:secretsmanager:<region>:<account>:secret:<secret>"}],"portMappings":[{"containerPort":8080,"protocol":"tcp"}],"mountPoints":[],"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"<loggroup>","awslogs-region":"<region>","awslogs-stream-prefix":"ecs"}}}>]}"#,
        ],
        responses: &[
            r#"{"taskDefinition":{"taskDefinitionArn":"arn:aws:ecs:<region>:<account>:task-definition/<family>:<int:1-90>","status":"ACTIVE","revision":<int:1-90>}}"#,
        ],
        ..ECS
    },
    Action {
        weight: 12,
        name: "ExecuteCommand",
        read_only: false,
        who: Who::Person,
        requests: &[
            r#"{"cluster":"<cluster>","container":"<family>","command":"/bin/sh","interactive":true,"task":"<x=hex:32>"}"#,
        ],
        responses: &[
            r#"{"clusterArn":"arn:aws:ecs:<region>:<account>:cluster/<cluster>","containerName":"<family>","interactive":true,"session":{"sessionId":"ecs-execute-command-<hex:17>","streamUrl":"wss://ssmmessages.<region>.amazonaws.com/v1/data-channel/ecs-execute-command?role=publish_subscribe","tokenValue":"HIDDEN_DUE_TO_SECURITY_REASONS"},"taskArn":"arn:aws:ecs:<region>:<account>:task/<cluster>/<x>"}"#,
        ],
        ..ECS
    },
];
