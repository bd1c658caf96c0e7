//! A real S3 server for the tests, and what stands between it and the loader when a test wants trouble.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use siem_loader::fetch::{FetchOptions, S3Settings, Source};
use tokio::runtime::Runtime;

use crate::s3_received::Received;

/// Where the S3 server of this test run listens, and an identity that may do everything there.
#[derive(Debug, Clone)]
pub(crate) struct TestS3 {
    pub(crate) endpoint: String,
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
}

static SERVER: LazyLock<TestS3> = LazyLock::new(|| {
    let variable = |name: &str| std::env::var(format!("SIEM_LOADER_TEST_S3_{name}")).ok();
    match variable("ENDPOINT") {
        Some(endpoint) => TestS3 {
            endpoint,
            access_key: variable("ACCESS_KEY").expect("SIEM_LOADER_TEST_S3_ACCESS_KEY is set"),
            secret_key: variable("SECRET_KEY").expect("SIEM_LOADER_TEST_S3_SECRET_KEY is set"),
        },
        None => start_server(),
    }
});

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

/// The server ends with this process.
fn start_server() -> TestS3 {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../dev/s3");
    let output = Command::new(script)
        .arg("up")
        .arg(format!("{}/s3-{}", env!("CARGO_TARGET_TMPDIR"), std::process::id()))
        .env("S3_OWNER", std::process::id().to_string())
        .output()
        .unwrap_or_else(|error| panic!("{script}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{script} up: {text}{}", String::from_utf8_lossy(&output.stderr));
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("{script} up printed no {name}: {text}")).to_owned()
    };
    TestS3 {
        endpoint: value("AWS_ENDPOINT_URL"),
        access_key: value("AWS_ACCESS_KEY_ID"),
        secret_key: value("AWS_SECRET_ACCESS_KEY"),
    }
}

/// The server of this test run, started at the first call.
pub(crate) fn server() -> &'static TestS3 {
    &SERVER
}

/// The runtime behind all sources and set-up calls of the tests.
pub(crate) fn runtime() -> &'static Runtime {
    &RUNTIME
}

impl TestS3 {
    /// Settings that name this server and nothing of the environment.
    pub(crate) fn settings(&self) -> S3Settings {
        let credentials = Credentials::new(
            self.access_key.clone(),
            self.secret_key.clone(),
            None,
            None,
            "siem-loader tests",
        );
        S3Settings {
            sdk: Some(sdk_config(&self.endpoint, SharedCredentialsProvider::new(credentials))),
            ..S3Settings::default()
        }
    }

    /// The same for a program.
    pub(crate) fn environment(&self, command: &mut std::process::Command) {
        command.env("AWS_ENDPOINT_URL", &self.endpoint).env("AWS_REGION", "us-east-1");
        command.env("AWS_ACCESS_KEY_ID", &self.access_key).env("AWS_SECRET_ACCESS_KEY", &self.secret_key);
    }

    pub(crate) fn at(&self, endpoint: SocketAddr) -> Self {
        Self { endpoint: format!("http://{endpoint}"), ..self.clone() }
    }

    pub(crate) fn source(&self) -> Source {
        Source::with_s3(FetchOptions::default(), runtime().handle().clone(), self.settings())
    }

    /// A source, and the count of what it takes from its HTTP client.
    pub(crate) fn counting_source(&self) -> (Source, Received) {
        let (mut settings, received) = (self.settings(), Received::default());
        let client = received.through(http_client());
        settings.sdk = settings.sdk.map(|sdk| sdk.into_builder().http_client(client).build());
        (Source::with_s3(FetchOptions::default(), runtime().handle().clone(), settings), received)
    }
}

pub(crate) fn sdk_config(endpoint: &str, credentials: SharedCredentialsProvider) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(credentials)
        .http_client(http_client())
        .build()
}

fn http_client() -> aws_sdk_s3::config::SharedHttpClient {
    use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

/// A client of the tests' own, to put objects with.
pub(crate) fn client() -> Client {
    let sdk = server().settings().sdk.unwrap();
    Client::from_conf(aws_sdk_s3::config::Builder::from(&sdk).force_path_style(true).build())
}

/// Makes a bucket that no other test has.
pub(crate) fn new_bucket() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let bucket = format!("fetch-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    runtime().block_on(client().create_bucket().bucket(&bucket).send()).unwrap();
    bucket
}

/// Puts an object; returns its version, where the bucket has versions.
pub(crate) fn put(bucket: &str, key: &str, body: impl Into<Vec<u8>>) -> Option<String> {
    let body = ByteStream::from(body.into());
    let put = client().put_object().bucket(bucket).key(key).body(body).send();
    runtime().block_on(put).unwrap().version_id().map(str::to_owned)
}

/// Bytes that repeat nowhere soon, so that a body put together wrongly does not compare equal.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).flatten().take(length).collect()
}

/// A proxy that hangs up after `after` bytes of answers, for the first `times` connections that get so far.
pub(crate) struct CutProxy {
    pub(crate) address: SocketAddr,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    cuts: AtomicU32,
    open: AtomicU32,
}

impl CutProxy {
    pub(crate) fn start(after: u64, times: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::new(Counts::default());
        let upstream = server().endpoint.strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
        let seen = Arc::clone(&counts);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(&upstream).unwrap();
                let (request_from, request_to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || copy(request_from, request_to, u64::MAX));
                let seen = Arc::clone(&seen);
                seen.open.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    let allowed = if seen.cuts.load(Ordering::SeqCst) < times { after } else { u64::MAX };
                    if copy(server, client, allowed) {
                        seen.cuts.fetch_add(1, Ordering::SeqCst);
                    }
                    seen.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, counts }
    }

    /// Connections it hung up on so far.
    pub(crate) fn cuts(&self) -> u32 {
        self.counts.cuts.load(Ordering::SeqCst)
    }

    /// Connections that are open now.
    pub(crate) fn open_connections(&self) -> u32 {
        self.counts.open.load(Ordering::SeqCst)
    }
}

/// Copies until one side ends (false) or the allowance is used up (true); then hangs up both.
fn copy(mut from: TcpStream, mut to: TcpStream, allowed: u64) -> bool {
    let mut buffer = vec![0; 64 << 10];
    let mut left = allowed;
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        match from.read(&mut buffer[..most]) {
            Ok(count) if count > 0 && to.write_all(&buffer[..count]).is_ok() => {
                left -= count as u64;
            }
            _ => break,
        }
    }
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
    left == 0
}

/// A server that answers each request by a function, for the answers no real server here gives.
pub(crate) struct FakeS3 {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl FakeS3 {
    /// `answer` gets the request, head and body, and returns the whole answer; the connection closes after it.
    pub(crate) fn start(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for mut client in listener.incoming().map_while(Result::ok) {
                let request = read_request(&mut client);
                if request.is_empty() {
                    continue;
                }
                // Noted before it is answered: whoever has the answer finds its request here.
                let bytes = answer(&request);
                seen.lock().unwrap().push(request);
                let _ = client.write_all(bytes.as_bytes());
            }
        });
        Self { address, requests }
    }

    /// A source that knows no other server.
    pub(crate) fn source(&self) -> Source {
        self.source_with(S3Settings::default())
    }

    /// A source that knows no other server, with some settings of its own.
    pub(crate) fn source_with(&self, settings: S3Settings) -> Source {
        let credentials =
            Credentials::new("AKIAIOSFODNN7EXAMPLE", "not-a-secret", None, None, "siem-loader tests");
        let endpoint = format!("http://{}", self.address);
        let sdk = sdk_config(&endpoint, SharedCredentialsProvider::new(credentials));
        let settings = S3Settings { sdk: Some(sdk), ..settings };
        Source::with_s3(FetchOptions::default(), runtime().handle().clone(), settings)
    }

    /// The requests so far: heads, and bodies behind them.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn read_request(client: &mut TcpStream) -> String {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|count| count == 1) {
        request.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&request).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    if client.read_exact(&mut body).is_ok() {
        request.extend(body);
    }
    String::from_utf8_lossy(&request).into_owned()
}

/// An HTTP answer with a length; `headers` are whole lines without their line ends.
pub(crate) fn answer(status: &str, headers: &[&str], body: &str) -> String {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// S3's error document.
pub(crate) fn error_answer(status: &str, headers: &[&str], code: &str, message: &str) -> String {
    let body =
        format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
    answer(status, headers, &body)
}
