"""Network and transport headers as bytes, with correct lengths and checksums."""

import struct
from functools import lru_cache
from ipaddress import ip_address

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_IPV6 = 0x86DD

PROTO_ICMP = 1
PROTO_TCP = 6
PROTO_UDP = 17
PROTO_FRAGMENT = 44

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10


@lru_cache(maxsize=4096)
def address(text):
    """The 4 or 16 bytes of an IP address."""
    return ip_address(text).packed


@lru_cache(maxsize=4096)
def mac(text):
    """A locally administered MAC address that belongs to the IP address `text`."""
    return b"\x02\x42" + address(text)[-4:]


def checksum(data):
    """The Internet checksum of RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo_header(src, dst, proto, length):
    """What TCP and UDP checksums cover besides the segment."""
    if len(address(src)) == 4:
        return address(src) + address(dst) + struct.pack("!BBH", 0, proto, length)
    return address(src) + address(dst) + struct.pack("!IHBB", length, 0, 0, proto)


def ethertype(packet):
    """The EtherType of an IP packet, by its version."""
    return ETHERTYPE_IPV6 if packet[0] >> 4 == 6 else ETHERTYPE_IPV4


def ipv4(src, dst, proto, payload, *, ttl=64, ident=0, dont_fragment=True):
    """An IPv4 packet without options."""
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident,
                       0x4000 if dont_fragment else 0, ttl, proto, 0, address(src), address(dst))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ipv6(src, dst, proto, payload, *, hops=64, extensions=()):
    """An IPv6 packet; `extensions` are (number, bytes after the next-header byte) in order."""
    chain, following = b"", proto
    for number, rest in reversed(extensions):
        chain = bytes([following]) + rest + chain
        following = number
    head = struct.pack("!IHBB", 6 << 28, len(chain) + len(payload), following, hops)
    return head + address(src) + address(dst) + chain + payload


def ip(src, dst, proto, payload, *, ttl=64, ident=0):
    """An IP packet of the version that the addresses have."""
    if len(address(src)) == 4:
        return ipv4(src, dst, proto, payload, ttl=ttl, ident=ident)
    return ipv6(src, dst, proto, payload, hops=ttl)


def udp(src, dst, payload, *, zero_checksum=False):
    """A UDP datagram; `src` and `dst` are (address, port)."""
    length = 8 + len(payload)
    head = struct.pack("!HHHH", src[1], dst[1], length, 0)
    if zero_checksum:
        return head + payload
    total = checksum(pseudo_header(src[0], dst[0], PROTO_UDP, length) + head + payload)
    return head[:6] + struct.pack("!H", total or 0xFFFF) + payload


def tcp(src, dst, payload, *, seq, ack, flags, window=64240, options=b""):
    """A TCP segment; `src` and `dst` are (address, port); `options` a multiple of 4 bytes."""
    offset = (20 + len(options)) // 4
    head = struct.pack("!HHIIBBHHH", src[1], dst[1], seq, ack, offset << 4, flags, window, 0, 0)
    head += options
    cover = pseudo_header(src[0], dst[0], PROTO_TCP, len(head) + len(payload))
    total = checksum(cover + head + payload)
    return head[:16] + struct.pack("!H", total) + head[18:] + payload


def icmp_echo(is_reply, ident, number, payload):
    """An ICMP echo request or reply."""
    head = struct.pack("!BBHHH", 0 if is_reply else 8, 0, 0, ident, number)
    return head[:2] + struct.pack("!H", checksum(head + payload)) + head[4:] + payload


def ipv4_fragments(packet, size):
    """Splits an IPv4 packet into fragments of at most `size` payload bytes (a multiple of 8)."""
    head, body = packet[:20], packet[20:]
    pieces = []
    for at in range(0, len(body), size):
        piece = body[at:at + size]
        more = 0x2000 if at + size < len(body) else 0
        fresh = head[:2] + struct.pack("!H", 20 + len(piece)) + head[4:6]
        fresh += struct.pack("!H", more | at // 8) + head[8:10] + b"\0\0" + head[12:]
        pieces.append(fresh[:10] + struct.pack("!H", checksum(fresh)) + fresh[12:] + piece)
    return pieces


def ipv6_fragments(packet, size, ident):
    """Splits an IPv6 packet without extension headers by fragment headers, as its sender does."""
    head, proto, body = packet[:40], packet[6], packet[40:]
    pieces = []
    for at in range(0, len(body), size):
        piece = body[at:at + size]
        more = 1 if at + size < len(body) else 0
        fragment = struct.pack("!BBHI", proto, 0, at | more, ident)
        fresh = head[:4] + struct.pack("!HB", 8 + len(piece), PROTO_FRAGMENT) + head[7:]
        pieces.append(fresh + fragment + piece)
    return pieces


def ethernet(packet, src, dst, kind=None):
    """An Ethernet frame around `packet`; `src` and `dst` are 6-byte addresses."""
    return dst + src + struct.pack("!H", ethertype(packet) if kind is None else kind) + packet
