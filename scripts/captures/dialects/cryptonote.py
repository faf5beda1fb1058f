"""The login dialect of CryptoNote, with its variants."""

import json
import struct
from dataclasses import dataclass, field

from capturekit import SECOND, TO_SERVER

from ..build import START, XMR_WALLET, XMRIG, xmrig
from ..cryptonote_miner import MAX64, target_difficulty, target_hex, target_limit, varint
from .talk import BEGIN, CONFIRMED, LIKELY, PASSWORD, Id, Talk, mine

DNX_WALLET = "Xwme4KZbE7621UVT1p34Di3MPXQQ9NRfr4hJZMnUho7z63DbKAp3Aa87P8dGZ9NY2G8j3fDw" \
             "UhuUQA4xhBKp3GvY1Xzt9v2qm"
REFUSALS = {"rejected": "Low difficulty share", "stale": "Block expired"}
REASONS = {text: outcome for outcome, text in REFUSALS.items()}


def marked(said):
    """A decoded message whose request id a speller may change."""
    if "id" in said and ("method" in said or "result" in said or "error" in said):
        return said | {"id": Id(said["id"], said.get("method") == "submit")}
    return said


def adopted(rng):
    """The XMRig session of the captures, message by message."""
    session, _ = xmrig(rng, seconds=75, share_interval=6, password=PASSWORD, reject_rate=0.2)
    talk, shares, ids = Talk(rng, "cryptonote"), {}, {}
    for each in sorted(session.messages, key=lambda message: message.time):
        said = json.loads(each.data)
        talk.time = BEGIN + each.time - START
        method, params, error = said.get("method"), said.get("params"), said.get("error")
        body = marked(said)
        if each.direction == TO_SERVER:
            if method == "login":
                talk.client(body, proof=LIKELY, who={
                    "wallet": XMR_WALLET, "worker": params["rigid"], "agent": params["agent"]})
            elif method == "submit":
                shares[said["id"]] = share = talk.new_share(params["job_id"])
                ids[said["id"]] = body["id"]
                talk.client(body, share=share, proof=CONFIRMED, names=True)
            else:
                talk.client(body)
            continue
        job = params if method == "job" else (said.get("result") or {}).get("job")
        if job:
            talk.work = target_difficulty(job["target"])
            talk.server(body, job=job["job_id"], proof=CONFIRMED, names=True,
                        who={"algo": job["algo"]})
        elif said.get("id") in shares:
            outcome = REASONS[error["message"]] if error else "accepted"
            talk.server(body | {"id": ids[said["id"]]},
                        verdicts=((shares[said["id"]], outcome),))
        else:
            talk.server(body)
    return talk


@dataclass
class Login(Talk):
    """A session that a variant changes."""

    rpc_id: str = "1"
    wide: bool = False
    nonce: bytes = bytes(4)
    algo: str = "rx/0"
    more: dict = field(default_factory=dict)  # that shares have besides

    def call(self, method, params, is_share=False, **facts):
        """A request; returns its id."""
        number = self.next_id(is_share)
        self.client({"id": number, "jsonrpc": "2.0", "method": method, "params": params}, **facts)
        return number

    def reply(self, number, result, error=None, **facts):
        """A reply."""
        self.reply_time()
        self.server({"id": number, "jsonrpc": "2.0", "error": error, "result": result}, **facts)

    def job(self, name, difficulty):
        """A job object; the session's difficulty is the one of its target."""
        target = struct.pack("<Q", MAX64 // difficulty).hex() if self.wide \
            else target_hex(difficulty)
        self.work = target_difficulty(target)
        blob = b"\x10\x10" + varint(self.time // SECOND) + self.rng.randbytes(32) + self.nonce
        blob += self.rng.randbytes(32) + b"\x17"
        return {"blob": blob.hex(), "job_id": name, "target": target, "algo": self.algo,
                "height": 3_620_000, "seed_hash": self.hex(32)}

    def begin(self, login, agent, *, who, maybe=None, rigid=None, **more):
        """The login; returns its id."""
        params = {"login": login, "pass": PASSWORD, "agent": agent}
        if rigid:
            params["rigid"] = rigid
        return self.call("login", params | more, proof=LIKELY, who={"agent": agent} | who,
                         maybe=maybe or {})

    def welcome(self, number, job):
        """The reply to the login, with the first job."""
        self.reply(number, {"id": self.rpc_id, "job": job, "status": "OK"}, job=job["job_id"],
                   proof=CONFIRMED, names=True, who={"algo": job["algo"]} if "algo" in job else {})
        return job["job_id"]

    def push(self, job):
        """A job that the pool pushes."""
        self.server({"jsonrpc": "2.0", "method": "job", "params": job}, job=job["job_id"],
                    proof=CONFIRMED, names=True,
                    who={"algo": job["algo"]} if "algo" in job else {})
        return job["job_id"]

    def share(self, job, outcome):
        """A share whose hash fits the target, and its reply."""
        share = self.new_share(job)
        limit = target_limit(struct.pack("<Q", int(MAX64 // self.jobs[job].work)).hex())
        low = self.rng.randrange(1, limit).to_bytes(8, "little").hex()
        nonce = self.rng.randbytes(3) + (self.nonce[3:] or b"\0")
        number = self.call("submit", {"id": self.rpc_id, "job_id": job, "nonce": nonce.hex(),
                                      "result": self.hex(24) + low} | self.more, True,
                           share=share, proof=CONFIRMED, names=True,
                           who={"algo": self.algo} if self.more else {})
        if outcome != "unanswered":
            text = REFUSALS.get(outcome)
            self.reply(number, None if text else {"status": "OK"},
                       {"code": -1, "message": text} if text else None,
                       verdicts=((share, outcome),))


def nicehash(rng):
    """The pool fixes a byte of the nonce; targets of 16 digits."""
    talk = Login(rng, "cryptonote", rpc_id=rng.randbytes(16).hex(), wide=True,
                 nonce=b"\0\0\0\x5a")
    number = talk.begin(XMR_WALLET, "NiceHash/1.0.0", who={"wallet": XMR_WALLET})
    return mine(talk, talk.welcome(number, talk.job("9f3c", 6_000_000)),
                lambda: talk.push(talk.job("9f3d", 9_000_000)), talk.share)


def proxy(rng):
    """An xmrig-proxy upstream."""
    talk = Login(rng, "cryptonote", rpc_id=rng.randbytes(8).hex(), wide=True)
    number = talk.begin(XMR_WALLET, "xmrig-proxy/6.21.0", who={
        "wallet": XMR_WALLET, "role": "proxy"}, algo=["rx/0", "cn/r"])
    return mine(talk, talk.welcome(number, talk.job("5d01", 3_600_000)),
                lambda: talk.push(talk.job("5d02", 3_600_000)), talk.share)


def donation(rng):
    """XMRig mines for its author: the login is a hash."""
    talk = Login(rng, "cryptonote", rpc_id=rng.randbytes(8).hex())
    login = rng.randbytes(32).hex()
    number = talk.begin(login, XMRIG, who={"donation": True}, maybe={"wallet": login},
                        algo=["rx/0", "cn/r"])
    return mine(talk, talk.welcome(number, talk.job("d1", 12000)),
                lambda: talk.push(talk.job("d2", 12000)), talk.share)


def selfselect(rng):
    """The miner builds the block: jobs without a blob."""
    talk = Login(rng, "cryptonote", rpc_id=rng.randbytes(8).hex(), yes="any")
    number = talk.begin(XMR_WALLET, XMRIG, who={"wallet": XMR_WALLET, "worker": "rack7"},
                        rigid="rack7", mode="self-select", algo=["rx/0"])

    def bare(name):
        job = talk.job(name, 15000)
        return {"pool_wallet": XMR_WALLET, "extra_nonce": talk.hex(8), "target": job["target"],
                "job_id": name}

    def template(name):
        answered = talk.call("block_template", {
            "id": talk.rpc_id, "job_id": name, "blob": talk.hex(120), "height": 3_620_000,
            "difficulty": 350_000_000_000, "prev_hash": talk.hex(32), "seed_hash": talk.hex(32),
            "next_seed_hash": ""}, proof=LIKELY)
        talk.reply(answered, {"status": "OK"})

    def second():
        name = talk.push(bare("s2"))
        template(name)
        return name
    first = talk.welcome(number, bare("s1"))
    template(first)
    return mine(talk, first, second, talk.share)


def polling(rng):
    """An old miner that asks for jobs, with the worker behind its wallet."""
    talk = Login(rng, "cryptonote", rpc_id="538164230945172")
    number = talk.begin(XMR_WALLET + ".shelf2", "cpuminer-multi/1.3.7",
                        who={"wallet": XMR_WALLET, "worker": "shelf2"})
    first = talk.welcome(number, talk.job("p1", 5000))

    def second():
        asked = talk.call("getjob", {"id": talk.rpc_id})
        job = talk.job("p2", 5000)
        talk.reply(asked, job, job="p2", proof=CONFIRMED, names=True, who={"algo": "rx/0"})
        return "p2"
    return mine(talk, first, second, talk.share)


def dynex(rng):
    """Dynex: jobs name no algorithm, shares do; the wallet has a payment id behind it."""
    talk = Login(rng, "cryptonote", rpc_id="d" + rng.randbytes(4).hex(), algo="dynexsolve")
    number = talk.begin(f"{DNX_WALLET}+{talk.hex(32)}.rig1", "DynexSolve 2.2.5",
                        who={"wallet": DNX_WALLET, "worker": "rig1", "coin": "DNX"})

    def job(name):
        out = talk.job(name, 15000)
        return {key: out[key] for key in ("blob", "job_id", "target", "height")} \
            | {"id": talk.rpc_id}
    talk.more = {"algo": talk.algo, "mallob": talk.hex(4), "POUW_JOB": "17", "POUW_BLOB": "",
                 "POUW_HASH": talk.hex(32), "POUW_DIFF": "4096"}
    return mine(talk, talk.welcome(number, job("d1")), lambda: talk.push(job("d2")), talk.share)


SESSIONS = {"cryptonote": adopted, "cryptonote-nicehash": nicehash, "cryptonote-proxy": proxy,
            "cryptonote-donation": donation, "cryptonote-selfselect": selfselect,
            "cryptonote-polling": polling, "dynex": dynex}
