//! Workbenches: what a thread needs to render a piece. Their number bounds the pieces in flight.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use flate2::{Compression, write::GzEncoder};
use siem_parsers::{
    document::{ObjectContext, Rendered},
    render::Renderer,
    source::LogType,
    split::Piece,
};

use super::{
    CHUNK, Output, Settings,
    buffer::{Buffer, Pool},
    object::{Chunk, ObjectRun},
};
use crate::{error::ErrorClass, sink::Encoding};

/// One workbench: a renderer for each log type met, and buffers that keep their size.
#[derive(Debug, Default)]
pub(super) struct Bench {
    renderers: HashMap<&'static str, Renderer>,
    rendered: Rendered,
}

/// All workbenches and the pool.
pub(super) struct Shop {
    free: Receiver<Bench>,
    back: Sender<Bench>,
    benches: usize,
    /// None where one thread does everything.
    pool: Option<rayon::ThreadPool>,
    encoding: Encoding,
    buffers: Pool,
}

/// A piece on its way through the pool.
pub(super) struct Job {
    pub(super) run: Arc<ObjectRun>,
    pub(super) context: Arc<ObjectContext>,
    pub(super) number: u64,
    pub(super) piece: Piece,
    pub(super) output: Arc<dyn Output>,
    /// Where the piece's buffer goes back to.
    pub(super) pieces: Sender<Vec<u8>>,
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
        Ok(Self { free, back, benches, pool, encoding: settings.encoding, buffers: Pool::new() })
    }

    /// Renders a piece: here, or in the pool as soon as a workbench is free.
    pub(super) fn render(&self, job: Job) {
        let Ok(mut bench) = self.free.recv() else { return };
        let (back, encoding, buffers) = (self.back.clone(), self.encoding, self.buffers.clone());
        let work = move || {
            let chunks = catch_unwind(AssertUnwindSafe(|| bench.render(&job, encoding, &buffers)));
            let chunks = chunks.unwrap_or_else(|_| {
                // Nothing in the parsers panics on any input that is known. If one is found, it costs its own piece:
                // the workbench is given up, and the object is told.
                bench = Bench::default();
                let text = format!(
                    "records from byte {} of the decoded object on could not be rendered; this is a defect of \
                     siem-loader, please report it",
                    job.piece.offset
                );
                job.run.report().fail(ErrorClass::Poison, text);
                Vec::new()
            });
            let Job { run, number, output, piece, pieces, .. } = job;
            let _ = pieces.try_send(piece.bytes);
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
    fn render(&mut self, job: &Job, encoding: Encoding, buffers: &Pool) -> Vec<Chunk> {
        let Job { run, context, piece, .. } = job;
        let log_type: &'static LogType = run.log_type;
        let renderer = self.renderers.entry(log_type.name).or_insert_with(|| Renderer::new(log_type));
        let mut chunks = Vec::new();
        if self.rendered.bytes.capacity() == 0 {
            self.rendered.bytes = buffers.bytes();
        }
        renderer.render(piece, context, CHUNK, &mut self.rendered, &mut |full| {
            account(run, full);
            if !full.items.is_empty() {
                let plain = full.bytes.len();
                let bytes = match encoding {
                    Encoding::Identity => buffers.give(std::mem::replace(&mut full.bytes, buffers.bytes())),
                    Encoding::Gzip => Buffer::from(gzip(&full.bytes)),
                };
                let items = std::mem::take(&mut full.items);
                chunks.push(Chunk { run: Arc::clone(run), bytes, plain, items });
            }
            full.clear();
        });
        chunks
    }
}

/// Adds what was rendered to the object's figures.
fn account(run: &ObjectRun, rendered: &Rendered) {
    let mut report = run.report();
    report.counts.records += rendered.records();
    report.counts.rejected += rendered.problems.len() as u64;
    report.invalid_utf8 += rendered.invalid_utf8;
    for problem in &rendered.problems {
        report.problem(|| problem.to_string());
    }
    if let Some((first, last)) = rendered.span {
        report.span = Some(match report.span {
            Some((f, l)) => (f.min(first), l.max(last)),
            None => (first, last),
        });
    }
}

/// One gzip member, at the level that costs least; OpenSearch reads members one after the other.
fn gzip(plain: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 5), Compression::fast());
    // Writing to a Vec cannot fail.
    let _ = encoder.write_all(plain);
    encoder.finish().unwrap_or_default()
}
