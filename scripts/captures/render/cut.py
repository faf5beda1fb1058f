"""How the streams of a session are cut into TCP segments."""

from dataclasses import dataclass
from random import Random

from capturekit import US

MSS = 1460
AGAIN = 150 * US


@dataclass(frozen=True)
class Cut:
    """One data segment: bytes [at, at + len(data)) of its direction's stream."""

    time: int
    direction: int
    at: int
    data: bytes


def runs(pieces):
    """Neighbouring pieces of one direction, put together: (time, direction, at, data)."""
    out, ends = [], [0, 0]
    for piece in pieces:
        if out and out[-1][1] == piece.direction:
            time, direction, at, data = out[-1]
            out[-1] = (piece.time, direction, at, data + piece.data)
        else:
            out.append((piece.time, piece.direction, ends[piece.direction], piece.data))
        ends[piece.direction] += len(piece.data)
    return out


def separate(pieces):
    """Every piece by itself."""
    out, ends = [], [0, 0]
    for piece in pieces:
        out.append((piece.time, piece.direction, ends[piece.direction], piece.data))
        ends[piece.direction] += len(piece.data)
    return out


def sliced(blocks, sizes):
    """Blocks cut into segments; sizes() says how long the next one is."""
    out = []
    for time, direction, at, data in blocks:
        done = 0
        while done < len(data):
            size = min(sizes(), MSS)
            out.append(Cut(time, direction, at + done, data[done:done + size]))
            done, time = done + size, time + US
    return out


def by_message(pieces, _):
    """One message a segment."""
    return sliced(separate(pieces), lambda: MSS)


def parted(data, count):
    """An HTTP message's head and its body, each in `count` parts, as the sizes of all."""
    head = data.find(b"\r\n\r\n") + 4
    for size in (head, len(data) - head) if head > 3 else (len(data),):
        part = max(1, -(-size // count))
        for at in range(0, size, part):
            yield min(part, size - at)


def in_parts(pieces, count):
    """Messages of HTTP written part by part."""
    out = []
    for block in separate(pieces):
        for size in parted(block[3], count):
            out += sliced([(*block[:3], block[3][:size])], lambda: MSS)
            last = out[-1]
            block = (last.time + US, block[1], block[2] + size, block[3][size:])
    return out


def by_part(pieces, _):
    """Head and body of an HTTP message by themselves, as many clients send them."""
    return in_parts(pieces, 1)


def by_half(pieces, _):
    """The same, each in two."""
    return in_parts(pieces, 2)


def by_byte(pieces, _):
    """One byte a segment."""
    return sliced(separate(pieces), lambda: 1)


def joined(pieces, _):
    """All that one side says before the other one speaks in as few segments as possible."""
    return sliced(runs(pieces), lambda: MSS)


def at_random(pieces, rng):
    """Cut anywhere, also across messages."""
    return sliced(runs(pieces), lambda: rng.randrange(1, 400))


def repeated(pieces, rng):
    """Every segment up to four times."""
    out = []
    for cut in by_message(pieces, rng):
        out += [Cut(cut.time + number * AGAIN, cut.direction, cut.at, cut.data)
                for number in range(rng.randrange(2, 5))]
    return out


def reordered(pieces, rng):
    """Every segment in halves, the second one first."""
    out = []
    for cut in by_message(pieces, rng):
        half = len(cut.data) // 2
        if half == 0:
            out.append(cut)
            continue
        out.append(Cut(cut.time, cut.direction, cut.at + half, cut.data[half:]))
        out.append(Cut(cut.time + AGAIN, cut.direction, cut.at, cut.data[:half]))
    return out


def overlapping(pieces, rng):
    """Every segment repeats the end of the one before it."""
    out, last = [], [b"", b""]
    for cut in by_message(pieces, rng):
        tail = last[cut.direction][-rng.randrange(1, 60):]
        out.append(Cut(cut.time, cut.direction, cut.at - len(tail), tail + cut.data))
        last[cut.direction] = cut.data
    return [cut for cut in out if cut.data]


CUTS = {"by-message": by_message, "by-part": by_part, "by-half": by_half, "by-byte": by_byte,
        "joined": joined, "at-random": at_random, "repeated": repeated, "reordered": reordered,
        "overlapping": overlapping,
        "duplicated": by_message}  # every packet twice: rendering.py does that


def segments(pieces, how, seed):
    """The data segments, in order of time."""
    cuts = CUTS[how](pieces, Random(f"cut {how} {seed}"))
    return sorted(cuts, key=lambda cut: cut.time)
