//! What each stage costs: the pipeline's own parts one after the other, on one thread, with its clock between them.

use crossbeam_channel::Receiver;
use siem_parsers::{
    decode::Decoder,
    document::{self, ObjectContext, Profile, Provenance, Rendered},
    render::Renderer,
    source::{self, LogType},
    split::{Cut, Cutter, Piece},
};

use super::{Error, job::Outcome};
use crate::{
    fetch::{FetchError, ObjectRef, Source},
    pipeline::{READ, Settings},
    sink::{ChunkPacker, Encoding},
    usage::thread_seconds,
};

/// Measures all stages over a listing. Parquet, which has other stages, is passed over.
pub(super) fn execute(
    listed: &Receiver<Result<ObjectRef, FetchError>>,
    source: &Source,
    profile: Profile,
) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    let settings = Settings { discard: true, ..Settings::for_threads(1) };
    for object in listed {
        let object = object.map_err(|error| Error::Run(error.to_string()))?;
        one(&object, source, &settings, profile, &mut outcome)?;
    }
    Ok(outcome)
}

/// A clock that tells the time since it was asked last.
struct Clock(f64);

impl Clock {
    fn lap(&mut self) -> f64 {
        let now = thread_seconds();
        now - std::mem::replace(&mut self.0, now)
    }
}

fn one(
    object: &ObjectRef,
    source: &Source,
    settings: &Settings,
    profile: Profile,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Run(format!("{object}: {error}"));
    let body = source.open(object).map_err(|error| failed(&error))?;
    let mut clock = Clock(thread_seconds());
    let mut decoder = Decoder::new(body).map_err(|error| failed(&error))?;
    let mut first = Vec::new();
    let mut count = decoder.read(&mut first, READ).map_err(|error| failed(&error))?;
    outcome.stages.inflate += clock.lap();
    let info = source::read_key(&object.key);
    let seen = source::recognise(&info, &first);
    let Some(log_type) = seen.log_type.and_then(LogType::named).filter(|_| seen.not_loaded.is_none()) else {
        return Ok(());
    };
    if siem_parsers::split::parquet::is_parquet(&first) {
        return Ok(());
    }
    let provenance = Provenance { key: object.key.clone(), profile, ..Provenance::default() };
    let context = ObjectContext::new(&provenance, info, log_type.name);
    let gzip = Encoding::Gzip.packer().map_err(|error| failed(&error))?;
    let zstd = Encoding::Zstd.packer().map_err(|error| failed(&error))?;
    let mut rendering = Rendering {
        renderer: Renderer::new(log_type),
        context,
        rendered: Rendered::default(),
        chunk: settings.chunk(),
        gzip,
        zstd,
        packed: Vec::new(),
    };
    let mut cutter = Cutter::new(log_type.layout, settings.limits_of(log_type.layout));
    *cutter.buffer() = first;
    outcome.objects += 1;
    let mut cuts = Vec::new();
    loop {
        clock.lap();
        cutter.advance(&mut |cut| cuts.push(cut));
        if count == 0 {
            break;
        }
        outcome.counts.bytes_in += count as u64;
        outcome.stages.cut += clock.lap();
        for cut in cuts.drain(..) {
            if let Some(piece) = rendering.piece(cut, &mut clock, outcome) {
                cutter.recycle(piece.bytes);
            }
        }
        clock.lap();
        count = decoder.read(cutter.buffer(), READ).map_err(|error| failed(&error))?;
        outcome.stages.inflate += clock.lap();
    }
    cutter.finish(&mut |cut| cuts.push(cut));
    outcome.stages.cut += clock.lap();
    for cut in cuts.drain(..) {
        rendering.piece(cut, &mut clock, outcome);
    }
    Ok(())
}

/// What renders an object.
struct Rendering {
    renderer: Renderer,
    context: ObjectContext,
    rendered: Rendered,
    chunk: usize,
    gzip: Option<ChunkPacker>,
    zstd: Option<ChunkPacker>,
    packed: Vec<u8>,
}

impl Rendering {
    /// Renders and packs a piece; gives it back for its buffer.
    fn piece(&mut self, cut: Cut, clock: &mut Clock, outcome: &mut Outcome) -> Option<Piece> {
        let Cut::Piece(piece) = cut else { return None };
        clock.lap();
        let Outcome { stages, counts, plain_bytes, .. } = outcome;
        let Self { renderer, context, rendered, chunk, gzip, zstd, packed } = self;
        renderer.render(&piece, context, *chunk, rendered, &mut |full| {
            stages.render += clock.lap();
            let records = document::records(&full.items);
            counts.records += full.records();
            counts.discarded += records;
            counts.rejected += full.records() - records;
            *plain_bytes += full.bytes.len() as u64;
            clock.lap();
            for (packer, seconds) in [(&mut *gzip, &mut stages.gzip), (zstd, &mut stages.zstd)] {
                packed.clear();
                if let Some(packer) = packer {
                    // It fails only without memory; then there are no figures to speak of.
                    let _ = packer.pack(&full.bytes, packed);
                }
                *seconds += clock.lap();
            }
            full.clear();
        });
        stages.render += clock.lap();
        Some(piece)
    }
}
