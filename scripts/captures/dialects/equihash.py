"""Zcash's dialect, and Verus, which speaks it for hashes."""

from capturekit import SECOND

from .stratum import Stratum
from .talk import CONFIRMED, Num, mine

ZEC = "t1KLZGVSeAZfP8E2xCoVaLtjWGMd7VUJbFg"
VRSC = "RAk9Lfuno4gMbbMFjYfaJbxnmxtdLfpeC4"
HOST = "zec.example.org"


class Equihash(Stratum):
    """Targets and jobs of eight fields."""

    prefix, solution, tail = "fd4005", 1344, ()

    def notify(self, name):
        """A job."""
        self.push("mining.notify", [name, "04000000", self.hex(32), self.hex(32), self.hex(32),
                                    f"{self.time // SECOND:08x}", "83837b1c", True, *self.tail],
                  job=name, proof=CONFIRMED, names=True)
        return name

    def share(self, job, outcome):
        """A share with its solution."""
        self.submit([self.user, job, f"{self.time // SECOND:08x}", self.hex(16),
                     self.prefix + self.hex(self.solution)], job, outcome)

    def run(self, agent, work, *, subscribed=True):
        """The whole session."""
        more = [None, HOST, Num(6666, text=True)] if subscribed else []
        self.begin(agent, [None, self.hex(16)], more=more,
                   pool=f"{HOST}:6666" if subscribed else None)
        self.answer(self.ask("mining.extranonce.subscribe", []), True)
        self.set_target(work)

        def second():
            self.set_target(work // 2)
            return self.notify("39f3")
        return mine(self, self.notify("39f2"), second, self.share)


def zcash(rng):
    """Zcash: solutions of 1344 bytes."""
    talk = Equihash(rng, "equihash", user=ZEC + ".rig4", port=6666, units={"Sol/s": 1})
    return talk.run("equihashminer", 16000)


def gold(rng):
    """Equihash (144,5): solutions of 100 bytes, algorithm and personalisation in the job."""
    talk = Equihash(rng, "equihash", user="GKJsgHMTB6V5c4HMCKLZdqyUvsDsgkRrRM.rig4",
                    units={"Sol/s": 1})
    talk.prefix, talk.solution, talk.tail = "64", 100, ("144_5", "BgoldPoW")
    return talk.run("GMiner/2.09", 512, subscribed=False)


def verus(rng):
    """Verus: a ninth field, hashes instead of solutions."""
    talk = Equihash(rng, "equihash", user=VRSC + ".cpu1", port=3956)
    talk.tail = ("07000100" + talk.hex(4),)
    return talk.run("ccminer/3.8.3", 1 << 30, subscribed=False)


SESSIONS = {"equihash": zcash, "equihash-144": gold, "verus": verus}
