"""Messages that mappings have not seen, and mappings that nobody wrote: seeded, for comparing the engine with mapping.py.

usage: python3 tests/oracle/mapped_mutants.py mutants SAMPLE COUNT SEED > MESSAGES
       python3 tests/oracle/mapped_mutants.py random SEED COUNT MAPPING MESSAGES     (writes both files)

A message is kept as a value whose numbers are texts, so that 1e400 and -0 survive; it is broken once or twice as a value
(types, swaps, twins of keys, extreme numbers, strange strings, missing members) and sometimes once more as bytes.
"""
import copy
import json
import random
import sys


class Raw(str):
    """A number, or anything else that is written as it is."""


class Pairs(list):
    """An object."""


NUMBERS = ["0", "1", "-1", "-0", "0.0", "12.50", "12.00", "1.5e3", "1e400", "-1e-400", "0e999999999999",
           "9223372036854775807", "9223372036854775808", "18446744073709551616", "1E+2", "100e-2", "1e-2",
           "1630666800", "1630666800000", "1630666800000000", "7258118399", "7258118400", "7258118399999",
           "7258118400000", "1630666800.1239", "9" * 60, "0." + "0" * 50 + "1", "1" + "0" * 40 + "e-40", "12.345",
           "1e0", "5e18", "922337203685477580700e-2", "20210903180000"]
STRINGS = ["", " ", "0", "-0", "007", "+5", "12.50", "12.", ".5", "1e3", "1,000", "9223372036854775807",
           "9223372036854775808", "true", "null", "USD", "usd", "VND", "vnd", "JPY", "XXX", "VN", "vn", "CAPTURED",
           "DECLINED", "order.created", "unit.registered", "2021-09-03T18:00:00+07:00", "2021-09-03T18:00:00Z",
           "2021-09-03t18:00:00.999999z", "2021-02-29T00:00:00Z", "2021-09-03T23:59:60Z", "2021-09-03T18:00:00-00:00",
           "20210903180000", "20210229000000", "2021-09-03 18:00:00", "1969-12-31T23:59:59Z", "2199-12-31T23:59:59Z",
           "2200-01-01T00:00:00Z", "1630666800", "1630666800.25", "a" * 64, "a" * 65, "é", "Phở", "a\tb", "a\"b\\c",
           "\x7f", "\u200b", "😀", "a\u0000b", "\x1f", "20210328023000", "20211031023000"]
LITERALS = ["null", "true", "false", "[]", "{}", "[1]", "[{}]", '{"a":1}', '"\\u0041"', '"\\ud83d\\ude00"',
            '"\\ud83d"', '"\\u0000"', '"\\/"', "nul", "01", "1.", "-", "+1", "NaN", "[1,]", '{"a":1,}',
            "[" * 40 + "]" * 40]


def load(text):
    return json.loads(text, object_pairs_hook=Pairs, parse_int=Raw, parse_float=Raw, parse_constant=Raw)


def write(value):
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Pairs):
        return "{" + ",".join(json.dumps(key, ensure_ascii=False) + ":" + write(item) for key, item in value) + "}"
    return "[" + ",".join(write(item) for item in value) + "]"


def places(value, found=None):
    """Every (container, index) below a value."""
    found = [] if found is None else found
    if isinstance(value, list):
        for index, item in enumerate(value):
            found.append((value, index))
            places(item[1] if isinstance(value, Pairs) else item, found)
    return found


def get(place):
    container, index = place
    return container[index][1] if isinstance(container, Pairs) else container[index]


def put(place, value):
    container, index = place
    container[index] = (container[index][0], value) if isinstance(container, Pairs) else value


def strange(chance):
    return chance.choice([lambda: Raw(chance.choice(NUMBERS)), lambda: chance.choice(STRINGS),
                          lambda: Raw(chance.choice(LITERALS)),
                          lambda: Raw(str(chance.randrange(-5, 10 ** chance.randrange(1, 20))))])()


def change(chance, value, place):
    old = get(place)
    kind = chance.randrange(9)
    container, index = place
    if kind <= 2:
        put(place, strange(chance))
    elif kind == 3:
        other = chance.choice(places(value))
        new = copy.deepcopy(get(other))
        if not isinstance(old, list):
            put(other, old)
        put(place, new)
    elif kind == 4 and isinstance(container, Pairs):
        twin = (container[index][0], strange(chance) if chance.random() < 0.7 else old)
        container.insert(chance.randrange(len(container) + 1), twin)
    elif kind == 5:
        del container[index]
    elif kind == 6 and isinstance(old, str) and not isinstance(old, Raw):
        cut = chance.randrange(len(old) + 1)
        put(place, chance.choice([old[:cut], old[:cut] + chance.choice(STRINGS) + old[cut:], old.swapcase(), Raw(old or "0")]))
    elif kind == 7 and isinstance(old, Raw):
        put(place, chance.choice([str(old), Raw(old + "0"), Raw("-" + old), Raw(old + ".0"), Raw(old + "e0"), Raw(old + ".5")]))
    elif kind == 8 and isinstance(old, list) and not isinstance(old, Pairs) and old:
        put(place, copy.deepcopy(old) * chance.choice([2, 3, 300]) if chance.random() < 0.8 else [])
    else:
        put(place, None)


def spaced(chance, text):
    """Blanks where JSON allows them (only outside of strings that hold no such bytes, which is as good as any)."""
    return text.replace(chance.choice([",", ":", "}"]), chance.choice([" ,", "\t:", " } ", "\r,"])[0:2])


def break_bytes(chance, data):
    at = chance.randrange(len(data) + 1)
    kind = chance.randrange(7)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + bytes([chance.choice([b for b in range(256) if b != 10])]) + data[at + 1:]
    if kind == 2:
        return data[:at] + chance.choice([b"\xc0\x80", b"\xed\xa0\x80", b"\xff", b"\x00", b"\xef\xbb\xbf",
                                          b"\xf4\x90\x80\x80"]) + data[at:]
    if kind == 3:
        return data + chance.choice([b" ", b"}", b"]", b"x", b",", b"\r", b"\x00", b" {}"])
    if kind == 4:
        return chance.choice([b"\xef\xbb\xbf", b" ", b"[", b"{", b"\t"]) + data
    if kind == 5:
        return b"[" + data + b"]"
    return data[:at] + data[min(len(data), at + chance.randrange(1, 9)):]


def mutant(chance, line):
    value = load(line)
    for _ in range(chance.choice([0, 1, 1, 1, 2, 3])):
        found = places(value)
        if found:
            change(chance, value, chance.choice(found))
    text = write(value)
    if chance.random() < 0.1:
        text = spaced(chance, text)
    data = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.15:
        data = break_bytes(chance, data)
    if chance.random() < 0.003:
        data = data + b" " * 65536
    return b"" if chance.random() < 0.002 else data


def write_mutants(sample, count, seed):
    chance = random.Random(int(seed))
    with open(sample, encoding="utf-8") as file:
        lines = [line for line in file.read().splitlines() if line != "null"]
    for _ in range(int(count)):
        sys.stdout.buffer.write(mutant(chance, chance.choice(lines)) + b"\n")


# ---- random mappings ----

KEYS = ["a", "b", "c", "d", "list", "o"]
ZONES = ["UTC", "Asia/Ho_Chi_Minh", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]
FORMATS = ["yyyyMMddHHmmss", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-ddTHH:mm:ss", "dd.MM.yyyy", "yyyyMMddHHmmssSSS", "yyyy/MM/dd HH:mm"]
CONSTANTS = {
    "PAYMENT": {"type": "payment.status", "event_id": "e", "payment_id": "p", "merchant_id": "m", "status": "CAPTURED",
                "amount_minor": 5, "currency": "VND", "instrument": "QR_A2A", "context": "POS", "payer_id": "u",
                "payer_type": "UNKNOWN"},
    "ORDER": {"type": "order.created", "event_id": "e", "order_id": "o", "seller_id": "s", "amount_minor": 5, "currency": "USD",
              "channel": "MARKETPLACE", "platform": "SHOPEE", "pay_mode": "COD", "buyer_type": "HOUSEHOLD"},
    "RIDE": {"type": "ride.completed", "event_id": "e", "trip_id": "t", "operator": "o", "fare_minor": 7, "currency": "JPY"},
    "WEBSITE": {"type": "website.observed", "event_id": "e", "merchant_id": "m", "content_changed_at": 1630666800000},
}
IDS = ["event_id", "payment_id", "order_id", "trip_id", "merchant_id", "terminal_id", "seller_id", "operator", "payer_id",
       "buyer_id", "payment_intent_id", "driver_id"]
CODES = {"status": ["CAPTURED", "DECLINED"], "reason_class": ["FRAUD"], "instrument": ["CARD", "CASH"], "wallet": ["MOMO",
                                                                                                                   "OTHER"],
         "scheme": ["VISA"], "context": ["AD"], "ad_platform": ["GOOGLE"], "payer_type": ["BUSINESS"], "payer_country": ["VN"],
         "merchant_country": ["DE"], "channel": ["OWN_WEB"], "platform": ["_Z", "TIKI"], "pay_mode": ["PREPAID"],
         "buyer_type": ["GOVERNMENT"], "seller_country": ["VN"], "buyer_country": ["SG"], "product_class": ["FOOD"],
         "currency": ["USD", "VND", "KWD"], "type": ["order.paid", "payment.status", "ride.completed"]}
TIMES = ["event_time", "ingest_time", "captured_at", "order_created_at", "shipped_at", "delivered_at", "content_changed_at"]
AMOUNTS = ["amount_minor", "fare_minor", "fx_amount_minor"]
BOOLS = ["test", "same_owner"]


def pointer(chance, each, inside=True):
    if chance.random() < 0.04:
        return chance.choice(["record:topic", "record:key", "record:time", "header:x"])
    path = "".join("/" + chance.choice(KEYS + ["0", "-1", "1"]) for _ in range(chance.choice([1, 1, 1, 1, 2, 2, 3])))
    if each and inside and chance.random() < 0.5:
        return "@" + (path if chance.random() < 0.8 else "")
    return path


def rule_of(chance, field, each):
    rule = {}
    if chance.random() < 0.25:
        rule["concat"] = [chance.choice(["", ":", "x", {"from": pointer(chance, each)}]) for _ in range(chance.randrange(3))]
        rule["concat"].insert(chance.randrange(len(rule["concat"]) + 1), {"from": pointer(chance, each)})
    else:
        rule["from"] = pointer(chance, each) if chance.random() < 0.7 else [pointer(chance, each) for _ in range(2)]
    if chance.random() < 0.2:
        rule["nonempty"] = True
    if field in TIMES:
        if chance.random() < 0.3:
            rule["default"] = chance.choice([1630666800000, "2021-09-03T18:00:00+07:00"])
        form = chance.choice(["rfc3339", "epoch_s", "epoch_ms", "epoch_us"] + FORMATS)
        if form != "rfc3339":
            rule["time"] = form
        if form in FORMATS or (form != "rfc3339" and chance.random() < 0.3):
            rule["zone"] = chance.choice(ZONES)
    elif field in AMOUNTS:
        for key, value in (("scale", chance.randrange(10)), ("multiply", chance.randrange(10)), ("absolute", True)):
            if chance.random() < 0.3:
                rule[key] = value
        if field != "fx_amount_minor" and chance.random() < 0.4:
            rule["unit"] = chance.choice(["major", "minor"])
    else:
        decorate(chance, field, rule)
    return rule


def decorate(chance, field, rule):
    values = CODES.get(field, ["true", "false"] if field in BOOLS else ["x1", "y 2"])
    if chance.random() < 0.3 and field not in BOOLS:
        rule["upper"] = True
    if chance.random() < 0.5:
        keys = chance.sample(STRINGS + NUMBERS + ["true", "false", "a", "b"], 6)
        rule["table"] = {key: chance.choice(values + ([None] if field != "type" else [])) for key in keys if key.isprintable()}
        if chance.random() < 0.7:
            rule["otherwise"] = chance.choice(["skip", "refuse", {"value": values[0]}, {"value": values[-1]}])
    if field in IDS and chance.random() < 0.3:
        rule["digest"] = True
    if chance.random() < 0.4:
        rule["default"] = chance.choice(values) if field not in BOOLS else chance.choice([True, False])


def condition(chance, each, inside):
    kind = chance.randrange(4)
    if kind == 3:
        return {"all": [simple_condition(chance, each, inside) for _ in range(2)]}
    return simple_condition(chance, each, inside)


def simple_condition(chance, each, inside):
    where = {"at": pointer(chance, each, inside)}
    kind = chance.choice(["exists", "in", "not_in"])
    where[kind] = chance.choice([True, False]) if kind == "exists" else chance.sample(["", "1", "true", "0", "a", "USD",
                                                                                       "12.50"], 3)
    return where


def random_mapping(chance):
    family = chance.choice(sorted(CONSTANTS))
    event = {"source": "S", "event_time": 1630666800000, **CONSTANTS[family]}
    each = chance.random() < 0.4
    mapping = {"name": "random", "topics": ["t"], "event": event}
    if each:
        mapping["each"] = chance.choice(["/list", "/list", "/o/list", "/list/0", ""])
    for field in chance.sample(IDS + sorted(CODES) + TIMES + AMOUNTS + BOOLS, chance.choice([1, 2, 2, 3, 5])):
        event[field] = rule_of(chance, field, each)
    for key in ("only", "ignore"):
        if chance.random() < 0.15:
            mapping[key] = [condition(chance, False, False) for _ in range(chance.choice([1, 1, 2]))]
        if each and chance.random() < 0.2:
            mapping[key + "_each"] = [condition(chance, True, True)]
    if chance.random() < 0.1:
        mapping["wire"] = "confluent"
    kind = chance.random()
    if kind < 0.15:
        mapping["envelope"] = "cloudevents"
        event["event_id"] = {"from": "envelope:" + chance.choice(["id", "/id", "type"]), "default": "none"}
    elif kind < 0.35:
        mapping["envelope"] = "debezium"
        event["event_id"] = {"from": "envelope:" + chance.choice(["op", "/op", "/before/a", "ts_ms"]), "default": "none"}
        if chance.random() < 0.5:
            mapping["deletes"] = chance.choice(["before", "ignore"])
        if chance.random() < 0.5:
            mapping["snapshots"] = chance.choice(["ignore", "take"])
    return mapping


def random_value(chance, depth):
    kind = chance.random()
    if depth < 3 and kind < 0.25:
        return random_object(chance, depth + 1)
    if depth < 3 and kind < 0.4:
        return [random_value(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind < 0.6:
        return Raw(chance.choice(NUMBERS))
    if kind < 0.9:
        return chance.choice(STRINGS[:-6] if chance.random() < 0.95 else STRINGS)
    return chance.choice([None, True, False])


def random_object(chance, depth):
    keys = chance.sample(KEYS, chance.randrange(3, len(KEYS) + 1))
    if chance.random() < 0.1:
        keys.append(chance.choice(keys))

    def value(key):
        if key == "list" and depth < 3 and chance.random() < 0.7:
            return [random_object(chance, depth + 1) for _ in range(chance.randrange(4))]
        return random_value(chance, depth)

    return Pairs((key, value(key)) for key in keys)


def wrapped(chance, body, envelope):
    if envelope == "cloudevents":
        return Pairs([("specversion", "1.0"), ("id", chance.choice(STRINGS[:40])), ("type", "t"), ("data", body)])
    if envelope == "debezium":
        change_of = Pairs([("before", random_object(chance, 2)), ("after", body), ("op", chance.choice("curdtm")),
                           ("ts_ms", Raw("1630666800123"))])
        return change_of if chance.random() < 0.6 else Pairs([("schema", Pairs([("type", "struct")])), ("payload", change_of)])
    return body


def write_random(seed, count, mapping_path, messages_path):
    chance = random.Random(int(seed))
    mapping = random_mapping(chance)
    with open(mapping_path, "w", encoding="utf-8") as file:
        json.dump(mapping, file, ensure_ascii=False, indent=1)
    with open(messages_path, "wb") as file:
        for _ in range(int(count)):
            value = wrapped(chance, random_object(chance, 0), mapping.get("envelope"))
            text = write(value)
            try:
                data = mutant(chance, text) if chance.random() < 0.25 else text.encode("utf-8", "surrogatepass")
            except ValueError:  # what is written was broken on purpose
                data = text.encode("utf-8", "surrogatepass")
            if mapping.get("wire"):
                data = chance.choice([b"\0\0\0\0\7"] * 9 + [b"\1\0\0\0\7", b"\0\0\0\7", b""]) + data
            file.write(data.replace(b"\n", b" ") + b"\n")


if __name__ == "__main__":
    {"mutants": write_mutants, "random": write_random}[sys.argv[1]](*sys.argv[2:])
