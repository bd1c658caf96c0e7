//! Values of another type than the template has, and names that belong to the document.

use serde_json::{Value, json};

use crate::support::{document, document_with, envelope, load};

#[test]
fn a_scalar_where_the_template_has_an_object_is_wrapped() {
    for name in [
        "userIdentity",
        "requestParameters",
        "responseElements",
        "additionalEventData",
        "resources",
        "tlsDetails",
    ] {
        for value in [json!("x"), json!(5), json!(true), json!(["a", "b"]), json!([{"a": 1}, "b"])] {
            let doc = document_with(&format!("\"{name}\":{value}"));
            assert_eq!(doc[name], json!({ "value": value }));
            assert_eq!(doc["siem"]["flat"][name], value);
        }
    }
    let doc = document_with(r#""userIdentity":{"sessionContext":"x"}"#);
    assert_eq!(doc["userIdentity"]["sessionContext"], json!({"value": "x"}));
}

#[test]
fn a_value_of_another_type_is_moved_aside() {
    for (name, value) in [
        ("key", json!({"id": {"S": "1"}})),
        ("key", json!([{"a": 1}])),
        ("bucketName", json!({"x": 1})),
        ("durationSeconds", json!("3600")),
        ("durationSeconds", json!({"x": 1})),
        ("durationSeconds", json!([1, "x"])),
        ("maxResults", json!(true)),
    ] {
        let doc = document_with(&format!(r#""requestParameters":{{"{name}":{value},"roleArn":"r"}}"#));
        assert_eq!(doc["requestParameters"], json!({"roleArn": "r"}), "{name}");
        assert_eq!(doc["siem"]["flat"]["requestParameters"], json!({ name: value }));
    }
    for (name, value) in [
        ("readOnly", json!("maybe")),
        ("readOnly", json!(1)),
        ("eventTime", json!(1_704_164_645)),
        ("eventName", json!({"a": "b"})),
    ] {
        let doc = document(format!(r#"{{"{name}":{value},"eventVersion":"1"}}"#));
        assert_eq!(
            (doc.get(name), &doc["siem"]["flat"][name], &doc["eventVersion"]),
            (None, &value, &json!("1"))
        );
    }
}

#[test]
fn a_value_of_the_right_type_stays_and_is_not_doubled() {
    for (name, value) in [
        ("key", json!("a/b")),
        ("key", json!(["a", "b", null])),
        ("key", json!(5)),
        ("key", json!(true)),
        ("durationSeconds", json!(3600)),
        ("durationSeconds", json!([1, 2])),
        ("durationSeconds", json!(1.5)),
    ] {
        let doc = document_with(&format!(r#""requestParameters":{{"{name}":{value}}}"#));
        assert_eq!(doc["requestParameters"][name], value);
        assert_eq!(doc["siem"].get("flat"), None);
    }
    assert_eq!(document_with(r#""readOnly":"true""#)["readOnly"], "true");
}

#[test]
fn a_typed_name_written_with_escapes_does_not_get_past_its_type() {
    let doc = document_with(
        r#""requestParameters":{"bucket\u004eame":{"a":1},"\u006bey.x":{"b":2}},"\u0065ventName":{"c":3}"#,
    );
    assert_eq!(doc["requestParameters"], json!({}));
    assert_eq!(doc["siem"]["flat"]["requestParameters"], json!({"bucketName": {"a": 1}, "key.x": {"b": 2}}));
    assert_eq!((doc.get("eventName"), &doc["siem"]["flat"]["eventName"]), (None, &json!({"c": 3})));
}

#[test]
fn dotted_names_into_typed_fields_are_moved_aside() {
    let doc = document_with(r#""userIdentity.arn":"x","requestParameters":{"key.a":1,"other.a":2}"#);
    assert_eq!((doc.get("userIdentity.arn"), &doc["siem"]["flat"]["userIdentity.arn"]), (None, &json!("x")));
    assert_eq!(doc["requestParameters"], json!({"other.a": 2}));
    assert_eq!(doc["siem"]["flat"]["requestParameters"], json!({"key.a": 1, "other.a": 2}));
}

#[test]
fn names_of_the_document_cannot_be_overwritten() {
    for name in [
        "source",
        "_id",
        "_index",
        "_source",
        "_routing",
        "_anything",
        "@timestamp",
        "@message",
        "@id",
        "@log_type",
        "@anything",
        "event",
        "event.kind",
        "cloud",
        "ecs",
        "user",
        "user.name",
        "user_agent",
        "related",
        "related.ip",
        "rule",
        "error",
        "error.code",
        "organization",
        "siem",
        "siem.flat",
        "destination",
        "threat",
        "",
    ] {
        for value in [json!("forged"), json!({"name": "forged", "ip": "6.6.6.6", "flat": {"x": 1}})] {
            let record = format!(r#"{{"eventID":"e","eventTime":"2024-01-02T03:04:05Z","{name}":{value}}}"#);
            let loaded = load(envelope(&[&record]));
            let (forged, plain) =
                (loaded.one(), load(envelope(&[r#"{"eventID":"e","eventTime":"2024-01-02T03:04:05Z"}"#])));
            assert_eq!(forged.action, plain.one().action, "{name}");
            let (mut doc, mut expected) = (forged.json(), plain.one().json());
            assert_eq!(doc["@message"].take(), record);
            expected["@message"].take();
            let flat = doc["siem"].as_object_mut().unwrap().remove("flat").unwrap();
            assert_eq!(flat[if name.is_empty() { "_" } else { name }], value);
            assert_eq!(doc, expected, "{name}: the rest is as without it");
        }
    }
}

#[test]
fn the_members_that_es_loader_drops_are_dropped() {
    let doc = document_with(
        r#""requestParameters":{"a":null,"b":"","c":"-","d":"null","e":"[]","f":[],"g":{},"h":[""],"i":{"j":{"k":null}},
           "l":[null,""],"m":[{"n":null}],"o":[[]],"p":0,"q":false},"responseElements":null,"errorCode":"""#,
    );
    let kept = json!({"l": [null, ""], "m": [{}], "o": [[]], "p": 0, "q": false});
    assert_eq!((&doc["requestParameters"], &doc["siem"]["flat"]["requestParameters"]), (&kept, &kept));
    assert_eq!((doc.get("responseElements"), doc.get("errorCode"), doc.get("error")), (None, None, None));
}

#[test]
fn long_texts_are_cut_in_members_and_not_in_lists() {
    for (len, cut) in [(24_574, false), (24_575, false), (32_765, false), (32_766, true), (40_000, true)] {
        let text = "x".repeat(len);
        let doc = document_with(&format!(
            r#""errorMessage":"{text}","requestParameters":{{"key":"{text}","u":"{text}","l":["{text}",{{"m":"{text}"}}]}},"userAgent":"{text}""#
        ));
        let expected = if cut { format!("{}<<TRUNCATED>>", "x".repeat(32_753)) } else { text.clone() };
        for member in [
            &doc["errorMessage"],
            &doc["error"]["message"],
            &doc["requestParameters"]["key"],
            &doc["requestParameters"]["u"],
            &doc["userAgent"],
        ] {
            assert_eq!(member, &expected, "{len}");
        }
        assert_eq!(doc["requestParameters"]["l"][0], text);
        let flat = &doc["siem"]["flat"]["requestParameters"];
        for leaf in [&flat["u"], &flat["l"][0], &flat["l"][1]["m"]] {
            let leaf = leaf.as_str().unwrap();
            assert!(text.starts_with(leaf) && leaf.len() >= len.min(24_574) && leaf.len() < 32_700, "{len}");
        }
    }
}

#[test]
fn lists_of_typed_objects_keep_their_typed_members_and_give_the_rest_to_the_index() {
    let doc = document_with(r#""resources":[{"ARN":"a","type":"t"},{"ARN":{"x":1},"new":"n"},{}]"#);
    assert_eq!(doc["resources"], json!([{"ARN": "a", "type": "t"}, {"new": "n"}, {}]));
    assert_eq!(doc["siem"]["flat"]["resources"], json!([{"ARN": {"x": 1}, "new": "n"}]));
}

#[test]
fn what_the_template_does_not_know_stays_and_is_searchable() {
    let doc = document_with(r#""brandNew":{"deep":[1,{"x":"y"}]},"serviceEventDetails":{"z":1}"#);
    let expected: Value = json!({"deep": [1, {"x": "y"}]});
    assert_eq!((&doc["brandNew"], &doc["siem"]["flat"]["brandNew"]), (&expected, &expected));
    assert_eq!(doc["siem"]["flat"]["serviceEventDetails"]["z"], 1);
}
