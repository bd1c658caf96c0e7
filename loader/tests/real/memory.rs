//! Memory does not grow with the object.

use std::fs::File;
use std::io::{BufWriter, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::program::{Run, events, key, put, run, scratch};

/// Bound of the peak in these tests. Bytes. A release build stays below it with an object of 2 GB as well, see
/// `benches/RESULTS.md`.
const BOUND: u64 = 100 << 20;

fn discard(root: &std::path::Path, status: i32) -> Run {
    run(&["load", "--discard", "--output", "json", root.to_str().unwrap()]).expect_status(status)
}

#[test]
fn d25_an_object_of_300_mb_is_loaded_in_under_100_mib() {
    let root = scratch();
    let path = put(&root, &key("2026", "03", "large"), b"");
    let text: Vec<String> = events("2026", "03", 500).iter().map(ToString::to_string).collect();
    let block = text.join(",");
    let mut out = GzEncoder::new(BufWriter::new(File::create(path).unwrap()), Compression::fast());
    out.write_all(b"{\"Records\":[").unwrap();
    let blocks = 300_000_000 / block.len();
    for number in 0..blocks {
        if number > 0 {
            out.write_all(b",").unwrap();
        }
        out.write_all(block.as_bytes()).unwrap();
    }
    out.write_all(b"]}").unwrap();
    out.finish().unwrap().flush().unwrap();
    let run = discard(&root, 0);
    let [records, peak] = run.figures(["records", "peak_rss_bytes"]);
    assert_eq!(records, 500 * blocks as u64);
    assert!(peak < BOUND, "peak of {peak} bytes");
}

#[test]
fn a_record_of_40_mb_is_left_out_and_told_and_its_neighbours_are_loaded() {
    let root = scratch();
    let mut records = events("2026", "03", 3);
    records[1]["requestParameters"]["content"] = "x".repeat(40_000_000).into();
    put(&root, &key("2026", "03", "giant"), &crate::program::packed(&records));
    let run = discard(&root, 1);
    assert_eq!(run.figures(["records", "discarded", "rejected"]), [3, 2, 1]);
    assert!(run.stderr.contains("record 1 at byte"), "{}", run.stderr);
    let [peak] = run.figures(["peak_rss_bytes"]);
    assert!(peak < BOUND, "peak of {peak} bytes");
}

#[test]
fn a_piece_that_is_slow_to_render_holds_up_the_pieces_behind_it_and_not_memory() {
    let root = scratch();
    let words = "Mozilla/5.0 Android Safari Chrome iPhone bot Windows NT compatible Version Mobile Opera ";
    let mut records = events("2026", "03", 150_000);
    for (number, record) in records.iter_mut().take(600).enumerate() {
        record["userAgent"] = format!("{number} {}", words.repeat(24)).into();
    }
    put(&root, &key("2026", "03", "slow"), &crate::program::packed(&records));
    let run = discard(&root, 0);
    let [discarded, peak] = run.figures(["discarded", "peak_rss_bytes"]);
    assert_eq!(discarded, 150_000);
    assert!(peak < BOUND, "peak of {peak} bytes");
}

#[test]
fn a_million_empty_records_need_no_more_memory_than_others() {
    let root = scratch();
    let text = format!("{{\"Records\":[{}{{}}]}}", "{},".repeat(999_999));
    put(&root, &key("2026", "03", "tiny"), &crate::program::gzip(text.as_bytes()));
    let run = discard(&root, 0);
    let [discarded, peak] = run.figures(["discarded", "peak_rss_bytes"]);
    assert_eq!(discarded, 1_000_000);
    assert!(peak < BOUND, "peak of {peak} bytes");
}
