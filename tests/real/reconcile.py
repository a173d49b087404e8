#!/usr/bin/env python3
"""Published days against truth that was made from the original invoice lines, to the last penny.

usage: reconcile.py DATA SNAPSHOTS DEAD [STATE]

DATA: the Online Retail directory (invoices.ndjson.gz, invoices_per_day.csv, summary.json). SNAPSHOTS: directory of
vintages whose obs.csv hold the days (--daily). DEAD: dead letters, NDJSON. STATE: what `nhip inspect --state` printed; with
it the number and value of refunds are counted in the ledger too.

For each day: ORD_N = sales - refused sales; GMV_GROSS + GMV_NET (which is minus the refunds, as nothing is delivered here)
+ adjustments + refused amounts = net. Nothing is rounded: amounts are thousandths of a pound, as integers.
"""
import csv
import json
import pathlib
import re
import sys
from decimal import Decimal

from online_retail import minor_units, read_invoices

problems = []


def expect(condition, message):
    if not condition:
        problems.append(message)


def milli(text):
    value = Decimal(text) * 1000
    assert value == value.to_integral_value(), text
    return int(value)


def read_table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_observations(folder):
    """(indicator, freq, period) -> value of the latest release, whole area, all platforms."""
    found = {}
    paths = sorted(pathlib.Path(folder).rglob("obs.csv"))
    expect(paths, f"{folder}: no obs.csv")
    for path in paths:
        for row in read_table(path):
            total = row["PLATFORM"] == "_T" and row["UNIT_TYPE"] == "_T" and not re.search(r"_(D\d+|U)$", row["REF_AREA"])
            if total and row["INDICATOR"] in ("ORD_N", "GMV_GROSS", "GMV_NET", "BUYERS_ACT_N"):
                key = (row["INDICATOR"], row["FREQ"], row["TIME_PERIOD"])
                release = int(row["RELEASE"])
                if key not in found or found[key][0] < release:
                    found[key] = (release, row["OBS_VALUE"])
    return {key: value for key, (_, value) in found.items()}


def read_dead(path):
    """order_id -> dead letter; each must be a refused amount."""
    letters = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            letter = json.loads(line)
            expect((letter["reason"], letter["field"]) == ("bad_amount", "amount_minor"), f"dead letter: {line.strip()[:200]}")
            letters[json.loads(letter["value"])["order_id"]] = letter
    return letters


def read_ledger(path):
    """(day, outcome name) -> [n, sum] of all ledger cells of a state dump."""
    top = pathlib.Path(__file__).resolve().parent.parent.parent
    outcomes = {int(row["number"]): row["code"] for row in read_table(top / "schemas/codes/outcomes.csv")}
    digits = {c: i for i, c in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")}
    ledger = {}
    with open(path, encoding="ascii") as file:
        for line in file:
            match = re.match(r"\S+?:d:\{[^}]*\}:(-?\d+):\d+ ([\w-]{8})\S* (\d+),(\d+)", line)
            if match:
                facet = 0
                for c in match[2]:
                    facet = facet << 6 | digits[c]
                cell = ledger.setdefault((int(match[1]), outcomes.get(facet >> 4 & 31, "?")), [0, 0])
                cell[0] += int(match[3])
                cell[1] += int(match[4])
    expect(ledger, f"{path}: no ledger cells")
    return ledger


def day_number(date):
    from datetime import date as calendar
    return (calendar.fromisoformat(date) - calendar(1970, 1, 1)).days


def classify(data):
    """What cannot be an event or must be refused, by day; and the customers of each month's accepted sales."""
    refused, adjusted, customers = {}, {}, {}
    for invoice in read_invoices(data):
        day = invoice["occurred_at"][:10]
        if invoice["kind"] == "adjustment":
            adjusted.setdefault(day, []).append(invoice["amount_milli"])
        elif "." in minor_units(invoice["amount"]):
            refused.setdefault(day, {})[invoice["invoice_no"]] = invoice["amount_milli"]
        elif invoice["kind"] == "sale" and invoice["customer_id"] is not None:
            customers.setdefault(day[:7], set()).add(invoice["customer_id"])
    return refused, adjusted, customers


def reconcile_day(row, observed, refused, adjusted):
    day = row["d"]
    values = {code: observed.get((code, "D", day), "") for code in ("ORD_N", "GMV_GROSS", "GMV_NET")}
    if "" in values.values():
        problems.append(f"{day}: not published: {values}")
        return 0
    lost = refused.get(day, {})
    orders = int(row["sales"]) - len(lost)
    expect(int(values["ORD_N"]) == orders, f"{day}: ORD_N {values['ORD_N']}, truth {orders}")
    published = milli(values["GMV_GROSS"]) + milli(values["GMV_NET"])
    net = published + sum(adjusted.get(day, [])) + sum(lost.values())
    expect(net == int(row["net_milli"]), f"{day}: net {net}, truth {row['net_milli']} thousandths")
    expect(len(adjusted.get(day, [])) == int(row["adjustments"]), f"{day}: {len(adjusted.get(day, []))} adjustments")
    return net


def reconcile_ledger(row, ledger, observed):
    day = row["d"]
    refunds = ledger.get((day_number(day), "REFUNDED"), [0, 0])
    expect(refunds[0] == int(row["cancellations"]), f"{day}: {refunds[0]} refunds in the ledger, truth {row['cancellations']}")
    published = -milli(observed.get(("GMV_NET", "D", day)) or "0")
    expect(refunds[1] * 10 == published, f"{day}: refunds of {refunds[1]} pence in the ledger, published {published} thousandths")


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    data = pathlib.Path(sys.argv[1])
    observed = read_observations(sys.argv[2])
    letters = read_dead(sys.argv[3])
    refused, adjusted, customers = classify(data)
    summary = json.loads((data / "summary.json").read_text())
    days = read_table(data / "invoices_per_day.csv")
    expect(set(letters) == {number for lost in refused.values() for number in lost}, f"dead letters: {sorted(letters)}")
    expect(len(letters) == int(summary["sub_penny"]), f"{len(letters)} dead letters, truth {summary['sub_penny']}")
    total = sum(reconcile_day(row, observed, refused, adjusted) for row in days)
    expect(total == milli(summary["net"]), f"net of all days {total}, truth {summary['net']}")
    known = {row["d"] for row in days}
    for (code, freq, period), value in observed.items():
        if freq == "D" and period not in known and code in ("ORD_N", "GMV_GROSS", "GMV_NET"):
            expect(Decimal(value or 0) == 0, f"{period}: {code} {value} on a day without invoices")
    if len(sys.argv) == 5:
        ledger = read_ledger(sys.argv[4])
        for row in days:
            reconcile_ledger(row, ledger, observed)
    for month, ids in sorted(customers.items()):  # an HLL of a thousand ids is exact to about a percent
        value = observed.get(("BUYERS_ACT_N", "M", month), "")
        near = value != "" and abs(int(value) - len(ids)) <= len(ids) * 0.025
        expect(near, f"{month}: BUYERS_ACT_N {value}, customers {len(ids)}")
    for problem in problems[:40]:
        print("reconcile:", problem)
    print(f"reconcile: {len(days)} days, net {Decimal(total) / 1000} GBP, {len(letters)} refused, {len(problems)} differences")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
