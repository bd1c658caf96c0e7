//! Sending dead letters again.
//!
//! A file at a time: its letters are delivered, then the ledger is told how many are left, and then the file is replaced
//! by those that are, or removed. Each step may be done twice: documents have fixed ids, the ledger gets the number that
//! is left and not a difference, a file is replaced in one go. So it can be cut off at any instant and run again.

use chrono::{SecondsFormat, Utc};
use serde_json::value::RawValue;
use siem_parsers::{
    document::{Item, ItemKind, LOADER_VERSION, ObjectContext, Profile, Provenance, Rendered},
    render::Renderer,
    source::{self, LogType},
    split::Piece,
};

use super::{
    file::{FileError, lines},
    letter::{Kind, Letter, Packer, Reason},
    select::Selection,
    store::{Store, StoreError},
};
use crate::{
    engine::{Engine, EngineError},
    error::SinkError,
    fetch::ObjectRef,
    pipeline::{ObjectReport, Output, Replay},
};

/// Bytes of documents that are handed on at once.
const CHUNK: usize = 4 << 20;

/// What became of a file, or of many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redriven {
    /// Records that were sent again.
    pub records: u64,
    /// Of these, written.
    pub indexed: u64,
    /// In the index already.
    pub already_present: u64,
    /// Refused again, or still no document: kept with the new reason.
    pub kept: u64,
    /// Not chosen: kept as they were.
    pub left: u64,
    /// Objects that were loaded again and are through.
    pub objects: u64,
    /// Objects that are not.
    pub objects_kept: u64,
    /// Files that are gone, because nothing was left in them.
    pub files_removed: u64,
}

impl Redriven {
    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.indexed += other.indexed;
        self.already_present += other.already_present;
        self.kept += other.kept;
        self.left += other.left;
        self.objects += other.objects;
        self.objects_kept += other.objects_kept;
        self.files_removed += other.files_removed;
    }
}

/// Why a file could not be sent again. It is as it was; all of it can be sent again.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file.
    #[error("{name} {error}")]
    File {
        /// Its name.
        name: String,
        /// What is wrong with it.
        error: FileError,
    },
    /// The cluster.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// Threads.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Some documents have no outcome.
    #[error("{name}: {records} records were not delivered: {why}")]
    Undelivered {
        /// Name of the file.
        name: String,
        /// How many.
        records: u64,
        /// What was said first.
        why: String,
    },
}

/// Sends files of a store again.
#[derive(Debug)]
pub struct Redriver<'a> {
    engine: &'a Engine,
    store: &'a Store,
    selection: &'a Selection,
}

/// One file on its way.
struct File {
    redriven: Redriven,
    /// Letters that stay in it.
    rest: Packer,
    objects: Vec<ObjectRef>,
    /// The object whose letters these are.
    origin: Option<ObjectRef>,
    /// Of the object whose letters these are.
    replay: Option<Replay>,
    /// Of records that are rendered again.
    profile: Profile,
    bytes: Vec<u8>,
    items: Vec<Item>,
}

impl<'a> Redriver<'a> {
    /// Of the letters in `store` those that are selected.
    #[must_use]
    pub fn new(engine: &'a Engine, store: &'a Store, selection: &'a Selection) -> Self {
        Self { engine, store, selection }
    }

    /// Sends one file again. Blocks; for plain threads.
    ///
    /// # Errors
    /// Why it could not be done; the file is as it was.
    pub fn file(&self, name: &str) -> Result<Redriven, RedriveError> {
        let packed = self.store.read(name)?;
        let output = self.engine.output();
        let (reports, told) = crossbeam_channel::unbounded::<ObjectReport>();
        let mut file = File {
            redriven: Redriven::default(),
            rest: Packer::default(),
            objects: Vec::new(),
            origin: None,
            replay: None,
            profile: self.engine.profile(),
            bytes: Vec::new(),
            items: Vec::new(),
        };
        let read = lines(&packed, &mut |letter, line| {
            file.origin.get_or_insert_with(|| letter.object.object());
            if !self.selection.takes(letter) {
                file.redriven.left += letter.records.max(1);
                file.rest.add_line(line);
                return;
            }
            // Letters of a log that this release does not know stay for one that does.
            let log = letter.log_type.as_deref().and_then(LogType::named);
            let done = match (letter.kind, log) {
                (Kind::Object, _) => {
                    file.objects.push(letter.object.object());
                    true
                }
                (_, None) => false,
                (Kind::Document, Some(_)) => file.document(letter),
                (Kind::Record, Some(log)) => file.record(letter, log),
            };
            if !done {
                file.redriven.records += letter.records;
                file.redriven.kept += letter.records;
                file.rest.add_line(line);
                return;
            }
            if file.replay.is_none()
                && let Some(log) = log
            {
                let object = letter.object.object();
                file.replay = Some(Replay::of(object, log, self.engine.encoding(), reports.clone()));
            }
            if file.bytes.len() >= CHUNK {
                file.hand_on(&*output);
            }
        });
        file.hand_on(&*output);
        drop((file.replay.take(), reports));
        let stopped = self.engine.finish(output);
        read.map_err(|error| RedriveError::File { name: name.to_owned(), error })?;
        if let Some(error) = stopped {
            return Err(error.into());
        }
        for report in told {
            if report.counts.unsent > 0 {
                let why = report.problems.into_iter().next().unwrap_or_default();
                let records = report.counts.unsent;
                return Err(RedriveError::Undelivered { name: name.to_owned(), records, why });
            }
            file.redriven.records += report.counts.records;
            file.redriven.indexed += report.counts.indexed;
            file.redriven.already_present += report.counts.already_present;
            file.redriven.kept += report.counts.dead_lettered;
            file.rest.add_packed(&report.confirmed.letters);
        }
        self.replace(name, file)
    }

    /// Records in the other files of the same object, and whether none is about the object itself.
    fn beside(&self, name: &str) -> Result<(u64, bool), RedriveError> {
        let (mut records, mut whole) = (0, true);
        for other in self.store.beside(name, id_of(name))? {
            let packed = self.store.read(&other)?;
            let read = lines(&packed, &mut |letter, _| {
                records += letter.records;
                whole &= letter.kind != Kind::Object;
            });
            read.map_err(|error| RedriveError::File { name: other, error })?;
        }
        Ok((records, whole))
    }

    /// The objects of letters about objects, and then the file.
    fn replace(&self, name: &str, file: File) -> Result<Redriven, RedriveError> {
        let File { mut redriven, rest, objects, origin, .. } = file;
        if !objects.is_empty() {
            // What is still wrong with them is written by the engine, under the same name.
            let (sender, listed) = crossbeam_channel::unbounded();
            let asked = objects.len() as u64;
            objects.into_iter().for_each(|object| drop(sender.send(Ok(object))));
            drop(sender);
            let mut through = 0;
            let end = self.engine.run(&listed, None, &mut |report| {
                through += u64::from(report.done() && report.failure.is_none());
            })?;
            if let Some(error) = end.stopped {
                return Err(error.into());
            }
            redriven.objects = through;
            redriven.objects_kept = asked - through;
            if through < asked {
                return Ok(redriven);
            }
        }
        let runtime = self.engine.runtime();
        if let Some(ledger) = self.engine.ledger()
            && let Some(object) = origin.filter(|_| redriven.records > 0)
        {
            let id = id_of(name);
            let (beside, whole) = self.beside(name)?;
            let left = redriven.kept + redriven.left + beside;
            runtime.block_on(ledger.redriven(&object, id, left, whole))?;
        }
        let rest = rest.finish();
        if rest.is_empty() {
            runtime.block_on(self.store.remove(name))?;
            redriven.files_removed = 1;
        } else if redriven.records > 0 {
            runtime.block_on(self.store.write(name, rest))?;
        }
        Ok(redriven)
    }
}

/// The id of the object that a file is of.
fn id_of(name: &str) -> &str {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.split('-').next().unwrap_or(file)
}

impl File {
    /// The document as it was refused; whether there is one.
    fn document(&mut self, letter: &Letter<'_>) -> bool {
        for (place, lines) in letter.documents.iter().enumerate() {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(lines.action.get().as_bytes());
            self.bytes.push(b'\n');
            let source = self.bytes.len();
            self.bytes.extend_from_slice(&text_of(lines.source));
            self.bytes.push(b'\n');
            let (end, ordinal) = (self.bytes.len(), letter.ordinal.unwrap_or_default());
            // A state by itself, whose record was written: it stands for the record.
            let kind = if place == 0 { ItemKind::Record } else { ItemKind::State };
            self.items.push(Item { ordinal, start, source, end, kind });
        }
        !letter.documents.is_empty()
    }

    /// The record rendered again; whether it became something.
    fn record(&mut self, letter: &Letter<'_>, log: &'static LogType) -> bool {
        let Some(raw) = letter.raw() else { return false };
        let origin = letter.object.object();
        let provenance = Provenance {
            bucket: origin.bucket,
            key: origin.key,
            version_id: origin.version_id,
            etag: origin.etag,
            ingested: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            profile: self.profile,
        };
        let context = ObjectContext::new(&provenance, source::read_key(&provenance.key), log.name);
        let piece = Piece {
            bytes: raw.into_owned(),
            first_ordinal: letter.ordinal.unwrap_or_default(),
            offset: letter.offset.unwrap_or_default(),
            cut_off: false,
            form: letter.form(),
        };
        let (mut rendered, mut all) = (Rendered::default(), Rendered::default());
        Renderer::new(log).render(&piece, &context, usize::MAX, &mut rendered, &mut |full| {
            std::mem::swap(full, &mut all);
        });
        // Where a part of an envelope is still none, the whole letter stays; what became a document is sent.
        let base = self.bytes.len();
        self.bytes.extend_from_slice(&all.bytes);
        self.items.extend(all.items.iter().map(|item| Item {
            start: base + item.start,
            source: base + item.source,
            end: base + item.end,
            ..*item
        }));
        if let Some(problem) = all.problems.first() {
            let text = problem.problem.to_string();
            let reason =
                Reason { kind: problem.problem.name().into(), text: text.into(), status: None, field: None };
            let at = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true).into();
            let records = all.problems.len() as u64;
            let loader_version = LOADER_VERSION.into();
            let again = Letter { reason, at, records, loader_version, ..letter.clone() };
            self.redriven.records += records;
            self.redriven.kept += records;
            self.rest.add(&again);
        }
        true
    }

    fn hand_on(&mut self, output: &dyn Output) {
        if let Some(replay) = &mut self.replay
            && !self.items.is_empty()
        {
            replay.hand_on(&self.bytes, std::mem::take(&mut self.items), output);
            self.bytes.clear();
        }
    }
}

/// The bytes of a source line, which stands as a string where it is no JSON.
fn text_of(source: &RawValue) -> Vec<u8> {
    match serde_json::from_str::<String>(source.get()) {
        Ok(text) => text.into_bytes(),
        Err(_) => source.get().as_bytes().to_vec(),
    }
}
