#!/usr/bin/env python3
"""The access rules of README, in a real Redis: they are enough, and keep what they promise.

usage: access.py --binary FILE

The rules between README's markers become the server's ACL file. The sensor's user replays the
scenario without a refusal, inquiries and both mirrors included; it reaches no other sensor's keys.
The dashboard's user asks the ten questions and can write nothing; the reader's user reads alerts.
"""

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "scripts")]

import ten_questions  # noqa: E402
from kit import suite  # noqa: E402
from kit.sensor import ROOT, run  # noqa: E402
from kit.tap import differ  # noqa: E402
from resp import RedisError, Server  # noqa: E402

README = ROOT / "README.md"
BEGIN, END = "<!-- acl:begin -->", "<!-- acl:end -->"
CONFIG = "tests/golden/config/coin-shadow.yaml"
CAPTURE = "pcaps/coin-shadow/inside.pcap"
SENSOR = "use1-a"
SENSOR_USER, DASHBOARD, READER, ADMIN = "sensor-use1-a", "dashboard", "siem", "admin"
PASSWORD = "tests-only"  # README's word for it is PASSWORD
# Rights that this run has no use for: another database, a check, entries looked up, a cluster.
SPARE = {"select", "ping", "xrange", "cluster|slots", "asking"}
MIRRORS = ("--redis-eve-list", 50, "--redis-live", "all")


def rules():
    """README's rules as lines of an ACL file."""
    text = README.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    block = re.search(r"```\n(.*?)```", text, re.DOTALL)
    if block is None:
        raise SystemExit(f"README.md has no rules between {BEGIN} and {END}")
    joined = re.sub(r"\s*\\\n\s*", " ", block.group(1))
    return joined.replace(">PASSWORD", f">{PASSWORD}").strip().splitlines()


def free_port():
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def server():
    """A Redis with README's rules, and a user of our own who may all. A server of Redis 7.0 that
    cannot read a rule does not start."""
    with tempfile.TemporaryDirectory(prefix="minecanary-acl-") as folder:
        path = Path(folder) / "users.acl"
        lines = [*rules(), f"user {ADMIN} on >{PASSWORD} ~* &* +@all"]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        port = free_port()
        with Server(options=("--aclfile", path, "--port", port, "--bind", "127.0.0.1"),
                    login=(ADMIN, PASSWORD)) as started:
            started.port = port
            yield started


@contextlib.contextmanager
def password():
    """The password of all users in the environment, as redis-cli wants it."""
    os.environ["REDISCLI_AUTH"] = PASSWORD
    try:
        yield
    finally:
        del os.environ["REDISCLI_AUTH"]


def replay(binary, where, *options, user=SENSOR_USER, sensor=SENSOR):
    """The scenario by the sensor's user."""
    with tempfile.NamedTemporaryFile("w", prefix="minecanary-password-") as secret:
        secret.write(f"{PASSWORD}\n")
        secret.flush()
        return run(binary, "-c", CONFIG, "-r", CAPTURE, "--deterministic", "--sensor-id", sensor,
                   "--redis", f"redis://{user}@127.0.0.1:{where.port}", "--redis-password-file",
                   secret.name, *options)


class Access:
    """One server with the rules."""

    def __init__(self, binary, where):
        self.binary = binary
        self.server = where
        self.admin = where.client()

    def user(self, name):
        """A connection of that user."""
        client = self.server.client()
        client("AUTH", name, PASSWORD)
        return client

    def refused(self, client, commands):
        """Problems: each of these is refused for want of rights."""
        problems = []
        for command in commands:
            try:
                problems.append(f"{command}: allowed, said {client(*command)!r}")
            except RedisError as error:
                # Within a script the same refusal has other words, those of Redis 7 or of Redis 8.
                if not any(word in str(error) for word in ("NOPERM", "can't access",
                                                           "No permissions to access")):
                    problems.append(f"{command}: {error}")
        return problems

    def denials(self):
        """Problems: what the server has refused since the last look."""
        found = [dict(zip(entry[::2], entry[1::2])) for entry in self.admin("ACL", "LOG")]
        self.admin("ACL", "LOG", "RESET")
        return [f"{entry['username']}: {entry['reason']} {entry['object']} ({entry['context']})"
                for entry in found]

    def default_user(self):
        """Problems: who does not log in gets nothing."""
        client = self.server.client()
        with contextlib.suppress(RedisError):
            client("AUTH", "default", "")
        with socket.create_connection(("127.0.0.1", self.server.port)) as raw:
            raw.sendall(b"PING\r\n")
            problems = differ("without a login", raw.recv(100)[:7], b"-NOAUTH")
        self.admin("ACL", "LOG", "RESET")
        return problems

    def sensor(self):
        """Problems: the scenario runs as one without rules, and nothing is refused."""
        done = replay(self.binary, self.server, *MIRRORS)
        problems = done.problems() + differ("said", [
            line for line in done.err.splitlines() if "redis" in line], [])
        problems += self.denials()
        problems += differ("alerts", self.admin("XLEN", f"minecanary:{{{SENSOR}}}:alert") > 100,
                           True)
        problems += differ("list", self.admin("LLEN", "minecanary:eve"), 50)
        stats = dict(self.stats())
        for name in ("redis_errors", "mirror_refused", "questions_unreachable", "events_lost"):
            problems += differ(name, stats[name], "0")
        return problems + ([] if int(stats["questions"]) > 0 else ["nothing was asked"])

    def stats(self):
        """The last row of the sensor's counters."""
        return self.admin.stream(f"minecanary:{{{SENSOR}}}:stats")[-1][1]

    def again(self):
        """Problems: a second run, which goes on with what is open, is refused nothing either; of
        all rights none was in vain."""
        problems = replay(self.binary, self.server).problems() + self.denials()
        rule, = (line for line in rules() if line.startswith(f"user {SENSOR_USER} "))
        used = re.findall(r"^cmdstat_([a-z_|]+):", self.admin("INFO", "commandstats"), re.MULTILINE)
        return problems + differ("rights without use",
                                 set(re.findall(r"\+([a-z_|]+)", rule)) - set(used) - SPARE, set())

    def batches(self):
        """Problems: a rule without transactions is refused at the start, with the reason."""
        problems = []
        for word in ("multi", "exec"):
            self.admin("ACL", "SETUSER", SENSOR_USER, f"-{word}")
            done = replay(self.binary, self.server)
            self.admin("ACL", "SETUSER", SENSOR_USER, f"+{word}")
            self.admin("DEL", f"minecanary:{{{SENSOR}}}:owner")  # else for 15 s
            problems += done.problems(1) + differ(
                word, "NOPERM" in done.err and f"'{word}'" in done.err, True)
        self.admin("ACL", "LOG", "RESET")
        return problems

    def mirrors_apart(self):
        """Problems: without the rights for the mirrors the streams go on, and exit code 0."""
        for rule in ("-rpush", "-publish"):
            self.admin("ACL", "SETUSER", SENSOR_USER, rule)
        rows = self.admin("XLEN", f"minecanary:{{{SENSOR}}}:alert")
        done = replay(self.binary, self.server, *MIRRORS)
        for rule in ("+rpush", "+publish"):
            self.admin("ACL", "SETUSER", SENSOR_USER, rule)
        self.admin("ACL", "LOG", "RESET")
        problems = done.problems()
        problems += differ("alerts", self.admin("XLEN", f"minecanary:{{{SENSOR}}}:alert") > rows,
                           True)
        problems += differ("warnings", done.err.count("list or channel"), 1)
        return problems + differ("counted", int(dict(self.stats())["mirror_refused"]) > 100, True)

    def other_sensor(self):
        """Problems: the user of one sensor cannot be another one, nor read what is not its own."""
        done = replay(self.binary, self.server, sensor="other")
        problems = done.problems(1) + differ("says why", "NOPERM" in done.err, True)
        key = "minecanary:{other}:alert"
        problems += self.refused(self.user(SENSOR_USER), (
            ("XADD", key, "*", "a", "b"), ("XRANGE", key, "-", "+"), ("DEL", key),
            ("EVAL", f"return redis.call('XADD','{key}','*','a','b')", "0"),
            ("LRANGE", "minecanary:eve", "0", "-1"), ("ZADD", "minecanary:inventory:x", "1", "a"),
            ("HSET", "minecanary:lease:x", "a", "b"), ("KEYS", "*"), ("FLUSHALL",),
            ("CONFIG", "GET", "*"), ("SET", "elsewhere", "1")))
        self.admin("ACL", "LOG", "RESET")
        return problems

    def dashboard(self):
        """Problems: the ten questions are answered, nothing can be written."""
        with password():
            page = ten_questions.page(ten_questions.parse(
                ["--day", "2026-03-05", "--user", DASHBOARD, str(self.server.path), SENSOR]))
        problems = differ("questions", page.count("```\n"), 20) + self.denials()
        problems += differ("questions without an answer", page.count("# none"), 0)
        client = self.user(DASHBOARD)
        client("SUBSCRIBE", "minecanary:live")
        client = self.user(DASHBOARD)
        problems += self.refused(client, self.writes())
        problems += self.refused(client, (("KEYS", "*"), ("SCAN", "0"), ("INFO",),
                                          ("CONFIG", "GET", "*"), ("ACL", "LIST"),
                                          ("GET", "elsewhere"), ("HGETALL", "elsewhere"),
                                          ("PUBLISH", "minecanary:live", "x"),
                                          ("EVAL", "return 1", "0")))
        self.admin("ACL", "LOG", "RESET")
        return problems

    def writes(self):
        """Every command of the server that writes, with a key of ours, as far as it has one."""
        found = []
        for name, arity, flags, first, *_ in self.admin("COMMAND"):
            if "write" not in flags:
                continue
            words = [name] + ["minecanary:hosts"] * (abs(arity) - 1)
            if first == 0 and abs(arity) > 2:
                words[2] = "1"  # a count of keys stands before them
            found.append(tuple(words))
        return found

    def reader(self):
        """Problems: the reader's user reads alerts in its group, and nothing else."""
        command = [sys.executable, str(ROOT / "scripts/read_alerts.py"), "--once",
                   f"redis://{READER}@127.0.0.1:{self.server.port}", SENSOR]
        with password():
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        problems = differ("exit code", (done.returncode, done.stderr), (0, done.stderr))
        problems += differ("alerts", len(done.stdout.splitlines()),
                           self.admin("XLEN", f"minecanary:{{{SENSOR}}}:alert"))
        problems += self.denials()
        problems += self.refused(self.user(READER), (
            ("XADD", f"minecanary:{{{SENSOR}}}:alert", "*", "a", "b"),
            ("XREADGROUP", "GROUP", "siem", "x", "STREAMS", f"minecanary:{{{SENSOR}}}:flow", ">"),
            ("HGETALL", "minecanary:host:x"), ("DEL", f"minecanary:{{{SENSOR}}}:alert")))
        self.admin("ACL", "LOG", "RESET")
        return problems


def test(tap, binary):
    """All tests."""
    with server() as where:
        access = Access(binary, where)
        tap.check("who does not log in gets nothing", access.default_user())
        tap.check("the sensor's user: the scenario, nothing is refused", access.sensor())
        tap.check("the sensor's user: a second run", access.again())
        tap.check("the sensor's user may not do without transactions", access.batches())
        tap.check("refused mirrors hold nothing back", access.mirrors_apart())
        tap.check("the sensor's user is no other sensor", access.other_sensor())
        tap.check("the dashboard's user asks and writes nothing", access.dashboard())
        tap.check("the reader's user reads alerts", access.reader())


if __name__ == "__main__":
    sys.exit(suite.main("access", test))
