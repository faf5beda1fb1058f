#!/usr/bin/env python3
"""Packets offered, received and dropped, live, at rising rates. Started by live.sh, as root, in a
network namespace where nothing else is.

The kernel hands a frame over in the sender's own time, so the sender has a core to itself as far as
there are two; the sensor has the others.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import time

SENDING, LISTENING = "mc-send", "mc-listen"
START_SECONDS = 20
SETTLE_SECONDS = 0.5
HEAD = ("workers", "rate asked", "offered/s", "offered", "received", "kernel drops", "our drops",
        "CPU ns/offered", "shares")
WIDTHS = (7, 10, 9, 9, 9, 12, 9, 14, 7)
OURS = ("batches_dropped", "flow_table_full", "records_dropped", "answers_dropped")


def ip(*words):
    """Runs the ip command."""
    subprocess.run(["ip", *words], check=True, capture_output=True)


def make_interfaces():
    """A pair of interfaces on which only we speak."""
    ip("link", "add", SENDING, "type", "veth", "peer", "name", LISTENING)
    for name in (SENDING, LISTENING):
        with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w", encoding="ascii") as file:
            file.write("1")
        ip("link", "set", name, "up")


def cores():
    """Of the sender, and of the sensor."""
    every = sorted(os.sched_getaffinity(0))
    return {every[-1]}, set(every[:-1]) or set(every)


def cpu_seconds(pid):
    """User and system time of a process so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        words = file.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def start_sensor(build, workers, options, affinity):
    """A sensor that listens."""
    process = subprocess.Popen(
        [f"{build}/minecanary", "-i", LISTENING, "--null", "--workers", str(workers), *options],
        stderr=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, affinity))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
            if "NoNewPrivs:\t1" in file.read():
                time.sleep(0.2)
                return process
        time.sleep(0.02)
    process.kill()
    raise RuntimeError(process.communicate()[1].decode())


def run_once(args, path, workers, rate):
    """One row."""
    for_sender, for_sensor = cores()
    sensor = start_sensor(args.build, workers, args.options, for_sensor)
    try:
        before = cpu_seconds(sensor.pid)
        sent = subprocess.run(
            [f"{args.build}/bench/replay", SENDING, path, str(rate), str(args.seconds)],
            check=True, capture_output=True, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, for_sender)).stdout.split()
        time.sleep(SETTLE_SECONDS)
        used = cpu_seconds(sensor.pid) - before
        sensor.send_signal(signal.SIGTERM)
        log = sensor.communicate(timeout=60)[1].decode()
    finally:
        sensor.kill()
    seen = {name: int(value) for name, value in re.findall(r"(\w+) (\d+)(?=,|\n)", log)}
    offered, seconds = int(sent[0]), float(sent[1])
    handled = seen.get("handled", 0)
    most = 100 * seen.get("handled_most", 0) / max(1, handled)
    least = 100 * seen.get("handled_least", 0) / max(1, handled)
    return (workers, rate or "max", f"{offered / seconds:.0f}", offered, seen.get("packets", 0),
            seen.get("kernel_dropped", 0), sum(seen.get(name, 0) for name in OURS),
            f"{used * 1e9 / max(1, offered):.0f}", f"{most:.0f}/{least:.0f}")


def show(values):
    """One line of the table."""
    print("  " + "  ".join(f"{value!s:>{width}}" for value, width in zip(values, WIDTHS)),
          flush=True)


def main():
    """Runs everything; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--rates", required=True)
    parser.add_argument("--workers", required=True)
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("shapes", nargs="+")
    at = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    args = parser.parse_args(sys.argv[1:at])
    args.options = sys.argv[at + 1:] or ["--classify", "off"]
    make_interfaces()
    for shape in args.shapes:
        name, _, path = shape.partition(":")
        print(f"{name}, live on a veth pair, {args.seconds} s each, {' '.join(args.options)}")
        show(HEAD)
        for workers in args.workers.split():
            for rate in args.rates.split():
                show(run_once(args, path, int(workers), int(rate)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
