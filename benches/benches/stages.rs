//! What each stage of the hot path costs, one thread, and what other ways of reading JSON would cost.
//!
//! `cargo bench -p siem-benches --bench stages`; the corpus is generated (seed 1, 5,000 CloudTrail events).
//! Throughput is in decoded bytes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark may fail")]
#![allow(missing_docs, reason = "a program")]

use std::{io::Read, sync::LazyLock};

use divan::{Bencher, counter::BytesCount};
use siem_benches::object::{Generator, Size, Stream};
use siem_parsers::{
    decode::Decoder,
    document::{ObjectContext, Provenance, Rendered},
    json::{tape::Tape, text},
    render::Renderer,
    source::{self, cloudtrail},
    split::{Cut, Limits, Piece, records::RecordsCutter},
};

const KEY: &str = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/03/01/\
                   111122223333_CloudTrail_eu-central-1_20260301T0005Z_0123456789abcdef.json.gz";

static PACKED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut packed = Vec::new();
    let mut generator = Generator::new(1, Stream::Events);
    generator.file(&mut packed, Size::Records(5000), false).unwrap();
    packed
});

static PLAIN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(PACKED.as_slice()).read_to_end(&mut plain).unwrap();
    plain
});

static PIECES: LazyLock<Vec<Piece>> = LazyLock::new(|| pieces(&PLAIN));

/// Each record as delivered.
static RECORDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut records = Vec::new();
    let mut tape = Tape::default();
    for piece in PIECES.iter() {
        let mut at = 0;
        while let Some(open) = piece.bytes.get(at..).and_then(|rest| rest.iter().position(|&b| b == b'{')) {
            let end = tape.read(&piece.bytes, at + open).unwrap();
            records.push(piece.bytes.get(at + open..end).unwrap().to_vec());
            at = end;
        }
    }
    records
});

fn pieces(plain: &[u8]) -> Vec<Piece> {
    let mut cutter = RecordsCutter::new("Records", Limits::default());
    let mut pieces = Vec::new();
    let mut take = |cut| {
        if let Cut::Piece(piece) = cut {
            pieces.push(piece);
        }
    };
    for chunk in plain.chunks(256 << 10) {
        cutter.buffer().extend_from_slice(chunk);
        cutter.advance(&mut take);
    }
    cutter.finish(&mut take);
    pieces
}

fn main() {
    divan::main();
}

/// Decoded bytes of the corpus.
fn whole() -> BytesCount {
    BytesCount::new(PLAIN.len())
}

#[divan::bench]
fn inflate(bencher: Bencher) {
    bencher.counter(whole()).bench(|| {
        let mut decoder = Decoder::new(PACKED.as_slice()).unwrap();
        let mut out = Vec::with_capacity(512 << 10);
        while decoder.read(&mut out, 256 << 10).unwrap() > 0 {
            out.clear();
        }
    });
}

#[divan::bench]
fn cut(bencher: Bencher) {
    bencher.counter(whole()).bench(|| pieces(&PLAIN).len());
}

#[divan::bench]
fn render(bencher: Bencher) {
    let context = ObjectContext::new(
        &Provenance {
            key: KEY.to_owned(),
            ingested: "2026-03-01T00:05:00Z".to_owned(),
            ..Provenance::default()
        },
        source::read_key(KEY),
        "cloudtrail",
    );
    let mut renderer = Renderer::new(&cloudtrail::LOG_TYPE);
    let mut out = Rendered::default();
    bencher.counter(whole()).bench_local(|| {
        for piece in PIECES.iter() {
            renderer.render(piece, &context, 4 << 20, &mut out, &mut Rendered::clear);
        }
    });
}

#[divan::bench]
fn escape_message(bencher: Bencher) {
    let mut out = Vec::with_capacity(1 << 20);
    bencher.counter(whole()).bench_local(|| {
        for record in RECORDS.iter() {
            out.clear();
            text::escape_into(&mut out, record);
        }
    });
}

#[divan::bench]
fn read_own_tape(bencher: Bencher) {
    let mut tape = Tape::default();
    bencher.counter(whole()).bench_local(|| {
        for record in RECORDS.iter() {
            tape.read(record, 0).unwrap();
        }
    });
}

/// With the copy of the record that it needs, since it rewrites what it reads and the record is written as delivered.
#[divan::bench]
fn read_simd_json_tape(bencher: Bencher) {
    let mut copy = Vec::new();
    let mut buffers = simd_json::Buffers::default();
    bencher.counter(whole()).bench_local(|| {
        for record in RECORDS.iter() {
            copy.clear();
            copy.extend_from_slice(record);
            divan::black_box(simd_json::to_tape_with_buffers(&mut copy, &mut buffers).is_ok());
        }
    });
}

#[divan::bench]
fn read_simd_json_borrowed_tree(bencher: Bencher) {
    let mut copy = Vec::new();
    bencher.counter(whole()).bench_local(|| {
        for record in RECORDS.iter() {
            copy.clear();
            copy.extend_from_slice(record);
            divan::black_box(simd_json::to_borrowed_value(&mut copy).is_ok());
        }
    });
}

#[divan::bench]
fn read_serde_json_value(bencher: Bencher) {
    bencher.counter(whole()).bench(|| {
        for record in RECORDS.iter() {
            divan::black_box(serde_json::from_slice::<serde_json::Value>(record).is_ok());
        }
    });
}
