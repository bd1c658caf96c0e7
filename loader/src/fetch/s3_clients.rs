//! The S3 clients: one a region and role, made when they are first needed.
//!
//! Settings and credentials are the SDK's own: variables (`AWS_REGION`, `AWS_PROFILE`, `AWS_ACCESS_KEY_ID`,
//! `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3` …), profiles with roles and web identity, ECS, EKS and EC2 roles. Built
//! without SSO (`aws sso login`), `credential_process` and `aws login`: such a profile fails with words that say so,
//! `aws configure export-credentials` helps. `HTTPS_PROXY` and `AWS_CA_BUNDLE` are not read (`SSL_CERT_FILE` is).
//!
//! Roles of buckets are assumed with these credentials, and again before theirs expire.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::SharedHttpClient;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::FetchError;
use super::buckets::{BucketAccess, BucketRules};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Until the head of an answer is there; a body that stands still is the SDK's stalled stream protection's.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// What S3 signs with where nobody named a region and the endpoint is not AWS's.
const DEFAULT_REGION: &str = "us-east-1";
/// The name of the sessions of assumed roles: it stands in CloudTrail of the bucket's account, and in denials.
const SESSION_NAME: &str = "siem-loader";

/// Settings of the S3 side. The default takes everything from the environment, but for the settings of buckets.
#[derive(Debug, Clone, Default)]
pub struct S3Settings {
    /// Region, endpoint, credentials. Absent: the SDK's default chain, read at the first use.
    pub sdk: Option<SdkConfig>,
    /// Bucket name in the path (`true`) or in the host name. Absent: `AWS_S3_FORCE_PATH_STYLE`, else in the path
    /// where the endpoint's host cannot carry it (an IP address, `localhost`, a name without a dot).
    pub force_path_style: Option<bool>,
    /// Keys a page of a listing, 1 to 1,000. Absent: the service's default (1,000).
    pub page_size: Option<i32>,
    /// Roles, regions and what else is special about buckets.
    pub buckets: BucketRules,
}

/// A role and the external id to assume it with.
type Role = (String, Option<String>);

fn role_of(access: &BucketAccess) -> Option<Role> {
    Some((access.role_arn.clone()?, access.external_id.clone()))
}

/// A client's region, role, and whether it carries the bucket in the host name because that is an ARN.
type ClientKey = (String, Option<Role>, bool);

/// What all clients have in common, and the clients there are.
pub(super) struct Clients {
    sdk: SdkConfig,
    pub(super) region: String,
    path_style: bool,
    roles: HashMap<Role, SharedCredentialsProvider>,
    made: Mutex<HashMap<ClientKey, Client>>,
}

impl Clients {
    pub(super) async fn new(settings: &S3Settings) -> Result<Self, FetchError> {
        let (sdk, endpoint, path_style_variable) = match &settings.sdk {
            Some(sdk) => (with_http_client(sdk), sdk.endpoint_url().map(str::to_owned), None),
            None => {
                let sdk = aws_config().await;
                let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
                let endpoint =
                    variable("AWS_ENDPOINT_URL_S3").or_else(|| sdk.endpoint_url().map(str::to_owned));
                let path_style = variable("AWS_S3_FORCE_PATH_STYLE")
                    .map(|value| value.eq_ignore_ascii_case("true") || value == "1");
                (sdk, endpoint, path_style)
            }
        };
        let region = match (sdk.region(), &endpoint) {
            (Some(region), _) => region.to_string(),
            (None, Some(_)) => {
                tracing::debug!(
                    region = DEFAULT_REGION,
                    "no region set, taking the default for the endpoint"
                );
                DEFAULT_REGION.to_owned()
            }
            (None, None) => return Err(FetchError::NoRegion),
        };
        let path_style = settings
            .force_path_style
            .or(path_style_variable)
            .unwrap_or_else(|| endpoint.as_deref().is_some_and(needs_path_style));
        let roles = roles(&sdk, &region, &settings.buckets).await;
        Ok(Self { sdk, region, path_style, roles, made: Mutex::default() })
    }

    /// The client for a bucket with these settings, in a region.
    pub(super) fn get(&self, region: &str, bucket: &str, access: Option<&BucketAccess>) -> Client {
        let role = access.and_then(role_of);
        // The SDK refuses ARNs in a path.
        let is_arn = bucket.starts_with("arn:");
        let mut made = lock(&self.made);
        let client = made.entry((region.to_owned(), role, is_arn)).or_insert_with_key(|(_, role, _)| {
            let mut config = aws_sdk_s3::config::Builder::from(&self.sdk)
                .region(Region::new(region.to_owned()))
                .force_path_style(self.path_style && !is_arn);
            if let Some(credentials) = role.as_ref().and_then(|role| self.roles.get(role)) {
                config = config.credentials_provider(credentials.clone());
            }
            Client::from_conf(config.build())
        });
        client.clone()
    }
}

/// A provider for each role. It asks STS each time; the clients keep what it gives until shortly before it expires.
async fn roles(
    sdk: &SdkConfig,
    region: &str,
    buckets: &BucketRules,
) -> HashMap<Role, SharedCredentialsProvider> {
    let mut roles = HashMap::new();
    // The provider cannot do without a clock.
    let mut base = sdk.to_builder();
    base.set_region(Some(Region::new(region.to_owned())));
    if sdk.time_source().is_none() {
        base = base.time_source(SystemTimeSource::new());
    }
    let base = base.build();
    for role in buckets.all().filter_map(role_of) {
        if roles.contains_key(&role) {
            continue;
        }
        let mut builder = AssumeRoleProvider::builder(&role.0).session_name(SESSION_NAME).configure(&base);
        if let Some(id) = &role.1 {
            builder = builder.external_id(id);
        }
        roles.insert(role, SharedCredentialsProvider::new(builder.build().await));
    }
    roles
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
}
