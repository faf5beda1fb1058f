"""Compares what an event says about a session with what can be known of it."""

from captures.dialects.talk import NODE, NOTHING, PASSWORD
from captures.dialects.witness import COUNTS, RANK, REPEATED

from kit.tap import differ
from kit.truth import place

TOLERANCE = 0.05
SIGNATURES = {"confirmed": 1600001, "likely": 1600002, "node": 1600040}
QUIET = ("none", "suspect")  # what a look-alike may be called
# Fields that must not be there when nobody told them; the algorithm follows from some dialects.
UNTOLD = ("wallet", "worker", "agent", "email", "next_pool", "donation")


def value(mining, key):
    """A field of an event, under the name that the truth gives it."""
    if key == "wallet":
        return mining.get("wallet", mining.get("account"))
    if key == "worker":
        return mining.get("worker", mining.get("rig"))
    return mining.get(key)


def identity(known, mining, server):
    """Problems with who mines and where."""
    problems = []
    for key, wanted in known.must.items():
        if key == "agent_has":
            if wanted not in mining.get("agent", ""):
                problems.append(f"agent: {mining.get('agent')!r}, expected {wanted!r} in it")
            continue
        found = value(mining, key)
        if key in REPEATED and found in known.may[key]:
            continue
        problems += differ(key, found, wanted)
    for key in UNTOLD:
        found = value(mining, key)
        told = known.may.get(key, set())
        if found is not None and found not in told and key not in known.must \
                and not (key == "agent" and "agent_has" in known.may):
            problems.append(f"{key}: {found!r}, but nobody told it"
                            if not told else f"{key}: {found!r}, expected one of {sorted(told)}")
    if "pool" not in known.must:
        names = {place(*server)} | known.may.get("pool", set())
        if mining.get("pool") not in names:
            problems.append(f"pool: {mining.get('pool')!r}, expected one of {sorted(names)}")
    return problems


def shares(known, mining):
    """Problems with the shares."""
    problems, found = [], mining.get("shares") or {}
    for count in COUNTS:
        low, high, number = known.low[count], known.high[count], found.get(count, 0)
        if number < low or high is not None and number > high:
            wanted = low if low == high else f"{low} to {'any' if high is None else high}"
            problems.append(f"shares {count}: {number}, expected {wanted}")
    return problems


def rates(known, mining, units):
    """Problems with the hash rate, decoded and claimed."""
    problems, claimed = [], mining.get("hashrate_claimed")
    if known.claimed_must is not None and claimed not in known.claimed or \
            claimed is not None and claimed not in known.claimed:
        problems.append(f"hashrate_claimed: {claimed}, expected one of {sorted(known.claimed)}")
    if known.rate is None:
        return problems
    found, unit = mining.get("hashrate", 0), mining.get("hashrate_unit", "H/s")
    if unit not in units:
        return problems + [f"hashrate_unit: {unit}, expected one of {sorted(units)}"]
    wanted = known.rate * units[unit]
    if abs(found - wanted) > TOLERANCE * wanted:
        problems.append(f"hashrate: {found}, expected {wanted:.1f} within {TOLERANCE:.0%}")
    return problems


def level(known, talk, mining, is_whole):
    """Problems with how sure the sensor is, and of what."""
    found = mining.get("level", NOTHING)
    if talk.level == NODE:
        problems = differ("level", found, NODE)
    elif is_whole and known.floor == talk.level and known.ceiling == talk.level:
        problems = differ("level", found, talk.level)
    elif not RANK[known.floor] <= RANK.get(found, 0) <= RANK[known.ceiling]:
        problems = [f"level: {found}, expected {known.floor} to {known.ceiling}"]
    else:
        problems = []
    if known.dialect is not None:
        problems += differ("dialect", mining.get("dialect"), known.dialect)
    return problems


def of_alert(mining, alert):
    """Problems of the alert beside the flow record: its signature follows from the level."""
    wanted = SIGNATURES.get(mining.get("level"))
    found = alert["alert"]["signature_id"] if alert else None
    if wanted is None:
        return [f"alert: {found} at level {mining.get('level')}"] if found in SIGNATURES.values() \
            else []
    return differ("alert", found, wanted)


def of_rendering(rendered, records, alert):
    """Problems of one rendering."""
    known, talk = rendered.known, rendered.talk
    if not records:
        return [] if known.floor == NOTHING else \
            [f"nothing found, expected {known.floor} {known.dialect or ''}"]
    if len(records) > 1:
        return [f"{len(records)} flow records with a session"]
    mining = records[0]["mining"]
    if mining.get("level") in QUIET and known.floor == NOTHING:
        return []
    is_whole = rendered.rendering.vantage == "whole"
    return (level(known, talk, mining, is_whole) + identity(known, mining, rendered.server)
            + shares(known, mining) + rates(known, mining, talk.units)
            + of_alert(mining, alert))


def of_look_alike(records, alert, is_begun):
    """Problems of traffic that is no mining; is_begun: with a login, which cannot be told from a
    miner's until the next line comes, and behind which nothing counts."""
    minings = [record["mining"] for record in records]
    if is_begun:
        return [f"shares {mining['shares']}" for mining in minings
                if any((mining.get("shares") or {}).values())]
    problems = [f"level {mining.get('level')}, dialect {mining.get('dialect')}, "
                f"evidence {mining.get('evidence')}" for mining in minings
                if mining.get("level", NOTHING) not in QUIET]
    if alert:
        problems.append(f"alert {alert['alert']['signature_id']}")
    return problems


def secrets(lines):
    """Problems: a password that was kept."""
    return [f"a password was kept: {line[:300]}" for line in lines if PASSWORD in line]
