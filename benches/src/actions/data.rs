//! DynamoDB, databases, secrets, analytics.

use super::{Action, Kind, READ, WRITE};

const DYNAMODB: Action = Action {
    source: "dynamodb",
    kind: Kind::Data,
    api_version: "2012-08-10",
    resources: r#"[{"accountId":"<account>","type":"AWS::DynamoDB::Table","ARN":"arn:aws:dynamodb:<region>:<account>:table/<table>"}]"#,
    errors: &[(18, "ThrottlingException", "Throughput exceeds the current capacity of your table or index")],
    ..READ
};

pub(super) const ACTIONS: &[Action] = &[
    Action {
        weight: 174,
        name: "GetItem",
        requests: &[
            r#"{"tableName":"<table>","key":{"id":"<uuid>"},"consistentRead":false}"#,
            r#"{"tableName":"<table>","key":{"pk":"CUSTOMER#<int:1000-9999>","sk":"ORDER#2026-03-01"},"consistentRead":true}"#,
            r#"{"tableName":"<table>","key":{"region":"eu","number":<int:1-900000>},"projectionExpression":"id, amount"}"#,
        ],
        ..DYNAMODB
    },
    Action {
        weight: 110,
        name: "PutItem",
        read_only: false,
        requests: &[
            r#"{"tableName":"<table>","items":["id"],"conditionExpression":"attribute_not_exists(id)"}"#,
            r#"{"tableName":"<table>","key":{"id":"<uuid>"}}"#,
        ],
        ..DYNAMODB
    },
    Action {
        weight: 73,
        name: "Query",
        requests: &[
            r#"{"tableName":"<table>","indexName":"by-day","keyConditionExpression":"pk = :pk","limit":<int:1-100>,"consistentRead":false}"#,
        ],
        ..DYNAMODB
    },
    Action {
        weight: 27,
        name: "BatchWriteItem",
        read_only: false,
        requests: &[
            r#"{"requestItems":{"<table>":[<list:1-6|{"putRequest":{"item":{"id":"<uuid>"}}}>]},"returnConsumedCapacity":"NONE"}"#,
        ],
        ..DYNAMODB
    },
    Action {
        weight: 16,
        name: "UpdateTable",
        kind: Kind::Management,
        read_only: false,
        requests: &[
            r#"{"tableName":"<table>","billingMode":"PROVISIONED","provisionedThroughput":{"readCapacityUnits":<int:5-90>,"writeCapacityUnits":<int:5-90>}}"#,
        ],
        responses: &[
            r#"{"tableDescription":{"tableName":"<table>","tableStatus":"UPDATING","itemCount":<int:0-90000000>,"tableSizeBytes":<int:0-9000000000>,"creationDateTime":"<expiry>","keySchema":[{"attributeName":"id","keyType":"HASH"}],"globalSecondaryIndexes":[]}}"#,
        ],
        ..DYNAMODB
    },
    Action {
        weight: 179,
        source: "secretsmanager",
        name: "GetSecretValue",
        requests: &[
            r#"{"secretId":"arn:aws:secretsmanager:<region>:<account>:secret:<secret>"}"#,
            r#"{"secretId":"<secret>","versionStage":"AWSCURRENT"}"#,
        ],
        ..READ
    },
    Action {
        weight: 23,
        source: "rds",
        name: "CreateDBInstance",
        requests: &[
            r#"{"dBInstanceIdentifier":"<database>","dBInstanceClass":"db.r7g.<x=pick:large|xlarge>","engine":"postgres","allocatedStorage":100,"masterUsername":"root_user","masterUserPassword":"****","storageEncrypted":true}"#,
        ],
        responses: &[
            r#"{"dBInstanceIdentifier":"<database>","dBInstanceClass":"db.r7g.<x>","engine":"postgres","dBInstanceStatus":"creating","masterUsername":"root_user","allocatedStorage":100,"preferredBackupWindow":"02:11-02:41","backupRetentionPeriod":7,"dBSecurityGroups":[],"vpcSecurityGroups":[{"vpcSecurityGroupId":"<sg>","status":"active"}],"dBParameterGroups":[{"dBParameterGroupName":"default.postgres16","parameterApplyStatus":"in-sync"}],"dBSubnetGroup":{"dBSubnetGroupName":"main","vpcId":"<vpc>","subnetGroupStatus":"Complete","subnets":[<list:2-3|{"subnetIdentifier":"subnet-0<hex:16>","subnetAvailabilityZone":{"name":"<region>a"},"subnetStatus":"Active"}>]},"multiAZ":true,"engineVersion":"16.4","autoMinorVersionUpgrade":true,"licenseModel":"postgresql-license","publiclyAccessible":false,"storageType":"gp3","dbiResourceId":"db-<up:26>","dBInstanceArn":"arn:aws:rds:<region>:<account>:db:<database>","deletionProtection":true,"associatedRoles":[],"httpEndpointEnabled":false}"#,
        ],
        ..WRITE
    },
    Action {
        weight: 22,
        source: "rds",
        name: "DescribeDBInstances",
        requests: &[r#"{"dBInstanceIdentifier":"<database>"}"#, r#"{"maxRecords":100}"#],
        ..READ
    },
    Action {
        weight: 24,
        source: "glue",
        name: "GetTable",
        requests: &[r#"{"databaseName":"lake","name":"<table>"}"#],
        ..READ
    },
    Action {
        weight: 35,
        source: "glue",
        name: "GetPartitions",
        requests: &[
            r#"{"databaseName":"lake","tableName":"<table>","expression":"dt = '2026-03-01' AND hour >= <int:0-23>","maxResults":1000,"excludeColumnSchema":true}"#,
        ],
        ..READ
    },
    Action {
        weight: 33,
        source: "athena",
        name: "StartQueryExecution",
        requests: &[
            r#"{"queryString":"SELECT day, count(*) AS n\nFROM lake.\"<table>\"\nWHERE dt = '2026-03-01' GROUP BY day","queryExecutionContext":{"database":"lake"},"resultConfiguration":{"outputLocation":"s3://<bucket>/athena/"},"workGroup":"<workgroup>","clientRequestToken":"<uuid>"}"#,
        ],
        responses: &[r#"{"queryExecutionId":"<uuid>"}"#],
        ..WRITE
    },
];
