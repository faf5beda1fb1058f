"""Files as the provider delivers them: late, shuffled, with duplicates, gzipped.

    AWSLogs/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_ID.json.gz
    AWSLogs/ACCOUNT/CloudTrail-Digest/...: signed lists of those files, no records
"""

import gzip
import hashlib
import json
import string
from datetime import datetime, timedelta, timezone

from .record import ACCOUNT, stamp

LETTERS = string.ascii_letters + string.digits
LATE = 0.03
TWICE = 0.03


def packed(data, level=9):
    """Gzipped, the same bytes each time."""
    return gzip.compress(data, level, mtime=0)


def compact(value):
    """JSON without spaces, as the provider writes it."""
    return json.dumps(value, separators=(",", ":")).encode()


def parsed(text):
    """A time of a record."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def escaped(data):
    """The other way in which < and > are written."""
    return data.replace(b"<", b"\\u003c").replace(b">", b"\\u003e")


class Delivery:
    """Spreads records over files."""

    def __init__(self, rng, slot):
        """slot(time) says how many minutes of records share one file then."""
        self._rng = rng
        self._slot = slot
        self.late = 0
        self.twice = 0

    def _due(self, when, delay):
        """When the file is delivered in which a record stands."""
        minutes = self._slot(when)
        at = when + timedelta(minutes=delay)
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        slots = int((at - midnight).total_seconds()) // (60 * minutes) + 1
        return midnight + timedelta(minutes=minutes * slots)

    def _copies(self, record):
        """The deliveries of one record."""
        when = parsed(record["eventTime"])
        delay = self._rng.uniform(2, 9)
        if self._rng.random() < LATE:
            delay = self._rng.uniform(40, 200)
            self.late += 1
        yield self._due(when, delay)
        if self._rng.random() < TWICE:
            self.twice += 1
            yield self._due(when, self._rng.uniform(2, 30))

    def files(self, records):
        """{path: bytes}, without digests."""
        slots = {}
        for record in records:
            for due in self._copies(record):
                slots.setdefault((due, record["awsRegion"]), []).append(record)
        files = {}
        for number, ((due, region), members) in enumerate(sorted(
                slots.items(), key=lambda entry: entry[0])):
            self._rng.shuffle(members)
            data = compact({"Records": members})
            files[self.path(due, region)] = packed(escaped(data) if number % 2 else data)
        return files

    def path(self, due, region):
        """Where a file is delivered."""
        name = "".join(self._rng.choices(LETTERS, k=16))
        return (f"AWSLogs/{ACCOUNT}/CloudTrail/{region}/{due:%Y/%m/%d}/"
                f"{ACCOUNT}_CloudTrail_{region}_{due:%Y%m%dT%H%MZ}_{name}.json.gz")


def digest(files, region, begin):
    """The digest of one hour: (path, bytes). `files` are those which it lists."""
    end = begin + timedelta(hours=1)
    bucket = "stratos-analytics-trail"
    path = (f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{region}/{end:%Y/%m/%d}/{ACCOUNT}_CloudTrail-"
            f"Digest_{region}_management_us-east-1_{end:%Y%m%dT%H%M%SZ}.json.gz")
    listed = []
    for name, data in sorted(files.items()):
        plain = gzip.decompress(data)
        times = sorted(each["eventTime"] for each in json.loads(plain)["Records"])
        listed.append({"s3Bucket": bucket, "s3Object": name,
                       "hashValue": hashlib.sha256(plain).hexdigest(), "hashAlgorithm": "SHA-256",
                       "newestEventTime": times[-1], "oldestEventTime": times[0]})
    every = [each[key] for each in listed for key in ("newestEventTime", "oldestEventTime")]
    return path, packed(compact({
        "awsAccountId": ACCOUNT, "digestStartTime": stamp(begin), "digestEndTime": stamp(end),
        "digestS3Bucket": bucket, "digestS3Object": path, "digestPublicKeyFingerprint": "0" * 32,
        "digestSignatureAlgorithm": "SHA256withRSA", "newestEventTime": max(every, default=None),
        "oldestEventTime": min(every, default=None), "previousDigestS3Bucket": None,
        "previousDigestS3Object": None, "previousDigestHashValue": None,
        "previousDigestHashAlgorithm": None, "previousDigestSignature": None,
        "logFiles": listed}))
