"""Everyday traffic: name lookups, web, TLS, SSH, RPC, queues, databases, ping, time.

Every function returns IP packets as the tap beside the client sees them.
"""

import json
import struct

from capturekit import MS, SECOND, TO_CLIENT, TO_SERVER, US
from capturekit.layers import PROTO_ICMP, PROTO_UDP, address, icmp_echo, ip, udp
from capturekit.pcapfile import Packet

from .session import connect, line

PAGE = "<!doctype html><title>{name}</title><p>Opening hours, prices and how to find us.</p>\n"
STRATUM_TEXT = ('{"id":4,"method":"mining.submit","params":["acct.rig07","2861","00000003",'
                '"66b1f0ab","5c1e0f2a"]}')


def name_bytes(name):
    """A DNS name in wire form."""
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def datagrams(client, server, said, ident):
    """UDP packets; `said` holds (time, direction, payload)."""
    out = []
    for number, (time, direction, payload) in enumerate(said):
        src, dst = (client, server) if direction == TO_SERVER else (server, client)
        datagram = udp(src, dst, payload)
        out.append(Packet(time, ip(src[0], dst[0], PROTO_UDP, datagram,
                                   ident=ident + number & 0xFFFF)))
    return out


def dns(rng, client, server, at, name):
    """A lookup of an A record and its answer."""
    ident = rng.getrandbits(16)
    question = name_bytes(name) + struct.pack("!HH", 1, 1)
    query = struct.pack("!6H", ident, 0x0100, 1, 0, 0, 0) + question
    record = struct.pack("!HHHIH", 0xC00C, 1, 1, 300, 4)
    answer = struct.pack("!6H", ident, 0x8180, 1, 1, 0, 0) + question
    answer += record + address(f"203.0.113.{rng.randrange(10, 200)}")
    said = [(at, TO_SERVER, query), (at + int(rng.uniform(300, 900)) * US, TO_CLIENT, answer)]
    return datagrams(client, server, said, ident)


def ntp(rng, client, server, at, _):
    """One NTP exchange."""
    ask = struct.pack("!BBbb", 0x23, 0, 6, -23) + bytes(36) + rng.randbytes(8)
    reply = struct.pack("!BBbb", 0x24, 2, 6, -23) + rng.randbytes(44)
    return datagrams(client, server, [(at, TO_SERVER, ask), (at + 12 * MS, TO_CLIENT, reply)],
                     rng.getrandbits(16))


def ping(rng, client, server, first, last, every):
    """Echo requests and replies; all of them are one flow."""
    ident, out, number, time = rng.getrandbits(16), [], 1, first
    while time < last:
        payload = rng.randbytes(16) + bytes(range(16, 56))
        for is_reply, (src, dst) in enumerate(((client, server), (server, client))):
            echo = icmp_echo(is_reply, ident, number, payload)
            out.append(Packet(time + is_reply * 900 * US,
                              ip(src[0], dst[0], PROTO_ICMP, echo, ident=number)))
        number += 1
        time += every
    return out


def dialogue(rng, client, server, at, exchanges, *, rtt=12 * MS, end="fin", pause=0):
    """A TCP flow of (request, reply) pairs, `pause` apart."""
    conversation, time = connect(rng, at=at, rtt=rtt)
    for request, reply in exchanges:
        time += int(rng.uniform(200, 2000)) * US
        if request:
            time = conversation.send(TO_SERVER, request, time) + rtt
        if reply:
            time += int(rng.uniform(300, 4000)) * US
            time = conversation.send(TO_CLIENT, reply, time)
        time += pause
    if end == "fin":
        conversation.close(time + 5 * MS)
    else:
        conversation.reset(time + 5 * MS)
    return conversation.packets(client, server)


def http_message(first, body, kind, extra=()):
    """An HTTP request or response with a body."""
    lines = [first, *extra, f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def http(rng, client, server, at, name):
    """A web page over plain HTTP."""
    request = (f"GET /{rng.randrange(100)}.html HTTP/1.1\r\nHost: {name}\r\n"
               "User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n").encode()
    body = (PAGE * rng.randrange(5, 20)).format(name=name).encode()
    return dialogue(rng, client, server, at,
                    [(request, http_message("HTTP/1.1 200 OK", body, "text/html"))])


def eth_rpc(rng, client, server, at, name):
    """A program asks an Ethereum node over HTTP: queries, no mining."""
    exchanges = []
    for number, method in enumerate(("eth_blockNumber", "eth_call", "eth_gasPrice"), 1):
        params = []
        if method == "eth_call":
            params = [{"to": "0x" + rng.randbytes(20).hex(), "data": "0x70a08231"}, "latest"]
        ask = json.dumps({"jsonrpc": "2.0", "id": number, "method": method,
                          "params": params}).encode()
        answer = json.dumps({"jsonrpc": "2.0", "id": number,
                             "result": "0x" + rng.randbytes(32).hex()}).encode()
        exchanges.append((
            http_message("POST / HTTP/1.1", ask, "application/json", (f"Host: {name}:8545",)),
            http_message("HTTP/1.1 200 OK", answer, "application/json")))
    return dialogue(rng, client, server, at, exchanges)


def queue_exchanges(rng, rounds):
    """Requests of a render farm's job queue: the words of a mining protocol, not its shapes."""
    login = {"jsonrpc": "2.0", "id": 1, "method": "login",
             "params": {"login": "render-worker", "token": rng.randbytes(8).hex()}}
    yield line(login), line({"jsonrpc": "2.0", "id": 1, "result": {"status": "OK"}})
    for number in range(2, 2 + rounds):
        job = f"frame-{rng.randrange(1000):04}"
        push = {"jsonrpc": "2.0", "method": "job",
                "params": {"job_id": job, "target": "/mnt/out", "blob": f"scene-{number}.blend"}}
        submit = {"jsonrpc": "2.0", "id": number, "method": "submit",
                  "params": {"id": "render-worker", "job_id": job, "result": "done",
                             "nonce": number}}
        yield b"", line(push)
        yield line(submit), line({"jsonrpc": "2.0", "id": number, "result": {"status": "OK"}})


def queue(rng, client, server, at, _):
    """A session with a job queue over newline JSON-RPC."""
    return dialogue(rng, client, server, at, list(queue_exchanges(rng, 6)), pause=4 * SECOND)


def pg_message(kind, body):
    """A PostgreSQL message."""
    return kind + struct.pack("!I", len(body) + 4) + body


def pg_row(*values):
    """A PostgreSQL data row of text columns."""
    body = struct.pack("!H", len(values))
    return pg_message(b"D", body + b"".join(struct.pack("!I", len(v)) + v for v in values))


def postgres(rng, client, server, at, _):
    """PostgreSQL: a query for log rows that hold stratum messages as text."""
    startup = b"\0\3\0\0user\0grafana\0database\0siem\0\0"
    ready = pg_message(b"R", bytes(4)) + pg_message(b"S", b"server_version\x0015.5\0")
    ready += pg_message(b"Z", b"I")
    column = struct.pack("!IHIhih", 0, 0, 25, -1, -1, 0)
    rows = pg_message(b"T", struct.pack("!H", 2) + b"ts\0" + column + b"message\0" + column)
    for _ in range(4):
        rows += pg_row(f"2026-03-05 09:{rng.randrange(60):02}:00".encode(), STRATUM_TEXT.encode())
    rows += pg_message(b"C", b"SELECT 4\0") + pg_message(b"Z", b"I")
    query = pg_message(b"Q", b"SELECT ts, message FROM log WHERE message LIKE '%mining.submit%'\0")
    exchanges = [(struct.pack("!I", len(startup) + 4) + startup, ready), (query, rows)]
    return dialogue(rng, client, server, at, exchanges + [(query, rows)] * 2, pause=2 * SECOND)


def my_packet(number, body):
    """A MySQL packet."""
    return struct.pack("<I", len(body))[:3] + bytes([number]) + body


def my_row(number, *values):
    """A MySQL text row."""
    return my_packet(number, b"".join(bytes([len(value)]) + value for value in values))


def mysql(rng, client, server, at, _):
    """MySQL: handshake, and rows with stratum text."""
    greeting = my_packet(0, b"\x0a8.0.36\0" + struct.pack("<I", rng.getrandbits(16))
                         + rng.randbytes(8).replace(b"\0", b"a")
                         + b"\0\xff\xf7\xff\x02\0\xff\xdf\x15" + bytes(10)
                         + b"abcdefghijkl\0mysql_native_password\0")
    login = my_packet(1, struct.pack("<IIB", 0x000FA68D, 1 << 24, 255) + bytes(23)
                      + b"report\0\x14" + rng.randbytes(20) + b"siem\0mysql_native_password\0")
    okay = my_packet(2, b"\0\0\0\2\0\0\0")
    name = my_packet(2, b"\x03def\x04siem\x03log\x03log\x04line\x04line\x0c\xff\0\xff\xff\0\0\xfd"
                     + bytes(5))
    rows = my_packet(1, b"\x01") + name + my_packet(3, b"\xfe\0\0\2\0")
    for number in range(4, 8):
        rows += my_row(number, STRATUM_TEXT.encode())
    rows += my_packet(8, b"\xfe\0\0\2\0")
    query = my_packet(0, b"\x03SELECT line FROM log")
    exchanges = [(b"", greeting), (login, okay), (query, rows)]
    return dialogue(rng, client, server, at, exchanges, pause=SECOND)


def ssh(rng, client, server, first, last, every):
    """An SSH session: banners, key exchange, then something typed each `every`."""
    rtt = 9 * MS
    conversation, time = connect(rng, at=first, rtt=rtt)
    for direction, data in (
            (TO_SERVER, b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2\r\n"),
            (TO_CLIENT, b"SSH-2.0-OpenSSH_8.7\r\n"),
            (TO_SERVER, ssh_kexinit(rng)), (TO_CLIENT, ssh_kexinit(rng)),
            (TO_SERVER, ssh_packet(rng, b"\x1e" + ssh_string(rng.randbytes(32)))),
            (TO_CLIENT, ssh_key_reply(rng) + ssh_packet(rng, b"\x15")),
            (TO_SERVER, ssh_packet(rng, b"\x15"))):
        time = conversation.send(direction, data, time + rtt)
    time += rtt
    while time < last:
        conversation.send(TO_SERVER, rng.randbytes(36), time)
        conversation.send(TO_CLIENT, rng.randbytes(4 * rng.randrange(9, 60)), time + rtt + 2 * MS)
        time += every
    conversation.close(time)
    return conversation.packets(client, server)


def ssh_packet(rng, payload):
    """An unencrypted SSH packet."""
    padding = 8 - (len(payload) + 5) % 8 + 4
    padding += -(len(payload) + 5 + padding) % 8
    head = struct.pack("!IB", len(payload) + 1 + padding, padding)
    return head + payload + rng.randbytes(padding)


def ssh_string(data):
    """Bytes behind their length."""
    return struct.pack("!I", len(data)) + data


def ssh_key_reply(rng):
    """The server's key exchange reply: host key, public value, signature."""
    kind = ssh_string(b"ssh-ed25519")
    body = ssh_string(kind + ssh_string(rng.randbytes(32))) + ssh_string(rng.randbytes(32))
    return ssh_packet(rng, b"\x1f" + body + ssh_string(kind + ssh_string(rng.randbytes(64))))


def ssh_kexinit(rng):
    """The KEXINIT message with common algorithm names."""
    names = ("curve25519-sha256", "ssh-ed25519", "chacha20-poly1305@openssh.com",
             "chacha20-poly1305@openssh.com", "hmac-sha2-256", "hmac-sha2-256", "none", "none", "",
             "")
    lists = b"".join(ssh_string(name.encode()) for name in names)
    return ssh_packet(rng, b"\x14" + rng.randbytes(16) + lists + bytes(5))
