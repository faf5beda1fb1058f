#!/usr/bin/env python3
"""README's table of faults: each is injected for real, and nothing of what it disturbs may be lost.

usage: faults.py --binary FILE [--update | --check] [NAME...]

Every alert revision, in order, the end of every session and the state of every alert are compared
field by field with what an undisturbed run over the same packets leaves, flow records too where
the process sees its end; the sensor's counters must add up. Without an option the table goes to
standard output; --update puts it into README.md, --check compares.
"""

import argparse
import socket
import sys
import threading
import time
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM
from types import SimpleNamespace

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "scripts")]

from capturekit import pcapfile  # noqa: E402
from cluster import Cluster, Move  # noqa: E402
from journal import CAPTURE, FILE_NAME, HUNG_SECONDS, PREFIX, Case, ends, wait_until  # noqa: E402
from kit import readme  # noqa: E402
from kit.sensor import counters  # noqa: E402
from kit.tap import Tap, differ  # noqa: E402
from resp import RedisError  # noqa: E402
from servers import FAILOVER_SECONDS, Group, until  # noqa: E402

TOLD = ("--log-level", "debug")  # its counters at the end
HEAD = 24  # of the capture
HALF = 0.5
END_SECONDS = 5
DISK_BYTES = 20000
SLOW_SECONDS = 0.02  # a piece, each way
CUTS = 30
LOG_SECONDS = 1.1
ALERT_BYTES = 2000  # in the journal, with its state, at least
PIECE = 16384


# --- what is in Redis -----------------------------------------------------------------------------


def rows(redis, word):
    """A stream's entries as dictionaries; the name of the input does not count."""
    found = [dict(fields) for _, fields in redis.stream(PREFIX + word)]
    for row in found:
        if "eve" in row:
            row["eve"] = FILE_NAME.sub("", row["eve"])
    return found


def look(redis):
    """All that is compared."""
    alerts = rows(redis, "alert")
    return SimpleNamespace(
        alerts=alerts, ends=ends(rows(redis, "session")), flows=rows(redis, "flow"),
        states={row["id"]: redis.hash(f"minecanary:alert:{row['id']}") for row in alerts})


def same_rows(what, found, wanted):
    """Problems: other rows than wanted, or in another order."""
    problems = differ(what, len(found), len(wanted))
    for at, (one, other) in enumerate(zip(found, wanted)):
        problems += [f"{what}, row {at}: {text}" for name in other
                     for text in differ(name, one.get(name), other[name])]
    return problems[:5]


def compare(found, wanted, flows=True):
    """Problems: something else than wanted."""
    problems = same_rows("alerts", found.alerts, wanted.alerts)
    problems += same_rows("ends of sessions", found.ends, wanted.ends)
    if flows:
        problems += same_rows("flow records", found.flows, wanted.flows)
    for name, state in wanted.states.items():
        problems += [f"state of {name}: {text}" for field in state
                     for text in differ(field, found.states.get(name, {}).get(field),
                                        state[field])]
    return problems


def balance(told):
    """Problems of the sensor's counters: what was made is published, in the journal, or lost."""
    problems = differ("events", told.get("events"),
                      told.get("events_published", 0) + told.get("events_lost", 0))
    return problems + differ("journal", told.get("journalled", 0),
                             told.get("journal_retired", 0) + told.get("journal_pending", 0))


# --- doors ----------------------------------------------------------------------------------------


class Door:
    """A unix socket before the server's, each way in pieces that serve() may hold back or cut."""

    def __init__(self, case):
        self.path = case.work / "door.sock"
        self.behind = str(case.server.path)
        self.url = f"unix://{self.path}"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(8)
        self.count = 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.behind)
            self.count += 1
            pair = SimpleNamespace(client=client, server=server, number=self.count, bytes=0)
            for here, there in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(pair, here, there), daemon=True).start()

    def _pump(self, pair, here, there):
        try:
            while piece := here.recv(PIECE):
                if not self.serve(pair, there, piece):
                    break
        except OSError:
            pass
        for one in (here, there):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def serve(self, pair, there, piece):
        """Passes a piece on; False: the connection ends."""
        raise NotImplementedError

    def close(self):
        """No more connections."""
        self.listener.close()


class SlowDoor(Door):
    """Everything takes its time."""

    def serve(self, pair, there, piece):
        time.sleep(SLOW_SECONDS)
        there.sendall(piece)
        return True


class CuttingDoor(Door):
    """Each connection is cut after some thousand bytes of commands, one byte more each time, and
    before their answers are passed on."""

    def serve(self, pair, there, piece):
        if there is pair.client or pair.number > CUTS:
            if pair.number <= CUTS and pair.bytes > self.limit(pair):
                return False
            there.sendall(piece)
            return True
        left = self.limit(pair) - pair.bytes
        pair.bytes += len(piece)
        there.sendall(piece[:max(left, 0)])
        return len(piece) <= left

    def limit(self, pair):
        """Bytes of commands that this connection carries."""
        return 4000 + 3001 * pair.number


# --- the faults -----------------------------------------------------------------------------------


class Faults:
    """Each method injects one fault and returns its problems and what the table says of ours."""

    def __init__(self, binary):
        self.binary = binary
        data = CAPTURE.read_bytes()
        packets = pcapfile.read(CAPTURE).packets
        self.middle = HEAD + sum(16 + len(packet.data) for packet in packets[:len(packets) // 2])
        self.share = self.middle / len(data)
        self.whole = self.reference(1)
        self.half = self.reference(self.share)

    def reference(self, share):
        """What an undisturbed run leaves that reads so much of the capture; .before: what was there
        before it was told that nothing more comes."""
        with Case(self.binary) as case:
            case.server.start()
            case.start(state=False)
            case.feed(0, share)
            self.rest(case)
            before = len(rows(case.server.client(), "alert"))
            code = case.end()
            if code != 0:
                raise RuntimeError(f"the undisturbed run: exit code {code}: {case.errors}")
            found = look(case.server.client())
            found.before = before
            return found

    def rest(self, case):
        """Waits until the stream of alerts has not grown for a while."""
        last, now = None, -1
        while last != now:
            time.sleep(0.5)
            last, now = now, len(case.server.rows("alert")[0])

    def result(self, case, code, wanted=None, expected=0, problems=(), flows=True, note="",
               redis=None):
        """Problems and the table's cell, after a run that ended with this code; redis: where it
        wrote, if not into the case's own server."""
        wanted = wanted or self.whole
        found = look(redis or case.server.client())
        problems = [*problems, *compare(found, wanted, flows)]
        if code != expected:
            problems.append(f"exit code {code}, expected {expected}: {case.errors[-1500:]}")
        told = counters(case.errors)
        if told:
            problems += balance(told)
        lost = len(wanted.alerts) - len(found.alerts)
        return problems, f"{lost} of {len(wanted.alerts)} lost, exit code {code}{note}"

    def down(self, case):
        """Redis comes when half is read."""
        case.start(*TOLD)
        case.feed(0, HALF)
        case.settle()
        case.server.start()
        case.feed(HALF, 1)
        return self.result(case, case.end())

    def killed(self, case):
        """kill -9, twice, with time between to have something half done."""
        case.server.start()
        case.start(*TOLD)
        for number in range(2):
            case.feed(0.4 * number, 0.4 * number + 0.3, pause=0.002)
            case.server.send(SIGKILL)
            case.feed(0.4 * number + 0.3, 0.4 * number + 0.4)
            case.server.start()
        case.feed(0.8, 1)
        return self.result(case, case.end())

    def hung(self, case):
        """SIGSTOP until it has been given up once, then SIGCONT."""
        case.server.start()
        case.start(*TOLD)
        case.feed(0, 0.3)
        case.server.send(SIGSTOP)
        case.feed(0.3, 1)
        time.sleep(11)
        case.server.send(SIGCONT)
        code = case.end()
        problems = [] if "no answer for" in case.errors else ["it was not noticed"]
        return self.result(case, code, problems=problems)

    def cut(self, case):
        """Cut between commands and answers."""
        case.server.start()
        door = CuttingDoor(case)
        case.start(*TOLD, url=door.url)
        case.feed(0, 1, chunk=8192, pause=0.01)
        self.rest(case)
        time.sleep(LOG_SECONDS)  # each cut is told, and the log bounds what it tells in a second
        code = case.end()
        door.close()
        problems = [] if door.count > CUTS // 3 else [f"only {door.count} connections"]
        return self.result(case, code, problems=problems)

    def slow(self, case):
        """50 pieces a second each way."""
        case.server.start()
        door = SlowDoor(case)
        case.start(*TOLD, url=door.url)
        case.feed(0, 1)
        code = case.end()
        door.close()
        return self.result(case, code)

    def full(self, case):
        """maxmemory with noeviction, then room again."""
        case.server.start()
        client = case.server.client()
        case.start(*TOLD)
        case.feed(0, 0.3)
        self.rest(case)
        client("CONFIG", "SET", "maxmemory", "1")
        case.feed(0.3, 0.7)
        refused = wait_until(lambda: "errorstat_OOM" in client("INFO", "errorstats"))
        client("CONFIG", "SET", "maxmemory", "0")
        case.feed(0.7, 1)
        code = case.end()
        return self.result(case, code, problems=[] if refused else ["nothing was refused"])

    def replica(self, case):
        """The Sentinels make another server the master; the old one refuses to write."""
        with Group() as group:
            case.start(*TOLD, url=group.url)
            case.feed(0, 0.3)
            until("alerts are there", lambda: group.master.ask("XLEN", PREFIX + "alert") > 0)
            group.sentinels[0].ask("SENTINEL", "FAILOVER", "canary")
            case.feed(0.3, 0.7, pause=0.01)
            until("the old master is told", lambda: group.master.ask("ROLE")[0] == "slave",
                  FAILOVER_SECONDS)
            case.feed(0.7, 1)
            code = case.end()
            group.wait_promoted()
            return self.result(case, code, redis=group.replica.client())

    def moved(self, case):
        """The streams' slot goes to another master: one key at first, the others later."""
        key = PREFIX + "alert"
        with Cluster() as cluster:
            move = Move(cluster, key)
            case.start(*TOLD, url=cluster.url)
            case.feed(0, 0.3)
            until("alerts are there", lambda: move.source.ask("EXISTS", key) == 1)
            move.begin()
            move.keys(key)
            case.feed(0.3, 0.7, pause=0.01)
            until("they are asked for where they went", move.is_asked)
            move.end()
            case.feed(0.7, 1)
            code = case.end()
            problems = differ("who has it", cluster.owner(key)[0].port, move.target.port)
            return self.result(case, code, problems=problems, redis=cluster)

    def password(self, case):
        """At the start: nothing is read. In the middle: the next run has the right one."""
        case.server.start()
        client = case.server.client()
        client("CONFIG", "SET", "requirepass", "right")
        problems = []
        code = case.replay(env={"MINECANARY_REDIS_PASSWORD": "wrong"})
        if code != 1 or "WRONGPASS" not in case.errors:
            problems.append(f"at the start: exit code {code}: {case.errors}")
        client("CONFIG", "SET", "requirepass", "")
        case.start()
        case.feed(0, self.share)
        self.rest(case)
        client("CONFIG", "SET", "requirepass", "right")
        client("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        late = case.end()
        if late != 3 or "NOAUTH" not in case.errors:
            problems.append(f"in the middle: exit code {late}: {case.errors}")
        client("CONFIG", "SET", "requirepass", "")
        problems += [] if case.drain() == 0 else [case.errors]
        found = look(client)
        problems += same_rows("alerts", found.alerts, self.half.alerts[:len(found.alerts)])
        lost = max(0, self.half.before - len(found.alerts))
        return problems, (f"refuses to start, exit code {code}; in mid-run: {lost} of "
                          f"{self.half.before} lost, exit code {late}")

    def disk(self, case):
        """No file may have more than some bytes."""
        case.server.start()
        case.start(*TOLD, limit=DISK_BYTES)
        case.feed(0, 1)
        code = case.end()
        problems = [] if "events go on without it" in case.errors else ["it was not told"]
        return self.result(case, code, problems=problems, note=", told")

    def terminated(self, case):
        """SIGTERM in the middle: what an end there leaves."""
        case.server.start()
        case.start(*TOLD)
        case.feed(0, self.share)
        self.rest(case)
        case.process.send_signal(SIGTERM)
        return self.result(case, case.end(), self.half)

    def terminated_hung(self, case):
        """SIGTERM while Redis hangs: what waits is sent by the next run."""
        case.server.start()
        case.start()
        case.feed(0, 0.3)
        case.server.send(SIGSTOP)
        case.feed(0.3, self.share)
        case.settle(1)
        begin = time.monotonic()
        case.process.send_signal(SIGTERM)
        code = case.end()
        took = time.monotonic() - begin
        problems = [] if took < END_SECONDS + 2 else [f"ended after {took:.1f} s"]
        if code != 3 or case.waiting() == 0 or case.lost() == 0:
            problems.append(f"exit code {code}: {case.errors}")
        case.server.send(SIGCONT)
        problems += [] if case.drain() == 0 else [case.errors]
        case.errors = ""
        problems, cell = self.result(case, code, self.half, 3, problems, flows=False)
        return problems, f"ends in {END_SECONDS} s, then {cell} (flow records, counted)"

    def killed_sensor(self, case):
        """SIGKILL of the sensor while Redis hangs, then the next run."""
        case.server.start()
        case.start()
        case.feed(0, 0.3)
        case.server.send(SIGSTOP)
        case.feed(0.3, self.share)
        wait_until(lambda: case.journal_bytes() > ALERT_BYTES * self.half.before, 60)
        case.settle(HUNG_SECONDS)
        case.kill()
        case.server.send(SIGCONT)
        code = case.drain()
        found = look(case.server.client())
        problems = [] if code == 0 else [f"exit code {code}: {case.errors}"]
        problems += same_rows("alerts", found.alerts, self.half.alerts[:self.half.before])
        return problems, f"{self.half.before - len(found.alerts)} of {self.half.before} lost"


# Name, what happens, what was measured of the best known sensor with Redis output.
FAULTS = (
    ("down", "down at start, comes later", "all 2,000 lost, exit code 0"),
    ("killed", "`kill -9` and restart in mid-replay, twice", "all that was pipelined but one [1]"),
    ("hung", "SIGSTOP, after 11 s SIGCONT", "packets wait until SIGKILL"),
    ("cut", "connection cut between command and answer", "as above [1]"),
    ("full", "`maxmemory` with `noeviction`", "92 % lost, silently"),
    ("replica", "failover by Sentinel, `READONLY`", "-"),
    ("moved", "Redis Cluster, the streams' slot moves meanwhile", "-"),
    ("slow", "20 ms for each 16 KiB, each way", "-"),
    ("password", "wrong password", "-"),
    ("disk", "disk full for the journal", "no journal"),
    ("terminated", "SIGTERM in the middle", "-"),
    ("terminated_hung", "SIGTERM while Redis hangs, next start", "needs SIGKILL"),
    ("killed_sensor", "SIGKILL while Redis hangs, next start", "no journal"),
)


def table(cells):
    """The table of README."""
    lines = ["| fault | alert revisions, ours | elsewhere | `NAME` |", "| --- | --- | --- | --- |"]
    for name, what, elsewhere in FAULTS:
        lines.append(f"| {what} | {cells[name]} | {elsewhere} | `{name}` |")
    return "\n".join(lines) + "\n"


def main():
    """Runs all faults, or those that are named; returns the exit code."""
    names = [name for name, _, _ in FAULTS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("names", nargs="*", choices=[[], *names], default=[], metavar="NAME")
    options = parser.parse_args()
    tap = Tap("faults")
    faults = Faults(options.binary.resolve())
    cells = {}
    for name in options.names or names:
        with Case(options.binary.resolve()) as case:
            try:
                problems, cells[name] = getattr(faults, name)(case)
            except (OSError, RuntimeError, RedisError) as error:
                problems, cells[name] = [f"{type(error).__name__}: {error}", case.errors], "?"
            tap.check(f"{name}: {cells[name]}", problems)
    if options.names:
        return tap.finish()
    if options.update and tap.failed == 0:
        readme.update("faults", table(cells))
    elif options.check:
        tap.check("README's table is what was found: --update writes it",
                  readme.problems("faults", table(cells)))
    else:
        print(table(cells), end="")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
