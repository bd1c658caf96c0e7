//! Every refusal of S3, KMS and STS is told as what it is, with whom, what, on what, and which policy to open. No server
//! here answers as AWS does, so the answers are those that AWS documents:
//! - <https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html>, texts of denials;
//! - <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>, the same for all services;
//! - <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>, codes;
//! - <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>, 403 for a missing key, archives;
//! - <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>, states of keys.

use std::collections::BTreeSet;

use siem_loader::error::ErrorClass;
use siem_loader::fetch::{ACCESS, AccessRow, DenialCause, FetchError, ObjectRef, Outcome};

use crate::s3_support::{FakeS3, answer, error_answer};

const ROLE: &str = "arn:aws:sts::111122223333:assumed-role/siem-loader/function";
const KEY: &str = "arn:aws:kms:eu-central-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// An answer to the GET of `s3://logs/a.gz` and what is to be made of it.
struct Case {
    kind: &'static str,
    status: &'static str,
    code: &'static str,
    message: String,
    /// What the message has to name.
    names: Vec<String>,
}

fn case(kind: &'static str, status: &'static str, code: &'static str, message: &str, names: &[&str]) -> Case {
    let names = names.iter().map(|&name| name.to_owned()).collect();
    Case { kind, status, code, message: message.to_owned(), names }
}

/// A denial as AWS words it: `User: ROLE is not authorized to perform: ` and `rest`.
fn denial(kind: &'static str, action: &str, rest: &str, resource: &str) -> Case {
    let message = format!("User: {ROLE} is not authorized to perform: {action} {rest}");
    case(kind, "403 Forbidden", "AccessDenied", &message, &[ROLE, action, resource])
}

const OBJECT: &str = "arn:aws:s3:::logs/a.gz";

fn denials() -> Vec<Case> {
    let get = |kind, rest: &str| denial(kind, "s3:GetObject", rest, OBJECT);
    let on_object = |kind, rest: &str| get(kind, &format!("on resource: \"{OBJECT}\" {rest}"));
    let decrypt = |kind, rest: &str| denial(kind, "kms:Decrypt", rest, "");
    vec![
        // The documented texts leave the resource out where nothing allows the action; S3 in fact names it.
        get(
            "access_denied_identity_policy",
            "because no identity-based policy allows the s3:GetObject action",
        ),
        on_object(
            "access_denied_identity_policy",
            "because no identity-based policy allows the s3:GetObject action",
        ),
        on_object("access_denied_identity_policy", "with an explicit deny in an identity-based policy"),
        // With the ARN of the policy, as AWS has given it since 2026.
        on_object(
            "access_denied_identity_policy",
            "with an explicit deny in an identity-based policy: arn:aws:iam::111122223333:policy/session-policy",
        ),
        get("access_denied_bucket_policy", "because no resource-based policy allows the s3:GetObject action"),
        on_object("access_denied_bucket_policy", "with an explicit deny in a resource-based policy"),
        get(
            "access_denied_vpc_endpoint_policy",
            "because no VPC endpoint policy allows the s3:GetObject action",
        ),
        on_object("access_denied_vpc_endpoint_policy", "with an explicit deny in a VPC endpoint policy"),
        get(
            "access_denied_service_control_policy",
            "because no service control policy allows the s3:GetObject action",
        ),
        get("access_denied_service_control_policy", "with an explicit deny in a service control policy"),
        on_object(
            "access_denied_resource_control_policy",
            "with an explicit deny in a resource control policy",
        ),
        on_object(
            "access_denied_permissions_boundary",
            "because no permissions boundary allows the s3:GetObject action",
        ),
        get("access_denied_permissions_boundary", "with an explicit deny in a permissions boundary"),
        get("access_denied_session_policy", "because no session policy allows the s3:GetObject action"),
        on_object("access_denied_session_policy", "with an explicit deny in a session policy"),
        // S3 looks for s3:ListBucket only when the object is not there.
        denial(
            "access_denied_or_missing",
            "s3:ListBucket",
            "on resource: \"arn:aws:s3:::logs\" because no identity-based policy allows the s3:ListBucket action",
            "arn:aws:s3:::logs",
        ),
        denial(
            "access_denied_kms_identity_policy",
            "kms:Decrypt",
            &format!("on resource: {KEY} because no identity-based policy allows the kms:Decrypt action"),
            KEY,
        ),
        decrypt(
            "access_denied_kms_identity_policy",
            "on the resource associated with this ciphertext because no identity-based policy allows the kms:Decrypt \
             action",
        ),
        denial(
            "access_denied_kms_key_policy",
            "kms:Decrypt",
            &format!("on resource: {KEY} because no resource-based policy allows the kms:Decrypt action"),
            KEY,
        ),
        denial(
            "access_denied_kms_key_policy",
            "kms:Decrypt",
            &format!("on resource: {KEY} with an explicit deny in a resource-based policy"),
            KEY,
        ),
        // A key of another account.
        decrypt(
            "access_denied_kms_key_policy",
            "on the resource associated with this ciphertext because the resource does not exist in this Region, no \
             resource-based policies allow access, or a resource-based policy explicitly denies access",
        ),
        decrypt(
            "access_denied_kms_key_policy",
            "on this resource because the resource does not exist in this Region, no resource-based policies allow \
             access, or a resource-based policy explicitly denies access",
        ),
        denial(
            "access_denied_service_control_policy",
            "kms:Decrypt",
            &format!("on resource: {KEY} with an explicit deny in a service control policy"),
            KEY,
        ),
        denial("access_denied_kms_key", "kms:Decrypt", &format!("on resource: {KEY}"), KEY),
    ]
}

fn other_refusals() -> Vec<Case> {
    let bad = "400 Bad Request";
    let forbidden = "403 Forbidden";
    let missing = "404 Not Found";
    vec![
        case(
            "access_denied_kms_key",
            forbidden,
            "AccessDenied",
            "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or \
             you are not allowed to access.",
            &["kms:Decrypt"],
        ),
        case("kms_key_disabled", bad, "KMS.DisabledException", &format!("{KEY} is disabled."), &[KEY]),
        case(
            "kms_key_pending_deletion",
            bad,
            "KMS.KMSInvalidStateException",
            &format!("{KEY} is pending deletion."),
            &[KEY],
        ),
        case(
            "kms_key_unusable",
            bad,
            "KMS.KMSInvalidStateException",
            &format!("{KEY} is pending import."),
            &[KEY],
        ),
        case("kms_key_unusable", bad, "KMS.InvalidKeyUsageException", "x", &["KMS.InvalidKeyUsageException"]),
        case(
            "kms_key_not_found",
            bad,
            "KMS.NotFoundException",
            &format!("Key '{KEY}' does not exist"),
            &[KEY],
        ),
        case(
            "kms_key_not_found",
            bad,
            "KMS.NotFoundException",
            "Alias arn:aws:kms:eu-central-1:111122223333:alias/logs is not found.",
            &["arn:aws:kms:eu-central-1:111122223333:alias/logs"],
        ),
        case("object_gone", missing, "NoSuchKey", "The specified key does not exist.", &[]),
        case("bucket_gone", missing, "NoSuchBucket", "The specified bucket does not exist", &["bucket logs"]),
        case("account_disabled", forbidden, "AllAccessDisabled", "All access has been disabled.", &[]),
        case(
            "object_archived",
            forbidden,
            "InvalidObjectState",
            "The operation is not valid for the object's storage class",
            &["restore-object"],
        ),
        case("wrong_region", "301 Moved Permanently", "PermanentRedirect", "Use the endpoint.", &["logs"]),
        case("wrong_region", bad, "AuthorizationHeaderMalformed", "The region is wrong", &["logs"]),
        case("throttled", "503 Slow Down", "SlowDown", "Please reduce your request rate.", &["SlowDown"]),
        case("throttled", bad, "KMS.ThrottlingException", "You have exceeded the rate", &[]),
        case(
            "access_key_unknown",
            forbidden,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            &[],
        ),
        case(
            "signature_wrong",
            forbidden,
            "SignatureDoesNotMatch",
            "The request signature we calculated",
            &[],
        ),
        case("session_expired", bad, "ExpiredToken", "The provided token has expired.", &["ExpiredToken"]),
        case("session_expired", bad, "InvalidToken", "The provided token is malformed", &["InvalidToken"]),
        case(
            "clock_wrong",
            forbidden,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            &["RequestTimeTooSkewed"],
        ),
    ]
}

/// Opens `s3://logs/a.gz` (a version, where given) of a server that answers each request by `answer`.
fn refused(
    version: Option<&str>,
    answer: impl Fn(&str) -> String + Send + Sync + 'static,
) -> (FetchError, FakeS3) {
    let fake = FakeS3::start(answer);
    let object = ObjectRef { version_id: version.map(str::to_owned), ..ObjectRef::s3("logs", "a.gz") };
    (fake.source().open(&object).err().expect("refused"), fake)
}

fn row(kind: &str) -> &'static AccessRow {
    ACCESS.iter().find(|row| row.kind == kind).unwrap_or_else(|| panic!("no row {kind}"))
}

fn check(error: &FetchError, kind: &str) {
    assert_eq!(error.kind(), kind, "{error}");
    let row = row(kind);
    assert_eq!((error.class(), error.outcome()), (row.class, row.outcome), "{error}");
    // What is gone needs no advice at three in the morning; everything else says where to go.
    if error.outcome() != Outcome::Gone && !["bucket_gone", "wrong_region", "throttled"].contains(&kind) {
        let text = error.to_string();
        assert!(text.contains(&format!("Open {}: {}", row.open, row.change)), "{text}");
    }
}

const PLAIN: &str = "Access Denied";

fn denied(message: &str) -> String {
    error_answer("403 Forbidden", &[], "AccessDenied", message)
}

#[test]
fn each_refusal_says_whose_right_to_what_is_missing_and_which_policy_to_open() {
    let mut seen = BTreeSet::new();
    for case in denials().into_iter().chain(other_refusals()) {
        let (status, code, message) = (case.status, case.code, case.message.clone());
        let (error, _) = refused(None, move |request| match request.starts_with("GET /logs/a.gz") {
            true => error_answer(status, &[], code, &message),
            false => denied(PLAIN),
        });
        check(&error, case.kind);
        let text = error.to_string();
        for name in &case.names {
            assert!(text.contains(name), "{name} is not in: {text}");
        }
        seen.insert(case.kind);
    }
    // Those that take more than one answer have tests of their own below and in `roles.rs`.
    seen.extend(["access_denied", "access_denied_object_owner", "access_denied_role_trust"]);
    seen.extend(["access_denied_expected_owner", "object_deleted", "version_gone"]);
    assert_eq!(seen, ACCESS.iter().map(|row| row.kind).collect());
}

#[test]
fn a_denial_names_principal_action_resource_reason_and_policy() {
    let (error, _) = refused(None, |_| {
        denied(&format!(
            "User: {ROLE} is not authorized to perform: s3:GetObject on resource: \"{OBJECT}\" because no \
             identity-based policy allows the s3:GetObject action"
        ))
    });
    assert_eq!(
        error.to_string(),
        format!(
            "s3://logs/a.gz: access denied: {ROLE} is not allowed s3:GetObject on {OBJECT} (because no identity-based policy \
             allows the s3:GetObject action): the policies of the role do not allow it, or one has a Deny. Open the \
             identity policy of the role (IAM, in the role's account): allow s3:GetObject and s3:GetObjectVersion on \
             arn:aws:s3:::BUCKET/* and s3:ListBucket on arn:aws:s3:::BUCKET; take a Deny away"
        )
    );
    let FetchError::AccessDenied(denial) = &error else { panic!("{error:?}") };
    assert_eq!(denial.principal.as_deref(), Some(ROLE));
    assert_eq!((denial.action.as_str(), denial.resource.as_deref()), ("s3:GetObject", Some(OBJECT)));
    assert_eq!(denial.cause, DenialCause::IdentityPolicy);
}

#[test]
fn a_key_that_quotes_a_reason_does_not_choose_the_policy() {
    let hostile = "arn:aws:s3:::logs/x&quot; with an explicit deny in a service control policy";
    let (error, _) = refused(None, move |_| {
        denied(&format!(
            "User: {ROLE} is not authorized to perform: s3:GetObject on resource: &quot;{hostile}&quot; because no \
             resource-based policy allows the s3:GetObject action"
        ))
    });
    check(&error, "access_denied_bucket_policy");
}

#[test]
fn a_denial_without_a_reason_names_the_three_policies_in_order() {
    // Listed, and owned by whom the bucket belongs to.
    let (error, fake) = refused(None, |request| match request {
        list if list.contains("list-type=2") => listing("owner-of-both"),
        acl if acl.starts_with("GET /logs/?acl") => bucket_acl("owner-of-both"),
        _ => denied(PLAIN),
    });
    check(&error, "access_denied");
    let text = error.to_string();
    let places = ["1. the identity policy", "2. the bucket policy", "Object Ownership", "3. the key policy"];
    let found: Vec<usize> = places.iter().map(|words| text.find(words).expect(words)).collect();
    assert!(found.is_sorted(), "{text}");
    assert!(text.contains(&format!("is not allowed s3:GetObject on {OBJECT}")), "{text}");
    // One GET and three questions, none of them for a checksum: that would need kms:Decrypt.
    let requests = fake.requests();
    assert_eq!(requests.len(), 4, "{requests:?}");
    assert!(requests[1].starts_with("HEAD /logs/a.gz"), "{requests:?}");
    assert!(!requests[1].to_lowercase().contains("x-amz-checksum-mode"), "{}", requests[1]);
}

#[test]
fn a_denied_get_with_a_head_that_passes_is_the_kms_key_and_names_it() {
    let (error, _) = refused(None, |request| match request.starts_with("HEAD ") {
        true => {
            let key = format!("x-amz-server-side-encryption-aws-kms-key-id: {KEY}");
            answer("200 OK", &["x-amz-server-side-encryption: aws:kms", &key], "")
        }
        false => denied(PLAIN),
    });
    check(&error, "access_denied_kms_key");
    assert!(error.to_string().contains(&format!("is not allowed kms:Decrypt on {KEY}")), "{error}");
}

#[test]
fn an_object_of_another_owner_than_the_bucket_is_told_as_that() {
    let (error, _) = refused(None, |request| match request {
        list if list.contains("list-type=2") => listing("the-source-account"),
        acl if acl.starts_with("GET /logs/?acl") => bucket_acl("the-audit-account"),
        _ => denied(PLAIN),
    });
    check(&error, "access_denied_object_owner");
    assert!(error.to_string().contains("BucketOwnerEnforced"), "{error}");
}

#[test]
fn an_object_that_may_be_missing_or_denied_is_told_as_both() {
    // Without s3:ListBucket S3 answers 403 for a key that is not there.
    let (error, _) = refused(None, |_| denied(PLAIN));
    check(&error, "access_denied_or_missing");
    assert!(error.to_string().contains("not there any more, or it is denied"), "{error}");
}

#[test]
fn a_throttled_question_does_not_turn_a_denial_into_a_missing_object() {
    let (error, _) = refused(None, |request| match request.contains("list-type=2") {
        true => error_answer("400 Bad Request", &[], "KMS.ThrottlingException", "slower"),
        false => denied(PLAIN),
    });
    check(&error, "access_denied");
}

#[test]
fn a_denied_listing_asks_no_further_questions() {
    let fake = FakeS3::start(|_| denied(PLAIN));
    let listed: Vec<_> = fake.source().list(vec!["s3://logs/AWSLogs/".into()]).iter().collect();
    let [Err(error)] = &listed[..] else { panic!("{listed:?}") };
    check(error, "access_denied");
    assert!(error.to_string().contains("is not allowed s3:ListBucket on arn:aws:s3:::logs:"), "{error}");
    assert_eq!(fake.requests().len(), 1);
}

#[test]
fn a_version_that_is_gone_and_a_delete_marker_are_told_from_a_missing_object() {
    let gone = |status: &'static str, code: &'static str, marker: bool| {
        let headers: &[&str] = if marker { &["x-amz-delete-marker: true"] } else { &[] };
        refused(Some("v1"), move |_| error_answer(status, headers, code, "x")).0
    };
    let missing = gone("404 Not Found", "NoSuchVersion", false);
    check(&missing, "version_gone");
    assert!(missing.to_string().contains("no version v1"), "{missing}");
    check(&gone("404 Not Found", "NoSuchKey", true), "object_deleted");
    // A GET of the version that is the delete marker.
    check(&gone("405 Method Not Allowed", "MethodNotAllowed", true), "object_deleted");
    check(&gone("404 Not Found", "NoSuchKey", false), "object_gone");
}

#[test]
fn the_denied_action_of_a_version_is_that_of_versions() {
    let (error, _) = refused(Some("v1"), |request| match request.contains("list-type=2") {
        true => listing("owner"),
        false => denied(PLAIN),
    });
    assert!(error.to_string().contains("is not allowed s3:GetObjectVersion on"), "{error}");
}

#[test]
fn an_archived_object_names_its_storage_class_and_the_command() {
    for (class, tier, shown) in [
        ("GLACIER", None, "archived in GLACIER:"),
        ("DEEP_ARCHIVE", None, "archived in DEEP_ARCHIVE:"),
        ("INTELLIGENT_TIERING", Some("ARCHIVE_ACCESS"), "archived in INTELLIGENT_TIERING ARCHIVE_ACCESS:"),
    ] {
        let tier = tier.map(|tier| format!("<AccessTier>{tier}</AccessTier>")).unwrap_or_default();
        let body = format!(
            "<Error><Code>InvalidObjectState</Code><Message>The operation is not valid for the object's storage \
             class</Message><StorageClass>{class}</StorageClass>{tier}</Error>"
        );
        let (error, _) = refused(None, move |_| answer("403 Forbidden", &[], &body));
        check(&error, "object_archived");
        let text = error.to_string();
        assert!(text.contains(shown) && text.contains("aws s3api restore-object"), "{text}");
    }
}

#[test]
fn the_words_of_a_service_cannot_write_to_the_terminal_or_flood_the_log() {
    let (error, _) = refused(None, |_| {
        let long = "x".repeat(10_000);
        denied(&format!(
            "User: {long} is not authorized to perform: s3:GetObject on resource: \u{202e}{long} because {long}"
        ))
    });
    let text = error.to_string();
    assert!(text.len() < 3_000, "{} bytes", text.len());
    assert!(!text.contains('\u{202e}'), "{text}");
}

#[test]
fn the_documentation_has_the_same_rows_in_the_same_order() {
    let documentation = include_str!("../../../../docs/access.md");
    let (_, table) = documentation.split_once("| kind | class, ledger |").expect("the table of refusals");
    let rows: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with("| `")).collect();
    let expected: Vec<String> = ACCESS.iter().map(AccessRow::markdown).collect();
    for (shown, row) in rows.iter().zip(&expected) {
        assert_eq!(shown, row);
    }
    assert_eq!(rows.len(), expected.len(), "all rows:\n{}", expected.join("\n"));
    let kinds: BTreeSet<&str> = ACCESS.iter().map(|row| row.kind).collect();
    assert_eq!(kinds.len(), ACCESS.len(), "kinds are unique");
    let denied = ACCESS.iter().filter(|row| row.outcome == Outcome::Denied);
    assert!(denied.clone().all(|row| row.class == ErrorClass::Configuration));
}

fn listing(owner: &str) -> String {
    let body = format!(
        "<ListBucketResult><Name>logs</Name><IsTruncated>false</IsTruncated><KeyCount>1</KeyCount><Contents>\
         <Key>a.gz</Key><Size>1</Size><Owner><ID>{owner}</ID></Owner></Contents></ListBucketResult>"
    );
    answer("200 OK", &[], &body)
}

fn bucket_acl(owner: &str) -> String {
    let body = format!(
        "<AccessControlPolicy><Owner><ID>{owner}</ID></Owner><AccessControlList/></AccessControlPolicy>"
    );
    answer("200 OK", &[], &body)
}
