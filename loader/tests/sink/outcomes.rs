//! The table of outcomes, row by row.

use siem_loader::error::ErrorClass::{self, Configuration, Permanent, Poison, Transient};
use siem_loader::sink::{ItemOutcome, classify_item, classify_response};

use crate::{URL, error_json};

#[test]
fn every_row_of_the_table_of_item_outcomes() {
    use ItemOutcome::{AlreadyPresent, Done, Refused};
    let rows = [
        (200, "", "", Done),
        (201, "", "", Done),
        (
            409,
            "version_conflict_engine_exception",
            "[a1]: version conflict, document already exists",
            AlreadyPresent,
        ),
        (409, "something_else", "", Refused(Transient)),
        (400, "mapper_parsing_exception", "failed to parse field [n] of type [integer]", Refused(Permanent)),
        (
            400,
            "illegal_argument_exception",
            "Document contains at least one immense term",
            Refused(Permanent),
        ),
        (
            400,
            "illegal_argument_exception",
            "mapper [a] cannot be changed from type [long] to [text]",
            Refused(Permanent),
        ),
        (400, "strict_dynamic_mapping_exception", "mapping set to strict", Refused(Permanent)),
        (400, "a_type_of_tomorrow", "", Refused(Permanent)),
        (413, "", "", Refused(Permanent)),
        (400, "validation_exception", "this action would add [2] total shards", Refused(Configuration)),
        (400, "index_closed_exception", "closed", Refused(Configuration)),
        (400, "invalid_index_name_exception", "Invalid index name [UPPER]", Refused(Configuration)),
        (
            400,
            "illegal_argument_exception",
            "Limit of total fields [1000] has been exceeded",
            Refused(Configuration),
        ),
        (400, "illegal_argument_exception", "pipeline with id [p] does not exist", Refused(Configuration)),
        (401, "security_exception", "", Refused(Configuration)),
        (403, "security_exception", "no permissions", Refused(Configuration)),
        (403, "cluster_block_exception", "FORBIDDEN/8/index write", Refused(Configuration)),
        (404, "index_not_found_exception", "no such index [x]", Refused(Configuration)),
        (429, "rejected_execution_exception", "queue capacity = 1", Refused(Transient)),
        (429, "cluster_block_exception", "TOO_MANY_REQUESTS/12/disk usage", Refused(Transient)),
        (408, "", "", Refused(Transient)),
        (500, "", "", Refused(Transient)),
        (502, "", "", Refused(Transient)),
        (503, "unavailable_shards_exception", "", Refused(Transient)),
        (504, "", "", Refused(Transient)),
        (0, "", "", Refused(Transient)),
    ];
    for (status, error_type, reason, expected) in rows {
        assert_eq!(classify_item(status, error_type, reason), expected, "{status} {error_type} {reason}");
    }
}

#[test]
fn every_row_of_the_table_of_whole_answers() {
    let pressure = |operation, max| {
        error_json(
            429,
            "rejected_execution_exception",
            &format!(
                "rejected execution of coordinating operation [coordinating_and_primary_bytes=0, replica_bytes=0, all_bytes=0, \
             coordinating_operation_bytes={operation}, max_coordinating_and_primary_bytes={max}]"
            ),
        )
    };
    let denied = r#"{"Message":"User: arn:aws:iam::1:role/x is not authorized to perform: es:ESHttpPost"}"#;
    let signature = r#"{"message":"The request signature does not match. The Canonical String was x-amz-security-token:TOKEN"}"#;
    let rows: Vec<(u16, String, &str, ErrorClass)> = vec![
        (401, "Unauthorized".into(), "Unauthorized", Configuration),
        (
            403,
            error_json(
                403,
                "security_exception",
                "no permissions for [cluster:monitor/state] and User [name=u]",
            ),
            "Forbidden",
            Configuration,
        ),
        (403, denied.into(), "Forbidden", Configuration),
        (403, signature.into(), "Forbidden", Configuration),
        (403, "<html>proxy</html>".into(), "NotOpenSearch", Configuration),
        (
            403,
            error_json(403, "cluster_block_exception", "blocked by: [FORBIDDEN/6/cluster read-only (api)];"),
            "Blocked",
            Configuration,
        ),
        (404, error_json(404, "index_not_found_exception", "no such index [x]"), "NotFound", Configuration),
        (404, "<html>nothing here</html>".into(), "NotOpenSearch", Configuration),
        (200, "<html>welcome</html>".into(), "NotOpenSearch", Configuration),
        (200, r#"{"hello":"world"}"#.into(), "NotOpenSearch", Configuration),
        (302, String::new(), "NotOpenSearch", Configuration),
        (
            400,
            "<html>The plain HTTP request was sent to HTTPS port</html>".into(),
            "NotOpenSearch",
            Configuration,
        ),
        (
            400,
            r#"{"error":"no handler found for uri [/x/_bulk] and method [POST]"}"#.into(),
            "Refused",
            Configuration,
        ),
        (
            400,
            error_json(
                400,
                "action_request_validation_exception",
                "Validation Failed: 1: id [SECRET] is too long",
            ),
            "Refused",
            Poison,
        ),
        (
            400,
            error_json(400, "illegal_argument_exception", "The bulk request must be terminated by a newline"),
            "Refused",
            Poison,
        ),
        (
            400,
            error_json(
                400,
                "validation_exception",
                "Validation Failed: 1: this action would add [2] total shards",
            ),
            "Refused",
            Configuration,
        ),
        (
            406,
            r#"{"error":"Content-Type header [] is not supported","status":406}"#.into(),
            "Refused",
            Configuration,
        ),
        (
            413,
            String::new(),
            "TooLarge { cluster: \"http://localhost:9200/\", status: 413, limit: None",
            Transient,
        ),
        (
            429,
            pressure(1_302_464, 1_048_576),
            "TooLarge { cluster: \"http://localhost:9200/\", status: 429, limit: Some(1048576)",
            Transient,
        ),
        (429, pressure(302_464, 1_048_576), "Busy", Transient),
        (
            429,
            error_json(429, "cluster_block_exception", "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk]"),
            "DiskFull",
            Transient,
        ),
        (429, "Too Many Requests".into(), "Busy", Transient),
        (503, "OpenSearch Security not initialized.".into(), "NotReady", Transient),
        (502, "<html>bad gateway</html>".into(), "Busy", Transient),
        (503, String::new(), "Busy", Transient),
        (504, String::new(), "Busy", Transient),
    ];
    for (status, body, variant, class) in rows {
        let error = classify_response(URL, status, body.as_bytes());
        assert!(format!("{error:?}").starts_with(variant), "{status} {body}: {error:?}");
        assert_eq!(error.class(), class, "{error:?}");
        let shown = format!("{error} {error:?}");
        for hidden in ["SECRET", "TOKEN", "name=u", "<html"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
        assert!(error.to_string().contains(URL) && !error.to_string().contains('\n'), "{error}");
    }
    let denied = classify_response(URL, 403, denied.as_bytes()).to_string();
    assert!(denied.contains("is not authorized to perform: es:ESHttpPost"), "{denied}");
}
