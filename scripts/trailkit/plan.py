"""The plan of the cloud's side: scripts/coin_shadow_trail.plan with its times as times."""

from configparser import ConfigParser
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from random import Random

import coin_shadow
from capturekit import SECOND

from .record import moment


@dataclass(frozen=True)
class Row:
    """One region's line."""

    region: str
    kind: str
    price: float
    cpus: int
    quota: str
    vpc: str
    batches: tuple
    count: int

    @property
    def hourly(self):
        """USD per hour of all its instances."""
        return round(self.count * self.price, 6)


@dataclass(frozen=True)
class Miner:
    """An instance that the capture shows."""

    instance: str
    interface: str
    address: str
    when: datetime


class Plan:
    """The plan file, and what it takes from the plan of the captures."""

    def __init__(self, path, seed=None):
        self._file = ConfigParser(interpolation=None, delimiters=("=",))
        self._file.optionxform = str
        self._file.read_string(Path(path).read_text(encoding="utf-8"))
        self._network = coin_shadow.Plan(coin_shadow.PLAN)
        self.scenario = self._file["scenario"]
        self.seed = self.scenario.getint("seed") if seed is None else seed
        self.day = self.scenario["day"]
        self.regions = {region: self._row(region, text)
                        for region, text in self._file["regions"].items()}
        self._subnets = {region: f"subnet-0{self.rng(region).getrandbits(64):016x}"
                         for region in self.regions}
        self._subnets[self.scenario["tap"]] = self._network.scenario["subnet"]

    def section(self, name):
        """A section's entries."""
        return self._file[name]

    def rng(self, name):
        """A random source of its own for each thing."""
        return Random(f"{self.seed}:{name}")

    def at(self, text):
        """HH:MM:SS on the day."""
        return moment(self.day, text)

    def subnet(self, region):
        """The subnet that the region had before."""
        return self._subnets[region]

    @property
    def pool(self):
        """The pool's address and port."""
        host, _, port = self.scenario["pool"].rpartition(":")
        return host, int(port)

    def days(self, last=True):
        """The days of the week before, and the day itself if asked for."""
        first, end = (date.fromisoformat(self.scenario[key]) for key in ("week", "day"))
        return [str(first + timedelta(days=number))
                for number in range((end - first).days + bool(last))]

    def hosts(self):
        """The miners of the capture."""
        for host in self._network.hosts():
            yield Miner(host.instance, host.interface, host.address,
                        datetime.fromtimestamp(host.launch // SECOND, timezone.utc))

    def _row(self, region, text):
        kind, price, cpus, quota, vpc, *launches = text.split()
        batches = []
        if launches != ["plan"]:
            batches = [(at, int(count)) for at, _, count in
                       (each.partition("x") for each in launches)]
        count = sum(each for _, each in batches) or len(list(self._network.hosts()))
        return Row(region, kind, float(price), int(cpus), quota, "" if vpc == "-" else vpc,
                   tuple(batches), count)
