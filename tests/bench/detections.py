#!/usr/bin/env python3
"""detections.py: are all mining sessions of a shape found, and nothing else, whatever the mode?

detections.py [--build DIR] SESSIONS FLOWS
detections.py [--build DIR] --capture FILE SESSIONS SHARES

Writes the shape miners and reads the alerts of every --classify with 1, 2 and 4 workers. A session
is found when its client and pool have an alert 1600001 (confirmed); anything about somebody who is
no miner is flagged wrongly. Exit status 1 when a session or a share is missing or something else is
flagged. Campaigns (1600030) of these miners are right: they share wallets.
"""

import argparse
import ipaddress
import json
import os
import subprocess
import sys
import tempfile

from runs import health, truth

MINERS = ipaddress.ip_network("172.16.0.0/12")
POOLS = ipaddress.ip_network("203.0.113.0/24")
CONFIRMED, LOGIN, CAMPAIGN = 1600001, 1600002, 1600030


def is_of_miner(alert):
    """True when an alert is about a miner at its pool."""
    about = ipaddress.ip_address(alert["src_ip"]) in MINERS
    if alert["alert"]["signature_id"] == CAMPAIGN:
        return about
    return about and ipaddress.ip_address(alert["dest_ip"]) in POOLS \
        and alert["alert"]["signature_id"] in (CONFIRMED, LOGIN)


def look(sensor, capture, classify, workers):
    """(confirmed sessions, alerts of others, counters) of one run."""
    argv = [sensor, "-r", capture, "--json", "-", "--log-level", "debug", "--classify", classify,
            "--workers", str(workers)]
    confirmed, others = set(), 0
    with tempfile.TemporaryFile() as log:
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log) as process:
            for line in process.stdout:
                if b'"event_type":"alert"' not in line:
                    continue
                alert = json.loads(line)
                if not is_of_miner(alert):
                    others += 1
                elif alert["alert"]["signature_id"] == CONFIRMED:
                    confirmed.add((alert["src_ip"], alert["src_port"], alert["dest_ip"]))
        log.seek(0)
        said = log.read().decode(errors="replace")
    if process.returncode != 0:
        raise SystemExit(f"failed: {' '.join(argv)}\n{said}")
    return confirmed, others, health(said)[1]


def check(build, capture, sessions, shares):
    """Prints a row for every mode; True when all are right."""
    right = True
    print(f"  {'':28}{'sessions':>16}{'shares':>18}{'others':>10}")
    for classify in "off", "candidates", "all":
        for workers in 1, 2, 4:
            confirmed, others, counters = look(os.path.join(build, "minecanary"), capture,
                                               classify, workers)
            counted = counters.get("shares", 0)
            print(f"  {f'classify {classify}, workers {workers}':28}"
                  f"{f'{len(confirmed)} of {sessions}':>16}{f'{counted} of {shares}':>18}"
                  f"{others:>10}", flush=True)
            right &= len(confirmed) == counters.get("sessions") == sessions
            right &= counted == shares and others == 0
    return right


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--capture", help="one that is there, with its truth instead of FLOWS")
    parser.add_argument("sessions", type=int)
    parser.add_argument("number", type=int, metavar="FLOWS|SHARES")
    args = parser.parse_args()
    if args.capture:
        sys.exit(not check(args.build, args.capture, args.sessions, args.number))
    with tempfile.TemporaryDirectory() as directory:
        capture = os.path.join(directory, "miners.pcap")
        said = subprocess.run([os.path.join(args.build, "bench/traffic"), "miners",
                               str(args.sessions), str(args.number), capture], check=True,
                              capture_output=True, text=True).stderr
        sys.exit(not check(args.build, capture, *truth(said)))


if __name__ == "__main__":
    main()
