"""The pcap file format: reading, writing and ordering packets."""

import struct
from dataclasses import dataclass, replace

from . import SECOND, US

LINK_NULL = 0
LINK_ETHERNET = 1
LINK_RAW = 101
LINK_SLL = 113
LINK_SLL2 = 276

MAGIC_MICRO = 0xA1B2C3D4
MAGIC_NANO = 0xA1B23C4D


@dataclass(frozen=True)
class Packet:
    """One captured packet; `length` is what it had on the wire, `data` what was kept of it."""

    time: int
    data: bytes
    length: int = 0

    @property
    def wire_length(self):
        """Bytes on the wire."""
        return self.length or len(self.data)


@dataclass(frozen=True)
class Capture:
    """A capture file in memory."""

    packets: tuple
    link: int = LINK_ETHERNET
    nanoseconds: bool = False
    snaplen: int = 262144


def in_order(packets, step=US):
    """Sorts by time and moves packets of equal time apart, so that time grows with each packet."""
    ordered, last = [], -step
    for packet in sorted(packets, key=lambda each: each.time // step):
        time = max(packet.time // step * step, last + step)
        ordered.append(packet if time == packet.time else replace(packet, time=time))
        last = time
    return ordered


def to_bytes(capture):
    """The capture as the bytes of a little-endian pcap file."""
    magic, unit = (MAGIC_NANO, 1) if capture.nanoseconds else (MAGIC_MICRO, US)
    out = [struct.pack("<IHHiIII", magic, 2, 4, 0, 0, capture.snaplen, capture.link)]
    for packet in capture.packets:
        seconds, rest = divmod(packet.time, SECOND)
        out.append(struct.pack("<IIII", seconds, rest // unit, len(packet.data),
                               packet.wire_length))
        out.append(packet.data)
    return b"".join(out)


def from_bytes(raw):
    """Reads a pcap file of either byte order and either resolution."""
    order = "<" if raw[:1] in (b"\xd4", b"\x4d") else ">"
    magic, _, _, _, _, snaplen, link = struct.unpack_from(order + "IHHiIII", raw)
    if magic not in (MAGIC_MICRO, MAGIC_NANO):
        raise ValueError("not a pcap file")
    unit = 1 if magic == MAGIC_NANO else US
    packets, at = [], 24
    while at < len(raw):
        seconds, fraction, kept, length = struct.unpack_from(order + "IIII", raw, at)
        data = raw[at + 16:at + 16 + kept]
        packets.append(Packet(seconds * SECOND + fraction * unit, data, length))
        at += 16 + kept
    return Capture(tuple(packets), link & 0xFFFF, magic == MAGIC_NANO, snaplen)


def read(path):
    """Reads the capture in the file `path`."""
    with open(path, "rb") as file:
        return from_bytes(file.read())


def write(path, capture):
    """Writes the capture into the file `path`."""
    with open(path, "wb") as file:
        file.write(to_bytes(capture))
