"""CryptoNote login dialect: the miners that speak it, each with its own habits."""

import json
from collections import defaultdict

from capturekit import MS, SECOND, TO_SERVER

from .build import SERVER, START, XMR_WALLET, Entry, one_session, xmrig
from .cryptonote_miner import MAX64, Chain, target_difficulty, target_limit, varint
from .session import Session, connect, line

RTT = 40 * MS


def recount(identity, messages):
    """A session from its messages alone, decoded: counts only what can be seen in them."""
    session, jobs, pending = Session(dict(identity), list(messages)), {}, defaultdict(list)
    for each in sorted(messages, key=lambda message: message.time):
        said = json.loads(each.data)
        method, params = said.get("method"), said.get("params")
        job = params if method == "job" else (said.get("result") or {}).get("job")
        if job:
            jobs[job["job_id"]] = target_difficulty(job["target"])
            session.first_job = session.first_job or each.time
        if each.direction == TO_SERVER and not each.is_retransmission:
            share = params["job_id"] if method == "submit" else None
            pending[said["id"]].append(share)
            session.unanswered += share is not None
        elif method is None and pending[said["id"]]:
            count_reply(session, said, pending[said["id"]].pop(0), jobs)
    return session


def count_reply(session, said, share, jobs):
    """Books the answer to a request; `share` is the job it was for, if it was a share."""
    if share is None:
        return
    session.unanswered -= 1
    if not said.get("error"):
        session.accept(jobs[share])
    elif said["error"]["message"] == "Block expired":
        session.stale += 1
    else:
        session.rejected += 1


def played(rng, **changes):
    """An XMRig session played as it is."""
    session, conversation = xmrig(rng, **changes)
    session.play(conversation)
    return session, conversation


def xmrig_session(rng):
    """XMRig for ten minutes with worker suffix, keep-alives and vardiff."""
    session, conversation = played(rng, seconds=600, share_interval=40, vardiff=((180, 0.5),),
                                   login=XMR_WALLET + ".w1")
    conversation.close(START + 600 * SECOND)
    return one_session(session, conversation)


def proxy_session(rng):
    """An xmrig-proxy upstream: 8-byte targets, high rate."""
    session, conversation = played(rng, wide_target=True, agent="xmrig-proxy/6.21.0", rigid="",
                                   hashrate=900_000, seconds=120, share_interval=4)
    conversation.close(START + 120 * SECOND)
    return one_session(session, conversation)


class OldMiner:
    """A miner of the key order method, params, id with id 1 for every request."""

    def __init__(self, rng, *, agent, spaced, wide, rpc_id, rigid, extra):
        self._rng, self._spaced, self._wide, self._rpc_id = rng, spaced, wide, rpc_id
        self._extra = extra
        self._chain = Chain(rng, START - SECOND, START + 300 * SECOND, height=1_580_000)
        self.session = Session({
            "dialect": "cryptonote", "wallet": XMR_WALLET, "wallet_valid": True, "worker": rigid,
            "agent": agent, "algo": "", "pool": f"{SERVER[0]}:{SERVER[1]}"})
        self.conversation, ready = connect(rng, at=START, rtt=RTT)
        params = {"login": XMR_WALLET, "pass": "x"}
        if rigid:
            params["rigid"] = rigid
        self._call(ready, "login", dict(params, agent=agent))
        time = self._work(ready + RTT + 3 * MS)
        self.session.play(self.conversation)
        self.conversation.close(time + 5 * SECOND)

    def _call(self, at, method, params):
        request = {"method": method, "params": params, "id": 1}
        self.session.client(at, line(request, spaced=self._spaced))

    def _reply(self, at, result, error=None):
        reply = {"id": 1, "jsonrpc": "2.0", "error": error, "result": result}
        self.session.pool(at, line(reply))

    def _job(self, at, difficulty):
        head = self._chain.head(at)
        blob = b"\x07\x07" + varint(at // SECOND) + head.previous + bytes(4)
        blob += self._rng.randbytes(32) + b"\x05"
        number = self._rng.randbytes(8).hex()
        limit = MAX64 // difficulty
        target = limit.to_bytes(8, "little") if self._wide else (limit >> 32).to_bytes(4, "little")
        return {"blob": blob.hex(), "job_id": number, "target": target.hex()}

    def _work(self, time):
        """Five jobs, a few shares on each; every seventh is refused."""
        job = self._job(time, 15000)
        self.session.job(time, line({"id": 1, "jsonrpc": "2.0", "error": None, "result": {
            "id": self._rpc_id, "job": job, "status": "OK"}}))
        shares = 0
        for number in range(5):
            for _ in range(3):
                time += int(self._rng.uniform(3, 15) * 1000) * MS
                shares += 1
                self._share(time, job, shares % 7 == 0)
            time += 4 * SECOND
            job = self._job(time, 15000 if number < 2 else 20000)
            self.session.job(time, line({"jsonrpc": "2.0", "method": "job", "params": job}))
        return time

    def _share(self, at, job, is_refused):
        low = self._rng.randrange(1, target_limit(job["target"]))
        params = {"id": self._rpc_id, "job_id": job["job_id"],
                  "nonce": self._rng.randbytes(4).hex(),
                  "result": self._rng.randbytes(24).hex() + low.to_bytes(8, "little").hex()}
        self._call(at, "submit", dict(params, **self._extra))
        if is_refused:
            self.session.rejected += 1
            self._reply(at + RTT + 5 * MS, None, {"code": -1, "message": "Low difficulty share"})
        else:
            self.session.accept(target_difficulty(job["target"]))
            self._reply(at + RTT + 5 * MS, {"status": "OK"})


def xmr_stak(rng):
    """xmr-stak: key order method, params, id; id 1 for all; 8-byte targets."""
    miner = OldMiner(rng, agent="xmr-stak/2.10.8/b5f14a9/master/lin/cpu", spaced=False, wide=True,
                     rpc_id="538164230945172", rigid="stak-1",
                     extra={"backend": "cpu", "hashcount": 240, "hashcount_total": 9120})
    return one_session(miner.session, miner.conversation)


def cpuminer(rng):
    """cpuminer-multi: spaces, id 1 for all, no worker."""
    miner = OldMiner(rng, agent="cpuminer-multi/1.3.7", spaced=True, wide=False, rpc_id="1",
                     rigid="", extra={})
    return one_session(miner.session, miner.conversation)


def refused(rng):
    """A login that the pool refuses."""
    session, conversation = xmrig(rng, login="4EXAMPLE_MONERO_WALLET_ADDRESS_SYNTHETIC")
    login = session.messages[0]
    answer = line({"id": 1, "jsonrpc": "2.0",
                   "error": {"code": -1, "message": "Invalid payment address provided"}})
    session = Session(session.identity)
    session.client(login.time, login.data)
    session.pool(login.time + RTT + 4 * MS, answer)
    session.play(conversation)
    conversation.close(login.time + SECOND, by=1)
    return one_session(session, conversation)


def unanswered(rng):
    """A login that is never answered; the connection stays open for a minute."""
    session, conversation = xmrig(rng)
    session = Session(session.identity, session.messages[:1])
    session.play(conversation)
    conversation.close(START + 60 * SECOND)
    return one_session(session, conversation)


ENTRIES = [
    Entry("cryptonote/xmrig", "XMRig 6.21 for ten minutes: valid wallet with worker suffix, rigid, "
          "keepalived, vardiff, a reject and stale shares", xmrig_session),
    Entry("cryptonote/xmrig-proxy", "a proxy upstream: 16-hex targets, no worker", proxy_session),
    Entry("cryptonote/xmr-stak", "keys in the order method, params, id; id 1 for every request; "
          "16-hex targets; numeric rpc id; extra fields in submits", xmr_stak),
    Entry("cryptonote/cpuminer", "spaces between tokens, id 1 for every request, no rigid, 8-hex "
          "targets", cpuminer),
    Entry("cryptonote/refused", "a login that the pool refuses; no job ever", refused),
    Entry("cryptonote/unanswered", "a login without any answer in a minute", unanswered),
]
