#!/usr/bin/env python3
"""Writes many CloudTrail records of mixed calls, for measuring how fast they are read.

python3 scripts/trail_writer.py --records N --out DIR    files as they are delivered, gzipped
python3 scripts/trail_writer.py --records N --lines      one record per line, on standard output
  --seed N         another seed (default 1); the same seed gives the same records
  --per-file N     records in one file (default 5000)

The mix is that of a busy account: mostly reading calls, sessions that live an hour and never come
back, instances that are launched, used and ended within hours, refusals. What is alive at a time
stays the same, however many records there are, so a reader's memory should, too.
"""

import argparse
import json
import sys
from collections import deque
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random

from trailkit import delivery, ec2, record
from trailkit.record import ACCOUNT

BEGIN = datetime(2026, 1, 5, tzinfo=timezone.utc)
REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
READS = ("ec2:DescribeInstances", "ec2:DescribeVolumes", "ec2:DescribeSecurityGroups",
         "s3:GetBucketLocation", "s3:ListBuckets", "sts:GetCallerIdentity",
         "lambda:GetFunction20150331v2", "monitoring:DescribeAlarms", "kms:DescribeKey",
         "sagemaker:DescribeTrainingJob")
# Alive at a time: sessions, and instances in each region.
SESSIONS = 40
INSTANCES = 60
# The work of a session is over after so many calls.
SESSION_CALLS = 400
# Records each second of the trail.
RATE = 1


class Mix:
    """An endless sequence of records. Each call takes a place in a fixed cycle of kinds."""

    def __init__(self, seed):
        self._rng = Random(f"mix:{seed}")
        self._trail = record.Trail(self._rng)
        self._ids = self._trail.ids
        self._alive = {region: deque() for region in REGIONS}
        self._networks = {
            region: ec2.Network(region, self._ids.hex("vpc"), self._ids.hex("subnet"),
                                self._ids.hex("sg")) for region in REGIONS}
        self._number = 0
        self._callers = [self._session(BEGIN) for _ in range(SESSIONS)]

    def _session(self, when):
        """A new session: a role with a key that nobody had before."""
        number = self._rng.randrange(12)
        caller = record.role(f"worker-{number}", f"AROAEXAMPLEWORKER{number:03d}",
                             f"task-{self._number}", self._ids.key(),
                             f"203.0.113.{100 + number}", "Boto3/1.34.10", when)
        return [caller, self._rng.randrange(SESSION_CALLS // 2, SESSION_CALLS)]

    def _caller(self, when):
        """Who calls next."""
        at = self._rng.randrange(SESSIONS)
        entry = self._callers[at]
        entry[1] -= 1
        if entry[1] <= 0:
            self._callers[at] = entry = self._session(when)
        return entry[0]

    def _launch(self, when, who, region):
        """A launch of one to three instances; the oldest end when there are too many."""
        alive, network = self._alive[region], self._networks[region]
        token, reservation = self._ids.guid(), self._ids.hex("r")
        kind = self._rng.choice(("m5.large", "m5.xlarge", "c5.2xlarge"))
        made = [ec2.Instance(self._ids.hex("i"), self._ids.hex("eni"),
                             f"10.0.{self._rng.randrange(16)}.{self._rng.randrange(4, 250)}", kind,
                             network, when, token, reservation)
                for _ in range(self._rng.randrange(1, 4))]
        self._trail.call(when, who, "ec2:RunInstances", region,
                         ec2.run_request(network, kind, len(made), token),
                         ec2.run_response(self._ids, made))
        alive.extend(each.instance for each in made)
        if len(alive) > INSTANCES:
            ended = [alive.popleft() for _ in range(len(alive) - INSTANCES // 2)]
            self._trail.call(when, who, "ec2:TerminateInstances", region,
                             ec2.terminate_request(ended),
                             ec2.terminate_response(self._ids, ended))

    def _refuse(self, when, who, region):
        """A launch that is refused."""
        self._trail.call(when, who, "ec2:RunInstances", region,
                         ec2.run_request(self._networks[region], "m5.large", 1, self._ids.guid()),
                         error=ec2.REFUSALS["capacity"])

    def _assume(self, when, region):
        """A service takes a role."""
        self._trail.call(when, record.service_caller("ec2.amazonaws.com"), "sts:AssumeRole", region,
                         {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/worker",
                          "roleSessionName": f"task-{self._number}"},
                         {"credentials": {"accessKeyId": self._ids.key(), "sessionToken": "",
                                          "expiration": record.english(when)}})

    def _step(self):
        """Adds the next record, or two."""
        when = BEGIN + timedelta(seconds=self._number // RATE)
        region = REGIONS[self._rng.randrange(len(REGIONS))]
        who = self._caller(when)
        kind = self._number % 100
        self._number += 1
        if kind in (7, 57):
            self._launch(when, who, region)
        elif kind == 23:
            self._refuse(when, who, region)
        elif kind % 20 == 11:
            self._assume(when, region)
        else:
            self._trail.call(when, who, READS[self._rng.randrange(len(READS))], region,
                             {"maxResults": 100, "filterSet": {}})

    def records(self, count):
        """So many records."""
        while count > 0:
            self._trail.records.clear()
            self._step()
            for each in self._trail.records[:count]:
                yield each
            count -= len(self._trail.records)


def write_lines(records):
    """One record per line on standard output."""
    for each in records:
        sys.stdout.write(json.dumps(each, separators=(",", ":")) + "\n")


def write_files(records, out, per_file, seed):
    """Gzipped files of so many records each; compressed lightly, they are read once."""
    courier = delivery.Delivery(Random(f"names:{seed}"), lambda when: 5)
    batch = []

    def flush():
        due = delivery.parsed(batch[-1]["eventTime"]) + timedelta(minutes=5)
        path = out / courier.path(due, batch[-1]["awsRegion"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(delivery.packed(delivery.compact({"Records": batch}), 1))
        batch.clear()
    for each in records:
        batch.append(each)
        if len(batch) == per_file:
            flush()
    if batch:
        flush()


def main():
    """Writes the records; returns the exit code."""
    parser = argparse.ArgumentParser(description="Writes many CloudTrail records.")
    parser.add_argument("--records", type=int, required=True, help="how many")
    parser.add_argument("--out", type=Path, help="folder for gzipped files")
    parser.add_argument("--lines", action="store_true", help="lines on standard output")
    parser.add_argument("--seed", type=int, default=1, help="seed (default 1)")
    parser.add_argument("--per-file", type=int, default=5000, help="records in one file")
    options = parser.parse_args()
    if options.lines == (options.out is not None) or min(options.records, options.per_file) < 1:
        parser.error("one of --out and --lines, and at least one record")
    records = Mix(options.seed).records(options.records)
    if options.lines:
        write_lines(records)
    else:
        write_files(records, options.out, options.per_file, options.seed)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        sys.exit(1)
