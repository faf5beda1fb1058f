"""Ethereum's four dialects and KawPow."""

from .stratum import BITCOIN_WORK, REFUSALS, Stratum, hashes, target_for
from .talk import CONFIRMED, LIKELY, PASSWORD, PUSH, Num, mine

ETH = "0x101112131415161718191a1b1c1d1e1f20212223"
RVN = "RAk9Lfuno4gMbbMFjYfaJbxnmxtdLfpeC4"
BTC = "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E"


class Progpow(Stratum):
    """Shares with nonce, header and mix; jobs differ."""

    def three(self, header):
        """nonce, header and mix of a share."""
        return ["0x" + self.hex(8), "0x" + header, "0x" + self.hex(32)]


def kawpow(rng, user=RVN + ".rig1"):
    """Ravencoin: the job names the target."""
    talk = Progpow(rng, "kawpow", user=user, port=6060)
    talk.begin("GMiner/2.09", [None, "64290b"],
               more=[None, "rvn.example.com", Num(6060, text=True)], pool="rvn.example.com:6060")
    return kawpow_jobs(talk)


def kawpow_jobs(talk):
    """Jobs and shares of KawPow."""
    headers, seed = {}, talk.hex(32)

    def notify(name, work):
        target = target_for(work)
        headers[name], talk.work = talk.hex(32), hashes(target)
        talk.push("mining.set_target", [f"{target:064x}"], proof=LIKELY)
        talk.push("mining.notify", [name, headers[name], seed, f"{target:064x}", True, 3325000,
                                    "1b00ab12"], job=name, proof=CONFIRMED, names=True)
        return name

    def share(job, outcome):
        talk.submit([talk.user, job, *talk.three(headers[job])], job, outcome, names=False,
                    maybe={"wallet": talk.user} if not talk.identity() else {})
    return mine(talk, notify("1f3a", 1 << 32), lambda: notify("1f3b", 3 << 30), share)


def kawpow_auto(rng):
    """XMRig's donation: a login first, then mining.* on the same flow."""
    talk = Progpow(rng, "kawpow", user="", port=3333)
    agent = "XMRig/6.21.0 (Linux x86_64) libuv/1.44.2 gcc/11.4.0"
    number, rpc, login = talk.next_id(), talk.hex(8), talk.hex(32)
    talk.client({"id": number, "jsonrpc": "2.0", "method": "login", "params": {
        "login": login, "pass": PASSWORD, "agent": agent,
        "algo": ["kawpow", "rx/0", "cn/r"]}}, proof=LIKELY, who={"agent": agent, "donation": True},
        maybe={"wallet": login})
    talk.reply_time()
    talk.server({"id": number, "jsonrpc": "2.0", "error": None, "result": {
        "id": rpc, "algo": "kawpow", "extra_nonce": "6429", "extra_nonce2_size": 6}})
    talk.user = rpc
    talk.identity = lambda: {}
    return kawpow_jobs(talk)


def ethproxy(rng):
    """eth-proxy: work is pushed as a result without method."""
    talk = Progpow(rng, "ethproxy", user=ETH + ".rig1", rpc=True, port=9999,
                   yes="any")
    seed, work, headers = talk.hex(32), {}, {}
    who = {"wallet": ETH, "worker": "rig1", "email": "ops@example.org"}
    number = talk.next_id()
    talk.client({"worker": "rig1", "jsonrpc": "2.0", "params": [
        ETH + "/rig1/ops@example.org", PASSWORD], "id": number, "method": "eth_submitLogin"},
        proof=LIKELY, who=who)
    talk.answer(number, True)

    def job(name, difficulty, number=PUSH):
        target = target_for(difficulty)
        headers[name], talk.work = talk.hex(32), hashes(target)
        work[name] = ["0x" + headers[name], "0x" + seed, f"0x{target:064x}"]
        talk.server({"id": 0 if number is PUSH else number, "jsonrpc": "2.0",
                     "result": work[name]}, job=name, proof=LIKELY)
        return name

    def share(name, outcome):
        number, share = talk.next_id(True), talk.new_share(name)
        talk.client({"id": number, "method": "eth_submitWork",
                     "params": talk.three(headers[name]), "worker": "rig1"},
                    share=share, proof=CONFIRMED, names=True, who={"worker": "rig1"})
        if outcome == "unanswered":
            return
        refusal = REFUSALS.get(outcome)
        reply = {"error": {"code": refusal[0], "message": refusal[1]}} if refusal \
            else {"result": True}
        talk.reply_time()
        talk.server({"id": number, "jsonrpc": "2.0"} | reply, verdicts=((share, outcome),))
    talk.wait(0.1)
    asked = talk.ask("eth_getWork", [])
    talk.reply_time()
    first = job("w1", 500_000_000, asked)
    talk.wait(1)
    rate = talk.next_id()
    talk.client({"id": rate, "jsonrpc": "2.0", "method": "eth_submitHashrate",
                 "params": [hex(60_880_000), "0x" + talk.hex(32)], "worker": "rig1"},
                claimed=60_880_000, proof=LIKELY, who={"worker": "rig1"})
    talk.answer(rate, True)
    return mine(talk, first, lambda: job("w2", 400_000_000), share)


def ethstratum1(rng):
    """EthereumStratum/1.0.0: jobs of four fields, shares of three."""
    talk = Stratum(rng, "ethstratum-1", user=BTC + ".rig1", port=3353)
    talk.answer(talk.ask("mining.subscribe", ["ethminer 0.19.0", "EthereumStratum/1.0.0"],
                         proof=LIKELY, names=True, who={"agent": "ethminer 0.19.0"}),
                [["mining.notify", talk.hex(16), "EthereumStratum/1.0.0"], "080c"],
                proof=LIKELY, names=True)
    talk.answer(talk.ask("mining.extranonce.subscribe", []), True)
    talk.authorize()
    talk.work = BITCOIN_WORK / 2
    talk.push("mining.set_difficulty", [Num(0.5)], sets=True, proof=LIKELY)

    def notify(name):
        talk.push("mining.notify", [name, talk.hex(32), talk.hex(32), True], job=name,
                  proof=CONFIRMED, names=True)
        return name

    def share(job, outcome):
        talk.submit([talk.user, job, talk.hex(6)], job, outcome, names=False, proof=LIKELY)
    return mine(talk, notify("bf0488aa"), lambda: notify("bf0488ab"), share)


def ethstratum2(rng):
    """EthereumStratum/2.0.0: hello, tokens, notifications without id, hex without zeros."""
    talk = Stratum(rng, "ethstratum-2", user=ETH + ".rig1", port=4444, yes="any")
    hello = talk.next_id()
    talk.client({"id": hello, "method": "mining.hello", "params": {
        "agent": "ethminer-0.19", "host": "etc.example.com", "port": "115c",
        "proto": "EthereumStratum/2.0.0"}}, proof=LIKELY, names=True,
        who={"agent": "ethminer-0.19", "pool": "etc.example.com:4444"})
    talk.reply_time()
    talk.server({"id": hello, "result": {
        "proto": "EthereumStratum/2.0.0", "encoding": "plain", "resume": "1", "timeout": "b4",
        "maxerrors": "5", "node": "Geth/v1.10"}}, proof=LIKELY, names=True)
    talk.answer(talk.ask("mining.subscribe", proof=LIKELY), "s-12345")
    talk.answer(talk.ask("mining.authorize", [talk.user, PASSWORD], proof=LIKELY,
                         who=talk.identity()), "w-123")

    def notify(name, work):
        target = target_for(work)
        talk.work = hashes(target)
        talk.server({"method": "mining.set", "params": {
            "epoch": "dc", "target": f"{target:x}", "algo": "ethash", "extranonce": "af4c"}},
            sets=True, proof=LIKELY, names=True, who={"algo": "ethash"})
        talk.server({"method": "mining.notify", "params": [name, "6526d5", talk.hex(32), "0"]},
                    job=name, proof=CONFIRMED, names=True)
        return name

    def share(job, outcome):
        number, share = talk.next_id(True), talk.new_share(job)
        talk.client({"id": number, "method": "mining.submit", "params": [
            job, talk.hex(6), "w-123"]}, share=share, proof=LIKELY)
        if outcome == "unanswered":
            return
        codes = {"rejected": (406, "Low difficulty share"), "stale": (404, "Stale share")}
        reply = {"id": number}
        if outcome in codes:
            code, text = codes[outcome]
            reply["error"] = {"code": code, "message": text}
        talk.reply_time()
        talk.server(reply, verdicts=((share, outcome),))
    first = notify("bf0488aa", 1 << 31)
    talk.wait(1)
    rate = talk.next_id()
    talk.client({"id": rate, "method": "mining.hashrate", "params": ["500000", "w-123"]},
                claimed=0x500000, proof=LIKELY)
    talk.reply_time()
    talk.server({"id": rate})
    mine(talk, first, lambda: notify("bf0488ab", 3 << 29), share)
    noop = talk.next_id()
    talk.client({"id": noop, "method": "mining.noop"})
    talk.reply_time()
    talk.server({"id": noop})
    return talk


def ethstratum_qt(rng):
    """QtMiner's form: jobs of five fields with the target, 0x everywhere."""
    talk = Progpow(rng, "ethstratum-qt", user=ETH + ".rig1", rpc=True)
    talk.answer(talk.ask("mining.subscribe", [], proof=LIKELY), True)
    talk.authorize()
    headers, seed = {}, talk.hex(32)

    def notify(name, work):
        target = target_for(work)
        headers[name], talk.work = talk.hex(32), hashes(target)
        talk.push("mining.notify", [name, "0x" + headers[name], "0x" + seed, f"0x{target:064x}",
                                    True], job=name, proof=CONFIRMED, names=True)
        return name

    def share(job, outcome):
        talk.submit([talk.user, job, *talk.three(headers[job])], job, outcome, names=False,
                    more={"worker": "rig1"})
    return mine(talk, notify("7c1", 1 << 31), lambda: notify("7c2", 3 << 29), share)


SESSIONS = {"kawpow": kawpow, "kawpow-auto": kawpow_auto, "ethproxy": ethproxy,
            "ethstratum-1": ethstratum1, "ethstratum-2": ethstratum2,
            "ethstratum-qt": ethstratum_qt}
