"""What may lie around an IP packet on its way to a sensor: link layers, tags and tunnels."""

import struct
from zlib import crc32

from .layers import PROTO_UDP, ethernet, ethertype, ipv4, mac, udp

VXLAN_PORT = 4789
GENEVE_PORT = 6081
GWLB_CLASS = 0x0108


def vlan(frame, vid, tpid=0x8100):
    """Puts a VLAN tag in front of what the frame carries."""
    return frame[:12] + struct.pack("!HH", tpid, vid) + frame[12:]


def mpls(frame, labels):
    """Puts a stack of MPLS labels under the Ethernet header."""
    stack = b"".join(
        struct.pack("!I", label << 12 | (0x100 if at == len(labels) - 1 else 0) | 63)
        for at, label in enumerate(labels))
    return frame[:12] + struct.pack("!H", 0x8847) + stack + frame[14:]


def pppoe(frame, session):
    """Turns an Ethernet frame into one of a PPPoE session."""
    packet = frame[14:]
    protocol = 0x0057 if ethertype(packet) == 0x86DD else 0x0021
    head = struct.pack("!HBBHHH", 0x8864, 0x11, 0, session, len(packet) + 2, protocol)
    return frame[:12] + head + packet


def sll(packet, is_outgoing):
    """Linux cooked capture, version 1."""
    kind = 4 if is_outgoing else 0
    hardware = b"\x02\x42\x0a\x00\x00\x01\0\0"
    head = struct.pack("!HHH", kind, 1, 6) + hardware
    return head + struct.pack("!H", ethertype(packet)) + packet


def sll2(packet, is_outgoing):
    """Linux cooked capture, version 2."""
    kind = 4 if is_outgoing else 0
    hardware = b"\x02\x42\x0a\x00\x00\x01\0\0"
    return struct.pack("!HHIHBB", ethertype(packet), 0, 3, 1, kind, 6) + hardware + packet


def null(packet):
    """BSD loopback, address family in little-endian byte order."""
    return struct.pack("<I", 30 if ethertype(packet) == 0x86DD else 2) + packet


def gre(payload, protocol, *, key=None, sequence=None):
    """A GRE packet with optional key and sequence number."""
    flags = (0x2000 if key is not None else 0) | (0x1000 if sequence is not None else 0)
    head = struct.pack("!HH", flags, protocol)
    for field in (key, sequence):
        if field is not None:
            head += struct.pack("!I", field)
    return head + payload


def erspan2(frame, session, sequence):
    """GRE with ERSPAN type II around a mirrored Ethernet frame."""
    head = struct.pack("!HHI", 1 << 12, session, 7)
    return gre(head + frame, 0x88BE, sequence=sequence)


def erspan3(frame, session, sequence):
    """GRE with ERSPAN type III and the platform subheader around a mirrored Ethernet frame."""
    head = struct.pack("!HHIHH", 2 << 12, session, sequence * 1000, 0, 0x0001)
    platform = struct.pack("!II", 3 << 26, 0)
    return gre(head + platform + frame, 0x22EB, sequence=sequence)


def vxlan(frame, vni):
    """A VXLAN header in front of an Ethernet frame."""
    return struct.pack("!II", 0x08000000, vni << 8) + frame


def geneve(payload, protocol, *, vni=0, options=()):
    """GENEVE with options, each (class, type, data of a multiple of 4 bytes)."""
    packed = b"".join(
        struct.pack("!HBB", number, kind, len(data) // 4) + data for number, kind, data in options)
    head = struct.pack("!BBHI", len(packed) // 4, 0, protocol, vni << 8)
    return head + packed + payload


def gwlb_options(endpoint, cookie):
    """The three options that an AWS Gateway Load Balancer sets."""
    return ((GWLB_CLASS, 1, struct.pack("!Q", endpoint)), (GWLB_CLASS, 2, struct.pack("!Q", 0)),
            (GWLB_CLASS, 3, struct.pack("!I", cookie)))


def outer_port(packet):
    """A tunnel's source port: a hash of the inner addresses and ports, as tunnel ends choose it."""
    key = packet[12:24] if packet[0] >> 4 == 4 else packet[8:44]
    return 0xC000 | crc32(key) & 0x3FFF


def framed(packet, src, dst):
    """The IP packet in an Ethernet frame between the hosts (or gateways) `src` and `dst`."""
    return ethernet(packet, mac(src), mac(dst))


def mirrored(packet, frame, vni, eni, target):
    """AWS traffic mirroring: `frame` in VXLAN from the mirrored interface to the mirror target."""
    datagram = udp((eni, outer_port(packet)), (target, VXLAN_PORT), vxlan(frame, vni),
                   zero_checksum=True)
    return framed(ipv4(eni, target, PROTO_UDP, datagram, ttl=254), eni, target)
