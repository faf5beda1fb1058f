"""A part of README.md between two markers that a script writes and proves."""

import argparse
from itertools import zip_longest
from pathlib import Path

from kit.sensor import ROOT

README = ROOT / "README.md"


def parts(text, begin, end):
    """README before, between and behind the markers."""
    before, found_begin, rest = text.partition(begin + "\n")
    inside, found_end, behind = rest.partition(end)
    if not found_begin or not found_end:
        raise SystemExit(f"README.md has no {begin} and {end}")
    return before + begin + "\n", inside, end + behind


def update(name, fresh):
    """Writes the part between the markers of this name."""
    before, _, behind = parts(README.read_text(encoding="utf-8"),
                              f"<!-- {name}:begin -->", f"<!-- {name}:end -->")
    README.write_text(before + fresh + behind, encoding="utf-8")


def problems(name, fresh):
    """None when the part between the markers is this one, else the first line that differs."""
    _, inside, _ = parts(README.read_text(encoding="utf-8"),
                         f"<!-- {name}:begin -->", f"<!-- {name}:end -->")
    if inside == fresh:
        return []
    pairs = zip_longest(inside.splitlines(), fresh.splitlines(), fillvalue="")
    return [f"{was!r} is {now!r}" for was, now in pairs if was != now][:1]


def main(name, what, make):
    """Prints, compares or writes what make(binary) returns; returns the exit code.

    name: of the markers and of the test; what: "table", for example.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    fresh = make(options.binary.resolve())
    if not options.update and not options.check:
        print(fresh, end="")
        return 0
    if options.update:
        update(name, fresh)
        return 0
    different = problems(name, fresh)
    if not different:
        print(f"ok - {name}: README's {what} is what the sensor yields")
        return 0
    print(f"not ok - {name}: README's {what} is not what the sensor yields: --update writes it")
    print("\n".join(f"# {line}" for line in different))
    return 1
