"""CloudTrail records: who called, what, from where. Shapes as in genuine records."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

ACCOUNT = "111122223333"
GLOBAL = ("iam.amazonaws.com", "sts.amazonaws.com", "signin.amazonaws.com",
          "organizations.amazonaws.com")


def moment(day, text):
    """HH:MM:SS on a day (YYYY-MM-DD), UTC, as a datetime."""
    return datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=timezone.utc)


def stamp(when):
    """A time as eventTime has it."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def milliseconds(when):
    """A time as launchTime has it."""
    return int(when.timestamp()) * 1000


def english(when):
    """A time as IAM writes it: text in the English locale."""
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    return (f"{months[when.month - 1]} {when.day}, {when.year} "
            f"{(when.hour - 1) % 12 + 1}:{when:%M:%S} {'AM' if when.hour < 12 else 'PM'}")


class Ids:
    """Identifiers from one random source."""

    def __init__(self, rng):
        self._rng = rng

    def hex(self, prefix, digits=17):
        """A resource id: the prefix, and lower-case hexadecimal digits that begin with 0."""
        return f"{prefix}-0{self._rng.getrandbits(4 * (digits - 1)):0{digits - 1}x}"

    def guid(self):
        """A GUID."""
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def key(self, prefix="ASIA"):
        """An access key id of a session."""
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
        return prefix + "".join(self._rng.choices(letters, k=16))

    def mac(self):
        """A MAC address as the cloud gives them."""
        return ":".join(f"{each:02x}" for each in (0x12, *self._rng.randbytes(5)))


@dataclass(frozen=True)
class Caller:
    """Who calls: the userIdentity, the address and the agent."""

    identity: dict
    address: str
    agent: str = "aws-cli/2.15.30 md/awscrt#0.19.19 ua/2.0 os/linux md/arch#x86_64 lang/python#3.11.8"
    extra: dict = field(default_factory=dict)

    @property
    def arn(self):
        """Its arn, if the identity has one."""
        return self.identity.get("arn", "")


def user(name, user_id, key, address, agent):
    """An IAM user with a long-term key."""
    return Caller({"type": "IAMUser", "principalId": user_id,
                   "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}", "accountId": ACCOUNT,
                   "accessKeyId": key, "userName": name}, address, agent)


def console_user(name, user_id, key, address, since):
    """An IAM user at the console, with a second factor: a session with a key of its own."""
    identity = dict(user(name, user_id, key, "", "").identity)
    identity["sessionContext"] = {
        "attributes": {"creationDate": stamp(since), "mfaAuthenticated": "true"}}
    return Caller(identity, address, "AWS Internal", {"sessionCredentialFromConsole": "true"})


def role(name, role_id, session, key, address, agent, since, service=None):
    """A session of a role; `service`: the service that acts through it."""
    issuer = f"arn:aws:iam::{ACCOUNT}:role/" + (f"aws-service-role/{service}/" if service else "")
    identity = {
        "type": "AssumedRole", "principalId": f"{role_id}:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}", "accountId": ACCOUNT,
        "accessKeyId": key,
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": role_id, "arn": issuer + name,
                              "accountId": ACCOUNT, "userName": name},
            "attributes": {"creationDate": stamp(since), "mfaAuthenticated": "false"}}}
    if service:
        identity["invokedBy"] = service
    return Caller(identity, address, agent)


def service_caller(service):
    """A service that calls as itself."""
    return Caller({"type": "AWSService", "invokedBy": service}, service, service)


class Trail:
    """Collects records."""

    def __init__(self, rng):
        self.ids = Ids(rng)
        self.records = []

    def call(self, when, caller, call, region, request=None, response=None, error=None, **extra):
        """Adds one record; `call` is SERVICE:NAME, `error` a pair of code and message. A name that
        begins with Get, List, Describe or Head reads. Returns the record."""
        service, _, name = call.partition(":")
        source = f"{service}.amazonaws.com"
        reads = name.startswith(("Get", "List", "Describe", "Head"))
        record = {
            "eventVersion": "1.11", "userIdentity": caller.identity, "eventTime": stamp(when),
            "eventSource": source, "eventName": name,
            "awsRegion": "us-east-1" if source in GLOBAL else region,
            "sourceIPAddress": caller.address, "userAgent": caller.agent}
        if error:
            record["errorCode"], record["errorMessage"] = error
        record.update({
            "requestParameters": request, "responseElements": None if error else response,
            "requestID": self.ids.guid(), "eventID": self.ids.guid(), "readOnly": reads,
            "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": ACCOUNT,
            "eventCategory": "Management"})
        record.update(caller.extra)
        record.update(extra)
        if caller.address[:1].isdigit():
            record.setdefault("tlsDetails", {
                "tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
                "clientProvidedHostHeader": f"{service}.{record['awsRegion']}.amazonaws.com"})
        self.records.append(record)
        return record


def later(when, seconds):
    """The time so many seconds later."""
    return when + timedelta(seconds=seconds)
