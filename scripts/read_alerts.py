#!/usr/bin/env python3
"""Reads the alerts of sensors in a consumer group, each line once, also over its own death.

usage: read_alerts.py [options] URL SENSOR...      URL: unix:///path or redis://[user@]host[:port]

    --group NAME       readers of one group share the alerts (default siem)
    --consumer NAME    this reader (default HOST-PID)
    --idle MS          take over what another reader has held for so long (default 60000)
    --batch N          alerts at once (default 100)
    --prefix TEXT      of the keys (default minecanary)
    --once             end when nothing is left, else wait for more

Writes one EVE JSON line for each alert revision to standard output, and acknowledges a batch when
its lines have been written. What a reader held when it died is taken over (XAUTOCLAIM) by itself or
another, so that no alert is lost; lines of the batch in which it died may come twice, and are known
by `mining.alert_id` and `alert.rev`. The password comes from the environment (REDISCLI_AUTH).
One call for each sensor: in a cluster their streams are on different nodes.
"""
import argparse
import os
import socket
import sys
import time
from urllib.parse import unquote, urlsplit

WAIT_MS = 5000  # for new alerts
TIMEOUT_S = 30  # for a reply
CLAIM_EVERY_S = 15


class RedisError(Exception):
    """An error reply."""


class Redis:
    """The protocol (RESP2), as far as it is needed."""

    def __init__(self, url):
        parts = urlsplit(url)
        if parts.scheme == "unix":
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(TIMEOUT_S)
            self.socket.connect(unquote(parts.path))
        elif parts.scheme == "redis" and parts.hostname:
            self.socket = socket.create_connection((parts.hostname, parts.port or 6379), TIMEOUT_S)
        else:
            raise ValueError(f"{url}: neither unix:///path nor redis://host")
        self.file = self.socket.makefile("rb")
        if os.environ.get("REDISCLI_AUTH"):
            user = [unquote(parts.username)] if parts.username else []
            self("AUTH", *user, os.environ["REDISCLI_AUTH"])

    def __call__(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(
            b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
        return self.reply()

    def reply(self):
        """The next reply: bytes for strings, numbers, None, lists."""
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode("utf-8", "replace"))
        if kind == b"+":
            return rest
        number = int(rest)
        if kind == b":":
            return number
        if number < 0:
            return None
        if kind == b"$":
            return self.file.read(number + 2)[:-2]
        return [self.reply() for _ in range(number)]


class Reader:
    """One stream, read by one member of a group."""

    def __init__(self, redis, options, sensor):
        self.redis = redis
        self.options = options
        self.key = f"{options.prefix}:{{{sensor}}}:alert"
        self.claimed = self.gone = 0
        try:
            # From the beginning: alerts from before the first reader count.
            redis("XGROUP", "CREATE", self.key, options.group, "0", "MKSTREAM")
        except RedisError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    def take_over(self):
        """Handles what this or another reader held when it died."""
        start = b"0-0"
        while True:
            start, entries, *gone = self.redis(
                "XAUTOCLAIM", self.key, self.options.group, self.options.consumer,
                self.options.idle, start, "COUNT", self.options.batch)
            # Trimmed from the stream before anybody wrote them; Redis 7 says which.
            self.gone += len(gone[0]) if gone else 0
            self.claimed += self.handle(entries)
            if start == b"0-0":
                return

    def read(self, start, wait_ms=None):
        """Handles a batch: new alerts for ">", from an id on those that are ours already. Returns
        the last id, None when there was nothing."""
        wait = [] if wait_ms is None else ["BLOCK", wait_ms]
        found = self.redis("XREADGROUP", "GROUP", self.options.group, self.options.consumer,
                           "COUNT", self.options.batch, *wait, "STREAMS", self.key, start)
        entries = found[0][1] if found else []
        self.handle(entries)
        return entries[-1][0] if entries else None

    def handle(self, entries):
        """Writes the lines of a batch, then acknowledges it. Returns how many."""
        done = []
        for name, fields in entries:
            done.append(name)
            if fields is None:  # trimmed while it was held
                self.gone += 1
                continue
            row = dict(zip(fields[::2], fields[1::2]))
            sys.stdout.buffer.write(row[b"eve"] + b"\n")
        sys.stdout.buffer.flush()  # before the acknowledgement, or a death between loses them
        if done:
            self.redis("XACK", self.key, self.options.group, *done)
        return len(done)

    def resume(self):
        """What this consumer, by its name, held when it died: no need to wait until it is idle."""
        at = b"0-0"
        while at is not None:
            at = self.read(at)


def run(readers, options):
    """Reads until there is nothing left, or for ever."""
    for reader in readers:
        reader.resume()
    claim_at = 0.0
    while True:
        if time.monotonic() >= claim_at:
            for reader in readers:
                reader.take_over()
            claim_at = time.monotonic() + CLAIM_EVERY_S
        wait_ms = None if options.once else WAIT_MS // len(readers)
        found = [reader.read(">", wait_ms) for reader in readers]
        if options.once and not any(found):
            return


def main():
    """Reads; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--group", default="siem")
    parser.add_argument("--consumer", default=f"{socket.gethostname()}-{os.getpid()}")
    parser.add_argument("--idle", type=int, default=60000)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--prefix", default="minecanary")
    parser.add_argument("--once", action="store_true")
    parser.add_argument("url")
    parser.add_argument("sensors", nargs="+")
    options = parser.parse_args()
    readers = []
    try:
        redis = Redis(options.url)
        readers += [Reader(redis, options, sensor) for sensor in options.sensors]
        run(readers, options)
    except KeyboardInterrupt:
        pass
    except (OSError, ValueError, RedisError) as error:
        sys.exit(f"read_alerts: {error}")
    claimed, gone = (sum(getattr(reader, name) for reader in readers)
                     for name in ("claimed", "gone"))
    print(f"read_alerts: {claimed} taken over, {gone} trimmed before they were read",
          file=sys.stderr)
    return 3 if gone else 0


if __name__ == "__main__":
    sys.exit(main())
