"""Reads Ethernet, VLAN, VXLAN, IPv4, TCP, UDP and ICMP: what recutting and counting flows need."""

import struct
from dataclasses import dataclass, replace

from . import US
from .layers import ACK, PROTO_ICMP, PROTO_TCP, PROTO_UDP, SYN, checksum
from .tunnels import VXLAN_PORT

NAMES = {PROTO_TCP: "tcp", PROTO_UDP: "udp", PROTO_ICMP: "icmp"}


@dataclass(frozen=True)
class Inner:
    """Where the innermost IPv4 packet lies in a frame, and who speaks in it.

    `src` and `dst` are (address, port); ICMP echo has the ports of Community ID: 8 for the side
    that asks, 0 for the side that answers.
    """

    at: int
    vni: int
    proto: int
    src: tuple
    dst: tuple
    length: int

    @property
    def key(self):
        """The same for both directions of a flow."""
        return (self.vni, self.proto) + tuple(sorted((self.src, self.dst)))


def locate(frame):
    """The innermost IPv4 packet of an Ethernet frame, or None; fragments are left alone."""
    return _locate_ethernet(frame, 0, None)


def _locate_ethernet(frame, at, vni):
    at += 12
    kind = int.from_bytes(frame[at:at + 2], "big")
    while kind in (0x8100, 0x88A8):
        at += 4
        kind = int.from_bytes(frame[at:at + 2], "big")
    if kind != 0x0800 or len(frame) < at + 2 + 28:
        return None
    return _locate_ipv4(frame, at + 2, vni)


def _locate_ipv4(frame, at, vni):
    length, fragment, proto = struct.unpack_from("!2xH2xHxB", frame, at)
    if fragment & 0x3FFF:
        return None
    src, dst = (".".join(map(str, frame[at + o:at + o + 4])) for o in (12, 16))
    body = at + (frame[at] & 15) * 4
    if proto == PROTO_UDP and vni is None:
        if frame[body + 2:body + 4] == VXLAN_PORT.to_bytes(2, "big"):
            return _locate_ethernet(frame, body + 16, int.from_bytes(frame[body + 12:body + 15]))
    if proto in (PROTO_TCP, PROTO_UDP):
        sport, dport = struct.unpack_from("!HH", frame, body)
    elif proto == PROTO_ICMP:
        sport, dport = (8, 0) if frame[body] == 8 else (0, 8)
    else:
        sport = dport = 0
    return Inner(at, vni, proto, (src, sport), (dst, dport), length)


@dataclass(frozen=True)
class TcpView:
    """The TCP segment of an inner packet: offsets within the frame, and fields."""

    at: int
    data: int
    end: int
    seq: int
    flags: int

    @property
    def size(self):
        """Bytes of payload."""
        return self.end - self.data


def tcp_view(frame, inner):
    """The TCP segment that `inner` carries, or None."""
    if inner is None or inner.proto != PROTO_TCP:
        return None
    at = inner.at + (frame[inner.at] & 15) * 4
    seq, offset, flags = struct.unpack_from("!4xI4xBB", frame, at)
    return TcpView(at, at + (offset >> 4) * 4, inner.at + inner.length, seq, flags)


def is_garbage(view):
    """A keep-alive probe is a lone byte of a bare ACK: `view` may be one."""
    return view.size == 1 and view.flags == ACK


def with_payload(packet, inner, view, seq, flags, payload):
    """The packet with another TCP payload: all lengths and checksums around it are renewed."""
    frame = bytearray(packet.data[:view.data] + payload)
    struct.pack_into("!I", frame, view.at + 4, seq & 0xFFFFFFFF)
    frame[view.at + 13] = flags
    growth = len(frame) - view.end
    if inner.vni is not None:
        _grow_outer(frame, growth)
    _renew_ipv4(frame, inner.at, inner.length + growth)
    frame[view.at + 16:view.at + 18] = b"\0\0"
    pseudo = frame[inner.at + 12:inner.at + 20] + struct.pack("!HH", 6, len(frame) - view.at)
    struct.pack_into("!H", frame, view.at + 16, checksum(bytes(pseudo + frame[view.at:])))
    return replace(packet, data=bytes(frame), length=0)


def _renew_ipv4(frame, at, length):
    struct.pack_into("!H", frame, at + 2, length)
    frame[at + 10:at + 12] = b"\0\0"
    struct.pack_into("!H", frame, at + 10, checksum(bytes(frame[at:at + 20])))


def _grow_outer(frame, growth):
    """Renews the outer IPv4 and UDP lengths; the outer UDP checksum becomes 0, as in VXLAN."""
    outer = _locate_ethernet(frame, 0, -1)
    _renew_ipv4(frame, outer.at, outer.length + growth)
    at = outer.at + 20
    length = struct.unpack_from("!H", frame, at + 4)[0]
    struct.pack_into("!HH", frame, at + 4, length + growth, 0)


def clients(packets):
    """For each flow key its client: the sender of the SYN, else of the first packet, unless the
    lower port says that this was the server."""
    found, certain = {}, set()
    for packet in packets:
        inner = locate(packet.data)
        if inner is None or inner.key in certain:
            continue
        view = tcp_view(packet.data, inner)
        if view and view.flags & SYN:
            found[inner.key] = inner.dst if view.flags & ACK else inner.src
            certain.add(inner.key)
        elif inner.key not in found:
            is_server = view and inner.src[1] < inner.dst[1]
            found[inner.key] = inner.dst if is_server else inner.src
    return found


def flows(packets):
    """Every flow of the capture in the order of first packets: what a flow record must say."""
    found, who = {}, clients(packets)
    for packet in packets:
        inner = locate(packet.data)
        if inner is None:
            continue
        flow = found.get(inner.key)
        if flow is None:
            flow = found[inner.key] = _new_flow(inner, who[inner.key], packet.time)
        side = "to_server" if inner.src == who[inner.key] else "to_client"
        flow["packets_" + side] += 1
        flow["bytes_" + side] += inner.length
        flow["end_us"] = packet.time // US
    return list(found.values())


def _new_flow(inner, client, time):
    server = inner.dst if inner.src == client else inner.src
    return {
        "proto": NAMES.get(inner.proto, str(inner.proto)),
        "src_ip": client[0], "src_port": client[1], "dest_ip": server[0], "dest_port": server[1],
        "vni": inner.vni, "packets_to_server": 0, "bytes_to_server": 0, "packets_to_client": 0,
        "bytes_to_client": 0, "start_us": time // US, "end_us": time // US,
    }
