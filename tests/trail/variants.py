"""The scenario's records, in every form and state in which they may come."""

import copy
import gzip
import json
import sys
from datetime import timedelta
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import coin_shadow_trail  # noqa: E402
from trailkit import delivery, ec2, record  # noqa: E402
from trailkit.plan import Plan  # noqa: E402

FOLDER = ROOT / "pcaps" / "coin-shadow" / "cloudtrail"
TRAIL = FOLDER / "AWSLogs" / record.ACCOUNT / "CloudTrail"
OMITTED = {"omitted": True, "originalSize": 108283, "reason": "responseElements too large"}
# What a hostile caller may put where text is free: a terminal's commands, markup, a forged line.
HOSTILE = ("\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>|`$(reboot)`'\"\r\n"
           "# forged heading\n[link](https://example.net) \u202egnp.exe\u0085\x7f\x00\ud800end")


def the_plan():
    """The scenario's plan."""
    return Plan(coin_shadow_trail.PLAN)


def truth():
    """What must be found."""
    return json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))


def records(attacked=True):
    """Every record once, with the thief's or without."""
    trail, _ = coin_shadow_trail.written(the_plan(), attacked)
    return trail.records


def delivered(folder=TRAIL):
    """Every record as the files below a folder have it, duplicates included."""
    return [each for path in sorted(folder.rglob("*.json.gz"))
            for each in json.loads(gzip.decompress(path.read_bytes()))["Records"]]


# --- forms ------------------------------------------------------------------------------------

def lines(some):
    """One record per line."""
    return b"".join(delivery.compact(each) + b"\n" for each in some)


def array(some):
    """An array of records."""
    return delivery.compact(list(some))


def envelopes(some):
    """One EventBridge envelope per line."""
    return lines({"version": "0", "id": each["eventID"],
                  "detail-type": "AWS API Call via CloudTrail",
                  "source": "aws." + each["eventSource"].partition(".")[0],
                  "account": record.ACCOUNT, "time": each["eventTime"],
                  "region": each["awsRegion"], "resources": [], "detail": each} for each in some)


def looked_up(some):
    """What `aws cloudtrail lookup-events` prints."""
    return delivery.compact({"Events": [
        {"EventId": each["eventID"], "EventName": each["eventName"],
         "EventTime": each["eventTime"], "EventSource": each["eventSource"], "Resources": [],
         "CloudTrailEvent": json.dumps(each)} for each in some]})


def spread(some, folder, seed, per_file=40):
    """Writes records in another order into files of another size, as they are delivered."""
    rng = Random(f"spread:{seed}")
    some = list(some)
    rng.shuffle(some)
    courier = delivery.Delivery(rng, lambda when: 10)
    for start in range(0, len(some), per_file):
        part = some[start:start + per_file]
        due = max(delivery.parsed(each["eventTime"]) for each in part)
        path = folder / courier.path(due + timedelta(minutes=5), part[0]["awsRegion"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(delivery.packed(delivery.compact({"Records": part})))
    return folder


# --- states -----------------------------------------------------------------------------------

def without_answers(some, region):
    """The records with the answers of a region's launches left out, as it is done with large
    ones."""
    out = []
    for each in some:
        if (each["eventName"], each["awsRegion"]) == ("RunInstances", region) and \
                each["responseElements"]:
            each = {**each, "responseElements": OMITTED}
        out.append(each)
    return out


def ended(plan, known, text, day):
    """Records that end all instances of the truth at a time, region by region."""
    trail = record.Trail(plan.rng("ended"))
    who = record.user("dana.ops", "AIDAEXAMPLEDANAOPS01", "ASIAEXAMPLEDANAOPS01", "203.0.113.17",
                      "aws-cli/2.15.30")
    for region in known["regions"]:
        ids = [each["instance_id"] for each in known["instances"] if each["region"] == region]
        trail.call(record.moment(day, text), who, "ec2:TerminateInstances", region,
                   ec2.terminate_request(ids), ec2.terminate_response(trail.ids, ids))
    return trail.records


def hostile(some, address):
    """The records of a caller with hostile text wherever the caller chooses it."""
    out = []
    for each in some:
        if each["sourceIPAddress"] == address:
            each = copy.deepcopy(each)
            each["userAgent"] = HOSTILE
            if each["eventName"] == "RunInstances" and each["responseElements"]:
                for item in each["responseElements"]["instancesSet"]["items"]:
                    item["tagSet"] = {"items": [{"key": "Name", "value": HOSTILE}]}
            if each["eventName"] == "CreateSecurityGroup":
                each["requestParameters"]["groupName"] = HOSTILE
        out.append(each)
    return out


def damaged(some):
    """The records with things among them that are none, and their places (file index)."""
    bad = ["text", 7, None, [], {}, {"eventName": "RunInstances"},
           {"eventID": 5, "eventTime": [], "eventName": {}, "userIdentity": "who"}]
    out, places = list(some), []
    for number, each in enumerate(bad):
        out.insert(5 * number + 3, each)
        places.append(5 * number + 3)
    return out, places
