"""What every capture of the collection is made of, and short ways to make it."""

from dataclasses import dataclass
from datetime import datetime, timezone
from random import Random
from typing import Callable

from capturekit import MS, SECOND, pcapfile, tunnels
from capturekit.layers import address
from capturekit.pcapfile import Packet

from .cryptonote_miner import Chain, Miner, XmrigSession
from .session import connect

START = int(datetime(2026, 3, 5, 11, tzinfo=timezone.utc).timestamp()) * SECOND
XMR_WALLET = ("42GcvFXaX6p3rZwuSi5uqJ3rZwuSi5uqJ3rZwuSi5uqJ3sDTaAVnV7o6"
              "i8totRApfb6i8totRApfb6i8totRApfb4rNoqE7")
XMRIG = "XMRig/6.21.0 (Linux x86_64) libuv/1.44.2 gcc/11.4.0"
CLIENT = ("10.0.1.23", 45678)
SERVER = ("198.51.100.120", 3333)


@dataclass(frozen=True)
class Built:
    """Frames ready to be written, and the truth that belongs beside them."""

    packets: list
    truth: dict | None = None
    link: int = pcapfile.LINK_ETHERNET
    nanoseconds: bool = False

    def capture(self):
        """The capture, in strict order of time."""
        ordered = pcapfile.in_order(self.packets)
        return pcapfile.Capture(tuple(ordered), self.link, self.nanoseconds)


@dataclass(frozen=True)
class Entry:
    """One capture of the collection: FOLDER/NAME, what it holds, and who builds it."""

    name: str
    about: str
    build: Callable[[Random], Built]


def is_from(packet, host):
    """Whether an IP packet's source is the address `host`."""
    source = packet[12:16] if packet[0] >> 4 == 4 else packet[8:24]
    return source == address(host)


def framed(ip_packets, client, server):
    """IP packets of one connection in Ethernet frames."""
    out = []
    for each in ip_packets:
        ends = (client, server) if is_from(each.data, client[0]) else (server, client)
        out.append(Packet(each.time, tunnels.framed(each.data, ends[0][0], ends[1][0])))
    return out


def session_truth(session, conversation, client, server):
    """The truth about one session, with its ends."""
    last = max(segment.time for segment in conversation.segments)
    truth = {"client": list(client), "server": list(server)}
    truth.update(session.truth(last))
    return truth


def one_session(session, conversation, client=CLIENT, server=SERVER):
    """A capture that holds one played session in plain Ethernet."""
    frames = framed(conversation.packets(client, server), client, server)
    return Built(frames, {"sessions": [session_truth(session, conversation, client, server)]})


def silent(ip_packets, client, server):
    """A capture in which there is nothing to find."""
    return Built(framed(ip_packets, client, server), {"sessions": []})


def xmrig(rng, *, start=START, seconds=150, pathologies=None, **changes):
    """A short XMRig session that has been connected and simulated, but not yet played."""
    server = changes.pop("server", SERVER)
    login = changes.pop("login", XMR_WALLET)
    settings = dict(login=login, agent=XMRIG, rigid="rack3", share_interval=12, reject_rate=0.15,
                    stale_rate=0.4, rtt=40 * MS)
    settings.update(changes)
    chain = Chain(rng, start - SECOND, start + seconds * SECOND)
    conversation, ready = connect(rng, at=start, rtt=settings["rtt"], **(pathologies or {}))
    is_valid = login.startswith(XMR_WALLET)
    identity = {"dialect": "cryptonote", "wallet": XMR_WALLET if is_valid else login,
                "wallet_valid": is_valid, "worker": settings["rigid"],
                "agent": settings["agent"], "algo": "rx/0", "pool": f"{server[0]}:{server[1]}"}
    miner = Miner(identity=identity, **settings)
    session = XmrigSession(rng, chain, miner, ready, start + seconds * SECOND).session
    return session, conversation
