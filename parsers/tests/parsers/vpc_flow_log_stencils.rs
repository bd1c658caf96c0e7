//! Rows of an object that are filled into stencils are the documents that they are by themselves.

use proptest::prelude::*;
use siem_parsers::{
    document::Rendered,
    render::Renderer,
    source::vpc_flow_log,
    split::{Form, Piece},
};

use crate::support::{self, context_for};

const KEY: &str = "AWSLogs/111122223333/vpcflowlogs/eu-central-1/2024/01/02/\
111122223333_vpcflowlogs_eu-central-1_fl-0123456789abcdef0_20240102T0305Z_01234567.log.gz";

/// Among the columns are such as AWS does not know, one with an escape in its name, and one that comes twice.
const HEADERS: [&str; 3] = [
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action \
     log-status",
    "version vpc-id subnet-id instance-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr region tcp-flags type \
     flow-direction action end account-id protocol bytes traffic-path",
    "end srcaddr dstaddr bytes bytes new-column \"odd srcaddr.x @id resource-type action account-id",
];

fn rendered(
    renderer: &mut Renderer,
    header: &str,
    rows: &[String],
    first_ordinal: u64,
) -> Vec<(String, u64)> {
    let piece = Piece {
        bytes: rows.iter().flat_map(|row| [row.as_bytes(), b"\n"].concat()).collect(),
        first_ordinal,
        offset: 100,
        cut_off: false,
        form: Form::Lines(Some(header.as_bytes().into())),
    };
    let mut documents = Vec::new();
    let context = context_for(&vpc_flow_log::LOG_TYPE, KEY);
    renderer.render(&piece, &context, 1 << 20, &mut Rendered::default(), &mut |full| {
        for item in &full.items {
            assert!(full.bytes[..item.source].ends_with(b"\n"));
            let line = full.bytes[item.start..item.end].to_vec();
            documents.push((String::from_utf8(line).unwrap(), item.ordinal));
        }
        documents.extend(full.problems.iter().map(|problem| (problem.problem.to_string(), problem.ordinal)));
        full.clear();
    });
    documents
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(vec![
            "-", "10.0.0.1", "10.0.0.2", "2001:db8::1", "0", "443", "6", "17", "19", "ACCEPT", "REJECT", "IPv4",
            "unknown", "OK", "NODATA", "1704164700", "1704164701", "1706999999", "99999999999999999999", "ingress",
            "123456789012", "eni-0123456789abcdef0", "TGW", "9223372036854775807",
        ])
        .prop_map(str::to_owned),
        1 => "[!-~]{1,40}",
        1 => "\\PC{1,12}".prop_map(|text| text.split_whitespace().collect::<String>() + "x"),
    ]
}

fn row(columns: usize) -> impl Strategy<Value = String> {
    (prop::collection::vec(value(), columns..columns + 1), 0..20).prop_map(move |(mut values, odd)| {
        match odd {
            0 => drop(values.pop()),
            1 => values.push("more".to_owned()),
            _ => {}
        }
        values.join(" ")
    })
}

proptest! {
    #![proptest_config(support::cases(300))]

    #[test]
    fn a_row_is_the_same_with_a_stencil_and_without(
        (header, rows) in prop::sample::select(HEADERS.to_vec()).prop_flat_map(|header| {
            let columns = header.split_whitespace().count();
            (Just(header), prop::collection::vec(row(columns), 1..12))
        }),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 60..120),
    ) {
        // Few rows many times: each shape comes again.
        let rows: Vec<String> = picks.iter().map(|pick| pick.get(&rows).clone()).collect();
        let together = rendered(&mut Renderer::new(&vpc_flow_log::LOG_TYPE), header, &rows, 0);
        let mut apart = Vec::new();
        for (ordinal, row) in rows.iter().enumerate() {
            let mut renderer = Renderer::new(&vpc_flow_log::LOG_TYPE);
            apart.extend(rendered(&mut renderer, header, std::slice::from_ref(row), ordinal as u64));
        }
        let sorted = |mut documents: Vec<(String, u64)>| {
            documents.sort();
            documents
        };
        prop_assert_eq!(sorted(together), sorted(apart));
    }
}
