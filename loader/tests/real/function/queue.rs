//! The function behind its queue: notifications, batches, redelivery and dead letters are those of MiniStack.

use std::time::{Duration, Instant};

use serde_json::json;
use siem_loader::sink::Method;

use super::ministack::{Setup, Stack};
use super::services::{To, bucket, rule, topic};
use super::{eventbridge, notification, s3_event};
use crate::program::{events, gzip, key, own_month, packed};
use crate::s3_support;
use crate::support::{count, node, ok};

fn documents(index: &str) -> u64 {
    s3_support::runtime().block_on(count(&node(), index))
}

/// Objects of the ledger of a bucket, by what they came to.
fn ledger(bucket: &str, status: &str) -> u64 {
    s3_support::runtime().block_on(async {
        ok(&node(), Method::Post, "/siem-ledger-*/_refresh", None).await;
        let query = json!({"query": {"bool": {"filter": [
            {"term": {"object.bucket": bucket}}, {"term": {"object.status": status}},
        ]}}});
        ok(&node(), Method::Post, "/siem-ledger-*/_count", Some(query)).await["count"].as_u64().unwrap()
    })
}

/// How many objects are faulty in each of five ways.
const FAULTY: usize = 20;

#[test]
fn of_a_thousand_objects_the_good_are_loaded_and_each_faulty_one_is_accounted_for() {
    let (year, month) = own_month();
    let stack = Stack::new(Setup {
        timeout: 30,
        visibility: 30,
        receives: 2,
        concurrency: 4,
        environment: vec![("SIEM_LOADER_DEAD_LETTERS", "s3://letters/function".to_owned())],
    });
    Stack::make_bucket("letters");
    let records = events(&year, &month, 1_800);
    let mut objects: Vec<(String, Vec<u8>)> = records
        .chunks(2)
        .enumerate()
        .map(|(at, two)| (key(&year, &month, &format!("good {at}+%")), packed(two)))
        .collect();
    assert_eq!(objects.len(), 900);
    for at in 0..FAULTY {
        let name = |kind: &str| key(&year, &month, &format!("{kind}{at}"));
        let one = json!({"Records": events(&year, &month, 1)}).to_string();
        let broken = one.strip_suffix("]}").unwrap().to_owned() + ",{\"eventID\": no}]}";
        let whole = packed(&events(&year, &month, 50));
        objects.push((name("cut"), whole[..whole.len() / 2].to_vec()));
        objects.push((name("broken"), gzip(broken.as_bytes())));
        objects.push((format!("nothing/known/{at}.bin"), vec![7; 100]));
        // Named and not there; and no event at all.
        stack.send(&s3_event(&stack.bucket, &[&name("gone")]).to_string());
        stack.send("this is not JSON");
    }
    // One process ends in the middle of its work: its batch comes again.
    let killer = stack.kill_one_process();
    stack.put(objects);
    stack.wait_until_empty(Duration::from_secs(150));
    assert!(killer.join().unwrap(), "no process was met");

    // Of the objects that are cut off the records before the cut are loaded too.
    let index = format!("log-aws-cloudtrail-{year}-{month}");
    let cut = documents(&index).checked_sub(1_800 + FAULTY as u64).expect("no good record is missing");
    assert!(cut <= 50 * FAULTY as u64, "{cut}");
    assert_eq!(stack.dead_messages(), FAULTY as u64, "the messages that are not JSON, and no others");
    for (status, objects) in
        [("loaded", 900), ("truncated", 20), ("partial", 20), ("unrecognised", 20), ("gone", 20)]
    {
        assert_eq!(ledger(&stack.bucket, status), objects, "{status}");
    }
    let letters = Stack::keys("letters", "function/");
    assert!(letters.len() >= 3 * FAULTY, "{} files of dead letters", letters.len());
}

#[test]
fn every_wrapping_arrives_through_a_queue_and_directly() {
    let (year, month) = own_month();
    let stack =
        Stack::new(Setup { timeout: 30, visibility: 30, receives: 2, concurrency: 2, environment: vec![] });
    let records = events(&year, &month, 8);
    let keys: Vec<String> = (0..8).map(|at| key(&year, &month, &format!("wrapped {at}+%2B日"))).collect();
    // Put into another bucket, so that no notification loads them.
    let source = format!("{}-source", stack.bucket);
    Stack::make_bucket(&source);
    for (key, record) in keys.iter().zip(records.chunks(1)) {
        Stack::put_in(&source, key, packed(record));
    }
    let bucket = source.as_str();
    stack.send(&s3_event(bucket, &[&keys[0]]).to_string());
    stack.send(&notification(&s3_event(bucket, &[&keys[1]])).to_string());
    stack.send(&eventbridge(bucket, &keys[2]).to_string());
    stack.send(&json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": bucket}).to_string());
    stack.send(
        &json!({"siem": {"start_number": 1}, "s3": {"bucket": {"name": bucket}, "object": {"key": keys[3]}}})
            .to_string(),
    );
    stack.send(&json!({"siem_loader": {"load": [{"bucket": bucket, "key": keys[4]}]}}).to_string());
    let done = json!({"objects": 1, "ignored": 0});
    assert_eq!(stack.invoke(&s3_event(bucket, &[&keys[5]])), done);
    let sns =
        json!({"Records": [{"EventSource": "aws:sns", "Sns": notification(&s3_event(bucket, &[&keys[6]]))}]});
    assert_eq!(stack.invoke(&sns), done);
    assert_eq!(stack.invoke(&eventbridge(bucket, &keys[7])), done);
    let failed = stack.invoke(&s3_event(bucket, &["AWSLogs/gone.json.gz"]));
    assert_eq!(failed["errorType"], "ObjectsNotLoaded", "{failed}");

    stack.wait_until_empty(Duration::from_secs(60));
    assert_eq!(documents(&format!("log-aws-cloudtrail-{year}-{month}")), 8);
    assert_eq!(stack.dead_messages(), 0);
}

/// Every one of these events is MiniStack's own, from the object that is put to the function that is started.
#[test]
fn what_s3_sends_through_topics_and_the_bus_is_loaded() {
    let (year, month) = own_month();
    let stack =
        Stack::new(Setup { timeout: 30, visibility: 30, receives: 2, concurrency: 2, environment: vec![] });
    let name = |route: &str| format!("{}-{route}", stack.bucket);
    let (queue, function) = (stack.queue_arn.as_str(), stack.function_arn.as_str());
    let routes = ["topic", "raw", "topic-direct", "bus", "bus-direct", "direct"];
    bucket(&name("topic"), &To::Topic(&topic(&name("topic"), queue, false)));
    bucket(&name("raw"), &To::Topic(&topic(&name("raw"), queue, true)));
    bucket(&name("topic-direct"), &To::Topic(&topic(&name("topic-direct"), function, false)));
    rule(&name("bus"), queue);
    bucket(&name("bus"), &To::Bus);
    rule(&name("bus-direct"), function);
    bucket(&name("bus-direct"), &To::Bus);
    bucket(&name("direct"), &To::Function(function));
    let records = events(&year, &month, routes.len());
    for (route, record) in routes.iter().zip(records.chunks(1)) {
        Stack::put_in(&name(route), &key(&year, &month, &format!("{route} +%2B日")), packed(record));
    }

    // Nobody waits for an invocation that goes past the queue.
    let missing =
        || -> Vec<&str> { routes.into_iter().filter(|route| ledger(&name(route), "loaded") != 1).collect() };
    let end = Instant::now() + Duration::from_secs(60);
    while !missing().is_empty() {
        assert!(Instant::now() < end, "not loaded: {:?}, dead: {}", missing(), stack.dead_messages());
        std::thread::sleep(Duration::from_millis(500));
    }
    stack.wait_until_empty(Duration::from_secs(30));
    assert_eq!(documents(&format!("log-aws-cloudtrail-{year}-{month}")), routes.len() as u64);
    assert_eq!(stack.dead_messages(), 0);
}
