"""Mining over HTTP: getwork, getblocktemplate, monerod, Ethereum's getwork, plots of Burst."""

import base64
import struct

from capturekit import SECOND

from ..build import XMR_WALLET
from ..cryptonote_miner import varint
from .stratum import hashes, target_for
from .talk import CONFIRMED, LIKELY, PASSWORD, SUSPECT, Http, Talk, mine

BTC = "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E"
ETH = "0x101112131415161718191a1b1c1d1e1f20212223"
OK = "HTTP/1.1 200 OK"
NOISE = {"rejected": "high-hash", "stale": "stale-work"}


def basic(user):
    """The Authorization header of a user with the password that must not be kept."""
    text = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
    return ("Authorization", f"Basic {text}")


class Web(Talk):
    """A session of requests and responses on one connection."""

    host, headers, target = "pool.example.com:8332", (), "/"

    def post(self, body, *, target=None, headers=(), method="POST", **facts):
        """A request."""
        self.client(Http(f"{method} {target or self.target} HTTP/1.1",
                         (("Host", self.host), *self.headers, *headers), body), **facts)

    def response(self, body, *, headers=(), after=None, **facts):
        """Its response."""
        self.reply_time()
        if after:
            self.wait(after)
        self.server(Http(OK, (("Server", "pool"), *headers), body), **facts)


def web(rng, dialect, **how):
    """A session over HTTP."""
    return Web(rng, dialect, home="http", **how)


def getwork(rng):
    """getwork with a long poll, a claimed rate and reasons in a header."""
    talk = web(rng, "getwork", port=8332)
    who = {"wallet": BTC, "worker": "old1", "agent": "cgminer 3.7.2"}
    talk.headers = (basic(BTC + ".old1"),
                    ("X-Mining-Extensions", "longpoll midstate rollntime submitold"),
                    ("X-Mining-Hashrate", "2000000000"), ("User-Agent", "cgminer 3.7.2"))
    data = {}

    def work(name):
        target = target_for(1 << 34)
        talk.work = hashes(target)
        data[name] = ("00000002" + talk.hex(64), "000000800000" + "00" * 40 + "0280")
        body = data[name][0] + f"{talk.time // SECOND:08x}1703a30c00000000" + data[name][1]
        return {"midstate": talk.hex(32), "data": body.ljust(256, "0")[:256],
                "hash1": "00" * 64, "target": target.to_bytes(32, "little").hex()}

    def ask(name, target=None, method="POST", after=None):
        number = talk.next_id()
        body = {"method": "getwork", "params": [], "id": number} if method == "POST" else None
        talk.post(body, target=target, method=method, proof=LIKELY, who=who, claimed=2e9)
        talk.response({"result": work(name), "error": None, "id": number}, after=after,
                      headers=(("X-Long-Polling", "/LP"), ("X-Roll-NTime", "expire=10"),
                               ("X-Stratum", "stratum+tcp://stratum.example.com:3333")),
                      maybe={"next_pool": "stratum.example.com:3333"}, job=name,
                      proof=CONFIRMED, names=True)
        return name

    def share(name, outcome):
        number, share = talk.next_id(True), talk.new_share(name)
        text = data[name][0] + f"{talk.time // SECOND:08x}1703a30c{talk.hex(4)}" + data[name][1]
        talk.post({"method": "getwork", "params": [text.ljust(256, "0")[:256]], "id": number},
                  proof=CONFIRMED, names=True, share=share, who=who, claimed=2e9)
        headers = (("X-Reject-Reason", NOISE[outcome]),) if outcome in NOISE else ()
        if outcome == "unanswered":
            return
        talk.response({"result": outcome == "accepted", "error": None, "id": number},
                      headers=headers, verdicts=((share, outcome),))
    return mine(talk, ask("g1"), lambda: ask("g2", "/LP", "GET", 4), share)


def getwork_handshake(rng):
    """Handshake's getwork, as hsd 8.0.0 was recorded: submitwork, and pairs as replies."""
    talk = web(rng, "getwork", port=12037)
    talk.headers = (("User-Agent", "hs-miner/0.1"),)
    who = {"agent": "hs-miner/0.1"}
    about = {"coin": "HNS", "algo": "handshake"}
    header = {}

    def work(name):
        previous, tree = rng.randbytes(32), rng.randbytes(32)
        target = target_for(1 << 34)
        talk.work = hashes(target)
        padding = bytes(a ^ b for a, b in zip(previous, tree))[:20].hex()
        clock = struct.pack("<Q", talk.time // SECOND).hex()
        header[name] = (clock + padding + previous.hex() + tree.hex() + talk.hex(32),
                        "00" * 32 + talk.hex(64) + "00000000" + "3fc0ff1b")
        return {"network": "main",
                "data": "00000000" + header[name][0] + "00" * 24 + header[name][1],
                "target": f"{target:064x}", "height": 250000,
                "time": talk.time // SECOND, "fee": 0}

    def ask(name, after=None):
        number = talk.next_id()
        talk.post({"method": "getwork", "params": [], "id": number}, proof=SUSPECT, who=who)
        talk.response({"result": work(name), "error": None, "id": number}, after=after,
                      headers=(("X-Long-Polling", "/?longpoll=1"),), maybe=about, job=name,
                      proof=CONFIRMED, names=True)
        return name

    def share(name, outcome):
        number, share = talk.next_id(True), talk.new_share(name)
        text = talk.hex(4) + header[name][0] + talk.hex(24) + header[name][1]
        talk.post({"method": "submitwork", "params": [text], "id": number},
                  proof=CONFIRMED, names=True, share=share, who=who, maybe=about)
        if outcome != "unanswered":
            words = {"accepted": "valid", "stale": "stale"}
            talk.response({"result": [outcome == "accepted", words.get(outcome, "bad-diffbits")],
                           "error": None, "id": number}, verdicts=((share, outcome),))
    return mine(talk, ask("h1"), lambda: ask("h2", 4), share)


def getblocktemplate(rng):
    """A pool that lets its miners build blocks: templates with a target of its own, long poll."""
    talk = web(rng, "getblocktemplate", port=9332)
    talk.headers = (basic(BTC + ".solo1"), ("User-Agent", "bfgminer/5.5.0"))
    who = {"wallet": BTC, "worker": "solo1", "agent": "bfgminer/5.5.0"}
    previous = {}

    def ask(name, after=None):
        number = talk.next_id()
        options = {"capabilities": ["coinbasetxn", "workid", "coinbase/append", "longpoll"],
                   "rules": ["segwit"]} | ({"longpollid": "p" + name} if after else {})
        talk.post({"id": number, "method": "getblocktemplate", "params": [options]},
                  proof=LIKELY, who=who, names=True)
        target, previous[name] = target_for(1 << 36), talk.hex(32)
        talk.work = hashes(target)
        talk.response({"id": number, "error": None, "result": {
            "previousblockhash": previous[name], "version": 0x20000000,
            "transactions": [{"data": talk.hex(120), "hash": talk.hex(32), "fee": 1000}],
            "coinbasevalue": 312_500_000, "target": f"{target:064x}", "bits": "1703a30c",
            "height": 890_000, "curtime": talk.time // SECOND,
            "mintime": talk.time // SECOND - 600, "mutable": ["time", "transactions"],
            "noncerange": "00000000ffffffff", "longpollid": "p" + name, "workid": "w" + name,
            "expires": 120}}, after=after, job=name, proof=CONFIRMED, names=True)
        return name

    def share(name, outcome):
        number, share = talk.next_id(True), talk.new_share(name)
        header = struct.pack("<I", 0x20000000) + bytes.fromhex(previous[name])[::-1]
        header += rng.randbytes(32) + struct.pack("<II", talk.time // SECOND, 0x1703A30C)
        block = (header + rng.randbytes(4) + b"\x02" + rng.randbytes(200)).hex()
        talk.post({"id": number, "method": "submitblock",
                   "params": [block, {"workid": "w" + name}]}, proof=CONFIRMED, names=True,
                  share=share, who=who)
        if outcome != "unanswered":
            talk.response({"id": number, "error": None,
                           "result": {"accepted": None, "rejected": "high-hash",
                                      "stale": "stale-prevblk"}[outcome]},
                          verdicts=((share, outcome),))
    return mine(talk, ask("t1"), lambda: ask("t2", 4), share)


def monerod(rng):
    """XMRig alone with a daemon: it asks for templates and submits blocks."""
    talk = web(rng, "monerod", port=18081)
    agent = "XMRig/6.21.0 (Linux x86_64) libuv/1.44.2 gcc/11.4.0"
    talk.host, talk.target = "node.example.com:18081", "/json_rpc"
    talk.headers = (("User-Agent", agent),)
    who = {"wallet": XMR_WALLET, "agent": agent}
    reward = "02a0f4dc0101ffe4f3dc010180e0bcefa75703" + talk.hex(32) + "2b01" + talk.hex(42)

    def ask(name):
        talk.post(None, target="/getheight", method="GET")
        talk.response({"hash": talk.hex(32), "height": 3_620_000, "status": "OK"})
        number = talk.next_id()
        talk.post({"id": number, "jsonrpc": "2.0", "method": "getblocktemplate", "params": {
            "wallet_address": XMR_WALLET, "extra_nonce": talk.hex(8)}}, proof=LIKELY, names=True,
            who=who)
        talk.work, previous = None, talk.hex(32)
        head = (b"\x10\x10" + varint(talk.time // SECOND)).hex() + previous + "00000000"
        talk.response({"id": number, "jsonrpc": "2.0", "result": {
            "blockhashing_blob": head + talk.hex(32) + "17",
            "blocktemplate_blob": head + reward + "00",
            "difficulty": 412345, "difficulty_top64": 0, "wide_difficulty": "0x64ab9",
            "expected_reward": 600_000_000_000, "height": 3_620_000, "prev_hash": previous,
            "reserved_offset": 130, "seed_hash": talk.hex(32), "seed_height": 3_618_816,
            "next_seed_hash": "", "status": "OK", "untrusted": False}}, job=name,
            proof=CONFIRMED, names=True)
        return name

    def share(name, outcome):
        number, share = talk.next_id(True), talk.new_share(name)
        talk.post({"id": number, "jsonrpc": "2.0", "method": "submitblock",
                   "params": [(b"\x10\x10" + varint(talk.time // SECOND)).hex() + talk.hex(36)
                              + reward + "00"]}, headers=(("X-Hash-Difficulty", "412345"),),
                  proof=CONFIRMED, names=True, share=share, who={"agent": agent})
        if outcome == "unanswered":
            return
        error = {"code": -7, "message": "Block not accepted"}
        reply = {"result": {"status": "OK"}} if outcome == "accepted" else {"error": error}
        talk.response({"id": number, "jsonrpc": "2.0"} | reply, verdicts=((share, outcome),))
    first = ask("m1")
    for outcome in ("rejected", "accepted"):
        talk.wait(9)
        share(first, outcome)
    ask("m2")
    return talk


def ethgetwork(rng):
    """Ethereum's getwork over HTTP; the path tells rate, wallet and rig."""
    talk = web(rng, "ethgetwork", port=8008, yes="any")
    talk.host, talk.target = "eth.example.com:8008", f"/?miner=30@{ETH}@rig1"
    who, seed, headers = {"wallet": ETH, "worker": "rig1"}, talk.hex(32), {}
    claim = 30_000_000

    def call(method, params, is_share=False, **facts):
        number = talk.next_id(is_share)
        talk.post({"id": number, "jsonrpc": "2.0", "method": method, "params": params}, who=who,
                  claimed=claim, **facts)
        return number

    def ask(name):
        number = call("eth_getWork", [], proof=LIKELY)
        target = target_for(200_000_000)
        talk.work, headers[name] = hashes(target), talk.hex(32)
        talk.response({"id": number, "jsonrpc": "2.0", "result": [
            "0x" + headers[name], "0x" + seed, f"0x{target:064x}"]}, job=name, proof=LIKELY)
        rate = call("eth_submitHashrate", [hex(claim), "0x" + "5a" * 32], proof=LIKELY)
        talk.response({"id": rate, "jsonrpc": "2.0", "result": True})
        return name

    def share(name, outcome):
        share = talk.new_share(name)
        number = call("eth_submitWork", ["0x" + talk.hex(8), "0x" + headers[name],
                                         "0x" + talk.hex(32)], True, share=share,
                      proof=CONFIRMED, names=True)
        if outcome != "unanswered":
            reason = {"rejected": "Low difficulty share", "stale": "Stale share"}.get(outcome)
            reply = {"error": {"code": 23, "message": reason}} if reason else {"result": True}
            talk.response({"id": number, "jsonrpc": "2.0"} | reply, verdicts=((share, outcome),))
    return mine(talk, ask("w1"), lambda: ask("w2"), share)


def burst(rng):
    """Proof of capacity: mining info, nonces, capacity in headers; no hash rate."""
    talk = web(rng, "burst", port=8124)
    talk.host = "burst.example.com:8124"
    talk.headers = (("User-Agent", "Scavenger/1.8.0"), ("X-Miner", "Scavenger/1.8.0"),
                    ("X-Minername", "plotter7"), ("X-Capacity", "48000"))
    account = "10111213141516171819"
    who = {"agent": "Scavenger/1.8.0", "worker": "plotter7"}

    def info(name):
        talk.post(None, target="/burst?requestType=getMiningInfo", method="GET", proof=LIKELY,
                  who=who)
        talk.work = None
        talk.response({"generationSignature": talk.hex(32), "baseTarget": "70312",
                       "height": "1200000", "targetDeadline": 86400}, job=name, proof=CONFIRMED,
                      names=True)
        return name

    def share(name, outcome):
        share = talk.new_share(name)
        talk.post(None, target=f"/burst?requestType=submitNonce&accountId={account}"
                  f"&nonce={rng.getrandbits(60)}&secretPhrase=&blockheight=1200000"
                  "&deadline=3600", headers=(("X-Deadline", "3600"),), proof=CONFIRMED,
                  names=True, share=share, who=who | {"wallet": account})
        if outcome != "unanswered":
            reply = {"result": "success", "deadline": 3600} if outcome == "accepted" else \
                {"errorCode": "1004", "errorDescription": "wrong blockheight" if
                 outcome == "stale" else "deadline too high"}
            talk.response(reply, verdicts=((share, outcome),))
    return mine(talk, info("i1"), lambda: info("i2"), share)


SESSIONS = {"getwork": getwork, "getwork-handshake": getwork_handshake,
            "getblocktemplate": getblocktemplate, "monerod": monerod, "ethgetwork": ethgetwork,
            "burst": burst}
