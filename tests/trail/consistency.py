"""The scenario against its own truth, without the program: what is read from the files as they lie
there must be what truth.json says, and must fit the captures."""

import gzip
import json
from collections import Counter
from datetime import datetime, timezone

import variants
from kit.tap import differ

BOOT = (30, 180)
SHAPES = {"empty list": '"blockDeviceMapping":{}', "singular item": '"privateIpAddressesSet":{"item":[',
          "escaped user data": r'"userData":"\u003csensitiveDataRemoved\u003e"',
          "plain user data": '"userData":"<sensitiveDataRemoved>"',
          "milliseconds": '"launchTime":1772704680000', "service": '"invokedBy":"config.',
          "void answer": '"_return":true', "console": '"sessionCredentialFromConsole":"true"'}


def unix(text):
    """Seconds of an eventTime."""
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    return int(moment.replace(tzinfo=timezone.utc).timestamp())


def launched(records, known):
    """Instances of the thief's launches: {id: (region, type, address, vpc, launch)}."""
    found = {}
    for each in records:
        if each["eventName"] != "RunInstances" or not each["responseElements"] or \
                each["sourceIPAddress"] != known["attacker"]:
            continue
        for item in each["responseElements"]["instancesSet"]["items"]:
            found[item["instanceId"]] = (each["awsRegion"], item["instanceType"],
                                         item["privateIpAddress"], item["vpcId"],
                                         item["launchTime"] // 1000, each["eventID"])
    return found


def instances(records, known):
    """Problems: the launches are the truth's, in number and in every field."""
    found = launched(records, known)
    expected = {each["instance_id"]: (each["region"], each["type"], each["ip"], each["vpc_id"],
                                      unix(each["launch"]), each["event_id"])
                for each in known["instances"]}
    problems = differ("instances", len(found), 140)
    problems += differ("instances that are not the same", found.items() ^ expected.items(), set())
    per_region = Counter(row[0] for row in found.values())
    problems += differ("regions", dict(per_region),
                       {row["region"]: row["count"] for row in known["cost"]["rows"]})
    problems += differ("VPCs made", sum(each["kind"] == "vpc" for each in known["created"]), 6)
    problems += differ("groups made",
                       sum(each["kind"] == "security_group" for each in known["created"]), 8)
    return problems + differ("burn", known["cost"]["burn"], 217.565)


def captures(known):
    """Problems: the 20 miners of the capture are instances of the truth, launched before their
    first packet; their addresses name nobody without the VPC."""
    path = variants.FOLDER.parent / "truth.json"
    sessions = json.loads(path.read_text(encoding="utf-8"))["sessions"]
    by_id = {each["instance_id"]: each for each in known["instances"]}
    problems = differ("mining", len(known["mining"]), 20)
    problems += differ("out of sight", len(known["out_of_sight"]), 120)
    first = {}
    for each in sessions:
        name, when = each["instance_id"], each["first_packet_us"]
        problems += differ(f"address of {name}", by_id[name]["ip"], each["inside"][0])
        first[name] = min(when, first.get(name, when))
    for name, when in first.items():
        delay = when / 1e6 - unix(by_id[name]["launch"])
        if not BOOT[0] <= delay <= BOOT[1]:
            problems.append(f"{name}: its first packet is {delay} s after its launch")
    uses = Counter(each["ip"] for each in known["instances"])
    if max(uses.values()) < 5:
        problems.append("no address is in five VPCs")
    return problems


def delivery(known):
    """Problems: duplicates, late records and any order are there, and so are the odd shapes."""
    records = variants.delivered()
    unique = {each["eventID"] for each in records}
    problems = differ("records", len(unique), known["trail"]["records"])
    problems += differ("records that come twice", len(records) - len(unique),
                       known["trail"]["twice"])
    if not known["trail"]["late"] or not known["trail"]["twice"]:
        problems.append("nothing is late, or nothing comes twice")
    times = [each["eventTime"] for each in records]
    if times == sorted(times):
        problems.append("the records are in order")
    text = b"".join(gzip.decompress(path.read_bytes())
                    for path in variants.TRAIL.rglob("*.gz")).decode()
    problems += [f"no such shape: {name}" for name, sample in SHAPES.items() if sample not in text]
    if not any("type" not in each["userIdentity"] for each in records):
        problems.append("every identity has a type")
    return problems


def ordinary(known):
    """Problems: nothing of the thief is in the week without him."""
    records = variants.records(attacked=False)
    problems = differ("records", len(records) > 200, True)
    text = json.dumps(records)
    problems += [f"{word} is in the ordinary week" for word in
                 (known["attacker"], known["created_key"], known["created_user"], "p3.2xlarge")
                 if word in text]
    if known["key"] not in text:
        problems.append("the owner does not use the key")
    return problems


def checks(tap):
    """All of them."""
    known, records = variants.truth(), variants.delivered()
    tap.check("the files hold the truth's instances", instances(records, known))
    tap.check("the captures show the truth's miners", captures(known))
    tap.check("records come late, twice, in any order and in every shape", delivery(known))
    tap.check("the ordinary week is ordinary", ordinary(known))
