//! How much is held while the cluster does not answer.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use siem_loader::fetch::ObjectRef;
use siem_loader::pipeline::{Output, Replay};
use siem_loader::sink::{Auth, BulkOutput, Cluster, ClusterConfig, Encoding, Retry, SendSettings, SinkError};
use siem_parsers::document::{Item, ItemKind};
use siem_parsers::source::LOG_TYPES;

const BODY: usize = 1000;

#[test]
fn whoever_brings_one_body_more_than_may_be_held_waits_with_it() {
    // Connections are accepted by the kernel, and nothing is answered.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap()).parse().unwrap();
    let config = ClusterConfig { url, auth: Auth::None, timeout: Duration::from_mins(1), gzip: false };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let retry = Retry { deadline: Duration::ZERO, ..Retry::default() };
    let settings = SendSettings { body: BODY, retry, ..SendSettings::new(2) };
    let output = BulkOutput::start(Cluster::connect(config).unwrap(), settings, runtime.handle());

    let (reports, told) = crossbeam_channel::unbounded();
    let mut replay =
        Replay::of(ObjectRef::s3("bucket", "key"), LOG_TYPES[0], Encoding::Identity, reports.clone());
    let taken = Arc::new(AtomicUsize::new(0));
    let pipeline = std::thread::spawn({
        let (output, taken) = (Arc::clone(&output) as Arc<dyn Output>, Arc::clone(&taken));
        move || {
            for _ in 0..4 {
                let item = Item { ordinal: 0, start: 0, source: 0, end: BODY, kind: ItemKind::Record };
                replay.hand_on(&[b'x'; BODY], vec![item], &*output);
                taken.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    while taken.load(Ordering::SeqCst) < 2 {
        std::thread::yield_now();
    }
    // Long enough for a third, if there were a place for it.
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(taken.load(Ordering::SeqCst), 2, "the third is in the hand of who brings it");
    // The connections break off, and nothing is tried again.
    drop(silent);
    pipeline.join().unwrap();
    let (sent, stopped) = runtime.block_on(output.finish());
    assert!(matches!(stopped, Some(SinkError::Deadline(_))), "{stopped:?}");
    assert_eq!(sent.requests, 0);
    drop(reports);
    let report = told.recv().unwrap();
    assert_eq!((report.counts.records, report.counts.unsent), (4, 4), "{report:?}");
}
