//! Whatever fails on the way, every record is in the index exactly once, or it is told why not; and the figures say so.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use siem_loader::{
    dead_letter::{Store, lines},
    engine::{Engine, EngineParts, RunEnd},
    fetch::{FetchOptions, Source},
    pipeline::{Counts, ObjectReport, Settings},
    sink::{
        Auth, Cluster, ClusterConfig, Encoding, Gate, Pace, Random, Retry, SendSettings, Sent, SinkError,
    },
};
use tokio::runtime::Runtime;

use crate::fault_server::{FAULTS, Fault, FaultServer, Plan, TIMEOUT};

const RECORDS: u64 = 120;
const FINDINGS: u64 = 20;

/// Bodies that are tried in zstd at most, with three senders.
const UNREAD: usize = 12;

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
    })
}

/// Two objects of CloudTrail, one of findings.
fn objects() -> &'static PathBuf {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("faults-{}", std::process::id()));
        let put = |key: &str, text: String| {
            let path = root.join(key);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        for part in 0..2 {
            let event = |number: u64| {
                json!({
                    "eventVersion": "1.11", "eventTime": "2026-03-01T00:00:00Z", "eventName": "GetObject",
                    "eventSource": "s3.amazonaws.com", "awsRegion": "eu-central-1", "sourceIPAddress": "192.0.2.7",
                    "eventID": format!("event-{part}-{number}"), "recipientAccountId": "111122223333",
                })
            };
            let events: Vec<_> = (0..RECORDS / 2).map(event).collect();
            let name = format!("111122223333_CloudTrail_eu-central-1_20260301T0005Z_part{part}.json");
            let key = format!("AWSLogs/111122223333/CloudTrail/eu-central-1/2026/03/01/{name}");
            put(&key, json!({"Records": events}).to_string());
        }
        let finding = |number: u64| {
            json!({
                "version": "0", "id": format!("e{number}"), "detail-type": "Security Hub Findings - Imported",
                "source": "aws.securityhub", "account": "111122223333", "time": "2026-03-01T08:00:00Z",
                "region": "eu-central-1", "resources": [],
                "detail": {"findings": [{
                    "SchemaVersion": "2018-10-08", "Id": format!("finding-{number}"), "AwsAccountId": "111122223333",
                    "ProductArn": "arn:aws:securityhub:eu-central-1::product/aws/inspector", "GeneratorId": "g",
                    "Title": "t", "Description": "d", "Types": ["a/b/c"], "Severity": {"Label": "HIGH"},
                    "CreatedAt": "2026-03-01T00:00:00.000Z", "UpdatedAt": "2026-03-01T00:00:00.000Z",
                    "Resources": [{"Type": "AwsEc2Instance", "Id": "i-1"}]
                }]}
            })
            .to_string()
        };
        let lines: Vec<String> = (0..FINDINGS).map(finding).collect();
        put("AWSLogs/111122223333/SecurityHub/eu-central-1/2026/03/01/findings.json", lines.join("\n"));
        root
    })
}

fn quick() -> Retry {
    Retry {
        first: Duration::from_millis(1),
        longest: Duration::from_millis(8),
        slow: Duration::from_millis(4),
        deadline: Duration::from_secs(60),
        few: 30,
    }
}

struct Run {
    counts: Counts,
    reports: Vec<ObjectReport>,
    sent: Sent,
    stopped: Option<SinkError>,
    /// Ids of documents that were set aside.
    letters: Vec<String>,
}

/// Loads the objects into a server, with ledger and dead letters.
fn load(url: &str, encoding: Encoding, retry: Retry, seed: u64) -> Run {
    let config = ClusterConfig {
        url: url.parse().unwrap(),
        auth: Auth::None,
        timeout: TIMEOUT,
        gzip: encoding != Encoding::Identity,
    };
    let cluster = Cluster::connect(config).unwrap();
    let mut random = Random::seeded(seed);
    let (refused, longest) = (Duration::from_millis(1), Duration::from_millis(4));
    let pace = Pace { start: Duration::ZERO, refused, longest };
    let gate = Gate::new(3, pace, Random::seeded(random.next_u64()));
    let send = SendSettings {
        encoding,
        retry,
        body: 16 << 10,
        senders: 3,
        gate,
        random,
        give_up_at: None,
        latencies: None,
    };
    let root = objects().clone();
    let paths = vec![root.to_str().unwrap().to_owned()];
    let source =
        Source::new(FetchOptions { root: Some(root), ..FetchOptions::default() }, runtime().handle().clone());
    let mut settings = Settings::for_threads(1);
    settings.readers = 2;
    settings.limits.piece = 2 << 10;
    settings.encoding = encoding;
    let letters = tempfile::tempdir().unwrap();
    let engine = Engine::new(EngineParts {
        source: source.clone(),
        cluster,
        settings,
        send,
        runtime: runtime().handle().clone(),
        ledger: true,
        dead_letters: Some(Store::at(letters.path().to_str().unwrap(), &source).unwrap()),
        refuse_loss: false,
    });
    let mut reports = Vec::new();
    let RunEnd { sent, stopped } =
        engine.run(&source.list(paths), None, &mut |report| reports.push(report)).unwrap();
    let mut counts = Counts::default();
    for report in &reports {
        assert!(report.counts.add_up(), "{report:?}");
        counts.add(&report.counts);
    }
    let letters = dead_letters(letters.path(), &source);
    Run { counts, reports, sent, stopped, letters }
}

/// The ids of the documents that were set aside.
fn dead_letters(folder: &Path, source: &Source) -> Vec<String> {
    let store = Store::at(folder.to_str().unwrap(), source).unwrap();
    let mut ids = Vec::new();
    for name in store.list().unwrap() {
        lines(&store.read(&name).unwrap(), &mut |letter, _| {
            let action: Value = serde_json::from_str(letter.documents[0].action.get()).unwrap();
            ids.push(action["create"]["_id"].as_str().unwrap().to_owned());
            let source: Value = serde_json::from_str(letter.documents[0].source.get()).unwrap();
            assert!(source["@message"].is_string());
        })
        .unwrap();
    }
    ids
}

/// What is stored where nothing fails.
fn expected() -> &'static BTreeSet<String> {
    static EXPECTED: OnceLock<BTreeSet<String>> = OnceLock::new();
    EXPECTED.get_or_init(|| {
        let server = FaultServer::start(Plan::default(), 0);
        let run = load(&server.url, Encoding::Identity, quick(), 0);
        assert_eq!(
            (run.counts.indexed, run.counts.current_written),
            (RECORDS + FINDINGS, FINDINGS),
            "{:?}",
            run.counts
        );
        assert_eq!((run.sent.retries, run.reports.len()), (0, 3));
        assert!(run.sent.requests >= 4, "{:?}", run.sent);
        server.seen(|seen| seen.stored.keys().cloned().collect())
    })
}

fn is_state(place: &str) -> bool {
    place.starts_with("siem-findings-current/")
}

/// Every seed makes another schedule.
fn plan(seed: u64) -> Plan {
    let mut random = Random::seeded(seed);
    let kinds = 1 + random.below(4);
    let faults = (0..kinds).map(|_| FAULTS[random.below(FAULTS.len() as u64) as usize]).collect::<Vec<_>>();
    // Answers that come too late cost the time of the test.
    let at_most = if faults.contains(&Fault::TooLate) { 6 } else { 40 };
    let mut plan = Plan { faults, percent: 20 + random.below(60), at_most, ..Plan::default() };
    if random.below(4) == 0 {
        plan.largest = Some(4_000 + random.below(8_000) as usize);
        plan.pressure = random.below(2) == 0;
    }
    let mut some = |one_in: u64| -> HashSet<String> {
        let records = expected().iter().filter(|place| !is_state(place));
        let ids = records.map(|place| place.split_once('/').unwrap().1.to_owned());
        ids.filter(|_| random.below(one_in) == 0).collect()
    };
    if seed % 5 == 1 {
        plan.misfits = some(10);
    }
    if seed % 7 == 2 {
        plan.poison = some(50);
    }
    // Of those in zstd, see `check`, half.
    plan.no_zstd = match seed % 16 {
        3 => 100,
        11 => 1 + random.below(99),
        _ => 0,
    };
    plan
}

/// Every object has its document, which says what its report says.
fn check_ledger(server: &FaultServer, run: &Run, about: &str) {
    let ledger: Vec<Value> =
        server.seen(|seen| seen.ledger.values().map(|(_, document)| document.clone()).collect());
    assert_eq!(ledger.len(), run.reports.len(), "{about}");
    for report in &run.reports {
        let key = &report.object.as_ref().unwrap().key;
        let document = ledger.iter().find(|document| document["object"]["key"] == key.as_str()).unwrap();
        let records = |name: &str| document["records"][name].as_u64().unwrap();
        let counts = &report.counts;
        assert_eq!(records("in"), counts.records, "{about}: {document}");
        assert_eq!(records("indexed"), counts.indexed, "{about}: {document}");
        assert_eq!(records("already_present"), counts.already_present, "{about}: {document}");
        assert_eq!(records("dead_lettered"), counts.dead_lettered, "{about}: {document}");
        assert_eq!(records("unaccounted"), 0, "{about}: {document}");
        let status = if counts.dead_lettered > 0 { "partial" } else { "loaded" };
        assert_eq!(document["object"]["status"], status, "{about}: {document}");
    }
}

fn check(seed: u64) -> HashMap<Fault, usize> {
    let plan = plan(seed);
    let lost: HashSet<String> = plan.misfits.union(&plan.poison).cloned().collect();
    let server = FaultServer::start(plan.clone(), seed);
    let encoding = match seed % 4 {
        0 | 2 => Encoding::Identity,
        1 => Encoding::Gzip,
        _ => Encoding::Zstd,
    };
    let run = load(&server.url, encoding, quick(), seed);
    let about = format!("seed {seed}: {plan:?} {:?} {:?}", run.counts, run.sent);
    assert!(run.stopped.is_none(), "{about} {:?}", run.stopped);
    let id = |place: &str| place.split_once('/').unwrap().1.to_owned();
    let stored: BTreeSet<String> = server.seen(|seen| seen.stored.keys().cloned().collect());
    let wanted: BTreeSet<String> =
        expected().iter().filter(|place| is_state(place) || !lost.contains(&id(place))).cloned().collect();
    assert!(stored == wanted, "{about}: missing {:?}", wanted.difference(&stored).collect::<Vec<_>>());
    let counts = run.counts;
    assert_eq!(counts.records, RECORDS + FINDINGS, "{about}");
    assert_eq!((counts.dead_lettered, counts.rejected, counts.unsent), (lost.len() as u64, 0, 0), "{about}");
    let letters: HashSet<String> = run.letters.iter().cloned().collect();
    assert_eq!((letters.len(), &letters), (run.letters.len(), &lost), "{about}: dead letters");
    check_ledger(&server, &run, &about);
    assert_eq!(counts.indexed + counts.already_present, RECORDS + FINDINGS - lost.len() as u64, "{about}");
    assert_eq!(counts.current_written + counts.current_older, FINDINGS, "{about}");
    // Nothing is there before, so what is present was written by a request whose answer was lost or not believed.
    let unseen =
        [Fault::AnswerLost, Fault::AnswerCut, Fault::AnswerMalformed, Fault::HalfRead, Fault::TooLate];
    server.seen(|seen| {
        if !unseen.iter().any(|fault| seen.faults.contains_key(fault)) {
            assert_eq!((counts.already_present, counts.current_older), (0, 0), "{about}");
        }
        if let Some(largest) = plan.largest {
            assert!(seen.largest_taken <= largest);
        }
        // Where one body goes as gzip instead, later ones do at once: those under way and a few more were tried. One that
        // is refused or split in gzip too says nothing.
        if plan.no_zstd == 100 {
            let most = if plan.poison.is_empty() && plan.largest.is_none() { UNREAD } else { usize::MAX };
            assert!((1..=most).contains(&seen.unread), "{about}: {}", seen.unread);
        }
        seen.faults.clone()
    })
}

#[test]
fn every_record_is_stored_exactly_once_under_any_schedule_of_faults() {
    let seeds =
        std::env::var("SIEM_LOADER_TEST_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1000);
    expected();
    let (next, met) = (AtomicU64::new(1), Mutex::new(HashMap::<Fault, usize>::new()));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > seeds {
                        return;
                    }
                    for (fault, count) in check(seed) {
                        *met.lock().unwrap().entry(fault).or_default() += count;
                    }
                }
            });
        }
    });
    let met = met.into_inner().unwrap();
    assert!(FAULTS.iter().all(|fault| met.contains_key(fault)), "not all kinds of fault: {met:?}");
}

#[test]
fn d26_only_the_items_that_failed_are_sent_again() {
    let plan = Plan { faults: vec![Fault::SomeBusy], percent: 100, at_most: 1, ..Plan::default() };
    let server = FaultServer::start(plan, 3);
    let run = load(&server.url, Encoding::Gzip, quick(), 3);
    let all = expected().len();
    let items = server.seen(|seen| seen.items);
    assert_eq!((run.counts.indexed, run.counts.already_present), (RECORDS + FINDINGS, 0));
    assert_eq!(run.sent.retries, 1);
    assert!((all + 1..all + 40).contains(&items), "{items} items for {all}");
}

#[test]
fn a_cluster_that_stays_away_is_given_up_at_the_deadline() {
    let plan =
        Plan { faults: vec![Fault::Unavailable], percent: 100, at_most: usize::MAX, ..Plan::default() };
    let server = FaultServer::start(plan, 4);
    let retry = Retry { deadline: Duration::from_millis(200), ..quick() };
    let run = load(&server.url, Encoding::Identity, retry, 4);
    let stopped = run.stopped.expect("stopped");
    assert!(matches!(stopped, SinkError::Deadline(_)) && stopped.to_string().contains("503"), "{stopped}");
    assert_eq!((run.counts.indexed, run.counts.unsent), (0, run.counts.records));
    assert!(run.sent.retries > 3);
    server.seen(|seen| assert!(seen.stored.is_empty()));
}

#[test]
fn what_passes_before_the_deadline_is_counted_and_the_rest_is_unsent() {
    let plan = Plan {
        faults: vec![Fault::SomeBusy, Fault::Busy],
        percent: 95,
        at_most: usize::MAX,
        ..Plan::default()
    };
    for seed in 0..10 {
        let server = FaultServer::start(plan.clone(), seed);
        let retry = Retry { deadline: Duration::from_millis(3), ..quick() };
        let run = load(&server.url, Encoding::Identity, retry, seed);
        let records = server.seen(|seen| seen.stored.keys().filter(|place| !is_state(place)).count()) as u64;
        let counts = run.counts;
        // A record whose state could not be written is not done.
        let done = counts.indexed + counts.already_present;
        assert!(done <= records && records <= done + FINDINGS, "{counts:?}, {records} stored");
        assert_eq!((done + counts.unsent, counts.dead_lettered), (counts.records, 0));
    }
}

#[test]
fn what_is_no_answer_of_opensearch_stops_the_run_after_a_few_tries() {
    let plan =
        Plan { faults: vec![Fault::AnswerMalformed], percent: 100, at_most: usize::MAX, ..Plan::default() };
    let server = FaultServer::start(plan, 5);
    let run = load(&server.url, Encoding::Identity, Retry { few: 2, ..quick() }, 5);
    assert!(matches!(run.stopped, Some(SinkError::NotOpenSearch { .. })), "{:?}", run.stopped);
    assert_eq!(run.counts.unsent, run.counts.records);
    // Three bodies at a time and the last one, three times each.
    assert!(server.seen(|seen| seen.requests) <= 12);
}

#[test]
fn an_estate_is_not_rejected_when_every_item_poisons() {
    let poison = expected().iter().map(|place| place.split_once('/').unwrap().1.to_owned()).collect();
    let server = FaultServer::start(Plan { poison, ..Plan::default() }, 6);
    let run = load(&server.url, Encoding::Identity, quick(), 6);
    assert!(matches!(run.stopped, Some(SinkError::Refused { status: 400, .. })), "{:?}", run.stopped);
    // Bodies of fewer items than it takes to see that may be rejected before.
    let Counts { records, indexed, dead_lettered, unsent, .. } = run.counts;
    assert_eq!((indexed, dead_lettered + unsent), (0, records));
    assert!(dead_lettered <= 3 * 7, "{dead_lettered} set aside");
}

#[test]
fn the_size_that_a_cluster_takes_is_learnt() {
    for pressure in [false, true] {
        let plan = Plan { largest: Some(6_000), pressure, ..Plan::default() };
        let server = FaultServer::start(plan, 7);
        let run = load(&server.url, Encoding::Gzip, quick(), 7);
        assert_eq!(run.counts.indexed, RECORDS + FINDINGS);
        // Each of the bodies that are under way when nothing is known yet, and its halves.
        let refused = server.seen(|seen| seen.requests) as u64 - run.sent.requests;
        assert!(refused <= 15, "{refused} bodies refused, {:?}", run.sent);
    }
}

#[test]
fn retry_after_is_waited_for() {
    let began = Instant::now();
    let plan =
        Plan { faults: vec![Fault::RetryAfter], percent: 100, at_most: 1, retry_after: 1, ..Plan::default() };
    let server = FaultServer::start(plan, 8);
    let run = load(&server.url, Encoding::Identity, quick(), 8);
    assert_eq!(run.counts.indexed, RECORDS + FINDINGS);
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
}
