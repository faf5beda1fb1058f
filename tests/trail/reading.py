"""What a report says, compared with the truth. The report's names of things stand here alone."""

import re
import unicodedata
from datetime import datetime, timezone

from kit.tap import differ

# Rules that the scenario fires, and those that it does not: nobody disables a log.
FIRED = {1700001, 1700002, 1700003, 1700004, 1700005, 1700006, 1700007, 1700008, 1700009,
         1700020, 1700030}
# Fields of an instance in the report, and in the truth.
INSTANCE_FIELDS = {"region": "region", "type": "type", "address": "ip", "vpc": "vpc_id",
                   "launched": "launch", "proof": "event_id"}
SEEN_MINING = "seen mining"
SESSION_SIDS = (1600001, 1600002)
PREFIX = "minecanary"
CLOSE = 0.005
ALLOWED = "\n\t"


def unix(text):
    """Seconds of a time, with or without a fraction."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment.astimezone(timezone.utc).timestamp()


def near(what, found, expected, within=CLOSE):
    """A problem unless two sums of money are the same to half a cent."""
    if isinstance(found, (int, float)) and abs(found - expected) <= within:
        return []
    return [f"{what}: {found!r}, expected {expected!r}"]


# --- who and what -----------------------------------------------------------------------------

def identity(incident, known):
    """Problems: the key, its owner, the user made with it, the source, first and last use."""
    problems = differ("principal", incident["principal"], known["principal_arn"])
    keys = {each["id"] for each in incident["identities"]}
    problems += differ("keys", {known["key"], known["created_key"]} - keys, set())
    sources = [each["address"] for each in incident["sources"]]
    problems += differ("sources", sources, [known["attacker"]])
    use = known["uses"][known["key"]][known["attacker"]]
    other = known["uses"][known["created_key"]][known["attacker"]]
    problems += differ("first call", incident["sources"][0]["first"], use["first"])
    return problems + differ("last call", incident["sources"][0]["last"],
                             max(use["last"], other["last"]))


def counts(incident, **expected):
    """Problems: the incident's counts."""
    return [problem for name, value in expected.items()
            for problem in differ(name, incident[name], value)]


def instances(incident, known):
    """Problems: each instance with its region, type, address, network, launch and proof."""
    problems = counts(incident, launched=140, mining=20, out_of_sight=120, ended=0)
    found = {each["id"]: each for each in incident["instances"]}
    expected = {each["instance_id"]: each for each in known["instances"]}
    problems += differ("instances", found.keys() ^ expected.keys(), set())
    for name in found.keys() & expected.keys():
        one, other = found[name], expected[name]
        problems += [problem for key, theirs in INSTANCE_FIELDS.items()
                     for problem in differ(f"{name}: {key}", one[key], other[theirs])]
    launched = {each["region"]: each["launched"] for each in incident["regions"]
                if each["launched"]}
    return problems + differ("regions", launched,
                             {row["region"]: row["count"] for row in known["cost"]["rows"]})


def sight(incident, known):
    """Problems: which were seen mining, which are out of sight; each seen one has its alert."""
    mining = {each["id"] for each in incident["instances"] if each["seen"] == SEEN_MINING}
    others = {each["id"] for each in incident["instances"]} - mining
    problems = differ("mining", mining ^ set(known["mining"]), set())
    problems += differ("out of sight", others ^ set(known["out_of_sight"]), set())
    problems += [f"{each['id']} has no alert" for each in incident["instances"]
                 if each["seen"] == SEEN_MINING and not each.get("alert")]
    sessions = [each["instance"] for each in incident["alerts"] if each["sid"] in SESSION_SIDS]
    return problems + differ("sessions", sorted(sessions), sorted(known["mining"]))


def created(incident, known):
    """Problems: everything that was made, with the call that proves it."""
    found = {each["proof"]: (each["subject"], each["region"]) for each in incident["resources"]}
    problems = []
    for each in known["created"]:
        name = quota_code(known, each) if each["kind"] == "quota_request" else each["id"]
        problems += differ(f"{each['kind']} of {each['event_id']}", found.get(each["event_id"]),
                           (name, each["region"]))
    kinds = [each["kind"] for each in incident["resources"]]
    return problems + differ("VPCs", kinds.count("VPC"), 6) + \
        differ("groups", kinds.count("security group"), 8)


def quota_code(known, each):
    """A request for quota is named by its code, which the region's type decides."""
    row = next(row for row in known["cost"]["rows"] if row["region"] == each["region"])
    return "L-417A185B" if row["type"].startswith("p3") else "L-DB2E81BA"


def refused(incident, known):
    """Problems: what was tried and refused."""
    found = sorted((each["call"], each["error"], each["proof"]) for each in incident["refusals"])
    return differ("refused", found, sorted((each["name"], each["code"], each["event_id"])
                                           for each in known["refused"]))


# --- money ------------------------------------------------------------------------------------

def cost(incident, known):
    """Problems: the eight rows, the burn, the projections."""
    table, expected = incident["cost"], known["cost"]
    found = {(row["region"], row["type"]): row for row in table["rows"]}
    problems = differ("rows", len(table["rows"]), 8)
    for row in expected["rows"]:
        one = found.get((row["region"], row["type"]))
        if one is None:
            problems.append(f"no row of {row['region']}")
            continue
        problems += differ(f"{row['region']}: instances", one["launched"], row["count"])
        problems += near(f"{row['region']}: price", one["usd_per_hour"], row["usd_per_hour"], 1e-9)
        problems += near(f"{row['region']}: burn", one["burn"], row["total"], 1e-6)
    problems += near("burn", table["burn"], expected["burn"], 1e-6)
    problems += near("24 hours", table["next_24_hours"], expected["per_day"])
    return problems + near("30 days", table["next_30_days"], expected["per_30_days"])


def price_of(known):
    """USD per hour by instance id."""
    prices = {row["region"]: row["usd_per_hour"] for row in known["cost"]["rows"]}
    return {each["instance_id"]: prices[each["region"]] for each in known["instances"]}


def gone(incident, known, end):
    """Problems: all ended; nothing burns; the sum is what each cost while it ran."""
    prices = price_of(known)
    total = sum(prices[each["instance_id"]] * (unix(end) - unix(each["launch"])) / 3600
                for each in known["instances"])
    problems = counts(incident, launched=140, ended=140)
    problems += near("burn", incident["cost"]["burn"], 0.0)
    return problems + near("sum", incident["cost"]["sum"], total, 0.01)


# --- the rest of the report -------------------------------------------------------------------

def containment(incident, known):
    """Problems: what returns goes before the key, the key before instances, and these before
    networks and buckets; every thing has its step."""
    steps = [(each["stage"], f"{each['text']} {each.get('command') or ''}")
             for each in incident["containment"]]
    problems = differ("stages in order", [stage for stage, _ in steps],
                      sorted(stage for stage, _ in steps))
    place = {}
    for stage in known["containment"]:
        for name in stage["ids"]:
            at = [number for number, (_, text) in enumerate(steps) if name in text]
            if not at:
                problems.append(f"{stage['stage']}: no step for {name}")
            place[name] = min(at, default=-1)
    left = [known["created_user"], known["created_key"]]
    first = [each["id"] for each in known["created"] if each["kind"] in ("rule", "function")]
    for name in first + left:
        if place[name] > place[known["key"]]:
            problems.append(f"{name} comes after the key")
    for name in first:
        if place[name] > min(place[other] for other in left):
            problems.append(f"{name} comes after what it would make again")
    return problems


def findings(incident, known, ahead):
    """Problems: both findings, and that our first alert was so many seconds before that of
    10:45."""
    found = {each["id"]: each for each in incident["findings"]}
    problems = []
    for each in known["findings"]:
        name = next((name for name in found if each["id"] in name), None)
        if name is None:
            problems.append(f"no finding {each['id']}")
            continue
        # Security Hub puts a namespace before it.
        problems += differ(f"{each['id']}: type", found[name]["type"].removeprefix("TTPs/"),
                           each["type"])
        problems += differ(f"{each['id']}: time", unix(found[name]["created"]),
                           unix(each["time"]))
    tool = next(each for each in known["findings"] if each["form"] == "native")
    lead = unix(tool["time"]) - unix(incident["first_alert"])
    if lead < ahead:
        problems.append(f"our first alert was {lead} s before the finding")
    # Not before there is an instance, and at the first login at the latest.
    if not unix(known["first_launch"]) < unix(incident["first_alert"]) <= \
            known["first_mining_packet_us"] / 1e6 + 5:
        problems.append(f"the first alert is of {incident['first_alert']}")
    return problems


def detections(incident):
    """Problems: the rules that must have fired, and no other."""
    return differ("rules", {each["sid"] for each in incident["detections"]}, FIRED)


def flows(incident, known):
    """Problems: the flow logs show the pool to the instances of their regions."""
    regions = known["flow_logs"]["regions"]
    found = {(each["region"], each["local_ip"]) for each in incident["flow_logs"]
             if f"{each['remote_ip']}:{each['remote_port']}" == known["flow_logs"]["pool"]}
    expected = {(each["region"], each["ip"]) for each in known["instances"]
                if each["instance_id"] in regions.get(each["region"], ())}
    return differ("addresses in flow logs", found ^ expected, set())


def report_text(done, known):
    """Problems: what stands in a report for a person."""
    text = done.out.decode("utf-8")
    plain = re.sub(r"\s+", " ", text.replace("|", " "))
    wanted = [known["key"], known["created_key"], known["principal"], known["attacker"],
              known["created_user"], "217.565", "347", "129.435", "T1496.001", "CloudWatchHealthCheck",
              "CloudWatchHealthSchedule", "stratos-analytics-logs-backup", known["findings"][1]["type"]]
    wanted += [row["region"] for row in known["cost"]["rows"]]
    wanted += [each["instance_id"] for each in known["instances"]]
    problems = [f"{word} is not in it" for word in wanted if word not in plain]
    if "not follow" not in plain:
        problems.append("it does not say that the published total does not follow")
    return problems + escaped(done.out)


def commands(done, known):
    """Problems: a command for each thing, and the warning; nothing that was not made by the
    thief is touched."""
    text = done.out.decode("utf-8")
    wanted = ["terminate-instances", "update-access-key", "disable-rule", "remove-targets",
              "put-function-concurrency", "put-user-policy", "delete-vpc",
              "delete-security-group", known["key"], known["created_key"]]
    problems = [f"{word} is not in it" for word in wanted if word not in text]
    kept = next(each["vpc_id"] for each in known["instances"] if each["region"] == "us-east-1")
    if re.search(r"delete-vpc[^\n]*" + kept, text):
        problems.append("it deletes a VPC that was there before")
    if "arning" not in text and "WARNING" not in text:
        problems.append("there is no warning")
    return problems


def nothing(summary):
    """Problems: a run over ordinary records says nothing."""
    return differ("summary", summary, "")


def escaped(data, is_markdown=False):
    """Problems: a control byte, a bidirectional mark, a forged heading; in Markdown, live markup."""
    text = data.decode("utf-8")
    bad = {each for each in text if each not in ALLOWED and
           unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cs")}
    problems = differ("characters that act", bad, set())
    if re.search(r"^# forged", text, re.MULTILINE):
        problems.append("a heading was forged")
    if is_markdown and re.search(r"<script>|\[link\]\(", re.sub(r"`[^`\n]*`", "", text)):
        problems.append("markup is live")
    return problems


# --- Redis ------------------------------------------------------------------------------------

def leases(redis, known):
    """Problems: each instance has a lease under its three scopes; addresses that are used again
    have leases that do not overlap."""
    problems, account = [], known["account"]
    for each in known["instances"]:
        for scope in (f"{account}/{each['region']}/{each['vpc_id']}",
                      f"{account}/{each['region']}", account):
            key = f"{PREFIX}:inventory:{scope}/{each['ip']}"
            found = [redis.hash(f"{PREFIX}:lease:{name}") for name in redis("ZRANGE", key, 0, -1)]
            mine = [lease for lease in found if lease.get("instance") == each["instance_id"]]
            problems += differ(f"leases of {each['instance_id']} in {key}", len(mine), 1)
            for lease in mine:
                problems += lease_fields(lease, each, known)
    return problems + no_overlap(redis, known)


def lease_fields(lease, each, known):
    """Problems of one lease."""
    expected = {"ip": each["ip"], "eni": each["eni_id"], "type": each["type"],
                "account": known["account"], "region": each["region"], "vpc": each["vpc_id"],
                "subnet": each["subnet_id"], "key": known["key"],
                "principal": known["principal_arn"], "source": known["attacker"],
                "from": str(int(unix(each["launch"])) * 1000), "event": each["event_id"],
                "scope": f"{known['account']}/{each['region']}/{each['vpc_id']}"}
    problems = [problem for key, value in expected.items()
                for problem in differ(f"{each['instance_id']}: {key}", lease.get(key), value)]
    return problems + differ(f"{each['instance_id']}: to", lease.get("to", ""), "")


def no_overlap(redis, known):
    """Problems: 10.0.1.23 was the pipeline's each night, and is a miner's now."""
    key = f"{PREFIX}:inventory:{known['scope']}/10.0.1.23"
    found = sorted((int(lease.get("from") or 0), int(lease.get("to") or 2 ** 60))
                   for lease in (redis.hash(f"{PREFIX}:lease:{name}")
                                 for name in redis("ZRANGE", key, 0, -1)))
    problems = differ("leases of 10.0.1.23", len(found), 9)
    return problems + [f"leases overlap: {one} {other}" for one, other in zip(found, found[1:])
                       if one[1] > other[0]]


def state(redis, incident, known):
    """Problems: one hash of one incident, in the sorted set."""
    names = redis("ZRANGE", f"{PREFIX}:incidents", 0, -1)
    problems = differ("incidents in Redis", names, [incident["id"]])
    kept = redis.hash(f"{PREFIX}:incident:{incident['id']}")
    text = " ".join(kept.values())
    return problems + [f"{word} is not in the hash" for word in
                       (known["key"], known["principal"], "217.565") if word not in text]


def hosts(redis, known):
    """Problems: the miners' hashes say what each costs, and to which incident it belongs."""
    problems = []
    by_id = {each["instance_id"]: each for each in known["instances"]}
    for name in known["mining"]:
        kept = redis.hash(f"{PREFIX}:host:{known['scope']}/{by_id[name]['ip']}")
        for field in ("cost@trail", "burn@trail", "incident@trail"):
            if field not in kept:
                problems.append(f"{by_id[name]['ip']} has no {field}")
        if "burn@trail" in kept:
            problems += near(f"{by_id[name]['ip']}: burn", float(kept["burn@trail"]), 3.06)
    return problems
