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
fn a_record_of_100_mb_is_left_out_and_told_and_its_neighbours_are_loaded() {
    let root = scratch();
    let mut records = events("2026", "03", 3);
    records[1]["requestParameters"]["content"] = "x".repeat(100_000_000).into();
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

/// Loads without a ledger, so that the figures are those of reading, rendering and setting aside.
fn load(root: &std::path::Path) -> Run {
    let url = crate::support::opensearch_url();
    run(&["load", root.to_str().unwrap(), "--opensearch-url", url, "--no-ledger", "--output", "json"])
}

#[test]
fn ten_million_broken_records_are_counted_and_set_aside_in_bounded_memory() {
    let root = scratch();
    let good = events("2027", "01", 2);
    let text = format!("{{\"Records\":[{},{}{}]}}", good[0], "[],".repeat(10_000_000), good[1]);
    put(&root, &key("2027", "01", "broken"), &crate::program::gzip(text.as_bytes()));
    let run = load(&root).expect_status(1);
    let [records, indexed, set_aside, unsent, peak] =
        run.figures(["records", "indexed", "dead_lettered", "unsent", "peak_rss_bytes"]);
    assert_eq!((records, indexed, set_aside, unsent), (10_000_002, 2, 10_000_000, 0));
    assert!(peak < BOUND, "peak of {peak} bytes");
}

#[test]
fn a_bomb_that_is_one_endless_line_is_left_out_and_its_neighbours_are_loaded() {
    let root = scratch();
    let row = |number: u64| {
        format!(
            "2 123456789010 eni-1235b8ca 192.0.2.{number} 198.51.100.7 20641 22 6 20 4249 1772323200 1772323260 ACCEPT OK"
        )
    };
    let path = put(
        &root,
        "AWSLogs/111122223333/vpcflowlogs/eu-central-1/2026/03/01/111122223333_vpcflowlogs_eu-central-1_fl-0123456789abcdef0_20260301T0005Z_bomb.log.gz",
        b"",
    );
    let mut out = GzEncoder::new(BufWriter::new(File::create(&path).unwrap()), Compression::best());
    let header = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
    writeln!(out, "{header}\n{}", row(1)).unwrap();
    let block = vec![b'x'; 1 << 20];
    for _ in 0..400 {
        out.write_all(&block).unwrap();
    }
    write!(out, "\n{}\n", row(2)).unwrap();
    out.finish().unwrap().flush().unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() < 500_000, "400 MiB in less than half a megabyte");
    let run = discard(&root, 1);
    let [discarded, rejected, peak] = run.figures(["discarded", "rejected", "peak_rss_bytes"]);
    assert_eq!((discarded, rejected), (2, 1));
    assert!(peak < BOUND, "peak of {peak} bytes");
}
