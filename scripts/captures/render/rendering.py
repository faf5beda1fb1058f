"""A rendering: one logical session, spelled, carried, cut, wrapped and seen in one way."""

from dataclasses import dataclass, replace

from capturekit import MS, SECOND, TO_CLIENT, TO_SERVER, US, tunnels
from capturekit.layers import ACK, FIN, PROTO_TCP, PSH, SYN, ip, tcp
from capturekit.pcapfile import Packet

from ..dialects import session
from ..dialects.talk import BEGIN, NOTHING, SUSPECT
from ..dialects.witness import GONE, RANK, TORN, WHOLE, knowledge
from . import carry, cut, lay, see, spell

OPEN = BEGIN - 1900 * MS
ACK_DELAY = 40 * MS
INITIAL = (0x1F00_0000, 0x7F00_0000)
MODULUS = 1 << 32
STAGGER = 1009 * US
FROM_BEGIN, FROM_THERE = "begin", "there"
# Carriers of which a part tells nothing: not even the other side's opening names them.
BARE = {"proxy1", "proxy2", "socks4", "socks4a"}


@dataclass(frozen=True)
class Rendering:
    """Which session, and how it is rendered. `talk`: who writes it down, by name."""

    name: str
    spelling: str = "compact"
    carriers: tuple = ()
    body: str = "length"
    cut: str = "by-message"
    layer: str = "plain"
    vantage: str = "whole"
    seed: int = 0
    write: object = session  # a look-alike is written by another function

    def label(self):
        """What is different from the base."""
        parts = [self.spelling if self.spelling != "compact" else "", "+".join(self.carriers),
                 self.body if self.body != "length" else "",
                 self.cut if self.cut != "by-message" else "",
                 self.layer if self.layer != "plain" else "",
                 self.vantage if self.vantage != "whole" else ""]
        return f"{self.name}[{' '.join(filter(None, parts)) or 'base'}]" + \
            (f"#{self.seed}" if self.seed else "")


@dataclass
class Rendered:
    """Frames of one rendering, its ends, and what can be known of it."""

    rendering: Rendering
    talk: object
    packets: list
    client: tuple
    server: tuple
    known: object


def ends(number, port, is_ipv6):
    """Addresses that no other rendering of the capture has: documentation and benchmark nets."""
    high, low = number >> 8 & 0xFF, number & 0xFF
    if is_ipv6:
        return (f"2001:db8:1::{number + 1:x}", 40000 + number), (f"2001:db8:2::{number + 1:x}",
                                                                port)
    return (f"10.77.{high}.{low}", 40000 + number), (f"198.18.{high}.{low}", port)


class Flow:
    """The packets of one rendering."""

    def __init__(self, client, server, rendering):
        self.ends = (client, server)
        self.sent = [1, 1]  # bytes of the stream that the peer acknowledges
        self.rendering = rendering
        self.packets, self._number = [], 0

    def packet(self, time, direction, flags, *, at=None, data=b"", kept=None):
        """One packet; `at`: where its data stands in the stream, `kept`: bytes left of it."""
        here, there = self.ends[direction], self.ends[1 - direction]
        place = (self.sent[direction] if at is None else at + 1) + INITIAL[direction]
        ack = self.sent[1 - direction] + INITIAL[1 - direction] if flags & ACK else 0
        segment = tcp(here, there, data, seq=place % MODULUS, ack=ack % MODULUS, flags=flags)
        self._number += 1
        packet = ip(here[0], there[0], PROTO_TCP, segment, ident=self._number & 0xFFFF)
        frame = tunnels.framed(packet, here[0], there[0])
        pieces = lay.LAYERS[self.rendering.layer](frame, self._number)
        missing = 0 if kept is None else len(data) - kept
        self.packets += [Packet(time, piece[:len(piece) - missing], len(piece))
                         for piece in pieces]
        if self.rendering.cut == "duplicated":
            self.packets += self.packets[-len(pieces):]

    def send(self, piece, kept):
        """A data segment of which the tap keeps that much; None: nothing of the packet."""
        end = piece.at + len(piece.data) + 1
        if kept is not None:
            self.packet(piece.time, piece.direction, ACK | PSH, at=piece.at, data=piece.data,
                        kept=kept)
        self.sent[piece.direction] = max(self.sent[piece.direction], end)


def handshake(flow, vantage):
    """SYN, SYN-ACK, ACK, as far as the vantage has them."""
    if vantage.middle:
        return
    flow.sent = [0, 0]
    for time, direction, flags in ((0, TO_SERVER, SYN), (30 * MS, TO_CLIENT, SYN | ACK)):
        if vantage.side in (None, direction):
            flow.packet(OPEN + time, direction, flags)
        flow.sent[direction] = 1
    if vantage.side in (None, TO_SERVER):
        flow.packet(OPEN + 30 * MS + 60 * US, TO_SERVER, ACK)


def farewell(flow, vantage, at):
    """FIN from both sides; returns the time of the last packet that is seen."""
    last = at
    for time, direction, flags in ((at, TO_SERVER, FIN | ACK), (at + 30 * MS, TO_CLIENT, FIN | ACK),
                                   (at + 31 * MS, TO_SERVER, ACK)):
        if vantage.side in (None, direction):
            flow.packet(time, direction, flags)
            last = time
        flow.sent[direction] += 1 if flags & FIN else 0
    return last


def play(flow, cuts, keeps, vantage):
    """All data segments, and the acknowledgements of those who have nothing to say."""
    for number, (piece, kept) in enumerate(zip(cuts, keeps)):
        flow.send(piece, kept)
        following = cuts[number + 1].time if number + 1 < len(cuts) else None
        receiver = 1 - piece.direction
        seen = vantage.side in (None, receiver) and (not vantage.middle or kept is not None)
        if seen and (following is None or following > piece.time + ACK_DELAY):
            flow.packet(piece.time + ACK_DELAY, receiver, ACK)


def coverage(pieces, cuts, keeps, count, hides):
    """The state of each message, and when it was complete. `hides`: a gap hides what follows,
    counted from the stream's first byte or from where the tap began."""
    spans, ends_at = {}, [0, 0]
    for piece in pieces:
        start = ends_at[piece.direction]
        ends_at[piece.direction] = start + len(piece.data)
        if piece.index >= 0:
            spans[piece.index] = (piece.direction, start, ends_at[piece.direction])
    seen = ([0] * ends_at[0], [0] * ends_at[1])
    for piece, kept in zip(cuts, keeps):
        stream = seen[piece.direction]
        for at in range(piece.at, piece.at + (kept or 0)):
            stream[at] = stream[at] or piece.time
    states, times = [], []
    for index in range(count):
        direction, start, end = spans[index]
        part = seen[direction][start:end]
        found = sum(1 for time in part if time)
        state = WHOLE if found == end - start else TORN if found else GONE
        if state == WHOLE and hides and behind_gap(seen[direction][:start], hides == FROM_BEGIN):
            state = TORN
        states.append(state)
        times.append(max(part, default=0))
    return states, times


def doubt_torn_openings(pieces, cuts, keeps, states, said, count):
    """Half an opening of a carrier is anybody's words, and what follows a quotation, until the
    other side has proven that the flow mines: those messages may be found, but need not."""
    for direction in (TO_SERVER, TO_CLIENT):
        end, at = 0, 0
        for piece in pieces:
            if piece.direction == direction:
                at += len(piece.data)
                end = end if 0 <= piece.index < count else at
        seen = sum(min(max(end - cut.at, 0), kept) for cut, kept in zip(cuts, keeps)
                   if cut.direction == direction and kept)
        if not 0 < seen < end:
            continue
        for index in range(count):
            if said[index].direction != direction and states[index] == WHOLE and \
                    said[index].facts.proof not in (NOTHING, SUSPECT):
                break
            if said[index].direction == direction and states[index] == WHOLE:
                states[index] = TORN


def behind_gap(before, from_begin):
    """Whether something was missed, from the first byte on or from the first one that was seen."""
    begun = 0 if from_begin else next((at for at, time in enumerate(before) if time), None)
    return begun is not None and not all(before[begun:])


def render(rendering, number=0):
    """Everything about one rendering; `number` gives it addresses of its own."""
    talk = rendering.write(rendering.name)
    style = spell.SPELLINGS[rendering.spelling]
    if talk.home != "stream":
        style = spell.calmed(style)
    speller = spell.Speller(style, f"{rendering.name} {rendering.seed}")
    pieces, said, hides = carry.carried(talk, speller, rendering.carriers, rendering.body)
    cuts = cut.segments(pieces, rendering.cut, f"{rendering.name} {rendering.seed}")
    vantage = see.vantage(rendering.vantage)
    begin = see.first_seen(pieces, vantage.middle, len(talk.said)) if vantage.middle else 0
    keeps = see.kept(vantage, cuts, begin, f"{rendering.name} {rendering.seed}")
    client, server = ends(number, talk.port, rendering.layer in lay.OVER_IPV6)
    flow = Flow(client, server, rendering)
    handshake(flow, vantage)
    play(flow, cuts, keeps, vantage)
    last = farewell(flow, vantage, talk.end())
    hides = hides and (FROM_THERE if vantage.middle else FROM_BEGIN)
    states, times = coverage(pieces, cuts, keeps, len(said), hides)
    if BARE & set(rendering.carriers):
        doubt_torn_openings(pieces, cuts, keeps, states, said, len(talk.said))
    talk.said = said
    known = knowledge(talk, states, times, last)
    if "posted" in rendering.carriers and vantage.side == TO_SERVER and vantage.middle:
        known.floor = min(known.floor, SUSPECT, key=RANK.get)  # a log of one side is as good
    shift = number * STAGGER % SECOND
    packets = [replace(packet, time=packet.time + shift) for packet in flow.packets]
    return Rendered(rendering, talk, packets, client, server, known)
