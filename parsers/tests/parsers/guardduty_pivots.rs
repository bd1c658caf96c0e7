//! The ECS fields of a GuardDuty document, for each family of findings.

use serde_json::{Value, json};
use siem_parsers::source::guardduty;

use crate::{
    fits,
    guardduty_findings::{
        all, api_call, connection, document, finding, instance, kubernetes_call, login, object_scan, probe,
        question, runtime, sequence, volume_scan,
    },
};

#[test]
fn every_family_fits_the_templates() {
    for finding in all() {
        fits::check(&guardduty::LOG_TYPE, &document(&finding), &[]);
    }
}

#[test]
fn an_outbound_connection_has_the_resource_as_its_source() {
    let doc = document(&connection("OUTBOUND"));
    assert_eq!(
        doc["source"],
        json!({"address": "10.0.0.5", "ip": "10.0.0.5", "port": 50123, "nat": {"ip": "198.51.100.7"}})
    );
    let remote = json!({
        "address": "203.0.113.9", "ip": "203.0.113.9", "port": 443,
        "geo": {"location": {"lat": 52.374, "lon": 4.8897}, "city_name": "Amsterdam",
                "country_iso_code": "NL", "country_name": "Netherlands"},
        "as": {"number": 64500, "organization": {"name": "Example Hosting"}}
    });
    assert_eq!(doc["destination"], remote);
    assert_eq!(doc["network"], json!({"direction": "outbound", "transport": "tcp"}));
    assert_eq!((&doc["event"]["category"], &doc["event"]["kind"]), (&json!("malware"), &json!("alert")));
    for direction in ["INBOUND", "UNKNOWN"] {
        let doc = document(&connection(direction));
        assert_eq!((&doc["source"], &doc["destination"]["ip"]), (&remote, &json!("10.0.0.5")));
        assert_eq!(doc["network"]["direction"], direction.to_lowercase());
    }
}

#[test]
fn an_instance_is_a_host_with_all_its_addresses() {
    let doc = document(&connection("OUTBOUND"));
    assert_eq!(doc["related"]["ip"], json!(["10.0.0.5", "198.51.100.7", "203.0.113.9"]));
    assert_eq!(doc["siem"]["related"]["ip"], json!(["10.0.0.6", "10.0.1.5", "2001:db8::5"]));
    assert_eq!(
        doc["host"],
        json!({"id": "i-0123456789abcdef0", "name": "ip-10-0-0-5.internal",
               "ip": ["10.0.0.5", "10.0.0.6", "10.0.1.5", "198.51.100.7", "2001:db8::5"]})
    );
    assert_eq!(doc["related"]["hosts"], json!(["i-0123456789abcdef0", "ip-10-0-0-5.internal"]));
    assert_eq!(doc["cloud"]["instance"]["id"], "i-0123456789abcdef0");
    assert_eq!(doc["resource"]["instanceDetails"].get("platform"), None);
}

#[test]
fn d16_a_port_probe_has_its_port_city_and_every_prober() {
    let doc = document(&probe());
    assert_eq!(
        (&doc["destination"]["port"], &doc["source"]["geo"]["city_name"]),
        (&json!(22), &json!("Amsterdam"))
    );
    assert_eq!(
        (&doc["source"]["ip"], &doc["network"]["direction"]),
        (&json!("203.0.113.9"), &json!("inbound"))
    );
    assert_eq!(
        doc["related"]["ip"],
        json!(["10.0.0.5", "198.51.100.7", "203.0.113.9"]),
        "as es-loader lists them"
    );
    assert_eq!(
        doc["siem"]["related"]["ip"],
        json!(["10.0.0.6", "10.0.0.8", "10.0.1.5", "2001:db8::5", "2001:db8::77", "203.0.113.10"])
    );
    assert_eq!(doc["event"]["type"], json!(["info", "denied"]));
}

#[test]
fn a_question_has_its_name_and_goes_out() {
    let doc = document(&question());
    assert_eq!(doc["dns"], json!({"question": {"name": "x.example.net"}}));
    assert_eq!(doc["network"], json!({"direction": "outbound", "transport": "udp", "protocol": "dns"}));
    assert_eq!((&doc["source"]["ip"], doc.get("destination")), (&json!("10.0.0.5"), None));
}

#[test]
fn a_call_has_its_key_user_agent_and_error() {
    let doc = document(&api_call());
    assert_eq!(doc["user"], json!({"id": "AKIAEXAMPLE00000001", "name": "ana"}));
    assert_eq!((&doc["related"]["user"], &doc["related"]["ip"]), (&json!(["ana"]), &json!(["203.0.113.9"])));
    let event = &doc["event"];
    assert_eq!((&event["action"], &event["outcome"]), (&json!("ListBuckets"), &json!("failure")));
    assert_eq!(
        (&doc["error"]["code"], &doc["user_agent"]["name"]),
        (&json!("AccessDenied"), &json!("aws-cli"))
    );
    assert_eq!(
        (&event["start"], &event["end"]),
        (&json!("2024-01-01T19:59:00Z"), &json!("2024-01-02T03:04:00Z"))
    );
    assert_eq!(event["category"], json!(["intrusion_detection"]));
    assert_eq!(doc["threat"]["tactic"], json!({"id": ["TA0007"], "name": ["Discovery"]}));
    let mut by_service = api_call();
    let action = &mut by_service["service"]["action"]["awsApiCallAction"];
    action.as_object_mut().unwrap().remove("remoteIpDetails");
    action["domainDetails"] = json!({"domain": "config.amazonaws.com"});
    let doc = document(&by_service);
    assert_eq!((&doc["source"], doc.get("network")), (&json!({"domain": "config.amazonaws.com"}), None));
}

#[test]
fn the_console_link_is_written_where_its_parts_are_plain() {
    let url = |change: &dyn Fn(&mut Value)| {
        let mut finding = api_call();
        change(&mut finding);
        document(&finding)["event"].get("url").cloned()
    };
    assert_eq!(
        url(&|_| {}).unwrap(),
        "https://console.aws.amazon.com/guardduty/home?region=us-west-2#/findings?macros=current&fId=16c8f0e2ad4b5c6d7e8f901234567890"
    );
    let china = url(&|f| f["partition"] = json!("aws-cn")).unwrap();
    assert!(china.as_str().unwrap().starts_with("https://console.amazonaws.cn/guardduty/"));
    for (name, value) in [("partition", "aws-iso"), ("region", "x\"><script>"), ("id", "a b")] {
        assert_eq!(url(&|f| f[name] = json!(value)), None);
    }
}

#[test]
fn a_call_of_kubernetes_has_user_container_and_addresses() {
    let doc = document(&kubernetes_call());
    assert_eq!(doc["user"], json!({"name": "system:anonymous"}));
    assert_eq!(doc["related"]["user"], json!(["cluster-admin", "system:anonymous"]));
    assert_eq!(doc["related"]["ip"], json!(["10.0.3.17", "2001:db8::9", "203.0.113.20"]));
    assert_eq!((&doc["source"]["ip"], &doc["event"]["action"]), (&json!("2001:db8::9"), &json!("create")));
    assert_eq!(
        doc["container"],
        json!({"id": "containerd://1", "name": "app", "runtime": "containerd", "image": {"name": "app:1"}})
    );
    assert_eq!(doc["resource"]["eksClusterDetails"]["createdAt"], 1_700_000_000.123);
}

#[test]
fn a_login_has_its_address_users_and_database() {
    let doc = document(&login());
    assert_eq!(
        (&doc["source"]["ip"], &doc["network"]["direction"]),
        (&json!("203.0.113.9"), &json!("inbound"))
    );
    assert_eq!((&doc["user"]["name"], &doc["related"]["user"]), (&json!("admin"), &json!(["admin", "root"])));
    assert_eq!(
        (&doc["related"]["hosts"], &doc["related"]["ip"]),
        (&json!(["orders-1"]), &json!(["203.0.113.9"]))
    );
}

#[test]
fn a_runtime_finding_has_its_process_and_no_direction() {
    let doc = document(&runtime());
    assert_eq!(
        doc["process"],
        json!({
            "command_line": "sh -c \"id\"", "name": "sh", "executable": "/usr/bin/sh", "pid": 4711,
            "hash": {"sha256": "a".repeat(64)}, "working_directory": "/root", "entity_id": "u-1",
            "parent": {"entity_id": "u-0"}, "start": "2024-01-02T03:00:00.123Z"
        })
    );
    assert_eq!(doc["related"]["hash"], json!(["a".repeat(64), "b".repeat(64)]));
    assert_eq!((&doc["user"], doc.get("network")), (&json!({"name": "www-data"}), None));
}

#[test]
fn malware_has_its_files_and_hashes_and_no_direction() {
    let doc = document(&volume_scan());
    assert_eq!(
        doc["file"],
        json!({"path": "tmp/eicar.com", "name": "eicar.com", "hash": {"sha256": "c".repeat(64)}})
    );
    assert_eq!(doc["related"]["hash"], json!(["c".repeat(64), "d".repeat(64)]));
    assert_eq!((&doc["event"]["category"], doc.get("network")), (&json!("malware"), None));
    let names =
        &doc["service"]["ebsVolumeScanDetails"]["scanDetections"]["threatDetectedByName"]["threatNames"];
    assert_eq!(names[0]["name"], "EICAR-Test-File");
    let doc = document(&object_scan());
    assert_eq!(doc["file"], json!({"path": "in/a.zip", "hash": {"sha256": "e".repeat(64)}}));
    assert_eq!(doc["related"]["hash"], json!(["e".repeat(64), "f".repeat(32)]));
    assert_eq!((&doc["event"]["category"], doc.get("network")), (&json!("malware"), None));
}

#[test]
fn an_attack_sequence_has_its_actors_endpoints_and_tactics() {
    let doc = document(&sequence());
    assert_eq!(doc["user"], json!({"id": "AKIAEXAMPLE00000001", "name": "ana"}));
    assert_eq!(doc["related"]["user"], json!(["ana", "bea"]));
    assert_eq!(
        doc["related"]["ip"],
        json!(["10.0.0.5", "198.51.100.7", "2001:db8::9", "203.0.113.30", "203.0.113.9"])
    );
    assert_eq!(doc["related"]["hosts"], json!(["i-0123456789abcdef0", "x.example.net"]));
    assert_eq!(doc["related"]["hash"], json!(["9".repeat(64)]));
    assert_eq!(
        (&doc["source"]["ip"], &doc["source"]["as"]["number"]),
        (&json!("203.0.113.9"), &json!(64500))
    );
    assert_eq!(doc["cloud"]["instance"]["id"], "i-0123456789abcdef0");
    assert_eq!(doc["threat"]["tactic"], json!({"name": ["Discovery", "Exfiltration"]}));
}

#[test]
fn a_title_loses_space_and_full_stops_at_its_ends() {
    for (title, name) in [
        ("Seen on a resource. ", json!("Seen on a resource")),
        ("\n Seen... \t", json!("Seen")),
        ("\u{3000}Gesehen über 1.2.3.4.", json!("Gesehen über 1.2.3.4")),
        ("\"a\\b\".", json!("\"a\\b\"")),
    ] {
        let mut finding = finding("A:B/C", instance(), json!({}));
        finding["title"] = json!(title);
        assert_eq!(document(&finding)["rule"]["name"], name);
    }
    let mut finding = finding("A:B/C", instance(), json!({}));
    finding["title"] = json!(" ... ");
    assert_eq!(document(&finding)["rule"].get("name"), None);
}

#[test]
fn what_is_no_address_port_place_or_hash_stays_out_of_ecs() {
    let mut odd = connection("INBOUND");
    let action = &mut odd["service"]["action"]["networkConnectionAction"];
    action["remoteIpDetails"] = json!({
        "ipAddressV4": "unknown", "geoLocation": {"lat": 91, "lon": 4}, "country": {"countryName": {"x": 1}},
        "organization": {"asn": "AS64500", "asnOrg": ["x"]}
    });
    action["remotePortDetails"]["port"] = json!("http");
    action["localPortDetails"]["port"] = json!("0443");
    action["protocol"] = json!("17");
    let doc = document(&odd);
    assert_eq!(doc["source"], json!({"address": "unknown"}));
    assert_eq!((doc["destination"].get("port"), doc["network"].get("transport")), (None, None));
    let flat = &doc["siem"]["flat"]["service"]["action"]["networkConnectionAction"];
    assert_eq!(
        (&flat["remotePortDetails"]["port"], &flat["remoteIpDetails"]["geoLocation"]["lat"]),
        (&json!("http"), &json!(91))
    );
    fits::check(&guardduty::LOG_TYPE, &doc, &[]);
    let mut scan = volume_scan();
    scan["service"]["ebsVolumeScanDetails"]["scanDetections"]["threatDetectedByName"]["threatNames"][0]["filePaths"]
        [0]["hash"] = json!("not a hash");
    let doc = document(&scan);
    assert_eq!((&doc["related"]["hash"], doc["file"].get("hash")), (&json!(["d".repeat(64)]), None));
}
