"""JSON, read twice.

`quick` is the standard library's reader with hooks: it serves well-formed messages. `careful` walks the bytes one token after the
other and stops at the first offending one, so that of several breaches the right one is named (schemas/README.md §1, order of
refusals). Whatever `quick` does not like is read again by `careful`, which alone decides on refusals.
"""
import json
import re

DEPTH_MAX = 32
INT_CHARACTERS_MAX = 40


class Refusal(Exception):
    def __init__(self, reason, field=""):
        super().__init__(reason)
        self.reason = reason
        self.field = field


class Pairs(list):
    """A JSON object as its (key, value) pairs, so that a key that comes twice is seen."""


class Number:
    """A number that is not a plain integer: fraction, exponent, -0, or absurdly long."""

    def __init__(self, text):
        self.text = text
        self.integer = None
        if not any(c in ".eE" for c in text):
            self.integer = 0 if text == "-0" else (-1 if text[0] == "-" else 1) * 10 ** INT_CHARACTERS_MAX


def read_int(text):
    if text == "-0" or len(text) > INT_CHARACTERS_MAX:
        return Number(text)
    return int(text)


def refuse_constant(text):
    raise ValueError(text)


UNSURE_ESCAPE = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")  # a surrogate or NUL, perhaps
SCAN = json.JSONDecoder(object_pairs_hook=Pairs, parse_float=Number, parse_constant=refuse_constant).scan_once


def quick(data):
    """Pairs of the top object; integers are plain (-0 is 0). ValueError for anything that is not plainly well-formed:
    `careful` then
    says what is wrong, or reads it after all."""
    if UNSURE_ESCAPE.search(data) or data.count(b"{") + data.count(b"[") > DEPTH_MAX:
        raise ValueError("to be read carefully")
    text = data.decode("utf-8")
    try:
        pairs, end = SCAN(text, 0)
    except StopIteration:
        raise ValueError("to be read carefully") from None
    if type(pairs) is not Pairs or end != len(text):
        raise ValueError("to be read carefully")
    return pairs


NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
SPACE = re.compile(rb"[ \t\n\r]*")
PLAIN = re.compile(rb"[\x20-\x21\x23-\x5b\x5d-\x7f]+")
HEX4 = re.compile(rb"[0-9A-Fa-f]{4}")
ESCAPES = {ord('"'): '"', ord("\\"): "\\", ord("/"): "/", ord("b"): "\b", ord("f"): "\f", ord("n"): "\n", ord("r"): "\r",
           ord("t"): "\t"}
LITERALS = {ord("t"): (b"true", True), ord("f"): (b"false", False), ord("n"): (b"null", None)}
# First byte of a value -> JSON type; a byte that is not here starts no value.
TYPES = {ord('"'): "string", ord("{"): "object", ord("["): "array", ord("t"): "bool", ord("f"): "bool", ord("n"): "null",
         ord("-"): "number", **{digit: "number" for digit in b"0123456789"}}


class Careful:
    """Token by token. `visit(key, type)` is told the type of a top value by its first byte and may refuse it;
    `accept(key, value)` is
    given the value when its token (or the whole unlisted value) has been read and may refuse it, too."""

    def __init__(self, data, visit_key, visit, accept):
        self.data = data + b"\0"  # a sentinel that starts nothing and continues nothing
        self.at = 0
        self.visit_key = visit_key
        self.visit = visit
        self.accept = accept

    def space(self):
        self.at = SPACE.match(self.data, self.at).end()

    def expect(self, byte):
        self.space()
        if self.data[self.at] != byte:
            raise Refusal("not_json")
        self.at += 1

    def message(self):
        self.expect(ord("{"))
        self.members(1, top=True)
        self.space()
        if self.at != len(self.data) - 1:
            raise Refusal("not_json")

    def members(self, depth, top=False):
        pairs = Pairs()
        self.space()
        if self.data[self.at] == ord("}"):
            self.at += 1
            return pairs
        while True:
            self.space()
            key = self.string()
            if top:
                self.visit_key(key)
            self.expect(ord(":"))
            self.space()
            if top:
                kind = TYPES.get(self.data[self.at])
                if kind is None:
                    raise Refusal("not_json")
                self.visit(key, kind)
            value = self.value(depth)
            if top:
                self.accept(key, value)
            pairs.append((key, value))
            self.space()
            self.at += 1
            if self.data[self.at - 1] == ord("}"):
                return pairs
            if self.data[self.at - 1] != ord(","):
                raise Refusal("not_json")

    def items(self, depth):
        items = []
        self.space()
        if self.data[self.at] == ord("]"):
            self.at += 1
            return items
        while True:
            self.space()
            items.append(self.value(depth))
            self.space()
            self.at += 1
            if self.data[self.at - 1] == ord("]"):
                return items
            if self.data[self.at - 1] != ord(","):
                raise Refusal("not_json")

    def value(self, depth):
        byte = self.data[self.at]
        kind = TYPES.get(byte)
        if kind == "string":
            return self.string()
        if kind == "number":
            return self.number()
        if kind in ("object", "array"):
            if depth + 1 > DEPTH_MAX:
                raise Refusal("too_deep")
            self.at += 1
            return self.members(depth + 1) if kind == "object" else self.items(depth + 1)
        if kind is None:
            raise Refusal("not_json")
        text, value = LITERALS[byte]
        if not self.data.startswith(text, self.at):
            raise Refusal("not_json")
        self.at += len(text)
        return value

    def number(self):
        match = NUMBER.match(self.data, self.at)
        if not match:
            raise Refusal("not_json")
        if self.data[match.end():match.end() + 1] in (b".", b"e", b"E"):
            raise Refusal("not_json")  # a fraction or exponent without digits belongs to this token
        self.at = match.end()
        text = match.group().decode()
        return Number(text) if match.group(1) or match.group(2) else read_int(text)

    def string(self):
        if self.data[self.at] != ord('"'):
            raise Refusal("not_json")
        self.at += 1
        parts = []
        while True:
            byte = self.data[self.at]
            if byte == ord('"'):
                self.at += 1
                return "".join(parts)
            if byte < 0x20:
                raise Refusal("not_json")
            if byte == ord("\\"):
                parts.append(self.escape())
            elif byte < 0x80:
                plain = PLAIN.match(self.data, self.at)
                parts.append(plain.group().decode("ascii"))
                self.at = plain.end()
            else:
                parts.append(self.beyond_ascii(byte))

    def beyond_ascii(self, byte):
        length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
        try:
            text = self.data[self.at:self.at + length].decode("utf-8")
        except UnicodeDecodeError:
            raise Refusal("bad_utf8") from None
        self.at += length
        return text

    def escape(self):
        byte = self.data[self.at + 1]
        if byte in ESCAPES:
            self.at += 2
            return ESCAPES[byte]
        code = self.unicode_escape()
        if 0xD800 <= code < 0xDC00:
            if self.data[self.at:self.at + 2] != b"\\u":
                raise Refusal("bad_utf8")
            low = self.unicode_escape()
            if not 0xDC00 <= low < 0xE000:
                raise Refusal("bad_utf8")
            code = 0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00)
        elif 0xDC00 <= code < 0xE000 or code == 0:
            raise Refusal("bad_utf8")
        return chr(code)

    def unicode_escape(self):
        match = HEX4.match(self.data, self.at + 2) if self.data[self.at + 1] == ord("u") else None
        if not match:
            raise Refusal("not_json")
        self.at += 6
        return int(match.group(), 16)
