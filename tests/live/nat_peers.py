"""The two ends of connections through a NAT: pool servers outside, miners and others inside.

usage: nat_peers.py server | clients      one role, in its own network namespace

Both read one JSON line of orders from standard input, answer with one JSON line, and go on so until
their input ends. The server's answers are the truth about what the NAT made of each connection.
"""

import json
import socket
import struct
import sys
import threading
import time

POOL = "198.51.100.120"
WALLET = "4EXAMPLE_MONERO_WALLET_ADDRESS_SYNTHETIC"
AGENT = "XMRig/6.21.0 (Linux x86_64) libuv/1.44.2 gcc/11.4.0"
BLOB = "1010" + "5a" * 74
RESET = struct.pack("ii", 1, 0)  # close with a RST, so that the port is free at once
SECONDS = 20


def line(message):
    """A message as it goes over the wire."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def login(name):
    """A miner's first words."""
    return line({"id": 1, "jsonrpc": "2.0", "method": "login", "params": {
        "login": WALLET, "pass": "x", "agent": AGENT, "rigid": name, "algo": ["rx/0"]}})


def job(number):
    """The pool's answer."""
    return line({"id": 1, "jsonrpc": "2.0", "error": None, "result": {
        "id": "a1b2", "status": "OK", "job": {
            "blob": BLOB, "job_id": str(number), "target": "b88d0600", "algo": "rx/0",
            "height": 3100000, "seed_hash": "0c" * 32}}})


def share(number):
    """A result."""
    return line({"id": 2, "jsonrpc": "2.0", "method": "submit", "params": {
        "id": "a1b2", "job_id": str(number), "nonce": "0a0b0c0d", "result": "00" * 28 + "11000000"}})


ACCEPTED = line({"id": 2, "jsonrpc": "2.0", "error": None, "result": {"status": "OK"}})


class Server:
    """Answers miners on some ports and anybody on others; remembers who came from where."""

    def __init__(self, pools, others):
        self.seen = []
        self.lock = threading.Lock()
        for port in pools + others:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((POOL, port))
            listener.listen(256)
            threading.Thread(target=self.accept, args=(listener, port, port in pools),
                             daemon=True).start()

    def accept(self, listener, port, is_pool):
        """Takes connections for ever."""
        while True:
            connection, peer = listener.accept()
            threading.Thread(target=self.talk, args=(connection, peer, port, is_pool),
                             daemon=True).start()

    def talk(self, connection, peer, port, is_pool):
        """One connection: who it says it is, an answer, and its end."""
        with connection:
            stream = connection.makefile("rb")
            first = stream.readline()
            if is_pool:
                name = json.loads(first)["params"]["rigid"]
                connection.sendall(job(peer[1]))
                if stream.readline():
                    connection.sendall(ACCEPTED)
            else:
                name = first.decode().split()[1]
                connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            with self.lock:
                self.seen.append([name, *peer, port])
            try:
                stream.read()
            except ConnectionResetError:
                pass  # as it was told to


class Clients:
    """Connects as many hosts, each with an address of its own."""

    def __init__(self):
        self.errors = []

    def connect(self, host, port, source_port):
        """A connection from that address and, unless 0, that port."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.settimeout(SECONDS)
        client.bind((host, source_port))
        client.connect((POOL, port))
        return client

    def mine(self, host, port, source_port, name, ends):
        """One mining session."""
        with self.connect(host, port, source_port) as client:
            stream = client.makefile("rb")
            client.sendall(login(name))
            answer = json.loads(stream.readline())
            client.sendall(share(answer["result"]["job"]["job_id"]))
            stream.readline()
            time.sleep(0.05)
            if ends == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    def fetch(self, host, port, source_port, name, ends):
        """A connection like any other."""
        with self.connect(host, port, source_port) as client:
            client.sendall(f"GET {name} HTTP/1.1\r\nHost: example.net\r\n\r\n".encode())
            client.recv(4096)
            if ends == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    def one(self, order):
        """One order; what goes wrong is remembered."""
        act = self.mine if order["act"] == "mine" else self.fetch
        try:
            act(order["host"], order["port"], order["source"], order["name"], order["ends"])
        except (OSError, ValueError, KeyError) as error:
            self.errors.append(f"{order['name']}: {type(error).__name__}: {error}")

    def all(self, orders):
        """Several at once; returns when all have ended."""
        self.errors = []
        threads = [threading.Thread(target=self.one, args=(order,)) for order in orders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.errors


def main():
    """Obeys until the input ends."""
    server = None
    clients = Clients()
    for text in sys.stdin:
        order = json.loads(text)
        if sys.argv[1] == "server" and server is None:
            server = Server(order["pools"], order["others"])
            answer = []
        elif sys.argv[1] == "server":
            with server.lock:
                answer = list(server.seen)
        else:
            answer = clients.all(order)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
