"""Reads the engine's dump (`nhip inspect --state`: lines `key field value`, percent-encoded) into the form of statedump.py.

Written from store-layout.md; the bits of a facet are restated here from the stored layout (include/facet.h says the same):
coordinate, list of schemas/codes, lowest bit, width.
"""
import math
import re
from urllib.parse import unquote_to_bytes

from codelists import ACTIVITIES, numbered
from statedump import encode

BITS = (("family", "families", 45, 3), ("role", None, 43, 2), ("outlet", "outlets", 36, 7), ("party", "parties", 29, 7),
        ("instrument", "instruments", 25, 4), ("pay_mode", "pay_modes", 22, 3), ("context", "contexts", 18, 4),
        ("category", "categories", 14, 4), ("cross_border", "cross_borders", 12, 2), ("person_type", "person_types", 9, 3),
        ("outcome", "outcomes", 4, 5), ("reason_class", "reason_classes", 2, 2))
NAMES = {coordinate: {0: "", **(numbered(codes) if codes else {1: "SELLER", 2: "BUYER"})} for coordinate, codes, _, _ in BITS}
BASE64URL = {character: value for value, character in
             enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")}
KEY = re.compile(r"(?:.*:)?([a-z]):\{(.+/[0-9]+)/[0-9a-z]+\}(?::(-?[0-9]+))?(?::([0-9]+))?")
PULSE = ("family", "outlet", "instrument", "context", "outcome", "reason_class")
NOT_COMPARED = frozenset(("layout", "epoch", "owner", "instance", "config", "cluster", "commit_ms", "end", "tail_print"))
REGISTERS_LOG2 = 14
ACCOUNT_REGISTERS_LOG2 = 12


class Corrupt(Exception):
    pass


def base64url(text):
    value = 0
    for character in text:
        value = value * 64 + BASE64URL[character]
    return value


def facet_of(text, coordinates):
    """Names of the given coordinates joined by |; Corrupt when any other coordinate or an unlisted number is set."""
    value = base64url(text)
    names = []
    for coordinate, _, low, width in BITS:
        number = value >> low & (1 << width) - 1
        value &= ~((1 << width) - 1 << low)
        if coordinate in coordinates:
            if number not in NAMES[coordinate]:
                raise Corrupt("facet %s: %s %d" % (text, coordinate, number))
            names.append(NAMES[coordinate][number])
        elif number:
            raise Corrupt("facet %s: %s is set" % (text, coordinate))
    if value:
        raise Corrupt("facet %s: unknown bits" % text)
    return names


def cell_of(value):
    parts = [int(part) for part in value.split(",")]
    return "%d %d %d" % tuple((parts + [0])[:3])


def registers_of(blob, registers_log2=REGISTERS_LOG2):
    registers = bytearray(1 << registers_log2)
    sparse_max = 4000 >> REGISTERS_LOG2 - registers_log2
    if blob[:1] == b"\x02":
        registers[:] = blob[1:]
        if len(blob) != 1 + len(registers) or sum(map(bool, registers)) <= sparse_max:
            raise Corrupt("dense sketch that should be sparse, or of wrong size")
        return registers
    if blob[:1] != b"\x01" or (len(blob) - 1) % 3 or len(blob) > 1 + 3 * sparse_max:
        raise Corrupt("sketch form")
    before = -1
    for at in range(1, len(blob), 3):
        register = blob[at] << 8 | blob[at + 1]
        if not before < register < len(registers) or not 1 <= blob[at + 2] <= 65 - registers_log2:
            raise Corrupt("sparse sketch entry")
        registers[register], before = blob[at + 2], register
    return registers


def estimate(registers):
    """Ertl's improved raw estimator: no bias to correct at any size."""
    count = len(registers)
    most = 65 - count.bit_length()
    histogram = [0] * (most + 2)
    for rank in registers:
        histogram[rank] += 1
    z = count * tau(1 - histogram[most + 1] / count)
    for rank in range(most, 0, -1):
        z = 0.5 * (z + histogram[rank])
    z += count * sigma(histogram[0] / count)
    return count * count / (2 * math.log(2) * z)


def sigma(x):
    if x == 1:
        return math.inf
    total, step, before = x, 1.0, None
    while total != before:
        x *= x
        before = total
        total += x * step
        step += step
    return total


def tau(x):
    if x in (0, 1):
        return 0.0
    total, step, before = 1 - x, 1.0, None
    while total != before:
        x = math.sqrt(x)
        before = total
        step *= 0.5
        total -= (1 - x) ** 2 * step
    return total / 3


class StoreDump:
    """`facts`: key text -> value text, as the lines of statedump.py split there. `sketches`: key text -> registers."""

    def __init__(self, path):
        self.facts = {}
        self.sketches = {}
        self.accounts = {}  # (partition, number) -> "source account"
        self.ledger = []
        self.persons = []
        with open(path, encoding="ascii") as file:
            for line in file:
                key, field, value = line.rstrip("\n").split(" ")
                match = KEY.fullmatch(key)
                if match:
                    self.read(match, unquote_to_bytes(field).decode("latin-1"), unquote_to_bytes(value))
        for where, number, day, facet, cell in self.ledger:
            self.put("d %s %d %s %s" % (where, day, self.accounts[where, number], facet), cell)
        for where, number, month, blob in self.persons:
            self.put("w %s %d %s" % (where, month, self.accounts[where, number]), blob.hex())

    def put(self, key, value):
        if key in self.facts:
            raise Corrupt("comes twice: " + key)
        self.facts[key] = value

    def read(self, match, field, value):
        kind, where, bucket, shard = match.groups()
        where = encode(where)
        bucket, shard = int(bucket or 0), int(shard or 0)
        if kind == "f":
            if field not in NOT_COMPARED:
                self.put("p %s %s" % (where, field), value.decode())
        elif kind == "d":
            number = shard << 5 | base64url(field[8:])
            facet = "|".join(facet_of(field[:8], NAMES))
            self.ledger.append((where, number, bucket, facet, cell_of(value.decode())))
        elif kind in "mh":
            self.put("%s %s %d %s" % (kind, where, bucket, "|".join(facet_of(field, PULSE))), cell_of(value.decode()))
        elif kind == "g":
            facet = "|".join(facet_of(field[:8], ("family", "outlet", "instrument")))
            self.put("g %s %d %s %d" % (where, bucket, facet, base64url(field[8:])), cell_of(value.decode()))
        elif kind == "l":
            self.put("l %s %d" % (where, base64url(field)), value.decode().split(",")[0])
        elif kind == "y":
            key = "y %s %d %d %d" % (where, bucket, base64url(field[:8]), base64url(field[8:]))
            self.put(key, value.decode().removesuffix(",0"))
        elif kind == "w":
            if base64url(field[:8]) or len(field) > 9:
                raise Corrupt("sketch of no account: " + field)
            registers_of(value, ACCOUNT_REGISTERS_LOG2)
            self.persons.append((where, shard << 5 | base64url(field[8:]), bucket, value))
        elif kind in "st":
            names = [name for name in facet_of(field, ("family", "outlet", "instrument", "outcome")) if name]
            self.sketches["%s %s %d %s" % (kind, where, bucket, "|".join(names))] = registers_of(value)
        elif kind == "a":
            self.read_account(where, shard << 5 | int(field), value)
        elif kind == "u":
            offset, message = value.split(b"\x1f", 1)
            self.put("u %s %d" % (where, shard << 5 | int(field)), "%s %s" % (offset.decode(), encode(message)))

    def read_account(self, where, number, value):
        source, account, days = value.split(b"\x1f")
        days = days.decode().split(";")
        found = ["%s=%s" % (name, text) for name, text in zip(ACTIVITIES, days) if text]
        if len(days) > len(ACTIVITIES):
            raise Corrupt("account %d: more activities than there are" % number)
        name = self.accounts[where, number] = "%s %s" % (encode(source), encode(account))
        self.put("a %s %d" % (where, number), "%s %s" % (name, ",".join(found) or "-"))
