"""Coins whose proof of work is a cycle in a graph or a solution: Grin, Beam, Aeternity."""

from .stratum import Stratum
from .talk import CONFIRMED, LIKELY, PASSWORD, Id, Talk, mine

GRAPH_WEIGHT = (1 << 9) * 32
CYCLE = 42


def cycle(rng, bits=32):
    """The edges of a cycle."""
    return sorted(rng.getrandbits(bits) for _ in range(CYCLE))


def grin(rng):
    """Grin: ids are text, replies repeat the method, jobs have a pre_pow."""
    talk = Talk(rng, "grin", port=3416, units={"Sol/s": 1, "g/s": CYCLE})

    def call(method, params, is_share=False, **facts):
        number = Id(str(talk.next_id().number), is_share)
        talk.client({"id": number, "jsonrpc": "2.0", "method": method, "params": params}, **facts)
        return number

    def reply(number, method, result, error=None, **facts):
        talk.reply_time()
        message = {"id": number, "jsonrpc": "2.0", "method": method}
        talk.server(message | ({"error": error} if error else {"result": result}), **facts)

    def job(name, difficulty):
        talk.work = difficulty / GRAPH_WEIGHT
        return {"difficulty": difficulty, "height": 2_300_000, "job_id": name,
                "pre_pow": "0001" + talk.hex(236)}

    def second():
        talk.server({"id": "Stratum", "jsonrpc": "2.0", "method": "job",
                     "params": job(2, 3 << 20)}, job="2", proof=CONFIRMED, names=True)
        return "2"

    def share(name, outcome):
        share = talk.new_share(name)
        number = call("submit", {"edge_bits": 32, "height": 2_300_000, "job_id": int(name),
                                 "nonce": rng.getrandbits(63), "pow": cycle(rng)}, True,
                      share=share, proof=CONFIRMED, names=True)
        errors = {"rejected": (-32501, "Share rejected due to low difficulty"),
                  "stale": (-32503, "Solution submitted too late")}
        if outcome == "unanswered":
            return
        error = errors.get(outcome)
        reply(number, "submit", "ok", error and {"code": error[0], "message": error[1]},
              verdicts=((share, outcome),))
    who = {"wallet": "exampleacct", "agent": "grin-miner"}
    reply(call("login", {"login": "exampleacct", "pass": PASSWORD, "agent": "grin-miner"},
               proof=LIKELY, who=who), "login", "ok")
    asked = call("getjobtemplate", None)
    reply(asked, "getjobtemplate", job(1, 2 << 20), job="1", proof=CONFIRMED, names=True)
    mine(talk, "1", second, share)
    reply(call("keepalive", None), "keepalive", "ok")
    return talk


def beam_difficulty(packed):
    """Solutions per share of Beam's packed difficulty."""
    order, mantissa = packed >> 24, (1 << 24) + (packed & 0xFFFFFF)
    return mantissa * 2.0 ** (order - 24)


def beam(rng):
    """Beam: every field at the top, results with codes."""
    talk = Talk(rng, "beam", port=10000, units={"Sol/s": 1})
    wallet, number = rng.randbytes(33).hex(), 0
    talk.client({"method": "login", "api_key": wallet + ".rig1", "id": "login",
                 "jsonrpc": "2.0"}, proof=LIKELY, names=True,
                who={"wallet": wallet, "worker": "rig1"})
    talk.reply_time()
    talk.server({"method": "result", "id": "login", "code": 0, "description": "Login successful",
                 "nonceprefix": "4b1a", "forkheight": 321321, "jsonrpc": "2.0"})

    def job(packed):
        nonlocal number
        number += 1
        talk.work = beam_difficulty(packed)
        talk.server({"jsonrpc": "2.0", "id": str(210 + number), "method": "job",
                     "input": talk.hex(32), "difficulty": packed, "height": 2_500_000},
                    job=str(210 + number), proof=CONFIRMED, names=True)
        return str(210 + number)

    def share(name, outcome):
        share = talk.new_share(name)
        talk.client({"method": "solution", "id": name, "nonce": talk.hex(8),
                     "output": talk.hex(104), "jsonrpc": "2.0"}, share=share, proof=CONFIRMED,
                    names=True)
        codes = {"accepted": (1, "accepted"), "rejected": (2, "rejected"), "stale": (3, "expired")}
        if outcome != "unanswered":
            code, text = codes[outcome]
            talk.reply_time()
            talk.server({"method": "result", "id": name, "code": code, "description": text,
                         "jsonrpc": "2.0"}, verdicts=((share, outcome),))
    return mine(talk, job(0x09800000), lambda: job(0x0A200000), share)


def aeternity(rng):
    """Aeternity: Bitcoin's words, cycles in the shares."""
    talk = Stratum(rng, "aeternity", user="exampleacct.rig1", units={"Sol/s": 1, "g/s": CYCLE})
    talk.begin("bminer/16.0.0", [talk.hex(4), "a2b3c4"], more=[None, "ae.example.com", 3333],
               pool="ae.example.com:3333")

    def notify(name, work):
        talk.set_target(work)
        talk.push("mining.notify", [name, talk.hex(32), True], job=name, proof=CONFIRMED,
                  names=True)
        return name

    def share(job, outcome):
        edges = [f"{edge:x}" for edge in cycle(rng, 29)]
        talk.submit([talk.user, job, talk.hex(5), edges], job, outcome)
    return mine(talk, notify("11", 64), lambda: notify("12", 32), share)


SESSIONS = {"grin": grin, "beam": beam, "aeternity": aeternity}
