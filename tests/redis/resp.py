"""A small Redis client (RESP2 over a unix socket) and a private server for tests."""

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

START_SECONDS = 20
STOP_SECONDS = 10


class RedisError(Exception):
    """An error reply."""


class Client:
    """One connection; commands are sent one by one and answered with Python values."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb")

    def close(self):
        """Ends the connection."""
        self.file.close()
        self.socket.close()

    def __call__(self, *words):
        """Runs a command: text for strings, int, None, lists; RedisError for an error."""
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"".join((b"*%d\r\n" % len(parts), *(
            b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))))
        return self._reply()

    def _reply(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, text = line[:1], line[1:-2]
        if kind == b"+":
            return text.decode()
        if kind == b"-":
            raise RedisError(text.decode())
        if kind == b":":
            return int(text)
        if kind == b"$":
            return self._bulk(int(text))
        if kind == b"*":
            count = int(text)
            return None if count < 0 else [self._reply() for _ in range(count)]
        raise ConnectionError(f"not a reply: {line!r}")

    def _bulk(self, size):
        if size < 0:
            return None
        body = self.file.read(size + 2)
        return body[:-2].decode("utf-8")

    def stream(self, key):
        """All entries of a stream: pairs of an id and its fields, which come as pairs, too."""
        return [(name, list(zip(fields[::2], fields[1::2])))
                for name, fields in self("XRANGE", key, "-", "+")]

    def hash(self, key):
        """A hash as a dictionary."""
        flat = self("HGETALL", key)
        return dict(zip(flat[::2], flat[1::2]))

    def scores(self, key):
        """A sorted set as a dictionary of scores."""
        flat = self("ZRANGE", key, 0, -1, "WITHSCORES")
        return dict(zip(flat[::2], map(float, flat[1::2])))


class Server:
    """A redis-server of our own on a unix socket: no port, nothing on disk but the socket. Shared,
    every user of the machine may connect; else only ours. options: more of the command line;
    login: user and password of our own connections."""

    def __init__(self, shared=False, options=(), login=()):
        self.options = tuple(map(str, options))
        self.login = tuple(login)
        self.folder = Path(tempfile.mkdtemp(prefix="minecanary-redis-"))
        self.mode = "777" if shared else "700"
        self.folder.chmod(int(self.mode, 8) & 0o755)
        self.path = self.folder / "redis.sock"
        self.url = f"unix://{self.path}"
        self.process = None

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _start(self):
        log = self.folder / "redis.log"
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(self.path), "--unixsocketperm",
             self.mode, "--save", "", "--appendonly", "no", "--dir", str(self.folder), "--logfile",
             str(log), "--daemonize", "no", *self.options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                client = self.client()
            except OSError:
                time.sleep(0.02)
                continue
            client("PING")
            client.close()
            return
        raise RuntimeError(f"redis-server does not start: {log.read_text(errors='replace')}"
                           if log.exists() else "redis-server does not start")

    def client(self):
        """A new connection."""
        client = Client(self.path)
        if self.login:
            client("AUTH", *self.login)
        return client

    def __exit__(self, *_):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
