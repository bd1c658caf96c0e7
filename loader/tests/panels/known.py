#!/usr/bin/env python3
"""Known answers of the panels, counted from the raw records of fixtures/objects and from hand_made.ndjson.

    loader/tests/panels/known.py > loader/tests/panels/known.ndjson

Knows nothing of siem-loader: `raw.py` unpacks the objects as AWS wrote them, and this looks at AWS's own fields. A line
is one answer: panel, which documents it is about, the groups of its row, the number's name, the number. Of a panel that
lists groups it takes the largest. Flow logs are those that AWS delivers as text into a bucket; the test asks for the
same objects.
"""

import collections
import ipaddress
import json
import re
import sys

sys.dont_write_bytecode = True

from raw import HERE, files, findings, flows, get, is_sample, level_of, number, one, state, text, trail, values  # noqa: E402

BEGIN, END = "2026-02-28T12:00:00Z", "2026-03-02T00:00:00Z"

T = list(trail())
F = list(flows())
ALL = [state(*found) for found in findings()]
G = [s["raw"] for s in ALL if s["form"] == "guardduty" and not s["sample"]]
H = [s for s in ALL if s["form"] != "guardduty" and not s["sample"]]
LATEST = {}
for s in ALL:
    place = (s["product"], s["name"])
    if place not in LATEST or s["version"] > LATEST[place]["version"]:
        LATEST[place] = s
S = [s for s in LATEST.values() if s["open"] and not s["sample"]]
HAND = [json.loads(line) for line in (HERE / "hand_made.ndjson").read_text(encoding="utf-8").splitlines()]
L = [line["source"] for line in HAND if line["index"] == "siem-ledger-panels"]
M = [line["source"] for line in HAND if line["index"] != "siem-ledger-panels"]

def known(panel, row, value, name="", of="objects"):
    answer = {"panel": "siem-loader-" + panel, "of": of, "row": [str(group) for group in row], "number": name, "value": value}
    print(json.dumps(answer, ensure_ascii=False))


def largest(panel, records, groups, name, of=len, documents="objects"):
    """The group with the largest number; of equal ones the one whose name comes first."""
    rows = collections.defaultdict(list)
    for record in records:
        keys = [()]
        for group in groups:
            found = group(record) if callable(group) else get(record, group)
            keys = [k + (v,) for k in keys for v in dict.fromkeys(found)]
        for key in keys:
            rows[key].append(record)
    key = min(rows, key=lambda key: (-of(rows[key]), [str(k) for k in key]))
    known(panel, key, of(rows[key]), name, documents)


def distinct(path):
    return lambda records: len({v for record in records for v in get(record, path)})


def total(path):
    return lambda records: int(sum(float(v) for record in records for v in get(record, path)))


def named(*names):
    return [record for record in T if record.get("eventName") in names]


def error(record):
    return record.get("errorCode") or ""


# CloudTrail


def user_name(record):
    """Who called: the name of the user, or of the session of a role."""
    who = record.get("userIdentity")
    who = who if isinstance(who, dict) else {}
    if who.get("type") == "IAMUser" and who.get("userName"):
        return [who["userName"]]
    session = (who.get("arn") or "").split("/")[2:]
    return session if who.get("type") == "AssumedRole" else []


root = [
    r for r in T
    if one(r, "userIdentity.type") == "Root" and not get(r, "userIdentity.invokedBy") and r["eventType"] != "AwsServiceEvent"
]
logins = named("ConsoleLogin")
no_mfa = [
    r for r in logins
    if one(r, "responseElements.ConsoleLogin") == "Success" and one(r, "additionalEventData.MFAUsed") != "Yes"
    and one(r, "userIdentity.type") in ("IAMUser", "Root")
]
failed = [r for r in logins if one(r, "responseElements.ConsoleLogin") == "Failure"]
denied = [r for r in T if error(r).startswith("AccessDenied") or error(r).endswith("UnauthorizedOperation")]
tampered = named(
    "StopLogging", "DeleteTrail", "PutEventSelectors", "UpdateDetector", "DeleteDetector", "StopConfigurationRecorder",
    "DeleteFlowLogs", "DisableSecurityHub", "DeleteLogGroup", "PutRetentionPolicy",
)
for board, names in (("cloudtrail", "root no-mfa denied tampered"), ("overview", "root no-mfa denied tampered")):
    numbers = {"root": root, "no-mfa": no_mfa, "denied": denied, "tampered": tampered}
    for name in names.split():
        known(f"{board}-{name}", [], len(numbers[name]))
known("cloudtrail-login-failures", [], len(failed))
largest("cloudtrail-tampering", [r for r in tampered if user_name(r)], ["eventName", user_name], "calls")
largest("cloudtrail-root-calls", root, ["eventName", "sourceIPAddress"], "calls")
largest("cloudtrail-denied-over-time", denied, [user_name], "denied")
security_groups = named("AuthorizeSecurityGroupIngress")
known("cloudtrail-watched", ["5.10 security groups"], len(security_groups), "changes")
known("cloudtrail-watched", ["5.5 CloudTrail"], len(named("StopLogging", "DeleteTrail")), "changes")
known("cloudtrail-watched", ["5.12 network gateways"], len(named("AttachInternetGateway")), "changes")
known("cloudtrail-watched", ["5.15 Organizations"], len(named("MoveAccount", "LeaveOrganization")), "changes")
known("cloudtrail-watched-over-time", ["5.7 KMS keys"], len(named("DisableKey", "ScheduleKeyDeletion")), "changes")
largest("cloudtrail-persistence", named("CreateUser"), ["eventName", user_name], "calls")
largest("cloudtrail-persistence", named("DeactivateMFADevice"), ["eventName", user_name], "calls")
largest("cloudtrail-exposure", named("ModifySnapshotAttribute"), ["eventName", user_name, "recipientAccountId"], "calls")
outcome = [r for r in T if r["eventType"] == "AwsApiCall" and not error(r)]
known("cloudtrail-outcomes", ["failure"], sum(1 for r in T if error(r) or r.get("errorMessage") or r in failed), "calls")
key_calls = [r for r in T if one(r, "userIdentity.accessKeyId") == "AKIAIOSFODNN7EXAMPLE"]
largest("cloudtrail-access-keys", key_calls, ["userIdentity.accessKeyId"], "calls")
largest("cloudtrail-access-keys", key_calls, ["userIdentity.accessKeyId"], "addresses", distinct("sourceIPAddress"))
largest("cloudtrail-user-agents", T, ["userAgent"], "calls")
known("cloudtrail-regions", ["eu-west-1"], sum(1 for r in T if r.get("awsRegion") == "eu-west-1"), "calls")
around = named("GetCallerIdentity", "ListUsers", "ListBuckets", "ListSecrets", "DescribeInstances", "ListAccounts",
               "ListAttachedUserPolicies")
by_backup = [r for r in around if user_name(r) == ["svc-backup"]]
largest("cloudtrail-looking-around", by_backup, [user_name], "kinds of calls", distinct("eventName"))
mara = [r for r in T if user_name(r) == ["mara"]]
largest("cloudtrail-identities", mara, [user_name], "calls")
largest("cloudtrail-addresses", T, ["sourceIPAddress"], "calls")
largest("cloudtrail-logins", [r for r in no_mfa if user_name(r)], [user_name, "sourceIPAddress"], "logins")
roles = named("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
roles = [r for r in roles if get(r, "requestParameters.roleArn") and get(r, "userIdentity.accountId")]
largest("cloudtrail-roles", roles, ["requestParameters.roleArn", "userIdentity.accountId"], "times")
largest("cloudtrail-accounts", T, ["recipientAccountId", "awsRegion"], "calls")
largest("cloudtrail-principals", T, ["userIdentity.arn"], "calls")
for panel in ("errors", "errors-over-time"):
    largest(f"cloudtrail-{panel}", [r for r in T if error(r)], ["errorCode"], "errors")
for name, path, label in (("actions", "eventName", "calls"), ("services", "eventSource", "calls"), ("kinds", "eventType", "events")):
    largest(f"cloudtrail-{name}", T, [path], label)
    largest(f"cloudtrail-{name}-over-time", T, [path], label)
known("cloudtrail-browsers", ["Firefox"], sum(1 for r in T if "Firefox/" in (r.get("userAgent") or "")), "calls")
known("cloudtrail-events", [], len(T))

# VPC flow logs

accepted = [f for f in F if f.get("action") == "ACCEPT"]
rejected = [f for f in F if f.get("action") == "REJECT"]


def private(address):
    return any(ipaddress.ip_address(address) in net for net in map(ipaddress.ip_network, (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"
    )) if net.version == ipaddress.ip_address(address).version)


out = [f for f in accepted if "srcaddr" in f and private(f["srcaddr"]) and not private(f["dstaddr"])]
known("vpcflowlogs-totals", [], len(F), "flows")
known("vpcflowlogs-totals", [], total("bytes")(F), "bytes")
known("vpcflowlogs-rejected", [], len(rejected), "rejected")
skipped = sum(1 for f in F if f.get("log-status") == "SKIPDATA")
known("vpcflowlogs-skipped", [], skipped)
known("overview-skipped", [], skipped)
known("overview-egress", [], total("bytes")(out))
for panel in ("vpcflowlogs-actions-over-time", "overview-flow-actions"):
    known(panel, ["REJECT"], len(rejected), "flows")
largest("vpcflowlogs-direction-over-time", F, ["flow-direction"], "bytes", total("bytes"))
largest("vpcflowlogs-scanners", rejected, ["srcaddr"], "ports", distinct("dstport"))
largest("vpcflowlogs-scanners", rejected, ["srcaddr"], "flows")
largest("vpcflowlogs-knocked", rejected, ["dstport"], "flows")
largest("vpcflowlogs-egress", out, ["srcaddr", "dstaddr"], "bytes", total("bytes"))
largest("vpcflowlogs-egress-over-time", out, ["srcaddr"], "bytes", total("bytes"))
largest("vpcflowlogs-outliers", out, ["dstaddr"], "largest flow", lambda fs: max(int(f["bytes"]) for f in fs))
largest("vpcflowlogs-new-targets", out, ["dstaddr"], "bytes", total("bytes"))
doors = {"22", "23", "445", "1433", "2375", "3306", "3389", "5432", "5985", "5986", "6379", "9200", "11211", "27017"}
open_doors = [f for f in accepted if f.get("dstport") in doors and not private(f["srcaddr"])]
largest("vpcflowlogs-doors", open_doors, ["dstaddr", "dstport", "srcaddr"], "flows")
full = [f for f in F if "instance-id" in f and "subnet-id" in f]
largest("vpcflowlogs-interfaces", full, ["interface-id", "instance-id", "subnet-id"], "bytes", total("bytes"))
own = [f for f in F if "account-id" in f and "region" in f]
largest("vpcflowlogs-packets-over-time", F, ["action"], "packets", total("packets"))
largest("vpcflowlogs-sources-over-time", F, ["srcaddr"], "flows")
for panel, some in (("accepted", accepted), ("rejected", rejected)):
    largest(f"vpcflowlogs-{panel}-sources", some, ["srcaddr"], "packets", total("packets"))
    largest(f"vpcflowlogs-{panel}-share", some, ["srcaddr"], "packets", total("packets"))
known("vpcflowlogs-protocols", ["tcp"], sum(1 for f in F if f.get("protocol") == "6"), "flows")
largest("vpcflowlogs-paths", F, ["traffic-path"], "flows")
largest("vpcflowlogs-subnets", F, ["subnet-id", "flow-direction", "action"], "flows")
china = [f for f in own if f["region"] == "cn-northwest-1"]
largest("vpcflowlogs-accounts", china, ["account-id", "region"], "flows")
known("vpcflowlogs-records", [], len(F))

# GuardDuty


def levels(finding):
    return [level_of(finding).capitalize()] if level_of(finding) else []


def parts(at):
    """A part of the type: purpose, resource, family."""
    def part(finding):
        found = re.match(r"([^:/]+):([^/]+)/([^.!]+)", finding.get("type") or "")
        return [found[at]] if found else []
    return part


def remote_countries(action):
    """Countries of those who call or probe us: of a connection only where it comes in."""
    if isinstance(action, list):
        return [country for inner in action for country in remote_countries(inner)]
    if not isinstance(action, dict) or action.get("connectionDirection") == "OUTBOUND":
        return []
    here = get(action, "remoteIpDetails.country.countryName")
    return here or [country for inner in action.values() for country in remote_countries(inner)]


ids = distinct("id")
of_guardduty = [s for s in S if s["product"] == "guardduty"]
for level in ("Critical", "High"):
    known("guardduty-open", [level], sum(1 for s in of_guardduty if s["severity"] == level.lower()), "findings")
    for board in ("overview", "securityhub"):
        known(f"{board}-open", [level], sum(1 for s in S if s["severity"] == level.lower()), "findings")
for name in ("by-severity", "over-time"):
    known(f"guardduty-{name}", ["Critical"], ids([f for f in G if level_of(f) == "critical"]), "findings")
for name in ("changes", "changes-over-time"):
    known(f"guardduty-{name}", ["High"], sum(1 for f in G if level_of(f) == "high"), "changes")
known("guardduty-by-plan", ["IAM"], ids([f for f in G if parts(2)(f) == ["IAMUser"]]), "findings")
# Accounts of the key where the finding has none would need the key: these have their own.
own = [f for f in G if f.get("accountId") and f.get("region")]
largest("guardduty-accounts", own, ["accountId", levels], "findings", ids)
largest("guardduty-regions", [f for f in own if f["region"] == "us-west-2"], ["region", levels], "findings", ids)
largest("guardduty-types", G, ["type"], "findings", ids)
repeated = [f for f in G if one(f, "service.count") and len([g for g in G if g.get("id") == f.get("id")]) > 1]
most = max(repeated, key=lambda f: f["service"]["count"])
critical = [f for f in G if level_of(f) == "critical"]
worst = max(critical, key=lambda f: (number(f["severity"]), f["id"]))
known("guardduty-worst", [worst["id"]], number(worst["severity"]), "severity")
known("guardduty-open-list", [worst["id"]], number(worst["severity"]), "severity")
keyed = [f for f in G if get(f, "resource.accessKeyDetails.accessKeyId")]
largest("guardduty-keys", keyed, ["resource.accessKeyDetails.accessKeyId", "resource.accessKeyDetails.userName", "type"], "findings", ids)
hosts = [f for f in G if get(f, "resource.instanceDetails.instanceId")]
largest("guardduty-instances", hosts, ["resource.instanceDetails.instanceId", "type"], "findings", ids)
largest("guardduty-buckets", G, ["resource.s3BucketDetails.name", "type"], "findings", ids)
largest("guardduty-clusters", G, ["resource.eksClusterDetails.name", "type"], "findings", ids)
largest("guardduty-users", keyed, ["resource.accessKeyDetails.userName"], "findings", ids)
probes = [f for f in G if get(f, "service.action.awsApiCallAction.remoteIpDetails.ipAddressV4")]
largest("guardduty-sources", probes, ["service.action.awsApiCallAction.remoteIpDetails.ipAddressV4"], "findings", ids)
outward = [f for f in G if one(f, "service.action.networkConnectionAction.connectionDirection") == "OUTBOUND"]
largest("guardduty-destinations", outward, ["service.action.networkConnectionAction.remoteIpDetails.ipAddressV4"], "findings", ids)
largest("guardduty-names", G, ["service.action.dnsRequestAction.domain"], "findings", ids)
largest("guardduty-malware", G, ["service.ebsVolumeScanDetails.scanDetections.threatDetectedByName.threatNames.name"], "findings", ids)
largest("guardduty-tactics", G, [parts(1)], "findings", ids)
largest("guardduty-resources", G, [parts(2)], "findings", ids)
largest("guardduty-families", G, [parts(3)], "findings", ids)
callers = [dict(f, country=country) for f in G for country in remote_countries(one(f, "service.action"))]
known("guardduty-countries", ["Brazil"], ids([f for f in callers if f["country"] == "Brazil"]), "findings")
largest("guardduty-directions", [f for f in G if get(f, "service.action.networkConnectionAction") or get(f, "service.action.dnsRequestAction")], [lambda f: ["outbound"] if f in outward or get(f, "service.action.dnsRequestAction.domain") else []], "findings", ids)
known("guardduty-findings", [], len(G))
known("guardduty-states", [], len(of_guardduty))

# Security Hub

LABEL = {"securityhub": "security hub"}
name_of = distinct("name")
asff = [s for s in H if s["form"] == "asff"]
known("securityhub-came", ["Critical"], len({(s["product"], s["name"]) for s in H if s["severity"] == "critical"}), "findings")
known("securityhub-over-time", ["critical"], len({(s["product"], s["name"]) for s in H if s["severity"] == "critical"}), "findings")
known("securityhub-stages-over-time", ["resolved"], sum(1 for s in H if s["version"][1] == 4), "changes")
critical_of = [s for s in S if s["severity"] == "critical"]
account = lambda s: get(s["raw"], "AwsAccountId") + get(s["raw"], "accountId") + get(s["raw"], "cloud.account.uid")
region = lambda s: get(s["raw"], "Region") + get(s["raw"], "region") + get(s["raw"], "cloud.region")
level = lambda s: [s["severity"]]
for panel in ("securityhub-accounts", "overview-accounts"):
    largest(panel, critical_of, [account, level], "findings")
largest("securityhub-regions", [s for s in S if region(s) != ["eu-central-1"]], [region, level], "findings")
failing = [s for s in S if one(s["raw"], "Compliance.Status") == "FAILED"]
control = lambda s: get(s["raw"], "Compliance.SecurityControlId")
largest("securityhub-failing-by-account", failing, [control, account], "findings")
largest("securityhub-failing", failing, [control], "findings")
largest("securityhub-products", [s for s in S if s["product"] == "macie"], [lambda s: ["macie"], level], "findings")
largest("securityhub-resources", S, [lambda s: get(s["raw"], "Resources.Type")], "findings")
attacks = [s for s in S if any(re.match("TTPs|Effects|Unusual", t) for t in get(s["raw"], "Types"))]
largest("securityhub-attacks", attacks, [lambda s: get(s["raw"], "Types"), lambda s: get(s["raw"], "Severity.Label")], "findings")
largest("securityhub-standards", [s for s in asff if get(s["raw"], "Compliance.Status")], [lambda s: get(s["raw"], "GeneratorId"), account], "changes")
affected = lambda s: [m[1] for t in get(s["raw"], "Types") for m in [re.search(r":([A-Za-z0-9]+)[-/]", t)] if m]
tactic = lambda s: [m[1] for t in get(s["raw"], "Types") for m in [re.search(r"([A-Za-z]+):[A-Za-z0-9]+[-/]", t)] if m]
by_name = lambda seen: len({(s["product"], s["name"]) for s in seen})
# Where Security Hub says whose finding it is.
asff = [s for s in asff if get(s["raw"], "ProductFields.aws/securityhub/ProductName")]
largest("securityhub-affected", [s for s in asff if affected(s) == ["IAMUser"]], [affected], "findings", by_name)
largest("securityhub-tactics", [s for s in asff if tactic(s) == ["Recon"]], [tactic], "findings", by_name)
known("securityhub-findings", [], len(H))
known("securityhub-states", [], len(S))

# Overview, one entity

log = lambda kind: [d for d in M if d.get("@log_type") == kind]
for panel in ("overview-logs-over-time", "entity-records", "entity-timeline"):
    known(panel, ["cloudtrail"], len(T), "records")
known("overview-findings-over-time", ["critical"], len({f["id"] for f in critical}) + len({s["name"] for s in H if s["severity"] == "critical" and s["product"] != "guardduty"}) + len({s["name"] for s in H if s["severity"] == "critical" and s["product"] == "guardduty"} - {f["arn"] for f in critical}), "findings")
known("overview-quiet", ["cloudtrail", "555566667777"], sum(1 for r in T if r["recipientAccountId"] == "555566667777"), "records")
known("overview-by-account", ["555566667777", "cloudtrail"], sum(1 for r in T if r["recipientAccountId"] == "555566667777"), "records")
known("overview-by-region", ["eu-west-1", "cloudtrail"], sum(1 for r in T if r.get("awsRegion") == "eu-west-1"), "records")
known("entity-accounts", ["555566667777", "eu-west-1"], 2, "records")
buckets = [r for r in T if isinstance(one(r, "requestParameters.bucketName"), str)]
largest("overview-buckets", buckets, ["requestParameters.bucketName"], "calls")
from_attacker = [r for r in T if r.get("eventSource") == "s3.amazonaws.com" and r.get("sourceIPAddress") == "192.0.2.66"]
largest("overview-downloads", from_attacker, ["sourceIPAddress"], "bytes", total("additionalEventData.bytesTransferredOut"))
identity = [r for r in T if user_name(r) == ["joaquin"]]
largest("entity-identities", identity, [user_name], "records")
others = [r for r in T if one(r, "userIdentity.accessKeyId") == "AKIAI44QH8DHBEXAMPLE"]
largest("entity-keys", others, ["userIdentity.accessKeyId"], "records")
largest("entity-actions", [r for r in T if r.get("eventName") == "ConsoleLogin"], ["eventName", lambda r: ["cloudtrail"]], "records")
assumed = [r for r in named("AssumeRoleWithSAML") if get(r, "requestParameters.roleArn")]
largest("entity-roles", assumed, [lambda r: ["role assumed"], "eventName"], "calls")

# More of Security Hub, the overview and one entity


def own_id(s):
    """What the product calls its finding; of GuardDuty's without the detector in front."""
    name = s["raw"].get("id") if s["form"] == "guardduty" else s["name"]
    return name.split("/finding/")[-1] if s["product"] == "guardduty" else name


newest = max((s for s in S if s["severity"] in ("critical", "high")), key=lambda s: s["version"])
known("securityhub-worst", [own_id(newest)], newest["severity"], "severity")
newest = max((s for s in H if s["product"] == "securityhub" and s["severity"]), key=lambda s: s["version"])
known("securityhub-newest", [own_id(newest)], newest["severity"], "severity")
machine = lambda s: get(s["raw"], "resource.instanceDetails.instanceId") + [
    r["Id"].split("/")[-1] for r in get(s["raw"], "Resources") if r.get("Type") == "AwsEc2Instance"
] + get(s["raw"], "Resources.Details.AwsEc2Volume.Attachments.InstanceId")
largest("securityhub-named", [s for s in S if "i-06268088e34f33567" in machine(s)], [machine], "findings")
user = lambda s: get(s["raw"], "resource.accessKeyDetails.userName") + get(
    s["raw"], "Resources.Details.AwsIamAccessKey.PrincipalName"
)
largest("securityhub-users", [s for s in S if user(s) == ["Root"]], [user], "findings")
known("overview-worst", [worst["id"]], worst["accountId"], "account")
uploads = [r for r in T if r.get("eventSource") == "s3.amazonaws.com" and r.get("sourceIPAddress") == "203.0.113.10"]
largest("overview-uploads", uploads, ["sourceIPAddress"], "bytes", total("additionalEventData.bytesTransferredIn"))
known("entity-span", [], min(r["eventTime"] for r in T)[:19] + ".000Z", "first")
pools = [f for f in G if one(f, "service.action.dnsRequestAction.domain") == "pool.minergate.example"]
largest("entity-names", pools, ["service.action.dnsRequestAction.domain"], "queries")
items = [
    item for key, path in files() if "_Config_" in key for value in values(text(path))
    for item in value.get("configurationItems", []) if BEGIN <= (item.get("configurationItemCaptureTime") or "") < END
]
largest("entity-resources", [i for i in items if i["resourceType"] == "AWS::EC2::Instance"], ["resourceType", "resourceId"], "items")

# Pipeline, from hand-made entries of the ledger


def by_ledger(panel, documents, groups, name, of=len):
    largest(panel, documents, groups, name, of, "hand-made")



known("pipeline-totals", [], len(L), "objects", of="hand-made")
for path, label in (("in", "records in"), ("indexed", "indexed"), ("already_present", "already present"), ("excluded", "excluded"), ("dead_lettered", "dead letters")):
    known("pipeline-totals", [], total(f"records.{path}")(L), label, of="hand-made")
known("pipeline-unaccounted", [], total("records.unaccounted")(L), "unaccounted", of="hand-made")
known("overview-unaccounted", [], total("records.unaccounted")(L), "unaccounted", of="hand-made")
known("overview-unaccounted", [], total("records.dead_lettered")(L), "dead letters", of="hand-made")
by_ledger("pipeline-outcomes", [d for d in L if d["object"]["status"] == "partial"], ["object.status"], "objects")
by_ledger("pipeline-records", L, ["log.type"], "records", total("records.in"))
late = [d for d in L if "event_to_indexed_s" in d.get("lag", {})]
by_ledger("pipeline-lag-by-source", late, ["log.type", "cloud.account.id"], "worst, s", lambda ds: max(d["lag"]["event_to_indexed_s"] for d in ds))
by_ledger("pipeline-quiet", L, ["log.type", "cloud.account.id"], "objects")
dead = [d for d in L if d["records"]["dead_lettered"]]
by_ledger("pipeline-dead-letters", dead, ["error.type", "log.type"], "records", total("records.dead_lettered"))
known("pipeline-unknown", ["some/unknown/"], sum(1 for d in L if d["object"]["status"] == "unrecognised"), "objects", of="hand-made")
failed = [d for d in L if one(d, "replication.status") == "FAILED"]
by_ledger("pipeline-replication", failed, ["object.bucket", "replication.reason", "cloud.account.id"], "objects")
by_ledger("pipeline-excluded", [d for d in L if d["records"]["excluded"]], ["exclusion.rule", "log.type"], "records", total("records.excluded"))
by_ledger("pipeline-throughput", L, ["log.type"], "bytes", total("object.bytes_inflated"))
again = [d for d in L if d["attempts"] > 1]
by_ledger("pipeline-attempts", again, ["object.key"], "attempts", lambda ds: max(d["attempts"] for d in ds))
known("pipeline-retries", [], total("bulk.retries")(L), "sent again", of="hand-made")
known("pipeline-versions", ["0.1.0"], len(L), "objects", of="hand-made")
refused = [d for d in L if d["object"]["status"] in ("failed", "partial", "truncated", "denied", "gone", "in_progress")]
known("pipeline-refused", [refused[0]["object"]["key"]], refused[0]["object"]["status"], "outcome", of="hand-made")
known("pipeline-lag", [], max(d["lag"]["event_to_indexed_s"] for d in late), "99% seconds", of="hand-made")
known("pipeline-objects", [], len(L), of="hand-made")

# What comes with GeoIP and threat lists, and what no fixture has, from hand-made documents


def by_hand(panel, documents, groups, name, of=len):
    largest(panel, documents, groups, name, of, "hand-made")


hand_trail, hand_flows = log("cloudtrail"), log("vpcflowlogs")
by_hand("cloudtrail-tls", hand_trail, ["tlsDetails.tlsVersion"], "calls")
by_hand("cloudtrail-countries", hand_trail, ["source.geo.country_name"], "calls")
by_hand("cloudtrail-networks", hand_trail, ["source.as.organization.name"], "calls")
by_hand("cloudtrail-indicators", hand_trail, ["threat.matched.providers", "threat.matched.indicators"], "calls")
by_hand("vpcflowlogs-countries", hand_flows, ["source.geo.country_name", "event.action"], "packets", total("source.packets"))
to = [d for d in hand_flows if get(d, "destination.as.organization.name")]
by_hand("vpcflowlogs-new-networks", to, ["destination.as.organization.name"], "bytes", total("network.bytes"))
by_hand("entity-indicators", hand_trail, ["threat.matched.indicators", "threat.matched.providers"], "records")
for end in ("source", "destination"):
    there = [d for d in M if get(d, f"{end}.geo.country_name")]
    by_hand(f"overview-{end}-countries", there, [f"{end}.geo.country_name"], "records")
    there = [d for d in M if get(d, f"{end}.as.organization.name")]
    by_hand(f"overview-{end}-networks", there, [f"{end}.as.organization.name"], "records")
by_hand("overview-sources", M, ["source.ip"], "records")
by_hand("overview-destinations", hand_flows, ["destination.ip"], "records")
by_hand("overview-sent", hand_flows, ["source.ip"], "bytes", total("source.bytes"))
by_hand("overview-received", hand_flows, ["destination.ip"], "bytes", total("network.bytes"))
by_hand("entity-peers", hand_flows, ["source.ip", "destination.ip"], "bytes", total("network.bytes"))
known("overview-records", [], len(M), of="hand-made")
known("entity-records-list", [], len(M), of="hand-made")
known("entity-outcomes", ["success"], sum(1 for d in M if one(d, "event.outcome") == "success"), "records", "hand-made")
for panel in ("overview-ties", "entity-ties"):
    by_hand(panel, M, ["related.ip"], "logs", distinct("@log_type"))
by_hand("entity-instances", M, ["cloud.instance.id"], "logs", distinct("@log_type"))
alerts = log("securityhub")
by_hand("entity-alerts", alerts, ["rule.name", "cloud.account.id"], "findings")
by_hand("securityhub-sources", alerts, ["source.ip"], "findings")
by_hand("securityhub-countries", alerts, ["source.geo.country_name"], "findings")
by_hand("securityhub-families", alerts, ["ThreatFamilyName"], "findings")
by_hand("securityhub-directions", alerts, ["network.direction"], "findings")
