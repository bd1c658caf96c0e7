//! The input side: from what the user names (files, folders, `-`, `s3://bucket/prefix`) or an event names to a
//! stream of bytes. Nothing here looks into the bytes.
//!
//! Listing and reading are blocking and meant for plain threads; what talks to S3 runs on the tokio runtime behind
//! the [`Source`]. Both are bounded: a listing holds a few thousand names, a body a few MiB, however slow the
//! reader is.

mod access_table;
mod buckets;
mod denial;
mod denial_look;
mod failure;
mod key;
mod local;
mod s3;
mod s3_body;
mod s3_clients;
mod s3_error;
mod s3_objects;

use std::fmt;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crossbeam_channel::{Receiver, bounded};
use tokio::runtime::Handle;

pub use access_table::{ACCESS, AccessRow};
pub use buckets::{BUCKETS_VARIABLE, BucketAccess, BucketRules, BucketRulesError};
pub use denial::{Denial, DenialCause};
pub use failure::{FetchError, KeyProblem, Outcome};
pub use key::key_of;
pub use s3_clients::{S3Settings, aws_config};

/// Names a listing may be ahead of its reader.
const LISTING_AHEAD: usize = 1000;

/// Where the bytes of an object come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Location {
    /// A file, by the path to open.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// S3, by the bucket, key and version of the [`ObjectRef`].
    S3,
}

/// One object to load: its name in S3 terms, where its bytes are and what is known of it before it is opened.
///
/// The text form is `s3://bucket/key`, the path, or `standard input (key)`, with control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRef {
    /// The S3 key, decoded (`=` and not `%3D`).
    pub key: String,
    /// The bucket; for files the bucket they were copied from, where that is known.
    pub bucket: Option<String>,
    /// The version to read; the current one when absent.
    pub version_id: Option<String>,
    /// The ETag, without quotes.
    pub etag: Option<String>,
    /// Bytes as stored (compressed), where known.
    pub size: Option<u64>,
    /// When the object or file was last written.
    pub modified: Option<SystemTime>,
    /// How often the queue has delivered the message that names it, this time included; none where no queue did.
    pub deliveries: Option<u32>,
    /// Where the bytes come from.
    pub location: Location,
}

impl ObjectRef {
    /// An object in S3 of which only the name is known, as events give it.
    #[must_use]
    pub fn s3(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            bucket: Some(bucket.into()),
            version_id: None,
            etag: None,
            size: None,
            modified: None,
            deliveries: None,
            location: Location::S3,
        }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Location::File(path) => f.write_str(&printable(&path.to_string_lossy())),
            Location::Stdin => write!(f, "standard input ({})", printable(&self.key)),
            Location::S3 => f.write_str(&s3_place(self.bucket.as_deref().unwrap_or_default(), &self.key)),
        }
    }
}

/// How local inputs get their names.
#[derive(Debug, Clone, Default)]
pub struct FetchOptions {
    /// Keys of local files are their paths below this folder. Without it see [`key_of`].
    pub root: Option<PathBuf>,
    /// The key of standard input; also of a file, when that file is the only input.
    pub key: Option<String>,
    /// The bucket that local inputs were copied from, for the provenance of their records.
    pub bucket: Option<String>,
}

/// An open object.
pub struct Opened {
    /// The object as it was found: size, time, ETag and version of what is being read.
    pub object: ObjectRef,
    /// Its bytes as stored. Read in large pieces (1 MiB): files are not buffered. Blocks; for plain threads.
    pub body: Box<dyn Read + Send>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("object", &self.object).finish_non_exhaustive()
    }
}

/// Lists and opens objects. Cheap to clone; the S3 clients are made at the first use and shared by all clones.
#[derive(Clone)]
pub struct Source {
    inner: Arc<Inner>,
}

struct Inner {
    options: FetchOptions,
    runtime: Handle,
    s3: s3::S3,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

impl Source {
    /// A source whose S3 side takes its settings from the environment, the profile and the instance.
    /// `runtime` needs its time and network drivers.
    #[must_use]
    pub fn new(options: FetchOptions, runtime: Handle) -> Self {
        Self::with_s3(options, runtime, S3Settings::default())
    }

    /// A source with explicit settings for S3.
    #[must_use]
    pub fn with_s3(options: FetchOptions, runtime: Handle, settings: S3Settings) -> Self {
        Self { inner: Arc::new(Inner { options, runtime, s3: s3::S3::new(settings) }) }
    }

    /// The objects of all `inputs`, in the order of the inputs: files, folders with all that is below them,
    /// `-` for standard input, `s3://bucket/prefix`.
    ///
    /// Folders come sorted by name, S3 in the order of the service (UTF-8 bytes of the key). What cannot be listed
    /// is one error; the rest goes on. The listing runs in a thread of its own, at most 1,000 names ahead, and ends
    /// when the receiver is dropped.
    ///
    /// Skipped: in folders what editors and desktops leave behind (`.DS_Store`, `._*`, `Thumbs.db`, `desktop.ini`,
    /// `*~`, `.*.swp`, `.*.swo`, `.#*`, `#*#`), links to something that is listed under its own name, sockets,
    /// pipes and devices; in S3 folder markers (empty objects whose key ends in `/`). Other hidden files are loaded.
    #[must_use]
    pub fn list(&self, inputs: Vec<String>) -> Receiver<Result<ObjectRef, FetchError>> {
        let (sender, receiver) = bounded(LISTING_AHEAD);
        let source = self.clone();
        let failures = sender.clone();
        let started = std::thread::Builder::new().name("fetch-list".into()).spawn(move || {
            source.list_into(&inputs, &mut |object| match sender.send(object) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            })
        });
        if let Err(error) = started {
            // The channel is empty, so this cannot block.
            let reason = format!("cannot start a thread: {error}");
            let _ = failures.try_send(Err(FetchError::Input { input: "inputs".into(), reason }));
        }
        receiver
    }

    fn list_into(&self, inputs: &[String], emit: &mut Emit<'_>) -> ControlFlow<()> {
        let mut stdin_taken = false;
        for input in inputs {
            if input == "-" {
                emit(self.stdin(std::mem::replace(&mut stdin_taken, true)))?;
            } else if let Some(address) = input.strip_prefix("s3://") {
                self.list_s3(input, address, emit)?;
            } else {
                let only_input = inputs.len() == 1;
                local::list(Path::new(input), &self.inner.options, only_input, emit)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn stdin(&self, taken: bool) -> Result<ObjectRef, FetchError> {
        let options = &self.inner.options;
        let wrong = |reason: &str| FetchError::Input { input: "-".into(), reason: reason.into() };
        if taken {
            return Err(wrong("standard input can be read once only"));
        }
        let key = options
            .key
            .clone()
            .ok_or_else(|| wrong("standard input has no name: give its S3 key with --key"))?;
        Ok(ObjectRef { bucket: options.bucket.clone(), location: Location::Stdin, ..ObjectRef::s3("", key) })
    }

    fn list_s3(&self, input: &str, address: &str, emit: &mut Emit<'_>) -> ControlFlow<()> {
        let (bucket, prefix) = buckets::split_address(address);
        let unnamed = bucket.is_empty().then_some("no bucket named: write s3://bucket/prefix");
        if let Some(problem) = unnamed.or_else(|| buckets::arn_problem(bucket)) {
            let reason = problem.into();
            return emit(Err(FetchError::Input { input: printable(input), reason }));
        }
        s3::list(&self.inner, bucket, prefix, emit)
    }

    /// Opens the object for reading.
    ///
    /// Returns once the first bytes can be read, so an object that is missing or denied is an error here. Reading
    /// fails with an [`std::io::Error`] around a [`FetchError`], see [`FetchError::of`]; the end of a body is only
    /// reported when all of its bytes came.
    ///
    /// # Errors
    /// Why the object cannot be read.
    pub fn open(&self, object: &ObjectRef) -> Result<Box<dyn Read + Send>, FetchError> {
        self.open_described(object).map(|opened| opened.body)
    }

    /// As [`Source::open`], with what the answer tells about the object (size, time, ETag, version).
    ///
    /// # Errors
    /// Why the object cannot be read.
    pub fn open_described(&self, object: &ObjectRef) -> Result<Opened, FetchError> {
        match &object.location {
            Location::File(path) => local::open(path, object),
            Location::Stdin => Ok(Opened { object: object.clone(), body: local::stdin() }),
            Location::S3 => s3_body::open(&self.inner, object),
        }
    }
}

/// Takes the next object of a listing; `Break` ends the listing.
type Emit<'a> = dyn FnMut(Result<ObjectRef, FetchError>) -> ControlFlow<()> + 'a;

fn s3_place(bucket: &str, key: &str) -> String {
    format!("s3://{}/{}", printable(bucket), printable(key))
}

/// Whoever can write an object chooses its name: such characters in it must not reach terminals and logs.
fn printable(text: &str) -> String {
    if !text.chars().any(crate::shown::is_trick) {
        return text.to_owned();
    }
    text.chars().fold(String::with_capacity(text.len() + 8), |mut clean, c| {
        if crate::shown::is_trick(c) {
            clean.extend(c.escape_default())
        } else {
            clean.push(c)
        }
        clean
    })
}
