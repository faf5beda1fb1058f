#!/usr/bin/env python3
"""Writes the coin-shadow scenario from scripts/coin_shadow.plan.

python3 scripts/coin_shadow.py [--seed N] [--out DIR] writes into DIR (pcaps/coin-shadow):
  inside.pcap      AWS traffic mirroring of the VPC: miners among everyday traffic
  after-nat.pcap   the same miners' connections behind the NAT gateway
  truth.json       what a sensor must find: sessions, miners, every flow of both captures
The same seed gives the same bytes.
"""

import argparse
import json
import sys
from configparser import ConfigParser
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from random import Random

from capturekit import MS, SECOND, US, dissect, pcapfile, tunnels
from captures import benign, tls
from captures.cryptonote_miner import Chain, Miner, XmrigSession
from captures.session import connect

HERE = Path(__file__).resolve().parent
PLAN = HERE / "coin_shadow.plan"
OUT = HERE.parent / "pcaps" / "coin-shadow"
BENIGN = {"dns": benign.dns, "http": benign.http, "tls": tls.web, "eth_rpc": benign.eth_rpc,
          "queue": benign.queue, "postgres": benign.postgres, "mysql": benign.mysql,
          "ntp": benign.ntp, "ping": benign.ping, "ssh": benign.ssh}
ONE_FLOW = ("ping", "ssh")
NAT_DELAY = 300 * US


def end_point(text):
    """ADDRESS:PORT as a pair."""
    host, _, port = text.rpartition(":")
    return host, int(port)


def framed(packet):
    """An IPv4 packet in an Ethernet frame between the hosts it names."""
    src, dst = (".".join(map(str, packet[at:at + 4])) for at in (12, 16))
    return tunnels.framed(packet, src, dst)


@dataclass(frozen=True)
class Host:
    """One miner's line in the plan."""

    worker: str
    address: str
    instance: str
    interface: str
    launch: int
    hashrate: float
    traits: tuple

    def trait(self, prefix):
        """The trait that begins so, or an empty string."""
        return next((each for each in self.traits if each.startswith(prefix)), "")


class Plan:
    """The plan file with its times as numbers."""

    def __init__(self, path, seed=None):
        self._file = ConfigParser(interpolation=None, delimiters=("=",))
        self._file.optionxform = str
        self._file.read_string(Path(path).read_text(encoding="utf-8"))
        self.scenario = self._file["scenario"]
        self.pool = self._file["pool"]
        self.fetch = self._file["fetch"]
        self.seed = self.scenario.getint("seed") if seed is None else seed
        self.start = self.time(self.scenario["start"])
        self.end = self.time(self.scenario["end"])
        self.vni = self.scenario.getint("vni")

    def time(self, text):
        """HH:MM:SS on the day of the plan."""
        moment = datetime.fromisoformat(f"{self.scenario['day']}T{text}")
        return int(moment.replace(tzinfo=timezone.utc).timestamp()) * SECOND

    def rng(self, name):
        """A random source of its own for each thing, so that no change moves the others."""
        return Random(f"{self.seed}:{name}")

    def hosts(self):
        """The miners."""
        for worker, text in self._file["miners"].items():
            address, instance, interface, launch, rate, *traits = text.split()
            yield Host(worker, address, instance, interface, self.time(launch), float(rate),
                       tuple(traits))

    def talk(self, section):
        """Lines of `benign` or `exfiltration`: (name, kind, client, server, first, last, every,
        host name)."""
        for name, text in self._file[section].items():
            kind, client, server, first, last, every, host = text.split()
            yield (name, kind, client, end_point(server), self.time(first), self.time(last),
                   int(every) * SECOND, host)


class Ports:
    """Source ports that are given out once per address."""

    def __init__(self, rng):
        self._rng = rng
        self._used = set()

    def take(self, host, low=32768):
        """A fresh (address, port)."""
        while True:
            end = (host, self._rng.randrange(low, 61000))
            if end not in self._used:
                self._used.add(end)
                return end


class Scenario:
    """Collects the packets of both captures and the truth about the sessions."""

    def __init__(self, plan):
        self.plan = plan
        self.inside, self.outside, self.sessions = [], [], []
        self._ports = Ports(plan.rng("ports"))
        self._chain = Chain(plan.rng("chain"), plan.start, plan.end)

    def add_inside(self, packets, interface):
        """Mirrors IP packets from the interface with the primary address `interface`."""
        target = self.plan.scenario["mirror_target"]
        for each in packets:
            wrapped = tunnels.mirrored(each.data, framed(each.data), self.plan.vni, interface,
                                       target)
            self.inside.append(pcapfile.Packet(each.time, wrapped))

    def add_through_nat(self, conversation, host, server):
        """Renders a conversation on both sides of the NAT; returns both client ends."""
        inner = self._ports.take(host.address)
        outer = self._ports.take(self.plan.scenario["nat"], 1024)
        self.add_inside(conversation.packets(inner, server), host.address)
        outside = conversation.packets(outer, server, ttl=(63, 53),
                                       shift=(NAT_DELAY, -NAT_DELAY))
        self.outside += [pcapfile.Packet(each.time, framed(each.data)) for each in outside]
        return inner, outer

    def add_host(self, host):
        """One instance: download, then one mining session or two."""
        plan, rng = self.plan, self.plan.rng(host.worker)
        boot = rng.uniform(*map(float, plan.fetch["boot"].split()))
        at = host.launch + int(boot * 1000) * MS
        rtt = int(rng.uniform(55, 95) * 1000) * US
        download = tls.fetch(rng, at, size=plan.fetch.getint("bytes"), rtt=rtt)
        self.add_through_nat(download, host, end_point(plan.fetch["server"]))
        unpack = rng.uniform(*map(float, plan.fetch["unpack"].split()))
        at = max(each.time for each in download.segments) + int(unpack * 1000) * MS
        stop = host.trait("stop-")
        end = plan.time(stop[5:]) if stop else plan.end
        if host.trait("reconnect"):
            middle = at + (end - at) // 2 // MS * MS
            self.add_session(rng, host, at, middle, rtt, host.trait("reconnect")[10:])
            at = middle + plan.pool.getint("reconnect_pause") * SECOND
        self.add_session(rng, host, at, end, rtt, "fin" if stop else "")

    def add_session(self, rng, host, start, end, rtt, ending):
        """One connection to the pool from `start`; `ending` is fin, rst or empty (goes on)."""
        conversation, ready = connect(rng, at=start, rtt=rtt,
                                      timestamps="timestamps" in host.traits)
        miner = self.miner(host, rtt)
        session = XmrigSession(rng, self._chain, miner, ready, end).session
        session.play(conversation, 25 * SECOND if "probes" in host.traits else 0)
        conversation.settle(end)
        if ending == "rst":
            conversation.reset(end)
        elif ending == "fin":
            conversation.close(end)
        server = end_point(self.plan.pool["server"])
        inner, outer = self.add_through_nat(conversation, host, server)
        self.sessions.append((host, session, inner, outer))

    def miner(self, host, rtt):
        """How this host mines."""
        pool = self.plan.pool
        return Miner(
            login=pool["wallet"], agent=pool["agent"], rigid=host.worker, hashrate=host.hashrate,
            share_interval=pool.getfloat("share_interval"), rtt=rtt,
            reject_rate=pool.getfloat("reject_rate"), stale_rate=pool.getfloat("stale_rate"),
            keepalive="probes" not in host.traits,
            vardiff=((180, 0.5), (600, 2)) if "vardiff" in host.traits else (),
            retransmit_every=5 if "retransmit" in host.traits else 0,
            reorder_every=4 if "reorder" in host.traits else 0,
            identity={"dialect": "cryptonote", "worker": host.worker, "wallet": pool["wallet"],
                      "wallet_valid": False, "agent": pool["agent"], "algo": pool["algo"],
                      "pool": pool["server"]})

    def add_talk(self, name, kind, client, server, first, last, every, host_name):
        """One line of everyday traffic, or of what is sent out like it."""
        rng = self.plan.rng(name)
        interface = client if client.startswith("10.0.") else server[0]
        if kind in ONE_FLOW:
            packets = BENIGN[kind](rng, self._ports.take(client), server, first, last, every)
            self.add_inside(packets, interface)
            return
        for number in range((last - first + every - 1) // every):
            at = first + number * every + int(rng.uniform(0, 3000)) * MS
            packets = BENIGN[kind](rng, self._ports.take(client), server, at, host_name)
            self.add_inside(packets, interface)


def session_truth(plan, entry, flow):
    """What must be said about one session; `flow` is its flow inside."""
    host, session, inner, outer = entry
    server = end_point(plan.pool["server"])
    truth = {
        "inside": [*inner, *server], "outside": [*outer, *server], "vni": plan.vni,
        "instance_id": host.instance, "eni_id": host.interface,
        "first_packet_us": flow["start_us"]}
    truth.update(session.truth(flow["end_us"] * US))
    return truth


def miner_totals(hosts, sessions):
    """Sums over the sessions of each host."""
    totals = []
    for host in hosts:
        mine = [each for each in sessions if each["inside"][0] == host.address]
        window = sum(each["window_s"] for each in mine)
        work = sum(each["work"] for each in mine)
        shares = {key: sum(each["shares"][key] for each in mine) for key in mine[0]["shares"]}
        totals.append({
            "ip": host.address, "instance_id": host.instance, "eni_id": host.interface,
            "worker": host.worker, "wallet": mine[0]["wallet"], "agent": mine[0]["agent"],
            "algo": mine[0]["algo"], "pool": mine[0]["pool"], "sessions": len(mine),
            "shares": shares, "work": work, "window_s": round(window, 6),
            "hashrate": round(work / window, 3), "nominal_hashrate": host.hashrate})
    return totals


def truth_of(scenario, flows):
    """The truth about the whole scenario; `flows` are those of each capture by its name."""
    plan, settings = scenario.plan, scenario.plan.scenario
    by_client = {(flow["src_ip"], flow["src_port"]): flow for flow in flows["inside.pcap"]}
    sessions = [session_truth(plan, entry, by_client[entry[2]]) for entry in scenario.sessions]
    hosts = list(plan.hosts())
    miners = {host.address for host in hosts}
    benign_hosts = {flow[side] for flow in flows["inside.pcap"] for side in ("src_ip", "dest_ip")}
    attack = {end_point(plan.pool["server"])[0], end_point(plan.fetch["server"])[0]}
    leaks = [{"ip": entry[2], "name": entry[-1], "key": entry[-1].partition(".")[0]}
             for entry in plan.talk("exfiltration")]
    attack |= {leak["ip"] for leak in leaks}
    cloud = {"provider": "aws", "account_id": settings["account"], "region": settings["region"],
             "vpc_id": settings["vpc"], "subnet_id": settings["subnet"],
             "instance_type": settings["instance_type"]}
    return {
        "seed": plan.seed, "vni": plan.vni, "nat": settings["nat"],
        "pool": plan.pool["server"], "wallet": plan.pool["wallet"], "cloud": cloud,
        "staging": plan.fetch["server"], "leaks": leaks,
        "sessions": sessions, "miners": miner_totals(hosts, sessions),
        "benign_hosts": sorted(benign_hosts - miners - attack),
        "captures": {name: {"packets": sum(each["packets_to_server"] + each["packets_to_client"]
                                           for each in flows[name]), "flows": flows[name]}
                     for name in flows}}


def generate(plan):
    """The scenario's files: {name: bytes}."""
    scenario = Scenario(plan)
    for host in plan.hosts():
        scenario.add_host(host)
    for section in ("benign", "exfiltration"):
        for entry in plan.talk(section):
            scenario.add_talk(*entry)
    files, flows = {}, {}
    for name, packets in (("inside.pcap", scenario.inside), ("after-nat.pcap", scenario.outside)):
        capture = pcapfile.Capture(tuple(pcapfile.in_order(packets)))
        files[name] = pcapfile.to_bytes(capture)
        flows[name] = dissect.flows(capture.packets)
    truth = truth_of(scenario, flows)
    files["truth.json"] = (json.dumps(truth, indent=1) + "\n").encode()
    return files


def main():
    """Writes the files; returns the exit code."""
    parser = argparse.ArgumentParser(description="Writes the coin-shadow scenario.")
    parser.add_argument("--seed", type=int, help="another seed than the plan's")
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write into")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, data in generate(Plan(PLAN, options.seed)).items():
        (options.out / name).write_bytes(data)
        print(f"{options.out / name}: {len(data)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
