//! The S3 clients, one a region, and listing.
//!
//! Settings and credentials are the SDK's own: variables (`AWS_REGION`, `AWS_PROFILE`, `AWS_ACCESS_KEY_ID`,
//! `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3` …), profiles with roles and web identity, ECS, EKS and EC2 roles. Built
//! without SSO (`aws sso login`), `credential_process` and `aws login`: such a profile fails with words that say so,
//! `aws configure export-credentials` helps. `HTTPS_PROXY` and `AWS_CA_BUNDLE` are not read (`SSL_CERT_FILE` is).

use std::collections::HashMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::SharedHttpClient;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::DateTime;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use tokio::runtime::Handle;
use tokio::sync::OnceCell;

use super::s3_error::{Target, classify};
use super::{Emit, FetchError, Inner, ObjectRef, printable, s3_place};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Until the head of an answer is there; a body that stands still is the SDK's stalled stream protection's.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// What S3 signs with where nobody named a region and the endpoint is not AWS's.
const DEFAULT_REGION: &str = "us-east-1";

/// Settings of the S3 side. The default takes everything from the environment.
#[derive(Debug, Clone, Default)]
pub struct S3Settings {
    /// Region, endpoint, credentials. Absent: the SDK's default chain, read at the first use.
    pub sdk: Option<SdkConfig>,
    /// Bucket name in the path (`true`) or in the host name. Absent: `AWS_S3_FORCE_PATH_STYLE`, else in the path
    /// where the endpoint's host cannot carry it (an IP address, `localhost`, a name without a dot).
    pub force_path_style: Option<bool>,
    /// Keys a page of a listing, 1 to 1,000. Absent: the service's default (1,000).
    pub page_size: Option<i32>,
}

/// The clients, made when they are first needed.
pub(super) struct S3 {
    settings: S3Settings,
    base: OnceCell<Base>,
    clients: Mutex<HashMap<String, Client>>,
    /// Where buckets live that are not in the region of the settings.
    bucket_regions: Mutex<HashMap<String, String>>,
}

struct Base {
    sdk: SdkConfig,
    region: String,
    path_style: bool,
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
        Self {
            settings,
            base: OnceCell::new(),
            clients: Mutex::new(HashMap::new()),
            bucket_regions: Mutex::new(HashMap::new()),
        }
    }

    pub(super) async fn get(
        &self,
        object: &ObjectRef,
        resume: Option<Resume<'_>>,
    ) -> Result<GetObjectOutput, FetchError> {
        let target = Target::get(object);
        let bucket = object.bucket.as_deref().unwrap_or_default();
        let (version, etag, range) = match &resume {
            Some(rest) => (rest.version_id, rest.etag, Some(format!("bytes={}-", rest.offset))),
            None => (object.version_id.as_deref(), None, None),
        };
        self.in_region_of(&target, |client| {
            client
                .get_object()
                .bucket(bucket)
                .key(&object.key)
                .set_version_id(version.map(str::to_owned))
                .set_if_match(etag.map(str::to_owned))
                .set_range(range.clone())
                .send()
        })
        .await
    }

    async fn page(
        &self,
        bucket: &str,
        prefix: &str,
        token: Option<String>,
    ) -> Result<ListObjectsV2Output, FetchError> {
        self.in_region_of(&Target::list(bucket, prefix), |client| {
            client
                .list_objects_v2()
                .bucket(bucket)
                .set_prefix(Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty()))
                .set_max_keys(self.settings.page_size)
                .set_continuation_token(token.clone())
                .send()
        })
        .await
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
        let base = self.base.get_or_try_init(|| base(&self.settings)).await?;
        let known = lock(&self.bucket_regions).get(&target.bucket).cloned();
        let region = known.unwrap_or_else(|| base.region.clone());
        let error = match call(self.client(base, &region)).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let Some(elsewhere) = other_region(&error, &region) else { return Err(classify(&error, target)) };
        tracing::debug!(bucket = %printable(&target.bucket), region = elsewhere, "bucket is in another region");
        match call(self.client(base, &elsewhere)).await {
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

    fn client(&self, base: &Base, region: &str) -> Client {
        let mut clients = lock(&self.clients);
        let client = clients.entry(region.to_owned()).or_insert_with(|| {
            let config = aws_sdk_s3::config::Builder::from(&base.sdk)
                .region(Region::new(region.to_owned()))
                .force_path_style(base.path_style);
            Client::from_conf(config.build())
        });
        client.clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn base(settings: &S3Settings) -> Result<Base, FetchError> {
    let (sdk, endpoint, path_style_variable) = match &settings.sdk {
        Some(sdk) => (with_http_client(sdk), sdk.endpoint_url().map(str::to_owned), None),
        None => {
            let sdk = aws_config().await;
            let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
            let endpoint = variable("AWS_ENDPOINT_URL_S3").or_else(|| sdk.endpoint_url().map(str::to_owned));
            let path_style = variable("AWS_S3_FORCE_PATH_STYLE")
                .map(|value| value.eq_ignore_ascii_case("true") || value == "1");
            (sdk, endpoint, path_style)
        }
    };
    let region = match (sdk.region(), &endpoint) {
        (Some(region), _) => region.to_string(),
        (None, Some(_)) => {
            tracing::debug!(region = DEFAULT_REGION, "no region set, taking the default for the endpoint");
            DEFAULT_REGION.to_owned()
        }
        (None, None) => return Err(FetchError::NoRegion),
    };
    let path_style = settings
        .force_path_style
        .or(path_style_variable)
        .unwrap_or_else(|| endpoint.as_deref().is_some_and(needs_path_style));
    Ok(Base { sdk, region, path_style })
}

/// The AWS configuration of this process: the standard variables, the profile, the container or the instance.
pub async fn aws_config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(ANSWER_TIMEOUT);
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client())
        .timeout_config(timeouts.build())
        .load()
        .await
}

fn with_http_client(sdk: &SdkConfig) -> SdkConfig {
    match sdk.http_client() {
        Some(_) => sdk.clone(),
        None => sdk.to_builder().http_client(http_client()).build(),
    }
}

fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

/// `bucket.HOST` resolves nowhere if the host is an address or a plain name.
fn needs_path_style(endpoint: &str) -> bool {
    match url::Url::parse(endpoint).ok().as_ref().and_then(url::Url::host) {
        Some(url::Host::Domain(name)) => !name.contains('.') || name.ends_with(".localhost"),
        Some(_) => true,
        None => false,
    }
}

/// The region the answer names, if it is another one and the error is about that.
fn other_region<E>(error: &SdkError<E, HttpResponse>, tried: &str) -> Option<String> {
    let response = error.raw_response()?;
    if !matches!(response.status().as_u16(), 301 | 307 | 400) {
        return None;
    }
    let region = response.headers().get("x-amz-bucket-region")?;
    let is_region = !region.is_empty()
        && region.len() <= 40
        && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (is_region && region != tried).then(|| region.to_owned())
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
    fn the_bucket_goes_into_the_path_where_the_host_cannot_carry_it() {
        for (endpoint, path_style) in [
            ("http://127.0.0.1:8333", true),
            ("http://[::1]:8333", true),
            ("http://localhost:9000", true),
            ("http://minio:9000", true),
            ("https://s3.eu-west-1.amazonaws.com", false),
            ("https://s3.example.org", false),
        ] {
            assert_eq!(needs_path_style(endpoint), path_style, "{endpoint}");
        }
    }

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
