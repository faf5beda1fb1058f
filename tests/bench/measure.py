#!/usr/bin/env python3
"""measure.py: runs the anchors and the sensor in turn and prints CPU per packet.

Every round runs every program once, so that what the machine does meanwhile meets all of them.
CPU is user plus system time of the process; ratios are medians of the ratios within a round.
"""

import argparse
import os
import statistics
import sys


def run(argv, quiet):
    """CPU seconds and peak RSS (KiB) of one run; None when it fails."""
    pid = os.fork()
    if pid == 0:
        try:
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, 0)
            os.dup2(null, 1)
            if quiet:
                os.dup2(null, 2)
            os.execv(argv[0], argv)
        finally:
            os._exit(127)
    _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        return None
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def count_packets(path):
    """Packets of a pcap file with microseconds in native order, as traffic.c writes it."""
    packets = 0
    with open(path, "rb") as file:
        file.read(24)
        while len(header := file.read(16)) == 16:
            file.seek(int.from_bytes(header[8:12], sys.byteorder), os.SEEK_CUR)
            packets += 1
    return packets


def programs(build, path, flows):
    sensor = os.path.join(build, "minecanary")
    yield "floor", [os.path.join(build, "bench/floor"), path]
    yield "meter", [os.path.join(build, "bench/meter"), path, str(flows)]
    if os.access(sensor, os.X_OK):
        for classify in "off", "all":
            yield (
                f"sensor, classify {classify}",
                [sensor, "-r", path, "--null", "--classify", classify],
            )
    else:
        print(f"({sensor} is not there: anchors only)")


def measure(shape, path, flows, build, rounds):
    packets = count_packets(path)
    print(f"\n{shape}: {packets} packets, {flows} flows, {rounds} rounds")
    runs = {}
    todo = dict(programs(build, path, flows))
    for argv in todo.values():  # the file into the page cache, and does it run at all
        if run(argv, quiet=False) is None:
            print(f"  failed: {' '.join(argv)}")
    for _ in range(rounds):
        for name, argv in todo.items():
            runs.setdefault(name, []).append(run(argv, quiet=True))
    print(f"  {'':22} {'ns/packet':>10} {'x floor':>8} {'x meter':>8} {'peak MiB':>9}")
    for name, results in runs.items():
        if None in results:
            print(f"  {name:22} {'failed':>10}")
            continue
        cpu = statistics.median(result[0] for result in results) / packets * 1e9
        ratios = []
        for anchor in "floor", "meter":
            pairs = [(a[0], b[0]) for a, b in zip(results, runs[anchor]) if b and b[0] > 0]
            ratio = statistics.median(a / b for a, b in pairs) if pairs else float("nan")
            ratios.append(ratio)
        peak = max(result[1] for result in results) / 1024
        print(f"  {name:22} {cpu:10.1f} {ratios[0]:8.2f} {ratios[1]:8.2f} {peak:9.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("shapes", nargs="+", metavar="NAME:FILE:FLOWS")
    args = parser.parse_args()
    for shape in args.shapes:
        name, path, flows = shape.split(":")
        measure(name, path, int(flows), args.build, args.rounds)


if __name__ == "__main__":
    main()
