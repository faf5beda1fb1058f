"""runs.py: one run of a program: its CPU, its peak, and what a sensor said at its end.

CPU is user plus system time of the process; ratios are medians of the ratios within a round, because
what the machine does meanwhile meets all programs of a round.
"""

import argparse
import dataclasses
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

SENSOR = ["--null", "--log-level", "debug"]  # what a measured sensor is always told
FLOWS_DEFAULT = 262144


@dataclasses.dataclass
class Run:
    """What one run cost and said."""

    cpu: float  # seconds
    peak: float  # MiB; never less than what Python itself takes
    threads: dict  # of a sensor: name -> seconds
    counters: dict  # of a sensor: name -> number
    said: str  # on standard error


def run(argv, quiet=True, stdin=subprocess.DEVNULL):
    """One run; None when it fails."""
    with tempfile.TemporaryFile() as log:
        with subprocess.Popen(argv, stdin=stdin, stdout=subprocess.DEVNULL, stderr=log) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        said = log.read().decode(errors="replace")
    if process.returncode != 0:
        if not quiet:
            print(f"  failed: {' '.join(argv)}\n{said[-400:]}")
        return None
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, *health(said), said)


def health(text):
    """CPU by thread and the other counters of the last health lines (--log-level debug)."""
    pairs = {}
    for line in text.splitlines():
        if " health: " in line:
            pairs.update(re.findall(r"(\w+) (\d+)", line.partition(" health: ")[2]))
    numbers = {name: int(value) for name, value in pairs.items()}
    threads = {name[4:-3]: value / 1000 for name, value in numbers.items()
               if re.fullmatch(r"cpu_\w+_ms", name)}
    return threads, numbers


def piped(producer, argv):
    """One run of argv with what producer writes as its input: (Run, or None when one of the two
    failed, producer's stderr)."""
    with subprocess.Popen(producer, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as source:
        result = run(argv, quiet=False, stdin=source.stdout)
        source.stdout.close()
        said = source.stderr.read().decode()
    return result if source.returncode == 0 else None, said


def truth(said):
    """What the traffic writer says a sensor must find: sessions and accepted shares."""
    match = re.search(r"(\d+) sessions, (\d+) shares", said)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def ratio(above, below):
    """Median of the ratios of what was measured in the same rounds."""
    pairs = [(a, b) for a, b in zip(above, below) if a is not None and b]
    return statistics.median(a / b for a, b in pairs) if pairs else float("nan")


def median(values):
    """Median of what is there."""
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else float("nan")


def count_packets(path):
    """Packets of a pcap file with microseconds in native order, as traffic writes it."""
    packets = 0
    with open(path, "rb") as file:
        file.read(24)
        while len(header := file.read(16)) == 16:
            file.seek(int.from_bytes(header[8:12], sys.byteorder), os.SEEK_CUR)
            packets += 1
    return packets


def write_head(path, packets, out):
    """The first packets of such a file, as a file."""
    with open(path, "rb") as file, open(out, "wb") as head:
        head.write(file.read(24))
        for _ in range(packets):
            header = file.read(16)
            head.write(header + file.read(int.from_bytes(header[8:12], sys.byteorder)))


def instructions(argv):
    """Instructions of all threads, as valgrind counts them; they do not depend on what else the
    machine does. None without valgrind."""
    if shutil.which("valgrind") is None:
        return None
    result = run(["valgrind", "--tool=cachegrind", "--cache-sim=no",
                  f"--cachegrind-out-file={os.devnull}", *argv], quiet=False)
    refs = re.search(r"I +refs: +([\d,]+)", result.said) if result else None
    return int(refs[1].replace(",", "")) if refs else None


def room(flows):
    """The option for a table with room for these flows."""
    return ["--flows", str(max(FLOWS_DEFAULT, flows * 5 // 4))]


def shape_of(text):
    """NAME:FILE:FLOWS of a command line."""
    name, path, flows = text.split(":")
    return name, path, int(flows)


def measure_shapes(doc, rounds, measure):
    """The main function of a benchmark: measure(shape, path, flows, build, rounds) for each shape
    of its command line. Returns the exit code: 1 when measure() says that a program failed."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--build", default="build")
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("shapes", nargs="+", metavar="NAME:FILE:FLOWS", type=shape_of)
    args = parser.parse_args()
    return 0 if all([measure(*shape, args.build, args.rounds) for shape in args.shapes]) else 1
