//! The cluster by flags and environment.

use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use tokio::runtime::Handle;
use url::Url;

use crate::sink::{Auth, Cluster, ClusterConfig, Encoding, SendSettings, SigV4Service, most_requests};

/// Where the cluster is and who we are to it.
#[derive(Debug, Args)]
pub(crate) struct ClusterArgs {
    /// OpenSearch, for example https://my-domain:9200 [env: OPENSEARCH_URL]
    #[arg(long, value_name = "URL", env = "SIEM_LOADER_OPENSEARCH_URL", hide_env_values = true)]
    opensearch_url: Option<String>,
    /// How to prove who we are; auto: user and password where given, SigV4 for hosts of Amazon OpenSearch, else none
    #[arg(long, value_enum, default_value_t = AuthKind::Auto, env = "SIEM_LOADER_OPENSEARCH_AUTH")]
    auth: AuthKind,
    /// User of the security plugin; the password comes from SIEM_LOADER_OPENSEARCH_PASSWORD
    #[arg(long, value_name = "NAME", env = "SIEM_LOADER_OPENSEARCH_USER")]
    opensearch_user: Option<String>,
    /// Longest time of one request. Seconds
    #[arg(long, value_name = "S", default_value_t = 120, env = "SIEM_LOADER_REQUEST_TIMEOUT")]
    request_timeout: u64,
}

/// How documents are sent.
#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// Bulk requests under way at most; fewer while the cluster is slow or refuses. Each takes some 4 MB of memory, packed
    /// 1 MB [default: 3, packed 16]
    #[arg(long, value_name = "N", env = "SIEM_LOADER_MAX_REQUESTS", value_parser = clap::value_parser!(u16).range(1..=256))]
    max_requests: Option<u16>,
    /// How long to go on without any success when the cluster is away, overloaded or its disks are full. Seconds
    #[arg(long, value_name = "S", default_value_t = 600, env = "SIEM_LOADER_RETRY_DEADLINE")]
    retry_deadline: u64,
}

impl SendArgs {
    /// Whether somebody said how many requests there may be at a time.
    pub(crate) fn are_bounded(&self) -> bool {
        self.max_requests.is_some()
    }

    pub(crate) fn settings(&self, encoding: Encoding) -> SendSettings {
        let requests = self.max_requests.map_or_else(|| most_requests(encoding), usize::from);
        let mut settings = SendSettings::new(requests);
        settings.retry.deadline = Duration::from_secs(self.retry_deadline);
        settings
    }
}

/// Whether bodies are packed, and with what.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct PackArgs {
    /// Pack bulk bodies, with zstd or gzip [default: yes, unless the cluster is on this machine]
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    gzip: Option<bool>,
    /// Where bodies are packed: with zstd, half the bytes for less of a processor, or with gzip [default: zstd where the
    /// cluster, asked at the start, reads it]
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true, value_name = "BOOL", env = "SIEM_LOADER_ZSTD")]
    zstd: Option<bool>,
}

impl PackArgs {
    /// Where there is no cluster to be asked, or not yet.
    pub(crate) fn unasked(&self, packs: bool) -> Encoding {
        match (packs, self.zstd) {
            (false, _) => Encoding::Identity,
            (true, Some(true)) => Encoding::Zstd,
            (true, _) => Encoding::Gzip,
        }
    }

    /// How documents are packed that are dropped.
    pub(super) fn discarded(&self) -> Encoding {
        self.unasked(self.gzip == Some(true))
    }

    /// How bodies for a cluster are packed; asks it where nothing is said.
    pub(crate) async fn encoding(&self, cluster: &Cluster) -> Encoding {
        let said = self.unasked(cluster.packs());
        let encoding = match self.zstd {
            None if said == Encoding::Gzip && cluster.takes(Encoding::Zstd).await => Encoding::Zstd,
            _ => said,
        };
        tracing::info!(packing = encoding.name(), "bodies");
        encoding
    }

    /// Makes the client of a cluster for bodies so packed: where nothing is said, unless the cluster is on this machine.
    pub(crate) fn connect(&self, to: &ClusterArgs, runtime: &Handle) -> anyhow::Result<Cluster> {
        let cluster = to.connect(self.gzip.unwrap_or(false), runtime)?;
        if self.gzip.is_none() && !is_local(&cluster) { to.connect(true, runtime) } else { Ok(cluster) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AuthKind {
    Auto,
    None,
    Basic,
    Sigv4,
}

/// Where the password is.
const PASSWORD: &str = "SIEM_LOADER_OPENSEARCH_PASSWORD";

impl ClusterArgs {
    /// Makes the client; nothing is sent yet. `packs`: bodies will be packed.
    pub(super) fn connect(&self, packs: bool, runtime: &Handle) -> anyhow::Result<Cluster> {
        let Some(url) = self.opensearch_url.clone().or_else(|| std::env::var("OPENSEARCH_URL").ok()) else {
            bail!("no OpenSearch to send to: give --opensearch-url URL or set OPENSEARCH_URL");
        };
        let url = if url.contains("://") { url } else { format!("https://{url}") };
        // The text may hold a password, so it is not repeated.
        self.connect_to(Url::parse(&url).context("the URL of OpenSearch cannot be read")?, packs, runtime)
    }

    /// [`Self::connect`] to another server with the same credentials.
    pub(super) fn connect_to(&self, url: Url, gzip: bool, runtime: &Handle) -> anyhow::Result<Cluster> {
        let auth = self.auth(&url, runtime)?;
        let timeout = Duration::from_secs(self.request_timeout.max(1));
        Ok(Cluster::connect(ClusterConfig { url, auth, timeout, gzip })?)
    }

    /// Whether a host is one of Amazon OpenSearch.
    pub(super) fn is_managed(url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let managed = [".es.amazonaws.com", ".es.amazonaws.com.cn", ".aoss.amazonaws.com"];
        managed.iter().any(|end| host.ends_with(end))
    }

    fn auth(&self, url: &Url, runtime: &Handle) -> anyhow::Result<Auth> {
        let host = url.host_str().unwrap_or_default();
        let is_managed = Self::is_managed(url);
        let kind = match self.auth {
            AuthKind::Auto if self.opensearch_user.is_some() => AuthKind::Basic,
            AuthKind::Auto if is_managed && url.username().is_empty() => AuthKind::Sigv4,
            AuthKind::Auto => AuthKind::None,
            given => given,
        };
        match kind {
            AuthKind::Auto | AuthKind::None => Ok(Auth::None),
            AuthKind::Basic => {
                let user = self.opensearch_user.clone().context("--auth basic needs --opensearch-user")?;
                let password = std::env::var(PASSWORD).with_context(|| format!("{PASSWORD} is not set"))?;
                Ok(Auth::Basic { user, password })
            }
            AuthKind::Sigv4 => {
                let service = if host.contains(".aoss.") { SigV4Service::Aoss } else { SigV4Service::Es };
                // The region of a managed domain stands in its name.
                let region = is_managed.then(|| host.rsplit('.').nth(3)).flatten().map(str::to_owned);
                let aws = runtime.block_on(crate::fetch::aws_config());
                Ok(Auth::sigv4(service, region, &aws)?)
            }
        }
    }
}

/// Whether packing bodies costs more than it saves: the cluster is on this machine.
fn is_local(cluster: &Cluster) -> bool {
    Url::parse(cluster.url()).ok().is_some_and(|url| match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    })
}
