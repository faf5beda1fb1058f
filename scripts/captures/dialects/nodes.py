"""Coin daemons among themselves: class node, no miners."""

import struct
from hashlib import sha256

from .talk import NODE, Talk

MAGIC = bytes.fromhex("f9beb4d9")
LEVIN = bytes.fromhex("0121010101010101")


def bitcoin_message(command, payload=b"", magic=MAGIC):
    """A Bitcoin message with its checksum."""
    check = sha256(sha256(payload).digest()).digest()[:4]
    return magic + command.ljust(12, b"\0") + struct.pack("<I", len(payload)) + check + payload


def version(rng, agent):
    """The payload of `version`."""
    address = struct.pack("<Q", 9) + bytes(10) + b"\xff\xff" + bytes([198, 51, 100, 7]) \
        + struct.pack(">H", 8333)
    return (struct.pack("<iQq", 70016, 9, 1_772_708_400) + address + address + rng.randbytes(8)
            + bytes([len(agent)]) + agent + struct.pack("<i", 890_000) + b"\x01")


def bitcoin(rng):
    """Bitcoin nodes: version, verack, pings, inventories, headers."""
    talk = Talk(rng, "bitcoin-p2p", port=8333, level=NODE, is_binary=True)
    agent = b"/Satoshi:27.0.0/"
    for say in (talk.client, talk.server):
        say(bitcoin_message(b"version", version(rng, agent)), proof=NODE, names=True,
            who={"agent": agent.decode()})
        talk.reply_time()
    for say in (talk.client, talk.server):
        say(bitcoin_message(b"verack"), proof=NODE, names=True)
    for number in range(4):
        talk.wait(3)
        nonce = rng.randbytes(8)
        talk.client(bitcoin_message(b"ping", nonce), proof=NODE, names=True)
        talk.reply_time()
        talk.server(bitcoin_message(b"pong", nonce), proof=NODE, names=True)
        items = b"".join(struct.pack("<I", 1) + rng.randbytes(32) for _ in range(3 + number))
        talk.server(bitcoin_message(b"inv", bytes([3 + number]) + items), proof=NODE, names=True)
        talk.client(bitcoin_message(b"getdata", bytes([3 + number]) + items), proof=NODE,
                    names=True)
    return talk


def handshake_message(kind, payload=b""):
    """A message of Handshake's main network."""
    return struct.pack("<IBI", 0x5B6EF2D3, kind, len(payload)) + payload


def handshake(rng):
    """Handshake nodes: version, verack, pings, inventories."""
    talk = Talk(rng, "handshake-p2p", port=12038, level=NODE, is_binary=True)
    agent = b"/hsd:6.0.0/"
    address = struct.pack("<QQB", 0, 0, 0) + bytes(10) + b"\xff\xff" \
        + bytes([198, 51, 100, 7]) + bytes(20) + struct.pack(">H", 12038) + bytes(33)
    for say in (talk.client, talk.server):
        say(handshake_message(0, struct.pack("<IQQ", 3, 1, 1_772_708_400) + address
                              + rng.randbytes(8) + bytes([len(agent)]) + agent
                              + struct.pack("<IB", 260_000, 0)),
            proof=NODE, names=True, who={"agent": agent.decode()})
        talk.reply_time()
    for say in (talk.client, talk.server):
        say(handshake_message(1), proof=NODE, names=True)
    for number in range(4):
        talk.wait(3)
        nonce = rng.randbytes(8)
        talk.client(handshake_message(2, nonce), proof=NODE, names=True)
        talk.reply_time()
        talk.server(handshake_message(3, nonce), proof=NODE, names=True)
        items = b"".join(struct.pack("<I", 1) + rng.randbytes(32) for _ in range(3 + number))
        talk.server(handshake_message(6, bytes([3 + number]) + items), proof=NODE, names=True)
        talk.client(handshake_message(7, bytes([3 + number]) + items), proof=NODE, names=True)
    return talk


def levin_packet(command, body, wants, flags):
    """A levin packet."""
    return LEVIN + struct.pack("<QBIiII", len(body), wants, command, 0 if wants else 1, flags,
                               1) + body


def monero(rng):
    """Monero nodes: handshake, timed sync, ping."""
    talk = Talk(rng, "levin", port=18080, level=NODE, is_binary=True)
    head = bytes.fromhex("011101010101020101")

    def body(count):
        return head + b"\x08\x09node_data\x0c\x10" + b"network_id\x0a\x40" + rng.randbytes(count)
    for command, ask, answer in ((1001, 160, 220), (1002, 90, 110), (1003, 0, 40), (1002, 90, 110)):
        talk.client(levin_packet(command, body(ask), 1, 1), proof=NODE, names=True)
        talk.reply_time()
        talk.server(levin_packet(command, body(answer), 0, 2), proof=NODE, names=True)
        talk.wait(6)
    return talk


def ethereum(rng):
    """Ethereum nodes: the first packets of RLPx by their sizes, then random bytes."""
    talk = Talk(rng, "devp2p", port=30303, level=NODE, is_binary=True,
                from_start=2)
    for say, size in ((talk.client, 412), (talk.server, 371)):
        say(struct.pack(">HB", size - 2, 4) + rng.randbytes(size - 3), proof=NODE, names=True)
        talk.reply_time()
    for _ in range(4):
        talk.client(rng.randbytes(16 * rng.randrange(4, 20)))
        talk.reply_time()
        talk.server(rng.randbytes(16 * rng.randrange(4, 20)))
        talk.wait(4)
    return talk


SESSIONS = {"bitcoin-p2p": bitcoin, "handshake-p2p": handshake, "levin": monero,
            "devp2p": ethereum}
