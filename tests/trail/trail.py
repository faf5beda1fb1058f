#!/usr/bin/env python3
"""The scenario through minecanary-trail, compared field by field with its truth.

usage: trail.py --sensor FILE --binary FILE

Starts a Redis of its own on a unix socket, lets the sensor replay pcaps/coin-shadow into it, and
gives minecanary-trail the cloud's side: at once, in other orders, twice, in other forms, in two
halves with a kill between, followed as files arrive, damaged, hostile, and without the thief.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "redis")]

import consistency  # noqa: E402
import reading  # noqa: E402
import variants  # noqa: E402
from kit import suite  # noqa: E402
from kit.sensor import run  # noqa: E402
from kit.tap import differ  # noqa: E402
from program import Program, kill, stop, wait_for  # noqa: E402
from resp import Server  # noqa: E402

CONFIG = "tests/golden/config/coin-shadow.yaml"
CAPTURE = "pcaps/coin-shadow/inside.pcap"
AHEAD_SECONDS = 40 * 60
FORMS = {"an array": variants.array, "lines": variants.lines,
         "lines, the last first": lambda some: variants.lines(reversed(some)),
         "EventBridge envelopes": variants.envelopes, "lookup-events": variants.looked_up}
FILES = sorted((variants.FOLDER / "AWSLogs").glob("*/vpcflowlogs"))


class Scenario:
    """What the tests share."""

    def __init__(self, sensor, binary, work):
        self.sensor = sensor
        self.binary = binary
        self.work = work
        self.known = variants.truth()
        self.records = variants.records()
        self.alerts = work / "alerts.jsonl"
        self._count = 0

    def program(self, server=None):
        """A program with a fresh state."""
        self._count += 1
        return Program(self.binary, self.work / f"state-{self._count}", server)

    def replay(self, server):
        """Problems: the sensor finds its miners, in Redis and as JSON."""
        done = run(self.sensor, "-c", CONFIG, "-r", CAPTURE, "--redis", server.url,
                   "--sensor-id", "trail", "--json", self.work / "events.jsonl")
        lines = (self.work / "events.jsonl").read_bytes().splitlines(keepends=True)
        self.alerts.write_bytes(b"".join(
            line for line in lines if json.loads(line)["event_type"] == "alert"))
        return done.problems()

    @staticmethod
    def only(program, expected=1):
        """(problems, the only incident's JSON)."""
        found = program.incidents()
        problems = differ("incidents", len(found), expected)
        return problems, found[0] if found and expected else None

    @staticmethod
    def whole(program):
        """All that the state says, as bytes: the summary and the report."""
        return program.summary(), program.report("--format", "json").out

    def same(self, program, first):
        """Problems: the program says the same as another one, byte for byte."""
        (problems, text), report = self.whole(program)
        problems = problems + differ("summary", text, first[0][1])
        one, other = (text.split(b",{") for text in (report, first[1]))
        return problems + [f"report: {a!r}, expected {b!r}" for a, b in zip(one, other) if a != b]\
            + differ("parts of the report", len(one), len(other))

    def file(self, name, data):
        """Writes a file to read."""
        path = self.work / name
        path.write_bytes(data)
        return path


# --- the whole, joined in Redis -----------------------------------------------------------------

def joined(tap, scenario, server):
    """The scenario as an operator has it: everything, and the sensor's alerts from Redis. Returns
    the incident."""
    program = scenario.program(server)
    known = scenario.known
    done = program.feed(variants.FOLDER / "AWSLogs", variants.FOLDER / "findings",
                        options=program.flows(*FILES))
    if not tap.check("reads trail, flow logs and findings", done.problems()):
        return None
    problems, incident = scenario.only(program)
    if not tap.check("one incident", problems):
        return None
    tap.check("who: key, principal, source", reading.identity(incident, known))
    tap.check("140 instances in 8 regions, each field", reading.instances(incident, known))
    tap.check("20 seen mining, 120 out of sight", reading.sight(incident, known))
    tap.check("what was made", reading.created(incident, known))
    tap.check("what was refused", reading.refused(incident, known))
    tap.check("cost by region", reading.cost(incident, known))
    tap.check("order of containment", reading.containment(incident, known))
    tap.check("findings, and how much earlier we were",
              reading.findings(incident, known, AHEAD_SECONDS))
    tap.check("what the trail shows by itself", reading.detections(incident))
    tap.check("flow logs", reading.flows(incident, known))
    tap.check("leases for the sensors", reading.leases(server.client(), known))
    tap.check("the incident's hash", reading.state(server.client(), incident, known))
    tap.check("cost of the miners in their hashes", reading.hosts(server.client(), known))
    reports(tap, program, incident, known)
    return incident


def reports(tap, program, incident, known):
    """What a person reads."""
    name = incident["id"]
    text = program.report(name, "--published", str(known["cost"]["published"]))
    tap.check("report in the terminal", text.problems() or reading.report_text(text, known))
    page = program.report(name, "--format", "md", "--published",
                          str(known["cost"]["published"]))
    tap.check("report as Markdown", page.problems() or reading.report_text(page, known))
    lines = program.report(name, "--commands")
    tap.check("commands", lines.problems() or reading.commands(lines, known))


# --- the same in any way ------------------------------------------------------------------------

def orders(tap, scenario):
    """Any order, twice, any form: the same incident. Returns it."""
    program = scenario.program()
    done = program.feed(variants.TRAIL, scenario.alerts)
    problems = done.problems() or scenario.only(program)[0]
    if not tap.check("without Redis: one incident", problems):
        return None
    first = scenario.whole(program)
    for seed in (1, 2, 3):
        folder = variants.spread(scenario.records, scenario.work / f"order-{seed}", seed)
        program = scenario.program()
        problems = program.feed(*((folder, scenario.alerts) if seed % 2 else
                                  (scenario.alerts, folder))).problems()
        tap.check(f"another order ({seed}): the same", problems or scenario.same(program, first))
    problems = program.feed(variants.TRAIL, scenario.alerts).problems()
    tap.check("twice: the same", problems or scenario.same(program, first))
    for form, write in FORMS.items():
        program = scenario.program()
        problems = program.feed("-", scenario.alerts, stdin=write(scenario.records)).problems()
        tap.check(f"as {form}: the same", problems or scenario.same(program, first))
    return first


def halves(tap, scenario, first):
    """Two halves with a kill between, and a folder that is followed."""
    folder = scenario.work / "followed"
    folder.mkdir()
    program = scenario.program()
    middle = len(scenario.records) // 2
    process = program.follow(folder)
    try:
        variants.spread(scenario.records[::2], folder, 4)
        shutil.copy(scenario.alerts, folder / "alerts.jsonl")
        problems = wait_for("the state", lambda: any(
            path.stat().st_size for path in program.state.glob("documents*")))
    finally:
        kill(process)
    process = program.follow(folder)
    try:
        variants.spread(scenario.records[1::2], folder, 5)
        variants.spread(scenario.records[middle - 20:middle + 20], folder, 6)
    finally:
        problems += wait_for_all(program, folder, process)
    tap.check("two halves, killed between: the same", problems or scenario.same(program, first))


def wait_for_all(program, folder, process):
    """Problems: the process reads every file that is there, and ends when it is told to."""
    done = program.state / "files.jsonl"
    wanted = sum(path.is_file() for path in folder.rglob("*"))
    problems = wait_for("the last file", lambda: done.exists() and
                        done.read_bytes().count(b"\n") >= wanted)
    code, err = stop(process)
    return problems + differ("exit code", (code, err), (0, err))


# --- other states -------------------------------------------------------------------------------

def quiet(tap, scenario):
    """The ordinary week raises nothing."""
    program = scenario.program()
    path = scenario.file("ordinary.jsonl", variants.lines(variants.records(attacked=False)))
    before = [each for each in FILES[0].rglob("*.gz") if "/03/04/" in str(each)]
    done = program.feed(path, options=program.flows(*before))
    problems = done.problems()
    if not problems:
        problems, _ = scenario.only(program, 0)
        problems += reading.nothing(done.out.decode("utf-8"))
    tap.check("the ordinary week raises nothing", problems)


def damage(tap, scenario, first):
    """What is no record is named and passed by; the rest is used."""
    bad, places = variants.damaged(scenario.records)
    for name, data in (("damaged.jsonl", variants.lines(bad)),
                       ("damaged.json", variants.lines([{"Records": bad}]))):
        program = scenario.program()
        done = program.feed(scenario.file(name, data), scenario.alerts)
        problems = done.crash() + [f"record {place} of {name} is not named" for place in places[:3]
                                   if f"{name}: record {place}" not in done.err]
        tap.check(f"{name}: the rest is used", problems or scenario.same(program, first))


def hostile(tap, scenario):
    """Whatever the thief calls himself, he is found, and shown escaped."""
    program = scenario.program()
    path = scenario.file("hostile.jsonl", variants.lines(
        variants.hostile(scenario.records, scenario.known["attacker"])))
    problems = program.feed(path, scenario.alerts).problems()
    found = None
    if not problems:
        problems, found = scenario.only(program)
    if not tap.check("hostile texts: one incident", problems):
        return
    tap.check("hostile texts: the same instances", reading.instances(found, scenario.known))
    for words in ((), ("--format", "md"), ("--format", "json"), ("--commands",)):
        done = program.report(found["id"], *words)
        tap.check(f"hostile texts: escaped {' '.join(words)}".rstrip(),
                  done.problems() or reading.escaped(done.out, "md" in words))


def other_states(tap, scenario):
    """Answers that were left out, and instances that are gone."""
    program = scenario.program()
    lost = scenario.file("lost.jsonl", variants.lines(
        variants.without_answers(scenario.records, "ap-northeast-1")))
    problems = program.feed(lost, scenario.alerts).problems()
    if not problems:
        problems, found = scenario.only(program)
        problems = problems or reading.counts(found, launched=130, mining=20, unnamed=10)
    tap.check("launches without an answer are counted", problems)
    problems = program.feed(variants.FOLDER / "inventory").problems()
    if not problems:
        problems, found = scenario.only(program)
        problems = problems or reading.counts(found, launched=140, mining=20, unnamed=0)
    tap.check("and named by an import", problems)
    program = scenario.program()
    gone = scenario.file("gone.jsonl", variants.lines(
        variants.ended(variants.the_plan(), scenario.known, "15:40:00", "2026-03-10")))
    problems = program.feed(gone, variants.TRAIL, scenario.alerts).problems()
    if not problems:
        problems, found = scenario.only(program)
        problems = problems or reading.gone(found, scenario.known, "2026-03-10T15:40:00Z")
    tap.check("terminated: what it cost in the end", problems)


def checks(tap, scenario):
    """All tests."""
    consistency.checks(tap)
    with Server() as server:
        if tap.check("the sensor replays its capture", scenario.replay(server)):
            joined(tap, scenario, server)
    first = orders(tap, scenario)
    if first is not None:
        halves(tap, scenario, first)
        damage(tap, scenario, first)
        hostile(tap, scenario)
        other_states(tap, scenario)
    quiet(tap, scenario)


def test(tap, sensor, binary):
    """All tests, with a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="minecanary-trail-",
                                     ignore_cleanup_errors=True) as work:
        checks(tap, Scenario(sensor, binary, Path(work)))


if __name__ == "__main__":
    sys.exit(suite.main("trail", test, ("sensor", "binary")))
