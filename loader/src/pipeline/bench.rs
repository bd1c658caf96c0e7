//! Workbenches: what a thread needs to render a piece. Their number bounds the pieces in flight.

use std::{
    collections::HashMap,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use siem_parsers::{
    document::{ObjectContext, RecordProblem, Rendered},
    render::Renderer,
    source::LogType,
    split::Piece,
    time::Instant,
};

use super::{
    Output, READ, ROOM, Settings,
    buffer::{Buffer, Pool},
    object::{Chunk, ObjectRun, PROBLEMS_TOLD},
    track::Settled,
};
use crate::{
    dead_letter::{Kind, Letter, Packer, Reason},
    error::ErrorClass,
    sink::{ChunkPacker, Encoding},
};

/// One workbench: a renderer for each log type met, and what keeps its memory.
#[derive(Debug, Default)]
pub(super) struct Bench {
    renderers: HashMap<&'static str, Renderer>,
    rendered: Rendered,
    /// Made with the first chunk that is to be packed.
    packer: Option<ChunkPacker>,
}

/// All workbenches and the pool.
pub(super) struct Shop {
    free: Receiver<Bench>,
    back: Sender<Bench>,
    benches: usize,
    /// None where one thread does everything.
    pool: Option<rayon::ThreadPool>,
    then: Then,
    pub(super) buffers: Buffers,
}

/// Memory that goes round.
#[derive(Debug, Clone)]
pub(super) struct Buffers {
    pub(super) pieces: Pool,
    /// Chunks as they are rendered.
    plain: Pool,
    /// Packed chunks. Of the memory of each only what is written to is ever real.
    packed: Pool,
}

/// What is done with documents as soon as they are rendered.
#[derive(Debug, Clone, Copy)]
struct Then {
    /// Whenever they are this many bytes.
    chunk: usize,
    encoding: Encoding,
    discard: bool,
}

/// A piece on its way through the pool.
pub(super) struct Job {
    pub(super) run: Arc<ObjectRun>,
    pub(super) context: Arc<ObjectContext>,
    pub(super) number: u64,
    pub(super) piece: Piece,
    pub(super) output: Arc<dyn Output>,
}

impl Shop {
    pub(super) fn new(settings: &Settings) -> Result<Self, rayon::ThreadPoolBuildError> {
        let pool = if settings.threads > 1 {
            let name = |at| format!("render-{at}");
            Some(rayon::ThreadPoolBuilder::new().num_threads(settings.threads).thread_name(name).build()?)
        } else {
            None
        };
        // One piece more than threads, so that none waits for the cutter.
        let benches = if pool.is_some() { settings.threads + 1 } else { settings.readers };
        let (back, free) = bounded(benches);
        for _ in 0..benches {
            let _ = back.send(Bench::default());
        }
        let buffers = Buffers {
            // A piece ends at the first record behind its size, and bytes come in portions.
            pieces: Pool::of(settings.limits.piece + 2 * READ),
            plain: Pool::of(ROOM),
            packed: Pool::of(ROOM),
        };
        let then = Then { chunk: settings.chunk(), encoding: settings.encoding, discard: settings.discard };
        Ok(Self { free, back, benches, pool, then, buffers })
    }

    /// Renders a piece: here, or in the pool as soon as a workbench is free.
    pub(super) fn render(&self, job: Job) {
        let Ok(mut bench) = self.free.recv() else { return };
        let (back, then, buffers) = (self.back.clone(), self.then, self.buffers.clone());
        let work = move || {
            let rendered = catch_unwind(AssertUnwindSafe(|| bench.render(&job, then, &buffers)));
            let (chunks, account) = rendered.ok().and_then(Result::ok).unwrap_or_else(|| {
                // Nothing in the parsers panics on any input that is known. If one is found, it costs its own piece:
                // the workbench is given up, and the object is told.
                bench = Bench::default();
                let text = format!(
                    "records from byte {} of the decoded object on could not be rendered; this is a defect of \
                     siem-loader, please report it",
                    job.piece.offset
                );
                job.run.report().fail_as(ErrorClass::Poison, "defect", text);
                (Vec::new(), Account { defect: true, ..Account::default() })
            });
            let Job { run, number, output, piece, .. } = job;
            account.tell(&run, &piece, number, chunks.len());
            buffers.pieces.take_back(piece.bytes);
            run.order.finished(number, (chunks, bench), &*output, &back);
        };
        match &self.pool {
            Some(pool) => pool.spawn(work),
            None => work(),
        }
    }

    /// Waits until all workbenches are free.
    pub(super) fn wait(&self) {
        let all: Vec<Bench> = (0..self.benches).filter_map(|_| self.free.recv().ok()).collect();
        for bench in all {
            let _ = self.back.send(bench);
        }
    }
}

impl Bench {
    /// # Errors
    /// There is no memory to pack a chunk.
    fn render(&mut self, job: &Job, then: Then, buffers: &Buffers) -> io::Result<(Vec<Chunk>, Account)> {
        let Job { run, context, piece, number, .. } = job;
        let log_type: &'static LogType = run.log_type;
        let renderer = self.renderers.entry(log_type.name).or_insert_with(|| Renderer::new(log_type));
        if self.packer.is_none() {
            self.packer = then.encoding.packer()?;
        }
        let (mut chunks, mut account, mut packed) = (Vec::new(), Account::default(), Ok(()));
        let Buffers { plain, packed: packing, .. } = buffers;
        self.rendered.bytes = plain.bytes();
        renderer.render(piece, context, then.chunk, &mut self.rendered, &mut |full| {
            account.add(full, run, piece);
            if !full.items.is_empty() && packed.is_ok() {
                let size = full.bytes.len();
                let bytes = match &mut self.packer {
                    Some(packer) => {
                        let mut bytes = packing.bytes();
                        packed = packer.pack(&full.bytes, &mut bytes);
                        packing.give(bytes)
                    }
                    None if then.discard => Buffer::default(),
                    None => {
                        // Another one only where more of the piece may follow.
                        let next = if size < then.chunk { Vec::new() } else { plain.bytes() };
                        plain.give(std::mem::replace(&mut full.bytes, next))
                    }
                };
                let items = std::mem::take(&mut full.items);
                chunks.push(Chunk { run: Arc::clone(run), piece: *number, bytes, plain: size, items });
            }
            full.clear();
        });
        // A workbench that waits holds none.
        plain.take_back(std::mem::take(&mut self.rendered.bytes));
        packed.map(|()| (chunks, account))
    }
}

/// What is known of a piece when it is rendered. It is added to the object's figures in one go: a piece that cannot be
/// rendered counts nothing.
#[derive(Debug, Default)]
struct Account {
    records: u64,
    invalid_utf8: u64,
    problems: u64,
    /// The first problems, to be told; a piece of a mebibyte can have half a million.
    told: Vec<RecordProblem>,
    letters: Packer,
    /// The broken records of the next letter.
    group: Option<Group>,
    span: Option<(Instant, Instant)>,
    /// The piece cannot be rendered.
    defect: bool,
}

/// Broken records that share a letter: those of one envelope, or many next to one another.
#[derive(Debug)]
struct Group {
    first: RecordProblem,
    records: u64,
    end: u64,
}

/// Broken records next to one another that share a letter, where there are many: a letter is some hundred bytes, and a
/// broken record may be one.
const SHARED: u64 = 1000;

/// Broken records of a piece from which on those next to one another share letters.
const MANY: u64 = 200;

/// Bytes between two records that are next to one another: a comma, a line end, white space.
const BETWEEN: u64 = 4;

impl Account {
    fn add(&mut self, rendered: &Rendered, run: &ObjectRun, piece: &Piece) {
        self.records += rendered.records();
        self.invalid_utf8 += rendered.invalid_utf8;
        for problem in &rendered.problems {
            self.problems += 1;
            if self.told.len() < PROBLEMS_TOLD {
                self.told.push(problem.clone());
            }
            if run.keeps() {
                self.keep(problem, run, piece);
            }
        }
        self.span = earlier_and_later(self.span, rendered.span);
    }

    /// Puts a broken record to those before it, where they share a letter.
    fn keep(&mut self, problem: &RecordProblem, run: &ObjectRun, piece: &Piece) {
        let many = self.problems > MANY;
        if let Some(group) = &mut self.group {
            let envelope = (problem.offset, problem.end) == (group.first.offset, group.first.end);
            let neighbour = many
                && group.records < SHARED
                && problem.offset <= group.end + BETWEEN
                && problem.problem.name() == group.first.problem.name();
            if envelope || neighbour {
                group.records += 1;
                group.end = group.end.max(problem.end);
                return;
            }
        }
        self.write(run, piece);
        self.group = Some(Group { first: problem.clone(), records: 1, end: problem.end });
    }

    /// Writes the letter of the records that were put together.
    fn write(&mut self, run: &ObjectRun, piece: &Piece) {
        let Some(Group { first, records, end }) = self.group.take() else { return };
        let text = first.problem.to_string();
        let reason =
            Reason { kind: first.problem.name().into(), text: text.into(), status: None, field: None };
        let mut letter = Letter::new(Kind::Record, ErrorClass::Poison, reason, &run.object);
        letter.records = records;
        letter.log_type = Some(run.log_type.name.into());
        (letter.ordinal, letter.offset) = (Some(first.ordinal), Some(first.offset));
        letter.set_form(&piece.form);
        let place = |at: u64| usize::try_from(at.saturating_sub(piece.offset)).unwrap_or(usize::MAX);
        if let Some(raw) = piece.bytes.get(place(first.offset)..place(end)) {
            letter.set_raw(raw);
        }
        self.letters.add(&letter);
    }

    fn tell(mut self, run: &ObjectRun, piece: &Piece, number: u64, chunks: usize) {
        self.write(run, piece);
        let mut counts = run.set_aside(self.problems);
        counts.records = self.records;
        let mut report = run.report();
        report.counts.add(&counts);
        report.invalid_utf8 += self.invalid_utf8;
        for problem in &self.told {
            report.problem(|| problem.to_string());
        }
        report.problem_count += self.problems.saturating_sub(self.told.len() as u64);
        if let Some(first) = self.told.first() {
            report.error_type.get_or_insert_with(|| first.problem.name().to_owned());
        }
        report.span = earlier_and_later(report.span, self.span);
        drop(report);
        let (letters, defect) = (self.letters.finish(), self.defect);
        run.tracker.rendered(number, chunks, Settled { counts, letters, defect, lost: false });
    }
}

type Span = Option<(Instant, Instant)>;

fn earlier_and_later(one: Span, other: Span) -> Span {
    match (one, other) {
        (Some((first, last)), Some((f, l))) => Some((first.min(f), last.max(l))),
        (one, other) => one.or(other),
    }
}
