"""TLS 1.3 as a passive observer sees it: real hello messages, then records of random bytes."""

import struct

from capturekit import MS, TO_CLIENT, TO_SERVER, US

from .session import connect

CIPHERS = (0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030)
GROUP_X25519 = 0x001D
HANDSHAKE, CHANGE_CIPHER, APPLICATION = 22, 20, 23


def record(kind, body, version=0x0303):
    """A TLS record."""
    return struct.pack("!BHH", kind, version, len(body)) + body


def extension(number, body):
    """A hello extension."""
    return struct.pack("!HH", number, len(body)) + body


def sized(body, width=2):
    """Bytes behind their length."""
    return len(body).to_bytes(width, "big") + body


def handshake(kind, body):
    """A handshake message."""
    return bytes([kind]) + sized(body, 3)


def client_hello(rng, name=None):
    """A ClientHello, with a server name or without."""
    extensions = b""
    if name:
        extensions += extension(0, sized(b"\0" + sized(name.encode())))
    extensions += extension(11, b"\x01\0")
    extensions += extension(10, sized(struct.pack("!HH", GROUP_X25519, 0x0017)))
    extensions += extension(13, sized(struct.pack("!4H", 0x0403, 0x0804, 0x0401, 0x0806)))
    extensions += extension(43, sized(struct.pack("!HH", 0x0304, 0x0303), 1))
    extensions += extension(45, b"\x01\x01")
    extensions += extension(51, sized(struct.pack("!H", GROUP_X25519) + sized(rng.randbytes(32))))
    ciphers = b"".join(struct.pack("!H", number) for number in CIPHERS)
    session = rng.randbytes(32)
    body = b"\x03\x03" + rng.randbytes(32) + sized(session, 1) + sized(ciphers) + b"\x01\0"
    return record(HANDSHAKE, handshake(1, body + sized(extensions)), 0x0301), session


def server_hello(rng, session):
    """The ServerHello that answers it."""
    extensions = extension(43, b"\x03\x04")
    extensions += extension(51, struct.pack("!H", GROUP_X25519) + sized(rng.randbytes(32)))
    body = b"\x03\x03" + rng.randbytes(32) + sized(session, 1) + struct.pack("!HB", CIPHERS[0], 0)
    return record(HANDSHAKE, handshake(2, body + sized(extensions)))


def application(rng, length):
    """Records of random bytes that carry `length` bytes."""
    out = b""
    while length > 0:
        part = min(length, 16384)
        out += record(APPLICATION, rng.randbytes(part + 17))
        length -= part
    return out


def fetch(rng, at, *, name=None, size=4000, rtt=12 * MS, certificate=1200):
    """A TLS conversation that downloads `size` bytes; the conversation is returned unrendered."""
    conversation, time = connect(rng, at=at, rtt=rtt)
    hello, session = client_hello(rng, name)
    time = conversation.send(TO_SERVER, hello, time + 300 * US)
    change = record(CHANGE_CIPHER, b"\x01")
    answer = server_hello(rng, session) + change + application(rng, certificate)
    time = conversation.send(TO_CLIENT, answer, time + rtt + 2 * MS)
    request = change + application(rng, 36) + application(rng, 120)
    time = conversation.send(TO_SERVER, request, time + MS)
    time = conversation.send(TO_CLIENT, application(rng, size), time + rtt + 3 * MS)
    conversation.close(time + 4 * MS)
    return conversation


def web(rng, client, server, at, name):
    """A page over TLS with a server name."""
    return fetch(rng, at, name=name, size=rng.randrange(1500, 4000)).packets(client, server)
