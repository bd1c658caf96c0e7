//! What S3 tells about the replication of an object: the only place where AWS says why it failed.
//!
//! Raised on the source bucket, in its region, to SQS, SNS or Lambda (not to EventBridge), when replication metrics are on
//! for the rule: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html>.

use serde_json::Value;

use super::{shown, text};
use crate::fetch::ObjectRef;

/// What happened to the replication of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicationEvent {
    /// Its name, such as `OperationFailedReplication`.
    pub name: String,
    /// Which of the four events it is.
    pub kind: ReplicationKind,
    /// The object in the source bucket.
    pub object: ObjectRef,
    /// The rule of the replication configuration.
    pub rule: Option<String>,
    /// ARN of the bucket it was to go to.
    pub destination: Option<String>,
    /// What was to be replicated: `OBJECT_PUT`, `OBJECT_DELETE_MARKER` …
    pub operation: Option<String>,
    /// AWS's code of why it failed.
    pub reason: Option<String>,
}

/// The events about replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplicationKind {
    /// It failed, and S3 does not try again by itself.
    Failed,
    /// Replication Time Control: it takes longer than 15 minutes.
    MissedThreshold,
    /// Replication Time Control: it arrived after the 15 minutes.
    ReplicatedAfterThreshold,
    /// The metrics do not follow it any more; whether it arrived is not said.
    NotTracked,
    /// One that AWS added later.
    Other,
}

impl ReplicationKind {
    fn of(event_name: &str) -> Self {
        match event_name.strip_prefix("Replication:Operation") {
            Some("FailedReplication") => Self::Failed,
            Some("MissedThreshold") => Self::MissedThreshold,
            Some("ReplicatedAfterThreshold") => Self::ReplicatedAfterThreshold,
            Some("NotTracked") => Self::NotTracked,
            _ => Self::Other,
        }
    }

    /// Name in the ledger, logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::MissedThreshold => "missed_threshold",
            Self::ReplicatedAfterThreshold => "replicated_after_threshold",
            Self::NotTracked => "not_tracked",
            Self::Other => "other",
        }
    }
}

/// Reads the record of an event whose name begins with `Replication:`.
pub(super) fn read(event_name: &str, record: &Value, object: ObjectRef) -> ReplicationEvent {
    let member = |name| text(record, name).map(shown);
    ReplicationEvent {
        name: shown(event_name.strip_prefix("Replication:").unwrap_or(event_name)),
        kind: ReplicationKind::of(event_name),
        object,
        rule: member("/replicationEventData/replicationRuleId"),
        destination: text(record, "/replicationEventData/destinationBucket").map(shown_arn),
        operation: member("/replicationEventData/s3Operation"),
        reason: member("/replicationEventData/failureReason"),
    }
}

/// An ARN of a bucket: longer than other names, its bucket alone may have 63 characters.
fn shown_arn(arn: &str) -> String {
    arn.chars().filter(|c| !crate::shown::is_trick(*c)).take(128).collect()
}

impl ReplicationEvent {
    /// What to do, in words.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match (self.kind, self.reason.as_deref()) {
            (ReplicationKind::Failed, Some(code)) => fix(code).unwrap_or(UNKNOWN_REASON),
            (ReplicationKind::Failed, None) => NO_REASON,
            (ReplicationKind::MissedThreshold, _) => {
                "S3 still tries. When it lasts, compare the replication metrics with the quotas of Replication Time Control and \
                 of requests to the KMS key of the destination"
            }
            (ReplicationKind::ReplicatedAfterThreshold, _) => "nothing: the object arrived, late",
            (ReplicationKind::NotTracked, _) => {
                "look at the replication status of the object (aws s3api head-object) and, where it is FAILED, replicate it again \
                 with S3 Batch Replication"
            }
            (ReplicationKind::Other, _) => UNKNOWN_REASON,
        }
    }

    /// Whether somebody has to act, or the object stays away.
    #[must_use]
    pub fn needs_somebody(&self) -> bool {
        matches!(self.kind, ReplicationKind::Failed | ReplicationKind::NotTracked)
    }
}

const UNKNOWN_REASON: &str = "siem-loader does not know this reason: read \
     https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html#replication-failure-codes";

const NO_REASON: &str = "S3 gave no reason: compare role, bucket policy and key policy of the rule with the guide of S3 replication";

/// What to do about a code of AWS, none where it is not known.
#[must_use]
pub fn fix(code: &str) -> Option<&'static str> {
    FAILURE_REASONS.iter().find(|(known, _)| *known == code).map(|(_, fix)| *fix)
}

/// AWS's `failureReason` codes and what to do. All that are documented, in the present and in the earlier edition of
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html#replication-failure-codes>.
/// "The role" is the one that the replication configuration of the source bucket names. After the fix objects that
/// failed do not follow by themselves: S3 Batch Replication brings them.
pub const FAILURE_REASONS: &[(&str, &str)] = &[
    (
        "AssumeRoleNotPermitted",
        "let S3 assume the role: its trust policy must name the service s3.amazonaws.com (for batch jobs also \
         batchoperations.s3.amazonaws.com), and the role must exist",
    ),
    ("DstBucketInvalidRegion", "name a destination bucket in the region of the batch job"),
    (
        "DstBucketNotFound",
        "make the destination bucket, or correct its name and account in the replication configuration",
    ),
    (
        "DstBucketObjectLockConfigMissing",
        "turn on Object Lock for the destination bucket: the source bucket has it",
    ),
    ("DstBucketUnversioned", "turn on versioning of the destination bucket"),
    (
        "DstDelObjNotPermitted",
        "allow the role s3:ReplicateDelete on the destination, in its own policy and, across accounts, in the bucket policy",
    ),
    (
        "DstKmsKeyInvalidState",
        "enable the KMS key of the destination, or cancel its deletion; the replication configuration names it",
    ),
    (
        "DstKmsKeyNotFound",
        "correct ReplicaKmsKeyID in the replication configuration: an ARN of a key in the region of the destination",
    ),
    (
        "DstMultipartCompleteNotPermitted",
        "allow the role s3:ReplicateObject on the destination, in its own policy and in the bucket policy",
    ),
    (
        "DstMultipartInitNotPermitted",
        "allow the role s3:ReplicateObject on the destination, in its own policy and in the bucket policy",
    ),
    (
        "DstMultipartPartUploadNotPermitted",
        "allow the role s3:ReplicateObject on the destination, in its own policy and in the bucket policy",
    ),
    (
        "DstMultipartUploadNotPermitted",
        "allow the role s3:ReplicateObject on the destination, in its own policy and in the bucket policy",
    ),
    (
        "DstObjectHardDeleted",
        "copy the object by hand: a version that was deleted at the destination is not replicated again by a batch job",
    ),
    (
        "DstPutAclNotPermitted",
        "allow the role s3:ReplicateObject on the destination, or turn ACLs off there (Bucket owner enforced)",
    ),
    ("DstPutLegalHoldNotPermitted", "allow the role s3:PutObjectLegalHold on the destination"),
    (
        "DstPutObjectNotPermitted",
        "open three policies: the role's and the bucket policy of the destination must allow s3:ReplicateObject (and \
         s3:ObjectOwnerOverrideToBucketOwner where the owner changes), and the key policy of the destination must let the role \
         use kms:GenerateDataKey and kms:Decrypt",
    ),
    ("DstPutRetentionNotPermitted", "allow the role s3:PutObjectRetention on the destination"),
    (
        "DstPutTaggingNotPermitted",
        "allow the role s3:ReplicateTags and s3:ReplicateObject on the destination",
    ),
    (
        "DstVersionNotFound",
        "replicate the object itself again with S3 Batch Replication: the version whose metadata changed is not at the destination",
    ),
    ("InitiateReplicationNotPermitted", "allow the role of the batch job s3:InitiateReplication"),
    ("SrcBucketInvalidRegion", "run the batch job in the region of the source bucket"),
    ("SrcBucketNotFound", "correct the name of the source bucket"),
    (
        "SrcBucketReplicationConfigMissing",
        "give the source bucket its replication configuration again: it was removed",
    ),
    (
        "SrcGetAclNotPermitted",
        "allow the role s3:GetObjectVersionAcl on the source, and make the bucket the owner of its objects (Object Ownership: \
         Bucket owner enforced)",
    ),
    ("SrcGetLegalHoldNotPermitted", "allow the role s3:GetObjectLegalHold on the source"),
    (
        "SrcGetObjectNotPermitted",
        "allow the role s3:GetObjectVersionForReplication on the source and, where objects are encrypted with KMS, kms:Decrypt in \
         its own policy and in the policy of the source key",
    ),
    ("SrcGetRetentionNotPermitted", "allow the role s3:GetObjectRetention on the source"),
    ("SrcGetTaggingNotPermitted", "allow the role s3:GetObjectVersionTagging on the source"),
    ("SrcHeadObjectNotPermitted", "allow the role s3:GetObjectVersionForReplication on the source"),
    (
        "SrcKeyNotFound",
        "nothing, when it was deleted on purpose: the object was gone before it was replicated",
    ),
    ("SrcKmsKeyInvalidState", "enable the KMS key of the source object, or cancel its deletion"),
    (
        "SrcObjectNotEligible",
        "compare the filter of the rule (prefix, tags) with the object, and its storage class: archived objects are not \
         replicated",
    ),
    ("SrcObjectNotFound", "nothing, when it was deleted on purpose: the object does not exist"),
    ("SrcReplicationNotPending", "nothing: the object is replicated already"),
    (
        "SrcVersionNotFound",
        "nothing, when it was deleted on purpose: the version was gone before it was replicated",
    ),
];
