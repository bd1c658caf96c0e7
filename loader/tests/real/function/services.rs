//! What else of MiniStack lies between S3 and the function: topics of SNS, the bus of EventBridge, S3's own way to a function.

use aws_sdk_s3::types::{
    Event, EventBridgeConfiguration, LambdaFunctionConfiguration, NotificationConfiguration,
    TopicConfiguration,
};
use serde_json::{Value, json};

use super::ministack::{call, s3};
use crate::s3_support::runtime;

/// Where a bucket sends its events.
pub(crate) enum To<'a> {
    Topic(&'a str),
    Function(&'a str),
    Bus,
}

/// A bucket that tells of each object that is created.
pub(crate) fn bucket(name: &str, to: &To<'_>) {
    let created = || Event::from("s3:ObjectCreated:*");
    let configuration = match to {
        To::Topic(arn) => NotificationConfiguration::builder().topic_configurations(
            TopicConfiguration::builder().topic_arn(*arn).events(created()).build().unwrap(),
        ),
        To::Function(arn) => NotificationConfiguration::builder().lambda_function_configurations(
            LambdaFunctionConfiguration::builder()
                .lambda_function_arn(*arn)
                .events(created())
                .build()
                .unwrap(),
        ),
        To::Bus => NotificationConfiguration::builder()
            .event_bridge_configuration(EventBridgeConfiguration::builder().build()),
    };
    runtime().block_on(async {
        s3().create_bucket().bucket(name).send().await.unwrap();
        let put = s3().put_bucket_notification_configuration().bucket(name);
        put.notification_configuration(configuration.build()).send().await.unwrap();
    });
}

fn sns(fields: &[(&str, &str)]) {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("Version", "2010-03-31").extend_pairs(fields);
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    call("sns", "POST", "/", &headers, &form.finish());
}

/// A topic, and one who hears it: a queue or a function, by its ARN. `raw` leaves SNS's wrapping away.
pub(crate) fn topic(name: &str, subscriber: &str, raw: bool) -> String {
    let arn = format!("arn:aws:sns:us-east-1:000000000000:{name}");
    sns(&[("Action", "CreateTopic"), ("Name", name)]);
    let protocol = subscriber.split(':').nth(2).unwrap();
    sns(&[
        ("Action", "Subscribe"),
        ("TopicArn", &arn),
        ("Protocol", protocol),
        ("Endpoint", subscriber),
        ("Attributes.entry.1.key", "RawMessageDelivery"),
        ("Attributes.entry.1.value", if raw { "true" } else { "false" }),
    ]);
    arn
}

fn events(action: &str, body: &Value) {
    let target = format!("AWSEvents.{action}");
    let headers = [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.1")];
    let answer = call("events", "POST", "/", &headers, &body.to_string());
    assert_eq!(answer["FailedEntryCount"].as_u64().unwrap_or(0), 0, "{answer}");
}

/// A rule that sends what happens in a bucket to a queue or a function, by its ARN.
pub(crate) fn rule(bucket: &str, target: &str) {
    let pattern = json!({"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}).to_string();
    events("PutRule", &json!({"Name": bucket, "EventPattern": pattern, "State": "ENABLED"}));
    events("PutTargets", &json!({"Rule": bucket, "Targets": [{"Id": "1", "Arn": target}]}));
}
