#!/usr/bin/env python3
"""Measures how fast minecanary-trail reads, and how much memory it takes.

usage: throughput.py --binary FILE [--records N]

Writes N records (default 1000000) of mixed calls and a quarter of them, reads both, and prints CPU
seconds, records per second and the largest resident size. Fails when a record is lost, when
something is raised, or when four times the history takes more than half as much memory again. What
ended four days ago is forgotten here, so that what is alive stays the same. Speed is printed, not judged.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE.parent)]

from kit.tap import Tap  # noqa: E402

GROWTH = 1.5


def measure(binary, records):
    """(problems, kilobytes): one run over so many records."""
    work = Path(tempfile.mkdtemp(prefix="minecanary-records-"))
    try:
        subprocess.run([sys.executable, ROOT / "scripts" / "trail_writer.py", "--records",
                        str(records), "--out", work / "trail"], check=True)
        with open(work / "out", "wb") as out:
            process = subprocess.Popen([binary, "--set", "retention=4d", work / "trail"],
                                       stdout=out, stderr=out)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        said = (work / "out").read_text(encoding="utf-8")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    seconds = usage.ru_utime + usage.ru_stime
    print(f"# {records} records: {seconds:.2f} s of CPU, {records / seconds:.0f} records/s, "
          f"{usage.ru_maxrss} kB", flush=True)
    problems = [f"exit code {process.returncode}"] if process.returncode else []
    return problems + ([f"it says: {said}"] if said else []), usage.ru_maxrss


def main():
    """Measures both; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--records", type=int, default=1_000_000)
    options = parser.parse_args()
    tap = Tap("throughput")
    binary = options.binary.resolve()
    problems, small = measure(binary, options.records // 4)
    tap.check("a quarter of the records", problems)
    problems, large = measure(binary, options.records)
    tap.check("all of them", problems)
    tap.check("memory follows what is alive", [] if large <= GROWTH * small else
              [f"{small} kB, then {large} kB"])
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
