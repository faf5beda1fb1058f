"""A strict reader of Prometheus's text format (0.0.4), and its conventions for names."""

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
HELP = re.compile(rf"# HELP ({NAME}) (.+)")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge|histogram|summary|untyped)")
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9]+(?:\.[0-9]+)?|[+-]Inf|NaN)")
# Units that have a base unit, and words that belong into the type or are an abbreviation.
BAD_WORDS = {"ms", "us", "ns", "s", "sec", "milliseconds", "microseconds", "minutes", "hours",
             "days", "kb", "mb", "gb", "kib", "mib", "kilobytes", "megabytes", "bits", "percent",
             "counter", "gauge", "histogram", "summary", "count", "sum", "bucket"}


class Bad(Exception):
    """The text is not in the format."""


class Family:
    """One metric: what it is, and its samples by their labels' text."""

    def __init__(self, name, text):
        self.name = name
        self.help = text
        self.type = None
        self.samples = {}

    @property
    def value(self):
        """Of a metric without labels."""
        return self.samples[""]


def parse(text):
    """Families by name, in their order. Bad unless every line is as the format wants it, each
    family has its HELP, then its TYPE, then its samples, together and once."""
    if not text.endswith("\n"):
        raise Bad("no line feed at the end")
    families, now = {}, None
    for number, line in enumerate(text[:-1].split("\n"), 1):
        if found := HELP.fullmatch(line):
            if found[1] in families:
                raise Bad(f"line {number}: {found[1]} comes twice")
            now = families[found[1]] = Family(found[1], found[2])
        elif found := TYPE.fullmatch(line):
            if now is None or now.name != found[1] or now.type or now.samples:
                raise Bad(f"line {number}: TYPE not behind its HELP")
            now.type = found[2]
        elif found := SAMPLE.fullmatch(line):
            if now is None or now.name != found[1] or not now.type:
                raise Bad(f"line {number}: a sample without its family")
            if (found[2] or "") in now.samples:
                raise Bad(f"line {number}: the same sample again")
            now.samples[found[2] or ""] = float(found[3])
        else:
            raise Bad(f"line {number}: {line!r}")
    return families


def lint(families):
    """Problems: what the conventions (promtool check metrics) complain about."""
    problems = []
    for family in families.values():
        words = family.name.split("_")
        if (family.type == "counter") != family.name.endswith("_total"):
            problems.append(f"{family.name} is a {family.type}")
        if bad := BAD_WORDS & set(words):
            problems.append(f"{family.name}: {', '.join(sorted(bad))}")
        if family.name != family.name.lower() or ":" in family.name:
            problems.append(f"{family.name}: letters")
        if not family.samples:
            problems.append(f"{family.name} has no sample")
        if family.type == "counter" and min(family.samples.values(), default=0) < 0:
            problems.append(f"{family.name} is negative")
    return problems
