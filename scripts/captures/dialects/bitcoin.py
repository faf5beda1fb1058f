"""Bitcoin's own Stratum V1, for SHA-256d and scrypt; Decred's form; BTCAgent's binary messages."""

import struct

from capturekit import SECOND

from ..stratum_v1 import coinbase, subscription
from .stratum import BITCOIN_WORK, Stratum
from .talk import CONFIRMED, LIKELY, Num, mine

BTC = "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E"
LTC = "LLguXNLLGu7qnPgDSWfkV6hMDuoJnnMNHe"
DCR = "DsRg8nX9XrUSMSJ1HNAmAi3UXwV4nkNnmQw"
QUAI = "0x000102030405060708090a0b0c0d0e0f10111213"
SCRYPT_WORK = 1 << 16


class Bitcoin(Stratum):
    """A miner of Bitcoin's jobs."""

    zeros, bits, first, last, branches = 16, "1703a30c", None, None, 2

    def difficulty(self, value, unit):
        """set_difficulty, which peers write as integer or float."""
        self.work = value * unit
        self.push("mining.set_difficulty", [Num(value)], sets=True, proof=LIKELY)

    def notify(self, name, clean=True):
        """A job of nine fields."""
        first, last = coinbase(890_000, b"/Example Pool/", 312_500_000)
        previous = self.rng.randbytes(32 - self.zeros // 2).hex() + "0" * self.zeros
        merkle = [self.hex(32) for _ in range(self.branches)]
        self.push("mining.notify", [
            name, previous, self.first or first, self.last or last, merkle, "20000000", self.bits,
            f"{self.time // SECOND:08x}", clean], job=name, proof=CONFIRMED, names=True)
        return name

    def share(self, version=False):
        """What submits one share."""
        def one(job, outcome):
            params = [self.user, job, self.hex(4), f"{self.time // SECOND:08x}", self.hex(4)]
            if version:
                params.append(f"{self.rng.getrandbits(16) << 13 & 0x1FFFE000:08x}")
            self.submit(params, job, outcome)
        return one


def bitcoin(rng):
    """An ASIC: configure, version rolling, a difficulty change, reconnect."""
    talk = Bitcoin(rng, "stratum-v1", user=BTC + ".rig07")
    talk.answer(talk.ask("mining.configure", [["version-rolling"], {
        "version-rolling.mask": "1fffe000", "version-rolling.min-bit-count": 2}]),
        {"version-rolling": True, "version-rolling.mask": "1fffe000"})
    talk.begin("bmminer/2.0.0", subscription(rng))
    talk.difficulty(65536, BITCOIN_WORK)
    first = talk.notify("2861")

    def second():
        talk.difficulty(131072, BITCOIN_WORK)
        return talk.notify("2862")
    mine(talk, first, second, talk.share(version=True))
    talk.push("client.reconnect", ["pool2.example.com", Num(3334, text=True), 5],
              who={"next_pool": "pool2.example.com:3334"}, proof=LIKELY)
    return talk


def scrypt(rng):
    """A Litecoin miner without version rolling."""
    talk = Bitcoin(rng, "stratum-v1", user=LTC + ".l7-03")
    talk.zeros, talk.bits = 0, "1931be5a"
    talk.begin("cgminer/4.11.1", subscription(rng))
    talk.difficulty(524288, SCRYPT_WORK)
    return mine(talk, talk.notify("a1"), lambda: talk.notify("a2"), talk.share())


def quai(rng):
    """Quai: another chain's jobs; an address of Ethereum's form tells no algorithm, the job does."""
    talk = Bitcoin(rng, "stratum-v1", user=QUAI + ".rig1")
    talk.begin("cgminer/4.12.1", subscription(rng))
    talk.difficulty(230000, BITCOIN_WORK)
    return mine(talk, talk.notify("00000001"), lambda: talk.notify("00000002"), talk.share())


def decred(rng):
    """Decred: the first half of the coinbase is the rest of a header, no merkle branches."""
    talk = Bitcoin(rng, "decred", user=DCR + ".rig1")
    talk.first, talk.last, talk.branches = talk.hex(108), "0a000000", 0
    talk.begin("gominer/2.0.0", subscription(rng))
    talk.difficulty(64, 1 << 32)
    return mine(talk, talk.notify("b1"), lambda: talk.notify("b2"), talk.share())


def agent_frame(command, body):
    """A BTCAgent message."""
    return b"\x7f" + struct.pack("<BH", command, len(body) + 4) + body


def btcagent(rng):
    """Many miners on one connection; shares are binary and get no answers."""
    talk = Bitcoin(rng, "btcagent", user="exampleacct.agent1", counts="submitted", is_mixed=True)
    talk.begin("btccom-agent/1.0.0", subscription(rng))
    talk.difficulty(1024, BITCOIN_WORK)
    talk.work = (1 << 14) * BITCOIN_WORK
    for session, worker in ((1, b"s19-a"), (2, b"s19-b")):
        body = struct.pack("<H", session) + b"bmminer/2.0.0\0" + worker + b"\0"
        talk.client(agent_frame(1, body), proof=LIKELY, names=True,
                    who={"worker": worker.decode()},
                    maybe={"agent": "bmminer/2.0.0"})
    talk.server(agent_frame(5, struct.pack("<BHHH", 14, 2, 1, 2)), sets=True, proof=CONFIRMED,
                names=True)
    talk.notify("1")
    for number in range(8):
        talk.wait(rng.uniform(2, 6))
        body = struct.pack("<BHII", 1, 1 + number % 2, rng.getrandbits(32), rng.getrandbits(32))
        extra = (0x02, b""), (0x03, struct.pack("<I", talk.time // SECOND)), \
                (0x12, struct.pack("<I", 0x20000000)), \
                (0x13, struct.pack("<II", talk.time // SECOND, 0x20000000))
        command, tail = extra[number % 4]
        talk.client(agent_frame(command, body + tail), share=talk.new_share("1"), proof=CONFIRMED,
                    names=True)
    talk.wait(2)
    talk.client(agent_frame(4, struct.pack("<H", 2)))
    return talk


SESSIONS = {"stratum-v1": bitcoin, "stratum-v1-scrypt": scrypt, "quai": quai, "decred": decred,
            "btcagent": btcagent}
