#!/usr/bin/env python3
"""peers.py: what others cost on the same captures, as a factor of this sensor's cost.

Those that are installed: ndpiReader (libndpi-bin), softflowd, argus (argus-server), nfpcapd
(nfdump), tshark (the first 300000 packets only). The sensor labels candidates and renders every
event (--null); a peer keeps its flows, is told of enough room, and writes as little as it can.
"""

import os
import shutil
import sys
import tempfile

from runs import SENSOR, count_packets, measure_shapes, median, ratio, room, run

TSHARK_PACKETS = 300000


def peers(path, directory):
    """Name and command of those that are there."""
    commands = {
        "ndpiReader": ["-q", "-i", path],
        "softflowd": ["-r", path, "-m", "2000000"],
        "argus": ["-X", "-r", path, "-w", "/dev/null"],
        "nfpcapd": ["-r", path, "-w", directory],
        "tshark": ["-r", path, "-c", str(TSHARK_PACKETS), "-q", "-z", "io,phs"],
    }
    for name, options in commands.items():
        program = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
        if program is not None:
            yield name, [program, *options]


def measure(shape, path, flows, build, rounds):
    """Measures everybody on one shape; whether our own runs did not fail."""
    packets = count_packets(path)
    sensor = [os.path.join(build, "minecanary"), "-r", path, "--classify", "candidates", *SENSOR,
              *room(flows)]
    with tempfile.TemporaryDirectory() as directory:
        todo = {"this sensor": sensor, **dict(peers(path, directory))}
        runs = {name: [] for name in todo}
        for _ in range(rounds):
            for name, argv in todo.items():
                runs[name].append(run(argv, quiet=False))
    print(f"\n{shape}: {packets} packets, {rounds} rounds")
    print(f"  {'':28}{'ns/packet':>10}{'factor':>10}{'peak MiB':>10}")
    ours = [result and result.cpu / packets for result in runs["this sensor"]]
    for name, results in runs.items():
        if not any(results):
            print(f"  {name:28}{'failed':>10}")
            continue
        seen = min(packets, TSHARK_PACKETS) if name == "tshark" else packets
        cost = [result and result.cpu / seen for result in results]
        peak = max(result.peak for result in results if result)
        print(f"  {name:28}{median(cost) * 1e9:10.1f}{ratio(cost, ours):10.1f}{peak:10.0f}")
    return None not in ours


if __name__ == "__main__":
    sys.exit(measure_shapes(__doc__, 1, measure))
