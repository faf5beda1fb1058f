#!/usr/bin/env python3
"""Writes README's ten questions with Redis's real answers, and proves what stands there.

usage: questions.py --binary FILE [--update | --check]

The scenario is replayed into a Redis of our own, whose access rules are those of README
(access.py): the questions are asked by the dashboard's user. Without an option the page goes to
standard output; --update puts it between the markers in README.md, --check compares.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "scripts")]

import access  # noqa: E402
import ten_questions  # noqa: E402
from kit import readme  # noqa: E402

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


if __name__ == "__main__":
    sys.exit(readme.main("questions", "page of questions", page))
