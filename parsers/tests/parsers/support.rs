//! From bytes to documents the way the loader goes.

use std::time::{Duration, Instant};

use proptest::prelude::ProptestConfig;
use serde_json::Value;
use siem_parsers::{
    decode::{DecodeError, Decoder},
    document::{ItemKind, ObjectContext, Provenance, RecordProblem, Rendered},
    render::Renderer,
    source::{self, LogType, cloudtrail},
    split::{Cut, Cutter, Form, Limits, Piece, SplitProblem},
};

use crate::strict;

/// Key of the object that most tests load; its time is 2024-01-02T03:05Z.
pub(crate) const KEY: &str = "AWSLogs/o-abcdefghij/111122223333/CloudTrail/eu-central-1/2024/01/02/\
111122223333_CloudTrail_eu-central-1_20240102T0305Z_AbCdEfGhIjKlMnOp.json.gz";

pub(crate) fn context_of(key: &str) -> ObjectContext {
    context_for(&cloudtrail::LOG_TYPE, key)
}

/// What is known of an object of a log.
pub(crate) fn context_for(log_type: &LogType, key: &str) -> ObjectContext {
    let provenance = Provenance {
        bucket: Some("aws-logs".to_owned()),
        key: key.to_owned(),
        version_id: Some("v1".to_owned()),
        etag: Some("0123456789abcdef".to_owned()),
        ingested: "2024-01-02T03:06:00Z".to_owned(),
        ..Provenance::default()
    };
    ObjectContext::new(&provenance, source::read_key(key), log_type.name)
}

/// One document with its action line, apart from where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doc {
    pub(crate) ordinal: u64,
    pub(crate) action: String,
    pub(crate) source: String,
}

impl Doc {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.source).unwrap()
    }

    pub(crate) fn action_json(&self) -> Value {
        serde_json::from_str(&self.action).unwrap()
    }

    /// What the action line says: of a record or of a state.
    pub(crate) fn target(&self) -> Value {
        let action = self.action_json();
        action.get("create").or_else(|| action.get("index")).unwrap().clone()
    }

    pub(crate) fn id(&self) -> String {
        self.target()["_id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn index(&self) -> String {
        self.target()["_index"].as_str().unwrap().to_owned()
    }
}

/// What loading an object gave.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Loaded {
    pub(crate) docs: Vec<Doc>,
    /// Current states of findings.
    pub(crate) states: Vec<Doc>,
    pub(crate) problems: Vec<RecordProblem>,
    pub(crate) split: Vec<SplitProblem>,
    pub(crate) invalid_utf8: u64,
}

impl Loaded {
    pub(crate) fn ordinals(&self) -> Vec<u64> {
        self.docs.iter().map(|d| d.ordinal).collect()
    }

    /// All but the words of problems: those of a JSON error tell of the end of a piece where there is one.
    pub(crate) fn essence(&self) -> impl PartialEq + std::fmt::Debug {
        let problems: Vec<_> = self.problems.iter().map(|p| (p.ordinal, p.offset)).collect();
        (&self.docs, &self.states, problems, &self.split, self.invalid_utf8)
    }

    /// The only document.
    pub(crate) fn one(&self) -> &Doc {
        assert_eq!((self.docs.len(), &self.problems, &self.split), (1, &vec![], &vec![]));
        &self.docs[0]
    }

    fn take(&mut self, rendered: &mut Rendered) {
        let mut at = 0;
        for item in &rendered.items {
            assert_eq!(item.start, at, "documents stand one behind the other");
            at = item.end;
            let line = |from: usize, to: usize| {
                let text = std::str::from_utf8(&rendered.bytes[from..to]).expect("UTF-8");
                let line = text.strip_suffix('\n').expect("a newline at the end");
                assert!(!line.contains(['\n', '\r']), "one line: {line:?}");
                strict::check(line.as_bytes()).unwrap_or_else(|e| panic!("{e}: {line}"));
                line.to_owned()
            };
            let list = match item.kind {
                ItemKind::Record => &mut self.docs,
                ItemKind::State => &mut self.states,
            };
            list.push(Doc {
                ordinal: item.ordinal,
                action: line(item.start, item.source),
                source: line(item.source, item.end),
            });
        }
        assert_eq!(rendered.bytes.len(), at, "nothing but documents");
        self.problems.append(&mut rendered.problems);
        self.invalid_utf8 += rendered.invalid_utf8;
        rendered.clear();
    }
}

/// Cuts and renders decoded bytes in chunks of the sizes given, and checks the bounds of the cutter.
pub(crate) fn load_in(object: &ObjectContext, bytes: &[u8], limits: Limits, chunks: &[usize]) -> Loaded {
    load_type(&cloudtrail::LOG_TYPE, object, bytes, limits, chunks)
}

/// As [`load_in`], for any log.
pub(crate) fn load_type(
    log_type: &LogType,
    object: &ObjectContext,
    bytes: &[u8],
    limits: Limits,
    chunks: &[usize],
) -> Loaded {
    let mut renderer = Renderer::new(log_type);
    let mut loaded = Loaded::default();
    let mut out = Rendered::default();
    let mut take = |cut: Cut| match cut {
        Cut::Piece(piece) => {
            assert!(!piece.bytes.is_empty());
            // The offset of a piece is where it stands in the object.
            let from = usize::try_from(piece.offset).unwrap();
            assert_eq!(
                bytes.get(from..from + piece.bytes.len()),
                Some(&piece.bytes[..]),
                "offset of a piece"
            );
            renderer.render(&piece, object, 1 << 16, &mut out, &mut |full| loaded.take(full));
        }
        Cut::Problem(problem) => loaded.split.push(problem),
    };
    let mut cutter = Cutter::new(log_type.layout, limits);
    let (mut rest, mut sizes) = (bytes, chunks.iter().copied().cycle());
    while !rest.is_empty() {
        let size = sizes.next().unwrap_or(rest.len()).clamp(1, rest.len());
        let (chunk, behind) = rest.split_at(size);
        rest = behind;
        cutter.buffer().extend_from_slice(chunk);
        cutter.advance(&mut take);
        let most = limits.record.saturating_add(limits.piece).saturating_add(512);
        assert!(cutter.buffer().len() <= most, "{} bytes are kept", cutter.buffer().len());
    }
    cutter.finish(&mut take);
    loaded
}

/// Loads decoded bytes in one go.
pub(crate) fn load(bytes: impl AsRef<[u8]>) -> Loaded {
    load_in(&context_of(KEY), bytes.as_ref(), Limits::default(), &[])
}

/// Loads one record under another key.
pub(crate) fn load_under(key: &str, record: impl AsRef<[u8]>) -> Doc {
    load_in(&context_of(key), &envelope(&[record]), Limits::default(), &[]).one().clone()
}

/// `{"Records":[…]}`
pub(crate) fn envelope<R: AsRef<[u8]>>(records: &[R]) -> Vec<u8> {
    let records: Vec<&[u8]> = records.iter().map(AsRef::as_ref).collect();
    [&b"{\"Records\":["[..], &records.join(&b","[..]), b"]}"].concat()
}

/// The document of one record.
pub(crate) fn document(record: impl AsRef<[u8]>) -> Value {
    load(envelope(&[record])).one().json()
}

/// A usual record with members in addition.
pub(crate) fn event(members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(r#"{{"eventVersion":"1.08","eventTime":"2024-01-02T03:04:05Z","eventID":"e-1"{comma}{members}}}"#)
}

/// The document of a usual record with members in addition.
pub(crate) fn document_with(members: &str) -> Value {
    document(event(members))
}

/// Renders one piece, as the cutter would hand it on. How long that took is without the checks.
pub(crate) fn render(bytes: &[u8]) -> (Loaded, Duration) {
    let piece =
        Piece { bytes: bytes.to_vec(), first_ordinal: 0, offset: 0, cut_off: false, form: Form::List };
    let (object, mut out, mut whole) = (context_of(KEY), Rendered::default(), Rendered::default());
    let mut renderer = Renderer::new(&cloudtrail::LOG_TYPE);
    let start = Instant::now();
    renderer.render(&piece, &object, usize::MAX, &mut out, &mut |full| whole = std::mem::take(full));
    let took = start.elapsed();
    let mut loaded = Loaded::default();
    loaded.take(&mut whole);
    (loaded, took)
}

/// Everything a decoder hands out in reads of `most` bytes, and the error that ends it.
pub(crate) fn decode(stored: impl std::io::Read, most: usize) -> (Vec<u8>, Option<DecodeError>) {
    let mut out = Vec::new();
    let mut decoder = match Decoder::new(stored) {
        Ok(decoder) => decoder,
        Err(error) => return (out, Some(error)),
    };
    loop {
        match decoder.read(&mut out, most) {
            Ok(0) => return (out, None),
            Ok(_) => {}
            Err(error) => {
                let before = out.len();
                assert_eq!(decoder.read(&mut out, most).unwrap_or(0), 0, "nothing comes behind an error");
                assert_eq!(out.len(), before);
                return (out, Some(error));
            }
        }
    }
}

/// Random numbers, the same in every run (xorshift64*).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 16).unwrap() % end.max(1)
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Settings of the generated tests. A failing input is printed, and becomes a named test.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}
