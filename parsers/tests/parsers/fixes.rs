//! Values that es-loader brings into one shape: each fix where it applies and where it does not.

use serde_json::{Value, json};
use siem_parsers::source::cloudtrail::fields::{FIXES, Fix};

use crate::support::document_with;

/// A document of a service with a value at a path; lists of objects stand at the names that end with `[]`.
fn at(source: &str, path: &str, value: &Value) -> Value {
    let nested = path.rsplit('.').fold(value.clone(), |below, name| match name.strip_suffix("[]") {
        Some(name) => json!({ name: [below] }),
        None => json!({ name: below }),
    });
    let members = serde_json::to_string(&nested).unwrap();
    document_with(&format!("\"eventSource\":\"{source}\",{}", &members[1..members.len() - 1]))
}

/// What stands at the path in a document.
fn found<'a>(document: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(document, |value, name| match name.strip_suffix("[]") {
        Some(name) => &value[name][0],
        None => &value[name],
    })
}

/// Asserts the shape in the document, and that the index has the value as it was delivered.
fn expect(source: &str, path: &str, value: &Value, shape: &Value) {
    let document = at(source, path, value);
    assert_eq!(found(&document, path), shape, "{path} of {source}");
    assert_eq!(found(&document["siem"]["flat"], path), value, "{path} of {source}, in siem.flat");
}

fn stays(source: &str, path: &str, value: &Value) {
    expect(source, path, value, value);
}

const ANY: &str = "x.amazonaws.com";

#[test]
fn containers_become_text_where_some_events_have_text() {
    let mut paths = 0;
    for (path, _) in FIXES.iter().filter(|(_, fix)| *fix == Fix::Text) {
        let object = json!({"b": [1, {"a": "ü \" \\ \n"}]});
        expect(ANY, path, &object, &json!(object.to_string()));
        let list = json!(["x", {"y": 1.5}]);
        expect(ANY, path, &list, &json!(list.to_string()));
        stays(ANY, path, &json!("text"));
        stays(ANY, path, &json!(5));
        stays(ANY, path, &json!(true));
        paths += 1;
    }
    assert_eq!(paths, 34, "all of json_to_text");
}

#[test]
fn empty_containers_are_dropped_and_not_made_text() {
    let document = at(ANY, "requestParameters.filter", &json!({}));
    assert_eq!((document.get("requestParameters"), document["siem"].get("flat")), (None, None));
}

#[test]
fn credentials_are_under_iam_or_value() {
    let path = "responseElements.credentials";
    for arn in ["arn:aws:iam::1:role/r", "arn:aws-cn:iam::1:role/r", "arn:aws-us-gov:iam::1:role/r"] {
        expect(ANY, path, &json!(arn), &json!({ "iam": arn }));
    }
    expect(ANY, path, &json!("secret"), &json!({"value": "secret"}));
    stays(ANY, path, &json!({"keyPairId": "AKIA"}));
    // Typed, so not in siem.flat.
    let typed = at(ANY, path, &json!({"accessKeyId": "AKIA"}));
    assert_eq!(found(&typed, path), &json!({"accessKeyId": "AKIA"}));
    assert_eq!(typed["siem"].get("flat"), None);
}

#[test]
fn tags_and_policies_of_text_are_wrapped() {
    for path in ["requestParameters.tags", "responseElements.policy"] {
        expect(ANY, path, &json!("a"), &json!({"value": "a"}));
        expect(ANY, path, &json!(["a", "b"]), &json!({"value": ["a", "b"]}));
        expect(ANY, path, &json!(5), &json!({"value": "5"}));
        expect(ANY, path, &json!([1, 2]), &json!({"value": "[1,2]"}));
        stays(ANY, path, &json!({"k": "v"}));
        stays(ANY, path, &json!([{"key": "k", "value": "v"}]));
    }
}

#[test]
fn a_value_in_a_box_is_taken_out() {
    for path in ["requestParameters.disableApiTermination", "requestParameters.disableApiStop"] {
        expect(ANY, path, &json!({"value": true}), &json!(true));
        expect(ANY, path, &json!({"value": {"x": 1}}), &json!({"x": 1}));
        stays(ANY, path, &json!(false));
        stays(ANY, path, &json!({"other": 1}));
    }
}

#[test]
fn text_goes_under_a_name_for_the_services_that_write_objects_too() {
    let table: &[(&str, &str, &str)] = &[
        ("responseElements.status", "status", ANY),
        ("requestParameters.configuration", "text", "glue.amazonaws.com"),
        ("responseElements.session", "value", "cognito-idp.amazonaws.com"),
        ("requestParameters.command", "command", "ecs.amazonaws.com"),
        ("requestParameters.parameters", "value", "ssm.amazonaws.com"),
        ("requestParameters.parameters", "value", "sqlworkbench.amazonaws.com"),
        ("responseElements.database", "name", "redshift-data.amazonaws.com"),
        ("requestParameters.settings", "value", "cloud9.amazonaws.com"),
    ];
    for &(path, name, source) in table {
        expect(source, path, &json!("a\nb"), &json!({ name: "a\nb" }));
        stays(source, path, &json!({"k": "v"}));
        stays(source, path, &json!(["a"]));
        if source != ANY {
            stays(ANY, path, &json!("text"));
        }
    }
}

#[test]
fn keys_of_tables_that_are_paths_of_others_get_another_name() {
    let athena = "athena.amazonaws.com";
    for (path, name) in [
        ("responseElements.tableMetadataList[].parameters", "date"),
        ("responseElements.tableMetadata.parameters", "part_date"),
    ] {
        let (old, new) =
            (format!("projection.{name}.interval.unit"), format!("projection.{name}.interval_unit"));
        let interval = format!("projection.{name}.interval");
        let value = json!({ &interval: "1", &old: "DAYS", "empty": "" });
        let document = at(athena, path, &value);
        assert_eq!(found(&document, path), &json!({ &interval: "1", new.as_str(): "DAYS" }));
        assert_eq!(found(&document["siem"]["flat"], path), &json!({ &interval: "1", &old: "DAYS" }));
        stays(ANY, path, &json!({ &interval: "1", &old: "DAYS" }));
        stays(athena, path, &json!({ &interval: "1" }));
        stays(athena, path, &json!({ &old: "1", new.as_str(): "2" }));
    }
}

#[test]
fn containers_of_one_service_become_text() {
    let object = json!({"a": {"b": 1}});
    let text = json!(object.to_string());
    let filter = "requestParameters.ReplicationConfiguration.Rule[].Filter";
    expect("s3.amazonaws.com", filter, &object, &text);
    stays(ANY, filter, &object);
    let alone = "requestParameters.ReplicationConfiguration.Rule.Filter";
    expect("s3.amazonaws.com", alone, &object, &text);
    let resource = "requestParameters.resourceId";
    expect("codeguru-security.amazonaws.com", resource, &object, &text);
    stays("codeguru-security.amazonaws.com", resource, &json!("text"));
    stays(ANY, resource, &object);
    let accounts = "requestParameters.accountIds";
    let list = json!([{"a": 1}, {"a": 2}]);
    expect("inspector2.amazonaws.com", accounts, &list, &json!(list.to_string()));
    stays("inspector2.amazonaws.com", accounts, &json!(["1", "2"]));
    stays(ANY, accounts, &list);
}

#[test]
fn items_of_dynamodb_are_wrapped() {
    let (dynamodb, path) = ("dynamodb.amazonaws.com", "requestParameters.items");
    expect(dynamodb, path, &json!("x"), &json!({"value": "x"}));
    expect(dynamodb, path, &json!(["x"]), &json!({"value": ["x"]}));
    stays(dynamodb, path, &json!([{"x": 1}]));
    stays(dynamodb, path, &json!({"x": 1}));
    stays(ANY, path, &json!("x"));
}

#[test]
fn every_fix_is_tested_here() {
    let tested = 34 + 1 + 2 + 2 + 7 + 2 + 3 + 1;
    assert_eq!(FIXES.len(), tested);
}
