"""What lies around the packets of a session."""

from capturekit import layers, tunnels
from capturekit.layers import PROTO_UDP

from ..carriers import PROTO_GRE, PROTO_IPIP, SENSOR, TAP, cut_ipv4, cut_ipv6, outer

FRAGMENTED_FROM = 150  # bytes of a packet


def plain(frame, _):
    """Ethernet alone."""
    return [frame]


def vlan(frame, _):
    """802.1Q."""
    return [tunnels.vlan(frame, 120)]


def qinq(frame, _):
    """Two tags."""
    return [tunnels.vlan(tunnels.vlan(frame, 120), 300, 0x88A8)]


def mpls(frame, _):
    """Two labels."""
    return [tunnels.mpls(frame, (16001, 24007))]


def vxlan(frame, _):
    """Traffic mirroring."""
    return [tunnels.mirrored(frame[14:], frame, 4097, TAP, SENSOR)]


def geneve(frame, number):
    """A gateway load balancer."""
    options = tunnels.gwlb_options(0x0A1B2C3D, 0xC0FFEE00)
    body = tunnels.geneve(frame[14:], layers.ethertype(frame[14:]), options=options)
    datagram = layers.udp((TAP, tunnels.outer_port(frame[14:])), (SENSOR, tunnels.GENEVE_PORT),
                          body)
    return [outer(PROTO_UDP, datagram, number)]


def gre(frame, number):
    """GRE with a key."""
    kind = layers.ethertype(frame[14:])
    return [outer(PROTO_GRE, tunnels.gre(frame[14:], kind, key=77), number)]


def erspan2(frame, number):
    """A mirrored frame in GRE."""
    return [outer(PROTO_GRE, tunnels.erspan2(frame, 5, number), number)]


def ipip(frame, number):
    """IP in IP."""
    return [outer(PROTO_IPIP, frame[14:], number)]


def fragments(frame, number):
    """Fragments of 96 bytes, every second packet's in reverse."""
    packet = frame[14:]
    if len(packet) < FRAGMENTED_FROM:
        return [frame]
    pieces = cut_ipv6(packet, number) if packet[0] >> 4 == 6 else cut_ipv4(packet, number)
    if number % 2:
        pieces.reverse()
    return [frame[:12] + frame[12:14] + piece for piece in pieces]


LAYERS = {"plain": plain, "vlan": vlan, "qinq": qinq, "mpls": mpls, "vxlan": vxlan,
          "geneve": geneve, "gre": gre, "erspan2": erspan2, "ipip": ipip,
          "fragments": fragments, "ipv6": plain, "ipv6-fragments": fragments}
OVER_IPV6 = ("ipv6", "ipv6-fragments")
