"""Miners in browsers, over WebSocket: Coinhive's family, webminerpool, Nimiq."""

import base64
import struct

from capturekit import SECOND

from ..build import XMR_WALLET
from ..cryptonote_miner import varint
from .talk import CONFIRMED, LIKELY, PASSWORD, Talk, mine

NIM = "NQ07 0000 0000 0000 0000 0000 0000 0000 0000"
SITE_KEY = "7NYWVFNVO2xf9N4B3dlVa81yolVon4Qk"


def browser(rng, dialect, **how):
    """A session over WebSocket."""
    return Talk(rng, dialect, home="ws", **how)


def blob(talk):
    """A CryptoNote hashing blob of 76 bytes."""
    return (b"\x10\x10" + varint(talk.time // SECOND) + talk.rng.randbytes(32) + bytes(4)
            + talk.rng.randbytes(33)).hex()


def coinhive(rng):
    """Coinhive: the pool counts hashes for all shares together."""
    talk, hashes = browser(rng, "coinhive", port=80), 0
    talk.client({"type": "auth", "params": {
        "version": 7, "site_key": SITE_KEY, "type": "user", "user": "visitor9", "goal": 0}},
        proof=LIKELY, names=True, who={"wallet": SITE_KEY, "worker": "visitor9"})
    talk.reply_time()
    talk.server({"type": "authed", "params": {"token": "", "hashes": 0}}, proof=LIKELY)

    def job(name):
        talk.work = 256
        talk.server({"type": "job", "params": {
            "blob": blob(talk), "job_id": name, "target": "ffffff00", "id": "843393400195054",
            "algo": "cn/r", "variant": "r", "height": 1_797_516}}, job=name, proof=CONFIRMED,
            names=True, who={"algo": "cn/r"})
        return name

    def share(name, outcome):
        nonlocal hashes
        share = talk.new_share(name)
        talk.client({"type": "submit", "params": {
            "version": 7, "job_id": name, "nonce": talk.hex(4),
            "result": talk.hex(29) + "000000"}}, share=share, proof=CONFIRMED, names=True)
        if outcome == "unanswered":
            return
        hashes += 256
        talk.reply_time()
        talk.server({"type": "hash_accepted", "params": {"hashes": hashes}}, proof=LIKELY,
                    verdicts=tuple((each, "accepted") for each in range(share + 1)))

    def submit(name, outcome):
        share(name, "unanswered" if outcome == "unanswered" else "accepted")
    return mine(talk, job("448165886709466"), lambda: job("448165886709467"), submit)


def webminerpool(rng):
    """webminerpool: the handshake names pool and wallet."""
    talk = browser(rng, "webminerpool", port=8181)
    talk.path = "/"
    pool = "xmr.example.net:20128"
    talk.client({"identifier": "handshake", "pool": pool, "login": XMR_WALLET,
                 "password": PASSWORD, "userid": "visitor9", "version": 8}, proof=LIKELY,
                names=True, who={"wallet": XMR_WALLET, "worker": "visitor9", "pool": pool})

    def job(name):
        talk.work = 0xFFFFFFFF // 0x0007FFFF
        talk.server({"identifier": "job", "job_id": name, "algo": "cn", "variant": 4,
                     "height": 1_797_516, "blob": blob(talk), "target": "ffff0700"}, job=name,
                    proof=CONFIRMED, names=True)
        return name

    def share(name, outcome):
        share = talk.new_share(name)
        talk.client({"identifier": "solved", "job_id": name, "nonce": talk.hex(4),
                     "result": talk.hex(28) + "01000000"}, share=share, proof=CONFIRMED,
                    names=True)
        if outcome == "accepted":
            talk.reply_time()
            talk.server({"identifier": "hashsolved"}, verdicts=((share, "accepted"),))

    def submit(name, outcome):
        share(name, "unanswered" if outcome == "unanswered" else "accepted")
    talk.reply_time()
    return mine(talk, job("57"), lambda: job("58"), submit)


def compact(target):
    """A target as a length and its first three bytes."""
    size = (target.bit_length() + 8) // 8
    return size << 24 | target >> 8 * (size - 3)


def nimiq(rng):
    """Nimiq: shares get no answers; the target is a number."""
    talk = browser(rng, "nimiq", port=8444, counts="submitted")
    target = int(1e70) >> 208 << 208
    talk.path, talk.work = "/", (1 << 256) / target

    def text(data):
        return base64.b64encode(data).decode()

    def header():
        return text(b"\0\x01" + rng.randbytes(128) + struct.pack(
            ">IIII", compact(target), 2_000_000, talk.time // SECOND, rng.getrandbits(32)))
    genesis = "Jkqvik+YKKdsVQY12geOtGYwahifzANxC+6fZJyGnRI="
    who = {"wallet": NIM.replace(" ", ""), "worker": "1234567"}
    talk.client({"message": "register", "mode": "nano", "address": NIM, "deviceId": 1234567,
                 "genesisHash": genesis}, proof=LIKELY, names=True, who=who)
    talk.reply_time()
    talk.server({"message": "registered"})
    talk.server({"message": "settings", "address": NIM, "extraData": "cG9vbA==",
                 "target": float(target), "targetCompact": compact(target), "nonce": 77}, sets=True, job="settings",
                proof=CONFIRMED, names=True)
    for _ in range(6):
        talk.wait(rng.uniform(2, 6))
        talk.client({"message": "share", "blockHeader": header(),
                     "minerAddrProof": text(rng.randbytes(60)),
                     "extraDataProof": text(rng.randbytes(60))},
                    share=talk.new_share("settings"), proof=CONFIRMED, names=True)
    talk.server({"message": "balance", "balance": 1000, "confirmedBalance": 900})
    return talk


SESSIONS = {"coinhive": coinhive, "webminerpool": webminerpool, "nimiq": nimiq}
