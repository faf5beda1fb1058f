"""What carries a session. A Piece is bytes that one side sends at a time; a carrier wraps pieces.

In HTTP and WebSocket a loss hides what follows in its direction until the next head: `framed`
carriers say so, and then what comes behind a gap may be found, but need not.
"""

import json
import struct
import zlib
from dataclasses import dataclass, replace
from ipaddress import ip_address
from random import Random

from capturekit import MS, SECOND, TO_CLIENT, TO_SERVER

from ..dialects.talk import BEGIN, Facts, Http, Said

NAMED = ("pool.example.net", 3333)
NAMED_IP = ("203.0.113.77", 3333)
REAL_CLIENT = ("192.0.2.77", 51000)
V2_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
MASK_BYTES = 4
UPLOADED = 60_000  # bytes: more than a sensor reads of a flow before it leaves it alone
OTHERS = 12  # exchanges of somebody else's before the session: more than a sensor reads at once


@dataclass(frozen=True)
class Piece:
    """Bytes of one side; `index` is the message they belong to, -1: a carrier's own."""

    time: int
    direction: int
    data: bytes
    index: int = -1


def dialogue(said, begin=BEGIN - SECOND, pause=30 * MS):
    """A carrier's own exchange before the session begins."""
    return [Piece(begin + number * pause, direction, data)
            for number, (direction, data) in enumerate(said)]


def others():
    """Exchanges of an application with a server, as JSON."""
    for number in range(OTHERS):
        ask = {"jsonrpc": "2.0", "id": number, "method": "items.list", "params": [number]}
        answer = {"jsonrpc": "2.0", "id": number, "result": [{"item": number, "name": "lamp"}]}
        yield TO_SERVER, json.dumps(ask).encode()
        yield TO_CLIENT, json.dumps(answer).encode()


def kept(pieces, _):
    """A connection of HTTP that is kept alive and was used for something else first."""
    firsts = ("POST /api HTTP/1.1\r\nHost: app.example.com", "HTTP/1.1 200 OK")
    said = ((direction, f"{firsts[direction == TO_CLIENT]}\r\nContent-Type: application/json\r\n"
             f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            for direction, body in others())
    return dialogue(said, BEGIN - 1500 * MS, 10 * MS) + pieces  # over before another carrier begins


def uploaded(pieces, _):
    """A connection of HTTP on which something long was sent up first."""
    body = Random(len(pieces)).randbytes(UPLOADED)
    ask = ("PUT /backup HTTP/1.1\r\nHost: app.example.com\r\nContent-Type: application/zip\r\n"
           f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    answer = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
    return dialogue([(TO_SERVER, ask), (TO_CLIENT, answer)], BEGIN - 1500 * MS) + pieces


def posted(pieces, _):
    """Every message of the client in a request of HTTP, every one of the server in a response."""
    firsts = ("POST / HTTP/1.1\r\nHost: pool.example.com", "HTTP/1.1 200 OK\r\nServer: pool")
    return [replace(piece, data=(
        f"{firsts[piece.direction == TO_CLIENT]}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(piece.data)}\r\n\r\n").encode() + piece.data) for piece in pieces]


def named(host, port):
    """A proxy's target as a fact."""
    return {"pool": f"{host}:{port}"}


def connect(pieces, _):
    """HTTP CONNECT."""
    host = f"{NAMED[0]}:{NAMED[1]}"
    ask = f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\nProxy-Connection: keep-alive\r\n\r\n"
    answer = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n"
    return dialogue([(TO_SERVER, ask.encode()), (TO_CLIENT, answer)]) + pieces


def socks4(pieces, _):
    """SOCKS4: an address."""
    ask = struct.pack(">BBH", 4, 1, NAMED_IP[1]) + ip_address(NAMED_IP[0]).packed + b"user\0"
    return dialogue([(TO_SERVER, ask), (TO_CLIENT, b"\0\x5a" + bytes(6))]) + pieces


def socks4a(pieces, _):
    """SOCKS4a: a name."""
    ask = struct.pack(">BBH", 4, 1, NAMED[1]) + bytes([0, 0, 0, 1]) + b"\0" \
        + NAMED[0].encode() + b"\0"
    return dialogue([(TO_SERVER, ask), (TO_CLIENT, b"\0\x5a" + bytes(6))]) + pieces


def socks5(pieces, _):
    """SOCKS5: a name."""
    name = NAMED[0].encode()
    ask = b"\x05\x01\0\x03" + bytes([len(name)]) + name + struct.pack(">H", NAMED[1])
    answer = b"\x05\0\0\x01" + bytes(6)
    return dialogue([(TO_SERVER, b"\x05\x01\0"), (TO_CLIENT, b"\x05\0"), (TO_SERVER, ask),
                     (TO_CLIENT, answer)]) + pieces


def proxy1(pieces, _):
    """The PROXY protocol as text."""
    text = f"PROXY TCP4 {REAL_CLIENT[0]} 198.51.100.9 {REAL_CLIENT[1]} 3333\r\n"
    return dialogue([(TO_SERVER, text.encode())]) + pieces


def proxy2(pieces, _):
    """The PROXY protocol, binary."""
    ends = ip_address(REAL_CLIENT[0]).packed + ip_address("198.51.100.9").packed
    body = ends + struct.pack(">HH", REAL_CLIENT[1], 3333)
    head = V2_SIGNATURE + b"\x21\x11" + struct.pack(">H", len(body))
    return dialogue([(TO_SERVER, head + body)]) + pieces


def ws_frame(rng, data, direction, opcode, is_final=True):
    """A WebSocket frame; clients mask theirs."""
    head = bytes([(0x80 if is_final else 0) | opcode])
    bit = 0x80 if direction == TO_SERVER else 0
    if len(data) < 126:
        head += bytes([bit | len(data)])
    elif len(data) < 1 << 16:
        head += struct.pack(">BH", bit | 126, len(data))
    else:
        head += struct.pack(">BQ", bit | 127, len(data))
    if direction == TO_SERVER:
        mask = rng.randbytes(MASK_BYTES)
        data = mask + bytes(byte ^ mask[at % MASK_BYTES] for at, byte in enumerate(data))
    return head + data


def websocket(pieces, path, *, parts=1, opcode=1, before=()):
    """WebSocket: an upgrade, the messages of `before`, then every message in `parts` frames."""
    rng = Random(len(pieces))
    ask = (f"GET {path} HTTP/1.1\r\nHost: ws.example.com\r\nUpgrade: websocket\r\n"
           "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
           "Sec-WebSocket-Version: 13\r\nOrigin: https://www.example.org\r\n\r\n")
    answer = ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
    out = dialogue([(TO_SERVER, ask.encode()), (TO_CLIENT, answer.encode())]
                   + [(way, ws_frame(rng, data, way, opcode)) for way, data in before])
    for piece in pieces:
        size = -(-len(piece.data) // parts)
        chunks = [piece.data[at:at + size] for at in range(0, len(piece.data), size)]
        data = b""
        for at, chunk in enumerate(chunks):
            data += ws_frame(rng, chunk, piece.direction, opcode if at == 0 else 0,
                             at == len(chunks) - 1)
            if at == 0 and len(chunks) > 1:
                data += ws_frame(rng, b"", piece.direction, 9)
        out.append(replace(piece, data=data))
    return out


def ws(pieces, path):
    """One text frame a message."""
    return websocket(pieces, path)


def ws_parts(pieces, path):
    """Fragmented messages with pings between the fragments."""
    return websocket(pieces, path, parts=3)


def ws_binary(pieces, path):
    """Binary frames."""
    return websocket(pieces, path, opcode=2)


def ws_used(pieces, path):
    """A connection that was used for something else first."""
    return websocket(pieces, path, before=others())


def ws_used_parts(pieces, path):
    """The same with fragmented messages."""
    return websocket(pieces, path, parts=20, before=others())


OUTER = {"kept": kept, "uploaded": uploaded, "posted": posted, "connect": connect, "socks4": socks4,
         "socks4a": socks4a, "socks5": socks5, "proxy1": proxy1, "proxy2": proxy2, "ws": ws,
         "ws-parts": ws_parts, "ws-binary": ws_binary, "ws-used": ws_used,
         "ws-used-parts": ws_used_parts}
FRAMED = ("posted", "ws", "ws-parts", "ws-binary", "ws-used", "ws-used-parts")
TELLS = {"connect": named(*NAMED), "socks4": named(*NAMED_IP), "socks4a": named(*NAMED),
         "socks5": named(*NAMED)}
TELLING = {"connect": 0, "socks4": 0, "socks4a": 0, "socks5": 2}  # which piece tells it


def deflated(data, bits):
    """Compressed with zlib; `bits` chooses the container."""
    packer = zlib.compressobj(9, zlib.DEFLATED, bits)
    return packer.compress(data) + packer.flush()


def chunked(data, size):
    """A chunked body."""
    parts = [data[at:at + size] for at in range(0, len(data), size)]
    return b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts) \
        + b"0\r\n\r\n"


BODIES = {"length": (None, 0), "chunked": (None, 200), "chunked-bytes": (None, 1),
          "gzip": (31, 0), "deflate": (15, 0), "gzip-chunked": (31, 64)}


def http_bytes(message, body, how):
    """An HTTP message with its body encoded in one of the ways of BODIES."""
    bits, size = BODIES[how]
    lines = [message.first] + [f"{name}: {value}" for name, value in message.headers]
    if body is not None:
        lines.append(f"Content-Type: {message.kind}")
        if bits:
            lines.append("Content-Encoding: " + ("gzip" if bits == 31 else "deflate"))
            body = deflated(body, bits)
        if size:
            lines.append("Transfer-Encoding: chunked")
            body = chunked(body, size)
        else:
            lines.append(f"Content-Length: {len(body)}")
    elif message.first.startswith("HTTP/"):
        lines.append("Content-Length: 0")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


def written(talk, speller, body="length"):
    """The session's messages as pieces, without a carrier."""
    out = []
    for index, said in enumerate(talk.said):
        value = said.body
        if isinstance(value, bytes):
            data = value
        elif isinstance(value, Http):
            inner = value.body
            if inner is not None and not isinstance(inner, bytes):
                inner = speller.body(inner)
            data = http_bytes(value, inner, body)
        elif talk.home == "ws":
            data = speller.body(value)
        else:
            data = speller.line(value, said.direction)
        out.append(Piece(said.time, said.direction, data, index))
    return out


def carried(talk, speller, carriers=(), body="length"):
    """The session's pieces in its carriers, the outermost first, and the messages with those of
    the carriers that tell something."""
    pieces = written(talk, speller, body)
    wrappers = list(carriers)
    if talk.home == "ws" and not any(name in FRAMED for name in wrappers):
        wrappers.append("ws")
    said = list(talk.said)
    for name in reversed(wrappers):
        count = len(pieces)
        pieces = OUTER[name](pieces, talk.path)
        if name in TELLS:
            at = TELLING[name]
            pieces[at] = replace(pieces[at], index=len(said))
            said.append(Said(pieces[at].time, TO_SERVER, None, Facts(who=TELLS[name])))
        added = len(pieces) - count
        pieces = [replace(piece, time=piece.time - 200 * MS * wrappers[::-1].index(name))
                  if at < added else piece for at, piece in enumerate(pieces)]
    is_framed = talk.home != "stream" or any(name in FRAMED for name in wrappers)
    return pieces, said, is_framed or talk.is_binary
