//! What an answer of S3, or its absence, means.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::error::InvalidObjectState;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;

use super::denial::{Denial, DenialCause};
use super::failure::KeyProblem;
use super::{FetchError, ObjectRef, printable, s3_place};

/// Longest text of a service or connection that goes into a message, in characters.
const MAX_REASON: usize = 300;

/// What a request was about, for the words of its error.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// The S3 operation.
    pub(super) operation: &'static str,
    /// The IAM action it needs.
    pub(super) action: &'static str,
    pub(super) bucket: String,
    pub(super) version_id: Option<String>,
    /// `s3://bucket/key-or-prefix`, printable.
    pub(super) place: String,
    /// The ARN of the object or bucket, printable.
    pub(super) resource: String,
    /// The role that was assumed for it by the settings of the bucket.
    pub(super) principal: Option<String>,
}

impl Target {
    pub(super) fn get(object: &ObjectRef) -> Self {
        let versioned = object.version_id.is_some();
        let bucket = object.bucket.as_deref().unwrap_or_default();
        Self {
            operation: "GetObject",
            action: if versioned { "s3:GetObjectVersion" } else { "s3:GetObject" },
            bucket: bucket.to_owned(),
            version_id: object.version_id.clone(),
            place: object.to_string(),
            resource: arn(bucket, Some(&object.key)),
            principal: None,
        }
    }

    pub(super) fn list(bucket: &str, prefix: &str) -> Self {
        Self { resource: arn(bucket, None), ..Self::of("ListObjectsV2", "s3:ListBucket", bucket, prefix) }
    }

    pub(super) fn of(operation: &'static str, action: &'static str, bucket: &str, key: &str) -> Self {
        Self {
            operation,
            action,
            bucket: bucket.to_owned(),
            version_id: None,
            place: s3_place(bucket, key),
            resource: arn(bucket, Some(key)),
            principal: None,
        }
    }

    /// The role of the settings that could not be assumed.
    fn assume_role(&self) -> Self {
        Self {
            operation: "AssumeRole",
            action: "sts:AssumeRole",
            resource: self.principal.clone().unwrap_or_default(),
            principal: None,
            ..self.clone()
        }
    }
}

/// The ARN that policies name. The partition is left as `aws`: nothing of a bucket's name tells it.
fn arn(bucket: &str, key: Option<&str>) -> String {
    let is_arn = bucket.starts_with("arn:");
    let bucket = if is_arn { printable(bucket) } else { format!("arn:aws:s3:::{}", printable(bucket)) };
    match key {
        Some(key) if is_arn => bounded(&format!("{bucket}/object/{}", printable(key))),
        Some(key) => bounded(&format!("{bucket}/{}", printable(key))),
        None => bounded(&bucket),
    }
}

/// The one place where errors of the AWS client become ours.
pub(super) fn classify<E>(error: &SdkError<E, HttpResponse>, target: &Target) -> FetchError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(context) => {
            let answer = Answer {
                status: context.raw().status().as_u16(),
                code: context.err().meta().code().unwrap_or_default(),
                message: context.err().meta().message().unwrap_or_default(),
                is_delete_marker: context.raw().headers().get("x-amz-delete-marker") == Some("true"),
            };
            match find::<InvalidObjectState>(error) {
                Some(archived) => FetchError::Archived {
                    place: target.place.clone(),
                    storage_class: storage_class(archived),
                },
                None => from_answer(&answer, target),
            }
        }
        SdkError::ResponseError(context) => FetchError::Service {
            place: target.place.clone(),
            operation: target.operation,
            status: context.raw().status().as_u16(),
            code: reason(error),
        },
        _ => from_no_answer(error, target),
    }
}

/// `GLACIER`, `DEEP_ARCHIVE`, `INTELLIGENT_TIERING ARCHIVE_ACCESS`.
fn storage_class(archived: &InvalidObjectState) -> String {
    let class = archived.storage_class().map(|class| class.as_str());
    let tier = archived.access_tier().map(|tier| tier.as_str());
    match (class, tier) {
        (None, None) => "an archive storage class".to_owned(),
        _ => bounded(&[class, tier].into_iter().flatten().collect::<Vec<_>>().join(" ")),
    }
}

struct Answer<'a> {
    status: u16,
    code: &'a str,
    message: &'a str,
    is_delete_marker: bool,
}

fn from_answer(answer: &Answer<'_>, target: &Target) -> FetchError {
    let place = target.place.clone();
    let code = || bounded(answer.code);
    match answer.code {
        "NoSuchBucket" => FetchError::NoSuchBucket { bucket: printable(&target.bucket) },
        "NoSuchKey" | "MethodNotAllowed" if answer.is_delete_marker => FetchError::Deleted { place },
        "NoSuchKey" => FetchError::NoSuchKey { place },
        "NoSuchVersion" => FetchError::NoSuchVersion {
            place,
            version_id: printable(target.version_id.as_deref().unwrap_or_default()),
        },
        "AccessDenied" | "KMS.AccessDeniedException" => access_denied(answer, target),
        "AllAccessDisabled" | "AccountProblem" => FetchError::AccountDisabled { place, code: code() },
        "InvalidAccessKeyId" | "InvalidClientTokenId" => FetchError::InvalidAccessKeyId { place },
        "SignatureDoesNotMatch" => FetchError::SignatureDoesNotMatch { place },
        "ExpiredToken" | "ExpiredTokenException" | "InvalidToken" | "TokenRefreshRequired" => {
            FetchError::ExpiredToken { place, code: code() }
        }
        "RequestTimeTooSkewed" | "RequestExpired" => FetchError::ClockWrong { place, code: code() },
        "InvalidObjectState" => {
            FetchError::Archived { place, storage_class: "an archive storage class".into() }
        }
        "PreconditionFailed" => FetchError::Replaced { place },
        "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => {
            FetchError::WrongRegion { bucket: printable(&target.bucket), region: "not named".into() }
        }
        "SlowDown" | "RequestLimitExceeded" | "TooManyRequests" => {
            FetchError::Throttled { place, code: code() }
        }
        slow if slow.contains("Throttl") => FetchError::Throttled { place, code: code() },
        kms if kms.starts_with("KMS.") && answer.status < 500 => FetchError::KmsKey {
            place,
            code: code(),
            problem: key_problem(answer),
            key: key_of_message(answer.message),
        },
        _ if answer.status == 412 => FetchError::Replaced { place },
        _ if answer.status == 403 => access_denied(answer, target),
        _ if answer.status == 429 => FetchError::Throttled { place, code: "429".into() },
        "" => FetchError::Service {
            place,
            operation: target.operation,
            status: answer.status,
            code: "no code".into(),
        },
        _ => FetchError::Service { place, operation: target.operation, status: answer.status, code: code() },
    }
}

fn access_denied(answer: &Answer<'_>, target: &Target) -> FetchError {
    let mut denial = Denial::read(answer.message, target);
    if target.action.starts_with("sts:") {
        denial.cause = DenialCause::RoleTrust;
    } else if answer.code.starts_with("KMS.") && denial.cause == DenialCause::Unexplained {
        denial.cause = DenialCause::Key;
        denial.action = "kms:Decrypt".to_owned();
        denial.resource = None;
    }
    FetchError::AccessDenied(Box::new(denial))
}

/// By the states of keys: <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
fn key_problem(answer: &Answer<'_>) -> KeyProblem {
    match answer.code {
        "KMS.DisabledException" => KeyProblem::Disabled,
        "KMS.NotFoundException" => KeyProblem::NotFound,
        // Also `pending replica deletion`, of a primary key of several Regions.
        _ if answer.message.contains("pending") && answer.message.contains("deletion") => {
            KeyProblem::PendingDeletion
        }
        _ => KeyProblem::Unusable,
    }
}

/// The ARN of a key in a message such as `arn:aws:kms:…:key/… is pending deletion.`; else all of it.
fn key_of_message(message: &str) -> Option<String> {
    let named = message
        .split(|c: char| c.is_whitespace() || c == '\'' || c == '"')
        .find(|word| word.starts_with("arn:") && word.contains(":kms:"));
    Some(bounded(named.unwrap_or(message).trim_end_matches('.'))).filter(|text| !text.is_empty())
}

fn from_no_answer<E>(error: &SdkError<E, HttpResponse>, target: &Target) -> FetchError
where
    E: Error + 'static,
{
    if let Some(SdkError::ServiceError(refused)) = find::<SdkError<AssumeRoleError, HttpResponse>>(error) {
        let answer = Answer {
            status: refused.raw().status().as_u16(),
            code: refused.err().meta().code().unwrap_or_default(),
            message: refused.err().meta().message().unwrap_or_default(),
            is_delete_marker: false,
        };
        return from_answer(&answer, &target.assume_role());
    }
    if let Some(credentials) = find::<CredentialsError>(error) {
        return match credentials {
            CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_) => {
                FetchError::NoCredentials { reason: reason(credentials) }
            }
            _ => FetchError::CredentialsUnavailable { reason: reason(credentials) },
        };
    }
    let place = target.place.clone();
    match error {
        SdkError::ConstructionFailure(_) => FetchError::Input { input: place, reason: reason(error) },
        _ => FetchError::Unreachable { place, reason: reason(error) },
    }
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The error and what caused it, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error: &'a (dyn Error + 'static) = *error;
        error.source()
    })
}

/// The words of an error and its causes, each once, without line breaks.
pub(super) fn reason(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        if !words.iter().any(|earlier| earlier.contains(&text)) {
            words.push(text);
        }
    }
    bounded(&words.join(": "))
}

pub(super) fn bounded(text: &str) -> String {
    let clean = printable(text);
    match clean.char_indices().nth(MAX_REASON) {
        Some((end, _)) => format!("{}…", clean.get(..end).unwrap_or_default()),
        None => clean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_text_cannot_write_to_the_terminal_or_flood_the_log() {
        let clean = bounded(&format!("\u{1b}[2J{}", "x".repeat(10_000)));
        assert!(clean.starts_with("\\u{1b}[2Jxxx"));
        assert!(clean.chars().count() <= MAX_REASON + 1);
    }
}
