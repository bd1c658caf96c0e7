//! Every encoding, whole and harmed.

use std::io::{self, Cursor, Read, Write};

use bzip2::write::BzEncoder;
use flate2::{Compression, write::GzEncoder};
use siem_parsers::decode::{DecodeError, Decoder, Encoding};

use crate::support::{Random, decode};

/// Gives at most `most` bytes at a time, and in the end an error, if there is one.
pub(crate) struct Slow {
    bytes: Cursor<Vec<u8>>,
    most: usize,
    error: Option<io::ErrorKind>,
}

impl Read for Slow {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let most = self.most.min(room.len());
        match self.bytes.read(&mut room[..most])? {
            0 if most > 0 => self.error.take().map_or(Ok(0), |kind| Err(kind.into())),
            count => Ok(count),
        }
    }
}

pub(crate) fn slow(bytes: &[u8], most: usize) -> Slow {
    Slow { bytes: Cursor::new(bytes.to_vec()), most, error: None }
}

pub(crate) fn failing(bytes: &[u8], error: io::ErrorKind) -> Slow {
    Slow { error: Some(error), ..slow(bytes, usize::MAX) }
}

/// Text that packs neither too well nor too badly.
pub(crate) fn text(len: usize) -> Vec<u8> {
    let mut random = Random(7);
    let words = ["eventName", "\"GetObject\"", "{", "}", ",", "arn:aws:iam::111122223333:role/", "\n"];
    let mut out = Vec::new();
    while out.len() < len {
        out.extend_from_slice(random.pick(&words).as_bytes());
        out.extend_from_slice(random.below(100_000).to_string().as_bytes());
    }
    out.truncate(len);
    out
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

pub(crate) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut packed = BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

pub(crate) fn zip(entries: &[&[u8]]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (place, entry) in entries.iter().enumerate() {
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(format!("{place}.json"), options).unwrap();
        archive.write_all(entry).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Name, stored bytes, decoded bytes.
pub(crate) fn objects(len: usize) -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let whole = text(len);
    let (a, b) = whole.split_at(len / 3);
    let cat = |parts: &[Vec<u8>]| parts.concat();
    vec![
        ("plain", whole.clone(), whole.clone()),
        ("gzip", gzip(&whole), whole.clone()),
        ("gzip of two members", cat(&[gzip(a), gzip(b)]), whole.clone()),
        ("gzip with an empty member", cat(&[gzip(a), gzip(b""), gzip(b)]), whole.clone()),
        ("gzip padded", cat(&[gzip(&whole), vec![0; 700]]), whole.clone()),
        ("gzip padded between", cat(&[gzip(a), vec![0; 3], gzip(b), vec![0; 512]]), whole.clone()),
        ("gzip of many members", whole.chunks(97).map(gzip).collect::<Vec<_>>().concat(), whole.clone()),
        ("bzip2", bzip2(&whole), whole.clone()),
        ("bzip2 of two streams", cat(&[bzip2(a), bzip2(b)]), whole.clone()),
        ("zstd", zstd(&whole), whole.clone()),
        ("zstd of two frames", cat(&[zstd(a), zstd(b)]), whole.clone()),
        ("zip", zip(&[&whole]), whole.clone()),
        ("zip of two entries", zip(&[a, b]), whole.clone()),
    ]
}

type Pack = fn(&[u8]) -> Vec<u8>;

/// Each of the encodings.
pub(crate) fn packings() -> Vec<(&'static str, Pack)> {
    fn zipped(bytes: &[u8]) -> Vec<u8> {
        zip(&[bytes])
    }
    vec![("gzip", gzip), ("bzip2", bzip2), ("zstd", zstd), ("zip", zipped)]
}

#[test]
fn every_encoding_is_decoded_whatever_the_reader_gives_at_a_time() {
    for (name, stored, decoded) in objects(5_000) {
        for (most, step) in [(1 << 20, usize::MAX), (1, usize::MAX), (100, 1), (1 << 20, 1), (7, 13), (64, 3)]
        {
            let (out, error) = decode(slow(&stored, step), most);
            assert!(error.is_none(), "{name}, {step} at a time: {error:?}");
            assert_eq!(out, decoded, "{name}, {step} at a time, {most} asked for");
        }
    }
}

#[test]
fn the_encoding_is_known_by_the_first_bytes() {
    for (name, stored, _) in objects(100) {
        let decoder = Decoder::new(slow(&stored, 1)).unwrap();
        assert_eq!(name.split(' ').next(), Some(decoder.encoding().name()), "{name}");
    }
    for other in [&b""[..], b"\x1f", b"PK", b"PK\x05\x06", b"BZh", b"BZh0", b"{", b"BZ", b"\x28\xb5\x2f"] {
        assert_eq!(Encoding::of(other), Encoding::Plain, "{other:?}");
    }
}

#[test]
fn megabytes_go_through_all_encodings() {
    for (name, stored, decoded) in objects(2_500_000) {
        if name.contains("many") {
            continue;
        }
        let (out, error) = decode(slow(&stored, 65_536), 1 << 20);
        assert!(error.is_none(), "{name}: {error:?}");
        assert!(out == decoded, "{name}");
    }
}

#[test]
fn an_empty_object_is_empty() {
    let packed = [gzip(b""), bzip2(b""), zstd(b""), zip(&[b""])];
    let twice = packed.iter().map(|inner| gzip(inner)).collect::<Vec<_>>();
    for stored in [vec![]].into_iter().chain(packed).chain(twice) {
        let (out, error) = decode(&stored[..], 1 << 20);
        assert!(out.is_empty() && error.is_none(), "{stored:?}: {error:?}");
    }
}

#[test]
fn a_read_counts_the_stored_bytes() {
    let stored = gzip(&text(1000));
    let mut decoder = Decoder::new(&stored[..]).unwrap();
    let mut out = b"kept".to_vec();
    assert_eq!(decoder.read(&mut out, 10).unwrap(), 10);
    assert_eq!(&out[..4], b"kept");
    while decoder.read(&mut out, 100).unwrap() > 0 {}
    assert_eq!(decoder.stored(), stored.len() as u64);
}

#[test]
fn a_gzip_cut_off_at_any_byte_gives_what_was_whole_and_says_where() {
    let decoded = text(900);
    let stored = gzip(&decoded);
    let mut longest = 0;
    for cut in 2..stored.len() {
        let (out, error) = decode(&stored[..cut], 1 << 20);
        assert!(decoded.starts_with(&out), "cut at {cut}");
        assert!(out.len() >= longest, "cut at {cut}: fewer bytes from more");
        longest = out.len();
        match error {
            Some(DecodeError::CutOff { encoding: "gzip", stored }) => assert_eq!(stored, cut as u64),
            other => panic!("cut at {cut}: {other:?}"),
        }
    }
    assert_eq!(longest, decoded.len(), "only the trailer is missing");
    let message = decode(&stored[..100], 10).1.unwrap().to_string();
    assert_eq!(message, "the gzip stream is cut off at byte 100 of the stored object");
}

#[test]
fn a_cut_second_member_leaves_the_first_whole() {
    let (a, b) = (text(500), text(700));
    let first = gzip(&a);
    let stored = [first.clone(), gzip(&b)].concat();
    for cut in first.len() + 1..stored.len() {
        let (out, error) = decode(slow(&stored[..cut], 1), 1 << 20);
        assert!(out.starts_with(&a) && [&a[..], &b[..]].concat().starts_with(&out), "cut at {cut}");
        assert!(matches!(error, Some(DecodeError::CutOff { .. })), "cut at {cut}: {error:?}");
    }
}

#[test]
fn a_wrong_checksum_or_length_is_corrupt_and_all_bytes_are_handed_out() {
    let decoded = text(10_000);
    let good = gzip(&decoded);
    for from_end in 1..=8 {
        let mut stored = good.clone();
        let at = stored.len() - from_end;
        stored[at] ^= 0x10;
        for most in [100, 1 << 20] {
            let (out, error) = decode(&stored[..], most);
            assert_eq!(out, decoded);
            let Some(DecodeError::Corrupt { encoding: "gzip", stored, what }) = error else {
                panic!("{error:?}")
            };
            assert!(stored <= good.len() as u64 && stored > 0 && !what.is_empty());
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_in_a_gzip_never_passes_as_the_original_in_silence() {
    let decoded = text(400);
    let good = gzip(&decoded);
    // Bytes 4 to 9 of the header are time, level and system: they say nothing about the content.
    for at in (0..good.len()).filter(|at| !(4..10).contains(at)) {
        for bit in 0..8 {
            let mut stored = good.clone();
            stored[at] ^= 1 << bit;
            let (out, error) = decode(&stored[..], 1 << 20);
            if Encoding::of(&stored) == Encoding::Gzip {
                assert!(error.is_some() || out == decoded, "byte {at} bit {bit}");
            } else {
                assert_eq!(out, stored);
            }
        }
    }
}

#[test]
fn what_was_decoded_before_a_corrupt_place_is_handed_out() {
    let decoded = text(300_000);
    let good = gzip(&decoded);
    let half = good.len() / 2;
    let (whole_before, _) = decode(&good[..half], 1 << 20);
    assert!(whole_before.len() > 100_000);
    let mut harmed = 0;
    for at in half..half + 60 {
        let mut stored = good.clone();
        for byte in &mut stored[at..at + 40] {
            *byte = 0xff;
        }
        for most in [1 << 20, 4096] {
            let (out, error) = decode(&stored[..], most);
            assert!(error.is_some());
            let same = out.iter().zip(&decoded).take_while(|(a, b)| a == b).count();
            assert!(same >= whole_before.len(), "corrupt at {at}: {same} of {} bytes", whole_before.len());
            if let Some(DecodeError::Corrupt { stored, .. }) = error {
                harmed += 1;
                assert!(stored >= at as u64, "near byte {stored}, harmed at {at}");
                assert!(stored <= good.len() as u64);
            }
        }
    }
    assert!(harmed > 60);
}

#[test]
fn bytes_behind_the_last_member_are_told_with_their_place() {
    let decoded = text(900);
    for (padding, trailing) in
        [(0, &b"{\"Records\":[]}"[..]), (0, b"x"), (40, b"garbage"), (0, b"\x1f\x8cxxxxxxxxxxxxxxx")]
    {
        let member = gzip(&decoded);
        let place = member.len() + padding;
        let stored = [&member[..], &vec![0; padding], trailing].concat();
        for most in [1 << 20, 1000, 1] {
            let (out, error) = decode(&stored[..], most);
            assert_eq!(out, decoded);
            match error {
                Some(DecodeError::TrailingBytes { encoding: "gzip", stored }) => {
                    assert_eq!(stored, place as u64);
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_reader_that_fails_is_no_cut_off_stream() {
    for (name, stored, decoded) in objects(5_000) {
        for kind in [io::ErrorKind::ConnectionReset, io::ErrorKind::UnexpectedEof, io::ErrorKind::InvalidData]
        {
            for cut in [0, 1, 5, stored.len() / 2] {
                let (out, error) = decode(failing(&stored[..cut], kind), 100);
                assert!(decoded.starts_with(&out), "{name}");
                match error {
                    Some(DecodeError::Fetch { stored, source }) => {
                        assert_eq!((stored, source.kind()), (cut as u64, kind), "{name}");
                    }
                    other => panic!("{name}, {kind:?} at {cut}: {other:?}"),
                }
            }
        }
    }
}

#[test]
fn an_interrupted_read_is_repeated() {
    struct Interrupted(Slow, bool);
    impl Read for Interrupted {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 { Err(io::ErrorKind::Interrupted.into()) } else { self.0.read(room) }
        }
    }
    for (name, stored, decoded) in objects(1_000) {
        let (out, error) = decode(Interrupted(slow(&stored, 50), false), 300);
        assert!(error.is_none() && out == decoded, "{name}: {error:?}");
    }
}

#[test]
fn other_encodings_cut_off_or_harmed_end_with_an_error_and_never_with_wrong_bytes_before_it() {
    for (name, stored, decoded) in objects(3_000) {
        if name.starts_with("gzip") || name == "plain" || name.contains("two") {
            continue;
        }
        // The directory of an archive is not needed.
        let end = if name == "zip" { stored.len() / 2 } else { stored.len() };
        for cut in 4..end {
            let (out, error) = decode(&stored[..cut], 1 << 20);
            assert!(decoded.starts_with(&out), "{name} cut at {cut}");
            assert!(error.is_some(), "{name} cut at {cut}");
        }
    }
}

#[test]
fn any_mutation_is_decoded_without_panic() {
    let mut random = Random(99);
    for (_, stored, _) in objects(600) {
        for _ in 0..150 {
            let mut harmed = stored.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(harmed.len());
                harmed[at] = random.next().to_le_bytes()[7];
            }
            harmed.truncate(random.below(stored.len() * 2));
            decode(&harmed[..], 4096);
        }
    }
}

#[test]
fn bytes_decoded_before_a_damage_are_handed_out_whatever_the_encoding() {
    let decoded = text(2_500_000);
    for (name, pack) in packings() {
        let stored = pack(&decoded);
        for most in [1 << 20, 4_096] {
            // A block of bzip2 is 100 kB here, one of zstd 128 KiB; the packing is no better than tenfold.
            let cut = stored.len() * 9 / 10;
            let (out, error) = decode(&stored[..cut], most);
            assert!(matches!(error, Some(DecodeError::CutOff { .. })), "{name}: {error:?}");
            assert!(decoded.starts_with(&out), "{name}");
            assert!(out.len() > decoded.len() * 8 / 10, "{name}: {} of {}", out.len(), decoded.len());

            let mut harmed = stored.clone();
            harmed[cut..cut + 40].fill(0xff);
            let (out, error) = decode(&harmed[..], most);
            assert!(matches!(error, Some(DecodeError::Corrupt { .. })), "{name}: {error:?}");
            let same = out.iter().zip(&decoded).take_while(|(a, b)| a == b).count();
            assert!(same > decoded.len() * 8 / 10, "{name}: {same} of {}", decoded.len());
        }
    }
}

#[test]
fn bytes_behind_bzip2_and_zstd_are_told_with_their_place() {
    let decoded = text(900);
    for (name, pack) in [("bzip2", bzip2 as Pack), ("zstd", zstd)] {
        let packed = pack(&decoded);
        let (out, error) = decode(&[&packed[..], b"{\"Records\":[]}"].concat()[..], 100);
        assert_eq!(out, decoded);
        match error {
            Some(DecodeError::TrailingBytes { encoding, stored }) => {
                assert_eq!((encoding, stored), (name, packed.len() as u64));
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn frames_of_zstd_that_are_to_be_skipped_are_skipped() {
    let skip = |number: u8| [&[0x50 + number, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"???"].concat();
    let decoded = text(900);
    for stored in [[zstd(&decoded), skip(14)], [skip(0), zstd(&decoded)]] {
        let (out, error) = decode(slow(&stored.concat(), 5), 100);
        assert!(error.is_none() && out == decoded, "{error:?}");
    }
    let error = decode(&skip(3)[..9], 100).1;
    assert!(matches!(error, Some(DecodeError::CutOff { encoding: "zstd", stored: 9 })), "{error:?}");
}

#[test]
fn a_zstd_frame_whose_checksum_is_wrong_is_corrupt_and_all_bytes_are_handed_out() {
    let decoded = text(300_000);
    let mut stored = zstd(&decoded);
    *stored.last_mut().unwrap() ^= 1;
    for most in [1_000, 1 << 20] {
        let (out, error) = decode(&stored[..], most);
        assert_eq!(out, decoded);
        let text = error.unwrap().to_string();
        assert!(
            text.starts_with("the zstd stream is corrupt") && text.ends_with("checksum is wrong"),
            "{text}"
        );
    }
}
