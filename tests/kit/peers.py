"""Compares events with what the two ends of connections through a NAT said (live/nat.py).

  done   name -> what a client was told to do: act, host, port, source (port), ends
  seen   name -> address and port from which the server saw it come
"""

from . import truth
from .sensor import EVENTS, in_order, run
from .tap import differ

NAT = "198.51.100.40"
SPLIT = 3335  # what is sent there goes through a relay that ends TCP
OTHER = 8080  # no miners


def sessions_of(events):
    """Flow records with a session by (worker, client)."""
    out = {}
    for event in truth.flows_with_mining(events):
        out.setdefault((event["mining"].get("worker"), event["src_ip"]), []).append(event)
    return out


def outer(event):
    """The outer side that an event names."""
    nat = event["cloud"].get("nat")
    return None if nat is None else (nat["src_ip"], nat["src_port"])


def sessions(events, done, seen):
    """Problems: each miner once and with both tuples; behind the relay twice, with one each."""
    found, expected = sessions_of(events), {}
    for name, order in done.items():
        if order["act"] != "mine":
            continue
        is_split = order["port"] == SPLIT
        expected[name, order["host"]] = None if is_split else seen[name]
        if is_split:
            expected[name, NAT] = None
    problems = differ("sessions", sorted(map(str, found)), sorted(map(str, expected)))
    for key, nat in expected.items():
        for event in found.get(key, [])[:1]:
            problems += differ(f"{key}: records", len(found[key]), 1)
            problems += differ(f"{key}: outer side", outer(event), nat)
            problems += differ(f"{key}: accepted", event["mining"]["shares"]["accepted"], 1)
    return problems


def alerts(events, done):
    """Problems: one alert for each client and pool; the NAT has one for what its relay opened."""
    expected = {(order["host"], order["port"]) for order in done.values()
                if order["act"] == "mine"} | {(NAT, SPLIT)}
    final = truth.final_alerts(events)
    found = sorted((event["src_ip"], event["dest_port"]) for event in final.values())
    return differ("alerts", found, sorted(expected)) + truth.revisions(events)


def records(events, done, seen, is_known):
    """Problems: other connections have one record with both tuples once the NAT is known."""
    rows = [event for event in events if event["event_type"] == "flow"
            and event["dest_port"] == OTHER]
    inner = {outer(event) for event in rows if event["src_ip"] != NAT}
    lone = [event["src_port"] for event in rows if event["src_ip"] == NAT]
    fetches = [name for name, order in done.items() if order["act"] == "fetch"]
    problems = []
    for name in fetches:
        if is_known or name.startswith("/late"):
            problems += [] if seen[name] in inner else [f"{name}: no record names {seen[name]}"]
            problems += [] if seen[name][1] not in lone else [f"{name}: two records"]
    return problems + (differ("records", len(rows), len(fetches)) if is_known else [])


def replays(binary, checker, path, done, seen):
    """Replays the capture in several ways: pairs of a name and its problems. The number of workers
    must not matter; what is said before the NAT is known depends on whether it is configured."""
    known = ("--nat-addresses", NAT)
    seen = {name: tuple(peer) for name, peer in seen.items()}
    first = {}
    for name, options in (("NAT known", known), ("NAT unknown", ()),
                          ("NAT known, 2 workers", ("--workers", 2, *known)),
                          ("NAT unknown, 4 workers", ("--workers", 4))):
        replayed = run(binary, "-r", path, *EVENTS, *options)
        problems = replayed.problems()
        if not problems:
            events = replayed.events
            problems = sessions(events, done, seen) + alerts(events, done)
            problems += records(events, done, seen, known[0] in options)
            problems += checker.lines(replayed.lines)
            same = first.setdefault(known[0] in options, in_order(replayed.lines))
            problems += differ("the same events", in_order(replayed.lines) == same, True)
        yield name, problems
