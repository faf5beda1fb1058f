#!/usr/bin/env python3
"""delivery.py: what a flow record costs on its way into Redis.

usage: delivery.py [--build DIR] [--rounds N] FILE

Replays a capture into a redis-server of our own on a unix socket, on the same machine. CPU of the
publisher is what the sensor tells of its thread at its end; that of Redis is its main thread's.
Records a second are those of the whole run, start and end included, with both on these cores.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "redis")]

from kit.sensor import counters  # noqa: E402
from resp import Server  # noqa: E402

SENSOR = "bench"
FLOWS = f"minecanary:{{{SENSOR}}}:flow"


def info(redis, section):
    """A section of INFO as a dictionary."""
    lines = redis("INFO", section).splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def redis_cpu(redis):
    """CPU seconds of the server's main thread."""
    cpu = info(redis, "cpu")
    return float(cpu["used_cpu_user_main_thread"]) + float(cpu["used_cpu_sys_main_thread"])


def replay(sensor, path, url):
    """Runs the sensor to its end; its counters and the seconds it took."""
    command = [str(sensor), "-r", str(path), "--redis", url, "--sensor-id", SENSOR, "--classify",
               "off", "--log-level", "debug"]
    begin = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    took = time.monotonic() - begin
    text = done.stderr.decode("utf-8", "replace")
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}: {text[-2000:]}")
    return counters(text), took


def one_round(sensor, path):
    """Figures of one run against a fresh server."""
    with Server() as server:
        redis = server.client()
        memory = int(info(redis, "memory")["used_memory"])
        cpu = redis_cpu(redis)
        told, took = replay(sensor, path, server.url)
        records = redis("XLEN", FLOWS)
        if records != told["flow_records"] or records == 0:
            raise RuntimeError(f"{records} records in Redis, {told['flow_records']} made")
        return {
            "records": records,
            "publisher": told["cpu_publisher_ms"] * 1000 / records,
            "redis": (redis_cpu(redis) - cpu) * 1e6 / records,
            "rate": records / took,
            "bytes": (int(info(redis, "memory")["used_memory"]) - memory) / records,
        }


def main():
    """Prints the figures; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build", type=Path)
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    rounds = [one_round(options.build / "minecanary", options.file)
              for _ in range(options.rounds)]
    print(f"delivery: {rounds[0]['records']} flow records into one Redis, {len(rounds)} rounds")
    print(f"  {'':34} {'median':>9} {'best':>9}")
    for name, text, best, digits in (
            ("publisher", "publisher's CPU, us per record", min, 2),
            ("redis", "Redis's CPU, us per record", min, 2),
            ("rate", "records per second", max, 0),
            ("bytes", "bytes per record in Redis", min, 0)):
        values = [each[name] for each in rounds]
        print(f"  {text:34} {statistics.median(values):9.{digits}f} {best(values):9.{digits}f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
