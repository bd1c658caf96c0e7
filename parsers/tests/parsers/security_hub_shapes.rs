//! Security Hub findings of odd shapes: nothing is refused, nothing is lost; and the templates that go together.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value, json};

use crate::security_hub::{control, document, event, load};

/// Whether a text stands somewhere in a value.
fn holds(value: &Value, text: &str) -> bool {
    value.to_string().contains(text)
}

#[test]
fn a_value_of_another_type_is_moved_aside() {
    for odd in [
        json!("odd-one"),
        json!(["odd-one"]),
        json!({"a": "odd-one"}),
        json!([{"a": "odd-one"}]),
        json!([["odd-one"]]),
    ] {
        for name in control().as_object().unwrap().keys() {
            let mut finding = control();
            finding[name] = odd.clone();
            let loaded = load(event(&json!([finding])).to_string());
            assert_eq!((loaded.docs.len(), loaded.problems.len()), (1, 0), "{name}: {odd}");
            let mut doc = loaded.docs[0].json();
            doc.as_object_mut().unwrap().remove("@message");
            assert!(holds(&doc, "odd-one"), "{name}: {odd}");
        }
    }
    let mut finding = control();
    finding["Severity"] = json!({"Product": "9.5", "Normalized": {"x": 1}, "Label": ["HIGH"]});
    let doc = document(&finding);
    assert_eq!(doc["event"]["severity"], json!(9.5));
    assert!(doc["event"]["risk_score_norm"].is_null() && doc["Severity"]["Product"].is_null());
    assert_eq!(doc["siem"]["flat"]["Severity"], json!({"Product": "9.5", "Normalized": {"x": 1}}));
    for text in ["1e999", "NaN", "-", "0x9", "1.", ".5", "007", "1.5.2"] {
        finding["Severity"] = json!({"Product": text});
        assert!(document(&finding)["event"]["severity"].is_null(), "{text}");
    }
}

#[test]
fn names_of_the_document_cannot_be_taken() {
    let names = [
        "cwe_timestamp",
        "ThreatPurpose",
        "ocsf",
        "network",
        "siem",
        "@timestamp",
        "_id",
        "event",
        "consolidated_controls_view",
    ];
    let mut finding = control();
    for name in names {
        finding[name] = json!("taken");
    }
    finding["network.direction"] = json!("taken");
    let doc = document(&finding);
    assert_eq!(doc["cwe_timestamp"], json!("2026-03-01T00:02:00Z"));
    assert_eq!(
        (&doc["consolidated_controls_view"], &doc["event"]["module"]),
        (&json!(true), &json!("security hub"))
    );
    for name in names {
        assert!(holds(&doc["siem"]["flat"], "taken"), "{name}");
        assert_ne!(doc[name], json!("taken"), "{name}");
    }
}

#[test]
fn a_deep_a_long_and_a_wide_finding_are_loaded() {
    let deep = format!("{}1{}", "[{\"a\":".repeat(600), "}]".repeat(600));
    let mut finding = control();
    finding["Note"] = json!("DEEP");
    finding["Id"] = json!("i".repeat(600));
    finding["Title"] = json!("t".repeat(40_000));
    for number in 0..3000 {
        finding["ProductFields"][format!("k{number}")] = json!("v");
        finding["ProductFields"][format!("k{number}.x")] = json!("v");
    }
    let text = event(&json!([finding])).to_string().replace("\"DEEP\"", &deep);
    let loaded = load(&text);
    let doc = loaded.one();
    assert_eq!(doc.id().len(), 32);
    assert_eq!(doc.json()["ProductFields"]["k2999"], json!("v"));
    assert!(loaded.states[0].id().len() <= 512);
}

#[test]
fn more_addresses_than_anybody_has_are_kept_in_the_finding() {
    let addresses: Vec<String> =
        (0..200_000).map(|n| format!("10.{}.{}.{}", n >> 16, n >> 8 & 255, n & 255)).collect();
    let mut finding = control();
    finding["Resources"] = json!([{"Type": "AwsEc2Instance", "Id": "i-1", "Details": {"AwsEc2Instance": {"IpV4Addresses": addresses}}}]);
    let doc = document(&finding);
    assert_eq!(doc["related"]["ip"].as_array().unwrap().len(), 1000);
    let kept = &doc["Resources"][0]["Details"]["AwsEc2Instance"]["IpV4Addresses"];
    assert_eq!(kept.as_array().unwrap().len(), 200_000);
}

#[test]
fn a_finding_without_an_id_is_loaded() {
    let mut finding = control();
    finding.as_object_mut().unwrap().remove("Id");
    let one = load(event(&json!([finding])).to_string());
    assert_eq!(one.one().id().len(), 32);
    let loaded = load(format!("{{\"a\":1}}{{}}{finding}"));
    assert_eq!((loaded.docs.len(), loaded.problems.len()), (3, 0));
}

fn component(name: &str) -> Option<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../index-templates");
    let text = fs::read_to_string(folder.join(name)).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

/// Every field with its type and settings.
fn fields(properties: &Value, path: &str, found: &mut BTreeMap<String, String>) {
    for (name, mapping) in properties.as_object().into_iter().flatten() {
        let path = format!("{path}/{name}");
        let mut own = mapping.clone();
        own.as_object_mut().unwrap().remove("properties");
        let definition = own.to_string();
        let known = found.entry(path.clone()).or_insert_with(|| definition.clone());
        assert_eq!(*known, definition, "{path} has two definitions");
        fields(&mapping["properties"], &path, found);
    }
}

#[test]
fn components_of_one_index_agree() {
    for index in ["siem-loader-securityhub", "siem-loader-findings"] {
        let template = component(&format!("index-templates/{index}.json")).unwrap();
        let mut found = BTreeMap::new();
        let mut parts = 0;
        for name in template["composed_of"].as_array().unwrap() {
            let path = format!("component-templates/{}.json", name.as_str().unwrap());
            if let Some(part) = component(&path) {
                fields(&part["template"]["mappings"]["properties"], "", &mut found);
                parts += 1;
            }
        }
        assert!(parts >= 2 && found.len() < 900, "{index}: {parts} components, {} fields", found.len());
    }
}

#[test]
fn what_dashboards_use_has_a_type() {
    let mut found = BTreeMap::new();
    for name in ["base", "securityhub"] {
        let part = component(&format!("component-templates/siem-loader-{name}.json")).unwrap();
        fields(&part["template"]["mappings"]["properties"], "", &mut found);
    }
    for path in [
        "Severity.Label",
        "Severity.Normalized",
        "Severity.Product",
        "Severity.Original",
        "Workflow.Status",
        "RecordState",
        "Compliance.Status",
        "Compliance.SecurityControlId",
        "GeneratorId",
        "Id",
        "Title",
        "Types",
        "ProductName",
        "ProductFields.aws/securityhub/ProductName",
        "Resources.Type",
        "Resources.Id",
        "Resources.Region",
        "ThreatPurpose",
        "ThreatFamilyName",
        "ResourceTypeAffected",
        "cloud.account.id",
        "cloud.region",
        "cloud.instance.id",
        "event.module",
        "event.kind",
        "event.url",
        "event.severity",
        "network.direction",
        "source.ip",
        "source.geo.country_iso_code",
        "user.id",
        "user.name",
        "rule.name",
        "UpdatedAt",
        "CreatedAt",
        "cwe_timestamp",
        "Vulnerabilities.Id",
        "Vulnerabilities.Cvss.BaseScore",
        "siem.finding.open",
        "siem.finding.stage",
        "siem.finding.product",
        "siem.finding.version",
        "siem.part",
        "ocsf.class_uid",
        "ocsf.severity_id",
        "ocsf.status_id",
        "ocsf.finding_info.uid",
        "ocsf.metadata.product.name",
    ] {
        assert!(found.contains_key(&format!("/{}", path.replace('.', "/"))), "{path}");
    }
}
