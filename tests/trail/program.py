"""Runs of minecanary-trail: the command line, and what it left in Redis. All that the tests know
of both stands here."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "redis")]

from kit.sensor import environment, run  # noqa: E402

PATIENCE = 30
POOLS = "tests/golden/config/pools.list"


class Program:
    """The program with one state of its own: a folder, and a Redis if one is given."""

    def __init__(self, binary, work, server=None):
        self.binary = Path(binary).resolve()
        self.work = Path(work)
        self.work.mkdir(parents=True, exist_ok=True)
        self.state = self.work / "state"
        self.server = server

    def _where(self):
        options = ["--state", self.state, "--id", "test"]
        if self.server is not None:
            options += ["--redis", self.server.url]
        return options

    def feed(self, *paths, stdin=None, options=()):
        """Reads paths to their end; returns the run. Its output is the summary."""
        return run(self.binary, *self._where(), *options, *paths, stdin=stdin)

    @staticmethod
    def flows(*paths):
        """Options that give flow logs and the list of pools."""
        return [word for path in paths for word in ("--flowlogs", path)] + ["--lists", POOLS]

    def follow(self, folder):
        """Starts it on a folder that grows; the caller ends it."""
        return subprocess.Popen(
            [str(each) for each in (self.binary, *self._where(), "--follow", folder)], cwd=ROOT,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=environment())

    def summary(self):
        """What the state alone gives: (problems, the summary's text)."""
        done = self.feed()
        return done.problems(), done.out.decode("utf-8")

    def report(self, *words):
        """Runs `report` on the state."""
        return run(self.binary, "report", *words, "--state", self.state)

    def incidents(self):
        """All incidents as JSON with the commands, from the state."""
        done = self.report("--format", "json", "--commands")
        if done.code != 0:
            raise RuntimeError(f"report: exit code {done.code}: {done.err}")
        text, found = done.out.decode("utf-8").strip(), []
        while text:
            value, end = json.JSONDecoder().raw_decode(text)
            found += value if isinstance(value, list) else [value]
            text = text[end:].lstrip()
        return found


def kill(process):
    """Ends a process as a power cut would."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()


def stop(process):
    """Ends it in order; returns (exit code, standard error)."""
    process.terminate()
    _, err = process.communicate(timeout=PATIENCE)
    return process.returncode, err.decode("utf-8", "replace")


def wait_for(what, condition):
    """Problems unless the condition holds soon."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return []
        time.sleep(0.05)
    return [f"{what} does not come"]
