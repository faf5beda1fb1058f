"""A logical session: who says what and when, and what every single message tells.

A message is a JSON value, bytes or an HTTP message; nothing here decides how it is spelled, packed
or carried. Each one carries its facts, so that the truth about a session can be told for every
vantage: it is what the messages tell that can be seen from there (witness.py).
"""

from dataclasses import dataclass, field

from capturekit import MS, SECOND, TO_CLIENT, TO_SERVER

from ..build import START

BEGIN = START + 2 * SECOND  # room for handshakes of TCP and of carriers
RTT = 30 * MS
PASSWORD = "do-not-keep-me"  # no event may ever hold it

NOTHING, SUSPECT, LIKELY, CONFIRMED, NODE = "none", "suspect", "likely", "confirmed", "node"


@dataclass(frozen=True)
class Id:
    """A request's number: peers write it as number or text; some give all shares the same one."""

    number: object
    is_share: bool = False


@dataclass(frozen=True)
class Num:
    """A number that peers also write as a float; `text`: or as a string."""

    value: object
    text: bool = False


class _Push:
    """The id of a notification: null, a number of no meaning, or not there at all."""

    def __repr__(self):
        return "PUSH"


PUSH = _Push()


@dataclass(frozen=True)
class Http:
    """An HTTP message: its first line, headers (name, value) and body (None, JSON or bytes)."""

    first: str
    headers: tuple = ()
    body: object = None
    kind: str = "application/json"


@dataclass(frozen=True)
class Facts:
    """What one message tells.

    proof: what it proves by itself. names: it tells the dialect from its relatives. who: fields of
    an event by name. maybe: fields that a sensor may take from it, but need not. sets: it changes
    the difficulty for later jobs. job: it hands out this job. share: number of the share that it
    submits. verdicts: (share, outcome) pairs that it gives. claimed: hash rate that the miner
    claims.
    """

    proof: str = NOTHING
    names: bool = False
    who: dict = field(default_factory=dict)
    maybe: dict = field(default_factory=dict)
    sets: bool = False
    job: str | None = None
    share: int | None = None
    verdicts: tuple = ()
    claimed: float | None = None


@dataclass(frozen=True)
class Said:
    """One message of one side."""

    time: int
    direction: int
    body: object
    facts: Facts = Facts()


@dataclass(frozen=True)
class Job:
    """Work that was handed out: expected hashes of a share, and the messages one must have seen to
    know them."""

    work: float | None
    needs: tuple


@dataclass
class Talk:
    """A session that is being written down.

    home: what carries the dialect by nature: "stream", "http" or "ws". counts: outcome whose
    shares make the hash rate. units: factors by which the rate of work may be named. level: what
    the whole session proves. from_start: so many of its first messages have to be heard, for only
    they tell what it is.
    yes: what else gets the same yes as a share, for who hears the pool alone: nothing ("share"), the
    login ("login"), anything ("any"); None: what is heard alone is not bounded.
    is_summed: an acceptance does not tell of which shares it is, but of all until then: what hears
    one takes it for those as well whose own was lost.
    is_mixed: binary messages among JSON, in a stream only: the miner's tell which dialect it is, and
    one alone that was picked up late proves nothing.
    """

    rng: object
    dialect: str
    home: str = "stream"
    counts: str = "accepted"
    units: dict = field(default_factory=lambda: {"H/s": 1})
    level: str = CONFIRMED
    port: int = 3333
    path: str = "/proxy"
    is_binary: bool = False
    from_start: int = 0
    is_mixed: bool = False
    is_summed: bool = False
    yes: str | None = "share"
    said: list = field(default_factory=list)
    jobs: dict = field(default_factory=dict)
    shares: list = field(default_factory=list)  # the job of each share
    time: int = BEGIN
    setting: int | None = None  # the message that set the difficulty in force
    work: float | None = None  # of a share of a job handed out now
    _ids: int = 0

    def wait(self, seconds):
        """Lets time pass."""
        self.time += int(seconds * SECOND)

    def hex(self, count, zeros=0):
        """Random bytes as hex digits, the first `zeros` of them zero."""
        return "00" * zeros + self.rng.randbytes(count - zeros).hex()

    def next_id(self, is_share=False):
        """A fresh request id."""
        self._ids += 1
        return Id(self._ids, is_share)

    def client(self, body, **facts):
        """The miner says something."""
        self._say(TO_SERVER, body, Facts(**facts))

    def server(self, body, **facts):
        """The pool says something."""
        self._say(TO_CLIENT, body, Facts(**facts))

    def _say(self, direction, body, facts):
        if facts.sets:
            self.setting = len(self.said)
        if facts.job is not None:
            self.jobs[facts.job] = Job(self.work, self._needs())
        self.said.append(Said(self.time, direction, body, facts))
        self.time += MS

    def _needs(self):
        here = len(self.said)
        return (here,) if self.setting is None else (self.setting, here)

    def new_share(self, job):
        """The number of a share of this job that is about to be submitted."""
        self.shares.append(job)
        return len(self.shares) - 1

    def reply_time(self):
        """Lets a round trip pass."""
        self.time += RTT + self.rng.randrange(1, 9) * MS

    def end(self):
        """The last moment of the session."""
        return self.time + 3 * SECOND


OUTCOMES = ("accepted", "accepted", "accepted", "rejected", "accepted", "accepted")
LATE = ("stale", "accepted", "accepted", "accepted", "unanswered")


def mine(talk, old_job, new_job, submit):
    """The usual course: shares of a job, one refused; a new job, for which one share of the old
    job comes late; the last share gets no answer. `submit(job, outcome)` does one share,
    `new_job()` hands out the second job and gives its name."""
    for outcome in OUTCOMES:
        talk.wait(talk.rng.uniform(2, 6))
        submit(old_job, outcome)
    talk.wait(2)
    job = new_job()
    for outcome in LATE:
        talk.wait(0.02 if outcome == "stale" else talk.rng.uniform(2, 6))
        submit(old_job if outcome == "stale" else job, outcome)
    return talk
