//! What was packed more than once: CloudWatch Logs through a Firehose that compresses is gzip inside gzip.

use std::io::{self, Cursor, Read};

use siem_parsers::decode::{DecodeError, Decoder, Encoding};

use crate::{
    decode::{bzip2, failing, gzip, objects, packings, slow, text, zip, zstd},
    support::{Random, decode},
};

fn names<R: Read>(decoder: &Decoder<R>) -> Vec<&'static str> {
    decoder.encodings().map(Encoding::name).collect()
}

#[test]
fn what_was_packed_twice_is_unpacked_twice() {
    for (outer, pack) in packings() {
        for (inner, stored, decoded) in objects(5_000) {
            let stored = pack(&stored);
            let twice_zip = outer == "zip" && inner.starts_with("zip");
            if twice_zip || inner == "plain" {
                continue;
            }
            let decoder = Decoder::new(&stored[..]).unwrap();
            assert_eq!(names(&decoder), [outer, inner.split(' ').next().unwrap()], "{inner} in {outer}");
            for (most, step) in [(1 << 20, usize::MAX), (1, usize::MAX), (100, 1), (7, 13)] {
                let (out, error) = decode(slow(&stored, step), most);
                assert!(error.is_none() && out == decoded, "{inner} in {outer}, {step}: {error:?}");
            }
        }
    }
}

#[test]
fn members_inside_members_are_one_stream() {
    let whole = text(6_000);
    let (a, b) = whole.split_at(2_500);
    let inner = [gzip(a), gzip(b)].concat();
    // The members of the outer layer end where they like.
    for cut in [1, 2, 3, 4, 5, 18, gzip(a).len(), gzip(a).len() + 1, inner.len() - 1] {
        let stored = [gzip(&inner[..cut]), gzip(b""), gzip(&inner[cut..])].concat();
        let (out, error) = decode(slow(&stored, 11), 700);
        assert!(error.is_none() && out == whole, "cut at {cut}: {error:?}");
    }
}

#[test]
fn three_layers_are_unpacked_and_four_are_refused_in_words() {
    let decoded = text(500);
    let three = gzip(&zstd(&gzip(&decoded)));
    assert_eq!(names(&Decoder::new(&three[..]).unwrap()), ["gzip", "zstd", "gzip"]);
    let (out, error) = decode(&three[..], 64);
    assert!(error.is_none() && out == decoded, "{error:?}");

    let refused = |stored: &[u8]| {
        let (out, error) = decode(stored, 64);
        assert!(out.is_empty(), "nothing of a packed layer is handed out");
        error.unwrap().to_string()
    };
    assert_eq!(
        refused(&bzip2(&three)),
        "the object is packed too often: gzip inside zstd inside gzip inside bzip2; 3 layers are unpacked, and one \
         zip among them"
    );
    // Each would be held as a whole.
    assert!(refused(&zip(&[&zip(&[&decoded])])).contains("too often: zip inside zip;"));
}

#[test]
fn an_inner_layer_cut_off_at_any_byte_gives_what_was_whole_and_says_which_layer() {
    let decoded = text(900);
    let inner = gzip(&decoded);
    let mut longest = 0;
    // Fewer than two bytes of it are not known as a layer.
    for cut in 2..inner.len() {
        let (out, error) = decode(&gzip(&inner[..cut])[..], 1 << 20);
        assert!(decoded.starts_with(&out) && out.len() >= longest, "cut at {cut}");
        longest = out.len();
        let Some(DecodeError::Inner { layer: 2, encoding: "gzip", outer: "gzip", byte, .. }) = &error else {
            panic!("cut at {cut}: {error:?}")
        };
        assert_eq!(*byte, cut as u64);
    }
    assert_eq!(longest, decoded.len());
    assert_eq!(
        decode(&gzip(&inner[..100])[..], 10).1.unwrap().to_string(),
        "the gzip stream inside the gzip stream (layer 2 of the object) is cut off at byte 100 of that layer"
    );
}

#[test]
fn an_outer_layer_that_is_cut_off_or_harmed_is_not_told_as_its_inner_one() {
    let decoded = text(200_000);
    let inner = gzip(&decoded);
    let stored = gzip(&inner);
    for cut in [2, 11, 20, 40, 1_000, stored.len() / 2, stored.len() - 9, stored.len() - 1] {
        let (out, error) = decode(&stored[..cut], 5_000);
        assert!(decoded.starts_with(&out), "cut at {cut}");
        assert!(
            matches!(error, Some(DecodeError::CutOff { stored, .. }) if stored == cut as u64),
            "{error:?}"
        );
    }
    let mut harmed = stored.clone();
    *harmed.last_mut().unwrap() ^= 1;
    let (out, error) = decode(&harmed[..], 5_000);
    assert!(out == decoded && matches!(error, Some(DecodeError::Corrupt { .. })), "{error:?}");

    let (out, error) = decode(failing(&stored[..stored.len() / 2], io::ErrorKind::ConnectionReset), 5_000);
    assert!(!out.is_empty() && decoded.starts_with(&out));
    assert!(matches!(error, Some(DecodeError::Fetch { .. })), "{error:?}");
}

#[test]
fn a_harmed_inner_layer_and_bytes_behind_it_are_told_with_their_place() {
    let decoded = text(10_000);
    let inner = gzip(&decoded);
    let mut harmed = inner.clone();
    let end = harmed.len() - 1;
    harmed[end] ^= 1;
    let (out, error) = decode(&zstd(&harmed)[..], 999);
    assert_eq!(out, decoded);
    let text = error.unwrap().to_string();
    let start = "the gzip stream inside the zstd stream (layer 2 of the object) is corrupt: ";
    assert!(text.starts_with(start) && text.ends_with(" of that layer"), "{text}");

    let (out, error) = decode(&gzip(&[&inner[..], b"{}"].concat())[..], 999);
    assert_eq!(out, decoded);
    let Some(DecodeError::Inner { byte, what, .. }) = error else { panic!("{error:?}") };
    assert_eq!((byte, what.as_str()), (inner.len() as u64, "is followed by bytes that are no gzip,"));
}

#[test]
fn a_layer_inside_a_layer_is_decoded_in_bounded_reads() {
    /// Counts what is asked for before the first bytes come out.
    struct Asked(Cursor<Vec<u8>>, std::rc::Rc<std::cell::Cell<usize>>);
    impl Read for Asked {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let count = self.0.read(room)?;
            self.1.set(self.1.get() + count);
            Ok(count)
        }
    }
    // Hard to pack: as large packed as it is.
    let mut random = Random(3);
    let decoded: Vec<u8> = (0..1_500_000).flat_map(|_| random.next().to_le_bytes()).collect();
    let stored = gzip(&gzip(&decoded));
    let asked = std::rc::Rc::default();
    let mut decoder = Decoder::new(Asked(Cursor::new(stored), std::rc::Rc::clone(&asked))).unwrap();
    let mut out = Vec::new();
    decoder.read(&mut out, 1000).unwrap();
    assert_eq!(out, decoded[..1000]);
    assert!(asked.get() <= 3 << 20, "{} bytes were read for 1000", asked.get());
}

#[test]
fn any_mutation_of_two_layers_is_decoded_without_panic() {
    let mut random = Random(5);
    for (_, pack) in packings() {
        for (name, stored, _) in objects(600) {
            for _ in 0..20 {
                let mut harmed = stored.clone();
                let at = random.below(harmed.len());
                harmed[at] = random.next().to_le_bytes()[7];
                let mut outer = pack(&harmed);
                if random.below(2) == 0 {
                    let at = random.below(outer.len());
                    outer[at] = random.next().to_le_bytes()[7];
                }
                let (out, error) = decode(&outer[..], 4096);
                assert!(out.len() < 1 << 24, "{name}: {error:?}");
            }
        }
    }
}
