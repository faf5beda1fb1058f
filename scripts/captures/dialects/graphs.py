"""Coins whose proof of work is a cycle in a graph or a solution: Grin, Beam, Aeternity."""

from .stratum import Stratum
from .talk import CONFIRMED, LIKELY, PASSWORD, Id, Talk, mine

GRAPH_WEIGHT = (1 << 9) * 32
CYCLE = 42


def cycle(rng, bits=32):
    """The edges of a cycle."""
    return sorted(rng.getrandbits(bits) for _ in range(CYCLE))


class Graphs(Talk):
    """A session in Grin's words: ids are text, replies repeat the method."""

    agent, account = "grin-miner", "exampleacct"

    def call(self, method, params, is_share=False, **facts):
        """A request; its id."""
        number = Id(str(self.next_id().number), is_share)
        self.client({"id": number, "jsonrpc": "2.0", "method": method, "params": params}, **facts)
        return number

    def reply(self, number, method, result, error=None, **facts):
        """Its reply."""
        self.reply_time()
        message = {"id": number, "jsonrpc": "2.0", "method": method}
        self.server(message | ({"error": error} if error else {"result": result}), **facts)

    def login(self):
        """Who mines."""
        self.reply(self.call("login", {"login": self.account, "pass": PASSWORD,
                                       "agent": self.agent}, proof=LIKELY,
                             who={"wallet": self.account, "agent": self.agent}), "login", "ok")

    def push(self, job, name):
        """A new job."""
        self.server({"id": "Stratum", "jsonrpc": "2.0", "method": "job", "params": job},
                    job=name, proof=CONFIRMED, names=True)
        return name

    def submit(self, name, outcome, *, nonce, proof, **first):
        """A share and what becomes of it."""
        share = self.new_share(name)
        number = self.call("submit", first | {"height": 2_300_000, "job_id": int(name),
                                              "nonce": nonce, "pow": proof}, True,
                           share=share, proof=CONFIRMED, names=True)
        errors = {"rejected": (-32501, "Share rejected due to low difficulty"),
                  "stale": (-32503, "Solution submitted too late")}
        if outcome == "unanswered":
            return
        error = errors.get(outcome)
        self.reply(number, "submit", "ok", error and {"code": error[0], "message": error[1]},
                   verdicts=((share, outcome),))


def grin(rng):
    """Grin: ids are text, replies repeat the method, jobs have a pre_pow."""
    talk = Graphs(rng, "grin", port=3416, units={"Sol/s": 1, "g/s": CYCLE})

    def job(name, difficulty):
        talk.work = difficulty / GRAPH_WEIGHT
        return {"difficulty": difficulty, "height": 2_300_000, "job_id": name,
                "pre_pow": "0001" + talk.hex(236)}

    def share(name, outcome):
        talk.submit(name, outcome, nonce=rng.getrandbits(63), proof=cycle(rng), edge_bits=32)
    talk.login()
    asked = talk.call("getjobtemplate", None)
    talk.reply(asked, "getjobtemplate", job(1, 2 << 20), job="1", proof=CONFIRMED, names=True)
    mine(talk, "1", lambda: talk.push(job(2, 3 << 20), "2"), share)
    talk.reply(talk.call("keepalive", None), "keepalive", "ok")
    return talk


def epic(rng):
    """Epic Cash: Grin's words, three proofs of work, a difficulty for each."""
    talk = Graphs(rng, "grin", port=3416)
    talk.agent, about = "epic-miner", {"coin": "EPIC", "algo": "progpow"}

    def job(name, difficulty):
        talk.work = difficulty
        return {"algorithm": "progpow", "height": 2_300_000, "job_id": name,
                "pre_pow": "0006" + talk.hex(270),
                "difficulty": [["cuckoo", 3], ["randomx", 800_000], ["progpow", difficulty]],
                "block_difficulty": [["cuckoo", 17_475_934], ["randomx", 584_275_583],
                                     ["progpow", 526_630_508_509]],
                "epochs": [[2_299_200, 2_300_200, list(rng.randbytes(32))]], "xn": None}

    def push(name, difficulty):
        talk.server({"id": "Stratum", "jsonrpc": "2.0", "method": "job",
                     "params": job(int(name), difficulty)}, job=name, proof=CONFIRMED,
                    names=True, maybe=about)
        return name

    def share(name, outcome):
        talk.submit(name, outcome, nonce=rng.getrandbits(63),
                    proof={"ProgPow": list(rng.randbytes(32))})
    talk.login()
    asked = talk.call("getjobtemplate", {"algorithm": "progpow"})
    talk.reply(asked, "getjobtemplate", job(6, 2_500_000_000), job="6", proof=CONFIRMED,
               names=True, maybe=about)
    mine(talk, "6", lambda: push("7", 3_000_000_000), share)
    talk.reply(talk.call("keepalive", None), "keepalive", "ok")
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


SESSIONS = {"grin": grin, "epic": epic, "beam": beam, "aeternity": aeternity}
