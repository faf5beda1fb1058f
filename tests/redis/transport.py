#!/usr/bin/env python3
"""Where Redis lives: over TLS, behind Sentinels, and after the master was killed in mid-replay.

usage: transport.py --binary FILE --trail FILE

Each run's alert stream and the state of each alert are compared field by field with those of one
run that nothing disturbs.
"""

import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from certificates import Authority  # noqa: E402
from kit import suite  # noqa: E402
from kit.sensor import ROOT, Run, environment  # noqa: E402
from kit.tap import differ  # noqa: E402
from resp import Server  # noqa: E402
from servers import FAILOVER_SECONDS, Folder, Group, free_port, until  # noqa: E402

CAPTURE = ROOT / "pcaps/coin-shadow/inside.pcap"
CLOUD = ROOT / "pcaps/coin-shadow/cloudtrail"
CONFIG = "tests/golden/config/coin-shadow.yaml"
SENSOR = "transport"
ALERTS = f"minecanary:{{{SENSOR}}}:alert"
SECONDS = 120
PARTS = 24  # of the capture, when something happens in between


def alerts(redis):
    """The fields of all entries of the alert stream, and the hash of each alert."""
    entries = [dict(fields) for _, fields in redis.stream(ALERTS)]
    states = {name: redis.hash(f"minecanary:alert:{name}")
              for name in sorted({entry["id"] for entry in entries})}
    return entries, states


def compare(redis, expected):
    """Problems: other alerts than in the undisturbed run."""
    entries, states = alerts(redis)
    problems = differ("alert revisions", [(entry["id"], entry["rev"]) for entry in entries],
                      [(entry["id"], entry["rev"]) for entry in expected[0]])
    for found, wanted in zip(entries, expected[0]):
        problems += [f"{wanted['id']} {wanted['rev']}: {text}" for name in wanted
                     for text in differ(name, found.get(name), wanted[name])]
    for name, wanted in expected[1].items():
        problems += differ(f"state of {name}", states.get(name), wanted)
    return problems


class Sensor:
    """Replays of the scenario."""

    def __init__(self, binary):
        self.binary = binary

    def start(self, url, *options, env=None):
        """A run that reads the capture from its standard input."""
        command = (str(self.binary), "-c", CONFIG, "-r", "-", "--redis", url,
                   "--sensor-id", SENSOR, *map(str, options))
        return command, subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                         env={**environment(), **(env or {})})

    def run(self, url, *options, env=None):
        """One replay to its end."""
        command, process = self.start(url, *options, env=env)
        try:
            out, err = process.communicate(CAPTURE.read_bytes(), timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Run(command, None, b"", "")
        return Run(command, process.returncode, out, err.decode("utf-8", "replace"))

    def run_slowly(self, url, step, *options, env=None):
        """One replay in parts; step(number) is called before each."""
        command, process = self.start(url, *options, env=env)
        errors = []
        reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
        reader.start()
        data = CAPTURE.read_bytes()
        size = len(data) // PARTS + 1
        try:
            for number in range(PARTS):
                step(number)
                process.stdin.write(data[number * size:(number + 1) * size])
                process.stdin.flush()
                time.sleep(0.05)
            process.stdin.close()
            process.wait(SECONDS)
        except BrokenPipeError:
            process.wait(SECONDS)
        except BaseException:
            process.kill()
            raise
        finally:
            reader.join()
            process.stdout.close()
        return Run(command, process.returncode, b"", errors[0].decode("utf-8", "replace"))

    def undisturbed(self, tap, read):
        """What read(client) finds after a run that nothing disturbs; None when that went wrong."""
        with Server() as server:
            done = self.run(server.url)
            count = len(alerts(server.client())[0])
            found = read(server.client())
        problems = done.problems() + ([] if count > 40 else [f"{count} alerts"])
        return found if tap.check("the undisturbed run", problems) else None


def refused(done, *words):
    """Problems: the sensor did not end with exit code 1 and these words."""
    problems = done.problems(1)
    return problems + [f"{done.err!r} does not say {word!r}" for word in words
                       if word not in done.err]


# --- the other program ----------------------------------------------------------------------------


def incident(redis):
    """The hash of the one incident, and the leases of its instances."""
    names = redis("ZRANGE", "minecanary:incidents", 0, -1)
    if len(names) != 1:
        raise RuntimeError(f"incidents: {names}")
    leases = {key: redis.hash(key) for key in sorted(redis("KEYS", "minecanary:lease:*"))}
    return redis.hash(f"minecanary:incident:{names[0]}"), leases


def follow_trail(trail, url, *options, env=None):
    """Problems of one run of minecanary-trail over the scenario's cloud side."""
    command = (str(trail), "--redis", url, "--id", SENSOR, *map(str, options), str(CLOUD / "AWSLogs"))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=SECONDS,
                          env={**environment(), **(env or {})}, check=False)
    return Run(command, done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


def trail_everywhere(tap, sensor, trail):
    """minecanary-trail finds the same over TLS and behind Sentinels as over a unix socket."""
    with Server() as server:
        problems = sensor.run(server.url).problems() + follow_trail(trail, server.url).problems()
        wanted = incident(server.client())
        tap.check("minecanary-trail over a unix socket",
                  problems + differ("leases", len(wanted[1]) > 100, True))

    def compare_incident(name, done, redis):
        found = incident(redis)
        problems = done.problems()
        for field, value in wanted[0].items():
            problems += differ(field, found[0].get(field), value)
        tap.check(name, problems + differ("leases", found[1], wanted[1]))

    with Folder() as folder:
        tls = Tls(folder)
        port, node = tls.server("mutual", tls.good, "tls-auth-clients yes")
        cert, key = tls.client
        mine = ("--redis-cert", cert, "--redis-key", key)
        url = f"rediss://localhost:{port}"
        sensor.run(url, "--redis-ca", tls.ca.file, *mine)
        done = follow_trail(trail, url, "--redis-ca", tls.ca.file, *mine)
        compare_incident("minecanary-trail over TLS", done, node.client())
        done = follow_trail(trail, url, "--redis-ca", tls.other.file, *mine)
        tap.check("minecanary-trail refuses another authority",
                  refused(done, "authority is not trusted"))
        done = follow_trail(trail, "redis://u:opensesame@127.0.0.1")
        tap.check("minecanary-trail refuses a password on the command line",
                  [] if done.code not in (0, None) and "command line" in done.err
                  and "opensesame" not in done.err else [f"{done.code}: {done.err}"])
    with Group("requirepass secret", "masterauth secret") as group:
        env = {"MINECANARY_REDIS_PASSWORD": "secret"}
        sensor.run(group.url, env=env)
        done = follow_trail(trail, group.url, env=env)
        compare_incident("minecanary-trail behind Sentinels", done, group.master.client())


# --- TLS ------------------------------------------------------------------------------------------


class Tls:
    """A folder with certificates and servers that show them."""

    def __init__(self, folder):
        self.folder = folder
        self.ca = Authority(folder.path, "authority")
        self.other = Authority(folder.path, "stranger")
        self.good = self.ca.sign("good")
        self.client = self.ca.sign("client", "DNS:sensor.example.net")

    def server(self, name, pair, *options):
        """A server with this certificate; (port, node)."""
        port = free_port()
        cert, key = pair
        node = self.folder.node(name, f"tls-port {port}", f"tls-cert-file {cert}",
                                f"tls-key-file {key}", f"tls-ca-cert-file {self.ca.file}",
                                *(options or ("tls-auth-clients no",)), port=0)
        return port, node


def tls_accepted(tap, sensor, tls, expected):
    """Certificates that are as they must be."""
    port, node = tls.server("tls", tls.good)

    def check(name, url, *options, **how):
        node.ask("FLUSHALL")
        done = sensor.run(url, *options, **how)
        problems = [done.err] if "inquiries" in done.err else []  # they come by the same way
        tap.check(name, problems + done.problems() + compare(node.client(), expected))

    ca = ("--redis-ca", tls.ca.file)
    check("rediss:// with an address in the certificate", f"rediss://127.0.0.1:{port}", *ca)
    check("rediss:// with a name in the certificate", f"rediss://localhost:{port}", *ca)
    check("rediss:// with the system's authorities", f"rediss://127.0.0.1:{port}",
          env={"SSL_CERT_FILE": str(tls.ca.file)})
    node.ask("CONFIG", "SET", "tls-protocols", "TLSv1.2")
    check("TLS 1.2", f"rediss://127.0.0.1:{port}", *ca)
    node.ask("CONFIG", "SET", "tls-protocols", "")
    node.ask("FLUSHALL")
    killed = []

    def cut(number):
        if number % 4 == 3:
            killed.append(node.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"))

    done = sensor.run_slowly(f"rediss://127.0.0.1:{port}", cut, *ca)
    problems = [] if sum(killed) > 3 else [f"connections cut: {killed}"]
    tap.check("TLS connections that are cut in mid-replay",
              problems + done.problems() + compare(node.client(), expected))


def tls_client(tap, sensor, tls, expected):
    """A server that wants a certificate."""
    port, node = tls.server("mutual", tls.good, "tls-auth-clients yes")
    cert, key = tls.client
    url = f"rediss://127.0.0.1:{port}"
    ca = ("--redis-ca", tls.ca.file)
    done = sensor.run(url, *ca, "--redis-cert", cert, "--redis-key", key)
    tap.check("a client certificate is shown", done.problems() + compare(node.client(), expected))
    both = cert.with_name("both.pem")
    both.write_bytes(cert.read_bytes() + key.read_bytes())
    node.ask("FLUSHALL")
    done = sensor.run(url, *ca, "--redis-cert", both)
    tap.check("certificate and key in one file",
              done.problems() + compare(node.client(), expected))
    tap.check("without a certificate", refused(sensor.run(url, *ca), "TLS", "certificate"))
    stranger = tls.other.sign("unknown", "DNS:sensor.example.net")
    done = sensor.run(url, *ca, "--redis-cert", stranger[0], "--redis-key", stranger[1])
    tap.check("with one of another authority", refused(done, "TLS"))
    done = sensor.run(url, *ca, "--redis-cert", cert, "--redis-key", stranger[1])
    tap.check("with a key of another certificate", refused(done, "redis-key", "mismatch"))


def tls_refused(tap, sensor, tls):
    """Servers that must not be trusted."""
    good, _ = tls.server("refused", tls.good)
    name, _ = tls.server("name", tls.ca.sign("name", "DNS:other.example.net"))
    common = tls.ca.sign("localhost", "DNS:other.example.net")  # its common name does not count
    common, _ = tls.server("common", common)
    expired, _ = tls.server("expired", tls.ca.sign("expired", days=0))
    plain = tls.folder.node("plain").port
    ca = ("--redis-ca", tls.ca.file)
    cases = (
        ("another authority", f"rediss://127.0.0.1:{good}", ("--redis-ca", tls.other.file),
         ("authority is not trusted",)),
        ("the system does not know it", f"rediss://127.0.0.1:{good}", (),
         ("authority is not trusted",)),
        ("a certificate for another name", f"rediss://localhost:{name}", ca,
         ("certificate is not for localhost",)),
        ("only the common name is right", f"rediss://localhost:{common}", ca,
         ("certificate is not for localhost",)),
        ("no such address in it", f"rediss://127.0.0.1:{name}", ca,
         ("certificate is not for 127.0.0.1",)),
        ("a certificate that has expired", f"rediss://127.0.0.1:{expired}", ca,
         ("certificate has expired",)),
        ("a port without TLS", f"rediss://127.0.0.1:{plain}", ca, ("does this port speak TLS?",)),
        ("a name that nobody knows", f"rediss://redis.invalid:{good}", ca,
         ("cannot resolve redis.invalid",)),
    )
    with ThreadPoolExecutor(len(cases)) as pool:  # each takes 5 s of waiting
        runs = list(pool.map(lambda case: sensor.run(case[1], *case[2]), cases))
    for case, done in zip(cases, runs):
        tap.check(case[0], refused(done, *case[3]))


# --- Sentinel -------------------------------------------------------------------------------------


def sentinel_crash(tap, sensor, expected):
    """The master dies, and its replica has not got the last that it acknowledged."""
    with Group() as group:
        lacking = []

        def step(number):
            if number == PARTS // 3:
                until("alerts are there", lambda: group.master.ask("XLEN", ALERTS) > 0)
                group.cut()
            if number == 2 * PARTS // 3:
                until("the replica lacks alerts", lambda: group.master.ask("XLEN", ALERTS)
                      > group.replica.ask("XLEN", ALERTS))
                lacking.append(group.master.ask("XLEN", ALERTS)
                               - group.replica.ask("XLEN", ALERTS))
                group.master.kill()

        done = sensor.run_slowly(group.url, step)
        group.wait_promoted()
        problems = [] if lacking and lacking[0] > 0 else ["the replica lacked nothing"]
        tap.check("the master is killed, and its replica lacks acknowledged alerts",
                  problems + done.problems() + compare(group.replica.client(), expected))


def sentinel_switch(tap, sensor, expected):
    """The Sentinels make the replica master in good order; the old master refuses to write."""
    with Group() as group:
        def step(number):
            # The old master takes what comes until it is told; that must be sent again.
            if number == PARTS // 3:
                group.sentinels[0].ask("SENTINEL", "FAILOVER", "canary")
            if number == 2 * PARTS // 3:
                until("the old master is told", lambda: group.master.ask("ROLE")[0] == "slave",
                      FAILOVER_SECONDS)

        done = sensor.run_slowly(group.url, step)
        group.wait_promoted()
        tap.check("the Sentinels change the master in mid-replay",
                  done.problems() + compare(group.replica.client(), expected))


def sentinel_readonly(tap, sensor, expected):
    """Redis without Sentinels becomes a replica for a while: nothing is lost, and order holds."""
    with Folder() as folder:
        node = folder.node("alone")
        other = folder.node("other")
        refusals = []

        def step(number):
            if number == PARTS // 3:
                # A replica that cannot reach its master keeps what it has.
                node.ask("REPLICAOF", "127.0.0.1", 1)
            if number == 2 * PARTS // 3:
                refusals.append(node.ask("INFO", "errorstats"))
                node.ask("REPLICAOF", "NO", "ONE")

        done = sensor.run_slowly(f"redis://127.0.0.1:{node.port}", step)
        problems = [] if "READONLY" in refusals[0] else ["nothing was refused"]
        tap.check("a server that is a replica for a while",
                  problems + done.problems() + compare(node.client(), expected)
                  + differ("other server", other.ask("DBSIZE"), 0))


def sentinel_start(tap, sensor, expected):
    """Names, passwords and errors of Sentinels."""
    with Group("requirepass secret", "masterauth secret") as group:
        done = sensor.run(group.url, env={"MINECANARY_REDIS_PASSWORD": "secret"})
        tap.check("a master with a password",
                  done.problems() + compare(group.master.client(), expected))
        done = sensor.run(group.url.replace("/canary", "/nobody"))
        tap.check("a master that no Sentinel knows",
                  refused(done, "nobody at 127.0.0.1", "it knows no master of that name"))


def sentinel_tls(tap, sensor, expected):
    """rediss+sentinel://: Sentinel and master over TLS."""
    with Folder() as folder:
        tls = Tls(folder)
        port, node = tls.server("master", tls.good)
        door = free_port()
        cert, key = tls.good
        folder.node("sentinel", f"tls-port {door}", f"tls-cert-file {cert}",
                    f"tls-key-file {key}", f"tls-ca-cert-file {tls.ca.file}",
                    "tls-auth-clients no", "tls-replication yes",
                    f"sentinel monitor canary 127.0.0.1 {port} 1", port=0, sentinel=True)
        done = sensor.run(f"rediss+sentinel://localhost:{door}/canary", "--redis-ca", tls.ca.file)
        tap.check("Sentinel and master over TLS",
                  done.problems() + compare(node.client(), expected))


# --- secrets --------------------------------------------------------------------------------------


def secrets(tap, sensor, expected, work):
    """User and password from a file or the environment, never from the command line."""
    with Folder() as folder:
        # Who is nobody in particular may not write.
        node = folder.node("secret", "user default on nopass ~* &* +@all -xadd",
                           "user sensor on >opensesame ~* &* +@all")
        place = f"127.0.0.1:{node.port}"
        env = {"MINECANARY_REDIS_USER": "sensor", "MINECANARY_REDIS_PASSWORD": "opensesame"}
        file = work / "password"
        file.write_text("opensesame\n", encoding="ascii")
        cases = (
            ("user and password from the environment", f"redis://{place}", (), env),
            ("a password file goes before the environment", f"redis://sensor@{place}",
             ("--redis-password-file", file), {"MINECANARY_REDIS_PASSWORD": "wrong"}),
        )
        for name, url, options, env in cases:
            node.ask("FLUSHALL")
            done = sensor.run(url, *options, env=env)
            tap.check(name, done.problems() + compare(node.client(), expected))
        done = sensor.run(f"redis://sensor@{place}", env={"MINECANARY_REDIS_PASSWORD": "wrong"})
        tap.check("a wrong password", refused(done, "WRONGPASS"))
        done = sensor.run(f"redis://sensor:opensesame@{place}")
        problems = refused(done, "redis-password-file")
        tap.check("a password on the command line is refused, and not repeated",
                  problems + ["it is repeated"] * ("opensesame" in done.err))


def test(tap, binary, trail):
    """All tests."""
    sensor = Sensor(binary)
    expected = sensor.undisturbed(tap, alerts)
    if expected is None:
        return
    with Folder() as folder:
        tls = Tls(folder)
        tls_accepted(tap, sensor, tls, expected)
        tls_client(tap, sensor, tls, expected)
        tls_refused(tap, sensor, tls)
    with tempfile.TemporaryDirectory(prefix="minecanary-transport-") as work:
        secrets(tap, sensor, expected, Path(work))
    trail_everywhere(tap, sensor, trail)
    sentinel_start(tap, sensor, expected)
    sentinel_tls(tap, sensor, expected)
    sentinel_readonly(tap, sensor, expected)
    sentinel_switch(tap, sensor, expected)
    sentinel_crash(tap, sensor, expected)


if __name__ == "__main__":
    sys.exit(suite.main("transport", test, ("binary", "trail")))
