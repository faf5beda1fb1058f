"""What the descendants of Stratum V1 share: requests with arrays, pushes, the verdicts."""

from dataclasses import dataclass

from .talk import CONFIRMED, LIKELY, PASSWORD, PUSH, Talk

REFUSALS = {"rejected": [23, "Low difficulty share", None], "stale": [21, "Job not found", None]}
BITCOIN_WORK = (1 << 48) / 0xFFFF


def hashes(target):
    """Expected hashes of a share with this target."""
    return (1 << 256) / (target + 1)


def target_for(work):
    """The target of which a share stands for `work` hashes."""
    return (1 << 256) // work - 1


@dataclass
class Stratum(Talk):
    """A session in the words of Stratum V1."""

    user: str = ""
    rpc: bool = False  # with "jsonrpc":"2.0"
    yes: str | None = "login"

    def ask(self, method, params=None, *, number=None, **facts):
        """The miner asks; returns the id."""
        number = number or self.next_id()
        message = {"id": number, "method": method}
        if params is not None:
            message["params"] = params
        if self.rpc:
            message["jsonrpc"] = "2.0"
        self.client(message, **facts)
        return number

    def answer(self, number, result, error=None, **facts):
        """The pool answers after a round trip."""
        self.reply_time()
        message = {"id": number, "result": result, "error": error}
        if self.rpc:
            message["jsonrpc"] = "2.0"
        self.server(message, **facts)

    def push(self, method, params, **facts):
        """The pool says something unasked."""
        message = {"id": PUSH, "method": method, "params": params}
        if self.rpc:
            message["jsonrpc"] = "2.0"
        self.server(message, **facts)

    def identity(self):
        """Who mines, as the user text says."""
        wallet, _, worker = self.user.partition(".")
        return {"wallet": wallet, "worker": worker}

    def begin(self, agent, result, *, more=(), names=False, pool=None):
        """subscribe and authorize."""
        who = {"agent": agent} | ({"pool": pool} if pool else {})
        self.answer(self.ask("mining.subscribe", [agent, *more], proof=LIKELY, who=who,
                             names=names), result)
        self.authorize()

    def authorize(self, params=None, who=None):
        """Identity and credentials."""
        self.answer(self.ask("mining.authorize", params or [self.user, PASSWORD], proof=LIKELY,
                             who=self.identity() if who is None else who), True)

    def set_difficulty(self, value, unit):
        """A difficulty for the jobs to come."""
        self.work = value * unit
        self.push("mining.set_difficulty", [value], sets=True, proof=LIKELY)

    def set_target(self, work):
        """A target for the jobs to come."""
        target = target_for(work)
        self.work = hashes(target)
        self.push("mining.set_target", [f"{target:064x}"], sets=True, proof=LIKELY)
        return f"{target:064x}"

    def submit(self, params, job, outcome, *, names=True, proof=CONFIRMED, tells_who=True,
               maybe=None, more=None):
        """A share and what the pool says to it."""
        share = self.new_share(job)
        number = self.next_id(is_share=True)
        message = {"id": number, "method": "mining.submit", "params": params} | (more or {})
        if self.rpc:
            message["jsonrpc"] = "2.0"
        self.client(message, proof=proof, names=names, share=share, maybe=maybe or {},
                    who=self.identity() if tells_who else {})
        self.verdict(number, share, outcome)

    def verdict(self, number, share, outcome):
        """The pool's answer to a share, if it gives one."""
        if outcome == "unanswered":
            return
        error = REFUSALS.get(outcome)
        self.answer(number, None if error else True, error, verdicts=((share, outcome),))
