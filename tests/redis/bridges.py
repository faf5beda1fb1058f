#!/usr/bin/env python3
"""The list and the channel of EVE lines, in a real Redis.

usage: bridges.py --binary FILE

What they hold is compared, line by line, with what --json writes in the same run; the streams with
those of a run without them.
"""

import json
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from kit import eve, suite  # noqa: E402
from kit.sensor import run  # noqa: E402
from kit.tap import differ  # noqa: E402
from resp import Server  # noqa: E402

CONFIG = "tests/golden/config/coin-shadow.yaml"
CAPTURE = "pcaps/coin-shadow/inside.pcap"
LIST, CHANNEL = "minecanary:eve", "minecanary:live"
WORDS = ("alert", "flow", "session")


class Listener:
    """Everything that is published on the channel."""

    def __init__(self, server):
        self.client = server.client()
        self.client("SUBSCRIBE", CHANNEL)
        self.lines = []
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        """Until a line says that it is over."""
        while True:
            _, _, line = self.client._reply()  # pylint: disable=protected-access
            if line == "over":
                return
            self.lines.append(line)

    def finish(self, redis):
        """All lines; what is published behind them comes behind them."""
        redis("PUBLISH", CHANNEL, "over")
        self.thread.join(60)
        self.client.close()
        return self.lines


def by_kind(lines):
    """Lines of each kind, in order: alerts may overtake flow records on their way to one output."""
    out = {}
    for line in lines:
        out.setdefault(json.loads(line)["event_type"], []).append(line)
    return out


class Bridges:
    """Runs over the same capture, each with a sensor id of its own."""

    def __init__(self, binary, server):
        self.binary = binary
        self.server = server
        self.redis = server.client()
        self.checker = eve.Checker()
        self.undisturbed = Counter()  # rows of a run without either

    def replay(self, sensor, *options):
        """(problems, lines of --json) of a run."""
        self.redis("FLUSHALL")  # or it goes on with the alerts that are open
        with tempfile.TemporaryDirectory(prefix="minecanary-bridges-") as folder:
            path = Path(folder) / "eve.json"
            done = run(self.binary, "-c", CONFIG, "-r", CAPTURE, "--deterministic", "--redis",
                       self.server.url, "--sensor-id", sensor, "--json", path, *options)
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        problems = done.problems()
        return problems + ([] if len(lines) > 200 else [f"only {len(lines)} lines"]), lines

    def rows(self, sensor):
        """The streams, without what is the run's own: ids, and the sensor in what is hashed."""
        out = Counter()
        for word in WORDS:
            for _, fields in self.redis.stream(f"minecanary:{{{sensor}}}:{word}"):
                row = {name: value for name, value in fields if name not in ("eve", "flow_id")}
                out[word, json.dumps(row)] += 1
        return out

    def stat(self, sensor, name):
        """A counter of a run."""
        return int(dict(self.redis.stream(f"minecanary:{{{sensor}}}:stats")[-1][1])[name])

    def off(self):
        """Problems: without the options there is neither."""
        listener = Listener(self.server)
        problems, _ = self.replay("off")
        problems += differ("published", listener.finish(self.redis), [])
        self.undisturbed = self.rows("off")
        return problems + differ(LIST, self.redis("EXISTS", LIST), 0)

    def all_lines(self):
        """Problems: both have every line, in order, and the streams are the same."""
        listener = Listener(self.server)
        problems, lines = self.replay("all", "--redis-eve-list", 100000, "--redis-live", "all")
        held = self.redis("LRANGE", LIST, 0, -1)
        problems += differ("published", listener.finish(self.redis) == held, True)
        problems += differ("list", by_kind(held) == by_kind(lines), True)
        problems += self.checker.lines(held)
        problems += differ("streams", self.rows("all") == self.undisturbed, True)
        return problems + differ("refused", self.stat("all", "mirror_refused"), 0)

    def capped(self):
        """Problems: the list holds the newest lines, as many as were asked for."""
        listener = Listener(self.server)
        problems, _ = self.replay("capped", "--redis-eve-list", 100, "--redis-live", "all")
        lines = listener.finish(self.redis)
        return problems + differ("list", self.redis("LRANGE", LIST, 0, -1) == lines[-100:], True)

    def alerts(self):
        """Problems: the channel has the alerts alone, those of campaigns, too."""
        listener = Listener(self.server)
        problems, lines = self.replay("alerts", "--redis-live", "alerts")
        wanted = [line for line in lines if json.loads(line)["event_type"] == "alert"]
        problems += differ("published", listener.finish(self.redis) == wanted, True)
        sids = {json.loads(line)["alert"]["signature_id"] for line in wanted}
        return problems + differ("campaigns", 1600030 in sids, True)

    def refused(self):
        """Problems: a key of another type costs the list, no event, and is said once."""
        self.redis("FLUSHALL")
        self.redis("SET", LIST, "taken")
        done = run(self.binary, "-c", CONFIG, "-r", CAPTURE, "--deterministic", "--redis",
                   self.server.url, "--sensor-id", "refused", "--redis-eve-list", 100)
        problems = done.problems() + differ("said", done.err.count("WRONGTYPE"), 1)
        problems += differ("streams", self.rows("refused") == self.undisturbed, True)
        problems += differ(LIST, self.redis("GET", LIST), "taken")
        return problems + differ("counted", self.stat("refused", "mirror_refused") > 500, True)


def test(tap, binary):
    """All tests."""
    with Server() as server:
        bridges = Bridges(binary, server)
        tap.check("off by default", bridges.off())
        tap.check("every line in the list and on the channel", bridges.all_lines())
        tap.check("the list is capped", bridges.capped())
        tap.check("the channel of alerts", bridges.alerts())
        tap.check("a list that Redis refuses", bridges.refused())


if __name__ == "__main__":
    sys.exit(suite.main("bridges", test))
