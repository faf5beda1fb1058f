#!/usr/bin/env python3
"""Live workers, each with a handle of its own: sensors with one, two and four of them listen at once
to what is played, and each must say what is said of the file. Started by run.sh, as root, in a
network namespace of its own.

usage: workers.py --binary FILE
"""

import json
import re
import socket
import struct
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "redis"),
                str(HERE.parents[1] / "scripts")]

from capturekit import pcapfile  # noqa: E402
from kit import eve, suite  # noqa: E402
from kit.sensor import ROOT, replay  # noqa: E402
from kit.tap import differ  # noqa: E402
from live import (LISTENING, SENDING, Sensor, comparable, ip, make_interfaces,  # noqa: E402
                  verdicts)

WORKERS = (1, 2, 4)
CAPTURES = ("streams/out-of-order", "names/resolved", "tunnels/vlan", "tunnels/qinq",
            "tunnels/vxlan", "tunnels/geneve", "tunnels/vxlan-in-geneve", "tunnels/two-tenants",
            "tunnels/ipv6", "tunnels/ipv4-fragments", "tunnels/ipv6-fragments", "tunnels/gre",
            "tunnels/ipip", "tunnels/erspan2", "tunnels/mpls", "tunnels/pppoe")
PLAY_SECONDS = 0.5
SETTLE_SECONDS = 0.5  # until the kernel has handed over its last block
CLIENTS = 400
STARTING = 3000  # flows of one packet, while the sensor starts
SHARE = 60  # percent of the busier one of two workers, at most
SMALL = ("--flows", "4096", "--inspected-flows", "256", "--message-memory", "1M",
         "--held-memory", "1M", "--buffer-size", "8M")


def play(frames, seconds):
    """Sends frames, evenly."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind((SENDING, 0))
        begin = time.monotonic()
        for at, frame in enumerate(frames):
            time.sleep(max(0, begin + at * seconds / len(frames) - time.monotonic()))
            out.send(frame)


def listen(binary):
    """One sensor for each number of workers."""
    return {count: Sensor(binary, "--workers", str(count), *SMALL) for count in WORKERS}


def hear(binary, frames, seconds):
    """What each sensor said of the frames, and its log: {workers: (lines, log)}, problems."""
    sensors = listen(binary)
    try:
        problems = [f"{count} workers: {problem}" for count, sensor in sensors.items()
                    for problem in sensor.wait_ready()]
        if problems:
            return {}, problems
        play(frames, seconds)
        time.sleep(SETTLE_SECONDS)
        for count, sensor in sensors.items():
            problems += differ(f"{count} workers: exit code", sensor.stop()[0], 0)
        return {count: (sensor.lines(), sensor.error) for count, sensor in sensors.items()}, \
            problems
    finally:
        for sensor in sensors.values():
            sensor.close()


def sorted_text(values):
    """In an order that does not depend on which worker was first."""
    return sorted(json.dumps(value, sort_keys=True) for value in values)


def same_as_file(lines, offline):
    """Problems: flow records and the last word on each client are those of the file."""
    return (differ("flow records", sorted_text(comparable(lines)),
                   sorted_text(comparable(offline)))
            + differ("alerts", verdicts(lines), verdicts(offline))
            + eve.Checker().lines(lines) + ([] if lines else ["no event at all"]))


def test_captures(tap, binary):
    """Any number of workers says what is said of the file."""
    for name in CAPTURES:
        path = f"pcaps/{name}.pcap"
        frames = [packet.data for packet in pcapfile.read(ROOT / path).packets]
        offline = replay(binary, path, "--tap", LISTENING)
        heard, problems = hear(binary, frames, PLAY_SECONDS)
        problems += offline.problems()
        for count, (lines, _) in heard.items():
            problems += [f"{count} workers: {problem}"
                         for problem in same_as_file(lines, offline.lines)]
        tap.check(f"{name}: one, two and four workers", problems)


def udp(source, destination, payload, offset=0, more=False, tag=None):
    """Ethernet, IPv4 and what is inside; an id for each pair of hosts."""
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), source[3] | source[2] << 8,
                         offset // 8 | (0x2000 if more else 0), 64, 17, 0, source, destination)
    vlan = b"" if tag is None else struct.pack("!HH", 0x8100, tag)
    return bytes(12) + vlan + b"\x08\x00" + header + payload


def datagram(source_port, destination_port, size):
    """A UDP header without a checksum, and its payload."""
    return struct.pack("!HHHH", source_port, destination_port, 8 + size, 0) + bytes(size)


def talks():
    """Each client asks and is answered, once in one piece and once in two, on a VLAN or not."""
    server = bytes((192, 0, 2, 1))
    frames = []
    for number in range(CLIENTS):
        client = bytes((10, 9, number >> 8, number & 0xff))
        tag = 100 if number % 2 else None
        for whole, pair in ((datagram(5000, 7777, 64), (client, server)),
                            (datagram(7777, 5000, 64), (server, client))):
            frames.append(udp(*pair, whole, tag=tag))
            frames.append(udp(*pair, whole[:32], more=True, tag=tag))
            frames.append(udp(*pair, whole[32:], offset=32, tag=tag))
    return frames


def counters(log):
    """The counters that a sensor logs at its end."""
    return {name: int(value) for name, value in re.findall(r"(\w+) (\d+)(?=,|\n)", log)}


def test_shares(tap, binary):
    """Both directions and all fragments are one worker's, and the workers share the work."""
    frames = talks()
    heard, problems = hear(binary, frames, 2)
    tap.check("many hosts: they listen", problems)
    for count, (lines, log) in heard.items():
        flows = [json.loads(line)["flow"] for line in lines if '"event_type":"flow"' in line]
        packets = {(flow["pkts_toserver"], flow["pkts_toclient"]) for flow in flows}
        seen = counters(log)
        tap.check(f"many hosts: both directions and all fragments meet, {count} workers",
                  differ("flows", len(flows), CLIENTS) + differ("packets", packets, {(3, 3)})
                  + differ("joined", seen.get("fragments_joined"), 2 * CLIENTS)
                  + differ("received", seen.get("kernel_received"), len(frames))
                  + differ("dropped", seen.get("kernel_dropped"), None))
        most, least = seen.get("handled_most", 0), seen.get("handled_least", 0)
        problems = differ("handled", seen.get("handled"), 4 * CLIENTS)
        if most * count * 100 > 2 * SHARE * 4 * CLIENTS:
            problems.append(f"one of {count} workers handled {most}, another {least}")
        tap.check(f"many hosts: even shares, {count} workers", problems)


def test_start(tap, binary):
    """A handle hears everything until it is one of a group: none of that is told twice."""
    server = bytes((192, 0, 2, 1))
    frames = [udp(bytes((10, 10, number >> 8, number & 0xff)), server, datagram(5000, 7777, 64))
              for number in range(STARTING)]
    sensor = Sensor(binary, "--workers", "4", *SMALL)
    try:
        play(frames, 1.5)
        problems = sensor.wait_ready()
        time.sleep(SETTLE_SECONDS)
        problems += differ("exit code", sensor.stop()[0], 0)
        clients = [json.loads(line)["src_ip"] for line in sensor.lines()]
        seen = counters(sensor.error)
    finally:
        sensor.close()
    problems += differ("clients told twice", len(clients) - len(set(clients)), 0)
    problems += differ("handled", seen.get("handled"), len(clients))
    tap.check("traffic while the workers start is nobody's twice",
              problems + ([] if clients else ["nothing was heard"]))


def test(tap, binary):
    """All tests."""
    make_interfaces()
    ip("link", "set", SENDING, "mtu", "9000")
    ip("link", "set", LISTENING, "mtu", "9000")
    test_captures(tap, binary)
    test_shares(tap, binary)
    test_start(tap, binary)


if __name__ == "__main__":
    sys.exit(suite.main("live workers", test))
