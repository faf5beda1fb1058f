#!/usr/bin/env python3
"""Replays the scenario with an inventory, and reads back whose machines its miners are.

usage: identity.py --binary FILE

The inventory is a file as `aws ec2 describe-instances` prints it, of all miners of
pcaps/coin-shadow/truth.json, and leases of one miner in Redis as sensor/lease.h describes them:
only they know who launched it. A capture is read lossless, so every revision must name the machine.
"""

import json
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from kit import eve, suite, truth  # noqa: E402
from kit.sensor import ROOT, run  # noqa: E402
from kit.tap import differ  # noqa: E402
from resp import Server  # noqa: E402

FOLDER = "pcaps/coin-shadow"
CONFIG = "tests/golden/config/coin-shadow.yaml"
SENSOR = "identity"
LEASED = "10.0.1.23"
PRINCIPAL = "arn:aws:iam::111122223333:user/ml-pipeline-sa"
KEY = "AKIA4EXAMPLE1234567"
BOOT_SECONDS = 300  # from the launch of a machine to its first login


def instant(seconds):
    """A time as CloudTrail writes it."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Identity:
    """The truth, and what one replay left in Redis."""

    def __init__(self, binary, server, work):
        self.binary = binary
        self.server = server
        self.redis = server.client()
        self.inventory = work / "instances.json"
        self.truth = json.loads((ROOT / FOLDER / "truth.json").read_text(encoding="utf-8"))
        self.cloud = self.truth["cloud"]
        self.scope = "/".join(self.cloud[key] for key in ("account_id", "region", "vpc_id"))
        self.miners = {miner["ip"]: miner for miner in self.truth["miners"]}
        first = {}
        for session in self.truth["sessions"]:
            ip = session["inside"][0]
            first[ip] = min(first.get(ip, 1 << 62), session["first_packet_us"] // 1_000_000)
        self.launched = {ip: begin - BOOT_SECONDS for ip, begin in first.items()}

    # --- what is known ----------------------------------------------------------------------

    def instance(self, miner):
        """One machine as `aws ec2 describe-instances` has it."""
        ip, subnet = miner["ip"], self.cloud["subnet_id"]
        return {
            "InstanceId": miner["instance_id"], "InstanceType": self.cloud["instance_type"],
            "LaunchTime": instant(self.launched[ip]).replace("Z", "+00:00"),
            "Placement": {"AvailabilityZone": self.cloud["region"] + "a"},
            "PrivateIpAddress": ip, "SubnetId": subnet, "VpcId": self.cloud["vpc_id"],
            "State": {"Code": 16, "Name": "running"},
            "NetworkInterfaces": [{
                "NetworkInterfaceId": miner["eni_id"], "OwnerId": self.cloud["account_id"],
                "SubnetId": subnet, "VpcId": self.cloud["vpc_id"], "PrivateIpAddress": ip,
                "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": ip}],
                "Attachment": {"AttachTime": instant(self.launched[ip]), "DeviceIndex": 0}}],
        }

    def write_inventory(self):
        """The file of all miners."""
        machines = [self.instance(miner) for miner in self.miners.values()]
        self.inventory.write_text(json.dumps({"Reservations": [
            {"OwnerId": self.cloud["account_id"], "Instances": machines}]}), encoding="utf-8")

    def write_lease(self, name, instance, start, end):
        """One lease of the one miner; end None: it is still open."""
        miner = self.miners[LEASED]
        fields = {"scope": self.scope, "ip": LEASED, "instance": instance, "eni": miner["eni_id"],
                  "type": self.cloud["instance_type"], "account": self.cloud["account_id"],
                  "region": self.cloud["region"], "vpc": self.cloud["vpc_id"],
                  "subnet": self.cloud["subnet_id"], "principal": PRINCIPAL, "key": KEY,
                  "source": "198.51.100.99", "from": start * 1000,
                  "to": end * 1000 if end is not None else "", "event": "86eac0ac"}
        self.redis("HSET", f"minecanary:lease:{name}",
                   *(word for pair in fields.items() for word in pair))
        self.redis("ZADD", f"minecanary:inventory:{self.scope}/{LEASED}", start * 1000, name)

    def write_leases(self):
        """Its own lease, and those of who had the address before and after."""
        launched = self.launched[LEASED]
        self.write_lease("0000000000000001", "i-0aaaaaaaaaaaaaaaa", launched - 9000,
                         launched - 3600)
        self.write_lease("0000000000000002", self.miners[LEASED]["instance_id"], launched, None)
        self.write_lease("0000000000000003", "i-0bbbbbbbbbbbbbbbb", launched + 86400, None)

    def replay(self):
        """Problems of the run."""
        return run(self.binary, "-c", CONFIG, "-r", f"{FOLDER}/inside.pcap", "--redis",
                   self.server.url, "--sensor-id", SENSOR, "--inventory",
                   self.inventory).problems()

    # --- what came out ----------------------------------------------------------------------

    def rows(self):
        """The alert stream."""
        return [dict(fields) for _, fields in
                self.redis.stream(f"minecanary:{{{SENSOR}}}:alert")]

    def expected(self, ip):
        """The cloud object's fields of a miner."""
        miner = self.miners[ip]
        found = {"instance_id": miner["instance_id"], "eni_id": miner["eni_id"],
                 "instance_type": self.cloud["instance_type"],
                 "launch_time": instant(self.launched[ip]), "identity_confidence": "high",
                 **{key: self.cloud[key] for key in ("account_id", "region", "vpc_id",
                                                     "subnet_id")}}
        if ip == LEASED:
            found.update(principal=PRINCIPAL, access_key_id=KEY)
        return found

    def alerts(self):
        """Problems: every revision of every miner's alert names its machine, no other's does."""
        problems, seen, checker = [], set(), eve.Checker()
        for row in self.rows():
            event = json.loads(row["eve"])
            problems += checker.line(row["eve"])
            ip, cloud = event["src_ip"], event["cloud"]
            if truth.is_campaign(event):
                continue
            if ip not in self.miners:
                problems += differ(f"{ip}: instance", (cloud.get("instance_id"), row["instance"]),
                                   (None, ""))
                continue
            seen.add((ip, event["alert"]["signature_id"]))
            expected = self.expected(ip)
            for key in (*expected, "principal", "access_key_id"):
                problems += differ(f"{ip}: {key}", cloud.get(key), expected.get(key))
            problems += differ(f"{ip}: row", row["instance"], expected["instance_id"])
        for sid in (truth.SESSION, truth.HOSTILE):
            problems += differ(f"miners with {sid}",
                               {ip for ip, found in seen if found == sid} ^ self.miners.keys(),
                               set())
        return problems

    def state(self):
        """Problems: the hashes of alerts, hosts and sessions name the machine."""
        problems, keys = [], []
        for ip in self.miners:
            keys.append((ip, f"minecanary:host:{self.scope}/{ip}"))
        for _, fields in self.redis.stream(f"minecanary:{{{SENSOR}}}:session"):
            row = dict(fields)
            keys.append((row["src"], f"minecanary:session:{row['flow_id']}"))
        for row in self.rows():
            if row["src"] in self.miners and int(row["sid"]) != truth.CAMPAIGN:
                keys.append((row["src"], f"minecanary:alert:{row['id']}"))
        problems += [] if len(set(keys)) > 60 else [f"only {len(set(keys))} keys"]
        for ip, key in sorted(set(keys)):
            state, wanted = self.redis.hash(key), self.expected(ip)
            for field, name in (("instance", "instance_id"), ("eni", "eni_id"),
                                ("instance_type", "instance_type"), ("principal", "principal"),
                                ("launch_key", "access_key_id")):
                problems += differ(f"{key}: {field}", state.get(field), wanted.get(name, ""))
        return problems

    def revisions(self):
        """Problems: who is known from the beginning makes no revision of its own."""
        problems = []
        for row in self.rows():
            event = json.loads(row["eve"])
            if row["rev"] == "1" and event["src_ip"] in self.miners and not row["instance"] \
                    and not truth.is_campaign(event):
                problems.append(f"{event['src_ip']}: first without its machine")
        return problems + truth.revisions([json.loads(row["eve"]) for row in self.rows()])


def test(tap, binary):
    """All tests."""
    with Server() as server, tempfile.TemporaryDirectory() as work:
        identity = Identity(binary, server, Path(work))
        identity.write_inventory()
        identity.write_leases()
        if tap.check("replay with an inventory", identity.replay()):
            tap.check("alerts name the machine in every revision", identity.alerts())
            tap.check("so do the hashes of alerts, hosts and sessions", identity.state())
            tap.check("from the first revision on", identity.revisions())


if __name__ == "__main__":
    sys.exit(suite.main("identity", test))
