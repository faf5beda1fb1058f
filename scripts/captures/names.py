"""Pools, hostile infrastructure and keys as names say them: DNS, TLS, HTTP, proxies.

The lists that go with these captures are `tests/golden/config/names.list`.
"""

import struct

from capturekit import MS, SECOND, TO_CLIENT, TO_SERVER
from capturekit.layers import address

from . import benign, tls
from .build import START, Built, Entry, framed
from .session import connect

RESOLVER = ("10.0.0.2", 53)
POOL = "pool.example.net"
ADDRESS = "203.0.113.140"
A, CNAME, AAAA = 1, 5, 28


def record(owner, kind, ttl, data):
    """A resource record; `owner` is in wire form."""
    return owner + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def question(name, kind=A):
    """A question in wire form."""
    return benign.name_bytes(name) + struct.pack("!HH", kind, 1)


def query(ident, name, kind=A):
    """A query as a client sends it, with EDNS."""
    edns = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0)
    return struct.pack("!6H", ident, 0x0100, 1, 0, 0, 1) + question(name, kind) + edns


def answer(ident, name, records, kind=A):
    """The resolver's answer; records are in wire form."""
    head = struct.pack("!6H", ident, 0x8180, 1, len(records), 0, 0)
    return head + question(name, kind) + b"".join(records)


def plain(*addresses, ttl=60):
    """Records of the question's own name."""
    return [record(b"\xc0\x0c", AAAA if ":" in each else A, ttl, address(each))
            for each in addresses]


def alias(target, *addresses):
    """The question's name is an alias of another, which has the addresses."""
    name = benign.name_bytes(target)
    return [record(b"\xc0\x0c", CNAME, 300, name),
            *(record(name, A, 20, address(each)) for each in addresses)]


class Tap:
    """What goes into one capture, and the contacts that must be found in it."""

    def __init__(self, rng):
        self.rng = rng
        self.frames = []
        self.contacts = []
        self.at = START
        self.port = 40000

    def client(self, host):
        """A host with its next port."""
        self.port += 1
        return (f"10.0.1.{host}", self.port)

    def expect(self, host, sid, name):
        """The alert of a host, as it stands at the end."""
        self.contacts.append({"client": f"10.0.1.{host}", "sid": sid, "name": name})

    def add(self, packets, client, server):
        """Packets of one flow; the next one begins a second later."""
        self.frames += framed(packets, client, server)
        self.at += SECOND

    def ask(self, host, name, records=None, *, kind=A):
        """A question by UDP, and the answer when there are records."""
        client, ident = self.client(host), self.rng.getrandbits(16)
        said = [(self.at, TO_SERVER, query(ident, name, kind))]
        if records is not None:
            said.append((self.at + 8 * MS, TO_CLIENT, answer(ident, name, records, kind)))
        self.add(benign.datagrams(client, RESOLVER, said, ident), client, RESOLVER)

    def stream(self, host, server, exchanges, **how):
        """A TCP flow of requests and replies."""
        client = self.client(host)
        self.add(benign.dialogue(self.rng, client, server, self.at, exchanges, **how), client,
                 server)

    def browse(self, host, server, name, **how):
        """A TLS conversation, with a server name or without."""
        client = self.client(host)
        conversation = tls.fetch(self.rng, self.at, name=name, **how)
        self.add(conversation.packets(client, server), client, server)

    def built(self):
        """The capture."""
        return Built(self.frames, {"sessions": [], "contacts": self.contacts})


def lookup(rng):
    """Questions alone."""
    tap = Tap(rng)
    for _ in range(3):
        tap.ask(23, f"eu1.{POOL}", plain(ADDRESS))
    tap.expect(23, 1600011, f"eu1.{POOL}")
    tap.ask(24, "PoOl.ExAmPlE.nEt", None)
    tap.expect(24, 1600011, POOL)
    tap.ask(25, "work.example.org", alias(f"eu1.{POOL}", ADDRESS))
    tap.expect(25, 1600011, "work.example.org")
    ident = rng.getrandbits(16)
    asked, said = query(ident, POOL), answer(ident, POOL, plain(ADDRESS))
    tap.stream(26, RESOLVER, [(struct.pack("!H", len(asked)) + asked,
                               struct.pack("!H", len(said)) + said)])
    tap.expect(26, 1600011, POOL)
    tap.ask(27, POOL, plain("2001:db8:77::1"), kind=AAAA)
    tap.expect(27, 1600011, POOL)
    return tap.built()


def sni(rng):
    """The pool is named in the hello alone; one hello comes in halves, the second first."""
    tap = Tap(rng)
    tap.browse(31, ("203.0.113.150", 443), f"tls.{POOL}")
    tap.expect(31, 1600012, f"tls.{POOL}")
    client, server = tap.client(32), ("203.0.113.150", 443)
    conversation, time = connect(rng, at=tap.at, rtt=12 * MS)
    hello, _ = tls.client_hello(rng, POOL)
    conversation.send(TO_SERVER, hello, time, reorder=True)
    conversation.close(time + SECOND)
    tap.add(conversation.packets(client, server), client, server)
    tap.expect(32, 1600012, POOL)
    tap.browse(33, ("203.0.113.151", 443), "www.example.com")
    return tap.built()


def resolved(rng):
    """An answer, then a connection that says nothing of the name."""
    tap = Tap(rng)
    tap.ask(41, POOL, plain("203.0.113.141", ADDRESS))
    tap.browse(41, (ADDRESS, 443), None)
    tap.expect(41, 1600013, POOL)
    # Another client goes to the same address and was never told the name.
    tap.browse(42, (ADDRESS, 443), None)
    # The same address serves other names, too: it proves nothing any more.
    tap.ask(43, "www.example.com", plain("203.0.113.160"))
    tap.ask(43, "shop.example.org", plain("203.0.113.160"))
    tap.ask(44, POOL, plain("203.0.113.160"))
    tap.ask(43, "www.example.com", plain("203.0.113.160"))
    tap.browse(44, ("203.0.113.160", 443), None)
    tap.expect(44, 1600011, POOL)
    return tap.built()


def requests(rng):
    """The pool is named in HTTP: Host, absolute target, CONNECT, SOCKS."""
    tap = Tap(rng)
    page = benign.http_message("HTTP/1.1 200 OK", b"<p>rates</p>", "text/html")
    tap.stream(51, ("203.0.113.170", 80), [
        (f"GET /api HTTP/1.1\r\nAccept: */*\r\nHost: {POOL}:80\r\n\r\n".encode(), page)])
    tap.expect(51, 1600012, POOL)
    tap.stream(52, ("10.0.0.8", 3128), [
        (f"GET http://api.{POOL}/v1 HTTP/1.1\r\nHost: x.example.com\r\n\r\n".encode(), page)])
    tap.expect(52, 1600012, f"api.{POOL}")
    hello, session = tls.client_hello(rng, None)
    secret = (hello, tls.server_hello(rng, session) + tls.application(rng, 900))
    tap.stream(53, ("10.0.0.8", 3128), [
        (f"CONNECT {POOL}:443 HTTP/1.1\r\nHost: {POOL}:443\r\n\r\n".encode(),
         b"HTTP/1.1 200 Connection established\r\n\r\n"), secret])
    tap.expect(53, 1600012, POOL)
    name = POOL.encode()
    tap.stream(54, ("10.0.0.9", 1080), [
        (b"\5\1\0", b"\5\0"),
        (b"\5\1\0\3" + bytes([len(name)]) + name + struct.pack("!H", 443),
         b"\5\0\0\1\0\0\0\0\0\0"), secret])
    tap.expect(54, 1600012, POOL)
    return tap.built()


def hostile(rng):
    """Staging and controller by address and by name, and keys that leave in names."""
    tap = Tap(rng)
    tap.browse(61, ("198.51.100.88", 443), None)
    tap.browse(61, ("198.51.100.88", 443), None)
    tap.expect(61, 1600014, "198.51.100.88:443")
    tap.ask(62, "c2.staging.example.org", plain("203.0.113.180"))
    tap.browse(62, ("203.0.113.180", 8443), None)
    tap.expect(62, 1600014, "c2.staging.example.org")
    tap.ask(63, "drop.198-51-100-88.sslip.io", plain("198.51.100.88"))
    tap.expect(63, 1600014, "drop.198-51-100-88.sslip.io")
    leak = "AKIA4EXAMPLE1234567.keys.198.51.100.88.nip.io"
    tap.ask(64, leak, plain("198.51.100.88"))
    tap.expect(64, 1600015, leak.lower())
    split = "akiaj7q2xb5.4kz6w3vt2.keys.evil.example"
    tap.ask(65, split, None)
    tap.expect(65, 1600015, split)
    return tap.built()


def quiet(rng):
    """Names that only look alike, weak entries, and miners of one's own."""
    tap = Tap(rng)
    tap.ask(71, "notpool.example.net", plain("203.0.113.190"))
    tap.ask(71, f"{POOL}.example.org", plain("203.0.113.190"))
    tap.ask(71, "example.net", plain("203.0.113.190"))
    tap.browse(71, ("203.0.113.190", 443), "xpool.example.net")
    tap.ask(72, "exchange.example.com", plain("203.0.113.191"))
    tap.browse(72, ("203.0.113.191", 443), "exchange.example.com")
    tap.ask(73, "own.pool.example.net", plain("203.0.113.192"))
    tap.browse(73, ("203.0.113.192", 443), "own.pool.example.net")
    tap.ask(200, POOL, plain(ADDRESS))  # of a network that is allowed
    tap.browse(200, (ADDRESS, 443), POOL)
    tap.ask(74, "asia-southeast1-docker.pkg.example", plain("203.0.113.193"))
    tap.ask(74, "akia.example.com", plain("203.0.113.194"))
    tap.ask(74, "198.51.100.89.nip.io", plain("198.51.100.89"))
    return tap.built()


ENTRIES = [
    Entry("names/lookup", "a pool is looked up: UDP, mixed case, an alias, TCP, AAAA", lookup),
    Entry("names/sni", "a pool is named in TLS hellos, one in halves out of order", sni),
    Entry("names/resolved", "connections to addresses that answers gave for a pool", resolved),
    Entry("names/requests", "a pool is named in HTTP requests, CONNECT and SOCKS", requests),
    Entry("names/hostile", "hostile infrastructure by address and name, keys in names", hostile),
    Entry("names/quiet", "names that are alike, weak or allowed: nothing must be found", quiet),
]
