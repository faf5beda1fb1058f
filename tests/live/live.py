#!/usr/bin/env python3
"""Runs the sensor on a live interface and plays a capture to it. Started by run.sh, as root, in a
network namespace where nothing else is.

The capture is played faster than it was taken, but so that the miner's login, the pool's job and
the end are seconds apart: what must happen while it plays can be told from what happens at its end.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "redis"), str(HERE.parents[1] / "scripts")]

from capturekit import pcapfile  # noqa: E402
from kit import eve, suite, truth  # noqa: E402
from kit.sensor import ROOT, environment, replay, run  # noqa: E402
from kit.tap import differ  # noqa: E402
from resp import Server  # noqa: E402

CAPTURE = "pcaps/streams/plain.pcap"
MINER = "10.0.1.23"
INSTANCE = "i-0a1b2c3d4e5f60718"
SENDING, LISTENING = "mc-send", "mc-listen"
PLAY_SECONDS = 12  # longer than the sensor waits between two rows of counters
PROMPT_SECONDS = 2.5  # from the packet on the wire to the alert in the file
LEASE_SECONDS = 3  # from the alert until its machine becomes known
KNOWN_SECONDS = 60  # longer than the sensor waits between two looks for it
END_SECONDS = 5
START_SECONDS = 30
TPACKET_V3 = 2  # as the kernel numbers them
NOBODY_KEYS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
# What depends on when the capture was played, and how fast.
PLAYING = ("timestamp", "flow_id", "in_iface", "pcap_filename")
PLAYING_FLOW = ("start", "end", "age")
PLAYING_MINING = ("first_seen", "last_share", "alert_id", "revision", "hashrate",
                  "hashrate_1m", "hashrate_10m", "hashrate_60m")


def ip(*words):
    """Runs the ip command."""
    subprocess.run(["ip", *words], check=True, capture_output=True)


def make_interfaces():
    """A pair of interfaces on which only we speak."""
    for kind in ("all", "default"):
        path = Path(f"/proc/sys/net/ipv6/conf/{kind}/disable_ipv6")
        if path.exists():
            path.write_text("1", encoding="ascii")
    ip("link", "add", SENDING, "type", "veth", "peer", "name", LISTENING)
    ip("link", "set", SENDING, "up")
    ip("link", "set", LISTENING, "up")


class Player(threading.Thread):
    """Sends the packets of a capture in their time, scaled to `seconds`."""

    def __init__(self, path, seconds):
        super().__init__(daemon=True)
        self.packets = pcapfile.read(path).packets
        first = self.packets[0].time
        scale = seconds / (self.packets[-1].time - first)
        self.offsets = [(packet.time - first) * scale for packet in self.packets]
        self.login = next(at for at, packet in enumerate(self.packets)
                          if b'"method":"login"' in packet.data)
        self.sent = {}  # number of the packet -> when
        self.ended = None

    def run(self):
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
            out.bind((SENDING, 0))
            begin = time.monotonic()
            for at, packet in enumerate(self.packets):
                time.sleep(max(0, begin + self.offsets[at] - time.monotonic()))
                out.send(packet.data)
                self.sent[at] = time.monotonic()
        self.ended = time.monotonic()


class Sensor:
    """One running sensor."""

    def __init__(self, binary, *options):
        self.folder = tempfile.TemporaryDirectory(prefix="minecanary-live-")
        self.path = Path(self.folder.name) / "events.jsonl"
        self.process = subprocess.Popen(
            [str(binary), "-i", LISTENING, "--json", str(self.path), "--classify", "off",
             "--sensor-id", "golden", "--user", "nobody", *options],
            cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment())
        self.error = ""

    def wait_ready(self):
        """Problems unless it listens soon, as somebody else than root."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if packet_sockets() and self.status().get("NoNewPrivs") == "1":
                return []
            time.sleep(0.02)
        code = self.stop()[0]
        return [f"it does not listen (exit code {code}): {self.error}"]

    def status(self, task=None):
        """Its lines in /proc/PID/status, or those of one of its threads."""
        path = f"/proc/{self.process.pid}/" + (f"task/{task}/" if task else "") + "status"
        try:
            with open(path, encoding="utf-8") as file:
                return {key: value.strip() for key, _, value in
                        (line.partition(":") for line in file)}
        except OSError:
            return {}

    def tasks(self):
        """Its threads."""
        return os.listdir(f"/proc/{self.process.pid}/task")

    def lines(self):
        """The whole lines written so far."""
        if not self.path.exists():
            return []
        text = self.path.read_text(encoding="utf-8")
        return text[:text.rfind("\n") + 1].splitlines()

    def wait_alert(self, sids, until):
        """When an alert of these signatures was first in the file; None: not before `until`()."""
        while True:
            is_over = until()
            for line in self.lines():
                event = json.loads(line)
                if event["event_type"] == "alert" and event["alert"]["signature_id"] in sids:
                    return time.monotonic()
            if is_over:
                return None
            time.sleep(0.02)

    def stop(self, number=signal.SIGTERM):
        """Ends it: exit code and seconds it took."""
        begin = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            _, err = self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, err = self.process.communicate()
        self.error += err.decode("utf-8", "replace")
        return self.process.returncode, time.monotonic() - begin

    def close(self):
        """Leaves nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        self.folder.cleanup()


def packet_sockets():
    """Interface numbers of the packet sockets of this namespace."""
    lines = Path("/proc/net/packet").read_text(encoding="ascii").splitlines()[1:]
    return [int(line.split()[4]) for line in lines]


def privileges(sensor):
    """Problems: every thread is nobody's and has no capability."""
    problems = []
    for task in sensor.tasks():
        status = sensor.status(task)
        uids = set(status["Uid"].split())
        if "0" in uids or "0" in status["Gid"].split() or status["Groups"]:
            problems.append(f"thread {task}: uid {status['Uid']}, gid {status['Gid']}, "
                            f"groups {status['Groups']!r}")
        for key in NOBODY_KEYS:
            problems += differ(f"thread {task}: {key}", int(status[key], 16), 0)
        problems += differ(f"thread {task}: NoNewPrivs", status["NoNewPrivs"], "1")
    if len(sensor.tasks()) < 3:
        problems.append(f"{len(sensor.tasks())} threads only")
    return problems


def ring_version():
    """Problems with the kind of ring, as the kernel tells it; None when it does not."""
    done = subprocess.run(["ss", "--packet", "--extended", "--numeric"], capture_output=True,
                          text=True, check=False)
    versions = [int(word.partition(":")[2]) for word in done.stdout.split()
                if word.startswith("ver:")]
    if not versions:
        return None
    return differ("versions of packet rings", set(versions), {TPACKET_V3})


def comparable(lines):
    """Flow records without what depends on the time of playing."""
    out = []
    for line in lines:
        event = json.loads(line)
        if event["event_type"] != "flow":
            continue
        for part, keys in ((event, PLAYING), (event["flow"], PLAYING_FLOW),
                           (event.get("mining", {}), PLAYING_MINING)):
            for key in keys:
                part.pop(key, None)
        out.append(event)
    return out


def verdicts(lines):
    """The last word on each client."""
    final = truth.final_alerts([json.loads(line) for line in lines])
    return sorted((event["src_ip"], event["alert"]["signature_id"],
                   sorted(event["mining"]["evidence"])) for event in final.values())


def same_events(binary, lines):
    """Problems: what was said live is what is said of the file."""
    offline = replay(binary, CAPTURE, "--tap", LISTENING)
    return (offline.problems() + differ("flow records", comparable(lines),
                                        comparable(offline.lines))
            + differ("alerts", verdicts(lines), verdicts(offline.lines))
            + truth.revisions([json.loads(line) for line in lines])
            + eve.Checker().lines(lines) + ([] if lines else ["no event at all"]))


def prompt(what, seen, sent, ended):
    """Problems unless an alert came while the capture played, soon after its packet."""
    if seen is None:
        return [f"{what}: not before the end of the capture"]
    if ended is not None and seen >= ended:
        return [f"{what}: only when the capture had ended"]
    if seen - sent > PROMPT_SECONDS:
        return [f"{what}: {seen - sent:.1f} s after its packet"]
    return []


def counters(redis, sent):
    """Problems: the kernel's counters are in the stats stream, and nothing was dropped."""
    rows = [dict(fields) for _, fields in redis.stream("minecanary:{golden}:stats")]
    if not rows:
        return ["no row of counters"]
    last = {key: int(value) for key, value in rows[-1].items()}
    problems = differ("packets", last["packets"], sent)
    problems += differ("kernel_dropped", last["kernel_dropped"], 0)
    if last["kernel_received"] < sent:
        problems.append(f"kernel_received: {last['kernel_received']} of {sent} packets")
    return problems


def test_playing(tap, binary):
    """One sensor from its start to its end, with everything that can be seen from outside."""
    with Server(shared=True) as server:
        sensor = Sensor(binary, "--redis", server.url)
        try:
            if not tap.check("it listens", sensor.wait_ready()):
                return
            index = socket.if_nametoindex(LISTENING)
            tap.check("it listens on this interface alone",
                      differ("interfaces", set(packet_sockets()), {index}))
            version = ring_version()
            if version is None:
                print("# the kernel does not tell the version of packet rings: not tested")
            else:
                tap.check("TPACKET_V3", version)
            player = Player(ROOT / CAPTURE, PLAY_SECONDS)
            player.start()
            # While Redis is asked whether it is open already, the job may come in.
            login = sensor.wait_alert((truth.LOGIN, truth.SESSION),
                                      lambda: player.ended is not None)
            tap.check("the alert comes with the login, while the capture plays",
                      prompt("login", login, player.sent[player.login], player.ended))
            job = sensor.wait_alert((truth.SESSION,), lambda: player.ended is not None)
            tap.check("and is raised by the job",
                      prompt("job", job, player.sent[player.login], player.ended))
            tap.check("no privilege is left", privileges(sensor))
            redis = server.client()
            player.join()
            state = redis.hash("minecanary:{golden}:status")
            time.sleep(0.5)
            code, took = sensor.stop()
            problems = differ("exit code", code, 0)
            problems += [] if took <= END_SECONDS else [f"it took {took:.1f} s"]
            tap.check("SIGTERM ends it in time", problems + [sensor.error] * bool(problems))
            tap.check("the events are those of the file", same_events(binary, sensor.lines()))
            tap.check("kernel counters", counters(redis, len(player.packets)))
            tap.check("a sign of life in Redis", [] if state else ["no status hash"])
            tap.check("the owner's key is given up",
                      differ("owner", redis("EXISTS", "minecanary:{golden}:owner"), 0))
        finally:
            sensor.close()


def test_workers(tap, binary):
    """Two workers hear the same as one."""
    sensor = Sensor(binary, "--workers", "2")
    try:
        problems = sensor.wait_ready()
        if not problems:
            player = Player(ROOT / CAPTURE, 3)
            player.start()
            player.join()
            time.sleep(0.5)
            code, _ = sensor.stop(signal.SIGINT)
            problems = differ("exit code", code, 0) + same_events(binary, sensor.lines())
        tap.check("two workers", problems)
    finally:
        sensor.close()


class Lists:
    """A list file that the sensor may read after it has become nobody."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="minecanary-lists-")
        Path(self.folder.name).chmod(0o755)
        self.path = Path(self.folder.name) / "own.list"

    def write(self, text, mode=0o644):
        """Replaces the list whole, as an editor does."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(mode)
        fresh.rename(self.path)

    def close(self):
        """Leaves nothing behind."""
        self.folder.cleanup()


def said(sensor, words):
    """Problems unless the sensor soon says these words on standard error."""
    deadline = time.monotonic() + START_SECONDS
    os.set_blocking(sensor.process.stderr.fileno(), False)
    while words not in sensor.error and time.monotonic() < deadline:
        sensor.error += (sensor.process.stderr.read() or b"").decode("utf-8", "replace")
        time.sleep(0.02)
    os.set_blocking(sensor.process.stderr.fileno(), True)
    return [] if words in sensor.error else [f"{words!r} was not said: {sensor.error!r}"]


def hang_up(sensor, words):
    """Problems with one SIGHUP."""
    sensor.process.send_signal(signal.SIGHUP)
    return said(sensor, words)


def listed_tags(lines):
    """The tags of listed endpoints in alerts."""
    alerts = [json.loads(line)["alert"] for line in lines if '"event_type":"alert"' in line]
    return {tag for alert in alerts for tag in alert["metadata"].get("endpoint_tag", [])}


def test_lists(tap, binary):
    """SIGHUP reads the lists again, while packets come and none is lost."""
    lists = Lists()
    lists.write("192.0.2.1 of no use\n")
    sensor = Sensor(binary, "--lists", str(lists.path))
    try:
        if not tap.check("it listens, with lists", sensor.wait_ready()):
            return
        tap.check("says what it has loaded",
                  said(sensor, "lists: 1 file and the default list, "))
        lists.write("198.51.100.0/24 the pool\npool com\n")
        tap.check("a bad line is named, the old lists stay",
                  hang_up(sensor, f'{lists.path}:2: "com" is a single label')
                  + said(sensor, ": the old lists stay"))
        lists.write("198.51.100.0/24 the pool\n", mode=0o600)
        tap.check("a file that nobody may read",
                  hang_up(sensor, f"{lists.path}: Permission denied: the old lists stay"))
        sensor.error = ""
        lists.write("198.51.100.0/24 the pool\n")
        tap.check("a good list is taken", hang_up(sensor, "lists: 1 file and the default list, "))
        player = Player(ROOT / CAPTURE, 3)
        player.start()
        while player.ended is None:
            sensor.process.send_signal(signal.SIGHUP)
            time.sleep(0.02)
        time.sleep(0.5)
        code, _ = sensor.stop()
        lines = sensor.lines()
        offline = replay(binary, CAPTURE, "--tap", LISTENING, "--lists", str(lists.path))
        tap.check("the new list is in use", differ("tags", listed_tags(lines), {"the pool"}))
        tap.check("SIGHUP loses no packet and ends nothing",
                  differ("exit code", code, 0)
                  + differ("flow records", comparable(lines), comparable(offline.lines))
                  + differ("alerts", verdicts(lines), verdicts(offline.lines)))
    finally:
        sensor.close()
        lists.close()


def write_lease(redis):
    """The miner's machine, as sensor/lease.h has it."""
    start = int(time.time() - 600) * 1000
    redis("HSET", "minecanary:lease:live", "ip", MINER, "instance", INSTANCE, "eni",
          "eni-0f1e2d3c4b5a69788", "type", "p3.2xlarge", "from", start, "to", "")
    redis("ZADD", f"minecanary:inventory:tap:{LISTENING}/{MINER}", start, "live")


def miner_alerts(lines):
    """Revisions of the miner's session alert."""
    events = [json.loads(line) for line in lines if '"event_type":"alert"' in line]
    return [event for event in events if event["src_ip"] == MINER
            and event["alert"]["signature_id"] in (truth.LOGIN, truth.SESSION)]


def known_late(before, after):
    """Problems unless the alert that named no machine was revised by one that does."""
    problems = differ("machine before the lease",
                      {event["cloud"].get("instance_id") for event in before}, {None})
    if len(after) <= len(before):
        return problems + ["the alert was not revised"]
    first, last = after[0], after[-1]
    problems += differ("machine", last["cloud"].get("instance_id"), INSTANCE)
    problems += differ("type", last["cloud"].get("instance_type"), "p3.2xlarge")
    problems += differ("alert", last["mining"]["alert_id"], first["mining"]["alert_id"])
    return problems + differ("revisions", [event["alert"]["rev"] for event in after],
                             list(range(1, len(after) + 1)))


def test_identity(tap, binary):
    """A machine becomes known while its session runs, as CloudTrail is late: the alert says so."""
    with Server(shared=True) as server:
        sensor = Sensor(binary, "--redis", server.url)
        redis = server.client()
        try:
            if not tap.check("it listens, with an inventory in Redis", sensor.wait_ready()):
                return
            player = Player(ROOT / CAPTURE, PLAY_SECONDS)
            player.start()
            sensor.wait_alert((truth.SESSION,), lambda: player.ended is not None)
            time.sleep(LEASE_SECONDS)
            before = miner_alerts(sensor.lines())
            write_lease(redis)
            deadline = time.monotonic() + KNOWN_SECONDS
            while len(miner_alerts(sensor.lines())) <= len(before) \
                    and time.monotonic() < deadline:
                time.sleep(0.1)
            after = miner_alerts(sensor.lines())
            player.join()
            code, _ = sensor.stop()
            tap.check("an alert is revised when its machine is known",
                      differ("exit code", code, 0) + known_late(before, after)
                      + eve.Checker().lines(sensor.lines()))
            tap.check("and so is the host", differ(
                "instance", redis.hash(f"minecanary:host:tap:{LISTENING}/{MINER}").get("instance"),
                INSTANCE))
        finally:
            sensor.close()


def test_errors(tap, binary):
    """What cannot be opened, or must not run as root."""
    cases = (("an interface that does not exist", 2, ("-i", "mc-nowhere"), "mc-nowhere"),
             ("a user that does not exist", 1, ("-i", LISTENING, "--user", "no-such-user"),
              "no-such-user"),
             ("root as the user", 1, ("-i", LISTENING, "--user", "root"), "root"))
    for name, code, options, word in cases:
        done = run(binary, *options, "--null", seconds=30)
        tap.check(f"refuses {name}", done.problems(code) + (
            [] if word in done.err else [f"{word!r} is not in the message: {done.err!r}"]))
    with Server() as server:
        done = run(binary, "-i", LISTENING, "--user", "nobody", "--redis", server.url, seconds=30)
    words = "could not be opened again as user nobody"
    tap.check("refuses a Redis that only root reaches", done.problems(1) + (
        [] if words in done.err else [f"{words!r} is not in the message: {done.err!r}"]))


def test_interface_gone(tap, binary, workers):
    """The interface goes away: what was seen is published, and the reason is said, once."""
    sensor = Sensor(binary, "--workers", str(workers))
    try:
        problems = sensor.wait_ready()
        if not problems:
            player = Player(ROOT / CAPTURE, 1)
            player.start()
            player.join()
            time.sleep(0.5)
            ip("link", "del", SENDING)
            try:
                _, err = sensor.process.communicate(timeout=15)
                problems = differ("exit code", sensor.process.returncode, 2)
                said_so = err.decode().count("the interface went away")
                problems += [] if LISTENING in err.decode() and said_so == 1 else [repr(err)]
                problems += same_events(binary, sensor.lines())
            except subprocess.TimeoutExpired:
                problems = ["it goes on without the interface"]
        tap.check(f"the interface goes away, {workers} worker{'s' * (workers > 1)}", problems)
    finally:
        sensor.close()


def test(tap, binary):
    """All tests."""
    make_interfaces()
    test_playing(tap, binary)
    test_workers(tap, binary)
    test_lists(tap, binary)
    test_identity(tap, binary)
    test_errors(tap, binary)
    test_interface_gone(tap, binary, 1)
    make_interfaces()
    test_interface_gone(tap, binary, 2)


if __name__ == "__main__":
    sys.exit(suite.main("live", test))
