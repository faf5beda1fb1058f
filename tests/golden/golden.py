#!/usr/bin/env python3
"""Replays every capture and compares what the sensor writes with what it must write.

usage: golden.py --binary FILE [--update] [--quick] [--only WORD]

  golden    events equal tests/golden/FOLDER/NAME.jsonl, line by line, in order of time
  schema    every line holds to sensor/eve.schema.json and to the EVE conventions
  truth     sessions and alerts are those of NAME.truth.json; look-alikes yield none
  workers   2 and 4 workers give the same lines as 1
  recut     the same sessions cut otherwise, or seen from one side (recuts.py)
  legs      the scenario inside and behind its NAT together (legs.py)
  damage    files cut at every length, flipped bits (damage.py)
  usage     several files, folders, standard input, filters, errors (usage.py)

--update rewrites the expected events; read the difference before committing it.
--quick leaves out the scenario and most variants: for sanitizer builds.
--only runs the captures whose name contains WORD, and none of the last three groups.

Of coin-shadow only alerts and flow records with a session are kept as expected events: all of them
would be 600 KB; its other flow records are compared with truth.json by tests/redis/scenario.py.
"""

import argparse
import difflib
import json
import sys
import tempfile
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "scripts")]

import damage  # noqa: E402
import legs  # noqa: E402
import recuts  # noqa: E402
import usage  # noqa: E402
from kit import eve, truth  # noqa: E402
from kit.sensor import CAPTURES, ROOT, in_order, replay  # noqa: E402
from kit.tap import Tap  # noqa: E402

SCENARIO = "coin-shadow"
NAMES = "names"
PARALLEL = 2
DIFFERENCE_LINES = 12
OTHER_WORKERS = (2, 4)


class Capture:
    """A capture of the collection: its name, what it needs, what is expected of it."""

    def __init__(self, path):
        self.path = path.relative_to(ROOT)
        self.folder = path.parent.name
        self.name = f"{self.folder}/{path.stem}"
        self.expected = HERE / self.folder / f"{path.stem}.jsonl"
        self.options = ()
        if self.folder == SCENARIO:
            self.options = ("-c", f"tests/golden/config/{SCENARIO}.yaml")
        if self.folder == NAMES:
            self.options = ("--lists", f"tests/golden/config/{NAMES}.list", "--hellos", "all")

    def sessions(self):
        """The sessions that its truth file names; None when it has no such file."""
        path = (ROOT / self.path).with_suffix(".truth.json")
        if self.folder == SCENARIO:
            return self.scenario_sessions()
        if not path.exists():
            return None
        return json.loads(path.read_text(encoding="utf-8"))["sessions"]

    def judged(self, events):
        """The events that its truth judges: where it allows suspicions, those are left out."""
        path = (ROOT / self.path).with_suffix(".truth.json")
        if self.folder == SCENARIO or \
                not json.loads(path.read_text(encoding="utf-8")).get("suspicions"):
            return events
        return [event for event in events
                if event.get("mining", {}).get("level") != "suspect"]

    def scenario_sessions(self):
        """The sessions of the scenario as this capture's tap sees them."""
        path = CAPTURES / SCENARIO / "truth.json"
        found = json.loads(path.read_text(encoding="utf-8"))["sessions"]
        leg = "inside" if self.path.stem == "inside" else "outside"
        return [{**session, "client": session[leg][:2], "server": session[leg][2:],
                 "vni": session["vni"] if leg == "inside" else None} for session in found]

    def contacts(self):
        """The alerts that no session is behind."""
        path = (ROOT / self.path).with_suffix(".truth.json")
        if self.folder == SCENARIO:
            return self.scenario_contacts()
        return json.loads(path.read_text(encoding="utf-8")).get("contacts", [])

    def scenario_contacts(self):
        """The same of the scenario."""
        path = CAPTURES / SCENARIO / "truth.json"
        return truth.scenario_contacts(json.loads(path.read_text(encoding="utf-8")),
                                       self.path.name)

    def kept(self, lines):
        """The lines that are compared with the expected file, in its order."""
        lines = in_order(lines)
        if self.folder == SCENARIO:
            lines = [line for line in lines if "mining" in json.loads(line)]
        return lines


def captures(quick, word):
    """All captures below pcaps/, by name."""
    found = [Capture(path) for path in sorted(CAPTURES.glob("**/*.pcap*"))]
    return [capture for capture in found if word in capture.name
            and not (quick and capture.folder == SCENARIO)]


def short(line):
    """A long line, cut around nothing in particular: enough to see which event it is."""
    return line if len(line) < 260 else line[:257] + "..."


def changed_fields(old, new):
    """Where two events differ, as text."""
    out = []

    def walk(where, left, right):
        if isinstance(left, dict) and isinstance(right, dict):
            for key in left | right:
                walk(f"{where}/{key}" if where else key, left.get(key), right.get(key))
        elif left != right:
            out.append(f"    {where}: expected {left!r}, found {right!r}")
    walk("", json.loads(old), json.loads(new))
    return out


def difference(expected, found):
    """The head of a unified difference, and the fields of the first pair of lines."""
    if expected == found:
        return []
    lines = [short(line) for line in difflib.unified_diff(expected, found, "expected", "found",
                                                          n=0, lineterm="")][:DIFFERENCE_LINES]
    for old, new in zip(expected, found):
        if old != new:
            return lines + ["first line that differs:"] + changed_fields(old, new)
    return lines


def compare_golden(capture, lines, update):
    """Problems against the expected file, which --update writes."""
    kept = capture.kept(lines)
    if update:
        capture.expected.parent.mkdir(exist_ok=True)
        capture.expected.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        return []
    if not capture.expected.exists():
        return [f"{capture.expected.relative_to(ROOT)} is missing: --update writes it"]
    return difference(capture.expected.read_text(encoding="utf-8").splitlines(), kept)


def compare_truth(capture, events):
    """Problems against the truth file; a look-alike has no sessions, so nothing may be found."""
    sessions = capture.sessions()
    contacts = capture.contacts()
    problems = [] if events else ["no flow record at all"]
    events = capture.judged(events)
    problems += truth.of_sessions(sessions, events) + truth.of_alerts(sessions, events)
    problems += truth.of_contacts(contacts, events)
    if not sessions and not contacts:
        problems += [f"mining is spoken of: {event}" for event in events if "mining" in event]
    return problems


def test_capture(binary, capture, options):
    """All tests of one capture: pairs of a name and its problems."""
    tables = {} if options.quick else {"tables": ()}
    first = replay(binary, capture.path, *capture.options, **tables)
    problems = first.problems()
    if problems:
        return [(f"golden {capture.name}", problems)]
    lines = first.lines
    results = [(f"golden {capture.name}", compare_golden(capture, lines, options.update)),
               (f"schema {capture.name}", options.checker.lines(lines))]
    if capture.sessions() is not None:
        results.append((f"truth {capture.name}", compare_truth(capture, first.events)))
    for workers in OTHER_WORKERS[:1] if options.quick else OTHER_WORKERS:
        other = replay(binary, capture.path, *capture.options, "--workers", workers)
        problems = other.problems() or difference(in_order(lines), in_order(other.lines))
        results.append((f"workers {capture.name} with {workers}", problems))
    return results


def stale_files(known):
    """Problems: expected files whose capture is gone."""
    expected = {capture.expected for capture in known}
    return [f"{path.relative_to(ROOT)} belongs to no capture" for path in
            sorted(HERE.glob("*/*.jsonl")) if path not in expected]


def jobs(binary, options, work):
    """What is to be done, as calls that give pairs of a name and its problems."""
    chosen = captures(options.quick, options.only)
    calls = [lambda capture=capture: test_capture(binary, capture, options)
             for capture in chosen]
    if not options.update:
        calls += recuts.calls(binary, [capture for capture in chosen if capture.folder in
                                       recuts.FOLDERS], options, work)
    if not options.update and not options.only:
        calls += damage.calls(binary, options, work)
        calls += usage.calls(binary, work)
        calls += [] if options.quick else legs.calls(binary, options, work)
    return chosen, calls


def guarded(call):
    """The results of a call; that it broke off is one, too."""
    try:
        return call()
    except Exception:  # noqa: BLE001: whatever it is, the other tests go on
        return [("to its end", [traceback.format_exc()])]


def main():
    """Runs everything; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    options.checker = eve.Checker()
    binary = options.binary.resolve()
    tap = Tap("golden")
    if not binary.exists():
        tap.check("the sensor", [f"{binary} does not exist"])
        return tap.finish()
    with tempfile.TemporaryDirectory(prefix="minecanary-golden-") as work:
        chosen, calls = jobs(binary, options, Path(work))
        if not chosen:
            tap.check("captures", ["there is no capture to replay"])
        with ThreadPoolExecutor(PARALLEL) as pool:
            for results in pool.map(guarded, calls):
                for name, problems in results:
                    tap.check(name, problems)
    if not options.only and not options.quick:
        tap.check("expected files", stale_files(captures(False, "")))
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
