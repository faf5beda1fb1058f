"""eth-proxy: two Ethereum Classic miners, with 3 and with 4 strings of work."""

from capturekit import MS, SECOND

from .build import CLIENT, START, Entry, one_session
from .session import Session, connect, line

POOL = ("198.51.100.140", 9999)
WALLET = "0x101112131415161718191a1b1c1d1e1f20212223"
RTT = 25 * MS
JOB_INTERVAL = 14


class EthSession:
    """One eth-proxy connection: polling for work, claiming a rate, finding shares."""

    def __init__(self, rng, *, with_height, keyed, hashrate, difficulty, login, ids):
        self._rng, self._keyed, self._ids = rng, keyed, ids
        self._rate = hashrate
        self._height = 22_400_000 if with_height else None
        self._seed = rng.randbytes(32).hex()
        self._limit = (1 << 256) // difficulty - 1
        self._rig = "0x" + rng.randbytes(32).hex()
        self._work = difficulty
        self.session = Session({
            "dialect": "ethproxy", "wallet": WALLET, "worker": "rig1", "agent": "", "algo": "",
            "pool": f"{POOL[0]}:{POOL[1]}", "hashrate_claimed": hashrate})
        self.conversation, ready = connect(rng, at=START, rtt=RTT)
        self._ask(ready, "login", "eth_submitLogin", [login, "x"])
        self._reply(ready, "login", True)
        self._run(ready + 2 * RTT)

    def _ask(self, at, kind, method, params):
        message = {"id": self._ids[kind], "jsonrpc": "2.0", "method": method, "params": params}
        if self._keyed:
            message = {"worker": "rig1", "jsonrpc": "2.0", "params": params,
                       "id": self._ids[kind], "method": method}
        self.session.client(at, line(message))

    def _reply(self, asked, kind, result, error=None):
        reply = {"id": self._ids[kind], "jsonrpc": "2.0"}
        reply.update({"error": error} if error else {"result": result})
        self.session.pool(asked + RTT + self._rng.randrange(1, 8) * MS, line(reply))

    def _job(self):
        work = ["0x" + self._header, "0x" + self._seed, f"0x{self._limit:064x}"]
        return work + [hex(self._height)] if self._height else work

    def _new_header(self):
        self._header = self._rng.randbytes(32).hex()
        if self._height:
            self._height += 1

    def _run(self, start):
        """240 seconds: a block each 14, a poll each 10, a claim each 20, shares at random."""
        self._new_header()
        end, self._count = start + 240 * SECOND, 0
        due = {"block": start + JOB_INTERVAL * SECOND, "poll": start,
               "claim": start + 20 * SECOND, "share": start + 15 * SECOND}
        while True:
            event = min(due, key=due.get)
            at = due[event]
            if at > end:
                break
            due[event] = at + self._handle(event, at)
        self.session.play(self.conversation)
        self.conversation.close(end + SECOND)

    def _handle(self, event, at):
        """One event; returns when the next of its kind is due."""
        if event == "block":
            self._new_header()
            self.session.job(at, line({"id": 0, "jsonrpc": "2.0", "result": self._job()}))
            return int(JOB_INTERVAL * SECOND)
        if event == "poll":
            self._ask(at + MS, "work", "eth_getWork", [])
            self.session.job(at + RTT + 5 * MS, line({"id": self._ids["work"], "jsonrpc": "2.0",
                                                      "result": self._job()}))
            return 10 * SECOND
        if event == "claim":
            self._ask(at + 2 * MS, "rate", "eth_submitHashrate", [hex(self._rate), self._rig])
            self._reply(at + 2 * MS, "rate", True)
            return 20 * SECOND
        self._share(at)
        mean = self._work / self._rate
        return max(int(self._rng.expovariate(1 / mean) * 1000) * MS, SECOND)

    def _share(self, at):
        self._count += 1
        self._ask(at + 3 * MS, "share", "eth_submitWork", [
            "0x" + self._rng.randbytes(8).hex(), "0x" + self._header,
            "0x" + self._rng.randbytes(32).hex()])
        refusals = {5: (23, "Invalid share"), 9: (21, "Stale share")}
        if self._count in refusals:
            code, text = refusals[self._count]
            self._reply(at + 3 * MS, "share", False, {"code": code, "message": text})
            self.session.rejected += code == 23
            self.session.stale += code == 21
        else:
            self._reply(at + 3 * MS, "share", True)
            self.session.accept(self._work)


def claymore(rng):
    """Claymore's form: wallet/rig/mail, the key `worker`, three strings of work."""
    eth = EthSession(rng, with_height=False, keyed=True, hashrate=60_880_000,
                     difficulty=1_000_000_000, login=WALLET + "/rig1/ops@example.org",
                     ids={"login": 2, "work": 3, "rate": 6, "share": 4})
    return one_session(eth.session, eth.conversation, CLIENT, POOL)


def ethminer(rng):
    """ethminer's form: wallet.rig, its request ids, four strings of work."""
    eth = EthSession(rng, with_height=True, keyed=False, hashrate=92_000_000,
                     difficulty=1_600_000_000, login=WALLET + ".rig1",
                     ids={"login": 1, "work": 5, "rate": 9, "share": 40})
    return one_session(eth.session, eth.conversation, CLIENT, POOL)


ENTRIES = [
    Entry("ethproxy/claymore", "login wallet/rig/mail, key `worker`, work of 3 strings pushed with "
          "id 0, submitHashrate, an invalid and a stale share", claymore),
    Entry("ethproxy/ethminer", "login wallet.rig, ids 1, 5, 9, 40, work of 4 strings", ethminer),
]
