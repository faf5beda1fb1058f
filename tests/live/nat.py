#!/usr/bin/env python3
"""Connections through a real Linux NAT, captured on both sides of it and replayed as one capture.

usage: nat.py --binary FILE [--record FOLDER]      as root, in a network namespace of its own

	clients 10.77.0.N -- in0 [this namespace: NAT] out0 -- 198.51.100.120 pools
	                                          198.51.100.40

  3333   many miners at once, all from the same source port, which the NAT must change
  3334   miners whose first SYNs are lost and come again; then the same source ports again
  3335   miners behind a relay that ends TCP and begins it anew: two connections each, no pair
  8080   other traffic

What the server says about its peers is the truth about the outer sides. --record writes the
capture and what both ends said, as pcaps/nat holds them.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE), str(HERE.parents[1] / "scripts")]

import nat_peers  # noqa: E402
from capturekit import pcapfile  # noqa: E402
from kit import eve, peers  # noqa: E402
from kit.tap import Tap, differ  # noqa: E402

INSIDE, OUTSIDE = "in0", "out0"
NAT, POOL = peers.NAT, nat_peers.POOL
PLAIN, LOSSY, SPLIT, OTHER = 3333, 3334, peers.SPLIT, peers.OTHER
MINERS = 20
FETCHES = 30
SOURCE = 40000
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
RULES = """
table ip nat {
 chain pre {
  type nat hook prerouting priority -100; policy accept;
  iifname "in0" tcp dport 3335 redirect to :3335
 }
 chain post {
  type nat hook postrouting priority 100; policy accept;
  oifname "out0" ip saddr 10.77.0.0/24 masquerade
 }
}
"""
LOSS = """
table ip loss {
 chain input {
  type filter hook input priority 0; policy accept;
  tcp dport 3334 drop
 }
}
"""


class Skip(Exception):
    """This machine cannot do it; says why."""


def command(*words, text=None, **how):
    """Runs a command; its error text when it fails, else an empty string."""
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False, **how)
    return "" if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"


def must(*words, text=None):
    """A command that must not fail."""
    error = command(*words, text=text)
    if error:
        raise RuntimeError(f"{' '.join(words)}: {error}")


class Peer:
    """A process in a network namespace of its own, which obeys over its standard input."""

    def __init__(self, role):
        self.process = subprocess.Popen(
            ["unshare", "--net", sys.executable, str(HERE / "nat_peers.py"), role],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = str(self.process.pid)
        own = os.readlink("/proc/self/ns/net")
        deadline = time.monotonic() + 10
        while os.readlink(f"/proc/{self.pid}/ns/net") == own:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{role}: no namespace")
            time.sleep(0.01)

    def enter(self, *words, text=None):
        """Runs a command in its namespace."""
        must("nsenter", "--net", "--target", self.pid, *words, text=text)

    def order(self, what):
        """One order and its answer."""
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        """Ends it."""
        self.process.stdin.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


class Recorder(threading.Thread):
    """Packets of one interface, with the kernel's times."""

    def __init__(self, interface):
        super().__init__(daemon=True)
        self.packets = []
        self.ends = False
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
        self.socket.bind((interface, 0))
        self.socket.settimeout(0.2)

    def run(self):
        while not self.ends:
            try:
                data, control, _, _ = self.socket.recvmsg(65536, 256)
            except TimeoutError:
                continue
            stamp = next((value for level, kind, value in control
                          if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS)), None)
            if stamp is not None and data[12:14] == b"\x08\x00":
                seconds, rest = struct.unpack("ll", stamp)
                self.packets.append(pcapfile.Packet(seconds * 10**9 + rest, data))

    def finish(self):
        """What was seen."""
        self.ends = True
        self.join()
        self.socket.close()
        return self.packets


def relay():
    """Ends TCP of whoever is redirected here, and begins it anew to the pool."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("", SPLIT))
    listener.listen(64)

    def pump(source, target):
        while True:
            data = source.recv(65536)
            if not data:
                break
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)

    def one(inner):
        with inner, socket.create_connection((POOL, SPLIT)) as outer:
            back = threading.Thread(target=pump, args=(outer, inner), daemon=True)
            back.start()
            pump(inner, outer)
            back.join()

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=one, args=(connection,), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()


class Network:
    """This namespace as the NAT, and one on each side of it."""

    def __init__(self):
        self.server, self.clients = Peer("server"), Peer("clients")
        try:
            self.link(INSIDE, "10.77.0.1/24", self.clients,
                      [f"10.77.0.{host}/24" for host in range(2, MINERS + 2)])
            self.link(OUTSIDE, f"{NAT}/24", self.server, [f"{POOL}/24"])
            self.clients.enter("ip", "route", "add", "default", "via", "10.77.0.1")
            must("ip", "link", "set", "lo", "up")
            Path("/proc/sys/net/ipv4/ip_forward").write_text("1", encoding="ascii")
            error = command("nft", "-f", "-", text=RULES)
            if error:
                raise Skip(f"no NAT in this kernel: {error.splitlines()[0]}")
        except BaseException:
            self.close()
            raise

    @staticmethod
    def link(name, address, peer, addresses):
        """A pair of interfaces to a peer. Fixed hardware addresses, so that recordings agree."""
        last = "01" if name == INSIDE else "02"
        must("ip", "link", "add", name, "address", f"02:00:00:00:00:{last}", "type", "veth",
             "peer", "name", "eth0", "address", f"02:00:00:00:01:{last}", "netns", peer.pid)
        must("ip", "address", "add", address, "dev", name)
        must("ip", "link", "set", name, "up")
        for each in addresses:
            peer.enter("ip", "address", "add", each, "dev", "eth0")
        peer.enter("ip", "link", "set", "eth0", "up")
        peer.enter("ip", "link", "set", "lo", "up")

    def lose(self, on):
        """Drops what comes to the lossy pool, or no more. The NAT has passed it on by then."""
        if on:
            self.server.enter("nft", "-f", "-", text=LOSS)
        else:
            self.server.enter("nft", "delete", "table", "ip", "loss")

    def close(self):
        """Leaves nothing behind."""
        self.clients.close()
        self.server.close()


def orders(act, port, names, source=0, ends="close"):
    """One order for each name; hosts take turns."""
    return [{"act": act, "host": f"10.77.0.{2 + at % MINERS}", "port": port, "name": name,
             "source": source, "ends": ends} for at, name in enumerate(names)]


def play(network):
    """All the traffic: who did what (name -> order), and what went wrong."""
    done, errors = {}, []

    def go(which):
        done.update((each["name"], each) for each in which)
        errors.extend(network.clients.order(which))
    go(orders("fetch", OTHER, [f"/early-{at}" for at in range(3)]))
    go(orders("mine", PLAIN, [f"plain-{at}" for at in range(MINERS)], SOURCE))
    network.lose(True)
    timer = threading.Timer(0.4, network.lose, (False,))
    timer.start()
    go(orders("mine", LOSSY, [f"lossy-{at}" for at in range(4)], SOURCE + 1, "reset"))
    timer.join()
    go(orders("mine", LOSSY, [f"again-{at}" for at in range(4)], SOURCE + 1, "reset"))
    go(orders("mine", SPLIT, [f"split-{at}" for at in range(3)], SOURCE + 2))
    go(orders("fetch", OTHER, [f"/late-{at}" for at in range(FETCHES)]))
    time.sleep(0.3)
    return done, errors


def record(work):
    """Plays everything once: (capture, what was done, what the server saw, problems)."""
    network = Network()
    try:
        network.server.order({"pools": [PLAIN, LOSSY, SPLIT], "others": [OTHER]})
        relay()
        recorders = [Recorder(name) for name in (INSIDE, OUTSIDE)]
        for each in recorders:
            each.start()
        done, problems = play(network)
        seen = {name: (host, port) for name, host, port, _ in network.server.order({})}
        packets = sorted((packet for each in recorders for packet in each.finish()),
                         key=lambda packet: packet.time)
    finally:
        network.close()
    problems += differ("peers", sorted(seen), sorted(done))
    path = work / "linux.pcap"
    pcapfile.write(path, pcapfile.Capture(tuple(packets), nanoseconds=True))
    return path, done, seen, problems


def syns(path):
    """First words of connections: (source address, port, destination port) -> ISNs, repeats."""
    found = {}
    for packet in pcapfile.read(path).packets:
        tcp = packet.data[14 + (packet.data[14] & 15) * 4:]
        if packet.data[23] != 6 or tcp[13] & 0x12 != 2:
            continue
        source, target, number = struct.unpack_from(">HHI", tcp)
        key = (socket.inet_ntoa(packet.data[26:30]), source, target)
        found.setdefault(key, []).append(number)
    return found


def has_what_it_should(path, done, seen):
    """Problems: the capture does show what this test is about."""
    found = syns(path)
    problems = []
    again = [name for name in done if name.startswith("lossy")]
    for name in again:
        numbers = found.get((done[name]["host"], SOURCE + 1, LOSSY), [])
        if len(numbers) < 3 or len(set(numbers)) != 2:
            problems.append(f"{name}: SYNs {numbers}, expected one again, and another connection")
    plain = [seen[name] for name in done if name.startswith("plain")]
    if len({port for _, port in plain}) != MINERS or {host for host, _ in plain} != {NAT}:
        problems.append(f"the NAT did not change the ports: {plain}")
    return problems


def judge(tap, binary, checker, path, done, seen):
    """Replays the capture and compares."""
    for name, problems in peers.replays(binary, checker, path, done, seen):
        tap.check(f"nat: {name}", problems)


def main():
    """Runs everything; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    binary = options.binary.resolve()
    tap = Tap("live")
    try:
        with tempfile.TemporaryDirectory(prefix="minecanary-nat-") as work:
            path, done, seen, problems = record(Path(work))
            if tap.check("nat: traffic through the NAT", problems):
                tap.check("nat: lost SYNs came again, ports were changed",
                          has_what_it_should(path, done, seen))
                judge(tap, binary, eve.Checker(), path, done, seen)
            if options.record is not None:
                shutil.copy(path, options.record / path.name)
                (options.record / "linux.peers.json").write_text(
                    json.dumps({"done": done, "seen": seen}, indent=1) + "\n", encoding="utf-8")
    except Skip as why:
        print(f"# live: nat is not tested here: {why}")
        return 0
    except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
        tap.check("nat: to its end", [f"{type(error).__name__}: {error}"])
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
