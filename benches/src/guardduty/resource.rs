//! `resource` of a finding: templates of what is in danger, one a resource type.
//!
//! Names are those of the API's `Resource` (AWS API reference of GuardDuty, `API_Resource`).

/// An EC2 instance with one network interface.
pub(super) const INSTANCE: &str = r#""instanceDetails":{"instanceId":"<instance>","instanceType":"<pick:t3.micro|t3.large|m6i.xlarge|c7g.large|r6g.2xlarge>","outpostArn":null,"launchTime":"2026-01-<int:10-28>T03:22:10.000Z","platform":<pick:null|null|null|"windows">,"productCodes":[<pick:||{"productCodeId":"9vvsdqkuqj8nd2hbxm2fcqx3v","productCodeType":"marketplace"}>],"iamInstanceProfile":{"arn":"arn:aws:iam::<account>:instance-profile/<role>","id":"AIPA<up:17>"},"networkInterfaces":[{"ipv6Addresses":[<pick:||"2001:db8:41:<hex:4>::<hex:4>">],"networkInterfaceId":"<eni>","privateDnsName":"<host>.<region>.compute.internal","privateIpAddress":"<w=private>","privateIpAddresses":[{"privateDnsName":"<host>.<region>.compute.internal","privateIpAddress":"<w>"}],"subnetId":"<subnet>","vpcId":"<vpc>","securityGroups":[{"groupName":"<family>","groupId":"<sg>"}],"publicDnsName":"<pick:|ec2-198-51-100-20.<region>.compute.amazonaws.com>","publicIp":"198.51.100.<int:1-254>"}],"tags":[{"key":"Name","value":"<family>"},{"key":"env","value":"<pick:prod|stage>"}],"instanceState":"running","availabilityZone":"<region><pick:a|b|c>","imageId":"<image>","imageDescription":"Amazon Linux 2023 AMI 2023.6.20260<int:1-2>10.1 x86_64 HVM kernel-6.1"}"#;

/// Long-term or temporary credentials.
pub(super) const ACCESS_KEY: &str = r#""accessKeyDetails":<pick:{"accessKeyId":"AKIA<up:16>","principalId":"AIDA<up:17>","userType":"IAMUser","userName":"<user>"}|{"accessKeyId":"ASIA<up:16>","principalId":"AROA<up:17>:<instance>","userType":"AssumedRole","userName":"<role>"}>"#;

/// The root user, which has no name of its own.
pub(super) const ROOT: &str = r#""accessKeyDetails":{"accessKeyId":"ASIA<up:16>","principalId":"<account>","userType":"Root","userName":"Root"}"#;

/// A role's credentials on an instance.
pub(super) const ROLE: &str = r#""accessKeyDetails":{"accessKeyId":"ASIA<up:16>","principalId":"AROA<up:17>:<instance>","userType":"Role","userName":"<role>"}"#;

/// A bucket, its owner, and what the world may do with it.
pub(super) const BUCKET: &str = r#""s3BucketDetails":[{"arn":"arn:aws:s3:::<bucket>","name":"<bucket>","type":"<pick:Destination|Destination|Source>","createdAt":"2024-11-06T10:15:03Z","owner":{"id":"<hex:64>"},"tags":[{"key":"data","value":"<pick:internal|restricted>"}],"defaultServerSideEncryption":{"encryptionType":"<pick:SSEAlgorithm|aws:kms>","kmsMasterKeyArn":<pick:null|"arn:aws:kms:<region>:<account>:key/<kms>">},"publicAccess":{"permissionConfiguration":{"bucketLevelPermissions":{"accessControlList":{"allowsPublicReadAccess":false,"allowsPublicWriteAccess":false},"bucketPolicy":{"allowsPublicReadAccess":<pick:true|false>,"allowsPublicWriteAccess":false},"blockPublicAccess":{"ignorePublicAcls":false,"restrictPublicBuckets":false,"blockPublicAcls":false,"blockPublicPolicy":false}},"accountLevelPermissions":{"blockPublicAccess":{"ignorePublicAcls":false,"restrictPublicBuckets":false,"blockPublicAcls":false,"blockPublicPolicy":false}}},"effectivePermission":"<pick:NOT_PUBLIC|PUBLIC|UNKNOWN>"}<pick:|,"s3ObjectDetails":[]>}]"#;

/// An object in a bucket.
pub(super) const OBJECT: &str = r#""s3BucketDetails":[{"arn":"arn:aws:s3:::<bucket>","name":"<bucket>","type":"Destination","createdAt":1730888103.0,"owner":{"id":"<hex:64>"},"tags":[],"publicAccess":{"effectivePermission":"NOT_PUBLIC"},"s3ObjectDetails":[{"objectArn":"arn:aws:s3:::<bucket>/uploads/<x=hex:12>.zip","key":"uploads/<x>.zip","eTag":"<hex:32>","hash":"<hex:64>","versionId":"<pick:|<b64:20>>"}]}]"#;

/// A cluster of EKS.
pub(super) const EKS: &str = r#""eksClusterDetails":{"name":"<cluster>","arn":"arn:aws:eks:<region>:<account>:cluster/<cluster>","createdAt":<pick:1762335600.341|"2025-11-05T09:40:00Z">,"vpcId":"<vpc>","status":"ACTIVE","tags":[{"key":"env","value":"prod"}]}"#;

/// Who acted in Kubernetes.
pub(super) const KUBERNETES_USER: &str = r#""kubernetesDetails":{"kubernetesUserDetails":{"username":"<pick:system:anonymous|system:serviceaccount:default:<family>|<user>|arn:aws:sts::<account>:assumed-role/<role>/<session>>","uid":"<uuid>","groups":["<pick:system:unauthenticated|system:masters|system:authenticated>"],"sessionName":["<session>"],"impersonatedUser":<pick:null|{"username":"cluster-admin","groups":["system:masters"]}>},"kubernetesWorkloadDetails":null}"#;

/// A workload of Kubernetes.
pub(super) const KUBERNETES_WORKLOAD: &str = r#""kubernetesDetails":{"kubernetesUserDetails":{"username":"system:serviceaccount:<y=pick:default|payments|kube-system>:<family>","uid":"<uuid>","groups":["system:serviceaccounts","system:authenticated"],"sessionName":[],"impersonatedUser":null},"kubernetesWorkloadDetails":{"name":"<family>-<hex:5>","type":"<pick:pods|deployments|daemonsets|cronjobs>","uid":"<uuid>","namespace":"<y>","hostNetwork":<pick:true|false>,"hostPID":false,"hostIPC":false,"serviceAccountName":"<family>","containers":[{"id":"containerd://<hex:64>","name":"<family>","image":"<account>.dkr.ecr.<region>.amazonaws.com/<family>:1.<int:1-40>","imagePrefix":"<account>.dkr.ecr.<region>.amazonaws.com","containerRuntime":"containerd","volumeMounts":[{"name":"host","mountPath":"/host"}],"securityContext":{"privileged":<pick:true|false>,"allowPrivilegeEscalation":true}}],"volumes":[{"name":"host","hostPath":{"path":"<pick:/|/var/run/docker.sock|/etc>"}}]}}"#;

/// A cluster of ECS with the task.
pub(super) const ECS: &str = r#""ecsClusterDetails":{"name":"<cluster>","arn":"arn:aws:ecs:<region>:<account>:cluster/<cluster>","status":"ACTIVE","activeServicesCount":<int:1-12>,"registeredContainerInstancesCount":<int:0-6>,"runningTasksCount":<int:1-60>,"tags":[],"taskDetails":{"arn":"arn:aws:ecs:<region>:<account>:task/<cluster>/<hex:32>","definitionArn":"arn:aws:ecs:<region>:<account>:task-definition/<family>:<int:1-90>","version":"<int:1-9>","createdAt":1772322000.5,"startedAt":1772322031.25,"startedBy":"ecs-svc/<int:1000000000000000000-9000000000000000000>","group":"family:<family>","launchType":"<pick:FARGATE|EC2>","tags":[],"volumes":[],"containers":[{"id":"<hex:32>","name":"<family>","image":"<account>.dkr.ecr.<region>.amazonaws.com/<family>:latest","containerRuntime":"containerd"}]}}"#;

/// A container of which nothing else is known.
pub(super) const CONTAINER: &str = r#""containerDetails":{"id":"<hex:64>","name":"<family>","image":"docker.io/library/redis:7","imagePrefix":"docker.io","containerRuntime":"docker","volumeMounts":[],"securityContext":{"privileged":false}}"#;

/// A function of Lambda.
pub(super) const LAMBDA: &str = r#""lambdaDetails":{"functionArn":"arn:aws:lambda:<region>:<account>:function:<function>","functionName":"<function>","description":"<pick:|nightly report>","lastModifiedAt":"2026-02-<int:10-28>T10:00:00Z","revisionId":"<uuid>","functionVersion":"$LATEST","role":"arn:aws:iam::<account>:role/<role>","vpcConfig":<pick:null|{"subnetIds":["<subnet>"],"vpcId":"<vpc>","securityGroups":[{"groupId":"<sg>","groupName":"default"}]}>,"tags":[]}"#;

/// An instance of Aurora or RDS with the database's user.
pub(super) const DATABASE: &str = r#""rdsDbInstanceDetails":{"dbInstanceIdentifier":"<database>","engine":"<pick:Aurora MySQL|Aurora PostgreSQL|RDS for PostgreSQL>","engineVersion":"<pick:8.0.mysql_aurora.3.08.0|16.4>","dbClusterIdentifier":"<database>-cluster","dbInstanceArn":"arn:aws:rds:<region>:<account>:db:<database>","dbiResourceId":"db-<up:26>","tags":[{"key":"env","value":"prod"}]},"rdsDbUserDetails":{"user":"<x=pick:admin|app|reporting|postgres>","application":"<y=pick:psql|mysql|DBeaver 24.0|unknown>","database":"<pick:orders|ledger|crm>","ssl":"<pick:TLSv1.3|TLSv1.2|Off>","authMethod":"<pick:mysql_native_password|md5|iam>"}"#;

/// A shard group of Aurora Limitless.
pub(super) const LIMITLESS: &str = r#""rdsLimitlessDbDetails":{"dbShardGroupIdentifier":"<database>-shards","dbShardGroupResourceId":"shardgroup-<hex:26>","dbShardGroupArn":"arn:aws:rds:<region>:<account>:shard-group:shardgroup-<hex:26>","engine":"Aurora PostgreSQL Limitless","engineVersion":"16.4-limitless","dbClusterIdentifier":"<database>-cluster","tags":[]},"rdsDbUserDetails":{"user":"<x=pick:admin|app>","application":"<y=pick:psql>","database":"postgres_limitless","ssl":"TLSv1.3","authMethod":"md5"}"#;

/// Volumes of an instance that were scanned, and one that was not.
pub(super) const VOLUMES: &str = r#""ebsVolumeDetails":{"scannedVolumeDetails":[{"volumeArn":"arn:aws:ec2:<region>:<account>:volume/<volume>","volumeType":"gp3","deviceName":"/dev/xvda","volumeSizeInGB":<int:8-400>,"encryptionType":"<pick:UNENCRYPTED|CMK|AMAZON_MANAGED_ENCRYPTED>","snapshotArn":null,"kmsKeyArn":null}],"skippedVolumeDetails":<pick:null|[]|[{"volumeArn":"arn:aws:ec2:<region>:<account>:volume/vol-0<hex:16>","volumeSizeInGB":2048}]>}"#;

/// A snapshot of EBS.
pub(super) const SNAPSHOT: &str =
    r#""ebsSnapshotDetails":{"snapshotArn":"arn:aws:ec2:<region>:<account>:snapshot/<snapshot>"}"#;

/// An image of EC2.
pub(super) const IMAGE: &str =
    r#""ec2ImageDetails":{"imageArn":"arn:aws:ec2:<region>:<account>:image/<image>"}"#;

/// A recovery point of AWS Backup.
pub(super) const RECOVERY_POINT: &str = r#""recoveryPointDetails":{"recoveryPointArn":"arn:aws:backup:<region>:<account>:recovery-point:<uuid>","backupVaultName":"<pick:Default|vault-prod>"}"#;
