#!/usr/bin/env python3
"""The journal of a live sensor that was root: its folder belongs to whom it became, Redis may be
away when it starts and hang when it ends. Started by run.sh, as root, in a network namespace.

usage: journal.py --binary FILE
"""

import json
import os
import pwd
import signal
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "redis")]

from kit import suite  # noqa: E402
from kit.sensor import ROOT  # noqa: E402
from kit.tap import differ  # noqa: E402
from live import CAPTURE, END_SECONDS, Player, Sensor, make_interfaces  # noqa: E402
from resp import Server  # noqa: E402

PLAY_SECONDS = 4
WAIT_SECONDS = 8  # an alert asks Redis what it knows, but not for long
STREAM = "minecanary:{golden}:"


def told(sensor):
    """Alerts in the sensor's file, as (id, revision) in order."""
    found = []
    for line in sensor.lines():
        event = json.loads(line)
        if event["event_type"] == "alert":
            found.append((event["mining"]["alert_id"], str(event["mining"]["revision"])))
    return found


def stored(client):
    """The same of the stream."""
    return [(dict(fields)["id"], dict(fields)["rev"])
            for _, fields in client.stream(STREAM + "alert")]


def owners(state):
    """User and mode of all in the state directory."""
    found = [state, *state.rglob("*")]
    return {(path.stat().st_uid, path.stat().st_mode & 0o077) for path in found}, len(found)


def play(sensor):
    """The capture, and time for what follows from it."""
    player = Player(ROOT / CAPTURE, PLAY_SECONDS)
    player.start()
    player.join()
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end and not told(sensor):
        time.sleep(0.05)


def problems_of_stop(sensor, code, took):
    """Ended in time, with nothing or only what no journal holds lost."""
    problems = [] if took <= END_SECONDS + 1 else [f"it took {took:.1f} s"]
    if "events wait in" not in sensor.error:
        problems.append("nothing waits")
    lost = "events lost" in sensor.error
    return problems + differ("exit code", code, 3 if lost else 0) + (
        [sensor.error] if problems else [])


def test_hung(tap, binary, state):
    """Redis hangs while the sensor sees a miner, and when it is told to end."""
    with Server(shared=True) as server:
        options = ("--redis", server.url, "--state-dir", str(state))
        sensor = Sensor(binary, *options)
        try:
            if not tap.check("it listens", sensor.wait_ready()):
                return
            server.process.send_signal(signal.SIGSTOP)
            play(sensor)
            expected = told(sensor)
            found, count = owners(state)
            tap.check("all of it is nobody's alone", differ(
                "owners", found, {(pwd.getpwnam("nobody").pw_uid, 0)})
                + ([] if count >= 4 else [f"{count} files"]))
            code, took = sensor.stop()
            tap.check("SIGTERM with Redis hung ends it in time",
                      problems_of_stop(sensor, code, took))
            expected = told(sensor)
        finally:
            sensor.close()
        server.process.send_signal(signal.SIGCONT)
        client = server.client()
        client("DEL", STREAM + "owner")
        sensor = Sensor(binary, *options)
        try:
            tap.check("it starts again", sensor.wait_ready())
            time.sleep(1)
            code, _ = sensor.stop()
            tap.check("nothing waits any more", differ("exit code", code, 0) + (
                [sensor.error] if "wait in" in sensor.error else []))
            tap.check("the alerts are in Redis once and in order",
                      differ("alerts", stored(client), expected)
                      + ([] if expected else ["no alert"]))
        finally:
            sensor.close()


def test_away(tap, binary, state):
    """Redis comes after the sensor has seen the miner."""
    with Server(shared=True) as server:
        path = Path(str(server.path))
        away = path.with_suffix(".away")
        path.rename(away)
        sensor = Sensor(binary, "--redis", server.url, "--state-dir", str(state))
        try:
            if not tap.check("it listens without Redis", sensor.wait_ready()):
                return
            play(sensor)
            before = told(sensor)
            away.rename(path)
            client = server.client()
            end = time.monotonic() + 15
            while time.monotonic() < end and len(stored(client)) < len(before):
                time.sleep(0.05)
            code, _ = sensor.stop()
            tap.check("it ends well", differ("exit code", code, 0) + [sensor.error] * (code != 0))
            tap.check("the alerts are in Redis once and in order, when it comes",
                      differ("alerts", stored(client), told(sensor))
                      + ([] if before else ["no alert"]))
        finally:
            sensor.close()


def test(tap, binary):
    """Both cases."""
    make_interfaces()
    with tempfile.TemporaryDirectory(prefix="minecanary-state-") as folder:
        os.chmod(folder, 0o755)
        test_hung(tap, binary, Path(folder) / "hung")
        test_away(tap, binary, Path(folder) / "away")


if __name__ == "__main__":
    sys.exit(suite.main("live journal", test))
