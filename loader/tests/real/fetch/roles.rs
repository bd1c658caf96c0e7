//! Buckets of other accounts: roles are assumed, renewed and told when they cannot be; and what else is set of a bucket.
//! One server plays S3 and STS; both are spoken to at the endpoint of the settings.

use std::io::Read;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use siem_loader::fetch::{BucketRules, FetchError, ObjectRef, S3Settings, Source};

use crate::program::{finish, siem_loader};
use crate::s3_support::{FakeS3, answer, error_answer};

const ROLE: &str = "arn:aws:iam::444455556666:role/read-logs";

fn settings(buckets: &str) -> S3Settings {
    S3Settings { buckets: buckets.parse().unwrap(), ..S3Settings::default() }
}

fn read(source: &Source, bucket: &str) -> Result<Vec<u8>, FetchError> {
    let mut content = Vec::new();
    source.open(&ObjectRef::s3(bucket, "a.gz"))?.read_to_end(&mut content).unwrap();
    Ok(content)
}

/// The time as STS writes it.
fn iso(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let time = aws_sdk_s3::primitives::DateTime::from_secs(i64::try_from(seconds).unwrap());
    time.fmt(aws_sdk_s3::primitives::DateTimeFormat::DateTime).unwrap()
}

/// The answer of <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.
fn assumed(access_key: &str, lifetime: Duration) -> String {
    let expiration = iso(SystemTime::now() + lifetime);
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser>\
         <AssumedRoleId>AROA123:siem-loader</AssumedRoleId>\
         <Arn>arn:aws:sts::444455556666:assumed-role/read-logs/siem-loader</Arn></AssumedRoleUser><Credentials>\
         <AccessKeyId>{access_key}</AccessKeyId><SecretAccessKey>not-a-secret</SecretAccessKey>\
         <SessionToken>token-of-{access_key}</SessionToken><Expiration>{expiration}</Expiration></Credentials>\
         </AssumeRoleResult></AssumeRoleResponse>"
    );
    answer("200 OK", &[], &body)
}

fn sts_error(status: &str, code: &str, message: &str) -> String {
    let body = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    );
    answer(status, &[], &body)
}

fn is_sts(request: &str) -> bool {
    request.contains("Action=AssumeRole")
}

/// A server whose credentials live so long, numbered in the order they were asked for.
fn server(lifetime: Duration) -> FakeS3 {
    let count = AtomicU32::new(0);
    FakeS3::start(move |request| match is_sts(request) {
        true => assumed(&format!("ASIA{}", count.fetch_add(1, Ordering::SeqCst)), lifetime),
        false => answer("200 OK", &["etag: \"e\""], "hello"),
    })
}

/// The access key ids that the requests for objects were signed with.
fn signed_with(fake: &FakeS3) -> Vec<String> {
    let id = |request: &String| {
        let (_, rest) = request.split_once("Credential=").unwrap();
        rest.split('/').next().unwrap().to_owned()
    };
    fake.requests().iter().filter(|request| !is_sts(request)).map(id).collect()
}

#[test]
fn a_bucket_of_another_account_is_read_with_its_role_and_others_are_not() {
    let fake = server(Duration::from_secs(3_600));
    let buckets = format!(r#"{{"theirs":{{"role_arn":"{ROLE}","external_id":"audit/1"}}}}"#);
    let source = fake.source_with(settings(&buckets));
    for bucket in ["theirs", "ours", "theirs"] {
        assert_eq!(read(&source, bucket).unwrap(), b"hello");
    }
    assert_eq!(signed_with(&fake), ["ASIA0", "AKIAIOSFODNN7EXAMPLE", "ASIA0"]);
    let requests = fake.requests();
    let sts: Vec<&String> = requests.iter().filter(|request| is_sts(request)).collect();
    let [assume] = sts[..] else { panic!("{sts:?}") };
    assert!(assume.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A444455556666%3Arole%2Fread-logs"), "{assume}");
    assert!(assume.contains("ExternalId=audit%2F1"), "{assume}");
    assert!(assume.contains("RoleSessionName=siem-loader"), "{assume}");
    assert!(assume.contains("Credential=AKIAIOSFODNN7EXAMPLE"), "{assume}");
    assert!(requests.last().unwrap().contains("x-amz-security-token: token-of-ASIA0"), "{requests:?}");
}

#[test]
fn credentials_of_a_role_are_renewed_before_they_expire() {
    // Within the client's ten seconds before the end: each request finds them too old for another.
    let fake = server(Duration::from_secs(5));
    let source = fake.source_with(settings(&format!(r#"{{"*":{{"role_arn":"{ROLE}"}}}}"#)));
    for _ in 0..3 {
        assert_eq!(read(&source, "theirs").unwrap(), b"hello");
    }
    assert_eq!(signed_with(&fake), ["ASIA0", "ASIA1", "ASIA2"]);
}

#[test]
fn a_role_that_cannot_be_assumed_says_so_and_which_policy_to_open() {
    let fake = FakeS3::start(|_| {
        let message = format!(
            "User: arn:aws:sts::111122223333:assumed-role/siem-loader/function is not authorized to perform: \
             sts:AssumeRole on resource: {ROLE}"
        );
        sts_error("403 Forbidden", "AccessDenied", &message)
    });
    let source = fake.source_with(settings(&format!(r#"{{"theirs":{{"role_arn":"{ROLE}"}}}}"#)));
    let error = read(&source, "theirs").unwrap_err();
    assert_eq!(error.kind(), "access_denied_role_trust", "{error}");
    let text = error.to_string();
    assert!(
        text.starts_with(&format!(
            "s3://theirs/a.gz: access denied: arn:aws:sts::111122223333:assumed-role/siem-loader/function is not allowed \
             sts:AssumeRole on {ROLE}:"
        )),
        "{text}"
    );
    assert!(text.contains("the trust policy of the role"), "{text}");
    let requests = fake.requests();
    assert!(requests.len() == 1 && is_sts(&requests[0]), "{requests:?}");
}

#[test]
fn an_sts_that_fails_or_throttles_is_tried_again_later() {
    for (status, code, kind) in [
        ("503 Service Unavailable", "ServiceUnavailable", "service_error"),
        ("400 Bad Request", "Throttling", "throttled"),
    ] {
        let fake = FakeS3::start(move |_| sts_error(status, code, "later"));
        let source = fake.source_with(settings(&format!(r#"{{"theirs":{{"role_arn":"{ROLE}"}}}}"#)));
        let error = read(&source, "theirs").unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert_eq!(error.class(), siem_loader::error::ErrorClass::Transient, "{error}");
    }
}

#[test]
fn a_denial_without_a_principal_names_the_role_of_the_settings() {
    let fake = FakeS3::start(|request| match is_sts(request) {
        true => assumed("ASIA0", Duration::from_secs(3_600)),
        false => error_answer("403 Forbidden", &[], "AccessDenied", "Access Denied"),
    });
    let source = fake.source_with(settings(&format!(r#"{{"theirs":{{"role_arn":"{ROLE}"}}}}"#)));
    let error = read(&source, "theirs").unwrap_err();
    assert!(
        error.to_string().contains(&format!("access denied: {ROLE} is not allowed s3:GetObject on")),
        "{error}"
    );
}

#[test]
fn who_pays_whose_it_must_be_and_where_it_is_go_with_every_request() {
    let fake = FakeS3::start(|request| match request.contains("list-type=2") {
        true => answer(
            "200 OK",
            &[],
            "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a.gz</Key><Size>5</Size></Contents>\
             </ListBucketResult>",
        ),
        false => answer("200 OK", &["etag: \"e\""], "hello"),
    });
    let set = r#"{"paid-*":{"requester_pays":true,"expected_owner":"444455556666","region":"eu-west-1"}}"#;
    let source = fake.source_with(settings(set));
    let listed: Vec<_> = source.list(vec!["s3://paid-logs/".into()]).iter().map(Result::unwrap).collect();
    assert_eq!(listed.len(), 1);
    assert_eq!(read(&source, "paid-logs").unwrap(), b"hello");
    for request in fake.requests() {
        assert!(request.contains("x-amz-request-payer: requester"), "{request}");
        assert!(request.contains("x-amz-expected-bucket-owner: 444455556666"), "{request}");
        assert!(request.contains("/eu-west-1/s3/aws4_request"), "{request}");
    }
    read(&source, "other").unwrap();
    let other = fake.requests().pop().unwrap();
    assert!(!other.contains("x-amz-request-payer") && other.contains("/us-east-1/s3/"), "{other}");
}

#[test]
fn a_bucket_of_another_account_than_expected_is_told_as_that() {
    let fake =
        FakeS3::start(|request| match request.to_lowercase().contains("x-amz-expected-bucket-owner") {
            true => error_answer("403 Forbidden", &[], "AccessDenied", "Access Denied"),
            false => answer("200 OK", &["etag: \"e\""], ""),
        });
    let source = fake.source_with(settings(r#"{"logs":{"expected_owner":"444455556666"}}"#));
    let error = read(&source, "logs").unwrap_err();
    assert_eq!(error.kind(), "access_denied_expected_owner", "{error}");
    assert!(error.to_string().contains("find out whose bucket it is"), "{error}");
}

#[test]
fn the_full_name_wins_over_patterns_and_the_longest_of_those_over_the_others() {
    let rules: BucketRules =
        r#"{"*":{"region":"a-1"},"acme-*":{"region":"b-1"},"acme-logs-*":{"region":"c-1"},
        "acme-logs-x":{}}"#
            .parse()
            .unwrap();
    let region = |bucket: &str| rules.of(bucket).unwrap().region.clone();
    assert_eq!(region("other").as_deref(), Some("a-1"));
    assert_eq!(region("acme-x").as_deref(), Some("b-1"));
    assert_eq!(region("acme-logs-y").as_deref(), Some("c-1"));
    assert_eq!(region("acme-logs-x"), None);
    let few: BucketRules = r#"{"logs":{}}"#.parse().unwrap();
    assert_eq!(few.of("log"), None);
    assert_eq!(few.of("logs2"), None);
}

#[test]
fn settings_of_buckets_that_cannot_be_used_are_refused_at_the_start() {
    for (text, words) in [
        ("{", "cannot be read"),
        ("[]", "an object of buckets"),
        (r#"{"b":{"rolearn":"x"}}"#, "unknown field `rolearn`"),
        (r#"{"b":{},"b":{}}"#, "bucket b cannot be used: it is named twice"),
        (r#"{"":{}}"#, "the name of a bucket"),
        (r#"{"a*b":{}}"#, "at the end"),
        (r#"{"s3://b":{}}"#, "without s3://"),
        (r#"{"b":{"role_arn":"arn:aws:iam::1:role/x"}}"#, "not the ARN of a role"),
        (r#"{"b":{"role_arn":"arn:aws:iam::111122223333:user/x"}}"#, "not the ARN of a role"),
        (r#"{"b":{"external_id":"x1"}}"#, "needs role_arn"),
        (r#"{"b":{"role_arn":"arn:aws-cn:iam::111122223333:role/p/x","external_id":"x"}}"#, "2 to 1,224"),
        (r#"{"b":{"region":"Frankfurt"}}"#, "not the name of a Region"),
        (r#"{"b":{"expected_owner":"12345"}}"#, "12 digits"),
    ] {
        let error = text.parse::<BucketRules>().unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
    }
    let many: Vec<String> = (0..1_001).map(|number| format!(r#""b{number}":{{}}"#)).collect();
    let error = format!("{{{}}}", many.join(",")).parse::<BucketRules>().unwrap_err();
    assert!(error.to_string().contains("1000"), "{error}");
    assert_eq!(" ".parse(), Ok(BucketRules::default()));
    let fine = r#"{"arn:aws:s3:eu-west-1:111122223333:accesspoint/logs":{},"logs-abc-s3alias":{}}"#;
    fine.parse::<BucketRules>().unwrap();
}

#[test]
fn the_program_does_not_start_with_settings_of_buckets_that_cannot_be_used() {
    let wrong = r#"{"b":{"rolearn":"x"}}"#;
    let by_flag = siem_loader(&["render", "--buckets", wrong, "s3://b/"]);
    let mut by_variable = siem_loader(&["render", "s3://b/"]);
    by_variable.env("SIEM_LOADER_BUCKETS", wrong);
    for command in [by_flag, by_variable] {
        let run = finish(command, &[]).expect_status(2);
        assert!(run.stderr.contains("unknown field `rolearn`"), "{}", run.stderr);
    }
}

#[test]
fn the_program_takes_the_role_of_a_bucket_from_the_variable() {
    let fake = FakeS3::start(|request| match request {
        sts if is_sts(sts) => assumed("ASIA0", Duration::from_secs(3_600)),
        list if list.contains("list-type=2") => answer(
            "200 OK",
            &[],
            "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a.gz</Key><Size>5</Size></Contents>\
             </ListBucketResult>",
        ),
        _ => answer("200 OK", &["etag: \"e\""], "hello"),
    });
    let mut command = siem_loader(&["render", "s3://theirs/"]);
    command
        .env("SIEM_LOADER_BUCKETS", format!(r#"{{"theirs":{{"role_arn":"{ROLE}","external_id":"audit"}}}}"#))
        .env("AWS_ENDPOINT_URL", format!("http://{}", fake.address))
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "not-a-secret")
        .env_remove("AWS_SESSION_TOKEN");
    finish(command, &[]).expect_status(0);
    assert_eq!(signed_with(&fake), ["ASIA0", "ASIA0"]);
    assert!(fake.requests()[0].contains("ExternalId=audit"), "{:?}", fake.requests());
}
