//! Cutting never changes a document: not the size of the chunks, not that of the pieces.

use proptest::prelude::*;
use siem_parsers::split::{Limits, SplitProblem};

use crate::{
    records::record,
    support::{KEY, Loaded, cases, context_of, envelope, event, load, load_in},
};

const WHOLE: Limits = Limits { piece: usize::MAX, record: usize::MAX, records: u64::MAX };

fn loaded(bytes: &[u8], piece: usize, record: usize, chunks: &[usize]) -> Loaded {
    load_in(&context_of(KEY), bytes, Limits { piece, record, records: 7 }, chunks)
}

fn unfinished(loaded: &Loaded) -> bool {
    loaded.split.iter().any(|p| matches!(p, SplitProblem::Unfinished { .. }))
}

/// Several JSON texts with lists of records, and what may stand around them.
fn object() -> impl Strategy<Value = Vec<u8>> {
    let blank = || prop::sample::select(vec!["", " ", "\n", "\t \r\n", ""]);
    let element = prop_oneof![
        8 => record(),
        1 => prop::sample::select(vec![
            "null", "1", "-2.5e3", "\"text\"", "\"},{\"", "[]", "[{\"a\":1}]", "true", "{}", "{\"a\":}",
            "{\"a\" 1}", "{\"a\":nul}", "{\"a\":[1}]", "nonsense", "{\"\\x\":1}", "{\"a\":\"\u{1}\\\\\"}",
        ]).prop_map(str::to_owned),
    ];
    let member = prop::sample::select(vec![
        "\"digest\":\"x\"",
        "\"a\":{\"Records\":[{\"no\":1}]}",
        "\"b\":[1,\"]\",{\"Records\":1}]",
        "\"c\":null",
        "\"Record\":[{}]",
        "\"RecordsX\":[{}]",
        "\"d\":\"Records\"",
        "\"e\\\"\":\"\\\\\"",
    ]);
    let members = prop::collection::vec(member, 0..3);
    let text = (members.clone(), prop::collection::vec((element, blank(), blank()), 0..8), members, blank())
        .prop_map(|(before, elements, after, blank)| {
            let list: Vec<String> = elements.iter().map(|(e, a, b)| format!("{a}{e}{b}")).collect();
            let list = format!("\"Records\"{blank}:{blank}[{}]", list.join(","));
            let mut members: Vec<&str> = before;
            members.push(&list);
            members.extend(after);
            format!("{blank}{{{}}}{blank}", members.join(&format!(",{blank}")))
        });
    (any::<bool>(), prop::collection::vec(text, 1..3)).prop_map(|(bom, texts)| {
        format!("{}{}", if bom { "\u{feff}" } else { "" }, texts.concat()).into_bytes()
    })
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn pieces_and_chunks_never_change_what_is_loaded(
        bytes in object(),
        piece in prop_oneof![Just(1usize), 1usize..600],
        chunks in prop::collection::vec(prop_oneof![1usize..5, 1usize..200], 1..6),
    ) {
        let whole = loaded(&bytes, WHOLE.piece, WHOLE.record, &[]);
        let cut = loaded(&bytes, piece, WHOLE.record, &chunks);
        prop_assert_eq!(cut, whole);
    }

    #[test]
    fn pieces_and_chunks_never_change_what_is_loaded_of_any_text(
        bytes in "(\u{feff})?[ ]?[{]\"Records\":[\\[]?[{}\\[\\]\",:\\\\ a1]{0,200}",
        piece in 1usize..100,
        chunks in prop::collection::vec(1usize..100, 1..4),
    ) {
        let whole = loaded(bytes.as_bytes(), WHOLE.piece, WHOLE.record, &[]);
        let cut = loaded(bytes.as_bytes(), piece, WHOLE.record, &chunks);
        prop_assert_eq!(cut, whole);
    }

    #[test]
    fn a_record_limit_gives_the_same_whatever_the_pieces(
        bytes in object(),
        piece in 1usize..300,
        record in 64usize..300,
        chunks in prop::collection::vec(1usize..200, 1..4),
    ) {
        let whole = loaded(&bytes, WHOLE.piece, record, &[]);
        let cut = loaded(&bytes, piece, record, &chunks);
        prop_assert_eq!(&cut, &whole);
        // What is loaded is a part of what is loaded without a limit, under the same ordinals.
        let unlimited = loaded(&bytes, WHOLE.piece, WHOLE.record, &[]);
        for doc in &cut.docs {
            prop_assert!(unlimited.docs.contains(doc), "{:?}", doc);
        }
    }

    #[test]
    fn any_bytes_are_cut_without_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        chunk in 1usize..100,
        limit in 1usize..200,
    ) {
        let bytes = [&b"{\"Records\":["[..], &bytes].concat();
        loaded(&bytes, limit, limit, &[chunk]);
        loaded(&bytes[12..], limit, limit, &[chunk]);
    }
}

#[test]
fn an_object_cut_off_at_any_byte_gives_every_record_before() {
    let records: Vec<String> =
        (0..6).map(|n| event(&format!(r#""n":{n},"s":"}}],{{\\\"","o":{{"l":[1,{{}}]}}"#))).collect();
    let bytes = envelope(&records);
    let all = load(&bytes);
    assert_eq!(all.docs.len(), 6);
    for cut in 1..bytes.len() {
        let whole = (0..=6)
            .rev()
            .find(|&n| {
                let end = 12 + records[..n].iter().map(String::len).sum::<usize>() + n.saturating_sub(1);
                cut >= end || n == 0
            })
            .unwrap();
        for (piece, chunk) in [(1 << 20, usize::MAX), (1, 1), (100, 37)] {
            let part = loaded(&bytes[..cut], piece, 1 << 20, &[chunk]);
            assert_eq!(part.docs, all.docs[..whole], "cut at {cut}");
            assert!(unfinished(&part), "cut at {cut}: {:?}", part.split);
            let end = SplitProblem::Unfinished { offset: cut as u64 };
            assert!(part.split.contains(&end), "cut at {cut}: {:?}", part.split);
            assert!(part.problems.len() <= 1);
            for problem in &part.problems {
                assert_eq!(problem.problem.name(), "cut_off", "cut at {cut}");
                assert_eq!(problem.ordinal, whole as u64);
            }
        }
    }
}

#[test]
fn a_record_over_the_limit_is_left_out_and_its_neighbours_stay() {
    let big = event(&format!(r#""s":"{}{{[\\\"""#, "x".repeat(5000)));
    let small = |n: u32| event(&format!(r#""n":{n}"#));
    let bytes = envelope(&[small(0), big.clone(), small(2), big.clone(), big.clone(), small(5)]);
    let offset = 12 + small(0).len() as u64 + 1;
    let second = offset + big.len() as u64 + 1 + small(2).len() as u64 + 1;
    let too_large = |ordinal, offset| SplitProblem::TooLarge { ordinal, offset, limit: 1000 };
    let expected = [too_large(1, offset), too_large(3, second), too_large(4, second + big.len() as u64 + 1)];
    for (piece, chunk) in [(1 << 20, usize::MAX), (1, 1), (500, 64), (50, 777)] {
        let loaded = loaded(&bytes, piece, 1000, &[chunk]);
        assert_eq!(loaded.ordinals(), [0, 2, 5]);
        assert_eq!(loaded.split, expected);
        assert_eq!(loaded.docs[2].json()["n"], 5);
        assert!(loaded.problems.is_empty());
    }
}

#[test]
fn a_record_over_the_limit_at_the_end_of_a_cut_off_object_is_reported() {
    let big = event(&format!(r#""s":"{}"#, "x".repeat(5000)));
    let bytes = [&b"{\"Records\":["[..], event("").as_bytes(), b",", big.as_bytes()].concat();
    let loaded = loaded(&bytes, 100, 1000, &[300]);
    assert_eq!(loaded.ordinals(), [0]);
    let (ordinal, offset) = (1, 13 + event("").len() as u64);
    let end = SplitProblem::Unfinished { offset: bytes.len() as u64 };
    assert_eq!(loaded.split, [SplitProblem::TooLarge { ordinal, offset, limit: 1000 }, end]);
}

#[test]
fn a_text_over_the_limit_between_records_is_left_out() {
    let text = format!("\"{}\"", "{".repeat(3000));
    let bytes = envelope(&[event(r#""n":0"#), text, event(r#""n":1"#)]);
    let loaded = loaded(&bytes, 100, 1000, &[64]);
    assert_eq!(loaded.ordinals(), [0, 1]);
    assert!(matches!(loaded.split[..], [SplitProblem::TooLarge { .. }]), "{:?}", loaded.split);
}

#[test]
fn a_record_of_40_megabytes_is_left_out_in_bounded_memory() {
    let head = [&b"{\"Records\":["[..], event(r#""n":0"#).as_bytes(), b",{\"s\":\""].concat();
    let middle = vec![b'x'; 40 << 20];
    let bytes = [&head[..], &middle, b"\"},", event(r#""n":2"#).as_bytes(), b"]}"].concat();
    // `load_in` checks the length of the buffer after each chunk.
    let loaded = load_in(&context_of(KEY), &bytes, Limits::default(), &[1 << 20]);
    assert_eq!(loaded.ordinals(), [0, 2]);
    assert!(matches!(loaded.split[..], [SplitProblem::TooLarge { ordinal: 1, .. }]));
    let message = loaded.split[0].to_string();
    assert!(message.contains("record 1 at byte 93") && message.contains("8388608"), "{message}");
}

#[test]
fn whatever_is_no_log_has_a_message() {
    use SplitProblem::{NoRecords, NotAList, NotJson, Unfinished};
    let path = "Records";
    for (bytes, expected) in [
        (&b""[..], vec![]),
        (b" \n ", vec![]),
        (b"\xef\xbb\xbf", vec![]),
        (b"hello", vec![NotJson]),
        (b"\"Records\"", vec![NotJson]),
        (b"\x00", vec![NotJson]),
        (b"\x1f\x8b\x08", vec![NotJson]),
        (b"{}", vec![NoRecords { path }]),
        (b"{\"records\":[{}]}", vec![NoRecords { path }]),
        (b"{\"a\":{\"Records\":[{}]}}", vec![NoRecords { path }]),
        (b"{\"Records\":null}", vec![NotAList { path, offset: 11 }]),
        (b"{\"Records\":{\"a\":[1]}}", vec![NotAList { path, offset: 11 }]),
        (b"{\"Records\": \"[]\"}", vec![NotAList { path, offset: 12 }]),
        (b"{\"Records\":[]}", vec![]),
        (b"\xef\xbb\xbf{\"Records\":[]}", vec![]),
        (b"{\"Records\":[]", vec![Unfinished { offset: 13 }]),
        (b"{\"Records\":[", vec![Unfinished { offset: 12 }]),
        (b"{\"Records\":", vec![Unfinished { offset: 11 }]),
        (b"{\"Rec", vec![Unfinished { offset: 5 }]),
        (b"{", vec![Unfinished { offset: 1 }]),
    ] {
        for chunk in [usize::MAX, 1, 2] {
            let loaded = loaded(bytes, 100, 1000, &[chunk]);
            assert_eq!(loaded.split, expected, "{:?}", String::from_utf8_lossy(bytes));
            assert!(loaded.docs.is_empty() && loaded.problems.is_empty());
        }
    }
}

#[test]
fn records_behind_a_bracket_too_many_are_loaded() {
    let (a, b) = (event(r#""n":0"#), event(r#""n":1"#));
    for odd in [format!("{a}}},{b}"), format!("{a},}},{b}"), format!("}}{a},{b}"), format!("{a}}}}}}}}}{b}")]
    {
        let bytes = envelope(&[odd]);
        for piece in [1, 1 << 20] {
            let loaded = loaded(&bytes, piece, 1 << 20, &[50]);
            assert_eq!(loaded.ordinals(), [0, 1], "{}", String::from_utf8_lossy(&bytes));
            assert_eq!(loaded.problems.len(), 1);
            assert_eq!(loaded.problems[0].problem.name(), "not_an_object");
        }
    }
}

#[test]
fn what_stands_behind_a_list_and_is_no_json_is_told_once() {
    for (bytes, offset) in [
        (&br#"{"Records":[{"a":1}],{"b":2},{"c":3}]}"#[..], 21),
        (br#"{"Records":[{"a":1}]} {"b":2} junk"#, 30),
        (br#"{"Records":[{"a":1}]},{"b":2}"#, 21),
    ] {
        for chunk in [usize::MAX, 1] {
            let loaded = loaded(bytes, 100, 1000, &[chunk]);
            let told = loaded.split.iter().filter(|p| matches!(p, SplitProblem::Malformed { .. }));
            assert_eq!(told.collect::<Vec<_>>(), [&SplitProblem::Malformed { offset }]);
            assert_eq!(loaded.docs.len(), 1);
        }
    }
}

#[test]
fn several_lists_are_one_sequence_of_records() {
    let bytes = [
        envelope(&[event(r#""n":0"#)]),
        b"\n".to_vec(),
        format!(r#"{{"x":1,"Records":[{}],"Records":[{}]}}"#, event(r#""n":1"#), event(r#""n":2"#))
            .into_bytes(),
    ]
    .concat();
    let loaded = loaded(&bytes, 1, 1 << 20, &[3]);
    assert_eq!(loaded.ordinals(), [0, 1, 2]);
    assert!(loaded.docs.iter().enumerate().all(|(n, doc)| doc.json()["n"] == n));
    assert_eq!((loaded.split.len(), loaded.problems.len()), (0, 0));
}
