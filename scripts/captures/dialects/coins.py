"""Coins that speak Stratum V1's words with fields of their own."""

import struct

from capturekit import MS, SECOND

from .stratum import Stratum, hashes, target_for
from .talk import CONFIRMED, LIKELY, PASSWORD, PUSH, Id, Num, Talk, mine

KAS = "kaspa:qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0jqsxdsp6jf"
AIX = "astrix:qqqqzqsrqszsvpcgpy9qkrqdpc83qygjzv2p29shrqv35xcur50p7gtkmaxhv"
ALPH = "1C8CiQzPDgkhyWpVFbyDrxYrZCq5Kyjxh2trJ8XzQbTd"
ERG = "9fRAWhdxEsTcdb8PhGNrZfwqa65zfkuYHAMmkQLcic1gdLSV5vA"
CFX = "cfx:aakpe4uvt0fj7yb2w2hbem5h14b8kzwcgutxgc9sr1"
CKB = "ckb1qyqzqyrkz8t3wpu8zlhsz2zjv2p5hpgqyh4sj3kjpx"
ALEO = "aleo1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0sctexzp"
ALEO_POOL = "aleo1gpq5ys6yg4rywjzfff95cn2wfag9z5jn2324v46ct9d9khzate0szpqfku"
LBC = "bECDxPMzYaGG3RqRM2zYRjmTWaLDARSPhC"
HNS = "hs1qqqqsyqcyq5rqwzqfpg9scrgwpugpzysnnu4smt"
SC = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425"
XEL = "xel:qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0jqsxdsp6"


def kaspa(rng, user=KAS + ".ks3"):
    """Kaspa: four numbers and a time in a job; the difficulty may be a fraction."""
    talk = Stratum(rng, "kaspa", user=user, port=5555)
    talk.begin("BzMiner/17.0", [True, "EthereumStratum/1.0.0"])
    talk.push("set_extranonce", ["0029", 6])
    talk.work = 64 * (1 << 32)
    talk.push("mining.set_difficulty", [Num(64.0)], sets=True, proof=LIKELY)

    def notify(name):
        talk.push("mining.notify", [name, [rng.getrandbits(63) | 1 << 62 for _ in range(4)],
                                    talk.time // MS], job=name, proof=CONFIRMED, names=True)
        return name

    def share(job, outcome):
        talk.submit([talk.user, job, "0x" + talk.hex(8)], job, outcome)
    return mine(talk, notify("17"), lambda: notify("18"), share)


def kaspa_offshoot(rng):
    """A chain that took over Kaspa's protocol and has an address prefix of its own."""
    return kaspa(rng, AIX + ".ks3")


def kaspa_asic(rng):
    """Kaspa's other job form: header hash and time in one text of 80 digits."""
    talk = Stratum(rng, "kaspa", user=KAS + ".ks5", port=5555)
    talk.begin("IceRiverMiner-v1.1", [True, "EthereumStratum/1.0.0"])
    talk.set_difficulty(2048, 1 << 32)

    def notify(name):
        talk.push("mining.notify", [name, talk.hex(40)], job=name, proof=LIKELY)
        return name

    def share(job, outcome):
        talk.submit([talk.user, job, "0x" + talk.hex(8)], job, outcome)
    return mine(talk, notify("71"), lambda: notify("72"), share)


def alephium(rng):
    """Alephium: the pool speaks first; jobs and shares are objects."""
    talk = Stratum(rng, "alephium", user=ALPH + ".rig1", port=20032)
    talk.set_difficulty(2, 1 << 34)
    talk.wait(0.05)
    talk.answer(talk.ask("mining.subscribe", ["bzminer/v17"], proof=LIKELY,
                         who={"agent": "bzminer/v17"}), "515a0b1c")
    talk.push("mining.set_extranonce", ["515a"])
    talk.authorize()

    def notify(name):
        talk.push("mining.notify", [{
            "jobId": name, "fromGroup": 1, "toGroup": 2, "headerBlob": talk.hex(130),
            "txsBlob": "00", "height": 1_200_000, "targetBlob": "00000000ffff" + talk.hex(4)}],
            job=name, proof=CONFIRMED, names=True)
        return name

    def share(job, outcome):
        talk.submit({"jobId": job, "fromGroup": 1, "toGroup": 2, "nonce": "515a" + talk.hex(22),
                     "worker": talk.user}, job, outcome)
    return mine(talk, notify("3f1"), lambda: notify("3f2"), share)


def ergo(rng):
    """Ergo: nine fields with the target as a decimal text; difficulty says nothing."""
    talk = Stratum(rng, "ergo", user=ERG + ".rig1", port=3053)
    talk.begin("lolMiner 1.76", [None, "a1b2", 6])
    talk.push("mining.set_difficulty", [Num(1)], proof=LIKELY)

    def notify(name, work):
        target = target_for(work)
        talk.work = hashes(target)
        talk.push("mining.notify", [name, 1_200_000, talk.hex(32), "", "", 2, str(target), "",
                                    True], job=name, proof=CONFIRMED, names=True)
        return name

    def share(job, outcome):
        talk.submit([talk.user, job, talk.hex(6), "", talk.hex(8)], job, outcome, names=False,
                    proof=LIKELY)
    return mine(talk, notify("e1", 1 << 32), lambda: notify("e2", 3 << 31), share)


def conflux(rng):
    """Conflux: worker and secret in the subscription, texts as verdicts."""
    talk = Stratum(rng, "conflux", user=CFX + ".rig1", rpc=True, port=32525, yes="share")
    talk.answer(talk.ask("mining.subscribe", [talk.user, ""], proof=LIKELY, who=talk.identity()),
                "true")

    def notify(name, work):
        target = target_for(work)
        talk.work = hashes(target)
        talk.push("mining.notify", [name, "0x" + talk.hex(32), f"0x{target:064x}"], job=name,
                  proof=CONFIRMED, names=True)
        return name

    def share(job, outcome):
        share, number = talk.new_share(job), talk.next_id(True)
        talk.client({"id": number, "jsonrpc": "2.0", "method": "mining.submit", "params": [
            talk.user, job, "0x" + talk.hex(8), "0x" + talk.hex(32)]}, share=share,
            proof=CONFIRMED, names=True, who=talk.identity())
        texts = {"rejected": "Low difficulty share", "stale": "Stale share"}
        if outcome != "unanswered":
            text = texts.get(outcome)
            talk.reply_time()
            talk.server({"id": number, "jsonrpc": "2.0",
                         "result": ["false", text] if text else ["true"]},
                        verdicts=((share, outcome),))
    return mine(talk, notify("0x51", 1 << 32), lambda: notify("0x52", 3 << 31), share)


def nervos(rng):
    """Nervos CKB: targets, jobs of five fields, shares of three."""
    talk = Stratum(rng, "nervos", user=CKB + ".k5")
    talk.begin("ckbminer-v1.0.0", [None, "a1b2c3d4", 12])

    def notify(name, work):
        talk.set_target(work)
        talk.push("mining.notify", [name, talk.hex(32), 12_000_000, talk.hex(32), True],
                  job=name, proof=CONFIRMED, names=True)
        return name

    def share(job, outcome):
        talk.submit([talk.user, job, talk.hex(12)], job, outcome, names=False, proof=LIKELY)
    return mine(talk, notify("1b", 1 << 40), lambda: notify("1c", 1 << 39), share)


def xelis(rng):
    """Xelis: authorize with three texts; the job names the algorithm."""
    talk = Stratum(rng, "xelis", user=XEL)
    talk.answer(talk.ask("mining.subscribe", ["xelis-miner/1.11", ["xel/v2"]], proof=LIKELY,
                         who={"agent": "xelis-miner/1.11"}),
                [talk.hex(8), talk.hex(32), 32, talk.hex(32)])
    talk.authorize([XEL, "rig1", PASSWORD], {"wallet": XEL, "worker": "rig1"})
    talk.set_difficulty(40000, 1)

    def notify(name):
        talk.push("mining.notify", [name, f"{talk.time // MS:016x}", talk.hex(32), "xel/v2", True],
                  job=name, proof=CONFIRMED, names=True, who={"algo": "xel/v2"})
        return name

    def share(job, outcome):
        talk.submit(["rig1", job, talk.hex(8)], job, outcome, names=False, proof=LIKELY,
                    tells_who=False, maybe={"wallet": "rig1", "worker": "rig1"})
    mine(talk, notify("c1"), lambda: notify("c2"), share)
    talk.server({"id": PUSH, "method": "mining.ping", "params": []})
    talk.client({"id": PUSH, "method": "mining.pong", "params": []})
    return talk


def ironfish(rng):
    """Iron Fish: `body` instead of params; verdicts are messages of their own."""
    talk = Talk(rng, "ironfish", port=9034)
    wallet, requests = rng.randbytes(32).hex(), 0

    def send(method, body, number=None):
        return {"id": number or talk.next_id(), "method": method, "body": body}
    talk.client(send("mining.subscribe", {
        "version": 3, "agent": "bzminer/21", "publicAddress": wallet, "name": "rig1"}),
        proof=LIKELY, names=True, who={"wallet": wallet, "worker": "rig1", "agent": "bzminer/21"})
    talk.reply_time()
    talk.server(send("mining.subscribed", {"clientId": 17, "graffiti": "pool.17", "xn": "a1b2"}),
                proof=LIKELY, names=True)

    def notify(work):
        nonlocal requests
        requests += 1
        target = target_for(work)
        talk.work = hashes(target)
        talk.server(send("mining.set_target", {"target": f"{target:064x}"}), sets=True,
                    proof=LIKELY, names=True)
        talk.server(send("mining.notify", {"miningRequestId": requests, "header": talk.hex(180)}),
                    job=str(requests), proof=CONFIRMED, names=True)
        return str(requests)

    def share(job, outcome):
        share, number = talk.new_share(job), talk.next_id().number
        talk.client(send("mining.submit", {"miningRequestId": int(job),
                                           "randomness": "a1b2" + talk.hex(6)}, Id(number)),
                    share=share, proof=CONFIRMED, names=True)
        texts = {"rejected": "Low difficulty share", "stale": "Stale share"}
        if outcome != "unanswered":
            text = texts.get(outcome)
            body = {"id": number, "result": text is None}
            talk.reply_time()
            talk.server(send("mining.submitted", body | ({"message": text} if text else {})),
                        verdicts=((share, outcome),))
    return mine(talk, notify(1 << 32), lambda: notify(3 << 31), share)


def handshake(rng):
    """Handshake: roots in the job, a mask in the share."""
    talk = Stratum(rng, "handshake", user=HNS + ".hs1", port=3008)
    talk.answer(talk.ask("mining.subscribe", ["handy-miner-v0.0.0"], proof=LIKELY,
                         who={"agent": "handy-miner-v0.0.0"}),
                [[["mining.notify", "5f1a2b3c"], ["mining.set_difficulty", "5f1a2b3c"]],
                 "5f1a2b3c", 4], proof=LIKELY)
    talk.authorize()
    talk.set_difficulty(512, 1 << 24)

    def notify(name):
        talk.push("mining.notify", [name, *(talk.hex(32) for _ in range(5)), "00000000",
                                    "1b00ab12", f"{talk.time // SECOND:08x}", talk.hex(32)],
                  job=name, proof=CONFIRMED, names=True)
        return name

    def share(job, outcome):
        talk.submit([talk.user, job, talk.hex(4), f"{talk.time // SECOND:08x}",
                     "00000000" + talk.hex(4), "00" * 32], job, outcome)
    return mine(talk, notify("60a1b2c3d4e51"), lambda: notify("60a1b2c3d4e52"), share)


def handshake_plain(rng):
    """Handshake alone with a server: its administrator's password first, no mask; no hash rate."""
    talk = Stratum(rng, "handshake", user="exampleacct.rig1", port=3008)
    talk.answer(talk.ask("mining.authorize_admin", [PASSWORD], proof=LIKELY), True)
    talk.answer(talk.ask("mining.add_user", [talk.user, PASSWORD], proof=LIKELY), True)
    talk.authorize()
    talk.answer(talk.ask("mining.subscribe", [], proof=LIKELY),
                [[["mining.notify", "5f1a2b3c"], ["mining.set_difficulty", "5f1a2b3c"]],
                 "5f1a2b3c", 4], proof=LIKELY)
    talk.push("mining.set_difficulty", [8], sets=True, proof=LIKELY)

    def notify(name):
        talk.push("mining.notify", [name, *(talk.hex(32) for _ in range(5)), "00000000",
                                    "1b00ab12", f"{talk.time // SECOND:08x}"],
                  job=name, proof=CONFIRMED, names=True)
        return name

    def share(job, outcome):
        talk.submit([talk.user, job, talk.hex(4), f"{talk.time // SECOND:08x}", talk.hex(4)],
                    job, outcome, names=False)
    return mine(talk, notify("60a1b2c3d4e51"), lambda: notify("60a1b2c3d4e52"), share)


def lbry(rng):
    """LBRY: Bitcoin's job with the root of the claims in it."""
    talk = Stratum(rng, "lbry", user=LBC + ".rig1", port=3334)
    talk.begin("cgminer/4.9.0", [[["mining.set_difficulty", "1"], ["mining.notify", "2"]],
                                 "6a1b2c3d", 4])
    talk.set_difficulty(256, 1 << 24)

    def notify(name):
        talk.push("mining.notify", [name, talk.hex(32), talk.hex(32), "01000000" + talk.hex(50),
                                    talk.hex(60), [talk.hex(32)], "20000001", "1a00ab12",
                                    f"{talk.time // SECOND:08x}", True],
                  job=name, proof=CONFIRMED, names=True)
        return name

    def share(job, outcome):
        talk.submit([talk.user, job, talk.hex(4), f"{talk.time // SECOND:08x}", talk.hex(4)],
                    job, outcome, names=False)
    return mine(talk, notify("1f"), lambda: notify("20"), share)


def sia(rng):
    """Sia: times and nonces of eight bytes."""
    talk = Stratum(rng, "sia", user=SC + ".rig1", port=3333)
    talk.begin("gominer/2.2", [[["mining.set_difficulty", "1"], ["mining.notify", "2"]],
                               "6a1b2c3d", 4])
    talk.set_difficulty(64, 1 << 32)

    def clock():
        return struct.pack("<Q", talk.time // SECOND).hex()

    def notify(name):
        talk.push("mining.notify", [name, talk.hex(32), "01" + talk.hex(50), talk.hex(60),
                                    [talk.hex(32)], "", "1a00ab12", clock(), True],
                  job=name, proof=CONFIRMED, names=True)
        return name

    def share(job, outcome):
        talk.submit([talk.user, job, talk.hex(4), clock(), talk.hex(8)], job, outcome)
    return mine(talk, notify("1f"), lambda: notify("20"), share)


def aleo(rng):
    """Aleo: the pool's address in a job, solutions for hashes."""
    talk = Stratum(rng, "aleo", user=ALEO + ".rig1", rpc=True, port=4420, units={"Sol/s": 1})
    talk.answer(talk.ask("mining.subscribe", ["prover/0.2.0", "AleoStratum/2.0.0", None],
                         proof=LIKELY, names=True, who={"agent": "prover/0.2.0"}),
                [None, None, ALEO_POOL])
    talk.authorize()

    def notify(name, target):
        talk.work = target
        talk.push("mining.set_target", [target], sets=True, proof=LIKELY)
        talk.push("mining.notify", [name, name + talk.hex(32) + "ff1f0000", ALEO_POOL, True],
                  job=name, proof=CONFIRMED, names=True)
        return name

    def share(job, outcome):
        talk.submit([talk.user, job, talk.hex(8), talk.hex(48), talk.hex(49)], job, outcome)
    return mine(talk, notify("08020000", 256), lambda: notify("09020000", 512), share)


SESSIONS = {"kaspa": kaspa, "kaspa-offshoot": kaspa_offshoot, "kaspa-asic": kaspa_asic,
            "alephium": alephium, "ergo": ergo, "conflux": conflux, "nervos": nervos,
            "xelis": xelis, "ironfish": ironfish, "handshake": handshake,
            "handshake-plain": handshake_plain, "lbry": lbry, "sia": sia, "aleo": aleo}
