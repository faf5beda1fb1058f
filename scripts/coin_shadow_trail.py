#!/usr/bin/env python3
"""Writes the cloud's side of the coin-shadow scenario from scripts/coin_shadow_trail.plan.

python3 scripts/coin_shadow_trail.py [--seed N] [--out DIR] writes into DIR
(pcaps/coin-shadow/cloudtrail); --check compares with what is there, exit 1 on a difference.
  AWSLogs/ACCOUNT/CloudTrail/          eight days of records, as they are delivered
  AWSLogs/ACCOUNT/CloudTrail-Digest/   what lies beside them and holds no records
  AWSLogs/ACCOUNT/vpcflowlogs/         flow logs of three regions
  findings/                            the provider's two findings
  inventory/                           what `aws ec2 describe-instances` prints of one region, and
                                       `describe-network-interfaces` of the NAT gateway
  truth.json                           what must be found
The same seed gives the same bytes; a gzipped file is compared by what it holds.
"""

import argparse
import gzip
import json
import sys
from datetime import timedelta
from pathlib import Path

from trailkit import delivery, ec2, findings, flowlog
from trailkit.attack import Attack
from trailkit.ordinary import Ordinary
from trailkit.plan import Plan
from trailkit.record import ACCOUNT, Ids, Trail, stamp

HERE = Path(__file__).resolve().parent
PLAN = HERE / "coin_shadow_trail.plan"
OUT = HERE.parent / "pcaps" / "coin-shadow" / "cloudtrail"
NETWORK_TRUTH = OUT.parent / "truth.json"
DESCRIBED = "ap-northeast-1"
# Regions in whose flow logs the pool is seen, and the seconds of one window: GPU instances of the
# older generation are counted in ten minutes, the newer ones each minute.
FLOW_WINDOWS = {"us-west-2": 600, "eu-west-1": 60}
GATEWAY_WINDOW = 600
README = """# coin-shadow/cloudtrail

What the cloud itself recorded around the incident, written by `scripts/coin_shadow_trail.py` from
`scripts/coin_shadow_trail.plan` with the instances of `scripts/coin_shadow.plan`. All accounts,
keys, names and addresses are invented.

| path | content |
| --- | --- |
| `AWSLogs/*/CloudTrail/` | 2026-02-26 to 03-05: an ordinary week, then the stolen key's day; shuffled, some late, some twice |
| `AWSLogs/*/CloudTrail-Digest/` | two digests, one of an hour without files: no records in them |
| `AWSLogs/*/vpcflowlogs/` | us-east-1 at the NAT gateway (own format with `pkt-dstaddr`), us-west-2 and eu-west-1 (version 2, no tap there), one ordinary day |
| `findings/guardduty.json` | the provider's finding of 10:45, native form |
| `findings/securityhub.json` | the finding of 10:15 about the key, as ASFF |
| `inventory/ap-northeast-1.json` | `aws ec2 describe-instances` of that region |
| `inventory/us-east-1-gateway.json` | `aws ec2 describe-network-interfaces` of the NAT gateway |
| `truth.json` | what must be found: keys, instances, resources, refusals, cost |
"""


def slot(plan):
    """How many minutes of records share one file: few while the thief is at work."""
    begin, end = plan.at("09:30:00"), plan.at("11:30:00")
    return lambda when: 10 if begin <= when < end else 720


def written(plan, attacked=True):
    """(Trail, Attack or None): the records of all days, with the thief's or without."""
    trail = Trail(plan.rng("trail"))
    Ordinary(plan, trail).write(plan.days())
    attack = None
    if attacked:
        attack = Attack(plan, trail)
        attack.write()
    return trail, attack


def trail_files(plan, trail):
    """({path: bytes}, Delivery) of CloudTrail, with digests."""
    courier = delivery.Delivery(plan.rng("delivery"), slot(plan))
    files = courier.files(trail.records)
    listed = {name: data for name, data in files.items()
              if "/us-east-1/" in name and "_us-east-1_20260305T10" in name}
    digests = [delivery.digest({}, "us-east-1", plan.at("04:00:00")),
               delivery.digest(listed, "us-east-1", plan.at("10:00:00"))]
    return {**files, **dict(digests)}, courier


# --- flow logs --------------------------------------------------------------------------------

def seconds(when):
    """Seconds since 1970."""
    return int(when.timestamp())


def region_flows(plan, attack, region):
    """The flow log of a region without a tap."""
    log = flowlog.FlowLog(plan.rng("flows " + region), flowlog.DEFAULT)
    window = FLOW_WINDOWS[region]
    begin, end = seconds(plan.at("10:00:00")), seconds(plan.at("10:40:00"))
    if window == 60:
        begin, end = seconds(plan.at("10:10:00")), seconds(plan.at("10:20:00"))
    for number, each in enumerate(members(attack, region)):
        port, first = 40000 + 7 * number, True
        for start in range(begin, end, window):
            if start < seconds(each.launch) + 60:
                continue
            log.thin(each, plan.pool, port, (start, start + window - 1), first)
            first = False
    log.everyday("eni-0e0e0e0e0e0e0e0e0", "10.0.2.31", attack.networks[region], begin, end)
    return log.file(region, plan.at("10:50:00"), f"0{plan.rng(region).getrandbits(64):016x}")


def gateway_flows(plan, attack):
    """The flow log at the NAT gateway of the region with the tap; the inside ports are those of
    the capture."""
    region = plan.scenario["tap"]
    log = flowlog.FlowLog(plan.rng("flows " + region), flowlog.OWN)
    sessions = json.loads(NETWORK_TRUTH.read_text(encoding="utf-8"))["sessions"]
    by_address = {each.address: each for each in members(attack, region)}
    for session in sessions:
        each = by_address[session["inside"][0]]
        ports = session["inside"][1], session["outside"][1]
        begin, end = (session[key] // 1_000_000 for key in ("first_packet_us", "last_packet_us"))
        for start in range(begin, end, GATEWAY_WINDOW):
            log.through_gateway(each, plan.pool, ports,
                                (start, min(end, start + GATEWAY_WINDOW - 1)), start == begin)
    log.everyday("eni-0b0b0b0b0b0b0b0b0", "10.0.2.11", attack.networks[region],
                 seconds(plan.at("10:00:00")), seconds(plan.at("10:40:00")))
    return log.file(region, plan.at("10:50:00"), f"0{plan.rng(region).getrandbits(64):016x}")


def ordinary_flows(plan, attack):
    """A flow log of the day before."""
    region = plan.scenario["tap"]
    log = flowlog.FlowLog(plan.rng("flows before"), flowlog.DEFAULT)
    day = timedelta(days=1)
    log.everyday("eni-0b0b0b0b0b0b0b0b0", "10.0.2.11", attack.networks[region],
                 seconds(plan.at("10:00:00") - day), seconds(plan.at("11:00:00") - day))
    return log.file(region, plan.at("11:10:00") - day,
                    f"0{plan.rng(region).getrandbits(64):016x}")


def flow_files(plan, attack):
    """{path: bytes} of all flow logs."""
    return dict([gateway_flows(plan, attack), ordinary_flows(plan, attack),
                 *(region_flows(plan, attack, region) for region in FLOW_WINDOWS)])


# --- truth ------------------------------------------------------------------------------------

def members(attack, region):
    """The instances of one region."""
    return [each for each in attack.instances if each.network.region == region]


def instance_truth(each):
    """What must be said about one instance."""
    network = each.network
    return {"instance_id": each.instance, "eni_id": each.interface, "ip": each.address,
            "type": each.kind, "region": network.region, "vpc_id": network.vpc,
            "subnet_id": network.subnet, "group_id": network.group,
            "launch": stamp(each.launch), "reservation_id": each.reservation,
            "client_token": each.token, "event_id": each.event}


def cost_truth(plan):
    """The rows of the price table, and what does not follow from them."""
    rows = [{"region": region, "type": row.kind, "count": row.count, "usd_per_hour": row.price,
             "total": row.hourly} for region, row in plan.regions.items()]
    total = round(sum(row["total"] for row in rows), 6)
    published = plan.section("prices").getfloat("published")
    return {"rows": rows, "burn": total, "per_day": round(total * 24, 6),
            "per_30_days": round(total * 720, 6), "published": published,
            "published_excess": round(published - total, 6)}


def uses(records, key):
    """Use of a key: by source address, how often, first and last."""
    found = {}
    for each in sorted(records, key=lambda record: record["eventTime"]):
        if each["userIdentity"].get("accessKeyId") == key:
            entry = found.setdefault(each["sourceIPAddress"],
                                     {"calls": 0, "first": each["eventTime"], "regions": set()})
            entry["calls"] += 1
            entry["last"] = each["eventTime"]
            entry["regions"].add(each["awsRegion"])
    return {address: {**entry, "regions": sorted(entry["regions"])}
            for address, entry in found.items()}


def containment(plan, attack):
    """What goes first: stages in order, and within a stage in any order."""
    left, thief = plan.section("left"), plan.section("thief")

    def made(kind):
        return [each["id"] for each in attack.created if each["kind"] == kind]
    return [
        {"stage": "returns", "ids": [left["rule"], left["function"], left["key"], left["user"]]},
        {"stage": "key", "ids": [thief["key"]]},
        {"stage": "instances", "ids": [each.instance for each in attack.instances]},
        {"stage": "networks and buckets", "ids": made("vpc") + made("security_group") +
         made("subnet") + made("internet_gateway") + made("bucket")}]


def truth_of(plan, trail, attack, courier, finding_times):
    """What must be found."""
    thief, left = plan.section("thief"), plan.section("left")
    network = json.loads(NETWORK_TRUTH.read_text(encoding="utf-8"))
    tap = plan.scenario["tap"]
    seen = {each["instance_id"] for each in network["miners"]}
    times = sorted(each["eventTime"] for each in trail.records)
    return {
        "seed": plan.seed, "account": ACCOUNT, "principal": thief["user"],
        "principal_arn": attack.owner, "key": thief["key"], "attacker": thief["address"],
        "home": thief["home"], "user_agent": thief["agent"], "created_user": left["user"],
        "created_key": left["key"], "created_policy": left["policy"],
        "uses": {key: uses(trail.records, key) for key in (thief["key"], left["key"])},
        "regions": list(plan.regions), "asked_regions": sorted(
            [*plan.regions, *plan.section("sweep")["regions"].split()]),
        "instances": [instance_truth(each) for each in attack.instances],
        "mining": sorted(seen), "out_of_sight": sorted(
            each.instance for each in attack.instances if each.instance not in seen),
        "scope": f"{ACCOUNT}/{tap}/{plan.regions[tap].vpc}",
        "first_launch": stamp(min(each.launch for each in attack.instances)),
        "last_launch": stamp(max(each.launch for each in attack.instances)),
        "first_mining_packet_us": min(each["first_packet_us"] for each in network["sessions"]),
        "created": attack.created, "refused": attack.refused, "cost": cost_truth(plan),
        "containment": containment(plan, attack), "findings": finding_times,
        "flow_logs": {"pool": plan.scenario["pool"], "regions": {
            region: sorted(each.instance for each in members(attack, region))
            for region in (tap, *FLOW_WINDOWS)}},
        "trail": {"records": len(trail.records), "late": courier.late, "twice": courier.twice,
                  "first": times[0], "last": times[-1]}}


# --- files ------------------------------------------------------------------------------------

def finding_files(plan, attack):
    """({path: bytes}, what the truth says of them)."""
    first = members(attack, plan.scenario["tap"])[0]
    key_time, tool_time = plan.at("10:15:00"), plan.at("10:45:00")
    network = json.loads(NETWORK_TRUTH.read_text(encoding="utf-8"))
    port = next(each["inside"][1] for each in network["sessions"]
                if each["instance_id"] == first.instance)
    tool = findings.bitcoin_tool(first, plan.pool, port, plan.at("10:00:15"),
                                 plan.at("10:40:15"), tool_time)
    stolen = findings.stolen_key(plan.section("thief"), plan.at("09:58:00"), key_time)
    times = [{"id": stolen["Findings"][0]["Id"], "form": "asff", "time": stamp(key_time),
              "type": stolen["Findings"][0]["Types"][0].removeprefix("TTPs/"),
              "access_key": plan.section("thief")["key"]},
             {"id": tool["id"], "form": "native", "time": stamp(tool_time), "type": tool["type"],
              "instance_id": first.instance}]
    files = {"findings/guardduty.json": tool, "findings/securityhub.json": stolen}
    return {name: printed(value) for name, value in files.items()}, times


def printed(value):
    """JSON as a person reads it."""
    return (json.dumps(value, indent=1) + "\n").encode()


def generate(plan):
    """All files: {path: bytes}."""
    trail, attack = written(plan)
    files, courier = trail_files(plan, trail)
    files.update(flow_files(plan, attack))
    found, times = finding_files(plan, attack)
    files.update(found)
    ids = Ids(plan.rng("described"))
    files[f"inventory/{DESCRIBED}.json"] = printed(
        ec2.describe_instances(ids, members(attack, DESCRIBED)))
    tap = plan.scenario["tap"]
    files[f"inventory/{tap}-gateway.json"] = printed(ec2.gateway_interface(
        attack.networks[tap], flowlog.GATEWAY_INTERFACE, "nat-0aaaabbbbccccdddd0",
        flowlog.GATEWAY, plan.section("thief")["home"]))
    files["truth.json"] = printed(truth_of(plan, trail, attack, courier, times))
    files["README.md"] = README.encode()
    return files


def same(path, data):
    """Whether a file holds this. Compressors differ, so a gzipped file is compared unpacked."""
    if not path.is_file():
        return False
    there = path.read_bytes()
    return there == data or (path.suffix == ".gz" and gzip.decompress(there) ==
                             gzip.decompress(data))


def check(out, files):
    """Compares the folder with the files; returns the exit code."""
    different = [name for name, data in sorted(files.items()) if not same(out / name, data)]
    different += [name for name in sorted(str(path.relative_to(out)) for path in out.rglob("*")
                                          if path.is_file()) if name not in files]
    for name in different:
        print(f"{out / name}: not what scripts/coin_shadow_trail.py writes", file=sys.stderr)
    return 1 if different else 0


def write(out, files):
    """Writes the files below a folder."""
    for name, data in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    print(f"{out}: {len(files)} files, {sum(map(len, files.values()))} bytes")


def main():
    """Writes or compares; returns the exit code."""
    parser = argparse.ArgumentParser(description="Writes the cloud's side of coin-shadow.")
    parser.add_argument("--seed", type=int, help="another seed than the plan's")
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write into")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args()
    files = generate(Plan(PLAN, options.seed))
    if options.check:
        return check(options.out, files)
    write(options.out, files)
    return 0


if __name__ == "__main__":
    sys.exit(main())
