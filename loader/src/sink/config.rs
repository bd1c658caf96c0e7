//! Where the cluster is and who we are to it.

use std::fmt;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use url::Url;

use crate::error::SinkError;

/// Where the cluster is and how to speak to it. `Debug` shows no secret.
#[derive(Clone)]
pub struct ClusterConfig {
    /// `http://` or `https://`, with an optional path prefix. User and password in it are used as
    /// [`Auth::Basic`] where `auth` is [`Auth::None`], and are removed from every message.
    pub url: Url,
    /// Who we are.
    pub auth: Auth,
    /// Longest time of one request, from connecting to the last byte of the answer.
    pub timeout: Duration,
    /// Bodies for this cluster are to be packed, with gzip or zstd, and answers may be. Pays over a network; on
    /// one machine it only costs CPU.
    pub gzip: bool,
}

/// Who we are to the cluster. `Debug` shows no secret.
#[derive(Clone)]
pub enum Auth {
    /// Nobody: a cluster without the security plugin.
    None,
    /// A user of the security plugin.
    Basic {
        /// Name of the user.
        user: String,
        /// The password.
        password: String,
    },
    /// Requests signed for Amazon OpenSearch. Credentials are asked for at every request, so that assumed
    /// roles refresh themselves; the provider caches them.
    SigV4 {
        /// Region of the domain or collection, for example `eu-central-1`.
        region: String,
        /// Domain or Serverless.
        service: SigV4Service,
        /// Where credentials come from.
        credentials: SharedCredentialsProvider,
    },
}

/// The name of the service in a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigV4Service {
    /// Amazon OpenSearch Service domain.
    Es,
    /// Amazon OpenSearch Serverless collection.
    Aoss,
}

impl SigV4Service {
    /// `es` or `aoss`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::Aoss => "aoss",
        }
    }
}

impl Auth {
    /// Signing with the credentials and, where `region` is none, the region of an AWS configuration.
    ///
    /// # Errors
    /// [`SinkError::Settings`] when there is no credentials provider or no region.
    pub fn sigv4(service: SigV4Service, region: Option<String>, aws: &SdkConfig) -> Result<Self, SinkError> {
        let credentials = aws.credentials_provider().ok_or_else(|| {
            SinkError::Settings("there are no AWS credentials to sign requests with".to_owned())
        })?;
        let region = region.or_else(|| aws.region().map(ToString::to_string)).ok_or_else(|| {
            SinkError::Settings("there is no AWS region to sign requests for; set AWS_REGION".to_owned())
        })?;
        Ok(Self::SigV4 { region, service, credentials })
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Basic { user, .. } => f.debug_struct("Basic").field("user", user).finish_non_exhaustive(),
            Self::SigV4 { region, service, .. } => f
                .debug_struct("SigV4")
                .field("region", region)
                .field("service", service)
                .finish_non_exhaustive(),
        }
    }
}

impl fmt::Debug for ClusterConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterConfig")
            .field("url", &without_credentials(&self.url).as_str())
            .field("auth", &self.auth)
            .field("timeout", &self.timeout)
            .field("gzip", &self.gzip)
            .finish()
    }
}

/// The URL as it may be shown and requested: no credentials, query or fragment.
pub(super) fn without_credentials(url: &Url) -> Url {
    let mut url = url.clone();
    // Neither fails for a URL with a host, and one without has no credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url
}

/// User and password of a URL, percent-decoded.
pub(super) fn auth_of(url: &Url) -> Auth {
    let decode = |encoded: &str| {
        let pair = encoded.replace('+', "%2B").replace('&', "%26");
        let pair = format!("={pair}");
        url::form_urlencoded::parse(pair.as_bytes())
            .next()
            .map_or_else(String::new, |(_, text)| text.into_owned())
    };
    match (url.username(), url.password()) {
        ("", None) => Auth::None,
        (user, password) => Auth::Basic { user: decode(user), password: decode(password.unwrap_or("")) },
    }
}
