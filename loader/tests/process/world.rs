//! The objects of a schedule, and what must become of their records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};
use siem_loader::sink::{Auth, Cluster, ClusterConfig, Method, Random};

use crate::program::gzip;
use crate::rules::LEDGER;
use crate::s3_support::{client, new_bucket, runtime};
use crate::schedule::Schedule;

/// The year of all events here, which no other test of this program uses. A month is one schedule's at a time.
const YEAR: &str = "2025";

/// How long the node is waited for: other schedules keep it busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// What an object holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    bytes: Vec<u8>,
    /// Ids of the records that can be loaded.
    pub(crate) good: BTreeSet<String>,
    /// Places of those that cannot.
    pub(crate) bad: BTreeSet<u64>,
}

impl Content {
    pub(crate) fn records(&self) -> u64 {
        (self.good.len() + self.bad.len()) as u64
    }
}

/// An object now, and what else it has been.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object {
    pub(crate) content: Content,
    /// What it was before it was replaced.
    pub(crate) former: Option<Content>,
    pub(crate) deleted: bool,
}

/// A bucket, an index, and what is between.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) bucket: String,
    pub(crate) index: String,
    /// URL of the node itself, with no proxy before it.
    node: Arc<Mutex<String>>,
    objects: Mutex<BTreeMap<String, Object>>,
    seed: u64,
}

impl World {
    /// Puts the objects, and makes the index with a mapping that refuses some of their records.
    pub(crate) fn make(schedule: &Schedule, month: usize, node: Arc<Mutex<String>>) -> Self {
        let bucket = new_bucket();
        let index = format!("log-aws-cloudtrail-{YEAR}-{month:02}");
        let world = Self { bucket, index, node, objects: Mutex::default(), seed: schedule.seed };
        let mut random = Random::seeded(schedule.seed ^ 0x0b1e_c750);
        for number in 0..schedule.small {
            let records = 1 + random.below(schedule.records);
            let content =
                content(&format!("{}-{number}", schedule.seed), month, records, schedule.bad, 0, &mut random);
            world.add(&key(month, &format!("small{number}")), content);
        }
        if schedule.large > 0 {
            let (ids, size) = (format!("{}-large", schedule.seed), schedule.large_record);
            let content = content(&ids, month, schedule.large, schedule.bad / 4, size, &mut random);
            world.add(&key(month, "large"), content);
        }
        world.make_index();
        world
    }

    fn add(&self, key: &str, content: Content) {
        self.put(key, content.bytes.clone());
        self.objects().insert(key.to_owned(), Object { content, ..Object::default() });
    }

    fn put(&self, key: &str, bytes: Vec<u8>) {
        let put = client().put_object().bucket(&self.bucket).key(key).body(ByteStream::from(bytes)).send();
        runtime().block_on(put).unwrap();
    }

    /// The large records need not cost the node more than they must: nothing of them is searched here.
    fn make_index(&self) {
        self.remove_indices();
        let properties = json!({
            "vpcEndpointId": {"type": "integer"},
            "@message": {"type": "text", "index": false},
        });
        let body = json!({
            "settings": {"number_of_shards": 1, "number_of_replicas": 0, "index.mapping.ignore_malformed": false},
            "mappings": {"dynamic": false, "properties": properties},
        });
        self.ask(Method::Put, &format!("/{}", self.index), Some(body));
    }

    /// Removes the index, and that of the ledger for the same month: other tests count what is in the indices of a node.
    pub(crate) fn remove_indices(&self) {
        let node = self.cluster();
        for index in [self.index.clone(), self.ledger_index()] {
            let path = format!("/{index}");
            let (status, _) = runtime().block_on(node.call(Method::Delete, &path, &[], None)).unwrap();
            assert!(status == 200 || status == 404, "{status}");
        }
    }

    /// Where the ledger has the objects of this month.
    pub(crate) fn ledger_index(&self) -> String {
        let month = self.index.trim_start_matches("log-aws-cloudtrail-");
        format!("{LEDGER}{month}")
    }

    /// Puts other records under the key of a path; those before may be in the index or not.
    pub(crate) fn replace(&self, path: &str) {
        let key = self.key_of(path);
        let month = self.index.rsplit('-').next().unwrap().parse().unwrap();
        let mut random = Random::seeded(self.seed ^ 0x5ec0_4d00);
        let next = content(&format!("{}-next", self.seed), month, 1 + random.below(60), 0, 0, &mut random);
        self.put(&key, next.bytes.clone());
        let mut objects = self.objects();
        let object = objects.get_mut(&key).unwrap();
        object.former = Some(std::mem::replace(&mut object.content, next));
    }

    pub(crate) fn delete(&self, path: &str) {
        let key = self.key_of(path);
        let delete = client().delete_object().bucket(&self.bucket).key(&key).send();
        runtime().block_on(delete).unwrap();
        self.objects().get_mut(&key).unwrap().deleted = true;
    }

    /// The key in `/bucket/key`.
    fn key_of(&self, path: &str) -> String {
        let path = percent_encoding::percent_decode_str(path).decode_utf8().unwrap().into_owned();
        path.strip_prefix(&format!("/{}/", self.bucket)).unwrap().to_owned()
    }

    pub(crate) fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Object>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cluster(&self) -> Cluster {
        let url = self.node.lock().unwrap_or_else(PoisonError::into_inner).parse().unwrap();
        Cluster::connect(ClusterConfig { url, auth: Auth::None, timeout: PATIENCE, gzip: false }).unwrap()
    }

    /// What is to be loaded: the prefix, or the objects one by one in some order, the first of them again at the end.
    pub(crate) fn inputs(&self, schedule: &Schedule) -> Vec<String> {
        let prefix = format!("s3://{}/AWSLogs/", self.bucket);
        if !schedule.one_by_one {
            return vec![prefix];
        }
        let mut random = Random::seeded(schedule.seed ^ 0x0dde_4000);
        let mut keys: Vec<String> = self.objects().keys().cloned().collect();
        for at in (1..keys.len()).rev() {
            keys.swap(at, random.below(at as u64 + 1) as usize);
        }
        keys.extend(keys.first().cloned());
        keys.iter().map(|key| format!("s3://{}/{key}", self.bucket)).collect()
    }

    /// One request to the node, answered with 2xx. Shards of an index that somebody else just made may not be there yet.
    pub(crate) fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (cluster, body) = (self.cluster(), body.map(|body| body.to_string()));
        let began = Instant::now();
        loop {
            let answer = runtime().block_on(cluster.call(method, path, &[], body.as_deref()));
            let (status, answer) = answer.unwrap();
            if (200..300).contains(&status) {
                return serde_json::from_slice(&answer).unwrap();
            }
            let told = String::from_utf8_lossy(&answer);
            assert!(status == 503 && began.elapsed() < PATIENCE, "{path}: {status} {told}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn key(month: usize, name: &str) -> String {
    format!(
        "AWSLogs/111122223333/CloudTrail/eu-central-1/{YEAR}/{month:02}/01/\
         111122223333_CloudTrail_eu-central-1_{YEAR}{month:02}01T0005Z_{name}.json.gz"
    )
}

/// White space of which a part does not pack well, so that an object is large before and after packing, and cheap for
/// the node: it is only in the text of the record.
fn blanks(size: usize, random: &mut Random) -> String {
    let mut text = String::with_capacity(size + 64);
    while text.len() < size / 4 {
        let bits = random.next_u64();
        text.extend((0..64).map(|bit| if bits >> bit & 1 == 0 { ' ' } else { '\t' }));
    }
    text.extend(std::iter::repeat_n(' ', size.saturating_sub(text.len())));
    text
}

/// `size` is that of the white space in each record.
fn content(ids: &str, month: usize, records: u64, bad: u64, size: usize, random: &mut Random) -> Content {
    let mut content = Content::default();
    let mut texts = Vec::new();
    for place in 0..records {
        let id = format!("{ids}-{place}");
        let mut event = json!({
            "eventVersion": "1.11",
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "userName": "alice"},
            "eventTime": format!("{YEAR}-{month:02}-01T00:00:{:02}Z", place % 60),
            "eventSource": "s3.amazonaws.com",
            "eventName": "GetObject",
            "awsRegion": "eu-central-1",
            "sourceIPAddress": "192.0.2.7",
            "userAgent": "aws-cli/2.15.0",
            "requestParameters": {"bucketName": "example-bucket", "key": format!("object-{place}")},
            "eventID": &id,
            "eventType": "AwsApiCall",
            "recipientAccountId": "111122223333",
        });
        if random.below(100) < bad {
            content.bad.insert(place);
            texts.push(match random.below(3) {
                0 => event.to_string().replace("GetObject", "Get\\qObject"),
                1 => "[42]".to_owned(),
                _ => {
                    event["vpcEndpointId"] = "vpce-0a1b2c3d".into();
                    event.to_string()
                }
            });
        } else {
            content.good.insert(id);
            texts.push(event.to_string().replacen('{', &format!("{{{}", blanks(size, random)), 1));
        }
    }
    content.bytes = gzip(format!("{{\"Records\":[{}]}}", texts.join(",")).as_bytes());
    content
}
