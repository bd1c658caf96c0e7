//! Everything that can go wrong between the name of an object and its bytes.

use super::access_table::row;
use super::denial::Denial;
use crate::error::ErrorClass;

/// What the ledger says of an object that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It is not there any more.
    Gone,
    /// Somebody has to grant a right, or to make a key usable.
    Denied,
    /// Anything else.
    Failed,
}

impl Outcome {
    /// The word in the ledger.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// What is wrong with a KMS key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyProblem {
    /// It is disabled.
    Disabled,
    /// It will be deleted.
    PendingDeletion,
    /// It is not there: deleted, in another Region, or an alias of another account.
    NotFound,
    /// Another state: material not imported, key store not connected.
    Unusable,
}

impl KeyProblem {
    fn kind(self) -> &'static str {
        match self {
            Self::Disabled => "kms_key_disabled",
            Self::PendingDeletion => "kms_key_pending_deletion",
            Self::NotFound => "kms_key_not_found",
            Self::Unusable => "kms_key_unusable",
        }
    }
}

/// Why an object could not be found, opened or read to its end.
///
/// The texts name the place (`s3://bucket/key` or a path, control characters escaped), what is wrong and what to
/// change, by the table of refusals (`docs/access.md`); a denial also names principal, action and resource. They hold
/// no credential and no response body. A read error of a body is an [`std::io::Error`] around this type: see
/// [`FetchError::of`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// A path was given that does not exist.
    #[error("{path}: no such file or folder")]
    NoSuchPath {
        /// The path as it was given.
        path: String,
    },
    /// An input cannot be used as it was given.
    #[error("{input}: {reason}")]
    Input {
        /// The input as it was given.
        input: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder or prefix without a single object.
    #[error("nothing to load in {place}: {hint}")]
    Nothing {
        /// The folder, or `s3://bucket/prefix`.
        place: String,
        /// The likely mistake.
        hint: String,
    },
    /// A file that does not lie below the root folder of the options.
    #[error("{path} is not below the root folder {root}")]
    OutsideRoot {
        /// The file.
        path: String,
        /// The root folder.
        root: String,
    },
    /// The operating system refused something about a file or folder, or standard input.
    #[error("{path}: cannot {action}: {reason}")]
    File {
        /// The file or folder.
        path: String,
        /// `open`, `read` or `list`.
        action: &'static str,
        /// The kind of the system's error.
        kind: std::io::ErrorKind,
        /// The system's words.
        reason: String,
    },
    /// No region in the environment, the profile or the instance metadata.
    #[error("no AWS region is known: set AWS_REGION, or region in the profile of ~/.aws/config")]
    NoRegion,
    /// No place that may hold credentials has any, or its settings are wrong.
    #[error(
        "no AWS credentials found: set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run with a role ({reason})"
    )]
    NoCredentials {
        /// What the credential chain said.
        reason: String,
    },
    /// Credentials are configured but their source did not deliver them this time.
    #[error("AWS credentials could not be fetched: {reason}")]
    CredentialsUnavailable {
        /// What the credential chain said.
        reason: String,
    },
    /// The access key id is unknown to the service.
    #[error("{place}: {}", row("access_key_unknown").advice())]
    InvalidAccessKeyId {
        /// What was asked for.
        place: String,
    },
    /// The secret does not fit the access key id.
    #[error("{place}: SignatureDoesNotMatch: {}", row("signature_wrong").advice())]
    SignatureDoesNotMatch {
        /// What was asked for.
        place: String,
    },
    /// Temporary credentials ran out or their session token is wrong.
    #[error("{place}: {code}: {}", row("session_expired").advice())]
    ExpiredToken {
        /// What was asked for.
        place: String,
        /// The service's code.
        code: String,
    },
    /// The clock of this machine is wrong.
    #[error("{place}: {code}: {}", row("clock_wrong").advice())]
    ClockWrong {
        /// What was asked for.
        place: String,
        /// The service's code.
        code: String,
    },
    /// AWS has closed the bucket or the account.
    #[error("{place}: {code}: {}", row("account_disabled").advice())]
    AccountDisabled {
        /// What was asked for.
        place: String,
        /// The service's code.
        code: String,
    },
    /// The bucket does not exist.
    #[error("bucket {bucket} does not exist: check the name, the region and the partition")]
    NoSuchBucket {
        /// Its name.
        bucket: String,
    },
    /// The object does not exist (any more).
    #[error("{place}: no such object")]
    NoSuchKey {
        /// The object.
        place: String,
    },
    /// The object has no such version.
    #[error("{place}: no version {version_id} of the object")]
    NoSuchVersion {
        /// The object.
        place: String,
        /// The version asked for.
        version_id: String,
    },
    /// The object was deleted; a delete marker stands in its place.
    #[error("{place}: the object was deleted (a delete marker stands in its place)")]
    Deleted {
        /// The object.
        place: String,
    },
    /// The service denied an action.
    #[error("{0}")]
    AccessDenied(Box<Denial>),
    /// The object's KMS key cannot be used.
    #[error("{place}: {code}{}: {}", .key.as_deref().map(|key| format!(" ({key})")).unwrap_or_default(),
        row(.problem.kind()).advice())]
    KmsKey {
        /// The object.
        place: String,
        /// The service's code, such as `KMS.DisabledException`.
        code: String,
        /// What is wrong with the key.
        problem: KeyProblem,
        /// The key, or what the service says of it.
        key: Option<String>,
    },
    /// The object lies in an archive storage class.
    #[error("{place}: archived in {storage_class}: {}", row("object_archived").advice())]
    Archived {
        /// The object.
        place: String,
        /// `GLACIER`, `DEEP_ARCHIVE`, `INTELLIGENT_TIERING ARCHIVE_ACCESS`, or what the service named.
        storage_class: String,
    },
    /// The bucket lives in another region and following there did not help.
    #[error(
        "bucket {bucket} is in another Region ({region}): set it as region of the bucket in SIEM_LOADER_BUCKETS, or remove \
         the endpoint setting"
    )]
    WrongRegion {
        /// The bucket.
        bucket: String,
        /// The region the service named, or `not named`.
        region: String,
    },
    /// The service asks to slow down, after the client's own retries.
    #[error("{place}: the service asks to slow down ({code})")]
    Throttled {
        /// What was asked for.
        place: String,
        /// The service's code.
        code: String,
    },
    /// No answer: name not found, connection refused or reset, timeout.
    #[error("{place}: the S3 endpoint cannot be reached: {reason}")]
    Unreachable {
        /// What was asked for.
        place: String,
        /// The words of the connection.
        reason: String,
    },
    /// The object was written anew while it was read.
    #[error("{place}: the object was replaced while it was read")]
    Replaced {
        /// The object.
        place: String,
    },
    /// The body ended early, and resuming did not get the rest.
    #[error("{place}: the body was cut at byte {offset}: {reason}")]
    Cut {
        /// The object.
        place: String,
        /// Bytes received until then.
        offset: u64,
        /// What the connection said last.
        reason: String,
    },
    /// All bytes came, but they are not those that were stored.
    #[error("{place}: the body is not what was stored: {reason}")]
    Damaged {
        /// The object.
        place: String,
        /// Which check failed.
        reason: String,
    },
    /// Any other answer of the service.
    #[error("{place}: {operation} failed with status {status}: {code}")]
    Service {
        /// What was asked for.
        place: String,
        /// The S3 operation.
        operation: &'static str,
        /// HTTP status, 0 without an answer.
        status: u16,
        /// The service's code, or what the client made of the answer.
        code: String,
    },
    /// The program is shutting down.
    #[error("{place}: stopped, the program is shutting down")]
    Stopped {
        /// What was asked for.
        place: String,
    },
}

impl FetchError {
    /// What the error means for the object: try again, give up, or have somebody change something.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        use std::io::ErrorKind;
        match self {
            Self::File { kind: ErrorKind::NotFound | ErrorKind::IsADirectory, .. }
            | Self::NoSuchKey { .. }
            | Self::NoSuchVersion { .. }
            | Self::Deleted { .. } => ErrorClass::Permanent,
            Self::File { kind: ErrorKind::PermissionDenied, .. }
            | Self::NoSuchPath { .. }
            | Self::Input { .. }
            | Self::Nothing { .. }
            | Self::OutsideRoot { .. }
            | Self::NoRegion
            | Self::NoCredentials { .. }
            | Self::InvalidAccessKeyId { .. }
            | Self::SignatureDoesNotMatch { .. }
            | Self::ExpiredToken { .. }
            | Self::NoSuchBucket { .. }
            | Self::ClockWrong { .. }
            | Self::AccountDisabled { .. }
            | Self::AccessDenied(_)
            | Self::KmsKey { .. }
            | Self::Archived { .. }
            | Self::WrongRegion { .. } => ErrorClass::Configuration,
            Self::File { .. }
            | Self::CredentialsUnavailable { .. }
            | Self::Throttled { .. }
            | Self::Unreachable { .. }
            | Self::Replaced { .. }
            | Self::Cut { .. }
            | Self::Damaged { .. }
            | Self::Stopped { .. } => ErrorClass::Transient,
            Self::Service { status, .. } => match status {
                0 | 408 | 409 | 429 | 500.. => ErrorClass::Transient,
                _ => ErrorClass::Configuration,
            },
        }
    }

    /// A short stable name of what went wrong, for the ledger and for metrics. Those of S3, KMS and STS are the rows of
    /// `docs/access.md`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        use std::io::ErrorKind;
        match self {
            Self::NoSuchPath { .. } => "path_missing",
            Self::Input { .. } => "input_invalid",
            Self::Nothing { .. } => "nothing_to_load",
            Self::OutsideRoot { .. } => "outside_root",
            Self::File { kind: ErrorKind::NotFound, .. } => "file_gone",
            Self::File { kind: ErrorKind::PermissionDenied, .. } => "file_denied",
            Self::File { .. } => "file_unreadable",
            Self::NoRegion => "no_region",
            Self::NoCredentials { .. } => "no_credentials",
            Self::CredentialsUnavailable { .. } => "credentials_unavailable",
            Self::InvalidAccessKeyId { .. } => "access_key_unknown",
            Self::SignatureDoesNotMatch { .. } => "signature_wrong",
            Self::ExpiredToken { .. } => "session_expired",
            Self::ClockWrong { .. } => "clock_wrong",
            Self::AccountDisabled { .. } => "account_disabled",
            Self::NoSuchBucket { .. } => "bucket_gone",
            Self::NoSuchKey { .. } => "object_gone",
            Self::NoSuchVersion { .. } => "version_gone",
            Self::Deleted { .. } => "object_deleted",
            Self::AccessDenied(denial) => denial.cause.kind(),
            Self::KmsKey { problem, .. } => problem.kind(),
            Self::Archived { .. } => "object_archived",
            Self::WrongRegion { .. } => "wrong_region",
            Self::Throttled { .. } => "throttled",
            Self::Unreachable { .. } => "unreachable",
            Self::Replaced { .. } => "object_replaced",
            Self::Cut { .. } => "body_cut",
            Self::Damaged { .. } => "body_damaged",
            Self::Service { .. } => "service_error",
            Self::Stopped { .. } => "stopped",
        }
    }

    /// What the ledger says of the object.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        use std::io::ErrorKind;
        match self {
            Self::File { kind: ErrorKind::NotFound, .. }
            | Self::NoSuchKey { .. }
            | Self::NoSuchVersion { .. }
            | Self::Deleted { .. } => Outcome::Gone,
            Self::File { kind: ErrorKind::PermissionDenied, .. }
            | Self::InvalidAccessKeyId { .. }
            | Self::SignatureDoesNotMatch { .. }
            | Self::ExpiredToken { .. }
            | Self::ClockWrong { .. }
            | Self::AccountDisabled { .. }
            | Self::AccessDenied(_)
            | Self::KmsKey { .. } => Outcome::Denied,
            _ => Outcome::Failed,
        }
    }

    /// The fetch error inside a read error of a body, if that is what it is.
    #[must_use]
    pub fn of(error: &std::io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// As a read error. Never `UnexpectedEof`, which decoders take for a truncated object.
    pub(super) fn into_io(self) -> std::io::Error {
        std::io::Error::other(self)
    }

    pub(super) fn file(path: &std::path::Path, action: &'static str, error: &std::io::Error) -> Self {
        Self::File {
            path: super::printable(&path.to_string_lossy()),
            action,
            kind: error.kind(),
            reason: error.to_string(),
        }
    }
}
