"""How a JSON message is written. A Spelling changes the form, never what is said."""

import json
from dataclasses import dataclass, replace
from random import Random

from ..dialects.talk import PUSH, Id, Num

BOM, NUL = b"\xef\xbb\xbf", b"\0"
REUSED_ID = 4
ESCAPED_SHARE = 3  # one character of so many is escaped


@dataclass(frozen=True)
class Spelling:
    """One way to write. before: bytes in front of each side's first message; `banner` of the
    pool's only. ids: "number", "text" or "reused". numbers: "plain", "float", "power" or "text".
    pushes: id of notifications, "null", "absent" or "number"."""

    name: str
    comma: str = ","
    colon: str = ":"
    inside: str = ""  # white space behind { and before }
    indent: int = 0
    end: bytes = b"\n"
    before: bytes = b""
    banner: bytes = b""
    shuffled: bool = False
    escaped: bool = False
    numbers: str = "plain"
    ids: str = "number"
    pushes: str = "null"


SPELLINGS = {each.name: each for each in (
    Spelling("compact"),
    Spelling("spaced", comma=", ", colon=": "),
    Spelling("airy", comma=" ,\t", colon=" : ", inside=" "),
    Spelling("shuffled", shuffled=True),
    Spelling("escaped", escaped=True),
    Spelling("crlf", end=b"\r\n"),
    Spelling("bare", end=b""),
    Spelling("blank-lines", before=b"\r\n \n", end=b"\n\n"),
    Spelling("bom", before=BOM),
    Spelling("nul", before=NUL * 2, end=b"\n\0"),
    Spelling("banner", banner=b"Welcome to Example Pool, region 1\r\n"),
    Spelling("pretty", indent=2, colon=": "),
    Spelling("floats", numbers="float"),
    Spelling("powers", numbers="power"),
    Spelling("texts", numbers="text"),
    Spelling("text-ids", ids="text", pushes="absent"),
    Spelling("reused-ids", ids="reused", pushes="number"),
    Spelling("everything", comma=" , ", colon=" :", shuffled=True, escaped=True, end=b"\r\n",
             numbers="float", pushes="absent"),
)}


class Speller:
    """Writes the messages of one session."""

    def __init__(self, spelling, seed):
        self.style, self._rng = spelling, Random(f"spell {spelling.name} {seed}")
        self._begun = set()

    def line(self, value, direction):
        """One message of a stream, with what stands around it."""
        style, before = self.style, b""
        if direction not in self._begun:
            self._begun.add(direction)
            before = style.before + (style.banner if direction else b"")
        return before + self.body(value) + style.end

    def body(self, value):
        """One message alone."""
        return self._write(value, 1).encode()

    def _write(self, value, depth):
        if isinstance(value, dict):
            return self._object(value, depth)
        if isinstance(value, (list, tuple)):
            return self._group("[", [self._write(item, depth + 1) for item in value], "]", depth)
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Num):
            return self._number(value)
        if isinstance(value, Id):
            return self._write(self._id(value), depth)
        if value is PUSH:
            return "null"
        return json.dumps(value)

    def _object(self, value, depth):
        members = [(key, item) for key, item in value.items()
                   if not (item is PUSH and self.style.pushes == "absent")]
        if self.style.shuffled:
            self._rng.shuffle(members)
        texts = []
        for key, item in members:
            if item is PUSH and self.style.pushes == "number":
                item = self._rng.randrange(1000)
            texts.append(self._text(key) + self.style.colon + self._write(item, depth + 1))
        return self._group("{", texts, "}", depth)

    def _group(self, first, texts, last, depth):
        if not texts:
            return first + last
        if self.style.indent:
            pad = "\n" + " " * self.style.indent * depth
            end = "\n" + " " * self.style.indent * (depth - 1)
            return first + pad + ("," + pad).join(texts) + end + last
        space = self.style.inside
        return first + space + self.style.comma.join(texts) + space + last

    def _text(self, value):
        plain = json.dumps(value)
        if not self.style.escaped:
            return plain
        out = []
        for at, char in enumerate(value):
            if char == "/":
                out.append("\\/")
            elif at % ESCAPED_SHARE == 1 and char.isascii():
                digits = f"{ord(char):04x}"
                out.append("\\u" + (digits.upper() if self._rng.random() < 0.5 else digits))
            else:
                out.append(json.dumps(char)[1:-1])
        return '"' + "".join(out) + '"'

    def _number(self, number):
        value, numbers = number.value, self.style.numbers
        if numbers == "text" and number.text:
            return json.dumps(str(value))
        if number.text:
            return json.dumps(value)
        if numbers == "float":
            return json.dumps(float(value))
        if numbers == "power":
            return f"{float(value):.10e}"
        return json.dumps(value)

    def _id(self, number):
        if self.style.ids == "reused" and number.is_share and isinstance(number.number, int):
            return REUSED_ID
        if self.style.ids == "text":
            return str(number.number)
        return number.number


def calmed(spelling):
    """The spelling without what belongs to streams only: for bodies and frames."""
    return replace(spelling, before=b"", banner=b"", end=b"")
