"""Bytes of one message -> one valid event, or the reason of its refusal (schemas/README.md §1, §2).

Readings taken where the page leaves room (each is also in the closing report of this work):
* A value of another JSON type is seen at its first byte, before anything inside it; inside one token syntax and UTF-8
come first, form
  (id, time, code …) after. `null` never offends by itself.
* `status` of families that have no status is only checked to be a string. A bad status of a unit is `bad_registry`.
* Open codes beyond 64 bytes are `unknown_code`. Counted as read as OTHER: scheme, wallet, product_class always; platform only for
  channel MARKETPLACE (`_Z` is not counted); ad_platform only for context AD; only of keys that the family reads.
* A ride without buyer_type is a HOUSEHOLD's.
"""
import codelists
from civil import TIME_END_MS, ms_of_rfc3339
from jsontext import Careful, Number, Refusal, quick
from unitrecord import UNIT_KEYS, read_unit

MESSAGE_BYTES_MAX = 65536
OPEN = None  # a key of the table of an open list
UNLISTED = "?OTHER"  # an open code outside its list; "OTHER" itself is in the list
INT64_MAX = 2 ** 63 - 1


def integer_of(value):
    """The integer a JSON number token denotes when it has neither fraction nor exponent, else None."""
    return value.integer if type(value) is Number else value


def read_id(value):
    if 1 <= len(value) <= 64 and value.isascii() and value.isprintable():
        return value
    raise Refusal("bad_id")


def read_time(value):
    if type(value) is str:
        value = ms_of_rfc3339(value)
    else:
        value = integer_of(value)
        if value is not None and not 0 <= value < TIME_END_MS:
            value = None
    if value is None:
        raise Refusal("bad_time")
    return value


def read_money(value):
    if type(value) is Number or not 0 <= value <= INT64_MAX:
        raise Refusal("bad_amount")
    return value


def read_int(value):
    value = integer_of(value)
    if value is None or not -INT64_MAX - 1 <= value <= INT64_MAX:
        raise Refusal("wrong_type")
    return value


def read_country(value):
    if len(value) == 2 and value.isascii() and value.isalpha() and value.isupper():
        return value
    raise Refusal("unknown_code")


def plain(value):
    return value


def closed(codes):
    def read(value):
        if value in codes:
            return value
        raise Refusal("unknown_code")
    read.table = {code: code for code in codes}
    return read


def opened(codes, **same):
    names = {code: code for code in codes}
    names.update(same)

    def read(value):
        name = names.get(value)
        if name is None:
            if len(value.encode("utf-8", "surrogatepass")) > 64:
                raise Refusal("unknown_code")
            return UNLISTED
        return name
    read.table = {**names, OPEN: ""}
    return read


STRING, NUMBER, TIME, BOOL = ("string",), ("number",), ("number", "string"), ("bool",)
ID = (STRING, read_id)
WHEN = (TIME, read_time)
MONEY = (NUMBER, read_money)
COUNTRY = (STRING, read_country)
PERSON = (STRING, closed(codelists.PERSON_TYPES))

# key -> (JSON types, reader): the first two columns of the table, for every family alike.
FIELDS = {
    "type": (STRING, plain), "schema_version": (NUMBER, read_int), "event_id": ID, "source": ID, "event_time": WHEN,
    "ingest_time": WHEN, "payment_id": ID, "payment_intent_id": ID, "order_id": ID, "trip_id": ID, "merchant_id": ID,
    "terminal_id": ID, "seller_id": ID, "operator": ID, "driver_id": ID, "status": (STRING, plain),
    "reason_class": (STRING, closed(codelists.REASON_CLASSES)), "amount_minor": MONEY,
    "fare_minor": MONEY, "currency": (STRING, closed(codelists.CURRENCY_EXPONENTS)), "fx_amount_minor": MONEY,
    "instrument": (STRING, closed(codelists.INSTRUMENTS)), "wallet": (STRING, opened(codelists.WALLETS | {"OTHER"})),
    "scheme": (STRING, opened(codelists.SCHEMES)), "context": (STRING, closed(codelists.CONTEXTS)),
    "ad_platform": (STRING, opened(codelists.AD_PLATFORMS | {"OTHER"}, X="TWITTER")), "payer_id": ID, "payer_type": PERSON,
    "payer_country": COUNTRY, "merchant_country": COUNTRY, "captured_at": WHEN, "same_owner": (BOOL, plain),
    "channel": (STRING, closed(codelists.CHANNELS)), "platform": (STRING, opened(codelists.PLATFORMS, _Z="_Z")),
    "pay_mode": (STRING, closed(codelists.PAY_MODES)), "buyer_type": PERSON, "buyer_id": ID, "seller_country": COUNTRY,
    "buyer_country": COUNTRY, "product_class": (STRING, opened(codelists.CATEGORIES)), "order_created_at": WHEN,
    "shipped_at": WHEN,
    "delivered_at": WHEN, "content_changed_at": WHEN, "test": (BOOL, plain),
}

# What a valid value of a field is, for the quick reader: an id, a number of a range, or a table of codes; the others
# by their reader.
QUICK_FIELDS = {key: ("id", None) if field is ID else ("time", None) if field is WHEN else ("money", None) if field is MONEY
                else ("code", field[1].table) if hasattr(field[1], "table") else ("other", field)
                for key, field in FIELDS.items()}
NOT_LISTED = ("", None)
PYTHON_TYPES = {STRING: str, NUMBER: int, BOOL: bool}

COMMON = ("type", "schema_version", "event_id", "source")
TIMES = ("event_time", "ingest_time")
REQUIRED = {
    "PAYMENT": COMMON + TIMES + ("payment_id", "status", "amount_minor", "currency", "instrument", "context", "payer_id",
    "payer_type"),
    "ORDER": COMMON + TIMES + ("order_id", "seller_id", "amount_minor", "currency", "channel", "platform", "pay_mode",
    "buyer_type"),
    "RIDE": COMMON + TIMES + ("trip_id", "operator", "fare_minor", "currency"),
    "WEBSITE": COMMON + TIMES + ("merchant_id", "content_changed_at"),
    "UNIT": COMMON + ("merchant_id", "status"),
}
OPTIONAL = {
    "PAYMENT": ("payment_intent_id", "order_id", "merchant_id", "terminal_id", "reason_class", "fx_amount_minor", "wallet",
                "scheme", "ad_platform",
                "payer_country", "merchant_country", "captured_at", "same_owner", "test"),
    "ORDER": ("fx_amount_minor", "buyer_id", "seller_country", "buyer_country", "product_class", "order_created_at", "shipped_at",
              "delivered_at", "test"),
    "RIDE": ("driver_id", "fx_amount_minor", "buyer_type", "buyer_id", "test"),
    "WEBSITE": ("test",),
    "UNIT": ("test",),
}
REQUIRED_SETS = {family: frozenset(keys) for family, keys in REQUIRED.items()}
PAYLOAD = {family: tuple(key for key in REQUIRED[family] + OPTIONAL[family] if key != "ingest_time") for family in REQUIRED}


def read_quickly(data):
    """Pairs and fields of a message in which plainly nothing offends. ValueError: to be read carefully."""
    pairs = quick(data)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key comes twice")
    for key, value in pairs:
        form, table = QUICK_FIELDS.get(key, NOT_LISTED)
        if value is None:
            form = ""
        if form == "id":
            good = type(value) is str and 0 < len(value) <= 64 and value.isascii() and value.isprintable()
        elif form == "time":
            good = type(value) is int and 0 <= value < TIME_END_MS
            if not good and type(value) is str:
                fields[key] = value = ms_of_rfc3339(value)
                good = value is not None
        elif form == "money":
            good = type(value) is int and 0 <= value <= INT64_MAX and (value or b"-0" not in data)
        elif form == "code":
            good = type(value) is str and (value in table or (OPEN in table and len(value.encode()) <= 64))
            if good:
                fields[key] = table.get(value, UNLISTED)
        elif form == "other":
            good = type(value) is PYTHON_TYPES[table[0]] and (table[1] is plain or table[1](value) == value)
        else:
            del fields[key]
            continue
        if not good:
            raise ValueError("to be read carefully")
    return pairs, fields


def read_carefully(data):
    """The same for every message; Refusal with the reason of the first offending token. Absent fields are not in `fields`."""
    fields, pairs, seen = {}, [], set()

    def visit_key(key):
        if key in FIELDS and key in seen:
            raise Refusal("duplicate_key", key)
        seen.add(key)

    def visit(key, kind):
        if key in FIELDS and kind != "null" and kind not in FIELDS[key][0]:
            raise Refusal("wrong_type", key)

    def accept(key, value):
        pairs.append((key, value))
        if key in FIELDS and value is not None:
            fields[key] = FIELDS[key][1](value)

    Careful(data, visit_key, visit, accept).message()
    return pairs, fields


class Event:
    __slots__ = ("kind", "family", "fields", "unit", "time", "record_time", "amount", "unconverted", "open_unknown")


def payload_of(event):
    """What was read of an event, `ingest_time` aside: two events with one id conflict when these differ."""
    get = event.fields.get
    values = tuple("OTHER" if get(key) == UNLISTED else get(key) for key in PAYLOAD[event.family])
    return values + (event.unit.content(),) if event.unit else values


def check_whole(fields):
    """The rules that need the whole text, in their order; the family."""
    if fields.get("type") is None:
        raise Refusal("missing_field", "type")
    family = codelists.FAMILY_OF_KIND.get(fields["type"])
    if family is None:
        raise Refusal("unknown_type", "type")
    if fields.get("schema_version") is None:
        raise Refusal("missing_field", "schema_version")
    if fields["schema_version"] != 1:
        raise Refusal("unknown_version", "schema_version")
    if family == "PAYMENT" and fields.get("status") is not None and fields["status"] not in codelists.PAY_STATUSES:
        raise Refusal("unknown_code", "status")
    accountless = family == "PAYMENT" and fields.get("merchant_id") is None and fields.get("terminal_id") is None
    if accountless or not REQUIRED_SETS[family] <= fields.keys():
        order = REQUIRED[family]
        if accountless:  # in the table merchant_id stands behind payment_id
            order = order[:order.index("payment_id") + 1] + ("merchant_id",) + order[order.index("payment_id") + 1:]
        raise Refusal("missing_field", next(key for key in order if fields.get(key) is None))
    if family == "PAYMENT":
        get = fields.get
        if fields["status"] == "DECLINED" and get("reason_class") is None:
            raise Refusal("missing_field", "reason_class")
        if fields["instrument"] == "EWALLET" and get("wallet") is None:
            raise Refusal("missing_field", "wallet")
        if fields["instrument"] == "CARD" and get("scheme") is None:
            raise Refusal("missing_field", "scheme")
    return family


def open_unknowns(family, fields):
    get = fields.get
    if family == "PAYMENT":
        return ((get("wallet") == UNLISTED) + (get("scheme") == UNLISTED)
                + (get("context") == "AD" and get("ad_platform") == UNLISTED))
    if family == "ORDER":
        return (get("channel") == "MARKETPLACE" and get("platform") == UNLISTED) + (get("product_class") == UNLISTED)
    return 0


def bound_check(amount, currency, field, config):
    """The setting amount.max."""
    if currency in config.amount_max and amount > config.amount_max[currency]:
        raise Refusal("implausible_amount", field)


def read_event(data, config):
    """A valid Event. Refusal otherwise."""
    if not data:
        raise Refusal("empty_value")
    if len(data) > MESSAGE_BYTES_MAX:
        raise Refusal("too_large")
    try:
        pairs, fields = read_quickly(data)
    except (ValueError, Refusal, RecursionError):
        pairs, fields = read_carefully(data)
    event = Event()
    event.family = family = check_whole(fields)
    event.kind = fields["type"]
    event.fields = fields
    event.unit = None
    event.open_unknown = open_unknowns(family, fields)
    event.amount = 0
    event.unconverted = False
    if family == "UNIT":
        event.unit = read_unit([pair for pair in pairs if pair[0] in UNIT_KEYS], fields)
        event.time = event.record_time = event.unit.recorded_at
        return event
    event.time = fields["event_time"]
    event.record_time = fields["ingest_time"]
    if family != "WEBSITE":
        written = "fare_minor" if family == "RIDE" else "amount_minor"
        bound_check(fields[written], fields["currency"], written, config)
        if fields["currency"] != config.currency and fields.get("fx_amount_minor") is not None:
            bound_check(fields["fx_amount_minor"], config.currency, "fx_amount_minor", config)
        if fields["currency"] == config.currency:
            event.amount = fields["fare_minor" if family == "RIDE" else "amount_minor"]
        elif fields.get("fx_amount_minor") is not None:
            event.amount = fields["fx_amount_minor"]
        else:
            event.unconverted = True
    return event
