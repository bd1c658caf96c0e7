//! MiniStack, and a function with its queue in it: S3 notifications, SQS, the event source mapping and the processes of
//! the function are MiniStack's, the program and OpenSearch are the real ones.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::LazyLock;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine;
use serde_json::{Value, json};

use super::package;
use crate::s3_support::{runtime, sdk_config};
use crate::support::{opensearch_url, unique};

const KEY: &str = "testtesttest";

/// Where MiniStack listens: `SIEM_LOADER_TEST_MINISTACK_ENDPOINT`, or one that is started on first use and ends with
/// this process.
fn endpoint() -> &'static str {
    static ENDPOINT: LazyLock<String> = LazyLock::new(|| {
        if let Ok(endpoint) = std::env::var("SIEM_LOADER_TEST_MINISTACK_ENDPOINT") {
            return endpoint;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../dev/ministack");
        let output = Command::new(script)
            .args(["up", concat!(env!("CARGO_TARGET_TMPDIR"), "/ministack")])
            .env("MINISTACK_OWNER", std::process::id().to_string())
            .output()
            .expect("dev/ministack runs");
        let (text, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "dev/ministack up failed: {said}");
        let line = text.lines().find_map(|line| line.strip_prefix("AWS_ENDPOINT_URL="));
        line.unwrap_or_else(|| panic!("no endpoint in {text}")).to_owned()
    });
    &ENDPOINT
}

/// One request; which service is meant, MiniStack reads from the signature's scope, which it does not check.
pub(super) fn call(service: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Value {
    let host = endpoint().strip_prefix("http://").unwrap();
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\nauthorization: \
         AWS4-HMAC-SHA256 Credential={KEY}/20260301/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0\r\n",
        body.len()
    );
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{path}: {answer}"));
    assert!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
    if body.trim().is_empty() { Value::Null } else { serde_json::from_str(body).unwrap_or(Value::Null) }
}

fn sqs(action: &str, body: &Value) -> Value {
    let target = format!("AmazonSQS.{action}");
    let headers = [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.0")];
    call("sqs", "POST", "/", &headers, &body.to_string())
}

/// How a function and its queue are set up.
pub(crate) struct Setup {
    pub(crate) timeout: u32,
    pub(crate) visibility: u32,
    pub(crate) receives: u32,
    pub(crate) concurrency: u32,
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// A function, its queues and its bucket.
pub(crate) struct Stack {
    name: String,
    pub(crate) bucket: String,
    queue: String,
    pub(crate) queue_arn: String,
    pub(crate) function_arn: String,
    dead: String,
}

fn queue(name: &str, attributes: &Value) -> (String, String) {
    let url = sqs("CreateQueue", &json!({"QueueName": name, "Attributes": attributes}))["QueueUrl"].clone();
    let asked = json!({"QueueUrl": url, "AttributeNames": ["QueueArn"]});
    let arn = sqs("GetQueueAttributes", &asked)["Attributes"]["QueueArn"].as_str().unwrap().to_owned();
    (url.as_str().unwrap().to_owned(), arn)
}

pub(super) fn s3() -> Client {
    let credentials = Credentials::new(KEY, KEY, None, None, "siem-loader tests");
    let sdk = sdk_config(endpoint(), SharedCredentialsProvider::new(credentials));
    Client::from_conf(aws_sdk_s3::config::Builder::from(&sdk).force_path_style(true).build())
}

impl Stack {
    pub(crate) fn new(setup: Setup) -> Self {
        let name = format!("siem-{}", unique());
        let (dead, dead_arn) = queue(&format!("{name}-dead"), &json!({}));
        let redrive = json!({"deadLetterTargetArn": dead_arn, "maxReceiveCount": setup.receives}).to_string();
        let attributes = json!({"VisibilityTimeout": setup.visibility.to_string(), "RedrivePolicy": redrive});
        let (queue, queue_arn) = queue(&name, &attributes);
        let mut variables: serde_json::Map<String, Value> =
            setup.environment.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        variables.entry("OPENSEARCH_URL").or_insert_with(|| opensearch_url().into());
        let function = json!({
            "FunctionName": name, "Runtime": "provided.al2023", "Handler": "bootstrap", "Architectures": ["x86_64"],
            "Role": "arn:aws:iam::000000000000:role/siem-loader", "Timeout": setup.timeout, "MemorySize": 1769,
            "Code": {"ZipFile": base64::engine::general_purpose::STANDARD.encode(package::zip())},
            "Environment": {"Variables": variables},
        });
        let made = call("lambda", "POST", "/2015-03-31/functions", &[], &function.to_string());
        let function_arn = made["FunctionArn"].as_str().unwrap().to_owned();
        let mapping = json!({
            "EventSourceArn": queue_arn, "FunctionName": name, "BatchSize": 10,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": {"MaximumConcurrency": setup.concurrency},
        });
        call("lambda", "POST", "/2015-03-31/event-source-mappings/", &[], &mapping.to_string());
        let stack = Self { bucket: name.clone(), name, queue, queue_arn, function_arn, dead };
        stack.bucket_with_notifications();
        stack
    }

    fn bucket_with_notifications(&self) {
        use aws_sdk_s3::types::{Event, NotificationConfiguration, QueueConfiguration};
        runtime().block_on(async {
            s3().create_bucket().bucket(&self.bucket).send().await.unwrap();
            let queue = QueueConfiguration::builder()
                .queue_arn(&self.queue_arn)
                .events(Event::from("s3:ObjectCreated:*"))
                .build()
                .unwrap();
            let configuration = NotificationConfiguration::builder().queue_configurations(queue).build();
            let put = s3().put_bucket_notification_configuration().bucket(&self.bucket);
            put.notification_configuration(configuration).send().await.unwrap();
        });
    }

    /// Puts objects, a few at a time; each raises its notification.
    pub(crate) fn put(&self, objects: Vec<(String, Vec<u8>)>) {
        let client = s3();
        runtime().block_on(async {
            let mut puts = tokio::task::JoinSet::new();
            for (key, body) in objects {
                let put =
                    client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(body)).send();
                puts.spawn(put);
                if puts.len() >= 8 {
                    puts.join_next().await.unwrap().unwrap().unwrap();
                }
            }
            while let Some(put) = puts.join_next().await {
                put.unwrap().unwrap();
            }
        });
    }

    /// A bucket without notifications.
    pub(crate) fn make_bucket(name: &str) {
        runtime().block_on(s3().create_bucket().bucket(name).send()).unwrap();
    }

    /// Puts an object into any bucket.
    pub(crate) fn put_in(bucket: &str, key: &str, body: Vec<u8>) {
        let put = s3().put_object().bucket(bucket).key(key).body(ByteStream::from(body)).send();
        runtime().block_on(put).unwrap();
    }

    /// Keys below a prefix of a bucket.
    pub(crate) fn keys(bucket: &str, prefix: &str) -> Vec<String> {
        let list = s3().list_objects_v2().bucket(bucket).prefix(prefix).send();
        let listed = runtime().block_on(list).unwrap();
        listed.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect()
    }

    /// Sends a message of any text.
    pub(crate) fn send(&self, body: &str) {
        sqs("SendMessage", &json!({"QueueUrl": self.queue, "MessageBody": body}));
    }

    fn counts(url: &str) -> (u64, u64) {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let answer = sqs("GetQueueAttributes", &json!({"QueueUrl": url, "AttributeNames": names}));
        let count = |name: &str| answer["Attributes"][name].as_str().unwrap_or("0").parse().unwrap();
        (count(names[0]), count(names[1]))
    }

    /// Waits until no message is in the queue or under way.
    pub(crate) fn wait_until_empty(&self, patience: Duration) {
        let end = Instant::now() + patience;
        loop {
            let counts = Self::counts(&self.queue);
            if counts == (0, 0) {
                return;
            }
            assert!(Instant::now() < end, "still in the queue: {counts:?}, dead: {}", self.dead_messages());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Messages that the queue gave up.
    pub(crate) fn dead_messages(&self) -> u64 {
        Self::counts(&self.dead).0
    }

    /// Invokes it directly; the answer, or the error.
    pub(crate) fn invoke(&self, payload: &Value) -> Value {
        let path = format!("/2015-03-31/functions/{}/invocations", self.name);
        call("lambda", "POST", &path, &[], &payload.to_string())
    }

    /// A process of the function, where there is one.
    pub(crate) fn process(&self) -> Option<u32> {
        process_with(&format!("AWS_LAMBDA_FUNCTION_NAME={}", self.name))
    }

    /// Ends the first process of the function that is met, as the kernel does; tells whether there was one.
    pub(crate) fn kill_one_process(&self) -> JoinHandle<bool> {
        let wanted = format!("AWS_LAMBDA_FUNCTION_NAME={}", self.name);
        std::thread::spawn(move || {
            let end = Instant::now() + Duration::from_secs(60);
            while Instant::now() < end {
                if let Some(pid) = process_with(&wanted) {
                    // It has begun to work by then, or soon will: either way its batch must come again.
                    std::thread::sleep(Duration::from_millis(500));
                    return signal(pid, "KILL");
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            false
        })
    }
}

/// Sends a signal to a process; tells whether it was there.
pub(crate) fn signal(pid: u32, name: &str) -> bool {
    Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap().success()
}

/// A process with this variable.
fn process_with(variable: &str) -> Option<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.find(|pid| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|one| one == variable.as_bytes())
    })
}
