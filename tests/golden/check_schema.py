#!/usr/bin/env python3
"""Validates files of JSON lines against sensor/eve.schema.json.

usage: check_schema.py FILE...     ("-" is standard input)

Exit status 1 when a line is invalid, when a key appears twice, or when there was no line at all.
"""

import json
import pathlib
import sys

import jsonschema

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "sensor" / "eve.schema.json"
SHOWN = 20


def unique_keys(pairs):
    """A JSON object; two equal keys are an error that parsers hide."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key appears twice: %s" % sorted(key for key, _ in pairs))
    return result


def key_order(schema):
    return {key: rank for rank, key in enumerate(schema["properties"])}


def out_of_order(event, order):
    """The first root key that comes before its predecessor of the schema."""
    ranks = [(order[key], key) for key in event if key in order]
    for (rank, _), (following, key) in zip(ranks, ranks[1:]):
        if following < rank:
            return key
    return None


def check_line(validator, order, text):
    """What is wrong with one line, as a list of messages."""
    try:
        event = json.loads(text, object_pairs_hook=unique_keys)
    except ValueError as error:
        return [str(error)]
    messages = []
    for error in validator.iter_errors(event):
        where = "/".join(str(step) for step in error.absolute_path) or "line"
        messages.append("%s: %s" % (where, error.message[:300]))
    key = out_of_order(event, order) if isinstance(event, dict) else None
    if key is not None:
        messages.append("key %s is not in the order of the schema" % key)
    return messages


def main(paths):
    if not paths:
        print(__doc__, file=sys.stderr)
        return 2
    with open(SCHEMA, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
    order = key_order(schema)
    lines = 0
    bad = 0
    for path in paths:
        file = sys.stdin.buffer if path == "-" else open(path, "rb")
        with file:
            for number, raw in enumerate(file, 1):
                lines += 1
                for message in check_line(validator, order, raw.decode("utf-8")):
                    bad += 1
                    if bad <= SHOWN:
                        print("%s:%d: %s" % (path, number, message))
    if lines == 0:
        print("no line to check in %s" % " ".join(paths))
        return 1
    print("%d lines checked, %d errors" % (lines, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
