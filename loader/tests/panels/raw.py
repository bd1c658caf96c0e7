"""The raw records of fixtures/objects, as AWS wrote them; knows nothing of siem-loader."""

import datetime
import gzip
import json
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
OBJECTS = HERE.parent.parent.parent / "fixtures" / "objects"

def text(path):
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    return raw.decode("utf-8", "replace").lstrip("\ufeff")


def values(content):
    decoder, at = json.JSONDecoder(), 0
    while at < len(content):
        if content[at].isspace():
            at += 1
            continue
        value, at = decoder.raw_decode(content, at)
        yield value


def get(record, path):
    """The values at a path, through lists."""
    found = [record]
    for name in path.split("."):
        found = [i for one in found for i in (one if isinstance(one, list) else [one])]
        found = [one[name] for one in found if isinstance(one, dict) and name in one]
    return [v for one in found for v in (one if isinstance(one, list) else [one]) if v is not None]


def one(record, path):
    found = get(record, path)
    return found[0] if found else None


def files():
    return [(str(path.relative_to(OBJECTS)), path) for path in sorted(OBJECTS.rglob("*")) if path.is_file()]


def trail():
    for key, path in files():
        if "_CloudTrail" in key and "Digest" not in key:
            yield from json.loads(text(path)).get("Records", [])


def flows():
    for key, path in files():
        if "vpcflowlogs" in key and key.endswith(".log.gz"):
            names, *lines = text(path).split("\n")
            split = lambda line: [field.strip('"') for field in re.split(r"[ ,\t]+", line.strip())]
            names = [name.replace("_", "-") for name in split(names)]
            place = re.search(r"(?:^|[/=])(\d{12})/.*?vpcflowlogs/(?:aws-region=)?([a-z0-9-]+)/", key)
            of_key = {"account-id": place[1], "region": place[2]} if place else {}
            for line in lines:
                if line.strip():
                    yield {**of_key, **{n: v for n, v in zip(names, split(line)) if v != "-"}}


def findings():
    """Findings as they came: form, finding, time of the event around it."""
    for key, path in files():
        if not re.search("guardduty|securityhub|findings|hub", key, re.I) or re.search("CloudTrail|vpcflow|Config/", key):
            continue
        for value in values(text(path)):
            event = value.get("time") if isinstance(value, dict) and "detail" in value else None
            for finding in inside(value):
                form = "ocsf" if "class_uid" in finding else "asff" if "ProductArn" in finding else "guardduty"
                yield form, finding, event


def inside(value):
    if isinstance(value, list):
        return value
    if "Findings" in value:
        return value["Findings"]
    detail = value.get("detail")
    if detail is None:
        return [value] if "schemaVersion" in value or "ProductArn" in value or "class_uid" in value else []
    return [detail] if "schemaVersion" in detail else detail.get("findings", [])


def rank(status, archived):
    status = (status or "").upper()
    return 5 if archived else {"RESOLVED": 4, "SUPPRESSED": 3, "NOTIFIED": 2, "IN PROGRESS": 2}.get(status, 1)


def state(form, finding, event):
    """One state: product, name, when, whether open, severity, sample."""
    if form == "ocsf":
        level = rank(finding.get("status"), finding.get("activity_name") == "Close" or finding.get("status") == "Archived")
        product, name = one(finding, "metadata.product.uid"), one(finding, "finding_info.uid")
        when, severity, sample = event or finding.get("time_dt"), finding.get("severity"), False
    elif form == "asff":
        level = rank(one(finding, "Workflow.Status"), finding.get("RecordState") == "ARCHIVED")
        product, name = finding["ProductArn"], finding.get("Id")
        when = event or max(finding.get("UpdatedAt") or "", finding.get("ProcessedAt") or "")
        severity, sample = one(finding, "Severity.Label"), finding.get("Sample") is True
    else:
        archived = one(finding, "service.archived") is True
        level, product, name = rank("", archived), "x/aws/guardduty", finding.get("arn")
        when, severity, sample = event or finding.get("updatedAt"), level_of(finding), is_sample(finding)
    return {
        "product": product.split("/")[-1], "name": name, "version": (millis(when), level), "open": level < 3,
        "severity": (severity or "").lower(), "sample": sample, "raw": finding, "form": form,
    }


def millis(when):
    return datetime.datetime.fromisoformat(when.replace("Z", "+00:00")).timestamp()


def number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def level_of(finding):
    severity = number(finding.get("severity"))
    if severity is None:
        return None
    return "critical" if severity >= 9 else "high" if severity >= 7 else "medium" if severity >= 4 else "low"


def is_sample(finding):
    return True in get(finding, "service.additionalInfo.sample") or '{"sample":true}' in get(
        finding, "service.additionalInfo.value"
    )
