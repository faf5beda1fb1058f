#!/usr/bin/env python3
"""Batches of stream entries are stored whole or not at all, in order, against real servers.

usage: batches.py --binary FILE

Each replay's streams of alerts, sessions and flow records, and the state of each alert, are
compared field by field and in order with those of one run that nothing disturbs.
"""

import selectors
import socket
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import transport  # noqa: E402
from kit import suite  # noqa: E402
from kit.tap import differ  # noqa: E402
from resp import Server  # noqa: E402
from servers import until  # noqa: E402

STREAMS = ("session", "flow")
PIECE = 65536
CUTS = 12  # of one replay


def rows(redis, name):
    """The fields of all entries of a stream; what differs between two processes is left out."""
    entries = redis.stream(f"minecanary:{{{transport.SENSOR}}}:{name}")
    return [dict(fields) for _, fields in entries]


def contents(redis):
    """Everything that is compared."""
    return transport.alerts(redis), {name: rows(redis, name) for name in STREAMS}


def compare(redis, expected):
    """Problems: something else than after the undisturbed run."""
    problems = transport.compare(redis, expected[0])
    for name in STREAMS:
        found, wanted = rows(redis, name), expected[1][name]
        problems += differ(f"{name}s", len(found), len(wanted))
        problems += [f"{name} {number}: {a} instead of {b}"
                     for number, (a, b) in enumerate(zip(found, wanted)) if a != b][:3]
    return problems


class Cutter:
    """A door to a Redis that takes commands in and cuts the connection in the middle of replies:
    after one byte of them, then after some more each time, so that Redis has run what it does not
    get to say."""

    def __init__(self, path, step):
        self.path, self.step = path, step
        self.cuts = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        left = None
        with client, socket.socket(socket.AF_UNIX) as server, \
                selectors.DefaultSelector() as selector:
            server.connect(str(self.path))
            selector.register(client, selectors.EVENT_READ)
            selector.register(server, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    data = key.fileobj.recv(PIECE)
                    if not data:
                        return
                    if key.fileobj is client:
                        server.sendall(data)
                        continue
                    if left is None and self.cuts < CUTS and b"QUEUED" in data:
                        left = 1 + self.step * self.cuts  # of a transaction, no greeting
                    client.sendall(data[:left])
                    if left is not None and len(data) >= left:
                        self.cuts += 1
                        return
                    left = None if left is None else left - len(data)

    def close(self):
        """No more doors."""
        self.listener.close()


def lost_replies(tap, sensor, expected, step):
    """The connection is cut between commands and replies, again and again."""
    with Server() as server:
        door = Cutter(server.path, step)
        done = sensor.run(f"redis://127.0.0.1:{door.port}")
        door.close()
        problems = [] if door.cuts > 5 else [f"only {door.cuts} cuts"]
        tap.check(f"{door.cuts} connections cut within replies, {step} bytes further each time",
                  problems + done.problems() + compare(server.client(), expected))


def full_server(tap, sensor, expected):
    """maxmemory with noeviction, again and again: what is refused keeps its order."""
    with Server() as server:
        control = server.client()

        def step(number):
            if number == 1:  # full from the start, it would refuse to begin
                until("the sensor is there", lambda: control("DBSIZE") > 0)
            control("CONFIG", "SET", "maxmemory", 1 if number % 4 == 1 else 0)

        done = sensor.run_slowly(server.url, step)
        errors = control("INFO", "errorstats")
        problems = [] if "errorstat_OOM" in errors else ["nothing was refused"]
        tap.check("a server that is full now and then",
                  problems + done.problems() + compare(control, expected))


def wrong_type(tap, sensor, expected):
    """A stream becomes something else: what belongs there is lost and told, all else is there."""
    key = transport.ALERTS.replace("alert", "session")
    with Server() as server:
        control = server.client()

        def step(number):
            if number == transport.PARTS // 2:
                transport.until("sessions are there", lambda: control("XLEN", key) > 0)
                control("SET", key, "no stream")

        done = sensor.run_slowly(server.url, step)
        problems = [] if "WRONGTYPE" in done.err and "events lost" in done.err else [done.err]
        problems += done.problems(3) + transport.compare(control, expected[0])
        tap.check("a stream's key that becomes something else",
                  problems + differ("flows", rows(control, "flow"), expected[1]["flow"]))


def test(tap, binary):
    """All tests."""
    sensor = transport.Sensor(binary)
    expected = sensor.undisturbed(tap, contents)
    if expected is None:
        return
    full_server(tap, sensor, expected)
    for step in (1, 37, 701):
        lost_replies(tap, sensor, expected, step)
    wrong_type(tap, sensor, expected)


if __name__ == "__main__":
    sys.exit(suite.main("batches", test))
