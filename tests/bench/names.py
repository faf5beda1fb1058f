#!/usr/bin/env python3
"""names.py: what lists add to the sensor's CPU where nearly every packet is about a name.

The same capture with no list, with the default list and with lists of many entries, none of which
is in the capture: that is what lists are for nearly all of the time. Every round runs each of them
once; starting and loading, which the sensor tells apart, are left out.
"""

import argparse
import os
import statistics
import tempfile

from runs import SENSOR, count_packets, run

NETWORK_EVERY = 30


def scatter(number):
    return number * 0x9E3779B97F4A7C15 >> 32 & 0xFFFFFFFF


def entry(number):
    """Names below the tops and addresses in networks of their own: like those asked for, listed
    by nobody."""
    some = scatter(number)
    if number % 2 == 0:
        top = ("com", "net", "org")[some % 3]
        return f"pool n{some:08x}.{'eu.' if number % 4 else ''}pool{number % 977}.{top}"
    address = f"{20 + (some >> 24) % 70}.{some >> 16 & 255}.{some >> 8 & 255}"
    if number % NETWORK_EVERY == 1:
        return f"pool {address}.0/24"
    return f"pool {address}.{some & 255}{':3333' if number % 4 == 1 else ''}"


def write_list(path, entries):
    with open(path, "w", encoding="ascii") as file:
        for number in range(entries):
            print(entry(number), file=file)


def cases(directory, sizes):
    """Name and options of each."""
    yield "lists off", ["--default-lists=no"]
    yield "default list", []
    for entries in sizes:
        path = os.path.join(directory, f"{entries}.list")
        write_list(path, entries)
        yield f"{entries} entries", ["--default-lists=no", f"--lists={path}"]


def measure(sensor, path, directory, sizes, rounds):
    packets = count_packets(path)
    options = dict(cases(directory, sizes))
    starts = {name: [] for name in options}
    spent = {name: [] for name in options}
    print(f"names: {packets} packets, {rounds} rounds, CPU without what starting took")
    for _ in range(rounds):
        for name, extra in options.items():
            result = run([sensor, "-r", path, *SENSOR, "--classify", "off", *extra], quiet=False)
            if result is None:
                raise SystemExit(1)
            start = result.threads["start"]
            starts[name].append(start)
            spent[name].append(sum(result.threads.values()) - start)
    print(f"  {'':22} {'ns/packet':>10} {'x off':>8} {'start s':>9}")
    off = next(iter(options))
    for name, values in spent.items():
        ratio = statistics.median(a / b for a, b in zip(values, spent[off]))
        cpu = statistics.median(values) / packets * 1e9
        start = statistics.median(starts[name])
        print(f"  {name:22} {cpu:10.1f} {ratio:8.3f} {start:9.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("capture")
    parser.add_argument("sizes", nargs="*", type=int, metavar="ENTRIES")
    args = parser.parse_args()
    sensor = os.path.join(args.build, "minecanary")
    with tempfile.TemporaryDirectory() as directory:
        measure(sensor, args.capture, directory, args.sizes or [1000, 1000000], args.rounds)


if __name__ == "__main__":
    main()
