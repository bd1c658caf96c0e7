//! The committed file: made from the definitions, whole, and found out when it is broken.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

use serde_json::{Value, json};
use siem_dashboards::{Objects, SAVED_OBJECTS, check, file, objects};

#[test]
fn the_committed_file_is_what_the_definitions_make() {
    let made = file();
    let differ = made.lines().zip(SAVED_OBJECTS.lines()).find(|(made, there)| made != there);
    let hint = "run: cargo run -p siem-dashboards -- write > dashboards/siem-loader.ndjson";
    assert!(differ.is_none() && made == SAVED_OBJECTS, "{hint}\n{differ:?}");
}

#[test]
fn reading_and_writing_the_file_changes_nothing() {
    assert_eq!(objects().unwrap().to_ndjson(), SAVED_OBJECTS);
}

#[test]
fn the_committed_file_has_no_problem() {
    let problems = check::problems(&objects().unwrap());
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn the_file_is_within_the_bounds_of_an_import() {
    assert!(SAVED_OBJECTS.len() < 26_214_400);
    assert!(SAVED_OBJECTS.lines().count() < 10_000);
    assert_eq!(objects().unwrap().of("dashboard").count(), 7);
}

/// Changes the JSON of one object, and gives the problems of the file then.
fn broken(kind: &str, id: &str, change: impl Fn(&mut Value)) -> Vec<String> {
    let lines = SAVED_OBJECTS.lines().map(|line| {
        let mut json: Value = serde_json::from_str(line).unwrap();
        if json["type"] == kind && json["id"] == id {
            change(&mut json);
        }
        json.to_string()
    });
    let text: Vec<String> = lines.collect();
    check::problems(&Objects::parse(&text.join("\n")).unwrap())
}

/// Changes what is inside a text that holds JSON.
fn within(json: &mut Value, attribute: &str, change: impl Fn(&mut Value)) {
    let text = json["attributes"][attribute].as_str().unwrap().to_owned();
    let mut inner: Value = serde_json::from_str(&text).unwrap();
    change(&mut inner);
    json["attributes"][attribute] = inner.to_string().into();
}

const TABLE: &str = "siem-loader-cloudtrail-identities";

#[track_caller]
fn assert_found(problems: &[String], wanted: &str) {
    assert!(problems.iter().any(|problem| problem.contains(wanted)), "{wanted}: {problems:#?}");
}

#[test]
fn what_an_import_refuses_is_found() {
    let of_table = |change: &dyn Fn(&mut Value)| broken("visualization", TABLE, change);
    assert_found(&of_table(&|json| json["version"] = 1.into()), "members");
    assert_found(&of_table(&|json| json["attributes"]["owner"] = "me".into()), "owner would be refused");
    assert_found(&of_table(&|json| json["migrationVersion"] = json!({})), "migrationVersion");
    assert_found(&of_table(&|json| json["attributes"]["visState"] = json!({})), "visState is no text");
    assert_found(&of_table(&|json| json["references"][0]["id"] = "gone".into()), "leads to nothing");
    assert_found(&of_table(&|json| json["references"] = json!([])), "not in both");
    assert_found(&of_table(&|json| json["type"] = "lens".into()), "not one of ours");
    let pattern = broken("index-pattern", "siem-loader-logs", |json| {
        json["references"] = json!([{"name": "a", "type": "index-pattern", "id": "siem-loader-logs"}]);
    });
    assert_found(&pattern, "data source");
}

#[test]
fn what_opens_as_an_error_is_found() {
    let of_table =
        |change: &dyn Fn(&mut Value)| broken("visualization", TABLE, |json| within(json, "visState", change));
    let field =
        |name: &'static str| of_table(&move |state| state["aggs"][4]["params"]["field"] = name.into());
    assert_found(&field("user.nme"), "no field user.nme");
    assert_found(&field("@message"), "cannot be grouped");
    assert_found(&field("siem.flat"), "cannot be grouped");
    assert_found(&of_table(&|state| state["type"] = "gantt".into()), "no type of ours");
    assert_found(&of_table(&|state| state["title"] = "other".into()), "another title");
    assert_found(&of_table(&|state| state["aggs"][1]["id"] = "1".into()), "one id");
    assert_found(&of_table(&|state| state["aggs"][4]["params"]["orderBy"] = "9".into()), "cannot be ordered");
    assert_found(&of_table(&|state| state["aggs"][4]["params"]["size"] = 5000.into()), "5000 values");
    assert_found(&of_table(&|state| state["aggs"][1]["type"] = "sum".into()), "sum of source.ip");
    assert_found(&of_table(&|state| state["aggs"] = json!([])), "too few");
    let label = broken("visualization", "siem-loader-cloudtrail-watched", |json| {
        within(json, "visState", |state| {
            state["aggs"][3]["params"]["filters"][1]["label"] = "5.4 IAM policies".into();
        });
    });
    assert_found(&label, "one label");
}

#[test]
fn queries_that_fail_or_find_nothing_for_ever_are_found() {
    for (query, wanted) in [
        ("source.ip:10.*", "takes no wildcard"),
        ("eventNme:ConsoleLogin", "no field eventNme"),
        ("eventName:\"ConsoleLogin\"*", "at character"),
        ("eventName:*Login", "begins with a wildcard"),
        ("source.port:ssh", "is a number"),
        ("eventName >= 5", "has no range"),
        ("eventTime:\"2026-03-01\"", "use a range"),
        ("ConsoleLogin", "behind the field"),
        ("eventName:(a or b", "`)`"),
    ] {
        let problems = broken("visualization", TABLE, |json| {
            let source = json["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"].as_str().unwrap();
            let mut source: Value = serde_json::from_str(source).unwrap();
            source["query"]["query"] = query.into();
            json["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"] = source.to_string().into();
        });
        assert_found(&problems, wanted);
    }
}

#[test]
fn a_grid_with_gaps_or_overlaps_is_found() {
    let grid = |change: &dyn Fn(&mut Value)| {
        broken("dashboard", "siem-loader-cloudtrail", |json| within(json, "panelsJSON", change))
    };
    assert_found(&grid(&|panels| panels[2]["gridData"]["x"] = 0.into()), "lies over another");
    assert_found(&grid(&|panels| panels[1]["gridData"]["w"] = 60.into()), "outside the grid");
    assert_found(&grid(&|panels| panels[0]["gridData"]["h"] = 5.into()), "has a gap");
    assert_found(&grid(&|panels| panels[3]["panelIndex"] = "1".into()), "not numbered");
    let restored = broken("dashboard", "siem-loader-cloudtrail", |json| {
        json["attributes"]["timeRestore"] = false.into();
    });
    assert_found(&restored, "time range");
}
