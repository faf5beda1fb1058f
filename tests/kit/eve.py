"""What holds for every line the sensor writes: its JSON Schema and the EVE conventions."""

import json
import re

import jsonschema

from .sensor import ROOT

SCHEMA = ROOT / "sensor" / "eve.schema.json"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000")
FLOW_ID_END = 1 << 51
KINDS = ("alert", "flow")


def unique_keys(pairs):
    """A JSON object; two equal keys are an error that parsers hide."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"a key appears twice: {sorted(key for key, _ in pairs)}")
    return found


class Checker:
    """The schema, compiled once."""

    def __init__(self):
        schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
        jsonschema.Draft7Validator.check_schema(schema)
        self.validator = jsonschema.Draft7Validator(
            schema, format_checker=jsonschema.FormatChecker())
        self.order = {key: rank for rank, key in enumerate(schema["properties"])}
        self.seen = set()

    def line(self, text):
        """Problems of one line; lines that were found good are remembered."""
        if text in self.seen:
            return []
        try:
            event = json.loads(text, object_pairs_hook=unique_keys)
        except ValueError as error:
            return [f"{error}: {text[:200]}"]
        problems = [f"{'/'.join(map(str, error.absolute_path)) or 'line'}: {error.message[:300]}"
                    for error in self.validator.iter_errors(event)]
        problems += self.conventions(event)
        if not problems:
            self.seen.add(text)
        return problems

    def conventions(self, event):
        """Problems with what consumers of EVE rely on, said here and not by the schema."""
        problems = []
        if not TIME.fullmatch(str(event.get("timestamp"))):
            problems.append(f"timestamp: {event.get('timestamp')!r}")
        number = event.get("flow_id")
        if not isinstance(number, int) or not 0 <= number < FLOW_ID_END:
            problems.append(f"flow_id: {number!r}")
        if event.get("event_type") not in KINDS:
            problems.append(f"event_type: {event.get('event_type')!r}")
        ranks = [self.order.get(key, -1) for key in event]
        if ranks != sorted(ranks):
            problems.append(f"keys are not in the order of the schema: {list(event)}")
        return problems

    def lines(self, lines):
        """Problems of many lines."""
        return [problem for line in lines for problem in self.line(line)]
