//! S3 and KMS.

use super::{Action, Kind, READ, WRITE};

const HOST: &str =
    r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<object>"}"#;
const BOTH: &str = r#"[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::<bucket>/<object>"},{"accountId":"<account>","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::<bucket>"}]"#;
const BUCKET: &str = r#"[{"accountId":"<account>","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::<bucket>"}]"#;
const TRANSFER: &str = r#"{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":<pick:0|0|0.0|0|<int:20-900>>,"AuthenticationMethod":"<pick:AuthHeader|AuthHeader|QueryString>","x-amz-id-2":"<b64:54>==","bytesTransferredOut":<pick:<int:200-9000>|<int:10000-9999999>|<int:300-99999>.0>}"#;
const KMS_ARN: &str =
    r#"[{"accountId":"<account>","type":"AWS::KMS::Key","ARN":"arn:aws:kms:<region>:<account>:key/<kms>"}]"#;
const NO_KEY: (u64, &str, &str) = (18, "NoSuchKey", "The specified key does not exist.");
const NO_ACCESS: (u64, &str, &str) = (
    22,
    "AccessDenied",
    "User: <caller> is not authorized to perform: s3:GetObject on resource: \\\"arn:aws:s3:::<bucket>/<object>\\\" because no resource-based policy allows the s3:GetObject action",
);

const S3_DATA: Action = Action {
    source: "s3",
    kind: Kind::Data,
    requests: &[HOST],
    extra: TRANSFER,
    resources: BOTH,
    errors: &[NO_KEY, NO_ACCESS],
    ..READ
};
const KMS: Action = Action { source: "kms", resources: KMS_ARN, shared: 160, ..READ };

const CONTEXTS: &[&str] = &[
    r#"{"keyId":"arn:aws:kms:<region>:<account>:key/<kms>","encryptionContext":{"SecretARN":"arn:aws:secretsmanager:<region>:<account>:secret:<secret>","SecretVersionId":"<uuid>"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#,
    r#"{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"aws:s3:arn":"arn:aws:s3:::<bucket>"}}"#,
    r#"{"encryptionContext":{"PARAMETER_ARN":"arn:aws:ssm:<region>:<account>:parameter<param>"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#,
    r#"{"encryptionContext":{"aws:lambda:FunctionArn":"arn:aws:lambda:<region>:<account>:function:<function>"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#,
    r#"{"encryptionContext":{"aws:ebs:id":"<volume>"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT","keyId":"arn:aws:kms:<region>:<account>:key/<kms>"}"#,
];

pub(super) const ACTIONS: &[Action] = &[
    Action { weight: 840, name: "GetObject", ..S3_DATA },
    Action {
        weight: 370,
        name: "PutObject",
        read_only: false,
        requests: &[
            r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<object>","x-amz-acl":"bucket-owner-full-control","x-amz-server-side-encryption":"aws:kms"}"#,
            r#"{"X-Amz-Date":"20260301T000000Z","bucketName":"<bucket>","X-Amz-Algorithm":"AWS4-HMAC-SHA256","x-amz-acl":"","X-Amz-SignedHeaders":"content-md5;content-type;host;x-amz-acl;x-amz-storage-class","Host":"<bucket>.s3.<region>.amazonaws.com","X-Amz-Expires":"300","key":"<object>","x-amz-storage-class":"STANDARD"}"#,
        ],
        responses: &[
            r#"{"x-amz-server-side-encryption":"aws:kms","x-amz-server-side-encryption-aws-kms-key-id":"arn:aws:kms:<region>:<account>:key/<kms>","x-amz-version-id":"<b64:32>"}"#,
            r#"{"x-amz-server-side-encryption":"AES256","x-amz-expiration":"expiry-date=\"Tue, 31 Mar 2026 00:00:00 GMT\", rule-id=\"raw 30 days\""}"#,
        ],
        ..S3_DATA
    },
    Action { weight: 198, name: "HeadObject", ..S3_DATA },
    Action {
        weight: 151,
        name: "ListObjects",
        requests: &[
            r#"{"list-type":"2","bucketName":"<bucket>","encoding-type":"url","prefix":"<pick:site/|backup/|dt=2026-03-01/||>","max-keys":"<pick:1|50|1000>","delimiter":"/","Host":"<bucket>.s3.<region>.amazonaws.com"}"#,
        ],
        resources: BUCKET,
        ..S3_DATA
    },
    Action {
        weight: 28,
        name: "DeleteObject",
        read_only: false,
        responses: &[r#"{"x-amz-delete-marker":"true","x-amz-version-id":"<b64:32>"}"#],
        ..S3_DATA
    },
    Action {
        weight: 36,
        name: "GetObject",
        identity: r#"{"type":"AWSAccount","principalId":"","accountId":"ANONYMOUS_PRINCIPAL"}"#,
        address: "<client>",
        agent: "<browser>",
        errors: &[(700, "AccessDenied", "Access Denied")],
        ..S3_DATA
    },
    Action {
        weight: 90,
        source: "s3",
        name: "GetBucketAcl",
        identity: r#"{"type":"AWSService","invokedBy":"cloudtrail.amazonaws.com"}"#,
        address: "cloudtrail.amazonaws.com",
        agent: "cloudtrail.amazonaws.com",
        requests: &[r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","acl":""}"#],
        extra: TRANSFER,
        resources: BUCKET,
        shared: 1000,
        errors: &[],
        ..READ
    },
    Action {
        weight: 39,
        source: "s3",
        name: "ListBuckets",
        requests: &[r#"{"Host":"s3.<region>.amazonaws.com"}"#],
        extra: TRANSFER,
        ..READ
    },
    Action {
        weight: 30,
        source: "s3",
        name: "GetBucketPolicy",
        requests: &[r#"{"bucketName":"<bucket>","Host":"s3.<region>.amazonaws.com","policy":""}"#],
        resources: BUCKET,
        errors: &[(500, "NoSuchBucketPolicy", "The bucket policy does not exist")],
        ..READ
    },
    Action {
        weight: 8,
        source: "s3",
        name: "PutBucketPolicy",
        requests: &[
            r#"{"bucketPolicy":{"Version":"2012-10-17","Statement":[{"Sid":"TlsOnly","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::<bucket>","arn:aws:s3:::<bucket>/*"],"Condition":{"Bool":{"aws:SecureTransport":["false"]}}},{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::<account>:role/<role>"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::<bucket>/*"}]},"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","policy":""}"#,
        ],
        extra: TRANSFER,
        resources: BUCKET,
        ..WRITE
    },
    Action {
        weight: 6,
        source: "s3",
        name: "PutBucketTagging",
        requests: &[
            r#"{"bucketName":"<bucket>","Tagging":{"xmlns":"http://s3.amazonaws.com/doc/2006-03-01/","TagSet":{"Tag":[{"Key":"team","Value":"<team>"},{"Key":"owner","Value":"<person>"}]}},"Host":"<bucket>.s3.<region>.amazonaws.com","tagging":""}"#,
        ],
        resources: BUCKET,
        ..WRITE
    },
    Action { weight: 757, name: "Decrypt", requests: CONTEXTS, ..KMS },
    Action {
        weight: 342,
        name: "GenerateDataKey",
        requests: &[
            r#"{"keyId":"arn:aws:kms:<region>:<account>:key/<kms>","encryptionContext":{"aws:s3:arn":"arn:aws:s3:::<bucket>/<object>"},"keySpec":"AES_256"}"#,
            r#"{"keySpec":"AES_256","encryptionContext":{"aws:dynamodb:subscriberId":"<account>","aws:dynamodb:tableName":"<table>"},"keyId":"<alias>"}"#,
            r#"{"numberOfBytes":<int:16-64>,"keyId":"<alias>"}"#,
        ],
        ..KMS
    },
    Action {
        weight: 47,
        name: "Encrypt",
        requests: &[
            r#"{"keyId":"<alias>","encryptionContext":{"PARAMETER_ARN":"arn:aws:ssm:<region>:<account>:parameter<param>"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#,
        ],
        ..KMS
    },
    Action {
        weight: 69,
        name: "DescribeKey",
        requests: &[r#"{"keyId":"<alias>"}"#, r#"{"keyId":"<kms>"}"#],
        ..KMS
    },
    Action {
        weight: 26,
        name: "CreateGrant",
        read_only: false,
        requests: &[
            r#"{"keyId":"arn:aws:kms:<region>:<account>:key/<kms>","constraints":{"encryptionContextSubset":{"aws:ebs:id":"<volume>"}},"granteePrincipal":"ec2.<region>.amazonaws.com","retiringPrincipal":"ec2.<region>.amazonaws.com","operations":["Decrypt","ReEncryptFrom","CreateGrant"]}"#,
        ],
        responses: &[r#"{"grantId":"<hex:64>","keyId":"arn:aws:kms:<region>:<account>:key/<kms>"}"#],
        ..KMS
    },
];
