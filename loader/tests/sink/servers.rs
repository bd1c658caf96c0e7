//! Servers that are not what they should be: what the message says.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use bytes::Bytes;
use siem_loader::error::ErrorClass::{Configuration, Transient};
use siem_loader::sink::{Auth, Cluster, ClusterConfig, Encoding, SigV4Service, SinkError};
use siem_loader::templates::install_missing;
use siem_parsers::document::Profile;

use crate::error_json;

/// A server that answers one request with `answer` and hands over what it was sent.
fn server(answer: impl Into<Vec<u8>>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (sender, receiver) = channel();
    let answer = answer.into();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let request = read_request(&mut stream);
            stream.write_all(&answer).ok();
            sender.send(request).ok();
        }
    });
    (url, receiver)
}

fn read_request(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(n @ 1..) = stream.read(&mut buffer) {
        request.extend_from_slice(&buffer[..n]);
    }
    String::from_utf8_lossy(&request).to_lowercase()
}

fn http(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn cluster(url: &str, auth: Auth) -> Cluster {
    let config =
        ClusterConfig { url: url.parse().unwrap(), auth, timeout: Duration::from_secs(5), gzip: false };
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("p%40ss"), "{shown}");
    Cluster::connect(config).unwrap()
}

async fn refused_by(answer: &str) -> SinkError {
    let (url, _requests) = server(answer);
    cluster(&url, Auth::None).info().await.unwrap_err()
}

#[tokio::test]
async fn where_nothing_listens_the_message_says_connection_refused() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = cluster(&format!("http://u:hunter2@127.0.0.1:{port}"), Auth::None).info().await.unwrap_err();
    assert!(matches!(error, SinkError::Unreachable { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "cannot connect to OpenSearch at http://127.0.0.1:{port}/: connection refused; check host and port of the URL and that OpenSearch runs there"
        )
    );
}

#[tokio::test]
async fn an_unknown_host_is_named_as_such() {
    let error = cluster("http://no-such-host.invalid:9200", Auth::None).info().await.unwrap_err();
    assert!(error.to_string().contains("the host name is not known"), "{error}");
    assert_eq!(error.class(), Transient);
}

#[tokio::test]
async fn a_web_page_is_not_opensearch() {
    for status in ["200 OK", "404 Not Found"] {
        let error = refused_by(&http(status, "content-type: text/html\r\n", "<html>SECRET</html>")).await;
        assert!(
            error.to_string().contains("is not OpenSearch (status")
                && error.to_string().contains("a web page"),
            "{error}"
        );
    }
    let (url, _requests) = server(http("200 OK", "", "<html>"));
    let error =
        cluster(&url, Auth::None).bulk(Bytes::from_static(b"{}\n"), Encoding::Identity, 1).await.unwrap_err();
    assert_eq!(error.class(), Configuration);
}

#[tokio::test]
async fn a_redirection_to_another_place_is_not_followed_silently() {
    let (target, _requests) = server(http("200 OK", "", "{}"));
    let error = refused_by(&http("301 Moved", &format!("location: {target}\r\n"), "")).await;
    assert!(error.to_string().contains("it redirects to http://127.0.0.1"), "{error}");
}

#[tokio::test]
async fn the_answers_of_the_security_plugin_are_told_apart() {
    let starting =
        refused_by(&http("503 Service Unavailable", "", "OpenSearch Security not initialized.")).await;
    assert!(matches!(starting, SinkError::NotReady { .. }), "{starting:?}");
    let unknown = refused_by(&http("401 Unauthorized", "", "Unauthorized")).await;
    assert!(unknown.to_string().contains("check user and password"), "{unknown}");
}

#[tokio::test]
async fn a_tls_port_spoken_to_in_plain_suggests_https() {
    let error = refused_by("").await;
    assert!(matches!(error, SinkError::Interrupted { .. }), "{error:?}");
    assert!(error.to_string().contains("use https://"), "{error}");
    let error = refused_by("\u{15}\u{3}\u{3}\0\u{2}\u{2}P").await;
    assert!(error.to_string().contains("use https://"), "{error}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let config = ClusterConfig { url, auth: Auth::None, timeout: Duration::from_millis(200), gzip: false };
    let error = Cluster::connect(config).unwrap().info().await.unwrap_err();
    assert!(error.to_string().contains("no answer within 0.2 s"), "{error}");
    assert_eq!(error.class(), Transient);
}

#[tokio::test]
async fn a_body_over_the_limit_is_too_large_and_not_busy() {
    let (url, _requests) = server(http("413 Request Entity Too Large", "", ""));
    let error =
        cluster(&url, Auth::None).bulk(Bytes::from_static(b"{}\n"), Encoding::Gzip, 1).await.unwrap_err();
    assert!(matches!(error, SinkError::TooLarge { status: 413, .. }), "{error:?}");
}

#[tokio::test]
async fn a_user_who_may_only_send_bulk_requests_is_let_on() {
    let denied =
        error_json(403, "security_exception", "no permissions for [cluster:monitor/main] and User [name=u]");
    let (url, _requests) = server(http("403 Forbidden", "", &denied));
    assert_eq!(cluster(&url, Auth::None).info().await.unwrap().number, None);
}

#[tokio::test]
async fn without_the_right_to_manage_templates_the_command_is_named() {
    let denied = error_json(
        403,
        "security_exception",
        "no permissions for [cluster:admin/component_template/get] and User [name=u]",
    );
    let (url, _requests) = server(http("403 Forbidden", "", &denied));
    let error = install_missing(&cluster(&url, Auth::None), Profile::Full).await.unwrap_err();
    assert_eq!(error.class(), Configuration);
    assert!(error.to_string().contains("siem-loader setup --only templates"), "{error}");
}

const ROOT: &str = r#"{"version":{"number":"3.8.0","distribution":"opensearch"}}"#;

#[tokio::test]
async fn credentials_in_the_url_are_sent_and_never_shown() {
    let (url, requests) = server(http("200 OK", "", ROOT));
    let cluster = cluster(&url.replace("http://", "http://us%2Ber:p%40ss%26+hunter2@"), Auth::None);
    assert_eq!(cluster.info().await.unwrap().number.as_deref(), Some("3.8.0"));
    assert!(!format!("{cluster:?} {}", cluster.url()).contains("hunter2"));
    // base64 of "us+er:p@ss&+hunter2", in small letters
    assert!(requests.recv().unwrap().contains("authorization: basic dxmrzxi6cebzcyyrahvudgvymg==\r\n"));
}

#[tokio::test]
async fn requests_are_signed_for_the_service_and_region() {
    let (url, requests) =
        server(http("200 OK", "", r#"{"took":1,"errors":false,"items":[{"create":{"status":201}}]}"#));
    let credentials = Credentials::new("AKID", "hunter2", Some("session".into()), None, "test");
    let credentials = SharedCredentialsProvider::new(credentials);
    let auth = Auth::SigV4 { region: "eu-central-1".into(), service: SigV4Service::Aoss, credentials };
    let answer =
        cluster(&url, auth).bulk(Bytes::from_static(b"{\"create\":{}}\n{}\n"), Encoding::Identity, 1).await;
    assert_eq!(answer.unwrap().indexed, 1);
    let request = requests.recv().unwrap();
    assert!(request.starts_with("post /_bulk?filter_path=took"), "{request}");
    assert!(request.contains("authorization: aws4-hmac-sha256 credential=akid/"), "{request}");
    assert!(request.contains("/eu-central-1/aoss/aws4_request"), "{request}");
    assert!(
        request.contains("content-type: application/x-ndjson\r\n")
            && request.contains("x-amz-content-sha256")
    );
    assert!(request.ends_with("\r\n\r\n{\"create\":{}}\n{}\n"), "{request}");
}

#[test]
fn a_url_that_cannot_be_used_is_a_setting() {
    for url in ["ftp://u:hunter2@host/", "mailto:x@y"] {
        let url = url.parse().unwrap();
        let config = ClusterConfig { url, auth: Auth::None, timeout: Duration::from_secs(1), gzip: true };
        let error = Cluster::connect(config).unwrap_err();
        assert!(matches!(error, SinkError::Settings(_)) && !error.to_string().contains("hunter2"), "{error}");
    }
}
