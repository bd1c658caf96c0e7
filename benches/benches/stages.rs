//! What each stage of the hot path costs, one thread, and what other ways of reading JSON would cost.
//!
//! `cargo bench -p siem-benches --bench stages`, or `… -- render` for a part; the corpora are generated (seed 1): 5,000
//! CloudTrail events, and about as many bytes of flow logs and findings. Throughput is in decoded bytes; where bodies are
//! packed, in bytes of the body. MD5 of eight rows, which is not public, is a part of `render`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark may fail")]
#![allow(missing_docs, reason = "a program")]

use std::{
    io::{Read, Write as _},
    sync::OnceLock,
};

use divan::{Bencher, counter::BytesCount};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use siem_benches::{
    corpus::{self, Origin, Source},
    findings, flow_log,
    object::{self, Generator, Size, Stream},
    rng::Rng,
};
use siem_parsers::{
    decode::Decoder,
    document::{ObjectContext, Provenance, Rendered},
    json::{tape::Tape, text},
    render::Renderer,
    source::{self, LogType, cloudtrail, guardduty, security_hub, vpc_flow_log},
    split::{Cut, Cutter, Limits, Piece},
};

/// Bytes decoded at a time, and at which a body is handed on: those of the pipeline.
const READ: usize = 128 << 10;
const CHUNK: usize = 4 << 20;

#[derive(Clone, Copy, Debug)]
enum Log {
    CloudTrail,
    VpcFlowLogs,
    GuardDuty,
    SecurityHub,
}

const LOGS: [Log; 4] = [Log::CloudTrail, Log::VpcFlowLogs, Log::GuardDuty, Log::SecurityHub];

/// Those that are JSON.
const JSON: [Log; 3] = [Log::CloudTrail, Log::GuardDuty, Log::SecurityHub];

/// One object, before and behind each stage.
struct Corpus {
    log_type: &'static LogType,
    key: String,
    packed: Vec<u8>,
    plain: Vec<u8>,
    pieces: Vec<Piece>,
    /// Each record as delivered; none of flow logs.
    records: Vec<Vec<u8>>,
}

impl Log {
    fn corpus(self) -> &'static Corpus {
        static CORPORA: [OnceLock<Corpus>; LOGS.len()] = [const { OnceLock::new() }; LOGS.len()];
        CORPORA.get(self as usize).unwrap().get_or_init(|| match self {
            Self::CloudTrail => {
                let key = |rng: &mut _, of: Origin| {
                    object::key(rng, Stream::Events, of.account, of.region, of.begin)
                };
                Corpus::new(&cloudtrail::LOG_TYPE, 5_000, key, &mut Generator::new(1, Stream::Events))
            }
            Self::VpcFlowLogs => {
                let mut rows = flow_log::Rows::new(1, 2, corpus::single());
                Corpus::new(&vpc_flow_log::LOG_TYPE, 65_000, flow_log::key, &mut rows)
            }
            Self::GuardDuty => findings(&guardduty::LOG_TYPE, findings::Source::GuardDuty),
            Self::SecurityHub => findings(&security_hub::LOG_TYPE, findings::Source::SecurityHub),
        })
    }
}

fn findings(log_type: &'static LogType, of: findings::Source) -> Corpus {
    let key = |rng: &mut _, Origin { account, region, begin }| findings::key(rng, of, account, region, begin);
    Corpus::new(log_type, 2_700, key, &mut findings::Generator::new(1, of))
}

impl Corpus {
    fn new(
        log_type: &'static LogType,
        records: u64,
        key: impl FnOnce(&mut Rng, Origin) -> String,
        source: &mut dyn Source,
    ) -> Self {
        let key = key(&mut Rng::new(1), corpus::single());
        let (mut packed, mut plain) = (Vec::new(), Vec::new());
        corpus::file(source, &mut packed, Size::Records(records), false).unwrap();
        GzDecoder::new(packed.as_slice()).read_to_end(&mut plain).unwrap();
        let pieces = cut_up(log_type, &plain);
        let records = pieces.iter().flat_map(|piece| records_of(&piece.bytes)).collect();
        Self { log_type, key, packed, plain, pieces, records }
    }

    /// Decoded bytes.
    fn whole(&self) -> BytesCount {
        BytesCount::new(self.plain.len())
    }

    /// What renders all pieces, as often as it is called.
    fn renderer(&self) -> impl FnMut(&mut dyn FnMut(&mut Rendered)) {
        let provenance = Provenance {
            key: self.key.clone(),
            ingested: "2026-03-01T00:05:00Z".to_owned(),
            ..Provenance::default()
        };
        let context = ObjectContext::new(&provenance, source::read_key(&self.key), self.log_type.name);
        let (mut renderer, mut out) = (Renderer::new(self.log_type), Rendered::default());
        move |full| {
            for piece in &self.pieces {
                renderer.render(piece, &context, CHUNK, &mut out, full);
            }
        }
    }

    /// The first body that is handed on.
    fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        self.renderer()(&mut |full| {
            if body.is_empty() {
                body.clone_from(&full.bytes);
            }
            full.clear();
        });
        body
    }
}

fn cut_up(log_type: &LogType, plain: &[u8]) -> Vec<Piece> {
    let mut cutter = Cutter::new(log_type.layout, Limits::default());
    let mut pieces = Vec::new();
    let mut take = |cut| {
        if let Cut::Piece(piece) = cut {
            pieces.push(piece);
        }
    };
    for chunk in plain.chunks(READ) {
        cutter.buffer().extend_from_slice(chunk);
        cutter.advance(&mut take);
    }
    cutter.finish(&mut take);
    pieces
}

fn records_of(piece: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let (mut tape, mut at) = (Tape::default(), 0);
    while let Some(open) = piece.get(at..).and_then(|rest| rest.iter().position(|&b| b == b'{')) {
        let end = tape.read(piece, at + open).unwrap();
        records.push(piece.get(at + open..end).unwrap().to_vec());
        at = end;
    }
    records
}

fn main() {
    divan::main();
}

#[divan::bench(args = LOGS)]
fn inflate(bencher: Bencher, log: Log) {
    let corpus = log.corpus();
    bencher.counter(corpus.whole()).bench(|| {
        let mut decoder = Decoder::new(corpus.packed.as_slice()).unwrap();
        let mut out = Vec::with_capacity(2 * READ);
        while decoder.read(&mut out, READ).unwrap() > 0 {
            out.clear();
        }
    });
}

#[divan::bench(args = LOGS)]
fn cut(bencher: Bencher, log: Log) {
    let corpus = log.corpus();
    bencher.counter(corpus.whole()).bench(|| cut_up(corpus.log_type, &corpus.plain).len());
}

#[divan::bench(args = LOGS)]
fn render(bencher: Bencher, log: Log) {
    let corpus = log.corpus();
    let mut render = corpus.renderer();
    bencher.counter(corpus.whole()).bench_local(|| render(&mut Rendered::clear));
}

#[divan::bench(args = JSON)]
fn escape_message(bencher: Bencher, log: Log) {
    let corpus = log.corpus();
    let mut out = Vec::with_capacity(1 << 20);
    bencher.counter(corpus.whole()).bench_local(|| {
        for record in &corpus.records {
            out.clear();
            text::escape_into(&mut out, record);
        }
    });
}

#[divan::bench(args = JSON)]
fn read_own_tape(bencher: Bencher, log: Log) {
    let corpus = log.corpus();
    let mut tape = Tape::default();
    bencher.counter(corpus.whole()).bench_local(|| {
        for record in &corpus.records {
            tape.read(record, 0).unwrap();
        }
    });
}

/// At the loader's level.
#[divan::bench(args = LOGS)]
fn pack_gzip(bencher: Bencher, log: Log) {
    let body = log.corpus().body();
    bencher.counter(BytesCount::of_slice(&body)).bench(|| {
        let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 5), Compression::fast());
        encoder.write_all(&body).unwrap();
        encoder.finish().unwrap()
    });
}

/// At the loader's level.
#[divan::bench(args = LOGS)]
fn pack_zstd(bencher: Bencher, log: Log) {
    let body = log.corpus().body();
    bencher.counter(BytesCount::of_slice(&body)).bench(|| zstd::bulk::compress(&body, 1).unwrap());
}

/// With the copy of the record that it needs, since it rewrites what it reads and the record is written as delivered.
#[divan::bench]
fn read_simd_json_tape(bencher: Bencher) {
    let corpus = Log::CloudTrail.corpus();
    let mut copy = Vec::new();
    let mut buffers = simd_json::Buffers::default();
    bencher.counter(corpus.whole()).bench_local(|| {
        for record in &corpus.records {
            copy.clear();
            copy.extend_from_slice(record);
            divan::black_box(simd_json::to_tape_with_buffers(&mut copy, &mut buffers).is_ok());
        }
    });
}

#[divan::bench]
fn read_simd_json_borrowed_tree(bencher: Bencher) {
    let corpus = Log::CloudTrail.corpus();
    let mut copy = Vec::new();
    bencher.counter(corpus.whole()).bench_local(|| {
        for record in &corpus.records {
            copy.clear();
            copy.extend_from_slice(record);
            divan::black_box(simd_json::to_borrowed_value(&mut copy).is_ok());
        }
    });
}

#[divan::bench]
fn read_serde_json_value(bencher: Bencher) {
    let corpus = Log::CloudTrail.corpus();
    bencher.counter(corpus.whole()).bench(|| {
        for record in &corpus.records {
            divan::black_box(serde_json::from_slice::<serde_json::Value>(record).is_ok());
        }
    });
}
