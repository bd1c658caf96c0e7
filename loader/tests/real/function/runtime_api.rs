//! Lambda's side of the runtime interface, as far as a function sees it: hands out invocations with any deadline and
//! payload, and takes the answers (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::package;
use crate::program::built_at;
use crate::s3_support;
use crate::support::opensearch_url;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(120);

/// A function that runs, and what stands around it.
pub(crate) struct Function {
    child: Child,
    invocations: Sender<Invocation>,
    answers: Receiver<Reply>,
    lines: Arc<Mutex<Vec<String>>>,
    next: u32,
}

struct Invocation {
    id: String,
    deadline: u64,
    payload: Vec<u8>,
}

/// What came back for one invocation.
#[derive(Debug)]
pub(crate) struct Reply {
    /// It was an error.
    pub(crate) failed: bool,
    pub(crate) id: String,
    pub(crate) body: Value,
}

impl Reply {
    /// The ids that are given back to the queue.
    pub(crate) fn given_back(&self) -> Vec<String> {
        assert!(!self.failed, "{self:?}");
        let failures = self.body["batchItemFailures"].as_array().unwrap_or_else(|| panic!("{self:?}"));
        failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
    }
}

/// The program of the package, with what Lambda sets, the S3 server and the cluster of these tests.
pub(crate) fn bootstrap() -> Command {
    let mut command = built_at::<&str>(package::program(), &[]);
    let s3 = s3_support::server();
    command.env("OPENSEARCH_URL", opensearch_url()).env("AWS_ENDPOINT_URL", &s3.endpoint);
    command.env("AWS_REGION", "us-east-1").env_remove("SIEM_LOADER_DEAD_LETTERS");
    command.env("AWS_ACCESS_KEY_ID", &s3.access_key).env("AWS_SECRET_ACCESS_KEY", &s3.secret_key);
    command
}

impl Function {
    /// Starts it with what Lambda sets.
    pub(crate) fn start(mut command: Command) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        command.env("AWS_LAMBDA_RUNTIME_API", listener.local_addr().unwrap().to_string());
        command.env("AWS_LAMBDA_FUNCTION_NAME", "siem-loader").env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
        command.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let pipes: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for pipe in pipes {
            let lines = Arc::clone(&lines);
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    lines.lock().unwrap().push(line);
                }
            });
        }
        let (invocations, waiting) = channel();
        let (reply, answers) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (waiting, reply) = (Arc::clone(&waiting), reply.clone());
                std::thread::spawn(move || serve(connection, &waiting, &reply));
            }
        });
        Self { child, invocations, answers, lines, next: 0 }
    }

    /// One invocation with a time that is left, in milliseconds; waits for its answer.
    pub(crate) fn invoke(&mut self, payload: &Value, left: i64) -> Reply {
        self.invoke_bytes(payload.to_string().into_bytes(), left)
    }

    pub(crate) fn invoke_bytes(&mut self, payload: Vec<u8>, left: i64) -> Reply {
        let id = self.send(payload, left);
        let reply = self.answers.recv_timeout(PATIENCE);
        let reply = reply.unwrap_or_else(|_| panic!("no answer; it said: {:#?}", self.lines.lock().unwrap()));
        assert_eq!(reply.id, id);
        reply
    }

    /// Hands out an invocation and does not wait.
    pub(crate) fn send(&mut self, payload: Vec<u8>, left: i64) -> String {
        self.next += 1;
        let id = format!("request-{}", self.next);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let deadline = u64::try_from(i64::try_from(now).unwrap().saturating_add(left)).unwrap();
        self.invocations.send(Invocation { id: id.clone(), deadline, payload }).unwrap();
        id
    }

    /// Its lines with this message, as JSON.
    pub(crate) fn logged(&self, message: &str) -> Vec<Value> {
        let lines = self.output();
        let values = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        values.filter(|line| line["message"] == message).collect()
    }

    /// Everything it wrote, up to the line of the last invocation: it is written before the answer, and may be read later.
    pub(crate) fn output(&self) -> Vec<String> {
        let last = format!("\"request_id\":\"request-{}\"", self.next);
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let lines = self.lines.lock().unwrap().clone();
            let is_last = |line: &String| line.contains("\"message\":\"invocation\"") && line.contains(&last);
            if lines.iter().any(is_last) || Instant::now() > end {
                return lines;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it as the kernel does.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Peak resident bytes so far.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix("kB").unwrap().trim().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Requests of one connection, one after the other.
fn serve(connection: TcpStream, waiting: &Mutex<Receiver<Invocation>>, reply: &Sender<Reply>) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    let mut writer = connection;
    while let Some((path, body)) = request(&mut reader) {
        let path = path.strip_prefix("/2018-06-01/runtime/").unwrap_or(&path).to_owned();
        let answer = if path == "invocation/next" {
            // The one that waits holds the lock: there is never another.
            let Ok(next) = waiting.lock().unwrap().recv() else { return };
            let head = format!(
                "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: {}\r\nLambda-Runtime-Deadline-Ms: {}\r\n\
                 Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-central-1:111122223333:function:siem-loader\r\n\
                 Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                next.id,
                next.deadline,
                next.payload.len()
            );
            [head.into_bytes(), next.payload].concat()
        } else {
            let mut parts = path.split('/').skip(1);
            let id = parts.next().unwrap_or_default().to_owned();
            let failed = parts.next() != Some("response");
            let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let _ = reply.send(Reply { failed, id, body });
            b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n".to_vec()
        };
        if writer.write_all(&answer).is_err() {
            return;
        }
    }
}

/// Path and body of a request with a length or in chunks.
fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (mut length, mut chunked) = (0, false);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|count| *count > 0)?;
        let header = header.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        chunked |= header.starts_with("transfer-encoding:") && header.contains("chunked");
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    while chunked {
        let mut size = String::new();
        reader.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).ok()?;
        body.extend_from_slice(&chunk[..size]);
        chunked = size > 0;
    }
    Some((path, body))
}
