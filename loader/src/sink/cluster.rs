//! The connection to one OpenSearch cluster.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use aws_config::Region;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use opensearch::OpenSearch;
use opensearch::auth::Credentials;
use opensearch::http::Method;
use opensearch::http::headers::{ACCEPT_ENCODING, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use opensearch::http::transport::{BuildError, SingleNodeConnectionPool, TransportBuilder};
use serde::Deserialize;
use url::Url;

use super::config::{Auth, ClusterConfig, SigV4Service, auth_of, without_credentials};
use super::outcome::classify_response;
use super::redact::clip;
use super::trace;
use crate::error::SinkError;

/// How long [`Cluster::info`] waits at most, so that a wrong address is reported soon.
const INFO_TIMEOUT: Duration = Duration::from_secs(10);

/// What answers at the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// `version.number`, for example `3.8.0`; none where the user may not see it (a role for bulk requests
    /// alone does not hold `cluster:monitor/main`) and for a serverless collection, which has none.
    pub number: Option<String>,
    /// `version.distribution`; `elasticsearch` where a root document does not say.
    pub distribution: String,
}

/// One cluster. Cheap to clone; all clones share the connections, which are kept alive (HTTP/1.1).
///
/// TLS trusts the system's authorities. When `SSL_CERT_FILE` (PEM, any number of certificates) or
/// `SSL_CERT_DIR` is set, those are trusted **instead**, read once in [`Cluster::connect`]: for a private
/// authority name a file that holds it, and the public ones too where other hosts are spoken to.
/// `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are respected.
#[derive(Debug, Clone)]
pub struct Cluster {
    inner: Arc<Inner>,
}

struct Inner {
    client: OpenSearch,
    url: Url,
    timeout: Duration,
    packs: bool,
    serverless: bool,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

/// Makes ring the cryptography of all TLS in this process. Calling it again, or after another provider was
/// installed, changes nothing.
pub fn install_crypto_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error means that another thread was faster.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

impl Cluster {
    /// Prepares the connection; nothing is sent. [`Cluster::info`] is the first contact.
    ///
    /// # Errors
    /// [`SinkError::Settings`]: not http or https, no host, no roots of trust.
    pub fn connect(config: ClusterConfig) -> Result<Self, SinkError> {
        let ClusterConfig { url, auth, timeout, gzip } = config;
        let clean = without_credentials(&url);
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            // Not repeated: without a scheme, what follows may be a user and a password.
            let problem = "the URL of OpenSearch is not http:// or https:// with a host".to_owned();
            return Err(SinkError::Settings(problem));
        }
        install_crypto_provider();
        let auth = match auth {
            Auth::None => auth_of(&url),
            other => other,
        };
        let mut headers = HeaderMap::new();
        headers
            .insert(USER_AGENT, HeaderValue::from_static(concat!("siem-loader/", env!("CARGO_PKG_VERSION"))));
        if !gzip {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(clean.clone()))
            .timeout(timeout)
            .headers(headers);
        let mut serverless = false;
        match auth {
            Auth::None => {}
            Auth::Basic { user, password } => builder = builder.auth(Credentials::Basic(user, password)),
            Auth::SigV4 { region, service, credentials } => {
                serverless = service == SigV4Service::Aoss;
                builder = builder
                    .service_name(service.as_str())
                    .auth(Credentials::AwsSigV4(credentials, Region::new(region)));
            }
        }
        let transport = builder.build().map_err(|error| {
            let problem = match &error {
                BuildError::Cert(http) => causes(http.source()).last().map(ToString::to_string),
                BuildError::Io(_) => None,
            };
            let problem = problem.unwrap_or_else(|| error.to_string());
            SinkError::Settings(format!(
                "{problem}; install the system's CA certificates or set SSL_CERT_FILE to a PEM file that can be read"
            ))
        })?;
        let client = OpenSearch::new(transport);
        Ok(Self { inner: Arc::new(Inner { client, url: clean, timeout, packs: gzip, serverless }) })
    }

    /// The URL without credentials, for messages.
    pub fn url(&self) -> &str {
        self.inner.url.as_str()
    }

    /// Whether bodies for this cluster are to be packed, by [`ClusterConfig::gzip`].
    pub fn packs(&self) -> bool {
        self.inner.packs
    }

    /// Whether it is a collection of OpenSearch Serverless, which has neither plugins nor versions.
    pub fn is_serverless(&self) -> bool {
        self.inner.serverless
    }

    /// How long first contacts wait.
    pub(super) fn first_timeout(&self) -> Duration {
        self.inner.timeout.min(INFO_TIMEOUT)
    }

    /// Asks who answers. Waits at most 10 seconds, or the configured timeout if that is shorter.
    ///
    /// # Errors
    /// Every variant of [`SinkError`] that says why the cluster cannot be used.
    pub async fn info(&self) -> Result<ServerInfo, SinkError> {
        #[derive(Deserialize)]
        struct Root {
            version: Version,
        }
        #[derive(Deserialize)]
        struct Version {
            number: String,
            distribution: Option<String>,
        }
        let timeout = Some(self.first_timeout());
        let Answered { status, body, .. } =
            self.send(Method::Get, "/", &[], HeaderMap::new(), None, timeout).await?;
        let unnamed = || ServerInfo { number: None, distribution: "opensearch".to_owned() };
        if status == 404 && self.inner.serverless {
            // A collection has no root document; a request without right would have been a 403.
            return Ok(unnamed());
        }
        if let (200, Ok(Root { version })) = (status, serde_json::from_slice::<Root>(&body)) {
            let distribution = version.distribution.as_deref().unwrap_or("elasticsearch");
            return Ok(ServerInfo {
                number: Some(clip(&version.number, 40)),
                distribution: clip(distribution, 40),
            });
        }
        match classify_response(self.url(), status, &body) {
            SinkError::Forbidden { reason, .. } if reason.contains("[cluster:monitor/main]") => Ok(unnamed()),
            error => Err(error),
        }
    }

    /// Sends one request with an optional JSON body and returns status and body, whatever the status.
    /// `path` starts with `/` and is below the URL's own path.
    ///
    /// # Errors
    /// Only when there was no answer.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        json: Option<&str>,
    ) -> Result<(u16, Bytes), SinkError> {
        let body = json.map(|json| Bytes::copy_from_slice(json.as_bytes()));
        let answered = self.send(method, path, query, HeaderMap::new(), body, None).await?;
        Ok((answered.status, answered.body))
    }

    /// [`Self::call`] with headers of its own and any body: OpenSearch Dashboards wants both.
    ///
    /// # Errors
    /// Only when there was no answer.
    pub(crate) async fn call_with(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<(u16, Bytes), SinkError> {
        let answered = self.send(method, path, query, headers, Some(body), None).await?;
        Ok((answered.status, answered.body))
    }

    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        headers: HeaderMap,
        body: Option<Bytes>,
        timeout: Option<Duration>,
    ) -> Result<Answered, SinkError> {
        let waited = timeout.unwrap_or(self.inner.timeout);
        let mut headers = headers;
        if let Some(trace) = trace::header() {
            headers.insert(trace::NAME, trace);
        }
        let answer = self.inner.client.send(method, path, headers, Some(query), body, timeout).await;
        let answer = answer.map_err(|error| self.explain(&error, waited))?;
        if answer.url().origin() != self.inner.url.origin() {
            let problem = format!("it redirects to {}", answer.url().origin().ascii_serialization());
            return Err(SinkError::NotOpenSearch { cluster: self.url().to_owned(), status: None, problem });
        }
        let status = answer.status_code().as_u16();
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|value| retry_after_of(value, Utc::now()));
        let body = answer.bytes().await.map_err(|error| self.explain(&error, waited))?;
        Ok(Answered { status, body, retry_after })
    }

    /// The error of a request that was not answered.
    fn explain(&self, error: &opensearch::Error, waited: Duration) -> SinkError {
        let cluster = self.url().to_owned();
        let Some(http) = error.source().and_then(|cause| cause.downcast_ref::<reqwest::Error>()) else {
            let problem = clip(&error.to_string(), 300);
            if problem.contains("Signing") {
                let advice = "check the AWS credentials of this process (profile, role, expiry)";
                return SinkError::Unauthorized { cluster, problem, advice };
            }
            return SinkError::Settings(problem);
        };
        let tls = self.inner.url.scheme() == "https";
        let mut kind = None;
        let mut deepest = String::new();
        for cause in causes(http.source()) {
            deepest = clip(&cause.to_string(), 200);
            // An io::Error holds the real one inside, where `source` does not lead; connectors nest them.
            let mut io = cause.downcast_ref::<io::Error>();
            let mut failure = cause.downcast_ref::<rustls::Error>();
            while let Some(error) = io {
                kind = kind.or(Some(error.kind()));
                let inner = error.get_ref();
                failure = failure.or_else(|| inner.and_then(|inner| inner.downcast_ref()));
                io = inner.and_then(|inner| inner.downcast_ref());
            }
            if let Some(failure) = failure
                && http.is_connect()
            {
                return handshake(cluster, failure);
            }
        }
        let timeout = format!("no answer within {} s", waited.as_secs_f32());
        if http.is_connect() {
            let (problem, advice) = match kind {
                Some(io::ErrorKind::ConnectionRefused) => (
                    "connection refused".to_owned(),
                    "check host and port of the URL and that OpenSearch runs there",
                ),
                _ if http.is_dns() => {
                    ("the host name is not known".to_owned(), "check the host name in the URL")
                }
                _ if http.is_timeout() => {
                    (timeout, "check the URL and what lies between: routes, security groups")
                }
                Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) if tls => {
                    let problem = "the other side closed the connection".to_owned();
                    let advice = "use http:// in the URL if it does not speak TLS";
                    return SinkError::Tls { cluster, problem, advice };
                }
                _ => (deepest, "check the URL"),
            };
            return SinkError::Unreachable { cluster, problem, advice };
        }
        if http.is_timeout() {
            let advice = "raise the timeout or look at the load of the cluster";
            return SinkError::Interrupted { cluster, problem: timeout, advice };
        }
        let advice =
            if tls { "try again" } else { "use https:// in the URL if it speaks TLS, else try again" };
        SinkError::Interrupted { cluster, problem: deepest, advice }
    }
}

/// What came back.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) body: Bytes,
    /// `Retry-After`, as time from now.
    pub(super) retry_after: Option<Duration>,
}

/// Reads the value of `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
#[must_use]
pub fn retry_after_of(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(value).ok()?;
    // A date that has passed: at once.
    Some((date.with_timezone(&Utc) - now).to_std().unwrap_or_default())
}

/// An error and everything below it.
fn causes<'a>(
    first: Option<&'a (dyn std::error::Error + 'static)>,
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(first, |&cause| cause.source())
}

fn handshake(cluster: String, failure: &rustls::Error) -> SinkError {
    use rustls::{CertificateError as Certificate, Error};
    let (problem, advice) = match failure {
        Error::InvalidMessage(_) => {
            ("the other side does not speak TLS", "use http:// in the URL if it is meant to be so")
        }
        Error::InvalidCertificate(Certificate::UnknownIssuer) => (
            "its certificate is signed by an unknown authority",
            "set SSL_CERT_FILE to a PEM file with the certificate of that authority",
        ),
        Error::InvalidCertificate(
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
        ) => ("its certificate is for another name", "use a name of the certificate in the URL"),
        Error::InvalidCertificate(Certificate::Expired | Certificate::ExpiredContext { .. }) => {
            ("its certificate has expired", "renew it, or check the clock of this machine")
        }
        other => {
            let problem = clip(&other.to_string(), 200);
            return SinkError::Tls { cluster, problem, advice: "check the TLS settings of the cluster" };
        }
    };
    SinkError::Tls { cluster, problem: problem.to_owned(), advice }
}
