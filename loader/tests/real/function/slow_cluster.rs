//! The real cluster behind a wait: bulk requests with documents are answered later, those of the ledger at once.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::opensearch_url;

pub(crate) struct SlowCluster {
    address: SocketAddr,
    answered: Arc<AtomicU32>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl SlowCluster {
    pub(crate) fn start(wait: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let upstream = opensearch_url().strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
        let answered = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&answered);
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(&upstream).unwrap();
                let slow = Arc::new(AtomicBool::new(false));
                let (from, to, sets) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap(), Arc::clone(&slow));
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || requests(from, to, &sets, &seen));
                let counter = Arc::clone(&counter);
                std::thread::spawn(move || answers(server, client, &slow, wait, &counter));
            }
        });
        Self { address, answered, heads }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Bulk requests with documents that were answered so far.
    pub(crate) fn answered(&self) -> u32 {
        self.answered.load(Ordering::SeqCst)
    }

    /// Heads of the requests so far, in small letters, as far as they came at once.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// Waits until so many were answered.
    pub(crate) fn wait_for(&self, count: u32) {
        let end = Instant::now() + Duration::from_secs(60);
        while self.answered() < count {
            assert!(Instant::now() < end, "{} of {count} bulk requests", self.answered());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Passes requests on and notes whether the last one is to be answered late.
fn requests(mut from: TcpStream, mut to: TcpStream, slow: &AtomicBool, heads: &Mutex<Vec<String>>) {
    let mut buffer = vec![0; 256 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let bytes = &buffer[..count];
        let has = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        if ["GET /", "PUT /", "POST /"].iter().any(|method| bytes.starts_with(method.as_bytes())) {
            let text = String::from_utf8_lossy(bytes).to_lowercase();
            heads.lock().unwrap().push(text.split("\r\n\r\n").next().unwrap_or_default().to_owned());
        }
        if bytes.starts_with(b"POST /_bulk") {
            slow.store(true, Ordering::SeqCst);
        }
        if has(b"\"_index\":\"siem-ledger") {
            slow.store(false, Ordering::SeqCst);
        }
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

fn answers(mut from: TcpStream, mut to: TcpStream, slow: &AtomicBool, wait: Duration, answered: &AtomicU32) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let was_slow = slow.swap(false, Ordering::SeqCst);
        if was_slow {
            std::thread::sleep(wait);
        }
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
        if was_slow {
            answered.fetch_add(1, Ordering::SeqCst);
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
