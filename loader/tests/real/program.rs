//! Running the program as a user does.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// What a run of the program came to.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The last line on standard output, which `--output json` makes an object.
    pub(crate) fn summary(&self) -> Value {
        let last = self.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|_| panic!("no JSON: {}\n{}", self.stdout, self.stderr))
    }

    /// Named figures of the summary.
    pub(crate) fn figures<const N: usize>(&self, names: [&str; N]) -> [u64; N] {
        let summary = self.summary();
        names.map(|name| summary[name].as_u64().unwrap_or_else(|| panic!("no {name} in {summary}")))
    }

    /// Fails with everything the program said, where the status is another.
    pub(crate) fn expect_status(self, status: i32) -> Self {
        assert_eq!(self.status, status, "standard error:\n{}", self.stderr);
        self
    }
}

/// The program with nothing of this environment that leads to a cluster or to AWS.
pub(crate) fn siem_loader<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Command {
    built_at(Path::new(env!("CARGO_BIN_EXE_siem-loader")), arguments)
}

/// [`siem_loader`] of any build.
pub(crate) fn built_at<S: AsRef<std::ffi::OsStr>>(program: &Path, arguments: &[S]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in ["OPENSEARCH_URL", "SIEM_LOADER_OPENSEARCH_URL", "AWS_PROFILE", "AWS_ENDPOINT_URL"] {
        command.env_remove(name);
    }
    command.env("SIEM_LOADER_DEAD_LETTERS", dead_letters());
    command
}

/// Runs it to its end.
pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Run {
    finish(siem_loader(arguments), &[])
}

/// Runs it to its end with something on standard input.
pub(crate) fn finish(mut command: Command, input: &[u8]) -> Run {
    if !input.is_empty() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().unwrap();
    if let Some(mut stdin) = child.stdin.take() {
        // A program that stops early closes its input: that is its right.
        let _ = stdin.write_all(input);
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Where the dead letters of all tests go that do not say where.
fn dead_letters() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("dead-letters-{}", std::process::id()))
}

/// An empty folder of a test's own.
pub(crate) fn scratch() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("run-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// A month that no other test uses: its index is the test's own, and sane (2006 and later).
pub(crate) fn own_month() -> (String, String) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let (year, month) = (2006 + number / 12 % 18, number % 12 + 1);
    (format!("{year}"), format!("{month:02}"))
}

/// CloudTrail events of a month with ids of their own.
pub(crate) fn events(year: &str, month: &str, count: usize) -> Vec<Value> {
    let run = crate::support::unique();
    let event = |number: usize| {
        json!({
            "eventVersion": "1.11",
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "userName": "alice"},
            "eventTime": format!("{year}-{month}-01T00:00:{:02}Z", number % 60),
            "eventSource": "s3.amazonaws.com",
            "eventName": "GetObject",
            "awsRegion": "eu-central-1",
            "sourceIPAddress": "192.0.2.7",
            "userAgent": "aws-cli/2.15.0",
            "requestParameters": {"bucketName": "example-bucket", "key": format!("object-{number}")},
            "eventID": format!("{run}-{number}"),
            "eventType": "AwsApiCall",
            "recipientAccountId": "111122223333",
        })
    };
    (0..count).map(event).collect()
}

/// An object of CloudTrail, packed.
pub(crate) fn packed(records: &[Value]) -> Vec<u8> {
    gzip(json!({ "Records": records }).to_string().as_bytes())
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The real key of an object.
pub(crate) fn key(year: &str, month: &str, unique: &str) -> String {
    format!(
        "AWSLogs/o-exampleorg1/111122223333/CloudTrail/eu-central-1/{year}/{month}/01/\
         111122223333_CloudTrail_eu-central-1_{year}{month}01T0005Z_{unique}.json.gz"
    )
}

/// Writes a file under a key.
pub(crate) fn put(root: &Path, key: &str, bytes: &[u8]) -> PathBuf {
    let path = root.join(key);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path
}
