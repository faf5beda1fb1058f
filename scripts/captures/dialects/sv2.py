"""Stratum V2: its frames in the clear, and the sizes of its encrypted form."""

import struct

from .stratum import hashes, target_for
from .talk import CONFIRMED, LIKELY, NOTHING, SUSPECT, Talk

BTC = "12TxGA2WCEsnXaz4GNgTD5db1hS2g3xN6E"
CHANNEL = 0x8000
SETUP, SETUP_OK, OPEN, OPEN_OK = 0x00, 0x01, 0x10, 0x11
OPEN_EXTENDED, OPEN_EXTENDED_OK = 0x13, 0x14
NEW_JOB, SUBMIT, SUBMIT_EXTENDED, SUBMIT_OK, SUBMIT_ERROR = 0x15, 0x1A, 0x1B, 0x1C, 0x1D
PREVIOUS, SET_TARGET = 0x20, 0x21


def frame(kind, payload, extension=0):
    """A frame."""
    return struct.pack("<HB", extension, kind) + struct.pack("<I", len(payload))[:3] + payload


def text(data):
    """A text of up to 255 bytes."""
    return bytes([len(data)]) + data


def setup():
    """SetupConnection."""
    return frame(SETUP, struct.pack("<BHHI", 0, 2, 2, 1) + text(b"pool.example.com")
                 + struct.pack("<H", 34254) + text(b"ExampleVendor") + text(b"HW1")
                 + text(b"fw1.0") + text(b"dev-17"))


class Channel(Talk):
    """A mining channel."""

    sequence, job, extended = 0, 0, False

    def new_job(self):
        """NewMiningJob and SetNewPrevHash."""
        self.job += 1
        body = struct.pack("<IIBII", 1, self.job, 1, 0x66B1F0AA, 0x20000000)
        body += self.rng.randbytes(32)
        self.server(frame(NEW_JOB, body, CHANNEL), job=str(self.job), proof=LIKELY, names=True)
        body = struct.pack("<II", 1, self.job) + self.rng.randbytes(32)
        self.server(frame(PREVIOUS, body + struct.pack("<II", 0x66B1F0AA, 0x1703A30C), CHANNEL),
                    proof=LIKELY, names=True)

    def share(self):
        """A share; returns its number."""
        self.wait(self.rng.uniform(2, 5))
        self.sequence += 1
        body = struct.pack("<6I", 1, self.sequence, self.job, self.rng.getrandbits(32),
                           0x66B1F0AA, 0x20000000)
        share = self.new_share(str(self.job))
        kind = SUBMIT
        if self.extended:
            kind, body = SUBMIT_EXTENDED, body + text(self.rng.randbytes(8))
        self.client(frame(kind, body, CHANNEL), share=share, proof=CONFIRMED, names=True)
        return share

    def accept(self, shares):
        """Several shares settled at once."""
        self.reply_time()
        body = struct.pack("<IIIQ", 1, self.sequence, len(shares), 8192 * len(shares))
        self.server(frame(SUBMIT_OK, body, CHANNEL), proof=CONFIRMED, names=True,
                    verdicts=tuple((share, "accepted") for share in shares))

    def refuse(self, share, code, outcome):
        """One share refused."""
        self.reply_time()
        body = struct.pack("<II", 1, self.sequence) + text(code)
        self.server(frame(SUBMIT_ERROR, body, CHANNEL), proof=LIKELY, names=True,
                    verdicts=((share, outcome),))

    def run(self):
        """Shares in batches, a refusal of each kind, a new target."""
        self.new_job()
        self.accept([self.share() for _ in range(3)])
        self.refuse(self.share(), b"difficulty-too-low", "rejected")
        self.accept([self.share()])
        target = target_for(1 << 43)
        self.work = hashes(target)
        self.wait(2)
        self.server(frame(SET_TARGET, struct.pack("<I", 1) + target.to_bytes(32, "little"),
                          CHANNEL), sets=True, proof=LIKELY, names=True)
        self.new_job()
        self.refuse(self.share(), b"stale-share", "stale")
        self.accept([self.share() for _ in range(4)])
        self.share()
        return self


def plain(rng, extended=False):
    """In the clear, with a standard channel or an extended one."""
    talk = Channel(rng, "stratum-v2", port=34254, is_binary=True)
    talk.extended = extended
    talk.client(setup(), proof=CONFIRMED, names=True,
                who={"agent_has": "ExampleVendor", "pool": "pool.example.com:34254"},
                maybe={"worker": "dev-17"})  # the device, where no worker is known
    talk.reply_time()
    talk.server(frame(SETUP_OK, struct.pack("<HI", 2, 0)))  # twelve bytes, nearly all zero
    rate, user = 1.0e14, (BTC + ".rig1").encode()
    body = struct.pack("<I", 1) + text(user) + struct.pack("<f", rate) + b"\xff" * 32
    claimed = struct.unpack("<f", struct.pack("<f", rate))[0]
    body += struct.pack("<H", 8) if extended else b""
    talk.client(frame(OPEN_EXTENDED if extended else OPEN, body), proof=CONFIRMED, names=True,
                claimed=claimed, who={"wallet": BTC, "worker": "rig1"})
    target = target_for(1 << 42)
    talk.work = hashes(target)
    talk.reply_time()
    body = struct.pack("<II", 1, 1) + target.to_bytes(32, "little")
    if extended:
        body += struct.pack("<H", 8) + text(b"\xa1\xb2\xc3\xd4") + struct.pack("<I", 0)
    else:
        body += text(b"\xa1\xb2\xc3\xd4") + struct.pack("<I", 0)
    talk.server(frame(OPEN_EXTENDED_OK if extended else OPEN_OK, body), sets=True,
                proof=CONFIRMED, names=True)
    return talk.run()


def noise(rng):
    """The Noise handshake by its sizes, then encrypted frames."""
    talk = Talk(rng, "stratum-v2-noise", port=34254, level=LIKELY, is_binary=True,
                from_start=5, is_summed=True, yes=None)

    def random(size):
        data = rng.randbytes(size)
        return bytes([data[0] | 0x80]) + data[1:]
    talk.client(random(64))
    talk.reply_time()
    talk.server(random(234))
    talk.client(random(105), proof=NOTHING)
    talk.reply_time()
    talk.server(random(44), proof=SUSPECT, names=True)
    talk.client(random(79 + 14))
    talk.reply_time()
    talk.server(random(83 + 4))
    talk.work = None  # how much a share is worth is encrypted, that there is one is not
    talk.server(random(87) + random(86), job="sizes")
    for _ in range(8):
        talk.wait(rng.uniform(2, 6))
        share = talk.new_share("sizes")
        talk.client(random(62), share=share, proof=SUSPECT)
        talk.reply_time()
        talk.server(random(58), verdicts=((share, "accepted"),))
    return talk


SESSIONS = {"stratum-v2": plain, "stratum-v2-extended": lambda rng: plain(rng, True),
            "stratum-v2-noise": noise}
