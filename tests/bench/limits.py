#!/usr/bin/env python3
"""limits.py: what grows: memory with flows and in a flood, cost with flows and with workers.

limits.py [--build DIR] [--rounds N] memory FLOWS | flood PACKETS SESSIONS | curve FLOWS... |
                                     [--instructions] workers NAME:FILE:FLOWS...

memory   peak with that many live flows, and bytes for each
flood    flows of one packet around mining sessions: peak beside a tenth of it, sessions and shares;
         exit status 1 when one is missing
curve    CPU per packet, ten packets a flow, at each number of flows; the ideal meter beside it
workers  CPU of two workers beside one, and how they share it; beside it the same of instructions,
         start apart, with --instructions and valgrind: what cores take from each other is not in
         these
"""

import argparse
import os
import tempfile

from runs import (SENSOR, count_packets, instructions, median, piped, ratio, room, run, shape_of,
                  truth, write_head)

PACKETS_PER_FLOW = 10
HEADS = (50000, 150000)  # packets whose instructions are counted


class Bench:
    """The programs of one build."""

    def __init__(self, build, rounds, counts_work):
        self.rounds = rounds
        self._counts_work = counts_work
        self._traffic = os.path.join(build, "bench/traffic")
        self._sensor = os.path.join(build, "minecanary")
        self._meter = os.path.join(build, "bench/meter")

    def command(self, path, *options):
        return [self._sensor, "-r", path, "--classify", "candidates", *SENSOR, *options]

    def fed(self, shape, first, second, *options):
        """The sensor reading a shape from a pipe: (Run, what the writer says)."""
        result, said = piped([self._traffic, shape, str(first), str(second), "-"],
                             self.command("-", *options))
        if result is None:
            raise SystemExit("failed")
        return result, said

    def memory(self, flows):
        none, _ = self.fed("small", 1000, 1, "--flows", "1024")
        idle, _ = self.fed("small", 1000, 1, "--flows", str(flows))
        many, _ = self.fed("small", 4 * flows, flows, "--flows", str(flows))
        count = many.counters["flows"]
        print(f"  {count} live flows: peak {many.peak:.0f} MiB (goal of a million: 256), "
              f"{(many.peak - none.peak) * (1 << 20) / count:.0f} bytes a flow (goal: 200); "
              f"{idle.peak:.0f} MiB before they come, {none.peak:.0f} without room for them; "
              f"{many.counters.get('flows_evicted', 0)} evicted, "
              f"{many.counters.get('inspected', 0)} inspected on the way")

    def flood(self, packets, sessions):
        print(f"  {'packets':>10}{'peak MiB':>10}{'evicted':>10}{'sessions':>14}{'shares':>16}"
              f"{'ns/packet':>11}")
        for count in packets // 10, packets:
            result, said = self.fed("flood", count, sessions)
            got = result.counters
            expected, shares = truth(said)
            seen = f"{got.get('sessions', 0)} of {expected}"
            counted = f"{got.get('shares', 0)} of {shares}"
            print(f"  {count:>10}{result.peak:>10.0f}{got.get('flows_evicted', 0):>10}{seen:>14}"
                  f"{counted:>16}{result.cpu / got['packets'] * 1e9:>11.0f}", flush=True)
            if (got.get("sessions", 0), got.get("shares", 0)) != (expected, shares) \
                    or expected != sessions:
                raise SystemExit("  not all of them were found")

    def metered(self, packets, flows):
        """CPU of the ideal meter reading the shape small from a pipe."""
        result, _ = piped([self._traffic, "small", str(packets), str(flows), "-"],
                          [self._meter, "-", str(flows)])
        if result is None:
            raise SystemExit("failed")
        return result.cpu

    def curve(self, counts):
        first = None
        print(f"  {'flows':>10}{'ns/packet':>11}{'x first':>10}{'worker':>10}{'x first':>10}"
              f"{'meter':>10}{'x first':>10}{'peak MiB':>10}")
        for flows in counts:
            packets = PACKETS_PER_FLOW * flows
            runs, meters = [], []
            for _ in range(self.rounds if flows < 1000000 else 1):
                runs.append(self.fed("small", packets, flows, *room(flows))[0])
                meters.append(self.metered(packets, flows))
            whole = median([each.cpu - each.threads["start"] for each in runs]) / packets * 1e9
            worker = median([each.threads["reader"] for each in runs]) / packets * 1e9
            meter = median(meters) / packets * 1e9
            first = first or (whole, worker, meter)
            print(f"  {flows:>10}{whole:>11.0f}{whole / first[0]:>10.2f}{worker:>10.0f}"
                  f"{worker / first[1]:>10.2f}{meter:>10.0f}{meter / first[2]:>10.2f}"
                  f"{runs[0].peak:>10.0f}", flush=True)

    def work(self, path, workers):
        """Instructions of the packets behind the first ones: between two lengths of a capture, so
        that the start is not among them. None: not counted."""
        if not self._counts_work:
            return None
        counts = []
        with tempfile.TemporaryDirectory() as folder:
            head = os.path.join(folder, "head.pcap")
            for packets in HEADS:
                write_head(path, packets, head)
                counts.append(instructions(self.command(head, "--workers", str(workers))))
        return None if None in counts else counts[1] - counts[0]

    def workers(self, name, path, flows):
        packets = count_packets(path)
        runs = {1: [], 2: []}
        for _ in range(self.rounds):
            for count, results in runs.items():
                result = run(self.command(path, "--workers", str(count), *room(flows)), quiet=False)
                if result is None:
                    raise SystemExit(1)
                results.append(result)
        cpu = {count: [each.cpu for each in results] for count, results in runs.items()}
        loads = [[each.threads[f"worker{i}"] for i in range(2)] for each in runs[2]]
        share = median([max(load) / max(sum(load), 1e-9) for load in loads])
        one, two = self.work(path, 1), self.work(path, 2)
        done = f"{two / one:.2f}" if one and two else "-"
        print(f"  {name:10}{median(cpu[1]) / packets * 1e9:>10.0f}"
              f"{median(cpu[2]) / packets * 1e9:>10.0f}{ratio(cpu[2], cpu[1]):>10.2f}"
              f"{f'{share * 100:.0f}/{100 - share * 100:.0f}':>10}{done:>14}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("what", choices=("memory", "flood", "curve", "workers"))
    parser.add_argument("values", nargs="+")
    args = parser.parse_args()
    bench = Bench(args.build, args.rounds, args.instructions)
    if args.what == "memory":
        bench.memory(int(args.values[0]))
    elif args.what == "flood":
        bench.flood(*map(int, args.values))
    elif args.what == "curve":
        bench.curve([int(value) for value in args.values])
    else:
        print(f"  {'':10}{'one: ns':>10}{'two: ns':>10}{'ratio':>10}{'shares':>10}"
              f"{'instructions':>14}")
        for value in args.values:
            bench.workers(*shape_of(value))


if __name__ == "__main__":
    main()
