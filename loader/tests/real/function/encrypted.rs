//! Objects that S3 encrypts with a key of KMS. S3 decrypts what it sends, so nothing is to be done about them here, and
//! nothing may stand in their way.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ServerSideEncryption;
use serde_json::json;

use super::runtime_api::{Function, bootstrap};
use super::slow_cluster::SlowCluster;
use super::{batch, s3_event};
use crate::program::{events, key, own_month, packed};
use crate::s3_support::{FakeS3, answer, client, new_bucket, runtime};
use crate::support::{count, node};

const MINUTE: i64 = 60_000;

fn documents(year: &str, month: &str) -> u64 {
    runtime().block_on(count(&node(), &format!("log-aws-cloudtrail-{year}-{month}")))
}

/// The server of these tests encrypts for real: it answers with the key, and what it keeps is not what it was given.
#[test]
fn objects_that_are_encrypted_with_a_kms_key_are_loaded() {
    let (year, month) = own_month();
    let bucket = new_bucket();
    let records = events(&year, &month, 40);
    let keys: Vec<String> = (0..4).map(|at| key(&year, &month, &format!("kms{at}"))).collect();
    runtime().block_on(async {
        for (key, part) in keys.iter().zip(records.chunks(10)) {
            let put = client().put_object().bucket(&bucket).key(key).body(ByteStream::from(packed(part)));
            let put = put.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id("siem-logs");
            put.send().await.unwrap();
            let head = client().head_object().bucket(&bucket).key(key).send().await.unwrap();
            assert_eq!(head.server_side_encryption(), Some(&ServerSideEncryption::AwsKms));
            assert!(head.ssekms_key_id().is_some_and(|id| id.contains("siem-logs")), "{head:?}");
        }
    });
    let mut function = Function::start(bootstrap());
    let bodies: Vec<_> = keys.iter().map(|key| s3_event(&bucket, &[key])).collect();
    assert_eq!(function.invoke(&batch(&bodies), MINUTE).given_back(), [""; 0], "{:#?}", function.output());
    assert_eq!(documents(&year, &month), 40);
}

/// No server here encrypts twice (DSSE-KMS), so this one only says so, as S3 does:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
#[test]
fn an_answer_that_says_dsse_is_loaded_and_the_trace_goes_on_to_s3_and_opensearch() {
    let (year, month) = own_month();
    let body = json!({"Records": events(&year, &month, 3)}).to_string();
    let s3 = FakeS3::start(move |_| {
        let headers = [
            "x-amz-server-side-encryption: aws:kms:dsse",
            "x-amz-server-side-encryption-aws-kms-key-id: arn:aws:kms:eu-central-1:444455556666:key/1234abcd",
            "etag: \"0123456789abcdef\"",
        ];
        answer("200 OK", &headers, &body)
    });
    let cluster = SlowCluster::start(std::time::Duration::ZERO);
    let mut command = bootstrap();
    command.env("AWS_ENDPOINT_URL", format!("http://{}", s3.address)).env("OPENSEARCH_URL", cluster.url());
    let mut function = Function::start(command);
    let name = key(&year, &month, "dsse");
    let reply = function.invoke(&batch(&[s3_event("logs", &[&name])]), MINUTE);
    assert_eq!(reply.given_back(), [""; 0], "{:#?}", function.output());
    assert_eq!(documents(&year, &month), 3);

    let trace = "x-amzn-trace-id: root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700";
    let requests = s3.requests();
    assert!(!requests.is_empty());
    for head in requests.iter().map(|request| request.to_lowercase()).chain(cluster.heads()) {
        assert!(head.contains(trace), "{head}");
    }
    assert!(cluster.heads().iter().any(|head| head.starts_with("post /_bulk")), "{:#?}", cluster.heads());
}
