"""The same sessions cut otherwise: what is said must not depend on how it was packed, and a tap
that sees less must give the verdict that what it sees allows."""

from capturekit import pcapfile, recut

from kit import truth
from kit.sensor import ROOT, replay
from kit.tap import differ

FOLDERS = ("stratum-v1", "cryptonote", "ethproxy", "streams", "look-alikes")

# Every message is there: everything that the truth knows must be found.
WHOLE = {
    "bytes": recut.cut_bytes,
    "reorder": recut.reorder,
    "retransmit": recut.retransmit,
}

# What a vantage sees of a session, and what it therefore cannot know. Fields not named here are
# compared with the truth as always.
#
#   vantage    verdict                              cannot know
#   to-server  confirmed by a share, else likely    jobs (algo, hash rate); replies: nothing is
#                                                   accepted, rejected or stale; a pool's name
#   to-client  confirmed by a job, else none        wallet, worker, agent; shares (an accepting
#                                                   reply may be any request's); hash rate
#   middle     confirmed by a job or a share, else  wallet, worker, agent (unless shares repeat
#              what the last message alone says     them); shares before the cut; hash rate
VANTAGES = {
    "to-server": lambda packets: recut.one_direction(packets, True),
    "to-client": lambda packets: recut.one_direction(packets, False),
    "middle": recut.from_middle,
}
MIDDLE_MISSES = 3  # payload packets before the cut: so many shares at most

# Pairs in which the cut itself changes what is said, with the reason.
DIFFERENT = {
    ("streams/overlap-conflict", "reorder"):
        "of two different texts for one sequence number, the other one comes first",
    ("streams/mid-stream", "reorder"):
        "nothing tells where the stream begins: the half of a message that comes first",
}


def level_to_server(session):
    """Only requests."""
    return "confirmed" if session["shares"]["submitted"] else "likely"


def level_to_client(session):
    """Only jobs and replies."""
    return "confirmed" if session["first_job_us"] else None


def level_middle(session):
    """Without the first three messages, or only the last one of a session that has fewer: the
    refusal of a login says nothing by itself, a login that nobody answered does."""
    if session["first_job_us"] or session["shares"]["submitted"]:
        return "confirmed"
    return None if session["last_packet_us"] - START_US < 30_000_000 else "likely"


START_US = 1772708400000000  # of every capture of the dialects
LEVELS = {"to-server": level_to_server, "to-client": level_to_client, "middle": level_middle}


def of_to_server(session, mining):
    """Problems of a session whose requests alone were seen."""
    shares = {"submitted": session["shares"]["submitted"], "accepted": 0, "rejected": 0,
              "stale": 0}
    return (truth.identity(session, mining)
            + differ("dialect", mining.get("dialect"), session["dialect"])
            + differ("pool", mining.get("pool"), truth.place(*session["server"]))
            + differ("shares", mining.get("shares"), shares)
            + differ("level", mining.get("level"), level_to_server(session)))


def of_to_client(session, mining):
    """Problems of a session whose jobs and replies alone were seen."""
    problems = differ("dialect", mining.get("dialect"), session["dialect"])
    for key in ("wallet", "worker", "agent"):
        problems += differ(key, mining.get(key), None)
    if session["algo"]:
        problems += differ("algo", mining.get("algo"), session["algo"])
    return (problems + differ("pool", mining.get("pool"), truth.pool(session))
            + differ("level", mining.get("level"), level_to_client(session)))


def of_middle(session, mining):
    """Problems of a session that was joined late."""
    problems = differ("dialect", mining.get("dialect"), session["dialect"])
    for key in ("wallet", "worker"):
        if mining.get(key, session[key]) != session[key]:
            problems.append(f"{key}: {mining[key]!r}, expected {session[key]!r} or none")
    found, expected = mining["shares"]["submitted"], session["shares"]["submitted"]
    if not expected - MIDDLE_MISSES <= found <= expected:
        problems.append(f"shares submitted: {found}, expected {expected} or up to "
                        f"{MIDDLE_MISSES} less")
    return (problems + differ("pool", mining.get("pool"), truth.pool(session))
            + differ("level", mining.get("level"), level_middle(session)))


COMPARE = {"to-server": of_to_server, "to-client": of_to_client, "middle": of_middle}


def recut_file(capture, name, how, work):
    """Writes the capture cut otherwise; returns the path."""
    whole = pcapfile.read(ROOT / capture.path)
    path = work / f"{capture.folder}-{capture.path.stem}-{name}.pcap"
    pcapfile.write(path, pcapfile.Capture(tuple(how(list(whole.packets))), whole.link,
                                          whole.nanoseconds, whole.snaplen))
    return path


def test_whole(run, capture, name):
    """Problems of a cut that leaves every message whole."""
    sessions = capture.sessions()
    if (capture.name, name) in DIFFERENT:
        levels = [event["mining"]["level"] for event in truth.flows_with_mining(run.events)]
        return differ("levels", levels, [truth.expected_level(each) for each in sessions])
    events = capture.judged(run.events)
    return truth.of_sessions(sessions, events) + truth.of_alerts(sessions, events)


def test_vantage(run, capture, name):
    """Problems of a vantage that sees a part only."""
    level = LEVELS[name]
    seen = [session for session in capture.sessions() if level(session)]
    events = capture.judged(run.events)
    return (truth.of_sessions(seen, events, COMPARE[name])
            + truth.of_alerts(seen, events, level))


def test(binary, capture, name, options, work):
    """One cut of one capture: a pair of a name and its problems."""
    how = WHOLE.get(name) or VANTAGES[name]
    run = replay(binary, recut_file(capture, name, how, work))
    problems = run.problems()
    if not problems:
        compare = test_whole if name in WHOLE else test_vantage
        problems = compare(run, capture, name) + options.checker.lines(run.lines)
    return [(f"recut {capture.name} {name}", problems)]


def calls(binary, captures, options, work):
    """Every cut of every capture; with --quick every cut of some."""
    if options.quick:
        captures = captures[::4]
    return [lambda capture=capture, name=name: test(binary, capture, name, options, work)
            for capture in captures for name in (*WHOLE, *VANTAGES)]
