//! A node that is restarted, and so no other test's.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long a node may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Ends with this process.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    folder: PathBuf,
    /// Where it answers; another place after each start.
    pub(crate) url: Arc<Mutex<String>>,
    starting: Arc<(Mutex<bool>, Condvar)>,
}

impl Node {
    pub(crate) fn start() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("opensearch-restarts");
        let node = Self { folder, url: Arc::default(), starting: Arc::default() };
        // What a run before this one may have left.
        node.script(&["down"]);
        node.up();
        node
    }

    fn up(&self) {
        let url = self.script(&["up"]);
        *self.url.lock().unwrap_or_else(PoisonError::into_inner) = url.trim().to_owned();
    }

    /// Stops it and starts it again beside; returns when it is stopped.
    pub(crate) fn restart(&self, kill: bool) {
        if kill {
            let pid = std::fs::read_to_string(self.folder.join("pid")).unwrap();
            let killed = Command::new("kill").args(["-9", pid.trim()]).status().unwrap();
            assert!(killed.success());
        } else {
            self.script(&["down", "--keep-data"]);
        }
        self.set_starting(true);
        let node = self.clone();
        std::thread::spawn(move || {
            node.up();
            node.set_starting(false);
        });
    }

    fn set_starting(&self, starting: bool) {
        *self.starting.0.lock().unwrap_or_else(PoisonError::into_inner) = starting;
        self.starting.1.notify_all();
    }

    /// Waits until it has started again.
    pub(crate) fn wait_until_up(&self) {
        let starting = self.starting.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.starting.1.wait_timeout_while(starting, PATIENCE, |starting| *starting);
        assert!(
            !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out(),
            "the node does not start again"
        );
    }

    pub(crate) fn stop(&self) {
        self.script(&["down"]);
    }

    fn script(&self, arguments: &[&str]) -> String {
        let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../dev/opensearch"))
            .args(arguments)
            .arg(&self.folder)
            .env("OPENSEARCH_OWNER", std::process::id().to_string())
            .env("OPENSEARCH_HEAP", "512m")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "dev/opensearch {arguments:?}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }
}
