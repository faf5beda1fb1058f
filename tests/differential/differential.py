#!/usr/bin/env python3
"""Renders logical sessions in every way and compares what the sensor says with what can be known.

usage: differential.py --binary FILE [--seed N] [--sample N] [--only WORD,WORD] [--keep FOLDER]

  SESSION AXIS    all renderings of one session along one axis (plan.py) decode to that session,
                  minus what the vantage cannot know (scripts/captures/dialects/witness.py)
  look-alike ...  nothing in them is called more than suspect, and there is no alert
  secrets         no event holds a password

Many renderings share a capture; each has addresses of its own. --keep leaves the captures and the
events in a folder, so that a single flow can be looked at.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import SystemRandom

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "scripts")]

import judge  # noqa: E402
import plan  # noqa: E402
from capturekit import pcapfile  # noqa: E402
from captures import alikes  # noqa: E402
from captures.render.rendering import render  # noqa: E402
from kit import truth  # noqa: E402
from kit.sensor import EVENTS, run  # noqa: E402
from kit.tap import Tap  # noqa: E402

FLOWS = 240  # in one capture
HEAVY = ("by-byte",)  # a rendering that counts as several
HEAVY_FLOWS = 8
PARALLEL = 2
TABLES = ("--flows", 2048, "--inspected-flows", 1024, "--max-alerts", 2048, "--max-sessions", 2048,
          "--message-memory", "64M", "--held-memory", "16M")
SHOWN_RENDERINGS = 6


def batches(pairs):
    """(group, rendering) pairs in lots that fit into a capture."""
    lot, weight = [], 0
    for pair in pairs:
        lot.append(pair)
        weight += HEAVY_FLOWS if pair[1].cut in HEAVY else 1
        if weight >= FLOWS:
            yield lot
            lot, weight = [], 0
    if lot:
        yield lot


def build(lot):
    """Renders a lot into one capture; returns the renderings without their packets."""
    rendered, packets = [], []
    for number, (_, rendering) in enumerate(lot):
        one = render(rendering, number)
        packets += one.packets
        one.packets = []
        rendered.append(one)
    return rendered, pcapfile.to_bytes(pcapfile.Capture(tuple(pcapfile.in_order(packets))))


def judged(lot, rendered, events):
    """(group, label, problems, events) of each rendering of a lot."""
    records, alerts = defaultdict(list), {}
    for event in events:
        address = event["src_ip"]
        if event["event_type"] == "flow" and "mining" in event:
            records[address].append(event)
        elif event["event_type"] == "alert" and not truth.is_campaign(event):
            alerts[address] = event
    out = []
    for (group, rendering), one in zip(lot, rendered):
        found, alert = records.get(one.client[0], []), alerts.get(one.client[0])
        problems = judge.of_look_alike(found, alert, rendering.name.startswith("record-login")) \
            if group.startswith("look-alike") else judge.of_rendering(one, found, alert)
        out.append((group, rendering, problems, found))
    return out


def work(task):
    """One lot from its renderings to its verdicts."""
    number, lot, binary, folder = task
    rendered, raw = build(lot)
    path = Path(folder) / f"lot{number:03}.pcap"
    path.write_bytes(raw)
    done = run(binary, "-r", path, *EVENTS, *TABLES)
    problems = done.problems()
    if problems:
        return [(group, rendering, problems, []) for group, rendering in lot[:1]]
    (Path(folder) / f"lot{number:03}.jsonl").write_bytes(done.out)
    results = judged(lot, rendered, done.events)
    for line in judge.secrets(done.lines):
        results.append(("secrets", lot[0][1], [line], []))
    return results


def renderings(options):
    """All (group, rendering) pairs of this run."""
    for name in plan.chosen(options.only):
        for axis, rendering in plan.axes(name):
            yield f"{name} {axis}", rendering
        for axis, rendering in plan.sample(name, options.seed, options.sample):
            yield f"{name} {axis}", rendering
    if options.only and "look-alike" not in options.only:
        return
    for name in alikes.LOOK_ALIKES:
        for axis, rendering in plan.alike(name, alikes.look_alike, options.seed):
            yield f"look-alike {axis}", rendering


def run_all(options, folder):
    """The verdicts on everything, lot by lot."""
    tasks = [(number, lot, str(options.binary.resolve()), folder)
             for number, lot in enumerate(batches(renderings(options)))]
    with ProcessPoolExecutor(PARALLEL) as pool:
        for results in pool.map(work, tasks):
            yield from results


def report(tap, results):
    """One TAP line a group."""
    groups, good = defaultdict(list), defaultdict(int)
    for group, rendering, problems, _ in results:
        good[group] += not problems
        groups[group] += [(rendering.label(), problems)] if problems else []
    for group in good:
        bad = groups[group]
        lines = [f"{label}: {problem}" for label, problems in bad[:SHOWN_RENDERINGS]
                 for problem in problems]
        if len(bad) > SHOWN_RENDERINGS:
            lines.append("also " + " ".join(label for label, _ in bad[SHOWN_RENDERINGS:]))
        if bad:
            lines.insert(0, f"{len(bad)} of {len(bad) + good[group]} renderings")
        tap.check(group, lines)


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--sample", type=int, default=12, help="random renderings per session")
    parser.add_argument("--only", default="", help="words; sessions whose name holds one")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    options.only = [word for word in options.only.split(",") if word]
    if options.seed is None:
        options.seed = SystemRandom().randrange(1 << 32)
    return options


def main():
    """Runs everything; returns the exit code."""
    options = arguments()
    tap, begin = Tap("differential"), time.monotonic()
    print(f"# seed {options.seed}", flush=True)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        results = list(run_all(options, options.keep))
    else:
        with tempfile.TemporaryDirectory(prefix="minecanary-differential-") as folder:
            results = list(run_all(options, folder))
    report(tap, results)
    tap.check("secrets", [problem for group, _, problems, _ in results if group == "secrets"
                          for problem in problems])
    print(f"# {len(results)} renderings in {time.monotonic() - begin:.0f} s, seed {options.seed}")
    if options.keep:
        index = [[group, rendering.label(), problems] for group, rendering, problems, _ in results]
        (options.keep / "results.json").write_text(json.dumps(index, indent=1), encoding="utf-8")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
