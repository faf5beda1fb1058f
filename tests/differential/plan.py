"""Which renderings are tried: every axis in full against the base, and a seeded sample of all
combinations."""

from itertools import product
from random import Random
from zlib import crc32

from capturekit import TO_SERVER
from captures.dialects import SESSIONS, session
from captures.render.carry import BODIES
from captures.render.cut import CUTS
from captures.render.lay import LAYERS
from captures.render.rendering import Rendering
from captures.render.see import JOINED, VANTAGES
from captures.render.spell import SPELLINGS

OUTER = (("connect",), ("socks4",), ("socks4a",), ("socks5",), ("proxy1",), ("proxy2",))
STACKS = (("proxy1", "connect"), ("connect", "ws"), ("proxy2", "ws-parts"))
WS = (("ws",), ("ws-parts",), ("ws-binary",))
OVER_WS = (("ws-parts",), ("ws-binary",), ("connect", "ws"), ("proxy1", "ws-parts"))
USED = {"http": (("kept",),), "ws": (("kept", "ws"), ("ws-used",), ("ws-used-parts",))}
USED_WRITTEN = {"http": (("escaped", "length"), ("compact", "chunked-bytes"),
                         ("everything", "chunked-bytes")),
                "ws": (("escaped", "length"), ("everything", "length"))}
UPLOADED = {"http": (("uploaded",),), "ws": (("uploaded", "ws"),)}
USED_CUTS = ("by-message", "by-part", "by-half", "by-byte", "at-random", "repeated", "reordered",
             "overlapping", "duplicated")
USED_FROM = ("whole", "client-only", "server-only")
UPLOADED_CUTS = ("by-message", "by-part", "by-half")
POSTED_FROM = ("whole", "client-only", "mid-client")
PIECES = ("by-message", "joined", "repeated", "duplicated")
STREAM_ONLY = ("crlf", "bare", "blank-lines", "bom", "nul", "banner")
ALIKE_IN_FULL = ("stratum-v1", "cryptonote")
ALIKE_SAMPLE = 2

# Pairs that make no sense together, with the reason.
SHORT = ("snaplen", "snaplen-short", "snaplen-least")
LATE = ("mid-early", "mid-stream", "mid-late", "mid-client", "mid-server")
APART = (
    # Nothing tells where a stream begins that was joined late: half a message that comes first.
    *((("cut", "reordered"), ("vantage", late)) for late in LATE),
    # What comes first is the end of a message, which may be inside a frame.
    *((("cut", "overlapping"), ("vantage", late)) for late in LATE),
    # The rest of a cut packet is a gap before the segment comes that holds it again.
    *((("cut", "overlapping"), ("vantage", short)) for short in SHORT),
    # What is cut off at the end of a packet is in another fragment.
    *((("layer", layer), ("vantage", short)) for short in SHORT
      for layer in ("fragments", "ipv6-fragments")),
)
# A frame is looked for where a packet begins.
APART_USED = tuple(product((("ws-used",), ("ws-used-parts",)), ("at-random", "reordered")))


def spellings(talk):
    """Spellings that this session can have."""
    if talk.is_binary:
        return ["compact"]
    return [name for name in SPELLINGS if talk.home == "stream" or name not in STREAM_ONLY]


def carriers(talk):
    """(carriers, body) pairs that this session can have, the base first."""
    out = [((), "length")] + [(outer, "length") for outer in OUTER]
    if talk.home == "http":
        return out + [((), body) for body in BODIES if body != "length"] \
            + [(("connect",), "gzip-chunked")]
    if talk.home == "ws":
        return out + [(over, "length") for over in OVER_WS]
    if talk.is_binary or talk.is_mixed:
        return out + [(("proxy1", "connect"), "length")]
    return out + [(over, "length") for over in WS + STACKS]


def allowed(rendering):
    """Whether the parts of a rendering go together."""
    # Without the request a SOCKS4 reply is eight bytes that say little: what follows must tell.
    hidden = rendering.vantage in ("server-only", "mid-server") and \
        {"socks4", "socks4a"} & set(rendering.carriers)
    if hidden and rendering.name in SESSIONS and \
            (session(rendering.name).is_binary or rendering.spelling == "banner"):
        return False
    # One whole message is left of a log whose rest was lost: as good as a miner's.
    if rendering.name.startswith("uploads/") and \
            rendering.vantage in (*SHORT, "lost"):
        return False
    # Who called was seen, or it may be a miner's line.
    if rendering.name.startswith("fetched/") and rendering.vantage in (*LATE, *SHORT, "lost"):
        return False
    # Of a feed whose reader is not seen to be silent, what it says as a pool may be a pool's.
    if rendering.name.startswith("feed-") and rendering.vantage != "whole":
        return False
    # Where a record begins is seen only where its connection does, and where the other side would
    # be seen to answer. A file's lines come together, as far as a segment goes.
    if rendering.name.startswith("record-") and rendering.vantage != "whole" or \
            rendering.name.startswith("record-file") and rendering.cut not in PIECES:
        return False
    # Sizes tell a handshake only where its first flight is one segment.
    if rendering.name == "stratum-v2-noise" and rendering.cut in ("by-byte", "at-random"):
        return False
    return not any(all(getattr(rendering, axis) == value for axis, value in pair)
                   for pair in APART)


def may_be_posted(talk):
    """Whether the session can be had in bodies of HTTP: the client asks, and not what is asked over
    HTTP anyway, by another dialect's rules."""
    return talk.home == "stream" and not talk.is_binary and not talk.is_mixed and \
        talk.dialect != "ethproxy" and talk.said[0].direction == TO_SERVER


def axes(name, write=session):
    """(axis, rendering) pairs of one session."""
    talk = write(name)
    yield "base", Rendering(name, write=write)
    for spelling in spellings(talk)[1:]:
        yield "spelling", Rendering(name, spelling, write=write)
    for cut in list(CUTS)[1:]:
        rendering = Rendering(name, cut=cut, write=write)
        if allowed(rendering):
            yield "cut", rendering
    for over, body in carriers(talk)[1:]:
        yield "carrier", Rendering(name, carriers=over, body=body, write=write)
    for over in USED.get(talk.home, ()):
        for how, vantage in product(USED_CUTS, USED_FROM):
            rendering = Rendering(name, carriers=over, cut=how, vantage=vantage, write=write)
            if (over, how) not in APART_USED and allowed(rendering):
                yield "used", rendering
        for (spelling, body), vantage in product(USED_WRITTEN[talk.home], USED_FROM):
            rendering = Rendering(name, spelling, over, body, "by-half", vantage=vantage,
                                  write=write)
            if allowed(rendering):
                yield "used", rendering
    for vantage in POSTED_FROM if may_be_posted(talk) else ():
        yield "posted", Rendering(name, carriers=("posted",), vantage=vantage, write=write)
    for over in UPLOADED.get(talk.home, ()):
        for how, vantage in product(UPLOADED_CUTS, JOINED):
            rendering = Rendering(name, carriers=over, cut=how, vantage=vantage, write=write)
            if allowed(rendering):
                yield "used", rendering
    for layer in list(LAYERS)[1:]:
        yield "layer", Rendering(name, layer=layer, write=write)
    for vantage, seed in (*((vantage, 0) for vantage in list(VANTAGES)[1:]),
                          *(("lost", seed) for seed in (1, 2, 3))):
        rendering = Rendering(name, vantage=vantage, seed=seed, write=write)
        if allowed(rendering):
            yield "vantage", rendering


def sample(name, seed, count, write=session):
    """Random combinations."""
    rng, talk, out = Random(f"{seed} {name}"), write(name), 0
    while out < count:
        over, body = rng.choice(carriers(talk))
        rendering = Rendering(
            name, rng.choice(spellings(talk)), over, body, rng.choice(list(CUTS)),
            rng.choice(list(LAYERS)), rng.choice(list(VANTAGES)), rng.randrange(1, 1000), write)
        if allowed(rendering):
            out += 1
            yield "sample", rendering


def chosen(words):
    """Names of the sessions that contain one of the words; all without words."""
    return [name for name in SESSIONS if not words or any(word in name for word in words)]


def alike(name, write, seed):
    """(axis, rendering) pairs of a look-alike: all axes for one of each kind, a sample of all. Of
    records and feeds, of which there are many kinds, all axes for one dialect, by the seed, and no
    sample of the others."""
    how, _, dialect = name.partition("/")
    is_many = how.startswith(("record-", "feed-", "posted-"))
    in_full = ALIKE_IN_FULL
    if is_many:
        in_full = (in_full[(crc32(how.encode()) + seed) % len(in_full)],)
    is_full = not dialect or how == "blunt" or dialect in in_full
    yield f"{how} base", Rendering(name, write=write)
    if is_full:
        for axis, rendering in axes(name, write):
            yield f"{how} {axis}", rendering
    if is_full or not is_many:
        for _, rendering in sample(name, seed, ALIKE_SAMPLE, write):
            yield f"{how} sample", rendering
