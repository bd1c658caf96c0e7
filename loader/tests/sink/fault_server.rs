//! A server that takes bulk requests as OpenSearch does, and fails as it and the network do. Which request meets which
//! fault depends on a seed.

use std::{
    collections::{HashMap, HashSet},
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};
use siem_loader::sink::Random;

/// What can go wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// Some items 429 by a full queue.
    SomeBusy,
    /// Some items 503.
    SomeUnavailable,
    /// Some items 429 by the flood stage.
    SomeDiskFull,
    Busy,
    /// 429 with `Retry-After`.
    RetryAfter,
    Unavailable,
    BadGateway,
    NotReady,
    /// The flood stage for the request as a whole.
    DiskFull,
    /// The connection ends before the request is read.
    ResetBefore,
    /// Everything is indexed, and the connection ends without an answer.
    AnswerLost,
    /// Everything is indexed, and the connection ends within the answer.
    AnswerCut,
    /// The answer ends early, and its length says that this is all.
    AnswerMalformed,
    /// Half of the body is read, indexed and answered.
    HalfRead,
    Slow,
    /// Everything is indexed, and the answer comes too late.
    TooLate,
}

pub(crate) const FAULTS: &[Fault] = &[
    Fault::SomeBusy,
    Fault::SomeUnavailable,
    Fault::SomeDiskFull,
    Fault::Busy,
    Fault::RetryAfter,
    Fault::Unavailable,
    Fault::BadGateway,
    Fault::NotReady,
    Fault::DiskFull,
    Fault::ResetBefore,
    Fault::AnswerLost,
    Fault::AnswerCut,
    Fault::AnswerMalformed,
    Fault::HalfRead,
    Fault::Slow,
    Fault::TooLate,
];

/// How a server behaves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// Faults that may meet a request, and how many of 100 requests meet one.
    pub(crate) faults: Vec<Fault>,
    pub(crate) percent: u64,
    /// Faults in all; then it behaves.
    pub(crate) at_most: usize,
    /// Bytes of a body above which it answers 413; with `pressure` 429 as the indexing-pressure limit does.
    pub(crate) largest: Option<usize>,
    pub(crate) pressure: bool,
    /// Ids that make it refuse a whole body.
    pub(crate) poison: HashSet<String>,
    /// Ids of documents that do not fit the mapping.
    pub(crate) misfits: HashSet<String>,
    /// Of 100 requests in zstd so many come to a node that does not read it.
    pub(crate) no_zstd: u64,
    /// Seconds of `Retry-After`.
    pub(crate) retry_after: u64,
}

#[derive(Default)]
pub(crate) struct Seen {
    /// What is stored: `index/id` and its version.
    pub(crate) stored: HashMap<String, u64>,
    /// Documents of the ledger, likewise.
    pub(crate) ledger: HashMap<String, (u64, Value)>,
    /// Requests, those about the ledger aside.
    pub(crate) requests: usize,
    pub(crate) faults: HashMap<Fault, usize>,
    /// Requests in zstd that were not read.
    pub(crate) unread: usize,
    /// Items of requests that were read.
    pub(crate) items: usize,
    pub(crate) largest_taken: usize,
}

struct State {
    plan: Plan,
    seen: Mutex<(Seen, Random)>,
    ended: AtomicBool,
}

pub(crate) struct FaultServer {
    pub(crate) url: String,
    address: std::net::SocketAddr,
    state: Arc<State>,
}

impl FaultServer {
    pub(crate) fn start(plan: Plan, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Mutex::new((Seen::default(), Random::seeded(seed)));
        let state = Arc::new(State { plan, seen, ended: AtomicBool::new(false) });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.ended.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || shared.serve(&stream));
            }
        });
        Self { url: format!("http://{address}/"), address, state }
    }

    pub(crate) fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.state.seen.lock().unwrap().0)
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// One action and its document.
struct Action {
    external: Option<u64>,
    document: Value,
    place: String,
    id: String,
}

impl State {
    /// Answers until the client, or a fault, ends the connection.
    fn serve(&self, stream: &TcpStream) {
        stream.set_nodelay(true).unwrap();
        let mut reader = BufReader::new(stream);
        while let Some((headers, body)) = request(&mut reader) {
            let Some((answer, whole)) = self.answer(&headers, body) else { return };
            if (&mut &*stream).write_all(&answer).is_err() || !whole {
                return;
            }
        }
    }

    /// What a node says that takes zstd for text, and a proxy that knows no such thing.
    fn unread(&self) -> Option<Vec<u8>> {
        let (seen, random) = &mut *self.seen.lock().unwrap();
        if random.below(100) >= self.plan.no_zstd {
            return None;
        }
        seen.unread += 1;
        Some(match random.below(2) {
            0 => refusal(400, "json_parse_exception", "Unexpected character ('(' (code 40))", ""),
            _ => http(415, "", "<html>Unsupported Media Type</html>"),
        })
    }

    fn draw(&self, ledger: bool) -> (Option<Fault>, u64) {
        let (seen, random) = &mut *self.seen.lock().unwrap();
        seen.requests += usize::from(!ledger);
        let met =
            seen.faults.values().sum::<usize>() < self.plan.at_most && random.below(100) < self.plan.percent;
        let fault = met.then(|| self.plan.faults[random.below(self.plan.faults.len() as u64) as usize]);
        if let Some(fault) = fault {
            *seen.faults.entry(fault).or_default() += 1;
        }
        (fault, random.next_u64())
    }

    /// The bytes to send, and whether they are all; none where the connection ends without.
    fn answer(&self, headers: &str, body: Vec<u8>) -> Option<(Vec<u8>, bool)> {
        let answer = self.bytes(headers, body)?;
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
        let promised = String::from_utf8_lossy(&answer[..end]).into_owned();
        let promised = promised.rsplit("content-length: ").next().unwrap().trim().parse::<usize>().unwrap();
        let whole = answer.len() - end == promised;
        Some((answer, whole))
    }

    fn bytes(&self, headers: &str, body: Vec<u8>) -> Option<Vec<u8>> {
        let body = if headers.contains("content-encoding: gzip") {
            let mut plain = Vec::new();
            MultiGzDecoder::new(body.as_slice()).read_to_end(&mut plain).unwrap();
            plain
        } else if headers.contains("content-encoding: zstd") {
            if let Some(refused) = self.unread() {
                return Some(refused);
            }
            zstd::decode_all(body.as_slice()).unwrap()
        } else {
            body
        };
        // Documents of the ledger never stand among others.
        let ledger = headers.starts_with("post /_mget")
            || body.starts_with(b"{\"index\":{\"_id\":\"")
                && body.windows(13).take(200).any(|bytes| bytes == b"\"siem-ledger-");
        let (fault, number) = self.draw(ledger);
        let mut random = Random::seeded(number);
        match fault {
            Some(Fault::Busy) => return Some(refusal(429, "rejected_execution_exception", "queue", "")),
            Some(Fault::RetryAfter) => {
                let header = format!("retry-after: {}\r\n", self.plan.retry_after);
                return Some(refusal(429, "rejected_execution_exception", "queue", &header));
            }
            Some(Fault::Unavailable) => {
                return Some(refusal(503, "unavailable_shards_exception", "away", ""));
            }
            Some(Fault::BadGateway) => return Some(http(502, "", "<html>Bad Gateway</html>")),
            Some(Fault::NotReady) => return Some(http(503, "", "OpenSearch Security not initialized.")),
            Some(Fault::DiskFull) => {
                return Some(refusal(
                    429,
                    "cluster_block_exception",
                    "blocked by: [TOO_MANY_REQUESTS/12/disk]",
                    "",
                ));
            }
            Some(Fault::ResetBefore) => return None,
            Some(Fault::Slow) => std::thread::sleep(Duration::from_millis(5)),
            _ => {}
        }
        if let Some(limit) = self.plan.largest
            && body.len() > limit
        {
            let reason = format!(
                "rejected execution of coordinating operation [coordinating_operation_bytes={}, max_coordinating_and_primary_bytes={limit}]",
                body.len()
            );
            return Some(match self.plan.pressure {
                true => refusal(429, "rejected_execution_exception", &reason, ""),
                false => http(413, "", ""),
            });
        }
        if headers.starts_with("post /_mget") {
            return Some(http(200, "", &self.get(&body).to_string()));
        }
        let mut actions = actions(&body);
        if actions.iter().any(|action| self.plan.poison.contains(&action.id)) {
            return Some(refusal(400, "action_request_validation_exception", "Validation Failed: 1: id", ""));
        }
        if fault == Some(Fault::HalfRead) {
            actions.truncate(actions.len() / 2);
        }
        let items = self.write(&actions, fault, body.len(), &mut random);
        let answer = json!({"took": 1, "errors": true, "items": items}).to_string();
        match fault {
            Some(Fault::AnswerLost) => None,
            Some(Fault::AnswerCut) => {
                let whole = http(200, "", &answer);
                // The end of the connection within what was promised.
                Some(whole[..whole.len() - answer.len() / 2 - 1].to_vec())
            }
            Some(Fault::AnswerMalformed) => Some(http(200, "", answer.split_at(answer.len() / 2).0)),
            Some(Fault::TooLate) => {
                std::thread::sleep(TIMEOUT * 2);
                None
            }
            _ => Some(http(200, "", &answer)),
        }
    }

    /// Documents of the ledger by index and id.
    fn get(&self, body: &[u8]) -> Value {
        let asked: Value = serde_json::from_slice(body).unwrap();
        let seen = &self.seen.lock().unwrap().0;
        let one = |asked: &Value| {
            let (index, id) = (asked["_index"].as_str().unwrap(), asked["_id"].as_str().unwrap());
            match seen.ledger.get(&format!("{index}/{id}")) {
                Some((version, document)) => {
                    json!({"_index": index, "_id": id, "found": true, "_version": version, "_source": document})
                }
                None => json!({"_index": index, "_id": id, "found": false}),
            }
        };
        json!({"docs": asked["docs"].as_array().unwrap().iter().map(one).collect::<Vec<_>>()})
    }

    fn write(
        &self,
        actions: &[Action],
        fault: Option<Fault>,
        bytes: usize,
        random: &mut Random,
    ) -> Vec<Value> {
        let seen = &mut self.seen.lock().unwrap().0;
        seen.items += actions.iter().filter(|action| !action.place.starts_with("siem-ledger-")).count();
        seen.largest_taken = seen.largest_taken.max(bytes);
        let mut one = |action: &Action| {
            let refused = match fault {
                Some(Fault::SomeBusy) => Some((429, "rejected_execution_exception")),
                Some(Fault::SomeUnavailable) => Some((503, "unavailable_shards_exception")),
                Some(Fault::SomeDiskFull) => Some((429, "cluster_block_exception")),
                _ => None,
            };
            if let Some((status, error_type)) = refused.filter(|_| random.below(2) == 0) {
                return (status, Some(error_type));
            }
            if self.plan.misfits.contains(&action.id) {
                return (400, Some("mapper_parsing_exception"));
            }
            if action.place.starts_with("siem-ledger-") {
                let version = action.external.unwrap();
                if seen.ledger.get(&action.place).is_some_and(|(stored, _)| *stored >= version) {
                    return (409, Some("version_conflict_engine_exception"));
                }
                seen.ledger.insert(action.place.clone(), (version, action.document.clone()));
                return (201, None);
            }
            match (seen.stored.get(&action.place), action.external) {
                (Some(_), None) => return (409, Some("version_conflict_engine_exception")),
                (Some(stored), Some(version)) if *stored >= version => {
                    return (409, Some("version_conflict_engine_exception"));
                }
                _ => {}
            }
            seen.stored.insert(action.place.clone(), action.external.unwrap_or(1));
            (201, None)
        };
        let item = |action: &Action| {
            let (status, error_type) = one(action);
            let operation = if action.external.is_some() { "index" } else { "create" };
            match error_type {
                None => json!({operation: {"status": status}}),
                Some(name) => json!({operation: {"status": status, "error": {"type": name, "reason": "r"}}}),
            }
        };
        actions.iter().map(item).collect()
    }
}

/// Longest time of a request in these tests.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(500);

fn actions(body: &[u8]) -> Vec<Action> {
    assert_eq!(body.last(), Some(&b'\n'));
    let lines: Vec<&[u8]> = body[..body.len() - 1].split(|&byte| byte == b'\n').collect();
    let one = |pair: &[&[u8]]| {
        let action: Value = serde_json::from_slice(pair[0]).expect("an action line");
        let document = serde_json::from_slice(pair[1]).expect("a document");
        let (operation, meta) = action.as_object().unwrap().iter().next().unwrap();
        let external = meta["version"].as_u64();
        assert_eq!(operation == "index", external.is_some());
        let id = meta["_id"].as_str().unwrap().to_owned();
        Action { external, document, place: format!("{}/{id}", meta["_index"].as_str().unwrap()), id }
    };
    assert_eq!(lines.len() % 2, 0);
    lines.chunks(2).map(one).collect()
}

fn request(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let mut headers = String::new();
    while !headers.ends_with("\r\n\r\n") {
        if reader.read_line(&mut headers).ok()? == 0 {
            return None;
        }
    }
    let headers = headers.to_lowercase();
    let length =
        headers.split_once("content-length: ").map_or("0", |(_, rest)| rest.split('\r').next().unwrap());
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).ok()?;
    Some((headers, body))
}

fn http(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} x\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn refusal(status: u16, error_type: &str, reason: &str, headers: &str) -> Vec<u8> {
    http(status, headers, &crate::error_json(status, error_type, reason))
}
