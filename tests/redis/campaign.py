#!/usr/bin/env python3
"""Several sensors build in one Redis the campaign that one sensor builds of the whole capture.

usage: campaign.py --binary FILE

The scenario's capture is cut into parts: by host into two, into eight (as sensors of eight networks
would see it) and into ten (two hosts each: no sensor could raise it by itself), and by time into two (a host in both halves joined in the first). Each part
is replayed by a process with a sensor id of its own, all at once or one after another in either
order; the set, the first sights and the hash but for its per-sensor fields must be those of the
whole. What the miner said before a cut in time the second half does not know: there the time of
the last sign is left out of the comparison.
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "scripts")]

import json  # noqa: E402

from capturekit import pcapfile  # noqa: E402
from capturekit.dissect import locate  # noqa: E402
from kit import suite, truth  # noqa: E402
from kit.sensor import EVENTS, ROOT, run  # noqa: E402
from kit.tap import differ  # noqa: E402
from resp import Server  # noqa: E402

CAPTURE = "pcaps/coin-shadow/inside.pcap"
CONFIG = "tests/golden/config/coin-shadow.yaml"
WHOLE = "whole"
HOSTS = 20


def hosts_of(packet):
    """The addresses of the innermost packet."""
    inner = locate(packet.data)
    return (inner.src[0], inner.dst[0]) if inner is not None else ()


def by_host(capture, miners, count):
    """The capture in that many parts: each miner's packets are in one of them."""
    place = {ip: at % count for at, ip in enumerate(miners)}
    parts = [[] for _ in range(count)]
    for packet in capture.packets:
        found = [place[ip] for ip in hosts_of(packet) if ip in place]
        parts[found[0] if found else 0].append(packet)
    return parts


def by_time(capture):
    """The first and the second half of the packets."""
    middle = len(capture.packets) // 2
    return [capture.packets[:middle], capture.packets[middle:]]


class Campaigns:
    """Replays parts of the capture, and reads back what they left."""

    def __init__(self, binary, work):
        self.binary = binary
        self.work = work
        self.capture = pcapfile.read(ROOT / CAPTURE)
        path = (ROOT / CAPTURE).with_name("truth.json")
        self.miners = [miner["ip"] for miner in
                       json.loads(path.read_text(encoding="utf-8"))["miners"]]

    def file_of(self, name, packets):
        """A capture file of these packets."""
        path = self.work / f"{name}.pcap"
        pcapfile.write(path, replace(self.capture, packets=tuple(packets)))
        return path

    def replay(self, server, sensor, path):
        """Problems of one sensor's run."""
        return run(self.binary, "-c", CONFIG, "-r", path, "--redis", server.url, "--sensor-id",
                   sensor).problems()

    @staticmethod
    def state(redis):
        """The campaign by wallet: its id, set, first sights, hash without per-sensor fields, index.
        The staging host's has those who were seen there before the wallet was raised."""
        keys = [key for key in redis("KEYS", "minecanary:campaign:*") if key.count(":") == 2
                and redis.hash(key).get("kind") == "wallet"]
        if len(keys) != 1:
            return {"campaigns": sorted(keys)}
        key, = keys
        fields = redis.hash(key)
        return {"key": key, "hosts": sorted(redis("SMEMBERS", f"{key}:hosts")),
                "seen": redis.scores(f"{{{key}}}:seen"),
                "hash": {name: value for name, value in fields.items() if "@" not in name},
                "index": redis.scores("minecanary:campaigns"),
                "members": {name: value for name, value in fields.items()
                            if name.startswith("members@")}}

    @staticmethod
    def alert_ids(redis):
        """Ids of the campaign alerts in all streams."""
        events = [json.loads(dict(fields)["eve"])
                  for key in redis("KEYS", "minecanary:{*}:alert")
                  for _, fields in redis.stream(key)]
        return sorted(truth.campaigns(events))

    def threshold(self):
        """Problems: as many hosts as campaign-hosts says raise it, one less do not."""
        problems = []
        for hosts, wanted in ((HOSTS, 1), (HOSTS + 1, 0)):
            done = run(self.binary, "-c", CONFIG, "-r", CAPTURE, *EVENTS, "--campaign-hosts", hosts)
            problems += done.problems() or differ(f"campaigns of {hosts} hosts",
                                                  len(truth.campaigns(done.events)), wanted)
        return problems

    def whole(self):
        """(problems, state, ids) of one sensor that sees everything."""
        with Server() as server:
            problems = self.replay(server, WHOLE, CAPTURE)
            redis = server.client()
            state = self.state(redis)
            ids = self.alert_ids(redis)
        problems += differ("hosts", len(state.get("hosts", ())), HOSTS)
        return problems + differ("campaign alerts", len(ids), 1), state, ids

    def parts(self, name, parts, expected, order):
        """Problems: the parts give what the whole gives, and raise it between them."""
        files = [self.file_of(f"{name}-{at}", part) for at, part in enumerate(parts)]
        jobs = list(enumerate(files))
        with Server() as server, ThreadPoolExecutor(2 if order is None else 1) as pool:
            runs = pool.map(lambda job: self.replay(server, f"part-{job[0]}", job[1]),
                            jobs if order is None else [jobs[at] for at in order])
            problems = [problem for found in runs for problem in found]
            redis = server.client()
            state, ids = self.state(redis), self.alert_ids(redis)
            alerts = [key for key in redis("KEYS", "minecanary:alert:*")
                      if ":open:" not in key
                      and redis("HGET", key, "sid") == str(truth.CAMPAIGN)]
        state, expected = dict(state), dict(expected)
        members = state.pop("members", {})
        del expected["members"]
        if name == "time":
            for one in (state, expected):
                one["hash"] = {**one["hash"], "last_seen": None}
                one["index"] = list(one["index"])
        for field, value in expected.items():
            problems += differ(field, state.get(field), value)
        problems += differ("sensors with members", len(members), len(parts))
        raised = [expected["key"].rpartition(":")[2]]  # by what all sensors know together
        problems += differ("alert hashes", len(alerts), len(raised))
        return problems + differ("alert ids", ids, raised)


def checks(tap, campaigns):
    """All tests."""
    problems, expected, ids = campaigns.whole()
    if not tap.check("one sensor sees the whole campaign", problems):
        return
    tap.check("its alert is named after it",
              differ("id", ids, [expected["key"].rpartition(":")[2]]))
    tap.check("campaign-hosts is heeded", campaigns.threshold())
    halves = by_host(campaigns.capture, campaigns.miners, 2)
    tap.check("two sensors with half of the hosts each, at once",
              campaigns.parts("two", halves, expected, None))
    tap.check("the same, one after the other",
              campaigns.parts("two", halves, expected, (1, 0)))
    for count in (8, 10):
        tap.check(f"{count} sensors, at once",
                  campaigns.parts(str(count), by_host(campaigns.capture, campaigns.miners, count),
                                  expected, None))
    halves = by_time(campaigns.capture)
    tap.check("two halves in time", campaigns.parts("time", halves, expected, (0, 1)))
    tap.check("the later half first", campaigns.parts("time", halves, expected, (1, 0)))
    tap.check("one half twice", campaigns.parts("time", halves, expected, (1, 0, 0, 1)))


def test(tap, binary):
    """All tests, with a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="minecanary-campaign-") as work:
        checks(tap, Campaigns(binary, Path(work)))


if __name__ == "__main__":
    sys.exit(suite.main("campaign", test))
