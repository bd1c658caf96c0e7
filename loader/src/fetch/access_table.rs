//! What each refusal of S3, KMS and STS means, whose policy it is and what to change there: one row a kind. The
//! messages of [`super::FetchError`] are made of these words, and `docs/access.md` shows the same rows.
//!
//! The texts of AWS are those of
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.

use super::Outcome;
use crate::error::ErrorClass;

/// One kind of refusal.
#[derive(Debug)]
pub struct AccessRow {
    /// Stable name, [`super::FetchError::kind`].
    pub kind: &'static str,
    /// What becomes of the message or the run.
    pub class: ErrorClass,
    /// What the ledger says of the object.
    pub outcome: Outcome,
    /// What AWS says.
    pub says: &'static str,
    /// What it means.
    pub means: &'static str,
    /// What to open.
    pub open: &'static str,
    /// What to change there.
    pub change: &'static str,
}

impl AccessRow {
    /// The row as `docs/access.md` shows it.
    #[must_use]
    pub fn markdown(&self) -> String {
        let Self { kind, class, outcome, says, means, open, change } = self;
        format!("| `{kind}` | {class}, {} | {says} | {means} | {open} | {change} |", outcome.as_str())
    }

    /// `MEANS. Open OPEN: CHANGE`
    pub(super) fn advice(&self) -> String {
        format!("{}. Open {}: {}", self.means, self.open, self.change)
    }
}

/// The row of a kind; that of an unexplained denial for one that has none.
pub(super) fn row(kind: &str) -> &'static AccessRow {
    ACCESS.iter().find(|row| row.kind == kind).unwrap_or(&UNEXPLAINED)
}

const fn denied(
    kind: &'static str,
    says: &'static str,
    means: &'static str,
    open: &'static str,
    change: &'static str,
) -> AccessRow {
    let (class, outcome) = (ErrorClass::Configuration, Outcome::Denied);
    AccessRow { kind, class, outcome, says, means, open, change }
}

const fn gone(
    kind: &'static str,
    says: &'static str,
    means: &'static str,
    open: &'static str,
    change: &'static str,
) -> AccessRow {
    let (class, outcome) = (ErrorClass::Permanent, Outcome::Gone);
    AccessRow { kind, class, outcome, says, means, open, change }
}

const fn failed(
    kind: &'static str,
    class: ErrorClass,
    says: &'static str,
    means: &'static str,
    open: &'static str,
    change: &'static str,
) -> AccessRow {
    AccessRow { kind, class, outcome: Outcome::Failed, says, means, open, change }
}

const UNEXPLAINED: AccessRow = denied(
    "access_denied",
    "`AccessDenied`: `Access Denied`, and no reason; a HEAD is denied too",
    "AWS does not say why: so it answers across organisations, and for VPC endpoint policies across accounts",
    "in this order: 1. the identity policy of the role, 2. the bucket policy and Object Ownership of the bucket, \
     3. the key policy of the object's KMS key",
    "1. allow s3:GetObject and s3:GetObjectVersion on the object, 2. allow the role there too when the bucket is in \
     another account, and look for a Deny, 3. allow kms:Decrypt; then look at the VPC endpoint policy, at SCPs and RCPs, \
     at expected_owner of the bucket's settings, and whether the bucket is requester pays (requester_pays)",
);

/// All refusals.
pub const ACCESS: &[AccessRow] = &[
    denied(
        "access_denied_identity_policy",
        "`… because no identity-based policy allows the s3:GetObject action`, `… with an explicit deny in an \
         identity-based policy`",
        "the policies of the role do not allow it, or one has a Deny",
        "the identity policy of the role (IAM, in the role's account)",
        "allow s3:GetObject and s3:GetObjectVersion on arn:aws:s3:::BUCKET/* and s3:ListBucket on arn:aws:s3:::BUCKET; \
         take a Deny away",
    ),
    denied(
        "access_denied_bucket_policy",
        "`… because no resource-based policy allows the s3:GetObject action`, `… with an explicit deny in a \
         resource-based policy`",
        "the bucket policy or access point policy does not let the role in, or has a Deny; with an explicit deny it may \
         also be RestrictPublicBuckets",
        "the bucket policy, and the access point policy where one is used (S3, in the bucket's account)",
        "allow the role s3:GetObject and s3:GetObjectVersion on the objects and s3:ListBucket on the bucket; except the \
         role from a Deny",
    ),
    denied(
        "access_denied_object_owner",
        "`AccessDenied`: `Access Denied`; the listing names another owner of the object than of the bucket",
        "another account owns the object, so that no bucket policy reaches it",
        "Object Ownership of the bucket (S3, Permissions); for replicas also the replication rule of the source bucket",
        "set Object Ownership to BucketOwnerEnforced; in the rule set AccessControlTranslation Owner=Destination with the \
         destination account",
    ),
    denied(
        "access_denied_expected_owner",
        "`AccessDenied`: `Access Denied`; a HEAD passes without `x-amz-expected-bucket-owner`",
        "the bucket belongs to another account than its settings say: somebody else may have made a bucket of that name",
        "the settings of siem-loader",
        "find out whose bucket it is before anything else; if it is the right one, correct expected_owner in SIEM_LOADER_BUCKETS",
    ),
    denied(
        "access_denied_kms_identity_policy",
        "`… not authorized to perform: kms:Decrypt … because no identity-based policy allows the kms:Decrypt action`",
        "the object is encrypted with a KMS key that the policies of the role do not let it use",
        "the identity policy of the role (IAM, in the role's account)",
        "allow kms:Decrypt on the ARN of the key, not of an alias; the key policy has to allow it too: by naming the role, \
         or its account",
    ),
    denied(
        "access_denied_kms_key_policy",
        "`… not authorized to perform: kms:Decrypt … because no resource-based policy allows …`, `… because the resource \
         does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly \
         denies access`",
        "the key policy of the object's KMS key does not let the role in, or the key is gone; a key with the AWS managed \
         policy (aws/s3) never lets in another account",
        "the key policy (KMS, in the account and Region of the key)",
        "allow the role kms:Decrypt; across accounts the identity policy of the role needs it too. Replicas: choose a key \
         of the destination account in the replication rule (ReplicaKmsKeyID)",
    ),
    denied(
        "access_denied_kms_key",
        "`AccessDenied`: `Access Denied`, but a HEAD of the object succeeds and names a KMS key; `The ciphertext refers to a \
         customer master key that does not exist, does not exist in this region, or you are not allowed to access.`",
        "reading the object is allowed, using its KMS key is not, or the key is gone",
        "the key policy (KMS, in the account and Region of the key), then the identity policy of the role",
        "allow the role kms:Decrypt in both; across accounts both are needed",
    ),
    denied(
        "access_denied_vpc_endpoint_policy",
        "`… because no VPC endpoint policy allows the s3:GetObject action`, `… with an explicit deny in a VPC endpoint policy`",
        "the VPC endpoint that the request went through does not let it pass",
        "the policy of the VPC endpoint for S3, KMS or STS, by the action that is named (VPC, in the account of the network)",
        "allow the action on this bucket or key",
    ),
    denied(
        "access_denied_service_control_policy",
        "`… because no service control policy allows the s3:GetObject action`, `… with an explicit deny in a service control \
         policy`",
        "the organisation forbids it to the account of the role",
        "the SCPs of the account of the role and of the units above it (AWS Organizations, management account)",
        "allow the action, or except the role from the Deny; nothing in the account itself helps",
    ),
    denied(
        "access_denied_resource_control_policy",
        "`… with an explicit deny in a resource control policy`",
        "the organisation forbids it for the account of the bucket or key",
        "the RCPs of the account of the bucket or key and of the units above it (AWS Organizations, management account)",
        "except the role from the Deny",
    ),
    denied(
        "access_denied_permissions_boundary",
        "`… because no permissions boundary allows the s3:GetObject action`, `… with an explicit deny in a permissions \
         boundary`",
        "the permissions boundary of the role is narrower than its policies",
        "the permissions boundary of the role (IAM, in the role's account)",
        "allow the action there too",
    ),
    denied(
        "access_denied_session_policy",
        "`… because no session policy allows the s3:GetObject action`, `… with an explicit deny in a session policy`",
        "who handed out the credentials narrowed them with a session policy",
        "whatever assumes the role and passes a policy (Policy or PolicyArns of AssumeRole, federation)",
        "allow the action there, or pass no policy; siem-loader passes none",
    ),
    denied(
        "access_denied_role_trust",
        "`AccessDenied`: `… is not authorized to perform: sts:AssumeRole on resource: …`",
        "the role of the bucket's settings cannot be assumed",
        "the trust policy of the role that is named, then the identity policy of who assumes it",
        "trust the loader's role, with the external id of the settings in sts:ExternalId; allow the loader's role \
         sts:AssumeRole on that role; check its ARN",
    ),
    denied(
        "access_denied_or_missing",
        "`… GetObject: … not authorized to perform: s3:ListBucket …`, or `Access Denied` where the listing is denied too",
        "the object is not there any more, or it is denied: without s3:ListBucket S3 answers 403 for both",
        "the identity policy of the role, and the bucket policy across accounts",
        "allow s3:ListBucket on arn:aws:s3:::BUCKET, then a missing object is told as such; if it exists: allow \
         s3:GetObject and s3:GetObjectVersion on the object, and kms:Decrypt in the key policy of its key. A bucket that is \
         requester pays denies both without requester_pays in SIEM_LOADER_BUCKETS",
    ),
    UNEXPLAINED,
    denied(
        "account_disabled",
        "`AllAccessDisabled`, `AccountProblem`",
        "AWS has closed the bucket or the account",
        "a case with AWS Support",
        "only AWS can change it",
    ),
    denied(
        "kms_key_disabled",
        "400 `KMS.DisabledException`: `… is disabled.`",
        "the KMS key of the object is disabled",
        "the key (KMS, in the account and Region of the key)",
        "enable it (aws kms enable-key), and find out who disabled it (DisableKey in CloudTrail)",
    ),
    denied(
        "kms_key_pending_deletion",
        "400 `KMS.KMSInvalidStateException`: `… is pending deletion.`",
        "the KMS key of the object will be deleted, and everything encrypted with it is lost then",
        "the key (KMS, in the account and Region of the key), now",
        "aws kms cancel-key-deletion, then aws kms enable-key; find out who scheduled it (ScheduleKeyDeletion in CloudTrail)",
    ),
    denied(
        "kms_key_not_found",
        "400 `KMS.NotFoundException`",
        "the KMS key of the object is not found: deleted, in another Region, or an alias that means another key in this account",
        "the encryption settings of whoever writes the objects: default encryption of the bucket, or the replication rule",
        "name the key by its full ARN, in the Region of the bucket, never by an alias across accounts; what was encrypted \
         with a deleted key cannot be read",
    ),
    denied(
        "kms_key_unusable",
        "400 `KMS.KMSInvalidStateException`, `KMS.InvalidKeyUsageException` and other `KMS.…`",
        "the KMS key of the object cannot be used in its state",
        "the key (KMS, in the account and Region of the key)",
        "import its material, or wait until it is made or its key store is connected",
    ),
    gone(
        "object_gone",
        "404 `NoSuchKey`",
        "there is no such object (any more)",
        "the lifecycle rules of the bucket, and who deletes in it",
        "nothing, if the deletion was meant; else load the object from its source bucket or another version",
    ),
    gone(
        "object_deleted",
        "404 `NoSuchKey` or 405 `MethodNotAllowed` with `x-amz-delete-marker: true`",
        "the object was deleted, and a delete marker stands in its place",
        "the versions of the object, and who deletes in the bucket",
        "remove the delete marker, if the deletion was not meant, or load an older version",
    ),
    gone(
        "version_gone",
        "404 `NoSuchVersion`",
        "the object has no such version (any more)",
        "the lifecycle rules for noncurrent versions",
        "nothing, if the deletion was meant; else load the current version",
    ),
    failed(
        "bucket_gone",
        ErrorClass::Configuration,
        "404 `NoSuchBucket`",
        "there is no such bucket (any more)",
        "the event notification, or the command",
        "check name, region and partition",
    ),
    failed(
        "object_archived",
        ErrorClass::Configuration,
        "403 `InvalidObjectState`",
        "the object is in an archive storage class and cannot be read before it is restored",
        "the lifecycle rules of the bucket",
        "restore it (aws s3api restore-object), then load it again; archive logs later than they are loaded",
    ),
    failed(
        "wrong_region",
        ErrorClass::Configuration,
        "301 `PermanentRedirect`, 400 `AuthorizationHeaderMalformed`",
        "the bucket is in another Region, and following there did not help",
        "the settings of siem-loader",
        "set region of the bucket in SIEM_LOADER_BUCKETS, or remove the endpoint setting",
    ),
    failed(
        "throttled",
        ErrorClass::Transient,
        "503 `SlowDown`, 429, `KMS.ThrottlingException`",
        "the service asks to slow down, and did so after the client's own retries",
        "nothing",
        "it is tried again; if it stays so: fewer functions at a time, more prefixes, or S3 Bucket Keys against limits of KMS",
    ),
    denied(
        "access_key_unknown",
        "403 `InvalidAccessKeyId`, `InvalidClientTokenId`",
        "the service does not know the access key id",
        "the credentials of siem-loader",
        "give ones that exist; temporary ones need AWS_SESSION_TOKEN; check endpoint and partition",
    ),
    denied(
        "signature_wrong",
        "403 `SignatureDoesNotMatch`",
        "the secret access key does not fit the access key id",
        "the credentials of siem-loader",
        "give the right ones; a proxy that changes requests has the same effect",
    ),
    denied(
        "session_expired",
        "400 `ExpiredToken`, `InvalidToken`",
        "the session credentials are expired or not valid",
        "the credentials of siem-loader",
        "get new ones; a role in SIEM_LOADER_BUCKETS or of the function is renewed by itself",
    ),
    denied(
        "clock_wrong",
        "403 `RequestTimeTooSkewed`, `RequestExpired`",
        "the clock of this machine is more than 15 minutes off",
        "the time settings of this machine",
        "set the clock (NTP)",
    ),
];
