"""What can be known of a session from what is seen of it.

Every message is WHOLE (every byte was seen), TORN (some were) or GONE. What must be found is what
the whole messages tell; what may be found is what the torn ones could tell besides. A field that
nobody told must not be there.

What the vantages cannot know follows from that, and from these rules of accounting:

  seen                       must be exact              cannot be known
  everything                 all fields                 -
  requests only              who, claimed rate, shares  verdicts; a hash rate (what a share is
                             submitted                  worth stands in the replies)
  replies and jobs only      algorithm; level by jobs;  who; hash rate; verdicts from before the
                             verdicts that only a       first job; accepting replies of dialects in
                             share gets                 which others get them as well, and the first
                                                        one where only the login does
  from message k on          shares from k on and their verdicts; who, if shares repeat it
                                                        who, if only the login told; the worth of
                                                        shares of jobs handed out before; verdicts
                                                        of shares from before
  cut packets, lost ones     what whole messages tell   all that torn messages tell may be found,
                                                        nothing else; the hash rate, if a share,
                                                        its job or its verdict was torn; of which
                                                        shares an acceptance is, where sizes are all
                                                        (Noise): of all that were seen until then;
                                                        the verdict of a share that was seen after it,
                                                        when it came again; anything, if four were
                                                        torn before one was whole
"""

import math
from dataclasses import dataclass, field

from capturekit import SECOND, TO_CLIENT, TO_SERVER

from .talk import CONFIRMED, LIKELY, NODE, NOTHING, SUSPECT

WHOLE, TORN, GONE = "whole", "torn", "gone"
RANK = {NOTHING: 0, NODE: 1, SUSPECT: 2, LIKELY: 3, CONFIRMED: 4}
COUNTS = ("submitted", "accepted", "rejected", "stale")
GIVEN_UP = 4  # torn messages of a flow that has said nothing else
REPEATED = ("worker",)  # fields of which a session may have several


@dataclass
class Knowledge:
    """What an event about the session must say and may say."""

    must: dict = field(default_factory=dict)
    may: dict = field(default_factory=dict)  # field: set of values, those of `must` included
    floor: str = NOTHING
    ceiling: str = CONFIRMED
    dialect: str | None = None  # None: not told for certain
    low: dict = field(default_factory=dict)  # shares at least
    high: dict = field(default_factory=dict)  # and at most; None: no bound
    claimed: set = field(default_factory=set)
    claimed_must: float | None = None
    rate: float | None = None  # hashes a second; None: cannot be told
    work: float = 0
    first_job: int = 0


def told(talk, states):
    """Fills in who mines and what is proven."""
    out = Knowledge(ceiling=talk.level if talk.level == NODE else CONFIRMED)
    if talk.level in (SUSPECT, LIKELY):
        out.ceiling = LIKELY
    for said, state in zip(talk.said, states):
        facts = said.facts
        if state == GONE:
            continue
        for key, value in facts.who.items():
            out.may.setdefault(key, set()).add(value)
        if facts.claimed is not None:
            out.claimed.add(facts.claimed)
        for key, value in facts.maybe.items():
            out.may.setdefault(key, set()).add(value)
        if state == WHOLE:
            out.must.update(facts.who)
            out.floor = max(out.floor, facts.proof, key=RANK.get)
            if facts.names and not (talk.is_mixed and said.direction != TO_SERVER):
                out.dialect = talk.dialect
            if facts.claimed is not None:
                out.claimed_must = facts.claimed
    if is_scattered(talk, states):
        out.must, out.floor, out.dialect = {}, NOTHING, None
    if is_given_up(states):
        out.must, out.floor, out.dialect = {}, NOTHING, None
    if talk.from_start and any(state != WHOLE for state in states[:talk.from_start]):
        out.floor, out.dialect = NOTHING, None
    return out


def is_given_up(states):
    """Whether so much broke before a message was whole that the flow is left alone."""
    before = states[:states.index(WHOLE)] if WHOLE in states else ()
    return before.count(TORN) >= GIVEN_UP


def is_scattered(talk, states):
    """Whether binary messages among JSON are all there is, and no two of them in a row: four bytes
    look like the head of one by chance."""
    if not talk.is_mixed:
        return False
    last = {}
    for said, state in zip(talk.said, states):
        is_binary = isinstance(said.body, bytes)
        if state == WHOLE and (not is_binary and said.facts.proof != NOTHING
                               or is_binary and last.get(said.direction)):
            return False
        last[said.direction] = is_binary and state == WHOLE
    return True


def count(talk, states, times, out):
    """Fills in the shares: at least and at most."""
    asked, maybe, seen = set(), set(), {}
    for said, state, time in zip(talk.said, states, times):
        if said.facts.share is not None and state != GONE:
            (asked if state == WHOLE else maybe).add(said.facts.share)
            seen[said.facts.share] = time
    out.low, out.high = dict.fromkeys(COUNTS, 0), dict.fromkeys(COUNTS, 0)
    out.low["submitted"], out.high["submitted"] = len(asked), len(asked | maybe)
    if is_scattered(talk, states):
        out.low["submitted"] = 0
    elif talk.is_mixed and GONE in states[:1]:
        out.low["submitted"] = max(0, len(asked) - 1)
    sees_requests = all(state == WHOLE for said, state in zip(talk.said, states)
                        if said.direction == TO_SERVER)
    settled, perhaps = {}, {}
    for said, state, time in zip(talk.said, states, times):
        for share, outcome in said.facts.verdicts if state != GONE else ():
            perhaps[share] = outcome
            if state == WHOLE and share in asked and seen[share] <= time:
                settled[share] = outcome
    for share, outcome in perhaps.items():
        out.high[outcome] += 1
        out.low[outcome] += share in settled
    if talk.is_summed:
        out.high["accepted"] = count_summed(talk, states)
    if not sees_requests:
        out.high = dict.fromkeys(COUNTS) | {"submitted": len(talk.shares)}
    return asked, settled


def count_summed(talk, states):
    """Shares that were seen, whole or torn, before the last acceptance that was."""
    shares, found = 0, 0
    for said, state in zip(talk.said, states):
        if state != GONE:
            shares += said.facts.share is not None
            found = shares if said.facts.verdicts else found
    return found


def is_yes(said):
    """Whether a reply of the pool could be a share's, or is the login's that goes before."""
    result = said.body.get("result") if isinstance(said.body, dict) else None
    return result is True or isinstance(result, dict) and "extra_nonce" in result


def count_alone(talk, states, out):
    """Fills in the shares that the pool's side tells when it is all that is seen, without a hole."""
    heard = [(said, state) for said, state in zip(talk.said, states) if said.direction == TO_CLIENT]
    while heard and heard[0][1] == GONE:
        heard.pop(0)
    if talk.yes is None or any(state != WHOLE for _, state in heard) or \
            any(state != GONE for said, state in zip(talk.said, states)
                if said.direction == TO_SERVER):
        return
    found, is_proven, has_job, yeses = {}, False, False, 0
    before = {share for said, state in zip(talk.said, states) if state == GONE
              for share, _ in said.facts.verdicts}  # a sum of shares tells those again
    for said, _ in heard:
        facts = said.facts
        is_proven = is_proven or facts.job is not None or facts.sets or \
            (talk.is_binary and facts.proof == CONFIRMED)
        has_job = has_job or facts.job is not None
        yeses += is_yes(said)
        if not is_proven:
            before |= {share for share, _ in facts.verdicts}
        for share, outcome in facts.verdicts:
            if share in before:
                continue
            if outcome != "accepted" or talk.yes == "share" or \
                    talk.yes == "login" and has_job and yeses > 1:
                found[share] = outcome
    for name in COUNTS[1:]:
        out.low[name] = out.high[name] = list(found.values()).count(name)
    out.low["submitted"] = out.high["submitted"] = len(found)


def rate(talk, states, times, last, asked, settled, out):
    """Fills in the hash rate, when everything that it takes was seen."""
    jobs = [time for said, state, time in zip(talk.said, states, times)
            if said.facts.job is not None and state == WHOLE]
    out.first_job = min(jobs, default=0)
    counted = asked if talk.counts == "submitted" else \
        {share for share, outcome in settled.items() if outcome == "accepted"}
    known = [talk.jobs[talk.shares[share]] for share in counted]
    complete = all(state != TORN for state in states) and all(
        states[need] == WHOLE for job in known for need in job.needs)
    verdicts = {share for said, state in zip(talk.said, states) if state == WHOLE
                for share, _ in said.facts.verdicts}
    complete = complete and (len(verdicts) == len(settled) or talk.counts == "submitted")
    if not complete or not known or not jobs or any(job.work is None for job in known):
        return
    if TO_SERVER not in {said.direction for said, state in zip(talk.said, states)
                         if state == WHOLE}:
        return
    works = [job.work for job in known]
    # How sum() rounds depends on Python's version.
    out.work = sum(works) if all(isinstance(work, int) for work in works) else math.fsum(works)
    out.rate = out.work / ((last - out.first_job) / SECOND)


def knowledge(talk, states, times, last):
    """What can be known; `times` say when each message was complete, `last` when the last packet
    came."""
    out = told(talk, states)
    asked, settled = count(talk, states, times, out)
    count_alone(talk, states, out)
    rate(talk, states, times, last, asked, settled, out)
    return out
