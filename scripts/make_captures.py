#!/usr/bin/env python3
"""Writes every capture under pcaps/, byte for byte the same each time.

python3 scripts/make_captures.py           writes all of them, with their truth and README files
python3 scripts/make_captures.py --check   compares with what is there; exit 1 on a difference
"""

import argparse
import json
import sys
from pathlib import Path
from random import Random

import coin_shadow
import coin_shadow_trail
from capturekit import pcapfile
from captures import (carried, carriers, cryptonote, ethproxy, look_alikes, names, pools, sessions,
                      stratum_v1, streams)

OUT = Path(__file__).resolve().parent.parent / "pcaps"
MODULES = {
    "stratum-v1": stratum_v1, "cryptonote": cryptonote, "ethproxy": ethproxy, "tunnels": carriers,
    "streams": streams, "look-alikes": look_alikes, "dialects": sessions, "carriers": carried,
    "names": names, "pools": pools}
COIN_SHADOW = """# coin-shadow

Twenty miners of one VPC on 2026-03-05, 09:58 to 10:38 UTC, written by `scripts/coin_shadow.py`
from `scripts/coin_shadow.plan`. All addresses, names and wallets are invented.

| file | content |
| --- | --- |
| `inside.pcap` | AWS traffic mirroring, VNI 4097: downloads, mining sessions, everyday traffic |
| `after-nat.pcap` | the miners' connections behind the NAT gateway, from 198.51.100.40 |
| `truth.json` | sessions, totals per miner, benign hosts, every flow of both captures |
| `cloudtrail/` | what the cloud recorded: see its README; written by `scripts/coin_shadow_trail.py` |
"""

INDEX = """# Captures

Everything here but `nat` is written by `python3 scripts/make_captures.py` and can be written again,
byte for byte; `--check` compares. Each folder's README has a line on every capture.

| folder | content |
| --- | --- |
| `coin-shadow` | the whole scenario: twenty miners among everyday traffic |
| `coin-shadow/cloudtrail` | its other half: eight days of CloudTrail, flow logs and findings for all 140 instances, one key, eight regions (`scripts/coin_shadow_trail.py`) |
| `stratum-v1`, `cryptonote`, `ethproxy` | the dialects, as several miners speak them |
| `dialects` | every other dialect, one session each |
| `carriers` | sessions in proxies, WebSocket and HTTP bodies |
| `tunnels` | one session in every encapsulation |
| `streams` | one session under everything that TCP and networks do |
| `pools` | what recordings of real networks bring: odd ports, probing miners, short packets |
| `names` | pools, hostile infrastructure and keys as DNS, TLS, HTTP and proxies name them |
| `nat` | a real NAT, recorded on both of its sides |
| `look-alikes` | traffic with the words of mining that is none: nothing must be found |

`NAME.truth.json` holds `sessions`, each with `client` and `server` (address, port), `dialect`,
`wallet`, `worker`, `agent`, `algo`, `pool`, `shares` (submitted = accepted + rejected + stale +
unanswered; repetitions by TCP count once), `work` (expected hashes of the accepted shares), the
window from the first job to the flow's last packet (microseconds since 1970), and `hashrate` =
work / window in H/s. `contacts` are alerts without a session: `client`, `sid` and the `name` that
they are about. With `suspicions` a flow without a session may be called suspect. Those of
`dialects` and `carriers` also say the `level`, the `units` in which the rate may be named (with
their factors), and what else the messages make `known`.
"""


def readme(folder, module):
    """The README of one folder: origin and content of each capture."""
    lines = [f"# {folder}", "", (module.__doc__ or "").strip(), "",
             f"Written by `scripts/make_captures.py` (`scripts/captures/{module_file(module)}`). "
             "All addresses, names", "and wallets are invented. `NAME.truth.json` beside a capture "
             "says what must be found in it.", "", "| capture | content |", "| --- | --- |"]
    lines += [f"| `{entry.name.partition('/')[2]}.pcap` | {entry.about} |"
              for entry in module.ENTRIES]
    return "\n".join(lines) + "\n"


def module_file(module):
    """The file name of a module."""
    return Path(module.__file__).name


def everything():
    """All files of the collection: (path below pcaps/, bytes)."""
    for name, data in coin_shadow.generate(coin_shadow.Plan(coin_shadow.PLAN)).items():
        yield f"coin-shadow/{name}", data
    cloud = coin_shadow_trail.generate(coin_shadow_trail.Plan(coin_shadow_trail.PLAN))
    for name, data in cloud.items():
        yield f"coin-shadow/cloudtrail/{name}", data
    yield "coin-shadow/README.md", COIN_SHADOW.encode()
    yield "README.md", INDEX.encode()
    for folder, module in MODULES.items():
        yield f"{folder}/README.md", readme(folder, module).encode()
        for entry in module.ENTRIES:
            built = entry.build(Random(folder))
            yield f"{entry.name}.pcap", pcapfile.to_bytes(built.capture())
            truth = json.dumps(built.truth, indent=1) + "\n"
            yield f"{entry.name}.truth.json", truth.encode()


def main():
    """Writes or compares; returns the exit code."""
    parser = argparse.ArgumentParser(description="Writes every capture under pcaps/.")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the collection")
    options = parser.parse_args()
    different = 0
    for name, data in everything():
        path = options.out / name
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        elif not coin_shadow_trail.same(path, data):
            print(f"{path}: not what scripts/make_captures.py writes", file=sys.stderr)
            different += 1
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
