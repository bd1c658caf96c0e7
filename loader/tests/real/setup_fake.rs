//! Plugins and Dashboards that cannot be had here: a server in front of the real node that answers
//! `_plugins/_ism`, `_plugins/_alerting`, `_plugins/_notifications` and `api/saved_objects` as their documentation and
//! source say, and passes everything else on.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use siem_loader::setup::STATE_INDEX;

use crate::support::{opensearch_url, unique};

/// What the plugins hold, and how they misbehave.
#[derive(Default)]
pub(crate) struct Plugins {
    /// Policies with the number of their writes.
    pub(crate) policies: BTreeMap<String, (Value, u64)>,
    pub(crate) monitors: BTreeMap<String, (Value, u64)>,
    pub(crate) channels: BTreeMap<String, Value>,
    /// Saved objects by `type:id`.
    pub(crate) objects: BTreeMap<String, Value>,
    /// What explain says of an index.
    pub(crate) indices: BTreeMap<String, Value>,
    /// Result of running a monitor, by its id.
    pub(crate) runs: BTreeMap<String, Value>,
    /// Monitors that are overdue.
    pub(crate) overdue: BTreeSet<String>,
    /// Objects that the import loses although it answers 200.
    pub(crate) lost: usize,
    /// Answer to every write of a policy instead of the right one.
    pub(crate) policy_answer: Option<(u16, String)>,
    /// Requests that change something: method, path, headers, body.
    pub(crate) writes: Vec<(String, String, BTreeMap<String, String>, String)>,
}

pub(crate) struct Fake {
    pub(crate) url: String,
    /// The index of the records of this test.
    pub(crate) state_index: String,
    plugins: Arc<Mutex<Plugins>>,
}

impl Fake {
    pub(crate) fn start() -> Self {
        // Started now where it is not yet: nobody waits for that long in the middle of a request.
        opensearch_url();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state_index = format!("setup-state-{}", unique());
        let plugins = Arc::new(Mutex::new(Plugins::default()));
        let (shared, index) = (Arc::clone(&plugins), state_index.clone());
        // Ends with the process: accepting has no end of its own.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (shared, index) = (Arc::clone(&shared), index.clone());
                std::thread::spawn(move || serve(stream, &shared, &index));
            }
        });
        Self { url, state_index, plugins }
    }

    pub(crate) fn plugins(&self) -> MutexGuard<'_, Plugins> {
        self.plugins.lock().unwrap()
    }

    /// Requests that changed something since the last call.
    pub(crate) fn writes(&self) -> Vec<String> {
        let writes = std::mem::take(&mut self.plugins().writes);
        writes.into_iter().map(|(method, path, ..)| format!("{method} {path}")).collect()
    }
}

struct Request {
    method: String,
    path: String,
    query: String,
    headers: BTreeMap<String, String>,
    body: String,
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&bytes| bytes > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    Some(Request { method, path, query, headers, body: String::from_utf8(body).unwrap() })
}

fn serve(stream: TcpStream, plugins: &Mutex<Plugins>, state_index: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(request) = read(&mut reader) {
        let ours =
            ["/_plugins/", "/api/", "/_dashboards/api/"].iter().any(|start| request.path.starts_with(start));
        let (status, body) = if ours {
            let mut plugins = plugins.lock().unwrap();
            let looks = ["_search", "_execute", "_bulk_get"].iter().any(|end| request.path.ends_with(end));
            if request.method != "GET" && !looks {
                let Request { method, path, headers, body, .. } = &request;
                plugins.writes.push((method.clone(), path.clone(), headers.clone(), body.clone()));
            }
            answer(&request, &mut plugins)
        } else {
            pass_on(&request, state_index)
        };
        let head = format!(
            "HTTP/1.1 {status} Answer\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let body = if request.method == "HEAD" { String::new() } else { body };
        if stream.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

/// To the real node, with an index of records of the test's own.
fn pass_on(request: &Request, state_index: &str) -> (u16, String) {
    let own = |text: &str| text.replace(STATE_INDEX, state_index);
    let host = opensearch_url().strip_prefix("http://").unwrap();
    let mut node = TcpStream::connect(host).unwrap();
    let (path, body) = (own(&request.path), own(&request.body));
    let content_type = request.headers.get("content-type").map_or("application/json", String::as_str);
    let head = format!(
        "{} {path}?{} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
        request.method,
        request.query,
        body.len()
    );
    node.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    node.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split_whitespace().nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn not_found(reason: &str) -> (u16, String) {
    (404, json!({"error": {"type": "status_exception", "reason": reason}, "status": 404}).to_string())
}

fn conflict() -> (u16, String) {
    let error = json!({"type": "version_conflict_engine_exception", "reason": "version conflict"});
    (409, json!({"error": error, "status": 409}).to_string())
}

fn answer(request: &Request, plugins: &mut Plugins) -> (u16, String) {
    let path = request.path.trim_start_matches("/_dashboards").trim_start_matches('/').to_owned();
    let parts: Vec<&str> = path.split('/').collect();
    let body = || serde_json::from_str::<Value>(&request.body).unwrap();
    let same = |number: u64| request.query.contains(&format!("if_seq_no={number}&"));
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["_plugins", "_ism", "policies", name]) => match plugins.policies.get(*name) {
            None => not_found("Policy not found"),
            Some((policy, number)) => {
                let body = json!({"_id": name, "_version": number, "_seq_no": number, "_primary_term": 1, "policy": policy});
                (200, body.to_string())
            }
        },
        ("PUT", ["_plugins", "_ism", "policies", name]) => {
            if let Some(answer) = plugins.policy_answer.clone() {
                return answer;
            }
            let number = match plugins.policies.get(*name) {
                Some((_, number)) if !same(*number) => return conflict(),
                Some((_, number)) => number + 1,
                None => 0,
            };
            let mut policy = body()["policy"].clone();
            policy["policy_id"] = json!(name);
            policy["last_updated_time"] = json!(1_790_000_000_000_u64);
            policy["schema_version"] = json!(21);
            policy["error_notification"] = Value::Null;
            policy["ism_template"][0]["last_updated_time"] = json!(1_790_000_000_000_u64);
            plugins.policies.insert((*name).to_owned(), (policy.clone(), number));
            (201, json!({"_id": name, "_seq_no": number, "_primary_term": 1, "policy": policy}).to_string())
        }
        ("GET", ["_plugins", "_ism", "explain", pattern]) => {
            let start = pattern.trim_end_matches('*');
            let mut states: serde_json::Map<String, Value> = serde_json::Map::new();
            for (index, state) in plugins.indices.iter().filter(|(index, _)| index.starts_with(start)) {
                states.insert(index.clone(), state.clone());
            }
            states.insert("total_managed_indices".to_owned(), json!(states.len()));
            (200, Value::Object(states).to_string())
        }
        ("POST", ["_plugins", "_ism", "add", index]) => {
            let policy = body()["policy_id"].clone();
            let state = json!({"index.plugins.index_state_management.policy_id": policy, "index": index, "policy_id": policy, "enabled": true});
            plugins.indices.insert((*index).to_owned(), state);
            (200, json!({"updated_indices": 1, "failures": false, "failed_indices": []}).to_string())
        }
        ("POST", ["_plugins", "_alerting", "monitors", "_search"]) => {
            if plugins.monitors.is_empty() {
                return not_found("Configured indices are not found: [.opendistro-alerting-config]");
            }
            let hits: Vec<Value> = plugins
                .monitors
                .iter()
                .map(|(id, (monitor, _))| json!({"_id": id, "_source": monitor}))
                .collect();
            (200, json!({"hits": {"hits": hits}}).to_string())
        }
        ("POST", ["_plugins", "_alerting", "monitors", id, "_execute"]) => {
            assert!(request.query.contains("dryrun=true"), "a check must not notify anybody");
            let good = json!({"monitor_name": "m", "error": null, "input_results": {"results": [], "error": null}, "trigger_results": {}});
            (200, plugins.runs.get(*id).cloned().unwrap_or(good).to_string())
        }
        ("GET", ["_plugins", "_alerting", "stats"]) => {
            let jobs: serde_json::Map<String, Value> = plugins
                .monitors
                .keys()
                .map(|id| {
                    (
                        id.clone(),
                        json!({"last_execution_time": 1, "running_on_time": !plugins.overdue.contains(id)}),
                    )
                })
                .collect();
            (200, json!({"nodes": {"n1": {"jobs_info": jobs}}}).to_string())
        }
        ("GET", ["_plugins", "_alerting", "monitors", id]) => match plugins.monitors.get(*id) {
            None => not_found("Monitor not found."),
            Some((monitor, number)) => (
                200,
                json!({"_id": id, "_seq_no": number, "_primary_term": 1, "monitor": monitor}).to_string(),
            ),
        },
        ("POST", ["_plugins", "_alerting", "monitors"]) => {
            let id = unique();
            plugins.monitors.insert(id.clone(), (stored_monitor(body()), 0));
            (201, json!({"_id": id, "_seq_no": 0, "_primary_term": 1}).to_string())
        }
        ("PUT", ["_plugins", "_alerting", "monitors", id]) => {
            let number = plugins.monitors[*id].1;
            if !same(number) {
                return conflict();
            }
            plugins.monitors.insert((*id).to_owned(), (stored_monitor(body()), number + 1));
            (200, json!({"_id": id, "_seq_no": number + 1, "_primary_term": 1}).to_string())
        }
        ("GET", ["_plugins", "_notifications", "configs", id]) => match plugins.channels.get(*id) {
            None => not_found("NotificationConfig not found"),
            Some(config) => (200, json!({"config_list": [{"config_id": id, "config": config}]}).to_string()),
        },
        ("POST", ["_plugins", "_notifications", "configs"]) => {
            let body = body();
            plugins.channels.insert(body["config_id"].as_str().unwrap().to_owned(), body["config"].clone());
            (200, json!({"config_id": body["config_id"]}).to_string())
        }
        ("POST", ["api", "saved_objects", "_bulk_get"]) => {
            let missing = json!({"statusCode": 404, "error": "Not Found", "message": "not found"});
            let asked = body();
            let found = asked.as_array().unwrap().iter().map(|asked| {
                let key = format!("{}:{}", asked["type"].as_str().unwrap(), asked["id"].as_str().unwrap());
                let missing = json!({"id": asked["id"], "type": asked["type"], "error": missing});
                plugins.objects.get(&key).cloned().unwrap_or(missing)
            });
            let found: Vec<Value> = found.collect();
            (200, json!({ "saved_objects": found }).to_string())
        }
        ("POST", ["api", "saved_objects", "_import"]) => import(request, plugins),
        _ => {
            let error =
                format!("no handler found for uri [{}] and method [{}]", request.path, request.method);
            (400, json!({ "error": error }).to_string())
        }
    }
}

/// The plugin completes what it stores: the query as `SearchSourceBuilder` writes it, and its own members.
fn stored_monitor(mut monitor: Value) -> Value {
    let query = &mut monitor["inputs"][0]["search"]["query"]["query"]["bool"];
    query["adjust_pure_negative"] = json!(true);
    query["boost"] = json!(1.0);
    for (name, value) in [
        ("schema_version", json!(8)),
        ("last_update_time", json!(1_790_000_000_000_u64)),
        ("enabled_time", json!(1_790_000_000_000_u64)),
        ("owner", json!("alerting")),
        ("data_sources", json!({"query_index": ".opensearch-alerting-queries"})),
    ] {
        monitor[name] = value;
    }
    monitor
}

fn import(request: &Request, plugins: &mut Plugins) -> (u16, String) {
    let refused = |message: &str| {
        (400, json!({"statusCode": 400, "error": "Bad Request", "message": message}).to_string())
    };
    if !request.headers.contains_key("osd-xsrf") {
        return refused("Request must contain a osd-xsrf header.");
    }
    let Some(boundary) = request.headers["content-type"].strip_prefix("multipart/form-data; boundary=")
    else {
        return refused("no form");
    };
    let part = request.body.split(&format!("--{boundary}")).nth(1).unwrap();
    let (head, file) = part.split_once("\r\n\r\n").unwrap();
    if !head.contains("name=\"file\"") || !head.contains(".ndjson\"") {
        return refused("Invalid file extension");
    }
    let mut count = 0;
    let objects: Vec<Value> = file
        .lines()
        .filter(|l| !l.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for mut object in objects.iter().skip(plugins.lost).cloned() {
        let key = format!("{}:{}", object["type"].as_str().unwrap(), object["id"].as_str().unwrap());
        object["version"] = json!("WzEsMV0=");
        object["updated_at"] = json!("2026-11-28T00:00:00.000Z");
        plugins.objects.insert(key, object);
        count += 1;
    }
    let errors: Vec<Value> = objects
        .iter()
        .take(plugins.lost)
        .map(|object| json!({"type": object["type"], "id": object["id"], "error": {"type": "missing_references"}}))
        .collect();
    (200, json!({"success": errors.is_empty(), "successCount": count, "errors": errors}).to_string())
}
