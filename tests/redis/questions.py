#!/usr/bin/env python3
"""Writes README's ten questions with Redis's real answers, and proves what stands there.

usage: questions.py --binary FILE [--update | --check]

The scenario is replayed into a Redis of our own, whose access rules are those of README
(access.py): the questions are asked by the dashboard's user. Without an option the page goes to
standard output; --update puts it between the markers in README.md, --check compares.
"""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "scripts")]

import access  # noqa: E402
import ten_questions  # noqa: E402
from kit.sensor import ROOT  # noqa: E402

README = ROOT / "README.md"
BEGIN, END = "<!-- questions:begin -->", "<!-- questions:end -->"
DAY = "2026-03-05"


def page(binary):
    """The questions and answers."""
    with access.server() as server:
        done = access.replay(binary, server)
        if done.code != 0:
            raise SystemExit(f"the replay failed: {done.err}")
        with access.password():
            return ten_questions.page(ten_questions.parse(
                ["--day", DAY, "--user", access.DASHBOARD, str(server.path), access.SENSOR]))


def parts(text):
    """README before, between and behind the markers."""
    before, begin, rest = text.partition(BEGIN + "\n")
    inside, end, behind = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"README.md has no {BEGIN} and {END}")
    return before + begin, inside, end + behind


def main():
    """Prints, compares or writes; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    fresh = page(options.binary.resolve())
    if not options.update and not options.check:
        print(fresh, end="")
        return 0
    before, inside, behind = parts(README.read_text(encoding="utf-8"))
    if options.update:
        README.write_text(before + fresh + behind, encoding="utf-8")
        return 0
    if inside == fresh:
        print("ok - questions: README's answers are what Redis says")
        return 0
    print("not ok - questions: README's answers are not what Redis says: --update writes them")
    for old, new in zip(inside.splitlines(), fresh.splitlines()):
        if old != new:
            print(f"# {old!r} is {new!r}")
            break
    return 1


if __name__ == "__main__":
    sys.exit(main())
