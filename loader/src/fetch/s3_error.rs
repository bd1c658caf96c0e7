//! What an answer of S3, or its absence, means.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

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
}

impl Target {
    pub(super) fn get(object: &ObjectRef) -> Self {
        let versioned = object.version_id.is_some();
        Self {
            operation: "GetObject",
            action: if versioned { "s3:GetObjectVersion" } else { "s3:GetObject" },
            bucket: object.bucket.clone().unwrap_or_default(),
            version_id: object.version_id.clone(),
            place: object.to_string(),
        }
    }

    pub(super) fn list(bucket: &str, prefix: &str) -> Self {
        Self::of("ListObjectsV2", "s3:ListBucket", bucket, prefix)
    }

    pub(super) fn of(operation: &'static str, action: &'static str, bucket: &str, key: &str) -> Self {
        let place = s3_place(bucket, key);
        Self { operation, action, bucket: bucket.to_owned(), version_id: None, place }
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
            from_answer(&answer, target)
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
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" | "KMS.AccessDeniedException" => {
            access_denied(answer, target)
        }
        "InvalidAccessKeyId" => FetchError::InvalidAccessKeyId { place },
        "SignatureDoesNotMatch" => FetchError::SignatureDoesNotMatch { place },
        "ExpiredToken" | "ExpiredTokenException" | "InvalidToken" | "TokenRefreshRequired" => {
            FetchError::ExpiredToken { place, code: code() }
        }
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
        kms if kms.starts_with("KMS.") && answer.status < 500 => FetchError::KmsKey { place, code: code() },
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

/// S3 says in its message what was denied on what and why, after the principal:
/// `User: ARN is not authorized to perform: ACTION on resource: "ARN" because REASON`.
fn access_denied(answer: &Answer<'_>, target: &Target) -> FetchError {
    let place = target.place.clone();
    let Some((_, request)) = answer.message.split_once("is not authorized to perform: ") else {
        let about_key = answer.code.starts_with("KMS.") || answer.message.contains("customer master key");
        let action = if about_key { "kms:Decrypt" } else { target.action };
        return FetchError::AccessDenied { place, action: action.into(), detail: None };
    };
    let (action, rest) = request.split_once(" on resource: ").unwrap_or((request, ""));
    let (resource, because) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
        None => rest.split_once(' ').unwrap_or((rest, "")),
    };
    let detail = [resource.trim(), because.trim()].join(" ");
    let action = action.split_whitespace().next().unwrap_or(target.action);
    let detail = Some(bounded(detail.trim())).filter(|detail| !detail.is_empty());
    FetchError::AccessDenied { place, action: bounded(action), detail }
}

fn from_no_answer<E>(error: &SdkError<E, HttpResponse>, target: &Target) -> FetchError
where
    E: Error + 'static,
{
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

fn bounded(text: &str) -> String {
    let clean = printable(text);
    match clean.char_indices().nth(MAX_REASON) {
        Some((end, _)) => format!("{}…", clean.get(..end).unwrap_or_default()),
        None => clean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorClass;

    fn answer<'a>(status: u16, code: &'a str, message: &'a str) -> Answer<'a> {
        Answer { status, code, message, is_delete_marker: false }
    }

    fn target() -> Target {
        Target::get(&ObjectRef::s3("logs", "a.gz"))
    }

    #[test]
    fn each_answer_of_the_service_has_its_words_and_class() {
        use ErrorClass::{Configuration, Permanent, Transient};
        let cases = [
            (404, "NoSuchBucket", Configuration, "bucket logs does not exist"),
            (404, "NoSuchKey", Permanent, "s3://logs/a.gz: no such object"),
            (404, "NoSuchVersion", Permanent, "no version"),
            (403, "AccessDenied", Configuration, "access denied for s3:GetObject"),
            (403, "", Configuration, "access denied for s3:GetObject"),
            (403, "InvalidAccessKeyId", Configuration, "access key id is not known"),
            (403, "SignatureDoesNotMatch", Configuration, "secret access key does not fit"),
            (400, "ExpiredToken", Configuration, "get new ones"),
            (403, "InvalidObjectState", Configuration, "restore it first"),
            (412, "PreconditionFailed", Transient, "replaced while it was read"),
            (301, "PermanentRedirect", Configuration, "another region"),
            (503, "SlowDown", Transient, "asks to slow down"),
            (400, "KMS.DisabledException", Configuration, "(KMS.DisabledException)"),
            (400, "KMS.ThrottlingException", Transient, "asks to slow down"),
            (500, "InternalError", Transient, "GetObject failed with status 500: InternalError"),
            (400, "RequestTimeTooSkewed", Configuration, "status 400: RequestTimeTooSkewed"),
        ];
        for (status, code, class, words) in cases {
            let error = from_answer(&answer(status, code, "Some <words>\nof the service"), &target());
            assert_eq!(error.class(), class, "{code}");
            assert!(error.to_string().contains(words), "{code}: {error}");
            assert!(!error.to_string().contains("of the service"), "{code}: {error}");
        }
    }

    #[test]
    fn a_denial_names_action_resource_and_reason_but_not_the_principal() {
        let message = "User: arn:aws:sts::111122223333:assumed-role/loader/session is not authorized to perform: \
            s3:GetObject on resource: \"arn:aws:s3:::logs/a.gz\" because no resource-based policy allows the \
            s3:GetObject action";
        let error = from_answer(&answer(403, "AccessDenied", message), &target());
        assert_eq!(
            error.to_string(),
            "s3://logs/a.gz: access denied for s3:GetObject: arn:aws:s3:::logs/a.gz because no resource-based \
             policy allows the s3:GetObject action"
        );
    }

    #[test]
    fn a_denied_key_is_a_denial_of_kms_decrypt() {
        let cases = [
            (
                "AccessDenied",
                "User: arn:aws:iam::1:user/x is not authorized to perform: kms:Decrypt on resource: \
                 arn:aws:kms:eu-west-1:1:key/k because no identity-based policy allows the kms:Decrypt action",
                "kms:Decrypt: arn:aws:kms:eu-west-1:1:key/k because no identity-based policy",
            ),
            (
                "AccessDenied",
                "The ciphertext refers to a customer master key that does not exist, does not exist in this \
                 region, or you are not allowed to access.",
                "access denied for kms:Decrypt",
            ),
        ];
        for (code, message, words) in cases {
            let error = from_answer(&answer(403, code, message), &target());
            assert!(error.to_string().contains(words), "{error}");
            assert!(!error.to_string().contains("user/x"), "{error}");
        }
    }

    #[test]
    fn a_delete_marker_is_told_from_an_object_that_never_was() {
        let marked = Answer { is_delete_marker: true, ..answer(404, "NoSuchKey", "") };
        assert!(matches!(from_answer(&marked, &target()), FetchError::Deleted { .. }));
    }

    #[test]
    fn a_hostile_text_cannot_write_to_the_terminal_or_flood_the_log() {
        let clean = bounded(&format!("\u{1b}[2J{}", "x".repeat(10_000)));
        assert!(clean.starts_with("\\u{1b}[2Jxxx"));
        assert!(clean.chars().count() <= MAX_REASON + 1);
    }
}
