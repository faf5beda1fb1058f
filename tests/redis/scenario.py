#!/usr/bin/env python3
"""Replays the scenario into a real Redis and compares what is read back with the truth.

usage: scenario.py --binary FILE

Starts a Redis of its own on a unix socket; pcaps/coin-shadow/truth.json says what must be in it.
Every field that the truth knows is compared: 20 miners, 21 sessions, 20 alerts of miners, 20 of
what they fetched, one of the key that left and one of their campaign, 146 flows.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "scripts")]

from capturekit import US, pcapfile  # noqa: E402
from capturekit.dissect import locate, tcp_view  # noqa: E402
from kit import eve, suite, truth  # noqa: E402
from kit.sensor import ROOT, environment, run  # noqa: E402
from kit.tap import differ  # noqa: E402
from resp import Server  # noqa: E402

FOLDER = "pcaps/coin-shadow"
CONFIG = "tests/golden/config/coin-shadow.yaml"
SENSOR = "scenario"
OUTSIDE = "scenario-nat"
BOTH = "scenario-both"
COUNTS = ("submitted", "accepted", "rejected", "stale")
PROTOCOLS = {"tcp": "TCP", "udp": "UDP", "icmp": "ICMP"}
SIDES = ("packets_to_server", "packets_to_client", "bytes_to_server", "bytes_to_client")
FLOW_COLUMNS = ("pkts_toserver", "pkts_toclient", "bytes_toserver", "bytes_toclient")
# Columns that are a number in every row.
NUMERIC = {
    "flow": FLOW_COLUMNS + ("flow_id", "sport", "dport", "vlan", "vni", "risks",
                            "flags_toserver", "flags_toclient", "midstream", "truncated", "sid",
                            "nat_src_port", "shunted"),
    "session": FLOW_COLUMNS + COUNTS + (
        "flow_id", "sport", "dport", "vlan", "vni", "difficulty", "work", "seconds", "hashrate",
        "hashrate_claimed", "revision", "workers", "password_present", "donation", "hashrate_1m",
        "hashrate_10m", "hashrate_60m", "nat_src_port"),
    "alert": ("rev", "sid"),
}
ALERT_FIELDS = ["eve", "id", "rev", "sid", "level", "src", "dest", "pool", "wallet", "instance"]
TYPES = {"alert": "hash", "session": "hash", "host": "hash", "pool": "hash", "wallet": "hash",
         "campaign": "hash", "hosts": "set", "seen": "zset"}


def microseconds(text):
    """A time of EVE as microseconds since 1970."""
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(timezone.utc)
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


def number(text):
    """The number that a text is, or None."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def within(what, found, expected):
    """A problem unless a rate is within the tolerance."""
    value = number(found)
    if value is not None and abs(value - expected) <= truth.TOLERANCE * expected:
        return []
    return [f"{what}: {found}, expected {expected} within {truth.TOLERANCE:.0%}"]


class Scenario:
    """The truth, and what one replay left in Redis."""

    def __init__(self, binary, server):
        self.binary = binary
        self.server = server
        self.redis = server.client()
        self.truth = json.loads((ROOT / FOLDER / "truth.json").read_text(encoding="utf-8"))
        cloud = self.truth["cloud"]
        self.scope = "/".join((cloud["account_id"], cloud["region"], cloud["vpc_id"]))
        self.checker = eve.Checker()

    def replay(self, name, sensor, *options):
        """Runs the sensor over one capture."""
        return run(self.binary, "-c", CONFIG, "-r", f"{FOLDER}/{name}", "--redis",
                   self.server.url, "--sensor-id", sensor, *options)

    def stream(self, word, sensor=SENSOR):
        """A stream's entries as dictionaries, oldest first."""
        return [dict(fields) for _, fields in
                self.redis.stream(f"minecanary:{{{sensor}}}:{word}")]

    # --- flows ------------------------------------------------------------------------------

    def flows(self, name, sensor):
        """Problems: every flow of the capture has exactly one record, with its counters."""
        expected = {}
        for flow in self.truth["captures"][name]["flows"]:
            has_ports = flow["proto"] in ("tcp", "udp")
            key = (PROTOCOLS[flow["proto"]], flow["src_ip"], flow["src_port"] * has_ports,
                   flow["dest_ip"], flow["dest_port"] * has_ports, flow["vni"] or 0)
            expected.setdefault(key, []).append(
                tuple(flow[side] for side in SIDES) + (flow["start_us"], flow["end_us"]))
        found = {}
        for row in self.stream("flow", sensor):
            key = (row["proto"], row["src"], int(row["sport"]), row["dest"], int(row["dport"]),
                   int(row["vni"]))
            found.setdefault(key, []).append(
                tuple(int(row[column]) for column in FLOW_COLUMNS)
                + (microseconds(row["start"]), microseconds(row["end"])))
        problems = [] if len(expected) > 20 else ["the truth has hardly any flow"]
        problems += [f"{key}: no such flow: {found[key]}" for key in found.keys() - expected.keys()]
        for key, rows in expected.items():
            problems += differ(key, sorted(found.get(key, [])), sorted(rows))
        return problems

    # --- sessions and miners ----------------------------------------------------------------

    def sessions(self, leg, sensor):
        """Problems: each session of the truth ends once in the stream, with all its fields."""
        ends = {}
        for row in self.stream("session", sensor):
            if row["event"] == "end":
                key = (row["src"], int(row["sport"]), row["dest"], int(row["dport"]))
                ends.setdefault(key, []).append(row)
        problems = differ("sessions", len(self.truth["sessions"]), 21)
        for session in self.truth["sessions"]:
            rows = ends.pop(tuple(session[leg]), [])
            problems += differ(f"ends of {session[leg]}", len(rows), 1)
            for row in rows:
                problems += [f"{session['worker']}: {text}"
                             for text in self.session(session, row, leg)]
        return problems + [f"no such session: {key}" for key in ends]

    def session(self, session, row, leg):
        """Problems of one session's last row."""
        inside = leg == "inside"
        expected = {
            "wallet": session["wallet"], "worker": session["worker"], "agent": session["agent"],
            "algo": session["algo"], "pool": session["pool"], "dialect": session["dialect"],
            "level": "confirmed", "role": "pool-client", "proto": "TCP",
            "wallet_check": "unverified" if not session["wallet_valid"] else "valid",
            "scope": self.scope if inside else "tap:default",
            "vni": str(session["vni"]) if inside else "0",
        }
        expected.update({count: str(session["shares"][count]) for count in COUNTS})
        problems = [problem for key, value in expected.items()
                    for problem in differ(key, row[key], value)]
        problems += differ("work", number(row["work"]), float(session["work"]))
        return problems + within("hashrate", row["hashrate"], session["hashrate"])

    def miners(self):
        """Problems: each of the 20 miners has its state, summed over its sessions."""
        problems = differ("miners of the truth", len(self.truth["miners"]), 20)
        for miner in self.truth["miners"]:
            key = f"minecanary:host:{self.scope}/{miner['ip']}"
            state = self.redis.hash(key)
            if not state:
                problems.append(f"{key} does not exist")
                continue
            problems += [f"{miner['ip']}: {text}" for text in self.miner(miner, state)]
        return problems

    def miner(self, miner, state):
        """Problems of one host's hash, and of the wallet's that it points to."""
        problems = differ("pool", state.get("pool"), miner["pool"])
        problems += differ("worker", state.get("worker"), miner["worker"])
        problems += differ("agent", state.get("agent"), miner["agent"])
        problems += differ("algo", state.get("algo"), miner["algo"])
        for count in COUNTS:
            problems += differ(f"{count}@{SENSOR}", state.get(f"{count}@{SENSOR}"),
                               str(miner["shares"][count]))
        last = [session for session in self.truth["sessions"]
                if session["worker"] == miner["worker"]][-1]
        problems += within("hashrate", state.get(f"hashrate@{SENSOR}"), last["hashrate"])
        wallet = self.redis.hash(f"minecanary:wallet:{state.get('wallet_hash')}")
        return problems + differ("wallet", wallet.get("wallet"), miner["wallet"])

    def totals(self, sensor=SENSOR):
        """Problems: pool and wallet hold the sums of all miners, sessions their own."""
        wallet = next(iter(self.redis.scores("minecanary:wallets")), "")
        problems = []
        for key in (f"minecanary:pool:{self.truth['pool']}", f"minecanary:wallet:{wallet}"):
            state = self.redis.hash(key)
            for count in COUNTS:
                total = sum(miner["shares"][count] for miner in self.truth["miners"])
                problems += differ(f"{key} {count}", state.get(f"{count}@{sensor}"), str(total))
            work = sum(miner["work"] for miner in self.truth["miners"])
            problems += differ(f"{key} work", number(state.get(f"work@{sensor}")), float(work))
        ids = {(row["src"], int(row["sport"])): row["flow_id"]
               for row in self.stream("session", sensor)}
        for session in self.truth["sessions"]:
            state = self.redis.hash(
                f"minecanary:session:{ids.get(tuple(session['inside'][:2]))}")
            expected = {"worker": session["worker"], "state": "ended", "level": "confirmed",
                        "server": session["pool"], "client": session["inside"][0],
                        **{count: str(session["shares"][count]) for count in COUNTS}}
            problems += [f"{session['worker']}: {text}" for key, value in expected.items()
                         for text in differ(key, state.get(key), value)]
        return problems

    # --- alerts -----------------------------------------------------------------------------

    def alerts(self, sensor):
        """The EVE events of the alert stream."""
        return [json.loads(row["eve"]) for row in self.stream("alert", sensor)]

    def final_alerts(self):
        """Problems: one confirmed alert for each miner, and the contacts of the truth."""
        events = self.alerts(SENSOR)
        contacts = truth.scenario_contacts(self.truth, "inside.pcap")
        problems = truth.of_contacts(contacts, events)
        final = {name: event for name, event in truth.single_alerts(events).items()
                 if not truth.is_contact(event)}
        miners = {miner["ip"] for miner in self.truth["miners"]}
        found = Counter(event["src_ip"] for event in final.values())
        problems += differ("alerts by client", dict(found), {ip: 1 for ip in miners})
        problems += [f"benign host {ip}" for ip in found.keys() & set(self.truth["benign_hosts"])]
        for event in final.values():
            where = event["src_ip"]
            problems += differ(f"{where}: sid", event["alert"]["signature_id"], truth.SESSION)
            problems += differ(f"{where}: level", event["mining"]["level"], "confirmed")
            problems += differ(f"{where}: pool", event["mining"]["pool"], self.truth["pool"])
            problems += differ(f"{where}: wallet", event["mining"].get("wallet"),
                               self.truth["wallet"])
            problems += differ(f"{where}: scope", event["cloud"]["scope"], self.scope)
            for key in ("provider", "account_id", "region", "vpc_id", "subnet_id"):
                problems += differ(f"{where}: {key}", event["cloud"].get(key),
                                   self.truth["cloud"][key])
            if "listed-endpoint" not in event["mining"]["evidence"]:
                problems.append(f"{where}: the contact is no evidence: "
                                f"{event['mining']['evidence']}")
        return problems

    def revisions(self):
        """Problems: 1600002 at the login's own packet, then 1600001 at the job in the reply."""
        events = self.alerts(SENSOR)
        problems = truth.revisions(events)
        by_client = {}
        for event in events:
            if not truth.is_campaign(event) and not truth.is_contact(event):
                by_client.setdefault(event["src_ip"], []).append(event)
        logins = login_times(ROOT / FOLDER / "inside.pcap")
        seen = set()
        for session in self.truth["sessions"]:
            ip = session["inside"][0]
            if ip in seen:
                continue  # the alert is that of the first session
            seen.add(ip)
            steps = [(event["alert"]["signature_id"], microseconds(event["timestamp"]))
                     for event in by_client.get(ip, [])[:2]]
            problems += differ(f"{ip}: first revisions", steps,
                               [(truth.LOGIN, logins[tuple(session["inside"])]),
                                (truth.SESSION, session["first_job_us"])])
        return problems

    def flat_alerts(self):
        """Problems: the flat fields of alert rows say what the JSON beside them says."""
        problems = []
        for _, fields in self.redis.stream(f"minecanary:{{{SENSOR}}}:alert"):
            row = dict(fields)
            event = json.loads(row["eve"])
            problems += differ("fields", [name for name, _ in fields], ALERT_FIELDS)
            mining, alert = event["mining"], event["alert"]
            problems += differ("flat", [row[key] for key in ALERT_FIELDS[1:-1]], [
                mining["alert_id"], str(alert["rev"]), str(alert["signature_id"]),
                mining["level"], event["src_ip"],
                truth.place(event["dest_ip"], event["dest_port"]), mining.get("pool", ""),
                mining.get("wallet", "")])
            problems += self.checker.line(row["eve"])
        return problems

    # --- form -------------------------------------------------------------------------------

    def columns(self):
        """Problems: every row of a stream has the same fields, and numbers are numbers."""
        problems = []
        for word, numeric in NUMERIC.items():
            rows = self.redis.stream(f"minecanary:{{{SENSOR}}}:{word}")
            names = [name for name, _ in rows[0][1]] if rows else []
            problems += [] if rows else [f"the {word} stream is empty"]
            problems += [f"{word}: no column {name}" for name in numeric if name not in names]
            for at, (_, fields) in enumerate(rows):
                problems += differ(f"{word} row {at}: fields", [name for name, _ in fields], names)
                problems += [f"{word} row {at}: {name} is {value!r}" for name, value in fields
                             if name in numeric and number(value) is None]
        return problems

    def stream_ids(self):
        """Problems: stream ids rise, and are of the publisher's clock."""
        problems, now = [], time.time() * 1000
        for word in ("alert", "flow", "session"):
            names = [tuple(map(int, name.split("-"))) for name, _ in
                     self.redis.stream(f"minecanary:{{{SENSOR}}}:{word}")]
            problems += differ(f"{word}: order", names, sorted(set(names)))
            problems += [f"{word}: id {name} is not of this hour" for name in names
                         if abs(name[0] - now) > 3_600_000]
        return problems

    def keys(self):
        """Problems: types, lifetimes and members of what is kept as state."""
        wanted = {f"minecanary:{{{SENSOR}}}:{word}": "stream" for word in
                  ("alert", "flow", "session", "stats")}
        wanted.update({f"minecanary:{word}": "zset" for word in
                       ("hosts", "pools", "wallets", "alerts", "campaigns",
                        "hosts:by-hashrate")})
        problems = [problem for key, kind in wanted.items()
                    for problem in differ(key, self.redis("TYPE", key), kind)]
        for key in wanted:
            problems += differ(f"TTL of {key}", self.redis("TTL", key), -1)
        counts = Counter()
        for key in self.redis("KEYS", "*minecanary:*"):
            words = key.split(":")
            if key == "{minecanary:hosts:by-hashrate}:seen":
                continue
            if key.startswith("{minecanary:alert:open:"):
                counts["open, beside"] += 1
                continue
            kind = words[-1] if words[-1] in ("hosts", "seen") else words[1]
            if key in wanted or key.startswith("minecanary:{"):
                continue
            counts["open" if key.startswith("minecanary:alert:open:") else kind] += 1
            problems += [] if 0 < self.redis("TTL", key) <= 31 * 86400 else [f"{key}: no lifetime"]
            if not key.startswith("minecanary:alert:open:"):
                problems += differ(f"type of {key}", self.redis("TYPE", key), TYPES.get(kind))
        return problems + differ("kinds of keys", dict(counts), {
            "alert": 42, "open": 41, "session": 21, "host": 21, "pool": 1, "wallet": 1,
            "campaign": 1, "hosts": 3, "seen": 1, "open, beside": 41})

    def indexes(self):
        """Problems: who is in the sorted sets and sets, and when they were last seen."""
        hosts = {f"{self.scope}/{miner['ip']}" for miner in self.truth["miners"]}
        wallet = next(iter(self.redis.scores("minecanary:wallets")), "")
        pool = self.truth["pool"]
        alerted = hosts | {f"{self.scope}/{leak['ip']}" for leak in self.truth["leaks"]}
        problems = differ("hosts", self.redis.scores("minecanary:hosts").keys() ^ alerted, set())
        problems += differ("pools", list(self.redis.scores("minecanary:pools")), [pool])
        for key in (f"minecanary:pool:{pool}:hosts", f"minecanary:wallet:{wallet}:hosts"):
            problems += differ(key, set(self.redis("SMEMBERS", key)) ^ hosts, set())
        ids = set(truth.final_alerts(self.alerts(SENSOR)))
        problems += differ("alerts", self.redis.scores("minecanary:alerts").keys() ^ ids, set())
        for miner in self.truth["miners"]:
            last = max(session["last_packet_us"] for session in self.truth["sessions"]
                       if session["worker"] == miner["worker"])
            score = self.redis.scores("minecanary:hosts").get(f"{self.scope}/{miner['ip']}", 0)
            if abs(score - last / 1e6) > 1:
                problems.append(f"{miner['ip']}: last seen {score}, expected {last / 1e6}")
        rates = self.redis.scores("minecanary:hosts:by-hashrate")
        problems += differ("hosts by hash rate", rates.keys() ^ hosts, set())
        return problems

    def alert_hashes(self):
        """Problems: each alert's hash holds its last revision; a miner's is found as the open one."""
        problems = []
        for name, event in truth.final_alerts(self.alerts(SENSOR)).items():
            state = self.redis.hash(f"minecanary:alert:{name}")
            problems += differ(f"{name}: sid", state.get("sid"),
                               str(event["alert"]["signature_id"]))
            problems += differ(f"{name}: revision", state.get("revision"),
                               str(event["alert"]["rev"]))
        opened = {self.redis("GET", key) for key in
                  self.redis("KEYS", "minecanary:alert:open:*")}
        return problems + differ("open alerts",
                                 opened ^ set(truth.single_alerts(self.alerts(SENSOR))), set())

    # --- the campaign -----------------------------------------------------------------------

    def joins(self):
        """Who joined when (us): the first login of each miner, earliest first."""
        logins, first = login_times(ROOT / FOLDER / "inside.pcap"), {}
        for session in self.truth["sessions"]:
            member = f"{self.scope}/{session['inside'][0]}"
            first[member] = min(logins[tuple(session["inside"])], first.get(member, 1 << 62))
        return sorted(((joined, member) for member, joined in first.items()))

    def campaign_alert(self):
        """Problems: one campaign, raised by its third host, that grows to all 20."""
        events = [event for event in self.alerts(SENSOR) if truth.is_campaign(event)]
        problems = differ("campaigns", len(truth.campaigns(self.alerts(SENSOR))), 1)
        if problems:
            return problems
        joins, first, last = self.joins(), events[0], events[-1]
        problems += differ("joins of the truth", len(joins), 20)
        problems += differ("raised", (microseconds(first["timestamp"]),
                                      first["mining"]["campaign"]["members"]), (joins[2][0], 3))
        problems += differ("severity", last["alert"]["severity"], 1)
        problems += differ("level", last["mining"]["level"], "confirmed")
        problems += differ("first flow", last["src_ip"], joins[0][1].rpartition("/")[2])
        problems += differ("id", last["mining"]["alert_id"], last["mining"]["campaign"]["id"])
        found = last["mining"]["campaign"]
        wanted = {"kind": "wallet", "key": self.truth["wallet"], "members": 20,
                  "local_members": 20, "first_member": joins[0][1],
                  "spread_seconds": (joins[-1][0] - joins[0][0]) // 1_000_000,
                  "growth_10m": sum(microseconds(last["timestamp"]) - joined < 600_000_000
                                    for joined, _ in joins),
                  "worker_pattern": "gpu-use1-*", "pool": self.truth["pool"],
                  "agent": self.truth["miners"][0]["agent"]}
        for key, value in wanted.items():
            problems += differ(key, found.get(key), value)
        problems += differ("first_seen", microseconds(found["first_seen"]), joins[0][0])
        problems += differ("last_join", microseconds(found["last_join"]), joins[-1][0])
        times = [microseconds(event["timestamp"]) for event in events]
        problems += [f"revisions {after - before} us apart" for before, after in
                     zip(times, times[1:]) if after - before < 60_000_000]
        return problems

    def campaign_state(self):
        """Problems: the campaign's hash, set and sorted sets hold what the truth says."""
        joins = self.joins()
        name, = truth.campaigns(self.alerts(SENSOR))
        key = f"minecanary:campaign:{name}"
        state = self.redis.hash(key)
        wanted = {"kind": "wallet", "key": self.truth["wallet"], "first_member": joins[0][1],
                  "first_seen": str(joins[0][0] // 1000), "last_join": str(joins[-1][0] // 1000),
                  "threshold": "3", f"members@{SENSOR}": "20",
                  f"worker_pattern@{SENSOR}": "gpu-use1-*"}
        problems = [problem for field, value in wanted.items()
                    for problem in differ(field, state.get(field), value)]
        last = {}
        for session in self.truth["sessions"]:
            last[session["worker"]] = session["hashrate"]
        problems += within("hashrate", state.get(f"hashrate@{SENSOR}"), sum(last.values()))
        problems += differ("hosts", set(self.redis("SMEMBERS", f"{key}:hosts")),
                           {member for _, member in joins})
        problems += differ("seen", self.redis.scores(f"{{{key}}}:seen"),
                           {member: float(joined // 1000) for joined, member in joins})
        return problems + differ("campaigns", list(self.redis.scores("minecanary:campaigns")),
                                 [name])

    # --- more than one process --------------------------------------------------------------

    def owner(self):
        """Problems: the owner's key is given up at the end."""
        return differ("owner", self.redis("EXISTS", f"minecanary:{{{SENSOR}}}:owner"), 0)

    def second_replay(self):
        """Problems: the same capture again gives the same alerts and the same state."""
        first = truth.final_alerts(self.alerts(SENSOR))
        before = set(first)
        rows = len(self.stream("flow"))
        problems = self.replay("inside.pcap", SENSOR).problems()
        after = truth.final_alerts(self.alerts(SENSOR))
        problems += differ("alert ids", set(after) ^ before, set())
        problems += [f"{name}: revision {after[name]['alert']['rev']} after "
                     f"{event['alert']['rev']}" for name, event in first.items()
                     if name in after and after[name]["alert"]["rev"] < event["alert"]["rev"]]
        problems += differ("flow rows", len(self.stream("flow")), 2 * rows)
        return (problems + self.miners() + self.totals() + self.indexes() + self.campaign_state()
                + self.stream_ids() + self.owner())

    def second_process(self):
        """Problems: a second process with the same sensor id does not start."""
        command = [str(self.binary), "-c", CONFIG, "-r", "-", "--redis", self.server.url,
                   "--sensor-id", "taken"]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=environment()) as first:
            try:
                first.stdin.write((ROOT / FOLDER / "inside.pcap").read_bytes()[:4096])
                first.stdin.flush()
                problems = self.wait_for("minecanary:{taken}:owner")
                if self.redis("PTTL", "minecanary:{taken}:owner") <= 0:
                    problems.append("the owner's key has no lifetime")
                second = self.replay("inside.pcap", "taken")
                problems += second.problems(1)
                if "taken" not in second.err:
                    problems.append(f"the message does not say why: {second.err!r}")
                other = self.replay("inside.pcap", "other")
                problems += other.problems()
            finally:
                first.stdin.close()
                first.stdin = None
                _, err = first.communicate(timeout=60)
        # Its input ended within a packet: damage, exit 2.
        problems += differ("exit code of the first", (first.returncode, err), (2, err))
        return problems + differ("owner afterwards",
                                 self.redis("EXISTS", "minecanary:{taken}:owner"), 0)

    def wait_for(self, key):
        """Problems unless the key appears soon."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.redis("EXISTS", key):
                return []
            time.sleep(0.02)
        return [f"{key} does not appear"]

    def outside_alerts(self):
        """Problems: behind the NAT all miners are one client with one alert, and one more for what
        they fetched; as a host of its own it joins the campaign."""
        final = truth.final_alerts(self.alerts(OUTSIDE))
        return differ("alerts", sorted((event["src_ip"], event["alert"]["signature_id"])
                                       for event in final.values()),
                      [(self.truth["nat"], sid)
                       for sid in (truth.SESSION, truth.HOSTILE, truth.CAMPAIGN)])

    def both_tuples(self):
        """Problems: rows of connections that cross the NAT name both sides, all others one."""
        outer = {tuple(session["inside"][:2]): tuple(session["outside"][:2])
                 for session in self.truth["sessions"]}
        flows = self.stream("flow", BOTH)
        ends = [row for row in self.stream("session", BOTH) if row["event"] == "end"]
        crossing = [row for row in flows if row["nat_src_ip"]]
        problems = differ("flows that cross the NAT", len(crossing),
                          len(self.truth["captures"]["after-nat.pcap"]["flows"]))
        problems += differ("sessions", len(ends), len(outer))
        for row in crossing + ends:
            key = (row["src"], int(row["sport"]))
            expected = outer.get(key, (self.truth["nat"], int(row["nat_src_port"])))
            problems += differ(f"{key}: outer side", (row["nat_src_ip"], int(row["nat_src_port"])),
                               expected)
        problems += [f"{row['src']} with port 0 outside" for row in crossing
                     if row["nat_src_port"] == "0"]
        stats = self.stream("stats", BOTH)[-1]
        return problems + differ("pairs", int(stats["nat_pairs"]), len(crossing))

    def both_alerts(self):
        """Problems: the same alerts as of the inside alone, none for the NAT."""
        final = truth.final_alerts(self.alerts(BOTH))
        wanted = Counter((miner["ip"], truth.SESSION) for miner in self.truth["miners"])
        wanted.update((each["client"], each["sid"])
                      for each in truth.scenario_contacts(self.truth, "inside.pcap"))
        wanted.update([(self.truth["miners"][0]["ip"], truth.CAMPAIGN)])
        return differ("alerts by client", Counter(
            (event["src_ip"], event["alert"]["signature_id"]) for event in final.values()), wanted)

    def restarted(self):
        """Problems: a sensor that is started again goes on with the alerts that are open."""
        packets = pcapfile.read(ROOT / FOLDER / "inside.pcap")
        half = len(packets.packets) * 2 // 3
        parts = (packets.packets[:half], packets.packets[half:])
        found, problems = [], []
        with tempfile.TemporaryDirectory() as work:
            for at, part in enumerate(parts):
                path = Path(work) / f"part-{at}.pcap"
                pcapfile.write(path, replace(packets, packets=tuple(part)))
                problems += run(self.binary, "-c", CONFIG, "-r", path, "--redis", self.server.url,
                                "--redis-prefix", "again", "--sensor-id", "again").problems()
                found.append(truth.single_alerts([
                    json.loads(dict(fields)["eve"])
                    for _, fields in self.redis.stream("again:{again}:alert")]))
        first, both = found
        sessions = [event for event in both.values() if not truth.is_contact(event)]
        problems += differ("alerts of sessions", Counter(event["src_ip"] for event in sessions),
                           Counter(miner["ip"] for miner in self.truth["miners"]))
        later = [name for name, event in first.items()
                 if both[name]["alert"]["rev"] > event["alert"]["rev"]]
        problems += [] if len(later) > 5 else [f"only {len(later)} alerts went on"]
        problems += [f"{name}: from {event['alert']['signature_id']} to another"
                     for name, event in first.items()
                     if both[name]["alert"]["signature_id"] > event["alert"]["signature_id"]]
        return problems

    def eve_flows(self):
        """Problems: --flow-format eve stores lines that hold to the schema."""
        problems = self.replay("inside.pcap", "eve-form", "--flow-format", "eve").problems()
        rows = self.stream("flow", "eve-form")
        problems += differ("flows", len(rows), len(self.stream("flow")) // 2)
        problems += self.checker.lines([row["eve"] for row in rows])
        return problems + truth.revisions(self.alerts("eve-form"), goes_on=True)


def login_times(path):
    """Packet time (us) of the first login of each connection of the scenario."""
    found = {}
    for packet in pcapfile.read(path).packets:
        inner = locate(packet.data)
        view = tcp_view(packet.data, inner)
        if view is None or b'"method":"login"' not in packet.data[view.data:view.end]:
            continue
        if b'"method":"job"' not in packet.data[view.data:view.end]:
            found.setdefault(inner.src + inner.dst, packet.time // US)
    return found


def checks(tap, scenario):
    """All tests, in the order in which they build on each other."""
    if not tap.check("replay of inside.pcap", scenario.replay("inside.pcap", SENSOR).problems()):
        return
    tap.check("every flow has one record, with its counters",
              scenario.flows("inside.pcap", SENSOR))
    tap.check("21 sessions as the truth says", scenario.sessions("inside", SENSOR))
    tap.check("20 miners as the truth says", scenario.miners())
    tap.check("totals of pool, wallet and sessions", scenario.totals())
    tap.check("20 alerts, for the miners alone", scenario.final_alerts())
    tap.check("alerts begin at the login and rise at the job", scenario.revisions())
    tap.check("flat fields of alerts", scenario.flat_alerts())
    tap.check("columns are the same in every row, numbers are numbers", scenario.columns())
    tap.check("stream ids", scenario.stream_ids())
    tap.check("types and lifetimes of keys", scenario.keys())
    tap.check("sorted sets and sets", scenario.indexes())
    tap.check("hashes of alerts", scenario.alert_hashes())
    tap.check("one campaign, of all 20 miners", scenario.campaign_alert())
    tap.check("the campaign in Redis", scenario.campaign_state())
    tap.check("the owner's key is given up", scenario.owner())
    tap.check("a second replay leaves the same alerts and state", scenario.second_replay())
    tap.check("flow records as EVE JSON", scenario.eve_flows())
    tap.check("a second process with the same id is refused", scenario.second_process())
    if tap.check("replay of after-nat.pcap",
                 scenario.replay("after-nat.pcap", OUTSIDE).problems()):
        tap.check("after the NAT: every flow has one record",
                  scenario.flows("after-nat.pcap", OUTSIDE))
        tap.check("after the NAT: the same sessions", scenario.sessions("outside", OUTSIDE))
        tap.check("after the NAT: one alert", scenario.outside_alerts())
    if tap.check("replay of both", scenario.replay(
            "inside.pcap", BOTH, "-r", f"{FOLDER}/after-nat.pcap").problems()):
        tap.check("both: every flow inside has one record, and none outside",
                  scenario.flows("inside.pcap", BOTH))
        tap.check("both: each session once", scenario.sessions("inside", BOTH))
        tap.check("both: totals count once", scenario.totals(BOTH))
        tap.check("both: each row names both sides", scenario.both_tuples())
        tap.check("both: the alerts of the inside alone", scenario.both_alerts())
    tap.check("a restart goes on with open alerts", scenario.restarted())


def test(tap, binary):
    """All tests, with a server of their own."""
    with Server() as server:
        checks(tap, Scenario(binary, server))


if __name__ == "__main__":
    sys.exit(suite.main("scenario", test))
