#!/usr/bin/env python3
"""The ten questions a dashboard asks, as redis-cli commands, each with what Redis answers.

usage: ten_questions.py [--user NAME] [--day YYYY-MM-DD] [--prefix TEXT] SOCKET SENSOR

Prints Markdown: README's answers are those of the scenario. Needs redis-cli; a user's password
comes from the environment (REDISCLI_AUTH). No command writes, none is KEYS or SCAN.
"""
import argparse
import shlex
import subprocess
import sys
from datetime import datetime, timezone

SHOWN = 3  # members of a list


class Nothing(Exception):
    """Redis knows nothing of the kind that is asked for."""


def first(answer):
    """The first line of an answer."""
    if not answer:
        raise Nothing
    return answer[0]


class Asker:
    """Runs commands by redis-cli and keeps what it prints."""

    def __init__(self, options):
        self.base = ["redis-cli", "-s", options.socket]
        if options.user:
            self.base += ["--user", options.user]
        self.prefix = options.prefix
        self.sensor = options.sensor
        self.page = []

    def lines(self, *words):
        """The answer, a value a line."""
        done = subprocess.run(self.base + list(words), capture_output=True, text=True, check=True)
        if done.stderr.strip() or done.stdout.split(" ", 1)[0] in ("ERR", "NOPERM", "NOAUTH",
                                                                  "WRONGTYPE", "WRONGPASS"):
            raise SystemExit(f"{shlex.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout.rstrip("\n").split("\n") if done.stdout.strip() else []

    def key(self, word):
        """A key below the prefix."""
        return f"{self.prefix}:{word}"

    def own(self, word):
        """A key of the sensor itself."""
        return f"{self.prefix}:{{{self.sensor}}}:{word}"

    def total(self, field):
        """The sensor's own total in a shared hash."""
        return f"{field}@{self.sensor}"

    def ask(self, *words):
        """Shows a command with its answer, and returns it."""
        answer = self.lines(*words)
        self.page += [f"> {shlex.join(words)}", *answer]
        return answer

    def rows(self, columns, *words):
        """The same for rows of a stream: of each, these columns."""
        answer = self.lines(*words)
        self.page.append(f"> {shlex.join(words)}")
        names, at = set(columns), 0
        while at < len(answer):
            self.page.append("<id>")
            at += 1
            first = answer[at]
            while at < len(answer):
                if answer[at] in names:
                    self.page.append(f"{answer[at]} {answer[at + 1]}")
                at += 2
                # The next row begins with an id; its first field is that of this row.
                if at + 1 < len(answer) and answer[at + 1] == first:
                    break
        return answer


def who_mines(asker, _):
    """Who mines now? Those whose `state` is `mining`; this replay is over."""
    hosts = asker.ask("ZRANGE", asker.key("hosts:by-hashrate"), "0", str(SHOWN - 1), "REV")
    asker.ask("HMGET", asker.key(f"host:{first(hosts)}"), "state", "worker", "pool", "algo",
              "wallet_hash", asker.total("accepted"), "last_seen")


def top_wallets(asker, _):
    """Which wallets earn most? The list goes by last seen; sort by `work`."""
    wallets = asker.ask("ZRANGE", asker.key("wallets"), "0", str(SHOWN - 1), "REV")
    asker.ask("HMGET", asker.key(f"wallet:{first(wallets)}"), "wallet", "coin", "check",
              asker.total("work"), asker.total("accepted"), "last_seen")


def new_pools(asker, day):
    """Which pools are new today?"""
    pools = asker.ask("ZRANGE", asker.key("pools"), str(day), "+inf", "BYSCORE")
    asker.ask("HMGET", asker.key(f"pool:{first(pools)}"), "first_seen", "name", "dialect")


def rate_over_time(asker, _):
    """How does the hash rate go over time?"""
    asker.rows(("time", "src", "worker", "hashrate_10m"), "XREVRANGE", asker.own("session"),
               "+", "-", "COUNT", "2")


def sensor_health(asker, _):
    """Is the sensor well? No answer: it is dead."""
    asker.ask("HMGET", asker.own("status"), "version", "mode", "interface", "packets", "drops",
              "lost", "lag")
    asker.rows(("packets", "kernel_dropped", "flows", "alerts", "events_lost", "redis_errors"),
               "XREVRANGE", asker.own("stats"), "+", "-", "COUNT", "1")


def campaigns(asker, _):
    """Which campaigns are there?"""
    found = asker.ask("ZRANGE", asker.key("campaigns"), "0", str(SHOWN - 1), "REV")
    key = asker.key(f"campaign:{first(found)}")
    asker.ask("HMGET", key, "kind", "key", "first_member", "first_seen", "last_join",
              asker.total("worker_pattern"))
    asker.ask("SCARD", f"{key}:hosts")


def where_mined(asker, _):
    """Where did a host mine?"""
    host = first(asker.lines("ZRANGE", asker.key("hosts:by-hashrate"), "0", "0", "REV"))
    state = asker.ask("HMGET", asker.key(f"host:{host}"), "pool", "session", "alert_id",
                      "first_seen", "last_seen")
    asker.ask("HMGET", asker.key(f"session:{first(state[1:])}"), "server", "carrier", "dialect",
              "agent", "level", "accepted", "hashrate")


def open_alerts(asker, day):
    """Which alerts are open?"""
    found = asker.ask("ZRANGE", asker.key("alerts"), "+inf", str(day), "BYSCORE", "REV", "LIMIT",
                      "0", str(SHOWN))
    asker.ask("HMGET", asker.key(f"alert:{first(found)}"), "sid", "severity", "signature", "client",
              "server", "level", "revision")


def who_shares(asker, _):
    """Who shares a wallet?"""
    wallet = first(asker.lines("ZRANGE", asker.key("wallets"), "0", "0", "REV"))
    key = asker.key(f"wallet:{wallet}:hosts")
    asker.ask("SCARD", key)
    asker.ask("SORT_RO", key, "ALPHA", "LIMIT", "0", str(SHOWN))


def leaked_key(asker, day):
    """Which access key leaked? Of the alerts with sid 1600015:"""
    for name in asker.lines("ZRANGE", asker.key("alerts"), str(day), "+inf", "BYSCORE"):
        key = asker.key(f"alert:{name}")
        if asker.lines("HGET", key, "sid") == ["1600015"]:
            asker.ask("HMGET", key, "access_key", "client", "server", "name", "last_seen")
            return
    raise Nothing


QUESTIONS = (who_mines, top_wallets, new_pools, rate_over_time, sensor_health, campaigns,
             where_mined, open_alerts, who_shares, leaked_key)


def page(options):
    """All questions as Markdown."""
    day = datetime.strptime(options.day, "%Y-%m-%d").replace(tzinfo=timezone.utc)
    out = []
    for number, question in enumerate(QUESTIONS, 1):
        asker = Asker(options)
        try:
            question(asker, int(day.timestamp()))
        except Nothing:
            asker.page.append("# none")
        out += [f"{number}. {question.__doc__}", "", "```", *asker.page, "```", ""]
    return "\n".join(out)


def parse(arguments=None):
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--user")
    parser.add_argument("--day", default=datetime.now(timezone.utc).strftime("%Y-%m-%d"))
    parser.add_argument("--prefix", default="minecanary")
    parser.add_argument("socket")
    parser.add_argument("sensor")
    return parser.parse_args(arguments)


def main():
    """Prints the page."""
    print(page(parse()), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
