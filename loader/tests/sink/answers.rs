//! Bulk answers are read, counted and not believed when something is missing.

use siem_loader::error::ErrorClass::{Permanent, Transient};
use siem_loader::sink::{BulkAnswer, SinkError};

use crate::URL;

fn read(answer: &str, items: usize) -> Result<BulkAnswer, SinkError> {
    BulkAnswer::read(URL, answer.as_bytes().to_vec(), items)
}

#[test]
fn an_answer_is_counted_item_by_item() {
    let answer = read(
        r#"{"took":7,"errors":true,"items":[{"create":{"status":201}},
        {"create":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"failed to parse field [n] of type [integer] in document with id 'a\u0027'. Preview of field's value: 'SECRET'","caused_by":{"type":"number_format_exception","reason":"For input string: \"SECRET\""}}}},
        {"index":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"[a]: version conflict"}}},
        {"create":{"status":429,"error":{"type":"rejected_execution_exception","reason":"rejected execution of x"}}},
        {"index":{"status":200}}]}"#,
        5,
    )
    .unwrap();
    assert_eq!((answer.took_ms, answer.indexed, answer.already_present), (7, 2, 1));
    let [bad, busy] = answer.refused.as_slice() else { panic!("{answer:?}") };
    assert_eq!((bad.position, bad.status, bad.class, bad.field.as_deref()), (1, 400, Permanent, Some("n")));
    assert_eq!(
        bad.reason,
        "failed to parse field [n] of type [integer] (number_format_exception: For input string)"
    );
    assert_eq!(
        (busy.position, busy.class, busy.error_type.as_str()),
        (3, Transient, "rejected_execution_exception")
    );
}

#[test]
fn fewer_items_answered_than_sent_are_never_believed() {
    let answer = r#"{"took":1,"errors":false,"items":[{"create":{"status":201}}]}"#;
    assert_eq!(read(answer, 1).unwrap().indexed, 1);
    for sent in [0, 2, 20_000] {
        let error = read(answer, sent).unwrap_err();
        assert!(matches!(error, SinkError::TruncatedAnswer { answered: 1, .. }), "{error:?}");
    }
    assert!(matches!(
        read(r#"{"took":1,"errors":false}"#, 1),
        Err(SinkError::TruncatedAnswer { answered: 0, .. })
    ));
    for junk in
        ["", "<html>", "{}", "{\"took\":1", r#"{"took":1,"errors":false,"items":[{"create":{}}]}"#, "[]"]
    {
        assert!(matches!(read(junk, 1), Err(SinkError::NotOpenSearch { .. })), "{junk}");
    }
}

#[test]
fn a_large_answer_full_of_refusals_stays_small() {
    let value = "SECRET ".repeat(200);
    let item = format!(
        r#"{{"create":{{"status":400,"error":{{"type":"mapper_parsing_exception","reason":"failed to parse field [n] of type [integer] in document with id 'x'. Preview of field's value: '{value}'"}}}}}}"#
    );
    let answer = format!(r#"{{"took":1,"errors":true,"items":[{}]}}"#, vec![item; 20_000].join(","));
    let answer = read(&answer, 20_000).unwrap();
    assert_eq!(answer.refused.len(), 20_000);
    assert!(
        answer
            .refused
            .iter()
            .all(|refusal| refusal.reason.capacity() < 400 && !refusal.reason.contains("SECRET"))
    );
}
