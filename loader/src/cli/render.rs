//! `siem-loader render`

use std::{
    collections::HashSet,
    fs::File,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use anyhow::{Context, bail};
use clap::Args;

use super::{InputArgs, OutputFormat, gather::gather, summary::Summary};
use crate::{
    error::ErrorClass,
    pipeline::{Chunk, ObjectRun, Output, Settings, Settled},
};

/// Arguments of `render`.
#[derive(Debug, Args)]
pub(super) struct RenderArgs {
    #[command(flatten)]
    input: InputArgs,
    /// One file an object, DIR/<key>.ndjson, instead of standard output
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// How the result is told; with documents on standard output it goes to standard error
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    output: OutputFormat,
}

/// Writes documents as lines.
#[derive(Debug)]
struct Lines {
    out_dir: Option<PathBuf>,
    bytes: AtomicU64,
    /// Files of this run.
    written: Mutex<HashSet<String>>,
    /// Standard output was closed: nobody reads any more.
    closed: AtomicBool,
}

/// The file of a key. Whoever names an object must not choose a place outside the folder.
fn path_of(dir: &Path, key: &str) -> PathBuf {
    let safe = key.split('/').map(|part| match part {
        "" | "." | ".." => "_".to_owned(),
        other => other.replace('\0', "_"),
    });
    let mut path: PathBuf = dir.to_owned();
    path.extend(safe);
    path.as_mut_os_string().push(".ndjson");
    path
}

impl Lines {
    fn write(&self, chunk: &Chunk) -> std::io::Result<()> {
        let mut text = Vec::with_capacity(chunk.bytes.len());
        for item in &chunk.items {
            item.write_line(&chunk.bytes, &mut text);
        }
        self.bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
        match chunk.run.file.get() {
            None => std::io::stdout().write_all(&text),
            Some(file) => file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&text),
        }
    }
}

impl Output for Lines {
    fn begin(&self, object: &ObjectRun) -> Result<(), String> {
        let Some(dir) = &self.out_dir else { return Ok(()) };
        let path = path_of(dir, &object.object.key);
        // Names that differ in case only are one file on some systems.
        let name = path.to_string_lossy().to_lowercase();
        if !self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(name) {
            return Err(format!("{} is the file of another object of this run already", path.display()));
        }
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| File::create(&path));
        let file = made.map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        object.file.get_or_init(|| Mutex::new(file));
        Ok(())
    }

    fn take(&self, chunk: Chunk) {
        match self.write(&chunk) {
            Ok(()) => chunk.discard(),
            Err(error) if self.out_dir.is_none() && error.kind() == ErrorKind::BrokenPipe => {
                chunk.discard();
                self.closed.store(true, Ordering::Relaxed);
            }
            Err(error) => {
                let mut report = chunk.run.report();
                report.not_delivered(ErrorClass::Configuration, chunk.records());
                report.fail(ErrorClass::Configuration, format!("documents cannot be written: {error}"));
                drop(report);
                chunk.run.settle(chunk.piece, Settled { lost: true, ..Settled::default() });
            }
        }
    }

    fn unread(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }
}

pub(super) fn run(args: RenderArgs) -> anyhow::Result<u8> {
    let runtime = super::runtime().context("cannot start the network threads")?;
    let source = args.input.source(runtime.handle());
    let mut settings = Settings::for_threads(args.input.threads());
    settings.profile = args.input.profile.profile;
    // On standard output the documents of one object follow those of the object before it.
    settings.one_by_one = args.out_dir.is_none();
    let mut summary = Summary::new(args.output);
    summary.quiet_stdout = args.out_dir.is_none();
    if let Some(dir) = &args.out_dir {
        keep_apart(dir, &args.input.paths)?;
    }
    let lines = Arc::new(Lines {
        out_dir: args.out_dir,
        bytes: AtomicU64::new(0),
        written: Mutex::default(),
        closed: AtomicBool::new(false),
    });
    let output = Arc::clone(&lines) as Arc<dyn Output>;
    let objects = source.list(args.input.paths.clone());
    gather(&objects, &source, &settings, output, &mut summary)?;
    summary.bytes_out = lines.bytes.load(Ordering::Relaxed);
    if lines.unread() { Ok(summary.status()) } else { summary.tell() }
}

/// Refuses to write into a folder that is read: a file of ours could take the place of an object.
fn keep_apart(dir: &Path, inputs: &[String]) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let real = dir.canonicalize().with_context(|| format!("cannot find {}", dir.display()))?;
    for input in inputs {
        if Path::new(input).canonicalize().is_ok_and(|input| real.starts_with(input)) {
            bail!("--out-dir {} lies in {input}, which is read; choose another folder", dir.display());
        }
    }
    Ok(())
}
