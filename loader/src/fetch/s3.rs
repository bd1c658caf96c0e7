//! Requests to S3 in the region and with the role of the bucket, and listing.

use std::collections::HashMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::RequestPayer;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;

use super::buckets::{BucketAccess, is_region};
use super::s3_clients::{Clients, S3Settings, lock};
use super::s3_error::{Target, classify};
use super::{Emit, FetchError, Inner, ObjectRef, printable, s3_place};

/// The S3 side of a source.
pub(super) struct S3 {
    settings: S3Settings,
    clients: OnceCell<Clients>,
    /// Where buckets live that are not where the settings say.
    bucket_regions: Mutex<HashMap<String, String>>,
}

/// The rest of an object whose body was cut.
pub(super) struct Resume<'a> {
    pub(super) offset: u64,
    /// As the first answer had it, with quotes.
    pub(super) etag: Option<&'a str>,
    /// The version of the first answer.
    pub(super) version_id: Option<&'a str>,
}

impl S3 {
    pub(super) fn new(settings: S3Settings) -> Self {
        Self { settings, clients: OnceCell::new(), bucket_regions: Mutex::default() }
    }

    pub(super) async fn get(
        &self,
        object: &ObjectRef,
        resume: Option<Resume<'_>>,
    ) -> Result<GetObjectOutput, FetchError> {
        let mut target = Target::get(object);
        let bucket = object.bucket.as_deref().unwrap_or_default();
        let access = self.access(bucket, &mut target);
        let (version, etag, range) = match &resume {
            Some(rest) => (rest.version_id, rest.etag, Some(format!("bytes={}-", rest.offset))),
            None => (object.version_id.as_deref(), None, None),
        };
        let answer = self.in_region_of(&target, |client| {
            client
                .get_object()
                .bucket(bucket)
                .key(&object.key)
                .set_version_id(version.map(str::to_owned))
                .set_if_match(etag.map(str::to_owned))
                .set_range(range.clone())
                .set_request_payer(payer(access))
                .set_expected_bucket_owner(owner(access))
                .send()
        });
        match answer.await {
            Err(FetchError::AccessDenied(denial)) if denial.is_bare() => {
                Err(FetchError::AccessDenied(Box::new(self.look_into(object, *denial).await)))
            }
            answer => answer,
        }
    }

    pub(super) async fn page(
        &self,
        bucket: &str,
        prefix: &str,
        token: Option<String>,
    ) -> Result<ListObjectsV2Output, FetchError> {
        let mut target = Target::list(bucket, prefix);
        let access = self.access(bucket, &mut target);
        self.in_region_of(&target, |client| {
            client
                .list_objects_v2()
                .bucket(bucket)
                .set_prefix(Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty()))
                .set_max_keys(self.settings.page_size)
                .set_continuation_token(token.clone())
                .set_request_payer(payer(access))
                .set_expected_bucket_owner(owner(access))
                .send()
        })
        .await
    }

    /// The settings of the bucket; their role is who asks.
    pub(super) fn access(&self, bucket: &str, target: &mut Target) -> Option<&BucketAccess> {
        let access = self.settings.buckets.of(bucket);
        target.principal = access.and_then(|access| access.role_arn.clone());
        access
    }

    /// Calls in the region of the bucket: where it is known to be, else by the settings, and once more where the
    /// answer says that it lives.
    pub(super) async fn in_region_of<T, E, F>(
        &self,
        target: &Target,
        call: impl Fn(Client) -> F,
    ) -> Result<T, FetchError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let clients = self.clients.get_or_try_init(|| Clients::new(&self.settings)).await?;
        let access = self.settings.buckets.of(&target.bucket);
        let client = |region: &str| clients.get(region, &target.bucket, access);
        let known = lock(&self.bucket_regions).get(&target.bucket).cloned();
        let region = known.or_else(|| access?.region.clone()).unwrap_or_else(|| clients.region.clone());
        let error = match call(client(&region)).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let Some(elsewhere) = other_region(&error, &region) else { return Err(classify(&error, target)) };
        tracing::debug!(bucket = %printable(&target.bucket), region = elsewhere, "bucket is in another region");
        match call(client(&elsewhere)).await {
            Ok(answer) => {
                lock(&self.bucket_regions).insert(target.bucket.clone(), elsewhere);
                Ok(answer)
            }
            Err(error) => Err(match classify(&error, target) {
                FetchError::WrongRegion { bucket, .. } => {
                    FetchError::WrongRegion { bucket, region: elsewhere }
                }
                other => {
                    // The region was right, the request was not.
                    lock(&self.bucket_regions).insert(target.bucket.clone(), elsewhere);
                    other
                }
            }),
        }
    }
}

pub(super) fn payer(access: Option<&BucketAccess>) -> Option<RequestPayer> {
    access.filter(|access| access.requester_pays).map(|_| RequestPayer::Requester)
}

pub(super) fn owner(access: Option<&BucketAccess>) -> Option<String> {
    access?.expected_owner.clone()
}

/// The region the answer names, if it is another one and the error is about that.
fn other_region<E>(error: &SdkError<E, HttpResponse>, tried: &str) -> Option<String> {
    let response = error.raw_response()?;
    if !matches!(response.status().as_u16(), 301 | 307 | 400) {
        return None;
    }
    let region = response.headers().get("x-amz-bucket-region")?;
    (is_region(region) && region != tried).then(|| region.to_owned())
}

/// Runs a future on the runtime and waits for it in this thread.
fn wait<T: Send + 'static>(
    runtime: &Handle,
    future: impl Future<Output = Result<T, FetchError>> + Send + 'static,
    place: &str,
) -> Result<T, FetchError> {
    let (sender, receiver) = crossbeam_channel::bounded(1);
    runtime.spawn(async move {
        // One message into a channel for one: never blocks.
        let _ = sender.send(future.await);
    });
    receiver.recv().unwrap_or_else(|_| Err(FetchError::Stopped { place: place.to_owned() }))
}

/// All objects under a prefix, page by page. A prefix that is the key of an object means that object only.
pub(super) fn list(inner: &Arc<Inner>, bucket: &str, prefix: &str, emit: &mut Emit<'_>) -> ControlFlow<()> {
    let place = s3_place(bucket, prefix);
    let (mut found, mut folder_markers) = (0_u64, 0_u64);
    let mut token: Option<String> = None;
    loop {
        let (source, bucket_name, key_prefix) = (Arc::clone(inner), bucket.to_owned(), prefix.to_owned());
        let next = token.clone();
        let page = async move { source.s3.page(&bucket_name, &key_prefix, next).await };
        let page = match wait(&inner.runtime, page, &place) {
            Ok(page) => page,
            Err(error) => return emit(Err(error)),
        };
        for listed in page.contents() {
            let Some(object) = object(bucket, listed) else { continue };
            if object.key.ends_with('/') && object.size == Some(0) {
                folder_markers += 1;
                continue;
            }
            let is_the_prefix = object.key == prefix && !prefix.ends_with('/');
            found += 1;
            emit(Ok(object))?;
            if is_the_prefix {
                return ControlFlow::Continue(());
            }
        }
        if page.is_truncated() != Some(true) {
            break;
        }
        let next = page.next_continuation_token().map(str::to_owned);
        if next.is_none() || next == token {
            return emit(Err(FetchError::Service {
                place,
                operation: "ListObjectsV2",
                status: 0,
                code: "the page says there is more, but not how to go on".into(),
            }));
        }
        token = next;
    }
    if folder_markers > 0 {
        tracing::debug!(place, folder_markers, "skipped folder markers");
    }
    if found == 0 {
        return emit(Err(FetchError::Nothing { place, hint: hint(prefix).into() }));
    }
    ControlFlow::Continue(())
}

fn object(bucket: &str, listed: &aws_sdk_s3::types::Object) -> Option<ObjectRef> {
    Some(ObjectRef {
        etag: listed.e_tag().map(unquoted),
        size: listed.size().and_then(|size| u64::try_from(size).ok()),
        modified: listed.last_modified().and_then(system_time),
        ..ObjectRef::s3(bucket, listed.key()?)
    })
}

pub(super) fn unquoted(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

pub(super) fn system_time(time: &DateTime) -> Option<SystemTime> {
    SystemTime::try_from(*time).ok()
}

/// The likely mistake in a prefix under which there is nothing.
fn hint(prefix: &str) -> &'static str {
    let parts: Vec<&str> = prefix.split('/').collect();
    let account_first = parts.windows(2).any(|pair| {
        matches!(pair, ["AWSLogs", account] if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()))
    });
    if prefix.is_empty() {
        "the bucket is empty"
    } else if prefix.starts_with('/') {
        "keys do not start with a slash; leave it out"
    } else if prefix.contains('%') {
        "give the key as it is, not URL-encoded (= and not %3D)"
    } else if account_first {
        "logs of an organisation have its id before the account: AWSLogs/o-…/ACCOUNT/…"
    } else if prefix.contains("AWSLogs/o-") {
        "check the organisation id, the account and the service part; Control Tower puts o-…/ before AWSLogs too"
    } else if prefix.starts_with("AWSLogs") {
        "check the part after AWSLogs/ (the organisation id or the account), and whether a prefix stands before it"
    } else {
        "check the prefix; capital letters count, and it may lack the part before AWSLogs/"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_prefix_names_the_likely_mistake() {
        for (prefix, words) in [
            ("", "empty"),
            ("/AWSLogs/", "slash"),
            ("aws-account-id%3D1/", "URL-encoded"),
            ("AWSLogs/111122223333/CloudTrail/", "organisation have its id"),
            ("AWSLogs/o-exampleorg1/111122223333/", "Control Tower"),
            ("AWSLogs/", "after AWSLogs/"),
            ("logs/", "capital letters"),
        ] {
            assert!(hint(prefix).contains(words), "{prefix}: {}", hint(prefix));
        }
    }
}
