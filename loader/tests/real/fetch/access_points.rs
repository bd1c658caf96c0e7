//! Access points: their names stand in host names, which no local server has; so the requests are looked at instead.

use std::io::Read;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::http::HttpRequest;
use aws_sdk_s3::config::{RuntimeComponents, SharedHttpClient};
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use siem_loader::fetch::{FetchOptions, ObjectRef, S3Settings, Source};

use crate::s3_support::{runtime, sdk_config};

const POINT: &str = "arn:aws:s3:eu-west-1:444455556666:accesspoint/audit";

/// Answers everything with a listing or `hello`, and notes where it was sent and how it was signed.
#[derive(Debug, Clone, Default)]
struct Noting(Arc<Mutex<Vec<(String, String)>>>);

impl HttpConnector for Noting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let signed = request.headers().get("authorization").unwrap_or_default().to_owned();
        self.0.lock().unwrap().push((request.uri().to_owned(), signed));
        let body = match request.uri().contains("list-type=2") {
            true => {
                "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>AWSLogs/a.gz</Key><Size>5</Size>\
                 </Contents></ListBucketResult>"
            }
            false => "hello",
        };
        HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), SdkBody::from(body))))
    }
}

impl Noting {
    fn client(&self) -> SharedHttpClient {
        let noting = self.clone();
        http_client_fn(move |_: &HttpConnectorSettings, _: &RuntimeComponents| {
            SharedHttpConnector::new(noting.clone())
        })
    }

    fn source(&self) -> Source {
        let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "not-a-secret", None, None, "tests");
        let mut sdk = sdk_config("", SharedCredentialsProvider::new(credentials)).into_builder();
        sdk.set_endpoint_url(None::<String>);
        let sdk = sdk.http_client(self.client()).build();
        let settings = S3Settings { sdk: Some(sdk), ..S3Settings::default() };
        Source::with_s3(FetchOptions::default(), runtime().handle().clone(), settings)
    }

    fn requests(&self) -> Vec<(String, String)> {
        self.0.lock().unwrap().clone()
    }
}

fn read(source: &Source, object: &ObjectRef) -> Vec<u8> {
    let mut content = Vec::new();
    source.open(object).unwrap().read_to_end(&mut content).unwrap();
    content
}

#[test]
fn an_access_point_is_listed_and_read_by_its_arn_in_its_region() {
    let noting = Noting::default();
    let source = noting.source();
    let listed: Vec<_> = source.list(vec![format!("s3://{POINT}/AWSLogs/")]).iter().collect();
    let object = listed[0].as_ref().unwrap();
    assert_eq!(object.bucket.as_deref(), Some(POINT));
    assert_eq!(read(&source, object), b"hello");
    for (uri, signed) in noting.requests() {
        assert!(
            uri.starts_with("https://audit-444455556666.s3-accesspoint.eu-west-1.amazonaws.com/"),
            "{uri}"
        );
        assert!(signed.contains("/eu-west-1/s3/aws4_request"), "{signed}");
    }
    assert!(noting.requests()[0].0.contains("prefix=AWSLogs%2F"), "{:?}", noting.requests());
}

#[test]
fn an_alias_of_an_access_point_is_a_name_of_a_bucket() {
    let noting = Noting::default();
    let alias = "audit-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias";
    assert_eq!(read(&noting.source(), &ObjectRef::s3(alias, "AWSLogs/a.gz")), b"hello");
    let (uri, _) = noting.requests().remove(0);
    assert!(uri.starts_with(&format!("https://{alias}.s3.us-east-1.amazonaws.com/AWSLogs/a.gz")), "{uri}");
}

#[test]
fn an_arn_that_is_no_access_point_of_a_region_is_refused_in_words() {
    for (arn, words) in [
        ("arn:aws:s3::444455556666:accesspoint/mfzwi23gnjvgw.mrap", "Multi-Region Access Points"),
        ("arn:aws:s3:::logs", "only ARNs of S3 access points"),
    ] {
        let noting = Noting::default();
        let listed: Vec<_> = noting.source().list(vec![format!("s3://{arn}/AWSLogs/")]).iter().collect();
        let [Err(error)] = &listed[..] else { panic!("{listed:?}") };
        assert!(error.to_string().contains(words), "{error}");
        assert!(noting.requests().is_empty());
    }
}
