"""Damaged capture files: every whole packet before the damage counts, then a message and exit 2."""

import random
import re

from kit.sensor import CAPTURES, SMALL, in_order, replay, run
from kit.tap import differ

CUT = ("cryptonote/refused.pcap", "tunnels/null.pcap", "stratum-v1/account.pcap")
FLIPPED = ("stratum-v1/account.pcap", "tunnels/vxlan-in-geneve.pcap",
           "tunnels/ipv6-fragments.pcap", "streams/gap.pcap", "ethproxy/claymore.pcap")
SEED = 20260305
VARIANTS = 200
VARIANTS_QUICK = 25
LAST_BYTES = 200  # so many lengths are tried one by one
HEADER = 24
RECORD = 16
PACKET = re.compile(r"case\.pcap: packet (\d+): \S")


def boundaries(raw):
    """Offsets at which a record ends, the first one after the file header."""
    found, at = [HEADER], HEADER
    while at < len(raw):
        at += RECORD + int.from_bytes(raw[at + 8:at + 12], "little")
        found.append(at)
    return found


def lengths(raw, step):
    """The lengths at which a file is cut: around every record's end, the last ones one by one."""
    wanted = set(range(max(0, len(raw) - LAST_BYTES), len(raw)))
    wanted |= set(range(0, HEADER + RECORD + 4, 3))
    wanted |= set(range(HEADER, len(raw), step))
    return sorted(wanted)


class Cut:
    """One capture cut at many lengths. What its whole packets yield is asked once for each number
    of packets: the same file, ending at a record's end."""

    def __init__(self, binary, name, work):
        self.binary = binary
        self.name = name
        self.raw = (CAPTURES / name).read_bytes()
        self.ends = boundaries(self.raw)
        self.folder = work / f"cut-{name.replace('/', '-')}"
        self.folder.mkdir()
        self.whole = {}

    def run(self, length):
        """A run over the first bytes of the file."""
        path = self.folder / "case.pcap"
        path.write_bytes(self.raw[:length])
        return replay(self.binary, path.name, cwd=self.folder)

    def expected(self, packets):
        """The events of so many whole packets."""
        if packets not in self.whole:
            done = self.run(self.ends[packets])
            if done.problems():
                return [], done.problems()
            self.whole[packets] = in_order(done.lines)
        return self.whole[packets], []

    def problems(self, length):
        """Problems of one cut."""
        if length < HEADER:
            return self.short(length)
        packets = sum(end <= length for end in self.ends) - 1
        lines, problems = self.expected(packets)
        if problems:
            return problems
        done = self.run(length)
        at_end = length in self.ends
        problems = done.problems(0 if at_end else 2)
        if problems:
            return problems
        named = PACKET.search(done.err)
        if at_end != (named is None):
            problems.append(f"message: {done.err!r}")
        if named and int(named.group(1)) != packets + 1:
            problems.append(f"packet {named.group(1)} named, expected {packets + 1}")
        if in_order(done.lines) != lines:
            problems.append(f"{len(done.lines)} events, not the {len(lines)} of the whole packets")
        return [f"length {length}: {text}" for text in problems]

    def short(self, length):
        """Problems of a file that is cut within its header."""
        done = self.run(length)
        problems = done.problems(2) + differ("events", done.lines, [])
        if "case.pcap" not in done.err:
            problems.append(f"the message does not name the file: {done.err!r}")
        return [f"length {length}: {text}" for text in problems]


def test_cut(binary, name, options, work):
    """A capture file cut at many lengths."""
    cut = Cut(binary, name, work)
    step = 97 if options.quick else 11
    tried = lengths(cut.raw, step)
    if options.quick:
        tried = tried[::6]
    problems = []
    for length in tried:
        problems += cut.problems(length)
    events = sum(len(lines) for lines in cut.whole.values())
    if not events:
        problems.append("no cut yielded any event")
    return [(f"damage {name} cut at {len(tried)} lengths", problems)]


def flipped(raw, rng):
    """The file with some bits of some bytes turned, most of them behind the file header."""
    out = bytearray(raw)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        first = 0 if rng.random() < 0.05 else HEADER
        at = rng.randrange(first, len(out))
        out[at] = rng.choice((out[at] ^ (1 << rng.randrange(8)), rng.randrange(256), 0, 255))
    return bytes(out)


def test_flips(binary, name, count, options, work):
    """A capture file with random bytes changed: any events may come, but well-formed ones."""
    rng = random.Random(f"{SEED} {name}")
    raw = (CAPTURES / name).read_bytes()
    folder = work / f"flips-{name.replace('/', '-')}"
    folder.mkdir()
    problems, events = [], 0
    for variant in range(count):
        path = folder / "case.pcap"
        path.write_bytes(flipped(raw, rng))
        done = run(binary, "-r", path.name, "--json", "-", "--sensor-id", "golden", "--classify",
                   "off", "--workers", 1 + variant % 2, *SMALL, cwd=folder)
        found = done.crash()
        if not found and done.code not in (0, 2):
            found = done.problems()
        if not found:
            found = options.checker.lines(done.lines)
            events += len(done.lines)
        if found:
            kept = folder / f"kept-{variant}.pcap"
            kept.write_bytes(path.read_bytes())
        problems += [f"variant {variant}: {text}" for text in found]
    if not events:
        problems.append("no variant yielded any event")
    return [(f"damage {name} with {count} variants of flipped bytes", problems)]


def calls(binary, options, work):
    """All tests of this file."""
    each = (VARIANTS_QUICK if options.quick else VARIANTS) // len(FLIPPED)
    return ([lambda name=name: test_cut(binary, name, options, work) for name in CUT]
            + [lambda name=name: test_flips(binary, name, each, options, work)
               for name in FLIPPED])
