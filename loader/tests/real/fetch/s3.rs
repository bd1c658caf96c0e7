//! A real S3 server; made-up answers only where no server here gives them.

use std::io::Read;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_sdk_s3::types::{BucketVersioningStatus, ServerSideEncryption, VersioningConfiguration};
use siem_loader::error::ErrorClass;
use siem_loader::fetch::{FetchError, FetchOptions, ObjectRef, S3Settings, Source};

use crate::s3_support::{
    CutProxy, FakeS3, TestS3, answer, bytes, client, error_answer, new_bucket, put, runtime, sdk_config,
    server,
};

fn list(source: &Source, address: &str) -> Vec<Result<ObjectRef, FetchError>> {
    source.list(vec![address.to_owned()]).iter().collect()
}

fn keys(listed: Vec<Result<ObjectRef, FetchError>>) -> Vec<String> {
    listed.into_iter().map(|object| object.unwrap().key).collect()
}

fn read(source: &Source, object: &ObjectRef) -> Result<Vec<u8>, FetchError> {
    let mut content = Vec::new();
    match source.open(object)?.read_to_end(&mut content) {
        Ok(_) => Ok(content),
        Err(error) => Err(FetchError::of(&error).expect("a fetch error inside").clone()),
    }
}

fn open_error(source: &Source, bucket: &str, key: &str) -> FetchError {
    source.open(&ObjectRef::s3(bucket, key)).err().expect("cannot be opened")
}

#[test]
fn a_listing_goes_over_all_pages() {
    let bucket = new_bucket();
    let mut expected: Vec<String> = (0..1_050).map(|number| format!("AWSLogs/{number:04}.gz")).collect();
    runtime().block_on(async {
        let client = client();
        for few in expected.chunks(50) {
            let puts: Vec<_> = few
                .iter()
                .map(|key| {
                    tokio::spawn(client.put_object().bucket(&bucket).key(key).body(vec![1].into()).send())
                })
                .collect();
            for put in puts {
                put.await.unwrap().unwrap();
            }
        }
    });
    put(&bucket, "other/x.gz", "x");
    assert_eq!(keys(list(&server().source(), &format!("s3://{bucket}/AWSLogs/"))), expected);

    let settings = S3Settings { page_size: Some(7), ..server().settings() };
    let small_pages = Source::with_s3(FetchOptions::default(), runtime().handle().clone(), settings);
    expected.push("other/x.gz".into());
    assert_eq!(keys(list(&small_pages, &format!("s3://{bucket}"))), expected);
}

#[test]
fn an_object_of_a_listing_has_size_time_and_etag_and_opens() {
    let bucket = new_bucket();
    put(&bucket, "AWSLogs/a.gz", "four");
    let source = server().source();
    let object = list(&source, &format!("s3://{bucket}/AWSLogs/")).remove(0).unwrap();
    assert_eq!((object.size, object.bucket.as_deref()), (Some(4), Some(bucket.as_str())));
    assert!(object.modified.unwrap().elapsed().unwrap() < Duration::from_secs(600));
    assert!(object.etag.as_deref().unwrap().bytes().all(|b| b.is_ascii_hexdigit()), "{object:?}");
    assert_eq!(object.to_string(), format!("s3://{bucket}/AWSLogs/a.gz"));
    let opened = source.open_described(&ObjectRef::s3(&bucket, "AWSLogs/a.gz")).unwrap().object;
    assert_eq!((opened.size, opened.etag), (object.size, object.etag.clone()));
    assert_eq!(read(&source, &object).unwrap(), b"four");
}

#[test]
fn odd_keys_are_listed_and_read_as_they_are() {
    let bucket = new_bucket();
    let odd = ["a b+c%20d/日本.gz", "aws-account-id=1/year=2026/a.gz", "k&<>\"'?#.gz", "é~(!)*.gz"];
    for key in odd {
        put(&bucket, key, key);
    }
    let source = server().source();
    let mut listed: Vec<ObjectRef> =
        list(&source, &format!("s3://{bucket}/")).into_iter().map(Result::unwrap).collect();
    listed.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(listed.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), odd);
    for object in listed {
        assert_eq!(read(&source, &object).unwrap(), object.key.as_bytes());
    }
}

#[test]
fn a_prefix_that_is_a_key_means_that_object_only() {
    let bucket = new_bucket();
    for key in ["a.gz", "a.gz.bak", "a.gz2"] {
        put(&bucket, key, "x");
    }
    let source = server().source();
    assert_eq!(keys(list(&source, &format!("s3://{bucket}/a.gz"))), ["a.gz"]);
    assert_eq!(keys(list(&source, &format!("s3://{bucket}/a.g"))).len(), 3);
}

#[test]
fn folder_markers_are_no_objects() {
    let bucket = new_bucket();
    put(&bucket, "AWSLogs/", "");
    put(&bucket, "AWSLogs/a.gz", "x");
    let source = server().source();
    assert_eq!(keys(list(&source, &format!("s3://{bucket}/AWSLogs/"))), ["AWSLogs/a.gz"]);
}

#[test]
fn a_prefix_without_objects_is_an_error_with_the_likely_mistake() {
    let bucket = new_bucket();
    put(&bucket, "AWSLogs/o-exampleorg1/111122223333/a.gz", "x");
    let listed = list(&server().source(), &format!("s3://{bucket}/AWSLogs/111122223333/"));
    let [Err(error)] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!(error.class(), ErrorClass::Configuration);
    let text = error.to_string();
    assert!(text.contains(&format!("s3://{bucket}/AWSLogs/111122223333/")), "{text}");
    assert!(text.contains("AWSLogs/o-…/ACCOUNT/"), "{text}");
}

#[test]
fn a_large_object_is_streamed() {
    let bucket = new_bucket();
    let content = bytes(20 << 20);
    put(&bucket, "big.gz", content.clone());
    let opened = server().source().open_described(&ObjectRef::s3(&bucket, "big.gz")).unwrap();
    assert_eq!(opened.object.size, Some(20 << 20));
    let mut body = opened.body;
    let mut got = Vec::new();
    body.read_to_end(&mut got).unwrap();
    assert!(got == content, "{} bytes came", got.len());
    assert_eq!(body.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn a_download_waits_for_its_reader_and_ends_with_it() {
    let bucket = new_bucket();
    put(&bucket, "big.gz", bytes(48 << 20));
    let proxy = CutProxy::start(0, 0);
    let (source, received) = server().at(proxy.address).counting_source();
    let mut body = source.open(&ObjectRef::s3(&bucket, "big.gz")).unwrap();
    let mut start = vec![0; 1 << 20];
    body.read_exact(&mut start).unwrap();
    assert!(start == bytes(1 << 20));
    // Time to do wrong: the bound holds at any moment.
    std::thread::sleep(Duration::from_millis(500));
    // What was read, the 2 MiB that may be under way, and one part that waits for room among them.
    let most = (1 << 20) + (2 << 20) + received.largest();
    let count = received.bytes();
    assert!((1 << 20..=most).contains(&count), "{count} bytes were taken for 1 MiB read, of {most} at most");
    assert!(received.largest() <= 1 << 20, "parts of {} bytes", received.largest());
    drop(body);
    let deadline = Instant::now() + Duration::from_secs(10);
    while proxy.open_connections() > 0 {
        assert!(Instant::now() < deadline, "the connection is still open");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Puts an object encrypted so; the server encrypts for real. DSSE (`aws:kms:dsse`), which no server here has, is another
/// header of the PUT and nothing on the GET.
fn put_encrypted(bucket: &str, key: &str, body: Vec<u8>, how: ServerSideEncryption) -> PutObjectOutput {
    let kms_key = (how == ServerSideEncryption::AwsKms).then(|| "siem-key".to_owned());
    let put = client()
        .put_object()
        .bucket(bucket)
        .key(key)
        .server_side_encryption(how)
        .set_ssekms_key_id(kms_key)
        .body(body.into());
    runtime().block_on(put.send()).unwrap()
}

#[test]
fn objects_under_sse_s3_and_under_a_kms_key_are_read_in_the_clear_also_when_cut() {
    let bucket = new_bucket();
    for how in [ServerSideEncryption::Aes256, ServerSideEncryption::AwsKms] {
        let content = bytes(12 << 20);
        let answer = put_encrypted(&bucket, "big.gz", content.clone(), how.clone());
        assert_eq!(answer.server_side_encryption(), Some(&how));
        let object = ObjectRef::s3(&bucket, "big.gz");
        assert!(read(&server().source(), &object).unwrap() == content, "{how}");
        // The rest is asked for by range, of the decrypted bytes.
        let proxy = CutProxy::start(5 << 20, 1);
        assert!(read(&server().at(proxy.address).source(), &object).unwrap() == content, "{how}");
        assert_eq!(proxy.cuts(), 1);
    }
}

#[test]
fn the_version_asked_for_is_the_version_read() {
    let bucket = new_bucket();
    let versions = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let client = client();
    let enable = client.put_bucket_versioning().bucket(&bucket).versioning_configuration(versions);
    runtime().block_on(enable.send()).unwrap();
    let first = put(&bucket, "a.gz", "first").unwrap();
    let second = put(&bucket, "a.gz", "second").unwrap();
    let source = server().source();
    let mut object = ObjectRef::s3(&bucket, "a.gz");
    assert_eq!(source.open_described(&object).unwrap().object.version_id, Some(second));
    object.version_id = Some(first);
    assert_eq!(read(&source, &object).unwrap(), b"first");
    object.version_id = Some("3NoSuchVersion0000000000000000000".into());
    let error = source.open(&object).err().unwrap();
    assert_eq!(error.class(), ErrorClass::Permanent, "{error:?}");
}

#[test]
fn a_missing_key_a_missing_bucket_and_a_wrong_secret_are_told_apart() {
    let bucket = new_bucket();
    let source = server().source();
    let missing = open_error(&source, &bucket, "no/such.gz");
    assert_eq!(missing, FetchError::NoSuchKey { place: format!("s3://{bucket}/no/such.gz") });
    let no_bucket = FetchError::NoSuchBucket { bucket: "no-such-bucket".into() };
    assert_eq!(open_error(&source, "no-such-bucket", "a.gz"), no_bucket);
    assert_eq!(list(&source, "s3://no-such-bucket/x"), [Err(no_bucket)]);

    let wrong_secret = TestS3 { secret_key: "hunter2hunter2".into(), ..server().clone() }.source();
    let error = open_error(&wrong_secret, &bucket, "a.gz");
    assert!(matches!(error, FetchError::SignatureDoesNotMatch { .. }), "{error:?}");
    assert!(!format!("{error} {error:?} {wrong_secret:?}").contains("hunter2"));

    let wrong_key = TestS3 { access_key: "nobody".into(), ..server().clone() }.source();
    let error = open_error(&wrong_key, &bucket, "a.gz");
    assert!(matches!(error, FetchError::InvalidAccessKeyId { .. }), "{error:?}");
}

#[test]
fn a_body_cut_in_the_middle_is_resumed() {
    let bucket = new_bucket();
    let content = bytes(12 << 20);
    put(&bucket, "big.gz", content.clone());
    let proxy = CutProxy::start(5 << 20, 1);
    let got = read(&server().at(proxy.address).source(), &ObjectRef::s3(&bucket, "big.gz")).unwrap();
    assert!(got == content, "{} bytes came", got.len());
    assert_eq!(proxy.cuts(), 1);
}

#[test]
fn a_body_cut_again_and_again_is_resumed_as_long_as_it_gets_further() {
    let bucket = new_bucket();
    let content = bytes(12 << 20);
    put(&bucket, "big.gz", content.clone());
    let proxy = CutProxy::start(3 << 19, 100);
    let got = read(&server().at(proxy.address).source(), &ObjectRef::s3(&bucket, "big.gz")).unwrap();
    assert!(got == content, "{} bytes came", got.len());
    assert!(proxy.cuts() > 5, "{}", proxy.cuts());
}

#[test]
fn an_object_replaced_while_its_body_is_cut_is_never_mixed() {
    let bucket = new_bucket();
    put(&bucket, "big.gz", bytes(12 << 20));
    let proxy = CutProxy::start(8 << 20, 1);
    let source = server().at(proxy.address).source();
    let mut body = source.open(&ObjectRef::s3(&bucket, "big.gz")).unwrap();
    let mut start = vec![0; 1 << 20];
    body.read_exact(&mut start).unwrap();
    put(&bucket, "big.gz", vec![7; 12 << 20]);
    let error = body.read_to_end(&mut start).unwrap_err();
    let cause = FetchError::of(&error).unwrap();
    assert_eq!(cause, &FetchError::Replaced { place: format!("s3://{bucket}/big.gz") });
    assert_eq!(cause.class(), ErrorClass::Transient);
    assert!(start == bytes(12 << 20)[..start.len()], "bytes of the new object after those of the old");
    assert!(body.read(&mut [0; 1]).is_err(), "an error must not look like the end when read again");
}

#[test]
fn a_refused_connection_is_transient_and_said_in_words() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let error = open_error(&server().at(nobody).source(), "logs", "a.gz");
    assert!(matches!(&error, FetchError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().to_lowercase().contains("connection refused"), "{error}");
    assert_eq!(error.class(), ErrorClass::Transient);
}

#[derive(Debug)]
struct NoCredentials;

impl ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("nothing anywhere")))
    }
}

#[test]
fn missing_credentials_are_a_configuration_error() {
    let sdk = sdk_config(&server().endpoint, SharedCredentialsProvider::new(NoCredentials));
    let settings = S3Settings { sdk: Some(sdk), ..S3Settings::default() };
    let source = Source::with_s3(FetchOptions::default(), runtime().handle().clone(), settings);
    let error = open_error(&source, "logs", "a.gz");
    assert!(matches!(&error, FetchError::NoCredentials { .. }), "{error:?}");
    assert_eq!(error.class(), ErrorClass::Configuration);
}

#[test]
fn a_missing_region_is_a_configuration_error_unless_an_endpoint_is_set() {
    let with_endpoint = server().settings().sdk.unwrap().to_builder().region(None).build();
    let mut without = with_endpoint.to_builder();
    without.set_endpoint_url(None::<String>);
    let open = |sdk| {
        let settings = S3Settings { sdk: Some(sdk), ..S3Settings::default() };
        let source = Source::with_s3(FetchOptions::default(), runtime().handle().clone(), settings);
        open_error(&source, "no-such-bucket", "a.gz")
    };
    assert_eq!(open(without.build()), FetchError::NoRegion);
    assert!(matches!(open(with_endpoint), FetchError::NoSuchBucket { .. }));
}

#[test]
fn a_bucket_in_another_region_is_followed_once_and_remembered() {
    let fake = FakeS3::start(|head| {
        if head.contains("/us-east-1/s3/aws4_request") {
            error_answer("301 Moved", &["x-amz-bucket-region: eu-west-1"], "PermanentRedirect", "elsewhere")
        } else {
            answer("200 OK", &["etag: \"e\""], "hello")
        }
    });
    let source = fake.source();
    for _ in 0..2 {
        assert_eq!(read(&source, &ObjectRef::s3("logs", "a.gz")).unwrap(), b"hello");
    }
    let regions: Vec<bool> = fake.requests().iter().map(|head| head.contains("/eu-west-1/s3/")).collect();
    assert_eq!(regions, [false, true, true]);
}

#[test]
fn a_service_that_asks_to_slow_down_is_tried_again_and_then_transient() {
    let fake = FakeS3::start(|_| error_answer("503 Slow Down", &[], "SlowDown", "reduce your rate"));
    let error = open_error(&fake.source(), "logs", "a.gz");
    assert!(matches!(&error, FetchError::Throttled { .. }), "{error:?}");
    assert_eq!(error.class(), ErrorClass::Transient);
    assert!(fake.requests().len() > 1);
}

#[test]
fn a_body_that_never_gets_further_fails_in_the_end_with_its_offset() {
    let fake = FakeS3::start(|head| {
        let start = if head.to_lowercase().contains("range: bytes=5-") {
            "206 Partial Content\r\ncontent-range: bytes 5-99/100\r\ncontent-length: 95\r\n\r\n"
        } else {
            "200 OK\r\ncontent-length: 100\r\n\r\nhello"
        };
        format!("HTTP/1.1 {start}").replacen("\r\n", "\r\netag: \"e\"\r\n", 1)
    });
    let error = read(&fake.source(), &ObjectRef::s3("logs", "a.gz")).unwrap_err();
    assert!(matches!(&error, FetchError::Cut { offset: 5, .. }), "{error:?}");
    assert_eq!(error.class(), ErrorClass::Transient);
    assert!(fake.requests().iter().skip(1).all(|head| head.to_lowercase().contains("if-match: \"e\"")));
}

#[test]
fn a_bucket_has_to_be_named() {
    let listed = list(&server().source(), "s3:///AWSLogs/");
    assert!(listed[0].as_ref().unwrap_err().to_string().contains("s3://bucket/prefix"), "{listed:?}");
}
