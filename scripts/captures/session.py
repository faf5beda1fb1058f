"""A mining session as a list of messages, and the truth about it."""

import json
from dataclasses import dataclass, field

from capturekit import MS, SECOND, TO_CLIENT, TO_SERVER, US
from capturekit.tcp import TcpConversation

RETRANSMISSION_TIMEOUT = 220 * MS


@dataclass(frozen=True)
class Message:
    """Bytes that one side says at a time; `how` is passed to TcpConversation.send()."""

    time: int
    direction: int
    data: bytes
    how: dict = field(default_factory=dict)
    is_retransmission: bool = False


def line(value, *, spaced=False, end="\n"):
    """A JSON message as it goes over the wire, compact or with spaces."""
    separators = (", ", ": ") if spaced else (",", ":")
    return (json.dumps(value, separators=separators) + end).encode()


@dataclass
class Session:
    """One connection of a miner: what is said, and what a decoder must find out."""

    identity: dict
    messages: list = field(default_factory=list)
    accepted: int = 0
    rejected: int = 0
    stale: int = 0
    unanswered: int = 0
    work: float = 0
    first_job: int = 0

    def client(self, time, data, **how):
        """The miner says `data`."""
        self.messages.append(Message(time, TO_SERVER, data, how))

    def client_twice(self, time, data):
        """The miner says `data`, the network loses it behind the tap, the miner repeats it."""
        self.messages.append(Message(time, TO_SERVER, data, {"lost": True}))
        again = time + RETRANSMISSION_TIMEOUT
        self.messages.append(Message(again, TO_SERVER, data, {}, is_retransmission=True))

    def pool(self, time, data, **how):
        """The pool says `data`."""
        self.messages.append(Message(time, TO_CLIENT, data, how))

    def job(self, time, data, **how):
        """The pool says `data`, which holds work."""
        self.first_job = self.first_job or time
        self.pool(time, data, **how)

    def accept(self, work):
        """A share was accepted that stands for `work` expected hashes."""
        self.accepted += 1
        self.work += work

    @property
    def submitted(self):
        """Shares submitted, repetitions by TCP not counted."""
        return self.accepted + self.rejected + self.stale + self.unanswered

    def play(self, conversation, probe_after=0):
        """Says all messages; probes the peer after each `probe_after` of silence, if not 0."""
        last = None
        for each in sorted(self.messages, key=lambda message: message.time):
            while probe_after and last is not None and each.time - last > probe_after + SECOND:
                last += probe_after
                conversation.keepalive(TO_SERVER, last)
            if each.is_retransmission:
                conversation.retransmit(each.direction, each.time)
            else:
                conversation.send(each.direction, each.data, each.time, **each.how)
            last = each.time

    def truth(self, last_packet):
        """What a sensor must report about the session; `last_packet` is the flow's last time."""
        window = (last_packet - self.first_job) / SECOND if self.first_job else 0
        return dict(
            self.identity,
            shares={"submitted": self.submitted, "accepted": self.accepted,
                    "rejected": self.rejected, "stale": self.stale},
            work=self.work, first_job_us=self.first_job // US, last_packet_us=last_packet // US,
            window_s=round(window, 6), hashrate=round(self.work / window, 3) if window else 0)


def connect(rng, *, at, rtt=40 * MS, **options):
    """A conversation with random sequence numbers that has shaken hands, and when it may speak."""
    isn = (rng.getrandbits(32), rng.getrandbits(32))
    conversation = TcpConversation(rtt=rtt, isn=options.pop("isn", isn), **options)
    return conversation, conversation.open(at)
