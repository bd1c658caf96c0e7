//! Findings of each family, as an export has them: what the tests of GuardDuty load.

use serde_json::{Value, json};
use siem_parsers::{source::guardduty, split::Limits};

use crate::support::{Doc, Loaded, context_for, load_type};

/// Key of the object; its day is 2024-01-02.
pub(crate) const KEY: &str =
    "AWSLogs/111122223333/GuardDuty/eu-central-1/2024/01/02/0b6f4f4e-1111-4222-8333-444455556666.jsonl.gz";

/// Loads decoded bytes in one go.
pub(crate) fn load(bytes: impl AsRef<[u8]>) -> Loaded {
    let object = context_for(&guardduty::LOG_TYPE, KEY);
    load_type(&guardduty::LOG_TYPE, &object, bytes.as_ref(), Limits::default(), &[])
}

/// The document of one finding.
pub(crate) fn document(finding: &Value) -> Value {
    doc(finding).json()
}

/// As [`document`], with its action.
pub(crate) fn doc(finding: &Value) -> Doc {
    load(finding.to_string()).one().clone()
}

/// A finding with an action and a resource.
pub(crate) fn finding(kind: &str, resource: Value, service: Value) -> Value {
    let mut finding = json!({
        "schemaVersion": "2.0", "accountId": "444455556666", "region": "us-west-2", "partition": "aws",
        "id": "16c8f0e2ad4b5c6d7e8f901234567890", "type": kind, "severity": 5.0,
        "arn": "arn:aws:guardduty:us-west-2:444455556666:detector/d/finding/16c8f0e2ad4b5c6d7e8f901234567890",
        "createdAt": "2024-01-01T20:00:00.000Z", "updatedAt": "2024-01-02T03:04:05.000Z",
        "title": "Something was seen.", "description": "Something was seen in account 444455556666.",
        "resource": resource,
        "service": {
            "serviceName": "guardduty", "detectorId": "d", "archived": false, "count": 3, "resourceRole": "TARGET",
            "eventFirstSeen": "2024-01-01T19:59:00Z", "eventLastSeen": "2024-01-02T03:04:00Z",
            "additionalInfo": {"value": "{}", "type": "default"}
        }
    });
    let members = finding["service"].as_object_mut().unwrap();
    members.extend(service.as_object().unwrap().clone());
    finding
}

/// An instance with two interfaces.
pub(crate) fn instance() -> Value {
    json!({"resourceType": "Instance", "instanceDetails": {
        "instanceId": "i-0123456789abcdef0", "instanceType": "t3.micro", "outpostArn": null, "platform": null,
        "productCodes": [], "tags": [{"key": "Name", "value": "web-1"}],
        "networkInterfaces": [
            {"networkInterfaceId": "eni-1", "privateIpAddress": "10.0.0.5", "publicIp": "198.51.100.7",
             "privateDnsName": "ip-10-0-0-5.internal", "publicDnsName": "", "ipv6Addresses": ["2001:db8::5"],
             "privateIpAddresses": [{"privateIpAddress": "10.0.0.5"}, {"privateIpAddress": "10.0.0.6"}]},
            {"networkInterfaceId": "eni-2", "privateIpAddress": "10.0.1.5", "ipv6Addresses": []}
        ]
    }})
}

/// The other side.
pub(crate) fn remote(address: &str) -> Value {
    let name = if address.contains(':') { "ipAddressV6" } else { "ipAddressV4" };
    json!({
        name: address, "country": {"countryName": "Netherlands", "countryCode": "NL"},
        "city": {"cityName": "Amsterdam"}, "geoLocation": {"lat": 52.374, "lon": 4.8897},
        "organization": {"asn": "64500", "asnOrg": "Example Hosting", "isp": "Example", "org": "Example"}
    })
}

pub(crate) fn access_key() -> Value {
    json!({"resourceType": "AccessKey", "accessKeyDetails": {
        "accessKeyId": "AKIAEXAMPLE00000001", "principalId": "AIDAEXAMPLE", "userType": "IAMUser", "userName": "ana"
    }})
}

pub(crate) fn connection(direction: &str) -> Value {
    finding(
        "Backdoor:EC2/C&CActivity.B",
        instance(),
        json!({"action": {"actionType": "NETWORK_CONNECTION", "networkConnectionAction": {
            "connectionDirection": direction, "protocol": "TCP", "blocked": false,
            "localIpDetails": {"ipAddressV4": "10.0.0.5"}, "localPortDetails": {"port": 50123, "portName": "Unknown"},
            "remotePortDetails": {"port": 443, "portName": "HTTPS"}, "remoteIpDetails": remote("203.0.113.9")
        }}}),
    )
}

pub(crate) fn probe() -> Value {
    let detail = |port, local, address| {
        json!({"localPortDetails": {"port": port}, "localIpDetails": {"ipAddressV4": local},
               "remoteIpDetails": remote(address)})
    };
    finding(
        "Recon:EC2/PortProbeUnprotectedPort",
        instance(),
        json!({"action": {"actionType": "PORT_PROBE", "portProbeAction": {"blocked": true, "portProbeDetails": [
            detail(22, "10.0.0.5", "203.0.113.9"), detail(443, "10.0.0.8", "203.0.113.10"),
            detail(80, "10.0.0.5", "2001:db8::77")
        ]}}}),
    )
}

pub(crate) fn question() -> Value {
    finding(
        "Trojan:EC2/DNSDataExfiltration!DNS",
        instance(),
        json!({"action": {"actionType": "DNS_REQUEST", "dnsRequestAction": {
            "domain": "x.example.net", "domainWithSuffix": null, "protocol": "UDP", "blocked": true
        }}}),
    )
}

pub(crate) fn api_call() -> Value {
    finding(
        "Discovery:IAMUser/AnomalousBehavior",
        access_key(),
        json!({"action": {"actionType": "AWS_API_CALL", "awsApiCallAction": {
            "api": "ListBuckets", "serviceName": "s3.amazonaws.com", "callerType": "Remote IP",
            "errorCode": "AccessDenied", "userAgent": "aws-cli/2.15.0 Python/3.11", "affectedResources": {},
            "remoteIpDetails": remote("203.0.113.9")
        }}}),
    )
}

pub(crate) fn kubernetes_call() -> Value {
    finding(
        "Execution:Kubernetes/ExecInKubeSystemPod",
        json!({"resourceType": "EKSCluster",
        "eksClusterDetails": {"name": "prod", "arn": "arn:aws:eks:us-west-2:444455556666:cluster/prod",
            "createdAt": 1700000000.123},
        "kubernetesDetails": {
            "kubernetesUserDetails": {"username": "system:anonymous", "uid": "u", "groups": ["system:masters"],
                "impersonatedUser": {"username": "cluster-admin"}},
            "kubernetesWorkloadDetails": {"name": "api", "namespace": "prod", "containers": [
                {"id": "containerd://1", "name": "app", "image": "app:1", "containerRuntime": "containerd"}]}
        }}),
        json!({"action": {"actionType": "KUBERNETES_API_CALL", "kubernetesApiCallAction": {
            "requestUri": "/api/v1/pods", "verb": "create", "sourceIPs": ["203.0.113.20", "10.0.3.17"],
            "userAgent": "kubectl/v1.31.0", "statusCode": 201, "parameters": null,
            "remoteIpDetails": remote("2001:db8::9")
        }}}),
    )
}

pub(crate) fn login() -> Value {
    finding(
        "CredentialAccess:RDS/AnomalousBehavior.SuccessfulLogin",
        json!({"resourceType": "RDSDBInstance", "rdsDbInstanceDetails": {"dbInstanceIdentifier": "orders-1"},
               "rdsDbUserDetails": {"user": "admin", "application": "psql", "database": "orders"}}),
        json!({"action": {"actionType": "RDS_LOGIN_ATTEMPT", "rdsLoginAttemptAction": {
            "remoteIpDetails": remote("203.0.113.9"),
            "LoginAttributes": [{"user": "admin", "failedLoginAttempts": 3}, {"user": "root"}]
        }}}),
    )
}

pub(crate) fn runtime() -> Value {
    finding(
        "Execution:Runtime/ReverseShell",
        instance(),
        json!({"runtimeDetails": {
            "process": {"name": "sh", "executablePath": "/usr/bin/sh", "executableSha256": "a".repeat(64),
                "pwd": "/root", "pid": 4711, "startTime": "2024-01-02T03:00:00.123Z", "uuid": "u-1",
                "parentUuid": "u-0", "user": "www-data", "userId": 33,
                "lineage": [{"startTime": 1704164400.5, "name": "systemd", "pid": 1}]},
            "context": {"commandLineExample": "sh -c \"id\"", "targetProcess": {"executableSha256": "b".repeat(64)}}
        }}),
    )
}

pub(crate) fn volume_scan() -> Value {
    finding(
        "Execution:EC2/MaliciousFile",
        instance(),
        json!({"ebsVolumeScanDetails": {"scanId": "s", "scanDetections": {"threatDetectedByName": {"threatNames": [
            {"name": "EICAR-Test-File", "severity": "HIGH", "filePaths": [
                {"filePath": "tmp/eicar.com", "fileName": "eicar.com", "hash": "c".repeat(64)},
                {"filePath": "opt/x", "fileName": "x", "hash": "d".repeat(64)}]}
        ]}}}}),
    )
}

pub(crate) fn object_scan() -> Value {
    finding(
        "Object:S3/MaliciousFile",
        json!({"resourceType": "S3Object", "s3BucketDetails": [{"name": "uploads", "arn": "arn:aws:s3:::uploads",
            "createdAt": 1730888103.0, "s3ObjectDetails": [{"key": "in/a.zip", "hash": "e".repeat(64)}]}]}),
        json!({"malwareScanDetails": {"threats": [{"name": "EICAR-Test-File", "source": "Bitdefender",
            "itemPaths": [{"nestedItemPath": "eicar.com", "hash": "f".repeat(32)}]}]}}),
    )
}

pub(crate) fn sequence() -> Value {
    let mut finding = finding(
        "AttackSequence:IAM/CompromisedCredentials",
        json!({"resourceType": "AttackSequence"}),
        json!({"detection": {"sequence": {
            "uid": "q", "description": "d",
            "actors": [{"id": "a", "user": {"name": "ana", "uid": "AIDAEXAMPLE", "credentialUid": "AKIAEXAMPLE00000001",
                "account": {"uid": "444455556666"}}, "process": {"sha256": "9".repeat(64)}}],
            "endpoints": [{"id": "e", "ip": "203.0.113.9", "port": 443, "domain": "x.example.net",
                "location": {"city": "Amsterdam", "country": "Netherlands", "lat": 52.374, "lon": 4.8897},
                "autonomousSystem": {"number": 64500, "name": "Example Hosting"}}, {"ip": "2001:db8::9"}],
            "resources": [
                {"uid": "arn:aws:ec2:us-west-2:444455556666:instance/i-0123456789abcdef0", "resourceType": "EC2_INSTANCE"},
                {"uid": "eni-1", "resourceType": "EC2_NETWORK_INTERFACE", "data": {"ec2NetworkInterface": {
                    "publicIp": "198.51.100.7", "privateIpAddresses": [{"privateIpAddress": "10.0.0.5"}]}}},
                {"uid": "k", "resourceType": "ACCESS_KEY", "data": {"accessKey": {"userName": "bea"}}}],
            "signals": [{"uid": "s", "type": "FINDING", "name": "Discovery:S3/TorIPCaller", "severity": 5.0}],
            "sequenceIndicators": [{"key": "ATTACK_TACTIC", "values": ["Discovery", "Exfiltration"]},
                {"key": "MALICIOUS_IP", "values": ["203.0.113.30"]}]
        }}}),
    );
    finding["severity"] = json!(9.0);
    finding
}

/// One of each.
pub(crate) fn all() -> Vec<Value> {
    vec![
        connection("OUTBOUND"),
        connection("INBOUND"),
        probe(),
        question(),
        api_call(),
        kubernetes_call(),
        login(),
        runtime(),
        volume_scan(),
        object_scan(),
        sequence(),
    ]
}

/// An event of EventBridge around a finding.
pub(crate) fn event(id: &str, time: &str, detail: &Value) -> Value {
    json!({
        "version": "0", "id": id, "detail-type": "GuardDuty Finding", "source": "aws.guardduty",
        "account": "999988887777", "time": time, "region": "ap-south-1", "resources": [], "detail": detail
    })
}
