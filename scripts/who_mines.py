#!/usr/bin/env python3
"""Asks Redis who mines for whom, the way a dashboard would, and prints a table.

usage: who_mines.py SOCKET SENSOR [PREFIX]

Starts from the sorted set of hosts, never from KEYS or SCAN. Needs redis-cli.
"""
import ipaddress
import subprocess
import sys

COLUMNS = ("HOST", "WORKER", "POOL", "AGENT", "ACCEPTED", "REJECTED", "HASH RATE", "SINCE")


def printable(text):
    """Text from the wire must not reach the terminal as control bytes."""
    return "".join(c if c.isprintable() else "?" for c in text)


class Redis:
    """The few commands needed, through redis-cli."""

    def __init__(self, socket):
        self.base = ["redis-cli", "-s", socket]

    def lines(self, *words):
        done = subprocess.run(self.base + list(words), check=True, capture_output=True, text=True)
        return done.stdout.rstrip("\n").split("\n") if done.stdout.strip() else []

    def hash(self, key):
        lines = self.lines("HGETALL", key)
        return dict(zip(lines[::2], lines[1::2]))


def rate_text(rate):
    """H/s with a prefix, two decimals."""
    for unit in ("H/s", "kH/s", "MH/s", "GH/s", "TH/s"):
        if rate < 1000:
            return f"{rate:.2f} {unit}"
        rate /= 1000
    return f"{rate:.2f} PH/s"


def row_of(address, state, begin, sensor):
    def own(field):
        return state.get(f"{field}@{sensor}", "0")

    return (address, state.get("worker", ""), state.get("pool", ""), state.get("agent", "").split(" ")[0],
            own("accepted"), str(int(own("rejected")) + int(own("stale"))),
            rate_text(float(own("hashrate"))), begin[:19].replace("T", " "))


def begin_of(redis, prefix, state):
    """When a host's session began; the host itself may be known for longer, for what it fetched."""
    return redis.hash(f"{prefix}:session:{state['session']}").get("first_seen", "")


def print_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    redis, sensor = Redis(sys.argv[1]), sys.argv[2]
    prefix = sys.argv[3] if len(sys.argv) == 4 else "minecanary"
    groups = {}
    for host in redis.lines("ZREVRANGE", f"{prefix}:hosts", "0", "-1"):
        state = redis.hash(f"{prefix}:host:{host}")
        scope, _, address = host.rpartition("/")
        if "session" not in state:
            continue  # known for an alert of another kind only
        groups.setdefault((state.get("wallet_hash", ""), scope), []).append((address, state))
    if not groups:
        sys.exit("no miner in Redis")
    for (wallet_hash, scope), hosts in groups.items():
        wallet = redis.hash(f"{prefix}:wallet:{wallet_hash}")
        total = sum(float(state.get(f"hashrate@{sensor}", 0)) for _, state in hosts)
        print(f"wallet {printable(wallet.get('wallet', '(none)'))} "
              f"({wallet.get('coin', '?')}, {wallet.get('check', '')}): "
              f"{len(hosts)} hosts in {scope}, {rate_text(total)}")
        hosts.sort(key=lambda host: ipaddress.ip_address(host[0]))
        rows = [row_of(address, state, begin_of(redis, prefix, state), sensor)
                for address, state in hosts]
        print_table([COLUMNS] + [tuple(printable(cell) for cell in row) for row in rows])
        print()
    alerts = redis.lines("ZCARD", f"{prefix}:alerts")[0]
    flows = redis.lines("XLEN", f"{prefix}:{{{sensor}}}:flow")[0]
    print(f"{alerts} alerts, {flows} flow records.")


if __name__ == "__main__":
    main()
