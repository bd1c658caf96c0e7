//! Indices that es-loader made, with its mapping and its documents, are searched together with ours.

use serde_json::{Value, json};
use siem_loader::sink::Method;

use crate::program::{gzip, put, run, scratch};
use crate::support::{node, ok, opensearch_url, unique};

/// A log as both write it.
struct Both {
    pattern: &'static str,
    /// Index of es-loader: a month that no record of ours has.
    theirs: &'static str,
    /// What es-loader's templates pin, beside text as `keyword`.
    properties: Value,
    /// A document of es-loader.
    document: Value,
    /// Our object: key and decoded bytes.
    key: &'static str,
    object: String,
    /// Questions that both documents answer.
    queries: Vec<Value>,
    /// Fields by which both are grouped into one bucket.
    terms: &'static [&'static str],
    /// A number that is summed over both, and the sum.
    sum: Option<(&'static str, f64)>,
}

fn properties(more: Value) -> Value {
    let mut all = json!({
        "@timestamp": {"type": "date"}, "@message": {"type": "text"},
        "source": {"properties": {"ip": {"type": "ip"}, "port": {"type": "long"}, "bytes": {"type": "long"}}},
        "destination": {"properties": {"ip": {"type": "ip"}, "port": {"type": "long"}}},
        "network": {"properties": {"bytes": {"type": "integer"}, "packets": {"type": "long"}}},
        "related": {"properties": {"ip": {"type": "ip"}}},
        "event": {"properties": {"severity": {"type": "long"}, "risk_score_norm": {"type": "float"}}},
    });
    for (name, mapping) in more.as_object().unwrap() {
        all[name] = mapping.clone();
    }
    all
}

fn logs(token: &str) -> Vec<Both> {
    let account = token;
    vec![
        Both {
            pattern: "log-aws-cloudtrail-*",
            theirs: "log-aws-cloudtrail-2004-01",
            properties: properties(json!({})),
            document: json!({
                "eventVersion": "1.08", "eventTime": "2004-01-02T00:00:00Z", "eventName": "GetObject",
                "eventSource": "s3.amazonaws.com", "readOnly": true, "requestParameters": {"bucketName": "b", "x": {"y": 1}},
                "additionalEventData": {"bytesTransferredOut": 100}, "recipientAccountId": account,
                "@timestamp": "2004-01-02T00:00:00+00:00", "@message": "{}", "@log_type": "cloudtrail",
                "cloud": {"account": {"id": account}}, "user": {"name": "alice"}, "event": {"category": "iam"},
                "source": {"ip": "192.0.2.7", "address": "192.0.2.7"}, "related": {"ip": ["192.0.2.7"]},
            }),
            key: "AWSLogs/111122223333/CloudTrail/eu-central-1/2024/07/01/\
                  111122223333_CloudTrail_eu-central-1_20240701T0005Z_sideBySide000000.json.gz",
            object: format!(
                r#"{{"Records":[{{"eventID":"{token}","eventVersion":"1.08","eventTime":"2024-07-01T00:00:00Z","eventName":"GetObject","eventSource":"s3.amazonaws.com","readOnly":true,"requestParameters":{{"bucketName":"b","x":"text"}},"additionalEventData":{{"bytesTransferredOut":23}},"recipientAccountId":"{account}","sourceIPAddress":"192.0.2.7","userIdentity":{{"userName":"alice"}}}}]}}"#
            ),
            queries: vec![
                json!({"term": {"user.name": "alice"}}),
                json!({"term": {"source.ip": "192.0.2.0/24"}}),
                json!({"term": {"requestParameters.bucketName": "b"}}),
                json!({"range": {"@timestamp": {"lt": "2025-01-01"}}}),
            ],
            terms: &["eventName", "eventSource", "user.name", "cloud.account.id", "source.ip"],
            sum: Some(("additionalEventData.bytesTransferredOut", 123.0)),
        },
        Both {
            pattern: "log-aws-vpcflowlogs-*",
            theirs: "log-aws-vpcflowlogs-2004-01",
            properties: properties(json!({"bytes": {"type": "integer"}, "packets": {"type": "integer"}})),
            document: json!({
                "version": "2", "account_id": account, "srcaddr": "10.0.0.1", "dstaddr": "192.0.2.1", "srcport": "4711",
                "dstport": "443", "protocol": "6", "packets": "2", "bytes": "100", "start": "1073001600",
                "end": "1073001660", "action": "ACCEPT", "log_status": "OK", "@timestamp": "2004-01-02T00:01:00+00:00",
                "cloud": {"account": {"id": account}}, "event": {"action": "ACCEPT"},
                "source": {"ip": "10.0.0.1", "port": "4711", "bytes": "100"},
                "destination": {"ip": "192.0.2.1", "port": "443"}, "network": {"bytes": "100", "transport": "tcp"},
            }),
            key: "AWSLogs/111122223333/vpcflowlogs/eu-central-1/2024/07/01/\
                  111122223333_vpcflowlogs_eu-central-1_fl-0123456789abcdef0_20240701T0005Z_51de.log.gz",
            object: format!(
                "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action \
                 log-status\n2 {account} eni-1 10.0.0.1 192.0.2.1 4711 443 6 2 5000000000 1719792000 1719792060 ACCEPT OK\n"
            ),
            queries: vec![
                json!({"term": {"source.ip": "10.0.0.0/8"}}),
                json!({"term": {"destination.port": 443}}),
                json!({"term": {"event.action": "ACCEPT"}}),
            ],
            terms: &["event.action", "cloud.account.id", "destination.ip", "network.transport"],
            sum: Some(("network.bytes", 5_000_000_100.0)),
        },
        Both {
            pattern: "log-aws-guardduty-*",
            theirs: "log-aws-guardduty-2004-01",
            properties: properties(json!({})),
            document: json!({
                "id": "theirs", "accountId": account, "type": "Recon:EC2/PortProbeUnprotectedPort", "severity": 2.0,
                "severitylabel": "low", "ThreatPurpose": "Recon", "@timestamp": "2004-01-02T00:00:00+00:00",
                "cloud": {"account": {"id": account}}, "rule": {"id": "Recon:EC2/PortProbeUnprotectedPort"},
                "event": {"severity": "2.0", "kind": "alert"}, "service": {"count": 1},
            }),
            key: "AWSLogs/111122223333/GuardDuty/eu-central-1/2024/07/01/side-by-side.jsonl.gz",
            object: format!(
                r#"{{"schemaVersion":"2.0","accountId":"{account}","region":"eu-central-1","id":"{token}","type":"Recon:EC2/PortProbeUnprotectedPort","severity":2.0,"updatedAt":"2024-07-01T00:00:00.000Z","createdAt":"2024-07-01T00:00:00.000Z","title":"t","description":"d","resource":{{"resourceType":"Instance"}},"service":{{"count":1,"archived":false,"detectorId":"d"}}}}"#
            ),
            queries: vec![
                json!({"term": {"severitylabel": "low"}}),
                json!({"range": {"severity": {"gte": 1}}}),
            ],
            terms: &["type", "ThreatPurpose", "cloud.account.id", "rule.id"],
            sum: Some(("service.count", 2.0)),
        },
        Both {
            pattern: "log-aws-securityhub-*",
            theirs: "log-aws-securityhub-2004-01",
            properties: properties(json!({})),
            document: json!({
                "Id": "theirs", "AwsAccountId": account, "Title": "t", "Severity": {"Label": "HIGH", "Normalized": 70},
                "Workflow": {"Status": "NEW"}, "RecordState": "ACTIVE", "@timestamp": "2004-01-02T00:00:00+00:00",
                "cloud": {"account": {"id": account}}, "event": {"module": "inspector", "severity": "70"},
                "Resources": [{"Type": "AwsEc2Instance", "Details": {"x": {"y": "z"}}}],
            }),
            key: "AWSLogs/111122223333/SecurityHub/eu-central-1/2024/07/01/side-by-side.gz",
            object: format!(
                r#"{{"SchemaVersion":"2018-10-08","Id":"{token}","ProductArn":"arn:aws:securityhub:eu-central-1::product/aws/inspector","AwsAccountId":"{account}","Title":"t","Severity":{{"Label":"HIGH","Normalized":70}},"Workflow":{{"Status":"NEW"}},"RecordState":"ACTIVE","UpdatedAt":"2024-07-01T00:00:00.000Z","CreatedAt":"2024-07-01T00:00:00.000Z","ProductFields":{{"aws/securityhub/ProductName":"Inspector"}},"Types":["a/b/c"],"Resources":[{{"Type":"AwsEc2Instance","Id":"i-1","Details":{{"x":"text"}}}}]}}"#
            ),
            queries: vec![
                json!({"term": {"Severity.Label": "HIGH"}}),
                json!({"term": {"event.module": "inspector"}}),
            ],
            terms: &[
                "Severity.Label",
                "Workflow.Status",
                "RecordState",
                "Resources.Type",
                "cloud.account.id",
            ],
            sum: Some(("Severity.Normalized", 140.0)),
        },
    ]
}

/// An index as es-loader's templates make it: made under a name of no template, then copied, since a template of ours
/// would be merged into an index that is made.
async fn their_index(log: &Both) {
    let source = unique();
    let body = json!({
        "settings": {"number_of_shards": 1, "number_of_replicas": 0, "index.mapping.ignore_malformed": true},
        "mappings": {
            "dynamic_templates": [{"strings": {"match_mapping_type": "string", "mapping": {"type": "keyword"}}}],
            "properties": log.properties,
        }
    });
    ok(&node(), Method::Put, &format!("/{source}"), Some(body)).await;
    ok(&node(), Method::Put, &format!("/{source}/_doc/theirs"), Some(log.document.clone())).await;
    let block = json!({"index.blocks.write": true});
    ok(&node(), Method::Put, &format!("/{source}/_settings"), Some(block)).await;
    let settings = json!({"settings": {"index.blocks.write": null, "number_of_replicas": 0}});
    ok(&node(), Method::Post, &format!("/{source}/_clone/{}", log.theirs), Some(settings)).await;
    ok(&node(), Method::Delete, &format!("/{source}"), None).await;
    let health = format!("/_cluster/health/{}?wait_for_status=yellow&timeout=30s", log.theirs);
    ok(&node(), Method::Get, &health, None).await;
}

#[tokio::test]
async fn indices_of_es_loader_are_searched_together_with_ours() {
    let token = unique();
    for log in logs(&token) {
        their_index(&log).await;
        let root = scratch();
        put(&root, log.key, &gzip(log.object.as_bytes()));
        let root = root.to_str().unwrap();
        let loaded =
            run(&["load", root, "--root", root, "--opensearch-url", opensearch_url(), "--output", "json"]);
        assert_eq!(loaded.expect_status(0).figures(["records", "indexed"]), [1, 1], "{}", log.key);
        // Other tests have indices of their own mapping under the same pattern.
        let indices = format!("{},{}", log.theirs, log.pattern.replace('*', "2024-07"));
        ok(&node(), Method::Post, &format!("/{indices}/_refresh"), None).await;

        let only = json!({"term": {"cloud.account.id": token}});
        for query in &log.queries {
            let body =
                json!({"query": {"bool": {"filter": [only, query]}}, "sort": [{"@timestamp": "desc"}]});
            let found = ok(&node(), Method::Post, &format!("/{indices}/_search"), Some(body)).await;
            assert_eq!(found["_shards"]["failed"], 0, "{query}: {found}");
            assert_eq!(found["hits"]["total"]["value"], 2, "{query}: {found}");
        }
        let mut aggs = json!({"months": {"date_histogram": {"field": "@timestamp", "calendar_interval": "year",
                                                            "min_doc_count": 1}}});
        for field in log.terms {
            aggs[*field] = json!({"terms": {"field": field}});
        }
        if let Some((field, _)) = log.sum {
            aggs["sum"] = json!({"sum": {"field": field}});
        }
        let body = json!({"size": 0, "query": only, "aggs": aggs});
        let found = ok(&node(), Method::Post, &format!("/{indices}/_search"), Some(body)).await;
        assert_eq!(found["_shards"]["failed"], 0, "{found}");
        for field in log.terms {
            assert_eq!(found["aggregations"][*field]["buckets"][0]["doc_count"], 2, "{field}: {found}");
        }
        assert_eq!(found["aggregations"]["months"]["buckets"].as_array().unwrap().len(), 2, "{found}");
        if let Some((field, sum)) = log.sum {
            assert_eq!(found["aggregations"]["sum"]["value"], sum, "{field}");
        }
    }
}
