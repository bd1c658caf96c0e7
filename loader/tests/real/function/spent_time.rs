//! Objects that need more than one invocation, and processes that end in the middle.

use std::time::Duration;

use serde_json::Value;

use super::runtime_api::{Function, bootstrap};
use super::slow_cluster::SlowCluster;
use super::{batch, s3_event};
use crate::program::{events, key, own_month, packed};
use crate::s3_support::{self, bytes, new_bucket, put};
use crate::support::{count, node};

/// An object that is read in about twelve pieces and is large enough, as stored, to be resumed.
fn large(year: &str, month: &str) -> (usize, Vec<u8>) {
    let mut records = events(year, month, 12_000);
    for (record, noise) in records.iter_mut().zip(bytes(12_000 * 300).chunks(300)) {
        let noise: String = noise.iter().map(|byte| format!("{byte:02x}")).collect();
        record["requestParameters"]["key"] = noise.into();
    }
    (records.len(), packed(&records))
}

fn documents(year: &str, month: &str) -> u64 {
    let index = format!("log-aws-cloudtrail-{year}-{month}");
    s3_support::runtime().block_on(count(&node(), &index))
}

#[test]
fn an_object_that_needs_three_invocations_goes_on_where_it_stopped() {
    let (year, month) = own_month();
    let bucket = new_bucket();
    let (records, body) = large(&year, &month);
    assert!(body.len() > 2 << 20, "{} bytes are too few to be resumed", body.len());
    let name = key(&year, &month, "large");
    put(&bucket, &name, body);
    // Every bulk request takes a second, so that no machine is too fast for this test.
    let cluster = SlowCluster::start(Duration::from_secs(1));
    let mut command = bootstrap();
    command.env("OPENSEARCH_URL", cluster.url()).env("SIEM_LOADER_MAX_REQUESTS", "1");
    let mut function = Function::start(command);
    let message = batch(&[s3_event(&bucket, &[&name])]);
    let mut invocations = 0;
    loop {
        invocations += 1;
        assert!(invocations <= 20, "it never ends: {:#?}", function.logged("object"));
        let reply = function.invoke(&message, 6_000);
        if reply.given_back().is_empty() {
            break;
        }
    }
    let lines = function.logged("object");
    assert!(invocations >= 3, "{lines:#?}");
    assert_eq!(documents(&year, &month), records as u64);
    let sum = |name: &str| lines.iter().map(|line| line[name].as_u64().unwrap()).sum::<u64>();
    let last = lines.last().unwrap();
    assert_eq!((&last["status"], &last["records"]), (&Value::from("loaded"), &Value::from(records)));
    // Nothing that was through is sent again: the pieces of the earlier invocations are skipped, not answered with 409.
    assert!(sum("indexed") <= records as u64, "{lines:#?}");
    let again = cluster.answered();
    assert!(again <= 40, "{again} bulk requests for an object of about a dozen pieces");
}

#[test]
fn a_process_that_ends_in_the_middle_loses_and_doubles_nothing() {
    let (year, month) = own_month();
    let bucket = new_bucket();
    let (records, body) = large(&year, &month);
    let name = key(&year, &month, "killed");
    put(&bucket, &name, body);
    let cluster = SlowCluster::start(Duration::from_millis(300));
    let start = || {
        let mut command = bootstrap();
        command.env("OPENSEARCH_URL", cluster.url()).env("SIEM_LOADER_MAX_REQUESTS", "1");
        Function::start(command)
    };
    let message = batch(&[s3_event(&bucket, &[&name])]);
    let mut first = start();
    first.send(message.to_string().into_bytes(), 60_000);
    cluster.wait_for(3);
    first.kill();
    let mut second = start();
    assert_eq!(second.invoke(&message, 60_000).given_back(), [""; 0], "{:#?}", second.output());
    assert_eq!(documents(&year, &month), records as u64);
}
