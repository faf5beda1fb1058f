"""A CryptoNote pool and miners that mine there: job and share cadence as on real networks."""

import struct
from dataclasses import dataclass, field

from capturekit import MS, SECOND, US

from .session import RETRANSMISSION_TIMEOUT, Session, line

BLOCK_INTERVAL = 120
REFRESH = 60 * SECOND
KEEPALIVE = 60 * SECOND
MAX64 = 0xFFFFFFFFFFFFFFFF
MAX32 = 0xFFFFFFFF
XMRIG_ALGOS = ["rx/0", "rx/wow", "rx/arq", "rx/graft", "rx/sfx", "rx/keva", "cn/r", "cn/half",
               "argon2/chukwa", "ghostrider"]


def target_hex(difficulty):
    """The 4-byte little-endian target of a difficulty."""
    return struct.pack("<I", MAX32 // difficulty).hex()


def target_limit(target):
    """The 64-bit limit below which the last 8 bytes of a result must lie (XMRig's divisions)."""
    raw = bytes.fromhex(target)
    if len(raw) == 8:
        return int.from_bytes(raw, "little")
    return MAX64 // (MAX32 // int.from_bytes(raw, "little"))


def target_difficulty(target):
    """Expected hashes per share of a target."""
    return MAX64 // target_limit(target)


def varint(number):
    """The variable-length integer of CryptoNote."""
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


@dataclass(frozen=True)
class Block:
    """The head of the chain that a job builds on."""

    time: int
    height: int
    previous: bytes


class Chain:
    """Blocks found at random by the rest of the world."""

    def __init__(self, rng, start, end, height=3_620_000):
        self.seed_hash = rng.randbytes(32).hex()
        self.blocks = [Block(start, height, rng.randbytes(32))]
        time = start
        while True:
            time += int(rng.expovariate(1 / BLOCK_INTERVAL) * SECOND)
            if time >= end:
                break
            height += 1
            self.blocks.append(Block(time, height, rng.randbytes(32)))

    def head(self, time):
        """The block that was the head at `time`."""
        return [block for block in self.blocks if block.time <= time][-1]

    def next_block(self, time):
        """When the head changes next, or None."""
        return next((block.time for block in self.blocks if block.time > time), None)


@dataclass(frozen=True)
class Miner:
    """Who mines how: what the plan says about one miner.

    vardiff: (seconds after the login, factor) pairs. Every `retransmit_every`-th share is lost
    once, every `reorder_every`-th job arrives in two segments, the second first.
    """

    login: str
    agent: str
    rigid: str = ""
    password: str = "x"
    hashrate: float = 2000
    share_interval: float = 30
    reject_rate: float = 0.01
    stale_rate: float = 0.08
    keepalive: bool = True
    vardiff: tuple = ()
    retransmit_every: int = 0
    reorder_every: int = 0
    wide_target: bool = False
    rtt: int = 40 * MS
    identity: dict = field(default_factory=dict)


@dataclass
class Job:
    """Work that the pool handed out."""

    number: str
    target: str
    block: Block
    message: dict


class XmrigSession:
    """Plays one login of XMRig at a pool, from the moment the connection is open."""

    def __init__(self, rng, chain, miner, start, end):
        self._rng, self._chain, self._miner = rng, chain, miner
        self._end = end
        self._request = 1
        self._rpc_id = rng.randbytes(8).hex()
        self._difficulty = int(miner.hashrate * miner.share_interval)
        self._jobs = self._shares = 0
        self.session = Session(dict(miner.identity))
        self._login(start)
        self._run()

    def _login(self, at):
        miner = self._miner
        params = {"login": miner.login, "pass": miner.password, "agent": miner.agent}
        if miner.rigid:
            params["rigid"] = miner.rigid
        params["algo"] = XMRIG_ALGOS
        self.session.client(at, line({"id": 1, "jsonrpc": "2.0", "method": "login",
                                      "params": params}))
        self._spoke = at
        at += miner.rtt + self._delay()
        self._start = at
        self._job = self._new_job(at)
        extensions = ["nicehash", "connect"] + (["keepalive"] if miner.keepalive else [])
        result = {"id": self._rpc_id, "job": dict(self._job.message, id=self._rpc_id),
                  "extensions": extensions, "status": "OK"}
        self.session.job(at, line({"id": 1, "jsonrpc": "2.0", "error": None, "result": result}))
        self._job_time = at
        self._share_time = at + 6 * SECOND + self._gap()

    def _run(self):
        """Lets whatever is due next happen, until the end."""
        vardiff = [(self._start + int(after * SECOND), factor)
                   for after, factor in self._miner.vardiff]
        while True:
            block = self._chain.next_block(self._job_time)
            events = [(self._share_time, self._share), (self._job_time + REFRESH, self._push)]
            if block:
                events.append((block + 30 * MS, self._push_block))
            if self._miner.keepalive:
                events.append((self._spoke + KEEPALIVE, self._keepalive))
            time, action = min(events, key=lambda event: event[0])
            if time > self._end - SECOND:
                return
            while vardiff and vardiff[0][0] <= time and action != self._share:
                self._difficulty = int(self._difficulty * vardiff.pop(0)[1])
            action(time)

    def _delay(self):
        """How long the pool thinks, 1 to 15 ms."""
        return int(self._rng.uniform(1, 15) * 1000) * US

    def _gap(self):
        """Time to the next share: exponential, by the difficulty in force, but long enough for a
        lost share to be repeated first."""
        mean = target_difficulty(self._job.target) / self._miner.hashrate
        return max(int(self._rng.expovariate(1 / mean) * SECOND), SECOND // 2)

    def _new_job(self, at):
        self._jobs += 1
        block = self._chain.head(at)
        stamp = varint(at // SECOND)
        blob = b"\x10\x10" + stamp + block.previous + bytes(4) + self._rng.randbytes(32) + b"\x17"
        if self._miner.wide_target:
            target = struct.pack("<Q", MAX64 // self._difficulty).hex()
        else:
            target = target_hex(self._difficulty)
        number = self._rng.randbytes(6).hex()
        message = {"blob": blob.hex(), "job_id": number, "target": target, "algo": "rx/0",
                   "height": block.height, "seed_hash": self._chain.seed_hash}
        return Job(number, target, block, message)

    def _push(self, at):
        old = self._job.target
        self._job, self._job_time = self._new_job(at), at
        if self._job.target != old:
            self._share_time = at + self._gap()
        every = self._miner.reorder_every
        how = {"reorder": True} if every and self._jobs % every == 0 else {}
        data = line({"jsonrpc": "2.0", "method": "job", "params": self._job.message})
        self.session.job(at, data, **how)

    def _push_block(self, at):
        """A job for a new height; now and then a share of the old height crosses it."""
        is_late = self._rng.random() < self._miner.stale_rate
        if is_late and at - self._spoke > SECOND:
            self._submit(at - self._miner.rtt // 2, self._job, "Block expired")
        self._push(at)

    def _share(self, at):
        refused = self._rng.random() < self._miner.reject_rate
        self._submit(at, self._job, "Low difficulty share" if refused else None)
        self._share_time = at + self._gap()

    def _submit(self, at, job, error):
        """A share with a result that satisfies the job's target, and the pool's answer."""
        self._shares += 1
        params = {"id": self._rpc_id, "job_id": job.number,
                  "nonce": self._rng.randbytes(4).hex(), "result": self._result(job.target)}
        data = self._call("submit", params)
        every = self._miner.retransmit_every
        self._spoke = at
        if every and self._shares % every == 0:
            self.session.client_twice(at, data)
            at += RETRANSMISSION_TIMEOUT
        else:
            self.session.client(at, data)
        self._answer(at + self._miner.rtt + self._delay(), error)
        if error is None:
            self.session.accept(target_difficulty(job.target))
        elif error == "Block expired":
            self.session.stale += 1
        else:
            self.session.rejected += 1

    def _result(self, target):
        low = self._rng.randrange(1, target_limit(target))
        return self._rng.randbytes(24).hex() + low.to_bytes(8, "little").hex()

    def _keepalive(self, at):
        self._spoke = at
        self.session.client(at, self._call("keepalived", {"id": self._rpc_id}))
        self._answer(at + self._miner.rtt + self._delay(), None, "KEEPALIVED")

    def _call(self, method, params):
        self._request += 1
        return line({"id": self._request, "jsonrpc": "2.0", "method": method, "params": params})

    def _answer(self, at, error, status="OK"):
        answer = {"id": self._request, "jsonrpc": "2.0"}
        if error:
            answer["error"] = {"code": -1, "message": error}
        else:
            answer.update(error=None, result={"status": status})
        self.session.pool(at, line(answer))
