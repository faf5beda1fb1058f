"""One short CryptoNote session in everything that may lie around an IP packet."""

from dataclasses import replace

from capturekit import SECOND, layers, pcapfile, tunnels
from capturekit.layers import PROTO_TCP, PROTO_UDP, ip, ipv4
from capturekit.pcapfile import Packet

from .build import CLIENT, SERVER, START, Built, Entry, framed, is_from, session_truth, xmrig

PROTO_GRE, PROTO_IPIP = 47, 4
TAP, SENSOR = "192.0.2.10", "192.0.2.20"
CLIENT6 = ("2001:db8:1::23", CLIENT[1])
SERVER6 = ("2001:db8:ffff::120", SERVER[1])
HOP_BY_HOP, DESTINATION = 0, 60
PADDING = b"\0\x01\4\0\0\0\0"


def spoken(rng, client=CLIENT, server=SERVER, **changes):
    """The session of all these captures: its IP packets and its truth."""
    session, conversation = xmrig(rng, seconds=90, server=server, **changes)
    session.play(conversation)
    conversation.close(START + 90 * SECOND)
    truth = session_truth(session, conversation, client, server)
    return conversation.packets(client, server), truth


def each_frame(change, **truth):
    """A builder that frames the session in Ethernet and lets `change(frame, number)` wrap it."""
    def build(rng):
        packets, about = spoken(rng)
        out = [Packet(packet.time, change(packet.data, number))
               for number, packet in enumerate(framed(packets, CLIENT, SERVER))]
        return Built(out, {"sessions": [dict(about, **truth)]})
    return build


def each_packet(change, link=pcapfile.LINK_RAW, **more):
    """A builder that lets `change(ip packet, is from the client)` wrap the session's packets."""
    def build(rng):
        packets, about = spoken(rng)
        out = [Packet(packet.time, change(packet.data, is_from(packet.data, CLIENT[0])))
               for packet in packets]
        return Built(out, {"sessions": [about]}, link, **more)
    return build


def outer(proto, payload, number=0):
    """An outer IPv4 packet from the tap to the sensor, in Ethernet."""
    packet = ipv4(TAP, SENSOR, proto, payload, ident=number & 0xFFFF, dont_fragment=False)
    return tunnels.framed(packet, TAP, SENSOR)


def in_vxlan(frame, vni):
    """A mirrored frame as AWS sends it."""
    return tunnels.mirrored(frame[14:], frame, vni, CLIENT[0], SENSOR)


def in_geneve(packet, number):
    """An IP packet as a Gateway Load Balancer sends it."""
    options = tunnels.gwlb_options(0x0A1B2C3D4E5F60718 >> 4, 0xC0FFEE00)
    body = tunnels.geneve(packet, layers.ethertype(packet), options=options)
    datagram = layers.udp((TAP, tunnels.outer_port(packet)), (SENSOR, tunnels.GENEVE_PORT), body)
    return outer(PROTO_UDP, datagram, number)


def vxlan_in_geneve(frame, number):
    """A mirrored frame behind a Gateway Load Balancer endpoint."""
    return in_geneve(in_vxlan(frame, 4097)[14:], number)


def ipv6(rng):
    """The session over IPv6."""
    packets, truth = spoken(rng, CLIENT6, SERVER6)
    return Built(framed(packets, CLIENT6, SERVER6), {"sessions": [truth]})


def ipv6_extensions(rng):
    """Over IPv6 with hop-by-hop and destination options in front of TCP."""
    packets, truth = spoken(rng, CLIENT6, SERVER6)
    out = []
    for packet in packets:
        ends = (CLIENT6, SERVER6) if is_from(packet.data, CLIENT6[0]) else (SERVER6, CLIENT6)
        data = layers.ipv6(ends[0][0], ends[1][0], PROTO_TCP, packet.data[40:],
                           extensions=((HOP_BY_HOP, PADDING), (DESTINATION, PADDING)))
        out.append(replace(packet, data=data))
    return Built(framed(out, CLIENT6, SERVER6), {"sessions": [truth]})


def fragmented(client, server, cut):
    """A builder whose packets with payload arrive in pieces, every second one last piece first."""
    def build(rng):
        packets, truth = spoken(rng, client, server)
        out = []
        for number, packet in enumerate(packets):
            pieces = cut(packet.data, number) if len(packet.data) > 150 else [packet.data]
            if number % 2:
                pieces.reverse()
            out += [Packet(packet.time + 1000 * at, piece) for at, piece in enumerate(pieces)]
        return Built(framed(out, client, server), {"sessions": [truth]})
    return build


def cut_ipv4(packet, _):
    """Fragments of 96 bytes; a fragmented packet may not carry "don't fragment"."""
    fresh = ip(*(".".join(map(str, packet[at:at + 4])) for at in (12, 16)), packet[9], packet[20:],
               ident=int.from_bytes(packet[4:6], "big"))
    return layers.ipv4_fragments(fresh, 96)


def cut_ipv6(packet, number):
    """Fragments of 96 bytes."""
    return layers.ipv6_fragments(packet, 96, 0x1000 + number)


def two_tenants(rng):
    """The same private addresses and ports in two mirrored VPCs at the same time."""
    out, sessions = [], []
    for vni, worker, start in ((4097, "tenant-a", START), (4098, "tenant-b", START + 7 * SECOND)):
        packets, truth = spoken(rng, start=start, rigid=worker, hashrate=1000 + 10 * (vni - 4000))
        out += [Packet(packet.time, in_vxlan(packet.data, vni))
                for packet in framed(packets, CLIENT, SERVER)]
        sessions.append(dict(truth, vni=vni))
    return Built(out, {"sessions": sessions})


ENTRIES = [
    Entry("tunnels/vlan", "802.1Q, VLAN 120",
          each_frame(lambda frame, _: tunnels.vlan(frame, 120), vlans=[120])),
    Entry("tunnels/qinq", "802.1ad, outer VLAN 300, inner VLAN 120",
          each_frame(lambda frame, _: tunnels.vlan(tunnels.vlan(frame, 120), 300, 0x88A8),
                     vlans=[300, 120])),
    Entry("tunnels/mpls", "MPLS, two labels",
          each_frame(lambda frame, _: tunnels.mpls(frame, (16001, 24007)))),
    Entry("tunnels/pppoe", "PPPoE session 0x1234",
          each_frame(lambda frame, _: tunnels.pppoe(frame, 0x1234))),
    Entry("tunnels/sll", "Linux cooked capture, version 1",
          each_packet(tunnels.sll, pcapfile.LINK_SLL)),
    Entry("tunnels/sll2", "Linux cooked capture, version 2",
          each_packet(tunnels.sll2, pcapfile.LINK_SLL2)),
    Entry("tunnels/raw", "raw IP, nanosecond timestamps",
          each_packet(lambda packet, _: packet, nanoseconds=True)),
    Entry("tunnels/null", "BSD loopback",
          each_packet(lambda packet, _: tunnels.null(packet), pcapfile.LINK_NULL)),
    Entry("tunnels/gre", "GRE with key, IPv4 inside",
          each_frame(lambda frame, number: outer(PROTO_GRE, tunnels.gre(frame[14:], 0x0800, key=77),
                                                 number))),
    Entry("tunnels/erspan2", "ERSPAN type II, session 5",
          each_frame(lambda frame, number: outer(PROTO_GRE, tunnels.erspan2(frame, 5, number),
                                                 number))),
    Entry("tunnels/erspan3", "ERSPAN type III with platform subheader, session 6",
          each_frame(lambda frame, number: outer(PROTO_GRE, tunnels.erspan3(frame, 6, number),
                                                 number))),
    Entry("tunnels/ipip", "IPv4 in IPv4",
          each_frame(lambda frame, number: outer(PROTO_IPIP, frame[14:], number))),
    Entry("tunnels/vxlan", "AWS traffic mirroring, VNI 4097",
          each_frame(lambda frame, _: in_vxlan(frame, 4097), vni=4097)),
    Entry("tunnels/geneve", "GENEVE with the options of an AWS Gateway Load Balancer",
          each_frame(lambda frame, number: in_geneve(frame[14:], number), vni=0)),
    Entry("tunnels/vxlan-in-geneve", "AWS traffic mirroring (VNI 4097) through a Gateway Load "
          "Balancer endpoint", each_frame(vxlan_in_geneve, vni=4097)),
    Entry("tunnels/ipv6", "IPv6", ipv6),
    Entry("tunnels/ipv6-extensions", "IPv6 with hop-by-hop and destination options",
          ipv6_extensions),
    Entry("tunnels/ipv4-fragments", "IPv4 fragments of 96 bytes, every second packet's in reverse",
          fragmented(CLIENT, SERVER, cut_ipv4)),
    Entry("tunnels/ipv6-fragments", "IPv6 fragments of 96 bytes, every second packet's in reverse",
          fragmented(CLIENT6, SERVER6, cut_ipv6)),
    Entry("tunnels/two-tenants", "the same private addresses and ports in VNI 4097 and VNI 4098: "
          "two flows, two miners", two_tenants),
]
