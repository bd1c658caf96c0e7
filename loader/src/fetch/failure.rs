//! Everything that can go wrong between the name of an object and its bytes.

use crate::error::ErrorClass;

/// Why an object could not be found, opened or read to its end.
///
/// The texts name the place (`s3://bucket/key` or a path, control characters escaped), what is wrong and what to
/// change; they hold no principal, no credential and no response body. A read error of a body is an
/// [`std::io::Error`] around this type: see [`FetchError::of`].
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
    #[error("{place}: the access key id is not known to the service: check the credentials and the endpoint")]
    InvalidAccessKeyId {
        /// What was asked for.
        place: String,
    },
    /// The secret does not fit the access key id.
    #[error("{place}: the secret access key does not fit the access key id (SignatureDoesNotMatch)")]
    SignatureDoesNotMatch {
        /// What was asked for.
        place: String,
    },
    /// Temporary credentials ran out or their session token is wrong.
    #[error("{place}: the session credentials are expired or not valid ({code}): get new ones")]
    ExpiredToken {
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
    #[error("{place}: access denied for {action}{}", .detail.as_deref().map(|d| format!(": {d}")).unwrap_or_default())]
    AccessDenied {
        /// What was asked for.
        place: String,
        /// The IAM action that was denied, such as `s3:GetObject`.
        action: String,
        /// The resource and the reason, where the service said them.
        detail: Option<String>,
    },
    /// The object's KMS key cannot be used: disabled, pending deletion, gone or in another state.
    #[error(
        "{place}: the KMS key of the object cannot be used ({code}): enable the key or cancel its deletion"
    )]
    KmsKey {
        /// The object.
        place: String,
        /// The service's code, such as `KMS.DisabledException`.
        code: String,
    },
    /// The object lies in an archive storage class.
    #[error(
        "{place}: the object is archived in {storage_class}: restore it first (aws s3api restore-object)"
    )]
    Archived {
        /// The object.
        place: String,
        /// `GLACIER`, `DEEP_ARCHIVE`, or what the service named.
        storage_class: String,
    },
    /// The bucket lives in another region and following there did not help.
    #[error(
        "bucket {bucket} is in another region ({region}): set AWS_REGION, or remove the endpoint setting"
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
            | Self::AccessDenied { .. }
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
