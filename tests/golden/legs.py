"""The scenario inside and behind its NAT in one run: each connection is told once, with both tuples.

Events must be those of the inside capture alone, and name the outer side that truth.json knows; it
must not matter which side is seen first, nor how many workers there are. Where the outer capture's
clock is moved, packets of others come at other times: revisions that only add evidence then go out
at other times, so that of alerts the last word is compared.
"""

import json
import struct
from dataclasses import replace

from capturekit import MS, SECOND, dissect, pcapfile, tunnels
from capturekit.tcp import TcpConversation

from kit import peers, truth
from kit.sensor import CAPTURES, EVENTS, replay, run
from kit.tap import differ

FOLDER = CAPTURES / "coin-shadow"
RECORDED = CAPTURES / "nat" / "linux.pcap"
INSIDE, OUTSIDE = FOLDER / "inside.pcap", FOLDER / "after-nat.pcap"
CONFIG = ("-c", "tests/golden/config/coin-shadow.yaml")
# The end of a flow becomes known with a packet of anybody: that moves with what else is read.
NAT = "198.51.100.40"
OTHER_SERVER = ("203.0.113.80", 443)
REWRITTEN = 0x10000  # what the firewall adds to a client's sequence numbers
HANDSHAKES = 220  # more than the self-test needs
READING = ("pcap_filename", "timestamp")


def told(lines, kind):
    """Events of one kind without what reading two files changes, and without the outer tuple."""
    out = []
    for line in lines:
        event = json.loads(line)
        if event["event_type"] != kind:
            continue
        for key in READING[:1] if kind == "alert" else READING:
            event.pop(key, None)
        event["cloud"].pop("nat", None)
        if kind == "flow":
            event.get("mining", {}).pop("revision", None)
        out.append(json.dumps(event))
    return sorted(out)


def last_words(events):
    """The last revision of each alert: who, what and why."""
    return {name: (event["src_ip"], event["alert"]["signature_id"],
                   sorted(event["mining"]["evidence"]))
            for name, event in truth.final_alerts(events).items()}


def outer_sides():
    """What each inner (address, port) is behind the NAT, of all flows in both captures: sessions
    by the truth, downloads by the time at which they began."""
    facts = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))
    known = {tuple(each["inside"][:2]): tuple(each["outside"][:2]) for each in facts["sessions"]}
    flows = facts["captures"]
    inner = {(each["dest_ip"], each["start_us"]): (each["src_ip"], each["src_port"])
             for each in flows["inside.pcap"]["flows"] if each["proto"] == "tcp"}
    for each in flows["after-nat.pcap"]["flows"]:
        for late in range(1000):  # microseconds on the way through the NAT, and between packets
            key = inner.get((each["dest_ip"], each["start_us"] - late))
            if key is not None:
                known.setdefault(key, (each["src_ip"], each["src_port"]))
                break
    return known


def tuples(events, known):
    """Problems with `cloud.nat`: what has an outer side names it, what has none does not."""
    problems = [] if len(known) > 40 else [f"only {len(known)} connections cross the NAT"]
    for event in events:
        key = (event["src_ip"], event.get("src_port"))
        nat = event["cloud"].get("nat")
        found = None if nat is None else (nat["src_ip"], nat["src_port"])
        problems += differ(f"{event['event_type']} {key}: nat", found, known.get(key))
        if nat is not None and nat["community_id"] == event["community_id"]:
            problems.append(f"{key}: both sides have one Community ID")
    return problems


def rewrite(packet):
    """A packet as a firewall passes it on that adds to its clients' sequence numbers."""
    inner = dissect.locate(packet.data)
    view = dissect.tcp_view(packet.data, inner)
    if view is None:
        return packet
    data = bytearray(packet.data)
    at = view.at + (4 if inner.src[0] == NAT else 8)
    number = struct.unpack_from("!I", data, at)[0]
    if at == view.at + 4 or view.flags & dissect.ACK:
        struct.pack_into("!I", data, at, (number + REWRITTEN) & 0xFFFFFFFF)
    return replace(packet, data=bytes(data))


class Legs:
    """The tests; each gives pairs of a name and its problems."""

    def __init__(self, binary, checker, work):
        self.binary = binary
        self.checker = checker
        self.work = work

    def together(self, outside, *options):
        """Events of both captures in one run."""
        return run(self.binary, "-r", INSIDE, outside, *EVENTS, *CONFIG, *options)

    def shifted(self, name, offset):
        """The outer capture with its clock wrong by so much."""
        whole = pcapfile.read(OUTSIDE)
        path = self.work / f"{name}.pcap"
        pcapfile.write(path, replace(whole, packets=tuple(
            replace(each, time=each.time + offset) for each in whole.packets)))
        return path

    def calls(self):
        """What is to be done."""
        cases = [("after the NAT", OUTSIDE, ())]
        cases += [(f"after the NAT with {count} workers", OUTSIDE, ("--workers", count))
                  for count in (2, 4)]
        cases += [
            ("after the NAT, which is configured", OUTSIDE, ("--nat-addresses", "198.51.100.40")),
            ("after the NAT, seen first", self.shifted("early", -20 * MS), ()),
            ("after the NAT, seen first by 4 workers", self.shifted("early-4", -20 * MS),
             ("--workers", 4)),
            ("after the NAT, seen late", self.shifted("late", 150 * MS), ()),
        ]
        return [lambda case=case: [(f"inside and {case[0]}", self.compare(*case[1:]))]
                for case in cases] + [self.opaque, self.recorded]

    def firewall(self):
        """Paths of the outer capture with its clients' sequence numbers rewritten, and of many
        connections before it on both sides."""
        whole = pcapfile.read(OUTSIDE)
        rewritten = self.work / "rewritten.pcap"
        pcapfile.write(rewritten, replace(whole, packets=tuple(map(rewrite, whole.packets))))
        before, packets = pcapfile.read(INSIDE).packets[0].time - 60 * SECOND, []
        for at in range(HANDSHAKES):
            for client, delta in (("10.0.1.23", 0), (NAT, REWRITTEN)):
                talk = TcpConversation(isn=(1000 + at + delta, 5000))
                talk.close(talk.open(before + at * 20 * MS))
                packets += [pcapfile.Packet(each.time, tunnels.framed(each.data, client, client))
                            for each in talk.packets((client, 20000 + at), OTHER_SERVER)]
        handshakes = self.work / "handshakes.pcap"
        pcapfile.write(handshakes, pcapfile.Capture(tuple(pcapfile.in_order(packets))))
        return rewritten, handshakes

    def opaque(self):
        """Results behind a firewall that rewrites sequence numbers: sessions are one still, for
        what miners say is the same; the downloads are two connections each."""
        alone = replay(self.binary, INSIDE, *CONFIG, tables=())
        paths = self.firewall()
        results = []
        for workers in (1, 4):
            both = run(self.binary, "-r", INSIDE, *paths, *EVENTS, *CONFIG, "--workers", workers)
            problems = alone.problems() + both.problems()
            if "nat_isn_opaque" not in both.err:
                problems.append(f"nothing is said about it: {both.err!r}")
            mining = [event for event in both.events if "mining" in event]
            sides = outer_sides()
            problems += differ("alerts", last_words(mining), last_words(alone.events))
            rows = truth.flows_with_mining(both.events)
            problems += differ("sessions", len(rows), len(truth.flows_with_mining(alone.events)))
            for event in rows:
                key = (event["src_ip"], event["src_port"])
                nat = event["cloud"].get("nat", {})
                problems += differ(key, (nat.get("src_ip"), nat.get("src_port")), sides.get(key))
            outer = [event for event in both.events if event["src_ip"] == NAT
                     and event["dest_ip"] != OTHER_SERVER[0]]
            problems += differ("downloads outside", len(outer), len(sides) - len(rows))
            results.append((f"behind a firewall that rewrites numbers, {workers} workers",
                            problems + self.checker.lines(both.lines)))
        return results

    def recorded(self):
        """Results of the recording of a real NAT, against what both ends said."""
        said = json.loads(RECORDED.with_suffix(".peers.json").read_text(encoding="utf-8"))
        return [(f"a real NAT: {name}", problems) for name, problems in
                peers.replays(self.binary, self.checker, RECORDED, said["done"], said["seen"])]

    def compare(self, outside, options):
        """Problems: more, fewer or other events than those of the inside alone."""
        alone = replay(self.binary, INSIDE, *CONFIG, tables=())
        both = self.together(outside, *options)
        problems = alone.problems() + both.problems()
        if problems:
            return problems
        for kind in ("flow", "alert"):
            expected, found = told(alone.lines, kind), told(both.lines, kind)
            if kind == "alert" and outside != OUTSIDE:
                continue
            problems += [f"not expected: {line}" for line in found if line not in set(expected)]
            problems += [f"missing: {line}" for line in expected if line not in set(found)]
            problems += differ(f"{kind} events", len(found), len(expected))
        problems += differ("alerts", last_words(both.events), last_words(alone.events))
        problems += truth.revisions(both.events)
        # The first word on a connection whose outer side is late was said before it came.
        events = [event for event in both.events if outside == OUTSIDE or "nat" in event["cloud"]
                  or event["event_type"] == "flow"]
        problems += tuples(events, outer_sides())
        problems += tuples(truth.final_alerts(both.events).values(), outer_sides())
        return problems + self.checker.lines(both.lines)


def calls(binary, options, work):
    """The tests as calls."""
    folder = work / "legs"
    folder.mkdir()
    return Legs(binary, options.checker, folder).calls()
