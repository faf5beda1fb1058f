#!/usr/bin/env python3
"""Elephants that stay in the kernel: counted to the last packet, ended by their FIN, and nobody else
touched. Started by run.sh, as root, in a network namespace of its own.

usage: shunt.py --binary FILE
"""

import json
import struct
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "redis"),
                str(HERE.parents[1] / "scripts")]

from capturekit import pcapfile  # noqa: E402
from kit import eve, suite  # noqa: E402
from kit.sensor import ROOT, replay  # noqa: E402
from kit.tap import differ  # noqa: E402
from live import (LISTENING, Sensor, comparable, make_interfaces, said,  # noqa: E402
                  verdicts)
from workers import SETTLE_SECONDS, counters, datagram, play, udp  # noqa: E402

MINER = "streams/plain"
CLIENT, SERVER = bytes((10, 8, 0, 1)), bytes((192, 0, 2, 8))
FIN, SYN, PSH, ACK = 1, 2, 8, 16
DATA = 3000  # segments of an elephant
SEGMENT = 1000
LIMIT = "100K"


def tcp(is_reply, flags, sequence, payload=b"", tag=None):
    """One segment of the elephant."""
    source, destination = (SERVER, CLIENT) if is_reply else (CLIENT, SERVER)
    ports = (443, 40000) if is_reply else (40000, 443)
    header = struct.pack("!HHIIBBHHH", *ports, sequence, 1, 0x50, flags, 8192, 0, 0)
    frame = bytearray(udp(source, destination, header + payload, tag=tag))
    frame[(14 if tag is None else 18) + 9] = 6
    return bytes(frame)


def elephant(tag=None):
    """A download, from SYN to FIN: frames."""
    frames = [tcp(False, SYN, 0, tag=tag), tcp(True, SYN | ACK, 0, tag=tag),
              tcp(False, ACK, 1, tag=tag)]
    for number in range(DATA):
        frames.append(tcp(True, PSH | ACK, 1 + number * SEGMENT, b"\xaa" * SEGMENT, tag=tag))
        if number % 2:
            frames.append(tcp(False, ACK, 1, tag=tag))
    return frames + [tcp(True, FIN | ACK, 1 + DATA * SEGMENT, tag=tag),
                     tcp(False, FIN | ACK, 1, tag=tag), tcp(True, ACK, 2, tag=tag)]


def talk_of_udp():
    """What a filter for TCP must not let through."""
    return [udp(CLIENT, SERVER, datagram(5000, 7777, 64)) for _ in range(10)]


def hear(sensor, frames, seconds):
    """Plays to a sensor and ends it: lines, log, problems."""
    try:
        problems = sensor.wait_ready()
        if not problems:
            play(frames, seconds)
            time.sleep(SETTLE_SECONDS)
        problems += differ("exit code", sensor.stop()[0], 0)
        return sensor.lines(), sensor.error, problems
    finally:
        sensor.close()


def flow_of(lines, address):
    """The flow record of the client: {} when there is not exactly one."""
    events = [json.loads(line) for line in lines]
    found = [event for event in events
             if event["event_type"] == "flow" and event["src_ip"] == address]
    return found[0] if len(found) == 1 else {}


def whole(flow):
    """Problems unless a record has all packets and bytes of the elephant, and its end."""
    expected = {"pkts_toserver": 3 + DATA // 2, "pkts_toclient": 3 + DATA,
                "bytes_toserver": 40 * (3 + DATA // 2),
                "bytes_toclient": 40 * (3 + DATA) + DATA * SEGMENT, "state": "closed"}
    found = {key: flow.get("flow", {}).get(key) for key in expected}
    return differ("flow", found, expected)


def test_elephant(tap, binary, workers):
    """An elephant and a miner: one stays in the kernel, the other is heard to its end."""
    miner = [packet.data for packet in pcapfile.read(ROOT / f"pcaps/{MINER}.pcap").packets]
    sensor = Sensor(binary, "--shunt-bytes", LIMIT, "--workers", str(workers))
    lines, log, problems = hear(sensor, elephant() + miner, 3)
    flow = flow_of(lines, "10.8.0.1")
    seen = counters(log)
    tap.check(f"an elephant is counted whole and ends, {workers} workers",
              problems + whole(flow) + eve.Checker().lines(lines)
              + differ("bypass", flow.get("flow", {}).get("bypass"), "capture"))
    stayed = seen.get("shunted_packets", 0)
    least = DATA * 3 // 2 * 8 // 10
    tap.check(f"most of it stays in the kernel, {workers} workers",
              ([] if stayed >= least else [f"{stayed} packets stayed, expected {least}"])
              + differ("received", seen.get("kernel_received"),
                       len(elephant()) + len(miner) - stayed))
    offline = replay(binary, f"pcaps/{MINER}.pcap", "--tap", LISTENING)
    others = [line for line in lines if '"src_ip":"10.8.0.1"' not in line]
    tap.check(f"a miner is heard to its end, {workers} workers",
              differ("flow records", comparable(others), comparable(offline.lines))
              + differ("alerts", verdicts(others), verdicts(offline.lines)))


def test_filter(tap, binary):
    """The user's filter holds, though the kernel runs ours."""
    for words, tag, is_seen in (("tcp port 443", None, True), ("tcp port 444", None, False),
                                ("vlan 7 and tcp", 7, True), ("vlan 8", 7, False)):
        sensor = Sensor(binary, "--shunt-bytes", LIMIT, *words.split())
        lines, log, problems = hear(sensor, talk_of_udp() + elephant(tag), 1)
        found = {json.loads(line)["proto"] for line in lines}
        problems += differ("protocols", found, {"TCP"} if is_seen else set())
        if is_seen:
            problems += whole(flow_of(lines, "10.8.0.1"))
        stays = is_seen and tag is None
        problems += differ("shunted", "shunted_packets" in counters(log), stays)
        if stays:
            problems += differ("bypass", flow_of(lines, "10.8.0.1")["flow"].get("bypass"),
                               "capture")
        tap.check(f"the filter holds: {words}", problems)


def test_forbidden(tap, binary):
    """Where the kernel forbids it the sensor says so and reads everything."""
    drop = ["setpriv", "--bounding-set", "-bpf,-sys_admin", "--inh-caps", "-bpf,-sys_admin"]
    allowed = Path("/proc/sys/kernel/unprivileged_bpf_disabled").read_text(encoding="ascii")
    if allowed.strip() == "0":
        print("# the kernel lets anybody load filters: not tested")
        return
    with tempfile.TemporaryDirectory() as folder:
        wrapper = Path(folder) / "without-bpf"
        wrapper.write_text(f"#!/bin/sh\nexec {' '.join(drop)} {binary} \"$@\"\n",
                           encoding="utf-8")
        wrapper.chmod(0o755)
        sensor = Sensor(wrapper, "--shunt-bytes", LIMIT)
        problems = sensor.wait_ready() + said(sensor, "all packets are read")
        lines, log, more = hear(sensor, elephant(), 1)
    flow = flow_of(lines, "10.8.0.1")
    tap.check("a kernel that forbids it: said, and everything is read",
              problems + more + whole(flow)
              + differ("bypass", flow.get("flow", {}).get("bypass"), None)
              + differ("received", counters(log).get("kernel_received"), len(elephant())))


def test(tap, binary):
    """All tests."""
    make_interfaces()
    test_elephant(tap, binary, 1)
    test_elephant(tap, binary, 2)
    test_filter(tap, binary)
    test_forbidden(tap, binary)


if __name__ == "__main__":
    sys.exit(suite.main("live shunt", test))
