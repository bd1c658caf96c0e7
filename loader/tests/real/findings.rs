//! The current state of findings in a real index, whatever the order of arrival.

use serde_json::{Value, json};
use siem_loader::sink::Method;

use crate::program::{gzip, put, run, scratch};
use crate::support::{node, ok, opensearch_url, unique};

/// An EventBridge event with one finding.
fn event(id: &str, time: &str, workflow: &str, record_state: &str) -> String {
    json!({
        "version": "0", "id": format!("{id}{time}"), "detail-type": "Security Hub Findings - Imported",
        "source": "aws.securityhub", "account": "111122223333", "time": time, "region": "eu-central-1",
        "resources": ["arn:aws:securityhub:eu-central-1::product/aws/inspector/x"],
        "detail": {"findings": [{
            "SchemaVersion": "2018-10-08", "Id": id, "AwsAccountId": "111122223333", "Region": "eu-central-1",
            "ProductArn": "arn:aws:securityhub:eu-central-1::product/aws/inspector", "ProductName": "Inspector",
            "GeneratorId": "g", "Title": "t", "Description": "d", "Types": ["a/b/c"], "Severity": {"Label": "HIGH"},
            "CreatedAt": "2026-03-01T00:00:00.000Z", "UpdatedAt": "2026-03-01T00:00:00.000Z",
            "Workflow": {"Status": workflow}, "RecordState": record_state,
            "ProductFields": {"aws/securityhub/ProductName": "Inspector"},
            "Resources": [{"Type": "AwsEc2Instance", "Id": "arn:aws:ec2:eu-central-1:111122223333:instance/i-1"}]
        }]}
    })
    .to_string()
}

/// Loads lines as an object of their own; gives what was written of states, and what was not newer.
fn load(folder: &str, name: &str, lines: &[String]) -> [u64; 3] {
    let root = scratch();
    let key = format!("AWSLogs/111122223333/{folder}/eu-central-1/2026/03/01/{name}.gz");
    put(&root, &key, &gzip(lines.join("\n").as_bytes()));
    let root = root.to_str().unwrap();
    run(&["load", root, "--root", root, "--opensearch-url", opensearch_url(), "--output", "json"])
        .expect_status(0)
        .figures(["records", "current_written", "current_older"])
}

/// The current states whose finding id holds a text.
async fn states(id: &str) -> Vec<Value> {
    ok(&node(), Method::Post, "/siem-findings-current/_refresh", None).await;
    let query = json!({"query": {"term": {"siem.finding.id": id}}});
    let found = ok(&node(), Method::Post, "/siem-findings-current/_search", Some(query)).await;
    found["hits"]["hits"].as_array().unwrap().iter().map(|hit| hit["_source"].clone()).collect()
}

#[tokio::test]
async fn a_resolved_finding_is_closed_whatever_the_order_of_arrival() {
    let first = "2026-03-01T08:00:00Z";
    let second = "2026-03-01T09:00:00Z";
    for (order, turned) in [("forward", false), ("backward", true)] {
        let id = format!("arn:aws:inspector2:eu-central-1:111122223333:finding/{}{order}", unique());
        let mut events = [event(&id, first, "NEW", "ACTIVE"), event(&id, second, "RESOLVED", "ACTIVE")];
        if turned {
            events.reverse();
        }
        let [first, second] = events;
        assert_eq!(load("SecurityHub", "one", std::slice::from_ref(&first)), [1, 1, 0]);
        let counts = if turned { [1, 0, 1] } else { [1, 1, 0] };
        assert_eq!(load("SecurityHub", "two", &[second]), counts, "{order}");
        // The same again is not newer.
        assert_eq!(load("SecurityHub", "one", &[first]), [1, 0, 1]);
        let states = states(&id).await;
        assert_eq!(states.len(), 1, "{order}");
        assert_eq!(states[0]["siem"]["finding"]["open"], false, "{order}: {}", states[0]);
        assert_eq!(states[0]["Workflow"]["Status"], "RESOLVED");
        // One document a change, beside it.
        let all = json!({"query": {"term": {"Id": id}}});
        ok(&node(), Method::Post, "/log-aws-securityhub-2026-03/_refresh", None).await;
        let found = ok(&node(), Method::Post, "/log-aws-securityhub-2026-03/_search", Some(all)).await;
        assert_eq!(found["hits"]["total"]["value"], 2, "{order}");
    }
}

#[tokio::test]
async fn of_two_states_with_one_instant_the_later_in_a_findings_life_is_current() {
    let time = "2026-03-01T08:00:00Z";
    let id = format!("arn:aws:inspector2:eu-central-1:111122223333:finding/{}", unique());
    load("SecurityHub", "one", &[event(&id, time, "RESOLVED", "ACTIVE"), event(&id, time, "NEW", "ACTIVE")]);
    let states = states(&id).await;
    assert_eq!((states.len(), &states[0]["siem"]["finding"]["open"]), (1, &json!(false)));
}

#[tokio::test]
async fn a_guardduty_finding_that_comes_through_security_hub_too_is_one() {
    let finding = unique().replace('-', "");
    let own = json!({
        "schemaVersion": "2.0", "accountId": "111122223333", "region": "eu-central-1", "id": finding,
        "type": "Recon:EC2/PortProbeUnprotectedPort", "severity": 5.0, "updatedAt": "2026-03-01T08:00:00.000Z",
        "createdAt": "2026-03-01T07:00:00.000Z", "title": "t", "description": "d",
        "resource": {"resourceType": "Instance"}, "service": {"count": 1, "archived": false, "detectorId": "d"}
    });
    load("GuardDuty", "own", &[own.to_string()]);
    let arn = format!("arn:aws:guardduty:eu-central-1:111122223333:detector/d/finding/{finding}");
    let resolved = event(&arn, "2026-03-01T09:00:00Z", "RESOLVED", "ACTIVE")
        .replace("product/aws/inspector", "product/aws/guardduty")
        .replace("\"Inspector\"", "\"GuardDuty\"");
    load("SecurityHub", "hub", &[resolved]);
    let states = states(&finding).await;
    assert_eq!(states.len(), 1);
    assert_eq!(states[0]["siem"]["finding"]["open"], false);
}
