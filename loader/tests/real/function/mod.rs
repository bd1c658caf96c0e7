//! The program as a Lambda function.

mod encrypted;
mod interrupted;
mod invocations;
mod ministack;
mod package;
mod queue;
mod runtime_api;
mod services;
mod slow_cluster;
mod spent_time;

use serde_json::{Value, json};

/// A key as S3 writes it in a notification.
fn encoded(key: &str) -> String {
    key.replace('%', "%25").replace('+', "%2B").replace(' ', "+").replace('=', "%3D")
}

/// The event of S3 about some objects.
fn s3_event(bucket: &str, keys: &[&str]) -> Value {
    let record = |key: &&str| {
        json!({
            "eventVersion": "2.5", "eventSource": "aws:s3", "awsRegion": "us-east-1",
            "eventTime": "2026-03-01T08:05:12.345Z", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": bucket}, "object": {"key": encoded(key), "sequencer": "0065E18F1A2B3C4D5E"}},
        })
    };
    json!({"Records": keys.iter().map(record).collect::<Vec<_>>()})
}

/// A batch of a queue; the ids are `m0`, `m1` …
fn batch(bodies: &[Value]) -> Value {
    let record = |(at, body): (usize, &Value)| {
        let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
        json!({
            "messageId": format!("m{at}"), "receiptHandle": "r", "body": body, "eventSource": "aws:sqs",
            "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {},
            "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:siem-loader", "awsRegion": "us-east-1",
        })
    };
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()})
}

/// A notification of SNS as text.
fn notification(published: &Value) -> Value {
    json!({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": published.to_string()})
}

fn eventbridge(bucket: &str, key: &str) -> Value {
    json!({
        "version": "0", "detail-type": "Object Created", "source": "aws.s3", "time": "2026-03-01T08:05:12Z",
        "detail": {"version": "0", "bucket": {"name": bucket}, "object": {"key": key, "size": 5}},
    })
}
