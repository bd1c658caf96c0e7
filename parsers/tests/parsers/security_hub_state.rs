//! The current state of findings: what OpenSearch keeps of them, in whatever order they arrive.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    security_hub::{control, event, event_at, guardduty, load},
    security_hub_ocsf,
    support::Loaded,
};

/// What OpenSearch keeps with `version_type` `external`: a document is taken where its version is higher than that
/// of the one that is there.
#[derive(Default)]
struct Current(BTreeMap<String, (u64, Value)>);

impl Current {
    fn write(&mut self, loaded: &Loaded) {
        for state in &loaded.states {
            let target = state.target();
            assert_eq!(
                (state.index().as_str(), &target["version_type"]),
                ("siem-findings-current", &json!("external"))
            );
            let version = target["version"].as_u64().unwrap();
            assert_eq!(state.json()["siem"]["finding"]["version"], json!(version));
            let place = self.0.entry(state.id()).or_insert((0, Value::Null));
            if version > place.0 {
                *place = (version, state.json());
            }
        }
    }

    fn one(&self) -> &Value {
        assert_eq!(self.0.len(), 1, "{:?}", self.0.keys());
        &self.0.values().next().unwrap().1["siem"]["finding"]
    }
}

/// Whether the last of some events is what is current, in every order of arrival.
fn last_wins(events: &[Value], stage: &str) {
    let orders: &[&[usize]] = match events.len() {
        2 => &[&[0, 1], &[1, 0], &[0, 1, 0], &[1, 0, 1]],
        _ => &[&[0, 1, 2], &[0, 2, 1], &[1, 0, 2], &[1, 2, 0], &[2, 0, 1], &[2, 1, 0]],
    };
    for order in orders {
        let mut current = Current::default();
        for &at in *order {
            current.write(&load(events[at].to_string()));
        }
        assert_eq!(current.one()["stage"], json!(stage), "{order:?}");
        assert_eq!(current.one()["open"], json!(matches!(stage, "new" | "notified")), "{order:?}");
    }
}

fn with(status: &str, time: &str) -> Value {
    let mut finding = control();
    finding["Workflow"]["Status"] = json!(status);
    event_at(time, &json!([finding]))
}

#[test]
fn a_resolved_finding_is_closed_in_every_order_of_arrival() {
    last_wins(&[with("NEW", "2026-03-01T00:02:00Z"), with("RESOLVED", "2026-03-01T00:03:00Z")], "resolved");
    last_wins(
        &[
            with("NEW", "2026-03-01T00:02:00Z"),
            with("NOTIFIED", "2026-03-01T00:02:30Z"),
            with("SUPPRESSED", "2026-03-01T00:03:00Z"),
        ],
        "suppressed",
    );
    // It may open again.
    last_wins(
        &[
            with("NEW", "2026-03-01T00:02:00Z"),
            with("RESOLVED", "2026-03-01T00:03:00Z"),
            with("NEW", "2026-03-01T00:04:00Z"),
        ],
        "new",
    );
}

#[test]
fn of_one_instant_the_later_in_life_wins() {
    last_wins(&[with("NEW", "2026-03-01T00:02:00Z"), with("RESOLVED", "2026-03-01T00:02:00Z")], "resolved");
    last_wins(&[with("NEW", "2026-03-01T00:02:00Z"), with("NOTIFIED", "2026-03-01T00:02:00Z")], "notified");
    let mut archived = with("NEW", "2026-03-01T00:02:00Z");
    archived["detail"]["findings"][0]["RecordState"] = json!("ARCHIVED");
    last_wins(&[with("RESOLVED", "2026-03-01T00:02:00Z"), archived], "archived");
}

#[test]
fn without_an_event_the_latest_time_of_the_finding_counts() {
    let at = |status: &str, updated: &str, processed: &str| {
        let mut finding = control();
        finding["Workflow"]["Status"] = json!(status);
        (finding["UpdatedAt"], finding["ProcessedAt"]) = (json!(updated), json!(processed));
        finding
    };
    // `UpdatedAt` stands still where somebody closes a finding in Security Hub.
    last_wins(
        &[
            at("NEW", "2026-03-01T00:01:07.000Z", "2026-03-01T00:01:09.000Z"),
            at("RESOLVED", "2026-03-01T00:01:07.000Z", "2026-03-01T00:01:09.500Z"),
        ],
        "resolved",
    );
    let loaded = load(at("NEW", "2026-03-01T00:05:00Z", "2026-03-01T00:01:00Z").to_string());
    assert_eq!(loaded.states[0].json()["siem"]["finding"]["changed"], json!("2026-03-01T00:05:00Z"));
}

#[test]
fn a_time_that_cannot_be_does_not_freeze_a_finding() {
    let mut finding = control();
    (finding["UpdatedAt"], finding["ProcessedAt"]) = (json!("9999-01-01T00:00:00Z"), json!(null));
    let loaded = load(finding.to_string());
    assert_eq!((loaded.docs.len(), loaded.states.len()), (1, 0));
    finding["UpdatedAt"] = json!("x");
    assert_eq!(load(finding.to_string()).states.len(), 0);
}

#[test]
fn a_finding_is_one_whichever_way_it_comes() {
    let asff = event(&json!([guardduty(&json!({}))]));
    let mut resolved = security_hub_ocsf::detection();
    resolved["status_id"] = json!(4);
    let mut ocsf = security_hub_ocsf::event(&resolved);
    ocsf["time"] = json!("2026-03-01T00:03:00Z");
    last_wins(&[asff.clone(), ocsf], "resolved");
    let state = load(asff.to_string()).states[0].json()["siem"]["finding"].clone();
    // As GuardDuty itself names it.
    assert_eq!((&state["product"], &state["id"]), (&json!("guardduty"), &json!("f-9")));
    assert_eq!(load(asff.to_string()).states[0].id(), "guardduty/f-9");
    let escaped = asff.to_string().replace("/finding/f-9", "\\/finding\\/f-9");
    assert_eq!(load(escaped).states[0].id(), "guardduty/f-9");
}

#[test]
fn the_state_is_the_document_without_its_message() {
    let loaded = load(event(&json!([control()])).to_string());
    let (mut doc, state) = (loaded.docs[0].json(), loaded.states[0].json());
    doc.as_object_mut().unwrap().remove("@message");
    assert_eq!(doc, state);
    let id = "arn:aws:securityhub:eu-west-1:444455556666:security-control/S3.5/finding/f-1";
    assert_eq!(loaded.states[0].id(), format!("security hub/{id}"));
    let expected = json!({"product": "security hub", "id": id, "severity": "high", "stage": "new", "open": true,
        "changed": "2026-03-01T00:02:00Z", "version": 1_772_323_320_000_u64 * 8 + 1});
    assert_eq!(state["siem"]["finding"], expected);
}

#[test]
fn stages_and_severities_of_older_findings() {
    let of = |change: fn(&mut Value)| {
        let mut finding = control();
        change(&mut finding);
        load(event(&json!([finding])).to_string()).states[0].json()["siem"]["finding"].clone()
    };
    let legacy = of(|f| (f["Workflow"], f["WorkflowState"]) = (json!(null), json!("IN_PROGRESS")));
    assert_eq!(legacy["stage"], json!("notified"));
    let none = of(|f| (f["Workflow"], f["WorkflowState"]) = (json!({"Status": "?"}), json!(null)));
    assert_eq!((&none["stage"], &none["open"]), (&json!("open"), &json!(true)));
    assert_eq!(of(|f| f["Severity"] = json!({"Normalized": 90}))["severity"], json!("critical"));
    assert_eq!(of(|f| f["Severity"] = json!({"Normalized": "39"}))["severity"], json!("low"));
    assert!(of(|f| f["Severity"] = json!("HIGH"))["severity"].is_null());
    let named = of(|f| (f["ProductFields"], f["ProductName"]) = (json!(null), json!("Prowler")));
    assert_eq!(named["product"], json!("prowler"));
    let of_arn = of(|f| {
        (f["ProductFields"], f["ProductName"], f["ProductArn"]) =
            (json!(null), json!(null), json!("arn:aws:x::product/a/Acme"))
    });
    assert_eq!(of_arn["product"], json!("acme"));
}
