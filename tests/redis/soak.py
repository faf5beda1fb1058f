#!/usr/bin/env python3
"""A day of traffic through one sensor, in minutes, while Redis is killed and stopped at random.

usage: soak.py [--build DIR] [--packets N] [--hours N] [--pause SECONDS] [--seed N]

The scenario's capture is replayed in a loop, its times shifted, in the midst of a background of
look-ups, short TLS connections and long flows, all through standard input of one process with a
state directory. Four tenants take turns, so that hosts, alerts and campaigns come and go. Prints
how the process's memory went, and at the end:

  * the sensor's account: events made = taken by Redis + lost, the journal empty, exit code 0;
  * Redis's: each flow record and alert revision entered its stream exactly once, revisions of an
    alert in order, each session ended once;
  * memory: after the first quarter it has not grown by more than a twentieth.

No part of the check: it takes some minutes on two cores, and writes some GB.
"""

import argparse
import random
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "scripts")]

from capturekit import US, pcapfile  # noqa: E402
from journal import CAPTURE, CONFIG, Server  # noqa: E402
from kit.sensor import ROOT, counters, environment  # noqa: E402
from kit.tap import Tap, differ  # noqa: E402
from resp import RedisError  # noqa: E402

SENSOR = "soak"
PREFIX = f"minecanary:{{{SENSOR}}}:"
TENANTS = 4  # VNIs, the first of which the configuration knows
VNI = 4097
VNI_AT = 46  # in a frame of the scenario: behind Ethernet, IPv4, UDP and the flags
BACKGROUND = (("dns", 40000, 4000), ("small", 120000, 2000))  # shape, packets, clients or flows
GAP_S = 5  # between two loops
GROWTH = 1.05
QUARTER = 0.25


class Background:
    """Packets that go round and round, one at a time."""

    def __init__(self, build, work):
        self.bytes = bytearray()
        self.offsets = []
        for shape, packets, flows in BACKGROUND:
            path = work / f"{shape}.pcap"
            subprocess.run([build / "bench/traffic", shape, str(packets), str(flows), path],
                           check=True)
            data = path.read_bytes()
            at = 24
            while at < len(data):
                self.offsets.append(len(self.bytes) + at - 24)
                at += 16 + struct.unpack_from("<I", data, at + 8)[0]
            self.bytes += data[24:]
        self.offsets.append(len(self.bytes))
        self.at = 0

    def write(self, out, count, time_us, step_us):
        """Writes that many packets, the first at time_us."""
        while count > 0:
            part = min(count, len(self.offsets) - 1 - self.at)
            pack, data = struct.Struct("<II").pack_into, self.bytes
            for number in range(part):
                us = int(time_us + number * step_us)
                pack(data, self.offsets[self.at + number], us // 1_000_000, us % 1_000_000)
            begin, end = self.offsets[self.at], self.offsets[self.at + part]
            out.write(memoryview(data)[begin:end])
            self.at = (self.at + part) % (len(self.offsets) - 1)
            time_us += part * step_us
            count -= part


class Scenario:
    """The miners' capture, for any time and tenant."""

    def __init__(self):
        packets = pcapfile.read(CAPTURE).packets
        self.first_us = packets[0].time // US
        self.seconds = (packets[-1].time // US - self.first_us) / 1e6 + GAP_S
        self.packets = [(packet.time // US - self.first_us, bytearray(packet.data), packet.length)
                        for packet in packets]

    def record(self, packet, begin_us, tenant):
        """One packet in a pcap file's form."""
        after_us, data, length = packet
        us = begin_us + after_us
        if data[36:38] == b"\x12\xb5":  # VXLAN
            data[VNI_AT:VNI_AT + 3] = (VNI + tenant).to_bytes(3, "big")
        return struct.pack("<IIII", us // 1_000_000, us % 1_000_000, len(data), length) + data


class Trouble(threading.Thread):
    """Kills the server, or stops it for a while, again and again."""

    def __init__(self, server, pause, seed):
        super().__init__(daemon=True)
        self.server = server
        self.pause = pause
        self.random = random.Random(seed)
        self.over = threading.Event()
        self.kills = self.stops = 0
        self.error = None

    def run(self):
        try:
            while not self.over.wait(self.random.uniform(0.3, 1.7) * self.pause):
                if self.random.random() < 0.6:
                    self.server.send(SIGKILL)
                    self.over.wait(self.random.uniform(0, 4))
                    self.server.start()
                    self.kills += 1
                else:
                    self.server.send(SIGSTOP)
                    self.over.wait(self.random.uniform(0, 15))  # also longer than a reply may take
                    self.server.send(SIGCONT)
                    self.stops += 1
        except (OSError, RuntimeError) as error:
            self.error = error

    def end(self):
        """Leaves the server alone, and running."""
        self.over.set()
        self.join()


class Soak:
    """One run."""

    def __init__(self, options, server, work):
        self.options = options
        self.server = server
        self.work = work
        self.scenario = Scenario()
        self.background = Background(options.build, work)
        self.loops = round(options.hours * 3600 / self.scenario.seconds)
        self.sent = 0
        self.memory = []  # share of the run, KiB
        self.errors = work / "errors"
        self.process = None

    def start(self):
        """Starts the sensor on standard input."""
        command = [self.options.build / "minecanary", "-c", CONFIG, "-r", "-", "--redis",
                   self.server.url, "--sensor-id", SENSOR, "--state-dir", self.work / "state",
                   "--redis-flow-maxlen", "20000", "--redis-alert-maxlen", "1000000",
                   "--redis-session-maxlen", "1000000", "--stall-timeout", "600",
                   "--log-level", "debug"]
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(list(map(str, command)), cwd=ROOT,
                                            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                            stderr=errors, env=environment())
        self.process.stdin.write(CAPTURE.read_bytes()[:24])

    def sample(self, share):
        """Notes the memory in use."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines():
            if line.startswith("VmRSS:"):
                self.memory.append((share, int(line.split()[1])))

    def feed(self):
        """All packets; says every tenth how far it is."""
        out = self.process.stdin
        each = -(-self.options.packets // self.loops) - len(self.scenario.packets)
        step_us = self.scenario.seconds * 1e6 / each
        told = 0
        for loop in range(self.loops):
            begin_us = self.scenario.first_us + int(loop * self.scenario.seconds * 1e6)
            done = 0
            for packet in self.scenario.packets:
                due = min(each, int(packet[0] / step_us) + 1)
                self.background.write(out, due - done, begin_us + done * step_us, step_us)
                done = due
                out.write(self.scenario.record(packet, begin_us, loop % TENANTS))
            self.background.write(out, each - done, begin_us + done * step_us, step_us)
            self.sent += each + len(self.scenario.packets)
            self.sample((loop + 1) / self.loops)
            if (loop + 1) * 10 // self.loops > told:
                told = (loop + 1) * 10 // self.loops
                print(f"# {self.sent} packets, {self.memory[-1][1] / 1024:.1f} MiB", flush=True)
        out.close()

    # --- what is left -----------------------------------------------------------------------

    def account(self, told, code):
        """Problems of the sensor's own account."""
        problems = differ("exit code", code, 0)
        problems += differ("packets", told.get("packets"), self.sent)
        problems += differ("events", told.get("events"), told.get("events_published"))
        problems += differ("journal", told.get("journalled"), told.get("journal_retired"))
        for name in ("events_lost", "redis_dropped", "journal_pending", "journal_refused",
                     "decisions_dropped", "records_dropped"):
            problems += differ(name, told.get(name, 0), 0)
        return problems

    def added(self, redis, word):
        """How many entries a stream ever got."""
        flat = redis("XINFO", "STREAM", PREFIX + word)
        return dict(zip(flat[::2], flat[1::2]))["entries-added"]

    def streams(self, told):
        """Problems of what Redis has."""
        redis = self.server.client()
        revisions = {}
        problems = differ("flow records", self.added(redis, "flow"), told.get("flow_records"))
        alerts = [dict(fields) for _, fields in redis.stream(PREFIX + "alert")]
        problems += differ("alert entries", self.added(redis, "alert"), len(alerts))
        problems += differ("alert revisions", len(alerts), sum(
            value for name, value in told.items() if name.startswith("sid_")))
        for row in alerts:
            revisions.setdefault(row["id"], []).append(int(row["rev"]))
        for name, found in revisions.items():
            problems += differ(f"revisions of {name}", found, list(range(1, len(found) + 1)))
            state = redis.hash(f"minecanary:alert:{name}")
            if "revision" in state:  # a campaign's is in its own hash
                problems += differ(f"state of {name}", state["revision"], str(found[-1]))
        ends = [dict(fields)["flow_id"] for _, fields in redis.stream(PREFIX + "session")
                if dict(fields)["event"] == "end"]
        problems += differ("ends of sessions", len(set(ends)), len(ends))
        problems += differ("sessions", len(ends), told.get("sessions"))
        redis.close()
        return problems

    def growth(self):
        """Problems: memory that still grows after the first quarter."""
        early = [size for share, size in self.memory if share <= QUARTER]
        late = [size for share, size in self.memory if share > QUARTER]
        if not early or not late:
            return ["the run was too short to tell: more --packets"]
        if max(late) <= max(early) * GROWTH:
            return []
        return [f"{max(early)} KiB in the first quarter, {max(late)} after"]


def curve(memory):
    """The memory at ten points, in MiB."""
    points = [memory[min(len(memory) - 1, len(memory) * i // 10)][1] for i in range(11)]
    return " ".join(f"{point / 1024:.1f}" for point in points)


def soak(tap, options, server, work):
    """The run and its tests."""
    run = Soak(options, server, work)
    trouble = Trouble(server, options.pause, options.seed)
    begin = time.monotonic()
    run.start()
    trouble.start()
    try:
        run.feed()
        trouble.end()
        code = run.process.wait(600)
    except BrokenPipeError:
        trouble.end()
        code = run.process.wait(600)
    finally:
        trouble.over.set()
        if run.process.poll() is None:
            run.process.kill()
    text = run.errors.read_text("utf-8", "replace")
    told = counters(text)
    print(f"# {run.sent} packets, {run.loops * run.scenario.seconds / 3600:.1f} h of packet time "
          f"in {(time.monotonic() - begin) / 60:.0f} min; Redis killed {trouble.kills} times, "
          f"stopped {trouble.stops} times")
    print(f"# memory, MiB: {curve(run.memory)}")
    print("# " + ", ".join(f"{name} {told.get(name, 0)}" for name in (
        "flow_records", "sessions", "alert_revisions", "events", "events_published", "events_lost",
        "journalled", "journal_retired", "journal_resent", "journal_held", "redis_reconnects",
        "redis_commands", "redis_errors", "cpu_reader_ms", "cpu_publisher_ms")))
    tap.check("Redis was disturbed", [] if trouble.kills + trouble.stops > 0
              and trouble.error is None else [f"{trouble.error}"])
    tap.check("the sensor's account", run.account(told, code))
    if tap.failed:
        print("\n".join("# " + line for line in text.splitlines()[-20:]))
    tap.check("each entry once, revisions in order", run.streams(told)[:20])
    tap.check("memory is flat", run.growth())


def main():
    """Runs it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=ROOT / "build", type=Path)
    parser.add_argument("--packets", default=50_000_000, type=int)
    parser.add_argument("--hours", default=24, type=float, help="of packet time")
    parser.add_argument("--pause", default=5, type=float,
                        help="seconds between two disturbances, about")
    parser.add_argument("--seed", default=1, type=int, help="of the disturbances")
    options = parser.parse_args()
    options.build = options.build.resolve()
    tap = Tap("soak")
    server = Server(fsync="no")
    try:
        with tempfile.TemporaryDirectory(prefix="minecanary-soak-") as work:
            soak(tap, options, server.start(), Path(work))
    except (OSError, RuntimeError, RedisError, subprocess.SubprocessError) as error:
        tap.check("to its end", [f"{type(error).__name__}: {error}"])
    finally:
        server.stop()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
