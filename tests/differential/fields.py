#!/usr/bin/env python3
"""Writes README's table of which fields each dialect yields, from what the sensor says.

usage: fields.py --binary FILE [--update | --check]

Every session is played from four vantages; a field is named when the event has it. Without an
option the table goes to standard output; --update puts it between the markers in README.md,
--check compares it with what stands there.
"""

import sys
import tempfile
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "scripts")]

from captures.dialects import SESSIONS, session  # noqa: E402
from captures.render.rendering import Rendering  # noqa: E402
from differential import batches, work  # noqa: E402
from kit import readme  # noqa: E402

VANTAGES = (("whole", "whole session"), ("client-only", "client side"),
            ("server-only", "server side"), ("mid-stream", "from the middle"))
# What stands in the table, and the fields of an event of which one must be there.
FIELDS = (("wallet", ("wallet", "account")), ("worker", ("worker", "rig")), ("agent", ("agent",)),
          ("algo", ("algo",)), ("e-mail", ("email",)), ("difficulty", ("difficulty",)),
          ("rate", ("hashrate",)), ("claimed", ("hashrate_claimed",)),
          ("next pool", ("next_pool",)))
COUNTS = (("submitted", "s"), ("accepted", "a"), ("rejected", "r"), ("stale", "l"))
LEGEND = ("Shares: `s` submitted, `a` accepted, `r` rejected, `l` late. `-`: nothing is told by "
          "what is seen from there.")


def cell(mining):
    """What one event yields, in a few words."""
    if mining is None or mining.get("level", "none") == "none":
        return "-"
    words = [name for name, keys in FIELDS if any(key in mining for key in keys)]
    shares = mining.get("shares", {})
    counted = "".join(letter for count, letter in COUNTS if shares.get(count))
    words += [f"shares `{counted}`"] if counted else []
    level = mining["level"]
    return ", ".join(words if level == "confirmed" and words else [f"*{level}*", *words])


def found(binary, folder):
    """The event of each session from each vantage."""
    pairs = [(vantage, Rendering(name, vantage=vantage)) for name in SESSIONS
             for vantage, _ in VANTAGES]
    out = {}
    for number, lot in enumerate(batches(pairs)):
        for vantage, rendering, _, records in work((number, lot, str(binary), folder)):
            if isinstance(rendering, Rendering) and records:
                out[rendering.name, vantage] = records[0]["mining"]
    return out


def best(names, events, vantage):
    """The cell of a dialect: of its sessions, the one that yields the most."""
    cells = [cell(events.get((name, vantage))) for name in names]
    return max(cells, key=lambda text: (text.count(",") + len(text) / 1000, text))


def table(events):
    """The table as Markdown."""
    dialects = defaultdict(list)
    for name in SESSIONS:
        dialects[session(name).dialect].append(name)
    lines = ["| dialect | " + " | ".join(text for _, text in VANTAGES) + " |",
             "| --- |" + " --- |" * len(VANTAGES)]
    for dialect, names in dialects.items():
        lines.append(f"| `{dialect}` | " + " | ".join(best(names, events, vantage)
                                                      for vantage, _ in VANTAGES) + " |")
    return "\n".join([*lines, "", LEGEND]) + "\n"


def page(binary):
    """The table of a binary's run."""
    with tempfile.TemporaryDirectory(prefix="minecanary-fields-") as folder:
        return table(found(binary, folder))


if __name__ == "__main__":
    sys.exit(readme.main("fields", "table of fields", page))
