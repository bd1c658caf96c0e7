//! The table of outcomes: every row is reached by an answer that belongs to it, and the documentation shows the same rows.

use std::collections::HashSet;
use std::time::Duration;

use siem_loader::sink::{
    Action, BulkAnswer, Scope, Sign, SinkError, TABLE, classify_item, classify_response, item_row,
    retry_after_of, row_of,
};

use crate::{URL, error_json};

#[test]
fn the_documentation_has_the_same_rows_in_the_same_order() {
    let documentation = include_str!("../../../docs/outcomes.md");
    let rows: Vec<&str> = documentation.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<String> = TABLE.iter().map(|row| row.markdown()).collect();
    for (shown, row) in rows.iter().zip(&expected) {
        assert_eq!(shown, row);
    }
    assert_eq!(rows.len(), expected.len(), "all rows:\n{}", expected.join("\n"));
    let scopes = [Scope::Item, Scope::Answer, Scope::Connection];
    assert!(TABLE.is_sorted_by_key(|row| scopes.iter().position(|&scope| scope == row.scope)));
    assert_eq!(
        TABLE.iter().map(|row| row.name).collect::<HashSet<_>>().len(),
        TABLE.len(),
        "names are unique"
    );
    for action in
        [Action::Done, Action::AlreadyPresent, Action::Again, Action::AgainSlowly, Action::AgainAFewTimes]
    {
        assert!(documentation.contains(&format!("**{}**", action.as_str())), "{action:?} is not explained");
    }
}

/// An error type and a reason that fit a sign.
fn sample(sign: Sign) -> (&'static str, &'static str) {
    match sign {
        Sign::Type(types) => (types[0], "x"),
        Sign::Reason(error_type, parts) => (error_type, parts[0]),
        _ => ("a_type_of_tomorrow", "x"),
    }
}

#[test]
fn every_row_of_items_is_found_by_what_it_says() {
    for row in TABLE.iter().filter(|row| row.scope == Scope::Item) {
        let types = match row.sign {
            Sign::Type(types) => types.iter().map(|&name| (name, "x")).collect(),
            Sign::Reason(error_type, parts) => parts.iter().map(|&part| (error_type, part)).collect(),
            other => vec![sample(other)],
        };
        for status in row.status {
            let status = if status.contains(&999) { 999 } else { *status.start() };
            // `item_refused` begins at 402, and has what is left of 401 to 499.
            for (error_type, reason) in &types {
                assert_eq!(
                    item_row(status, error_type, reason).name,
                    row.name,
                    "{status} {error_type} {reason}"
                );
                let outcome = format!("{:?}", classify_item(status, error_type, reason));
                let expected = match row.action.class() {
                    Some(class) => format!("Refused({class:?})"),
                    None => format!("{:?}", row.action),
                };
                assert_eq!(outcome, expected, "{}", row.name);
            }
        }
    }
}

#[test]
fn every_row_of_answers_is_found_by_what_it_says() {
    let pressure = "coordinating_operation_bytes=9, max_coordinating_and_primary_bytes=5";
    for row in TABLE.iter().filter(|row| row.scope == Scope::Answer) {
        let (error_type, reason) = sample(row.sign);
        let json = |status| error_json(status, error_type, reason);
        let (error, status) = match row.sign {
            Sign::Noticed(_) => {
                match BulkAnswer::read(URL, br#"{"took":1,"errors":false,"items":[]}"#.to_vec(), 1) {
                    Err(error) if row.name == "answer_short" => (error, 200),
                    _ => continue,
                }
            }
            Sign::Text(text) => (classify_response(URL, 503, text.as_bytes()), 503),
            Sign::Untyped => (classify_response(URL, 400, br#"{"error":"no handler found"}"#), 400),
            Sign::Foreign => (classify_response(URL, 404, b"<html>"), 404),
            Sign::OverPressureLimit => {
                let body = error_json(429, "rejected_execution_exception", pressure);
                (classify_response(URL, 429, body.as_bytes()), 429)
            }
            _ => {
                let status = if row.status[0].contains(&999) { 406 } else { *row.status[0].start() };
                (classify_response(URL, status, json(status).as_bytes()), status)
            }
        };
        assert_eq!(row_of(&error).name, row.name, "{status}: {error:?}");
        let class = error.class();
        assert_eq!(Some(class), row.action.class(), "{}: {error:?}", row.name);
    }
}

#[test]
fn every_row_of_connections_belongs_to_an_error() {
    let cluster = URL.to_owned();
    let (problem, advice) = (String::new(), "");
    let errors = [
        SinkError::Unreachable { cluster: cluster.clone(), problem: problem.clone(), advice },
        SinkError::Interrupted { cluster: cluster.clone(), problem: problem.clone(), advice },
        SinkError::Tls { cluster: cluster.clone(), problem: problem.clone(), advice },
        SinkError::NotOpenSearch { cluster, status: None, problem },
        SinkError::Settings(String::new()),
    ];
    let rows: Vec<_> = errors.iter().map(|error| row_of(error).name).collect();
    let expected: Vec<_> =
        TABLE.iter().filter(|row| row.scope == Scope::Connection).map(|row| row.name).collect();
    assert_eq!(rows, expected);
    for error in errors {
        assert_eq!(Some(error.class()), row_of(&error).action.class(), "{error:?}");
    }
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = "2026-03-01T00:00:00Z".parse().unwrap();
    for (value, expected) in [
        ("0", Some(0)),
        (" 120 ", Some(120)),
        ("Sun, 01 Mar 2026 00:01:30 GMT", Some(90)),
        ("Sat, 28 Feb 2026 23:00:00 GMT", Some(0)),
        ("soon", None),
        ("-5", None),
        ("", None),
    ] {
        assert_eq!(retry_after_of(value, now), expected.map(Duration::from_secs), "{value}");
    }
}
