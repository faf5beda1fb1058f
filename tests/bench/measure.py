#!/usr/bin/env python3
"""measure.py: runs the anchors and the sensor in turn and prints CPU per packet.

x floor, x meter, x labels: ratios to the three anchors: libpcap alone, the ideal meter, the meter
with nDPI on every flow. The worker of a sensor with one worker is its reader, libpcap included.
"""

import os
import sys

from runs import SENSOR, count_packets, measure_shapes, median, ratio, room, run

ANCHORS = "floor", "meter", "labels"
TITLES = {"floor": "floor: libpcap alone", "meter": "ideal meter", "labels": "meter + nDPI on all"}


def programs(build, path, flows):
    """Name and command of everything that is measured."""
    meter = [os.path.join(build, "bench/meter"), path, str(flows)]
    yield "floor", [os.path.join(build, "bench/floor"), path]
    yield "meter", meter
    yield "labels", meter + ["ndpi"]
    for classify in "off", "candidates", "all":
        yield classify, [os.path.join(build, "minecanary"), "-r", path, "--classify", classify,
                         *SENSOR, *room(flows)]


def line(name, ns_packet, ratios, peak="", sessions=""):
    shown = "".join(f"{value:10.2f}" for value in ratios)
    print(f"  {name:28}{ns_packet:10.1f}{shown}{peak:>10}{sessions:>10}".rstrip())


def show_process(name, results, anchors, packets):
    cpu = [result and result.cpu for result in results]
    peak = max(result.peak for result in results if result)
    line(TITLES.get(name, f"sensor, classify {name}"), median(cpu) / packets * 1e9,
         [ratio(cpu, anchor) for anchor in anchors], f"{peak:.0f}",
         "" if name in ANCHORS else max(result.counters.get("sessions", 0)
                                        for result in results if result))


def show_threads(results, anchors, packets):
    """Each thread of the sensor, the worker first."""
    threads = {name for result in results if result for name in result.threads}
    for name in sorted(threads, key=lambda name: (name != "reader", name)):
        cpu = [result and result.threads.get(name, 0.0) for result in results]
        title = "worker" if name == "reader" else "before the first packet" if name == "start" \
            else name
        line(f"    {title}", median(cpu) / packets * 1e9,
             [ratio(cpu, anchor) for anchor in anchors])


def show_goals(runs, anchors):
    """How far the design's goals are (section 9): ratios, with the goal behind each."""
    _, meter, labels = anchors
    worker = [result and result.threads.get("reader") for result in runs["candidates"]]
    whole, full = ([result and result.cpu for result in runs[name]]
                   for name in ("candidates", "all"))
    print(f"  goals: candidates: worker {ratio(worker, meter):.2f} (1.5) and process "
          f"{ratio(whole, meter):.2f} (2.0) x meter; all: {ratio(full, labels):.2f} (1.15) x labels",
          flush=True)


def measure(shape, path, flows, build, rounds):
    """Measures everything on one shape; whether nothing failed."""
    packets = count_packets(path)
    todo = dict(programs(build, path, flows))
    runs = {name: [] for name in todo}
    print(f"\n{shape}: {packets} packets, {flows} flows, {rounds} rounds")
    for name in list(todo):  # the file into the page cache, and does it run at all
        if run(todo[name], quiet=False) is None:
            del todo[name]
    for _ in range(rounds):
        for name, argv in todo.items():
            runs[name].append(run(argv))
    anchors = [[result and result.cpu for result in runs[name]] for name in ANCHORS]
    print(f"  {'':28}{'ns/packet':>10}{'x floor':>10}{'x meter':>10}{'x labels':>10}"
          f"{'peak MiB':>10}{'sessions':>10}")
    for name in todo:
        if not any(runs[name]):
            print(f"  {name:28}{'failed':>10}")
            continue
        show_process(name, runs[name], anchors, packets)
        if name not in ANCHORS:
            show_threads(runs[name], anchors, packets)
    show_goals(runs, anchors)
    return all(len(results) == rounds and None not in results for results in runs.values())


if __name__ == "__main__":
    sys.exit(measure_shapes(__doc__, 5, measure))
