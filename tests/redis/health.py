#!/usr/bin/env python3
"""The sensor's own numbers: the page for Prometheus, SIGUSR1, and the end.

usage: health.py --binary FILE

A replay from standard input, held open, is scraped while it lives; the page is read by a strict
parser (kit/prometheus.py), and by promtool where that is installed. As root also a live sensor.
"""

import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "scripts")]

from capturekit import pcapfile  # noqa: E402
from kit import prometheus, suite  # noqa: E402
from kit.sensor import ROOT, environment, run  # noqa: E402
from kit.tap import differ  # noqa: E402
from resp import Server  # noqa: E402

CONFIG = "tests/golden/config/coin-shadow.yaml"
CAPTURE = ROOT / "pcaps/coin-shadow/inside.pcap"
SENSOR = "health"
SECONDS = 60  # for what must happen at last
# The threads' times are the last of its numbers, in the order in which they began.
LAST = {f"cpu_{thread}_ms" for thread in ("reader", "publisher", "inquirer", "correlator")}
CONNECTIONS = 8  # at once


def free_port(first=0):
    """A port of the loopback that nobody listens on; first: not above it, for root."""
    for port in range(first, first - 300, -1) if first else (0,):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return probe.getsockname()[1]
    raise OSError("no port is free")


def eventually(what, look):
    """Problems unless look() gets true."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if look():
            return []
        time.sleep(0.05)
    return [f"never: {what}"]


def request(port, path="/metrics", method="GET", body=None):
    """(status, content type, text) of a request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read().decode("utf-8")
    finally:
        connection.close()


class Sensor:
    """A sensor that lives until it is told otherwise."""

    def __init__(self, binary, port, *options):
        self.port = port
        self.process = subprocess.Popen(
            [str(binary), "--metrics", f"127.0.0.1:{port}", *map(str, options)], cwd=ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=environment())
        self.log = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.stdin.close()
        self.process.stderr.close()
        self.process.wait()

    def metrics(self):
        """The page, parsed; {} while there is none."""
        try:
            return prometheus.parse(request(self.port)[2])
        except ConnectionError:
            return {}

    def value(self, name):
        """One number of the page, or None."""
        found = self.metrics().get(f"minecanary_{name}")
        return found.value if found is not None else None

    def said(self, count):
        """So many more lines of its log, or those until its end."""
        lines = []
        while len(lines) < count and (line := self.process.stderr.readline()):
            lines.append(line.decode("utf-8").rstrip("\n"))
        return lines

    def finish(self):
        """(exit code, what it still said)."""
        self.process.stdin.close()
        rest = self.process.stderr.read().decode("utf-8")
        return self.process.wait(SECONDS), rest


def pairs(lines):
    """Names and numbers of health lines."""
    return {name: int(value) for line in lines
            for name, value in re.findall(r"(\w+) (\d+)(?:, |$)", line.partition("health: ")[2])}


class Replay:
    """Tests on a replay that is held open at the end of its capture."""

    def __init__(self, sensor, server):
        self.sensor = sensor
        self.server = server
        self.redis = server.client()
        self.packets = len(pcapfile.read(CAPTURE).packets)

    def begin(self):
        """Problems: the whole capture is read, and what it says has come to Redis."""
        self.sensor.process.stdin.write(CAPTURE.read_bytes())
        self.sensor.process.stdin.flush()
        problems = eventually("all packets are read", lambda: self.sensor.value("packets_total")
                              == self.packets)
        return problems + eventually("Redis has all of them", lambda: all(
            self.sensor.value(name) == 0 for name in ("redis_queued", "decisions_waiting_bytes",
                                                      "facts_waiting_bytes")))

    def page(self):
        """Problems: the page is in the format, holds to the conventions, and has all there is."""
        status, kind, text = request(self.sensor.port)
        problems = differ("status", (status, kind),
                          (200, "text/plain; version=0.0.4; charset=utf-8"))
        families = prometheus.parse(text)
        problems += prometheus.lint(families)
        columns = [name for name, _ in self.redis.stream(f"minecanary:{{{SENSOR}}}:stats")[0][1]]
        for column in columns:
            names = (f"minecanary_{column}_total", f"minecanary_{column}",
                     f"minecanary_{column.removesuffix('_ms')}_seconds",
                     f"minecanary_{column.removesuffix('_ms')}_seconds_total")
            problems += differ(f"metrics for {column}", sum(name in families for name in names), 1)
        problems += differ("columns", len(columns) > 60, True)
        for name in ("flows", "sessions", "alerts", "redis_commands"):
            value = families[f"minecanary_{name}_total"].value
            problems += [] if value > 0 else [f"{name} is {value}"]
        problems += differ("ring", families["minecanary_facts_ring_bytes"].value, float(8 << 20))
        info, = families["minecanary_build_info"].samples
        return problems + differ("sensor", f'sensor="{SENSOR}"' in info, True)

    def alerts(self):
        """Problems: alerts by signature are those of the stream."""
        def stored():
            counts = {}
            for _, fields in self.redis.stream(f"minecanary:{{{SENSOR}}}:alert"):
                sid = dict(fields)["sid"]
                counts[sid] = counts.get(sid, 0) + 1
            return counts

        def told():
            samples = self.sensor.metrics()["minecanary_alerts_published_total"].samples
            return {re.search(r'sid="(\d+)"', labels)[1]: int(value)
                    for labels, value in samples.items() if value}

        problems = eventually("the same alerts", lambda: stored() == told())
        return problems + differ("signatures", {"1600001", "1600002"} <= set(told()), True)

    def hung(self):
        """Problems: a Redis that does not answer shows while it does not, and is forgotten after."""
        self.server.process.send_signal(signal.SIGSTOP)
        try:  # there is something to send at least every 5 s: the sensor's id is renewed
            problems = eventually("a queue", lambda: self.sensor.value("redis_queued"))
            problems += eventually("a latency that grows", lambda: self.sensor.value(
                "redis_latency_seconds") > 1)
        finally:
            self.server.process.send_signal(signal.SIGCONT)
        problems += eventually("no queue", lambda: self.sensor.value("redis_queued") == 0)
        return problems + eventually("a small latency", lambda: self.sensor.value(
            "redis_latency_seconds") < 1)

    def promtool(self):
        """Problems of promtool."""
        done = subprocess.run(["promtool", "check", "metrics"], input=request(self.sensor.port)[2],
                              capture_output=True, text=True, timeout=SECONDS, check=False)
        return differ("promtool", (done.returncode, done.stdout + done.stderr), (0, ""))

    def other_requests(self):
        """Problems: nothing else is served."""
        port = self.sensor.port
        head = request(port, method="HEAD")
        problems = differ("HEAD", (head[0], head[2]), (200, ""))
        for path in ("/", "/metrics/", "/../etc/passwd", "/" + "a" * 5000):
            problems += differ(path[:20], request(port, path)[0], 404)
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            with contextlib.suppress(ConnectionError):  # it may hang up on the body
                problems += differ(method, request(port, method=method, body="a" * 100)[0], 405)
        return problems

    def hostile(self):
        """Problems: what is no request ends its connection, not the sensor."""
        for sent in (b"\x00" * 4096, b"GET /metrics HTTP/1.1\r\n" + b"a: b\r\n" * 20000 + b"\r\n",
                     b"GET " + b"/" * 100000, b"\r\n" * 50000):
            with socket.create_connection(("127.0.0.1", self.sensor.port), SECONDS) as raw:
                with contextlib.suppress(OSError):  # it may be reset at any step
                    raw.sendall(sent)
                    raw.shutdown(socket.SHUT_WR)
                    while raw.recv(65536):
                        pass
        return differ("after that", request(self.sensor.port)[0], 200)

    def bounded(self):
        """Problems: idle connections are few, and do not stay."""
        address = ("127.0.0.1", self.sensor.port)
        with contextlib.ExitStack() as stack:
            idle = [stack.enter_context(socket.create_connection(address, SECONDS))
                    for _ in range(CONNECTIONS)]
            # One more waits for room: it is served when the others' time is over.
            problems = differ("one more", request(self.sensor.port)[0], 200)
            for one in idle:
                with contextlib.suppress(ConnectionError):
                    problems += differ("an idle one", one.recv(100), b"")
        return problems + differ("afterwards", request(self.sensor.port)[0], 200)

    def signal(self):
        """Problems: on SIGUSR1 the log has the page's numbers, as often as it is asked."""
        problems = []
        for _ in range(3):
            self.sensor.process.send_signal(signal.SIGUSR1)
            lines = self.sensor.said(1)
            numbers = pairs(lines)
            while not LAST <= numbers.keys() and self.sensor.process.poll() is None:
                more = self.sensor.said(1)
                lines += more
                numbers.update(pairs(more))
            problems += [f"not of health: {line}" for line in lines
                         if not line.startswith("minecanary: info: health: ")]
            problems += [f"{len(line)} characters" for line in lines if len(line) > 200]
            page = self.sensor.metrics()
            for name in ("packets", "flows", "sessions", "alerts"):
                problems += differ(name, numbers.get(name),
                                   int(page[f"minecanary_{name}_total"].value))
        return problems

    def end(self):
        """Problems: it ends as if nobody had looked, and says nothing more."""
        return differ("end", self.sensor.finish(), (0, ""))


def refused(binary):
    """Problems: a place where it cannot listen, and what is no place."""
    problems = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run(binary, "-r", CAPTURE, "--null", "--metrics", where)
        problems += done.problems(1) + differ("says where", where in done.err, True)
    for where in ("localhost:9100", "0", "65536", "127.0.0.1", "::1:9100", "[::1]", ":9100", "-1"):
        done = run(binary, "-r", CAPTURE, "--null", f"--metrics={where}")
        problems += done.problems(1) + differ(where, "metrics" in done.err, True)
    return problems


def quiet(binary):
    """Problems: a replay says how it went at the debug level alone."""
    done = run(binary, "-c", CONFIG, "-r", CAPTURE, "--null")
    problems = done.problems() + differ("at info", done.err, "")
    done = run(binary, "-c", CONFIG, "-r", CAPTURE, "--null", "--log-level", "debug")
    packets = pairs(done.err.splitlines()).get("packets")
    return problems + done.problems() + differ("at debug", packets,
                                               len(pcapfile.read(CAPTURE).packets))


def live(binary):
    """Problems: a live sensor listens where only root may, as nobody; its lag is small beside the
    epoch; its end says the numbers."""
    with Sensor(binary, free_port(1023), "-i", "lo", "--null", "--classify", "off") as sensor:
        problems = eventually("it is served", lambda: sensor.value("packets_total"))
        problems += eventually("a lag", lambda: 0 < sensor.value("lag_seconds") < 3600)
        uid = Path(f"/proc/{sensor.process.pid}/status").read_text(encoding="ascii")
        problems += differ("root", re.search(r"^Uid:\s+0\b", uid, re.MULTILINE), None)
        sensor.process.send_signal(signal.SIGTERM)
        code, rest = sensor.finish()
        problems += differ("exit code", (code, rest), (0, rest))
        return problems + ([] if pairs(rest.splitlines()).get("packets") else [rest])


def open_scrape(binary):
    """Problems: an open connection does not hold up the end."""
    with Sensor(binary, free_port(), "-r", "-", "--null") as sensor:
        sensor.process.stdin.write(CAPTURE.read_bytes())
        sensor.process.stdin.flush()
        problems = eventually("it is served", lambda: sensor.value("packets_total"))
        with socket.create_connection(("127.0.0.1", sensor.port), SECONDS) as raw:
            raw.sendall(b"GET /metrics HTTP/1.1\r\n")
            code, rest = sensor.finish()
        return problems + differ("exit code", (code, rest), (0, rest))


def checks(tap, binary, server):
    """All tests."""
    with Sensor(binary, free_port(), "-c", CONFIG, "-r", "-", "--sensor-id", SENSOR, "--redis",
                server.url) as sensor:
        replay = Replay(sensor, server)
        if tap.check("scraped while it replays", replay.begin()):
            tap.check("the page", replay.page())
            tap.check("alerts by signature", replay.alerts())
            tap.check("a Redis that hangs", replay.hung())
            if shutil.which("promtool"):
                tap.check("promtool", replay.promtool())
            else:
                print("# no promtool: kit/prometheus.py alone has read the page")
            tap.check("nothing else is served", replay.other_requests())
            tap.check("hostile requests", replay.hostile())
            tap.check("connections are bounded", replay.bounded())
            tap.check("SIGUSR1", replay.signal())
            tap.check("its end", replay.end())
    tap.check("an open connection does not hold up the end", open_scrape(binary))
    tap.check("places that cannot be", refused(binary))
    tap.check("a replay's end is quiet", quiet(binary))
    if os.geteuid() == 0:
        tap.check("live, without privileges", live(binary))
    else:
        print("# live, without privileges: needs root, not tested")


def test(tap, binary):
    """All tests, with a server of their own."""
    with Server() as server:
        checks(tap, binary, server)


if __name__ == "__main__":
    sys.exit(suite.main("health", test))
