//! The program as a process that is killed and started again.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError, mpsc};
use std::time::Duration;

use serde_json::Value;

use crate::kept;
use crate::program::siem_loader;
use crate::s3_support::TestS3;
use crate::schedule::{DeadLetters, Schedule};

/// A run that takes longer hangs.
const WATCH: Duration = Duration::from_secs(400);

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct End {
    /// None: killed.
    pub(crate) status: Option<i32>,
    /// What `--output json` told.
    pub(crate) summary: Option<Value>,
    #[expect(dead_code, reason = "told when a check fails")]
    pub(crate) stderr: String,
}

impl End {
    pub(crate) fn figure(&self, name: &str) -> u64 {
        let summary = self.summary.as_ref().unwrap_or_else(|| panic!("no figures: {self:?}"));
        summary[name].as_u64().unwrap_or_else(|| panic!("no {name} in {summary}"))
    }
}

/// The processes that run now.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    running: Mutex<Vec<Child>>,
}

impl Processes {
    /// Kills one of them, the way kill -9 does.
    pub(crate) fn kill_one(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let running = running.iter_mut();
        let mut alive = running.filter_map(|child| matches!(child.try_wait(), Ok(None)).then_some(child));
        if let Some(child) = alive.next() {
            child.kill().unwrap();
        }
    }

    /// Runs a command to its end, or until it is killed.
    fn run(&self, mut command: Command) -> End {
        let mut child = command.spawn().unwrap();
        let id = child.id();
        let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let all = || self.running.lock().unwrap_or_else(PoisonError::into_inner);
        all().push(child);
        let (told, ended) = mpsc::channel();
        let reading = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).unwrap();
            let _ = told.send(text);
        });
        // Standard output ends with the process.
        let output = ended.recv_timeout(WATCH);
        let mut child = {
            let mut all = all();
            let place = all.iter().position(|child| child.id() == id).unwrap();
            all.swap_remove(place)
        };
        if output.is_err() {
            child.kill().unwrap();
        }
        let status = child.wait().unwrap().code();
        let stderr = reading.join().unwrap();
        let output = output.unwrap_or_else(|_| panic!("no end after {WATCH:?}: {stderr}"));
        let summary = output.lines().last().and_then(|line| serde_json::from_str(line).ok());
        End { status, summary, stderr }
    }
}

/// Where a run finds everything.
#[derive(Debug, Clone)]
pub(crate) struct Setting<'a> {
    pub(crate) schedule: &'a Schedule,
    pub(crate) inputs: Vec<String>,
    pub(crate) opensearch: String,
    pub(crate) s3: TestS3,
    pub(crate) bucket: String,
    /// A folder of the schedule's own.
    pub(crate) folder: PathBuf,
}

impl Setting<'_> {
    pub(crate) fn run(&self, processes: &Processes, number: usize) -> End {
        let schedule = self.schedule;
        let mut arguments = vec!["load".to_owned()];
        arguments.extend(self.inputs.iter().cloned());
        let options = [
            ("--opensearch-url", self.opensearch.clone()),
            ("--output", "json".to_owned()),
            ("--threads", schedule.threads.to_string()),
            ("--request-timeout", schedule.timeout.to_string()),
            ("--retry-deadline", "300".to_owned()),
        ];
        arguments.extend(options.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
        if schedule.packed {
            arguments.push("--gzip".to_owned());
        }
        if core_is_there() {
            arguments.extend(["--dead-letters".to_owned(), self.dead_letters(number)]);
        }
        let mut command = siem_loader(&arguments);
        if core_is_there() && number == 0 && schedule.dead_letters == DeadLetters::FullDisk {
            command = on_full_disk(&command, &self.folder.join(kept::FOLDER));
        }
        command.current_dir(&self.folder);
        command.env("AWS_ENDPOINT_URL", &self.s3.endpoint).env("AWS_REGION", "us-east-1");
        command.env("AWS_ACCESS_KEY_ID", &self.s3.access_key);
        command.env("AWS_SECRET_ACCESS_KEY", &self.s3.secret_key);
        processes.run(command)
    }

    /// Where dead letters go in a run; what makes the first one fail is mended behind it.
    fn dead_letters(&self, number: usize) -> String {
        let folder = self.folder.join(kept::FOLDER).to_str().unwrap().to_owned();
        let bucket = format!("s3://{}/{}", self.bucket, kept::PREFIX);
        match self.schedule.dead_letters {
            DeadLetters::Folder | DeadLetters::FullDisk => folder,
            DeadLetters::Bucket | DeadLetters::DeniedBucket => bucket,
            DeadLetters::NoFolder if number == 0 => {
                let file = self.folder.join("no-folder");
                std::fs::write(&file, "a file").unwrap();
                file.join("below").to_str().unwrap().to_owned()
            }
            DeadLetters::NoFolder => folder,
        }
    }
}

/// The same command with a disk in place of a folder that has no room for a byte, or, where this user may not mount one,
/// with no room for a byte in any file.
fn on_full_disk(command: &Command, folder: &Path) -> Command {
    let mount = "mount -t tmpfs -o size=4k tmpfs \"$DISK\" && head -c 4096 /dev/zero > \"$DISK/filler\"";
    std::fs::create_dir_all(folder).unwrap();
    let try_it = ["-rm", "sh", "-c", mount];
    let possible = Command::new("unshare").args(try_it).env("DISK", folder).output();
    let mut wrapped = if possible.is_ok_and(|output| output.status.success()) {
        let mut wrapped = Command::new("unshare");
        wrapped.args(["-rm", "sh", "-c", &format!("{mount} && exec \"$@\""), "sh"]);
        wrapped
    } else {
        let mut wrapped = Command::new("sh");
        wrapped.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh"]);
        wrapped
    };
    wrapped.arg(command.get_program()).args(command.get_args()).env("DISK", folder);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    wrapped
}

/// Whether the program keeps dead letters and a ledger.
pub(crate) fn core_is_there() -> bool {
    static THERE: LazyLock<bool> =
        LazyLock::new(|| crate::program::run(&["load", "--help"]).stdout.contains("--dead-letters"));
    *THERE
}
