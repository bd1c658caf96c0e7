//! Starts this program for one run, and looks at its memory meanwhile.

use std::{
    ffi::OsString,
    io::Read,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    Error,
    job::{Job, Outcome},
};

/// The flag with which this program runs a job.
pub(crate) const JOB_FLAG: &str = "--job";

/// Between two looks at the memory of a run.
const LOOK: Duration = Duration::from_millis(10);

/// Points that are kept of a run.
const POINTS: usize = 400;

/// Starts runs.
#[derive(Debug)]
pub(crate) struct Runner {
    program: PathBuf,
    /// What this process was given: flags of the cluster and of buckets.
    arguments: Vec<OsString>,
    /// Somebody wants the program to end.
    interrupted: Arc<AtomicBool>,
}

/// A run that is over.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) outcome: Outcome,
    /// Seconds, and resident bytes.
    pub(super) memory: Vec<(f64, u64)>,
}

impl Runner {
    /// Of this program with the arguments that it was started with.
    pub(crate) fn of_this_program() -> Result<Self, Error> {
        let program = std::env::current_exe().map_err(Error::io("find this program"))?;
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&interrupted))
                .map_err(Error::io("listen to signals"))?;
        }
        Ok(Self { program, arguments: std::env::args_os().skip(1).collect(), interrupted })
    }

    /// Runs a job to its end.
    ///
    /// # Errors
    /// It could not be started, ended without an outcome, or somebody wants this program to end.
    pub(super) fn run(&self, job: &Job) -> Result<Ran, Error> {
        self.go_on()?;
        let text = serde_json::to_string(job).map_err(|error| Error::Run(error.to_string()))?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg(JOB_FLAG).arg(text).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(Error::io("start a run"))?;
        let began = Instant::now();
        let mut memory = Vec::new();
        let status = loop {
            // What it prints is one line that the pipe holds, so it never waits for this side.
            if let Some(status) = child.try_wait().map_err(Error::io("wait for a run"))? {
                break status;
            }
            if let Err(error) = self.go_on() {
                let _ = child.kill();
                let _ = child.wait();
                return Err(error);
            }
            if let Some(bytes) = resident(child.id()) {
                memory.push((began.elapsed().as_secs_f64(), bytes));
            }
            std::thread::sleep(LOOK);
        };
        let mut text = String::new();
        if let Some(mut stdout) = child.stdout.take() {
            stdout.read_to_string(&mut text).map_err(Error::io("read the outcome of a run"))?;
        }
        let outcome = serde_json::from_str(text.trim())
            .map_err(|_| Error::Run(format!("a run ended without an outcome ({status})")))?;
        let step = memory.len().div_ceil(POINTS).max(1);
        let memory = memory.into_iter().step_by(step).collect();
        Ok(Ran { outcome, memory })
    }

    fn go_on(&self) -> Result<(), Error> {
        if self.interrupted.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }
}

/// Resident bytes of a process: the second figure of `statm`, in pages.
fn resident(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
    let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * PAGE)
}

/// Bytes of a page on x86-64, and on arm64 with the kernels of AWS.
const PAGE: u64 = 4096;
