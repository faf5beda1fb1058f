"""Runs of the sensor: the command, what it wrote, and how it ended."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CAPTURES = ROOT / "pcaps"
SENSOR_ID = "golden"
CRASHED = 99  # exit code of sanitizers here, so that they cannot be taken for one of the sensor's
SECONDS = 120
COUNTER = re.compile(r"\b(\w+) (\d+)\b")
EVENTS = ("--json", "-", "--classify", "off", "--deterministic", "--sensor-id", SENSOR_ID)
# A run over a small capture is mostly the time it takes to make the tables: these are enough.
SMALL = ("--flows", 1024, "--inspected-flows", 256, "--max-alerts", 64, "--max-sessions", 64,
         "--message-memory", "1M", "--held-memory", "1M")


def environment():
    """The environment with sanitizers told to be noticed."""
    out = dict(os.environ, LC_ALL="C")
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"):
        out[name] = ":".join(filter(None, (os.environ.get(name), f"exitcode={CRASHED}")))
    return out


@dataclass(frozen=True)
class Run:
    """What one run of the sensor left."""

    command: tuple
    code: int
    out: bytes
    err: str

    @property
    def lines(self):
        """Lines of standard output, as text."""
        return self.out.decode("utf-8").splitlines()

    @property
    def events(self):
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.lines]

    def crash(self):
        """Problems: a signal, a sanitizer's report, a time-out."""
        noise = "Sanitizer" in self.err or "runtime error:" in self.err
        if self.code is not None and 0 <= self.code < CRASHED and not noise:
            return []
        what = "did not end in time" if self.code is None else f"exit code {self.code}"
        return [f"{' '.join(self.command)}: {what}", self.err[-6000:]]

    def problems(self, code=0):
        """Problems: a crash, or another exit code than this one."""
        found = self.crash()
        if not found and self.code != code:
            found = [f"{' '.join(self.command)}: exit code {self.code}, expected {code}",
                     self.err[-2000:]]
        return found


def counters(text):
    """The sensor's counters, from what it said last with --log-level debug."""
    return {name: int(value) for line in text.splitlines() if "health: " in line
            for name, value in COUNTER.findall(line)}


def run(binary, *arguments, cwd=ROOT, stdin=None, seconds=SECONDS):
    """Runs the sensor to its end; stdin: bytes for its standard input."""
    command = (str(binary), *map(str, arguments))
    try:
        done = subprocess.run(command, cwd=cwd, input=stdin if stdin is not None else b"",
                              capture_output=True, timeout=seconds, env=environment(),
                              check=False)
    except subprocess.TimeoutExpired as late:
        return Run(command, None, late.stdout or b"", (late.stderr or b"").decode("utf-8", "replace"))
    return Run(command, done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


def replay(binary, path, *options, tables=SMALL, **how):
    """Events of a capture file, with everything fixed that could vary."""
    return run(binary, "-r", path, *EVENTS, *tables, *options, **how)


def in_order(lines):
    """Event lines by time. Alerts overtake flow records on their way out, so the order in which
    the two kinds are written says nothing."""
    def key(line):
        event = json.loads(line)
        return (event["timestamp"], event["event_type"], event["flow_id"],
                event.get("alert", {}).get("rev", 0), line)
    return sorted(lines, key=key)


def without(lines, *keys):
    """Event lines without some root keys."""
    out = []
    for line in lines:
        event = json.loads(line)
        out.append(json.dumps({key: value for key, value in event.items() if key not in keys}))
    return out
