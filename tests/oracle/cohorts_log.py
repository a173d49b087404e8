#!/usr/bin/env python3
"""cohorts_log.py DIR [SEED [UNITS]]: a register that grows for two years, and what its units were paid.

What `nhip generate` has not: units registered in every month of 2020 and 2021, in numbers from a few to many, some by one
group, that close and come back, whose registration was a mistake, that take over an account, that adopt after they closed;
accounts whose id is the unit's and others. Writes registry-0.ndjson, events-0.ndjson and, of events that come late,
late-0.ndjson.
"""
import json
import pathlib
import random
import sys

from civil import day_of_text, text_of_day

HOUR_MS = 3_600_000
FIRST, LAST = day_of_text("2020-01-15"), day_of_text("2021-12-31")


class Log:
    def __init__(self, chance):
        self.chance = chance
        self.records = {"registry": [], "events": [], "late": []}

    def moment(self, day):
        """Noon, or so, in Hanoi."""
        return day * 24 * HOUR_MS + self.chance.randrange(1, 12) * HOUR_MS + self.chance.randrange(HOUR_MS)

    def version(self, unit, day, status="ACTIVE", end=None, accounts=(), group=None, parent=None):
        record = {"type": "unit.registered", "schema_version": 1, "event_id": "r%d" % len(self.records["registry"]),
                  "source": "REGISTRY", "merchant_id": unit, "recorded_at": self.moment(max(day, FIRST)),
                  "valid_from": text_of_day(day), "status": status, "legal_form": "ENTERPRISE", "unit_type": "GENERIC",
                  "vsic": "47711", "vsic_version": "2018", "district": "380", "accounts": list(accounts)}
        for name, value in (("valid_to", end), ("enterprise_group_id", group), ("parent_enterprise_id", parent)):
            if value is not None:
                record[name] = text_of_day(value) if name == "valid_to" else value
        self.records["registry"].append(record)

    def paid(self, account, day, late=False, instrument=None):
        moment = self.moment(day)
        number = sum(map(len, self.records.values()))
        event = {"type": "payment.status", "schema_version": 1, "event_id": "e%d" % number, "source": "PSP1",
                 "event_time": moment, "ingest_time": moment, "payment_id": "p%d" % number, "merchant_id": account,
                 "payer_id": "b%d" % self.chance.randrange(500), "payer_type": "HOUSEHOLD", "context": "POS",
                 "instrument": instrument or self.chance.choice(["CARD", "CARD", "CARD", "CASH"]), "status": "CAPTURED",
                 "amount_minor": 1000 + self.chance.randrange(9000), "currency": "VND"}
        if event["instrument"] == "CARD":
            event["scheme"] = "VISA"
        if late:
            event["ingest_time"] = self.moment(LAST + 40)
        self.records["late" if late else "events"].append(event)


def make_unit(log, number, registered, size):
    chance = log.chance
    unit = "U%05d" % number
    group = "G%d" % chance.randrange(3) if chance.random() < 0.2 else None
    parent = "U%05d" % chance.randrange(number) if number and chance.random() < 0.1 else None
    own = chance.random() < 0.7
    account = unit if own else "acc-%d" % number
    accounts = [] if own else [{"source": "PSP1", "account_id": account}]
    same = {"accounts": accounts, "group": group, "parent": parent}
    log.version(unit, registered, **same)
    if chance.random() < 0.03:  # it was never registered
        log.version(unit, registered, end=registered + 1, **same)
    if chance.random() < 0.25:
        closes = registered + chance.randrange(1, 500)
        log.version(unit, closes, status=chance.choice(["CLOSED", "SUSPENDED"]), **same)
        if chance.random() < 0.4:
            log.version(unit, closes + chance.randrange(5, 90), **same)
    eager = chance.random() < 0.6
    if eager:
        day = max(registered, FIRST) + int(chance.expovariate(1 / (60 + 2 * size)))
        while day < LAST and chance.random() < 0.8:
            log.paid(account, day, late=chance.random() < 0.02)
            day += chance.randrange(1, 60)


def main(place, seed=1, units=900):
    chance = random.Random(int(seed))
    log = Log(chance)
    log.paid("U00000", FIRST, instrument="CARD")
    number = 0
    while number < int(units):
        old = number < int(units) // 3
        begin = day_of_text("2018-01-01") if old else day_of_text("2020-01-01") + chance.randrange(710)
        size = chance.choice([1, 2, 4, 8, 16, 30, 45])
        for _ in range(60 if old else size):
            spread = 700 if old else 20
            make_unit(log, number, begin + chance.randrange(spread), size)
            number += 1
    log.paid("U00000", FIRST - 26, late=True, instrument="CARD")  # of an older month than all before
    taken = {"source": "PSP1", "account_id": "U00003", "valid_from": "2021-03-10"}
    log.version("TAKES", day_of_text("2021-02-03"), accounts=[taken])
    log.paid("U00003", day_of_text("2021-04-01"))
    out = pathlib.Path(place)
    out.mkdir(parents=True, exist_ok=True)
    for topic, records in log.records.items():
        records.sort(key=lambda record: record.get("ingest_time", record.get("recorded_at")))
        lines = [json.dumps(record, separators=(",", ":")) + "\n" for record in records]
        (out / (topic + "-0.ndjson")).write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
