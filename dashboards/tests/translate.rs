//! From a saved panel to the search that the Dashboards server sends.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

use serde_json::{Value, json};
use siem_dashboards::translate::{Context, Search, search};
use siem_dashboards::{Objects, answer, dql, objects};

/// 2026-03-01T00:00:00Z.
const FROM: u64 = 1_772_323_200_000;
const HOUR: u64 = 3_600_000;

fn lasting(hours: u64) -> Context {
    Context { from: FROM, to: FROM + hours * HOUR, filters: Vec::new() }
}

fn of(objects: &Objects, dashboard: &str, panel: &str, context: &Context) -> Search {
    let dashboard = objects.get("dashboard", &format!("siem-loader-{dashboard}")).unwrap();
    let id = format!("{}-{panel}", dashboard.id);
    let panel = objects.get("visualization", &id).or_else(|| objects.get("search", &id)).unwrap();
    search(objects, dashboard, panel, context).unwrap()
}

#[test]
fn a_table_is_one_search_of_groups_and_numbers() {
    let search = of(&objects().unwrap(), "cloudtrail", "looking-around", &lasting(24));
    assert_eq!(search.index, "log-aws-cloudtrail-*");
    assert_eq!(search.body["size"], 0);
    assert_eq!(
        search.body["aggs"],
        json!({"5": {
            "terms": {"field": "user.name", "size": 25, "order": {"1": "desc"}},
            "aggs": {
                "1": {"cardinality": {"field": "eventName"}},
                "3": {"cardinality": {"field": "source.ip"}},
                "4": {"min": {"field": "@timestamp"}},
            },
        }})
    );
    let filter = search.body["query"]["bool"]["filter"].as_array().unwrap();
    assert_eq!(filter[0], json!({"match_all": {}}));
    let range = json!({"range": {"@timestamp": {
        "gte": "2026-03-01T00:00:00.000Z", "lte": "2026-03-02T00:00:00.000Z",
        "format": "strict_date_optional_time",
    }}});
    assert_eq!(filter.last().unwrap(), &range);
}

#[test]
fn groups_are_inside_one_another_and_numbers_that_order_are_in_each() {
    let search = of(&objects().unwrap(), "cloudtrail", "persistence", &lasting(24));
    let outer = &search.body["aggs"]["3"];
    assert_eq!(outer["terms"]["order"], json!({"2": "desc"}));
    assert_eq!(outer["aggs"]["2"], json!({"max": {"field": "@timestamp"}}));
    let inner = &outer["aggs"]["4"];
    assert_eq!(inner["terms"]["order"], json!({"_count": "desc"}));
    assert!(inner["aggs"]["2"].is_null());
    assert_eq!(inner["aggs"]["5"]["aggs"]["2"], json!({"max": {"field": "@timestamp"}}));
}

#[test]
fn bars_are_as_long_as_the_range_asks_for() {
    let objects = objects().unwrap();
    for (hours, kind, interval) in [
        (1, "calendar_interval", "1m"),
        (24, "fixed_interval", "30m"),
        (7 * 24, "fixed_interval", "3h"),
        (30 * 24, "fixed_interval", "12h"),
        (365 * 24, "calendar_interval", "1w"),
    ] {
        let search = of(&objects, "cloudtrail", "outcomes", &lasting(hours));
        assert_eq!(search.body["aggs"]["2"]["date_histogram"][kind], interval, "{hours} h");
    }
}

#[test]
fn what_is_open_now_has_no_time_range() {
    let search = of(&objects().unwrap(), "securityhub", "open", &lasting(1));
    assert_eq!(search.index, "siem-findings-current*");
    assert!(!search.body.to_string().contains("\"range\""));
}

#[test]
fn a_hidden_filter_goes_to_every_panel_and_a_pinned_one_too() {
    let pinned = json!({"match_phrase": {"cloud.account.id": "111122223333"}});
    let context = Context { filters: vec![pinned.clone()], ..lasting(1) };
    for panel in ["types", "open", "findings"] {
        let search = of(&objects().unwrap(), "guardduty", panel, &context);
        let query = &search.body["query"]["bool"];
        assert!(query["must_not"].to_string().contains("service.additionalInfo.sample"), "{panel}");
        assert!(query["filter"].as_array().unwrap().contains(&pinned), "{panel}");
    }
}

#[test]
fn a_saved_search_is_documents_the_newest_first() {
    let search = of(&objects().unwrap(), "cloudtrail", "events", &lasting(1));
    assert_eq!(search.body["size"], 500);
    assert_eq!(search.body["sort"], json!([{"@timestamp": {"order": "desc", "unmapped_type": "boolean"}}]));
}

#[test]
fn conditions_are_the_queries_that_the_dashboards_server_makes() {
    let should = |clause: Value| json!({"bool": {"should": [clause], "minimum_should_match": 1}});
    let match_of = |value: Value| should(json!({"match": {"f": value}}));
    for (dql, query) in [
        ("", json!({"match_all": {}})),
        ("f:v", match_of("v".into())),
        ("f:1", match_of(1.into())),
        ("f:true", match_of(true.into())),
        ("f:\"a \\\"b\\\"\"", should(json!({"match_phrase": {"f": "a \"b\""}}))),
        ("f:*", should(json!({"exists": {"field": "f"}}))),
        ("f:a-b*", should(json!({"query_string": {"fields": ["f"], "query": "a\\-b*"}}))),
        ("f >= 7", should(json!({"range": {"f": {"gte": 7}}}))),
        ("not f:v", json!({"bool": {"must_not": match_of("v".into())}})),
        ("f:v AND f:w", json!({"bool": {"filter": [match_of("v".into()), match_of("w".into())]}})),
        (
            "f:(v or w)",
            json!({"bool": {"should": [match_of("v".into()), match_of("w".into())], "minimum_should_match": 1}}),
        ),
        (
            "f:a or f:b and f:c",
            json!({"bool": {"should": [
                match_of("a".into()),
                {"bool": {"filter": [match_of("b".into()), match_of("c".into())]}},
            ], "minimum_should_match": 1}}),
        ),
    ] {
        assert_eq!(dql::parse(dql).unwrap().query(), query, "{dql}");
    }
}

#[test]
fn brackets_without_end_are_no_query() {
    let deep = "(".repeat(100_000);
    assert_eq!(dql::parse(&deep).unwrap_err().what, "fewer brackets");
    for broken in ["f:", "f:(", "f:\"v", "f:\"v\\", ":v", "f v", "f:v)", "or", "f:v and", "f:{a:1}"] {
        assert!(dql::parse(broken).is_err(), "{broken}");
    }
}

#[test]
fn rows_are_groups_then_numbers() {
    let objects = objects().unwrap();
    let panel = objects.get("visualization", "siem-loader-cloudtrail-addresses").unwrap();
    let hit = json!({"_source": {"source": {"as": {"organization.name": "Example"}}}});
    let inner = json!({
        "key": "192.0.2.66", "doc_count": 7, "2": {"value": 3},
        "3": {"hits": {"hits": [hit]}}, "4": {"hits": {"hits": [{"fields": {"source.geo.country_name": ["NL"]}}]}},
    });
    let rows = answer::rows(panel, &json!({"aggregations": {"5": {"buckets": [inner]}}}));
    assert_eq!(rows.columns, ["source.ip", "calls", "identities", "network", "country"]);
    assert_eq!(rows.groups, 1);
    assert_eq!(rows.rows, [[json!("192.0.2.66"), json!(7), json!(3), json!("Example"), json!("NL")]]);
    assert!(answer::rows(panel, &Value::Null).rows.is_empty());
}
