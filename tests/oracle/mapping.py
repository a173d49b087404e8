"""Messages in somebody else's shape -> canonical text, ignored, or refused: the second implementation of mappings, written
from schemas/mapping.md alone. It trusts that the mapping file is valid; finding its errors is the engine's business.

usage: python3 tests/oracle/mapping.py MAPPING FILE [TOPIC]

prints what `nhip check --mapping MAPPING --canonical FILE` prints. Everything is read as text: no number passes through
a double. The message becomes a tree that remembers where each value stood, and pointers walk on the tree; the engine
reads in one pass along a trie, so the two have little in common but the page.
"""
import json
import re
import sys

from civil import TIME_END_MS
from event import BOOL, FIELDS, ID, MESSAGE_BYTES_MAX, MONEY, WHEN, check_whole
from jsontext import Refusal
from mappedtree import Node, Tree, plain_text, tokens_of, walk
from mappedvalue import amount_of_text, compile_time, time_of_constant
from codelists import CURRENCY_EXPONENTS
from xxh3 import xxh3_128

FAN_OUT_MAX = 256
ORDER = ["type", "event_id", "source", "event_time", "ingest_time", "payment_id", "order_id", "trip_id", "merchant_id",
         "terminal_id", "seller_id", "operator", "status", "reason_class", "amount_minor", "fare_minor", "currency",
         "fx_amount_minor", "instrument", "wallet", "scheme", "context", "ad_platform", "payer_id", "payer_type", "payer_country",
         "merchant_country", "captured_at", "same_owner", "channel", "platform", "pay_mode", "buyer_type", "buyer_id",
         "seller_country", "buyer_country", "product_class", "order_created_at", "shipped_at", "delivered_at",
         "content_changed_at", "test", "payment_intent_id", "driver_id"]
OF_THE_TEXT = ("empty_value", "too_large", "not_json", "bad_utf8", "too_deep")


class Refused(Exception):
    def __init__(self, reason, byte, field=""):
        super().__init__(reason)
        self.reason, self.byte, self.field = reason, byte, field


class Ignored(Exception):
    pass


class Message:
    """One message, unwrapped: what the pointers of a mapping can be asked of."""

    def __init__(self, record):
        self.record = record
        self.envelope = self.body = None

    def lead(self, pointer, element, doubles):
        if pointer.startswith("@"):
            return walk(element, tokens_of(pointer), doubles)
        if pointer.startswith("envelope:"):
            name = pointer[len("envelope:"):]
            if self.envelope is None:  # CloudEvents in headers
                return self.header("ce_" + name)
            return walk(self.envelope, tokens_of(name if name.startswith("/") else "/" + name), doubles)
        if pointer.startswith("header:"):
            return self.header(pointer[len("header:"):])
        if pointer == "record:time":
            return plain_text("number", str(self.record["time"])) if 0 < self.record.get("time", 0) < TIME_END_MS else None
        if pointer in ("record:key", "record:topic"):
            text = self.record.get(pointer[len("record:"):])
            return None if text is None else plain_text("string", text)
        return walk(self.body, tokens_of(pointer), doubles)

    def header(self, name):
        text = self.record.get("headers", {}).get(name)
        return None if text is None else plain_text("string", text)


# ---- envelopes ----

def part(node, name):
    """A part of an envelope; a key that comes twice refuses."""
    doubles = []
    found = walk(node, [name], doubles)
    if doubles:
        raise Refused("duplicate_key", doubles[0])
    return found


def unwrap_cloudevent(message, top):
    if message.header("ce_specversion") is not None:
        if message.header("ce_specversion").text != "1.0":
            raise Refused("bad_envelope", 0)
        return None, top
    if top.kind != "object":
        raise Refused("bad_envelope", top.at)
    version, data = part(top, "specversion"), part(top, "data")
    if version is None or version.kind != "string" or version.text != "1.0":
        raise Refused("bad_envelope", version.at if version else top.at)
    if data is None or data.kind != "object":
        raise Refused("bad_envelope", data.at if data else top.at)
    return top, data


def unwrap_change(mapping, top):
    envelope = part(top, "payload") or top
    if envelope.kind != "object":
        raise Refused("bad_envelope", envelope.at)
    op = part(envelope, "op")
    if op is None:
        raise Refused("bad_envelope", envelope.at)
    letter = op.text if op.kind == "string" else None
    if letter in ("t", "m") or (letter == "d" and mapping.get("deletes") != "before") \
            or (letter == "r" and mapping.get("snapshots") == "ignore"):
        raise Ignored
    if letter not in ("c", "u", "r", "d"):
        raise Refused("bad_envelope", op.at)
    body = part(envelope, "before" if letter == "d" else "after")
    if body is None or body.kind != "object":
        raise Refused("bad_envelope", body.at if body else envelope.at)
    return envelope, body


# ---- conditions and rules ----

def holds(condition, find):
    if "all" in condition:
        return all(holds(part, find) for part in condition["all"])
    node = find(condition["at"])
    if "exists" in condition:
        return (node is not None) == condition["exists"]
    text = None if node is None else node.text
    return text not in condition["not_in"] if "not_in" in condition else text is not None and text in condition["in"]


def pointers_in(thing):
    """Every pointer that a rule, a condition or a list of them asks for."""
    if isinstance(thing, list):
        return [pointer for item in thing for pointer in pointers_in(item)]
    if not isinstance(thing, dict):
        return []
    pointers = [thing["at"]] if "at" in thing else []
    if "from" in thing:
        pointers += [thing["from"]] if isinstance(thing["from"], str) else thing["from"]
    return pointers + pointers_in(thing.get("concat", [])) + pointers_in(thing.get("all", []))


class Rule:
    def __init__(self, field, rule):
        self.field = field
        self.rule = rule if isinstance(rule, dict) else {"default": rule}
        self.type = FIELDS[field]
        self.is_time, self.is_money = self.type is WHEN, self.type is MONEY
        self.time = compile_time(self.rule.get("time", "rfc3339"), self.rule.get("zone")) if self.is_time else None

    def find(self, lead):
        """The value's node before any conversion; None when it is absent."""
        if self.rule.get("nonempty"):
            lead = self.without_empty(lead)
        if "concat" in self.rule:
            texts, first = [], None
            for piece in self.rule["concat"]:
                if isinstance(piece, dict):
                    node = lead(piece["from"])
                    if node is None:
                        return None
                    self.be_scalar(node)
                    first = node.at if first is None else first
                    texts.append(node.text)
                else:
                    texts.append(piece)
            return Node("string", first or 0, "".join(texts))
        pointers = self.rule.get("from", [])
        for pointer in [pointers] if isinstance(pointers, str) else pointers:
            node = lead(pointer)
            if node is not None:
                self.be_scalar(node)
                if self.is_time and pointer == "record:time":
                    return Node("ms", 0, node.text)
                return node
        return None

    @staticmethod
    def without_empty(lead):
        def find(pointer):
            node = lead(pointer)
            return None if node is not None and node.kind == "string" and node.text == "" else node
        return find

    def be_scalar(self, node):
        if node.kind in ("object", "array"):
            raise Refused("wrong_type", node.at, self.field)

    def constant(self, value):
        if self.is_time:
            return time_of_constant(value)
        return value

    def value(self, lead, event):
        """(canonical value, where it came from), or None when the field is absent."""
        node = self.find(lead)
        if node is None:
            if "default" not in self.rule:
                return None
            return self.constant(self.rule["default"]), 0
        try:
            value = self.convert(node, event)
            return None if value is None else (value, node.at)
        except Refusal as refusal:
            raise Refused(refusal.reason, node.at, refusal.field or self.field) from None

    def convert(self, node, event):
        kind, text = node.kind, node.text
        if self.rule.get("upper") and kind == "string":
            text = re.sub("[a-z]", lambda letter: letter[0].upper(), text)
        if "table" in self.rule:
            kind, text = "string", self.looked_up(text)
            if text is None:
                return None
            if self.type[0] is BOOL:
                kind = "bool"
        if self.type is ID:
            return self.id_of(kind, text)
        if self.is_time or self.is_money:
            if kind == "ms":
                return int(text)
            if kind == "bool":
                raise Refusal("wrong_type")
            if self.is_time:
                return self.time(text)
            return amount_of_text(text, kind == "number", self.rule, self.exponent(event))
        if kind != self.type[0][0]:
            raise Refusal("wrong_type")
        if kind == "bool":
            return text == "true"
        if self.field == "status" and len(text.encode()) > 64:
            raise Refusal("unknown_code")
        self.type[1](text)
        return text

    def looked_up(self, text):
        if text in self.rule["table"]:
            return self.rule["table"][text]
        otherwise = self.rule.get("otherwise", "refuse")
        if otherwise == "skip":
            raise Ignored
        if otherwise == "refuse":
            raise Refusal("unknown_type" if self.field == "type" else "unknown_code")
        return otherwise["value"]

    def id_of(self, kind, text):
        if kind == "bool":
            raise Refusal("wrong_type")
        if self.rule.get("digest"):
            return "x:" + xxh3_128(text.encode())
        if kind == "number" and any(c in ".eE" for c in text):
            raise Refusal("bad_id")
        return ID[1](text)

    def exponent(self, event):
        if self.rule.get("unit", "minor") == "minor":
            return 0
        if "currency" not in event.values:
            raise Refused("missing_field", event.end, "currency")
        return CURRENCY_EXPONENTS[event.values["currency"]]


class Event:
    def __init__(self, end):
        self.values, self.places, self.end = {}, {}, end

    def text(self):
        named = []
        for field in ORDER:
            if field in self.values:
                named.append('"%s":%s' % (field, canonical(self.values[field])))
            if field == "type":
                named.append('"schema_version":1')
        return "{" + ",".join(named) + "}"


def canonical(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return '"' + re.sub(r'[\x00-\x1f"\\]', lambda c: "\\" + c[0] if c[0] in '"\\' else "\\u%04x" % ord(c[0]), value) + '"'


class Mapping:
    def __init__(self, definition):
        self.definition = definition
        get = definition.get
        self.only, self.ignore, self.each = get("only", []), get("ignore", []), get("each")
        self.only_each, self.ignore_each = get("only_each", []), get("ignore_each", [])
        fields = sorted(definition["event"], key=ORDER.index)
        if "currency" in fields:  # judged before the amounts
            fields.remove("currency")
            amounts = [i for i, field in enumerate(fields) if ORDER.index(field) >= ORDER.index("amount_minor")]
            fields.insert(amounts[0] if amounts else len(fields), "currency")
        self.rules = [Rule(field, definition["event"][field]) for field in fields]
        every = pointers_in(list(definition["event"].values()) + self.only + self.ignore + self.only_each + self.ignore_each)
        every += [self.each] if self.each is not None else []
        self.of_elements = [pointer for pointer in every if pointer.startswith("@")]
        self.of_message = [pointer for pointer in every if not pointer.startswith("@")]

    def results(self, data, record=None):
        """For each event a text, None (ignored) or a Refused."""
        try:
            message, elements = self.read(data, record or {})
        except Ignored:
            return [None]
        except Refused as refused:
            return [refused]
        return [self.judged(message, element, len(data)) for element in elements]

    def judged(self, message, element, end):
        try:
            return self.event(message, element, end)
        except Ignored:
            return None
        except Refused as refused:
            return refused

    def read(self, data, record):
        start = 0
        if not data:
            raise Refused("empty_value", 0)
        if len(data) > MESSAGE_BYTES_MAX:
            raise Refused("too_large", 0)
        if self.definition.get("wire") == "confluent":
            start = 5
            if len(data) < 6 or data[0] != 0:
                raise Refused("bad_envelope", 0)
            if data[5] not in b"{[":
                raise Refused("bad_envelope", 5)
        try:
            top = Tree(data, start).message()
        except Refusal as refusal:
            raise Refused(refusal.reason, 0) from None
        message = Message(record)
        kind = self.definition.get("envelope", "none")
        if kind == "cloudevents":
            message.envelope, message.body = unwrap_cloudevent(message, top)
        elif kind == "debezium":
            message.envelope, message.body = unwrap_change(self.definition, top)
        else:
            message.envelope = message.body = top
        self.refuse_doubles(message, None, self.of_message)
        self.ask(message, None, self.only, self.ignore)
        return message, self.elements(message)

    def elements(self, message):
        if self.each is None:
            return [None]
        node = message.lead(self.each, None, [])
        if node is None:
            raise Ignored
        if node.kind != "array":
            raise Refused("wrong_type", node.at)
        if not node.inside:
            raise Ignored
        if len(node.inside) > FAN_OUT_MAX:
            raise Refused("too_large", node.at)
        return node.inside

    @staticmethod
    def refuse_doubles(message, element, pointers):
        doubles = []
        for pointer in pointers:
            message.lead(pointer, element, doubles)
        if doubles:
            raise Refused("duplicate_key", min(doubles))

    @staticmethod
    def ask(message, element, only, ignore):
        for conditions, expected in ((only, True), (ignore, False)):
            for condition in conditions:
                if holds(condition, lambda pointer: message.lead(pointer, element, [])) != expected:
                    raise Ignored

    def event(self, message, element, end):
        self.refuse_doubles(message, element, self.of_elements)
        self.ask(message, element, self.only_each, self.ignore_each)
        event = Event(end)

        def lead(pointer):
            return message.lead(pointer, element, [])

        for rule in self.rules:
            found = rule.value(lead, event)
            if found is not None:
                event.values[rule.field], event.places[rule.field] = found
        if "ingest_time" not in self.definition["event"]:
            time = message.record.get("time", 0)
            if 0 < time < TIME_END_MS:
                event.values["ingest_time"] = time
            elif "event_time" in event.values:
                event.values["ingest_time"] = event.values["event_time"]
        try:
            if event.values.get("type") == "unit.registered":
                raise Refusal("unknown_type", "type")
            check_whole({"schema_version": 1, **event.values})
        except Refusal as refusal:
            byte = end if refusal.reason == "missing_field" else event.places[refusal.field]
            raise Refused(refusal.reason, byte, refusal.field) from None
        return event.text()


def line_of(result, number):
    """One result as `nhip check --canonical` prints it."""
    if isinstance(result, str):
        return result
    if result is None:
        return '{"line":%d,"ignored":true}' % number
    field = ',"field":"%s"' % result.field if result.field else ""
    byte = "" if result.reason in OF_THE_TEXT else ',"byte":%d' % result.byte
    return '{"line":%d,"refused":"%s"%s%s}' % (number, result.reason, field, byte)


def lines_of(mapping, data, topic):
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    for number, line in enumerate(lines, 1):
        if line == b"null":  # a tombstone
            yield line_of(None, number)
            continue
        for result in mapping.results(line, {"topic": topic}):
            yield line_of(result, number)


def main(arguments):
    with open(arguments[0], encoding="utf-8") as file:
        mapping = Mapping(json.load(file))
    with open(arguments[1], "rb") as file:
        data = file.read()
    for line in lines_of(mapping, data, arguments[2] if len(arguments) > 2 else None):
        sys.stdout.buffer.write(line.encode("utf-8") + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
