//! Valid objects with bits flipped, parts moved and ends cut, through everything. The same in every run.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use siem_parsers::split::Limits;

use crate::support::{KEY, Random, context_of, decode, envelope, event, load_in};

fn seeds() -> Vec<Vec<u8>> {
    let records = [
        event(
            r#""eventName":"GetObject","eventSource":"s3.amazonaws.com","readOnly":true,"requestParameters":{"bucketName":"b","key":"a/b","Host":"h","x":[1,2.5e3,null]}"#,
        ),
        event(
            r#""userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role\/R\/s","sessionContext":{"attributes":{"mfaAuthenticated":"false"}}},"userAgent":"aws-cli\/2.0 \"q\" \u00e9"#,
        ),
        event(
            r#""insightDetails":{"insightContext":{"statistics":{"baseline":{"average":0.5}}}},"resources":[{"ARN":"a","x":{"y":[[]]}}],"eventID":"é"#,
        ),
    ];
    vec![
        envelope(&records),
        format!(
            "\u{feff}{{\n \"x\" : {{}},\n \"Records\" : [\n {} ,\n {}\n ]\n}}",
            records[0],
            event("\"a\":\n1")
        )
        .into_bytes(),
    ]
}

pub(crate) fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..=random.below(4) {
        let (at, other) = (random.below(bytes.len()), random.below(bytes.len()));
        let (from, to) = (at.min(other), at.max(other).min(at.min(other) + 40));
        match random.below(8) {
            0 | 1 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            2 if !bytes.is_empty() => bytes[at] = *random.pick(b"\"\\{}[],:\n\0\xff0e-"),
            3 => drop(bytes.drain(from..to)),
            4 => {
                let part = bytes[from..to].to_vec();
                let place = random.below(bytes.len());
                drop(bytes.splice(place..place, part));
            }
            5 => bytes.insert(at, *random.pick(b"\"\\{}[],:\t\xc3")),
            6 if random.below(4) == 0 => bytes.truncate(at),
            _ => {
                drop(bytes.splice(
                    at..at,
                    random.pick(&[&b"\\u0000"[..], b"\\\"", b"},{", b"1e999", b"]}{"]).to_vec(),
                ))
            }
        }
    }
}

#[test]
fn mutated_objects_give_valid_lines_and_no_panic() {
    let (object, seeds) = (context_of(KEY), seeds());
    let mut random = Random(0x5eed);
    let (mut docs, mut problems) = (0, 0);
    for _ in 0..4000 {
        let mut bytes = random.pick(&seeds).clone();
        mutate(&mut random, &mut bytes);
        let limits = Limits {
            piece: 1 + random.below(2000),
            record: 500 + random.below(2000),
            records: 1 + random.below(50) as u64,
        };
        let chunks = [1 + random.below(300), 1 + random.below(70)];
        let loaded = load_in(&object, &bytes, limits, &chunks);
        let whole = load_in(&object, &bytes, Limits { piece: usize::MAX, records: u64::MAX, ..limits }, &[]);
        assert_eq!(loaded, whole, "pieces of {limits:?}: {}", String::from_utf8_lossy(&bytes));
        docs += loaded.docs.len();
        problems += loaded.problems.len() + loaded.split.len();
    }
    assert!(docs > 2500 && problems > 3000, "{docs} documents, {problems} problems");
}

#[test]
fn mutated_packed_objects_give_valid_lines_and_no_panic() {
    let (object, seeds) = (context_of(KEY), seeds());
    let mut random = Random(0xdecade);
    let mut docs = 0;
    for _ in 0..1500 {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&seeds[random.below(seeds.len())]).unwrap();
        let mut stored = packed.finish().unwrap();
        let at = 10 + random.below(stored.len() - 10);
        stored[at] ^= 1 << random.below(8);
        let (bytes, _) = decode(&stored[..], 4096);
        docs += load_in(&object, &bytes, Limits::default(), &[]).docs.len();
    }
    assert!(docs > 1000, "{docs}");
}
