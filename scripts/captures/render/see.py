"""What a tap sees of the data segments. Each vantage takes (number, segment) pairs in order of
time and says how many bytes of each it keeps; the rest of a packet is lost, or all of it.

dialects/witness.py says what each vantage can therefore not know.
"""

from dataclasses import dataclass
from random import Random

from capturekit import TO_CLIENT, TO_SERVER, US

SNAPLEN = 200  # bytes of TCP payload that stay of a packet
SHORT = 134  # of 200 bytes of packet, with the usual headers
LEAST = 62  # of 128
LOST_OF = 12  # one segment of so many is lost
UPLOAD = -1  # instead of a share: in the first piece, which takes long
UPLOAD_AFTER = 9 * US


@dataclass(frozen=True)
class Vantage:
    """side: the only direction that is seen, or None. From the message `middle` of the session
    on (a share of all messages; UPLOAD: before it). snaplen: bytes kept of a payload. lost: segments are missing."""

    name: str
    side: int | None = None
    middle: float = 0
    snaplen: int = 0
    lost: bool = False


VANTAGES = {each.name: each for each in (
    Vantage("whole"),
    Vantage("client-only", side=TO_SERVER),
    Vantage("server-only", side=TO_CLIENT),
    Vantage("mid-early", middle=0.15),
    Vantage("mid-stream", middle=0.4),
    Vantage("mid-late", middle=0.7),
    Vantage("snaplen", snaplen=SNAPLEN),
    Vantage("snaplen-short", snaplen=SHORT),
    Vantage("snaplen-least", snaplen=LEAST),
    Vantage("lost", lost=True),
    Vantage("mid-client", side=TO_SERVER, middle=0.4),
    Vantage("mid-server", side=TO_CLIENT, middle=0.4),
)}


# What joins an upload that is under way before the session.
JOINED = {each.name: each for each in (
    Vantage("mid-upload", middle=UPLOAD),
    Vantage("mid-upload-client", side=TO_SERVER, middle=UPLOAD),
    Vantage("mid-upload-server", side=TO_CLIENT, middle=UPLOAD),
)}


def vantage(name):
    """The vantage of that name."""
    return VANTAGES.get(name) or JOINED[name]


def first_seen(pieces, middle, count):
    """The time from which on a tap sees everything: when message number `middle` is sent."""
    if middle == UPLOAD:
        return pieces[0].time + UPLOAD_AFTER
    wanted = int(middle * count)
    return next(piece.time for piece in pieces if wanted <= piece.index < count)


def kept(tap, cuts, begin, seed):
    """How many bytes of each segment are kept; None: the packet is not seen at all."""
    rng, out = Random(f"see {tap.name} {seed}"), []
    last = max((at for at, cut in enumerate(cuts)), default=0)
    doomed = rng.randrange(1, max(2, last // 2))
    for number, cut in enumerate(cuts):
        if tap.side is not None and cut.direction != tap.side or cut.time < begin:
            out.append(None)
        elif tap.lost and (number == doomed or rng.randrange(LOST_OF) == 0) and number < last:
            out.append(None)
        else:
            out.append(min(tap.snaplen or len(cut.data), len(cut.data)))
    return out
