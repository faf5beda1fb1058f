"""What recordings of real networks bring: pools that are not where one looks for them, a miner that
tries what its pool speaks, packets of which the beginning was kept."""

from capturekit import MS, SECOND, recut

from .build import CLIENT, START, Built, Entry, framed, one_session, session_truth, xmrig
from .session import Session, connect, line
from .stratum_v1 import RTT, WORK_BITCOIN, V1Session, subscription

POOL = ("198.51.100.140", 4444)
WALLET = "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E"
ETH = "0x101112131415161718191a1b1c1d1e1f20212223"
AGENT = "ethminer/0.19.0"
PORTS = (25, 80, 443)
NAME = "eth.example.net"
NAMED = f"{NAME}:{POOL[1]}"


def mining(rng, client, server, start):
    """One plain Stratum V1 session: (packets, truth)."""
    v1 = V1Session(rng, user=WALLET + ".rig1", worker="rig1", wallet=WALLET, agent=AGENT,
                   factor=WORK_BITCOIN, server=server, start=start)
    v1.answer(v1.ask("mining.subscribe", [AGENT]), subscription(rng))
    v1.answer(v1.ask("mining.authorize", [v1.user, "x"]), True)
    v1.set_difficulty(4096)
    job = v1.notify(clean=True)
    v1.shares(job, 4)
    v1.share(job, error=[23, "Low difficulty share", None])
    v1.wait(4000)
    old, job = job, v1.notify(clean=True)
    v1.wait(20)
    v1.share(old, error=[21, "Job not found", None])
    v1.shares(job, 3)
    return v1.played(client, server)


def ports(rng):
    """Three miners at three ports that belong to others."""
    packets, sessions = [], []
    for number, port in enumerate(PORTS):
        client, server = (f"10.0.1.{30 + number}", CLIENT[1]), (POOL[0], port)
        frames, truth = mining(rng, client, server, START + number * 7 * MS)
        packets += frames
        sessions.append(truth)
    return Built(packets, {"sessions": sessions})


def refused(rng, client, start, asked, answer, **identity):
    """A connection that the pool ends after the first request: (packets, truth)."""
    session = Session({"wallet": "", "worker": "", "agent": "", "algo": "", "level": "likely",
                       "pool": f"{POOL[0]}:{POOL[1]}", **identity})
    conversation, time = connect(rng, at=start, rtt=RTT)
    session.client(time, line(asked))
    session.pool(time + RTT, line(answer))
    session.play(conversation)
    conversation.close(time + RTT + 5 * MS)
    return (framed(conversation.packets(client, POOL), client, POOL),
            session_truth(session, conversation, client, POOL))


ATTEMPTS = (
    ({"id": 1, "method": "mining.hello", "params": {
        "agent": AGENT, "host": NAME, "port": f"{POOL[1]:x}", "proto": "EthereumStratum/2.0.0"}},
     {"id": 1, "error": {"code": -32601, "message": "Method not found"}},
     {"dialect": "ethstratum-2", "agent": AGENT, "pool": NAMED, "pool_named": NAMED}),
    ({"id": 1, "method": "mining.subscribe", "params": [AGENT, "EthereumStratum/1.0.0"]},
     {"id": 1, "result": None, "error": [20, "Not supported", None]},
     {"dialect": "ethstratum-1", "agent": AGENT}),
    ({"id": 1, "jsonrpc": "2.0", "method": "eth_submitLogin", "params": [ETH], "worker": "rig1"},
     {"id": 1, "jsonrpc": "2.0", "error": {"code": -1, "message": "Invalid login"}},
     {"dialect": "ethproxy", "wallet": ETH, "worker": "rig1"}),
)


def probing(rng):
    """Three dialects that the pool refuses, the fourth mines."""
    packets, sessions = [], []
    for number, (asked, answer, identity) in enumerate(ATTEMPTS):
        frames, truth = refused(rng, (CLIENT[0], CLIENT[1] + number), START + number * 3 * SECOND,
                                asked, answer, **identity)
        packets += frames
        sessions.append(truth)
    frames, truth = mining(rng, (CLIENT[0], CLIENT[1] + len(ATTEMPTS)), POOL,
                           START + len(ATTEMPTS) * 3 * SECOND)
    return Built(packets + frames, {"sessions": [*sessions, truth]})


def short(snaplen, level, early=0):
    """A builder of an XMRig session of whose packets that much was kept: the login ends inside its
    wallet, jobs inside their blob and shares before their nonce. The early shares come before
    anything proves what they are."""
    def build(rng):
        session, conversation = xmrig(rng)
        session.play(conversation)
        conversation.close(START + 150 * SECOND)
        built = one_session(session, conversation)
        truth = built.truth["sessions"][0]
        truth |= {"level": level, "wallet": "", "worker": "", "agent": "", "algo": "",
                  "work": 0, "hashrate": 0}
        if level == "suspect":
            truth["shares"] = dict.fromkeys(truth["shares"], 0)
        for word in ("submitted", "accepted"):
            truth["shares"][word] -= early
        return Built(recut.snaplen(built.packets, snaplen), {"sessions": [truth]})
    return build


ENTRIES = [
    Entry("pools/ports", "Stratum V1 in the clear on the ports of mail and the web: 25, 80, 443; "
          "three miners", ports),
    Entry("pools/probing", "a miner tries EthereumStratum 2 and 1, eth-proxy and Stratum V1 on one "
          "pool, a connection each; the last one mines: four sessions, one alert", probing),
    Entry("pools/snaplen-96", "an XMRig session, 96 bytes of each packet: of its messages the "
          "methods are left, who asks and who answers; a suspicion", short(96, "suspect")),
    Entry("pools/snaplen-128", "the same with 128 bytes: jobs begin as a block does, and what "
          "follows them is answered as shares are; nobody is named", short(128, "confirmed", 1)),
    Entry("pools/snaplen-160", "the same with 160 bytes: the login ends inside its wallet",
          short(160, "confirmed")),
    Entry("pools/snaplen-200", "the same with 200 bytes", short(200, "confirmed")),
]
