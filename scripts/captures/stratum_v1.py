"""Bitcoin Stratum V1: an ASIC, a scrypt miner and an account at a proxy."""

from capturekit import MS, SECOND

from .build import CLIENT, START, Built, Entry, framed, session_truth
from .session import Session, connect, line

POOL = ("198.51.100.130", 3333)
WORK_BITCOIN = (1 << 48) / 0xFFFF
WORK_SCRYPT = 1 << 16
RTT = 30 * MS
PAYOUT = bytes.fromhex("1976a914101112131415161718191a1b1c1d1e1f2021222388ac")


def coinbase(height, tag, reward):
    """The two halves of a coinbase transaction around the extranonces of 4 + 8 bytes."""
    script = b"\x03" + height.to_bytes(3, "little") + tag
    first = b"\x01\0\0\0\x01" + bytes(32) + b"\xff" * 4 + bytes([len(script) + 12]) + script
    last = b"\xff" * 4 + b"\x01" + reward.to_bytes(8, "little") + PAYOUT + bytes(4)
    return first.hex(), last.hex()


class V1Session:
    """One Stratum V1 connection that is told what to say next."""

    def __init__(self, rng, *, user, worker, wallet, agent, factor, spaced=False, zeros=16,
                 bits="1703a30c", server=POOL, start=START):
        self.rng, self.user, self.spaced = rng, user, spaced
        self._factor, self._zeros, self._bits = factor, zeros, bits
        self.session = Session({"dialect": "stratum-v1", "wallet": wallet, "worker": worker,
                                "agent": agent, "algo": "", "pool": f"{server[0]}:{server[1]}"})
        self.session.identity["difficulty_sum"] = 0
        self.conversation, self.time = connect(rng, at=start, rtt=RTT)
        self._request, self._jobs, self._height = 0, 0x2860, 890_000
        self.difficulty = 1
        self.job_difficulty = {}
        self._previous = self._prevhash()

    def _prevhash(self):
        return self.rng.randbytes(32 - self._zeros // 2).hex() + "0" * self._zeros

    def line(self, value):
        """One message in this session's spacing."""
        return line(value, spaced=self.spaced)

    def wait(self, milliseconds):
        """Lets time pass."""
        self.time += int(milliseconds * MS)

    def ask(self, method, params, *, method_last=False, request=None):
        """The miner asks; returns the id."""
        self._request += 1
        number = self._request if request is None else request
        message = {"id": number, "method": method, "params": params}
        if method_last:
            message = {"params": params, "id": number, "method": method}
        self.session.client(self.time, self.line(message))
        return number

    def answer(self, number, result, error=None, **more):
        """The pool answers one round trip and a little later."""
        self.wait(RTT / MS + self.rng.randrange(1, 9))
        self.session.pool(self.time, self.line({"id": number, "result": result, "error": error,
                                                **more}))

    def set_difficulty(self, value):
        """A new difficulty, in force from the next job on."""
        self.difficulty = value
        self.session.pool(self.time, self.line({"id": None, "method": "mining.set_difficulty",
                                                "params": [value]}))

    def notify(self, clean=False):
        """A new job; returns its id."""
        if clean:
            self._previous, self._height = self._prevhash(), self._height + 1
        self._jobs += 1
        number = f"{self._jobs:x}"
        first, last = coinbase(self._height, b"/Example Pool/", 312_500_000)
        merkle = [self.rng.randbytes(32).hex() for _ in range(11)]
        params = [number, self._previous, first, last, merkle, "20000000", self._bits,
                  f"{self.time // SECOND:08x}", clean]
        self.session.job(self.time, self.line({"id": None, "method": "mining.notify",
                                               "params": params}))
        self.job_difficulty[number] = self.difficulty
        return number

    def share(self, job, *, version=True, error=None, reason=None, method_last=True):
        """A share and its answer: accepted, or refused with an error or a reject-reason."""
        params = [self.user, job, self.rng.randbytes(4).hex(), f"{self.time // SECOND:08x}",
                  self.rng.randbytes(4).hex()]
        if version:
            params.append(f"{self.rng.getrandbits(16) << 13 & 0x1FFFE000:08x}")
        number = self.ask("mining.submit", params, method_last=method_last)
        if error is None and reason is None:
            self.session.accept(self.job_difficulty[job] * self._factor)
            self.session.identity["difficulty_sum"] += self.job_difficulty[job]
            self.answer(number, True)
            return
        if error and error[0] == 21:
            self.session.stale += 1
        else:
            self.session.rejected += 1
        if reason:
            self.answer(number, False, **{"reject-reason": reason})
        else:
            self.answer(number, None, error)

    def played(self, client, server):
        """Ends the connection and plays everything: the frames and the truth."""
        self.session.play(self.conversation)
        self.conversation.close(self.time + SECOND)
        return (framed(self.conversation.packets(client, server), client, server),
                session_truth(self.session, self.conversation, client, server))

    def finish(self):
        """The capture that holds this session alone."""
        packets, truth = self.played(CLIENT, POOL)
        return Built(packets, {"sessions": [truth]})

    def shares(self, job, count, mean=8.0, **how):
        """Several accepted shares with exponential gaps of `mean` seconds."""
        for _ in range(count):
            self.wait(max(200, self.rng.expovariate(1 / mean) * 1000))
            self.share(job, **how)


def subscription(rng, extranonce_size=4):
    """The result of a subscribe."""
    number = rng.randbytes(4).hex()
    return [[["mining.set_difficulty", number], ["mining.notify", number]], rng.randbytes(4).hex(),
            extranonce_size]


def asic(rng):
    """configure, subscribe, authorize; 6-parameter submits; a difficulty change; reconnect."""
    wallet = "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E"
    v1 = V1Session(rng, user=wallet + ".rig07", worker="rig07", wallet=wallet,
                   agent="bmminer/2.0.0", factor=WORK_BITCOIN)
    number = v1.ask("mining.configure", [["version-rolling"], {
        "version-rolling.mask": "1fffe000", "version-rolling.min-bit-count": 2}])
    v1.answer(number, {"version-rolling": True, "version-rolling.mask": "1fffe000"})
    v1.answer(v1.ask("mining.subscribe", ["bmminer/2.0.0"]), subscription(rng))
    v1.answer(v1.ask("mining.authorize", [v1.user, "x"]), True)
    v1.wait(1)
    v1.set_difficulty(65536)
    v1.wait(1)
    job = v1.notify(clean=True)
    v1.shares(job, 5)
    v1.share(job, error=[23, "Low difficulty share", None])
    v1.wait(2000)
    v1.set_difficulty(131072)
    v1.shares(job, 2)
    v1.wait(3000)
    old, job = job, v1.notify(clean=True)
    v1.wait(20)
    v1.share(old, error=[21, "Job not found", None])
    v1.shares(job, 6, 12)
    v1.wait(9000)
    v1.shares(v1.notify(), 3, 12)
    v1.wait(4000)
    v1.session.pool(v1.time, v1.line({"id": None, "method": "client.reconnect",
                                      "params": ["pool2.example.com", 3334, 5]}))
    return v1.finish()


def scrypt(rng):
    """An Antminer for scrypt: spaces, cgminer's keys, 5-parameter submits."""
    wallet = "LLguXNLLGu7qnPgDSWfkV6hMDuoJnnMNHe"
    v1 = V1Session(rng, user=wallet + ".l7-03", worker="l7-03", wallet=wallet,
                   agent="cgminer/4.11.1", factor=WORK_SCRYPT, spaced=True, zeros=0,
                   bits="1931be5a")
    v1.answer(v1.ask("mining.subscribe", ["cgminer/4.11.1"]), subscription(rng))
    v1.answer(v1.ask("mining.authorize", [v1.user, "d=524288,c=LTC"]), True)
    v1.set_difficulty(524288)
    v1.wait(1)
    for number in range(4):
        job = v1.notify(clean=number == 2)
        v1.shares(job, 4, 6, version=False)
        if number == 1:
            v1.wait(500)
            v1.share(job, version=False, error=[22, "Duplicate share", None])
        v1.wait(6000)
    return v1.finish()


def account(rng):
    """An account without wallet at a proxy: pipelined requests, banner, ping, reject-reason."""
    v1 = V1Session(rng, user="exampleacct.worker3", worker="worker3", wallet="exampleacct",
                   agent="cpuminer/2.5.1", factor=WORK_BITCOIN)
    first = v1.ask("mining.subscribe", ["cpuminer/2.5.1"])
    second = v1.ask("mining.authorize", [v1.user, "123"])
    third = v1.ask("mining.extranonce.subscribe", [])
    v1.ask("mining.suggest_difficulty", [512])
    v1.answer(first, subscription(rng, 8))
    v1.answer(second, True)
    v1.answer(third, None, [20, "Not supported.", None])
    v1.session.pool(v1.time, v1.line({"id": None, "method": "client.show_message",
                                      "params": ["Authorised, welcome to example proxy"]}))
    v1.set_difficulty(512.5)
    job = v1.notify(clean=True)
    v1.wait(300)
    v1.session.pool(v1.time, v1.line({"id": 9876, "method": "client.get_version", "params": []}))
    v1.wait(5)
    v1.session.client(v1.time, v1.line({"id": 9876, "result": "cpuminer/2.5.1", "error": None}))
    v1.shares(job, 3, version=False, method_last=False)
    v1.wait(700)
    v1.session.pool(v1.time, v1.line({"id": 42, "method": "mining.ping", "params": []}))
    v1.wait(3)
    v1.session.client(v1.time, v1.line({"id": 42, "result": "pong", "error": None}))
    v1.wait(2000)
    v1.share(job, version=False, reason="Above target")
    v1.wait(2000)
    v1.session.pool(v1.time, v1.line({"id": None, "method": "mining.set_extranonce",
                                      "params": [rng.randbytes(4).hex(), 8]}))
    v1.shares(v1.notify(), 3, version=False)
    return v1.finish()


ENTRIES = [
    Entry("stratum-v1/session", "an ASIC at a Bitcoin pool: configure, subscribe, authorize, "
          "6-parameter submits; difficulty 65536 to 131072 from the next job on; accepted, "
          "rejected and stale shares; client.reconnect", asic),
    Entry("stratum-v1/antminer-scrypt", "cgminer's spacing and key order, 5-parameter submits, "
          "scrypt difficulty 524288, a duplicate share", scrypt),
    Entry("stratum-v1/account", "an account name instead of a wallet, pipelined requests, banner, "
          "get_version, ping, set_extranonce, a fractional difficulty, a reject-reason", account),
]
