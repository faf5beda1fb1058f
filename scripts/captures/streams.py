"""One CryptoNote session under everything that TCP and networks do to it."""

from dataclasses import replace

from capturekit import MS, SECOND, TO_CLIENT, TO_SERVER, US, recut

from .build import CLIENT, START, Built, Entry, framed, one_session, session_truth, xmrig
from .cryptonote import recount
from .session import Message, line

SECONDS = 150
END = START + SECONDS * SECOND


def plain(**changes):
    """A builder of the session as it is, with these changes."""
    def build(rng):
        server = changes.get("server")
        session, conversation = xmrig(rng, seconds=SECONDS, **changes)
        session.play(conversation)
        conversation.close(END)
        return one_session(session, conversation, *((CLIENT, server) if server else ()))
    return build


def with_every(number, **how):
    """A builder in which every so many messages are sent differently."""
    def build(rng):
        session, conversation = xmrig(rng, seconds=SECONDS)
        ordered = sorted(session.messages, key=lambda message: message.time)
        session.messages = [replace(each, how=how) if at > 1 and at % number == 0 else each
                            for at, each in enumerate(ordered)]
        session.play(conversation)
        conversation.close(END)
        return one_session(session, conversation)
    return build


def keepalive_bytes(rng):
    """TCP keep-alive probes in every silence of 5 seconds."""
    session, conversation = xmrig(rng, seconds=SECONDS, keepalive=False)
    session.play(conversation, probe_after=5 * SECOND)
    conversation.close(END)
    return one_session(session, conversation)


def repeated(rng):
    """Every data segment twice, and every second share lost once."""
    session, conversation = xmrig(rng, seconds=SECONDS, retransmit_every=2)
    session.play(conversation)
    conversation.close(END)
    built = one_session(session, conversation)
    return replace(built, packets=recut.retransmit(built.packets))


def duplicated(rng):
    """A tap that sees both ends of a hop: every packet twice."""
    built = plain()(rng)
    copies = [replace(each, time=each.time + 3 * US) for each in built.packets]
    return replace(built, packets=built.packets + copies)


def late_duplicates(rng):
    """The login and every share a second time as they were, after their answers and more."""
    built = plain()(rng)
    said = [each for each in built.packets
            if b'"submit"' in each.data or b'"login"' in each.data and b'"pass"' in each.data]
    copies = [replace(each, time=min(each.time + 5 * SECOND, END - MS)) for each in said]
    return replace(built, packets=built.packets + copies)


def reset(rng):
    """The pool ends the session by RST."""
    session, conversation = xmrig(rng, seconds=SECONDS, pathologies={"timestamps": True})
    session.play(conversation)
    conversation.reset(END, by=TO_CLIENT)
    return one_session(session, conversation)


def gap(rng):
    """The tap misses the middle of a job, a whole share, and a whole reply."""
    session, conversation = xmrig(rng, seconds=SECONDS, pathologies={"mss": 120}, stale_rate=0,
                                  reject_rate=0)
    ordered = sorted(session.messages, key=lambda message: message.time)
    jobs = [each for each in ordered if b'"method":"job"' in each.data]
    shares = [each for each in ordered if b'"submit"' in each.data]
    extra = line({"jsonrpc": "2.0", "method": "job", "params": {
        "blob": "10" * 76, "job_id": "feedfacecafe", "target": "ffff0000", "algo": "rx/0"}})
    missed_share, missed_reply = shares[1], replies_to(ordered, shares[3])
    visible = [each for each in ordered if each not in (missed_share, missed_reply)]
    seen = recount(session.identity, visible)
    seen.messages = [replace(each, how={"unseen": range(99)}) if each not in visible else each
                     for each in ordered]
    seen.messages.append(Message(jobs[0].time - 300 * MS, TO_CLIENT, extra, {"unseen": (1,)}))
    seen.play(conversation)
    conversation.close(END)
    return one_session(seen, conversation)


def replies_to(ordered, share):
    """The first message of the pool after a share: its reply."""
    return next(each for each in ordered if each.time > share.time and b'"OK"' in each.data)


def mid_stream(rng):
    """A capture that begins at a job, long after the login."""
    session, conversation = xmrig(rng, seconds=2 * SECONDS, share_interval=9)
    ordered = sorted(session.messages, key=lambda message: message.time)
    first = next(each.time for at, each in enumerate(ordered)
                 if b'"method":"job"' in each.data and each.time > START + SECONDS * SECOND
                 and each.time - ordered[at - 1].time > SECOND)
    session.play(conversation)
    conversation.close(START + 2 * SECONDS * SECOND)
    identity = dict(session.identity, wallet="", wallet_valid=False, worker="", agent="")
    seen = recount(identity, [each for each in ordered if each.time >= first])
    conversation.segments = [each for each in conversation.segments if each.time >= first]
    return one_session(seen, conversation)


def simultaneous(rng):
    """Two connections of one client to one pool, which differ in the port only."""
    packets, sessions = [], []
    for number, worker in enumerate(("left", "right")):
        client = (CLIENT[0], CLIENT[1] + number)
        session, conversation = xmrig(rng, start=START + number * 3 * MS, seconds=SECONDS,
                                      rigid=worker)
        session.play(conversation)
        conversation.close(END + number * SECOND, by=TO_SERVER)
        server = ("198.51.100.120", 3333)
        packets += framed(conversation.packets(client, server), client, server)
        sessions.append(session_truth(session, conversation, client, server))
    return Built(packets, {"sessions": sessions})


ENTRIES = [
    Entry("streams/plain", "the session without any pathology, to compare with", plain()),
    Entry("streams/keepalive-byte", "TCP keep-alive probes: a garbage byte before the next "
          "sequence number", keepalive_bytes),
    Entry("streams/overlap", "every third message repeats the last 20 bytes in front of it",
          with_every(3, overlap=20)),
    Entry("streams/overlap-conflict", "as overlap, but the repeated bytes differ: the first win",
          with_every(3, overlap=20, garble=True)),
    Entry("streams/out-of-order", "every second message in two segments, the second first",
          with_every(2, reorder=True)),
    Entry("streams/retransmissions", "every segment twice, every second share lost once",
          repeated),
    Entry("streams/duplicated", "every packet twice, 3 us apart", duplicated),
    Entry("streams/late-duplicates", "the segments of the login and of every share once more, 5 "
          "seconds later", late_duplicates),
    Entry("streams/gap", "segments of 120 bytes; the middle of a job, a share and a reply are "
          "missing: the truth counts what can be seen", gap),
    Entry("streams/wrap", "sequence numbers of both sides pass 2^32 in the login",
          plain(pathologies={"isn": (2**32 - 200, 2**32 - 300)})),
    Entry("streams/port-443", "the pool listens on 443, in the clear",
          plain(server=("198.51.100.120", 443))),
    Entry("streams/mid-stream", "the capture begins at a job: no handshake, no login", mid_stream),
    Entry("streams/small-segments", "segments of at most 48 bytes",
          plain(pathologies={"mss": 48})),
    Entry("streams/reset", "TCP timestamps; the pool ends by RST", reset),
    Entry("streams/two-connections", "two miners behind one address: two flows, two sessions",
          simultaneous),
]
