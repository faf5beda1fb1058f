#!/usr/bin/env python3
"""A Redis Cluster: three masters, slots that move and masters that die in mid-replay.

usage: cluster.py --binary FILE

Each run's streams and the state of each alert are compared field by field and in order with those
of one run into a server by itself, wherever their keys are.
"""

import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import access  # noqa: E402
import batches  # noqa: E402
import transport  # noqa: E402
from kit import suite  # noqa: E402
from kit.tap import differ  # noqa: E402
from resp import RedisError  # noqa: E402
from servers import Folder, free_port, until  # noqa: E402

SLOTS = 16384
TIMEOUT_MS = 1000  # after which the servers take one of them for dead
FAILOVER_SECONDS = 20


class Cluster(Folder):
    """Masters that share the slots, each with so many replicas, and a client of them all."""

    def __init__(self, replicas=0, *options):
        super().__init__()
        self.replicas = replicas
        self.options = options
        self.masters = []
        self.spare = []
        self.clients = {}
        self.ca = ()  # options of a sensor that trusts it

    def __enter__(self):
        try:
            self.masters = [self._server(f"master{number}") for number in range(3)]
            self.spare = [self._server(f"replica{number}") for number in range(3 * self.replicas)]
            self._join()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _server(self, name):
        return self.node(name, "cluster-enabled yes", f"cluster-config-file {name}.nodes",
                         f"cluster-node-timeout {TIMEOUT_MS}", *self.options)

    def _join(self):
        first = self.masters[0]
        for number, node in enumerate(self.masters):
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            node.ask("CLUSTER", "ADDSLOTSRANGE", SLOTS * number // 3,
                     SLOTS * (number + 1) // 3 - 1)
        for node in [*self.masters[1:], *self.spare]:
            node.ask("CLUSTER", "MEET", "127.0.0.1", self.port(first))
        everybody = [*self.masters, *self.spare]
        until("all know each other", lambda: all(
            len(node.ask("CLUSTER", "NODES").splitlines()) == len(everybody)
            for node in everybody))
        for number, node in enumerate(self.spare):
            until("it knows its master", lambda node=node, number=number: node.ask(
                "CLUSTER", "REPLICATE", self.name(self.masters[number % 3])) == "OK")
        until("the cluster is whole", lambda: all(
            "cluster_state:ok" in node.ask("CLUSTER", "INFO") for node in everybody))
        for node in self.spare:
            until("it follows", lambda node=node: "master_link_status:up" in node.ask(
                "INFO", "replication"))

    @staticmethod
    def port(node):
        """Where the others of the cluster talk to a server."""
        return node.port

    @staticmethod
    def name(node):
        """Its id in the cluster."""
        return node.ask("CLUSTER", "MYID")

    @property
    def url(self):
        """The first server, as if it were alone."""
        return f"redis://127.0.0.1:{self.masters[0].port}"

    def owner(self, key):
        """The master that has a key's slot, and the slot."""
        slot = self.masters[0].ask("CLUSTER", "KEYSLOT", key)
        for node in [*self.masters, *self.spare]:
            if node.process is None:
                continue
            for first, last, master, *_ in node.ask("CLUSTER", "SLOTS"):
                if first <= slot <= last:
                    return self.at(master[1]), slot
        raise RuntimeError(f"nobody has slot {slot}")

    def at(self, port):
        """The server at a port."""
        return next(node for node in [*self.masters, *self.spare] if node.port == port)

    def __call__(self, command, key, *words):
        """A command with a key, wherever it is."""
        for _ in range(5):
            node, _ = self.owner(key)
            if node not in self.clients:
                self.clients[node] = node.client()
            try:
                return self.clients[node](command, key, *words)
            except RedisError as error:
                if not str(error).startswith(("MOVED", "CLUSTERDOWN")):
                    raise
                time.sleep(0.2)
        raise RuntimeError(f"{command} {key}: no server takes it")

    def stream(self, key):
        """As resp.Client.stream()."""
        return [(name, list(zip(fields[::2], fields[1::2])))
                for name, fields in self("XRANGE", key, "-", "+")]

    def hash(self, key):
        """As resp.Client.hash()."""
        flat = self("HGETALL", key)
        return dict(zip(flat[::2], flat[1::2]))

    def __exit__(self, *what):
        for client in self.clients.values():
            client.close()
        super().__exit__(*what)


class TlsCluster(Cluster):
    """One that speaks TLS with itself and with the sensor, and in the clear with the test."""

    def __init__(self):
        super().__init__()
        self.tls = transport.Tls(self)
        self.ca = ("--redis-ca", self.tls.ca.file)
        self.ports = {}

    def _server(self, name):
        port = free_port()
        cert, key = self.tls.good
        node = self.node(name, "cluster-enabled yes", f"cluster-config-file {name}.nodes",
                         f"cluster-node-timeout {TIMEOUT_MS}", "tls-cluster yes",
                         f"tls-port {port}", f"tls-cert-file {cert}", f"tls-key-file {key}",
                         f"tls-ca-cert-file {self.tls.ca.file}", "tls-auth-clients no")
        self.ports[node] = port
        return node

    def port(self, node):
        return self.ports[node]

    @property
    def url(self):
        return f"rediss://127.0.0.1:{self.port(self.masters[0])}"


class Move:
    """A slot on its way from one master to another, in steps."""

    def __init__(self, cluster, key):
        self.cluster, self.key = cluster, key
        self.source, self.slot = cluster.owner(key)
        self.target = next(node for node in cluster.masters if node is not self.source)

    def begin(self):
        """From now on the source asks to ask the target for what it has not."""
        self.target.ask("CLUSTER", "SETSLOT", self.slot, "IMPORTING",
                        self.cluster.name(self.source))
        self.source.ask("CLUSTER", "SETSLOT", self.slot, "MIGRATING",
                        self.cluster.name(self.target))

    def keys(self, *names):
        """These keys go."""
        self.source.ask("MIGRATE", "127.0.0.1", self.cluster.port(self.target), "", 0, 5000, "KEYS",
                        *names)

    def is_asked(self):
        """Whether the target was asked for a key before the slot was its own."""
        return "cmdstat_asking" in self.target.ask("INFO", "commandstats")

    def end(self):
        """All that is left goes, and everybody is told."""
        while names := self.source.ask("CLUSTER", "GETKEYSINSLOT", self.slot, 100):
            self.keys(*names)
        for node in (self.target, self.source, *self.cluster.masters):
            node.ask("CLUSTER", "SETSLOT", self.slot, "NODE", self.cluster.name(self.target))


def spread(cluster):
    """Problems: not every master has keys of ours."""
    return [f"server {number} has no key" for number, node in enumerate(cluster.masters)
            if node.ask("DBSIZE") == 0]


def quiet(done):
    """Problems: the inquiries, which come by the same way, complained."""
    return [done.err] if "inquiries" in done.err else []


def at_rest(tap, sensor, expected):
    """A cluster that nothing disturbs, by every way in."""
    with Cluster() as cluster:
        ports = [node.port for node in cluster.masters]
        places = ",".join(f"127.0.0.1:{port}" for port in (free_port(), *reversed(ports)))
        urls = (*(f"redis://127.0.0.1:{port}" for port in ports),
                f"redis+cluster://{places}", f"unix://{cluster.masters[1].path}")
        for number, url in enumerate(urls):
            for node in cluster.masters:
                node.ask("FLUSHALL")
            done = sensor.run(url)
            # The first of several servers is not there, and that is told.
            problems = done.problems() + (quiet(done) if "," not in url else [])
            tap.check(f"a cluster, by {url.partition(':')[0]}://, way {number}", problems + spread(cluster)
                      + batches.compare(cluster, expected))
        done = sensor.run(f"redis://127.0.0.1:{ports[0]}/3")
        tap.check("a cluster has no databases", transport.refused(done, "SELECT"))
        single = cluster.node("single")
        done = sensor.run(f"redis+cluster://127.0.0.1:{single.port}")
        tap.check("a server by itself is no cluster",
                  transport.refused(done, "cluster support disabled"))


def rights(tap, sensor, expected):
    """README's rules for a sensor are enough, and without the map the reason is told."""
    rule, = (line.replace(access.SENSOR, transport.SENSOR) for line in access.rules()
             if line.startswith(f"user {access.SENSOR_USER} "))
    env = {"MINECANARY_REDIS_USER": f"sensor-{transport.SENSOR}",
           "MINECANARY_REDIS_PASSWORD": access.PASSWORD}
    with Cluster(0, rule) as cluster:
        done = sensor.run(cluster.url, env=env)
        refusals = [entry for node in cluster.masters for entry in node.ask("ACL", "LOG")]
        tap.check("a cluster, with the rights of README", done.problems() + quiet(done)
                  + differ("refused", refusals, []) + batches.compare(cluster, expected))
        for node in cluster.masters:
            node.ask("ACL", "SETUSER", env["MINECANARY_REDIS_USER"], "-cluster|slots")
        done = sensor.run(f"redis+cluster://127.0.0.1:{cluster.masters[0].port}", env=env)
        tap.check("a cluster, without the right to its map",
                  transport.refused(done, "NOPERM", "cluster|slots"))


def encrypted(tap, sensor, expected):
    """TLS to each server, of which all but the first are known from the cluster's own map."""
    with TlsCluster() as cluster:
        for url in (cluster.url, cluster.url.replace("rediss:", "rediss+cluster:")):
            for node in cluster.masters:
                node.ask("FLUSHALL")
            done = sensor.run(url, *cluster.ca)
            tap.check(f"a cluster, by {url.partition(':')[0]}://", done.problems() + quiet(done)
                      + spread(cluster) + batches.compare(cluster, expected))
        done = sensor.run(cluster.url, "--redis-ca", cluster.tls.other.file)
        tap.check("a cluster of another authority", transport.refused(done, "TLS"))
        for node in cluster.masters:
            node.ask("FLUSHALL")
        move_slot(tap, sensor, expected, cluster, "minecanary:alerts", "a slot moves, by rediss://")


def moved(tap, sensor, expected, key, title):
    """As move_slot(), of a cluster of its own."""
    with Cluster() as cluster:
        move_slot(tap, sensor, expected, cluster, key, title)


def move_slot(tap, sensor, expected, cluster, key, title):
    """A slot moves while its keys are written: first nothing, then one key, then all are gone."""
    move = Move(cluster, key)

    def step(number):
        if number == 6:
            # What is not there when a slot begins to move is written where it goes.
            until("the key is there", lambda: move.source.ask("EXISTS", key) == 1)
            move.begin()
        if number == 9:
            move.keys(key)
        if number == 18:
            until("it is asked for where it went", move.is_asked)
            move.end()

    done = sensor.run_slowly(cluster.url, step, *cluster.ca)
    tap.check(title, done.problems() + quiet(done) + batches.compare(cluster, expected)
              + differ("who has it", cluster.owner(key)[0].port, move.target.port))


def killed(tap, sensor, expected, key, title):
    """kill -9 of a master: its replica takes its place, which had not got all that was
    acknowledged."""
    with Cluster(1) as cluster:
        victim, _ = cluster.owner(key)
        replica = cluster.spare[cluster.masters.index(victim)]
        others = [node for node in cluster.masters if node is not victim]
        cluster.masters = [*others, victim]

        def step(number):
            if number == transport.PARTS // 3:
                until("alerts are there", lambda: cluster("XLEN", transport.ALERTS) > 0)
                replica.ask("CONFIG", "SET", "masterauth", "not-the-password")
                victim.ask("CLIENT", "KILL", "TYPE", "replica")
            if number == 2 * transport.PARTS // 3:
                until("the replica lacks keys",
                      lambda: victim.ask("DBSIZE") > replica.ask("DBSIZE"))
                victim.kill()

        done = sensor.run_slowly(cluster.url, step)
        cluster.masters = others
        until("the replica is master", lambda: replica.ask("ROLE")[0] == "master",
              FAILOVER_SECONDS)
        tap.check(title, done.problems() + batches.compare(cluster, expected))


def test(tap, binary):
    """All tests."""
    sensor = transport.Sensor(binary)
    expected = sensor.undisturbed(tap, batches.contents)
    if expected is None:
        return
    at_rest(tap, sensor, expected)
    rights(tap, sensor, expected)
    encrypted(tap, sensor, expected)
    moved(tap, sensor, expected, transport.ALERTS, "the slot of the streams moves")
    moved(tap, sensor, expected, "minecanary:alerts", "the slot of a list moves")
    killed(tap, sensor, expected, transport.ALERTS, "the master of the streams is killed")
    killed(tap, sensor, expected, "minecanary:alerts", "another master is killed")


if __name__ == "__main__":
    sys.exit(suite.main("cluster", test))
