"""TcpConversation: two hosts that talk over TCP, seen from a tap beside the client.

The conversation keeps segments without addresses, so that one conversation can be rendered
several times: before and after a NAT, over IPv4 and IPv6. What the tap sees of the server comes
one round trip after the client's packet that caused it.
"""

import struct
from dataclasses import dataclass

from . import MS, TO_CLIENT, TO_SERVER, US
from .layers import ACK, FIN, PROTO_TCP, PSH, RST, SYN, ip, tcp
from .pcapfile import Packet

MODULUS = 1 << 32


@dataclass(frozen=True)
class Segment:
    """One TCP segment without addresses and ports."""

    time: int
    direction: int
    seq: int
    ack: int
    flags: int
    payload: bytes = b""
    options: bytes = b""


class TcpConversation:
    """Builds the segments of one connection; calls must come in the order of time."""

    def __init__(self, *, rtt=40 * MS, isn=(1000, 5000), mss=1460, timestamps=False,
                 delayed_ack=40 * MS):
        self.segments = []
        self._rtt = rtt
        self._mss = mss - 12 if timestamps else mss
        self._announced_mss = mss
        self._timestamps = timestamps
        self._delayed_ack = delayed_ack
        self._next = list(isn)
        self._received = ([], [])
        self._owed = [None, None]
        self._last = [None, None]

    def open(self, at):
        """The three-way handshake; returns when the client may speak."""
        self._emit(at, TO_SERVER, SYN, options=self._syn_options(at))
        self._advance(TO_SERVER, at, 1)
        answered = at + self._rtt
        self._emit(answered, TO_CLIENT, SYN | ACK, options=self._syn_options(answered))
        self._advance(TO_CLIENT, answered, 1)
        self._emit(answered + 60 * US, TO_SERVER, ACK)
        return answered + 100 * US

    def send(self, direction, data, at, *, overlap=0, garble=False, unseen=(), **how):
        """Sends `data`; returns the time of its last segment. See `_send_chunk` for `how`.

        overlap: repeats this many of the bytes sent last, garbled on demand, in front of `data`.
        unseen: the numbers of the segments that the tap misses.
        """
        self.settle(at)
        repeated = self._last[direction][1][-overlap:] if overlap else b""
        seq = (self._next[direction] - len(repeated)) % MODULUS
        if garble:
            repeated = b"#" * len(repeated)
        body = repeated + data
        for start in range(0, len(body), self._mss):
            chunk = body[start:start + self._mss]
            at += 100 * US if start else 0
            push = PSH if start + self._mss >= len(body) else 0
            fresh = len(chunk) - (len(repeated) if start == 0 else 0)
            number = start // self._mss
            at = self._send_chunk(direction, at, (seq + start) % MODULUS, chunk, push, fresh=fresh,
                                  second=number % 2 == 1, unseen=number in unseen, **how)
        return at

    def _send_chunk(self, direction, at, seq, chunk, push, *, fresh, second, unseen, reorder=False,
                    lost=False):
        """One segment. reorder: in halves, the second first. lost: after the tap, so that nobody
        acknowledges it."""
        if reorder and len(chunk) > 1:
            half = len(chunk) // 2
            late = at + 300 * US
            self._emit(at, direction, ACK | push, chunk[half:], seq=(seq + half) % MODULUS)
            self._emit(late, direction, ACK, chunk[:half], seq=seq)
            at = late
        elif not unseen:
            self._emit(at, direction, ACK | push, chunk, seq=seq)
        self._last[direction] = (seq, chunk)
        self._next[direction] = (self._next[direction] + fresh) % MODULUS
        if not lost:
            self._arrive(direction, at, second)
        return at

    def retransmit(self, direction, at):
        """Sends the latest data segment of this direction once more."""
        self.settle(at)
        seq, chunk = self._last[direction]
        self._emit(at, direction, ACK | PSH, chunk, seq=seq)
        self._arrive(direction, at, second=False)

    def keepalive(self, direction, at):
        """A keep-alive probe: one garbage byte before the next sequence number, and its answer."""
        self.settle(at)
        self._emit(at, direction, ACK, b"\0", seq=(self._next[direction] - 1) % MODULUS)
        answer = self._rtt if direction == TO_SERVER else 50 * US
        self._emit(at + answer, 1 - direction, ACK)

    def close(self, at, by=TO_SERVER):
        """FIN from one side, FIN from the other, last acknowledgement; returns its time."""
        self.settle(at)
        self._emit(at, by, FIN | ACK)
        self._advance(by, at, 1)
        at += self._rtt if by == TO_SERVER else 200 * US
        self._emit(at, 1 - by, FIN | ACK)
        self._advance(1 - by, at, 1)
        at += self._rtt if by == TO_CLIENT else 60 * US
        self._emit(at, by, ACK)
        return at

    def reset(self, at, by=TO_CLIENT):
        """Ends the conversation by RST."""
        self.settle(at)
        self._emit(at, by, RST | ACK)

    def settle(self, until):
        """Lets the acknowledgements go out that are due before `until`."""
        due = sorted((time, side) for side, time in enumerate(self._owed) if time is not None)
        for time, side in due:
            if time < until:
                self._emit(time, side, ACK)

    def packets(self, client, server, *, ttl=(64, 52), shift=(0, 0)):
        """The conversation as IP packets; ends are (address, port), `shift` moves times by
        direction, which puts the tap elsewhere on the path."""
        ends = (client, server)
        number = [segment_hash(client), segment_hash(server)]
        out = []
        for each in sorted(self.segments, key=lambda segment: segment.time):
            src, dst = ends[each.direction], ends[1 - each.direction]
            segment = tcp(src, dst, each.payload, seq=each.seq, ack=each.ack, flags=each.flags,
                          options=each.options)
            number[each.direction] = number[each.direction] + 1 & 0xFFFF
            packet = ip(src[0], dst[0], PROTO_TCP, segment, ttl=ttl[each.direction],
                        ident=number[each.direction])
            out.append(Packet(each.time + shift[each.direction], packet))
        return out

    def _arrive(self, direction, at, second):
        """Notes that data arrived, and when its receiver will acknowledge it at the latest."""
        self._received[direction].append((at, self._next[direction]))
        travel = self._rtt if direction == TO_SERVER else 0
        if second:
            self._owed[1 - direction] = at + travel + 30 * US
            if direction == TO_CLIENT:
                self.settle(at + 60 * US)
        elif self._owed[1 - direction] is None:
            self._owed[1 - direction] = at + travel + self._delayed_ack

    def _advance(self, direction, at, count):
        self._next[direction] = (self._next[direction] + count) % MODULUS
        self._received[direction].append((at, self._next[direction]))

    def _acknowledged(self, direction, at):
        """What this side has received by the time the tap sees its packet."""
        travel = self._rtt if direction == TO_CLIENT else 0
        seen = [number for time, number in self._received[1 - direction] if time + travel <= at]
        return seen[-1] if seen else 0

    def _emit(self, at, direction, flags, payload=b"", *, seq=None, options=None):
        ack = self._acknowledged(direction, at) if flags & ACK else 0
        if ack == self._next[1 - direction] or not payload:
            self._owed[direction] = None
        if options is None:
            options = self._timestamp_option(at, direction)
        self.segments.append(Segment(at, direction, self._next[direction] if seq is None else seq,
                                     ack, flags, payload, options))

    def _syn_options(self, at):
        stamp = self._timestamp_option(at, TO_SERVER)[2:] if self._timestamps else b"\x01\x01"
        options = struct.pack("!BBH", 2, 4, self._announced_mss) + b"\x04\x02" + stamp
        options += b"\x01\x03\x03\x07"
        return options

    def _timestamp_option(self, at, direction):
        if not self._timestamps:
            return b""
        value = at // MS & 0xFFFFFFFF
        echo = max((s.time for s in self.segments if s.direction != direction), default=0) // MS
        return b"\x01\x01\x08\x0a" + struct.pack("!II", value, echo & 0xFFFFFFFF)


def segment_hash(end):
    """Where an end's IP identification numbers begin."""
    return sum(end[0].encode()) * 257 + end[1] & 0xFFFF
