#!/usr/bin/env python3
"""Faults injected for real between the sensor's journal and Redis, against real servers.

usage: journal.py --binary FILE

One undisturbed replay of the scenario's capture says what must be in the streams; every alert and
every end of a session that a disturbed one leaves is compared with it field by field, in order.
What ended early must have left the beginning of it, each once, with rising ids. In each case
in Redis + in the journal + lost = produced.
"""

import argparse
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "scripts")]

from kit.sensor import ROOT, environment  # noqa: E402
from kit.tap import Tap, differ  # noqa: E402
from resp import Client, RedisError  # noqa: E402

CAPTURE = ROOT / "pcaps/coin-shadow/inside.pcap"
CONFIG = "tests/golden/config/coin-shadow.yaml"
SENSOR = "journalled"
PREFIX = f"minecanary:{{{SENSOR}}}:"
SECONDS = 60
START_SECONDS = 300  # it may have much to read, and others the machine
HUNG_SECONDS = 7  # the first alerts wait for two answers of Redis, two seconds for each
PCAP_HEAD = 24
FILE_NAME = re.compile(r'"pcap_filename":"[^"]*",')
WAITING = re.compile(r"(\d+) events wait in (\S+) for Redis")
LOST = re.compile(r"redis: (\d+) events lost")


def wait_until(condition, seconds=20):
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


class Server:
    """A Redis that writes each command to a file before it answers, and may be killed, stopped and
    started again. fsync: when that file is synced, which only a loss of power would tell."""

    def __init__(self, fsync="always"):
        self.fsync = fsync
        self.folder = Path(tempfile.mkdtemp(prefix="minecanary-redis-"))
        self.path = self.folder / "redis.sock"
        self.url = f"unix://{self.path}"
        self.process = None

    def start(self):
        """Starts it with what it had on disk; returns when it answers."""
        self.path.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(self.path), "--dir",
             str(self.folder), "--save", "", "--auto-aof-rewrite-min-size", "16mb",
             "--appendonly", "yes", "--appendfsync", self.fsync, "--logfile", str(self.folder / "log")], stdin=subprocess.DEVNULL)
        if not wait_until(self.is_ready, START_SECONDS):
            raise RuntimeError("redis-server does not start")
        return self

    def is_ready(self):
        """Whether it answers and has read what it had."""
        try:
            client = self.client()
            client("PING")
            client.close()
        except (OSError, RedisError):
            return False
        return True

    def client(self):
        """A new connection."""
        return Client(self.path)

    def send(self, number):
        """A signal, and its end after SIGKILL."""
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()

    def rows(self, word):
        """A stream's entries: ids, and fields as dictionaries."""
        client = self.client()
        entries = client.stream(PREFIX + word)
        client.close()
        rows = [dict(fields) for _, fields in entries]
        for row in rows:
            if "eve" in row:
                row["eve"] = FILE_NAME.sub("", row["eve"])  # a file or standard input
        return [name for name, _ in entries], rows

    def stop(self):
        """Ends it and removes its files."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Case:
    """One server, one state directory, and runs of the sensor with both."""

    def __init__(self, binary):
        self.binary = binary
        self.work = Path(tempfile.mkdtemp(prefix="minecanary-journal-"))
        self.state = self.work / "state"
        self.server = Server()
        self.process = None
        self.errors = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.server.stop()
        shutil.rmtree(self.work, ignore_errors=True)

    def start(self, *options, source="-", stdin=subprocess.PIPE, state=True, limit=None, url=None,
              env=None):
        """Starts the sensor on standard input or a file."""
        command = [self.binary, "-c", CONFIG, "-r", str(source), "--redis", url or self.server.url,
                   "--sensor-id", SENSOR, "--deterministic", *options]
        if state:
            command += ["--state-dir", str(self.state)]

        def prepare():
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env={**environment(), **(env or {})}, preexec_fn=prepare)

    def end(self, seconds=SECONDS):
        """Waits for the sensor's end: its exit code, None when it had to be killed."""
        try:
            _, errors = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, errors = self.process.communicate()
            self.errors = errors.decode("utf-8", "replace")
            return None
        self.errors = errors.decode("utf-8", "replace")
        return self.process.returncode

    def kill(self):
        """SIGKILL, or what else ends it at once."""
        self.process.send_signal(signal.SIGKILL)
        self.end()

    def replay(self, *options, **how):
        """One run over the whole capture."""
        self.start(*options, source=CAPTURE, stdin=subprocess.DEVNULL, **how)
        return self.end()

    def drain(self, **how):
        """A run over a capture without packets: only what waits is sent."""
        client = self.server.client()
        client("DEL", PREFIX + "owner")  # a killed process has not given it back
        client.close()
        empty = self.work / "empty.pcap"
        empty.write_bytes(CAPTURE.read_bytes()[:PCAP_HEAD])
        self.start(source=empty, stdin=subprocess.DEVNULL, **how)
        return self.end()

    def feed(self, begin, end, chunk=16384, pause=0.0):
        """Gives a part of the capture, by share, to standard input."""
        data = CAPTURE.read_bytes()
        data = data[int(begin * len(data)):int(end * len(data))]
        for at in range(0, len(data), chunk):
            try:
                self.process.stdin.write(data[at:at + chunk])
                self.process.stdin.flush()
            except BrokenPipeError:
                return
            time.sleep(pause)

    def journal_bytes(self):
        """Size of the journal on disk."""
        return sum(path.stat().st_size for path in self.state.glob("*/*.journal"))

    def settle(self, seconds=0.6):
        """Waits until the journal has not grown for so long."""
        last = -1
        while last != self.journal_bytes():
            last = self.journal_bytes()
            time.sleep(seconds)

    def feed_while_hung(self):
        """A run in which Redis hangs after the first third of the capture."""
        self.server.start()
        self.start()
        self.feed(0, 0.3)
        self.settle()
        self.server.send(signal.SIGSTOP)
        self.feed(0.3, 1)
        self.settle(HUNG_SECONDS)

    def waiting(self):
        """How many events the sensor said that wait, and where."""
        found = WAITING.search(self.errors)
        if found is None:
            return 0
        return int(found[1]) if found[2] == str(self.state / SENSOR) else -1

    def lost(self):
        """How many events the sensor said it lost."""
        found = LOST.search(self.errors)
        return int(found[1]) if found is not None else 0


def ends(rows):
    """Rows of sessions that ended."""
    return [row for row in rows if row["event"] == "end"]


class Faults:
    """All cases, beside what one undisturbed run left."""

    def __init__(self, binary):
        self.binary = binary
        with Case(binary) as case:
            case.server.start()
            code = case.replay(state=False)
            if code != 0:
                raise RuntimeError(f"the undisturbed run: exit code {code}: {case.errors}")
            self.alerts = case.server.rows("alert")[1]
            self.sessions = case.server.rows("session")[1]
            self.flows = case.server.rows("flow")[1]

    # --- comparing --------------------------------------------------------------------------

    def same(self, what, found, expected, whole=True):
        """Problems: rows are those expected, or the beginning of them."""
        if not whole:
            expected = expected[:len(found)]
        if found == expected:
            return []
        if len(found) != len(expected):
            return [f"{what}: {len(found)} rows, expected {len(expected)}"]
        at = next(i for i, pair in enumerate(zip(found, expected)) if pair[0] != pair[1])
        return [f"{what}: row {at}"] + [
            f"{name}: {found[at].get(name)!r}, expected {expected[at].get(name)!r}"
            for name in expected[at] if found[at].get(name) != expected[at][name]]

    def check(self, case, whole=True):
        """Problems of what is in Redis now: alerts and ends of sessions."""
        ids, alerts = case.server.rows("alert")
        _, sessions = case.server.rows("session")
        problems = self.same("alerts", alerts, self.alerts, whole)
        problems += self.same("ends of sessions", ends(sessions), ends(self.sessions), whole)
        order = [tuple(map(int, name.split("-"))) for name in ids]
        if order != sorted(set(order)):
            problems.append(f"ids do not rise: {ids}")
        return problems

    def code(self, case, found, expected=0):
        """A problem unless the exit code is this."""
        return [] if found == expected else [
            f"exit code {found}, expected {expected}: {case.errors[-1500:]}"]

    # --- cases ------------------------------------------------------------------------------

    def undisturbed(self, case):
        """With a journal everything is as without, and nothing stays in it."""
        case.server.start()
        problems = self.code(case, case.replay())
        problems += self.check(case)
        problems += self.same("flows", case.server.rows("flow")[1], self.flows)
        problems += self.same("sessions", case.server.rows("session")[1], self.sessions)
        if case.journal_bytes() != 0 or case.waiting() != 0:
            problems.append(f"{case.journal_bytes()} bytes stayed: {case.errors}")
        mode = (case.state.stat().st_mode | (case.state / SENSOR).stat().st_mode) & 0o777
        return problems + ([] if mode == 0o700 else [f"mode {mode:o}"])

    def down_at_start(self, case):
        """Redis comes while the sensor waits for it: all is there."""
        case.start()
        case.feed(0, 0.5)
        case.settle()
        case.server.start()
        case.feed(0.5, 1)
        problems = self.code(case, case.end())
        problems += self.check(case)
        problems += self.same("flows", case.server.rows("flow")[1], self.flows)
        return problems

    def never_there(self, case):
        """Without Redis to the end: alerts wait for the next run, the rest is lost and told."""
        problems = self.code(case, case.replay("--stall-timeout", "1"), 3)
        waiting, lost = case.waiting(), case.lost()
        kept = len(self.alerts) + len(ends(self.sessions))
        if waiting < kept or lost < len(self.flows):
            problems.append(f"{waiting} wait and {lost} are lost: {case.errors}")
        case.server.start()
        problems += self.code(case, case.drain())
        problems += self.check(case)
        client = case.server.client()
        there = client("XLEN", PREFIX + "alert") + client("XLEN", PREFIX + "session")
        client.close()
        produced = len(self.alerts) + len(self.sessions) + len(self.flows)
        # What only changes shared state of a campaign waits, too, and is in no stream.
        members = waiting - there
        if members < 0 or there + members + lost != produced + members:
            problems.append(f"{there} there + {lost} lost of {produced}: {members} more")
        return problems

    def killed_server(self, case):
        """kill -9 of Redis in the middle, twice."""
        case.server.start()
        case.start()
        case.feed(0, 0.3, pause=0.002)
        case.server.send(signal.SIGKILL)
        case.feed(0.3, 0.5)
        case.server.start()
        case.feed(0.5, 0.7, pause=0.002)
        case.server.send(signal.SIGKILL)
        case.feed(0.7, 0.9)
        case.server.start()
        case.feed(0.9, 1)
        problems = self.code(case, case.end())
        return problems + self.check(case)

    def killed_sensor(self, case):
        """SIGKILL of the sensor at some moment, then a run without packets: what was there before
        and after is the beginning of all, each once."""
        problems = []
        seen = set()
        for turn in range(8):
            with Case(self.binary) as one:
                one.server.start()
                one.start()
                one.feed(0, 0.2 + 0.1 * turn, chunk=65536, pause=0.001)
                time.sleep(0.01 * turn)
                one.kill()
                before = len(one.server.rows("alert")[0])
                problems += self.check(one, whole=False)
                problems += self.code(one, one.drain())
                problems += self.check(one, whole=False)
                after = len(one.server.rows("alert")[0])
                if after < before or one.journal_bytes() != 0:
                    problems.append(f"{before} alerts, then {after}; {one.errors}")
                seen.add(after)
        if len(seen) < 2:
            problems.append(f"all kills came at the same moment: {seen}")
        return problems

    def killed_while_hung(self, case):
        """Redis hangs, the sensor is killed: what it had said to the journal is there after."""
        case.feed_while_hung()
        case.kill()
        case.server.send(signal.SIGCONT)
        before = len(case.server.rows("alert")[0])
        problems = self.code(case, case.drain())
        problems += self.check(case, whole=False)
        after = len(case.server.rows("alert")[0])
        if not before < after or after < len(self.alerts) // 2:
            problems.append(f"{before} alerts before, {after} after, of {len(self.alerts)}")
        return problems

    def sent_twice(self, case):
        """The journal forgets that it was drained: nothing is there twice, also what needed a new
        id because the stream had gone on."""
        problems = self.code(case, case.replay("--stall-timeout", "1"), 3)
        copy = case.work / "copy"
        shutil.copytree(case.state, copy)
        case.server.start()
        client = case.server.client()
        client("XADD", PREFIX + "alert", f"{int(time.time() * 1000) + 60000}-0", "id", "other")
        for _ in range(3):
            problems += self.code(case, case.drain())
            ids, rows = case.server.rows("alert")
            problems += self.same("alerts", rows[1:], self.alerts)
            problems += self.same("ends", ends(case.server.rows("session")[1]),
                                  ends(self.sessions))
            shutil.rmtree(case.state)
            shutil.copytree(copy, case.state)
        client.close()
        return problems + differ("ids", ids, sorted(ids, key=lambda name: tuple(
            map(int, name.split("-")))))

    def full_disk(self, case):
        """No file may have more than some bytes: events go on without the journal, said once."""
        problems = []
        for limit in (0, 20000):
            with Case(self.binary) as one:
                one.server.start()
                problems += self.code(one, one.replay(limit=limit))
                problems += self.check(one)
                if limit == 0 and one.errors.count("events go on without it") != 1:
                    problems.append(f"not said once: {one.errors}")
        return problems

    def full_journal(self, case):
        """The journal has no room for all while Redis is away: what it took is the beginning."""
        case.start("--journal-size", "1M")
        case.feed(0, 1)
        case.process.stdin.close()
        case.process.stdin = None
        case.settle()
        if case.journal_bytes() > 1 << 20:
            return [f"{case.journal_bytes()} bytes"]
        case.server.start()
        return self.code(case, case.end()) + self.check(case)

    def terminated_while_hung(self, case):
        """SIGTERM with Redis hung: ends in 5 s and keeps what was not acknowledged."""
        case.feed_while_hung()
        case.process.send_signal(signal.SIGTERM)
        begin = time.monotonic()
        code = case.end()
        took = time.monotonic() - begin
        waiting = case.waiting()
        problems = [] if took < 7 else [f"ended after {took:.1f} s: {case.errors}"]
        if waiting <= 0 or code != (3 if case.lost() > 0 else 0):
            problems.append(f"exit code {code}, {waiting} wait: {case.errors}")
        case.server.send(signal.SIGCONT)
        problems += self.code(case, case.drain())
        return problems + self.check(case)

    def refused_starts(self, case):
        """A journal in use, a folder of others, no sensor id: an error that says what."""
        case.server.start()
        problems = []
        case.start()
        case.feed(0, 0.1)
        wait_until(lambda: (case.state / SENSOR / "lock").exists())
        with Case(self.binary) as other:
            other.state = case.state
            other.server.start()
            problems += self.code(other, other.replay(), 1)
            problems += [] if "in use by another process" in other.errors else [other.errors]
            other.state = other.work / "open"
            other.state.mkdir()
            other.state.chmod(0o777)
            problems += self.code(other, other.replay(), 1)
            problems += [] if "others may write there" in other.errors else [other.errors]
            if os.geteuid() == 0:
                other.state = other.work / "foreign"
                other.state.mkdir(mode=0o700)
                os.chown(other.state, 12345, 12345)
                problems += self.code(other, other.replay(), 1)
                problems += [] if "must belong to user 0" in other.errors else [other.errors]
        case.kill()
        return problems


CASES = ("undisturbed", "down_at_start", "never_there", "killed_server", "killed_sensor",
         "killed_while_hung", "sent_twice", "full_disk", "full_journal", "terminated_while_hung",
         "refused_starts")


def main():
    """Runs all cases, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("cases", nargs="*", choices=[[], *CASES], default=[])
    options = parser.parse_args()
    tap = Tap("journal")
    faults = Faults(options.binary.resolve())
    tap.check("the undisturbed run has alerts, sessions and flows",
              [] if min(len(faults.alerts), len(faults.sessions), len(faults.flows)) > 20
              else ["hardly any event"])
    for name in options.cases or CASES:
        with Case(options.binary.resolve()) as case:
            tap.check(name.replace("_", " "), getattr(faults, name)(case))
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
