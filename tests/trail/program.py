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
        options = ["--state", self.state]
        if self.server is not None:
            options += ["--redis", self.server.url]
        return options

    def feed(self, *paths, stdin=None, options=()):
        """Reads paths to their end; returns the run."""
        return run(self.binary, *self._where(), *options, *paths, stdin=stdin)

    def flows(self, *paths):
        """Options that give flow logs and the list of pools."""
        return [word for path in paths for word in ("--flow-logs", path)] + ["--endpoints", POOLS]

    def follow(self, folder):
        """Starts it on a folder that grows; the caller ends it."""
        return subprocess.Popen(
            [str(each) for each in (self.binary, *self._where(), "--follow", folder)], cwd=ROOT,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=environment())

    def ids(self):
        """The incidents' ids."""
        done = self.report()
        if done.code != 0:
            raise RuntimeError(f"report: exit code {done.code}: {done.err}")
        return [each["id"] for each in json.loads(done.out or b"[]")]

    def report(self, *words):
        """Runs `report`; without words: the list of incidents."""
        words = words or ("--format", "json")
        return run(self.binary, *self._where(), "report", *words)

    def incident(self, name):
        """One incident as JSON."""
        done = self.report(name, "--format", "json")
        if done.code != 0:
            raise RuntimeError(f"report {name}: exit code {done.code}: {done.err}")
        return json.loads(done.out)


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
