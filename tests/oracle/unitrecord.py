"""One `unit.registered` record (schemas/README.md §3). Every breach is `bad_registry`.

Reading taken: a key of §3 that comes twice in a unit.registered message is a breach; keys outside the page may come twice.
"""
import re

import codelists
from civil import TIME_END_MS, day_of_text, ms_of_rfc3339
from jsontext import Number, Pairs, Refusal

VSIC = re.compile(r"[A-U]?([0-9]{2,5})")


def bad(field):
    return Refusal("bad_registry", field)


def expect(condition, field):
    if not condition:
        raise bad(field)


def is_text(value):
    return type(value) is str and len(value.encode("utf-8")) <= 256


def is_id(value):
    return type(value) is str and 1 <= len(value) <= 64 and value.isascii() and value.isprintable()


def read_recorded_at(value, field):
    if type(value) is str:
        value = ms_of_rfc3339(value)
    elif type(value) is Number:
        value = value.integer
    expect(type(value) is int and 0 <= value < TIME_END_MS, field)
    return value


def read_date(value, field):
    day = day_of_text(value) if type(value) is str else None
    expect(day is not None, field)
    return day


def read_date_or_empty(value, field):
    return "" if value == "" else read_date(value, field)


def read_yn(value, field):
    expect(value in ("Y", "N", ""), field)
    return value


def one_of(codes):
    def read(value, field):
        expect(type(value) is str and value in codes, field)
        return value
    return read


def read_vsic(value, field):
    match = VSIC.fullmatch(value) if type(value) is str else None
    expect(match, field)
    return match.group(1)


def read_vsic_version(value, field):
    expect(value == "2018" or (type(value) is int and value == 2018), field)
    return "2018"


def read_district(value, field):
    text = str(value) if type(value) is int else value
    expect(type(text) is str and text in codelists.DISTRICTS, field)
    return text


def read_id(value, field):
    expect(is_id(value), field)
    return value


def read_employees(value, field):
    if type(value) is Number:
        value = value.integer
    expect(value == "" or (type(value) is int and 0 <= value < 2 ** 63), field)
    return value


def read_text(value, field):
    expect(is_text(value), field)
    return value


def read_list(value, field):
    if type(value) is str:
        value = value.split(";") if value else []
    expect(type(value) is list and all(map(is_text, value)), field)
    return tuple(value)


def list_of(codes):
    def read(value, field):
        items = read_list(value, field)
        expect(all(item in codes for item in items), field)
        return items
    return read


def read_mgmt_software(value, field):
    if value in ("Y", "N", ""):
        return value
    return list_of(codelists.MGMT_SOFTWARE)(value, field)


def read_accounts(value, field):
    expect(type(value) is list, field)
    links = []
    for item in value:
        expect(type(item) is Pairs, field)
        listed = [pair for pair in item if pair[0] in ("source", "account_id", "valid_from", "valid_to")]
        link = dict(listed)
        expect(len(link) == len(listed), field)
        expect(is_id(link.get("source")) and is_id(link.get("account_id")), field)
        days = [None if link.get(key) is None else read_date(link[key], field) for key in ("valid_from", "valid_to")]
        links.append((link["source"], link["account_id"], days[0], days[1]))
    return tuple(links)


REQUIRED = {
    "recorded_at": read_recorded_at, "valid_from": read_date, "legal_form": one_of(codelists.LEGAL_FORMS),
    "unit_type": one_of(codelists.UNIT_TYPES), "vsic": read_vsic, "vsic_version": read_vsic_version, "district": read_district,
}
OPTIONAL = {
    "valid_to": read_date, "parent_enterprise_id": read_id, "enterprise_group_id": read_id, "employees": read_employees,
    "has_email": read_yn, "accepts_epay": read_yn, "bills_households": read_yn, "has_email_asof": read_date_or_empty,
    "mgmt_software": read_mgmt_software, "website_url": read_text, "website_updated_at": read_date_or_empty,
    "mktpl_accounts": read_list, "echannels": list_of(codelists.CHANNELS), "accounts": read_accounts,
}
UNIT_KEYS = frozenset(REQUIRED) | frozenset(OPTIONAL)


class UnitRecord:
    """A version of a unit. `columns` holds what the record *has*: a key that is absent there is a column the source
    does not have."""

    def __init__(self, unit, status, columns):
        self.unit = unit
        self.status = status
        self.columns = columns
        self.recorded_at = columns["recorded_at"]
        self.valid_from = columns["valid_from"]
        self.valid_to = columns.get("valid_to")
        self.district = columns["district"]
        self.unit_type = columns["unit_type"]
        self.accounts = columns.get("accounts", ())
        self.place = None  # (topic, partition, offset), given by the partition

    def content(self):
        return self.status, tuple(sorted(self.columns.items()))


def read_unit(pairs, fields):
    """The record in the listed pairs of a message whose common fields are in order. Refusal `bad_registry` otherwise."""
    listed = {}
    for key, value in pairs:
        expect(key not in listed, key)
        listed[key] = value
    columns = {}
    for key, read in REQUIRED.items():
        expect(listed.get(key) is not None, key)
        columns[key] = read(listed[key], key)
    expect(fields["status"] in codelists.UNIT_STATUSES, "status")
    for key, read in OPTIONAL.items():
        if listed.get(key) is not None:
            columns[key] = read(listed[key], key)
    return UnitRecord(fields["merchant_id"], fields["status"], columns)
