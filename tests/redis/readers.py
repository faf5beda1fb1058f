#!/usr/bin/env python3
"""The example reader of alerts, killed in the middle of a batch: nothing is lost.

usage: readers.py --binary FILE

The scenario's alerts are read by scripts/read_alerts.py whose output nobody takes: it fills the
pipe and stops between writing and acknowledging. There it is killed (SIGKILL); the same consumer,
or another one, goes on.
"""

import json
import select
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from kit import suite  # noqa: E402
from kit.sensor import ROOT, run  # noqa: E402
from kit.tap import differ  # noqa: E402
from resp import Server  # noqa: E402

CONFIG = "tests/golden/config/coin-shadow.yaml"
CAPTURE = "pcaps/coin-shadow/inside.pcap"
SENSOR = "read"
KEY = f"minecanary:{{{SENSOR}}}:alert"
READER = ROOT / "scripts/read_alerts.py"
BATCH = 100  # lines of more than a pipe holds (64 KiB)


def name_of(line):
    """Alert and revision of a line."""
    event = json.loads(line)
    return event["mining"]["alert_id"], event["alert"]["rev"]


class Readers:
    """Readers of one group each, over the same stream."""

    def __init__(self, server):
        self.server = server
        self.redis = server.client()
        self.expected = [name_of(dict(fields)["eve"]) for _, fields in self.redis.stream(KEY)]

    def command(self, group, consumer):
        """The reader; it takes over at once what another one holds."""
        return [sys.executable, str(READER), "--group", group, "--consumer", consumer, "--batch",
                str(BATCH), "--idle", "0", "--once", self.server.url, SENSOR]

    def read(self, group, consumer):
        """(problems, names, what it said) of a reader that runs to its end."""
        done = subprocess.run(self.command(group, consumer), capture_output=True, text=True,
                              timeout=60, check=False)
        return (differ("exit code", (done.returncode, done.stderr), (0, done.stderr)),
                [name_of(line) for line in done.stdout.splitlines()], done.stderr)

    def pending(self, group):
        """Entries that are held without acknowledgement."""
        return self.redis("XPENDING", KEY, group)[0]

    def undisturbed(self):
        """Problems: every revision once and in order, and none is left."""
        problems, names, said = self.read("calm", "one")
        problems += differ("alerts", names, self.expected)
        problems += differ("pending", self.pending("calm"), 0)
        problems += differ("said", said, "read_alerts: 0 taken over, 0 trimmed before they were "
                                         "read\n")
        again, more, _ = self.read("calm", "one")
        return problems + again + differ("read again", more, [])

    def killed(self, group):
        """(problems, names) of a reader that was killed while it held a batch."""
        with subprocess.Popen(self.command(group, "one"), stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as reader:
            select.select([reader.stdout], [], [], 60)
            held = self.pending(group)  # it writes, nobody takes: it stays in this batch
            code = reader.poll()
            reader.kill()
            lines = reader.stdout.read().split(b"\n")[:-1]
            reader.wait()
        problems = differ("still running", code, None) + differ("held", held, BATCH)
        problems += differ("killed", reader.returncode, -9)
        problems += [] if 0 < len(lines) < BATCH else [f"{len(lines)} whole lines before its end"]
        return problems, [name_of(line) for line in lines]

    def survives(self, group, next_consumer):
        """Problems: who comes after the dead one reads what it held, and the rest."""
        problems, first = self.killed(group)
        found, second, said = self.read(group, next_consumer)
        problems += found + differ("pending", self.pending(group), 0)
        problems += differ("after the death", second, self.expected)
        problems += differ("before it", first, self.expected[:len(first)])
        taken = BATCH if next_consumer != "one" else 0
        return problems + differ("said", said.split(" taken over")[0], f"read_alerts: {taken}")

    def trimmed(self):
        """Problems: what Redis trimmed before anybody read it is said, with exit code 3."""
        problems, _ = self.killed("late")
        self.redis("XTRIM", KEY, "MAXLEN", "0")
        done = subprocess.run(self.command("late", "two"), capture_output=True, text=True,
                              timeout=60, check=False)
        problems += differ("exit code", done.returncode, 3)
        problems += differ("lines", done.stdout, "")
        return problems + differ("said", done.stderr.strip(),
                                 f"read_alerts: 0 taken over, {BATCH} trimmed before they were "
                                 "read")


def test(tap, binary):
    """All tests."""
    with Server() as server:
        done = run(binary, "-c", CONFIG, "-r", CAPTURE, "--redis", server.url, "--sensor-id", SENSOR)
        if not tap.check("replay", done.problems()):
            return
        readers = Readers(server)
        tap.check("more alerts than a batch has",
                  [] if len(readers.expected) > BATCH else [f"{len(readers.expected)} alerts"])
        tap.check("every revision once, in order", readers.undisturbed())
        tap.check("killed in a batch, goes on itself", readers.survives("same", "one"))
        tap.check("killed in a batch, another takes over", readers.survives("other", "two"))
        tap.check("what was trimmed unread is said", readers.trimmed())


if __name__ == "__main__":
    sys.exit(suite.main("readers", test))
