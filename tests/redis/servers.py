"""Redis servers with ports, replicas and Sentinels for tests: private, in a folder of their own."""

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from resp import Client, RedisError

START_SECONDS = 20
FAILOVER_SECONDS = 40
MASTER = "canary"


def free_port():
    """A port that nobody listens on; low enough for a cluster, which takes the one 10000 above."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port < 55000:
            return port


def until(what, true, seconds=START_SECONDS):
    """Waits for a condition; RuntimeError when it does not come."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if true():
                return
        except (OSError, ConnectionError, RedisError):
            pass
        time.sleep(0.02)
    raise RuntimeError(f"{what}: not within {seconds} s")


class Node:
    """One redis-server. options are its configuration; it listens on a unix socket, too."""

    def __init__(self, folder, name, *options, port=None, sentinel=False):
        self.path = folder / f"{name}.sock"
        self.port = port if port is not None else free_port()
        self.log = folder / f"{name}.log"
        self.file = folder / f"{name}.conf"
        lines = [f"port {self.port}", "bind 127.0.0.1", f"unixsocket {self.path}",
                 f"dir {folder}", f"logfile {self.log}", "protected-mode no"]
        if not sentinel:
            lines += ['save ""', "appendonly no", "repl-diskless-sync-delay 0",
                      f"dbfilename {name}.rdb"]
        self.file.write_text("\n".join([*lines, *options]) + "\n", encoding="utf-8")
        secrets = [line.split()[1] for line in options if line.startswith("requirepass ")]
        self.password = secrets[0] if secrets else None
        self.arguments = ["redis-server", str(self.file)] + ["--sentinel"] * sentinel
        self.process = None
        self.start()

    def start(self):
        """Starts it and waits until it answers."""
        self.process = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(f"{self.file.stem} answers", lambda: self.ask("PING") == "PONG")
        except RuntimeError as error:
            text = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
            self.kill()
            raise RuntimeError(f"{error}\n{text}") from error

    def client(self):
        """A new connection."""
        client = Client(self.path)
        if self.password is not None:
            client("AUTH", self.password)
        return client

    def ask(self, *words):
        """One command on a connection of its own."""
        client = self.client()
        try:
            return client(*words)
        finally:
            client.close()

    def kill(self):
        """As a crash would end it."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.process = None


class Folder:
    """Servers that end with the block."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="minecanary-redis-"))
        self.nodes = []

    def __enter__(self):
        return self

    def node(self, name, *options, **how):
        """One more server."""
        node = Node(self.path, name, *options, **how)
        self.nodes.append(node)
        return node

    def __exit__(self, *_):
        for node in self.nodes:
            node.kill()
        shutil.rmtree(self.path, ignore_errors=True)


class Group(Folder):
    """A master, a replica of it and three Sentinels that watch them."""

    def __init__(self, *options):
        super().__init__()
        self.options = options
        self.master = self.replica = None
        self.sentinels = []

    def __enter__(self):
        try:
            self.master = self.node("first", *self.options)
            self.replica = self.node("second", *self.options,
                                     f"replicaof 127.0.0.1 {self.master.port}")
            self.sentinels = [self._sentinel(number) for number in range(3)]
            until("the replica follows", self._is_following)
            until("the Sentinels know all", self._is_watched)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _sentinel(self, number):
        secret = [f"sentinel auth-pass {MASTER} {self.master.password}"]
        return self.node(f"sentinel{number}",
                         f"sentinel monitor {MASTER} 127.0.0.1 {self.master.port} 2",
                         *(secret if self.master.password is not None else []),
                         f"sentinel down-after-milliseconds {MASTER} 1000",
                         f"sentinel failover-timeout {MASTER} 5000", sentinel=True)

    def _is_following(self):
        return "master_link_status:up" in self.replica.ask("INFO", "replication")

    def _is_watched(self):
        for sentinel in self.sentinels:
            flat = sentinel.ask("SENTINEL", "MASTER", MASTER)
            state = dict(zip(flat[::2], flat[1::2]))
            if state["num-slaves"] != "1" or state["num-other-sentinels"] != "2":
                return False
        return True

    @property
    def url(self):
        """The Sentinels; the first one has gone away."""
        ports = (free_port(), *(sentinel.port for sentinel in self.sentinels))
        places = ",".join(f"127.0.0.1:{port}" for port in ports)
        return f"redis+sentinel://{places}/{MASTER}"

    def cut(self):
        """From now on the replica gets nothing from its master, which goes on."""
        self.replica.ask("CONFIG", "SET", "masterauth", "not-the-password")
        self.master.ask("CLIENT", "KILL", "TYPE", "replica")
        until("the replica is cut off", lambda: not self._is_following())

    def wait_promoted(self):
        """Until the replica is the master."""
        until("the replica is promoted", lambda: self.replica.ask("ROLE")[0] == "master",
              FAILOVER_SECONDS)
