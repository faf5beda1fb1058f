"""Compares events with the truth that the generators wrote beside their captures.

What the events say otherwise than the truth, and why:

  truth            event              rule
  wallet           wallet or account  a name that is no wallet travels as `account`
  wallet ""        both absent        the login was not seen
  worker, agent "" absent             the miner did not say
  algo             algo               exact when a job was seen; jobs name it, logins do not
  algo ""          any                nothing on the wire names it; a dialect may imply it
  pool a:p         pool               IPv6 addresses stand in brackets
  shares           shares             exact, all four
  hashrate         hashrate           within 5 %; not compared when the truth has none
  units            hashrate_unit      the rate in one of them, times its factor
  known            wallet, worker...  values that are right besides
  hashrate_claimed hashrate_claimed   exact, when the truth has it
  vni, vlans       cloud.vni, vlan    exact; absent when the truth has none
  level            level              confirmed when a job or a share was seen, else likely

What a vantage cannot know is in VANTAGES (recuts.py).
"""

from .tap import differ

SESSION, LOGIN, CONTACT, NODE = 1600001, 1600002, 1600010, 1600040
HOSTILE, KEY_LEAK = 1600014, 1600015
TOLERANCE = 0.05
COUNTS = ("submitted", "accepted", "rejected", "stale")


def place(ip, port):
    """address:port as events write it."""
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def pool(session):
    """The pool as events name it."""
    return session.get("pool_named") or place(*session["server"])


def flows_with_mining(events):
    """Flow records that carry a session."""
    return [event for event in events if event["event_type"] == "flow" and "mining" in event]


def alerts(events):
    """Alert events in the order in which they were written."""
    return [event for event in events if event["event_type"] == "alert"]


def final_alerts(events):
    """The last revision of each alert, by its id."""
    return {event["mining"]["alert_id"]: event for event in alerts(events)}


def session_key(session):
    """What tells a session of the truth from others."""
    return (session["client"][0], session["client"][1], session["server"][0],
            session["server"][1], session.get("vni"), tuple(session.get("vlans", ())))


def event_key(event):
    """The same of an event."""
    return (event["src_ip"], event.get("src_port"), event["dest_ip"], event.get("dest_port"),
            event["cloud"].get("vni"), tuple(event.get("vlan", ())))


def expected_level(session):
    """What the whole session proves."""
    if "level" in session:
        return session["level"]
    return "confirmed" if session["first_job_us"] or session["shares"]["submitted"] else "likely"


def expected_sid(level):
    """The signature of a session's alert at that level."""
    return {"confirmed": SESSION, "node": NODE}.get(level, LOGIN)


def identity(session, mining):
    """Problems with who mines."""
    problems = field(session, "wallet", mining.get("wallet", mining.get("account")))
    if "wallet" in mining and "wallet_valid" in session:
        problems += differ("wallet_valid", mining["wallet_valid"], session["wallet_valid"])
    for key in ("worker", "agent"):
        problems += field(session, key, mining.get(key))
    return problems


def field(session, key, found):
    """Problems with a field that the miner says; other values may be known to be right, too."""
    if found in session.get("known", {}).get(key, ()):
        return []
    part = session.get(key + "_has")
    if part:
        return [] if part in (found or "") else [f"{key}: {found!r}, expected {part!r} in it"]
    return differ(key, found, session[key] or None)


def hashrate(session, mining):
    """Problems with how fast."""
    if session["hashrate"] is None:
        return []
    if not session["work"]:
        return differ("hashrate", mining.get("hashrate"), None)
    found, unit = mining.get("hashrate", 0), mining.get("hashrate_unit", "H/s")
    units = session.get("units", {"H/s": 1})
    if unit not in units:
        return [f"hashrate_unit: {unit}, expected one of {sorted(units)}"]
    expected = session["hashrate"] * units[unit]
    if abs(found - expected) <= TOLERANCE * expected:
        return []
    return [f"hashrate: {found}, expected {expected} within {TOLERANCE:.0%}"]


def of_session(session, mining):
    """Problems of a session's `mining` object."""
    problems = identity(session, mining)
    problems += differ("dialect", mining.get("dialect"), session["dialect"])
    if session["algo"] and session["first_job_us"]:
        problems += differ("algo", mining.get("algo"), session["algo"])
    problems += differ("pool", mining.get("pool"), pool(session))
    problems += differ("level", mining.get("level"), expected_level(session))
    problems += differ("shares", mining.get("shares"),
                       {count: session["shares"][count] for count in COUNTS})
    problems += hashrate(session, mining)
    if "hashrate_claimed" in session:
        problems += differ("hashrate_claimed", mining.get("hashrate_claimed"),
                           session["hashrate_claimed"])
    return problems


def of_sessions(sessions, events, compare=of_session):
    """Problems of all sessions: each has one flow record, and no other flow has one."""
    found = {}
    for event in flows_with_mining(events):
        found.setdefault(event_key(event), []).append(event)
    problems = []
    for session in sessions:
        key = session_key(session)
        records = found.pop(key, [])
        if len(records) != 1:
            problems.append(f"{key}: {len(records)} flow records with a session, expected 1")
        for record in records:
            problems += [f"{key}: {text}" for text in compare(session, record["mining"])]
    return problems + [f"{key}: a session that is none" for key in found]


def is_contact(event):
    """Whether an alert is of family contact or hostile."""
    return CONTACT <= event["alert"]["signature_id"] <= KEY_LEAK


def of_contacts(contacts, events):
    """Problems of the alerts without a session; an absorbed one is none any more."""
    expected = [(each["client"], each["sid"], each["name"], each.get("key"))
                for each in contacts]
    found = []
    for event in final_alerts(events).values():
        metadata = event["alert"]["metadata"]
        if not is_contact(event) or "absorbed_by" in metadata:
            continue
        place_of = place(event["dest_ip"], event["dest_port"])
        key = metadata.get("access_key_id", [None])[0]
        found.append((event["src_ip"], event["alert"]["signature_id"],
                      metadata.get("name", [place_of])[0], key))
    expected = [each if each[3] or each[1] != KEY_LEAK else
                (*each[:3], next((other[3] for other in found if other[:3] == each[:3]), None))
                for each in expected]
    return differ("contacts", sorted(map(str, found)), sorted(map(str, expected)))


def of_alerts(sessions, events, level_of=expected_level):
    """Problems of the sessions' alerts: one per client, pool and tenant, raised as far as it
    should be; and of the revisions of all."""
    expected = {}
    for session in sessions:
        if level_of(session) == "suspect":
            continue  # in the flow record only
        client, _, server, port, vni, vlans = session_key(session)
        sid = expected_sid(level_of(session))
        key = (client, server, port, vni, vlans)
        expected[key] = min(sid, expected.get(key, sid))
    problems, found = [], {}
    for event in final_alerts(events).values():
        if is_contact(event):
            continue
        client, _, server, port, vni, vlans = event_key(event)
        key = (client, server, port, vni, vlans)
        if key in found:
            problems.append(f"{key}: more than one alert")
        found[key] = event["alert"]["signature_id"]
    problems += differ("alerts", sorted(map(str, found.items())),
                       sorted(map(str, expected.items())))
    return problems + revisions(events)


def revisions(events):
    """Problems of revisions: from 1, by one, the signature never falls, and each has its grounds."""
    problems, last = [], {}
    for event in alerts(events):
        name = event["mining"]["alert_id"]
        before = last.get(name)
        alert = event["alert"]
        problems += differ(f"alert {name}: rev", alert["rev"], 1 if before is None else
                           before["alert"]["rev"] + 1)
        problems += differ(f"alert {name}: revision", event["mining"]["revision"], alert["rev"])
        if not event["mining"].get("evidence"):
            problems.append(f"alert {name}: rev {alert['rev']} has no evidence")
        if before is not None:
            # Of sessions the lower number says more, of contacts the higher one.
            sign = -1 if is_contact(event) else 1
            if sign * alert["signature_id"] > sign * before["alert"]["signature_id"]:
                problems.append(f"alert {name}: lowered to {alert['signature_id']}")
            if event["timestamp"] < before["timestamp"]:
                problems.append(f"alert {name}: rev {alert['rev']} before the one before it")
        last[name] = event
    return problems
