//! What stands between the program and a server, and makes the faults of a schedule.

use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use siem_loader::sink::Random;
use socket2::SockRef;

use crate::bulk::{hold_back, unpacked};
use crate::http::Message;
use crate::rules::{Class, Fault, Rule};

/// A server that takes longer than this is not there.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a fault needs done beside the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Kill the program.
    Kill,
    /// Put other bytes under the key of the request, by its path.
    Replace(String),
    /// Delete what the path of the request names.
    Delete(String),
    /// Stop the node, by SIGKILL or as it should be, and start it again. Returns when it does not answer any more.
    Restart { kill: bool },
}

/// Which server is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behind {
    OpenSearch,
    S3,
}

/// Listens until it is dropped.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

struct State {
    behind: Behind,
    upstream: Arc<Mutex<String>>,
    rules: Vec<(Rule, AtomicU32)>,
    largest: Option<usize>,
    act: Box<dyn Fn(Act) + Send + Sync>,
    seed: u64,
    met: Mutex<Met>,
    under_way: Mutex<usize>,
    quiet: Condvar,
    ended: AtomicBool,
}

/// What is to be done to requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan<'a> {
    /// The first that fits a request counts.
    pub(crate) rules: &'a [Rule],
    pub(crate) seed: u64,
    /// Larger bulk bodies are answered 413; counted after unpacking, as OpenSearch does.
    pub(crate) largest: Option<usize>,
}

/// Faults that were met, and how often.
pub(crate) type Met = BTreeMap<Fault, u32>;

/// How an answer leaves.
enum Reply {
    Whole(Vec<u8>),
    /// These bytes, and then the connection is reset.
    Reset(Vec<u8>),
}

impl Proxy {
    /// Passes everything on to `upstream`, a URL that may change, but what meets a rule.
    pub(crate) fn start(
        behind: Behind,
        upstream: Arc<Mutex<String>>,
        plan: Plan<'_>,
        act: impl Fn(Act) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            behind,
            upstream,
            rules: plan.rules.iter().map(|rule| (*rule, AtomicU32::new(0))).collect(),
            largest: plan.largest,
            act: Box::new(act),
            seed: plan.seed,
            met: Mutex::default(),
            under_way: Mutex::new(0),
            quiet: Condvar::new(),
            ended: AtomicBool::new(false),
        });
        let serving = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if serving.ended.load(Ordering::SeqCst) {
                    return;
                }
                let state = Arc::clone(&serving);
                std::thread::spawn(move || state.serve(client));
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn met(&self) -> Met {
        lock(&self.state.met).clone()
    }

    /// Waits until nothing that was passed on is under way: what a killed program sent may still be worked on.
    pub(crate) fn wait_until_quiet(&self) {
        let mut under_way = lock(&self.state.under_way);
        while *under_way > 0 {
            under_way = self.state.quiet.wait(under_way).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        // Wakes the listener, which then looks.
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    /// All requests of a connection.
    fn serve(&self, client: TcpStream) {
        let Ok(mut to) = client.try_clone() else { return };
        let mut from = BufReader::new(client);
        while let Some(request) = Message::request(&mut from, &mut to) {
            *lock(&self.under_way) += 1;
            let reply = self.reply(request);
            *lock(&self.under_way) -= 1;
            self.quiet.notify_all();
            match reply {
                Reply::Whole(bytes) if to.write_all(&bytes).is_ok() => {}
                Reply::Whole(_) => return,
                Reply::Reset(bytes) => {
                    let _ = to.write_all(&bytes);
                    if bytes.is_empty() {
                        // A reset rather than an end.
                        let _ = SockRef::from(&to).set_linger(Some(Duration::ZERO));
                    } else {
                        // A reset could overtake what was just written.
                        let _ = to.shutdown(Shutdown::Both);
                    }
                    return;
                }
            }
        }
    }

    fn draw(&self, class: Class) -> Option<(Fault, u64)> {
        let mut drawn = None;
        for (place, (rule, count)) in self.rules.iter().enumerate() {
            if rule.class != class {
                continue;
            }
            let number = count.fetch_add(1, Ordering::SeqCst);
            if drawn.is_none() && rule.covers(number) {
                let seed = self.seed.wrapping_mul(1009).wrapping_add(place as u64 * 31 + u64::from(number));
                drawn = Some((rule.fault, seed));
            }
        }
        drawn
    }

    fn reply(&self, mut request: Message) -> Reply {
        let class = match self.behind {
            Behind::OpenSearch => Class::of_opensearch(&request),
            Behind::S3 => Class::of_s3(&request),
        };
        if class == Class::Bulk && self.largest.is_some_and(|largest| unpacked(&request).len() > largest) {
            return Reply::Whole(Message::answer(413, "text/plain", "").bytes());
        }
        let drawn = self.draw(class);
        let Some((fault, seed)) = drawn else { return whole(self.pass_on(&request)) };
        // Noted before anything is answered: whoever has the answer finds it here.
        *lock(&self.met).entry(fault).or_default() += 1;
        match fault {
            Fault::Late(wait) => {
                let answer = self.pass_on(&request);
                std::thread::sleep(Duration::from_millis(wait));
                whole(answer)
            }
            Fault::Refused(status) => Reply::Whole(refusal(status).bytes()),
            Fault::SlowDown => Reply::Whole(s3_error(503, "SlowDown", "Please reduce your request rate.")),
            Fault::Denied => Reply::Whole(s3_error(403, "AccessDenied", "Access Denied")),
            Fault::ResetBefore => Reply::Reset(Vec::new()),
            Fault::RequestCut => {
                self.pass_half(&request);
                Reply::Reset(Vec::new())
            }
            Fault::AnswerLost => {
                self.pass_on(&request);
                Reply::Reset(Vec::new())
            }
            Fault::AnswerCut => match self.pass_on(&request) {
                Some(answer) => Reply::Reset(beginning(&answer, 50)),
                None => Reply::Reset(Vec::new()),
            },
            Fault::AnswerTruncated => whole(self.pass_on(&request).map(|mut answer| {
                answer.body.truncate(answer.body.len() / 2);
                answer
            })),
            Fault::AnswerMalformed => {
                Reply::Whole(Message::answer(200, "text/html", "<html><body>Welcome</body></html>").bytes())
            }
            Fault::SomeRefused(status) => {
                let mut random = Random::seeded(seed);
                let held = hold_back(&mut request, status, &mut random);
                whole(self.pass_on(&request).map(|mut answer| {
                    if let Some(held) = held {
                        held.put_back(&mut answer);
                    }
                    answer
                }))
            }
            Fault::KilledBefore => {
                (self.act)(Act::Kill);
                Reply::Reset(Vec::new())
            }
            Fault::KilledAmid => {
                self.pass_half(&request);
                (self.act)(Act::Kill);
                Reply::Reset(Vec::new())
            }
            Fault::KilledAfter => {
                self.pass_on(&request);
                (self.act)(Act::Kill);
                Reply::Reset(Vec::new())
            }
            Fault::NodeStopped | Fault::NodeKilled => {
                (self.act)(Act::Restart { kill: fault == Fault::NodeKilled });
                Reply::Reset(Vec::new())
            }
            Fault::BodyCut(percent) => self.cut(&request, percent, None),
            Fault::KilledInBody(percent) => self.cut(&request, percent, Some(Act::Kill)),
            Fault::Replaced(percent) => {
                let path = request.target().split('?').next().unwrap_or_default().to_owned();
                self.cut(&request, percent, Some(Act::Replace(path)))
            }
            Fault::Deleted(percent) => {
                let path = request.target().split('?').next().unwrap_or_default().to_owned();
                self.cut(&request, percent, Some(Act::Delete(path)))
            }
        }
    }

    /// A part of an answer, something done meanwhile, and no more.
    fn cut(&self, request: &Message, percent: u8, act: Option<Act>) -> Reply {
        let answer = self.pass_on(request);
        if let Some(act) = act {
            (self.act)(act);
        }
        Reply::Reset(answer.map(|answer| beginning(&answer, percent)).unwrap_or_default())
    }

    fn connect(&self) -> Option<TcpStream> {
        let upstream = lock(&self.upstream).clone();
        let server = TcpStream::connect(upstream.trim_start_matches("http://").trim_end_matches('/')).ok()?;
        server.set_read_timeout(Some(PATIENCE)).ok()?;
        Some(server)
    }

    /// The server's answer; none when it has none to give.
    fn pass_on(&self, request: &Message) -> Option<Message> {
        let mut server = self.connect()?;
        server.write_all(&request.bytes()).ok()?;
        Message::response(&mut BufReader::new(server))
    }

    fn pass_half(&self, request: &Message) {
        if let Some(mut server) = self.connect() {
            let bytes = request.bytes();
            let _ = server.write_all(&bytes[..bytes.len() - request.body.len() / 2 - 1]);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn whole(answer: Option<Message>) -> Reply {
    match answer {
        Some(answer) => Reply::Whole(answer.bytes()),
        None => Reply::Reset(Vec::new()),
    }
}

/// The head, and so many percent of the body.
fn beginning(answer: &Message, percent: u8) -> Vec<u8> {
    let mut bytes = answer.bytes();
    let left = answer.body.len() * usize::from(percent) / 100;
    bytes.truncate(bytes.len() - answer.body.len() + left);
    bytes
}

fn refusal(status: u16) -> Message {
    let (error_type, reason) = match status {
        429 => ("rejected_execution_exception", "rejected execution of coordinating operation"),
        503 => ("unavailable_shards_exception", "primary shard is not active"),
        _ => return Message::answer(status, "text/html", "<html><h1>Bad Gateway</h1></html>"),
    };
    let error = serde_json::json!({"type": error_type, "reason": reason});
    let body = serde_json::json!({"error": error, "status": status});
    Message::answer(status, "application/json; charset=UTF-8", body.to_string())
}

fn s3_error(status: u16, code: &str, message: &str) -> Vec<u8> {
    let body =
        format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
    Message::answer(status, "application/xml", body).bytes()
}
